// System V message queues: msgget(2), msgsnd(2), msgrcv(2), msgctl(2).

import { Errno } from "../../kernel/errno";
import {
  Choice,
  heldQueue,
  Message,
  MESSAGE_HEAD,
  MESSAGE_MAX,
  MessageQueue,
  messageTotals,
  QUEUE_BYTES_DEFAULT,
  queueChanged,
  queueDestroy,
  queueFind,
  queueHasRoom,
  queueNew,
  queuePut,
  queueTake,
  queueWait,
  totalBytes,
  totalMessages,
} from "../../kernel/ipc/message";
import { ipcCount, ipcFind, ipcFound, ipcGet, IpcKind, IPC_NOWAIT, ipcPermission, MESSAGE_QUEUES_MAX } from "../../kernel/ipc/table";
import { kernelAlloc, kernelFree } from "../../kernel/mm/heap";
import { copyIn, copyOut } from "../../kernel/mm/user";
import { BLOCKED, Result } from "../../kernel/result";
import { capable, Capability } from "../../kernel/task/credentials";
import { Thread } from "../../kernel/task/thread";
import { IpcCommand, MsgCommand, MsgFlag, MSGINFO_BYTES, MsgStatus } from "../types/ipc";
import { foundId, highestPlace, ipcObject, ownedObject, permittedObject, placedObject, putPermission, takePermission } from "./ipc";

const READ: u32 = 0o444;
const WRITE: u32 = 0o222;

const status = memory.data(offsetof<MsgStatus>(), 8);
const word = memory.data(8, 8);

export function sysMsgget(t: Thread, key: i32, flags: u32): Result {
  const c = t.process.container;
  const r = ipcGet(c, IpcKind.Messages, key, flags);
  if (r < 0) return r;
  return changetype<usize>(ipcFound) == 0 ? queueNew(c, key, flags, t.credentials) : foundId(t, flags);
}

/** The queue a call works on: the one it waits on, else that of `id`; a null pointer when there is none. */
function queueOf(t: Thread, id: i32): MessageQueue {
  const held = heldQueue(t);
  return changetype<usize>(held) != 0 ? held : changetype<MessageQueue>(ipcFind(t.process.container, IpcKind.Messages, id));
}

export function sysMsgsnd(t: Thread, id: i32, ua: u64, bytes: u64, flags: u32): Result {
  let r = copyIn(word, ua, 8);
  if (r < 0) return r;
  const type = load<i64>(word);
  if (id < 0 || bytes > MESSAGE_MAX || type < 1) return -Errno.EINVAL;
  const q = queueOf(t, id);
  if (changetype<usize>(q) == 0) return -Errno.EINVAL;
  if (q.isRemoved) return -Errno.EIDRM;
  r = ipcPermission(q, t.credentials, WRITE);
  if (r < 0) return r;
  if (!queueHasRoom(q, <u32>bytes)) {
    if (flags & IPC_NOWAIT) return -Errno.EAGAIN;
    r = queueWait(t, q, true);
    return r == -Errno.ERESTARTSYS ? -Errno.EINTR : r;
  }
  const p = kernelAlloc(MESSAGE_HEAD + <u32>bytes);
  if (p == 0) return -Errno.ENOMEM;
  r = copyIn(p + MESSAGE_HEAD, ua + 8, <u32>bytes);
  if (r < 0) {
    kernelFree(p);
    return r;
  }
  const message = changetype<Message>(p);
  message.bytes = <u32>bytes;
  message.type = type;
  queuePut(q, message, t.process.pid);
  return 0;
}

/** How `type` and the flags choose, as queueFind takes it. */
function choiceOf(type: i64, flags: u32): Choice {
  if (flags & MsgFlag.MSG_COPY) return Choice.Place;
  if (type == 0) return Choice.First;
  if (type < 0) return Choice.Lowest;
  return flags & MsgFlag.MSG_EXCEPT ? Choice.Except : Choice.Type;
}

