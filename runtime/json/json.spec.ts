import { Text, put, textFree, textNew } from "../../kernel/lib/text";
import { frameFailAfter, framesFree } from "../../kernel/mm/frame";
import { heapBytesUsed, heapObjectsUsed, kernelAlloc, kernelFree } from "../../kernel/mm/heap";
import { useTestMemory } from "../../kernel/mm/testing";
import { bytesLength, bytesOf, failure, failureText, giveSpare, stringOf, takeSpare } from "../testing";
import { failureClear } from "../failure";
import { jsonAt, jsonGet, jsonI64, jsonIsI64, jsonIsU64, jsonStringIs, jsonU64 } from "./access";
import { JsonFlag, JsonKind, JsonNode, jsonEnd, jsonFirst, jsonFree, jsonNext } from "./node";
import { JSON_DEPTH_LIMIT, JSON_SIZE_LIMIT, jsonParse } from "./parse";
import { failPutPath } from "./path";
import { jsonStringCopy, jsonStringDuplicate } from "./string";
import { putJsonString } from "./write";

useTestMemory(2048);

function parse(s: string): JsonNode | null {
  failureClear(failure);
  const p = bytesOf(s);
  return jsonParse(p, bytesLength, "t", failure);
}

function parsed(s: string): JsonNode {
  const root = parse(s);
  assert(root != null, s + " -> " + failureText());
  return root!;
}

/** The failure of a text that must be refused, leaving no object behind. */
function refused(s: string): string {
  const before = heapObjectsUsed();
  const root = parse(s);
  if (root) {
    jsonFree(root);
    return "accepted";
  }
  assert(heapObjectsUsed() == before, "a refused text leaves objects behind");
  return failureText();
}

/** The same for a text with arbitrary bytes, given as characters up to U+00FF. */
function refusedBytes(s: string): string {
  const p = bytesOf("");
  for (let i = 0; i < s.length; i++) store<u8>(p + i, <u8>s.charCodeAt(i));
  failureClear(failure);
  const root = jsonParse(p, s.length, "t", failure);
  if (root) {
    jsonFree(root);
    return "accepted";
  }
  return failureText();
}

function copyOf(node: JsonNode): string {
  const p = kernelAlloc(node.length + 1);
  const s = stringOf(p, jsonStringCopy(node, p));
  kernelFree(p);
  return s;
}

function at(container: JsonNode, i: u32): JsonNode {
  return jsonAt(container, i)!;
}

function pathOf(root: JsonNode, node: JsonNode): string {
  failureClear(failure);
  failPutPath(failure, root, node);
  return failureText();
}

/** Writes the tree back as text, to compare whole documents. */
function render(node: JsonNode): string {
  switch (node.kind) {
    case JsonKind.Null:
      return "null";
    case JsonKind.False:
      return "false";
    case JsonKind.True:
      return "true";
    case JsonKind.Integer:
    case JsonKind.Float:
      return stringOf(node.start, node.length);
    case JsonKind.String:
      return '"' + stringOf(node.start, node.length) + '"';
  }
  let s = node.kind == JsonKind.Array ? "[" : "{";
  const end = jsonEnd(node);
  let n: u32 = 0;
  for (let child = jsonFirst(node); changetype<usize>(child) < end; child = jsonNext(child)) {
    if (n++ != 0) s += ",";
    if (node.kind == JsonKind.Object) s += '"' + stringOf(child.key, child.keyLength) + '":';
    s += render(child);
  }
  assert(n == node.length, "length is the number of children");
  return s + (node.kind == JsonKind.Array ? "]" : "}");
}

function roundTrip(s: string): string {
  const root = parsed(s);
  const out = render(root);
  jsonFree(root);
  return out;
}

