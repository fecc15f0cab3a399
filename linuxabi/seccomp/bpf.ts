// Classic BPF as seccomp(2) takes it: the check that a program must pass, and its execution. A program has an accumulator, an index register
// and 16 words of memory; jumps only go forward and nothing but a 64-byte struct seccomp_data is read, so that every program ends and its
// result depends on the data alone. Specification: Documentation/networking/filter.rst, seccomp(2) "SECCOMP_SET_MODE_FILTER".

import { Errno } from "../../kernel/errno";
import { kernelAlloc, kernelFree } from "../../kernel/mm/heap";
import { Result } from "../../kernel/result";
import { Bpf, BPF_INSTRUCTION_BYTES, BPF_MEMWORDS, SECCOMP_DATA_BYTES } from "../types/seccomp";

const SHIFT: u32 = 3;
if (BPF_INSTRUCTION_BYTES != 8) ERROR("an instruction is addressed by a shift");

const words = memory.data(16 * 4, 8);

@inline
function codeOf(instruction: usize): u32 {
  return load<u16>(instruction);
}
@inline
function operand(instruction: usize): u32 {
  return load<u32>(instruction, 4);
}

/** Checks the instruction at index `at` of `count` by itself. */
function isSound(instruction: usize, at: u32, count: u32): bool {
  const k = operand(instruction);
  const rest = count - at - 1;
  switch (codeOf(instruction)) {
    case Bpf.LD_ABS:
      return k < SECCOMP_DATA_BYTES && (k & 3) == 0;
    case Bpf.LD_MEM:
    case Bpf.LDX_MEM:
    case Bpf.ST:
    case Bpf.STX:
      return k < BPF_MEMWORDS;
    case Bpf.DIV_K:
      return k != 0;
    case Bpf.LSH_K:
    case Bpf.RSH_K:
      return k < 32;
    case Bpf.JA:
      return k < rest;
    case Bpf.JEQ_K:
    case Bpf.JEQ_X:
    case Bpf.JGT_K:
    case Bpf.JGT_X:
    case Bpf.JGE_K:
    case Bpf.JGE_X:
    case Bpf.JSET_K:
    case Bpf.JSET_X:
      return load<u8>(instruction, 2) < rest && load<u8>(instruction, 3) < rest;
    case Bpf.LD_IMM:
    case Bpf.LDX_IMM:
    case Bpf.LD_LEN:
    case Bpf.LDX_LEN:
    case Bpf.ADD_K:
    case Bpf.ADD_X:
    case Bpf.SUB_K:
    case Bpf.SUB_X:
    case Bpf.MUL_K:
    case Bpf.MUL_X:
    case Bpf.DIV_X:
    case Bpf.AND_K:
    case Bpf.AND_X:
    case Bpf.OR_K:
    case Bpf.OR_X:
    case Bpf.XOR_K:
    case Bpf.XOR_X:
    case Bpf.LSH_X:
    case Bpf.RSH_X:
    case Bpf.NEG:
    case Bpf.TAX:
    case Bpf.TXA:
    case Bpf.RET_K:
    case Bpf.RET_A:
      return true;
  }
  return false;
}

@inline
function isJump(code: u32): bool {
  return (code & 7) == 5;
}

/** Notes that instruction `to` can be reached with the words of the set `stored` written. */
@inline
function reached(sets: usize, to: u32, stored: u32): void {
  const slot = sets + (to << 1);
  store<u16>(slot, load<u16>(slot) & (<u16>stored));
}

/** No word of memory may be read that not every way to the instruction has written. `sets` has a u16 for each instruction. */
function readsOnlyWhatIsWritten(program: usize, count: u32, sets: usize): bool {
  memory.fill(sets, 0xff, count << 1);
  let stored: u32 = 0;
  for (let at: u32 = 0; at < count; at++) {
    const instruction = program + (at << SHIFT);
    const code = codeOf(instruction);
    const k = operand(instruction);
    stored &= load<u16>(sets + (at << 1));
    if (code == Bpf.ST || code == Bpf.STX) stored |= 1 << k;
    else if (code == Bpf.LD_MEM || code == Bpf.LDX_MEM) {
      if ((stored & (1 << k)) == 0) return false;
    } else if (isJump(code)) {
      if (code == Bpf.JA) reached(sets, at + 1 + k, stored);
      else {
        reached(sets, at + 1 + load<u8>(instruction, 2), stored);
        reached(sets, at + 1 + load<u8>(instruction, 3), stored);
      }
      stored = 0xffff; // what follows is reached by jumps only, which have told what they know
    }
  }
  return true;
}

