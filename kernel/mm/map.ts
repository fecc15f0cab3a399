// Changing the mappings of an address space: map, unmap, protect, move, the heap. The objects are in space.ts, the system calls in
// linuxabi/sys/memory.ts. Every function first checks and reserves, then changes: -ENOMEM leaves everything as it was.

import { Errno } from "../errno";
import { Result } from "../result";
import { Entry, Inode } from "../vfs/inode";
import { PAGE_SHIFT, PAGE_SIZE } from "./frame";
import { hugeBytes } from "./huge";
import { findSlot, makeSlot, PTE_NO_EXECUTE, PTE_PRESENT, PTE_WRITE } from "./pagetable";
import { AddressSpace, spaceFlush, unmapPages } from "./space";
import { USER_END } from "./user";
import { Vma, VmaFlag, vmaFree, vmaNew } from "./vma";
import {
  findGap,
  placeFree,
  rangeFree,
  USER_START,
  vmaFrom,
  vmaInsertBefore,
  vmaJoin,
  vmaJoinBelow,
  vmaRemove,
  vmaResize,
  vmaRoom,
  vmaSplit,
} from "./vmatree";

/** Rounds up to whole pages. */
@inline
export function pageUp(bytes: u64): u64 {
  return (bytes + PAGE_SIZE - 1) & ~(<u64>PAGE_SIZE - 1);
}

/** Bits of AddressSpace.guards: some mapping is sealed (mseal(2)), or of huge pages. */
export const enum Guard {
  Sealed = 1,
  Huge = 2,
}

/** A mapping can be cut only between its pages, and those may be huge: 0 or -EINVAL. */
function mayCut(vma: Vma, at: u64): Result {
  return vma.flags & VmaFlag.Huge && at & (hugeBytes(vma) - 1) ? -Errno.EINVAL : 0;
}

function cut(space: AddressSpace, vma: Vma, at: u64): Result {
  const r = mayCut(vma, at);
  return r < 0 || vmaSplit(space, vma, at) ? r : -Errno.ENOMEM;
}

/** Cuts mappings at `start` and `end`, so that those in between lie wholly inside: 0, -ENOMEM, or -EINVAL within a huge page. */
function isolate(space: AddressSpace, start: u64, end: u64): Result {
  const first = vmaFrom(space, start);
  const r = first && first.start < start ? cut(space, first, start) : 0;
  if (r < 0) return r;
  const last = vmaFrom(space, end);
  return last && last.start < end ? cut(space, last, end) : 0;
}

/** True when a mapping that touches [start, end) is sealed (mseal(2)). */
export function isSealed(space: AddressSpace, start: u64, end: u64): bool {
  if (!(space.guards & Guard.Sealed)) return false;
  let vma = vmaFrom(space, start);
  while (vma && vma.start < end && !(vma.flags & VmaFlag.Sealed)) vma = vma.next;
  return vma != null && vma.start < end;
}

/** May [start, end) be taken away? -EPERM: something in it is sealed; -EINVAL: it ends within a huge page. */
function mayUnmap(space: AddressSpace, start: u64, end: u64): Result {
  if (space.guards == 0) return 0;
  if (isSealed(space, start, end)) return -Errno.EPERM;
  const first = vmaFrom(space, start);
  const r = first && first.start < start ? mayCut(first, start) : 0;
  if (r < 0) return r;
  const last = vmaFrom(space, end);
  return last && last.start < end ? mayCut(last, end) : 0;
}

/** Clears and then sets flags of the mappings in [start, end), which are cut at both ends: 0; -ENOMEM, also for a hole; -EINVAL within a huge page. */
export function markRegion(space: AddressSpace, start: u64, end: u64, clear: u32, set: u32): Result {
  const r = isolate(space, start, end);
  if (r < 0) return r;
  const whole = covered(space, start, end);
  let vma = vmaFrom(space, start);
  while (vma && vma.start < end) {
    vma.flags = (vma.flags & ~clear) | set;
    vma = vmaJoinBelow(space, vma).next;
  }
  if (vma) vmaJoinBelow(space, vma);
  return whole ? 0 : -Errno.ENOMEM;
}

/** Unmaps [start, end), page-aligned: 0, -ENOMEM (a mapping would have to be split), -EPERM (one is sealed) or -EINVAL (within a huge page). */
export function unmapRegion(space: AddressSpace, start: u64, end: u64): Result {
  const allowed = mayUnmap(space, start, end);
  if (allowed < 0) return allowed;
  let vma = vmaFrom(space, start);
  // Only a mapping that goes beyond both ends is split; nothing has changed by then.
  if (vma && vma.start < start && vma.end > end && !vmaSplit(space, vma, end)) return -Errno.ENOMEM;
  while (vma && vma.start < end) {
    const next = vma.next;
    unmapPages(space, max(vma.start, start), min(vma.end, end));
    if (vma.start < start) vmaResize(space, vma, vma.start, start);
    else if (vma.end > end) vmaResize(space, vma, end, vma.end);
    else vmaRemove(space, vma);
    vma = next;
  }
  return 0;
}

