// read, write and their relatives: pread64, readv, preadv, preadv2 ..., lseek. See read(2), pread(2), readv(2), lseek(2).

import { Errno } from "../../kernel/errno";
import { unsupported } from "../../kernel/container/missing";
import { fileNextPage, FILE_SIZE_MAX } from "../../kernel/fs/pages";
import { PAGE_SHIFT } from "../../kernel/mm/frame";
import { userRange } from "../../kernel/mm/user";
import { Result } from "../../kernel/result";
import { Thread } from "../../kernel/task/thread";
import { FileAccess, OpenFlag } from "../../kernel/vfs/flags";
import { File, FileKind, Inode } from "../../kernel/vfs/inode";
import { fileRead, fileReadAt, fileWrite, fileWriteAt, isSeekable, TRANSFER_MAX } from "../../kernel/vfs/transfer";
import { vectorRead, vectorWrite } from "../../kernel/vfs/vector";
import { Seek, TransferFlag } from "../types/fcntl";
import { fileWith, isNone, openFile } from "./descriptor";
import { vectorDone, vectorIn, vectorPieces, vectorTotal } from "./vector";

export function sysRead(t: Thread, fd: i32, buffer: u64, count: u64): Result {
  const file = fileWith(t, fd, FileAccess.Read);
  if (isNone(file)) return -Errno.EBADF;
  if (!userRange(buffer, count)) return -Errno.EFAULT;
  return fileRead(file, buffer, <u32>min<u64>(count, TRANSFER_MAX));
}

export function sysWrite(t: Thread, fd: i32, buffer: u64, count: u64): Result {
  const file = fileWith(t, fd, FileAccess.Write);
  if (isNone(file)) return -Errno.EBADF;
  if (!userRange(buffer, count)) return -Errno.EFAULT;
  return fileWrite(file, buffer, <u32>min<u64>(count, TRANSFER_MAX));
}

/** What pread and pwrite check before they look at the buffer: 0 or an error. */
function checkPositional(t: Thread, fd: i32, position: i64, access: u32): Result {
  if (position < 0) return -Errno.EINVAL;
  const file = openFile(t, fd);
  if (isNone(file)) return -Errno.EBADF;
  if (!isSeekable(file)) return -Errno.ESPIPE;
  return (file.access & access) != 0 ? 0 : -Errno.EBADF;
}

export function sysPread64(t: Thread, fd: i32, buffer: u64, count: u64, position: i64): Result {
  const r = checkPositional(t, fd, position, FileAccess.Read);
  if (r < 0) return r;
  if (!userRange(buffer, count)) return -Errno.EFAULT;
  return fileReadAt(openFile(t, fd), buffer, <u32>min<u64>(count, TRANSFER_MAX), position);
}

export function sysPwrite64(t: Thread, fd: i32, buffer: u64, count: u64, position: i64): Result {
  const r = checkPositional(t, fd, position, FileAccess.Write);
  if (r < 0) return r;
  if (!userRange(buffer, count)) return -Errno.EFAULT;
  return fileWriteAt(openFile(t, fd), buffer, <u32>min<u64>(count, TRANSFER_MAX), position);
}

export function sysReadv(t: Thread, fd: i32, vector: u64, count: u64): Result {
  const file = fileWith(t, fd, FileAccess.Read);
  if (isNone(file)) return -Errno.EBADF;
  let r = vectorIn(vector, count);
  if (r >= 0) r = vectorRead(file, vectorPieces(), <u32>count);
  vectorDone();
  return r;
}

export function sysWritev(t: Thread, fd: i32, vector: u64, count: u64): Result {
  const file = fileWith(t, fd, FileAccess.Write);
  if (isNone(file)) return -Errno.EBADF;
  let r = vectorIn(vector, count);
  if (r >= 0) r = vectorWrite(file, vectorPieces(), <u32>count, vectorTotal());
  vectorDone();
  return r;
}

export function sysPreadv(t: Thread, fd: i32, vector: u64, count: u64, position: i64): Result {
  return vectorAt(t, fd, vector, count, position, FileAccess.Read);
}

export function sysPwritev(t: Thread, fd: i32, vector: u64, count: u64, position: i64): Result {
  return vectorAt(t, fd, vector, count, position, FileAccess.Write);
}

function vectorAt(t: Thread, fd: i32, vector: u64, count: u64, position: i64, access: u32): Result {
  let r = checkPositional(t, fd, position, access);
  if (r < 0) return r;
  const file = openFile(t, fd);
  r = vectorIn(vector, count);
  if (r >= 0) {
    const before = file.position;
    file.position = position;
    if (access == FileAccess.Read) r = vectorRead(file, vectorPieces(), <u32>count);
    else r = vectorWrite(file, vectorPieces(), <u32>count, vectorTotal());
    file.position = before;
  }
  vectorDone();
  return r;
}

