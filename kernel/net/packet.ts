// The packet: what protocols hand to each other. A contiguous part in linear memory, with room in front for the headers that each layer adds, and
// behind it pieces, which are references to page frames: bulk data is copied once in and once out, and a segment that may have to be sent again
// shares the frames of the first. A packet has one owner, who passes it on or frees it; packets that share frames are independent.

import { physicalRead } from "../../shim/isa";
import { Errno } from "../errno";
import { Charge, payer } from "../mm/account";
import { frameAllocFor, frameInfo, frameRelease, frameRetain, PAGE_SHIFT, PAGE_SIZE } from "../mm/frame";
import { kernelAlloc, kernelFree } from "../mm/heap";
import { Result } from "../result";
import { Exchange, moveBytes, movePage } from "./exchange";
import { InetAddress } from "./inet/address";

/** State of a packet's transport checksum. */
export const enum Checksum {
  /** Not looked at (input). */
  Unknown = 0,
  /** Right, or it never left the machine (input). */
  Verified = 1,
  /** The header has 0 at Packet.checksumAt; whoever sends it over a wire fills it in (output). */
  ToCompute = 2,
  /** The header is ready to be sent, or the protocol has none (output). */
  Done = 3,
}

/** Bits of Packet.flags. */
export const enum PacketFlag {
  /** It came to a link-level broadcast or multicast address. */
  Broadcast = 1,
  /** It has come out of the loopback device. */
  Looped = 2,
  /** It is passed on for somebody else. */
  Forwarded = 4,
}

@unmanaged
export class Packet {
  /** In whatever queue it stands. */
  next: Packet | null;
  /** The contiguous part's memory, and the bytes of it in use. */
  room: usize;
  end: usize;
  data: usize;
  linear: u32;
  /** Bytes in all, contiguous part and pieces. */
  length: u32;
  /** Where the network and transport headers are, in the contiguous part. */
  network: usize;
  transport: usize;
  /** Piece entries, 8 bytes each: u32 frame, u16 offset, u16 bytes. */
  pieces: usize;
  pieceCount: u16;
  pieceRoom: u16;
  /** Low frame that is the contiguous part, owned; 0: it lies behind this header. */
  frame: u32;
  /** Interface that it came in by (kernel/net/inet/interface.ts), not counted; 0 for none. */
  interface: usize;
  /** A Checksum; place of the checksum in the transport header; bits of PacketFlag. */
  checksum: u8;
  checksumAt: u8;
  flags: u16;
  /** Whoever wants to hear when it is freed (packetDisown), and what it counts for there. */
  owner: usize;
  charge: u32;
  /** Bytes of the object, if it is one that is kept when it is freed. */
  kept: u32;
  /** Wall clock when it came in; 0: not asked for. */
  stampNs: u64;
  /** For TCP: sequence numbers, when it was sent, and marks. */
  sentNs: u64;
  sequence: u32;
  sequenceEnd: u32;
  mark: u32;
  /** Protocol that it carries (IPPROTO_*), time to live, type of service. */
  protocol: u8;
  hops: u8;
  service: u8;
  pad: u8;
  /** InetAddress each: packetSource, packetDestination. */
  sourceHigh: u64;
  sourceLow: u64;
  destinationHigh: u64;
  destinationLow: u64;
}
const PACKET_BYTES: u32 = 128;
if (offsetof<Packet>() != PACKET_BYTES) ERROR("Packet is 128 bytes");
/** What packetNew clears of a packet that was kept. */
const CLEAR_BYTES: u32 = 96;
if (offsetof<Packet>("sourceHigh") != CLEAR_BYTES) ERROR("addresses come last");

/** Room in front of the data of a new packet: virtio and Ethernet headers, the longest IPv4 and TCP headers, aligned to 16. */
export const HEAD_ROOM: u32 = 160;
/** Pieces of a packet at most: 64 KiB that begin and end within a page. */
export const PIECES_MAX: u32 = 18;
/** Room in the contiguous part of packets with pieces, for headers that packetLinear takes out of those. */
const GATHER_ROOM: u32 = 128;
/** Most bytes that packetNew puts into the contiguous part. */
export const LINEAR_MAX: u32 = 2048 - PACKET_BYTES - HEAD_ROOM;
/** Longest packet: what the length fields of IP can say. */
export const PACKET_MAX: u32 = 65535;

/** Small packets are kept when they are freed: most live for a moment only. */
const SPARE_BYTES: u32 = 384;
const SPARES_MAX: u32 = 4;
let spare: Packet | null = null;
let spareCount: u32 = 0;

