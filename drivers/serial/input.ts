// Input from the serial port: it comes by the receive interrupt (COM1 is ISA line 4).

import { isaRoute } from "../platform/ioapic";
import { interruptRegister } from "../../kernel/interrupt";
import { consoleHasRoom, consoleInput } from "../../kernel/tty/console";
import { uartInit, uartInterrupts, uartRead } from "./uart";

const ISA_LINE: u32 = 4;
const byte = memory.data(1, 1);
let present = false;

/** Finds the port; false when there is none. */
export function serialInit(): bool {
  present = uartInit();
  return present;
}

/** Listens for input from now on; false when there is no port. */
export function serialListen(): bool {
  if (!present) return false;
  const vector = interruptRegister(onInterrupt, 0);
  if (vector < 0) return false;
  isaRoute(ISA_LINE, <u32>vector);
  uartInterrupts(true);
  return true;
}

function onInterrupt(argument: usize): void {
  serialDrain();
}

/**
 * Takes what has been received, as far as there is room. The line is edge-triggered: until the FIFO has been emptied, there is no further
 * interrupt, and the console calls this again when it has room.
 */
export function serialDrain(): void {
  if (!present) return;
  while (consoleHasRoom()) {
    const c = uartRead();
    if (c < 0) return;
    store<u8>(byte, <u8>c);
    consoleInput(byte, 1);
  }
}
