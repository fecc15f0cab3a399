// The pages of a regular file in memory: a radix tree of frame numbers with 64 slots a node, as high as the highest page needs, so that
// a one-page file has no node at all and a byte at a terabyte costs five. A slot of 0 is a hole, or a page that is still the lower
// inode's: writing copies that page and only that (copy-up by page).
// The file owns one reference to each of its frames; mappings have their own. Pages count for the file system's limit, and its container pays
// for them; those of a file system of nobody's (shared memory) are paid for by who makes them.

import { physicalCopyPage, physicalWrite, physicalZeroPage } from "../../shim/isa";
import { Errno } from "../errno";
import { Container } from "../container/container";
import { Charge, payer } from "../mm/account";
import { frameAllocFor, frameRelease, frameRetain, LOW_FRAMES, PAGE_SHIFT, PAGE_SIZE } from "../mm/frame";
import { kernelAlloc, kernelFree } from "../mm/heap";
import { Result } from "../result";
import { FileSystem, Inode } from "../vfs/inode";

const NODE_SHIFT: u32 = 6;
const NODE_SLOTS: u32 = 1 << NODE_SHIFT;
const NODE_BYTES: u32 = NODE_SLOTS * 4;

/** Largest size of a file: page indices are 32 bits (the limit of ext4, too). Past it writing is EFBIG. */
export const FILE_SIZE_MAX: u64 = ((<u64>1) << 44) - PAGE_SIZE;

const zeros = memory.data(512, 16);

type Unmapper = (inode: Inode, from: u32, to: u32) => void;
let unmapper: u32 = 0;

/**
 * Registers the function that takes pages [from, to) of a file out of all its mappings, so that they fault again: pages beyond a new end,
 * or that were replaced. Only called for an inode with mappings.
 */
export function setPageUnmapper(f: Unmapper): void {
  unmapper = f.index;
}

@inline
function unmap(inode: Inode, from: u32, to: u32): void {
  if (inode.mappings != 0 && unmapper != 0) call_indirect<void>(unmapper, inode, from, to);
}

/** Takes a page off the file system's allowance: 0 or -ENOSPC. */
@inline
function charge(fs: FileSystem): Result {
  if (fs.pageLimit != 0 && fs.pagesUsed >= fs.pageLimit) return -Errno.ENOSPC;
  fs.pagesUsed++;
  return 0;
}

@inline
function uncharge(fs: FileSystem): void {
  fs.pagesUsed--;
}

/** Index of the first page that lies wholly beyond `size` bytes: the number of pages the file takes. */
@inline
export function pagesOf(size: u64): u32 {
  return <u32>((size + (PAGE_SIZE - 1)) >> PAGE_SHIFT);
}

/** True when a tree of `levels` has a slot for `index`. */
@inline
function covers(levels: u32, index: u32): bool {
  return levels > 5 || index >> (levels * NODE_SHIFT) == 0;
}

/** The frame in the inode's own tree, or 0. */
function ownPage(inode: Inode, index: u32): u32 {
  let level = inode.pageLevels;
  if (!covers(level, index)) return 0;
  let p = inode.content;
  while (level != 0 && p != 0) {
    level--;
    p = load<u32>(p + (((index >> (level * NODE_SHIFT)) & (NODE_SLOTS - 1)) << 2));
  }
  return <u32>p;
}

/** The frame that holds page `index`, for reading only: it may be the lower inode's. 0 for a hole. Takes no reference. */
export function filePage(inode: Inode, index: u32): u32 {
  let frame = ownPage(inode, index);
  while (frame == 0 && index < inode.lowerPages) {
    inode = inode.lower!;
    frame = ownPage(inode, index);
  }
  return frame;
}

