// Inodes without a name: anonymous pipes, and the one inode that eventfd, epoll and other descriptor-only objects share (anon_inode). They
// belong to a file system that is never mounted.

import { kernelAlloc } from "../mm/heap";
import { wallNs } from "../time/clock";
import { FileSystem, FileSystemKind, FILE_SYSTEM_BYTES, Inode, INODE_BYTES } from "./inode";

/** st_dev of nameless inodes. */
const NAMELESS_DEVICE: u32 = 11;

let fileSystem: FileSystem = changetype<FileSystem>(0);
let shared: Inode = changetype<Inode>(0);

/** Sets the file system up; once at start-up. Returns false when memory is short. */
export function namelessInit(): bool {
  const p = kernelAlloc(FILE_SYSTEM_BYTES);
  if (p == 0) return false;
  fileSystem = changetype<FileSystem>(p);
  fileSystem.refs = 1;
  fileSystem.kind = FileSystemKind.Pipe;
  fileSystem.device = NAMELESS_DEVICE;
  fileSystem.nextInode = 1;
  const inode = namelessInode(0o600, 0, 0, 0);
  if (!inode) return false;
  shared = inode;
  shared.refs = 1;
  return true;
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
