// System V semaphores: sets of counters that one call changes together or not at all. A call that cannot go on waits on the set's queue and, as
// every restarted call, looks at all of its operations again. What a process has to take back when it ends (SEM_UNDO) is kept per set in
// a list of the process, which its threads share (CLONE_SYSVSEM between processes is taken for that alone). See semop(2), semctl(2).

import { Container } from "../container/container";
import { Errno } from "../errno";
import { kernelAlloc, kernelFree } from "../mm/heap";
import { Result } from "../result";
import { Credentials } from "../task/credentials";
import { OperationKind, operationOpens, registerOperation } from "../task/operation";
import { PidEntry, Process } from "../task/process";
import { current, park, Thread } from "../task/thread";
import { wakeAll, WaitQueue } from "../task/wait";
import { ipcAdd, ipcAt, IpcKind, ipcLastPlace, IpcObject, ipcRemove, nowSeconds } from "./table";

/** SEMVMX: highest value of a semaphore; also what SEM_UNDO may add up to. */
export const SEMAPHORE_MAX: i32 = 32767;

/** SEMMSL, SEMMNS and SEMOPM: semaphores of a set, of all sets, and operations of one call. */
export const SEMAPHORES_PER_SET: u32 = 32000;
export const SEMAPHORES_MAX: u32 = 1024000000;
export const OPERATIONS_MAX: u32 = 500;

/** A counter and the process that changed it last. */
@unmanaged
class Semaphore {
  value: i32;
  pid: u32;
}
const SEMAPHORE_BYTES: u32 = 8;

@unmanaged
export class SemaphoreSet extends IpcObject {
  count: u32;
  /** `count` Semaphores. */
  semaphores: usize;
  operatedSeconds: u64;
  waitFirst: usize;
  waitLast: usize;
  /** Undo records of all processes for this set. */
  undos: usize;
}

/** What one process takes back from one set: a 16-bit adjustment per semaphore behind it. */
@unmanaged
class Undo {
  /** Next of the process and of the set. */
  next: Undo | null;
  setNext: Undo | null;
  set: SemaphoreSet;
  process: Process;
}
const UNDO_BYTES: u32 = offsetof<Undo>();

/** struct sembuf. */
@unmanaged
class Operation {
  number: u16;
  change: i16;
  flags: i16;
}
export const OPERATION_BYTES: u32 = 6;
const NO_WAIT: i16 = 0o4000;
const UNDO: i16 = 0x1000;

@inline
function queueOf(set: SemaphoreSet): WaitQueue {
  return changetype<WaitQueue>(changetype<usize>(set) + offsetof<SemaphoreSet>("waitFirst"));
}

@inline
function semaphore(set: SemaphoreSet, number: u32): Semaphore {
  return changetype<Semaphore>(set.semaphores + number * SEMAPHORE_BYTES);
}

@inline
function adjustment(undo: Undo, number: u32): usize {
  return changetype<usize>(undo) + UNDO_BYTES + (number << 1);
}

/** Semaphores of all sets of the container. */
export function semaphoreTotal(c: Container): u32 {
  let total: u32 = 0;
  for (let place = ipcLastPlace(c, IpcKind.Semaphores); place >= 0; place--) {
    const set = changetype<SemaphoreSet>(ipcAt(c, IpcKind.Semaphores, <u32>place));
    if (changetype<usize>(set) != 0) total += set.count;
  }
  return total;
}

/** A new set of `count` semaphores of value 0: its id, -ENOMEM or -ENOSPC. */
export function setNew(c: Container, key: i32, count: u32, flags: u32, owner: Credentials): Result {
  const p = kernelAlloc(offsetof<SemaphoreSet>());
  const semaphores = kernelAlloc(count * SEMAPHORE_BYTES);
  const set = changetype<SemaphoreSet>(p);
  const r = p == 0 || semaphores == 0 ? -Errno.ENOMEM : ipcAdd(c, IpcKind.Semaphores, set, key, flags, owner);
  if (r < 0) {
    kernelFree(p);
    kernelFree(semaphores);
    return r;
  }
  set.count = count;
  set.semaphores = semaphores;
  return r;
}

