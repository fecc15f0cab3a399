// Scheduling: getpriority(2), setpriority(2), sched_yield(2), sched_setscheduler(2) and relatives, sched_setaffinity(2). The scheduler is
// fair; real-time policies are refused (EPERM), as to everybody without the privilege.

import { Errno } from "../../kernel/errno";
import { copyIn, copyOut } from "../../kernel/mm/user";
import { Result } from "../../kernel/result";
import { Capability, capable } from "../../kernel/task/credentials";
import { LimitKind, softLimit } from "../../kernel/task/limits";
import { pidFind, threadFind } from "../../kernel/task/pids";
import { PidEntry, Process } from "../../kernel/task/process";
import { SLICE_NS, yieldCurrent } from "../../kernel/task/scheduler";
import { Thread } from "../../kernel/task/thread";
import { PriorityOf, SCHED_RESET_ON_FORK, SchedulingPolicy } from "../types/sched";
import { timespecOut } from "./timespec";

/** The CPUs there are, as a set. */
const ONLINE: u64 = 1;
/** Bytes of the kernel's cpumask. */
const MASK_BYTES: u32 = 8;

const space = memory.data(8, 8);

export function sysSchedYield(): Result {
  yieldCurrent();
  return 0;
}

/** The thread that a pid argument names; null for none. */
export function schedulingTarget(t: Thread, pid: i32): Thread | null {
  return pid == 0 ? t : threadFind(t.process.container, <u32>pid);
}

/** Who has the target's user id, or CAP_SYS_NICE, may change how it is scheduled. */
export function mayChangeScheduling(t: Thread, other: Thread): bool {
  const euid = t.credentials.euid;
  return euid == other.credentials.uid || euid == other.credentials.euid || capable(t.credentials, Capability.SysNice);
}

// getpriority and setpriority visit a thread, or all threads of several processes, and gather one result.
const enum Visit {
  Get = 0,
  Set = 1,
}
let visit: Visit = Visit.Get;
let newNice: i32 = 0;
let gathered: Result = 0;

/** Get: the best (greatest) of 20 - nice. Set: sets the nice value, or remembers why not. */
function visitThread(t: Thread, other: Thread): void {
  if (visit == Visit.Get) {
    gathered = max(gathered, <Result>(20 - other.nice));
    return;
  }
  if (gathered == -Errno.ESRCH) gathered = 0;
  if (!mayChangeScheduling(t, other)) gathered = -Errno.EPERM;
  else if (newNice < other.nice && !mayRaise(t, other, newNice)) gathered = -Errno.EACCES;
  else other.nice = newNice;
}

/** True when `other` may be given the better nice value; RLIMIT_NICE holds 20 minus the best one allowed. */
export function mayRaise(t: Thread, other: Thread, nice: i32): bool {
  return <u64>(20 - nice) <= softLimit(other.process, LimitKind.Nice) || capable(t.credentials, Capability.SysNice);
}

function visitProcess(t: Thread, p: Process): void {
  let other = p.threads;
  while (other) {
    visitThread(t, other);
    other = other.next;
  }
}

/** Visits all that `which` and `who` name; -EINVAL for an unknown `which`. */
function visitAll(t: Thread, which: i32, who: i32): Result {
  gathered = -Errno.ESRCH;
  const c = t.process.container;
  if (which == PriorityOf.PRIO_PROCESS) {
    const other = schedulingTarget(t, who);
    if (other) visitThread(t, other);
  } else if (which == PriorityOf.PRIO_PGRP) {
    const group = who == 0 ? t.process.group : pidFind(c, <u32>who);
    let p = group ? group.group : null;
    while (p) {
      visitProcess(t, p);
      p = p.groupNext;
    }
  } else if (which == PriorityOf.PRIO_USER) {
    const uid = who == 0 ? t.credentials.uid : <u32>who;
    for (let i: u32 = 0; i < c.pidBuckets; i++) {
      let e = changetype<PidEntry | null>(<usize>load<u32>(c.pidTable + (i << 2)));
      while (e) {
        const p = e.process;
        if (p && p.leader.credentials.uid == uid) visitProcess(t, p);
        e = e.hashNext;
      }
    }
  } else return -Errno.EINVAL;
  return gathered;
}

/** 20 - nice, so that it is never negative; the C library turns it round. */
export function sysGetpriority(t: Thread, which: i32, who: i32): Result {
  visit = Visit.Get;
  return visitAll(t, which, who);
}

export function sysSetpriority(t: Thread, which: i32, who: i32, nice: i32): Result {
  visit = Visit.Set;
  newNice = min(max(nice, -20), 19);
  return visitAll(t, which, who);
}

/** Only the privileged take SCHED_RESET_ON_FORK back. */
export function mayReset(t: Thread, other: Thread, resetOnFork: bool): bool {
  return !other.resetOnFork || resetOnFork || capable(t.credentials, Capability.SysNice);
}

