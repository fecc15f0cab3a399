// The container's own cgroup as a version 2 hierarchy: nothing but nodes. Language runtimes size themselves by them (Go, Node.js and Java read
// cpu.max and memory.max). See cgroups(7), and Linux's Documentation/admin-guide/cgroup-v2.rst on what the numbers mean.

import { Container } from "../container/container";
import { put, putByte, putUnsigned, Text } from "../lib/text";
import { accountHeapBytes } from "../mm/account";
import { Result } from "../result";
import { PidEntry } from "../task/process";
import { FileSystem, FileSystemKind, Inode } from "../vfs/inode";
import { registerFileSystem } from "../vfs/operations";
import { Mountable, MountableOptions, registerMountable } from "./mountable";
import { containerOf } from "./procsubject";
import { addDirectory, addText, lookupNode, nextInNode, Node, openSynthetic, syntheticNew } from "./synthetic";

let cgroupRoot: Node = changetype<Node>(0);

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
  const limit = containerOf(inode).account.limit;
  return limitLine(text, limit == u64.MAX_VALUE ? 0 : limit);
}

function showMemoryCurrent(text: Text, inode: Inode): Result {
  line(text, containerOf(inode).account.bytes);
  return 0;
}

function showMemoryPeak(text: Text, inode: Inode): Result {
  const account = containerOf(inode).account;
  line(text, max(account.peak, account.bytes));
  return 0;
}

function member(text: Text, name: string, n: u64): void {
  put(text, name);
  putByte(text, 0x20);
  line(text, n);
}

/** How often the limit was reached, nothing could be done but to kill, and a process was killed. */
function showMemoryEvents(text: Text, inode: Inode): Result {
  const account = containerOf(inode).account;
  put(text, "low 0\nhigh 0\n");
  member(text, "max", account.limitHits);
  member(text, "oom", account.shortages);
  member(text, "oom_kill", account.kills);
  put(text, "oom_group_kill 0\n");
  return 0;
}

/** What the memory is used for. All files are in memory, so they are "shmem", and like anonymous pages nothing that could be written back. */
function showMemoryStat(text: Text, inode: Inode): Result {
  const account = containerOf(inode).account;
  const heap = accountHeapBytes(account);
  member(text, "anon", account.anonymous);
  member(text, "file", account.file);
  member(text, "kernel", heap + account.pageTable + account.pipe);
  put(text, "kernel_stack 0\n");
  member(text, "pagetables", account.pageTable);
  put(text, "sec_pagetables 0\npercpu 0\n");
  member(text, "sock", account.socket);
  put(text, "vmalloc 0\n");
  member(text, "shmem", account.file);
  put(text, "file_dirty 0\nfile_writeback 0\nswapcached 0\nanon_thp 0\nfile_thp 0\nshmem_thp 0\n");
  member(text, "inactive_anon", account.anonymous + account.file);
  put(text, "active_anon 0\ninactive_file 0\nactive_file 0\nunevictable 0\nslab_reclaimable 0\n");
  member(text, "slab_unreclaimable", heap);
  member(text, "slab", heap);
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

function showUnlimited(text: Text, inode: Inode): Result {
  put(text, "max\n");
  return 0;
}

/** Nothing is swapped, and nothing can be; no memory is kept free for a container. */
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
  addText(cgroupRoot, "memory.events", showMemoryEvents);
  addText(cgroupRoot, "memory.events.local", showMemoryEvents);
  addText(cgroupRoot, "memory.high", showUnlimited);
  addText(cgroupRoot, "memory.low", showNone);
  addText(cgroupRoot, "memory.max", showMemoryMax);
  addText(cgroupRoot, "memory.min", showNone);
  addText(cgroupRoot, "memory.oom.group", showNone);
  addText(cgroupRoot, "memory.peak", showMemoryPeak);
  addText(cgroupRoot, "memory.stat", showMemoryStat);
  addText(cgroupRoot, "memory.swap.current", showNone);
  addText(cgroupRoot, "memory.swap.max", showNone);
  addText(cgroupRoot, "pids.current", showPidsCurrent);
  addText(cgroupRoot, "pids.max", showPidsMax);
}

function makeCgroup(container: Container, options: MountableOptions): FileSystem | null {
  return syntheticNew(FileSystemKind.Cgroup, changetype<usize>(container), cgroupRoot);
}

/** To be called once at start-up. */
export function cgroupInit(): void {
  buildCgroup();
  registerFileSystem(FileSystemKind.Cgroup, lookupNode, nextInNode, null, null, openSynthetic, null, null);
  registerMountable(Mountable.Cgroup, makeCgroup);
}
