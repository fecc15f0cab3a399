import { kernelAlloc } from "../mm/heap";
import { ActionFlag, actionSet, SIG_DFL, SIG_IGN } from "./action";
import { exitGroup } from "./lifecycle";
import { Process } from "./process";
import { INFO_BYTES, kernelInfo, SignalCode, SignalInfo } from "./siginfo";
import { notifyChildEnded, orphanedGroupsOnExit, parentDied, sendSignalToProcess, takeSignal } from "./signal";
import { Signal, signalBit } from "./signalset";
import { beginStop, isOrphanedGroup, stopThread } from "./stop";
import { handle, init, moveTo, newProcess, newThread, startContainer } from "./testing";
import { park, setCurrent, Thread, ThreadState, Work } from "./thread";

let shell: Process = changetype<Process>(0);
let job: Process = changetype<Process>(0);
let t: Thread = changetype<Thread>(0);
let info: SignalInfo = changetype<SignalInfo>(0);

/** The SIGCHLD that waits for `p`: its si_code, or 0. */
function childCode(p: Process): i32 {
  return takeSignal(p.leader, signalBit(Signal.CHLD), info) == 0 ? 0 : info.code;
}

/** A shell with a job in a group of its own, all in one session. */
beforeEach(() => {
  startContainer();
  shell = newProcess(init);
  handle(shell, Signal.CHLD);
  job = newProcess(shell);
  moveTo(job, job.pidEntry, shell.session);
  t = job.leader;
  info = changetype<SignalInfo>(kernelAlloc(INFO_BYTES));
});

describe("stopping", () => {
  test("stops the thread and tells the parent", () => {
    beginStop(t, Signal.TSTP);
    expect(t.state).toBe(ThreadState.Stopped);
    expect(job.stopped).toBe(true);
    expect(childCode(shell)).toBe(SignalCode.ChildStopped);
    expect(info.value).toBe(Signal.TSTP);
    expect(info.pid).toBe(job.pid);
  });

  test("is complete when the last thread has stopped", () => {
    const other = newThread(job);
    beginStop(t, Signal.STOP);
    expect(job.stopped).toBe(false);
    expect(childCode(shell)).toBe(0);
    expect(other.work & Work.Stop).toBe(Work.Stop);
    stopThread(other);
    expect(job.stopped).toBe(true);
    expect(childCode(shell)).toBe(SignalCode.ChildStopped);
  });

  test("ends the parks of other threads", () => {
    const other = newThread(job);
    setCurrent(other);
    park(null);
    setCurrent(t);
    beginStop(t, Signal.STOP);
    expect(other.state).toBe(ThreadState.Runnable);
  });

  test("SA_NOCLDSTOP: no signal, but wait sees it", () => {
    handle(shell, Signal.CHLD, ActionFlag.NoChildStop);
    beginStop(t, Signal.STOP);
    expect(childCode(shell)).toBe(0);
    expect(job.stopped).toBe(true);
  });
});

describe("continuing", () => {
  test("SIGCONT lets every thread go on and tells the parent, even when ignored", () => {
    const other = newThread(job);
    actionSet(job.actions, Signal.CONT, SIG_IGN, 0, 0, 0);
    beginStop(t, Signal.STOP);
    stopThread(other);
    childCode(shell);
    sendSignalToProcess(job, kernelInfo(Signal.CONT));
    expect(t.state).toBe(ThreadState.Runnable);
    expect(other.state).toBe(ThreadState.Runnable);
    expect(job.stopped).toBe(false);
    expect(job.continuedUnreported).toBe(true);
    expect(childCode(shell)).toBe(SignalCode.ChildContinued);
    expect(job.pending).toBe(0);
  });

  test("a handler of SIGCONT gets it, though the parent is sent a signal meanwhile", () => {
    handle(job, Signal.CONT);
    beginStop(t, Signal.STOP);
    sendSignalToProcess(job, kernelInfo(Signal.CONT));
    expect(takeSignal(t, u64.MAX_VALUE, info)).toBe(Signal.CONT);
  });

  test("of a process that runs is nothing to tell", () => {
    sendSignalToProcess(job, kernelInfo(Signal.CONT));
    expect(childCode(shell)).toBe(0);
    expect(job.continuedUnreported).toBe(false);
  });

  test("a stopped process keeps other signals until then, but SIGKILL ends it", () => {
    beginStop(t, Signal.STOP);
    sendSignalToProcess(job, kernelInfo(Signal.TERM));
    expect(t.state).toBe(ThreadState.Stopped);
    sendSignalToProcess(job, kernelInfo(Signal.KILL));
    expect(t.state).toBe(ThreadState.Runnable);
    expect(job.exiting).toBe(true);
    expect(job.stopped).toBe(false);
  });
});

