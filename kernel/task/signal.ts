// Sending signals (signal(7)): what happens at generation (discarding, waking, choosing the thread), and what a thread may take. Delivery to
// user mode is linuxabi/signal.ts; stopping is stop.ts; queues are siginfo.ts. A thread has Work.Signal set when it has a
// signal to take; recalculate() keeps that true after every change of its mask.

import { Errno } from "../errno";
import { Result } from "../result";
import { actionIsDefault, ignoredSignals, signalReaders } from "./action";
import { Capability, capable } from "./credentials";
import { timerSignalTaken } from "./itimer";
import { exitGroup } from "./lifecycle";
import { LimitKind, softLimit } from "./limits";
import { PidEntry, Process, ProcessState } from "./process";
import {
  pendingAdd,
  pendingAddOwned,
  pendingDiscard,
  PendingSignals,
  pendingTake,
  processPending,
  SignalCode,
  SignalInfo,
  threadPending,
  userInfo,
} from "./siginfo";
import { CORE_SIGNALS, firstSignal, Signal, signalBit, STOP_SIGNALS, UNBLOCKABLE_SIGNALS } from "./signalset";
import { completeStopWithout, continueProcess } from "./stop";
import { Thread, ThreadState, unpark, WakeReason, Work } from "./thread";
import { hasWaiters, wakeAll } from "./wait";

export { SignalActions, actionsNew, actionsCopy, actionsRetain, actionsRelease, actionsResetForExec } from "./action";
export { SignalInfo, newInfo, kernelInfo, userInfo, signalsRelease, SignalCode } from "./siginfo";
export { Signal, signalBit } from "./signalset";
export { notifyChildEnded, orphanedGroupsOnExit, parentDied } from "./stop";

/** Sends `info` to one thread: 0, or -EAGAIN when its queue is full. */
export function sendSignalToThread(t: Thread, info: SignalInfo): Result {
  const p = t.process;
  if (!prepare(p, t, info)) return 0;
  const r = pendingAdd(threadPending(t), p, info);
  if (r < 0) return r;
  alert(t, signalBit(info.signal));
  return 0;
}

/** Sends `info` to the process as a whole; any thread that does not block the signal may take it. 0, or -EAGAIN when its queue is full. */
export function sendSignalToProcess(p: Process, info: SignalInfo): Result {
  if (!prepare(p, p.leader, info)) return 0;
  const r = pendingAdd(processPending(p), p, info);
  if (r < 0) return r;
  alertOneOf(p, info.signal);
  return 0;
}

/** Sends `info` to every process of the group; true when it has a member. The kernel's way: nobody's permission is asked. */
export function sendSignalToGroup(group: PidEntry, info: SignalInfo): bool {
  let p = group.group;
  const any = p != null;
  while (p) {
    const next = p.groupNext;
    sendSignalToProcess(p, info);
    p = next;
  }
  return any;
}

/** Queues a timer's own instance to the process (`t` null) or to one thread; false when the signal is ignored and thus not queued. */
export function sendTimerSignal(p: Process, t: Thread | null, info: SignalInfo): bool {
  if (!prepare(p, t ? t : p.leader, info)) return false;
  if (t) {
    pendingAddOwned(threadPending(t), info);
    alert(t, signalBit(info.signal));
  } else {
    pendingAddOwned(processPending(p), info);
    alertOneOf(p, info.signal);
  }
  return true;
}

/** What send_sig(3) of Linux calls no information: the thread itself is the sender (SIGPIPE, SIGXFSZ). */
export function raise(t: Thread, signal: u32): void {
  sendSignalToThread(t, userInfo(signal, SignalCode.User, t));
}

/**
 * Sends a signal that the thread's own instruction caused: it cannot wait. Where it is blocked or ignored, or not handled, it ends the
 * process (else the instruction would fail again for ever), be it a container's init.
 */
