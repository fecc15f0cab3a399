import { JsonParser } from "./parse";
import { JsonKind, JsonValue } from "./value";
import { jsonText, jsonTexts } from "./write";

function parse(text: string): JsonValue {
  const parser = new JsonParser(text);
  const value = parser.parse();
  expect(parser.error).toBe("", text);
  return value === null ? new JsonValue(JsonKind.Null) : value;
}

function errorOf(text: string): string {
  const parser = new JsonParser(text);
  expect(parser.parse()).toBeNull(text);
  return parser.error;
}

describe("a JSON document", () => {
  it("gives its members", () => {
    const value = parse(
      '  {"a": [1, "x", null, true, "y"], "n" : 18014398509481985, "o": {"k":"v"}, "t":"\\u00e9\\ud83d\\ude00\\n\\/" }\n',
    );
    expect(value.numberOf("n")).toBe(18014398509481985);
    expect(value.textsOf("a").join(",")).toBe("x,y");
    expect(value.listOf("a").length).toBe(5);
    expect(value.objectOf("o")!.textOf("k")).toBe("v");
    expect(value.textOf("t")).toBe("\u00c3\u00a9\u00f0\u009f\u0098\u0080\n/");
    expect(value.textOf("n")).toBe("");
    expect(value.numberOf("t")).toBe(-1);
    expect(value.numberOf("none")).toBe(-1);
    expect(value.objectOf("a")).toBeNull();
  });

  it("may have numbers of every form, of which only whole ones are numbers for us", () => {
    expect(parse('{"n":-0.5e+10}').numberOf("n")).toBe(-1);
    expect(parse('{"n":0}').numberOf("n")).toBe(0);
    expect(parse('{"n":9223372036854775807}').numberOf("n")).toBe(i64.MAX_VALUE);
    expect(parse('{"n":9223372036854775808}').numberOf("n")).toBe(-1);
    expect(parse("[1E5]").items.length).toBe(1);
  });

  it("is refused when it breaks the grammar", () => {
    // prettier-ignore
    const broken = ["", " ", "{", "[", "[1,]", "{,}", '{"a"}', '{"a":}', '{"a":1,}', "[1 2]", "01", "1.", ".5", "1e", "-", "+1", "tru", "nul", "[1]]",
      '"', '"\\x"', '"\\u12"', '"\\ud800"', '"\\ud800\\u0041"', '"\\udc00"', '"\n"', "'a'", "{a:1}", "\u00ef\u00bb\u00bf1", "NaN", '"\\',
      '"\u0080"', '"\u00c0\u0080"', '"\u00e0\u0080\u0080"', '"\u00ed\u00a0\u0080"', '"\u00f4\u0090\u0080\u0080"', '"\u00c3"', "[1}", '{"a":1]'];
    for (let i = 0; i < broken.length; i++) expect(errorOf(broken[i])).not.toBe("", broken[i]);
  });

  it("is refused when a name is there twice, or when it is too deep", () => {
    expect(errorOf('{"manifests":1,"layers":2,"manifests":3}')).toBe("JSON: a name that was there before at byte 37");
    expect(errorOf("[".repeat(65) + "]".repeat(65))).toBe("JSON: nested too deep at byte 64");
    expect(parse("[".repeat(64) + "]".repeat(64)).items.length).toBe(1);
    expect(errorOf("[".repeat(100_000))).toBe("JSON: nested too deep at byte 64");
  });

  it("is written as it is read", () => {
    const text = 'a"b\\c\n\u0001\u00c3\u00a9';
    expect(jsonText(text)).toBe('"a\\"b\\\\c\\u000a\\u0001\u00c3\u00a9"');
    expect(parse(jsonText(text)).text).toBe(text);
    expect(jsonTexts(["a", "b"])).toBe('["a","b"]');
  });
});
