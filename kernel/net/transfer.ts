// Sending and receiving as calls do it, for all families: waiting with SO_RCVTIMEO and SO_SNDTIMEO, going on until all is sent or MSG_WAITALL is
// satisfied, SIGPIPE. A call that waits runs again from the top; what it has moved by then is in Thread.opDone. See socket(7), send(2), recv(2).

import { Errno } from "../errno";
import { BLOCKED, Result } from "../result";
import { OperationKind, operationOpens } from "../task/operation";
import { raise, Signal } from "../task/signal";
import { current, deadlineAfter, NEVER } from "../task/thread";
import { hasWaiters, wakeOne, WaitQueue } from "../task/wait";
import { fileWait, heldFile, setFilePoll, setFileQueue, setFileRelease } from "../vfs/file";
import { OpenFlag } from "../vfs/flags";
import { File, FileKind } from "../vfs/inode";
import { exchange, exchangeOne, exchangeStart, MessageFlag } from "./exchange";
import { familyAccept, familyClose, familyConnect, familyPoll, familyReceive, familySend } from "./family";
import { inetLingers } from "./inet/family";
import { rightsFree } from "./rights";
import { Family, FOREVER, readQueue, Socket, socketOf, SocketOption, SocketState, SocketType, writeQueue } from "./socket";
import { collectInit } from "./unix/collect";

/** Parks the call on `queue`; when the timeout is over -EAGAIN. With a timeout a signal ends the call for good (signal(7)). */
function waitFor(file: File, queue: WaitQueue, timeoutNs: u64, exclusive: bool): Result {
  const r = fileWait(file, queue, exclusive, timeoutNs == FOREVER ? NEVER : deadlineAfter(current, timeoutNs));
  if (r == -Errno.ETIMEDOUT) return -Errno.EAGAIN;
  return r == -Errno.ERESTARTSYS && timeoutNs != FOREVER ? -Errno.EINTR : r;
}

/** Waits until there may be something to receive or to accept: BLOCKED, -EAGAIN after SO_RCVTIMEO, -ERESTARTSYS or -EINTR. */
export function socketWaitToReceive(file: File): Result {
  const s = socketOf(file);
  return waitFor(file, readQueue(s), s.receiveTimeoutNs, true);
}

/** Waits until there may be room to send, or to connect: BLOCKED, -EAGAIN after SO_SNDTIMEO, -ERESTARTSYS or -EINTR. */
export function socketWaitToSend(file: File): Result {
  const s = socketOf(file);
  const queue = exchange.waitOn != 0 ? changetype<WaitQueue>(exchange.waitOn) : writeQueue(s);
  return waitFor(file, queue, s.sendTimeoutNs, false);
}

@inline
function mayNotWait(file: File): bool {
  return ((file.flags & OpenFlag.NonBlock) | (exchange.flags & MessageFlag.DontWait)) != 0;
}

/** O_NONBLOCK as a message flag, so that families look at one place. */
@inline
function waitFlag(file: File): u32 {
  return (file.flags & OpenFlag.NonBlock) != 0 ? MessageFlag.DontWait : 0;
}

/**
 * Sends what is left of the exchange: all bytes, those of earlier runs included, or fewer when it may not go on waiting; -EAGAIN, -EPIPE
 * (with SIGPIPE from a stream, unless MSG_NOSIGNAL), -ERESTARTSYS, -EINTR, what the family says, or BLOCKED.
 */
export function socketSend(file: File): Result {
  exchange.flags |= waitFlag(file);
  return goOnSending(file, familySend(socketOf(file)));
}

