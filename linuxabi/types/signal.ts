// Constants and layouts of signals as x86-64 programs know them: include/uapi/asm-generic/signal.h, siginfo.h, and
// arch/x86/include/uapi/asm/{sigcontext,ucontext}.h. No logic.

/** `how` of rt_sigprocmask(2). */
export const enum MaskHow {
  SIG_BLOCK = 0,
  SIG_UNBLOCK = 1,
  SIG_SETMASK = 2,
}

/** Bytes of the kernel's sigset_t: every call takes this size and no other. */
export const SIGSET_BYTES: u64 = 8;
/** Bytes of siginfo_t. */
export const SIGINFO_BYTES: u32 = 128;

/** ss_flags of sigaltstack(2). */
export const enum AltStackFlag {
  SS_ONSTACK = 1,
  SS_DISABLE = 2,
  SS_AUTODISARM = 0x8000_0000,
}
/** Smallest alternate stack (MINSIGSTKSZ). */
export const ALT_STACK_MIN_BYTES: u64 = 2048;

/** si_code of faults. */
export const enum FaultCode {
  ILL_ILLOPN = 2,
  FPE_INTDIV = 1,
  FPE_FLTDIV = 3,
  FPE_FLTOVF = 4,
  FPE_FLTUND = 5,
  FPE_FLTRES = 6,
  FPE_FLTINV = 7,
  SEGV_MAPERR = 1,
  SEGV_ACCERR = 2,
  SEGV_BNDERR = 3,
  BUS_ADRALN = 1,
  BUS_ADRERR = 2,
  TRAP_BRKPT = 1,
  TRAP_TRACE = 2,
  TRAP_HWBKPT = 4,
}

/** struct sigaction of rt_sigaction(2). */
@unmanaged
export class KernelSigaction {
  handler: u64;
  flags: u64;
  restorer: u64;
  mask: u64;
}
if (offsetof<KernelSigaction>() != 32) ERROR("struct sigaction is 32 bytes");

/** stack_t. */
@unmanaged
export class StackDescription {
  address: u64;
  flags: u32;
  pad: u32;
  bytes: u64;
}
if (offsetof<StackDescription>() != 24) ERROR("stack_t is 24 bytes");

/** uc_flags: the frame has XSAVE state, a valid ss, and ss is restored as it stands. */
export const enum ContextFlag {
  UC_FP_XSTATE = 1,
  UC_SIGCONTEXT_SS = 2,
  UC_STRICT_RESTORE_SS = 4,
}

/** struct rt_sigframe up to siginfo: return address, then struct ucontext with stack_t and struct sigcontext flattened. */
@unmanaged
export class SignalFrame {
  returnAddress: u64;
  // struct ucontext
  flags: u64;
  link: u64;
  stackAddress: u64;
  stackFlags: u32;
  pad0: u32;
  stackBytes: u64;
  // struct sigcontext
  r8: u64;
  r9: u64;
  r10: u64;
  r11: u64;
  r12: u64;
  r13: u64;
  r14: u64;
  r15: u64;
  rdi: u64;
  rsi: u64;
  rbp: u64;
  rbx: u64;
  rdx: u64;
  rax: u64;
  rcx: u64;
  rsp: u64;
  rip: u64;
  rflags: u64;
  cs: u16;
  gs: u16;
  fs: u16;
  ss: u16;
  error: u64;
  trapNumber: u64;
  oldMask: u64;
  cr2: u64;
  fpState: u64;
  reserved0: u64;
  reserved1: u64;
  reserved2: u64;
  reserved3: u64;
  reserved4: u64;
  reserved5: u64;
  reserved6: u64;
  reserved7: u64;
  // end of struct sigcontext
  mask: u64;
}
/** Bytes of the frame before siginfo. */
export const FRAME_BYTES: u32 = 312;
if (offsetof<SignalFrame>() != FRAME_BYTES) ERROR("struct ucontext is 304 bytes");
if (offsetof<SignalFrame>("r8") != 8 + 40) ERROR("uc_mcontext is at 40");
if (offsetof<SignalFrame>("fpState") != 8 + 40 + 184) ERROR("fpstate is at 184 of struct sigcontext");

/** sw_reserved of struct _fpstate (struct _fpx_sw_bytes), and the words that mark it. */
export const FP_SOFTWARE_OFFSET: u32 = 464;
export const FP_XSTATE_MAGIC1: u32 = 0x46505853;
export const FP_XSTATE_MAGIC2: u32 = 0x46505845;

/** flags of signalfd4(2). */
export const enum SignalfdFlag {
  SFD_NONBLOCK = 0o4000,
  SFD_CLOEXEC = 0o2000000,
}
