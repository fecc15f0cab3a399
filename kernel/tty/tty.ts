// Tty: a terminal as programs see it: a line discipline, who waits for it, whose controlling terminal it is. Behind it stands a driver (a
// serial line, a pty's master, the host's control channel) that takes the output and brings the input. Nothing here waits: -EAGAIN says
// that the caller has to, on readQueue or writeQueue. Behaviour: termios(3), ioctl_tty(2).

import { Errno } from "../errno";
import { kernelAlloc, kernelFree } from "../mm/heap";
import { Result } from "../result";
import { Signal } from "../task/signalset";
import { WaitQueue, wakeAll } from "../task/wait";
import { attachCaller, checkForeground, describeCaller, detachSession, signalGroup } from "./jobcontrol";
import { flushInput, lineDisciplineFree, lineDisciplineNew, setTermios } from "./ldisc/control";
import { processEchoes } from "./ldisc/echo";
import { receive } from "./ldisc/input";
import { outputRoom, putWritten } from "./ldisc/output";
import { available, isReadable, peek, takePeeked } from "./ldisc/read";
import { KeySignal, LineDiscipline, hasLflag } from "./ldisc/state";
import { ByteRing, ringDrop, ringFree, ringNew, ringPeek, ringRead, ringUsed, ringWrite } from "./ring";
import { Lflag, Termios, termiosReset } from "./termios";

export const enum TtyKind {
  /** A line of its own: serial console, control channel. */
  Line = 0,
  /** The slave of a pty; driverData is its Pty. */
  PtySlave = 1,
}

/** What a driver is told. */
export const enum TtyEvent {
  /** There is output to take (ttyTakeOutput), or the state that packet mode reports has changed. */
  Output = 0,
  /** There is room for input again. */
  InputRoom = 1,
  /** The last program has closed the terminal, or it was hung up. */
  Closed = 2,
}

/** The driver's function; `tty.driverData` is its own. */
type TtyDriver = (tty: Tty, event: TtyEvent) => void;

/** Output waiting for the driver, and input waiting for a line discipline that is full (Linux's limit for ptys). Powers of two. */
const OUTPUT_BYTES: u32 = 8192;
const BACKLOG_BYTES: u32 = 8192;

@unmanaged
export class Tty {
  refs: u32;
  kind: u32;
  discipline: LineDiscipline;
  output: ByteRing;
  /** Input that the discipline had no room for; allocated when first needed. */
  backlog: ByteRing | null;
  /** Function index of the TtyDriver, 0 for none. */
  driver: u32;
  driverData: usize;
  /** Device number, as stat and TIOCGDEV show it. */
  device: u32;
  /** The container whose numbers session and foreground are; not counted. */
  container: usize;
  /** The session whose controlling terminal this is, 0 for none. */
  session: u32;
  /** The foreground process group, 0 for none. */
  foreground: u32;
  /** struct winsize. */
  rows: u16;
  columns: u16;
  pixelWidth: u16;
  pixelHeight: u16;
  /** Times it was hung up. Who opened it before an increase has lost it. */
  hangUps: u32;
  /** Opens since the last hang-up that are not closed. */
  opens: u32;
  /** TIOCEXCL */
  exclusive: bool;
  /** The other side is gone for good: nobody can open it any more. */
  gone: bool;
  padding: u16;
  readFirst: usize;
  readLast: usize;
  writeFirst: usize;
  writeLast: usize;
}

/** Where readers wait, and what poll watches for input. */
@inline
export function ttyReadQueue(tty: Tty): WaitQueue {
  return changetype<WaitQueue>(changetype<usize>(tty) + offsetof<Tty>("readFirst"));
}

/** Where writers wait, who waits for output to drain, and what poll watches for room. */
@inline
export function ttyWriteQueue(tty: Tty): WaitQueue {
  return changetype<WaitQueue>(changetype<usize>(tty) + offsetof<Tty>("writeFirst"));
}