/** Packets that are kept for the next use; the heap counts them as objects. */
export function packetsKept(): u32 {
  return spareCount;
}

@inline
export function packetSource(p: Packet): InetAddress {
  return changetype<InetAddress>(changetype<usize>(p) + offsetof<Packet>("sourceHigh"));
}
@inline
export function packetDestination(p: Packet): InetAddress {
  return changetype<InetAddress>(changetype<usize>(p) + offsetof<Packet>("destinationHigh"));
}

/**
 * An empty packet with HEAD_ROOM in front, and room for `bytes` in all that packetAppend or packetPut will add: up to LINEAR_MAX of them (all, if no
 * more are wanted) in the contiguous part. Null when memory is short.
 */
export function packetNew(bytes: u32): Packet | null {
  if (bytes <= SPARE_BYTES - PACKET_BYTES - HEAD_ROOM) {
    const kept = spare;
    if (kept) return takeSpare(kept);
    return create(SPARE_BYTES, 0);
  }
  if (bytes <= LINEAR_MAX) return create(PACKET_BYTES + HEAD_ROOM + bytes, 0);
  return create(PACKET_BYTES + (PIECES_MAX << 3) + HEAD_ROOM + GATHER_ROOM, PIECES_MAX);
}

function takeSpare(p: Packet): Packet {
  spare = p.next;
  spareCount--;
  memory.fill(changetype<usize>(p), 0, CLEAR_BYTES);
  place(p, SPARE_BYTES, 0);
  return p;
}

function create(size: u32, pieces: u32): Packet | null {
  const p = changetype<Packet | null>(kernelAlloc(size));
  if (p) place(p, size, pieces);
  return p;
}

@inline
function place(p: Packet, size: u32, pieces: u32): void {
  const at = changetype<usize>(p);
  p.pieces = at + PACKET_BYTES;
  p.pieceRoom = <u16>pieces;
  p.room = at + PACKET_BYTES + (pieces << 3);
  p.end = at + size;
  p.data = p.room + HEAD_ROOM;
  p.kept = size == SPARE_BYTES && pieces == 0 ? 1 : 0;
}

/**
 * A packet whose contiguous part is the low frame at `frame`, of which it takes over the reference: `bytes` of data from `offset` on. For what drivers
 * receive. Null when memory is short, and then the frame stays with the caller.
 */
export function packetOfFrame(frame: u32, offset: u32, bytes: u32): Packet | null {
  const p = create(PACKET_BYTES + (PIECES_MAX << 3), PIECES_MAX);
  if (!p) return null;
  p.frame = frame;
  p.room = (<usize>frame) << PAGE_SHIFT;
  p.end = p.room + PAGE_SIZE;
  p.data = p.room + offset;
  p.linear = bytes;
  p.length = bytes;
  return p;
}

type Disown = (p: Packet) => void;
let disown: u32 = 0;

/** Registers who is told that a packet with an owner is freed or changes hands. */
export function setPacketDisown(f: Disown): void {
  disown = f.index;
}

/** The packet no longer counts for its owner. */
export function packetDisown(p: Packet): void {
  if (p.owner == 0) return;
  call_indirect<void>(disown, p);
  p.owner = 0;
}

/** Frees a packet that stands in no queue. */
export function packetFree(p: Packet): void {
  if (p.owner != 0) packetDisown(p);
  for (let i: u32 = 0; i < p.pieceCount; i++) frameRelease(load<u32>(p.pieces + (i << 3)));
  if (p.frame != 0) frameRelease(p.frame);
  if (p.kept != 0 && spareCount < SPARES_MAX) {
    p.next = spare;
    spare = p;
    spareCount++;
    return;
  }
  kernelFree(changetype<usize>(p));
}

/** Frees a row of packets. */
export function packetsFree(first: Packet | null): void {
  while (first) {
    const next = first.next;
    packetFree(first);
    first = next;
  }
}

// Headers ----------------------------------------------------------------------------------------------------------------------------------

/** Adds `bytes` in front: their address. There must be room (HEAD_ROOM is enough for all headers of a packet made here). */
@inline
export function packetPush(p: Packet, bytes: u32): usize {
  p.data -= bytes;
  p.linear += bytes;
  p.length += bytes;
  assert(p.data >= p.room, "a packet has room for its headers");
  return p.data;
}

