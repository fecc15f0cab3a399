// How connections end: the socket leaves the tables and tells everybody. What remains is a file on a closed socket, or nothing.

import { chainClear } from "../chain";
import { endpointOf, Bound } from "../inet/inet";
import { connectionRemove, portLeave, portTableFree } from "../inet/ports";
import { InetSpace } from "../inet/space";
import { Family, Shutdown, SocketState, SocketType, wakeEverybody } from "../socket";
import { NetSpace } from "../space";
import { earlyClear } from "./early";
import { childLeave, listenerEnd } from "./listen";
import { loopbackForget, tcpSettle } from "./loopback";
import { sendReset } from "./output";
import { asTcp, sendChain, tcpPorts, tcpRelease, TcpFlag, TcpSocket, TcpState } from "./socket";
import { tcpClock, timersStop } from "./timer";
import { waitForget } from "./timewait";

/** Enters the tables: from now on the connection holds the socket. */
export function tcpEnter(s: TcpSocket): void {
  if ((s.flags & TcpFlag.Entered) != 0) return;
  s.flags |= TcpFlag.Entered;
  s.refs++;
}

/** The connection is over, because of `error` (an Errno) or in good order (0). What has been received can still be read. */
export function tcpEnd(s: TcpSocket, error: u32): void {
  if (s.tcpState == TcpState.Closed && (s.flags & TcpFlag.Entered) == 0) return;
  timersStop(s);
  s.tcpState = TcpState.Closed;
  s.state = SocketState.Closed;
  if (error != 0) s.error = error;
  s.shutdown = Shutdown.Both;
  chainClear(sendChain(s));
  s.nextPiece = 0;
  s.flags &= ~(TcpFlag.FinQueued | TcpFlag.AckDue | TcpFlag.AckNow | TcpFlag.Recovering | TcpFlag.Loss | TcpFlag.Probing);
  earlyClear(s);
  s.sackedCount = 0;
  const table = tcpPorts(s.inet);
  connectionRemove(table, endpointOf(s));
  // A port that bind(2) has fixed stays with the socket.
  if ((s.bound & Bound.Port) == 0 || !s.file) {
    portLeave(table, endpointOf(s));
    if ((s.bound & Bound.Port) == 0) s.localPort = s.file ? s.localPort : 0;
  }
  wakeEverybody(s);
  const listener = s.listener;
  if (listener) childLeave(listener, s);
  if ((s.flags & TcpFlag.Entered) == 0) return;
  s.flags &= ~TcpFlag.Entered;
  tcpRelease(s);
}

/** The container of these sockets is gone: connections that only wait for their end have it now. */
export function tcpContainerGone(net: NetSpace): void {
  tcpClock();
  let s = net.first;
  while (s) {
    const next = s.spaceNext;
    if (s.type == <u32>SocketType.Stream && s.family != Family.Unix && (asTcp(s).flags & TcpFlag.Orphan) != 0) tcpAbort(asTcp(s), 0);
    s = next;
  }
  tcpSettle();
}

/** The space goes, and no socket is left in it: so do finished connections that wait, and the tables. */
export function tcpSpaceEnd(space: InetSpace): void {
  if (space.tcp == 0) return;
  loopbackForget(space);
  waitForget(space);
  portTableFree(tcpPorts(space));
  space.tcp = 0;
}

/** Ends the connection at once, and tells the peer with RST. */
export function tcpAbort(s: TcpSocket, error: u32): void {
  switch (s.tcpState) {
    case TcpState.Closed:
      break;
    case TcpState.Listen:
      listenerEnd(s);
      break;
    case TcpState.SynSent:
      tcpEnd(s, error);
      break;
    default:
      sendReset(s);
      tcpEnd(s, error);
  }
}
