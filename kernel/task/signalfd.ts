// Descriptors from which signals are read (signalfd(2)): a file that holds a set of signals. Reading takes those that wait for the reading
// thread, whoever made the descriptor.

import { Errno } from "../errno";
import { copyOut } from "../mm/user";
import { BLOCKED, Result } from "../result";
import { kernelAlloc, kernelFree } from "../mm/heap";
import { fileNew, setFilePoll, setFileQueue, setFileRead, setFileRelease } from "../vfs/file";
import { OpenFlag } from "../vfs/flags";
import { File, FileKind } from "../vfs/inode";
import { anonymousInode } from "../vfs/nameless";
import { PollEvent, pollOn } from "../vfs/poll";
import { signalReaders } from "./action";
import { INFO_BYTES, SignalInfo } from "./siginfo";
import { pendingSet, takeSignal } from "./signal";
import { Signal, SYNCHRONOUS_SIGNALS, UNBLOCKABLE_SIGNALS } from "./signalset";
import { current } from "./thread";
import { WaitQueue } from "./wait";

/** Bytes of struct signalfd_siginfo. */
const RECORD_BYTES: u32 = 128;

const infoSpace = memory.data(INFO_BYTES, 8);
const record = memory.data(RECORD_BYTES, 8);

/** A file from which the signals of `set` are read; null when memory is short. */
export function signalFileNew(set: u64, nonblocking: bool): File | null {
  const mask = kernelAlloc(8);
  if (mask == 0) return null;
  const file = fileNew(FileKind.SignalFd, OpenFlag.ReadWrite | (nonblocking ? OpenFlag.NonBlock : 0), anonymousInode(), null, null);
  if (!file) {
    kernelFree(mask);
    return null;
  }
  file.object = mask;
  signalFileSetMask(file, set);
  return file;
}

/** Changes which signals the file gives; SIGKILL and SIGSTOP are left out. */
export function signalFileSetMask(file: File, set: u64): void {
  store<u64>(file.object, set & ~UNBLOCKABLE_SIGNALS);
}

function read(file: File, ua: u64, count: u32): Result {
  if (count < RECORD_BYTES) return -Errno.EINVAL;
  const info = changetype<SignalInfo>(infoSpace);
  let done: u32 = 0;
  while (done + RECORD_BYTES <= count && takeSignal(current, load<u64>(file.object), info) != 0) {
    fillRecord(info);
    const r = copyOut(ua + done, record, RECORD_BYTES);
    if (r < 0) return done != 0 && r != BLOCKED ? <Result>done : r;
    done += RECORD_BYTES;
  }
  return done != 0 ? <Result>done : -Errno.EAGAIN;
}

/** struct signalfd_siginfo: the same facts as siginfo_t, each in a field of its own. */
function fillRecord(info: SignalInfo): void {
  memory.fill(record, 0, RECORD_BYTES);
  store<u32>(record, info.signal);
  store<i32>(record, info.error, 4);
  store<i32>(record, info.code, 8);
  const signal = info.signal;
  if (info.code > 0 && (((<u64>1) << (signal - 1)) & SYNCHRONOUS_SIGNALS) != 0) {
    store<u64>(record, load<u64>(changetype<usize>(info) + offsetof<SignalInfo>("pid")), 72); // ssi_addr
    return;
  }
  if (info.ownedByTimer) {
    store<u32>(record, info.pid, 24); // ssi_tid
    store<u32>(record, info.uid, 32); // ssi_overrun
  } else {
    store<u32>(record, info.pid, 12);
    store<u32>(record, info.uid, 16);
  }
  if (signal == Signal.CHLD && info.code > 0) {
    store<u32>(record, <u32>info.value, 40); // ssi_status
    store<u64>(record, info.userTicks, 56);
    store<u64>(record, info.systemTicks, 64);
  } else {
    store<u32>(record, <u32>info.value, 44); // ssi_int
    store<u64>(record, info.value, 48); // ssi_ptr
  }
}

function poll(file: File, poller: usize): u32 {
  if (poller != 0) pollOn(poller, queue(file, false));
  return (pendingSet(current) & load<u64>(file.object)) != 0 ? PollEvent.In : 0;
}

function queue(_file: File, _writing: bool): WaitQueue {
  return signalReaders(current.process.actions);
}

function release(file: File): void {
  kernelFree(file.object);
}

/** To be called once at start-up. */
export function signalFileInit(): void {
  setFileRead(FileKind.SignalFd, read);
  setFilePoll(FileKind.SignalFd, poll);
  setFileQueue(FileKind.SignalFd, queue);
  setFileRelease(FileKind.SignalFd, release);
}
