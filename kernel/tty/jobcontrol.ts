// Job control: who may use a terminal, by POSIX.1-2017 11.1.4 and setpgid(2). What the terminal has to know about processes it asks through
// functions registered here, so that this folder knows no process and specs can play one.

import { Errno } from "../errno";
import { Result } from "../result";
import { Signal } from "../task/signalset";

/** The calling process, as the terminal sees it. */
@unmanaged
export class Caller {
  /** Whose numbers group and session are. */
  container: usize;
  group: u32;
  session: u32;
  /** Its controlling terminal (a Tty), or 0. */
  terminal: usize;
  isSessionLeader: bool;
  /** Has CAP_SYS_ADMIN. */
  isAdministrator: bool;
  padding: u16;
}
const caller = memory.data(24, 8);

/** Fills in who is calling. */
type DescribeFunction = (caller: Caller) => void;
/** True when the calling thread blocks or ignores the signal. */
type IgnoresFunction = (signal: u32) => bool;
/** True when the caller's process group is orphaned. */
type OrphanedFunction = () => bool;
/** Sends a signal to every process of a group; a group that is gone is no error. */
type SignalGroupFunction = (container: usize, group: u32, signal: u32) => void;
/** The session of a process group, or of the process of that number; 0 when there is none. */
type GroupSessionFunction = (container: usize, group: u32) => u32;
/** Makes `terminal` (0: none) the controlling terminal of the caller's process alone. */
type AttachFunction = (terminal: usize) => void;
/**
 * Takes `terminal` from every process of the session. When the terminal was hung up, with `foreground` as its foreground group (else 0),
 * the session's leader gets SIGHUP and SIGCONT, and so does that group once the leader has ended.
 */
type DetachFunction = (container: usize, session: u32, terminal: usize, hungUp: bool, foreground: u32) => void;

const enum Hook {
  Describe = 0,
  Ignores = 1,
  Orphaned = 2,
  SignalGroup = 3,
  GroupSession = 4,
  Attach = 5,
  Detach = 6,
}
const hooks = memory.data(32, 8);

@inline
function hook(which: Hook): u32 {
  return load<u32>(hooks + ((<usize>which) << 2));
}

/** Registers the functions about processes; to be called once at start-up. */
export function setJobControl(
  describe: DescribeFunction,
  ignores: IgnoresFunction,
  orphaned: OrphanedFunction,
  signalGroup: SignalGroupFunction,
  groupSession: GroupSessionFunction,
  attach: AttachFunction,
  detach: DetachFunction,
): void {
  store<u32>(hooks, describe.index, Hook.Describe * 4);
  store<u32>(hooks, ignores.index, Hook.Ignores * 4);
  store<u32>(hooks, orphaned.index, Hook.Orphaned * 4);
  store<u32>(hooks, signalGroup.index, Hook.SignalGroup * 4);
  store<u32>(hooks, groupSession.index, Hook.GroupSession * 4);
  store<u32>(hooks, attach.index, Hook.Attach * 4);
  store<u32>(hooks, detach.index, Hook.Detach * 4);
}

/** The calling process; valid until the next call of this function. */
export function describeCaller(): Caller {
  call_indirect<void>(hook(Hook.Describe), changetype<Caller>(caller));
  return changetype<Caller>(caller);
}

/** Sends `signal` to a process group of `container`; group 0 is nobody. */
export function signalGroup(container: usize, group: u32, signal: u32): void {
  if (group != 0) call_indirect<void>(hook(Hook.SignalGroup), container, group, signal);
}

/** The session that a process group belongs to; 0 when there is no such group. */
export function sessionOfGroup(container: usize, group: u32): u32 {
  return call_indirect<u32>(hook(Hook.GroupSession), container, group);
}

/** Makes `terminal` (a Tty, or 0) the caller's controlling terminal. */
export function attachCaller(terminal: usize): void {
  call_indirect<void>(hook(Hook.Attach), terminal);
}

/** Takes its controlling terminal from a whole session; see DetachFunction. */
export function detachSession(container: usize, session: u32, terminal: usize, hungUp: bool, foreground: u32): void {
  call_indirect<void>(hook(Hook.Detach), container, session, terminal, hungUp, foreground);
}

/**
 * Whether the caller may do to its terminal what only the foreground may: read it (SIGTTIN), or change it (SIGTTOU). 0 when it may;
 * -ERESTARTSYS after its group was sent `signal`: the call is to be run again; -EIO when its group is orphaned, and for SIGTTIN also when
 * it blocks or ignores the signal. Who blocks or ignores SIGTTOU may go on.
 */
export function checkForeground(terminal: usize, foreground: u32, signal: u32): Result {
  const c = describeCaller();
  if (c.terminal != terminal || foreground == 0 || c.group == foreground) return 0;
  if (call_indirect<bool>(hook(Hook.Ignores), signal)) return signal == Signal.TTIN ? -Errno.EIO : 0;
  if (call_indirect<bool>(hook(Hook.Orphaned))) return -Errno.EIO;
  signalGroup(c.container, c.group, signal);
  return -Errno.ERESTARTSYS;
}
