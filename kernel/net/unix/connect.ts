// AF_UNIX connections, and how they end: socketpair, listen, connect, accept, shutdown, close. See unix(7), connect(2), accept(2), shutdown(2).

import { Errno } from "../../errno";
import { Result } from "../../result";
import { current } from "../../task/thread";
import { OpenFlag } from "../../vfs/flags";
import { exchange } from "../exchange";
import { Family, Shutdown, socketFile, SocketOption, socketRetain, SocketState, socketUnlist, wakeEverybody, wakeReaders } from "../socket";
import { unixAutobind, unixCheckAddress, unixFind, unixUnbind } from "./name";
import {
  copyPeerCredentials,
  dropMessages,
  isConnectionBased,
  isFull,
  relayLeave,
  roomQueue,
  setPeerCredentials,
  unixNew,
  unixRelease,
  UnixSocket,
  wakeRoom,
} from "./unix";
import { isUnread } from "./urgent";

@inline
function setPeer(s: UnixSocket, peer: UnixSocket): void {
  s.peer = changetype<UnixSocket>(socketRetain(peer));
}

/** Connects two new sockets: socketpair(2). */
export function unixPair(a: UnixSocket, b: UnixSocket): void {
  setPeer(a, b);
  setPeer(b, a);
  setPeerCredentials(a);
  setPeerCredentials(b);
  a.state = SocketState.Connected;
  b.state = SocketState.Connected;
}

/** listen(2): 0; -EOPNOTSUPP for datagrams, -EINVAL without a name or when connected. */
export function unixListen(s: UnixSocket, backlog: u32): Result {
  if (!isConnectionBased(s)) return -Errno.EOPNOTSUPP;
  if (!s.name || s.state > <u32>SocketState.Listening) return -Errno.EINVAL;
  const more = backlog > s.backlog;
  s.backlog = backlog;
  s.state = SocketState.Listening;
  setPeerCredentials(s);
  if (more) wakeRoom(s);
  return 0;
}

/** A socket that passes credentials needs an address for those to be answered: 0 or an error of autobind. */
@inline
function nameForCredentials(s: UnixSocket): Result {
  return (s.options & SocketOption.PassCredentials) != 0 ? unixAutobind(s) : 0;
}

/** connect(2): 0 or -errno; -EAGAIN when the listener's queue is full, with exchange.waitOn set to where room is announced. */
export function unixConnect(s: UnixSocket, address: usize, length: u32): Result {
  if (!isConnectionBased(s)) return connectDatagram(s, address, length);
  let r = unixCheckAddress(address, length);
  if (r >= 0) r = nameForCredentials(s);
  if (r >= 0) r = unixFind(s, address, length);
  if (r < 0) return r;
  const listener = changetype<UnixSocket>(<usize>r);
  if (listener.state != SocketState.Listening || (listener.shutdown & Shutdown.Receive) != 0) return -Errno.ECONNREFUSED;
  if (isFull(listener)) {
    exchange.waitOn = changetype<usize>(roomQueue(listener));
    return -Errno.EAGAIN;
  }
  if (s.state != SocketState.Closed) return s.state == SocketState.Connected ? -Errno.EISCONN : -Errno.EINVAL;
  const other = unixNew(listener.space, listener.type, listener.protocol);
  if (!other) return -Errno.ENOMEM;
  // The listener's name is the new socket's too.
  const name = listener.name!;
  name.refs++;
  other.name = name;
  other.options = listener.options & SocketOption.PassCredentials;
  other.state = SocketState.Connected;
  setPeer(other, s);
  setPeerCredentials(other);
  if (other.space != s.space) other.peerPid = 0;
  copyPeerCredentials(s, listener);
  setPeer(s, other);
  s.state = SocketState.Connected;
  const last = listener.acceptLast;
  if (last) last.acceptNext = other;
  else listener.acceptFirst = other;
  listener.acceptLast = other;
  listener.accepting++;
  wakeReaders(listener);
  return 0;
}

