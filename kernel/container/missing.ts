// What a container asked for and did not get, for `cyrius run --missing`: system calls that are not there, a count per number, and flags, commands
// and the like that a call does not support, a table of bounded length. Counts are lost, never a call, when memory is short.

import { put, putByte, putBytes, putHex, putUnsigned, Text } from "../lib/text";
import { kernelAlloc, kernelFree } from "../mm/heap";
import { Result } from "../result";
import { Thread } from "../task/thread";
import { callName, CALL_NAME_BYTES } from "./callnames";
import { Container } from "./container";

/** Numbers are counted up to here; larger ones are counted together in the last place. */
const MISSING_NUMBERS: u32 = 512;

/** One argument of one call that is not supported. */
@unmanaged
class MissingFlag {
  /** What the argument is ("flags", say), a literal; OFF for a call that is off. */
  what: string;
  call: u32;
  value: u64;
  times: u32;
  padding: u32;
}
const FLAG_BYTES: u32 = 24;
if (offsetof<MissingFlag>() != FLAG_BYTES) ERROR("a MissingFlag is 24 bytes");
/** Different ones beyond this many are not counted. */
const FLAGS_MAX: u32 = 64;

const OFF: string = "off";
const name = memory.data(32, 8);
if (CALL_NAME_BYTES > 32) ERROR("a name has room");

/** Counts one request for call `number`. */
export function missingCount(c: Container, number: u32): void {
  if (c.missing == 0) c.missing = kernelAlloc(MISSING_NUMBERS * 4);
  if (c.missing == 0) return;
  const slot = c.missing + (min<u32>(number, MISSING_NUMBERS - 1) << 2);
  store<u32>(slot, load<u32>(slot) + 1);
}

@inline
function flagAt(c: Container, i: u32): MissingFlag {
  return changetype<MissingFlag>(c.missingFlags + i * FLAG_BYTES);
}

/**
 * Counts that the call `t` makes asked for `value` as its `what`, which Linux may know and this kernel does not. `what` is a literal, one for
 * each kind.
 */
export function missingFlag(t: Thread, what: string, value: u64): void {
  const c = t.process.container;
  const call = <u32>t.call;
  for (let i: u32 = 0; i < c.missingFlagCount; i++) {
    const one = flagAt(c, i);
    if (one.call != call || one.value != value || changetype<usize>(one.what) != changetype<usize>(what)) continue;
    one.times++;
    return;
  }
  if (c.missingFlagCount == FLAGS_MAX) return;
  if (c.missingFlags == 0) c.missingFlags = kernelAlloc(FLAGS_MAX * FLAG_BYTES);
  if (c.missingFlags == 0) return;
  const one = flagAt(c, c.missingFlagCount++);
  one.what = what;
  one.call = call;
  one.value = value;
  one.times = 1;
}

/** The answer `answer` to such a request, which is counted. */
export function unsupported(t: Thread, what: string, value: u64, answer: Result): Result {
  missingFlag(t, what, value);
  return answer;
}

/** Counts a call that is off on purpose. */
export function missingOff(t: Thread): void {
  missingFlag(t, OFF, 0);
}

function putCall(text: Text, number: u32): void {
  putUnsigned(text, number);
  putByte(text, 0x20);
  putBytes(text, name, callName(number, name));
  putByte(text, 0x20);
}

/** Appends the report, one line each (docs/control-protocol.md, "Features, log and reports"). */
export function putMissing(text: Text, c: Container): void {
  for (let n: u32 = 0; n < MISSING_NUMBERS && c.missing != 0; n++) {
    const times = load<u32>(c.missing + (n << 2));
    if (times == 0) continue;
    putCall(text, n);
    putUnsigned(text, times);
    putByte(text, 0x0a);
  }
  for (let i: u32 = 0; i < c.missingFlagCount; i++) {
    const one = flagAt(c, i);
    putCall(text, one.call);
    put(text, one.what);
    if (changetype<usize>(one.what) != changetype<usize>(OFF)) {
      put(text, "=0x");
      putHex(text, one.value);
    }
    putByte(text, 0x20);
    putUnsigned(text, one.times);
    putByte(text, 0x0a);
  }
}

export function missingFree(c: Container): void {
  kernelFree(c.missing);
  kernelFree(c.missingFlags);
  c.missing = 0;
  c.missingFlags = 0;
  c.missingFlagCount = 0;
}
