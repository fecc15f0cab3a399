// Timers that send signals: alarm(2), getitimer(2), setitimer(2), timer_create(2), timer_settime(2), timer_gettime(2), timer_getoverrun(2),
// timer_delete(2).

import { Errno } from "../../kernel/errno";
import { copyIn, copyOut } from "../../kernel/mm/user";
import { Result } from "../../kernel/result";
import {
  ClockKind,
  intervalSet,
  IntervalTimer,
  ITIMER_PROF,
  ITIMER_REAL,
  ITIMER_VIRTUAL,
  Notify,
  timerArm,
  timerClockNs,
  timerDelete,
  timerFind,
  timerLeftNs,
  timerNew,
  timerNextId,
} from "../../kernel/task/itimer";
import { LimitKind, softLimit } from "../../kernel/task/limits";
import { threadFind } from "../../kernel/task/pids";
import { Process } from "../../kernel/task/process";
import { Signal } from "../../kernel/task/signal";
import { isSignal } from "../../kernel/task/signalset";
import { Thread } from "../../kernel/task/thread";
import { clockHasTimers, clockKind, clockProcess, clockResolve, clockThread } from "../clock";
import { IntervalKind, SigevNotify, SignalEvent, TIMER_ABSTIME } from "../types/time";
import { addSaturating, SECOND_NS, timeNs, timespecIn, timespecOut, timevalIn, timevalOut } from "./timespec";

const space = memory.data(offsetof<SignalEvent>(), 8);

/** Id of a timer of setitimer(2); 0 for none. */
function intervalId(which: u32): i32 {
  if (which == IntervalKind.ITIMER_REAL) return ITIMER_REAL;
  if (which == IntervalKind.ITIMER_VIRTUAL) return ITIMER_VIRTUAL;
  return which == IntervalKind.ITIMER_PROF ? ITIMER_PROF : 0;
}

function leftOf(p: Process, id: i32): u64 {
  const timer = timerFind(p, id);
  return timer ? timerLeftNs(timer) : 0;
}

export function sysAlarm(t: Thread, seconds: u32): Result {
  const left = leftOf(t.process, ITIMER_REAL);
  const r = intervalSet(t.process, ITIMER_REAL, <u64>seconds * SECOND_NS, 0);
  if (r < 0) return r;
  // To the nearest second, but never "no alarm" for one that is set.
  const rounded = (left + SECOND_NS / 2) / SECOND_NS;
  return rounded == 0 && left != 0 ? 1 : <Result>rounded;
}

export function sysGetitimer(t: Thread, which: u32, value: u64): Result {
  const id = intervalId(which);
  return id == 0 ? -Errno.EINVAL : intervalOut(t.process, id, value);
}

function intervalOut(p: Process, id: i32, value: u64): Result {
  const timer = timerFind(p, id);
  const left = timer ? timerLeftNs(timer) : 0;
  const r = timevalOut(value, timer && left != 0 ? timer.intervalNs : 0);
  // A timer that is armed shows at least a microsecond.
  return r < 0 ? r : timevalOut(value + 16, left == 0 ? 0 : max<u64>(left, 1000));
}

export function sysSetitimer(t: Thread, which: u32, value: u64, old: u64): Result {
  let intervalNs: u64 = 0;
  let valueNs: u64 = 0;
  let r: Result = 0;
  if (value != 0) {
    r = timevalIn(value);
    if (r < 0) return r;
    intervalNs = timeNs;
    r = timevalIn(value + 16);
    if (r < 0) return r;
    valueNs = timeNs;
  }
  const id = intervalId(which);
  if (id == 0) return -Errno.EINVAL;
  if (old != 0) {
    r = intervalOut(t.process, id, old);
    if (r < 0) return r;
  }
  return intervalSet(t.process, id, valueNs, intervalNs);
}

