// The tree of a container that is being made: walking it as its root would, and making directories and the places of mounts.

import { Errno } from "../kernel/errno";
import { Result } from "../kernel/result";
import { CAPABILITIES_ALL, Credentials, credentialsNew } from "../kernel/task/credentials";
import { FsContext, isDirectory, Path, S_IFREG } from "../kernel/vfs/inode";
import { makeDirectory, makeNode } from "../kernel/vfs/names";
import { pathRelease, walk, WalkFlag } from "../kernel/vfs/walk";

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
