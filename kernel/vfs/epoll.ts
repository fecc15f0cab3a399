// epoll(7): a set of open files and a list of those that may be ready. An item hears of its file's wake-ups through a PollSet and then stands on the
// ready list; epoll_wait asks only the files on that list, so that idle ones cost nothing. An item belongs to its epoll file and hangs on the
// watched one (File.watchers) without holding it: closing either for good removes it.

import { Errno } from "../errno";
import { kernelAlloc, kernelFree } from "../mm/heap";
import { beginWords, endWords, putHalfWord, putWord } from "../mm/user";
import { Result } from "../result";
import { hasWaiters, setWaker, wakeAll, Waiter, WaiterKind, wakeOne, WaitQueue } from "../task/wait";
import { fileNew, isPollable, registeredPoll, setFilePoll, setFileQueue, setFileRelease } from "./file";
import { OpenFlag } from "./flags";
import { File, FileKind } from "./inode";
import { anonymousInode } from "./nameless";
import { filePoll, pollOn, PollEvent, PollSet, pollSetFree, pollSetIgnore, pollSetNew } from "./poll";

/** Bits beside the events. */
export const enum EpollFlag {
  Exclusive = 0x1000_0000,
  WakeUp = 0x2000_0000,
  OneShot = 0x4000_0000,
  EdgeTriggered = 0x8000_0000,
}
const FLAGS: u32 = 0xf000_0000;
/** What an exclusive item may ask for. */
const EXCLUSIVE_EVENTS: u32 =
  PollEvent.In | PollEvent.Out | PollEvent.Error | PollEvent.HangUp | PollEvent.ReadNormal | PollEvent.WriteNormal | PollEvent.ReadHangUp;
/** Most epoll files in a row that watch each other. */
const LEVELS_MAX: i32 = 5;
/** struct epoll_event on x86-64: packed. */
const EVENT_BYTES: u32 = 12;

@unmanaged
class Epoll {
  /** Chains of items by descriptor: a power of two of them. */
  buckets: usize;
  bucketCount: u32;
  itemCount: u32;
  readyFirst: Item | null;
  readyLast: Item | null;
  /** Threads in epoll_wait, and those who poll the epoll file itself. */
  waitFirst: usize;
  waitLast: usize;
  pollFirst: usize;
  pollLast: usize;
  /** The epoll file itself; not counted. */
  file: File;
}
const EPOLL_BYTES: u32 = 40;
if (offsetof<Epoll>() != EPOLL_BYTES) ERROR("Epoll is 40 bytes");
const FIRST_BUCKETS: u32 = 8;

@unmanaged
class Item {
  data: u64;
  epoll: Epoll;
  file: File;
  fd: u32;
  /** Events asked for, and bits of EpollFlag. No events: a one-shot item that has fired. */
  events: u32;
  set: PollSet;
  bucketNext: Item | null;
  fileNext: Item | null;
  readyNext: Item | null;
  readyPrev: Item | null;
  isReady: u32;
}
const ITEM_BYTES: u32 = 48;
if (offsetof<Item>() != ITEM_BYTES) ERROR("Item is 48 bytes");

@inline
function epollOf(file: File): Epoll {
  return changetype<Epoll>(file.object);
}

@inline
function waitQueue(e: Epoll): WaitQueue {
  return changetype<WaitQueue>(changetype<usize>(e) + offsetof<Epoll>("waitFirst"));
}

@inline
function pollQueue(e: Epoll): WaitQueue {
  return changetype<WaitQueue>(changetype<usize>(e) + offsetof<Epoll>("pollFirst"));
}

@inline
function bucket(e: Epoll, fd: u32): usize {
  return e.buckets + ((fd & (e.bucketCount - 1)) << 2);
}

/** A new epoll file; null when memory is short. */
export function epollNew(): File | null {
  const p = kernelAlloc(EPOLL_BYTES);
  const buckets = kernelAlloc(FIRST_BUCKETS * 4);
  const file = p != 0 && buckets != 0 ? fileNew(FileKind.Epoll, OpenFlag.ReadWrite, anonymousInode(), null, null) : null;
  if (!file) {
    kernelFree(p);
    kernelFree(buckets);
    return null;
  }
  const e = changetype<Epoll>(p);
  e.buckets = buckets;
  e.bucketCount = FIRST_BUCKETS;
  e.file = file;
  file.object = p;
  return file;
}

