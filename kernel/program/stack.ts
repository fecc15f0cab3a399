// The stack a program starts with (System V ABI, AMD64 supplement, 3.4.1): argument count, pointers to arguments and environment, the
// auxiliary vector, and above them the strings. Built in the new address space while the old one is still in use.

import { cpuid, physicalWrite } from "../../shim/isa";
import { Errno } from "../errno";
import { randomBytes } from "../random";
import { Access, handleFault } from "../mm/fault";
import { PAGE_SHIFT, PAGE_SIZE } from "../mm/frame";
import { mapRegion, pageUp } from "../mm/map";
import { findSlot, PTE_ADDRESS } from "../mm/pagetable";
import { AddressSpace } from "../mm/space";
import { VmaFlag } from "../mm/vma";
import { USER_END } from "../mm/user";
import { Result } from "../result";
import { Credentials } from "../task/credentials";
import { Arguments, argumentsNext, argumentsPlace, argumentsRun } from "./arguments";
import { vdsoMap } from "./vdso";

/** Stack that is mapped at once beyond what the strings take; the rest comes by faults. */
const STACK_BYTES: u64 = 131072;
const AUXILIARY_MAX: u32 = 48;
const HWCAP2_FSGSBASE: u64 = 2;

/** Types of the auxiliary vector (getauxval(3)). */
const enum Auxiliary {
  Null = 0,
  ProgramHeaders = 3,
  ProgramHeaderBytes = 4,
  ProgramHeaderCount = 5,
  PageSize = 6,
  InterpreterBase = 7,
  Flags = 8,
  Entry = 9,
  Uid = 11,
  Euid = 12,
  Gid = 13,
  Egid = 14,
  Platform = 15,
  HardwareCapabilities = 16,
  ClockTick = 17,
  Secure = 23,
  Random = 25,
  HardwareCapabilities2 = 26,
  RseqFeatureBytes = 27,
  RseqAlignment = 28,
  ExecutableName = 31,
  VdsoHeader = 33,
  MinimumSignalStack = 51,
}

/** What the vector tells of the program. */
@unmanaged
export class ProgramFacts {
  headers: u64;
  headerCount: u64;
  entry: u64;
  interpreterBase: u64;
  secure: u64;
  /** Linux programs get the vDSO. */
  host: bool;
  /** The personality forbids randomness (ADDR_NO_RANDOMIZE). */
  fixed: bool;
  pad: u16;
  pad1: u32;
}

const vector = memory.data(48 * 8, 16);
let vectorWords: u32 = 0;
const scratch = memory.data(512, 16);

function auxiliary(type: u64, value: u64): void {
  store<u64>(vector + (vectorWords << 3), type);
  store<u64>(vector + ((vectorWords + 1) << 3), value);
  vectorWords += 2;
}

/** Writes kernel bytes to `va` of a space that need not be the current one: 0 or -ENOMEM. */
function write(space: AddressSpace, va: u64, from: usize, bytes: u32): Result {
  while (bytes != 0) {
    const slot = findSlot(space.root, va);
    if (slot == 0 || load<u64>(slot) == 0) {
      const r = handleFault(space, va, Access.Write);
      if (r < 0) return -Errno.ENOMEM;
    }
    const pa = (load<u64>(findSlot(space.root, va)) & PTE_ADDRESS) + (va & (PAGE_SIZE - 1));
    const n = min<u32>(bytes, PAGE_SIZE - <u32>(va & (PAGE_SIZE - 1)));
    physicalWrite(pa, from, n);
    va += n;
    from += n;
    bytes -= n;
  }
  return 0;
}

/**
 * Pointers to `count` strings of `a` from offset `from` on, which stand at `va` onwards in the new stack, NULL-terminated, to `at`; returns where the
 * strings end.
 */
function writePointers(space: AddressSpace, at: u64, va: u64, a: Arguments, from: u32, count: u32): Result {
  let inScratch: u32 = 0;
  for (let i: u32 = 0; i <= count; i++) {
    store<u64>(scratch + (inScratch << 3), i == count ? 0 : va);
    inScratch++;
    if (i < count) {
      const next = argumentsNext(a, from);
      va += next - from;
      from = next;
    }
    if (inScratch == 64 || i == count) {
      const r = write(space, at, scratch, inScratch << 3);
      if (r < 0) return r;
      at += (<u64>inScratch) << 3;
      inScratch = 0;
    }
  }
  return <Result>va;
}

/** Writes all strings of `a` to `va`: 0 or -ENOMEM. */
function writeStrings(space: AddressSpace, va: u64, a: Arguments): Result {
  for (let done: u32 = 0; done < a.bytes; ) {
    const n = min(argumentsRun(done), a.bytes - done);
    const r = write(space, va + done, argumentsPlace(a, done), n);
    if (r < 0) return r;
    done += n;
  }
  return 0;
}

/**
 * Maps a stack in `space` and fills it. `name` (NUL-terminated, nameBytes with the NUL) is what execve was called with. Returns the stack
 * pointer to start with, or -ENOMEM.
 */
