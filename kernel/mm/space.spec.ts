import { Errno } from "../errno";
import { memfsInode, memfsNew } from "../fs/memfs";
import { inodeRelease } from "../vfs/entry";
import { Inode, S_IFREG } from "../vfs/inode";
import { Access, faultInit, handleFault } from "./fault";
import { frameFailAfter, framesFree } from "./frame";
import { accountClose } from "./account";
import { heapBytesHeld, heapObjectsUsed, kernelAlloc, kernelFree } from "./heap";
import { covered, growRegion, mapRegion, moveRegion, pageUp, placeRegion, protectRegion, setBreak, unmapRegion } from "./map";
import { findSlot, pteFrame, tablesRelease } from "./pagetable";
import { AddressSpace, spaceNew, spaceRelease, spaceRetain } from "./space";
import { testContainer, useTestMemory, vmaAt } from "./testing";
import { USER_END } from "./user";
import { VmaFlag, VMA_BYTES } from "./vma";
import { findGap, findGapBetween, rangeFree, USER_START, vmaBelow, vmaFind, vmaFrom } from "./vmatree";

const PAGE: u64 = 4096;
const AT: u64 = 0x1000_0000;
const READ: u32 = VmaFlag.Read;
const READ_WRITE: u32 = VmaFlag.Read | VmaFlag.Write;
const UNLIMITED: u64 = u64.MAX_VALUE;

let space: AddressSpace = changetype<AddressSpace>(0);
let file: Inode = changetype<Inode>(0);

/** Address of page `n` of the range that the specs use. */
function page(n: i64): u64 {
  return AT + <u64>n * PAGE;
}

function map(from: i64, to: i64, flags: u32 = READ_WRITE, inode: Inode | null = null, offset: u64 = 0): void {
  expect(mapRegion(space, page(from), <u64>(to - from) * PAGE, flags, inode, offset, null)).toBe(page(from));
}

/** Mapping `i` is pages [from, to). */
function expectVma(i: u32, from: i64, to: i64): void {
  expect(vmaAt(space, i).start).toBe(page(from));
  expect(vmaAt(space, i).end).toBe(page(to));
}

function write(n: i64, value: u8): void {
  expect(handleFault(space, page(n), Access.Write)).toBe(0);
  store<u8>((<usize>pteFrame(load<u64>(findSlot(space.root, page(n))))) << 12, value);
}

function read(n: i64): u8 {
  expect(handleFault(space, page(n), Access.Read)).toBe(0);
  return load<u8>((<usize>pteFrame(load<u64>(findSlot(space.root, page(n))))) << 12);
}

let hoarded: usize = 0;

/** Leaves memory for `n` more mappings. */
function starve(n: u32): void {
  frameFailAfter(0);
  for (let p = kernelAlloc(VMA_BYTES); p != 0; p = kernelAlloc(VMA_BYTES)) {
    store<u32>(p, <u32>hoarded);
    hoarded = p;
  }
  while (n-- != 0) feedOne();
}

function feedOne(): void {
  const p = hoarded;
  hoarded = load<u32>(p);
  kernelFree(p);
}

function feed(): void {
  while (hoarded != 0) feedOne();
  frameFailAfter(-1);
}

beforeEach(() => {
  tablesRelease();
  useTestMemory(2048);
  faultInit();
  space = spaceNew(testContainer())!;
  space.mmapTop = page(1000);
  file = changetype<Inode>(<usize>memfsInode(memfsNew(0, 0o755, 0, 0, 0, 0)!, S_IFREG | 0o644, 0, 0));
  file.size = 100 * PAGE;
});

