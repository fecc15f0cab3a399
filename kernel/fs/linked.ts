// Hard links of a lower tree: several names of one lower inode must show one upper inode. This table finds the upper inode by the lower
// one; it holds the upper inode as long as it has names, seen or not yet seen, so that what was changed through one name shows under all.

import { Errno } from "../errno";
import { kernelAlloc, kernelFree } from "../mm/heap";
import { Result } from "../result";
import { FileSystem, Inode } from "../vfs/inode";

@unmanaged
class Node {
  lower: Inode;
  upper: Inode;
  next: Node | null;
  padding: u32;
}
const NODE_BYTES: u32 = 16;
const BUCKETS: u32 = 64;

@inline
function bucketOf(fs: FileSystem, lower: Inode): usize {
  const p = changetype<usize>(lower);
  return fs.linked + ((((p >> 4) ^ (p >> 12)) & (BUCKETS - 1)) << 2);
}

/** The inode that shows `lower` in `fs`, or null. Takes no reference. */
export function linkedFind(fs: FileSystem, lower: Inode): Inode | null {
  if (fs.linked == 0) return null;
  let node = changetype<Node | null>(<usize>load<u32>(bucketOf(fs, lower)));
  while (node && node.lower != lower) node = node.next;
  return node ? node.upper : null;
}

/** Remembers that `upper` shows `lower`, and takes a reference to it: 0 or -ENOMEM. */
export function linkedAdd(fs: FileSystem, lower: Inode, upper: Inode): Result {
  if (fs.linked == 0) {
    fs.linked = kernelAlloc(BUCKETS * 4);
    if (fs.linked == 0) return -Errno.ENOMEM;
  }
  const node = changetype<Node>(kernelAlloc(NODE_BYTES));
  if (changetype<usize>(node) == 0) return -Errno.ENOMEM;
  const bucket = bucketOf(fs, lower);
  node.lower = lower;
  node.upper = upper;
  node.next = changetype<Node | null>(<usize>load<u32>(bucket));
  store<u32>(bucket, <u32>changetype<usize>(node));
  upper.refs++;
  return 0;
}

/** Forgets `upper`, which has lost its last name: true when the table held it, and its reference is now the caller's. */
export function linkedRemove(fs: FileSystem, upper: Inode): bool {
  if (fs.linked == 0 || !upper.lower) return false;
  let slot = bucketOf(fs, upper.lower!);
  while (load<u32>(slot) != 0) {
    const node = changetype<Node>(<usize>load<u32>(slot));
    if (node.upper == upper) {
      store<u32>(slot, <u32>changetype<usize>(node.next));
      kernelFree(changetype<usize>(node));
      return true;
    }
    slot = changetype<usize>(node) + offsetof<Node>("next");
  }
  return false;
}

/** Takes any inode out of the table, its reference with it; null (and no table any more) when none is left. */
export function linkedTakeAny(fs: FileSystem): Inode | null {
  if (fs.linked == 0) return null;
  for (let i: u32 = 0; i < BUCKETS; i++) {
    const slot = fs.linked + (i << 2);
    const node = changetype<Node>(<usize>load<u32>(slot));
    if (changetype<usize>(node) == 0) continue;
    const upper = node.upper;
    store<u32>(slot, <u32>changetype<usize>(node.next));
    kernelFree(changetype<usize>(node));
    return upper;
  }
  kernelFree(fs.linked);
  fs.linked = 0;
  return null;
}
