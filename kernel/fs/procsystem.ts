// What procfs tells about the system as a whole. Processes, pids and load are the container's; memory and CPU are the machine's. Formats: proc(5).

import { Container, firstContainer } from "../container/container";
import { put, putByte, putUnsigned, Text } from "../lib/text";
import { framesFree, framesUsable, PAGE_SHIFT } from "../mm/frame";
import { heapBytesUsed } from "../mm/heap";
import { KERNEL_RELEASE, KERNEL_VERSION, SYSTEM_NAME } from "../release";
import { Result } from "../result";
import { PidEntry } from "../task/process";
import { runnableThreads } from "../task/scheduler";
import { nowNs, wallOffset } from "../time/clock";
import { FileSystemKind, Inode } from "../vfs/inode";
import { containerOf } from "./procsubject";

export { showCpuInfo } from "./proccpu";

const SECOND_NS: u64 = 1_000_000_000;
const TICK_NS: u64 = 10_000_000;

export function showVersion(text: Text, inode: Inode): Result {
  put(text, SYSTEM_NAME);
  put(text, " version ");
  put(text, KERNEL_RELEASE);
  put(text, " (cyrius@cyrius) (asc 0.28.14, wasm2c, gcc) ");
  put(text, KERNEL_VERSION);
  putByte(text, 0x0a);
  return 0;
}

/** CPU time that programs of all containers have used. */
function busyNs(): u64 {
  let total: u64 = 0;
  let c = firstContainer;
  while (c) {
    total += c.cpuNs;
    c = c.next;
  }
  return total;
}

/** Appends nanoseconds as seconds with two decimals. */
function putSeconds(text: Text, ns: u64): void {
  putUnsigned(text, ns / SECOND_NS);
  putByte(text, 0x2e);
  putUnsigned(text, (ns / TICK_NS) % 100, 2, 0x30);
}

export function showUptime(text: Text, inode: Inode): Result {
  const now = nowNs();
  putSeconds(text, now);
  putByte(text, 0x20);
  putSeconds(text, now - min(now, busyNs()));
  putByte(text, 0x0a);
  return 0;
}

/** Load averages over 1, 5 and 15 minutes, in 1/2048, as of loadNs: brought up to date when somebody looks, with the number of runnable
 *  threads there are then. */
const LOAD_ONE: u64 = 2048;
const LOAD_STEP_NS: u64 = 5 * SECOND_NS;
const LOAD_STEPS_MAX: u64 = 1000;
let load1: u64 = 0;
let load5: u64 = 0;
let load15: u64 = 0;
let loadNs: u64 = 0;

/** One step of the exponential average (kernel/sched/loadavg.c of Linux gives the factors exp(-5s/T) in 1/2048). */
@inline
function decay(load: u64, factor: u64, active: u64): u64 {
  return (load * factor + active * LOAD_ONE * (LOAD_ONE - factor) + LOAD_ONE / 2) / LOAD_ONE;
}

function updateLoad(): void {
  const active = <u64>runnableThreads();
  const steps = (nowNs() - loadNs) / LOAD_STEP_NS;
  loadNs += steps * LOAD_STEP_NS;
  for (let i: u64 = min(steps, LOAD_STEPS_MAX); i != 0; i--) {
    load1 = decay(load1, 1884, active);
    load5 = decay(load5, 2014, active);
    load15 = decay(load15, 2037, active);
  }
}

function putLoad(text: Text, load: u64): void {
  putUnsigned(text, load / LOAD_ONE);
  putByte(text, 0x2e);
  putUnsigned(text, ((load % LOAD_ONE) * 100) / LOAD_ONE, 2, 0x30);
  putByte(text, 0x20);
}

export function showLoadAverage(text: Text, inode: Inode): Result {
  const c = containerOf(inode);
  updateLoad();
  putLoad(text, load1);
  putLoad(text, load5);
  putLoad(text, load15);
  putUnsigned(text, c.runnable + 1); // the reader runs
  putByte(text, 0x2f);
  putUnsigned(text, c.threadCount);
  putByte(text, 0x20);
  putUnsigned(text, c.lastPid);
  putByte(text, 0x0a);
  return 0;
}

/** Pages that files of memory file systems take, in all containers. */
function filePages(): u64 {
  let pages: u64 = 0;
  let c = firstContainer;
  while (c) {
    let mount = changetype<usize>(c.vfs) != 0 ? c.vfs.rootMount : null;
    while (mount) {
      // Binds show a file system that another mount stands for.
      if (mount.fs.kind == FileSystemKind.Memory && mount.root == mount.fs.root) pages += mount.fs.pagesUsed;
      mount = mount.next;
    }
    c = c.next;
  }
  return pages;
}

