// Operations of prctl(2) and arch_prctl(2): include/uapi/linux/prctl.h, arch/x86/include/uapi/asm/prctl.h. No logic.

export const enum Prctl {
  PR_SET_PDEATHSIG = 1,
  PR_GET_PDEATHSIG = 2,
  PR_GET_DUMPABLE = 3,
  PR_SET_DUMPABLE = 4,
  PR_GET_KEEPCAPS = 7,
  PR_SET_KEEPCAPS = 8,
  PR_GET_TIMING = 13,
  PR_SET_TIMING = 14,
  PR_SET_NAME = 15,
  PR_GET_NAME = 16,
  PR_GET_SECCOMP = 21,
  PR_SET_SECCOMP = 22,
  PR_CAPBSET_READ = 23,
  PR_CAPBSET_DROP = 24,
  PR_GET_TSC = 25,
  PR_SET_TSC = 26,
  PR_GET_SECUREBITS = 27,
  PR_SET_SECUREBITS = 28,
  PR_SET_TIMERSLACK = 29,
  PR_GET_TIMERSLACK = 30,
  PR_TASK_PERF_EVENTS_DISABLE = 31,
  PR_TASK_PERF_EVENTS_ENABLE = 32,
  PR_MCE_KILL = 33,
  PR_MCE_KILL_GET = 34,
  PR_SET_MM = 35,
  PR_SET_CHILD_SUBREAPER = 36,
  PR_GET_CHILD_SUBREAPER = 37,
  PR_SET_NO_NEW_PRIVS = 38,
  PR_GET_NO_NEW_PRIVS = 39,
  PR_GET_TID_ADDRESS = 40,
  PR_SET_THP_DISABLE = 41,
  PR_GET_THP_DISABLE = 42,
  PR_CAP_AMBIENT = 47,
  PR_GET_SPECULATION_CTRL = 52,
  PR_SET_SPECULATION_CTRL = 53,
  PR_SET_IO_FLUSHER = 57,
  PR_GET_IO_FLUSHER = 58,
  PR_SET_SYSCALL_USER_DISPATCH = 59,
  PR_SET_MDWE = 65,
  PR_GET_MDWE = 66,
  PR_SET_MEMORY_MERGE = 67,
  PR_GET_MEMORY_MERGE = 68,
  PR_SET_PTRACER = 0x59616d61,
  PR_SET_VMA = 0x53564d41,
  PR_GET_AUXV = 0x41555856,
}

/** Arguments of PR_MCE_KILL, and the policies it sets. */
export const enum MachineCheck {
  PR_MCE_KILL_CLEAR = 0,
  PR_MCE_KILL_SET = 1,
  PR_MCE_KILL_LATE = 0,
  PR_MCE_KILL_EARLY = 1,
  PR_MCE_KILL_DEFAULT = 2,
}

/** Bits of PR_SET_MDWE. */
export const enum Mdwe {
  PR_MDWE_REFUSE_EXEC_GAIN = 1,
  PR_MDWE_NO_INHERIT = 2,
}

export const enum AmbientOperation {
  PR_CAP_AMBIENT_IS_SET = 1,
  PR_CAP_AMBIENT_RAISE = 2,
  PR_CAP_AMBIENT_LOWER = 3,
  PR_CAP_AMBIENT_CLEAR_ALL = 4,
}

/** PR_TSC_ENABLE: reading the time-stamp counter is allowed. */
export const PR_TSC_ENABLE: u32 = 1;
/** Reading it is SIGSEGV. */
export const PR_TSC_SIGSEGV: u32 = 2;

/** The operations of PR_SET_MM that have a second argument. */
export const enum SetMm {
  PR_SET_MM_AUXV = 12,
  PR_SET_MM_MAP = 14,
  PR_SET_MM_MAP_SIZE = 15,
}

/** Arguments of PR_SET_SYSCALL_USER_DISPATCH, what the selector says, and the si_code of its signal. */
export const enum UserDispatch {
  PR_SYS_DISPATCH_OFF = 0,
  PR_SYS_DISPATCH_EXCLUSIVE_ON = 1,
  PR_SYS_DISPATCH_INCLUSIVE_ON = 2,
}
export const SYSCALL_DISPATCH_FILTER_ALLOW: u8 = 0;
export const SYSCALL_DISPATCH_FILTER_BLOCK: u8 = 1;
export const SYS_USER_DISPATCH: i32 = 2;

export const enum ArchPrctl {
  ARCH_SET_GS = 0x1001,
  ARCH_SET_FS = 0x1002,
  ARCH_GET_FS = 0x1003,
  ARCH_GET_GS = 0x1004,
  ARCH_GET_CPUID = 0x1011,
  ARCH_SET_CPUID = 0x1012,
  ARCH_GET_XCOMP_SUPP = 0x1021,
  ARCH_GET_XCOMP_PERM = 0x1022,
  ARCH_REQ_XCOMP_PERM = 0x1023,
  ARCH_GET_XCOMP_GUEST_PERM = 0x1024,
  ARCH_REQ_XCOMP_GUEST_PERM = 0x1025,
}

/** Components of the processor's state that Linux has a number for (XFEATURE_MAX). */
export const STATE_COMPONENTS: u64 = 20;