/**
 * Maps [start, start + bytes), page-aligned, replacing what is there. `inode` null: anonymous. `entry` names the file in
 * /proc/PID/maps. Returns `start` or -ENOMEM.
 */
export function mapRegion(
  space: AddressSpace,
  start: u64,
  bytes: u64,
  flags: u32,
  inode: Inode | null,
  pageOffset: u64,
  entry: Entry | null,
): Result {
  const end = start + bytes;
  const offset = inode ? pageOffset : start >> PAGE_SHIFT;
  let next = vmaFrom(space, start);
  const isFree = !next || next.start >= end;
  if (isFree && extend(space, next, start, end, flags, inode, offset, entry)) return start;
  if (!vmaRoom(space, 1)) return -Errno.ENOMEM;
  const vma = vmaNew(space, start, end, flags, inode, offset, entry);
  if (!vma) return -Errno.ENOMEM;
  if (!isFree) {
    const r = unmapRegion(space, start, end);
    if (r < 0) {
      vmaFree(vma);
      return r;
    }
    next = vmaFrom(space, start);
  }
  vmaInsertBefore(space, vma, next);
  if (!isFree) vmaJoin(space, vma);
  return start;
}

/** Lets a neighbour that maps the like grow over the free range [start, end); `next` is the mapping above. True when one did. */
function extend(
  space: AddressSpace,
  next: Vma | null,
  start: u64,
  end: u64,
  flags: u32,
  inode: Inode | null,
  offset: u64,
  entry: Entry | null,
): bool {
  const prev = next ? next.prev : space.last;
  if (prev && prev.end == start && isLike(prev, flags, inode, entry) && offset - prev.pageOffset == (start - prev.start) >> PAGE_SHIFT) {
    vmaResize(space, prev, prev.start, end);
    if (next) vmaJoinBelow(space, next);
    return true;
  }
  if (!next || next.start != end || !isLike(next, flags, inode, entry) || next.pageOffset - offset != (end - start) >> PAGE_SHIFT)
    return false;
  vmaResize(space, next, start, next.end);
  return true;
}

@inline
function isLike(vma: Vma, flags: u32, inode: Inode | null, entry: Entry | null): bool {
  return vma.flags == flags && vma.inode == inode && vma.entry == entry;
}

/** Finds room for `bytes` at `hint` (if that is free) or anywhere: an address, or -ENOMEM. */
export function placeRegion(space: AddressSpace, hint: u64, bytes: u64): Result {
  if (hint != 0) {
    const start = pageUp(hint);
    if (start >= USER_START && start <= USER_END && bytes <= USER_END - start && placeFree(space, start, start + bytes)) return start;
  }
  const gap = findGap(space, bytes);
  return gap == 0 ? -Errno.ENOMEM : <Result>gap;
}

/** Changes the access of [start, end) to `access` (Read, Write, Execute of VmaFlag): as markRegion, or -EPERM when one is sealed. */
export function protectRegion(space: AddressSpace, start: u64, end: u64, access: u32): Result {
  // What lies before a hole changes all the same (mprotect(2), ENOMEM).
  const whole = end;
  end = coveredTo(space, start, end);
  if (end == start) return -Errno.ENOMEM;
  if (isSealed(space, start, end)) return -Errno.EPERM;
  const r = isolate(space, start, end);
  if (r < 0) return r;
  const all = VmaFlag.Read | VmaFlag.Write | VmaFlag.Execute;
  let vma = vmaFrom(space, start);
  while (vma && vma.start < end) {
    if (vma.flags & VmaFlag.Write) vma.flags |= VmaFlag.Written;
    vma.flags = (vma.flags & ~all) | (vma.flags & VmaFlag.DataFile ? access & ~VmaFlag.Execute : access);
    protectPages(space, vma);
    vma = vmaJoinBelow(space, vma).next;
  }
  if (vma) vmaJoinBelow(space, vma);
  return end == whole ? 0 : -Errno.ENOMEM;
}

/** True when mappings cover all of [start, end). */
export function covered(space: AddressSpace, start: u64, end: u64): bool {
  return coveredTo(space, start, end) == end;
}

/** How far from `start` on mappings follow each other without a hole; at most `end`. */
export function coveredTo(space: AddressSpace, start: u64, end: u64): u64 {
  let at = start;
  let vma = vmaFrom(space, start);
  while (vma && vma.start <= at && at < end) {
    at = vma.end;
    vma = vma.next;
  }
  return min(at, end);
}