describe("jsonParse", () => {
  it("reads every kind of value", () => {
    expect(roundTrip("null")).toBe("null");
    expect(roundTrip(" \t\r\n true ")).toBe("true");
    expect(roundTrip("false")).toBe("false");
    expect(roundTrip('""')).toBe('""');
    expect(roundTrip("0")).toBe("0");
    expect(roundTrip("[]")).toBe("[]");
    expect(roundTrip("{ }")).toBe("{}");
    expect(roundTrip('{"a":1,"b":[true,false,null,-0.5e+10,[],{}],"c":{"d":{"e":"f"}},"":[[[]]]}')).toBe(
      '{"a":1,"b":[true,false,null,-0.5e+10,[],{}],"c":{"d":{"e":"f"}},"":[[[]]]}',
    );
    expect(roundTrip('\n{\n  "a" : [ 1 , 2 ] ,\n  "b" : { }\n}\n')).toBe('{"a":[1,2],"b":{}}');
  });

  it("takes strings of every length and alignment", () => {
    let s = "";
    for (let i = 0; i < 40; i++) {
      expect(roundTrip('["' + s + '","' + s + '\\n","é' + s + '"]')).toBe('["' + s + '","' + s + '\\n","é' + s + '"]');
      s += "x";
    }
  });

  it("grows its array for texts of many values and small ones", () => {
    let s = "[0";
    for (let i = 0; i < 3000; i++) s += ",0";
    s += "]";
    expect(roundTrip(s)).toBe(s);
  });

  it("says where and what is wrong", () => {
    expect(refused("")).toBe("22: t:1:1: expected a value, found the end");
    expect(refused(" \n ")).toBe("22: t:1:1: expected a value, found the end");
    expect(refused('{\n  "a": 1\n  "b": 2\n}')).toBe("22: t:3:3: expected ',' or '}'");
    expect(refused('["é" 1]')).toBe("22: t:1:6: expected ',' or ']'");
    expect(refused("{")).toBe("22: t:1:2: expected a name in quotes or '}'");
    expect(refused("{,}")).toBe("22: t:1:2: expected a name in quotes or '}'");
    expect(refused("[")).toBe("22: t:1:2: expected a value, found the end");
    expect(refused("[1")).toBe("22: t:1:3: expected ',' or ']'");
    expect(refused("[1,]")).toBe("22: t:1:4: expected a value");
    expect(refused('{"a":1,}')).toBe("22: t:1:8: expected a name in quotes");
    expect(refused('{"a" 1}')).toBe("22: t:1:6: expected ':'");
    expect(refused('{"a"')).toBe("22: t:1:5: expected ':'");
    expect(refused('{"a":')).toBe("22: t:1:6: expected a value, found the end");
    expect(refused('{"a":}')).toBe("22: t:1:6: expected a value");
    expect(refused("{a:1}")).toBe("22: t:1:2: expected a name in quotes or '}'");
    expect(refused("[}")).toBe("22: t:1:2: expected a value");
    expect(refused("[1}")).toBe("22: t:1:3: expected ',' or ']'");
    expect(refused('{"a":1]')).toBe("22: t:1:7: expected ',' or '}'");
    expect(refused("]")).toBe("22: t:1:1: expected a value");
    expect(refused("{} {}")).toBe("22: t:1:4: there is text behind the document");
    expect(refused("1]")).toBe("22: t:1:2: there is text behind the document");
    expect(refused("{}\0")).toBe("22: t:1:3: there is text behind the document");
    expect(refused("'a'")).toBe("22: t:1:1: expected a value");
    expect(refused("[1] // no")).toBe("22: t:1:5: there is text behind the document");
    expect(refused("\u{feff}{}")).toBe("22: t:1:1: a byte order mark is not allowed");
    expect(refused("[\u{feff}]")).toBe("22: t:1:2: expected a value");
    expect(refused("[\v]")).toBe("22: t:1:2: expected a value");
    for (let i = 0; i < 3; i++) {
      const word = i == 0 ? "true" : i == 1 ? "false" : "null";
      for (let n = 1; n < word.length; n++) expect(refused("[" + word.substring(0, n) + "]")).toBe("22: t:1:2: expected a value");
      expect(refused(word.substring(0, word.length - 1))).toBe("22: t:1:1: expected a value");
    }
    expect(refused("True")).toBe("22: t:1:1: expected a value");
    expect(refused("NaN")).toBe("22: t:1:1: expected a value");
    expect(refused("truefalse")).toBe("22: t:1:5: there is text behind the document");
  });

  it("refuses malformed numbers", () => {
    expect(refused("-")).toBe("22: t:1:2: expected a digit");
    expect(refused("+1")).toBe("22: t:1:1: expected a value");
    expect(refused("[-a]")).toBe("22: t:1:3: expected a digit");
    expect(refused("01")).toBe("22: t:1:1: a number has a leading zero");
    expect(refused("-012")).toBe("22: t:1:2: a number has a leading zero");
    expect(refused("1.")).toBe("22: t:1:3: expected a digit behind the point");
    expect(refused(".5")).toBe("22: t:1:1: expected a value");
    expect(refused("1e")).toBe("22: t:1:3: expected a digit of the exponent");
    expect(refused("1e+")).toBe("22: t:1:4: expected a digit of the exponent");
    expect(refused("1.e5")).toBe("22: t:1:3: expected a digit behind the point");
    expect(refused("0x10")).toBe("22: t:1:2: there is text behind the document");
    expect(refused("1_000")).toBe("22: t:1:2: there is text behind the document");
  });

  it("refuses malformed strings", () => {
    expect(refused('"')).toBe("22: t:1:2: a string is not closed");
    expect(refused('"abcdefghijklm')).toBe("22: t:1:15: a string is not closed");
    expect(refused('"\\')).toBe("22: t:1:2: a string is not closed");
    expect(refused('"\\"')).toBe("22: t:1:4: a string is not closed");
    expect(refused('"\\x41"')).toBe("22: t:1:2: unknown escape");
    expect(refused('"\\u12"')).toBe("22: t:1:2: \\u needs four hexadecimal digits");
    expect(refused('"\\u12g4"')).toBe("22: t:1:2: \\u needs four hexadecimal digits");
    expect(refused('"\\u123')).toBe("22: t:1:2: \\u needs four hexadecimal digits");
    expect(refused('"\\ud800"')).toBe("22: t:1:2: a surrogate stands alone");
    expect(refused('"\\udc00"')).toBe("22: t:1:2: a surrogate stands alone");
    expect(refused('"\\ud800\\u0041"')).toBe("22: t:1:2: a surrogate stands alone");
    expect(refused('"\\ud800\\ud800"')).toBe("22: t:1:2: a surrogate stands alone");
    expect(refused('"\\ud800\\n12345"')).toBe("22: t:1:2: a surrogate stands alone");
    expect(refused('"\\udc00\\ud800"')).toBe("22: t:1:2: a surrogate stands alone");
    expect(refused('"a\nb"')).toBe("22: t:1:3: a string holds a control character; write it as an escape");
    for (let c = 0; c < 0x20; c++) {
      const s = String.fromCharCode(c);
      expect(refused('"' + s + '"').startsWith("22: t:1:2: a string holds a control")).toBe(true);
      expect(refused('"0123456789ab' + s + '"').startsWith("22: t:1:14: a string holds a control")).toBe(true);
    }
    expect(roundTrip('"\x7f"')).toBe('"\x7f"');
  });

  it("refuses what is not well-formed UTF-8", () => {
    const bad = [
      "\x80",
      "\xbf",
      "\xc0\x80",
      "\xc1\xbf",
      "\xc2",
      "\xc2\x41",
      "\xe0\x80\x80",
      "\xe0\x9f\xbf",
      "\xed\xa0\x80",
      "\xed\xbf\xbf",
    ];
    const worse = [
      "\xe2\x82",
      "\xe2\x41\x80",
      "\xe2\x80\x41",
      "\xf0\x80\x80\x80",
      "\xf0\x8f\xbf\xbf",
      "\xf4\x90\x80\x80",
      "\xf5\x80\x80\x80",
      "\xf0\x90\x80",
      "\xff",
      "\xfe",
    ];
    for (let i = 0; i < bad.length; i++) {
      expect(refusedBytes('"' + bad[i] + '"')).toBe("22: t:1:2: invalid UTF-8");
      expect(refusedBytes('"' + bad[i])).toBe("22: t:1:2: invalid UTF-8");
      expect(refusedBytes('"12345678' + bad[i] + '12345678"')).toBe("22: t:1:10: invalid UTF-8");
    }
    for (let i = 0; i < worse.length; i++) expect(refusedBytes('{"' + worse[i] + '":1}')).toBe("22: t:1:3: invalid UTF-8");
    expect(roundTrip('"\x00é ߿ ࠀ ퟿  ￿ 𐀀 \u{10ffff}"'.replace("\x00", ""))).toBe('"é ߿ ࠀ ퟿  ￿ 𐀀 \u{10ffff}"');
  });

  it("refuses duplicate names, whatever their spelling", () => {
    expect(refused('{"a":1,"b":2,"a":3}')).toBe('22: t:1:14: the name "a" is already used in this object');
    expect(refused('{"a":1,"\\u0061":3}')).toBe('22: t:1:8: the name "\\u0061" is already used in this object');
    expect(refused('{"":1,"":3}')).toBe('22: t:1:7: the name "" is already used in this object');
    expect(refused('{"é":1,"\\u00e9":3}')).toBe('22: t:1:8: the name "\\u00e9" is already used in this object');
    expect(refused('{"x":{"a":1,"a":{}}}')).toBe('22: t:1:13: the name "a" is already used in this object');
    expect(roundTrip('{"a":{"a":{"a":1}},"b":{"a":1}}')).toBe('{"a":{"a":{"a":1}},"b":{"a":1}}');
    expect(roundTrip('{"a":1,"A":2,"aa":3,"\\u0062":4}')).toBe('{"a":1,"A":2,"aa":3,"\\u0062":4}');
  });

  it("finds a duplicate in large objects too", () => {
    for (let size = 15; size < 70; size++) {
      let s = "{";
      for (let i = 0; i < size; i++) s += '"k' + ((i * 37) % size == i && i == 1 ? "x" : i.toString()) + '":{"k1":0},';
      expect(roundTrip(s + '"z":1}').length).toBeGreaterThan(100);
      const twice = (size * 7) % size == 0 ? size - 2 : size / 2;
      const answer = refused(s + '"k' + twice.toString() + '":1}');
      expect(answer.endsWith('the name "k' + twice.toString() + '" is already used in this object')).toBe(true);
    }
    let s = "{";
    for (let i = 0; i < 5000; i++) s += '"' + i.toString() + '":0,';
    expect(refused(s + '"\\u0034999":1}').endsWith('the name "\\u0034999" is already used in this object')).toBe(true);
    expect(roundTrip(s + '"5000":0}').length).toBeGreaterThan(10000);
  });

  it("keeps to its limits", () => {
    const depth = <i32>JSON_DEPTH_LIMIT;
    expect(roundTrip("[".repeat(depth) + "]".repeat(depth)).length).toBe(depth * 2);
    expect(refused("[".repeat(depth + 1) + "]".repeat(depth + 1))).toBe("22: t:1:65: containers may be 64 deep");
    expect(refused("[".repeat(10000))).toBe("22: t:1:65: containers may be 64 deep");
    expect(refused('{"a":'.repeat(10000))).toBe("22: t:1:321: containers may be 64 deep");
    expect(refused("[" + "{},".repeat(65536) + "0]")).toBe("7: t:1:196607: a document may have 65536 values");
    expect(refused(" ".repeat(<i32>JSON_SIZE_LIMIT) + "1")).toBe("27: t:1:1048578: a document may have 1 MiB");
    expect(roundTrip(" ".repeat(<i32>JSON_SIZE_LIMIT - 1) + "1")).toBe("1");
  });

  it("is not slow on a large object", () => {
    let s = "{";
    for (let i = 0; i < 50000; i++) s += '"' + i.toString() + '":0,';
    const root = parsed(s + '"":0}');
    expect(root.length).toBe(50001);
    jsonFree(root);
  });

  it("returns ENOMEM, and everything it took, at every allocation", () => {
    let members = '{"a":[';
    for (let i = 0; i < 1500; i++) members += "1,";
    members += '0],"b":{"x":0';
    for (let i = 0; i < 400; i++) members += ',"m' + i.toString() + '":[]';
    members += "}}";
    const p = bytesOf(members);
    const objects = heapObjectsUsed();
    const bytes = heapBytesUsed();
    const frames = framesFree();
    let failures = 0;
    for (let n = 0; ; n++) {
      failureClear(failure);
      const spare = takeSpare(2032);
      frameFailAfter(n);
      const root = jsonParse(p, bytesLength, "t", failure);
      frameFailAfter(-1);
      giveSpare(spare);
      if (root) {
        jsonFree(root);
        break;
      }
      failures++;
      expect(failureText()).toBe("12: out of memory");
      expect(heapObjectsUsed()).toBe(objects);
    }
    expect(failures).toBeGreaterThan(3); // the array of nodes, its growth, and the sorting of names
    expect(heapBytesUsed()).toBe(bytes);
    expect(framesFree()).toBe(frames);
  });
});

