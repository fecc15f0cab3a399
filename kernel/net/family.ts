// What a socket does, by its family: the one place where families are told apart. A new family adds its cases here and its number to familyExists.
// None of these functions waits: they answer -EAGAIN, with exchange.waitOn set where the place to wait is not the socket's own queue.

import { Errno } from "../errno";
import { Result } from "../result";
import { current } from "../task/thread";
import {
  inetAccept,
  inetAddress,
  inetAtMark,
  inetCheck,
  inetClose,
  inetConnect,
  inetListen,
  inetNew,
  inetOptionChanged,
  inetPoll,
  inetReadable,
  inetReceive,
  inetSend,
  inetShutdown,
  inetSocketBind,
  inetStamp,
  inetWritten,
} from "./inet/family";
import { isUdp } from "./inet/datagram";
import {
  asNetlink,
  NETLINK_ROUTE,
  netlinkAddress,
  netlinkBind,
  netlinkClose,
  netlinkConnect,
  netlinkNew,
  netlinkPoll,
  netlinkReadable,
  netlinkReceive,
  netlinkSend,
} from "./netlink/netlink";
import { Family, FAMILIES, Socket, socketFile, SocketState, SocketType } from "./socket";
import { spaceOf } from "./space";
import { unixAccept, unixClose, unixConnect, unixListen, unixPair, unixShutdown } from "./unix/connect";
import { unixDatagramReceive, unixDatagramSend } from "./unix/datagram";
import { unixAddress, unixBind } from "./unix/name";
import { unixPoll } from "./unix/poll";
import { unixStreamReceive, unixStreamSend } from "./unix/stream";
import { asUnix, unixNew } from "./unix/unix";
import { urgentAtMark } from "./unix/urgent";

/** Types have numbers below this. */
const TYPES: u32 = 11;

/** Whether sockets of that family and type can be made: 0, -EAFNOSUPPORT, -EINVAL, -ESOCKTNOSUPPORT, -EPROTONOSUPPORT. */
function check(family: u32, type: u32, protocol: u32): Result {
  if (family >= FAMILIES) return -Errno.EAFNOSUPPORT;
  if (type >= TYPES) return -Errno.EINVAL;
  switch (family) {
    case Family.Unix:
      if (protocol != 0 && protocol != Family.Unix) return -Errno.EPROTONOSUPPORT;
      if (type == SocketType.Stream || type == SocketType.Datagram) return 0;
      return type == SocketType.Raw || type == SocketType.SequencedPacket ? 0 : -Errno.ESOCKTNOSUPPORT;
    case Family.Inet:
    case Family.Inet6:
      return inetCheck(family, type, protocol);
    case Family.Netlink:
      if (type != SocketType.Raw && type != SocketType.Datagram) return -Errno.ESOCKTNOSUPPORT;
      return protocol == NETLINK_ROUTE ? 0 : -Errno.EPROTONOSUPPORT;
    default:
      return -Errno.EAFNOSUPPORT;
  }
}

/** A new socket of the calling thread's container, with one reference; 0 when memory is short. The arguments have been checked. */
function make(family: u32, type: u32, protocol: u32): usize {
  const space = spaceOf(current.process.container);
  if (!space) return 0;
  switch (family) {
    case Family.Unix:
      return changetype<usize>(unixNew(space, type == SocketType.Raw ? SocketType.Datagram : type, protocol));
    case Family.Inet:
    case Family.Inet6:
      return inetNew(space, family, type, protocol);
    case Family.Netlink:
      return netlinkNew(space, type, protocol);
    default:
      return 0;
  }
}

/** socket(2): a File on a new socket, with one reference; -errno of `check`, -ENOMEM. `flags` may have O_NONBLOCK. */
export function socketNew(family: u32, type: u32, protocol: u32, flags: u32): Result {
  const r = check(family, type, protocol);
  if (r < 0) return r;
  const p = make(family, type, protocol);
  if (p == 0) return -Errno.ENOMEM;
  const file = socketFile(changetype<Socket>(p), flags, current.credentials);
  if (file) return changetype<usize>(file);
  familyClose(changetype<Socket>(p));
  return -Errno.ENOMEM;
}

/** Connects two new sockets: 0, -EOPNOTSUPP for families without pairs. */
export function socketPair(a: Socket, b: Socket): Result {
  switch (a.family) {
    case Family.Unix:
      unixPair(asUnix(a), asUnix(b));
      return 0;
    default:
      return -Errno.EOPNOTSUPP;
  }
}

/** bind(2) to the address of `length` bytes at `address`. */
export function socketBind(s: Socket, address: usize, length: u32): Result {
  switch (s.family) {
    case Family.Unix:
      return unixBind(asUnix(s), address, length);
    case Family.Inet:
    case Family.Inet6:
      return inetSocketBind(s, address, length);
    case Family.Netlink:
      return netlinkBind(asNetlink(s), address, length);
    default:
      return -Errno.EOPNOTSUPP;
  }
}

/** listen(2). */
export function socketListen(s: Socket, backlog: u32): Result {
  switch (s.family) {
    case Family.Unix:
      return unixListen(asUnix(s), backlog);
    case Family.Inet:
    case Family.Inet6:
      return inetListen(s, backlog);
    default:
      return -Errno.EOPNOTSUPP;
  }
}

/** connect(2): 0, -EAGAIN when it would have to wait, or -errno. */
export function familyConnect(s: Socket, address: usize, length: u32): Result {
  switch (s.family) {
    case Family.Unix:
      return unixConnect(asUnix(s), address, length);
    case Family.Inet:
    case Family.Inet6:
      return inetConnect(s, address, length);
    case Family.Netlink:
      return netlinkConnect(asNetlink(s), address, length);
    default:
      return -Errno.EOPNOTSUPP;
  }
}

