// The objects of the virtual file system and who holds whom.
//   FileSystem  one mounted instance: memfs, procfs, devpts ...; mounts hold it, and so does a memfs that has it as its lower tree
//   Inode       a file: its metadata, and by `kind` of its file system its content. Held by entries, files and upper inodes
//   Entry       a name in a directory: parent, name, inode; holds both. For memfs the entries are the directory itself; for a
//               synthetic file system (procfs) they are made by lookup and live as long as somebody holds them
//   Mount       a file system's root put over an entry of another mount, in one container's tree
//   Path        mount and entry together: where a walk stands (cwd, root, an open file). An entry is never held without its mount
//   File        an open file description: inode, path, offset, flags
// All are unmanaged and reference counted; retain and release are in entry.ts (file system, inode, entry), mount.ts and file.ts.

export const enum FileSystemKind {
  Memory = 0, // kernel/fs/memfs.ts: tmpfs, container roots, the host's root
  Proc = 1,
  Sys = 2,
  Devpts = 3,
  Pipe = 4, // anonymous pipes and the other nameless inodes
  Cgroup = 5,
}
export const FILE_SYSTEM_KINDS: u32 = 6;

/** Bits of FileSystem.flags and Mount.flags; the values of mount(2). */
export const enum MountFlag {
  ReadOnly = 1,
  NoSuid = 2,
  NoDev = 4,
  NoExec = 8,
  NoAtime = 1024,
  NoDirAtime = 2048,
}

@unmanaged
export class FileSystem {
  refs: u32;
  kind: u32;
  /** st_dev, unique per instance. */
  device: u32;
  flags: u32;
  root: Entry | null;
  /** The container whose view this is (procfs, devpts) or whom its pages are charged to (memfs); not counted. */
  container: usize;
  /** Number of the next new inode. */
  nextInode: u64;
  /** Limits and use of a memory file system, in pages and inodes; a limit of 0 means none. */
  pageLimit: u32;
  pagesUsed: u32;
  inodeLimit: u32;
  inodesUsed: u32;
  /** memfs over a lower tree: the file system of that tree, held. */
  lower: FileSystem | null;
  /** inotify watches in it, and how many there are: each holds a reference. */
  watches: usize;
  watchCount: u32;
  /** How many file systems stand on a directory of this one: see entryBusy in kernel/vfs/permission.ts. */
  uppers: u32;
  /** memfs: inodes of the lower tree that have several names, by lower inode (kernel/fs/linked.ts). */
  linked: usize;
  /** Synthetic: entries that mounts stand on, and their ancestors, through hashNext; so that a lookup finds them again. */
  pinned: Entry | null;
  /** Kind-specific. Not 0 in the memory file system of message queues. */
  data: usize;
}
export const FILE_SYSTEM_BYTES: u32 = (offsetof<FileSystem>() + 7) & ~7;

/** Bits of Inode.flags. */
export const enum InodeFlag {
  /** Counted in FileSystem.inodesUsed: made in this file system, not taken over from its lower tree. */
  Charged = 1,
  /** Root directory of a lower tree that some file system stands on: nothing in it may change. */
  LowerRoot = 2,
  /** O_TMPFILE without O_EXCL: may be linked although it has no name. */
  Linkable = 4,
  /** A symbolic link that the kernel follows by jumping (/proc/PID/exe): FileSystemOperation.FollowLink. */
  MagicLink = 8,
  /** System V shared memory (kernel/ipc/segment.ts); Inode.detail is the Segment. */
  Segment = 16,
  /** A POSIX message queue (kernel/ipc/mqueue.ts); Inode.detail is the MQueue, once it has been opened. */
  Queue = 32,
  /** May be sealed (memfd_create(2)): kernel/vfs/seal.ts. */
  Sealable = 64,
}
/** Bits of Inode.flags beside InodeFlag: the seals, and how long what is written will live (F_SET_RW_HINT). */
export const SEAL_SHIFT: u32 = 8;
export const WRITE_HINT_SHIFT: u32 = 16;
export const WRITE_HINT_MASK: u32 = 7 << WRITE_HINT_SHIFT;

