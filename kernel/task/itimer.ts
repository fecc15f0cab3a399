// Timers that send signals: the three of setitimer(2) and those of timer_create(2), one object each, in a list per process. A timer on a CPU
// clock is looked at when it could have expired at the earliest, since CPU time never runs faster than real time.
// User and system time are not told apart: ITIMER_VIRTUAL counts what ITIMER_PROF counts.

import { Errno } from "../errno";
import { kernelAlloc, kernelFree } from "../mm/heap";
import { Result } from "../result";
import { nowNs, wallNs } from "../time/clock";
import { Timer, TimerKind, TIMER_BYTES, timerCancel, timerDestroy, timerInit, timerSet } from "../time/timer";
import { hardLimit, LimitKind, softLimit } from "./limits";
import { threadFind } from "./pids";
import { Process } from "./process";
import { kernelInfo, pendingWithdraw, processPending, SignalCode, SignalInfo, threadPending } from "./siginfo";
import { sendSignalToProcess, sendTimerSignal } from "./signal";
import { Signal } from "./signalset";
import { processCpuNs, threadCpuNs } from "./stop";
import { Thread } from "./thread";

/** What a timer measures. */
export const enum ClockKind {
  Monotonic = 0,
  Wall = 1,
  ProcessCpu = 2,
  ThreadCpu = 3,
}

/** What a timer does when it expires. */
export const enum Notify {
  Signal = 0,
  Nothing = 1,
  /** A signal to one thread. */
  ThreadSignal = 4,
}

/** Ids of the timers of setitimer(2), which are no POSIX timers: below zero. */
export const ITIMER_REAL: i32 = -1;
export const ITIMER_VIRTUAL: i32 = -2;
export const ITIMER_PROF: i32 = -3;
/** Watches RLIMIT_CPU. */
const CPU_LIMIT: i32 = -4;

@unmanaged
export class IntervalTimer {
  next: IntervalTimer | null;
  process: Process;
  id: i32;
  clock: u32;
  notify: u32;
  /** Whose CPU time is measured, and who gets the signal: thread ids. */
  clockThread: u32;
  targetThread: u32;
  /** Expirations that the last signal delivered stood for, beyond the first (timer_getoverrun(2)). */
  overruns: u32;
  /** When it expires, in time of its clock; 0 while it is not armed. */
  expiryNs: u64;
  intervalNs: u64;
  timer: Timer;
  /** Its own instance of the signal: queueing it never needs memory. */
  info: SignalInfo;
}
const TIMER_AT: u32 = (offsetof<IntervalTimer>() + 7) & ~7;
const INFO_AT: u32 = TIMER_AT + TIMER_BYTES;
const INTERVAL_TIMER_BYTES: u32 = INFO_AT + offsetof<SignalInfo>();

/** setitimer's timers repeat at most this often, and a CPU clock is looked at no oftener. */
const SHORTEST_INTERVAL_NS: u64 = 100_000;
const CPU_CHECK_NS: u64 = 1_000_000;

function firstTimer(p: Process): IntervalTimer | null {
  return changetype<IntervalTimer | null>(p.timers);
}

/** The timer of that id; null when there is none. */
export function timerFind(p: Process, id: i32): IntervalTimer | null {
  let t = firstTimer(p);
  while (t && t.id != id) t = t.next;
  return t;
}

/** A new timer, not armed, on `clock`; null when memory is short. */
export function timerNew(p: Process, id: i32, clock: ClockKind): IntervalTimer | null {
  const address = kernelAlloc(INTERVAL_TIMER_BYTES);
  if (address == 0) return null;
  const t = changetype<IntervalTimer>(address);
  t.timer = changetype<Timer>(address + TIMER_AT);
  t.info = changetype<SignalInfo>(address + INFO_AT);
  if (!timerInit(t.timer, TimerKind.Interval, address)) {
    kernelFree(address);
    return null;
  }
  t.process = p;
  t.id = id;
  t.clock = clock;
  t.next = firstTimer(p);
  p.timers = address;
  return t;
}

