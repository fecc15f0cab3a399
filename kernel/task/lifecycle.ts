// How processes and threads come to be and end. Creation reserves all that can be short before anything is visible; ending happens in the
// ending thread itself (exitThread), so whoever kills marks the process and wakes its threads.
//   running -> zombie (last thread ended; the parent has not waited) -> reaped

import { Container, ContainerState, stopQueue } from "../container/container";
import { Errno } from "../errno";
import { kernelAlloc, kernelFree } from "../mm/heap";
import { spaceLoad, spaceRelease } from "../mm/space";
import { Result } from "../result";
import { nowNs } from "../time/clock";
import { timerDestroy } from "../time/timer";
import { entryRelease, entryRetain } from "../vfs/entry";
import { fdTableRelease } from "../vfs/fdtable";
import { Entry, Mount } from "../vfs/inode";
import { fsContextRelease, mountRelease, mountRetain } from "../vfs/mount";
import { Credentials, credentialsRelease, credentialsRetain } from "./credentials";
import { filterLeave, filterRelease } from "./filter";
import { ioContextRelease } from "./iocontext";
import { releaseOperation } from "./operation";
import { LIMIT_KINDS } from "./limits";
import { groupJoin, groupLeave, pidNew, pidRelease, sessionJoin, sessionLeave } from "./pids";
import { childQueue, endQueue, PidEntry, Process, ProcessState, vforkQueue } from "./process";
import { enqueue, forgetThread, schedulerReserve, switchToNext } from "./scheduler";
import { actionsRelease, notifyChildEnded, orphanedGroupsOnExit, parentDied, signalsRelease, signalsThreadEnded } from "./signal";
import { current, setCurrent, Thread, threadAlloc, ThreadState, unpark, WakeReason, Work } from "./thread";
import { wakeAll } from "./wait";

const SIGCHLD: u32 = 17;

/** Bytes of a thread's FPU area on this CPU; set at boot. */
let fpuBytes: u32 = 0;
/** A clean FPU state: what a new program starts with. */
let fpuClean: usize = 0;
let containerCount: u32 = 0;

type ThreadHook = (t: Thread) => void;
type ProcessHook = (p: Process) => void;
/** linuxabi: clears and wakes clear_child_tid, walks the robust list; while the thread's memory is still there. */
let threadEnding: u32 = 0;
/** runtime: a process without a parent has ended, and is reaped after the call. */
let processEnded: u32 = 0;
/** runtime: a container's last process has gone. */
let containerEnded: u32 = 0;
/** tty: the session leader ends. */
let sessionEnding: u32 = 0;
/** Timers and the like of a process go. */
let processEnding: u32 = 0;
/** runtime: a process of the host's world ends; it still has its parent. */
let hostProcessEnding: u32 = 0;

export function setThreadEndingHook(f: ThreadHook): void {
  threadEnding = f.index;
}
export function setProcessEndedHook(f: ProcessHook): void {
  processEnded = f.index;
}
export function setContainerEndedHook(f: (c: Container) => void): void {
  containerEnded = f.index;
}
export function setSessionEndingHook(f: ProcessHook): void {
  sessionEnding = f.index;
}
export function setHostProcessEndingHook(f: ProcessHook): void {
  hostProcessEnding = f.index;
}
export function setProcessEndingHook(f: ProcessHook): void {
  processEnding = f.index;
}

/** `bytes` of XSAVE area per thread, `clean` its initial content. */
export function lifecycleInit(bytes: u32, clean: usize): void {
  fpuBytes = bytes;
  fpuClean = clean;
}

/** How many containers the scheduler must have room for. */
export function setContainerCount(n: u32): void {
  containerCount = n;
}

/** Sets the thread's FPU area to the state of a new program. */
export function fpuReset(t: Thread): void {
  memory.copy(t.fpu, fpuClean, fpuBytes);
}

/** True when the container may have one more thread (pids.max). */
function mayAddThread(c: Container): bool {
  return c.pidLimit == 0 || c.threadCount < c.pidLimit;
}

