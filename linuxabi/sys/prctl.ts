// prctl(2): properties of threads and processes, one operation each. Operations that Linux has and this kernel lacks are EINVAL, as on a
// kernel that was built without them.

import { Errno } from "../../kernel/errno";
import { unsupported } from "../../kernel/container/missing";
import { copyIn, copyInString, copyOut } from "../../kernel/mm/user";
import { Result } from "../../kernel/result";
import { CAPABILITY_LAST, Capability, capable, Credentials, credentialsCopy } from "../../kernel/task/credentials";
import { credentialsCommit, SECURE_BITS, SECURE_LOCKS, SecureBit } from "../../kernel/task/identity";
import { isSignal } from "../../kernel/task/signalset";
import { Thread, ThreadMark, Work } from "../../kernel/task/thread";
import { prctlSetSeccomp, seccompMode } from "./seccomp";
import { setUserDispatch } from "../userdispatch";
import { AmbientOperation, MachineCheck, Mdwe, PR_TSC_ENABLE, PR_TSC_SIGSEGV, Prctl, SetMm } from "../types/prctl";

const DEFAULT_SLACK_NS: u32 = 50_000;
const NAME_BYTES: u32 = 16;
const space = memory.data(16, 8);

/**
 * prctl(2). PR_SET_PTRACER is EINVAL, as without Yama. Lacks: PR_SET_MM (EPERM without CAP_SYS_RESOURCE), PR_SCHED_CORE (EINVAL, as without
 * CONFIG_SCHED_CORE).
 */
