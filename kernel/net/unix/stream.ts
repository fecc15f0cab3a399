// AF_UNIX streams: bytes in messages, whose borders a reader sees only where descriptors or another writer's credentials stand. See unix(7).

import { Errno } from "../../errno";
import { Result } from "../../result";
import { OperationKind } from "../../task/operation";
import { current } from "../../task/thread";
import { hasWaiters, wakeAll, wakeOne } from "../../task/wait";
import { exchange, GROUP_FORGOTTEN, MessageFlag } from "../exchange";
import { Message, messageFree, messageMove, messageNew, MESSAGE_MAX } from "../message";
import { rightsCopy, rightsLand } from "../rights";
import { enqueueMessage, pollQueue, readQueue, Shutdown, SocketOption, SocketState, takeError, unlinkMessage } from "../socket";
import { attach, senderAddress, showCredentials, stamp } from "./ancillary";
import { dropMessage, UnixSocket } from "./unix";
import { urgentArrived, urgentPass, urgentReceive } from "./urgent";

/** Sends what the exchange has: the bytes taken (with -EAGAIN only when there are none), 0 when there is nothing to send, or -errno. */
export function unixStreamSend(s: UnixSocket): Result {
  const e = exchange;
  const isUrgent = (e.flags & MessageFlag.OutOfBand) != 0;
  if (isUrgent && e.left == 0) return -Errno.EOPNOTSUPP;
  if (e.addressLength != 0) return s.state == SocketState.Connected ? -Errno.EISCONN : -Errno.EOPNOTSUPP;
  const peer = s.peer;
  if (!peer) return -Errno.ENOTCONN;
  // A sender that has waited hears of a reset first.
  if (s.error != 0 && current.opKind == OperationKind.File) return takeError(s);
  if ((s.shutdown & Shutdown.Send) != 0) return -Errno.EPIPE;
  let done: u32 = 0;
  let r: Result = 0;
  const most = max<u32>(1, min(MESSAGE_MAX, s.sendLimit >> 1));
  while (e.left != 0) {
    if (s.sendCharge >= s.sendLimit) {
      r = -Errno.EAGAIN;
      break;
    }
    const alone = isUrgent && e.left > 1 ? 1 : 0;
    r = sendOne(s, peer, min(e.left - alone, most));
    if (r < 0) break;
    if (isUrgent && e.left == 0) urgentArrived(peer);
    done += <u32>r;
  }
  if (done == 0) return r;
  if (hasWaiters(readQueue(peer))) wakeOne(readQueue(peer));
  if (hasWaiters(pollQueue(peer))) wakeAll(pollQueue(peer));
  return done;
}

/** One message of `bytes`: bytes or -errno. */
function sendOne(s: UnixSocket, peer: UnixSocket, bytes: u32): Result {
  const m = messageNew(bytes);
  if (!m) return -Errno.ENOBUFS;
  let r = messageMove(m, exchange, false, 0, bytes);
  if (r >= 0 && exchange.rights) r = attach(m, s);
  if (r < 0) {
    messageFree(m);
    return r;
  }
  stamp(m, s, peer);
  enqueueMessage(peer, m, s);
  return bytes;
}

/**
 * Receives what is there into the exchange: the bytes, and `ranDry` when more might follow; 0 at the end of the stream or for nothing wanted;
 * -EAGAIN when nothing is there; -EINVAL when not connected; or -errno.
 */
export function unixStreamReceive(s: UnixSocket): Result {
  const e = exchange;
  if (s.state != SocketState.Connected) return -Errno.EINVAL;
  if ((e.flags & MessageFlag.OutOfBand) != 0) return urgentReceive(s);
  let m = s.firstMessage;
  if ((e.flags & MessageFlag.Peek) != 0) return peek(s, m);
  let done: u32 = 0;
  while (m) {
    if (s.marks != 0) {
      m = urgentPass(s, m, done, false);
      if (!m && done != 0) return done;
      if (!m) break;
    }
    if ((s.options & SocketOption.PassCredentials) != 0 && !sameWriter(s, m)) return done;
    const bytes = min(m.length - m.taken, e.left);
    const r = messageMove(m, e, true, m.taken, bytes);
    if (r < 0) return done != 0 ? <Result>done : r;
    if (done == 0) senderAddress(e, m);
    done += bytes;
    if (s.peekOffset > 0) s.peekOffset = max<i32>(0, s.peekOffset - <i32>bytes);
    const rights = m.rights;
    if (rights) {
      rightsLand(rights);
      m.rights = null;
      e.rights = rights;
    }
    s.bytes -= bytes;
    m.taken += bytes;
    if (m.taken != m.length) return done;
    unlinkMessage(s, m, null);
    dropMessage(m);
    if (rights || e.left == 0) return done;
    m = s.firstMessage;
  }
  e.ranDry = true;
  return done != 0 ? <Result>done : nothing(s);
}

/** The queue is empty. */
function nothing(s: UnixSocket): Result {
  if (s.error != 0) return takeError(s);
  return (s.shutdown & Shutdown.Receive) != 0 ? 0 : -Errno.EAGAIN;
}

/** Whether `m` is by the writer of what this call has received before, whom the exchange names by now: messages of two are not joined. */
function sameWriter(s: UnixSocket, m: Message): bool {
  const e = exchange;
  if (!e.credentials) {
    showCredentials(e, s, m);
    return true;
  }
  const pid = m.sender.space == s.space ? m.pid : 0;
  return e.pid == pid && e.uid == m.uid && (e.gid == m.gid || e.gid == GROUP_FORGOTTEN);
}

/** MSG_PEEK: as above, but everything stays; from SO_PEEK_OFF on, if that is set. */
function peek(s: UnixSocket, m: Message | null): Result {
  const e = exchange;
  let skip = <u32>max<i32>(0, s.peekOffset);
  let done: u32 = 0;
  while (m) {
    if (s.marks != 0) {
      m = urgentPass(s, m, done, true);
      if (!m) break;
    }
    const there = m.length - m.taken;
    if (skip >= there) {
      skip -= there;
      m = m.next;
      continue;
    }
    if ((s.options & SocketOption.PassCredentials) != 0 && !sameWriter(s, m)) break;
    const bytes = min(there - skip, e.left);
    const r = messageMove(m, e, true, m.taken + skip, bytes);
    if (r < 0) {
      if (done == 0) return r;
      break;
    }
    if (done == 0) senderAddress(e, m);
    done += bytes;
    skip = 0;
    if (m.rights) {
      e.rights = rightsCopy(m.rights!);
      if (!e.rights) e.result |= MessageFlag.ControlTruncated;
      break;
    }
    if (e.left == 0) break;
    m = m.next;
  }
  if (!m && done == 0) return nothing(s);
  if (s.peekOffset >= 0) s.peekOffset += done;
  return done;
}