function row(text: Text, name: string, kilobytes: u64): void {
  put(text, name);
  putUnsigned(text, kilobytes, 24 - name.length);
  put(text, " kB\n");
}

export function showMemoryInfo(text: Text, inode: Inode): Result {
  const perPage: u64 = 1 << (PAGE_SHIFT - 10);
  const total = <u64>framesUsable() * perPage;
  const free = <u64>framesFree() * perPage;
  // Pages of the boot archive that files use in place are not among the usable ones.
  const files = min(filePages() * perPage, total - free);
  const heap = heapBytesUsed() >> 10;
  const other = total - min(total, free + files + heap);
  row(text, "MemTotal:", total);
  row(text, "MemFree:", free);
  row(text, "MemAvailable:", free);
  row(text, "Buffers:", 0);
  row(text, "Cached:", files);
  row(text, "SwapCached:", 0);
  row(text, "Active:", files + other);
  row(text, "Inactive:", 0);
  row(text, "Active(anon):", files + other);
  row(text, "Inactive(anon):", 0);
  row(text, "Active(file):", 0);
  row(text, "Inactive(file):", 0);
  row(text, "Unevictable:", 0);
  row(text, "Mlocked:", 0);
  row(text, "SwapTotal:", 0);
  row(text, "SwapFree:", 0);
  row(text, "Dirty:", 0);
  row(text, "Writeback:", 0);
  row(text, "AnonPages:", other);
  row(text, "Shmem:", files);
  row(text, "KReclaimable:", 0);
  row(text, "Slab:", heap);
  row(text, "SReclaimable:", 0);
  row(text, "SUnreclaim:", heap);
  row(text, "CommitLimit:", total);
  put(text, "HugePages_Total:       0\nHugePages_Free:        0\nHugePages_Rsvd:        0\nHugePages_Surp:        0\n");
  row(text, "Hugepagesize:", 2048);
  return 0;
}

export function showVmstat(text: Text, inode: Inode): Result {
  count(text, "nr_free_pages ", framesFree());
  count(text, "nr_file_pages ", filePages());
  count(text, "nr_shmem ", filePages());
  count(text, "nr_slab_unreclaimable ", heapBytesUsed() >> PAGE_SHIFT);
  return 0;
}

function count(text: Text, name: string, n: u64): void {
  put(text, name);
  putUnsigned(text, n);
  putByte(text, 0x0a);
}

/** Context switches of the container's processes that are still there. */
function switches(c: Container): u64 {
  let total: u64 = 0;
  for (let i: u32 = 0; i < c.pidBuckets; i++) {
    let e = changetype<PidEntry | null>(<usize>load<u32>(c.pidTable + (i << 2)));
    while (e) {
      const p = e.process;
      if (p) total += p.deadSwitches;
      const t = e.thread;
      if (t) total += t.voluntarySwitches + t.involuntarySwitches;
      e = e.hashNext;
    }
  }
  return total;
}

function putCpu(text: Text, name: string, busy: u64, idle: u64): void {
  put(text, name);
  putUnsigned(text, busy / TICK_NS);
  put(text, " 0 0 ");
  putUnsigned(text, idle / TICK_NS);
  put(text, " 0 0 0 0 0 0\n");
}

export function showSystemStat(text: Text, inode: Inode): Result {
  const c = containerOf(inode);
  const now = nowNs();
  const busy = min(now, busyNs());
  putCpu(text, "cpu  ", busy, now - busy);
  putCpu(text, "cpu0 ", busy, now - busy);
  count(text, "ctxt ", switches(c));
  count(text, "btime ", wallOffset() / SECOND_NS);
  count(text, "processes ", c.lastPid);
  count(text, "procs_running ", c.runnable + 1);
  count(text, "procs_blocked ", 0);
  return 0;
}

export function showFileSystems(text: Text, inode: Inode): Result {
  put(text, "nodev\tsysfs\nnodev\ttmpfs\nnodev\tproc\nnodev\tcgroup2\nnodev\tpipefs\nnodev\tdevpts\nnodev\tmqueue\n");
  return 0;
}

/** A container is its own cgroup: version 2 only, seen as the root of the hierarchy. */
export function showCgroup(text: Text, inode: Inode): Result {
  put(text, "0::/\n");
  return 0;
}

export function showCgroups(text: Text, inode: Inode): Result {
  put(text, "#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpu\t0\t1\t1\nmemory\t0\t1\t1\npids\t0\t1\t1\n");
  return 0;
}

export function showCpuset(text: Text, inode: Inode): Result {
  put(text, "/\n");
  return 0;
}

/** Linux's default; no core is ever written. */
export function showCoredumpFilter(text: Text, inode: Inode): Result {
  put(text, "00000033\n");
  return 0;
}
