// epoll_create, epoll_ctl, epoll_wait and their newer forms; eventfd. See epoll(7), eventfd(2).

import { Errno } from "../../kernel/errno";
import { copyIn, userRange } from "../../kernel/mm/user";
import { BLOCKED, Result } from "../../kernel/result";
import { NEVER, Thread } from "../../kernel/task/thread";
import { epollAdd, epollCollect, epollModify, epollNew, epollQueue, epollRemove } from "../../kernel/vfs/epoll";
import { eventFdNew } from "../../kernel/vfs/eventfd";
import { fileWait } from "../../kernel/vfs/file";
import { OpenFlag } from "../../kernel/vfs/flags";
import { File, FileKind } from "../../kernel/vfs/inode";
import { installFile, isNone, openFile } from "./descriptor";
import { endTemporaryMask, temporaryMask } from "./mask";
import { deadlineNs, timeoutFrom, timeoutIn, TimeUnit } from "./timeout";

const enum Control {
  Add = 1,
  Delete = 2,
  Modify = 3,
}
const EVENT_BYTES: u32 = 12;
const EVENTS_MAX: u32 = 0x7fff_ffff / EVENT_BYTES;
const EFD_SEMAPHORE: u32 = 1;

const event = memory.data(16, 8);

export function sysEpollCreate(t: Thread, size: i32): Result {
  return size <= 0 ? -Errno.EINVAL : installFile(t, epollNew(), 0);
}

export function sysEpollCreate1(t: Thread, flags: u32): Result {
  return (flags & ~OpenFlag.CloseOnExec) != 0 ? -Errno.EINVAL : installFile(t, epollNew(), flags);
}

export function sysEpollCtl(t: Thread, epoll: i32, operation: u32, fd: i32, ua: u64): Result {
  if (operation != Control.Delete) {
    const r = copyIn(event, ua, EVENT_BYTES);
    if (r < 0) return r;
  }
  const epollFile = openFile(t, epoll);
  const file = openFile(t, fd);
  if (isNone(epollFile) || isNone(file)) return -Errno.EBADF;
  if (epollFile == file || epollFile.kind != FileKind.Epoll) return -Errno.EINVAL;
  const events = load<u32>(event);
  const data = load<u64>(event, 4);
  switch (operation) {
    case Control.Add:
      return epollAdd(epollFile, file, <u32>fd, events, data);
    case Control.Modify:
      return epollModify(epollFile, file, <u32>fd, events, data);
    case Control.Delete:
      return epollRemove(epollFile, file, <u32>fd);
    default:
      return -Errno.EINVAL;
  }
}

/** Waits until `deadlineNs` for events: how many, 0 when time is up, or an error; a signal is always -EINTR. */
function wait(t: Thread, epoll: i32, events: u64, limit: i32): Result {
  if (limit <= 0 || <u32>limit > EVENTS_MAX) return -Errno.EINVAL;
  if (!userRange(events, <u64>limit * EVENT_BYTES)) return -Errno.EFAULT;
  const file = openFile(t, epoll);
  if (isNone(file)) return -Errno.EBADF;
  if (file.kind != FileKind.Epoll) return -Errno.EINVAL;
  const r = epollCollect(file, events, limit);
  return r != 0 || deadlineNs == 0 ? r : waitForEvents(file);
}

function waitForEvents(file: File): Result {
  const r = fileWait(file, epollQueue(file), true, deadlineNs);
  if (r == -Errno.ETIMEDOUT) return 0;
  return r == -Errno.ERESTARTSYS ? -Errno.EINTR : r;
}

export function sysEpollWait(t: Thread, epoll: i32, events: u64, limit: i32, timeoutMs: i32): Result {
  timeoutFrom(t, timeoutMs < 0 ? NEVER : <u64>timeoutMs * 1_000_000);
  return wait(t, epoll, events, limit);
}

export function sysEpollPwait(t: Thread, epoll: i32, events: u64, limit: i32, timeoutMs: i32, mask: u64, maskBytes: u64): Result {
  timeoutFrom(t, timeoutMs < 0 ? NEVER : <u64>timeoutMs * 1_000_000);
  return waitMasked(t, epoll, events, limit, mask, maskBytes);
}

export function sysEpollPwait2(t: Thread, epoll: i32, events: u64, limit: i32, timeout: u64, mask: u64, maskBytes: u64): Result {
  const r = timeoutIn(t, timeout, TimeUnit.Timespec);
  return r < 0 ? r : waitMasked(t, epoll, events, limit, mask, maskBytes);
}

function waitMasked(t: Thread, epoll: i32, events: u64, limit: i32, mask: u64, maskBytes: u64): Result {
  let r = temporaryMask(t, mask, maskBytes);
  if (r < 0) return r;
  r = wait(t, epoll, events, limit);
  if (r != BLOCKED) endTemporaryMask(t, r);
  return r;
}

export function sysEventfd2(t: Thread, value: u32, flags: u32): Result {
  if ((flags & ~(EFD_SEMAPHORE | OpenFlag.CloseOnExec | OpenFlag.NonBlock)) != 0) return -Errno.EINVAL;
  return installFile(t, eventFdNew(value, (flags & EFD_SEMAPHORE) != 0, flags & OpenFlag.NonBlock), flags);
}
