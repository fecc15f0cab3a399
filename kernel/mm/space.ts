// An address space: its page tables, and what its tree of mappings (vmatree.ts) hangs on.
// Shared by the threads of a process and by vfork's child: reference counted.

import { invlpg, loadCr3 } from "../../shim/isa";
import { Container } from "../container/container";
import { Inode } from "../vfs/inode";
import { frameInfo, frameRelease, PAGE_SHIFT, PAGE_SIZE } from "./frame";
import { kernelAlloc, kernelFree } from "./heap";
import { kernelRoot } from "./kernelmap";
import { dropTable, findSlot, pteFrame, PTE_ADDRESS, PTE_DIRTY, tableFree, tableNew } from "./pagetable";
import { spaceAsleep } from "./trim";
import { Vma, VmaFlag, vmaFree } from "./vma";

@unmanaged
export class AddressSpace {
  refs: u32;
  /** PML4, in low memory. */
  root: usize;
  container: Container;
  /** The mappings: root of their tree, the lowest, the highest, how many. */
  tree: Vma | null;
  first: Vma | null;
  last: Vma | null;
  vmaCount: u32;
  /** The one that was found last. */
  cached: Vma | null;
  /** Resident pages, and those of files among them. */
  pages: u32;
  filePages: u32;
  maxPages: u32;
  /** kernel/mm/trim.ts: a SpaceAge, and the list of those that are awake. */
  age: u32;
  awakeNext: AddressSpace | null;
  awakePrev: AddressSpace | null;
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
  /** Guard bits of kernel/mm/map.ts: what some mapping is, which may forbid changes. */
  guards: u8;
  /** prctl(2): PR_SET_MDWE, nothing that can be written becomes executable (1), in this space alone (2); PR_SET_MEMORY_MERGE. */
  writeExecute: u8;
  mergesEqual: bool;
  /** mlockall(2), MCL_FUTURE: flags of locking (VMA_LOCK_MASK) of mappings to come. Children and programs that are executed do not have it. */
  futureLock: u8;
  /** Pages of locked mappings, present or not: what RLIMIT_MEMLOCK bounds. */
  lockedPages: u64;
}

/** Bit of AddressSpace.writeExecute: children do not have it. */
export const WRITE_EXECUTE_ALONE: u8 = 2;

/** Top-level slots of the kernel's half (kernel/mm/kernelmap.ts): all physical memory, and the linear window. */
const KERNEL_SLOT_COUNT: u32 = 2;
const kernelSlots = memory.data<u16>([257, 511]);

/** An empty address space with the kernel's half; null when memory is short. */
export function spaceNew(container: Container): AddressSpace | null {
  const p = kernelAlloc(offsetof<AddressSpace>());
  if (p == 0) return null;
  const space = changetype<AddressSpace>(p);
  space.root = tableNew(container.account);
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
  spaceAsleep(space);
  let vma = space.first;
  while (vma) {
    const next = vma.next;
    vmaFree(vma);
    vma = next;
  }
  freeTables(space, space.root, 3, 256);
  for (let i: u32 = 0; i < KERNEL_SLOT_COUNT; i++) store<u64>(space.root + ((<usize>load<u16>(kernelSlots + (i << 1))) << 3), 0);
  tableFree(space.root);
  kernelFree(changetype<usize>(space));
}

/** Frees the tables and pages under the first `slots` slots of `table`, which it clears; not the table itself. Most slots are empty. */
function freeTables(space: AddressSpace, table: usize, level: u32, slots: u32): void {
  const end = table + (slots << 3);
  for (let group = table; group < end; group += 64) if (!isGroupEmpty(group)) freeSlots(space, group, level);
}

/** True when the eight entries of a page table from `group` on are empty. */
@inline
export function isGroupEmpty(group: usize): bool {
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
 * Takes the pages of [start, end) out of the tables and gives their frames back, and tables that show nothing else: else a large range, like
 * a thread's stack, would be searched table by table for ever. Entries with a bit of `keep` stay, and so do all tables then.
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
    const from = va;
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
    if (last - from == 0x20_0000 && keep == 0) {
      dropTable(space.root, from);
      any = true;
    }
  }
  if (any) spaceFlush(space, start, end);
}

/**
 * MADV_FREE: lets the private pages of [start, end) go when memory is short, unless they are written before; they are zeros then. What tells
 * is the dirty bit, which else every private page has.
 */
export function disownPages(space: AddressSpace, start: u64, end: u64): void {
  let va = start;
  while (va < end) {
    let slot = findSlot(space.root, va);
    const last = min(end, (va + 0x20_0000) & ~(<u64>0x1f_ffff));
    if (slot != 0) for (; va < last; va += PAGE_SIZE, slot += 8) store<u64>(slot, load<u64>(slot) & ~PTE_DIRTY);
    va = last;
  }
  spaceFlush(space, start, end);
}

/** One more resident page. */
@inline
export function countPage(space: AddressSpace): void {
  if (++space.pages > space.maxPages) space.maxPages = space.pages;
}

@inline
export function uncountPage(space: AddressSpace): void {
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