export function buildStack(
  space: AddressSpace,
  a: Arguments,
  facts: ProgramFacts,
  name: usize,
  nameBytes: u32,
  c: Credentials,
  executable: bool,
): Result {
  randomBytes(scratch, 24);
  const lower = load<u64>(scratch, 16);
  const top = facts.fixed ? USER_END : USER_END - ((lower & 0x3f_ffff) << PAGE_SHIFT);
  const strings = top - 8 - nameBytes - a.bytes;
  const platform = (strings - 7) & ~(<u64>15);
  const random = platform - 16;
  const words: u64 = 1 + a.argumentCount + 1 + a.environmentCount + 1 + AUXILIARY_MAX;
  const pointer = (random - (words << 3)) & ~(<u64>15);
  const low = (pointer & ~(<u64>PAGE_SIZE - 1)) - STACK_BYTES;
  const flags = VmaFlag.Read | VmaFlag.Write | VmaFlag.GrowsDown | VmaFlag.Stack | (executable ? VmaFlag.Execute : 0);
  let r = mapRegion(space, low, pageUp(top) - low, flags, null, 0, null);
  if (r < 0) return r;
  const vdso = facts.host ? 0 : vdsoMap(space, pageUp(top), <u32>(lower >> 32));
  if (vdso < 0) return vdso;

  space.stackStart = pointer;
  r = writeStrings(space, strings, a);
  if (r >= 0) r = write(space, strings + a.bytes, name, nameBytes);
  if (r >= 0) r = write(space, random, scratch, 16);
  store<u64>(scratch, 0x34365f363878); // "x86_64"
  if (r >= 0) r = write(space, platform, scratch, 7);
  store<u64>(scratch, a.argumentCount);
  if (r >= 0) r = write(space, pointer, scratch, 8);
  if (r < 0) return r;

  const argv = pointer + 8;
  r = writePointers(space, argv, strings, a, 0, a.argumentCount);
  if (r < 0) return r;
  space.argumentsStart = strings;
  space.argumentsEnd = <u64>r;
  const envp = argv + ((<u64>(a.argumentCount + 1)) << 3);
  r = writePointers(space, envp, <u64>r, a, <u32>(<u64>r - strings), a.environmentCount);
  if (r < 0) return r;
  space.environmentStart = space.argumentsEnd;
  space.environmentEnd = <u64>r;

  fillAuxiliary(facts, c, vdso, random, platform, strings + a.bytes);
  space.auxiliary = envp + ((<u64>(a.environmentCount + 1)) << 3);
  space.auxiliaryBytes = vectorWords << 3;
  r = write(space, space.auxiliary, vector, vectorWords << 3);
  return r < 0 ? r : <Result>pointer;
}

/** In the order in which Linux has the entries. */
function fillAuxiliary(facts: ProgramFacts, c: Credentials, vdso: u64, random: u64, platform: u64, name: u64): void {
  vectorWords = 0;
  if (vdso != 0) auxiliary(Auxiliary.VdsoHeader, vdso);
  auxiliary(Auxiliary.MinimumSignalStack, minimumSignalStack());
  auxiliary(Auxiliary.HardwareCapabilities, cpuid(1, 0, 3));
  auxiliary(Auxiliary.PageSize, PAGE_SIZE);
  auxiliary(Auxiliary.ClockTick, 100);
  auxiliary(Auxiliary.ProgramHeaders, facts.headers);
  auxiliary(Auxiliary.ProgramHeaderBytes, 56);
  auxiliary(Auxiliary.ProgramHeaderCount, facts.headerCount);
  auxiliary(Auxiliary.InterpreterBase, facts.interpreterBase);
  auxiliary(Auxiliary.Flags, 0);
  auxiliary(Auxiliary.Entry, facts.entry);
  auxiliary(Auxiliary.Uid, c.uid);
  auxiliary(Auxiliary.Euid, c.euid);
  auxiliary(Auxiliary.Gid, c.gid);
  auxiliary(Auxiliary.Egid, c.egid);
  auxiliary(Auxiliary.Secure, facts.secure);
  auxiliary(Auxiliary.Random, random);
  auxiliary(Auxiliary.HardwareCapabilities2, canWriteFsBase() ? HWCAP2_FSGSBASE : 0);
  auxiliary(Auxiliary.ExecutableName, name);
  auxiliary(Auxiliary.Platform, platform);
  // What linuxabi/sys/rseq.ts knows of struct rseq.
  auxiliary(Auxiliary.RseqFeatureBytes, 28);
  auxiliary(Auxiliary.RseqAlignment, 32);
  auxiliary(Auxiliary.Null, 0);
}

/** The kernel lets user mode use WRFSBASE and its like where the CPU has them. */
function canWriteFsBase(): bool {
  return cpuid(0, 0, 0) >= 7 && (cpuid(7, 0, 1) & 1) != 0;
}

/** Bytes of the largest signal frame: XSAVE area, its alignment, ucontext, siginfo and red zone. */
function minimumSignalStack(): u64 {
  const area = cpuid(0, 0, 0) >= 13 ? cpuid(13, 0, 1) : 512;
  return (area + 4 + 63 + 8 + 448 + 128 + 128 + 63) & ~63;
}