/** The last attempt had the result `r`. */
function goOnSending(file: File, r: Result): Result {
  const t = current;
  const s = socketOf(file);
  let done = <u32>t.opDone;
  while (r >= 0) {
    done += <u32>r;
    if (exchange.left == 0 || s.type != SocketType.Stream) return done;
    r = familySend(s);
  }
  if (r == -Errno.EAGAIN && !mayNotWait(file)) {
    r = socketWaitToSend(file);
    if (done != 0) {
      operationOpens();
      t.opDone = done;
    }
    if (r == BLOCKED) return BLOCKED;
  }
  if (done != 0) return done;
  if (r == -Errno.EPIPE && signals(s)) raise(t, Signal.PIPE);
  return r;
}

/** A stream's sender that finds the connection closed gets SIGPIPE; not one that was waiting when it was closed. */
function signals(s: Socket): bool {
  if (s.type != SocketType.Stream || (exchange.flags & MessageFlag.NoSignal) != 0) return false;
  return current.opKind != OperationKind.File;
}

/**
 * Receives into the exchange, of which `wanted` bytes are worth waiting for once some have come (MSG_WAITALL, SO_RCVLOWAT): bytes, those of
 * earlier runs included, 0 at the end; -EAGAIN, -ERESTARTSYS, -EINTR, what the family says, or BLOCKED.
 */
export function socketReceive(file: File): Result {
  exchange.flags |= waitFlag(file);
  const t = current;
  const s = socketOf(file);
  const wanted = (exchange.flags & MessageFlag.WaitAll) != 0 ? exchange.total : min(s.receiveLow, exchange.total);
  let done = <u32>t.opDone;
  for (;;) {
    let r = familyReceive(s);
    if (r > 0) {
      done += <u32>r;
      if (!exchange.ranDry || done >= wanted) return done;
      exchange.ranDry = false;
      continue;
    }
    if (r == -Errno.EAGAIN && !mayNotWait(file)) {
      r = socketWaitToReceive(file);
      if (done != 0) {
        operationOpens();
        t.opDone = done;
      }
      if (r == BLOCKED) return BLOCKED;
    }
    return done != 0 ? <Result>done : r;
  }
}

/** accept(2): a File with one reference, with `flags` (O_NONBLOCK); -EAGAIN, -ERESTARTSYS, -EINTR, what the family says, or BLOCKED. */
export function socketAccept(file: File, flags: u32): Result {
  const r = familyAccept(socketOf(file), flags);
  return r == -Errno.EAGAIN && (file.flags & OpenFlag.NonBlock) == 0 ? socketWaitToReceive(file) : r;
}

/** connect(2): 0, -EAGAIN, -ERESTARTSYS, -EINTR, what the family says, or BLOCKED. */
export function socketConnect(file: File, address: usize, length: u32): Result {
  exchange.waitOn = 0;
  const r = familyConnect(socketOf(file), address, length);
  if (r != -Errno.EAGAIN || (file.flags & OpenFlag.NonBlock) != 0) return r;
  const waited = socketWaitToSend(file);
  // SO_SNDTIMEO is over, but the attempt goes on.
  return waited == -Errno.EAGAIN && socketOf(file).family != Family.Unix ? -Errno.EINPROGRESS : waited;
}

/** Somebody has asked for a close that lingers: until then no close need look. */
export let lingerWanted = false;

/** SO_LINGER with a time has been set. */
export function wantLinger(): void {
  lingerWanted = true;
}

/**
 * close(2) of the file's last descriptor: BLOCKED while SO_LINGER makes it wait for what is on its way (socket(7)), which a signal ends too. Otherwise 0; the
 * file may be closed then.
 */
export function socketLinger(file: File): Result {
  const s = socketOf(file);
  if ((s.options & SocketOption.Linger) == 0 || s.lingerSeconds == 0 || s.family == Family.Unix) return 0;
  const holds = heldFile(current) == file ? 2 : 1;
  if (file.refs != holds || !inetLingers(s)) return 0;
  const r = fileWait(file, writeQueue(s), false, deadlineAfter(current, <u64>s.lingerSeconds * SECOND_NS));
  return r == BLOCKED ? r : 0;
}
const SECOND_NS: u64 = 1_000_000_000;

