// Thread: what the scheduler runs. A thread has no kernel stack: it is its user registers, and a system call that has to wait is run
// again from the top when the thread wakes (docs/adr/0002-restartable-calls.md). The threads of one program share a Process.
// The first fields are the saved registers in the order in which shim/trap.S pushes them, downwards from ss.

import { operationOpens } from "./operation";
import { Errno } from "../errno";
import { kernelAlloc, kernelFree } from "../mm/heap";
import { BLOCKED, Result } from "../result";
import { nowNs } from "../time/clock";
import { Timer, TimerKind, TIMER_BYTES, timerCancel, timerInit, timerSet } from "../time/timer";
import { Credentials } from "./credentials";
import { Filter } from "./filter";
import { IoContext } from "./iocontext";
import { PidEntry, Process } from "./process";
import { enqueue } from "./scheduler";
import { stopWaiting, Waiter, WaiterKind, waitOn, WaitQueue, WAITER_BYTES } from "./wait";

export const enum ThreadState {
  Runnable = 0,
  Running = 1,
  /** Parked in a system call. */
  Blocked = 2,
  /** Stopped by a signal. */
  Stopped = 3,
  /** Ended; its process or its reaper still refers to it. */
  Dead = 4,
}

export const enum WakeReason {
  Event = 0,
  Timeout = 1,
  Signal = 2,
}

/** Bits of Thread.work: what must be done before the thread goes back to user mode. */
export const enum Work {
  /** Look for signals to deliver. */
  Signal = 1,
  /** The thread was parked in a call: run the call again. */
  Restart = 2,
  /** End this thread: the process exits. */
  Exit = 4,
  /** Stop until SIGCONT. */
  Stop = 8,
  /** Has never run: finish what clone promised (setTid). */
  First = 16,
  /** Another thread ran in between: a restartable sequence must not go on (rseq(2)). */
  Sequence = 32,
  /** Always set where reading the time-stamp counter is SIGSEGV (PR_SET_TSC): see to that (kernel/task/timestamp.ts). */
  HideTimeStamp = 64,
}

/** Bits of Thread.entry: why a system call of this thread does not take the straight way. */
export const enum EntryWork {
  /** A process of the host world: the other system-call table. */
  HostTable = 1,
  Seccomp = 2,
  /** PR_SET_SYSCALL_USER_DISPATCH: the program itself carries out some calls (linuxabi/userdispatch.ts). */
  UserDispatch = 4,
}

/** Bits of Thread.marks, which prctl(2) sets and shows. */
export const enum ThreadMark {
  /** An error of memory ends the process in its own way, and that is early. */
  MachineCheck = 1,
  MachineCheckEarly = 2,
  IoFlusher = 4,
  /** It became a user who then had more processes than RLIMIT_NPROC (execve(2), EAGAIN). */
  ManyProcesses = 8,
}

@unmanaged
export class Thread {
  /** Makes the end of ss a multiple of 16, as the CPU wants the stack it pushes an interrupt frame to. */
  alignment: u64;
  r15: u64;
  r14: u64;
  r13: u64;
  r12: u64;
  rbp: u64;
  rbx: u64;
  r11: u64;
  r10: u64;
  r9: u64;
  r8: u64;
  rax: u64;
  rcx: u64;
  rdx: u64;
  rsi: u64;
  rdi: u64;
  /** Number of the system call that is running, or -1 (Linux's orig_rax). */
  call: u64;
  rip: u64;
  cs: u64;
  rflags: u64;
  rsp: u64;
  ss: u64;
  /** Nonzero: return with IRET, every register as saved; zero: SYSRET, which loses rcx and r11. */
  fullReturn: u64;
  fsBase: u64;
  gsBase: u64;
  /** XSAVE area in low memory. */
  fpu: usize;

