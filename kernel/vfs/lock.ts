// Advisory locks on files. Two families that do not see each other: flock(2) locks, of an open file; and record locks of fcntl(2), of a process
// (that is, of its descriptor table) or, as "open file description locks", of an open file. A lock belongs to its owner by address. Waiting for a
// process's record lock looks for a cycle of waiters first: -EDEADLK.

import { Errno } from "../errno";
import { kernelAlloc, kernelFree } from "../mm/heap";
import { Result } from "../result";
import { OperationKind, registerOperation, operationOpens } from "../task/operation";
import { current, park, Thread } from "../task/thread";
import { hasWaiters, wakeAll, WaitQueue } from "../task/wait";
import { fileRelease, fileRetain } from "./file";
import { File, Inode, InodeFlag } from "./inode";

export const enum LockFamily {
  /** flock(2), the whole file; owner: the File. */
  Flock = 0,
  /** fcntl(2) of a process; owner: the FdTable. */
  Process = 1,
  /** fcntl(2) of an open file; owner: the File. */
  OpenFile = 2,
}

/** The values of l_type of fcntl(2). */
export const enum LockType {
  Read = 0,
  Write = 1,
  None = 2,
}

/** The last byte a lock can cover. */
export const LOCK_END: u64 = i64.MAX_VALUE;

@unmanaged
export class Lock {
  next: Lock | null;
  family: u32;
  type: u32;
  owner: usize;
  /** The process that set it, as F_GETLK tells. */
  pid: u32;
  padding: u32;
  /** First and last byte. */
  start: u64;
  end: u64;
}
const LOCK_BYTES: u32 = 40;
if (offsetof<Lock>() != LOCK_BYTES) ERROR("Lock is 40 bytes");

/** What Inode.locks points to while there are locks or waiters. */
@unmanaged
class LockList {
  first: Lock | null;
  waitFirst: usize;
  waitLast: usize;
  padding: u32;
}
const LIST_BYTES: u32 = 16;

/** A call that waits for a lock: Thread.opObject of OperationKind.Lock. */
@unmanaged
class LockWait {
  next: LockWait | null;
  prev: LockWait | null;
  file: File;
  /** Who waits, and for whom; 0 outside the family Process. */
  owner: usize;
  blocker: usize;
  padding: u32;
}
const WAIT_BYTES: u32 = 24;

let firstWait: LockWait | null = null;

@inline
function listOf(inode: Inode): LockList {
  return changetype<LockList>(inode.locks);
}

@inline
function queueOf(list: LockList): WaitQueue {
  return changetype<WaitQueue>(changetype<usize>(list) + offsetof<LockList>("waitFirst"));
}

/** Makes sure that the inode has a list. Returns false when memory is short. */
export function lockReserve(inode: Inode): bool {
  if (inode.locks == 0) inode.locks = kernelAlloc(LIST_BYTES);
  return inode.locks != 0;
}

function freeListIfIdle(inode: Inode): void {
  if (inode.locks == 0 || listOf(inode).first || hasWaiters(queueOf(listOf(inode)))) return;
  if ((inode.flags & InodeFlag.Queue) != 0) return; // goes with the message queue
  kernelFree(inode.locks);
  inode.locks = 0;
}

@inline
function sameFamily(a: u32, b: u32): bool {
  return (a == LockFamily.Flock) == (b == LockFamily.Flock);
}

/** The first lock that keeps `owner` from having a lock of `type` on [start, end], or null. */
export function lockConflict(inode: Inode, family: LockFamily, owner: usize, type: LockType, start: u64, end: u64): Lock | null {
  if (inode.locks == 0) return null;
  let lock = listOf(inode).first;
  while (lock) {
    const other = sameFamily(lock.family, family) && (lock.owner != owner || lock.family != <u32>family);
    const overlaps = lock.end >= start && lock.start <= end;
    if (other && overlaps && (lock.type == LockType.Write || type == LockType.Write)) return lock;
    lock = lock.next;
  }
  return null;
}

