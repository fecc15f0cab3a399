// A segment arrives: whose it is, and the steps of RFC 9293, 3.10.7, as RFC 5961 (blind attacks) and RFC 7323 (timestamps) changed them. Listeners are in
// listen.ts, what the acknowledgment says in acknowledge.ts, data in data.ts.

import { Errno } from "../../errno";
import { Counter } from "../inet/counters";
import { Endpoint, EndpointKind } from "../inet/inet";
import { connectionFind, connectionHash, listenerFind, PortTable } from "../inet/ports";
import { count } from "../inet/space";
import { SocketOption, SocketState, wakeEverybody } from "../socket";
import { keepAliveStart } from "./actions";
import { acknowledgmentArrived, challenge, unsent } from "./acknowledge";
import { dataArrived, finArrived, urgentArrived } from "./data";
import { tcpEnd } from "./end";
import { childComplete, listenerArrived } from "./listen";
import { replyReset, sendAck, sendReset, sendSyn, tcpOutput } from "./output";
import { recoverySend } from "./recovery";
import { after, before, Segment, segmentDestination, SegmentFlag, segmentFree, SegmentOption, segmentSource, segmentSpan } from "./segment";
import { asTcp, tcpOfEndpoint, tcpRelease, TcpFlag, TcpSocket, TcpState } from "./socket";
import { delayAck, lifeStart, now, retransmitStart, roundTripSample, SECOND_NS } from "./timer";
import { waitBegin, waitingArrived } from "./timewait";
import { negotiate } from "./negotiate";

/** An old timestamp means nothing after 24 days (RFC 7323, 5.5). */
const STAMP_LIFE_NS: u64 = 24 * 86400 * SECOND_NS;
/** Longest FIN-WAIT-2 of a connection that nobody has any more (net.ipv4.tcp_fin_timeout). */
export const ORPHAN_WAIT_SECONDS: u32 = 60;

/** Deals with a segment that is addressed to this space. Consumes it. */
export function tcpSegment(segment: Segment): void {
  count(segment.space, Counter.TcpIn);
  const table = changetype<PortTable | null>(segment.space.tcp);
  if (table) deliver(table, segment);
  else replyReset(segment);
  segmentFree(segment);
}

function deliver(table: PortTable, segment: Segment): void {
  const local = segmentDestination(segment);
  const remote = segmentSource(segment);
  const e = connectionFind(table, local, segment.destinationPort, remote, segment.sourcePort);
  if (e && arrivedAt(e, segment)) return;
  const hash = connectionHash(table, local, segment.destinationPort, remote, segment.sourcePort);
  const listener = listenerFind(table, local, segment.destinationPort, segment.device, hash);
  if (listener) listenerArrived(asTcp(listener), segment);
  else replyReset(segment);
}

/** True when the connection has dealt with the segment; false when a finished one has made way for a new one. */
@inline
function arrivedAt(e: Endpoint, segment: Segment): bool {
  if (e.kind == EndpointKind.Waiting) return waitingArrived(e, segment);
  const s = tcpOfEndpoint(e);
  s.refs++;
  s.segmentsIn++;
  s.lastReceivedNs = now;
  if (s.tcpState == TcpState.SynSent) synSentArrived(s, segment);
  else arrives(s, segment);
  tcpRelease(s);
  return true;
}

/** PAWS: the segment is older than one that has been accepted (RFC 7323, 5.3). */
@inline
function isOld(s: TcpSocket, segment: Segment): bool {
  if ((s.flags & TcpFlag.Timestamps) == 0 || (segment.options & SegmentOption.Timestamps) == 0) return false;
  return before(segment.stamp, s.recentStamp) && now - s.recentStampNs < STAMP_LIFE_NS;
}

/** In every state but LISTEN and SYN-SENT. */
function arrives(s: TcpSocket, segment: Segment): void {
  const flags = <u32>segment.flags;
  const sequence = segment.sequence;
  const end = sequence + segmentSpan(segment);
  // First, sequence and timestamp. A window of 0 still takes acknowledgments.
  if (before(end, s.receiveNext) || after(sequence, s.receiveEdge) || isOld(s, segment)) {
    if ((flags & SegmentFlag.Reset) == 0) unacceptable(s, segment);
    return;
  }
  if ((flags & (SegmentFlag.Reset | SegmentFlag.Syn | SegmentFlag.Ack)) != SegmentFlag.Ack && !control(s, segment)) return;
  if ((segment.options & SegmentOption.Timestamps) != 0 && !after(sequence, s.acknowledged)) {
    s.recentStamp = segment.stamp;
    s.recentStampNs = now;
  }
  if (s.tcpState == TcpState.SynReceived && !synAcknowledged(s, segment)) return;
  if (!acknowledgmentArrived(s, segment)) return;
  if ((s.flags & TcpFlag.FinSent) != 0 && s.sendUnacknowledged == s.sendNext && !finAcknowledged(s, segment)) return;
  if ((flags & SegmentFlag.Urgent) != 0) urgentArrived(s, segment);
  if (((flags & SegmentFlag.Fin) | segment.length) != 0 && !contentArrived(s, segment, end)) return;
  finish(s);
}

