// Unpacks gzip (RFC 1952) and the deflate data in it (RFC 1951) as a stream: the window of 32 KiB is all that is kept. Several members one
// after the other count as one file; checksums and lengths are verified.

import { Errno } from "../../../kernel/errno";
import { ByteSource } from "./source";

const WINDOW_BYTES: i32 = 32768;
/** The window, what is unpacked on top of it, and the longest match beyond. */
const OUTPUT_BYTES: i32 = WINDOW_BYTES * 2 + 512;
const INPUT_BYTES: i32 = 16384;
/** Longest code of deflate, in bits; decoding looks up that many at once. */
const CODE_BITS: u32 = 15;
const END_OF_BLOCK: i32 = 256;

/** What comes next in the input. */
const enum Next {
  Member,
  BlockHeader,
  Stored,
  Coded,
  Trailer,
  Nothing,
}

/** Flags of a member's header. */
const enum Flag {
  HeaderCrc = 2,
  Extra = 4,
  Name = 8,
  Comment = 16,
}

/** A prefix code as a table: index is the next 15 bits, value symbol << 4 | length, 0 where there is no code. */
class Code {
  readonly table: StaticArray<u16> = new StaticArray<u16>(1 << CODE_BITS);

  /** Makes the code of `count` symbols with these lengths; false when they are no code. */
  build(lengths: StaticArray<u8>, from: i32, count: i32): bool {
    const perLength = new StaticArray<i32>(CODE_BITS + 1);
    for (let i = 0; i < count; i++) perLength[lengths[from + i]]++;
    perLength[0] = 0;
    const next = new StaticArray<u32>(CODE_BITS + 1);
    let code: u32 = 0;
    for (let length: u32 = 1; length <= CODE_BITS; length++) {
      code = (code + perLength[length - 1]) << 1;
      next[length] = code;
      if (code + perLength[length] > (<u32>1) << length) return false;
    }
    memory.fill(changetype<usize>(this.table), 0, 2 << CODE_BITS);
    for (let symbol = 0; symbol < count; symbol++) {
      const length = <u32>lengths[from + symbol];
      if (length == 0) continue;
      const step = (<u32>1) << length;
      for (let i = reverse(next[length]++, length); i < 1 << CODE_BITS; i += step) this.table[i] = <u16>((symbol << 4) | length);
    }
    return true;
  }
}

/** The lowest `count` bits of `bits` in the opposite order: deflate sends codes from their first bit on. */
function reverse(bits: u32, count: u32): u32 {
  let reversed: u32 = 0;
  for (let i: u32 = 0; i < count; i++) reversed |= ((bits >> i) & 1) << (count - 1 - i);
  return reversed;
}

/** Bases and numbers of extra bits of length symbols 257.. and distance symbols 0.. (RFC 1951, 3.2.5), and the order of 3.2.7. */
// prettier-ignore
const LENGTH_BASE: StaticArray<u16> = [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258];
const LENGTH_BITS: StaticArray<u8> = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
// prettier-ignore
const DISTANCE_BASE: StaticArray<u16> = [
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577,
];
const ORDER: StaticArray<u8> = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/** CRC-32 of RFC 1952, one byte at a time. */
const crcTable: StaticArray<u32> = makeCrcTable();

function makeCrcTable(): StaticArray<u32> {
  const table = new StaticArray<u32>(256);
  for (let i: u32 = 0; i < 256; i++) {
    let c = i;
    for (let bit = 0; bit < 8; bit++) c = (c & 1) != 0 ? (c >> 1) ^ 0xedb88320 : c >> 1;
    table[i] = c;
  }
  return table;
}

export class GzipSource extends ByteSource {
  private next: Next = Next.Member;
  private isFirstMember: bool = true;
  private isLastBlock: bool = false;
  private storedLeft: u32 = 0;
  private literals: Code = new Code();
  private distances: Code = new Code();
  private input: StaticArray<u8> = new StaticArray<u8>(INPUT_BYTES);
  private inputAt: i32 = 0;
  private inputEnd: i32 = 0;
  /** Bits read ahead, the next one lowest. Beyond the input's end they are zeros; that many of them are counted in missingBits. */
  private bits: u64 = 0;
  private bitCount: u32 = 0;
  private missingBits: u32 = 0;
  /** What was given out ends at outputAt, what is unpacked at outputEnd; the window is what stands before that. */
  private output: StaticArray<u8> = new StaticArray<u8>(OUTPUT_BYTES);
  private outputAt: i32 = 0;
  private outputEnd: i32 = 0;
  /** Checksum and length of this member so far. */
  private crc: u32 = 0;
  private length: u32 = 0;
  private error: i64 = 0;

