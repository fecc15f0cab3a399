// A TCP segment, decoded (RFC 9293, 3.1). The state machine takes and makes these; tcp/wire.ts turns them into bytes and back, and what goes to this machine
// itself never becomes bytes. A segment has one owner. It may be longer than what fits on a wire: then it stands for a row of
// segments of Segment.size bytes each (the last may be shorter), which is how they are sent.

import { kernelAlloc, kernelFree } from "../../mm/heap";
import { Chain, chainClear } from "../chain";
import { InetAddress } from "../inet/address";
import { InetSpace } from "../inet/space";

/** Control bits, as in the header; and bits for what options a segment has. */
export const enum SegmentFlag {
  Fin = 1,
  Syn = 2,
  Reset = 4,
  Push = 8,
  Ack = 0x10,
  Urgent = 0x20,
}
export const enum SegmentOption {
  MaximumSize = 1,
  Scale = 2,
  SackPermitted = 4,
  Timestamps = 8,
}

/** SACK blocks of a segment: 4 fit, 3 beside timestamps. */
export const SACK_BLOCKS: u32 = 4;

@unmanaged
export class Segment {
  sourceHigh: u64;
  sourceLow: u64;
  destinationHigh: u64;
  destinationLow: u64;
  next: Segment | null;
  space: InetSpace;
  sourcePort: u16;
  destinationPort: u16;
  /** SegmentFlag and SegmentOption bits. */
  flags: u8;
  options: u8;
  /** Window scale, with SegmentOption.Scale. */
  scale: u8;
  sackCount: u8;
  sequence: u32;
  acknowledgment: u32;
  /** As in the header: not scaled. */
  window: u16;
  urgent: u16;
  /** Maximum segment size, with SegmentOption.MaximumSize. */
  maximumSize: u16;
  /** Time to live and type of service to send with; 0 for the default. */
  hops: u8;
  service: u8;
  /** Timestamps: value and echo reply. */
  stamp: u32;
  echo: u32;
  // A Chain of the data.
  first: usize;
  last: usize;
  length: u32;
  /** Data bytes of one segment on a wire. */
  size: u32;
  /** Interface that it came in by, or must leave by; 0 for any. */
  device: u32;
  pad: u32;
  /** SACK_BLOCKS pairs of left and right edge. */
  sack0: u64;
  sack1: u64;
  sack2: u64;
  sack3: u64;
}
const SEGMENT_BYTES: u32 = 128;
if (offsetof<Segment>() != SEGMENT_BYTES) ERROR("Segment is 128 bytes");

const KEPT_MAX: u32 = 16;
let kept: Segment | null = null;
let keptCount: u32 = 0;

/** Segments that are kept for the next use; the heap counts them as used. */
export function segmentsKept(): u32 {
  return keptCount;
}

/** An empty segment of which everything up to the SACK blocks is 0; null when memory is short. */
export function segmentNew(space: InetSpace): Segment | null {
  let segment = kept;
  if (segment) {
    kept = segment.next;
    keptCount--;
    const p = changetype<usize>(segment);
    store<u64>(p, 0, offsetof<Segment>("next"));
    store<u64>(p, 0, offsetof<Segment>("sourcePort"));
    store<u64>(p, 0, offsetof<Segment>("sequence"));
    store<u64>(p, 0, offsetof<Segment>("window"));
    store<u64>(p, 0, offsetof<Segment>("stamp"));
    store<u64>(p, 0, offsetof<Segment>("first"));
    store<u64>(p, 0, offsetof<Segment>("length"));
    store<u64>(p, 0, offsetof<Segment>("device"));
  } else {
    segment = changetype<Segment | null>(kernelAlloc(SEGMENT_BYTES));
    if (!segment) return null;
  }
  segment.space = space;
  return segment;
}

/** Frees a segment that is in no queue, and its data. */
export function segmentFree(segment: Segment): void {
  if (segment.first != 0) chainClear(segmentData(segment));
  if (keptCount < KEPT_MAX) {
    segment.next = kept;
    kept = segment;
    keptCount++;
    return;
  }
  kernelFree(changetype<usize>(segment));
}

@inline
export function segmentData(segment: Segment): Chain {
  return changetype<Chain>(changetype<usize>(segment) + offsetof<Segment>("first"));
}

@inline
export function segmentSource(segment: Segment): InetAddress {
  return changetype<InetAddress>(changetype<usize>(segment) + offsetof<Segment>("sourceHigh"));
}

@inline
export function segmentDestination(segment: Segment): InetAddress {
  return changetype<InetAddress>(changetype<usize>(segment) + offsetof<Segment>("destinationHigh"));
}

/** Edges of the `i`th SACK block. */
@inline
export function sackLeft(segment: Segment, i: u32): u32 {
  return load<u32>(changetype<usize>(segment) + (i << 3), offsetof<Segment>("sack0"));
}
@inline
export function sackRight(segment: Segment, i: u32): u32 {
  return load<u32>(changetype<usize>(segment) + (i << 3), offsetof<Segment>("sack0") + 4);
}

/** Adds a SACK block, if there is room. */
export function sackAdd(segment: Segment, left: u32, right: u32): void {
  if (segment.sackCount >= SACK_BLOCKS) return;
  const at = changetype<usize>(segment) + ((<usize>segment.sackCount) << 3);
  store<u32>(at, left, offsetof<Segment>("sack0"));
  store<u32>(at, right, offsetof<Segment>("sack0") + 4);
  segment.sackCount++;
}

/** Sequence numbers that the segment takes: data, SYN and FIN. */
@inline
export function segmentSpan(segment: Segment): u32 {
  const flags = <u32>segment.flags;
  return segment.length + ((flags >> 1) & 1) + (flags & 1);
}

// Arithmetic of sequence numbers, modulo 2^32 (RFC 9293, 3.4).

@inline
export function before(a: u32, b: u32): bool {
  return <i32>(a - b) < 0;
}
@inline
export function after(a: u32, b: u32): bool {
  return <i32>(a - b) > 0;
}
@inline
export function later(a: u32, b: u32): u32 {
  return after(a, b) ? a : b;
}
