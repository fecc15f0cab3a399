// System calls that a program carries out itself (prctl(2), PR_SET_SYSCALL_USER_DISPATCH): those of code outside a range become SIGSYS while a
// byte of the thread's memory says so. Emulators of other systems use it. It comes before seccomp's filters, to which the call may mean nothing.
// Specification: Documentation/admin-guide/syscall-user-dispatch.rst.

import { Errno } from "../kernel/errno";
import { copyIn, USER_END } from "../kernel/mm/user";
import { BLOCKED, GONE, PASSED, Result } from "../kernel/result";
import { exitGroup } from "../kernel/task/lifecycle";
import { fatalStatus, Signal } from "../kernel/task/signal";
import { OperationKind } from "../kernel/task/operation";
import { EntryWork, Thread } from "../kernel/task/thread";
import { judgeCall, sendCallSignal } from "./seccomp/judge";
import { SYS_USER_DISPATCH, SYSCALL_DISPATCH_FILTER_ALLOW, SYSCALL_DISPATCH_FILTER_BLOCK, UserDispatch } from "./types/prctl";

const selector = memory.data(1);

/** PR_SET_SYSCALL_USER_DISPATCH: calls from [start, start + bytes) are the kernel's; in the inclusive mode all others are. */
export function setUserDispatch(t: Thread, mode: u64, start: u64, bytes: u64, selectorAddress: u64): Result {
  const end = start + bytes;
  switch (mode) {
    case UserDispatch.PR_SYS_DISPATCH_OFF:
      if ((start | bytes | selectorAddress) != 0) return -Errno.EINVAL;
      t.entry &= ~EntryWork.UserDispatch;
      return 0;
    case UserDispatch.PR_SYS_DISPATCH_EXCLUSIVE_ON:
      if (start != 0 && end <= start) return -Errno.EINVAL;
      break;
    case UserDispatch.PR_SYS_DISPATCH_INCLUSIVE_ON:
      if (bytes == 0 || end <= start) return -Errno.EINVAL;
      start = end;
      bytes = -bytes;
      break;
    default:
      return -Errno.EINVAL;
  }
  if (selectorAddress >= USER_END) return -Errno.EFAULT;
  t.dispatchStart = start;
  t.dispatchBytes = bytes;
  t.dispatchSelector = selectorAddress;
  t.entry |= EntryWork.UserDispatch;
  return 0;
}

/** Whether the call that `t` is about to make is the kernel's: PASSED, GONE or BLOCKED. */
function dispatch(t: Thread): Result {
  if (t.rip - t.dispatchStart < t.dispatchBytes) return PASSED;
  if (t.dispatchSelector != 0) {
    const r = copyIn(selector, t.dispatchSelector, 1);
    if (r == BLOCKED) return r;
    const state = load<u8>(selector);
    if (r >= 0 && state == SYSCALL_DISPATCH_FILTER_ALLOW) return PASSED;
    if (r < 0 || state != SYSCALL_DISPATCH_FILTER_BLOCK) {
      exitGroup(t.process, fatalStatus(t.process, r < 0 ? Signal.SEGV : Signal.SYS));
      return GONE;
    }
  }
  sendCallSignal(t, SYS_USER_DISPATCH, 0);
  return GONE;
}

/** What the program itself and its filters say to the call that `t` is about to make: PASSED, or what to return instead. */
export function judgeEntry(t: Thread): Result {
  // A call that waits for another process's answer has passed here.
  if ((t.entry & EntryWork.UserDispatch) != 0 && t.opKind == OperationKind.None) {
    const r = dispatch(t);
    if (r != PASSED) return r;
  }
  return (t.entry & EntryWork.Seccomp) != 0 ? judgeCall(t) : PASSED;
}
