// The mounts of a container, as config.json lists them, then its masks and read-only paths. Each is an object of the container's own tree;
// nothing is mounted on a path of the host, so there is no race to win (docs/adr/0006-parallel-trees.md).

import { Container } from "../kernel/container/container";
import { Errno } from "../kernel/errno";
import { memfsNew } from "../kernel/fs/memfs";
import { isMountable, Mountable, mountableNew, MountableOptions } from "../kernel/fs/mountable";
import { putLiteral } from "../kernel/lib/bytes";
import { framesUsable, PAGE_SIZE } from "../kernel/mm/frame";
import { Result } from "../kernel/result";
import { fileSystemRelease } from "../kernel/vfs/entry";
import { FileSystem, FsContext, isDirectory, MountFlag, Path } from "../kernel/vfs/inode";
import { mountAdd, mountBind, mountSetFlags } from "../kernel/vfs/mount";
import { pathRelease, walk, WalkFlag } from "../kernel/vfs/walk";
import { deviceFileSystem, isDevicePath } from "./devices";
import { specBytes, SpecMount, SpecMountFlag, SpecMountGiven, SpecMountType, SpecString, StringList, stringListAt } from "./spec/model";
import { builder, mountPoint } from "./tree";

const options = changetype<MountableOptions>(memory.data(24, 8));
const place = changetype<Path>(memory.data(8, 8));
const source = changetype<Path>(memory.data(8, 8));
const typeName = memory.data(32, 8);
const nullDevice = memory.data(16, 8);

const FLAGS: u32 = MountFlag.ReadOnly | MountFlag.NoSuid | MountFlag.NoDev | MountFlag.NoExec | MountFlag.NoAtime;

@inline
function given(mount: SpecMount, what: SpecMountGiven): bool {
  return (mount.given & what) != 0;
}

/** New files a memory file system takes when it is not told: one for every two pages of RAM (tmpfs(5), nr_inodes). */
export function defaultInodeLimit(): u32 {
  return framesUsable() / 2;
}

/** A memory file system with the mount's limits; Linux's tmpfs takes half of all memory when no size is given. */
function memoryFileSystem(c: Container, mount: SpecMount): FileSystem | null {
  let pages: u64 = framesUsable() / 2;
  if (given(mount, SpecMountGiven.Size)) pages = (mount.sizeBytes + PAGE_SIZE - 1) / PAGE_SIZE;
  else if (given(mount, SpecMountGiven.SizePercent)) pages = (<u64>framesUsable() * mount.sizePercent) / 100;
  const inodes = given(mount, SpecMountGiven.Inodes) ? mount.inodeLimit : defaultInodeLimit();
  const mode = given(mount, SpecMountGiven.Mode) ? mount.mode : 0o1777;
  const pageLimit = <u32>min<u64>(pages, u32.MAX_VALUE);
  const inodeLimit = <u32>min<u64>(inodes, u32.MAX_VALUE);
  if (isDevicePath(specBytes(mount.destination), mount.destination.length)) {
    return deviceFileSystem(changetype<usize>(c), mode, mount.uid, mount.gid, pageLimit, inodeLimit);
  }
  return memfsNew(changetype<usize>(c), mode, mount.uid, mount.gid, pageLimit, inodeLimit);
}

function mountableOf(type: SpecMountType): Mountable {
  switch (type) {
    case SpecMountType.Proc:
      return Mountable.Proc;
    case SpecMountType.Sysfs:
      return Mountable.Sysfs;
    case SpecMountType.Devpts:
      return Mountable.Devpts;
    case SpecMountType.Mqueue:
      return Mountable.Mqueue;
  }
  return Mountable.Cgroup;
}

/** The type's name as /proc/mounts shows it, in typeName; its length. */
function putTypeName(type: SpecMountType): u32 {
  switch (type) {
    case SpecMountType.Proc:
      return putLiteral(typeName, "proc");
    case SpecMountType.Sysfs:
      return putLiteral(typeName, "sysfs");
    case SpecMountType.Devpts:
      return putLiteral(typeName, "devpts");
    case SpecMountType.Mqueue:
      return putLiteral(typeName, "mqueue");
    case SpecMountType.Tmpfs:
      return putLiteral(typeName, "tmpfs");
  }
  return putLiteral(typeName, "cgroup2");
}

/** The mount's file system, with one reference; null when memory is short. */
function makeFileSystem(c: Container, mount: SpecMount): FileSystem | null {
  if (mount.type == SpecMountType.Tmpfs) return memoryFileSystem(c, mount);
  options.mode = given(mount, SpecMountGiven.Mode) ? mount.mode : u32.MAX_VALUE;
  options.uid = given(mount, SpecMountGiven.Uid) ? mount.uid : u32.MAX_VALUE;
  options.gid = given(mount, SpecMountGiven.Gid) ? mount.gid : u32.MAX_VALUE;
  options.ptmxMode = given(mount, SpecMountGiven.PtmxMode) ? mount.ptmxMode : u32.MAX_VALUE;
  options.limit = given(mount, SpecMountGiven.PtsLimit) ? mount.ptsLimit : u32.MAX_VALUE;
  return mountableNew(mountableOf(mount.type), c, options);
}

