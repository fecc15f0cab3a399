import { Errno } from "../errno";
import { kernelAlloc } from "../mm/heap";
import { actionSet, SIG_IGN } from "./action";
import { LimitKind } from "./limits";
import { Process } from "./process";
import { INFO_BYTES, kernelInfo, newInfo, SignalCode, SignalInfo, userInfo } from "./siginfo";
import {
  fatalStatus,
  forceSignal,
  mayKill,
  recalculate,
  restoreTemporaryMask,
  sendSignalToProcess,
  sendSignalToThread,
  setSignalMask,
  setTemporaryMask,
  signalsThreadEnded,
  takeSignal,
} from "./signal";
import { Signal, signalBit } from "./signalset";
import { container, handle, init, newCredentials, newProcess, newThread, startContainer } from "./testing";
import { park, setCurrent, Thread, ThreadState, Work } from "./thread";

const ALL = u64.MAX_VALUE;
let p: Process = changetype<Process>(0);
let t: Thread = changetype<Thread>(0);
let info: SignalInfo = changetype<SignalInfo>(0);

function send(signal: u32): i64 {
  return sendSignalToThread(t, userInfo(signal, SignalCode.User, init.leader));
}

/** Queues `signal` with `value`, as sigqueue(3) does. */
function queue(signal: u32, value: u64): i64 {
  const queued = newInfo(signal, SignalCode.Queue);
  queued.value = value;
  return sendSignalToProcess(p, queued);
}

beforeEach(() => {
  startContainer();
  p = newProcess(init);
  t = p.leader;
  info = changetype<SignalInfo>(kernelAlloc(INFO_BYTES));
  for (let signal: u32 = 1; signal <= 64; signal++) if (signal != Signal.KILL && signal != Signal.STOP) handle(p, signal);
});

describe("queueing", () => {
  test("a standard signal waits once, with what the first sender said", () => {
    send(Signal.USR1);
    sendSignalToThread(t, kernelInfo(Signal.USR1));
    expect(takeSignal(t, ALL, info)).toBe(Signal.USR1);
    expect(info.code).toBe(SignalCode.User);
    expect(info.pid).toBe(init.pid);
    expect(takeSignal(t, ALL, info)).toBe(0);
  });

  test("of a real-time signal every instance waits, in order", () => {
    for (let i = 1; i <= 3; i++) queue(40, i);
    for (let i = 1; i <= 3; i++) {
      expect(takeSignal(t, ALL, info)).toBe(40);
      expect(info.value).toBe(i);
    }
    expect(takeSignal(t, ALL, info)).toBe(0);
    expect(p.pendingCount).toBe(0);
  });

  test("lower numbers go first, faults before all, the thread's own before the process's", () => {
    queue(35, 0);
    queue(34, 0);
    send(Signal.TERM);
    send(Signal.HUP);
    send(Signal.SEGV);
    sendSignalToProcess(p, kernelInfo(Signal.INT));
    expect(takeSignal(t, ALL, info)).toBe(Signal.SEGV);
    expect(takeSignal(t, ALL, info)).toBe(Signal.HUP);
    expect(takeSignal(t, ALL, info)).toBe(Signal.TERM);
    expect(takeSignal(t, ALL, info)).toBe(Signal.INT);
    expect(takeSignal(t, ALL, info)).toBe(34);
    expect(takeSignal(t, ALL, info)).toBe(35);
  });

  test("a full queue refuses sigqueue, and keeps kill's signal without its details", () => {
    store<u64>(p.limits + ((<usize>LimitKind.PendingSignals) << 4), 2);
    expect(queue(40, 1)).toBe(0);
    expect(queue(40, 2)).toBe(0);
    expect(queue(40, 3)).toBe(-Errno.EAGAIN);
    expect(sendSignalToThread(t, userInfo(41, SignalCode.User, init.leader))).toBe(0);
    expect(takeSignal(t, ALL, info)).toBe(41);
    expect(info.pid).toBe(0);
    expect(send(Signal.USR1)).toBe(0);
    expect(takeSignal(t, ALL, info)).toBe(Signal.USR1);
    expect(info.pid).toBe(init.pid);
  });

  test("only signals of the asked set are taken", () => {
    send(Signal.USR1);
    send(Signal.USR2);
    expect(takeSignal(t, signalBit(Signal.USR2), info)).toBe(Signal.USR2);
    expect(takeSignal(t, signalBit(Signal.USR2), info)).toBe(0);
    expect(t.pending).toBe(signalBit(Signal.USR1));
  });
});

