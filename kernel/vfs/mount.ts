// Mounts: a container's tree is its root mount and what is mounted in it. An entry counts the mounts that stand on it, so that a walk looks
// here only where there is something to find; then a small hash table by (mount, entry) gives the mount. See mount(2), umount(2).

import { Errno } from "../errno";
import { kernelAlloc, kernelFree } from "../mm/heap";
import { Result } from "../result";
import { entryIsUnder, entryRelease, entryRetain, fileSystemRelease, fileSystemRetain } from "./entry";
import { Entry, EntryFlag, FileSystem, FileSystemKind, FsContext, isDirectory, Mount, MountFlag, MOUNT_BUCKETS, Path, Vfs } from "./inode";
import { pathCacheForget } from "./pathcache";

const VFS_BYTES: u32 = (offsetof<Vfs>() + 7) & ~7;
const MOUNT_BYTES: u32 = offsetof<Mount>();
const CONTEXT_BYTES: u32 = (offsetof<FsContext>() + 7) & ~7;
/** Flags that belong to the mount, not to the file system. */
const MOUNT_FLAGS: u32 =
  MountFlag.ReadOnly | MountFlag.NoSuid | MountFlag.NoDev | MountFlag.NoExec | MountFlag.NoAtime | MountFlag.NoDirAtime;
/** Most mounts in one container (Linux: fs.mount-max). */
const MOUNTS_MAX: u32 = 100_000;

@inline
function bucket(vfs: Vfs, mount: Mount, point: Entry): usize {
  const h = (changetype<usize>(mount) >> 4) ^ (changetype<usize>(point) >> 6) ^ (changetype<usize>(point) >> 11);
  return changetype<usize>(vfs) + VFS_BYTES + ((h & (MOUNT_BUCKETS - 1)) << 2);
}

/** A container's view with `fs` as its root mount, one reference; null when memory is short. Names as in mountAdd. */
export function vfsNew(fs: FileSystem, flags: u32, source: usize, sourceLength: u32, type: usize, typeLength: u32): Vfs | null {
  const p = kernelAlloc(VFS_BYTES + MOUNT_BUCKETS * 4);
  if (p == 0) return null;
  const vfs = changetype<Vfs>(p);
  vfs.refs = 1;
  vfs.nextMountId = 1;
  const mount = mountNew(vfs, fs, fs.root!, flags, source, sourceLength, type, typeLength);
  if (!mount) {
    kernelFree(p);
    return null;
  }
  vfs.rootMount = mount;
  vfs.mountCount = 1;
  return vfs;
}

export function vfsRetain(vfs: Vfs): Vfs {
  vfs.refs++;
  return vfs;
}

/** Drops a reference; the last one unmounts everything. */
export function vfsRelease(vfs: Vfs): void {
  if (--vfs.refs != 0) return;
  for (let m: Mount | null = vfs.rootMount!.next; m; m = vfs.rootMount!.next) detach(vfs, m);
  mountRelease(vfs.rootMount!);
  kernelFree(changetype<usize>(vfs));
}

/** What a new process starts from: the root as root and current directory, umask 022; null when memory is short. */
export function fsContextNew(vfs: Vfs): FsContext | null {
  const p = kernelAlloc(CONTEXT_BYTES);
  if (p == 0) return null;
  const context = changetype<FsContext>(p);
  const root = vfs.rootMount!;
  context.refs = 1;
  context.umask = 0o022;
  context.vfs = vfsRetain(vfs);
  context.rootMount = mountRetain(root);
  context.rootEntry = entryRetain(root.root);
  context.cwdMount = mountRetain(root);
  context.cwdEntry = entryRetain(root.root);
  return context;
}

/** A copy for fork; null when memory is short. */
export function fsContextCopy(from: FsContext): FsContext | null {
  const p = kernelAlloc(CONTEXT_BYTES);
  if (p == 0) return null;
  const context = changetype<FsContext>(p);
  context.refs = 1;
  context.umask = from.umask;
  context.vfs = vfsRetain(from.vfs);
  context.rootMount = mountRetain(from.rootMount);
  context.rootEntry = entryRetain(from.rootEntry);
  context.cwdMount = mountRetain(from.cwdMount);
  context.cwdEntry = entryRetain(from.cwdEntry);
  return context;
}

export function fsContextRetain(context: FsContext): FsContext {
  context.refs++;
  return context;
}

export function fsContextRelease(context: FsContext): void {
  if (--context.refs != 0) return;
  entryRelease(context.cwdEntry);
  mountRelease(context.cwdMount);
  entryRelease(context.rootEntry);
  mountRelease(context.rootMount);
  vfsRelease(context.vfs);
  kernelFree(changetype<usize>(context));
}

/** Makes the place the current directory (or the root, for chroot). The caller keeps its own references. */
export function fsContextSetCwd(context: FsContext, place: Path): void {
  const mount = context.cwdMount;
  const entry = context.cwdEntry;
  context.cwdMount = mountRetain(place.mount);
  context.cwdEntry = entryRetain(place.entry);
  entryRelease(entry);
  mountRelease(mount);
}

