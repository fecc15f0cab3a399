// Data that comes before its turn: kept in order of sequence until the gap is filled, without overlaps, and told to the sender in SACK blocks (RFC 2018).

import { Chain, chainAppend, chainClear, Piece, pieceFree } from "../chain";
import { after, before, sackAdd, Segment, segmentData } from "./segment";
import { earlyChain, receiveChain, TcpSocket } from "./socket";

/** Pieces that are kept at most: who sends his data in tiny bits and out of order sends it again. */
const PIECES_MAX: u32 = 512;

/** Puts `piece`, of no chain, where it belongs; what is there already is dropped. */
function insert(s: TcpSocket, piece: Piece): void {
  const early = earlyChain(s);
  const last = early.last;
  if (last && !after(last.sequence + last.length, piece.sequence)) {
    // Behind all: as nearly always.
    piece.next = null;
    chainAppend(early, piece);
    s.earlyPieces++;
    return;
  }
  let prev: Piece | null = null;
  let next = early.first;
  while (next && before(next.sequence, piece.sequence)) {
    prev = next;
    next = next.next;
  }
  if (prev) {
    const end = prev.sequence + prev.length;
    if (after(end, piece.sequence)) {
      const known = min(end - piece.sequence, piece.length);
      piece.sequence += known;
      piece.offset += known;
      piece.length -= known;
    }
  }
  // The new piece takes the place of those that lie in it, and is cut where one lies partly in it.
  while (next && piece.length != 0) {
    const end = piece.sequence + piece.length;
    if (!before(next.sequence, end)) break;
    if (after(next.sequence + next.length, end)) {
      piece.length = next.sequence - piece.sequence;
      break;
    }
    const following = next.next;
    early.bytes -= next.length;
    s.earlyPieces--;
    pieceFree(next);
    next = following;
  }
  if (prev) prev.next = next;
  else early.first = next;
  if (!next) early.last = prev;
  if (piece.length == 0) {
    pieceFree(piece);
    return;
  }
  piece.next = next;
  if (prev) prev.next = piece;
  else early.first = piece;
  if (!next) early.last = piece;
  early.bytes += piece.length;
  s.earlyPieces++;
}

/** Keeps the data of a segment that begins beyond receiveNext, and lies within the window. */
export function earlyArrived(s: TcpSocket, segment: Segment): void {
  const data = segmentData(segment);
  let piece = data.first;
  data.first = null;
  data.last = null;
  data.bytes = 0;
  let sequence = segment.sequence;
  s.earlyRecent = sequence;
  while (piece) {
    const next = piece.next;
    const length = piece.length;
    piece.sequence = sequence;
    if (s.earlyPieces < PIECES_MAX) insert(s, piece);
    else pieceFree(piece);
    sequence += length;
    piece = next;
  }
}

/** receiveNext has moved on: what is in turn now goes to the receive queue. */
export function earlyMerge(s: TcpSocket): void {
  const early = earlyChain(s);
  let piece = early.first;
  while (piece && !after(piece.sequence, s.receiveNext)) {
    const next = piece.next;
    const known = min(s.receiveNext - piece.sequence, piece.length);
    early.bytes -= piece.length;
    s.earlyPieces--;
    piece.next = null;
    if (known == piece.length) pieceFree(piece);
    else {
      piece.sequence += known;
      piece.offset += known;
      piece.length -= known;
      s.receiveNext += piece.length;
      s.bytesReceived += piece.length;
      chainAppend(receiveChain(s), piece);
    }
    piece = next;
  }
  early.first = piece;
  if (!piece) early.last = null;
}

/** Forgets all of it. */
export function earlyClear(s: TcpSocket): void {
  chainClear(earlyChain(s));
  s.earlyPieces = 0;
}

/** End of the row of pieces that begins with `piece` and has no gaps. */
function rowEnd(piece: Piece): Piece {
  let next = piece.next;
  while (next && next.sequence == piece.sequence + piece.length) {
    piece = next;
    next = piece.next;
  }
  return piece;
}

/** Adds up to `most` SACK blocks to a segment: first that with the data that came last (RFC 2018, 4). */
export function sackBlocks(s: TcpSocket, segment: Segment, most: u32): void {
  const early: Chain = earlyChain(s);
  let firstLeft: u32 = 0;
  let piece = early.first;
  while (piece) {
    const end = rowEnd(piece);
    const right = end.sequence + end.length;
    if (!after(piece.sequence, s.earlyRecent) && after(right, s.earlyRecent)) {
      firstLeft = piece.sequence;
      sackAdd(segment, firstLeft, right);
      break;
    }
    piece = end.next;
  }
  piece = early.first;
  while (piece && segment.sackCount < most) {
    const end = rowEnd(piece);
    if (segment.sackCount == 0 || piece.sequence != firstLeft) sackAdd(segment, piece.sequence, end.sequence + end.length);
    piece = end.next;
  }
}
