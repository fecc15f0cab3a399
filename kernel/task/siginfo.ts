// Signals on their way: what is known about one (SignalInfo), and the queues in which they wait, one per thread and one per process. A
// standard signal waits at most once; of a real-time signal every instance is queued, in order (signal(7), "Queueing").

import { Errno } from "../errno";
import { kernelAlloc, kernelFree } from "../mm/heap";
import { Result } from "../result";
import { LimitKind, softLimit } from "./limits";
import { Process } from "./process";
import { signalBit, Signal } from "./signalset";
import { Thread } from "./thread";

/** si_code: who sent the signal. Values above zero come from the kernel and depend on the signal. */
export const enum SignalCode {
  User = 0, // kill(2)
  Kernel = 0x80,
  Queue = -1, // sigqueue(3)
  Timer = -2,
  MessageQueue = -3,
  AsyncIo = -4,
  Tkill = -6,

  ChildExited = 1,
  ChildKilled = 2,
  ChildDumped = 3,
  ChildStopped = 5,
  ChildContinued = 6,
}

/** What comes with a signal: the first 48 bytes are siginfo_t's, whose other 80 are zero in every signal there is. */
@unmanaged
export class SignalInfo {
  signal: u32;
  error: i32;
  code: i32;
  pad0: u32;
  /** Sender, or the child that a SIGCHLD tells of. Faults have an address here (infoAddress), timers an id and an overrun count. */
  pid: u32;
  uid: u32;
  /** sigval, or a child's status. */
  value: u64;
  /** A child's CPU time in user mode and in the kernel, in ticks of 10 ms. */
  userTicks: u64;
  systemTicks: u64;
  next: SignalInfo | null;
  /** Comes from the kernel or from the host world: SIGKILL and SIGSTOP then reach even the init of a container. */
  forced: bool;
  /** Belongs to a POSIX timer, which frees it. */
  ownedByTimer: bool;
  /** Stands in a queue. */
  queued: bool;
  pad1: u8;
  /** The process whose pendingCount counts it. */
  charged: Process | null;
  /** To a multiple of 8, as copying likes it. */
  pad2: u32;
}
/** The part that is siginfo_t's. */
export const INFO_VISIBLE_BYTES: u32 = 48;
export const INFO_BYTES: u32 = 64;
if (offsetof<SignalInfo>("next") != INFO_VISIBLE_BYTES) ERROR("siginfo_t: 48 bytes");
if (offsetof<SignalInfo>() != INFO_BYTES) ERROR("SignalInfo is 64 bytes");

/** Address of a fault (si_addr), or the second pair of fields as one. */
@inline
export function infoSetAddress(info: SignalInfo, address: u64): void {
  store<u64>(changetype<usize>(info) + offsetof<SignalInfo>("pid"), address);
}

/** Instances that wait to be delivered; embedded in Thread and Process. */
@unmanaged
export class PendingSignals {
  set: u64;
  first: SignalInfo | null;
  last: SignalInfo | null;
}

@inline
export function threadPending(t: Thread): PendingSignals {
  return changetype<PendingSignals>(changetype<usize>(t) + offsetof<Thread>("pending"));
}

@inline
export function processPending(p: Process): PendingSignals {
  return changetype<PendingSignals>(changetype<usize>(p) + offsetof<Process>("pending"));
}

/** The first few instances that wait need no allocation: bits of poolFree say which places are free. */
const POOL_PLACES: u32 = 8;
const PLACE_SHIFT: u32 = 6;
const pool = memory.data(8 * 64, 8);
let poolFree: u32 = (1 << POOL_PLACES) - 1;

function infoAlloc(): usize {
  if (poolFree == 0) return kernelAlloc(INFO_BYTES);
  const place = ctz(poolFree);
  poolFree &= poolFree - 1;
  return pool + ((<usize>place) << PLACE_SHIFT);
}

function infoFree(p: usize): void {
  const offset = p - pool;
  if (offset < (<usize>POOL_PLACES) << PLACE_SHIFT) poolFree |= 1 << ((<u32>offset) >> PLACE_SHIFT);
  else kernelFree(p);
}

const scratch = memory.data(INFO_BYTES, 8);

/**
 * The one SignalInfo of whoever is about to send a signal, cleared but for number and code. Sending copies it, so it is free again
 * afterwards.
 */
export function newInfo(signal: u32, code: i32): SignalInfo {
  memory.fill(scratch, 0, INFO_BYTES);
  const info = changetype<SignalInfo>(scratch);
  info.signal = signal;
  info.code = code;
  return info;
}

/** A signal that the kernel itself sends: SI_KERNEL, no sender. */
export function kernelInfo(signal: u32): SignalInfo {
  const info = newInfo(signal, SignalCode.Kernel);
  info.forced = true;
  return info;
}

/** A signal that `sender` sends. */
export function userInfo(signal: u32, code: i32, sender: Thread): SignalInfo {
  const info = newInfo(signal, code);
  info.pid = sender.process.pid;
  info.uid = sender.credentials.uid;
  info.forced = sender.process.host;
  return info;
}

/**
 * Queues a copy of `info` for process `p` in `q`, its own queue or one of its threads'. When the queue is full (RLIMIT_SIGPENDING) or memory
 * short, a signal of the kernel or of kill(2) is pending all the same, without its details; another is refused with -EAGAIN.
 */
