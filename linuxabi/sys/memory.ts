// Memory calls: mmap(2), munmap(2), mprotect(2), brk(2), msync(2), mincore(2). mremap(2) is in mremap.ts, locking in mlock.ts.

import { Errno } from "../../kernel/errno";
import { PAGE_SHIFT, PAGE_SIZE } from "../../kernel/mm/frame";
import { lockedBytesIn, mayLockMore, populate } from "../../kernel/mm/lock";
import { covered, mapRegion, pageUp, placeRegion, protectRegion, setBreak, unmapRegion } from "../../kernel/mm/map";
import { findSlot } from "../../kernel/mm/pagetable";
import { AddressSpace } from "../../kernel/mm/space";
import { copyOut, USER_END, userRange } from "../../kernel/mm/user";
import { Vma, VmaFlag } from "../../kernel/mm/vma";
import { findGapBetween, rangeFree, USER_START, vmaFrom } from "../../kernel/mm/vmatree";
import { Result } from "../../kernel/result";
import { capable, Capability } from "../../kernel/task/credentials";
import { isData, LimitKind, mayGrow, mayHaveData, softLimit, UNLIMITED } from "../../kernel/task/limits";
import { Thread } from "../../kernel/task/thread";
import { inodeRelease } from "../../kernel/vfs/entry";
import { sharedAnonymousEntry, sharedMemoryFile } from "../../kernel/fs/shm";
import { FileAccess } from "../../kernel/vfs/flags";
import { Entry, FileKind, Inode, MountFlag } from "../../kernel/vfs/inode";
import { isWriteSealed } from "../../kernel/vfs/seal";
import { MapFlag } from "../types/memory";
import { isNone, openFile } from "./descriptor";
import { mapHuge } from "./hugemap";
import { mayMapLocked } from "./mlock";

const PROT_ALL: u32 = 7;
/** PROT_WRITE and PROT_EXEC. */
const WRITE_EXECUTE: u32 = 6;
const PROT_GROWSDOWN: u32 = 0x0100_0000;
const PROT_GROWSUP: u32 = 0x0200_0000;
const PROT_GROWS: u32 = PROT_GROWSDOWN | PROT_GROWSUP;

/** Flags that MAP_SHARED_VALIDATE takes for any file (LEGACY_MAP_MASK of Linux); MAP_SYNC is for files on persistent memory, which are none. */
const VALIDATED: u32 = 0x7c07_f9f3;
/** Bits of personality(2). */
const READ_IMPLIES_EXEC: u32 = 0x0400000;

@inline
function spaceOf(t: Thread): AddressSpace {
  return t.process.space!;
}

/** PROT bits with those that the personality adds. */
@inline
function impliedProtection(t: Thread, prot: u32): u32 {
  return prot & 1 && t.process.personality & READ_IMPLIES_EXEC ? prot | 4 : prot;
}

/** What mmap(2) is asked for, as fileMapping and anonymousMapping find it: flags of the mapping, and what it maps. */
let access: u32 = 0;
let mapped: Inode | null = null;
let mappedEntry: Entry | null = null;

/** mmap(2). */
export function sysMmap(t: Thread, hint: u64, length: u64, prot: u32, flags: u32, fd: i32, offset: u64): Result {
  if (offset & (PAGE_SIZE - 1)) return -Errno.EINVAL;
  mapped = null;
  let r = flags & MapFlag.Anonymous ? anonymousMapping(t, length, prot, flags) : fileMapping(t, length, prot, flags, fd);
  if (r < 0) return r;
  const space = spaceOf(t);
  if ((access & WRITE_EXECUTE) == WRITE_EXECUTE && space.writeExecute != 0) return -Errno.EACCES;
  const isAnonymous = (flags & MapFlag.Anonymous) != 0 || mapped == null;
  if (isAnonymous && flags & MapFlag.HugeTlb) return mapHuge(t, hint, length, access, flags);
  const bytes = pageUp(length);
  if (bytes == 0 || bytes > USER_END) return -Errno.ENOMEM;
  if (offset + bytes < offset) return -Errno.EOVERFLOW;
  if (!mayGrow(t.process, space, bytes, access)) return -Errno.ENOMEM;
  r = choosePlace(t, hint, bytes, flags);
  if (r < 0) return r;
  const start = <u64>r;
  if ((flags & MapFlag.Locked) | space.futureLock) {
    r = mayMapLocked(t, bytes, (flags & MapFlag.Locked) != 0);
    if (r < 0) return r;
    access |= (flags & MapFlag.Locked ? VmaFlag.Locked : 0) | space.futureLock;
  }
  const populates = access & VmaFlag.Locked || (flags & (MapFlag.Populate | MapFlag.NonBlock)) == MapFlag.Populate;
  r =
    isAnonymous && access & VmaFlag.Shared
      ? mapSharedAnonymous(t, start, bytes, access)
      : mapRegion(space, start, bytes, access, mapped, offset >> PAGE_SHIFT, mappedEntry);
  if (r >= 0 && populates) populate(space, start, start + bytes);
  return r;
}

