// The line discipline: what stands between a terminal's two ends. This file has its state; input.ts receives what is typed, edit.ts and
// echo.ts edit the line and show it, output.ts processes what programs write, read.ts hands lines and bytes to readers, control.ts changes
// modes. All of it is pure: bytes in, bytes out, time passed in; kernel/tty/tty.ts wakes, signals and talks to drivers.
// Behaviour: POSIX.1-2017 chapter 11.1, termios(3), and where they leave a choice, Linux's (recorded in tests/tty).

import { ByteRing } from "../ring";
import { Iflag, Lflag, Termios } from "../termios";

/** Room for input not yet read: a line is at most this long, its end included. A power of two. */
export const INPUT_BYTES: u32 = 4096;
const INPUT_MASK: u32 = INPUT_BYTES - 1;
/** Echoes that may wait for room in the output; two bytes each. A power of two. */
export const ECHO_ENTRIES: u32 = 2048;

/** What the packet mode of a pty tells its master, in Linux's encoding (TIOCPKT_*, ioctl_tty(2)). */
export const enum PacketStatus {
  FlushRead = 1,
  FlushWrite = 2,
  Stop = 4,
  Start = 8,
  NoStop = 16,
  DoStop = 32,
  Ioctl = 64,
}

/** Signals asked for by the characters VINTR, VQUIT and VSUSP: bits of LineDiscipline.signals. */
export const enum KeySignal {
  Interrupt = 1,
  Quit = 2,
  Suspend = 4,
}

@unmanaged
export class LineDiscipline {
  /** Where processed output and echo go; belongs to the terminal. */
  output: ByteRing;
  termios: Termios;
  /** INPUT_BYTES of input. The four positions into it are free-running counters. */
  input: usize;
  /** One bit per input byte: this byte ends a line. A line ended by VEOF ends in a marked NUL, which no reader sees. */
  lineEnds: usize;
  /** Where the next byte of input goes. */
  head: u32;
  /** End of the last complete line: canonical readers may go up to here, editing no further back. */
  lineHead: u32;
  /** Non-canonical readers may go up to here. */
  rawHead: u32;
  /** Next byte to read. */
  tail: u32;
  /** ECHO_ENTRIES pending echoes (echo.ts). */
  echoes: usize;
  echoHead: u32;
  echoTail: u32;
  /** The cursor's column, as far as the output of this terminal tells. */
  column: u32;
  /** The column in which the line being typed began. */
  lineColumn: u32;
  /** How many of the oldest bytes of output a flush leaves at most, because the other end counts them as received. */
  flushKeeps: u32;
  /** How many of them were there when the input being received came. */
  sentBefore: u32;
  /** What the peek of read.ts found: the bytes of input that taking it consumes. */
  peeked: u32;
  /** KeySignal bits for the foreground group, collected by the terminal. */
  signals: u32;
  /** PacketStatus bits since the master last looked. */
  packetStatus: u32;
  /** Time of the last input; VTIME counts from it. */
  lastInputNs: u64;
  /** Output stands still, by VSTOP or by TCOOFF. */
  stopped: bool;
  /** By TCOOFF, so that only TCOON starts it again. */
  stoppedByCall: bool;
  /** The next byte of input is literal, after VLNEXT. */
  literalNext: bool;
  /** ECHOPRT: between the backslash and the slash that enclose erased characters. */
  erasing: bool;
  /** No byte of input needs a look (set by special.ts). */
  transparent: bool;
  padding1: u8;
  padding2: u16;
  /** 256 bits: the bytes of input that are more than a character (set by special.ts). */
  special0: u64;
  special1: u64;
  special2: u64;
  special3: u64;
}

/** The input byte at `position`. */
@inline
export function inputAt(l: LineDiscipline, position: u32): u8 {
  return load<u8>(l.input + (position & INPUT_MASK));
}

/** Appends a byte of input; the caller has made room. */
@inline
export function inputPut(l: LineDiscipline, c: u8): void {
  store<u8>(l.input + (l.head & INPUT_MASK), c);
  l.head++;
}

/** Appends `n` bytes of input; the caller has made room. */
export function inputWrite(l: LineDiscipline, source: usize, n: u32): void {
  const at = l.head & INPUT_MASK;
  const first = min(n, INPUT_BYTES - at);
  memory.copy(l.input + at, source, first);
  memory.copy(l.input, source + first, n - first);
  l.head += n;
}

/** True when the byte at `position` ends a line. */
@inline
export function endsLine(l: LineDiscipline, position: u32): bool {
  return ((load<u8>(l.lineEnds + ((position & INPUT_MASK) >> 3)) >> (<u8>(position & 7))) & 1) != 0;
}

/** Marks the byte at `position` as the end of a line, or not. */
export function setLineEnd(l: LineDiscipline, position: u32, end: bool): void {
  const at = l.lineEnds + ((position & INPUT_MASK) >> 3);
  const shift = <u8>(position & 7);
  const bit = (<u8>1) << shift;
  store<u8>(at, end ? load<u8>(at) | bit : load<u8>(at) & ~bit);
}

/** Forgets all ends of lines. */
export function clearLineEnds(l: LineDiscipline): void {
  memory.fill(l.lineEnds, 0, INPUT_BYTES >> 3);
}

@inline
export function hasIflag(l: LineDiscipline, flags: u32): bool {
  return (l.termios.iflag & flags) != 0;
}

@inline
export function hasOflag(l: LineDiscipline, flags: u32): bool {
  return (l.termios.oflag & flags) != 0;
}

@inline
export function hasLflag(l: LineDiscipline, flags: u32): bool {
  return (l.termios.lflag & flags) != 0;
}

/** True when readers get lines. With EXTPROC the other end does the editing, so they get bytes. */
@inline
export function readsLines(l: LineDiscipline): bool {
  return (l.termios.lflag & (Lflag.ICANON | Lflag.EXTPROC)) == Lflag.ICANON;
}

/** True when `c` continues a UTF-8 character and the terminal is told that its text is UTF-8. */
@inline
export function isContinuation(l: LineDiscipline, c: u8): bool {
  return (c & 0xc0) == 0x80 && hasIflag(l, Iflag.IUTF8);
}

/** True for ASCII control characters. */
@inline
export function isControl(c: u8): bool {
  return c < 0x20 || c == 0x7f;
}

/** Letters and digits of ISO 8859-1, in which Linux's kernel classifies characters, and the underscore: what VWERASE takes for a word. */
export function isWordCharacter(c: u8): bool {
  return (c >= 0x30 && c <= 0x39) || c == 0x5f || isUpper(c) || isLower(c);
}

@inline
function isUpper(c: u8): bool {
  return (c >= 0x41 && c <= 0x5a) || (c >= 0xc0 && c <= 0xde && c != 0xd7);
}

@inline
function isLower(c: u8): bool {
  return (c >= 0x61 && c <= 0x7a) || (c >= 0xdf && c != 0xf7);
}

/** Upper case by ISO 8859-1 (OLCUC). */
export function toUpper(c: u8): u8 {
  return isLower(c) ? c - 0x20 : c;
}

/** Lower case by ISO 8859-1 (IUCLC). */
export function toLower(c: u8): u8 {
  return isUpper(c) ? c + 0x20 : c;
}
