// Reading clocks, sleeping, and CPU time used. See clock_gettime(2), gettimeofday(2), time(2), nanosleep(2), clock_nanosleep(2), times(2),
// getrusage(2), adjtimex(2). Nobody in a container may set a clock.

import { operationOpens } from "../../kernel/task/operation";
import { Errno } from "../../kernel/errno";
import { copyIn, copyOut } from "../../kernel/mm/user";
import { Result } from "../../kernel/result";
import { ClockKind } from "../../kernel/task/itimer";
import { Process } from "../../kernel/task/process";
import { processCpuNs, threadCpuNs } from "../../kernel/task/stop";
import { deadlineAfter, interruptedUntilDeadline, park, Thread } from "../../kernel/task/thread";
import { nowNs, wallNs, wallOffset } from "../../kernel/time/clock";
import { clockHasTimers, clockKind, clockResolve, clockResolvedNs } from "../clock";
import { ClockId, RUSAGE_BYTES, TIME_ERROR, TIMER_ABSTIME, TIMEX_BYTES, UsageOf } from "../types/time";
import { addSaturating, SECOND_NS, timeNs, timespecIn, timespecOut, timevalIn, timevalOut } from "./timespec";
import { putUsage } from "./usage";

/** Ticks of clock_t: USER_HZ is 100. */
const TICK_NS: u64 = 10_000_000;
/** What the coarse clocks promise: a tick of a 250 Hz kernel. */
const COARSE_NS: u64 = 4_000_000;
/** How often a sleep on a CPU clock looks at it. */
const CPU_CHECK_NS: u64 = 1_000_000;

const space = memory.data(TIMEX_BYTES, 8);

export function sysClockGettime(t: Thread, clock: i32, time: u64): Result {
  return clockResolve(t, clock) ? timespecOut(time, clockResolvedNs()) : -Errno.EINVAL;
}

export function sysClockGetres(t: Thread, clock: i32, resolution: u64): Result {
  if (!clockResolve(t, clock)) return -Errno.EINVAL;
  const coarse = clock == ClockId.CLOCK_REALTIME_COARSE || clock == ClockId.CLOCK_MONOTONIC_COARSE;
  return resolution == 0 ? 0 : timespecOut(resolution, coarse ? COARSE_NS : 1);
}

/** Only the wall clock has a setting at all, and that is not the container's. */
export function sysClockSettime(t: Thread, clock: i32, time: u64): Result {
  if (!clockResolve(t, clock)) return -Errno.EINVAL;
  if (clock != ClockId.CLOCK_REALTIME && clockKind < <u32>ClockKind.ProcessCpu) return -Errno.EINVAL;
  const r = timespecIn(time);
  return r < 0 ? r : -Errno.EPERM;
}

export function sysGettimeofday(time: u64, zone: u64): Result {
  if (time != 0) {
    const r = timevalOut(time, wallNs());
    if (r < 0) return r;
  }
  if (zone == 0) return 0;
  store<u64>(space, 0);
  return copyOut(zone, space, 8);
}

export function sysSettimeofday(time: u64, zone: u64): Result {
  if (time != 0) {
    const r = timevalIn(time);
    if (r < 0) return r;
  }
  if (zone != 0) {
    const r = copyIn(space, zone, 8);
    if (r < 0) return r;
  }
  return -Errno.EPERM;
}

export function sysTime(time: u64): Result {
  const seconds = wallNs() / SECOND_NS;
  if (time == 0) return seconds;
  store<u64>(space, seconds);
  const r = copyOut(time, space, 8);
  return r < 0 ? r : <Result>seconds;
}

export function sysNanosleep(t: Thread, request: u64, remaining: u64): Result {
  const r = timespecIn(request);
  return r < 0 ? r : sleep(t, timeNs, remaining);
}

/** Sleeps for `ns`; when a signal ends the sleep, writes what is left to `remaining`. */
function sleep(t: Thread, ns: u64, remaining: u64): Result {
  const deadline = deadlineAfter(t, ns);
  const r = park(null, deadline);
  if (r == -Errno.ETIMEDOUT) return 0;
  if (r != -Errno.ERESTARTSYS) return r;
  const now = nowNs();
  if (deadline <= now) return 0;
  if (remaining != 0) {
    const written = timespecOut(remaining, deadline - now);
    if (written < 0) return written;
  }
  return interruptedUntilDeadline(t);
}

/** Sleeps until `deadlineNs` of monotonic time; goes on after a signal without a handler by being run again. */
function sleepUntil(deadlineNs: u64): Result {
  const r = park(null, deadlineNs);
  if (r == -Errno.ETIMEDOUT) return 0;
  return r == -Errno.ERESTARTSYS ? -Errno.ERESTARTNOHAND : r;
}

