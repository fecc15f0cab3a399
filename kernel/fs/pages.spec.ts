import { Errno } from "../errno";
import { frameFailAfter, frameInfo, FrameKind, framesFree, PAGE_SIZE } from "../mm/frame";
import { heapObjectsUsed, kernelAlloc, kernelFree } from "../mm/heap";
import { fileSystemRelease, inodeRelease } from "../vfs/entry";
import { FileSystem, Inode, S_IFREG } from "../vfs/inode";
import { useTestCredentials } from "../vfs/testing";
import { memfsInode, memfsNew } from "./memfs";
import {
  fileAdoptPage,
  fileHole,
  fileNextPage,
  filePage,
  filePageCount,
  filePageForWrite,
  fileResize,
  FILE_SIZE_MAX,
  setPageUnmapper,
} from "./pages";

let fs: FileSystem = changetype<FileSystem>(0);
let file: Inode = changetype<Inode>(0);
let frames: u32 = 0;
let objects: u32 = 0;
let unmappedFrom: u32 = 0;
let unmappedTo: u32 = 0;

function unmapped(inode: Inode, from: u32, to: u32): void {
  unmappedFrom = from;
  unmappedTo = to;
}

function newFile(): Inode {
  return changetype<Inode>(<usize>memfsInode(fs, S_IFREG | 0o644, 0, 0));
}

/** Writes a byte, as the write path does. */
function put(inode: Inode, at: u64, value: u8): bool {
  const frame = filePageForWrite(inode, <u32>(at >> 12));
  if (frame < 0) return false;
  store<u8>(((<usize>frame) << 12) + <usize>(at & 4095), value);
  if (at >= inode.size) inode.size = at + 1;
  return true;
}

/** The byte, 0 in a hole. */
function get(inode: Inode, at: u64): u8 {
  const frame = filePage(inode, <u32>(at >> 12));
  return frame == 0 ? 0 : load<u8>(((<usize>frame) << 12) + <usize>(at & 4095));
}

