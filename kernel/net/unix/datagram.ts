// AF_UNIX datagrams and sequenced packets: messages that keep their borders. See unix(7), send(2), recv(2).

import { Errno } from "../../errno";
import { Result } from "../../result";
import { Exchange, exchange, MessageFlag } from "../exchange";
import { Message, messageFree, messageMove, messageNew } from "../message";
import { rightsCopy, rightsLand } from "../rights";
import { enqueueMessage, Shutdown, SocketOption, SocketState, SocketType, takeError, unlinkMessage, wakeReaders } from "../socket";
import { attach, senderAddress, showCredentials, stamp } from "./ancillary";
import { leavePeer, maySend } from "./connect";
import { unixAutobind, unixCheckAddress, unixFind } from "./name";
import { dropMessage, isFull, roomQueue, UnixSocket, wakeRoom } from "./unix";

/** What Linux takes off SO_SNDBUF for its own use: longer datagrams are EMSGSIZE. */
const OVERHEAD: u32 = 32;

/** Sends the exchange as one message: its bytes or -errno; -EAGAIN with exchange.waitOn when the receiver's queue is full. */
export function unixDatagramSend(s: UnixSocket): Result {
  const e = exchange;
  if ((e.flags & MessageFlag.OutOfBand) != 0) return -Errno.EOPNOTSUPP;
  if (s.type == SocketType.SequencedPacket) {
    if (s.state != SocketState.Connected) return -Errno.ENOTCONN;
    e.addressLength = 0;
  }
  let r: Result = 0;
  if (e.addressLength != 0) {
    r = unixCheckAddress(e.address, e.addressLength);
    if (r < 0) return r;
  } else if (!s.peer) return -Errno.ENOTCONN;
  if ((s.options & SocketOption.PassCredentials) != 0) {
    r = unixAutobind(s);
    if (r < 0) return r;
  }
  const bytes = e.left;
  if (bytes + OVERHEAD > s.sendLimit) return -Errno.EMSGSIZE;
  if (s.error != 0) return takeError(s);
  if ((s.shutdown & Shutdown.Send) != 0) return -Errno.EPIPE;
  if (s.sendCharge >= s.sendLimit) return -Errno.EAGAIN;
  const m = messageNew(bytes);
  if (!m) return -Errno.ENOBUFS;
  r = messageMove(m, e, false, 0, bytes);
  if (r >= 0) r = deliver(s, m);
  if (r < 0) messageFree(m);
  return r < 0 ? r : bytes;
}

/** Finds the receiver and gives it the message: 0 or -errno. */
function deliver(s: UnixSocket, m: Message): Result {
  const e = exchange;
  const named = e.addressLength != 0;
  let r: Result = named ? unixFind(s, e.address, e.addressLength) : <Result>changetype<usize>(s.peer);
  if (r < 0) return r;
  const to = changetype<UnixSocket>(<usize>r);
  if (!maySend(s, to)) return -Errno.EPERM;
  if (to.dead) {
    if (s.type == SocketType.SequencedPacket) return -Errno.EPIPE;
    leavePeer(s);
    return -Errno.ECONNREFUSED;
  }
  if ((to.shutdown & Shutdown.Receive) != 0) return -Errno.EPIPE;
  if (to != s && to.peer != s && isQueueFull(to)) {
    e.waitOn = changetype<usize>(roomQueue(to));
    return -Errno.EAGAIN;
  }
  r = attach(m, s);
  if (r < 0) return r;
  stamp(m, s, to);
  enqueueMessage(to, m, s);
  wakeReaders(to);
  return 0;
}

@inline
function isQueueFull(s: UnixSocket): bool {
  return s.type == SocketType.Datagram && isFull(s);
}

/**
 * Receives one message into the exchange: its bytes, as many as fit (all, whether they fit or not, with MSG_TRUNC); 0 at the end; -EAGAIN,
 * -ENOTCONN for unconnected sequenced packets, or -errno.
 */
export function unixDatagramReceive(s: UnixSocket): Result {
  const e = exchange;
  if ((e.flags & MessageFlag.OutOfBand) != 0) return -Errno.EOPNOTSUPP;
  const sequenced = s.type == SocketType.SequencedPacket;
  if (sequenced && s.state != SocketState.Connected) return -Errno.ENOTCONN;
  if (s.error != 0) return takeError(s);
  const peek = (e.flags & MessageFlag.Peek) != 0;
  let skip = peek ? <u32>max<i32>(0, s.peekOffset) : 0;
  let m = s.firstMessage;
  while (m && skip != 0 && skip >= m.length) {
    skip -= m.length;
    m = m.next;
  }
  if (!m) {
    if ((s.shutdown & Shutdown.Receive) == 0) return -Errno.EAGAIN;
    // Linux tells only those who would have waited, or whose connection it was.
    return sequenced || (e.flags & MessageFlag.DontWait) == 0 ? 0 : -Errno.EAGAIN;
  }
  const there = m.length - skip;
  const bytes = min(there, e.left);
  if (bytes < there) e.result |= MessageFlag.Truncated;
  if (!peek) {
    unlinkMessage(s, m, null);
    wakeRoom(s);
  }
  const r = messageMove(m, e, true, skip, bytes);
  if (r >= 0) accompany(s, e, m, peek);
  if (!peek) {
    dropMessage(m);
    if (s.peekOffset > 0) s.peekOffset = max<i32>(0, s.peekOffset - <i32>there);
  } else if (r >= 0 && s.peekOffset >= 0) s.peekOffset += bytes;
  if (r < 0) return r;
  return (e.flags & MessageFlag.Truncated) != 0 ? there : bytes;
}

/** Address, credentials and descriptors of a message that is received or looked at. */
function accompany(s: UnixSocket, e: Exchange, m: Message, peek: bool): void {
  senderAddress(e, m);
  if ((s.options & SocketOption.PassCredentials) != 0) showCredentials(e, s, m);
  const rights = m.rights;
  if (!rights) return;
  if (peek) {
    e.rights = rightsCopy(rights);
    if (!e.rights) e.result |= MessageFlag.ControlTruncated;
    return;
  }
  rightsLand(rights);
  m.rights = null;
  e.rights = rights;
}
