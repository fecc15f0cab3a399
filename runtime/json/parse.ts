// A strict JSON parser (RFC 8259): one pass over a text in memory into the flat tree of node.ts. It refuses everything that readers of
// JSON differ in: a byte order mark, invalid UTF-8, lone surrogates, duplicate names, text behind the document.
// It does not recurse: an open container keeps the bytes back to the one around it in its span. Its state is static, since the kernel
// runs to completion. Strings are the bulk of a text and pass eight bytes at a time.

import { Errno } from "../../kernel/errno";
import { PAGE_SIZE } from "../../kernel/mm/frame";
import { kernelAlloc, kernelFree } from "../../kernel/mm/heap";
import { Failure, fail, failBegin, failPut, failPutBytes, failPutUnsigned } from "../failure";
import { DUPLICATES_UNKNOWN, findDuplicate } from "./duplicates";
import { JsonFlag, JsonKind, JsonNode, NODE_BYTES } from "./node";

/** Longest text, in bytes. */
export const JSON_SIZE_LIMIT: u32 = 1 << 20;
/** Containers within containers. */
export const JSON_DEPTH_LIMIT: u32 = 64;
/** Values in a text. */
export const JSON_NODE_LIMIT: u32 = 65536;

/** Bytes of text per node to begin with, few enough that a configuration hardly ever needs a second array; a large array has whole pages. */
const TEXT_BYTES_PER_NODE: u32 = 16;
/** White space: bit c for the character c. */
const SPACE: u64 = (1 << 0x20) | (1 << 0x0a) | (1 << 0x0d) | (1 << 0x09);

let text: usize = 0;
/** Behind the last byte that is not white space. */
let end: usize = 0;
let nodes: usize = 0;
let capacity: u32 = 0;
/** Whether the string that scanString passed over holds an escape. */
let escaped: bool = false;
let documentName: string = "";
let failing: Failure = changetype<Failure>(0);

/**
 * Parses the `length` bytes at `from` and returns the root of their tree; they must stay until its jsonFree. On failure returns null, with
 * a message that begins with `name` (an ASCII literal), line and column: EINVAL; EFBIG or E2BIG when a limit is passed; ENOMEM.
 */
