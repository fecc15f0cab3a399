// inotify(7): a file from which events of watched inodes are read. A watch hangs on its inode (Inode.watches), which it holds, and on its
// instance. Whoever changes a file says so with the functions at the end; while nobody watches anything they cost one comparison.
// A watch holds the file system too, until nothing but watches does: then it is unmounted, and they are told (IN_UNMOUNT).

import { Errno } from "../errno";
import { kernelAlloc, kernelFree } from "../mm/heap";
import { copyOut } from "../mm/user";
import { BLOCKED, Result } from "../result";
import { put, putHex, Text } from "../lib/text";
import { bytesEqual } from "../lib/bytes";
import { wakeAll, WaitQueue } from "../task/wait";
import { fileTellDirectory } from "./asyncfile";
import { fileSystemRelease, fileSystemRetain, inodeRelease, inodeRetain } from "./entry";
import { fileNew, setFileDescribe, setFileIoctl, setFilePoll, setFileQueue, setFileRead, setFileRelease } from "./file";
import { OpenFlag } from "./flags";
import { Entry, EntryFlag, File, FileKind, FileSystem, Inode, isDirectory } from "./inode";
import { anonymousInode } from "./nameless";
import { pollOn, PollEvent } from "./poll";

/** Event bits, and what a watch may say besides; the values of inotify(7). */
export const enum Notify {
  Access = 0x1,
  Modify = 0x2,
  Attributes = 0x4,
  CloseWrite = 0x8,
  CloseNoWrite = 0x10,
  Open = 0x20,
  MovedFrom = 0x40,
  MovedTo = 0x80,
  Create = 0x100,
  Delete = 0x200,
  DeleteSelf = 0x400,
  MoveSelf = 0x800,
  Unmount = 0x2000,
  Overflow = 0x4000,
  Ignored = 0x8000,
  OnlyDirectory = 0x100_0000,
  DontFollow = 0x200_0000,
  ExcludeUnlinked = 0x400_0000,
  MaskCreate = 0x1000_0000,
  MaskAdd = 0x2000_0000,
  Directory = 0x4000_0000,
  OneShot = 0x8000_0000,
}
/** What a program may watch for. */
export const NOTIFY_EVENTS: u32 = 0xfff;
/** Events of what is in a directory, which its watch gets with the name. */
const CHILD_EVENTS: u32 = Notify.Access | Notify.Modify | Notify.Attributes | Notify.CloseWrite | Notify.CloseNoWrite | Notify.Open;

/** fs.inotify.max_queued_events, max_user_watches (here per instance). */
const EVENTS_MAX: u32 = 16384;
const WATCHES_MAX: u32 = 65536;

@unmanaged
class Instance {
  watches: Watch | null;
  watchCount: u32;
  lastNumber: i32;
  firstEvent: Event | null;
  lastEvent: Event | null;
  eventCount: u32;
  /** Bytes that reading everything gives. */
  eventBytes: u32;
  waitFirst: usize;
  waitLast: usize;
  /** What is queued when an event is lost: there must be no need of memory for it. */
  overflow: Event;
  overflowQueued: bool;
}

const INSTANCE_BYTES: u32 = (offsetof<Instance>() + 7) & ~7;

@unmanaged
export class Watch {
  number: i32;
  /** Bits of Notify that are wanted, and ExcludeUnlinked and OneShot. */
  mask: u32;
  /** The open directory that signals instead (F_NOTIFY of fcntl(2)); then there is no instance. */
  file: File | null;
  instance: Instance;
  inode: Inode;
  next: Watch | null;
  prev: Watch | null;
  inodeNext: Watch | null;
  /** Neighbours among the watches of the file system. */
  fsNext: Watch | null;
  fsPrev: Watch | null;
}

/** A queued event; its name, padded with zeros, behind it. */
@unmanaged
class Event {
  next: Event | null;
  /** struct inotify_event from here on. */
  watch: i32;
  mask: u32;
  cookie: u32;
  nameBytes: u32;
}
const EVENT_HEAD: u32 = offsetof<Event>();
const RECORD_AT: u32 = 4;
/** Bytes of struct inotify_event without the name. */
const RECORD_BYTES: u32 = 16;
if (EVENT_HEAD != RECORD_AT + RECORD_BYTES) ERROR("an event is a link and a struct inotify_event");

/** Watches of all instances. */
export let watchCount: u32 = 0;
let lastCookie: u32 = 0;

@inline
function instanceOf(file: File): Instance {
  return changetype<Instance>(file.object);
}

@inline
function queueOf(instance: Instance): WaitQueue {
  return changetype<WaitQueue>(changetype<usize>(instance) + offsetof<Instance>("waitFirst"));
}