/** The lowest id that no POSIX timer of the process has. */
export function timerNextId(p: Process): i32 {
  let id = 0;
  while (timerFind(p, id)) id++;
  return id;
}

/** Takes the timer and its signal, if that waits, away. */
export function timerDelete(t: IntervalTimer): void {
  const p = t.process;
  let before: IntervalTimer | null = null;
  let at = firstTimer(p);
  while (at && at != t) {
    before = at;
    at = at.next;
  }
  if (before) before.next = t.next;
  else p.timers = changetype<usize>(t.next);
  withdrawSignal(t);
  timerDestroy(t.timer);
  kernelFree(changetype<usize>(t));
}

function withdrawSignal(t: IntervalTimer): void {
  if (!t.info.queued) return;
  pendingWithdraw(processPending(t.process), t.info);
  let thread = t.process.threads;
  while (thread && t.info.queued) {
    pendingWithdraw(threadPending(thread), t.info);
    thread = thread.next;
  }
}

/** For the end of a process: all its timers go. */
export function processTimersEnd(p: Process): void {
  while (p.timers != 0) timerDelete(changetype<IntervalTimer>(p.timers));
}

/** For execve: POSIX timers go, those of setitimer stay. */
export function processTimersExec(p: Process): void {
  let t = firstTimer(p);
  while (t) {
    const next = t.next;
    if (t.id >= 0) timerDelete(t);
    t = next;
  }
}

/** Time of the timer's clock. */
export function timerClockNs(t: IntervalTimer): u64 {
  switch (t.clock) {
    case ClockKind.Wall:
      return wallNs();
    case ClockKind.ProcessCpu:
      return processCpuNs(t.process);
    case ClockKind.ThreadCpu: {
      const thread = threadFind(t.process.container, t.clockThread);
      return thread && thread.process == t.process ? threadCpuNs(thread, nowNs()) : 0;
    }
    default:
      return nowNs();
  }
}

/** Arms the timer for `expiryNs` of its clock, 0 to disarm, and then every `intervalNs`. */
export function timerArm(t: IntervalTimer, expiryNs: u64, intervalNs: u64): void {
  timerCancel(t.timer);
  withdrawSignal(t);
  t.overruns = 0;
  t.intervalNs = intervalNs;
  t.expiryNs = expiryNs;
  if (expiryNs != 0) schedule(t);
}

/** Nanoseconds to the next expiration: 0 when disarmed, else at least 1. */
export function timerLeftNs(t: IntervalTimer): u64 {
  if (t.expiryNs == 0) return 0;
  const now = timerClockNs(t);
  if (t.expiryNs > now) return t.expiryNs - now;
  if (t.intervalNs == 0) return t.timer.place != 0 ? 1 : 0;
  return t.intervalNs - ((now - t.expiryNs) % t.intervalNs);
}

function schedule(t: IntervalTimer): void {
  const clockNow = timerClockNs(t);
  let left = t.expiryNs > clockNow ? t.expiryNs - clockNow : 0;
  if (t.clock >= <u32>ClockKind.ProcessCpu) left = max(left, CPU_CHECK_NS);
  const now = nowNs();
  timerSet(t.timer, left > u64.MAX_VALUE - now ? u64.MAX_VALUE - 1 : now + left);
}

/** Handler of TimerKind.Interval. */
export function intervalTimerFired(owner: usize): void {
  const t = changetype<IntervalTimer>(owner);
  if (timerClockNs(t) < t.expiryNs) return schedule(t); // CPU time that did not pass
  if (t.id == CPU_LIMIT) expireCpuLimit(t);
  else if (t.id < 0) expireInterval(t);
  else expirePosix(t);
}

const SECOND_NS: u64 = 1_000_000_000;

/**
 * Enforces RLIMIT_CPU as it now is: SIGXCPU when the process has used the soft limit, and every second after that, SIGKILL at the
 * hard limit (getrlimit(2)). To be called when the limit is set and when a child inherits it; false when memory is short.
 */