export function sysClockNanosleep(t: Thread, clock: i32, flags: u32, request: u64, remaining: u64): Result {
  if (!clockResolve(t, clock)) return -Errno.EINVAL;
  if (!clockHasTimers(clock) || clock == ClockId.CLOCK_THREAD_CPUTIME_ID) return -Errno.EOPNOTSUPP;
  const r = timespecIn(request);
  if (r < 0) return r;
  const absolute = (flags & TIMER_ABSTIME) != 0;
  if (clockKind == ClockKind.ThreadCpu) return -Errno.EINVAL;
  if (clockKind == ClockKind.ProcessCpu) return sleepOnCpuClock(t, absolute);
  if (!absolute) return sleep(t, timeNs, remaining);
  if (clockKind == ClockKind.Monotonic) return sleepUntil(timeNs);
  const offset = wallOffset();
  return sleepUntil(timeNs > offset ? timeNs - offset : 0);
}

/** Sleeps until the process that clockResolve found has used `timeNs` of CPU time, from now on or in all. */
function sleepOnCpuClock(t: Thread, absolute: bool): Result {
  const used = clockResolvedNs();
  if (t.opPhase == 0) {
    operationOpens();
    t.opPhase = 1;
    t.opData = absolute ? timeNs : addSaturating(used, timeNs);
  }
  if (used >= t.opData) return 0;
  const r = park(null, addSaturating(nowNs(), max(t.opData - used, CPU_CHECK_NS)));
  return r == -Errno.ERESTARTSYS ? -Errno.ERESTARTNOHAND : r;
}

export function sysTimes(t: Thread, buffer: u64): Result {
  const ticks = <Result>(nowNs() / TICK_NS);
  if (buffer == 0) return ticks;
  const p = t.process;
  store<u64>(space, processCpuNs(p) / TICK_NS);
  store<u64>(space, 0, 8);
  store<u64>(space, p.childCpuNs / TICK_NS, 16);
  store<u64>(space, 0, 24);
  const r = copyOut(buffer, space, 32);
  return r < 0 ? r : ticks;
}

export function sysGetrusage(t: Thread, who: i32, buffer: u64): Result {
  const p = t.process;
  if (who == UsageOf.RUSAGE_SELF) usageOfAll(p);
  else if (who == UsageOf.RUSAGE_CHILDREN) putUsage(space, p.childCpuNs, p.childMaxPages, p.childMinorFaults, p.childMajorFaults);
  else if (who == UsageOf.RUSAGE_THREAD) {
    putUsage(space, threadCpuNs(t, nowNs()), maxPages(p), t.minorFaults, t.majorFaults);
    putSwitches(t.voluntarySwitches, t.involuntarySwitches);
  } else return -Errno.EINVAL;
  return copyOut(buffer, space, RUSAGE_BYTES);
}

function usageOfAll(p: Process): void {
  let minorFaults = p.deadMinorFaults;
  let majorFaults = p.deadMajorFaults;
  let voluntary = p.deadSwitches;
  let involuntary: u64 = 0;
  let t = p.threads;
  while (t) {
    minorFaults += t.minorFaults;
    majorFaults += t.majorFaults;
    voluntary += t.voluntarySwitches;
    involuntary += t.involuntarySwitches;
    t = t.next;
  }
  putUsage(space, processCpuNs(p), maxPages(p), minorFaults, majorFaults);
  putSwitches(voluntary, involuntary);
}

/** ru_nvcsw and ru_nivcsw. */
function putSwitches(voluntary: u64, involuntary: u64): void {
  store<u64>(space, voluntary, 128);
  store<u64>(space, involuntary, 136);
}

function maxPages(p: Process): u32 {
  const space = p.space;
  return space ? max(p.maxPages, space.maxPages) : p.maxPages;
}

/** Reading the state of the clock's discipline is allowed; there is none. */
export function sysAdjtimex(buffer: u64): Result {
  let r = copyIn(space, buffer, TIMEX_BYTES);
  if (r < 0) return r;
  if (load<u32>(space) != 0) return -Errno.EPERM;
  memory.fill(space, 0, TIMEX_BYTES);
  const now = wallNs();
  store<u32>(space, 0x40, 40); // status: STA_UNSYNC
  store<u64>(space, now / SECOND_NS, 72);
  store<u64>(space, (now % SECOND_NS) / 1000, 80);
  store<u64>(space, 10_000, 88); // microseconds between ticks
  r = copyOut(buffer, space, TIMEX_BYTES);
  return r < 0 ? r : <Result>TIME_ERROR;
}

export function sysClockAdjtime(t: Thread, clock: i32, buffer: u64): Result {
  if (!clockResolve(t, clock)) return -Errno.EINVAL;
  return clock == ClockId.CLOCK_REALTIME ? sysAdjtimex(buffer) : -Errno.EOPNOTSUPP;
}
