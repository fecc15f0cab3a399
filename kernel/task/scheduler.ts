// The scheduler: fair on two levels, container then thread (containers do not nest). Each container has a virtual time that runs with
// the CPU time its threads use, divided by its weight; the container that is furthest behind runs next, and within it the thread that
// is. A thread that wakes starts at its queue's present virtual time, so that sleeping is no credit. Two binary heaps of pointers; and
// beside them the newcomer, a thread that woke when nobody else waited: two threads that wake each other in turn never touch a heap.

import { fpuRestore, fpuSave, readFsBase, readUserGsBase, setThread, writeFsBase, writeUserGsBase } from "../../shim/isa";
import { Container } from "../container/container";
import { kernelAccount, setPayer } from "../mm/account";
import { kernelAlloc, kernelFree } from "../mm/heap";
import { spaceLoad } from "../mm/space";
import { SpaceAge, spaceAwake } from "../mm/trim";
import { timerArm } from "../interrupt";
import { nowNs } from "../time/clock";
import { attend, attended, Attention } from "./attention";
import { current, setCurrent, Thread, ThreadState } from "./thread";

/** A thread runs this long before another of equal standing gets its turn. */
export const SLICE_NS: u64 = 4_000_000;
const WEIGHT_DEFAULT: u32 = 100;

/** Containers with runnable threads: a heap by virtual time. */
let queue: usize = 0;
let queueCount: u32 = 0;
let queueCapacity: u32 = 0;
let clockNs: u64 = 0;
/** The only thread that waits for the CPU, while the heaps are empty. Its virtual time is made up when it runs or a rival comes. */
let newcomer: Thread = changetype<Thread>(0);
/** Thread.queueIndex of the newcomer. */
const BESIDE_QUEUE: u32 = u32.MAX_VALUE;

/** When the running thread's slice ends; 0 while nobody else wants the CPU. */
export let sliceEndNs: u64 = 0;
/** The thread whose FPU registers and segment bases are in the CPU: it need not be saved when it runs again. */
let loaded: Thread = changetype<Thread>(0);
/** Makes the next return to user mode look whether another thread should run. */
export function requestReschedule(): void {
  attend(Attention.Reschedule);
}

/** Weight of a nice value: 1.25 times less per step, in 1/1024 (Linux's sched_prio_to_weight). */
const weights = memory.data<u32>([
  88761, 71755, 56483, 46273, 36291, 29154, 23254, 18705, 14949, 11916, 9548, 7620, 6100, 4904, 3906, 3121, 2501, 1991, 1586, 1277, 1024,
  820, 655, 526, 423, 335, 272, 215, 172, 137, 110, 87, 70, 56, 45, 36, 29, 23, 18, 15,
]);

@inline
function threadAt(c: Container, i: u32): Thread {
  return changetype<Thread>(<usize>load<u32>(c.runQueue + (i << 2)));
}

@inline
function putThread(c: Container, i: u32, t: Thread): void {
  store<u32>(c.runQueue + (i << 2), <u32>changetype<usize>(t));
  t.queueIndex = i + 1;
}

function threadUp(c: Container, i: u32, t: Thread): void {
  while (i != 0) {
    const parent = (i - 1) >> 1;
    const other = threadAt(c, parent);
    if (other.virtualNs <= t.virtualNs) break;
    putThread(c, i, other);
    i = parent;
  }
  putThread(c, i, t);
}

function threadDown(c: Container, i: u32, t: Thread): void {
  for (;;) {
    let child = i * 2 + 1;
    if (child >= c.runnable) break;
    if (child + 1 < c.runnable && threadAt(c, child + 1).virtualNs < threadAt(c, child).virtualNs) child++;
    const other = threadAt(c, child);
    if (t.virtualNs <= other.virtualNs) break;
    putThread(c, i, other);
    i = child;
  }
  putThread(c, i, t);
}

@inline
function containerAt(i: u32): Container {
  return changetype<Container>(<usize>load<u32>(queue + (i << 2)));
}

@inline
function putContainer(i: u32, c: Container): void {
  store<u32>(queue + (i << 2), <u32>changetype<usize>(c));
  c.queueIndex = i + 1;
}

function containerUp(i: u32, c: Container): void {
  while (i != 0) {
    const parent = (i - 1) >> 1;
    const other = containerAt(parent);
    if (other.virtualNs <= c.virtualNs) break;
    putContainer(i, other);
    i = parent;
  }
  putContainer(i, c);
}

