// The timers of a connection. A connection has three deadlines (retransmission or probe, delayed acknowledgment, life) and one timer of the kernel's heap.
// Deadlines move with nearly every segment, the timer does not: it is set when a deadline comes before it, and when it fires early it is
// set again. And that is done once a row of segments is through (tcpSettle), so that what was answered at once has never set a timer.

import { nowNs } from "../../time/clock";
import { setTimerHandler, timerCancel, TimerKind, timerSet } from "../../time/timer";
import { TcpFlag, tcpRelease, TcpSocket, timerOf } from "./socket";

const MS: u64 = 1_000_000;
export const SECOND_NS: u64 = 1_000_000_000;
/** Bounds of the retransmission timeout: Linux's; RFC 6298 (2.4) would have a second as the least. */
export const TIMEOUT_MIN_US: u32 = 200_000;
export const TIMEOUT_MAX_US: u32 = 120_000_000;
/** Longest wait of an acknowledgment (RFC 9293, 3.8.6.3: less than 0.5 s). */
export const DELAYED_ACK_NS: u64 = 40 * MS;
/** Corked data goes after this time. */
export const CORK_NS: u64 = 200 * MS;

/** The time of the segment, call or timer that is being dealt with. */
export let now: u64 = 0;

/** Looks at the clock; at the beginning of whatever deals with connections. */
@inline
export function tcpClock(): void {
  now = nowNs();
}

let dirty: TcpSocket | null = null;

/** A deadline of `s` has been set to `deadlineNs`. */
@inline
export function timerTouch(s: TcpSocket, deadlineNs: u64): void {
  if ((s.flags & TcpFlag.TimerDirty) != 0 || (s.timerPlace != 0 && s.timerDeadlineNs <= deadlineNs)) return;
  s.flags |= TcpFlag.TimerDirty;
  s.dirtyNext = dirty;
  dirty = s;
}

/** The first of the deadlines; u64.MAX_VALUE when there is none. */
function firstDeadline(s: TcpSocket): u64 {
  // 0 - 1 wraps: a deadline that is not set comes last.
  return min(min(s.retransmitNs - 1, s.delayedAckNs - 1), s.lifeNs - 1);
}

/** Sets the timers of those whose deadlines have come nearer. */
export function timersSettle(): void {
  for (let s = dirty; s; s = dirty) {
    dirty = s.dirtyNext;
    s.flags &= ~TcpFlag.TimerDirty;
    const deadline = firstDeadline(s);
    if (deadline != u64.MAX_VALUE && (s.timerPlace == 0 || deadline < s.timerDeadlineNs)) timerSet(timerOf(s), deadline + 1);
  }
}

/** Forgets all deadlines. */
export function timersStop(s: TcpSocket): void {
  s.retransmitNs = 0;
  s.delayedAckNs = 0;
  s.lifeNs = 0;
  timerCancel(timerOf(s));
  if ((s.flags & TcpFlag.TimerDirty) == 0) return;
  s.flags &= ~TcpFlag.TimerDirty;
  if (dirty == s) {
    dirty = s.dirtyNext;
    return;
  }
  let before = dirty!;
  while (before.dirtyNext != s) before = before.dirtyNext!;
  before.dirtyNext = s.dirtyNext;
}

/** The retransmission timeout now, in nanoseconds. */
@inline
export function timeoutNs(s: TcpSocket): u64 {
  return <u64>min<u64>((<u64>s.timeoutUs) << min(s.backoff, 16), TIMEOUT_MAX_US) * 1000;
}

/** Starts the retransmission timer anew. */
@inline
export function retransmitStart(s: TcpSocket): void {
  s.retransmitNs = now + timeoutNs(s);
  timerTouch(s, s.retransmitNs);
}

/** Sets the time at which `s` is looked at: keep-alive, or the end of its life. */
export function lifeStart(s: TcpSocket, ns: u64): void {
  s.lifeNs = now + ns;
  timerTouch(s, s.lifeNs);
}

@inline
export function delayAck(s: TcpSocket): void {
  if (s.delayedAckNs != 0) return;
  s.delayedAckNs = now + DELAYED_ACK_NS;
  timerTouch(s, s.delayedAckNs);
}

/** Counts a round trip of `us` microseconds (RFC 6298, 2): srtt, rttvar and the timeout. */
export function roundTripSample(s: TcpSocket, us: u32): void {
  us = max(us, 1);
  if (s.minimumUs == 0 || us < s.minimumUs) s.minimumUs = us;
  if (s.smoothedUs == 0) {
    s.smoothedUs = us;
    s.varianceUs = us >> 1;
  } else {
    const difference = us > s.smoothedUs ? us - s.smoothedUs : s.smoothedUs - us;
    s.varianceUs = s.varianceUs - (s.varianceUs >> 2) + (difference >> 2);
    s.smoothedUs = max<u32>(s.smoothedUs - (s.smoothedUs >> 3) + (us >> 3), 1);
  }
  s.timeoutUs = min(s.smoothedUs + max(s.varianceUs << 2, TIMEOUT_MIN_US), TIMEOUT_MAX_US);
}

type Expired = (s: TcpSocket) => void;
let onRetransmit: u32 = 0;
let onDelayedAck: u32 = 0;
let onLife: u32 = 0;
let onDone: u32 = 0;

/** Registers what deadlines do, and what ends the handling of a timer. */
export function setTimerActions(retransmit: Expired, delayedAck: Expired, life: Expired, done: () => void): void {
  onRetransmit = retransmit.index;
  onDelayedAck = delayedAck.index;
  onLife = life.index;
  onDone = done.index;
  setTimerHandler(TimerKind.Tcp, fired);
}

function fired(owner: usize): void {
  const s = changetype<TcpSocket>(owner);
  tcpClock();
  s.refs++;
  if (s.delayedAckNs != 0 && s.delayedAckNs <= now) {
    s.delayedAckNs = 0;
    call_indirect<void>(onDelayedAck, s);
  }
  if (s.retransmitNs != 0 && s.retransmitNs <= now) {
    s.retransmitNs = 0;
    call_indirect<void>(onRetransmit, s);
  }
  if (s.lifeNs != 0 && s.lifeNs <= now) {
    s.lifeNs = 0;
    call_indirect<void>(onLife, s);
  }
  const next = firstDeadline(s);
  if (next != u64.MAX_VALUE) timerTouch(s, next + 1);
  call_indirect<void>(onDone);
  tcpRelease(s);
}