export function sysMsgrcv(t: Thread, id: i32, ua: u64, bytes: u64, type: i64, flags: u32): Result {
  if (id < 0 || <i64>bytes < 0) return -Errno.EINVAL;
  // Copying is for those who save and restore programs, and must not wait (MSG_COPY needs IPC_NOWAIT).
  if (flags & MsgFlag.MSG_COPY && (flags & MsgFlag.MSG_EXCEPT || !(flags & IPC_NOWAIT))) return -Errno.EINVAL;
  const q = queueOf(t, id);
  if (changetype<usize>(q) == 0) return -Errno.EINVAL;
  if (q.isRemoved) return -Errno.EIDRM;
  let r = ipcPermission(q, t.credentials, READ);
  if (r < 0) return r;
  const choice = choiceOf(type, flags);
  const wanted = choice != Choice.Lowest ? type : type == i64.MIN_VALUE ? i64.MAX_VALUE : -type;
  const message = queueFind(q, choice, wanted);
  if (!message) {
    if (flags & IPC_NOWAIT) return -Errno.ENOMSG;
    r = queueWait(t, q, false);
    return r == -Errno.ERESTARTSYS ? -Errno.EINTR : r;
  }
  if (bytes < message.bytes && !(flags & MsgFlag.MSG_NOERROR)) return -Errno.E2BIG;
  const taken = min(<u32>min<u64>(bytes, MESSAGE_MAX), message.bytes);
  store<i64>(word, message.type);
  r = copyOut(ua, word, 8);
  if (r >= 0) r = copyOut(ua + 8, changetype<usize>(message) + MESSAGE_HEAD, taken);
  if (r == BLOCKED) return r;
  // As on Linux a message that cannot be written is lost.
  if (choice != Choice.Place) {
    queueTake(q, message, t.process.pid);
    kernelFree(changetype<usize>(message));
  }
  return r < 0 ? r : taken;
}

export function sysMsgctl(t: Thread, id: i32, command: i32, ua: u64): Result {
  if (id < 0 || command < 0) return -Errno.EINVAL;
  switch (command) {
    case IpcCommand.IPC_INFO:
    case MsgCommand.MSG_INFO:
      return limitsOut(t, ua, command == MsgCommand.MSG_INFO);
    case IpcCommand.IPC_STAT: {
      const r = permittedObject(t, IpcKind.Messages, id, READ);
      return r < 0 ? r : statusOut(ua, 0);
    }
    case MsgCommand.MSG_STAT:
    case MsgCommand.MSG_STAT_ANY: {
      const r = placedObject(t, IpcKind.Messages, id, command == MsgCommand.MSG_STAT_ANY);
      return r < 0 ? r : statusOut(ua, ipcObject.id);
    }
    case IpcCommand.IPC_SET:
      return set(t, id, ua);
    case IpcCommand.IPC_RMID: {
      const r = ownedObject(t, IpcKind.Messages, id);
      if (r >= 0) queueDestroy(changetype<MessageQueue>(ipcObject));
      return r;
    }
    default:
      return -Errno.EINVAL;
  }
}

/** IPC_SET: owner, permissions, and how much the queue may hold; more than the default is for the privileged. */
function set(t: Thread, id: i32, ua: u64): Result {
  let r = copyIn(status, ua, offsetof<MsgStatus>());
  if (r >= 0) r = ownedObject(t, IpcKind.Messages, id);
  if (r < 0) return r;
  const wanted = changetype<MsgStatus>(status);
  if (wanted.bytesLimit > QUEUE_BYTES_DEFAULT && !capable(t.credentials, Capability.SysResource)) return -Errno.EPERM;
  r = takePermission(ipcObject, wanted);
  if (r < 0) return r;
  const q = changetype<MessageQueue>(ipcObject);
  q.bytesLimit = wanted.bytesLimit;
  queueChanged(q);
  return 0;
}

/** Writes struct msqid64_ds of the object found last; `result` or -EFAULT. */
function statusOut(ua: u64, result: Result): Result {
  const q = changetype<MessageQueue>(ipcObject);
  const out = changetype<MsgStatus>(status);
  memory.fill(status, 0, offsetof<MsgStatus>());
  putPermission(out, q);
  out.sentSeconds = q.sentSeconds;
  out.receivedSeconds = q.receivedSeconds;
  out.changedSeconds = q.changedSeconds;
  out.bytes = q.bytes;
  out.count = q.count;
  out.bytesLimit = q.bytesLimit;
  out.lastSender = q.lastSender;
  out.lastReceiver = q.lastReceiver;
  const r = copyOut(ua, status, offsetof<MsgStatus>());
  return r < 0 ? r : result;
}

/** struct msginfo: limits; with `used`, what there is in three of the fields. */
function limitsOut(t: Thread, ua: u64, used: bool): Result {
  const c = t.process.container;
  messageTotals(c);
  memory.fill(status, 0, MSGINFO_BYTES);
  store<u32>(status, used ? ipcCount(c, IpcKind.Messages) : (MESSAGE_QUEUES_MAX * QUEUE_BYTES_DEFAULT) / 1024); // msgpool
  store<u32>(status, used ? totalMessages : QUEUE_BYTES_DEFAULT, 4); // msgmap
  store<u32>(status, MESSAGE_MAX, 8);
  store<u32>(status, QUEUE_BYTES_DEFAULT, 12);
  store<u32>(status, MESSAGE_QUEUES_MAX, 16);
  store<u32>(status, 16, 20); // msgssz
  store<u32>(status, used ? totalBytes : QUEUE_BYTES_DEFAULT, 24); // msgtql
  store<u16>(status, 0xffff, 28); // msgseg
  const r = copyOut(ua, status, MSGINFO_BYTES);
  return r < 0 ? r : highestPlace(t, IpcKind.Messages);
}
