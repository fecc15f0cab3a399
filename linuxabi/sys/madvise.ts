// madvise(2), mseal(2) and remap_file_pages(2): what a program says about ranges of its memory.

import { Errno } from "../../kernel/errno";
import { unsupported } from "../../kernel/container/missing";
import { Access, handleFaultOrKill } from "../../kernel/mm/fault";
import { PAGE_SHIFT, PAGE_SIZE } from "../../kernel/mm/frame";
import { populate } from "../../kernel/mm/lock";
import { covered, Guard, mapRegion, markRegion, pageUp } from "../../kernel/mm/map";
import { AddressSpace, disownPages, unmapPages } from "../../kernel/mm/space";
import { USER_END } from "../../kernel/mm/user";
import { Vma, VmaFlag } from "../../kernel/mm/vma";
import { vmaFind, vmaFrom } from "../../kernel/mm/vmatree";
import { Result } from "../../kernel/result";
import { Thread } from "../../kernel/task/thread";
import { filePunch } from "../../kernel/vfs/allocate";
import { touchModified } from "../../kernel/vfs/regular";
import { mayAdviseHuge } from "./hugemap";
import { Advice } from "../types/memory";

/** True for advice that Linux knows. */
function isAdvice(advice: u32): bool {
  return advice <= <u32>Advice.DontNeed || (advice >= <u32>Advice.Free && advice <= <u32>Advice.DontNeedLocked);
}

/**
 * madvise(2). Advice about reading ahead, dumps, huge and equal pages changes nothing here. Lacks: MADV_COLLAPSE (EINVAL, as without
 * CONFIG_TRANSPARENT_HUGEPAGE), MADV_HWPOISON and MADV_SOFT_OFFLINE (without CONFIG_MEMORY_FAILURE), MADV_GUARD_INSTALL (before Linux 6.13).
 */
export function sysMadvise(t: Thread, start: u64, length: u64, advice: u32): Result {
  return advisePages(t, t.process.space!, start, length, advice);
}

/**
 * Advises about [start, start + length) of `space`: 0, -EINVAL, -EPERM, -ENOMEM for a hole, -EAGAIN for too many mappings, what the advice says,
 * or BLOCKED.
 */
export function advisePages(t: Thread, space: AddressSpace, start: u64, length: u64, advice: u32): Result {
  if (!isAdvice(advice)) return unsupported(t, "advice", advice, -Errno.EINVAL);
  if (start & (PAGE_SIZE - 1)) return -Errno.EINVAL;
  const bytes = pageUp(length);
  if (length != 0 && bytes == 0) return -Errno.EINVAL;
  if (start + bytes < start) return -Errno.EINVAL;
  if (bytes == 0) return 0;
  const end = start + bytes;
  const flag = flagOf(advice);
  let vma = vmaFrom(space, start);
  while (vma && vma.start < end) {
    if (isSealedFrom(vma, advice)) return -Errno.EPERM;
    const r = flag != 0 ? mayFlag(vma, advice) : advise(space, vma, max(start, vma.start), min(end, vma.end), advice);
    if (r < 0) return r;
    vma = vma.next;
  }
  if (flag == 0) return covered(space, start, end) ? 0 : -Errno.ENOMEM;
  const on = advice == Advice.DontFork || advice == Advice.WipeOnFork;
  const r = markRegion(space, start, end, flag, on ? flag : 0);
  return r == -Errno.ENOMEM && covered(space, start, end) ? -Errno.EAGAIN : r; // too many mappings
}

/** The flag of a mapping that the advice sets or clears, or 0. */
function flagOf(advice: u32): u32 {
  if (advice == Advice.DontFork || advice == Advice.DoFork) return VmaFlag.DontFork;
  return advice == Advice.WipeOnFork || advice == Advice.KeepOnFork ? VmaFlag.WipeOnFork : 0;
}

function mayFlag(vma: Vma, advice: u32): Result {
  return advice == Advice.WipeOnFork && (vma.inode != null || vma.flags & VmaFlag.Shared) ? -Errno.EINVAL : 0;
}

