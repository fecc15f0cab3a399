// Names of system calls, for profiles (name to number) and for reports (number to name). The kernel itself knows only numbers: linuxabi
// registers the list, lines of "NUMBER NAME", and the index is made when somebody first asks.

import { putLiteral } from "../lib/bytes";

/** Numbers are below this. */
export const CALL_NUMBERS: u32 = 512;
/** The longest name has 23 letters. */
export const CALL_NAME_BYTES: u32 = 32;

let list: string = "";
let indexed = false;
/** Where in the list the name of each number stands, as a u16, and its length in the byte table behind. */
const starts = memory.data(512 * 2, 8);
const lengths = memory.data(512, 8);
/** Numbers plus one by the hash of their names, linear probing. */
const SLOTS: u32 = 1024;
const slots = memory.data(1024 * 2, 8);

/** Registers the list; once, at boot. */
export function setCallNames(lines: string): void {
  list = lines;
  indexed = false;
  memory.fill(lengths, 0, CALL_NUMBERS);
  memory.fill(slots, 0, SLOTS * 2);
}

@inline
function letter(i: u32): u32 {
  return load<u16>(changetype<usize>(list) + ((<usize>i) << 1));
}

/** One step of FNV-1a. */
@inline
function mix(hash: u32, byte: u32): u32 {
  return (hash ^ byte) * 0x01000193;
}
const HASH_START: u32 = 0x811c9dc5;

function index(): void {
  indexed = true;
  const end = <u32>list.length;
  let i: u32 = 0;
  while (i < end) {
    let number: u32 = 0;
    for (; letter(i) != 0x20; i++) number = number * 10 + (letter(i) - 0x30);
    const start = ++i;
    let hash = HASH_START;
    for (; letter(i) != 0x0a; i++) hash = mix(hash, letter(i));
    store<u16>(starts + (number << 1), <u16>start);
    store<u8>(lengths + number, <u8>(i - start));
    let slot = hash & (SLOTS - 1);
    while (load<u16>(slots + (slot << 1)) != 0) slot = (slot + 1) & (SLOTS - 1);
    store<u16>(slots + (slot << 1), <u16>(number + 1));
    i++;
  }
}

function isName(number: u32, name: usize, length: u32): bool {
  if (load<u8>(lengths + number) != length) return false;
  const start = load<u16>(starts + (number << 1));
  for (let i: u32 = 0; i < length; i++) if (letter(start + i) != load<u8>(name + i)) return false;
  return true;
}

/** The number of the call whose name is the `length` bytes at `name`, or -1. */
export function callNumber(name: usize, length: u32): i32 {
  if (!indexed) index();
  let hash = HASH_START;
  for (let i: u32 = 0; i < length; i++) hash = mix(hash, load<u8>(name + i));
  let slot = hash & (SLOTS - 1);
  let found: u32 = load<u16>(slots + (slot << 1));
  while (found != 0 && !isName(found - 1, name, length)) {
    slot = (slot + 1) & (SLOTS - 1);
    found = load<u16>(slots + (slot << 1));
  }
  return <i32>found - 1;
}

/** Copies the name of call `number` to `to` (CALL_NAME_BYTES), "?" when it has none; returns its length. */
export function callName(number: u32, to: usize): u32 {
  if (!indexed) index();
  const length: u32 = number < CALL_NUMBERS ? load<u8>(lengths + number) : 0;
  if (length == 0) return putLiteral(to, "?");
  const start = load<u16>(starts + (number << 1));
  for (let i: u32 = 0; i < length; i++) store<u8>(to + i, <u8>letter(start + i));
  return length;
}
