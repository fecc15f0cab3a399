// cachestat(2): how much of a file is in memory. Files are memory here, so it counts the pages there are; none waits to be written back.

import { Errno } from "../../kernel/errno";
import { fileNextPage } from "../../kernel/fs/pages";
import { PAGE_SHIFT } from "../../kernel/mm/frame";
import { copyIn, copyOut } from "../../kernel/mm/user";
import { Result } from "../../kernel/result";
import { Thread } from "../../kernel/task/thread";
import { FileKind, Inode } from "../../kernel/vfs/inode";
import { isNone, openFile } from "./descriptor";

const range = memory.data(16, 8);
/** struct cachestat: pages in the cache, dirty, being written, evicted, evicted lately. */
const STATUS_BYTES: u32 = 40;
const status = memory.data(40, 8);

export function sysCachestat(t: Thread, fd: i32, rangeAt: u64, statusAt: u64, flags: u32): Result {
  const file = openFile(t, fd);
  if (isNone(file)) return -Errno.EBADF;
  const r = copyIn(range, rangeAt, 16);
  if (r < 0) return r;
  if (flags != 0) return -Errno.EINVAL;
  const offset = load<u64>(range);
  const bytes = load<u64>(range, 8);
  const first = offset >> PAGE_SHIFT;
  const last = bytes == 0 ? u64.MAX_VALUE : (offset + bytes - 1) >> PAGE_SHIFT;
  memory.fill(status, 0, STATUS_BYTES);
  if (file.kind == FileKind.Regular) store<u64>(status, pagesBetween(file.inode, first, last));
  return copyOut(statusAt, status, STATUS_BYTES);
}

/** Pages of the file that are there, from index `first` to `last`. */
function pagesBetween(inode: Inode, first: u64, last: u64): u64 {
  let count: u64 = 0;
  while (first <= min<u64>(last, u32.MAX_VALUE)) {
    const page = fileNextPage(inode, <u32>first);
    if (page == u64.MAX_VALUE || page > last) break;
    count++;
    first = page + 1;
  }
  return count;
}