/** A new instance; `flags` may have O_NONBLOCK. Null when memory is short. */
export function inotifyNew(flags: u32): File | null {
  const p = kernelAlloc(INSTANCE_BYTES + EVENT_HEAD);
  if (p == 0) return null;
  changetype<Instance>(p).overflow = changetype<Event>(p + INSTANCE_BYTES);
  const file = fileNew(FileKind.Inotify, OpenFlag.ReadOnly | flags, anonymousInode(), null, null);
  if (!file) {
    kernelFree(p);
    return null;
  }
  file.object = p;
  return file;
}

/** Watches `inode` for what `mask` says, or changes its watch: the number of the watch, -EEXIST (MaskCreate), -ENOSPC or -ENOMEM. */
export function inotifyAdd(file: File, inode: Inode, mask: u32): Result {
  const instance = instanceOf(file);
  const kept = mask & (NOTIFY_EVENTS | Notify.ExcludeUnlinked | Notify.OneShot);
  let w = changetype<Watch | null>(inode.watches);
  while (w && (w.file != null || w.instance != instance)) w = w.inodeNext;
  if (w) {
    if (mask & Notify.MaskCreate) return -Errno.EEXIST;
    w.mask = mask & Notify.MaskAdd ? w.mask | kept : kept;
    return w.number;
  }
  if (instance.watchCount == WATCHES_MAX) return -Errno.ENOSPC;
  const p = kernelAlloc(offsetof<Watch>());
  if (p == 0) return -Errno.ENOMEM;
  const watch = changetype<Watch>(p);
  watch.number = ++instance.lastNumber;
  watch.mask = kept;
  watch.instance = instance;
  watch.inode = inodeRetain(inode);
  joinFileSystem(watch, inode.fs);
  watch.inodeNext = changetype<Watch | null>(inode.watches);
  inode.watches = p;
  const first = instance.watches;
  watch.next = first;
  if (first) first.prev = watch;
  instance.watches = watch;
  instance.watchCount++;
  watchCount++;
  return watch.number;
}

/** Takes a watch away, which its reader is told (IN_IGNORED): 0, or -EINVAL when there is none of that number. */
export function inotifyRemove(file: File, number: i32): Result {
  let w = instanceOf(file).watches;
  while (w && w.number != number) w = w.next;
  if (!w) return -Errno.EINVAL;
  watchEnd(w);
  return 0;
}

/** Makes an open directory signal its owner when one of the events of `mask` happens in it; 0 for none any more. False when memory is short. */
export function directorySignal(file: File, mask: u32): bool {
  let w = changetype<Watch | null>(file.inode.watches);
  while (w && w.file != file) w = w.inodeNext;
  if (w) {
    if (mask == 0) watchFree(w);
    // What was asked for once stays until it happens.
    else w.mask = (w.mask & mask & Notify.OneShot) | ((w.mask | mask) & ~(<u32>Notify.OneShot));
    return true;
  }
  if (mask == 0) return true;
  const p = kernelAlloc(offsetof<Watch>());
  if (p == 0) return false;
  const watch = changetype<Watch>(p);
  watch.mask = mask;
  watch.file = file;
  watch.inode = inodeRetain(file.inode);
  joinFileSystem(watch, file.inode.fs);
  watch.inodeNext = changetype<Watch | null>(file.inode.watches);
  file.inode.watches = p;
  watchCount++;
  return true;
}

/** Tells the reader that the watch has ended, and frees it. */
function watchEnd(watch: Watch): void {
  if (!watch.file) enqueue(watch.instance, watch.number, Notify.Ignored, 0, 0, 0);
  watchFree(watch);
}

function watchFree(watch: Watch): void {
  if (!watch.file) leaveInstance(watch);
  const inode = watch.inode;
  let before: Watch | null = null;
  let at = changetype<Watch | null>(inode.watches);
  while (at && at != watch) {
    before = at;
    at = at.inodeNext;
  }
  if (before) before.inodeNext = watch.inodeNext;
  else inode.watches = changetype<usize>(watch.inodeNext);
  watchCount--;
  const fs = inode.fs;
  leaveFileSystem(watch, fs);
  kernelFree(changetype<usize>(watch));
  inodeRelease(inode);
  fileSystemRelease(fs);
}

function leaveInstance(watch: Watch): void {
  const instance = watch.instance;
  const next = watch.next;
  const prev = watch.prev;
  if (next) next.prev = prev;
  if (prev) prev.next = next;
  else instance.watches = next;
  instance.watchCount--;
}

