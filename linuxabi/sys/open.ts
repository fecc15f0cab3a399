// open, openat, creat, openat2. See open(2), openat2(2).

import { Errno } from "../../kernel/errno";
import { copyIn } from "../../kernel/mm/user";
import { Result } from "../../kernel/result";
import { Thread } from "../../kernel/task/thread";
import { fdLowest, fdSet } from "../../kernel/vfs/fdtable";
import { OpenFlag } from "../../kernel/vfs/flags";
import { File } from "../../kernel/vfs/inode";
import { openAt } from "../../kernel/vfs/open";
import { WalkFlag } from "../../kernel/vfs/walk";
import { AT_FDCWD, OPEN_HOW_BYTES, ResolveFlag } from "../types/at";
import { descriptorLimit, descriptors } from "./descriptor";
import { contextOf, firstBase, firstText, takePath } from "./path";

function open(t: Thread, dirfd: i32, path: u64, flags: u32, mode: u32, restrictions: u32): Result {
  const length = takePath(t, dirfd, path);
  if (length < 0) return length;
  const table = descriptors(t);
  const fd = fdLowest(table, 0, descriptorLimit(t));
  if (fd < 0) return fd;
  const r = openAt(contextOf(t), t.credentials, firstBase, firstText, <u32>length, flags, mode, restrictions);
  if (r < 0) return r;
  fdSet(table, <u32>fd, changetype<File>(<usize>r), (flags & OpenFlag.CloseOnExec) != 0);
  return fd;
}

export function sysOpenat(t: Thread, dirfd: i32, path: u64, flags: u32, mode: u32): Result {
  return open(t, dirfd, path, flags, mode, 0);
}

export function sysOpen(t: Thread, path: u64, flags: u32, mode: u32): Result {
  return sysOpenat(t, AT_FDCWD, path, flags, mode);
}

export function sysCreat(t: Thread, path: u64, mode: u32): Result {
  return sysOpenat(t, AT_FDCWD, path, OpenFlag.Create | OpenFlag.WriteOnly | OpenFlag.Truncate, mode);
}

/** struct open_how, and room for what a later version may add. */
const how = memory.data(4096, 8);
/** Every flag open(2) knows; openat2 refuses others. */
const KNOWN_FLAGS: u64 = 0o37777703;
/** What may stand beside O_PATH. */
const PATH_FLAGS: u64 = OpenFlag.Path | OpenFlag.Directory | OpenFlag.NoFollow | OpenFlag.CloseOnExec;
/** O_CREAT, O_TRUNC and O_TMPFILE without O_DIRECTORY. */
const MAKING_FLAGS: u64 = (OpenFlag.Create | OpenFlag.Truncate | OpenFlag.TemporaryFile) & ~OpenFlag.Directory;

/** Takes struct open_how: 0; -EINVAL; -E2BIG when it says something that we do not know; -EFAULT or BLOCKED. */
function takeHow(ua: u64, bytes: u64): Result {
  if (bytes < OPEN_HOW_BYTES) return -Errno.EINVAL;
  if (bytes > 4096) return -Errno.E2BIG;
  const r = copyIn(how, ua, <u32>bytes);
  if (r < 0) return r;
  for (let i = OPEN_HOW_BYTES; i < <u32>bytes; i++) if (load<u8>(how + i) != 0) return -Errno.E2BIG;
  return 0;
}

/** The flags and mode of openat2, which is strict with both: 0 or -EINVAL. */
function checkHow(flags: u64, mode: u64): Result {
  if ((flags & ~KNOWN_FLAGS) != 0) return -Errno.EINVAL;
  if ((flags & OpenFlag.Path) != 0 && (flags & ~PATH_FLAGS) != 0) return -Errno.EINVAL;
  const makes = (flags & OpenFlag.Create) != 0 || (flags & OpenFlag.TemporaryFile) == OpenFlag.TemporaryFile;
  return mode > 0o7777 || (mode != 0 && !makes) ? -Errno.EINVAL : 0;
}

/** Bits of WalkFlag for RESOLVE_* flags. */
function restrictionsOf(resolve: u64): u32 {
  let flags: u32 = 0;
  if ((resolve & ResolveFlag.NoCrossDevice) != 0) flags |= WalkFlag.OneMount;
  if ((resolve & ResolveFlag.NoMagicLinks) != 0) flags |= WalkFlag.NoMagicLinks;
  if ((resolve & ResolveFlag.NoSymlinks) != 0) flags |= WalkFlag.NoLinks;
  if ((resolve & ResolveFlag.Beneath) != 0) flags |= WalkFlag.Beneath;
  if ((resolve & ResolveFlag.InRoot) != 0) flags |= WalkFlag.InRoot;
  return flags;
}

export function sysOpenat2(t: Thread, dirfd: i32, path: u64, ua: u64, bytes: u64): Result {
  let r = takeHow(ua, bytes);
  if (r < 0) return r;
  const flags = load<u64>(how);
  const mode = load<u64>(how, 8);
  const resolve = load<u64>(how, 16);
  r = checkHow(flags, mode);
  if (r < 0) return r;
  const both: u64 = ResolveFlag.Beneath | ResolveFlag.InRoot;
  if (resolve > 63 || (resolve & both) == both) return -Errno.EINVAL;
  // Everything is in memory here, so a walk that must not wait only rules out what changes files.
  if ((resolve & ResolveFlag.Cached) != 0 && (flags & MAKING_FLAGS) != 0) return -Errno.EAGAIN;
  return open(t, dirfd, path, <u32>flags, <u32>mode, restrictionsOf(resolve));
}
