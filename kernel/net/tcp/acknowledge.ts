// The acknowledgment field of a segment that came in: what it frees, what it says of the round trip, of losses and of the window (RFC 9293, 3.10.7.4, fifth;
// RFC 5961, 5; RFC 6298, 5).

import { chainDrop } from "../chain";
import { hasWaiters, wakeAll } from "../../task/wait";
import { pollQueue, writeQueue } from "../socket";
import { congestionAcknowledged } from "./congestion";
import { sendAck } from "./output";
import { duplicateArrived, recoveryAcknowledged, sackArrived, sackForget } from "./recovery";
import { after, before, Segment, SegmentFlag } from "./segment";
import { sendChain, TcpFlag, TcpSocket } from "./socket";
import { now, retransmitStart, roundTripSample } from "./timer";

/** The least time between two answers to invalid segments of one connection (RFC 5961, 7; Linux's tcp_invalid_ratelimit). */
const CHALLENGE_NS: u64 = 500_000_000;

/** Answers a segment that cannot be with what this end expects (RFC 5961). Not often, so that two ends never answer each other forever. */
export function challenge(s: TcpSocket): void {
  if (s.challengeNs != 0 && now - s.challengeNs < CHALLENGE_NS) return;
  s.challengeNs = now;
  sendAck(s);
}

/** Whether the queue has room enough to tell writers: a third of the limit, as Linux has it; and TCP_NOTSENT_LOWAT. */
@inline
export function isWritable(s: TcpSocket): bool {
  return s.sendBytes <= s.sendLimit - s.sendLimit / 3 && unsent(s) < s.notSentLow;
}

/** Bytes that have not been sent once. */
@inline
export function unsent(s: TcpSocket): u32 {
  return (s.flags & TcpFlag.FinSent) != 0 ? 0 : s.sendUnacknowledged + s.sendBytes - s.sendNext;
}

/** Somebody found no room, and now there is some. */
export function wakeWriters(s: TcpSocket): void {
  if ((s.flags & TcpFlag.NoRoom) == 0 || !isWritable(s)) return;
  s.flags &= ~TcpFlag.NoRoom;
  if (hasWaiters(writeQueue(s))) wakeAll(writeQueue(s));
  if (hasWaiters(pollQueue(s))) wakeAll(pollQueue(s));
}

/** New data, or FIN, has been acknowledged up to `to`. */
function acknowledged(s: TcpSocket, to: u32): void {
  const bytes = to - s.sendUnacknowledged;
  const flight = s.sendNext - s.sendUnacknowledged;
  const chain = sendChain(s);
  const data = min(bytes, chain.bytes);
  chainDrop(chain, data);
  s.sendUnacknowledged = to;
  s.bytesAcknowledged += data;
  // The cursor's piece may have gone, or become shorter.
  if (to == s.sendNext) s.nextPiece = 0;
  else if (s.nextPiece == changetype<usize>(chain.first)) s.nextWithin = s.sendNext - to;
  if (s.sackedCount != 0) sackForget(s);
  if ((s.flags & TcpFlag.Timing) != 0 && !before(to, s.timedEnd)) {
    s.flags &= ~TcpFlag.Timing;
    roundTripSample(s, <u32>min<u64>((now - s.timedNs) / 1000, 60_000_000));
  }
  s.backoff = 0;
  s.probes = 0;
  s.troubleNs = 0;
  s.softError = 0;
  if ((s.flags & TcpFlag.UrgentOut) != 0 && !before(to, s.sendUrgent)) s.flags &= ~TcpFlag.UrgentOut;
  if ((s.flags & TcpFlag.Recovering) != 0) {
    if ((s.flags & TcpFlag.Loss) != 0) congestionAcknowledged(s, bytes, s.congestionWindow);
    recoveryAcknowledged(s);
  } else {
    s.duplicates = 0;
    congestionAcknowledged(s, bytes, flight);
  }
  if (to == s.sendNext) s.retransmitNs = 0;
  else retransmitStart(s);
  if ((s.flags & TcpFlag.NoRoom) != 0) wakeWriters(s);
}

/** Takes the segment's acknowledgment, SACK blocks and window: false when it is impossible and the segment is to be dropped. */
export function acknowledgmentArrived(s: TcpSocket, segment: Segment): bool {
  const to = segment.acknowledgment;
  const from = s.sendUnacknowledged;
  if (after(to, s.sendNext) || before(to, from - max(s.sendWindowMax, 65535))) {
    challenge(s);
    return false;
  }
  const news = segment.sackCount != 0 && (s.flags & TcpFlag.Sack) != 0 ? sackArrived(s, segment) : false;
  const window = (<u32>segment.window) << s.sendScale;
  const sequence = segment.sequence;
  let changed = false;
  if (
    !before(to, from) &&
    (before(s.sendWindowSequence, sequence) || (s.sendWindowSequence == sequence && !after(s.sendWindowAcknowledgment, to)))
  ) {
    changed = s.sendWindow != window;
    s.sendWindow = window;
    s.sendWindowSequence = sequence;
    s.sendWindowAcknowledgment = to;
    if (window > s.sendWindowMax) s.sendWindowMax = window;
  }
  if (after(to, from)) {
    acknowledged(s, to);
    return true;
  }
  // The peer is there: probes begin to count anew.
  if ((s.flags & TcpFlag.Probing) != 0) probeAnswered(s);
  const plain = segment.length == 0 && !changed && (segment.flags & SegmentFlag.Fin) == 0 && to == from;
  if (s.sendNext != from && (news || (plain && (segment.sackCount == 0 || (s.flags & TcpFlag.Sack) == 0)))) duplicateArrived(s, news);
  return true;
}

/** The window is what the answer says: if it has opened, output follows. */
function probeAnswered(s: TcpSocket): void {
  s.probes = 0;
  s.troubleNs = 0;
  if (s.sendWindow != 0 && s.backoff != 0) {
    s.backoff = 0;
    s.retransmitNs = 0;
    s.flags &= ~TcpFlag.Probing;
  }
}
