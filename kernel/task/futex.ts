// Futexes: waiting for a word of user memory to change (futex(2), futex(7); Franke, Russell, Kirkwood, "Fuss, Futexes and Furwocks", OLS 2002).
// The kernel keeps nothing about a word nobody waits for: waiters stand in a hash table of queues by what names the word. That is the
// file and the place in it for shared mappings, the address space and the address for all others; FUTEX_PRIVATE_FLAG makes another name.
// A waiting call keeps its key in Thread.opObject and opData, its bits in opDone, and how far it has come in opPhase. One that waits for
// several words has a FutexEntry for each (kernel/task/futexvector.ts).

import { operationOpens } from "./operation";
import { Errno } from "../errno";
import { compareExchangeIn, copyIn, copyOut, userRange } from "../mm/user";
import { AddressSpace } from "../mm/space";
import { VmaFlag } from "../mm/vma";
import { vmaFind } from "../mm/vmatree";
import { PAGE_SHIFT } from "../mm/frame";
import { Result } from "../result";
import { park, Thread, unpark, WakeReason } from "./thread";
import { stopWaiting, Waiter, WaiterKind, waitOn, WaitQueue, WAITER_BYTES } from "./wait";

const enum Phase {
  Fresh = 0,
  Waiting = 1,
  Woken = 2,
}

/** One of the words that a futex_waitv(2) waits for. */
@unmanaged
export class FutexEntry extends Waiter {
  /** The key of the word. */
  object: usize;
  place: u64;
  thread: Thread;
  /** A wake-up of this word was for this waiter, which is off the queue. */
  woken: bool;
}
if (offsetof<FutexEntry>("object") != WAITER_BYTES) ERROR("a FutexEntry is a Waiter");
export const FUTEX_ENTRY_BYTES: u32 = (offsetof<FutexEntry>() + 7) & ~7;

/** Matches every waiter. */
export const FUTEX_MATCH_ANY: u32 = 0xffff_ffff;

const BUCKETS: u32 = 256;
const buckets = memory.data(256 * 8, 8);
const word = memory.data(8, 8);

/** The key that futexKey computed: object and place. */
export let keyObject: usize = 0;
export let keyPlace: u64 = 0;
/** In the key of a word of private memory that is named without FUTEX_PRIVATE_FLAG. */
const NAMED_AS_SHARED: usize = 1;

@inline
export function bucket(object: usize, place: u64): WaitQueue {
  const hash = ((<u32>(place >> 2)) ^ (<u32>(place >> 12)) ^ (<u32>(object >> 4))) * 0x9e3779b1;
  return changetype<WaitQueue>(buckets + ((hash >> 24) & (BUCKETS - 1)) * 8);
}

/** Computes the key of the word at `ua`: 0; -EINVAL unless it is aligned, -EFAULT outside the user's half. */
export function futexKey(space: AddressSpace, ua: u64, shared: bool): Result {
  if ((ua & 3) != 0) return -Errno.EINVAL;
  if (!userRange(ua, 4)) return -Errno.EFAULT;
  keyObject = changetype<usize>(space);
  keyPlace = ua;
  if (!shared) return 0;
  const vma = vmaFind(space, ua);
  if (!vma) return -Errno.EFAULT;
  const inode = vma.inode;
  if (inode && (vma.flags & VmaFlag.Shared) != 0) {
    keyObject = changetype<usize>(inode);
    keyPlace = (vma.pageOffset << PAGE_SHIFT) + (ua - vma.start);
  } else keyObject |= NAMED_AS_SHARED;
  return 0;
}

/** The futex word at `ua`, or -EFAULT or BLOCKED. */
export function wordIn(ua: u64): Result {
  const r = copyIn(word, ua, 4);
  return r < 0 ? r : <Result>load<u32>(word);
}

/**
 * Waits until the word at `ua`, which must hold `value`, is woken for one of the bits of `bits`. 0; -EAGAIN when it holds another value,
 * -ETIMEDOUT after `deadlineNs`, -ERESTARTSYS for a signal, -EINVAL, -EFAULT or BLOCKED.
 */
