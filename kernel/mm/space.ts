// An address space: its page tables and its mappings (Vma), sorted by address in one array. Binary search finds; inserting moves the rest
// of the array, which for the few hundred mappings even a large program has beats a tree in both code and instructions.
// Shared by the threads of a process and by vfork's child: reference counted.

import { invlpg, loadCr3 } from "../../shim/isa";
import { Container } from "../container/container";
import { Errno } from "../errno";
import { entryRelease, entryRetain, inodeRelease, inodeRetain } from "../vfs/entry";
import { Entry, Inode, InodeFlag } from "../vfs/inode";
import { Result } from "../result";
import { frameInfo, frameRelease, PAGE_SHIFT, PAGE_SIZE } from "./frame";
import { kernelAlloc, kernelFree } from "./heap";
import { kernelRoot } from "./kernelmap";
import { findSlot, pteFrame, PTE_ADDRESS, PTE_DIRTY, tableFree, tableNew } from "./pagetable";
import { USER_END } from "./user";

/** Lowest address a program may map: null pointers fault (vm.mmap_min_addr). */
export const USER_START: u64 = 0x10000;
/** vm.max_map_count. */
const VMAS_MAX: u32 = 65530;

export const enum VmaFlag {
  Read = 1,
  Write = 2,
  Execute = 4,
  Shared = 8,
  /** A stack: grows towards lower addresses by faults. */
  GrowsDown = 16,
  /** MADV_DONTFORK. */
  DontFork = 32,
  Locked = 64,
  /** The heap of brk(2), for /proc/PID/maps. */
  Heap = 128,
  Stack = 256,
  Vdso = 512,
  /** MADV_WIPEONFORK. */
  WipeOnFork = 1024,
  /** A shared mapping of a file opened only for reading: it cannot be made writable. */
  ReadOnlyFile = 2048,
  /** Was writable once: some private pages may differ from the file's (mprotect after relocation). */
  Written = 4096,
}

@unmanaged
export class Vma {
  start: u64;
  end: u64;
  flags: u32;
  /** Null for anonymous memory. Counted. */
  inode: Inode | null;
  /** Page of the file at `start`. For anonymous memory the page number of the address it was mapped at, so that neighbours merge. */
  pageOffset: u64;
  space: AddressSpace;
  /** Neighbours in Inode.mappings. */
  inodeNext: Vma | null;
  inodePrev: Vma | null;
  /** The file's name for /proc/PID/maps. Counted. */
  entry: Entry | null;
}
export const VMA_BYTES: u32 = (offsetof<Vma>() + 7) & ~7;

@unmanaged
export class AddressSpace {
  refs: u32;
  /** PML4, in low memory. */
  root: usize;
  container: Container;
  vmas: usize;
  vmaCount: u32;
  vmaCapacity: u32;
  /** The Vma that was found last. */
  cached: Vma | null;
  /** Resident pages, and those of files among them. */
  pages: u32;
  filePages: u32;
  maxPages: u32;
  pad: u32;
  /** Pages mapped in all, for RLIMIT_AS and /proc. */
  virtualPages: u64;
  /** brk(2): the heap is [brkStart, brk). */
  brkStart: u64;
  brk: u64;
  /** mmap(2) looks for room downwards from here. */
  mmapTop: u64;
  /** Below every gap that a search may try first. */
  stackStart: u64;
  argumentsStart: u64;
  argumentsEnd: u64;
  environmentStart: u64;
  environmentEnd: u64;
  codeStart: u64;
  codeEnd: u64;
  dataStart: u64;
  dataEnd: u64;
  /** The auxiliary vector as exec wrote it, for /proc/PID/auxv: address and bytes. */
  auxiliary: u64;
  auxiliaryBytes: u64;
  /** Commands that membarrier(2) has registered. */
  barriers: u32;
}

/** Top-level slots of the kernel's half (kernel/mm/kernelmap.ts): all physical memory, and the linear window. */
const KERNEL_SLOT_COUNT: u32 = 2;
const kernelSlots = memory.data<u16>([257, 511]);

/** An empty address space with the kernel's half; null when memory is short. */
export function spaceNew(container: Container): AddressSpace | null {
  const p = kernelAlloc(offsetof<AddressSpace>());
  if (p == 0) return null;
  const space = changetype<AddressSpace>(p);
  space.root = tableNew();
  if (space.root == 0) {
    kernelFree(p);
    return null;
  }
  for (let i: u32 = 0; i < KERNEL_SLOT_COUNT; i++) {
    const at = (<usize>load<u16>(kernelSlots + (i << 1))) << 3;
    store<u64>(space.root + at, load<u64>(kernelRoot() + at));
  }
  space.refs = 1;
  space.container = container;
  return space;
}

