// stat, lstat, fstat, newfstatat, statx, statfs, fstatfs. See stat(2), statx(2), statfs(2).

import { Errno } from "../../kernel/errno";
import { filePageCount } from "../../kernel/fs/pages";
import { framesFree, framesUsable, PAGE_SIZE } from "../../kernel/mm/frame";
import { copyInString, copyOut } from "../../kernel/mm/user";
import { Result } from "../../kernel/result";
import { Thread } from "../../kernel/task/thread";
import { deviceMajor, deviceMinor, Entry, FileSystem, FileSystemKind, holdsQueues, Inode, isRegular, Mount } from "../../kernel/vfs/inode";
import { syntheticRefresh } from "../../kernel/vfs/operations";
import { NAME_MAX, pathRelease, PATH_MAX, WalkFlag } from "../../kernel/vfs/walk";
import { AT_FDCWD, AtFlag } from "../types/at";
import {
  Magic,
  Stat,
  Statfs,
  STATFS_BYTES,
  Statx,
  STATX_ATTR_MOUNT_ROOT,
  STATX_BASIC_STATS,
  STATX_BTIME,
  STATX_BYTES,
  STATX_MNT_ID,
  STATX_RESERVED,
  STAT_BYTES,
  ST_VALID,
} from "../types/stat";
import { anyFile, isNone } from "./descriptor";
import { firstText, resolve, resolveAt, resolved } from "./path";

const stat = changetype<Stat>(memory.data(144, 8));
const statx = changetype<Statx>(memory.data(256, 8));
const statfs = changetype<Statfs>(memory.data(120, 8));

const SECOND_NS: u64 = 1_000_000_000;

/** Whole seconds of a time, which may lie before 1970. */
@inline
function seconds(ns: u64): i64 {
  return <i64>ns >= 0 ? <i64>(ns / SECOND_NS) : (<i64>ns + 1) / <i64>SECOND_NS - 1;
}

/** What is left of it. */
@inline
function nanoseconds(ns: u64, seconds: i64): u32 {
  return <u32>(ns - <u64>seconds * SECOND_NS);
}

/** 512-byte blocks that the file takes. */
function blocks(inode: Inode): u64 {
  if (inode.fs.kind != FileSystemKind.Memory || !isRegular(inode)) return 0;
  return <u64>filePageCount(inode) * (PAGE_SIZE / 512);
}

/** Copies a struct stat of the inode out: 0, -EFAULT or BLOCKED. */
function putStat(inode: Inode, ua: u64): Result {
  if (inode.fs.kind != FileSystemKind.Memory) syntheticRefresh(inode);
  stat.dev = inode.fs.device;
  stat.ino = inode.number;
  stat.nlink = inode.links;
  stat.mode = inode.mode;
  stat.uid = inode.uid;
  stat.gid = inode.gid;
  stat.rdev = inode.device;
  stat.size = inode.size;
  stat.blksize = PAGE_SIZE;
  stat.blocks = blocks(inode);
  stat.atime = seconds(inode.atimeNs);
  stat.atimeNsec = nanoseconds(inode.atimeNs, stat.atime);
  stat.mtime = seconds(inode.mtimeNs);
  stat.mtimeNsec = nanoseconds(inode.mtimeNs, stat.mtime);
  stat.ctime = seconds(inode.ctimeNs);
  stat.ctimeNsec = nanoseconds(inode.ctimeNs, stat.ctime);
  return copyOut(ua, changetype<usize>(stat), STAT_BYTES);
}

/** Copies a struct stat of what resolve found out, and lets go of it. */
function putResolved(ua: u64): Result {
  const r = putStat(resolved.entry.inode!, ua);
  pathRelease(resolved);
  return r;
}

export function sysStat(t: Thread, path: u64, ua: u64): Result {
  const r = resolve(t, AT_FDCWD, path, WalkFlag.Follow);
  return r < 0 ? r : putResolved(ua);
}

export function sysLstat(t: Thread, path: u64, ua: u64): Result {
  const r = resolve(t, AT_FDCWD, path, 0);
  return r < 0 ? r : putResolved(ua);
}

export function sysFstat(t: Thread, fd: i32, ua: u64): Result {
  const file = anyFile(t, fd);
  return isNone(file) ? -Errno.EBADF : putStat(file.inode, ua);
}

/** Whether the call is about a descriptor itself (AT_EMPTY_PATH and an empty path, or none): 1, 0, -EFAULT or BLOCKED. */
function aboutDescriptor(dirfd: i32, path: u64, flags: u32): Result {
  if ((flags & AtFlag.EmptyPath) == 0 || dirfd == AT_FDCWD) return 0;
  if (path == 0) return 1;
  const r = copyInString(firstText, path, PATH_MAX);
  return r < 0 ? r : r == 0 ? 1 : 0;
}

export function sysNewfstatat(t: Thread, dirfd: i32, path: u64, ua: u64, flags: u32): Result {
  if ((flags & ~(<u32>(AtFlag.SymlinkNoFollow | AtFlag.NoAutomount | AtFlag.EmptyPath))) != 0) return -Errno.EINVAL;
  let r = aboutDescriptor(dirfd, path, flags);
  if (r < 0) return r;
  if (r == 1) return sysFstat(t, dirfd, ua);
  r = resolveAt(t, dirfd, path, flags);
  return r < 0 ? r : putResolved(ua);
}

