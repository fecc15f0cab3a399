// Open files (open file descriptions): their life, and what each kind of file does. Descriptors, fork, dup and waiting calls share a File by
// reference counting; the last release closes it. Kinds that this folder does not know (terminals, sockets, synthetic files ...) register
// their functions here by FileKind; none of those ever parks: they return -EAGAIN, and the caller parks on the file's queue.

import { Errno } from "../errno";
import { Text } from "../lib/text";
import { kernelAlloc, kernelFree } from "../mm/heap";
import { Socket } from "../net/socket";
import { socketWakeNext } from "../net/transfer";
import { BLOCKED, Result } from "../result";
import { OperationKind, registerOperation, operationOpens } from "../task/operation";
import { current, NEVER, park, Thread } from "../task/thread";
import { WaitQueue } from "../task/wait";
import { entryRelease, entryRetain, inodeRelease, inodeRetain } from "./entry";
import { epollForget, epollWakeNext } from "./epoll";
import { fileAsyncRelease } from "./asyncfile";
import { accessOf, FileAccess, KEPT_FLAGS } from "./flags";
import { Entry, EntryFlag, File, FileKind, Inode, isRegular, Mount } from "./inode";
import { Notify, notifyFile } from "./inotify";
import { lockLeaveFile, lockLeaveOwner } from "./lock";
import { mountRelease, mountRetain } from "./mount";
import { Pipe, pipeWakeNext } from "./pipe";

const FILE_BYTES: u32 = (offsetof<File>() + 7) & ~7;
const FILE_KINDS: u32 = 32;

/** Moves up to `count` bytes between the file and user memory: bytes moved, -EAGAIN when it would have to wait, or an error. */
type TransferFunction = (file: File, ua: u64, count: u32) => Result;
/** Event bits that hold now; registers `poller` (0: nobody) on the file's queues with pollOn (kernel/vfs/poll.ts). */
type PollFunction = (file: File, poller: usize) => u32;
/** The queue on which a reader (or a writer) of the file waits. */
type QueueFunction = (file: File, writing: bool) => WaitQueue;
/** ioctl(2) requests of the kind, with its argument: >= 0, -ENOTTY for those it does not know, or another error. */
type IoctlFunction = (file: File, request: u32, argument: u64) => Result;
/** Adds the lines of the kind to /proc/PID/fdinfo/N, each with its line feed. */
type DescribeFunction = (file: File, text: Text) => void;
/** Runs on the last close. */
type ReleaseFunction = (file: File) => void;

const readers = memory.data(FILE_KINDS * 4, 8);
const writers = memory.data(FILE_KINDS * 4, 8);
const pollers = memory.data(FILE_KINDS * 4, 8);
const queues = memory.data(FILE_KINDS * 4, 8);
const controllers = memory.data(FILE_KINDS * 4, 8);
const describers = memory.data(FILE_KINDS * 4, 8);
const releasers = memory.data(FILE_KINDS * 4, 8);

export function setFileRead(kind: FileKind, read: TransferFunction): void {
  store<u32>(readers + ((<usize>kind) << 2), read.index);
}

export function setFileWrite(kind: FileKind, write: TransferFunction): void {
  store<u32>(writers + ((<usize>kind) << 2), write.index);
}

export function setFilePoll(kind: FileKind, poll: PollFunction): void {
  store<u32>(pollers + ((<usize>kind) << 2), poll.index);
}

/** Kinds whose read or write can return -EAGAIN must register where to wait. */
export function setFileQueue(kind: FileKind, queue: QueueFunction): void {
  store<u32>(queues + ((<usize>kind) << 2), queue.index);
}

export function setFileIoctl(kind: FileKind, ioctl: IoctlFunction): void {
  store<u32>(controllers + ((<usize>kind) << 2), ioctl.index);
}

export function setFileDescribe(kind: FileKind, describe: DescribeFunction): void {
  store<u32>(describers + ((<usize>kind) << 2), describe.index);
}

export function setFileRelease(kind: FileKind, release: ReleaseFunction): void {
  store<u32>(releasers + ((<usize>kind) << 2), release.index);
}

/** Read by the kind's function; -EINVAL when it has none. */
export function registeredRead(file: File, ua: u64, count: u32): Result {
  const index = load<u32>(readers + ((<usize>file.kind) << 2));
  return index == 0 ? -Errno.EINVAL : call_indirect<Result>(index, file, ua, count);
}

/** Write by the kind's function; -EINVAL when it has none. */
export function registeredWrite(file: File, ua: u64, count: u32): Result {
  const index = load<u32>(writers + ((<usize>file.kind) << 2));
  return index == 0 ? -Errno.EINVAL : call_indirect<Result>(index, file, ua, count);
}

/** ioctl by the kind's function; -ENOTTY when it has none. */
export function registeredIoctl(file: File, request: u32, argument: u64): Result {
  const index = load<u32>(controllers + ((<usize>file.kind) << 2));
  return index == 0 ? -Errno.ENOTTY : call_indirect<Result>(index, file, request, argument);
}

/** Adds what the kind has to say of the file to /proc/PID/fdinfo/N; most have nothing. */
export function registeredDescribe(file: File, text: Text): void {
  const index = load<u32>(describers + ((<usize>file.kind) << 2));
  if (index != 0) call_indirect<void>(index, file, text);
}

