// Reading and writing regular files: page by page between the file's frames and user memory (or the kernel's own), with the size, the times and
// the set-id bits kept as POSIX wants them. Holes read as zeros without getting a page. See read(2), write(2), setrlimit(2).

import { physicalRead } from "../../shim/isa";
import { Errno } from "../errno";
import { filePage, filePageForWrite, FILE_SIZE_MAX } from "../fs/pages";
import { PAGE_SHIFT, PAGE_SIZE } from "../mm/frame";
import { copyInPhysical, copyOutPhysical } from "../mm/user";
import { Result } from "../result";
import { capable, Capability } from "../task/credentials";
import { LimitKind, softLimit } from "../task/limits";
import { raise, Signal } from "../task/signal";
import { current } from "../task/thread";
import { wallNs } from "../time/clock";
import { clearPartial } from "./clear";
import { OpenFlag } from "./flags";
import { File, Inode, MountFlag, S_ISGID, S_ISUID } from "./inode";
import { dropFileCapabilities } from "./permission";
import { sealedAllowance, SEALS_OF_WRITES } from "./seal";

const DAY_NS: u64 = 86_400_000_000_000;

/** Notes a read in the access time, as mount option relatime does: when it is not newer than the last change, or a day old. */
export function touchAccess(file: File): void {
  const inode = file.inode;
  const now = wallNs();
  if (inode.atimeNs > inode.mtimeNs && inode.atimeNs > inode.ctimeNs && now - inode.atimeNs < DAY_NS) return;
  if ((file.flags & OpenFlag.NoAtime) != 0) return;
  const mount = file.mount;
  if (mount && ((mount.flags | mount.fs.flags) & (MountFlag.ReadOnly | MountFlag.NoAtime)) != 0) return;
  inode.atimeNs = now;
}

/** Notes a change of content: times, and set-id bits go unless the writer has CAP_FSETID. */
export function touchModified(inode: Inode): void {
  const now = wallNs();
  inode.mtimeNs = now;
  inode.ctimeNs = now;
  dropFileCapabilities(inode);
  const mode = inode.mode;
  if ((mode & (S_ISUID | S_ISGID)) == 0 || capable(current.credentials, Capability.Fsetid)) return;
  // Set-gid without group execution means mandatory locking, not a privilege.
  inode.mode = mode & ~((mode & 0o010) != 0 ? S_ISUID | S_ISGID : S_ISUID);
}

/** Reads up to `count` bytes at `position` into user memory: bytes read, 0 at the end; -EFAULT or BLOCKED when there are none. */
export function regularRead(file: File, ua: u64, count: u32, position: u64): Result {
  const inode = file.inode;
  const size = inode.size;
  if (position >= size || count == 0) return 0;
  if (<u64>count > size - position) count = <u32>(size - position);
  let done: u32 = 0;
  let r: Result = 0;
  while (done < count) {
    const offset = (<u32>position) & (PAGE_SIZE - 1);
    const bytes = min(PAGE_SIZE - offset, count - done);
    const frame = filePage(inode, <u32>(position >> PAGE_SHIFT));
    r = frame != 0 ? copyOutPhysical(ua, ((<u64>frame) << PAGE_SHIFT) + offset, bytes) : clearPartial(ua, bytes);
    if (r <= 0) break;
    done += <u32>r;
    ua += r;
    position += r;
    if (<u32>r < bytes) break;
  }
  if (done == 0) return r;
  touchAccess(file);
  return done;
}

/**
 * How many of `count` bytes may be written at `position`: -EFBIG at the largest file size, and at RLIMIT_FSIZE with SIGXFSZ.
 */
export function writeAllowance(position: u64, count: u32): Result {
  const limit = softLimit(current.process, LimitKind.FileSize);
  if (position >= limit) {
    raise(current, Signal.XFSZ);
    return -Errno.EFBIG;
  }
  if (position >= FILE_SIZE_MAX) return -Errno.EFBIG;
  return min<u64>(count, min(limit, FILE_SIZE_MAX) - position);
}

/**
 * Writes up to `count` bytes at `position` from user memory: bytes written; when there are none the error: -EFBIG, -ENOSPC, -ENOMEM,
 * -EFAULT or BLOCKED.
 */
export function regularWrite(inode: Inode, ua: u64, count: u32, position: u64): Result {
  if (count == 0) return 0;
  let r = writeAllowance(position, count);
  if (r < 0) return r;
  count = <u32>r;
  if ((inode.flags & SEALS_OF_WRITES) != 0) {
    r = sealedAllowance(inode, position, count);
    if (r < 0) return r;
    count = <u32>r;
  }
  let done: u32 = 0;
  while (done < count) {
    const offset = (<u32>position) & (PAGE_SIZE - 1);
    const bytes = min(PAGE_SIZE - offset, count - done);
    r = filePageForWrite(inode, <u32>(position >> PAGE_SHIFT));
    if (r < 0) break;
    r = copyInPhysical(((<u64>r) << PAGE_SHIFT) + offset, ua, bytes);
    if (r <= 0) break;
    done += <u32>r;
    ua += r;
    position += r;
    if (position > inode.size) inode.size = position;
    if (<u32>r < bytes) break;
  }
  if (done == 0) return r;
  touchModified(inode);
  return done;
}

/** Copies up to `count` bytes of a regular file at `position` to linear address `p`, for the kernel's own use; returns the bytes, 0 at the end. */
export function inodeRead(inode: Inode, position: u64, p: usize, count: u32): u32 {
  const size = inode.size;
  if (position >= size) return 0;
  if (<u64>count > size - position) count = <u32>(size - position);
  let done: u32 = 0;
  while (done < count) {
    const offset = (<u32>position) & (PAGE_SIZE - 1);
    const bytes = min(PAGE_SIZE - offset, count - done);
    const frame = filePage(inode, <u32>(position >> PAGE_SHIFT));
    if (frame != 0) physicalRead(p + done, ((<u64>frame) << PAGE_SHIFT) + offset, bytes);
    else memory.fill(p + done, 0, bytes);
    done += bytes;
    position += bytes;
  }
  return done;
}
