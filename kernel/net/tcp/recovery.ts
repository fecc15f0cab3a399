// Loss recovery: the scoreboard of what the peer has selectively acknowledged (RFC 2018), fast retransmit and recovery by it (RFC 6675) or, without SACK, by
// duplicates and partial acknowledgments (RFC 6582), and recovery after a timeout. The scoreboard is an ascending list of at most
// SACKED_MAX ranges; one more is forgotten, which costs a retransmission at worst.

import { kernelAlloc } from "../../mm/heap";
import { congestionFast, congestionTimeout } from "./congestion";
import { retransmit } from "./output";
import { after, before, later, sackLeft, sackRight, Segment } from "./segment";
import { SACKED_MAX, TcpFlag, TcpSocket } from "./socket";

/** Duplicates that mean a loss (RFC 5681, 3.2). */
const DUPLICATES: u32 = 3;

@inline
function left(s: TcpSocket, i: u32): u32 {
  return load<u32>(s.sacked + (i << 3));
}
@inline
function right(s: TcpSocket, i: u32): u32 {
  return load<u32>(s.sacked + (i << 3), 4);
}

/** Adds [from, to) to the scoreboard: true when that was news. */
function add(s: TcpSocket, from: u32, to: u32): bool {
  if (s.sacked == 0) {
    s.sacked = kernelAlloc(SACKED_MAX << 3);
    if (s.sacked == 0) return false;
  }
  let i: u32 = 0;
  while (i < s.sackedCount && before(right(s, i), from)) i++;
  // The range at i is the first that touches the new one or lies behind it.
  if (i < s.sackedCount && !after(left(s, i), from) && !before(right(s, i), to)) return false;
  let j = i;
  while (j < s.sackedCount && !after(left(s, j), to)) {
    if (before(left(s, j), from)) from = left(s, j);
    to = later(right(s, j), to);
    j++;
  }
  if (j == i) {
    if (s.sackedCount == SACKED_MAX) return false;
    memory.copy(s.sacked + ((i + 1) << 3), s.sacked + (i << 3), (s.sackedCount - i) << 3);
    s.sackedCount++;
  } else {
    memory.copy(s.sacked + ((i + 1) << 3), s.sacked + (j << 3), (s.sackedCount - j) << 3);
    s.sackedCount -= j - i - 1;
  }
  store<u32>(s.sacked + (i << 3), from);
  store<u32>(s.sacked + (i << 3), to, 4);
  return true;
}

/** Takes the SACK blocks of an acknowledgment over: true when one told something new. Blocks that cannot be are ignored (RFC 2018, 5; D-SACK, RFC 2883). */
export function sackArrived(s: TcpSocket, segment: Segment): bool {
  let news = false;
  for (let i: u32 = 0; i < segment.sackCount; i++) {
    const from = sackLeft(segment, i);
    const to = sackRight(segment, i);
    if (!before(from, to) || !after(from, s.sendUnacknowledged) || !after(from, segment.acknowledgment) || after(to, s.sendNext)) continue;
    if (add(s, from, to)) news = true;
  }
  return news;
}

/** Takes what sendUnacknowledged has passed off the scoreboard. */
export function sackForget(s: TcpSocket): void {
  let gone: u32 = 0;
  while (gone < s.sackedCount && !after(right(s, gone), s.sendUnacknowledged)) gone++;
  if (gone == 0) return;
  s.sackedCount -= gone;
  memory.copy(s.sacked, s.sacked + (gone << 3), s.sackedCount << 3);
}

/** Bytes of the scoreboard in [from, to). */
function sackedIn(s: TcpSocket, from: u32, to: u32): u32 {
  let bytes: u32 = 0;
  for (let i: u32 = 0; i < s.sackedCount; i++) {
    const a = later(left(s, i), from);
    const b = before(right(s, i), to) ? right(s, i) : to;
    if (before(a, b)) bytes += b - a;
  }
  return bytes;
}

/** Bytes before this are lost if they have not been selectively acknowledged (RFC 6675, IsLost: more than two segments beyond them have). */
function lostEdge(s: TcpSocket): u32 {
  if ((s.flags & TcpFlag.Loss) != 0) return s.recoverUntil;
  let beyond: u32 = 0;
  for (let i = s.sackedCount; i > 0; i--) {
    beyond += right(s, i - 1) - left(s, i - 1);
    if (beyond > (DUPLICATES - 1) * s.sendSize) return left(s, i - 1);
  }
  // Duplicates without SACK, or with too little of it, say that the first segment is lost.
  const first = s.sendUnacknowledged + s.sendSize;
  return before(first, s.recoverUntil) ? first : s.recoverUntil;
}