/** Takes `bytes` <= length off the front. */
export function packetPull(p: Packet, bytes: u32): void {
  p.length -= bytes;
  if (bytes <= p.linear) {
    p.data += bytes;
    p.linear -= bytes;
    return;
  }
  bytes -= p.linear;
  p.data += p.linear;
  p.linear = 0;
  let gone: u32 = 0;
  while (bytes != 0) {
    const at = p.pieces + (gone << 3);
    const n = <u32>load<u16>(at, 6);
    if (bytes < n) {
      store<u16>(at, load<u16>(at, 4) + <u16>bytes, 4);
      store<u16>(at, <u16>(n - bytes), 6);
      break;
    }
    frameRelease(load<u32>(at));
    bytes -= n;
    gone++;
  }
  p.pieceCount -= <u16>gone;
  memory.copy(p.pieces, p.pieces + (gone << 3), (<u32>p.pieceCount) << 3);
}

/** Cuts the packet off after `length` bytes. */
export function packetTrim(p: Packet, length: u32): void {
  if (length >= p.length) return;
  p.length = length;
  if (length <= p.linear) p.linear = length;
  let left = length - p.linear;
  let i: u32 = 0;
  for (; left != 0; i++) {
    const at = p.pieces + (i << 3);
    const n = min<u32>(left, load<u16>(at, 6));
    store<u16>(at, <u16>n, 6);
    left -= n;
  }
  for (let rest = i; rest < p.pieceCount; rest++) frameRelease(load<u32>(p.pieces + (rest << 3)));
  p.pieceCount = <u16>i;
}

/** Sees to it that the first `bytes` lie in the contiguous part: false when the packet is shorter, or there is no room for them. */
export function packetLinear(p: Packet, bytes: u32): bool {
  return bytes <= p.linear || gather(p, bytes);
}

function gather(p: Packet, bytes: u32): bool {
  if (bytes > p.length || p.data + bytes > p.end) return false;
  const more = bytes - p.linear;
  packetRead(p, p.linear, p.data + p.linear, more);
  // The bytes have been copied: takes them off the front of the pieces.
  const data = p.data;
  const length = p.length;
  p.data += p.linear;
  p.length -= p.linear;
  p.linear = 0;
  packetPull(p, more);
  p.data = data;
  p.linear = bytes;
  p.length = length;
  return true;
}

// Data -------------------------------------------------------------------------------------------------------------------------------------

@inline
function addPiece(p: Packet, frame: u32, offset: u32, bytes: u32): void {
  const at = p.pieces + ((<usize>p.pieceCount) << 3);
  p.pieceCount++;
  store<u32>(at, frame);
  store<u16>(at, <u16>offset, 4);
  store<u16>(at, <u16>bytes, 6);
  p.length += bytes;
}

/** Adds a piece of a frame, whose reference the packet takes over: false when it has no place for more, and then the reference stays. */
export function packetAddFrame(p: Packet, frame: u32, offset: u32, bytes: u32): bool {
  if (p.pieceCount == p.pieceRoom) return false;
  addPiece(p, frame, offset, bytes);
  return true;
}

/** Adds `bytes` in the contiguous part, behind what there is: their address. They must fit, and no piece may be there. */
@inline
export function packetPut(p: Packet, bytes: u32): usize {
  const at = p.data + p.linear;
  p.linear += bytes;
  p.length += bytes;
  assert(p.pieceCount == 0 && at + bytes <= p.end, "a packet has room for its data");
  return at;
}

/**
 * Copies `bytes` from the exchange to the packet's end: 0; -ENOBUFS when memory is short or the packet has no place for so much, -EFAULT or BLOCKED.
 * After an error the packet has some of them, and is to be freed or trimmed.
 */
export function packetAppend(p: Packet, e: Exchange, bytes: u32): Result {
  if (p.pieceCount == 0 && p.data + p.linear + bytes <= p.end) {
    const r = moveBytes(e, false, p.data + p.linear, bytes);
    if (r < 0) return r;
    p.linear += bytes;
    p.length += bytes;
    return 0;
  }
  return appendPieces(p, e, bytes);
}

function appendPieces(p: Packet, e: Exchange, bytes: u32): Result {
  let r = fillLast(p, e, bytes);
  if (r < 0) return r;
  bytes -= <u32>r;
  while (bytes != 0) {
    if (p.pieceCount == p.pieceRoom) return -Errno.ENOBUFS;
    const n = min(bytes, PAGE_SIZE);
    const frame = frameAllocFor(payer, Charge.Socket);
    if (frame == 0) return -Errno.ENOBUFS;
    r = movePage(e, false, (<u64>frame) << PAGE_SHIFT, n);
    if (r < 0) {
      frameRelease(frame);
      return r;
    }
    addPiece(p, frame, 0, n);
    bytes -= n;
  }
  return 0;
}

