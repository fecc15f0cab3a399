// Copies trees: files, directories, symlinks and nodes; within one tree, names of the same file stay names of one file.

import { Errno } from "../../kernel/errno";
import {
  close,
  listDirectory,
  makeDirectory,
  makeLink,
  makeNode,
  makeSymlink,
  O_CREAT,
  O_RDONLY,
  O_TRUNC,
  O_WRONLY,
  open,
  read,
  readSymlink,
  remove,
  S_IFDIR,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
  setMode,
  setOwner,
  setTimes,
  Stat,
  stat,
  writeAll,
} from "../lib/files";
import { joinPath } from "../lib/path";
import { Session, STATUS_INTERRUPTED } from "./session";

const CHUNK_BYTES: i32 = 65536;

class Copy {
  /** Where the files with several names went, by device and inode. */
  linked: Map<string, string> = new Map<string, string>();
  buffer: StaticArray<u8> = new StaticArray<u8>(CHUNK_BYTES);

  constructor(
    public session: Session,
    public command: string,
    public keepsOwners: bool,
  ) {}
}

/** Copies `from` to `to`; without `isRecursive` symlinks are followed and directories refused. An exit status; errors have been told. */
export function copyTree(session: Session, command: string, from: string, to: string, isRecursive: bool, keepsOwners: bool): i32 {
  const info = new Stat();
  const error = stat(from, info, !isRecursive);
  if (error < 0) return session.fail(command, from, error);
  if (info.isDirectory && !isRecursive) return session.failText(command, from, "is a directory (use -r)");
  return copyOne(new Copy(session, command, keepsOwners), from, to, info);
}

function copyOne(copy: Copy, from: string, to: string, info: Stat): i32 {
  const session = copy.session;
  if (session.interrupted()) return STATUS_INTERRUPTED;
  const key = `${info.device}:${info.inode}`;
  const type = info.mode & S_IFMT;
  let error: i64 = 0;
  if (type == S_IFDIR) {
    error = makeDirectory(to, info.mode & 0o7777);
    const there = new Stat();
    if (error == -Errno.EEXIST && stat(to, there) == 0 && there.isDirectory) error = 0;
    if (error < 0) return session.fail(copy.command, to, error);
    const status = copyChildren(copy, from, to);
    if (status != 0) return status;
  } else if (info.links > 1 && copy.linked.has(key)) {
    remove(to);
    error = makeLink(copy.linked.get(key), to);
    return error < 0 ? session.fail(copy.command, to, error) : 0;
  } else if (type == S_IFREG) {
    const status = copyContent(copy, from, to, info);
    if (status != 0) return status;
  } else if (type == S_IFLNK) {
    const target = readSymlink(from);
    remove(to);
    error = target === null ? -Errno.EIO : makeSymlink(target, to);
  } else {
    remove(to);
    error = makeNode(to, info.mode, info.deviceNumber);
  }
  if (error < 0) return session.fail(copy.command, to, error);
  if (info.links > 1 && type != S_IFDIR) copy.linked.set(key, to);
  if (!copy.keepsOwners) return 0;
  error = setOwner(to, info.uid, info.gid);
  if (error == 0 && type != S_IFLNK) error = setMode(to, info.mode & 0o7777);
  if (error == 0) error = setTimes(to, info.accessNs, info.modifyNs);
  return error < 0 ? session.fail(copy.command, to, error) : 0;
}

function copyChildren(copy: Copy, from: string, to: string): i32 {
  const names: string[] = [];
  const error = listDirectory(from, names);
  if (error < 0) return copy.session.fail(copy.command, from, error);
  let status = 0;
  for (let i = 0; i < names.length && status != STATUS_INTERRUPTED; i++) {
    const info = new Stat();
    const below = joinPath(from, names[i]);
    const error = stat(below, info, false);
    status = max(status, error < 0 ? copy.session.fail(copy.command, below, error) : copyOne(copy, below, joinPath(to, names[i]), info));
  }
  return status;
}

function copyContent(copy: Copy, from: string, to: string, info: Stat): i32 {
  const session = copy.session;
  const there = new Stat();
  if (stat(to, there) == 0 && there.device == info.device && there.inode == info.inode) {
    return session.failText(copy.command, from, `and ${to} are the same file`);
  }
  const source = open(from, O_RDONLY);
  if (source < 0) return session.fail(copy.command, from, source);
  const target = open(to, O_WRONLY | O_CREAT | O_TRUNC, info.mode & 0o7777);
  if (target < 0) {
    close(<i32>source);
    return session.fail(copy.command, to, target);
  }
  const p = changetype<usize>(copy.buffer);
  let status = 0;
  while (status == 0) {
    const n = read(<i32>source, p, CHUNK_BYTES);
    if (n < 0) status = session.fail(copy.command, from, n);
    if (n <= 0) break;
    const error = writeAll(<i32>target, p, <u32>n);
    if (error < 0) status = session.fail(copy.command, to, error);
    else if (session.interrupted()) status = STATUS_INTERRUPTED;
  }
  close(<i32>source);
  const error = close(<i32>target);
  return status == 0 && error < 0 ? session.fail(copy.command, to, error) : status;
}
