// POSIX message queues: mq_open(2), mq_unlink(2), mq_timedsend(2), mq_timedreceive(2), mq_notify(2), mq_getsetattr(2). See mq_overview(7). For
// SIGEV_THREAD the C library passes a netlink socket, from which a thread of its reads a cookie (sysdeps/unix/sysv/linux/mq_notify.c of glibc).

import { Errno } from "../../kernel/errno";
import {
  mqueueForget,
  mqueueMount,
  mqueueNotify,
  mqueueNotifyThread,
  mqueueOf,
  mqueuePrepare,
  mqueuePut,
  mqueueTake,
  mqueueUnprepare,
  MQUEUE_MESSAGE_BYTES,
  MQUEUE_MESSAGES,
  NotifyBy,
  NOTIFY_COOKIE_BYTES,
  Post,
  POST_HEAD,
  PRIORITIES,
  receiversOf,
  sendersOf,
} from "../../kernel/ipc/mqueue";
import { memfsRemove } from "../../kernel/fs/memfs";
import { bytesHash } from "../../kernel/lib/bytes";
import { kernelAlloc, kernelFree } from "../../kernel/mm/heap";
import { copyIn, copyInString, copyOut } from "../../kernel/mm/user";
import { asNetlink } from "../../kernel/net/netlink/netlink";
import { Family, socketOf } from "../../kernel/net/socket";
import { BLOCKED, Result } from "../../kernel/result";
import { NEVER, Thread } from "../../kernel/task/thread";
import { entryRelease } from "../../kernel/vfs/entry";
import { fdLowest, fdSet } from "../../kernel/vfs/fdtable";
import { fileWait } from "../../kernel/vfs/file";
import { FileAccess, OpenFlag } from "../../kernel/vfs/flags";
import { Entry, File, FileKind, Path } from "../../kernel/vfs/inode";
import { openAt } from "../../kernel/vfs/open";
import { mayDelete } from "../../kernel/vfs/permission";
import { lookupChild, PATH_MAX } from "../../kernel/vfs/walk";
import { SigevNotify, SignalEvent } from "../types/time";
import { anyFile, descriptorLimit, descriptors, isNone, openFile } from "./descriptor";
import { absoluteDeadline } from "./futex";
import { contextOf, firstText } from "./path";
import { timespecIn } from "./timespec";

/** struct mq_attr: flags, messages at most, bytes of one at most, messages now, and four words more. */
@unmanaged
class Attributes {
  flags: i64;
  messagesMax: i64;
  messageBytes: i64;
  messages: i64;
  reserved0: u64;
  reserved1: u64;
  reserved2: u64;
  reserved3: u64;
}
const ATTRIBUTES_BYTES: u32 = 64;
if (offsetof<Attributes>() != ATTRIBUTES_BYTES) ERROR("struct mq_attr is 64 bytes");

const space = memory.data(64, 8);
const attributes = changetype<Attributes>(space);
const place = changetype<Path>(memory.data(8, 8));
const cookie = memory.data(32, 8);

/** Copies a queue's name, without the slash that the C library has taken off, to firstText: its length, or an error. */
function nameIn(ua: u64): Result {
  const length = copyInString(firstText, ua, PATH_MAX);
  if (length == 0) return -Errno.ENOENT;
  if (length < 0) return length;
  for (let i: u32 = 0; i < <u32>length; i++) if (load<u8>(firstText + i) == 0x2f) return -Errno.EACCES;
  const dots = load<u8>(firstText) == 0x2e && (length == 1 || (length == 2 && load<u8>(firstText + 1) == 0x2e));
  return dots ? -Errno.EACCES : length;
}