/** Fills up the last piece's frame, if nobody shares it: bytes, or an error. */
function fillLast(p: Packet, e: Exchange, bytes: u32): Result {
  if (p.pieceCount == 0) return 0;
  const at = p.pieces + ((<u32>p.pieceCount - 1) << 3);
  const frame = load<u32>(at);
  const used = <u32>load<u16>(at, 4) + load<u16>(at, 6);
  const n = min(bytes, PAGE_SIZE - used);
  if (n == 0 || frameInfo(frame).refs != 1) return 0;
  const r = movePage(e, false, ((<u64>frame) << PAGE_SHIFT) + used, n);
  if (r < 0) return r;
  store<u16>(at, load<u16>(at, 6) + <u16>n, 6);
  p.length += n;
  return n;
}

/** Copies `bytes` from `offset` on out to the exchange: 0, -EFAULT or BLOCKED. */
export function packetMove(p: Packet, e: Exchange, offset: u32, bytes: u32): Result {
  if (offset + bytes <= p.linear) return moveBytes(e, true, p.data + offset, bytes);
  if (offset < p.linear) {
    const n = p.linear - offset;
    const r = moveBytes(e, true, p.data + offset, n);
    if (r < 0) return r;
    offset += n;
    bytes -= n;
  }
  offset -= p.linear;
  for (let i: u32 = 0; bytes != 0; i++) {
    const at = p.pieces + (i << 3);
    const there = <u32>load<u16>(at, 6);
    if (offset >= there) {
      offset -= there;
      continue;
    }
    const n = min(bytes, there - offset);
    const r = movePage(e, true, pieceAddress(at) + offset, n);
    if (r < 0) return r;
    bytes -= n;
    offset = 0;
  }
  return 0;
}

/** Physical address of the piece whose entry is at `at` (packetPiece). */
@inline
export function pieceAddress(at: usize): u64 {
  return ((<u64>load<u32>(at)) << PAGE_SHIFT) + load<u16>(at, 4);
}
@inline
export function pieceBytes(at: usize): u32 {
  return load<u16>(at, 6);
}
/** The entry of piece `i` < pieceCount. */
@inline
export function packetPiece(p: Packet, i: u32): usize {
  return p.pieces + (i << 3);
}

/** Copies `bytes` from `offset` on to linear memory; the packet has them. */
export function packetRead(p: Packet, offset: u32, to: usize, bytes: u32): void {
  if (offset < p.linear) {
    const n = min(bytes, p.linear - offset);
    memory.copy(to, p.data + offset, n);
    to += n;
    offset += n;
    bytes -= n;
  }
  offset -= p.linear;
  for (let i: u32 = 0; bytes != 0; i++) {
    const at = p.pieces + (i << 3);
    const there = <u32>load<u16>(at, 6);
    if (offset >= there) {
      offset -= there;
      continue;
    }
    const n = min(bytes, there - offset);
    physicalRead(to, pieceAddress(at) + offset, n);
    to += n;
    bytes -= n;
    offset = 0;
  }
}

/**
 * A packet of its own with `bytes` of p's data from `offset` on: what lies in frames is shared, the rest is copied. It has HEAD_ROOM in front. Null
 * when memory is short.
 */
export function packetShare(p: Packet, offset: u32, bytes: u32): Packet | null {
  const own = offset < p.linear ? min(bytes, p.linear - offset) : 0;
  const pieces: u32 = own == bytes ? 0 : p.pieceCount;
  const q = pieces == 0 ? packetNew(own) : create(PACKET_BYTES + (PIECES_MAX << 3) + HEAD_ROOM + GATHER_ROOM + own, PIECES_MAX);
  if (!q) return null;
  if (own != 0) memory.copy(packetPut(q, own), p.data + offset, own);
  offset += own;
  offset -= p.linear;
  bytes -= own;
  for (let i: u32 = 0; bytes != 0; i++) {
    const at = p.pieces + (i << 3);
    const there = <u32>load<u16>(at, 6);
    if (offset >= there) {
      offset -= there;
      continue;
    }
    const n = min(bytes, there - offset);
    frameRetain(load<u32>(at));
    addPiece(q, load<u32>(at), <u32>load<u16>(at, 4) + offset, n);
    bytes -= n;
    offset = 0;
  }
  return q;
}

/** Bytes that the packet takes up, for accounting. */
export function packetCost(p: Packet): u32 {
  const own = p.frame != 0 ? PAGE_SIZE + PACKET_BYTES : <u32>(p.end - changetype<usize>(p));
  return own + ((<u32>p.pieceCount) << PAGE_SHIFT);
}
