// fcntl: one switch over its commands. See fcntl(2).

import { Errno } from "../../kernel/errno";
import { Result } from "../../kernel/result";
import { capable, Capability } from "../../kernel/task/credentials";
import { Thread } from "../../kernel/task/thread";
import { fdCloseOnExec, fdSetCloseOnExec } from "../../kernel/vfs/fdtable";
import { CHANGEABLE_FLAGS, OpenFlag } from "../../kernel/vfs/flags";
import { copiedWord, copyInWord, copyOutWord } from "../../kernel/mm/user";
import { ownerOrCapable } from "../../kernel/vfs/permission";
import { sealsAdd, sealsOf } from "../../kernel/vfs/seal";
import { canSignal, fileSetAsync, fileSignalDirectory } from "../../kernel/vfs/asyncfile";
import { File, FileKind, WRITE_HINT_MASK, WRITE_HINT_SHIFT } from "../../kernel/vfs/inode";
import { Notify } from "../../kernel/vfs/inotify";
import { LockType } from "../../kernel/vfs/lock";
import { pipeCapacity, pipeOf, pipeSetCapacity } from "../../kernel/vfs/pipe";
import { DirectoryNotify, Fcntl, FD_CLOEXEC } from "../types/fcntl";
import { anyFile, descriptorLimit, descriptors, isNone, openFile } from "./descriptor";
import { duplicate } from "./fd";
import { getLock, setLock } from "./lock";
import { getOwner, getOwnerEx, setOwner, setOwnerEx } from "./owner";

/** fcntl(2). Files take no leases: F_SETLEASE is EINVAL after its checks, and there is none to get, as in FUSE or 9P. */
export function sysFcntl(t: Thread, fd: i32, command: u32, argument: u64): Result {
  switch (command) {
    case Fcntl.DupFd:
    case Fcntl.DupFdCloseOnExec:
      if (isNone(anyFile(t, fd))) return -Errno.EBADF;
      if (argument >= descriptorLimit(t)) return -Errno.EINVAL;
      return duplicate(t, fd, <u32>argument, command == Fcntl.DupFdCloseOnExec);
    case Fcntl.GetFd:
      if (isNone(anyFile(t, fd))) return -Errno.EBADF;
      return fdCloseOnExec(descriptors(t), <u32>fd) ? FD_CLOEXEC : 0;
    case Fcntl.SetFd:
      if (isNone(anyFile(t, fd))) return -Errno.EBADF;
      fdSetCloseOnExec(descriptors(t), <u32>fd, ((<u32>argument) & FD_CLOEXEC) != 0);
      return 0;
    case Fcntl.GetFlags: {
      const file = anyFile(t, fd);
      return isNone(file) ? <Result>-Errno.EBADF : file.flags;
    }
    case Fcntl.DupFdQuery: {
      const file = anyFile(t, fd);
      return isNone(file) ? <Result>-Errno.EBADF : <Result>(file == anyFile(t, <i32>argument));
    }
    default:
      break;
  }
  const file = openFile(t, fd);
  if (isNone(file)) return -Errno.EBADF;
  switch (command) {
    case Fcntl.SetFlags:
      return setFlags(t, file, fd, <u32>argument);
    case Fcntl.GetLock:
    case Fcntl.OfdGetLock:
      return getLock(t, file, argument, command == Fcntl.OfdGetLock);
    case Fcntl.SetLock:
    case Fcntl.OfdSetLock:
      return setLock(t, file, argument, command == Fcntl.OfdSetLock, false);
    case Fcntl.SetLockWait:
    case Fcntl.OfdSetLockWait:
      return setLock(t, file, argument, command == Fcntl.OfdSetLockWait, true);
    case Fcntl.SetOwner:
      return setOwner(t, file, <i32>argument);
    case Fcntl.GetOwner:
      return getOwner(file);
    case Fcntl.SetOwnerEx:
      return setOwnerEx(t, file, argument);
    case Fcntl.GetOwnerEx:
      return getOwnerEx(file, argument);
    case Fcntl.SetSignal:
      if (argument > 64) return -Errno.EINVAL;
      file.ownerSignal = <u32>argument;
      return 0;
    case Fcntl.GetSignal:
      return file.ownerSignal;
    case Fcntl.SetPipeSize:
      if (file.kind != FileKind.Pipe) return -Errno.EBADF;
      return pipeSetCapacity(pipeOf(file), <u32>argument, capable(t.credentials, Capability.SysResource));
    case Fcntl.GetPipeSize:
      return file.kind == FileKind.Pipe ? <Result>pipeCapacity(pipeOf(file)) : -Errno.EBADF;
    case Fcntl.SetLease:
      return refuseLease(t, file, argument);
    case Fcntl.GetLease:
      return <Result>LockType.None;
    case Fcntl.Notify:
      return signalDirectory(file, fd, argument);
    case Fcntl.AddSeals:
      return sealsAdd(file, <u32>min<u64>(argument, u32.MAX_VALUE));
    case Fcntl.GetSeals:
      return file.kind == FileKind.Regular ? <Result>sealsOf(file.inode) : -Errno.EINVAL;
    case Fcntl.GetWriteHint:
      return copyOutWord(argument, (file.inode.flags & WRITE_HINT_MASK) >> WRITE_HINT_SHIFT);
    case Fcntl.SetWriteHint:
      return setWriteHint(t, file, argument);
    default:
      return -Errno.EINVAL;
  }
}

