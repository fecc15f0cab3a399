// The signal mask that ppoll, pselect6 and epoll_pwait set for as long as they wait.

import { Errno } from "../../kernel/errno";
import { copyIn } from "../../kernel/mm/user";
import { Result } from "../../kernel/result";
import { restoreTemporaryMask, setTemporaryMask } from "../../kernel/task/signal";
import { Thread } from "../../kernel/task/thread";

const mask = memory.data(8, 8);

/** Sets the mask at `ua`, if it is not 0, for this call: 0, -EINVAL unless `bytes` is 8, -EFAULT or BLOCKED. */
export function temporaryMask(t: Thread, ua: u64, bytes: u64): Result {
  if (ua == 0) return 0;
  if (bytes != 8) return -Errno.EINVAL;
  const r = copyIn(mask, ua, 8);
  if (r < 0) return r;
  setTemporaryMask(t, load<u64>(mask));
  return 0;
}

/** The call ends with `r`: puts the old mask back, unless a signal that the mask let through has to be delivered first. */
export function endTemporaryMask(t: Thread, r: Result): void {
  if (r != -Errno.ERESTARTNOHAND && r != -Errno.EINTR) restoreTemporaryMask(t);
}
