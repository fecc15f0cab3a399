// Lending the console to a container's process: its terminal is in front from the start of the process until the host process that started
// it has waited for it, so that nothing that is typed in between goes to the wrong one.

import { Process } from "../../kernel/task/process";
import { OperationKind, registerOperation } from "../../kernel/task/operation";
import { Thread } from "../../kernel/task/thread";
import { consoleFront, consoleLeave } from "../../kernel/tty/console";
import { Tty } from "../../kernel/tty/tty";

/** The host process that lent the console, 0 for none. */
let lender: u32 = 0;

/** The calling host process puts `tty` in front; it is expected to wait. */
export function lendConsole(t: Thread, tty: Tty): void {
  lender = t.process.pid;
  consoleFront(tty);
}

/** As lendConsole, until the current call ends, however it ends. */
export function lendForCall(t: Thread, tty: Tty): void {
  if (t.opKind != OperationKind.None) return;
  t.opKind = OperationKind.Console;
  lendConsole(t, tty);
}

function takeBack(t: Thread): void {
  lender = 0;
  consoleFront(null);
}

/** A host process ends: what it lent comes back. */
export function lenderEnds(pid: u32): void {
  if (lender != pid) return;
  lender = 0;
  consoleFront(null);
}

/** A process without a parent has ended: when it is its container's init, nobody needs the container's terminal any more. */
export function borrowerEnds(p: Process): void {
  const c = p.container;
  if (c.init == p && c.console != 0) consoleLeave(changetype<Tty>(c.console));
}

/** To be called once at start-up. */
export function loanInit(): void {
  registerOperation(OperationKind.Console, takeBack);
}
