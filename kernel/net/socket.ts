// The socket: what all address families have in common, after socket(7). A family's socket begins with these fields (UnixSocket extends Socket) and
// is told apart by `family`; kernel/net/family.ts dispatches. A socket lives as long as somebody refers to it: its open file, a
// connected peer, a queue it waits in to be accepted, messages it has sent.

import { kernelFree } from "../mm/heap";
import { Result } from "../result";
import { hasWaiters, wakeAll, wakeOne, WaitQueue } from "../task/wait";
import { File, FileKind } from "../vfs/inode";
import { fileNew } from "../vfs/file";
import { OpenFlag } from "../vfs/flags";
import { namelessInode } from "../vfs/nameless";
import { Credentials } from "../task/credentials";
import { S_IFSOCK } from "../vfs/inode";
import { Message } from "./message";
import { NetSpace, spaceRelease, spaceRetain } from "./space";

/** Address families, with Linux's values. */
export const enum Family {
  Unspecified = 0,
  Unix = 1,
  Inet = 2,
  Inet6 = 10,
  Netlink = 16,
}
/** Families have numbers below this. */
export const FAMILIES: u32 = 46;

/** Types, with Linux's values. */
export const enum SocketType {
  Stream = 1,
  Datagram = 2,
  Raw = 3,
  SequencedPacket = 5,
}

export const enum SocketState {
  Closed = 0,
  Listening = 1,
  Connecting = 2,
  Connected = 3,
}

/** Bits of Socket.shutdown. */
export const enum Shutdown {
  Receive = 1,
  Send = 2,
  Both = 3,
}

/** Bits of Socket.options: what SO_* options switch on. */
export const enum SocketOption {
  Debug = 1,
  ReuseAddress = 2,
  DontRoute = 4,
  Broadcast = 8,
  KeepAlive = 0x10,
  OutOfBandInline = 0x20,
  NoCheck = 0x40,
  ReusePort = 0x80,
  PassCredentials = 0x100,
  Timestamp = 0x200,
  TimestampNs = 0x400,
  Linger = 0x800,
  PassSecurity = 0x1000,
  ReceiveOverflow = 0x2000,
  LockFilter = 0x4000,
  SendBufferLocked = 0x8000,
  ReceiveBufferLocked = 0x10000,
  /** SIOCGSTAMP has been asked for: what comes in is stamped. */
  LastStamp = 0x20000,
}

/** SO_SNDBUF and SO_RCVBUF: what a new socket has, and the bounds of what may be asked for without privilege, before it is doubled. */
export const BUFFER_DEFAULT: u32 = 212992;
export const BUFFER_MAX: u32 = 212992;
export const SEND_BUFFER_MIN: u32 = 4608;
export const RECEIVE_BUFFER_MIN: u32 = 2304;
/** net.core.somaxconn: the longest backlog of listen(2). */
export const BACKLOG_MAX: u32 = 4096;
/** No timeout. */
export const FOREVER: u64 = u64.MAX_VALUE;

@unmanaged
export class Socket {
  refs: u32;
  family: u32;
  type: u32;
  state: u32;
  shutdown: u32;
  protocol: u32;
  /** Bits of SocketOption. */
  options: u32;
  /** The open file, which is not counted; null before accept(2) and after the last close. */
  file: File | null;
  space: NetSpace;
  spaceNext: Socket | null;
  spacePrev: Socket | null;
  /** SO_ERROR: an Errno, 0 for none. */
  error: u32;
  /** Closed for good. */
  dead: bool;
  pad0: u8;
  pad1: u16;
  /** Receive queue: messages and their bytes. */
  firstMessage: Message | null;
  lastMessage: Message | null;
  messages: u32;
  bytes: u32;
  /** What messages it has sent and nobody has taken count for, and SO_SNDBUF; SO_RCVBUF. */
  sendCharge: u32;
  sendLimit: u32;
  receiveLimit: u32;
  receiveLow: u32;
  /** SO_PEEK_OFF: where MSG_PEEK goes on, -1 for off. */
  peekOffset: i32;
  lingerSeconds: u32;
  priority: u32;
  mark: u32;
  receiveTimeoutNs: u64;
  sendTimeoutNs: u64;
  /** Blocked receivers and acceptors, blocked senders, and those who poll. */
  readFirst: usize;
  readLast: usize;
  writeFirst: usize;
  writeLast: usize;
  pollFirst: usize;
  pollLast: usize;
}