describe("the end of a child", () => {
  test("SIGCHLD says how", () => {
    exitGroup(job, 7 << 8);
    expect(notifyChildEnded(job)).toBe(false);
    expect(childCode(shell)).toBe(SignalCode.ChildExited);
    expect(info.value).toBe(7);
    const killed = newProcess(shell);
    exitGroup(killed, Signal.SEGV | 0x80);
    notifyChildEnded(killed);
    expect(childCode(shell)).toBe(SignalCode.ChildDumped);
    expect(info.value).toBe(Signal.SEGV);
  });

  test("a parent that ignores SIGCHLD or has SA_NOCLDWAIT wants no zombie", () => {
    actionSet(shell.actions, Signal.CHLD, SIG_IGN, 0, 0, 0);
    expect(notifyChildEnded(job)).toBe(true);
    actionSet(shell.actions, Signal.CHLD, SIG_DFL, ActionFlag.NoChildWait, 0, 0);
    expect(notifyChildEnded(job)).toBe(true);
    actionSet(shell.actions, Signal.CHLD, SIG_DFL, 0, 0, 0);
    expect(notifyChildEnded(job)).toBe(false);
  });

  test("SIGKILL as exit signal spares a container's init", () => {
    shell.exitSignal = Signal.KILL;
    notifyChildEnded(shell);
    expect(init.exiting).toBe(false);
    job.exitSignal = Signal.KILL;
    notifyChildEnded(job);
    expect(shell.exiting).toBe(true);
  });

  test("a clone without exit signal sends none", () => {
    job.exitSignal = 0;
    expect(notifyChildEnded(job)).toBe(false);
    expect(childCode(shell)).toBe(0);
  });
});

describe("orphans", () => {
  test("a job of a living shell is none, its session leader is one", () => {
    expect(isOrphanedGroup(job)).toBe(false);
    expect(isOrphanedGroup(shell)).toBe(true);
  });

  test("the end of the shell hangs its stopped jobs up", () => {
    handle(job, Signal.HUP);
    beginStop(t, Signal.TSTP);
    const running = newProcess(shell);
    moveTo(running, running.pidEntry, shell.session);
    orphanedGroupsOnExit(shell);
    expect(job.pending & signalBit(Signal.HUP)).toBe(signalBit(Signal.HUP));
    expect(t.state).toBe(ThreadState.Runnable);
    expect(running.pending).toBe(0);
  });

  test("a group whose only link to the session ends is hung up too", () => {
    const member = newProcess(job);
    moveTo(member, job.group, shell.session);
    handle(member, Signal.HUP);
    beginStop(member.leader, Signal.TSTP);
    orphanedGroupsOnExit(job);
    expect(member.pending & signalBit(Signal.HUP)).toBe(signalBit(Signal.HUP));
  });

  test("get the signal they asked for when their parent dies", () => {
    handle(job, Signal.USR1);
    t.parentDeathSignal = Signal.USR1;
    parentDied(job);
    expect(job.pending).toBe(signalBit(Signal.USR1));
  });
});
