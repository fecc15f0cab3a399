// Priority-inheriting futexes (FUTEX_LOCK_PI and relatives of futex(2)): the word holds the id of the thread that owns the lock, and the kernel
// hands it to the next waiter. While anybody waits, a PiState knows the owner, so that the lock goes on when the owner ends. All threads have the
// same priority here, so there is none to inherit, and waiters take turns. A waiting call holds a PiWaiter (OperationKind.FutexPi), which stands
// among the waiters of the word until the call ends.

import { Errno } from "../errno";
import { kernelAlloc, kernelFree } from "../mm/heap";
import { compareExchangeIn } from "../mm/user";
import { BLOCKED, Result } from "../result";
import {
  bucket,
  FUTEX_ENTRY_BYTES,
  FUTEX_MATCH_ANY,
  FUTEX_OWNER_DIED,
  FUTEX_TID_MASK,
  FUTEX_WAITERS,
  FutexEntry,
  futexKey,
  futexWaits,
  keyObject,
  keyPlace,
  wordIn,
} from "./futex";
import { OperationKind, operationOpens, registerOperation } from "./operation";
import { threadFind } from "./pids";
import { park, Thread, unpark, WakeReason } from "./thread";
import { stopWaiting, Waiter, WaiterKind, waitOn } from "./wait";

/** A lock that somebody waits for. */
@unmanaged
class PiState {
  /** Null when the owner has ended and nobody is left to take over. */
  owner: Thread | null;
  /** Neighbours among the states of the owner (Thread.piStates). */
  next: PiState | null;
  prev: PiState | null;
  /** The key of the word. */
  object: usize;
  place: u64;
  /** PiWaiters that refer to it. */
  waiters: u32;
  /** The owner before this one has ended with the lock: the new one notes that in the word. */
  died: bool;
}

@unmanaged
class PiWaiter extends FutexEntry {
  /** Null while the call waits at another word to be moved here (FUTEX_WAIT_REQUEUE_PI). */
  state: PiState | null;
  /** The key of the lock. */
  lockObject: usize;
  lockPlace: u64;
}
const WAITER_BYTES: u32 = (offsetof<PiWaiter>() + 7) & ~7;
if (offsetof<PiWaiter>("state") < FUTEX_ENTRY_BYTES - 7) ERROR("a PiWaiter is a FutexEntry");

/** Longest chain of owners that wait for each other that is looked at (Linux: max_lock_depth). */
const CHAIN_MAX: u32 = 1024;

function stateJoin(state: PiState, owner: Thread): void {
  const first = changetype<PiState | null>(owner.piStates);
  state.owner = owner;
  state.prev = null;
  state.next = first;
  if (first) first.prev = state;
  owner.piStates = changetype<usize>(state);
}

function stateLeave(state: PiState): void {
  const owner = state.owner;
  if (!owner) return;
  const next = state.next;
  const prev = state.prev;
  if (next) next.prev = prev;
  if (prev) prev.next = next;
  else owner.piStates = changetype<usize>(next);
  state.owner = null;
}

/** A state of a lock that `owner` has; null when memory is short. */
function stateNew(owner: Thread, object: usize, place: u64): PiState | null {
  const p = kernelAlloc(offsetof<PiState>());
  if (p == 0) return null;
  const state = changetype<PiState>(p);
  state.object = object;
  state.place = place;
  stateJoin(state, owner);
  return state;
}

function stateFreeIfIdle(state: PiState): void {
  if (state.waiters != 0) return;
  stateLeave(state);
  kernelFree(changetype<usize>(state));
}

/** The first waiter of a word, or null. */
function firstWaiter(object: usize, place: u64): Waiter | null {
  let waiter = bucket(object, place).first;
  while (waiter && !futexWaits(waiter, object, place, FUTEX_MATCH_ANY)) waiter = waiter.next;
  return waiter;
}

/** The state of the lock at a word: 0 when nobody waits, -EINVAL when somebody waits there for something else. */
function stateOf(object: usize, place: u64): Result {
  const waiter = firstWaiter(object, place);
  if (!waiter) return 0;
  const state = waiter.kind == WaiterKind.FutexPi ? changetype<PiWaiter>(waiter).state : null;
  return state ? <Result>changetype<usize>(state) : -Errno.EINVAL;
}

