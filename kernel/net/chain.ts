// Bytes on their way through a stream: a Block holds them, a Piece is a range of a block, a Chain is a row of pieces. Blocks are counted, so that what is
// sent to this machine itself goes from the sender's queue to the receiver's by reference: one copy in, one copy out. A small
// block lies behind its header, a large one in a run of low frames, in one part, so that user memory is copied in one go. A chain owns its pieces,
// a piece one reference to its block. Pieces and headers of large blocks are kept in short lists when they are freed.

import { frameAllocLow, frameFree, framesFree, PAGE_SHIFT, PAGE_SIZE } from "../mm/frame";
import { kernelAlloc, kernelFree } from "../mm/heap";
import { Result } from "../result";
import { Exchange, moveBytes } from "./exchange";

@unmanaged
export class Block {
  refs: u32;
  /** Bytes there is room for, and bytes in use: those behind may be written by whoever appends to the block. */
  capacity: u32;
  used: u32;
  /** Order of the run of frames, or SMALL. */
  order: u32;
  data: usize;
}
const BLOCK_BYTES: u32 = 20;
if (offsetof<Block>() != BLOCK_BYTES) ERROR("Block is 20 bytes");
const SMALL: u32 = 255;
/** Data that lies behind the header. */
const SMALL_MAX: u32 = 2048 - BLOCK_BYTES;
/** A small block that is one of several has this much room, so that the next bytes find it. */
const SMALL_ROOM: u32 = SMALL_MAX;
/** Order of the largest run. */
const LARGE_ORDER: u32 = 4;

@unmanaged
export class Piece {
  next: Piece | null;
  block: Block;
  offset: u32;
  length: u32;
  /** Sequence number of the first byte, where a queue needs it. */
  sequence: u32;
}
const PIECE_BYTES: u32 = 20;
if (offsetof<Piece>() != PIECE_BYTES) ERROR("Piece is 20 bytes");

/** Embedded in what owns the bytes; zeroed memory is an empty chain. */
@unmanaged
export class Chain {
  first: Piece | null;
  last: Piece | null;
  bytes: u32;
}
export const CHAIN_BYTES: u32 = 12;
if (offsetof<Chain>() != CHAIN_BYTES) ERROR("Chain is 12 bytes");

/** Freed pieces and small blocks that are kept, linked by their first word. */
const KEPT_MAX: u32 = 32;
let pieces: usize = 0;
let piecesKept: u32 = 0;
const QUICK_BYTES: u32 = 64;
let quick: usize = 0;
let quickKept: u32 = 0;

/** Objects that are kept for the next use; the heap counts them as used. */
export function chainObjectsKept(): u32 {
  return piecesKept + quickKept;
}

/** A block with room for `bytes`, or as much of them as a block can have, and with `spacious` for more if they are few; null when memory is short. */
export function blockNew(bytes: u32, spacious: bool): Block | null {
  if (bytes > SMALL_MAX) return largeNew(bytes);
  let size = BLOCK_BYTES + (spacious ? SMALL_ROOM : bytes);
  let p: usize = 0;
  if (size <= QUICK_BYTES) {
    size = QUICK_BYTES;
    if (quick != 0) {
      p = quick;
      quick = load<usize>(p);
      quickKept--;
      changetype<Block>(p).used = 0;
    }
  }
  if (p == 0) p = kernelAlloc(size);
  if (p == 0) return null;
  const block = changetype<Block>(p);
  block.refs = 1;
  block.capacity = size - BLOCK_BYTES;
  block.order = SMALL;
  block.data = p + BLOCK_BYTES;
  return block;
}

/** Frames that streams leave to page tables and programs: a peer who sends much must not take the last. */
const RESERVE: u32 = 512;

/** Where frames are short or scattered the run is smaller than was asked for. */
function largeNew(bytes: u32): Block | null {
  if (framesFree() < RESERVE) return null;
  const p = kernelAlloc(BLOCK_BYTES);
  if (p == 0) return null;
  let order: u32 = 0;
  while (order < LARGE_ORDER && PAGE_SIZE << order < bytes) order++;
  let data = frameAllocLow(order);
  while (data == 0 && order != 0) data = frameAllocLow(--order);
  if (data == 0) {
    kernelFree(p);
    return null;
  }
  const block = changetype<Block>(p);
  block.refs = 1;
  block.capacity = PAGE_SIZE << order;
  block.order = order;
  block.data = data;
  return block;
}