describe("pages of a file", () => {
  beforeEach(() => {
    useTestCredentials();
    // The heap keeps an empty slab of each size it has used: have it so before counting.
    const warm = kernelAlloc(256);
    kernelFree(warm);
    fs = memfsNew(0, 0o755, 0, 0, 0, 0)!;
    file = newFile();
    frames = framesFree();
    objects = heapObjectsUsed();
  });

  afterEach(() => {
    frameFailAfter(-1);
    inodeRelease(file);
    expect(fs.pagesUsed).toBe(0, "pages charged");
    expect(heapObjectsUsed()).toBe(objects - 1, "the inode alone was left");
    expect(framesFree()).toBeGreaterThanOrEqual(frames - 1, "frames");
    fileSystemRelease(fs);
  });

  test("a new page is zeroed, and stays", () => {
    expect(filePage(file, 0)).toBe(0);
    const frame = filePageForWrite(file, 0);
    expect(frame).toBeGreaterThan(0);
    expect(load<u64>((<usize>frame) << 12)).toBe(0);
    expect(filePageForWrite(file, 0)).toBe(frame);
    expect(<i64>filePage(file, 0)).toBe(frame);
    expect(file.pageCount).toBe(1);
    expect(file.pageLevels).toBe(0, "one page needs no node");
  });

  test("holds pages anywhere up to the largest file", () => {
    expect(put(file, 0, 1)).toBe(true);
    expect(put(file, 63 * 4096, 2)).toBe(true);
    expect(put(file, 64 * 4096, 3)).toBe(true);
    expect(put(file, (<u64>1) << 40, 4)).toBe(true);
    expect(put(file, FILE_SIZE_MAX - 1, 5)).toBe(true);
    expect(get(file, 0)).toBe(1);
    expect(get(file, 63 * 4096)).toBe(2);
    expect(get(file, 64 * 4096)).toBe(3);
    expect(get(file, (<u64>1) << 40)).toBe(4);
    expect(get(file, FILE_SIZE_MAX - 1)).toBe(5);
    expect(get(file, 65 * 4096)).toBe(0);
    expect(file.pageCount).toBe(5);
    expect(heapObjectsUsed() - objects).toBeLessThan(24, "nodes");
    expect(fileNextPage(file, 1)).toBe(63);
    expect(fileNextPage(file, 65)).toBe((<u64>1) << 28);
    expect(fileNextPage(file, (1 << 28) + 1)).toBe((FILE_SIZE_MAX - 1) >> 12);
    expect(fileResize(file, FILE_SIZE_MAX + 1)).toBe(-Errno.EFBIG);
  });

  test("a hole gives its pages and nodes back, and what is around it stays", () => {
    for (let i: u64 = 0; i < 200; i++) put(file, i * 4096 + 100, <u8>(i + 1));
    const nodes = heapObjectsUsed();
    const free = framesFree();
    expect(fileHole(file, 60, 190)).toBe(0);
    expect(framesFree()).toBeGreaterThanOrEqual(free + 130);
    expect(heapObjectsUsed()).toBe(nodes - 1, "the node of pages 64 to 127");
    expect(file.pageCount).toBe(70);
    expect(fs.pagesUsed).toBe(70);
    expect(file.size).toBe(199 * 4096 + 101);
    expect(get(file, 59 * 4096 + 100)).toBe(60);
    expect(get(file, 60 * 4096 + 100)).toBe(0);
    expect(get(file, 190 * 4096 + 100)).toBe(191);
    expect(fileNextPage(file, 60)).toBe(190);
    expect(fileHole(file, 0, 200)).toBe(0);
    expect(file.pageCount).toBe(0);
    expect(put(file, 5000, 7)).toBe(true);
    expect(get(file, 5000)).toBe(7);
  });

  test("shrinking frees pages, and what comes back is zeros", () => {
    for (let i: u64 = 0; i < 200; i++) put(file, i * 4096 + 100, <u8>(i + 1));
    expect(fileResize(file, 10 * 4096 + 50)).toBe(0);
    expect(file.pageCount).toBe(11);
    expect(fs.pagesUsed).toBe(11);
    expect(fileResize(file, 200 * 4096)).toBe(0);
    expect(get(file, 9 * 4096 + 100)).toBe(10);
    expect(get(file, 10 * 4096 + 100)).toBe(0, "behind the end in the last page");
    expect(get(file, 11 * 4096 + 100)).toBe(0);
    expect(fileResize(file, 0)).toBe(0);
    expect(file.pageCount).toBe(0);
    expect(file.content).toBe(0);
    expect(fileNextPage(file, 0)).toBe(u64.MAX_VALUE);
  });

  test("growing clears what a mapping may have left behind the end", () => {
    put(file, 10, 1);
    store<u8>(((<usize>filePage(file, 0)) << 12) + 2000, 9);
    expect(fileResize(file, 4096)).toBe(0);
    expect(get(file, 2000)).toBe(0);
    expect(get(file, 10)).toBe(1);
  });

  test("tells mappings of pages that go or are new", () => {
    setPageUnmapper(unmapped);
    file.mappings = 1;
    put(file, 5 * 4096, 1);
    expect(unmappedFrom).toBe(5);
    expect(unmappedTo).toBe(6);
    fileResize(file, 4096 + 1);
    expect(unmappedFrom).toBe(2);
    expect(unmappedTo).toBe(u32.MAX_VALUE);
    file.mappings = 0;
  });

  test("keeps to the limit of its file system", () => {
    fs.pageLimit = 2;
    expect(put(file, 0, 1)).toBe(true);
    expect(put(file, 4096, 1)).toBe(true);
    expect(filePageForWrite(file, 2)).toBe(-Errno.ENOSPC);
    expect(put(file, 4096, 2)).toBe(true, "a page that is there may be written");
    fileResize(file, 4096);
    expect(put(file, 8192, 1)).toBe(true);
  });

  test("running out of memory leaves the file as it was", () => {
    put(file, 0, 7);
    for (let n: i32 = 0; n < 4; n++) {
      frameFailAfter(n);
      const r = filePageForWrite(file, 1 << 30);
      frameFailAfter(-1);
      if (r >= 0) break;
      expect(r).toBe(-Errno.ENOMEM);
      expect(get(file, 0)).toBe(7);
      expect(fs.pagesUsed).toBe(1);
      expect(file.pageCount).toBe(1);
    }
  });

  test("adopts frames in place", () => {
    const page = kernelAlloc(PAGE_SIZE);
    const frame = <u32>(page >> 12);
    const kind = frameInfo(frame).kind;
    frameInfo(frame).kind = <u8>FrameKind.Reserved;
    store<u8>(page + 5, 42);
    expect(fileAdoptPage(file, 3, frame)).toBe(0);
    file.size = 4 * 4096;
    expect(get(file, 3 * 4096 + 5)).toBe(42);
    expect(frameInfo(frame).refs).toBe(2);
    fileResize(file, 0);
    expect(frameInfo(frame).refs).toBe(1);
    frameInfo(frame).kind = kind;
    kernelFree(page);
  });

  test("copies a lower file's pages one by one as they are written", () => {
    put(file, 0, 1);
    put(file, 4096, 2);
    put(file, 3 * 4096, 4);
    const upper = newFile();
    upper.lower = file;
    file.refs++;
    upper.size = file.size;
    upper.lowerPages = 4;
    expect(get(upper, 4096)).toBe(2);
    expect(filePage(upper, 1)).toBe(filePage(file, 1), "shared");
    expect(filePageCount(upper)).toBe(3);
    expect(put(upper, 4097, 9)).toBe(true);
    expect(get(upper, 4096)).toBe(2);
    expect(get(file, 4097)).toBe(0, "the lower file does not change");
    expect(filePage(upper, 0)).toBe(filePage(file, 0));
    expect(upper.pageCount).toBe(1);
    expect(fileNextPage(upper, 2)).toBe(3);
    expect(fileResize(upper, 4096)).toBe(0);
    expect(fileResize(upper, 4 * 4096)).toBe(0);
    expect(get(upper, 0)).toBe(1);
    expect(get(upper, 3 * 4096)).toBe(0, "what was cut off does not come back from below");
    expect(get(file, 3 * 4096)).toBe(4);
    inodeRelease(upper);
  });
});
