// Resource limits: 16 pairs of soft and hard values per process (getrlimit(2)); the order is Linux's.

import { PAGE_SHIFT } from "../mm/frame";
import { AddressSpace } from "../mm/space";
import { VmaFlag } from "../mm/vma";
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

/** RLIMIT_AS and RLIMIT_DATA of the process: may `bytes` more be mapped in `space` with these flags (VmaFlag)? */
export function mayGrow(p: Process, space: AddressSpace, bytes: u64, flags: u32): bool {
  const all = softLimit(p, LimitKind.AddressSpace);
  if (all != UNLIMITED && (space.virtualPages << PAGE_SHIFT) + bytes > all) return false;
  return !isData(flags) || mayHaveData(p, space, bytes);
}

/** RLIMIT_DATA: may `space` have `bytes` more of private memory that can be written? Who has such a limit pays for the counting. */
export function mayHaveData(p: Process, space: AddressSpace, bytes: u64): bool {
  const limit = softLimit(p, LimitKind.Data);
  if (limit == UNLIMITED) return true;
  let pages = bytes >> PAGE_SHIFT;
  let vma = space.first;
  while (vma) {
    if (isData(vma.flags)) pages += (vma.end - vma.start) >> PAGE_SHIFT;
    vma = vma.next;
  }
  if (pages <= limit >> PAGE_SHIFT) return true;
  // A soft limit of 0 is from the time when the limit bounded brk(2) alone, and leaves the rest to the hard one.
  return limit == 0 && pages <= hardLimit(p, LimitKind.Data) >> PAGE_SHIFT;
}

/** Is a mapping with these flags data, for RLIMIT_DATA? */
@inline
export function isData(flags: u32): bool {
  return (flags & (VmaFlag.Write | VmaFlag.Shared | VmaFlag.GrowsDown)) == VmaFlag.Write;
}