function setRelease(set: SemaphoreSet): void {
  if (--set.refs != 0) return;
  kernelFree(set.semaphores);
  kernelFree(changetype<usize>(set));
}

/** Removes the set: whoever waits gets EIDRM. */
export function setDestroy(set: SemaphoreSet): void {
  ipcRemove(set);
  for (let undo: Undo | null = changetype<Undo | null>(set.undos); undo; ) {
    const next = undo.setNext;
    unlinkFromProcess(undo);
    kernelFree(changetype<usize>(undo));
    undo = next;
  }
  set.undos = 0;
  wakeAll(queueOf(set));
  setRelease(set);
}

export function semaphoreValue(set: SemaphoreSet, number: u32): i32 {
  return semaphore(set, number).value;
}

export function semaphorePid(set: SemaphoreSet, number: u32): u32 {
  return semaphore(set, number).pid;
}

/** Sets a semaphore (SETVAL, SETALL), which clears what processes would take back from it. The caller calls setChanged. */
export function semaphoreSet(set: SemaphoreSet, number: u32, value: i32): void {
  const s = semaphore(set, number);
  s.value = value;
  s.pid = current.process.pid;
  let undo = changetype<Undo | null>(set.undos);
  while (undo) {
    store<i16>(adjustment(undo, number), 0);
    undo = undo.setNext;
  }
}

/** Values were set: who waits looks again. */
export function setChanged(set: SemaphoreSet): void {
  set.changedSeconds = nowSeconds();
  wakeAll(queueOf(set));
}

/**
 * How many threads wait for semaphore `number` to become zero, or to grow. Looks at all threads of the container, since one that was woken
 * to look again stands on no queue.
 */
export function semaphoreWaiters(set: SemaphoreSet, number: u32, forZero: bool): u32 {
  const wanted = waitCode(number, forZero);
  const c = set.container;
  let n: u32 = 0;
  for (let i: u32 = 0; i < c.pidBuckets; i++) {
    let e = changetype<PidEntry | null>(<usize>load<u32>(c.pidTable + (i << 2)));
    while (e) {
      const t = e.thread;
      if (t && changetype<usize>(heldSet(t)) == changetype<usize>(set) && <u64>t.opDone == wanted) n++;
      e = e.hashNext;
    }
  }
  return n;
}

@inline
function waitCode(number: u32, forZero: bool): u64 {
  return ((<u64>number) << 1) | (forZero ? 1 : 0);
}

/**
 * Carries out `count` operations (struct sembuf, checked to name semaphores of the set) at `operations`, all or none: 0, -EAGAIN, -ERANGE,
 * -ENOMEM, -EIDRM, or what park returns. `alters`: one of them changes a value. The set is held while the call waits.
 */
export function setOperate(t: Thread, set: SemaphoreSet, operations: usize, count: u32, alters: bool, deadlineNs: u64): Result {
  if (set.isRemoved) return -Errno.EIDRM;
  let undo: Undo | null = null;
  for (let i: u32 = 0; i < count; i++)
    if (changetype<Operation>(operations + i * OPERATION_BYTES).flags & UNDO) {
      undo = undoOf(t.process, set);
      if (!undo) return -Errno.ENOMEM;
      break;
    }
  const r = attempt(set, undo, operations, count);
  if (r < 0) return r;
  if (<u32>r == count) {
    for (let i: u32 = 0; i < count; i++) semaphore(set, changetype<Operation>(operations + i * OPERATION_BYTES).number).pid = t.process.pid;
    set.operatedSeconds = nowSeconds();
    if (alters) wakeAll(queueOf(set));
    return 0;
  }
  const blocking = changetype<Operation>(operations + <usize>r * OPERATION_BYTES);
  if (blocking.flags & NO_WAIT) return -Errno.EAGAIN;
  return waitFor(t, set, waitCode(blocking.number, blocking.change == 0), deadlineNs);
}

function waitFor(t: Thread, set: SemaphoreSet, code: u64, deadlineNs: u64): Result {
  if (t.opKind == OperationKind.None) {
    operationOpens();
    t.opKind = OperationKind.Semaphore;
    t.opObject = changetype<usize>(set);
    set.refs++;
  }
  t.opDone = code;
  return park(queueOf(set), deadlineNs);
}