export function sysPrctl(t: Thread, operation: i32, a: u64, b: u64, c: u64, d: u64): Result {
  const p = t.process;
  switch (operation) {
    case Prctl.PR_SET_PDEATHSIG:
      if (a != 0 && (a > 64 || !isSignal(<u32>a))) return -Errno.EINVAL;
      t.parentDeathSignal = <u32>a;
      return 0;
    case Prctl.PR_GET_PDEATHSIG:
      return wordOut(a, t.parentDeathSignal);
    case Prctl.PR_GET_DUMPABLE:
      return p.dumpable ? 1 : 0;
    case Prctl.PR_SET_DUMPABLE:
      if (a > 1) return -Errno.EINVAL;
      p.dumpable = a == 1;
      return 0;
    case Prctl.PR_GET_KEEPCAPS:
      return (t.credentials.securebits & SecureBit.KeepCapabilities) != 0 ? 1 : 0;
    case Prctl.PR_SET_KEEPCAPS:
      return setKeepCapabilities(t, a);
    case Prctl.PR_GET_TIMING:
      return 0;
    case Prctl.PR_SET_TIMING:
      return a == 0 ? 0 : -Errno.EINVAL;
    case Prctl.PR_SET_NAME:
      return setName(t, a);
    case Prctl.PR_GET_NAME:
      return copyOut(a, changetype<usize>(t) + offsetof<Thread>("name0"), NAME_BYTES);
    case Prctl.PR_GET_SECCOMP:
      return seccompMode(t);
    case Prctl.PR_SET_SECCOMP:
      return prctlSetSeccomp(t, a, b);
    case Prctl.PR_CAPBSET_READ:
      return a > CAPABILITY_LAST ? -Errno.EINVAL : <Result>((t.credentials.bounding >> a) & 1);
    case Prctl.PR_CAPBSET_DROP:
      return dropBounding(t, a);
    case Prctl.PR_GET_TSC:
      return wordOut(a, (t.work & Work.HideTimeStamp) != 0 ? PR_TSC_SIGSEGV : PR_TSC_ENABLE);
    case Prctl.PR_SET_TSC:
      return setTimeStamp(t, a);
    case Prctl.PR_SET_SYSCALL_USER_DISPATCH:
      return setUserDispatch(t, a, b, c, d);
    case Prctl.PR_GET_SECUREBITS:
      return t.credentials.securebits;
    case Prctl.PR_SET_SECUREBITS:
      return setSecureBits(t, a);
    case Prctl.PR_SET_TIMERSLACK:
      t.timerSlackNs = <i64>a <= 0 ? DEFAULT_SLACK_NS : <u32>min<u64>(a, u32.MAX_VALUE);
      return 0;
    case Prctl.PR_GET_TIMERSLACK:
      return t.timerSlackNs;
    case Prctl.PR_SET_MM:
      if (d != 0 || (c != 0 && a != SetMm.PR_SET_MM_AUXV && a != SetMm.PR_SET_MM_MAP && a != SetMm.PR_SET_MM_MAP_SIZE))
        return -Errno.EINVAL;
      return capable(t.credentials, Capability.SysResource) ? -Errno.EINVAL : -Errno.EPERM;
    case Prctl.PR_SET_PTRACER:
      return -Errno.EINVAL;
    case Prctl.PR_TASK_PERF_EVENTS_DISABLE:
    case Prctl.PR_TASK_PERF_EVENTS_ENABLE:
      return 0; // of all counters of the caller, which has none
    case Prctl.PR_MCE_KILL:
      return (c | d) != 0 ? -Errno.EINVAL : setMachineCheck(t, a, b);
    case Prctl.PR_MCE_KILL_GET:
      return (a | b | c | d) != 0 ? -Errno.EINVAL : getMachineCheck(t);
    case Prctl.PR_SET_IO_FLUSHER:
    case Prctl.PR_GET_IO_FLUSHER:
      return ioFlusher(t, operation == Prctl.PR_SET_IO_FLUSHER, a, b | c | d);
    case Prctl.PR_SET_MDWE:
      return (b | c | d) != 0 ? -Errno.EINVAL : setWriteExecute(t, a);
    case Prctl.PR_GET_MDWE:
      return (a | b | c | d) != 0 ? -Errno.EINVAL : <Result>p.space!.writeExecute;
    case Prctl.PR_SET_MEMORY_MERGE:
      if ((b | c | d) != 0) return -Errno.EINVAL;
      p.space!.mergesEqual = a != 0;
      return 0;
    case Prctl.PR_GET_MEMORY_MERGE:
      return (a | b | c | d) != 0 ? -Errno.EINVAL : p.space!.mergesEqual ? 1 : 0;
    case Prctl.PR_GET_AUXV:
      return (c | d) != 0 ? -Errno.EINVAL : auxiliaryOut(t, a, b);
    case Prctl.PR_SET_CHILD_SUBREAPER:
      p.childSubreaper = a != 0;
      return 0;
    case Prctl.PR_GET_CHILD_SUBREAPER:
      return wordOut(a, p.childSubreaper ? 1 : 0);
    case Prctl.PR_SET_NO_NEW_PRIVS:
      if (a != 1 || (b | c | d) != 0) return -Errno.EINVAL;
      t.noNewPrivileges = true;
      return 0;
    case Prctl.PR_GET_NO_NEW_PRIVS:
      return (a | b | c | d) != 0 ? -Errno.EINVAL : t.noNewPrivileges ? 1 : 0;
    case Prctl.PR_GET_TID_ADDRESS:
      store<u64>(space, t.clearTid);
      return copyOut(a, space, 8);
    case Prctl.PR_SET_THP_DISABLE:
      return (b | c | d) != 0 ? -Errno.EINVAL : 0;
    case Prctl.PR_GET_THP_DISABLE:
      return (a | b | c | d) != 0 ? -Errno.EINVAL : 0;
    case Prctl.PR_CAP_AMBIENT:
      return ambient(t, a, b, c | d);
    case Prctl.PR_GET_SPECULATION_CTRL:
      // Neither store bypass (0) nor indirect branches (1) can be controlled: PR_SPEC_NOT_AFFECTED.
      return (b | c | d) != 0 ? -Errno.EINVAL : a > 1 ? -Errno.ENODEV : 0;
    case Prctl.PR_SET_SPECULATION_CTRL:
      return (c | d) != 0 ? -Errno.EINVAL : a > 1 ? -Errno.ENODEV : -Errno.ENXIO;
    case Prctl.PR_SET_VMA:
      // PR_SET_VMA_ANON_NAME: a name for people, which no file shows.
      return a == 0 && (b & 4095) == 0 ? 0 : -Errno.EINVAL;
    default:
      return unsupported(t, "option", operation, -Errno.EINVAL);
  }
}

