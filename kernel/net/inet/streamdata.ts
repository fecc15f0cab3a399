// Sending, receiving and polling TCP sockets: send(2), recv(2) with their flags, poll(2), and the ioctl requests of tcp(7). Nothing here waits: -EAGAIN.

import { Errno } from "../../errno";
import { Result } from "../../result";
import { pollOn, PollEvent } from "../../vfs/poll";
import { chainDrop, chainFill, chainOut } from "../chain";
import { Exchange, exchange, MessageFlag, moveBytes } from "../exchange";
import { pollQueue, Shutdown, SocketOption, takeError } from "../socket";
import { isWritable, unsent } from "../tcp/acknowledge";
import { firstUnread } from "../tcp/data";
import { tcpSettle } from "../tcp/loopback";
import { tcpOutput, windowUpdate } from "../tcp/output";
import { after } from "../tcp/segment";
import { receiveChain, RECEIVE_GROWN, sendChain, TcpFlag, TcpSocket, TcpState, Urgent } from "../tcp/socket";
import { now, tcpClock } from "../tcp/timer";

/** Bytes that are put into the queue before some of them are sent. */
const PART_MAX: u32 = 65536;

/** Whether data may be queued now: 0; -EAGAIN while the connection is being made, -EPIPE when it cannot any more, or the pending error. */
function maySend(s: TcpSocket): Result {
  if (s.error != 0) return takeError(s);
  if ((s.shutdown & Shutdown.Send) != 0) return -Errno.EPIPE;
  switch (s.tcpState) {
    case TcpState.Established:
    case TcpState.CloseWait:
      return 0;
    case TcpState.SynSent:
    case TcpState.SynReceived:
      return -Errno.EAGAIN;
    default:
      return -Errno.EPIPE;
  }
}

/** Sends what the exchange has: the bytes queued (with -EAGAIN only when there are none), or -errno. */
export function streamSend(s: TcpSocket): Result {
  const e = exchange;
  // TCP Fast Open is off (net.ipv4.tcp_fastopen).
  if ((e.flags & MSG_FASTOPEN) != 0) return -Errno.EOPNOTSUPP;
  let r = maySend(s);
  if (r < 0) {
    if (r == -Errno.EAGAIN) s.flags |= TcpFlag.NoRoom;
    return r;
  }
  tcpClock();
  let done: u32 = 0;
  const chain = sendChain(s);
  while (e.left != 0) {
    if (chain.bytes >= s.sendLimit || unsent(s) >= s.notSentLow) {
      s.flags |= TcpFlag.NoRoom;
      r = -Errno.EAGAIN;
      break;
    }
    r = chainFill(chain, e, min(e.left, PART_MAX));
    if (r == 0) r = -Errno.ENOBUFS;
    if (r < 0) break;
    done += <u32>r;
  }
  if (done != 0 || (s.flags & TcpFlag.More) != 0) push(s, e, done);
  return done != 0 ? <Result>done : r;
}
const MSG_FASTOPEN: u32 = 0x2000_0000;

/** `done` bytes have been queued: sends what may go. */
function push(s: TcpSocket, e: Exchange, done: u32): void {
  if ((e.flags & MessageFlag.OutOfBand) != 0 && e.left == 0 && done != 0) {
    s.sendUrgent = s.sendUnacknowledged + s.sendBytes;
    s.flags |= TcpFlag.UrgentOut;
  }
  if ((e.flags & MessageFlag.More) != 0 && e.left == 0) s.flags |= TcpFlag.More;
  else s.flags &= ~TcpFlag.More;
  tcpOutput(s, false);
  tcpSettle();
}

/** TCP_NODELAY has been set, or TCP_CORK taken off: what was held back goes. */
export function streamPush(s: TcpSocket): void {
  if (s.tcpState != TcpState.Established && s.tcpState != TcpState.CloseWait) return;
  tcpClock();
  s.flags &= ~TcpFlag.More;
  tcpOutput(s, (s.flags & TcpFlag.Cork) == 0);
  tcpSettle();
}

// Receiving --------------------------------------------------------------------------------------------------------------------------------

/** Nothing can be taken: 0 at the end of the stream, the pending error, -ENOTCONN, or -EAGAIN. */
function nothing(s: TcpSocket): Result {
  if ((s.flags & TcpFlag.FinReceived) != 0) return 0;
  if (s.error != 0) return takeError(s);
  if (s.tcpState == TcpState.Closed) return (s.flags & TcpFlag.WasConnected) != 0 || s.shutdown != 0 ? 0 : -Errno.ENOTCONN;
  return (s.shutdown & Shutdown.Receive) != 0 ? 0 : -Errno.EAGAIN;
}

