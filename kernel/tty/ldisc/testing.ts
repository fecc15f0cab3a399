// For specs: a terminal made of a line discipline alone. Text in specs is one character per byte (ISO 8859-1); what comes out is compared
// as text in which bytes outside of printable ASCII read \xNN.

import { heapObjectsUsed } from "../../mm/heap";
import { useTestMemory } from "../../mm/testing";
import { Result } from "../../result";
import { ByteRing, ringFree, ringNew, ringRead } from "../ring";
import { Cc, TERMIOS2_BYTES, Termios, setControlCharacter } from "../termios";
import { lineDisciplineFree, lineDisciplineNew, setTermios } from "./control";
import { processEchoes } from "./echo";
import { receive } from "./input";
import { putWritten } from "./output";
import { peek, takePeeked } from "./read";
import { LineDiscipline } from "./state";

const SCRATCH_BYTES: u32 = 16384;
const scratch = memory.data(16384, 16);
const attributes = memory.data(44, 8);

let memoryReady = false;
let output: ByteRing = changetype<ByteRing>(0);
let objectsBefore: u32 = 0;
/** The discipline under test. */
export let discipline: LineDiscipline = changetype<LineDiscipline>(0);
/** The clock of the test. */
export let testNowNs: u64 = 0;

/** Makes a new terminal as the slave of a pty has it. */
export function openTerminal(): void {
  if (!memoryReady) useTestMemory(256);
  memoryReady = true;
  objectsBefore = heapObjectsUsed();
  testNowNs = 1_000_000_000;
  output = ringNew(8192)!;
  discipline = lineDisciplineNew(output)!;
  discipline.flushKeeps = 4095;
}

/** Releases it; everything must be back on the heap. */
export function closeTerminal(): void {
  lineDisciplineFree(discipline);
  ringFree(output);
  expect(heapObjectsUsed()).toBe(objectsBefore, "heap objects left behind");
}

export function advanceMs(ms: u64): void {
  testNowNs += ms * 1_000_000;
}

/** Sets flags; the control characters stay. */
export function setMode(iflag: u32, oflag: u32, lflag: u32): void {
  memory.copy(attributes, changetype<usize>(discipline.termios), TERMIOS2_BYTES);
  const t = changetype<Termios>(attributes);
  t.iflag = iflag;
  t.oflag = oflag;
  t.lflag = lflag;
  setTermios(discipline, attributes);
}

export function setCharacter(index: Cc, c: u8): void {
  memory.copy(attributes, changetype<usize>(discipline.termios), TERMIOS2_BYTES);
  setControlCharacter(changetype<Termios>(attributes), index, c);
  setTermios(discipline, attributes);
}

function putText(text: string): u32 {
  assert(<u32>text.length <= SCRATCH_BYTES, "text too long for the test");
  for (let i = 0; i < text.length; i++) store<u8>(scratch + i, <u8>text.charCodeAt(i));
  return text.length;
}

/** Types the text in one piece; how many bytes were taken. */
export function type(text: string): u32 {
  const n = putText(text);
  return receive(discipline, scratch, n, testNowNs);
}

/** A program writes the text; how many bytes were taken. */
export function write(text: string): u32 {
  const n = putText(text);
  processEchoes(discipline);
  return putWritten(discipline, scratch, n);
}

/** The bytes at `p` as text. */
export function visible(p: usize, n: u32): string {
  let text = "";
  for (let i: u32 = 0; i < n; i++) {
    const c = load<u8>(p + i);
    if (c >= 0x20 && c < 0x7f && c != 0x5c) text += String.fromCharCode(c);
    else text += "\\x" + (c < 16 ? "0" : "") + c.toString(16);
  }
  return text;
}

/** What the terminal shows since the last look. */
export function shown(): string {
  const n = ringRead(output, scratch, SCRATCH_BYTES);
  return visible(scratch, n);
}

/** What a read of `count` bytes that cannot wait returns: its bytes, or the error as "-11". */
export function read(count: u32, mayWait: bool = false, startedNs: u64 = testNowNs): string {
  const result: Result = peek(discipline, scratch, count, startedNs, testNowNs, mayWait);
  if (result < 0) return result.toString();
  takePeeked(discipline);
  return visible(scratch, <u32>result);
}

/** The signals since the last look: i, q and s. */
export function signals(): string {
  const s = discipline.signals;
  discipline.signals = 0;
  return ((s & 1) != 0 ? "i" : "") + ((s & 2) != 0 ? "q" : "") + ((s & 4) != 0 ? "s" : "");
}
