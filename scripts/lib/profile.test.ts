import assert from "node:assert/strict";
import test from "node:test";
import { attribute, LifeCounter, parseSymbols, profileTable, symbolAt, tracedAddress } from "./profile.ts";

const symbols = parseSymbols(
  [
    "                 U elsewhere",
    "ffffffffc0200080 T syscall_entry",
    "ffffffffc0200100 t w2c_kernel_run_run",
    "ffffffffc0300000 d w2c_table",
  ].join("\n"),
);

test("only functions are symbols, without the prefix of generated C", () => {
  assert.deepEqual(
    symbols.map((s) => s.name),
    ["syscall_entry", "kernel_run_run"],
  );
});

test("an address belongs to the last function that begins at or below it", () => {
  assert.equal(symbolAt(symbols, 0xffffffffc0200080n)?.name, "syscall_entry");
  assert.equal(symbolAt(symbols, 0xffffffffc02000ffn)?.name, "syscall_entry");
  assert.equal(symbolAt(symbols, 0xffffffffc0200100n)?.name, "kernel_run_run");
  assert.equal(symbolAt(symbols, 0xffffffffc020007fn), undefined);
});

test("the program counter is the second number in a trace line's brackets", () => {
  assert.equal(tracedAddress("Trace 0: 0x7f2c000100 [0000000000000000/ffffffffc0200080/00c0b2b0/ff000201] "), 0xffffffffc0200080n);
  assert.equal(tracedAddress("Servicing hardware INT=0x20"), undefined);
});

test("instructions are added up by function, entries counted at the first one", () => {
  const counts = new Map([
    [0xffffffffc0200100n, 4],
    [0xffffffffc0200104n, 20],
    [0xffffffffc0200080n, 5],
    [0x401000n, 7],
  ]);
  const functions = attribute(counts, symbols);
  assert.deepEqual(
    functions.map((f) => [f.name, f.instructions, f.entries]),
    [
      ["kernel_run_run", 24, 4],
      ["(user mode)", 7, 0],
      ["syscall_entry", 5, 5],
    ],
  );
  const rows = profileTable(functions, 2).split("\n");
  assert.equal(rows[2], "| total | 18.0 | 100.0 |  |");
  assert.equal(rows[3], "| kernel_run_run | 12.0 | 66.7 | 2.00 |");
});

test("lives are counted from one creation to the next, without those of the other kind", () => {
  const counter = new LifeCounter(100n, 1, 2);
  const life = (instruction: bigint): boolean[] => [100n, instruction].map((address) => counter.add(address));
  life(1n); // the very first
  for (const warmUp of [2n, 3n]) life(warmUp);
  life(4n);
  assert.deepEqual(life(5n), [true, true]);
  life(6n);
  assert.deepEqual(life(7n), [true, true]);
  life(8n);
  assert.equal(counter.add(100n), false);
  assert.equal(counter.lives, 2);
  assert.deepEqual([...counter.counts].sort(), [
    [100n, 2],
    [5n, 1],
    [7n, 1],
  ]);
});
