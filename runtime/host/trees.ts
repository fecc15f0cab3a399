// Host calls on trees: what image layers are made of (docs/host-syscalls.md, "Trees"; docs/adr/0013-images-in-a-host-program.md).

import { Errno } from "../../kernel/errno";
import { memfsNew } from "../../kernel/fs/memfs";
import { memfsNewOver } from "../../kernel/fs/union";
import { putLiteral } from "../../kernel/lib/bytes";
import { Result } from "../../kernel/result";
import { Thread } from "../../kernel/task/thread";
import { entryIsUnder, fileSystemRelease } from "../../kernel/vfs/entry";
import { FileSystem, FileSystemKind, MountFlag, Path } from "../../kernel/vfs/inode";
import { fsContextSetCwd, fsContextSetRoot, mountAdd, mountRemove } from "../../kernel/vfs/mount";
import { mayChange } from "../../kernel/vfs/permission";
import { pathRelease, walk, WalkFlag } from "../../kernel/vfs/walk";
import { contextOf, pathText, takePath } from "./arguments";

/** File systems that may stand on each other, the lowest counted: looking a name up goes down as many steps. */
const DEPTH_MAX: u32 = 128;
const TREE_MODE: u32 = 0o755;

const place = changetype<Path>(memory.data(8, 8));
const lowerPlace = changetype<Path>(memory.data(8, 8));
const typeName = memory.data(16, 8);

/** Finds the directory that a path of the caller means: 0 with `into` filled, or -errno. */
function findDirectory(t: Thread, into: Path, path: u64, length: u64): Result {
  const n = takePath(pathText, path, length);
  return n < 0 ? n : walk(into, contextOf(t), t.credentials, null, pathText, <u32>n, WalkFlag.Follow | WalkFlag.Directory);
}

/** How many file systems lie under `fs`. */
function depthOf(fs: FileSystem): u32 {
  let depth: u32 = 0;
  let at = fs.lower;
  while (at) {
    depth++;
    at = at.lower;
  }
  return depth;
}

/** Puts `fs`, whose reference is taken over, on `place`: 0 or -errno. */
function mountOn(t: Thread, fs: FileSystem | null): Result {
  if (!fs) return -Errno.ENOMEM;
  const n = putLiteral(typeName, fs.lower ? "overlay" : "memfs");
  const r = mountAdd(contextOf(t).vfs, fs, fs.root!, place, 0, typeName, n, typeName, n);
  fileSystemRelease(fs);
  return r < 0 ? r : 0;
}

/** An empty tree on the directory `path`; or, with a lower directory, one that shows that and keeps all changes to itself. */
export function hostMountTree(t: Thread, lower: u64, lowerLength: u64, path: u64, length: u64): Result {
  let r = findDirectory(t, place, path, length);
  if (r < 0) return r;
  r = mayChange(place.mount, place.entry);
  if (r == 0 && lowerLength == 0) r = mountOn(t, memfsNew(0, TREE_MODE, 0, 0, 0, 0));
  else if (r == 0) {
    r = findDirectory(t, lowerPlace, lower, lowerLength);
    if (r == 0) {
      const fs = lowerPlace.entry.inode!.fs;
      // A place inside of its own lower tree could never be changed again.
      if (fs.kind != FileSystemKind.Memory || entryIsUnder(place.entry, lowerPlace.entry)) r = -Errno.EINVAL;
      else if (depthOf(fs) + 2 > DEPTH_MAX) r = -Errno.ELOOP;
      else r = mountOn(t, memfsNewOver(lowerPlace.entry, 0, 0, 0));
      pathRelease(lowerPlace);
    }
  }
  pathRelease(place);
  return r;
}

/** Nothing in the tree mounted on `path` changes any more. */
export function hostSealTree(t: Thread, path: u64, length: u64): Result {
  const r = findDirectory(t, place, path, length);
  if (r < 0) return r;
  const mount = place.mount;
  const isTree = place.entry == mount.root && mount.parent != null;
  if (isTree) mount.fs.flags |= MountFlag.ReadOnly;
  pathRelease(place);
  return isTree ? 0 : -Errno.EINVAL;
}

/** Takes the tree off `path`, and with its last use away. */
export function hostUnmountTree(t: Thread, path: u64, length: u64): Result {
  let r = findDirectory(t, place, path, length);
  if (r < 0) return r;
  r = place.mount.fs.uppers != 0 ? -Errno.EBUSY : mountRemove(contextOf(t).vfs, place, false);
  pathRelease(place);
  return r;
}

/** For the caller, and whom it starts, `path` is the root: nothing above can be reached. Its working directory is there. */
export function hostSetRoot(t: Thread, path: u64, length: u64): Result {
  const r = findDirectory(t, place, path, length);
  if (r < 0) return r;
  fsContextSetRoot(contextOf(t), place);
  fsContextSetCwd(contextOf(t), place);
  pathRelease(place);
  return 0;
}
