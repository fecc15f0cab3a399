// Draws the terminal's cells (drivers/display/terminal.ts) into the frame buffer that the boot loader has set up. Output changes the cells
// only; what differs from what is on the screen is drawn a moment later, so that a thousand lines that scroll by cost a few
// pictures. The letters are magnified so that 80 columns or more fit.

import {
  framebufferAddress,
  framebufferBlue,
  framebufferGreen,
  framebufferHeight,
  framebufferPitch,
  framebufferPixelBytes,
  framebufferRed,
  framebufferWidth,
} from "../../kernel/boot/framebuffer";
import { kernelAlloc } from "../../kernel/mm/heap";
import { workInit, WorkItem, WORK_ITEM_BYTES } from "../../kernel/task/work";
import { nowNs } from "../../kernel/time/clock";
import { Timer, timerInit, TimerKind, timerSet, TIMER_BYTES } from "../../kernel/time/timer";
import { physicalWrite } from "../../shim/isa";
import { GLYPH_HEIGHT, glyphOf, GLYPH_WIDTH } from "./font";
import { cells, columns, cursorColumn, cursorRow, cursorShown, rows, terminalInit, terminalPut } from "./terminal";

/** From a change to the picture: what comes meanwhile is drawn with it. */
const DELAY_NS: u64 = 15_000_000;
const CELL_WIDTH: u32 = GLYPH_WIDTH + 1;
/** Dots in a row of 80 cells. */
const COLUMNS_WIDTH: u32 = 80 * CELL_WIDTH;
/** No cell is this one. */
const NOT_DRAWN: u32 = u32.MAX_VALUE;
/** The first 16 colours, 0xRRGGBB. */
// prettier-ignore
const basicColours = memory.data<u32>([
  0x101418, 0xc83c3c, 0x4ea64e, 0xb8923a, 0x4a7fd0, 0xa860b8, 0x3fa3a8, 0xc8ccd0,
  0x6a7078, 0xff6b68, 0x7fd67f, 0xf0c860, 0x7fb0ff, 0xd890e8, 0x70d8dc, 0xffffff,
]);

let scale: u32 = 0;
/** The cells as they have been drawn. */
let drawn: usize = 0;
/** A row of pixels. */
let line: usize = 0;
let dirty = false;
const timer = changetype<Timer>(memory.data(TIMER_BYTES, 8));
const work = changetype<WorkItem>(memory.data(WORK_ITEM_BYTES, 8));

/** Takes the frame buffer, if there is one; false when there is none or memory is short. */
export function screenInit(): bool {
  if (framebufferAddress == 0) return false;
  scale = max<u32>(1, framebufferWidth / COLUMNS_WIDTH);
  const width = framebufferWidth / (CELL_WIDTH * scale);
  const height = framebufferHeight / (GLYPH_HEIGHT * scale);
  if (width < 2 || height < 2) return false;
  drawn = kernelAlloc(width * height * 4);
  line = kernelAlloc(framebufferPitch);
  workInit(work, draw, 0);
  if (drawn == 0 || line == 0 || !terminalInit(width, height) || !timerInit(timer, TimerKind.Work, changetype<usize>(work))) return false;
  for (let i: u32 = 0; i < width * height; i++) store<u32>(drawn + (i << 2), NOT_DRAWN);
  clear();
  draw(0);
  return true;
}

/** Clears all of the screen, with what no cell covers. */
function clear(): void {
  fill(line, framebufferWidth, pixelOf(0));
  for (let y: u32 = 0; y < framebufferHeight; y++) physicalWrite(rowAddress(y), line, framebufferWidth * framebufferPixelBytes);
}

/** Shows one byte of output, soon. */
export function screenPut(byte: u8): void {
  terminalPut(byte);
  if (dirty) return;
  dirty = true;
  timerSet(timer, nowNs() + DELAY_NS);
}

/** Draws now what has changed: before the machine stops. */
export function screenFlush(): void {
  if (dirty) draw(0);
}

@inline
function rowAddress(y: u32): u64 {
  return framebufferAddress + <u64>y * framebufferPitch;
}

/** A colour of the palette as a pixel: 16 basic ones, a cube of 6 by 6 by 6, 24 greys (xterm's). */
function pixelOf(colour: u32): u32 {
  let red: u32, green: u32, blue: u32;
  if (colour < 16) {
    const rgb = load<u32>(basicColours + (colour << 2));
    red = rgb >> 16;
    green = (rgb >> 8) & 255;
    blue = rgb & 255;
  } else if (colour < 232) {
    red = level((colour - 16) / 36);
    green = level(((colour - 16) / 6) % 6);
    blue = level((colour - 16) % 6);
  } else {
    red = 8 + (colour - 232) * 10;
    green = red;
    blue = red;
  }
  return (red << framebufferRed) | (green << framebufferGreen) | (blue << framebufferBlue);
}

@inline
function level(step: u32): u32 {
  return step == 0 ? 0 : 55 + step * 40;
}

/** Writes `n` pixels at `p`; returns the place behind them. */
function fill(p: usize, n: u32, pixel: u32): usize {
  for (let i: u32 = 0; i < n; i++) {
    if (framebufferPixelBytes == 4) store<u32>(p, pixel);
    else {
      store<u16>(p, <u16>pixel);
      store<u8>(p, <u8>(pixel >> 16), 2);
    }
    p += framebufferPixelBytes;
  }
  return p;
}

/** The cell as it is to look: under the cursor its colours are swapped. */
@inline
function wanted(row: i32, column: i32): u32 {
  const cell = load<u32>(cells + ((row * columns + column) << 2));
  if (!cursorShown || row != cursorRow || column != cursorColumn) return cell;
  return (cell & 0xffff) | ((cell >> 8) & 0xff0000) | ((cell << 8) & 0xff000000);
}

/** Draws the cells that have changed, row by row from the first of them to the last. */
function draw(argument: usize): void {
  dirty = false;
  for (let row = 0; row < rows; row++) {
    let first = columns;
    let last = 0;
    for (let column = 0; column < columns; column++) {
      const place = drawn + ((row * columns + column) << 2);
      const cell = wanted(row, column);
      if (load<u32>(place) == cell) continue;
      store<u32>(place, cell);
      first = min(first, column);
      last = column;
    }
    if (first <= last) drawRow(row, first, last);
  }
}

function drawRow(row: i32, first: i32, last: i32): void {
  const height = GLYPH_HEIGHT * scale;
  const left = <u64>(<u32>first * CELL_WIDTH * scale * framebufferPixelBytes);
  for (let y: u32 = 0; y < GLYPH_HEIGHT; y++) {
    let p = line;
    for (let column = first; column <= last; column++) p = drawDots(p, load<u32>(drawn + ((row * columns + column) << 2)), y);
    for (let i: u32 = 0; i < scale; i++) physicalWrite(rowAddress(<u32>row * height + y * scale + i) + left, line, <u32>(p - line));
  }
}

/** Row `y` of a cell's dots as pixels. */
function drawDots(p: usize, cell: u32, y: u32): usize {
  const dots = (<u32>(glyphOf(cell & 0xffff) >> (y * GLYPH_WIDTH))) & ((1 << GLYPH_WIDTH) - 1);
  const fore = pixelOf((cell >> 16) & 255);
  const back = pixelOf(cell >> 24);
  for (let x: u32 = 0; x < CELL_WIDTH; x++) p = fill(p, scale, (dots >> x) & 1 ? fore : back);
  return p;
}
