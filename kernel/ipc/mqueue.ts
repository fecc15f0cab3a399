// POSIX message queues (mq_overview(7)): files of a memory file system that each container has one of, so that names, owners and permissions are
// those of any file; it can be mounted as type mqueue. What makes a file a queue hangs on its inode (InodeFlag.Queue, Inode.detail), from the first
// open on. Senders and receivers wait on the queue and look again when woken. Layouts are linuxabi/sys/mqueue.ts.

import { Container } from "../container/container";
import { Errno } from "../errno";
import { memfsNew } from "../fs/memfs";
import { Mountable, MountableOptions, registerMountable } from "../fs/mountable";
import { put, putByte, putUnsigned, Text, textFree, textNew } from "../lib/text";
import { kernelAlloc, kernelFree } from "../mm/heap";
import { copyOut } from "../mm/user";
import { Answer, ANSWER_BYTES, netlinkDeliver, netlinkRetain, NetlinkSocket } from "../net/netlink/netlink";
import { Result } from "../result";
import { capable, Capability, Credentials } from "../task/credentials";
import { LimitKind, softLimit } from "../task/limits";
import { processRelease, processRetain } from "../task/lifecycle";
import { Process, ProcessState } from "../task/process";
import { newInfo, SignalCode } from "../task/siginfo";
import { sendSignalToProcess } from "../task/signal";
import { current } from "../task/thread";
import { hasWaiters, wakeAll, WaitQueue } from "../task/wait";
import { wallNs } from "../time/clock";
import { directoryFirst } from "../vfs/directory";
import { entryRetain, fileSystemRelease, fileSystemRetain, setQueueFree } from "../vfs/entry";
import { setFilePoll, setFileQueue, setFileRead } from "../vfs/file";
import { Entry, File, FileKind, FileSystem, Inode, Mount } from "../vfs/inode";
import { lockReserve, setQueueLeave } from "../vfs/lock";
import { mountRelease } from "../vfs/mount";
import { mountApart } from "../vfs/nameless";
import { setQueueOpener } from "../vfs/operations";
import { pollOn, PollEvent } from "../vfs/poll";

/** fs.mqueue of sysctl(8): queues of a container, and messages and bytes of a message of a queue, at most and when it is not told. */
export const MQUEUES_MAX: u32 = 256;
export const MQUEUE_MESSAGES: u32 = 10;
export const MQUEUE_MESSAGE_BYTES: u32 = 8192;
/** What CAP_SYS_RESOURCE may go up to. */
const MESSAGES_HARD: u32 = 65536;
const MESSAGE_BYTES_HARD: u32 = 16 << 20;
/** MQ_PRIO_MAX. */
export const PRIORITIES: u32 = 32768;
/** Size that every queue's file shows. */
const FILE_BYTES: u64 = 80;
/** What Linux counts for a message and a priority beside the text, against RLIMIT_MSGQUEUE. */
const MESSAGE_COST: u64 = 48;
const PRIORITY_COST: u64 = 48;

@unmanaged
export class Post {
  next: Post | null;
  priority: u32;
  bytes: u32;
  pad: u32;
}
/** The text follows. */
export const POST_HEAD: u32 = 16;
if (offsetof<Post>() != POST_HEAD) ERROR("Post is 16 bytes");

/** How the process that mq_notify(2) registered is told. */
export const enum NotifyBy {
  Signal = 0,
  Nothing = 1,
  /** A cookie in the receive queue of a netlink socket, by which a thread of the C library waits for it. */
  Thread = 2,
}

/** Bytes of the cookie; the last one says what has happened. */
export const NOTIFY_COOKIE_BYTES: u32 = 32;

const enum NotifyCode {
  /** A message has come. */
  Woken = 1,
  /** The process is not registered any more. */
  Removed = 2,
}

@unmanaged
export class MQueue {
  /** Messages by falling priority, and of one priority in order of sending. */
  first: Post | null;
  last: Post | null;
  count: u32;
  bytes: u32;
  messagesMax: u32;
  messageBytes: u32;
  /** Real user of who made it, and what it counts against his limit. */
  uid: u32;
  notifyBy: u32;
  charge: u64;
  /** Who is told of the next message in the empty queue, held; null for nobody. */
  notified: Process | null;
  notifySignal: u32;
  notifyValue: u64;
  /** NotifyBy.Thread: the socket, held, and the datagram with the cookie; 0 once it is delivered. */
  notifySocket: usize;
  notifyCookie: usize;
  sendersFirst: usize;
  sendersLast: usize;
  receiversFirst: usize;
  receiversLast: usize;
  pollFirst: usize;
  pollLast: usize;
}

