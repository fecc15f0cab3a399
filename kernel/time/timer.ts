// Timers: one binary heap of deadlines; the hardware is armed for the first. A Timer is embedded in its owner; setting one never
// allocates, since timerInit makes room in the heap for every timer that exists.

import { timerArm } from "../interrupt";
import { kernelAlloc, kernelFree } from "../mm/heap";

/** What happens when a timer fires; each kind's function is registered by its owner. */
export const enum TimerKind {
  Thread = 0, // kernel/task/scheduler.ts: a park's deadline
  Interval = 1, // kernel/task/itimer.ts
  Work = 2, // kernel/task/work.ts
  Poll = 3,
  TimerFd = 4,
  Tcp = 5, // kernel/net/tcp/timer.ts
  TcpWaiting = 6, // kernel/net/tcp/timewait.ts
}

@unmanaged
export class Timer {
  deadlineNs: u64;
  owner: usize;
  /** Place in the heap plus one; 0 when not set. */
  place: u32;
  kind: u32;
  pad: u32;
}
export const TIMER_BYTES: u32 = 24;
if (offsetof<Timer>() != TIMER_BYTES) ERROR("Timer is 24 bytes");

let heap: usize = 0;
let capacity: u32 = 0;
let count: u32 = 0;
let existing: u32 = 0;
const handlers = memory.data(8 * 4, 8);

type TimerHandler = (owner: usize) => void;

/** Registers what runs when a timer of `kind` fires; it gets the timer's owner. */
export function setTimerHandler(kind: TimerKind, handler: TimerHandler): void {
  store<u32>(handlers + ((<usize>kind) << 2), handler.index);
}

/** Readies a timer; false when memory is short. Pair it with timerDestroy. */
export function timerInit(timer: Timer, kind: TimerKind, owner: usize): bool {
  if (existing == capacity) {
    const more = max<u32>(capacity * 2, 64);
    const p = kernelAlloc(more * 4);
    if (p == 0) return false;
    memory.copy(p, heap, count * 4);
    kernelFree(heap);
    heap = p;
    capacity = more;
  }
  existing++;
  timer.kind = kind;
  timer.owner = owner;
  timer.place = 0;
  return true;
}

/** Cancels the timer and gives its room in the heap back. */
export function timerDestroy(timer: Timer): void {
  timerCancel(timer);
  existing--;
}

@inline
function at(place: u32): Timer {
  return changetype<Timer>(<usize>load<u32>(heap + (place << 2)));
}

@inline
function put(place: u32, timer: Timer): void {
  store<u32>(heap + (place << 2), <u32>changetype<usize>(timer));
  timer.place = place + 1;
}

function siftUp(place: u32, timer: Timer): void {
  while (place != 0) {
    const parent = (place - 1) >> 1;
    const other = at(parent);
    if (other.deadlineNs <= timer.deadlineNs) break;
    put(place, other);
    place = parent;
  }
  put(place, timer);
}

function siftDown(place: u32, timer: Timer): void {
  for (;;) {
    let child = place * 2 + 1;
    if (child >= count) break;
    if (child + 1 < count && at(child + 1).deadlineNs < at(child).deadlineNs) child++;
    const other = at(child);
    if (timer.deadlineNs <= other.deadlineNs) break;
    put(place, other);
    place = child;
  }
  put(place, timer);
}

/** Sets (or moves) the timer to fire at `deadlineNs` of monotonic time. */
export function timerSet(timer: Timer, deadlineNs: u64): void {
  if (timer.place != 0) timerCancel(timer);
  timer.deadlineNs = deadlineNs;
  siftUp(count++, timer);
  if (timer.place == 1) timerArm(deadlineNs);
}

/** Takes the timer back, if it is set. */
export function timerCancel(timer: Timer): void {
  if (timer.place == 0) return;
  const place = timer.place - 1;
  timer.place = 0;
  const last = at(--count);
  if (place == count) return;
  if (place != 0 && last.deadlineNs < at((place - 1) >> 1).deadlineNs) siftUp(place, last);
  else siftDown(place, last);
}

/** Deadline of the first timer, or u64.MAX_VALUE. */
export function timerNextNs(): u64 {
  return count == 0 ? u64.MAX_VALUE : at(0).deadlineNs;
}

/** Fires every timer whose deadline is at or before `nowNs`. */
export function timerRun(nowNs: u64): void {
  while (count != 0) {
    const timer = at(0);
    if (timer.deadlineNs > nowNs) return;
    timerCancel(timer);
    call_indirect<void>(load<u32>(handlers + ((<usize>timer.kind) << 2)), timer.owner);
  }
}
