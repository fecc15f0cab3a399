// mmap(2) with MAP_HUGETLB, and what mremap(2) and madvise(2) say to such mappings (kernel/mm/huge.ts). There are no huge pages, so that what
// would reserve some fails; MAP_NORESERVE does not, and gets SIGBUS when it is touched.

import { Errno } from "../../kernel/errno";
import { GIANT_BYTES, HUGE_BYTES, hugeBytes, hugeMap } from "../../kernel/mm/huge";
import { PAGE_SIZE } from "../../kernel/mm/frame";
import { placeRegion } from "../../kernel/mm/map";
import { AddressSpace } from "../../kernel/mm/space";
import { USER_END } from "../../kernel/mm/user";
import { Vma, VmaFlag } from "../../kernel/mm/vma";
import { placeFree, rangeFree } from "../../kernel/mm/vmatree";
import { Result } from "../../kernel/result";
import { mayGrow } from "../../kernel/task/limits";
import { Thread } from "../../kernel/task/thread";
import { Advice, MapFlag } from "../types/memory";

/** The size of pages is asked for by its logarithm, 0 for the usual one. */
const HUGE_SHIFT: u32 = 26;

@inline
function roundUp(value: u64, unit: u64): u64 {
  return (value + unit - 1) & ~(unit - 1);
}

/** mmap(2) of anonymous huge pages with the flags `access` of a mapping: an address; -EINVAL, -ENOMEM, -EEXIST, -EPERM. */
export function mapHuge(t: Thread, hint: u64, length: u64, access: u32, flags: u32): Result {
  const shift = flags >> HUGE_SHIFT;
  if (shift != 0 && shift != 21 && shift != 30) return -Errno.EINVAL;
  const unit = shift == 30 ? GIANT_BYTES : HUGE_BYTES;
  const bytes = roundUp(length, unit);
  const space = t.process.space!;
  if (bytes == 0 || bytes > USER_END || !mayGrow(t.process, space, bytes, access)) return -Errno.ENOMEM;
  const start = hugePlace(space, hint, bytes, unit, flags);
  if (start < 0) return start;
  if (!(flags & MapFlag.NoReserve)) return -Errno.ENOMEM;
  return hugeMap(space, <u64>start, bytes, access | VmaFlag.Huge | (unit == GIANT_BYTES ? VmaFlag.Giant : 0));
}

function hugePlace(space: AddressSpace, hint: u64, bytes: u64, unit: u64, flags: u32): Result {
  if (flags & (MapFlag.Fixed | MapFlag.FixedNoReplace)) {
    if (hint & (unit - 1)) return -Errno.EINVAL;
    if (hint > USER_END - bytes) return -Errno.ENOMEM;
    return flags & MapFlag.FixedNoReplace && !rangeFree(space, hint, hint + bytes) ? -Errno.EEXIST : hint;
  }
  const wanted = roundUp(hint, unit);
  if (wanted != 0 && wanted <= USER_END - bytes && placeFree(space, wanted, wanted + bytes)) return wanted;
  const gap = placeRegion(space, 0, bytes + unit - PAGE_SIZE);
  return gap < 0 ? gap : <Result>roundUp(<u64>gap, unit);
}

/** Whether mremap(2) may do this to huge pages: they do not grow. 0 or -EINVAL; sizes are rounded up to them by hugeRound. */
export function mayRemapHuge(vma: Vma, old: u64, oldBytes: u64, newBytes: u64, target: u64): Result {
  const unit = hugeBytes(vma);
  return (old | target) & (unit - 1) || roundUp(newBytes, unit) > roundUp(oldBytes, unit) ? -Errno.EINVAL : 0;
}

/** Whether advice may be given about [from, to) of the mapping: not from within a huge page, and none that is about single pages. */
export function mayAdviseHuge(vma: Vma, from: u64, advice: u32): bool {
  const discards = advice == Advice.DontNeed || advice == Advice.DontNeedLocked;
  if (advice == Advice.Cold || advice == Advice.PageOut) return false;
  return !discards || (from & (hugeBytes(vma) - 1)) == 0;
}

/** `bytes` as whole pages of the mapping. */
@inline
export function hugeRound(vma: Vma, bytes: u64): u64 {
  return vma.flags & VmaFlag.Huge ? roundUp(bytes, hugeBytes(vma)) : bytes;
}