/**
 * Sets (or with LockType.None takes away) a lock of `owner` on bytes [start, end] of the open file. Returns 0; when another lock is in
 * the way -EAGAIN, or with `wait` BLOCKED, -EDEADLK or -ERESTARTSYS; -ENOLCK when memory is short.
 */
export function lockSet(file: File, family: LockFamily, owner: usize, type: LockType, start: u64, end: u64, wait: bool): Result {
  const inode = file.inode;
  if (type == LockType.None && inode.locks == 0) return 0;
  if (type != LockType.None) {
    // flock gives up the old lock before it asks for the new one.
    if (family == LockFamily.Flock && !hasExactly(inode, owner, type)) remove(inode, family, owner);
    const blocker = lockConflict(inode, family, owner, type, start, end);
    if (blocker) return wait ? waitFor(file, family, owner, blocker) : -Errno.EAGAIN;
  }
  if (!lockReserve(inode)) return -Errno.ENOLCK;
  const r = replace(inode, family, owner, type, start, end);
  freeListIfIdle(inode);
  return r;
}

function hasExactly(inode: Inode, owner: usize, type: LockType): bool {
  if (inode.locks == 0) return false;
  let lock = listOf(inode).first;
  while (lock) {
    if (lock.family == LockFamily.Flock && lock.owner == owner) return lock.type == type;
    lock = lock.next;
  }
  return false;
}

/** Makes [start, end] of `owner` have `type`, whatever it had. Up to two records are needed; they are allocated before anything changes. */
function replace(inode: Inode, family: LockFamily, owner: usize, type: LockType, start: u64, end: u64): Result {
  const rest = kernelAlloc(LOCK_BYTES);
  const added = type != LockType.None ? kernelAlloc(LOCK_BYTES) : 0;
  if (rest == 0 || (type != LockType.None && added == 0)) {
    kernelFree(rest);
    kernelFree(added);
    return -Errno.ENOLCK;
  }
  const list = listOf(inode);
  let restUsed = false;
  let changed = false;
  let slot = changetype<usize>(list) + offsetof<LockList>("first");
  for (;;) {
    const lock = changetype<Lock>(<usize>load<u32>(slot));
    if (changetype<usize>(lock) == 0) break;
    if (lock.owner == owner && lock.family == family) {
      const merges = type == lock.type;
      // Neighbours of the same type join, so look one byte further; LOCK_END has no next byte.
      const from = merges && start != 0 ? start - 1 : start;
      const to = merges && end != LOCK_END ? end + 1 : end;
      if (lock.start <= to && lock.end >= from) {
        changed = changed || !merges;
        if (merges) {
          start = min(start, lock.start);
          end = max(end, lock.end);
        } else {
          if (lock.start < start && lock.end > end) {
            const tail = changetype<Lock>(rest);
            restUsed = true;
            memory.copy(rest, changetype<usize>(lock), LOCK_BYTES);
            tail.start = end + 1;
            lock.next = tail;
            lock.end = start - 1;
            break;
          }
          if (lock.start < start) {
            lock.end = start - 1;
            slot = changetype<usize>(lock);
            continue;
          }
          if (lock.end > end) {
            lock.start = end + 1;
            slot = changetype<usize>(lock);
            continue;
          }
        }
        store<u32>(slot, <u32>changetype<usize>(lock.next));
        kernelFree(changetype<usize>(lock));
        continue;
      }
    }
    slot = changetype<usize>(lock);
  }
  if (!restUsed) kernelFree(rest);
  if (added != 0) {
    const lock = changetype<Lock>(added);
    lock.family = family;
    lock.type = type;
    lock.owner = owner;
    lock.pid = changetype<usize>(current) != 0 ? current.process.pid : 0;
    lock.start = start;
    lock.end = end;
    lock.next = list.first;
    list.first = lock;
  }
  if (changed) wakeAll(queueOf(list));
  return 0;
}