/** Bytes from `skip` on that may be taken in one go: the urgent byte is a border that a call which has some bytes does not cross. */
@inline
function untilMark(s: TcpSocket, skip: u32, there: u32): u32 {
  if (s.urgentState == Urgent.None) return there;
  const offset = s.urgentSequence - (firstUnread(s) + skip);
  return offset != 0 && offset < there ? offset : there;
}

/** True when the byte at `skip` is the urgent one, which is not part of the stream. */
@inline
function isAtHole(s: TcpSocket, skip: u32): bool {
  return s.urgentState != Urgent.None && (s.options & SocketOption.OutOfBandInline) == 0 && s.urgentSequence == firstUnread(s) + skip;
}

/** Takes `bytes` off the queue, and with them the mark if it has been passed. */
function take(s: TcpSocket, bytes: u32): void {
  chainDrop(receiveChain(s), bytes);
  if (s.peekOffset > 0) s.peekOffset = max<i32>(0, s.peekOffset - <i32>bytes);
  if (s.urgentState != Urgent.None && after(firstUnread(s), s.urgentSequence)) s.urgentState = <u8>Urgent.None;
}

/**
 * Receives what is there into the exchange: the bytes, and `ranDry` when more might follow; 0 at the end of the stream; -EAGAIN, -ENOTCONN, the pending
 * error, or -EFAULT. MSG_PEEK leaves everything where it is, MSG_TRUNC throws it away (tcp(7)).
 */
export function streamReceive(s: TcpSocket): Result {
  const e = exchange;
  if (s.tcpState == TcpState.Listen) return -Errno.ENOTCONN;
  if ((e.flags & MessageFlag.ErrorQueue) != 0) {
    // Nobody waits for errors.
    e.flags |= MessageFlag.DontWait;
    return -Errno.EAGAIN;
  }
  if ((e.flags & MessageFlag.OutOfBand) != 0) return receiveUrgent(s, e);
  const chain = receiveChain(s);
  if ((e.flags & MessageFlag.Peek) != 0) return peek(s, e);
  if (isAtHole(s, 0) && chain.bytes != 0) take(s, 1);
  if (chain.bytes == 0) {
    e.ranDry = true;
    return nothing(s);
  }
  const n = min(e.left, untilMark(s, 0, chain.bytes));
  if ((e.flags & MessageFlag.Truncated) != 0) e.left -= n;
  else {
    const r = chainOut(chain, e, 0, n);
    if (r < 0) return r;
  }
  take(s, n);
  e.ranDry = chain.bytes == 0;
  taken(s, n);
  return n;
}

/** The reader has made room. */
function taken(s: TcpSocket, bytes: u32): void {
  tcpClock();
  s.tuneBytes += bytes;
  if ((s.flags & TcpFlag.ReceiveFixed) == 0 && s.tuneBytes > s.receiveLimit >> 3) tune(s);
  windowUpdate(s);
  tcpSettle();
}

/** Dynamic right-sizing: the window is twice what the reader takes in a round trip, and two segments. */
function tune(s: TcpSocket): void {
  const elapsed = now - s.tuneNs;
  if (elapsed < <u64>s.smoothedUs * 1000) return;
  // What took longer than a few round trips says nothing.
  const bytes: u32 = elapsed < max<u64>(<u64>s.smoothedUs * 4000, 20_000_000) ? s.tuneBytes : 0;
  const wanted = min<u32>(4 * bytes + 4 * min(s.ownSize, PART_MAX), RECEIVE_GROWN);
  if (bytes != 0 && wanted > s.receiveLimit) s.receiveLimit = wanted;
  s.tuneBytes = 0;
  s.tuneNs = now;
}

/** MSG_PEEK: goes on where earlier rounds of the same call have come to. */
function peek(s: TcpSocket, e: Exchange): Result {
  const chain = receiveChain(s);
  // SO_PEEK_OFF goes on by itself.
  let skip = s.peekOffset >= 0 ? <u32>s.peekOffset : e.total - e.left;
  if (isAtHole(s, skip)) skip++;
  if (chain.bytes <= skip) {
    e.ranDry = true;
    return nothing(s);
  }
  const n = min(e.left, untilMark(s, skip, chain.bytes - skip));
  if ((e.flags & MessageFlag.Truncated) != 0) e.left -= n;
  else {
    const r = chainOut(chain, e, skip, n);
    if (r < 0) return r;
  }
  e.ranDry = true;
  if (s.peekOffset >= 0) s.peekOffset += n;
  return n;
}

