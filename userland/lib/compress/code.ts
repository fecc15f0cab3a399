// A prefix code of deflate (RFC 1951, 3.2) as a table: the next `rootBits` bits of the input give an entry, and codes that are longer lead
// on to a table of their own behind the first.

/** An entry: bits 0-3 how many bits it takes, 8-11 extra bits that follow, 16-31 a value. */
export const enum EntryBit {
  /** The value is a literal. */
  Literal = 0x10,
  /** End of block, a further table, or no code at all. */
  Special = 0x20,
  /** A further table: it begins at entry `value` and is indexed by as many bits as are in bits 8-11. */
  Table = 0x40,
  /** End of block. */
  End = 0x80,
}

const MAX_BITS: u32 = 15;
const perLength: usize = memory.data(64, 8);
const nextCode: usize = memory.data(64, 8);

/** The lowest `count` bits of `bits` in the opposite order: deflate sends codes from their first bit on. */
function reverse(bits: u32, count: u32): u32 {
  let reversed: u32 = 0;
  for (let i: u32 = 0; i < count; i++) reversed |= ((bits >> i) & 1) << (count - 1 - i);
  return reversed;
}

/**
 * Makes the table at `table` of `entries` entries for the code whose `count` symbols have these `lengths` (a byte each), where `meaning` has an entry
 * without its length for each symbol. False when the lengths are no code. What no code leads to is Special alone.
 */
export function makeCode(table: usize, entries: u32, rootBits: u32, lengths: usize, count: u32, meaning: usize): bool {
  memory.fill(perLength, 0, 64);
  for (let i: u32 = 0; i < count; i++) {
    const at = perLength + ((<usize>load<u8>(lengths + i)) << 2);
    store<u32>(at, load<u32>(at) + 1);
  }
  store<u32>(perLength, 0);
  let code: u32 = 0;
  for (let length: u32 = 1; length <= MAX_BITS; length++) {
    code = (code + load<u32>(perLength + ((length - 1) << 2))) << 1;
    store<u32>(nextCode + (length << 2), code);
    if (code + load<u32>(perLength + (length << 2)) > (<u32>1) << length) return false;
  }
  const root: u32 = 1 << rootBits;
  for (let i: u32 = 0; i < root; i++) store<u32>(table + (i << 2), EntryBit.Special);
  let used = root;
  for (let symbol: u32 = 0; symbol < count; symbol++) {
    const length = <u32>load<u8>(lengths + symbol);
    if (length == 0) continue;
    const at = nextCode + (length << 2);
    const bits = reverse(load<u32>(at), length);
    store<u32>(at, load<u32>(at) + 1);
    const entry = load<u32>(meaning + (symbol << 2));
    if (length <= rootBits) {
      for (let i = bits; i < root; i += 1 << length) store<u32>(table + (i << 2), entry | length);
      continue;
    }
    const slot = table + ((bits & (root - 1)) << 2);
    if ((load<u32>(slot) & EntryBit.Table) == 0) {
      const width = widthFrom(length, rootBits);
      const size: u32 = 1 << width;
      if (used + size > entries) return false;
      for (let i = used; i < used + size; i++) store<u32>(table + (i << 2), EntryBit.Special);
      store<u32>(slot, (used << 16) | (width << 8) | EntryBit.Special | EntryBit.Table | rootBits);
      used += size;
    }
    const further = load<u32>(slot);
    const size: u32 = 1 << ((further >> 8) & 15);
    const start = further >> 16;
    for (let i = bits >> rootBits; i < size; i += 1 << (length - rootBits))
      store<u32>(table + ((start + i) << 2), entry | (length - rootBits));
  }
  return true;
}

/** Index bits of the further table whose shortest code has `length` bits: as many as it takes until the codes that are left fill it. */
function widthFrom(length: u32, rootBits: u32): u32 {
  // The longest code of all would always do, and is never far off.
  let longest = MAX_BITS;
  while (longest > length && load<u32>(perLength + (longest << 2)) == 0) longest--;
  return longest - rootBits;
}
