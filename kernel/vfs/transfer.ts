// Reading and writing open files, by kind. Here calls wait: the functions of the kinds return -EAGAIN, and unless the file is non-blocking the
// call parks on the file's queue and starts again, with the bytes already written in Thread.opDone.

import { operationOpens } from "../task/operation";
import { Errno } from "../errno";
import { randomFromUser, randomToUser } from "./random";
import { BLOCKED, Result } from "../result";
import { socketRead, socketWaitToReceive, socketWaitToSend, socketWrite, socketWriteOn } from "../net/transfer";
import { raise, Signal } from "../task/signal";
import { current, NEVER } from "../task/thread";
import { clearPartial } from "./clear";
import { fileWait, registeredQueue, registeredRead, registeredWrite } from "./file";
import { OpenFlag } from "./flags";
import { File, FileKind } from "./inode";
import { Notify, notifyFile } from "./inotify";
import { pipeOf, PipePeer, pipeRead, pipeReadQueue, pipeWantRoom, pipeWrite, pipeWriteQueue, SlotFlag } from "./pipe";
import { regularRead, regularWrite } from "./regular";

/** Most bytes one call moves (Linux's MAX_RW_COUNT). */
export const TRANSFER_MAX: u32 = 0x7fff_f000;

/**
 * Reads up to `count` bytes at the file's position into user memory. The file is open for reading. Returns the bytes read, 0 at the end;
 * -EAGAIN, -EISDIR, -EINVAL, -EFAULT, -ERESTARTSYS, what the kind says, or BLOCKED.
 */
export function fileRead(file: File, ua: u64, count: u32): Result {
  const r = fileTryRead(file, ua, count);
  return r != -Errno.EAGAIN || (file.flags & OpenFlag.NonBlock) != 0 ? r : waitToRead(file);
}

/** As fileRead, but never waits: -EAGAIN. */
export function fileTryRead(file: File, ua: u64, count: u32): Result {
  switch (file.kind) {
    case FileKind.Regular:
      return readRegular(file, ua, count);
    case FileKind.Pipe:
      return count == 0 ? 0 : pipeRead(pipeOf(file), PipePeer.User, ua, count);
    case FileKind.Socket:
      return socketRead(file, ua, count);
    case FileKind.Null:
      return 0;
    case FileKind.Zero:
    case FileKind.Full:
      return clearPartial(ua, count);
    case FileKind.Random:
      return randomToUser(ua, count);
    case FileKind.Directory:
      return -Errno.EISDIR;
    default:
      return registeredRead(file, ua, count);
  }
}

function readRegular(file: File, ua: u64, count: u32): Result {
  const r = regularRead(file, ua, count, file.position);
  if (r > 0) {
    file.position += r;
    notifyFile(file, Notify.Access);
  }
  return r;
}

function writeRegular(file: File, ua: u64, count: u32): Result {
  const position = (file.flags & OpenFlag.Append) != 0 ? file.inode.size : file.position;
  const r = regularWrite(file.inode, ua, count, position);
  if (r > 0) {
    file.position = position + r;
    notifyFile(file, Notify.Modify);
  }
  return r;
}

/**
 * Writes up to `count` bytes at the file's position (its end with O_APPEND) from user memory. The file is open for writing. Returns the
 * bytes written; -EAGAIN, -EPIPE (after SIGPIPE), -EFBIG, -ENOSPC, -EINVAL, -EFAULT, -ERESTARTSYS, what the kind says, or BLOCKED.
 */
export function fileWrite(file: File, ua: u64, count: u32): Result {
  const done = <u32>current.opDone; // by earlier runs of the call
  const r = fileTryWrite(file, ua + done, count - done);
  if (r == count) return r;
  return mayWait(file) ? goOnWriting(file, ua, count, r) : r;
}

