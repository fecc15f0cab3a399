// Listeners: a SYN makes a socket in SYN-RECEIVED, which waits in the listener's first queue until its handshake is done and then in the second for
// accept(2). When the second has as many as the backlog says (listen(2)), and one more, SYNs are dropped. The backlog does not bound the first (tcp(7),
// tcp_max_syn_backlog), as with Linux's SYN cookies, so that a burst of connections finds a server with a short backlog. A handshake that has begun is
// finished, even if the second queue has filled up meanwhile: Linux takes the last acknowledgment for lost then, and with it the client's first data.

import { setAddress } from "../inet/address";
import { Counter } from "../inet/counters";
import { flowAim, FlowKind, flowRoute } from "../inet/flow";
import { endpointOf, flowOf, localAddress, remoteAddress } from "../inet/inet";
import { connectionAdd, portJoin, portLeave, portListen } from "../inet/ports";
import { count } from "../inet/space";
import { Family, SocketState, wakeEverybody, wakeReaders } from "../socket";
import { tcpAbort, tcpEnd, tcpEnter } from "./end";
import { firstNumbers, negotiate, scaleFor, sizeOfPath } from "./negotiate";
import { replyReset, sendSyn } from "./output";
import { Segment, segmentDestination, SegmentFlag, segmentSource } from "./segment";
import { tcpNew, tcpPorts, tcpRelease, TcpFlag, TcpSocket, TcpState } from "./socket";
import { lifeStart, retransmitStart, SECOND_NS, timersStop } from "./timer";

/** What a child has from its listener. */
const INHERITED: u32 = TcpFlag.NoDelay | TcpFlag.Cork | TcpFlag.SendFixed | TcpFlag.ReceiveFixed | TcpFlag.QuickAck;

/** net.ipv4.tcp_max_syn_backlog: the first queue of a listener takes as many, or as many as its backlog if that is longer. */
const SYN_BACKLOG: u32 = 256;

/** A segment for a listener (RFC 9293, 3.10.7.2). */
export function listenerArrived(listener: TcpSocket, segment: Segment): void {
  const flags = <u32>segment.flags;
  if ((flags & SegmentFlag.Reset) != 0) return;
  if ((flags & SegmentFlag.Ack) != 0) {
    replyReset(segment);
    return;
  }
  if ((flags & (SegmentFlag.Syn | SegmentFlag.Fin)) != SegmentFlag.Syn) return;
  if (listener.accepting > listener.backlog || listener.synWaiting >= max(listener.backlog, SYN_BACKLOG)) {
    count(listener.inet, Counter.TcpAttemptFails);
    return;
  }
  const s = childNew(listener, segment);
  if (!s) return;
  sendSyn(s, false);
  retransmitStart(s);
}

/** A socket for the connection that the SYN asks for, in SYN-RECEIVED; null when memory is short or there is no way back. */
function childNew(listener: TcpSocket, segment: Segment): TcpSocket | null {
  const s = tcpNew(listener.inet, <Family>listener.family);
  if (!s) return null;
  const e = endpointOf(s);
  setAddress(localAddress(e), segmentDestination(segment));
  setAddress(remoteAddress(e), segmentSource(segment));
  e.localPort = segment.destinationPort;
  e.remotePort = segment.sourcePort;
  inherit(s, listener);
  const f = flowOf(s);
  flowAim(f, localAddress(e), remoteAddress(e));
  const entry = endpointOf(listener).portEntry;
  if (!entry || flowRoute(s.inet, f) < 0) {
    tcpRelease(s);
    return null;
  }
  if (f.kind == <u8>FlowKind.Local) s.flags |= TcpFlag.Local;
  s.ownSize = sizeOfPath(s);
  s.receiveScale = scaleFor(s);
  s.initialReceive = segment.sequence;
  s.receiveNext = segment.sequence + 1;
  s.acknowledged = s.receiveNext;
  s.receiveEdge = s.receiveNext;
  negotiate(s, segment);
  s.sendWindow = segment.window;
  s.sendWindowMax = segment.window;
  firstNumbers(s);
  s.sendUnacknowledged = s.initialSend;
  s.sendNext = s.initialSend + 1;
  s.recoverUntil = s.initialSend;
  s.smallEnd = s.initialSend;
  s.tcpState = TcpState.SynReceived;
  s.state = SocketState.Connecting;
  tcpEnter(s);
  portJoin(entry, e);
  connectionAdd(tcpPorts(s.inet), e);
  s.listener = listener;
  queueJoin(listener, s);
  return s;
}

