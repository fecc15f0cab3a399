// TCP as sockets have it: tcp(7), and the life of a stream: socket, listen, connect, accept, shutdown, close, names. AF_INET and AF_INET6 (dual-stack) sockets
// alike. Sending, receiving and polling are in streamdata.ts, the protocol in kernel/net/tcp. Where Linux leaves choices to the
// implementation, its own are taken: a connect that does not wait always says EINPROGRESS first, even on loopback.

import { Errno } from "../../errno";
import { Result } from "../../result";
import { current } from "../../task/thread";
import { OpenFlag } from "../../vfs/flags";
import { chainDrop } from "../chain";
import { Family, Shutdown, Socket, socketFile, SocketOption, SocketState, wakeEverybody } from "../socket";
import { NetSpace } from "../space";
import { wakeWriters } from "../tcp/acknowledge";
import { keepAliveStart } from "../tcp/actions";
import { tcpAbort, tcpEnd, tcpEnter } from "../tcp/end";
import { acceptTake, listenerBegin, listenerEnd } from "../tcp/listen";
import { tcpSettle } from "../tcp/loopback";
import { firstNumbers, scaleFor, sizeOfPath } from "../tcp/negotiate";
import { sendSyn, tcpOutput } from "../tcp/output";
import { receiveChain, tcpNew, tcpPorts, tcpRelease, TcpFlag, TcpSocket, TcpState, Urgent } from "../tcp/socket";
import { now, retransmitStart, tcpClock } from "../tcp/timer";
import { waitMakesWay } from "../tcp/timewait";
import { orphanWaits } from "../tcp/arrive";
import { InetAddress, isAnyAddress, isMapped4, setAddress, setAddress4, setLoopback6 } from "./address";
import { parsedLink } from "./bind";
import { Counter } from "./counters";
import { Flow, flowAim, flowIsBroadcast, FlowKind, flowRoute, flowSource } from "./flow";
import {
  Bound,
  endpointOf,
  flowOf,
  formatSocketAddress,
  localAddress,
  parsedAddress,
  parsedPort,
  parseSocketAddress,
  remoteAddress,
} from "./inet";
import { portBind, portConnect, portLeave, portMayListen } from "./ports";
import { count, inetOf } from "./space";

/** A new stream socket with one reference; 0 when memory is short. */
export function streamNew(net: NetSpace, family: u32): usize {
  const space = inetOf(net);
  const s = space ? tcpNew(space, <Family>family) : null;
  if (!s) return 0;
  s.uid = current.credentials.euid;
  if (family == Family.Inet) {
    setAddress4(localAddress(endpointOf(s)), 0);
    setAddress4(remoteAddress(endpointOf(s)), 0);
  }
  return changetype<usize>(s);
}

@inline
function mayNotWait(s: Socket): bool {
  const file = s.file;
  return file != null && (file.flags & OpenFlag.NonBlock) != 0;
}

/** Whether bind(2) may be tried: 0 or -EINVAL. A port that a connection has had before is forgotten. */
export function streamMayBind(s: TcpSocket): Result {
  if (s.tcpState != TcpState.Closed) return -Errno.EINVAL;
  if (!s.portEntry) s.localPort = 0;
  return 0;
}

/** listen(2): 0; -EINVAL when connected; -EADDRINUSE when somebody else listens there, or no port is free; -ENOMEM. */
export function streamListen(s: TcpSocket, backlog: u32): Result {
  if (s.tcpState != TcpState.Listen) {
    if (s.tcpState != TcpState.Closed || (s.flags & (TcpFlag.WasConnected | TcpFlag.ConnectPending)) != 0) return -Errno.EINVAL;
    let r: Result = 0;
    if (!s.portEntry) r = portBind(tcpPorts(s.inet), s, 0, true);
    else r = portMayListen(s);
    if (r < 0) return r;
  }
  s.shutdown = 0;
  listenerBegin(s, backlog);
  return 0;
}

// Connecting -------------------------------------------------------------------------------------------------------------------------------

/**
 * connect(2): 0; -EAGAIN when it has to wait; -EINPROGRESS, -EALREADY for those who do not wait; -EISCONN; -EAFNOSUPPORT, -EINVAL; -ENETUNREACH,
 * -EADDRNOTAVAIL; -ECONNREFUSED, -ETIMEDOUT ... when the attempt has failed; -ENOMEM.
 */
export function streamConnect(s: TcpSocket, address: usize, length: u32): Result {
  tcpClock();
  if (length < 2) return -Errno.EINVAL;
  if (load<u16>(address) == Family.Unspecified) {
    disconnect(s);
    return 0;
  }
  if ((s.flags & TcpFlag.ConnectPending) != 0) return connectGoesOn(s);
  if (s.tcpState != TcpState.Closed || (s.flags & TcpFlag.WasConnected) != 0) return -Errno.EISCONN;
  let r = parseSocketAddress(s, address, length);
  if (r >= 0) r = aim(s);
  if (r < 0) return r;
  begin(s);
  if (mayNotWait(s)) return -Errno.EINPROGRESS;
  return connectGoesOn(s);
}

