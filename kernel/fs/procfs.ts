// procfs: one instance per container, which sees only its own processes. What is always there are nodes (kernel/fs/synthetic.ts); processes, threads
// and descriptors are looked up when they are asked for. See proc(5).

import { Container } from "../container/container";
import { Errno } from "../errno";
import { parseDecimal, putLiteral } from "../lib/bytes";
import { Result } from "../result";
import { PidEntry, Process } from "../task/process";
import { processFind, threadFind } from "../task/pids";
import { current } from "../task/thread";
import { fdNext } from "../vfs/fdtable";
import { Entry, File, FileSystem, FileSystemKind, FsContext, Inode, InodeFlag, Path, S_IFLNK, S_IFMT, S_IFREG } from "../vfs/inode";
import { DirectoryItem, registerFileSystem } from "../vfs/operations";
import { Mountable, MountableOptions, registerMountable } from "./mountable";
import { descriptorMode, fileOfProcess, followProcLink, ProcLink, readProcLink } from "./procfd";
import { containerOf, mayInspect, subjectProcess } from "./procsubject";
import { buildProcNodes, descriptorInfoNode, descriptorNode, processNode, ProcKind, rootNode, threadNode } from "./procnodes";
import { findNode, Node, nodeCount, nodeEntry, nodeInode, nodeOf, nextNode, openSynthetic, syntheticNew } from "./synthetic";
import { decimalAt, putDecimal } from "../lib/decimal";

/** An inode of `node` about a process (null: about nobody), one reference; null when memory is short. */
function procInode(fs: FileSystem, node: Node, p: Process | null, detail: u32): Inode | null {
  const inode = nodeInode(fs, node, p ? p.pid : 0, detail);
  if (!inode || !p) return inode;
  inode.btimeNs = p.startNs;
  if ((node.mode & S_IFMT) == S_IFLNK && node.kind <= <u32>ProcLink.Descriptor) inode.flags |= InodeFlag.MagicLink;
  refresh(inode);
  return inode;
}

/** Brings owner and permissions up to date: a process's files are its effective user's, or root's if it may not be dumped. */
function refresh(inode: Inode): void {
  if (inode.detail == 0) return;
  const p = subjectProcess(inode);
  if (!p) return;
  const c = p.leader.credentials;
  inode.uid = p.dumpable ? c.euid : 0;
  inode.gid = p.dumpable ? c.egid : 0;
  if (nodeOf(inode) != descriptorNode) return;
  const file = fileOfProcess(p, inode.detail2);
  if (changetype<usize>(file) != 0) inode.mode = S_IFLNK | descriptorMode(file);
}

/** A name that is a number without leading zeros, or -1. */
function numberName(name: usize, length: u32): i64 {
  if (length > 1 && load<u8>(name) == 0x30) return -1;
  const n = parseDecimal(name, length);
  return n > 0x7fffffff ? -1 : n;
}

function lookup(directory: Entry, name: usize, length: u32, hash: u32): Result {
  const inode = directory.inode!;
  const fs = inode.fs;
  const node = nodeOf(inode);
  let p: Process | null = null;
  if (inode.detail != 0) {
    p = subjectProcess(inode);
    if (!p) return -Errno.ENOENT;
  }
  const child = findNode(node, name, length);
  if (child) return nodeEntry(directory, name, length, hash, procInode(fs, child, p, inode.detail2));
  const number = node.kind != 0 ? numberName(name, length) : -1;
  if (number < 0) return 0;
  const made = lookupNumber(inode, node.kind, p, <u32>number);
  if (changetype<usize>(found) == 0) return 0;
  return nodeEntry(directory, name, length, hash, made);
}

/** The node that the last lookupNumber decided on; null when there is nothing of that number. */
let found: Node = changetype<Node>(0);

function lookupNumber(inode: Inode, kind: u32, p: Process | null, number: u32): Inode | null {
  found = changetype<Node>(0);
  const fs = inode.fs;
  switch (kind) {
    case ProcKind.Processes: {
      const c = containerOf(inode);
      const process = processFind(c, number);
      if (process) {
        found = processNode;
        return procInode(fs, processNode, process, 0);
      }
      // A thread's number leads to its process, seen through that thread, but is not listed.
      const thread = threadFind(c, number);
      if (!thread) return null;
      found = processNode;
      return procInode(fs, processNode, thread.process, number);
    }
    case ProcKind.Threads: {
      const thread = threadFind(containerOf(inode), number);
      if (!thread || thread.process != p) return null;
      found = threadNode;
      return procInode(fs, threadNode, p, number);
    }
    case ProcKind.Descriptors:
    case ProcKind.DescriptorInfos:
      if (!p || changetype<usize>(fileOfProcess(p, number)) == 0) return null;
      found = kind == ProcKind.Descriptors ? descriptorNode : descriptorInfoNode;
      return procInode(fs, found, p, number);
    default:
      return null;
  }
}

