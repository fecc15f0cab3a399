// Signal calls other than those that send: actions, masks, waiting, alternate stacks, returning from handlers. See sigaction(2), sigprocmask(2),
// sigpending(2), sigsuspend(2), sigtimedwait(2), sigaltstack(2), sigreturn(2), signalfd(2), restart_syscall(2).

import { operationOpens } from "../../kernel/task/operation";
import { Errno } from "../../kernel/errno";
import { copiedWord, copyIn, copyInWord, copyOut, copyOutWord } from "../../kernel/mm/user";
import { Result } from "../../kernel/result";
import { actionFlags, ActionFlag, actionHandler, actionMask, actionRestorer, actionSet } from "../../kernel/task/action";
import { INFO_BYTES, INFO_VISIBLE_BYTES, SignalInfo } from "../../kernel/task/siginfo";
import { discardIgnored, pendingSet, setSignalMask, setTemporaryMask, takeSignal } from "../../kernel/task/signal";
import { isSignal, signalBit, UNBLOCKABLE_SIGNALS } from "../../kernel/task/signalset";
import { signalFileNew, signalFileSetMask } from "../../kernel/task/signalfd";
import { park, Thread } from "../../kernel/task/thread";
import { FileKind } from "../../kernel/vfs/inode";
import { onAltStack, returnFromHandler, setAltStack } from "../signalframe";
import { AltStackFlag, KernelSigaction, MaskHow, SignalfdFlag, SIGINFO_BYTES, SIGSET_BYTES, StackDescription } from "../types/signal";
import { installFile, isNone, openFile } from "./descriptor";
import { deadlineNs, timeoutIn, TimeUnit } from "./timeout";

/** The flags that are kept; others are cleared, so that a program sees which the kernel knows. */
const ACTION_FLAGS: u64 =
  (<u64>(
    (ActionFlag.NoChildStop | ActionFlag.NoChildWait | ActionFlag.SigInfo | ActionFlag.Restorer | ActionFlag.OnStack | ActionFlag.Restart)
  )) | 0xc000_0800; // NoDefer, ResetHandler, ExposeTagBits

const actionSpace = memory.data(32, 8);
const setSpace = memory.data(8, 8);
const oldSpace = memory.data(32, 8);
const infoSpace = memory.data(INFO_BYTES, 8);
const siginfoSpace = memory.data(SIGINFO_BYTES, 8);

export function sysRtSigaction(t: Thread, signal: u32, action: u64, old: u64, setBytes: u64): Result {
  if (setBytes != SIGSET_BYTES) return -Errno.EINVAL;
  let r: Result = 0;
  if (action != 0) {
    r = copyIn(actionSpace, action, offsetof<KernelSigaction>());
    if (r < 0) return r;
  }
  if (!isSignal(signal) || (action != 0 && (signalBit(signal) & UNBLOCKABLE_SIGNALS) != 0)) return -Errno.EINVAL;
  const actions = t.process.actions;
  if (old != 0) {
    const o = changetype<KernelSigaction>(oldSpace);
    o.handler = actionHandler(actions, signal);
    o.flags = actionFlags(actions, signal);
    o.restorer = actionRestorer(actions, signal);
    o.mask = actionMask(actions, signal);
    r = copyOut(old, oldSpace, offsetof<KernelSigaction>());
    if (r < 0) return r;
  }
  if (action != 0) {
    const a = changetype<KernelSigaction>(actionSpace);
    r = actionSet(actions, signal, a.handler, <u32>(a.flags & ACTION_FLAGS), a.restorer, a.mask & ~UNBLOCKABLE_SIGNALS);
    if (r < 0) return r;
    discardIgnored(t.process, signal);
  }
  return 0;
}

export function sysRtSigprocmask(t: Thread, how: u32, set: u64, old: u64, setBytes: u64): Result {
  if (setBytes != SIGSET_BYTES) return -Errno.EINVAL;
  let mask = t.signalMask;
  let r: Result = 0;
  if (set != 0) {
    r = copyInWord(set);
    if (r < 0) return r;
    const given = copiedWord;
    if (how == MaskHow.SIG_BLOCK) mask |= given;
    else if (how == MaskHow.SIG_UNBLOCK) mask &= ~given;
    else if (how == MaskHow.SIG_SETMASK) mask = given;
    else return -Errno.EINVAL;
  }
  if (old != 0) {
    r = copyOutWord(old, t.signalMask);
    if (r < 0) return r;
  }
  if (set != 0) setSignalMask(t, mask);
  return 0;
}

