// Classic BPF: what tests/guest/conformance/seccomp-filter.c cannot see from outside: what a program says before its arguments are known.
// That file compares every instruction and every refusal with Linux.

import { useTestMemory } from "../../kernel/mm/testing";
import { heapObjectsUsed } from "../../kernel/mm/heap";
import { Bpf } from "../types/seccomp";
import { bpfCheck, bpfCost, bpfRun, DEPENDS } from "./bpf";

const program = memory.data(4096, 8);
const data = memory.data(64, 8);
let count: u32 = 0;

function begin(): void {
  count = 0;
  memory.fill(data, 0, 64);
  store<u32>(data, 39);
  store<u32>(data, 0xc000003e, 4);
  store<u64>(data, 7, 16);
}

function add(code: u32, k: u32, yes: u8 = 0, no: u8 = 0): void {
  const at = program + count++ * 8;
  store<u16>(at, <u16>code);
  store<u8>(at, yes, 2);
  store<u8>(at, no, 3);
  store<u32>(at, k, 4);
}

const REFUSE: u32 = 0x50001;
const ALLOW: u32 = 0x7fff0000;

describe("a program of classic BPF", () => {
  beforeAll(() => useTestMemory(512));
  beforeEach(begin);

  it("says what it says to a number whatever the arguments are", () => {
    add(Bpf.LD_ABS, 4);
    add(Bpf.JEQ_K, 0xc000003e, 1, 0);
    add(Bpf.RET_K, 0);
    add(Bpf.LD_ABS, 0);
    add(Bpf.JEQ_K, 39, 0, 3);
    add(Bpf.LD_ABS, 16);
    add(Bpf.JEQ_K, 7, 0, 1);
    add(Bpf.RET_K, REFUSE);
    add(Bpf.RET_K, ALLOW);
    expect(bpfCheck(program, count)).toBe(0);
    expect(bpfRun(program, data, 8)).toBe(DEPENDS, "39 depends on its argument");
    expect(bpfRun(program, data, 64)).toBe(REFUSE);
    store<u32>(data, 8, 16);
    expect(bpfRun(program, data, 64)).toBe(ALLOW);
    store<u32>(data, 40);
    expect(bpfRun(program, data, 8)).toBe(ALLOW, "40 does not");
    store<u32>(data, 0x40000003, 4);
    expect(bpfRun(program, data, 8)).toBe(0, "nor does another architecture");
  });

  it("is checked without leaving memory behind", () => {
    const before = heapObjectsUsed();
    add(Bpf.LD_MEM, 1);
    add(Bpf.RET_A, 0);
    expect(bpfCheck(program, count)).toBe(-22, "a word that nobody wrote");
    begin();
    add(Bpf.ST, 1);
    add(Bpf.LD_MEM, 1);
    add(Bpf.RET_A, 0);
    expect(bpfCheck(program, count)).toBe(0);
    expect(heapObjectsUsed()).toBe(before);
  });

  it("cannot jump around the check of its memory", () => {
    add(Bpf.LD_ABS, 0);
    add(Bpf.JEQ_K, 1, 0, 1);
    add(Bpf.ST, 2);
    add(Bpf.LD_MEM, 2);
    add(Bpf.RET_A, 0);
    expect(bpfCheck(program, count)).toBe(-22);
    // Both ways write it.
    begin();
    add(Bpf.LD_ABS, 0);
    add(Bpf.JEQ_K, 1, 0, 2);
    add(Bpf.ST, 2);
    add(Bpf.JA, 1);
    add(Bpf.ST, 2);
    add(Bpf.LD_MEM, 2);
    add(Bpf.RET_A, 0);
    expect(bpfCheck(program, count)).toBe(0);
    expect(bpfRun(program, data, 64)).toBe(39);
  });

  it("costs what Linux makes of it", () => {
    add(Bpf.RET_A, 0);
    expect(bpfCost(program, count)).toBe(4, "three instructions of its own");
    begin();
    add(Bpf.RET_K, 0);
    expect(bpfCost(program, count)).toBe(5);
    begin();
    add(Bpf.JEQ_K, 1, 0, 1); // turned round
    add(Bpf.JSET_K, 1, 0, 1); // which that cannot be
    add(Bpf.JGT_X, 0, 1, 0);
    add(Bpf.JGE_K, 0xffffffff, 1, 1); // a constant of its own, and two jumps
    add(Bpf.DIV_X, 0);
    add(Bpf.RET_A, 0);
    expect(bpfCost(program, count)).toBe(3 + 1 + 2 + 1 + 3 + 5 + 1);
  });
});
