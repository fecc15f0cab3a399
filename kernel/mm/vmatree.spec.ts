import { random, seed } from "../lib/testing";
import { heapObjectsUsed } from "./heap";
import { AddressSpace, spaceNew, spaceRelease } from "./space";
import { testContainer, useTestMemory } from "./testing";
import { USER_END } from "./user";
import { Vma, VmaFlag, vmaNew } from "./vma";
import {
  findGap,
  findGapBetween,
  placeFree,
  rangeFree,
  STACK_GUARD_BYTES,
  treeBuild,
  USER_START,
  vmaAppend,
  vmaBelow,
  vmaFind,
  vmaFrom,
  vmaInsert,
  vmaJoin,
  vmaRemove,
  vmaResize,
  vmaSplit,
} from "./vmatree";

// Random operations on the tree, held against one byte per page: the number of its mapping (0: none), and whether it is a stack.
const PAGES: u32 = 4096;
const BASE: u64 = 0x7000_0000_0000;
const HIGH: u64 = BASE + ((<u64>PAGES) << 12);
const owners = memory.data(4096 * 2);
const stacks = memory.data(4096);

let space: AddressSpace = changetype<AddressSpace>(0);
let failures: i32 = 0;
let serial: u32 = 0;

function check(condition: bool, what: string): void {
  if (!condition && failures++ == 0) expect(what).toBe("", "the first failure");
}

function at(page: u32): u64 {
  return BASE + ((<u64>page) << 12);
}

function owner(page: u32): u32 {
  return load<u16>(owners + (page << 1));
}

function mark(from: u32, to: u32, number: u32, isStack: bool): void {
  for (let p = from; p < to; p++) {
    store<u16>(owners + (p << 1), <u16>number);
    store<u8>(stacks + p, isStack ? 1 : 0);
  }
}

/** The subtree is balanced, in order, linked both ways, and knows its height and widest gap: its height. */
function checkTree(node: Vma): u32 {
  let height: u32 = 0;
  let widest: u64 = 0;
  let leftHeight: u32 = 0;
  const left = node.left;
  if (left) {
    check(left.parent == node && left.end <= node.start, "the left side");
    leftHeight = checkTree(left);
    widest = left.widestGap;
  }
  const right = node.right;
  if (right) {
    check(right.parent == node && right.start >= node.end, "the right side");
    height = checkTree(right);
    widest = max(widest, right.widestGap);
  }
  check(height <= leftHeight + 1 && leftHeight <= height + 1, "balance");
  height = max(height, leftHeight) + 1;
  check(node.height == height, "height");
  const prev = node.prev;
  const floor = prev ? prev.end : 0;
  const guard = node.flags & VmaFlag.GrowsDown ? STACK_GUARD_BYTES : 0;
  if (node.start - guard > floor) widest = max(widest, node.start - guard - floor);
  check(node.widestGap == widest, "widest gap");
  return height;
}

/** The mappings are the model's. */
function checkAll(): void {
  const root = space.tree;
  if (root) {
    check(root.parent == null, "the root has no parent");
    checkTree(root);
  }
  let page: u32 = 0;
  let count: u32 = 0;
  let pages: u64 = 0;
  let prev: Vma | null = null;
  let vma = space.first;
  while (vma) {
    check(vma.prev == prev, "the list");
    for (; page < PAGES && at(page) < vma.start; page++) check(owner(page) == 0, "a hole");
    const number = owner(page);
    check(number != 0 && vma.pageOffset == at(page) >> 12, "a start");
    for (; page < PAGES && at(page) < vma.end; page++) check(owner(page) == number, "a page");
    count++;
    pages += (vma.end - vma.start) >> 12;
    prev = vma;
    vma = vma.next;
  }
  for (; page < PAGES; page++) check(owner(page) == 0, "the hole at the end");
  check(space.last == prev && space.vmaCount == count && space.virtualPages == pages, "totals");
}

/** Does a stack that begins at or above page `p` keep it free? */
function guarded(p: u32): bool {
  let q = p;
  while (q < PAGES && owner(q) == 0) q++;
  return q < PAGES && load<u8>(stacks + q) != 0 && q - p <= <u32>(STACK_GUARD_BYTES >> 12);
}