function containerDown(i: u32, c: Container): void {
  for (;;) {
    let child = i * 2 + 1;
    if (child >= queueCount) break;
    if (child + 1 < queueCount && containerAt(child + 1).virtualNs < containerAt(child).virtualNs) child++;
    const other = containerAt(child);
    if (c.virtualNs <= other.virtualNs) break;
    putContainer(i, other);
    i = child;
  }
  putContainer(i, c);
}

/** Makes room for one more container and, in `c`, for `threads` threads, so that enqueue never fails; false when memory is short. */
export function schedulerReserve(c: Container, containers: u32, threads: u32): bool {
  if (containers > queueCapacity) {
    const p = kernelAlloc(max<u32>(containers, queueCapacity * 2) * 4);
    if (p == 0) return false;
    memory.copy(p, queue, queueCount * 4);
    kernelFree(queue);
    queue = p;
    queueCapacity = max<u32>(containers, queueCapacity * 2);
  }
  if (threads <= c.runQueueCapacity) return true;
  const capacity = max<u32>(threads, max<u32>(c.runQueueCapacity * 2, 4));
  const p = kernelAlloc(capacity * 4);
  if (p == 0) return false;
  memory.copy(p, c.runQueue, c.runnable * 4);
  kernelFree(c.runQueue);
  c.runQueue = p;
  c.runQueueCapacity = capacity;
  return true;
}

/** Puts a runnable thread in the queue. */
export function enqueue(t: Thread): void {
  const running = current;
  if (queueCount == 0 && !newcomer && running && running.state == ThreadState.Running) {
    // Nobody has been charged since the slice began, so the end of that is known without a look at the clock; if it has passed, the
    // timer's interrupt comes at once. Before, a newcomer has nothing to gain: it starts level with the running thread.
    newcomer = t;
    t.queueIndex = BESIDE_QUEUE;
    sliceEndNs = running.startedNs + SLICE_NS;
    timerArm(sliceEndNs);
    return;
  }
  if (newcomer) {
    if (running) charge(running, nowNs());
    queueNewcomer();
  }
  insert(t);
  attend(Attention.Reschedule);
}

/** The newcomer is not alone any more, or its standing matters. The running thread has been charged. */
function queueNewcomer(): void {
  const t = newcomer;
  if (!t) return;
  newcomer = changetype<Thread>(0);
  insert(t);
}

/** Makes up the virtual time of a thread that comes back from idleness, where it starts level with who is served, and puts it in the heaps. */
function insert(t: Thread): void {
  const c = t.process.container;
  if (c.runnable == 0) {
    c.virtualNs = max(c.virtualNs, clockNs);
    t.virtualNs = max(t.virtualNs, c.threadClockNs);
    containerUp(queueCount++, c);
  } else t.virtualNs = max(t.virtualNs, threadAt(c, 0).virtualNs - min(threadAt(c, 0).virtualNs, SLICE_NS / 2));
  threadUp(c, c.runnable++, t);
}

/** Takes a runnable thread out of the queue (it was stopped or killed before it ran). */
export function dequeue(t: Thread): void {
  const c = t.process.container;
  if (t.queueIndex == 0) return;
  if (t == newcomer) {
    newcomer = changetype<Thread>(0);
    t.queueIndex = 0;
    return;
  }
  const i = t.queueIndex - 1;
  t.queueIndex = 0;
  const last = threadAt(c, --c.runnable);
  if (i != c.runnable) {
    if (i != 0 && last.virtualNs < threadAt(c, (i - 1) >> 1).virtualNs) threadUp(c, i, last);
    else threadDown(c, i, last);
  }
  if (c.runnable == 0) removeContainer(c);
}

function removeContainer(c: Container): void {
  const i = c.queueIndex - 1;
  c.queueIndex = 0;
  const last = containerAt(--queueCount);
  if (i == queueCount) return;
  if (i != 0 && last.virtualNs < containerAt((i - 1) >> 1).virtualNs) containerUp(i, last);
  else containerDown(i, last);
}

/** Charges the CPU time since the thread was put on the CPU (or was charged last). */
export function charge(t: Thread, now: u64): void {
  const used = now - t.startedNs;
  t.startedNs = now;
  t.cpuNs += used;
  const c = t.process.container;
  c.cpuNs += used;
  t.virtualNs += t.nice == 0 ? used : (used << 10) / load<u32>(weights + ((t.nice + 20) << 2));
  c.virtualNs += c.weight == WEIGHT_DEFAULT ? used : (used * WEIGHT_DEFAULT) / c.weight;
  if (t.queueIndex != 0) threadDown(c, t.queueIndex - 1, t);
  if (c.queueIndex != 0) containerDown(c.queueIndex - 1, c);
  // Whoever has no rivals takes the time that newcomers start at along: none is owed anything for a time when it did not ask.
  if (c.runnable == 0) c.threadClockNs = max(c.threadClockNs, t.virtualNs);
  if (queueCount == 0) clockNs = max(clockNs, c.virtualNs);
}

