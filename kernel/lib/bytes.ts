// Byte strings in linear memory: a pointer and a length, or a pointer to a NUL-terminated string. Nothing here allocates.

/** Length of the NUL-terminated string at `p`, in bytes. */
export function cstringLength(p: usize): u32 {
  let n: u32 = 0;
  while (load<u8>(p + n) != 0) n++;
  return n;
}

/** True when the `n` bytes at `a` and `b` are the same. */
export function bytesEqual(a: usize, b: usize, n: u32): bool {
  if (n < 8) {
    // Two loads that overlap are cheaper than a loop.
    if (n >= 4) return load<u32>(a) == load<u32>(b) && load<u32>(a + n - 4) == load<u32>(b + n - 4);
    if (n >= 2) return load<u16>(a) == load<u16>(b) && load<u16>(a + n - 2) == load<u16>(b + n - 2);
    return n == 0 || load<u8>(a) == load<u8>(b);
  }
  const last = n - 8;
  for (let i: u32 = 0; i < last; i += 8) if (load<u64>(a + i) != load<u64>(b + i)) return false;
  return load<u64>(a + last) == load<u64>(b + last);
}

/** True when the `n` bytes at `p` spell the ASCII literal `s`. */
export function bytesEqualLiteral(p: usize, n: u32, s: string): bool {
  if (<i32>n != s.length) return false;
  const q = changetype<usize>(s);
  if (n < 4) {
    for (let i: u32 = 0; i < n; i++) if (load<u8>(p + i) != load<u16>(q + (i << 1))) return false;
    return true;
  }
  for (let i: u32 = 0; i < n - 4; i += 4) if (fourUnits(p + i) != load<u64>(q + (i << 1))) return false;
  return fourUnits(p + n - 4) == load<u64>(q + ((n - 4) << 1)); // overlaps what is compared already
}

/** The four bytes at `p` spread to the 16-bit units that a literal consists of. */
@inline
function fourUnits(p: usize): u64 {
  let x = <u64>load<u32>(p);
  x = (x | (x << 16)) & 0x0000ffff0000ffff;
  return (x | (x << 8)) & 0x00ff00ff00ff00ff;
}

/** True when the `n` bytes at `p` begin with the ASCII literal `s`. */
export function bytesStartWith(p: usize, n: u32, s: string): bool {
  return <i32>n >= s.length && bytesEqualLiteral(p, s.length, s);
}

/** -1, 0 or 1: order of two byte strings as memcmp gives it, the shorter first. */
export function bytesCompare(a: usize, aLength: u32, b: usize, bLength: u32): i32 {
  const n = min(aLength, bLength);
  for (let i: u32 = 0; i < n; i++) {
    const x = load<u8>(a + i);
    const y = load<u8>(b + i);
    if (x != y) return x < y ? -1 : 1;
  }
  return aLength == bLength ? 0 : aLength < bLength ? -1 : 1;
}

/** Index of the first byte `c` among the `n` bytes at `p`, or -1. */
export function bytesIndexOf(p: usize, n: u32, c: u8): i32 {
  for (let i: u32 = 0; i < n; i++) if (load<u8>(p + i) == c) return i;
  return -1;
}

/** 2^64 divided by the golden ratio, odd: a product's top bits depend on all bits of the factor (Knuth, volume 3, 6.4). */
export const HASH_FACTOR: u64 = 0x9e3779b97f4a7c15;

/** The `n` bytes at `p`, at most 7, as a little-endian number. Reads nothing else. */
export function bytesWord(p: usize, n: u32): u64 {
  // Loads that overlap are cheaper than a loop.
  if (n >= 4) return (<u64>load<u32>(p)) | ((<u64>load<u32>(p + n - 4)) << ((n - 4) << 3));
  if (n == 0) return 0;
  const half = n >> 1;
  return load<u8>(p) | ((<u64>load<u8>(p + half)) << (half << 3)) | ((<u64>load<u8>(p + n - 1)) << ((n - 1) << 3));
}

/** One step of bytesHash. */
@inline
export function hashStep(hash: u64, word: u64): u64 {
  return (rotl<u64>(hash, 32) ^ word) * HASH_FACTOR;
}

/** Hash of the `n` bytes at `p`, whose top bits are the best: by words of eight bytes, the last one filled up with zeros. */
export function bytesHash(p: usize, n: u32): u32 {
  let hash: u64 = 0;
  for (; n >= 8; n -= 8, p += 8) hash = hashStep(hash, load<u64>(p));
  if (n != 0) hash = hashStep(hash, bytesWord(p, n));
  return <u32>(hash >> 32);
}

/** Copies the ASCII literal `s` to `p` without a terminator; returns its length in bytes. */
export function putLiteral(p: usize, s: string): u32 {
  const n = s.length;
  const q = changetype<usize>(s);
  for (let i = 0; i < n; i++) store<u8>(p + i, load<u16>(q + (i << 1)));
  return n;
}

/** Parses an unsigned decimal number that fills all `n` bytes at `p`; -1 when it is empty, malformed or above i64. */
export function parseDecimal(p: usize, n: u32): i64 {
  if (n == 0 || n > 18) return -1;
  let v: i64 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const c = load<u8>(p + i);
    if (c < 0x30 || c > 0x39) return -1;
    v = v * 10 + (c - 0x30);
  }
  return v;
}

/** Parses an unsigned octal number that fills all `n` bytes at `p`; -1 when it is empty or malformed. */
export function parseOctal(p: usize, n: u32): i64 {
  if (n == 0 || n > 20) return -1;
  let v: i64 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const c = load<u8>(p + i);
    if (c < 0x30 || c > 0x37) return -1;
    v = (v << 3) | (c - 0x30);
  }
  return v;
}
