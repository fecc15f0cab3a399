// Job control: stopping and continuing processes, and what parents and orphans are told (wait(2), setpgid(2), POSIX "Job Control").
// A stop is asked of every thread by Work.Stop; each stops on its way to user mode. The process counts as stopped, and its parent
// is told, when the last one has.

import { nowNs } from "../time/clock";
import { actionFlags, ActionFlag, childrenReapThemselves } from "./action";
import { PidEntry, Process, ProcessState, childQueue } from "./process";
import { enqueue } from "./scheduler";
import { INFO_BYTES, kernelInfo, SignalCode, SignalInfo } from "./siginfo";
import { sendSignalToGroup, sendSignalToProcess } from "./signal";
import { isSignal, Signal } from "./signalset";
import { Thread, ThreadState, unpark, WakeReason, Work } from "./thread";
import { wakeAll } from "./wait";

/** Ticks of clock_t: USER_HZ is 100. */
const TICK_NS: u64 = 10_000_000;
const childInfo = memory.data(INFO_BYTES, 8);

/** The current thread took a stop signal: all threads of its process are to stop, this one at once. */
export function beginStop(t: Thread, signal: u32): void {
  const p = t.process;
  p.stopSignal = signal;
  let other = p.threads;
  while (other) {
    const next = other.next;
    if (other.state != ThreadState.Stopped) {
      other.work |= Work.Stop;
      if (other.state == ThreadState.Blocked && other.interruptible) unpark(other, WakeReason.Signal);
    }
    other = next;
  }
  stopThread(t);
}

/** Stops the current thread, which has Work.Stop; the caller gives the CPU to another. */
export function stopThread(t: Thread): void {
  t.work &= ~Work.Stop;
  t.state = ThreadState.Stopped;
  completeStop(t.process);
}

/** Tells the parent when every thread has stopped. */
function completeStop(p: Process): void {
  if (p.stopped) return;
  let t = p.threads;
  while (t) {
    if (t.state != ThreadState.Stopped) return;
    t = t.next;
  }
  p.stopped = true;
  p.stopReported = false;
  p.continuedUnreported = false;
  notifyParent(p, SignalCode.ChildStopped, p.stopSignal);
}

/** `ended` has left its process: that may have been the last thread a stop waited for. */
export function completeStopWithout(ended: Thread): void {
  if ((ended.work & Work.Stop) != 0) completeStop(ended.process);
}

/** SIGCONT: every thread goes on where it was. */
export function continueProcess(p: Process): void {
  let asked = false;
  let t = p.threads;
  while (t) {
    const next = t.next;
    if ((t.work & Work.Stop) != 0) {
      t.work &= ~Work.Stop;
      asked = true;
    }
    if (t.state == ThreadState.Stopped) {
      asked = true;
      t.state = ThreadState.Runnable;
      // So that delivery runs again and finishes the call that the stop interrupted.
      t.work |= Work.Signal;
      enqueue(t);
    }
    t = next;
  }
  if (!asked) return;
  if (!p.stopped) {
    // The stop had not come to its end: the parent sees it all the same, as Linux has it.
    notifyParent(p, SignalCode.ChildStopped, p.stopSignal);
    return;
  }
  p.stopped = false;
  p.continuedUnreported = true;
  notifyParent(p, SignalCode.ChildContinued, Signal.CONT);
}

/** Wakes a parent that waits for the child's stops, and sends it SIGCHLD unless SA_NOCLDSTOP. */
function notifyParent(p: Process, code: SignalCode, status: u32): void {
  const parent = p.parent;
  if (!parent) return;
  if ((actionFlags(parent.actions, Signal.CHLD) & ActionFlag.NoChildStop) == 0) sendChildSignal(p, parent, Signal.CHLD, code, status);
  wakeAll(childQueue(parent));
}

function sendChildSignal(p: Process, parent: Process, signal: u32, code: SignalCode, status: u32): void {
  // Not newInfo: this may happen while a SIGCONT made with that is being sent.
  memory.fill(childInfo, 0, INFO_BYTES);
  const info = changetype<SignalInfo>(childInfo);
  info.signal = signal;
  info.code = code;
  // Not forced: the exit signal is the child's choice (clone(2)), and must not be able to kill a container's init.
  info.pid = p.pid;
  info.uid = p.leader.credentials.uid;
  info.value = status;
  info.userTicks = processCpuNs(p) / TICK_NS;
  sendSignalToProcess(parent, info);
}

