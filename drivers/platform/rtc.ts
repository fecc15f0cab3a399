// The battery-backed clock (MC146818): wall time at boot. Read twice until both readings agree, since it may tick in between.

import { in8, out8 } from "../../shim/isa";

const registers = memory.data<u8>([0, 2, 4, 7, 8, 9, 0x32]);
const first = memory.data(8, 8);
const second = memory.data(8, 8);

function cmos(register: u32): u32 {
  out8(0x70, register | 0x80);
  return in8(0x71);
}

function readAll(to: usize): void {
  for (let i: u32 = 0; i < 7; i++) store<u8>(to + i, <u8>cmos(load<u8>(registers + i)));
}

function value(i: u32, binary: bool): u32 {
  const raw = <u32>load<u8>(second + i);
  return binary ? raw : (raw >> 4) * 10 + (raw & 15);
}

/** Days from 1970-01-01 to the given civil date (proleptic Gregorian). */
export function daysFromCivil(year: i32, month: u32, day: u32): i64 {
  const y = <i64>year - (month <= 2 ? 1 : 0);
  const era = (y >= 0 ? y : y - 399) / 400;
  const yearOfEra = y - era * 400;
  const dayOfYear = <i64>((153 * ((month + 9) % 12) + 2) / 5 + day - 1);
  return era * 146097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719468;
}

/** Seconds since 1970 (UTC), or 0 when there is no such clock. */
export function rtcSeconds(): u64 {
  if (cmos(0x0a) == 0xff) return 0;
  for (let tries = 0; tries < 100; tries++) {
    for (let i = 0; i < 100_000 && cmos(0x0a) & 0x80; i++) {}
    readAll(first);
    readAll(second);
    if (load<u32>(first) == load<u32>(second) && load<u32>(first, 3) == load<u32>(second, 3)) break;
  }
  const mode = cmos(0x0b);
  const binary = (mode & 4) != 0;
  let hour = <u32>load<u8>(second, 2);
  const afternoon = !(mode & 2) && (hour & 0x80) != 0;
  hour &= 0x7f;
  if (!binary) hour = (hour >> 4) * 10 + (hour & 15);
  if (!(mode & 2)) hour = (hour % 12) + (afternoon ? 12 : 0);
  let century = value(6, binary);
  if (century < 19 || century > 25) century = 20;
  const days = daysFromCivil(<i32>(century * 100 + value(5, binary)), value(4, binary), value(3, binary));
  return <u64>(days * 86400 + <i64>(hour * 3600 + value(1, binary) * 60 + value(0, binary)));
}
