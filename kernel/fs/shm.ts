// Files without a name that only mappings and descriptors hold: shared anonymous memory, memfd_create(2), System V shared memory. They live
// in one memory file system that is mounted nowhere.

import { FileSystem, Inode, S_IFREG } from "../vfs/inode";
import { memfsInode, memfsNew } from "./memfs";

let fs: FileSystem | null = null;

/** Makes the file system; false when memory is short. */
export function sharedMemoryInit(): bool {
  fs = memfsNew(0, 0o700, 0, 0, 0, 0);
  return fs != null;
}

/** A file of `bytes` zeros with one reference and no name; null when memory is short. */
export function sharedMemoryFile(bytes: u64, mode: u32, uid: u32, gid: u32): Inode | null {
  const r = memfsInode(fs!, S_IFREG | mode, uid, gid);
  if (r < 0) return null;
  const inode = changetype<Inode>(<usize>r);
  inode.size = bytes;
  inode.links = 0;
  return inode;
}