export function fsContextSetRoot(context: FsContext, place: Path): void {
  const mount = context.rootMount;
  const entry = context.rootEntry;
  context.rootMount = mountRetain(place.mount);
  context.rootEntry = entryRetain(place.entry);
  entryRelease(entry);
  mountRelease(mount);
}

/** A mount that is in no tree yet, one reference; null when memory is short. */
function mountNew(
  vfs: Vfs,
  fs: FileSystem,
  root: Entry,
  flags: u32,
  source: usize,
  sourceLength: u32,
  type: usize,
  typeLength: u32,
): Mount | null {
  const p = kernelAlloc(MOUNT_BYTES + sourceLength + typeLength + 2);
  if (p == 0) return null;
  const mount = changetype<Mount>(p);
  mount.refs = 1;
  mount.id = vfs.nextMountId++;
  mount.flags = flags & MOUNT_FLAGS;
  mount.source = p + MOUNT_BYTES;
  mount.typeName = mount.source + sourceLength + 1;
  memory.copy(mount.source, source, sourceLength);
  memory.copy(mount.typeName, type, typeLength);
  mount.fs = fileSystemRetain(fs);
  mount.root = entryRetain(root);
  return mount;
}

@inline
export function mountRetain(mount: Mount): Mount {
  mount.refs++;
  return mount;
}

@inline
export function mountRelease(mount: Mount): void {
  if (--mount.refs == 0) mountFree(mount);
}

function mountFree(mount: Mount): void {
  pathCacheForget();
  entryRelease(mount.root);
  fileSystemRelease(mount.fs);
  kernelFree(changetype<usize>(mount));
}

/** The mount that stands on `point` as seen in `mount`, or null. Takes no reference. */
export function mountAt(vfs: Vfs, mount: Mount, point: Entry): Mount | null {
  if (point.mounts == 0) return null;
  let m = changetype<Mount | null>(<usize>load<u32>(bucket(vfs, mount, point)));
  while (m && (m.parent != mount || m.point != point)) m = m.hashNext;
  return m;
}

/**
 * Mounts the tree under `root` of `fs` on the place `at`. The names, source and type, are for /proc/mounts. Returns the mount, which the
 * tree holds; -ENOTDIR when only one of root and place is a directory, -ENOENT when the place has been removed, -ENOSPC when there are too
 * many mounts, -ENOMEM.
 */
export function mountAdd(
  vfs: Vfs,
  fs: FileSystem,
  root: Entry,
  at: Path,
  flags: u32,
  source: usize,
  sourceLength: u32,
  type: usize,
  typeLength: u32,
): Result {
  const point = at.entry;
  if (isDirectory(root.inode!) != isDirectory(point.inode!)) return -Errno.ENOTDIR;
  if ((point.flags & EntryFlag.Unlinked) != 0 || at.mount.detached) return -Errno.ENOENT;
  if (vfs.mountCount >= MOUNTS_MAX) return -Errno.ENOSPC;
  const mount = mountNew(vfs, fs, root, flags, source, sourceLength, type, typeLength);
  if (!mount) return -Errno.ENOMEM;
  hook(vfs, mount, at);
  let last = vfs.rootMount!;
  while (last.next) last = last.next!;
  last.next = mount;
  vfs.mountCount++;
  return changetype<usize>(mount);
}

/** Makes a mount stand on the place `at`. */
function hook(vfs: Vfs, mount: Mount, at: Path): void {
  const point = at.entry;
  if (point.inode!.fs.kind != FileSystemKind.Memory) pin(point);
  mount.parent = mountRetain(at.mount);
  mount.point = entryRetain(point);
  point.mounts++;
  point.flags |= <u16>EntryFlag.MountPoint;
  pathCacheForget();
  const slot = bucket(vfs, at.mount, point);
  mount.hashNext = changetype<Mount | null>(<usize>load<u32>(slot));
  store<u32>(slot, <u32>changetype<usize>(mount));
}

/** Takes a mount off the place where it stands. */
function unhook(vfs: Vfs, mount: Mount): void {
  const parent = mount.parent!;
  const point = mount.point!;
  let slot = bucket(vfs, parent, point);
  while (load<u32>(slot) != <u32>changetype<usize>(mount)) slot = <usize>load<u32>(slot) + offsetof<Mount>("hashNext");
  store<u32>(slot, <u32>changetype<usize>(mount.hashNext));
  mount.hashNext = null;
  mount.parent = null;
  mount.point = null;
  pathCacheForget();
  if (--point.mounts == 0) point.flags &= ~(<u16>EntryFlag.MountPoint);
  entryRelease(point);
  mountRelease(parent);
}

/** Keeps a synthetic entry and its ancestors, so that looking up their names finds these very entries. */
function pin(point: Entry): void {
  let e: Entry | null = point;
  while (e && e.parent && (e.flags & EntryFlag.Pinned) == 0) {
    const fs = e.inode!.fs;
    e.flags |= <u16>EntryFlag.Pinned;
    e.hashNext = fs.pinned;
    fs.pinned = entryRetain(e);
    e = e.parent;
  }
}

