// What a terminal shows: a grid of cells that text and control sequences change (ECMA-48; DEC's additions as xterm's "ctlseqs" describes
// them). It neither draws nor answers: drivers/display/screen.ts draws, and reports are the serial terminal's to give.
// A cell is a character of 16 bits, then 8 bits of foreground and 8 of background, numbers of the 256-colour palette.

import { kernelAlloc } from "../../kernel/mm/heap";

export let columns: i32 = 0;
export let rows: i32 = 0;
/** The cells in use, row by row. */
export let cells: usize = 0;
export let cursorColumn: i32 = 0;
export let cursorRow: i32 = 0;
export let cursorShown: bool = true;

const FOREGROUND: u32 = 7;
const BACKGROUND: u32 = 0;
const BLANK: u32 = 0x20;
const TAB: i32 = 8;
const PARAMETERS: u32 = 16;
/** No parameter was given: each sequence has its own default. */
const NONE: i32 = -1;

let foreground: u32 = FOREGROUND;
let background: u32 = BACKGROUND;
let bold = false;
let inverse = false;
/** The scrolling region, rows [top, bottom). */
let top: i32 = 0;
let bottom: i32 = 0;
/** The last column has been written: the next character begins a new line. */
let wrapPending = false;
let wraps = true;
let savedColumn: i32 = 0;
let savedRow: i32 = 0;

const enum State {
  Text,
  Escape,
  Sequence,
  /** Until BEL or ST: titles and the like. */
  String,
  StringEscape,
  /** One more byte belongs to it: character sets. */
  Skip,
}
let state: State = State.Text;
const parameters = memory.data(16 * 4, 8);
let parameterCount: u32 = 0;
/** "?" and its like behind the introducer. */
let prefix: u8 = 0;
/** UTF-8: what has come of a character, and how many bytes are missing. */
let partial: u32 = 0;
let missing: u32 = 0;

/** Makes an empty grid; false when memory is short. */
export function terminalInit(width: u32, height: u32): bool {
  cells = kernelAlloc(width * height * 4);
  if (cells == 0) return false;
  columns = <i32>width;
  rows = <i32>height;
  reset();
  return true;
}

function reset(): void {
  foreground = FOREGROUND;
  background = BACKGROUND;
  bold = false;
  inverse = false;
  cursorShown = true;
  wraps = true;
  wrapPending = false;
  state = State.Text;
  missing = 0;
  top = 0;
  bottom = rows;
  cursorColumn = 0;
  cursorRow = 0;
  savedColumn = 0;
  savedRow = 0;
  erase(0, rows * columns);
}

@inline
function at(row: i32, column: i32): usize {
  return cells + ((row * columns + column) << 2);
}

/** The cell of `character` in the present colours. */
function cellOf(character: u32): u32 {
  const fore = bold && foreground < 8 ? foreground + 8 : foreground;
  return inverse ? character | (background << 16) | (fore << 24) : character | (fore << 16) | (background << 24);
}

/** Blanks cells [from, to), counted from the grid's first; they keep the background. */
function erase(from: i32, to: i32): void {
  const blank = BLANK | (FOREGROUND << 16) | (background << 24);
  for (let i = max(from, 0); i < min(to, rows * columns); i++) store<u32>(cells + (i << 2), blank);
}

/** Moves rows [from, bottom) down by `n` (up, if negative); what comes in is blank. */
function scroll(from: i32, n: i32): void {
  const height = bottom - from;
  const distance = min(abs(n), height);
  const kept = (height - distance) * columns;
  if (n < 0) {
    memory.copy(at(from, 0), at(from + distance, 0), kept << 2);
    erase((bottom - distance) * columns, bottom * columns);
  } else {
    memory.copy(at(from + distance, 0), at(from, 0), kept << 2);
    erase(from * columns, (from + distance) * columns);
  }
}

function lineFeed(): void {
  wrapPending = false;
  if (cursorRow + 1 == bottom) scroll(top, -1);
  else if (cursorRow + 1 < rows) cursorRow++;
}

function reverseLineFeed(): void {
  wrapPending = false;
  if (cursorRow == top) scroll(top, 1);
  else if (cursorRow > 0) cursorRow--;
}

function moveTo(row: i32, column: i32): void {
  wrapPending = false;
  cursorRow = max(0, min(row, rows - 1));
  cursorColumn = max(0, min(column, columns - 1));
}

function show(character: u32): void {
  if (wrapPending) {
    cursorColumn = 0;
    lineFeed();
  }
  store<u32>(at(cursorRow, cursorColumn), cellOf(character));
  if (cursorColumn + 1 < columns) cursorColumn++;
  else wrapPending = wraps;
}