/** A terminal with one reference; null when out of memory. */
export function ttyNew(kind: TtyKind, container: usize, device: u32): Tty | null {
  const p = kernelAlloc(offsetof<Tty>());
  if (p == 0) return null;
  const output = ringNew(OUTPUT_BYTES);
  const discipline = output ? lineDisciplineNew(output) : null;
  if (!output || !discipline) {
    if (output) ringFree(output);
    kernelFree(p);
    return null;
  }
  const tty = changetype<Tty>(p);
  tty.refs = 1;
  tty.kind = kind;
  tty.container = container;
  tty.device = device;
  tty.output = output;
  tty.discipline = discipline;
  return tty;
}

/** Puts a driver behind the terminal. */
export function setTtyDriver(tty: Tty, driver: TtyDriver, data: usize): void {
  tty.driver = driver.index;
  tty.driverData = data;
}

export function ttyRetain(tty: Tty): void {
  tty.refs++;
}

/** Drops a reference; the last one frees the terminal, whose session must have lost it. */
export function ttyRelease(tty: Tty): void {
  if (--tty.refs != 0) return;
  assert(tty.session == 0, "a terminal is freed while it controls a session");
  lineDisciplineFree(tty.discipline);
  ringFree(tty.output);
  const backlog = tty.backlog;
  if (backlog) ringFree(backlog);
  kernelFree(changetype<usize>(tty));
}

function tell(tty: Tty, event: TtyEvent): void {
  if (tty.driver != 0) call_indirect<void>(tty.driver, tty, event);
}

// Opening and closing --------------------------------------------------------------------------------------------------------------------

/**
 * Opens the terminal and takes a reference. Returns the open's generation, which the other functions want to see; -EIO when the other
 * side is gone; -EBUSY under TIOCEXCL. A session leader without a terminal gets this one if `mayControl` (no O_NOCTTY, open for reading).
 */
export function ttyOpen(tty: Tty, mayControl: bool): Result {
  if (tty.gone) return -Errno.EIO;
  if (tty.exclusive && !describeCaller().isAdministrator) return -Errno.EBUSY;
  tty.refs++;
  tty.opens++;
  if (mayControl && tty.session == 0) {
    const caller = describeCaller();
    if (caller.isSessionLeader && caller.terminal == 0) {
      ttyControl(tty, caller.session, caller.group);
      attachCaller(changetype<usize>(tty));
    }
  }
  return tty.hangUps;
}

/** Makes the terminal the controlling one of a session; its processes are to be told by attachCaller, or by who made them. */
export function ttyControl(tty: Tty, session: u32, foreground: u32): void {
  tty.session = session;
  tty.foreground = foreground;
}

/** Ends an open and drops its reference. */
export function ttyClose(tty: Tty, generation: u32): void {
  if (generation == tty.hangUps && --tty.opens == 0) {
    if (tty.kind == TtyKind.Line) tty.exclusive = false;
    tell(tty, TtyEvent.Closed);
  }
  ttyRelease(tty);
}

/** True when the open of that generation has lost the terminal to a hang-up: reads give 0, everything else EIO. */
@inline
export function ttyIsLost(tty: Tty, generation: u32): bool {
  return generation != tty.hangUps;
}

// Programs' side -------------------------------------------------------------------------------------------------------------------------

/**
 * Copies to kernel memory what a read of `count` bytes gets, without removing it: follow up with ttyReadDone when the bytes have arrived.
 * A read begins at `startedNs`; see peek and readDeadlineNs of ldisc/read.ts for VMIN, VTIME and `mayWait`. Returns the bytes, 0 at end
 * of file or after a hang-up; -EAGAIN, -EIO, -ERESTARTSYS (job control).
 */
