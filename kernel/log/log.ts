// The kernel's log: a ring of the last 64 KiB of lines, each with its time, for `dmesg` and panics; and the sinks that print as it
// goes (the serial console), registered by drivers. Lines are composed in place, without memory of their own.

import { frameAllocLow } from "../mm/frame";
import { nowNs } from "../time/clock";

const RING_ORDER: u32 = 4;
/** What is said before there is memory. */
const EARLY_BYTES: u32 = 4096;
let ring = memory.data(4096, 16);
let ringBytes = EARLY_BYTES;
/** Bytes ever written: the ring holds the last `ringBytes` of them. */
let written: u64 = 0;

/** Gives the log its ring, now that there is memory; false when there is too little. */
export function logInit(): bool {
  const larger = frameAllocLow(RING_ORDER);
  if (larger == 0) return false;
  const bytes: u32 = 4096 << RING_ORDER;
  for (let at = written - min<u64>(written, EARLY_BYTES); at < written; at++) {
    store<u8>(larger + ((<u32>at) & (bytes - 1)), load<u8>(ring + ((<u32>at) & (EARLY_BYTES - 1))));
  }
  ring = larger;
  ringBytes = bytes;
  return true;
}

type Sink = (byte: u8) => void;
let sink: u32 = 0;
let quiet = false;

/** Registers where every byte of the log goes as it is written; one sink. */
export function setLogSink(f: Sink): void {
  sink = f.index;
}

let flush: u32 = 0;

/** Registers what makes visible what the sink has taken. */
export function setLogFlush(f: () => void): void {
  flush = f.index;
}

/** Nothing will run after this: what has been logged is to be seen. */
export function logFlush(): void {
  if (flush != 0) call_indirect<void>(flush);
}

/** A quiet log goes to the ring alone. */
export function setLogQuiet(on: bool): void {
  quiet = on;
}

function byte(c: u8): void {
  store<u8>(ring + ((<u32>written) & (ringBytes - 1)), c);
  written++;
  if (sink == 0 || quiet) return;
  if (c == 0x0a) call_indirect<void>(sink, <u8>0x0d);
  call_indirect<void>(sink, c);
}

/** Starts a line: its time, and the part of the kernel that speaks. */
export function logStart(who: string): void {
  const ns = nowNs();
  byte(0x5b);
  decimal(ns / 1_000_000_000, 5);
  byte(0x2e);
  const micro = (ns / 1000) % 1_000_000;
  for (let scale: u64 = 100_000; scale != 0; scale /= 10) byte(<u8>(0x30 + ((micro / scale) % 10)));
  logText("] ");
  logText(who);
  logText(": ");
}

export function logText(s: string): void {
  const q = changetype<usize>(s);
  for (let i = 0; i < s.length; i++) byte(<u8>load<u16>(q + (i << 1)));
}

export function logBytes(p: usize, n: u32): void {
  for (let i: u32 = 0; i < n; i++) byte(load<u8>(p + i));
}

function decimal(v: u64, width: i32): void {
  let digits = 1;
  let scale: u64 = 1;
  while (v / scale >= 10) {
    scale *= 10;
    digits++;
  }
  for (; digits < width; width--) byte(0x20);
  for (; scale != 0; scale /= 10) byte(<u8>(0x30 + ((v / scale) % 10)));
}

export function logNumber(v: u64): void {
  decimal(v, 0);
}

export function logHex(v: u64): void {
  logText("0x");
  let shift: u64 = 60;
  while (shift != 0 && v >> shift == 0) shift -= 4;
  for (; ; shift -= 4) {
    const d = <u8>((v >> shift) & 15);
    byte(d < 10 ? 0x30 + d : 0x57 + d);
    if (shift == 0) break;
  }
}

export function logEnd(): void {
  byte(0x0a);
}

/** A whole line. */
export function log(who: string, text: string): void {
  logStart(who);
  logText(text);
  logEnd();
}

/** Copies log bytes from position `from` (of all ever written) on; returns how many; *position moves to the oldest kept if need be. */
export function logRead(position: u64, to: usize, bytes: u32): u32 {
  const oldest = written > ringBytes ? written - ringBytes : 0;
  let at = max(position, oldest);
  let n: u32 = 0;
  for (; n < bytes && at < written; at++, n++) store<u8>(to + n, load<u8>(ring + ((<u32>at) & (ringBytes - 1))));
  return n;
}

/** Position of the oldest byte kept, and of the next to be written. */
export function logOldest(): u64 {
  return written > ringBytes ? written - ringBytes : 0;
}
