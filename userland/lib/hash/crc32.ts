// CRC-32 as gzip and zip use it (RFC 1952, 8), eight bytes at a time: table k holds what a byte does that has k more bytes behind it.

const TABLES: u32 = 8;
const tables: usize = memory.data(8192, 16);
let isMade: bool = false;

function make(): void {
  for (let i: u32 = 0; i < 256; i++) {
    let c = i;
    for (let bit = 0; bit < 8; bit++) c = (c & 1) != 0 ? (c >> 1) ^ 0xedb88320 : c >> 1;
    store<u32>(tables + (i << 2), c);
  }
  for (let at: usize = 1024; at < <usize>TABLES * 1024; at += 4) {
    const before = load<u32>(tables + at - 1024);
    store<u32>(tables + at, (before >> 8) ^ entry(0, before & 0xff));
  }
  isMade = true;
}

@inline
function entry(table: usize, byte: u32): u32 {
  return load<u32>(tables + (table << 10) + ((<usize>byte) << 2));
}

/** Takes the `n` bytes at `p` into `crc`, which begins as 0: the checksum of all so far. */
export function crc32(crc: u32, p: usize, n: u32): u32 {
  if (!isMade) make();
  crc = ~crc;
  for (; n >= 8; n -= 8, p += 8) {
    const low = load<u32>(p) ^ crc;
    const high = load<u32>(p, 4);
    crc =
      entry(7, low & 0xff) ^
      entry(6, (low >> 8) & 0xff) ^
      entry(5, (low >> 16) & 0xff) ^
      entry(4, low >> 24) ^
      entry(3, high & 0xff) ^
      entry(2, (high >> 8) & 0xff) ^
      entry(1, (high >> 16) & 0xff) ^
      entry(0, high >> 24);
  }
  for (; n > 0; n--, p++) crc = entry(0, (crc ^ load<u8>(p)) & 0xff) ^ (crc >> 8);
  return ~crc;
}
