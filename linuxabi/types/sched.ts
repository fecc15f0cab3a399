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