/** Takes all locks of `owner` away and wakes the waiters. Nothing has to be allocated for that. */
function remove(inode: Inode, family: LockFamily, owner: usize): void {
  if (inode.locks == 0) return;
  if (family == LockFamily.Process && (inode.flags & InodeFlag.Queue) != 0) call_indirect<void>(queueLeave, inode);
  const list = listOf(inode);
  let changed = false;
  let slot = changetype<usize>(list) + offsetof<LockList>("first");
  for (;;) {
    const lock = changetype<Lock>(<usize>load<u32>(slot));
    if (changetype<usize>(lock) == 0) break;
    if (lock.owner == owner && lock.family == family) {
      store<u32>(slot, <u32>changetype<usize>(lock.next));
      kernelFree(changetype<usize>(lock));
      changed = true;
    } else slot = changetype<usize>(lock);
  }
  if (changed) wakeAll(queueOf(list));
  freeListIfIdle(inode);
}

/**
 * A descriptor of the table `owner` was closed: all record locks its process has on the file go. A message queue that notifies somebody has a list
 * of locks, too, so that a close looks at one thing only.
 */
export function lockLeaveOwner(inode: Inode, owner: usize): void {
  remove(inode, LockFamily.Process, owner);
}

/** kernel/ipc: the current process closes a descriptor of a message queue. */
let queueLeave: u32 = 0;

export function setQueueLeave(leave: (inode: Inode) => void): void {
  queueLeave = leave.index;
}

/** The open file ends: its flock and its record locks go. */
export function lockLeaveFile(file: File): void {
  const owner = changetype<usize>(file);
  remove(file.inode, LockFamily.Flock, owner);
  remove(file.inode, LockFamily.OpenFile, owner);
}

/** Linux gives up after as many steps, too: a longer cycle waits forever. */
const CYCLE_STEPS: i32 = 10;

/** True when `blocker` waits, over others, for a lock of `owner`. */
function wouldDeadlock(owner: usize, blocker: usize): bool {
  for (let step = 0; step < CYCLE_STEPS; step++) {
    if (blocker == owner) return true;
    let next: usize = 0;
    let w = firstWait;
    while (w) {
      if (w.owner == blocker) next = w.blocker;
      w = w.next;
    }
    if (next == 0) return false;
    blocker = next;
  }
  return false;
}

function waitFor(file: File, family: LockFamily, owner: usize, blocker: Lock): Result {
  const t = current;
  const tracked = family == LockFamily.Process && blocker.family == LockFamily.Process;
  if (tracked && wouldDeadlock(owner, blocker.owner)) return -Errno.EDEADLK;
  if (t.opKind == OperationKind.None) {
    const p = kernelAlloc(WAIT_BYTES);
    if (p == 0) return -Errno.ENOLCK;
    const w = changetype<LockWait>(p);
    w.file = fileRetain(file);
    w.next = firstWait;
    if (firstWait) firstWait!.prev = w;
    firstWait = w;
    operationOpens();
    t.opKind = OperationKind.Lock;
    t.opObject = p;
  }
  const w = changetype<LockWait>(t.opObject);
  w.owner = tracked ? owner : 0;
  w.blocker = tracked ? blocker.owner : 0;
  return park(queueOf(listOf(file.inode)));
}

function releaseWait(t: Thread): void {
  const w = changetype<LockWait>(t.opObject);
  if (w.next) w.next!.prev = w.prev;
  if (w.prev) w.prev!.next = w.next;
  else firstWait = w.next;
  const file = w.file;
  kernelFree(changetype<usize>(w));
  freeListIfIdle(file.inode);
  fileRelease(file);
}

/** To be called once at start-up. */
export function lockInit(): void {
  registerOperation(OperationKind.Lock, releaseWait);
}
