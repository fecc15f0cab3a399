// What the handlers of sockets share: from descriptors to sockets, and addresses in and out of user memory. See socket(2), getsockname(2).

import { Errno } from "../../kernel/errno";
import { copyIn, copyOut } from "../../kernel/mm/user";
import { ADDRESS_MAX } from "../../kernel/net/exchange";
import { Result } from "../../kernel/result";
import { Thread } from "../../kernel/task/thread";
import { File, FileKind } from "../../kernel/vfs/inode";
import { isNone, openFile } from "./descriptor";

/** An address that addressIn has read, or room for one to be written. */
export const addressBytes = memory.data(128, 8);
const word = memory.data(8, 8);

/** The open socket that `fd` means, or a null pointer: then notSocket says why. */
@inline
export function socketFor(t: Thread, fd: i32): File {
  const file = openFile(t, fd);
  return !isNone(file) && file.kind == FileKind.Socket ? file : changetype<File>(0);
}

/** -EBADF or -ENOTSOCK. */
export function notSocket(t: Thread, fd: i32): Result {
  return isNone(openFile(t, fd)) ? -Errno.EBADF : -Errno.ENOTSOCK;
}

/** Copies an address to addressBytes: its length; -EINVAL when that cannot be, -EFAULT or BLOCKED. */
export function addressIn(ua: u64, length: i32): Result {
  if (length < 0 || length > <i32>ADDRESS_MAX) return -Errno.EINVAL;
  if (length == 0) return 0;
  const r = copyIn(addressBytes, ua, length);
  return r < 0 ? r : length;
}

/**
 * Copies an address out, as much of it as the length at `lengthUa` says there is room for, and its full length to there: 0, -EINVAL for a negative
 * length, -EFAULT or BLOCKED.
 */
export function addressOut(ua: u64, lengthUa: u64, address: usize, length: u32): Result {
  let r = copyIn(word, lengthUa, 4);
  if (r < 0) return r;
  const room = load<i32>(word);
  if (room < 0) return -Errno.EINVAL;
  r = copyOut(ua, address, min(<u32>room, length));
  if (r < 0) return r;
  store<u32>(word, length);
  return copyOut(lengthUa, word, 4);
}
