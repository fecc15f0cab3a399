// Delivering signals to the current thread on its way to user mode, and finishing the system call that a signal interrupted (signal(7),
// "Interruption of system calls and library functions by signal handlers").
// linuxabi/entry.ts calls deliverSignals while Thread.work asks for it, after it has put the call's result in rax.

import { Errno } from "../kernel/errno";
import { BLOCKED, Result } from "../kernel/result";
import { actionFlags, ActionFlag, actionReset } from "../kernel/task/action";
import { exitGroup } from "../kernel/task/lifecycle";
import {
  fatalStatus,
  forceSignal,
  isInit,
  kernelInfo,
  recalculate,
  restoreTemporaryMask,
  Signal,
  signalBit,
  SignalInfo,
  takeSignal,
} from "../kernel/task/signal";
import { INFO_BYTES, pendingAdd, pendingPutBack, threadPending } from "../kernel/task/siginfo";
import { IGNORED_BY_DEFAULT, STOP_SIGNALS, UNBLOCKABLE_SIGNALS } from "../kernel/task/signalset";
import { beginStop, isOrphanedGroup, stopThread } from "../kernel/task/stop";
import { Thread, Work } from "../kernel/task/thread";
import { pushFrame } from "./signalframe";
import { sequenceInterrupted, sequenceResumes } from "./sys/rseq";

/** Bytes of the SYSCALL instruction: to run it again. */
const SYSCALL_BYTES: u64 = 2;
const RESTART_SYSCALL: u64 = 219;

const infoSpace = memory.data(INFO_BYTES, 8);

const enum Outcome {
  /** Nothing to be seen: look for the next signal. */
  Nothing = 0,
  /** A handler is to run: the call is finished, and with the handler's mask Work.Signal says whether there is more. */
  Handler = 1,
  /** The thread does not go on: it was stopped, its process ends, or it waits for a page of its stack. */
  Halted = 2,
}

/**
 * Takes the signals of the current thread that are not blocked, and acts on each. When it returns the thread may have been stopped, parked or told to
 * exit (state, Work.Exit): otherwise its registers are ready for user mode.
 */
export function deliverSignals(t: Thread): void {
  if ((t.work & Work.Exit) != 0) return;
  if ((t.work & Work.Stop) != 0) return stopThread(t);
  if ((t.work & Work.Sequence) != 0 && resumeSequence(t) == Outcome.Halted) return;
  const info = changetype<SignalInfo>(infoSpace);
  do {
    if (takeSignal(t, ~t.signalMask, info) == 0) {
      finishCall(t, false, false);
      restoreTemporaryMask(t);
      // The mask that was put back may let more through.
      recalculate(t);
    } else {
      const outcome = deliver(t, info);
      if (outcome == Outcome.Halted) return;
      if (outcome == Outcome.Nothing) t.work |= Work.Signal;
    }
  } while ((t.work & Work.Signal) != 0);
}

function deliver(t: Thread, info: SignalInfo): Outcome {
  const p = t.process;
  const signal = info.signal;
  const bit = signalBit(signal);
  if ((p.actions.handled & bit) != 0) return runHandler(t, info);
  if ((p.actions.ignored & bit) != 0) return Outcome.Nothing;
  if ((bit & IGNORED_BY_DEFAULT) != 0) return Outcome.Nothing;
  if (isInit(p) && (bit & UNBLOCKABLE_SIGNALS) == 0) return Outcome.Nothing;
  if ((bit & STOP_SIGNALS) != 0) {
    // Nobody could continue a member of an orphaned group: only SIGSTOP stops it.
    if (signal != Signal.STOP && isOrphanedGroup(p)) return Outcome.Nothing;
    beginStop(t, signal);
  } else exitGroup(p, fatalStatus(p, signal));
  return Outcome.Halted;
}

function runHandler(t: Thread, info: SignalInfo): Outcome {
  const actions = t.process.actions;
  const signal = info.signal;
  const flags = actionFlags(actions, signal);
  finishCall(t, true, (flags & ActionFlag.Restart) != 0);
  const broken = t.rseq != 0 ? sequenceInterrupted(t) : 0;
  if (broken < 0 && broken != BLOCKED && signal != Signal.SEGV) {
    forceSignal(t, kernelInfo(Signal.SEGV));
    if ((t.work & Work.Exit) != 0) return Outcome.Halted;
  }
  const r = broken == BLOCKED ? BLOCKED : pushFrame(t, info);
  if (r == BLOCKED) {
    // The thread waits for a page of its stack; the call is finished, so it is not to run again.
    t.work &= ~Work.Restart;
    t.work |= Work.Signal;
    pendingPutBack(threadPending(t), t.process, info);
    return Outcome.Halted;
  }
  if (r < 0) {
    if (signal == Signal.SEGV) actionReset(actions, Signal.SEGV);
    forceSignal(t, kernelInfo(Signal.SEGV));
    return (t.work & Work.Exit) != 0 ? Outcome.Halted : Outcome.Nothing;
  }
  if ((flags & ActionFlag.ResetHandler) != 0) actionReset(actions, signal);
  if (broken < 0 && signal == Signal.SEGV) {
    // The handler may have its say; when it returns, the process ends.
    actionReset(actions, Signal.SEGV);
    pendingAdd(threadPending(t), t.process, kernelInfo(Signal.SEGV));
  }
  return Outcome.Handler;
}

/** Another thread ran since this one did: see to its restartable sequence (rseq(2)). */
function resumeSequence(t: Thread): Outcome {
  const r = sequenceResumes(t);
  if (r == BLOCKED) {
    t.work &= ~Work.Restart;
    return Outcome.Halted;
  }
  t.work &= ~Work.Sequence;
  if (r < 0) forceSignal(t, kernelInfo(Signal.SEGV));
  return (t.work & Work.Exit) != 0 ? Outcome.Halted : Outcome.Nothing;
}

/** Decides how a call goes on that ended with one of the codes from ERESTARTSYS on: EINTR, or once more. */
function finishCall(t: Thread, handler: bool, restart: bool): void {
  if (<i64>t.call < 0) return;
  const r = <Result>t.rax;
  if (r <= -Errno.ERESTARTSYS && r >= -Errno.ERESTART_RESTARTBLOCK) {
    if (handler && r != -Errno.ERESTARTNOINTR && !(restart && r == -Errno.ERESTARTSYS)) t.rax = -Errno.EINTR;
    else {
      t.rax = r == -Errno.ERESTART_RESTARTBLOCK ? RESTART_SYSCALL : t.call;
      t.rip -= SYSCALL_BYTES;
    }
  }
  t.call = u64.MAX_VALUE;
}