  constructor(private source: ByteSource) {
    super();
  }

  /** Gives unpacked bytes; -EBADMSG once the data are damaged. */
  read(p: usize, n: u32): i64 {
    if (this.outputAt == this.outputEnd) this.unpackMore();
    const count = min<i32>(n, this.outputEnd - this.outputAt);
    if (count == 0) return this.error;
    memory.copy(p, changetype<usize>(this.output) + this.outputAt, count);
    this.outputAt += count;
    return count;
  }

  /** Unpacks about 32 KiB, fewer only before the end or damage. */
  private unpackMore(): void {
    if (this.outputEnd > WINDOW_BYTES) {
      const p = changetype<usize>(this.output);
      memory.copy(p, p + this.outputEnd - WINDOW_BYTES, WINDOW_BYTES);
      this.outputAt = this.outputEnd = WINDOW_BYTES;
    }
    while (this.error == 0 && this.next != Next.Nothing && this.outputEnd < WINDOW_BYTES * 2) {
      switch (this.next) {
        case Next.Member:
          this.startMember();
          break;
        case Next.BlockHeader:
          this.startBlock();
          break;
        case Next.Stored:
          this.copyStored();
          break;
        case Next.Coded:
          this.decode();
          break;
        default:
          this.endMember();
      }
    }
  }

  private damaged(): void {
    if (this.error == 0) this.error = -Errno.EBADMSG;
  }

  private emit(byte: u32): void {
    unchecked((this.output[this.outputEnd++] = <u8>byte));
    this.crc = unchecked(crcTable[(this.crc ^ byte) & 0xff]) ^ (this.crc >> 8);
    this.length++;
  }

  private refill(): void {
    while (this.bitCount <= 48) {
      if (this.inputAt == this.inputEnd && this.missingBits == 0) {
        const n = this.source.read(changetype<usize>(this.input), INPUT_BYTES);
        if (n < 0) this.error = n;
        this.inputAt = 0;
        this.inputEnd = max<i32>(0, <i32>n);
      }
      if (this.inputAt < this.inputEnd) this.bits |= (<u64>this.input[this.inputAt++]) << this.bitCount;
      else this.missingBits += 8;
      this.bitCount += 8;
    }
  }

  /** The next `count` (at most 32) bits; damage when the input ends before. */
  private take(count: u32): u32 {
    if (this.bitCount < count) this.refill();
    const value = <u32>(this.bits & (((<u64>1) << count) - 1));
    this.bits >>= count;
    this.bitCount -= count;
    if (this.bitCount < this.missingBits) this.damaged();
    return value;
  }

  /** The next symbol of `code`, or -1. */
  private symbol(code: Code): i32 {
    if (this.bitCount < CODE_BITS) this.refill();
    const entry = unchecked(code.table[<i32>(this.bits & ((1 << CODE_BITS) - 1))]);
    if (entry == 0) this.damaged();
    else this.take(entry & 15);
    return this.error == 0 ? entry >> 4 : -1;
  }

  /** A member's header. Behind the first member, what does not begin like one is padding. */
  private startMember(): void {
    this.refill();
    const isMember = this.bitCount - this.missingBits >= 16 && (this.bits & 0xffff) == 0x8b1f;
    if (!isMember && !this.isFirstMember) {
      this.next = Next.Nothing;
      return;
    }
    this.isFirstMember = false;
    if (this.take(16) != 0x8b1f || this.take(8) != 8) this.damaged();
    const flags = this.take(8);
    if ((flags & 0xe0) != 0) this.damaged();
    this.take(32); // time
    this.take(16); // hints
    if ((flags & Flag.Extra) != 0) for (let n = this.take(16); n > 0 && this.error == 0; n--) this.take(8);
    if ((flags & Flag.Name) != 0) while (this.take(8) != 0 && this.error == 0) {}
    if ((flags & Flag.Comment) != 0) while (this.take(8) != 0 && this.error == 0) {}
    if ((flags & Flag.HeaderCrc) != 0) this.take(16);
    this.crc = 0xffffffff;
    this.length = 0;
    this.next = Next.BlockHeader;
  }

