// Extended attributes: setxattr, getxattr, listxattr, removexattr, their l and f forms and their *at forms. See xattr(7): "user." for files and directories
// by permission, "trusted." for CAP_SYS_ADMIN, "security." readable by all; what we do not keep is EOPNOTSUPP.

import { Errno } from "../../kernel/errno";
import { bytesEqualLiteral, bytesStartWith } from "../../kernel/lib/bytes";
import { kernelAlloc, kernelFree } from "../../kernel/mm/heap";
import { PAGE_SIZE } from "../../kernel/mm/frame";
import { copyIn, copyInString, copyOut } from "../../kernel/mm/user";
import { fileCapabilitiesSound } from "../../kernel/program/privileges";
import { Result } from "../../kernel/result";
import { capable, Capability } from "../../kernel/task/credentials";
import { Thread } from "../../kernel/task/thread";
import { wallNs } from "../../kernel/time/clock";
import { FileSystemKind, Inode, isDirectory, isRegular, S_ISVTX } from "../../kernel/vfs/inode";
import { Notify, notifyEntry } from "../../kernel/vfs/inotify";
import { mayChange, ownerOrCapable, permission, Want } from "../../kernel/vfs/permission";
import { pathRelease, WalkFlag } from "../../kernel/vfs/walk";
import {
  attributeGet,
  attributeListLength,
  attributeName,
  attributeRemove,
  attributeSet,
  attributeValue,
  XATTR_NAME_MAX,
  XATTR_SIZE_MAX,
} from "../../kernel/vfs/xattr";
import { AT_FDCWD, AtFlag, XattrFlag } from "../types/at";
import { isNone, openFile } from "./descriptor";
import { resolve, resolveDescriptor, resolved } from "./path";

const name = memory.data(256, 8);
const listed = memory.data(256, 8);

/** For `find`, beside bits of WalkFlag: the descriptor itself is meant, and there is no path. */
const BY_DESCRIPTOR: u32 = 0x8000_0000;

/** Finds what the call is about, by path from `fd` or by descriptor: 0 with `resolved` filled, or an error. */
function find(t: Thread, path: u64, fd: i32, flags: u32): Result {
  if (flags != BY_DESCRIPTOR) return resolve(t, fd, path, flags);
  return isNone(openFile(t, fd)) ? -Errno.EBADF : resolveDescriptor(t, fd);
}

/** Copies an attribute's name in: its length; -ERANGE when it is empty or too long, -EFAULT or BLOCKED. */
function takeName(ua: u64): Result {
  const r = copyInString(name, ua, XATTR_NAME_MAX + 1);
  return r == 0 || r == -Errno.ENAMETOOLONG ? -Errno.ERANGE : r;
}

/** The attribute that gives a program capabilities, which the kernel itself reads. */
function isFileCapabilities(length: u32): bool {
  return bytesEqualLiteral(name, length, "security.capability");
}

/** Whether `t` may read (or change) attributes of that name: 0, or what Linux says (fs/xattr.c, xattr_permission). */
function mayUse(t: Thread, inode: Inode, length: u32, change: bool): Result {
  const c = t.credentials;
  if (bytesStartWith(name, length, "security.")) {
    const needed = isFileCapabilities(length) ? Capability.Setfcap : Capability.SysAdmin;
    return change && !capable(c, needed) ? -Errno.EPERM : 0;
  }
  if (bytesStartWith(name, length, "trusted.")) {
    if (capable(c, Capability.SysAdmin)) return 0;
    return change ? -Errno.EPERM : -Errno.ENODATA;
  }
  if (!bytesStartWith(name, length, "user.")) return -Errno.EOPNOTSUPP;
  if (length == 5) return -Errno.EINVAL; // only the name space
  if (!isRegular(inode) && !isDirectory(inode)) return change ? -Errno.EPERM : -Errno.ENODATA;
  if (change && isDirectory(inode) && (inode.mode & S_ISVTX) != 0 && !ownerOrCapable(inode, c)) return -Errno.EPERM;
  return permission(inode, c, change ? Want.Write : Want.Read);
}

/** The attribute's value from the user: a heap object to free, 0 for an empty one; -ENOMEM, -EFAULT or BLOCKED. */
function takeValue(ua: u64, bytes: u32): Result {
  if (bytes == 0) return 0;
  const p = kernelAlloc(bytes);
  if (p == 0) return -Errno.ENOMEM;
  const r = copyIn(p, ua, bytes);
  if (r >= 0) return p;
  kernelFree(p);
  return r;
}

