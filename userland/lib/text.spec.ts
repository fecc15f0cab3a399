import { clockTime, dateTime, humanBytes, parseNumber, parseOctalNumber } from "./number";
import { absolutePath, baseName, joinPath, parentPath } from "./path";

describe("paths", () => {
  it("are made absolute", () => {
    expect(absolutePath("b/../c//./d", "/a")).toBe("/a/c/d");
    expect(absolutePath("/x/", "/a")).toBe("/x");
    expect(absolutePath("../../..", "/a")).toBe("/");
    expect(absolutePath(".", "/")).toBe("/");
  });

  it("are taken apart and put together", () => {
    expect(baseName("/a/b/")).toBe("b");
    expect(baseName("/")).toBe("/");
    expect(baseName("a")).toBe("a");
    expect(parentPath("/a/b/")).toBe("/a");
    expect(parentPath("/a")).toBe("/");
    expect(parentPath("a")).toBe(".");
    expect(parentPath("/")).toBe("/");
    expect(joinPath("/", "a")).toBe("/a");
    expect(joinPath("a", "b")).toBe("a/b");
  });
});

describe("numbers", () => {
  it("are parsed whole or not at all", () => {
    expect(parseNumber("120")).toBe(120);
    expect(parseNumber("")).toBe(-1);
    expect(parseNumber("12x")).toBe(-1);
    expect(parseNumber("-1")).toBe(-1);
    expect(parseNumber("9999999999999999999")).toBe(-1);
    expect(parseOctalNumber("755")).toBe(0o755);
    expect(parseOctalNumber("8")).toBe(-1);
  });

  it("are shown for people", () => {
    expect(humanBytes(0)).toBe("0 B");
    expect(humanBytes(1023)).toBe("1023 B");
    expect(humanBytes(1536)).toBe("1.5 KiB");
    expect(humanBytes(1 << 20)).toBe("1.0 MiB");
    expect(humanBytes(0xffffffff)).toBe("3.9 GiB");
    expect(clockTime(61_500_000_000)).toBe("01:01.50");
    expect(clockTime(3_600_000_000_000)).toBe("1:00:00.00");
  });

  it("give dates", () => {
    expect(dateTime(0)).toBe("1970-01-01 00:00:00");
    expect(dateTime(951782400_000_000_000)).toBe("2000-02-29 00:00:00");
    expect(dateTime(1700000000_999_999_999)).toBe("2023-11-14 22:13:20");
    expect(dateTime(4102444799_000_000_000)).toBe("2099-12-31 23:59:59");
  });
});
