// Changing the mappings of an address space: map, unmap, protect, move, the heap. The objects are in space.ts, the system calls in
// linuxabi/sys/memory.ts. Every function first checks and reserves, then changes: -ENOMEM leaves everything as it was.

import { Errno } from "../errno";
import { Result } from "../result";
import { Entry, Inode } from "../vfs/inode";
import { PAGE_SHIFT, PAGE_SIZE } from "./frame";
import { findSlot, makeSlot, PTE_NO_EXECUTE, PTE_PRESENT, PTE_WRITE } from "./pagetable";
import {
  AddressSpace,
  findGap,
  rangeFree,
  spaceFlush,
  unmapPages,
  USER_START,
  Vma,
  vmaAt,
  VmaFlag,
  vmaIndex,
  vmaInsert,
  vmaMerge,
  vmaNew,
  vmaRemoveRange,
  vmaReserve,
  vmaSplit,
} from "./space";
import { USER_END } from "./user";

/** Rounds up to whole pages. */
@inline
export function pageUp(bytes: u64): u64 {
  return (bytes + PAGE_SIZE - 1) & ~(<u64>PAGE_SIZE - 1);
}

/** Cuts mappings at `start` and `end`, so that those in between lie wholly inside; returns the index of the first, or -ENOMEM. */
function isolate(space: AddressSpace, start: u64, end: u64): Result {
  let r = vmaReserve(space, 2);
  if (r < 0) return r;
  let i = vmaIndex(space, start);
  if (i < space.vmaCount && vmaAt(space, i).start < start) {
    r = vmaSplit(space, vmaAt(space, i), start);
    if (r < 0) return r;
    i++;
  }
  const last = vmaIndex(space, end);
  if (last < space.vmaCount && vmaAt(space, last).start < end) {
    r = vmaSplit(space, vmaAt(space, last), end);
    if (r < 0) return r;
  }
  return i;
}

/** Index of the first mapping at or above `end`. */
function indexFrom(space: AddressSpace, end: u64): u32 {
  const i = vmaIndex(space, end - 1);
  return i < space.vmaCount && vmaAt(space, i).start < end ? i + 1 : i;
}

/** Unmaps [start, end), page-aligned: 0 or -ENOMEM (a mapping would have to be split). */
export function unmapRegion(space: AddressSpace, start: u64, end: u64): Result {
  if (rangeFree(space, start, end)) return 0;
  const first = isolate(space, start, end);
  if (first < 0) return first;
  const last = indexFrom(space, end);
  for (let i = <u32>first; i < last; i++) {
    const vma = vmaAt(space, i);
    unmapPages(space, vma.start, vma.end);
  }
  vmaRemoveRange(space, <u32>first, last);
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
  let r = vmaReserve(space, 3);
  if (r < 0) return r;
  const offset = inode ? pageOffset : start >> PAGE_SHIFT;
  const vma = vmaNew(space, start, start + bytes, flags, inode, offset, entry);
  if (!vma) return -Errno.ENOMEM;
  r = unmapRegion(space, start, start + bytes);
  if (r < 0) {
    discard(vma);
    return r;
  }
  vmaInsert(space, vma);
  vmaMerge(space, vmaIndex(space, start));
  return start;
}

function discard(vma: Vma): void {
  const space = vma.space;
  vmaInsert(space, vma);
  const i = vmaIndex(space, vma.start);
  vmaRemoveRange(space, i, i + 1);
}

/** Finds room for `bytes` at `hint` (if that is free) or anywhere: an address, or -ENOMEM. */
export function placeRegion(space: AddressSpace, hint: u64, bytes: u64): Result {
  if (hint != 0) {
    const start = pageUp(hint);
    if (start >= USER_START && start <= USER_END && bytes <= USER_END - start && rangeFree(space, start, start + bytes)) return start;
  }
  const gap = findGap(space, bytes);
  return gap == 0 ? -Errno.ENOMEM : <Result>gap;
}

/** Changes the access of [start, end) to `access` (Read, Write, Execute of VmaFlag): 0 or -ENOMEM (a hole, or a mapping would have to be split). */
export function protectRegion(space: AddressSpace, start: u64, end: u64, access: u32): Result {
  // What lies before a hole changes all the same (mprotect(2), ENOMEM).
  const whole = end;
  end = coveredTo(space, start, end);
  if (end == start) return -Errno.ENOMEM;
  const first = isolate(space, start, end);
  if (first < 0) return first;
  const last = indexFrom(space, end);
  const all = VmaFlag.Read | VmaFlag.Write | VmaFlag.Execute;
  for (let i = <u32>first; i < last; i++) {
    const vma = vmaAt(space, i);
    if (vma.flags & VmaFlag.Write) vma.flags |= VmaFlag.Written;
    vma.flags = (vma.flags & ~all) | access;
    protectPages(space, vma);
  }
  for (let i = last; i > <u32>first; i--) vmaMerge(space, i - 1);
  return end == whole ? 0 : -Errno.ENOMEM;
}

/** True when mappings cover all of [start, end). */
export function covered(space: AddressSpace, start: u64, end: u64): bool {
  return coveredTo(space, start, end) == end;
}

/** How far from `start` on mappings follow each other without a hole; at most `end`. */
function coveredTo(space: AddressSpace, start: u64, end: u64): u64 {
  let at = start;
  for (let i = vmaIndex(space, start); i < space.vmaCount && at < end; i++) {
    const vma = vmaAt(space, i);
    if (vma.start > at) break;
    at = vma.end;
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
export function setBreak(space: AddressSpace, end: u64, dataLimit: u64): u64 {
  const old = space.brk;
  if (end < space.brkStart || end > USER_END || end - space.brkStart > dataLimit) return old;
  const oldPage = pageUp(old);
  const newPage = pageUp(end);
  if (newPage > oldPage) {
    if (!rangeFree(space, oldPage, newPage + PAGE_SIZE)) return old;
    if (mapRegion(space, oldPage, newPage - oldPage, VmaFlag.Read | VmaFlag.Write | VmaFlag.Heap, null, 0, null) < 0) return old;
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
  r = vmaReserve(space, 8);
  if (r < 0) return r;
  if (!keepOld) r = isolate(space, from, from + oldBytes);
  if (r < 0) return r;
  r = mapRegion(space, to, newBytes, flags, inode, offset, entry);
  if (r < 0) return r;
  // An anonymous region's offsets name its old addresses; mapRegion has renamed them.
  movePages(space, from, to, kept);
  if (!keepOld) r = unmapRegion(space, from, from + oldBytes);
  return r < 0 ? r : <Result>to;
}

/** Grows the mapping that ends at `end` by `more` bytes in place: true when there was room. */
export function growRegion(space: AddressSpace, vma: Vma, more: u64): bool {
  if (more > USER_END - vma.end || !rangeFree(space, vma.end, vma.end + more)) return false;
  vma.end += more;
  space.virtualPages += more >> PAGE_SHIFT;
  return true;
}
