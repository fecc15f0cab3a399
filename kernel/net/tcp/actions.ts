// What happens when a connection's deadlines pass (timer.ts): retransmissions (RFC 6298, 5; RFC 9293, 3.8.3), probes of closed windows, keep-alives (RFC 1122,
// 4.2.3.6) and the ends of connections that get no answer. How often is tried are Linux's defaults (tcp(7)).

import { Errno } from "../../errno";
import { Counter } from "../inet/counters";
import { count } from "../inet/space";
import { SocketOption } from "../socket";
import { tcpAbort, tcpEnd } from "./end";
import { tcpSettle } from "./loopback";
import { sendAck, sendProbe, sendReset, sendSyn, tcpOutput } from "./output";
import { recoveryTimeout } from "./recovery";
import { TcpFlag, TcpSocket, TcpState } from "./socket";
import { lifeStart, now, retransmitStart, SECOND_NS, setTimerActions } from "./timer";
import { timeWaitInit } from "./timewait";

/** net.ipv4.tcp_syn_retries, tcp_synack_retries, tcp_retries2, tcp_orphan_retries (0 means 8). */
const SYN_RETRIES: u32 = 6;
const SYN_ACK_RETRIES: u32 = 5;
const RETRIES: u32 = 15;
const ORPHAN_RETRIES: u32 = 8;
/** net.ipv4.tcp_keepalive_time, _intvl and _probes. */
export const KEEP_IDLE_SECONDS: u32 = 7200;
export const KEEP_INTERVAL_SECONDS: u32 = 75;
export const KEEP_COUNT: u32 = 9;

/** Nobody answers: the connection ends with the error that was told on the way, or ETIMEDOUT. */
function giveUp(s: TcpSocket): void {
  tcpEnd(s, s.softError != 0 ? s.softError : Errno.ETIMEDOUT);
}

/** Tries enough have been made, or TCP_USER_TIMEOUT has passed. */
function isHopeless(s: TcpSocket, tries: u32): bool {
  if (s.troubleNs == 0) s.troubleNs = now;
  if ((s.flags & TcpFlag.Orphan) != 0) return tries >= ORPHAN_RETRIES;
  if (s.userTimeoutMs != 0) return now - s.troubleNs >= <u64>s.userTimeoutMs * 1_000_000;
  return tries >= RETRIES;
}

function onRetransmit(s: TcpSocket): void {
  switch (s.tcpState) {
    case TcpState.SynSent:
    case TcpState.SynReceived:
      synAgain(s);
      return;
    case TcpState.Closed:
    case TcpState.Listen:
      return;
    default:
      if ((s.flags & TcpFlag.Probing) != 0) probe(s);
      else again(s);
  }
}

function synAgain(s: TcpSocket): void {
  const retries = s.tcpState == TcpState.SynReceived ? SYN_ACK_RETRIES : s.synCount != 0 ? s.synCount : SYN_RETRIES;
  if (s.backoff >= retries) {
    count(s.inet, Counter.TcpAttemptFails);
    giveUp(s);
    return;
  }
  s.backoff++;
  s.flags &= ~TcpFlag.Timing;
  sendSyn(s, true);
  retransmitStart(s);
}

/** Something outstanding has not been acknowledged in time. */
function again(s: TcpSocket): void {
  if (s.sendNext == s.sendUnacknowledged) return;
  if (isHopeless(s, s.backoff)) {
    if ((s.flags & TcpFlag.Orphan) != 0) sendReset(s);
    giveUp(s);
    return;
  }
  recoveryTimeout(s);
  s.backoff++;
  retransmitStart(s);
}

/** The window is closed, or data was held back: what may go now goes, else the peer is asked. */
function probe(s: TcpSocket): void {
  s.flags &= ~TcpFlag.Probing;
  if (s.sendWindow != 0) {
    tcpOutput(s, true);
    if (s.retransmitNs != 0 || s.sendBytes == 0) return;
  }
  if (isHopeless(s, s.probes)) {
    if ((s.flags & TcpFlag.Orphan) != 0) sendReset(s);
    giveUp(s);
    return;
  }
  s.probes++;
  s.backoff++;
  s.flags |= TcpFlag.Probing;
  sendProbe(s);
  retransmitStart(s);
}

function onDelayedAck(s: TcpSocket): void {
  if ((s.flags & TcpFlag.AckDue) == 0) return;
  // Nothing went the other way in time: this is no conversation, it seems.
  s.flags &= ~TcpFlag.PingPong;
  sendAck(s);
}

function onLife(s: TcpSocket): void {
  switch (s.tcpState) {
    case TcpState.SynReceived:
      if ((s.flags & TcpFlag.Held) != 0) deferralOver(s);
      return;
    case TcpState.FinWait2:
      if ((s.flags & TcpFlag.Orphan) != 0) {
        tcpEnd(s, 0);
        return;
      }
      break;
    case TcpState.Closed:
    case TcpState.Listen:
      return;
  }
  if ((s.options & SocketOption.KeepAlive) != 0) keepAlive(s);
}

/** TCP_DEFER_ACCEPT: no data came in time; the next acknowledgment will do. */
function deferralOver(s: TcpSocket): void {
  s.flags &= ~TcpFlag.Held;
  s.deferSeconds = 1;
  s.backoff = 0;
  sendSyn(s, true);
  retransmitStart(s);
}

/** SO_KEEPALIVE: after a time without a segment from the peer it is asked for one. */
function keepAlive(s: TcpSocket): void {
  const idleNs = <u64>keepIdle(s) * SECOND_NS;
  const silentNs = now - s.lastReceivedNs;
  // Data on its way asks by itself.
  if (s.sendBytes != 0 || silentNs < idleNs) {
    s.probes = s.sendBytes != 0 ? s.probes : 0;
    lifeStart(s, silentNs < idleNs ? idleNs - silentNs : idleNs);
    return;
  }
  const timedOut = s.userTimeoutMs != 0 ? s.probes != 0 && silentNs >= <u64>s.userTimeoutMs * 1_000_000 : s.probes >= keepCount(s);
  if (timedOut) {
    tcpAbort(s, s.softError != 0 ? s.softError : Errno.ETIMEDOUT);
    return;
  }
  s.probes++;
  sendProbe(s);
  lifeStart(s, <u64>keepInterval(s) * SECOND_NS);
}

export function keepIdle(s: TcpSocket): u32 {
  return s.keepIdleSeconds != 0 ? s.keepIdleSeconds : KEEP_IDLE_SECONDS;
}
export function keepInterval(s: TcpSocket): u32 {
  return s.keepIntervalSeconds != 0 ? s.keepIntervalSeconds : KEEP_INTERVAL_SECONDS;
}
export function keepCount(s: TcpSocket): u32 {
  return s.keepCount != 0 ? s.keepCount : KEEP_COUNT;
}

/** SO_KEEPALIVE or its times have changed. */
export function keepAliveStart(s: TcpSocket): void {
  if (s.tcpState == TcpState.Closed || s.tcpState == TcpState.Listen || (s.flags & TcpFlag.Orphan) != 0) return;
  if ((s.options & SocketOption.KeepAlive) == 0) {
    s.lifeNs = 0;
    return;
  }
  const silentNs = s.lastReceivedNs == 0 ? 0 : now - s.lastReceivedNs;
  const idleNs = <u64>keepIdle(s) * SECOND_NS;
  lifeStart(s, silentNs < idleNs ? idleNs - silentNs : 0);
}

/** To be called once at start-up. */
export function tcpInit(): void {
  timeWaitInit();
  setTimerActions(onRetransmit, onDelayedAck, onLife, tcpSettle);
}
