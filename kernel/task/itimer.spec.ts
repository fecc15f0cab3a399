import { kernelAlloc } from "../mm/heap";
import { nowNs } from "../time/clock";
import { setTimerHandler, TimerKind, timerNextNs, timerRun } from "../time/timer";
import { actionSet, SIG_IGN } from "./action";
import {
  ClockKind,
  cpuLimitWatch,
  intervalSet,
  IntervalTimer,
  intervalTimerFired,
  ITIMER_PROF,
  ITIMER_REAL,
  Notify,
  processTimersEnd,
  processTimersExec,
  timerArm,
  timerDelete,
  timerFind,
  timerLeftNs,
  timerNew,
  timerNextId,
} from "./itimer";
import { LimitKind } from "./limits";
import { Process } from "./process";
import { INFO_BYTES, SignalCode, SignalInfo } from "./siginfo";
import { takeSignal } from "./signal";
import { Signal, signalBit } from "./signalset";
import { handle, init, newProcess, newThread, startContainer } from "./testing";
import { ThreadState } from "./thread";

const MILLISECOND: u64 = 1_000_000;
const ALL = u64.MAX_VALUE;
let p: Process = changetype<Process>(0);
let info: SignalInfo = changetype<SignalInfo>(0);

/** Lets every timer due up to `later` nanoseconds from now fire. The clock of the machine goes on by itself, a microsecond for each look. */
function runUntil(at: u64): void {
  while (nowNs() < at) {}
  timerRun(nowNs());
}

function posixTimer(): IntervalTimer {
  const t = timerNew(p, timerNextId(p), ClockKind.Monotonic)!;
  t.info.signal = Signal.USR1;
  t.info.pid = <u32>t.id;
  return t;
}

beforeEach(() => {
  startContainer();
  setTimerHandler(TimerKind.Interval, intervalTimerFired);
  p = newProcess(init);
  p.leader.state = ThreadState.Blocked;
  handle(p, Signal.ALRM);
  handle(p, Signal.USR1);
  handle(p, Signal.PROF);
  handle(p, Signal.XCPU);
  info = changetype<SignalInfo>(kernelAlloc(INFO_BYTES));
});

afterEach(() => {
  processTimersEnd(p);
});

describe("setitimer", () => {
  test("expires once, not before its time", () => {
    const start = nowNs();
    intervalSet(p, ITIMER_REAL, MILLISECOND, 0);
    timerRun(start + MILLISECOND / 2);
    expect(p.pending).toBe(0);
    runUntil(start + 2 * MILLISECOND);
    expect(p.pending).toBe(signalBit(Signal.ALRM));
    expect(timerLeftNs(timerFind(p, ITIMER_REAL)!)).toBe(0);
    expect(timerNextNs()).toBe(u64.MAX_VALUE);
  });

  test("repeats on a grid from the first expiration", () => {
    intervalSet(p, ITIMER_REAL, MILLISECOND, MILLISECOND);
    const first = timerFind(p, ITIMER_REAL)!.expiryNs;
    runUntil(first + MILLISECOND / 2);
    expect(takeSignal(p.leader, ALL, info)).toBe(Signal.ALRM);
    expect(timerFind(p, ITIMER_REAL)!.expiryNs).toBe(first + MILLISECOND);
    runUntil(first + 5 * MILLISECOND + MILLISECOND / 2);
    expect(takeSignal(p.leader, ALL, info)).toBe(Signal.ALRM);
    expect(takeSignal(p.leader, ALL, info)).toBe(0);
    expect(timerFind(p, ITIMER_REAL)!.expiryNs).toBe(first + 6 * MILLISECOND);
  });

  test("zero disarms; what is left is told", () => {
    intervalSet(p, ITIMER_REAL, 10 * MILLISECOND, 0);
    const left = timerLeftNs(timerFind(p, ITIMER_REAL)!);
    expect(left <= 10 * MILLISECOND && left > 9 * MILLISECOND).toBe(true);
    intervalSet(p, ITIMER_REAL, 0, MILLISECOND);
    expect(timerLeftNs(timerFind(p, ITIMER_REAL)!)).toBe(0);
    expect(timerNextNs()).toBe(u64.MAX_VALUE);
  });

  test("ITIMER_PROF waits for CPU time, which does not pass while nothing runs", () => {
    intervalSet(p, ITIMER_PROF, MILLISECOND, 0);
    runUntil(nowNs() + 5 * MILLISECOND);
    expect(p.pending).toBe(0);
    p.leader.cpuNs += MILLISECOND;
    runUntil(nowNs() + 3 * MILLISECOND);
    expect(p.pending).toBe(signalBit(Signal.PROF));
  });
});