  private endMember(): void {
    this.take(this.bitCount & 7);
    if (this.take(32) != ~this.crc || this.take(32) != this.length) this.damaged();
    this.next = Next.Member;
  }

  private endBlock(): void {
    this.next = this.isLastBlock ? Next.Trailer : Next.BlockHeader;
  }

  private startBlock(): void {
    this.isLastBlock = this.take(1) != 0;
    this.next = Next.Coded;
    switch (this.take(2)) {
      case 0: {
        this.take(this.bitCount & 7);
        this.storedLeft = this.take(16);
        if (this.take(16) != (this.storedLeft ^ 0xffff)) this.damaged();
        this.next = Next.Stored;
        break;
      }
      case 1:
        this.useFixedCodes();
        break;
      case 2:
        this.readCodes();
        break;
      default:
        this.damaged();
    }
  }

  private copyStored(): void {
    while (this.storedLeft > 0 && this.outputEnd < WINDOW_BYTES * 2 && this.error == 0) {
      const byte = this.take(8);
      if (this.error == 0) this.emit(byte);
      this.storedLeft--;
    }
    if (this.storedLeft == 0) this.endBlock();
  }

  /** The codes of RFC 1951, 3.2.6. */
  private useFixedCodes(): void {
    const lengths = new StaticArray<u8>(288 + 30);
    for (let i = 0; i < 288; i++) lengths[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
    for (let i = 288; i < 318; i++) lengths[i] = 5;
    this.literals.build(lengths, 0, 288);
    this.distances.build(lengths, 288, 30);
  }

  /** The codes that stand at the beginning of a block (RFC 1951, 3.2.7). */
  private readCodes(): void {
    const literalCount = <i32>this.take(5) + 257;
    const distanceCount = <i32>this.take(5) + 1;
    const lengthCount = <i32>this.take(4) + 4;
    const lengths = new StaticArray<u8>(286 + 32 + 138);
    for (let i = 0; i < lengthCount; i++) lengths[ORDER[i]] = <u8>this.take(3);
    if (literalCount > 286 || !this.literals.build(lengths, 0, 19)) return this.damaged();
    memory.fill(changetype<usize>(lengths), 0, lengths.length);
    for (let i = 0; i < literalCount + distanceCount; ) {
      const symbol = this.symbol(this.literals);
      if (symbol < 0 || (symbol == 16 && i == 0)) return this.damaged();
      if (symbol < 16) {
        lengths[i++] = <u8>symbol;
        continue;
      }
      const value = symbol == 16 ? lengths[i - 1] : 0;
      let repeat = symbol == 16 ? 3 + this.take(2) : symbol == 17 ? 3 + this.take(3) : 11 + this.take(7);
      while (repeat-- > 0) lengths[i++] = value;
      if (i > literalCount + distanceCount) return this.damaged();
    }
    if (lengths[END_OF_BLOCK] == 0) return this.damaged();
    if (!this.literals.build(lengths, 0, literalCount) || !this.distances.build(lengths, literalCount, distanceCount)) this.damaged();
  }

  /** Literals and matches, until the block ends or enough is unpacked. */
  private decode(): void {
    while (this.outputEnd < WINDOW_BYTES * 2) {
      const symbol = this.symbol(this.literals);
      if (symbol < 0) return;
      if (symbol == END_OF_BLOCK) return this.endBlock();
      if (symbol < END_OF_BLOCK) {
        this.emit(symbol);
        continue;
      }
      const l = symbol - 257;
      if (l >= LENGTH_BASE.length) return this.damaged();
      const length = LENGTH_BASE[l] + this.take(LENGTH_BITS[l]);
      const d = this.symbol(this.distances);
      if (d < 0 || d >= DISTANCE_BASE.length) return this.damaged();
      const distance = <i32>(DISTANCE_BASE[d] + this.take(d < 2 ? 0 : (d >> 1) - 1));
      if (distance > this.outputEnd || <u32>distance > this.length || this.error != 0) return this.damaged();
      for (let i: u32 = 0; i < length; i++) this.emit(unchecked(this.output[this.outputEnd - distance]));
    }
  }
}