/** Event bits by the kind's function; a kind without one is always ready. */
export function registeredPoll(file: File, poller: usize, otherwise: u32): u32 {
  const index = load<u32>(pollers + ((<usize>file.kind) << 2));
  return index == 0 ? otherwise : call_indirect<u32>(index, file, poller);
}

/** True when the kind can be waited for (epoll refuses the others with EPERM). */
export function isPollable(kind: u32): bool {
  return load<u32>(pollers + ((<usize>kind) << 2)) != 0;
}

/** The queue of the kind's function, or null. */
export function registeredQueue(file: File, writing: bool): WaitQueue | null {
  const index = load<u32>(queues + ((<usize>file.kind) << 2));
  return index == 0 ? null : call_indirect<WaitQueue>(index, file, writing);
}

/**
 * An open file of `kind` on `inode` with one reference; mount and entry are where it was opened, null for nameless ones. Takes its own
 * references to all three. A regular file open for writing counts in Inode.writers. An opener may set another kind and the object
 * afterwards; the kind's release function then also sees files whose object is still 0. Null when memory is short.
 */
export function fileNew(kind: FileKind, flags: u32, inode: Inode, mount: Mount | null, entry: Entry | null): File | null {
  const p = kernelAlloc(FILE_BYTES);
  if (p == 0) return null;
  const file = changetype<File>(p);
  file.refs = 1;
  file.kind = kind;
  file.flags = flags & KEPT_FLAGS;
  file.access = kind == FileKind.PathOnly ? 0 : accessOf(flags);
  file.inode = inodeRetain(inode);
  if (mount) file.mount = mountRetain(mount);
  if (entry) file.entry = entryRetain(entry);
  if (countsAsWriter(file)) inode.writers++;
  return file;
}

/** As on Linux a memfd may be executed while it is open for writing: it is no file that others could be surprised to find changed. */
@inline
function countsAsWriter(file: File): bool {
  if ((file.access & FileAccess.Write) == 0 || !isRegular(file.inode)) return false;
  const entry = file.entry;
  return !entry || (entry.flags & EntryFlag.Apart) == 0;
}

@inline
export function fileRetain(file: File): File {
  file.refs++;
  return file;
}

/** Drops a reference; the last one closes the file. */
export function fileRelease(file: File): void {
  if (--file.refs == 0) fileClose(file);
  else if (file.inFlight == file.refs) call_indirect<void>(orphanHandler, file);
}

/** Told when only messages on their way refer to a file any more (kernel/net/unix/collect.ts). */
type OrphanHandler = (file: File) => void;
let orphanHandler: u32 = 0;

export function setOrphanHandler(handler: OrphanHandler): void {
  orphanHandler = handler.index;
}

/** Whoever is told of the file by epoll or by signal is not any more. */
function closeWatched(file: File): void {
  if (file.watchers != 0) epollForget(file);
  if (file.async != 0) fileAsyncRelease(file);
}

function fileClose(file: File): void {
  const inode = file.inode;
  if (file.kind != FileKind.PathOnly) notifyFile(file, (file.access & FileAccess.Write) != 0 ? Notify.CloseWrite : Notify.CloseNoWrite);
  if ((file.watchers | file.async) != 0) closeWatched(file);
  if (inode.locks != 0) lockLeaveFile(file);
  const index = load<u32>(releasers + ((<usize>file.kind) << 2));
  if (index != 0) call_indirect<void>(index, file);
  if (countsAsWriter(file)) inode.writers--;
  const entry = file.entry;
  const mount = file.mount;
  kernelFree(changetype<usize>(file));
  inodeRelease(inode);
  if (entry) entryRelease(entry);
  if (mount) mountRelease(mount);
}

/** A descriptor of the table `owner` is being closed: the record locks its process has on the file go (fcntl(2)), or a message queue's notice. */
@inline
export function fileLeave(file: File, owner: usize): void {
  if (file.inode.locks != 0) lockLeaveOwner(file.inode, owner);
}

/**
 * Parks the current call on `queue` of `file`, as `park` does, and holds the file until the call ends, so that a close(2) by another thread
 * leaves the waiting call alone. With `exclusive`, one wake-up wakes only one such waiter.
 */
export function fileWait(file: File, queue: WaitQueue, exclusive: bool = false, deadlineNs: u64 = NEVER): Result {
  const t = current;
  const r = park(queue, deadlineNs);
  if (r != BLOCKED) return r;
  t.waiter.exclusive = exclusive;
  if (t.opKind == OperationKind.None) {
    operationOpens();
    t.opKind = OperationKind.File;
    t.opObject = changetype<usize>(fileRetain(file));
  }
  return BLOCKED;
}

/** The file the current call waits on since an earlier run, or a null pointer. */
@inline
export function heldFile(t: Thread): File {
  return changetype<File>(t.opKind == OperationKind.File ? t.opObject : 0);
}

function releaseHeldFile(t: Thread): void {
  const file = changetype<File>(t.opObject);
  // A thread that dies must not keep a wake-up that was meant for one of several.
  if (t.waiter.exclusive) {
    t.waiter.exclusive = false;
    if (file.kind == FileKind.Pipe) pipeWakeNext(changetype<Pipe>(file.object));
    else if (file.kind == FileKind.Epoll) epollWakeNext(file);
    else if (file.kind == FileKind.Socket) socketWakeNext(changetype<Socket>(file.object));
  }
  fileRelease(file);
}

/** To be called once at start-up. */
export function fileInit(): void {
  registerOperation(OperationKind.File, releaseHeldFile);
}
