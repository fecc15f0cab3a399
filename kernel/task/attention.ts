// What the kernel must see to before it returns to user mode, whichever thread that is: one word of bits, so that the straight way of a call
// looks once. What one thread has to do stands in Thread.work.

export const enum Attention {
  /** Look whether another thread should run: kernel/task/scheduler.ts. */
  Reschedule = 1,
  /** Deferred work is scheduled: kernel/task/work.ts. */
  Work = 2,
  /** The call that runs now has set op fields of its thread: kernel/task/operation.ts. */
  Operation = 4,
}

export let attention: u32 = 0;

/** Asks for it. */
@inline
export function attend(to: Attention): void {
  attention |= to;
}

/** It has been seen to. */
@inline
export function attended(to: Attention): void {
  attention &= ~to;
}
