// The mappings of an address space by address: a balanced tree (Adelson-Velsky and Landis, 1962) whose nodes are the mappings themselves, so that
// inserting needs no memory, threaded as a list. Each node knows the widest gap below a mapping of its subtree, so that finding room takes
// as many steps as the tree is high. Who changes a mapping's range does it here.

import { PAGE_SHIFT, PAGE_SIZE } from "./frame";
import { AddressSpace } from "./space";
import { USER_END } from "./user";
import { Vma, VmaFlag, vmaFree, vmaNew } from "./vma";

/** Lowest address a program may map: null pointers fault (vm.mmap_min_addr). */
export const USER_START: u64 = 0x10000;
/** A stack keeps this distance from the mapping below it, and room is not looked for there (stack_guard_gap of Linux). */
export const STACK_GUARD_BYTES: u64 = 256 * <u64>PAGE_SIZE;
/** vm.max_map_count. */
const VMAS_MAX: u32 = 65530;

/** The first mapping that ends above `ua`: the one that holds it, or the next one; null if there is none. */
export function vmaFrom(space: AddressSpace, ua: u64): Vma | null {
  let found: Vma | null = null;
  let node = space.tree;
  while (node) {
    if (node.end > ua) {
      found = node;
      if (node.start <= ua) break;
      node = node.left;
    } else node = node.right;
  }
  return found;
}

/** The last mapping that begins below `ua`, or null. */
export function vmaBelow(space: AddressSpace, ua: u64): Vma | null {
  const next = vmaFrom(space, ua);
  if (!next) return space.last;
  return next.start < ua ? next : next.prev;
}

/** The mapping that holds `ua`, or null. */
export function vmaFind(space: AddressSpace, ua: u64): Vma | null {
  const cached = space.cached;
  if (cached && ua >= cached.start && ua < cached.end) return cached;
  const vma = vmaFrom(space, ua);
  if (!vma || vma.start > ua) return null;
  space.cached = vma;
  return vma;
}

/** May the space have `more` mappings? */
@inline
export function vmaRoom(space: AddressSpace, more: u32): bool {
  return space.vmaCount + more <= VMAS_MAX;
}

/** Lowest address that the mapping keeps from others that look for room. */
@inline
function lowEdge(vma: Vma): u64 {
  if (!(vma.flags & VmaFlag.GrowsDown)) return vma.start;
  return vma.start > STACK_GUARD_BYTES ? vma.start - STACK_GUARD_BYTES : 0;
}

/** Bytes that are free between `vma` and the one below. */
@inline
function gapBelow(vma: Vma): u64 {
  const edge = lowEdge(vma);
  const prev = vma.prev;
  const floor = prev ? prev.end : 0;
  return edge > floor ? edge - floor : 0;
}

@inline
function heightOf(node: Vma | null): u32 {
  return node ? node.height : 0;
}

/** Brings height and widest gap of a node in line with its children; true when one of them changed. */
function refresh(node: Vma): bool {
  let height: u32 = 0;
  let widest = gapBelow(node);
  const left = node.left;
  if (left) {
    height = left.height;
    widest = max(widest, left.widestGap);
  }
  const right = node.right;
  if (right) {
    height = max(height, right.height);
    widest = max(widest, right.widestGap);
  }
  height++;
  if (height == node.height && widest == node.widestGap) return false;
  node.height = height;
  node.widestGap = widest;
  return true;
}

/** Puts `heir` where `node` hangs. */
function replaceNode(space: AddressSpace, node: Vma, heir: Vma | null): void {
  const parent = node.parent;
  if (!parent) space.tree = heir;
  else if (parent.left == node) parent.left = heir;
  else parent.right = heir;
  if (heir) heir.parent = parent;
}

/** Turns so that the left child comes up; returns it. */
function turnRight(space: AddressSpace, node: Vma): Vma {
  const child = node.left!;
  const middle = child.right;
  replaceNode(space, node, child);
  node.left = middle;
  if (middle) middle.parent = node;
  child.right = node;
  node.parent = child;
  refresh(node);
  refresh(child);
  return child;
}

/** Turns so that the right child comes up; returns it. */
function turnLeft(space: AddressSpace, node: Vma): Vma {
  const child = node.right!;
  const middle = child.left;
  replaceNode(space, node, child);
  node.right = middle;
  if (middle) middle.parent = node;
  child.left = node;
  node.parent = child;
  refresh(node);
  refresh(child);
  return child;
}

/** The top of the subtree once its sides differ in height by one at most. */
function balance(space: AddressSpace, node: Vma): Vma {
  const left = heightOf(node.left);
  const right = heightOf(node.right);
  if (left > right + 1) {
    const child = node.left!;
    if (heightOf(child.left) < heightOf(child.right)) turnLeft(space, child);
    return turnRight(space, node);
  }
  if (right > left + 1) {
    const child = node.right!;
    if (heightOf(child.right) < heightOf(child.left)) turnRight(space, child);
    return turnLeft(space, node);
  }
  return node;
}