function set(t: Thread, path: u64, fd: i32, follow: u32, nameAt: u64, ua: u64, bytes: u64, flags: u32): Result {
  if ((flags & ~(<u32>(XattrFlag.Create | XattrFlag.Replace))) != 0) return -Errno.EINVAL;
  const length = takeName(nameAt);
  if (length < 0) return length;
  if (bytes > XATTR_SIZE_MAX) return -Errno.E2BIG;
  const value = takeValue(ua, <u32>bytes);
  if (value < 0) return value;
  let r = find(t, path, fd, follow);
  if (r >= 0) {
    const inode = resolved.entry.inode!;
    r = mayChange(resolved.mount, resolved.entry);
    if (r >= 0 && isFileCapabilities(<u32>length) && !fileCapabilitiesSound(<usize>value, <u32>bytes)) r = -Errno.EINVAL;
    if (r >= 0) r = mayUse(t, inode, <u32>length, true);
    if (r >= 0 && inode.fs.kind != FileSystemKind.Memory) r = -Errno.EOPNOTSUPP;
    if (r >= 0) r = attributeSet(inode, name, <u32>length, <usize>value, <u32>bytes, flags);
    if (r >= 0) {
      inode.ctimeNs = wallNs();
      notifyEntry(resolved.entry, Notify.Attributes);
    }
    pathRelease(resolved);
  }
  kernelFree(<usize>value);
  return r;
}

export function sysSetxattr(t: Thread, path: u64, nameAt: u64, value: u64, bytes: u64, flags: u32): Result {
  return set(t, path, AT_FDCWD, WalkFlag.Follow, nameAt, value, bytes, flags);
}

export function sysLsetxattr(t: Thread, path: u64, nameAt: u64, value: u64, bytes: u64, flags: u32): Result {
  return set(t, path, AT_FDCWD, 0, nameAt, value, bytes, flags);
}

export function sysFsetxattr(t: Thread, fd: i32, nameAt: u64, value: u64, bytes: u64, flags: u32): Result {
  return fd < 0 ? -Errno.EBADF : set(t, 0, fd, BY_DESCRIPTOR, nameAt, value, bytes, flags);
}

function get(t: Thread, path: u64, fd: i32, follow: u32, nameAt: u64, ua: u64, bytes: u64): Result {
  const length = takeName(nameAt);
  if (length < 0) return length;
  let r = find(t, path, fd, follow);
  if (r < 0) return r;
  const inode = resolved.entry.inode!;
  r = mayUse(t, inode, <u32>length, false);
  if (r >= 0) r = inode.fs.kind == FileSystemKind.Memory ? attributeGet(inode, name, <u32>length) : -Errno.EOPNOTSUPP;
  if (r > 0 && bytes != 0) {
    if (<u64>r > bytes) r = -Errno.ERANGE;
    else {
      const copied = copyOut(ua, attributeValue(inode, name, <u32>length), <u32>r);
      if (copied < 0) r = copied;
    }
  }
  pathRelease(resolved);
  return r;
}

export function sysGetxattr(t: Thread, path: u64, nameAt: u64, value: u64, bytes: u64): Result {
  return get(t, path, AT_FDCWD, WalkFlag.Follow, nameAt, value, bytes);
}

export function sysLgetxattr(t: Thread, path: u64, nameAt: u64, value: u64, bytes: u64): Result {
  return get(t, path, AT_FDCWD, 0, nameAt, value, bytes);
}

export function sysFgetxattr(t: Thread, fd: i32, nameAt: u64, value: u64, bytes: u64): Result {
  return fd < 0 ? -Errno.EBADF : get(t, 0, fd, BY_DESCRIPTOR, nameAt, value, bytes);
}

/** Copies the names out, each with its NUL; "trusted." ones only to who may read them. Returns the bytes of all. */
function putNames(t: Thread, inode: Inode, ua: u64, bytes: u64): Result {
  if (inode.fs.kind != FileSystemKind.Memory || attributeListLength(inode) == 0) return 0;
  const privileged = capable(t.credentials, Capability.SysAdmin);
  let done: u32 = 0;
  let index: u32 = 0;
  for (let n = attributeName(inode, index, listed); n != 0; n = attributeName(inode, ++index, listed)) {
    if (!privileged && bytesStartWith(listed, n, "trusted.")) continue;
    if (bytes != 0) {
      if (<u64>done + n + 1 > bytes) return -Errno.ERANGE;
      const r = copyOut(ua + done, listed, n + 1);
      if (r < 0) return r;
    }
    done += n + 1;
  }
  return done;
}

function list(t: Thread, path: u64, fd: i32, follow: u32, ua: u64, bytes: u64): Result {
  let r = find(t, path, fd, follow);
  if (r < 0) return r;
  r = putNames(t, resolved.entry.inode!, ua, bytes);
  pathRelease(resolved);
  return r;
}

export function sysListxattr(t: Thread, path: u64, ua: u64, bytes: u64): Result {
  return list(t, path, AT_FDCWD, WalkFlag.Follow, ua, bytes);
}

