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

/** Appends `v` in decimal, padded on the left with `pad` to at least `width` characters. */
export function putUnsigned(t: Text, v: u64, width: i32 = 0, pad: u8 = 0x20): void {
  let digits = 1;
  for (let x = v / 10; x != 0; x /= 10) digits++;
  const n = max(digits, width);
  if (!textReserve(t, n)) return;
  let p = t.data + t.length + n;
  for (let i = 0; i < n; i++) {
    p--;
    store<u8>(p, i < digits ? <u8>(0x30 + (v % 10)) : pad);
    v /= 10;
  }
  t.length += n;
}

export function putSigned(t: Text, v: i64): void {
  if (v < 0) {
    putByte(t, 0x2d);
    putUnsigned(t, 0 - <u64>v);
  } else putUnsigned(t, v);
}

/** Appends `v` in lower-case hexadecimal without a prefix, padded on the left with `pad` to at least `width` characters. */
export function putHex(t: Text, v: u64, width: i32 = 1, pad: u8 = 0x30): void {
  let digits = 1;
  for (let x = v >> 4; x != 0; x >>= 4) digits++;
  const n = max(digits, width);
  if (!textReserve(t, n)) return;
  let p = t.data + t.length + n;
  for (let i = 0; i < n; i++) {
    p--;
    const d = <u8>(v & 15);
    store<u8>(p, i >= digits ? pad : d < 10 ? 0x30 + d : 0x57 + d);
    v >>= 4;
  }
  t.length += n;
}

export function putOctal(t: Text, v: u64, width: i32 = 1): void {
  let digits = 1;
  for (let x = v >> 3; x != 0; x >>= 3) digits++;
  const n = max(digits, width);
  if (!textReserve(t, n)) return;
  let p = t.data + t.length + n;
  for (let i = 0; i < n; i++) {
    p--;
    store<u8>(p, 0x30 + <u8>(v & 7));
    v >>= 3;
  }
  t.length += n;
}
