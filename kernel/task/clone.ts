// New threads and processes from old ones (clone(2), fork, vfork). What is not shared is copied; memory is shared page by page until
// written. Everything is made before anything is visible, so that a failure leaves no trace.

import { loadCr3, readFsBase, readUserGsBase, fpuSave } from "../../shim/isa";
import { Errno } from "../errno";
import { copyPages } from "../mm/fault";
import { AddressSpace, spaceNew, spaceRelease, spaceRetain, WRITE_EXECUTE_ALONE } from "../mm/space";
import { VmaFlag, VMA_LOCK_MASK, vmaNew } from "../mm/vma";
import { treeBuild, vmaAppend } from "../mm/vmatree";
import { Result } from "../result";
import { fdTableCopy, fdTableRetain } from "../vfs/fdtable";
import { fsContextCopy, fsContextRetain } from "../vfs/mount";
import { creationError, processDiscard, processNew, programSet, threadNew } from "./lifecycle";
import { cpuLimitWatch } from "./itimer";
import { capable, Capability } from "./credentials";
import { filterRetain } from "./filter";
import { IoContext, ioContextDrop, ioContextFor } from "./iocontext";
import { LIMIT_KINDS, LimitKind, softLimit, UNLIMITED } from "./limits";
import { groupJoin, sessionJoin, threadsOf } from "./pids";
import { Process } from "./process";
import { actionsCopy, actionsResetForExec, actionsRetain } from "./signal";
import { EntryWork, Thread, ThreadMark, Work } from "./thread";

/** Flags of clone(2) (include/uapi/linux/sched.h). */
export const enum CloneFlag {
  Vm = 0x100,
  Fs = 0x200,
  Files = 0x400,
  SignalHandlers = 0x800,
  PidFd = 0x1000,
  Trace = 0x2000,
  Vfork = 0x4000,
  Parent = 0x8000,
  Thread = 0x10000,
  SystemVSemaphores = 0x40000,
  SetTls = 0x80000,
  ParentSetTid = 0x100000,
  ChildClearTid = 0x200000,
  Detached = 0x400000,
  Untraced = 0x800000,
  ChildSetTid = 0x1000000,
}
/** Flags beyond 31 bits, the last two for clone3(2) only. */
export const CLONE_IO: u64 = 0x8000_0000;
export const CLONE_CLEAR_SIGHAND: u64 = 0x1_0000_0000;
export const CLONE_INTO_CGROUP: u64 = 0x2_0000_0000;

/** A copy of `from` for fork: the same mappings, private pages copy-on-write. Null when memory is short. */
function spaceCopy(from: AddressSpace): AddressSpace | null {
  const to = spaceNew(from.container);
  if (!to) return null;
  let failed = false;
  let next = from.first;
  while (next && !failed) {
    const vma = next;
    next = vma.next;
    if (vma.flags & VmaFlag.DontFork) continue;
    const copy = vmaNew(to, vma.start, vma.end, vma.flags & ~VMA_LOCK_MASK, vma.inode, vma.pageOffset, vma.entry);
    if (!copy) {
      failed = true;
      break;
    }
    vmaAppend(to, copy);
    // Pages of a file that cannot have been written come back by faults; most children execute something else anyway.
    const untouched = vma.inode != null && !(vma.flags & (VmaFlag.Write | VmaFlag.Written));
    if (!untouched && !(vma.flags & VmaFlag.WipeOnFork)) failed = copyPages(from, to, vma) < 0;
  }
  treeBuild(to);
  // The parent's writable pages are read-only now: its TLB must forget them.
  loadCr3(from.root);
  if (failed) {
    spaceRelease(to);
    return null;
  }
  const first = offsetof<AddressSpace>("brkStart");
  memory.copy(changetype<usize>(to) + first, changetype<usize>(from) + first, offsetof<AddressSpace>() - first);
  if ((to.writeExecute & WRITE_EXECUTE_ALONE) != 0) to.writeExecute = 0;
  to.futureLock = 0;
  to.lockedPages = 0;
  return to;
}

/** Copies the registers and what else a child starts with; the call returns 0 in it. */
function inherit(child: Thread, from: Thread): void {
  const first = offsetof<Thread>("r15");
  memory.copy(changetype<usize>(child) + first, changetype<usize>(from) + first, offsetof<Thread>("fullReturn") - first);
  child.rax = 0;
  child.call = u64.MAX_VALUE;
  child.fullReturn = 1;
  child.fsBase = readFsBase();
  child.gsBase = readUserGsBase();
  fpuSave(child.fpu); // the caller's state is in the CPU
  child.entry = from.entry & ~EntryWork.UserDispatch;
  child.filter = filterRetain(from.filter);
  child.signalMask = from.signalMask;
  child.nice = from.nice;
  child.policy = from.policy;
  child.priority = from.priority;
  if (from.resetOnFork && child.nice < 0) child.nice = 0;
  child.memoryPolicy = from.memoryPolicy;
  child.marks = from.marks & ~(<u8>ThreadMark.ManyProcesses);
  child.work |= from.work & Work.HideTimeStamp;
  child.affinity = from.affinity;
  child.virtualNs = from.virtualNs;
  child.noNewPrivileges = from.noNewPrivileges;
  child.timerSlackNs = from.timerSlackNs;
  child.name0 = from.name0;
  child.name1 = from.name1;
}

