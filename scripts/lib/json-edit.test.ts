import assert from "node:assert/strict";
import { test } from "node:test";
import { setMember } from "./json-edit.ts";

test("a value is replaced and the rest of the text stays", () => {
  const text = '{\n  "process": { "cwd": "/", "args": ["a", "]}\\"", {"x": [1]}],\n "max": 18446744073709551615 }, "root": null}\n';
  const expected = text.replace(/\["a".*?\]\}\]/s, '["sh","-c"]');
  assert.notEqual(expected, text);
  assert.equal(setMember(text, ["process", "args"], ["sh", "-c"]), expected);
  assert.equal(setMember(text, ["root"], 5), text.replace("null", "5"));
  assert.equal(setMember(text, ["process", "max"], true), text.replace("18446744073709551615", "true"));
});

test("missing members are added", () => {
  assert.deepEqual(JSON.parse(setMember("{}", ["a", "b"], 1)), { a: { b: 1 } });
  assert.deepEqual(JSON.parse(setMember('{"c": -1.5e3}', ["a", "b"], 1)), { c: -1500, a: { b: 1 } });
  assert.deepEqual(JSON.parse(setMember('{"a": {}}', ["a", "b"], "x")), { a: { b: "x" } });
});

test("the last of several members of a name is the one that counts", () => {
  assert.equal(setMember('{"a":1,"a":2}', ["a"], 3), '{"a":1,"a":3}');
});

test("what is not an object is left for the kernel to judge", () => {
  for (const text of ["", "[1]", '{"a":', '"x"', '{"process": 3}']) assert.equal(setMember(text, ["process", "args"], []), text);
});