function inherit(s: TcpSocket, listener: TcpSocket): void {
  s.flags = listener.flags & INHERITED;
  s.options = listener.options;
  s.sendLimit = listener.sendLimit;
  s.receiveLimit = listener.receiveLimit;
  s.receiveLow = listener.receiveLow;
  s.lingerSeconds = listener.lingerSeconds;
  s.priority = listener.priority;
  s.mark = listener.mark;
  s.receiveTimeoutNs = listener.receiveTimeoutNs;
  s.sendTimeoutNs = listener.sendTimeoutNs;
  s.uid = listener.uid;
  s.service = listener.service;
  s.hops = listener.hops;
  s.device = listener.device;
  s.optionBits = listener.optionBits;
  s.onlyV6 = listener.onlyV6;
  s.userSize = listener.userSize;
  s.windowClamp = listener.windowClamp;
  s.algorithm = listener.algorithm;
  s.keepIdleSeconds = listener.keepIdleSeconds;
  s.keepIntervalSeconds = listener.keepIntervalSeconds;
  s.keepCount = listener.keepCount;
  s.lingerAfterSeconds = listener.lingerAfterSeconds;
  s.userTimeoutMs = listener.userTimeoutMs;
  s.notSentLow = listener.notSentLow;
}

// The first queue: its order does not matter -------------------------------------------------------------------------------------------------

function queueJoin(listener: TcpSocket, s: TcpSocket): void {
  const first = listener.synFirst;
  s.queueNext = first;
  s.queuePrev = null;
  if (first) first.queuePrev = s;
  listener.synFirst = s;
  listener.synWaiting++;
}

function queueLeave(listener: TcpSocket, s: TcpSocket): void {
  const next = s.queueNext;
  const prev = s.queuePrev;
  if (next) next.queuePrev = prev;
  if (prev) prev.queueNext = next;
  else listener.synFirst = next;
  s.queueNext = null;
  s.queuePrev = null;
  listener.synWaiting--;
}

/** A child's handshake is done: true when it may go on, in the second queue; false when it must wait in the first. */
export function childComplete(listener: TcpSocket, s: TcpSocket, segment: Segment): bool {
  const waits = listener.deferSeconds != 0 && s.deferSeconds == 0 && segment.length == 0 && (segment.flags & SegmentFlag.Fin) == 0;
  if (waits && (s.flags & TcpFlag.Held) == 0) {
    // TCP_DEFER_ACCEPT: no more than a bare acknowledgment has come.
    s.flags |= TcpFlag.Held;
    s.retransmitNs = 0;
    lifeStart(s, <u64>listener.deferSeconds * SECOND_NS);
  }
  if (waits) return false;
  s.flags &= ~TcpFlag.Held;
  s.lifeNs = 0;
  queueLeave(listener, s);
  s.listener = null;
  const last = listener.acceptLast;
  s.queueNext = null;
  s.queuePrev = last;
  if (last) last.queueNext = s;
  else listener.acceptFirst = s;
  listener.acceptLast = s;
  listener.accepting++;
  count(s.inet, Counter.TcpPassiveOpens);
  wakeReaders(listener);
  return true;
}

/** A child that has not been accepted ends: its listener forgets it. The queue's reference goes. */
export function childLeave(listener: TcpSocket, s: TcpSocket): void {
  queueLeave(listener, s);
  s.listener = null;
  tcpRelease(s);
}

/** Takes the oldest connection off the second queue; its reference goes to the caller. Null when nobody waits. */
export function acceptTake(listener: TcpSocket): TcpSocket | null {
  const s = listener.acceptFirst;
  if (!s) return null;
  const next = s.queueNext;
  listener.acceptFirst = next;
  if (next) next.queuePrev = null;
  else listener.acceptLast = null;
  s.queueNext = null;
  listener.accepting--;
  return s;
}

/** listen(2): connections may come, as many as `backlog` and one more. The port stands. */
export function listenerBegin(s: TcpSocket, backlog: u32): void {
  s.backlog = backlog;
  if (s.tcpState == TcpState.Listen) return;
  s.tcpState = TcpState.Listen;
  s.state = SocketState.Listening;
  portListen(endpointOf(s), true);
}

/** Nobody listens any more: connections that nobody has accepted are reset, those being made forgotten. */
export function listenerEnd(s: TcpSocket): void {
  portListen(endpointOf(s), false);
  s.tcpState = TcpState.Closed;
  s.state = SocketState.Closed;
  timersStop(s);
  for (let child = s.synFirst; child; child = s.synFirst) tcpEnd(child, 0);
  for (let child = acceptTake(s); child; child = acceptTake(s)) {
    child.flags |= TcpFlag.Orphan;
    tcpAbort(child, 0);
    tcpRelease(child);
  }
  portLeave(tcpPorts(s.inet), endpointOf(s));
  wakeEverybody(s);
}