// Sockets as open files --------------------------------------------------------------------------------------------------------------------

/** Descriptors that a plain read finds are closed. */
function dropRights(): void {
  const rights = exchange.rights;
  if (!rights) return;
  exchange.rights = null;
  rightsFree(rights);
}

/** read(2): -EAGAIN when it has to wait (kernel/vfs/transfer.ts then calls socketWaitToReceive). Nothing wanted is nothing done. */
export function socketRead(file: File, ua: u64, count: u32): Result {
  if (count == 0) return 0;
  const s = socketOf(file);
  // A connection that has nothing yet, as before most waits.
  if (!s.firstMessage && s.state == SocketState.Connected && (s.error | s.shutdown) == 0) return -Errno.EAGAIN;
  exchangeOne(ua, count, waitFlag(file));
  const r = s.receiveLow == 1 ? familyReceive(s) : receiveEnough(file);
  if (exchange.rights) dropRights();
  return r;
}

/** read(2) with SO_RCVLOWAT. */
function receiveEnough(file: File): Result {
  exchangeStart(exchange.pieces, exchange.total, 0, <u32>current.opDone);
  return socketReceive(file);
}

/** write(2), one attempt. */
export function socketWrite(file: File, ua: u64, count: u32): Result {
  exchangeOne(ua, count, waitFlag(file));
  return familySend(socketOf(file));
}

/** write(2) goes on after an attempt with the result `r` that has not written all `count` bytes. */
export function socketWriteOn(file: File, r: Result): Result {
  return goOnSending(file, r);
}

/** readv(2) into pieces of `total` bytes: one receive. */
export function socketReadVector(file: File, pieces: usize, total: u32): Result {
  if (total == 0) return 0;
  exchangeStart(pieces, total, 0, <u32>current.opDone);
  const r = socketReceive(file);
  if (exchange.rights) dropRights();
  return r;
}

/** writev(2): one send. */
export function socketWriteVector(file: File, pieces: usize, total: u32): Result {
  exchangeStart(pieces, total, 0, <u32>current.opDone);
  return socketSend(file);
}

const kernelPiece = memory.data(16, 8);

/** Sends kernel memory (sendfile): bytes taken, -EAGAIN, -EPIPE ...; never waits. */
export function socketWriteKernel(file: File, p: usize, count: u32): Result {
  store<u64>(kernelPiece, p);
  store<u64>(kernelPiece, count, 8);
  exchangeStart(kernelPiece, count, waitFlag(file), 0).kernel = true;
  return familySend(socketOf(file));
}

/** Receives into kernel memory (splice): bytes, 0 at the end, -EAGAIN ...; never waits. */
export function socketReadKernel(file: File, p: usize, count: u32): Result {
  store<u64>(kernelPiece, p);
  store<u64>(kernelPiece, count, 8);
  exchangeStart(kernelPiece, count, waitFlag(file), 0).kernel = true;
  const r = familyReceive(socketOf(file));
  if (exchange.rights) dropRights();
  return r;
}

function pollFile(file: File, poller: usize): u32 {
  return familyPoll(socketOf(file), poller);
}

function queueOfFile(file: File, writing: bool): WaitQueue {
  return writing ? writeQueue(socketOf(file)) : readQueue(socketOf(file));
}

function releaseFile(file: File): void {
  if (file.object != 0) familyClose(socketOf(file));
}

/** Passes a wake-up on: the thread that got it did not use it. */
export function socketWakeNext(s: Socket): void {
  if (hasWaiters(readQueue(s))) wakeOne(readQueue(s));
}

/** To be called once at start-up. */
export function socketsInit(): void {
  setFilePoll(FileKind.Socket, pollFile);
  setFileQueue(FileKind.Socket, queueOfFile);
  setFileRelease(FileKind.Socket, releaseFile);
  collectInit();
}
