// Numbers of seccomp(2) and of classic BPF: include/uapi/linux/seccomp.h, filter.h, bpf_common.h, audit.h. No logic.

export const enum SeccompOperation {
  SECCOMP_SET_MODE_STRICT = 0,
  SECCOMP_SET_MODE_FILTER = 1,
  SECCOMP_GET_ACTION_AVAIL = 2,
  SECCOMP_GET_NOTIF_SIZES = 3,
}

export const enum SeccompMode {
  SECCOMP_MODE_DISABLED = 0,
  SECCOMP_MODE_STRICT = 1,
  SECCOMP_MODE_FILTER = 2,
}

export const enum SeccompFlag {
  TSYNC = 1,
  LOG = 2,
  SPEC_ALLOW = 4,
  NEW_LISTENER = 8,
  TSYNC_ESRCH = 16,
  WAIT_KILLABLE_RECV = 32,
}

/** What a filter returns: an action in the upper half, and 16 bits that go with it. */
export const SECCOMP_RET_KILL_PROCESS: u32 = 0x8000_0000;
export const SECCOMP_RET_KILL_THREAD: u32 = 0x0000_0000;
export const SECCOMP_RET_TRAP: u32 = 0x0003_0000;
export const SECCOMP_RET_ERRNO: u32 = 0x0005_0000;
export const SECCOMP_RET_USER_NOTIF: u32 = 0x7fc0_0000;
export const SECCOMP_RET_TRACE: u32 = 0x7ff0_0000;
export const SECCOMP_RET_LOG: u32 = 0x7ffc_0000;
export const SECCOMP_RET_ALLOW: u32 = 0x7fff_0000;
export const SECCOMP_RET_ACTION_FULL: u32 = 0xffff_0000;
export const SECCOMP_RET_DATA: u32 = 0x0000_ffff;

/** si_code of the SIGSYS that a filter sends. */
export const SYS_SECCOMP: i32 = 1;
export const AUDIT_ARCH_X86_64: u32 = 0xc000_003e;
/** Marks calls of the x32 ABI. */
export const X32_SYSCALL_BIT: u32 = 0x4000_0000;

/** sizeof(struct seccomp_notif), seccomp_notif_resp and seccomp_data. */
export const NOTIF_BYTES: u16 = 80;
export const NOTIF_RESP_BYTES: u16 = 24;
export const SECCOMP_DATA_BYTES: u32 = 64;

/** Flags of struct seccomp_notif_resp, and of SECCOMP_IOCTL_NOTIF_SET_FLAGS. */
export const SECCOMP_USER_NOTIF_FLAG_CONTINUE: u32 = 1;
export const SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP: u32 = 1;

/** sizeof(struct seccomp_notif_addfd), and where a greater one ends to be looked at; its flags. */
export const ADDFD_BYTES: u32 = 24;
export const ADDFD_BYTES_MAX: u32 = 4096;
export const enum AddfdFlag {
  SETFD = 1,
  SEND = 2,
}

/** SECCOMP_IOCTL_NOTIF_*; of ADDFD the size and the directions may differ. */
export const enum NotifyIoctl {
  RECV = 0xc0502100,
  SEND = 0xc0182101,
  ID_VALID = 0x40082102,
  ID_VALID_WRONG_DIR = 0x80082102,
  ADDFD = 0x40182103,
  SET_FLAGS = 0x40082104,
}
export const SECCOMP_IOCTL_BASE_MASK: u32 = 0x0000_ffff;

/** struct sock_filter is code u16, jt u8, jf u8, k u32. */
export const BPF_INSTRUCTION_BYTES: u32 = 8;
export const BPF_MAXINSNS: u32 = 4096;
export const BPF_MEMWORDS: u32 = 16;
/** All programs of a chain together, as Linux translates them, each with BPF_OVERHEAD beside (kernel/seccomp.c: MAX_INSNS_PER_PATH). */
export const BPF_CHAIN_MAX: u32 = 32768;
export const BPF_OVERHEAD: u32 = 4;

/** Opcodes that a filter may have: class, size and mode, or class, operation and source. */
export const enum Bpf {
  LD_IMM = 0x00,
  LDX_IMM = 0x01,
  ST = 0x02,
  STX = 0x03,
  ADD_K = 0x04,
  JA = 0x05,
  RET_K = 0x06,
  TAX = 0x07,
  ADD_X = 0x0c,
  SUB_K = 0x14,
  JEQ_K = 0x15,
  RET_A = 0x16,
  SUB_X = 0x1c,
  JEQ_X = 0x1d,
  LD_ABS = 0x20,
  MUL_K = 0x24,
  JGT_K = 0x25,
  MUL_X = 0x2c,
  JGT_X = 0x2d,
  DIV_K = 0x34,
  JGE_K = 0x35,
  DIV_X = 0x3c,
  JGE_X = 0x3d,
  OR_K = 0x44,
  JSET_K = 0x45,
  OR_X = 0x4c,
  JSET_X = 0x4d,
  AND_K = 0x54,
  AND_X = 0x5c,
  LD_MEM = 0x60,
  LDX_MEM = 0x61,
  LSH_K = 0x64,
  LSH_X = 0x6c,
  RSH_K = 0x74,
  RSH_X = 0x7c,
  LD_LEN = 0x80,
  LDX_LEN = 0x81,
  NEG = 0x84,
  TXA = 0x87,
  XOR_K = 0xa4,
  XOR_X = 0xac,
}
