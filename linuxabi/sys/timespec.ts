// struct timespec and struct timeval in user memory, to and from nanoseconds. Times past the year 2554 count as that.

import { Errno } from "../../kernel/errno";
import { copyIn, copyOut } from "../../kernel/mm/user";
import { Result } from "../../kernel/result";

export const SECOND_NS: u64 = 1_000_000_000;
const SECONDS_MAX: u64 = 18_000_000_000;

const pair = memory.data(16, 8);

/** What the last timespecIn or timevalIn read, in nanoseconds. */
export let timeNs: u64 = 0;

/** Reads a struct timespec into `timeNs`: 0, -EFAULT, -EINVAL or BLOCKED. */
export function timespecIn(ua: u64): Result {
  return read(ua, 1);
}

/** Reads a struct timeval into `timeNs`: 0, -EFAULT, -EINVAL or BLOCKED. */
export function timevalIn(ua: u64): Result {
  return read(ua, 1000);
}

function read(ua: u64, unitNs: u64): Result {
  const r = copyIn(pair, ua, 16);
  if (r < 0) return r;
  const seconds = load<i64>(pair);
  const fraction = load<u64>(pair, 8);
  if (seconds < 0 || fraction >= SECOND_NS / unitNs) return -Errno.EINVAL;
  timeNs = min<u64>(<u64>seconds, SECONDS_MAX) * SECOND_NS + fraction * unitNs;
  return 0;
}

/** Writes `ns` as struct timespec: 0, -EFAULT or BLOCKED. */
export function timespecOut(ua: u64, ns: u64): Result {
  store<u64>(pair, ns / SECOND_NS);
  store<u64>(pair, ns % SECOND_NS, 8);
  return copyOut(ua, pair, 16);
}

/** Writes `ns` as struct timeval: 0, -EFAULT or BLOCKED. */
export function timevalOut(ua: u64, ns: u64): Result {
  store<u64>(pair, ns / SECOND_NS);
  store<u64>(pair, (ns % SECOND_NS) / 1000, 8);
  return copyOut(ua, pair, 16);
}

/** a + b, or the greatest number when that is too great. */
@inline
export function addSaturating(a: u64, b: u64): u64 {
  return b > u64.MAX_VALUE - a ? u64.MAX_VALUE : a + b;
}
