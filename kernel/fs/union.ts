// A memory file system over a lower tree: how lower names are shown. An upper inode refers to its lower one by pointer, not by path, so a
// directory can be renamed with everything under it still in the lower tree. A lower entry gets an entry and an inode of its own when
// it is first looked up; its attributes are copied, its pages are shared until written, its number stays (so st_ino never changes).
// Rules and reasons: kernel/fs/DESIGN.md.

import { Errno } from "../errno";
import { kernelAlloc } from "../mm/heap";
import { Result } from "../result";
import { directoryFind, directoryFrom, directoryInsert, directoryReserve } from "../vfs/directory";
import { entryNew, fileSystemNew, fileSystemRelease, fileSystemRetain, inodeRelease, inodeRetain } from "../vfs/entry";
import { Entry, EntryFlag, FileSystem, FileSystemKind, Inode, INODE_BYTES, InodeFlag, isDirectory, isRegular, S_IFMT } from "../vfs/inode";
import { DirectoryItem } from "../vfs/operations";
import { attributesCopy } from "../vfs/xattr";
import { linkedAdd, linkedFind } from "./linked";
import { pagesOf } from "./pages";

/**
 * A file system that shows the directory `lower` of a memory file system and keeps all changes to itself; null when memory is short.
 * While it exists nothing under `lower` may change (entryBusy). Takes three objects, whatever the size of the tree.
 */
export function memfsNewOver(lower: Entry, container: usize, pageLimit: u32, inodeLimit: u32): FileSystem | null {
  const fs = fileSystemNew(FileSystemKind.Memory, container);
  if (!fs) return null;
  const below = lower.inode!;
  assert(below.fs.kind == FileSystemKind.Memory && isDirectory(below), "a lower tree is a directory in memory");
  fs.pageLimit = pageLimit;
  fs.inodeLimit = inodeLimit;
  fs.nextInode = below.fs.nextInode;
  const inode = show(fs, below);
  if (inode) {
    fs.root = entryNew(null, 0, 0, 0, inode);
    inodeRelease(inode);
    if (fs.root) {
      fs.lower = fileSystemRetain(below.fs);
      below.fs.uppers++;
      below.flags |= InodeFlag.LowerRoot;
      below.detail++;
      return fs;
    }
  }
  fileSystemRelease(fs);
  return null;
}

/** An inode of `fs` that shows `lower`, with a reference for the caller: the one it has, or a new one; null when memory is short. */
function show(fs: FileSystem, lower: Inode): Inode | null {
  const severalNames = lower.links > 1 && !isDirectory(lower);
  if (severalNames) {
    const known = linkedFind(fs, lower);
    if (known) return inodeRetain(known);
  }
  const p = kernelAlloc(INODE_BYTES);
  if (p == 0) return null;
  const inode = changetype<Inode>(p);
  inode.refs = 1;
  inode.fs = fs;
  inode.mode = lower.mode;
  inode.uid = lower.uid;
  inode.gid = lower.gid;
  inode.links = lower.links;
  inode.device = lower.device;
  inode.number = lower.number;
  inode.size = lower.size;
  inode.atimeNs = lower.atimeNs;
  inode.mtimeNs = lower.mtimeNs;
  inode.ctimeNs = lower.ctimeNs;
  inode.btimeNs = lower.btimeNs;
  inode.lower = inodeRetain(lower);
  if (isRegular(lower)) inode.lowerPages = pagesOf(lower.size);
  if ((lower.attributes != 0 && attributesCopy(lower, inode) < 0) || (severalNames && linkedAdd(fs, lower, inode) < 0)) {
    inodeRelease(inode);
    return null;
  }
  return inode;
}

/** The entry of that name (no reference taken), 0 when there is none; -ENOMEM when a lower entry cannot be shown for lack of memory. */
export function memfsLookup(directory: Entry, name: usize, length: u32, hash: u32): Result {
  const inode = directory.inode!;
  const e = directoryFind(inode, name, length, hash);
  if (e) return (e.flags & EntryFlag.Whiteout) != 0 ? 0 : changetype<usize>(e);
  return inode.lower ? lowerLookup(directory, name, length, hash) : 0;
}

