// Calls that make and remove names: mkdir, mknod, rmdir, unlink, link, symlink, rename and their *at forms. See path_resolution(7) and the
// page of each.

import { Errno } from "../../kernel/errno";
import { Result } from "../../kernel/result";
import { capable, Capability } from "../../kernel/task/credentials";
import { Thread } from "../../kernel/task/thread";
import { makeDirectory, makeLink, makeNode, makeSymlink, removeDirectory, removeFile, rename } from "../../kernel/vfs/names";
import { pathRelease, WalkFlag } from "../../kernel/vfs/walk";
import { AT_FDCWD, AtFlag, RenameAtFlag } from "../types/at";
import {
  contextOf,
  firstBase,
  firstText,
  resolve,
  resolveAt,
  resolved,
  secondBase,
  secondText,
  takeLinkText,
  takePath,
  takeSecondPath,
} from "./path";

export function sysMkdirat(t: Thread, dirfd: i32, path: u64, mode: u32): Result {
  const length = takePath(t, dirfd, path);
  if (length < 0) return length;
  return makeDirectory(contextOf(t), t.credentials, firstBase, firstText, <u32>length, mode);
}

export function sysMkdir(t: Thread, path: u64, mode: u32): Result {
  return sysMkdirat(t, AT_FDCWD, path, mode);
}

export function sysMknodat(t: Thread, dirfd: i32, path: u64, mode: u32, device: u32): Result {
  const length = takePath(t, dirfd, path);
  if (length < 0) return length;
  return makeNode(contextOf(t), t.credentials, firstBase, firstText, <u32>length, mode, device);
}

export function sysMknod(t: Thread, path: u64, mode: u32, device: u32): Result {
  return sysMknodat(t, AT_FDCWD, path, mode, device);
}

export function sysUnlinkat(t: Thread, dirfd: i32, path: u64, flags: u32): Result {
  if ((flags & ~(<u32>AtFlag.RemoveDirectory)) != 0) return -Errno.EINVAL;
  const length = takePath(t, dirfd, path);
  if (length < 0) return length;
  if (flags != 0) return removeDirectory(contextOf(t), t.credentials, firstBase, firstText, <u32>length);
  return removeFile(contextOf(t), t.credentials, firstBase, firstText, <u32>length);
}

export function sysUnlink(t: Thread, path: u64): Result {
  return sysUnlinkat(t, AT_FDCWD, path, 0);
}

export function sysRmdir(t: Thread, path: u64): Result {
  return sysUnlinkat(t, AT_FDCWD, path, AtFlag.RemoveDirectory);
}

export function sysSymlinkat(t: Thread, target: u64, dirfd: i32, path: u64): Result {
  const targetLength = takeLinkText(target);
  if (targetLength < 0) return targetLength;
  const length = takePath(t, dirfd, path);
  if (length < 0) return length;
  return makeSymlink(contextOf(t), t.credentials, secondText, <u32>targetLength, firstBase, firstText, <u32>length);
}

export function sysSymlink(t: Thread, target: u64, path: u64): Result {
  return sysSymlinkat(t, target, AT_FDCWD, path);
}

export function sysLinkat(t: Thread, oldDirfd: i32, oldPath: u64, newDirfd: i32, newPath: u64, flags: u32): Result {
  if ((flags & ~(<u32>(AtFlag.SymlinkFollow | AtFlag.EmptyPath))) != 0) return -Errno.EINVAL;
  const byDescriptor = (flags & AtFlag.EmptyPath) != 0;
  if (byDescriptor && !capable(t.credentials, Capability.DacReadSearch)) return -Errno.ENOENT;
  const follow = (flags & AtFlag.SymlinkFollow) != 0;
  let r: Result;
  if (byDescriptor) r = resolveAt(t, oldDirfd, oldPath, AtFlag.EmptyPath | (follow ? 0 : AtFlag.SymlinkNoFollow));
  else r = resolve(t, oldDirfd, oldPath, follow ? WalkFlag.Follow : 0);
  if (r < 0) return r;
  r = takeSecondPath(t, newDirfd, newPath);
  if (r >= 0) r = makeLink(contextOf(t), t.credentials, resolved, secondBase, secondText, <u32>r);
  pathRelease(resolved);
  return r;
}

export function sysLink(t: Thread, oldPath: u64, newPath: u64): Result {
  return sysLinkat(t, AT_FDCWD, oldPath, AT_FDCWD, newPath, 0);
}

export function sysRenameat2(t: Thread, oldDirfd: i32, oldPath: u64, newDirfd: i32, newPath: u64, flags: u32): Result {
  if ((flags & ~(<u32>(RenameAtFlag.NoReplace | RenameAtFlag.Exchange | RenameAtFlag.Whiteout))) != 0) return -Errno.EINVAL;
  if ((flags & RenameAtFlag.Exchange) != 0 && flags != <u32>RenameAtFlag.Exchange) return -Errno.EINVAL;
  const oldLength = takePath(t, oldDirfd, oldPath);
  if (oldLength < 0) return oldLength;
  const newLength = takeSecondPath(t, newDirfd, newPath);
  if (newLength < 0) return newLength;
  const context = contextOf(t);
  return rename(context, t.credentials, firstBase, firstText, <u32>oldLength, secondBase, secondText, <u32>newLength, flags);
}

export function sysRenameat(t: Thread, oldDirfd: i32, oldPath: u64, newDirfd: i32, newPath: u64): Result {
  return sysRenameat2(t, oldDirfd, oldPath, newDirfd, newPath, 0);
}

export function sysRename(t: Thread, oldPath: u64, newPath: u64): Result {
  return sysRenameat2(t, AT_FDCWD, oldPath, AT_FDCWD, newPath, 0);
}