/** Gives a datagram socket its peer; AF_UNSPEC takes it away. */
function connectDatagram(s: UnixSocket, address: usize, length: u32): Result {
  if (length < 2) return -Errno.EINVAL;
  if (load<u16>(address) == Family.Unspecified) {
    leavePeer(s);
    return 0;
  }
  let r = unixCheckAddress(address, length);
  if (r >= 0) r = nameForCredentials(s);
  if (r >= 0) r = unixFind(s, address, length);
  if (r < 0) return r;
  const other = changetype<UnixSocket>(<usize>r);
  if (!maySend(s, other)) return -Errno.EPERM;
  if (s.peer == other) return 0;
  leavePeer(s);
  setPeer(s, other);
  s.state = SocketState.Connected;
  other.state = SocketState.Connected;
  return 0;
}

/** A datagram socket that is connected hears only its peer. */
@inline
export function maySend(s: UnixSocket, to: UnixSocket): bool {
  const peer = to.peer;
  return !peer || peer == s;
}

/** A datagram socket has no peer any more: what it got from that one is lost, and if the peer was connected to it, it hears so. */
export function leavePeer(s: UnixSocket): void {
  relayLeave(s);
  s.state = SocketState.Closed;
  const old = s.peer;
  if (!old) return;
  s.peer = null;
  if (s.firstMessage) {
    dropMessages(s);
    wakeRoom(s);
    if (!old.dead && old.peer == s) {
      old.error = Errno.ECONNRESET;
      wakeEverybody(old);
    }
  }
  unixRelease(old);
}

/**
 * accept(2): a File on the oldest waiting connection, with one reference; -EAGAIN when there is none, -EINVAL when it does not listen or no
 * more can come, -EOPNOTSUPP for datagrams, -ENOMEM.
 */
export function unixAccept(s: UnixSocket, flags: u32): Result {
  if (!isConnectionBased(s)) return -Errno.EOPNOTSUPP;
  if (s.state != SocketState.Listening) return -Errno.EINVAL;
  const first = s.acceptFirst;
  if (!first) return (s.shutdown & Shutdown.Receive) != 0 && mayWait(s) ? -Errno.EINVAL : -Errno.EAGAIN;
  const file = socketFile(first, flags, current.credentials);
  if (!file) return -Errno.ENOMEM;
  takeFirst(s);
  wakeRoom(s);
  return changetype<usize>(file);
}

@inline
function mayWait(s: UnixSocket): bool {
  return (s.file!.flags & OpenFlag.NonBlock) == 0;
}

/** Takes the oldest connection off the queue; its reference goes to the caller. */
function takeFirst(s: UnixSocket): UnixSocket {
  const first = s.acceptFirst!;
  s.acceptFirst = first.acceptNext;
  if (!s.acceptFirst) s.acceptLast = null;
  first.acceptNext = null;
  s.accepting--;
  return first;
}

/** shutdown(2) with bits of Shutdown: always 0. What one end no longer receives the other can no longer send. */
export function unixShutdown(s: UnixSocket, how: u32): Result {
  s.shutdown |= how;
  wakeEverybody(s);
  wakeRoom(s);
  const peer = s.peer;
  if (!peer || !isConnectionBased(s)) return 0;
  if ((how & Shutdown.Receive) != 0) peer.shutdown |= Shutdown.Send;
  if ((how & Shutdown.Send) != 0) peer.shutdown |= Shutdown.Receive;
  wakeEverybody(peer);
  return 0;
}

/** The last file of the socket, or the listener it waits in, has gone: closes it and drops the reference that file or listener had. */
export function unixClose(s: UnixSocket): void {
  const accepted = s.file != null;
  s.file = null;
  s.dead = true;
  unixUnbind(s);
  socketUnlist(s);
  relayLeave(s);
  const peer = s.peer;
  s.peer = null;
  if (peer && isConnectionBased(s)) {
    peer.shutdown = Shutdown.Both;
    // What was sent and never read is lost, and so is a connection that nobody accepted.
    if (isUnread(s) || !accepted) peer.error = Errno.ECONNRESET;
    wakeEverybody(peer);
  }
  while (s.acceptFirst) unixClose(takeFirst(s));
  dropMessages(s);
  wakeEverybody(s);
  wakeRoom(s);
  s.state = SocketState.Closed;
  if (peer) unixRelease(peer);
  unixRelease(s);
}
