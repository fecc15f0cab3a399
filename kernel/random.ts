// Random numbers for the kernel, and for programs (kernel/vfs/random.ts): ChaCha20 with fast key erasure (D. J. Bernstein, "Fast-key-erasure
// random-number generators", 2017). Each block run first replaces the key, and what is handed out is wiped, so that a later look at this memory
// tells nothing about earlier output. Seeded from RDSEED, RDRAND and the jitter of the time-stamp counter; more can be stirred in at any time.

import { hardwareRandom, rdtsc } from "../shim/isa";
import { chachaBlock, CHACHA_BLOCK } from "./lib/chacha";

const KEY_BYTES: u32 = 32;
const POOL_BLOCKS: u32 = 8;
const POOL_BYTES: u32 = POOL_BLOCKS * CHACHA_BLOCK;

const key = memory.data(32, 16);
const pool = memory.data(512, 16);
/** Offset in the pool of the first byte not handed out; all before it is zero. */
let poolUsed: u32 = 512;

/** Makes a new key and a full pool. */
function refill(): void {
  for (let i: u32 = 0; i < POOL_BLOCKS; i++) chachaBlock(pool + i * CHACHA_BLOCK, key, i, 0);
  memory.copy(key, pool, KEY_BYTES);
  memory.fill(pool, 0, KEY_BYTES);
  poolUsed = KEY_BYTES;
}

/** Writes `n` random bytes to linear address `p`. */
export function randomBytes(p: usize, n: u32): void {
  while (n != 0) {
    if (poolUsed == POOL_BYTES) refill();
    const bytes = min(n, POOL_BYTES - poolUsed);
    memory.copy(p, pool + poolUsed, bytes);
    memory.fill(pool + poolUsed, 0, bytes);
    poolUsed += bytes;
    p += bytes;
    n -= bytes;
  }
}

/** A random number of 64 bits. */
export function randomU64(): u64 {
  const at = scratch;
  randomBytes(at, 8);
  const value = load<u64>(at);
  store<u64>(at, 0);
  return value;
}

/** Stirs `n` bytes at linear address `p` into the state; it can only gain by them. */
export function randomStir(p: usize, n: u32): void {
  for (let done: u32 = 0; done < n; done += KEY_BYTES) {
    const bytes = min(KEY_BYTES, n - done);
    for (let i: u32 = 0; i < bytes; i++) store<u8>(key + i, load<u8>(key + i) ^ load<u8>(p + done + i));
    refill();
  }
  poolUsed = POOL_BYTES;
}

const scratch = memory.data(64, 16);

/** Seeds the generator; once at start-up, before anything asks for random numbers. */
export function randomSeed(): void {
  let fromHardware = false;
  for (let i: u32 = 0; i < 8; i++) {
    const a = hardwareRandom(true);
    const b = hardwareRandom(false);
    if (a != 0 || b != 0) fromHardware = true;
    store<u64>(scratch + (i << 3), a ^ rotl<u64>(b, 32));
  }
  randomStir(scratch, 64);
  // How long a stir takes varies with caches, interrupts of the host and the clocks' drift: about a bit each is in the differences.
  const samples = fromHardware ? 64 : 1024;
  for (let i = 0; i < samples; i++) {
    const slot = scratch + ((i & 7) << 3);
    store<u64>(slot, rotl<u64>(load<u64>(slot), 7) ^ rdtsc());
    if ((i & 7) == 7) randomStir(scratch, 64);
  }
  memory.fill(scratch, 0, 64);
}
