import { MARK_ANY, MARK_ONE } from "./language/lexer";
import { matches, plain } from "./wildcard";

/** Writes * and ? of a pattern as marks. */
function pattern(text: string): string {
  return text.replaceAll("*", String.fromCharCode(MARK_ANY)).replaceAll("?", String.fromCharCode(MARK_ONE));
}

function isMatch(name: string, wanted: string): bool {
  return matches(name, 0, pattern(wanted), 0);
}

describe("wildcards", () => {
  it("match any run and any character", () => {
    expect(isMatch("busybox.tar", "*.tar")).toBe(true);
    expect(isMatch("busybox.tar", "b*y*r")).toBe(true);
    expect(isMatch("busybox.tar", "*")).toBe(true);
    expect(isMatch("c1", "c?")).toBe(true);
    expect(isMatch("\xc3\xa9", "?")).toBe(true);
    expect(isMatch("", "*")).toBe(true);
  });

  it("match the whole name or not at all", () => {
    expect(isMatch("busybox.tar.gz", "*.tar")).toBe(false);
    expect(isMatch("c", "c?")).toBe(false);
    expect(isMatch("c12", "c?")).toBe(false);
    expect(isMatch("*", "\\")).toBe(false);
    expect(isMatch("abc", "a*d")).toBe(false);
  });

  it("take no exponential time", () => {
    expect(isMatch("a".repeat(200), "a*a*a*a*a*a*a*a*a*a*b")).toBe(false);
  });

  it("are shown as typed", () => {
    expect(plain(pattern("a*b?"))).toBe("a*b?");
  });
});
