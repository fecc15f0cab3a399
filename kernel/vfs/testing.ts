// For specs: a container's tree to walk in, and calls that take string literals. Paths are put into one of two buffers, so at most two
// paths are in use at a time.

import { memfsNew } from "../fs/memfs";
import { putLiteral } from "../lib/bytes";
import { useTestMemory } from "../mm/testing";
import { Result } from "../result";
import { CAPABILITIES_ALL, Credentials, credentialsNew } from "../task/credentials";
import { fileSystemRelease } from "./entry";
import { FileSystem, FsContext, Path, Vfs } from "./inode";
import { fsContextNew, fsContextRelease, mountAdd, vfsNew, vfsRelease } from "./mount";
import { makeDirectory, makeNode, makeSymlink, removeDirectory, removeFile, rename } from "./names";
import { pathRelease, walk, WalkFlag } from "./walk";

export let root: Credentials = changetype<Credentials>(0);
export let user: Credentials = changetype<Credentials>(0);
export let vfs: Vfs = changetype<Vfs>(0);
export let context: FsContext = changetype<FsContext>(0);
/** Where the last walk ended. */
export const found: Path = changetype<Path>(memory.data(8, 8));

const buffers = memory.data(2 * 8192, 8);
let which: u32 = 0;
export let textAt: usize = 0;

/** The literal in memory: its length, its place in textAt. */
export function text(s: string): u32 {
  which ^= 1;
  textAt = buffers + which * 8192;
  return putLiteral(textAt, s);
}

let memoryReady = false;

/** Memory, root's credentials and a user's (1000:1000 without capabilities); once. */
export function useTestCredentials(): void {
  if (memoryReady) return;
  memoryReady = true;
  useTestMemory(4096);
  root = credentialsNew(0)!;
  root.effective = CAPABILITIES_ALL;
  root.permitted = CAPABILITIES_ALL;
  user = credentialsNew(0)!;
  user.uid = 1000;
  user.euid = 1000;
  user.fsuid = 1000;
  user.gid = 1000;
  user.egid = 1000;
  user.fsgid = 1000;
}

/** A tree with `fs`, whose reference it takes over, as its root, and a context in it. */
export function useTree(fs: FileSystem): void {
  const n = text("none");
  vfs = vfsNew(fs, 0, textAt, n, textAt, n)!;
  fileSystemRelease(fs);
  context = fsContextNew(vfs)!;
  context.umask = 0;
}

/** An empty memory file system as the tree. */
export function useEmptyTree(): void {
  useTestCredentials();
  useTree(memfsNew(0, 0o755, 0, 0, 0, 0)!);
}

/** Drops the tree. */
export function dropTree(): void {
  fsContextRelease(context);
  vfsRelease(vfs);
}

export function mkdir(path: string, mode: u32 = 0o755): Result {
  const n = text(path);
  return makeDirectory(context, root, null, textAt, n, mode);
}

export function mknod(path: string, mode: u32 = 0o100644): Result {
  const n = text(path);
  return makeNode(context, root, null, textAt, n, mode, 0);
}

export function symlink(target: string, path: string): Result {
  const n = text(target);
  const at = textAt;
  const m = text(path);
  return makeSymlink(context, root, at, n, null, textAt, m);
}

export function unlink(path: string): Result {
  const n = text(path);
  return removeFile(context, root, null, textAt, n);
}

export function rmdir(path: string): Result {
  const n = text(path);
  return removeDirectory(context, root, null, textAt, n);
}

export function move(from: string, to: string, flags: u32 = 0): Result {
  const n = text(from);
  const at = textAt;
  const m = text(to);
  return rename(context, root, null, at, n, null, textAt, m, flags);
}

/** Walks as `c`, following: the inode's number, or -errno. */
export function lookAs(c: Credentials, path: string, flags: u32 = WalkFlag.Follow): Result {
  const n = text(path);
  const r = walk(found, context, c, null, textAt, n, flags);
  if (r < 0) return r;
  const number = found.entry.inode!.number;
  pathRelease(found);
  return number;
}

/** Walks as root. */
export function look(path: string, flags: u32 = WalkFlag.Follow): Result {
  return lookAs(root, path, flags);
}

/** Walks as root and leaves the place, with references, in `found`. */
export function find(path: string, flags: u32 = WalkFlag.Follow): Result {
  const n = text(path);
  return walk(found, context, root, null, textAt, n, flags);
}

/** Mounts the file system on the path and lets go of it. */
export function mountOn(path: string, fs: FileSystem): Result {
  const r = find(path);
  if (r < 0) return r;
  const n = text("none");
  const m = mountAdd(vfs, fs, fs.root!, found, 0, textAt, n, textAt, n);
  fileSystemRelease(fs);
  pathRelease(found);
  return m < 0 ? m : 0;
}
