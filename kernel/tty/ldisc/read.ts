// Reading: a line at a time in canonical mode, else bytes as VMIN and VTIME say. A read first peeks and then takes, so that the caller can
// copy the bytes to a user's memory, which may fail or have to wait, before they are gone.

import { Errno } from "../../errno";
import { Result } from "../../result";
import { Cc, Lflag, controlCharacter } from "../termios";
import { INPUT_BYTES, LineDiscipline, endsLine, hasLflag, inputAt, readsLines, setLineEnd } from "./state";

/** A deadline that never comes. */
export const NEVER: u64 = u64.MAX_VALUE;
/** VTIME counts tenths of a second. */
const TENTH_NS: u64 = 100_000_000;

/** Bytes that a reader may have now; in canonical mode the markers of VEOF count as well. */
export function available(l: LineDiscipline): u32 {
  return (readsLines(l) ? l.lineHead : l.rawHead) - l.tail;
}

/** True when poll should say readable: a line, or as many bytes as VMIN asks for when no VTIME does. */
export function isReadable(l: LineDiscipline): bool {
  if (readsLines(l)) return l.lineHead != l.tail;
  const minimum = controlCharacter(l.termios, Cc.VMIN);
  const needed: u32 = minimum != 0 && controlCharacter(l.termios, Cc.VTIME) == 0 ? minimum : 1;
  return l.rawHead - l.tail >= needed;
}

/** FIONREAD: bytes that could be read without waiting, the line being typed not among them. */
export function readableBytes(l: LineDiscipline): u32 {
  if (!readsLines(l)) return l.head - l.tail;
  let n: u32 = 0;
  for (let at = l.tail; at != l.lineHead; at++) if (!isEndMarker(l, at)) n++;
  return n;
}

/** The marker that VEOF left: ends a line and is no byte of it. */
function isEndMarker(l: LineDiscipline, position: u32): bool {
  return endsLine(l, position) && inputAt(l, position) == 0;
}

/** When a read begun at `startedNs` that got EAGAIN gives up waiting (VTIME), NEVER without such a limit. Ask again after each input. */
export function readDeadlineNs(l: LineDiscipline, startedNs: u64): u64 {
  const limitNs = <u64>controlCharacter(l.termios, Cc.VTIME) * TENTH_NS;
  if (readsLines(l) || limitNs == 0) return NEVER;
  if (controlCharacter(l.termios, Cc.VMIN) == 0) return startedNs + limitNs;
  return l.rawHead == l.tail ? NEVER : max(startedNs, l.lastInputNs) + limitNs;
}

/** Copies to `destination` what a read of `count` bytes, begun at `startedNs`, gets at `nowNs`; returns how many bytes, 0 at end of file or
 *  when VTIME ran out. EAGAIN: it has to wait; never with bytes at hand if `mayWait` is false. takePeeked then removes the bytes. */
export function peek(l: LineDiscipline, destination: usize, count: u32, startedNs: u64, nowNs: u64, mayWait: bool): Result {
  l.peeked = 0;
  if (count == 0) return 0;
  if (readsLines(l)) return l.lineHead == l.tail ? -Errno.EAGAIN : peekLine(l, destination, count);
  const ready = l.rawHead - l.tail;
  const minimum = <u32>controlCharacter(l.termios, Cc.VMIN);
  const expired = nowNs >= readDeadlineNs(l, startedNs);
  if (ready == 0) {
    if (minimum == 0 && (expired || controlCharacter(l.termios, Cc.VTIME) == 0)) return 0;
    return -Errno.EAGAIN;
  }
  if (ready < min(minimum, count) && mayWait && !expired) return -Errno.EAGAIN;
  return peekBytes(l, destination, min(count, ready));
}

function peekLine(l: LineDiscipline, destination: usize, count: u32): u32 {
  const limit = min(count, available(l));
  for (let i: u32 = 0; i < limit; i++) {
    if (!endsLine(l, l.tail + i)) continue;
    l.peeked = i + 1;
    return copyInput(l, destination, inputAt(l, l.tail + i) == 0 ? i : i + 1);
  }
  l.peeked = limit;
  // A read that ends just before VEOF's marker takes it along, or the next read would see an end of file.
  if (available(l) > limit && isEndMarker(l, l.tail + limit)) l.peeked++;
  return copyInput(l, destination, limit);
}

function peekBytes(l: LineDiscipline, destination: usize, n: u32): u32 {
  l.peeked = n;
  // EXTPROC: the other end edits; a lone VEOF is its end of file.
  if (n == 1 && hasLflag(l, Lflag.ICANON) && l.rawHead - l.tail == 1 && inputAt(l, l.tail) == controlCharacter(l.termios, Cc.VEOF))
    return 0;
  return copyInput(l, destination, n);
}

function copyInput(l: LineDiscipline, destination: usize, n: u32): u32 {
  const at = l.tail & (INPUT_BYTES - 1);
  const first = min(n, INPUT_BYTES - at);
  memory.copy(destination, l.input + at, first);
  memory.copy(destination + first, l.input, n - first);
  return n;
}

/** Removes what the last peek returned. */
export function takePeeked(l: LineDiscipline): void {
  l.tail += l.peeked;
  if (l.peeked != 0 && readsLines(l)) setLineEnd(l, l.tail - 1, false); // only the last byte can end a line
  l.peeked = 0;
}