/** Brings the nodes from `node` up in line, `pending` (one of them, if any) among them in any case. */
function settle(space: AddressSpace, node: Vma | null, pending: Vma | null): void {
  while (node) {
    const changed = refresh(node);
    if (node == pending) pending = null;
    const top = balance(space, node);
    if (top == node && !changed && !pending) return;
    node = top.parent;
  }
}

/** Puts `vma` into the tree; its range must be free. `next` is the mapping above it, or null. */
export function vmaInsertBefore(space: AddressSpace, vma: Vma, next: Vma | null): void {
  const prev = next ? next.prev : space.last;
  vma.prev = prev;
  vma.next = next;
  if (prev) prev.next = vma;
  else space.first = vma;
  if (next) next.prev = vma;
  else space.last = vma;
  // Of two neighbours one has no child on the other's side.
  if (prev && !prev.right) {
    prev.right = vma;
    vma.parent = prev;
  } else if (next) {
    next.left = vma;
    vma.parent = next;
  } else space.tree = vma;
  const pages = (vma.end - vma.start) >> PAGE_SHIFT;
  space.vmaCount++;
  space.virtualPages += pages;
  if (vma.flags & VmaFlag.Locked) space.lockedPages += pages;
  settle(space, vma, next);
}

/** Puts `vma` into the tree; its range must be free. */
export function vmaInsert(space: AddressSpace, vma: Vma): void {
  vmaInsertBefore(space, vma, vmaFrom(space, vma.start));
}

/** Puts `vma`, which lies above all others, into the list only: treeBuild has to follow. */
export function vmaAppend(space: AddressSpace, vma: Vma): void {
  const last = space.last;
  vma.prev = last;
  if (last) last.next = vma;
  else space.first = vma;
  space.last = vma;
  space.vmaCount++;
  space.virtualPages += (vma.end - vma.start) >> PAGE_SHIFT;
}

/** Makes the tree of mappings that came by vmaAppend. */
export function treeBuild(space: AddressSpace): void {
  unbuilt = space.first;
  space.tree = buildFrom(space.vmaCount);
  unbuilt = null;
}

let unbuilt: Vma | null = null;

/** A tree of the next `count` mappings of the list; as deep as that tree is high. */
function buildFrom(count: u32): Vma | null {
  if (count == 0) return null;
  const left = buildFrom(count >> 1);
  const node = unbuilt!;
  unbuilt = node.next;
  node.left = left;
  if (left) left.parent = node;
  const right = buildFrom(count - (count >> 1) - 1);
  node.right = right;
  if (right) right.parent = node;
  refresh(node);
  return node;
}

/** Takes `vma` out of the tree and frees it; its pages are the caller's business. */
export function vmaRemove(space: AddressSpace, vma: Vma): void {
  const prev = vma.prev;
  const next = vma.next;
  if (prev) prev.next = next;
  else space.first = next;
  if (next) next.prev = prev;
  else space.last = prev;
  const left = vma.left;
  const right = vma.right;
  let from: Vma | null;
  if (left && right) {
    // The next one, lowest on the right side, takes the place.
    const heir = next!;
    from = heir;
    if (heir != right) {
      from = heir.parent!;
      const orphan = heir.right;
      from.left = orphan;
      if (orphan) orphan.parent = from;
      heir.right = right;
      right.parent = heir;
    }
    heir.left = left;
    left.parent = heir;
    // What the nodes above have seen, so that `settle` knows whether it changes.
    heir.height = vma.height;
    heir.widestGap = vma.widestGap;
    replaceNode(space, vma, heir);
  } else {
    replaceNode(space, vma, left ? left : right);
    if (right) refresh(right); // the next one
    from = vma.parent;
  }
  const pages = (vma.end - vma.start) >> PAGE_SHIFT;
  space.vmaCount--;
  space.virtualPages -= pages;
  if (vma.flags & VmaFlag.Locked) space.lockedPages -= pages;
  settle(space, from, right && !left ? null : next);
  vmaFree(vma);
}

/** Gives a mapping another range, which nobody else has; the page of its file at `start` follows. */
export function vmaResize(space: AddressSpace, vma: Vma, start: u64, end: u64): void {
  const more = ((end - start) >> PAGE_SHIFT) - ((vma.end - vma.start) >> PAGE_SHIFT);
  space.virtualPages += more;
  if (vma.flags & VmaFlag.Locked) space.lockedPages += more;
  if (start != vma.start) {
    vma.pageOffset += <u64>((<i64>(start - vma.start)) >> PAGE_SHIFT);
    vma.start = start;
    settle(space, vma, null);
  }
  if (end != vma.end) {
    vma.end = end;
    settle(space, vma.next, null);
  }
}

