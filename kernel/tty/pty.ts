// Pseudo-terminals (pty(7)): a Pty is the master's side, its slave is a Tty whose driver is the Pty. Each devpts instance numbers its
// own; a number is in use until the master is closed. Nothing waits here: -EAGAIN sends the caller to readQueue or writeQueue.

import { Errno } from "../errno";
import { kernelAlloc, kernelFree } from "../mm/heap";
import { Result } from "../result";
import { Signal } from "../task/signalset";
import { WaitQueue, wakeAll } from "../task/wait";
import { signalGroup } from "./jobcontrol";
import { ringUsed } from "./ring";
import {
  dropBacklog,
  setTtyDriver,
  Tty,
  ttyDropOutput,
  TtyEvent,
  ttyHangUp,
  ttyHasInputRoom,
  ttyInput,
  TtyKind,
  ttyNew,
  ttyOpen,
  ttyPeekOutput,
  ttyRelease,
} from "./tty";

/** Most ptys of one instance (the default of Linux's kernel.pty.max). */
const PTY_LIMIT: u32 = 4096;
/** Major device number of slaves: 136, the minor is the pty's number. */
const SLAVE_MAJOR: u32 = 136;
/** Output that a flush by the slave leaves, as the master counts as having received it: the read buffer of Linux's master. */
const RECEIVED_BYTES: u32 = 4095;

/** One devpts file system: the ptys of a container. */
@unmanaged
export class PtyInstance {
  /** The container whose process numbers the slaves use. */
  container: usize;
  /** Pty by number, 0 for none: `capacity` pointers. */
  table: usize;
  capacity: u32;
  count: u32;
  limit: u32;
  /** Permissions of slaves and of ptmx, and the group of slaves (u32.MAX_VALUE: the opener's), by the mount's options. */
  mode: u32;
  gid: u32;
  ptmxMode: u32;
  /** The devpts file system mounted last, which lives as long as the container's tree; 0 for none. */
  fs: usize;
}

@unmanaged
export class Pty {
  index: u32;
  /** Owner, group and permissions of the slave's name, once somebody has looked it up (kernel/fs/devpts.ts). */
  uid: u32;
  gid: u32;
  mode: u32;
  slave: Tty;
  /** Null once the master is closed. */
  instance: PtyInstance | null;
  /** The slave cannot be opened yet (unlockpt(3)). */
  locked: bool;
  /** uid, gid and mode are set. */
  owned: bool;
  /** TIOCPKT */
  packet: bool;
  /** The slave was open and no longer is. */
  slaveClosed: bool;
  /** TCXONC on the master has stopped its writes. */
  stopped: bool;
  /** What the last ptyRead copied: bytes of output, and packet status bits. */
  peekedBytes: u32;
  peekedStatus: u32;
  readFirst: usize;
  readLast: usize;
  writeFirst: usize;
  writeLast: usize;
}

/** Where readers of the master wait, and what poll watches for its input. */
@inline
export function ptyReadQueue(pty: Pty): WaitQueue {
  return changetype<WaitQueue>(changetype<usize>(pty) + offsetof<Pty>("readFirst"));
}

/** Where writers to the master wait. */
@inline
export function ptyWriteQueue(pty: Pty): WaitQueue {
  return changetype<WaitQueue>(changetype<usize>(pty) + offsetof<Pty>("writeFirst"));
}

/** The Pty behind a slave. */
@inline
export function ptyOfSlave(tty: Tty): Pty {
  return changetype<Pty>(tty.driverData);
}

// Instances ------------------------------------------------------------------------------------------------------------------------------

/** An empty devpts instance; null when out of memory. */
export function ptyInstanceNew(container: usize): PtyInstance | null {
  const p = kernelAlloc(offsetof<PtyInstance>());
  if (p == 0) return null;
  const instance = changetype<PtyInstance>(p);
  instance.container = container;
  instance.limit = PTY_LIMIT;
  return instance;
}

/** Frees an instance. Masters that are still open go on without a number. */
export function ptyInstanceFree(instance: PtyInstance): void {
  for (let i: u32 = 0; i < instance.capacity; i++) {
    const pty = ptyFind(instance, i);
    if (pty) pty.instance = null;
  }
  kernelFree(instance.table);
  kernelFree(changetype<usize>(instance));
}

