// What a system call holds while it waits. A call that was parked runs again from the top, so what it must keep in between (an open file, the
// waiters of a poll) hangs on Thread.opObject, and Thread.opKind says how to let go of it: when the call ends, however it ends, and when
// the thread dies in the middle of it.

import { attend, attended, Attention } from "./attention";
import { Thread } from "./thread";

export const enum OperationKind {
  None = 0,
  /** A File the call waits on: kernel/vfs/file.ts. */
  File = 1,
  /** The waiters of poll and select: kernel/vfs/poll.ts. */
  Poll = 2,
  /** Waiting for a record lock: kernel/vfs/lock.ts. */
  Lock = 3,
  /** vfork's parent holds its child: linuxabi/sys/clone.ts. */
  Vfork = 4,
  /** The console's input goes to a container: runtime/host/waiting.ts. */
  Console = 5,
  /** semop(2) holds its set, msgsnd(2) and msgrcv(2) their queue: kernel/ipc. */
  Semaphore = 6,
  Message = 7,
  /** Waiting for several futexes: kernel/task/futexvector.ts. */
  FutexVector = 8,
  /** Waiting for a priority-inheriting lock: kernel/task/futexpi.ts. */
  FutexPi = 9,
  /** A call that another process decides about: linuxabi/seccomp/listener.ts. */
  Notification = 10,
  Count = 11,
}

/** The call that runs now has set one of the op fields of its thread, which must be cleared when it ends. A call that does not pays nothing. */
export function operationOpens(): void {
  attend(Attention.Operation);
}

/** For kernel/run.ts: the thread was parked, or its fields have been cleared. */
export function operationCloses(): void {
  attended(Attention.Operation);
}

type Releaser = (t: Thread) => void;
const releasers = memory.data(OperationKind.Count * 4, 8);

/** Registers what lets go of Thread.opObject for operations of `kind`. */
export function registerOperation(kind: OperationKind, releaser: Releaser): void {
  store<u32>(releasers + ((<usize>kind) << 2), releaser.index);
}

/** Lets go of what the current call of `t` holds. To be called when a call has ended, and when `t` dies, if opKind is not zero. */
export function releaseOperation(t: Thread): void {
  const kind = t.opKind;
  if (kind == OperationKind.None) return;
  t.opKind = OperationKind.None;
  call_indirect<void>(load<u32>(releasers + ((<usize>kind) << 2)), t);
  t.opObject = 0;
}
