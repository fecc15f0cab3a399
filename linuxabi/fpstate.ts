// FPU state in signal frames: an XSAVE area in user memory, marked by the magic words of struct _fpx_sw_bytes
// (arch/x86/include/uapi/asm/sigcontext.h), so that a handler can look at it and change it. The CPU writes and reads it there itself; what a
// program has made by hand and what lacks the marks goes through the thread's area (Intel SDM 1, chapter 13).

import { cpuid, fpuRestore, fpuRestoreUser, fpuSave, fpuSaveUser } from "../shim/isa";
import { Errno } from "../kernel/errno";
import { beginWords, copyIn, endWords, getWord, putHalfWord, putWord, userRange } from "../kernel/mm/user";
import { BLOCKED, Result } from "../kernel/result";
import { Thread } from "../kernel/task/thread";
import { FP_SOFTWARE_OFFSET, FP_XSTATE_MAGIC1, FP_XSTATE_MAGIC2 } from "./types/signal";

/** x87 and SSE state, as FXSAVE writes it; XSAVE's header follows. */
const LEGACY_BYTES: u32 = 512;
const HEADER_BYTES: u32 = 64;
const MXCSR: u32 = 24;
const MXCSR_MASK: u32 = 28;
const STATE_BITMAP: u32 = 512;
/** The components that shim/isa.c enables. */
const COMPONENTS: u64 = 0xe7;

/** Bytes of the area; 0 until the CPU has been asked. */
let areaBytes: u32 = 0;
let hasXsave = false;
let components: u64 = 3;
let mxcsrMask: u32 = 0xffbf;
/** The state a handler starts with, at a multiple of 64. */
const cleanSpace = memory.data(LEGACY_BYTES + HEADER_BYTES + 64, 16);
let clean: usize = 0;
/** The word behind an area. */
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
    areaBytes = LEGACY_BYTES + HEADER_BYTES;
    for (let i: u32 = 2; i < 8; i++) if (((components >> i) & 1) != 0) areaBytes = max(areaBytes, cpuid(13, i, 1) + cpuid(13, i, 0));
  }
  fpuSave(t.fpu);
  const mask = load<u32>(t.fpu + MXCSR_MASK);
  if (mask != 0) mxcsrMask = mask;
}

/** Bytes that a signal frame needs for the FPU state of the current thread `t`. */
export function fpuFrameBytes(t: Thread): u32 {
  if (areaBytes == 0) ready(t);
  return hasXsave ? areaBytes + 4 : areaBytes;
}

/** The components of the processor's state that a thread has, as XCR0 counts them. */
export function fpuComponents(t: Thread): u64 {
  if (areaBytes == 0) ready(t);
  return components;
}

/** True when frames have XSAVE state rather than FXSAVE's. */
export function fpuFrameExtended(): bool {
  return hasXsave;
}

/**
 * Writes the FPU state of the current thread to `ua`, a multiple of 64, in a row that the caller has begun (beginWords): fpuFrameBytes() bytes.
 * XSAVE leaves alone what the components do not use: only the header must be zero before.
 */
export function fpuToFrame(ua: u64): void {
  if (!hasXsave) return fpuSaveUser(ua);
  putZeros(ua + STATE_BITMAP, HEADER_BYTES / 8);
  fpuSaveUser(ua);
  const software = ua + FP_SOFTWARE_OFFSET;
  putWord(software, FP_XSTATE_MAGIC1 | ((<u64>(areaBytes + 4)) << 32));
  putWord(software + 8, components);
  putWord(software + 16, areaBytes);
  putZeros(software + 24, 3);
  putHalfWord(ua + areaBytes, FP_XSTATE_MAGIC2);
}

/** Up to eight words, of which `words` is a constant: gcc would not unroll a loop. */
@inline
function putZeros(ua: u64, words: u32): void {
  if (words > 0) putWord(ua, 0);
  if (words > 1) putWord(ua + 8, 0);
  if (words > 2) putWord(ua + 16, 0);
  if (words > 3) putWord(ua + 24, 0);
  if (words > 4) putWord(ua + 32, 0);
  if (words > 5) putWord(ua + 40, 0);
  if (words > 6) putWord(ua + 48, 0);
  if (words > 7) putWord(ua + 56, 0);
}

/** The FPU registers get the state of a new program. */
export function fpuToClean(): void {
  fpuRestore(clean);
}

/**
 * Loads the FPU registers of the current thread from the state at `ua` in a signal frame, or clean ones if `ua` is 0. 0, -EINVAL when the CPU
 * refuses it, -EFAULT or BLOCKED; the registers are then anything.
 */
export function fpuFromFrame(t: Thread, ua: u64): Result {
  if (areaBytes == 0) ready(t);
  if (ua == 0) {
    fpuToClean();
    return 0;
  }
  if (!hasXsave || !userRange(ua, areaBytes + 4)) return fromUnmarked(t, ua);
  let r: Result;
  do {
    beginWords();
    const software = ua + FP_SOFTWARE_OFFSET;
    // Marked as whole, as Linux tells it: both magic words, the size and all components.
    const isWhole =
      <u32>getWord(software) == FP_XSTATE_MAGIC1 &&
      (getWord(software + 8) & components) == components &&
      <u32>getWord(software + 16) == areaBytes &&
      <u32>(getWord(ua + areaBytes - 4) >> 32) == FP_XSTATE_MAGIC2 &&
      ((<u32>getWord(ua + MXCSR)) & ~mxcsrMask) == 0;
    if (isWhole) fpuRestoreUser(ua);
    r = endWords(false);
    if (r == 0 && !isWhole) return fromUnmarked(t, ua);
  } while (r > 0);
  return r;
}

/** As fpuFromFrame, for a frame that has no XSAVE state, or not of all components, or that may not be read to its end. */
function fromUnmarked(t: Thread, ua: u64): Result {
  // While the thread runs its state is in the CPU: the area is free to collect the new one.
  const area = t.fpu;
  let r = copyIn(area, ua, LEGACY_BYTES);
  if (r < 0) return r;
  if (hasXsave) {
    let present: u64 = 3;
    const software = area + FP_SOFTWARE_OFFSET;
    const bytes = load<u32>(software, 16);
    if (load<u32>(software) == FP_XSTATE_MAGIC1 && bytes >= LEGACY_BYTES + HEADER_BYTES && bytes <= areaBytes) {
      r = copyIn(magic, ua + bytes, 4);
      if (r == BLOCKED) return r;
      if (r == 0 && load<u32>(magic) == FP_XSTATE_MAGIC2) {
        const wanted = load<u64>(software, 8) & components;
        r = copyIn(area, ua, areaBytes);
        if (r < 0) return r;
        present = load<u64>(area + STATE_BITMAP) & wanted;
      }
    }
    // Only what there is: XRSTOR faults on any other bit, and those are not the user's to set.
    memory.fill(area + STATE_BITMAP, 0, HEADER_BYTES);
    store<u64>(area + STATE_BITMAP, present);
  }
  if ((load<u32>(area + MXCSR) & ~mxcsrMask) != 0) return -Errno.EINVAL;
  fpuRestore(area);
  return 0;
}
