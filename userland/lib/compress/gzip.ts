// Unpacks gzip (RFC 1952) and the deflate data in it (RFC 1951) as a stream: the window of 32 KiB is all that is kept. Several members one
// after the other count as one file; checksums and lengths are verified.

import { Errno } from "../../../kernel/errno";
import { crc32 } from "../hash/crc32";
import { EntryBit, makeCode } from "./code";
import { copyMatch } from "./match";
import { ByteSource } from "./source";

const WINDOW_BYTES: usize = 32768;
/** What is unpacked in one go. */
const CHUNK_BYTES: usize = 65536;
/** The longest match, and what copying eight bytes at a time may write beyond it. */
const BEYOND_BYTES: usize = 512;
const INPUT_BYTES: usize = 65536;
/** Bytes of zeros behind the input's end, which a look ahead may see. */
const PADDING_BYTES: usize = 32;
/** With so much in the input buffer two refills need not ask for more. */
const REFILL_BYTES: usize = 32;

const LITERAL_BITS: u32 = 11;
const DISTANCE_BITS: u32 = 8;
const LITERAL_ENTRIES: usize = 2048 + 288 * 16;
const DISTANCE_ENTRIES: usize = 256 + 32 * 128;
const LENGTH_CODE_BITS: u32 = 7;
/** Bytes in front of the input that are kept, since some of them may be read ahead. */
const BEFORE_BYTES: usize = 8;
const ROOM_BYTES: usize =
  (LITERAL_ENTRIES + DISTANCE_ENTRIES) * 4 + BEFORE_BYTES + INPUT_BYTES + PADDING_BYTES + WINDOW_BYTES + CHUNK_BYTES + BEYOND_BYTES;

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

/** Bases and numbers of extra bits of length symbols 257.. and distance symbols 0.. (RFC 1951, 3.2.5), and the order of 3.2.7. */
// prettier-ignore
const LENGTH_BASE: StaticArray<u16> = [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258];
const LENGTH_BITS: StaticArray<u8> = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
// prettier-ignore
const DISTANCE_BASE: StaticArray<u16> = [
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577,
];
const ORDER: StaticArray<u8> = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/** Entries for the symbols of each kind of code, without lengths (code.ts). */
const literalMeaning: usize = memory.data(288 * 4, 8);
const distanceMeaning: usize = memory.data(32 * 4, 8);
const lengthMeaning: usize = memory.data(32 * 4, 8);
let meaningsMade: bool = false;

function makeMeanings(): void {
  for (let i: u32 = 0; i < 288; i++) {
    let entry: u32 = EntryBit.Special;
    if (i < 256) entry = (i << 16) | EntryBit.Literal;
    else if (i == 256) entry = EntryBit.Special | EntryBit.End;
    else if (i - 257 < <u32>LENGTH_BASE.length) entry = ((<u32>LENGTH_BASE[i - 257]) << 16) | ((<u32>LENGTH_BITS[i - 257]) << 8);
    store<u32>(literalMeaning + (i << 2), entry);
  }
  for (let i: u32 = 0; i < 32; i++) {
    let entry: u32 = EntryBit.Special;
    if (i < <u32>DISTANCE_BASE.length) entry = ((<u32>DISTANCE_BASE[i]) << 16) | ((i < 2 ? 0 : (i >> 1) - 1) << 8);
    store<u32>(distanceMeaning + (i << 2), entry);
    store<u32>(lengthMeaning + (i << 2), i << 16);
  }
  meaningsMade = true;
}

export class GzipSource extends ByteSource {
  private next: Next = Next.Member;
  private isFirstMember: bool = true;
  private isLastBlock: bool = false;
  private storedLeft: u32 = 0;
  /** All that is kept: codes, input, output. */
  private room: StaticArray<u8> = new StaticArray<u8>(<i32>ROOM_BYTES);
  private literals: usize = 0;
  private distances: usize = 0;
  private input: usize = 0;
  private inputAt: usize = 0;
  private inputEnd: usize = 0;
  private inputIsAll: bool = false;
  /** Bits read ahead, the next one lowest; above the first bitCount are some that inputAt has not passed yet. */
  private bits: u64 = 0;
  private bitCount: u32 = 0;
  /** What was given out ends at outputAt, what is unpacked at outputEnd; the window is what stands before that. */
  private output: usize = 0;
  private outputAt: usize = 0;
  private outputEnd: usize = 0;
  /** Where in the output this member begins, and how far it has been checked. */
  private memberStart: usize = 0;
  private checkedEnd: usize = 0;
  /** Checksum and length of this member so far. */
  private crc: u32 = 0;
  private length: u32 = 0;
  private error: i64 = 0;

