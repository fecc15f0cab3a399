// Locking memory: mlock(2), mlock2(2), munlock(2), mlockall(2), munlockall(2), and what mmap(2) and brk(2) need of it.

import { Errno } from "../../kernel/errno";
import { PAGE_SHIFT, PAGE_SIZE } from "../../kernel/mm/frame";
import { lockAll, lockedBytesIn, lockPages, lockRegion, mayLock, mayLockMore, populate } from "../../kernel/mm/lock";
import { pageUp } from "../../kernel/mm/map";
import { USER_END } from "../../kernel/mm/user";
import { VmaFlag } from "../../kernel/mm/vma";
import { Result } from "../../kernel/result";
import { capable, Capability } from "../../kernel/task/credentials";
import { LimitKind, softLimit } from "../../kernel/task/limits";
import { Thread } from "../../kernel/task/thread";

const MLOCK_ONFAULT: u32 = 1;

const enum LockAll {
  MCL_CURRENT = 1,
  MCL_FUTURE = 2,
  MCL_ONFAULT = 4,
}

/** mlock(2), mlock2(2). What is locked already does not count again. */
export function sysMlock(t: Thread, start: u64, length: u64, flags: u32): Result {
  if (flags & ~MLOCK_ONFAULT) return -Errno.EINVAL;
  if (!mayLock(t)) return -Errno.EPERM;
  const from = start & ~(<u64>PAGE_SIZE - 1);
  const bytes = pageUp(length + (start - from));
  const end = from + bytes;
  const space = t.process.space!;
  if (!mayLockMore(t, space, bytes)) {
    const again = end > from ? lockedBytesIn(space, from, end) : 0;
    if (!mayLockMore(t, space, bytes - again)) return -Errno.ENOMEM;
  }
  if (end < from) return -Errno.EINVAL;
  if (end == from) return 0;
  const r = lockRegion(space, from, end, flags & MLOCK_ONFAULT ? VmaFlag.Locked | VmaFlag.LockOnFault : VmaFlag.Locked);
  return r < 0 ? r : lockPages(space, from, end);
}

/** munlock(2). */
export function sysMunlock(t: Thread, start: u64, length: u64): Result {
  const from = start & ~(<u64>PAGE_SIZE - 1);
  const end = from + pageUp(length + (start - from));
  if (end < from) return -Errno.EINVAL;
  return end == from ? 0 : lockRegion(t.process.space!, from, end, 0);
}

/** mlockall(2). That a page cannot be had is no error here. */
export function sysMlockall(t: Thread, flags: u32): Result {
  const all: u32 = LockAll.MCL_CURRENT | LockAll.MCL_FUTURE | LockAll.MCL_ONFAULT;
  if (flags == 0 || flags & ~all || flags == LockAll.MCL_ONFAULT) return -Errno.EINVAL;
  if (!mayLock(t)) return -Errno.EPERM;
  const space = t.process.space!;
  const now = (flags & LockAll.MCL_CURRENT) != 0;
  if (now && space.virtualPages > softLimit(t.process, LimitKind.LockedMemory) >> PAGE_SHIFT && !capable(t.credentials, Capability.IpcLock))
    return -Errno.ENOMEM;
  const lock: u32 = flags & LockAll.MCL_ONFAULT ? VmaFlag.Locked | VmaFlag.LockOnFault : VmaFlag.Locked;
  space.futureLock = flags & LockAll.MCL_FUTURE ? <u8>lock : 0;
  if (now) {
    lockAll(space, lock);
    populate(space, 0, USER_END);
  }
  return 0;
}

/** munlockall(2). */
export function sysMunlockall(t: Thread): Result {
  const space = t.process.space!;
  space.futureLock = 0;
  lockAll(space, 0);
  return 0;
}

/** A new mapping of `bytes` that is locked, by MAP_LOCKED (`asked`) or as all that come are: 0, -EPERM, or -EAGAIN beyond RLIMIT_MEMLOCK. */
export function mayMapLocked(t: Thread, bytes: u64, asked: bool): Result {
  if (asked && !mayLock(t)) return -Errno.EPERM;
  return mayLockMore(t, t.process.space!, bytes) ? 0 : -Errno.EAGAIN;
}
