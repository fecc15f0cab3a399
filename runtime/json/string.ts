// Strings of a JSON text as they stand between their quotes, escapes and all (RFC 8259, section 7), read as the UTF-8 bytes they mean.
// The parser has checked them, so nothing here can fail. Most strings hold no escape and are used as they stand.

import { kernelAlloc } from "../../kernel/mm/heap";
import { JsonFlag, JsonNode } from "./node";

/** Reads the meaning of a string byte by byte. */
@unmanaged
class Reader {
  at: usize;
  end: usize;
  /** The rest of a resolved escape, its next byte lowest. */
  pending: u32;
}

const first = changetype<Reader>(memory.data(12, 8));
const second = changetype<Reader>(memory.data(12, 8));

function start(reader: Reader, p: usize, n: u32): Reader {
  reader.at = p;
  reader.end = p + n;
  reader.pending = 0;
  return reader;
}

/** Value of the four hexadecimal digits at `p`. */
function hex4(p: usize): u32 {
  let v: u32 = 0;
  for (let i: u32 = 0; i < 4; i++) {
    const c = <u32>load<u8>(p + i);
    v = (v << 4) | (c <= 0x39 ? c - 0x30 : (c | 0x20) - 0x57);
  }
  return v;
}

/** Resolves the \u escape whose backslash is at reader.at - 2; returns the first byte and leaves the others pending. */
function unicodeEscape(reader: Reader): i32 {
  let c = hex4(reader.at);
  reader.at += 4;
  if (c < 0x80) return c;
  if (c < 0x800) {
    reader.pending = 0x80 | (c & 0x3f);
    return 0xc0 | (c >> 6);
  }
  if ((c & 0xf800) != 0xd800) {
    reader.pending = 0x8080 | ((c >> 6) & 0x3f) | ((c & 0x3f) << 8);
    return 0xe0 | (c >> 12);
  }
  c = 0x10000 + ((c & 0x3ff) << 10) + (hex4(reader.at + 2) & 0x3ff); // the other surrogate's "\u" is at 0 and 1
  reader.at += 6;
  reader.pending = 0x808080 | ((c >> 12) & 0x3f) | (((c >> 6) & 0x3f) << 8) | ((c & 0x3f) << 16);
  return 0xf0 | (c >> 18);
}

/** The next byte, or -1 at the end. */
function nextByte(reader: Reader): i32 {
  if (reader.pending != 0) {
    const c = reader.pending & 0xff;
    reader.pending >>= 8;
    return c;
  }
  if (reader.at == reader.end) return -1;
  const c = load<u8>(reader.at++);
  if (c != 0x5c) return c;
  const escape = load<u8>(reader.at++);
  switch (escape) {
    case 0x62:
      return 0x08; // \b
    case 0x66:
      return 0x0c; // \f
    case 0x6e:
      return 0x0a; // \n
    case 0x72:
      return 0x0d; // \r
    case 0x74:
      return 0x09; // \t
    case 0x75:
      return unicodeEscape(reader);
    default:
      return escape; // \" \\ \/
  }
}

/** True when the `n` bytes at `p`, escapes resolved, spell the ASCII literal `s`. */
export function stringEqualsLiteral(p: usize, n: u32, s: string): bool {
  const reader = start(first, p, n);
  const q = changetype<usize>(s);
  for (let i = 0; i < s.length; i++) if (nextByte(reader) != <i32>load<u16>(q + (i << 1))) return false;
  return nextByte(reader) < 0;
}

/** -1, 0 or 1: order of two strings, escapes resolved, as memcmp gives it, the shorter first. */
export function stringCompare(a: usize, aLength: u32, b: usize, bLength: u32): i32 {
  const x = start(first, a, aLength);
  const y = start(second, b, bLength);
  while (true) {
    const c = nextByte(x);
    const d = nextByte(y);
    if (c != d) return c < d ? -1 : 1;
    if (c < 0) return 0;
  }
}

/** Writes the `n` bytes at `p`, escapes resolved, to `to`, which has room for `n` bytes; returns how many there are. */
export function stringResolve(p: usize, n: u32, to: usize): u32 {
  const reader = start(first, p, n);
  let length: u32 = 0;
  for (let c = nextByte(reader); c >= 0; c = nextByte(reader)) store<u8>(to + length++, <u8>c);
  return length;
}

/** Copies the string `node` to `to`, which has room for node.length bytes; returns its length. It may hold NUL bytes (from \u0000). */
export function jsonStringCopy(node: JsonNode, to: usize): u32 {
  if (node.flags & JsonFlag.Escaped) return stringResolve(node.start, node.length, to);
  memory.copy(to, node.start, node.length);
  return node.length;
}

/** The same for the name of the member `node`, node.keyLength bytes at most. */
export function jsonKeyCopy(node: JsonNode, to: usize): u32 {
  if (node.flags & JsonFlag.KeyEscaped) return stringResolve(node.key, node.keyLength, to);
  memory.copy(to, node.key, node.keyLength);
  return node.keyLength;
}

/** A kernelAlloc'ed, NUL-terminated copy of the string `node`; 0 when memory is short. */
export function jsonStringDuplicate(node: JsonNode): usize {
  const p = kernelAlloc(node.length + 1);
  if (p != 0) jsonStringCopy(node, p);
  return p;
}
