// What a process does with each signal (sigaction(2)): one object, shared by the threads of a process, and by several processes after
// clone(CLONE_SIGHAND). Its two sets say at a glance what a sender wants to know; the details stand in a table.

import { Errno } from "../errno";
import { kernelAlloc, kernelFree } from "../mm/heap";
import { Result } from "../result";
import { Signal, IGNORED_BY_DEFAULT, signalBit } from "./signalset";
import { stopWaiting, WaitQueue, wakeAll } from "./wait";

/** sa_flags of sigaction(2). */
export const enum ActionFlag {
  NoChildStop = 1,
  NoChildWait = 2,
  SigInfo = 4,
  ExposeTagBits = 0x800,
  Restorer = 0x0400_0000,
  OnStack = 0x0800_0000,
  Restart = 0x1000_0000,
  NoDefer = 0x4000_0000,
  ResetHandler = 0x8000_0000,
}

/** sa_handler values that are not addresses. */
export const SIG_DFL: u64 = 0;
export const SIG_IGN: u64 = 1;

/**
 * Four arrays by signal number follow the head: handler, restorer and mask (u64 each), flags (u32). Copied when it is shared and written
 * to, so that fork and the many programs that never set an action need none of their own.
 */
@unmanaged
class ActionTable {
  refs: u32;
  pad: u32;
}
const HEAD_BYTES: u32 = 8;
const HANDLERS: u32 = HEAD_BYTES - 8;
const RESTORERS: u32 = HANDLERS + 64 * 8;
const MASKS: u32 = RESTORERS + 64 * 8;
const FLAGS: u32 = MASKS + 64 * 8 + 8 - 4;
const TABLE_BYTES: u32 = HEAD_BYTES + 64 * 28;
if (offsetof<ActionTable>() != HEAD_BYTES) ERROR("ActionTable: the arrays follow the head");

/** All zeros, and stays so. */
const emptyTable = changetype<ActionTable>(memory.data(TABLE_BYTES, 8));

@unmanaged
export class SignalActions {
  refs: u32;
  table: ActionTable;
  /** Signals with a handler of the user's: only for them does the table's handler count. */
  handled: u64;
  /** Signals set to SIG_IGN. */
  ignored: u64;
  /** Who waits for signals through a descriptor: kernel/task/signalfd.ts. */
  readersFirst: usize;
  readersLast: usize;
}

function actionsOver(table: ActionTable): SignalActions | null {
  const p = kernelAlloc(offsetof<SignalActions>());
  if (p == 0) return null;
  const a = changetype<SignalActions>(p);
  a.refs = 1;
  a.table = table;
  table.refs++;
  return a;
}

/** Actions with every signal at its default; null when memory is short. */
export function actionsNew(): SignalActions | null {
  return actionsOver(emptyTable);
}

/** A private copy (fork); null when memory is short. */
export function actionsCopy(from: SignalActions): SignalActions | null {
  const a = actionsOver(from.table);
  if (!a) return null;
  a.handled = from.handled;
  a.ignored = from.ignored;
  return a;
}

/** Shares the actions (CLONE_SIGHAND). */
export function actionsRetain(a: SignalActions): SignalActions {
  a.refs++;
  return a;
}

export function actionsRelease(a: SignalActions): void {
  if (--a.refs != 0) return;
  const queue = signalReaders(a);
  wakeAll(queue);
  while (queue.first) stopWaiting(queue.first!);
  tableRelease(a.table);
  kernelFree(changetype<usize>(a));
}

function tableRelease(table: ActionTable): void {
  if (--table.refs == 0 && table != emptyTable) kernelFree(changetype<usize>(table));
}

/** The queue that is woken whenever a signal for a process or thread with these actions is queued. */
@inline
export function signalReaders(a: SignalActions): WaitQueue {
  return changetype<WaitQueue>(changetype<usize>(a) + offsetof<SignalActions>("readersFirst"));
}

/** For execve: handlers go back to the default, what is ignored stays ignored. The actions must not be shared. */
export function actionsResetForExec(a: SignalActions): void {
  assert(a.refs == 1, "execve unshares the signal actions first");
  a.handled = 0;
  tableRelease(a.table);
  a.table = emptyTable;
  emptyTable.refs++;
}

/** Makes `signal` do its default; its flags, restorer and mask stay. */
export function actionReset(a: SignalActions, signal: u32): void {
  a.handled &= ~signalBit(signal);
  a.ignored &= ~signalBit(signal);
}

/** Gives the actions a table that they may write to: false when memory is short. */
function ownTable(a: SignalActions): bool {
  const shared = a.table;
  if (shared.refs == 1 && shared != emptyTable) return true;
  const p = kernelAlloc(TABLE_BYTES);
  if (p == 0) return false;
  memory.copy(p, changetype<usize>(shared), TABLE_BYTES);
  shared.refs--;
  a.table = changetype<ActionTable>(p);
  a.table.refs = 1;
  return true;
}

/** Sets all of an action: 0 or -ENOMEM. */
export function actionSet(a: SignalActions, signal: u32, handler: u64, flags: u32, restorer: u64, mask: u64): Result {
  const bit = signalBit(signal);
  const isHandled = handler > SIG_IGN;
  const isSame = actionFlags(a, signal) == flags && actionRestorer(a, signal) == restorer && actionMask(a, signal) == mask;
  if (isHandled || !isSame) {
    if (!ownTable(a)) return -Errno.ENOMEM;
    const p = changetype<usize>(a.table);
    store<u64>(p + HANDLERS + signal * 8, handler);
    store<u64>(p + RESTORERS + signal * 8, restorer);
    store<u64>(p + MASKS + signal * 8, mask);
    store<u32>(p + FLAGS + signal * 4, flags);
  }
  a.handled = isHandled ? a.handled | bit : a.handled & ~bit;
  a.ignored = handler == SIG_IGN ? a.ignored | bit : a.ignored & ~bit;
  return 0;
}

/** SIG_DFL, SIG_IGN or the handler's address. */
@inline
export function actionHandler(a: SignalActions, signal: u32): u64 {
  if ((a.handled & signalBit(signal)) != 0) return load<u64>(changetype<usize>(a.table) + HANDLERS + signal * 8);
  return (a.ignored & signalBit(signal)) != 0 ? SIG_IGN : SIG_DFL;
}

@inline
export function actionRestorer(a: SignalActions, signal: u32): u64 {
  return load<u64>(changetype<usize>(a.table) + RESTORERS + signal * 8);
}

/** Signals blocked while the handler runs. */
@inline
export function actionMask(a: SignalActions, signal: u32): u64 {
  return load<u64>(changetype<usize>(a.table) + MASKS + signal * 8);
}

/** Bits of ActionFlag. */
@inline
export function actionFlags(a: SignalActions, signal: u32): u32 {
  return load<u32>(changetype<usize>(a.table) + FLAGS + signal * 4);
}

/** True when `signal` has neither a handler nor is ignored. */
@inline
export function actionIsDefault(a: SignalActions, signal: u32): bool {
  return ((a.handled | a.ignored) & signalBit(signal)) == 0;
}

/** Signals that would do nothing if they came now. */
@inline
export function ignoredSignals(a: SignalActions): u64 {
  return a.ignored | (IGNORED_BY_DEFAULT & ~a.handled);
}

/** True when ended children of a process with these actions are not to become zombies (wait(2), "NOTES"). */
export function childrenReapThemselves(a: SignalActions): bool {
  return (a.ignored & signalBit(Signal.CHLD)) != 0 || (actionFlags(a, Signal.CHLD) & ActionFlag.NoChildWait) != 0;
}
