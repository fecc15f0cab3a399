// Memory protection keys (pkeys(7)), as on a CPU that has none: there is no key to be had, and none can be named.

import { Errno } from "../../kernel/errno";
import { Result } from "../../kernel/result";
import { Thread } from "../../kernel/task/thread";
import { sysMprotect } from "./memory";

/** Linux gets as far as setting the rights of the key, which such a CPU refuses: EINVAL, though the manual page says ENOSPC. */
export function sysPkeyAlloc(): Result {
  return -Errno.EINVAL;
}

export function sysPkeyFree(): Result {
  return -Errno.EINVAL;
}

/** Key -1 means none: mprotect(2). */
export function sysPkeyMprotect(t: Thread, start: u64, length: u64, prot: u32, key: i32): Result {
  return key == -1 ? sysMprotect(t, start, length, prot) : -Errno.EINVAL;
}