/** The child has its own copy of the area of rseq(2), at the same address. */
function inheritSequences(child: Thread, from: Thread): void {
  child.rseq = from.rseq;
  child.rseqBytes = from.rseqBytes;
  child.rseqSignature = from.rseqSignature;
}

/** True when the user may have one more process (RLIMIT_NPROC counts threads; root is exempt). */
function withinProcessLimit(from: Thread): bool {
  const limit = softLimit(from.process, LimitKind.Processes);
  const c = from.credentials;
  if (limit == UNLIMITED || c.uid == 0 || capable(c, Capability.SysResource) || capable(c, Capability.SysAdmin)) return true;
  return threadsOf(from.process.container, c.uid) < limit;
}

function cloneProcess(from: Thread, flags: u64, exitSignal: u32, pid: u32): Thread | null {
  const old = from.process;
  const parent = flags & CloneFlag.Parent ? old.parent : old;
  const process = processNew(old.container, parent, from.credentials, pid);
  if (!process) return null;
  process.exitSignal = flags & CloneFlag.Parent ? old.exitSignal : exitSignal;
  memory.copy(process.limits, old.limits, LIMIT_KINDS * 16);
  if (!share(process, old, flags) || !cpuLimitWatch(process)) {
    processDiscard(process);
    return null;
  }
  sessionJoin(process, old.session);
  groupJoin(process, old.group);
  process.terminal = old.terminal;
  process.host = old.host;
  process.dumpable = old.dumpable;
  process.oomScoreAdjust = old.oomScoreAdjust;
  process.personality = old.personality;
  programSet(process, old.exeMount!, old.exeEntry!);
  const child = process.leader;
  // A vfork or fork child keeps the alternate stack; one that shares memory only does not (sigaltstack(2)).
  if (!(flags & CloneFlag.Vm) || flags & CloneFlag.Vfork) {
    child.altStack = from.altStack;
    child.altStackBytes = from.altStackBytes;
    child.altStackFlags = from.altStackFlags;
  } else child.altStackFlags = 2;
  return child;
}

/** Memory, files, paths and signal actions of a new process: shared or copied as `flags` says; false when memory is short. */
function share(process: Process, old: Process, flags: u64): bool {
  const actions = flags & CloneFlag.SignalHandlers ? actionsRetain(old.actions) : actionsCopy(old.actions);
  if (!actions) return false;
  if (flags & CLONE_CLEAR_SIGHAND) actionsResetForExec(actions);
  process.actions = actions;
  process.files = flags & CloneFlag.Files ? fdTableRetain(old.files!) : fdTableCopy(old.files!);
  process.paths = flags & CloneFlag.Fs ? fsContextRetain(old.paths!) : fsContextCopy(old.paths!);
  if (!process.files || !process.paths) return false;
  process.space = flags & CloneFlag.Vm ? spaceRetain(old.space!) : spaceCopy(old.space!);
  return process.space != null;
}

/**
 * Makes a child of the current thread `from` and returns it, not yet runnable, in `cloned`: 0, -EINVAL for flags that contradict each
 * other, -EAGAIN (limit on processes), -ENOMEM. The child gets the number `tid`, which is free, unless that is 0. The caller sets stack, TLS and
 * tid addresses, then calls threadStart.
 */
export function cloneFrom(from: Thread, flags: u64, exitSignal: u32, tid: u32 = 0): Result {
  if (flags & CLONE_CLEAR_SIGHAND && flags & CloneFlag.SignalHandlers) return -Errno.EINVAL;
  if (flags & CloneFlag.Parent && !from.process.parent) return -Errno.EINVAL;
  if (!withinProcessLimit(from)) return -Errno.EAGAIN;
  from.marks &= ~(<u8>ThreadMark.ManyProcesses);
  const context = ioContextFor(from, (flags & CLONE_IO) != 0);
  if (context < 0) return context;
  const child = flags & CloneFlag.Thread ? threadNew(from.process, from.credentials, tid) : cloneProcess(from, flags, exitSignal, tid);
  if (!child) {
    ioContextDrop(changetype<IoContext | null>(<usize>context));
    return creationError(from.process.container);
  }
  child.ioContext = changetype<IoContext | null>(<usize>context);
  inherit(child, from);
  if (!(flags & CloneFlag.Vm)) inheritSequences(child, from);
  cloned = child;
  return 0;
}

/** The child that cloneFrom made last. */
export let cloned: Thread = changetype<Thread>(0);