/** memfsLookup of a name that is not among the own entries of a directory with a lower one. */
function lowerLookup(directory: Entry, name: usize, length: u32, hash: u32): Result {
  const inode = directory.inode!;
  const found = memfsLookup(inode.lower!.directoryEntry!, name, length, hash);
  if (found <= 0) return found;
  const below = changetype<Entry>(<usize>found);
  if (directoryReserve(inode) < 0) return -Errno.ENOMEM;
  const shown = show(inode.fs, below.inode!);
  if (!shown) return -Errno.ENOMEM;
  const e = entryNew(directory, name, length, hash, shown);
  inodeRelease(shown);
  if (!e) return -Errno.ENOMEM;
  e.flags |= <u16>EntryFlag.Lower;
  directoryInsert(inode, e);
  return changetype<usize>(e);
}

/** Whether the lower directory of `directory` has that name: 1, 0 or -ENOMEM. */
export function lowerHas(directory: Inode, name: usize, length: u32, hash: u32): Result {
  const found = memfsLookup(directory.lower!.directoryEntry!, name, length, hash);
  return found > 0 ? 1 : found;
}

/** Text of a symbolic link, `size` bytes: the lower one's as long as there is one, since links never change. */
export function memfsLinkText(link: Inode): usize {
  while (link.content == 0 && link.lower) link = link.lower!;
  return link.content;
}

/** Positions in a directory: the layer, deepest first, above the cookie of an entry there. */
const LAYER_SHIFT: u64 = 40;
const COOKIE_MASK: u64 = ((<u64>1) << LAYER_SHIFT) - 1;

/** The directory `steps` layers down from `inode`. */
function layer(inode: Inode, steps: u32): Inode {
  for (; steps != 0; steps--) inode = inode.lower!;
  return inode;
}

/** True when the entry `e`, found `depth` layers down from `top`, is hidden by a layer above it. */
function hidden(top: Inode, depth: u32, e: Entry): bool {
  while (depth != 0) {
    const above = directoryFind(layer(top, --depth), e.name, e.nameLength, e.hash);
    if (above && (above.flags & EntryFlag.Lower) == 0) return true;
  }
  return false;
}

/**
 * Fills `item` with the first name at or after `position`: 1, or 0 at the end. Lower names come first and keep their place when they are
 * looked up or changed, so that a reader meets each name once.
 */
export function memfsNext(directory: Entry, position: u64, item: DirectoryItem): Result {
  const top = directory.inode!;
  return top.lower ? nextLayered(top, position, item) : nextOwn(top, position, item);
}

/** memfsNext in a directory with a lower one. */
function nextLayered(top: Inode, position: u64, item: DirectoryItem): Result {
  let layers: u32 = 0;
  let below = top.lower;
  while (below) {
    layers++;
    below = below.lower;
  }
  let phase = <u32>(position >> LAYER_SHIFT);
  let cookie = position & COOKIE_MASK;
  while (phase <= layers) {
    const depth = layers - phase;
    const e = directoryFrom(layer(top, depth), cookie);
    if (!e) {
      phase++;
      cookie = 0;
      continue;
    }
    cookie = e.cookie + 1;
    if ((e.flags & (EntryFlag.Whiteout | EntryFlag.Lower)) != 0 || hidden(top, depth, e)) continue;
    fillItem(item, e, ((<u64>phase) << LAYER_SHIFT) | cookie);
    return 1;
  }
  return 0;
}

/** memfsNext in a directory without a lower one. */
@inline
function nextOwn(directory: Inode, position: u64, item: DirectoryItem): Result {
  let e = directoryFrom(directory, position);
  while (e && (e.flags & EntryFlag.Whiteout) != 0) e = e.orderNext;
  if (!e) return 0;
  fillItem(item, e, e.cookie + 1);
  return 1;
}

@inline
function fillItem(item: DirectoryItem, e: Entry, next: u64): void {
  const inode = e.inode!;
  item.name = e.name;
  item.nameLength = e.nameLength;
  item.number = inode.number;
  item.type = inode.mode & S_IFMT;
  item.next = next;
}

const scratch = changetype<DirectoryItem>(memory.data(offsetof<DirectoryItem>() + 8, 8));

/** True when the directory shows no name. */
export function memfsEmpty(directory: Entry): bool {
  return memfsNext(directory, 0, scratch) == 0;
}
