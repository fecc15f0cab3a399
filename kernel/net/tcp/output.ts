// What a connection sends: data as the window, congestion and Nagle's rule let it (RFC 9293, 3.8), acknowledgments, SYN, FIN and RST. A segment made here
// goes to the loopback queue or over the link (loopback.ts). Bulk data leaves in long segments that stand for a row (segment.ts).

import { shareFrom } from "../chain";
import { Piece } from "../chain";
import { Counter } from "../inet/counters";
import { FlowKind } from "../inet/flow";
import { endpointOf, flowOf, localAddress, remoteAddress } from "../inet/inet";
import { setAddress } from "../inet/address";
import { count } from "../inet/space";
import { congestionRoom, congestionSent } from "./congestion";
import { sackBlocks } from "./early";
import { segmentSend } from "./loopback";
import {
  after,
  before,
  Segment,
  segmentData,
  segmentDestination,
  SegmentFlag,
  segmentFree,
  segmentNew,
  SegmentOption,
  segmentSource,
  segmentSpan,
} from "./segment";
import { receiveChain, sendChain, TcpFlag, TcpSocket, TcpState } from "./socket";
import { CORK_NS, now, retransmitStart, timerTouch } from "./timer";

/** Longest row of segments in one: over a link, and within the machine. */
const ROW_MAX: u32 = 65536 - 256;
const LOCAL_ROW_MAX: u32 = 1 << 20;

/** The clock of timestamps (RFC 7323, 4.1): about a millisecond. */
@inline
export function stampNow(s: TcpSocket): u32 {
  return <u32>(now >> 20) + s.stampOffset;
}

// The receive window ------------------------------------------------------------------------------------------------------------------------

/** Bytes that the receive queues may hold: SO_RCVBUF counts twice what is asked for, since overhead counts too. */
@inline
export function receiveCapacity(s: TcpSocket): u32 {
  const half = s.receiveLimit >> 1;
  return s.windowClamp != 0 ? min(half, s.windowClamp) : half;
}

/** Where the right edge of the window could be, without regard to small steps. */
@inline
function possibleEdge(s: TcpSocket): u32 {
  const capacity = receiveCapacity(s);
  const used = receiveChain(s).bytes + s.earlyBytes;
  return s.receiveNext + (capacity > used ? capacity - used : 0);
}

/**
 * Moves the edge of the window on if it is worth it (RFC 9293, 3.8.6.2.2), never back; returns the header's field. What scaling cuts off the peer does not
 * see, but it is not refused.
 */
function windowField(s: TcpSocket): u16 {
  const edge = possibleEdge(s);
  const step = min(s.ownSize, receiveCapacity(s) >> 1);
  if (after(edge, s.receiveEdge) && edge - s.receiveEdge >= step) s.receiveEdge = edge;
  const window = after(s.receiveEdge, s.receiveNext) ? s.receiveEdge - s.receiveNext : 0;
  return <u16>min<u32>(window >> s.receiveScale, 0xffff);
}

/** Tells the peer that the reader has made room, if that is worth a segment. */
export function windowUpdate(s: TcpSocket): void {
  if (s.tcpState > <u32>TcpState.FinWait2 || (s.flags & TcpFlag.FinReceived) != 0) return;
  const edge = possibleEdge(s);
  if (!after(edge, s.receiveEdge)) return;
  const gain = edge - s.receiveEdge;
  let known = after(s.receiveEdge, s.receiveNext) ? s.receiveEdge - s.receiveNext : 0;
  known = (known >> s.receiveScale) << s.receiveScale;
  const capacity = receiveCapacity(s);
  // Half of the buffer, or two segments of a peer that has less than that left to send; a closed window as soon as a segment fits.
  if (gain >= capacity >> 1 || (gain >= 2 * s.ownSize && known < capacity >> 1) || (known == 0 && gain >= min(s.ownSize, capacity >> 1)))
    sendAck(s);
}

// Segments ----------------------------------------------------------------------------------------------------------------------------------