/** Drops a reference; the last one frees the block. */
export function blockRelease(block: Block): void {
  if (--block.refs != 0) return;
  const p = changetype<usize>(block);
  if (block.order != SMALL) frameFree(<u32>(block.data >> PAGE_SHIFT), block.order);
  else if (block.capacity == QUICK_BYTES - BLOCK_BYTES && quickKept < KEPT_MAX) {
    store<usize>(p, quick);
    quick = p;
    quickKept++;
    return;
  }
  kernelFree(p);
}

/** A piece that takes over a reference to `block`; null when memory is short. */
export function pieceNew(block: Block, offset: u32, length: u32): Piece | null {
  let p = pieces;
  if (p != 0) {
    pieces = load<usize>(p);
    piecesKept--;
  } else {
    p = kernelAlloc(PIECE_BYTES);
    if (p == 0) return null;
  }
  const piece = changetype<Piece>(p);
  piece.next = null;
  piece.block = block;
  piece.offset = offset;
  piece.length = length;
  return piece;
}

/** Frees a piece that is in no chain, and its reference. */
export function pieceFree(piece: Piece): void {
  blockRelease(piece.block);
  const p = changetype<usize>(piece);
  if (piecesKept >= KEPT_MAX) {
    kernelFree(p);
    return;
  }
  store<usize>(p, pieces);
  pieces = p;
  piecesKept++;
}

@inline
export function pieceData(piece: Piece): usize {
  return piece.block.data + piece.offset;
}

/** Appends a piece, which the chain owns from now on. */
@inline
export function chainAppend(chain: Chain, piece: Piece): void {
  const last = chain.last;
  if (last) last.next = piece;
  else chain.first = piece;
  chain.last = piece;
  chain.bytes += piece.length;
}

/** Moves all pieces of `from` to the end of `to`. */
export function chainMove(to: Chain, from: Chain): void {
  const first = from.first;
  if (!first) return;
  const last = to.last;
  if (last) last.next = first;
  else to.first = first;
  to.last = from.last;
  to.bytes += from.bytes;
  from.first = null;
  from.last = null;
  from.bytes = 0;
}

/** Frees everything. */
export function chainClear(chain: Chain): void {
  let piece = chain.first;
  chain.first = null;
  chain.last = null;
  chain.bytes = 0;
  while (piece) {
    const next = piece.next;
    pieceFree(piece);
    piece = next;
  }
}

/** Frees the first `bytes` <= chain.bytes. */
export function chainDrop(chain: Chain, bytes: u32): void {
  chain.bytes -= bytes;
  let piece = chain.first;
  while (piece && bytes >= piece.length) {
    const next = piece.next;
    bytes -= piece.length;
    pieceFree(piece);
    piece = next;
  }
  chain.first = piece;
  if (!piece) chain.last = null;
  else if (bytes != 0) {
    piece.offset += bytes;
    piece.length -= bytes;
    piece.sequence += bytes;
  }
}

/** Frees all but the first `bytes` <= chain.bytes. */
export function chainCut(chain: Chain, bytes: u32): void {
  if (bytes == chain.bytes) return;
  if (bytes == 0) {
    chainClear(chain);
    return;
  }
  let piece = chain.first!;
  chain.bytes = bytes;
  while (bytes > piece.length) {
    bytes -= piece.length;
    piece = piece.next!;
  }
  piece.length = bytes;
  let rest = piece.next;
  piece.next = null;
  chain.last = piece;
  while (rest) {
    const next = rest.next;
    pieceFree(rest);
    rest = next;
  }
}

/**
 * Appends up to `bytes` of the exchange: those that found room in the last block (of which `within` says that it is the chain's own to fill), or in
 * one new block. Returns the bytes, -EFAULT or BLOCKED, or 0 when memory is short; after an error the chain is as it was.
 */
