// What all calls with paths share: the path's text in kernel memory, the directory it starts from, the walk. The kernel never runs two
// handlers at once, so the texts lie in static buffers: two, for the calls with two paths.

import { Errno } from "../../kernel/errno";
import { copyInString } from "../../kernel/mm/user";
import { Result } from "../../kernel/result";
import { Thread } from "../../kernel/task/thread";
import { FsContext, Path } from "../../kernel/vfs/inode";
import { pathSet, PATH_MAX, walk, WalkFlag } from "../../kernel/vfs/walk";
import { AT_FDCWD, AtFlag } from "../types/at";
import { anyFile, isNone } from "./descriptor";

/** Text of a call's path, and of its second one. */
export const firstText = memory.data(4096, 8);
export const secondText = memory.data(4096, 8);
const firstPath = changetype<Path>(memory.data(8, 8));
const secondPath = changetype<Path>(memory.data(8, 8));

/** Where the path that was taken last starts: null for the current directory (or an absolute path). Takes no references. */
export let firstBase: Path | null = null;
export let secondBase: Path | null = null;

/** The place that resolve found; pathRelease it. */
export const resolved = changetype<Path>(memory.data(8, 8));

/** The root, current directory and umask of a running program. */
@inline
export function contextOf(t: Thread): FsContext {
  return changetype<FsContext>(t.process.paths);
}

/** Copies a path that must not be empty to `text`: its length; -ENOENT, -ENAMETOOLONG, -EFAULT or BLOCKED. */
function takeText(text: usize, ua: u64): Result {
  const r = copyInString(text, ua, PATH_MAX);
  return r == 0 ? -Errno.ENOENT : r;
}

/** The directory that `dirfd` means for the path in `text`: 1 with `base` filled, 0 when it does not matter, -EBADF or -ENOTDIR. */
function takeBase(t: Thread, dirfd: i32, text: usize, base: Path): Result {
  if (dirfd == AT_FDCWD || load<u8>(text) == 0x2f) return 0;
  const file = anyFile(t, dirfd);
  if (isNone(file)) return -Errno.EBADF;
  if (!file.entry) return -Errno.ENOTDIR;
  base.mount = file.mount!;
  base.entry = file.entry!;
  return 1;
}

/** Takes a call's path to firstText and firstBase: its length, or an error of the path or of `dirfd`, or BLOCKED. */
export function takePath(t: Thread, dirfd: i32, ua: u64): Result {
  const length = takeText(firstText, ua);
  if (length < 0) return length;
  firstBase = null;
  if (dirfd == AT_FDCWD) return length;
  const r = takeBase(t, dirfd, firstText, firstPath);
  if (r == 1) firstBase = firstPath;
  return r < 0 ? r : length;
}

/** As takePath, for a call's second path. */
export function takeSecondPath(t: Thread, dirfd: i32, ua: u64): Result {
  const length = takeText(secondText, ua);
  if (length < 0) return length;
  const r = takeBase(t, dirfd, secondText, secondPath);
  secondBase = r == 1 ? secondPath : null;
  return r < 0 ? r : length;
}

/** Copies a symbolic link's text to secondText: its length or an error. */
export function takeLinkText(ua: u64): Result {
  return takeText(secondText, ua);
}

/** Finds what a path means (bits of WalkFlag): 0 with `resolved` filled, or -errno, or BLOCKED. */
export function resolve(t: Thread, dirfd: i32, ua: u64, flags: u32): Result {
  const length = takePath(t, dirfd, ua);
  if (length < 0) return length;
  return walk(resolved, contextOf(t), t.credentials, firstBase, firstText, <u32>length, flags);
}

/** As resolve, with AT_SYMLINK_NOFOLLOW and AT_EMPTY_PATH of `at`, in the calls that follow links unless told otherwise. */
export function resolveAt(t: Thread, dirfd: i32, ua: u64, at: u32): Result {
  if ((at & AtFlag.EmptyPath) != 0) {
    const r = copyInString(firstText, ua, PATH_MAX);
    if (r < 0) return r;
    if (r == 0) return resolveDescriptor(t, dirfd);
  }
  return resolve(t, dirfd, ua, (at & AtFlag.SymlinkNoFollow) == 0 ? WalkFlag.Follow : 0);
}

/** What a descriptor was opened on (or the current directory): 0 with `resolved` filled; -EBADF; -EINVAL for what has no place (a pipe). */
export function resolveDescriptor(t: Thread, fd: i32): Result {
  const context = contextOf(t);
  if (fd == AT_FDCWD) {
    pathSet(resolved, context.cwdMount, context.cwdEntry);
    return 0;
  }
  const file = anyFile(t, fd);
  if (isNone(file)) return -Errno.EBADF;
  if (!file.entry) return -Errno.EINVAL;
  pathSet(resolved, file.mount!, file.entry!);
  return 0;
}