export function spaceRetain(space: AddressSpace): AddressSpace {
  space.refs++;
  return space;
}

/** Drops a reference; the last one unmaps everything. The space must not be the one loaded. */
export function spaceRelease(space: AddressSpace): void {
  if (--space.refs != 0) return;
  for (let i: u32 = 0; i < space.vmaCount; i++) vmaFree(vmaAt(space, i));
  freeTables(space, space.root, 3, 256);
  for (let i: u32 = 0; i < KERNEL_SLOT_COUNT; i++) store<u64>(space.root + ((<usize>load<u16>(kernelSlots + (i << 1))) << 3), 0);
  tableFree(space.root);
  space.container.pages -= space.pages;
  kernelFree(space.vmas);
  kernelFree(changetype<usize>(space));
}

/** Frees the tables and pages under the first `slots` slots of `table`, which it clears; not the table itself. Most slots are empty. */
function freeTables(space: AddressSpace, table: usize, level: u32, slots: u32): void {
  const end = table + (slots << 3);
  for (let group = table; group < end; group += 64) if (!isGroupEmpty(group)) freeSlots(space, group, level);
}

/** True when the eight entries of a page table from `group` on are empty. */
@inline
function isGroupEmpty(group: usize): bool {
  const any = load<u64>(group) | load<u64>(group, 8) | load<u64>(group, 16) | load<u64>(group, 24);
  return (any | load<u64>(group, 32) | load<u64>(group, 40) | load<u64>(group, 48) | load<u64>(group, 56)) == 0;
}

/** Frees what eight slots hold. */
function freeSlots(space: AddressSpace, group: usize, level: u32): void {
  for (let slot = group; slot < group + 64; slot += 8) {
    const entry = load<u64>(slot);
    if (entry == 0) continue;
    store<u64>(slot, 0);
    if (level == 0) {
      frameRelease(pteFrame(entry));
      continue;
    }
    const below = <usize>(entry & PTE_ADDRESS);
    freeTables(space, below, level - 1, 512);
    tableFree(below);
  }
}

@inline
export function vmaAt(space: AddressSpace, i: u32): Vma {
  return changetype<Vma>(<usize>load<u32>(space.vmas + (i << 2)));
}