describe("mappings", () => {
  test("are found by any address in them, also right after others were", () => {
    map(10, 12);
    map(20, 21, READ);
    expect(vmaFind(space, page(10)) == vmaAt(space, 0)).toBe(true);
    expect(vmaFind(space, page(12) - 1) == vmaAt(space, 0)).toBe(true);
    expect(vmaFind(space, page(12)) == null).toBe(true);
    expect(vmaFind(space, page(10) - 1) == null).toBe(true);
    expect(vmaFind(space, page(20)) == vmaAt(space, 1)).toBe(true);
    expect(vmaFrom(space, page(12)) == vmaAt(space, 1)).toBe(true);
    expect(vmaFrom(space, page(21)) == null).toBe(true);
    expect(vmaBelow(space, page(21)) == vmaAt(space, 1)).toBe(true);
    expect(vmaBelow(space, page(11)) == vmaAt(space, 0)).toBe(true);
    expect(vmaBelow(space, page(10)) == null).toBe(true);
    unmapRegion(space, page(20), page(21));
    expect(vmaFind(space, page(20)) == null).toBe(true, "what was found last is gone");
  });

  test("stay in order, however they come", () => {
    for (let i: i64 = 0; i < 100; i++) map(((i * 37) % 100) * 2, ((i * 37) % 100) * 2 + 1);
    expect(space.vmaCount).toBe(100);
    for (let i: u32 = 0; i < 100; i++) expectVma(i, i * 2, i * 2 + 1);
    expect(space.virtualPages).toBe(100);
  });

  test("join with neighbours of the same kind on both sides", () => {
    map(10, 12);
    map(14, 16);
    expect(space.vmaCount).toBe(2);
    map(12, 14);
    expect(space.vmaCount).toBe(1);
    expectVma(0, 10, 16);
    map(16, 17, READ);
    expect(space.vmaCount).toBe(2, "other access");
  });

  test("of a file join only when the file goes on", () => {
    map(10, 12, READ, file, 5);
    map(12, 13, READ, file, 7);
    expect(space.vmaCount).toBe(1);
    map(13, 14, READ, file, 20);
    expect(space.vmaCount).toBe(2);
    expect(file.refs).toBe(3);
    unmapRegion(space, page(0), page(100));
    expect(file.refs).toBe(1);
    expect(file.mappings).toBe(0);
  });

  test("are replaced by a new one over them, and cut where it covers a part", () => {
    map(10, 20, READ, file, 0);
    map(13, 15);
    expect(space.vmaCount).toBe(3);
    expectVma(0, 10, 13);
    expectVma(1, 13, 15);
    expectVma(2, 15, 20);
    expect(vmaAt(space, 2).pageOffset).toBe(5);
    map(0, 30);
    expect(space.vmaCount).toBe(1);
    expect(space.virtualPages).toBe(30);
  });

  test("unmapping takes the middle, an end, or nothing at all", () => {
    map(10, 20);
    for (let n: i64 = 10; n < 20; n++) write(n, <u8>n);
    expect(unmapRegion(space, page(13), page(15))).toBe(0);
    expect(unmapRegion(space, page(5), page(11))).toBe(0);
    expect(unmapRegion(space, page(30), page(40))).toBe(0);
    expect(space.vmaCount).toBe(2);
    expectVma(0, 11, 13);
    expectVma(1, 15, 20);
    expect(space.pages).toBe(7);
    expect(read(12)).toBe(12);
    expect(handleFault(space, page(13), Access.Read)).toBe(-Errno.EFAULT);
    map(13, 15);
    expect(read(13)).toBe(0);
  });
});

describe("protection", () => {
  test("cuts and joins mappings", () => {
    map(10, 20);
    expect(protectRegion(space, page(12), page(15), READ)).toBe(0);
    expect(space.vmaCount).toBe(3);
    expectVma(1, 12, 15);
    expect(vmaAt(space, 1).flags & READ_WRITE).toBe(READ);
    expect(protectRegion(space, page(10), page(20), READ)).toBe(0);
    expect(space.vmaCount).toBe(1);
  });

  test("across a hole is -ENOMEM, after what lies before the hole has changed", () => {
    map(10, 12);
    map(14, 16);
    expect(protectRegion(space, page(11), page(16), READ)).toBe(-Errno.ENOMEM);
    expectVma(1, 11, 12);
    expect(vmaAt(space, 1).flags & READ_WRITE).toBe(READ);
    expect(vmaAt(space, 2).flags & READ_WRITE).toBe(READ_WRITE);
    expect(protectRegion(space, page(12), page(16), READ)).toBe(-Errno.ENOMEM);
    expect(vmaAt(space, 2).flags & READ_WRITE).toBe(READ_WRITE, "a hole at the start changes nothing");
    expect(covered(space, page(10), page(12))).toBe(true);
    expect(covered(space, page(10), page(13))).toBe(false);
  });
});