/** A segment of the connection from `sequence` on, without data; null when memory is short. */
function make(s: TcpSocket, flags: u32, sequence: u32): Segment | null {
  const segment = segmentNew(s.inet);
  if (!segment) return null;
  const e = endpointOf(s);
  setAddress(segmentSource(segment), localAddress(e));
  setAddress(segmentDestination(segment), remoteAddress(e));
  segment.sourcePort = e.localPort;
  segment.destinationPort = e.remotePort;
  segment.flags = <u8>flags;
  segment.sequence = sequence;
  segment.hops = s.hops;
  segment.service = s.service;
  segment.device = s.device;
  if ((flags & SegmentFlag.Ack) != 0) {
    segment.acknowledgment = s.receiveNext;
    s.acknowledged = s.receiveNext;
    segment.window = windowField(s);
    s.delayedAckNs = 0;
    s.flags &= ~TcpFlag.AckDue;
  }
  if ((s.flags & TcpFlag.Timestamps) != 0) {
    segment.options = <u8>SegmentOption.Timestamps;
    segment.stamp = stampNow(s);
    segment.echo = s.recentStamp;
    s.lastStampAcknowledged = s.acknowledged;
  }
  return segment;
}

function send(s: TcpSocket, segment: Segment): void {
  s.segmentsOut++;
  if (segment.length != 0) {
    s.dataOut++;
    s.bytesSent += segment.length;
  }
  count(s.inet, Counter.TcpOut);
  s.lastSentNs = now;
  segmentSend(s, segment);
}

/** Sends an acknowledgment without data; it alone has room for SACK blocks. */
export function sendAck(s: TcpSocket): void {
  const segment = make(s, SegmentFlag.Ack, s.sendNext);
  if (!segment) return;
  s.flags &= ~TcpFlag.AckNow;
  if (s.earlyFirst != 0 && (s.flags & TcpFlag.Sack) != 0) sackBlocks(s, segment, (s.flags & TcpFlag.Timestamps) != 0 ? 3 : 4);
  send(s, segment);
}

/** Makes the peer answer: for a closed window, and to see whether it is still there. */
export function sendProbe(s: TcpSocket): void {
  // One byte that has been acknowledged: the peer must answer (RFC 9293, 3.8.4 and 3.8.6.1).
  const segment = make(s, SegmentFlag.Ack, s.sendUnacknowledged - 1);
  if (segment) send(s, segment);
}

/** Sends RST for a connection that this end gives up (RFC 9293, 3.10.5). */
export function sendReset(s: TcpSocket): void {
  const segment = make(s, SegmentFlag.Reset | SegmentFlag.Ack, s.sendNext);
  if (!segment) return;
  segment.window = 0;
  count(s.inet, Counter.TcpOutResets);
  send(s, segment);
}

/** Answers a segment that belongs to no connection with RST (RFC 9293, 3.10.7.1); not a RST. */
export function replyReset(to: Segment): void {
  if ((to.flags & SegmentFlag.Reset) != 0) return;
  const segment = segmentNew(to.space);
  if (!segment) return;
  setAddress(segmentSource(segment), segmentDestination(to));
  setAddress(segmentDestination(segment), segmentSource(to));
  segment.sourcePort = to.destinationPort;
  segment.destinationPort = to.sourcePort;
  segment.device = to.device;
  if ((to.flags & SegmentFlag.Ack) != 0) {
    segment.flags = <u8>SegmentFlag.Reset;
    segment.sequence = to.acknowledgment;
  } else {
    segment.flags = <u8>(SegmentFlag.Reset | SegmentFlag.Ack);
    segment.acknowledgment = to.sequence + segmentSpan(to);
  }
  count(to.space, Counter.TcpOutResets);
  count(to.space, Counter.TcpOut);
  segmentSend(null, segment);
}

