// Calls that send signals: kill(2), tkill(2), tgkill(2), rt_sigqueueinfo(2), rt_tgsigqueueinfo(2). Who may send what to whom is mayKill's to say.

import { Errno } from "../../kernel/errno";
import { copyIn } from "../../kernel/mm/user";
import { Result } from "../../kernel/result";
import { pidFind, processFind, threadFind } from "../../kernel/task/pids";
import { PidEntry, Process, ProcessState } from "../../kernel/task/process";
import { INFO_BYTES, INFO_VISIBLE_BYTES, SignalCode, SignalInfo, userInfo } from "../../kernel/task/siginfo";
import { mayKill, sendSignalToProcess, sendSignalToThread } from "../../kernel/task/signal";
import { isSignal } from "../../kernel/task/signalset";
import { Thread } from "../../kernel/task/thread";

const infoSpace = memory.data(INFO_BYTES, 8);

/** Sends what kill(2) sends to one process, if that is allowed; signal 0 only asks. */
function killOne(t: Thread, p: Process, signal: u32): Result {
  if (signal != 0 && !isSignal(signal)) return -Errno.EINVAL;
  const r = mayKill(t, p, signal);
  if (r < 0 || signal == 0) return r;
  return sendSignalToProcess(p, userInfo(signal, SignalCode.User, t));
}

/** Success if one member took it; else the last error. */
function killGroup(t: Thread, group: PidEntry | null, signal: u32): Result {
  let result: Result = -Errno.ESRCH;
  let taken = false;
  let p = group ? group.group : null;
  while (p) {
    const next = p.groupNext;
    result = killOne(t, p, signal);
    taken = taken || result == 0;
    p = next;
  }
  return taken ? 0 : result;
}

/** Every process but the container's init and the caller. */
function killAll(t: Thread, signal: u32): Result {
  const c = t.process.container;
  let result: Result = -Errno.ESRCH;
  let reached = false;
  for (let i: u32 = 0; i < c.pidBuckets; i++) {
    let e = changetype<PidEntry | null>(<usize>load<u32>(c.pidTable + (i << 2)));
    while (e) {
      const next = e.hashNext;
      const p = e.process;
      if (p && p.pid > 1 && p != t.process) {
        const r = killOne(t, p, signal);
        if (!reached || r != -Errno.EPERM) result = r == -Errno.EPERM ? 0 : r;
        reached = true;
      }
      e = next;
    }
  }
  return reached ? result : -Errno.ESRCH;
}

export function sysKill(t: Thread, pid: i32, signal: u32): Result {
  const c = t.process.container;
  if (pid > 0) {
    const p = processFind(c, <u32>pid);
    return p ? killOne(t, p, signal) : -Errno.ESRCH;
  }
  if (pid == 0) return killGroup(t, t.process.group, signal);
  if (pid == -1) return killAll(t, signal);
  return pid == i32.MIN_VALUE ? -Errno.ESRCH : killGroup(t, pidFind(c, <u32>-pid), signal);
}

/** Sends `info` to thread `tid`, which must be of process `pid` unless that is 0. */
function sendSpecific(t: Thread, pid: i32, tid: i32, signal: u32, info: SignalInfo): Result {
  const c = t.process.container;
  const target = threadFind(c, <u32>tid);
  // A leader that has ended before its threads can still be named; the signal is lost on it.
  const p = target ? target.process : processFind(c, <u32>tid);
  if (!p || (pid != 0 && p.pid != <u32>pid)) return -Errno.ESRCH;
  if (signal != 0 && !isSignal(signal)) return -Errno.EINVAL;
  const r = mayKill(t, p, signal);
  if (r < 0 || signal == 0 || !target) return r;
  return sendSignalToThread(target, info);
}

export function sysTkill(t: Thread, tid: i32, signal: u32): Result {
  if (tid <= 0) return -Errno.EINVAL;
  return sendSpecific(t, 0, tid, signal, userInfo(signal, SignalCode.Tkill, t));
}

export function sysTgkill(t: Thread, pid: i32, tid: i32, signal: u32): Result {
  if (pid <= 0 || tid <= 0) return -Errno.EINVAL;
  return sendSpecific(t, pid, tid, signal, userInfo(signal, SignalCode.Tkill, t));
}

/** Copies a siginfo_t in as a signal to send. To others nobody may pretend to be the kernel or kill(2). */
function infoIn(ua: u64, signal: u32, toSelf: bool): Result {
  memory.fill(infoSpace, 0, INFO_BYTES);
  const r = copyIn(infoSpace, ua, INFO_VISIBLE_BYTES);
  if (r < 0) return r;
  const info = changetype<SignalInfo>(infoSpace);
  info.signal = signal;
  return !toSelf && (info.code >= 0 || info.code == SignalCode.Tkill) ? -Errno.EPERM : 0;
}

export function sysRtSigqueueinfo(t: Thread, pid: i32, signal: u32, info: u64): Result {
  let r = infoIn(info, signal, <u32>pid == t.process.pid);
  if (r < 0) return r;
  const p = pid > 0 ? processFind(t.process.container, <u32>pid) : null;
  if (!p) return -Errno.ESRCH;
  if (signal != 0 && !isSignal(signal)) return -Errno.EINVAL;
  r = mayKill(t, p, signal);
  return r < 0 || signal == 0 ? r : sendSignalToProcess(p, changetype<SignalInfo>(infoSpace));
}

/**
 * pidfd_send_signal(2): sends `signal` to a process, which may have been reaped (-ESRCH), as kill(2) does, or with the siginfo_t at `ua` if
 * that is not 0.
 */
export function sendToProcess(t: Thread, p: Process, signal: u32, ua: u64): Result {
  let info = changetype<SignalInfo>(0);
  if (ua != 0) {
    info = changetype<SignalInfo>(infoSpace);
    memory.fill(infoSpace, 0, INFO_BYTES);
    const r = copyIn(infoSpace, ua, INFO_VISIBLE_BYTES);
    if (r < 0) return r;
    if (info.signal != signal) return -Errno.EINVAL;
    if (p != t.process && (info.code >= 0 || info.code == SignalCode.Tkill)) return -Errno.EPERM;
  }
  if (p.state == ProcessState.Gone) return -Errno.ESRCH;
  if (ua == 0) return killOne(t, p, signal);
  if (signal != 0 && !isSignal(signal)) return -Errno.EINVAL;
  const r = mayKill(t, p, signal);
  return r < 0 || signal == 0 ? r : sendSignalToProcess(p, info);
}

export function sysRtTgsigqueueinfo(t: Thread, pid: i32, tid: i32, signal: u32, info: u64): Result {
  if (pid <= 0 || tid <= 0) return -Errno.EINVAL;
  const r = infoIn(info, signal, <u32>tid == t.tid);
  return r < 0 ? r : sendSpecific(t, pid, tid, signal, changetype<SignalInfo>(infoSpace));
}