/** The set that the current call has waited on since an earlier run, or a null pointer. */
@inline
export function heldSet(t: Thread): SemaphoreSet {
  return changetype<SemaphoreSet>(t.opKind == OperationKind.Semaphore ? t.opObject : 0);
}

/** Tries all operations: `count` when they are done, the number of the one that has to wait, or -ERANGE; then nothing has changed. */
function attempt(set: SemaphoreSet, undo: Undo | null, operations: usize, count: u32): Result {
  let result: Result = count;
  let i: u32 = 0;
  for (; i < count; i++) {
    const o = changetype<Operation>(operations + i * OPERATION_BYTES);
    const s = semaphore(set, o.number);
    const value = s.value + o.change;
    if (o.change == 0 ? s.value != 0 : value < 0) result = i;
    else if (value > SEMAPHORE_MAX) result = -Errno.ERANGE;
    else if (undo && o.flags & UNDO) {
      const p = adjustment(undo, o.number);
      const back = <i32>load<i16>(p) - o.change;
      if (back < -SEMAPHORE_MAX - 1 || back > SEMAPHORE_MAX) result = -Errno.ERANGE;
      else store<i16>(p, <i16>back);
    }
    if (result != count) break;
    s.value = value;
  }
  if (result == count) return result;
  while (i-- != 0) {
    const o = changetype<Operation>(operations + i * OPERATION_BYTES);
    semaphore(set, o.number).value -= o.change;
    if (undo && o.flags & UNDO) {
      const p = adjustment(undo, o.number);
      store<i16>(p, <i16>(<i32>load<i16>(p) + o.change));
    }
  }
  return result;
}

/** The process's record for the set, made when it has none; null when memory is short. */
function undoOf(process: Process, set: SemaphoreSet): Undo | null {
  let old = changetype<Undo | null>(process.semaphoreUndos);
  while (old) {
    if (old.set == set) return old;
    old = old.next;
  }
  const p = kernelAlloc(UNDO_BYTES + (set.count << 1));
  if (p == 0) return null;
  const undo = changetype<Undo>(p);
  undo.set = set;
  undo.process = process;
  undo.next = changetype<Undo | null>(process.semaphoreUndos);
  process.semaphoreUndos = p;
  undo.setNext = changetype<Undo | null>(set.undos);
  set.undos = p;
  return undo;
}

function unlinkFromProcess(undo: Undo): void {
  const process = undo.process;
  let before: Undo | null = null;
  let at = changetype<Undo | null>(process.semaphoreUndos);
  while (at && at != undo) {
    before = at;
    at = at.next;
  }
  if (before) before.next = undo.next;
  else process.semaphoreUndos = changetype<usize>(undo.next);
}

function unlinkFromSet(undo: Undo): void {
  const set = undo.set;
  let before: Undo | null = null;
  let at = changetype<Undo | null>(set.undos);
  while (at && at != undo) {
    before = at;
    at = at.setNext;
  }
  if (before) before.setNext = undo.setNext;
  else set.undos = changetype<usize>(undo.setNext);
}

/** For the end of a process: takes back what it said it would. A value stays between 0 and SEMVMX, as on Linux. */
export function semaphoreUndosEnd(process: Process): void {
  for (let undo: Undo | null = changetype<Undo | null>(process.semaphoreUndos); undo; ) {
    const next = undo.next;
    const set = undo.set;
    for (let i: u32 = 0; i < set.count; i++) {
      const back = load<i16>(adjustment(undo, i));
      if (back == 0) continue;
      const s = semaphore(set, i);
      s.value = min(max<i32>(s.value + back, 0), SEMAPHORE_MAX);
      s.pid = process.pid;
    }
    set.operatedSeconds = nowSeconds();
    unlinkFromSet(undo);
    kernelFree(changetype<usize>(undo));
    wakeAll(queueOf(set));
    undo = next;
  }
  process.semaphoreUndos = 0;
}

function releaseHeldSet(t: Thread): void {
  setRelease(changetype<SemaphoreSet>(t.opObject));
}

/** To be called once at start-up. */
export function semaphoresInit(): void {
  registerOperation(OperationKind.Semaphore, releaseHeldSet);
}