/** The pty of that number, or null. */
export function ptyFind(instance: PtyInstance, index: u32): Pty | null {
  if (index >= instance.capacity) return null;
  return changetype<Pty | null>(<usize>load<u32>(instance.table + (index << 2)));
}

/** The pty with the lowest number at or above `from`, or null: to list a directory. */
export function ptyNext(instance: PtyInstance, from: u32): Pty | null {
  for (let i = from; i < instance.capacity; i++) {
    const pty = ptyFind(instance, i);
    if (pty) return pty;
  }
  return null;
}

/** The lowest free number, with its place in the table: -ENOSPC at the limit, -ENOMEM. */
function freeIndex(instance: PtyInstance): Result {
  if (instance.count >= instance.limit) return -Errno.ENOSPC;
  let i: u32 = 0;
  while (i < instance.capacity && ptyFind(instance, i) != null) i++;
  if (i < instance.capacity) return i;
  const capacity = max<u32>(instance.capacity * 2, 8);
  const table = kernelAlloc(capacity << 2);
  if (table == 0) return -Errno.ENOMEM;
  memory.copy(table, instance.table, instance.capacity << 2);
  kernelFree(instance.table);
  instance.table = table;
  instance.capacity = capacity;
  return i;
}

// Life -----------------------------------------------------------------------------------------------------------------------------------

/** Opening /dev/ptmx: a pty with the lowest free number, its slave locked. The Pty, to be ended by ptyCloseMaster; -ENOSPC, -ENOMEM. */
export function ptyNew(instance: PtyInstance): Result {
  const index = freeIndex(instance);
  if (index < 0) return index;
  const p = kernelAlloc(offsetof<Pty>());
  if (p == 0) return -Errno.ENOMEM;
  const slave = ttyNew(TtyKind.PtySlave, instance.container, (SLAVE_MAJOR << 8) | (((<u32>index) & 0xfff00) << 12) | ((<u32>index) & 0xff));
  if (!slave) {
    kernelFree(p);
    return -Errno.ENOMEM;
  }
  const pty = changetype<Pty>(p);
  pty.index = <u32>index;
  pty.slave = slave;
  pty.instance = instance;
  pty.locked = true;
  slave.discipline.flushKeeps = RECEIVED_BYTES;
  setTtyDriver(slave, slaveEvent, p);
  store<u32>(instance.table + ((<u32>index) << 2), <u32>p);
  instance.count++;
  return p;
}

/** Opens the slave: see ttyOpen, which also says what `mayControl` means; -EIO also while it is locked. */
export function ptyOpenSlave(pty: Pty, mayControl: bool): Result {
  if (pty.locked) return -Errno.EIO;
  const r = ttyOpen(pty.slave, mayControl);
  if (r >= 0) pty.slaveClosed = false;
  return r;
}

/** Closes the master: frees its number and hangs the slave up for good. */
export function ptyCloseMaster(pty: Pty): void {
  const instance = pty.instance;
  if (instance) {
    store<u32>(instance.table + (pty.index << 2), 0);
    instance.count--;
    pty.instance = null;
  }
  const slave = pty.slave;
  slave.gone = true;
  ttyHangUp(slave);
  slave.driver = 0;
  slave.driverData = 0;
  ttyRelease(slave);
  kernelFree(changetype<usize>(pty));
}

/** The slave's driver function. */
function slaveEvent(tty: Tty, event: TtyEvent): void {
  const pty = ptyOfSlave(tty);
  if (event == TtyEvent.InputRoom) {
    wakeAll(ptyWriteQueue(pty));
    return;
  }
  if (event == TtyEvent.Closed) pty.slaveClosed = true;
  if (event == TtyEvent.Closed || ptyHasInput(pty)) wakeAll(ptyReadQueue(pty));
}

/** Packet status bits that the master has not seen. */
@inline
function unseenStatus(pty: Pty): u32 {
  return pty.packet ? pty.slave.discipline.packetStatus : 0;
}

@inline
function ptyHasInput(pty: Pty): bool {
  return ringUsed(pty.slave.output) != 0 || unseenStatus(pty) != 0;
}

// The master's reads and writes -----------------------------------------------------------------------------------------------------------

/**
 * Copies up to `count` bytes of the slave's output to kernel memory, without removing them: follow up with ptyReadDone. In packet mode a
 * read gives one status byte, or a zero byte and output. Returns the bytes; -EAGAIN; -EIO when there is nothing left and the slave is
 * closed.
 */
