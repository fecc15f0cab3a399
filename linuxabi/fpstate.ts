// FPU state in signal frames: the XSAVE area of the thread as user memory, marked by the magic words of struct _fpx_sw_bytes
// (arch/x86/include/uapi/asm/sigcontext.h), so that a handler can look at it and change it. Only what the CPU's components occupy is copied;
// the holes between them are not (Intel SDM 1, chapter 13).

import { cpuid, fpuRestore, fpuSave } from "../shim/isa";
import { Errno } from "../kernel/errno";
import { copyIn, copyOut } from "../kernel/mm/user";
import { Result } from "../kernel/result";
import { fpuAreaBytes } from "../kernel/task/lifecycle";
import { Thread } from "../kernel/task/thread";
import { FP_SOFTWARE_OFFSET, FP_XSTATE_MAGIC1, FP_XSTATE_MAGIC2 } from "./types/signal";

/** x87 and SSE state, as FXSAVE writes it; XSAVE's header follows. */
const LEGACY_BYTES: u32 = 512;
const HEADER_BYTES: u32 = 64;
const MXCSR: u32 = 24;
const MXCSR_MASK: u32 = 28;
const STATE_BITMAP: u32 = 512;
/** The components that shim/isa.c enables. */
const COMPONENTS: u64 = 0x2e7;

/** Bytes of the area; 0 until the CPU has been asked. */
let areaBytes: u32 = 0;
let hasXsave = false;
let components: u64 = 3;
let mxcsrMask: u32 = 0xffbf;
/** End of the first run of bytes without a hole, and up to four more runs: pairs of offset and bytes. */
let firstRun: u32 = LEGACY_BYTES;
let runCount: u32 = 0;
/** The word behind the area is copied with the last run: a thread's area has room for it. */
let magicInRun = false;
const runs = memory.data(8 * 8, 8);
/** The state a handler starts with, at a multiple of 64. */
const cleanSpace = memory.data(LEGACY_BYTES + HEADER_BYTES + 64, 16);
let clean: usize = 0;
/** The word behind the area. */
const magic = memory.data(8, 8);

/** Asks the CPU once what an area consists of. */
function ready(t: Thread): void {
  clean = (cleanSpace + 63) & ~63;
  store<u16>(clean, 0x37f);
  store<u32>(clean + MXCSR, 0x1f80);
  areaBytes = LEGACY_BYTES;
  hasXsave = ((cpuid(1, 0, 2) >> 26) & 1) != 0;
  if (hasXsave) {
    components = (<u64>cpuid(13, 0, 0)) & COMPONENTS;
    firstRun = LEGACY_BYTES + HEADER_BYTES;
    areaBytes = firstRun;
    for (let i: u32 = 2; i < 10; i++) if (((components >> i) & 1) != 0) addRun(cpuid(13, i, 1), cpuid(13, i, 0));
    if (runCount != 0 && areaBytes + 4 <= fpuAreaBytes()) {
      const last = runs + ((runCount - 1) << 3);
      store<u32>(last, load<u32>(last, 4) + 4, 4);
      magicInRun = true;
    }
  }
  fpuSave(t.fpu);
  const mask = load<u32>(t.fpu + MXCSR_MASK);
  if (mask != 0) mxcsrMask = mask;
}

function addRun(offset: u32, bytes: u32): void {
  areaBytes = max(areaBytes, offset + bytes);
  if (offset == firstRun) {
    firstRun += bytes;
    return;
  }
  store<u32>(runs + (runCount << 3), offset);
  store<u32>(runs + (runCount << 3), bytes, 4);
  runCount++;
}

/** Bytes that a signal frame needs for the FPU state of the current thread `t`. */
export function fpuFrameBytes(t: Thread): u32 {
  if (areaBytes == 0) ready(t);
  return hasXsave ? areaBytes + 4 : areaBytes;
}

