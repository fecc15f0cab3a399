// A mapping (Vma): pages of a file or anonymous ones at a range of addresses with one kind of access. It stands in the tree of its address space
// (vmatree.ts) and in the list of its file's mappings, and holds the file and the name by which it was opened.

import { entryRelease, entryRetain, inodeRelease, inodeRetain } from "../vfs/entry";
import { Entry, Inode, InodeFlag } from "../vfs/inode";
import { kernelAlloc, kernelFree } from "./heap";
import { AddressSpace } from "./space";

export const enum VmaFlag {
  Read = 1,
  Write = 2,
  Execute = 4,
  Shared = 8,
  /** A stack: grows towards lower addresses by faults. */
  GrowsDown = 16,
  /** MADV_DONTFORK. */
  DontFork = 32,
  /** mlock(2); kernel/mm/lock.ts counts the pages. */
  Locked = 64,
  /** Beside Locked: pages that are not there yet come by faults (MLOCK_ONFAULT). */
  LockOnFault = 128,
  Stack = 256,
  Vdso = 512,
  /** MADV_WIPEONFORK. */
  WipeOnFork = 1024,
  /** A shared mapping of a file opened only for reading: it cannot be made writable. */
  ReadOnlyFile = 2048,
  /** Was writable once: some private pages may differ from the file's (mprotect after relocation). */
  Written = 4096,
  /** mseal(2): the mapping cannot be changed or taken away. */
  Sealed = 8192,
  /** The heap of brk(2), for /proc/PID/maps. */
  Heap = 16384,
  /** A mapping of a file on a mount without execution: it cannot be made executable. */
  DataFile = 32768,
  /** Huge pages (MAP_HUGETLB), of which there are none: kernel/mm/huge.ts. Giant beside it: of 1 GiB, else 2 MiB. */
  Huge = 0x40_0000,
  Giant = 0x80_0000,
}
/** The flags of locking: also what AddressSpace.futureLock holds. */
export const VMA_LOCK_MASK: u32 = VmaFlag.Locked | VmaFlag.LockOnFault;
/** Bits of Vma.flags that keep the policy of mbind(2): linuxabi/sys/numa.ts. */
export const VMA_POLICY_SHIFT: u32 = 16;
export const VMA_POLICY_MASK: u32 = 0x3f << VMA_POLICY_SHIFT;

@unmanaged
export class Vma {
  start: u64;
  end: u64;
  flags: u32;
  /** Null for anonymous memory. Counted. */
  inode: Inode | null;
  /** Page of the file at `start`. For anonymous memory the page number of the address it was mapped at, so that neighbours merge. */
  pageOffset: u64;
  /** Bytes of the widest gap below a mapping of this one's subtree. */
  widestGap: u64;
  space: AddressSpace;
  /** Neighbours in Inode.mappings. */
  inodeNext: Vma | null;
  inodePrev: Vma | null;
  /** The file's name for /proc/PID/maps. Counted. */
  entry: Entry | null;
  /** Neighbours by address. */
  prev: Vma | null;
  next: Vma | null;
  /** The tree: vmatree.ts. */
  left: Vma | null;
  right: Vma | null;
  parent: Vma | null;
  /** Of its subtree; a leaf has 1. */
  height: u32;
}
export const VMA_BYTES: u32 = (offsetof<Vma>() + 7) & ~7;

/** A mapping that is in no space's tree yet; holds `inode` and `entry`. Null when memory is short. */
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

/** Frees a mapping that is in no tree any more. Its pages are the caller's business. */
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
