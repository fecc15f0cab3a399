// The files of a process in procfs: /proc/PID/fd/N, fdinfo/N, exe, cwd and root. The links are magic: following one goes straight to the
// file, whatever has become of its name; a pipe or socket shows a name of its own. See proc(5).

import { Errno } from "../errno";
import { put, putByte, putOctal, putUnsigned, Text, textFree, textNew } from "../lib/text";
import { Result } from "../result";
import { Process } from "../task/process";
import { entryRetain } from "../vfs/entry";
import { fdCloseOnExec, fdGet, FdTable } from "../vfs/fdtable";
import { registeredDescribe } from "../vfs/file";
import { OpenFlag } from "../vfs/flags";
import { Entry, File, FileKind, FsContext, Inode, Mount, Path, S_IFMT, S_IFSOCK } from "../vfs/inode";
import { mountRetain } from "../vfs/mount";
import { namelessPlace } from "../vfs/nameless";
import { putPath } from "./procpath";
import { mayInspect, subjectProcess } from "./procsubject";

/** What a magic link of a process leads to. */
export const enum ProcLink {
  Executable = 1,
  WorkingDirectory = 2,
  Root = 3,
  Descriptor = 4,
}

/** The open file that `fd` of the process means, or a null pointer. */
export function fileOfProcess(p: Process, fd: u32): File {
  const files = p.files;
  return files ? fdGet(files, fd) : changetype<File>(0);
}

let mountFound: Mount | null = null;
let entryFound: Entry | null = null;
let fileFound: File = changetype<File>(0);

/** Finds where a link leads, in mountFound and entryFound, or for a descriptor of a nameless file in fileFound: 0, -EACCES or -ENOENT. */
function resolve(link: Inode, kind: ProcLink): Result {
  const p = subjectProcess(link);
  if (!p) return -Errno.ENOENT;
  if (!mayInspect(p)) return -Errno.EACCES;
  mountFound = null;
  entryFound = null;
  fileFound = changetype<File>(0);
  if (kind == ProcLink.Descriptor) {
    fileFound = fileOfProcess(p, link.detail2);
    if (changetype<usize>(fileFound) == 0) return -Errno.ENOENT;
    mountFound = fileFound.mount;
    entryFound = fileFound.entry;
    return 0;
  }
  if (kind == ProcLink.Executable) {
    mountFound = p.exeMount;
    entryFound = p.exeEntry;
  } else {
    const paths = p.paths;
    if (!paths) return -Errno.ENOENT;
    mountFound = kind == ProcLink.Root ? paths.rootMount : paths.cwdMount;
    entryFound = kind == ProcLink.Root ? paths.rootEntry : paths.cwdEntry;
  }
  return entryFound ? 0 : -Errno.ENOENT;
}

/** FollowLinkFunction of magic links. */
export function followProcLink(link: Inode, kind: ProcLink, place: Path): Result {
  const r = resolve(link, kind);
  if (r < 0) return r;
  if (!entryFound || !mountFound) return namelessPlace(fileFound.inode, place);
  place.mount = mountRetain(mountFound!);
  place.entry = entryRetain(entryFound!);
  return 0;
}

/** ReadLinkFunction of magic links: what `context` would call it. */
export function readProcLink(link: Inode, kind: ProcLink, context: FsContext, buffer: usize, capacity: u32): Result {
  const r = resolve(link, kind);
  if (r < 0) return r;
  const text = textNew(128);
  if (!text) return -Errno.ENOMEM;
  if (entryFound && mountFound) putPath(text, context, mountFound!, entryFound!, true);
  else putNamelessName(text, fileFound);
  const failed = text.failed;
  const length = min(text.length, capacity);
  memory.copy(buffer, text.data, length);
  textFree(text);
  return failed ? -Errno.ENOMEM : length;
}

function putNamelessName(text: Text, file: File): void {
  switch (file.kind) {
    case FileKind.EventFd:
      put(text, "anon_inode:[eventfd]");
      return;
    case FileKind.Epoll:
      put(text, "anon_inode:[eventpoll]");
      return;
    case FileKind.TimerFd:
      put(text, "anon_inode:[timerfd]");
      return;
    case FileKind.SignalFd:
      put(text, "anon_inode:[signalfd]");
      return;
    case FileKind.PidFd:
      put(text, "anon_inode:[pidfd]");
      return;
    case FileKind.SeccompListener:
      put(text, "anon_inode:seccomp notify");
      return;
    case FileKind.Inotify:
      put(text, "anon_inode:inotify");
      return;
    default:
      break;
  }
  put(text, (file.inode.mode & S_IFMT) == S_IFSOCK ? "socket:[" : "pipe:[");
  putUnsigned(text, file.inode.number);
  putByte(text, 0x5d);
}

/** Permission bits of a descriptor's link: r-x for reading, -wx for writing. */
export function descriptorMode(file: File): u32 {
  return ((file.access & 1) != 0 ? 0o500 : 0) | ((file.access & 2) != 0 ? 0o300 : 0);
}

/** /proc/PID/fdinfo/N. */
export function showDescriptorInfo(text: Text, inode: Inode): Result {
  const p = subjectProcess(inode);
  if (!p) return -Errno.ENOENT;
  const file = fileOfProcess(p, inode.detail2);
  if (changetype<usize>(file) == 0) return -Errno.ENOENT;
  const closeOnExec = fdCloseOnExec(changetype<FdTable>(p.files), inode.detail2);
  const mount = file.mount;
  put(text, "pos:\t");
  putUnsigned(text, file.position);
  put(text, "\nflags:\t0");
  putOctal(text, file.flags | (closeOnExec ? OpenFlag.CloseOnExec : 0));
  put(text, "\nmnt_id:\t");
  putUnsigned(text, mount ? mount.id : 0);
  put(text, "\nino:\t");
  putUnsigned(text, file.inode.number);
  putByte(text, 0x0a);
  registeredDescribe(file, text);
  return 0;
}
