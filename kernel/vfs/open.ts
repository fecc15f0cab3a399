// Opening files: open(2) with all its flags. A name becomes a place by a walk, a place becomes an open file here, by type: regular files
// and directories at once, devices and FIFOs through what their drivers registered (kernel/vfs/operations.ts), synthetic files
// through their file system.

import { Errno } from "../errno";
import { memfsInode, memfsRemove } from "../fs/memfs";
import { Result } from "../result";
import { Credentials } from "../task/credentials";
import { changeSize } from "./attributes";
import { entryNew, entryRelease, inodeRelease } from "./entry";
import { fileNew, fileRelease } from "./file";
import { OpenFlag } from "./flags";
import {
  Entry,
  EntryFlag,
  File,
  FileKind,
  FileSystemKind,
  FsContext,
  holdsQueues,
  Inode,
  InodeFlag,
  isDirectory,
  MountFlag,
  Path,
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
  S_IFSOCK,
} from "./inode";
import { Notify, notifyFile } from "./inotify";
import { makeFile } from "./names";
import { deviceOpen, fifoOpener, queueOpener, syntheticOpen } from "./operations";
import { mayChange, mayCreate, newFileGroup, newFileMode, ownerOrCapable, permission, Want } from "./permission";
import { lastName, LastKind, pathRelease, walk, WalkFlag } from "./walk";

/** The bit that O_TMPFILE has beyond O_DIRECTORY. */
const TEMPORARY_BIT: u32 = OpenFlag.TemporaryFile & ~OpenFlag.Directory;
/** What O_PATH leaves of the flags. */
const PATH_FLAGS: u32 = OpenFlag.Path | OpenFlag.Directory | OpenFlag.NoFollow | OpenFlag.CloseOnExec;

const place = changetype<Path>(memory.data(8, 8));

/**
 * Opens the path `name` from `base` (null: the current directory) as `flags` (bits of OpenFlag) say; a new file gets `mode` less the umask.
 * Returns the File with one reference, -errno as open(2) has it, or BLOCKED when a FIFO waits for its other side.
 */
export function openAt(
  context: FsContext,
  c: Credentials,
  base: Path | null,
  name: usize,
  length: u32,
  flags: u32,
  mode: u32,
  restrictions: u32 = 0,
): Result {
  if ((flags & OpenFlag.Path) != 0) flags &= PATH_FLAGS;
  const create = (flags & OpenFlag.Create) != 0;
  if ((flags & TEMPORARY_BIT) != 0) {
    if ((flags & OpenFlag.Directory) == 0 || create || (flags & OpenFlag.AccessMask) == OpenFlag.ReadOnly) return -Errno.EINVAL;
    return openTemporary(context, c, base, name, length, flags, mode, restrictions);
  }
  if (create && (flags & OpenFlag.Directory) != 0) return -Errno.EINVAL;
  const exclusive = create && (flags & OpenFlag.Exclusive) != 0;
  let how = restrictions | ((flags & OpenFlag.NoFollow) == 0 && !exclusive ? <u32>WalkFlag.Follow : 0);
  if (create) how |= WalkFlag.Create;
  if ((flags & OpenFlag.Directory) != 0) how |= WalkFlag.Directory;
  let r = walk(place, context, c, base, name, length, how);
  if (r < 0) return r;
  if (r == 1) r = openNew(c, flags, mode & 0o7777 & ~context.umask);
  else if (exclusive) r = -Errno.EEXIST;
  else if (create && (lastName.kind != LastKind.Normal || isDirectory(place.entry.inode!))) r = -Errno.EISDIR;
  else r = openPlace(place, c, flags);
  pathRelease(place);
  return r;
}

/** Makes a regular file named by lastName in the directory at `place`, and opens it; its own mode does not matter yet. */
function openNew(c: Credentials, flags: u32, mode: u32): Result {
  const directory = place.entry.inode!;
  let r = mayChange(place.mount, place.entry);
  if (r < 0) return r;
  r = mayCreate(directory, c);
  if (r < 0) return r;
  const kind = directory.fs.kind;
  if (kind != FileSystemKind.Memory) return kind == FileSystemKind.Proc ? -Errno.ENOENT : -Errno.EACCES;
  r = makeFile(place, c, S_IFREG | mode, 0, 0, 0);
  if (r < 0) return r;
  const e = changetype<Entry>(<usize>r);
  const inode = e.inode!;
  if ((inode.flags & InodeFlag.Queue) != 0) return openQueue(flags, e);
  const file = fileNew(FileKind.Regular, flags, inode, place.mount, e);
  if (file) {
    notifyFile(file, Notify.Open);
    return changetype<usize>(file);
  }
  memfsRemove(place.entry, e);
  return -Errno.ENOMEM;
}

/** Opens a message queue just made by name; its mode does not matter to who made it. */
function openQueue(flags: u32, e: Entry): Result {
  const file = fileNew(FileKind.MessageQueue, flags, e.inode!, place.mount, e);
  if (!file) return -Errno.ENOMEM;
  const r = queueOpener(file);
  if (r >= 0) return changetype<usize>(file);
  fileRelease(file);
  return r;
}

/** O_TMPFILE: a file without a name in the file system of a directory. */
function openTemporary(
  context: FsContext,
  c: Credentials,
  base: Path | null,
  name: usize,
  length: u32,
  flags: u32,
  mode: u32,
  restrictions: u32,
): Result {
  let r = walk(place, context, c, base, name, length, restrictions | WalkFlag.Follow | WalkFlag.Directory);
  if (r < 0) return r;
  const directory = place.entry.inode!;
  r = mayChange(place.mount, place.entry);
  if (r >= 0) r = permission(directory, c, Want.Write | Want.Execute);
  if (r >= 0 && (directory.fs.kind != FileSystemKind.Memory || holdsQueues(directory.fs))) r = -Errno.EOPNOTSUPP;
  if (r >= 0) {
    const all = newFileMode(directory, c, S_IFREG | (mode & 0o7777 & ~context.umask));
    r = memfsInode(directory.fs, all, c.fsuid, newFileGroup(directory, c));
  }
  if (r >= 0) r = openNameless(changetype<Inode>(<usize>r), flags);
  pathRelease(place);
  return r;
}

