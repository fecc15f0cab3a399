// Synthetic file systems (procfs, sysfs): trees of nodes that are made at start-up, and files whose text is composed when they are read. A node
// is the description of a name; an inode is made of it at each lookup, for a subject (in procfs a process: Inode.detail; a thread or
// descriptor of it: Inode.detail2). A file's text is composed at the first read and again by every read from position 0.

import { Errno } from "../errno";
import { bytesEqual, putLiteral } from "../lib/bytes";
import { SCRATCH_BYTES, scratchPage } from "../lib/scratch";
import { putByte, putUnsigned, Text, textFree, textNew } from "../lib/text";
import { kernelAlloc } from "../mm/heap";
import { copyIn, copyOut } from "../mm/user";
import { Result } from "../result";
import { entryNew, fileSystemNew, fileSystemRelease, inodeNew, inodeRelease } from "../vfs/entry";
import { setFileRead, setFileRelease, setFileWrite } from "../vfs/file";
import { Entry, File, FileKind, FileSystem, FileSystemKind, Inode, S_IFDIR, S_IFLNK, S_IFMT, S_IFREG } from "../vfs/inode";
import { DirectoryItem } from "../vfs/operations";

@unmanaged
export class Node {
  name: usize;
  nameLength: u32;
  /** S_IFMT and permission bits. */
  mode: u32;
  /** Distinguishes the inode numbers of one subject. */
  id: u32;
  /** What the file system wants: the kind of a link or of a directory that lists more than its nodes. */
  kind: u32;
  /** Function indices: ShowFunction, StoreFunction or 0. */
  show: u32;
  store: u32;
  /** For showNumber. */
  value: u64;
  first: Node | null;
  last: Node | null;
  next: Node | null;
  padding: u32;
}
const NODE_BYTES: u32 = (offsetof<Node>() + 7) & ~7;

/** Composes the text of a file: 0 or -errno. */
export type ShowFunction = (text: Text, inode: Inode) => Result;
/** Takes what a program writes, at most 4,096 bytes at linear address `p`: the bytes taken, or -errno. */
export type StoreFunction = (inode: Inode, p: usize, n: u32) => Result;

let lastId: u32 = 0;

function nodeNew(parent: Node | null, name: string, mode: u32): Node {
  const p = kernelAlloc(NODE_BYTES + name.length);
  assert(p != 0, "no memory for the synthetic file systems at start-up");
  const node = changetype<Node>(p);
  node.name = p + NODE_BYTES;
  node.nameLength = putLiteral(node.name, name);
  node.mode = mode;
  node.id = ++lastId;
  if (parent) {
    const last = parent.last;
    if (last) last.next = node;
    else parent.first = node;
    parent.last = node;
  }
  return node;
}

/** Adds a directory to `parent`; null makes a root. `kind` is the file system's. Only at start-up, as all that follows. */
export function addDirectory(parent: Node | null, name: string, mode: u32 = 0o555, kind: u32 = 0): Node {
  const node = nodeNew(parent, name, S_IFDIR | mode);
  node.kind = kind;
  return node;
}

/** Adds a file whose text `show` composes. */
export function addText(parent: Node, name: string, show: ShowFunction, mode: u32 = 0o444): Node {
  const node = nodeNew(parent, name, S_IFREG | mode);
  node.show = show.index;
  return node;
}

/** Lets a file be written to. */
export function setStore(node: Node, store: StoreFunction): void {
  node.store = store.index;
}

/** Adds a file with a number that never changes. */
export function addNumber(parent: Node, name: string, value: u64): void {
  addText(parent, name, showNumber).value = value;
}

/** Adds a symbolic link; `kind` tells the file system where it leads. */
export function addLink(parent: Node, name: string, kind: u32): void {
  nodeNew(parent, name, S_IFLNK | 0o777).kind = kind;
}

function showNumber(text: Text, inode: Inode): Result {
  putUnsigned(text, nodeOf(inode).value);
  putByte(text, 0x0a);
  return 0;
}

@inline
export function nodeOf(inode: Inode): Node {
  return changetype<Node>(inode.content);
}

/** The child of that name, or null. */
export function findNode(directory: Node, name: usize, length: u32): Node | null {
  let node = directory.first;
  while (node && (node.nameLength != length || !bytesEqual(node.name, name, length))) node = node.next;
  return node;
}

/** A file system with `root` as its root directory; null when memory is short. */
export function syntheticNew(kind: FileSystemKind, container: usize, root: Node): FileSystem | null {
  const fs = fileSystemNew(kind, container);
  if (!fs) return null;
  const inode = nodeInode(fs, root, 0, 0);
  const entry = inode ? entryNew(null, 0, 0, 0, inode) : null;
  if (inode) inodeRelease(inode);
  if (!entry) {
    fileSystemRelease(fs);
    return null;
  }
  fs.root = entry;
  return fs;
}