export function chainFill(chain: Chain, e: Exchange, bytes: u32): Result {
  const last = chain.last;
  if (last) {
    const block = last.block;
    const room = block.capacity - block.used;
    // Bytes go behind the last ones only if nobody else has put bytes there.
    if (room != 0 && block.used == last.offset + last.length) {
      const n = min(bytes, room);
      const r = moveBytes(e, false, block.data + block.used, n);
      if (r < 0) return r;
      block.used += n;
      last.length += n;
      chain.bytes += n;
      return n;
    }
  }
  const block = blockNew(bytes, last != null);
  if (!block) return 0;
  const n = min(bytes, block.capacity);
  const r = moveBytes(e, false, block.data, n);
  let piece: Piece | null = null;
  if (r >= 0) piece = pieceNew(block, 0, n);
  if (!piece) {
    blockRelease(block);
    return r;
  }
  block.used = n;
  chainAppend(chain, piece);
  return n;
}

/** Appends a copy of `bytes` at `p`: false when memory is short, and then the chain is as it was. */
export function chainCopyIn(chain: Chain, p: usize, bytes: u32): bool {
  const before = chain.bytes;
  while (bytes != 0) {
    const last = chain.last;
    let n: u32 = 0;
    if (last) {
      const block = last.block;
      if (block.used == last.offset + last.length) {
        n = min(bytes, block.capacity - block.used);
        memory.copy(block.data + block.used, p, n);
        block.used += n;
        last.length += n;
        chain.bytes += n;
      }
    }
    p += n;
    bytes -= n;
    if (bytes == 0) break;
    const block = blockNew(bytes, last != null);
    const piece = block ? pieceNew(block, 0, 0) : null;
    if (!piece) {
      if (block) blockRelease(block);
      chainCut(chain, before);
      return false;
    }
    chainAppend(chain, piece);
  }
  return true;
}

/** Appends references to `bytes` of `from`, from `offset` on, to `to`: false when memory is short, and then `to` is empty. */
export function chainShare(to: Chain, from: Chain, offset: u32, bytes: u32): bool {
  return shareFrom(to, from.first, offset, bytes);
}

/** As chainShare, from `offset` bytes behind the beginning of `piece` on. */
export function shareFrom(to: Chain, piece: Piece | null, offset: u32, bytes: u32): bool {
  while (bytes != 0 && piece) {
    if (offset >= piece.length) {
      offset -= piece.length;
      piece = piece.next;
      continue;
    }
    const n = min(bytes, piece.length - offset);
    const block = piece.block;
    block.refs++;
    const copy = pieceNew(block, piece.offset + offset, n);
    if (!copy) {
      block.refs--;
      chainClear(to);
      return false;
    }
    chainAppend(to, copy);
    bytes -= n;
    offset = 0;
    piece = piece.next;
  }
  return true;
}

/** Moves `bytes` <= what is there from `offset` on to the exchange: 0, -EFAULT or BLOCKED (and then some may have been moved). */
export function chainOut(chain: Chain, e: Exchange, offset: u32, bytes: u32): Result {
  let piece = chain.first;
  while (piece && offset >= piece.length) {
    offset -= piece.length;
    piece = piece.next;
  }
  while (bytes != 0 && piece) {
    const n = min(bytes, piece.length - offset);
    const r = moveBytes(e, true, pieceData(piece) + offset, n);
    if (r < 0) return r;
    bytes -= n;
    offset = 0;
    piece = piece.next;
  }
  return 0;
}

/** Copies `bytes` <= what is there from `offset` on to `p`. */
export function chainCopyOut(chain: Chain, offset: u32, p: usize, bytes: u32): void {
  let piece = chain.first;
  while (piece && offset >= piece.length) {
    offset -= piece.length;
    piece = piece.next;
  }
  while (bytes != 0 && piece) {
    const n = min(bytes, piece.length - offset);
    memory.copy(p, pieceData(piece) + offset, n);
    p += n;
    bytes -= n;
    offset = 0;
    piece = piece.next;
  }
}
