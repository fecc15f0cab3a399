// Unpacks zstd (RFC 8878) as a stream: frames one after the other, skippable ones passed over, checksums and sizes verified. A frame may
// look back as far as WINDOW_LIMIT, which section 3.1.1.1.2 asks of decoders; dictionaries are not known.

import { Errno } from "../../../kernel/errno";
import { XxHash64 } from "../hash/xxhash";
import { backwardStart, bitsAt } from "./bits";
import { FseTable } from "./fse";
import { HuffmanTable } from "./huffman";
import { copyMatch } from "./match";
import { ByteSource } from "./source";

const MAGIC: u32 = 0xfd2fb528;
const SKIPPABLE_MAGIC: u32 = 0x184d2a50;
const WINDOW_LIMIT: u64 = 8 << 20;
const BLOCK_BYTES: u32 = 128 << 10;
/** What may be looked at, or written, beyond the ends of a buffer. */
const SLACK_BYTES: u32 = 32;
const LITERAL_LENGTH_LOG: u32 = 9;
const OFFSET_LOG: u32 = 8;
const MATCH_LENGTH_LOG: u32 = 9;

/** Codes of literal lengths and match lengths: base and number of extra bits (3.1.1.3.2.1.1). */
// prettier-ignore
const LITERAL_BASE: StaticArray<u32> = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 20, 22, 24, 28, 32, 40, 48, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384,
  32768, 65536,
];
// prettier-ignore
const LITERAL_BITS: StaticArray<u8> = [
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
];
// prettier-ignore
const MATCH_BASE: StaticArray<u32> = [
  3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 37, 39, 41,
  43, 47, 51, 59, 67, 83, 99, 131, 259, 515, 1027, 2051, 4099, 8195, 16387, 32771, 65539,
];
// prettier-ignore
const MATCH_BITS: StaticArray<u8> = [
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9,
  10, 11, 12, 13, 14, 15, 16,
];
const OFFSET_CODES: i32 = 32;

/** The tables that need no description (3.1.1.3.2.2). */
// prettier-ignore
const LITERAL_COUNTS: StaticArray<i8> = [
  4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1,
];
// prettier-ignore
const MATCH_COUNTS: StaticArray<i8> = [
  1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
  -1, -1, -1, -1, -1, -1, -1,
];
// prettier-ignore
const OFFSET_COUNTS: StaticArray<i8> = [
  1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1,
];

const enum BlockType {
  Raw = 0,
  Repeat = 1,
  Compressed = 2,
}

/** Ways to give the literals of a block, and the tables of its sequences. */
const enum LiteralType {
  Raw = 0,
  Repeat = 1,
  Compressed = 2,
  Treeless = 3,
}

const enum TableMode {
  Predefined = 0,
  Single = 1,
  Described = 2,
  Repeat = 3,
}

export class ZstdSource extends ByteSource {
  private error: i64 = 0;
  /** Between frames; and at the end of all. */
  private isInFrame: bool = false;
  private isAtEnd: bool = false;
  private isFirstFrame: bool = true;
  /** Of the frame. */
  private hasChecksum: bool = false;
  private contentSize: i64 = -1;
  private window: u32 = 0;
  private blockLimit: u32 = 0;
  private produced: u64 = 0;
  private hash: XxHash64 = new XxHash64();
  /** What stands in the window and what is unpacked behind it; given out as far as outputAt. */
  private buffer: StaticArray<u8> = new StaticArray<u8>(0);
  private bufferEnd: usize = 0;
  private outputStart: usize = 0;
  private outputAt: usize = 0;
  private outputEnd: usize = 0;
  /** A block as it came, and its literals. */
  private block: StaticArray<u8> = new StaticArray<u8>(<i32>(BLOCK_BYTES + 2 * SLACK_BYTES));
  private literalBuffer: StaticArray<u8> = new StaticArray<u8>(<i32>(BLOCK_BYTES + SLACK_BYTES));
  private literals: usize = 0;
  private literalsEnd: usize = 0;
  private huffman: HuffmanTable = new HuffmanTable();
  private literalTable: FseTable = new FseTable();
  private offsetTable: FseTable = new FseTable();
  private matchTable: FseTable = new FseTable();
  private repeat1: u32 = 1;
  private repeat2: u32 = 4;
  private repeat3: u32 = 8;

