// Where a program is and what is there: getcwd, chdir, fchdir, chroot, umask, getdents, readlink, sync. See the page of each.

import { Errno } from "../../kernel/errno";
import { memfsLinkText, memfsNext } from "../../kernel/fs/union";
import { copyOut } from "../../kernel/mm/user";
import { BLOCKED, Result } from "../../kernel/result";
import { capable, Capability } from "../../kernel/task/credentials";
import { Thread } from "../../kernel/task/thread";
import { Entry, EntryFlag, FileKind, FileSystemKind, Inode, isDirectory, isSymlink, S_IFDIR } from "../../kernel/vfs/inode";
import { fsContextSetCwd, fsContextSetRoot } from "../../kernel/vfs/mount";
import { DirectoryItem, DIRECTORY_ITEM_BYTES, syntheticNext, syntheticReadLink } from "../../kernel/vfs/operations";
import { composePath, pathTextAt } from "../../kernel/vfs/pathtext";
import { permission, Want } from "../../kernel/vfs/permission";
import { touchAccess } from "../../kernel/vfs/regular";
import { PATH_MAX, pathRelease, WalkFlag } from "../../kernel/vfs/walk";
import { AT_FDCWD } from "../types/at";
import { anyFile, isNone, openFile } from "./descriptor";
import { contextOf, firstText, resolve, resolveAt, resolveDescriptor, resolved, secondText } from "./path";

export function sysGetcwd(t: Thread, ua: u64, bytes: u64): Result {
  const context = contextOf(t);
  const cwd = context.cwdEntry;
  if ((cwd.flags & EntryFlag.Unlinked) != 0) return -Errno.ENOENT;
  store<u8>(firstText + PATH_MAX - 1, 0);
  const n = composePath(firstText, PATH_MAX - 1, context.rootMount, context.rootEntry, context.cwdMount, cwd);
  if (n < 0) return n;
  if (<u64>n + 1 > bytes) return -Errno.ERANGE;
  const r = copyOut(ua, pathTextAt, <u32>n + 1);
  return r < 0 ? r : n + 1;
}

/** Makes what was resolved the current directory, and lets go of it: 0, -ENOTDIR or -EACCES. */
function enterResolved(t: Thread): Result {
  const inode = resolved.entry.inode!;
  const r: Result = isDirectory(inode) ? permission(inode, t.credentials, Want.Execute) : -Errno.ENOTDIR;
  if (r >= 0) fsContextSetCwd(contextOf(t), resolved);
  pathRelease(resolved);
  return r;
}

export function sysChdir(t: Thread, path: u64): Result {
  const r = resolve(t, AT_FDCWD, path, WalkFlag.Follow | WalkFlag.Directory);
  return r < 0 ? r : enterResolved(t);
}

export function sysFchdir(t: Thread, fd: i32): Result {
  const file = anyFile(t, fd);
  if (isNone(file)) return -Errno.EBADF;
  if (!file.entry) return -Errno.ENOTDIR;
  const r = resolveDescriptor(t, fd);
  return r < 0 ? r : enterResolved(t);
}

export function sysChroot(t: Thread, path: u64): Result {
  let r = resolve(t, AT_FDCWD, path, WalkFlag.Follow | WalkFlag.Directory);
  if (r < 0) return r;
  r = permission(resolved.entry.inode!, t.credentials, Want.Execute);
  if (r >= 0 && !capable(t.credentials, Capability.SysChroot)) r = -Errno.EPERM;
  if (r >= 0) fsContextSetRoot(contextOf(t), resolved);
  pathRelease(resolved);
  return r;
}

export function sysUmask(t: Thread, mask: u32): Result {
  const context = contextOf(t);
  const old = context.umask;
  context.umask = mask & 0o777;
  return old;
}

const item = changetype<DirectoryItem>(memory.data(DIRECTORY_ITEM_BYTES, 8));
const DOTS = memory.data<u8>([0x2e, 0x2e]);

/** Fills `item` with the first name at or after `position`, "." and ".." first: 1, 0 at the end, or -errno. */
function nextItem(directory: Entry, position: u64): Result {
  if (position >= 2) {
    if (directory.inode!.fs.kind != FileSystemKind.Memory) return syntheticNext(directory, position, item);
    return memfsNext(directory, position, item);
  }
  const parent = directory.parent;
  item.name = DOTS;
  item.nameLength = <u32>position + 1;
  item.number = position == 0 || !parent ? directory.inode!.number : parent.inode!.number;
  item.type = S_IFDIR;
  item.next = position + 1;
  return 1;
}

/** Bytes of struct linux_dirent64 (type before the name) and struct linux_dirent (type in the last byte) with a name. */
@inline
function recordBytes(nameLength: u32): u32 {
  return (19 + nameLength + 1 + 7) & ~7;
}