/** Puts `frame` into the empty slot `index`: 0, or -ENOMEM when a node is lacking. */
function insert(inode: Inode, index: u32, frame: u32): Result {
  while (!covers(inode.pageLevels, index)) {
    if (inode.content != 0) {
      const node = kernelAlloc(NODE_BYTES);
      if (node == 0) return -Errno.ENOMEM;
      store<u32>(node, <u32>inode.content);
      inode.content = node;
    }
    inode.pageLevels++;
  }
  let level = inode.pageLevels;
  let slot = changetype<usize>(inode) + offsetof<Inode>("content");
  while (level != 0) {
    level--;
    let node = <usize>load<u32>(slot);
    if (node == 0) {
      node = kernelAlloc(NODE_BYTES);
      if (node == 0) return -Errno.ENOMEM;
      store<u32>(slot, <u32>node);
    }
    slot = node + (((index >> (level * NODE_SHIFT)) & (NODE_SLOTS - 1)) << 2);
  }
  store<u32>(slot, frame);
  inode.pageCount++;
  return 0;
}

/**
 * The frame that holds page `index`, for writing: made on the first write, zeroed or a copy of the lower inode's page. Returns its number;
 * -ENOSPC when the file system is full, -ENOMEM when memory is short or the container's limit is reached.
 */
export function filePageForWrite(inode: Inode, index: u32): Result {
  const own = ownPage(inode, index);
  if (own != 0) return own;
  const r = charge(inode.fs);
  if (r < 0) return r;
  const container = changetype<Container>(inode.fs.container);
  const frame = frameAllocFor(inode.fs.container != 0 ? container.account : payer, Charge.File);
  if (frame == 0 || insert(inode, index, frame) < 0) {
    if (frame != 0) frameRelease(frame);
    uncharge(inode.fs);
    return -Errno.ENOMEM;
  }
  const below = index < inode.lowerPages ? filePage(inode.lower!, index) : 0;
  if (below != 0) physicalCopyPage((<u64>frame) << PAGE_SHIFT, (<u64>below) << PAGE_SHIFT);
  else physicalZeroPage((<u64>frame) << PAGE_SHIFT);
  unmap(inode, index, index + 1);
  return frame;
}

/** Makes `frame`, whose content stays where it is, page `index`, which must be a hole: 0, -ENOSPC or -ENOMEM. Adds a reference. */
export function fileAdoptPage(inode: Inode, index: u32, frame: u32): Result {
  assert(ownPage(inode, index) == 0, "a page is adopted into a hole");
  let r = charge(inode.fs);
  if (r < 0) return r;
  r = insert(inode, index, frame);
  if (r < 0) {
    uncharge(inode.fs);
    return r;
  }
  frameRetain(frame);
  return 0;
}

/** Clears bytes [from, PAGE_SIZE) of a page. */
export function clearTail(frame: u32, from: u32): void {
  if (frame < LOW_FRAMES) {
    memory.fill(((<usize>frame) << PAGE_SHIFT) + from, 0, PAGE_SIZE - from);
    return;
  }
  for (let at = from; at < PAGE_SIZE; at += 512) {
    physicalWrite(((<u64>frame) << PAGE_SHIFT) + at, zeros, min<u32>(512, PAGE_SIZE - at));
  }
}

/** Frees the pages [from, to) under `node`, whose first page has index `base`; true when nothing is left of it. */
function prune(inode: Inode, node: usize, level: u32, base: u64, from: u64, to: u64): bool {
  if (level == 0) {
    if (base < from || base >= to) return false;
    frameRelease(<u32>node);
    inode.pageCount--;
    uncharge(inode.fs);
    return true;
  }
  let empty = true;
  const step = (<u64>1) << ((level - 1) * NODE_SHIFT);
  for (let i: u32 = 0; i < NODE_SLOTS; i++) {
    const child = load<u32>(node + (i << 2));
    if (child == 0) continue;
    const first = base + step * i;
    if (first + step > from && first < to && prune(inode, child, level - 1, first, from, to)) store<u32>(node + (i << 2), 0);
    else empty = false;
  }
  if (empty) kernelFree(node);
  return empty;
}

/** Frees the inode's own pages from index `from` on; it no longer shows the lower inode's there. Does not touch mappings or the size. */
export function filePagesFree(inode: Inode, from: u32): void {
  if (inode.lowerPages > from) inode.lowerPages = from;
  freeOwn(inode, from, u64.MAX_VALUE);
}