  constructor(private source: ByteSource) {
    super();
  }

  /** Gives unpacked bytes; -EBADMSG once the data are damaged, -EOPNOTSUPP when they need a dictionary or a window beyond the limit. */
  read(p: usize, n: u32): i64 {
    while (this.outputAt == this.outputEnd && this.error == 0 && !this.isAtEnd) {
      if (this.isInFrame) this.readBlock();
      else this.startFrame();
    }
    const count = min<usize>(n, this.outputEnd - this.outputAt);
    if (count == 0) return this.error;
    memory.copy(p, this.outputAt, count);
    this.outputAt += count;
    return count;
  }

  private fail(error: i64): void {
    if (this.error == 0) this.error = error;
  }

  private damaged(): void {
    this.fail(-Errno.EBADMSG);
  }

  /** Reads `n` bytes to the block buffer; false at the input's end. */
  private take(n: u32): bool {
    const got = this.source.readFully(this.blockStart, n);
    if (got < 0) this.fail(got);
    return got == n;
  }

  @inline
  private get blockStart(): usize {
    return changetype<usize>(this.block) + SLACK_BYTES;
  }

  private startFrame(): void {
    const p = this.blockStart;
    const got = this.source.readFully(p, 4);
    if (got < 0) return this.fail(got);
    if (got == 0 && !this.isFirstFrame) {
      this.isAtEnd = true;
      return;
    }
    const magic = load<u32>(p);
    if (got == 4 && (magic & 0xfffffff0) == SKIPPABLE_MAGIC) {
      if (!this.take(4)) return this.damaged();
      const bytes = load<u32>(p);
      if (this.source.skip(bytes) != bytes) this.damaged();
      this.isFirstFrame = false;
      return;
    }
    if (got != 4 || magic != MAGIC || !this.take(1)) return this.damaged();
    this.isFirstFrame = false;
    this.readHeader(load<u8>(p));
  }

  /** The rest of a frame's header, which begins with `descriptor` (3.1.1.1). */
  private readHeader(descriptor: u32): void {
    const isSingle = (descriptor & 0x20) != 0;
    const sizeFlag = descriptor >> 6;
    const sizeBytes: u32 = sizeFlag == 0 ? u32(isSingle) : 1 << sizeFlag;
    const dictionaryBytes: u32 = (1 << (descriptor & 3)) >> 1;
    const p = this.blockStart;
    store<u64>(p, 0, 16);
    if ((descriptor & 8) != 0 || !this.take(u32(!isSingle) + dictionaryBytes + sizeBytes)) return this.damaged();
    let at = p;
    let window: u64 = 0;
    if (!isSingle) {
      const byte = <u64>load<u8>(at++);
      window = (<u64>1) << (10 + (byte >> 3));
      window += (window >> 3) * (byte & 7);
    }
    for (let i: u32 = 0; i < dictionaryBytes; i++) if (load<u8>(at++) != 0) return this.fail(-Errno.EOPNOTSUPP);
    let size: u64 = 0;
    for (let i: u32 = 0; i < sizeBytes; i++) size |= (<u64>load<u8>(at + i)) << (8 * i);
    if (sizeBytes == 2) size += 256;
    this.contentSize = sizeBytes == 0 ? -1 : <i64>size;
    if (isSingle) window = size;
    if (window > WINDOW_LIMIT) return this.fail(-Errno.EOPNOTSUPP);
    this.hasChecksum = (descriptor & 4) != 0;
    this.window = <u32>window;
    this.blockLimit = min(this.window, BLOCK_BYTES);
    this.startOutput();
    this.isInFrame = true;
  }

