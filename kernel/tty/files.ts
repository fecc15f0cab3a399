// Terminals as open files: slaves and lines (FileKind.Tty), masters (FileKind.PtyMaster), and the devices that lead to them. File.object is
// the Tty or the Pty; File.position of a Tty is the generation that ttyOpen gave.

import { operationOpens } from "../task/operation";
import { Container } from "../container/container";
import { Errno } from "../errno";
import { copyIn, copyOut } from "../mm/user";
import { BLOCKED, Result } from "../result";
import { current, signalPending } from "../task/thread";
import { WaitQueue } from "../task/wait";
import { nowNs } from "../time/clock";
import { timerSet } from "../time/timer";
import { fileWait, setFilePoll, setFileQueue, setFileRead, setFileRelease, setFileWrite } from "../vfs/file";
import { FileAccess, OpenFlag } from "../vfs/flags";
import { deviceMinor, File, FileKind } from "../vfs/inode";
import { registerCharacterDevice } from "../vfs/operations";
import { pollOn } from "../vfs/poll";
import { NEVER, readDeadlineNs } from "./ldisc/read";
import {
  Pty,
  ptyCloseMaster,
  ptyFind,
  PtyInstance,
  ptyNew,
  ptyOpenSlave,
  ptyPoll,
  ptyRead,
  ptyReadDone,
  ptyReadQueue,
  ptyWrite,
  ptyWriteQueue,
} from "./pty";
import { Tty, ttyClose, ttyOpen, ttyPoll, ttyRead, ttyReadDone, ttyReadQueue, ttyWrite, ttyWriteQueue } from "./tty";

/** Bytes that pass between user memory and a terminal: a read never gives more than a full line. */
const buffer = memory.data(4096, 16);
const BUFFER_BYTES: u32 = 4096;

@inline
export function ttyOf(file: File): Tty {
  return changetype<Tty>(file.object);
}

@inline
export function ptyOf(file: File): Pty {
  return changetype<Pty>(file.object);
}

/** What ttyOpen gave when the file was opened. */
@inline
export function generationOf(file: File): u32 {
  return <u32>file.position;
}

// Slaves and lines -----------------------------------------------------------------------------------------------------------------------

function readTty(file: File, ua: u64, count: u32): Result {
  const tty = ttyOf(file);
  const t = current;
  const now = nowNs();
  const startedNs = t.opData != 0 ? t.opData : now; // kept by waitForTimer
  const mayBlock = (file.flags & OpenFlag.NonBlock) == 0;
  // A signal ends the wait for VMIN bytes: what has come by then is returned.
  const r = ttyRead(tty, generationOf(file), buffer, min(count, BUFFER_BYTES), startedNs, now, mayBlock && !signalPending(t));
  if (r == -Errno.EAGAIN && mayBlock) return waitForTimer(file, tty, startedNs);
  if (r < 0) return r;
  const copied = copyOut(ua, buffer, <u32>r);
  if (copied < 0) return copied;
  ttyReadDone(tty, now);
  return r;
}

/** Under VTIME a read waits for a limited time; otherwise the caller waits as for any file (-EAGAIN). */
function waitForTimer(file: File, tty: Tty, startedNs: u64): Result {
  const deadlineNs = readDeadlineNs(tty.discipline, startedNs);
  if (deadlineNs == NEVER) return -Errno.EAGAIN;
  const r = fileWait(file, ttyReadQueue(tty));
  if (r != BLOCKED) return r;
  operationOpens();
  current.opData = startedNs;
  timerSet(current.timer, deadlineNs);
  return BLOCKED;
}

function writeTty(file: File, ua: u64, count: u32): Result {
  const n = min(count, BUFFER_BYTES);
  const r = copyIn(buffer, ua, n);
  return r < 0 ? r : ttyWrite(ttyOf(file), generationOf(file), buffer, n);
}

function pollTty(file: File, poller: usize): u32 {
  const tty = ttyOf(file);
  if (poller != 0) {
    pollOn(poller, ttyReadQueue(tty));
    pollOn(poller, ttyWriteQueue(tty));
  }
  return ttyPoll(tty, generationOf(file));
}

function queueOfTty(file: File, writing: bool): WaitQueue {
  return writing ? ttyWriteQueue(ttyOf(file)) : ttyReadQueue(ttyOf(file));
}

function releaseTty(file: File): void {
  if (file.object != 0) ttyClose(ttyOf(file), generationOf(file));
}

// Masters --------------------------------------------------------------------------------------------------------------------------------

function readMaster(file: File, ua: u64, count: u32): Result {
  const pty = ptyOf(file);
  const r = ptyRead(pty, buffer, min(count, BUFFER_BYTES));
  if (r < 0) return r;
  const copied = copyOut(ua, buffer, <u32>r);
  if (copied < 0) return copied;
  ptyReadDone(pty);
  return r;
}

