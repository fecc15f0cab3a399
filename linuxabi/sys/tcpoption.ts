// setsockopt and getsockopt at IPPROTO_TCP: tcp(7). TCP Fast Open, TCP_REPAIR and upper protocols (kTLS) are off, which programs are told as a Linux without them
// tells it.

import { Errno } from "../../kernel/errno";
import { bytesEqualLiteral, putLiteral } from "../../kernel/lib/bytes";
import { copyOut } from "../../kernel/mm/user";
import { flowOf } from "../../kernel/net/inet/inet";
import { streamPush } from "../../kernel/net/inet/streamdata";
import { BACKLOG_MAX } from "../../kernel/net/socket";
import { unsent, wakeWriters } from "../../kernel/net/tcp/acknowledge";
import { keepAliveStart, keepCount, keepIdle, keepInterval } from "../../kernel/net/tcp/actions";
import { ORPHAN_WAIT_SECONDS } from "../../kernel/net/tcp/arrive";
import { Algorithm } from "../../kernel/net/tcp/congestion";
import { tcpSettle } from "../../kernel/net/tcp/loopback";
import { receiveCapacity, sendAck, stampNow } from "../../kernel/net/tcp/output";
import { after } from "../../kernel/net/tcp/segment";
import { TcpFlag, TcpSocket, TcpState } from "../../kernel/net/tcp/socket";
import { now, tcpClock } from "../../kernel/net/tcp/timer";
import { Result } from "../../kernel/result";
import {
  ALGORITHM_NAME_BYTES,
  KEEP_COUNT_MAX,
  KEEP_SECONDS_MAX,
  LINGER_AFTER_MAX,
  SIZE_MAX,
  SIZE_MIN,
  SYN_COUNT_MAX,
  TcpInfo,
  TCP_INFO_BYTES,
  TcpOption,
  WINDOW_CLAMP_MIN,
} from "../types/tcp";

const value = memory.data(240, 8);
const MS: u64 = 1_000_000;
/** Beyond this no deferral is remembered as more. */
const DEFER_DOUBLINGS: u32 = 16;
const DEFER_SECONDS_MAX: u32 = 120;

function setFlag(s: TcpSocket, flag: u32, on: bool): void {
  if (on) s.flags |= flag;
  else s.flags &= ~flag;
}

@inline
function within(v: i32, least: i32, most: i32): bool {
  return v >= least && v <= most;
}

/** setsockopt: `p` has the first `bytes` of the value. */
export function setTcpOption(s: TcpSocket, name: u32, p: usize, bytes: u32): Result {
  if (name == TcpOption.Congestion) return setCongestion(s, p, bytes);
  if (name == TcpOption.UpperProtocol) return bytes == 0 ? -Errno.EINVAL : -Errno.ENOENT;
  if (bytes < 4) return -Errno.EINVAL;
  tcpClock();
  const r = set(s, name, load<i32>(p));
  tcpSettle();
  return r;
}

