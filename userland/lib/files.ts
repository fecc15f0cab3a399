// Files: host calls 20 to 40. Every function gives a value >= 0 or -errno; paths and names are byte strings (bytes.ts).

import { fromBytes, toBytes } from "./bytes";
import { address, addressOf, call, Call } from "./call";

/** Flags of open, Linux's values. */
export const O_RDONLY: u32 = 0;
export const O_WRONLY: u32 = 1;
export const O_CREAT: u32 = 0o100;
export const O_EXCL: u32 = 0o200;
export const O_TRUNC: u32 = 0o1000;
export const O_APPEND: u32 = 0o2000;
export const O_DIRECTORY: u32 = 0o200000;
export const O_NOFOLLOW: u32 = 0o400000;

/** File types of Stat.mode, Linux's values. */
export const S_IFMT: u32 = 0o170000;
export const S_IFIFO: u32 = 0o010000;
export const S_IFCHR: u32 = 0o020000;
export const S_IFDIR: u32 = 0o040000;
export const S_IFBLK: u32 = 0o060000;
export const S_IFREG: u32 = 0o100000;
export const S_IFLNK: u32 = 0o120000;
export const S_IFSOCK: u32 = 0o140000;

/** What the stat calls write: 72 bytes. */
export class Stat {
  device: u64;
  inode: u64;
  mode: u32;
  links: u32;
  uid: u32;
  gid: u32;
  deviceNumber: u64;
  size: u64;
  accessNs: u64;
  modifyNs: u64;
  changeNs: u64;

  get isDirectory(): bool {
    return (this.mode & S_IFMT) == S_IFDIR;
  }

  get isSymlink(): bool {
    return (this.mode & S_IFMT) == S_IFLNK;
  }
}

function pathCall(number: Call, path: string, c: u64 = 0, d: u64 = 0): i64 {
  const p = toBytes(path);
  return call(number, addressOf(p), p.length, c, d, 0, 0);
}

function twoPathCall(number: Call, first: string, second: string): i64 {
  const p = toBytes(first);
  const q = toBytes(second);
  return call(number, addressOf(p), p.length, addressOf(q), q.length, 0, 0);
}

/** Opens `path`; the descriptor. */
export function open(path: string, flags: u32, mode: u32 = 0o666): i64 {
  return pathCall(Call.Open, path, flags, mode);
}

export function close(fd: i32): i64 {
  return call(Call.Close, fd, 0, 0, 0, 0, 0);
}

/** Reads up to `capacity` bytes to `to`; 0 at the end. */
export function read(fd: i32, to: usize, capacity: u32): i64 {
  return call(Call.Read, fd, address(to), capacity, 0, 0, 0);
}

/** Writes all `n` bytes at `from`; 0 or -errno. */
export function writeAll(fd: i32, from: usize, n: u32): i64 {
  while (n > 0) {
    const done = call(Call.Write, fd, address(from), n, 0, 0, 0);
    if (done < 0) return done;
    from += <usize>done;
    n -= <u32>done;
  }
  return 0;
}

export function seek(fd: i32, offset: i64, whence: u32): i64 {
  return call(Call.Seek, fd, offset, whence, 0, 0, 0);
}

export function stat(path: string, into: Stat, follow: bool = true): i64 {
  return pathCall(Call.Stat, path, follow ? 0 : 1, address(changetype<usize>(into)));
}

export function statDescriptor(fd: i32, into: Stat): i64 {
  return call(Call.StatDescriptor, fd, address(changetype<usize>(into)), 0, 0, 0, 0);
}

export function makeDirectory(path: string, mode: u32 = 0o755): i64 {
  return pathCall(Call.MakeDirectory, path, mode);
}

/** Removes a file, or an empty directory. */
export function remove(path: string): i64 {
  return pathCall(Call.Remove, path);
}

export function rename(from: string, to: string): i64 {
  return twoPathCall(Call.Rename, from, to);
}

export function makeSymlink(target: string, path: string): i64 {
  return twoPathCall(Call.MakeSymlink, target, path);
}

