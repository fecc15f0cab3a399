// sched_setattr(2) and sched_getattr(2): policy, nice value and priority in one structure that may grow. Deadlines are checked as sched(7) says
// and are for who has CAP_SYS_NICE; he finds that no bandwidth is left to them (EBUSY), for there is no scheduler of deadlines.

import { Errno } from "../../kernel/errno";
import { unsupported } from "../../kernel/container/missing";
import { PAGE_SIZE } from "../../kernel/mm/frame";
import { copyIn, copyOut } from "../../kernel/mm/user";
import { Result } from "../../kernel/result";
import { capable, Capability } from "../../kernel/task/credentials";
import { Thread } from "../../kernel/task/thread";
import { SCHED_ATTR_BYTES, SCHED_ATTR_BYTES_FIRST, SchedulingAttributes, SchedulingFlag, SchedulingPolicy } from "../types/sched";
import { isFair, isRealTime, mayChangeScheduling, mayRaise, mayReset, schedulingTarget } from "./schedule";

const space = memory.data(56, 8);
const attributes = changetype<SchedulingAttributes>(space);
const byte = memory.data(1);

/** Takes the structure, of the size its first field says: 0, -EINVAL, -EFAULT, BLOCKED, or -E2BIG with the size we know written there. */
function attributesIn(ua: u64): Result {
  memory.fill(space, 0, SCHED_ATTR_BYTES);
  let r = copyIn(space, ua, 4);
  if (r < 0) return r;
  const bytes = attributes.bytes == 0 ? SCHED_ATTR_BYTES_FIRST : attributes.bytes;
  let fits = bytes >= SCHED_ATTR_BYTES_FIRST && bytes <= PAGE_SIZE;
  if (fits) r = copyIn(space, ua, min(bytes, SCHED_ATTR_BYTES));
  for (let at = SCHED_ATTR_BYTES; at < bytes && fits && r >= 0; at++) {
    r = copyIn(byte, ua + at, 1);
    if (r >= 0 && load<u8>(byte) != 0) fits = false;
  }
  if (r < 0) return r;
  if (!fits) {
    store<u32>(space, SCHED_ATTR_BYTES);
    r = copyOut(ua, space, 4);
    return r < 0 ? r : -Errno.E2BIG;
  }
  const clamps = SchedulingFlag.SCHED_FLAG_UTIL_CLAMP_MIN | SchedulingFlag.SCHED_FLAG_UTIL_CLAMP_MAX;
  if ((attributes.flags & clamps) != 0 && bytes < SCHED_ATTR_BYTES) return -Errno.EINVAL;
  attributes.nice = min(max(attributes.nice, -20), 19);
  return 0;
}

/** The greatest and least period of a deadline (sysctl kernel.sched_deadline_period_max_us and _min_us), and the finest time there is. */
const PERIOD_MAX_NS: u64 = (1 << 22) * 1000;
const PERIOD_MIN_NS: u64 = 100_000;
const RUNTIME_MIN_NS: u64 = 1024;

/** runtime <= deadline <= period, and all of them in bounds; a period of 0 is the deadline. */
function isGoodDeadline(a: SchedulingAttributes): bool {
  const period = a.period != 0 ? a.period : a.deadline;
  if (a.runtime < RUNTIME_MIN_NS || <i64>a.deadline <= 0 || <i64>a.period < 0) return false;
  return a.runtime <= a.deadline && a.deadline <= period && period >= PERIOD_MIN_NS && period <= PERIOD_MAX_NS;
}

/** sched_setattr(2). Lacks: SCHED_DEADLINE (EPERM without CAP_SYS_NICE, EBUSY with it, as when no bandwidth is left), SCHED_FLAG_UTIL_CLAMP (without CONFIG_UCLAMP_TASK). */
export function sysSchedSetattr(t: Thread, pid: i32, ua: u64, flags: u32): Result {
  if (ua == 0 || pid < 0 || flags != 0) return -Errno.EINVAL;
  const r = attributesIn(ua);
  if (r < 0) return r;
  if (<i32>attributes.policy < 0) return -Errno.EINVAL;
  const other = schedulingTarget(t, pid);
  if (!other) return -Errno.ESRCH;
  if (attributes.flags & SchedulingFlag.SCHED_FLAG_KEEP_POLICY) attributes.policy = other.policy;
  if (attributes.flags & SchedulingFlag.SCHED_FLAG_KEEP_PARAMS) {
    attributes.priority = other.priority;
    attributes.nice = other.nice;
  }
  return apply(t, other);
}

/** Checks the attributes in the order of Linux and carries them out. */
function apply(t: Thread, other: Thread): Result {
  const policy = attributes.policy;
  const realTime = isRealTime(policy);
  if (attributes.flags & ~(<u64>SchedulingFlag.All)) return -Errno.EINVAL;
  const hasDeadline = policy == SchedulingPolicy.SCHED_DEADLINE;
  if (!realTime && !hasDeadline && !isFair(policy)) return -Errno.EINVAL;
  if (attributes.priority > 99 || realTime != (attributes.priority != 0)) return -Errno.EINVAL;
  if (hasDeadline && !isGoodDeadline(attributes)) return -Errno.EINVAL;
  if (hasDeadline) return unsupported(t, "policy", policy, capable(t.credentials, Capability.SysNice) ? -Errno.EBUSY : -Errno.EPERM);
  const resetOnFork = (attributes.flags & SchedulingFlag.SCHED_FLAG_RESET_ON_FORK) != 0;
  if (realTime || !mayChangeScheduling(t, other) || !mayReset(t, other, resetOnFork)) return -Errno.EPERM;
  if (attributes.nice < other.nice && !mayRaise(t, other, attributes.nice)) return -Errno.EPERM;
  const clamps = attributes.flags & (SchedulingFlag.SCHED_FLAG_UTIL_CLAMP_MIN | SchedulingFlag.SCHED_FLAG_UTIL_CLAMP_MAX);
  if (clamps != 0) return unsupported(t, "flags", clamps, -Errno.EOPNOTSUPP);
  other.policy = policy;
  other.nice = attributes.nice;
  other.resetOnFork = resetOnFork;
  return 0;
}

export function sysSchedGetattr(t: Thread, pid: i32, ua: u64, bytes: u32, flags: u32): Result {
  if (ua == 0 || pid < 0 || bytes > PAGE_SIZE || bytes < SCHED_ATTR_BYTES_FIRST || flags != 0) return -Errno.EINVAL;
  const other = schedulingTarget(t, pid);
  if (!other) return -Errno.ESRCH;
  memory.fill(space, 0, SCHED_ATTR_BYTES);
  attributes.bytes = min(bytes, SCHED_ATTR_BYTES);
  attributes.policy = other.policy;
  if (other.resetOnFork) attributes.flags = SchedulingFlag.SCHED_FLAG_RESET_ON_FORK;
  if (isRealTime(other.policy)) attributes.priority = other.priority;
  else attributes.nice = other.nice;
  return copyOut(ua, space, min(bytes, SCHED_ATTR_BYTES));
}
