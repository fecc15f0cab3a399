// Inodes without a name: anonymous pipes, and the one inode that eventfd, epoll and other descriptor-only objects share (anon_inode). They
// belong to a file system that is never mounted.

import { Errno } from "../errno";
import { kernelAlloc } from "../mm/heap";
import { Result } from "../result";
import { wallNs } from "../time/clock";
import { entryNew, fileSystemNew } from "./entry";
import { Entry, FileSystem, FileSystemKind, Inode, INODE_BYTES, Mount, Path } from "./inode";
import { mountRetain } from "./mount";

let fileSystem: FileSystem = changetype<FileSystem>(0);
let shared: Inode = changetype<Inode>(0);
/** In no tree: only so that an open nameless file can be opened again (/proc/self/fd/1). */
let mount: Mount = changetype<Mount>(0);

/** Sets the file system up; once at start-up. Returns false when memory is short. */
export function namelessInit(): bool {
  const fs = fileSystemNew(FileSystemKind.Pipe, 0);
  if (!fs) return false;
  fileSystem = fs;
  const inode = namelessInode(0o600, 0, 0, 0);
  if (!inode) return false;
  shared = inode;
  shared.refs = 1;
  const root = entryNew(null, 0, 0, 0, shared);
  if (!root) return false;
  const made = mountApart(fs, root);
  if (!made) return false;
  mount = made;
  return true;
}

/** A mount in no container's tree, for files that none can be walked to; it is never released. Null when memory is short. */
export function mountApart(fs: FileSystem, root: Entry): Mount | null {
  const p = kernelAlloc(offsetof<Mount>());
  if (p == 0) return null;
  const made = changetype<Mount>(p);
  made.refs = 1;
  made.fs = fs;
  made.root = root;
  return made;
}

/**
 * A new inode with no references yet (fileNew adds the first), with `extraBytes` of zeroed memory behind it (at INODE_BYTES) that lives as
 * long as it does. Null when memory is short.
 */
export function namelessInode(mode: u32, uid: u32, gid: u32, extraBytes: u32): Inode | null {
  const p = kernelAlloc(INODE_BYTES + extraBytes);
  if (p == 0) return null;
  const inode = changetype<Inode>(p);
  inode.fs = fileSystem;
  inode.mode = mode;
  inode.uid = uid;
  inode.gid = gid;
  inode.links = 1;
  inode.number = fileSystem.nextInode++;
  const now = wallNs();
  inode.atimeNs = now;
  inode.mtimeNs = now;
  inode.ctimeNs = now;
  inode.btimeNs = now;
  return inode;
}

/** The inode of all descriptor-only objects. */
export function anonymousInode(): Inode {
  return shared;
}

/** Makes `place`, with references for the caller, stand on a nameless inode: 0 or -ENOMEM. */
export function namelessPlace(inode: Inode, place: Path): Result {
  const entry = entryNew(null, 0, 0, 0, inode);
  if (!entry) return -Errno.ENOMEM;
  place.entry = entry;
  place.mount = mountRetain(mount);
  return 0;
}
