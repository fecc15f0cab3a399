// Memory calls: mmap(2) and its family, brk(2).

import { Errno } from "../../kernel/errno";
import { unsupported } from "../../kernel/container/missing";
import { PAGE_SHIFT, PAGE_SIZE } from "../../kernel/mm/frame";
import { Access, handleFaultOrKill } from "../../kernel/mm/fault";
import {
  covered,
  growRegion,
  isSealed,
  mapRegion,
  moveRegion,
  pageUp,
  placeRegion,
  protectRegion,
  setBreak,
  unmapRegion,
} from "../../kernel/mm/map";
import { findSlot } from "../../kernel/mm/pagetable";
import { AddressSpace } from "../../kernel/mm/space";
import { copyOut, USER_END } from "../../kernel/mm/user";
import { VmaFlag } from "../../kernel/mm/vma";
import { findGap, findGapBetween, rangeFree, USER_START, vmaFind, vmaFrom } from "../../kernel/mm/vmatree";
import { Result } from "../../kernel/result";
import { capable, Capability } from "../../kernel/task/credentials";
import { LimitKind, softLimit } from "../../kernel/task/limits";
import { Thread } from "../../kernel/task/thread";
import { inodeRelease } from "../../kernel/vfs/entry";
import { sharedAnonymousEntry, sharedMemoryFile } from "../../kernel/fs/shm";
import { Entry, FileKind, Inode, MountFlag } from "../../kernel/vfs/inode";
import { isWriteSealed } from "../../kernel/vfs/seal";
import { isNone, openFile } from "./descriptor";

const PROT_ALL: u32 = 7;
/** PROT_WRITE and PROT_EXEC. */
const WRITE_EXECUTE: u32 = 6;
const PROT_GROWSDOWN: u32 = 0x0100_0000;
const PROT_GROWSUP: u32 = 0x0200_0000;

const enum Map {
  Shared = 1,
  Private = 2,
  SharedValidate = 3,
  Type = 0xf,
  Fixed = 0x10,
  Anonymous = 0x20,
  Low = 0x40, // MAP_32BIT
  GrowsDown = 0x100,
  Locked = 0x2000,
  NoReserve = 0x4000,
  Populate = 0x8000,
  Stack = 0x20000,
  HugeTlb = 0x40000,
  FixedNoReplace = 0x100000,
}
/** Flags that MAP_SHARED_VALIDATE takes for any file (LEGACY_MAP_MASK of Linux); MAP_SYNC is for files on persistent memory, which are none. */
const VALIDATED: u32 = 0x7c07_f9f3;
/** Huge pages are asked for by the logarithm of their size, 0 for the usual one; there are 2 MiB and 1 GiB. */
const HUGE_SHIFT: u32 = 26;

/** Bits of personality(2). */
const READ_IMPLIES_EXEC: u32 = 0x0400000;

@inline
function spaceOf(t: Thread): AddressSpace {
  return t.process.space!;
}

/** True when [start, start + bytes) lies in the user's half; bytes is not 0. */
function inUserHalf(start: u64, bytes: u64): bool {
  return bytes <= USER_END && start <= USER_END - bytes;
}

/** RLIMIT_AS: may the space grow by `bytes`? */
function withinLimit(t: Thread, bytes: u64): bool {
  const limit = softLimit(t.process, LimitKind.AddressSpace);
  return limit == u64.MAX_VALUE || (spaceOf(t).virtualPages << PAGE_SHIFT) + bytes <= limit;
}

/** MAP_HUGETLB of memory: there are huge pages, but none are reserved: -ENOMEM, or -EINVAL for a size that no CPU has. */
function hugePages(t: Thread, flags: u32): Result {
  const shift = flags >> HUGE_SHIFT;
  if (shift != 0 && shift != 21 && shift != 30) return -Errno.EINVAL;
  // Linux maps what it may not have, and sends SIGBUS when it is touched.
  return flags & Map.NoReserve ? unsupported(t, "flags", Map.HugeTlb | Map.NoReserve, -Errno.ENOMEM) : -Errno.ENOMEM;
}

/** PROT bits with those that the personality adds. */
@inline
function impliedProtection(t: Thread, prot: u32): u32 {
  return prot & 1 && t.process.personality & READ_IMPLIES_EXEC ? prot | 4 : prot;
}

