// sendfile, copy_file_range and fallocate. See sendfile(2), copy_file_range(2), fallocate(2).

import { operationOpens } from "../../kernel/task/operation";
import { Errno } from "../../kernel/errno";
import { fileResize, FILE_SIZE_MAX } from "../../kernel/fs/pages";
import { copyIn, copyOut } from "../../kernel/mm/user";
import { BLOCKED, Result } from "../../kernel/result";
import { raise, Signal } from "../../kernel/task/signal";
import { Thread } from "../../kernel/task/thread";
import { fileReserve, filePunch } from "../../kernel/vfs/allocate";
import { canTake, copyBetween, copyToFile } from "../../kernel/vfs/copy";
import { FileAccess, OpenFlag } from "../../kernel/vfs/flags";
import { File, FileKind, isRegular } from "../../kernel/vfs/inode";
import { Notify, notifyFile } from "../../kernel/vfs/inotify";
import { hasSeal, Seal } from "../../kernel/vfs/seal";
import { touchModified } from "../../kernel/vfs/regular";
import { isSeekable, TRANSFER_MAX, waitToWrite } from "../../kernel/vfs/transfer";
import { Allocate } from "../types/fcntl";
import { mayGrow } from "./attributes";
import { anyFile, fileWith, isNone } from "./descriptor";

const word = memory.data(8, 8);
/** Pages handled before other threads get a chance: the call then comes out short, which its specification allows. */
const STEP_MAX: u32 = 16 << 20;

/** Reads the position at `ua`, or takes the file's own when `ua` is 0: the position, -EFAULT, -EINVAL or BLOCKED. */
function positionIn(file: File, ua: u64): Result {
  if (ua == 0) return file.position;
  const r = copyIn(word, ua, 8);
  if (r < 0) return r;
  return load<i64>(word) < 0 ? -Errno.EINVAL : load<i64>(word);
}

/** Notes the position after a transfer where positionIn found it: 0, -EFAULT or BLOCKED. */
function positionOut(file: File, ua: u64, position: u64): Result {
  if (ua == 0) {
    file.position = position;
    return 0;
  }
  store<u64>(word, position);
  return copyOut(ua, word, 8);
}

export function sysSendfile(t: Thread, out: i32, input: i32, offset: u64, count: u64): Result {
  const from = anyFile(t, input);
  if (isNone(from) || (from.access & FileAccess.Read) == 0) return -Errno.EBADF;
  const start = positionIn(from, offset);
  if (start < 0) return start;
  if (offset != 0 && !isSeekable(from)) return -Errno.ESPIPE;
  const to = fileWith(t, out, FileAccess.Write);
  if (isNone(to)) return -Errno.EBADF;
  if (from.kind != FileKind.Regular || !canTake(to) || (to.flags & OpenFlag.Append) != 0) return -Errno.EINVAL;
  const wanted = <u32>min<u64>(count, STEP_MAX);
  let done = <u32>t.opDone;
  while (done < wanted) {
    let r = copyToFile(from.inode, offset == 0 ? from.position : start + done, to, wanted - done);
    if (r > 0) {
      done += <u32>r;
      notifyFile(from, Notify.Access);
      notifyFile(to, Notify.Modify);
      if (offset == 0) from.position += r;
      continue;
    }
    if (r == -Errno.EAGAIN && (to.flags & OpenFlag.NonBlock) == 0) {
      r = waitToWrite(to, wanted - done);
      operationOpens();
      t.opDone = done;
      if (r == BLOCKED) return BLOCKED;
    }
    if (r == -Errno.EPIPE) raise(t, Signal.PIPE);
    if (done == 0) return r;
    break;
  }
  if (offset == 0) return done;
  const r = positionOut(from, offset, start + done);
  return r < 0 ? r : done;
}

export function sysCopyFileRange(t: Thread, input: i32, inputOffset: u64, out: i32, outOffset: u64, count: u64, flags: u32): Result {
  const from = anyFile(t, input);
  const to = anyFile(t, out);
  if (isNone(from) || isNone(to)) return -Errno.EBADF;
  const start = positionIn(from, inputOffset);
  if (start < 0) return start;
  const target = positionIn(to, outOffset);
  if (target < 0) return target;
  if (flags != 0) return -Errno.EINVAL;
  if (from.kind == FileKind.Directory || to.kind == FileKind.Directory) return -Errno.EISDIR;
  if (!isRegular(from.inode) || !isRegular(to.inode)) return -Errno.EINVAL;
  if ((from.access & FileAccess.Read) == 0 || (to.access & FileAccess.Write) == 0) return -Errno.EBADF;
  if ((to.flags & OpenFlag.Append) != 0) return -Errno.EBADF;
  // Nothing is copied from file system to file system: as on Linux, programs do that themselves.
  if (from.inode.fs != to.inode.fs) return -Errno.EXDEV;
  if (from.kind != FileKind.Regular || to.kind != FileKind.Regular) return -Errno.EINVAL;
  if (count > u64.MAX_VALUE - <u64>max(start, target)) return -Errno.EOVERFLOW;
  const wanted = <u32>min<u64>(count, min(STEP_MAX, TRANSFER_MAX));
  if (from.inode == to.inode && start < target + wanted && target < start + wanted) return -Errno.EINVAL;
  const r = copyBetween(from.inode, start, to.inode, target, wanted);
  if (r <= 0) return r;
  notifyFile(from, Notify.Access);
  notifyFile(to, Notify.Modify);
  const written = positionOut(from, inputOffset, start + r);
  if (written < 0) return written;
  const last = positionOut(to, outOffset, target + r);
  return last < 0 ? last : r;
}

/** fallocate(2). Nothing moves within a file and no pages are shared between files: as in tmpfs(5) those modes are EOPNOTSUPP. */
export function sysFallocate(t: Thread, fd: i32, mode: u32, offset: i64, bytes: i64): Result {
  const file = anyFile(t, fd);
  if (isNone(file) || file.kind == FileKind.PathOnly) return -Errno.EBADF;
  if (offset < 0 || bytes <= 0) return -Errno.EINVAL;
  const punch = mode == (Allocate.PunchHole | Allocate.KeepSize);
  const zero = (mode & ~Allocate.KeepSize) == Allocate.ZeroRange;
  if ((mode & ~Allocate.KeepSize) != 0 && !punch && !zero) return -Errno.EOPNOTSUPP;
  if ((file.access & FileAccess.Write) == 0) return -Errno.EBADF;
  if (file.kind == FileKind.Pipe) return -Errno.ESPIPE;
  if (file.kind == FileKind.Directory) return -Errno.EISDIR;
  if (file.kind != FileKind.Regular) return -Errno.ENODEV;
  const end = offset + bytes;
  if (end < 0 || <u64>end > FILE_SIZE_MAX) return -Errno.EFBIG;
  const inode = file.inode;
  const grown = punch ? <Result>0 : mayGrow(t, inode, end);
  if (grown < 0) return grown;
  if (!punch && <u64>end > inode.size && hasSeal(inode, Seal.Grow)) return -Errno.EPERM;
  let r: Result = 0;
  if (punch || zero) r = filePunch(inode, offset, end);
  if (r >= 0 && !punch) r = fileReserve(inode, offset, end);
  if (r >= 0 && (mode & Allocate.KeepSize) == 0 && <u64>end > inode.size) r = fileResize(inode, end);
  if (r >= 0) touchModified(inode);
  return r;
}
