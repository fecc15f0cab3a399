// Descriptors: close, dup, dup2, dup3, close_range, fsync and the advice calls. See close(2), dup(2), close_range(2), fsync(2), posix_fadvise(2).

import { Errno } from "../../kernel/errno";
import { lingerWanted, socketLinger } from "../../kernel/net/transfer";
import { BLOCKED, Result } from "../../kernel/result";
import { Thread } from "../../kernel/task/thread";
import {
  closeRange,
  closeRangeOnExec,
  fdClose,
  fdDuplicateTo,
  FdTable,
  fdInstall,
  fdTableCopy,
  fdTableRelease,
} from "../../kernel/vfs/fdtable";
import { fileRelease, fileRetain } from "../../kernel/vfs/file";
import { FileAccess, OpenFlag } from "../../kernel/vfs/flags";
import { FileKind } from "../../kernel/vfs/inode";
import { CloseRange } from "../types/fcntl";
import { anyFile, descriptorLimit, descriptors, fileWith, isNone, openFile } from "./descriptor";

export function sysClose(t: Thread, fd: i32): Result {
  if (lingerWanted && mustLinger(t, fd)) return BLOCKED;
  return fdClose(descriptors(t), <u32>fd);
}

function mustLinger(t: Thread, fd: i32): bool {
  const file = anyFile(t, fd);
  return !isNone(file) && file.kind == FileKind.Socket && socketLinger(file) == BLOCKED;
}

/** dup, and F_DUPFD with the lowest number allowed. */
export function duplicate(t: Thread, fd: i32, from: u32, closeOnExec: bool): Result {
  const file = anyFile(t, fd);
  if (isNone(file)) return -Errno.EBADF;
  const r = fdInstall(descriptors(t), fileRetain(file), from, descriptorLimit(t), closeOnExec);
  if (r < 0) fileRelease(file);
  return r;
}

export function sysDup(t: Thread, fd: i32): Result {
  return duplicate(t, fd, 0, false);
}

export function sysDup2(t: Thread, from: i32, to: i32): Result {
  if (from == to) return isNone(anyFile(t, from)) ? <Result>-Errno.EBADF : to;
  return fdDuplicateTo(descriptors(t), <u32>from, <u32>to, descriptorLimit(t), false);
}

export function sysDup3(t: Thread, from: i32, to: i32, flags: u32): Result {
  if ((flags & ~OpenFlag.CloseOnExec) != 0 || from == to) return -Errno.EINVAL;
  return fdDuplicateTo(descriptors(t), <u32>from, <u32>to, descriptorLimit(t), flags != 0);
}

export function sysCloseRange(t: Thread, first: u32, last: u32, flags: u32): Result {
  if ((flags & ~(CloseRange.Unshare | CloseRange.CloseOnExec)) != 0 || first > last) return -Errno.EINVAL;
  if ((flags & CloseRange.Unshare) != 0) {
    const r = unshareDescriptors(t);
    if (r < 0) return r;
  }
  if ((flags & CloseRange.CloseOnExec) != 0) closeRangeOnExec(descriptors(t), first, last);
  else closeRange(descriptors(t), first, last);
  return 0;
}

/** Gives the process a table of its own: 0 or -ENOMEM. */
export function unshareDescriptors(t: Thread): Result {
  const old = descriptors(t);
  if (old.refs == 1) return 0;
  const copy = fdTableCopy(old);
  if (!copy) return -Errno.ENOMEM;
  t.process.files = changetype<FdTable>(copy);
  fdTableRelease(old);
  return 0;
}

/** Kinds that fsync refuses: they store nothing. */
function storesNothing(kind: u32): bool {
  return kind != FileKind.Regular && kind != FileKind.Directory;
}

/** fsync and fdatasync: a memory file system has nothing to write back. */
export function sysFsync(t: Thread, fd: i32): Result {
  const file = openFile(t, fd);
  if (isNone(file)) return -Errno.EBADF;
  return storesNothing(file.kind) ? -Errno.EINVAL : 0;
}

export function sysSyncFileRange(t: Thread, fd: i32, offset: i64, bytes: i64, flags: u32): Result {
  const file = openFile(t, fd);
  if (isNone(file)) return -Errno.EBADF;
  if ((flags & ~(<u32>7)) != 0 || offset < 0 || bytes < 0 || offset + bytes < offset) return -Errno.EINVAL;
  return storesNothing(file.kind) ? -Errno.ESPIPE : 0;
}

export function sysFadvise64(t: Thread, fd: i32, offset: i64, bytes: i64, advice: u32): Result {
  const file = openFile(t, fd);
  if (isNone(file)) return -Errno.EBADF;
  if (file.kind == FileKind.Pipe) return -Errno.ESPIPE;
  return bytes < 0 || advice > 5 ? -Errno.EINVAL : 0;
}

export function sysReadahead(t: Thread, fd: i32, offset: i64, count: u64): Result {
  const file = fileWith(t, fd, FileAccess.Read);
  if (isNone(file)) return -Errno.EBADF;
  return file.kind == FileKind.Regular ? 0 : -Errno.EINVAL;
}
