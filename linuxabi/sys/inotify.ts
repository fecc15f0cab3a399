// inotify_init(2), inotify_init1(2), inotify_add_watch(2), inotify_rm_watch(2).

import { Errno } from "../../kernel/errno";
import { Result } from "../../kernel/result";
import { Thread } from "../../kernel/task/thread";
import { OpenFlag } from "../../kernel/vfs/flags";
import { FileKind } from "../../kernel/vfs/inode";
import { inotifyAdd, inotifyNew, inotifyRemove, Notify, NOTIFY_EVENTS } from "../../kernel/vfs/inotify";
import { permission, Want } from "../../kernel/vfs/permission";
import { pathRelease, WalkFlag } from "../../kernel/vfs/walk";
import { AT_FDCWD } from "../types/at";
import { installFile, isNone, openFile } from "./descriptor";
import { resolve, resolved } from "./path";

/** What a watch's mask may have beside events. */
const HOW: u32 =
  Notify.OnlyDirectory |
  Notify.DontFollow |
  Notify.ExcludeUnlinked |
  Notify.MaskCreate |
  Notify.MaskAdd |
  Notify.Directory |
  Notify.OneShot;
/** Bits that only the kernel sets are accepted, and mean nothing. */
const KERNEL_BITS: u32 = Notify.Unmount | Notify.Overflow | Notify.Ignored;

export function sysInotifyInit1(t: Thread, flags: u32): Result {
  if ((flags & ~(OpenFlag.CloseOnExec | OpenFlag.NonBlock)) != 0) return -Errno.EINVAL;
  return installFile(t, inotifyNew(flags & OpenFlag.NonBlock), flags);
}

export function sysInotifyAddWatch(t: Thread, fd: i32, path: u64, mask: u32): Result {
  if ((mask & ~(NOTIFY_EVENTS | HOW | KERNEL_BITS)) != 0 || (mask & (NOTIFY_EVENTS | HOW | KERNEL_BITS)) == 0) return -Errno.EINVAL;
  const file = openFile(t, fd);
  if (isNone(file)) return -Errno.EBADF;
  if ((mask & Notify.MaskAdd) != 0 && (mask & Notify.MaskCreate) != 0) return -Errno.EINVAL;
  if (file.kind != FileKind.Inotify) return -Errno.EINVAL;
  const how =
    ((mask & Notify.DontFollow) == 0 ? <u32>WalkFlag.Follow : 0) | ((mask & Notify.OnlyDirectory) != 0 ? <u32>WalkFlag.Directory : 0);
  let r = resolve(t, AT_FDCWD, path, how);
  if (r < 0) return r;
  const inode = resolved.entry.inode!;
  r = permission(inode, t.credentials, Want.Read);
  if (r >= 0) r = inotifyAdd(file, inode, mask);
  pathRelease(resolved);
  return r;
}

export function sysInotifyRmWatch(t: Thread, fd: i32, number: i32): Result {
  const file = openFile(t, fd);
  if (isNone(file)) return -Errno.EBADF;
  return file.kind == FileKind.Inotify ? inotifyRemove(file, number) : -Errno.EINVAL;
}