/** Second to fourth: RST, SYN, no ACK. True when the segment goes on. */
function control(s: TcpSocket, segment: Segment): bool {
  const flags = <u32>segment.flags;
  if ((flags & SegmentFlag.Reset) != 0) {
    // Only one that is exactly in turn is believed (RFC 5961, 3.2).
    if (segment.sequence == s.receiveNext) resetArrived(s);
    else challenge(s);
    return false;
  }
  if ((flags & SegmentFlag.Syn) == 0) return false;
  // The other end's SYN again, or of a simultaneous open with our acknowledgment.
  if (s.tcpState == TcpState.SynReceived && segment.sequence == s.initialReceive && (flags & SegmentFlag.Ack) != 0) return true;
  challenge(s);
  return false;
}

/** Out of the window: the answer says what is expected. */
function unacceptable(s: TcpSocket, segment: Segment): void {
  if (s.tcpState == TcpState.SynReceived && (segment.flags & (SegmentFlag.Syn | SegmentFlag.Ack)) == SegmentFlag.Syn) {
    // Our SYN-ACK was lost, it seems.
    if (segment.sequence == s.initialReceive) sendSyn(s, true);
    return;
  }
  if (s.tcpState == TcpState.SynReceived && segment.sequence == s.initialReceive && (segment.flags & SegmentFlag.Ack) != 0) {
    // A simultaneous open: the other SYN-ACK, of which the SYN is known.
    if (segment.acknowledgment == s.sendNext && synAcknowledged(s, segment)) {
      acknowledgmentArrived(s, segment);
      sendAck(s);
      finish(s);
    }
    return;
  }
  // Data that came before is answered always, since the acknowledgment was lost, it seems; other things seldom.
  if (segment.length != 0 && before(segment.sequence, s.receiveNext) && !isOld(s, segment)) sendAck(s);
  else challenge(s);
}

/** The peer has ended the connection at once. */
function resetArrived(s: TcpSocket): void {
  if (s.tcpState == TcpState.SynReceived) {
    tcpEnd(s, Errno.ECONNREFUSED);
    return;
  }
  count(s.inet, Counter.TcpEstablishedResets);
  tcpEnd(s, s.tcpState == TcpState.CloseWait ? Errno.EPIPE : Errno.ECONNRESET);
}

/** SYN-RECEIVED: true when the connection is established now and the segment goes on. */
function synAcknowledged(s: TcpSocket, segment: Segment): bool {
  if (segment.acknowledgment != s.sendNext) {
    replyReset(segment);
    return false;
  }
  const listener = s.listener;
  if (listener && !childComplete(listener, s, segment)) return false;
  // The window of this one counts, whatever its numbers.
  s.sendWindowSequence = segment.sequence - 1;
  tcpEstablished(s);
  return true;
}

/** ESTABLISHED begins: the SYN has been acknowledged. */
export function tcpEstablished(s: TcpSocket): void {
  s.tcpState = TcpState.Established;
  s.state = SocketState.Connected;
  s.flags |= TcpFlag.WasConnected;
  s.sendUnacknowledged = s.initialSend + 1;
  s.establishedNs = now;
  s.backoff = 0;
  s.retransmitNs = 0;
  s.softError = 0;
  if ((s.flags & TcpFlag.Timing) != 0) {
    s.flags &= ~TcpFlag.Timing;
    roundTripSample(s, <u32>min<u64>((now - s.timedNs) / 1000, 60_000_000));
  }
  negotiated(s);
  if ((s.options & SocketOption.KeepAlive) != 0) keepAliveStart(s);
}

/** Sizes follow from what the ends have agreed upon. */
function negotiated(s: TcpSocket): void {
  s.congestionWindow = 10 * s.sendSize;
  s.smallEnd = s.sendUnacknowledged;
  s.quickAcks = max<u32>(2, min<u32>(16, (s.receiveEdge - s.receiveNext) / (2 * s.ownSize)));
  // Two congestion windows of data may wait, as long as nobody has said otherwise (Linux's tcp_sndbuf_expand).
  if ((s.flags & TcpFlag.SendFixed) == 0) s.sendLimit = max(s.sendLimit, min<u32>(20 * s.sendSize, 1 << 20));
  if ((s.flags & TcpFlag.FinQueued) != 0) s.tcpState = TcpState.FinWait1;
}