/** MSG_OOB: the urgent byte; -EINVAL when there is none or it is in the stream, -EAGAIN when it is announced but not there yet. */
function receiveUrgent(s: TcpSocket, e: Exchange): Result {
  if (s.urgentState == Urgent.None || s.urgentState == Urgent.Read || (s.options & SocketOption.OutOfBandInline) != 0) return -Errno.EINVAL;
  if (s.tcpState == TcpState.Closed && (s.flags & TcpFlag.WasConnected) == 0) return -Errno.ENOTCONN;
  if (s.urgentState == Urgent.Awaited) return (s.shutdown & Shutdown.Receive) != 0 ? 0 : -Errno.EAGAIN;
  e.result |= MessageFlag.OutOfBand;
  if (e.left == 0) {
    e.result |= MessageFlag.Truncated;
    return 0;
  }
  if ((e.flags & MessageFlag.Truncated) == 0) {
    store<u8>(urgentRoom, s.urgentByte);
    const r = moveBytes(e, true, urgentRoom, 1);
    if (r < 0) return r;
  }
  if ((e.flags & MessageFlag.Peek) == 0) s.urgentState = <u8>Urgent.Read;
  return 1;
}
const urgentRoom = memory.data(8, 8);

// Polling and counting ---------------------------------------------------------------------------------------------------------------------

/** Bytes that a reader would get. */
function readable(s: TcpSocket): u32 {
  const bytes = receiveChain(s).bytes;
  // The urgent byte at the front is none.
  return bytes != 0 && isAtHole(s, 0) ? bytes - 1 : bytes;
}

/** Event bits that hold now; registers `poller` unless it is 0. */
export function streamPoll(s: TcpSocket, poller: usize): u32 {
  if (poller != 0) pollOn(poller, pollQueue(s));
  if (s.tcpState == TcpState.Listen) return s.acceptFirst ? PollEvent.In | PollEvent.ReadNormal : 0;
  let events: u32 = 0;
  if (s.shutdown == Shutdown.Both || s.tcpState == TcpState.Closed) events |= PollEvent.HangUp;
  if ((s.shutdown & Shutdown.Receive) != 0) events |= PollEvent.In | PollEvent.ReadNormal | PollEvent.ReadHangUp;
  if (s.tcpState != TcpState.SynSent && s.tcpState != TcpState.SynReceived) {
    if (readable(s) >= s.receiveLow) events |= PollEvent.In | PollEvent.ReadNormal;
    if ((s.shutdown & Shutdown.Send) != 0 || isWritable(s)) events |= PollEvent.Out | PollEvent.WriteNormal;
    else s.flags |= TcpFlag.NoRoom;
    if (s.urgentState == Urgent.Ready) events |= PollEvent.Priority;
  }
  if (s.error != 0) events |= PollEvent.Error;
  return events;
}

/** FIONREAD: bytes up to the mark; -EINVAL for a listener. */
export function streamReadable(s: TcpSocket): Result {
  if (s.tcpState == TcpState.Listen) return -Errno.EINVAL;
  const bytes = receiveChain(s).bytes;
  if (s.urgentState == Urgent.None || (s.options & SocketOption.OutOfBandInline) != 0) return bytes;
  const offset = s.urgentSequence - firstUnread(s);
  return offset < bytes ? offset : bytes;
}

/** SIOCOUTQ: bytes that the peer has not acknowledged; -EINVAL for a listener. */
export function streamUnacknowledged(s: TcpSocket): Result {
  return s.tcpState == TcpState.Listen ? -Errno.EINVAL : s.sendBytes;
}

/** SIOCOUTQNSD: bytes that have not been sent; -EINVAL for a listener. */
export function streamUnsent(s: TcpSocket): Result {
  return s.tcpState == TcpState.Listen ? -Errno.EINVAL : unsent(s);
}

/** SIOCATMARK: 1 when the next byte is the urgent one. */
export function streamAtMark(s: TcpSocket): Result {
  return s.urgentState != Urgent.None && s.urgentSequence == firstUnread(s) ? 1 : 0;
}
