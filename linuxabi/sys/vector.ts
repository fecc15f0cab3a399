// struct iovec arrays of readv(2) and friends, copied in and checked. One at a time: a handler calls vectorIn, works, and calls vectorDone.

import { Errno } from "../../kernel/errno";
import { kernelAlloc, kernelFree } from "../../kernel/mm/heap";
import { copyIn, PIECE_BYTES, userRange } from "../../kernel/mm/user";
import { Result } from "../../kernel/result";
import { TRANSFER_MAX } from "../../kernel/vfs/transfer";

/** UIO_MAXIOV: most pieces of one call. */
const PIECES_MAX: u32 = 1024;
/** Up to this many pieces need no allocation. */
const PIECES_FAST: u32 = 8;

const fast = memory.data(128, 16);
let pieces: usize = 0;
let total: u32 = 0;

/**
 * Copies `count` pieces in and cuts them at TRANSFER_MAX bytes in all. Returns 0; -EINVAL for more than 1,024 of them or a negative length,
 * -EFAULT, -ENOMEM or BLOCKED. Pair it with vectorDone, whatever it returns.
 */
export function vectorIn(ua: u64, count: u64): Result {
  total = 0;
  if (count > PIECES_MAX) return -Errno.EINVAL;
  const bytes = <u32>count * PIECE_BYTES;
  pieces = <u32>count <= PIECES_FAST ? fast : kernelAlloc(bytes);
  if (pieces == 0) return -Errno.ENOMEM;
  const r = copyIn(pieces, ua, bytes);
  if (r < 0) return r;
  for (let p = pieces; p < pieces + bytes; p += PIECE_BYTES) {
    const length = load<u64>(p, 8);
    if (<i64>length < 0) return -Errno.EINVAL;
    if (!userRange(load<u64>(p), length)) return -Errno.EFAULT;
    const taken = min<u64>(length, TRANSFER_MAX - total);
    store<u64>(p, taken, 8);
    total += <u32>taken;
  }
  return 0;
}

export function vectorPieces(): usize {
  return pieces;
}

/** Bytes of all pieces. */
export function vectorTotal(): u32 {
  return total;
}

export function vectorDone(): void {
  if (pieces != fast) kernelFree(pieces);
  pieces = 0;
}
