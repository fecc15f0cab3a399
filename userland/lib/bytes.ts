// Byte strings. File names, command lines and file contents are bytes, not UTF-16; a host program keeps them in an ordinary `string` with one
// code unit (0 to 255) per byte, so that any name survives unchanged and every string method works. ASCII literals are byte strings already.

/** The bytes of byte string `s`, ready for a call. */
export function toBytes(s: string): StaticArray<u8> {
  const n = s.length;
  const bytes = new StaticArray<u8>(n);
  const to = changetype<usize>(bytes);
  const from = changetype<usize>(s);
  for (let i = 0; i < n; i++) store<u8>(to + i, load<u8>(from + (i << 1)));
  return bytes;
}

/** The byte string of the `n` bytes at `p`. */
export function fromBytes(p: usize, n: i32): string {
  if (n <= 0) return "";
  const s = changetype<string>(__new(n << 1, idof<string>()));
  const to = changetype<usize>(s);
  for (let i = 0; i < n; i++) store<u16>(to + (i << 1), load<u8>(p + i));
  return s;
}

/** Strings packed as calls take them: each followed by NUL. */
export function packStrings(strings: string[]): StaticArray<u8> {
  let bytes = 0;
  for (let i = 0; i < strings.length; i++) bytes += strings[i].length + 1;
  const packed = new StaticArray<u8>(bytes);
  let to = changetype<usize>(packed);
  for (let i = 0; i < strings.length; i++) {
    const s = strings[i];
    for (let j = 0; j < s.length; j++) store<u8>(to++, <u8>s.charCodeAt(j));
    store<u8>(to++, 0);
  }
  return packed;
}

/** -1, 0 or 1: byte order of two byte strings. */
export function compareBytes(a: string, b: string): i32 {
  return a < b ? -1 : a > b ? 1 : 0;
}