/** Checks a mapping of memory: 0 with `access` set, or -EINVAL. */
function anonymousMapping(t: Thread, length: u64, prot: u32, flags: u32): Result {
  const type = flags & MapFlag.Type;
  if (length == 0 || (type != MapFlag.Shared && type != MapFlag.Private)) return -Errno.EINVAL;
  access = (impliedProtection(t, prot) & PROT_ALL) | sharing(flags);
  mappedEntry = null;
  return 0;
}

/** Flags of a mapping that say nothing of what it maps. */
@inline
function sharing(flags: u32): u32 {
  const shared = (flags & MapFlag.Type) != MapFlag.Private;
  return (shared ? VmaFlag.Shared : 0) | (flags & MapFlag.GrowsDown ? VmaFlag.GrowsDown : 0);
}

/** Checks a mapping of a file: 0 with `access`, `mapped` and `mappedEntry` set, or an error. Of /dev/zero it is memory. */
function fileMapping(t: Thread, length: u64, prot: u32, flags: u32, fd: i32): Result {
  const type = flags & MapFlag.Type;
  const file = openFile(t, fd);
  if (isNone(file)) return -Errno.EBADF;
  if (length == 0 || flags & MapFlag.HugeTlb) return -Errno.EINVAL;
  if (type == 0 || type > <u32>MapFlag.SharedValidate) return -Errno.EINVAL;
  if (type == MapFlag.SharedValidate && flags & ~VALIDATED) return -Errno.EOPNOTSUPP;
  if (!(file.access & FileAccess.Read)) return -Errno.EACCES;
  const isShared = type != MapFlag.Private;
  const writes = isShared && (prot & 2) != 0;
  if (writes && !(file.access & FileAccess.Write)) return -Errno.EACCES;
  const mount = file.mount;
  const isData = mount != null && (mount.flags & MountFlag.NoExec) != 0;
  if (prot & 4 && isData) return -Errno.EPERM;
  if (!isData) prot = impliedProtection(t, prot);
  access = (prot & PROT_ALL) | sharing(flags) | (isData ? VmaFlag.DataFile : 0);
  if (file.kind == FileKind.Zero) {
    mappedEntry = null;
    return 0;
  }
  if (file.kind != FileKind.Regular) return -Errno.ENODEV;
  const inode = file.inode;
  const sealed = isWriteSealed(inode);
  if (writes && sealed) return -Errno.EPERM;
  if (isShared && (!(file.access & FileAccess.Write) || sealed)) access |= VmaFlag.ReadOnlyFile;
  mapped = inode;
  mappedEntry = file.entry;
  return 0;
}