/** preadv2(2). Lacks: RWF_NOSIGNAL (EOPNOTSUPP, as before Linux 6.18). */
export function sysPreadv2(t: Thread, fd: i32, vector: u64, count: u64, position: i64, flags: u32): Result {
  return vectorWithFlags(t, fd, vector, count, position, flags, FileAccess.Read);
}

/** pwritev2(2). Lacks: RWF_NOSIGNAL (EOPNOTSUPP, as before Linux 6.18). */
export function sysPwritev2(t: Thread, fd: i32, vector: u64, count: u64, position: i64, flags: u32): Result {
  return vectorWithFlags(t, fd, vector, count, position, flags, FileAccess.Write);
}

/**
 * Position -1 means the file's own. RWF_NOWAIT and RWF_APPEND act as O_NONBLOCK and O_APPEND for this call alone,
 * RWF_NOAPPEND as if there were no O_APPEND. RWF_ATOMIC and RWF_DONTCACHE are for files on disks, as on Linux: tmpfs has neither.
 */
function vectorWithFlags(t: Thread, fd: i32, vector: u64, count: u64, position: i64, flags: u32, access: u32): Result {
  const file = openFile(t, fd);
  if (position < -1) return -Errno.EINVAL;
  if (isNone(file) || (file.access & access) == 0) return -Errno.EBADF;
  const unknown = flags & ~(<u32>TransferFlag.Known);
  if (unknown != 0) return unsupported(t, "flags", unknown, -Errno.EOPNOTSUPP);
  if ((flags & TransferFlag.Append) != 0 && (flags & TransferFlag.NoAppend) != 0) return -Errno.EINVAL;
  if ((flags & (TransferFlag.Atomic | TransferFlag.DontCache)) != 0) return -Errno.EOPNOTSUPP;
  if ((flags & TransferFlag.NoWait) != 0 && file.kind == FileKind.Regular) return -Errno.EOPNOTSUPP; // as tmpfs
  const before = file.flags;
  if ((flags & TransferFlag.NoWait) != 0) file.flags |= OpenFlag.NonBlock;
  if ((flags & TransferFlag.Append) != 0) file.flags |= OpenFlag.Append;
  if ((flags & TransferFlag.NoAppend) != 0) file.flags &= ~(<u32>OpenFlag.Append);
  let r: Result = 0;
  if (position != -1) r = vectorAt(t, fd, vector, count, position, access);
  else if (access == FileAccess.Read) r = sysReadv(t, fd, vector, count);
  else r = sysWritev(t, fd, vector, count);
  file.flags = before;
  return r;
}

export function sysLseek(t: Thread, fd: i32, offset: i64, whence: u32): Result {
  const file = openFile(t, fd);
  if (isNone(file)) return -Errno.EBADF;
  if (<i32>whence > Seek.Hole) return -Errno.EINVAL;
  switch (file.kind) {
    case FileKind.Regular:
      return seekRegular(file, offset, whence);
    case FileKind.Directory:
    case FileKind.Synthetic:
      return seekPlain(file, offset, whence);
    case FileKind.Null:
    case FileKind.Zero:
    case FileKind.Full:
      file.position = 0;
      return 0;
    case FileKind.Random:
    case FileKind.EventFd:
    case FileKind.Epoll:
    case FileKind.TimerFd:
    case FileKind.SignalFd:
      return file.position;
    default:
      return -Errno.ESPIPE;
  }
}

function seekPlain(file: File, offset: i64, whence: u32): Result {
  if (whence == Seek.Current) offset += file.position;
  else if (whence != Seek.Set) return -Errno.EINVAL;
  if (offset < 0) return -Errno.EINVAL;
  file.position = offset;
  return offset;
}

function seekRegular(file: File, offset: i64, whence: u32): Result {
  const inode = file.inode;
  switch (whence) {
    case Seek.Current:
      offset += file.position;
      break;
    case Seek.End:
      offset += inode.size;
      break;
    case Seek.Data:
    case Seek.Hole:
      offset = whence == Seek.Data ? nextData(inode, offset) : nextHole(inode, offset);
      if (offset < 0) return offset;
      break;
    default:
      break;
  }
  if (offset < 0 || <u64>offset > FILE_SIZE_MAX) return -Errno.EINVAL;
  file.position = offset;
  return offset;
}

function nextData(inode: Inode, from: i64): Result {
  if (from < 0 || <u64>from >= inode.size) return -Errno.ENXIO;
  const page = fileNextPage(inode, <u32>(from >> PAGE_SHIFT));
  if (page == u64.MAX_VALUE || page << PAGE_SHIFT >= inode.size) return -Errno.ENXIO;
  return max<i64>(from, page << PAGE_SHIFT);
}

function nextHole(inode: Inode, from: i64): Result {
  if (from < 0 || <u64>from >= inode.size) return -Errno.ENXIO;
  let page = (<u64>from) >> PAGE_SHIFT;
  if (fileNextPage(inode, <u32>page) != page) return from;
  while (page << PAGE_SHIFT < inode.size && fileNextPage(inode, <u32>page) == page) page++;
  return min(inode.size, page << PAGE_SHIFT);
}
