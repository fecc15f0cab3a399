// Listeners (seccomp_unotify(2)): a descriptor by which another process decides about calls that a filter gives SECCOMP_RET_USER_NOTIF. Such a
// call is a Notification, which the calling thread holds while it waits; the listener has them in a list. The descriptor has a reference to its
// filter, so a filter with no other one is used by nobody. When the descriptor goes, calls that wait are ENOSYS, as are all later ones.

import { Errno } from "../../kernel/errno";
import { kernelAlloc, kernelFree } from "../../kernel/mm/heap";
import { randomU64 } from "../../kernel/random";
import { GONE, PASSED, Result } from "../../kernel/result";
import { clearOperation } from "../../kernel/run";
import { Filter, filterRelease, filterRetain } from "../../kernel/task/filter";
import { OperationKind, operationOpens, registerOperation } from "../../kernel/task/operation";
import { park, parkUninterruptible, Thread } from "../../kernel/task/thread";
import { wakeAll, WaitQueue } from "../../kernel/task/wait";
import { fileNew, setFileIoctl, setFilePoll, setFileRelease } from "../../kernel/vfs/file";
import { OpenFlag } from "../../kernel/vfs/flags";
import { File, FileKind } from "../../kernel/vfs/inode";
import { anonymousInode } from "../../kernel/vfs/nameless";
import { PollEvent, pollOn } from "../../kernel/vfs/poll";
import { SECCOMP_DATA_BYTES } from "../types/seccomp";

export const enum NotificationState {
  /** Nobody has received it. */
  Waiting = 0,
  /** Somebody has, and may answer. */
  Received = 1,
  Answered = 2,
}

@unmanaged
export class Notification {
  /** The WaitQueue of its thread. */
  queueFirst: usize;
  queueLast: usize;
  next: Notification | null;
  prev: Notification | null;
  /** Null when that has gone. */
  listener: Listener | null;
  thread: Thread;
  id: u64;
  value: u64;
  error: i32;
  /** Answered: the call is carried out all the same. */
  continues: bool;
  state: u8;
  pad0: u16;
}
/** The struct seccomp_data follows. */
export const NOTIFICATION_BYTES: u32 = 48;
if (offsetof<Notification>() != NOTIFICATION_BYTES) ERROR("struct seccomp_data stands at a multiple of 8");

@unmanaged
export class Listener {
  /** The WaitQueue of who polls and receives; Filter.listener points here. */
  queueFirst: usize;
  queueLast: usize;
  filter: Filter;
  first: Notification | null;
  last: Notification | null;
  /** Notifications in these states. */
  waiting: u32;
  received: u32;
  /** Calls that nobody has come for, those included that were interrupted since: so often one who receives does not wait. */
  requests: u32;
  nextId: u64;
}

@inline
export function queueOf(object: usize): WaitQueue {
  return changetype<WaitQueue>(object);
}

@inline
export function listenerOf(file: File): Listener {
  return changetype<Listener>(file.object);
}

/** A descriptor's file for the calls of `f`, which has none yet; null when memory is short. */
export function listenerNew(f: Filter): File | null {
  const p = kernelAlloc(offsetof<Listener>());
  if (p == 0) return null;
  const file = fileNew(FileKind.SeccompListener, OpenFlag.ReadWrite, anonymousInode(), null, null);
  if (!file) {
    kernelFree(p);
    return null;
  }
  const l = changetype<Listener>(p);
  l.filter = changetype<Filter>(filterRetain(f));
  l.nextId = randomU64();
  f.listener = p;
  file.object = p;
  return file;
}

/** True when no thread has the listener's filter any more. */
@inline
export function isUnused(l: Listener): bool {
  return l.filter.refs == 1;
}

/** Changes the state of a notification whose listener is there. */
export function setState(l: Listener, n: Notification, state: NotificationState): void {
  count(l, n.state, -1);
  n.state = <u8>state;
  count(l, state, 1);
}

function count(l: Listener, state: u32, by: i32): void {
  if (state == NotificationState.Waiting) l.waiting += by;
  else if (state == NotificationState.Received) l.received += by;
}

