// System V shared memory: shmget(2), shmat(2), shmdt(2), shmctl(2).

import { Errno } from "../../kernel/errno";
import {
  segmentAttachCount,
  segmentAttached,
  segmentDestroy,
  SEGMENT_BYTES_MAX,
  segmentNew,
  Segment,
  segmentsLockedPages,
  SHM_LOCKED,
} from "../../kernel/ipc/segment";
import { ipcAt, ipcCount, ipcFound, ipcGet, IpcKind, ipcLastPlace, SEGMENTS_MAX } from "../../kernel/ipc/table";
import { PAGE_SHIFT, PAGE_SIZE } from "../../kernel/mm/frame";
import { mayLockMore, populate } from "../../kernel/mm/lock";
import { mapRegion, pageUp, placeRegion, unmapRegion } from "../../kernel/mm/map";
import { VmaFlag } from "../../kernel/mm/vma";
import { rangeFree, USER_START, vmaFrom } from "../../kernel/mm/vmatree";
import { copyIn, copyOut, USER_END } from "../../kernel/mm/user";
import { Result } from "../../kernel/result";
import { capable, Capability, inGroup } from "../../kernel/task/credentials";
import { LimitKind, mayGrow, softLimit, UNLIMITED } from "../../kernel/task/limits";
import { Thread } from "../../kernel/task/thread";
import { InodeFlag } from "../../kernel/vfs/inode";
import { IpcCommand, ShmCommand, ShmFlag, SHMINFO_BYTES, SHM_INFO_BYTES, ShmStatus } from "../types/ipc";
import { foundId, highestPlace, ipcObject, ownedObject, permittedObject, placedObject, putPermission, takePermission } from "./ipc";

const status = memory.data(offsetof<ShmStatus>(), 8);

export function sysShmget(t: Thread, key: i32, bytes: u64, flags: u32): Result {
  const c = t.process.container;
  const r = ipcGet(c, IpcKind.SharedMemory, key, flags);
  if (r < 0) return r;
  if (changetype<usize>(ipcFound) != 0) {
    if (changetype<Segment>(ipcFound).bytes < bytes) return -Errno.EINVAL;
    return foundId(t, flags);
  }
  if (bytes == 0 || bytes > SEGMENT_BYTES_MAX) return -Errno.EINVAL;
  if (bytes > USER_END) return -Errno.ENOMEM;
  // Huge pages are for the group of vm.hugetlb_shm_group, 0 unless told otherwise, and none are reserved.
  if (flags & ShmFlag.SHM_HUGETLB)
    return capable(t.credentials, Capability.IpcLock) || inGroup(t.credentials, 0) ? -Errno.ENOMEM : -Errno.EPERM;
  return segmentNew(c, key, bytes, flags, t.credentials);
}

export function sysShmat(t: Thread, id: i32, address: u64, flags: u32): Result {
  if (flags & ShmFlag.SHM_REMAP && address == 0) return -Errno.EINVAL;
  if (address & (PAGE_SIZE - 1)) {
    if (!(flags & ShmFlag.SHM_RND)) return -Errno.EINVAL;
    address &= ~(<u64>PAGE_SIZE - 1);
    if (address == 0 && flags & ShmFlag.SHM_REMAP) return -Errno.EINVAL;
  }
  const writes = !(flags & ShmFlag.SHM_RDONLY);
  const executes = (flags & ShmFlag.SHM_EXEC) != 0;
  const found = permittedObject(t, IpcKind.SharedMemory, id, (writes ? 0o666 : 0o444) | (executes ? 0o111 : 0));
  if (found < 0) return found;
  const segment = changetype<Segment>(ipcObject);
  const bytes = pageUp(segment.bytes);
  const space = t.process.space!;
  if (!mayGrow(t.process, space, bytes, VmaFlag.Shared)) return -Errno.ENOMEM;
  let start: Result = address;
  if (address == 0) start = placeRegion(space, 0, bytes);
  else if (bytes > USER_END || address > USER_END - bytes) return -Errno.EINVAL;
  else if (address < USER_START) return -Errno.EPERM;
  else if (!(flags & ShmFlag.SHM_REMAP) && !rangeFree(space, address, address + bytes)) return -Errno.EINVAL;
  if (start < 0) return start;
  if (space.futureLock != 0 && !mayLockMore(t, space, bytes)) return -Errno.EAGAIN;
  const access =
    space.futureLock | VmaFlag.Read | (writes ? VmaFlag.Write : VmaFlag.ReadOnlyFile) | (executes ? VmaFlag.Execute : 0) | VmaFlag.Shared;
  const r = mapRegion(space, <u64>start, bytes, access, segment.inode, 0, null);
  if (r < 0) return r;
  segmentAttached(segment);
  if (space.futureLock != 0) populate(space, <u64>start, <u64>start + bytes);
  return r;
}

export function sysShmdt(t: Thread, address: u64): Result {
  if (address & (PAGE_SIZE - 1)) return -Errno.EINVAL;
  const space = t.process.space!;
  // The first mapping of a segment that stands where the segment's start at `address` would put it tells which segment is meant.
  let detached = false;
  let end = USER_END;
  let vma = vmaFrom(space, address);
  while (vma && vma.start < end) {
    const next = vma.next;
    const inode = vma.inode;
    const isSegment = inode != null && (inode.flags & InodeFlag.Segment) != 0;
    if (isSegment && vma.start >= address && (vma.start - address) >> PAGE_SHIFT == vma.pageOffset) {
      end = address + pageUp(changetype<Segment>(<usize>inode!.detail).bytes);
      const r = unmapRegion(space, vma.start, min(vma.end, end));
      if (r < 0) return r;
      detached = true;
    }
    vma = next;
  }
  return detached ? 0 : -Errno.EINVAL;
}

