// Finite state entropy tables of zstd (RFC 8878, 4.1). An entry of four bytes is baseline << 16 | bits << 8 | symbol: the next state is the
// baseline and that many bits.

import { ForwardBits, highestBit } from "./bits";

/** Symbols that a table can have at most, and the largest accuracy there is. */
const SYMBOLS: i32 = 256;
const MAX_LOG: u32 = 9;

const counts: StaticArray<i16> = new StaticArray<i16>(SYMBOLS);
const nexts: StaticArray<u16> = new StaticArray<u16>(SYMBOLS);

export class FseTable {
  /** Bits of a state. */
  log: u32 = 0;
  /** False until there is a table: before that it cannot be repeated. */
  isSet: bool = false;
  readonly entries: StaticArray<u32> = new StaticArray<u32>(1 << MAX_LOG);

  /** The table of one symbol, which takes no bits. */
  setSingle(symbol: u32): void {
    this.log = 0;
    this.entries[0] = symbol;
    this.isSet = true;
  }

  /** The table of these probabilities, -1 for "less than 1". */
  setCounts(from: StaticArray<i8>, log: u32): void {
    for (let i = 0; i < from.length; i++) counts[i] = from[i];
    this.build(from.length, log);
  }

  /**
   * Reads the table's description of at most `bytes` bytes at `p`, for symbols up to `maxSymbol` and states of at most `maxLog` bits: the bytes it
   * takes, 0 when it is damaged.
   */
  read(p: usize, bytes: u32, maxSymbol: i32, maxLog: u32): u32 {
    const bits = new ForwardBits(p, bytes);
    const log = bits.read(4) + 5;
    if (log > maxLog) return 0;
    let remaining: i32 = 1 << log;
    let symbol = 0;
    while (remaining > 0 && symbol <= maxSymbol) {
      const width = highestBit(remaining + 1) + 1;
      let value = <i32>bits.read(width);
      const mask = (1 << (width - 1)) - 1;
      const threshold = (1 << width) - 1 - (remaining + 1);
      if ((value & mask) < threshold) {
        bits.at--;
        value &= mask;
      } else if (value > mask) value -= threshold;
      const count = value - 1;
      remaining -= count < 0 ? 1 : count;
      counts[symbol++] = <i16>count;
      if (count != 0) continue;
      for (let repeat = bits.read(2); ; repeat = bits.read(2)) {
        for (let i: u32 = 0; i < repeat && symbol <= maxSymbol; i++) counts[symbol++] = 0;
        if (repeat != 3 || bits.isOverrun) break;
      }
    }
    if (remaining != 0 || bits.isOverrun) return 0;
    return this.build(symbol, log) ? bits.bytesUsed : 0;
  }

  /** Spreads the symbols whose counts are known. */
  private build(symbols: i32, log: u32): bool {
    const size = 1 << log;
    const mask = size - 1;
    const step = (size >> 1) + (size >> 3) + 3;
    const entries = this.entries;
    let high = size;
    for (let s = 0; s < symbols; s++) {
      nexts[s] = <u16>max<i16>(counts[s], 1);
      if (counts[s] == -1) entries[--high] = s;
    }
    let at = 0;
    for (let s = 0; s < symbols; s++) {
      for (let i = 0; i < <i32>counts[s]; i++) {
        entries[at] = s;
        do {
          at = (at + step) & mask;
        } while (at >= high);
      }
    }
    if (at != 0) return false;
    for (let i = 0; i < size; i++) {
      const s = entries[i];
      const next = <u32>nexts[s];
      nexts[s] = <u16>(next + 1);
      const bits = log - highestBit(next);
      entries[i] = (((next << bits) - size) << 16) | (bits << 8) | s;
    }
    this.log = log;
    this.isSet = true;
    return true;
  }
}
