// The objects of the virtual file system and who holds whom.
//   FileSystem  one mounted instance: memfs, procfs, devpts ...; counts its inodes
//   Inode       a file: its metadata, and by `kind` of its file system its content
//   Entry       a name in a directory: parent, name, inode. Holds its parent and its inode. For memfs the entries are the directory
//               itself; for a synthetic file system (procfs) they are made by lookup and live as long as somebody holds them
//   Mount       a file system's root put over an entry of another mount, in one container's tree
//   Path        mount and entry together: where a walk stands (cwd, root, an open file)
//   File        an open file description: inode, path, offset, flags
// All are unmanaged and reference counted; retain and release are in the file of each class.

import { LIST_BYTES } from "../lib/list";

export const enum FileSystemKind {
  Memory = 0, // kernel/fs/memfs.ts: tmpfs, container roots, the host's root
  Proc = 1,
  Sys = 2,
  Devpts = 3,
  Pipe = 4, // anonymous pipes and the other nameless inodes
  Cgroup = 5,
  Mqueue = 6,
}

/** Bits of FileSystem.flags and Mount.flags. */
export const enum MountFlag {
  ReadOnly = 1,
  NoSuid = 2,
  NoDev = 4,
  NoExec = 8,
  NoAtime = 1024,
}

@unmanaged
export class FileSystem {
  refs: u32;
  kind: u32;
  /** st_dev, unique per instance. */
  device: u32;
  flags: u32;
  root: Entry | null;
  /** The container whose view this is (procfs, devpts); not counted. */
  container: usize;
  nextInode: u64;
  /** Limits and use of a memory file system, in pages and inodes; a limit of 0 means none. */
  pageLimit: u32;
  pagesUsed: u32;
  inodeLimit: u32;
  inodesUsed: u32;
  /** memfs: inodes of the lower tree that have several names, by lower inode (kernel/fs/memfs.ts). */
  linked: usize;
  /** Kind-specific. */
  data: usize;
}

/** File types: S_IFMT bits of the mode, shifted right by 12 (POSIX sys/stat.h values). */
export const enum FileType {
  Fifo = 1,
  Character = 2,
  Directory = 4,
  Block = 6,
  Regular = 8,
  Symlink = 10,
  Socket = 12,
}

@unmanaged
export class Inode {
  refs: u32;
  /** S_IFMT type and permission bits, as in st_mode. */
  mode: u32;
  uid: u32;
  gid: u32;
  links: u32;
  /** Device number of a character or block device: major << 8 | minor (12 bit major, 20 bit minor, as Linux's new encoding). */
  device: u32;
  number: u64;
  size: u64;
  atimeNs: u64;
  mtimeNs: u64;
  ctimeNs: u64;
  btimeNs: u64;
  fs: FileSystem;
  /** memfs: the inode of the read-only lower tree this one shows until it is changed. */
  lower: Inode | null;
  /** Content by type. Regular: the page table of the file (kernel/fs/pages.ts). Directory: hash table of entries. Symlink: text.
   *  Fifo: the Pipe, once opened. Synthetic: what the file system wants. */
  content: usize;
  /** Kind-specific number: procfs node kind and subject, size of content. */
  detail: u32;
  detail2: u32;
  /** The directory's own entry, so that ".." and getcwd work; not counted. */
  directoryEntry: Entry | null;
  /** Mappings (Vma) of this inode's pages, linked through the Vma; null when none. */
  mappings: usize;
  /** Writers: open for writing (positive) or denied because it runs as a program (negative); ETXTBSY. */
  writers: i32;
  /** flock and record locks (kernel/vfs/lock.ts), or 0. */
  locks: usize;
  /** WaitQueue: poll waiters of synthetic files and locks. */
  waitFirst: usize;
  waitLast: usize;
  flags: u32;
  padding: u32;
}

export const enum EntryFlag {
  /** Hides the lower tree's name; has no inode. */
  Whiteout = 1,
  /** No longer in its directory: the file was removed, or the synthetic name is gone. */
  Unlinked = 2,
  /** A mount stands on it; look for it in the walker's mount table. */
  MountPoint = 4,
}

@unmanaged
export class Entry {
  refs: u32;
  flags: u32;
  /** Holds its parent; null for a file system's root. */
  parent: Entry | null;
  inode: Inode | null;
  hash: u32;
  nameLength: u32;
  /** kernelAlloc'ed, not NUL-terminated. */
  name: usize;
  /** Chain in the directory's hash table. */
  hashNext: Entry | null;
  /** Order of creation within the directory: the cursor of getdents. */
  cookie: u32;
  /** Neighbours in the directory in order of cookie. */
  orderNext: Entry | null;
  orderPrev: Entry | null;
  padding: u32;
}

@unmanaged
export class Mount {
  refs: u32;
  flags: u32;
  id: u32;
  fs: FileSystem;
  /** What the mount shows as its root: the file system's root, or for a bind mount some entry of it. */
  root: Entry;
  /** Where it stands; null for the container's root mount. */
  parent: Mount | null;
  point: Entry | null;
  /** Next in the container's mount list, in order of mounting (/proc/self/mountinfo). */
  next: Mount | null;
  /** kernelAlloc'ed NUL-terminated: source and type names as mountinfo shows them. */
  source: usize;
  typeName: usize;
}

/** A place in a container's tree. Embedded as two usize fields, each counted. */
@unmanaged
export class Path {
  mount: Mount;
  entry: Entry;
}
export const PATH_BYTES: u32 = 8;

/** One container's file-system view. */
@unmanaged
export class Vfs {
  refs: u32;
  nextMountId: u32;
  /** Root mount; also the head of the mount list. */
  rootMount: Mount | null;
  mountCount: u32;
}

/** What a process knows about paths; shared by threads (CLONE_FS). */
@unmanaged
export class FsContext {
  refs: u32;
  umask: u32;
  vfs: Vfs;
  rootMount: Mount;
  rootEntry: Entry;
  cwdMount: Mount;
  cwdEntry: Entry;
}

/** What an open file is, for dispatch in kernel/vfs/file.ts. */
export const enum FileKind {
  Regular = 0,
  Directory = 1,
  Pipe = 2, // also FIFOs
  Null = 3,
  Zero = 4,
  Full = 5,
  Random = 6,
  Tty = 7, // a terminal or the slave side of a pty: kernel/tty
  PtyMaster = 8,
  Synthetic = 9, // procfs, sysfs: text made at open, kernel/fs/synthetic.ts
  PathOnly = 10, // O_PATH
  Socket = 11,
  EventFd = 12,
  Epoll = 13,
  TimerFd = 14,
  SignalFd = 15,
  PidFd = 16,
  Inotify = 17,
  MessageQueue = 18,
}

@unmanaged
export class File {
  refs: u32;
  kind: u32;
  /** O_ACCMODE and status flags, Linux values (O_APPEND, O_NONBLOCK ...). */
  flags: u32;
  /** Bit 0: readable, bit 1: writable. */
  access: u32;
  inode: Inode;
  mount: Mount | null;
  entry: Entry | null;
  position: u64;
  /** Kind-specific object: Pipe, Tty, Text ... */
  object: usize;
  /** Owner for SIGIO (F_SETOWN): pid, negative for a group; and the signal. */
  owner: i32;
  ownerSignal: u32;
  /** epoll items watching this file. */
  watchers: usize;
  padding: u32;
}
if (LIST_BYTES != 8) ERROR("Path and WaitQueue are embedded as two words");