/** An attempt is under way, or its end has not been told yet. */
function connectGoesOn(s: TcpSocket): Result {
  switch (s.tcpState) {
    case TcpState.SynSent:
    case TcpState.SynReceived:
      return mayNotWait(s) ? -Errno.EALREADY : -Errno.EAGAIN;
    case TcpState.Closed: {
      const error = s.error;
      s.flags &= ~TcpFlag.ConnectPending;
      // A connection that came and went meanwhile was one.
      if ((s.flags & TcpFlag.WasConnected) != 0 && error == 0) return 0;
      s.error = 0;
      forget(s);
      return error != 0 ? -(<Result>error) : -Errno.ECONNABORTED;
    }
    default:
      s.flags &= ~TcpFlag.ConnectPending;
      return 0;
  }
}

/** Finds the way to the address that has been read, and a port: 0 or -errno, and then nothing has changed. */
function aim(s: TcpSocket): Result {
  const to = parsedAddress;
  if (isAnyAddress(to) && !isMapped4(to)) setLoopback6(to);
  if (s.family == Family.Inet6 && isMapped4(to) && s.onlyV6) return -Errno.ENETUNREACH;
  const link = parsedLink(s);
  if (link < 0) return link;
  const e = endpointOf(s);
  const local = localAddress(e);
  const f = flowOf(s);
  f.bound = s.device;
  flowAim(f, local, to);
  if (isMapped4(to) && isAnyAddress(local)) f.anySource = true;
  let r = flowRoute(s.inet, f);
  if (r < 0) return r;
  if (flowIsBroadcast(f) || f.kind == <u8>FlowKind.Multicast) return -Errno.ENETUNREACH;
  const high = local.high;
  const low = local.low;
  setAddress(local, flowSource(f));
  setAddress(remoteAddress(e), changetype<InetAddress>(changetype<usize>(f) + offsetof<Flow>("destinationHigh")));
  s.remotePort = parsedPort;
  if (!s.portEntry) s.localPort = 0;
  r = portConnect(tcpPorts(s.inet), s, waitMakesWay);
  if (r >= 0) return 0;
  local.high = high;
  local.low = low;
  return r;
}

/** Sends the SYN. */
function begin(s: TcpSocket): void {
  s.flags = (s.flags & ~TcpFlag.Local) | TcpFlag.ConnectPending;
  if (flowOf(s).kind == <u8>FlowKind.Local) s.flags |= TcpFlag.Local;
  s.shutdown = 0;
  s.ownSize = sizeOfPath(s);
  s.receiveScale = scaleFor(s);
  firstNumbers(s);
  s.sendUnacknowledged = s.initialSend;
  s.sendNext = s.initialSend + 1;
  s.recoverUntil = s.initialSend;
  s.smallEnd = s.initialSend;
  s.receiveNext = 0;
  s.acknowledged = 0;
  s.tcpState = TcpState.SynSent;
  s.state = SocketState.Connecting;
  s.flags |= TcpFlag.Timing;
  s.timedEnd = s.sendNext;
  s.timedNs = now;
  tcpEnter(s);
  count(s.inet, Counter.TcpActiveOpens);
  sendSyn(s, false);
  retransmitStart(s);
  tcpSettle();
}

/** The socket is as good as new: connect may be called again. */
function forget(s: TcpSocket): void {
  s.shutdown = 0;
  s.flags &= KEPT;
  s.state = SocketState.Closed;
  s.backoff = 0;
  s.probes = 0;
  s.duplicates = 0;
  s.softError = 0;
  s.urgentState = <u8>Urgent.None;
  s.remotePort = 0;
  const e = endpointOf(s);
  if ((s.bound & Bound.Address) == 0) anyAddress(s, localAddress(e));
  anyAddress(s, remoteAddress(e));
  if (!s.portEntry) s.localPort = 0;
}

/** What options have set stays. */
const KEPT: u32 =
  TcpFlag.NoDelay | TcpFlag.Cork | TcpFlag.SendFixed | TcpFlag.ReceiveFixed | TcpFlag.QuickAck | TcpFlag.TimerDirty | TcpFlag.Entered;

function anyAddress(s: TcpSocket, a: InetAddress): void {
  a.high = 0;
  a.low = 0;
  if (s.family == Family.Inet) setAddress4(a, 0);
}

/** connect(2) to AF_UNSPEC: the connection is given up. */
function disconnect(s: TcpSocket): void {
  const was = s.tcpState;
  tcpAbort(s, was == TcpState.Closed || was == TcpState.Listen ? 0 : was == TcpState.SynSent ? Errno.ECONNRESET : 0);
  dropReceived(s);
  forget(s);
  tcpSettle();
  wakeEverybody(s);
}

function dropReceived(s: TcpSocket): void {
  const chain = receiveChain(s);
  if (chain.bytes != 0) chainDrop(chain, chain.bytes);
}

// Accepting --------------------------------------------------------------------------------------------------------------------------------

