// Paths that a container must not see or change (OCI runtime-spec, config-linux.md, "Masked Paths" and "Readonly Paths"), as mounts that the
// kernel makes: a masked directory shows an empty read-only one, a masked file the null device, a read-only path itself. The empty
// directory and the device are one small file system that all containers share.

import { Errno } from "../errno";
import { memfsAdd, memfsInode, memfsNew } from "../fs/memfs";
import { bytesHash, putLiteral } from "../lib/bytes";
import { Result } from "../result";
import { Credentials } from "../task/credentials";
import { fileSystemRelease, inodeRelease } from "./entry";
import { Entry, FileSystem, FsContext, Inode, isDirectory, makeDevice, MountFlag, Path, S_IFCHR, S_IFDIR } from "./inode";
import { mountAdd, mountBind } from "./mount";
import { pathRelease, walk, WalkFlag } from "./walk";

let masks: FileSystem | null = null;
let emptyDirectory: Entry = changetype<Entry>(0);
let nullDevice: Entry = changetype<Entry>(0);

const place = changetype<Path>(memory.data(8, 8));
const tmpfs = memory.data<u8>([0x74, 0x6d, 0x70, 0x66, 0x73]);
const nameText = memory.data(16, 8);

/** A file named `name` in the root of the new file system `fs`: its entry or -ENOMEM. */
function makeIn(fs: FileSystem, name: string, mode: u32, device: u32): Result {
  let r = memfsInode(fs, mode, 0, 0);
  if (r < 0) return r;
  const inode = changetype<Inode>(<usize>r);
  inode.device = device;
  const n = putLiteral(nameText, name);
  r = memfsAdd(fs.root!, nameText, n, bytesHash(nameText, n), inode);
  inodeRelease(inode);
  return r;
}

/** Makes the shared file system the first time: 0 or -ENOMEM. */
function makeMasks(): Result {
  if (masks) return 0;
  const fs = memfsNew(0, 0o555, 0, 0, 0, 0);
  if (!fs) return -Errno.ENOMEM;
  const directory = makeIn(fs, "empty", S_IFDIR | 0o555, 0);
  const device = makeIn(fs, "null", S_IFCHR | 0o666, makeDevice(1, 3));
  if (directory < 0 || device < 0) {
    fileSystemRelease(fs);
    return -Errno.ENOMEM;
  }
  emptyDirectory = changetype<Entry>(<usize>directory);
  nullDevice = changetype<Entry>(<usize>device);
  masks = fs;
  return 0;
}

/** Hides what is at a path of the container's tree: 0, also when nothing is there; otherwise -errno. */
export function maskPath(context: FsContext, c: Credentials, name: usize, length: u32): Result {
  let r = walk(place, context, c, null, name, length, WalkFlag.Follow);
  if (r < 0) return r == -Errno.ENOENT || r == -Errno.ENOTDIR ? 0 : r;
  r = makeMasks();
  if (r >= 0) {
    const directory = isDirectory(place.entry.inode!);
    const root = directory ? emptyDirectory : nullDevice;
    r = mountAdd(context.vfs, masks!, root, place, directory ? <u32>MountFlag.ReadOnly : 0, tmpfs, 5, tmpfs, 5);
  }
  pathRelease(place);
  return r < 0 ? r : 0;
}

/** Makes a path of the container's tree read-only, by a bind mount on itself: 0, also when nothing is there; otherwise -errno. */
export function makePathReadOnly(context: FsContext, c: Credentials, name: usize, length: u32): Result {
  let r = walk(place, context, c, null, name, length, WalkFlag.Follow);
  if (r < 0) return r == -Errno.ENOENT || r == -Errno.ENOTDIR ? 0 : r;
  r = mountBind(context.vfs, place, place, true, MountFlag.ReadOnly);
  pathRelease(place);
  return r;
}
