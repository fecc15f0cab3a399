// System V shared memory: a nameless file of the shared memory file system, with an id. It is attached where a Vma maps the file, so the list
// of the file's mappings says how often. A removed segment lives until the last of them goes. See shmget(2), shmop(2), shmctl(2).

import { Container } from "../container/container";
import { Errno } from "../errno";
import { sharedMemoryFile } from "../fs/shm";
import { PAGE_SHIFT } from "../mm/frame";
import { kernelAlloc, kernelFree } from "../mm/heap";
import { pageUp } from "../mm/map";
import { setSegmentDetached, Vma } from "../mm/vma";
import { Result } from "../result";
import { Credentials } from "../task/credentials";
import { current } from "../task/thread";
import { inodeRelease } from "../vfs/entry";
import { Inode, InodeFlag } from "../vfs/inode";
import { ipcAdd, ipcAt, IpcKind, ipcLastPlace, IpcObject, ipcRemove, nowSeconds } from "./table";

/** SHMMAX and SHMALL: bytes of a segment, pages of all; ULONG_MAX - 2^24, as Linux has it. */
export const SEGMENT_BYTES_MAX: u64 = u64.MAX_VALUE - (1 << 24);

/** Bits of IpcObject.mode beside the permissions. */
export const SHM_DEST: u32 = 0o1000;
export const SHM_LOCKED: u32 = 0o2000;

@unmanaged
export class Segment extends IpcObject {
  inode: Inode;
  bytes: u64;
  attachedSeconds: u64;
  detachedSeconds: u64;
  creatorPid: u32;
  lastPid: u32;
  /** Whose RLIMIT_MEMLOCK counts it, while SHM_LOCKED is set. */
  lockerUid: u32;
}

/** A new segment of `bytes` zeros: its id, -ENOMEM or -ENOSPC. */
export function segmentNew(c: Container, key: i32, bytes: u64, flags: u32, owner: Credentials): Result {
  const p = kernelAlloc(offsetof<Segment>());
  if (p == 0) return -Errno.ENOMEM;
  const inode = sharedMemoryFile(bytes, flags & 0o777, owner.euid, owner.egid);
  const segment = changetype<Segment>(p);
  const r = inode ? ipcAdd(c, IpcKind.SharedMemory, segment, key, flags, owner) : -Errno.ENOMEM;
  if (r < 0) {
    if (inode) inodeRelease(inode);
    kernelFree(p);
    return r;
  }
  segment.inode = inode!;
  segment.bytes = bytes;
  segment.creatorPid = current.process.pid;
  inode!.flags |= InodeFlag.Segment;
  inode!.detail = <u32>p;
  return r;
}

/** Pages of the segments that the user has locked (SHM_LOCK). */
export function segmentsLockedPages(c: Container, uid: u32): u64 {
  let pages: u64 = 0;
  for (let place = ipcLastPlace(c, IpcKind.SharedMemory); place >= 0; place--) {
    const segment = changetype<Segment>(ipcAt(c, IpcKind.SharedMemory, <u32>place));
    if (changetype<usize>(segment) != 0 && segment.mode & SHM_LOCKED && segment.lockerUid == uid)
      pages += pageUp(segment.bytes) >> PAGE_SHIFT;
  }
  return pages;
}

/** How many mappings attach the segment now. */
export function segmentAttachCount(segment: Segment): u32 {
  let n: u32 = 0;
  let vma = changetype<Vma | null>(segment.inode.mappings);
  while (vma) {
    n++;
    vma = vma.inodeNext;
  }
  return n;
}

/** The segment was mapped by the current process. */
export function segmentAttached(segment: Segment): void {
  segment.attachedSeconds = nowSeconds();
  segment.lastPid = current.process.pid;
}

/** A mapping of the segment's file has gone. */
function segmentDetached(inode: Inode): void {
  const segment = changetype<Segment>(<usize>inode.detail);
  segment.detachedSeconds = nowSeconds();
  const t = current;
  if (changetype<usize>(t) != 0) segment.lastPid = t.process.pid;
  if (segment.mode & SHM_DEST && inode.mappings == 0) segmentFree(segment);
}

/** IPC_RMID: the key is free at once, the memory when nobody has it attached. */
export function segmentDestroy(segment: Segment): void {
  segment.key = 0;
  segment.mode |= SHM_DEST;
  if (segment.inode.mappings == 0) segmentFree(segment);
}

/** Takes the segment away; whoever still maps the file keeps it. */
export function segmentFree(segment: Segment): void {
  const inode = segment.inode;
  ipcRemove(segment);
  inode.flags &= ~(<u32>InodeFlag.Segment);
  inode.detail = 0;
  inodeRelease(inode);
  kernelFree(changetype<usize>(segment));
}

/** To be called once at start-up. */
export function segmentsInit(): void {
  setSegmentDetached(segmentDetached);
}
