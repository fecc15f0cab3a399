// The ChaCha20 block function of RFC 8439, section 2.3: 64 bytes of key stream from a key, a block counter and a nonce.

/** Bytes a block gives. */
export const CHACHA_BLOCK: u32 = 64;

/** Words of the constant "expand 32-byte k". */
const C0: u32 = 0x61707865;
const C1: u32 = 0x3320646e;
const C2: u32 = 0x79622d32;
const C3: u32 = 0x6b206574;

// One quarter round on the words a, b, c, d of the working state at `w` (byte offsets).
@inline
function quarter(w: usize, a: usize, b: usize, c: usize, d: usize): void {
  let x = load<u32>(w + a);
  let y = load<u32>(w + b);
  let z = load<u32>(w + c);
  let v = load<u32>(w + d);
  x += y;
  v = rotl<u32>(v ^ x, 16);
  z += v;
  y = rotl<u32>(y ^ z, 12);
  x += y;
  v = rotl<u32>(v ^ x, 8);
  z += v;
  y = rotl<u32>(y ^ z, 7);
  store<u32>(w + a, x);
  store<u32>(w + b, y);
  store<u32>(w + c, z);
  store<u32>(w + d, v);
}

const state = memory.data(64, 16);

/** Writes the block numbered `counter` for the 32-byte `key` and the 12-byte `nonce` (0: all zeros) to `destination`, 64 bytes. */
export function chachaBlock(destination: usize, key: usize, counter: u32, nonce: usize): void {
  store<u32>(state, C0, 0);
  store<u32>(state, C1, 4);
  store<u32>(state, C2, 8);
  store<u32>(state, C3, 12);
  memory.copy(state + 16, key, 32);
  store<u32>(state, counter, 48);
  if (nonce != 0) memory.copy(state + 52, nonce, 12);
  else memory.fill(state + 52, 0, 12);
  memory.copy(destination, state, 64);
  for (let round = 0; round < 10; round++) {
    quarter(destination, 0, 16, 32, 48);
    quarter(destination, 4, 20, 36, 52);
    quarter(destination, 8, 24, 40, 56);
    quarter(destination, 12, 28, 44, 60);
    quarter(destination, 0, 20, 40, 60);
    quarter(destination, 4, 24, 44, 48);
    quarter(destination, 8, 28, 32, 52);
    quarter(destination, 12, 16, 36, 56);
  }
  for (let i: usize = 0; i < 64; i += 4) {
    store<u32>(destination + i, load<u32>(destination + i) + load<u32>(state + i));
  }
  memory.fill(state + 16, 0, 32); // no copy of the key stays behind
}