describe("generation", () => {
  test("ignored signals are dropped, blocked ones kept in case that changes", () => {
    actionSet(p.actions, Signal.USR1, SIG_IGN, 0, 0, 0);
    send(Signal.USR1);
    expect(t.pending).toBe(0);
    setSignalMask(t, signalBit(Signal.USR1));
    send(Signal.USR1);
    expect(t.pending).toBe(signalBit(Signal.USR1));
    expect(t.work & Work.Signal).toBe(0);
  });

  test("SIGCHLD and SIGWINCH do nothing by default", () => {
    const child = newProcess(p);
    sendSignalToProcess(child, kernelInfo(Signal.CHLD));
    sendSignalToProcess(child, kernelInfo(Signal.WINCH));
    expect(child.pending).toBe(0);
  });

  test("stop signals and SIGCONT cancel each other", () => {
    setSignalMask(t, ALL);
    send(Signal.TSTP);
    sendSignalToProcess(p, kernelInfo(Signal.TTIN));
    send(Signal.CONT);
    expect(t.pending).toBe(signalBit(Signal.CONT));
    expect(p.pending).toBe(0);
    send(Signal.TTOU);
    expect(t.pending).toBe(signalBit(Signal.TTOU));
  });

  test("SIGKILL ends the process at once", () => {
    send(Signal.KILL);
    expect(p.exiting).toBe(true);
    expect(p.exitStatus).toBe(Signal.KILL);
    expect(t.work & Work.Exit).toBe(Work.Exit);
  });

  test("SIGKILL and SIGSTOP cannot be blocked", () => {
    setSignalMask(t, ALL);
    expect(t.signalMask).toBe(ALL & ~signalBit(Signal.KILL) & ~signalBit(Signal.STOP));
  });
});

describe("the init of a container", () => {
  test("is spared what it does not handle, from inside", () => {
    const sender = t;
    sendSignalToProcess(init, userInfo(Signal.TERM, SignalCode.User, sender));
    sendSignalToProcess(init, userInfo(Signal.KILL, SignalCode.User, sender));
    sendSignalToProcess(init, userInfo(Signal.STOP, SignalCode.User, sender));
    expect(init.pending).toBe(0);
    expect(init.exiting).toBe(false);
  });

  test("gets what it handles", () => {
    handle(init, Signal.TERM);
    sendSignalToProcess(init, userInfo(Signal.TERM, SignalCode.User, t));
    expect(init.pending).toBe(signalBit(Signal.TERM));
  });

  test("is stopped and killed from outside, but not asked to end", () => {
    sendSignalToProcess(init, kernelInfo(Signal.TERM));
    expect(init.pending).toBe(0);
    sendSignalToProcess(init, kernelInfo(Signal.STOP));
    expect(init.pending).toBe(signalBit(Signal.STOP));
    sendSignalToProcess(init, kernelInfo(Signal.KILL));
    expect(init.exiting).toBe(true);
  });

  test("is ended by its own faults", () => {
    forceSignal(init.leader, kernelInfo(Signal.SEGV));
    expect(init.exiting).toBe(true);
  });

  test("keeps a blocked signal until it may have a handler", () => {
    setSignalMask(init.leader, signalBit(Signal.TERM));
    sendSignalToProcess(init, userInfo(Signal.TERM, SignalCode.User, t));
    expect(init.pending).toBe(signalBit(Signal.TERM));
  });
});

