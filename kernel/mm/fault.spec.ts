import { Container } from "../container/container";
import { memfsInode, memfsNew } from "../fs/memfs";
import { filePage, filePageForWrite, fileResize, setPageUnmapper } from "../fs/pages";
import { Errno } from "../errno";
import { Process } from "../task/process";
import { current, setCurrent, Thread } from "../task/thread";
import { inodeRelease } from "../vfs/entry";
import { FileSystem, Inode, S_IFREG } from "../vfs/inode";
import { accountLimit, kernelAccount } from "./account";
import { Access, copyPages, faultInit, handleFault, handleFaultOrKill, setOutOfMemoryHandler } from "./fault";
import { frameFailAfter, frameInfo, framesFree } from "./frame";
import { kernelAlloc } from "./heap";
import { mapRegion, protectRegion, unmapRegion } from "./map";
import {
  findSlot,
  makeSlot,
  pteFrame,
  PTE_NO_EXECUTE,
  PTE_PRESENT,
  PTE_WRITE,
  tableFree,
  tableNew,
  tablesPooled,
  tablesRelease,
} from "./pagetable";
import { AddressSpace, sharedPages, spaceNew, spaceRelease, unmapInodePages, unmapPages } from "./space";
import { testContainer, useTestMemory, vmaAt } from "./testing";
import { VmaFlag } from "./vma";
import { vmaFind } from "./vmatree";

const AT: u64 = 0x7000_0000_0000;
const PAGE: u64 = 4096;
const READ: u32 = VmaFlag.Read;
const READ_WRITE: u32 = VmaFlag.Read | VmaFlag.Write;

let space: AddressSpace = changetype<AddressSpace>(0);
let container: Container = changetype<Container>(0);
let fs: FileSystem = changetype<FileSystem>(0);
let handled: u32 = 0;

function map(pages: u64, flags: u32, inode: Inode | null = null, offset: u64 = 0, at: u64 = AT): void {
  expect(mapRegion(space, at, pages * PAGE, flags, inode, offset, null)).toBe(at);
}

function entryOf(s: AddressSpace, va: u64): u64 {
  const slot = findSlot(s.root, va);
  return slot == 0 ? 0 : load<u64>(slot);
}

/** The frame's memory behind a page that is there. */
function pageAt(s: AddressSpace, va: u64): usize {
  return (<usize>pteFrame(entryOf(s, va))) << 12;
}

function readAt(s: AddressSpace, va: u64): u8 {
  expect(handleFault(s, va, Access.Read)).toBe(0);
  return load<u8>(pageAt(s, va) + <usize>(va & 4095));
}

function writeAt(s: AddressSpace, va: u64, value: u8): void {
  expect(handleFault(s, va, Access.Write)).toBe(0);
  expect(entryOf(s, va) & PTE_WRITE).toBe(PTE_WRITE);
  store<u8>(pageAt(s, va) + <usize>(va & 4095), value);
}

/** A file of `pages` pages of which [0, present) are there, the first byte of page n being n + 1. */
function newFile(pages: u64, present: u32): Inode {
  const inode = changetype<Inode>(<usize>memfsInode(fs, S_IFREG | 0o644, 0, 0));
  inode.size = pages * PAGE;
  for (let p: u32 = 0; p < present; p++) store<u8>((<usize>filePageForWrite(inode, p)) << 12, <u8>(p + 1));
  return inode;
}

/** A current thread whose stack may take `bytes`. */
function stackLimit(bytes: u64): void {
  const process = changetype<Process>(kernelAlloc(offsetof<Process>() + 8));
  process.limits = kernelAlloc(16 * 16);
  store<u64>(process.limits + 3 * 16, bytes);
  store<u64>(process.limits + 9 * 16, u64.MAX_VALUE);
  const t = changetype<Thread>(kernelAlloc(offsetof<Thread>()));
  t.process = process;
  setCurrent(t);
}

beforeEach(() => {
  tablesRelease();
  useTestMemory(1024);
  faultInit();
  setPageUnmapper(unmapInodePages);
  setCurrent(changetype<Thread>(0));
  fs = memfsNew(0, 0o755, 0, 0, 0, 0)!;
  container = testContainer();
  space = spaceNew(container)!;
});

