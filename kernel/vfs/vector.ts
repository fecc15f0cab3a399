// readv and writev: one transfer over several pieces of user memory. Pieces are 16 bytes each, u64 address and u64 length, already checked
// (see linuxabi/sys/vector.ts); `total` is the sum of their lengths, at most TRANSFER_MAX.

import { operationOpens } from "../task/operation";
import { Errno } from "../errno";
import { scratchPage } from "../lib/scratch";
import { copyIn, PIECE_BYTES } from "../mm/user";
import { BLOCKED, Result } from "../result";
import { socketReadVector, socketWriteVector } from "../net/transfer";
import { raise, Signal } from "../task/signal";
import { current } from "../task/thread";
import { OpenFlag } from "./flags";
import { File, FileKind } from "./inode";
import { PIPE_BUF, pipeOf, PipePeer, pipeWrite, SlotFlag } from "./pipe";
import { fileRead, fileTryRead, fileTryWrite, fileWrite, mayWait, waitToWrite } from "./transfer";

@inline
function address(pieces: usize, i: u32): u64 {
  return load<u64>(pieces + i * PIECE_BYTES);
}

@inline
function length(pieces: usize, i: u32): u32 {
  return <u32>load<u64>(pieces + i * PIECE_BYTES, 8);
}

function sum(pieces: usize, count: u32): u32 {
  let bytes: u32 = 0;
  for (let i: u32 = 0; i < count; i++) bytes += length(pieces, i);
  return bytes;
}

/** As fileRead, into `count` pieces. Only for the first byte does it wait. */
export function vectorRead(file: File, pieces: usize, count: u32): Result {
  if (file.kind == FileKind.Socket) return socketReadVector(file, pieces, sum(pieces, count));
  let done: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const bytes = length(pieces, i);
    if (bytes == 0) continue;
    const r = done == 0 ? fileRead(file, address(pieces, i), bytes) : fileTryRead(file, address(pieces, i), bytes);
    if (r < 0) return done != 0 ? done : r;
    done += <u32>r;
    if (<u32>r < bytes) break;
  }
  return done;
}

/** As fileWrite, from `count` pieces of `total` bytes. To a pipe, up to PIPE_BUF bytes are written as a whole. */
export function vectorWrite(file: File, pieces: usize, count: u32, total: u32): Result {
  if (file.kind == FileKind.Socket) return socketWriteVector(file, pieces, total);
  if (count == 1) return fileWrite(file, address(pieces, 0), length(pieces, 0));
  return mayWait(file) ? vectorWriteWaiting(file, pieces, count, total) : vectorWriteNow(file, pieces, count);
}

function vectorWriteNow(file: File, pieces: usize, count: u32): Result {
  let done: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const bytes = length(pieces, i);
    const r = fileWrite(file, address(pieces, i), bytes);
    if (r < 0) return done != 0 ? done : r;
    done += <u32>r;
    if (<u32>r < bytes) break;
  }
  return done;
}

function vectorWriteWaiting(file: File, pieces: usize, count: u32, total: u32): Result {
  const t = current;
  const whole = file.kind == FileKind.Pipe && total <= PIPE_BUF;
  let done = <u32>t.opDone;
  while (done < total) {
    let r = whole ? writeGathered(file, pieces, count) : writePiece(file, pieces, count, done);
    if (r > 0) {
      done += <u32>r;
      if (whole) break;
      continue;
    }
    if (r == -Errno.EAGAIN && (file.flags & OpenFlag.NonBlock) == 0) {
      r = waitToWrite(file, total - done);
      operationOpens();
      t.opDone = done;
      if (r == BLOCKED) return BLOCKED;
    }
    if (r == -Errno.EPIPE) raise(t, Signal.PIPE);
    return done != 0 ? done : r;
  }
  return done;
}

/** Writes what is left of the piece in which byte `done` of the whole lies. */
function writePiece(file: File, pieces: usize, count: u32, done: u32): Result {
  let before: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const bytes = length(pieces, i);
    if (done - before < bytes) return fileTryWrite(file, address(pieces, i) + (done - before), bytes - (done - before));
    before += bytes;
  }
  return 0;
}

/** Collects the pieces and writes them to a pipe in one go; up to the first piece with a bad address, if there is one. */
function writeGathered(file: File, pieces: usize, count: u32): Result {
  let bytes: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const want = length(pieces, i);
    if (want == 0) continue;
    const r = copyIn(scratchPage + bytes, address(pieces, i), want);
    if (r < 0 && bytes == 0) return r;
    if (r < 0) break;
    bytes += want;
  }
  const packet = (file.flags & OpenFlag.Direct) != 0 ? SlotFlag.Packet : 0;
  return bytes == 0 ? 0 : pipeWrite(pipeOf(file), PipePeer.Kernel, scratchPage, bytes, packet);
}