  /** Empties the window for a new frame. */
  private startOutput(): void {
    const room = this.window + max(this.window >> 1, 2 * BLOCK_BYTES) + SLACK_BYTES;
    if (<u32>this.buffer.length < room) this.buffer = new StaticArray<u8>(<i32>room);
    this.outputStart = this.outputAt = this.outputEnd = changetype<usize>(this.buffer);
    this.bufferEnd = this.outputStart + this.buffer.length - SLACK_BYTES;
    this.produced = 0;
    this.hash = new XxHash64();
    this.huffman = new HuffmanTable();
    this.literalTable.isSet = this.offsetTable.isSet = this.matchTable.isSet = false;
    this.repeat1 = 1;
    this.repeat2 = 4;
    this.repeat3 = 8;
  }

  /** Unpacks one block; all before it has been given out. */
  private readBlock(): void {
    const p = this.blockStart;
    if (this.outputEnd + BLOCK_BYTES > this.bufferEnd) {
      const start = changetype<usize>(this.buffer);
      memory.copy(start, this.outputEnd - this.window, this.window);
      this.outputStart = start;
      this.outputAt = this.outputEnd = start + this.window;
    }
    if (!this.take(3)) return this.damaged();
    const header = load<u16>(p) | ((<u32>load<u8>(p, 2)) << 16);
    const size = header >> 3;
    if (size > this.blockLimit) return this.damaged();
    switch ((header >> 1) & 3) {
      case BlockType.Raw:
        if (!this.take(size)) return this.damaged();
        memory.copy(this.outputEnd, p, size);
        this.outputEnd += size;
        break;
      case BlockType.Repeat:
        if (!this.take(1)) return this.damaged();
        memory.fill(this.outputEnd, load<u8>(p), size);
        this.outputEnd += size;
        break;
      case BlockType.Compressed:
        if (!this.take(size) || !this.unpackBlock(p, size)) return this.damaged();
        break;
      default:
        return this.damaged();
    }
    const bytes = <u32>(this.outputEnd - this.outputAt);
    this.produced += bytes;
    if (this.hasChecksum) this.hash.update(this.outputAt, bytes);
    if ((header & 1) != 0) this.endFrame();
  }

  private endFrame(): void {
    this.isInFrame = false;
    if (this.contentSize >= 0 && <u64>this.contentSize != this.produced) this.damaged();
    if (this.hasChecksum && (!this.take(4) || load<u32>(this.blockStart) != <u32>this.hash.digest())) this.damaged();
  }

  /** A compressed block of `bytes` bytes at `p`; false when it is damaged. */
  private unpackBlock(p: usize, bytes: u32): bool {
    const used = this.readLiterals(p, bytes);
    return used != 0 && this.readSequences(p + used, bytes - used);
  }

  /** The literals of a block: the bytes they take, 0 when they are damaged (3.1.1.3.1). */
  private readLiterals(p: usize, bytes: u32): u32 {
    if (bytes == 0) return 0;
    const type = (<u32>load<u8>(p)) & 3;
    const format = ((<u32>load<u8>(p)) >> 2) & 3;
    const head = load<u64>(p); // there is slack behind the block
    const buffer = changetype<usize>(this.literalBuffer);
    this.literals = buffer;
    if (type <= <u32>LiteralType.Repeat) {
      const used: u32 = (format & 1) == 0 ? 1 : format == 1 ? 2 : 3;
      const count = used == 1 ? ((<u32>head) >> 3) & 31 : used == 2 ? ((<u32>head) >> 4) & 0xfff : ((<u32>head) >> 4) & 0xfffff;
      const size: u32 = type == LiteralType.Raw ? count : 1;
      if (count > this.blockLimit || used + size > bytes) return 0;
      if (type == LiteralType.Raw) memory.copy(buffer, p + used, count);
      else memory.fill(buffer, load<u8>(p + used), count);
      this.literalsEnd = buffer + count;
      return used + size;
    }
    const width: u64 = format <= 1 ? 10 : format == 2 ? 14 : 18;
    const used: u32 = format <= 1 ? 3 : format == 2 ? 4 : 5;
    const count = <u32>((head >> 4) & ((1 << width) - 1));
    const size = <u32>((head >> (4 + width)) & ((1 << width) - 1));
    if (count > this.blockLimit || used + size > bytes) return 0;
    this.literalsEnd = buffer + count;
    let at = p + used;
    let left = size;
    if (type == LiteralType.Compressed) {
      const table = this.huffman.read(at, left);
      if (table == 0) return 0;
      at += table;
      left -= table;
    } else if (!this.huffman.isSet) return 0;
    const isSound = format == 0 ? this.huffman.decode(at, left, buffer, count) : this.decodeFour(at, left, buffer, count);
    return isSound ? used + size : 0;
  }