describe("page tables", () => {
  test("makes tables on the way, once, and finds what it made", () => {
    expect(findSlot(space.root, AT)).toBe(0);
    const frames = framesFree();
    const slot = <usize>makeSlot(space.root, AT + 5 * PAGE);
    expect(framesFree()).toBe(frames - 3);
    expect(findSlot(space.root, AT)).toBe(slot - 5 * 8);
    expect(<usize>makeSlot(space.root, AT)).toBe(slot - 5 * 8);
    expect(framesFree()).toBe(frames - 3);
    expect(findSlot(space.root, AT + 0x20_0000)).toBe(0);
  });

  test("running out of tables is -ENOMEM, and the next try goes on from there", () => {
    tablesRelease();
    frameFailAfter(2);
    expect(makeSlot(space.root, AT)).toBe(-Errno.ENOMEM);
    frameFailAfter(1);
    expect(makeSlot(space.root, AT)).toBeGreaterThan(0);
    frameFailAfter(-1);
  });

  test("tables come back zeroed from the pool", () => {
    const table = tableNew(kernelAccount);
    tableFree(table);
    const pooled = tablesPooled();
    const again = tableNew(kernelAccount);
    expect(again).toBe(table);
    expect(tablesPooled()).toBe(pooled - 1);
    for (let i: u32 = 0; i < 512; i++) expect(load<u64>(again + i * 8)).toBe(0);
    tableFree(again);
    tablesRelease();
    expect(tablesPooled()).toBe(0);
  });
});

describe("anonymous memory", () => {
  test("reading maps the one page of zeros, read-only; writing then makes a page", () => {
    map(2, READ_WRITE);
    const frames = framesFree();
    expect(readAt(space, AT)).toBe(0);
    expect(readAt(space, AT + PAGE)).toBe(0);
    expect(pteFrame(entryOf(space, AT))).toBe(pteFrame(entryOf(space, AT + PAGE)));
    expect(entryOf(space, AT) & PTE_WRITE).toBe(0);
    expect(framesFree()).toBe(frames - 3, "tables only");
    const zeros = pteFrame(entryOf(space, AT));
    writeAt(space, AT, 7);
    expect(pteFrame(entryOf(space, AT))).not.toBe(zeros);
    expect(readAt(space, AT)).toBe(7);
    expect(readAt(space, AT + PAGE)).toBe(0);
    expect(space.pages).toBe(2);
  });

  test("a page is zeroed though its frame was used before", () => {
    map(1, READ_WRITE);
    writeAt(space, AT + 9, 1);
    unmapRegion(space, AT, AT + PAGE);
    map(1, READ_WRITE);
    expect(handleFault(space, AT, Access.Write)).toBe(0);
    expect(load<u8>(pageAt(space, AT) + 9)).toBe(0);
  });

  test("faults say what was wrong", () => {
    map(1, READ);
    expect(handleFault(space, AT - 1, Access.Read)).toBe(-Errno.EFAULT);
    expect(handleFault(space, AT + PAGE, Access.Read)).toBe(-Errno.EFAULT);
    expect(handleFault(space, AT, Access.Write)).toBe(-Errno.EACCES);
    expect(handleFault(space, AT, Access.Execute)).toBe(-Errno.EACCES);
    expect(readAt(space, AT)).toBe(0);
    expect(entryOf(space, AT) & PTE_NO_EXECUTE).toBe(PTE_NO_EXECUTE);
    map(1, READ | VmaFlag.Execute, null, 0, AT + 16 * PAGE);
    expect(handleFault(space, AT + 16 * PAGE, Access.Execute)).toBe(0);
    expect(entryOf(space, AT + 16 * PAGE) & PTE_NO_EXECUTE).toBe(0);
  });

  test("PROT_NONE keeps the content and takes the access", () => {
    map(3, READ_WRITE);
    writeAt(space, AT + PAGE, 5);
    expect(protectRegion(space, AT, AT + 3 * PAGE, 0)).toBe(0);
    expect(entryOf(space, AT + PAGE) & PTE_PRESENT).toBe(0);
    expect(handleFault(space, AT + PAGE, Access.Read)).toBe(-Errno.EACCES);
    expect(space.pages).toBe(1);
    expect(protectRegion(space, AT, AT + 3 * PAGE, READ)).toBe(0);
    expect(readAt(space, AT + PAGE)).toBe(5);
    expect(handleFault(space, AT + PAGE, Access.Write)).toBe(-Errno.EACCES);
    expect(entryOf(space, AT + PAGE) & PTE_WRITE).toBe(0);
  });

  test("PROT_NONE pages are given back too", () => {
    const frames = framesFree() + tablesPooled();
    map(3, READ_WRITE);
    for (let p: u64 = 0; p < 3; p++) writeAt(space, AT + p * PAGE, 1);
    protectRegion(space, AT, AT + 3 * PAGE, 0);
    unmapRegion(space, AT, AT + 3 * PAGE);
    expect(pagesPaid()).toBe(0);
    expect(framesFree() + tablesPooled()).toBeGreaterThanOrEqual(frames - 3 - 2);
  });
});

