// The signal frame: what a handler finds on its stack, and what rt_sigreturn(2) puts back into the registers (x86-64 psABI 3.2.2 for the red
// zone; arch/x86/kernel/signal_64.c documents the layout). Nothing that comes from a frame is trusted: the user can write any.

import { Errno } from "../kernel/errno";
import { copyIn, copyOut, USER_END } from "../kernel/mm/user";
import { BLOCKED, GONE, Result } from "../kernel/result";
import { actionFlags, ActionFlag, actionHandler, actionMask, actionRestorer, SignalActions } from "../kernel/task/action";
import { forceSignal, kernelInfo, setSignalMask, Signal, signalBit, SignalInfo } from "../kernel/task/signal";
import { INFO_VISIBLE_BYTES } from "../kernel/task/siginfo";
import { Thread } from "../kernel/task/thread";
import { fpuFrameBytes, fpuFrameExtended, fpuFromFrame, fpuToClean, fpuToFrame } from "./fpstate";
import { ALT_STACK_MIN_BYTES, AltStackFlag, ContextFlag, FRAME_BYTES, SIGINFO_BYTES, SignalFrame } from "./types/signal";

const RED_ZONE_BYTES: u64 = 128;
const USER_CS: u64 = 0x33;
const USER_SS: u64 = 0x2b;
/** Flags a frame may set: AC OF DF TF SF ZF AF PF CF and RF. */
const FLAGS_FROM_FRAME: u64 = 0x50dd5;
/** Flags that are clear when a handler starts: DF, TF and RF. */
const FLAGS_CLEARED: u64 = 0x10500;

const frameSpace = memory.data(FRAME_BYTES + SIGINFO_BYTES, 16);

/** True when `sp` is on the thread's alternate stack; a stack that disarms itself is never in use. */
export function onAltStack(t: Thread, sp: u64): bool {
  if ((t.altStackFlags & AltStackFlag.SS_AUTODISARM) != 0) return false;
  return sp > t.altStack && sp - t.altStack <= t.altStackBytes;
}

/**
 * Makes the current thread run its handler for `info`, which returns to where the thread is now. 0; BLOCKED when a page of the stack is
 * not there yet; -EFAULT when the frame cannot be written.
 */
export function pushFrame(t: Thread, info: SignalInfo): Result {
  const signal = info.signal;
  const actions = t.process.actions;
  const flags = actionFlags(actions, signal);
  const handler = actionHandler(actions, signal);
  // SYSRET and IRET to a non-canonical address would fault in the kernel.
  if ((flags & ActionFlag.Restorer) == 0 || handler >= USER_END) return -Errno.EFAULT;
  let sp = t.rsp - RED_ZONE_BYTES;
  let onAlternate = onAltStack(t, t.rsp);
  if ((flags & ActionFlag.OnStack) != 0 && t.altStackBytes != 0 && !onAltStack(t, sp)) {
    sp = t.altStack + t.altStackBytes;
    onAlternate = true;
  }
  const fpu = (sp - fpuFrameBytes(t)) & ~63;
  sp = ((fpu - FRAME_BYTES - SIGINFO_BYTES) & ~15) - 8;
  // Rather none than one that runs over the end of the alternate stack.
  if (onAlternate && !(sp > t.altStack && sp - t.altStack <= t.altStackBytes)) return -Errno.EFAULT;

  fillFrame(t, fpu, actionRestorer(actions, signal));
  let bytes: u32 = FRAME_BYTES;
  if ((flags & ActionFlag.SigInfo) != 0) {
    memory.copy(frameSpace + FRAME_BYTES, changetype<usize>(info), INFO_VISIBLE_BYTES);
    memory.fill(frameSpace + FRAME_BYTES + INFO_VISIBLE_BYTES, 0, SIGINFO_BYTES - INFO_VISIBLE_BYTES);
    bytes += SIGINFO_BYTES;
  }
  let r = fpuToFrame(t, fpu);
  if (r >= 0) r = copyOut(sp, frameSpace, bytes);
  if (r < 0) return r;

  fpuToClean();
  enterHandler(t, actions, signal, sp);
  return 0;
}

