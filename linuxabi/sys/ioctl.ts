// ioctl: the requests that every file knows; the others go to the file's kind (terminals, sockets). See ioctl(2), ioctl_list(2).

import { Errno } from "../../kernel/errno";
import { copyIn, copyOut } from "../../kernel/mm/user";
import { Result } from "../../kernel/result";
import { Thread } from "../../kernel/task/thread";
import { fdSetCloseOnExec } from "../../kernel/vfs/fdtable";
import { registeredIoctl } from "../../kernel/vfs/file";
import { canSignal, fileSetAsync } from "../../kernel/vfs/asyncfile";
import { OpenFlag } from "../../kernel/vfs/flags";
import { File, FileKind, isRegular } from "../../kernel/vfs/inode";
import { pipeBytes, pipeOf } from "../../kernel/vfs/pipe";
import { Ioctl } from "../types/fcntl";
import { descriptors, isNone, openFile } from "./descriptor";

const word = memory.data(8, 8);

export function sysIoctl(t: Thread, fd: i32, request: u32, argument: u64): Result {
  const file = openFile(t, fd);
  if (isNone(file)) return -Errno.EBADF;
  switch (request) {
    case Ioctl.FioCloseOnExec:
    case Ioctl.FioNotCloseOnExec:
      fdSetCloseOnExec(descriptors(t), <u32>fd, request == Ioctl.FioCloseOnExec);
      return 0;
    case Ioctl.FioNonBlock: {
      const r = copyIn(word, argument, 4);
      if (r < 0) return r;
      if (load<u32>(word) != 0) file.flags |= OpenFlag.NonBlock;
      else file.flags &= ~OpenFlag.NonBlock;
      return 0;
    }
    case Ioctl.FioAsync:
      return setAsync(file, fd, argument);
    case Ioctl.FioQuerySize:
      if (file.kind != FileKind.Regular && file.kind != FileKind.Directory) return -Errno.ENOTTY;
      return wordOut(argument, file.inode.size, 8);
    case Ioctl.FiGetBlockSize:
      return file.kind == FileKind.Regular || file.kind == FileKind.Directory ? wordOut(argument, 4096, 4) : -Errno.ENOTTY;
    case Ioctl.FioNRead:
      return bytesToRead(file, request, argument);
    case Ioctl.FiClone:
    case Ioctl.FiCloneRange:
      return clone(t, file, request, argument);
    default:
      return registeredIoctl(file, request, argument);
  }
}

function wordOut(ua: u64, value: u64, bytes: u32): Result {
  store<u64>(word, value);
  return copyOut(ua, word, bytes);
}

/** FIOASYNC: O_ASYNC on or off; -ENOTTY for a change to a kind that sends no signals. */
function setAsync(file: File, fd: i32, argument: u64): Result {
  const r = copyIn(word, argument, 4);
  if (r < 0) return r;
  const on = load<u32>(word) != 0;
  if (on == ((file.flags & OpenFlag.Async) != 0)) return 0;
  if (!canSignal(file)) return -Errno.ENOTTY;
  return fileSetAsync(file, fd, on) ? 0 : -Errno.ENOMEM;
}

function bytesToRead(file: File, request: u32, argument: u64): Result {
  if (file.kind == FileKind.Regular) return wordOut(argument, file.inode.size - file.position, 4);
  if (file.kind == FileKind.Pipe) return wordOut(argument, pipeBytes(pipeOf(file)), 4);
  return registeredIoctl(file, request, argument);
}

const range = memory.data(32, 8);

/** FICLONE and FICLONERANGE: memory files cannot share extents, so after the checks -EOPNOTSUPP. */
function clone(t: Thread, to: File, request: u32, argument: u64): Result {
  let source = argument;
  if (request == Ioctl.FiCloneRange) {
    const r = copyIn(range, argument, 32);
    if (r < 0) return r;
    source = load<u64>(range);
  }
  const from = openFile(t, <i32>source);
  if (isNone(from)) return -Errno.EBADF;
  if (from.inode.fs != to.inode.fs) return -Errno.EXDEV;
  return isRegular(from.inode) && isRegular(to.inode) ? -Errno.EOPNOTSUPP : -Errno.EINVAL;
}