export function forceSignal(t: Thread, info: SignalInfo): void {
  const p = t.process;
  const signal = info.signal;
  const bit = signalBit(signal);
  if (p.exiting) return;
  if ((t.signalMask & bit) != 0 || (p.actions.handled & bit) == 0) {
    exitGroup(p, fatalStatus(p, signal));
    return;
  }
  // Of a standard signal only the first instance is kept: let it be this one, whose details are true.
  pendingDiscard(threadPending(t), bit);
  pendingAdd(threadPending(t), p, info);
  alert(t, bit);
}

/** Status, as wait4 reports it, of a process that `signal` ends: with the core-dump bit unless RLIMIT_CORE is zero (core(5)). */
export function fatalStatus(p: Process, signal: u32): u32 {
  const core = (CORE_SIGNALS & signalBit(signal)) != 0 && softLimit(p, LimitKind.Core) != 0 && p.dumpable;
  return core ? signal | 0x80 : signal;
}

/**
 * What generating a signal does beside queueing it; false when it is to be dropped. A stop signal and SIGCONT cancel each other, whatever the
 * actions and masks say; SIGKILL takes effect at once.
 */
function prepare(p: Process, t: Thread, info: SignalInfo): bool {
  if (p.exiting || p.state != ProcessState.Running) return false;
  // Most signals have a handler, and those but a few have no effect now.
  const bit = signalBit(info.signal);
  return (bit & p.actions.handled & ~(STOP_SIGNALS | CONTINUE)) != 0 || prepareSpecial(p, t, info);
}

function prepareSpecial(p: Process, t: Thread, info: SignalInfo): bool {
  const signal = info.signal;
  const bit = signalBit(signal);
  if ((bit & STOP_SIGNALS) != 0) discardFromAll(p, signalBit(Signal.CONT));
  else if (signal == Signal.CONT) {
    discardFromAll(p, STOP_SIGNALS);
    continueProcess(p);
  }
  if (isInit(p) && actionIsDefault(p.actions, signal)) {
    // Blocked ones may wait: there may be a handler by the time they are let through.
    if ((bit & UNBLOCKABLE_SIGNALS) != 0 ? !info.forced : (t.signalMask & bit) == 0) return false;
  }
  if (signal == Signal.KILL) {
    exitGroup(p, Signal.KILL);
    return false;
  }
  return (t.signalMask & bit) != 0 || (ignoredSignals(p.actions) & bit) == 0;
}

const CONTINUE: u64 = (<u64>1) << (Signal.CONT - 1);

function discardFromAll(p: Process, set: u64): void {
  pendingDiscard(processPending(p), set);
  let t = p.threads;
  while (t) {
    pendingDiscard(threadPending(t), set);
    t = t.next;
  }
}

/**
 * A signal of the set `bit` has been queued where `t` finds it: in user mode it looks on its way out of the kernel, in a park at once. A blocked
 * one concerns it only if it waits for just that.
 */
function alert(t: Thread, bit: u64): void {
  const readers = signalReaders(t.process.actions);
  if (hasWaiters(readers)) wakeAll(readers);
  if ((bit & ~t.signalMask) != 0) t.work |= Work.Signal;
  else if ((t.waitedSignals & bit) == 0) return;
  if (t.state == ThreadState.Blocked && t.interruptible) unpark(t, WakeReason.Signal);
}

@inline
function takes(t: Thread, bit: u64): bool {
  return (t.signalMask & bit) == 0 || (t.waitedSignals & bit) != 0;
}

/** Chooses a thread for a signal to the process: the leader if it can take it, else any that can, rather one that has none yet. */
function alertOneOf(p: Process, signal: u32): void {
  const bit = signalBit(signal);
  let chosen = p.leader;
  if (chosen.state == ThreadState.Dead || !takes(chosen, bit)) {
    let t = p.threads;
    while (t) {
      if (takes(t, bit)) {
        chosen = t;
        if ((t.work & Work.Signal) == 0) break;
      }
      t = t.next;
    }
  }
  alert(chosen, bit);
}

/** Signals that wait for `t` or its process, blocked ones too. */
@inline
export function pendingSet(t: Thread): u64 {
  return t.pending | t.process.pending;
}

