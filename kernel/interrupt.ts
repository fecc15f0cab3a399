// Interrupts: vectors from 32 on and who handles them. Drivers register a handler and get a vector; the platform's interrupt controller
// (drivers/platform) registers how to end an interrupt and how to arm the one-shot timer.

import { Errno } from "./errno";
import { kernelAccount, payer, setPayer } from "./mm/account";
import { Result } from "./result";

export const FIRST_VECTOR: u32 = 32;
/** The one-shot timer. */
export const TIMER_VECTOR: u32 = 32;
const FIRST_DEVICE_VECTOR: u32 = 48;
const LAST_DEVICE_VECTOR: u32 = 239;
/** The local APIC's spurious vector: not ended. */
export const SPURIOUS_VECTOR: u32 = 255;

/** Per vector: function index and its argument. */
const handlers = memory.data(256 * 8, 8);
let nextVector: u32 = FIRST_DEVICE_VECTOR;

type InterruptHandler = (argument: usize) => void;
let endInterrupt: u32 = 0;
let armTimer: u32 = 0;

/** Registers the platform's "end of interrupt" and "fire at this monotonic time" functions. */
export function setPlatform(end: () => void, arm: (deadlineNs: u64) => void): void {
  endInterrupt = end.index;
  armTimer = arm.index;
}

/** Gives the device a vector: its number, or -ENOSPC when all are taken. `handler` runs with `argument` at each interrupt. */
export function interruptRegister(handler: InterruptHandler, argument: usize): Result {
  if (nextVector > LAST_DEVICE_VECTOR) return -Errno.ENOSPC;
  setHandler(nextVector, handler, argument);
  return nextVector++;
}

/** Sets the handler of a fixed vector. */
export function setHandler(vector: u32, handler: InterruptHandler, argument: usize): void {
  store<u32>(handlers + (vector << 3), handler.index);
  store<u32>(handlers + (vector << 3), <u32>argument, 4);
}

/** Runs the handler of `vector` and ends the interrupt. The kernel pays for what it makes, not the container that was interrupted. */
export function interruptRun(vector: u32): void {
  const before = payer;
  setPayer(kernelAccount);
  const handler = load<u32>(handlers + (vector << 3));
  if (handler != 0) call_indirect<void>(handler, <usize>load<u32>(handlers + (vector << 3), 4));
  if (vector != SPURIOUS_VECTOR && endInterrupt != 0) call_indirect<void>(endInterrupt);
  setPayer(before);
}

let armedNs: u64 = u64.MAX_VALUE;

/** Makes the timer interrupt come at `deadlineNs` (u64.MAX_VALUE: never) unless it comes earlier anyway. */
export function timerArm(deadlineNs: u64): void {
  if (deadlineNs >= armedNs) return;
  armedNs = deadlineNs;
  if (armTimer != 0) call_indirect<void>(armTimer, deadlineNs);
}

/** The timer interrupt came. */
export function timerFired(): void {
  armedNs = u64.MAX_VALUE;
}
