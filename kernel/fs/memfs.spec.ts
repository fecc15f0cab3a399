import { Errno } from "../errno";
import { bytesEqualLiteral } from "../lib/bytes";
import { frameFailAfter } from "../mm/frame";
import { heapBytesUsed, heapObjectsUsed, kernelAlloc, kernelFree } from "../mm/heap";
import { directoryFirst } from "../vfs/directory";
import { Entry, Inode } from "../vfs/inode";
import { makeLink } from "../vfs/names";
import { DirectoryItem, DIRECTORY_ITEM_BYTES } from "../vfs/operations";
import {
  context,
  dropTree,
  find,
  found,
  look,
  mkdir,
  mknod,
  mountOn,
  move,
  rmdir,
  root,
  symlink,
  text,
  textAt,
  unlink,
  useEmptyTree,
  useTestCredentials,
} from "../vfs/testing";
import { pathCacheForget } from "../vfs/pathcache";
import { pathRelease } from "../vfs/walk";
import { memfsNew } from "./memfs";
import { filePage, filePageForWrite, fileResize } from "./pages";
import { shownTrim } from "./shown";
import { memfsNext, memfsNewOver } from "./union";

let objects: u32 = 0;
const item = changetype<DirectoryItem>(memory.data(DIRECTORY_ITEM_BYTES, 8));
const names = memory.data(4096, 8);
let namesLength: u32 = 0;

/** Appends the name of `item` and a space to `names`. */
function addName(): void {
  memory.copy(names + namesLength, item.name, item.nameLength);
  namesLength += item.nameLength;
  store<u8>(names + namesLength++, 0x20);
}

/** Compares the names in a directory, in order, each with a space after it. */
function lists(path: string, expected: string): bool {
  namesLength = 0;
  if (find(path) < 0) return false;
  let position: u64 = 2;
  while (memfsNext(found.entry, position, item) == 1) {
    addName();
    position = item.next;
  }
  pathRelease(found);
  if (!bytesEqualLiteral(names, namesLength, expected)) {
    store<u8>(names + namesLength, 0);
    trace("listed: " + String.UTF8.decodeUnsafe(names, namesLength));
    return false;
  }
  return true;
}

function link(from: string, to: string): i64 {
  let r = find(from, 0);
  if (r < 0) return r;
  const n = text(to);
  r = makeLink(context, root, found, null, textAt, n);
  pathRelease(found);
  return r;
}

function inodeOf(path: string): Inode {
  find(path, 0);
  const inode = found.entry.inode!;
  pathRelease(found);
  return inode;
}

function putByte(path: string, at: u32, value: u8): bool {
  const inode = inodeOf(path);
  const frame = filePageForWrite(inode, at >> 12);
  if (frame < 0) return false;
  store<u8>(((<usize>frame) << 12) + (at & 4095), value);
  if (at >= <u32>inode.size) inode.size = at + 1;
  return true;
}

function getByte(path: string, at: u32): u8 {
  const frame = filePage(inodeOf(path), at >> 12);
  return frame == 0 ? 0 : load<u8>(((<usize>frame) << 12) + (at & 4095));
}

let hoard: usize = 0;

/** Takes every free object of the sizes that files need, so that the next one needs a frame. */
function takeMoreObjects(): void {
  frameFailAfter(0);
  for (let size: u32 = 16; size <= 256; size += 16) {
    for (let p = kernelAlloc(size); p != 0; p = kernelAlloc(size)) {
      store<u32>(p, <u32>hoard);
      hoard = p;
    }
  }
}

function giveObjectsBack(): void {
  while (hoard != 0) {
    const next = <usize>load<u32>(hoard);
    kernelFree(hoard);
    hoard = next;
  }
}

