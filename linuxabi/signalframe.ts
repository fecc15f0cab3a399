// The signal frame: what a handler finds on its stack, and what rt_sigreturn(2) puts back into the registers (x86-64 psABI 3.2.2 for the red
// zone; arch/x86/kernel/signal_64.c documents the layout). Nothing that comes from a frame is trusted: the user can write any.

import { Errno } from "../kernel/errno";
import { beginWords, copyOut, endWords, getWord, putWord, userRange, USER_END } from "../kernel/mm/user";
import { BLOCKED, GONE, NEEDS_REGISTERS, REPLACED, Result } from "../kernel/result";
import { registersSaved } from "../kernel/run";
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

/** ss in the word that begins with cs. */
const SS_SHIFT: u64 = 48;

const siginfoSpace = memory.data(SIGINFO_BYTES, 16);

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
  const top = sp;
  const fpu = (sp - fpuFrameBytes(t)) & ~63;
  sp = ((fpu - FRAME_BYTES - SIGINFO_BYTES) & ~15) - 8;
  // Rather none than one that runs over the end of the alternate stack.
  if (onAlternate && !(sp > t.altStack && sp - t.altStack <= t.altStackBytes)) return -Errno.EFAULT;

  if (!userRange(sp, top - sp)) return -Errno.EFAULT;
  const mask = t.restoreMask ? t.savedMask : t.signalMask;
  let r: Result;
  do {
    beginWords();
    putFrame(t, sp, fpu, actionRestorer(actions, signal), mask);
    fpuToFrame(fpu);
    r = endWords(true);
  } while (r > 0);
  if (r == 0 && (flags & ActionFlag.SigInfo) != 0) {
    memory.copy(siginfoSpace, changetype<usize>(info), INFO_VISIBLE_BYTES);
    r = copyOut(sp + FRAME_BYTES, siginfoSpace, SIGINFO_BYTES);
  }
  if (r < 0) return r;

  fpuToClean();
  enterHandler(t, actions, signal, sp);
  return 0;
}

/** Writes struct rt_sigframe up to siginfo at `at`, in a row that the caller has begun. */
function putFrame(t: Thread, at: u64, fpu: u64, restorer: u64, mask: u64): void {
  put(at, offsetof<SignalFrame>("returnAddress"), restorer);
  const extended: u64 = fpuFrameExtended() ? ContextFlag.UC_FP_XSTATE : 0;
  put(at, offsetof<SignalFrame>("flags"), ContextFlag.UC_SIGCONTEXT_SS | ContextFlag.UC_STRICT_RESTORE_SS | extended);
  put(at, offsetof<SignalFrame>("link"), 0);
  put(at, offsetof<SignalFrame>("stackAddress"), t.altStack);
  put(at, offsetof<SignalFrame>("stackFlags"), t.altStackFlags);
  put(at, offsetof<SignalFrame>("stackBytes"), t.altStackBytes);
  put(at, offsetof<SignalFrame>("r8"), t.r8);
  put(at, offsetof<SignalFrame>("r9"), t.r9);
  put(at, offsetof<SignalFrame>("r10"), t.r10);
  put(at, offsetof<SignalFrame>("r11"), t.r11);
  put(at, offsetof<SignalFrame>("r12"), t.r12);
  put(at, offsetof<SignalFrame>("r13"), t.r13);
  put(at, offsetof<SignalFrame>("r14"), t.r14);
  put(at, offsetof<SignalFrame>("r15"), t.r15);
  put(at, offsetof<SignalFrame>("rdi"), t.rdi);
  put(at, offsetof<SignalFrame>("rsi"), t.rsi);
  put(at, offsetof<SignalFrame>("rbp"), t.rbp);
  put(at, offsetof<SignalFrame>("rbx"), t.rbx);
  put(at, offsetof<SignalFrame>("rdx"), t.rdx);
  put(at, offsetof<SignalFrame>("rax"), t.rax);
  put(at, offsetof<SignalFrame>("rcx"), t.rcx);
  put(at, offsetof<SignalFrame>("rsp"), t.rsp);
  put(at, offsetof<SignalFrame>("rip"), t.rip);
  put(at, offsetof<SignalFrame>("rflags"), t.rflags);
  // With gs and fs, which are zero.
  put(at, offsetof<SignalFrame>("cs"), t.cs | (t.ss << SS_SHIFT));
  put(at, offsetof<SignalFrame>("error"), t.faultError);
  put(at, offsetof<SignalFrame>("trapNumber"), t.faultVector);
  put(at, offsetof<SignalFrame>("oldMask"), mask);
  put(at, offsetof<SignalFrame>("cr2"), t.faultAddress);
  put(at, offsetof<SignalFrame>("fpState"), fpu);
  put(at, offsetof<SignalFrame>("mask"), mask);
}

