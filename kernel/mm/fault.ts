// Page faults: making a page that a mapping promises present. Anonymous memory appears on first touch, private pages are copied when
// written, file pages come from the file's own pages (one cache behind read, write and mappings), several at once.

import { physicalCopyPage, physicalZeroPage } from "../../shim/isa";
import { Errno } from "../errno";
import { filePage, filePageForWrite } from "../fs/pages";
import { BLOCKED, Result } from "../result";
import { LimitKind, mayGrow, softLimit } from "../task/limits";
import { current } from "../task/thread";
import { Charge } from "./account";
import { frameAlloc, frameAllocFor, frameInfo, frameRelease, frameRetain, framesFree, PAGE_SHIFT, PAGE_SIZE } from "./frame";
import {
  findSlot,
  makeSlot,
  pteFrame,
  PTE_ACCESSED,
  PTE_ADDRESS,
  PTE_DIRTY,
  PTE_NO_EXECUTE,
  PTE_PRESENT,
  PTE_USER,
  PTE_WRITE,
} from "./pagetable";
import { mayLockMore } from "./lock";
import { AddressSpace, countPage, spaceFlush } from "./space";
import { Vma, VmaFlag } from "./vma";
import { STACK_GUARD_BYTES, vmaFind, vmaFrom, vmaResize } from "./vmatree";

/** What a fault wanted to do. */
export const enum Access {
  Read = 0,
  Write = 1,
  Execute = 2,
}

/** File pages mapped by one fault, aligned: the neighbours are likely wanted next (Linux's fault-around). */
const AROUND: u64 = 16;
/** User pages leave this many frames to the kernel. */
export const KERNEL_RESERVE: u32 = 64;

/** One page of zeros, mapped read-only wherever anonymous memory is read before it is written. */
let zeroFrame: u32 = 0;
/** Makes room when there is none: kernel/task/oom.ts. */
let outOfMemory: u32 = 0;

export function faultInit(): bool {
  zeroFrame = frameAlloc();
  if (zeroFrame != 0) physicalZeroPage((<u64>zeroFrame) << PAGE_SHIFT);
  return zeroFrame != 0;
}

/**
 * Registers what is done when a user page cannot be had. It returns 0 when the fault is worth another try, BLOCKED when the thread was
 * parked until memory comes free, or -ENOMEM when the thread itself has to go.
 */
export function setOutOfMemoryHandler(f: (space: AddressSpace) => Result): void {
  outOfMemory = f.index;
}

/** A frame for a user page within the container's limit; 0 when there is none. */
@inline
function userFrame(space: AddressSpace): u32 {
  return framesFree() > KERNEL_RESERVE ? frameAllocFor(space.container.account, Charge.Anonymous) : 0;
}

function protection(flags: u32): u64 {
  return PTE_PRESENT | PTE_USER | PTE_ACCESSED | (flags & VmaFlag.Execute ? 0 : PTE_NO_EXECUTE);
}

/** Makes a writable private copy of the page in `slot`, or takes it over when nobody else holds it. */
function copyOnWrite(space: AddressSpace, vma: Vma, slot: usize, va: u64): Result {
  const entry = load<u64>(slot);
  const old = pteFrame(entry);
  if (old != zeroFrame && frameInfo(old).refs == 1) {
    store<u64>(slot, entry | PTE_WRITE | PTE_DIRTY);
    spaceFlush(space, va, va + PAGE_SIZE);
    return 0;
  }
  const frame = userFrame(space);
  if (frame == 0) return -Errno.ENOMEM;
  if (old == zeroFrame) physicalZeroPage((<u64>frame) << PAGE_SHIFT);
  else physicalCopyPage((<u64>frame) << PAGE_SHIFT, entry & PTE_ADDRESS);
  store<u64>(slot, ((<u64>frame) << PAGE_SHIFT) | protection(vma.flags) | PTE_WRITE | PTE_DIRTY);
  frameRelease(old);
  spaceFlush(space, va, va + PAGE_SIZE);
  return 0;
}

function anonymousFault(space: AddressSpace, vma: Vma, slot: usize, write: bool): Result {
  let frame = zeroFrame;
  if (write) {
    frame = userFrame(space);
    if (frame == 0) return -Errno.ENOMEM;
    physicalZeroPage((<u64>frame) << PAGE_SHIFT);
  } else frameRetain(frame);
  store<u64>(slot, ((<u64>frame) << PAGE_SHIFT) | protection(vma.flags) | (write ? PTE_WRITE | PTE_DIRTY : 0));
  countPage(space);
  return 0;
}

