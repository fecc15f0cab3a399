// Congestion control: CUBIC (RFC 9438) as on Linux by default, or NewReno (RFC 5681), chosen by TCP_CONGESTION. The congestion window is in bytes and grows only
// while it is what limits the sender. How much is on its way during recovery says recovery.ts (RFC 6675's pipe).

import { pipe } from "./recovery";
import { TcpFlag, TcpSocket } from "./socket";
import { now, timeoutNs } from "./timer";

export const enum Algorithm {
  Cubic = 0,
  Reno = 1,
}

/** Beyond any threshold: slow start. */
export const NO_THRESHOLD: u32 = 0x7fff_ffff;
/** Longest window: what a scaled window can say. */
const WINDOW_MAX: u32 = 0x3fff_ffff;
/** C = 0.4 and beta = 0.7 of RFC 9438, 4.1.2 and 4.6. */
const BETA_NUMERATOR: u32 = 7;
const BETA_DENOMINATOR: u32 = 10;

/** The window of a new connection: ten segments (RFC 6928). */
@inline
export function initialWindow(size: u32): u32 {
  return size * 10;
}

/** Bytes that congestion control lets go now. */
export function congestionRoom(s: TcpSocket): u32 {
  if ((s.flags & TcpFlag.Recovering) != 0) {
    const onTheWay = pipe(s);
    return s.congestionWindow > onTheWay ? s.congestionWindow - onTheWay : 0;
  }
  // Limited transmit: each of the first two duplicates lets a new segment go (RFC 3042).
  const window = s.duplicates == 0 ? s.congestionWindow : s.congestionWindow + min(s.duplicates, 2) * s.sendSize;
  const flight = s.sendNext - s.sendUnacknowledged;
  return window > flight ? window - flight : 0;
}

/** New data goes: after a pause of more than a timeout the window is that of a new connection again (RFC 5681, 4.1). */
@inline
export function congestionSent(s: TcpSocket): void {
  if (s.sendNext == s.sendUnacknowledged && now - s.lastSentNs > timeoutNs(s)) restart(s);
}

function restart(s: TcpSocket): void {
  s.congestionWindow = min(s.congestionWindow, initialWindow(s.sendSize));
  s.cubicEpochNs = 0;
}

/** `bytes` have been acknowledged while `flight` were outstanding, outside of recovery. */
export function congestionAcknowledged(s: TcpSocket, bytes: u32, flight: u32): void {
  const window = s.congestionWindow;
  if (window < s.slowStartThreshold) {
    // Slow start: limited when at least half of the window is used (RFC 7661's caution).
    if (flight < window >> 1) return;
    s.congestionWindow = min(window + bytes, WINDOW_MAX);
    return;
  }
  if (flight + s.sendSize < window) return;
  if (s.algorithm == Algorithm.Reno) avoid(s, bytes);
  else cubic(s, bytes);
}

/** Congestion avoidance: a segment for each window that is acknowledged (RFC 5681, (3)). */
function avoid(s: TcpSocket, bytes: u32): void {
  s.cubicAcknowledged += bytes;
  if (s.cubicAcknowledged < s.congestionWindow) return;
  s.cubicAcknowledged -= s.congestionWindow;
  s.congestionWindow = min(s.congestionWindow + s.sendSize, WINDOW_MAX);
}

/** The window after congestion: 0.7 of it for CUBIC, half of what was outstanding for Reno, but two segments. */
function reduced(s: TcpSocket): u32 {
  const flight = s.sendNext - s.sendUnacknowledged;
  const window =
    s.algorithm == Algorithm.Reno ? flight >> 1 : <u32>((<u64>min(s.congestionWindow, flight) * BETA_NUMERATOR) / BETA_DENOMINATOR);
  return max(window, 2 * s.sendSize);
}

/** Segments have been lost: the threshold falls, and CUBIC remembers where that was, further down if the last time was higher (RFC 9438, 4.7). */
export function congestionLoss(s: TcpSocket): void {
  const window = s.congestionWindow;
  s.cubicMaximum = window < s.cubicMaximum ? <u32>((<u64>window * (BETA_DENOMINATOR + BETA_NUMERATOR)) / (2 * BETA_DENOMINATOR)) : window;
  s.cubicEpochNs = 0;
  s.cubicAcknowledged = 0;
  s.slowStartThreshold = reduced(s);
}

/** Fast recovery begins: with the reduced window. */
export function congestionFast(s: TcpSocket): void {
  congestionLoss(s);
  s.congestionWindow = s.slowStartThreshold;
}

/** A timeout: slow start from one segment (RFC 5681, 3.1). A second one in a row leaves the threshold alone. */
export function congestionTimeout(s: TcpSocket): void {
  if ((s.flags & TcpFlag.Loss) == 0) congestionLoss(s);
  s.congestionWindow = s.sendSize;
}

/** Whole part of the cube root, by bits. */
export function cubeRoot(v: u64): u32 {
  let root: u64 = 0;
  for (let bit: u64 = 1 << 20; bit != 0; bit >>= 1) {
    const tried = root | bit;
    if (tried * tried * tried <= v) root = tried;
  }
  return <u32>root;
}

/** W_cubic(t) = C (t - K)^3 + W_max, in segments and seconds, and at least what Reno would have (RFC 9438, 4.2 and 4.3). */
function cubic(s: TcpSocket, bytes: u32): void {
  const size = s.sendSize;
  const window = s.congestionWindow;
  if (s.cubicEpochNs == 0) {
    s.cubicEpochNs = now;
    s.cubicReno = window;
    s.cubicAcknowledged = 0;
    if (window < s.cubicMaximum) {
      // K = cbrt((W_max - cwnd) / C) seconds; in milliseconds the cube grows by 10^9.
      s.cubicKMs = cubeRoot((<u64>(s.cubicMaximum - window) * 2_500_000_000) / size);
      s.cubicOrigin = s.cubicMaximum;
    } else {
      s.cubicKMs = 0;
      s.cubicOrigin = window;
    }
  }
  // A round trip ahead.
  const elapsedMs = <u32>min<u64>((now - s.cubicEpochNs) / 1_000_000 + s.smoothedUs / 1000, 1_000_000);
  const distance = <u64>(elapsedMs > s.cubicKMs ? elapsedMs - s.cubicKMs : s.cubicKMs - elapsedMs);
  // C t^3 segments: 0.4 / 10^9 for milliseconds. A million cubed is 10^18, and fits.
  const offset = min<u64>(((distance * distance * distance) / 2_500_000_000) * size, WINDOW_MAX);
  let target: u64 = s.cubicOrigin;
  if (elapsedMs > s.cubicKMs) target += offset;
  else target = target > offset ? target - offset : 0;
  // Reno's pace: 3 (1 - beta) / (1 + beta) = 9/17 of a segment for each window.
  s.cubicReno = min(s.cubicReno + <u32>((((<u64>bytes * size) / max(window, 1)) * 9) / 17), WINDOW_MAX);
  if (s.cubicReno > window && target < s.cubicReno) {
    s.congestionWindow = min(s.cubicReno, WINDOW_MAX);
    return;
  }
  target = min<u64>(target, window + (window >> 1));
  if (target <= window) return;
  // (target - cwnd) / cwnd of a segment for each segment acknowledged.
  s.congestionWindow = min(window + <u32>(((target - window) * bytes) / window), WINDOW_MAX);
}
