// sysfs, and the container's own cgroup as a version 2 hierarchy: both are nothing but nodes. Language runtimes size themselves by them (Go,
// Node.js and Java read cpu.max and memory.max; V8 and glibc the CPUs). See sysfs(5), cgroups(7).

import { Container } from "../container/container";
import { put, putByte, putUnsigned, Text } from "../lib/text";
import { PAGE_SHIFT } from "../mm/frame";
import { Result } from "../result";
import { PidEntry } from "../task/process";
import { Entry, FileSystem, FileSystemKind, Inode } from "../vfs/inode";
import { DirectoryItem, registerFileSystem } from "../vfs/operations";
import { Mountable, MountableOptions, registerMountable } from "./mountable";
import { containerOf } from "./procsubject";
import {
  addDirectory,
  addNumber,
  addText,
  findNode,
  Node,
  nodeEntry,
  nodeInode,
  nodeOf,
  nextNode,
  openSynthetic,
  syntheticNew,
} from "./synthetic";

let sysRoot: Node = changetype<Node>(0);
let cgroupRoot: Node = changetype<Node>(0);

function lookup(directory: Entry, name: usize, length: u32, hash: u32): Result {
  const inode = directory.inode!;
  const child = findNode(nodeOf(inode), name, length);
  return child ? nodeEntry(directory, name, length, hash, nodeInode(inode.fs, child, 0, 0)) : 0;
}

function next(directory: Entry, position: u64, item: DirectoryItem): Result {
  return nextNode(directory.inode!, position, item);
}

// sysfs ----------------------------------------------------------------------------------------------------------------------------------

function showCpus(text: Text, inode: Inode): Result {
  put(text, "0\n");
  return 0;
}

function showClockSource(text: Text, inode: Inode): Result {
  put(text, "tsc\n");
  return 0;
}

/** There are no transparent huge pages. */
function showHugePages(text: Text, inode: Inode): Result {
  put(text, "always madvise [never]\n");
  return 0;
}

function buildSysfs(): void {
  sysRoot = addDirectory(null, "", 0o555);
  addDirectory(sysRoot, "block", 0o755);
  addDirectory(sysRoot, "bus", 0o755);
  addDirectory(addDirectory(sysRoot, "class", 0o755), "net", 0o755);
  const system = addDirectory(addDirectory(sysRoot, "devices", 0o755), "system", 0o755);
  const cpu = addDirectory(system, "cpu", 0o755);
  addText(cpu, "online", showCpus);
  addText(cpu, "possible", showCpus);
  addText(cpu, "present", showCpus);
  addNumber(cpu, "kernel_max", 0);
  addDirectory(cpu, "cpu0", 0o755);
  const clock = addDirectory(addDirectory(system, "clocksource", 0o755), "clocksource0", 0o755);
  addText(clock, "available_clocksource", showClockSource);
  addText(clock, "current_clocksource", showClockSource);
  addDirectory(system, "node", 0o755);
  addDirectory(sysRoot, "firmware", 0o755);
  addDirectory(addDirectory(sysRoot, "fs", 0o755), "cgroup", 0o755);
  const memoryNode = addDirectory(addDirectory(sysRoot, "kernel", 0o755), "mm", 0o755);
  addDirectory(memoryNode, "hugepages", 0o755);
  const huge = addDirectory(memoryNode, "transparent_hugepage", 0o755);
  addText(huge, "enabled", showHugePages);
  addNumber(huge, "hpage_pmd_size", 2 << 20);
  addDirectory(sysRoot, "module", 0o755);
}

function makeSysfs(container: Container, options: MountableOptions): FileSystem | null {
  return syntheticNew(FileSystemKind.Sys, changetype<usize>(container), sysRoot);
}

// The cgroup -----------------------------------------------------------------------------------------------------------------------------

function showControllers(text: Text, inode: Inode): Result {
  put(text, "cpu memory pids\n");
  return 0;
}