describe("POSIX timers", () => {
  test("get the lowest free ids", () => {
    posixTimer();
    const second = posixTimer();
    posixTimer();
    timerDelete(second);
    expect(timerNextId(p)).toBe(1);
  });

  test("the signal says which timer and how many periods were missed", () => {
    const t = posixTimer();
    timerArm(t, nowNs() + MILLISECOND, MILLISECOND);
    const first = t.expiryNs;
    runUntil(first + MILLISECOND / 2);
    expect(p.pending).toBe(signalBit(Signal.USR1));
    runUntil(first + 3 * MILLISECOND + MILLISECOND / 2);
    expect(takeSignal(p.leader, ALL, info)).toBe(Signal.USR1);
    expect(info.code).toBe(SignalCode.Timer);
    expect(info.pid).toBe(<u32>t.id);
    expect(info.uid).toBe(3);
    expect(t.overruns).toBe(3);
    expect(t.expiryNs).toBe(first + 4 * MILLISECOND);
  });

  test("need no queue space and do not use it up", () => {
    store<u64>(p.limits + ((<usize>LimitKind.PendingSignals) << 4), 0);
    const t = posixTimer();
    timerArm(t, nowNs() + 1, 0);
    runUntil(nowNs() + MILLISECOND);
    expect(p.pendingCount).toBe(0);
    expect(takeSignal(p.leader, ALL, info)).toBe(Signal.USR1);
    expect(takeSignal(p.leader, ALL, info)).toBe(0);
  });

  test("go on while their signal is ignored", () => {
    actionSet(p.actions, Signal.USR1, SIG_IGN, 0, 0, 0);
    const t = posixTimer();
    timerArm(t, nowNs() + MILLISECOND, MILLISECOND);
    runUntil(nowNs() + 2 * MILLISECOND);
    expect(p.pending).toBe(0);
    expect(timerNextNs() != u64.MAX_VALUE).toBe(true);
  });

  test("may signal one thread", () => {
    const other = newThread(p);
    const t = posixTimer();
    t.notify = Notify.ThreadSignal;
    t.targetThread = other.tid;
    timerArm(t, nowNs() + 1, 0);
    runUntil(nowNs() + MILLISECOND);
    expect(p.pending).toBe(0);
    expect(other.pending).toBe(signalBit(Signal.USR1));
  });

  test("deleting and setting anew take a waiting signal back", () => {
    const t = posixTimer();
    timerArm(t, nowNs() + 1, 0);
    runUntil(nowNs() + MILLISECOND);
    timerArm(t, nowNs() + 100 * MILLISECOND, 0);
    expect(p.pending).toBe(0);
    timerArm(t, nowNs() + 1, 0);
    runUntil(nowNs() + MILLISECOND);
    timerDelete(t);
    expect(p.pending).toBe(0);
    expect(p.pendingFirst).toBe(0);
  });

  test("do not survive execve, setitimer's do", () => {
    posixTimer();
    intervalSet(p, ITIMER_REAL, 1000 * MILLISECOND, 0);
    processTimersExec(p);
    expect(timerFind(p, 0) == null).toBe(true);
    expect(timerFind(p, ITIMER_REAL) != null).toBe(true);
  });
});

test("RLIMIT_CPU: SIGXCPU at the soft limit and each second after, SIGKILL at the hard one", () => {
  const second: u64 = 1000 * MILLISECOND;
  store<u64>(p.limits, 1);
  store<u64>(p.limits, 3, 8);
  cpuLimitWatch(p);
  for (let used: u64 = 1; used <= 2; used++) {
    p.leader.cpuNs = used * second;
    timerRun(nowNs() + 2 * second);
    expect(takeSignal(p.leader, ALL, info)).toBe(Signal.XCPU);
  }
  p.leader.cpuNs = 3 * second;
  timerRun(nowNs() + 2 * second);
  expect(p.exitStatus).toBe(Signal.KILL);
});
