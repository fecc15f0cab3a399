// Making, removing and renaming names, as mkdir(2), mknod(2), symlink(2), link(2), unlink(2), rmdir(2) and rename(2) say: the walk, who
// may, and in which order things are found wrong. What then happens to the tree is the memory file system's (kernel/fs/memfs.ts);
// synthetic file systems have no names of the user's making.

import { Errno } from "../errno";
import { memfsAdd, memfsExchange, memfsInode, memfsRemove, memfsRename } from "../fs/memfs";
import { memfsEmpty } from "../fs/union";
import { kernelAlloc } from "../mm/heap";
import { Result } from "../result";
import { capable, Capability, Credentials } from "../task/credentials";
import { entryIsUnder, entryRelease, inodeRelease } from "./entry";
import {
  Entry,
  FileSystemKind,
  FsContext,
  holdsQueues,
  Inode,
  InodeFlag,
  isDirectory,
  Path,
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
  S_IFSOCK,
  S_ISVTX,
} from "./inode";
import { Notify, notifyLinks, notifyName } from "./inotify";
import { mountAt } from "./mount";
import { mayChange, mayChangeMount, mayCreate, mayDelete, newFileGroup, newFileMode, permission, Want } from "./permission";
import { LastKind, LastName, lastName, lookupChild, pathRelease, pathSet, walk, WalkFlag } from "./walk";

/** Most hard links of a file. */
const LINK_MAX: u32 = 0x7fff_ffff;

const place = changetype<Path>(memory.data(8, 8));
const other = changetype<Path>(memory.data(8, 8));

/** What is wrong with changing a directory of a synthetic file system; procfs does not even have the name. */
function unchangeable(directory: Inode): Result {
  return directory.fs.kind == FileSystemKind.Proc ? -Errno.ENOENT : -Errno.EPERM;
}

/**
 * Walks to the directory in which a name is to be made, and finds it free and the directory open to `c`: 0 with `at` and lastName filled,
 * or -errno with nothing held.
 */
function walkToNew(
  at: Path,
  context: FsContext,
  c: Credentials,
  base: Path | null,
  name: usize,
  length: u32,
  directoryWanted: bool,
): Result {
  let r = walk(at, context, c, base, name, length, WalkFlag.Parent);
  if (r < 0) return r;
  r = mayMake(at, c, directoryWanted);
  if (r < 0) pathRelease(at);
  return r;
}

function mayMake(at: Path, c: Credentials, directoryWanted: bool): Result {
  if (lastName.kind != LastKind.Normal) return -Errno.EEXIST;
  const directory = at.entry.inode!;
  let r = lookupChild(at.entry, lastName.name, lastName.length, lastName.hash);
  if (r > 0) {
    entryRelease(changetype<Entry>(<usize>r));
    return -Errno.EEXIST;
  }
  if (r < 0) return r;
  if (lastName.slash && !directoryWanted) return -Errno.ENOENT;
  r = mayChange(at.mount, at.entry);
  if (r < 0) return r;
  r = mayCreate(directory, c);
  if (r < 0) return r;
  return directory.fs.kind == FileSystemKind.Memory && !holdsQueues(directory.fs) ? 0 : unchangeable(directory);
}

/**
 * Makes a file named by lastName in the directory at `at`, which mayMake has allowed: returns the entry (its directory holds it), -ENOSPC
 * or -ENOMEM. A link's text is `text`, of `textLength` bytes.
 */
export function makeFile(at: Path, c: Credentials, mode: u32, device: u32, text: usize, textLength: u32): Result {
  const directory = at.entry.inode!;
  let r = memfsInode(directory.fs, newFileMode(directory, c, mode), c.fsuid, newFileGroup(directory, c));
  if (r < 0) return r;
  const inode = changetype<Inode>(<usize>r);
  inode.device = device;
  if ((mode & S_IFMT) == S_IFLNK) {
    inode.content = kernelAlloc(textLength);
    inode.size = textLength;
    if (inode.content != 0) memory.copy(inode.content, text, textLength);
    else r = -Errno.ENOMEM;
  }
  if (r >= 0) r = memfsAdd(at.entry, lastName.name, lastName.length, lastName.hash, inode);
  inodeRelease(inode);
  if (r > 0) notifyName(at.entry, changetype<Entry>(<usize>r), Notify.Create);
  return r;
}

