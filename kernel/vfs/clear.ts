// Clearing user memory with a partial result, for reads of /dev/zero and of holes in files.

import { clearUser, faultAddress } from "../../shim/isa";
import { Errno } from "../errno";
import { resolveUserFault } from "../mm/fault";
import { userRange } from "../mm/user";
import { Result } from "../result";

/** Clears up to `count` bytes of user memory: bytes cleared, or -EFAULT or BLOCKED when there are none. */
export function clearPartial(ua: u64, count: u32): Result {
  if (!userRange(ua, count)) return -Errno.EFAULT;
  let left = clearUser(ua, count);
  while (left != 0) {
    const r = resolveUserFault(faultAddress(), true);
    if (r < 0) return left != count ? <Result>(count - left) : r;
    left = clearUser(ua + (count - left), left);
  }
  return count;
}