/** The thread that runs next, taken out of the queue; null when none is runnable. Its container pays from now on. */
function takeNext(): Thread {
  const alone = newcomer;
  if (alone) {
    newcomer = changetype<Thread>(0);
    alone.queueIndex = 0;
    const c = alone.process.container;
    setPayer(c.account);
    clockNs = c.virtualNs = max(c.virtualNs, clockNs);
    c.threadClockNs = alone.virtualNs = max(alone.virtualNs, c.threadClockNs);
    return alone;
  }
  if (queueCount == 0) return changetype<Thread>(0);
  const c = containerAt(0);
  const t = threadAt(c, 0);
  setPayer(c.account);
  clockNs = max(clockNs, c.virtualNs);
  c.threadClockNs = max(c.threadClockNs, t.virtualNs);
  dequeue(t);
  return t;
}

/** True when another thread should have the CPU now rather than the current one. */
export function shouldYield(now: u64): bool {
  attended(Attention.Reschedule);
  const t = current;
  charge(t, now);
  queueNewcomer();
  if (queueCount == 0) {
    sliceEndNs = 0;
    return false;
  }
  const c = containerAt(0);
  const mine = t.process.container;
  if (sliceEndNs == 0) sliceEndNs = now + SLICE_NS;
  if (c != mine && c.virtualNs + SLICE_NS / 4 < mine.virtualNs) return true;
  if (mine.queueIndex != 0 && threadAt(mine, 0).virtualNs + SLICE_NS / 4 < t.virtualNs) return true;
  return now >= sliceEndNs;
}

/** sched_yield(2): every other runnable thread of the container goes first, once. */
export function yieldCurrent(): void {
  const t = current;
  if (newcomer) {
    charge(t, nowNs());
    queueNewcomer();
  }
  if (queueCount == 0) return;
  const c = t.process.container;
  for (let i: u32 = 0; i < c.runnable; i++) t.virtualNs = max(t.virtualNs, threadAt(c, i).virtualNs);
  sliceEndNs = 1;
  attend(Attention.Reschedule);
}

/** Puts the current thread, still runnable, back in the queue. */
export function requeueCurrent(): void {
  const t = current;
  t.state = ThreadState.Runnable;
  const c = t.process.container;
  if (c.runnable == 0) containerUp(queueCount++, c);
  threadUp(c, c.runnable++, t);
}

/** Gives the CPU to the thread that should run next: it becomes `current` (null: the CPU idles). The old one has been queued or parked. */
export function switchToNext(): void {
  const now = nowNs();
  const old = current;
  if (old) charge(old, now);
  switchAt(now);
}

/** switchToNext at the time when the old thread has been charged. */
export function switchCharged(now: u64): void {
  switchAt(now);
}

@inline
function switchAt(now: u64): void {
  const next = takeNext();
  sliceEndNs = queueCount == 0 || !next ? 0 : now + SLICE_NS;
  attended(Attention.Reschedule);
  setCurrent(next);
  setThread(changetype<usize>(next));
  if (!next) {
    setPayer(kernelAccount);
    return;
  }
  next.state = ThreadState.Running;
  next.startedNs = now;
  if (next != loaded) loadThread(next);
  const space = next.process.space;
  if (space && space.age != SpaceAge.Ran) spaceAwake(space);
  spaceLoad(space);
}

function loadThread(next: Thread): void {
  const old = loaded;
  if (old) {
    fpuSave(old.fpu);
    old.fsBase = readFsBase();
    old.gsBase = readUserGsBase();
  }
  fpuRestore(next.fpu);
  writeFsBase(next.fsBase);
  if (!old || next.gsBase != old.gsBase) writeUserGsBase(next.gsBase);
  loaded = next;
}

/** The CPU's registers belong to a thread that ends: they need not be saved. */
export function forgetThread(t: Thread): void {
  if (loaded == t) loaded = changetype<Thread>(0);
}

/** Number of runnable threads that wait for a CPU. */
export function runnableThreads(): u32 {
  let n: u32 = newcomer ? 1 : 0;
  for (let i: u32 = 0; i < queueCount; i++) n += containerAt(i).runnable;
  return n;
}