describe("room", () => {
  test("is found from the top down, as high as it goes", () => {
    expect(findGap(space, 10 * PAGE)).toBe(page(990));
    map(995, 1000);
    expect(findGap(space, 5 * PAGE)).toBe(page(990));
    map(980, 990);
    expect(findGap(space, 5 * PAGE)).toBe(page(990), "exactly filled");
    expect(findGap(space, 6 * PAGE)).toBe(page(974));
    map(900, 1010);
    expect(findGap(space, PAGE)).toBe(page(899), "a mapping across the top");
  });

  test("is looked for above when there is none below", () => {
    const below = space.mmapTop - USER_START;
    expect(findGap(space, below)).toBe(USER_START);
    expect(findGap(space, below + PAGE)).toBe(space.mmapTop);
    map(1000, 1002);
    map(1003, 1004);
    expect(findGap(space, below + PAGE)).toBe(page(1004));
    expect(findGap(space, USER_END)).toBe(0);
  });

  test("is found between bounds, or not", () => {
    map(50, 60);
    expect(findGapBetween(space, page(40), page(60), 10 * PAGE)).toBe(page(40));
    expect(findGapBetween(space, page(40), page(60), 11 * PAGE)).toBe(0);
    expect(findGapBetween(space, page(52), page(58), PAGE)).toBe(0);
    expect(findGapBetween(space, page(45), page(70), 5 * PAGE)).toBe(page(65));
  });

  test("is not looked for where a stack may grow to; what asks for the very place gets it", () => {
    map(900, 1000, READ_WRITE | VmaFlag.GrowsDown);
    expect(findGap(space, PAGE)).toBe(page(900 - 257));
    expect(placeRegion(space, page(800), PAGE)).toBe(page(643));
    expect(placeRegion(space, page(600), PAGE)).toBe(page(600));
    map(890, 891);
    expect(findGap(space, PAGE)).toBe(page(889), "below what stands in its way already");
  });

  test("a hint is taken when it is free and sensible", () => {
    map(50, 60);
    expect(placeRegion(space, page(60), 5 * PAGE)).toBe(page(60));
    expect(placeRegion(space, page(59), 5 * PAGE)).toBe(page(995));
    expect(placeRegion(space, page(46), 5 * PAGE)).toBe(page(995));
    expect(placeRegion(space, PAGE, PAGE)).toBe(page(999), "below the lowest address");
    expect(placeRegion(space, USER_END, PAGE)).toBe(page(999));
    expect(placeRegion(space, 0, USER_END)).toBe(-Errno.ENOMEM);
    expect(rangeFree(space, page(60), page(70))).toBe(true);
    expect(rangeFree(space, page(59), page(70))).toBe(false);
    expect(pageUp(1)).toBe(PAGE);
    expect(pageUp(PAGE)).toBe(PAGE);
  });
});

describe("the heap of brk(2)", () => {
  test("grows and shrinks by bytes, is one mapping, and loses what it gives up", () => {
    space.brkStart = page(10) + 100;
    space.brk = space.brkStart;
    expect(setBreak(space, page(10) + 200, UNLIMITED)).toBe(page(10) + 200);
    expect(setBreak(space, page(12) + 1, UNLIMITED)).toBe(page(12) + 1);
    expect(setBreak(space, page(15), UNLIMITED)).toBe(page(15));
    expect(space.vmaCount).toBe(1);
    expectVma(0, 11, 15);
    expect(vmaAt(space, 0).flags & VmaFlag.Heap).not.toBe(0);
    write(14, 5);
    expect(setBreak(space, page(13), UNLIMITED)).toBe(page(13));
    expectVma(0, 11, 13);
    setBreak(space, page(15), UNLIMITED);
    expect(read(14)).toBe(0);
    expect(setBreak(space, space.brkStart, UNLIMITED)).toBe(space.brkStart);
    expect(space.vmaCount).toBe(0);
  });

  test("does not move below its start, over its limit, or into a mapping", () => {
    space.brkStart = page(10);
    space.brk = page(10);
    expect(setBreak(space, page(10) - 1, UNLIMITED)).toBe(page(10));
    expect(setBreak(space, page(13), 2 * PAGE)).toBe(page(10));
    expect(setBreak(space, page(12), 2 * PAGE)).toBe(page(12));
    map(20, 21, READ);
    expect(setBreak(space, page(20), UNLIMITED)).toBe(page(12), "a page is left free");
    expect(setBreak(space, page(19), UNLIMITED)).toBe(page(19));
    expect(setBreak(space, u64.MAX_VALUE, UNLIMITED)).toBe(page(19));
  });
});