@inline
export function sendersOf(q: MQueue): WaitQueue {
  return changetype<WaitQueue>(changetype<usize>(q) + offsetof<MQueue>("sendersFirst"));
}

@inline
export function receiversOf(q: MQueue): WaitQueue {
  return changetype<WaitQueue>(changetype<usize>(q) + offsetof<MQueue>("receiversFirst"));
}

@inline
function pollersOf(q: MQueue): WaitQueue {
  return changetype<WaitQueue>(changetype<usize>(q) + offsetof<MQueue>("pollFirst"));
}

@inline
export function mqueueOf(file: File): MQueue {
  return changetype<MQueue>(file.object);
}

/** The mount through which the container's queues are opened, which holds their file system; null when memory is short. */
export function mqueueMount(c: Container): Mount | null {
  if (c.mqueues != 0) return changetype<Mount>(c.mqueues);
  const fs = memfsNew(changetype<usize>(c), 0o1777, 0, 0, 0, 0);
  if (!fs) return null;
  fs.data = 1; // its files are queues
  const mount = mountApart(fs, fs.root!);
  if (!mount) {
    fileSystemRelease(fs);
    return null;
  }
  // The mount takes the new file system's reference over.
  entryRetain(fs.root!);
  c.mqueues = changetype<usize>(mount);
  return mount;
}

/** For the end of a container. */
export function mqueuesEnd(c: Container): void {
  if (c.mqueues != 0) mountRelease(changetype<Mount>(c.mqueues));
  c.mqueues = 0;
}

/** Bytes that a queue counts against RLIMIT_MSGQUEUE. */
function chargeOf(messages: u32, bytes: u32): u64 {
  return <u64>messages * (MESSAGE_COST + bytes) + <u64>min(messages, PRIORITIES) * PRIORITY_COST;
}

/** What counts against the limit of user `uid` in the queues below `root`; `queues` is how many there are of all users. */
function chargedTo(root: Entry, uid: u32): u64 {
  queues = 0;
  let total: u64 = 0;
  let e = directoryFirst(root.inode!);
  while (e) {
    const inode = e.inode;
    if (inode && inode.detail != 0) {
      const q = changetype<MQueue>(<usize>inode.detail);
      queues++;
      if (q.uid == uid) total += q.charge;
    }
    e = e.orderNext;
  }
  return total;
}
let queues: u32 = 0;

/** The next file that is made is a queue for this many messages of that size: 0; -EINVAL, -ENOSPC (too many queues), -EMFILE (RLIMIT_MSGQUEUE). */
export function mqueuePrepare(mount: Mount, c: Credentials, messages: i64, bytes: i64): Result {
  const privileged = capable(c, Capability.SysResource);
  const most: i64 = privileged ? MESSAGES_HARD : MQUEUE_MESSAGES;
  const largest: i64 = privileged ? MESSAGE_BYTES_HARD : MQUEUE_MESSAGE_BYTES;
  const charged = chargedTo(mount.root, c.uid);
  if (queues >= MQUEUES_MAX && !privileged) return -Errno.ENOSPC;
  if (messages <= 0 || bytes <= 0 || messages > most || bytes > largest) return -Errno.EINVAL;
  const limit = softLimit(current.process, LimitKind.MessageQueues);
  if (charged + chargeOf(<u32>messages, <u32>bytes) > limit) return -Errno.EMFILE;
  nextMessages = <u32>messages;
  nextBytes = <u32>bytes;
  return 0;
}

/** What mqueuePrepare said holds no more: the file could not be made. */
export function mqueueUnprepare(): void {
  nextMessages = MQUEUE_MESSAGES;
  nextBytes = MQUEUE_MESSAGE_BYTES;
}

/** What mqueuePrepare said; else a file made by open(2) gets the defaults. */
let nextMessages: u32 = MQUEUE_MESSAGES;
let nextBytes: u32 = MQUEUE_MESSAGE_BYTES;

