// The devices of a container: the nodes and links that the OCI specification promises (config-linux.md, "Default Devices", "Dev symbolic
// links"), and those of linux.devices. The promised ones are made once, at boot, in a tree of their own: a memory file system that
// config.json mounts on /dev is laid over it, so that a container has them without a file of its own for each.

import { Errno } from "../kernel/errno";
import { cstringLength, putLiteral } from "../kernel/lib/bytes";
import { memfsNew } from "../kernel/fs/memfs";
import { memfsNewOver } from "../kernel/fs/union";
import { Result } from "../kernel/result";
import { wallNs } from "../kernel/time/clock";
import { changeMode, changeOwner } from "../kernel/vfs/attributes";
import { entryRetain } from "../kernel/vfs/entry";
import { Entry, FileSystem, FsContext, makeDevice, Path, S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO } from "../kernel/vfs/inode";
import { fsContextNew, fsContextRelease, vfsNew, vfsRelease } from "../kernel/vfs/mount";
import { makeNode, makeSymlink } from "../kernel/vfs/names";
import { pathRelease, walk, WalkFlag } from "../kernel/vfs/walk";
import { SpecDevice, specBytes } from "./spec/model";
import { builder, makeDirectories } from "./tree";

const text = memory.data(32, 8);
const target = memory.data(64, 8);
const found = changetype<Path>(memory.data(8, 8));

/** The directory with the promised nodes and links that every /dev of a container can lie over. Its file system is never released. */
let promised: Entry = changetype<Entry>(0);

/** Makes the directory of the promised devices; false when memory is short. */
export function devicesInit(): bool {
  const fs = memfsNew(0, 0o755, 0, 0, 0, 0);
  if (!fs) return false;
  const length = putLiteral(text, "devices");
  const vfs = vfsNew(fs, 0, text, length, text, length);
  const context = vfs ? fsContextNew(vfs) : null;
  if (!context) return false;
  let r = makeDirectories(context, text, putLiteral(text, "/dev"), 0o755);
  if (r == 0) r = makePromised(context);
  if (r == 0) r = walk(found, context, builder, null, text, putLiteral(text, "/dev"), 0);
  if (r == 0) {
    promised = entryRetain(found.entry);
    pathRelease(found);
  }
  fsContextRelease(context);
  vfsRelease(vfs!);
  return r == 0;
}

/** A memory file system for /dev that has the promised nodes and links; null when memory is short. Arguments as for memfsNew. */
export function deviceFileSystem(container: usize, mode: u32, uid: u32, gid: u32, pageLimit: u32, inodeLimit: u32): FileSystem | null {
  const fs = memfsNewOver(promised, container, pageLimit, inodeLimit);
  if (!fs) return null;
  const root = fs.root!.inode!;
  root.mode = S_IFDIR | mode;
  root.uid = uid;
  root.gid = gid;
  root.btimeNs = root.ctimeNs = root.mtimeNs = root.atimeNs = wallNs();
  return fs;
}

/** True for the path on which such a file system is mounted. */
export function isDevicePath(path: usize, length: u32): bool {
  return length == 4 && load<u32>(path) == 0x7665_642f; // "/dev"
}

/** Makes a device node unless one is there already. */
function node(context: FsContext, path: usize, length: u32, type: u32, mode: u32, device: u32): Result {
  const mask = context.umask;
  context.umask = 0;
  const r = makeNode(context, builder, null, path, length, type | mode, device);
  context.umask = mask;
  return r == -Errno.EEXIST ? 0 : r;
}

function defaultNode(context: FsContext, name: string, major: u32, minor: u32): Result {
  return node(context, text, putLiteral(text, name), S_IFCHR, 0o666, makeDevice(major, minor));
}

function link(context: FsContext, to: string, name: string): Result {
  const r = makeSymlink(context, builder, target, putLiteral(target, to), null, text, putLiteral(text, name));
  return r == -Errno.EEXIST ? 0 : r;
}

/** Makes the nodes and links of /dev, as far as nothing else is in their places: 0 or -errno. */
function makePromised(context: FsContext): Result {
  let r = defaultNode(context, "/dev/null", 1, 3);
  if (r == 0) r = defaultNode(context, "/dev/zero", 1, 5);
  if (r == 0) r = defaultNode(context, "/dev/full", 1, 7);
  if (r == 0) r = defaultNode(context, "/dev/random", 1, 8);
  if (r == 0) r = defaultNode(context, "/dev/urandom", 1, 9);
  if (r == 0) r = defaultNode(context, "/dev/tty", 5, 0);
  if (r == 0) r = link(context, "pts/ptmx", "/dev/ptmx");
  if (r == 0) r = link(context, "/proc/self/fd", "/dev/fd");
  if (r == 0) r = link(context, "/proc/self/fd/0", "/dev/stdin");
  if (r == 0) r = link(context, "/proc/self/fd/1", "/dev/stdout");
  if (r == 0) r = link(context, "/proc/self/fd/2", "/dev/stderr");
  return r;
}

/** The nodes and links every container has under /dev, as far as the image or config.json has not put something there: 0 or -errno. */
export function makeDefaultDevices(context: FsContext, terminal: bool): Result {
  let r = walk(found, context, builder, null, text, putLiteral(text, "/dev"), WalkFlag.Follow);
  if (r == 0) {
    const isOver = found.entry.inode!.lower == promised.inode;
    pathRelease(found);
    if (!isOver) r = makePromised(context);
  } else if (r == -Errno.ENOENT) {
    r = makeDirectories(context, text, putLiteral(text, "/dev"), 0o755);
    if (r == 0) r = makePromised(context);
  }
  if (r == 0 && terminal) r = defaultNode(context, "/dev/console", 5, 1);
  return r;
}

/** Makes one node of linux.devices: 0, -EEXIST when another file is in its place, or -errno. */
export function makeDeviceNode(context: FsContext, device: SpecDevice): Result {
  const path = specBytes(device.path);
  const length = cstringLength(path);
  let parent = length;
  while (parent > 0 && load<u8>(path + parent - 1) != 0x2f) parent--;
  let r = makeDirectories(context, path, parent, 0o755);
  if (r < 0) return r;
  const type = device.type == 0x62 ? S_IFBLK : device.type == 0x70 ? S_IFIFO : S_IFCHR;
  r = node(context, path, length, type, device.mode & 0o777, makeDevice(device.major, device.minor));
  if (r < 0) return r;
  r = walk(found, context, builder, null, path, length, 0);
  if (r < 0) return r;
  const inode = found.entry.inode!;
  r = changeOwner(inode, builder, device.uid, device.gid);
  if (r == 0) r = changeMode(inode, builder, device.mode & 0o777);
  pathRelease(found);
  return r;
}