export function sysShmctl(t: Thread, id: i32, command: i32, ua: u64): Result {
  if (id < 0 || command < 0) return -Errno.EINVAL;
  switch (command) {
    case IpcCommand.IPC_INFO:
      return limitsOut(t, ua);
    case ShmCommand.SHM_INFO:
      return usageOut(t, ua);
    case IpcCommand.IPC_STAT: {
      const r = permittedObject(t, IpcKind.SharedMemory, id, 0o444);
      return r < 0 ? r : statusOut(ua, 0);
    }
    case ShmCommand.SHM_STAT:
    case ShmCommand.SHM_STAT_ANY: {
      const r = placedObject(t, IpcKind.SharedMemory, id, command == ShmCommand.SHM_STAT_ANY);
      return r < 0 ? r : statusOut(ua, ipcObject.id);
    }
    case IpcCommand.IPC_SET:
      return set(t, id, ua);
    case IpcCommand.IPC_RMID: {
      const r = ownedObject(t, IpcKind.SharedMemory, id);
      if (r >= 0) segmentDestroy(changetype<Segment>(ipcObject));
      return r;
    }
    case ShmCommand.SHM_LOCK:
    case ShmCommand.SHM_UNLOCK:
      return lock(t, id, command == ShmCommand.SHM_LOCK);
    default:
      return -Errno.EINVAL;
  }
}

/** Writes struct shmid64_ds of the object found last; `result` or -EFAULT. */
function statusOut(ua: u64, result: Result): Result {
  const segment = changetype<Segment>(ipcObject);
  const out = changetype<ShmStatus>(status);
  memory.fill(status, 0, offsetof<ShmStatus>());
  putPermission(out, segment);
  out.bytes = segment.bytes;
  out.attachedSeconds = segment.attachedSeconds;
  out.detachedSeconds = segment.detachedSeconds;
  out.changedSeconds = segment.changedSeconds;
  out.creatorPid = segment.creatorPid;
  out.lastPid = segment.lastPid;
  out.attachCount = segmentAttachCount(segment);
  const r = copyOut(ua, status, offsetof<ShmStatus>());
  return r < 0 ? r : result;
}

function set(t: Thread, id: i32, ua: u64): Result {
  let r = copyIn(status, ua, offsetof<ShmStatus>());
  if (r < 0) return r;
  r = ownedObject(t, IpcKind.SharedMemory, id);
  return r < 0 ? r : takePermission(ipcObject, changetype<ShmStatus>(status));
}

/** Nothing is ever swapped out, so locking is a mark only; who may set it is as on Linux. */
function lock(t: Thread, id: i32, on: bool): Result {
  const r = permittedObject(t, IpcKind.SharedMemory, id, 0);
  if (r < 0) return r;
  const c = t.credentials;
  const segment = changetype<Segment>(ipcObject);
  if (!capable(c, Capability.IpcLock)) {
    if (c.euid != ipcObject.uid && c.euid != ipcObject.creatorUid) return -Errno.EPERM;
    const limit = softLimit(t.process, LimitKind.LockedMemory);
    if (on && limit == 0) return -Errno.EPERM;
    const pages = (pageUp(segment.bytes) >> PAGE_SHIFT) + segmentsLockedPages(t.process.container, c.uid);
    if (on && !(segment.mode & SHM_LOCKED) && limit != UNLIMITED && pages > limit >> PAGE_SHIFT) return -Errno.ENOMEM;
  }
  if (on && !(segment.mode & SHM_LOCKED)) segment.lockerUid = c.uid;
  ipcObject.mode = on ? ipcObject.mode | SHM_LOCKED : ipcObject.mode & ~SHM_LOCKED;
  return 0;
}

/** struct shminfo64. */
function limitsOut(t: Thread, ua: u64): Result {
  memory.fill(status, 0, SHMINFO_BYTES);
  store<u64>(status, SEGMENT_BYTES_MAX);
  store<u64>(status, 1, 8);
  store<u64>(status, SEGMENTS_MAX, 16);
  store<u64>(status, SEGMENTS_MAX, 24);
  store<u64>(status, SEGMENT_BYTES_MAX, 32);
  const r = copyOut(ua, status, SHMINFO_BYTES);
  return r < 0 ? r : highestPlace(t, IpcKind.SharedMemory);
}

/** struct shm_info: segments, their pages, and those in memory. */
function usageOut(t: Thread, ua: u64): Result {
  const c = t.process.container;
  let pages: u64 = 0;
  let resident: u64 = 0;
  for (let place = ipcLastPlace(c, IpcKind.SharedMemory); place >= 0; place--) {
    const segment = changetype<Segment>(ipcAt(c, IpcKind.SharedMemory, <u32>place));
    if (changetype<usize>(segment) == 0) continue;
    pages += pageUp(segment.bytes) >> PAGE_SHIFT;
    resident += segment.inode.pageCount;
  }
  memory.fill(status, 0, SHM_INFO_BYTES);
  store<u32>(status, ipcCount(c, IpcKind.SharedMemory));
  store<u64>(status, pages, 8);
  store<u64>(status, resident, 16);
  const r = copyOut(ua, status, SHM_INFO_BYTES);
  return r < 0 ? r : highestPlace(t, IpcKind.SharedMemory);
}