describe("copy on write", () => {
  test("after a fork each side writes for itself; the last one takes the page over", () => {
    map(2, READ_WRITE);
    writeAt(space, AT, 1);
    const frame = pteFrame(entryOf(space, AT));
    const child = spaceNew(container)!;
    expect(copyPages(space, child, vmaAt(space, 0))).toBe(0);
    expect(pteFrame(entryOf(child, AT))).toBe(frame);
    expect((entryOf(space, AT) | entryOf(child, AT)) & PTE_WRITE).toBe(0);
    expect(frameInfo(frame).refs).toBe(2);
    expect(pagesPaid()).toBe(1, "once");
    expect(sharedPages(space)).toBe(1);
    writeAt(space, AT, 2);
    expect(load<u8>(pageAt(child, AT))).toBe(1);
    expect(frameInfo(frame).refs).toBe(1);
    writeAt(space, AT + PAGE, 4);
    expect(entryOf(child, AT + PAGE)).toBe(0);
    spaceRelease(child);
    expect(pagesPaid()).toBe(2);
    expect(readAt(space, AT)).toBe(2);
  });

  test("a page whose other holder is gone is not copied", () => {
    map(1, READ_WRITE);
    writeAt(space, AT, 1);
    const frame = pteFrame(entryOf(space, AT));
    const child = spaceNew(container)!;
    copyPages(space, child, vmaAt(space, 0));
    spaceRelease(child);
    writeAt(space, AT, 3);
    expect(pteFrame(entryOf(space, AT))).toBe(frame);
  });

  test("what is hidden by PROT_NONE is inherited and still copied on write", () => {
    map(1, READ_WRITE);
    writeAt(space, AT, 1);
    protectRegion(space, AT, AT + PAGE, 0);
    const child = spaceNew(container)!;
    copyPages(space, child, vmaAt(space, 0));
    protectRegion(space, AT, AT + PAGE, READ_WRITE);
    expect(entryOf(space, AT) & PTE_WRITE).toBe(0);
    writeAt(space, AT, 2);
    expect(load<u8>(pageAt(child, AT))).toBe(1);
    spaceRelease(child);
  });

  test("running out of tables while copying leaves counts right", () => {
    map(1, READ_WRITE);
    writeAt(space, AT, 1);
    const child = spaceNew(container)!;
    tablesRelease();
    frameFailAfter(1);
    expect(copyPages(space, child, vmaAt(space, 0))).toBe(-Errno.ENOMEM);
    frameFailAfter(-1);
    spaceRelease(child);
    expect(pagesPaid()).toBe(1);
    writeAt(space, AT, 2);
  });
});

