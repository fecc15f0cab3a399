// Pids of one container: numbers from 1, given out in rising order and reused after they wrap. A PidEntry stands for a number as long as a
// thread, a process group or a session bears it, so that a group keeps its number after its leader has gone.

import { Container } from "../container/container";
import { kernelAlloc, kernelFree } from "../mm/heap";
import { PidEntry, Process } from "./process";
import { Thread } from "./thread";

/** kernel.pid_max of 64-bit Linux. */
export const PID_MAX: u32 = 4194304;

@inline
function bucket(c: Container, number: u32): usize {
  return c.pidTable + ((number & (c.pidBuckets - 1)) << 2);
}

function grow(c: Container): bool {
  const count = max<u32>(c.pidBuckets * 2, 16);
  const table = kernelAlloc(count * 4);
  if (table == 0) return false;
  for (let i: u32 = 0; i < c.pidBuckets; i++) {
    let e = changetype<PidEntry | null>(<usize>load<u32>(c.pidTable + (i << 2)));
    while (e) {
      const next = e.hashNext;
      const slot = table + ((e.number & (count - 1)) << 2);
      e.hashNext = changetype<PidEntry | null>(<usize>load<u32>(slot));
      store<u32>(slot, <u32>changetype<usize>(e));
      e = next;
    }
  }
  kernelFree(c.pidTable);
  c.pidTable = table;
  c.pidBuckets = count;
  return true;
}

/** The entry of `number`, or null when nobody bears it. */
export function pidFind(c: Container, number: u32): PidEntry | null {
  if (c.pidBuckets == 0) return null;
  let e = changetype<PidEntry | null>(<usize>load<u32>(bucket(c, number)));
  while (e && e.number != number) e = e.hashNext;
  return e;
}

/** The next number that nobody bears. */
function nextNumber(c: Container): u32 {
  let number = c.lastPid;
  do number = number + 1 >= PID_MAX ? (c.isHost || c.init ? 300 : 1) : number + 1;
  while (pidFind(c, number) != null);
  c.lastPid = number;
  return number;
}

/** A new number, `wanted` if that is not 0 (nobody may bear it), with one reference; null when memory is short. */
export function pidNew(c: Container, wanted: u32 = 0): PidEntry | null {
  if (c.pidCount >= c.pidBuckets * 2 && !grow(c)) {
    if (c.pidBuckets == 0) return null;
  }
  const p = kernelAlloc(offsetof<PidEntry>());
  if (p == 0) return null;
  if (c.pidCount == 0) c.lastPid = 0; // a container's first process is 1
  const number = wanted != 0 ? wanted : nextNumber(c);
  const e = changetype<PidEntry>(p);
  e.number = number;
  e.refs = 1;
  const slot = bucket(c, number);
  e.hashNext = changetype<PidEntry | null>(<usize>load<u32>(slot));
  store<u32>(slot, <u32>p);
  c.pidCount++;
  return e;
}

/** Drops a use of the number; the last one frees it. */
export function pidRelease(c: Container, e: PidEntry): void {
  if (--e.refs != 0) return;
  const slot = bucket(c, e.number);
  let at = changetype<PidEntry | null>(<usize>load<u32>(slot));
  if (at == e) store<u32>(slot, <u32>changetype<usize>(e.hashNext));
  else
    while (at) {
      if (at.hashNext == e) {
        at.hashNext = e.hashNext;
        break;
      }
      at = at.hashNext;
    }
  c.pidCount--;
  kernelFree(changetype<usize>(e));
}

/** The process of pid `number` that is alive or a zombie; null when there is none. */
export function processFind(c: Container, number: u32): Process | null {
  const e = pidFind(c, number);
  return e ? e.process : null;
}

/** The living thread of id `number`; null when there is none. */
export function threadFind(c: Container, number: u32): Thread | null {
  const e = pidFind(c, number);
  return e ? e.thread : null;
}

/** Puts `p` in the process group of `e`, of which it must not be a member. */
export function groupJoin(p: Process, e: PidEntry): void {
  e.refs++;
  p.group = e;
  const first = e.group;
  p.groupPrev = null;
  p.groupNext = first;
  if (first) first.groupPrev = p;
  e.group = p;
}

export function groupLeave(p: Process): void {
  const e = p.group;
  const next = p.groupNext;
  const prev = p.groupPrev;
  if (next) next.groupPrev = prev;
  if (prev) prev.groupNext = next;
  else e.group = next;
  pidRelease(p.container, e);
}

export function sessionJoin(p: Process, e: PidEntry): void {
  e.refs++;
  p.session = e;
  const first = e.session;
  p.sessionPrev = null;
  p.sessionNext = first;
  if (first) first.sessionPrev = p;
  e.session = p;
}

export function sessionLeave(p: Process): void {
  const e = p.session;
  const next = p.sessionNext;
  const prev = p.sessionPrev;
  if (next) next.sessionPrev = prev;
  if (prev) prev.sessionNext = next;
  else e.session = next;
  pidRelease(p.container, e);
}

/** Threads of the container whose real user is `uid`: for RLIMIT_NPROC, which few set. */
export function threadsOf(c: Container, uid: u32): u32 {
  let n: u32 = 0;
  for (let i: u32 = 0; i < c.pidBuckets; i++) {
    let e = changetype<PidEntry | null>(<usize>load<u32>(c.pidTable + (i << 2)));
    while (e) {
      const t = e.thread;
      if (t && t.credentials.uid == uid) n++;
      e = e.hashNext;
    }
  }
  return n;
}
