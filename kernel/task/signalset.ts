// Signal numbers, sets of signals, and what each signal does when its process says nothing about it (signal(7)). The numbers are those of
// every Linux architecture but three; a set has bit n - 1 for signal n.

export const enum Signal {
  None = 0,
  HUP = 1,
  INT = 2,
  QUIT = 3,
  ILL = 4,
  TRAP = 5,
  ABRT = 6,
  BUS = 7,
  FPE = 8,
  KILL = 9,
  USR1 = 10,
  SEGV = 11,
  USR2 = 12,
  PIPE = 13,
  ALRM = 14,
  TERM = 15,
  STKFLT = 16,
  CHLD = 17,
  CONT = 18,
  STOP = 19,
  TSTP = 20,
  TTIN = 21,
  TTOU = 22,
  URG = 23,
  XCPU = 24,
  XFSZ = 25,
  VTALRM = 26,
  PROF = 27,
  WINCH = 28,
  IO = 29,
  PWR = 30,
  SYS = 31,
  /** First real-time signal: from here on every instance is queued. */
  RTMIN = 32,
  /** The last signal. */
  RTMAX = 64,
}

/** The set of one signal. */
@inline
export function signalBit(signal: u32): u64 {
  return (<u64>1) << (signal - 1);
}

/** True when `signal` is the number of a signal. */
@inline
export function isSignal(signal: u32): bool {
  return signal - 1 < <u32>Signal.RTMAX;
}

/** Signals that stop the process by default. */
export const STOP_SIGNALS: u64 =
  ((<u64>1) << (Signal.STOP - 1)) | ((<u64>1) << (Signal.TSTP - 1)) | ((<u64>1) << (Signal.TTIN - 1)) | ((<u64>1) << (Signal.TTOU - 1));

/** Signals that do nothing by default. */
export const IGNORED_BY_DEFAULT: u64 =
  ((<u64>1) << (Signal.CHLD - 1)) | ((<u64>1) << (Signal.CONT - 1)) | ((<u64>1) << (Signal.URG - 1)) | ((<u64>1) << (Signal.WINCH - 1));

/** Signals that end the process with a core dump by default. */
export const CORE_SIGNALS: u64 =
  ((<u64>1) << (Signal.QUIT - 1)) |
  ((<u64>1) << (Signal.ILL - 1)) |
  ((<u64>1) << (Signal.TRAP - 1)) |
  ((<u64>1) << (Signal.ABRT - 1)) |
  ((<u64>1) << (Signal.BUS - 1)) |
  ((<u64>1) << (Signal.FPE - 1)) |
  ((<u64>1) << (Signal.SEGV - 1)) |
  ((<u64>1) << (Signal.XCPU - 1)) |
  ((<u64>1) << (Signal.XFSZ - 1)) |
  ((<u64>1) << (Signal.SYS - 1));

/** Signals that the instruction just executed caused: delivered before all others, so that the handler sees that instruction. */
export const SYNCHRONOUS_SIGNALS: u64 =
  ((<u64>1) << (Signal.SEGV - 1)) |
  ((<u64>1) << (Signal.BUS - 1)) |
  ((<u64>1) << (Signal.ILL - 1)) |
  ((<u64>1) << (Signal.TRAP - 1)) |
  ((<u64>1) << (Signal.FPE - 1)) |
  ((<u64>1) << (Signal.SYS - 1));

/** Signals that cannot be caught, blocked or ignored. */
export const UNBLOCKABLE_SIGNALS: u64 = ((<u64>1) << (Signal.KILL - 1)) | ((<u64>1) << (Signal.STOP - 1));

/** The signal of a set (not empty) that is delivered first: synchronous ones, then the lowest number. */
@inline
export function firstSignal(set: u64): u32 {
  const synchronous = set & SYNCHRONOUS_SIGNALS;
  return <u32>ctz(synchronous != 0 ? synchronous : set) + 1;
}
