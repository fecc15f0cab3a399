// Life and death of file systems, inodes and entries. Each is freed with its last reference; nothing here recurses with the depth of a
// tree, since a program can make one as deep as it likes and the kernel has one small stack.

import { filePagesFree } from "../fs/pages";
import { linkedTakeAny } from "../fs/linked";
import { kernelAlloc, kernelFree } from "../mm/heap";
import { wallNs } from "../time/clock";
import { notifyGone, notifyUnmounted } from "./inotify";
import { directoryFirst, directoryFree, directoryRemove } from "./directory";
import {
  Entry,
  ENTRY_BYTES,
  EntryFlag,
  FileSystem,
  FILE_SYSTEM_BYTES,
  FileSystemKind,
  Inode,
  INODE_BYTES,
  InodeFlag,
  isDirectory,
  isSymlink,
  makeDevice,
  S_IFDIR,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
} from "./inode";
import { syntheticRelease } from "./operations";
import { pathCacheForget } from "./pathcache";
import { attributesFree } from "./xattr";

/** Minor number for the next file system's st_dev: major 0, as Linux's anonymous devices. */
let nextDevice: u32 = 1;

/** A file system without a root, one reference; null when memory is short. */
export function fileSystemNew(kind: FileSystemKind, container: usize): FileSystem | null {
  const p = kernelAlloc(FILE_SYSTEM_BYTES);
  if (p == 0) return null;
  const fs = changetype<FileSystem>(p);
  fs.refs = 1;
  fs.kind = kind;
  fs.container = container;
  fs.device = makeDevice(0, nextDevice++ & 0xfffff);
  fs.nextInode = 1;
  return fs;
}

@inline
export function fileSystemRetain(fs: FileSystem): FileSystem {
  fs.refs++;
  return fs;
}

/** Drops a reference; the last one frees every entry, inode and page. */
export function fileSystemRelease(fs: FileSystem): void {
  for (;;) {
    if (--fs.refs != 0) {
      if (fs.refs == fs.watchCount && fs.refs != 0) notifyUnmounted(fs);
      return;
    }
    const root = fs.root;
    if (root) {
      unpinAll(fs);
      if (fs.kind == FileSystemKind.Memory) freeTree(root);
      if (fs.lower) {
        fs.lower!.uppers--;
        leaveLowerRoot(root.inode!);
      }
      entryRelease(root);
    }
    for (let inode: Inode | null = linkedTakeAny(fs); inode; inode = linkedTakeAny(fs)) inodeRelease(inode);
    const lower = fs.lower;
    kernelFree(changetype<usize>(fs));
    if (!lower) return;
    fs = lower;
  }
}

/** The root of a file system over a lower tree goes: the last such one sets the lower tree free to change. */
function leaveLowerRoot(root: Inode): void {
  const lower = root.lower;
  if (lower && --lower.detail == 0) lower.flags &= ~InodeFlag.LowerRoot;
}

function unpinAll(fs: FileSystem): void {
  for (let e: Entry | null = fs.pinned; e; e = fs.pinned) {
    fs.pinned = e.hashNext;
    e.hashNext = null;
    e.flags &= ~(<u16>EntryFlag.Pinned);
    entryRelease(e);
  }
}

/** Empties the tree under `root`, deepest entries first. */
function freeTree(root: Entry): void {
  let at = root;
  for (;;) {
    const child = directoryFirst(at.inode!);
    if (child) {
      const inode = child.inode;
      if (inode && isDirectory(inode) && inode.content != 0 && directoryFirst(inode)) {
        at = child;
        continue;
      }
      directoryRemove(at.inode!, child);
      entryRelease(child);
    } else {
      if (at == root) return;
      at = at.parent!;
    }
  }
}

/** An inode of the given type and permissions with one reference, no links and the time now; null when memory is short. */
export function inodeNew(fs: FileSystem, mode: u32, uid: u32, gid: u32): Inode | null {
  const p = kernelAlloc(INODE_BYTES);
  if (p == 0) return null;
  const inode = changetype<Inode>(p);
  inode.refs = 1;
  inode.fs = fs;
  inode.number = fs.nextInode++;
  inode.mode = mode;
  inode.uid = uid;
  inode.gid = gid;
  const now = wallNs();
  inode.atimeNs = now;
  inode.mtimeNs = now;
  inode.ctimeNs = now;
  inode.btimeNs = now;
  return inode;
}

