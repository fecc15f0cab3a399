import assert from "node:assert/strict";
import test from "node:test";
import { compareFigures, describeComparison } from "./expected.ts";

const expected = new Map([
  ["same", 1000],
  ["worse", 1000],
  ["better", 1000],
  ["file_slower", 1000],
  ["missing", 5],
  ["unwanted", 5],
]);
const figures = new Map([
  ["same", 1030],
  ["worse", 1031],
  ["better", 900],
  ["file_slower", 960],
  ["fresh", 7],
]);

test("three in a hundred more are no worse, four are; a rate is worse when it is lower; what is missing is worse", () => {
  const comparison = compareFigures(figures, expected, (name) => name !== "unwanted");
  assert.deepEqual(comparison, { worse: ["worse", "file_slower", "missing"], better: ["better"], unknown: ["fresh"] });
  assert.deepEqual(describeComparison(comparison, figures, expected), [
    "new fresh: 7, expected nothing",
    "better better: 900, expected 1000",
    "WORSE worse: 1031, expected 1000",
    "WORSE file_slower: 960, expected 1000",
    "WORSE missing: not measured, expected 5",
  ]);
});
