import { Errno } from "../errno";
import { memfsNew } from "../fs/memfs";
import { heapObjectsUsed } from "../mm/heap";
import { changeMode } from "./attributes";
import { fsContextSetCwd, fsContextSetRoot, mountRemove } from "./mount";
import { composePath, pathTextAt } from "./pathtext";
import {
  context,
  dropTree,
  find,
  found,
  look,
  lookAs,
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
  user,
  vfs,
} from "./testing";
import { makeDirectory } from "./names";
import { LastKind, lastName, pathRelease, walk, WalkFlag } from "./walk";
import { bytesEqualLiteral, bytesHash } from "../lib/bytes";

let objects: u32 = 0;
const pathBuffer = memory.data(4096, 8);

/** The path of what `path` leads to, compared with `expected`. */
function pathIs(path: string, expected: string): bool {
  if (find(path) < 0) return false;
  const n = composePath(pathBuffer, 4096, context.rootMount, context.rootEntry, found.mount, found.entry);
  pathRelease(found);
  return n > 0 && bytesEqualLiteral(pathTextAt, <u32>n, expected);
}

function chdir(path: string): void {
  find(path);
  fsContextSetCwd(context, found);
  pathRelease(found);
}

describe("path walk", () => {
  beforeEach(() => {
    useTestCredentials();
    objects = heapObjectsUsed();
    useEmptyTree();
    mkdir("/a");
    mkdir("/a/b");
    mkdir("/a/b/c");
    mknod("/a/file");
    symlink("a/b", "/link");
    symlink("/a/file", "/a/b/absolute");
    symlink("../file", "/a/b/relative");
  });

  afterEach(() => {
    dropTree();
    expect(heapObjectsUsed()).toBe(objects, "objects of the heap");
  });

  test("hashes and finds names of every length", () => {
    const names = memory.data(256);
    memory.fill(names, 0x6e, 255);
    for (let n: u32 = 1; n <= 255; n++) {
      expect(makeDirectory(context, root, null, names, n, 0o755)).toBe(0);
      expect(lastName.hash).toBe(bytesHash(names, n));
      expect(lastName.length).toBe(n);
    }
    for (let n: u32 = 1; n <= 255; n++) {
      store<u8>(names + n, 0x2f);
      expect(walk(found, context, root, null, names, n + 1, WalkFlag.Follow)).toBe(0);
      expect(<u32>found.entry.nameLength).toBe(n);
      pathRelease(found);
      store<u8>(names + n, 0x6e);
    }
  });

  test("forgets a remembered path with every change that it depends on", () => {
    const below = look("/a/b/c/.");
    expect(look("/a/b/c/.")).toBe(below);
    expect(mountOn("/a/b", memfsNew(0, 0o755, 0, 0, 0, 0)!)).toBe(0);
    expect(look("/a/b/c/.")).toBe(-Errno.ENOENT, "mounted over");
    mkdir("/a/b/first");
    mkdir("/a/b/c");
    const inMount = look("/a/b/c/.");
    expect(inMount).not.toBe(below);
    expect(look("/a/b/c/.")).toBe(inMount);
    find("/a/b");
    expect(mountRemove(vfs, found, true)).toBe(0);
    pathRelease(found);
    expect(look("/a/b/c/.")).toBe(below, "unmounted");
    expect(lookAs(user, "/a/b/c/.")).toBe(below);
    find("/a/b");
    changeMode(found.entry.inode!, root, 0o700);
    pathRelease(found);
    expect(lookAs(user, "/a/b/c/.")).toBe(-Errno.EACCES, "closed to others");
    expect(look("/a/b/c/.")).toBe(below, "open to root");
    expect(lookAs(user, "/a/b/c/.")).toBe(-Errno.EACCES, "what root found is not remembered for others");
    expect(look("/link/./c/")).toBe(below);
    unlink("/link");
    expect(look("/link/./c/")).toBe(-Errno.ENOENT, "without the link");
  });

  test("finds files by absolute and relative paths, with any number of slashes and dots", () => {
    const c = look("/a/b/c");
    expect(c).toBeGreaterThan(0);
    expect(look("a/b/c")).toBe(c);
    expect(look("//a///b/./c//")).toBe(c);
    expect(look("/a/b/../b/c/.")).toBe(c);
    expect(look("/../../a/b/c")).toBe(c);
    expect(look("/")).toBe(1);
    chdir("/a/b");
    expect(look("c")).toBe(c);
    expect(look("../b/c")).toBe(c);
    expect(look(".")).toBe(look("/a/b"));
  });

  test("says what is wrong with a path", () => {
    expect(look("")).toBe(-Errno.ENOENT);
    expect(look("/nothing")).toBe(-Errno.ENOENT);
    expect(look("/nothing/more")).toBe(-Errno.ENOENT);
    expect(look("/a/file/more")).toBe(-Errno.ENOTDIR);
    expect(look("/a/file/")).toBe(-Errno.ENOTDIR);
    expect(look("/a/file/.")).toBe(-Errno.ENOTDIR);
    expect(look("/a/file", WalkFlag.Directory)).toBe(-Errno.ENOTDIR);
    const n = text("/");
    const at = textAt;
    for (let i: u32 = 0; i < 4200; i++) store<u8>(at + n + i, 0x61);
    expect(walk(found, context, root, null, at, 256, 0)).toBe(-Errno.ENOENT, "255 characters are a name");
    expect(walk(found, context, root, null, at, 257, 0)).toBe(-Errno.ENAMETOOLONG);
    expect(walk(found, context, root, null, at, 4096, 0)).toBe(-Errno.ENAMETOOLONG);
  });

  test("follows symbolic links", () => {
    expect(look("/link/c")).toBe(look("/a/b/c"));
    expect(look("/link")).toBe(look("/a/b"));
    expect(look("/link", 0)).not.toBe(look("/a/b"));
    expect(look("/link/", 0)).toBe(look("/a/b"), "a trailing slash follows");
    expect(look("/a/b/absolute")).toBe(look("/a/file"));
    expect(look("/a/b/relative")).toBe(look("/a/file"));
    expect(look("/link/relative")).toBe(look("/a/file"), "relative to the directory of the link");
    symlink("/a/file/", "/slash");
    expect(look("/slash")).toBe(-Errno.ENOTDIR);
    symlink("nowhere", "/dangling");
    expect(look("/dangling")).toBe(-Errno.ENOENT);
    expect(look("/dangling", 0)).toBeGreaterThan(0);
    expect(look("/link/c", WalkFlag.Follow | WalkFlag.NoLinks)).toBe(-Errno.ELOOP);
  });

  test("allows 40 symbolic links in a walk and no more", () => {
    symlink("loop", "/loop");
    expect(look("/loop")).toBe(-Errno.ELOOP);
    expect(look("/loop/x")).toBe(-Errno.ELOOP);
    symlink(".", "/a/self");
    expect(
      look(
        "/a/self/self/self/self/self/self/self/self/self/self/self/self/self/self/self/self/self/self/self/self/" +
          "self/self/self/self/self/self/self/self/self/self/self/self/self/self/self/self/self/self/self/self/b",
      ),
    ).toBe(look("/a/b"));
    expect(
      look(
        "/a/self/self/self/self/self/self/self/self/self/self/self/self/self/self/self/self/self/self/self/self/self/" +
          "self/self/self/self/self/self/self/self/self/self/self/self/self/self/self/self/self/self/self/self/b",
      ),
    ).toBe(-Errno.ELOOP);
  });

  test("nests links in links, and goes on with the rest of each path", () => {
    mkdir("/deep");
    symlink("/two/c/..", "/deep/one");
    symlink("/three/b", "/two");
    symlink("a", "/three");
    expect(look("/deep/one/c")).toBe(look("/a/b/c"));
    expect(look("/deep/one/../file")).toBe(look("/a/file"));
  });

  test("stops at the directory of the last component", () => {
    expect(find("/link/new///", WalkFlag.Parent)).toBe(0);
    expect(found.entry.inode!.number).toBe(look("/a/b"));
    pathRelease(found);
    expect(find("/link/new///", WalkFlag.Parent)).toBe(0);
    expect(lastName.length).toBe(3);
    expect(lastName.slash).toBe(true);
    expect(lastName.kind).toBe(LastKind.Normal);
    pathRelease(found);
    find("/a/..", WalkFlag.Parent);
    expect(lastName.kind).toBe(LastKind.DotDot);
    pathRelease(found);
    find("///", WalkFlag.Parent);
    expect(lastName.kind).toBe(LastKind.Root);
    pathRelease(found);
  });

  test("finds where a missing file would be made, through links", () => {
    symlink("/a/b/new", "/to-new");
    expect(find("/to-new", WalkFlag.Create | WalkFlag.Follow)).toBe(1);
    expect(found.entry.inode!.directoryEntry!.nameLength).toBe(1);
    expect(bytesEqualLiteral(lastName.name, lastName.length, "new")).toBe(true);
    pathRelease(found);
    expect(find("/missing/new", WalkFlag.Create)).toBe(-Errno.ENOENT);
    expect(find("/new/", WalkFlag.Create)).toBe(-Errno.EISDIR);
  });

  test("asks for search permission on every directory", () => {
    mkdir("/closed", 0o700);
    mkdir("/closed/in", 0o777);
    expect(lookAs(user, "/closed")).toBeGreaterThan(0);
    expect(lookAs(user, "/closed/in")).toBe(-Errno.EACCES);
    expect(lookAs(user, "/closed/nothing")).toBe(-Errno.EACCES);
    expect(lookAs(user, "/closed/.")).toBe(-Errno.EACCES);
    expect(lookAs(user, "/closed/..")).toBe(-Errno.EACCES);
    expect(lookAs(root, "/closed/in")).toBeGreaterThan(0);
  });

  test("crosses mounts both ways", () => {
    mkdir("/a/b/under");
    mountOn("/a/b", memfsNew(0, 0o755, 0, 0, 0, 0)!);
    expect(look("/a/b/under")).toBe(-Errno.ENOENT);
    expect(look("/a/b")).toBe(1);
    expect(mkdir("/a/b/over")).toBe(0);
    expect(look("/a/b/..")).toBe(look("/a"));
    expect(look("/a/b/over/../../file")).toBe(look("/a/file"));
    expect(look("/link/over")).toBe(look("/a/b/over"));
    expect(pathIs("/link/over", "/a/b/over")).toBe(true);
    mountOn("/a/b", memfsNew(0, 0o755, 0, 0, 0, 0)!);
    expect(look("/a/b/over")).toBe(-Errno.ENOENT, "a mount on a mount");
    expect(look("/a/b/..")).toBe(look("/a"));
    expect(rmdir("/a/b")).toBe(-Errno.EBUSY);
    expect(move("/a/b", "/x")).toBe(-Errno.EBUSY);
    find("/a/b");
    expect(mountRemove(vfs, found, false)).toBe(0);
    pathRelease(found);
    expect(look("/a/b/over")).toBeGreaterThan(0);
    find("/a/b/over");
    expect(mountRemove(vfs, found, false)).toBe(-Errno.EINVAL);
    pathRelease(found);
    chdir("/a/b/over");
    find("/a/b");
    expect(mountRemove(vfs, found, false)).toBe(-Errno.EBUSY);
    expect(mountRemove(vfs, found, true)).toBe(0);
    pathRelease(found);
    expect(look("/a/b/under")).toBeGreaterThan(0);
    expect(look("..")).toBe(1, "who is inside stays there");
    chdir("/");
  });

  test("keeps to the restrictions of openat2", () => {
    const beneath = WalkFlag.Follow | WalkFlag.Beneath;
    const inRoot = WalkFlag.Follow | WalkFlag.InRoot;
    const oneMount = WalkFlag.Follow | WalkFlag.OneMount;
    chdir("/a/b");
    expect(look("c/..", beneath)).toBe(look("/a/b"));
    expect(look("..", beneath)).toBe(-Errno.EXDEV);
    expect(look("c/../../file", beneath)).toBe(-Errno.EXDEV);
    expect(look("/a/b/c", beneath)).toBe(-Errno.EXDEV);
    expect(look("absolute", beneath)).toBe(-Errno.EXDEV);
    expect(look("relative", beneath)).toBe(-Errno.EXDEV);
    expect(look("/c", inRoot)).toBe(look("/a/b/c"));
    expect(look("../../c", inRoot)).toBe(look("/a/b/c"));
    expect(look("absolute", inRoot)).toBe(-Errno.ENOENT);
    symlink("/c", "/a/b/in");
    expect(look("in", inRoot)).toBe(look("/a/b/c"));
    mountOn("/a/b/c", memfsNew(0, 0o755, 0, 0, 0, 0)!);
    expect(look("c", oneMount)).toBe(-Errno.EXDEV);
    expect(look("absolute", oneMount)).toBe(look("/a/file"));
    chdir("/a/b/c");
    expect(look(".", oneMount)).toBe(1);
    expect(look("..", oneMount)).toBe(-Errno.EXDEV);
    expect(look("/a", oneMount)).toBe(-Errno.EXDEV);
    chdir("/");
  });

  test("cannot leave the root", () => {
    find("/a/b");
    fsContextSetRoot(context, found);
    pathRelease(found);
    chdir("/");
    expect(look("/c/../../../c")).toBe(look("/c"));
    expect(look("/absolute")).toBe(-Errno.ENOENT, "absolute links start at the root");
    expect(look("/relative")).toBe(-Errno.ENOENT);
    expect(pathIs("/c", "/c")).toBe(true);
    expect(pathIs("/", "/")).toBe(true);
  });

  test("names places that are gone or out of reach", () => {
    mkdir("/gone");
    find("/gone");
    rmdir("/gone");
    let n = composePath(pathBuffer, 4096, context.rootMount, context.rootEntry, found.mount, found.entry);
    expect(bytesEqualLiteral(pathTextAt, <u32>n, "/gone (deleted)")).toBe(true);
    expect(composePath(pathBuffer, 8, context.rootMount, context.rootEntry, found.mount, found.entry)).toBe(-Errno.ENAMETOOLONG);
    pathRelease(found);
    find("/a");
    n = composePath(pathBuffer, 4096, found.mount, found.entry, context.rootMount, context.rootEntry);
    expect(bytesEqualLiteral(pathTextAt, <u32>n, "(unreachable)/")).toBe(true);
    pathRelease(found);
  });

  test("makes and removes names as Linux would", () => {
    expect(mkdir("/a")).toBe(-Errno.EEXIST);
    expect(mkdir("/")).toBe(-Errno.EEXIST);
    expect(mkdir("/a/.")).toBe(-Errno.EEXIST);
    expect(mkdir("/no/such")).toBe(-Errno.ENOENT);
    expect(mkdir("/slash/")).toBe(0);
    expect(mknod("/file/")).toBe(-Errno.ENOENT);
    expect(unlink("/a")).toBe(-Errno.EISDIR);
    expect(unlink("/a/")).toBe(-Errno.EISDIR);
    expect(unlink("/a/file/")).toBe(-Errno.ENOTDIR);
    expect(unlink("/a/..")).toBe(-Errno.EISDIR);
    expect(unlink("/nothing")).toBe(-Errno.ENOENT);
    expect(rmdir("/a")).toBe(-Errno.ENOTEMPTY);
    expect(rmdir("/a/file")).toBe(-Errno.ENOTDIR);
    expect(rmdir("/a/.")).toBe(-Errno.EINVAL);
    expect(rmdir("/a/..")).toBe(-Errno.ENOTEMPTY);
    expect(rmdir("/")).toBe(-Errno.EBUSY);
    expect(rmdir("/slash/")).toBe(0);
    expect(unlink("/link")).toBe(0, "the link, not what it leads to");
    expect(look("/a/b")).toBeGreaterThan(0);
  });

  test("renames as Linux would", () => {
    expect(move("/a", "/a/b/x")).toBe(-Errno.EINVAL);
    expect(move("/a/b/c", "/a")).toBe(-Errno.ENOTEMPTY);
    expect(move("/a/file", "/a/b")).toBe(-Errno.EISDIR);
    expect(move("/a/b", "/a/file")).toBe(-Errno.ENOTDIR);
    expect(move("/a/file", "/f/")).toBe(-Errno.ENOTDIR);
    expect(move("/a/.", "/x")).toBe(-Errno.EBUSY);
    expect(move("/nothing", "/x")).toBe(-Errno.ENOENT);
    expect(move("/a/file", "/a/b", 1)).toBe(-Errno.EEXIST);
    expect(move("/a/file", "/x", 2)).toBe(-Errno.ENOENT);
    const file = look("/a/file");
    const b = look("/a/b");
    expect(move("/a/file", "/a/b", 2)).toBe(0);
    expect(look("/a/b")).toBe(file);
    expect(look("/a/file")).toBe(b);
    expect(look("/a/file/c/../..")).toBe(look("/a"));
    mkdir("/empty");
    expect(move("/a/file", "/empty/")).toBe(0);
    expect(look("/empty")).toBe(b);
    expect(look("/empty/..")).toBe(1);
    expect(pathIs("/empty/c", "/empty/c")).toBe(true);
    expect(move("/empty/c", "/a-name-that-is-longer-than-the-one-before")).toBe(0);
    expect(look("/a-name-that-is-longer-than-the-one-before/..")).toBe(1);
    expect(look("/empty/c")).toBe(-Errno.ENOENT);
  });
});