@inline
function put(frame: u64, offset: u64, value: u64): void {
  putWord(frame + offset, value);
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
 * rt_sigreturn(2): the end of a handler. The registers come back as the frame has them, rax too: so the call has no result (REPLACED, or GONE when
 * they had been saved). A frame that is no good ends in SIGSEGV.
 */
export function returnFromHandler(t: Thread): Result {
  const at = t.rsp - 8;
  let segments: u64 = 0;
  let rip: u64 = 0;
  let mask: u64 = 0;
  let fpu: u64 = 0;
  let r: Result = userRange(at, FRAME_BYTES) ? 1 : -Errno.EFAULT;
  while (r > 0) {
    beginWords();
    // The first and the last word: so all of the frame, which has no more than two pages, is known to be there.
    get(at, offsetof<SignalFrame>("returnAddress"));
    mask = get(at, offsetof<SignalFrame>("mask"));
    segments = get(at, offsetof<SignalFrame>("cs"));
    rip = get(at, offsetof<SignalFrame>("rip"));
    fpu = get(at, offsetof<SignalFrame>("fpState"));
    r = endWords(false);
  }
  if (r == BLOCKED) return r;
  if (r < 0 || ((<u16>segments) | 3) != <u16>USER_CS || ((<u16>(segments >> SS_SHIFT)) | 3) != <u16>USER_SS || rip >= USER_END) {
    // The handler for SIGSEGV is to see the registers of this call.
    if (!registersSaved) return NEEDS_REGISTERS;
    forceSignal(t, kernelInfo(Signal.SEGV));
    return leaveHandler(t);
  }
  r = fpuFromFrame(t, fpu);
  if (r == BLOCKED) return r;
  setSignalMask(t, mask);
  getRegisters(t, at);
  if (r < 0) {
    fpuToClean();
    forceSignal(t, kernelInfo(Signal.SEGV));
  }
  return leaveHandler(t);
}

/** No system call is interrupted any more, and all registers are as the thread has them. */
function leaveHandler(t: Thread): Result {
  t.restartCall = 0;
  t.call = u64.MAX_VALUE;
  t.fullReturn = 1;
  return registersSaved ? GONE : REPLACED;
}

/** Takes the registers and the alternate stack from a frame that can be read. */
function getRegisters(t: Thread, at: u64): void {
  beginWords();
  t.r8 = get(at, offsetof<SignalFrame>("r8"));
  t.r9 = get(at, offsetof<SignalFrame>("r9"));
  t.r10 = get(at, offsetof<SignalFrame>("r10"));
  t.r11 = get(at, offsetof<SignalFrame>("r11"));
  t.r12 = get(at, offsetof<SignalFrame>("r12"));
  t.r13 = get(at, offsetof<SignalFrame>("r13"));
  t.r14 = get(at, offsetof<SignalFrame>("r14"));
  t.r15 = get(at, offsetof<SignalFrame>("r15"));
  t.rdi = get(at, offsetof<SignalFrame>("rdi"));
  t.rsi = get(at, offsetof<SignalFrame>("rsi"));
  t.rbp = get(at, offsetof<SignalFrame>("rbp"));
  t.rbx = get(at, offsetof<SignalFrame>("rbx"));
  t.rdx = get(at, offsetof<SignalFrame>("rdx"));
  t.rax = get(at, offsetof<SignalFrame>("rax"));
  t.rcx = get(at, offsetof<SignalFrame>("rcx"));
  t.rsp = get(at, offsetof<SignalFrame>("rsp"));
  t.rip = get(at, offsetof<SignalFrame>("rip"));
  t.cs = USER_CS;
  t.ss = USER_SS;
  t.rflags = (t.rflags & ~FLAGS_FROM_FRAME) | (get(at, offsetof<SignalFrame>("rflags")) & FLAGS_FROM_FRAME);
  const stack = get(at, offsetof<SignalFrame>("stackAddress"));
  const flags = <u32>get(at, offsetof<SignalFrame>("stackFlags"));
  const bytes = get(at, offsetof<SignalFrame>("stackBytes"));
  endWords(false);
  if (stack != t.altStack || bytes != t.altStackBytes || flags != t.altStackFlags) setAltStack(t, t.rsp, stack, flags, bytes);
}

@inline
function get(frame: u64, offset: u64): u64 {
  return getWord(frame + offset);
}