describe("waking", () => {
  test("a signal ends an interruptible park", () => {
    setCurrent(t);
    park(null);
    expect(t.state).toBe(ThreadState.Blocked);
    send(Signal.USR1);
    expect(t.state).toBe(ThreadState.Runnable);
    expect(park(null)).toBe(-Errno.ERESTARTSYS);
  });

  test("a blocked signal ends no park, unless it is waited for", () => {
    setSignalMask(t, signalBit(Signal.USR1) | signalBit(Signal.USR2));
    setCurrent(t);
    park(null);
    send(Signal.USR1);
    expect(t.state).toBe(ThreadState.Blocked);
    t.waitedSignals = signalBit(Signal.USR2);
    send(Signal.USR2);
    expect(t.state).toBe(ThreadState.Runnable);
    expect(t.work & Work.Signal).toBe(0);
  });

  test("a signal to the process goes to a thread that does not block it", () => {
    const other = newThread(p);
    setSignalMask(t, signalBit(Signal.USR1));
    sendSignalToProcess(p, kernelInfo(Signal.USR1));
    expect(t.work & Work.Signal).toBe(0);
    expect(other.work & Work.Signal).toBe(Work.Signal);
  });

  test("whoever then blocks it hands it on", () => {
    const other = newThread(p);
    sendSignalToProcess(p, kernelInfo(Signal.USR1));
    expect(other.work & Work.Signal).toBe(0);
    setSignalMask(t, signalBit(Signal.USR1));
    expect(t.work & Work.Signal).toBe(0);
    expect(other.work & Work.Signal).toBe(Work.Signal);
  });

  test("whoever ends hands it on", () => {
    const other = newThread(p);
    sendSignalToProcess(p, kernelInfo(Signal.USR1));
    signalsThreadEnded(t);
    expect(other.work & Work.Signal).toBe(Work.Signal);
  });
});

describe("masks", () => {
  test("a temporary mask lasts over several runs of a call", () => {
    setSignalMask(t, signalBit(Signal.USR1));
    setTemporaryMask(t, signalBit(Signal.USR2));
    setTemporaryMask(t, signalBit(Signal.USR2));
    expect(t.signalMask).toBe(signalBit(Signal.USR2));
    restoreTemporaryMask(t);
    expect(t.signalMask).toBe(signalBit(Signal.USR1));
    expect(t.restoreMask).toBe(false);
  });

  test("unblocking lets through what waits", () => {
    setSignalMask(t, signalBit(Signal.USR1));
    send(Signal.USR1);
    expect(t.work & Work.Signal).toBe(0);
    setSignalMask(t, 0);
    expect(t.work & Work.Signal).toBe(Work.Signal);
    takeSignal(t, ALL, info);
    recalculate(t);
    expect(t.work & Work.Signal).toBe(0);
  });
});

describe("faults", () => {
  test("go to their handler, in place of one that waits", () => {
    send(Signal.SEGV);
    const fault = kernelInfo(Signal.SEGV);
    forceSignal(t, fault);
    expect(takeSignal(t, ALL, info)).toBe(Signal.SEGV);
    expect(info.code).toBe(SignalCode.Kernel);
    expect(takeSignal(t, ALL, info)).toBe(0);
  });

  test("end the process when blocked or ignored", () => {
    setSignalMask(t, signalBit(Signal.FPE));
    forceSignal(t, kernelInfo(Signal.FPE));
    expect(p.exitStatus).toBe(Signal.FPE);
    const other = newProcess(init);
    actionSet(other.actions, Signal.ILL, SIG_IGN, 0, 0, 0);
    forceSignal(other.leader, kernelInfo(Signal.ILL));
    expect(other.exitStatus).toBe(Signal.ILL);
  });

  test("the core bit needs RLIMIT_CORE and a signal that dumps", () => {
    expect(fatalStatus(p, Signal.ABRT)).toBe(Signal.ABRT);
    store<u64>(p.limits + ((<usize>LimitKind.Core) << 4), 1 << 20);
    expect(fatalStatus(p, Signal.ABRT)).toBe(Signal.ABRT | 0x80);
    expect(fatalStatus(p, Signal.TERM)).toBe(Signal.TERM);
  });
});

describe("permission", () => {
  test("by user ids, CAP_KILL and session", () => {
    const user = newProcess(init);
    user.leader.credentials = newCredentials(1000);
    const same = newProcess(init);
    same.leader.credentials = newCredentials(1000);
    expect(mayKill(user.leader, same, Signal.TERM)).toBe(0);
    expect(mayKill(user.leader, p, Signal.TERM)).toBe(-Errno.EPERM);
    expect(mayKill(t, user, Signal.TERM)).toBe(0);
    expect(mayKill(user.leader, p, Signal.CONT)).toBe(-Errno.EPERM);
    user.session = p.session;
    expect(mayKill(user.leader, p, Signal.CONT)).toBe(0);
    expect(container.init == init).toBe(true);
  });
});