/** Checks the `count` > 0 instructions at `program`: 0, -EINVAL or -ENOMEM. */
export function bpfCheck(program: usize, count: u32): Result {
  for (let at: u32 = 0; at < count; at++) if (!isSound(program + (at << SHIFT), at, count)) return -Errno.EINVAL;
  const last = codeOf(program + ((count - 1) << SHIFT));
  if (last != Bpf.RET_K && last != Bpf.RET_A) return -Errno.EINVAL;
  const sets = kernelAlloc(count << 1);
  if (sets == 0) return -Errno.ENOMEM;
  const sound = readsOnlyWhatIsWritten(program, count, sets);
  kernelFree(sets);
  return sound ? 0 : -Errno.EINVAL;
}

/** What Linux makes of the program beside its instructions: it clears both registers and keeps the data's address. */
const COST_OF_START: u32 = 3;

/** Instructions that Linux translates the one at `instruction` to: what it counts when it bounds the filters of a thread (net/core/filter.c). */
function costOf(instruction: usize): u32 {
  const code = codeOf(instruction);
  if (code == Bpf.RET_K) return 2;
  if (code == Bpf.DIV_X) return 5; // it looks for 0 itself
  if (!isJump(code) || code == Bpf.JA) return 1;
  // Constants are signed there, and most conditions can be turned round: a way that only goes on costs nothing.
  const first: u32 = (code & 8) == 0 && <i32>operand(instruction) < 0 ? 1 : 0;
  const onlyElse = load<u8>(instruction, 2) == 0 && (code & ~8) != Bpf.JSET_K;
  return first + (load<u8>(instruction, 3) == 0 || onlyElse ? 1 : 2);
}

/** Instructions of the checked program as Linux counts them. */
export function bpfCost(program: usize, count: u32): u32 {
  let cost = COST_OF_START;
  for (let at: u32 = 0; at < count; at++) cost += costOf(program + (at << SHIFT));
  return cost;
}

/** The program's result depends on data that bpfRun was not given. */
export const DEPENDS: u64 = 1 << 32;

/** Result of a checked program on the first `known` bytes of the data at `data` (all 64 of them: a verdict), or DEPENDS. */
export function bpfRun(program: usize, data: usize, known: u32): u64 {
  let a: u32 = 0;
  let x: u32 = 0;
  let at = program;
  let code = codeOf(at);
  while (code != Bpf.RET_K && code != Bpf.RET_A) {
    const k = operand(at);
    const source = (code & 8) != 0 ? x : k;
    if (isJump(code)) at += jump(at, code, a, source) << SHIFT;
    else if (code == Bpf.LD_ABS) {
      if (k >= known) return DEPENDS;
      a = load<u32>(data + k);
    } else if ((code & 7) == 4) {
      // Division by zero ends the program with 0, which ends the thread.
      if (code == Bpf.DIV_X && x == 0) return 0;
      a = calculate(code, a, source);
    } else if (code == Bpf.LD_IMM) a = k;
    else if (code == Bpf.LD_MEM) a = load<u32>(words + (k << 2));
    else if (code == Bpf.LD_LEN) a = SECCOMP_DATA_BYTES;
    else if (code == Bpf.LDX_IMM) x = k;
    else if (code == Bpf.LDX_MEM) x = load<u32>(words + (k << 2));
    else if (code == Bpf.LDX_LEN) x = SECCOMP_DATA_BYTES;
    else if (code == Bpf.ST) store<u32>(words + (k << 2), a);
    else if (code == Bpf.STX) store<u32>(words + (k << 2), x);
    else if (code == Bpf.TAX) x = a;
    else a = x; // TXA
    at += BPF_INSTRUCTION_BYTES;
    code = codeOf(at);
  }
  return code == Bpf.RET_K ? operand(at) : a;
}

/** How many instructions the jump `at` leaves out. */
@inline
function jump(at: usize, code: u32, a: u32, source: u32): usize {
  let holds = false;
  switch (code & ~8) {
    case Bpf.JA:
      return source;
    case Bpf.JEQ_K:
      holds = a == source;
      break;
    case Bpf.JGT_K:
      holds = a > source;
      break;
    case Bpf.JGE_K:
      holds = a >= source;
      break;
    default:
      holds = (a & source) != 0; // JSET
  }
  return holds ? load<u8>(at, 2) : load<u8>(at, 3);
}

/** The other operations of the accumulator; shifts count modulo 32. */
function calculate(code: u32, a: u32, source: u32): u32 {
  switch (code & ~8) {
    case Bpf.ADD_K:
      return a + source;
    case Bpf.SUB_K:
      return a - source;
    case Bpf.MUL_K:
      return a * source;
    case Bpf.DIV_K:
      return a / source;
    case Bpf.OR_K:
      return a | source;
    case Bpf.AND_K:
      return a & source;
    case Bpf.XOR_K:
      return a ^ source;
    case Bpf.LSH_K:
      return a << (source & 31);
    case Bpf.RSH_K:
      return a >> (source & 31);
    default:
      return 0 - a; // NEG
  }
}