describe("access", () => {
  it("finds members and elements", () => {
    const root = parsed('{"first":{"x":1,"second":2},"second":[10,[20],30],"\\u0074hird":"3"}');
    expect(jsonI64(jsonGet(jsonGet(root, "first")!, "x")!)).toBe(1);
    expect(jsonGet(root, "x")).toBeNull();
    expect(jsonGet(root, "secon")).toBeNull();
    expect(jsonGet(root, "seconds")).toBeNull();
    expect(jsonStringIs(jsonGet(root, "third")!, "3")).toBe(true);
    const list = jsonGet(root, "second")!;
    expect(list.length).toBe(3);
    expect(jsonI64(jsonAt(list, 2)!)).toBe(30);
    expect(jsonI64(jsonAt(jsonAt(list, 1)!, 0)!)).toBe(20);
    expect(jsonAt(list, 3)).toBeNull();
    expect(jsonGet(list, "x")).toBeNull();
    expect(jsonAt(jsonAt(list, 0)!, 0)).toBeNull();
    jsonFree(root);
    const empty = parsed("{}");
    expect(jsonGet(empty, "x")).toBeNull();
    expect(jsonAt(empty, 0)).toBeNull();
    jsonFree(empty);
  });

  it("reads integers exactly and knows their range", () => {
    const root = parsed(
      "[0,-0,-1,9223372036854775807,9223372036854775808,18446744073709551615,18446744073709551616,-9223372036854775808," +
        "-9223372036854775809,99999999999999999999999999,1.0,1e3,999999999999999999,1000000000000000000]",
    );
    expect(jsonI64(at(root, 0))).toBe(0);
    expect(jsonIsU64(at(root, 1)) && jsonI64(at(root, 1)) == 0).toBe(true);
    expect(jsonI64(at(root, 2))).toBe(-1);
    expect(jsonIsU64(at(root, 2))).toBe(false);
    expect(jsonIsI64(at(root, 3)) && jsonIsU64(at(root, 3))).toBe(true);
    expect(jsonI64(at(root, 3))).toBe(i64.MAX_VALUE);
    expect(jsonIsI64(at(root, 4))).toBe(false);
    expect(jsonU64(at(root, 4))).toBe((<u64>1) << 63);
    expect(jsonIsU64(at(root, 5)) && jsonU64(at(root, 5)) == u64.MAX_VALUE).toBe(true);
    expect(jsonIsI64(at(root, 6)) || jsonIsU64(at(root, 6))).toBe(false);
    expect(jsonIsI64(at(root, 7)) && jsonI64(at(root, 7)) == i64.MIN_VALUE).toBe(true);
    expect(jsonIsI64(at(root, 8)) || jsonIsU64(at(root, 8))).toBe(false);
    expect(at(root, 9).flags & JsonFlag.OutOfRange).not.toBe(0);
    expect(at(root, 10).kind).toBe(JsonKind.Float);
    expect(jsonIsI64(at(root, 10)) || jsonIsU64(at(root, 11))).toBe(false);
    expect(jsonI64(at(root, 12))).toBe(999999999999999999);
    expect(jsonU64(at(root, 13))).toBe(1000000000000000000);
    jsonFree(root);
  });

  it("resolves escapes", () => {
    const root = parsed(
      '["\\"\\\\\\/\\b\\f\\n\\r\\t","\\u0041\\u00e9\\u20AC\\ud83d\\uDE00x","a\\u0000b","plain é","\\u007f\\u0080\\u07ff\\u0800\\uffff\\udbff\\udfff"]',
    );
    expect(copyOf(jsonAt(root, 0)!)).toBe('"\\/\b\f\n\r\t');
    expect(copyOf(jsonAt(root, 1)!)).toBe("Aé€😀x");
    expect(copyOf(jsonAt(root, 2)!)).toBe("a\0b");
    expect(copyOf(jsonAt(root, 3)!)).toBe("plain é");
    expect(copyOf(jsonAt(root, 4)!)).toBe("\u007f\u0080\u07ff\u0800\uffff\u{10ffff}");
    expect(jsonStringIs(jsonAt(root, 0)!, '"\\/\b\f\n\r\t')).toBe(true);
    expect(jsonStringIs(jsonAt(root, 0)!, '"\\/\b\f\n\r')).toBe(false);
    expect(jsonStringIs(jsonAt(root, 0)!, '"\\/\b\f\n\r\t\t')).toBe(false);
    expect(jsonStringIs(root, "x")).toBe(false);
    const copy = jsonStringDuplicate(jsonAt(root, 1)!);
    expect(stringOf(copy, 12)).toBe("Aé€😀x\0");
    kernelFree(copy);
    jsonFree(root);
  });

  it("names the place of a node", () => {
    const root = parsed('{"process":{"rlimits":[{"type":1,"soft":2},[3,4]],"x":5},"y":[[],[6]]}');
    expect(pathOf(root, root)).toBe("0: ");
    const rlimits = jsonGet(jsonGet(root, "process")!, "rlimits")!;
    expect(pathOf(root, rlimits)).toBe("0: process.rlimits");
    expect(pathOf(root, jsonGet(jsonAt(rlimits, 0)!, "soft")!)).toBe("0: process.rlimits[0].soft");
    expect(pathOf(root, jsonAt(jsonAt(rlimits, 1)!, 1)!)).toBe("0: process.rlimits[1][1]");
    expect(pathOf(root, jsonGet(jsonGet(root, "process")!, "x")!)).toBe("0: process.x");
    expect(pathOf(root, jsonAt(jsonAt(jsonGet(root, "y")!, 1)!, 0)!)).toBe("0: y[1][0]");
    expect(pathOf(jsonGet(root, "y")!, jsonAt(jsonGet(root, "y")!, 1)!)).toBe("0: [1]");
    jsonFree(root);
  });
});