describe("file pages", () => {
  test("a private mapping shows the file's own pages, sixteen at a time", () => {
    const file = newFile(40, 40);
    map(40, READ, file);
    expect(readAt(space, AT + 20 * PAGE)).toBe(21);
    // Aligned addresses, so pages 16 to 31.
    expect(space.pages).toBe(16);
    expect(entryOf(space, AT + 15 * PAGE)).toBe(0);
    expect(entryOf(space, AT + 32 * PAGE)).toBe(0);
    for (let p: u32 = 16; p < 32; p++) expect(pteFrame(entryOf(space, AT + p * PAGE))).toBe(filePage(file, p));
    expect(entryOf(space, AT + 16 * PAGE) & PTE_WRITE).toBe(0);
  });

  test("fault-around stays within the mapping, the file and its table", () => {
    const file = newFile(10, 10);
    map(2, READ, file, 8, AT + 0x20_0000 - 2 * PAGE);
    expect(readAt(space, AT + 0x20_0000 - PAGE)).toBe(10);
    expect(space.pages).toBe(2);
    map(16, READ, file, 6);
    expect(readAt(space, AT)).toBe(7);
    expect(space.pages).toBe(6);
    expect(handleFault(space, AT + 4 * PAGE, Access.Read)).toBe(-Errno.ENXIO);
  });

  test("writing to a private page copies it and leaves the file alone", () => {
    const file = newFile(4, 4);
    map(4, READ_WRITE, file);
    writeAt(space, AT + PAGE, 99);
    expect(readAt(space, AT)).toBe(1);
    writeAt(space, AT, 98);
    expect(load<u8>((<usize>filePage(file, 0)) << 12)).toBe(1);
    expect(load<u8>((<usize>filePage(file, 1)) << 12)).toBe(2);
    expect(readAt(space, AT + PAGE)).toBe(99);
  });

  test("a private copy outlives the file's getting a page of its own there; what was only read does not", () => {
    const file = newFile(2, 0);
    map(2, READ_WRITE, file);
    writeAt(space, AT, 50);
    expect(readAt(space, AT + PAGE)).toBe(0);
    store<u8>((<usize>filePageForWrite(file, 0)) << 12, 1);
    store<u8>((<usize>filePageForWrite(file, 1)) << 12, 2);
    expect(readAt(space, AT)).toBe(50);
    expect(readAt(space, AT + PAGE)).toBe(2);
  });

  test("truncation takes private copies too, and the rest is SIGBUS", () => {
    const file = newFile(3, 3);
    map(3, READ_WRITE, file);
    for (let p: u64 = 0; p < 3; p++) writeAt(space, AT + p * PAGE, 60);
    fileResize(file, PAGE);
    expect(space.pages).toBe(1);
    expect(readAt(space, AT)).toBe(60);
    expect(handleFault(space, AT + PAGE, Access.Read)).toBe(-Errno.ENXIO);
  });

  test("shared mappings write the file, holes and all", () => {
    const file = newFile(4, 2);
    map(4, READ_WRITE | VmaFlag.Shared, file);
    writeAt(space, AT, 77);
    expect(load<u8>((<usize>filePage(file, 0)) << 12)).toBe(77);
    writeAt(space, AT + 3 * PAGE, 78);
    expect(load<u8>((<usize>filePage(file, 3)) << 12)).toBe(78);
    const child = spaceNew(container)!;
    copyPages(space, child, vmaAt(space, 0));
    expect(entryOf(space, AT) & PTE_WRITE).toBe(PTE_WRITE, "fork keeps shared pages writable");
    spaceRelease(child);
  });

  test("a shared page made writable later is the file's own, never the lower file's", () => {
    const lower = newFile(2, 2);
    const upper = newFile(2, 0);
    upper.lower = lower;
    lower.refs++;
    upper.lowerPages = 2;
    map(2, READ | VmaFlag.Shared, upper);
    expect(readAt(space, AT)).toBe(1);
    expect(pteFrame(entryOf(space, AT))).toBe(filePage(lower, 0));
    protectRegion(space, AT, AT + 2 * PAGE, READ_WRITE);
    writeAt(space, AT, 90);
    expect(load<u8>((<usize>filePage(lower, 0)) << 12)).toBe(1);
    expect(load<u8>((<usize>filePage(upper, 0)) << 12)).toBe(90);
    expect(space.pages).toBe(1);
    inodeRelease(upper);
  });

  test("a full file system is SIGBUS for who writes to a hole", () => {
    const file = newFile(2, 0);
    fs.pageLimit = 1;
    fs.pagesUsed = 1;
    map(2, READ_WRITE | VmaFlag.Shared, file);
    expect(handleFault(space, AT, Access.Write)).toBe(-Errno.ENXIO);
  });
});