function writeMaster(file: File, ua: u64, count: u32): Result {
  const n = min(count, BUFFER_BYTES);
  const r = copyIn(buffer, ua, n);
  return r < 0 ? r : ptyWrite(ptyOf(file), buffer, n, nowNs());
}

function pollMaster(file: File, poller: usize): u32 {
  const pty = ptyOf(file);
  if (poller != 0) {
    pollOn(poller, ptyReadQueue(pty));
    pollOn(poller, ptyWriteQueue(pty));
  }
  return ptyPoll(pty);
}

function queueOfMaster(file: File, writing: bool): WaitQueue {
  return writing ? ptyWriteQueue(ptyOf(file)) : ptyReadQueue(ptyOf(file));
}

function releaseMaster(file: File): void {
  if (file.object != 0) ptyCloseMaster(ptyOf(file));
}

// Opening --------------------------------------------------------------------------------------------------------------------------------

/** True when the open may make the terminal the caller's controlling terminal. */
function mayControl(file: File): bool {
  return (file.flags & OpenFlag.NoControllingTerminal) == 0 && (file.access & FileAccess.Read) != 0;
}

/** Makes `file` an open of `tty`, of which ttyOpen or ptyOpenSlave gave `generation`; passes errors on. */
function becomeTty(file: File, tty: Tty, generation: Result): Result {
  if (generation < 0) return generation;
  file.kind = FileKind.Tty;
  file.object = changetype<usize>(tty);
  file.position = generation;
  return 0;
}

/** Makes `file` an open of `tty` for the runtime, which decides itself whose controlling terminal it is: 0, -EIO, -EBUSY. */
export function openTerminal(file: File, tty: Tty): Result {
  return becomeTty(file, tty, ttyOpen(tty, false));
}

/** Opens the slave of a pty as `file`: 0, -EIO, -EBUSY. */
export function openSlave(file: File, pty: Pty): Result {
  return becomeTty(file, pty.slave, ptyOpenSlave(pty, mayControl(file)));
}

/** Opens a master of `instance` as `file`: 0, -ENOSPC, -ENOMEM. */
export function openMaster(file: File, instance: PtyInstance): Result {
  const r = ptyNew(instance);
  if (r < 0) return r;
  file.kind = FileKind.PtyMaster;
  file.object = <usize>r;
  return 0;
}

@inline
function container(): Container {
  return current.process.container;
}

/** /dev/pts/N by its device number: -EIO when that pty is gone. */
function openSlaveDevice(file: File): Result {
  const ptys = container().ptys;
  const pty = ptys != 0 ? ptyFind(changetype<PtyInstance>(ptys), deviceMinor(file.inode.device)) : null;
  return pty ? openSlave(file, pty) : -Errno.EIO;
}

/** /dev/ptmx: -ENODEV in a container without devpts. */
function openMasterDevice(file: File): Result {
  const ptys = container().ptys;
  return ptys != 0 ? openMaster(file, changetype<PtyInstance>(ptys)) : -Errno.ENODEV;
}

/** /dev/tty: the caller's controlling terminal, -ENXIO without one. */
function openControllingTerminal(file: File): Result {
  const terminal = current.process.terminal;
  if (terminal == 0) return -Errno.ENXIO;
  return openTerminal(file, changetype<Tty>(terminal));
}

/** /dev/console: the container's console, -ENXIO without one. It never becomes a controlling terminal by being opened. */
function openConsole(file: File): Result {
  const console = container().console;
  return console != 0 ? openTerminal(file, changetype<Tty>(console)) : -Errno.ENXIO;
}

/** To be called once at start-up. */
export function ttyFilesInit(): void {
  setFileRead(FileKind.Tty, readTty);
  setFileWrite(FileKind.Tty, writeTty);
  setFilePoll(FileKind.Tty, pollTty);
  setFileQueue(FileKind.Tty, queueOfTty);
  setFileRelease(FileKind.Tty, releaseTty);
  setFileRead(FileKind.PtyMaster, readMaster);
  setFileWrite(FileKind.PtyMaster, writeMaster);
  setFilePoll(FileKind.PtyMaster, pollMaster);
  setFileQueue(FileKind.PtyMaster, queueOfMaster);
  setFileRelease(FileKind.PtyMaster, releaseMaster);
  registerCharacterDevice(5, 0, 0, openControllingTerminal);
  registerCharacterDevice(5, 1, 1, openConsole);
  registerCharacterDevice(5, 2, 2, openMasterDevice);
  registerCharacterDevice(136, 0, 0xfffff, openSlaveDevice);
}