/** The highest `count` free pages of [low, high), by looking at each. */
function naiveGap(low: u32, high: u32, count: u32): u64 {
  let run: u32 = 0;
  for (let p = high; p > low; p--) {
    run = owner(p - 1) == 0 && !guarded(p - 1) ? run + 1 : 0;
    if (run == count) return at(p - 1);
  }
  return 0;
}

function insertSome(): void {
  const count = 1 + random(random(4) == 0 ? 40 : 4);
  const from = random(PAGES - count);
  const isStack = random(50) == 0;
  for (let p = from; p < from + count; p++) if (owner(p) != 0) return check(!rangeFree(space, at(from), at(from + count)), "rangeFree");
  check(rangeFree(space, at(from), at(from + count)), "rangeFree");
  check(placeFree(space, at(from), at(from + count)) == !guarded(from + count - 1), "placeFree");
  const flags: u32 = VmaFlag.Read | (isStack ? VmaFlag.GrowsDown : 0);
  vmaInsert(space, vmaNew(space, at(from), at(from + count), flags, null, at(from) >> 12, null)!);
  serial = (serial % 65000) + 1;
  mark(from, from + count, serial, isStack);
}

/** The mapping of a random page, or the next one. */
function anyone(): Vma | null {
  return vmaFrom(space, at(random(PAGES)));
}

function resizeSome(): void {
  const vma = anyone();
  if (!vma) return;
  const first = <u32>((vma.start - BASE) >> 12);
  const last = <u32>((vma.end - BASE) >> 12);
  let from = first + random(last - first);
  let to = from + 1 + random(last - from);
  if (random(2) == 0) for (from = first; from > 0 && first - from < 5 && owner(from - 1) == 0; from--);
  if (random(2) == 0) for (to = last; to < PAGES && to - last < 5 && owner(to) == 0; to++);
  const number = owner(first);
  const isStack = load<u8>(stacks + first) != 0;
  mark(first, last, 0, false);
  mark(from, to, number, isStack);
  vmaResize(space, vma, at(from), at(to));
}

function splitSome(): void {
  const vma = anyone();
  if (!vma || vma.end - vma.start < 8192) return;
  const first = <u32>((vma.start - BASE) >> 12);
  const last = <u32>((vma.end - BASE) >> 12);
  const cut = first + 1 + random(last - first - 1);
  const upper = vmaSplit(space, vma, at(cut))!;
  check(vma.end == at(cut) && upper.start == at(cut), "vmaSplit");
  if (random(2) == 0) {
    // Joined again; its neighbours, if they are alike, too.
    const number = owner(first);
    const joined = vmaJoin(space, upper);
    check(joined.start <= vma.start || joined.end >= at(last), "vmaJoin");
    const isStack = load<u8>(stacks + first) != 0;
    mark(<u32>((joined.start - BASE) >> 12), <u32>((joined.end - BASE) >> 12), number, isStack);
    return;
  }
  serial = (serial % 65000) + 1;
  mark(cut, last, serial, load<u8>(stacks + first) != 0);
}

function removeSome(): void {
  const vma = anyone();
  if (!vma) return;
  mark(<u32>((vma.start - BASE) >> 12), <u32>((vma.end - BASE) >> 12), 0, false);
  vmaRemove(space, vma);
}

function lookUp(): void {
  const p = random(PAGES);
  const found = vmaFind(space, at(p) + random(4096));
  check((found != null) == (owner(p) != 0), "vmaFind");
  if (found) check(found.start <= at(p) && found.end > at(p), "what vmaFind found");
  let q = p;
  while (q > 0 && owner(q - 1) == 0) q--;
  const below = vmaBelow(space, at(p));
  check((below != null) == q > 0, "vmaBelow");
  if (below && q > 0) check(owner(<u32>((below.start - BASE) >> 12)) == owner(q - 1) && below.start < at(p), "what vmaBelow found");
}

function lookForRoom(): void {
  const low = random(PAGES);
  const high = low + random(PAGES - low);
  const count = 1 + random(random(2) == 0 ? 300 : 10);
  check(findGapBetween(space, at(low), at(high), (<u64>count) << 12) == naiveGap(low, high, count), "findGapBetween");
}

/** The lowest `count` free pages from `low` on, by looking at each; what follows the last mapping is free. */
function naiveGapAbove(low: u32, count: u32): u64 {
  let run: u32 = 0;
  for (let p = low; p < PAGES + count; p++) {
    run = p >= PAGES || (owner(p) == 0 && !guarded(p)) ? run + 1 : 0;
    if (run == count) return at(p + 1 - count);
  }
  return 0;
}

