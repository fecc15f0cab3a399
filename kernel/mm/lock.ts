// Locked memory: mlock(2), mlockall(2). Nothing is ever paged out here; a locked mapping is made present at once, keeps its pages when its process
// sleeps (trim.ts), and counts against RLIMIT_MEMLOCK. AddressSpace.lockedPages is kept by whoever changes a mapping's range (vmatree.ts), and here.

import { Errno } from "../errno";
import { BLOCKED, Result } from "../result";
import { capable, Capability } from "../task/credentials";
import { LimitKind, softLimit, UNLIMITED } from "../task/limits";
import { Thread } from "../task/thread";
import { Access, handleFault, handleFaultOrKill } from "./fault";
import { PAGE_SHIFT, PAGE_SIZE } from "./frame";
import { coveredTo } from "./map";
import { findSlot, PTE_PRESENT, PTE_WRITE } from "./pagetable";
import { AddressSpace } from "./space";
import { Vma, VmaFlag, VMA_LOCK_MASK } from "./vma";
import { vmaFrom, vmaJoinBelow, vmaSplit } from "./vmatree";

/** May the thread lock memory at all? A limit of 0 says no. */
export function mayLock(t: Thread): bool {
  return softLimit(t.process, LimitKind.LockedMemory) != 0 || capable(t.credentials, Capability.IpcLock);
}

/** RLIMIT_MEMLOCK: may `space`, the thread's, have `bytes` more of locked mappings? */
export function mayLockMore(t: Thread, space: AddressSpace, bytes: u64): bool {
  const limit = softLimit(t.process, LimitKind.LockedMemory);
  if (limit == UNLIMITED || space.lockedPages + (bytes >> PAGE_SHIFT) <= limit >> PAGE_SHIFT) return true;
  return capable(t.credentials, Capability.IpcLock);
}

/** Bytes of [start, end) that are locked. */
export function lockedBytesIn(space: AddressSpace, start: u64, end: u64): u64 {
  let bytes: u64 = 0;
  let vma = vmaFrom(space, start);
  while (vma && vma.start < end) {
    if (vma.flags & VmaFlag.Locked) bytes += min(vma.end, end) - max(vma.start, start);
    vma = vma.next;
  }
  return bytes;
}

/** The kernel's own pages, and huge ones, are there anyway, or never: such mappings are not marked. */
@inline
function isLockable(vma: Vma): bool {
  return (vma.flags & (VmaFlag.Vdso | VmaFlag.Huge)) == 0;
}

/** Cuts the mapping that holds `at`, unless it is not to be marked; false when memory is short or there are too many mappings. */
function cutFor(space: AddressSpace, at: u64): bool {
  const vma = vmaFrom(space, at);
  return !vma || vma.start >= at || !isLockable(vma) || vmaSplit(space, vma, at) != null;
}

/** Gives one mapping the flags `lock` of locking. */
function setLock(space: AddressSpace, vma: Vma, lock: u32): void {
  if (!isLockable(vma)) return;
  const pages = (vma.end - vma.start) >> PAGE_SHIFT;
  if (vma.flags & VmaFlag.Locked) space.lockedPages -= pages;
  if (lock & VmaFlag.Locked) space.lockedPages += pages;
  vma.flags = (vma.flags & ~VMA_LOCK_MASK) | lock;
}

/**
 * Gives the mappings of [start, end), page-aligned, the flags `lock` of VMA_LOCK_MASK, 0 to unlock: 0, or -ENOMEM, for a hole too; what lies before
 * that is changed all the same. Pages are not made present: see lockPages.
 */
export function lockRegion(space: AddressSpace, start: u64, end: u64, lock: u32): Result {
  const reach = coveredTo(space, start, end);
  if (!cutFor(space, start) || !cutFor(space, reach)) return -Errno.ENOMEM;
  let vma = vmaFrom(space, start);
  while (vma && vma.start < reach) {
    setLock(space, vma, lock);
    vma = vmaJoinBelow(space, vma).next;
  }
  if (vma) vmaJoinBelow(space, vma);
  return reach == end ? 0 : -Errno.ENOMEM;
}

/** Gives all mappings the flags `lock`. */
export function lockAll(space: AddressSpace, lock: u32): void {
  let vma = space.first;
  while (vma) {
    setLock(space, vma, lock);
    vma = vmaJoinBelow(space, vma).next;
  }
}

/** How pages of the mapping are made present: private ones as if written, so that no fault is left. */
@inline
function accessOf(vma: Vma): Access {
  return (vma.flags & (VmaFlag.Write | VmaFlag.Shared)) == VmaFlag.Write ? Access.Write : Access.Read;
}

/** Is the page there as `access` wants it? */
@inline
function isPresent(space: AddressSpace, ua: u64, access: Access): bool {
  const slot = findSlot(space.root, ua);
  const wanted = access == Access.Write ? PTE_PRESENT | PTE_WRITE : PTE_PRESENT;
  return slot != 0 && (load<u64>(slot) & wanted) == wanted;
}

/**
 * Makes the pages of [start, end) present, as mlock(2) does: 0; -ENOMEM when one cannot be accessed at all, -EAGAIN when memory is short, or
 * BLOCKED until there is some. What is locked for when it is touched (MLOCK_ONFAULT) stays as it is.
 */
export function lockPages(space: AddressSpace, start: u64, end: u64): Result {
  let vma = vmaFrom(space, start);
  while (vma && vma.start < end) {
    if (!(vma.flags & (VmaFlag.LockOnFault | VmaFlag.Vdso))) {
      const access = accessOf(vma);
      const last = min(vma.end, end);
      for (let at = max(vma.start, start); at < last; at += PAGE_SIZE) {
        if (isPresent(space, at, access)) continue;
        const r = handleFaultOrKill(space, at, access);
        if (r < 0) return r == BLOCKED ? r : r == -Errno.ENOMEM ? -Errno.EAGAIN : -Errno.ENOMEM;
      }
    }
    vma = vma.next;
  }
  return 0;
}

/** Makes what can be had of [start, end) present, without waiting for memory: MAP_POPULATE and what else must not fail for it. */
export function populate(space: AddressSpace, start: u64, end: u64): void {
  let vma = vmaFrom(space, start);
  while (vma && vma.start < end) {
    if (!(vma.flags & (VmaFlag.LockOnFault | VmaFlag.Vdso))) {
      const access = accessOf(vma);
      const last = min(vma.end, end);
      for (let at = max(vma.start, start); at < last; at += PAGE_SIZE)
        if (!isPresent(space, at, access) && handleFault(space, at, access) < 0) break;
    }
    vma = vma.next;
  }
}
