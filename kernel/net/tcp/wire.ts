// Segments as bytes: headers and options written and read (RFC 9293, 3.1 and 3.2; RFC 7323, 2.2 and 3.2; RFC 2018, 2 and 3), and the way between segments and
// packets. A row of segments goes out as one packet each. Options that are malformed end the list; the segment still counts.

import { chainCopyOut } from "../chain";
import { Discover, Flow, flowAim, FLOW_BYTES } from "../inet/flow";
import { flowOf } from "../inet/inet";
import { inetOutput, Protocol } from "../inet/output";
import { Checksum, LINEAR_MAX, packetNew, packetPush, packetPut } from "../packet";
import {
  sackAdd,
  SACK_BLOCKS,
  sackLeft,
  sackRight,
  Segment,
  segmentData,
  segmentDestination,
  SegmentFlag,
  segmentFree,
  SegmentOption,
  segmentSource,
} from "./segment";
import { TcpSocket } from "./socket";

export const HEADER_BYTES: u32 = 20;
/** Longest header: 15 words. */
export const HEADER_MAX: u32 = 60;
/** Where the checksum stands. */
const CHECKSUM_AT: u32 = 16;

/** Option kinds. */
const enum Kind {
  End = 0,
  Nothing = 1,
  MaximumSize = 2,
  Scale = 3,
  SackPermitted = 4,
  Sack = 5,
  Timestamps = 8,
}

/** Bytes of the segment's header with its options. */
export function headerBytes(segment: Segment): u32 {
  const options = <u32>segment.options;
  let n = HEADER_BYTES;
  if ((options & SegmentOption.MaximumSize) != 0) n += 4;
  if ((options & SegmentOption.Scale) != 0) n += 4;
  if ((options & SegmentOption.Timestamps) != 0) n += 12;
  else if ((options & SegmentOption.SackPermitted) != 0) n += 4;
  if (segment.sackCount != 0) n += 4 + ((<u32>segment.sackCount) << 3);
  return n;
}

/** Writes the header to `p`, of headerBytes(segment), with `sequence` and `flags` in the place of the segment's; the checksum is 0. */
export function headerWrite(segment: Segment, p: usize, sequence: u32, flags: u32): void {
  store<u16>(p, bswap<u16>(segment.sourcePort));
  store<u16>(p, bswap<u16>(segment.destinationPort), 2);
  store<u32>(p, bswap<u32>(sequence), 4);
  store<u32>(p, bswap<u32>(segment.acknowledgment), 8);
  store<u8>(p, <u8>((headerBytes(segment) >> 2) << 4), 12);
  store<u8>(p, <u8>flags, 13);
  store<u16>(p, bswap<u16>(segment.window), 14);
  store<u32>(p, 0, 16);
  if ((flags & SegmentFlag.Urgent) != 0) store<u16>(p, bswap<u16>(segment.urgent), 18);
  const options = <u32>segment.options;
  let at = p + HEADER_BYTES;
  if ((options & SegmentOption.MaximumSize) != 0) {
    store<u32>(at, 0x0402 | ((<u32>bswap<u16>(segment.maximumSize)) << 16));
    at += 4;
  }
  const sack = (options & SegmentOption.SackPermitted) != 0;
  if ((options & SegmentOption.Timestamps) != 0) {
    // SACK-permitted takes the place of the padding.
    store<u32>(at, sack ? 0x0a08_0204 : 0x0a08_0101);
    store<u32>(at, bswap<u32>(segment.stamp), 4);
    store<u32>(at, bswap<u32>(segment.echo), 8);
    at += 12;
  } else if (sack) {
    store<u32>(at, 0x0204_0101);
    at += 4;
  }
  if ((options & SegmentOption.Scale) != 0) {
    store<u32>(at, 0x0003_0301 | ((<u32>segment.scale) << 24));
    at += 4;
  }
  if (segment.sackCount == 0) return;
  store<u32>(at, 0x0005_0101 | ((2 + ((<u32>segment.sackCount) << 3)) << 24));
  at += 4;
  for (let i: u32 = 0; i < segment.sackCount; i++) {
    store<u32>(at, bswap<u32>(sackLeft(segment, i)));
    store<u32>(at, bswap<u32>(sackRight(segment, i)), 4);
    at += 8;
  }
}