/** Makes the file and lets go of `place`: 0 or -errno. */
function finish(c: Credentials, mode: u32, device: u32, text: usize, textLength: u32): Result {
  const r = makeFile(place, c, mode, device, text, textLength);
  pathRelease(place);
  return r < 0 ? r : 0;
}

/** mkdir(2): 0 or -errno. */
export function makeDirectory(context: FsContext, c: Credentials, base: Path | null, name: usize, length: u32, mode: u32): Result {
  const r = walkToNew(place, context, c, base, name, length, true);
  if (r < 0) return r;
  return finish(c, S_IFDIR | (mode & (0o777 | S_ISVTX) & ~context.umask), 0, 0, 0);
}

/** mknod(2): 0 or -errno; -EPERM for devices without CAP_MKNOD and for directories, -EINVAL for other types. */
export function makeNode(context: FsContext, c: Credentials, base: Path | null, name: usize, length: u32, mode: u32, device: u32): Result {
  const type = mode & S_IFMT;
  if (type == S_IFDIR) return -Errno.EPERM;
  if (type != 0 && type != S_IFREG && type != S_IFCHR && type != S_IFBLK && type != S_IFIFO && type != S_IFSOCK) return -Errno.EINVAL;
  const r = walkToNew(place, context, c, base, name, length, false);
  if (r < 0) return r;
  const isDevice = type == S_IFCHR || type == S_IFBLK;
  if (isDevice && !capable(c, Capability.Mknod)) {
    pathRelease(place);
    return -Errno.EPERM;
  }
  return finish(c, (type == 0 ? S_IFREG : type) | (mode & 0o7777 & ~context.umask), isDevice ? device : 0, 0, 0);
}

/** A file of type socket for bind(2): 0 with `made`, where it stands, referred to; or -errno as mknod(2). */
export function makeSocket(context: FsContext, c: Credentials, name: usize, length: u32, made: Path): Result {
  let r = walkToNew(place, context, c, null, name, length, false);
  if (r < 0) return r;
  r = makeFile(place, c, S_IFSOCK | (0o777 & ~context.umask), 0, 0, 0);
  if (r >= 0) pathSet(made, place.mount, changetype<Entry>(<usize>r));
  pathRelease(place);
  return r < 0 ? r : 0;
}

/** symlink(2): 0 or -errno; -ENOENT for an empty text. */
export function makeSymlink(
  context: FsContext,
  c: Credentials,
  text: usize,
  textLength: u32,
  base: Path | null,
  name: usize,
  length: u32,
): Result {
  if (textLength == 0) return -Errno.ENOENT;
  const r = walkToNew(place, context, c, base, name, length, false);
  if (r < 0) return r;
  return finish(c, S_IFLNK | 0o777, 0, text, textLength);
}

/** link(2): gives the file at `from`, whose references stay the caller's, another name: 0 or -errno. */
export function makeLink(context: FsContext, c: Credentials, from: Path, base: Path | null, name: usize, length: u32): Result {
  let r = walkToNew(place, context, c, base, name, length, false);
  if (r < 0) return r;
  r = linkAt(from);
  pathRelease(place);
  return r;
}

function linkAt(from: Path): Result {
  const inode = from.entry.inode!;
  if (from.mount != place.mount || inode.fs != place.entry.inode!.fs) return -Errno.EXDEV;
  if (isDirectory(inode)) return -Errno.EPERM;
  if (inode.links == 0 && (inode.flags & InodeFlag.Linkable) == 0) return -Errno.ENOENT;
  if (inode.links >= LINK_MAX) return -Errno.EMLINK;
  const r = memfsAdd(place.entry, lastName.name, lastName.length, lastName.hash, inode);
  if (r < 0) return r;
  notifyLinks(inode);
  notifyName(place.entry, changetype<Entry>(<usize>r), Notify.Create);
  return 0;
}

/** The entry named by lastName in the directory at `at`, with a reference: -ENOENT when there is none. */
function lookupLast(at: Path, last: LastName): Result {
  const r = lookupChild(at.entry, last.name, last.length, last.hash);
  return r == 0 ? -Errno.ENOENT : r;
}