  /** Literals in four streams (3.1.1.3.1.6). */
  private decodeFour(p: usize, bytes: u32, to: usize, count: u32): bool {
    const each = (count + 3) >> 2;
    if (bytes < 10 || each * 3 > count) return false;
    const first = <u32>load<u16>(p);
    const second = <u32>load<u16>(p, 2);
    const third = <u32>load<u16>(p, 4);
    if (first + second + third + 6 >= bytes) return false;
    p += 6;
    const h = this.huffman;
    return (
      h.decode(p, first, to, each) &&
      h.decode(p + first, second, to + each, each) &&
      h.decode(p + first + second, third, to + each * 2, each) &&
      h.decode(p + first + second + third, bytes - 6 - first - second - third, to + each * 3, count - each * 3)
    );
  }

  /** The table of one kind of code: the bytes its description takes, -1 when it is damaged. */
  private readTable(
    table: FseTable,
    mode: u32,
    p: usize,
    bytes: u32,
    predefined: StaticArray<i8>,
    log: u32,
    maxSymbol: i32,
    maxLog: u32,
  ): i32 {
    switch (mode) {
      case TableMode.Predefined:
        table.setCounts(predefined, log);
        return 0;
      case TableMode.Single:
        if (bytes == 0 || <i32>load<u8>(p) > maxSymbol) return -1;
        table.setSingle(load<u8>(p));
        return 1;
      case TableMode.Described: {
        const used = table.read(p, bytes, maxSymbol, maxLog);
        return used == 0 ? -1 : used;
      }
      default:
        return table.isSet ? 0 : -1;
    }
  }

  /** The sequences in the `bytes` bytes at `p`, carried out; false when they are damaged (3.1.1.3.2). */
  private readSequences(p: usize, bytes: u32): bool {
    const end = p + bytes;
    if (bytes == 0) return false;
    let count = <u32>load<u8>(p++);
    if (count == 0) return p == end && this.finishBlock(this.outputEnd, this.literals);
    if (count >= 128) {
      if (end - p < 2) return false;
      if (count < 255) count = ((count - 128) << 8) + load<u8>(p++);
      else {
        count = <u32>load<u16>(p) + 0x7f00;
        p += 2;
      }
    }
    if (p >= end) return false;
    const modes = <u32>load<u8>(p++);
    if ((modes & 3) != 0) return false;
    let used = this.readTable(
      this.literalTable,
      modes >> 6,
      p,
      <u32>(end - p),
      LITERAL_COUNTS,
      6,
      LITERAL_BASE.length - 1,
      LITERAL_LENGTH_LOG,
    );
    if (used < 0) return false;
    p += used;
    used = this.readTable(this.offsetTable, (modes >> 4) & 3, p, <u32>(end - p), OFFSET_COUNTS, 5, OFFSET_CODES - 1, OFFSET_LOG);
    if (used < 0) return false;
    p += used;
    used = this.readTable(this.matchTable, (modes >> 2) & 3, p, <u32>(end - p), MATCH_COUNTS, 6, MATCH_BASE.length - 1, MATCH_LENGTH_LOG);
    if (used < 0) return false;
    p += used;
    return this.carryOut(p, <u32>(end - p), count);
  }

