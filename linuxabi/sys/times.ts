// Calls that set a file's times: utimensat, utime, utimes, futimesat. See utimensat(2), utime(2).

import { Errno } from "../../kernel/errno";
import { copyIn } from "../../kernel/mm/user";
import { Result } from "../../kernel/result";
import { Thread } from "../../kernel/task/thread";
import { changeTimes, TIME_NOW, TIME_OMIT } from "../../kernel/vfs/attributes";
import { Notify, notifyEntry, notifyFile } from "../../kernel/vfs/inotify";
import { mayChange } from "../../kernel/vfs/permission";
import { pathRelease } from "../../kernel/vfs/walk";
import { AT_FDCWD, AtFlag, UTIME_NOW, UTIME_OMIT } from "../types/at";
import { anyFile, isNone } from "./descriptor";
import { resolveAt, resolved } from "./path";

/** Two times as the user gives them: seconds and a fraction each. */
const times = memory.data(32, 8);
const SECOND_NS: i64 = 1_000_000_000;
/** What fits 64 bits of nanoseconds; further dates become these. */
const SECONDS_MAX: i64 = 9_223_372_035;

let atimeNs: u64 = 0;
let mtimeNs: u64 = 0;

@inline
function toNs(seconds: i64, nanoseconds: i64): u64 {
  return max(-SECONDS_MAX, min(SECONDS_MAX, seconds)) * SECOND_NS + nanoseconds;
}

/** One struct timespec: its nanoseconds since 1970, TIME_NOW or TIME_OMIT. */
function timespec(at: usize): u64 {
  const fraction = load<i64>(at, 8);
  if (fraction == UTIME_NOW) return TIME_NOW;
  if (fraction == UTIME_OMIT) return TIME_OMIT;
  return toNs(load<i64>(at), fraction);
}

function validTimespec(at: usize): bool {
  const fraction = load<i64>(at, 8);
  return (fraction >= 0 && fraction < SECOND_NS) || fraction == UTIME_NOW || fraction == UTIME_OMIT;
}

/** Takes two struct timeval (in microseconds) or none: 0, -EINVAL, -EFAULT or BLOCKED. */
function takeTimevals(ua: u64): Result {
  atimeNs = TIME_NOW;
  mtimeNs = TIME_NOW;
  if (ua == 0) return 0;
  const r = copyIn(times, ua, 32);
  if (r < 0) return r;
  const a = load<i64>(times, 8);
  const m = load<i64>(times, 24);
  if (a < 0 || a >= 1_000_000 || m < 0 || m >= 1_000_000) return -Errno.EINVAL;
  atimeNs = toNs(load<i64>(times), a * 1000);
  mtimeNs = toNs(load<i64>(times, 16), m * 1000);
  return 0;
}

/** What inotify calls setting both times, or one of them; 0 for none. */
function timesEvent(): Notify {
  if (atimeNs == TIME_OMIT) return mtimeNs == TIME_OMIT ? 0 : Notify.Modify;
  return mtimeNs == TIME_OMIT ? Notify.Access : Notify.Attributes;
}

/** Sets the times that were taken on what a path means. */
function setTimes(t: Thread, dirfd: i32, path: u64, flags: u32): Result {
  let r = resolveAt(t, dirfd, path, flags);
  if (r < 0) return r;
  r = mayChange(resolved.mount, resolved.entry);
  if (r >= 0) r = changeTimes(resolved.entry.inode!, t.credentials, atimeNs, mtimeNs);
  if (r >= 0 && timesEvent() != 0) notifyEntry(resolved.entry, timesEvent());
  pathRelease(resolved);
  return r;
}

/** Sets the times that were taken on an open file. */
function setFileTimes(t: Thread, fd: i32): Result {
  const file = anyFile(t, fd);
  if (isNone(file)) return -Errno.EBADF;
  if (file.entry) {
    const r = mayChange(file.mount!, file.entry!);
    if (r < 0) return r;
  }
  const r = changeTimes(file.inode, t.credentials, atimeNs, mtimeNs);
  if (r >= 0 && timesEvent() != 0) notifyFile(file, timesEvent());
  return r;
}

export function sysUtimensat(t: Thread, dirfd: i32, path: u64, ua: u64, flags: u32): Result {
  atimeNs = TIME_NOW;
  mtimeNs = TIME_NOW;
  if (ua != 0) {
    const r = copyIn(times, ua, 32);
    if (r < 0) return r;
    atimeNs = timespec(times);
    mtimeNs = timespec(times + 16);
    // Nothing to do is no error, whatever the path.
    if (atimeNs == TIME_OMIT && mtimeNs == TIME_OMIT) return 0;
    if (!validTimespec(times) || !validTimespec(times + 16)) return -Errno.EINVAL;
  }
  if ((flags & ~(<u32>(AtFlag.SymlinkNoFollow | AtFlag.EmptyPath))) != 0) return -Errno.EINVAL;
  if (path == 0 && dirfd != AT_FDCWD) return flags != 0 ? -Errno.EINVAL : setFileTimes(t, dirfd);
  return setTimes(t, dirfd, path, flags);
}

export function sysFutimesat(t: Thread, dirfd: i32, path: u64, ua: u64): Result {
  const r = takeTimevals(ua);
  if (r < 0) return r;
  if (path == 0 && dirfd != AT_FDCWD) return setFileTimes(t, dirfd);
  return setTimes(t, dirfd, path, 0);
}

export function sysUtimes(t: Thread, path: u64, ua: u64): Result {
  return sysFutimesat(t, AT_FDCWD, path, ua);
}

/** utime: a struct utimbuf of two times in seconds. */
export function sysUtime(t: Thread, path: u64, ua: u64): Result {
  atimeNs = TIME_NOW;
  mtimeNs = TIME_NOW;
  if (ua != 0) {
    const r = copyIn(times, ua, 16);
    if (r < 0) return r;
    atimeNs = toNs(load<i64>(times), 0);
    mtimeNs = toNs(load<i64>(times, 8), 0);
  }
  return setTimes(t, AT_FDCWD, path, 0);
}