@inline
export function socketOf(file: File): Socket {
  return changetype<Socket>(file.object);
}

@inline
export function readQueue(s: Socket): WaitQueue {
  return changetype<WaitQueue>(changetype<usize>(s) + offsetof<Socket>("readFirst"));
}

@inline
export function writeQueue(s: Socket): WaitQueue {
  return changetype<WaitQueue>(changetype<usize>(s) + offsetof<Socket>("writeFirst"));
}

@inline
export function pollQueue(s: Socket): WaitQueue {
  return changetype<WaitQueue>(changetype<usize>(s) + offsetof<Socket>("pollFirst"));
}

/** Readies the zeroed memory of a family's socket, with one reference, and puts it in the space's list. */
export function socketInit(s: Socket, space: NetSpace, family: Family, type: u32, protocol: u32): void {
  s.refs = 1;
  s.family = family;
  s.type = type;
  s.protocol = protocol;
  s.sendLimit = BUFFER_DEFAULT;
  s.receiveLimit = BUFFER_DEFAULT;
  s.receiveLow = 1;
  s.peekOffset = -1;
  s.receiveTimeoutNs = FOREVER;
  s.sendTimeoutNs = FOREVER;
  s.space = spaceRetain(space);
  const first = space.first;
  s.spaceNext = first;
  if (first) first.spacePrev = s;
  space.first = s;
}

/** An open file for the socket, whose reference it takes over; null when memory is short, and then the reference stays with the caller. */
export function socketFile(s: Socket, flags: u32, owner: Credentials): File | null {
  const inode = namelessInode(S_IFSOCK | 0o777, owner.fsuid, owner.fsgid, 0);
  if (!inode) return null;
  const file = fileNew(FileKind.Socket, OpenFlag.ReadWrite | (flags & OpenFlag.NonBlock), inode, null, null);
  if (!file) {
    kernelFree(changetype<usize>(inode));
    return null;
  }
  file.object = changetype<usize>(s);
  s.file = file;
  return file;
}

@inline
export function socketRetain(s: Socket): Socket {
  s.refs++;
  return s;
}

/** Takes a socket that is closed for good out of its space's list. */
export function socketUnlist(s: Socket): void {
  const next = s.spaceNext;
  const prev = s.spacePrev;
  if (next) next.spacePrev = prev;
  if (prev) prev.spaceNext = next;
  else s.space.first = next;
  s.spaceNext = null;
  s.spacePrev = null;
}

/** Frees what all families share; for the family, when nobody refers to the socket any more. */
export function socketFree(s: Socket): void {
  spaceRelease(s.space);
  kernelFree(changetype<usize>(s));
}

/** Takes the pending error: its negative, or 0. */
export function takeError(s: Socket): Result {
  const error = s.error;
  s.error = 0;
  return -(<Result>error);
}

/** There is something to receive, or somebody to accept. */
@inline
export function wakeReaders(s: Socket): void {
  if (hasWaiters(readQueue(s))) wakeOne(readQueue(s));
  if (hasWaiters(pollQueue(s))) wakeAll(pollQueue(s));
}

/** Something else has happened: everybody looks again. */
export function wakeEverybody(s: Socket): void {
  wakeAll(readQueue(s));
  wakeAll(writeQueue(s));
  wakeAll(pollQueue(s));
}

/** True while a sender has room enough to be told so: a quarter of the limit is in use at most (poll(2) says POLLOUT). */
@inline
export function hasRoom(s: Socket): bool {
  return s.sendCharge <= s.sendLimit >> 2;
}

/** Appends a message, which counts for `sender` from now on. */
export function enqueueMessage(s: Socket, m: Message, sender: Socket): void {
  m.sender = socketRetain(sender);
  sender.sendCharge += m.charge;
  const last = s.lastMessage;
  if (last) last.next = m;
  else s.firstMessage = m;
  s.lastMessage = m;
  s.messages++;
  s.bytes += m.length;
}

/** Takes `m`, which follows `before` (null: it is the first), out of the queue, without freeing it. */
export function unlinkMessage(s: Socket, m: Message, before: Message | null): void {
  const next = m.next;
  if (before) before.next = next;
  else s.firstMessage = next;
  if (!next) s.lastMessage = before;
  s.messages--;
  s.bytes -= m.length - m.taken;
}
