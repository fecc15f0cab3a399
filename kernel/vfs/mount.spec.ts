import { Errno } from "../errno";
import { memfsNew } from "../fs/memfs";
import { bytesEqualLiteral } from "../lib/bytes";
import { Text, textFree, textNew } from "../lib/text";
import { heapObjectsUsed } from "../mm/heap";
import { Result } from "../result";
import { fileRelease, registeredPoll } from "./file";
import { MountFlag, Path } from "./inode";
import { inotifyAdd, inotifyInit, inotifyNew, inotifyRemove, Notify, watchCount } from "./inotify";
import { mountBind, mountMove, mountRemove, mountSetFlags } from "./mount";
import { putMountInfo, putMounts } from "./mounttext";
import { namelessInit } from "./nameless";
import { PollEvent } from "./poll";
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
  unlink,
  useEmptyTree,
  useTestCredentials,
  vfs,
} from "./testing";
import { pathRelease } from "./walk";

/** What namelessInit makes once for good: a file system, an inode, an entry and a mount. */
const NAMELESS_OBJECTS: u32 = 4;

let objects: u32 = 0;
const source = changetype<Path>(memory.data(8, 8));

function bind(from: string, to: string, recursive: bool = false, flags: u32 = 0): Result {
  let r = find(from);
  if (r < 0) return r;
  source.mount = found.mount;
  source.entry = found.entry;
  r = find(to);
  if (r >= 0) {
    r = mountBind(vfs, source, found, recursive, flags);
    pathRelease(found);
  }
  pathRelease(source);
  return r;
}

function moveMount(from: string, to: string): Result {
  let r = find(from);
  if (r < 0) return r;
  source.mount = found.mount;
  source.entry = found.entry;
  r = find(to);
  if (r >= 0) {
    r = mountMove(vfs, source, found);
    pathRelease(found);
  }
  pathRelease(source);
  return r;
}

function unmount(path: string): Result {
  let r = find(path);
  if (r < 0) return r;
  r = mountRemove(vfs, found, false);
  pathRelease(found);
  return r;
}

function textIs(t: Text, expected: string): bool {
  const same = bytesEqualLiteral(t.data, t.length, expected);
  if (!same) trace(String.UTF8.decodeUnsafe(t.data, t.length));
  textFree(t);
  return same;
}