/** The container's processes, in no order, one a line. */
function showProcesses(text: Text, inode: Inode): Result {
  const c = containerOf(inode);
  for (let i: u32 = 0; i < c.pidBuckets; i++) {
    let e = changetype<PidEntry | null>(<usize>load<u32>(c.pidTable + (i << 2)));
    while (e) {
      if (e.process) line(text, e.number);
      e = e.hashNext;
    }
  }
  return 0;
}

function showThreads(text: Text, inode: Inode): Result {
  const c = containerOf(inode);
  for (let i: u32 = 0; i < c.pidBuckets; i++) {
    let e = changetype<PidEntry | null>(<usize>load<u32>(c.pidTable + (i << 2)));
    while (e) {
      if (e.thread) line(text, e.number);
      e = e.hashNext;
    }
  }
  return 0;
}

function line(text: Text, n: u64): void {
  putUnsigned(text, n);
  putByte(text, 0x0a);
}

function limitLine(text: Text, limit: u64): Result {
  if (limit == 0) put(text, "max\n");
  else line(text, limit);
  return 0;
}

function showMemoryMax(text: Text, inode: Inode): Result {
  return limitLine(text, (<u64>containerOf(inode).pageLimit) << PAGE_SHIFT);
}

function showMemoryCurrent(text: Text, inode: Inode): Result {
  line(text, (<u64>containerOf(inode).pages) << PAGE_SHIFT);
  return 0;
}

function showPidsMax(text: Text, inode: Inode): Result {
  return limitLine(text, containerOf(inode).pidLimit);
}

function showPidsCurrent(text: Text, inode: Inode): Result {
  line(text, containerOf(inode).threadCount);
  return 0;
}

function showCpuWeight(text: Text, inode: Inode): Result {
  line(text, containerOf(inode).weight);
  return 0;
}

/** No quota: as much as there is, in periods of 100 ms. */
function showCpuMax(text: Text, inode: Inode): Result {
  put(text, "max 100000\n");
  return 0;
}

function showCpuStat(text: Text, inode: Inode): Result {
  const us = containerOf(inode).cpuNs / 1000;
  put(text, "usage_usec ");
  line(text, us);
  put(text, "user_usec ");
  line(text, us);
  put(text, "system_usec 0\n");
  return 0;
}

/** Nothing is swapped, and nothing can be. */
function showNone(text: Text, inode: Inode): Result {
  put(text, "0\n");
  return 0;
}

function buildCgroup(): void {
  cgroupRoot = addDirectory(null, "", 0o555);
  addText(cgroupRoot, "cgroup.controllers", showControllers);
  addText(cgroupRoot, "cgroup.procs", showProcesses);
  addText(cgroupRoot, "cgroup.threads", showThreads);
  addText(cgroupRoot, "cpu.max", showCpuMax);
  addText(cgroupRoot, "cpu.stat", showCpuStat);
  addText(cgroupRoot, "cpu.weight", showCpuWeight);
  addText(cgroupRoot, "memory.current", showMemoryCurrent);
  addText(cgroupRoot, "memory.max", showMemoryMax);
  addText(cgroupRoot, "memory.swap.current", showNone);
  addText(cgroupRoot, "memory.swap.max", showNone);
  addText(cgroupRoot, "pids.current", showPidsCurrent);
  addText(cgroupRoot, "pids.max", showPidsMax);
}

function makeCgroup(container: Container, options: MountableOptions): FileSystem | null {
  return syntheticNew(FileSystemKind.Cgroup, changetype<usize>(container), cgroupRoot);
}

/** To be called once at start-up. */
export function sysfsInit(): void {
  buildSysfs();
  buildCgroup();
  registerFileSystem(FileSystemKind.Sys, lookup, next, null, null, openSynthetic, null, null);
  registerFileSystem(FileSystemKind.Cgroup, lookup, next, null, null, openSynthetic, null, null);
  registerMountable(Mountable.Sysfs, makeSysfs);
  registerMountable(Mountable.Cgroup, makeCgroup);
}