  /** Carries out `count` sequences, given by the backward stream of `bytes` bytes at `p`. */
  private carryOut(p: usize, bytes: u32, count: u32): bool {
    const literalEntries = changetype<usize>(this.literalTable.entries);
    const offsetEntries = changetype<usize>(this.offsetTable.entries);
    const matchEntries = changetype<usize>(this.matchTable.entries);
    const limit = this.outputEnd + this.blockLimit;
    const start = this.outputStart;
    const literalsEnd = this.literalsEnd;
    let literals = this.literals;
    let output = this.outputEnd;
    let repeat1 = this.repeat1;
    let repeat2 = this.repeat2;
    let repeat3 = this.repeat3;
    let at = backwardStart(p, bytes);
    if (at < 0) return false;
    at -= this.literalTable.log;
    let literalState = bitsAt(p, at, this.literalTable.log);
    at -= this.offsetTable.log;
    let offsetState = bitsAt(p, at, this.offsetTable.log);
    at -= this.matchTable.log;
    let matchState = bitsAt(p, at, this.matchTable.log);
    for (let i: u32 = 0; i < count; i++) {
      const literalEntry = load<u32>(literalEntries + (literalState << 2));
      const offsetEntry = load<u32>(offsetEntries + (offsetState << 2));
      const matchEntry = load<u32>(matchEntries + (matchState << 2));
      const offsetCode = offsetEntry & 0xff;
      at -= offsetCode;
      const offsetValue = ((<u64>1) << offsetCode) + bitsAt(p, at, offsetCode);
      const matchBits = <u32>unchecked(MATCH_BITS[matchEntry & 0xff]);
      at -= matchBits;
      const matchLength = unchecked(MATCH_BASE[matchEntry & 0xff]) + bitsAt(p, at, matchBits);
      const literalBits = <u32>unchecked(LITERAL_BITS[literalEntry & 0xff]);
      at -= literalBits;
      const literalLength = unchecked(LITERAL_BASE[literalEntry & 0xff]) + bitsAt(p, at, literalBits);
      if (i + 1 < count) {
        let bits = (literalEntry >> 8) & 0xff;
        at -= bits;
        literalState = (literalEntry >> 16) + bitsAt(p, at, bits);
        bits = (matchEntry >> 8) & 0xff;
        at -= bits;
        matchState = (matchEntry >> 16) + bitsAt(p, at, bits);
        bits = (offsetEntry >> 8) & 0xff;
        at -= bits;
        offsetState = (offsetEntry >> 16) + bitsAt(p, at, bits);
      }
      if (at < 0) return false;
      // Values up to 3 repeat an earlier offset (3.1.1.5).
      let offset: u32;
      if (offsetValue > 3) {
        if (offsetValue - 3 > WINDOW_LIMIT) return false;
        offset = <u32>(offsetValue - 3);
        repeat3 = repeat2;
        repeat2 = repeat1;
        repeat1 = offset;
      } else {
        const which = <u32>offsetValue - 1 + u32(literalLength == 0);
        if (which == 0) offset = repeat1;
        else {
          offset = which == 1 ? repeat2 : which == 2 ? repeat3 : repeat1 - 1;
          if (offset == 0) return false;
          if (which != 1) repeat3 = repeat2;
          repeat2 = repeat1;
          repeat1 = offset;
        }
      }
      if (<usize>literalLength > literalsEnd - literals || <usize>literalLength + matchLength > limit - output) return false;
      if (literalLength != 0) {
        let to = output;
        output += literalLength;
        let from = literals;
        literals += literalLength;
        do {
          store<u64>(to, load<u64>(from));
          to += 8;
          from += 8;
        } while (to < output);
      }
      if (<usize>offset > output - start) return false;
      copyMatch(output, offset, matchLength);
      output += matchLength;
    }
    if (at != 0) return false;
    this.repeat1 = repeat1;
    this.repeat2 = repeat2;
    this.repeat3 = repeat3;
    return this.finishBlock(output, literals);
  }

  /** The literals that are left stand at the block's end. */
  private finishBlock(output: usize, literals: usize): bool {
    const left = this.literalsEnd - literals;
    if (output + left > this.outputEnd + this.blockLimit) return false;
    memory.copy(output, literals, left);
    this.outputEnd = output + left;
    return true;
  }
}