/** The waiter whose turn it is: the first that has not been given the lock; null when there is none. */
function nextWaiter(state: PiState): PiWaiter | null {
  let waiter = bucket(state.object, state.place).first;
  while (waiter) {
    if (waiter.kind == WaiterKind.FutexPi) {
      const candidate = changetype<PiWaiter>(waiter);
      if (candidate.state == state && !candidate.woken) return candidate;
    }
    waiter = waiter.next;
  }
  return null;
}

/** Makes the waiter the owner. */
function passTo(state: PiState, next: PiWaiter): void {
  stateLeave(state);
  stateJoin(state, next.thread);
  next.woken = true;
  unpark(next.thread, WakeReason.Event);
}

/** What `acquire` found: the state, if there is one, and the owner. */
let foundState: PiState | null = null;
let foundOwner: Thread | null = null;

/**
 * Takes the lock at `ua` for `t` if it is free, and else marks that somebody waits. 1: `t` has it; 0: foundOwner has it; -EDEADLK: `t` itself has;
 * -ESRCH: a thread that has ended; -EINVAL, -EFAULT or BLOCKED.
 */
function acquire(t: Thread, ua: u64, object: usize, place: u64, othersWait: bool): Result {
  let seen = wordIn(ua);
  while (seen >= 0) {
    const word = <u32>seen;
    const tid = word & FUTEX_TID_MASK;
    if (tid == t.tid) return -Errno.EDEADLK;
    const found = stateOf(object, place);
    if (found < 0) return found;
    if (found != 0) return mayJoin(changetype<PiState>(<usize>found), word);
    const wanted = tid == 0 ? (word & FUTEX_OWNER_DIED) | t.tid | (othersWait ? FUTEX_WAITERS : 0) : word | FUTEX_WAITERS;
    seen = wanted == word ? word : compareExchangeIn(ua, word, wanted);
    if (seen < 0) return seen;
    if (<u32>seen != word) continue;
    if (tid == 0) return 1;
    foundState = null;
    foundOwner = threadFind(t.process.container, tid);
    return foundOwner ? 0 : -Errno.ESRCH;
  }
  return seen;
}

/** The word must name the owner that the kernel knows, unless that one has yet to write its name. */
function mayJoin(state: PiState, word: u32): Result {
  const owner = state.owner;
  if (!owner) return -Errno.ESRCH;
  if ((word & FUTEX_TID_MASK) != owner.tid && !state.died) return -Errno.EINVAL;
  foundState = state;
  foundOwner = owner;
  return 0;
}

/** True when `owner` waits, over others, for a lock of `t`. */
function wouldDeadlock(t: Thread, owner: Thread): bool {
  for (let i: u32 = 0; i < CHAIN_MAX; i++) {
    if (owner == t) return true;
    if (owner.opKind != OperationKind.FutexPi) return false;
    const waiter = changetype<PiWaiter>(owner.opObject);
    const state = waiter.state;
    const next = state && !waiter.woken ? state.owner : null;
    if (!next) return false;
    owner = next;
  }
  return false;
}

/** Makes the call wait with a new PiWaiter at the word with that key, for a lock or to be moved to one: BLOCKED or an error. */
function waitAt(t: Thread, object: usize, place: u64, deadlineNs: u64): Result {
  const p = kernelAlloc(WAITER_BYTES);
  if (p == 0) return -Errno.ENOMEM;
  const r = park(null, deadlineNs);
  if (r != BLOCKED) {
    kernelFree(p);
    return r;
  }
  const waiter = changetype<PiWaiter>(p);
  waiter.kind = <u8>WaiterKind.FutexPi;
  waiter.thread = t;
  waiter.object = object;
  waiter.place = place;
  waitOn(bucket(object, place), waiter);
  operationOpens();
  t.opKind = OperationKind.FutexPi;
  t.opObject = p;
  return BLOCKED;
}

/**
 * Locks the word at `ua`: 0; -EDEADLK; -ESRCH; -EAGAIN when `tryOnly` and it is not free; -ETIMEDOUT, -ERESTARTSYS, -EINVAL, -ENOMEM, -EFAULT or
 * BLOCKED.
 */
