// Clocks and layouts of time calls: include/uapi/linux/time.h, include/uapi/linux/resource.h, timex.h. No logic.

export const enum ClockId {
  CLOCK_REALTIME = 0,
  CLOCK_MONOTONIC = 1,
  CLOCK_PROCESS_CPUTIME_ID = 2,
  CLOCK_THREAD_CPUTIME_ID = 3,
  CLOCK_MONOTONIC_RAW = 4,
  CLOCK_REALTIME_COARSE = 5,
  CLOCK_MONOTONIC_COARSE = 6,
  CLOCK_BOOTTIME = 7,
  CLOCK_REALTIME_ALARM = 8,
  CLOCK_BOOTTIME_ALARM = 9,
  CLOCK_TAI = 11,
}

/** Flag of clock_nanosleep and timer_settime. */
export const TIMER_ABSTIME: u32 = 1;

/** `which` of setitimer(2). */
export const enum IntervalKind {
  ITIMER_REAL = 0,
  ITIMER_VIRTUAL = 1,
  ITIMER_PROF = 2,
}

/** sigev_notify. */
export const enum SigevNotify {
  SIGEV_SIGNAL = 0,
  SIGEV_NONE = 1,
  SIGEV_THREAD = 2,
  SIGEV_THREAD_ID = 4,
}

/** struct sigevent, as far as the kernel reads it. */
@unmanaged
export class SignalEvent {
  value: u64;
  signal: i32;
  notify: i32;
  thread: i32;
  pad: u32;
}
if (offsetof<SignalEvent>() != 24) ERROR("struct sigevent: 24 bytes are used");

/** `who` of getrusage(2). */
export const enum UsageOf {
  RUSAGE_CHILDREN = -1,
  RUSAGE_SELF = 0,
  RUSAGE_THREAD = 1,
}

/** Bytes of struct rusage. */
export const RUSAGE_BYTES: u32 = 144;

/** struct timex and the state "clock not synchronised". */
export const TIMEX_BYTES: u32 = 208;
export const TIME_ERROR: i32 = 5;