/** A thread of `process` with a number of its own, not yet runnable: null when memory or pids are short. */
export function threadNew(process: Process, credentials: Credentials, tid: u32 = 0): Thread | null {
  const c = process.container;
  if (!mayAddThread(c) || !schedulerReserve(c, containerCount, c.threadCount + 1)) return null;
  const t = threadAlloc(fpuBytes);
  if (!t) return null;
  const entry = pidNew(c, tid);
  if (!entry) {
    timerDestroy(t.timer);
    kernelFree(t.fpu);
    kernelFree(changetype<usize>(t));
    return null;
  }
  entry.thread = t;
  t.tid = entry.number;
  t.pidEntry = entry;
  t.process = process;
  t.credentials = credentialsRetain(credentials);
  t.call = u64.MAX_VALUE;
  t.affinity = u64.MAX_VALUE;
  t.timerSlackNs = 50_000;
  const first = process.threads;
  t.next = first;
  if (first) first.prev = t;
  process.threads = t;
  process.threadCount++;
  c.threadCount++;
  return t;
}

/**
 * A process with one thread, in no group or session yet, without memory, files and paths: the caller fills it in, or takes it back
 * with processDiscard. `actions` and `limits` (LIMIT_KINDS pairs of u64) are copied by the caller. Null when memory or pids are short.
 */
export function processNew(c: Container, parent: Process | null, credentials: Credentials, pid: u32 = 0): Process | null {
  const p = kernelAlloc(offsetof<Process>() + 16 + LIMIT_KINDS * 16);
  if (p == 0) return null;
  const process = changetype<Process>(p);
  process.refs = 1;
  process.container = c;
  process.limits = p + ((offsetof<Process>() + 15) & ~15);
  const t = threadNew(process, credentials, pid);
  if (!t) {
    kernelFree(p);
    return null;
  }
  process.leader = t;
  process.pidEntry = t.pidEntry;
  process.pidEntry.process = process;
  process.pid = t.tid;
  process.startNs = nowNs();
  process.dumpable = true;
  process.parent = parent;
  if (parent) {
    const first = parent.children;
    process.siblingNext = first;
    if (first) first.siblingPrev = process;
    parent.children = process;
  }
  c.processCount++;
  return process;
}

/** Makes the process leader of a new group and session of its own number (containers' first processes). */
export function processLead(process: Process): void {
  sessionJoin(process, process.pidEntry);
  groupJoin(process, process.pidEntry);
}

/** Takes back a process that has never run. */
export function processDiscard(process: Process): void {
  const t = process.leader;
  threadUnlink(t);
  releaseShared(process);
  processUnlink(process);
}

export function processRetain(p: Process): Process {
  p.refs++;
  return p;
}

export function processRelease(p: Process): void {
  if (--p.refs == 0) kernelFree(changetype<usize>(p));
}

/** Frees the thread's resources, but not the object. */
function threadUnlink(t: Thread): void {
  const p = t.process;
  const next = t.next;
  const prev = t.prev;
  if (next) next.prev = prev;
  if (prev) prev.next = next;
  else p.threads = next;
  p.threadCount--;
  p.container.threadCount--;
  timerDestroy(t.timer);
  signalsRelease(changetype<usize>(t) + offsetof<Thread>("pendingFirst"));
  forgetThread(t);
  kernelFree(t.fpu);
  t.fpu = 0;
  t.state = ThreadState.Dead;
  t.pidEntry.thread = null;
}

function threadFree(t: Thread): void {
  const c = t.process.container;
  pidRelease(c, t.pidEntry);
  credentialsRelease(t.credentials);
  filterRelease(t.filter);
  ioContextRelease(t);
  kernelFree(changetype<usize>(t));
}

/** Lets go of what the process shares with others: memory, files, paths, program. */
function releaseShared(process: Process): void {
  const files = process.files;
  if (files) {
    process.files = null;
    fdTableRelease(files);
  }
  const paths = process.paths;
  if (paths) {
    process.paths = null;
    fsContextRelease(paths);
  }
  const space = process.space;
  if (space) {
    process.maxPages = max(process.maxPages, space.maxPages);
    process.space = null;
    const t = current;
    spaceLoad(t ? t.process.space : null);
    spaceRelease(space);
  }
  programDrop(process);
}