export function sysTimerCreate(t: Thread, clock: i32, event: u64, idOut: u64): Result {
  if (!clockResolve(t, clock)) return -Errno.EINVAL;
  if (!clockHasTimers(clock)) return -Errno.EOPNOTSUPP;
  // Measuring another process's CPU time is not for timers.
  if (clockKind == ClockKind.ProcessCpu && clockProcess != t.process) return -Errno.EINVAL;
  const p = t.process;
  const id = timerNextId(p);
  if (<u64>id >= softLimit(p, LimitKind.PendingSignals)) return -Errno.EAGAIN;
  const e = changetype<SignalEvent>(space);
  memory.fill(space, 0, offsetof<SignalEvent>());
  e.signal = Signal.ALRM;
  e.value = id;
  if (event != 0) {
    const r = copyIn(space, event, offsetof<SignalEvent>());
    if (r < 0) return r;
    if (!isGoodEvent(t, e)) return -Errno.EINVAL;
  }
  const timer = timerNew(p, id, clockKind);
  if (!timer) return -Errno.EAGAIN;
  fillTimer(timer, e);
  store<i32>(space, id);
  const r = copyOut(idOut, space, 4);
  if (r < 0) timerDelete(timer);
  return r;
}

function isGoodEvent(t: Thread, e: SignalEvent): bool {
  switch (e.notify) {
    case SigevNotify.SIGEV_NONE:
      return true;
    case SigevNotify.SIGEV_SIGNAL:
    case SigevNotify.SIGEV_THREAD:
      return isSignal(e.signal);
    case SigevNotify.SIGEV_SIGNAL | SigevNotify.SIGEV_THREAD_ID: {
      const thread = threadFind(t.process.container, <u32>e.thread);
      return thread != null && thread.process == t.process && isSignal(e.signal);
    }
    default:
      return false;
  }
}

function fillTimer(timer: IntervalTimer, e: SignalEvent): void {
  timer.notify =
    e.notify == SigevNotify.SIGEV_NONE ? Notify.Nothing : e.notify == SigevNotify.SIGEV_THREAD_ID ? Notify.ThreadSignal : Notify.Signal;
  timer.targetThread = <u32>e.thread;
  const thread = clockThread;
  if (thread) timer.clockThread = thread.tid;
  timer.info.signal = <u32>e.signal;
  timer.info.pid = <u32>timer.id; // si_tid
  timer.info.value = e.value;
}

function posixTimer(t: Thread, id: i32): IntervalTimer | null {
  return id < 0 ? null : timerFind(t.process, id);
}

/** Writes struct itimerspec: the period, and the time to the next expiration. */
function settingOut(timer: IntervalTimer, ua: u64): Result {
  const r = timespecOut(ua, timer.intervalNs);
  return r < 0 ? r : timespecOut(ua + 16, timerLeftNs(timer));
}

export function sysTimerSettime(t: Thread, id: i32, flags: u32, value: u64, old: u64): Result {
  if (value == 0) return -Errno.EINVAL;
  let r = timespecIn(value);
  if (r < 0) return r;
  const interval = timeNs;
  r = timespecIn(value + 16);
  if (r < 0) return r;
  const first = timeNs;
  const timer = posixTimer(t, id);
  if (!timer) return -Errno.EINVAL;
  if (old != 0) {
    r = settingOut(timer, old);
    if (r < 0) return r;
  }
  const absolute = (flags & TIMER_ABSTIME) != 0;
  timerArm(timer, first == 0 || absolute ? first : addSaturating(timerClockNs(timer), first), first == 0 ? 0 : interval);
  return 0;
}

export function sysTimerGettime(t: Thread, id: i32, value: u64): Result {
  const timer = posixTimer(t, id);
  return timer ? settingOut(timer, value) : -Errno.EINVAL;
}

export function sysTimerGetoverrun(t: Thread, id: i32): Result {
  const timer = posixTimer(t, id);
  return timer ? <Result>timer.overruns : -Errno.EINVAL;
}

export function sysTimerDelete(t: Thread, id: i32): Result {
  const timer = posixTimer(t, id);
  if (!timer) return -Errno.EINVAL;
  timerDelete(timer);
  return 0;
}