/** Reading the time-stamp counter is allowed, or SIGSEGV. */
function setTimeStamp(t: Thread, mode: u64): Result {
  if (mode != PR_TSC_ENABLE && mode != PR_TSC_SIGSEGV) return -Errno.EINVAL;
  if (mode == PR_TSC_SIGSEGV) t.work |= Work.HideTimeStamp;
  else t.work &= ~Work.HideTimeStamp;
  return 0;
}

/** How an error of memory would end the thread's process: kept and shown; there is nothing that finds such errors. */
function setMachineCheck(t: Thread, what: u64, policy: u64): Result {
  const marks = <u8>(ThreadMark.MachineCheck | ThreadMark.MachineCheckEarly);
  if (what == MachineCheck.PR_MCE_KILL_CLEAR && policy == 0) t.marks &= ~marks;
  else if (what != MachineCheck.PR_MCE_KILL_SET || policy > <u64>MachineCheck.PR_MCE_KILL_DEFAULT) return -Errno.EINVAL;
  else if (policy == MachineCheck.PR_MCE_KILL_DEFAULT) t.marks &= ~marks;
  else
    t.marks =
      (t.marks & ~marks) |
      (<u8>ThreadMark.MachineCheck) |
      (policy == MachineCheck.PR_MCE_KILL_EARLY ? <u8>ThreadMark.MachineCheckEarly : 0);
  return 0;
}

function getMachineCheck(t: Thread): Result {
  if ((t.marks & ThreadMark.MachineCheck) == 0) return MachineCheck.PR_MCE_KILL_DEFAULT;
  return (t.marks & ThreadMark.MachineCheckEarly) != 0 ? MachineCheck.PR_MCE_KILL_EARLY : MachineCheck.PR_MCE_KILL_LATE;
}

/** A thread that file systems wait for: kept and shown. */
function ioFlusher(t: Thread, set: bool, on: u64, rest: u64): Result {
  if (!capable(t.credentials, Capability.SysResource)) return -Errno.EPERM;
  if (rest != 0 || on > (set ? 1 : 0)) return -Errno.EINVAL;
  if (!set) return (t.marks & ThreadMark.IoFlusher) != 0 ? 1 : 0;
  t.marks = on == 1 ? t.marks | (<u8>ThreadMark.IoFlusher) : t.marks & ~(<u8>ThreadMark.IoFlusher);
  return 0;
}

/** PR_SET_MDWE: memory that can be written never becomes a program. It can be said once. */
function setWriteExecute(t: Thread, bits: u64): Result {
  if (bits > 3 || bits == Mdwe.PR_MDWE_NO_INHERIT) return -Errno.EINVAL;
  const space = t.process.space!;
  if (space.writeExecute != 0 && <u64>space.writeExecute != bits) return -Errno.EPERM;
  space.writeExecute = <u8>bits;
  return 0;
}

const piece = memory.data(512, 8);

/** PR_GET_AUXV: as much of the auxiliary vector as fits; returns how much there is. */
function auxiliaryOut(t: Thread, ua: u64, bytes: u64): Result {
  const from = t.process.space!;
  const wanted = min(from.auxiliaryBytes, bytes);
  for (let done: u64 = 0; done < wanted; done += 512) {
    const n = <u32>min<u64>(512, wanted - done);
    let r = copyIn(piece, from.auxiliary + done, n);
    if (r >= 0) r = copyOut(ua + done, piece, n);
    if (r < 0) return r;
  }
  return from.auxiliaryBytes;
}