/** Binds what `source` shows to the place `at`, with all mounts below it if `recursive`: 0, or what mountAdd says. */
export function mountBind(vfs: Vfs, source: Path, at: Path, recursive: bool, flags: u32): Result {
  const from = source.mount;
  const fromName = from.source;
  const typeName = from.typeName;
  const r = mountAdd(vfs, from.fs, source.entry, at, flags | from.flags, fromName, textLength(fromName), typeName, textLength(typeName));
  if (r < 0 || !recursive) return r < 0 ? r : 0;
  return bindChildren(vfs, from, source.entry, changetype<Mount>(<usize>r));
}

/** Repeats in `copy`, a bind of `from` at `root`, the mounts that stand in `from` below `root`. */
function bindChildren(vfs: Vfs, from: Mount, root: Entry, copy: Mount): Result {
  // What is added meanwhile has larger numbers and is not copied again. Parents come first, but where one was moved into a later one: hence rounds.
  const lastId = copy.id;
  from.twin = copy;
  let r: Result = 0;
  let more = true;
  while (more && r >= 0) {
    more = false;
    let m = vfs.rootMount!.next;
    while (m) {
      const twin = r >= 0 && m.id < lastId && !m.twin ? m.parent!.twin : null;
      if (twin && (m.parent != from || entryIsUnder(m.point!, root))) {
        setPath(scratch, twin, m.point!);
        r = mountAdd(vfs, m.fs, m.root, scratch, m.flags, m.source, textLength(m.source), m.typeName, textLength(m.typeName));
        if (r > 0) m.twin = changetype<Mount>(<usize>r);
        more = true;
      }
      m = m.next;
    }
  }
  let m: Mount | null = vfs.rootMount;
  while (m) {
    m.twin = null;
    m = m.next;
  }
  return r < 0 ? r : 0;
}
const scratch = changetype<Path>(memory.data(8, 8));

@inline
function setPath(path: Path, mount: Mount, entry: Entry): void {
  path.mount = mount;
  path.entry = entry;
}

function textLength(p: usize): u32 {
  let n: u32 = 0;
  while (load<u8>(p + n) != 0) n++;
  return n;
}

/** Takes a mount and all that is mounted in it out of the tree; who is inside stays there, as MNT_DETACH says. */
function detach(vfs: Vfs, mount: Mount): void {
  for (;;) {
    let deepest = mount;
    for (let child: Mount | null = childOf(vfs, deepest); child; child = childOf(vfs, deepest)) deepest = child;
    detachOne(vfs, deepest);
    if (deepest == mount) return;
  }
}

function childOf(vfs: Vfs, parent: Mount): Mount | null {
  let m = vfs.rootMount!.next;
  while (m && m.parent != parent) m = m.next;
  return m;
}

function detachOne(vfs: Vfs, mount: Mount): void {
  let before = vfs.rootMount!;
  while (before.next != mount) before = before.next!;
  before.next = mount.next;
  vfs.mountCount--;
  mount.next = null;
  mount.detached = true;
  unhook(vfs, mount);
  mountRelease(mount);
}

/**
 * Moves the mount whose root is `from` to the place `at`, with all that is mounted in it (MS_MOVE): 0; -EINVAL when it is not the root of a mount,
 * is the container's root, or only one of the two is a directory; -ENOENT when the place has been removed; -ELOOP when it lies in the mount.
 */
export function mountMove(vfs: Vfs, from: Path, at: Path): Result {
  const mount = from.mount;
  if (from.entry != mount.root || !mount.parent) return -Errno.EINVAL;
  if ((at.entry.flags & EntryFlag.Unlinked) != 0 || at.mount.detached) return -Errno.ENOENT;
  if (isDirectory(mount.root.inode!) != isDirectory(at.entry.inode!)) return -Errno.EINVAL;
  let above: Mount | null = at.mount;
  while (above) {
    if (above == mount) return -Errno.ELOOP;
    above = above.parent;
  }
  unhook(vfs, mount);
  hook(vfs, mount, at);
  return 0;
}

/**
 * Unmounts what the place, a mount's root, shows: 0; -EINVAL when it is not one, or is the container's root; -EBUSY when it is in use (a
 * mount in it, an open file, a current directory), unless `lazily`. The caller's reference in `place` is not a use.
 */
export function mountRemove(vfs: Vfs, place: Path, lazily: bool): Result {
  const mount = place.mount;
  if (place.entry != mount.root || !mount.parent) return -Errno.EINVAL;
  if (!lazily && mount.refs > 2) return -Errno.EBUSY;
  detach(vfs, mount);
  return 0;
}

/** Changes the flags of a mount (MS_REMOUNT | MS_BIND). */
export function mountSetFlags(mount: Mount, flags: u32): void {
  mount.flags = flags & MOUNT_FLAGS;
}