/** Sends SYN, or SYN and ACK, with what this end offers (RFC 9293, 3.7.1; RFC 7323, 1.3 and 2.2; RFC 2018, 2). */
export function sendSyn(s: TcpSocket, again: bool): void {
  const answers = s.tcpState == TcpState.SynReceived;
  const had = s.flags;
  // The offer has timestamps even if it is not known yet that both want them.
  const segment = make(s, answers ? SegmentFlag.Syn | SegmentFlag.Ack : SegmentFlag.Syn, s.initialSend);
  if (!segment) return;
  let options: u32 = SegmentOption.MaximumSize;
  if (!answers || (had & TcpFlag.Scale) != 0) options |= SegmentOption.Scale;
  if (!answers || (had & TcpFlag.Sack) != 0) options |= SegmentOption.SackPermitted;
  if (!answers || (had & TcpFlag.Timestamps) != 0) {
    options |= SegmentOption.Timestamps;
    segment.stamp = stampNow(s);
  }
  segment.options = <u8>options;
  segment.maximumSize = <u16>min(s.ownSize, 0xffff);
  segment.scale = s.receiveScale;
  // The window of a SYN is not scaled.
  const window = min(receiveCapacity(s), 0xffff);
  segment.window = <u16>window;
  s.receiveEdge = s.receiveNext + window;
  segment.size = 0;
  if (again) count(s.inet, Counter.TcpRetransmitted);
  send(s, segment);
}

// Data --------------------------------------------------------------------------------------------------------------------------------------

/** Where sendNext is among the pieces. */
function findNext(s: TcpSocket): void {
  let piece = sendChain(s).first;
  let offset = s.sendNext - s.sendUnacknowledged;
  while (piece && offset >= piece.length) {
    offset -= piece.length;
    piece = piece.next;
  }
  s.nextPiece = changetype<usize>(piece);
  s.nextWithin = offset;
}

/** Sends `n` new bytes, and FIN behind them if `fin`: false when memory is short. */
function sendData(s: TcpSocket, n: u32, fin: bool): bool {
  const end = s.sendNext + n;
  const last = n == s.sendUnacknowledged + s.sendBytes - s.sendNext;
  const segment = make(s, SegmentFlag.Ack | (last && n != 0 ? SegmentFlag.Push : 0) | (fin ? SegmentFlag.Fin : 0), s.sendNext);
  if (!segment) return false;
  if (n != 0) {
    if (s.nextPiece == 0) findNext(s);
    const piece = changetype<Piece | null>(s.nextPiece);
    if (!shareFrom(segmentData(segment), piece, s.nextWithin, n)) {
      segmentFree(segment);
      return false;
    }
    advance(s, n);
    segment.size = s.sendSize;
  }
  markUrgent(s, segment);
  if ((s.flags & TcpFlag.Timing) == 0) {
    s.flags |= TcpFlag.Timing;
    s.timedEnd = end;
    s.timedNs = now;
  }
  if (n % s.sendSize != 0) s.smallEnd = end;
  s.sendNext = fin ? end + 1 : end;
  if (s.earlyFirst == 0) s.flags &= ~TcpFlag.AckNow;
  if (fin) s.flags |= TcpFlag.FinSent;
  if (s.retransmitNs == 0 || (s.flags & TcpFlag.Probing) != 0) retransmitStart(s);
  s.flags &= ~TcpFlag.Probing;
  // Whoever sends data has an answer, as it seems.
  s.flags |= TcpFlag.PingPong;
  congestionSent(s);
  send(s, segment);
  return true;
}

/** The cursor goes on by `n`. */
@inline
function advance(s: TcpSocket, n: u32): void {
  let piece = changetype<Piece | null>(s.nextPiece);
  let within = s.nextWithin + n;
  while (piece && within >= piece.length) {
    // Bytes may still be added to the last one.
    if (!piece.next) break;
    within -= piece.length;
    piece = piece.next;
  }
  s.nextPiece = changetype<usize>(piece);
  s.nextWithin = within;
}

/** URG and the pointer, which is of the byte behind the urgent one (RFC 6093, 3.1; Linux's tcp_stdurg is 0). */
function markUrgent(s: TcpSocket, segment: Segment): void {
  if ((s.flags & TcpFlag.UrgentOut) == 0) return;
  if (!after(s.sendUrgent, segment.sequence)) return;
  segment.flags |= <u8>SegmentFlag.Urgent;
  segment.urgent = <u16>min(s.sendUrgent - segment.sequence, 0xffff);
}

/** Whether a segment shorter than full may go (RFC 9293, 3.7.4): Nagle's rule as Minshall changed it, and corking. */
@inline
function mayBeSmall(s: TcpSocket): bool {
  if ((s.flags & (TcpFlag.Cork | TcpFlag.More)) != 0) return (s.flags & TcpFlag.FinQueued) != 0;
  if ((s.flags & (TcpFlag.NoDelay | TcpFlag.FinQueued)) != 0) return true;
  return !after(s.smallEnd, s.sendUnacknowledged);
}

