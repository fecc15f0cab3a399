// Data, urgent data and FIN that come in (RFC 9293, 3.10.7.4, sixth to eighth): into the receive queue if it is their turn, and what is to be acknowledged when
// (3.8.6.3: at least every second full segment, at once when something is out of order).

import { hasWaiters, wakeAll } from "../../task/wait";
import { fileSignalUrgent } from "../../vfs/asyncfile";
import { chainCopyIn, chainCut, chainDrop, chainMove, Piece, pieceData } from "../chain";
import { pollQueue, readQueue, Shutdown, SocketOption, wakeEverybody, wakeReaders } from "../socket";
import { earlyArrived, earlyMerge } from "./early";
import { after, before, Segment, segmentData } from "./segment";
import { earlyChain, receiveChain, SIZE_LEAST, TcpFlag, TcpSocket, Urgent } from "./socket";

/** Data up to this length is copied to what is queued already, so that a small segment does not keep a block of its own. */
const COPIED_MAX: u32 = 1024;

/** Takes the segment's data, as much of it as is new and in the window. */
export function dataArrived(s: TcpSocket, segment: Segment): void {
  const data = segmentData(segment);
  const known = s.receiveNext - segment.sequence;
  if (<i32>known > 0) {
    // Some or all of it has come before: the acknowledgment was lost, it seems.
    s.flags |= TcpFlag.AckNow;
    if (known >= data.bytes) return;
    chainDrop(data, known);
    segment.sequence += known;
  }
  const end = segment.sequence + data.bytes;
  if (after(end, s.receiveEdge)) {
    s.flags |= TcpFlag.AckNow;
    const room = after(s.receiveEdge, segment.sequence) ? s.receiveEdge - segment.sequence : 0;
    chainCut(data, room);
    if (room == 0) return;
  }
  s.dataIn++;
  if (segment.sequence != s.receiveNext) {
    s.flags |= TcpFlag.AckNow;
    earlyArrived(s, segment);
    return;
  }
  inTurn(s, segment);
}

/** The next data has come. */
function inTurn(s: TcpSocket, segment: Segment): void {
  const queue = receiveChain(s);
  const data = segmentData(segment);
  const bytes = data.bytes;
  if (bytes > COPIED_MAX || !queue.first || !copied(s, data.first)) chainMove(queue, data);
  s.receiveNext += bytes;
  s.bytesReceived += bytes;
  if (earlyChain(s).first) {
    // It has filled a gap: the sender should know at once.
    earlyMerge(s);
    s.flags |= TcpFlag.AckNow;
  }
  const size = min(bytes, s.ownSize);
  if (size > s.receiveSize) s.receiveSize = size;
  if (s.receiveNext - s.acknowledged >= 2 * max(s.receiveSize, SIZE_LEAST)) s.flags |= TcpFlag.AckNow;
  else if (s.quickAcks != 0 && (s.flags & TcpFlag.PingPong) == 0) {
    s.quickAcks--;
    s.flags |= TcpFlag.AckNow;
  } else if ((s.flags & TcpFlag.QuickAck) != 0) s.flags |= TcpFlag.AckNow;
  else s.flags |= TcpFlag.AckDue;
  if (queue.bytes >= s.receiveLow || s.receiveEdge == s.receiveNext) wakeReaders(s);
}

/** Appends the data of the pieces to the last block of the queue: false when memory is short. */
function copied(s: TcpSocket, piece: Piece | null): bool {
  const queue = receiveChain(s);
  const had = queue.bytes;
  while (piece) {
    if (!chainCopyIn(queue, pieceData(piece), piece.length)) {
      chainCut(queue, had);
      return false;
    }
    piece = piece.next;
  }
  return true;
}

/** The peer will send no more. */
export function finArrived(s: TcpSocket): void {
  s.receiveNext++;
  s.flags |= TcpFlag.FinReceived | TcpFlag.AckNow;
  s.shutdown |= Shutdown.Receive;
  wakeAll(readQueue(s));
  if (hasWaiters(pollQueue(s))) wakeAll(pollQueue(s));
}

// Urgent data: one byte at a time, as sockets have it (send(2), MSG_OOB; RFC 6093) ----------------------------------------------------------

/** The pointer of a segment with URG: it names the byte behind the urgent one. */
export function urgentArrived(s: TcpSocket, segment: Segment): void {
  if (segment.urgent == 0) return;
  const mark = segment.sequence + segment.urgent - 1;
  // Only what is ahead of the reader and of what was announced before is news.
  const readUpTo = s.receiveNext - receiveChain(s).bytes;
  if (before(mark, readUpTo) || before(mark, s.receiveNext - receiveChain(s).bytes)) return;
  if (s.urgentState != Urgent.None && !after(mark, s.urgentSequence)) {
    takeUrgent(s, segment);
    return;
  }
  s.urgentState = <u8>Urgent.Awaited;
  s.urgentSequence = mark;
  const file = s.file;
  if (file) fileSignalUrgent(file);
  takeUrgent(s, segment);
  wakeEverybody(s);
}

/** The urgent byte itself may be in the segment. */
function takeUrgent(s: TcpSocket, segment: Segment): void {
  if (s.urgentState != Urgent.Awaited) return;
  const offset = s.urgentSequence - segment.sequence;
  if (offset >= segment.length) return;
  let piece = segmentData(segment).first;
  let at = offset;
  while (piece && at >= piece.length) {
    at -= piece.length;
    piece = piece.next;
  }
  if (!piece) return;
  s.urgentByte = load<u8>(pieceData(piece) + at);
  s.urgentState = <u8>Urgent.Ready;
  if (hasWaiters(pollQueue(s))) wakeAll(pollQueue(s));
}

/** Sequence number of the first byte that the user has not read. */
@inline
export function firstUnread(s: TcpSocket): u32 {
  const fin = (s.flags & TcpFlag.FinReceived) != 0 ? 1 : 0;
  return s.receiveNext - fin - receiveChain(s).bytes;
}

/** True when urgent data stands out of the stream: its byte is skipped when it is read. */
@inline
export function urgentIsApart(s: TcpSocket): bool {
  return (s.options & SocketOption.OutOfBandInline) == 0;
}
