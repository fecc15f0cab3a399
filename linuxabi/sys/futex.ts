// futex(2), futex_waitv(2), futex_wake(2) and relatives, and the robust list (set_robust_list(2), get_robust_list(2)).

import { Errno } from "../../kernel/errno";
import { copyIn, copyOut } from "../../kernel/mm/user";
import { Result } from "../../kernel/result";
import { FUTEX_MATCH_ANY, futexRequeue, futexWait, futexWake, futexWakeOperation } from "../../kernel/task/futex";
import {
  FUTEX_VECTOR_MAX,
  FUTEX_WORD_BYTES,
  futexVectorGoOn,
  futexWaitsForVector,
  futexWaitVector,
  FutexWord,
} from "../../kernel/task/futexvector";
import { futexLockPi, futexRequeuePi, futexUnlockPi, futexWaitRequeuePi } from "../../kernel/task/futexpi";
import { threadFind } from "../../kernel/task/pids";
import { deadlineAfter, interruptedUntil, interruptedUntilDeadline, NEVER, Thread } from "../../kernel/task/thread";
import { wallOffset } from "../../kernel/time/clock";
import { mayKill } from "../../kernel/task/signal";
import { ClockId } from "../types/time";
import { timeNs, timespecIn } from "./timespec";

const enum FutexOperation {
  FUTEX_WAIT = 0,
  FUTEX_WAKE = 1,
  FUTEX_REQUEUE = 3,
  FUTEX_CMP_REQUEUE = 4,
  FUTEX_WAKE_OP = 5,
  FUTEX_LOCK_PI = 6,
  FUTEX_UNLOCK_PI = 7,
  FUTEX_TRYLOCK_PI = 8,
  FUTEX_WAIT_BITSET = 9,
  FUTEX_WAKE_BITSET = 10,
  FUTEX_WAIT_REQUEUE_PI = 11,
  FUTEX_CMP_REQUEUE_PI = 12,
  FUTEX_LOCK_PI2 = 13,
}
const FUTEX_PRIVATE_FLAG: u32 = 128;
const FUTEX_CLOCK_REALTIME: u32 = 256;
const ROBUST_LIST_HEAD_BYTES: u64 = 24;

const space = memory.data(8, 8);

/** futex(2). FUTEX_FD is gone since Linux 2.6.26. */
export function sysFutex(t: Thread, ua: u64, operation: u32, value: u32, timeout: u64, second: u64, value3: u32): Result {
  const shared = (operation & FUTEX_PRIVATE_FLAG) == 0;
  const realTime = (operation & FUTEX_CLOCK_REALTIME) != 0;
  const command = operation & ~(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME);
  if (realTime && !hasClocks(command)) return -Errno.ENOSYS;
  switch (command) {
    case FutexOperation.FUTEX_WAIT:
      return waitFor(t, ua, value, timeout, shared);
    case FutexOperation.FUTEX_WAIT_BITSET:
      return waitUntil(t, ua, value, value3, timeout, shared, realTime);
    case FutexOperation.FUTEX_WAKE:
      return futexWake(t, ua, value, FUTEX_MATCH_ANY, shared);
    case FutexOperation.FUTEX_WAKE_BITSET:
      return futexWake(t, ua, value, value3, shared);
    case FutexOperation.FUTEX_REQUEUE:
      return futexRequeue(t, ua, second, value, <i32>timeout, false, 0, shared, shared);
    case FutexOperation.FUTEX_CMP_REQUEUE:
      return futexRequeue(t, ua, second, value, <i32>timeout, true, value3, shared, shared);
    case FutexOperation.FUTEX_WAKE_OP:
      return futexWakeOperation(t, ua, second, value, <i32>timeout, value3, shared);
    case FutexOperation.FUTEX_LOCK_PI:
      return lockPi(t, ua, timeout, shared, true);
    case FutexOperation.FUTEX_LOCK_PI2:
      return lockPi(t, ua, timeout, shared, realTime);
    case FutexOperation.FUTEX_TRYLOCK_PI:
      return futexLockPi(t, ua, shared, NEVER, true);
    case FutexOperation.FUTEX_UNLOCK_PI:
      return futexUnlockPi(t, ua, shared);
    case FutexOperation.FUTEX_WAIT_REQUEUE_PI:
      return waitRequeuePi(t, ua, value, timeout, second, shared, realTime);
    case FutexOperation.FUTEX_CMP_REQUEUE_PI:
      if (value != 1 || <i32>timeout < 0 || ua == second) return -Errno.EINVAL;
      return futexRequeuePi(t, ua, second, <i32>timeout, value3, shared);
    default:
      return -Errno.ENOSYS;
  }
}