describe("memory file system", () => {
  beforeEach(() => {
    useTestCredentials();
    objects = heapObjectsUsed();
    useEmptyTree();
  });

  afterEach(() => {
    dropTree();
    expect(heapObjectsUsed()).toBe(objects, "objects of the heap");
  });

  test("counts links, sizes and inodes", () => {
    mkdir("/d");
    expect(inodeOf("/").links).toBe(3);
    expect(inodeOf("/d").links).toBe(2);
    mkdir("/d/e");
    mknod("/d/f");
    expect(inodeOf("/d").links).toBe(3);
    expect(inodeOf("/d").size).toBe(80);
    expect(link("/d/f", "/g")).toBe(0);
    expect(inodeOf("/g").links).toBe(2);
    expect(look("/g")).toBe(look("/d/f"));
    expect(link("/d", "/h")).toBe(-Errno.EPERM);
    expect(inodeOf("/").fs.inodesUsed).toBe(4);
    unlink("/d/f");
    expect(inodeOf("/g").links).toBe(1);
    expect(move("/d/e", "/e")).toBe(0);
    expect(inodeOf("/d").links).toBe(2);
    expect(inodeOf("/").links).toBe(4);
    rmdir("/e");
    unlink("/g");
    expect(inodeOf("/").fs.inodesUsed).toBe(2);
  });

  test("a directory lists its names in order, whatever comes and goes meanwhile", () => {
    mknod("/a");
    mknod("/b");
    mknod("/c");
    mknod("/d");
    expect(lists("/", "a b c d ")).toBe(true);
    const directory = context.rootEntry;
    namesLength = 0;
    memfsNext(directory, 2, item);
    addName();
    memfsNext(directory, item.next, item);
    addName();
    const position = item.next;
    unlink("/a");
    unlink("/b");
    unlink("/c");
    mknod("/a");
    let next = position;
    while (memfsNext(directory, next, item) == 1) {
      addName();
      next = item.next;
    }
    expect(bytesEqualLiteral(names, namesLength, "a b d a ")).toBe(true);
  });

  test("finds each of many names", () => {
    for (let i = 0; i < 1000; i++) expect(mknod("/file" + i.toString())).toBe(0);
    for (let i = 0; i < 1000; i++) expect(look("/file" + i.toString())).toBeGreaterThan(0);
    for (let i = 0; i < 1000; i += 2) expect(unlink("/file" + i.toString())).toBe(0);
    for (let i = 0; i < 1000; i++) expect(look("/file" + i.toString()) > 0).toBe((i & 1) == 1);
  });

  test("keeps to its inode limit", () => {
    mkdir("/m");
    mountOn("/m", memfsNew(0, 0o755, 0, 0, 0, 3)!);
    expect(mknod("/m/a")).toBe(0);
    expect(mknod("/m/b")).toBe(0);
    expect(mknod("/m/c")).toBe(-Errno.ENOSPC);
    expect(mkdir("/m/c")).toBe(-Errno.ENOSPC);
    unlink("/m/a");
    expect(mkdir("/m/c")).toBe(0);
  });

  test("running out of memory anywhere in a creation changes nothing", () => {
    let failures = 0;
    takeMoreObjects();
    for (let n = 0; n < 6; n++) {
      const before = heapObjectsUsed();
      frameFailAfter(n);
      const r = mkdir("/directory");
      if (r == 0) break;
      failures++;
      expect(r).toBe(-Errno.ENOMEM);
      expect(context.rootEntry.inode!.links).toBe(2);
      expect(context.rootEntry.inode!.fs.inodesUsed).toBe(1);
      // The table of the directory may stay.
      expect(heapObjectsUsed() - before).toBeLessThanOrEqual(2);
      takeMoreObjects();
    }
    frameFailAfter(-1);
    giveObjectsBack();
    expect(failures).toBeGreaterThan(1);
    expect(look("/directory")).toBeGreaterThan(0);
  });

  test("an open directory that was removed stays empty and takes no names", () => {
    mkdir("/d");
    find("/d");
    const d = found.entry;
    const m = found.mount;
    d.refs++;
    m.refs++;
    pathRelease(found);
    rmdir("/d");
    expect(memfsNext(d, 0, item)).toBe(0);
    expect(d.inode!.links).toBe(0);
    found.entry = d;
    found.mount = m;
    pathRelease(found);
  });

  test("a deep tree goes without recursion", () => {
    mkdir("/x");
    for (let i = 0; i < 3000; i++) {
      // Always one level deeper, by moving what there is into a new directory.
      mkdir("/y");
      move("/x", "/y/x");
      move("/y", "/x");
    }
    expect(look("/x/x/x/x/x/x/x/x")).toBeGreaterThan(0);
  });
});

