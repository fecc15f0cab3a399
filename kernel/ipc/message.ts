// System V message queues: messages with a type, in order of sending. Senders wait while the queue is full, receivers until a message of their
// type comes; each looks again when woken. See msgop(2), msgctl(2).

import { Container } from "../container/container";
import { Errno } from "../errno";
import { kernelAlloc, kernelFree } from "../mm/heap";
import { Result } from "../result";
import { Credentials } from "../task/credentials";
import { OperationKind, operationOpens, registerOperation } from "../task/operation";
import { park, Thread } from "../task/thread";
import { wakeAll, WaitQueue } from "../task/wait";
import { ipcAdd, ipcAt, IpcKind, ipcLastPlace, IpcObject, ipcRemove, nowSeconds } from "./table";

/** MSGMAX and MSGMNB: bytes of a message, and of all messages of a queue unless it is told otherwise. */
export const MESSAGE_MAX: u32 = 8192;
export const QUEUE_BYTES_DEFAULT: u32 = 16384;

@unmanaged
export class Message {
  next: Message | null;
  bytes: u32;
  type: i64;
}
/** The text follows its Message. */
export const MESSAGE_HEAD: u32 = 16;
if (offsetof<Message>() != MESSAGE_HEAD) ERROR("Message is 16 bytes");

@unmanaged
export class MessageQueue extends IpcObject {
  first: Message | null;
  last: Message | null;
  count: u32;
  bytes: u32;
  bytesLimit: u64;
  sentSeconds: u64;
  receivedSeconds: u64;
  lastSender: u32;
  lastReceiver: u32;
  sendersFirst: usize;
  sendersLast: usize;
  receiversFirst: usize;
  receiversLast: usize;
}

/** How msgrcv(2) chooses. */
export const enum Choice {
  /** The first message. */
  First = 0,
  /** The first of the type. */
  Type = 1,
  /** The first that is not of the type (MSG_EXCEPT). */
  Except = 2,
  /** The first of the lowest type that is not above the given one. */
  Lowest = 3,
  /** The message at a place of the queue (MSG_COPY). */
  Place = 4,
}

@inline
function senders(q: MessageQueue): WaitQueue {
  return changetype<WaitQueue>(changetype<usize>(q) + offsetof<MessageQueue>("sendersFirst"));
}

@inline
function receivers(q: MessageQueue): WaitQueue {
  return changetype<WaitQueue>(changetype<usize>(q) + offsetof<MessageQueue>("receiversFirst"));
}

/** A new empty queue: its id, -ENOMEM or -ENOSPC. */
export function queueNew(c: Container, key: i32, flags: u32, owner: Credentials): Result {
  const p = kernelAlloc(offsetof<MessageQueue>());
  if (p == 0) return -Errno.ENOMEM;
  const q = changetype<MessageQueue>(p);
  const r = ipcAdd(c, IpcKind.Messages, q, key, flags, owner);
  if (r < 0) {
    kernelFree(p);
    return r;
  }
  q.bytesLimit = QUEUE_BYTES_DEFAULT;
  return r;
}

function queueRelease(q: MessageQueue): void {
  if (--q.refs != 0) return;
  for (let m: Message | null = q.first; m; ) {
    const next = m.next;
    kernelFree(changetype<usize>(m));
    m = next;
  }
  kernelFree(changetype<usize>(q));
}

/** Removes the queue with its messages: whoever waits gets EIDRM. */
export function queueDestroy(q: MessageQueue): void {
  ipcRemove(q);
  queueChanged(q);
  queueRelease(q);
}

/** Limits or permissions changed, or the queue goes: who waits looks again. */
export function queueChanged(q: MessageQueue): void {
  wakeAll(senders(q));
  wakeAll(receivers(q));
}

/** True when a message of `bytes` fits now. */
export function queueHasRoom(q: MessageQueue, bytes: u32): bool {
  return <u64>q.bytes + bytes <= q.bytesLimit && <u64>q.count + 1 <= q.bytesLimit;
}

/** Puts a message, allocated with its text behind it, at the end; the queue owns it now. */
export function queuePut(q: MessageQueue, message: Message, pid: u32): void {
  const last = q.last;
  message.next = null;
  if (last) last.next = message;
  else q.first = message;
  q.last = message;
  q.count++;
  q.bytes += message.bytes;
  q.sentSeconds = nowSeconds();
  q.lastSender = pid;
  wakeAll(receivers(q));
}

/** The message that a receiver's choice means, or null. */
export function queueFind(q: MessageQueue, choice: Choice, type: i64): Message | null {
  let best: Message | null = null;
  let place: i64 = 0;
  let m = q.first;
  while (m) {
    switch (choice) {
      case Choice.First:
        return m;
      case Choice.Type:
        if (m.type == type) return m;
        break;
      case Choice.Except:
        if (m.type != type) return m;
        break;
      case Choice.Place:
        if (place++ == type) return m;
        break;
      default:
        if (m.type <= type && (!best || best.type > m.type)) best = m;
    }
    m = m.next;
  }
  return best;
}

/** Takes the message out of the queue; the caller frees it. */
export function queueTake(q: MessageQueue, message: Message, pid: u32): void {
  let before: Message | null = null;
  let m = q.first;
  while (m && m != message) {
    before = m;
    m = m.next;
  }
  const next = message.next;
  if (before) before.next = next;
  else q.first = next;
  if (q.last == message) q.last = before;
  q.count--;
  q.bytes -= message.bytes;
  q.receivedSeconds = nowSeconds();
  q.lastReceiver = pid;
  wakeAll(senders(q));
}

/** Parks the call until the queue changes for a sender or a receiver; the queue is held until the call ends. */
export function queueWait(t: Thread, q: MessageQueue, isSender: bool): Result {
  if (t.opKind == OperationKind.None) {
    operationOpens();
    t.opKind = OperationKind.Message;
    t.opObject = changetype<usize>(q);
    q.refs++;
  }
  return park(isSender ? senders(q) : receivers(q));
}

/** The queue that the current call has waited on since an earlier run, or a null pointer. */
@inline
export function heldQueue(t: Thread): MessageQueue {
  return changetype<MessageQueue>(t.opKind == OperationKind.Message ? t.opObject : 0);
}

/** Messages and bytes in all queues of the container. */
export function messageTotals(c: Container): void {
  totalMessages = 0;
  totalBytes = 0;
  for (let place = ipcLastPlace(c, IpcKind.Messages); place >= 0; place--) {
    const q = changetype<MessageQueue>(ipcAt(c, IpcKind.Messages, <u32>place));
    if (changetype<usize>(q) == 0) continue;
    totalMessages += q.count;
    totalBytes += q.bytes;
  }
}

/** What the last messageTotals counted. */
export let totalMessages: u32 = 0;
export let totalBytes: u32 = 0;

function releaseHeldQueue(t: Thread): void {
  queueRelease(changetype<MessageQueue>(t.opObject));
}

/** To be called once at start-up. */
export function messagesInit(): void {
  registerOperation(OperationKind.Message, releaseHeldQueue);
}
