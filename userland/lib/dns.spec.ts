import { isName, NO_SUCH_NAME, NOT_THE_ANSWER, parseAnswer, SERVER_FAILED, writeQuestion } from "./dns";
import { formatAddress, formatAnyAddress, formatHardware, parseAddress } from "./address";

const buffer = memory.data(512, 8);

function put(bytes: u8[]): i32 {
  for (let i = 0; i < bytes.length; i++) store<u8>(buffer + i, bytes[i]);
  return bytes.length;
}

/** Header and question for "a.b", with these flags and so many answers, and then `records`. */
function answer(flags: u8, answers: u8, records: u8[]): i32 {
  const head: u8[] = [0x12, 0x34, 0x81, flags, 0, 1, 0, answers, 0, 0, 0, 0, 1, 0x61, 1, 0x62, 0, 0, 1, 0, 1];
  return put(head.concat(records));
}

const alias: u8[] = [0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 9, 0, 4, 1, 0x63, 0xc0, 14];
const address: u8[] = [0xc0, 33, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 192, 0, 2, 7];

describe("DNS", () => {
  it("asks for an address", () => {
    expect(writeQuestion(buffer, 0x1234, "a.bc")).toBe(22);
    expect(load<u64>(buffer)).toBe(0x0100_0001_3412);
    expect(load<u64>(buffer, 12)).toBe(0x0100_0063_6202_6101);
    expect(load<u16>(buffer, 20)).toBe(0x0100);
  });

  it("knows what may be a name", () => {
    expect(isName("a.b-c")).toBe(true);
    expect(isName("")).toBe(false);
    expect(isName("a..b")).toBe(false);
    expect(isName("a.")).toBe(false);
    expect(isName("x".repeat(64))).toBe(false);
  });

  it("finds the address behind an alias", () => {
    const n = answer(0x80, 2, alias.concat(address));
    expect(parseAnswer(buffer, n, 0x1234)).toBe(0x0702_00c0);
  });

  it("tells what is no answer", () => {
    const n = answer(0x80, 1, address);
    expect(parseAnswer(buffer, n, 0x1235)).toBe(NOT_THE_ANSWER, "another question's");
    for (let short = 0; short < n; short++) expect(parseAnswer(buffer, short, 0x1234)).toBe(NOT_THE_ANSWER, "cut off");
    expect(parseAnswer(buffer, answer(0x80, 1, alias), 0x1234)).toBe(NO_SUCH_NAME, "an alias only");
    expect(parseAnswer(buffer, answer(0x83, 0, []), 0x1234)).toBe(NO_SUCH_NAME, "NXDOMAIN");
    expect(parseAnswer(buffer, answer(0x82, 0, []), 0x1234)).toBe(SERVER_FAILED, "SERVFAIL");
    store<u8>(buffer, 1, 2);
    expect(parseAnswer(buffer, n, 0x1234)).toBe(NOT_THE_ANSWER, "a question");
  });
});

describe("addresses", () => {
  it("are read and written", () => {
    expect(parseAddress("10.0.2.15")).toBe(0x0f02_000a);
    expect(parseAddress("255.255.255.255")).toBe(0xffff_ffff);
    const bad: string[] = ["", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1..2.3", "a.b.c.d", "1.2.3.0004"];
    for (let i = 0; i < bad.length; i++) expect(parseAddress(bad[i])).toBe(-1, bad[i]);
    expect(formatAddress(0x0f02_000a)).toBe("10.0.2.15");
    expect(formatHardware(0x5634_1200_5452)).toBe("52:54:00:12:34:56");
  });

  it("of both families are written", () => {
    expect(formatAnyAddress(0, 0x0100_007f_ffff_0000)).toBe("127.0.0.1");
    expect(formatAnyAddress(0, 0)).toBe("::");
    expect(formatAnyAddress(0, 0x0100_0000_0000_0000)).toBe("::1");
    expect(formatAnyAddress(0x0000_0000_0000_80fe, 0x0100_0000_0000_0000)).toBe("fe80::1");
    expect(formatAnyAddress(0x0400_0300_0200_0100, 0x0800_0700_0600_0500)).toBe("1:2:3:4:5:6:7:8");
  });
});
