// XXH64 with seed 0, the checksum of zstd frames (RFC 8878, 3.1.1; the algorithm: github.com/Cyan4973/xxHash, doc/xxhash_spec.md).

const P1: u64 = 0x9e3779b185ebca87;
const P2: u64 = 0xc2b2ae3d27d4eb4f;
const P3: u64 = 0x165667b19e3779f9;
const P4: u64 = 0x85ebca77c2b2ae63;
const P5: u64 = 0x27d4eb2f165667c5;
const STRIPE_BYTES: u32 = 32;

@inline
function round(lane: u64, input: u64): u64 {
  return rotl<u64>(lane + input * P2, 31) * P1;
}

@inline
function merge(hash: u64, lane: u64): u64 {
  return (hash ^ round(0, lane)) * P1 + P4;
}

export class XxHash64 {
  private a: u64 = P1 + P2;
  private b: u64 = P2;
  private c: u64 = 0;
  private d: u64 = 0 - P1;
  private rest: StaticArray<u8> = new StaticArray<u8>(STRIPE_BYTES);
  private length: u64 = 0;

  /** Takes the `n` bytes at `p`. */
  update(p: usize, n: u32): void {
    const rest = changetype<usize>(this.rest);
    const waiting = (<u32>this.length) & (STRIPE_BYTES - 1);
    this.length += n;
    if (waiting != 0) {
      const count = min(n, STRIPE_BYTES - waiting);
      memory.copy(rest + waiting, p, count);
      if (waiting + count < STRIPE_BYTES) return;
      this.stripes(rest, 1);
      p += count;
      n -= count;
    }
    this.stripes(p, n / STRIPE_BYTES);
    const left = n & (STRIPE_BYTES - 1);
    memory.copy(rest, p + n - left, left);
  }

  private stripes(p: usize, count: u32): void {
    let a = this.a;
    let b = this.b;
    let c = this.c;
    let d = this.d;
    for (; count != 0; count--, p += STRIPE_BYTES) {
      a = round(a, load<u64>(p));
      b = round(b, load<u64>(p, 8));
      c = round(c, load<u64>(p, 16));
      d = round(d, load<u64>(p, 24));
    }
    this.a = a;
    this.b = b;
    this.c = c;
    this.d = d;
  }

  /** The hash of all that was taken. */
  digest(): u64 {
    let hash: u64;
    if (this.length >= STRIPE_BYTES) {
      hash = rotl<u64>(this.a, 1) + rotl<u64>(this.b, 7) + rotl<u64>(this.c, 12) + rotl<u64>(this.d, 18);
      hash = merge(merge(merge(merge(hash, this.a), this.b), this.c), this.d);
    } else hash = P5;
    hash += this.length;
    let p = changetype<usize>(this.rest);
    let left = (<u32>this.length) & (STRIPE_BYTES - 1);
    for (; left >= 8; left -= 8, p += 8) hash = rotl<u64>(hash ^ round(0, load<u64>(p)), 27) * P1 + P4;
    if (left >= 4) {
      hash = rotl<u64>(hash ^ (load<u32>(p) * P1), 23) * P2 + P3;
      left -= 4;
      p += 4;
    }
    for (; left > 0; left--, p++) hash = rotl<u64>(hash ^ (load<u8>(p) * P5), 11) * P1;
    hash = (hash ^ (hash >> 33)) * P2;
    hash = (hash ^ (hash >> 29)) * P3;
    return hash ^ (hash >> 32);
  }
}
