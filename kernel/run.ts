// The kernel's event loop: what happens between an entry into the kernel and the return to user mode. System calls that neither block nor
// find work to do come straight back (kernel/main.ts); everything else goes through settle, which gives the CPU to whoever should have it.

import { timerArm, timerFired } from "./interrupt";
import { BLOCKED, GONE, PASSED, Result } from "./result";
import { attention, Attention } from "./task/attention";
import { exitThread } from "./task/lifecycle";
import { operationCloses, releaseOperation } from "./task/operation";
import { requestReschedule, requeueCurrent, shouldYield, sliceEndNs, switchCharged, switchToNext } from "./task/scheduler";
import { stopThread } from "./task/stop";
import { current, Thread, ThreadState, Work } from "./task/thread";
import { timeStampHide } from "./task/timestamp";
import { workRun } from "./task/work";
import { nowNs } from "./time/clock";
import { timerNextNs, timerRun } from "./time/timer";

/** Thread.call outside of a system call. */
const NO_CALL: u64 = u64.MAX_VALUE;

type CallFunction = (t: Thread) => Result;
type ThreadFunction = (t: Thread) => void;
/** The container's and the host's system-call tables, and what linuxabi does on the way to user mode. */
let linuxCall: u32 = 0;
let hostCall: u32 = 0;
let deliverSignals: u32 = 0;
let firstRun: u32 = 0;
/** What those say who look at a call before it is carried out: PASSED, or the call's result. */
let judgeCall: u32 = 0;

/** Registers the tables and the last steps before user mode; once, at boot. */
export function setPersonality(linux: CallFunction, host: CallFunction, signals: ThreadFunction, first: ThreadFunction): void {
  linuxCall = linux.index;
  hostCall = host.index;
  deliverSignals = signals.index;
  firstRun = first.index;
}

/** Registers who judges calls of threads with filters; once, at boot. */
export function setCallFilter(judge: CallFunction): void {
  judgeCall = judge.index;
}

/** A call of a thread with entry work: the host's table, or somebody looks at it first. */
export function slowCall(t: Thread): Result {
  if (t.process.host) return call_indirect<Result>(hostCall, t);
  if (t.entry != 0) {
    const r = call_indirect<Result>(judgeCall, t);
    t.judging = r == BLOCKED;
    if (r != PASSED) return r;
  }
  return call_indirect<Result>(linuxCall, t);
}

/** A call that was parked: what it passed before is not asked again. */
function callAgain(t: Thread): Result {
  if (t.judging) return slowCall(t);
  return t.process.host ? call_indirect<Result>(hostCall, t) : call_indirect<Result>(linuxCall, t);
}

/** All registers of `current` are in its Thread: true except on the first, straight run of a call. */
export let registersSaved = false;

export function setRegistersSaved(saved: bool): void {
  registersSaved = saved;
}

/** Forgets the progress of a call that has ended. */
export function clearOperation(t: Thread): void {
  operationCloses();
  releaseOperation(t);
  t.opPhase = 0;
  t.opObject = 0;
  t.opDone = 0;
  t.opDeadlineNs = 0;
  t.opData = 0;
}

/** Runs a parked call again. */
function restart(t: Thread): void {
  t.work &= ~Work.Restart;
  if (t.call == NO_CALL) return; // a page fault that had to wait for memory: the instruction runs again
  t.restarting = true;
  registersSaved = true;
  const result = t.entry == 0 ? call_indirect<Result>(linuxCall, t) : callAgain(t);
  registersSaved = false;
  if (result <= GONE) {
    operationCloses();
    if (result == BLOCKED) switchToNext();
    return;
  }
  t.restarting = false;
  t.wakeReason = 0;
  clearOperation(t);
  t.rax = <u64>result;
}

@inline
function deliverTo(t: Thread): void {
  call_indirect<void>(deliverSignals, t);
  if (t == current && t.state != ThreadState.Running) switchToNext();
}

/** Nothing is left to be done for `t`: true when it goes to user mode, false when another thread goes first. */
@inline
function mayGo(t: Thread): bool {
  if (!(attention & Attention.Reschedule)) return true;
  const now = nowNs();
  if (!shouldYield(now)) return true;
  requeueCurrent();
  t.involuntarySwitches++;
  // A restartable sequence makes no system calls: only who was interrupted elsewhere can be in one.
  if (t.rseq != 0 && t.call == NO_CALL) t.work |= Work.Sequence;
  switchCharged(now);
  return false;
}

/** Does what must be done before user mode, and picks the thread that goes there. `current` is null when the CPU is to idle. */
export function settle(): void {
  for (;;) {
    if (attention & Attention.Work) workRun();
    const t = current;
    if (!t) {
      switchToNext();
      if (!current) break;
      continue;
    }
    const work = t.work;
    if (work == 0) {
      if (mayGo(t)) break;
      continue;
    }
    if (work == Work.Signal) deliverTo(t);
    else if (work & Work.Exit) exitThread(t.process.exitStatus);
    else if (work & Work.First) {
      t.work &= ~Work.First;
      call_indirect<void>(firstRun, t);
    } else if (work & Work.Restart) restart(t);
    else if (work & Work.Stop) {
      stopThread(t);
      switchToNext();
    } else if (work == Work.HideTimeStamp) {
      timeStampHide();
      if (mayGo(t)) break;
    } else deliverTo(t);
  }
  if (sliceEndNs != 0) timerArm(sliceEndNs);
}

/** The blocked or ended thread's CPU goes to another. */
export function leave(result: Result): void {
  operationCloses();
  if (result == BLOCKED) {
    current.voluntarySwitches++;
    switchToNext();
  }
  settle();
}

/** The timer's interrupt: fires what is due and arms the next. */
export function onTimer(argument: usize): void {
  timerFired();
  const now = nowNs();
  timerRun(now);
  timerArm(timerNextNs());
  if (sliceEndNs != 0) {
    if (now >= sliceEndNs) requestReschedule();
    timerArm(sliceEndNs);
  }
}
