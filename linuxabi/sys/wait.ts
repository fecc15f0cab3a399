// wait4(2) and waitid(2).

import { Errno } from "../../kernel/errno";
import { copyOut } from "../../kernel/mm/user";
import { Result } from "../../kernel/result";
import { reap } from "../../kernel/task/lifecycle";
import { childQueue, Process, ProcessState } from "../../kernel/task/process";
import { park, Thread } from "../../kernel/task/thread";
import { OpenFlag } from "../../kernel/vfs/flags";
import { openFile } from "./descriptor";
import { processOfDescriptor } from "./pidfd";
import { usageOf } from "./usage";

const enum Option {
  NoHang = 1,
  Stopped = 2,
  Exited = 4,
  Continued = 8,
  NoWait = 0x0100_0000,
  NoThread = 0x2000_0000,
  All = 0x4000_0000,
  Clone = 0x8000_0000,
}
const ANY_OPTION: u32 =
  Option.NoHang | Option.Stopped | Option.Exited | Option.Continued | Option.NoWait | Option.NoThread | Option.All | Option.Clone;

/** waitid's fourth way to say which child: by a descriptor. */
const P_PIDFD: u32 = 3;

/** Which children are meant. */
const enum Which {
  All = 0,
  Pid = 1,
  Group = 2,
}

const SIGCHLD: u32 = 17;
const SIGCONT: u32 = 18;
const CLD_EXITED: u32 = 1;
const CLD_KILLED: u32 = 2;
const CLD_DUMPED: u32 = 3;
const CLD_STOPPED: u32 = 5;
const CLD_CONTINUED: u32 = 6;

const status = memory.data(4, 8);
const info = memory.data(128, 8);
const usage = memory.data(144, 8);

/** The child found, its status word as wait4 gives it, and code and value as siginfo has them. */
let found: Process = changetype<Process>(0);
let foundStatus: u32 = 0;
let foundCode: u32 = 0;
let foundValue: u32 = 0;

function wanted(self: Process, child: Process, which: Which, id: u32, options: u32): bool {
  if (which == Which.Pid && child.pid != id) return false;
  if (which == Which.Group && child.group.number != id) return false;
  // A "clone child" is one that does not send SIGCHLD.
  if (options & Option.All) return true;
  return (child.exitSignal != SIGCHLD) == ((options & Option.Clone) != 0);
}

/** Looks whether `child` has something to report that `options` ask for; fills found*. */
function report(child: Process, options: u32): bool {
  if (options & Option.Exited && child.state == ProcessState.Zombie) {
    foundStatus = child.exitStatus;
    const signal = foundStatus & 0x7f;
    foundCode = signal == 0 ? CLD_EXITED : foundStatus & 0x80 ? CLD_DUMPED : CLD_KILLED;
    foundValue = signal == 0 ? (foundStatus >> 8) & 0xff : signal;
  } else if (options & Option.Stopped && child.stopped && !child.stopReported) {
    foundStatus = (child.stopSignal << 8) | 0x7f;
    foundCode = CLD_STOPPED;
    foundValue = child.stopSignal;
  } else if (options & Option.Continued && child.continuedUnreported) {
    foundStatus = 0xffff;
    foundCode = CLD_CONTINUED;
    foundValue = SIGCONT;
  } else return false;
  found = child;
  return true;
}

/** Finds a child with something to report: 1, 0 (none yet, or WNOHANG), -ECHILD, or what park returns. */
function waitFor(t: Thread, which: Which, id: u32, options: u32): Result {
  const self = t.process;
  let any = false;
  let child = self.children;
  while (child) {
    if (wanted(self, child, which, id, options)) {
      any = true;
      if (report(child, options)) return 1;
    }
    child = child.siblingNext;
  }
  if (!any) return -Errno.ECHILD;
  return options & Option.NoHang ? 0 : park(childQueue(self));
}

/** Takes note that the report was delivered: a zombie goes, a stop or continue is not told again. */
function consume(options: u32): void {
  if (options & Option.NoWait) return;
  if (foundCode == CLD_STOPPED) found.stopReported = true;
  else if (foundCode == CLD_CONTINUED) found.continuedUnreported = false;
  else reap(found);
}

/** wait4(2). */
export function sysWait4(t: Thread, pid: i32, statusAddress: u64, options: u32, usageAddress: u64): Result {
  if (options & ~(Option.NoHang | Option.Stopped | Option.Continued | Option.NoThread | Option.All | Option.Clone)) return -Errno.EINVAL;
  if (pid == i32.MIN_VALUE) return -Errno.ESRCH;
  const which = pid == -1 ? Which.All : pid > 0 ? Which.Pid : Which.Group;
  const id = pid > 0 ? <u32>pid : pid == 0 ? t.process.group.number : <u32>-pid;
  let r = waitFor(t, which, id, options | Option.Exited);
  if (r <= 0) return r;
  const number = found.pid;
  store<u32>(status, foundStatus);
  // As on Linux the child is gone even if its status cannot be written.
  if (usageAddress != 0) usageOf(found, usage);
  consume(options);
  if (statusAddress != 0) {
    r = copyOut(statusAddress, status, 4);
    if (r < 0) return r;
  }
  if (usageAddress != 0) {
    r = copyOut(usageAddress, usage, 144);
    if (r < 0) return r;
  }
  return number;
}

/** waitid(2). */
export function sysWaitid(t: Thread, type: u32, id: i32, infoAddress: u64, options: u32, usageAddress: u64): Result {
  let isNonBlocking = false;
  if (options & ~ANY_OPTION || !(options & (Option.Exited | Option.Stopped | Option.Continued))) return -Errno.EINVAL;
  if (type > P_PIDFD) return -Errno.EINVAL;
  if (type == P_PIDFD) {
    const process = processOfDescriptor(t, id);
    if (!process) return id < 0 ? -Errno.EINVAL : -Errno.EBADF;
    type = Which.Pid;
    isNonBlocking = (openFile(t, id).flags & OpenFlag.NonBlock) != 0;
    // A process that is reaped has no number any more; no child has number 0.
    id = process.state == ProcessState.Gone ? 0 : <i32>process.pid;
    if (id == 0) return -Errno.ECHILD;
  }
  if (type == Which.Pid && id <= 0) return -Errno.EINVAL;
  if (type == Which.Group && id < 0) return -Errno.EINVAL;
  const number = type == Which.Group && id == 0 ? t.process.group.number : <u32>id;
  const r = waitFor(t, <Which>type, number, isNonBlocking ? options | Option.NoHang : options);
  if (r < 0) return r;
  if (r == 0 && isNonBlocking && !(options & Option.NoHang)) return -Errno.EAGAIN;
  memory.fill(info, 0, 128);
  if (r != 0) {
    store<u32>(info, SIGCHLD);
    store<u32>(info, foundCode, 8);
    store<u32>(info, found.pid, 16);
    store<u32>(info, found.leader.credentials.uid, 20);
    store<u32>(info, foundValue, 24);
    if (usageAddress != 0) {
      usageOf(found, usage);
      const copied = copyOut(usageAddress, usage, 144);
      if (copied < 0) return copied;
    }
  }
  if (infoAddress != 0) {
    const copied = copyOut(infoAddress, info, 128);
    if (copied < 0) return copied;
  }
  if (r != 0) consume(options);
  return 0;
}