export function sysMqOpen(t: Thread, name: u64, flags: u32, mode: u32, attributesAt: u64): Result {
  if (attributesAt != 0) {
    const r = copyIn(space, attributesAt, ATTRIBUTES_BYTES);
    if (r < 0) return r;
  }
  const length = nameIn(name);
  if (length < 0) return length;
  const mount = mqueueMount(t.process.container);
  if (!mount) return -Errno.ENOMEM;
  const r = lookupChild(mount.root, firstText, <u32>length, bytesHash(firstText, <u32>length));
  if (r < 0) return r;
  const exists = r != 0;
  if (exists) entryRelease(changetype<Entry>(<usize>r));
  else if ((flags & OpenFlag.Create) == 0) return -Errno.ENOENT;
  const exclusive: u32 = OpenFlag.Create | OpenFlag.Exclusive;
  if (exists && (flags & exclusive) == exclusive) return -Errno.EEXIST;
  if (!exists) {
    const messages: i64 = attributesAt != 0 ? attributes.messagesMax : MQUEUE_MESSAGES;
    const bytes: i64 = attributesAt != 0 ? attributes.messageBytes : MQUEUE_MESSAGE_BYTES;
    const allowed = mqueuePrepare(mount, t.credentials, messages, bytes);
    if (allowed < 0) return allowed;
  } else if ((flags & OpenFlag.AccessMask) == OpenFlag.AccessMask) return -Errno.EINVAL;
  place.mount = mount;
  place.entry = mount.root;
  return openQueue(t, <u32>length, (flags & (OpenFlag.AccessMask | OpenFlag.NonBlock)) | (exists ? 0 : exclusive), mode);
}

/** Opens the queue whose name is in firstText, or makes it: a descriptor or an error. */
function openQueue(t: Thread, length: u32, flags: u32, mode: u32): Result {
  const table = descriptors(t);
  const fd = fdLowest(table, 0, descriptorLimit(t));
  const r = fd < 0 ? fd : openAt(contextOf(t), t.credentials, place, firstText, length, flags, mode);
  mqueueUnprepare();
  if (r < 0) return r;
  fdSet(table, <u32>fd, changetype<File>(<usize>r), true);
  return fd;
}

export function sysMqUnlink(t: Thread, name: u64): Result {
  const length = nameIn(name);
  if (length < 0) return length;
  const mount = mqueueMount(t.process.container);
  if (!mount) return -Errno.ENOMEM;
  let r = lookupChild(mount.root, firstText, <u32>length, bytesHash(firstText, <u32>length));
  if (r <= 0) return r == 0 ? -Errno.ENOENT : r;
  const e = changetype<Entry>(<usize>r);
  r = mayDelete(mount.root.inode!, e.inode!, t.credentials, false);
  if (r >= 0) r = memfsRemove(mount.root, e);
  entryRelease(e);
  return r;
}

/** The queue that a call works on: a null pointer when `fd` is none, or not opened for `access`. */
function queueFile(t: Thread, fd: i32, access: u32): File {
  const file = openFile(t, fd);
  return isNone(file) || file.kind != FileKind.MessageQueue || (file.access & access) != access ? changetype<File>(0) : file;
}

/** Takes the absolute time at `ua` (0: none) of the real-time clock as `deadlineNs`: 0, -EINVAL, -EFAULT or BLOCKED. */
function deadlineIn(ua: u64): Result {
  deadlineNs = NEVER;
  if (ua == 0) return 0;
  const r = timespecIn(ua);
  deadlineNs = absoluteDeadline(true);
  return r;
}
let deadlineNs: u64 = 0;

export function sysMqTimedsend(t: Thread, fd: i32, message: u64, bytes: u64, priority: u32, timeout: u64): Result {
  let r = deadlineIn(timeout);
  if (r < 0) return r;
  if (priority >= PRIORITIES) return -Errno.EINVAL;
  const file = queueFile(t, fd, FileAccess.Write);
  if (isNone(file)) return -Errno.EBADF;
  const q = mqueueOf(file);
  if (bytes > q.messageBytes) return -Errno.EMSGSIZE;
  const p = kernelAlloc(POST_HEAD + <u32>bytes);
  if (p == 0) return -Errno.ENOMEM;
  r = copyIn(p + POST_HEAD, message, <u32>bytes);
  if (r >= 0 && q.count >= q.messagesMax) {
    r = (file.flags & OpenFlag.NonBlock) != 0 ? -Errno.EAGAIN : fileWait(file, sendersOf(q), false, deadlineNs);
  }
  if (r < 0) {
    kernelFree(p);
    return r;
  }
  const post = changetype<Post>(p);
  post.bytes = <u32>bytes;
  post.priority = priority;
  mqueuePut(file, post);
  return 0;
}

