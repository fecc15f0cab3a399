// Random numbers for programs: getrandom(2), and the devices of random(4). The generator is kernel/random.ts.

import { Errno } from "../errno";
import { chachaBlock, CHACHA_BLOCK } from "../lib/chacha";
import { copyIn, copyOut } from "../mm/user";
import { randomBytes, randomStir } from "../random";
import { Result } from "../result";

const KEY_BYTES: u32 = 32;
/** Most bytes of one read: random(4). */
const READ_MAX: u32 = (32 << 20) - 1;

const streamKey = memory.data(32, 16);
const scratch = memory.data(64, 16);

/** Fills user memory with random bytes: bytes written, at most 32 MiB less one; -EFAULT or BLOCKED when there are none. */
export function randomToUser(ua: u64, count: u32): Result {
  count = min(count, READ_MAX);
  let done: u32 = 0;
  let r: Result = 0;
  if (count <= CHACHA_BLOCK) {
    randomBytes(scratch, count);
    r = copyOut(ua, scratch, count);
    if (r >= 0) done = count;
  } else {
    // A key of its own, so that the pool need not pass through here.
    randomBytes(streamKey, KEY_BYTES);
    for (let block: u32 = 0; done < count; block++) {
      const bytes = min(CHACHA_BLOCK, count - done);
      chachaBlock(scratch, streamKey, block, 0);
      r = copyOut(ua + done, scratch, bytes);
      if (r < 0) break;
      done += bytes;
    }
    memory.fill(streamKey, 0, KEY_BYTES);
  }
  memory.fill(scratch, 0, CHACHA_BLOCK);
  return done != 0 ? done : r;
}

/** Stirs what a program writes to /dev/random into the state: bytes taken, or -EFAULT or BLOCKED when there are none. */
export function randomFromUser(ua: u64, count: u32): Result {
  let done: u32 = 0;
  while (done < count) {
    const bytes = min(CHACHA_BLOCK, count - done);
    const r = copyIn(scratch, ua + done, bytes);
    if (r < 0) return done != 0 ? done : r;
    randomStir(scratch, bytes);
    done += bytes;
  }
  return count;
}

/** Flags of getrandom(2). */
const enum GetRandom {
  NonBlock = 1,
  Random = 2,
  Insecure = 4,
}

/** getrandom(2): never waits, since the generator is seeded before the first program runs. -EINVAL for flags it does not know. */
export function getRandom(ua: u64, count: u64, flags: u32): Result {
  if ((flags & ~(GetRandom.NonBlock | GetRandom.Random | GetRandom.Insecure)) != 0) return -Errno.EINVAL;
  if ((flags & GetRandom.Random) != 0 && (flags & GetRandom.Insecure) != 0) return -Errno.EINVAL;
  return randomToUser(ua, <u32>min<u64>(count, READ_MAX));
}