/** F_SETLEASE: what is wrong with asking, or that there are no leases; none to give back is -EAGAIN. */
function refuseLease(t: Thread, file: File, type: u64): Result {
  if (type == <u64>LockType.None) return -Errno.EAGAIN;
  if (type > <u64>LockType.None) return -Errno.EINVAL;
  const c = t.credentials;
  return file.inode.uid != c.fsuid && !capable(c, Capability.Lease) ? -Errno.EACCES : -Errno.EINVAL;
}

/** F_NOTIFY: signals for what happens in an open directory (Documentation/filesystems/dnotify.rst); once, unless DN_MULTISHOT. */
function signalDirectory(file: File, fd: i32, argument: u64): Result {
  const bits = <u32>argument;
  if ((bits & ~DirectoryNotify.DN_MULTISHOT) == 0) return fileSignalDirectory(file, fd, 0) ? 0 : -Errno.ENOMEM;
  if (file.kind != FileKind.Directory) return -Errno.ENOTDIR;
  let mask: u32 = (bits & DirectoryNotify.DN_MULTISHOT) == 0 ? Notify.OneShot : 0;
  if ((bits & DirectoryNotify.DN_ACCESS) != 0) mask |= Notify.Access;
  if ((bits & DirectoryNotify.DN_MODIFY) != 0) mask |= Notify.Modify;
  if ((bits & DirectoryNotify.DN_CREATE) != 0) mask |= Notify.Create | Notify.MovedTo;
  if ((bits & DirectoryNotify.DN_DELETE) != 0) mask |= Notify.Delete | Notify.MovedFrom;
  if ((bits & DirectoryNotify.DN_RENAME) != 0) mask |= Notify.MovedFrom | Notify.MovedTo;
  if ((bits & DirectoryNotify.DN_ATTRIB) != 0) mask |= Notify.Attributes;
  return fileSignalDirectory(file, fd, mask) ? 0 : -Errno.ENOMEM;
}

/** F_SET_RW_HINT: how long what is written will live, for who is the owner: -EPERM, -EINVAL. Memory does not care. */
function setWriteHint(t: Thread, file: File, ua: u64): Result {
  if (!ownerOrCapable(file.inode, t.credentials)) return -Errno.EPERM;
  const r = copyInWord(ua);
  if (r < 0) return r;
  if (copiedWord > WRITE_HINT_LAST) return -Errno.EINVAL;
  file.inode.flags = (file.inode.flags & ~WRITE_HINT_MASK) | ((<u32>copiedWord) << WRITE_HINT_SHIFT);
  return 0;
}
/** RWH_WRITE_LIFE_EXTREME. */
const WRITE_HINT_LAST: u64 = 5;

/** F_SETFL: only the changeable flags count. O_NOATIME needs the file's owner or CAP_FOWNER. */
function setFlags(t: Thread, file: File, fd: i32, flags: u32): Result {
  const c = t.credentials;
  if ((flags & ~file.flags & OpenFlag.NoAtime) != 0 && c.fsuid != file.inode.uid && !capable(c, Capability.Fowner)) {
    return -Errno.EPERM;
  }
  // O_ASYNC is only for kinds that can send signals: as on Linux, the others ignore it.
  const changesAsync = ((flags ^ file.flags) & OpenFlag.Async) != 0 && canSignal(file);
  if (changesAsync && !fileSetAsync(file, fd, (flags & OpenFlag.Async) != 0)) return -Errno.ENOMEM;
  const changeable = CHANGEABLE_FLAGS & ~OpenFlag.Async;
  file.flags = (file.flags & ~changeable) | (flags & changeable);
  return 0;
}
