// Scheduling policies and `which` of getpriority(2): include/uapi/linux/sched.h, include/uapi/linux/resource.h. No logic.

export const enum SchedulingPolicy {
  SCHED_OTHER = 0,
  SCHED_FIFO = 1,
  SCHED_RR = 2,
  SCHED_BATCH = 3,
  SCHED_IDLE = 5,
  SCHED_DEADLINE = 6,
}
export const SCHED_RESET_ON_FORK: u32 = 0x4000_0000;

export const enum PriorityOf {
  PRIO_PROCESS = 0,
  PRIO_PGRP = 1,
  PRIO_USER = 2,
}

/** struct sched_attr: its first version has 48 bytes, without the clamps of utilisation. */
@unmanaged
export class SchedulingAttributes {
  bytes: u32;
  policy: u32;
  flags: u64;
  nice: i32;
  priority: u32;
  runtime: u64;
  deadline: u64;
  period: u64;
  utilisationMin: u32;
  utilisationMax: u32;
}
export const SCHED_ATTR_BYTES: u32 = 56;
export const SCHED_ATTR_BYTES_FIRST: u32 = 48;
if (offsetof<SchedulingAttributes>() != SCHED_ATTR_BYTES) ERROR("struct sched_attr is 56 bytes");

/** sched_flags. */
export const enum SchedulingFlag {
  SCHED_FLAG_RESET_ON_FORK = 1,
  SCHED_FLAG_RECLAIM = 2,
  SCHED_FLAG_DL_OVERRUN = 4,
  SCHED_FLAG_KEEP_POLICY = 8,
  SCHED_FLAG_KEEP_PARAMS = 16,
  SCHED_FLAG_UTIL_CLAMP_MIN = 32,
  SCHED_FLAG_UTIL_CLAMP_MAX = 64,
  All = 127,
}

/** `which` of ioprio_set(2), and its classes. */
export const enum IoPriorityOf {
  IOPRIO_WHO_PROCESS = 1,
  IOPRIO_WHO_PGRP = 2,
  IOPRIO_WHO_USER = 3,
}
export const enum IoClass {
  IOPRIO_CLASS_NONE = 0,
  IOPRIO_CLASS_RT = 1,
  IOPRIO_CLASS_BE = 2,
  IOPRIO_CLASS_IDLE = 3,
}