/** Takes one byte of output. */
export function terminalPut(byte: u8): void {
  if (state == State.Text && byte >= 0x20 && byte != 0x7f) text(byte);
  else if (byte < 0x20 && state < State.String) control(byte);
  else if (state != State.Text) sequenceByte(byte);
}

/** Text is UTF-8; what is not, and what is beyond 16 bits, shows as a character that no font has. */
function text(byte: u8): void {
  if (byte < 0x80) {
    missing = 0;
    show(byte);
  } else if (byte < 0xc0) {
    if (missing == 0) return;
    partial = (partial << 6) | ((<u32>byte) & 0x3f);
    if (--missing == 0) show(min<u32>(partial, 0xfffd));
  } else {
    missing = byte >= 0xf0 ? 3 : byte >= 0xe0 ? 2 : 1;
    partial = (<u32>byte) & (0x3f >> missing);
  }
}

function control(byte: u8): void {
  switch (byte) {
    case 0x08:
      moveTo(cursorRow, cursorColumn - 1);
      break;
    case 0x09:
      moveTo(cursorRow, (cursorColumn / TAB + 1) * TAB);
      break;
    case 0x0a:
    case 0x0b:
    case 0x0c:
      lineFeed();
      break;
    case 0x0d:
      moveTo(cursorRow, 0);
      break;
    case 0x18: // CAN and SUB break a sequence off
    case 0x1a:
      state = State.Text;
      break;
    case 0x1b:
      state = State.Escape;
      break;
  }
}

function sequenceByte(byte: u8): void {
  switch (state) {
    case State.Escape:
      escape(byte);
      break;
    case State.Skip:
      state = State.Text;
      break;
    case State.String:
      if (byte == 0x07) state = State.Text;
      else if (byte == 0x1b) state = State.StringEscape;
      break;
    case State.StringEscape:
      state = byte == 0x5c ? State.Text : State.String;
      break;
    case State.Sequence:
      parameterByte(byte);
      break;
  }
}

function escape(byte: u8): void {
  state = State.Text;
  switch (byte) {
    case 0x5b: // [
      state = State.Sequence;
      parameterCount = 0;
      prefix = 0;
      for (let i: u32 = 0; i < PARAMETERS; i++) store<i32>(parameters + (i << 2), NONE);
      break;
    case 0x5d: // ] P X ^ _
    case 0x50:
    case 0x58:
    case 0x5e:
    case 0x5f:
      state = State.String;
      break;
    case 0x28: // ( ) * + # %
    case 0x29:
    case 0x2a:
    case 0x2b:
    case 0x23:
    case 0x25:
      state = State.Skip;
      break;
    case 0x37: // 7
      savedRow = cursorRow;
      savedColumn = cursorColumn;
      break;
    case 0x38: // 8
      moveTo(savedRow, savedColumn);
      break;
    case 0x44: // D
      lineFeed();
      break;
    case 0x45: // E
      moveTo(cursorRow, 0);
      lineFeed();
      break;
    case 0x4d: // M
      reverseLineFeed();
      break;
    case 0x63: // c
      reset();
      break;
  }
}

function parameterByte(byte: u8): void {
  if (byte >= 0x30 && byte <= 0x39) {
    const p = parameters + (min(parameterCount, PARAMETERS - 1) << 2);
    store<i32>(p, min<i32>(max<i32>(load<i32>(p), 0) * 10 + (byte - 0x30), 9999));
  } else if (byte == 0x3b || byte == 0x3a) parameterCount++;
  else if (byte >= 0x3c && byte <= 0x3f) prefix = byte;
  else if (byte >= 0x40) {
    state = State.Text;
    parameterCount = min(parameterCount + 1, PARAMETERS);
    if (prefix == 0) sequence(byte);
    else if (prefix == 0x3f && (byte == 0x68 || byte == 0x6c)) setMode(byte == 0x68);
  }
}

/** Parameter `i`, or `otherwise` when it is missing or zero. */
function parameter(i: u32, otherwise: i32 = 1): i32 {
  const value = load<i32>(parameters + (i << 2));
  return value <= 0 ? otherwise : value;
}

function setMode(on: bool): void {
  for (let i: u32 = 0; i < parameterCount; i++)
    switch (load<i32>(parameters + (i << 2))) {
      case 7:
        wraps = on;
        break;
      case 25:
        cursorShown = on;
        break;
      case 47: // the other screen, which we have not: a clean one must do
      case 1047:
      case 1049:
        moveTo(0, 0);
        erase(0, rows * columns);
        break;
    }
}

