// Resource limits: 16 pairs of soft and hard values per process (getrlimit(2)); the order is Linux's.

import { Process } from "./process";

export const enum LimitKind {
  Cpu = 0,
  FileSize = 1,
  Data = 2,
  Stack = 3,
  Core = 4,
  Resident = 5,
  Processes = 6,
  OpenFiles = 7,
  LockedMemory = 8,
  AddressSpace = 9,
  Locks = 10,
  PendingSignals = 11,
  MessageQueues = 12,
  Nice = 13,
  RealtimePriority = 14,
  RealtimeTime = 15,
}
export const LIMIT_KINDS: u32 = 16;
export const UNLIMITED: u64 = u64.MAX_VALUE;

/** The limit in force. */
@inline
export function softLimit(p: Process, kind: LimitKind): u64 {
  return load<u64>(p.limits + ((<usize>kind) << 4));
}

/** The bound up to which the soft limit may be raised. */
@inline
export function hardLimit(p: Process, kind: LimitKind): u64 {
  return load<u64>(p.limits + ((<usize>kind) << 4), 8);
}
