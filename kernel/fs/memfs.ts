// The memory file system: tmpfs, the host's root, /dev and the root of every container. Its entries are the directories, its inodes hold
// the content (kernel/fs/pages.ts). It may stand on a lower tree, a directory of another memory file system that does not change
// meanwhile: a name that is not among a directory's own entries is looked up there and shown, and only what is changed becomes its own
// (kernel/fs/union.ts, kernel/fs/DESIGN.md). The functions here change the tree; kernel/vfs/names.ts asks for permission first.

import { Errno } from "../errno";
import { kernelAlloc, kernelFree } from "../mm/heap";
import { Result } from "../result";
import { wallNs } from "../time/clock";
import { notifyLinks, notifyMoved, notifyMoving } from "../vfs/inotify";
import { directoryFind, directoryInsert, directoryRemove, directoryReserve } from "../vfs/directory";
import { directoryClear, entryNew, entryRelease, fileSystemNew, fileSystemRelease, inodeNew, inodeRelease, nameBytes } from "../vfs/entry";
import { Entry, ENTRY_BYTES, EntryFlag, FileSystem, FileSystemKind, Inode, InodeFlag, isDirectory, S_IFDIR } from "../vfs/inode";
import { linkedRemove } from "./linked";
import { lowerHas } from "./union";

/** What an entry adds to its directory's st_size, and the size of an empty one, as Linux's tmpfs counts. */
const ENTRY_SIZE: u64 = 20;
const EMPTY_SIZE: u64 = 40;

/**
 * A new file system with an empty root directory of those permissions and owner; null when memory is short. Limits in pages and inodes, 0
 * for none. Its pages are charged to `container`, if given.
 */
export function memfsNew(container: usize, mode: u32, uid: u32, gid: u32, pageLimit: u32, inodeLimit: u32): FileSystem | null {
  const fs = fileSystemNew(FileSystemKind.Memory, container);
  if (!fs) return null;
  fs.pageLimit = pageLimit;
  fs.inodeLimit = inodeLimit;
  const inode = memfsInode(fs, S_IFDIR | mode, uid, gid);
  if (inode > 0) {
    const root = changetype<Inode>(<usize>inode);
    root.links = 2;
    fs.root = entryNew(null, 0, 0, 0, root);
    inodeRelease(root);
    if (fs.root) return fs;
  }
  fileSystemRelease(fs);
  return null;
}

/**
 * A new inode in `fs` with one reference and no name; a directory has its one link from ".". Returns the pointer, -ENOSPC when the file
 * system has no inode left, -ENOMEM.
 */
export function memfsInode(fs: FileSystem, mode: u32, uid: u32, gid: u32): Result {
  if (fs.inodeLimit != 0 && fs.inodesUsed >= fs.inodeLimit) return -Errno.ENOSPC;
  const inode = inodeNew(fs, mode, uid, gid);
  if (!inode) return -Errno.ENOMEM;
  fs.inodesUsed++;
  inode.flags = InodeFlag.Charged;
  if (fs.data != 0) inode.flags |= InodeFlag.Queue;
  if (isDirectory(inode)) {
    inode.flags &= ~InodeFlag.Queue;
    inode.links = 1;
    inode.size = EMPTY_SIZE;
  }
  return changetype<usize>(inode);
}

/** The directory has changed: one name more (1), fewer (-1) or another (0). */
function touched(directory: Inode, names: i32, now: u64): void {
  directory.mtimeNs = now;
  directory.ctimeNs = now;
  directory.size += <i64>names * ENTRY_SIZE;
}

/** Takes the whiteout of that name, if there is one, out of a directory: the name is about to be used. */
function removeWhiteout(directory: Inode, name: usize, length: u32, hash: u32): void {
  const whiteout = directoryFind(directory, name, length, hash);
  if (!whiteout) return;
  assert((whiteout.flags & EntryFlag.Whiteout) != 0, "the name is in use");
  directoryRemove(directory, whiteout);
  entryRelease(whiteout);
}

/** Gives `inode` a name that is not in use yet. Returns the entry, which the directory holds, or -ENOMEM. */
export function memfsAdd(directory: Entry, name: usize, length: u32, hash: u32, inode: Inode): Result {
  const parent = directory.inode!;
  const r = directoryReserve(parent);
  if (r < 0) return r;
  const e = entryNew(directory, name, length, hash, inode);
  if (!e) return -Errno.ENOMEM;
  removeWhiteout(parent, name, length, hash);
  directoryInsert(parent, e);
  const now = wallNs();
  inode.links++;
  inode.ctimeNs = now;
  if (isDirectory(inode)) parent.links++;
  touched(parent, 1, now);
  return changetype<usize>(e);
}

/**
 * A whiteout to leave behind in place of `e` when it goes from `directory`: 1 with the whiteout, which has room in the directory, in
 * `madeWhiteout`; 0 when none is needed; -ENOMEM.
 */
function makeWhiteout(directory: Inode, e: Entry): Result {
  if (!directory.lower) return 0;
  const has = lowerHas(directory, e.name, e.nameLength, e.hash);
  if (has <= 0) return has;
  const whiteout = entryNew(null, e.name, e.nameLength, e.hash, null);
  if (!whiteout) return -Errno.ENOMEM;
  whiteout.flags = <u16>EntryFlag.Whiteout;
  madeWhiteout = whiteout;
  return 1;
}
let madeWhiteout: Entry = changetype<Entry>(0);

