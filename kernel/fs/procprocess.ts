// What procfs tells about a process or thread in numbers: stat, statm, status, limits, comm, oom_score_adj and their like. Formats: proc(5).

import { Errno } from "../errno";
import { cstringLength, parseDecimal } from "../lib/bytes";
import { put, putByte, putBytes, putHex, putOctal, putSigned, putUnsigned, Text } from "../lib/text";
import { framesUsable, PAGE_SHIFT, PAGE_SIZE } from "../mm/frame";
import { AddressSpace } from "../mm/space";
import { VmaFlag } from "../mm/vma";
import { Result } from "../result";
import { capable, Capability } from "../task/credentials";
import { FilterKind } from "../task/filter";
import { hardLimit, LimitKind, softLimit, UNLIMITED } from "../task/limits";
import { Process } from "../task/process";
import { processCpuNs, threadCpuNs } from "../task/stop";
import { current, Thread } from "../task/thread";
import { nowNs } from "../time/clock";
import { Inode } from "../vfs/inode";
import { mayInspect, stateLetter, subjectProcess, subjectThread } from "./procsubject";
import { terminalForeground, terminalNumber } from "./procterminal";

/** USER_HZ is 100. */
const TICK_NS: u64 = 10_000_000;

@inline
function nameOf(t: Thread): usize {
  return changetype<usize>(t) + offsetof<Thread>("name0");
}

function putName(text: Text, t: Thread): void {
  putBytes(text, nameOf(t), cstringLength(nameOf(t)));
}

/** Appends a space and a number. */
@inline
function field(text: Text, value: u64): void {
  putByte(text, 0x20);
  putUnsigned(text, value);
}

@inline
function signedField(text: Text, value: i64): void {
  putByte(text, 0x20);
  putSigned(text, value);
}

/** Bytes of the kinds of mappings that status and statm tell apart, by the last `measure`. */
let dataBytes: u64 = 0;
let stackBytes: u64 = 0;
let codeBytes: u64 = 0;
let libraryBytes: u64 = 0;

function measure(space: AddressSpace): void {
  dataBytes = 0;
  stackBytes = 0;
  let executable: u64 = 0;
  let next = space.first;
  while (next) {
    const vma = next;
    next = vma.next;
    const bytes = vma.end - vma.start;
    const flags = vma.flags;
    if ((flags & (VmaFlag.Stack | VmaFlag.GrowsDown)) != 0) stackBytes += bytes;
    else if ((flags & (VmaFlag.Write | VmaFlag.Shared)) == VmaFlag.Write) dataBytes += bytes;
    else if ((flags & VmaFlag.Execute) != 0 && vma.inode) executable += bytes;
  }
  codeBytes = (space.codeEnd - space.codeStart + (PAGE_SIZE - 1)) & ~(<u64>(PAGE_SIZE - 1));
  libraryBytes = executable > codeBytes ? executable - codeBytes : 0;
}

/** /proc/PID/stat: 52 fields. */
export function showStat(text: Text, inode: Inode): Result {
  const t = subjectThread(inode);
  if (!t) return -Errno.ESRCH;
  const p = t.process;
  const whole = inode.detail2 == 0;
  const parent = p.parent;
  putUnsigned(text, t.tid);
  put(text, " (");
  putName(text, t);
  put(text, ") ");
  putByte(text, stateLetter(t));
  field(text, parent ? parent.pid : 0);
  field(text, p.group.number);
  field(text, p.session.number);
  field(text, terminalNumber(p));
  signedField(text, terminalForeground(p));
  field(text, p.executed ? 0x400000 : 0x400040);
  const now = nowNs();
  let minor = whole ? p.deadMinorFaults : 0;
  let major = whole ? p.deadMajorFaults : 0;
  let other = p.threads;
  while (other) {
    if (whole || other == t) {
      minor += other.minorFaults;
      major += other.majorFaults;
    }
    other = other.next;
  }
  field(text, minor);
  field(text, p.childMinorFaults);
  field(text, major);
  field(text, p.childMajorFaults);
  field(text, (whole ? processCpuNs(p) : threadCpuNs(t, now)) / TICK_NS);
  field(text, 0); // system time: the kernel does not split it
  field(text, p.childCpuNs / TICK_NS);
  field(text, 0);
  signedField(text, 20 + <i64>t.nice);
  signedField(text, t.nice);
  field(text, p.threadCount);
  field(text, 0); // itrealvalue: not maintained since Linux 2.6.17
  field(text, p.startNs / TICK_NS);
  showStatMemory(text, t, p);
  return 0;
}