/** Cuts `vma` in two at `at`; returns the upper part, or null when memory is short or there are too many mappings. */
export function vmaSplit(space: AddressSpace, vma: Vma, at: u64): Vma | null {
  if (!vmaRoom(space, 1)) return null;
  const upper = vmaNew(space, at, vma.end, vma.flags, vma.inode, vma.pageOffset + ((at - vma.start) >> PAGE_SHIFT), vma.entry);
  if (!upper) return null;
  const next = vma.next;
  vmaResize(space, vma, vma.start, at);
  vmaInsertBefore(space, upper, next);
  return upper;
}

/** Does what `b` maps go on where `a` ends, in the same way? */
@inline
function joins(a: Vma, b: Vma): bool {
  return (
    a.end == b.start &&
    a.flags == b.flags &&
    a.inode == b.inode &&
    a.entry == b.entry &&
    a.pageOffset + ((a.end - a.start) >> PAGE_SHIFT) == b.pageOffset
  );
}

/** Joins the mapping with the one below where they are alike; returns what holds its pages now. */
export function vmaJoinBelow(space: AddressSpace, vma: Vma): Vma {
  const below = vma.prev;
  if (!below || !joins(below, vma)) return vma;
  const end = vma.end;
  vmaRemove(space, vma);
  vmaResize(space, below, below.start, end);
  return below;
}

/** Joins the mapping with both neighbours where they are alike; returns what holds its pages now. */
export function vmaJoin(space: AddressSpace, vma: Vma): Vma {
  const next = vma.next;
  if (next) vmaJoinBelow(space, next);
  return vmaJoinBelow(space, vma);
}

/** The first mapping at `vma` or below that has a gap of `bytes` below it, or null. */
function gapAtOrBelow(vma: Vma | null, bytes: u64): Vma | null {
  let node = vma;
  while (node) {
    if (gapBelow(node) >= bytes) return node;
    let child = node.left;
    if (child && child.widestGap >= bytes) {
      // It is in there: the highest one.
      while (child) {
        const right = child.right;
        if (right && right.widestGap >= bytes) child = right;
        else if (gapBelow(child) >= bytes) return child;
        else child = child.left;
      }
    }
    // The next lower one whose left side has not been looked at.
    let from = node;
    node = node.parent;
    while (node && node.left == from) {
      from = node;
      node = node.parent;
    }
  }
  return null;
}

/** The first mapping above `vma` that has a gap of `bytes` below it, or null. */
function gapAbove(vma: Vma | null, bytes: u64): Vma | null {
  let node = vma;
  while (node) {
    let child = node.right;
    if (child && child.widestGap >= bytes) {
      while (child) {
        const left = child.left;
        if (left && left.widestGap >= bytes) child = left;
        else if (gapBelow(child) >= bytes) return child;
        else child = child.right;
      }
    }
    let from = node;
    node = node.parent;
    while (node && node.right == from) {
      from = node;
      node = node.parent;
    }
    if (node && gapBelow(node) >= bytes) return node;
  }
  return null;
}

/** The highest free range of `bytes` below mmapTop; above it, if need be; 0 when there is none. */
export function findGap(space: AddressSpace, bytes: u64): u64 {
  const gap = findGapBetween(space, USER_START, space.mmapTop, bytes);
  return gap != 0 ? gap : findGapOver(space, bytes);
}

/** The highest free range of `bytes` in [low, high); 0 when there is none. */
export function findGapBetween(space: AddressSpace, low: u64, high: u64, bytes: u64): u64 {
  const next = vmaFrom(space, high);
  const prev = next ? next.prev : space.last;
  const top = next ? min(high, lowEdge(next)) : high;
  const floor = prev ? max(prev.end, low) : low;
  if (top >= floor && top - floor >= bytes) return top - bytes;
  const found = gapAtOrBelow(prev, bytes);
  if (!found) return 0;
  const edge = lowEdge(found);
  return edge >= low && edge - low >= bytes ? edge - bytes : 0;
}

/** The lowest free range of `bytes` above mmapTop, when there is none below. */
function findGapOver(space: AddressSpace, bytes: u64): u64 {
  let start = space.mmapTop;
  let next = vmaFrom(space, start);
  if (next && next.start <= start) {
    start = next.end;
    next = next.next;
  }
  if (next && (lowEdge(next) < start || lowEdge(next) - start < bytes)) {
    const found = gapAbove(next, bytes);
    start = found ? found.prev!.end : space.last!.end;
  }
  return USER_END - start >= bytes && start < USER_END ? start : 0;
}

/** True when no mapping touches [start, end). */
export function rangeFree(space: AddressSpace, start: u64, end: u64): bool {
  const vma = vmaFrom(space, start);
  return !vma || vma.start >= end;
}

/** rangeFree, and no stack that grows down to `end` needs the space: for a place that the kernel chooses (mmap(2), MAP_GROWSDOWN). */
export function placeFree(space: AddressSpace, start: u64, end: u64): bool {
  const vma = vmaFrom(space, start);
  return !vma || (vma.start >= end && lowEdge(vma) >= end);
}
