// Changing a file's attributes: chmod(2), chown(2), utimensat(2), truncate(2). The caller has found the inode and that its place may change
// (mayChange); here stands who may do it and what else it changes.

import { Errno } from "../errno";
import { fileResize } from "../fs/pages";
import { Result } from "../result";
import { capable, Capability, Credentials, inGroup } from "../task/credentials";
import { wallNs } from "../time/clock";
import { FileSystemKind, Inode, isDirectory, isRegular, isSymlink, S_IFMT, S_ISGID } from "./inode";
import { pathCacheForget } from "./pathcache";
import { hasSeal, mayResize, Seal } from "./seal";
import { clearPrivilegeBits, dropFileCapabilities, dropPrivilegeBits, ownerOrCapable, permission, Want } from "./permission";

/** Sets the permission bits: 0; -EPERM for others than the owner; -EOPNOTSUPP for a symbolic link. */
export function changeMode(inode: Inode, c: Credentials, mode: u32): Result {
  if (isSymlink(inode)) return -Errno.EOPNOTSUPP;
  if (!ownerOrCapable(inode, c) || inode.fs.kind == FileSystemKind.Proc) return -Errno.EPERM;
  if (((mode ^ inode.mode) & 0o111) != 0 && hasSeal(inode, Seal.Execute)) return -Errno.EPERM;
  if (!inGroup(c, inode.gid) && !capable(c, Capability.Fsetid)) mode &= ~S_ISGID;
  inode.mode = (inode.mode & S_IFMT) | (mode & 0o7777);
  if (isDirectory(inode)) pathCacheForget();
  inode.ctimeNs = wallNs();
  return 0;
}

/** "Leave it as it is", for changeOwner. */
export const KEEP_ID: u32 = u32.MAX_VALUE;

/**
 * Sets owner and group: 0, or -EPERM. Without CAP_CHOWN an owner may only choose among his own groups. Set-id bits of a file go.
 */
export function changeOwner(inode: Inode, c: Credentials, uid: u32, gid: u32): Result {
  if (inode.fs.kind == FileSystemKind.Proc) return -Errno.EPERM;
  if (!capable(c, Capability.Chown)) {
    const owner = inode.uid == c.fsuid;
    if (uid != KEEP_ID && !(owner && uid == inode.uid)) return -Errno.EPERM;
    if (gid != KEEP_ID && !(owner && (gid == inode.gid || inGroup(c, gid)))) return -Errno.EPERM;
  }
  clearPrivilegeBits(inode);
  if (!isDirectory(inode)) dropFileCapabilities(inode);
  if (uid != KEEP_ID) inode.uid = uid;
  if (gid != KEEP_ID) inode.gid = gid;
  inode.ctimeNs = wallNs();
  return 0;
}

/** For changeTimes: the time now, and leave the time alone. As signed numbers, which times before 1970 are, none is as far off. */
export const TIME_NOW: u64 = 0x8000_0000_0000_0000;
export const TIME_OMIT: u64 = 0x8000_0000_0000_0001;

/**
 * Sets access and modification time, in nanoseconds since 1970: 0; -EPERM when `c` is not the owner; -EACCES when both are to be "now" and
 * `c` may not even write.
 */
export function changeTimes(inode: Inode, c: Credentials, atimeNs: u64, mtimeNs: u64): Result {
  if (atimeNs == TIME_OMIT && mtimeNs == TIME_OMIT) return 0;
  if (!ownerOrCapable(inode, c)) {
    if (atimeNs != TIME_NOW || mtimeNs != TIME_NOW) return -Errno.EPERM;
    const r = permission(inode, c, Want.Write);
    if (r < 0) return r;
  }
  const now = wallNs();
  if (atimeNs != TIME_OMIT) inode.atimeNs = atimeNs == TIME_NOW ? now : atimeNs;
  if (mtimeNs != TIME_OMIT) inode.mtimeNs = mtimeNs == TIME_NOW ? now : mtimeNs;
  inode.ctimeNs = now;
  return 0;
}

/** Sets the size of a file that is open for writing: 0; -EINVAL when it has none to set; -EFBIG, -ENOSPC, -ENOMEM. */
export function changeSize(inode: Inode, c: Credentials, size: u64): Result {
  if (!isRegular(inode) || inode.fs.kind != FileSystemKind.Memory) return -Errno.EINVAL;
  const changed = size != inode.size;
  let r = mayResize(inode, size);
  if (r >= 0) r = fileResize(inode, size);
  if (r < 0) return r;
  dropPrivilegeBits(inode, c);
  const now = wallNs();
  if (changed) inode.mtimeNs = now;
  inode.ctimeNs = now;
  return 0;
}

/** truncate(2) of a file that is not open: as changeSize; -EISDIR, -EACCES; -ETXTBSY while it runs as a program. */
export function truncateInode(inode: Inode, c: Credentials, size: u64): Result {
  if (isDirectory(inode)) return -Errno.EISDIR;
  if (!isRegular(inode)) return -Errno.EINVAL;
  const r = permission(inode, c, Want.Write);
  if (r < 0) return r;
  if (inode.writers < 0) return -Errno.ETXTBSY;
  return changeSize(inode, c, size);
}
