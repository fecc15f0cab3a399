// What the two SYNs of a connection agree upon: sizes, window scale, SACK, timestamps (RFC 9293, 3.7.1; RFC 7323, 1.3 and 2.2; RFC 2018, 2); and initial
// sequence numbers (RFC 6528): a keyed hash (SipHash-1-3 by Aumasson and Bernstein) of the connection, and a clock.

import { randomU64 } from "../../random";
import { flowOf, InetSocket } from "../inet/inet";
import { isMapped4 } from "../inet/address";
import { flowDestination } from "../inet/flow";
import { Segment, SegmentOption } from "./segment";
import { RECEIVE_GROWN, SIZE_LEAST, TcpFlag, TcpSocket } from "./socket";
import { now } from "./timer";

/** Bytes of headers without options. */
const HEADERS4: u32 = 40;
const HEADERS6: u32 = 60;
/** Timestamps take twelve of each segment's bytes. */
const STAMP_BYTES: u32 = 12;
/** Largest shift (RFC 7323, 2.3). */
const SCALE_MAX: u32 = 14;
/** Least size that a peer's option is believed in (net.ipv4.tcp_min_snd_mss). */
const SIZE_FLOOR: u32 = 48;

/** The largest segment that the path's MTU takes, which this end tells the other. */
export function sizeOfPath(s: TcpSocket): u32 {
  const f = flowOf(s);
  const headers = isMapped4(flowDestination(f)) ? HEADERS4 : HEADERS6;
  const most = min(f.mtu, 65535);
  const size = most > headers + SIZE_FLOOR ? most - headers : SIZE_LEAST;
  return s.userSize != 0 ? min(size, s.userSize) : size;
}

/** The shift that lets the receive window grow as far as it may. */
export function scaleFor(s: TcpSocket): u8 {
  let most = (s.flags & TcpFlag.ReceiveFixed) != 0 ? s.receiveLimit : max(s.receiveLimit, RECEIVE_GROWN);
  if (s.windowClamp != 0) most = min(most, s.windowClamp);
  let scale: u8 = 0;
  while (scale < SCALE_MAX && most >> scale > 0xffff) scale++;
  return scale;
}

/** Takes the options of the peer's SYN: both ends must want what both use. */
export function negotiate(s: TcpSocket, segment: Segment): void {
  const options = <u32>segment.options;
  if ((options & SegmentOption.Scale) != 0) {
    s.flags |= TcpFlag.Scale;
    s.sendScale = <u8>min<u32>(segment.scale, SCALE_MAX);
  } else {
    s.sendScale = 0;
    s.receiveScale = 0;
  }
  if ((options & SegmentOption.SackPermitted) != 0) s.flags |= TcpFlag.Sack;
  if ((options & SegmentOption.Timestamps) != 0) {
    s.flags |= TcpFlag.Timestamps;
    s.recentStamp = segment.stamp;
    s.recentStampNs = now;
  }
  s.peerSize = (options & SegmentOption.MaximumSize) != 0 ? max<u32>(segment.maximumSize, SIZE_FLOOR) : SIZE_LEAST;
  sizeAgree(s);
}

/** Data bytes of a segment: what both ends and the path take, less the options of every segment. */
export function sizeAgree(s: TcpSocket): void {
  const size = min(s.peerSize, sizeOfPath(s));
  s.sendSize = (s.flags & TcpFlag.Timestamps) != 0 ? size - STAMP_BYTES : size;
}

let key0: u64 = 0;
let key1: u64 = 0;
let v0: u64 = 0;
let v1: u64 = 0;
let v2: u64 = 0;
let v3: u64 = 0;

@inline
function round(): void {
  v0 += v1;
  v1 = rotl<u64>(v1, 13) ^ v0;
  v0 = rotl<u64>(v0, 32);
  v2 += v3;
  v3 = rotl<u64>(v3, 16) ^ v2;
  v0 += v3;
  v3 = rotl<u64>(v3, 21) ^ v0;
  v2 += v1;
  v1 = rotl<u64>(v1, 17) ^ v2;
  v2 = rotl<u64>(v2, 32);
}

@inline
function word(m: u64): void {
  v3 ^= m;
  round();
  v0 ^= m;
}

/** Gives a new connection, whose addresses and ports stand, its first sequence number and the offset of its timestamps. */
export function firstNumbers(s: TcpSocket): void {
  if ((key0 | key1) == 0) {
    key0 = randomU64();
    key1 = randomU64();
  }
  const i: InetSocket = s;
  v0 = key0 ^ 0x736f_6d65_7073_6575;
  v1 = key1 ^ 0x646f_7261_6e64_6f6d;
  v2 = key0 ^ 0x6c79_6765_6e65_7261;
  v3 = key1 ^ 0x7465_6462_7974_6573;
  word(i.localHigh ^ rotl<u64>(i.remoteHigh, 32));
  word(i.localLow);
  word(i.remoteLow);
  word(((<u64>36) << 56) | ((<u64>i.localPort) << 16) | i.remotePort);
  v2 ^= 0xff;
  round();
  round();
  round();
  const hash = v0 ^ v1 ^ v2 ^ v3;
  // A clock that ticks every 64 nanoseconds keeps numbers of successive connections apart.
  s.initialSend = <u32>hash + <u32>(now >> 6);
  s.stampOffset = <u32>(hash >> 32);
}
