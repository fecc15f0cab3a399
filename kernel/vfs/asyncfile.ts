// Signals for files (F_SETOWN, F_SETSIG and O_ASYNC of fcntl(2)): while O_ASYNC is set, a waiter stands on the queues of the file as a poll(2) would, and
// whenever they wake, its work sends the owner a signal. So it works for every kind that can be waited for; events that come before the kernel
// next returns to user mode are one signal.

import { Container } from "../container/container";
import { kernelAlloc, kernelFree } from "../mm/heap";
import { capable, Capability } from "../task/credentials";
import { pidRelease } from "../task/pids";
import { PidEntry, Process, ProcessState } from "../task/process";
import { infoSetAddress, kernelInfo, newInfo, SignalInfo } from "../task/siginfo";
import { sendSignalToProcess, sendSignalToThread } from "../task/signal";
import { Signal, SYNCHRONOUS_SIGNALS, signalBit } from "../task/signalset";
import { current } from "../task/thread";
import { WaiterKind } from "../task/wait";
import { WorkItem, workCancel, workInit } from "../task/work";
import { FileAccess, OpenFlag } from "./flags";
import { File, FileKind } from "./inode";
import { directorySignal } from "./inotify";
import { filePoll, PollEvent, PollSet, pollSetFree, pollSetNew } from "./poll";

/** What the owner's number means: F_OWNER_TID, F_OWNER_PID, F_OWNER_PGRP. */
export const enum FileOwnerType {
  Thread = 0,
  Process = 1,
  Group = 2,
}

/** What File.async points to, once an owner was set or O_ASYNC. */
@unmanaged
class FileOwner extends WorkItem {
  file: File;
  /** The number and its container; the entry is held, so that the number is nobody else's. Null for nobody. */
  entry: PidEntry | null;
  container: Container;
  /** Who set the owner: signals go where he could send them. */
  uid: u32;
  euid: u32;
  mayKillAll: bool;
  /** Stands on the file's queues while O_ASYNC is set. */
  set: PollSet | null;
  /** The descriptor by which O_ASYNC was set, as si_fd tells. */
  fd: i32;
  /** A directory signals what happens in it (F_NOTIFY): a watch stands on its inode. */
  isWatching: bool;
}

/** si_code of signals for files: POLL_IN and POLL_OUT; SI_SIGIO where the signal has codes of its own. */
const POLL_IN: i32 = 1;
const POLL_OUT: i32 = 2;
const POLL_MSG: i32 = 3;
/** In their place: SIGURG, whatever signal was chosen. */
const URGENT: i32 = 0;
const SI_SIGIO: i32 = -5;
/** si_band for them. */
const BAND_IN: u64 = PollEvent.In | PollEvent.ReadNormal;
const BAND_MESSAGE: u64 = PollEvent.In | PollEvent.ReadNormal | PollEvent.Message;
const BAND_OUT: u64 = PollEvent.Out | PollEvent.WriteNormal | PollEvent.WriteBand;
/** Queues that a file's poll function registers on; more are allocated one by one. */
const QUEUES: u32 = 2;

function ownerOf(file: File): FileOwner | null {
  return changetype<FileOwner | null>(file.async);
}

/** The file's FileOwner, made if it has none; null when memory is short. */
function ownerMade(file: File): FileOwner | null {
  if (file.async != 0) return ownerOf(file);
  const p = kernelAlloc(offsetof<FileOwner>());
  if (p == 0) return null;
  const owner = changetype<FileOwner>(p);
  owner.file = file;
  workInit(owner, tell, p);
  file.async = p;
  return owner;
}

function forget(owner: FileOwner): void {
  const entry = owner.entry;
  owner.entry = null;
  if (entry) pidRelease(owner.container, entry);
}

/** Makes `entry` (null: nobody), a number as `type` says, hear of the file on behalf of the current thread; false when memory is short. */
export function fileSetOwner(file: File, type: FileOwnerType, entry: PidEntry | null): bool {
  const owner = ownerMade(file);
  if (!owner) return false;
  if (entry) entry.refs++;
  forget(owner);
  const t = current;
  owner.entry = entry;
  owner.container = t.process.container;
  owner.uid = t.credentials.uid;
  owner.euid = t.credentials.euid;
  owner.mayKillAll = capable(t.credentials, Capability.Kill);
  file.ownerType = type;
  file.owner = entry ? <i32>entry.number : 0;
  return true;
}

/** True for the kinds that send signals; the others take no notice of O_ASYNC. */
export function canSignal(file: File): bool {
  switch (file.kind) {
    case FileKind.Pipe:
    case FileKind.Socket:
    case FileKind.Tty:
    case FileKind.PtyMaster:
    case FileKind.Inotify:
      return true;
    default:
      return false;
  }
}