/** mmap(2). Lacks: MAP_HUGETLB with MAP_NORESERVE. */
export function sysMmap(t: Thread, hint: u64, length: u64, prot: u32, flags: u32, fd: i32, offset: u64): Result {
  if (offset & (PAGE_SIZE - 1)) return -Errno.EINVAL;
  let inode: Inode | null = null;
  let entry: Entry | null = null;
  const type = flags & Map.Type;
  if (!(flags & Map.Anonymous)) {
    const file = openFile(t, fd);
    if (isNone(file)) return -Errno.EBADF;
    if (length == 0 || flags & Map.HugeTlb) return -Errno.EINVAL;
    if (type == 0 || type > <u32>Map.SharedValidate) return -Errno.EINVAL;
    if (type == Map.SharedValidate && flags & ~VALIDATED) return -Errno.EOPNOTSUPP;
    if (!(file.access & 1)) return -Errno.EACCES;
    if (type != Map.Private && prot & 2 && !(file.access & 2)) return -Errno.EACCES;
    const mount = file.mount;
    const isData = mount != null && (mount.flags & MountFlag.NoExec) != 0;
    if (prot & 4 && isData) return -Errno.EPERM;
    if (!isData) prot = impliedProtection(t, prot);
    if (file.kind == FileKind.Zero) {
      if (type == Map.Private) flags |= Map.Anonymous;
    } else if (file.kind != FileKind.Regular) return -Errno.ENODEV;
    else {
      inode = file.inode;
      entry = file.entry;
      if (type != Map.Private && prot & 2 && isWriteSealed(inode)) return -Errno.EPERM;
    }
  } else {
    if (length == 0 || (type != Map.Shared && type != Map.Private)) return -Errno.EINVAL;
    if (flags & Map.HugeTlb) return hugePages(t, flags);
    prot = impliedProtection(t, prot);
  }
  const bytes = pageUp(length);
  if (bytes == 0 || bytes > USER_END) return -Errno.ENOMEM;
  if ((prot & WRITE_EXECUTE) == WRITE_EXECUTE && spaceOf(t).writeExecute != 0) return -Errno.EACCES;
  if (offset + bytes < offset) return -Errno.EOVERFLOW;
  if (!withinLimit(t, bytes)) return -Errno.ENOMEM;
  const space = spaceOf(t);
  const start = choosePlace(t, hint, bytes, flags);
  if (start < 0) return start;
  const readOnly = inode != null && type != Map.Private && (!(openFile(t, fd).access & 2) || isWriteSealed(inode));
  const access =
    (readOnly ? VmaFlag.ReadOnlyFile : 0) |
    (prot & PROT_ALL) |
    (type != Map.Private ? VmaFlag.Shared : 0) |
    (flags & Map.GrowsDown ? VmaFlag.GrowsDown : 0);
  const r =
    inode || type == Map.Private
      ? mapRegion(space, <u64>start, bytes, access, inode, offset >> PAGE_SHIFT, entry)
      : mapSharedAnonymous(t, <u64>start, bytes, access);
  if (r >= 0 && flags & (Map.Populate | Map.Locked)) populate(space, <u64>start, bytes, prot);
  return r;
}

/** Where a new mapping goes: an address, -EINVAL, -EPERM, -EEXIST or -ENOMEM. */
function choosePlace(t: Thread, hint: u64, bytes: u64, flags: u32): Result {
  const space = spaceOf(t);
  if (!(flags & (Map.Fixed | Map.FixedNoReplace))) {
    if (flags & Map.Low) return placeBelow(space, bytes);
    return placeRegion(space, hint & ~(<u64>PAGE_SIZE - 1), bytes);
  }
  if (hint & (PAGE_SIZE - 1)) return -Errno.EINVAL;
  if (!inUserHalf(hint, bytes)) return -Errno.ENOMEM;
  if (hint < USER_START && !capable(t.credentials, Capability.SysRawio)) return -Errno.EPERM;
  if (flags & Map.FixedNoReplace && !rangeFree(space, hint, hint + bytes)) return -Errno.EEXIST;
  return hint;
}

/** MAP_32BIT: room in the second GiB, as Linux looks for it: an address or -ENOMEM. */
function placeBelow(space: AddressSpace, bytes: u64): Result {
  const gap = findGapBetween(space, 0x4000_0000, 0x8000_0000, bytes);
  return gap == 0 ? -Errno.ENOMEM : <Result>gap;
}

