// A session of the control protocol: the standard streams of one container process, as pipes or as a terminal, with credit for each direction.
//   input   host -> ring (64 KiB, what the credit allows) -> pipe or terminal; credit goes back as it leaves the ring
//   output  pipe or terminal -> frames, as far as the host's credit and the wire have room

import { Container } from "../../kernel/container/container";
import { Errno } from "../../kernel/errno";
import { kernelAlloc, kernelFree } from "../../kernel/mm/heap";
import { WorkItem, workCancel, workInit, workSchedule, WORK_ITEM_BYTES } from "../../kernel/task/work";
import { stopWaiting, Waiter, WaiterKind, waitOn, WAITER_BYTES } from "../../kernel/task/wait";
import { nowNs } from "../../kernel/time/clock";
import {
  setTtyDriver,
  Tty,
  TtyEvent,
  ttyDropOutput,
  ttyInput,
  TtyKind,
  ttyNew,
  ttyHangUp,
  ttyPeekOutput,
  ttyRelease,
} from "../../kernel/tty/tty";
import { ttySetWindow } from "../../kernel/tty/control";
import { fileRelease } from "../../kernel/vfs/file";
import { File } from "../../kernel/vfs/inode";
import { pairedWriter, pipePair, pipeReadKernel, pipeWriteKernel } from "../../kernel/vfs/pipefile";
import { pipeOf, pipePollQueue } from "../../kernel/vfs/pipe";
import { Streams } from "../launch";
import { terminalFile } from "../terminal";
import { frameAdvance, frameBegin, frameCancel, frameEnd, frameSpace, frameU32, Message, wireHasRoom } from "./wire";

const WINDOW: u32 = 65536;
/** Most data in one frame. */
const CHUNK: u32 = 32768;
const EOF_CHARACTER: u8 = 4;

@unmanaged
export class Session {
  next: Session | null;
  channel: u32;
  /** Request to answer with EXITED, 0 once that is done. */
  request: u32;
  container: Container | null;
  /** EXEC: the tag of the process (Process.watch); 0 when the process is the container's init. */
  watched: usize;
  /** RUN: the container is deleted when its init has ended. */
  removes: bool;
  reportsMissing: bool;
  /** The process has ended: EXITED follows when its output is closed. */
  ended: bool;
  terminal: bool;
  /** As wait(2) has it. */
  status: u32;

  /** Our ends of the pipes; null when closed. The child's ends are held until it has been started. */
  input: File | null;
  output: File | null;
  error: File | null;
  tty: Tty | null;
  /** Input that the host sent and the process has no room for yet. */
  ring: usize;
  ringStart: u32;
  ringLength: u32;
  inputEnds: bool;
  eofSent: bool;
  pad0: u16;
  /** Bytes the host still takes, for output and error. */
  credit: u32;
  errorCredit: u32;
  work: WorkItem;
  inputWaiter: Waiter;
  outputWaiter: Waiter;
  errorWaiter: Waiter;
}
const SESSION_BYTES: u32 = (offsetof<Session>() + 7) & ~7;

let sessions: Session | null = null;

/** The first of the open sessions. */
export function firstSession(): Session | null {
  return sessions;
}

export function sessionFind(channel: u32): Session | null {
  let s = sessions;
  while (s && s.channel != channel) s = s.next;
  return s;
}

function embedded(p: usize, item: WorkItem): Waiter {
  const waiter = changetype<Waiter>(p);
  waiter.kind = <u8>WaiterKind.Work;
  waiter.owner = changetype<usize>(item);
  return waiter;
}

/** A session without streams yet, on channel 0 one to which nobody listens; null when memory is short. */
export function sessionNew(channel: u32): Session | null {
  const p = kernelAlloc(SESSION_BYTES + WORK_ITEM_BYTES + 3 * WAITER_BYTES);
  if (p == 0) return null;
  const s = changetype<Session>(p);
  s.work = changetype<WorkItem>(p + SESSION_BYTES);
  workInit(s.work, pump, p);
  const waiters = p + SESSION_BYTES + WORK_ITEM_BYTES;
  s.inputWaiter = embedded(waiters, s.work);
  s.outputWaiter = embedded(waiters + WAITER_BYTES, s.work);
  s.errorWaiter = embedded(waiters + 2 * WAITER_BYTES, s.work);
  s.channel = channel;
  s.credit = WINDOW;
  s.errorCredit = WINDOW;
  s.inputEnds = channel == 0;
  s.next = sessions;
  sessions = s;
  return s;
}

