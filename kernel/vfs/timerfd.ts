// Timers that are read as files (timerfd_create(2)). Reading takes the number of expirations since the last reading. A periodic timer rests
// after an expiration that nobody has read: the periods that passed meanwhile are counted when somebody looks, so a short period costs nothing.
// The wall clock is set before the first container and never after, so there is nothing to cancel a timer for (TFD_TIMER_CANCEL_ON_SET).

import { Errno } from "../errno";
import { put, putByte, putOctal, putUnsigned, Text } from "../lib/text";
import { kernelAlloc, kernelFree } from "../mm/heap";
import { copyOut } from "../mm/user";
import { BLOCKED, Result } from "../result";
import { wakeAll, WaitQueue } from "../task/wait";
import { nowNs, wallOffset } from "../time/clock";
import { setTimerHandler, Timer, TimerKind, TIMER_BYTES, timerCancel, timerDestroy, timerInit, timerSet } from "../time/timer";
import { fileNew, setFileDescribe, setFilePoll, setFileQueue, setFileRead, setFileRelease } from "./file";
import { OpenFlag } from "./flags";
import { File, FileKind } from "./inode";
import { anonymousInode } from "./nameless";
import { pollOn, PollEvent } from "./poll";

@unmanaged
class FileTimer {
  /** Next expiration in monotonic time; 0 while the timer is not armed. */
  expiryNs: u64;
  /** 0 for a timer that expires once. */
  intervalNs: u64;
  /** Expirations that nobody has read; at least 1 after the timer fired, the rest is counted by `settle`. */
  expirations: u64;
  first: usize;
  last: usize;
  isWall: bool;
  /** As timerfd_create and timerfd_settime were told, for fdinfo. */
  clockId: u8;
  setFlags: u8;
  pad: u8;
  timer: Timer;
}
const TIMER_AT: u32 = (offsetof<FileTimer>() + 7) & ~7;
const FILE_TIMER_BYTES: u32 = TIMER_AT + TIMER_BYTES;

const word = memory.data(8, 8);

@inline
function timerOf(file: File): FileTimer {
  return changetype<FileTimer>(file.object);
}

@inline
function queueOf(t: FileTimer): WaitQueue {
  return changetype<WaitQueue>(changetype<usize>(t) + offsetof<FileTimer>("first"));
}

/** A timer that is not armed, on wall or monotonic time; `clockId` is what fdinfo shows. Null when memory is short. */
export function timerFileNew(isWall: bool, clockId: u32, flags: u32): File | null {
  const p = kernelAlloc(FILE_TIMER_BYTES);
  if (p == 0) return null;
  const t = changetype<FileTimer>(p);
  t.timer = changetype<Timer>(p + TIMER_AT);
  t.isWall = isWall;
  t.clockId = <u8>clockId;
  if (!timerInit(t.timer, TimerKind.TimerFd, p)) {
    kernelFree(p);
    return null;
  }
  const file = fileNew(FileKind.TimerFd, OpenFlag.ReadWrite | flags, anonymousInode(), null, null);
  if (!file) {
    timerDestroy(t.timer);
    kernelFree(p);
    return null;
  }
  file.object = p;
  return file;
}

/**
 * Arms the timer to expire in `valueNs`, or, if `isAbsolute`, when its clock shows `valueNs`; then every `intervalNs` if that is not 0.
 * With `valueNs` 0 it is disarmed. Expirations not read are forgotten. fdinfo shows `flags`.
 */
export function timerFileSet(file: File, valueNs: u64, intervalNs: u64, isAbsolute: bool, flags: u32): void {
  const t = timerOf(file);
  t.setFlags = <u8>flags;
  timerCancel(t.timer);
  t.expirations = 0;
  t.intervalNs = intervalNs;
  t.expiryNs = 0;
  if (valueNs == 0) return;
  const base: u64 = isAbsolute ? 0 : nowNs();
  const offset = isAbsolute && t.isWall ? wallOffset() : 0;
  const value = valueNs > offset ? valueNs - offset : 1;
  t.expiryNs = max<u64>(value > u64.MAX_VALUE - 1 - base ? u64.MAX_VALUE - 1 : base + value, 1);
  if (t.expiryNs <= nowNs()) fired(changetype<usize>(t));
  else timerSet(t.timer, t.expiryNs);
}

/** Nanoseconds to the next expiration: 0 when disarmed, else at least 1. */
export function timerFileLeftNs(file: File): u64 {
  const t = timerOf(file);
  settle(t);
  const now = nowNs();
  return t.expiryNs == 0 ? 0 : t.expiryNs > now ? t.expiryNs - now : 1;
}

export function timerFileIntervalNs(file: File): u64 {
  return timerOf(file).intervalNs;
}

/** Counts the periods that passed while a fired timer rested, and arms it for the next one. */
function settle(t: FileTimer): void {
  if (t.expirations == 0 || t.expiryNs == 0 || t.timer.place != 0) return;
  const passed = (nowNs() - t.expiryNs) / t.intervalNs;
  t.expirations += passed;
  t.expiryNs += (passed + 1) * t.intervalNs;
  timerSet(t.timer, t.expiryNs);
}

/** Handler of TimerKind.TimerFd. */
function fired(owner: usize): void {
  const t = changetype<FileTimer>(owner);
  t.expirations++;
  if (t.intervalNs == 0) t.expiryNs = 0;
  wakeAll(queueOf(t));
}

function read(file: File, ua: u64, count: u32): Result {
  const t = timerOf(file);
  if (count < 8) return -Errno.EINVAL;
  if (t.expirations == 0) return -Errno.EAGAIN;
  settle(t);
  store<u64>(word, t.expirations);
  const r = copyOut(ua, word, 8);
  if (r == BLOCKED) return r;
  t.expirations = 0; // on Linux even if the pointer was bad
  return r < 0 ? r : 8;
}

function poll(file: File, poller: usize): u32 {
  const t = timerOf(file);
  if (poller != 0) pollOn(poller, queueOf(t));
  return t.expirations != 0 ? PollEvent.In : 0;
}

function queue(file: File, _writing: bool): WaitQueue {
  return queueOf(timerOf(file));
}

function describe(file: File, text: Text): void {
  const t = timerOf(file);
  const leftNs = timerFileLeftNs(file);
  put(text, "clockid: ");
  putUnsigned(text, t.clockId);
  put(text, "\nticks: ");
  putUnsigned(text, t.expirations);
  put(text, "\nsettime flags: 0");
  putOctal(text, t.setFlags);
  put(text, "\nit_value: ");
  putPair(text, leftNs);
  put(text, "\nit_interval: ");
  putPair(text, t.intervalNs);
  putByte(text, 0x0a);
}

/** "(seconds, nanoseconds)". */
function putPair(text: Text, ns: u64): void {
  putByte(text, 0x28);
  putUnsigned(text, ns / 1_000_000_000);
  put(text, ", ");
  putUnsigned(text, ns % 1_000_000_000);
  putByte(text, 0x29);
}

function release(file: File): void {
  if (file.object == 0) return;
  const t = timerOf(file);
  wakeAll(queueOf(t));
  timerDestroy(t.timer);
  kernelFree(file.object);
}

/** To be called once at start-up. */
export function timerFileInit(): void {
  setTimerHandler(TimerKind.TimerFd, fired);
  setFileRead(FileKind.TimerFd, read);
  setFilePoll(FileKind.TimerFd, poll);
  setFileQueue(FileKind.TimerFd, queue);
  setFileDescribe(FileKind.TimerFd, describe);
  setFileRelease(FileKind.TimerFd, release);
}