/** The watch holds the file system, which counts such references. */
function joinFileSystem(watch: Watch, fs: FileSystem): void {
  const first = changetype<Watch | null>(fs.watches);
  watch.fsNext = first;
  if (first) first.fsPrev = watch;
  fs.watches = changetype<usize>(watch);
  fs.watchCount++;
  fileSystemRetain(fs);
}

/** Takes the watch out of the list; the reference is still to be given up. */
function leaveFileSystem(watch: Watch, fs: FileSystem): void {
  const next = watch.fsNext;
  const prev = watch.fsPrev;
  if (next) next.fsPrev = prev;
  if (prev) prev.fsNext = next;
  else fs.watches = changetype<usize>(next);
  fs.watchCount--;
}

/** Nothing but watches holds the file system any more: it is unmounted. Its watches are told and end; the last takes it away. */
export function notifyUnmounted(fs: FileSystem): void {
  fileSystemRetain(fs);
  for (let w = changetype<Watch | null>(fs.watches); w; w = changetype<Watch | null>(fs.watches)) {
    if (!w.file) enqueue(w.instance, w.number, Notify.Unmount, 0, 0, 0);
    watchEnd(w);
  }
  fileSystemRelease(fs);
}

/** Queues an event, unless it says the same as the one before it. When memory or the queue's length run out, an overflow takes its place. */
function enqueue(instance: Instance, number: i32, mask: u32, cookie: u32, name: usize, nameLength: u32): void {
  const nameBytes = nameLength == 0 ? 0 : (nameLength + RECORD_BYTES) & ~(RECORD_BYTES - 1);
  const last = instance.lastEvent;
  if (last && last.watch == number && last.mask == mask && last.cookie == cookie && last.nameBytes == nameBytes) {
    const text = changetype<usize>(last) + EVENT_HEAD;
    if (nameLength == 0 || (bytesEqual(text, name, nameLength) && load<u8>(text + nameLength) == 0)) return;
  }
  const p = instance.eventCount < EVENTS_MAX ? kernelAlloc(EVENT_HEAD + nameBytes) : 0;
  if (p == 0) {
    if (instance.overflowQueued) return;
    instance.overflowQueued = true;
    instance.overflow.watch = -1;
    instance.overflow.mask = Notify.Overflow;
    instance.overflow.next = null;
    append(instance, instance.overflow);
    return;
  }
  const event = changetype<Event>(p);
  event.watch = number;
  event.mask = mask;
  event.cookie = cookie;
  event.nameBytes = nameBytes;
  if (nameBytes != 0) memory.copy(p + EVENT_HEAD, name, nameLength);
  append(instance, event);
}

function append(instance: Instance, event: Event): void {
  const last = instance.lastEvent;
  if (last) last.next = event;
  else instance.firstEvent = event;
  instance.lastEvent = event;
  instance.eventCount++;
  instance.eventBytes += RECORD_BYTES + event.nameBytes;
  wakeAll(queueOf(instance));
}

/** Tells the watches of `inode` that want it. A watch for one event has ended with it. */
function tell(inode: Inode, event: u32, flags: u32, cookie: u32, name: usize, nameLength: u32, isUnlinked: bool): void {
  let w = changetype<Watch | null>(inode.watches);
  while (w) {
    const next = w.inodeNext;
    if (w.mask & event && !(isUnlinked && w.mask & Notify.ExcludeUnlinked)) {
      const file = w.file;
      if (file) fileTellDirectory(file);
      else enqueue(w.instance, w.number, event | flags, cookie, name, nameLength);
      if (w.mask & Notify.OneShot) watchEnd(w);
    }
    w = next;
  }
}

/** Something happened to the file at `entry` (null: it has no name): its watches and those of its directory are told. */
function notify(entry: Entry | null, inode: Inode, event: u32): void {
  const flags: u32 = isDirectory(inode) ? Notify.Directory : 0;
  if (entry && event & CHILD_EVENTS) {
    const parent = entry.parent;
    const directory = parent ? parent.inode : null;
    if (directory && directory.watches != 0)
      tell(directory, event, flags, 0, entry.name, entry.nameLength, (entry.flags & EntryFlag.Unlinked) != 0);
  }
  if (inode.watches != 0) tell(inode, event, flags, 0, 0, 0, false);
}

/** Something happened to an open file, or to the file at an entry. */
@inline
export function notifyFile(file: File, event: Notify): void {
  if (watchCount != 0) notify(file.entry, file.inode, event);
}

@inline
export function notifyEntry(entry: Entry, event: Notify): void {
  if (watchCount != 0) notify(entry, entry.inode!, event);
}