/** As makeWhiteout, an entry of the name of `e` for another file: 1 or -ENOMEM. */
function makeLeft(directory: Entry, e: Entry, inode: Inode): Result {
  const made = entryNew(directory, e.name, e.nameLength, e.hash, inode);
  if (!made) return -Errno.ENOMEM;
  madeWhiteout = made;
  return 1;
}

/** The inode of `e`, just taken out of `directory`, has one name less; the directory's reference to the entry is given up. */
function unlinked(directory: Inode, e: Entry, now: u64): void {
  const inode = e.inode!;
  e.flags |= <u16>EntryFlag.Unlinked;
  inode.ctimeNs = now;
  if (isDirectory(inode)) {
    directory.links--;
    inode.links = 0;
    inode.size = 0;
    // It stays empty even for those who still stand in it.
    directoryClear(inode);
    const lower = inode.lower;
    inode.lower = null;
    if (lower) inodeRelease(lower);
  } else if (--inode.links == 0 && linkedRemove(inode.fs, inode)) {
    inodeRelease(inode);
  }
  entryRelease(e);
}

/** Removes a name; a directory must be empty. 0, or -ENOMEM when the whiteout that must take its place cannot be made. */
export function memfsRemove(directory: Entry, e: Entry): Result {
  const parent = directory.inode!;
  const whiteout = makeWhiteout(parent, e);
  if (whiteout < 0) return whiteout;
  const now = wallNs();
  directoryRemove(parent, e);
  if (whiteout != 0) directoryInsert(parent, madeWhiteout);
  touched(parent, -1, now);
  unlinked(parent, e, now);
  return 0;
}

/** Gives `e` another name, whose text `name` (kernelAlloc'ed) it takes over, in another directory, whose whiteout of it is gone. */
function move(e: Entry, from: Entry, to: Entry, name: usize, length: u32, hash: u32): void {
  if (e.name != changetype<usize>(e) + ENTRY_BYTES) kernelFree(e.name);
  e.name = name;
  e.nameLength = <u16>length;
  e.hash = hash;
  e.flags &= ~(<u16>EntryFlag.Lower);
  if (from != to) {
    to.refs++;
    e.parent = to;
    if (isDirectory(e.inode!)) {
      from.inode!.links--;
      to.inode!.links++;
    }
    entryRelease(from);
  }
  directoryInsert(to.inode!, e);
}

/** A copy of a name on the heap; 0 when memory is short. */
function copyName(name: usize, length: u32): usize {
  const p = kernelAlloc(nameBytes(length));
  if (p != 0) memory.copy(p, name, length);
  return p;
}

/**
 * Renames `e` from `directory` to a name in `target`, in place of the entry `replaced`, if there is one (an empty directory or a file).
 * `left`, if given, is a file without a name that takes the old one. 0 or -ENOMEM.
 */
export function memfsRename(
  directory: Entry,
  e: Entry,
  target: Entry,
  name: usize,
  length: u32,
  hash: u32,
  replaced: Entry | null,
  left: Inode | null = null,
): Result {
  const from = directory.inode!;
  const to = target.inode!;
  const text = copyName(name, length);
  if (text == 0 || directoryReserve(to) < 0) {
    kernelFree(text);
    return -Errno.ENOMEM;
  }
  const whiteout = left ? makeLeft(directory, e, left) : makeWhiteout(from, e);
  if (whiteout < 0) {
    kernelFree(text);
    return whiteout;
  }
  const after = madeWhiteout;
  const now = wallNs();
  if (replaced) {
    directoryRemove(to, replaced);
    touched(to, -1, now);
    unlinked(to, replaced, now);
  } else {
    removeWhiteout(to, name, length, hash);
  }
  directoryRemove(from, e);
  if (whiteout != 0) directoryInsert(from, after);
  if (left) left.links++;
  else touched(from, -1, now);
  touched(to, 1, now);
  const cookie = notifyMoving(directory, e);
  move(e, directory, target, text, length, hash);
  e.inode!.ctimeNs = now;
  notifyMoved(target, e, cookie);
  if (replaced && !isDirectory(replaced.inode!)) notifyLinks(replaced.inode!);
  return 0;
}

/** Exchanges two entries, neither of which lies below the other: 0 or -ENOMEM. */
export function memfsExchange(directoryA: Entry, a: Entry, directoryB: Entry, b: Entry): Result {
  const nameA = copyName(a.name, a.nameLength);
  const nameB = copyName(b.name, b.nameLength);
  if (nameA == 0 || nameB == 0) {
    kernelFree(nameA);
    kernelFree(nameB);
    return -Errno.ENOMEM;
  }
  const lengthA = a.nameLength;
  const hashA = a.hash;
  const now = wallNs();
  directoryRemove(directoryA.inode!, a);
  directoryRemove(directoryB.inode!, b);
  const cookieA = notifyMoving(directoryA, a);
  const lengthB = b.nameLength;
  const hashB = b.hash;
  const cookieB = notifyMoving(directoryB, b);
  move(a, directoryA, directoryB, nameB, lengthB, hashB);
  notifyMoved(directoryB, a, cookieA);
  move(b, directoryB, directoryA, nameA, lengthA, hashA);
  notifyMoved(directoryA, b, cookieB);
  touched(directoryA.inode!, 0, now);
  touched(directoryB.inode!, 0, now);
  a.inode!.ctimeNs = now;
  b.inode!.ctimeNs = now;
  return 0;
}
