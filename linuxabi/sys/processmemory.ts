// Looking into other processes: process_vm_readv(2), process_vm_writev(2), kcmp(2), process_madvise(2), process_mrelease(2). Who may is decided as
// for ptrace(2), "Ptrace access mode checking".

import { Errno } from "../../kernel/errno";
import { mayAttach, mayInspect } from "../../kernel/fs/procsubject";
import { kernelAlloc, kernelFree } from "../../kernel/mm/heap";
import { Peer, spaceCopy } from "../../kernel/mm/remote";
import { AddressSpace } from "../../kernel/mm/space";
import { copyIn, PIECE_BYTES } from "../../kernel/mm/user";
import { BLOCKED, Result } from "../../kernel/result";
import { Capability, capable } from "../../kernel/task/credentials";
import { threadFind } from "../../kernel/task/pids";
import { Process, ProcessState } from "../../kernel/task/process";
import { Thread } from "../../kernel/task/thread";
import { epollFile } from "../../kernel/vfs/epoll";
import { FdTable, fdGet } from "../../kernel/vfs/fdtable";
import { File } from "../../kernel/vfs/inode";
import { isRemoteAdvice } from "../types/memory";
import { isNone } from "./descriptor";
import { advisePages } from "./madvise";
import { processOfDescriptor } from "./pidfd";
import { vectorDone, vectorIn, vectorPieces, vectorTotal } from "./vector";

/** UIO_MAXIOV. */
const PIECES_MAX: u64 = 1024;

export function sysProcessVmReadv(t: Thread, pid: i32, local: u64, localCount: u64, remote: u64, remoteCount: u64, flags: u64): Result {
  return transfer(t, pid, local, localCount, remote, remoteCount, flags, Peer.Source);
}

export function sysProcessVmWritev(t: Thread, pid: i32, local: u64, localCount: u64, remote: u64, remoteCount: u64, flags: u64): Result {
  return transfer(t, pid, local, localCount, remote, remoteCount, flags, Peer.Target);
}

/** Copies between the caller's pieces and another process's: the bytes, which may be fewer than asked for; the error when there are none. */
function transfer(t: Thread, pid: i32, local: u64, localCount: u64, remote: u64, remoteCount: u64, flags: u64, peer: Peer): Result {
  if (flags != 0) return -Errno.EINVAL;
  let r = vectorIn(local, localCount);
  if (r >= 0 && vectorTotal() != 0) r = transferFrom(t, pid, <u32>localCount, remote, remoteCount, peer);
  vectorDone();
  return r;
}

function transferFrom(t: Thread, pid: i32, localCount: u32, remote: u64, remoteCount: u64, peer: Peer): Result {
  if (remoteCount > PIECES_MAX) return -Errno.EINVAL;
  const bytes = <u32>remoteCount * PIECE_BYTES;
  const pieces = kernelAlloc(max<u32>(bytes, PIECE_BYTES));
  if (pieces == 0) return -Errno.ENOMEM;
  let r = copyIn(pieces, remote, bytes);
  for (let p = pieces; p < pieces + bytes && r >= 0; p += PIECE_BYTES) if (<i64>load<u64>(p, 8) < 0) r = -Errno.EINVAL;
  if (r >= 0) {
    const target = threadFind(t.process.container, <u32>pid);
    const space = target ? target.process.space : null;
    if (!space) r = -Errno.ESRCH;
    else if (!mayAttach(target!.process)) r = -Errno.EPERM;
    else r = copyPieces(space, localCount, pieces, <u32>remoteCount, peer);
  }
  kernelFree(pieces);
  return r;
}

/** Both lists of pieces as one row of bytes each, up to the end of the shorter. */
function copyPieces(space: AddressSpace, localCount: u32, remote: usize, remoteCount: u32, peer: Peer): Result {
  const local = vectorPieces();
  let done: u64 = 0;
  let i: u32 = 0;
  let j: u32 = 0;
  let localDone: u64 = 0;
  let remoteDone: u64 = 0;
  while (i < localCount && j < remoteCount) {
    const localLeft = load<u64>(local + i * PIECE_BYTES, 8) - localDone;
    const remoteLeft = load<u64>(remote + j * PIECE_BYTES, 8) - remoteDone;
    const bytes = <u32>min(localLeft, remoteLeft);
    if (bytes != 0) {
      const r = spaceCopy(
        space,
        load<u64>(remote + j * PIECE_BYTES) + remoteDone,
        load<u64>(local + i * PIECE_BYTES) + localDone,
        bytes,
        peer,
      );
      if (r < 0) return r == BLOCKED || done == 0 ? r : <Result>done;
      done += r;
      if (<u32>r < bytes) return done;
    }
    localDone += bytes;
    remoteDone += bytes;
    if (localDone == load<u64>(local + i * PIECE_BYTES, 8)) {
      i++;
      localDone = 0;
    }
    if (remoteDone == load<u64>(remote + j * PIECE_BYTES, 8)) {
      j++;
      remoteDone = 0;
    }
  }
  return done;
}