export function sysMqTimedreceive(t: Thread, fd: i32, message: u64, bytes: u64, priorityAt: u64, timeout: u64): Result {
  let r = deadlineIn(timeout);
  if (r < 0) return r;
  const file = queueFile(t, fd, FileAccess.Read);
  if (isNone(file)) return -Errno.EBADF;
  const q = mqueueOf(file);
  if (bytes < q.messageBytes) return -Errno.EMSGSIZE;
  if (q.count == 0) {
    if ((file.flags & OpenFlag.NonBlock) != 0) return -Errno.EAGAIN;
    return fileWait(file, receiversOf(q), false, deadlineNs);
  }
  const post = q.first!;
  store<u32>(space, post.priority);
  if (priorityAt != 0) r = copyOut(priorityAt, space, 4);
  if (r >= 0) r = copyOut(message, changetype<usize>(post) + POST_HEAD, post.bytes);
  if (r == BLOCKED) return r;
  // As on Linux a message that cannot be written is lost.
  mqueueTake(file);
  if (r >= 0) r = post.bytes;
  kernelFree(changetype<usize>(post));
  return r;
}

/** mq_notify(2). */
export function sysMqNotify(t: Thread, fd: i32, eventAt: u64): Result {
  const e = changetype<SignalEvent>(space);
  if (eventAt != 0) {
    const r = eventIn(t, e, eventAt);
    if (r < 0) return r;
  }
  const file = queueFile(t, fd, 0);
  if (isNone(file)) return -Errno.EBADF;
  const q = mqueueOf(file);
  if (eventAt == 0) {
    if (q.notified == t.process) mqueueForget(q);
    return 0;
  }
  if (e.notify == SigevNotify.SIGEV_THREAD) return mqueueNotifyThread(file, asNetlink(socketOf(anyFile(t, e.signal))), cookie);
  return mqueueNotify(file, e.notify == SigevNotify.SIGEV_SIGNAL ? NotifyBy.Signal : NotifyBy.Nothing, e.signal, e.value);
}

/** Takes struct sigevent, for SIGEV_THREAD with its cookie and a socket that takes it: 0, -EINVAL, -EFAULT, -EBADF, -ENOTSOCK, BLOCKED. */
function eventIn(t: Thread, e: SignalEvent, ua: u64): Result {
  let r = copyIn(space, ua, offsetof<SignalEvent>());
  if (r < 0) return r;
  if (e.notify == SigevNotify.SIGEV_SIGNAL) return <u32>e.signal > 64 ? -Errno.EINVAL : 0;
  if (e.notify == SigevNotify.SIGEV_NONE) return 0;
  if (e.notify != SigevNotify.SIGEV_THREAD) return -Errno.EINVAL;
  r = copyIn(cookie, e.value, NOTIFY_COOKIE_BYTES);
  if (r < 0) return r;
  const file = anyFile(t, e.signal);
  if (isNone(file)) return -Errno.EBADF;
  if (file.kind != FileKind.Socket) return -Errno.ENOTSOCK;
  return socketOf(file).family == Family.Netlink ? 0 : -Errno.EINVAL;
}

export function sysMqGetsetattr(t: Thread, fd: i32, wanted: u64, old: u64): Result {
  let flags: i64 = 0;
  if (wanted != 0) {
    const r = copyIn(space, wanted, ATTRIBUTES_BYTES);
    if (r < 0) return r;
    flags = attributes.flags;
    if ((flags & ~(<i64>OpenFlag.NonBlock)) != 0) return -Errno.EINVAL;
  }
  const file = queueFile(t, fd, 0);
  if (isNone(file)) return -Errno.EBADF;
  const q = mqueueOf(file);
  memory.fill(space, 0, ATTRIBUTES_BYTES);
  attributes.flags = file.flags & OpenFlag.NonBlock;
  attributes.messagesMax = q.messagesMax;
  attributes.messageBytes = q.messageBytes;
  attributes.messages = q.count;
  if (wanted != 0) file.flags = (file.flags & ~(<u32>OpenFlag.NonBlock)) | (<u32>flags);
  return old == 0 ? 0 : copyOut(old, space, ATTRIBUTES_BYTES);
}