  /** Bits of EntryWork. */
  entry: u32;
  /** Bits of Work. */
  work: u32;
  state: u32;
  process: Process;
  credentials: Credentials;
  /** Decides which calls are carried out; with it goes EntryWork.Seccomp. */
  filter: Filter | null;
  /** Id within the container (gettid). */
  tid: u32;
  refs: u32;
  pidEntry: PidEntry;
  /** I/O priority, shared after CLONE_IO; null while it was never set: kernel/task/iocontext.ts. */
  ioContext: IoContext | null;
  /** Neighbours among the threads of the process. */
  next: Thread | null;
  prev: Thread | null;

  // Waiting
  waiter: Waiter;
  timer: Timer;
  wakeReason: u32;
  /** A call of this thread was parked and runs again. */
  restarting: bool;
  /** A signal ends the park. */
  interruptible: bool;
  /** The call is parked before it is carried out: whoever judges it looks again. */
  judging: bool;
  pad0: u8;

  // Progress of the current call across parks; all zero when a call starts.
  opPhase: u32;
  /** What the call holds; when it ends for good, releaseOperation(opKind) lets go of it. */
  opKind: u32;
  opObject: usize;
  /** set_mempolicy(2): linuxabi/sys/numa.ts. */
  memoryPolicy: u32;
  opDone: u64;
  opDeadlineNs: u64;
  opData: u64;

  // Scheduling: kernel/task/scheduler.ts
  virtualNs: u64;
  startedNs: u64;
  cpuNs: u64;
  queueIndex: u32;
  nice: i32;
  policy: u32;
  priority: u32;
  affinity: u64;
  voluntarySwitches: u64;
  involuntarySwitches: u64;

  // Signals: kernel/task/signal.ts
  signalMask: u64;
  /** The mask to put back when the next handler starts, or none does (sigsuspend, ppoll). */
  savedMask: u64;
  pending: u64;
  pendingFirst: usize;
  pendingLast: usize;
  /** Signals that sigtimedwait(2) waits for while the thread is parked in it. */
  waitedSignals: u64;
  altStack: u64;
  altStackBytes: u64;
  altStackFlags: u32;
  restoreMask: bool;
  noNewPrivileges: bool;
  /** SCHED_RESET_ON_FORK: a child starts with the default policy and no better nice value than 0. */
  resetOnFork: bool;
  /** Bits of ThreadMark. */
  marks: u8;

  // Threads and futexes
  clearTid: u64;
  /** CLONE_CHILD_SETTID: where the thread writes its id before it first runs; 0 when that is done. */
  setTid: u64;
  robustList: u64;
  robustBytes: u64;
  /** The area of rseq(2), or 0, and what it was registered with: linuxabi/sys/rseq.ts. */
  rseq: u64;
  rseqBytes: u32;
  rseqSignature: u32;
  /** With EntryWork.UserDispatch: the byte that switches it, or 0, and the code whose calls are the kernel's. */
  dispatchSelector: u64;
  dispatchStart: u64;
  dispatchBytes: u64;
  parentDeathSignal: u32;
  exitStatus: u32;
  timerSlackNs: u32;
  minorFaults: u64;
  majorFaults: u64;
  /** What restart_syscall(2) runs again, and until when: the call's number and deadline, or 0 (see interruptedUntilDeadline). */
  restartCall: u32;
  /** Priority-inheriting locks that it has and others wait for: kernel/task/futexpi.ts. */
  piStates: usize;
  restartDeadlineNs: u64;
  /** The last fault of the thread, as signal frames show it: vector, error code and address. */
  faultVector: u32;
  faultError: u32;
  faultAddress: u64;
  /** comm: 16 bytes, NUL-terminated. */
  name0: u64;
  name1: u64;
}
/** Offsets that shim/trap.S knows. */
if (offsetof<Thread>("ss") != 168) ERROR("shim/trap.S: ss");
if (offsetof<Thread>("fullReturn") != 176) ERROR("shim/trap.S: fullReturn");

const THREAD_BYTES: u32 = (offsetof<Thread>() + 7) & ~7;