describe("failures", () => {
  it("makes names from outside printable and cuts long messages", () => {
    expect(refused('{"\x7f":1,"\x7f":2}')).toBe('22: t:1:8: the name "?" is already used in this object');
    const long = "é".repeat(300);
    const answer = refused('{"' + long + '":1,"' + long + '":2}');
    expect(String.UTF8.byteLength(answer)).toBe(4 + 256);
    expect(answer.endsWith("é...") || answer.endsWith("é....")).toBe(true);
  });
});

function written(s: string): string {
  const text: Text = textNew(1)!;
  const p = bytesOf(s);
  put(text, "<");
  putJsonString(text, p, bytesLength);
  const out = stringOf(text.data, text.length);
  textFree(text);
  return out;
}

describe("putJsonString", () => {
  it("escapes what JSON wants escaped and nothing else", () => {
    expect(written("")).toBe('<""');
    expect(written("plain/é😀")).toBe('<"plain/é😀"');
    expect(written('"a\\b"')).toBe('<"\\"a\\\\b\\""');
    expect(written("\n\r\t\0\x1f\x7f")).toBe('<"\\n\\r\\t\\u0000\\u001f\\u007f"');
  });

  it("is read back as it was", () => {
    let s = "";
    for (let c = 0; c < 0x180; c++) s += String.fromCharCode(c);
    const root = parsed(written(s).substring(1));
    expect(copyOf(root)).toBe(s);
    jsonFree(root);
  });
});