// A host tree with a bundle, and a file system over the bundle's root mounted on /c.
describe("memory file system over a lower tree", () => {
  beforeEach(() => {
    useTestCredentials();
    objects = heapObjectsUsed();
    useEmptyTree();
    mkdir("/bundle");
    mkdir("/bundle/etc");
    mkdir("/bundle/etc/sub");
    mknod("/bundle/etc/passwd");
    mknod("/bundle/etc/hosts");
    mknod("/bundle/busybox", 0o104755);
    link("/bundle/busybox", "/bundle/sh");
    link("/bundle/busybox", "/bundle/ls");
    symlink("etc/passwd", "/bundle/link");
    putByte("/bundle/etc/passwd", 100, 1);
    putByte("/bundle/etc/passwd", 5000, 2);
    mkdir("/c");
    find("/bundle");
    const before = heapBytesUsed();
    const fs = memfsNewOver(found.entry, 0, 0, 0)!;
    expect(heapBytesUsed() - before).toBeLessThan(1024, "a container's root costs less than 1 KiB");
    pathRelease(found);
    mountOn("/c", fs);
  });

  afterEach(() => {
    dropTree();
    expect(heapObjectsUsed()).toBe(objects, "objects of the heap");
  });

  test("shows the lower tree with its attributes", () => {
    expect(lists("/c", "etc busybox sh ls link ")).toBe(true);
    expect(lists("/c/etc", "sub passwd hosts ")).toBe(true);
    expect(look("/c/etc/passwd")).toBe(look("/bundle/etc/passwd"));
    expect(look("/c/link")).toBe(look("/c/etc/passwd"));
    expect(look("/c/nothing")).toBe(-Errno.ENOENT);
    expect(look("/c/etc/..")).toBe(look("/c"));
    expect(inodeOf("/c/busybox").mode).toBe(0o104755);
    expect(inodeOf("/c/etc/passwd") == inodeOf("/bundle/etc/passwd")).toBe(false);
    expect(inodeOf("/c/etc").links).toBe(3);
    expect(inodeOf("/c").fs.inodesUsed).toBe(0, "lower inodes are not charged");
    expect(lists("/c", "etc busybox sh ls link ")).toBe(true, "in the same order once looked up");
  });

  test("writes only to itself, page by page", () => {
    expect(getByte("/c/etc/passwd", 100)).toBe(1);
    expect(putByte("/c/etc/passwd", 101, 9)).toBe(true);
    expect(getByte("/c/etc/passwd", 100)).toBe(1);
    expect(getByte("/c/etc/passwd", 5000)).toBe(2);
    expect(getByte("/bundle/etc/passwd", 101)).toBe(0);
    expect(inodeOf("/c").fs.pagesUsed).toBe(1);
    expect(fileResize(inodeOf("/c/etc/passwd"), 0)).toBe(0);
    expect(inodeOf("/bundle/etc/passwd").size).toBe(5001);
    expect(inodeOf("/c").fs.pagesUsed).toBe(0);
  });

  test("removes lower names, and takes them anew", () => {
    expect(unlink("/c/etc/passwd")).toBe(0);
    expect(look("/c/etc/passwd")).toBe(-Errno.ENOENT);
    expect(look("/bundle/etc/passwd")).toBeGreaterThan(0);
    expect(lists("/c/etc", "sub hosts ")).toBe(true);
    expect(mknod("/c/etc/passwd")).toBe(0);
    expect(lists("/c/etc", "sub hosts passwd ")).toBe(true);
    expect(inodeOf("/c/etc/passwd").size).toBe(0);
    expect(look("/c/etc/passwd")).toBeGreaterThan(look("/bundle/etc/passwd"));
    expect(unlink("/c/etc/passwd")).toBe(0);
    expect(look("/c/etc/passwd")).toBe(-Errno.ENOENT, "the whiteout is back");
    expect(inodeOf("/c/etc").size).toBe(inodeOf("/bundle/etc").size - 20);
  });

  test("removes lower directories, and makes new ones that hide what was below", () => {
    expect(rmdir("/c/etc")).toBe(-Errno.ENOTEMPTY);
    expect(unlink("/c/etc/passwd")).toBe(0);
    expect(unlink("/c/etc/hosts")).toBe(0);
    expect(rmdir("/c/etc/sub")).toBe(0);
    expect(lists("/c/etc", "")).toBe(true);
    expect(rmdir("/c/etc")).toBe(0);
    expect(lists("/c", "busybox sh ls link ")).toBe(true);
    expect(mkdir("/c/etc")).toBe(0);
    expect(lists("/c/etc", "")).toBe(true);
    expect(look("/c/etc/hosts")).toBe(-Errno.ENOENT);
    expect(inodeOf("/c").links).toBe(inodeOf("/bundle").links);
  });

  test("renames lower files and directories, with all that is in them", () => {
    const etc = look("/c/etc");
    expect(move("/c/etc", "/c/conf")).toBe(0);
    expect(look("/c/conf")).toBe(etc);
    expect(look("/c/conf/passwd")).toBe(look("/bundle/etc/passwd"));
    expect(getByte("/c/conf/passwd", 5000)).toBe(2);
    expect(lists("/c/conf", "sub passwd hosts ")).toBe(true);
    expect(look("/c/etc")).toBe(-Errno.ENOENT);
    expect(look("/c/link")).toBe(-Errno.ENOENT);
    expect(lists("/c", "busybox sh ls link conf ")).toBe(true);
    expect(mkdir("/c/new")).toBe(0);
    expect(move("/c/conf/hosts", "/c/new/h")).toBe(0);
    expect(lists("/c/conf", "sub passwd ")).toBe(true);
    expect(move("/c/conf", "/c/new/etc")).toBe(0);
    expect(look("/c/new/etc/passwd")).toBe(look("/bundle/etc/passwd"));
    expect(look("/c/new/etc/hosts")).toBe(-Errno.ENOENT);
    expect(move("/c/new/etc", "/c/etc")).toBe(0);
    expect(look("/c/link")).toBe(look("/bundle/etc/passwd"));
  });

  test("renames over lower names, and exchanges", () => {
    expect(mknod("/c/mine")).toBe(0);
    const mine = look("/c/mine");
    expect(move("/c/mine", "/c/etc/passwd")).toBe(0);
    expect(look("/c/etc/passwd")).toBe(mine);
    expect(lists("/c/etc", "sub hosts passwd ")).toBe(true);
    expect(move("/c/etc/passwd", "/c/etc/hosts", 2)).toBe(0);
    expect(look("/c/etc/hosts")).toBe(mine);
    expect(look("/c/etc/passwd")).toBe(look("/bundle/etc/hosts"));
    expect(lists("/c/etc", "sub hosts passwd ")).toBe(true);
    expect(unlink("/c/etc/hosts")).toBe(0);
    expect(unlink("/c/etc/passwd")).toBe(0);
    expect(lists("/c/etc", "sub ")).toBe(true);
    expect(look("/bundle/etc/hosts")).toBeGreaterThan(0);
  });

  test("lower hard links stay one file", () => {
    expect(look("/c/busybox")).toBe(look("/c/sh"));
    expect(inodeOf("/c/busybox") == inodeOf("/c/sh")).toBe(true);
    expect(inodeOf("/c/sh").links).toBe(3);
    expect(putByte("/c/sh", 7, 77)).toBe(true);
    expect(unlink("/c/sh")).toBe(0);
    expect(unlink("/c/busybox")).toBe(0);
    expect(getByte("/c/ls", 7)).toBe(77, "what was written under a name that is gone");
    expect(inodeOf("/c/ls").links).toBe(1);
    expect(getByte("/bundle/ls", 7)).toBe(0);
    expect(unlink("/c/ls")).toBe(0);
    expect(lists("/c", "etc link ")).toBe(true);
  });

  test("the lower tree cannot change while it is in use", () => {
    expect(unlink("/bundle/etc/passwd")).toBe(-Errno.EBUSY);
    expect(mknod("/bundle/new")).toBe(-Errno.EBUSY);
    expect(mkdir("/bundle/etc/new")).toBe(-Errno.EBUSY);
    expect(move("/bundle/etc/passwd", "/p")).toBe(-Errno.EBUSY);
    expect(move("/c", "/d")).toBe(-Errno.EBUSY, "a mount point");
    expect(mknod("/beside")).toBe(0);
    expect(move("/bundle", "/moved")).toBe(-Errno.EBUSY);
  });

  test("gives up what it only shows when memory is short, and shows it again", () => {
    const before = heapObjectsUsed();
    const shown = look("/c/etc/passwd");
    look("/c/etc/hosts");
    look("/c/etc/sub");
    look("/c/link");
    look("/c/sh");
    expect(heapObjectsUsed() - before).toBeGreaterThanOrEqual(12);
    const multiple = inodeOf("/c/busybox");
    find("/c");
    const top = changetype<Entry>(changetype<usize>(found.entry));
    pathRelease(found);
    pathCacheForget();
    shownTrim(top);
    // The tables of the two directories stay with the root's, and what has several names.
    expect(directoryFirst(top.inode!)!.inode == multiple || directoryFirst(top.inode!)!.orderNext!.inode == multiple).toBe(true);
    expect(lists("/c", "etc busybox sh ls link ")).toBe(true);
    expect(lists("/c/etc", "sub passwd hosts ")).toBe(true);
    expect(look("/c/etc/passwd")).toBe(shown, "the same number");
    expect(getByte("/c/etc/passwd", 5000)).toBe(2);
  });

  test("keeps what was changed, is open, or holds something of its own", () => {
    putByte("/c/etc/passwd", 100, 7);
    unlink("/c/etc/hosts");
    inodeOf("/c/busybox").mtimeNs++;
    inodeOf("/c/etc/sub").mtimeNs++;
    find("/c/etc/sub");
    const held = found.entry;
    const mount = found.mount;
    find("/c");
    const top = changetype<Entry>(changetype<usize>(found.entry));
    pathRelease(found);
    pathCacheForget();
    shownTrim(top);
    expect(getByte("/c/etc/passwd", 100)).toBe(7);
    expect(look("/c/etc/hosts")).toBe(-Errno.ENOENT);
    expect(inodeOf("/c/etc/sub").mtimeNs - inodeOf("/bundle/etc/sub").mtimeNs).toBe(1);
    expect(find("/c/etc/sub")).toBe(0);
    expect(found.entry == held).toBe(true, "somebody stands in it");
    pathRelease(found);
    found.entry = held;
    found.mount = mount;
    pathRelease(found);
  });

  test("two file systems over one tree do not see each other", () => {
    mkdir("/d");
    find("/bundle");
    const fs = memfsNewOver(found.entry, 0, 0, 0)!;
    pathRelease(found);
    mountOn("/d", fs);
    unlink("/c/sh");
    expect(look("/d/sh")).toBeGreaterThan(0);
    putByte("/d/etc/hosts", 0, 3);
    expect(getByte("/c/etc/hosts", 0)).toBe(0);
  });

  test("a third layer shows the second", () => {
    unlink("/c/etc/hosts");
    mknod("/c/etc/own");
    mkdir("/d");
    find("/c");
    const fs = memfsNewOver(found.entry, 0, 0, 0)!;
    pathRelease(found);
    mountOn("/d", fs);
    expect(lists("/d/etc", "sub passwd own ")).toBe(true);
    expect(look("/d/etc/hosts")).toBe(-Errno.ENOENT);
    expect(unlink("/d/etc/passwd")).toBe(0);
    expect(unlink("/d/etc/own")).toBe(0);
    expect(mknod("/d/etc/third")).toBe(0);
    expect(lists("/d/etc", "sub third ")).toBe(true);
    expect(lists("/c/etc", "sub passwd own ")).toBe(true);
    expect(look("/d/etc/passwd")).toBe(-Errno.ENOENT);
    expect(look("/bundle/etc/passwd")).toBe(look("/c/etc/passwd"));
  });
});