export function ptyRead(pty: Pty, destination: usize, count: u32): Result {
  pty.peekedBytes = 0;
  pty.peekedStatus = 0;
  if (count == 0) return 0;
  const status = unseenStatus(pty);
  if (status != 0) {
    pty.peekedStatus = status;
    store<u8>(destination, <u8>status);
    return 1;
  }
  if (ringUsed(pty.slave.output) == 0) return pty.slaveClosed ? -Errno.EIO : -Errno.EAGAIN;
  const head: u32 = pty.packet ? 1 : 0;
  if (head != 0) store<u8>(destination, 0);
  pty.peekedBytes = ttyPeekOutput(pty.slave, destination + head, count - head);
  return head + pty.peekedBytes;
}

/** Removes what the last ptyRead copied. */
export function ptyReadDone(pty: Pty): void {
  if (pty.peekedStatus != 0) pty.slave.discipline.packetStatus &= ~pty.peekedStatus;
  else ttyDropOutput(pty.slave, pty.peekedBytes);
  pty.peekedStatus = 0;
  pty.peekedBytes = 0;
}

/** Types `n` bytes on the slave: bytes taken, at least one of `n` > 0, or -EAGAIN. The slave need not be open. */
export function ptyWrite(pty: Pty, source: usize, n: u32, nowNs: u64): Result {
  const done = pty.stopped ? 0 : ttyInput(pty.slave, source, n, nowNs);
  return done == 0 && n != 0 ? -Errno.EAGAIN : done;
}

/** Bits of poll(2) and epoll(7). */
const enum Ready {
  In = 0x1 | 0x40,
  Priority = 0x2,
  Out = 0x4 | 0x100,
  HangUp = 0x10,
}

/** What poll says of the master: EPOLL bits. */
export function ptyPoll(pty: Pty): u32 {
  let events: u32 = 0;
  if (ptyHasInput(pty)) events |= Ready.In;
  if (unseenStatus(pty) != 0) events |= Ready.Priority;
  if (pty.slaveClosed) events |= Ready.HangUp;
  if (!pty.stopped && ttyHasInputRoom(pty.slave)) events |= Ready.Out;
  return events;
}

// The master's ioctls ---------------------------------------------------------------------------------------------------------------------

/** FIONREAD on the master. */
export function ptyReadableBytes(pty: Pty): u32 {
  return ringUsed(pty.slave.output);
}

/** TIOCPKT: turns packet mode on or off. */
export function ptySetPacket(pty: Pty, on: bool): void {
  if (on && !pty.packet) pty.slave.discipline.packetStatus = 0;
  pty.packet = on;
}

/** TIOCSIG: a signal for the slave's foreground group: 0, or -EINVAL for others than SIGINT, SIGQUIT and SIGTSTP. */
export function ptySignal(pty: Pty, signal: u32): Result {
  if (signal != Signal.INT && signal != Signal.QUIT && signal != Signal.TSTP) return -Errno.EINVAL;
  signalGroup(pty.slave.container, pty.slave.foreground, signal);
  return 0;
}

/**
 * TCFLSH on the master: throws away what it could read (0), what it has written and the slave has not received (1), or both (2); -EINVAL.
 */
export function ptyFlush(pty: Pty, which: u32): Result {
  if (which > 2) return -Errno.EINVAL;
  if (which != 1) ttyDropOutput(pty.slave, ringUsed(pty.slave.output));
  if (which != 0) dropBacklog(pty.slave);
  return 0;
}

/** ^Q and ^S: what the master itself has as VSTART and VSTOP. */
const flowKeys = memory.data<u8>([0x11, 0x13]);

/** TCXONC on the master: stops (0) or starts (1) its writes, types ^S (2) or ^Q (3); -EINVAL. */
export function ptyFlow(pty: Pty, action: u32, nowNs: u64): Result {
  if (action > 3) return -Errno.EINVAL;
  if (action > 1) {
    ttyInput(pty.slave, flowKeys + (action == 2 ? 1 : 0), 1, nowNs);
    return 0;
  }
  pty.stopped = action == 0;
  if (!pty.stopped) wakeAll(ptyWriteQueue(pty));
  return 0;
}
