// Filter: what decides whether a thread's system calls are carried out. Filters stand on each other: a new one refers to the one before it, and
// the strictest verdict of all holds. They never change, so a child shares its parent's by a reference. What passes always is known from a
// byte per call number (filterPasses): such a call costs one load more. What the verdicts mean and how programs are run is linuxabi's
// (linuxabi/seccomp/); a container's profile is kernel/task/profile.ts. Specification: seccomp(2).

import { kernelAlloc, kernelFree } from "../mm/heap";
import { Thread } from "./thread";
import { wakeAll, WaitQueue } from "./wait";

export const enum FilterKind {
  /** The four calls of SECCOMP_SET_MODE_STRICT. */
  Strict = 0,
  /** A program of classic BPF. */
  Program = 1,
  /** A table made of a container's configuration. */
  Profile = 2,
}

/** Numbers below this have a byte in a filter's table. */
export const FILTER_NUMBERS: u32 = 512;

/** The bytes of the table: what is known of a number whatever the arguments are. */
export const enum Pass {
  Always = 0,
  /** Nobody has looked yet. */
  Unknown = 1,
  /** It depends, or is refused. */
  Look = 2,
}

@unmanaged
export class Filter {
  refs: u32;
  kind: u8;
  /** Refusals are told to the kernel's log (SECCOMP_FILTER_FLAG_LOG). */
  logs: bool;
  /** Profile: calls of the x32 ABI are judged as those of x86-64; otherwise they end the thread. */
  allowsX32: bool;
  /** Once its listener has received a call, only the thread's end interrupts that (SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV). */
  waitsKillable: bool;
  /** The filter that was there before; null for the first. */
  previous: Filter | null;
  /** Instructions of the program, and of all programs from here on with what each costs beside (linuxabi/sys/seccomp.ts). */
  instructions: u32;
  chainInstructions: u32;
  /** Filters from here on. */
  depth: u32;
  /** Profile: the verdict for calls without a rule, and for numbers above the highest that the profile names. */
  fallback: u32;
  highest: u32;
  beyond: u32;
  /** Bytes of rules in use. */
  bodyUsed: u32;
  /** The WaitQueue of who hears of its calls, or 0: linuxabi/seccomp/listener.ts. He has a reference. */
  listener: usize;
}
const TABLE_OFFSET: u32 = 48;
if (offsetof<Filter>() > TABLE_OFFSET) ERROR("the table follows 48 bytes of header");

/** A filter on top of `previous` (its reference is taken over when this succeeds), with `bodyBytes` of body; null when memory is short. */
export function filterNew(kind: FilterKind, previous: Filter | null, bodyBytes: u32): Filter | null {
  const p = kernelAlloc(TABLE_OFFSET + FILTER_NUMBERS + bodyBytes);
  if (p == 0) return null;
  const f = changetype<Filter>(p);
  f.refs = 1;
  f.kind = <u8>kind;
  f.previous = previous;
  f.depth = previous ? previous.depth + 1 : 1;
  return f;
}

/** A byte of Pass for each number below FILTER_NUMBERS. */
@inline
export function filterTable(f: Filter): usize {
  return changetype<usize>(f) + TABLE_OFFSET;
}

/** What follows the table: the program, or the rules of a profile. */
@inline
export function filterBody(f: Filter): usize {
  return changetype<usize>(f) + (TABLE_OFFSET + FILTER_NUMBERS);
}

export function filterRetain(f: Filter | null): Filter | null {
  if (f) f.refs++;
  return f;
}

/** Drops a reference; the last one frees the filter and lets go of the one it stands on. Who listens to it hears when nobody else has it. */
export function filterRelease(f: Filter | null): void {
  while (f && --f.refs == 0) {
    const previous = f.previous;
    kernelFree(changetype<usize>(f));
    f = previous;
  }
  if (f && f.refs == 1 && f.listener != 0) wakeAll(changetype<WaitQueue>(f.listener));
}

/** The thread ends, and uses its filters no more, though it may be long before it is waited for. Strict mode has nothing to let go of. */
export function filterLeave(t: Thread): void {
  const f = t.filter;
  if (!f || f.kind == FilterKind.Strict) return;
  t.filter = null;
  filterRelease(f);
}

/** True when the call that `t` makes passes its filters whatever its arguments are. The thread must have a filter. */
@inline
export function filterPasses(t: Thread): bool {
  const number = <u32>t.call;
  return number < FILTER_NUMBERS && load<u8>(changetype<usize>(t.filter) + TABLE_OFFSET + number) == Pass.Always;
}