/** unlink(2): 0 or -errno. */
export function removeFile(context: FsContext, c: Credentials, base: Path | null, name: usize, length: u32): Result {
  return remove(context, c, base, name, length, false);
}

/** rmdir(2): 0 or -errno. */
export function removeDirectory(context: FsContext, c: Credentials, base: Path | null, name: usize, length: u32): Result {
  return remove(context, c, base, name, length, true);
}

function remove(context: FsContext, c: Credentials, base: Path | null, name: usize, length: u32, directoryWanted: bool): Result {
  let r = walk(place, context, c, base, name, length, WalkFlag.Parent);
  if (r < 0) return r;
  r = wrongLast(lastName.kind, directoryWanted);
  if (r >= 0) r = mayChangeMount(place.mount);
  if (r >= 0) r = lookupLast(place, lastName);
  if (r >= 0) {
    const victim = changetype<Entry>(<usize>r);
    r = directoryWanted || !lastName.slash ? removeEntry(context, c, victim, directoryWanted) : slashAfterFile(victim);
    entryRelease(victim);
  }
  pathRelease(place);
  return r;
}

/** unlink("file/") and unlink("directory/"). */
function slashAfterFile(victim: Entry): Result {
  return isDirectory(victim.inode!) ? -Errno.EISDIR : -Errno.ENOTDIR;
}

/** A last component that is not a name: 0, or what unlink and rmdir say to it. */
function wrongLast(kind: u32, directoryWanted: bool): Result {
  if (kind == LastKind.Normal) return 0;
  if (!directoryWanted) return -Errno.EISDIR;
  if (kind == LastKind.Dot) return -Errno.EINVAL;
  return kind == LastKind.DotDot ? -Errno.ENOTEMPTY : -Errno.EBUSY;
}

function removeEntry(context: FsContext, c: Credentials, victim: Entry, directoryWanted: bool): Result {
  const directory = place.entry.inode!;
  const inode = victim.inode!;
  let r = mayChange(place.mount, victim);
  if (r < 0) return r;
  r = mayDelete(directory, inode, c, directoryWanted);
  if (r < 0) return r;
  if (directory.fs.kind != FileSystemKind.Memory) return -Errno.EPERM;
  if (mountAt(context.vfs, place.mount, victim)) return -Errno.EBUSY;
  if (directoryWanted && !memfsEmpty(victim)) return -Errno.ENOTEMPTY;
  r = memfsRemove(place.entry, victim);
  if (r < 0) return r;
  if (!directoryWanted) notifyLinks(inode);
  notifyName(place.entry, victim, Notify.Delete);
  return 0;
}

export const enum RenameFlag {
  /** -EEXIST when the new name is in use. */
  NoReplace = 1,
  /** Both exist and change places. */
  Exchange = 2,
  /** The old name then is a character device of number 0, which union file systems take for "no such file". */
  Whiteout = 4,
}

const oldLast = changetype<LastName>(memory.data(24, 8));

/** renameat2(2) with bits of RenameFlag: 0 or -errno. */
export function rename(
  context: FsContext,
  c: Credentials,
  oldBase: Path | null,
  oldName: usize,
  oldLength: u32,
  newBase: Path | null,
  newName: usize,
  newLength: u32,
  flags: u32,
): Result {
  let r = walk(place, context, c, oldBase, oldName, oldLength, WalkFlag.Parent);
  if (r < 0) return r;
  // The text of a link in the old path stays where it is while the new one is walked, except that of a synthetic link, and
  // in a synthetic file system nothing is renamed.
  memory.copy(changetype<usize>(oldLast), changetype<usize>(lastName), offsetof<LastName>());
  r = walk(other, context, c, newBase, newName, newLength, WalkFlag.Parent);
  if (r >= 0) {
    r = renameFound(context, c, flags);
    pathRelease(other);
  }
  pathRelease(place);
  return r;
}

