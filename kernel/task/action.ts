// What a process does with each signal (sigaction(2)): one table of 64 actions, shared by the threads of a process, and by several
// processes after clone(CLONE_SIGHAND). The two sets say at a glance what a sender wants to know.

import { kernelAlloc, kernelFree } from "../mm/heap";
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

/** The head of the object; four arrays by signal number follow: handler, restorer and mask (u64 each), flags (u32). */
@unmanaged
export class SignalActions {
  refs: u32;
  pad0: u32;
  /** Signals with a handler of the user's. */
  handled: u64;
  /** Signals set to SIG_IGN. */
  ignored: u64;
  /** Who waits for signals through a descriptor: kernel/task/signalfd.ts. */
  readersFirst: usize;
  readersLast: usize;
}
const HEAD_BYTES: u32 = 32;
const HANDLERS: u32 = HEAD_BYTES - 8;
const RESTORERS: u32 = HANDLERS + 64 * 8;
const MASKS: u32 = RESTORERS + 64 * 8;
const FLAGS: u32 = MASKS + 64 * 8 + 8 - 4;
const ACTIONS_BYTES: u32 = HEAD_BYTES + 64 * 28;
if (offsetof<SignalActions>() != HEAD_BYTES) ERROR("SignalActions: the arrays follow the head");

/** Actions with every signal at its default; null when memory is short. */
export function actionsNew(): SignalActions | null {
  const p = kernelAlloc(ACTIONS_BYTES);
  if (p == 0) return null;
  const a = changetype<SignalActions>(p);
  a.refs = 1;
  return a;
}

/** A private copy (fork); null when memory is short. */
export function actionsCopy(from: SignalActions): SignalActions | null {
  const p = kernelAlloc(ACTIONS_BYTES);
  if (p == 0) return null;
  memory.copy(p, changetype<usize>(from), ACTIONS_BYTES);
  const a = changetype<SignalActions>(p);
  a.refs = 1;
  a.readersFirst = 0;
  a.readersLast = 0;
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
  kernelFree(changetype<usize>(a));
}

/** The queue that is woken whenever a signal for a process or thread with these actions is queued. */
@inline
export function signalReaders(a: SignalActions): WaitQueue {
  return changetype<WaitQueue>(changetype<usize>(a) + offsetof<SignalActions>("readersFirst"));
}

/** For execve: handlers go back to the default, what is ignored stays ignored. The actions must not be shared. */
export function actionsResetForExec(a: SignalActions): void {
  assert(a.refs == 1, "execve unshares the signal actions first");
  let handled = a.handled;
  while (handled != 0) {
    actionReset(a, <u32>ctz(handled) + 1);
    handled &= handled - 1;
  }
  const p = changetype<usize>(a);
  memory.fill(p + RESTORERS + 8, 0, 64 * 8);
  memory.fill(p + MASKS + 8, 0, 64 * 8);
  memory.fill(p + FLAGS + 4, 0, 64 * 4);
}

/** Makes `signal` do its default. */
export function actionReset(a: SignalActions, signal: u32): void {
  actionSet(a, signal, SIG_DFL, actionFlags(a, signal), actionRestorer(a, signal), actionMask(a, signal));
}

/** Sets all of an action. */
export function actionSet(a: SignalActions, signal: u32, handler: u64, flags: u32, restorer: u64, mask: u64): void {
  const p = changetype<usize>(a);
  const bit = signalBit(signal);
  store<u64>(p + HANDLERS + signal * 8, handler);
  store<u64>(p + RESTORERS + signal * 8, restorer);
  store<u64>(p + MASKS + signal * 8, mask);
  store<u32>(p + FLAGS + signal * 4, flags);
  a.handled = handler > SIG_IGN ? a.handled | bit : a.handled & ~bit;
  a.ignored = handler == SIG_IGN ? a.ignored | bit : a.ignored & ~bit;
}

/** SIG_DFL, SIG_IGN or the handler's address. */
@inline
export function actionHandler(a: SignalActions, signal: u32): u64 {
  return load<u64>(changetype<usize>(a) + HANDLERS + signal * 8);
}

@inline
export function actionRestorer(a: SignalActions, signal: u32): u64 {
  return load<u64>(changetype<usize>(a) + RESTORERS + signal * 8);
}

/** Signals blocked while the handler runs. */
@inline
export function actionMask(a: SignalActions, signal: u32): u64 {
  return load<u64>(changetype<usize>(a) + MASKS + signal * 8);
}

/** Bits of ActionFlag. */
@inline
export function actionFlags(a: SignalActions, signal: u32): u32 {
  return load<u32>(changetype<usize>(a) + FLAGS + signal * 4);
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