/** Shared anonymous memory is a nameless file that only its mappings hold. */
function mapSharedAnonymous(t: Thread, start: u64, bytes: u64, access: u32): Result {
  const inode = sharedMemoryFile(bytes, 0o600, t.credentials.euid, t.credentials.egid);
  if (!inode) return -Errno.ENOMEM;
  const r = mapRegion(spaceOf(t), start, bytes, access, inode, 0, sharedAnonymousEntry());
  inodeRelease(inode);
  return r;
}

/** MAP_POPULATE: makes pages present as far as that goes; failing is no error. */
function populate(space: AddressSpace, start: u64, bytes: u64, prot: u32): void {
  const access = prot & 2 ? Access.Write : Access.Read;
  for (let at = start; at < start + bytes; at += PAGE_SIZE) {
    const slot = findSlot(space.root, at);
    if (slot != 0 && load<u64>(slot) != 0) continue;
    if (handleFaultOrKill(space, at, access) < 0) return;
  }
}

/** munmap(2). */
export function sysMunmap(t: Thread, start: u64, length: u64): Result {
  const bytes = pageUp(length);
  if (start & (PAGE_SIZE - 1) || bytes == 0 || !inUserHalf(start, bytes)) return -Errno.EINVAL;
  return unmapRegion(spaceOf(t), start, start + bytes);
}

/** mprotect(2). */
export function sysMprotect(t: Thread, start: u64, length: u64, prot: u32): Result {
  if (start & (PAGE_SIZE - 1)) return -Errno.EINVAL;
  if (prot & ~(PROT_ALL | PROT_GROWSDOWN | PROT_GROWSUP)) return -Errno.EINVAL;
  const bytes = pageUp(length);
  if (length == 0) return 0;
  if (bytes == 0 || !inUserHalf(start, bytes)) return -Errno.ENOMEM;
  const space = spaceOf(t);
  const end = start + bytes;
  if (prot & 2) {
    let vma = vmaFrom(space, start);
    while (vma && vma.start < end) {
      if (vma.flags & VmaFlag.ReadOnlyFile) return -Errno.EACCES;
      vma = vma.next;
    }
  }
  if (prot & 4 && space.writeExecute != 0 && gainsExecution(space, start, end, prot)) return -Errno.EACCES;
  if (prot & PROT_GROWSDOWN) {
    const vma = vmaFind(space, start);
    if (!vma || !(vma.flags & VmaFlag.GrowsDown)) return -Errno.EINVAL;
    start = vma.start;
  }
  return protectRegion(space, start, end, impliedProtection(t, prot) & PROT_ALL);
}

/** PR_SET_MDWE: true when something that is no program would become one, or a program could be written. */
function gainsExecution(space: AddressSpace, start: u64, end: u64, prot: u32): bool {
  if (prot & 2) return true;
  let vma = vmaFrom(space, start);
  while (vma && vma.start < end && vma.flags & VmaFlag.Execute) vma = vma.next;
  return vma != null && vma.start < end;
}

/** brk(2): Linux returns the present break when it cannot move. */
export function sysBrk(t: Thread, end: u64): Result {
  const space = spaceOf(t);
  if (end == 0 || (end > space.brk && !withinLimit(t, end - space.brk))) return space.brk;
  return setBreak(space, end, softLimit(t.process, LimitKind.Data), impliedProtection(t, 3));
}

const MREMAP_MAYMOVE: u32 = 1;
const MREMAP_FIXED: u32 = 2;
const MREMAP_DONTUNMAP: u32 = 4;