function freeOwn(inode: Inode, from: u64, to: u64): void {
  if (inode.content != 0 && prune(inode, inode.content, inode.pageLevels, 0, from, to)) inode.content = 0;
  if (inode.content == 0) inode.pageLevels = 0;
}

/**
 * Makes pages [from, to), to < 2^32, holes again: out of all mappings but for private copies, and their memory back. A page that is the lower
 * inode's as well becomes zeros of its own, lest that one show: 0, -ENOSPC or -ENOMEM, with holes so far.
 */
export function fileHole(inode: Inode, from: u32, to: u32): Result {
  if (to >= inode.lowerPages && from < inode.lowerPages) {
    unmap(inode, from, inode.lowerPages);
    inode.lowerPages = from;
  }
  // Below what is left of the lower inode's pages, zeros must stand in the place of each that it has.
  while (from < to && from < inode.lowerPages) {
    const lowerFrame = filePage(inode.lower!, from);
    if (lowerFrame != 0) {
      const frame = filePageForWrite(inode, from);
      if (frame < 0) return frame;
      physicalZeroPage((<u64>frame) << PAGE_SHIFT);
    } else {
      unmap(inode, from, from + 1);
      freeOwn(inode, from, from + 1);
    }
    from++;
  }
  if (from == to) return 0;
  unmap(inode, from, to);
  freeOwn(inode, from, to);
  return 0;
}

/**
 * Makes the file `size` bytes long: pages beyond are freed and unmapped, and what a longer file shows there later is zeros. Returns 0;
 * -EFBIG above FILE_SIZE_MAX; -ENOMEM or -ENOSPC when the last page is the lower inode's and cannot be copied.
 */
export function fileResize(inode: Inode, size: u64): Result {
  if (size > FILE_SIZE_MAX) return -Errno.EFBIG;
  const shorter = min(size, inode.size);
  const tail = (<u32>shorter) & (PAGE_SIZE - 1);
  if (tail != 0) {
    // A program that has the last page mapped may have written beyond the end of the file.
    const last = <u32>(shorter >> PAGE_SHIFT);
    const grows = size >= inode.size;
    if (grows ? ownPage(inode, last) != 0 : filePage(inode, last) != 0) {
      const frame = filePageForWrite(inode, last);
      if (frame < 0) return frame;
      clearTail(<u32>frame, tail);
    }
  }
  if (size < inode.size) {
    const end = pagesOf(size);
    unmap(inode, end, u32.MAX_VALUE);
    filePagesFree(inode, end);
  }
  inode.size = size;
  return 0;
}

/** Index of the first page >= from under `node` that is there, or u64.MAX_VALUE. */
function nextUnder(node: usize, level: u32, base: u64, from: u32): u64 {
  if (level == 0) return base >= from ? base : u64.MAX_VALUE;
  const step = (<u64>1) << ((level - 1) * NODE_SHIFT);
  for (let i: u32 = 0; i < NODE_SLOTS; i++) {
    const child = load<u32>(node + (i << 2));
    if (child == 0 || base + step * (i + 1) <= from) continue;
    const found = nextUnder(child, level - 1, base + step * i, from);
    if (found != u64.MAX_VALUE) return found;
  }
  return u64.MAX_VALUE;
}

/** Index of the first page >= from that is not a hole (lseek SEEK_DATA), or u64.MAX_VALUE when there is none. */
export function fileNextPage(inode: Inode, from: u32): u64 {
  let found = inode.content != 0 ? nextUnder(inode.content, inode.pageLevels, 0, from) : u64.MAX_VALUE;
  if (from < inode.lowerPages) {
    const below = fileNextPage(inode.lower!, from);
    if (below < inode.lowerPages) found = min(found, below);
  }
  return found;
}

/** Pages that the file takes, its lower inode's included: what st_blocks tells. */
export function filePageCount(inode: Inode): u32 {
  if (inode.lowerPages == 0) return inode.pageCount;
  const below = min(filePageCount(inode.lower!), inode.lowerPages);
  return <u32>min<u64>(<u64>inode.pageCount + below, pagesOf(inode.size));
}
