// The tree of a container that is being made: walking it as its root would, and making the directories, nodes and links that the OCI
// specification promises (config-linux.md, "Default Devices", "Dev symbolic links").

import { Errno } from "../kernel/errno";
import { cstringLength, putLiteral } from "../kernel/lib/bytes";
import { Result } from "../kernel/result";
import { CAPABILITIES_ALL, Credentials, credentialsNew } from "../kernel/task/credentials";
import { FsContext, isDirectory, makeDevice, Path, S_IFBLK, S_IFCHR, S_IFIFO, S_IFREG } from "../kernel/vfs/inode";
import { changeMode, changeOwner } from "../kernel/vfs/attributes";
import { makeDirectory, makeNode, makeSymlink } from "../kernel/vfs/names";
import { pathRelease, walk, WalkFlag } from "../kernel/vfs/walk";
import { SpecDevice, specBytes } from "./spec/model";

const text = memory.data(4096, 16);
const target = memory.data(64, 8);
const found = changetype<Path>(memory.data(8, 8));

/** Credentials that may do anything: who builds a container's tree. */
export let builder: Credentials = changetype<Credentials>(0);

/** Makes the builder's credentials; false when memory is short. */
export function builderInit(): bool {
  const c = credentialsNew(0);
  if (!c) return false;
  c.effective = CAPABILITIES_ALL;
  c.permitted = CAPABILITIES_ALL;
  c.bounding = CAPABILITIES_ALL;
  builder = c;
  return true;
}

/** Makes the directories of the absolute path that are missing: 0 or -errno. */
export function makeDirectories(context: FsContext, path: usize, length: u32, mode: u32): Result {
  const mask = context.umask;
  context.umask = 0;
  let r: Result = 0;
  for (let end: u32 = 1; end <= length && r == 0; end++) {
    if (end < length && load<u8>(path + end) != 0x2f) continue;
    if (load<u8>(path + end - 1) == 0x2f) continue;
    r = walk(found, context, builder, null, path, end, WalkFlag.Follow);
    if (r == 0) {
      if (!isDirectory(found.entry.inode!)) r = -Errno.ENOTDIR;
      pathRelease(found);
    } else if (r == -Errno.ENOENT) r = makeDirectory(context, builder, null, path, end, mode);
  }
  context.umask = mask;
  return r;
}

/** Finds the place of a mount, making it (a directory, or an empty file) when it is missing: 0 with `place` filled, or -errno. */
export function mountPoint(place: Path, context: FsContext, path: usize, length: u32, directory: bool): Result {
  const r = walk(place, context, builder, null, path, length, WalkFlag.Follow);
  if (r != -Errno.ENOENT) return r;
  let parent = length;
  while (parent > 0 && load<u8>(path + parent - 1) == 0x2f) parent--;
  while (parent > 0 && load<u8>(path + parent - 1) != 0x2f) parent--;
  let made: Result = directory ? makeDirectories(context, path, length, 0o755) : makeDirectories(context, path, parent, 0o755);
  if (made == 0 && !directory) made = makeNode(context, builder, null, path, length, S_IFREG | 0o644, 0);
  if (made < 0) return made;
  return walk(place, context, builder, null, path, length, WalkFlag.Follow);
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

/** The nodes and links every container has under /dev, as far as the image or config.json has not put something there: 0 or -errno. */
export function makeDefaultDevices(context: FsContext, terminal: bool): Result {
  let r = makeDirectories(context, text, putLiteral(text, "/dev"), 0o755);
  if (r == 0) r = defaultNode(context, "/dev/null", 1, 3);
  if (r == 0) r = defaultNode(context, "/dev/zero", 1, 5);
  if (r == 0) r = defaultNode(context, "/dev/full", 1, 7);
  if (r == 0) r = defaultNode(context, "/dev/random", 1, 8);
  if (r == 0) r = defaultNode(context, "/dev/urandom", 1, 9);
  if (r == 0) r = defaultNode(context, "/dev/tty", 5, 0);
  if (r == 0 && terminal) r = defaultNode(context, "/dev/console", 5, 1);
  if (r == 0) r = link(context, "pts/ptmx", "/dev/ptmx");
  if (r == 0) r = link(context, "/proc/self/fd", "/dev/fd");
  if (r == 0) r = link(context, "/proc/self/fd/0", "/dev/stdin");
  if (r == 0) r = link(context, "/proc/self/fd/1", "/dev/stdout");
  if (r == 0) r = link(context, "/proc/self/fd/2", "/dev/stderr");
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