export function pendingAdd(q: PendingSignals, p: Process, info: SignalInfo): Result {
  const signal = info.signal;
  const bit = signalBit(signal);
  const realTime = signal >= <u32>Signal.RTMIN;
  if (!realTime && (q.set & bit) != 0) return 0;
  if (p.pendingCount < softLimit(p, LimitKind.PendingSignals) || (!realTime && info.code >= 0)) {
    const copy = infoAlloc();
    if (copy != 0) {
      memory.copy(copy, changetype<usize>(info), INFO_BYTES);
      const queued = changetype<SignalInfo>(copy);
      queued.ownedByTimer = false;
      queued.charged = p;
      p.pendingCount++;
      append(q, queued);
      return 0;
    }
  }
  if (realTime && info.code != SignalCode.User) return -Errno.EAGAIN;
  q.set |= bit;
  return 0;
}

/** Queues a timer's own `info`, which never needs memory; it must not be queued already. */
export function pendingAddOwned(q: PendingSignals, info: SignalInfo): void {
  info.ownedByTimer = true;
  append(q, info);
}

function append(q: PendingSignals, info: SignalInfo): void {
  info.next = null;
  info.queued = true;
  const last = q.last;
  if (last) last.next = info;
  else q.first = info;
  q.last = info;
  q.set |= signalBit(info.signal);
}

/** Puts a signal that was taken back to the front. */
export function pendingPutBack(q: PendingSignals, p: Process, info: SignalInfo): void {
  const copy = infoAlloc();
  q.set |= signalBit(info.signal);
  if (copy == 0) return;
  memory.copy(copy, changetype<usize>(info), INFO_BYTES);
  const queued = changetype<SignalInfo>(copy);
  queued.ownedByTimer = false;
  queued.queued = true;
  queued.next = q.first;
  q.first = queued;
  if (!q.last) q.last = queued;
  queued.charged = p;
  p.pendingCount++;
}

/**
 * Takes the oldest instance of `signal` out of `q`, where it must be pending, and copies it to `to`. One that was queued without
 * details is SI_USER from nobody. Returns the instance itself when a timer owns it, else null.
 */
export function pendingTake(q: PendingSignals, signal: u32, to: SignalInfo): SignalInfo | null {
  const only = q.first;
  if (!only || only.signal != signal || only.next) return takeAmong(q, signal, to);
  q.set &= ~signalBit(signal);
  q.first = null;
  q.last = null;
  memory.copy(changetype<usize>(to), changetype<usize>(only), INFO_BYTES);
  return release(only) ? null : only;
}

/** As pendingTake, when there are several instances or the one that is wanted has no details. */
function takeAmong(q: PendingSignals, signal: u32, to: SignalInfo): SignalInfo | null {
  let previous: SignalInfo | null = null;
  let info = q.first;
  while (info && info.signal != signal) {
    previous = info;
    info = info.next;
  }
  if (!info) {
    q.set &= ~signalBit(signal);
    memory.fill(changetype<usize>(to), 0, INFO_BYTES);
    to.signal = signal;
    return null;
  }
  let another = info.next;
  while (another && another.signal != signal) another = another.next;
  if (!another) q.set &= ~signalBit(signal);
  unlink(q, previous, info);
  memory.copy(changetype<usize>(to), changetype<usize>(info), INFO_BYTES);
  return release(info) ? null : info;
}

function unlink(q: PendingSignals, previous: SignalInfo | null, info: SignalInfo): void {
  if (previous) previous.next = info.next;
  else q.first = info.next;
  if (changetype<usize>(q.last) == changetype<usize>(info)) q.last = previous;
}

/** Frees an instance unless a timer owns it: then false. */
function release(info: SignalInfo): bool {
  info.queued = false;
  info.next = null;
  if (info.ownedByTimer) return false;
  info.charged!.pendingCount--;
  infoFree(changetype<usize>(info));
  return true;
}

/** Throws away all signals of `set` that wait in `q`. */
export function pendingDiscard(q: PendingSignals, set: u64): void {
  if ((q.set & set) == 0) return;
  q.set &= ~set;
  let previous: SignalInfo | null = null;
  let info = q.first;
  while (info) {
    const next = info.next;
    if ((signalBit(info.signal) & set) != 0) {
      unlink(q, previous, info);
      release(info);
    } else previous = info;
    info = next;
  }
}

/** Takes one particular instance out of `q`, if it is there (a timer that is deleted). */
export function pendingWithdraw(q: PendingSignals, owned: SignalInfo): void {
  let previous: SignalInfo | null = null;
  let info = q.first;
  let others = false;
  let before: SignalInfo | null = null;
  let found = false;
  while (info) {
    if (changetype<usize>(info) == changetype<usize>(owned)) {
      found = true;
      before = previous;
    } else if (info.signal == owned.signal) others = true;
    previous = info;
    info = info.next;
  }
  if (!found) return;
  unlink(q, before, owned);
  release(owned);
  if (!others) q.set &= ~signalBit(owned.signal);
}

/** Frees what waits in the queue whose `pendingFirst` field is at `firstField`: for the end of a thread or a process. */
export function signalsRelease(firstField: usize): void {
  pendingDiscard(changetype<PendingSignals>(firstField - offsetof<PendingSignals>("first")), u64.MAX_VALUE);
}