/** CPU time of all threads of the process, those that have ended included. */
export function processCpuNs(p: Process): u64 {
  let total = p.deadCpuNs;
  const now = nowNs();
  let t = p.threads;
  while (t) {
    total += threadCpuNs(t, now);
    t = t.next;
  }
  return total;
}

/** CPU time of the thread up to `now`. */
@inline
export function threadCpuNs(t: Thread, now: u64): u64 {
  return t.state == ThreadState.Running ? t.cpuNs + (now - t.startedNs) : t.cpuNs;
}

/**
 * A child has ended: tells its parent with the child's exit signal. True when the parent wants no zombie: it ignores SIGCHLD or has
 * SA_NOCLDWAIT.
 */
export function notifyChildEnded(p: Process): bool {
  const parent = p.parent;
  if (!parent) return true;
  const noZombie = p.exitSignal == Signal.CHLD && childrenReapThemselves(parent.actions);
  // clone(2) takes any number in the low byte of its flags; what is no signal is not sent.
  if (!isSignal(p.exitSignal)) return false;
  const status = p.exitStatus;
  const signal = status & 0x7f;
  if (signal == 0) sendChildSignal(p, parent, p.exitSignal, SignalCode.ChildExited, (status >> 8) & 0xff);
  else sendChildSignal(p, parent, p.exitSignal, (status & 0x80) != 0 ? SignalCode.ChildDumped : SignalCode.ChildKilled, signal);
  return noZombie;
}

/** The parent of `child` has ended: sends what the child's threads asked for (PR_SET_PDEATHSIG). */
export function parentDied(child: Process): void {
  if (child.state != ProcessState.Running) return;
  let t = child.threads;
  while (t) {
    const next = t.next;
    if (t.parentDeathSignal != 0) {
      const info = kernelInfo(t.parentDeathSignal);
      info.code = SignalCode.User;
      info.forced = false;
      sendSignalToProcess(child, info);
    }
    t = next;
  }
}

/**
 * True when no member of the group has a parent in the same session outside the group: nobody is left who could continue it. `except`
 * does not count as a member; children of `ending` count as children of `heir`.
 */
function orphaned(group: PidEntry, except: Process | null, ending: Process | null, heir: Process | null): bool {
  let p = group.group;
  while (p) {
    if (p != except && p.state == ProcessState.Running) {
      const parent = ending && p.parent == ending ? heir : p.parent;
      if (parent && parent.group != group && parent.session == p.session) return false;
    }
    p = p.groupNext;
  }
  return true;
}

/** True when the process group of `p` is orphaned: the terminal's stop signals do not stop it then (POSIX 11.1.4). */
export function isOrphanedGroup(p: Process): bool {
  return orphaned(p.group, null, null, null);
}

function hasStopped(group: PidEntry): bool {
  let p = group.group;
  while (p) {
    if (p.stopped) return true;
    p = p.groupNext;
  }
  return false;
}

function hangUp(group: PidEntry): void {
  sendSignalToGroup(group, kernelInfo(Signal.HUP));
  sendSignalToGroup(group, kernelInfo(Signal.CONT));
}

/**
 * `process` ends: groups that this orphans and that have stopped members get SIGHUP and SIGCONT (setpgid(2); POSIX _Exit,
 * "Consequences of Process Termination"). To be called while its children are still its children.
 */
export function orphanedGroupsOnExit(process: Process): void {
  const heir = heirOf(process);
  let child = process.children;
  while (child) {
    const group = child.group;
    if (group != process.group && child.session == process.session && hasStopped(group) && orphaned(group, null, process, heir))
      hangUp(group);
    child = child.siblingNext;
  }
  const parent = process.parent;
  const group = process.group;
  if (!parent || parent.group == group || parent.session != process.session) return;
  if (hasStopped(group) && orphaned(group, process, process, heir)) hangUp(group);
}

/** Who gets the children of `process` when it ends: the nearest subreaper, or the init of its container. */
function heirOf(process: Process): Process | null {
  let p = process.parent;
  while (p && (!p.childSubreaper || p.exiting)) p = p.parent;
  if (p) return p;
  const init = process.container.init;
  return init != process ? init : null;
}