export function futexWait(t: Thread, ua: u64, value: u32, bits: u32, shared: bool, deadlineNs: u64): Result {
  if (bits == 0) return -Errno.EINVAL;
  if (t.opPhase == Phase.Woken) return 0;
  let r: Result = 0;
  if (t.opPhase == Phase.Waiting) {
    // A deadline or a signal counts before a change of the word; after any other wake-up it stands again where it stood.
    r = park(null, deadlineNs);
    if (r == -Errno.ETIMEDOUT || r == -Errno.ERESTARTSYS) return r;
    waitOn(bucket(t.opObject, t.opData), t.waiter);
    return r;
  }
  r = futexKey(t.process.space!, ua, shared);
  if (r < 0) return r;
  const found = wordIn(ua);
  if (found < 0) return found;
  if (<u32>found != value) return -Errno.EAGAIN;
  r = park(bucket(keyObject, keyPlace), deadlineNs);
  if (r == -Errno.ETIMEDOUT || r == -Errno.ERESTARTSYS) return r;
  operationOpens();
  t.opPhase = Phase.Waiting;
  t.opObject = keyObject;
  t.opData = keyPlace;
  t.opDone = bits;
  return r;
}

/** True when the waiter waits for this word, and for one of `bits`. */
@inline
export function futexWaits(waiter: Waiter, object: usize, place: u64, bits: u32): bool {
  if (waiter.kind != WaiterKind.Thread) {
    const entry = changetype<FutexEntry>(waiter);
    return entry.place == place && entry.object == object;
  }
  const t = changetype<Thread>(waiter.owner);
  return t.opData == place && t.opObject == object && ((<u32>t.opDone) & bits) != 0;
}

/** Ends the wait: what came was meant for this waiter. */
@inline
function finish(waiter: Waiter): void {
  let t = changetype<Thread>(waiter.owner);
  if (waiter.kind == WaiterKind.FutexEntry) {
    const entry = changetype<FutexEntry>(waiter);
    t = entry.thread;
    entry.woken = true;
    stopWaiting(waiter);
  } else t.opPhase = Phase.Woken;
  unpark(t, WakeReason.Event);
}

/** Makes the waiter wait for another word. */
function moveTo(waiter: Waiter, object: usize, place: u64): void {
  stopWaiting(waiter);
  if (waiter.kind == WaiterKind.FutexEntry) {
    const entry = changetype<FutexEntry>(waiter);
    entry.object = object;
    entry.place = place;
  } else {
    const t = changetype<Thread>(waiter.owner);
    t.opObject = object;
    t.opData = place;
  }
  waitOn(bucket(object, place), waiter);
}

/** Wakes up to `most` (at least one) waiters of the key that wait for one of `bits`: how many; -EINVAL when one waits for a lock there. */
function wakeKey(object: usize, place: u64, most: i32, bits: u32): i32 {
  let woken = 0;
  let waiter = bucket(object, place).first;
  while (waiter) {
    const next = waiter.next;
    if (futexWaits(waiter, object, place, bits)) {
      if (waiter.kind == WaiterKind.FutexPi) return -Errno.EINVAL;
      finish(waiter);
      if (++woken >= most) break;
    }
    waiter = next;
  }
  return woken;
}

/** Wakes up to `most` waiters of the word at `ua` that wait for one of `bits`: how many, -EINVAL or -EFAULT. */
export function futexWake(t: Thread, ua: u64, most: i32, bits: u32, shared: bool): Result {
  if (bits == 0) return -Errno.EINVAL;
  const r = futexKey(t.process.space!, ua, shared);
  return r < 0 ? r : <Result>wakeKey(keyObject, keyPlace, most, bits);
}

/**
 * Wakes up to `wake` waiters of `ua` and lets up to `move` others wait for `target` instead: how many of both. With `compare`, only if the word at
 * `ua` holds `expected`, else -EAGAIN.
 */