/** The target of symlink `path`; null when it cannot be read. */
export function readSymlink(path: string): string | null {
  const p = toBytes(path);
  const buffer = new StaticArray<u8>(4096);
  const n = call(Call.ReadSymlink, addressOf(p), p.length, addressOf(buffer), buffer.length, 0, 0);
  return n < 0 ? null : fromBytes(changetype<usize>(buffer), <i32>n);
}

export function makeLink(from: string, to: string): i64 {
  return twoPathCall(Call.MakeLink, from, to);
}

export function setMode(path: string, mode: u32): i64 {
  return pathCall(Call.SetMode, path, mode);
}

/** Sets the owner of `path` itself, also when it is a symlink. */
export function setOwner(path: string, uid: u32, gid: u32): i64 {
  return pathCall(Call.SetOwner, path, uid, gid);
}

/** Makes a device node or FIFO; `mode` with its S_IF* type. */
export function makeNode(path: string, mode: u32, device: u64): i64 {
  return pathCall(Call.MakeNode, path, mode, device);
}

/** Sets the times of `path` itself, also when it is a symlink. */
export function setTimes(path: string, accessNs: u64, modifyNs: u64): i64 {
  return pathCall(Call.SetTimes, path, accessNs, modifyNs);
}

export function setDirectory(path: string): i64 {
  return pathCall(Call.SetDirectory, path);
}

/** The absolute path of the working directory; "/" when it no longer has one. */
export function getDirectory(): string {
  const buffer = new StaticArray<u8>(4096);
  const n = call(Call.GetDirectory, addressOf(buffer), buffer.length, 0, 0, 0, 0);
  return n < 0 ? "/" : fromBytes(changetype<usize>(buffer), <i32>n);
}

/** Adds the names in directory `path` to `names`, without "." and "..", in byte order; 0 or -errno. */
export function listDirectory(path: string, names: string[]): i64 {
  const fd = open(path, O_RDONLY | O_DIRECTORY);
  if (fd < 0) return fd;
  const buffer = new StaticArray<u8>(8192);
  let n: i64;
  while ((n = call(Call.ReadDirectory, fd, addressOf(buffer), buffer.length, 0, 0, 0)) > 0) {
    let p = changetype<usize>(buffer);
    const end = p + <usize>n;
    for (; p < end; p += load<u16>(p, 8)) names.push(fromBytes(p + 12, load<u8>(p, 11)));
  }
  close(<i32>fd);
  names.sort();
  return n;
}

/** The whole content of a file as a byte string; null when it cannot be read or is larger than `limit`. */
export function readFile(path: string, limit: u32): string | null {
  const fd = open(path, O_RDONLY);
  if (fd < 0) return null;
  const buffer = new StaticArray<u8>(limit + 1);
  let length: u32 = 0;
  let n: i64 = 0;
  while (length <= limit && (n = read(<i32>fd, changetype<usize>(buffer) + length, limit + 1 - length)) > 0) length += <u32>n;
  close(<i32>fd);
  return n < 0 || length > limit ? null : fromBytes(changetype<usize>(buffer), length);
}

/** Sets the extended attribute `name` of `path` itself, also when it is a symlink. */
export function setAttribute(path: string, name: string, value: string): i64 {
  const p = toBytes(path);
  const n = toBytes(name);
  const v = toBytes(value);
  return call(Call.SetAttribute, addressOf(p), p.length, addressOf(n), n.length, addressOf(v), v.length);
}

/** Puts an empty tree on the directory `path`, or one over the directory `lower` ("": none). */
export function mountTree(lower: string, path: string): i64 {
  return twoPathCall(Call.MountTree, lower, path);
}

/** Nothing in the tree on `path` changes any more. */
export function sealTree(path: string): i64 {
  return pathCall(Call.SealTree, path);
}

/** Takes the tree off `path`; -EBUSY while it is in use. */
export function unmountTree(path: string): i64 {
  return pathCall(Call.UnmountTree, path);
}

/** Makes `path` the root of this program and of those it starts. */
export function setRoot(path: string): i64 {
  return pathCall(Call.SetRoot, path);
}