/** An inode of `node` for a subject, one reference; null when memory is short. */
export function nodeInode(fs: FileSystem, node: Node, subject: u32, detail: u32): Inode | null {
  const inode = inodeNew(fs, node.mode, 0, 0);
  if (!inode) return null;
  inode.content = changetype<usize>(node);
  inode.detail = subject;
  inode.detail2 = detail;
  inode.links = (node.mode & S_IFMT) == S_IFDIR ? 2 : 1;
  inode.number = ((<u64>subject) << 40) | ((<u64>detail) << 16) | node.id;
  return inode;
}

/** The entry for an inode (whose reference it takes over) under a name: with a reference for the caller, as a LookupFunction returns it, or -ENOMEM. */
export function nodeEntry(directory: Entry, name: usize, length: u32, hash: u32, inode: Inode | null): Result {
  if (!inode) return -Errno.ENOMEM;
  const entry = entryNew(directory, name, length, hash, inode);
  inodeRelease(inode);
  return entry ? <Result>changetype<usize>(entry) : -Errno.ENOMEM;
}

/** NextFunction for what a directory's nodes are; returns 0 past them. Their positions are 2, 3, ... */
export function nextNode(directory: Inode, position: u64, item: DirectoryItem): Result {
  let node = nodeOf(directory).first;
  for (let i: u64 = 2; node && i < position; i++) node = node.next;
  if (!node) return 0;
  item.name = node.name;
  item.nameLength = node.nameLength;
  item.number = ((<u64>directory.detail) << 40) | ((<u64>directory.detail2) << 16) | node.id;
  item.type = node.mode & S_IFMT;
  item.next = position + 1;
  return 1;
}

/** Number of nodes in a directory. */
export function nodeCount(directory: Node): u32 {
  let count: u32 = 0;
  let node = directory.first;
  while (node) {
    count++;
    node = node.next;
  }
  return count;
}

/** OpenFunction of files that need no more than their text. */
export function openSynthetic(file: File): Result {
  if ((file.inode.mode & S_IFMT) != S_IFREG) return 0;
  file.kind = FileKind.Synthetic;
  return 0;
}

/** Composes the text of a file anew: 0 or -errno. */
function compose(file: File): Result {
  const text = textNew(1024);
  if (!text) return -Errno.ENOMEM;
  const inode = file.inode;
  const show = nodeOf(inode).show;
  let r: Result = show != 0 ? call_indirect<Result>(show, text, inode) : 0;
  if (r >= 0 && text.failed) r = -Errno.ENOMEM;
  if (r < 0) {
    textFree(text);
    return r;
  }
  releaseText(file);
  file.object = changetype<usize>(text);
  return 0;
}

function readSynthetic(file: File, ua: u64, count: u32): Result {
  if (file.position == 0 || file.object == 0) {
    const r = compose(file);
    if (r < 0) return r;
  }
  const text = changetype<Text>(file.object);
  if (file.position >= text.length) return 0;
  const bytes = min(count, text.length - <u32>file.position);
  const r = copyOut(ua, text.data + <u32>file.position, bytes);
  if (r < 0) return r;
  file.position += bytes;
  return bytes;
}

function writeSynthetic(file: File, ua: u64, count: u32): Result {
  const store = nodeOf(file.inode).store;
  if (store == 0) return -Errno.EIO;
  const bytes = min(count, SCRATCH_BYTES);
  const r = copyIn(scratchPage, ua, bytes);
  return r < 0 ? r : call_indirect<Result>(store, file.inode, scratchPage, bytes);
}

function releaseText(file: File): void {
  if (file.object != 0) textFree(changetype<Text>(file.object));
  file.object = 0;
}

/** To be called once at start-up. */
export function syntheticInit(): void {
  setFileRead(FileKind.Synthetic, readSynthetic);
  setFileWrite(FileKind.Synthetic, writeSynthetic);
  setFileRelease(FileKind.Synthetic, releaseText);
}

/** Lookup of a file system that is nothing but nodes. */
export function lookupNode(directory: Entry, name: usize, length: u32, hash: u32): Result {
  const inode = directory.inode!;
  const child = findNode(nodeOf(inode), name, length);
  return child ? nodeEntry(directory, name, length, hash, nodeInode(inode.fs, child, 0, 0)) : 0;
}

/** The directory of a file system that is nothing but nodes. */
export function nextInNode(directory: Entry, position: u64, item: DirectoryItem): Result {
  return nextNode(directory.inode!, position, item);
}