export function futexRequeue(
  t: Thread,
  ua: u64,
  target: u64,
  wake: i32,
  move: i32,
  compare: bool,
  expected: u32,
  shared: bool,
  targetShared: bool,
): Result {
  if (wake < 0 || move < 0) return -Errno.EINVAL;
  const space = t.process.space!;
  let r = futexKey(space, target, targetShared);
  if (r < 0) return r;
  const targetObject = keyObject;
  const targetPlace = keyPlace;
  r = futexKey(space, ua, shared);
  if (r < 0) return r;
  const object = keyObject;
  const place = keyPlace;
  if (compare) {
    const found = wordIn(ua);
    if (found < 0) return found;
    if (<u32>found != expected) return -Errno.EAGAIN;
  }
  const same = object == targetObject && place == targetPlace;
  let done = 0;
  let waiter = bucket(object, place).first;
  while (waiter && done - wake < move) {
    const next = waiter.next;
    if (futexWaits(waiter, object, place, FUTEX_MATCH_ANY)) {
      if (waiter.kind == WaiterKind.FutexPi) return -Errno.EINVAL;
      if (done < wake) finish(waiter);
      else if (!same) moveTo(waiter, targetObject, targetPlace);
      done++;
    }
    waiter = next;
  }
  return done;
}

/** What futexWakeOperation does to the second word. */
const enum WordOperation {
  Set = 0,
  Add = 1,
  Or = 2,
  AndNot = 3,
  Xor = 4,
}

const enum WordComparison {
  Equal = 0,
  NotEqual = 1,
  Less = 2,
  LessOrEqual = 3,
  Greater = 4,
  GreaterOrEqual = 5,
}

/**
 * Changes the word at `second` as `operation` encodes (FUTEX_OP of futex(2)), wakes up to `wake` waiters of `ua`, and, if the word's old
 * value compares as encoded, up to `wakeSecond` of `second`. Returns how many in all; -ENOSYS for an unknown operation.
 */
export function futexWakeOperation(t: Thread, ua: u64, second: u64, wake: i32, wakeSecond: i32, operation: u32, shared: bool): Result {
  const space = t.process.space!;
  let r = futexKey(space, second, shared);
  if (r < 0) return r;
  const secondObject = keyObject;
  const secondPlace = keyPlace;
  r = futexKey(space, ua, shared);
  if (r < 0) return r;
  const old = changeWord(second, operation);
  if (old < 0) return old;
  const matches = compareWord(<i32>old, operation);
  if (matches < 0) return matches;
  const woken = wakeKey(keyObject, keyPlace, wake, FUTEX_MATCH_ANY);
  if (woken < 0 || matches == 0) return woken;
  const others = wakeKey(secondObject, secondPlace, wakeSecond, FUTEX_MATCH_ANY);
  return others < 0 ? others : woken + others;
}

/** The word's old value, -EFAULT or -ENOSYS. */
function changeWord(ua: u64, operation: u32): Result {
  let argument = ((<i32>operation) << 8) >> 20;
  // FUTEX_OP_OPARG_SHIFT: the argument is the number of a bit.
  if (<i32>operation < 0) argument = 1 << (argument & 31);
  const kind = (operation >> 28) & 7;
  if (kind > <u32>WordOperation.Xor) return -Errno.ENOSYS;
  let old = wordIn(ua);
  while (old >= 0) {
    const seen = compareExchangeIn(ua, <u32>old, changed(<u32>old, kind, argument));
    if (seen == old) break;
    old = seen;
  }
  return old;
}

function changed(old: u32, kind: u32, argument: u32): u32 {
  switch (kind) {
    case WordOperation.Set:
      return argument;
    case WordOperation.Add:
      return old + argument;
    case WordOperation.Or:
      return old | argument;
    case WordOperation.AndNot:
      return old & ~argument;
    default:
      return old ^ argument;
  }
}