function find(e: Epoll, file: File, fd: u32): Item | null {
  let item = changetype<Item | null>(<usize>load<u32>(bucket(e, fd)));
  while (item && (item.file != file || item.fd != fd)) item = item.bucketNext;
  return item;
}

/** The `nth` file that an epoll file watches by descriptor number `fd` (kcmp(2)): -EINVAL when `file` is no epoll, -ENOENT when there is none. */
export function epollFile(file: File, fd: u32, nth: u32): Result {
  if (file.kind != FileKind.Epoll) return -Errno.EINVAL;
  let item = changetype<Item | null>(<usize>load<u32>(bucket(epollOf(file), fd)));
  while (item && (item.fd != fd || nth-- != 0)) item = item.bucketNext;
  return item ? <Result>changetype<usize>(item.file) : -Errno.ENOENT;
}

function growBuckets(e: Epoll): void {
  const count = e.bucketCount * 2;
  const buckets = kernelAlloc(count * 4);
  if (buckets == 0) return; // longer chains work, too
  for (let i: u32 = 0; i < e.bucketCount; i++) {
    let item = changetype<Item | null>(<usize>load<u32>(e.buckets + (i << 2)));
    while (item) {
      const next = item.bucketNext;
      const slot = buckets + ((item.fd & (count - 1)) << 2);
      item.bucketNext = changetype<Item | null>(<usize>load<u32>(slot));
      store<u32>(slot, <u32>changetype<usize>(item));
      item = next;
    }
  }
  kernelFree(e.buckets);
  e.buckets = buckets;
  e.bucketCount = count;
}

function putReady(item: Item): void {
  if (item.isReady != 0) return;
  const e = item.epoll;
  item.isReady = 1;
  const last = e.readyLast;
  item.readyNext = null;
  item.readyPrev = last;
  if (last) last.readyNext = item;
  else e.readyFirst = item;
  e.readyLast = item;
}

function takeReady(item: Item): void {
  if (item.isReady == 0) return;
  const e = item.epoll;
  const next = item.readyNext;
  const prev = item.readyPrev;
  if (next) next.readyPrev = prev;
  else e.readyLast = prev;
  if (prev) prev.readyNext = next;
  else e.readyFirst = next;
  item.isReady = 0;
}

/** What the item asks for and its file has: of a pollable kind, which tells by its own function. */
@inline
function eventsOf(item: Item): u32 {
  return registeredPoll(item.file, 0, 0) & item.events & ~FLAGS;
}

/** A queue of the item's file has woken. */
function wakeItem(owner: usize, waiter: Waiter): void {
  itemReady(changetype<Item>(owner));
}

/** The item's file may be ready: a hint. */
@inline
function itemReady(item: Item): void {
  if ((item.events & ~FLAGS) == 0) return;
  if (item.isReady == 0) putReady(item);
  tell(item.epoll);
}

/** Wakes one thread in epoll_wait, and all who poll the epoll file. */
@inline
function tell(e: Epoll): void {
  if ((e.waitFirst | e.pollFirst) != 0) wakeWaiters(e);
}

function wakeWaiters(e: Epoll): void {
  if (hasWaiters(waitQueue(e))) wakeOne(waitQueue(e));
  if (hasWaiters(pollQueue(e))) wakeAll(pollQueue(e));
}

/** Takes over the events and flags asked for; errors and hang-ups are always wanted. */
function setWanted(item: Item, events: u32): void {
  item.events = events | PollEvent.Error | PollEvent.HangUp;
  pollSetIgnore(item.set, <u16>~item.events);
}