/** Copies a struct statx out; what the file system cannot tell is left out of the mask. */
function putStatx(inode: Inode, mount: Mount | null, entry: Entry | null, ua: u64): Result {
  if (inode.fs.kind != FileSystemKind.Memory) syntheticRefresh(inode);
  const s = statx;
  memory.fill(changetype<usize>(s), 0, STATX_BYTES);
  s.mask = STATX_BASIC_STATS;
  s.blksize = PAGE_SIZE;
  s.attributesMask = STATX_ATTR_MOUNT_ROOT;
  s.nlink = inode.links;
  s.uid = inode.uid;
  s.gid = inode.gid;
  s.mode = <u16>inode.mode;
  s.ino = inode.number;
  s.size = inode.size;
  s.blocks = blocks(inode);
  s.atime = seconds(inode.atimeNs);
  s.atimeNsec = nanoseconds(inode.atimeNs, s.atime);
  s.mtime = seconds(inode.mtimeNs);
  s.mtimeNsec = nanoseconds(inode.mtimeNs, s.mtime);
  s.ctime = seconds(inode.ctimeNs);
  s.ctimeNsec = nanoseconds(inode.ctimeNs, s.ctime);
  if (inode.fs.kind == FileSystemKind.Memory) {
    s.mask |= STATX_BTIME;
    s.btime = seconds(inode.btimeNs);
    s.btimeNsec = nanoseconds(inode.btimeNs, s.btime);
  }
  s.rdevMajor = deviceMajor(inode.device);
  s.rdevMinor = deviceMinor(inode.device);
  s.devMajor = deviceMajor(inode.fs.device);
  s.devMinor = deviceMinor(inode.fs.device);
  if (mount) {
    s.mask |= STATX_MNT_ID;
    s.mountId = mount.id;
    if (mount.root == entry) s.attributes = STATX_ATTR_MOUNT_ROOT;
  }
  return copyOut(ua, changetype<usize>(s), STATX_BYTES);
}

export function sysStatx(t: Thread, dirfd: i32, path: u64, flags: u32, mask: u32, ua: u64): Result {
  const known: u32 = AtFlag.SymlinkNoFollow | AtFlag.NoAutomount | AtFlag.EmptyPath | AtFlag.StatxSync;
  if ((flags & ~known) != 0 || (flags & AtFlag.StatxSync) == AtFlag.StatxSync || (mask & STATX_RESERVED) != 0) return -Errno.EINVAL;
  let r = aboutDescriptor(dirfd, path, flags);
  if (r < 0) return r;
  if (r == 1) {
    const file = anyFile(t, dirfd);
    return isNone(file) ? -Errno.EBADF : putStatx(file.inode, file.mount, file.entry, ua);
  }
  r = resolveAt(t, dirfd, path, flags);
  if (r < 0) return r;
  r = putStatx(resolved.entry.inode!, resolved.mount, resolved.entry, ua);
  pathRelease(resolved);
  return r;
}

function magicOf(kind: u32): i64 {
  switch (kind) {
    case FileSystemKind.Proc:
      return Magic.Proc;
    case FileSystemKind.Sys:
      return Magic.Sysfs;
    case FileSystemKind.Devpts:
      return Magic.Devpts;
    case FileSystemKind.Pipe:
      return Magic.Pipefs;
    case FileSystemKind.Cgroup:
      return Magic.Cgroup2;
    default:
      return Magic.Tmpfs;
  }
}

/** Copies a struct statfs out. A memory file system without a limit is as large as the memory. */
function putStatfs(fs: FileSystem, mountFlags: u32, ua: u64): Result {
  const s = statfs;
  memory.fill(changetype<usize>(s), 0, STATFS_BYTES);
  s.type = holdsQueues(fs) ? Magic.Mqueue : magicOf(fs.kind);
  s.bsize = PAGE_SIZE;
  s.frsize = PAGE_SIZE;
  s.namelen = NAME_MAX;
  s.fsid0 = fs.device;
  s.flags = mountFlags | fs.flags | ST_VALID;
  if (fs.kind == FileSystemKind.Memory && !holdsQueues(fs)) {
    s.blocks = fs.pageLimit != 0 ? fs.pageLimit : framesUsable();
    s.bfree = fs.pageLimit != 0 ? fs.pageLimit - fs.pagesUsed : framesFree();
    s.bavail = min<u64>(s.bfree, framesFree());
    s.files = fs.inodeLimit != 0 ? fs.inodeLimit : s.blocks;
    s.ffree = s.files - min<u64>(s.files, fs.inodesUsed);
  }
  return copyOut(ua, changetype<usize>(s), STATFS_BYTES);
}

export function sysStatfs(t: Thread, path: u64, ua: u64): Result {
  let r = resolve(t, AT_FDCWD, path, WalkFlag.Follow);
  if (r < 0) return r;
  r = putStatfs(resolved.mount.fs, resolved.mount.flags, ua);
  pathRelease(resolved);
  return r;
}

export function sysFstatfs(t: Thread, fd: i32, ua: u64): Result {
  const file = anyFile(t, fd);
  if (isNone(file)) return -Errno.EBADF;
  return putStatfs(file.inode.fs, file.mount ? file.mount!.flags : 0, ua);
}