/** Makes a new file's inode a queue: 0 or -ENOMEM. */
function makeQueue(inode: Inode, messages: u32, bytes: u32): Result {
  const p = kernelAlloc(offsetof<MQueue>());
  if (p == 0) return -Errno.ENOMEM;
  const q = changetype<MQueue>(p);
  q.messagesMax = messages;
  q.messageBytes = bytes;
  q.uid = current.credentials.uid;
  q.charge = chargeOf(messages, bytes);
  inode.detail = <u32>p;
  inode.size = FILE_BYTES;
  return 0;
}

/** Readies an opened file of a queue: 0 or -ENOMEM. One that open(2) has made is a queue as if made without attributes. */
function openQueue(file: File): Result {
  const inode = file.inode;
  if (inode.detail == 0) {
    const r = makeQueue(inode, nextMessages, nextBytes);
    mqueueUnprepare();
    if (r < 0) return r;
  }
  file.object = inode.detail;
  return 0;
}

/** The inode goes, and with it the queue. */
function freeQueue(inode: Inode): void {
  if (inode.detail == 0) return;
  const q = changetype<MQueue>(<usize>inode.detail);
  for (let post: Post | null = q.first; post; post = q.first) {
    q.first = post.next;
    kernelFree(changetype<usize>(post));
  }
  mqueueForget(q);
  kernelFree(inode.locks);
  inode.locks = 0;
  kernelFree(inode.detail);
  inode.detail = 0;
}

function touch(inode: Inode): void {
  const now = wallNs();
  inode.atimeNs = now;
  inode.mtimeNs = now;
  inode.ctimeNs = now;
}

/** Puts a message, allocated with its text behind it, into a queue that is not full; the queue owns it now. */
export function mqueuePut(file: File, post: Post): void {
  const q = mqueueOf(file);
  const last = q.last;
  if (!last || last.priority >= post.priority) {
    if (last) last.next = post;
    else q.first = post;
    q.last = post;
  } else {
    // Behind all that are as urgent; at most messagesMax are there.
    let slot = changetype<usize>(q) + offsetof<MQueue>("first");
    while (changetype<Post>(<usize>load<u32>(slot)).priority >= post.priority) slot = <usize>load<u32>(slot);
    post.next = changetype<Post>(<usize>load<u32>(slot));
    store<u32>(slot, <u32>changetype<usize>(post));
  }
  q.count++;
  q.bytes += post.bytes;
  touch(file.inode);
  if (hasWaiters(receiversOf(q))) wakeAll(receiversOf(q));
  else if (q.count == 1) tell(q);
  wakeAll(pollersOf(q));
}

/** Takes the first message of a queue that is not empty; the caller frees it. */
export function mqueueTake(file: File): Post {
  const q = mqueueOf(file);
  const post = q.first!;
  q.first = post.next;
  if (!post.next) q.last = null;
  q.count--;
  q.bytes -= post.bytes;
  touch(file.inode);
  wakeAll(sendersOf(q));
  wakeAll(pollersOf(q));
  return post;
}

/** A message has come into the empty queue and nobody waits for it: tells who is registered, who then is not any more. */
function tell(q: MQueue): void {
  const process = q.notified;
  if (!process) return;
  if (q.notifyBy == NotifyBy.Signal && q.notifySignal != 0 && process.state == ProcessState.Running) {
    const info = newInfo(q.notifySignal, SignalCode.MessageQueue);
    info.pid = current.process.pid;
    info.uid = current.credentials.uid;
    info.value = q.notifyValue;
    sendSignalToProcess(process, info);
  }
  sendCookie(q, NotifyCode.Woken);
  mqueueForget(q);
}

/** Sends the cookie of NotifyBy.Thread, if there is one, with what has happened. */
function sendCookie(q: MQueue, code: NotifyCode): void {
  const cookie = q.notifyCookie;
  if (cookie == 0) return;
  q.notifyCookie = 0;
  store<u8>(cookie + ANSWER_BYTES + NOTIFY_COOKIE_BYTES - 1, <u8>code);
  netlinkDeliver(changetype<NetlinkSocket>(q.notifySocket), changetype<Answer>(cookie));
}

