// clone(2), fork(2), vfork(2) and what threads tell the kernel about themselves.

import { Errno } from "../../kernel/errno";
import { unsupported } from "../../kernel/container/missing";
import { copyIn, copyOut } from "../../kernel/mm/user";
import { Result } from "../../kernel/result";
import { cloned, cloneFrom, CloneFlag } from "../../kernel/task/clone";
import { processDiscard, processRelease, processRetain, threadStart } from "../../kernel/task/lifecycle";
import { OperationKind, registerOperation, operationOpens } from "../../kernel/task/operation";
import { Process, vforkQueue } from "../../kernel/task/process";
import { pidFileNew } from "../../kernel/task/pidfd";
import { OpenFlag } from "../../kernel/vfs/flags";
import { installFile } from "./descriptor";
import { NEVER, parkUninterruptible, Thread, Work } from "../../kernel/task/thread";

const SIGCHLD: u32 = 17;
const SIGNAL_MASK: u64 = 0xff;
/** CLONE_NEW*: containers do not nest, so a program may not make namespaces. */
const NEW_NAMESPACES: u64 = 0x7e02_0080;
const KNOWN: u64 =
  CloneFlag.Vm |
  CloneFlag.Fs |
  CloneFlag.Files |
  CloneFlag.SignalHandlers |
  CloneFlag.PidFd |
  CloneFlag.Vfork |
  CloneFlag.Parent |
  CloneFlag.Thread |
  CloneFlag.SystemVSemaphores |
  CloneFlag.SetTls |
  CloneFlag.ParentSetTid |
  CloneFlag.ChildClearTid |
  CloneFlag.Detached |
  CloneFlag.Untraced |
  CloneFlag.Trace |
  CloneFlag.ChildSetTid;

const word = memory.data(8, 8);
/** struct clone_args (include/uapi/linux/sched.h): version 2 has 88 bytes, version 0 has 64. */
const cloneArguments = memory.data(88, 8);

/** What clone was asked for, from either call. */
let flags: u64 = 0;
let exitSignal: u32 = 0;
let stack: u64 = 0;
let parentTid: u64 = 0;
let childTid: u64 = 0;
let tls: u64 = 0;
let pidFdAddress: u64 = 0;

/** vfork's wait for its child: the call goes on when the child has its own memory or has ended. */
function waitForVfork(t: Thread): Result {
  const child = changetype<Process>(t.opObject);
  if (child.vforkBusy) return parkUninterruptible(vforkQueue(child), NEVER);
  return t.opDone;
}

function releaseVforkChild(t: Thread): void {
  processRelease(changetype<Process>(t.opObject));
}

/** Registers what a call in this file holds while it waits. */
export function cloneInit(): void {
  registerOperation(OperationKind.Vfork, releaseVforkChild);
}

function start(t: Thread): Result {
  if (t.opKind == OperationKind.Vfork) return waitForVfork(t);
  if (flags & NEW_NAMESPACES) return -Errno.EPERM;
  if (flags & ~KNOWN) return unsupported(t, "flags", flags & ~KNOWN, -Errno.EINVAL);
  if (flags & CloneFlag.ParentSetTid) {
    // Faults are met before the child exists.
    const r = copyIn(word, parentTid, 4);
    if (r < 0) return r;
  }
  if (flags & CloneFlag.PidFd) {
    if (flags & (CloneFlag.Thread | CloneFlag.Detached)) return -Errno.EINVAL;
    const r = copyIn(word, pidFdAddress, 4);
    if (r < 0) return r;
  }
  const r = cloneFrom(t, flags, exitSignal);
  if (r < 0) return r;
  const child = cloned;
  if (flags & CloneFlag.PidFd) {
    const fd = installFile(t, pidFileNew(child.process, 0), OpenFlag.CloseOnExec);
    if (fd < 0) {
      processDiscard(child.process);
      return fd;
    }
    store<i32>(word, <i32>fd);
    copyOut(pidFdAddress, word, 4);
  }
  const tid = child.tid;
  if (stack != 0) child.rsp = stack;
  if (flags & CloneFlag.SetTls) child.fsBase = tls;
  if (flags & CloneFlag.ChildClearTid) child.clearTid = childTid;
  store<u32>(word, tid);
  if (flags & CloneFlag.ParentSetTid) copyOut(parentTid, word, 4);
  if (flags & CloneFlag.ChildSetTid) {
    child.setTid = childTid;
    child.work |= Work.First;
  }
  if (flags & CloneFlag.Vfork) {
    const process = child.process;
    process.vforkBusy = true;
    operationOpens();
    t.opKind = OperationKind.Vfork;
    t.opObject = changetype<usize>(processRetain(process));
    t.opDone = tid;
  }
  threadStart(child);
  return flags & CloneFlag.Vfork ? waitForVfork(t) : <Result>tid;
}