/** Where a new mapping goes: an address, -EINVAL, -EPERM, -EEXIST or -ENOMEM. */
function choosePlace(t: Thread, hint: u64, bytes: u64, flags: u32): Result {
  const space = spaceOf(t);
  if (!(flags & (MapFlag.Fixed | MapFlag.FixedNoReplace))) {
    if (flags & MapFlag.Low) return placeBelow(space, bytes);
    return placeRegion(space, hint & ~(<u64>PAGE_SIZE - 1), bytes);
  }
  if (hint & (PAGE_SIZE - 1)) return -Errno.EINVAL;
  if (!userRange(hint, bytes)) return -Errno.ENOMEM;
  if (hint < USER_START && !capable(t.credentials, Capability.SysRawio)) return -Errno.EPERM;
  if (flags & MapFlag.FixedNoReplace && !rangeFree(space, hint, hint + bytes)) return -Errno.EEXIST;
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

/** munmap(2). */
export function sysMunmap(t: Thread, start: u64, length: u64): Result {
  const bytes = pageUp(length);
  if (start & (PAGE_SIZE - 1) || bytes == 0 || !userRange(start, bytes)) return -Errno.EINVAL;
  return unmapRegion(spaceOf(t), start, start + bytes);
}

/** mprotect(2). What lies before a mapping that cannot have the access changes all the same. */
export function sysMprotect(t: Thread, start: u64, length: u64, prot: u32): Result {
  if (start & (PAGE_SIZE - 1) || (prot & PROT_GROWS) == PROT_GROWS) return -Errno.EINVAL;
  if (length == 0) return 0;
  const bytes = pageUp(length);
  if (bytes == 0 || start + bytes < start) return -Errno.ENOMEM;
  if (prot & ~(PROT_ALL | PROT_GROWS)) return -Errno.EINVAL;
  const space = spaceOf(t);
  const end = start + bytes;
  const first = vmaFrom(space, start);
  if (!first || first.start >= end || (first.start > start && !(prot & PROT_GROWSDOWN))) return -Errno.ENOMEM;
  if (prot & PROT_GROWSUP || (prot & PROT_GROWSDOWN && !(first.flags & VmaFlag.GrowsDown))) return -Errno.EINVAL;
  if (prot & PROT_GROWSDOWN) start = first.start;
  const refused = refusedFrom(space, first, end, prot);
  if (refused <= start) return -Errno.EACCES;
  if (prot & 2 && !mayBecomeData(t, first, start, end)) return -Errno.ENOMEM;
  const r = protectRegion(space, start, refused, impliedProtection(t, prot) & PROT_ALL);
  return r < 0 || refused == end ? r : -Errno.EACCES;
}

/** Where the first mapping from `vma` on begins that may not have the access `prot`; `end` when there is none. */
function refusedFrom(space: AddressSpace, vma: Vma | null, end: u64, prot: u32): u64 {
  // Nothing that is no program becomes one, and no program can be written (PR_SET_MDWE).
  const denied = prot & 4 ? space.writeExecute != 0 : false;
  const barred = (prot & 2 ? VmaFlag.ReadOnlyFile : 0) | (prot & 4 ? VmaFlag.DataFile : 0);
  while (vma && vma.start < end) {
    if (vma.flags & barred || (denied && (prot & 2 || !(vma.flags & VmaFlag.Execute)))) return vma.start;
    vma = vma.next;
  }
  return end;
}

/** RLIMIT_DATA, when private mappings of [start, end), the first of them `vma`, become writable. */
function mayBecomeData(t: Thread, vma: Vma | null, start: u64, end: u64): bool {
  if (softLimit(t.process, LimitKind.Data) == UNLIMITED) return true;
  let bytes: u64 = 0;
  while (vma && vma.start < end) {
    if (!isData(vma.flags) && isData(vma.flags | VmaFlag.Write)) bytes += min(vma.end, end) - max(vma.start, start);
    vma = vma.next;
  }
  return bytes == 0 || mayHaveData(t.process, spaceOf(t), bytes);
}

/** brk(2): Linux returns the present break when it cannot move. */
export function sysBrk(t: Thread, end: u64): Result {
  const space = spaceOf(t);
  const old = space.brk;
  if (end == 0) return old;
  const access = impliedProtection(t, 3) | space.futureLock;
  const more = end > old ? pageUp(end) - pageUp(old) : 0;
  if (more != 0 && (!mayGrow(t.process, space, more, access) || (space.futureLock != 0 && !mayLockMore(t, space, more)))) return old;
  const r = setBreak(space, end, softLimit(t.process, LimitKind.Data), access);
  if (more != 0 && space.futureLock != 0 && r == end) populate(space, pageUp(old), pageUp(end));
  return r;
}

const MS_ASYNC: u32 = 1;
const MS_INVALIDATE: u32 = 2;
const MS_SYNC: u32 = 4;

/** msync(2): files are memory here, so there is nothing to write back. */
export function sysMsync(t: Thread, start: u64, length: u64, flags: u32): Result {
  if (flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC) || start & (PAGE_SIZE - 1)) return -Errno.EINVAL;
  if ((flags & (MS_ASYNC | MS_SYNC)) == (MS_ASYNC | MS_SYNC)) return -Errno.EINVAL;
  const bytes = pageUp(length);
  const end = start + bytes;
  if (end < start) return -Errno.ENOMEM;
  const space = spaceOf(t);
  if (flags & MS_INVALIDATE && lockedBytesIn(space, start, end) != 0) return -Errno.EBUSY;
  return covered(space, start, end) ? 0 : -Errno.ENOMEM;
}

const flagsByPage = memory.data(4096, 16);

/** mincore(2). */
export function sysMincore(t: Thread, start: u64, length: u64, vector: u64): Result {
  if (start & (PAGE_SIZE - 1)) return -Errno.EINVAL;
  const space = spaceOf(t);
  const bytes = pageUp(length);
  if ((length != 0 && bytes == 0) || !userRange(start, max<u64>(bytes, 1)) || !covered(space, start, start + bytes)) return -Errno.ENOMEM;
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