/** Carries out one entry of `mounts`: 0 or -errno. `host` and `bundle` resolve the source of a bind. */
export function applyMount(c: Container, context: FsContext, mount: SpecMount, host: FsContext, bundle: Path): Result {
  const path = specBytes(mount.destination);
  if (mount.type == SpecMountType.Bind) return applyBind(c, context, mount, host, bundle);
  if (mount.flags & SpecMountFlag.Remount) return remount(context, mount);
  if (mount.type != SpecMountType.Tmpfs && !isMountable(mountableOf(mount.type))) return -Errno.ENODEV;
  let r = mountPoint(place, context, path, mount.destination.length, true);
  if (r < 0) return r;
  const fs = makeFileSystem(c, mount);
  if (!fs) {
    pathRelease(place);
    return -Errno.ENOMEM;
  }
  const name = mount.source;
  const type = putTypeName(mount.type);
  const sourceText = name ? specBytes(name) : typeName;
  r = mountAdd(c.vfs, fs, fs.root!, place, mount.flags & FLAGS, sourceText, name ? name.length : type, typeName, type);
  fileSystemRelease(fs);
  pathRelease(place);
  return r < 0 ? r : 0;
}

function applyBind(c: Container, context: FsContext, mount: SpecMount, host: FsContext, bundle: Path): Result {
  const from = mount.source!;
  let r = walk(source, host, builder, bundle, specBytes(from), from.length, WalkFlag.Follow);
  if (r < 0) return r;
  r = mountPoint(place, context, specBytes(mount.destination), mount.destination.length, isDirectory(source.entry.inode!));
  if (r == 0) {
    r = mountBind(c.vfs, source, place, (mount.flags & SpecMountFlag.Recursive) != 0, mount.flags & FLAGS);
    pathRelease(place);
  }
  pathRelease(source);
  return r < 0 ? r : 0;
}

function remount(context: FsContext, mount: SpecMount): Result {
  const r = walk(place, context, builder, null, specBytes(mount.destination), mount.destination.length, WalkFlag.Follow);
  if (r < 0) return r;
  const m = place.mount;
  const isRoot = m.root == place.entry;
  if (isRoot) mountSetFlags(m, mount.flags & FLAGS);
  pathRelease(place);
  return isRoot ? 0 : -Errno.EINVAL;
}

/** The path of a list, if it exists, in `place`: 1, 0 when there is no such file, or -errno. */
function existing(context: FsContext, path: SpecString): Result {
  const r = walk(place, context, builder, null, specBytes(path), path.length, WalkFlag.Follow);
  if (r == -Errno.ENOENT || r == -Errno.ENOTDIR) return 0;
  return r < 0 ? r : 1;
}

/** Covers a path: a directory by an empty read-only one, a file by /dev/null's device: 0 or -errno. */
function mask(c: Container, context: FsContext, path: SpecString, empty: FileSystem): Result {
  let r = existing(context, path);
  if (r <= 0) return r;
  if (isDirectory(place.entry.inode!)) {
    const n = putLiteral(typeName, "tmpfs");
    r = mountAdd(c.vfs, empty, empty.root!, place, MountFlag.ReadOnly, typeName, n, typeName, n);
  } else {
    r = walk(source, context, builder, null, nullDevice, putLiteral(nullDevice, "/dev/null"), WalkFlag.Follow);
    if (r == 0) {
      r = mountBind(c.vfs, source, place, false, 0);
      pathRelease(source);
    }
  }
  pathRelease(place);
  return r < 0 ? r : 0;
}

/** linux.maskedPaths: 0, or -errno with `failedPath` set. */
export function applyMasks(c: Container, context: FsContext, list: StringList): Result {
  if (list.count == 0) return 0;
  const empty = memfsNew(changetype<usize>(c), 0o755, 0, 0, 1, 1);
  if (!empty) return -Errno.ENOMEM;
  let r: Result = 0;
  for (let i: u32 = 0; i < list.count && r == 0; i++) {
    failedPath = stringListAt(list, i);
    r = mask(c, context, failedPath, empty);
  }
  fileSystemRelease(empty);
  return r;
}

/** linux.readonlyPaths: 0, or -errno with `failedPath` set. */
export function applyReadonlyPaths(c: Container, context: FsContext, list: StringList): Result {
  for (let i: u32 = 0; i < list.count; i++) {
    failedPath = stringListAt(list, i);
    let r = existing(context, failedPath);
    if (r < 0) return r;
    if (r == 0) continue;
    r = mountBind(c.vfs, place, place, true, (place.mount.flags & FLAGS) | MountFlag.ReadOnly);
    pathRelease(place);
    if (r < 0) return r;
  }
  return 0;
}

/** The path of maskedPaths or readonlyPaths that could not be applied. */
export let failedPath: SpecString = changetype<SpecString>(0);
