// Room in regular files, beside reading and writing: pages made ahead of writing, and holes made of ranges. See fallocate(2).

import { physicalWrite } from "../../shim/isa";
import { Errno } from "../errno";
import { FILE_SIZE_MAX, fileHole, filePage, filePageForWrite } from "../fs/pages";
import { scratchPage } from "../lib/scratch";
import { PAGE_SHIFT, PAGE_SIZE } from "../mm/frame";
import { Result } from "../result";
import { Inode } from "./inode";
import { isWriteSealed } from "./seal";

/** Gives every hole of [from, to) a page: 0, -ENOSPC or -ENOMEM. */
export function fileReserve(inode: Inode, from: u64, to: u64): Result {
  for (let page = from >> PAGE_SHIFT; page << PAGE_SHIFT < to; page++) {
    const r = filePageForWrite(inode, <u32>page);
    if (r < 0) return r;
  }
  return 0;
}

/** Makes bytes [from, to) of one page zeros, a hole staying a hole: 0, -ENOSPC or -ENOMEM. */
function zeroWithin(inode: Inode, from: u64, to: u64): Result {
  if (from >= to || filePage(inode, <u32>(from >> PAGE_SHIFT)) == 0) return 0;
  const frame = filePageForWrite(inode, <u32>(from >> PAGE_SHIFT));
  if (frame < 0) return frame;
  const bytes = <u32>(to - from);
  memory.fill(scratchPage, 0, bytes);
  physicalWrite(((<u64>frame) << PAGE_SHIFT) + (from & (PAGE_SIZE - 1)), scratchPage, bytes);
  return 0;
}

/**
 * Makes bytes [from, to) a hole, and gives the memory of whole pages back; of the others the bytes become zeros: 0, -EPERM (a seal); -ENOSPC or
 * -ENOMEM when a page of the lower inode's cannot be copied.
 */
export function filePunch(inode: Inode, from: u64, to: u64): Result {
  if (isWriteSealed(inode)) return -Errno.EPERM;
  // The last page may lie partly behind the end of the file, where there is nothing to keep.
  if (to >= inode.size) to = max(to, (inode.size + PAGE_SIZE - 1) & ~(<u64>PAGE_SIZE - 1));
  to = min(to, FILE_SIZE_MAX);
  if (from >= to) return 0;
  const firstWhole = (from + PAGE_SIZE - 1) & ~(<u64>PAGE_SIZE - 1);
  // A range up to the largest file would read as truncation in kernel/mm/space.ts: of that last page, too, only the bytes go.
  const lastWhole = min(to & ~(<u64>PAGE_SIZE - 1), FILE_SIZE_MAX - PAGE_SIZE);
  if (firstWhole > lastWhole) return zeroWithin(inode, from, to);
  let r = zeroWithin(inode, from, firstWhole);
  if (r >= 0) r = zeroWithin(inode, lastWhole, to);
  if (r < 0 || firstWhole == lastWhole) return r;
  return fileHole(inode, <u32>(firstWhole >> PAGE_SHIFT), <u32>(lastWhole >> PAGE_SHIFT));
}