/** mremap(2). */
export function sysMremap(t: Thread, old: u64, oldLength: u64, newLength: u64, flags: u32, target: u64): Result {
  if (flags & ~7 || old & (PAGE_SIZE - 1)) return -Errno.EINVAL;
  if (flags & (MREMAP_FIXED | MREMAP_DONTUNMAP) && !(flags & MREMAP_MAYMOVE)) return -Errno.EINVAL;
  const oldBytes = pageUp(oldLength);
  const newBytes = pageUp(newLength);
  if (newBytes == 0 || (flags & MREMAP_DONTUNMAP && oldBytes != newBytes)) return -Errno.EINVAL;
  const space = spaceOf(t);
  if (flags & MREMAP_FIXED) {
    if (target & (PAGE_SIZE - 1) || !inUserHalf(target, newBytes) || target < USER_START) return -Errno.EINVAL;
    if (target < old + oldBytes && old < target + newBytes) return -Errno.EINVAL;
  }
  const vma = vmaFind(space, old);
  if (!vma) return -Errno.EFAULT;
  if (isSealed(space, old, old + oldBytes)) return -Errno.EPERM;
  if (oldBytes > vma.end - old) return -Errno.EFAULT;
  if (oldBytes == 0 && !(vma.flags & VmaFlag.Shared)) return -Errno.EINVAL;
  if (!(flags & (MREMAP_FIXED | MREMAP_DONTUNMAP))) {
    if (newBytes <= oldBytes) {
      const r = newBytes == oldBytes ? 0 : unmapRegion(space, old + newBytes, old + oldBytes);
      return r < 0 ? r : <Result>old;
    }
    if (!withinLimit(t, newBytes - oldBytes)) return -Errno.ENOMEM;
    if (old + oldBytes == vma.end && growRegion(space, vma, newBytes - oldBytes)) return old;
    if (!(flags & MREMAP_MAYMOVE)) return -Errno.ENOMEM;
  }
  const to = flags & MREMAP_FIXED ? target : findGap(space, newBytes);
  if (to == 0) return -Errno.ENOMEM;
  return moveRegion(space, vma, old, oldBytes, to, newBytes, (flags & MREMAP_DONTUNMAP) != 0 || oldBytes == 0);
}

/** msync(2): files are memory here, so there is nothing to write back. */
export function sysMsync(t: Thread, start: u64, length: u64, flags: u32): Result {
  if (start & (PAGE_SIZE - 1) || flags & ~7 || (flags & 5) == 5) return -Errno.EINVAL;
  const bytes = pageUp(length);
  if (length != 0 && bytes == 0) return -Errno.ENOMEM;
  return covered(spaceOf(t), start, start + bytes) ? 0 : -Errno.ENOMEM;
}

const flagsByPage = memory.data(4096, 16);

/** mincore(2). */
export function sysMincore(t: Thread, start: u64, length: u64, vector: u64): Result {
  if (start & (PAGE_SIZE - 1)) return -Errno.EINVAL;
  const space = spaceOf(t);
  const bytes = pageUp(length);
  if ((length != 0 && bytes == 0) || !inUserHalf(start, max<u64>(bytes, 1)) || !covered(space, start, start + bytes)) return -Errno.ENOMEM;
  for (let done: u64 = 0; done < bytes >> PAGE_SHIFT; ) {
    const n = <u32>min<u64>((bytes >> PAGE_SHIFT) - done, 4096);
    for (let i: u32 = 0; i < n; i++) {
      const slot = findSlot(space.root, start + ((done + i) << PAGE_SHIFT));
      store<u8>(flagsByPage + i, slot != 0 && load<u64>(slot) & 1 ? 1 : 0);
    }
    const r = copyOut(vector + done, flagsByPage, n);
    if (r < 0) return r;
    done += n;
  }
  return 0;
}

/** mlock(2), mlock2(2): nothing is ever paged out; only the limit counts. */
export function sysMlock(t: Thread, start: u64, length: u64, flags: u32): Result {
  if (flags & ~1) return -Errno.EINVAL;
  const from = start & ~(<u64>PAGE_SIZE - 1);
  const bytes = pageUp(length + (start - from));
  const limit = softLimit(t.process, LimitKind.LockedMemory);
  if (bytes > limit && !capable(t.credentials, Capability.IpcLock)) return limit == 0 ? -Errno.EPERM : -Errno.ENOMEM;
  if (from + bytes < from) return -Errno.EINVAL;
  return covered(spaceOf(t), from, from + bytes) ? 0 : -Errno.ENOMEM;
}

/** munlock(2). */
export function sysMunlock(t: Thread, start: u64, length: u64): Result {
  const from = start & ~(<u64>PAGE_SIZE - 1);
  return covered(spaceOf(t), from, from + pageUp(length + (start - from))) ? 0 : -Errno.ENOMEM;
}

/** mlockall(2). */
export function sysMlockall(t: Thread, flags: u32): Result {
  if (flags == 0 || flags & ~7 || flags == 4) return -Errno.EINVAL;
  if (capable(t.credentials, Capability.IpcLock)) return 0;
  const limit = softLimit(t.process, LimitKind.LockedMemory);
  return limit == 0 ? -Errno.EPERM : spaceOf(t).virtualPages << PAGE_SHIFT <= limit ? 0 : -Errno.ENOMEM;
}