function next(directory: Entry, position: u64, item: DirectoryItem): Result {
  const inode = directory.inode!;
  const node = nodeOf(inode);
  let p: Process | null = null;
  if (inode.detail != 0) {
    p = subjectProcess(inode);
    if (!p) return -Errno.ENOENT;
  }
  const r = nextNode(inode, position, item);
  if (r != 0 || node.kind == 0) return r;
  const base = nodeCount(node) + 2;
  const number = nextNumber(containerOf(inode), p, node.kind, <u32>max<i64>(0, <i64>position - base));
  if (number == u32.MAX_VALUE) return 0;
  item.nameLength = putDecimal(number);
  item.name = decimalAt;
  const made: Node = node.kind == ProcKind.Processes ? processNode : node.kind == ProcKind.Threads ? threadNode : descriptorNode;
  const subject = p ? p.pid : number;
  item.number = ((<u64>subject) << 40) | ((<u64>(p ? number : 0)) << 16) | made.id;
  item.type = node.kind == ProcKind.DescriptorInfos ? S_IFREG : made.mode & S_IFMT;
  item.next = <u64>base + number + 1;
  return 1;
}

/** Lowest number >= from that a directory lists, or u32.MAX_VALUE. */
function nextNumber(c: Container, p: Process | null, kind: u32, from: u32): u32 {
  if (kind == ProcKind.Processes) return nextProcess(c, from);
  if (!p) return u32.MAX_VALUE;
  if (kind == ProcKind.Threads) {
    let best: u32 = u32.MAX_VALUE;
    let t = p.threads;
    while (t) {
      if (t.tid >= from && t.tid < best) best = t.tid;
      t = t.next;
    }
    return best;
  }
  const files = p.files;
  return files ? fdNext(files, from) : u32.MAX_VALUE;
}

/** Looks number by number while that is cheaper than going through the whole table. */
function nextProcess(c: Container, from: u32): u32 {
  for (let number = from; number <= c.lastPid && number - from < 64; number++) if (processFind(c, number)) return number;
  let best: u32 = u32.MAX_VALUE;
  for (let i: u32 = 0; i < c.pidBuckets; i++) {
    let e = changetype<PidEntry | null>(<usize>load<u32>(c.pidTable + (i << 2)));
    while (e) {
      if (e.process && e.number >= from && e.number < best) best = e.number;
      e = e.hashNext;
    }
  }
  return best;
}

function readLink(link: Inode, context: FsContext, buffer: usize, capacity: u32): Result {
  const kind = nodeOf(link).kind;
  if (kind <= <u32>ProcLink.Descriptor) return readProcLink(link, kind, context, buffer, capacity);
  return readPlainLink(kind, buffer, capacity);
}

/** self, thread-self, mounts: text that depends on the reader. */
function readPlainLink(kind: u32, buffer: usize, capacity: u32): Result {
  const t = current;
  let length: u32 = 0;
  if (kind == ProcKind.MountsLink || kind == ProcKind.NetLink) {
    if (capacity < 11) return -Errno.ENAMETOOLONG;
    return kind == ProcKind.MountsLink ? putLiteral(buffer, "self/mounts") : putLiteral(buffer, "self/net");
  }
  length = putDecimal(t.process.pid);
  if (capacity < length + 20) return -Errno.ENAMETOOLONG;
  memory.copy(buffer, decimalAt, length);
  if (kind == ProcKind.SelfLink) return length;
  length += putLiteral(buffer + length, "/task/");
  const more = putDecimal(t.tid);
  memory.copy(buffer + length, decimalAt, more);
  return length + more;
}

function followLink(link: Inode, context: FsContext, place: Path): Result {
  return followProcLink(link, nodeOf(link).kind, place);
}

function open(file: File): Result {
  const inode = file.inode;
  if (inode.detail != 0) {
    const p = subjectProcess(inode);
    if (!p) return -Errno.ENOENT;
    if ((inode.mode & S_IFMT) == S_IFREG && nodeOf(inode).kind == ProcKind.Private && !mayInspect(p)) return -Errno.EACCES;
  }
  return openSynthetic(file);
}

function make(container: Container, options: MountableOptions): FileSystem | null {
  return syntheticNew(FileSystemKind.Proc, changetype<usize>(container), rootNode);
}

/** To be called once at start-up. */
export function procfsInit(): void {
  buildProcNodes();
  registerFileSystem(FileSystemKind.Proc, lookup, next, readLink, followLink, open, refresh, null);
  registerMountable(Mountable.Proc, make);
}
