// Ending the machine: power off and reboot, by what the platform's drivers have registered; and the button with which a person asks for it.

import { halt } from "../shim/isa";
import { log } from "./log/log";
import { debugExit } from "./log/panic";
import { Result } from "./result";
import { park } from "./task/thread";
import { wakeAll, WaitQueue } from "./task/wait";

type Function = () => void;
let off: u32 = 0;
let again: u32 = 0;

/** Registers how this platform is switched off and restarted. */
export function setPower(powerOffFunction: Function, rebootFunction: Function): void {
  off = powerOffFunction.index;
  again = rebootFunction.index;
}

/** Switches the machine off; under a test, ends QEMU with status 1 (value 0). Does not return. */
export function powerOff(): void {
  debugExit(0);
  if (off != 0) call_indirect<void>(off);
  halt();
}

/** Restarts the machine. Does not return. */
export function reboot(): void {
  if (again != 0) call_indirect<void>(again);
  halt();
}

/** Stops the machine where it is. Does not return. */
export function powerHalt(): void {
  log("power", "halted");
  halt();
}

let pressed = false;
const waiting = changetype<WaitQueue>(memory.data(8, 8));

/** For the driver: the power button has been pressed. */
export function powerButtonPressed(): void {
  pressed = true;
  wakeAll(waiting);
}

/** Waits until the button has been pressed since the last call: 0. */
export function waitForPowerButton(): Result {
  if (!pressed) return park(waiting);
  pressed = false;
  return 0;
}
