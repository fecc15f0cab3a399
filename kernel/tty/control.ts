// What programs do to a terminal besides reading and writing: attributes, window size, sessions, flushing (ioctl_tty(2), termios(3)).
// Values are kernel-side; linuxabi/sys/ttyioctl.ts decodes requests and copies.

import { Errno } from "../errno";
import { Result } from "../result";
import { Signal } from "../task/signalset";
import { wakeAll } from "../task/wait";
import { attachCaller, describeCaller, detachSession, sessionOfGroup, signalGroup } from "./jobcontrol";
import { flushInput, flushOutput, resumeOutput, sendNow, setTermios, suspendOutput } from "./ldisc/control";
import { receive } from "./ldisc/input";
import { Cc, Cflag, Termios, controlCharacter } from "./termios";
import {
  acceptBacklog,
  Tty,
  ttyCheckChange,
  ttyControl,
  ttyHangUp,
  ttyIsDrained,
  TtyKind,
  ttyReadQueue,
  ttySettle,
  ttyWriteQueue,
} from "./tty";

/** When tcsetattr(3) takes effect: TCSANOW, TCSADRAIN, TCSAFLUSH. */
export const enum SetWhen {
  Now = 0,
  Drain = 1,
  Flush = 2,
}

/**
 * Puts the attributes at `source` (struct termios2) in force. 0; -EAGAIN when `when` asks to wait for output that has not gone out: wait
 * on the write queue; -EIO, -ERESTARTSYS (background process). A pty has eight bits and no parity, whatever is asked for.
 */
export function ttySetAttributes(tty: Tty, source: usize, when: SetWhen, nowNs: u64): Result {
  const r = ttyCheckChange(tty);
  if (r < 0) return r;
  if (when != SetWhen.Now && !ttyIsDrained(tty)) return -Errno.EAGAIN;
  if (when == SetWhen.Flush) flushInput(tty.discipline);
  const t = changetype<Termios>(source);
  if (tty.kind == TtyKind.PtySlave) t.cflag = (t.cflag & ~(Cflag.CSIZE | Cflag.PARENB)) | Cflag.CS8 | Cflag.CREAD;
  setTermios(tty.discipline, source);
  acceptBacklog(tty, nowNs);
  ttySettle(tty);
  wakeAll(ttyReadQueue(tty)); // what a reader waits for may have changed
  wakeAll(ttyWriteQueue(tty));
  return 0;
}

/** TIOCSWINSZ: sets the size; SIGWINCH to the foreground group if it is another one. */
export function ttySetWindow(tty: Tty, rows: u16, columns: u16, pixelWidth: u16, pixelHeight: u16): void {
  if (tty.rows == rows && tty.columns == columns && tty.pixelWidth == pixelWidth && tty.pixelHeight == pixelHeight) return;
  tty.rows = rows;
  tty.columns = columns;
  tty.pixelWidth = pixelWidth;
  tty.pixelHeight = pixelHeight;
  signalGroup(tty.container, tty.foreground, Signal.WINCH);
}

/** What TCFLSH throws away. */
export const enum Flush {
  Input = 0,
  Output = 1,
  Both = 2,
}

/** TCFLSH: 0, -EINVAL, -EIO, -ERESTARTSYS. */
export function ttyFlush(tty: Tty, which: u32, nowNs: u64): Result {
  const r = ttyCheckChange(tty);
  if (r < 0) return r;
  if (which > <u32>Flush.Both) return -Errno.EINVAL;
  if (which != Flush.Output) flushInput(tty.discipline);
  if (which != Flush.Input) flushOutput(tty.discipline, tty.discipline.flushKeeps);
  acceptBacklog(tty, nowNs);
  ttySettle(tty);
  return 0;
}

/** What TCXONC does. */
export const enum Flow {
  StopOutput = 0,
  StartOutput = 1,
  /** Sends VSTOP, so that the other side stops its output. */
  StopInput = 2,
  StartInput = 3,
}

/** TCXONC: 0, -EINVAL, -EIO, -ERESTARTSYS. */
export function ttyFlow(tty: Tty, action: u32): Result {
  const r = ttyCheckChange(tty);
  if (r < 0) return r;
  const l = tty.discipline;
  switch (action) {
    case Flow.StopOutput:
      suspendOutput(l);
      break;
    case Flow.StartOutput:
      resumeOutput(l);
      break;
    case Flow.StopInput:
    case Flow.StartInput: {
      const c = controlCharacter(l.termios, action == Flow.StopInput ? Cc.VSTOP : Cc.VSTART);
      if (c != 0) sendNow(l, c);
      break;
    }
    default:
      return -Errno.EINVAL;
  }
  ttySettle(tty);
  return 0;
}