/** mseal(2): what is sealed and cannot be written must not lose its content by advice either. */
function isSealedFrom(vma: Vma, advice: u32): bool {
  if (!(vma.flags & VmaFlag.Sealed) || vma.flags & (VmaFlag.Write | VmaFlag.Shared)) return false;
  switch (advice) {
    case Advice.DontNeed:
    case Advice.DontNeedLocked:
    case Advice.Free:
    case Advice.Remove:
    case Advice.DontFork:
    case Advice.WipeOnFork:
      return true;
    default:
      return false;
  }
}

function advise(space: AddressSpace, vma: Vma, from: u64, to: u64, advice: u32): Result {
  if (vma.flags & VmaFlag.Huge && !mayAdviseHuge(vma, from, advice)) return -Errno.EINVAL;
  switch (advice) {
    case Advice.DontNeed:
      if (vma.flags & VmaFlag.Locked) return -Errno.EINVAL;
      unmapPages(space, from, to);
      return 0;
    case Advice.DontNeedLocked:
      unmapPages(space, from, to);
      return 0;
    case Advice.Free:
      if (vma.inode || vma.flags & VmaFlag.Locked) return -Errno.EINVAL;
      disownPages(space, from, to);
      return 0;
    case Advice.Remove:
      return removePages(vma, from, to);
    case Advice.Cold:
    case Advice.PageOut:
      return vma.flags & VmaFlag.Locked ? -Errno.EINVAL : 0;
    case Advice.PopulateRead:
    case Advice.PopulateWrite:
      for (let at = from; at < to; at += PAGE_SIZE) {
        const r = handleFaultOrKill(space, at, advice == Advice.PopulateWrite ? Access.Write : Access.Read);
        if (r < 0) return r == -Errno.EACCES ? -Errno.EINVAL : r == -Errno.ENXIO ? -Errno.EFAULT : r;
      }
      return 0;
  }
  return 0;
}

/** MADV_REMOVE: a hole in the file behind a shared mapping. */
function removePages(vma: Vma, from: u64, to: u64): Result {
  const inode = vma.inode;
  if (vma.flags & VmaFlag.Locked || !inode) return -Errno.EINVAL;
  if (!(vma.flags & VmaFlag.Shared) || vma.flags & VmaFlag.ReadOnlyFile) return -Errno.EACCES;
  const offset = (vma.pageOffset << PAGE_SHIFT) + (from - vma.start);
  const r = filePunch(inode, offset, offset + (to - from));
  if (r >= 0) touchModified(inode);
  return r;
}

/** mseal(2): the mappings stay as they are until the process ends or executes a program. */
export function sysMseal(t: Thread, start: u64, length: u64, flags: u64): Result {
  if (flags != 0 || start & (PAGE_SIZE - 1)) return -Errno.EINVAL;
  const bytes = pageUp(length);
  if ((length != 0 && bytes == 0) || start + bytes < start) return -Errno.EINVAL;
  if (bytes == 0) return 0;
  const space = t.process.space!;
  if (!covered(space, start, start + bytes)) return -Errno.ENOMEM;
  const r = markRegion(space, start, start + bytes, VmaFlag.Sealed, VmaFlag.Sealed);
  if (r >= 0) space.guards |= <u8>Guard.Sealed;
  return r;
}

/** remap_file_pages(2), as Linux carries it out since 4.0: the range becomes a mapping of its own of another part of the file. */
export function sysRemapFilePages(t: Thread, start: u64, length: u64, prot: u64, page: u64, _flags: u64): Result {
  const from = start & ~(<u64>PAGE_SIZE - 1);
  const bytes = length & ~(<u64>PAGE_SIZE - 1);
  if (prot != 0 || from + bytes <= from || from + bytes > USER_END || page + (bytes >> PAGE_SHIFT) < page) return -Errno.EINVAL;
  const space = t.process.space!;
  const vma = vmaFind(space, from);
  const inode = vma ? vma.inode : null;
  if (!vma || !inode || !(vma.flags & VmaFlag.Shared)) return -Errno.EINVAL;
  for (let next = vma; next.end < from + bytes; next = next.next!) {
    const after = next.next;
    if (!after || after.start != next.end || after.inode != inode || after.flags != vma.flags) return -Errno.EINVAL;
  }
  const r = mapRegion(space, from, bytes, vma.flags, inode, page, vma.entry);
  if (r >= 0 && vma.flags & VmaFlag.Locked) populate(space, from, from + bytes);
  return r < 0 ? r : 0;
}
