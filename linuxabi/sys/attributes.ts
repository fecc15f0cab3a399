// Calls that ask for and change permissions, owners and sizes: access, chmod, chown, truncate and their relatives. See access(2), chmod(2),
// chown(2), truncate(2). The times are in times.ts.

import { Errno } from "../../kernel/errno";
import { Result } from "../../kernel/result";
import { Credentials } from "../../kernel/task/credentials";
import { LimitKind, softLimit } from "../../kernel/task/limits";
import { raise, Signal } from "../../kernel/task/signal";
import { Thread } from "../../kernel/task/thread";
import { changeMode, changeOwner, changeSize, truncateInode } from "../../kernel/vfs/attributes";
import { FileAccess } from "../../kernel/vfs/flags";
import { File, FileKind, Inode, isRegular, MountFlag, Path, S_IFLNK, S_IFMT, S_IFREG, S_IFDIR } from "../../kernel/vfs/inode";
import { Notify, notifyEntry, notifyFile } from "../../kernel/vfs/inotify";
import { mayChange, permission, Want } from "../../kernel/vfs/permission";
import { pathRelease, WalkFlag } from "../../kernel/vfs/walk";
import { ACCESS_ALL, AT_FDCWD, AtFlag } from "../types/at";
import { isNone, openFile } from "./descriptor";
import { resolve, resolveAt, resolved } from "./path";

/** Credentials as the real user would have them, for access(2). Never counted. */
const real = changetype<Credentials>(memory.data(offsetof<Credentials>() + 8, 8));
/** securebits: SECBIT_NO_SETUID_FIXUP. */
const NO_SETUID_FIXUP: u32 = 4;

function asRealUser(c: Credentials): Credentials {
  memory.copy(changetype<usize>(real), changetype<usize>(c), offsetof<Credentials>());
  real.fsuid = c.uid;
  real.fsgid = c.gid;
  if ((c.securebits & NO_SETUID_FIXUP) == 0) real.effective = c.uid == 0 ? c.permitted : 0;
  return real;
}

export function sysFaccessat2(t: Thread, dirfd: i32, path: u64, mode: u32, flags: u32): Result {
  const known: u32 = AtFlag.EffectiveAccess | AtFlag.SymlinkNoFollow | AtFlag.EmptyPath;
  if ((mode & ~ACCESS_ALL) != 0 || (flags & ~known) != 0) return -Errno.EINVAL;
  const effective = (flags & AtFlag.EffectiveAccess) != 0;
  const own = t.credentials;
  if (!effective) t.credentials = asRealUser(own);
  let r = resolveAt(t, dirfd, path, flags);
  if (r >= 0) {
    r = mayAccess(resolved, t.credentials, mode);
    pathRelease(resolved);
  }
  t.credentials = own;
  return r;
}

function mayAccess(place: Path, c: Credentials, mode: u32): Result {
  const inode = place.entry.inode!;
  const flags = place.mount.flags | place.mount.fs.flags;
  if ((mode & Want.Execute) != 0 && isRegular(inode) && (flags & MountFlag.NoExec) != 0) return -Errno.EACCES;
  const r = permission(inode, c, mode);
  if (r < 0 || (mode & Want.Write) == 0) return r;
  const type = inode.mode & S_IFMT;
  // Writing to a device or FIFO does not change the file system.
  return (flags & MountFlag.ReadOnly) != 0 && (type == S_IFREG || type == S_IFDIR || type == S_IFLNK) ? -Errno.EROFS : 0;
}

export function sysFaccessat(t: Thread, dirfd: i32, path: u64, mode: u32): Result {
  return sysFaccessat2(t, dirfd, path, mode, 0);
}

export function sysAccess(t: Thread, path: u64, mode: u32): Result {
  return sysFaccessat2(t, AT_FDCWD, path, mode, 0);
}

/** Changes the mode of what was resolved, and lets go of it. */
function chmodResolved(t: Thread, mode: u32): Result {
  let r = mayChange(resolved.mount, resolved.entry);
  if (r >= 0) r = changeMode(resolved.entry.inode!, t.credentials, mode);
  if (r >= 0) notifyEntry(resolved.entry, Notify.Attributes);
  pathRelease(resolved);
  return r;
}

