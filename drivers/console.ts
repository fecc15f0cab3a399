// The machine's console: the serial port, and the screen with the keyboard when the firmware has set one up. Both show the same, and what is
// typed on either goes to the terminal in front (kernel/tty/console.ts).

import { setConsoleLine, setConsoleSize, consoleHasRoom, consoleInput, consoleLog } from "../kernel/tty/console";
import { setLogFlush, setLogSink } from "../kernel/log/log";
import { screenFlush, screenInit, screenPut } from "./display/screen";
import { columns, rows } from "./display/terminal";
import { keyboardInit } from "./input/keyboard";
import { serialDrain, serialInit, serialListen } from "./serial/input";
import { uartWrite } from "./serial/uart";

const byte = memory.data(1, 1);
/** Typed while the terminal had no room; what does not fit here is lost. */
const TYPED_BYTES: u32 = 64;
const typed = memory.data(64, 8);
let typedCount: u32 = 0;
let hasScreen = false;

/** Finds the serial port, and prints the log there. */
export function consoleInit(): void {
  if (serialInit()) setLogSink(consoleLog);
  setConsoleLine(put, listen);
}

/** Takes the screen, if there is one, once there is memory. Its size is that of new terminals. */
export function consoleScreenInit(): void {
  hasScreen = screenInit();
  if (!hasScreen) return;
  setConsoleSize(<u16>rows, <u16>columns);
  setLogSink(consoleLog);
  setLogFlush(screenFlush);
}

/** Listens for input from now on; false when there is neither a serial port nor a keyboard. */
export function consoleListen(): bool {
  const hasKeyboard = hasScreen && keyboardInit(take);
  return serialListen() || hasKeyboard;
}

function put(c: u8): void {
  uartWrite(c);
  if (hasScreen) screenPut(c);
}

/** A byte was typed on the keyboard. */
function take(c: u8): void {
  if (typedCount < TYPED_BYTES) store<u8>(typed + typedCount++, c);
  deliver();
}

function deliver(): void {
  let n: u32 = 0;
  while (n < typedCount && consoleHasRoom()) {
    store<u8>(byte, load<u8>(typed + n++));
    consoleInput(byte, 1);
  }
  typedCount -= n;
  memory.copy(typed, typed + n, typedCount);
}

/** There is room for input again. */
function listen(): void {
  serialDrain();
  deliver();
}
