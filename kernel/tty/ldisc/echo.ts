// Echo. What a key shows depends on the column at the moment it is put out, and output may be stopped or short of room, so echoes are
// queued as small operations and carried out in order. The queue keeps the newest: when output stays stopped, the oldest are dropped.

import { ringPut } from "../ring";
import { Lflag, Oflag } from "../termios";
import { outputRoom, putProcessed } from "./output";
import { ECHO_ENTRIES, LineDiscipline, hasLflag, hasOflag, isControl } from "./state";

/** High byte of a queue entry; the low byte is its argument. */
const enum Echo {
  /** Put the byte out like program output. */
  Character = 0,
  /** Put it out untouched. */
  Verbatim = 1,
  /** Show a control character as ^X. */
  Caret = 2,
  /** Move back over a tab; the argument says what stands before it (see echoTabErase). */
  TabErase = 3,
  /** The line being typed begins in the present column. */
  MarkColumn = 4,
  /** The byte before was no column of its own. */
  StepBack = 5,
}

/** Echoes collected within one piece of input before they are put out. */
const BATCH: u32 = 256;
/** Echoes kept while none can be put out. */
const KEPT: u32 = ECHO_ENTRIES - BATCH;

function push(l: LineDiscipline, operation: Echo, c: u32): void {
  if (l.echoHead - l.echoTail == ECHO_ENTRIES) processEchoes(l);
  if (l.echoHead - l.echoTail == ECHO_ENTRIES) l.echoTail++;
  store<u16>(l.echoes + ((l.echoHead & (ECHO_ENTRIES - 1)) << 1), <u16>(((<u32>operation) << 8) | c));
  l.echoHead++;
}

/** Echoes `c` as it is. */
export function echoRaw(l: LineDiscipline, c: u8): void {
  // Linux lets this one byte bypass output processing, as it is also the escape code of its queue.
  push(l, c == 0xff ? Echo.Verbatim : Echo.Character, c);
}

/** Echoes `c`, a control character as ^X under ECHOCTL. */
export function echoCharacter(l: LineDiscipline, c: u8): void {
  if (isControl(c) && c != 0x09 && hasLflag(l, Lflag.ECHOCTL)) push(l, Echo.Caret, c);
  else echoRaw(l, c);
}

/** Echoes backspace, space, backspace: wipes the character before the cursor. */
export function echoWipe(l: LineDiscipline): void {
  echoRaw(l, 0x08);
  echoRaw(l, 0x20);
  echoRaw(l, 0x08);
}

/** Remembers the column where the line being typed begins. */
export function echoMarkColumn(l: LineDiscipline): void {
  push(l, Echo.MarkColumn, 0);
}

/** Takes back one column, for a byte that continues a character. */
export function echoStepBack(l: LineDiscipline): void {
  push(l, Echo.StepBack, 0);
}

/** Moves back over a tab before which `columns` columns are typed since the line's start or, `afterTab`, since the tab before it. */
export function echoTabErase(l: LineDiscipline, columns: u32, afterTab: bool): void {
  push(l, Echo.TabErase, (columns & 7) | (afterTab ? 0x80 : 0));
}

/** ECHOPRT: closes the run of erased characters with a slash. */
export function finishErasing(l: LineDiscipline): void {
  if (!l.erasing) return;
  echoRaw(l, 0x2f);
  l.erasing = false;
}

/** Puts echoes out once a batch of them has gathered. */
export function batchEchoes(l: LineDiscipline): void {
  const pending = l.echoHead - l.echoTail;
  if (pending >= BATCH && pending % BATCH == 0) processEchoes(l);
}

/** Forgets what has not been put out. */
export function dropEchoes(l: LineDiscipline): void {
  l.echoTail = l.echoHead;
}

/** Puts out what is queued, as far as there is room. */
export function processEchoes(l: LineDiscipline): void {
  while (l.echoTail != l.echoHead) {
    if (!perform(l, load<u16>(l.echoes + ((l.echoTail & (ECHO_ENTRIES - 1)) << 1)))) break;
    l.echoTail++;
  }
  if (l.echoHead - l.echoTail > KEPT) l.echoTail = l.echoHead - KEPT;
}

/** Carries one entry out; false when there is no room. */
function perform(l: LineDiscipline, entry: u32): bool {
  const c = <u8>entry;
  const room = outputRoom(l);
  switch (entry >> 8) {
    case Echo.Character:
      if (hasOflag(l, Oflag.OPOST)) return putProcessed(l, c);
      if (room == 0) return false;
      ringPut(l.output, c);
      return true;
    case Echo.Verbatim:
      if (room == 0) return false;
      ringPut(l.output, c);
      l.column++;
      return true;
    case Echo.Caret:
      if (room < 2) return false;
      ringPut(l.output, 0x5e);
      ringPut(l.output, c ^ 0x40);
      l.column += 2;
      return true;
    case Echo.TabErase:
      return eraseTab(l, c, room);
    case Echo.MarkColumn:
      l.lineColumn = l.column;
      return true;
    default:
      if (l.column > 0) l.column--;
      return true;
  }
}

function eraseTab(l: LineDiscipline, before: u32, room: u32): bool {
  if ((before & 0x80) == 0) before += l.lineColumn;
  const steps: u32 = 8 - (before & 7);
  if (room < steps) return false;
  for (let i: u32 = 0; i < steps; i++) ringPut(l.output, 0x08);
  l.column = l.column > steps ? l.column - steps : 0;
  return true;
}