/**
 * Writes the record of `item` at `p`, and perhaps a few bytes behind it. In both layouts its size is the same but for rounding, which is made
 * the same. `wholeWords`: the name may be read by words of eight bytes (nameBytes of kernel/vfs/entry.ts).
 */
@inline
function putRecord(p: usize, bytes: u32, wide: bool, wholeWords: bool): void {
  const type = <u8>(item.type >> 12);
  const length = item.nameLength;
  store<u64>(p, item.number);
  store<u64>(p, item.next, 8);
  store<u16>(p, <u16>bytes, 16);
  store<u8>(p, type, 18);
  const at = p + 18 + (wide ? 1 : 0);
  if (wholeWords) {
    for (let i: u32 = 0; i < length; i += 8) store<u64>(at + i, load<u64>(item.name + i));
  } else memory.copy(at, item.name, length);
  store<u64>(at + length, 0); // no more is left of the record, but for the type of the narrow layout
  if (!wide) store<u8>(p + bytes - 1, type);
}

/**
 * Copies as many records out as fit `count` bytes. They are gathered in the kernel first, so the position moves only over those that the
 * user really got.
 */
function getdents(t: Thread, fd: i32, ua: u64, count: u32, wide: bool): Result {
  const file = openFile(t, fd);
  if (isNone(file)) return -Errno.EBADF;
  if (file.kind != FileKind.Directory) return -Errno.ENOTDIR;
  if (file.inode.links == 0 && file.inode.fs.kind == FileSystemKind.Memory) return -Errno.ENOENT;
  let done: u32 = 0;
  let r: Result = 1;
  let position = file.position;
  let full = false;
  const inMemory = file.inode.fs.kind == FileSystemKind.Memory;
  while (!full) {
    const start = done;
    let gathered: u32 = 0;
    while (gathered + recordBytes(255) + 8 <= PATH_MAX) {
      r = nextItem(file.entry!, position);
      if (r <= 0) break;
      const bytes = recordBytes(item.nameLength);
      if (done + bytes > count) {
        full = true;
        break;
      }
      putRecord(firstText + gathered, bytes, wide, inMemory && position >= 2);
      gathered += bytes;
      done += bytes;
      position = item.next;
    }
    if (gathered == 0) break;
    const copied = copyOut(ua + start, firstText, gathered);
    if (copied < 0) {
      if (copied == BLOCKED || start == 0) return copied;
      return start;
    }
    file.position = position;
    if (r <= 0) break;
  }
  touchAccess(file);
  if (done != 0) return done;
  return r < 0 ? r : full ? -Errno.EINVAL : 0;
}

export function sysGetdents64(t: Thread, fd: i32, ua: u64, count: u32): Result {
  return getdents(t, fd, ua, count, true);
}

export function sysGetdents(t: Thread, fd: i32, ua: u64, count: u32): Result {
  return getdents(t, fd, ua, count, false);
}

/** The text of a link to secondText, at most PATH_MAX bytes, unless it lies elsewhere: its length; its place is in `linkAt`. */
function linkText(t: Thread, link: Inode): Result {
  if (link.fs.kind == FileSystemKind.Memory) {
    linkAt = memfsLinkText(link);
    return link.size;
  }
  linkAt = secondText;
  return syntheticReadLink(link, contextOf(t), secondText, PATH_MAX);
}
let linkAt: usize = 0;

export function sysReadlinkat(t: Thread, dirfd: i32, path: u64, ua: u64, bytes: i32): Result {
  if (bytes <= 0) return -Errno.EINVAL;
  // Since Linux 2.6.39 an empty path means the link that the descriptor was opened on with O_PATH | O_NOFOLLOW.
  const r = resolveAt(t, dirfd, path, 0x1100);
  if (r < 0) return r;
  const inode = resolved.entry.inode!;
  let n: Result;
  if (isSymlink(inode)) {
    n = linkText(t, inode);
    if (n >= 0) {
      n = min<i64>(n, bytes);
      const copied = copyOut(ua, linkAt, <u32>n);
      if (copied < 0) n = copied;
    }
  } else n = load<u8>(firstText) == 0 ? -Errno.ENOENT : -Errno.EINVAL;
  pathRelease(resolved);
  return n;
}

export function sysReadlink(t: Thread, path: u64, ua: u64, bytes: i32): Result {
  return sysReadlinkat(t, AT_FDCWD, path, ua, bytes);
}

/** sync: memory file systems have nothing to write back. */
export function sysSync(t: Thread): Result {
  return 0;
}

export function sysSyncfs(t: Thread, fd: i32): Result {
  return isNone(openFile(t, fd)) ? -Errno.EBADF : 0;
}