/** EPOLL_CTL_ADD: 0, -EEXIST, -EPERM for a kind that nobody can wait for, -ELOOP, -EINVAL, -ENOMEM. */
export function epollAdd(epollFile: File, file: File, fd: u32, events: u32, data: u64): Result {
  const e = epollOf(epollFile);
  const exclusive = (events & EpollFlag.Exclusive) != 0;
  if (exclusive && (file.kind == FileKind.Epoll || (events & ~FLAGS & ~EXCLUSIVE_EVENTS) != 0)) return -Errno.EINVAL;
  if (exclusive && (events & EpollFlag.OneShot) != 0) return -Errno.EINVAL;
  if (!isPollable(file.kind)) return -Errno.EPERM;
  if (file.kind == FileKind.Epoll && levelsBelow(file, epollFile, 1) + levelsAbove(epollFile, 1) > LEVELS_MAX) return -Errno.ELOOP;
  if (find(e, file, fd)) return -Errno.EEXIST;
  const p = kernelAlloc(ITEM_BYTES);
  const set = p != 0 ? pollSetNew(p, WaiterKind.EpollItem, 1) : null;
  if (!set) {
    kernelFree(p);
    return -Errno.ENOMEM;
  }
  const item = changetype<Item>(p);
  item.epoll = e;
  item.file = file;
  item.fd = fd;
  item.data = data;
  item.set = set;
  setWanted(item, events);
  set.exclusive = exclusive;
  const now = filePoll(file, changetype<usize>(set));
  if (set.failed) {
    pollSetFree(set);
    kernelFree(p);
    return -Errno.ENOMEM;
  }
  if (e.itemCount++ >= e.bucketCount * 2) growBuckets(e);
  const slot = bucket(e, fd);
  item.bucketNext = changetype<Item | null>(<usize>load<u32>(slot));
  store<u32>(slot, <u32>p);
  item.fileNext = changetype<Item | null>(file.watchers);
  file.watchers = p;
  if ((now & item.events & ~FLAGS) != 0) itemReady(item);
  return 0;
}

/** EPOLL_CTL_MOD: 0, -ENOENT, or -EINVAL where EPOLLEXCLUSIVE is in play. */
export function epollModify(epollFile: File, file: File, fd: u32, events: u32, data: u64): Result {
  const item = find(epollOf(epollFile), file, fd);
  if ((events & EpollFlag.Exclusive) != 0) return -Errno.EINVAL;
  if (!item) return -Errno.ENOENT;
  if ((item.events & EpollFlag.Exclusive) != 0) return -Errno.EINVAL;
  setWanted(item, events);
  item.data = data;
  if (eventsOf(item) != 0) itemReady(item);
  return 0;
}

/** EPOLL_CTL_DEL: 0 or -ENOENT. */
export function epollRemove(epollFile: File, file: File, fd: u32): Result {
  const item = find(epollOf(epollFile), file, fd);
  if (!item) return -Errno.ENOENT;
  drop(item);
  return 0;
}

/** Takes an item out of its epoll and off its file, and frees it. */
function drop(item: Item): void {
  const e = item.epoll;
  takeReady(item);
  pollSetFree(item.set);
  let slot = bucket(e, item.fd);
  while (load<u32>(slot) != <u32>changetype<usize>(item)) slot = <usize>load<u32>(slot) + offsetof<Item>("bucketNext");
  store<u32>(slot, <u32>changetype<usize>(item.bucketNext));
  slot = changetype<usize>(item.file) + offsetof<File>("watchers");
  while (load<u32>(slot) != <u32>changetype<usize>(item)) slot = <usize>load<u32>(slot) + offsetof<Item>("fileNext");
  store<u32>(slot, <u32>changetype<usize>(item.fileNext));
  e.itemCount--;
  kernelFree(changetype<usize>(item));
}

/** A file is closed for good: every epoll forgets it. */
export function epollForget(file: File): void {
  while (file.watchers != 0) drop(changetype<Item>(file.watchers));
}

/**
 * Epoll files on the longest way down from `from`, itself included; more than LEVELS_MAX when `target` is on the way, or it is too long.
 * `level` counts the way so far.
 */