/** Allocates a thread with nothing set but its embedded waiter and timer; null when memory is short. */
export function threadAlloc(fpuBytes: u32): Thread | null {
  const p = kernelAlloc(THREAD_BYTES + TIMER_BYTES + WAITER_BYTES);
  if (p == 0) return null;
  const t = changetype<Thread>(p);
  t.fpu = kernelAlloc(max<u32>(fpuBytes, 64));
  if (t.fpu == 0) {
    kernelFree(p);
    return null;
  }
  t.refs = 1;
  t.timer = changetype<Timer>(p + THREAD_BYTES);
  if (!timerInit(t.timer, TimerKind.Thread, p)) {
    kernelFree(t.fpu);
    kernelFree(p);
    return null;
  }
  t.waiter = changetype<Waiter>(p + THREAD_BYTES + TIMER_BYTES);
  t.waiter.kind = <u8>WaiterKind.Thread;
  t.waiter.owner = p;
  return t;
}

/** The thread that entered the kernel; null while the CPU idles. */
export let current: Thread = changetype<Thread>(0);

/** For the scheduler alone. */
export function setCurrent(t: Thread): void {
  current = t;
}

/** No deadline, for park. */
export const NEVER: u64 = u64.MAX_VALUE;

/** True when a signal that is not blocked waits for `t`. */
@inline
export function signalPending(t: Thread): bool {
  return (t.work & (Work.Signal | Work.Exit | Work.Stop)) != 0;
}

/**
 * Parks the current thread on `queue` until it is woken, a signal arrives or `deadlineNs` (monotonic) passes. Returns BLOCKED, which the
 * handler returns at once; the call then runs again from the top. When there is nothing to wait for any more it returns
 * -ETIMEDOUT (the deadline has passed) or -ERESTARTSYS (a signal is pending): so a handler looks at its condition first, and
 * parks last.
 */
export function park(queue: WaitQueue | null, deadlineNs: u64 = NEVER): Result {
  const t = current;
  if (signalPending(t)) return -Errno.ERESTARTSYS;
  if (deadlineNs != NEVER && deadlineNs <= nowNs()) return -Errno.ETIMEDOUT;
  return parkUninterruptible(queue, deadlineNs, true);
}

/** As park, for waits that a signal must not end (disk reads, vfork); never fails. */
export function parkUninterruptible(queue: WaitQueue | null, deadlineNs: u64 = NEVER, interruptible: bool = false): Result {
  const t = current;
  t.state = ThreadState.Blocked;
  t.interruptible = interruptible;
  t.work |= Work.Restart;
  if (queue) waitOn(queue, t.waiter);
  if (deadlineNs != NEVER) timerSet(t.timer, deadlineNs);
  return BLOCKED;
}

/** Makes a parked thread runnable; it will run its call again. Does nothing to a thread that is not parked. */
export function unpark(t: Thread, reason: WakeReason): void {
  if (t.state != ThreadState.Blocked) return;
  stopWaiting(t.waiter);
  timerCancel(t.timer);
  t.wakeReason = reason;
  t.state = ThreadState.Runnable;
  enqueue(t);
}

/** Waker of WaiterKind.Thread. */
export function wakeThread(owner: usize, waiter: Waiter): void {
  unpark(changetype<Thread>(owner), WakeReason.Event);
}

/** The absolute deadline of a call with a relative timeout: computed on its first run, remembered across parks. */
export function deadlineAfter(t: Thread, timeoutNs: u64): u64 {
  if (t.opDeadlineNs == 0) {
    const now = nowNs();
    operationOpens();
    t.opDeadlineNs = timeoutNs > NEVER - now ? NEVER : now + timeoutNs;
  }
  return t.opDeadlineNs;
}

/**
 * For a call with a relative timeout that a signal interrupts: when no handler runs, it goes on until the same deadline as before (nanosleep,
 * poll, futex). The call must take its deadline from deadlineAfter.
 */
export function interruptedUntilDeadline(t: Thread): Result {
  return interruptedUntil(t, t.opDeadlineNs);
}

/** As interruptedUntilDeadline, for a call with an absolute timeout. */
export function interruptedUntil(t: Thread, deadlineNs: u64): Result {
  t.restartCall = <u32>t.call;
  t.restartDeadlineNs = deadlineNs;
  return -Errno.ERESTART_RESTARTBLOCK;
}
