// io_uring is off: as Linux 6.6 with /proc/sys/kernel/io_uring_disabled at 2, nobody may make a ring (io_uring_setup(2), sysctl/kernel.rst), so no
// descriptor is one. Programs then use other calls. `cyrius run --missing` lists who asked, as off.

import { Errno } from "../../kernel/errno";
import { missingOff } from "../../kernel/container/missing";
import { Result } from "../../kernel/result";
import { Thread } from "../../kernel/task/thread";
import { isNone, openFile } from "./descriptor";

/** IORING_ENTER_GETEVENTS to IORING_ENTER_REGISTERED_RING. */
const ENTER_FLAGS: u32 = 0x1f;
/** IORING_REGISTER_LAST of Linux 6.6. */
const REGISTER_LAST: u32 = 27;

/** io_uring_setup(2). */
export function sysIoUringSetup(t: Thread): Result {
  missingOff(t);
  return -Errno.EPERM;
}

/** io_uring_enter(2): -EINVAL for unknown flags, -EBADF, -EOPNOTSUPP. */
export function sysIoUringEnter(t: Thread, fd: i32, flags: u32): Result {
  if ((flags & ~ENTER_FLAGS) != 0) return -Errno.EINVAL;
  return notRing(t, fd);
}

/** io_uring_register(2): -EINVAL for unknown operations, -EBADF, -EOPNOTSUPP. */
export function sysIoUringRegister(t: Thread, fd: i32, operation: u32): Result {
  if (operation >= REGISTER_LAST) return -Errno.EINVAL;
  return notRing(t, fd);
}

function notRing(t: Thread, fd: i32): Result {
  missingOff(t);
  return isNone(openFile(t, fd)) ? -Errno.EBADF : -Errno.EOPNOTSUPP;
}