@inline
export function isRealTime(policy: u32): bool {
  return policy == SchedulingPolicy.SCHED_FIFO || policy == SchedulingPolicy.SCHED_RR;
}

@inline
export function isFair(policy: u32): bool {
  return policy == SchedulingPolicy.SCHED_OTHER || policy == SchedulingPolicy.SCHED_BATCH || policy == SchedulingPolicy.SCHED_IDLE;
}

/** sched_setscheduler(2). SCHED_DEADLINE is EINVAL: it needs times that only sched_setattr(2) takes. */
export function sysSchedSetscheduler(t: Thread, pid: i32, policy: i32, parameter: u64): Result {
  if (policy < 0) return -Errno.EINVAL;
  return setPolicy(t, pid, policy & ~SCHED_RESET_ON_FORK, parameter, (policy & SCHED_RESET_ON_FORK) != 0);
}

export function sysSchedSetparam(t: Thread, pid: i32, parameter: u64): Result {
  return setPolicy(t, pid, -1, parameter, false);
}

/** Sets policy and whether children have it (-1: both as they are), and priority. */
function setPolicy(t: Thread, pid: i32, policy: i32, parameter: u64, resetOnFork: bool): Result {
  if (parameter == 0 || pid < 0) return -Errno.EINVAL;
  const r = copyIn(space, parameter, 4);
  if (r < 0) return r;
  const other = schedulingTarget(t, pid);
  if (!other) return -Errno.ESRCH;
  if (policy == -1) {
    policy = other.policy;
    resetOnFork = other.resetOnFork;
  }
  const realTime = isRealTime(policy);
  const priority = load<i32>(space);
  if (!realTime && !isFair(policy)) return -Errno.EINVAL;
  if (realTime ? priority < 1 || priority > 99 : priority != 0) return -Errno.EINVAL;
  if (realTime || !mayChangeScheduling(t, other) || !mayReset(t, other, resetOnFork)) return -Errno.EPERM;
  other.policy = policy;
  other.resetOnFork = resetOnFork;
  return 0;
}

export function sysSchedGetscheduler(t: Thread, pid: i32): Result {
  if (pid < 0) return -Errno.EINVAL;
  const other = schedulingTarget(t, pid);
  return other ? <Result>(other.policy | (other.resetOnFork ? SCHED_RESET_ON_FORK : 0)) : -Errno.ESRCH;
}

export function sysSchedGetparam(t: Thread, pid: i32, parameter: u64): Result {
  if (parameter == 0 || pid < 0) return -Errno.EINVAL;
  const other = schedulingTarget(t, pid);
  if (!other) return -Errno.ESRCH;
  store<u32>(space, other.priority);
  return copyOut(parameter, space, 4);
}

export function sysSchedGetPriorityMax(policy: i32): Result {
  return priorityBound(policy, 99);
}

export function sysSchedGetPriorityMin(policy: i32): Result {
  return priorityBound(policy, 1);
}

function priorityBound(policy: i32, ofRealTime: Result): Result {
  switch (policy) {
    case SchedulingPolicy.SCHED_FIFO:
    case SchedulingPolicy.SCHED_RR:
      return ofRealTime;
    case SchedulingPolicy.SCHED_OTHER:
    case SchedulingPolicy.SCHED_BATCH:
    case SchedulingPolicy.SCHED_IDLE:
    case SchedulingPolicy.SCHED_DEADLINE:
      return 0;
    default:
      return -Errno.EINVAL;
  }
}

export function sysSchedRrGetInterval(t: Thread, pid: i32, interval: u64): Result {
  if (pid < 0) return -Errno.EINVAL;
  return schedulingTarget(t, pid) ? timespecOut(interval, SLICE_NS) : -Errno.ESRCH;
}

export function sysSchedSetaffinity(t: Thread, pid: i32, bytes: u32, mask: u64): Result {
  store<u64>(space, 0);
  const r = copyIn(space, mask, min(bytes, MASK_BYTES));
  if (r < 0) return r;
  const other = schedulingTarget(t, pid);
  if (!other) return -Errno.ESRCH;
  if (!mayChangeScheduling(t, other)) return -Errno.EPERM;
  const cpus = load<u64>(space) & ONLINE;
  if (cpus == 0) return -Errno.EINVAL;
  other.affinity = cpus;
  return 0;
}

/** Returns the bytes of the mask. */
export function sysSchedGetaffinity(t: Thread, pid: i32, bytes: u32, mask: u64): Result {
  if (bytes == 0 || (bytes & 7) != 0) return -Errno.EINVAL;
  const other = schedulingTarget(t, pid);
  if (!other) return -Errno.ESRCH;
  store<u64>(space, other.affinity & ONLINE);
  const r = copyOut(mask, space, MASK_BYTES);
  return r < 0 ? r : <Result>MASK_BYTES;
}
