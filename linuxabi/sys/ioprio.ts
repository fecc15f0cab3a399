// I/O priorities: ioprio_set(2), ioprio_get(2). There is no I/O to order: the priority is checked, kept and shown.

import { Errno } from "../../kernel/errno";
import { Result } from "../../kernel/result";
import { Capability, capable } from "../../kernel/task/credentials";
import { ioPriority, ioPrioritySet } from "../../kernel/task/iocontext";
import { pidFind, threadFind } from "../../kernel/task/pids";
import { PidEntry, Process } from "../../kernel/task/process";
import { Thread } from "../../kernel/task/thread";
import { IoClass, IoPriorityOf } from "../types/sched";

const CLASS_SHIFT: u32 = 13;
const DATA_MASK: u32 = (1 << CLASS_SHIFT) - 1;
/** Levels of a class; the bits above say how long a request may take. */
const LEVELS: u32 = 8;

/** What a call does to each thread it visits: sets `wanted`, or finds the best priority. */
let setting: bool = false;
let wanted: u32 = 0;
let result: Result = 0;

/** The priority in effect: without one of its own, a thread's nice value decides. */
function effective(t: Thread): u32 {
  const own = ioPriority(t);
  return own >> CLASS_SHIFT != 0 ? own : (IoClass.IOPRIO_CLASS_BE << CLASS_SHIFT) | (<u32>((t.nice + 20) / 5));
}

function visitThread(t: Thread, other: Thread): void {
  if (!setting) {
    const priority = effective(other);
    result = result < 0 ? <Result>priority : min<Result>(result, priority);
    return;
  }
  if (result == -Errno.ESRCH) result = 0;
  if (result < 0) return;
  const c = t.credentials;
  const uid = other.credentials.uid;
  if (uid != c.euid && uid != c.uid && !capable(c, Capability.SysNice)) result = -Errno.EPERM;
  else if (!ioPrioritySet(other, wanted)) result = -Errno.ENOMEM;
}

function visitProcess(t: Thread, p: Process): void {
  let other = p.threads;
  while (other) {
    visitThread(t, other);
    other = other.next;
  }
}

/** Visits all that `which` and `who` name but a single thread: what visitThread has gathered, -ESRCH or -EINVAL. */
function visitAll(t: Thread, which: i32, who: i32): Result {
  const c = t.process.container;
  result = -Errno.ESRCH;
  if (which == IoPriorityOf.IOPRIO_WHO_PGRP) {
    const group = who == 0 ? t.process.group : pidFind(c, <u32>who);
    let p = group ? group.group : null;
    while (p) {
      visitProcess(t, p);
      p = p.groupNext;
    }
  } else if (which == IoPriorityOf.IOPRIO_WHO_USER) {
    const uid = who == 0 ? t.credentials.uid : <u32>who;
    for (let i: u32 = 0; i < c.pidBuckets; i++) {
      let e = changetype<PidEntry | null>(<usize>load<u32>(c.pidTable + (i << 2)));
      while (e) {
        const other = e.thread;
        if (other && other.credentials.uid == uid) visitThread(t, other);
        e = e.hashNext;
      }
    }
  } else return -Errno.EINVAL;
  return result;
}

/** Who may have the class, and whether the level fits it: 0, -EPERM or -EINVAL. */
function check(t: Thread, priority: u32): Result {
  const level = priority & (LEVELS - 1);
  switch (priority >> CLASS_SHIFT) {
    case IoClass.IOPRIO_CLASS_RT: {
      const c = t.credentials;
      return capable(c, Capability.SysAdmin) || capable(c, Capability.SysNice) ? 0 : -Errno.EPERM;
    }
    case IoClass.IOPRIO_CLASS_BE:
    case IoClass.IOPRIO_CLASS_IDLE:
      return 0;
    case IoClass.IOPRIO_CLASS_NONE:
      return level != 0 ? -Errno.EINVAL : 0;
    default:
      return -Errno.EINVAL;
  }
}

export function sysIoprioSet(t: Thread, which: i32, who: i32, priority: u32): Result {
  const r = priority >> 16 != 0 ? -Errno.EINVAL : check(t, priority);
  if (r < 0) return r;
  setting = true;
  wanted = priority;
  if (which != IoPriorityOf.IOPRIO_WHO_PROCESS) return visitAll(t, which, who);
  const other = who == 0 ? t : threadFind(t.process.container, <u32>who);
  if (!other) return -Errno.ESRCH;
  result = 0;
  visitThread(t, other);
  return result;
}

export function sysIoprioGet(t: Thread, which: i32, who: i32): Result {
  setting = false;
  if (which != IoPriorityOf.IOPRIO_WHO_PROCESS) return visitAll(t, which, who);
  const other = who == 0 ? t : threadFind(t.process.container, <u32>who);
  return other ? <Result>(ioPriority(other) & ((7 << CLASS_SHIFT) | DATA_MASK)) : -Errno.ESRCH;
}