export function sysLlistxattr(t: Thread, path: u64, ua: u64, bytes: u64): Result {
  return list(t, path, AT_FDCWD, 0, ua, bytes);
}

export function sysFlistxattr(t: Thread, fd: i32, ua: u64, bytes: u64): Result {
  return fd < 0 ? -Errno.EBADF : list(t, 0, fd, BY_DESCRIPTOR, ua, bytes);
}

function remove(t: Thread, path: u64, fd: i32, follow: u32, nameAt: u64): Result {
  const length = takeName(nameAt);
  if (length < 0) return length;
  let r = find(t, path, fd, follow);
  if (r < 0) return r;
  const inode = resolved.entry.inode!;
  r = mayChange(resolved.mount, resolved.entry);
  if (r >= 0) r = mayUse(t, inode, <u32>length, true);
  if (r >= 0) r = inode.fs.kind == FileSystemKind.Memory ? attributeRemove(inode, name, <u32>length) : -Errno.EOPNOTSUPP;
  if (r >= 0) {
    inode.ctimeNs = wallNs();
    notifyEntry(resolved.entry, Notify.Attributes);
  }
  pathRelease(resolved);
  return r;
}

export function sysRemovexattr(t: Thread, path: u64, nameAt: u64): Result {
  return remove(t, path, AT_FDCWD, WalkFlag.Follow, nameAt);
}

export function sysLremovexattr(t: Thread, path: u64, nameAt: u64): Result {
  return remove(t, path, AT_FDCWD, 0, nameAt);
}

export function sysFremovexattr(t: Thread, fd: i32, nameAt: u64): Result {
  return fd < 0 ? -Errno.EBADF : remove(t, 0, fd, BY_DESCRIPTOR, nameAt);
}

/** struct xattr_args: address, size and flags of a value. */
const ARGUMENTS_BYTES: u32 = 16;
const given = memory.data(16, 8);
const byte = memory.data(1);

/** Takes struct xattr_args of `bytes`: 0, -EINVAL, -E2BIG when there is more than we know, -EFAULT or BLOCKED. */
function takeArguments(ua: u64, bytes: u64): Result {
  if (bytes < ARGUMENTS_BYTES) return -Errno.EINVAL;
  if (bytes > PAGE_SIZE) return -Errno.E2BIG;
  let r = copyIn(given, ua, ARGUMENTS_BYTES);
  for (let at: u64 = ARGUMENTS_BYTES; at < bytes && r >= 0; at++) {
    r = copyIn(byte, ua + at, 1);
    if (r >= 0 && load<u8>(byte) != 0) return -Errno.E2BIG;
  }
  return r;
}

/** How an *at call finds its file, for `find`: BY_DESCRIPTOR when its path may be and is empty; -EINVAL, -EFAULT or BLOCKED. */
function howAt(dirfd: i32, path: u64, at: u32): Result {
  if ((at & ~(<u32>(AtFlag.SymlinkNoFollow | AtFlag.EmptyPath))) != 0) return -Errno.EINVAL;
  if ((at & AtFlag.EmptyPath) != 0 && dirfd >= 0) {
    if (path == 0) return BY_DESCRIPTOR;
    const r = copyIn(byte, path, 1);
    if (r < 0) return r;
    if (load<u8>(byte) == 0) return BY_DESCRIPTOR;
  }
  return (at & AtFlag.SymlinkNoFollow) == 0 ? WalkFlag.Follow : 0;
}

export function sysSetxattrat(t: Thread, dirfd: i32, path: u64, at: u32, nameAt: u64, value: u64, bytes: u64): Result {
  let r = takeArguments(value, bytes);
  if (r >= 0) r = howAt(dirfd, path, at);
  if (r < 0) return r;
  return set(t, path, dirfd, <u32>r, nameAt, load<u64>(given), load<u32>(given, 8), load<u32>(given, 12));
}

export function sysGetxattrat(t: Thread, dirfd: i32, path: u64, at: u32, nameAt: u64, value: u64, bytes: u64): Result {
  let r = takeArguments(value, bytes);
  if (r >= 0 && load<u32>(given, 12) != 0) r = -Errno.EINVAL;
  if (r >= 0) r = howAt(dirfd, path, at);
  return r < 0 ? r : get(t, path, dirfd, <u32>r, nameAt, load<u64>(given), load<u32>(given, 8));
}

export function sysListxattrat(t: Thread, dirfd: i32, path: u64, at: u32, ua: u64, bytes: u64): Result {
  const r = howAt(dirfd, path, at);
  return r < 0 ? r : list(t, path, dirfd, <u32>r, ua, bytes);
}

export function sysRemovexattrat(t: Thread, dirfd: i32, path: u64, at: u32, nameAt: u64): Result {
  const r = howAt(dirfd, path, at);
  return r < 0 ? r : remove(t, path, dirfd, <u32>r, nameAt);
}