/** Reads a header of `bytes` in all, of which the first `p[12] >> 4` words are there: its length, 0 when that cannot be. */
export function headerRead(segment: Segment, p: usize, bytes: u32): u32 {
  if (bytes < HEADER_BYTES) return 0;
  const length = ((<u32>load<u8>(p, 12)) >> 4) << 2;
  if (length < HEADER_BYTES || length > bytes) return 0;
  segment.sourcePort = bswap<u16>(load<u16>(p));
  segment.destinationPort = bswap<u16>(load<u16>(p, 2));
  segment.sequence = bswap<u32>(load<u32>(p, 4));
  segment.acknowledgment = bswap<u32>(load<u32>(p, 8));
  segment.flags = load<u8>(p, 13) & 0x3f;
  segment.window = bswap<u16>(load<u16>(p, 14));
  segment.urgent = bswap<u16>(load<u16>(p, 18));
  // Timestamps alone, in the usual place.
  if (length == HEADER_BYTES + 12 && load<u32>(p, 20) == 0x0a08_0101) {
    segment.options = <u8>SegmentOption.Timestamps;
    segment.stamp = bswap<u32>(load<u32>(p, 24));
    segment.echo = bswap<u32>(load<u32>(p, 28));
  } else optionsRead(segment, p + HEADER_BYTES, length - HEADER_BYTES);
  return length;
}

function optionsRead(segment: Segment, p: usize, left: u32): void {
  const isSyn = (segment.flags & SegmentFlag.Syn) != 0;
  while (left != 0) {
    const kind = load<u8>(p);
    if (kind == Kind.End) return;
    if (kind == Kind.Nothing) {
      p++;
      left--;
      continue;
    }
    if (left < 2) return;
    const length = <u32>load<u8>(p, 1);
    if (length < 2 || length > left) return;
    if (isSyn) synOption(segment, kind, p, length);
    if (kind == Kind.Timestamps && length == 10) {
      segment.options |= <u8>SegmentOption.Timestamps;
      segment.stamp = bswap<u32>(load<u32>(p, 2));
      segment.echo = bswap<u32>(load<u32>(p, 6));
    } else if (kind == Kind.Sack && !isSyn && ((length - 2) & 7) == 0) {
      for (let at: u32 = 2; at < length && segment.sackCount < SACK_BLOCKS; at += 8)
        sackAdd(segment, bswap<u32>(load<u32>(p + at)), bswap<u32>(load<u32>(p + at, 4)));
    }
    p += length;
    left -= length;
  }
}

/** Options that a SYN alone may have. */
function synOption(segment: Segment, kind: u8, p: usize, length: u32): void {
  if (kind == Kind.MaximumSize && length == 4) {
    segment.options |= <u8>SegmentOption.MaximumSize;
    segment.maximumSize = bswap<u16>(load<u16>(p, 2));
  } else if (kind == Kind.Scale && length == 3) {
    segment.options |= <u8>SegmentOption.Scale;
    segment.scale = load<u8>(p, 2);
  } else if (kind == Kind.SackPermitted && length == 2) segment.options |= <u8>SegmentOption.SackPermitted;
}

/** Flow of what belongs to no connection. */
const way = changetype<Flow>(memory.data(FLOW_BYTES, 8));

/** Sends a segment of `s`, or of no connection, to IP: one packet for each segment of the row. Consumes it. What does not get through is lost. */
export function wireSend(s: TcpSocket | null, segment: Segment): void {
  let f = way;
  if (s) f = flowOf(s);
  else flowAim(f, segmentSource(segment), segmentDestination(segment));
  f.hops = segment.hops;
  f.service = segment.service;
  if (!s) f.bound = 0;
  f.discover = <u8>Discover.Want;
  const header = headerBytes(segment);
  const size = min(segment.size != 0 ? segment.size : LINEAR_MAX, LINEAR_MAX);
  const length = segment.length;
  let done: u32 = 0;
  do {
    const n = min(size, length - done);
    const last = done + n == length;
    let flags = <u32>segment.flags;
    // What ends the row belongs to its last segment.
    if (!last) flags &= ~(SegmentFlag.Fin | SegmentFlag.Push);
    const p = packetNew(n);
    if (!p) break;
    if (n != 0) chainCopyOut(segmentData(segment), done, packetPut(p, n), n);
    const at = packetPush(p, header);
    headerWrite(segment, at, segment.sequence + done, flags);
    if (done != 0 && (flags & SegmentFlag.Urgent) != 0) moveUrgent(segment, at, done);
    p.checksum = <u8>Checksum.ToCompute;
    p.checksumAt = <u8>CHECKSUM_AT;
    if (inetOutput(segment.space, p, f, Protocol.Tcp) < 0) break;
    done += n;
  } while (done < length);
  segmentFree(segment);
}

/** The urgent pointer is relative to each segment of a row. */
function moveUrgent(segment: Segment, at: usize, done: u32): void {
  const pointer = <u32>segment.urgent;
  if (pointer > done) store<u16>(at, bswap<u16>(<u16>(pointer - done)), 18);
  else {
    store<u16>(at, 0, 18);
    store<u8>(at, load<u8>(at, 13) & ~(<u8>SegmentFlag.Urgent), 13);
  }
}