function wordOut(ua: u64, value: u32): Result {
  store<u32>(space, value);
  return copyOut(ua, space, 4);
}

/** The first 15 bytes of the string at `ua`. */
function setName(t: Thread, ua: u64): Result {
  memory.fill(space, 0, NAME_BYTES);
  const r = copyInString(space, ua, NAME_BYTES - 1);
  if (r < 0 && r != -Errno.ENAMETOOLONG) return r;
  t.name0 = load<u64>(space);
  t.name1 = load<u64>(space, 8);
  return 0;
}

/** A copy of the thread's credentials to change, or a null pointer. */
function changeable(t: Thread): Credentials {
  return changetype<Credentials>(credentialsCopy(t.credentials));
}

function setKeepCapabilities(t: Thread, keep: u64): Result {
  if (keep > 1) return -Errno.EINVAL;
  if ((t.credentials.securebits & SecureBit.KeepCapabilitiesLocked) != 0) return -Errno.EPERM;
  const c = changeable(t);
  if (changetype<usize>(c) == 0) return -Errno.ENOMEM;
  if (keep == 1) c.securebits |= SecureBit.KeepCapabilities;
  else c.securebits &= ~(<u32>SecureBit.KeepCapabilities);
  credentialsCommit(t, c);
  return 0;
}

function dropBounding(t: Thread, capability: u64): Result {
  if (!capable(t.credentials, Capability.Setpcap)) return -Errno.EPERM;
  if (capability > CAPABILITY_LAST) return -Errno.EINVAL;
  const c = changeable(t);
  if (changetype<usize>(c) == 0) return -Errno.ENOMEM;
  c.bounding &= ~((<u64>1) << capability);
  credentialsCommit(t, c);
  return 0;
}

/** What is locked stays as it is, locks stay locked, and only who has CAP_SETPCAP may change anything. */
function setSecureBits(t: Thread, bits: u64): Result {
  const old = t.credentials.securebits;
  const changesLocked = ((old & SECURE_LOCKS) >> 1) & (old ^ (<u32>bits));
  const unlocks = old & SECURE_LOCKS & ~(<u32>bits);
  const unknown = bits & ~(<u64>(SECURE_BITS | SECURE_LOCKS));
  if (changesLocked != 0 || unlocks != 0 || unknown != 0 || !capable(t.credentials, Capability.Setpcap)) return -Errno.EPERM;
  const c = changeable(t);
  if (changetype<usize>(c) == 0) return -Errno.ENOMEM;
  c.securebits = <u32>bits;
  credentialsCommit(t, c);
  return 0;
}

function ambient(t: Thread, operation: u64, capability: u64, rest: u64): Result {
  const old = t.credentials;
  if (operation == AmbientOperation.PR_CAP_AMBIENT_CLEAR_ALL) {
    if ((capability | rest) != 0) return -Errno.EINVAL;
    return setAmbient(t, 0);
  }
  if (capability > CAPABILITY_LAST || rest != 0) return -Errno.EINVAL;
  const bit = (<u64>1) << capability;
  if (operation == AmbientOperation.PR_CAP_AMBIENT_IS_SET) return (old.ambient & bit) != 0 ? 1 : 0;
  if (operation == AmbientOperation.PR_CAP_AMBIENT_LOWER) return setAmbient(t, old.ambient & ~bit);
  if (operation != AmbientOperation.PR_CAP_AMBIENT_RAISE) return -Errno.EINVAL;
  if ((old.permitted & old.inheritable & bit) == 0 || (old.securebits & SecureBit.NoAmbientRaise) != 0) return -Errno.EPERM;
  return setAmbient(t, old.ambient | bit);
}

function setAmbient(t: Thread, set: u64): Result {
  const c = changeable(t);
  if (changetype<usize>(c) == 0) return -Errno.ENOMEM;
  c.ambient = set;
  credentialsCommit(t, c);
  return 0;
}