export function jsonParse(from: usize, length: u32, name: string, failure: Failure): JsonNode | null {
  documentName = name;
  failing = failure;
  text = from;
  end = from + length;
  if (length > JSON_SIZE_LIMIT) {
    faultAt(end, Errno.EFBIG, "a document may have 1 MiB");
    return null;
  }
  while (end > from && isSpace(load<u8>(end - 1))) end--;
  let bytes: u32 = (16 + length / TEXT_BYTES_PER_NODE) * NODE_BYTES;
  if (bytes > PAGE_SIZE / 2) bytes = (bytes + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
  capacity = min(bytes / NODE_BYTES, JSON_NODE_LIMIT);
  nodes = kernelAlloc(capacity * NODE_BYTES);
  if (nodes == 0) {
    fail(failure, Errno.ENOMEM, "out of memory");
    return null;
  }
  if (!parseDocument()) {
    kernelFree(nodes);
    return null;
  }
  return changetype<JsonNode>(nodes);
}

@inline
function isSpace(c: u8): bool {
  return c <= 0x20 && ((SPACE >> (<u64>c)) & 1) != 0;
}

/** Reports what is wrong at `at`, behind the document's name and the place; returns 0. */
function faultAt(at: usize, errno: Errno, reason: string): usize {
  let line: u32 = 1;
  let column: u32 = 1;
  for (let p = text; p < at; p++) {
    const c = load<u8>(p);
    if (c == 0x0a) {
      line++;
      column = 1;
    } else if ((c & 0xc0) != 0x80) column++; // counts characters: UTF-8 continuation bytes belong to the one before
  }
  failBegin(failing, errno);
  failPut(failing, documentName);
  failPut(failing, ":");
  failPutUnsigned(failing, line);
  failPut(failing, ":");
  failPutUnsigned(failing, column);
  failPut(failing, ": ");
  failPut(failing, reason);
  return 0;
}

/** Reports what is wrong at `at`; returns 0, which the scanning functions return instead of a position. */
function fault(at: usize, reason: string): usize {
  return faultAt(at, Errno.EINVAL, reason);
}

/** Moves the `used` bytes of nodes to an array of twice the capacity; false when memory or the limit does not allow it. */
function grow(used: u32): bool {
  if (capacity >= JSON_NODE_LIMIT) return false;
  const larger = min(capacity * 2, JSON_NODE_LIMIT);
  const array = kernelAlloc(larger * NODE_BYTES);
  if (array == 0) return false;
  memory.copy(array, nodes, used);
  kernelFree(nodes);
  nodes = array;
  capacity = larger;
  return true;
}

/** Passes white space; as the text does not end in any, `limit` need be looked at only once. */
@inline
function skipSpace(p: usize, limit: usize): usize {
  if (p < limit) while (isSpace(load<u8>(p))) p++;
  return p;
}

@inline
function isDigit(p: usize): bool {
  return p < end && <u8>(load<u8>(p) - 0x30) < 10;
}

@inline
function parentOf(container: JsonNode): usize {
  return container.span == 0 ? 0 : changetype<usize>(container) - container.span;
}

function parseDocument(): bool {
  const limit = end;
  let p = text;
  let node = changetype<JsonNode>(nodes); // the one to fill next: all zeros, as kernelAlloc made it
  let last = nodes + capacity * NODE_BYTES;
  let container: usize = 0; // the innermost open one
  let depth: u32 = 0;
  let key: usize = 0;
  let keyLength: u32 = 0;
  let keyEscaped = false;
  while (true) {
    // A value begins here.
    p = skipSpace(p, limit);
    if (p == limit) return fault(p, "expected a value, found the end") != 0;
    if (changetype<usize>(node) == last) {
      const used = <u32>(last - nodes);
      const before = nodes;
      if (!grow(used)) return faultOfGrowth(p);
      if (container != 0) container += nodes - before;
      node = changetype<JsonNode>(nodes + used);
      last = nodes + capacity * NODE_BYTES;
    }
    node.start = p;
    node.key = key;
    node.keyLength = keyLength;
    node.span = 1;
    if (keyEscaped) node.flags = JsonFlag.KeyEscaped;
    if (container != 0) changetype<JsonNode>(container).length++;
    const c = load<u8>(p);
    let first = false; // in its container
    if (c == 0x22) {
      const quote = scanString(p + 1);
      if (quote == 0) return false;
      node.kind = JsonKind.String;
      node.start = p + 1;
      node.length = <u32>(quote - p - 1);
      if (escaped) node.flags |= JsonFlag.Escaped;
      p = quote + 1;
    } else if (c == 0x7b || c == 0x5b) {
      if (depth++ == JSON_DEPTH_LIMIT) return fault(p, "containers may be 64 deep") != 0;
      node.kind = c == 0x7b ? JsonKind.Object : JsonKind.Array;
      node.span = container == 0 ? 0 : <u32>(changetype<usize>(node) - container);
      container = changetype<usize>(node);
      first = true;
      p++;
    } else {
      p = parseScalar(p, c, node);
      if (p == 0) return false;
    }
    node = changetype<JsonNode>(changetype<usize>(node) + NODE_BYTES);
    // Then containers may end, and either the document does or the next value follows: behind a comma, or first in its container.
    while (true) {
      p = skipSpace(p, limit);
      if (container == 0) return p == limit || fault(p, "there is text behind the document") != 0;
      const inner = changetype<JsonNode>(container);
      const isArray = inner.kind == JsonKind.Array;
      const d = p < limit ? load<u8>(p) : 0;
      if (d == (isArray ? 0x5d : 0x7d)) {
        container = parentOf(inner);
        depth--;
        inner.span = <u32>(changetype<usize>(node) - changetype<usize>(inner)) / NODE_BYTES;
        if (!isArray && inner.length > 1 && !namesDiffer(inner)) return false;
        first = false;
        p++;
        continue;
      }
      if (!first) {
        if (d != 0x2c) return fault(p, isArray ? "expected ',' or ']'" : "expected ',' or '}'") != 0;
        p = skipSpace(p + 1, limit);
      }
      if (isArray) {
        key = 0;
        keyLength = 0;
        keyEscaped = false;
        break;
      }
      if (p == limit || load<u8>(p) != 0x22) {
        return fault(p, first ? "expected a name in quotes or '}'" : "expected a name in quotes") != 0;
      }
      key = p + 1;
      p = scanString(key);
      if (p == 0) return false;
      keyLength = <u32>(p - key);
      keyEscaped = escaped;
      p = skipSpace(p + 1, limit);
      if (p == limit || load<u8>(p) != 0x3a) return fault(p, "expected ':'") != 0;
      p++;
      break;
    }
  }
}

/** Reports that the array of nodes did not grow for the value at `p`. */
function faultOfGrowth(p: usize): bool {
  if (capacity >= JSON_NODE_LIMIT) faultAt(p, Errno.E2BIG, "a document may have 65536 values");
  else fail(failing, Errno.ENOMEM, "out of memory");
  return false;
}

/** Passes the value at `p`, which begins with `c` and is neither string nor container, and describes it in `node`; 0 after a fault. */
function parseScalar(p: usize, c: u8, node: JsonNode): usize {
  switch (c) {
    case 0x74:
      return scanWord(p, node, JsonKind.True, 0x65757274); // "true", as a little-endian number
    case 0x66:
      return scanWord(p + 1, node, JsonKind.False, 0x65736c61); // "alse"
    case 0x6e:
      return scanWord(p, node, JsonKind.Null, 0x6c6c756e); // "null"
    case 0x2d:
    case 0x30:
    case 0x31:
    case 0x32:
    case 0x33:
    case 0x34:
    case 0x35:
    case 0x36:
    case 0x37:
    case 0x38:
    case 0x39:
      return scanNumber(p, node);
    case 0xef:
      if (p == text) return fault(p, "a byte order mark is not allowed");
      return fault(p, "expected a value");
    default:
      return fault(p, "expected a value");
  }
}

/** Whether all members of `object` have different names; complains otherwise. */
function namesDiffer(object: JsonNode): bool {
  const duplicate = findDuplicate(object);
  if (duplicate == 0) return true;
  if (duplicate == DUPLICATES_UNKNOWN) {
    fail(failing, Errno.ENOMEM, "out of memory");
    return false;
  }
  const member = changetype<JsonNode>(duplicate);
  fault(member.key - 1, "the name ");
  failPutBytes(failing, member.key - 1, member.keyLength + 2);
  failPut(failing, " is already used in this object");
  return false;
}

/** Passes a word whose last four bytes, at `p`, are `tail`. */
function scanWord(p: usize, node: JsonNode, kind: JsonKind, tail: u32): usize {
  if (p + 4 > end || load<u32>(p) != tail) return fault(node.start, "expected a value");
  node.kind = kind;
  return p + 4;
}

function scanNumber(p: usize, node: JsonNode): usize {
  node.kind = JsonKind.Integer;
  let q = p;
  if (load<u8>(q) == 0x2d) q++;
  const digits = q;
  if (!isDigit(q)) return fault(q, "expected a digit");
  if (load<u8>(q++) == 0x30) {
    if (isDigit(q)) return fault(digits, "a number has a leading zero");
  } else while (isDigit(q)) q++;
  const digitsEnd = q;
  if (q < end && load<u8>(q) == 0x2e) {
    node.kind = JsonKind.Float;
    if (!isDigit(++q)) return fault(q, "expected a digit behind the point");
    while (isDigit(q)) q++;
  }
  if (q < end && (load<u8>(q) | 0x20) == 0x65) {
    node.kind = JsonKind.Float;
    q++;
    if (q < end && (load<u8>(q) == 0x2b || load<u8>(q) == 0x2d)) q++;
    if (!isDigit(q)) return fault(q, "expected a digit of the exponent");
    while (isDigit(q)) q++;
  }
  node.length = <u32>(q - p);
  if (digits != p && load<u8>(digits) != 0x30) node.flags |= JsonFlag.Negative;
  if (node.kind == JsonKind.Integer && digitsEnd - digits > 18) checkRange(node, digits, digitsEnd);
  return q;
}

/** Sets the flags of an integer of 19 digits or more. */
function checkRange(node: JsonNode, p: usize, digitsEnd: usize): void {
  let v: u64 = 0;
  for (; p < digitsEnd; p++) {
    const digit = <u64>(load<u8>(p) - 0x30);
    if (v > (u64.MAX_VALUE - digit) / 10) {
      node.flags |= JsonFlag.OutOfRange;
      return;
    }
    v = v * 10 + digit;
  }
  const top: u64 = 1 << 63;
  if (node.flags & JsonFlag.Negative) {
    if (v > top) node.flags |= JsonFlag.OutOfRange;
  } else if (v >= top) node.flags |= JsonFlag.AboveI64;
}

/** Passes the bytes at `p` that need no attention, eight at a time: ASCII other than quotes, backslashes and control characters. */
@inline
function skipPlain(p: usize, limit: usize): usize {
  // Each byte of `stop` has its high bit set where x has something else. Borrows can set further bits only above the first, which is
  // the one that counts.
  for (; p + 8 <= limit; p += 8) {
    const x = load<u64>(p);
    const quote = (x ^ 0x2222222222222222) - 0x0101010101010101;
    const backslash = (x ^ 0x5c5c5c5c5c5c5c5c) - 0x0101010101010101;
    const stop = (x | quote | backslash | (x - 0x2020202020202020)) & 0x8080808080808080;
    if (stop != 0) return p + ((<usize>ctz(stop)) >> 3);
  }
  return p;
}

/** From behind the opening quote to the closing one, whose position it returns; sets `escaped`. */
function scanString(p: usize): usize {
  const limit = end;
  escaped = false;
  for (p = skipPlain(p, limit); p < limit; p = skipPlain(p, limit)) {
    const c = load<u8>(p);
    if (c == 0x22) return p;
    if (c == 0x5c) {
      escaped = true;
      p = scanEscape(p);
      if (p == 0) return 0;
    } else if (c < 0x20) return fault(p, "a string holds a control character; write it as an escape");
    else if (c < 0x80) p++;
    else {
      p = scanUtf8(p, c);
      if (p == 0) return 0;
    }
  }
  return fault(p, "a string is not closed");
}

function scanEscape(p: usize): usize {
  if (p + 1 >= end) return fault(p, "a string is not closed");
  switch (load<u8>(p + 1)) {
    case 0x22:
    case 0x2f:
    case 0x5c:
    case 0x62:
    case 0x66:
    case 0x6e:
    case 0x72:
    case 0x74:
      return p + 2;
    case 0x75: {
      const unit = hexUnit(p + 2);
      if (unit < 0) return fault(p, "\\u needs four hexadecimal digits");
      if ((unit & 0xf800) != 0xd800) return p + 6;
      if (unit < 0xdc00 && p + 8 <= end && load<u16>(p + 6) == 0x755c && (hexUnit(p + 8) & 0xfffffc00) == 0xdc00) return p + 12;
      return fault(p, "a surrogate stands alone");
    }
    default:
      return fault(p, "unknown escape");
  }
}

/** Value of the four hexadecimal digits at `p`, or -1 when there are not four. */
function hexUnit(p: usize): i32 {
  if (p + 4 > end) return -1;
  let v = 0;
  for (let i: u32 = 0; i < 4; i++) {
    const c = <u32>load<u8>(p + i);
    if (c - 0x30 < 10) v = (v << 4) | (c - 0x30);
    else if ((c | 0x20) - 0x61 < 6) v = (v << 4) | ((c | 0x20) - 0x57);
    else return -1;
  }
  return v;
}

/** Passes one well-formed sequence with the lead byte `lead` >= 0x80 (Unicode 15, table 3-7): no surrogates, nothing overlong. */
function scanUtf8(p: usize, lead: u8): usize {
  let low: u8 = 0x80;
  let high: u8 = 0xbf;
  let more: u32 = 1;
  if (lead < 0xc2 || lead > 0xf4) return fault(p, "invalid UTF-8");
  if (lead >= 0xf0) {
    more = 3;
    if (lead == 0xf0) low = 0x90;
    if (lead == 0xf4) high = 0x8f;
  } else if (lead >= 0xe0) {
    more = 2;
    if (lead == 0xe0) low = 0xa0;
    if (lead == 0xed) high = 0x9f;
  }
  const next = p + 1 + more;
  if (next > end) return fault(p, "invalid UTF-8");
  if (load<u8>(p + 1) < low || load<u8>(p + 1) > high) return fault(p, "invalid UTF-8");
  for (let q = p + 2; q < next; q++) if ((load<u8>(q) & 0xc0) != 0x80) return fault(p, "invalid UTF-8");
  return next;
}