export function futexLockPi(t: Thread, ua: u64, shared: bool, deadlineNs: u64, tryOnly: bool): Result {
  if (t.opKind == OperationKind.FutexPi) return goOn(t, ua, deadlineNs);
  let r = futexKey(t.process.space!, ua, shared);
  if (r < 0) return r;
  const object = keyObject;
  const place = keyPlace;
  r = acquire(t, ua, object, place, false);
  if (r != 0) return r == 1 ? 0 : r;
  if (tryOnly) return -Errno.EAGAIN;
  const owner = foundOwner!;
  if (wouldDeadlock(t, owner)) return -Errno.EDEADLK;
  const state = foundState ? foundState : stateNew(owner, object, place);
  if (!state) return -Errno.ENOMEM;
  r = waitAt(t, object, place, deadlineNs);
  if (r == BLOCKED) {
    state.waiters++;
    changetype<PiWaiter>(t.opObject).state = state;
  } else stateFreeIfIdle(state);
  return r;
}

/** A later run of a call that waits for the lock at `ua`, or to be moved there: 0 once it has it. */
function goOn(t: Thread, ua: u64, deadlineNs: u64): Result {
  const waiter = changetype<PiWaiter>(t.opObject);
  if (!waiter.woken) return park(null, deadlineNs);
  const state = waiter.state;
  if (!state || !state.died) return 0;
  let seen = wordIn(ua);
  let old: Result = -1;
  while (seen >= 0 && seen != old) {
    old = seen;
    seen = compareExchangeIn(ua, <u32>old, FUTEX_WAITERS | FUTEX_OWNER_DIED | t.tid);
  }
  if (seen < 0) return seen;
  state.died = false;
  return 0;
}

/** Unlocks the word at `ua` and hands it to the next waiter: 0; -EPERM when the caller does not own it; -EINVAL, -EFAULT or BLOCKED. */
export function futexUnlockPi(t: Thread, ua: u64, shared: bool): Result {
  const seen = wordIn(ua);
  if (seen < 0) return seen;
  if (((<u32>seen) & FUTEX_TID_MASK) != t.tid) return -Errno.EPERM;
  let r = futexKey(t.process.space!, ua, shared);
  if (r < 0) return r;
  r = stateOf(keyObject, keyPlace);
  if (r < 0) return r;
  const state = changetype<PiState>(<usize>r);
  if (r != 0 && state.owner != t) return -Errno.EINVAL;
  const next = r != 0 ? nextWaiter(state) : null;
  const left = compareExchangeIn(ua, <u32>seen, next ? FUTEX_WAITERS | next.thread.tid : 0);
  if (left < 0) return left;
  if (left != seen) return -Errno.EAGAIN;
  if (next) passTo(state, next);
  return 0;
}

/**
 * Waits at `ua`, which must hold `value`, until futexRequeuePi has moved the call to the lock at `target` and it has that: 0; -EAGAIN, -EINVAL,
 * -ETIMEDOUT, -ENOMEM, -EFAULT, BLOCKED; for a signal -ERESTARTNOINTR before it was moved, -EAGAIN afterwards.
 */
export function futexWaitRequeuePi(t: Thread, ua: u64, value: u32, target: u64, shared: bool, deadlineNs: u64): Result {
  if (t.opKind == OperationKind.FutexPi) {
    const r = goOn(t, target, deadlineNs);
    if (r != -Errno.ERESTARTSYS) return r;
    return changetype<PiWaiter>(t.opObject).state ? -Errno.EAGAIN : -Errno.ERESTARTNOINTR;
  }
  const space = t.process.space!;
  let r = futexKey(space, target, shared);
  if (r < 0) return r;
  const lockObject = keyObject;
  const lockPlace = keyPlace;
  r = futexKey(space, ua, shared);
  if (r < 0) return r;
  if (lockObject == keyObject && lockPlace == keyPlace) return -Errno.EINVAL;
  r = wordIn(ua);
  if (r < 0) return r;
  if (<u32>r != value) return -Errno.EAGAIN;
  r = waitAt(t, keyObject, keyPlace, deadlineNs);
  if (r != BLOCKED) return r == -Errno.ERESTARTSYS ? -Errno.ERESTARTNOINTR : r;
  const waiter = changetype<PiWaiter>(t.opObject);
  waiter.lockObject = lockObject;
  waiter.lockPlace = lockPlace;
  return BLOCKED;
}

