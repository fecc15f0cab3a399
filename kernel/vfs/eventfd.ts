// eventfd(2): a 64-bit counter as a file. Writing adds, reading takes all of it or, as a semaphore, one.

import { Errno } from "../errno";
import { put, putByte, putHex, Text } from "../lib/text";
import { kernelAlloc, kernelFree } from "../mm/heap";
import { copiedWord, copyInWord, copyOutWord } from "../mm/user";
import { Result } from "../result";
import { anyoneFor, wakeAll, wakeAllFor, WaitQueue } from "../task/wait";
import { fileNew, setFileDescribe, setFilePoll, setFileQueue, setFileRead, setFileRelease, setFileWrite } from "./file";
import { OpenFlag } from "./flags";
import { File, FileKind } from "./inode";
import { anonymousInode } from "./nameless";
import { pollOn, PollEvent } from "./poll";

@unmanaged
class Counter {
  value: u64;
  first: usize;
  last: usize;
  isSemaphore: u32;
  padding: u32;
}
const COUNTER_BYTES: u32 = 24;
if (offsetof<Counter>() != COUNTER_BYTES) ERROR("Counter is 24 bytes");

@inline
function counterOf(file: File): Counter {
  return changetype<Counter>(file.object);
}

@inline
function queueOf(counter: Counter): WaitQueue {
  return changetype<WaitQueue>(changetype<usize>(counter) + offsetof<Counter>("first"));
}

/** A counter that starts at `value`; `flags` may have O_NONBLOCK. Null when memory is short. */
export function eventFdNew(value: u64, isSemaphore: bool, flags: u32): File | null {
  const p = kernelAlloc(COUNTER_BYTES);
  if (p == 0) return null;
  const file = fileNew(FileKind.EventFd, OpenFlag.ReadWrite | flags, anonymousInode(), null, null);
  if (!file) {
    kernelFree(p);
    return null;
  }
  const counter = changetype<Counter>(p);
  counter.value = value;
  counter.isSemaphore = isSemaphore ? 1 : 0;
  file.object = p;
  return file;
}

function read(file: File, ua: u64, count: u32): Result {
  const counter = counterOf(file);
  if (count < 8) return -Errno.EINVAL;
  if (counter.value == 0) return -Errno.EAGAIN;
  const taken = counter.isSemaphore != 0 ? 1 : counter.value;
  const r = copyOutWord(ua, taken);
  if (r < 0) return r;
  counter.value -= taken;
  if (anyoneFor(queueOf(counter), PollEvent.Out)) wakeAllFor(queueOf(counter), PollEvent.Out);
  return 8;
}

function write(file: File, ua: u64, count: u32): Result {
  const counter = counterOf(file);
  if (count < 8) return -Errno.EINVAL;
  const r = copyInWord(ua);
  if (r < 0) return r;
  const added = copiedWord;
  if (added == u64.MAX_VALUE) return -Errno.EINVAL;
  if (u64.MAX_VALUE - counter.value <= added) return -Errno.EAGAIN;
  counter.value += added;
  if (anyoneFor(queueOf(counter), PollEvent.In)) wakeAllFor(queueOf(counter), PollEvent.In);
  // However much the caller offered: one number was taken, and that is all there is to write.
  return count;
}

function poll(file: File, poller: usize): u32 {
  const counter = counterOf(file);
  if (poller != 0) pollOn(poller, queueOf(counter));
  let events: u32 = 0;
  if (counter.value != 0) events |= PollEvent.In;
  if (counter.value < u64.MAX_VALUE - 1) events |= PollEvent.Out;
  return events;
}

function queue(file: File, writing: bool): WaitQueue {
  return queueOf(counterOf(file));
}

function describe(file: File, text: Text): void {
  put(text, "eventfd-count: ");
  putHex(text, counterOf(file).value, 16, 0x20);
  putByte(text, 0x0a);
}

function release(file: File): void {
  if (file.object == 0) return;
  wakeAll(queueOf(counterOf(file)));
  kernelFree(file.object);
}

/** To be called once at start-up. */
export function eventFdInit(): void {
  setFileRead(FileKind.EventFd, read);
  setFileWrite(FileKind.EventFd, write);
  setFilePoll(FileKind.EventFd, poll);
  setFileQueue(FileKind.EventFd, queue);
  setFileDescribe(FileKind.EventFd, describe);
  setFileRelease(FileKind.EventFd, release);
}
