// For specs: a container with real processes and threads, on the simulated machine.

import { Container } from "../container/container";
import { kernelAlloc } from "../mm/heap";
import { testContainer, useTestMemory } from "../mm/testing";
import { actionsNew, actionSet, SignalActions } from "./action";
import { CAPABILITIES_ALL, Credentials, credentialsNew } from "./credentials";
import { lifecycleInit, processLead, processNew, setContainerCount, threadNew } from "./lifecycle";
import { LimitKind } from "./limits";
import { groupJoin, groupLeave, sessionJoin, sessionLeave } from "./pids";
import { PidEntry, Process } from "./process";
import { Signal } from "./signalset";
import { setCurrent, Thread, ThreadState } from "./thread";

/** Any address: that of a handler. */
export const HANDLER: u64 = 0x401000;

export let container: Container = changetype<Container>(0);
/** The first process of the container. */
export let init: Process = changetype<Process>(0);

/** Starts anew: a machine, a container in it, and its init. */
export function startContainer(): void {
  useTestMemory(512);
  setCurrent(changetype<Thread>(0));
  lifecycleInit(64, kernelAlloc(64));
  setContainerCount(1);
  container = testContainer();
  container.weight = 100;
  init = newProcess(null);
  container.init = init;
}

/** Credentials of `uid`, with all capabilities for root. */
export function newCredentials(uid: u32): Credentials {
  const c = credentialsNew(0)!;
  c.uid = uid;
  c.euid = uid;
  c.suid = uid;
  c.fsuid = uid;
  c.gid = uid;
  c.egid = uid;
  c.sgid = uid;
  c.fsgid = uid;
  c.bounding = CAPABILITIES_ALL;
  if (uid == 0) {
    c.permitted = CAPABILITIES_ALL;
    c.effective = CAPABILITIES_ALL;
  }
  return c;
}

/** A process of root's with default actions and one thread that seems to run; in a group and session of its own. */
export function newProcess(parent: Process | null): Process {
  const p = processNew(container, parent, newCredentials(0))!;
  p.actions = changetype<SignalActions>(actionsNew());
  p.exitSignal = Signal.CHLD;
  store<u64>(p.limits + ((<usize>LimitKind.PendingSignals) << 4), 100);
  p.leader.state = ThreadState.Running;
  processLead(p);
  return p;
}

/** One more thread of `p`. */
export function newThread(p: Process): Thread {
  const t = threadNew(p, p.leader.credentials)!;
  t.state = ThreadState.Running;
  return t;
}

/** Puts `p` into the group and session of others. */
export function moveTo(p: Process, group: PidEntry, session: PidEntry): void {
  groupLeave(p);
  groupJoin(p, group);
  sessionLeave(p);
  sessionJoin(p, session);
}

/** Gives `p` a handler for `signal`. */
export function handle(p: Process, signal: u32, flags: u32 = 0): void {
  actionSet(p.actions, signal, HANDLER, flags, 0, 0);
}