/** Registers the current process: 0, -EBUSY when one is registered already, or -ENOMEM. */
export function mqueueNotify(file: File, by: NotifyBy, signal: u32, value: u64): Result {
  const q = mqueueOf(file);
  if (q.notified) return -Errno.EBUSY;
  // Whoever closes a descriptor of a file with locks is asked about them, and so about this.
  if (!lockReserve(file.inode)) return -Errno.ENOMEM;
  q.notified = processRetain(current.process);
  q.notifyBy = by;
  q.notifySignal = signal;
  q.notifyValue = value;
  return 0;
}

/** Registers the current process as mqueueNotify does, to be told by the cookie of NOTIFY_COOKIE_BYTES at `cookie` through the socket. */
export function mqueueNotifyThread(file: File, socket: NetlinkSocket, cookie: usize): Result {
  const p = kernelAlloc(ANSWER_BYTES + NOTIFY_COOKIE_BYTES);
  if (p == 0) return -Errno.ENOMEM;
  const r = mqueueNotify(file, NotifyBy.Thread, 0, 0);
  if (r < 0) {
    kernelFree(p);
    return r;
  }
  changetype<Answer>(p).length = NOTIFY_COOKIE_BYTES;
  memory.copy(p + ANSWER_BYTES, cookie, NOTIFY_COOKIE_BYTES);
  const q = mqueueOf(file);
  q.notifyCookie = p;
  q.notifySocket = changetype<usize>(netlinkRetain(socket));
  return 0;
}

/** Nobody is registered any more; a thread that waits for notice is told. */
export function mqueueForget(q: MQueue): void {
  sendCookie(q, NotifyCode.Removed);
  const process = q.notified;
  q.notified = null;
  if (process) processRelease(process);
}

/** A process closes a descriptor of the queue: it is not registered any more (mq_close(3)). */
function leave(inode: Inode): void {
  const q = changetype<MQueue>(<usize>inode.detail);
  if (changetype<usize>(current) != 0 && q.notified == current.process) mqueueForget(q);
}

/** What reading the file shows: bytes in the queue, and who is registered how. */
function read(file: File, ua: u64, count: u32): Result {
  const text = textNew(128);
  if (!text) return -Errno.ENOMEM;
  const q = mqueueOf(file);
  const process = q.notified;
  put(text, "QSIZE:");
  column(text, q.bytes, 10);
  put(text, " NOTIFY:");
  column(text, process ? q.notifyBy : 0, 5);
  put(text, " SIGNO:");
  column(text, process && q.notifyBy == NotifyBy.Signal ? q.notifySignal : 0, 5);
  put(text, " NOTIFY_PID:");
  column(text, process ? process.pid : 0, 6);
  putByte(text, 0x0a);
  let r: Result = text.failed ? -Errno.ENOMEM : 0;
  if (r >= 0 && file.position < text.length) {
    const bytes = min(count, text.length - <u32>file.position);
    r = copyOut(ua, text.data + <u32>file.position, bytes);
    if (r >= 0) {
      file.position += bytes;
      r = bytes;
    }
  }
  textFree(text);
  return r;
}

/** A number, filled up with spaces on the right. */
function column(text: Text, value: u64, width: u32): void {
  const start = text.length;
  putUnsigned(text, value);
  while (text.length - start < width && !text.failed) putByte(text, 0x20);
}

function poll(file: File, poller: usize): u32 {
  const q = mqueueOf(file);
  if (poller != 0) pollOn(poller, pollersOf(q));
  const input = q.count != 0 ? PollEvent.In | PollEvent.ReadNormal : 0;
  return input | (q.count < q.messagesMax ? PollEvent.Out | PollEvent.WriteNormal : 0);
}

function queueOf(file: File, writing: bool): WaitQueue {
  return writing ? sendersOf(mqueueOf(file)) : receiversOf(mqueueOf(file));
}

/** An instance to mount: the container's one. */
function make(c: Container, _options: MountableOptions): FileSystem | null {
  const mount = mqueueMount(c);
  return mount ? fileSystemRetain(mount.fs) : null;
}

/** To be called once at start-up. */
export function mqueuesInit(): void {
  setFileRead(FileKind.MessageQueue, read);
  setFilePoll(FileKind.MessageQueue, poll);
  setFileQueue(FileKind.MessageQueue, queueOf);
  setQueueLeave(leave);
  setQueueFree(freeQueue);
  setQueueOpener(openQueue);
  registerMountable(Mountable.Mqueue, make);
}