/** Operations that FUTEX_CLOCK_REALTIME may go with. */
@inline
function hasClocks(command: u32): bool {
  return (
    command == FutexOperation.FUTEX_WAIT_BITSET ||
    command == FutexOperation.FUTEX_WAIT_REQUEUE_PI ||
    command == FutexOperation.FUTEX_LOCK_PI2
  );
}

/** FUTEX_LOCK_PI and FUTEX_LOCK_PI2: the timeout is absolute. A signal's handler runs, and the call goes on. */
function lockPi(t: Thread, ua: u64, timeout: u64, shared: bool, realTime: bool): Result {
  let deadline = NEVER;
  if (timeout != 0) {
    const r = timespecIn(timeout);
    if (r < 0) return r;
    deadline = absoluteDeadline(realTime);
  }
  const r = futexLockPi(t, ua, shared, deadline, false);
  return r == -Errno.ERESTARTSYS ? -Errno.ERESTARTNOINTR : r;
}

function waitRequeuePi(t: Thread, ua: u64, value: u32, timeout: u64, target: u64, shared: bool, realTime: bool): Result {
  if (ua == target) return -Errno.EINVAL;
  let deadline = NEVER;
  if (timeout != 0) {
    const r = timespecIn(timeout);
    if (r < 0) return r;
    deadline = absoluteDeadline(realTime);
  }
  return futexWaitRequeuePi(t, ua, value, target, shared, deadline);
}

/** FUTEX_WAIT: the timeout is relative. */
function waitFor(t: Thread, ua: u64, value: u32, timeout: u64, shared: bool): Result {
  if (timeout == 0) return futexWait(t, ua, value, FUTEX_MATCH_ANY, shared, NEVER);
  let r = timespecIn(timeout);
  if (r < 0) return r;
  r = futexWait(t, ua, value, FUTEX_MATCH_ANY, shared, deadlineAfter(t, timeNs));
  return r == -Errno.ERESTARTSYS ? interruptedUntilDeadline(t) : r;
}

/** FUTEX_WAIT_BITSET: the timeout is absolute. */
function waitUntil(t: Thread, ua: u64, value: u32, bits: u32, timeout: u64, shared: bool, realTime: bool): Result {
  if (timeout == 0) return futexWait(t, ua, value, bits, shared, NEVER);
  let r = timespecIn(timeout);
  if (r < 0) return r;
  const deadline = absoluteDeadline(realTime);
  r = futexWait(t, ua, value, bits, shared, deadline);
  return r == -Errno.ERESTARTSYS ? interruptedUntil(t, deadline) : r;
}

/** The time that timespecIn read, as monotonic time. */
export function absoluteDeadline(realTime: bool): u64 {
  const offset = realTime ? wallOffset() : 0;
  return timeNs > offset ? timeNs - offset : 0;
}

/** struct futex_waitv: value u64, address u64, flags u32, reserved u32. */
const WAITV_BYTES: u32 = 24;
const FUTEX_32: u32 = 2;
const waitv = memory.data(24, 8);
const words = memory.data(128 * 16, 8);

/** futex_waitv(2): the index of a word that was woken; -EINVAL, -EFAULT, -EAGAIN, -ETIMEDOUT, -ENOMEM. The timeout is absolute. */
export function sysFutexWaitv(t: Thread, waiters: u64, count: u32, flags: u32, timeout: u64, clock: i32): Result {
  if (flags != 0 || count == 0 || count > FUTEX_VECTOR_MAX || waiters == 0) return -Errno.EINVAL;
  let deadline = NEVER;
  if (timeout != 0) {
    const r = clockDeadline(timeout, clock);
    if (r < 0) return r;
    deadline = clockDeadlineNs;
  }
  if (futexWaitsForVector(t)) return futexVectorGoOn(t, deadline);
  for (let i: u32 = 0; i < count; i++) {
    let r = copyIn(waitv, waiters + i * WAITV_BYTES, WAITV_BYTES);
    if (r >= 0) r = parseWord(changetype<FutexWord>(words + i * FUTEX_WORD_BYTES));
    if (r < 0) return r;
  }
  return futexWaitVector(t, words, count, deadline);
}