/** Gives the thread of `n` an answer: `error` (a negated errno, or 0), or else `value`; or with `continues` the call is carried out. */
export function answer(l: Listener, n: Notification, error: i32, value: u64, continues: bool): void {
  setState(l, n, NotificationState.Answered);
  n.error = error;
  n.value = value;
  n.continues = continues;
  wakeAll(queueOf(changetype<usize>(n)));
}

/** The notification with this id, or null. */
export function notificationFind(l: Listener, id: u64): Notification | null {
  let n = l.first;
  while (n && n.id != id) n = n.next;
  return n;
}

/** The first that nobody has received, or null. */
export function notificationWaiting(l: Listener): Notification | null {
  let n = l.first;
  while (n && n.state != NotificationState.Waiting) n = n.next;
  return n;
}

/** Tells the listener of `f` of the call whose struct seccomp_data is at `data`, and waits for the answer: see awaitAnswer. -ENOSYS without one. */
export function notify(t: Thread, f: Filter, data: usize): Result {
  if (f.listener == 0) return -Errno.ENOSYS;
  const p = kernelAlloc(NOTIFICATION_BYTES + SECCOMP_DATA_BYTES);
  if (p == 0) return -Errno.ENOMEM;
  memory.copy(p + NOTIFICATION_BYTES, data, SECCOMP_DATA_BYTES);
  const l = changetype<Listener>(f.listener);
  const n = changetype<Notification>(p);
  n.thread = t;
  n.id = l.nextId++;
  n.listener = l;
  n.prev = l.last;
  if (l.last) l.last!.next = n;
  else l.first = n;
  l.last = n;
  l.waiting++;
  l.requests++;
  operationOpens();
  t.opKind = OperationKind.Notification;
  t.opObject = p;
  wakeAll(queueOf(f.listener));
  return awaitAnswer(t);
}

/** PASSED: the call is carried out. GONE: its result is in place. BLOCKED, or -ERESTARTSYS when a signal comes first. */
export function awaitAnswer(t: Thread): Result {
  const n = changetype<Notification>(t.opObject);
  const queue = queueOf(changetype<usize>(n));
  if (n.state != NotificationState.Answered) {
    // SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV: once received, only the thread's end interrupts.
    return n.state == NotificationState.Received && n.listener!.filter.waitsKillable ? parkUninterruptible(queue) : park(queue);
  }
  const continues = n.continues;
  const result = n.error != 0 ? <u64>(<i64>n.error) : n.value;
  clearOperation(t);
  t.restarting = false;
  t.wakeReason = 0;
  if (continues) return PASSED;
  t.rax = result;
  return GONE;
}

function releaseNotification(t: Thread): void {
  const n = changetype<Notification>(t.opObject);
  const l = n.listener;
  if (l) {
    count(l, n.state, -1);
    if (n.next) n.next!.prev = n.prev;
    else l.last = n.prev;
    if (n.prev) n.prev!.next = n.next;
    else l.first = n.next;
  }
  kernelFree(changetype<usize>(n));
}

function poll(file: File, poller: usize): u32 {
  const l = listenerOf(file);
  if (poller != 0) pollOn(poller, queueOf(file.object));
  let events: u32 = isUnused(l) ? PollEvent.HangUp : 0;
  if (l.waiting != 0) events |= PollEvent.In | PollEvent.ReadNormal;
  if (l.received != 0) events |= PollEvent.Out | PollEvent.WriteNormal;
  return events;
}

function release(file: File): void {
  if (file.object == 0) return;
  const l = listenerOf(file);
  let n = l.first;
  while (n) {
    const next = n.next;
    n.next = null;
    n.prev = null;
    n.listener = null;
    if (n.state != NotificationState.Answered) answer(l, n, -Errno.ENOSYS, 0, false);
    n = next;
  }
  l.filter.listener = 0;
  filterRelease(l.filter);
  kernelFree(changetype<usize>(l));
}

/** To be called once at start-up, with what ioctl(2) does. */
export function listenersInit(ioctl: (file: File, request: u32, argument: u64) => Result): void {
  registerOperation(OperationKind.Notification, releaseNotification);
  setFilePoll(FileKind.SeccompListener, poll);
  setFileIoctl(FileKind.SeccompListener, ioctl);
  setFileRelease(FileKind.SeccompListener, release);
}
