// The I/O context of a thread: its I/O priority (ioprio_set(2)). A thread has none until the priority is set; clone(2) copies it, or shares it
// with CLONE_IO. Files are memory here, so nothing is ever scheduled by it.

import { Errno } from "../errno";
import { kernelAlloc, kernelFree } from "../mm/heap";
import { Result } from "../result";
import { Thread } from "./thread";

@unmanaged
export class IoContext {
  refs: u32;
  /** Class and level, as ioprio_get(2) shows them. */
  priority: u32;
}

/** The thread's I/O priority; 0 for none of its own. */
export function ioPriority(t: Thread): u32 {
  const context = t.ioContext;
  return context ? context.priority : 0;
}

/** Sets the priority of the thread and those that share it; false when memory is short. */
export function ioPrioritySet(t: Thread, priority: u32): bool {
  let context = t.ioContext;
  if (!context) {
    const p = kernelAlloc(offsetof<IoContext>());
    if (p == 0) return false;
    context = changetype<IoContext>(p);
    context.refs = 1;
    t.ioContext = context;
  }
  context.priority = priority;
  return true;
}

/** What a child of `from` gets, a context with a reference or 0: the same one, or a copy of its own; -ENOMEM. */
export function ioContextFor(from: Thread, shared: bool): Result {
  const context = from.ioContext;
  if (!context) return 0;
  if (shared) {
    context.refs++;
    return changetype<usize>(context);
  }
  const p = kernelAlloc(offsetof<IoContext>());
  if (p == 0) return -Errno.ENOMEM;
  const copy = changetype<IoContext>(p);
  copy.refs = 1;
  copy.priority = context.priority;
  return p;
}

/** Drops a reference. */
export function ioContextDrop(context: IoContext | null): void {
  if (context && --context.refs == 0) kernelFree(changetype<usize>(context));
}

/** For the end of a thread. */
export function ioContextRelease(t: Thread): void {
  const context = t.ioContext;
  t.ioContext = null;
  ioContextDrop(context);
}
