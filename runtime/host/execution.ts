// Processes that containerExec started: they are remembered until somebody has waited for them, or their container is deleted.

import { Container } from "../../kernel/container/container";
import { kernelAlloc, kernelFree } from "../../kernel/mm/heap";
import { Process } from "../../kernel/task/process";
import { WaitQueue, wakeAll } from "../../kernel/task/wait";
import { consoleDrop } from "../../kernel/tty/console";
import { Tty } from "../../kernel/tty/tty";

@unmanaged
export class Execution {
  next: Execution | null;
  container: Container;
  pid: u32;
  /** As wait(2) has it, once the process has ended. */
  status: u32;
  ended: bool;
  pad0: u8;
  pad1: u16;
  /** Its terminal on the console, or null. */
  tty: Tty | null;
  queueFirst: usize;
  queueLast: usize;
}

let first: Execution | null = null;

/** Where those wait who wait for the process. */
@inline
export function executionQueue(e: Execution): WaitQueue {
  return changetype<WaitQueue>(changetype<usize>(e) + offsetof<Execution>("queueFirst"));
}

/** A new record, without a process yet: null when memory is short. Its address is the process's tag (Process.watch). */
export function executionNew(c: Container, tty: Tty | null): Execution | null {
  const p = kernelAlloc(offsetof<Execution>());
  if (p == 0) return null;
  const e = changetype<Execution>(p);
  e.container = c;
  e.tty = tty;
  e.next = first;
  first = e;
  return e;
}

export function executionFind(c: Container, pid: u64): Execution | null {
  let e = first;
  while (e && (e.container != c || e.pid != pid)) e = e.next;
  return e;
}

/** Forgets the process, which has ended or was never started. */
export function executionFree(e: Execution): void {
  let at = first;
  if (at == e) first = e.next;
  else
    while (at) {
      if (at.next == e) {
        at.next = e.next;
        break;
      }
      at = at.next;
    }
  dropTerminal(e);
  kernelFree(changetype<usize>(e));
}

function dropTerminal(e: Execution): void {
  const tty = e.tty;
  e.tty = null;
  if (tty) consoleDrop(tty);
}

/** The container is being deleted. */
export function executionsForget(c: Container): void {
  let e = first;
  while (e) {
    const next = e.next;
    if (e.container == c) executionFree(e);
    e = next;
  }
}

/** A process without a parent has ended: if it is one of these, who waits for it hears of it. */
export function executionEnded(p: Process): void {
  let e = first;
  while (e && (p.watch == 0 || changetype<usize>(e) != p.watch)) e = e.next;
  if (!e) return;
  e.ended = true;
  e.status = p.exitStatus;
  dropTerminal(e);
  wakeAll(executionQueue(e));
}