/** Bytes on their way, as far as this end can tell (RFC 6675, 4). */
export function pipe(s: TcpSocket): u32 {
  const flight = s.sendNext - s.sendUnacknowledged;
  const edge = lostEdge(s);
  const from = later(s.retransmitNext, s.sendUnacknowledged);
  let bytes = flight - sackedIn(s, s.sendUnacknowledged, s.sendNext);
  // Lost, and not sent again yet.
  if (before(from, edge)) bytes -= edge - from - sackedIn(s, from, edge);
  if (s.sackedCount == 0 && (s.flags & TcpFlag.Loss) == 0) {
    // Without SACK each duplicate says that a segment has left (RFC 6582, 3.2).
    const gone = s.duplicates * s.sendSize;
    bytes = bytes > gone ? bytes - gone : 0;
  }
  return bytes;
}

/** Begins fast recovery if there are signs enough of a loss. An acknowledgment without news of data has come; `news` of the scoreboard. */
export function duplicateArrived(s: TcpSocket, news: bool): void {
  if ((s.flags & TcpFlag.Recovering) != 0) {
    if (s.sackedCount == 0) s.duplicates++;
    return;
  }
  if (s.sackedCount == 0 || news) s.duplicates++;
  if (s.duplicates < DUPLICATES && (s.sackedCount == 0 || !before(s.sendUnacknowledged, lostBySack(s)))) return;
  // Not again for what an earlier recovery was about (RFC 6582, 3.2, step 1).
  if (before(s.sendUnacknowledged, s.recoverUntil) && after(s.recoverUntil, s.initialSend)) {
    if (s.sackedCount == 0) return;
  }
  s.flags |= TcpFlag.Recovering;
  s.recoverUntil = s.sendNext;
  s.retransmitNext = s.sendUnacknowledged;
  congestionFast(s);
  // The first goes at once, whatever the pipe.
  resend(s, s.sendUnacknowledged, s.sendNext);
}

function lostBySack(s: TcpSocket): u32 {
  let beyond: u32 = 0;
  for (let i = s.sackedCount; i > 0; i--) {
    beyond += right(s, i - 1) - left(s, i - 1);
    if (beyond > (DUPLICATES - 1) * s.sendSize) return left(s, i - 1);
  }
  return s.sendUnacknowledged;
}

function resend(s: TcpSocket, from: u32, end: u32): bool {
  const n = retransmit(s, from, end);
  if (n == 0) return false;
  s.retransmitNext = from + n;
  return true;
}

/** New data has been acknowledged during recovery: it ends, or the next hole is filled (RFC 6582, 3.2, step 3). */
export function recoveryAcknowledged(s: TcpSocket): void {
  if (!before(s.sendUnacknowledged, s.recoverUntil)) {
    recoveryEnd(s);
    return;
  }
  s.duplicates = 0;
  // Without SACK what is first now is what was lost next.
  if (s.sackedCount == 0 && (s.flags & TcpFlag.Loss) == 0) resend(s, s.sendUnacknowledged, s.recoverUntil);
}

function recoveryEnd(s: TcpSocket): void {
  if ((s.flags & TcpFlag.Loss) == 0) s.congestionWindow = s.slowStartThreshold;
  s.flags &= ~(TcpFlag.Recovering | TcpFlag.Loss);
  s.duplicates = 0;
}

/** Sends again what is lost, as far as the congestion window lets it. */
export function recoverySend(s: TcpSocket): void {
  for (;;) {
    let from = later(s.retransmitNext, s.sendUnacknowledged);
    const edge = lostEdge(s);
    let end = edge;
    for (let i: u32 = 0; i < s.sackedCount; i++) {
      if (!after(right(s, i), from)) continue;
      if (!after(left(s, i), from)) from = right(s, i);
      else {
        if (before(left(s, i), end)) end = left(s, i);
        break;
      }
    }
    if (!before(from, edge) || pipe(s) >= s.congestionWindow) return;
    if (!resend(s, from, end)) return;
  }
}

/** The retransmission timer: everything outstanding counts as lost, and is sent again in slow start. */
export function recoveryTimeout(s: TcpSocket): void {
  congestionTimeout(s);
  s.flags |= TcpFlag.Recovering | TcpFlag.Loss;
  s.recoverUntil = s.sendNext;
  s.duplicates = 0;
  s.retransmitNext = s.sendUnacknowledged;
  // A peer that has thrown away what it had acknowledged selectively (RFC 2018, 8) is told all again.
  s.sackedCount = 0;
  if (!resend(s, s.sendUnacknowledged, s.sendNext)) s.retransmitNext = s.sendUnacknowledged;
}
