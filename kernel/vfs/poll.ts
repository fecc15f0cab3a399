// Polling: what an open file is ready for, and being told when that changes. A PollSet registers the waiters of one watcher on the queues of
// the files it watches: of a thread in poll(2) or select(2), for as long as the call lasts, or of an epoll item. It holds the files, so
// that no queue goes away under a waiter. Waking is a hint: whoever is woken asks filePoll again.

import { kernelAlloc, kernelFree } from "../mm/heap";
import { OperationKind, registerOperation, operationOpens } from "../task/operation";
import { Thread } from "../task/thread";
import { stopWaiting, Waiter, WaiterKind, waitOn, WaitQueue, WAITER_BYTES } from "../task/wait";
import { fileRelease, fileRetain, registeredPoll } from "./file";
import { File, FileKind } from "./inode";

/** Event bits, with the values of poll(2) and epoll(7). */
export const enum PollEvent {
  In = 0x1,
  Priority = 0x2,
  Out = 0x4,
  Error = 0x8,
  HangUp = 0x10,
  Invalid = 0x20,
  ReadNormal = 0x40,
  ReadBand = 0x80,
  WriteNormal = 0x100,
  WriteBand = 0x200,
  Message = 0x400,
  ReadHangUp = 0x2000,
}

/** What a file that never makes anyone wait is ready for. */
export const ALWAYS_READY: u32 = PollEvent.In | PollEvent.ReadNormal | PollEvent.Out | PollEvent.WriteNormal;

@unmanaged
export class PollSet {
  /** What the waiters wake, and of which WaiterKind that is. */
  owner: usize;
  kind: u32;
  /** Entries in use; those from `room` on are allocated one by one. */
  first: usize;
  used: u32;
  room: u32;
  /** Files held: an array behind the entries. */
  files: usize;
  fileCount: u32;
  /** Memory ran out while registering: the waiters are not complete. */
  failed: bool;
  /** Wake-ups go to one of the exclusive waiters of a queue only (EPOLLEXCLUSIVE). */
  exclusive: bool;
  /** Events that the owner need not hear of. */
  ignored: u16;
}
const SET_BYTES: u32 = 32;
if (offsetof<PollSet>() != SET_BYTES) ERROR("PollSet is 32 bytes");

/** A Waiter with a link to the next entry of its set behind it. */
const ENTRY_BYTES: u32 = WAITER_BYTES + 4;

/** A set for up to `files` files whose wake-ups go to `owner`, of `kind`; null when memory is short. */
export function pollSetNew(owner: usize, kind: WaiterKind, files: u32): PollSet | null {
  const p = kernelAlloc(SET_BYTES + files * (ENTRY_BYTES + 4));
  if (p == 0) return null;
  const set = changetype<PollSet>(p);
  set.owner = owner;
  set.kind = kind;
  set.room = files;
  set.files = p + SET_BYTES + files * ENTRY_BYTES;
  return set;
}

/** Registers the set on the queues of `file` and holds the file. Returns the events that hold now; look at `set.failed` in the end. */
export function pollSetAdd(set: PollSet, file: File): u32 {
  store<u32>(set.files + (set.fileCount++ << 2), <u32>changetype<usize>(fileRetain(file)));
  return filePoll(file, changetype<usize>(set));
}

/** The `i`th file that was added, or a null pointer. */
export function pollSetFile(set: PollSet, i: u32): File {
  return changetype<File>(i < set.fileCount ? <usize>load<u32>(set.files + (i << 2)) : 0);
}

/** The set the current call registered on an earlier run, or null. */
@inline
export function heldPollSet(t: Thread): PollSet | null {
  return changetype<PollSet | null>(t.opKind == OperationKind.Poll ? t.opObject : 0);
}

/** Makes `set` what the current call holds until it ends. */
export function holdPollSet(t: Thread, set: PollSet): void {
  operationOpens();
  t.opKind = OperationKind.Poll;
  t.opObject = changetype<usize>(set);
}

/** Takes all waiters off their queues, lets go of the files and frees the set. */
export function pollSetFree(set: PollSet): void {
  pollSetClear(set);
  kernelFree(changetype<usize>(set));
}

/** Takes all waiters off their queues and lets go of the files. */
export function pollSetClear(set: PollSet): void {
  const base = changetype<usize>(set) + SET_BYTES;
  const end = base + set.room * ENTRY_BYTES;
  let p = set.first;
  while (p != 0) {
    const next = <usize>load<u32>(p, WAITER_BYTES);
    stopWaiting(changetype<Waiter>(p));
    if (p < base || p >= end) kernelFree(p);
    p = next;
  }
  set.first = 0;
  set.used = 0;
  const count = set.fileCount;
  set.fileCount = 0;
  for (let i: u32 = 0; i < count; i++) fileRelease(changetype<File>(<usize>load<u32>(set.files + (i << 2))));
}

/** For the poll functions of files: makes `poller`, a PollSet, hear of every wake-up of `queue`. */
export function pollOn(poller: usize, queue: WaitQueue): void {
  const set = changetype<PollSet>(poller);
  const p = set.used < set.room ? poller + SET_BYTES + set.used++ * ENTRY_BYTES : kernelAlloc(ENTRY_BYTES);
  if (p == 0) {
    set.failed = true;
    return;
  }
  const waiter = changetype<Waiter>(p);
  waiter.owner = set.owner;
  waiter.kind = <u8>set.kind;
  waiter.exclusive = set.exclusive;
  waiter.ignored = set.ignored;
  waiter.queue = null;
  store<u32>(p, <u32>set.first, WAITER_BYTES);
  set.first = p;
  waitOn(queue, waiter);
}

/** Makes the waiters of the set ignore these events. */
export function pollSetIgnore(set: PollSet, events: u16): void {
  set.ignored = events;
  for (let p = set.first; p != 0; p = <usize>load<u32>(p, WAITER_BYTES)) changetype<Waiter>(p).ignored = events;
}

/** Event bits that hold for `file` now; `poller` is 0 or a PollSet to register with pollOn. */
export function filePoll(file: File, poller: usize): u32 {
  switch (file.kind) {
    case FileKind.Regular:
    case FileKind.Directory:
    case FileKind.Null:
    case FileKind.Zero:
    case FileKind.Full:
    case FileKind.Random:
      return ALWAYS_READY;
    default:
      return registeredPoll(file, poller, ALWAYS_READY);
  }
}

function releasePollSet(t: Thread): void {
  pollSetFree(changetype<PollSet>(t.opObject));
}

/** To be called once at start-up. */
export function pollInit(): void {
  registerOperation(OperationKind.Poll, releasePollSet);
}