export function cpuLimitWatch(p: Process): bool {
  const seconds = softLimit(p, LimitKind.Cpu);
  if (seconds >= u64.MAX_VALUE / SECOND_NS) {
    const old = timerFind(p, CPU_LIMIT);
    if (old) timerDelete(old);
    return true;
  }
  const t = intervalTimer(p, CPU_LIMIT);
  if (!t) return false;
  timerArm(t, max<u64>(seconds, 1) * SECOND_NS, SECOND_NS);
  return true;
}

function expireCpuLimit(t: IntervalTimer): void {
  const p = t.process;
  const killed = timerClockNs(t) / SECOND_NS >= hardLimit(p, LimitKind.Cpu);
  forward(t, 0);
  schedule(t);
  sendSignalToProcess(p, kernelInfo(killed ? Signal.KILL : Signal.XCPU));
}

function expireInterval(t: IntervalTimer): void {
  const signal = t.id == ITIMER_REAL ? Signal.ALRM : t.id == ITIMER_VIRTUAL ? Signal.VTALRM : Signal.PROF;
  if (t.intervalNs == 0) t.expiryNs = 0;
  else {
    forward(t, SHORTEST_INTERVAL_NS);
    schedule(t);
  }
  sendSignalToProcess(t.process, kernelInfo(signal));
}

/** Moves the expiry on by whole intervals to the first one past now (and at least `leastNs` away); how many were left out. */
function forward(t: IntervalTimer, leastNs: u64): u64 {
  const now = timerClockNs(t);
  const late = now > t.expiryNs ? now - t.expiryNs : 0;
  const missed = late / t.intervalNs;
  t.expiryNs += (missed + 1) * t.intervalNs;
  if (t.expiryNs < now + leastNs) t.expiryNs = now + leastNs;
  return missed;
}

/** A periodic POSIX timer rests until its signal has been taken: however short its interval, it keeps the CPU busy no more than its process. */
function expirePosix(t: IntervalTimer): void {
  if (t.notify == Notify.Nothing) {
    if (t.intervalNs == 0) t.expiryNs = 0;
    return;
  }
  let thread: Thread | null = null;
  if (t.notify == Notify.ThreadSignal) {
    thread = threadFind(t.process.container, t.targetThread);
    if (!thread || thread.process != t.process) {
      t.expiryNs = 0;
      return;
    }
  }
  if (t.intervalNs == 0) t.expiryNs = 0;
  t.info.error = 0;
  t.info.code = SignalCode.Timer;
  if (!t.info.queued && sendTimerSignal(t.process, thread, t.info)) return;
  if (t.intervalNs == 0) return;
  forward(t, CPU_CHECK_NS);
  schedule(t);
}

/** The signal of a timer is being delivered: counts what was missed into the delivered copy, and starts the next period. */
export function timerSignalTaken(owned: SignalInfo, delivered: SignalInfo): void {
  const t = changetype<IntervalTimer>(changetype<usize>(owned) - INFO_AT);
  t.overruns = 0;
  if (t.intervalNs != 0 && t.expiryNs != 0) {
    t.overruns = <u32>min<u64>(forward(t, 0), <u64>i32.MAX_VALUE);
    schedule(t);
  }
  delivered.uid = t.overruns; // si_overrun
}

/** The timer of setitimer(2), made on first use; null when memory is short. */
export function intervalTimer(p: Process, id: i32): IntervalTimer | null {
  const t = timerFind(p, id);
  return t ? t : timerNew(p, id, id == ITIMER_REAL ? ClockKind.Monotonic : ClockKind.ProcessCpu);
}

/** Sets a timer of setitimer(2) to expire in `valueNs` (0: never): 0 or -ENOMEM. */
export function intervalSet(p: Process, id: i32, valueNs: u64, intervalNs: u64): Result {
  const t = intervalTimer(p, id);
  if (!t) return -Errno.ENOMEM;
  const now = timerClockNs(t);
  timerArm(t, valueNs == 0 ? 0 : valueNs > u64.MAX_VALUE - now ? u64.MAX_VALUE : now + valueNs, valueNs == 0 ? 0 : intervalNs);
  return 0;
}