/** Notes which program runs (/proc/PID/exe). While it does, its file cannot be opened for writing (ETXTBSY). */
export function programSet(process: Process, mount: Mount, entry: Entry): void {
  entry.inode!.writers--;
  entryRetain(entry);
  mountRetain(mount);
  programDrop(process);
  process.exeMount = mount;
  process.exeEntry = entry;
}

function programDrop(process: Process): void {
  const entry = process.exeEntry;
  if (!entry) return;
  entry.inode!.writers++;
  process.exeEntry = null;
  entryRelease(entry);
  mountRelease(process.exeMount!);
  process.exeMount = null;
}

/** Removes an ended process from everything that knows it by number or kin, and drops the last reference of the tables. */
function processUnlink(process: Process): void {
  const parent = process.parent;
  const next = process.siblingNext;
  const prev = process.siblingPrev;
  if (next) next.siblingPrev = prev;
  if (prev) prev.siblingNext = next;
  else if (parent) parent.children = next;
  process.parent = null;
  process.state = ProcessState.Gone;
  process.pidEntry.process = null;
  if (changetype<usize>(process.group) != 0) groupLeave(process);
  if (changetype<usize>(process.session) != 0) sessionLeave(process);
  if (changetype<usize>(process.actions) != 0) actionsRelease(process.actions);
  signalsRelease(changetype<usize>(process) + offsetof<Process>("pendingFirst"));
  threadFree(process.leader);
  const c = process.container;
  processRelease(process);
  c.processCount--;
}

/** Makes a thread run that has to notice something: it leaves a park or a stop. */
export function rouse(t: Thread): void {
  if (t.state == ThreadState.Blocked) unpark(t, WakeReason.Signal);
  else if (t.state == ThreadState.Stopped) {
    t.state = ThreadState.Runnable;
    enqueue(t);
  }
}

/** Ends the process: every thread ends as soon as it would go back to user mode. `status` is as wait4 reports it. */
export function exitGroup(process: Process, status: u32): void {
  if (process.exiting || process.state != ProcessState.Running) return;
  process.exiting = true;
  process.exitStatus = status;
  process.stopped = false;
  let t = process.threads;
  while (t) {
    const next = t.next;
    t.work |= Work.Exit;
    t.work &= ~Work.Stop;
    if (t != current) rouse(t);
    t = next;
  }
}

/** Ends all threads of the process but `keep` (execve): true when none is left, else they have been told to end. */
export function endOtherThreads(process: Process, keep: Thread): bool {
  if (process.threadCount == 1) return true;
  let t = process.threads;
  while (t) {
    const next = t.next;
    if (t != keep) {
      t.work |= Work.Exit;
      rouse(t);
    }
    t = next;
  }
  return false;
}

/** Makes `t`, the only thread that is left, the process's leader with its number, as execve(2) promises. */
export function becomeLeader(t: Thread): void {
  const process = t.process;
  const old = process.leader;
  if (old == t) return;
  const own = t.pidEntry;
  t.pidEntry = process.pidEntry;
  t.pidEntry.thread = t;
  t.tid = process.pid;
  process.leader = t;
  // The old leader has ended; it takes the number along that is not needed any more.
  own.thread = null;
  old.pidEntry = own;
  threadFree(old);
}

/** Ends the current thread; with the last one the process becomes a zombie. The CPU goes to the next thread. */
export function exitThread(status: u32): void {
  const t = current;
  const process = t.process;
  if (threadEnding != 0) call_indirect<void>(threadEnding, t);
  releaseOperation(t);
  filterLeave(t);
  const now = nowNs();
  t.cpuNs += now - t.startedNs;
  t.startedNs = now;
  process.deadCpuNs += t.cpuNs;
  process.deadMinorFaults += t.minorFaults;
  process.deadMajorFaults += t.majorFaults;
  const last = process.threadCount == 1;
  t.exitStatus = status;
  if (last && !process.exiting) {
    process.exiting = true;
    process.exitStatus = process.leader.exitStatus; // it may have ended long ago
  }
  if (last) {
    if (processEnding != 0) call_indirect<void>(processEnding, process);
    if (process.host && hostProcessEnding != 0) call_indirect<void>(hostProcessEnding, process);
    releaseShared(process);
  }
  threadUnlink(t);
  signalsThreadEnded(t);
  setCurrent(changetype<Thread>(0));
  if (t != process.leader) {
    threadFree(t);
    // A thread that waits in execve for the others to go looks again.
    if (!last) wakeAll(childQueue(process));
  } else if (!last) wakeAll(childQueue(process));
  if (last) processExit(process);
  switchToNext();
}