export function sysRtSigpending(t: Thread, set: u64, setBytes: u64): Result {
  if (setBytes > SIGSET_BYTES) return -Errno.EINVAL;
  store<u64>(setSpace, pendingSet(t) & t.signalMask);
  return copyOut(set, setSpace, <u32>setBytes);
}

export function sysRtSigsuspend(t: Thread, set: u64, setBytes: u64): Result {
  if (setBytes != SIGSET_BYTES) return -Errno.EINVAL;
  const r = copyIn(setSpace, set, 8);
  if (r < 0) return r;
  setTemporaryMask(t, load<u64>(setSpace));
  return sysPause();
}

export function sysPause(): Result {
  const r = park(null);
  return r == -Errno.ERESTARTSYS ? -Errno.ERESTARTNOHAND : r;
}

export function sysRtSigtimedwait(t: Thread, set: u64, info: u64, timeout: u64, setBytes: u64): Result {
  t.waitedSignals = 0;
  if (setBytes != SIGSET_BYTES) return -Errno.EINVAL;
  let r = copyIn(setSpace, set, 8);
  if (r < 0) return r;
  const wanted = load<u64>(setSpace) & ~UNBLOCKABLE_SIGNALS;
  r = timeoutIn(t, timeout, TimeUnit.Timespec);
  if (r < 0) return r;
  const signal = takeSignal(t, wanted, changetype<SignalInfo>(infoSpace));
  if (signal != 0) {
    r = info != 0 ? infoOut(info) : 0;
    return r < 0 ? r : <Result>signal;
  }
  if (deadlineNs == 0) return -Errno.EAGAIN;
  r = park(null, deadlineNs);
  if (r == -Errno.ETIMEDOUT) return -Errno.EAGAIN;
  if (r == -Errno.ERESTARTSYS) return -Errno.EINTR;
  t.waitedSignals = wanted;
  return r;
}

/** Writes the siginfo_t of the signal in infoSpace to `ua`. */
function infoOut(ua: u64): Result {
  memory.copy(siginfoSpace, infoSpace, INFO_VISIBLE_BYTES);
  return copyOut(ua, siginfoSpace, SIGINFO_BYTES);
}

export function sysSigaltstack(t: Thread, stack: u64, old: u64): Result {
  let r: Result = 0;
  if (stack != 0) {
    r = copyIn(actionSpace, stack, offsetof<StackDescription>());
    if (r < 0) return r;
  }
  const o = changetype<StackDescription>(oldSpace);
  o.address = t.altStack;
  o.bytes = t.altStackBytes;
  o.pad = 0;
  o.flags = t.altStackFlags & (<u32>AltStackFlag.SS_AUTODISARM);
  if (t.altStackBytes == 0) o.flags |= AltStackFlag.SS_DISABLE;
  else if (onAltStack(t, t.rsp)) o.flags |= AltStackFlag.SS_ONSTACK;
  if (stack != 0) {
    const s = changetype<StackDescription>(actionSpace);
    r = setAltStack(t, t.rsp, s.address, s.flags, s.bytes);
    if (r < 0) return r;
  }
  return old != 0 ? copyOut(old, oldSpace, offsetof<StackDescription>()) : 0;
}

export function sysRtSigreturn(t: Thread): Result {
  return returnFromHandler(t);
}

export function sysSignalfd4(t: Thread, fd: i32, set: u64, setBytes: u64, flags: u32): Result {
  if ((flags & ~(<u32>(SignalfdFlag.SFD_CLOEXEC | SignalfdFlag.SFD_NONBLOCK))) != 0) return -Errno.EINVAL;
  if (setBytes != SIGSET_BYTES) return -Errno.EINVAL;
  const r = copyIn(setSpace, set, 8);
  if (r < 0) return r;
  const wanted = load<u64>(setSpace);
  if (fd != -1) {
    const file = openFile(t, fd);
    if (isNone(file)) return -Errno.EBADF;
    if (file.kind != FileKind.SignalFd) return -Errno.EINVAL;
    signalFileSetMask(file, wanted);
    return fd;
  }
  return installFile(t, signalFileNew(wanted, (flags & SignalfdFlag.SFD_NONBLOCK) != 0), flags);
}

export function sysSignalfd(t: Thread, fd: i32, set: u64, setBytes: u64): Result {
  return sysSignalfd4(t, fd, set, setBytes, 0);
}

/**
 * restart_syscall(2): makes the call that a signal without a handler interrupted the current one again, with its old deadline; its arguments
 * are still in the registers. False when there is none.
 */
export function sysRestartSyscall(t: Thread): bool {
  const call = t.restartCall;
  t.restartCall = 0;
  if (call == 0) return false;
  t.call = call;
  operationOpens();
  t.opDeadlineNs = t.restartDeadlineNs;
  return true;
}
