// clone(2), fork(2), vfork(2) and what threads tell the kernel about themselves.

import { Errno } from "../../kernel/errno";
import { copyIn, copyOut } from "../../kernel/mm/user";
import { Result } from "../../kernel/result";
import { cloned, cloneFrom, CloneFlag, CLONE_CLEAR_SIGHAND, CLONE_INTO_CGROUP, CLONE_IO } from "../../kernel/task/clone";
import { processDiscard, processRelease, processRetain, threadStart } from "../../kernel/task/lifecycle";
import { OperationKind, registerOperation, operationOpens } from "../../kernel/task/operation";
import { Process, vforkQueue } from "../../kernel/task/process";
import { pidFileNew } from "../../kernel/task/pidfd";
import { pidFind, PID_MAX } from "../../kernel/task/pids";
import { Capability, capable } from "../../kernel/task/credentials";
import { FileKind, FileSystemKind } from "../../kernel/vfs/inode";
import { OpenFlag } from "../../kernel/vfs/flags";
import { fsContextCopy, fsContextRelease } from "../../kernel/vfs/mount";
import { anyFile, installFile, isNone } from "./descriptor";
import { unshareDescriptors } from "./fd";
import { NEVER, parkUninterruptible, Thread, Work } from "../../kernel/task/thread";

const SIGCHLD: u32 = 17;
const SIGNAL_MASK: u64 = 0xff;
/** For clone3 only, as it stands among the bits of clone's signal. */
const CLONE_NEWTIME: u64 = 0x80;
const CLONE_NEWNS: u64 = 0x2_0000;
const CLONE_NEWUSER: u64 = 0x1000_0000;
const CLONE_NEWPID: u64 = 0x2000_0000;
/** MAX_PID_NS_LEVEL. */
const PID_LEVELS_MAX: u64 = 32;
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
  CloneFlag.ChildSetTid |
  CLONE_IO;

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
/** Number that the child is to get, or 0. */
let wantedTid: u32 = 0;

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

/** Flags that contradict each other whoever asks: Linux looks at these before it asks for a privilege. */
function areContradictory(f: u64): bool {
  if ((f & CloneFlag.Fs) != 0 && (f & (CLONE_NEWNS | CLONE_NEWUSER)) != 0) return true;
  if ((f & CloneFlag.SignalHandlers) != 0 && (f & CloneFlag.Vm) == 0) return true;
  return (f & CloneFlag.Thread) != 0 && ((f & CloneFlag.SignalHandlers) == 0 || (f & (CLONE_NEWUSER | CLONE_NEWPID)) != 0);
}

function start(t: Thread): Result {
  if (t.opKind == OperationKind.Vfork) return waitForVfork(t);
  if (areContradictory(flags)) return -Errno.EINVAL;
  if (flags & NEW_NAMESPACES) return -Errno.EPERM;
  if (flags & ~(KNOWN | CLONE_CLEAR_SIGHAND)) return -Errno.EINVAL;
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
  const r = cloneFrom(t, flags, exitSignal, wantedTid);
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

/** clone(2): flags with the exit signal in the low byte, stack, tid addresses, TLS. */
export function sysClone(t: Thread, wanted: u64, newStack: u64, parent: u64, child: u64, newTls: u64): Result {
  flags = wanted & ~SIGNAL_MASK & 0xffff_ffff;
  exitSignal = <u32>(wanted & SIGNAL_MASK);
  stack = newStack;
  parentTid = parent;
  childTid = child;
  tls = newTls;
  wantedTid = 0;
  // The old call has one address for both (clone(2)).
  if (flags & CloneFlag.PidFd && flags & CloneFlag.ParentSetTid) return -Errno.EINVAL;
  pidFdAddress = parent;
  return start(t);
}

/** True for a descriptor of a directory of the cgroup file system. */
function isCgroup(t: Thread, fd: i32): bool {
  const file = anyFile(t, fd);
  return !isNone(file) && file.kind == FileKind.Directory && file.inode.fs.kind == FileSystemKind.Cgroup;
}

/** set_tid: a number for the child, one for each pid namespace, of which a container has one. Leaves it in `wantedTid`: 0 or an error. */
function takeTid(t: Thread, ua: u64, count: u64): Result {
  wantedTid = 0;
  if (count > PID_LEVELS_MAX || (ua == 0) != (count == 0)) return -Errno.EINVAL;
  if (count == 0) return 0;
  if (count > 1) return -Errno.EINVAL;
  const r = copyIn(word, ua, 4);
  if (r < 0) return r;
  const tid = load<i32>(word);
  if (tid < 1 || <u32>tid >= PID_MAX) return -Errno.EINVAL;
  const c = t.credentials;
  if (!capable(c, Capability.CheckpointRestore) && !capable(c, Capability.SysAdmin)) return -Errno.EPERM;
  if (pidFind(t.process.container, <u32>tid)) return -Errno.EEXIST;
  wantedTid = <u32>tid;
  return 0;
}

/**
 * clone3(2): -EINVAL, -E2BIG for a structure with more than we know. A container has one cgroup, into which the child is born anyway; a descriptor
 * of anything else is no cgroup (-EBADF).
 */
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
  if (flags & ((SIGNAL_MASK & ~CLONE_NEWTIME) | CloneFlag.Detached) || signal > 64 || (stackStart == 0) != (stackBytes == 0))
    return -Errno.EINVAL;
  if (flags & (CloneFlag.Thread | CloneFlag.Parent) && signal != 0) return -Errno.EINVAL;
  if (flags & CLONE_INTO_CGROUP) {
    if (load<u64>(cloneArguments, 80) > <u64>i32.MAX_VALUE || bytes < 88) return -Errno.EINVAL;
    flags &= ~CLONE_INTO_CGROUP;
    if (!isCgroup(t, <i32>load<u64>(cloneArguments, 80))) return -Errno.EBADF;
  }
  if (t.opKind != OperationKind.Vfork) {
    r = takeTid(t, load<u64>(cloneArguments, 64), load<u64>(cloneArguments, 72));
    if (r < 0) return r;
  }
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

/** Flags of unshare(2) that mean something for one thread: the others of its process share nothing that could be taken apart here. */
const UNSHARED_ALONE: u64 = CloneFlag.Thread | CloneFlag.SignalHandlers | CloneFlag.Vm;

/** unshare(2): files and paths of the process become its own. Containers do not nest: namespaces are EPERM, as without CAP_SYS_ADMIN. */
export function sysUnshare(t: Thread, wanted: u64): Result {
  const known = UNSHARED_ALONE | NEW_NAMESPACES | CloneFlag.Files | CloneFlag.Fs | CloneFlag.SystemVSemaphores;
  if (wanted & ~known) return -Errno.EINVAL;
  const process = t.process;
  if (wanted & UNSHARED_ALONE && (process.threadCount > 1 || process.space!.refs > 1 || process.actions.refs > 1)) return -Errno.EINVAL;
  if (wanted & NEW_NAMESPACES) return -Errno.EPERM;
  // Threads of one process share one table here, so only a process by itself can be given its own.
  if (wanted & CloneFlag.Files) {
    const r = unshareDescriptors(t);
    if (r < 0) return r;
  }
  const paths = process.paths!;
  if (wanted & CloneFlag.Fs && paths.refs > 1) {
    const copy = fsContextCopy(paths);
    if (!copy) return -Errno.ENOMEM;
    process.paths = copy;
    fsContextRelease(paths);
  }
  return 0;
}