/** Opens an inode without a name, whose reference it takes over; its entry has a name only for /proc/self/fd. */
function openNameless(inode: Inode, flags: u32): Result {
  if ((flags & OpenFlag.Exclusive) == 0) inode.flags |= InodeFlag.Linkable;
  const at = writeNumber(inode.number);
  const e = entryNew(place.entry, at, <u32>(numberText + NUMBER_BYTES - at), 0, inode);
  inodeRelease(inode);
  if (!e) return -Errno.ENOMEM;
  e.flags |= <u16>EntryFlag.Unlinked;
  const file = fileNew(FileKind.Regular, flags & ~(<u32>OpenFlag.TemporaryFile), inode, place.mount, e);
  entryRelease(e);
  return file ? <Result>changetype<usize>(file) : -Errno.ENOMEM;
}

const NUMBER_BYTES: u32 = 24;
const numberText = memory.data(24, 8);

/** Writes "#" and the number to the end of numberText; returns where it begins. */
function writeNumber(n: u64): usize {
  let p = numberText + NUMBER_BYTES;
  do {
    store<u8>(--p, 0x30 + <u8>(n % 10));
    n /= 10;
  } while (n != 0);
  store<u8>(--p, 0x23);
  return p;
}

/** What the flags want of the file, as bits of Want. */
function wanted(flags: u32): u32 {
  let want: u32 = 0;
  const access = flags & OpenFlag.AccessMask;
  if (access != OpenFlag.WriteOnly) want |= Want.Read;
  if (access != OpenFlag.ReadOnly || (flags & OpenFlag.Truncate) != 0) want |= Want.Write;
  return want;
}

/**
 * Opens what stands at a place, without regard to O_CREAT: the File with one reference, -errno or BLOCKED. For openAt, and for places found
 * otherwise (/proc/self/fd, exec).
 */
export function openPlace(at: Path, c: Credentials, flags: u32): Result {
  const inode = at.entry.inode!;
  if ((flags & OpenFlag.Path) != 0) {
    const file = fileNew(FileKind.PathOnly, flags, inode, at.mount, at.entry);
    return file ? <Result>changetype<usize>(file) : -Errno.ENOMEM;
  }
  const want = wanted(flags);
  let r = mayOpen(at, inode, c, flags, want);
  if (r < 0) return r;
  const file = fileNew(kindOf(inode), flags, inode, at.mount, at.entry);
  if (!file) return -Errno.ENOMEM;
  r = ready(file, inode);
  file.flags &= ~OpenFlag.NoControllingTerminal; // only the openers of terminals look at it
  if (r >= 0) notifyFile(file, Notify.Open);
  if (r >= 0 && (flags & OpenFlag.Truncate) != 0 && file.kind == FileKind.Regular) {
    r = changeSize(inode, c, 0);
    if (r >= 0) notifyFile(file, Notify.Modify);
  }
  if (r < 0) {
    fileRelease(file);
    return r;
  }
  return changetype<usize>(file);
}

/** Type, mount flags and permissions: 0 or -errno. */
function mayOpen(at: Path, inode: Inode, c: Credentials, flags: u32, want: u32): Result {
  const type = inode.mode & S_IFMT;
  const mountFlags = at.mount.flags | at.mount.fs.flags;
  if (type == S_IFLNK) return -Errno.ELOOP;
  if (type == S_IFDIR && (want & Want.Write) != 0) return -Errno.EISDIR;
  if ((type == S_IFCHR || type == S_IFBLK) && (mountFlags & MountFlag.NoDev) != 0) return -Errno.EACCES;
  let r = permission(inode, c, want);
  if (r < 0) return r;
  if ((flags & OpenFlag.NoAtime) != 0 && !ownerOrCapable(inode, c)) return -Errno.EPERM;
  if (type == S_IFSOCK) return -Errno.ENXIO;
  if (type == S_IFREG && (want & Want.Write) != 0) {
    r = mayChange(at.mount, at.entry);
    if (r < 0) return r;
    if (inode.writers < 0) return -Errno.ETXTBSY;
  }
  return 0;
}

/** The kind a file starts with; drivers of devices set theirs. */
function kindOf(inode: Inode): FileKind {
  const type = inode.mode & S_IFMT;
  if (type == S_IFDIR) return FileKind.Directory;
  if (type == S_IFIFO) return FileKind.Pipe;
  if (type != S_IFREG) return FileKind.Null;
  if ((inode.flags & InodeFlag.Queue) != 0) return FileKind.MessageQueue;
  return inode.fs.kind == FileSystemKind.Memory ? FileKind.Regular : FileKind.Synthetic;
}

/** What its type still has to do for a new file: 0, -errno or BLOCKED. */
function ready(file: File, inode: Inode): Result {
  const type = inode.mode & S_IFMT;
  if (type == S_IFCHR) return deviceOpen(file);
  if (type == S_IFBLK) return -Errno.ENXIO;
  if (type == S_IFIFO) return fifoOpener(file);
  if (inode.fs.kind != FileSystemKind.Memory) return syntheticOpen(file);
  return file.kind == FileKind.MessageQueue ? queueOpener(file) : 0;
}
