// The end: says what is broken, where, and how the kernel got there, on the console; then stops the machine. A panic is a bug of ours.

import { halt, out8, returnAddress, symbolName } from "../../shim/isa";
import { current } from "../task/thread";
import { logEnd, logHex, logNumber, logStart, logText, logBytes, logFlush, setLogQuiet } from "./log";

const name = memory.data(128, 8);
const FRAMES: u32 = 24;
/** QEMU's isa-debug-exit device: status (value << 1) | 1. 0 when there is none. */
let debugExitPort: u32 = 0;
export const DEBUG_EXIT_PANIC: u32 = 0x10;

export function setDebugExit(port: u32): void {
  debugExitPort = port;
}

/** Ends QEMU with status (value << 1) | 1 when it has the debug-exit device; else does nothing. */
export function debugExit(value: u32): void {
  if (debugExitPort != 0) out8(debugExitPort, value);
}

function putSymbol(address: u64): void {
  const n = symbolName(address, name, 127);
  logHex(address);
  logText(" ");
  if (n == 0) logText("?");
  else logBytes(name, n);
}

function utf16(p: usize): void {
  if (p == 0) return;
  const n = load<u32>(p - 4) >> 1;
  for (let i: u32 = 0; i < n; i++) {
    store<u8>(name, load<u8>(p + (i << 1)));
    logBytes(name, 1);
  }
}

function reason(kind: u32): string {
  switch (kind) {
    case 0:
      return "divide error";
    case 2:
      return "non-maskable interrupt";
    case 6:
      return "invalid instruction";
    case 8:
      return "double fault";
    case 13:
      return "general protection fault";
    case 14:
      return "page fault";
    case 18:
      return "machine check";
    case 256:
      return "out of bounds";
    case 257:
      return "integer overflow";
    case 258:
      return "division by zero";
    case 259:
      return "unreachable code";
    case 260:
      return "bad indirect call";
    case 512:
      return "assertion failed";
  }
  return "unexpected exception";
}

let panicking = false;

/** Reports and stops. kind: vector, 256 + trap or 512 (assertion: detail holds message and file, address the line). */
export function panic(kind: u32, detail: u64, rip: u64, address: u64): void {
  if (panicking) {
    debugExit(DEBUG_EXIT_PANIC);
    halt();
  }
  panicking = true;
  setLogQuiet(false);
  logStart("panic");
  logText(reason(kind));
  if (kind == 512) {
    logText(": ");
    utf16(<usize>(detail >> 32));
    logText(" at ");
    utf16(<usize>(detail & 0xffff_ffff));
    logText(":");
    logNumber(address);
  } else if (kind == 14 || kind == 13) {
    logText(" at ");
    logHex(address);
    logText(" error ");
    logHex(detail);
  }
  logEnd();
  logStart("panic");
  logText("in ");
  putSymbol(rip);
  logEnd();
  for (let i: u32 = 0; i < FRAMES; i++) {
    const from = returnAddress(i);
    if (from == 0) break;
    logStart("panic");
    logText("by ");
    putSymbol(from);
    logEnd();
  }
  const t = current;
  if (t) {
    logStart("panic");
    logText("thread ");
    logNumber(t.tid);
    logText(" call ");
    logNumber(t.call);
    logText(" rip ");
    logHex(t.rip);
    logEnd();
  }
  logFlush();
  debugExit(DEBUG_EXIT_PANIC);
  halt();
}