  constructor(private source: ByteSource) {
    super();
    if (!meaningsMade) makeMeanings();
    this.literals = changetype<usize>(this.room);
    this.distances = this.literals + LITERAL_ENTRIES * 4;
    this.input = this.distances + DISTANCE_ENTRIES * 4 + BEFORE_BYTES;
    this.inputAt = this.inputEnd = this.input;
    this.output = this.input + INPUT_BYTES + PADDING_BYTES;
    this.outputAt = this.outputEnd = this.memberStart = this.checkedEnd = this.output;
  }

  /** Gives unpacked bytes; -EBADMSG once the data are damaged. */
  read(p: usize, n: u32): i64 {
    if (this.outputAt == this.outputEnd) this.unpackMore();
    const count = min<usize>(n, this.outputEnd - this.outputAt);
    if (count == 0) return this.error;
    memory.copy(p, this.outputAt, count);
    this.outputAt += count;
    return count;
  }

  /** Unpacks about 64 KiB, fewer only before the end or damage. */
  private unpackMore(): void {
    const start = this.output;
    if (this.outputEnd > start + WINDOW_BYTES) {
      const moved = this.outputEnd - WINDOW_BYTES - start;
      memory.copy(start, start + moved, WINDOW_BYTES);
      this.outputAt = this.outputEnd = this.checkedEnd = start + WINDOW_BYTES;
      this.memberStart = this.memberStart > start + moved ? this.memberStart - moved : start;
    }
    while (this.error == 0 && this.next != Next.Nothing && this.outputEnd < this.output + WINDOW_BYTES + CHUNK_BYTES) {
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
    this.checkOutput();
  }

  /** Takes what was unpacked since into the checksum. */
  private checkOutput(): void {
    const n = <u32>(this.outputEnd - this.checkedEnd);
    this.crc = crc32(this.crc, this.checkedEnd, n);
    this.length += n;
    this.checkedEnd = this.outputEnd;
  }

  private damaged(): void {
    if (this.error == 0) this.error = -Errno.EBADMSG;
  }

  /** Sees to it that REFILL_BYTES can be looked at, at the input's end zeros. */
  private fill(): void {
    if (this.inputIsAll) return;
    const left = this.inputEnd - this.inputAt;
    memory.copy(this.input - BEFORE_BYTES, this.inputAt - BEFORE_BYTES, left + BEFORE_BYTES);
    this.inputAt = this.input;
    this.inputEnd = this.input + left;
    while (this.inputEnd - this.inputAt < REFILL_BYTES) {
      const n = this.source.read(this.inputEnd, <u32>(INPUT_BYTES - (this.inputEnd - this.input)));
      if (n < 0) this.error = n;
      if (n <= 0) {
        this.inputIsAll = true;
        break;
      }
      this.inputEnd += <usize>n;
    }
    memory.fill(this.inputEnd, 0, PADDING_BYTES);
  }

  /** At least 56 bits are read ahead, beyond the input's end zeros. */
  @inline
  private refill(): void {
    if (this.inputEnd - this.inputAt < REFILL_BYTES) this.fill();
    if (this.inputAt > this.inputEnd + 16) {
      // Far beyond the end: overrun() has it, and what is looked at stays in the buffer.
      this.bitCount = 63;
      this.damaged();
      return;
    }
    this.bits |= load<u64>(this.inputAt) << this.bitCount;
    this.inputAt += (63 - this.bitCount) >> 3;
    this.bitCount |= 56;
  }

  /** True when bits were taken that the input did not have. */
  private overrun(): bool {
    return this.inputAt - (this.bitCount >> 3) > this.inputEnd;
  }

  /** The next `count` (at most 32) bits; damage when the input ends before. */
  private take(count: u32): u32 {
    if (this.bitCount < count) this.refill();
    const value = <u32>(this.bits & (((<u64>1) << count) - 1));
    this.bits >>= count;
    this.bitCount -= count;
    if (this.overrun()) this.damaged();
    return value;
  }

  /** A member's header. Behind the first member, what does not begin like one is padding. */
  private startMember(): void {
    if (this.bitCount < 16) this.refill();
    const left = <i64>this.inputEnd - <i64>this.inputAt + (this.bitCount >> 3);
    const isMember = left >= 2 && (this.bits & 0xffff) == 0x8b1f;
    if (!isMember && !this.isFirstMember) {
      this.drain();
      this.next = Next.Nothing;
      return;
    }
    this.isFirstMember = false;
    if (this.take(16) != 0x8b1f || this.take(8) != 8) return this.damaged();
    const flags = this.take(8);
    if ((flags & 0xe0) != 0) this.damaged();
    this.take(32); // time
    this.take(16); // hints
    if ((flags & Flag.Extra) != 0) for (let n = this.take(16); n > 0 && this.error == 0; n--) this.take(8);
    if ((flags & Flag.Name) != 0) while (this.take(8) != 0 && this.error == 0) {}
    if ((flags & Flag.Comment) != 0) while (this.take(8) != 0 && this.error == 0) {}
    if ((flags & Flag.HeaderCrc) != 0) this.take(16);
    this.crc = 0;
    this.length = 0;
    this.memberStart = this.checkedEnd = this.outputEnd;
    this.next = Next.BlockHeader;
  }

  /** Reads padding to its end, so that who counts the input sees all of it. */
  private drain(): void {
    while (!this.inputIsAll && this.error == 0) {
      this.inputAt = this.inputEnd;
      this.fill();
    }
  }

  private endMember(): void {
    this.checkOutput();
    this.take(this.bitCount & 7);
    if (this.take(32) != this.crc || this.take(32) != this.length) this.damaged();
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
    // Whole bytes that were read ahead go back.
    this.inputAt -= this.bitCount >> 3;
    this.bits = 0;
    this.bitCount = 0;
    while (this.storedLeft > 0 && this.error == 0) {
      if (this.inputAt >= this.inputEnd) {
        this.fill();
        if (this.inputAt >= this.inputEnd) return this.damaged();
      }
      const room = this.output + WINDOW_BYTES + CHUNK_BYTES - this.outputEnd;
      const count = min<usize>(min<usize>(this.storedLeft, this.inputEnd - this.inputAt), room);
      if (count == 0) return;
      memory.copy(this.outputEnd, this.inputAt, count);
      this.outputEnd += count;
      this.inputAt += count;
      this.storedLeft -= <u32>count;
    }
    this.endBlock();
  }

  private build(lengths: usize, literals: u32, distances: u32): bool {
    return (
      makeCode(this.literals, <u32>LITERAL_ENTRIES, LITERAL_BITS, lengths, literals, literalMeaning) &&
      makeCode(this.distances, <u32>DISTANCE_ENTRIES, DISTANCE_BITS, lengths + literals, distances, distanceMeaning)
    );
  }

  /** The codes of RFC 1951, 3.2.6. */
  private useFixedCodes(): void {
    for (let i = 0; i < 288; i++) store<u8>(lengthsOfCodes + i, i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8);
    memory.fill(lengthsOfCodes + 288, 5, 30);
    this.build(lengthsOfCodes, 288, 30);
  }

  /** The codes that stand at the beginning of a block (RFC 1951, 3.2.7). */
  private readCodes(): void {
    const lengths = lengthsOfCodes;
    const literalCount = this.take(5) + 257;
    const distanceCount = this.take(5) + 1;
    const lengthCount = <i32>this.take(4) + 4;
    memory.fill(lengths, 0, LENGTHS_BYTES);
    for (let i = 0; i < lengthCount; i++) store<u8>(lengths + ORDER[i], <u8>this.take(3));
    if (literalCount > 286 || !makeCode(this.literals, <u32>LITERAL_ENTRIES, LENGTH_CODE_BITS, lengths, 19, lengthMeaning))
      return this.damaged();
    memory.fill(lengths, 0, LENGTHS_BYTES);
    const total = literalCount + distanceCount;
    for (let i: u32 = 0; i < total; ) {
      if (this.bitCount < LENGTH_CODE_BITS) this.refill();
      const entry = load<u32>(this.literals + (((<usize>this.bits) & ((1 << LENGTH_CODE_BITS) - 1)) << 2));
      this.take(entry & 15);
      const symbol = entry >> 16;
      if ((entry & EntryBit.Special) != 0 || this.error != 0 || (symbol == 16 && i == 0)) return this.damaged();
      if (symbol < 16) {
        store<u8>(lengths + i++, <u8>symbol);
        continue;
      }
      const value = symbol == 16 ? load<u8>(lengths + i - 1) : 0;
      const repeat = symbol == 16 ? 3 + this.take(2) : symbol == 17 ? 3 + this.take(3) : 11 + this.take(7);
      memory.fill(lengths + i, value, repeat);
      i += repeat;
      if (i > total) return this.damaged();
    }
    if (load<u8>(lengths + 256) == 0 || !this.build(lengths, literalCount, distanceCount)) this.damaged();
  }

  /** Literals and matches, until the block ends or enough is unpacked. */
  private decode(): void {
    const literals = this.literals;
    const distances = this.distances;
    const limit = this.output + WINDOW_BYTES + CHUNK_BYTES;
    const start = this.memberStart;
    let output = this.outputEnd;
    let bits = this.bits;
    let bitCount = this.bitCount;
    let input = this.inputAt;
    let inputEnd = this.inputEnd;
    while (output < limit) {
      if (inputEnd - input < REFILL_BYTES || input > inputEnd) {
        // Near the end of what is in the buffer, or of all.
        this.inputAt = input;
        if (!this.inputIsAll) this.fill();
        input = this.inputAt;
        inputEnd = this.inputEnd;
        if (input - (bitCount >> 3) > inputEnd) {
          this.damaged();
          break;
        }
      }
      bits |= load<u64>(input) << bitCount;
      input += (63 - bitCount) >> 3;
      bitCount |= 56;
      let entry = load<u32>(literals + (((<usize>bits) & ((1 << LITERAL_BITS) - 1)) << 2));
      // Up to two literals of a short code, then anything.
      if ((entry & EntryBit.Literal) != 0) {
        bits >>= entry & 15;
        bitCount -= entry & 15;
        store<u8>(output++, <u8>(entry >> 16));
        entry = load<u32>(literals + (((<usize>bits) & ((1 << LITERAL_BITS) - 1)) << 2));
        if ((entry & EntryBit.Literal) != 0) {
          bits >>= entry & 15;
          bitCount -= entry & 15;
          store<u8>(output++, <u8>(entry >> 16));
          entry = load<u32>(literals + (((<usize>bits) & ((1 << LITERAL_BITS) - 1)) << 2));
        }
      }
      if ((entry & EntryBit.Special) != 0) {
        if ((entry & EntryBit.Table) != 0) {
          bits >>= LITERAL_BITS;
          bitCount -= LITERAL_BITS;
          entry = load<u32>(literals + (((entry >> 16) + ((<u32>bits) & ((1 << ((entry >> 8) & 15)) - 1))) << 2));
        }
        if ((entry & EntryBit.Special) != 0) {
          bits >>= entry & 15;
          bitCount -= entry & 15;
          if ((entry & EntryBit.End) != 0) this.endBlock();
          else this.damaged();
          break;
        }
      }
      bits >>= entry & 15;
      bitCount -= entry & 15;
      if ((entry & EntryBit.Literal) != 0) {
        store<u8>(output++, <u8>(entry >> 16));
        continue;
      }
      // At most 37 bits are gone: a length's extra bits are there, but for a distance there may be too few.
      const lengthExtra = (entry >> 8) & 15;
      const length = (entry >> 16) + ((<u32>bits) & ((1 << lengthExtra) - 1));
      bits >>= lengthExtra;
      bitCount -= lengthExtra;
      if (bitCount < 32) {
        bits |= load<u64>(input) << bitCount;
        input += (63 - bitCount) >> 3;
        bitCount |= 56;
      }
      entry = load<u32>(distances + (((<usize>bits) & ((1 << DISTANCE_BITS) - 1)) << 2));
      if ((entry & EntryBit.Table) != 0) {
        bits >>= DISTANCE_BITS;
        bitCount -= DISTANCE_BITS;
        entry = load<u32>(distances + (((entry >> 16) + ((<u32>bits) & ((1 << ((entry >> 8) & 15)) - 1))) << 2));
      }
      bits >>= entry & 15;
      bitCount -= entry & 15;
      const extra = (entry >> 8) & 15;
      const distance = (entry >> 16) + ((<u32>bits) & ((1 << extra) - 1));
      bits >>= extra;
      bitCount -= extra;
      if ((entry & EntryBit.Special) != 0 || <usize>distance > output - start) {
        this.damaged();
        break;
      }
      copyMatch(output, distance, length);
      output += length;
    }
    this.outputEnd = output;
    this.bits = bits;
    this.bitCount = bitCount;
    this.inputAt = input;
    if (this.overrun()) this.damaged();
  }
}

/** Lengths of the codes that are being read: as many as a header can name, and the longest repetition beyond. */
const LENGTHS_BYTES: usize = 286 + 32 + 138 + 8;
const lengthsOfCodes: usize = memory.data(464, 8);