/** The last try had the result `r`, and all `count` bytes are not written yet: waits and tries until they are. */
function goOnWriting(file: File, ua: u64, count: u32, r: Result): Result {
  if (file.kind == FileKind.Socket) return socketWriteOn(file, r);
  const t = current;
  let done = <u32>t.opDone;
  while (r > 0) {
    done += <u32>r;
    if (done == count) return done;
    r = fileTryWrite(file, ua + done, count - done);
  }
  if (r == -Errno.EAGAIN && (file.flags & OpenFlag.NonBlock) == 0) {
    r = waitToWrite(file, count - done);
    operationOpens();
    t.opDone = done;
    if (r == BLOCKED) return BLOCKED;
  }
  if (r == -Errno.EPIPE) raise(t, Signal.PIPE);
  return done != 0 ? done : r;
}

/** As fileWrite, but never waits (-EAGAIN), may write less than it could after waiting, and raises no SIGPIPE. */
export function fileTryWrite(file: File, ua: u64, count: u32): Result {
  switch (file.kind) {
    case FileKind.Regular:
      return writeRegular(file, ua, count);
    case FileKind.Pipe: {
      const packet = (file.flags & OpenFlag.Direct) != 0 ? SlotFlag.Packet : 0;
      return count == 0 ? 0 : pipeWrite(pipeOf(file), PipePeer.User, ua, count, packet);
    }
    case FileKind.Socket:
      return socketWrite(file, ua, count);
    case FileKind.Null:
    case FileKind.Zero:
      return count;
    case FileKind.Random:
      return randomFromUser(ua, count);
    case FileKind.Full:
      return count == 0 ? 0 : -Errno.ENOSPC;
    default:
      return registeredWrite(file, ua, count);
  }
}

/** True when a write can have to wait, and then goes on until all is written. */
@inline
export function mayWait(file: File): bool {
  switch (file.kind) {
    case FileKind.Regular:
    case FileKind.Null:
    case FileKind.Zero:
    case FileKind.Full:
    case FileKind.Random:
      return false;
    default:
      return true;
  }
}

/** Parks the call until the file may be readable; -EAGAIN when the kind has no queue. */
export function waitToRead(file: File): Result {
  if (file.kind == FileKind.Pipe) return fileWait(file, pipeReadQueue(pipeOf(file)), true, NEVER);
  if (file.kind == FileKind.Socket) return socketWaitToReceive(file);
  const queue = registeredQueue(file, false);
  return queue ? fileWait(file, queue) : -Errno.EAGAIN;
}

/** Parks the call until the file may take some of the `left` bytes; -EAGAIN when the kind has no queue. */
export function waitToWrite(file: File, left: u32): Result {
  if (file.kind == FileKind.Pipe) {
    pipeWantRoom(pipeOf(file), left);
    return fileWait(file, pipeWriteQueue(pipeOf(file)), true, NEVER);
  }
  if (file.kind == FileKind.Socket) return socketWaitToSend(file);
  const queue = registeredQueue(file, true);
  return queue ? fileWait(file, queue) : -Errno.EAGAIN;
}

/** True when the kind has positions: pread and pwrite work, and lseek. */
@inline
export function isSeekable(file: File): bool {
  switch (file.kind) {
    case FileKind.Regular:
    case FileKind.Directory:
    case FileKind.Null:
    case FileKind.Zero:
    case FileKind.Full:
    case FileKind.Random:
    case FileKind.Synthetic:
      return true;
    default:
      return false;
  }
}

/** As fileRead, at `position`, leaving the file's own alone. The kind is seekable. */
export function fileReadAt(file: File, ua: u64, count: u32, position: u64): Result {
  if (file.kind == FileKind.Regular) {
    const r = regularRead(file, ua, count, position);
    if (r > 0) notifyFile(file, Notify.Access);
    return r;
  }
  const before = file.position;
  file.position = position;
  const r = fileRead(file, ua, count);
  file.position = before;
  return r;
}

/** As fileWrite, at `position`, leaving the file's own alone; O_APPEND wins over the position, as on Linux. The kind is seekable. */
export function fileWriteAt(file: File, ua: u64, count: u32, position: u64): Result {
  const before = file.position;
  file.position = position;
  const r = fileWrite(file, ua, count);
  file.position = before;
  return r;
}
