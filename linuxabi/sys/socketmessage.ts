// Sending and receiving through sockets: sendto, recvfrom, sendmsg, recvmsg, sendmmsg, recvmmsg. See send(2), recv(2), sendmmsg(2), recvmmsg(2).
// A call that waits runs again from the top: Thread.opDone has the bytes moved by then, Thread.opPhase the whole messages.

import { Errno } from "../../kernel/errno";
import { copyIn, copyOut, userRange } from "../../kernel/mm/user";
import { Exchange, exchangeOne, exchangeStart, GROUP_FORGOTTEN, MessageFlag } from "../../kernel/net/exchange";
import { NOBODY } from "../../kernel/net/message";
import { Socket, socketOf, SocketOption, takeError } from "../../kernel/net/socket";
import { socketReceive, socketSend } from "../../kernel/net/transfer";
import { BLOCKED, Result } from "../../kernel/result";
import { operationOpens } from "../../kernel/task/operation";
import { Thread } from "../../kernel/task/thread";
import { nowNs } from "../../kernel/time/clock";
import { File } from "../../kernel/vfs/inode";
import { TRANSFER_MAX } from "../../kernel/vfs/transfer";
import { MANY_HEADER_BYTES, MANY_LENGTH_OFFSET, MessageHeader, MESSAGE_HEADER_BYTES, MSG_CMSG_COMPAT } from "../types/socket";
import { isNone } from "./descriptor";
import { controlDrop, controlIn, controlOut } from "./socketcontrol";
import { addressBytes, addressIn, addressOut, notSocket, socketFor } from "./socketfile";
import { addSaturating, timeNs, timespecIn, timespecOut } from "./timespec";
import { vectorDone, vectorIn, vectorPieces, vectorTotal } from "./vector";

/** UIO_MAXIOV: pieces of one message, and messages of one call. */
const PIECES_MAX: u64 = 1024;
const MESSAGES_MAX: u32 = 1024;
const I32_MAX: u64 = 0x7fff_ffff;

/** Number of recvmmsg, which keeps a deadline in Thread.opData. */
const RECVMMSG: u32 = 299;

const header = changetype<MessageHeader>(memory.data(56, 8));
const word = memory.data(8, 8);

export function sysSendto(t: Thread, fd: i32, buffer: u64, count: u64, flags: u32, address: u64, length: i32): Result {
  if (!userRange(buffer, count)) return -Errno.EFAULT;
  const file = socketFor(t, fd);
  if (isNone(file)) return notSocket(t, fd);
  const e = exchangeOne(buffer, <u32>min<u64>(count, TRANSFER_MAX), flags);
  if (t.opDone != 0) exchangeStart(e.pieces, e.total, flags, <u32>t.opDone);
  if (address != 0) {
    const r = addressIn(address, length);
    if (r < 0) return r;
    e.address = addressBytes;
    e.addressLength = <u32>r;
  }
  return socketSend(file);
}

export function sysRecvfrom(t: Thread, fd: i32, buffer: u64, count: u64, flags: u32, address: u64, length: u64): Result {
  if (!userRange(buffer, count)) return -Errno.EFAULT;
  const file = socketFor(t, fd);
  if (isNone(file)) return notSocket(t, fd);
  const e = exchangeOne(buffer, <u32>min<u64>(count, TRANSFER_MAX), flags);
  if (t.opDone != 0) exchangeStart(e.pieces, e.total, flags, <u32>t.opDone);
  const r = socketReceive(file);
  controlDrop(e);
  if (r < 0 || address == 0) return r;
  const out = addressOut(address, length, e.address, e.addressLength);
  return out < 0 ? out : r;
}

/** Copies a struct msghdr to `header` and its pieces to where vectorPieces says: 0 or -errno. Pair it with vectorDone. */
function headerIn(ua: u64): Result {
  const r = copyIn(changetype<usize>(header), ua, MESSAGE_HEADER_BYTES);
  if (r < 0) return r;
  if (header.nameLength < 0 && header.name != 0) return -Errno.EINVAL;
  if (header.vectorCount > PIECES_MAX) return -Errno.EMSGSIZE;
  return vectorIn(header.vector, header.vectorCount);
}

/** Sends the message of the struct msghdr at `ua`. */
function sendOne(t: Thread, file: File, ua: u64, flags: u32): Result {
  let r = headerIn(ua);
  if (r >= 0) r = sendHeader(t, file, flags);
  vectorDone();
  return r;
}

function sendHeader(t: Thread, file: File, flags: u32): Result {
  let r: Result = 0;
  const e = exchangeStart(vectorPieces(), vectorTotal(), flags, <u32>t.opDone);
  if (header.name != 0 && header.nameLength != 0) {
    r = addressIn(header.name, min(header.nameLength, 128));
    if (r < 0) return r;
    e.address = addressBytes;
    e.addressLength = <u32>r;
  }
  if (header.controlLength > I32_MAX) return -Errno.ENOBUFS;
  // What goes along went with the first bytes.
  if (header.controlLength != 0 && t.opDone == 0) {
    r = controlIn(t, e, socketOf(file), header.control, header.controlLength);
    if (r < 0) return r;
  }
  r = socketSend(file);
  controlDrop(e);
  return r;
}

export function sysSendmsg(t: Thread, fd: i32, message: u64, flags: u32): Result {
  if ((flags & MSG_CMSG_COMPAT) != 0) return -Errno.EINVAL;
  const file = socketFor(t, fd);
  return isNone(file) ? notSocket(t, fd) : sendOne(t, file, message, flags);
}