/** SYN-SENT (RFC 9293, 3.10.7.3). */
function synSentArrived(s: TcpSocket, segment: Segment): void {
  const flags = <u32>segment.flags;
  const acknowledges = (flags & SegmentFlag.Ack) != 0;
  if (acknowledges && segment.acknowledgment != s.sendNext) {
    replyReset(segment);
    return;
  }
  if ((flags & SegmentFlag.Reset) != 0) {
    if (acknowledges) {
      count(s.inet, Counter.TcpAttemptFails);
      tcpEnd(s, Errno.ECONNREFUSED);
    }
    return;
  }
  if ((flags & SegmentFlag.Syn) == 0) return;
  s.initialReceive = segment.sequence;
  s.receiveNext = segment.sequence + 1;
  s.receiveEdge = s.receiveNext + (s.receiveEdge - s.acknowledged);
  s.acknowledged = s.receiveNext;
  negotiate(s, segment);
  s.sendWindow = segment.window;
  s.sendWindowMax = segment.window;
  s.sendWindowSequence = segment.sequence;
  s.sendWindowAcknowledgment = segment.acknowledgment;
  if (!acknowledges) {
    // Both ends have called each other.
    s.tcpState = TcpState.SynReceived;
    sendSyn(s, false);
    retransmitStart(s);
    return;
  }
  tcpEstablished(s);
  wakeEverybody(s);
  if (segment.length != 0 && !contentArrived(s, segment, segment.sequence + segmentSpan(segment))) return;
  // The handshake's last part goes with data, if there is some already.
  if (unsent(s) == 0) s.flags |= TcpFlag.AckNow;
  finish(s);
}

/** Everything that was sent, FIN included, has arrived: false when that was the end. */
function finAcknowledged(s: TcpSocket, segment: Segment): bool {
  switch (s.tcpState) {
    case TcpState.FinWait1:
      s.tcpState = TcpState.FinWait2;
      wakeEverybody(s);
      if ((s.flags & TcpFlag.Orphan) != 0) orphanWaits(s);
      return true;
    case TcpState.Closing:
      waitBegin(s);
      return false;
    case TcpState.LastAck:
      tcpEnd(s, 0);
      return false;
    default:
      return true;
  }
}

/** FIN-WAIT-2 without a user does not last forever (TCP_LINGER2). */
export function orphanWaits(s: TcpSocket): void {
  const seconds = s.lingerAfterSeconds;
  if (seconds < 0) {
    tcpEnd(s, 0);
    return;
  }
  lifeStart(s, <u64>(seconds == 0 ? ORPHAN_WAIT_SECONDS : <u32>seconds) * SECOND_NS);
}

/** Data and FIN: false when the connection has ended. */
function contentArrived(s: TcpSocket, segment: Segment, end: u32): bool {
  switch (s.tcpState) {
    case TcpState.Established:
    case TcpState.FinWait1:
    case TcpState.FinWait2:
      break;
    default:
      // The peer has said that nothing more would come: only what was there already may come again.
      s.flags |= TcpFlag.AckNow;
      return true;
  }
  if (segment.length != 0) {
    if ((s.flags & TcpFlag.Orphan) != 0 && after(end, s.receiveNext)) {
      // Nobody will read it, and the peer should know (RFC 2525, 2.17; RFC 9293, 3.6.1).
      sendReset(s);
      tcpEnd(s, 0);
      return false;
    }
    dataArrived(s, segment);
  }
  // FIN is in turn when all data before it is here.
  if ((segment.flags & SegmentFlag.Fin) == 0 || s.receiveNext != end - 1) return true;
  finArrived(s);
  switch (s.tcpState) {
    case TcpState.Established:
      s.tcpState = TcpState.CloseWait;
      return true;
    case TcpState.FinWait1:
      s.tcpState = TcpState.Closing;
      return true;
    default:
      sendAck(s);
      waitBegin(s);
      return false;
  }
}

/** What follows from a segment: data that may be sent now, and the acknowledgment. */
function finish(s: TcpSocket): void {
  if ((s.flags & TcpFlag.Recovering) != 0) recoverySend(s);
  if (s.sendBytes != 0 || (s.flags & TcpFlag.FinQueued) != 0) tcpOutput(s, false);
  if ((s.flags & TcpFlag.AckNow) != 0) sendAck(s);
  else if ((s.flags & TcpFlag.AckDue) != 0) delayAck(s);
}
