// The machine's console: one line to a person (the serial port) that several terminals share. The host's world has one, and so has every
// container that was given a terminal, so that modes and job control are its own. One terminal is in front and gets what is typed; what any
// of them puts out goes to the line as it comes, and the kernel's log prints between the lines.

import { nowNs } from "../time/clock";
import { ttySetWindow } from "./control";
import { setTtyDriver, Tty, TtyEvent, ttyHangUp, ttyHasInputRoom, ttyInput, TtyKind, ttyNew, ttyRelease, ttyTakeOutput } from "./tty";

/** Device number of /dev/console, 5:1. */
const CONSOLE_DEVICE: u32 = 0x501;
const LINE_FEED: u8 = 0x0a;
const CARRIAGE_RETURN: u8 = 0x0d;
const PIECE_BYTES: u32 = 256;
const piece = memory.data(256, 8);

type ByteFunction = (c: u8) => void;
type Function = () => void;
/** The line's driver: sends a byte; and looks for input, now that there is room for it. */
let send: u32 = 0;
let listen: u32 = 0;

let host: Tty | null = null;
let front: Tty | null = null;
/** The size of the person's terminal in characters: what terminals have had since the VT100, unless it is known better. */
let rows: u16 = 24;
let columns: u16 = 80;
/** A terminal has left the cursor within a line; the log has begun one. */
let terminalLineOpen = false;
let logLineOpen = false;

/** Registers the line's driver. */
export function setConsoleLine(sendByte: ByteFunction, lookForInput: Function): void {
  send = sendByte.index;
  listen = lookForInput.index;
}

/** The size that new terminals get; 0 leaves it as it is. */
export function setConsoleSize(newRows: u16, newColumns: u16): void {
  if (newRows != 0) rows = newRows;
  if (newColumns != 0) columns = newColumns;
}

/** Makes the terminal of the host's world, and puts it in front; false when memory is short. */
export function consoleStart(container: usize): bool {
  host = consoleTerminal(container);
  front = host;
  return host != null;
}

/** The terminal of the host's world; null when the machine is not controlled from its console. */
export function hostTerminal(): Tty | null {
  return host;
}

/** A further terminal on the line, for programs of `container`, with one reference; null when memory is short. */
export function consoleTerminal(container: usize): Tty | null {
  const tty = ttyNew(TtyKind.Line, container, CONSOLE_DEVICE);
  if (!tty) return null;
  setTtyDriver(tty, onTerminal, 0);
  ttySetWindow(tty, rows, columns, 0, 0);
  return tty;
}

/** Takes a terminal off the line: who still has it open loses it. Drops the reference that consoleTerminal gave. */
export function consoleDrop(tty: Tty): void {
  consoleLeave(tty);
  ttyHangUp(tty);
  setTtyDriver(tty, noDriver, 0);
  ttyRelease(tty);
}

/** Gives what is typed from now on to `tty`; null: to the host's terminal again. */
export function consoleFront(tty: Tty | null): void {
  front = tty ? tty : host;
  if (listen != 0) call_indirect<void>(listen);
}

/** `tty` is not in front any more: nobody needs its input. */
export function consoleLeave(tty: Tty): void {
  if (front == tty) consoleFront(null);
}

/** True when consoleInput takes at least one byte. */
export function consoleHasRoom(): bool {
  const tty = front;
  return !tty || ttyHasInputRoom(tty);
}

/** For the driver: `n` bytes were typed. Takes them all when consoleHasRoom and `n` is 1. */
export function consoleInput(p: usize, n: u32): void {
  const tty = front;
  if (tty) ttyInput(tty, p, n, nowNs());
}

/** Sink of the kernel's log: its lines begin at the left edge. */
export function consoleLog(c: u8): void {
  if (!logLineOpen && terminalLineOpen) {
    call_indirect<void>(send, CARRIAGE_RETURN);
    call_indirect<void>(send, LINE_FEED);
    terminalLineOpen = false;
  }
  logLineOpen = c != LINE_FEED;
  call_indirect<void>(send, c);
}

function noDriver(tty: Tty, event: TtyEvent): void {}

/** The line is fast and its driver waits for it, so output never stays in a terminal. */
function onTerminal(tty: Tty, event: TtyEvent): void {
  if (event == TtyEvent.InputRoom && tty == front && listen != 0) call_indirect<void>(listen);
  if (event != TtyEvent.Output) return;
  for (;;) {
    const n = ttyTakeOutput(tty, piece, PIECE_BYTES);
    if (n == 0) return;
    for (let i: u32 = 0; i < n; i++) call_indirect<void>(send, load<u8>(piece + i));
    terminalLineOpen = load<u8>(piece + n - 1) != LINE_FEED;
  }
}
