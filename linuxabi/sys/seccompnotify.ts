// ioctl(2) of a seccomp listener: receiving notifications of calls, answering them, and giving the caller descriptors. See seccomp_unotify(2);
// the objects are in linuxabi/seccomp/listener.ts.

import { Errno } from "../../kernel/errno";
import { copyIn, copyOut } from "../../kernel/mm/user";
import { Result } from "../../kernel/result";
import { LimitKind, softLimit } from "../../kernel/task/limits";
import { current } from "../../kernel/task/thread";
import { wakeAll } from "../../kernel/task/wait";
import { FdTable, fdInstall, fdReplace } from "../../kernel/vfs/fdtable";
import { fileRelease, fileRetain, fileWait } from "../../kernel/vfs/file";
import { OpenFlag } from "../../kernel/vfs/flags";
import { File } from "../../kernel/vfs/inode";
import {
  answer,
  isUnused,
  Listener,
  listenerOf,
  listenersInit,
  Notification,
  NOTIFICATION_BYTES,
  notificationFind,
  NotificationState,
  notificationWaiting,
  queueOf,
  setState,
} from "../seccomp/listener";
import {
  ADDFD_BYTES,
  ADDFD_BYTES_MAX,
  AddfdFlag,
  NOTIF_BYTES,
  NOTIF_RESP_BYTES,
  NotifyIoctl,
  SECCOMP_DATA_BYTES,
  SECCOMP_IOCTL_BASE_MASK,
  SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP,
  SECCOMP_USER_NOTIF_FLAG_CONTINUE,
} from "../types/seccomp";
import { isNone, openFile } from "./descriptor";

const space = memory.data(<u32>NOTIF_BYTES, 8);
const byte = memory.data(1);

/** SECCOMP_IOCTL_NOTIF_RECV: 0, -EINVAL, -EFAULT, BLOCKED, -ERESTARTSYS; -ENOENT when the call was interrupted, or none can come. */
function receive(file: File, l: Listener, ua: u64): Result {
  let r = copyIn(space, ua, NOTIF_BYTES);
  if (r < 0) return r;
  for (let at: u32 = 0; at < NOTIF_BYTES; at += 8) if (load<u64>(space + at) != 0) return -Errno.EINVAL;
  const unused = isUnused(l);
  if (!unused && l.requests == 0) return fileWait(file, queueOf(changetype<usize>(l)));
  const n = notificationWaiting(l);
  if (!n) {
    if (!unused) l.requests--;
    return -Errno.ENOENT;
  }
  store<u64>(space, n.id);
  store<u32>(space, n.thread.tid, 8);
  memory.copy(space + 16, changetype<usize>(n) + NOTIFICATION_BYTES, SECCOMP_DATA_BYTES);
  r = copyOut(ua, space, NOTIF_BYTES);
  if (r < 0) return r;
  l.requests--;
  setState(l, n, NotificationState.Received);
  wakeAll(queueOf(changetype<usize>(l)));
  return 0;
}

/** The notification with this id, which somebody has received and nobody answered, as a pointer; -ENOENT or -EINPROGRESS. */
function received(l: Listener, id: u64): Result {
  const n = notificationFind(l, id);
  if (!n) return -Errno.ENOENT;
  return n.state == NotificationState.Received ? <Result>changetype<usize>(n) : -Errno.EINPROGRESS;
}

/** SECCOMP_IOCTL_NOTIF_SEND. */
function send(l: Listener, ua: u64): Result {
  const r = copyIn(space, ua, NOTIF_RESP_BYTES);
  if (r < 0) return r;
  const value = load<u64>(space, 8);
  const error = load<i32>(space, 16);
  const flags = load<u32>(space, 20);
  const continues = (flags & SECCOMP_USER_NOTIF_FLAG_CONTINUE) != 0;
  if ((flags & ~SECCOMP_USER_NOTIF_FLAG_CONTINUE) != 0 || (continues && (error != 0 || value != 0))) return -Errno.EINVAL;
  const found = received(l, load<u64>(space));
  if (found < 0) return found;
  answer(l, changetype<Notification>(<usize>found), error, value, continues);
  return 0;
}

/** SECCOMP_IOCTL_NOTIF_ID_VALID: 0 while the caller waits for an answer, else -ENOENT. */
function isValid(l: Listener, ua: u64): Result {
  const r = copyIn(space, ua, 8);
  if (r < 0) return r;
  return received(l, load<u64>(space)) < 0 ? -Errno.ENOENT : 0;
}

/** Takes the struct seccomp_notif_addfd of `bytes` bytes: 0, or an error in Linux's order. */
function addfdIn(ua: u64, bytes: u32): Result {
  if (bytes < ADDFD_BYTES || bytes >= ADDFD_BYTES_MAX) return -Errno.EINVAL;
  let r = copyIn(space, ua, ADDFD_BYTES);
  for (let at = ADDFD_BYTES; at < bytes && r >= 0; at++) {
    r = copyIn(byte, ua + at, 1);
    if (r >= 0 && load<u8>(byte) != 0) return -Errno.E2BIG;
  }
  return r;
}

/** SECCOMP_IOCTL_NOTIF_ADDFD: the number that one of our files has for the caller now; -EMFILE, -EBADF and -ENOMEM as its dup would fail. */
function addDescriptor(l: Listener, ua: u64, bytes: u32): Result {
  let r = addfdIn(ua, bytes);
  if (r < 0) return r;
  const flags = load<u32>(space, 8);
  const wanted = load<u32>(space, 16);
  const fileFlags = load<u32>(space, 20);
  const replaces = (flags & AddfdFlag.SETFD) != 0;
  if ((fileFlags & ~(<u32>OpenFlag.CloseOnExec)) != 0 || (flags & ~(<u32>(AddfdFlag.SETFD | AddfdFlag.SEND))) != 0) return -Errno.EINVAL;
  if (wanted != 0 && !replaces) return -Errno.EINVAL;
  const file = openFile(current, load<i32>(space, 12));
  if (isNone(file)) return -Errno.EBADF;
  const found = received(l, load<u64>(space));
  if (found < 0) return found;
  const n = changetype<Notification>(<usize>found);
  const process = n.thread.process;
  const table = changetype<FdTable>(process.files);
  const limit = softLimit(process, LimitKind.OpenFiles);
  const closes = fileFlags != 0;
  fileRetain(file);
  r = replaces ? fdReplace(table, wanted, file, limit, closes) : fdInstall(table, file, 0, limit, closes);
  if (r < 0) fileRelease(file);
  else if ((flags & AddfdFlag.SEND) != 0) answer(l, n, 0, r, false);
  return r;
}

function listenerIoctl(file: File, request: u32, argument: u64): Result {
  const l = listenerOf(file);
  switch (request) {
    case NotifyIoctl.RECV:
      return receive(file, l, argument);
    case NotifyIoctl.SEND:
      return send(l, argument);
    case NotifyIoctl.ID_VALID:
    case NotifyIoctl.ID_VALID_WRONG_DIR:
      return isValid(l, argument);
    case NotifyIoctl.SET_FLAGS:
      // Where the answered caller runs first: there is one CPU.
      return (argument & ~(<u64>SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP)) != 0 ? -Errno.EINVAL : 0;
  }
  const isAddfd = (request & SECCOMP_IOCTL_BASE_MASK) == (NotifyIoctl.ADDFD & SECCOMP_IOCTL_BASE_MASK);
  return isAddfd ? addDescriptor(l, argument, (request >> 16) & 0x3fff) : -Errno.EINVAL;
}

/** To be called once at start-up. */
export function seccompNotifyInit(): void {
  listenersInit(listenerIoctl);
}
