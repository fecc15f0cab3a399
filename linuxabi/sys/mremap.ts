// mremap(2): a mapping grows, shrinks or moves, and its pages with it.

import { Errno } from "../../kernel/errno";
import { PAGE_SIZE } from "../../kernel/mm/frame";
import { lockRegion, mayLockMore, populate } from "../../kernel/mm/lock";
import { growRegion, isSealed, moveRegion, pageUp, unmapRegion } from "../../kernel/mm/map";
import { USER_END, userRange } from "../../kernel/mm/user";
import { Vma, VmaFlag } from "../../kernel/mm/vma";
import { findGap, USER_START, vmaFind } from "../../kernel/mm/vmatree";
import { Result } from "../../kernel/result";
import { capable, Capability } from "../../kernel/task/credentials";
import { mayGrow } from "../../kernel/task/limits";
import { Thread } from "../../kernel/task/thread";
import { hugeRound, mayRemapHuge } from "./hugemap";

const enum Remap {
  MREMAP_MAYMOVE = 1,
  MREMAP_FIXED = 2,
  MREMAP_DONTUNMAP = 4,
  /** The mapping leaves its place in any case. */
  Leaves = 6,
  All = 7,
}

export function sysMremap(t: Thread, old: u64, oldLength: u64, newLength: u64, flags: u32, target: u64): Result {
  let oldBytes = pageUp(oldLength);
  let newBytes = pageUp(newLength);
  let r = checkArguments(old, oldBytes, newBytes, flags, target);
  if (r < 0) return r;
  const space = t.process.space!;
  const vma = vmaFind(space, old);
  if (!vma) return -Errno.EFAULT;
  if (vma.flags & VmaFlag.Huge) {
    r = mayRemapHuge(vma, old, oldBytes, newBytes, flags & Remap.MREMAP_FIXED ? target : 0);
    oldBytes = hugeRound(vma, oldBytes);
    newBytes = hugeRound(vma, newBytes);
  }
  if (r >= 0) r = checkMapping(vma, old, oldBytes, flags);
  if (r < 0) return r;
  if (!(flags & Remap.Leaves) && newBytes <= oldBytes) {
    r = newBytes == oldBytes ? 0 : unmapRegion(space, old + newBytes, old + oldBytes);
    return r < 0 ? r : <Result>old;
  }
  const more = flags & Remap.MREMAP_DONTUNMAP ? newBytes : newBytes > oldBytes ? newBytes - oldBytes : 0;
  r = more != 0 ? mayTake(t, vma, more, flags) : 0;
  return r < 0 ? r : remap(t, vma, old, oldBytes, newBytes, flags, target);
}

/** What can be said before the mapping is known: 0 or -EINVAL. */
function checkArguments(old: u64, oldBytes: u64, newBytes: u64, flags: u32, target: u64): Result {
  if (flags & ~(<u32>Remap.All) || old & (PAGE_SIZE - 1) || newBytes == 0 || newBytes > USER_END) return -Errno.EINVAL;
  if (!(flags & Remap.Leaves)) return 0;
  if (!(flags & Remap.MREMAP_MAYMOVE) || (flags & Remap.MREMAP_DONTUNMAP && oldBytes != newBytes)) return -Errno.EINVAL;
  if (!(flags & Remap.MREMAP_FIXED)) return 0;
  if (target & (PAGE_SIZE - 1) || !userRange(target, newBytes)) return -Errno.EINVAL;
  return target < old + oldBytes && old < target + newBytes ? -Errno.EINVAL : 0;
}

/** 0; -EPERM: it is sealed; -EFAULT: it ends before `oldBytes`; -EINVAL: not this kind of mapping. */
function checkMapping(vma: Vma, old: u64, oldBytes: u64, flags: u32): Result {
  if (isSealed(vma.space, old, old + oldBytes)) return -Errno.EPERM;
  if (oldBytes == 0 && !(vma.flags & VmaFlag.Shared)) return -Errno.EINVAL;
  if (flags & Remap.MREMAP_DONTUNMAP && vma.flags & VmaFlag.Vdso) return -Errno.EINVAL;
  return oldBytes > vma.end - old ? -Errno.EFAULT : 0;
}

/** May there be `more` bytes of the mapping? -EFAULT, -EAGAIN (RLIMIT_MEMLOCK), -ENOMEM. */
function mayTake(t: Thread, vma: Vma, more: u64, flags: u32): Result {
  if (vma.flags & VmaFlag.Vdso) return -Errno.EFAULT;
  const locks = (vma.flags & VmaFlag.Locked) != 0 && !(flags & Remap.MREMAP_DONTUNMAP);
  if (locks && !mayLockMore(t, vma.space, more)) return -Errno.EAGAIN;
  return mayGrow(t.process, vma.space, more, vma.flags) ? 0 : -Errno.ENOMEM;
}

/** Lets the mapping grow where it is, or moves it: its address, -ENOMEM or -EPERM. */
function remap(t: Thread, vma: Vma, old: u64, oldBytes: u64, newBytes: u64, flags: u32, target: u64): Result {
  const space = vma.space;
  const isLocked = (vma.flags & VmaFlag.Locked) != 0;
  const isFixed = (flags & Remap.MREMAP_FIXED) != 0;
  let r: Result = old;
  if (flags & Remap.Leaves || old + oldBytes != vma.end || !growRegion(space, vma, newBytes - oldBytes)) {
    if (!(flags & Remap.MREMAP_MAYMOVE)) return -Errno.ENOMEM;
    if (isFixed && target < USER_START && !capable(t.credentials, Capability.SysRawio)) return -Errno.EPERM;
    const to = isFixed ? target : findGap(space, newBytes);
    if (to == 0 && !isFixed) return -Errno.ENOMEM;
    r = moveRegion(space, vma, old, oldBytes, to, newBytes, (flags & Remap.MREMAP_DONTUNMAP) != 0 || oldBytes == 0);
  }
  if (r < 0 || !isLocked) return r;
  // What MREMAP_DONTUNMAP leaves behind is not locked any more.
  if (flags & Remap.MREMAP_DONTUNMAP) lockRegion(space, old, old + oldBytes, 0);
  else if (newBytes > oldBytes) populate(space, <u64>r + oldBytes, <u64>r + newBytes);
  return r;
}