/** TCSBRK with an argument, tcdrain(3): 0; -EAGAIN while output has not gone out; -EIO, -ERESTARTSYS. */
export function ttyDrain(tty: Tty): Result {
  const r = ttyCheckChange(tty);
  if (r < 0) return r;
  return ttyIsDrained(tty) ? 0 : -Errno.EAGAIN;
}

const injected = memory.data(1, 1);

/** TIOCSTI, as Linux has it since dev.tty.legacy_tiocsti exists and is off: 0, or -EIO without CAP_SYS_ADMIN. */
export function ttyInject(tty: Tty, c: u8, nowNs: u64): Result {
  if (!describeCaller().isAdministrator) return -Errno.EIO;
  store<u8>(injected, c);
  receive(tty.discipline, injected, 1, nowNs);
  ttySettle(tty);
  return 0;
}

/**
 * TIOCSCTTY: makes this the controlling terminal of the caller, who must lead a session and have none, and may `steal` it from another
 * session only as administrator. 0 or -EPERM.
 */
export function ttyTakeControl(tty: Tty, steal: bool, readable: bool): Result {
  const caller = describeCaller();
  const ours = tty.session == caller.session && tty.container == caller.container;
  if (caller.isSessionLeader && ours) return 0;
  if (!caller.isSessionLeader || caller.terminal != 0) return -Errno.EPERM;
  if (tty.session != 0 && !(steal && caller.isAdministrator)) return -Errno.EPERM;
  if (!readable && !caller.isAdministrator) return -Errno.EPERM;
  if (tty.session != 0) detachSession(tty.container, tty.session, changetype<usize>(tty), false, 0);
  ttyControl(tty, caller.session, caller.group);
  attachCaller(changetype<usize>(tty));
  return 0;
}

/** TIOCNOTTY: the caller gives up its controlling terminal; if it leads the session, the whole session does. 0 or -ENOTTY. */
export function ttyGiveUpControl(tty: Tty): Result {
  const caller = describeCaller();
  if (caller.terminal != changetype<usize>(tty)) return -Errno.ENOTTY;
  if (caller.isSessionLeader) endSession(tty);
  else attachCaller(0);
  return 0;
}

/** The leader gives the terminal up: the foreground group gets SIGHUP and SIGCONT, and the session loses the terminal. */
function endSession(tty: Tty): void {
  const session = tty.session;
  const foreground = tty.foreground;
  ttyControl(tty, 0, 0);
  signalGroup(tty.container, foreground, Signal.HUP);
  signalGroup(tty.container, foreground, Signal.CONT);
  detachSession(tty.container, session, changetype<usize>(tty), false, 0);
}

/** The leader of the session exits: the foreground group gets SIGHUP, the session loses the terminal; a line of its own is hung up. */
export function ttyLeaderExits(tty: Tty): void {
  const session = tty.session;
  signalGroup(tty.container, tty.foreground, Signal.HUP);
  ttyControl(tty, 0, 0);
  detachSession(tty.container, session, changetype<usize>(tty), false, 0);
  if (tty.kind == TtyKind.Line) ttyHangUp(tty);
}

/** True when `tty` is not the caller's controlling terminal; a pty's master may ask all the same. */
@inline
function isForeign(tty: Tty, isMaster: bool): bool {
  return !isMaster && describeCaller().terminal != changetype<usize>(tty);
}

/** TIOCGPGRP: the foreground group, 0 for none; -ENOTTY when this is not the caller's controlling terminal. */
export function ttyForeground(tty: Tty, isMaster: bool): Result {
  return isForeign(tty, isMaster) ? -Errno.ENOTTY : tty.foreground;
}

/** TIOCGSID: the session; -ENOTTY when there is none or it is not the caller's. */
export function ttySession(tty: Tty, isMaster: bool): Result {
  return isForeign(tty, isMaster) || tty.session == 0 ? -Errno.ENOTTY : tty.session;
}

/**
 * TIOCSPGRP: makes `group` the foreground group. 0; -ENOTTY when this is not the caller's controlling terminal or its group is orphaned;
 * -EINVAL for a negative group; -ESRCH when there is no such group; -EPERM when it is of another session; -ERESTARTSYS.
 */
export function ttySetForeground(tty: Tty, group: i32): Result {
  const r = ttyCheckChange(tty);
  if (r < 0) return r == -Errno.EIO ? -Errno.ENOTTY : r;
  if (group < 0) return -Errno.EINVAL;
  const caller = describeCaller();
  if (caller.terminal != changetype<usize>(tty) || tty.session != caller.session) return -Errno.ENOTTY;
  const session = sessionOfGroup(caller.container, group);
  if (session == 0) return -Errno.ESRCH;
  if (session != caller.session) return -Errno.EPERM;
  tty.foreground = group;
  return 0;
}
