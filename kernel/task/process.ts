// Process: a thread group. It owns what its threads share (address space, descriptors, paths, signal actions, by reference counts, since
// clone(2) can share each of them with another process too) and is what parents, wait(2) and exit statuses are about.

import { Container } from "../container/container";
import { AddressSpace } from "../mm/space";
import { FdTable } from "../vfs/fdtable";
import { Entry, FsContext, Mount } from "../vfs/inode";
import { SignalActions } from "./signal";
import { Thread } from "./thread";
import { WaitQueue } from "./wait";

export const enum ProcessState {
  Running = 0,
  /** Every thread has ended; the parent has not waited for it yet. */
  Zombie = 1,
  /** Reaped. */
  Gone = 2,
}

/** How a pid is used: a process or thread has the number, process groups and sessions are named after it. */
@unmanaged
export class PidEntry {
  number: u32;
  /** Uses: one for a thread, one for a group, one for a session that bears the number. */
  refs: u32;
  thread: Thread | null;
  /** The process of this number, until it is reaped. */
  process: Process | null;
  /** Members of the process group of this number, linked by Process.groupNext. */
  group: Process | null;
  /** Members of the session of this number, linked by Process.sessionNext. */
  session: Process | null;
  hashNext: PidEntry | null;
}

@unmanaged
export class Process {
  refs: u32;
  state: u32;
  pid: u32;
  threadCount: u32;
  container: Container;
  /** Threads that have not ended. */
  threads: Thread | null;
  /** The first thread; kept until the process is reaped, dead or alive. */
  leader: Thread;
  pidEntry: PidEntry;
  /** Null for the container's init. */
  parent: Process | null;
  children: Process | null;
  siblingNext: Process | null;
  siblingPrev: Process | null;
  group: PidEntry;
  groupNext: Process | null;
  groupPrev: Process | null;
  session: PidEntry;
  sessionNext: Process | null;
  sessionPrev: Process | null;

  space: AddressSpace | null;
  files: FdTable | null;
  paths: FsContext | null;
  actions: SignalActions;

  /** Signals sent to the process as a whole. */
  pending: u64;
  pendingFirst: usize;
  pendingLast: usize;
  pendingCount: u32;

  /** Signal the parent gets when the process ends (SIGCHLD for fork). */
  exitSignal: u32;
  /** As wait4 reports it. */
  exitStatus: u32;
  /** exit_group was called or a signal kills the process: every thread is to end. */
  exiting: bool;
  /** Stopped by a signal; stopSignal says which, and whether wait4 has reported it. */
  stopped: bool;
  stopReported: bool;
  continuedUnreported: bool;
  stopSignal: u32;
  /** Has called execve since fork: setpgid by the parent is refused. */
  executed: bool;
  dumpable: bool;
  childSubreaper: bool;
  /** Uses the host's system-call table. */
  host: bool;
  /** What the runtime wants to know of the end of a process without parent (runtime/): its tag, 0 for none. */
  watch: usize;

  /** Where the parent waits for children, and vfork's parent for this process. */
  childQueueFirst: usize;
  childQueueLast: usize;
  vforkQueueFirst: usize;
  vforkQueueLast: usize;
  /** Who polls a descriptor of this process (kernel/task/pidfd.ts). */
  endQueueFirst: usize;
  endQueueLast: usize;
  /** vfork: the child still runs in its parent's memory. */
  vforkBusy: bool;
  pad0: u8;
  pad1: u16;

  /** Terminal: kernel/tty object of the session, or 0. */
  terminal: usize;

  /** The program: what /proc/self/exe names. */
  exeMount: Mount | null;
  exeEntry: Entry | null;

  /** Resource limits, 16 pairs of soft and hard values (getrlimit(2)). */
  limits: usize;
  startNs: u64;
  /** CPU time of threads that have ended, and of children waited for. */
  deadCpuNs: u64;
  childCpuNs: u64;
  childMinorFaults: u64;
  childMajorFaults: u64;
  childMaxPages: u32;
  maxPages: u32;
  deadMinorFaults: u64;
  deadMajorFaults: u64;
  deadSwitches: u64;
  oomScoreAdjust: i32;
  personality: u32;
  /** ITIMER_REAL and friends: kernel/task/itimer.ts, or 0. */
  timers: usize;
  /** What SEM_UNDO takes back at the end: kernel/ipc/semaphore.ts. */
  semaphoreUndos: usize;
}

/** The queue on which the process waits for its children. */
@inline
export function childQueue(p: Process): WaitQueue {
  return changetype<WaitQueue>(changetype<usize>(p) + offsetof<Process>("childQueueFirst"));
}

@inline
export function vforkQueue(p: Process): WaitQueue {
  return changetype<WaitQueue>(changetype<usize>(p) + offsetof<Process>("vforkQueueFirst"));
}

/** The queue that wakes when the process has ended, its parent told or not. */
@inline
export function endQueue(p: Process): WaitQueue {
  return changetype<WaitQueue>(changetype<usize>(p) + offsetof<Process>("endQueueFirst"));
}
