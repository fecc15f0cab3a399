// name_to_handle_at(2): a number for a file that stays the same, with the mount it is on. As Linux's tmpfs has it, a handle is a generation, which
// is 0 here since inode numbers are not used twice, and the inode's number. Opening by handle needs CAP_DAC_READ_SEARCH and is off.

import { Errno } from "../../kernel/errno";
import { copyIn, copyOut } from "../../kernel/mm/user";
import { Result } from "../../kernel/result";
import { Thread } from "../../kernel/task/thread";
import { FileSystemKind, Path } from "../../kernel/vfs/inode";
import { pathRelease } from "../../kernel/vfs/walk";
import { AtFlag } from "../types/at";
import { resolveAt, resolved } from "./path";

/** AT_HANDLE_MNT_ID_UNIQUE and AT_HANDLE_CONNECTABLE (of Linux 6.12 and 6.13) and AT_HANDLE_FID, which has the bit of AT_REMOVEDIR. */
const AT_HANDLE_FID: u32 = 0x200;
const KNOWN: u32 = AtFlag.SymlinkFollow | AtFlag.EmptyPath | AT_HANDLE_FID;
/** MAX_HANDLE_SZ. */
const HANDLE_MAX: u32 = 128;
/** FILEID_INO32_GEN, as tmpfs says, and its three words. */
const HANDLE_TYPE: u32 = 1;
const HANDLE_BYTES: u32 = 12;
/** struct file_handle: bytes, type, and the handle. */
const HEAD_BYTES: u32 = 8;

const handle = memory.data(24, 8);
const mountId = memory.data(4, 4);

export function sysNameToHandleAt(t: Thread, dirfd: i32, path: u64, handleAt: u64, mountIdAt: u64, flags: u32): Result {
  if ((flags & ~KNOWN) != 0) return -Errno.EINVAL;
  const follow = (flags & AtFlag.SymlinkFollow) != 0;
  let r = resolveAt(t, dirfd, path, (flags & AtFlag.EmptyPath) | (follow ? 0 : AtFlag.SymlinkNoFollow));
  if (r < 0) return r;
  r = handleOut(resolved, handleAt, mountIdAt);
  pathRelease(resolved);
  return r;
}

/** Writes handle and mount: 0; -EOVERFLOW with the size that is needed when there is not enough room. */
function handleOut(place: Path, handleAt: u64, mountIdAt: u64): Result {
  const inode = place.entry.inode!;
  if (inode.fs.kind != FileSystemKind.Memory) return -Errno.EOPNOTSUPP;
  let r = copyIn(handle, handleAt, HEAD_BYTES);
  if (r < 0) return r;
  const room = load<u32>(handle);
  if (room > HANDLE_MAX) return -Errno.EINVAL;
  store<u32>(mountId, place.mount.id);
  r = copyOut(mountIdAt, mountId, 4);
  if (r < 0) return r;
  store<u32>(handle, HANDLE_BYTES);
  store<u32>(handle, HANDLE_TYPE, 4);
  store<u32>(handle, 0, 8);
  store<u32>(handle, <u32>inode.number, 12);
  store<u32>(handle, <u32>(inode.number >> 32), 16);
  if (room >= HANDLE_BYTES) return copyOut(handleAt, handle, HEAD_BYTES + HANDLE_BYTES);
  store<u32>(handle, 255, 4); // FILEID_INVALID
  r = copyOut(handleAt, handle, HEAD_BYTES);
  return r < 0 ? r : -Errno.EOVERFLOW;
}
