// Ending the machine: power off and reboot, by what the platform's drivers have registered.

import { halt } from "../shim/isa";
import { log } from "./log/log";
import { debugExit } from "./log/panic";

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