/** The directories are known: looks both names up. */
function renameFound(context: FsContext, c: Credentials, flags: u32): Result {
  if (place.mount != other.mount) return -Errno.EXDEV;
  if (oldLast.kind != LastKind.Normal) return -Errno.EBUSY;
  if (lastName.kind != LastKind.Normal) return (flags & RenameFlag.NoReplace) != 0 ? -Errno.EEXIST : -Errno.EBUSY;
  if (place.entry.inode!.fs.kind != FileSystemKind.Memory || holdsQueues(place.entry.inode!.fs)) return -Errno.EPERM;
  let r = mayChangeMount(place.mount);
  if (r >= 0) r = lookupLast(place, oldLast);
  if (r < 0) return r;
  const old = changetype<Entry>(<usize>r);
  r = lookupChild(other.entry, lastName.name, lastName.length, lastName.hash);
  if (r >= 0) {
    const replaced = r != 0 ? changetype<Entry>(<usize>r) : null;
    r = renameEntry(context, c, old, replaced, flags);
    if (replaced) entryRelease(replaced);
  }
  entryRelease(old);
  return r;
}

function renameEntry(context: FsContext, c: Credentials, old: Entry, replaced: Entry | null, flags: u32): Result {
  const exchange = (flags & RenameFlag.Exchange) != 0;
  if (replaced && (flags & RenameFlag.NoReplace) != 0) return -Errno.EEXIST;
  if (!replaced && exchange) return -Errno.ENOENT;
  const inode = old.inode!;
  const target = replaced ? replaced.inode : null;
  if (!isDirectory(inode)) {
    if (oldLast.slash || (!exchange && lastName.slash)) return -Errno.ENOTDIR;
  }
  if (exchange && lastName.slash && !isDirectory(target!)) return -Errno.ENOTDIR;
  if (isDirectory(inode) && entryIsUnder(other.entry, old)) return -Errno.EINVAL;
  if (replaced && isDirectory(target!) && entryIsUnder(place.entry, replaced)) return exchange ? -Errno.EINVAL : -Errno.ENOTEMPTY;
  let r = mayChange(place.mount, old);
  if (r >= 0) r = mayChange(place.mount, replaced ? replaced : other.entry);
  if (r < 0) return r;
  if (inode == target) return 0; // two names of one file: POSIX says nothing happens
  r = mayRename(c, inode, target, exchange);
  if (r < 0) return r;
  if (mountAt(context.vfs, place.mount, old)) return -Errno.EBUSY;
  if (!replaced) return move(c, old, null, flags);
  if (mountAt(context.vfs, place.mount, replaced)) return -Errno.EBUSY;
  if (exchange) return memfsExchange(place.entry, old, other.entry, replaced);
  if (isDirectory(target!) && !memfsEmpty(replaced)) return -Errno.ENOTEMPTY;
  return move(c, old, replaced, flags);
}

/** Gives `old` its new name, in place of `replaced`; with a whiteout left behind, if the flags say so: 0, -ENOSPC or -ENOMEM. */
function move(c: Credentials, old: Entry, replaced: Entry | null, flags: u32): Result {
  let left: Inode | null = null;
  if ((flags & RenameFlag.Whiteout) != 0) {
    const directory = place.entry.inode!;
    const r = memfsInode(directory.fs, S_IFCHR, c.fsuid, newFileGroup(directory, c));
    if (r < 0) return r;
    left = changetype<Inode>(<usize>r);
  }
  const r = memfsRename(place.entry, old, other.entry, lastName.name, lastName.length, lastName.hash, replaced, left);
  if (left) inodeRelease(left);
  return r;
}

/** Permission for both directories, and for a directory that gets another parent (its ".." changes). */
function mayRename(c: Credentials, inode: Inode, target: Inode | null, exchange: bool): Result {
  const from = place.entry.inode!;
  const to = other.entry.inode!;
  let r = mayDelete(from, inode, c, isDirectory(inode));
  if (r < 0) return r;
  // An exchange wants no particular type.
  r = target ? mayDelete(to, target, c, exchange ? isDirectory(target) : isDirectory(inode)) : mayCreate(to, c);
  if (r < 0 || from == to) return r;
  if (isDirectory(inode)) r = permission(inode, c, Want.Write);
  if (r >= 0 && exchange && isDirectory(target!)) r = permission(target!, c, Want.Write);
  return r;
}