/** Ends a session: what is still open is closed. */
export function sessionFree(s: Session): void {
  let at = sessions;
  if (at == s) sessions = s.next;
  else
    while (at) {
      if (at.next == s) {
        at.next = s.next;
        break;
      }
      at = at.next;
    }
  closeInput(s);
  closeOutput(s);
  closeError(s);
  const tty = s.tty;
  if (tty) {
    s.tty = null;
    setTtyDriver(tty, noDriver, 0);
    ttyHangUp(tty);
    ttyRelease(tty);
  }
  workCancel(s.work); // last: closing wakes those who wait, the session's own work among them
  kernelFree(s.ring);
  kernelFree(changetype<usize>(s));
}

function noDriver(tty: Tty, event: TtyEvent): void {}

/** The terminal has output, or room for input. */
function onTerminal(tty: Tty, event: TtyEvent): void {
  workSchedule(changetype<Session>(tty.driverData).work);
}

/** Three pipes: our ends in the session, the process's in `streams`; false when memory is short. */
export function sessionPipes(s: Session, streams: Streams): bool {
  const input = pipePair(0, null);
  if (!input) return false;
  streams.input = input;
  s.input = pairedWriter;
  const output = pipePair(0, null);
  if (!output) {
    fileRelease(input);
    return false;
  }
  streams.output = pairedWriter;
  s.output = output;
  const error = pipePair(0, null);
  if (!error) {
    fileRelease(input);
    fileRelease(streams.output);
    return false;
  }
  streams.error = pairedWriter;
  s.error = error;
  waitOn(pipePollQueue(pipeOf(s.input!)), s.inputWaiter);
  waitOn(pipePollQueue(pipeOf(output)), s.outputWaiter);
  waitOn(pipePollQueue(pipeOf(error)), s.errorWaiter);
  if (s.inputEnds) workSchedule(s.work);
  return true;
}

/** A terminal of the container instead of pipes; false when memory is short. */
export function sessionTerminal(s: Session, c: Container, streams: Streams, rows: u16, columns: u16): bool {
  const tty = ttyNew(TtyKind.Line, changetype<usize>(c), 0x501);
  if (!tty) return false;
  const r = terminalFile(c, tty);
  if (r < 0) {
    ttyRelease(tty);
    return false;
  }
  const file = changetype<File>(<usize>r);
  s.tty = tty;
  s.terminal = true;
  setTtyDriver(tty, onTerminal, changetype<usize>(s));
  ttySetWindow(tty, rows != 0 ? rows : 24, columns != 0 ? columns : 80, 0, 0);
  streams.input = file;
  streams.output = file;
  streams.error = file;
  return true;
}

/** The process has its own references now. */
export function streamsRelease(s: Session, streams: Streams): void {
  fileRelease(streams.input);
  if (s.terminal) return;
  fileRelease(streams.output);
  fileRelease(streams.error);
}

function closeInput(s: Session): void {
  const f = s.input;
  if (!f) return;
  stopWaiting(s.inputWaiter);
  s.input = null;
  fileRelease(f);
}

function closeOutput(s: Session): void {
  const f = s.output;
  if (!f) return;
  stopWaiting(s.outputWaiter);
  s.output = null;
  fileRelease(f);
}

function closeError(s: Session): void {
  const f = s.error;
  if (!f) return;
  stopWaiting(s.errorWaiter);
  s.error = null;
  fileRelease(f);
}

/** STDIN: false when it is more than the credit allows. */
export function sessionInput(s: Session, p: usize, n: u32): bool {
  if (s.inputEnds || (!s.input && !s.tty)) return true; // crossed our CLOSE
  if (s.ringLength + n > WINDOW) return false;
  if (s.ring == 0) {
    s.ring = kernelAlloc(WINDOW);
    if (s.ring == 0) {
      stopInput(s);
      return true;
    }
  }
  for (let done: u32 = 0; done < n; ) {
    const at = (s.ringStart + s.ringLength) & (WINDOW - 1);
    const piece = min<u32>(n - done, WINDOW - at);
    memory.copy(s.ring + at, p + done, piece);
    s.ringLength += piece;
    done += piece;
  }
  workSchedule(s.work);
  return true;
}

/** CLOSE from the host: end of input (0), or it reads no more (1, 2). */
export function sessionClose(s: Session, stream: u32): void {
  if (stream == 0) s.inputEnds = true;
  else if (stream == 1) closeOutput(s);
  else closeError(s);
  workSchedule(s.work);
}

/** CREDIT from the host: false when it grants more than the window. */
export function sessionCredit(s: Session, stream: u32, bytes: u32): bool {
  if (stream == 1) {
    if (bytes > WINDOW - s.credit) return false;
    s.credit += bytes;
  } else {
    if (bytes > WINDOW - s.errorCredit) return false;
    s.errorCredit += bytes;
  }
  workSchedule(s.work);
  return true;
}

