// Container: the kernel object that defines an environment: root file system, names, pids, credentials ceiling, limits, terminals. It exists
// without a process; the kernel alone changes its state. The host world is the container whose kind is Host. Containers do not nest.

import { Account } from "../mm/account";
import { Filter } from "../task/filter";
import { Process } from "../task/process";
import { Vfs } from "../vfs/inode";
import { WaitQueue } from "../task/wait";

/** Life cycle of OCI runtime-spec, runtime.md "State". */
export const enum ContainerState {
  Creating = 0,
  Created = 1,
  Running = 2,
  Paused = 3,
  Stopped = 4,
}

@unmanaged
export class Container {
  refs: u32;
  state: u32;
  /** NUL-terminated id. */
  id: usize;
  idLength: u32;
  isHost: bool;
  pad0: u8;
  pad1: u16;
  next: Container | null;
  prev: Container | null;
  vfs: Vfs;
  /** Names for uname(2): 65 bytes each, NUL-terminated. */
  hostname: usize;
  domainname: usize;

  /** Pids: hash table of PidEntry, by number (kernel/container/pids.ts). */
  pidTable: usize;
  pidBuckets: u32;
  pidCount: u32;
  lastPid: u32;
  /** Most threads at a time, 0 for no limit. */
  pidLimit: u32;
  init: Process | null;
  processCount: u32;
  threadCount: u32;
  /** Exit status of init as wait4 encodes it, valid in state Stopped. */
  exitStatus: u32;

  /** Pays for the memory of its processes and file systems. */
  account: Account;
  pad3: u32;

  /** Scheduling entity: kernel/task/scheduler.ts. */
  virtualNs: u64;
  weight: u32;
  queueIndex: u32;
  runQueue: usize;
  runQueueCapacity: u32;
  runnable: u32;
  cpuNs: u64;
  /** Virtual time of the thread that was served last. */
  threadClockNs: u64;

  /** Devpts instance and console: kernel/tty. */
  ptys: usize;
  console: usize;

  /** System calls asked for and lacking: kernel/container/missing.ts. */
  missing: usize;
  /** What its sockets share, a NetSpace (kernel/net/space.ts), or 0 while it has made none. */
  net: usize;
  /** Flags and the like that calls here do not support: the table, and entries in use. */
  missingFlags: usize;
  missingFlagCount: u32;

  /** The filter that every process starts with (kernel/task/filter.ts), made of linux.seccomp. */
  filter: Filter | null;

  /** System V objects: kernel/ipc/table.ts. */
  ipc: usize;
  /** The Mount of its POSIX message queues (kernel/ipc/mqueue.ts), or 0 while there were none. */
  mqueues: usize;

  /** Who waits for the container to stop. */
  stopQueueFirst: usize;
  stopQueueLast: usize;

  /** What the runtime keeps: the decoded OCI configuration (runtime/spec). */
  spec: usize;
  bundle: usize;
  /** The control request that deletes the container once it has stopped, 0 for none. */
  deleteRequest: u32;
  pad2: u32;
  createdNs: u64;
  /** Random seed of inode and boot ids. */
  identity: u64;
}

@inline
export function stopQueue(c: Container): WaitQueue {
  return changetype<WaitQueue>(changetype<usize>(c) + offsetof<Container>("stopQueueFirst"));
}

/** The host world, made at boot. */
export let hostContainer: Container = changetype<Container>(0);

export function setHostContainer(c: Container): void {
  hostContainer = c;
}

/** First of all containers, the host's among them, in order of creation. */
export let firstContainer: Container | null = null;

export function setFirstContainer(c: Container | null): void {
  firstContainer = c;
}