function set(s: TcpSocket, name: u32, v: i32): Result {
  switch (name) {
    case TcpOption.NoDelay:
      setFlag(s, TcpFlag.NoDelay, v != 0);
      if (v != 0) streamPush(s);
      return 0;
    case TcpOption.Cork:
      setFlag(s, TcpFlag.Cork, v != 0);
      if (v == 0) streamPush(s);
      return 0;
    case TcpOption.MaximumSize:
      if (v != 0 && !within(v, SIZE_MIN, SIZE_MAX)) return -Errno.EINVAL;
      s.userSize = v;
      return 0;
    case TcpOption.SynCount:
      if (!within(v, 1, SYN_COUNT_MAX)) return -Errno.EINVAL;
      s.synCount = v;
      return 0;
    case TcpOption.LingerAfter:
      s.lingerAfterSeconds = v < 0 ? -1 : min(v, LINGER_AFTER_MAX);
      return 0;
    case TcpOption.DeferAccept:
      s.deferSeconds = deferral(v);
      return 0;
    case TcpOption.WindowClamp:
      if (v == 0 && s.tcpState != TcpState.Closed) return -Errno.EINVAL;
      s.windowClamp = v == 0 ? 0 : max<u32>(v, WINDOW_CLAMP_MIN);
      return 0;
    case TcpOption.QuickAck:
      setQuickAck(s, v);
      return 0;
    case TcpOption.UserTimeout:
      if (v < 0) return -Errno.EINVAL;
      s.userTimeoutMs = v;
      return 0;
    case TcpOption.NotSentLow:
      s.notSentLow = v == 0 ? u32.MAX_VALUE : v;
      wakeWriters(s);
      return 0;
    case TcpOption.ThinTimeouts:
    case TcpOption.ThinDuplicates:
      return within(v, 0, 1) ? 0 : -Errno.EINVAL;
    case TcpOption.FastOpen:
      if (v < 0 || (s.tcpState != TcpState.Closed && s.tcpState != TcpState.Listen)) return -Errno.EINVAL;
      s.fastOpenQueue = min<u32>(v, BACKLOG_MAX);
      return 0;
    case TcpOption.FastOpenConnect:
      return within(v, 0, 1) ? -Errno.EOPNOTSUPP : -Errno.EINVAL;
    case TcpOption.Repair:
    case TcpOption.Timestamp:
      return -Errno.EPERM;
    default:
      return setKeepAlive(s, name, v);
  }
}

function setKeepAlive(s: TcpSocket, name: u32, v: i32): Result {
  switch (name) {
    case TcpOption.KeepIdle:
      if (!within(v, 1, KEEP_SECONDS_MAX)) return -Errno.EINVAL;
      s.keepIdleSeconds = v;
      keepAliveStart(s);
      return 0;
    case TcpOption.KeepInterval:
      if (!within(v, 1, KEEP_SECONDS_MAX)) return -Errno.EINVAL;
      s.keepIntervalSeconds = v;
      return 0;
    case TcpOption.KeepCount:
      if (!within(v, 1, KEEP_COUNT_MAX)) return -Errno.EINVAL;
      s.keepCount = v;
      return 0;
    default:
      return -Errno.ENOPROTOOPT;
  }
}

/** Linux counts retransmissions of SYN-ACK, which come after 1, 2, 4 ... seconds: the time is rounded up to one of them. */
function deferral(seconds: i32): u32 {
  if (seconds <= 0) return 0;
  let period: u32 = 1;
  let timeout: u32 = 1;
  for (let i: u32 = 0; <u32>seconds > period && i < DEFER_DOUBLINGS; i++) {
    timeout = min<u32>(timeout << 1, DEFER_SECONDS_MAX);
    period += timeout;
  }
  return period;
}

/** 0: acknowledgments wait for data to go with; otherwise they go at once, and what is owed goes now. */
function setQuickAck(s: TcpSocket, v: i32): void {
  setFlag(s, TcpFlag.QuickAck, v != 0);
  setFlag(s, TcpFlag.PingPong, v == 0);
  if (v != 0 && (s.flags & TcpFlag.AckDue) != 0) sendAck(s);
}

function setCongestion(s: TcpSocket, p: usize, bytes: u32): Result {
  if (bytes < 1) return -Errno.EINVAL;
  const room = min(bytes, ALGORITHM_NAME_BYTES - 1);
  let n: u32 = 0;
  while (n < room && load<u8>(p + n) != 0) n++;
  if (bytesEqualLiteral(p, n, "cubic")) s.algorithm = Algorithm.Cubic;
  else if (bytesEqualLiteral(p, n, "reno")) s.algorithm = Algorithm.Reno;
  else return -Errno.ENOENT;
  s.cubicEpochNs = 0;
  return 0;
}

