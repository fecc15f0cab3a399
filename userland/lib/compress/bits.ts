// Bits of zstd: streams that are read forward (headers of FSE tables) and streams that are read from their end (RFC 8878, 4.1).
// Both have at least eight bytes of other memory in front of them and behind, so that looking ahead needs no care; whether a stream was read too far is asked
// afterwards.

/** Number of the highest bit that is set in `x`, which is not 0. */
@inline
export function highestBit(x: u32): u32 {
  return 31 - clz<u32>(x);
}

/** A stream read from its first bit on. */
export class ForwardBits {
  /** Bits read so far. */
  at: u32 = 0;

  constructor(
    private p: usize,
    private bytes: u32,
  ) {}

  /** The next `n` (at most 24) bits. */
  read(n: u32): u32 {
    const value = this.at >= this.bytes << 3 ? 0 : (load<u32>(this.p + (this.at >> 3)) >> (this.at & 7)) & ((1 << n) - 1);
    this.at += n;
    return value;
  }

  get isOverrun(): bool {
    return this.at > this.bytes << 3;
  }

  /** Bytes that were begun. */
  get bytesUsed(): u32 {
    return (this.at + 7) >> 3;
  }
}

/** Where the bits of the backward stream of `bytes` bytes at `p` end: below the highest bit that is set in its last byte. -1 when there is none. */
@inline
export function backwardStart(p: usize, bytes: u32): i64 {
  if (bytes == 0) return -1;
  const last = <u32>load<u8>(p + bytes - 1);
  return last == 0 ? -1 : ((<i64>(bytes - 1)) << 3) + highestBit(last);
}

/** The `n` (at most 32) bits of the backward stream at `p` from bit `at` on; those in front of the stream are zeros. */
@inline
export function bitsAt(p: usize, at: i64, n: u32): u32 {
  if (at < 0) return at <= -32 ? 0 : <u32>((load<u64>(p) << (<u64>-at)) & (((<u64>1) << n) - 1));
  return <u32>((load<u64>(p + <usize>(at >> 3)) >> ((<u64>at) & 7)) & (((<u64>1) << n) - 1));
}