/** Something about an inode, whatever its name, has changed: how many names it has. */
@inline
export function notifyLinks(inode: Inode): void {
  if (watchCount != 0) notify(null, inode, Notify.Attributes);
}

/** A name was made in, or taken out of, `directory`. */
@inline
export function notifyName(directory: Entry, entry: Entry, event: Notify): void {
  if (watchCount != 0) tellName(directory, entry, event, 0);
}

function tellName(directory: Entry, entry: Entry, event: u32, cookie: u32): void {
  const flags: u32 = isDirectory(entry.inode!) ? Notify.Directory : 0;
  tell(directory.inode!, event, flags, cookie, entry.name, entry.nameLength, false);
}

/**
 * An entry is about to get another name: tells the old directory with the old name. Returns the cookie that joins the two events, for
 * notifyMoved.
 */
export function notifyMoving(directory: Entry, entry: Entry): u32 {
  if (watchCount == 0) return 0;
  tellName(directory, entry, Notify.MovedFrom, ++lastCookie);
  return lastCookie;
}

/** An entry has got its new name in `directory`. */
export function notifyMoved(directory: Entry, entry: Entry, cookie: u32): void {
  if (watchCount == 0) return;
  tellName(directory, entry, Notify.MovedTo, cookie);
  tell(entry.inode!, Notify.MoveSelf, 0, 0, 0, 0, false);
}

/** The last name of an inode, and the last use of it, have gone: its watches end. */
export function notifyGone(inode: Inode): void {
  inodeRetain(inode);
  tell(inode, Notify.DeleteSelf, 0, 0, 0, 0, false);
  for (let w = changetype<Watch | null>(inode.watches); w; w = changetype<Watch | null>(inode.watches)) watchEnd(w);
  inodeRelease(inode);
}

function read(file: File, ua: u64, count: u32): Result {
  const instance = instanceOf(file);
  let done: u32 = 0;
  for (let event = instance.firstEvent; event; event = instance.firstEvent) {
    const bytes = RECORD_BYTES + event.nameBytes;
    if (done + bytes > count) return done != 0 ? <Result>done : -Errno.EINVAL;
    const r = copyOut(ua + done, changetype<usize>(event) + RECORD_AT, bytes);
    if (r < 0) return done != 0 && r != BLOCKED ? <Result>done : r;
    dropFirst(instance);
    done += bytes;
  }
  return done != 0 ? <Result>done : -Errno.EAGAIN;
}

function dropFirst(instance: Instance): void {
  const event = instance.firstEvent!;
  instance.firstEvent = event.next;
  if (!event.next) instance.lastEvent = null;
  instance.eventCount--;
  instance.eventBytes -= RECORD_BYTES + event.nameBytes;
  if (event == instance.overflow) instance.overflowQueued = false;
  else kernelFree(changetype<usize>(event));
}

function poll(file: File, poller: usize): u32 {
  const instance = instanceOf(file);
  if (poller != 0) pollOn(poller, queueOf(instance));
  return instance.firstEvent ? PollEvent.In | PollEvent.ReadNormal : 0;
}

function queue(file: File, _writing: bool): WaitQueue {
  return queueOf(instanceOf(file));
}

const FIONREAD: u32 = 0x541b;
const word = memory.data(4, 4);

function ioctl(file: File, request: u32, argument: u64): Result {
  if (request != FIONREAD) return -Errno.ENOTTY;
  store<u32>(word, instanceOf(file).eventBytes);
  return copyOut(argument, word, 4);
}

function describe(file: File, text: Text): void {
  let w = instanceOf(file).watches;
  while (w) {
    put(text, "inotify wd:");
    putHex(text, <u32>w.number);
    put(text, " ino:");
    putHex(text, w.inode.number);
    put(text, " sdev:");
    putHex(text, w.inode.fs.device);
    put(text, " mask:");
    putHex(text, w.mask & NOTIFY_EVENTS);
    put(text, " ignored_mask:0\n");
    w = w.next;
  }
}

function release(file: File): void {
  if (file.object == 0) return;
  const instance = instanceOf(file);
  wakeAll(queueOf(instance));
  for (let w = instance.watches; w; w = instance.watches) watchFree(w);
  while (instance.firstEvent) dropFirst(instance);
  kernelFree(file.object);
}

/** To be called once at start-up. */
export function inotifyInit(): void {
  setFileRead(FileKind.Inotify, read);
  setFilePoll(FileKind.Inotify, poll);
  setFileQueue(FileKind.Inotify, queue);
  setFileIoctl(FileKind.Inotify, ioctl);
  setFileDescribe(FileKind.Inotify, describe);
  setFileRelease(FileKind.Inotify, release);
}
