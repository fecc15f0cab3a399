// SHA-256 (FIPS 180-4), of bytes as they come.

import { toBytes } from "../bytes";

/** The constants of FIPS 180-4, 4.2.2. */
// prettier-ignore
const K: usize = memory.data<u32>([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
]);

const BLOCK_BYTES: u32 = 64;
/** The message schedule of one block. */
const schedule: usize = memory.data(256, 16);

// prettier-ignore
@inline function sum0(x: u32): u32 { return rotr<u32>(x, 2) ^ rotr<u32>(x, 13) ^ rotr<u32>(x, 22); }
// prettier-ignore
@inline function sum1(x: u32): u32 { return rotr<u32>(x, 6) ^ rotr<u32>(x, 11) ^ rotr<u32>(x, 25); }
// prettier-ignore
@inline function choose(x: u32, y: u32, z: u32): u32 { return z ^ (x & (y ^ z)); }
// prettier-ignore
@inline function majority(x: u32, y: u32, z: u32): u32 { return (x & y) | (z & (x | y)); }
// prettier-ignore
@inline function expand0(x: u32): u32 { return rotr<u32>(x, 7) ^ rotr<u32>(x, 18) ^ (x >> 3); }
// prettier-ignore
@inline function expand1(x: u32): u32 { return rotr<u32>(x, 17) ^ rotr<u32>(x, 19) ^ (x >> 10); }

/** Takes `blocks` blocks at `p` into the eight words at `state`. */
function compress(state: usize, p: usize, blocks: u32): void {
  for (; blocks != 0; blocks--, p += BLOCK_BYTES) {
    for (let i: usize = 0; i < 64; i += 4) store<u32>(schedule + i, bswap<u32>(load<u32>(p + i)));
    for (let w = schedule + 64; w < schedule + 256; w += 4)
      store<u32>(w, expand1(load<u32>(w - 8)) + load<u32>(w - 28) + expand0(load<u32>(w - 60)) + load<u32>(w - 64));
    let a = load<u32>(state);
    let b = load<u32>(state, 4);
    let c = load<u32>(state, 8);
    let d = load<u32>(state, 12);
    let e = load<u32>(state, 16);
    let f = load<u32>(state, 20);
    let g = load<u32>(state, 24);
    let h = load<u32>(state, 28);
    let k = K;
    // Eight rounds each time round, after which every letter has its place again.
    for (let w = schedule; w < schedule + 256; w += 32, k += 32) {
      h += sum1(e) + choose(e, f, g) + load<u32>(k, 0) + load<u32>(w, 0);
      d += h;
      h += sum0(a) + majority(a, b, c);
      g += sum1(d) + choose(d, e, f) + load<u32>(k, 4) + load<u32>(w, 4);
      c += g;
      g += sum0(h) + majority(h, a, b);
      f += sum1(c) + choose(c, d, e) + load<u32>(k, 8) + load<u32>(w, 8);
      b += f;
      f += sum0(g) + majority(g, h, a);
      e += sum1(b) + choose(b, c, d) + load<u32>(k, 12) + load<u32>(w, 12);
      a += e;
      e += sum0(f) + majority(f, g, h);
      d += sum1(a) + choose(a, b, c) + load<u32>(k, 16) + load<u32>(w, 16);
      h += d;
      d += sum0(e) + majority(e, f, g);
      c += sum1(h) + choose(h, a, b) + load<u32>(k, 20) + load<u32>(w, 20);
      g += c;
      c += sum0(d) + majority(d, e, f);
      b += sum1(g) + choose(g, h, a) + load<u32>(k, 24) + load<u32>(w, 24);
      f += b;
      b += sum0(c) + majority(c, d, e);
      a += sum1(f) + choose(f, g, h) + load<u32>(k, 28) + load<u32>(w, 28);
      e += a;
      a += sum0(b) + majority(b, c, d);
    }
    store<u32>(state, load<u32>(state) + a);
    store<u32>(state, load<u32>(state, 4) + b, 4);
    store<u32>(state, load<u32>(state, 8) + c, 8);
    store<u32>(state, load<u32>(state, 12) + d, 12);
    store<u32>(state, load<u32>(state, 16) + e, 16);
    store<u32>(state, load<u32>(state, 20) + f, 20);
    store<u32>(state, load<u32>(state, 24) + g, 24);
    store<u32>(state, load<u32>(state, 28) + h, 28);
  }
}

export class Sha256 {
  private state: StaticArray<u32> = [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];
  /** The beginning of a block that is not whole yet. */
  private rest: StaticArray<u8> = new StaticArray<u8>(BLOCK_BYTES);
  /** Bytes taken so far. */
  length: u64 = 0;

  /** Takes the `n` bytes at `p`. */
  update(p: usize, n: u32): void {
    const state = changetype<usize>(this.state);
    const rest = changetype<usize>(this.rest);
    const waiting = (<u32>this.length) & (BLOCK_BYTES - 1);
    this.length += n;
    if (waiting != 0) {
      const count = min(n, BLOCK_BYTES - waiting);
      memory.copy(rest + waiting, p, count);
      if (waiting + count < BLOCK_BYTES) return;
      compress(state, rest, 1);
      p += count;
      n -= count;
    }
    compress(state, p, n / BLOCK_BYTES);
    const left = n & (BLOCK_BYTES - 1);
    memory.copy(rest, p + n - left, left);
  }

  /** The digest in hexadecimal; nothing can be taken after it. */
  digest(): string {
    const rest = changetype<usize>(this.rest);
    const state = changetype<usize>(this.state);
    const waiting = (<u32>this.length) & (BLOCK_BYTES - 1);
    store<u8>(rest + waiting, 0x80);
    memory.fill(rest + waiting + 1, 0, BLOCK_BYTES - waiting - 1);
    if (waiting >= BLOCK_BYTES - 8) {
      compress(state, rest, 1);
      memory.fill(rest, 0, BLOCK_BYTES);
    }
    store<u64>(rest, bswap<u64>(this.length << 3), 56);
    compress(state, rest, 1);
    let text = "";
    for (let i = 0; i < 8; i++) text += this.state[i].toString(16).padStart(8, "0");
    return text;
  }
}

/** The digest of byte string `s` in hexadecimal. */
export function sha256Of(s: string): string {
  const hash = new Sha256();
  const bytes = toBytes(s);
  hash.update(changetype<usize>(bytes), bytes.length);
  return hash.digest();
}