/** Sets or clears O_ASYNC of a file that canSignal, by its descriptor `fd`; false when memory is short. */
export function fileSetAsync(file: File, fd: i32, on: bool): bool {
  if (!on) {
    stop(file);
    file.flags &= ~(<u32>OpenFlag.Async);
    return true;
  }
  const owner = ownerMade(file);
  if (!owner) return false;
  // A terminal signals who asked, if nobody else was named.
  const isTerminal = file.kind == FileKind.Tty || file.kind == FileKind.PtyMaster;
  if (isTerminal && file.owner == 0 && !fileSetOwner(file, FileOwnerType.Process, current.process.pidEntry)) return false;
  if (!owner.set) {
    const set = pollSetNew(changetype<usize>(owner), WaiterKind.Work, QUEUES);
    if (!set) return false;
    filePoll(file, changetype<usize>(set));
    if (set.failed) {
      pollSetFree(set);
      return false;
    }
    owner.set = set;
  }
  owner.fd = fd;
  file.flags |= OpenFlag.Async;
  return true;
}

function stop(file: File): void {
  const owner = ownerOf(file);
  if (!owner) return;
  const set = owner.set;
  owner.set = null;
  if (set) pollSetFree(set);
  workCancel(owner);
}

/**
 * F_NOTIFY: an open directory signals its owner, the current process if there is none, when one of the events of `mask` (bits of Notify) happens in
 * it; 0: no more. False when memory is short.
 */
export function fileSignalDirectory(file: File, fd: i32, mask: u32): bool {
  const owner = ownerMade(file);
  if (!owner || (mask != 0 && file.owner == 0 && !fileSetOwner(file, FileOwnerType.Process, current.process.pidEntry))) return false;
  owner.fd = fd;
  owner.isWatching = mask != 0 || owner.isWatching;
  return directorySignal(file, mask);
}

/** Something that was asked for has happened in an open directory. */
export function fileTellDirectory(file: File): void {
  const owner = ownerOf(file);
  if (owner && owner.entry) sendAll(owner, POLL_MSG, BAND_MESSAGE);
}

/** The file closes. */
export function fileAsyncRelease(file: File): void {
  stop(file);
  if (ownerOf(file)!.isWatching) directorySignal(file, 0);
  forget(ownerOf(file)!);
  kernelFree(file.async);
  file.async = 0;
}

/** A queue of the file has woken: tells the owner. */
function tell(argument: usize): void {
  const owner = changetype<FileOwner>(argument);
  const entry = owner.entry;
  const file = owner.file;
  if (!entry || !owner.set) return;
  const events = filePoll(file, 0);
  const isInput = (file.access & FileAccess.Read) != 0 && (events & (PollEvent.In | PollEvent.HangUp | PollEvent.ReadHangUp)) != 0;
  if (!isInput && (events & (PollEvent.Out | PollEvent.Error | PollEvent.HangUp)) == 0) return;
  if (isInput) sendAll(owner, POLL_IN, BAND_IN);
  else sendAll(owner, POLL_OUT, BAND_OUT);
}

/** Urgent data has come to a socket: its owner gets SIGURG, with or without O_ASYNC (socket(7), "Signals"). */
export function fileSignalUrgent(file: File): void {
  const owner = ownerOf(file);
  if (owner && owner.entry) sendAll(owner, URGENT, 0);
}

/** Sends the owner's signal to whom the number means. */
function sendAll(owner: FileOwner, code: i32, band: u64): void {
  const entry = owner.entry!;
  const type = owner.file.ownerType;
  if (type == FileOwnerType.Group) {
    let p = entry.group;
    while (p) {
      const next = p.groupNext;
      send(owner, p, code, band);
      p = next;
    }
  } else if (entry.process) send(owner, entry.process!, code, band);
  else if (type == FileOwnerType.Thread && entry.thread) send(owner, entry.thread!.process, code, band);
}

/** Sends the signal to a process or, for an owner that is a thread, to that, if who set the owner might do so. */
function send(owner: FileOwner, p: Process, code: i32, band: u64): void {
  if (p.state != ProcessState.Running) return;
  const c = p.leader.credentials;
  const mine = owner.euid == 0 || owner.euid == c.suid || owner.euid == c.uid || owner.uid == c.suid || owner.uid == c.uid;
  if (!mine && !owner.mayKillAll) return;
  const file = owner.file;
  const signal = file.ownerSignal;
  let info: SignalInfo = kernelInfo(code == URGENT ? Signal.URG : Signal.IO);
  if (signal != 0 && code != URGENT) {
    const ownCodes = signal == Signal.CHLD || (SYNCHRONOUS_SIGNALS & signalBit(signal)) != 0;
    info = newInfo(signal, ownCodes ? SI_SIGIO : code);
    infoSetAddress(info, band);
    info.value = <u32>owner.fd;
  }
  const thread = file.ownerType == FileOwnerType.Thread ? owner.entry!.thread : null;
  const r = thread ? sendSignalToThread(thread, info) : sendSignalToProcess(p, info);
  // A queue that is full is told of with the plain signal.
  if (r < 0) sendSignalToProcess(p, kernelInfo(Signal.IO));
}