/** 1 when `old` compares as encoded, 0 when not, -ENOSYS for an unknown comparison. */
function compareWord(old: i32, operation: u32): Result {
  const argument = ((<i32>operation) << 20) >> 20;
  switch ((operation >> 24) & 15) {
    case WordComparison.Equal:
      return old == argument ? 1 : 0;
    case WordComparison.NotEqual:
      return old != argument ? 1 : 0;
    case WordComparison.Less:
      return old < argument ? 1 : 0;
    case WordComparison.LessOrEqual:
      return old <= argument ? 1 : 0;
    case WordComparison.Greater:
      return old > argument ? 1 : 0;
    case WordComparison.GreaterOrEqual:
      return old >= argument ? 1 : 0;
    default:
      return -Errno.ENOSYS;
  }
}

/** Bits of a robust mutex's word. */
export const FUTEX_WAITERS: u32 = 0x8000_0000;
export const FUTEX_OWNER_DIED: u32 = 0x4000_0000;
export const FUTEX_TID_MASK: u32 = 0x3fff_ffff;
/** Entries of a robust list that are looked at: it may be a circle. */
const ROBUST_LIST_LIMIT: u32 = 2048;

const robustHead = memory.data(24, 8);
const robustNext = memory.data(8, 8);

/**
 * The current thread ends: frees the robust mutexes it holds (set_robust_list(2)), and tells who joins it that it has gone
 * (set_tid_address(2)). To be called while its memory is still there.
 */
export function futexThreadEnds(t: Thread): void {
  if (!t.process.space) return;
  if (t.robustList != 0) releaseRobustList(t);
  const ua = t.clearTid;
  t.clearTid = 0;
  // Nobody is left to see it.
  if (ua == 0 || (t.process.space!.refs < 2 && t.process.threadCount < 2)) return;
  store<u32>(word, 0);
  if (copyOut(ua, word, 4) >= 0) futexWake(t, ua, 1, FUTEX_MATCH_ANY, true);
}

function releaseRobustList(t: Thread): void {
  const head = t.robustList;
  t.robustList = 0;
  if (copyIn(robustHead, head, 24) < 0) return;
  const offset = load<u64>(robustHead, 8);
  const pending = load<u64>(robustHead, 16) & ~1;
  const pendingIsPi = (load<u64>(robustHead, 16) & PI_ENTRY) != 0;
  let entry = load<u64>(robustHead) & ~1;
  let isPi = (load<u64>(robustHead) & PI_ENTRY) != 0;
  for (let i: u32 = 0; entry != head && i < ROBUST_LIST_LIMIT; i++) {
    // Read on before the lock is free: its new owner may reuse the entry.
    const more = copyIn(robustNext, entry, 8) >= 0;
    const next = load<u64>(robustNext) & ~1;
    const nextIsPi = (load<u64>(robustNext) & PI_ENTRY) != 0;
    if (entry != pending && !ownerDied(t, entry + offset, false, isPi)) return;
    if (!more) return;
    entry = next;
    isPi = nextIsPi;
  }
  if (pending != 0) ownerDied(t, pending + offset, true, pendingIsPi);
}

/** In the links of the list: the entry is a priority-inheriting mutex, which futexPiThreadEnds hands on. */
const PI_ENTRY: u64 = 1;

/** Marks the mutex at `ua` if `t` holds it; false when it cannot be reached. */
function ownerDied(t: Thread, ua: u64, pending: bool, isPi: bool): bool {
  if ((ua & 3) != 0) return false;
  let seen = wordIn(ua);
  let old: Result = -1;
  while (seen >= 0 && seen != old && ((<u32>seen) & FUTEX_TID_MASK) == t.tid) {
    old = seen;
    seen = compareExchangeIn(ua, <u32>old, ((<u32>old) & FUTEX_WAITERS) | FUTEX_OWNER_DIED);
  }
  if (seen < 0) return false;
  if (isPi) return true;
  // Either it was held and somebody waits, or the thread had released it but not woken anybody yet.
  if (seen == old ? ((<u32>old) & FUTEX_WAITERS) != 0 : pending && seen == 0) futexWake(t, ua, 1, FUTEX_MATCH_ANY, true);
  return true;
}