/** Maps the pages of a private file mapping that the file already has around `va` and that lie in the same page table. */
function mapAround(space: AddressSpace, vma: Vma, slot: usize, va: u64): void {
  const inode = vma.inode!;
  const first = max(vma.start, va & ~(AROUND * PAGE_SIZE - 1));
  const last = min(
    min(vma.end, (va & ~(AROUND * PAGE_SIZE - 1)) + AROUND * PAGE_SIZE),
    vma.start + ((inode.size + PAGE_SIZE - 1) & ~(<u64>PAGE_SIZE - 1)) - (vma.pageOffset << PAGE_SHIFT),
  );
  const bits = protection(vma.flags);
  let page = vma.pageOffset + ((first - vma.start) >> PAGE_SHIFT);
  let s = slot - <usize>(((va - first) >> PAGE_SHIFT) << 3);
  for (let at = first; at < last; at += PAGE_SIZE, s += 8, page++) {
    if (load<u64>(s) != 0) continue;
    const frame = filePage(inode, <u32>page);
    if (frame == 0) continue;
    frameRetain(frame);
    store<u64>(s, ((<u64>frame) << PAGE_SHIFT) | bits);
    countPage(space);
  }
}

function fileFault(space: AddressSpace, vma: Vma, slot: usize, va: u64, write: bool): Result {
  const inode = vma.inode!;
  const page = vma.pageOffset + ((va - vma.start) >> PAGE_SHIFT);
  if (page >= (inode.size + PAGE_SIZE - 1) >> PAGE_SHIFT) return -Errno.ENXIO;
  if (vma.flags & VmaFlag.Shared) {
    // A shared page is the file's own page, made if the file has a hole there.
    const writable = (vma.flags & VmaFlag.Write) != 0;
    let frame = writable ? 0 : filePage(inode, <u32>page);
    if (frame == 0) {
      const r = filePageForWrite(inode, <u32>page);
      if (r < 0) return r == -Errno.ENOSPC ? -Errno.ENXIO : r;
      frame = <u32>r;
    }
    frameRetain(frame);
    store<u64>(slot, ((<u64>frame) << PAGE_SHIFT) | protection(vma.flags) | (writable ? PTE_WRITE : 0));
    countPage(space);
    return 0;
  }
  const frame = filePage(inode, <u32>page);
  if (!write && frame != 0) {
    mapAround(space, vma, slot, va);
    return 0;
  }
  if (frame == 0) return anonymousFault(space, vma, slot, write);
  const copy = userFrame(space);
  if (copy == 0) return -Errno.ENOMEM;
  physicalCopyPage((<u64>copy) << PAGE_SHIFT, (<u64>frame) << PAGE_SHIFT);
  store<u64>(slot, ((<u64>copy) << PAGE_SHIFT) | protection(vma.flags) | PTE_WRITE | PTE_DIRTY);
  countPage(space);
  return 0;
}

/** The first write to a shared page that was mapped without write access (mprotect). It may be a lower file's, which must not change. */
function sharedWrite(space: AddressSpace, vma: Vma, slot: usize, va: u64): Result {
  const r = filePageForWrite(vma.inode!, <u32>(vma.pageOffset + ((va - vma.start) >> PAGE_SHIFT)));
  if (r < 0) return r == -Errno.ENOSPC ? -Errno.ENXIO : r;
  const entry = load<u64>(slot);
  // A page that the file got just now has been taken out of all mappings (unmapInodePages), this one included.
  if (entry == 0) return fileFault(space, vma, slot, va, true);
  store<u64>(slot, entry | PTE_WRITE | PTE_DIRTY);
  spaceFlush(space, va, va + PAGE_SIZE);
  return 0;
}

