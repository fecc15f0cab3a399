// The 16550 serial port COM1: the log's sink and the machine's own console. Bounded waits: many PCs have no such port.

import { in8, out8 } from "../../shim/isa";

const PORT: u32 = 0x3f8;
const LINE_STATUS: u32 = PORT + 5;
const SCRATCH: u32 = PORT + 7;

let present = false;

/** Sets 115200 baud, 8N1, FIFOs on; false when there is no port. */
export function uartInit(): bool {
  out8(SCRATCH, 0x5a);
  if (in8(SCRATCH) != 0x5a) return false;
  out8(PORT + 1, 0);
  out8(PORT + 3, 0x80);
  out8(PORT, 1);
  out8(PORT + 1, 0);
  out8(PORT + 3, 3);
  out8(PORT + 2, 0xc7);
  out8(PORT + 4, 0x0b);
  present = true;
  return true;
}

/** Sends one byte; drops it when the port stays busy. */
export function uartWrite(c: u8): void {
  if (!present) return;
  for (let i = 0; i < 100_000 && !(in8(LINE_STATUS) & 0x20); i++) {}
  out8(PORT, c);
}

/** The next byte received, or -1. */
export function uartRead(): i32 {
  return present && in8(LINE_STATUS) & 1 ? <i32>in8(PORT) : -1;
}

/** Interrupts for received bytes on or off. */
export function uartInterrupts(on: bool): void {
  if (present) out8(PORT + 1, on ? 1 : 0);
}
