// Files in no tree that only mappings and descriptors hold: shared anonymous memory, memfd_create(2), System V shared memory. They live in one
// memory file system that no container mounts. Each has an entry beside all directories, whose name shows in /proc/PID/maps and fd/N.

import { Inode, Entry, EntryFlag, FileSystem, Mount, S_IFREG } from "../vfs/inode";
import { entryNew } from "../vfs/entry";
import { putLiteral } from "../lib/bytes";
import { mountApart } from "../vfs/nameless";
import { memfsInode, memfsNew } from "./memfs";

let fs: FileSystem | null = null;
let mount: Mount = changetype<Mount>(0);
let anonymous: Entry = changetype<Entry>(0);

/** Makes the file system; false when memory is short. */
export function sharedMemoryInit(): bool {
  const made = memfsNew(0, 0o700, 0, 0, 0, 0);
  if (!made) return false;
  fs = made;
  const apart = mountApart(made, made.root!);
  const name = memory.data(8);
  const entry = sharedMemoryEntry(name, putLiteral(name, "dev/zero"), null);
  if (!apart || !entry) return false;
  mount = apart;
  anonymous = entry;
  return true;
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

/** What names a file of shared memory (null: several), with one reference; null when memory is short. As on Linux it counts as deleted. */
export function sharedMemoryEntry(name: usize, length: u32, inode: Inode | null): Entry | null {
  const entry = entryNew(null, name, length, 0, inode);
  if (entry) entry.flags = <u16>(EntryFlag.Apart | EntryFlag.Unlinked);
  return entry;
}

/** The name of all shared anonymous memory: /dev/zero, through which it was had before there was MAP_ANONYMOUS. */
export function sharedAnonymousEntry(): Entry {
  return anonymous;
}

/** The mount that files of shared memory are opened through. */
export function sharedMemoryMount(): Mount {
  return mount;
}