/** Fields 23 to 52. Addresses are for those who may look into the process; others see zeros, as on Linux. */
function showStatMemory(text: Text, t: Thread, p: Process): void {
  const space = p.space;
  const open = mayInspect(p);
  field(text, space ? space.virtualPages << PAGE_SHIFT : 0);
  field(text, space ? space.pages : 0);
  field(text, softLimit(p, LimitKind.Resident));
  field(text, space ? (open ? space.codeStart : 1) : 0);
  field(text, space ? (open ? space.codeEnd : 1) : 0);
  field(text, space && open ? space.stackStart : 0);
  field(text, 0); // kstkesp, kstkeip: zero unless the process dumps core
  field(text, 0);
  field(text, t.pending & 0x7fffffff);
  field(text, t.signalMask & 0x7fffffff);
  field(text, p.actions.ignored & 0x7fffffff);
  field(text, p.actions.handled & 0x7fffffff);
  for (let i = 0; i < 3; i++) field(text, 0); // wchan, nswap, cnswap
  signedField(text, p.leader == t ? <i32>p.exitSignal : -1);
  field(text, 0); // processor
  field(text, t.priority);
  field(text, t.policy);
  for (let i = 0; i < 3; i++) field(text, 0); // delayacct_blkio_ticks, guest_time, cguest_time
  const show = space != null && open;
  field(text, show ? space!.dataStart : 0);
  field(text, show ? space!.dataEnd : 0);
  field(text, show ? space!.brkStart : 0);
  field(text, show ? space!.argumentsStart : 0);
  field(text, show ? space!.argumentsEnd : 0);
  field(text, show ? space!.environmentStart : 0);
  field(text, show ? space!.environmentEnd : 0);
  field(text, open ? p.exitStatus : 0);
  putByte(text, 0x0a);
}

export function showStatm(text: Text, inode: Inode): Result {
  const p = subjectProcess(inode);
  if (!p) return -Errno.ESRCH;
  const space = p.space;
  if (!space) {
    put(text, "0 0 0 0 0 0 0\n");
    return 0;
  }
  measure(space);
  putUnsigned(text, space.virtualPages);
  field(text, space.pages);
  field(text, space.filePages);
  field(text, codeBytes >> PAGE_SHIFT);
  field(text, 0);
  field(text, (dataBytes + stackBytes) >> PAGE_SHIFT);
  field(text, 0);
  putByte(text, 0x0a);
  return 0;
}

/** Appends `name`, a number and a newline. */
function line(text: Text, name: string, value: u64): void {
  put(text, name);
  putUnsigned(text, value);
  putByte(text, 0x0a);
}

function kilobytes(text: Text, name: string, bytes: u64): void {
  put(text, name);
  putUnsigned(text, bytes >> 10, 8);
  put(text, " kB\n");
}

function mask(text: Text, name: string, value: u64): void {
  put(text, name);
  putHex(text, value, 16);
  putByte(text, 0x0a);
}

function four(text: Text, name: string, a: u32, b: u32, c: u32, d: u32): void {
  put(text, name);
  putUnsigned(text, a);
  putByte(text, 0x09);
  putUnsigned(text, b);
  putByte(text, 0x09);
  putUnsigned(text, c);
  putByte(text, 0x09);
  putUnsigned(text, d);
  putByte(text, 0x0a);
}

function putState(text: Text, t: Thread): void {
  const letter = stateLetter(t);
  put(text, "State:\t");
  putByte(text, letter);
  if (letter == 0x52) put(text, " (running)\n");
  else if (letter == 0x53) put(text, " (sleeping)\n");
  else if (letter == 0x44) put(text, " (disk sleep)\n");
  else if (letter == 0x54) put(text, " (stopped)\n");
  else put(text, " (zombie)\n");
}