function fillFrame(t: Thread, fpu: u64, restorer: u64): void {
  const f = changetype<SignalFrame>(frameSpace);
  f.returnAddress = restorer;
  f.flags = ContextFlag.UC_SIGCONTEXT_SS | ContextFlag.UC_STRICT_RESTORE_SS | (fpuFrameExtended() ? ContextFlag.UC_FP_XSTATE : 0);
  f.stackAddress = t.altStack;
  f.stackFlags = t.altStackFlags;
  f.stackBytes = t.altStackBytes;
  f.r8 = t.r8;
  f.r9 = t.r9;
  f.r10 = t.r10;
  f.r11 = t.r11;
  f.r12 = t.r12;
  f.r13 = t.r13;
  f.r14 = t.r14;
  f.r15 = t.r15;
  f.rdi = t.rdi;
  f.rsi = t.rsi;
  f.rbp = t.rbp;
  f.rbx = t.rbx;
  f.rdx = t.rdx;
  f.rax = t.rax;
  f.rcx = t.rcx;
  f.rsp = t.rsp;
  f.rip = t.rip;
  f.rflags = t.rflags;
  f.cs = <u16>t.cs;
  f.ss = <u16>t.ss;
  f.error = t.faultError;
  f.trapNumber = t.faultVector;
  f.oldMask = t.restoreMask ? t.savedMask : t.signalMask;
  f.cr2 = t.faultAddress;
  f.fpState = fpu;
  f.mask = f.oldMask;
}

function enterHandler(t: Thread, actions: SignalActions, signal: u32, sp: u64): void {
  t.rdi = signal;
  t.rsi = sp + FRAME_BYTES;
  t.rdx = sp + offsetof<SignalFrame>("flags");
  t.rax = 0;
  t.rsp = sp;
  t.rip = actionHandler(actions, signal);
  t.cs = USER_CS;
  t.ss = USER_SS;
  t.rflags &= ~FLAGS_CLEARED;
  if ((t.altStackFlags & AltStackFlag.SS_AUTODISARM) != 0) disableAltStack(t);
  t.restoreMask = false;
  const self = (actionFlags(actions, signal) & ActionFlag.NoDefer) != 0 ? 0 : signalBit(signal);
  setSignalMask(t, t.signalMask | actionMask(actions, signal) | self);
}

function disableAltStack(t: Thread): void {
  t.altStack = 0;
  t.altStackBytes = 0;
  t.altStackFlags = AltStackFlag.SS_DISABLE;
}

/** Sets the alternate stack as sigaltstack(2) does, seen from stack pointer `sp`: 0, -EPERM while it is in use, -EINVAL, -ENOMEM. */
export function setAltStack(t: Thread, sp: u64, address: u64, flags: u32, bytes: u64): Result {
  if (onAltStack(t, sp)) return -Errno.EPERM;
  const mode = flags & ~(<u32>AltStackFlag.SS_AUTODISARM);
  if (mode != AltStackFlag.SS_DISABLE && mode != AltStackFlag.SS_ONSTACK && mode != 0) return -Errno.EINVAL;
  if (mode == AltStackFlag.SS_DISABLE) {
    t.altStack = 0;
    t.altStackBytes = 0;
  } else {
    if (bytes < ALT_STACK_MIN_BYTES) return -Errno.ENOMEM;
    t.altStack = address;
    t.altStackBytes = bytes;
  }
  t.altStackFlags = flags;
  return 0;
}

/**
 * rt_sigreturn(2): the end of a handler. The registers come back as the frame has them, rax too: so the call has no result (GONE). A frame that is no
 * good ends in SIGSEGV.
 */
export function returnFromHandler(t: Thread): Result {
  let r = copyIn(frameSpace, t.rsp - 8, FRAME_BYTES);
  if (r == BLOCKED) return r;
  const f = changetype<SignalFrame>(frameSpace);
  if (r >= 0 && ((f.cs | 3) != <u16>USER_CS || (f.ss | 3) != <u16>USER_SS || f.rip >= USER_END)) r = -Errno.EINVAL;
  if (r >= 0) r = fpuFromFrame(t, f.fpState);
  if (r == BLOCKED) return r;
  t.restartCall = 0;
  t.call = u64.MAX_VALUE;
  t.fullReturn = 1;
  if (r < 0) {
    forceSignal(t, kernelInfo(Signal.SEGV));
    return GONE;
  }
  restoreRegisters(t, f);
  setSignalMask(t, f.mask);
  if (f.stackAddress != t.altStack || f.stackBytes != t.altStackBytes || f.stackFlags != t.altStackFlags) {
    setAltStack(t, t.rsp, f.stackAddress, f.stackFlags, f.stackBytes);
  }
  return GONE;
}

function restoreRegisters(t: Thread, f: SignalFrame): void {
  t.r8 = f.r8;
  t.r9 = f.r9;
  t.r10 = f.r10;
  t.r11 = f.r11;
  t.r12 = f.r12;
  t.r13 = f.r13;
  t.r14 = f.r14;
  t.r15 = f.r15;
  t.rdi = f.rdi;
  t.rsi = f.rsi;
  t.rbp = f.rbp;
  t.rbx = f.rbx;
  t.rdx = f.rdx;
  t.rax = f.rax;
  t.rcx = f.rcx;
  t.rsp = f.rsp;
  t.rip = f.rip;
  t.cs = USER_CS;
  t.ss = USER_SS;
  t.rflags = (t.rflags & ~FLAGS_FROM_FRAME) | (f.rflags & FLAGS_FROM_FRAME);
}