export function ttyRead(tty: Tty, generation: u32, destination: usize, count: u32, startedNs: u64, nowNs: u64, mayWait: bool): Result {
  tty.discipline.peeked = 0;
  if (ttyIsLost(tty, generation)) return 0;
  const r = checkForeground(changetype<usize>(tty), tty.foreground, Signal.TTIN);
  if (r < 0) return r;
  return peek(tty.discipline, destination, count, startedNs, nowNs, mayWait);
}

/** Removes what the last ttyRead copied. */
export function ttyReadDone(tty: Tty, nowNs: u64): void {
  takePeeked(tty.discipline);
  acceptBacklog(tty, nowNs);
}

/** Writes from kernel memory: bytes taken, at least one of `n` > 0; -EAGAIN, -EIO, -ERESTARTSYS (job control under TOSTOP). */
export function ttyWrite(tty: Tty, generation: u32, source: usize, n: u32): Result {
  if (ttyIsLost(tty, generation)) return -Errno.EIO;
  const l = tty.discipline;
  if (hasLflag(l, Lflag.TOSTOP)) {
    const r = ttyCheckChange(tty);
    if (r < 0) return r;
  }
  processEchoes(l);
  const done = putWritten(l, source, n);
  if (ringUsed(tty.output) != 0) tell(tty, TtyEvent.Output);
  return done == 0 && n != 0 ? -Errno.EAGAIN : done;
}

/** What must precede every change of the terminal by a program: 0, -EIO or -ERESTARTSYS (see checkForeground). */
export function ttyCheckChange(tty: Tty): Result {
  return checkForeground(changetype<usize>(tty), tty.foreground, Signal.TTOU);
}

/** Bits of poll(2) and epoll(7). */
const enum Ready {
  In = 0x1 | 0x40,
  Out = 0x4 | 0x100,
  Error = 0x8,
  HangUp = 0x10,
}

/** What poll says of the open of that generation: EPOLL bits. */
export function ttyPoll(tty: Tty, generation: u32): u32 {
  if (ttyIsLost(tty, generation)) return Ready.In | Ready.Out | Ready.Error | Ready.HangUp;
  const events: u32 = isReadable(tty.discipline) ? Ready.In : 0;
  return outputRoom(tty.discipline) != 0 ? events | Ready.Out : events;
}

/** True when the output written so far has gone out (tcdrain). What a pty's master has yet to read counts as gone, as in Linux. */
@inline
export function ttyIsDrained(tty: Tty): bool {
  return tty.kind == TtyKind.PtySlave || ringUsed(tty.output) == 0;
}

/** TIOCOUTQ: bytes of output that have not gone out. */
@inline
export function ttyOutputQueued(tty: Tty): u32 {
  return tty.kind == TtyKind.PtySlave ? 0 : ringUsed(tty.output);
}

// Driver's side --------------------------------------------------------------------------------------------------------------------------

/** Brings `n` bytes of input at time `nowNs`: how many were taken. When fewer, TtyEvent.InputRoom follows. */
export function ttyInput(tty: Tty, source: usize, n: u32, nowNs: u64): u32 {
  if (tty.gone) return n;
  let done: u32 = 0;
  if (ttyBacklogUsed(tty) == 0) done = receive(tty.discipline, source, n, nowNs);
  if (done < n) done += putBacklog(tty, source + done, n - done);
  ttySettle(tty);
  return done;
}

/** Bytes of input that the line discipline has had no room for. */
export function ttyBacklogUsed(tty: Tty): u32 {
  const backlog = tty.backlog;
  return backlog ? ringUsed(backlog) : 0;
}

/** True when ttyInput would take at least one byte. */
export function ttyHasInputRoom(tty: Tty): bool {
  return ttyBacklogUsed(tty) < BACKLOG_BYTES;
}

function putBacklog(tty: Tty, source: usize, n: u32): u32 {
  let backlog = tty.backlog;
  if (!backlog) {
    backlog = ringNew(BACKLOG_BYTES);
    if (!backlog) return 0;
    tty.backlog = backlog;
  }
  return ringWrite(backlog, source, n);
}

