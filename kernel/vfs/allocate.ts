// Room in regular files, beside reading and writing: pages made ahead of writing, and ranges turned into zeros. See fallocate(2).

import { physicalZeroPage } from "../../shim/isa";
import { Errno } from "../errno";
import { fileNextPage, filePageForWrite } from "../fs/pages";
import { scratchPage } from "../lib/scratch";
import { PAGE_SHIFT, PAGE_SIZE } from "../mm/frame";
import { Result } from "../result";
import { inodeWrite } from "./copy";
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

/** Makes bytes [from, to) zeros as far as the file goes, holes staying holes: 0, -EPERM (a seal), -ENOSPC or -ENOMEM. */
export function filePunch(inode: Inode, from: u64, to: u64): Result {
  if (isWriteSealed(inode)) return -Errno.EPERM;
  to = min(to, inode.size);
  while (from < to) {
    const page = fileNextPage(inode, <u32>(from >> PAGE_SHIFT));
    if (page == u64.MAX_VALUE) return 0;
    from = max(from, page << PAGE_SHIFT);
    if (from >= to) return 0;
    const bytes = <u32>min<u64>(PAGE_SIZE - ((<u32>from) & (PAGE_SIZE - 1)), to - from);
    const r = filePageForWrite(inode, <u32>page);
    if (r < 0) return r;
    if (bytes == PAGE_SIZE) physicalZeroPage((<u64>r) << PAGE_SHIFT);
    else {
      memory.fill(scratchPage, 0, bytes);
      const written = inodeWrite(inode, from, scratchPage, bytes);
      if (written < 0) return written;
    }
    from += bytes;
  }
  return 0;
}