@unmanaged
export class Inode {
  refs: u32;
  /** S_IFMT type and permission bits, as in st_mode. */
  mode: u32;
  uid: u32;
  gid: u32;
  links: u32;
  /** Device number of a character or block device, as makeDevice gives it. */
  device: u32;
  number: u64;
  size: u64;
  atimeNs: u64;
  mtimeNs: u64;
  ctimeNs: u64;
  btimeNs: u64;
  fs: FileSystem;
  /** memfs: the inode of the read-only lower tree this one shows until it is changed; held. */
  lower: Inode | null;
  /** Content by type. Regular: root of the file's page tree (kernel/fs/pages.ts). Directory: its Directory (kernel/vfs/directory.ts)
   *  or 0. Symlink: text of `size` bytes. Fifo: the Pipe, while it is open. Synthetic: what the file system wants. */
  content: usize;
  /** Kind-specific numbers: procfs node kind and subject; for a LowerRoot directory how many file systems stand on it. */
  detail: u32;
  detail2: u32;
  /** The directory's own entry, so that ".." and getcwd work; not counted. */
  directoryEntry: Entry | null;
  /** Mappings (Vma) of this inode's pages, linked through the Vma; 0 when none. */
  mappings: usize;
  /** Writers: open for writing (positive) or denied because it runs as a program (negative); ETXTBSY. */
  writers: i32;
  /** flock and record locks (kernel/vfs/lock.ts), or 0. */
  locks: usize;
  /** WaitQueue: poll waiters of synthetic files and locks. */
  waitFirst: usize;
  waitLast: usize;
  /** Bits of InodeFlag. */
  flags: u32;
  /** Regular: levels of the page tree, and pages of its own. */
  pageLevels: u32;
  pageCount: u32;
  /** Regular, with a lower inode: pages below this index that are not in the own tree are the lower inode's. */
  lowerPages: u32;
  /** Extended attributes (kernel/vfs/xattr.ts), or 0. */
  attributes: usize;
  /** Who is told what happens to it (kernel/vfs/inotify.ts), or 0. */
  watches: usize;
}
export const INODE_BYTES: u32 = (offsetof<Inode>() + 7) & ~7;

/** A device number as st_rdev and mknod(2) encode it in 32 bits (12-bit major, 20-bit minor; Linux new_encode_dev). */
@inline
export function makeDevice(major: u32, minor: u32): u32 {
  return (minor & 0xff) | ((major & 0xfff) << 8) | ((minor & 0xfff00) << 12);
}

@inline
export function deviceMajor(device: u32): u32 {
  return (device >> 8) & 0xfff;
}

@inline
export function deviceMinor(device: u32): u32 {
  return (device & 0xff) | ((device >> 12) & 0xfff00);
}

/** S_IFMT and its values, and the bits beside the permissions, of a mode (POSIX sys/stat.h). */
export const S_IFMT: u32 = 0xf000;
export const S_IFIFO: u32 = 0x1000;
export const S_IFCHR: u32 = 0x2000;
export const S_IFDIR: u32 = 0x4000;
export const S_IFBLK: u32 = 0x6000;
export const S_IFREG: u32 = 0x8000;
export const S_IFLNK: u32 = 0xa000;
export const S_IFSOCK: u32 = 0xc000;
export const S_ISUID: u32 = 0o4000;
export const S_ISGID: u32 = 0o2000;
export const S_ISVTX: u32 = 0o1000;

@inline
export function isDirectory(inode: Inode): bool {
  return (inode.mode & S_IFMT) == S_IFDIR;
}

/** True for a memory file system whose regular files are message queues: there is nothing else in it. */
@inline
export function holdsQueues(fs: FileSystem): bool {
  return fs.data != 0 && fs.kind == FileSystemKind.Memory;
}