export function showStatus(text: Text, inode: Inode): Result {
  const t = subjectThread(inode);
  if (!t) return -Errno.ESRCH;
  const p = t.process;
  const c = t.credentials;
  put(text, "Name:\t");
  putName(text, t);
  putByte(text, 0x0a);
  const paths = p.paths;
  if (paths) {
    put(text, "Umask:\t");
    putOctal(text, paths.umask, 4);
    putByte(text, 0x0a);
  }
  putState(text, t);
  line(text, "Tgid:\t", p.pid);
  line(text, "Ngid:\t", 0);
  line(text, "Pid:\t", t.tid);
  const parent = p.parent;
  line(text, "PPid:\t", parent ? parent.pid : 0);
  line(text, "TracerPid:\t", 0);
  four(text, "Uid:\t", c.uid, c.euid, c.suid, c.fsuid);
  four(text, "Gid:\t", c.gid, c.egid, c.sgid, c.fsgid);
  const files = p.files;
  line(text, "FDSize:\t", files ? files.capacity : 0);
  put(text, "Groups:\t");
  for (let i: u32 = 0; i < c.groupCount; i++) {
    putUnsigned(text, load<u32>(c.groups + (i << 2)));
    putByte(text, 0x20);
  }
  putByte(text, 0x0a);
  line(text, "NStgid:\t", p.pid);
  line(text, "NSpid:\t", t.tid);
  line(text, "NSpgid:\t", p.group.number);
  line(text, "NSsid:\t", p.session.number);
  const space = p.space;
  if (space) showStatusMemory(text, space);
  line(text, "Threads:\t", p.threadCount);
  showStatusSignals(text, t, p);
  mask(text, "CapInh:\t", c.inheritable);
  mask(text, "CapPrm:\t", c.permitted);
  mask(text, "CapEff:\t", c.effective);
  mask(text, "CapBnd:\t", c.bounding);
  mask(text, "CapAmb:\t", c.ambient);
  line(text, "NoNewPrivs:\t", t.noNewPrivileges ? 1 : 0);
  const filter = t.filter;
  line(text, "Seccomp:\t", !filter ? 0 : filter.kind == FilterKind.Strict ? 1 : 2);
  line(text, "Seccomp_filters:\t", filter ? filter.depth : 0);
  put(text, "Cpus_allowed:\t1\nCpus_allowed_list:\t0\nMems_allowed:\t1\nMems_allowed_list:\t0\n");
  line(text, "voluntary_ctxt_switches:\t", t.voluntarySwitches);
  line(text, "nonvoluntary_ctxt_switches:\t", t.involuntarySwitches);
  return 0;
}

function showStatusMemory(text: Text, space: AddressSpace): void {
  measure(space);
  const size = space.virtualPages << PAGE_SHIFT;
  const resident = (<u64>space.pages) << PAGE_SHIFT;
  const ofFiles = (<u64>space.filePages) << PAGE_SHIFT;
  kilobytes(text, "VmPeak:\t", size);
  kilobytes(text, "VmSize:\t", size);
  kilobytes(text, "VmLck:\t", space.lockedPages << PAGE_SHIFT);
  kilobytes(text, "VmPin:\t", 0);
  kilobytes(text, "VmHWM:\t", max<u64>((<u64>space.maxPages) << PAGE_SHIFT, resident));
  kilobytes(text, "VmRSS:\t", resident);
  kilobytes(text, "RssAnon:\t", resident > ofFiles ? resident - ofFiles : 0);
  kilobytes(text, "RssFile:\t", ofFiles);
  kilobytes(text, "RssShmem:\t", 0);
  kilobytes(text, "VmData:\t", dataBytes);
  kilobytes(text, "VmStk:\t", stackBytes);
  kilobytes(text, "VmExe:\t", codeBytes);
  kilobytes(text, "VmLib:\t", libraryBytes);
  kilobytes(text, "VmSwap:\t", 0);
  put(text, "CoreDumping:\t0\nTHP_enabled:\t0\n");
}

function showStatusSignals(text: Text, t: Thread, p: Process): void {
  put(text, "SigQ:\t");
  putUnsigned(text, p.pendingCount);
  putByte(text, 0x2f);
  putUnsigned(text, softLimit(p, LimitKind.PendingSignals));
  putByte(text, 0x0a);
  mask(text, "SigPnd:\t", t.pending);
  mask(text, "ShdPnd:\t", p.pending);
  mask(text, "SigBlk:\t", t.signalMask);
  mask(text, "SigIgn:\t", p.actions.ignored);
  mask(text, "SigCgt:\t", p.actions.handled);
}

export function showComm(text: Text, inode: Inode): Result {
  const t = subjectThread(inode);
  if (!t) return -Errno.ESRCH;
  putName(text, t);
  putByte(text, 0x0a);
  return 0;
}