function sequence(final: u8): void {
  const n = parameter(0);
  switch (final) {
    case 0x40: // @
      shiftLine(n);
      break;
    case 0x41: // A
      moveTo(cursorRow - n, cursorColumn);
      break;
    case 0x42: // B e
    case 0x65:
      moveTo(cursorRow + n, cursorColumn);
      break;
    case 0x43: // C a
    case 0x61:
      moveTo(cursorRow, cursorColumn + n);
      break;
    case 0x44: // D
      moveTo(cursorRow, cursorColumn - n);
      break;
    case 0x45: // E
      moveTo(cursorRow + n, 0);
      break;
    case 0x46: // F
      moveTo(cursorRow - n, 0);
      break;
    case 0x47: // G `
    case 0x60:
      moveTo(cursorRow, n - 1);
      break;
    case 0x48: // H f
    case 0x66:
      moveTo(n - 1, parameter(1) - 1);
      break;
    case 0x4a: // J
      eraseIn(0, rows * columns, parameter(0, 0));
      break;
    case 0x4b: // K
      eraseIn(cursorRow * columns, (cursorRow + 1) * columns, parameter(0, 0));
      break;
    case 0x4c: // L
      if (cursorRow >= top && cursorRow < bottom) scroll(cursorRow, n);
      break;
    case 0x4d: // M
      if (cursorRow >= top && cursorRow < bottom) scroll(cursorRow, -n);
      break;
    case 0x50: // P
      shiftLine(-n);
      break;
    case 0x53: // S
      scroll(top, -n);
      break;
    case 0x54: // T
      scroll(top, n);
      break;
    case 0x58: // X
      erase(cursorRow * columns + cursorColumn, cursorRow * columns + min(cursorColumn + n, columns));
      break;
    case 0x64: // d
      moveTo(n - 1, cursorColumn);
      break;
    case 0x6d: // m
      for (let i: u32 = 0; i < parameterCount; i++) i = attribute(i);
      break;
    case 0x72: // r
      setRegion(n - 1, parameter(1, rows));
      break;
    case 0x73: // s
      savedRow = cursorRow;
      savedColumn = cursorColumn;
      break;
    case 0x75: // u
      moveTo(savedRow, savedColumn);
      break;
  }
}

/** Erases of cells [from, to) those behind the cursor (0), up to and with it (1), or all. */
function eraseIn(from: i32, to: i32, which: i32): void {
  const here = cursorRow * columns + cursorColumn;
  if (which == 0) erase(here, to);
  else if (which == 1) erase(from, here + 1);
  else erase(from, to);
}

/** Moves the rest of the line, from the cursor on, to the right by `n` (to the left, if negative). */
function shiftLine(n: i32): void {
  const start = cursorRow * columns + cursorColumn;
  const end = (cursorRow + 1) * columns;
  const distance = min(abs(n), end - start);
  const kept = (end - start - distance) << 2;
  const near = cells + (start << 2);
  const far = cells + ((start + distance) << 2);
  if (n > 0) {
    memory.copy(far, near, kept);
    erase(start, start + distance);
  } else {
    memory.copy(near, far, kept);
    erase(end - distance, end);
  }
}

function setRegion(first: i32, end: i32): void {
  if (first >= end || end > rows || end - first < 2) return;
  top = first;
  bottom = end;
  moveTo(0, 0);
}

/** Applies parameter `i` of SGR; returns the last parameter that it took. */
function attribute(i: u32): u32 {
  const value = max(load<i32>(parameters + (i << 2)), 0);
  if (value == 38 || value == 48) return colour(i, value == 38);
  if (value == 0) {
    foreground = FOREGROUND;
    background = BACKGROUND;
    bold = false;
    inverse = false;
  } else if (value == 1) bold = true;
  else if (value == 22) bold = false;
  else if (value == 7 || value == 27) inverse = value == 7;
  else if (value >= 30 && value <= 37) foreground = value - 30;
  else if (value == 39) foreground = FOREGROUND;
  else if (value >= 40 && value <= 47) background = value - 40;
  else if (value == 49) background = BACKGROUND;
  else if (value >= 90 && value <= 97) foreground = value - 90 + 8;
  else if (value >= 100 && value <= 107) background = value - 100 + 8;
  return i;
}

/** 38;5;N and 38;2;R;G;B: a number of the palette, or the nearest one in its cube of 6 by 6 by 6. */
function colour(i: u32, isForeground: bool): u32 {
  const kind = i + 1 < parameterCount ? load<i32>(parameters + ((i + 1) << 2)) : 0;
  let index = 0;
  let last = i + 1;
  if (kind == 5 && i + 2 < parameterCount) {
    last = i + 2;
    index = parameter(last, 0) & 255;
  } else if (kind == 2 && i + 4 < parameterCount) {
    last = i + 4;
    index = 16;
    for (let c: u32 = 0; c < 3; c++) index += ((min(parameter(i + 2 + c, 0), 255) * 5 + 127) / 255) * (c == 0 ? 36 : c == 1 ? 6 : 1);
  } else return i + 1;
  if (isForeground) foreground = index;
  else background = index;
  return last;
}