describe("mounts", () => {
  beforeEach(() => {
    useTestCredentials();
    objects = heapObjectsUsed();
    useEmptyTree();
    mkdir("/a");
    mkdir("/a/b");
    mknod("/a/file");
    mkdir("/target");
    mknod("/target-file");
  });

  afterEach(() => {
    dropTree();
    expect(heapObjectsUsed()).toBe(objects, "objects of the heap");
  });

  test("a directory bound on itself can be read-only alone", () => {
    expect(bind("/a", "/a", true, MountFlag.ReadOnly)).toBe(0);
    expect(mkdir("/a/x")).toBe(-Errno.EROFS);
    expect(look("/a/b/../..")).toBe(1);
    expect(mkdir("/x")).toBe(0);
    expect(unmount("/a")).toBe(0);
    expect(mkdir("/a/x")).toBe(0);
  });

  test("bind directories and files", () => {
    expect(bind("/a", "/target")).toBe(0);
    expect(look("/target/b")).toBe(look("/a/b"));
    expect(look("/target/..")).toBe(1);
    expect(look("/target/b/..")).toBe(look("/a"));
    expect(mkdir("/target/c")).toBe(0);
    expect(look("/a/c")).toBe(look("/target/c"));
    expect(bind("/a/file", "/target-file")).toBe(0);
    expect(look("/target-file")).toBe(look("/a/file"));
    expect(bind("/a/file", "/a/b")).toBe(-Errno.ENOTDIR);
    expect(bind("/a", "/target-file")).toBe(-Errno.ENOTDIR);
    expect(unlink("/target-file")).toBe(-Errno.EBUSY);
    expect(move("/a/file", "/target/moved")).toBe(-Errno.EXDEV, "another mount, if the same file system");
    expect(unmount("/target-file")).toBe(0);
    expect(unlink("/target-file")).toBe(0);
  });

  test("a recursive bind takes along what is mounted below", () => {
    mountOn("/a/b", memfsNew(0, 0o755, 0, 0, 0, 0)!);
    mkdir("/a/b/inner");
    mountOn("/a/b/inner", memfsNew(0, 0o755, 0, 0, 0, 0)!);
    mkdir("/a/b/inner/most");
    expect(bind("/a", "/target")).toBe(0);
    expect(look("/target/b/inner")).toBe(-Errno.ENOENT);
    expect(unmount("/target")).toBe(0);
    expect(bind("/a", "/target", true)).toBe(0);
    expect(look("/target/b/inner/most")).toBe(look("/a/b/inner/most"));
    expect(look("/target/b/inner/../../..")).toBe(1);
    expect(unmount("/target")).toBe(-Errno.EBUSY);
    expect(unmount("/target/b/inner")).toBe(0);
    expect(look("/a/b/inner/most")).toBeGreaterThan(0);
    expect(bind("/a", "/a/b/inner/most", true)).toBe(0, "into itself, once");
    expect(look("/a/b/inner/most/b/inner/most/b")).toBe(-Errno.ENOENT);
  });

  test("a mount moves with what is mounted in it", () => {
    mountOn("/a/b", memfsNew(0, 0o755, 0, 0, 0, 0)!);
    mkdir("/a/b/inner");
    mountOn("/a/b/inner", memfsNew(0, 0o755, 0, 0, 0, 0)!);
    mkdir("/a/b/inner/most");
    const most = look("/a/b/inner/most");
    expect(moveMount("/a/b", "/target")).toBe(0);
    expect(look("/target/inner/most")).toBe(most);
    expect(look("/target/inner/../..")).toBe(1);
    expect(look("/a/b/inner")).toBe(-Errno.ENOENT);
    expect(rmdir("/target")).toBe(-Errno.EBUSY);
    mkdir("/later");
    mountOn("/later", memfsNew(0, 0o755, 0, 0, 0, 0)!);
    mkdir("/later/place");
    expect(moveMount("/target", "/later/place")).toBe(0, "into one that was mounted after it");
    expect(bind("/later", "/target", true)).toBe(0);
    expect(look("/target/place/inner/most")).toBe(most);
  });

  test("what cannot move", () => {
    mountOn("/a/b", memfsNew(0, 0o755, 0, 0, 0, 0)!);
    mkdir("/a/b/inner");
    expect(moveMount("/a", "/target")).toBe(-Errno.EINVAL, "no mount");
    expect(moveMount("/", "/target")).toBe(-Errno.EINVAL, "the root");
    expect(moveMount("/a/b", "/target-file")).toBe(-Errno.EINVAL, "a directory onto a file");
    expect(moveMount("/a/b", "/a/b/inner")).toBe(-Errno.ELOOP, "into itself");
    expect(look("/a/b/inner")).toBeGreaterThan(0);
  });

  test("a directory moved out of a bind mount cannot be climbed out of", () => {
    mkdir("/a/b/c");
    bind("/a/b", "/target");
    find("/target/c");
    const inside = changetype<Path>(memory.data(8, 8));
    inside.mount = found.mount;
    inside.entry = found.entry;
    move("/a/b/c", "/c");
    context.cwdEntry.refs++; // stands in for a program that is there
    const cwdMount = context.cwdMount;
    const cwdEntry = context.cwdEntry;
    context.cwdMount = inside.mount;
    context.cwdEntry = inside.entry;
    expect(look("..")).toBe(-Errno.ENOENT);
    expect(look(".")).toBe(look("/c"));
    context.cwdMount = cwdMount;
    context.cwdEntry = cwdEntry;
    context.cwdEntry.refs--;
    pathRelease(inside);
  });

  test("a read-only mount refuses every change, others of the same file system do not", () => {
    bind("/a", "/target");
    find("/target");
    mountSetFlags(found.mount, MountFlag.ReadOnly);
    pathRelease(found);
    expect(mkdir("/target/x")).toBe(-Errno.EROFS);
    expect(mkdir("/target/b")).toBe(-Errno.EEXIST, "EEXIST comes first");
    expect(unlink("/target/file")).toBe(-Errno.EROFS);
    expect(unlink("/target/nothing")).toBe(-Errno.EROFS, "before it is looked for");
    expect(rmdir("/target/b")).toBe(-Errno.EROFS);
    expect(move("/target/b", "/target/x")).toBe(-Errno.EROFS);
    expect(mkdir("/a/x")).toBe(0);
  });

  test("describe themselves as /proc shows them", () => {
    mkdir("/with space");
    const fs = memfsNew(0, 0o755, 0, 0, 16, 10)!;
    fs.device = 77;
    context.rootEntry.inode!.fs.device = 76;
    mountOn("/with space", fs);
    bind("/a/b", "/target", false, MountFlag.NoSuid | MountFlag.ReadOnly);
    const mounts = textNew()!;
    putMounts(mounts, context);
    expect(
      textIs(
        mounts,
        "none / none rw,relatime 0 0\nnone /with\\040space none rw,relatime,size=64k,nr_inodes=10 0 0\n" +
          "none /target none ro,nosuid,relatime 0 0\n",
      ),
    ).toBe(true);
    const info = textNew()!;
    putMountInfo(info, context);
    expect(
      textIs(
        info,
        "1 0 0:76 / / rw,relatime - none none rw\n2 1 0:77 / /with\\040space rw,relatime - none none rw,size=64k,nr_inodes=10\n" +
          "3 1 0:76 /a/b /target ro,nosuid,relatime - none none rw\n",
      ),
    ).toBe(true);
  });

  test("whoever watches a file system hears that it is unmounted, and then watches no more", () => {
    expect(namelessInit()).toBe(true);
    inotifyInit();
    const before = heapObjectsUsed();
    mountOn("/a/b", memfsNew(0, 0o755, 0, 0, 0, 0)!);
    mkdir("/a/b/inner");
    const instance = inotifyNew(0)!;
    find("/a/b/inner");
    expect(inotifyAdd(instance, found.entry.inode!, Notify.Create)).toBe(1);
    pathRelease(found);
    expect(unmount("/a/b")).toBe(0);
    expect(registeredPoll(instance, 0, 0) & PollEvent.In).not.toBe(0);
    expect(watchCount).toBe(0);
    expect(inotifyRemove(instance, 1)).toBe(-Errno.EINVAL);
    fileRelease(instance);
    expect(heapObjectsUsed()).toBe(before, "the file system is gone, too");
    objects += NAMELESS_OBJECTS;
  });
});