export function sysFchmodat2(t: Thread, dirfd: i32, path: u64, mode: u32, flags: u32): Result {
  if ((flags & ~(<u32>(AtFlag.SymlinkNoFollow | AtFlag.EmptyPath))) != 0) return -Errno.EINVAL;
  const r = resolveAt(t, dirfd, path, flags);
  return r < 0 ? r : chmodResolved(t, mode);
}

export function sysFchmodat(t: Thread, dirfd: i32, path: u64, mode: u32): Result {
  return sysFchmodat2(t, dirfd, path, mode, 0);
}

export function sysChmod(t: Thread, path: u64, mode: u32): Result {
  return sysFchmodat2(t, AT_FDCWD, path, mode, 0);
}

/** Whether the file's place may change; a pipe has none and may. */
function mayChangeFile(file: File): Result {
  return file.entry ? mayChange(file.mount!, file.entry!) : 0;
}

export function sysFchmod(t: Thread, fd: i32, mode: u32): Result {
  const file = openFile(t, fd);
  if (isNone(file)) return -Errno.EBADF;
  let r = mayChangeFile(file);
  if (r >= 0) r = changeMode(file.inode, t.credentials, mode);
  if (r >= 0) notifyFile(file, Notify.Attributes);
  return r;
}

export function sysFchownat(t: Thread, dirfd: i32, path: u64, uid: u32, gid: u32, flags: u32): Result {
  if ((flags & ~(<u32>(AtFlag.SymlinkNoFollow | AtFlag.EmptyPath))) != 0) return -Errno.EINVAL;
  let r = resolveAt(t, dirfd, path, flags);
  if (r < 0) return r;
  r = mayChange(resolved.mount, resolved.entry);
  if (r >= 0) r = changeOwner(resolved.entry.inode!, t.credentials, uid, gid);
  if (r >= 0) notifyEntry(resolved.entry, Notify.Attributes);
  pathRelease(resolved);
  return r;
}

export function sysChown(t: Thread, path: u64, uid: u32, gid: u32): Result {
  return sysFchownat(t, AT_FDCWD, path, uid, gid, 0);
}

export function sysLchown(t: Thread, path: u64, uid: u32, gid: u32): Result {
  return sysFchownat(t, AT_FDCWD, path, uid, gid, AtFlag.SymlinkNoFollow);
}

export function sysFchown(t: Thread, fd: i32, uid: u32, gid: u32): Result {
  const file = openFile(t, fd);
  if (isNone(file)) return -Errno.EBADF;
  let r = mayChangeFile(file);
  if (r >= 0) r = changeOwner(file.inode, t.credentials, uid, gid);
  if (r >= 0) notifyFile(file, Notify.Attributes);
  return r;
}

/** RLIMIT_FSIZE against a file that is to grow: 0, or -EFBIG with SIGXFSZ. */
export function mayGrow(t: Thread, inode: Inode, size: u64): Result {
  if (size <= inode.size || size <= softLimit(t.process, LimitKind.FileSize)) return 0;
  raise(t, Signal.XFSZ);
  return -Errno.EFBIG;
}

export function sysTruncate(t: Thread, path: u64, size: i64): Result {
  if (size < 0) return -Errno.EINVAL;
  let r = resolve(t, AT_FDCWD, path, WalkFlag.Follow);
  if (r < 0) return r;
  const inode = resolved.entry.inode!;
  if (isRegular(inode)) r = mayChange(resolved.mount, resolved.entry);
  if (r >= 0) r = mayGrow(t, inode, size);
  if (r >= 0) r = truncateInode(inode, t.credentials, size);
  if (r >= 0) notifyEntry(resolved.entry, Notify.Modify);
  pathRelease(resolved);
  return r;
}

export function sysFtruncate(t: Thread, fd: i32, size: i64): Result {
  if (size < 0) return -Errno.EINVAL;
  const file = openFile(t, fd);
  if (isNone(file)) return -Errno.EBADF;
  if (file.kind != FileKind.Regular || (file.access & FileAccess.Write) == 0) return -Errno.EINVAL;
  let r = mayGrow(t, file.inode, size);
  if (r >= 0) r = changeSize(file.inode, t.credentials, size);
  if (r >= 0) notifyFile(file, Notify.Modify);
  return r;
}
