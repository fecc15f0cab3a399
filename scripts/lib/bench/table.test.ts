import assert from "node:assert/strict";
import test from "node:test";
import { isBeyondBar, markdownTable, replaceBlock } from "./table.ts";

test("the table has a row for every figure, with the ratio of the costs and the bar", () => {
  const own = new Map([
    ["getppid", 250.4],
    ["file_read_64k", 8000],
    ["only_here", 12345.6],
  ]);
  const linux = new Map([
    ["getppid", 200],
    ["file_read_64k", 4000],
    ["only_there", 9.25],
  ]);
  const table = markdownTable(
    [
      { title: "Cyrius", figures: own },
      { title: "Linux", figures: linux },
    ],
    "icount",
  );
  assert.deepEqual(table.split("\n"), [
    "| figure        | Cyrius | Linux | ratio |              bar |",
    "| ------------- | -----: | ----: | ----: | ---------------: |",
    "| getppid       |    250 |   200 |  1.25 | ≤ 100 **beyond** |",
    "| file_read_64k |  8,000 | 4,000 |  0.50 |          ≥ 6,000 |",
    "| only_here     | 12,346 |       |       |                  |",
    "| only_there    |        |   9.3 |       |                  |",
  ]);
});

test("bars are for instructions; those of sizes hold on either clock", () => {
  assert.ok(isBeyondBar("getppid", 101, "icount"));
  assert.ok(!isBeyondBar("getppid", 100, "icount"));
  assert.ok(!isBeyondBar("getppid", 101, "wall"));
  assert.ok(isBeyondBar("file_read_64k", 5999, "icount"));
  assert.ok(isBeyondBar("container_idle_kib", 33, "wall"));
  assert.ok(!isBeyondBar("no_bar", 1e9, "icount"));
});

test("a block of a document is replaced, and only that; without it there is an error", () => {
  const document = "before\n<!-- x -->\n\nold\n\n<!-- /x -->\nafter\n";
  const replaced = replaceBlock(document, "x", "new");
  assert.equal(replaced, "before\n<!-- x -->\n\nnew\n\n<!-- /x -->\nafter\n");
  assert.equal(replaceBlock(replaced, "x", "new"), replaced);
  assert.throws(() => replaceBlock(document, "y", "new"), /no block y/);
});