function levelsBelow(from: File, target: File, level: i32): i32 {
  if (from == target || level > LEVELS_MAX) return LEVELS_MAX + 1;
  let most = level;
  const e = epollOf(from);
  for (let i: u32 = 0; i < e.bucketCount; i++) {
    let item = changetype<Item | null>(<usize>load<u32>(e.buckets + (i << 2)));
    while (item) {
      if (item.file.kind == FileKind.Epoll) most = max(most, levelsBelow(item.file, target, level + 1));
      item = item.bucketNext;
    }
  }
  return most;
}

/** Epoll files on the longest way up from `file` through those that watch it, itself included. */
function levelsAbove(file: File, level: i32): i32 {
  if (level > LEVELS_MAX) return level;
  let most = level;
  let item = changetype<Item | null>(file.watchers);
  while (item) {
    most = max(most, levelsAbove(item.epoll.file, level + 1));
    item = item.fileNext;
  }
  return most;
}

/**
 * Collects up to `limit` events into user memory at `ua`, a range that userRange has accepted. Returns how many; 0 when nothing is ready;
 * -EFAULT when the first cannot be stored. Level-triggered items stay on the list, behind the others.
 */
export function epollCollect(epollFile: File, ua: u64, limit: u32): Result {
  const e = epollOf(epollFile);
  // Only what is on the list now: an item that goes to its end is not looked at again.
  const last = e.readyLast;
  let done: u32 = 0;
  for (let item = e.readyFirst; item; item = e.readyFirst) {
    const events = eventsOf(item);
    if (events != 0) {
      const r = putEvent(ua + done * EVENT_BYTES, events, item.data);
      if (r < 0) {
        if (done == 0) return r;
        break;
      }
      done++;
    }
    if (events == 0 || (item.events & (EpollFlag.OneShot | EpollFlag.EdgeTriggered)) != 0) {
      takeReady(item);
      if (events != 0 && (item.events & EpollFlag.OneShot) != 0) item.events &= FLAGS;
    } else if (item.readyNext) {
      takeReady(item);
      putReady(item);
    }
    if (item == last || done == limit) break;
  }
  if ((e.waitFirst | e.pollFirst) != 0 && done != 0 && e.readyFirst) wakeWaiters(e);
  return done;
}

/** Stores a struct epoll_event in a range that userRange has accepted: 0, -EFAULT or BLOCKED. */
@inline
function putEvent(ua: u64, events: u32, data: u64): Result {
  let r: Result = 1;
  while (r > 0) {
    beginWords();
    putHalfWord(ua, events);
    putWord(ua + 4, data);
    r = endWords(true);
  }
  return r;
}

/** The queue of threads in epoll_wait. */
export function epollQueue(epollFile: File): WaitQueue {
  return waitQueue(epollOf(epollFile));
}

/** Passes a wake-up on: the thread that got it did not use it. */
export function epollWakeNext(epollFile: File): void {
  const e = epollOf(epollFile);
  if (e.readyFirst) wakeOne(waitQueue(e));
}

function poll(file: File, poller: usize): u32 {
  const e = epollOf(file);
  if (poller != 0) pollOn(poller, pollQueue(e));
  let item = e.readyFirst;
  while (item) {
    if (eventsOf(item) != 0) return PollEvent.In | PollEvent.ReadNormal;
    const next = item.readyNext;
    takeReady(item);
    item = next;
  }
  return 0;
}

function queue(file: File, writing: bool): WaitQueue {
  return waitQueue(epollOf(file));
}

function release(file: File): void {
  if (file.object == 0) return;
  const e = epollOf(file);
  wakeAll(waitQueue(e));
  wakeAll(pollQueue(e));
  for (let i: u32 = 0; i < e.bucketCount; i++) {
    const slot = e.buckets + (i << 2);
    while (load<u32>(slot) != 0) drop(changetype<Item>(<usize>load<u32>(slot)));
  }
  kernelFree(e.buckets);
  kernelFree(changetype<usize>(e));
}

/** To be called once at start-up. */
export function epollInit(): void {
  setWaker(WaiterKind.EpollItem, wakeItem);
  setFilePoll(FileKind.Epoll, poll);
  setFileQueue(FileKind.Epoll, queue);
  setFileRelease(FileKind.Epoll, release);
}