const piece = memory.data(256, 8);
const PIECE_BYTES: u32 = 256;

/** Gives the line discipline what input it has room for now; to be called whenever input was read or thrown away, or the mode changed. */
export function acceptBacklog(tty: Tty, nowNs: u64): void {
  const backlog = tty.backlog;
  if (!backlog || ringUsed(backlog) == 0) return;
  let taken: u32 = 0;
  do {
    taken = receive(tty.discipline, piece, ringPeek(backlog, piece, PIECE_BYTES), nowNs);
    ringDrop(backlog, taken);
  } while (taken != 0 && ringUsed(backlog) != 0);
  ttySettle(tty);
  tell(tty, TtyEvent.InputRoom);
}

/** Throws away the input that has not reached the line discipline. */
export function dropBacklog(tty: Tty): void {
  const backlog = tty.backlog;
  if (backlog) ringDrop(backlog, ringUsed(backlog));
  tell(tty, TtyEvent.InputRoom);
}

/** Carries out what a change of the line discipline asks for: sends its signals, wakes readers and writers, tells the driver. */
export function ttySettle(tty: Tty): void {
  const l = tty.discipline;
  const signals = l.signals;
  l.signals = 0;
  if ((signals & KeySignal.Interrupt) != 0) signalGroup(tty.container, tty.foreground, Signal.INT);
  if ((signals & KeySignal.Quit) != 0) signalGroup(tty.container, tty.foreground, Signal.QUIT);
  if ((signals & KeySignal.Suspend) != 0) signalGroup(tty.container, tty.foreground, Signal.TSTP);
  // Also below VMIN: a reader may have to start its timer.
  if (available(l) != 0) wakeAll(ttyReadQueue(tty));
  if (outputRoom(l) != 0) wakeAll(ttyWriteQueue(tty));
  tell(tty, TtyEvent.Output);
}

/** For the driver: moves up to `n` bytes of output to kernel memory; returns how many. */
export function ttyTakeOutput(tty: Tty, destination: usize, n: u32): u32 {
  n = ringRead(tty.output, destination, n);
  if (n != 0) outputTaken(tty);
  return n;
}

/** For a driver that must not lose what it cannot deliver: copies up to `n` bytes of output and leaves them; returns how many. */
export function ttyPeekOutput(tty: Tty, destination: usize, n: u32): u32 {
  return ringPeek(tty.output, destination, n);
}

/** Removes the `n` oldest bytes of output, which ttyPeekOutput has shown. */
export function ttyDropOutput(tty: Tty, n: u32): void {
  ringDrop(tty.output, n);
  if (n != 0) outputTaken(tty);
}

/** There is room: for echoes first, then for writers. */
function outputTaken(tty: Tty): void {
  processEchoes(tty.discipline);
  wakeAll(ttyWriteQueue(tty));
}

const initialAttributes = memory.data(44, 8);

/**
 * Hangs the terminal up: everyone who has it open loses it, its session loses its controlling terminal and the session's leader gets
 * SIGHUP and SIGCONT. Mode and input start afresh for who opens it next.
 */
export function ttyHangUp(tty: Tty): void {
  const session = tty.session;
  const foreground = tty.foreground;
  const l = tty.discipline;
  tty.hangUps++;
  tty.opens = 0;
  ttyControl(tty, 0, 0);
  if (session != 0) detachSession(tty.container, session, changetype<usize>(tty), true, foreground);
  termiosReset(changetype<Termios>(initialAttributes));
  setTermios(l, initialAttributes);
  flushInput(l);
  l.stopped = false;
  l.stoppedByCall = false;
  l.literalNext = false;
  tty.exclusive = false;
  dropBacklog(tty);
  wakeAll(ttyReadQueue(tty));
  wakeAll(ttyWriteQueue(tty));
  tell(tty, TtyEvent.Closed);
}