/** getsockopt into `room` bytes. */
export function getTcpOption(s: TcpSocket, name: u32, ua: u64, lengthUa: u64, room: u32): Result {
  let r: Result = 4;
  if (name == TcpOption.Info) r = info(s);
  else if (name == TcpOption.Congestion) r = congestion(s);
  else if (name == TcpOption.CongestionInfo || name == TcpOption.UpperProtocol) r = 0;
  else r = get(s, name);
  if (r < 0) return r;
  const bytes = min(room, <u32>r);
  r = copyOut(ua, value, bytes);
  if (r < 0) return r;
  store<u32>(value, bytes);
  return copyOut(lengthUa, value, 4);
}

@inline
function number(v: u32): Result {
  store<u32>(value, v);
  return 4;
}

@inline
function flag(s: TcpSocket, bit: u32): Result {
  return number((s.flags & bit) != 0 ? 1 : 0);
}

function get(s: TcpSocket, name: u32): Result {
  switch (name) {
    case TcpOption.NoDelay:
      return flag(s, TcpFlag.NoDelay);
    case TcpOption.Cork:
      return flag(s, TcpFlag.Cork);
    case TcpOption.MaximumSize:
      return number(s.userSize != 0 && (s.tcpState == TcpState.Closed || s.tcpState == TcpState.Listen) ? s.userSize : s.sendSize);
    case TcpOption.KeepIdle:
      return number(keepIdle(s));
    case TcpOption.KeepInterval:
      return number(keepInterval(s));
    case TcpOption.KeepCount:
      return number(keepCount(s));
    case TcpOption.SynCount:
      return number(s.synCount != 0 ? s.synCount : 6);
    case TcpOption.LingerAfter:
      return number(s.lingerAfterSeconds == 0 ? ORPHAN_WAIT_SECONDS : s.lingerAfterSeconds);
    case TcpOption.DeferAccept:
      return number(s.deferSeconds);
    case TcpOption.WindowClamp:
      return number(s.windowClamp);
    case TcpOption.QuickAck:
      return number((s.flags & TcpFlag.PingPong) == 0 ? 1 : 0);
    case TcpOption.UserTimeout:
      return number(s.userTimeoutMs);
    case TcpOption.NotSentLow:
      return number(s.notSentLow == u32.MAX_VALUE ? 0 : s.notSentLow);
    case TcpOption.FastOpen:
      return number(s.fastOpenQueue);
    case TcpOption.Timestamp:
      tcpClock();
      return number(stampNow(s));
    case TcpOption.ThinTimeouts:
    case TcpOption.ThinDuplicates:
    case TcpOption.FastOpenConnect:
      return number(0);
    default:
      return -Errno.ENOPROTOOPT;
  }
}

/** The name of the congestion algorithm. */
function congestion(s: TcpSocket): Result {
  memory.fill(value, 0, ALGORITHM_NAME_BYTES);
  putLiteral(value, s.algorithm == Algorithm.Reno ? "reno" : "cubic");
  return ALGORITHM_NAME_BYTES;
}

@inline
function put(offset: usize, v: u32): void {
  store<u32>(value + offset, v);
}

@inline
function since(ns: u64): u32 {
  return ns == 0 ? 0 : <u32>((now - ns) / MS);
}

