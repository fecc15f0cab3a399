// Taking the arguments of host calls apart (docs/host-syscalls.md, "Convention"): paths and ids into kernel memory, cursors, and the message
// in which a verb says why it failed. The kernel never runs two handlers at once, so the texts lie in static buffers.

import { ID_MAX, idIsValid } from "../../kernel/container/lifecycle";
import { Errno } from "../../kernel/errno";
import { bytesIndexOf } from "../../kernel/lib/bytes";
import { copyIn, copyOut } from "../../kernel/mm/user";
import { Result } from "../../kernel/result";
import { Thread } from "../../kernel/task/thread";
import { fdGet } from "../../kernel/vfs/fdtable";
import { heldFile } from "../../kernel/vfs/file";
import { File, FsContext } from "../../kernel/vfs/inode";
import { PATH_MAX } from "../../kernel/vfs/walk";
import { Failure, FAILURE_BYTES, failureClear, failureMessage } from "../failure";

/** Texts of a call's first and second path. */
export const pathText = memory.data(4096, 8);
export const secondText = memory.data(4096, 8);
/** The id of a call's container. */
export const idText = memory.data(256, 8);
/** Why the verb that runs failed. */
export const failure = changetype<Failure>(memory.data(FAILURE_BYTES, 8));

/** {u64 address; u32 capacity; u32 length} */
const message = memory.data(16, 8);
const word = memory.data(8, 8);

/** Copies a path of `length` bytes to `text`: its length; -ENOENT, -ENAMETOOLONG, -EINVAL or -EFAULT. */
export function takePath(text: usize, ua: u64, length: u64): Result {
  if (length == 0) return -Errno.ENOENT;
  if (length >= PATH_MAX) return -Errno.ENAMETOOLONG;
  const r = copyIn(text, ua, <u32>length);
  if (r < 0) return r;
  return bytesIndexOf(text, <u32>length, 0) < 0 ? <Result>length : -Errno.EINVAL;
}

/** Copies a container's id to idText: its length; -EINVAL when it can be none, or -EFAULT. */
export function takeId(ua: u64, length: u64): Result {
  if (length == 0 || length > ID_MAX) return -Errno.EINVAL;
  const r = copyIn(idText, ua, <u32>length);
  if (r < 0) return r;
  return idIsValid(idText, <u32>length) ? <Result>length : -Errno.EINVAL;
}

/** Reads the cursor at `ua`; its value is in `cursor`. 0 or -EFAULT. */
export function takeCursor(ua: u64): Result {
  const r = copyIn(word, ua, 8);
  cursor = load<u64>(word);
  return r;
}
export let cursor: u64 = 0;

/** Moves the cursor at `ua` on to `value`: 0 or -EFAULT. */
export function putCursor(ua: u64, value: u64): Result {
  store<u64>(word, value);
  return copyOut(ua, word, 8);
}

/** Readies the message at `ua` (0: none) and `failure` for a verb: 0, or -EFAULT before anything has happened. */
export function messageBegin(ua: u64): Result {
  failureClear(failure);
  if (ua == 0) return 0;
  const r = copyIn(message, ua, 16);
  if (r < 0) return r;
  store<u32>(word, 0);
  return copyOut(ua + 12, word, 4);
}

/** Ends a verb: if it failed, tells why in the message at `ua` that messageBegin has seen. Returns `r`. */
export function messageEnd(ua: u64, r: Result): Result {
  if (r >= 0 || ua == 0) return r;
  const n = min<u32>(failure.length, load<u32>(message, 8));
  store<u32>(word, n);
  if (copyOut(load<u64>(message), failureMessage(failure), n) >= 0) copyOut(ua + 12, word, 4);
  return r;
}

/** Where paths of the caller start. */
@inline
export function contextOf(t: Thread): FsContext {
  return t.process.paths!;
}

/** The file the call works on: the one it has waited for, else what `fd` means; a null pointer when there is none. */
export function fileOf(t: Thread, fd: u64): File {
  const held = heldFile(t);
  return changetype<usize>(held) != 0 ? held : fdGet(t.process.files!, <u32>fd);
}

/** As fileOf, open with all `access` bits (FileAccess), else a null pointer. */
export function fileWith(t: Thread, fd: u64, access: u32): File {
  const file = fileOf(t, fd);
  return changetype<usize>(file) != 0 && (file.access & access) == access ? file : changetype<File>(0);
}

@inline
export function isNone(file: File): bool {
  return changetype<usize>(file) == 0;
}
