// Mappings of huge pages (MAP_HUGETLB). None are set aside, as on a Linux with vm.nr_hugepages 0, so such a mapping can be had only without a
// reservation (MAP_NORESERVE), and touching it is a bus error. It maps an empty file, of which no page can be had; what else sets it apart
// is that it begins and ends at whole huge pages.

import { Errno } from "../errno";
import { sharedMemoryEntry, sharedMemoryFile } from "../fs/shm";
import { putLiteral } from "../lib/bytes";
import { Result } from "../result";
import { entryRelease, inodeRelease } from "../vfs/entry";
import { Guard, mapRegion } from "./map";
import { AddressSpace } from "./space";
import { Vma, VmaFlag } from "./vma";

export const HUGE_BYTES: u64 = 2 << 20;
export const GIANT_BYTES: u64 = 1 << 30;

const name = memory.data(16, 8);

/** Bytes of a page of the mapping, which has VmaFlag.Huge. */
@inline
export function hugeBytes(vma: Vma): u64 {
  return vma.flags & VmaFlag.Giant ? GIANT_BYTES : HUGE_BYTES;
}

/** Maps [start, start + bytes), both multiples of the page size, with the flags of `access`, which say the size: `start`, -ENOMEM or -EPERM. */
export function hugeMap(space: AddressSpace, start: u64, bytes: u64, access: u32): Result {
  const inode = sharedMemoryFile(0, 0, 0, 0);
  if (!inode) return -Errno.ENOMEM;
  const entry = sharedMemoryEntry(name, putLiteral(name, "anon_hugepage"), inode);
  const r = entry ? mapRegion(space, start, bytes, access, inode, 0, entry) : -Errno.ENOMEM;
  if (r >= 0) space.guards |= <u8>Guard.Huge;
  if (entry) entryRelease(entry);
  inodeRelease(inode);
  return r;
}
