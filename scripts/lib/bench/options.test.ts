import assert from "node:assert/strict";
import test from "node:test";
import { parseBenchOptions } from "./options.ts";

test("without options: instructions, beside Debian's kernel, all figures", () => {
  const options = parseBenchOptions([]);
  assert.deepEqual([options.clock, options.linux, options.rounds], ["icount", ["cloud"], 1]);
  assert.ok(options.selection.has("getppid"));
});

test("names are given by --only, in lists, or as they are", () => {
  const options = parseBenchOptions(["--only", "fork*,getppid", "fstat", "--linux", "min,cloud", "--clock", "wall"]);
  assert.deepEqual(options.selection.patterns, ["fork*", "getppid", "fstat"]);
  assert.deepEqual([options.clock, options.linux, options.rounds], ["wall", ["min", "cloud"], 5]);
});

test("the machine has 256 MiB unless told otherwise", () => {
  assert.equal(parseBenchOptions([]).memoryKib, 256 * 1024);
  assert.equal(parseBenchOptions(["--memory", "1G"]).memoryKib, 1024 * 1024);
});

test("a check needs no Linux, and Linux can be left out", () => {
  assert.deepEqual(parseBenchOptions(["--check"]).linux, []);
  assert.deepEqual(parseBenchOptions(["--linux", "none"]).linux, []);
});

test("what cannot be meant is refused with the usage", () => {
  for (const words of [
    ["--clock", "sun"],
    ["--linux", "windows"],
    ["--rounds", "0", "--clock", "wall"],
    ["--nonsense"],
    ["--check", "--clock", "wall"],
    ["--check", "--linux", "cloud"],
    ["--rounds", "3"],
    ["--memory", "lots"],
    ["--memory", "512M", "--readme"],
    ["--readme", "getppid"],
    ["--readme", "--linux", "none"],
    ["--profile", "getppid", "--operations", "x"],
  ])
    assert.throws(() => parseBenchOptions(words), /usage: npm run bench/, words.join(" "));
});