/** Receives into the struct msghdr at `ua`. */
function receiveOne(t: Thread, file: File, ua: u64, flags: u32): Result {
  let r = headerIn(ua);
  if (r >= 0) {
    const before = <u32>t.opDone;
    const e = exchangeStart(vectorPieces(), vectorTotal(), flags, before);
    e.pid = 0;
    e.uid = NOBODY;
    e.gid = NOBODY;
    if (before != 0) rememberWriter(t, e);
    r = socketReceive(file);
    if (r == BLOCKED && e.credentials) noteWriter(t, e);
    // A call that goes on waiting after some bytes tells who sent them at once: later runs only add bytes of the same writer.
    if (before == 0 && (r >= 0 || t.opDone != 0)) r = resultOut(t, socketOf(file), e, ua, r);
  }
  vectorDone();
  return r;
}

/** Keeps the writer of what has been received across a park. In recvmmsg the place is taken, and messages of several writers may be joined. */
function noteWriter(t: Thread, e: Exchange): void {
  if (<u32>t.call == RECVMMSG) return;
  operationOpens();
  t.opData = ((<u64>e.uid) << 32) | e.pid;
}

function rememberWriter(t: Thread, e: Exchange): void {
  if (<u32>t.call == RECVMMSG) return;
  e.credentials = true;
  e.pid = <u32>t.opData;
  e.uid = <u32>(t.opData >> 32);
  e.gid = GROUP_FORGOTTEN;
}

/** Writes address, control messages and flags back, after the result `r`: that, or -errno. */
function resultOut(t: Thread, s: Socket, e: Exchange, ua: u64, r: Result): Result {
  if ((s.options & SocketOption.PassCredentials) != 0) e.credentials = true;
  const used = controlOut(t, s, e, header.control, header.controlLength);
  let out: Result = 0;
  if (header.name != 0) out = addressOut(header.name, ua + offsetof<MessageHeader>("nameLength"), e.address, e.addressLength);
  store<u64>(word, e.result | (e.flags & MessageFlag.CloseOnExec));
  if (out >= 0) out = copyOut(ua + offsetof<MessageHeader>("flags"), word, 4);
  store<u64>(word, used);
  if (out >= 0) out = copyOut(ua + offsetof<MessageHeader>("controlLength"), word, 8);
  return out < 0 && r != BLOCKED ? out : r;
}

export function sysRecvmsg(t: Thread, fd: i32, message: u64, flags: u32): Result {
  if ((flags & MSG_CMSG_COMPAT) != 0) return -Errno.EINVAL;
  const file = socketFor(t, fd);
  return isNone(file) ? notSocket(t, fd) : receiveOne(t, file, message, flags);
}

/** One message of a call with many is done with the result `r`: notes its length; 0 or -errno. */
function messageDone(t: Thread, ua: u64, r: Result): Result {
  t.opDone = 0;
  t.opDeadlineNs = 0;
  t.opPhase++;
  operationOpens();
  store<u32>(word, <u32>r);
  return copyOut(ua + MANY_LENGTH_OFFSET, word, 4);
}

export function sysSendmmsg(t: Thread, fd: i32, messages: u64, count: u32, flags: u32): Result {
  if ((flags & MSG_CMSG_COMPAT) != 0) return -Errno.EINVAL;
  const file = socketFor(t, fd);
  if (isNone(file)) return notSocket(t, fd);
  const wanted = min(count, MESSAGES_MAX);
  let r: Result = 0;
  while (t.opPhase < wanted) {
    const ua = messages + <u64>t.opPhase * MANY_HEADER_BYTES;
    r = sendOne(t, file, ua, flags);
    if (r == BLOCKED) return BLOCKED;
    if (r < 0) break;
    r = messageDone(t, ua, r);
    if (r < 0) break;
  }
  return t.opPhase != 0 ? t.opPhase : r;
}

/** When the timeout at `timeout` ends, remembered across parks in Thread.opData: 0 or -errno. */
function endOf(t: Thread, timeout: u64): Result {
  if (timeout == 0 || t.opData != 0) return 0;
  const r = timespecIn(timeout);
  if (r < 0) return r;
  operationOpens();
  t.opData = addSaturating(nowNs(), timeNs);
  return 0;
}

export function sysRecvmmsg(t: Thread, fd: i32, messages: u64, count: u32, flags: u32, timeout: u64): Result {
  if ((flags & MSG_CMSG_COMPAT) != 0) return -Errno.EINVAL;
  let r = endOf(t, timeout);
  if (r < 0) return r;
  const file = socketFor(t, fd);
  if (isNone(file)) return notSocket(t, fd);
  if (t.opPhase == 0) r = takeError(socketOf(file));
  if (r < 0) return r;
  const wanted = min(count, MESSAGES_MAX);
  while (t.opPhase < wanted) {
    const ua = messages + <u64>t.opPhase * MANY_HEADER_BYTES;
    const more = t.opPhase != 0 && (flags & MessageFlag.WaitForOne) != 0 ? MessageFlag.DontWait : 0;
    r = receiveOne(t, file, ua, (flags & ~MessageFlag.WaitForOne) | more);
    if (r == BLOCKED) return BLOCKED;
    if (r < 0) break;
    r = messageDone(t, ua, r);
    if (r < 0) break;
    // The timeout is looked at between messages only, as on Linux.
    if (timeout != 0 && nowNs() >= t.opData) break;
  }
  const received = t.opPhase;
  if (received == 0) return r;
  // An error after messages is for the next call, unless there is just nothing more.
  if (r < 0 && r != -Errno.EAGAIN) socketOf(file).error = r == -Errno.ERESTARTSYS ? Errno.EINTR : <u32>-r;
  if (timeout == 0) return received;
  const now = nowNs();
  const out = timespecOut(timeout, t.opData > now ? t.opData - now : 0);
  return out < 0 ? out : received;
}