@inline
export function isRegular(inode: Inode): bool {
  return (inode.mode & S_IFMT) == S_IFREG;
}

@inline
export function isSymlink(inode: Inode): bool {
  return (inode.mode & S_IFMT) == S_IFLNK;
}

export const enum EntryFlag {
  /** Hides the lower tree's name; has no inode. */
  Whiteout = 1,
  /** No longer in its directory: the file was removed, or the synthetic name is gone. */
  Unlinked = 2,
  /** Shows the lower directory's entry of the same name; readdir lists it in the lower directory's order. */
  Lower = 4,
  /** In FileSystem.pinned. */
  Pinned = 8,
  /** Of a file in no tree (shared memory, memfd): its name stands for a path, whoever looks. */
  Apart = 16,
  /** Its inode is a symbolic link. */
  Link = 32,
  /** `mounts` is not 0. */
  MountPoint = 64,
  /** A remembered path may end here or lead over it (kernel/vfs/pathcache.ts). */
  Known = 128,
  /** What a path walk does not simply step on. */
  Special = 97,
}

@unmanaged
export class Entry {
  refs: u32;
  flags: u16;
  nameLength: u16;
  /** Holds its parent; null for a file system's root. */
  parent: Entry | null;
  /** Null only for a whiteout. */
  inode: Inode | null;
  hash: u32;
  /** Behind the entry itself, or kernelAlloc'ed after a rename; zeros fill up its last eight bytes (nameBytes). */
  name: usize;
  /** Chain in the directory's hash table. */
  hashNext: Entry | null;
  /** Neighbours in the directory in order of cookie. */
  orderNext: Entry | null;
  orderPrev: Entry | null;
  /** Mounts that stand on it, in all containers: look for them in the walker's mount table (kernel/vfs/mount.ts). */
  mounts: u32;
  /** Order of creation within the directory: the cursor of getdents. */
  cookie: u64;
}
export const ENTRY_BYTES: u32 = 48;
if (offsetof<Entry>() != 48) ERROR("Entry is 48 bytes, so that a short name fits the 64-byte class");

@unmanaged
export class Mount {
  refs: u32;
  /** Bits of MountFlag. */
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
  /** Chain in the container's table of mount points. */
  hashNext: Mount | null;
  /** While a recursive bind runs: the copy of this mount. */
  twin: Mount | null;
  /** Source and type names as mountinfo shows them, with a NUL each; they stand behind the mount itself. */
  source: usize;
  typeName: usize;
  /** No longer in the tree (lazy unmount): only those who hold it see it. */
  detached: bool;
  padding0: u8;
  padding1: u16;
}

/** A place in a container's tree. Embedded as two usize fields, each counted. */
@unmanaged
export class Path {
  mount: Mount;
  entry: Entry;
}

/** One container's file-system view. */
@unmanaged
export class Vfs {
  refs: u32;
  nextMountId: u32;
  /** Root mount; also the head of the mount list. */
  rootMount: Mount | null;
  mountCount: u32;
  /** Hash table of mounts by the place they stand on: MOUNT_BUCKETS heads follow the object. */
  padding: u32;
}
export const MOUNT_BUCKETS: u32 = 32;

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
  SeccompListener = 19,
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
  /** Who hears of it by signal, a FileOwner (kernel/vfs/asyncfile.ts), or 0. */
  async: usize;
  position: u64;
  /** Kind-specific object: Pipe, Tty, Text ... */
  object: usize;
  /** Owner for SIGIO (F_SETOWN_EX): the number of a thread (0), process (1) or group (2), as ownerType says; and the signal. */
  owner: i32;
  ownerSignal: u32;
  ownerType: i32;
  /** epoll items watching this file. */
  watchers: usize;
  /** References that messages on their way have (SCM_RIGHTS): kernel/net/rights.ts. */
  inFlight: u32;
}