describe("growing and moving", () => {
  test("grows in place when there is room", () => {
    map(10, 12);
    map(15, 16, READ);
    expect(growRegion(space, vmaAt(space, 0), 3 * PAGE)).toBe(true);
    expectVma(0, 10, 15);
    expect(growRegion(space, vmaAt(space, 0), PAGE)).toBe(false);
    expect(space.virtualPages).toBe(6);
    expect(growRegion(space, vmaAt(space, 1), USER_END)).toBe(false);
  });

  test("a move takes the pages along and leaves nothing", () => {
    map(10, 14);
    for (let n: i64 = 10; n < 14; n++) write(n, <u8>n);
    expect(moveRegion(space, vmaAt(space, 0), page(11), 2 * PAGE, page(600), 4 * PAGE, false)).toBe(page(600));
    expect(read(600)).toBe(11);
    expect(read(601)).toBe(12);
    expect(read(602)).toBe(0);
    expect(space.vmaCount).toBe(3);
    expect(handleFault(space, page(11), Access.Read)).toBe(-Errno.EFAULT);
    expect(read(13)).toBe(13);
    expect(space.pages).toBe(5);
  });

  test("a move takes its pages to where whole tables were in the way", () => {
    const far = (page(0) + 0x20_0000) & ~(<u64>0x1f_ffff);
    map(10, 14);
    write(10, 5);
    expect(mapRegion(space, far, 0x40_0000, READ_WRITE, null, 0, null)).toBe(far);
    handleFault(space, far, Access.Write);
    handleFault(space, far + 0x20_0000, Access.Write);
    expect(moveRegion(space, vmaAt(space, 0), page(10), 4 * PAGE, far, 0x40_0000, false)).toBe(far);
    expect(read(<i64>((far - page(0)) / PAGE))).toBe(5);
    expect(space.pages).toBe(1);
  });

  test("unmapping gives tables back that show nothing else", () => {
    const far = (page(0) + 0x20_0000) & ~(<u64>0x1f_ffff);
    const tables = space.container.account.pageTable;
    mapRegion(space, far, 0x60_0000, READ_WRITE, null, 0, null);
    for (let at: u64 = 0; at < 0x60_0000; at += 0x10_0000) handleFault(space, far + at, Access.Write);
    expect(space.container.account.pageTable - tables).toBe(5 * PAGE);
    unmapRegion(space, far + PAGE, far + 0x60_0000);
    expect(space.container.account.pageTable - tables).toBe(3 * PAGE, "the first shows a page");
    unmapRegion(space, far, far + PAGE);
    expect(space.pages).toBe(0);
    mapRegion(space, far, 0x60_0000, READ_WRITE, null, 0, null);
    expect(handleFault(space, far + 0x30_0000, Access.Write)).toBe(0);
  });

  test("a move that keeps the old mapping leaves it empty (MREMAP_DONTUNMAP)", () => {
    map(10, 12);
    write(10, 9);
    expect(moveRegion(space, vmaAt(space, 0), page(10), 2 * PAGE, page(600), 2 * PAGE, true)).toBe(page(600));
    expect(read(600)).toBe(9);
    expect(read(10)).toBe(0);
  });

  test("a move that memory does not suffice for moves nothing", () => {
    map(10, 16);
    for (let n: i64 = 10; n < 16; n++) write(n, <u8>n);
    map(600, 601, READ);
    handleFault(space, page(600), Access.Read); // tables for the new place
    let moved = false;
    for (let n: u32 = 0; n < 6 && !moved; n++) {
      starve(n);
      moved = moveRegion(space, vmaFind(space, page(12))!, page(12), 2 * PAGE, page(700), 2 * PAGE, false) >= 0;
      feed();
      if (moved) break;
      for (let k: i64 = 10; k < 16; k++) expect(read(k)).toBe(<u8>k);
      expect(vmaFind(space, page(700)) == null).toBe(true);
    }
    expect(moved).toBe(true);
    expect(read(700)).toBe(12);
  });

  test("cutting that memory does not suffice for changes nothing", () => {
    map(10, 16);
    starve(0);
    expect(unmapRegion(space, page(12), page(13))).toBe(-Errno.ENOMEM);
    expect(protectRegion(space, page(12), page(13), READ)).toBe(-Errno.ENOMEM);
    expect(mapRegion(space, page(12), PAGE, READ, null, 0, null)).toBe(-Errno.ENOMEM);
    feed();
    expect(space.vmaCount).toBe(1);
    expectVma(0, 10, 16);
    expect(vmaAt(space, 0).flags & READ_WRITE).toBe(READ_WRITE);
  });
});

describe("a space", () => {
  test("lives as long as somebody holds it, and gives everything back then", () => {
    spaceRelease(space);
    tablesRelease();
    const objects = heapObjectsUsed();
    const frames = framesFree() + <u32>(heapBytesHeld() >> 12);
    const container = testContainer();
    space = spaceNew(container)!;
    map(10, 50);
    map(60, 70, READ, file);
    for (let n: i64 = 10; n < 50; n++) write(n, 1);
    spaceRetain(space);
    spaceRelease(space);
    expect(read(10)).toBe(1);
    spaceRelease(space);
    tablesRelease();
    expect(container.account.bytes).toBe(0);
    accountClose(container.account);
    kernelFree(changetype<usize>(container));
    expect(file.refs).toBe(1);
    expect(heapObjectsUsed()).toBe(objects);
    expect(framesFree() + <u32>(heapBytesHeld() >> 12)).toBe(frames);
    inodeRelease(file);
  });

  test("that memory does not suffice for is none", () => {
    const objects = heapObjectsUsed();
    tablesRelease();
    frameFailAfter(0);
    expect(spaceNew(space.container) == null).toBe(true);
    frameFailAfter(-1);
    expect(heapObjectsUsed()).toBe(objects);
  });
});