/** The stack that `va` lies below and that may grow to it: extended; or null. */
function growStack(space: AddressSpace, va: u64): Vma | null {
  const vma = vmaFrom(space, va);
  if (!vma || !(vma.flags & VmaFlag.GrowsDown)) return null;
  const start = va & ~(<u64>PAGE_SIZE - 1);
  const t = current; // null while a container's first program is made
  if (t) {
    if (vma.end - start > softLimit(t.process, LimitKind.Stack)) return null;
    if (!mayGrow(t.process, space, vma.start - start, vma.flags)) return null;
    if (vma.flags & VmaFlag.Locked && !mayLockMore(t, space, vma.start - start)) return null;
  }
  // What cannot be accessed guards the stack itself.
  const below = vma.prev;
  const isGuard = below != null && (below.flags & (VmaFlag.Read | VmaFlag.Write | VmaFlag.Execute)) == 0;
  if (below && start < below.end + (isGuard ? 0 : STACK_GUARD_BYTES)) return null;
  vmaResize(space, vma, start, vma.end);
  return vma;
}

/**
 * Makes the page at `va` present for `access`. 0; -EFAULT: nothing is mapped there (SEGV_MAPERR); -EACCES: not like that (SEGV_ACCERR);
 * -ENXIO: beyond the end of the file (SIGBUS); -ENOMEM: out of memory.
 */
export function handleFault(space: AddressSpace, va: u64, access: Access): Result {
  let vma = vmaFind(space, va);
  if (!vma) {
    vma = growStack(space, va);
    if (!vma) return -Errno.EFAULT;
  }
  const flags = vma.flags;
  const needed =
    access == Access.Write ? VmaFlag.Write : access == Access.Execute ? VmaFlag.Execute : VmaFlag.Read | VmaFlag.Write | VmaFlag.Execute;
  if (!(flags & needed)) return -Errno.EACCES;
  const made = makeSlot(space.root, va);
  if (made < 0) return made;
  const slot = <usize>made;
  const entry = load<u64>(slot);
  const page = va & ~(<u64>PAGE_SIZE - 1);
  const write = access == Access.Write;
  const t = current;
  if (t) t.minorFaults++; // not for the first program of a container, which has no thread running
  if (entry != 0) {
    if (!write || entry & PTE_WRITE) {
      if (!(entry & PTE_PRESENT)) store<u64>(slot, entry | PTE_PRESENT);
      spaceFlush(space, page, page + PAGE_SIZE); // a stale TLB entry
      return 0;
    }
    if (flags & VmaFlag.Shared) return sharedWrite(space, vma, slot, page);
    return copyOnWrite(space, vma, slot, page);
  }
  return vma.inode ? fileFault(space, vma, slot, page, write) : anonymousFault(space, vma, slot, write);
}

/** handleFault, with one more try after the out-of-memory handler has done what it can. */
export function handleFaultOrKill(space: AddressSpace, va: u64, access: Access): Result {
  const r = handleFault(space, va, access);
  if (r != -Errno.ENOMEM || outOfMemory == 0) return r;
  const freed = call_indirect<Result>(outOfMemory, space);
  return freed < 0 ? freed : handleFault(space, va, access);
}

/** For kernel/mm/user.ts: resolves a fault of a user copy in the current thread's space: 0, -EFAULT, or BLOCKED while memory is made. */
export function resolveUserFault(va: u64, write: bool): Result {
  const space = current.process.space;
  if (!space) return -Errno.EFAULT;
  const r = handleFaultOrKill(space, va, write ? Access.Write : Access.Read);
  return r == BLOCKED ? r : r < 0 ? -Errno.EFAULT : 0;
}

/** Shares or copies the pages of `vma` (of `from`) into `to`, as fork does: private pages become copy-on-write in both. */
export function copyPages(from: AddressSpace, to: AddressSpace, vma: Vma): Result {
  const shared = (vma.flags & VmaFlag.Shared) != 0;
  let va = vma.start;
  while (va < vma.end) {
    let slot = findSlot(from.root, va);
    const last = min(vma.end, (va + 0x20_0000) & ~(<u64>0x1f_ffff));
    if (slot == 0) {
      va = last;
      continue;
    }
    let target: usize = 0;
    for (; va < last; va += PAGE_SIZE, slot += 8) {
      let entry = load<u64>(slot);
      if (entry == 0) {
        if (target != 0) target += 8;
        continue;
      }
      if (target == 0) {
        const r = makeSlot(to.root, va);
        if (r < 0) return r;
        target = <usize>r;
      }
      if (!shared && entry & PTE_WRITE) {
        entry &= ~PTE_WRITE;
        store<u64>(slot, entry);
      }
      store<u64>(target, entry);
      frameRetain(pteFrame(entry));
      countPage(to);
      target += 8;
    }
  }
  return 0;
}
