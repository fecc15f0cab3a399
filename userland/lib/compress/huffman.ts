// Huffman codes of zstd's literals (RFC 8878, 4.2): the description of a code, and decoding of one stream.

import { backwardStart, bitsAt, highestBit } from "./bits";
import { FseTable } from "./fse";

/** Longest code, in bits; decoding looks up that many at once. */
const MAX_BITS: u32 = 11;
const MAX_WEIGHTS: u32 = 255;

export class HuffmanTable {
  /** Bits that are looked up; 0 until there is a code. */
  private log: u32 = 0;
  /** bits << 8 | symbol, by the next `log` bits. */
  private entries: StaticArray<u16> = new StaticArray<u16>(1 << MAX_BITS);
  private weights: StaticArray<u8> = new StaticArray<u8>(MAX_WEIGHTS + 1);
  private weightTable: FseTable = new FseTable();

  get isSet(): bool {
    return this.log != 0;
  }

  /** Reads the description of at most `bytes` bytes at `p`: the bytes it takes, 0 when it is damaged. */
  read(p: usize, bytes: u32): u32 {
    if (bytes == 0) return 0;
    const head = <u32>load<u8>(p);
    const used = head >= 128 ? (head - 126) / 2 + 1 : head + 1;
    if (used > bytes) return 0;
    const count = head >= 128 ? this.readDirect(p + 1, head - 127) : this.readCompressed(p + 1, head);
    return count > 0 && this.build(count) ? used : 0;
  }

  private readDirect(p: usize, count: u32): u32 {
    for (let i: u32 = 0; i < count; i++) {
      const byte = load<u8>(p + (i >> 1));
      this.weights[i] = (i & 1) == 0 ? byte >> 4 : byte & 15;
    }
    return count;
  }

  /** Weights as two FSE streams that take turns: how many, 0 when they are damaged. */
  private readCompressed(p: usize, bytes: u32): u32 {
    const table = this.weightTable;
    const header = table.read(p, bytes, 12, 6);
    if (header == 0) return 0;
    const stream = p + header;
    let at = backwardStart(stream, bytes - header);
    const log = table.log;
    const entries = table.entries;
    at -= log;
    let first = bitsAt(stream, at, log);
    at -= log;
    let second = bitsAt(stream, at, log);
    if (at < 0) return 0;
    let count: u32 = 0;
    // A state that wants more bits than there are is the last but one.
    while (count < MAX_WEIGHTS - 1) {
      const entry = entries[first];
      this.weights[count++] = <u8>entry;
      const bits = (entry >> 8) & 0xff;
      at -= bits;
      if (at < 0) {
        this.weights[count++] = <u8>entries[second];
        return count;
      }
      first = second;
      second = (entry >> 16) + bitsAt(stream, at, bits);
    }
    return 0;
  }

  /** Makes the table from `count` weights; the last symbol's weight fills what they leave. */
  private build(count: u32): bool {
    const weights = this.weights;
    let sum: u32 = 0;
    for (let i: u32 = 0; i < count; i++) {
      if (weights[i] > MAX_BITS) return false;
      if (weights[i] != 0) sum += 1 << (weights[i] - 1);
    }
    if (sum == 0) return false;
    const log = highestBit(sum) + 1;
    const left = (1 << log) - sum;
    if (log > MAX_BITS || popcnt(left) != 1) return false;
    weights[count++] = <u8>(highestBit(left) + 1);
    let at: u32 = 0;
    for (let weight: u32 = 1; weight <= log; weight++) {
      const length: u32 = 1 << (weight - 1);
      for (let symbol: u32 = 0; symbol < count; symbol++) {
        if (weights[symbol] != weight) continue;
        const entry = <u16>(((log + 1 - weight) << 8) | symbol);
        for (const end = at + length; at < end; at++) this.entries[at] = entry;
      }
    }
    this.log = log;
    return at == 1 << log;
  }

  /** Decodes `count` symbols of the stream of `bytes` bytes at `p` to `to`; false unless that is just what it holds. */
  decode(p: usize, bytes: u32, to: usize, count: u32): bool {
    const log = this.log;
    const mask: u64 = (1 << log) - 1;
    const entries = changetype<usize>(this.entries);
    let at = backwardStart(p, bytes);
    if (at < 0) return false;
    const end = to + count;
    // Four symbols out of one load of 64 bits, of which up to seven belong to what comes before.
    const fours = to + (count & ~3);
    while (to < fours && at >= 64) {
      const word = load<u64>(p + <usize>((at - 57) >> 3));
      let shift = <u64>((at - 57) & 7) + 57;
      let entry = load<u16>(entries + ((<usize>((word >> (shift - log)) & mask)) << 1));
      store<u8>(to, <u8>entry);
      shift -= entry >> 8;
      entry = load<u16>(entries + ((<usize>((word >> (shift - log)) & mask)) << 1));
      store<u8>(to, <u8>entry, 1);
      shift -= entry >> 8;
      entry = load<u16>(entries + ((<usize>((word >> (shift - log)) & mask)) << 1));
      store<u8>(to, <u8>entry, 2);
      shift -= entry >> 8;
      entry = load<u16>(entries + ((<usize>((word >> (shift - log)) & mask)) << 1));
      store<u8>(to, <u8>entry, 3);
      shift -= entry >> 8;
      at -= <i64>(<u64>((at - 57) & 7) + 57 - shift);
      to += 4;
    }
    while (to < end) {
      const entry = load<u16>(entries + ((<usize>bitsAt(p, at - log, log)) << 1));
      store<u8>(to++, <u8>entry);
      at -= entry >> 8;
    }
    return at == 0;
  }
}
