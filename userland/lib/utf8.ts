// UTF-8 in byte strings, as far as a line editor needs it: where characters begin and how many columns they take.

/** True when the byte at `i` continues a character. */
export function isContinuation(text: string, i: i32): bool {
  return i < text.length && (text.charCodeAt(i) & 0xc0) == 0x80;
}

/** Start of the character before position `i`. */
export function previousCharacter(text: string, i: i32): i32 {
  if (i > 0) i--;
  while (i > 0 && isContinuation(text, i)) i--;
  return i;
}

/** Start of the character after the one at position `i`. */
export function nextCharacter(text: string, i: i32): i32 {
  if (i < text.length) i++;
  while (isContinuation(text, i)) i++;
  return i;
}

/** The code point at position `i`; a malformed byte gives itself. */
function codePointAt(text: string, i: i32): i32 {
  const c = text.charCodeAt(i);
  const length = nextCharacter(text, i) - i;
  if (c < 0xc0 || length == 1) return c;
  let point = c & (0xff >> (length + 1));
  for (let j = 1; j < length; j++) point = (point << 6) | (text.charCodeAt(i + j) & 0x3f);
  return point;
}

/** Columns the character at `i` takes: 0 combining marks, 2 East Asian wide and emoji (the main blocks of Unicode TR 11), else 1. */
export function characterColumns(text: string, i: i32): i32 {
  const c = codePointAt(text, i);
  if (c < 0x300) return 1;
  if (c <= 0x36f || (c >= 0x200b && c <= 0x200f) || (c >= 0xfe00 && c <= 0xfe0f)) return 0;
  if (c >= 0x1100 && c <= 0x115f) return 2;
  if (c >= 0x2e80 && c <= 0xa4cf) return 2;
  if (c >= 0xac00 && c <= 0xd7a3) return 2;
  if ((c >= 0xf900 && c <= 0xfaff) || (c >= 0xfe30 && c <= 0xfe6f) || (c >= 0xff00 && c <= 0xff60)) return 2;
  return c >= 0x1f300 && c <= 0x3fffd ? 2 : 1;
}

/** Columns of `text` from `start` to `end`. */
export function columns(text: string, start: i32, end: i32): i32 {
  let n = 0;
  for (let i = start; i < end; i = nextCharacter(text, i)) n += characterColumns(text, i);
  return n;
}