/** Index of the first mapping that ends above `ua`: the one that holds it, or the next one; vmaCount if there is none. */
export function vmaIndex(space: AddressSpace, ua: u64): u32 {
  let low: u32 = 0;
  let high = space.vmaCount;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (vmaAt(space, middle).end <= ua) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The mapping that holds `ua`, or null. */
export function vmaFind(space: AddressSpace, ua: u64): Vma | null {
  const cached = space.cached;
  if (cached && ua >= cached.start && ua < cached.end) return cached;
  const i = vmaIndex(space, ua);
  if (i == space.vmaCount) return null;
  const vma = vmaAt(space, i);
  if (vma.start > ua) return null;
  space.cached = vma;
  return vma;
}

/** Makes room for `more` mappings, so that inserting them cannot fail: 0 or -ENOMEM. */
export function vmaReserve(space: AddressSpace, more: u32): Result {
  const count = space.vmaCount + more;
  if (count > VMAS_MAX) return -Errno.ENOMEM;
  if (count <= space.vmaCapacity) return 0;
  const capacity = max<u32>(count, max<u32>(space.vmaCapacity * 2, 16));
  const p = kernelAlloc(capacity * 4);
  if (p == 0) return -Errno.ENOMEM;
  memory.copy(p, space.vmas, space.vmaCount * 4);
  kernelFree(space.vmas);
  space.vmas = p;
  space.vmaCapacity = capacity;
  return 0;
}

/** A mapping that is in no space's array yet; holds `inode` and `entry`. Null when memory is short. */
export function vmaNew(
  space: AddressSpace,
  start: u64,
  end: u64,
  flags: u32,
  inode: Inode | null,
  pageOffset: u64,
  entry: Entry | null,
): Vma | null {
  const p = kernelAlloc(VMA_BYTES);
  if (p == 0) return null;
  const vma = changetype<Vma>(p);
  vma.space = space;
  vma.start = start;
  vma.end = end;
  vma.flags = flags;
  vma.pageOffset = pageOffset;
  if (entry) vma.entry = entryRetain(entry);
  if (inode) {
    vma.inode = inodeRetain(inode);
    const first = changetype<Vma | null>(inode.mappings);
    vma.inodeNext = first;
    if (first) first.inodePrev = vma;
    inode.mappings = p;
  }
  return vma;
}

/** kernel/ipc: a mapping of a System V segment's file has gone. */
let segmentDetached: u32 = 0;

export function setSegmentDetached(f: (inode: Inode) => void): void {
  segmentDetached = f.index;
}

/** Frees a mapping that is in no array any more. Its pages are the caller's business. */
export function vmaFree(vma: Vma): void {
  const inode = vma.inode;
  if (inode) {
    const next = vma.inodeNext;
    const prev = vma.inodePrev;
    if (next) next.inodePrev = prev;
    if (prev) prev.inodeNext = next;
    else inode.mappings = changetype<usize>(next);
    if ((inode.flags & InodeFlag.Segment) != 0) call_indirect<void>(segmentDetached, inode);
    inodeRelease(inode);
  }
  const entry = vma.entry;
  if (entry) entryRelease(entry);
  if (vma.space.cached == vma) vma.space.cached = null;
  kernelFree(changetype<usize>(vma));
}

/** Puts `vma` into the array; room must have been reserved and its range be free. */
export function vmaInsert(space: AddressSpace, vma: Vma): void {
  const i = vmaIndex(space, vma.start);
  memory.copy(space.vmas + ((i + 1) << 2), space.vmas + (i << 2), (space.vmaCount - i) << 2);
  store<u32>(space.vmas + (i << 2), <u32>changetype<usize>(vma));
  space.vmaCount++;
  space.virtualPages += (vma.end - vma.start) >> PAGE_SHIFT;
}

/** Takes the mappings with index [from, to) out of the array and frees them. */
export function vmaRemoveRange(space: AddressSpace, from: u32, to: u32): void {
  for (let i = from; i < to; i++) {
    const vma = vmaAt(space, i);
    space.virtualPages -= (vma.end - vma.start) >> PAGE_SHIFT;
    vmaFree(vma);
  }
  memory.copy(space.vmas + (from << 2), space.vmas + (to << 2), (space.vmaCount - to) << 2);
  space.vmaCount -= to - from;
}

/** Cuts `vma` in two at `at`, the new one above; room for it must have been reserved. -ENOMEM when memory is short. */
export function vmaSplit(space: AddressSpace, vma: Vma, at: u64): Result {
  const upper = vmaNew(space, at, vma.end, vma.flags, vma.inode, vma.pageOffset + ((at - vma.start) >> PAGE_SHIFT), vma.entry);
  if (!upper) return -Errno.ENOMEM;
  space.virtualPages -= (vma.end - at) >> PAGE_SHIFT;
  vma.end = at;
  vmaInsert(space, upper);
  return 0;
}

@inline
function mergeable(a: Vma, b: Vma): bool {
  return (
    a.end == b.start &&
    a.flags == b.flags &&
    a.inode == b.inode &&
    a.entry == b.entry &&
    a.pageOffset + ((a.end - a.start) >> PAGE_SHIFT) == b.pageOffset
  );
}

/** Joins the mapping at index `i` with the one before it and the one after it where they are alike. */
export function vmaMerge(space: AddressSpace, i: u32): void {
  if (i + 1 < space.vmaCount && mergeable(vmaAt(space, i), vmaAt(space, i + 1))) joinNext(space, i);
  if (i > 0 && i < space.vmaCount && mergeable(vmaAt(space, i - 1), vmaAt(space, i))) joinNext(space, i - 1);
}

function joinNext(space: AddressSpace, i: u32): void {
  const lower = vmaAt(space, i);
  const upper = vmaAt(space, i + 1);
  const end = upper.end;
  space.virtualPages += (end - upper.start) >> PAGE_SHIFT;
  vmaRemoveRange(space, i + 1, i + 2);
  lower.end = end;
}

/** The highest free range of `bytes` below mmapTop; above it, if need be; 0 when there is none. */
export function findGap(space: AddressSpace, bytes: u64): u64 {
  const gap = findGapBetween(space, USER_START, space.mmapTop, bytes);
  return gap != 0 ? gap : findGapAbove(space, bytes);
}

/** The highest free range of `bytes` in [low, high); 0 when there is none. */
export function findGapBetween(space: AddressSpace, low: u64, high: u64, bytes: u64): u64 {
  let end = high;
  let i = vmaIndex(space, end);
  if (i < space.vmaCount && vmaAt(space, i).start < end) end = vmaAt(space, i).start;
  while (i > 0 && end > low) {
    const below = vmaAt(space, i - 1);
    if (end >= bytes && end - bytes >= max(below.end, low)) return end - bytes;
    end = min(end, below.start);
    i--;
  }
  return end >= bytes && end - bytes >= low ? end - bytes : 0;
}

/** The lowest free range of `bytes` above mmapTop, when there is none below. */
function findGapAbove(space: AddressSpace, bytes: u64): u64 {
  let start = space.mmapTop;
  for (let i = vmaIndex(space, start); i < space.vmaCount; i++) {
    const vma = vmaAt(space, i);
    if (vma.start > start && vma.start - start >= bytes) return start;
    start = max(start, vma.end);
  }
  return USER_END - start >= bytes && start < USER_END ? start : 0;
}

/** True when no mapping touches [start, end). */
export function rangeFree(space: AddressSpace, start: u64, end: u64): bool {
  const i = vmaIndex(space, start);
  return i == space.vmaCount || vmaAt(space, i).start >= end;
}

/** The space whose tables the CPU uses. */
let loaded: AddressSpace | null = null;

/** Switches the CPU to `space` (null: the kernel's tables alone). */
export function spaceLoad(space: AddressSpace | null): void {
  if (loaded == space) return;
  loaded = space;
  loadCr3(space ? space.root : kernelRoot());
}

/** Forgets what the TLB knows of [start, end) of `space`. */
export function spaceFlush(space: AddressSpace, start: u64, end: u64): void {
  if (loaded != space) return;
  if (end - start > 32 * PAGE_SIZE) {
    loadCr3(space.root);
    return;
  }
  for (let va = start; va < end; va += PAGE_SIZE) invlpg(va);
}

/**
 * Takes the pages of [start, end) out of the tables and gives their frames back; the tables stay for reuse until exit. Entries with a bit
 * of `keep` stay.
 */
export function unmapPages(space: AddressSpace, start: u64, end: u64, keep: u64 = 0): void {
  let any = false;
  let va = start;
  while (va < end) {
    const slot = findSlot(space.root, va);
    if (slot == 0) {
      va = (va + 0x20_0000) & ~(<u64>0x1f_ffff);
      continue;
    }
    // To the end of this page table, or of the range.
    const last = min(end, (va + 0x20_0000) & ~(<u64>0x1f_ffff));
    let s = slot;
    for (; va < last; va += PAGE_SIZE, s += 8) {
      // Of a large range, most is often empty (a thread's stack).
      while ((s & 63) == 0 && last - va >= 8 * PAGE_SIZE && isGroupEmpty(s)) {
        va += 8 * PAGE_SIZE;
        s += 64;
      }
      if (va >= last) break;
      const entry = load<u64>(s);
      if (entry == 0 || (entry & keep) != 0) continue;
      store<u64>(s, 0);
      uncountPage(space);
      frameRelease(pteFrame(entry));
      any = true;
    }
  }
  if (any) spaceFlush(space, start, end);
}

/** One more resident page; the caller has checked the container's limit. */
@inline
export function countPage(space: AddressSpace): void {
  space.container.pages++;
  if (++space.pages > space.maxPages) space.maxPages = space.pages;
}

@inline
export function uncountPage(space: AddressSpace): void {
  space.container.pages--;
  space.pages--;
}

/**
 * Takes pages [from, to) of a file out of all its mappings: they fault again (kernel/fs/pages.ts). `to` u32.MAX_VALUE: the file was
 * truncated, and private copies go too (mmap(2)). Else the file has got a page of its own there, which private copies do not see.
 */
export function unmapInodePages(inode: Inode, from: u32, to: u32): void {
  let vma = changetype<Vma | null>(inode.mappings);
  while (vma) {
    const first = max(vma.pageOffset, <u64>from);
    const last = min(vma.pageOffset + ((vma.end - vma.start) >> PAGE_SHIFT), <u64>to);
    // The kernel marks a private page dirty when it makes the copy, and never else.
    const keep = to != u32.MAX_VALUE && !(vma.flags & VmaFlag.Shared) ? PTE_DIRTY : 0;
    if (first < last) {
      unmapPages(
        vma.space,
        vma.start + ((first - vma.pageOffset) << PAGE_SHIFT),
        vma.start + ((last - vma.pageOffset) << PAGE_SHIFT),
        keep,
      );
    }
    vma = vma.inodeNext;
  }
}

/** Resident pages that are shared with somebody (files, forks): for /proc/PID/statm. */
export function sharedPages(space: AddressSpace): u32 {
  return countShared(space.root, 3, 256);
}

function countShared(table: usize, level: u32, slots: u32): u32 {
  let n: u32 = 0;
  for (let slot = table; slot < table + (slots << 3); slot += 8) {
    const entry = load<u64>(slot);
    if (entry == 0) continue;
    if (level == 0) n += frameInfo(pteFrame(entry)).refs > 1 ? 1 : 0;
    else n += countShared(<usize>(entry & PTE_ADDRESS), level - 1, 512);
  }
  return n;
}
