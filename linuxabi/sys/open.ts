// open, openat, creat, openat2. See open(2), openat2(2).

import { Errno } from "../../kernel/errno";
import { copyIn } from "../../kernel/mm/user";
import { Result } from "../../kernel/result";
import { Thread } from "../../kernel/task/thread";
import { fdLowest, fdSet } from "../../kernel/vfs/fdtable";
import { OpenFlag } from "../../kernel/vfs/flags";
import { File } from "../../kernel/vfs/inode";
import { openAt } from "../../kernel/vfs/open";
import { AT_FDCWD } from "../types/at";
import { descriptorLimit, descriptors } from "./descriptor";
import { contextOf, firstBase, firstText, takePath } from "./path";

export function sysOpenat(t: Thread, dirfd: i32, path: u64, flags: u32, mode: u32): Result {
  const length = takePath(t, dirfd, path);
  if (length < 0) return length;
  const table = descriptors(t);
  const fd = fdLowest(table, 0, descriptorLimit(t));
  if (fd < 0) return fd;
  const r = openAt(contextOf(t), t.credentials, firstBase, firstText, <u32>length, flags, mode);
  if (r < 0) return r;
  fdSet(table, <u32>fd, changetype<File>(<usize>r), (flags & OpenFlag.CloseOnExec) != 0);
  return fd;
}

export function sysOpen(t: Thread, path: u64, flags: u32, mode: u32): Result {
  return sysOpenat(t, AT_FDCWD, path, flags, mode);
}

export function sysCreat(t: Thread, path: u64, mode: u32): Result {
  return sysOpenat(t, AT_FDCWD, path, OpenFlag.Create | OpenFlag.WriteOnly | OpenFlag.Truncate, mode);
}

/** struct open_how: flags, mode, resolve. */
const how = memory.data(24, 8);
/** Every flag open(2) knows; openat2 refuses others, and what contradicts itself. */
const KNOWN_FLAGS: u64 = 0o37777703;

/** openat2: as openat, but strict with the flags. No RESOLVE_* restriction is known here, and what is not known is -EINVAL. */
export function sysOpenat2(t: Thread, dirfd: i32, path: u64, ua: u64, bytes: u64): Result {
  if (bytes < 24) return -Errno.EINVAL;
  if (bytes != 24) return -Errno.E2BIG;
  const r = copyIn(how, ua, 24);
  if (r < 0) return r;
  const flags = load<u64>(how);
  const mode = load<u64>(how, 8);
  if ((flags & ~KNOWN_FLAGS) != 0 || load<u64>(how, 16) != 0) return -Errno.EINVAL;
  const makes = (flags & OpenFlag.Create) != 0 || (flags & OpenFlag.TemporaryFile) == OpenFlag.TemporaryFile;
  if ((mode & ~(<u64>0o7777)) != 0 || (mode != 0 && !makes)) return -Errno.EINVAL;
  return sysOpenat(t, dirfd, path, <u32>flags, <u32>mode);
}