function processExit(process: Process): void {
  const c = process.container;
  vforkDone(process);
  if (process.session == process.pidEntry && sessionEnding != 0) call_indirect<void>(sessionEnding, process);
  orphanedGroupsOnExit(process);
  process.state = ProcessState.Zombie;
  wakeAll(endQueue(process));
  const isInit = c.init == process;
  if (isInit) killAll(c, process);
  reparentChildren(process);
  const parent = process.parent;
  if (parent) {
    // notifyChildEnded says whether the parent wants no zombie (SIGCHLD ignored, SA_NOCLDWAIT); it may wait for its last child all the same.
    if (notifyChildEnded(process)) reap(process);
    wakeAll(childQueue(parent));
  } else {
    if (processEnded != 0) call_indirect<void>(processEnded, process);
    if (isInit) {
      c.init = null;
      c.exitStatus = process.exitStatus;
    }
    reap(process);
  }
  if (c.processCount == 0 && !c.isHost) containerStopped(c);
}

/** The last process of the container is gone, or it is stopped without ever having had one. */
export function containerStopped(c: Container): void {
  c.state = ContainerState.Stopped;
  wakeAll(stopQueue(c));
  if (containerEnded != 0) call_indirect<void>(containerEnded, c);
}

/** Lets vfork's parent go on: the child has its own memory now, or has ended. */
export function vforkDone(process: Process): void {
  if (!process.vforkBusy) return;
  process.vforkBusy = false;
  wakeAll(vforkQueue(process));
}

/** The end of a container's init is the end of all its processes (pid_namespaces(7)). */
function killAll(c: Container, init: Process): void {
  for (let i: u32 = 0; i < c.pidBuckets; i++) {
    let e = changetype<PidEntry | null>(<usize>load<u32>(c.pidTable + (i << 2)));
    while (e) {
      const next = e.hashNext;
      const p = e.process;
      if (p && p != init) exitGroup(p, 9);
      e = next;
    }
  }
}

/** Children of an ended process go to the nearest living subreaper, or to the container's init; without one, ended ones are reaped. */
function reparentChildren(process: Process): void {
  let heir = process.parent;
  while (heir && (!heir.childSubreaper || heir.exiting)) heir = heir.parent;
  const c = process.container;
  if (!heir) heir = c.init != process ? c.init : null;
  let child = process.children;
  process.children = null;
  while (child) {
    const next = child.siblingNext;
    child.siblingPrev = null;
    child.siblingNext = null;
    child.parent = heir;
    child.exitSignal = SIGCHLD; // what was agreed with the old parent would surprise the new one
    parentDied(child);
    if (heir) {
      const first = heir.children;
      child.siblingNext = first;
      if (first) first.siblingPrev = child;
      heir.children = child;
      if (child.state == ProcessState.Zombie) {
        if (notifyChildEnded(child)) reap(child);
        wakeAll(childQueue(heir));
      }
    } else if (child.state == ProcessState.Zombie) reap(child);
    child = next;
  }
}

/** Removes a zombie; its times go to its parent. */
export function reap(process: Process): void {
  const parent = process.parent;
  if (parent) {
    parent.childCpuNs += process.deadCpuNs + process.childCpuNs;
    parent.childMinorFaults += process.deadMinorFaults + process.childMinorFaults;
    parent.childMajorFaults += process.deadMajorFaults + process.childMajorFaults;
    parent.childMaxPages = max(parent.childMaxPages, max(process.maxPages, process.childMaxPages));
  }
  processUnlink(process);
}

/** Lets a new thread run for the first time. */
export function threadStart(t: Thread): void {
  t.state = ThreadState.Runnable;
  t.fullReturn = 1;
  enqueue(t);
}

/** -EAGAIN or -ENOMEM: why threadNew or processNew failed for `c`. */
export function creationError(c: Container): Result {
  return mayAddThread(c) ? -Errno.ENOMEM : -Errno.EAGAIN;
}