/** True when frames have XSAVE state rather than FXSAVE's. */
export function fpuFrameExtended(): bool {
  return hasXsave;
}

/** Writes the FPU state of the current thread to `ua`, a multiple of 64. 0, -EFAULT or BLOCKED. */
export function fpuToFrame(t: Thread, ua: u64): Result {
  const area = t.fpu;
  fpuSave(area);
  const software = area + FP_SOFTWARE_OFFSET;
  if (hasXsave) {
    store<u32>(software, FP_XSTATE_MAGIC1);
    store<u32>(software, areaBytes + 4, 4);
    store<u64>(software, components, 8);
    store<u32>(software, areaBytes, 16);
    if (magicInRun) store<u32>(area + areaBytes, FP_XSTATE_MAGIC2);
  }
  let r = copyOut(ua, area, firstRun);
  for (let i: u32 = 0; r >= 0 && i < runCount; i++) {
    const offset = load<u32>(runs + (i << 3));
    r = copyOut(ua + offset, area + offset, load<u32>(runs + (i << 3), 4));
  }
  if (r < 0 || !hasXsave || magicInRun) return r;
  store<u32>(magic, FP_XSTATE_MAGIC2);
  return copyOut(ua + areaBytes, magic, 4);
}

/** The FPU registers get the state of a new program. */
export function fpuToClean(): void {
  fpuRestore(clean);
}

/**
 * Loads the FPU registers of the current thread from the state at `ua` in a signal frame, or clean ones if `ua` is 0. A frame without the magic
 * words counts as x87 and SSE state only. 0, -EINVAL when the CPU would refuse it, -EFAULT or BLOCKED.
 */
export function fpuFromFrame(t: Thread, ua: u64): Result {
  if (areaBytes == 0) ready(t);
  if (ua == 0) {
    fpuRestore(clean);
    return 0;
  }
  // While the thread runs its state is in the CPU: the area is free to collect the new one.
  const area = t.fpu;
  let r = copyIn(area, ua, firstRun);
  // Perhaps there is less, from a program that made the frame itself.
  const short = r == -Errno.EFAULT;
  if (short) r = copyIn(area, ua, LEGACY_BYTES);
  if (r < 0) return r;
  if ((load<u32>(area + MXCSR) & ~mxcsrMask) != 0) return -Errno.EINVAL;
  if (hasXsave) {
    r = short ? 0 : restFromFrame(area, ua);
    if (r < 0) return r;
    cleanHeader(area, r != 0);
  }
  fpuRestore(area);
  return 0;
}

/** Copies the other components in, if the frame is marked as having them: 1, else 0; -EFAULT or BLOCKED. */
function restFromFrame(area: usize, ua: u64): Result {
  const software = area + FP_SOFTWARE_OFFSET;
  if (load<u32>(software) != FP_XSTATE_MAGIC1 || load<u32>(software, 16) != areaBytes) return 0;
  let r: Result = 0;
  for (let i: u32 = 0; r >= 0 && i < runCount; i++) {
    const offset = load<u32>(runs + (i << 3));
    r = copyIn(area + offset, ua + offset, load<u32>(runs + (i << 3), 4));
  }
  if (r < 0) return r;
  if (magicInRun) return load<u32>(area + areaBytes) == FP_XSTATE_MAGIC2 ? 1 : 0;
  r = copyIn(magic, ua + areaBytes, 4);
  return r < 0 ? r : load<u32>(magic) == FP_XSTATE_MAGIC2 ? 1 : 0;
}

/** Leaves in XSAVE's header only which components there are: XRSTOR faults on any other bit, and those are not the user's to set. */
function cleanHeader(area: usize, extended: bool): void {
  const header = area + STATE_BITMAP;
  const bitmap = extended ? load<u64>(header) & components & load<u64>(area + FP_SOFTWARE_OFFSET, 8) : 3;
  memory.fill(header, 0, HEADER_BYTES);
  store<u64>(header, bitmap);
}
