// Waiting. Whoever waits owns a Waiter and puts it on the WaitQueue of the thing waited for; waking is a walk over the queue. A thread
// waits with the Waiter embedded in it (see park in kernel/task/thread.ts); poll and epoll own several; kernel activities (the control
// channel, a terminal) register a Work, a function that runs before the kernel next returns to user mode.
// A wake-up is a hint: whoever wakes looks again. So spurious wake-ups are harmless, and a queue needs no condition of its own.

/** What to do when a queue wakes a waiter. */
export const enum WaiterKind {
  /** Make the owning Thread runnable. */
  Thread = 0,
  /** Schedule the owning Work. The waiter stays on the queue. */
  Work = 1,
  /** Tell the owning epoll item (kernel/vfs/epoll.ts). The waiter stays on the queue. */
  EpollItem = 2,
  /** A word of a futex_waitv(2): only kernel/task/futex.ts wakes it. */
  FutexEntry = 3,
  /** A call that waits for a priority-inheriting lock: only kernel/task/futexpi.ts wakes it. */
  FutexPi = 4,
}

@unmanaged
export class Waiter {
  next: Waiter | null;
  prev: Waiter | null;
  /** The queue it stands on, or null. */
  queue: WaitQueue | null;
  /** Thread, Work or poll item. */
  owner: usize;
  kind: u8;
  /** Wake at most one exclusive waiter per wakeOne (accept, EPOLLEXCLUSIVE, pipe readers). */
  exclusive: bool;
  /** Events (PollEvent) that wakeAllFor does not wake it for. */
  ignored: u16;
}
export const WAITER_BYTES: u32 = 20;
if (offsetof<Waiter>() != WAITER_BYTES) ERROR("Waiter is 20 bytes");

/** Embedded in what can be waited for, as two usize fields; zeroed memory is an empty queue. */
@unmanaged
export class WaitQueue {
  first: Waiter | null;
  last: Waiter | null;
}

/** How to wake a waiter of a kind; set once at start-up by the kinds' owners. */
type Waker = (owner: usize, waiter: Waiter) => void;
const wakers = memory.data(3 * 4, 8);

/** Registers the function that wakes waiters of `kind`. */
export function setWaker(kind: WaiterKind, waker: Waker): void {
  store<u32>(wakers + ((<usize>kind) << 2), waker.index);
}

/** Puts `waiter` at the end of `queue`; it must not stand on one already. */
export function waitOn(queue: WaitQueue, waiter: Waiter): void {
  assert(waiter.queue == null, "a waiter stands on one queue at a time");
  waiter.queue = queue;
  waiter.next = null;
  const last = queue.last;
  waiter.prev = last;
  if (last) last.next = waiter;
  else queue.first = waiter;
  queue.last = waiter;
}

/** Takes `waiter` off its queue, if it stands on one. */
export function stopWaiting(waiter: Waiter): void {
  const queue = waiter.queue;
  if (!queue) return;
  const next = waiter.next;
  const prev = waiter.prev;
  if (next) next.prev = prev;
  else queue.last = prev;
  if (prev) prev.next = next;
  else queue.first = next;
  waiter.queue = null;
  waiter.next = null;
  waiter.prev = null;
}

@inline
function wake(waiter: Waiter): void {
  call_indirect<void>(load<u32>(wakers + ((<usize>waiter.kind) << 2)), waiter.owner, waiter);
}

/** Wakes everyone on `queue`. */
export function wakeAll(queue: WaitQueue): void {
  let waiter = queue.first;
  while (waiter) {
    const next = waiter.next; // waking a thread unlinks it
    wake(waiter);
    waiter = next;
  }
}

/** False when nobody waits on `queue`, or one who ignores all of `events`: the usual cases, in which wakeAllFor need not be called. */
@inline
export function anyoneFor(queue: WaitQueue, events: u32): bool {
  const waiter = queue.first;
  return waiter != null && (waiter.next != null || (events & ~(<u32>waiter.ignored)) != 0);
}

/** Wakes everyone on `queue` who does not ignore all of `events` (PollEvent). */
export function wakeAllFor(queue: WaitQueue, events: u32): void {
  let waiter = queue.first;
  while (waiter) {
    const next = waiter.next;
    if ((events & ~(<u32>waiter.ignored)) != 0) wake(waiter);
    waiter = next;
  }
}

/** Wakes all non-exclusive waiters and the first exclusive one. */
export function wakeOne(queue: WaitQueue): void {
  let waiter = queue.first;
  while (waiter) {
    const next = waiter.next;
    const exclusive = waiter.exclusive;
    wake(waiter);
    if (exclusive) return;
    waiter = next;
  }
}

/** True when somebody waits on `queue`. */
@inline
export function hasWaiters(queue: WaitQueue): bool {
  return queue.first != null;
}
