// Copying between files inside the kernel, for sendfile(2) and copy_file_range(2): a page at a time through one scratch page, so that frames above
// the linear window need no mapping.

import { physicalWrite } from "../../shim/isa";
import { Errno } from "../errno";
import { filePageForWrite } from "../fs/pages";
import { scratchPage } from "../lib/scratch";
import { PAGE_SHIFT, PAGE_SIZE } from "../mm/frame";
import { socketWriteKernel } from "../net/transfer";
import { Result } from "../result";
import { OpenFlag } from "./flags";
import { File, FileKind, Inode } from "./inode";
import { pipeOf, PipePeer, pipeWrite } from "./pipe";
import { inodeRead, touchModified, writeAllowance } from "./regular";
import { sealedAllowance, SEALS_OF_WRITES } from "./seal";

/** Writes `count` > 0 bytes at linear address `p` to position `position` of a regular file: bytes written; the error when there are none. */
export function inodeWrite(inode: Inode, position: u64, p: usize, count: u32): Result {
  let r = writeAllowance(position, count);
  if (r < 0) return r;
  count = <u32>r;
  if ((inode.flags & SEALS_OF_WRITES) != 0) {
    r = sealedAllowance(inode, position, count);
    if (r < 0) return r;
    count = <u32>r;
  }
  let done: u32 = 0;
  while (done < count) {
    const offset = (<u32>position) & (PAGE_SIZE - 1);
    const bytes = min(PAGE_SIZE - offset, count - done);
    r = filePageForWrite(inode, <u32>(position >> PAGE_SHIFT));
    if (r < 0) break;
    physicalWrite(((<u64>r) << PAGE_SHIFT) + offset, p + done, bytes);
    done += bytes;
    position += bytes;
    if (position > inode.size) inode.size = position;
  }
  if (done == 0) return r;
  touchModified(inode);
  return done;
}

/** True when fileTake works for the kind. */
@inline
export function canTake(file: File): bool {
  return file.kind == FileKind.Regular || file.kind == FileKind.Pipe || file.kind == FileKind.Socket || file.kind == FileKind.Null;
}

/** Writes bytes at linear address `p` to an open file as fileTryWrite would: the bytes taken, -EAGAIN, -EPIPE, -EFBIG ... */
export function fileTake(file: File, p: usize, count: u32): Result {
  switch (file.kind) {
    case FileKind.Regular: {
      const position = (file.flags & OpenFlag.Append) != 0 ? file.inode.size : file.position;
      const r = inodeWrite(file.inode, position, p, count);
      if (r > 0) file.position = position + r;
      return r;
    }
    case FileKind.Pipe:
      return pipeWrite(pipeOf(file), PipePeer.Kernel, p, count);
    case FileKind.Socket:
      return socketWriteKernel(file, p, count);
    case FileKind.Null:
      return count;
    default:
      return -Errno.EINVAL;
  }
}

/**
 * Copies up to `count` bytes of a regular file from `position` on to an open file, as far as it goes without waiting. Returns the bytes copied, 0
 * at the end of the source; the target's error when there are none.
 */
export function copyToFile(from: Inode, position: u64, to: File, count: u32): Result {
  let done: u32 = 0;
  while (done < count) {
    // Whole pages of the source, so that a pipe gets whole pages too.
    const bytes = inodeRead(from, position, scratchPage, min(count - done, PAGE_SIZE - ((<u32>position) & (PAGE_SIZE - 1))));
    if (bytes == 0) break;
    const r = fileTake(to, scratchPage, bytes);
    if (r < 0) return done != 0 ? done : r;
    done += <u32>r;
    position += r;
    if (<u32>r < bytes) break;
  }
  return done;
}

/** Copies up to `count` bytes between regular files: the bytes copied, 0 at the end of the source; the error when there are none. */
export function copyBetween(from: Inode, fromPosition: u64, to: Inode, toPosition: u64, count: u32): Result {
  let done: u32 = 0;
  while (done < count) {
    const bytes = inodeRead(from, fromPosition + done, scratchPage, min(count - done, PAGE_SIZE));
    if (bytes == 0) break;
    const r = inodeWrite(to, toPosition + done, scratchPage, bytes);
    if (r < 0) return done != 0 ? done : r;
    done += <u32>r;
    if (<u32>r < bytes) break;
  }
  return done;
}