/** clone(2): flags with the exit signal in the low byte, stack, tid addresses, TLS. Lacks: CLONE_IO. */
export function sysClone(t: Thread, wanted: u64, newStack: u64, parent: u64, child: u64, newTls: u64): Result {
  flags = wanted & ~SIGNAL_MASK & 0xffff_ffff;
  exitSignal = <u32>(wanted & SIGNAL_MASK);
  stack = newStack;
  parentTid = parent;
  childTid = child;
  tls = newTls;
  // The old call has one address for both (clone(2)).
  if (flags & CloneFlag.PidFd && flags & CloneFlag.ParentSetTid) return -Errno.EINVAL;
  pidFdAddress = parent;
  return start(t);
}

/** clone3(2): -EINVAL, -E2BIG for a structure with more than we know. Lacks: CLONE_IO, CLONE_CLEAR_SIGHAND, CLONE_INTO_CGROUP, set_tid. */
export function sysClone3(t: Thread, ua: u64, bytes: u64): Result {
  if (bytes < 64) return -Errno.EINVAL;
  if (bytes > 4096) return -Errno.E2BIG;
  memory.fill(cloneArguments, 0, 88);
  let r = copyIn(cloneArguments, ua, <u32>min<u64>(bytes, 88));
  for (let at: u64 = 88; at < bytes && r >= 0; at++) {
    r = copyIn(word, ua + at, 1);
    if (r >= 0 && load<u8>(word) != 0) return -Errno.E2BIG;
  }
  if (r < 0) return r;
  flags = load<u64>(cloneArguments);
  const signal = load<u64>(cloneArguments, 32);
  const stackStart = load<u64>(cloneArguments, 40);
  const stackBytes = load<u64>(cloneArguments, 48);
  if (flags & SIGNAL_MASK || signal > 64 || (stackStart == 0) != (stackBytes == 0)) return -Errno.EINVAL;
  if (flags & (CloneFlag.Thread | CloneFlag.Parent) && signal != 0) return -Errno.EINVAL;
  if (load<u64>(cloneArguments, 72) != 0) return -Errno.EPERM; // set_tid wants CAP_CHECKPOINT_RESTORE
  exitSignal = <u32>signal;
  pidFdAddress = load<u64>(cloneArguments, 8);
  childTid = load<u64>(cloneArguments, 16);
  parentTid = load<u64>(cloneArguments, 24);
  stack = stackStart + stackBytes;
  tls = load<u64>(cloneArguments, 56);
  return start(t);
}

export function sysFork(t: Thread): Result {
  return sysClone(t, SIGCHLD, 0, 0, 0, 0);
}

export function sysVfork(t: Thread): Result {
  return sysClone(t, (<u64>CloneFlag.Vm) | CloneFlag.Vfork | SIGCHLD, 0, 0, 0, 0);
}

/** set_tid_address(2): where to write 0 and wake a futex when the thread ends. */
export function sysSetTidAddress(t: Thread, address: u64): Result {
  t.clearTid = address;
  return t.tid;
}

/** Called before a new thread first runs in its own memory: CLONE_CHILD_SETTID. */
export function writeChildTid(t: Thread): void {
  store<u32>(word, t.tid);
  copyOut(t.setTid, word, 4);
  t.setTid = 0;
}