@inline
export function inodeRetain(inode: Inode): Inode {
  inode.refs++;
  return inode;
}

/** Drops a reference; the last one frees the inode with its content. */
export function inodeRelease(inode: Inode): void {
  if (--inode.refs == 0) inodeFree(inode);
}

/** kernel/ipc: the inode of a message queue goes. */
let queueFree: u32 = 0;

export function setQueueFree(f: (inode: Inode) => void): void {
  queueFree = f.index;
}

function inodeFree(inode: Inode): void {
  const fs = inode.fs;
  if (fs.kind == FileSystemKind.Memory) {
    const type = inode.mode & S_IFMT;
    if (type == S_IFREG) filePagesFree(inode, 0);
    else if (type == S_IFDIR) directoryClear(inode);
    else if (type == S_IFLNK) kernelFree(inode.content);
    if ((inode.flags & InodeFlag.Charged) != 0) fs.inodesUsed--;
    if ((inode.flags & InodeFlag.Queue) != 0) call_indirect<void>(queueFree, inode);
  } else {
    syntheticRelease(inode);
  }
  if (inode.attributes != 0) attributesFree(inode);
  const lower = inode.lower;
  kernelFree(changetype<usize>(inode));
  if (lower) inodeRelease(lower); // as deep as there are layers
}

/** Takes the whiteouts, all that is left in it, out of a directory and frees its table. */
export function directoryClear(inode: Inode): void {
  for (let e: Entry | null = directoryFirst(inode); e; e = directoryFirst(inode)) {
    directoryRemove(inode, e);
    entryRelease(e);
  }
  directoryFree(inode);
}

/** The flags that an entry has from the start: paths lead over directories and links without asking. */
@inline
function flagsFor(inode: Inode): u16 {
  if (isSymlink(inode)) return <u16>(EntryFlag.Link | EntryFlag.Known);
  return isDirectory(inode) && inode.fs.kind == FileSystemKind.Memory ? <u16>EntryFlag.Known : 0;
}

/** Bytes to allocate for a name, so that zeros fill up its last eight bytes (directoryFindWord). */
@inline
export function nameBytes(length: u32): u32 {
  return (length + 7) & ~7;
}

/**
 * An entry with one reference that holds `parent` and `inode`, not yet in a directory; null when memory is short. The name is copied.
 * A directory inode has one entry in its life: this one.
 */
export function entryNew(parent: Entry | null, name: usize, length: u32, hash: u32, inode: Inode | null): Entry | null {
  const p = kernelAlloc(ENTRY_BYTES + nameBytes(length));
  if (p == 0) return null;
  const e = changetype<Entry>(p);
  e.refs = 1;
  e.name = p + ENTRY_BYTES;
  memory.copy(e.name, name, length);
  e.nameLength = <u16>length;
  e.hash = hash;
  if (parent) {
    parent.refs++;
    e.parent = parent;
  }
  if (inode) {
    inode.refs++;
    e.inode = inode;
    if (isDirectory(inode)) inode.directoryEntry = e;
    e.flags = flagsFor(inode);
  }
  return e;
}

@inline
export function entryRetain(e: Entry): Entry {
  e.refs++;
  return e;
}

/** Drops a reference; the last one frees the entry and lets go of its inode and its parent. */
export function entryRelease(e: Entry): void {
  if (--e.refs == 0) entryFree(e);
}

function entryFree(e: Entry): void {
  for (;;) {
    const parent = e.parent;
    const inode = e.inode;
    if ((e.flags & EntryFlag.Known) != 0) pathCacheForget();
    if (e.name != changetype<usize>(e) + ENTRY_BYTES) kernelFree(e.name);
    kernelFree(changetype<usize>(e));
    if (inode) {
      if (inode.directoryEntry == e) inode.directoryEntry = null;
      if (inode.watches != 0 && inode.links == 0) notifyGone(inode);
      inodeRelease(inode);
    }
    if (!parent || --parent.refs != 0) return;
    e = parent;
  }
}

/** True when `e` is `ancestor` or lies below it. */
export function entryIsUnder(e: Entry, ancestor: Entry): bool {
  let at: Entry | null = e;
  while (at) {
    if (at == ancestor) return true;
    at = at.parent;
  }
  return false;
}