/** Writing to comm renames a thread of one's own process. */
export function storeComm(inode: Inode, p: usize, n: u32): Result {
  const t = subjectThread(inode);
  if (!t) return -Errno.ESRCH;
  if (t.process != current.process) return -Errno.EINVAL;
  let length = min<u32>(n, 15);
  if (length != 0 && load<u8>(p + length - 1) == 0x0a) length--;
  t.name0 = 0;
  t.name1 = 0;
  memory.copy(nameOf(t), p, length);
  return n;
}

export function showOomScoreAdjust(text: Text, inode: Inode): Result {
  const p = subjectProcess(inode);
  if (!p) return -Errno.ESRCH;
  putSigned(text, p.oomScoreAdjust);
  putByte(text, 0x0a);
  return 0;
}

/** -1000 to 1000; lowering it takes CAP_SYS_RESOURCE. */
export function storeOomScoreAdjust(inode: Inode, p: usize, n: u32): Result {
  const process = subjectProcess(inode);
  if (!process) return -Errno.ESRCH;
  let length = n;
  while (length != 0 && load<u8>(p + length - 1) <= 0x20) length--;
  const negative = length != 0 && load<u8>(p) == 0x2d;
  const skip: u32 = negative ? 1 : 0;
  const magnitude = parseDecimal(p + skip, length - skip);
  if (magnitude < 0 || magnitude > 1000) return -Errno.EINVAL;
  const value = negative ? -(<i32>magnitude) : <i32>magnitude;
  if (value < process.oomScoreAdjust && !capable(current.credentials, Capability.SysResource)) return -Errno.EACCES;
  process.oomScoreAdjust = value;
  return n;
}

/** The share of memory in thousandths, with the adjustment, as the OOM killer weighs it. */
export function showOomScore(text: Text, inode: Inode): Result {
  const p = subjectProcess(inode);
  if (!p) return -Errno.ESRCH;
  const space = p.space;
  const score = space ? (<i64>space.pages * 1000) / <i64>max<u32>(framesUsable(), 1) : 0;
  putSigned(text, max<i64>(0, score + p.oomScoreAdjust));
  putByte(text, 0x0a);
  return 0;
}

function padded(text: Text, from: u32, width: u32): void {
  while (text.length - from < width && !text.failed) putByte(text, 0x20);
}

function limitRow(text: Text, p: Process, name: string, kind: LimitKind, unit: string): void {
  let at = text.length;
  put(text, name);
  padded(text, at, 26);
  at = text.length;
  putLimit(text, softLimit(p, kind));
  padded(text, at, 21);
  at = text.length;
  putLimit(text, hardLimit(p, kind));
  padded(text, at, 21);
  at = text.length;
  put(text, unit);
  padded(text, at, 10);
  putByte(text, 0x0a);
}

function putLimit(text: Text, value: u64): void {
  if (value == UNLIMITED) put(text, "unlimited");
  else putUnsigned(text, value);
}

export function showLimits(text: Text, inode: Inode): Result {
  const p = subjectProcess(inode);
  if (!p) return -Errno.ESRCH;
  put(text, "Limit                     Soft Limit           Hard Limit           Units     \n");
  limitRow(text, p, "Max cpu time", LimitKind.Cpu, "seconds");
  limitRow(text, p, "Max file size", LimitKind.FileSize, "bytes");
  limitRow(text, p, "Max data size", LimitKind.Data, "bytes");
  limitRow(text, p, "Max stack size", LimitKind.Stack, "bytes");
  limitRow(text, p, "Max core file size", LimitKind.Core, "bytes");
  limitRow(text, p, "Max resident set", LimitKind.Resident, "bytes");
  limitRow(text, p, "Max processes", LimitKind.Processes, "processes");
  limitRow(text, p, "Max open files", LimitKind.OpenFiles, "files");
  limitRow(text, p, "Max locked memory", LimitKind.LockedMemory, "bytes");
  limitRow(text, p, "Max address space", LimitKind.AddressSpace, "bytes");
  limitRow(text, p, "Max file locks", LimitKind.Locks, "locks");
  limitRow(text, p, "Max pending signals", LimitKind.PendingSignals, "signals");
  limitRow(text, p, "Max msgqueue size", LimitKind.MessageQueues, "bytes");
  limitRow(text, p, "Max nice priority", LimitKind.Nice, "");
  limitRow(text, p, "Max realtime priority", LimitKind.RealtimePriority, "");
  limitRow(text, p, "Max realtime timeout", LimitKind.RealtimeTime, "us");
  return 0;
}
