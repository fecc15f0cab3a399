// flock, and the lock commands of fcntl. See flock(2), fcntl(2) "Advisory record locking".

import { Errno } from "../../kernel/errno";
import { copyIn, copyOut } from "../../kernel/mm/user";
import { Result } from "../../kernel/result";
import { Thread } from "../../kernel/task/thread";
import { FileAccess } from "../../kernel/vfs/flags";
import { File } from "../../kernel/vfs/inode";
import { lockConflict, LockFamily, lockSet, LockType, LOCK_END } from "../../kernel/vfs/lock";
import { Flock, Seek } from "../types/fcntl";
import { descriptors, isNone, openFile } from "./descriptor";

/** struct flock of x86-64. */
@unmanaged
class LockRequest {
  type: i16;
  whence: i16;
  pad0: u32;
  start: i64;
  length: i64;
  pid: i32;
  pad1: u32;
}
const REQUEST_BYTES: u32 = 32;
if (offsetof<LockRequest>() != REQUEST_BYTES) ERROR("struct flock is 32 bytes");

const buffer = memory.data(32, 8);
const request = changetype<LockRequest>(buffer);
let first: u64 = 0;
let last: u64 = 0;

export function sysFlock(t: Thread, fd: i32, operation: u32): Result {
  const file = openFile(t, fd);
  if (isNone(file)) return -Errno.EBADF;
  const wait = (operation & Flock.NonBlock) == 0;
  let type = LockType.None;
  switch (operation & ~Flock.NonBlock) {
    case Flock.Shared:
      type = LockType.Read;
      break;
    case Flock.Exclusive:
      type = LockType.Write;
      break;
    case Flock.Unlock:
      break;
    default:
      return -Errno.EINVAL;
  }
  return lockSet(file, LockFamily.Flock, changetype<usize>(file), type, 0, LOCK_END, wait);
}

/** Copies the request in and turns whence, start and length into first and last byte: 0, -EFAULT, -EINVAL, -EOVERFLOW or BLOCKED. */
function requestIn(file: File, ua: u64): Result {
  const r = copyIn(buffer, ua, REQUEST_BYTES);
  if (r < 0) return r;
  let base: i64 = 0;
  if (request.whence == <i16>Seek.Current) base = file.position;
  else if (request.whence == <i16>Seek.End) base = file.inode.size;
  else if (request.whence != <i16>Seek.Set) return -Errno.EINVAL;
  if (request.start > i64.MAX_VALUE - base) return -Errno.EOVERFLOW;
  let start = base + request.start;
  if (start < 0) return -Errno.EINVAL;
  let end: i64 = i64.MAX_VALUE;
  const length = request.length;
  if (length > 0) {
    if (length - 1 > i64.MAX_VALUE - start) return -Errno.EOVERFLOW;
    end = start + length - 1;
  } else if (length < 0) {
    if (start + length < 0) return -Errno.EINVAL;
    end = start - 1;
    start += length;
  }
  first = start;
  last = end;
  return 0;
}

/** The owner of a record lock. */
@inline
function ownerOf(t: Thread, file: File, ofOpenFile: bool): usize {
  return ofOpenFile ? changetype<usize>(file) : changetype<usize>(descriptors(t));
}

/** F_SETLK, F_SETLKW and their open-file forms. */
export function setLock(t: Thread, file: File, ua: u64, ofOpenFile: bool, wait: bool): Result {
  const r = requestIn(file, ua);
  if (r < 0) return r;
  const type = request.type;
  if (type < 0 || type > <i16>LockType.None) return -Errno.EINVAL;
  if (ofOpenFile && request.pid != 0) return -Errno.EINVAL;
  if (type == <i16>LockType.Read && (file.access & FileAccess.Read) == 0) return -Errno.EBADF;
  if (type == <i16>LockType.Write && (file.access & FileAccess.Write) == 0) return -Errno.EBADF;
  const family = ofOpenFile ? LockFamily.OpenFile : LockFamily.Process;
  return lockSet(file, family, ownerOf(t, file, ofOpenFile), <i32>type, first, last, wait);
}

/** F_GETLK and F_OFD_GETLK: which lock would be in the way. */
export function getLock(t: Thread, file: File, ua: u64, ofOpenFile: bool): Result {
  const r = requestIn(file, ua);
  if (r < 0) return r;
  const type = request.type;
  if (type != <i16>LockType.Read && type != <i16>LockType.Write) return -Errno.EINVAL;
  if (ofOpenFile && request.pid != 0) return -Errno.EINVAL;
  const family = ofOpenFile ? LockFamily.OpenFile : LockFamily.Process;
  const lock = lockConflict(file.inode, family, ownerOf(t, file, ofOpenFile), <i32>type, first, last);
  if (!lock) {
    request.type = <i16>LockType.None;
  } else {
    request.type = <i16>lock.type;
    request.whence = <i16>Seek.Set;
    request.start = lock.start;
    request.length = lock.end == LOCK_END ? 0 : <i64>(lock.end - lock.start) + 1;
    request.pid = lock.family == LockFamily.OpenFile ? -1 : <i32>lock.pid;
  }
  return copyOut(ua, buffer, REQUEST_BYTES);
}
