// For the spec: random terminal sessions, the same ones that tests/tty/fuzz.py plays on Linux. Session number n is wholly determined by n.

import { ringRead } from "../ring";
import { Cc, Lflag } from "../termios";
import { flushInput, resumeOutput, sendNow, suspendOutput } from "./control";
import { processEchoes } from "./echo";
import { receive } from "./input";
import { putWritten } from "./output";
import { peek, readableBytes, takePeeked } from "./read";
import { discipline, setCharacter, setMode, testNowNs, visible } from "./testing";

const OPERATIONS: u32 = 40;
const ALPHABET_BYTES: u32 = 65;
// prettier-ignore
const alphabet = memory.data<u8>([
  0x61, 0x61, 0x62, 0x63, 0x64, 0x65, 0x65, 0x78, 0x79, 0x7a, 0x41, 0x42, 0x5a, 0x30, 0x31, 0x39, 0x20, 0x20, 0x5f, 0x5f, 0x2e, 0x2c,
  0x3b, 0x2f, 9, 9, 9, 9, 10, 10, 10, 13, 13, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x17, 0x17, 0x15, 0x12, 0x16, 0x16, 4, 4, 3, 0x1c, 0x1a,
  0x11, 0x11, 0x13, 8, 1, 0x1b, 0xc3, 0xa9, 0xe2, 0x82, 0xac, 0xff, 0x80, 0, 0xe9, 0xdf,
]);
const flippedIflags = memory.data<u32>([0x20, 0x40, 0x80, 0x100, 0x200, 0x400, 0x800, 0x4000, 8, 0x2000]);
const flippedOflags = memory.data<u32>([1, 2, 4, 8, 0x10, 0x20, 0x1800]);
const flippedLflags = memory.data<u32>([1, 2, 8, 0x10, 0x20, 0x40, 0x80, 0x200, 0x400, 0x800, 0x8000]);
const changedCharacters = memory.data<u8>([0, 1, 2, 3, 4, 6, 8, 9, 10, 11, 12, 14, 15, 16]);
const text = memory.data(32, 8);
const out = memory.data(16384, 8);

let state: u32 = 0;
let hash: u32 = 0;
/** The transcript, when asked for. */
export let transcript: string = "";
let showing: bool = false;

function below(n: u32): u32 {
  state ^= state << 13;
  state ^= state >> 17;
  state ^= state << 5;
  return (state >> 8) % n;
}

function note(what: string, p: usize, n: u32): void {
  if (showing) transcript += what + " " + visible(p, n) + "\n";
  for (let i: u32 = 0; i < n; i++) hash = (hash ^ load<u8>(p + i)) * 0x01000193;
}

function noteNumber(what: string, value: i32): void {
  if (showing) transcript += what + " " + value.toString() + "\n";
  for (let i = 0; i < 32; i += 8) hash = (hash ^ (((<u32>value) >> i) & 0xff)) * 0x01000193;
}

function randomText(longest: u32): u32 {
  const n: u32 = 1 + below(longest);
  for (let i: u32 = 0; i < n; i++) store<u8>(text + i, load<u8>(alphabet + below(ALPHABET_BYTES)));
  if (showing) transcript += "text " + visible(text, n) + "\n";
  return n;
}

function randomFlags(flags: u32, flips: usize, count: u32, chance: u32): u32 {
  for (let i: u32 = 0; i < count; i++) if (below(chance) == 0) flags ^= load<u32>(flips + (i << 2));
  return flags;
}

function randomMode(): void {
  const base = below(4);
  const chance: u32 = base == 0 ? 1 << 20 : base < 3 ? 6 : 2;
  const iflag = randomFlags(base == 1 ? 0 : 0x500, flippedIflags, 10, chance);
  const oflag = randomFlags(base == 1 ? 0 : 5, flippedOflags, 7, chance);
  let lflag = randomFlags(base == 1 ? 0 : 0x8a3b, flippedLflags, 11, chance);
  if (below(20) == 0) lflag |= Lflag.EXTPROC;
  if (showing) transcript += "mode " + iflag.toString(16) + " " + oflag.toString(16) + " " + lflag.toString(16) + "\n";
  setMode(iflag, oflag, lflag);
  while (below(3) == 0) {
    const index = load<u8>(changedCharacters + below(14));
    let value = load<u8>(alphabet + below(ALPHABET_BYTES));
    if (index == Cc.VMIN) value &= 31; // Linux copies in pieces of 64 bytes and forgets about a VMIN above that
    if (showing) transcript += "character " + index.toString() + " " + value.toString() + "\n";
    setCharacter(<Cc>index, value);
  }
}

function randomControl(): void {
  const which = below(6);
  if (showing) transcript += "control " + which.toString() + "\n";
  if (which < 2) flushInput(discipline);
  else if (which == 2) suspendOutput(discipline);
  else if (which == 3) resumeOutput(discipline);
  else {
    const c = load<u8>(changetype<usize>(discipline.termios) + 17 + (which == 4 ? Cc.VSTOP : Cc.VSTART));
    if (c != 0) sendNow(discipline, c);
  }
}

function step(): void {
  const operation = below(16);
  if (operation < 7) noteNumber("typed", receive(discipline, text, randomText(20), testNowNs));
  else if (operation < 9) {
    const n = randomText(16);
    processEchoes(discipline);
    noteNumber("written", putWritten(discipline, text, n));
  } else if (operation < 13) {
    const result = peek(discipline, out, operation < 12 ? 1 + below(30) : 200, testNowNs, testNowNs, false);
    noteNumber("read", <i32>result);
    if (result > 0) note("data", out, <u32>result);
    if (result >= 0) takePeeked(discipline);
  } else if (operation == 13) noteNumber("readable", readableBytes(discipline));
  else if (operation == 14) randomMode();
  else randomControl();
  note("shown", out, ringRead(discipline.output, out, 16384));
  const n = noteSignals();
  note("signals", out, n);
}

function noteSignals(): u32 {
  let n: u32 = 0;
  if ((discipline.signals & 1) != 0) store<u8>(out + n++, 0x69);
  if ((discipline.signals & 2) != 0) store<u8>(out + n++, 0x71);
  if ((discipline.signals & 4) != 0) store<u8>(out + n++, 0x73);
  discipline.signals = 0;
  return n;
}

/** Plays session `number` on the open terminal and returns the hash of what came out; with `show` leaves it in `transcript` as well. */
export function playSession(number: u32, show: bool = false): u32 {
  state = number * 2654435761 + 1;
  hash = 0x811c9dc5;
  showing = show;
  transcript = "";
  for (let i: u32 = 0; i < OPERATIONS; i++) step();
  return hash;
}