/** Sends what may be sent of the data and FIN that are queued; `force`: even if it is a small segment. */
export function tcpOutput(s: TcpSocket, force: bool): void {
  const size = s.sendSize;
  for (;;) {
    if ((s.flags & TcpFlag.FinSent) != 0) return;
    const left = s.sendUnacknowledged + s.sendBytes - s.sendNext;
    const finQueued = (s.flags & TcpFlag.FinQueued) != 0;
    if (left == 0 && !finQueued) return;
    const flight = s.sendNext - s.sendUnacknowledged;
    if (left == 0) {
      sendData(s, 0, true);
      return;
    }
    const usable = s.sendWindow > flight ? s.sendWindow - flight : 0;
    let n = min(left, min(usable, congestionRoom(s)));
    n = min(n, (s.flags & TcpFlag.Local) != 0 ? LOCAL_ROW_MAX : ROW_MAX);
    if (n < left) {
      // A part of what there is: whole segments only, unless the peer's window is that small (RFC 9293, 3.8.6.2.1).
      if (n >= size) n -= n % size;
      else if (n == 0 || (n < s.sendWindowMax >> 1 && !force)) {
        watchWindow(s, flight);
        return;
      }
    } else if (n % size != 0 && !force && !mayBeSmall(s)) {
      n -= n % size;
      if (n == 0) {
        watchCork(s, flight);
        return;
      }
    }
    if (!sendData(s, n, finQueued && n == left)) {
      // Short of memory: the timer tries again.
      if (s.retransmitNs == 0) watchWindow(s, 0);
      return;
    }
  }
}

/** Nothing may be sent: if nothing is outstanding either, only a probe will tell that the window has opened (RFC 9293, 3.8.6.1). */
function watchWindow(s: TcpSocket, flight: u32): void {
  if (flight != 0 || s.retransmitNs != 0) return;
  s.flags |= TcpFlag.Probing;
  retransmitStart(s);
}

/** Corked data does not stay forever (tcp(7), TCP_CORK). */
function watchCork(s: TcpSocket, flight: u32): void {
  if (flight != 0 || s.retransmitNs != 0) return;
  s.flags |= TcpFlag.Probing;
  s.retransmitNs = now + CORK_NS;
  timerTouch(s, s.retransmitNs);
}

/** Sends again up to a segment's worth from `sequence` on, but nothing from `end` on: bytes and FIN sent, 0 when memory is short. */
export function retransmit(s: TcpSocket, sequence: u32, end: u32): u32 {
  const dataEnd = s.sendUnacknowledged + s.sendBytes;
  let n = before(sequence, dataEnd) ? min(s.sendSize, dataEnd - sequence) : 0;
  if (n > end - sequence) n = end - sequence;
  const fin = (s.flags & TcpFlag.FinSent) != 0 && sequence + n == dataEnd && after(end, dataEnd);
  if (n == 0 && !fin) return 0;
  const segment = make(s, SegmentFlag.Ack | SegmentFlag.Push | (fin ? SegmentFlag.Fin : 0), sequence);
  if (!segment) return 0;
  if (n != 0 && !shareAt(s, segment, sequence, n)) {
    segmentFree(segment);
    return 0;
  }
  segment.size = s.sendSize;
  markUrgent(s, segment);
  // Karn: what was sent twice says nothing about the round trip.
  s.flags &= ~TcpFlag.Timing;
  s.retransmissions++;
  s.bytesRetransmitted += n;
  count(s.inet, Counter.TcpRetransmitted);
  send(s, segment);
  return fin ? n + 1 : n;
}

function shareAt(s: TcpSocket, segment: Segment, sequence: u32, n: u32): bool {
  return shareFrom(segmentData(segment), sendChain(s).first, sequence - s.sendUnacknowledged, n);
}

/** Where the connection goes is within the space. */
export function isLocal(s: TcpSocket): bool {
  return flowOf(s).kind == FlowKind.Local;
}