/**
 * Gives the lock at `target` to the first waiter of `ua`, if it is free, and lets up to `move` others wait for it, if `ua` holds `expected`: how many
 * of both; -EAGAIN for another value, -EINVAL when they do not wait for that lock, -EDEADLK, -ESRCH, -ENOMEM, -EFAULT or BLOCKED.
 */
export function futexRequeuePi(t: Thread, ua: u64, target: u64, move: i32, expected: u32, shared: bool): Result {
  const space = t.process.space!;
  let r = futexKey(space, target, shared);
  if (r < 0) return r;
  const lockObject = keyObject;
  const lockPlace = keyPlace;
  r = futexKey(space, ua, shared);
  if (r < 0) return r;
  const object = keyObject;
  const place = keyPlace;
  if (lockObject == object && lockPlace == place) return -Errno.EINVAL;
  r = wordIn(ua);
  if (r < 0) return r;
  if (<u32>r != expected) return -Errno.EAGAIN;
  const first = firstWaiter(object, place);
  if (!first) return 0;
  if (!movesTo(first, lockObject, lockPlace)) return -Errno.EINVAL;
  const winner = changetype<PiWaiter>(first);
  r = acquire(winner.thread, target, lockObject, lockPlace, move > 0);
  if (r < 0) return r;
  if (r == 0) return moveAll(object, place, lockObject, lockPlace, 0, move + 1);
  stopWaiting(winner);
  winner.woken = true;
  foundOwner = winner.thread;
  foundState = null;
  unpark(winner.thread, WakeReason.Event);
  return moveAll(object, place, lockObject, lockPlace, 1, move + 1);
}

/** True for a waiter of FUTEX_WAIT_REQUEUE_PI that wants that lock. */
function movesTo(waiter: Waiter, lockObject: usize, lockPlace: u64): bool {
  if (waiter.kind != WaiterKind.FutexPi) return false;
  const entry = changetype<PiWaiter>(waiter);
  return !entry.state && entry.lockObject == lockObject && entry.lockPlace == lockPlace;
}

/** Lets waiters of a word wait for the lock of foundOwner, until `done` is `most`: how many in all, or an error when there are none. */
function moveAll(object: usize, place: u64, lockObject: usize, lockPlace: u64, done: i32, most: i32): Result {
  let result: Result = 0;
  let waiter = bucket(object, place).first;
  while (waiter && done < most && result >= 0) {
    const next = waiter.next;
    if (futexWaits(waiter, object, place, FUTEX_MATCH_ANY)) {
      if (movesTo(waiter, lockObject, lockPlace)) result = moveOne(changetype<PiWaiter>(waiter));
      else result = -Errno.EINVAL;
      if (result >= 0) done++;
    }
    waiter = next;
  }
  return done != 0 ? <Result>done : result;
}

function moveOne(waiter: PiWaiter): Result {
  const owner = foundOwner!;
  if (wouldDeadlock(waiter.thread, owner)) return -Errno.EDEADLK;
  const state = foundState ? foundState : stateNew(owner, waiter.lockObject, waiter.lockPlace);
  if (!state) return -Errno.ENOMEM;
  foundState = state;
  stopWaiting(waiter);
  waiter.object = waiter.lockObject;
  waiter.place = waiter.lockPlace;
  waiter.state = state;
  state.waiters++;
  waitOn(bucket(waiter.object, waiter.place), waiter);
  return 0;
}

/** The thread ends: the locks it has, and that somebody waits for, go to the next. */
export function futexPiThreadEnds(t: Thread): void {
  let state = changetype<PiState | null>(t.piStates);
  while (state) {
    const next = nextWaiter(state);
    if (next) {
      state.died = true;
      passTo(state, next);
    } else stateLeave(state);
    state = changetype<PiState | null>(t.piStates);
  }
}

function releaseWaiter(t: Thread): void {
  const waiter = changetype<PiWaiter>(t.opObject);
  const state = waiter.state;
  stopWaiting(waiter);
  kernelFree(changetype<usize>(waiter));
  if (!state) return;
  state.waiters--;
  stateFreeIfIdle(state);
}

/** To be called once at start-up. */
export function futexPiInit(): void {
  registerOperation(OperationKind.FutexPi, releaseWaiter);
}