/** accept(2): a File on the oldest connection that waits, with one reference; -EAGAIN when there is none, -EINVAL when it does not listen, -ENOMEM. */
export function streamAccept(s: TcpSocket, flags: u32): Result {
  if (s.tcpState != TcpState.Listen) return -Errno.EINVAL;
  const first = s.acceptFirst;
  if (!first) return -Errno.EAGAIN;
  const file = socketFile(first, flags, current.credentials);
  if (!file) return -Errno.ENOMEM;
  acceptTake(s);
  first.flags |= TcpFlag.Accepted;
  return changetype<usize>(file);
}

// Ending -----------------------------------------------------------------------------------------------------------------------------------

/** FIN goes behind what is queued. */
function finish(s: TcpSocket): void {
  s.flags |= TcpFlag.FinQueued;
  tcpOutput(s, true);
}

/** shutdown(2) with bits of Shutdown: 0, or -ENOTCONN without a connection. */
export function streamShutdown(s: TcpSocket, how: u32): Result {
  tcpClock();
  let r: Result = 0;
  switch (s.tcpState) {
    case TcpState.Listen:
      if ((how & Shutdown.Receive) != 0) listenerEnd(s);
      return 0;
    case TcpState.SynSent:
      tcpEnd(s, 0);
      forget(s);
      return 0;
    case TcpState.Closed:
      r = -Errno.ENOTCONN;
      break;
    default:
      break;
  }
  s.shutdown |= how;
  if ((how & Shutdown.Send) != 0) shutdownSend(s);
  wakeEverybody(s);
  tcpSettle();
  return r;
}

function shutdownSend(s: TcpSocket): void {
  switch (s.tcpState) {
    case TcpState.Established:
      s.tcpState = TcpState.FinWait1;
      break;
    case TcpState.CloseWait:
      s.tcpState = TcpState.LastAck;
      break;
    case TcpState.SynReceived:
      // Goes with the end of the handshake.
      s.flags |= TcpFlag.FinQueued;
      return;
    default:
      return;
  }
  finish(s);
}

/** Begins the end of the connection for close(2) with SO_LINGER: true while that has to wait, as data or FIN is on its way. */
export function streamLingers(s: TcpSocket): bool {
  // What is not read resets the connection.
  if (receiveChain(s).bytes != 0) return false;
  if (s.tcpState == TcpState.Established || s.tcpState == TcpState.CloseWait) streamShutdown(s, Shutdown.Send);
  return s.tcpState == TcpState.FinWait1 || s.tcpState == TcpState.Closing || s.tcpState == TcpState.LastAck;
}

/** The socket's file has been closed for good: the connection ends in good order, or at once if data is lost that way (RFC 2525, 2.17). */
export function streamClose(s: TcpSocket): void {
  tcpClock();
  s.file = null;
  s.dead = true;
  const unread = receiveChain(s).bytes != 0;
  dropReceived(s);
  const abrupt = (s.options & SocketOption.Linger) != 0 && s.lingerSeconds == 0;
  switch (s.tcpState) {
    case TcpState.Closed:
      portLeave(tcpPorts(s.inet), endpointOf(s));
      break;
    case TcpState.Listen:
      listenerEnd(s);
      break;
    case TcpState.SynSent:
      tcpEnd(s, 0);
      break;
    default:
      if (unread || abrupt) tcpAbort(s, 0);
      else closeInOrder(s);
  }
  tcpSettle();
  tcpRelease(s);
}

function closeInOrder(s: TcpSocket): void {
  s.flags |= TcpFlag.Orphan;
  s.shutdown = Shutdown.Both;
  s.lifeNs = 0;
  if (s.tcpState == TcpState.FinWait2) orphanWaits(s);
  else shutdownSend(s);
}

// Names ------------------------------------------------------------------------------------------------------------------------------------

/** Writes the socket's own address, or its peer's, to `p`: its length; -ENOTCONN without a peer. */
export function streamAddress(s: TcpSocket, ofPeer: bool, p: usize): Result {
  const e = endpointOf(s);
  if (!ofPeer) return formatSocketAddress(s, localAddress(e), s.localPort, p);
  const isFresh = (s.flags & TcpFlag.Accepted) != 0;
  s.flags &= ~TcpFlag.Accepted;
  if (!isFresh && (s.tcpState == TcpState.Closed || s.tcpState == TcpState.Listen || s.tcpState == TcpState.SynSent))
    return -Errno.ENOTCONN;
  return formatSocketAddress(s, remoteAddress(e), s.remotePort, p);
}

// Options ----------------------------------------------------------------------------------------------------------------------------------

/** An option at SOL_SOCKET has been set: a bit of SocketOption, or 0. */
export function streamOptionChanged(s: TcpSocket, bit: u32): void {
  switch (bit) {
    case SocketOption.KeepAlive:
      tcpClock();
      keepAliveStart(s);
      tcpSettle();
      return;
    case SocketOption.SendBufferLocked:
      s.flags |= TcpFlag.SendFixed;
      wakeWriters(s);
      return;
    case SocketOption.ReceiveBufferLocked:
      s.flags |= TcpFlag.ReceiveFixed;
      return;
    default:
      return;
  }
}