/** accept(2): a File with one reference, -EAGAIN when nobody waits, or -errno. */
export function familyAccept(s: Socket, flags: u32): Result {
  switch (s.family) {
    case Family.Unix:
      return unixAccept(asUnix(s), flags);
    case Family.Inet:
    case Family.Inet6:
      return inetAccept(s, flags);
    default:
      return -Errno.EOPNOTSUPP;
  }
}

/** Sends from the exchange: bytes, -EAGAIN when nothing could be sent, or -errno. */
export function familySend(s: Socket): Result {
  switch (s.family) {
    case Family.Unix:
      return s.type == SocketType.Stream ? unixStreamSend(asUnix(s)) : unixDatagramSend(asUnix(s));
    case Family.Inet:
    case Family.Inet6:
      return inetSend(s);
    case Family.Netlink:
      return netlinkSend(asNetlink(s));
    default:
      return -Errno.EOPNOTSUPP;
  }
}

/** Receives into the exchange: bytes, -EAGAIN when there is nothing, or -errno. */
export function familyReceive(s: Socket): Result {
  switch (s.family) {
    case Family.Unix:
      return s.type == SocketType.Stream ? unixStreamReceive(asUnix(s)) : unixDatagramReceive(asUnix(s));
    case Family.Inet:
    case Family.Inet6:
      return inetReceive(s);
    case Family.Netlink:
      return netlinkReceive(asNetlink(s));
    default:
      return -Errno.EOPNOTSUPP;
  }
}

/** Event bits that hold now; registers `poller` unless it is 0. */
export function familyPoll(s: Socket, poller: usize): u32 {
  switch (s.family) {
    case Family.Unix:
      return unixPoll(asUnix(s), poller);
    case Family.Inet:
    case Family.Inet6:
      return inetPoll(s, poller);
    case Family.Netlink:
      return netlinkPoll(asNetlink(s), poller);
    default:
      return 0;
  }
}

/** shutdown(2) with bits of Shutdown. */
export function socketShutdown(s: Socket, how: u32): Result {
  switch (s.family) {
    case Family.Unix:
      return unixShutdown(asUnix(s), how);
    case Family.Inet:
    case Family.Inet6:
      return inetShutdown(s, how);
    default:
      return -Errno.EOPNOTSUPP;
  }
}

/** Writes the socket's own address, or its peer's, to `p` (ADDRESS_MAX bytes): its length; -ENOTCONN without a peer. */
export function socketAddress(s: Socket, ofPeer: bool, p: usize): Result {
  switch (s.family) {
    case Family.Unix: {
      if (!ofPeer) return unixAddress(asUnix(s), p);
      const peer = asUnix(s).peer;
      return peer ? <Result>unixAddress(peer, p) : -Errno.ENOTCONN;
    }
    case Family.Inet:
    case Family.Inet6:
      return inetAddress(s, ofPeer, p);
    case Family.Netlink:
      return netlinkAddress(asNetlink(s), ofPeer, p);
    default:
      return -Errno.EOPNOTSUPP;
  }
}

@inline
function isInternet(s: Socket): bool {
  return s.family == Family.Inet || s.family == Family.Inet6;
}

/** Bytes that can be received (FIONREAD): of a datagram socket those of the next datagram; -EINVAL for a listener. */
export function socketReadable(s: Socket): Result {
  if (s.family == Family.Netlink) return netlinkReadable(asNetlink(s));
  if (isInternet(s)) return inetReadable(s);
  if (s.state == SocketState.Listening) return -Errno.EINVAL;
  const first = s.firstMessage;
  return s.type == SocketType.Datagram ? (first ? first.length : 0) : s.bytes;
}

/** Bytes that have been sent and nobody has taken (SIOCOUTQ), or with `unsent` those that have not been sent (SIOCOUTQNSD). */
export function socketWritten(s: Socket, unsent: bool): Result {
  if (isInternet(s)) return inetWritten(s, unsent);
  return unsent ? -Errno.ENOTTY : <Result>s.sendCharge;
}

/** SIOCATMARK: 1 at the urgent mark. */
export function socketAtMark(s: Socket): Result {
  if (s.family == Family.Unix) return urgentAtMark(asUnix(s));
  return isInternet(s) ? inetAtMark(s) : -Errno.ENOTTY;
}

/** SIOCGSTAMP: when the last packet came in, in nanoseconds of the wall clock; -ENOENT before the first, -ENOTTY for other families. */
export function socketStamp(s: Socket): Result {
  return isInternet(s) ? inetStamp(s) : -Errno.ENOTTY;
}

/** Whether the socket has SO_PEEK_OFF. */
export function socketPeeksFrom(s: Socket): bool {
  if (s.family == Family.Unix) return true;
  return isInternet(s) && (s.type == <u32>SocketType.Stream || isUdp(s));
}

/** An option at SOL_SOCKET has been set: a bit of SocketOption, or 0 for another. */
export function socketOptionChanged(s: Socket, bit: u32): void {
  if (isInternet(s)) inetOptionChanged(s, bit);
}

/** The socket's file has been closed for good. */
export function familyClose(s: Socket): void {
  switch (s.family) {
    case Family.Unix:
      unixClose(asUnix(s));
      return;
    case Family.Inet:
    case Family.Inet6:
      inetClose(s);
      return;
    case Family.Netlink:
      netlinkClose(asNetlink(s));
      return;
    default:
      return;
  }
}
