import assert from "node:assert/strict";
import test from "node:test";
import { costRatio, isRate, matchesPattern, mergeBest, parseFigures, Selection } from "./figures.ts";

test("figures are taken out of a program's output, whatever else it says and however lines end", () => {
  const text = "getppid 91.0\r\nhello 1 world\nfile_read_4k 4864\ntcp_pingpong LACKING ENOSYS\nfstat FAIL EBADF\ncontainer_run 150 140\r\n";
  const { figures, failed } = parseFigures(text, "icount");
  assert.deepEqual(
    [...figures],
    [
      ["getppid", 91],
      ["file_read_4k", 4864],
      ["container_run", 150],
    ],
  );
  assert.deepEqual(failed, ["fstat"]);
});

test("on the wall clock the best of many counts, where a program says it", () => {
  const { figures } = parseFigures("container_run 150 140\ngetppid 91\n", "wall");
  assert.deepEqual([...figures.values()], [140, 91]);
});

test("of several measurements the best stays: the highest rate, the lowest cost", () => {
  const figures = new Map([
    ["getppid", 91],
    ["file_read_4k", 4000],
  ]);
  mergeBest(
    figures,
    new Map([
      ["getppid", 95],
      ["file_read_4k", 4100],
      ["fstat", 7],
    ]),
  );
  assert.deepEqual([...figures.values()], [91, 4100, 7]);
});

test("a ratio above 1 means dearer, for rates too", () => {
  assert.equal(costRatio("getppid", 150, 100), 1.5);
  assert.equal(costRatio("file_read_4k", 1000, 1500), 1.5);
  assert.deepEqual(["memcpy_1m", "pipe_bulk_64k", "unix_pingpong"].map(isRate), [true, true, false]);
});

test("a star stands for anything, anywhere; without patterns everything is wanted", () => {
  assert.ok(matchesPattern("fork*", "fork_exit_wait"));
  assert.ok(matchesPattern("*_wait", "fork_exit_wait"));
  assert.ok(!matchesPattern("fork", "fork_exit_wait"));
  assert.ok(!matchesPattern("for.*", "fork_exit_wait"));
  assert.ok(new Selection([]).has("anything"));
  assert.ok(!new Selection(["a", "b*"]).has("cb"));
});