function steps(n: u32, removals: u32): void {
  for (let step: u32 = 0; step < n; step++) {
    const what = random(16);
    if (what < 4) insertSome();
    else if (what < 4 + removals) removeSome();
    else if (what < 10) resizeSome();
    else if (what < 12) splitSome();
    else if (what < 14) lookUp();
    else lookForRoom();
    if (step % 8 == 0) checkAll();
  }
  checkAll();
}

describe("the tree of mappings", () => {
  beforeEach(() => {
    useTestMemory(2048);
    failures = 0;
    mark(0, PAGES, 0, false);
    space = spaceNew(testContainer())!;
    space.mmapTop = HIGH;
  });

  test("agrees with a model that knows each page, growing and shrinking", () => {
    const objects = heapObjectsUsed();
    for (let round: u32 = 1; round <= 6; round++) {
      seed(round);
      steps(2000, 1);
      steps(2000, 4);
    }
    expect(failures).toBe(0);
    while (space.first != null) vmaRemove(space, space.first!);
    expect(space.tree == null).toBe(true);
    expect(heapObjectsUsed()).toBe(objects);
  });

  test("stays balanced when mappings come in order, from above or from below, and go in order", () => {
    for (let p: u32 = 0; p < 2000; p++) {
      vmaInsert(space, vmaNew(space, at(PAGES - 1 - p * 2), at(PAGES - p * 2), p & 1, null, at(PAGES - 1 - p * 2) >> 12, null)!);
      mark(PAGES - 1 - p * 2, PAGES - p * 2, p + 1, false);
    }
    checkAll();
    expect(space.tree!.height).toBeLessThan(14);
    for (let p: u32 = 0; p < 1900; p++) {
      mark(<u32>((space.first!.start - BASE) >> 12), <u32>((space.first!.end - BASE) >> 12), 0, false);
      vmaRemove(space, space.first!);
    }
    checkAll();
    expect(failures).toBe(0);
  });

  test("is made of a list, as fork does, for every number of mappings", () => {
    for (let count: u32 = 0; count < 70; count++) {
      const other = spaceNew(space.container)!;
      mark(0, PAGES, 0, false);
      for (let i: u32 = 0; i < count; i++) {
        vmaAppend(other, vmaNew(other, at(i * 3), at(i * 3 + 2), 1, null, at(i * 3) >> 12, null)!);
        mark(i * 3, i * 3 + 2, i + 1, false);
      }
      treeBuild(other);
      const own = space;
      space = other;
      checkAll();
      space = own;
      spaceRelease(other);
    }
    expect(failures).toBe(0);
  });

  test("finds room below the top, or else above it, as a search page by page does", () => {
    seed(7);
    for (let i: u32 = 0; i < 600; i++) insertSome();
    vmaInsert(space, vmaNew(space, USER_START, BASE, 0, null, USER_START >> 12, null)!);
    for (let i: u32 = 0; i < 2000; i++) {
      const top = random(PAGES);
      const count = 1 + random(random(2) == 0 ? 10 : 400);
      space.mmapTop = at(top);
      const below = naiveGap(0, top, count);
      check(findGap(space, (<u64>count) << 12) == (below != 0 ? below : naiveGapAbove(top, count)), "findGap");
    }
    expect(failures).toBe(0);
  });

  test("finds room above the top, lowest first, when there is none below", () => {
    space.mmapTop = at(100);
    vmaInsert(space, vmaNew(space, USER_START, at(101), 1, null, USER_START >> 12, null)!);
    for (let i: u32 = 0; i < 50; i++)
      vmaInsert(space, vmaNew(space, at(101 + i * 10), at(111 - (i % 7) + i * 10), 2, null, at(101 + i * 10) >> 12, null)!);
    for (let want: u32 = 1; want <= 6; want++) {
      // Hole i has i % 7 pages.
      expect(findGap(space, (<u64>want) << 12)).toBe(at(111 - want + want * 10));
    }
    expect(findGap(space, 7 << 12)).toBe(at(111 - 0 + 49 * 10));
    expect(findGap(space, USER_END - at(111 + 49 * 10))).toBe(at(111 + 49 * 10));
    expect(findGap(space, USER_END - at(111 + 49 * 10) + 4096)).toBe(0);
  });
});
