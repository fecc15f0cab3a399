// What terminals need to know of processes (jobcontrol.ts), told by kernel/task: the caller, its group and session, and signals to them.

import { Container } from "../container/container";
import { kernelAlloc, kernelFree } from "../mm/heap";
import { Capability, capable } from "../task/credentials";
import { setSessionEndingHook } from "../task/lifecycle";
import { pidFind } from "../task/pids";
import { Process } from "../task/process";
import { kernelInfo, sendSignalToGroup, sendSignalToProcess, Signal, signalBit } from "../task/signal";
import { isOrphanedGroup } from "../task/stop";
import { current } from "../task/thread";
import { ttyLeaderExits } from "./control";
import { Caller, setJobControl } from "./jobcontrol";
import { Tty } from "./tty";

function describe(caller: Caller): void {
  const p = current.process;
  caller.container = changetype<usize>(p.container);
  caller.group = p.group.number;
  caller.session = p.session.number;
  caller.terminal = p.terminal;
  caller.isSessionLeader = p.session == p.pidEntry;
  caller.isAdministrator = capable(current.credentials, Capability.SysAdmin);
}

function ignores(signal: u32): bool {
  return ((current.signalMask | current.process.actions.ignored) & signalBit(signal)) != 0;
}

function callerIsOrphaned(): bool {
  return isOrphanedGroup(current.process);
}

function signalGroup(container: usize, group: u32, signal: u32): void {
  const e = pidFind(changetype<Container>(container), group);
  if (e) sendSignalToGroup(e, kernelInfo(signal));
}

function groupSession(container: usize, group: u32): u32 {
  const e = pidFind(changetype<Container>(container), group);
  if (!e) return 0;
  const member = e.group ? e.group : e.process;
  return member ? member.session.number : 0;
}

function attach(terminal: usize): void {
  current.process.terminal = terminal;
}

function detach(container: usize, session: u32, terminal: usize, hungUp: bool, foreground: u32): void {
  const e = pidFind(changetype<Container>(container), session);
  if (!e) return;
  let p = e.session;
  while (p) {
    if (p.terminal == terminal) p.terminal = 0;
    p = p.sessionNext;
  }
  const leader = e.process;
  if (!hungUp || !leader || leader.session != e) return;
  remember(container, session, foreground);
  sendSignalToProcess(leader, kernelInfo(Signal.HUP));
  sendSignalToProcess(leader, kernelInfo(Signal.CONT));
}

/** A session that lost its terminal to a hang-up: its last foreground group gets SIGHUP and SIGCONT when its leader ends. */
@unmanaged
class HungUpSession {
  next: HungUpSession | null;
  container: usize;
  session: u32;
  foreground: u32;
}
let hungUpSessions: HungUpSession | null = null;

function remember(container: usize, session: u32, foreground: u32): void {
  if (foreground == 0) return;
  const p = kernelAlloc(offsetof<HungUpSession>());
  if (p == 0) {
    hangUpGroup(container, foreground); // rather too early than never
    return;
  }
  const h = changetype<HungUpSession>(p);
  h.container = container;
  h.session = session;
  h.foreground = foreground;
  h.next = hungUpSessions;
  hungUpSessions = h;
}

function hangUpGroup(container: usize, group: u32): void {
  signalGroup(container, group, Signal.HUP);
  signalGroup(container, group, Signal.CONT);
}

/** Runs when a session leader ends, while its group and session are still there. */
function leaderEnds(p: Process): void {
  if (p.terminal != 0) {
    ttyLeaderExits(changetype<Tty>(p.terminal));
    return;
  }
  const container = changetype<usize>(p.container);
  let before: HungUpSession | null = null;
  let h = hungUpSessions;
  while (h && (h.container != container || h.session != p.session.number)) {
    before = h;
    h = h.next;
  }
  if (!h) return;
  if (before) before.next = h.next;
  else hungUpSessions = h.next;
  hangUpGroup(container, h.foreground);
  kernelFree(changetype<usize>(h));
}

/** To be called once at start-up. */
export function ttyProcessesInit(): void {
  setJobControl(describe, ignores, callerIsOrphaned, signalGroup, groupSession, attach, detach);
  setSessionEndingHook(leaderEnds);
}