export function sessionResize(s: Session, columns: u32, rows: u32): void {
  const tty = s.tty;
  if (tty) ttySetWindow(tty, <u16>rows, <u16>columns, 0, 0);
}

/** Nobody reads the input any more: tells the host. */
function stopInput(s: Session): void {
  closeInput(s);
  s.inputEnds = true;
  s.ringLength = 0;
  sendClose(s, 0);
}

function sendClose(s: Session, stream: u32): void {
  if (s.channel == 0) return;
  frameBegin(Message.Close, s.channel);
  frameU32(stream);
  frameEnd();
}

/** Moves input from the ring on; what leaves is granted to the host again. */
function pumpInput(s: Session): void {
  let moved: u32 = 0;
  while (s.ringLength != 0) {
    const n = min<u32>(s.ringLength, WINDOW - s.ringStart);
    const from = s.ring + s.ringStart;
    const tty = s.tty;
    const input = s.input;
    const r = tty ? <i64>ttyInput(tty, from, n, nowNs()) : input ? pipeWriteKernel(input, from, n) : -Errno.EPIPE;
    if (r == -Errno.EPIPE) {
      stopInput(s);
      return;
    }
    if (r <= 0) break;
    s.ringStart = (s.ringStart + <u32>r) & (WINDOW - 1);
    s.ringLength -= <u32>r;
    moved += <u32>r;
  }
  if (moved != 0) {
    frameBegin(Message.Credit, s.channel);
    frameU32(0);
    frameU32(moved);
    frameEnd();
  }
  if (s.ringLength == 0 && s.inputEnds) endInput(s);
}

const character = memory.data(8, 8);

/** End of input: the pipe is closed; a terminal gets its end-of-file character, once. */
function endInput(s: Session): void {
  closeInput(s);
  const tty = s.tty;
  if (!tty || s.eofSent) return;
  store<u8>(character, EOF_CHARACTER);
  s.eofSent = true;
  ttyInput(tty, character, 1, nowNs());
}

/** Sends what one pipe holds, as far as credit and the wire go; true when the pipe has ended. */
function pumpPipe(s: Session, file: File, message: Message, isError: bool): bool {
  for (;;) {
    const credit = isError ? s.errorCredit : s.credit;
    // Even without credit the end of the stream is to be noticed.
    if (!wireHasRoom()) return false;
    if (credit == 0) return false;
    frameBegin(message, s.channel);
    const r = pipeReadKernel(file, frameSpace(), min<u32>(credit, CHUNK));
    if (r <= 0) {
      frameCancel();
      return r == 0;
    }
    if (s.channel == 0) {
      frameCancel(); // nobody listens
      continue;
    }
    frameAdvance(<u32>r);
    frameEnd();
    if (isError) s.errorCredit -= <u32>r;
    else s.credit -= <u32>r;
  }
  return false;
}

function pumpTerminal(s: Session, tty: Tty): void {
  while (s.credit != 0 && wireHasRoom()) {
    frameBegin(Message.Stdout, s.channel);
    const n = ttyPeekOutput(tty, frameSpace(), min<u32>(s.credit, CHUNK));
    if (n == 0) {
      frameCancel();
      return;
    }
    ttyDropOutput(tty, n);
    if (s.channel == 0) {
      frameCancel();
      continue;
    }
    frameAdvance(n);
    frameEnd();
    s.credit -= n;
  }
}

type EndedFunction = (s: Session) => void;
let drained: u32 = 0;

/** Registers what happens when a session's process has ended and all its output is sent. */
export function setSessionDrained(f: EndedFunction): void {
  drained = f.index;
}

/** Does all that can be done for the session now. Runs as deferred work. */
function pump(argument: usize): void {
  const s = changetype<Session>(argument);
  const tty = s.tty;
  if (!wireHasRoom()) return; // pumpAll comes back
  pumpInput(s);
  if (tty) pumpTerminal(s, tty);
  const output = s.output;
  if (output && pumpPipe(s, output, Message.Stdout, false)) {
    closeOutput(s);
    sendClose(s, 1);
  }
  const error = s.error;
  if (error && pumpPipe(s, error, Message.Stderr, true)) {
    closeError(s);
    sendClose(s, 2);
  }
  if (s.ended && !s.output && !s.error && (!tty || terminalDrained(s, tty))) call_indirect<void>(drained, s);
}

/** True when the terminal's output has been sent, or the host takes no more. */
function terminalDrained(s: Session, tty: Tty): bool {
  return ttyPeekOutput(tty, character, 1) == 0;
}

/** The wire has room again: every session may go on. */
export function pumpAll(): void {
  let s = sessions;
  while (s) {
    workSchedule(s.work);
    s = s.next;
  }
}
