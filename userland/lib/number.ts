// Numbers and times as text.

/** The decimal number that fills `text`; -1 when it is empty, malformed or above 18 digits. */
export function parseNumber(text: string): i64 {
  return parseInBase(text, 10, 18);
}

/** The octal number that fills `text`; -1 when it is none. */
export function parseOctalNumber(text: string): i64 {
  return parseInBase(text, 8, 20);
}

function parseInBase(text: string, base: i32, digits: i32): i64 {
  if (text.length == 0 || text.length > digits) return -1;
  let value: i64 = 0;
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit < 0 || digit >= base) return -1;
    value = value * base + digit;
  }
  return value;
}

/** `bytes` for people: "512 B", "3.4 MiB". */
export function humanBytes(bytes: u64): string {
  if (bytes < 1024) return `${bytes} B`;
  let shift: u64 = 10;
  while (shift < 40 && bytes >> (shift + 10) != 0) shift += 10;
  const tenths = ((bytes >> (shift - 10)) * 10) >> 10;
  return `${tenths / 10}.${tenths % 10} ${"KMGT".charAt(<i32>(shift / 10) - 1)}iB`;
}

/** Nanoseconds as "1:02:03.45", the hours only when there are any. */
export function clockTime(ns: u64): string {
  const hundredths = ns / 10_000_000;
  const seconds = hundredths / 100;
  const tail = `${twoDigits((seconds / 60) % 60)}:${twoDigits(seconds % 60)}.${twoDigits(hundredths % 100)}`;
  return seconds >= 3600 ? `${seconds / 3600}:${tail}` : tail;
}

function twoDigits(n: u64): string {
  return n < 10 ? `0${n}` : n.toString();
}

/** A wall-clock time in UTC: "2026-11-23 16:05:09" (proleptic Gregorian calendar, after Hinnant's civil-from-days). */
export function dateTime(ns: u64): string {
  const seconds = ns / 1_000_000_000;
  const day = seconds % 86400;
  const shifted = seconds / 86400 + 719468;
  const era = shifted / 146097;
  const dayOfEra = shifted % 146097;
  const yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146096) / 365;
  const dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
  const monthFromMarch = (5 * dayOfYear + 2) / 153;
  const dayOfMonth = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1;
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  const date = `${year.toString().padStart(4, "0")}-${twoDigits(month)}-${twoDigits(dayOfMonth)}`;
  return `${date} ${twoDigits(day / 3600)}:${twoDigits((day / 60) % 60)}:${twoDigits(day % 60)}`;
}
