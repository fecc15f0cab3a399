// Relative timeouts of poll, select and epoll: copied in, turned into a deadline on the first run of a call, and for those calls that tell how much
// was left, written back.

import { Errno } from "../../kernel/errno";
import { copyIn, copyOut } from "../../kernel/mm/user";
import { Result } from "../../kernel/result";
import { deadlineAfter, NEVER, Thread } from "../../kernel/task/thread";
import { nowNs } from "../../kernel/time/clock";

const SECOND_NS: u64 = 1_000_000_000;
/** Timeouts of more seconds are for ever: the deadline would not fit. */
const SECONDS_MAX: u64 = 9_000_000_000;

/** Layout of the structure in user memory: nanoseconds or microseconds after the seconds. */
export const enum TimeUnit {
  Timespec = 1,
  Timeval = 1000,
}

const time = memory.data(16, 8);

/** The deadline that the last timeoutIn computed: 0 for "do not wait", NEVER, or monotonic nanoseconds. */
export let deadlineNs: u64 = NEVER;

/** Reads the timeout at `ua` (0: none) into `deadlineNs`: 0, -EFAULT, -EINVAL or BLOCKED. */
export function timeoutIn(t: Thread, ua: u64, unit: TimeUnit): Result {
  deadlineNs = NEVER;
  if (ua == 0) return 0;
  const r = copyIn(time, ua, 16);
  if (r < 0) return r;
  let seconds = load<i64>(time);
  let fraction = load<i64>(time, 8);
  if (unit == TimeUnit.Timeval && fraction >= 0) {
    // select takes more than a second of microseconds.
    seconds += fraction / 1_000_000;
    fraction %= 1_000_000;
  }
  const ns = fraction * <i64>unit;
  if (seconds < 0 || fraction < 0 || ns >= <i64>SECOND_NS) return -Errno.EINVAL;
  timeoutFrom(t, <u64>seconds > SECONDS_MAX ? NEVER : <u64>seconds * SECOND_NS + ns);
  return 0;
}

/** Sets `deadlineNs` from a timeout in nanoseconds; NEVER for none, 0 for "do not wait". */
export function timeoutFrom(t: Thread, ns: u64): void {
  deadlineNs = ns == 0 ? 0 : ns == NEVER ? NEVER : deadlineAfter(t, ns);
}

/**
 * Writes what is left of the timeout back to `ua`, if there was one, and returns the call's result `r`; when that is to restart with the rest of
 * the time and it cannot be written, -EINTR.
 */
export function timeoutOut(ua: u64, unit: TimeUnit, r: Result): Result {
  if (ua == 0 || deadlineNs == 0) return r;
  const now = nowNs();
  const left = deadlineNs > now && deadlineNs != NEVER ? deadlineNs - now : 0;
  store<u64>(time, left / SECOND_NS);
  store<u64>(time, (left % SECOND_NS) / <u64>unit, 8);
  if (deadlineNs == NEVER) return r;
  const written = copyOut(ua, time, 16);
  return written < 0 && r == -Errno.ERESTARTNOHAND ? -Errno.EINTR : r;
}