/** `type` of kcmp(2): include/uapi/linux/kcmp.h. */
const enum Compare {
  KCMP_FILE = 0,
  KCMP_VM = 1,
  KCMP_FILES = 2,
  KCMP_FS = 3,
  KCMP_SIGHAND = 4,
  KCMP_IO = 5,
  KCMP_SYSVSEM = 6,
  KCMP_EPOLL_TFD = 7,
}

/** Order of two kernel objects that says nothing of where they are but whether they are the same: 0, or 1 or 2 for less and greater. */
function order(a: usize, b: usize): Result {
  const x = <u32>a * 0x9e3779b1;
  const y = <u32>b * 0x9e3779b1;
  return x == y ? 0 : x < y ? 1 : 2;
}

export function sysKcmp(t: Thread, pid1: i32, pid2: i32, type: i32, index1: u64, index2: u64): Result {
  const c = t.process.container;
  const thread1 = threadFind(c, <u32>pid1);
  const thread2 = threadFind(c, <u32>pid2);
  if (!thread1 || !thread2) return -Errno.ESRCH;
  const a = thread1.process;
  const b = thread2.process;
  if (!mayAttach(a) || !mayAttach(b)) return -Errno.EPERM;
  switch (type) {
    case Compare.KCMP_FILE:
      return compareFiles(fileOf(a, index1), fileOf(b, index2));
    case Compare.KCMP_VM:
      return order(changetype<usize>(a.space), changetype<usize>(b.space));
    case Compare.KCMP_FILES:
      return order(changetype<usize>(a.files), changetype<usize>(b.files));
    case Compare.KCMP_FS:
      return order(changetype<usize>(a.paths), changetype<usize>(b.paths));
    case Compare.KCMP_SIGHAND:
      return order(changetype<usize>(a.actions), changetype<usize>(b.actions));
    case Compare.KCMP_IO:
      return order(changetype<usize>(thread1.ioContext), changetype<usize>(thread2.ioContext));
    case Compare.KCMP_SYSVSEM:
      return order(a.semaphoreUndos, b.semaphoreUndos);
    case Compare.KCMP_EPOLL_TFD:
      return compareTarget(fileOf(a, index1), b, index2);
    default:
      return -Errno.EINVAL;
  }
}

function fileOf(p: Process, index: u64): File {
  return p.files && index < u32.MAX_VALUE ? fdGet(changetype<FdTable>(p.files), <u32>index) : changetype<File>(0);
}

function compareFiles(a: File, b: File): Result {
  return isNone(a) || isNone(b) ? -Errno.EBADF : order(changetype<usize>(a), changetype<usize>(b));
}

const slot = memory.data(12, 8);

/** struct kcmp_epoll_slot: the descriptor of an epoll, the number of one that it watches, and which of several with that number. */
function compareTarget(file: File, p: Process, ua: u64): Result {
  const r = copyIn(slot, ua, 12);
  if (r < 0) return r;
  if (isNone(file)) return -Errno.EBADF;
  const epoll = fileOf(p, load<u32>(slot));
  if (isNone(epoll)) return -Errno.EBADF;
  const watched = epollFile(epoll, load<u32>(slot, 4), load<u32>(slot, 8));
  return watched < 0 ? watched : order(changetype<usize>(file), <usize>watched);
}

/** process_madvise(2): the bytes that were advised. To others only advice that changes nothing they could notice. */
export function sysProcessMadvise(t: Thread, fd: i32, vector: u64, count: u64, advice: u32, flags: u32): Result {
  if (flags != 0) return -Errno.EINVAL;
  let r = vectorIn(vector, count);
  if (r >= 0) r = adviseProcess(t, fd, <u32>count, advice);
  vectorDone();
  return r;
}

function adviseProcess(t: Thread, fd: i32, count: u32, advice: u32): Result {
  const process = processOfDescriptor(t, fd);
  if (!process) return -Errno.EBADF;
  const space = process.space;
  if (process.state != ProcessState.Running || !space) return -Errno.ESRCH;
  if (!mayInspect(process)) return -Errno.EPERM;
  if (process != t.process) {
    if (!isRemoteAdvice(advice)) return -Errno.EINVAL;
    if (!capable(t.credentials, Capability.SysNice)) return -Errno.EPERM;
  }
  const pieces = vectorPieces();
  let done: u64 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const bytes = load<u64>(pieces + i * PIECE_BYTES, 8);
    const r = advisePages(t, space, load<u64>(pieces + i * PIECE_BYTES), bytes, advice);
    if (r < 0) return r == BLOCKED || done == 0 ? r : <Result>done;
    done += bytes;
  }
  return done;
}

/** process_mrelease(2): a process that is killed gives its memory back at once here, so there is never anything left to do. */
export function sysProcessMrelease(t: Thread, fd: i32, flags: u32): Result {
  if (flags != 0) return -Errno.EINVAL;
  const process = processOfDescriptor(t, fd);
  if (!process) return -Errno.EBADF;
  if (process.state != ProcessState.Running || !process.space) return -Errno.ESRCH;
  return process.exiting ? 0 : -Errno.EINVAL;
}
