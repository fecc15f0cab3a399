// Text: a growable byte buffer for the text the kernel composes (procfs files, state JSON, log lines). Running out of memory is
// remembered in `failed` and turns into ENOMEM at the end, so that formatting code needs no check at every step.

import { kernelAlloc, kernelFree } from "../mm/heap";

@unmanaged
export class Text {
  data: usize;
  length: u32;
  capacity: u32;
  failed: bool;
}

/** Makes an empty text with room for `capacity` bytes; null when out of memory. Release it with textFree. */
export function textNew(capacity: u32 = 256): Text | null {
  const p = kernelAlloc(offsetof<Text>());
  if (p == 0) return null;
  const t = changetype<Text>(p);
  t.data = kernelAlloc(capacity);
  if (t.data == 0) {
    kernelFree(p);
    return null;
  }
  t.capacity = capacity;
  return t;
}

export function textFree(t: Text): void {
  if (t.data != 0) kernelFree(t.data);
  kernelFree(changetype<usize>(t));
}

/** Makes room for `n` more bytes; false (and `failed`) when out of memory. */
export function textReserve(t: Text, n: u32): bool {
  if (t.failed) return false;
  if (t.length + n <= t.capacity) return true;
  const capacity = max(t.capacity * 2, t.length + n);
  const data = kernelAlloc(capacity);
  if (data == 0) {
    t.failed = true;
    return false;
  }
  memory.copy(data, t.data, t.length);
  kernelFree(t.data);
  t.data = data;
  t.capacity = capacity;
  return true;
}

/** Appends an ASCII literal. */
export function put(t: Text, s: string): void {
  const n = s.length;
  if (!textReserve(t, n)) return;
  const q = changetype<usize>(s);
  const p = t.data + t.length;
  for (let i = 0; i < n; i++) store<u8>(p + i, load<u16>(q + (i << 1)));
  t.length += n;
}

export function putByte(t: Text, c: u8): void {
  if (!textReserve(t, 1)) return;
  store<u8>(t.data + t.length, c);
  t.length++;
}

export function putBytes(t: Text, p: usize, n: u32): void {
  if (!textReserve(t, n)) return;
  memory.copy(t.data + t.length, p, n);
  t.length += n;
}

/** Appends a NUL-terminated string. */
export function putCstring(t: Text, p: usize): void {
  let n: u32 = 0;
  while (load<u8>(p + n) != 0) n++;
  putBytes(t, p, n);
}

/** Appends the digits of `v` to `base`, in lower case, padded on the left with `pad` to at least `width` characters. */
@inline
function putDigits(t: Text, v: u64, base: u64, width: i32, pad: u8): void {
  let digits = 1;
  for (let x = v / base; x != 0; x /= base) digits++;
  const n = max(digits, width);
  if (!textReserve(t, n)) return;
  let p = t.data + t.length + n;
  for (let i = 0; i < n; i++) {
    p--;
    const d = <u8>(v % base);
    store<u8>(p, i >= digits ? pad : d < 10 ? 0x30 + d : 0x57 + d);
    v /= base;
  }
  t.length += n;
}

/** Appends `v` in decimal, padded on the left with `pad` to at least `width` characters. */
export function putUnsigned(t: Text, v: u64, width: i32 = 0, pad: u8 = 0x20): void {
  putDigits(t, v, 10, width, pad);
}

/** Appends `v` in decimal, padded on the left with spaces to at least `width` characters. */
export function putSigned(t: Text, v: i64, width: i32 = 0): void {
  const start = t.length;
  if (v < 0) putByte(t, 0x2d);
  putDigits(t, v < 0 ? 0 - <u64>v : v, 10, 0, 0x20);
  const n = <i32>(t.length - start);
  if (n >= width || !textReserve(t, width - n)) return;
  memory.copy(t.data + start + (width - n), t.data + start, n);
  memory.fill(t.data + start, 0x20, width - n);
  t.length += width - n;
}

/** Appends `v` in lower-case hexadecimal without a prefix, padded on the left with `pad` to at least `width` characters. */
export function putHex(t: Text, v: u64, width: i32 = 1, pad: u8 = 0x30): void {
  putDigits(t, v, 16, width, pad);
}

/** Appends `v` in octal without a prefix, padded on the left with `pad` to at least `width` characters. */
export function putOctal(t: Text, v: u64, width: i32 = 1, pad: u8 = 0x30): void {
  putDigits(t, v, 8, width, pad);
}