/** Sets or clears Work.Signal by what waits for `t`. */
export function recalculate(t: Thread): void {
  if ((pendingSet(t) & ~t.signalMask) != 0) t.work |= Work.Signal;
  else t.work &= ~Work.Signal;
}

/** Sets the signal mask of a thread. Signals to the process that it can no longer take go to another thread. */
@inline
export function setSignalMask(t: Thread, mask: u64): void {
  const set = mask & ~UNBLOCKABLE_SIGNALS;
  if (pendingSet(t) != 0) return setMaskWithPending(t, set);
  t.signalMask = set;
  t.work &= ~Work.Signal;
}

function setMaskWithPending(t: Thread, set: u64): void {
  const blocked = set & ~t.signalMask & t.process.pending;
  t.signalMask = set;
  if (blocked != 0 && t.process.threadCount > 1) retarget(t, blocked);
  recalculate(t);
}

function retarget(from: Thread, set: u64): void {
  let t = from.process.threads;
  while (t) {
    const next = t.next;
    if (t != from && (set & ~t.signalMask) != 0) {
      alert(t, set & ~t.signalMask);
      set &= t.signalMask;
    }
    t = next;
  }
}

/**
 * Sets the mask for the length of a call (sigsuspend, ppoll). Call it at the top of every run of the call; delivery puts the old mask back
 * after the handler, and restoreTemporaryMask when the call ends without a signal.
 */
export function setTemporaryMask(t: Thread, mask: u64): void {
  if (!t.restoreMask) {
    t.savedMask = t.signalMask;
    t.restoreMask = true;
  }
  setSignalMask(t, mask);
}

/** Ends what setTemporaryMask began. */
export function restoreTemporaryMask(t: Thread): void {
  if (!t.restoreMask) return;
  t.restoreMask = false;
  setSignalMask(t, t.savedMask);
}

/** To be called when `t` ends and is no longer among its process's threads: others take over what was meant for the process. */
export function signalsThreadEnded(t: Thread): void {
  const p = t.process;
  if (p.exiting || p.threadCount == 0) return;
  if (p.pending != 0) retarget(t, p.pending & ~t.signalMask);
  completeStopWithout(t);
}

/**
 * Takes the first signal of `set` that waits for `t` and copies it to `to`: 0 when there is none, else its number. First what the
 * thread's instruction caused, then the thread's own, then its process's, each by rising number.
 */
export function takeSignal(t: Thread, set: u64, to: SignalInfo): u32 {
  const own = threadPending(t);
  const shared = processPending(t.process);
  let q: PendingSignals = own;
  let ready = own.set & set;
  if (ready == 0) {
    q = shared;
    ready = shared.set & set;
    if (ready == 0) return 0;
  }
  const signal = firstSignal(ready);
  const timer = pendingTake(q, signal, to);
  if (timer) timerSignalTaken(timer, to);
  return signal;
}

/** For a new action: signals that it makes the process ignore no longer wait. */
export function discardIgnored(p: Process, signal: u32): void {
  if ((ignoredSignals(p.actions) & signalBit(signal)) != 0) discardFromAll(p, signalBit(signal));
}

/** True for the first process of a container: signals it has no handler for do nothing (pid_namespaces(7)). */
@inline
export function isInit(p: Process): bool {
  return p.container.init == p;
}

/**
 * May `sender` send `signal` to `target` by kill(2)? 0, or -EPERM. Within its session SIGCONT is always allowed.
 */
export function mayKill(sender: Thread, target: Process, signal: u32): Result {
  if (sender.process == target) return 0;
  const c = sender.credentials;
  const d = target.leader.credentials;
  if (c.euid == d.suid || c.euid == d.uid || c.uid == d.suid || c.uid == d.uid) return 0;
  if (capable(c, Capability.Kill)) return 0;
  if (signal == Signal.CONT && sender.process.session == target.session) return 0;
  return -Errno.EPERM;
}