function parseWord(word: FutexWord): Result {
  const value = load<u64>(waitv);
  const flags = load<u32>(waitv, 16);
  if ((flags & ~FUTEX_PRIVATE_FLAG) != FUTEX_32 || load<u32>(waitv, 20) != 0 || value > u32.MAX_VALUE) return -Errno.EINVAL;
  word.ua = load<u64>(waitv, 8);
  word.value = <u32>value;
  word.shared = (flags & FUTEX_PRIVATE_FLAG) == 0;
  return 0;
}

/** Flags of futex_wake, futex_wait and futex_requeue: a private word of 32 bits. */
const FUTEX2_KNOWN: u32 = FUTEX_32 | FUTEX_PRIVATE_FLAG;

/** True when the flags and a value or mask of a word are good. */
@inline
function isWord32(flags: u32, value: u64): bool {
  return (flags & ~FUTEX2_KNOWN) == 0 && (flags & FUTEX_32) != 0 && value <= u32.MAX_VALUE;
}

/** futex_wake(2) of Linux 6.7: as FUTEX_WAKE_BITSET, but to wake nobody is nothing. */
export function sysFutexWake(t: Thread, ua: u64, mask: u64, most: i32, flags: u32): Result {
  if (!isWord32(flags, mask) || mask == 0) return -Errno.EINVAL;
  if (most == 0) return 0;
  return futexWake(t, ua, most, <u32>mask, (flags & FUTEX_PRIVATE_FLAG) == 0);
}

/** futex_wait(2) of Linux 6.7: as FUTEX_WAIT_BITSET, until an absolute time of either clock. */
export function sysFutexWait(t: Thread, ua: u64, value: u64, mask: u64, flags: u32, timeout: u64, clock: i32): Result {
  if (!isWord32(flags, value) || mask > u32.MAX_VALUE) return -Errno.EINVAL;
  let deadline = NEVER;
  if (timeout != 0) {
    const r = clockDeadline(timeout, clock);
    if (r < 0) return r;
    deadline = clockDeadlineNs;
  }
  return futexWait(t, ua, <u32>value, <u32>mask, (flags & FUTEX_PRIVATE_FLAG) == 0, deadline);
}

/** futex_requeue(2) of Linux 6.7: as FUTEX_CMP_REQUEUE; the first of two struct futex_waitv has the value. */
export function sysFutexRequeue(t: Thread, waiters: u64, flags: u32, wake: i32, move: i32): Result {
  if (flags != 0 || waiters == 0) return -Errno.EINVAL;
  for (let i: u32 = 0; i < 2; i++) {
    let r = copyIn(waitv, waiters + i * WAITV_BYTES, WAITV_BYTES);
    if (r >= 0) r = parseWord(changetype<FutexWord>(words + i * FUTEX_WORD_BYTES));
    if (r < 0) return r;
  }
  const from = changetype<FutexWord>(words);
  const to = changetype<FutexWord>(words + FUTEX_WORD_BYTES);
  return futexRequeue(t, from.ua, to.ua, wake, move, true, from.value, from.shared, to.shared);
}

/** Reads an absolute time of the real-time or the monotonic clock into `clockDeadlineNs`: 0, -EINVAL, -EFAULT or BLOCKED. */
function clockDeadline(timeout: u64, clock: i32): Result {
  if (clock != ClockId.CLOCK_REALTIME && clock != ClockId.CLOCK_MONOTONIC) return -Errno.EINVAL;
  const r = timespecIn(timeout);
  clockDeadlineNs = absoluteDeadline(clock == ClockId.CLOCK_REALTIME);
  return r;
}
let clockDeadlineNs: u64 = 0;

export function sysSetRobustList(t: Thread, head: u64, bytes: u64): Result {
  if (bytes != ROBUST_LIST_HEAD_BYTES) return -Errno.EINVAL;
  t.robustList = head;
  t.robustBytes = bytes;
  return 0;
}

export function sysGetRobustList(t: Thread, tid: i32, head: u64, bytes: u64): Result {
  const target = tid == 0 ? t : threadFind(t.process.container, <u32>tid);
  if (!target) return -Errno.ESRCH;
  if (target.process != t.process && mayKill(t, target.process, 0) < 0) return -Errno.EPERM;
  store<u64>(space, ROBUST_LIST_HEAD_BYTES);
  const r = copyOut(bytes, space, 8);
  if (r < 0) return r;
  store<u64>(space, target.robustList);
  return copyOut(head, space, 8);
}