describe("stacks", () => {
  test("grow by faults, down to their limit", () => {
    stackLimit(64 * PAGE);
    map(4, READ_WRITE | VmaFlag.GrowsDown);
    const end = AT + 4 * PAGE;
    writeAt(space, AT - 10 * PAGE, 1);
    expect(vmaAt(space, 0).start).toBe(AT - 10 * PAGE);
    expect(space.virtualPages).toBe(14);
    expect(handleFault(space, end - 64 * PAGE, Access.Write)).toBe(0);
    expect(handleFault(space, end - 64 * PAGE - 1, Access.Write)).toBe(-Errno.EFAULT);
    expect(space.virtualPages).toBe(64);
    expect(readAt(space, AT - 10 * PAGE)).toBe(1);
  });

  test("keep 256 pages away from the mapping below", () => {
    stackLimit(u64.MAX_VALUE);
    map(4, READ_WRITE | VmaFlag.GrowsDown);
    map(1, READ, null, 0, AT - 300 * PAGE);
    expect(handleFault(space, AT - 43 * PAGE, Access.Write)).toBe(0);
    expect(handleFault(space, AT - 43 * PAGE - 1, Access.Write)).toBe(-Errno.EFAULT);
  });

  test("other mappings do not grow", () => {
    stackLimit(u64.MAX_VALUE);
    map(4, READ_WRITE);
    expect(handleFault(space, AT - 1, Access.Write)).toBe(-Errno.EFAULT);
    expect(vmaFind(space, AT - 1) == null).toBe(true);
  });

  test("come up to what cannot be accessed; and grow no further than RLIMIT_AS", () => {
    stackLimit(u64.MAX_VALUE);
    mapRegion(space, AT + 400 * PAGE, PAGE, READ_WRITE | VmaFlag.GrowsDown, null, 0, null);
    mapRegion(space, AT + 390 * PAGE, PAGE, 0, null, 0, null);
    store<u64>(current.process.limits + 9 * 16, 8 * PAGE);
    expect(handleFault(space, AT + 391 * PAGE, Access.Write)).toBe(-Errno.EFAULT);
    expect(handleFault(space, AT + 394 * PAGE, Access.Write)).toBe(0);
    store<u64>(current.process.limits + 9 * 16, 11 * PAGE);
    expect(handleFault(space, AT + 391 * PAGE, Access.Write)).toBe(0);
  });

  test("one whose program does not run yet grows as well", () => {
    map(4, READ_WRITE | VmaFlag.GrowsDown);
    expect(handleFault(space, AT - PAGE, Access.Write)).toBe(0);
  });
});

/** Anonymous pages that the container pays for. */
function pagesPaid(): u64 {
  return container.account.anonymous >> 12;
}

function noRoom(s: AddressSpace): i64 {
  handled++;
  return -Errno.ENOMEM;
}

function someRoom(s: AddressSpace): i64 {
  handled++;
  accountLimit(s.container.account, s.container.account.limit + PAGE);
  return 0;
}

/** Page tables count, too: have them made. */
function makeTables(): void {
  writeAt(space, AT, 1);
  unmapPages(space, AT, AT + PAGE);
}

describe("limits", () => {
  test("a container cannot write to more pages than its limit", () => {
    map(10, READ_WRITE);
    makeTables();
    accountLimit(container.account, container.account.bytes + 3 * PAGE);
    for (let p: u64 = 0; p < 3; p++) writeAt(space, AT + p * PAGE, 1);
    expect(handleFault(space, AT + 3 * PAGE, Access.Write)).toBe(-Errno.ENOMEM);
    unmapRegion(space, AT, AT + PAGE);
    writeAt(space, AT + 3 * PAGE, 1);
    expect(pagesPaid()).toBe(3);
  });

  test("the handler is asked for room once, and the fault tried again when it made some", () => {
    map(10, READ_WRITE);
    makeTables();
    accountLimit(container.account, container.account.bytes + PAGE);
    writeAt(space, AT, 1);
    handled = 0;
    setOutOfMemoryHandler(noRoom);
    expect(handleFaultOrKill(space, AT + PAGE, Access.Write)).toBe(-Errno.ENOMEM);
    expect(handled).toBe(1);
    setOutOfMemoryHandler(someRoom);
    expect(handleFaultOrKill(space, AT + PAGE, Access.Write)).toBe(0);
    expect(handled).toBe(2);
  });

  test("user pages leave 64 frames to the kernel", () => {
    map(2000, READ_WRITE);
    let p: u64 = 0;
    while (p < 2000 && handleFault(space, AT + p * PAGE, Access.Write) == 0) p++;
    expect(p).toBeLessThan(2000);
    expect(framesFree()).toBeGreaterThanOrEqual(60);
    expect(framesFree()).toBeLessThanOrEqual(64);
    spaceRelease(space);
    expect(pagesPaid()).toBe(0);
  });
});