/** struct tcp_info. */
function info(s: TcpSocket): Result {
  tcpClock();
  memory.fill(value, 0, TCP_INFO_BYTES);
  store<u8>(value, <u8>s.tcpState);
  store<u8>(value, congestionState(s), TcpInfo.CongestionState);
  store<u8>(value, <u8>min<u32>(s.backoff, 255), TcpInfo.Retransmits);
  store<u8>(value, <u8>min<u32>(s.probes, 255), TcpInfo.Probes);
  store<u8>(value, <u8>min<u32>(s.backoff, 255), TcpInfo.Backoff);
  store<u8>(value, optionBits(s), TcpInfo.Options);
  store<u8>(value, s.sendScale | (s.receiveScale << 4), TcpInfo.Scales);
  put(TcpInfo.TimeoutUs, s.timeoutUs);
  put(TcpInfo.AckTimeoutUs, 40_000);
  put(TcpInfo.SendSize, s.sendSize);
  put(TcpInfo.ReceiveSize, max<u32>(s.receiveSize, 536));
  segments(s);
  put(TcpInfo.LastDataSentMs, since(s.lastSentNs));
  put(TcpInfo.LastDataReceivedMs, since(s.lastReceivedNs));
  put(TcpInfo.LastAckReceivedMs, since(s.lastReceivedNs));
  put(TcpInfo.PathMtu, flowOf(s).mtu);
  put(TcpInfo.RoundTripUs, s.smoothedUs);
  put(TcpInfo.RoundTripVarianceUs, s.varianceUs);
  put(TcpInfo.SendThreshold, min<u32>(s.slowStartThreshold / s.sendSize, 0x7fff_ffff));
  put(TcpInfo.CongestionWindow, s.congestionWindow / s.sendSize);
  put(TcpInfo.AdvertisedSize, s.ownSize);
  put(TcpInfo.Reordering, 3);
  put(TcpInfo.ReceiveThreshold, receiveCapacity(s));
  put(TcpInfo.ReceiveSpace, receiveCapacity(s));
  put(TcpInfo.MinimumUs, s.minimumUs == 0 ? u32.MAX_VALUE : s.minimumUs);
  put(TcpInfo.SendWindow, s.sendWindow);
  put(TcpInfo.ReceiveWindow, after(s.receiveEdge, s.receiveNext) ? s.receiveEdge - s.receiveNext : 0);
  totals(s);
  return TCP_INFO_BYTES;
}

/** TCP_CA_Open, _Disorder, _Recovery or _Loss. */
function congestionState(s: TcpSocket): u8 {
  if ((s.flags & TcpFlag.Loss) != 0) return 4;
  if ((s.flags & TcpFlag.Recovering) != 0) return 3;
  return s.duplicates != 0 || s.sackedCount != 0 ? 1 : 0;
}

/** TCPI_OPT_TIMESTAMPS, _SACK and _WSCALE. */
function optionBits(s: TcpSocket): u8 {
  let bits: u8 = 0;
  if ((s.flags & TcpFlag.Timestamps) != 0) bits |= 1;
  if ((s.flags & TcpFlag.Sack) != 0) bits |= 2;
  if ((s.flags & TcpFlag.Scale) != 0) bits |= 4;
  return bits;
}

/** What is outstanding, in segments; of a listener the connections that wait, and how many may. */
function segments(s: TcpSocket): void {
  if (s.tcpState == TcpState.Listen) {
    put(TcpInfo.Unacknowledged, s.accepting);
    put(TcpInfo.Sacked, s.backlog);
    return;
  }
  put(TcpInfo.Unacknowledged, (s.sendNext - s.sendUnacknowledged + s.sendSize - 1) / s.sendSize);
  put(TcpInfo.Lost, (s.flags & TcpFlag.Recovering) != 0 ? 1 : 0);
}

function totals(s: TcpSocket): void {
  put(TcpInfo.TotalRetransmissions, s.retransmissions);
  store<u64>(value, u64.MAX_VALUE, TcpInfo.PacingRateMax64);
  store<u64>(value, s.bytesAcknowledged, TcpInfo.BytesAcknowledged64);
  store<u64>(value, s.bytesReceived, TcpInfo.BytesReceived64);
  put(TcpInfo.SegmentsOut, s.segmentsOut);
  put(TcpInfo.SegmentsIn, s.segmentsIn);
  put(TcpInfo.NotSent, unsent(s));
  put(TcpInfo.DataIn, s.dataIn);
  put(TcpInfo.DataOut, s.dataOut);
  put(TcpInfo.Delivered, s.dataOut);
  store<u64>(value, s.bytesSent, TcpInfo.BytesSent64);
  store<u64>(value, s.bytesRetransmitted, TcpInfo.BytesRetransmitted64);
}
