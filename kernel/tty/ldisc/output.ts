// Output processing (OPOST): what programs write and what is echoed passes here on its way to the terminal, and the column of the cursor is
// kept, since tabs and the erasing of tabs depend on it.

import { ringPut, ringRoom, ringWrite } from "../ring";
import { Oflag } from "../termios";
import { LineDiscipline, hasOflag, isContinuation, isControl, toUpper } from "./state";

/** Bytes that can be put out now: none while output is stopped. */
@inline
export function outputRoom(l: LineDiscipline): u32 {
  return l.stopped ? 0 : ringRoom(l.output);
}

function putNewline(l: LineDiscipline, room: u32): bool {
  if (hasOflag(l, Oflag.ONLRET)) l.column = 0;
  if (hasOflag(l, Oflag.ONLCR)) {
    if (room < 2) return false;
    l.column = 0;
    ringPut(l.output, 0x0d);
  }
  l.lineColumn = l.column;
  ringPut(l.output, 0x0a);
  return true;
}

function putReturn(l: LineDiscipline): bool {
  if (hasOflag(l, Oflag.ONOCR) && l.column == 0) return true;
  const asNewline = hasOflag(l, Oflag.OCRNL);
  if (!asNewline || hasOflag(l, Oflag.ONLRET)) {
    l.column = 0;
    l.lineColumn = 0;
  }
  ringPut(l.output, asNewline ? 0x0a : 0x0d);
  return true;
}

function putTab(l: LineDiscipline, room: u32): bool {
  const spaces: u32 = 8 - (l.column & 7);
  if ((l.termios.oflag & Oflag.TABDLY) == Oflag.XTABS) {
    if (room < spaces) return false;
    for (let i: u32 = 0; i < spaces; i++) ringPut(l.output, 0x20);
  } else ringPut(l.output, 0x09);
  l.column += spaces;
  return true;
}

/** Puts out one byte through output processing; false when there is no room for what it becomes. */
export function putProcessed(l: LineDiscipline, c: u8): bool {
  const room = outputRoom(l);
  if (room == 0) return false;
  if (c == 0x0a) return putNewline(l, room);
  if (c == 0x0d) return putReturn(l);
  if (c == 0x09) return putTab(l, room);
  if (c == 0x08) {
    if (l.column > 0) l.column--;
  } else if (!isControl(c)) {
    if (hasOflag(l, Oflag.OLCUC)) c = toUpper(c);
    if (!isContinuation(l, c)) l.column++;
  }
  ringPut(l.output, c);
  return true;
}

/** Puts out the printable characters that `source` begins with, in one go; returns how many bytes. */
function putPlain(l: LineDiscipline, source: usize, n: u32): u32 {
  n = min(n, outputRoom(l));
  let i: u32 = 0;
  for (; i < n; i++) {
    const c = load<u8>(source + i);
    if (isControl(c)) break;
    if (!isContinuation(l, c)) l.column++;
  }
  return ringWrite(l.output, source, i);
}

/** Puts out as much as there is room for of the `n` bytes that a program writes; returns how many of them are done. */
export function putWritten(l: LineDiscipline, source: usize, n: u32): u32 {
  if (!hasOflag(l, Oflag.OPOST)) return ringWrite(l.output, source, min(n, outputRoom(l)));
  const plain = !hasOflag(l, Oflag.OLCUC);
  let done: u32 = 0;
  while (done < n) {
    if (plain) done += putPlain(l, source + done, n - done);
    if (done == n || !putProcessed(l, load<u8>(source + done))) break;
    done++;
  }
  return done;
}