/** Brings the present pages of `vma` in line with its access. Write access comes back by faults, which know copy-on-write. */
function protectPages(space: AddressSpace, vma: Vma): void {
  const access = vma.flags & (VmaFlag.Read | VmaFlag.Write | VmaFlag.Execute);
  if (access == 0) {
    hidePages(space, vma.start, vma.end);
    return;
  }
  let va = vma.start;
  let any = false;
  while (va < vma.end) {
    let slot = findSlot(space.root, va);
    const last = min(vma.end, (va + 0x20_0000) & ~(<u64>0x1f_ffff));
    if (slot == 0) {
      va = last;
      continue;
    }
    for (; va < last; va += PAGE_SIZE, slot += 8) {
      const entry = load<u64>(slot);
      if (entry == 0) continue;
      let wanted = (entry | PTE_PRESENT | PTE_NO_EXECUTE) & ~(access & VmaFlag.Write ? 0 : PTE_WRITE);
      if (access & VmaFlag.Execute) wanted &= ~PTE_NO_EXECUTE;
      if (wanted == entry) continue;
      store<u64>(slot, wanted);
      any = true;
    }
  }
  if (any) spaceFlush(space, vma.start, vma.end);
}

/** PROT_NONE: an entry without the present bit keeps its frame, so that the content comes back with the access. */
function hidePages(space: AddressSpace, start: u64, end: u64): void {
  let va = start;
  while (va < end) {
    let slot = findSlot(space.root, va);
    const last = min(end, (va + 0x20_0000) & ~(<u64>0x1f_ffff));
    if (slot == 0) {
      va = last;
      continue;
    }
    for (; va < last; va += PAGE_SIZE, slot += 8) store<u64>(slot, load<u64>(slot) & ~PTE_PRESENT);
  }
  spaceFlush(space, start, end);
}

/** brk(2): moves the end of the heap; returns the new end, or the old one when that cannot be. */
export function setBreak(space: AddressSpace, end: u64, dataLimit: u64, access: u32 = VmaFlag.Read | VmaFlag.Write): u64 {
  const old = space.brk;
  if (end < space.brkStart || end > USER_END || end - space.brkStart > dataLimit) return old;
  const oldPage = pageUp(old);
  const newPage = pageUp(end);
  if (newPage > oldPage) {
    if (!rangeFree(space, oldPage, newPage + PAGE_SIZE)) return old;
    if (mapRegion(space, oldPage, newPage - oldPage, access | VmaFlag.Heap, null, 0, null) < 0) return old;
  } else if (newPage < oldPage && unmapRegion(space, newPage, oldPage) < 0) return old;
  space.brk = end;
  return end;
}

/** Moves the pages of [from, from + bytes) to `to`, whose tables must exist already (reserveTables). */
function movePages(space: AddressSpace, from: u64, to: u64, bytes: u64): void {
  for (let offset: u64 = 0; offset < bytes; offset += PAGE_SIZE) {
    const slot = findSlot(space.root, from + offset);
    if (slot == 0) continue;
    const entry = load<u64>(slot);
    if (entry == 0) continue;
    const target = findSlot(space.root, to + offset);
    store<u64>(target, entry);
    store<u64>(slot, 0);
  }
  spaceFlush(space, from, from + bytes);
}

/** Makes the tables for the present pages of [from, from + bytes) at `to`: 0 or -ENOMEM. */
function reserveTables(space: AddressSpace, from: u64, to: u64, bytes: u64): Result {
  for (let offset: u64 = 0; offset < bytes; offset += PAGE_SIZE) {
    const slot = findSlot(space.root, from + offset);
    if (slot == 0 || load<u64>(slot) == 0) continue;
    const r = makeSlot(space.root, to + offset);
    if (r < 0) return r;
  }
  return 0;
}

/** Moves (part of) a mapping to `to`, which gets `newBytes`; the pages go along. Returns `to` or -ENOMEM. */
export function moveRegion(space: AddressSpace, vma: Vma, from: u64, oldBytes: u64, to: u64, newBytes: u64, keepOld: bool): Result {
  const flags = vma.flags;
  const inode = vma.inode;
  const entry = vma.entry;
  const offset = vma.pageOffset + ((from - vma.start) >> PAGE_SHIFT);
  const kept = min(oldBytes, newBytes);
  let r = reserveTables(space, from, to, kept);
  if (r < 0) return r;
  // Cut out what is to go while failing is still harmless: once the pages have moved, there is no way back.
  if (!keepOld) r = isolate(space, from, from + oldBytes);
  if (r < 0) return r;
  r = mapRegion(space, to, newBytes, flags, inode, offset, entry);
  if (r < 0) return r;
  // Tables of what stood there may have gone with it; they are free, so making them again cannot fail.
  r = reserveTables(space, from, to, kept);
  assert(r >= 0, "tables that were just freed");
  // An anonymous region's offsets name its old addresses; mapRegion has renamed them.
  movePages(space, from, to, kept);
  if (!keepOld) r = unmapRegion(space, from, from + oldBytes);
  return r < 0 ? r : <Result>to;
}

/** Grows the mapping that ends at `end` by `more` bytes in place: true when there was room. */
export function growRegion(space: AddressSpace, vma: Vma, more: u64): bool {
  if (more > USER_END - vma.end || !rangeFree(space, vma.end, vma.end + more)) return false;
  vmaResize(space, vma, vma.start, vma.end + more);
  return true;
}
