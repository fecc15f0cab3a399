// A PS/2 keyboard behind an 8042 controller (IBM PS/2 Hardware Interface Technical Reference, "Keyboard and Auxiliary Device Controller"),
// whose translation gives scan codes of set 1. What is typed becomes what a terminal would send.

import { in8, out8 } from "../../shim/isa";
import { interruptRegister } from "../../kernel/interrupt";
import { isaRoute } from "../platform/ioapic";
import { keyDecode, keySequence } from "./keymap";

const DATA: u32 = 0x60;
const STATUS: u32 = 0x64;
const OUTPUT_FULL: u32 = 1;
const INPUT_FULL: u32 = 2;
const ISA_LINE: u32 = 1;

const enum Command {
  ReadConfiguration = 0x20,
  WriteConfiguration = 0x60,
  DisableSecond = 0xa7,
  EnableFirst = 0xae,
}
const enum Configuration {
  FirstInterrupt = 1,
  SecondInterrupt = 2,
  FirstDisabled = 0x10,
  Translate = 0x40,
}

let receive: u32 = 0;

/** Waits, not for ever, until the controller takes a byte; false when it does not. */
function ready(): bool {
  for (let i = 0; i < 100_000; i++) if (!(in8(STATUS) & INPUT_FULL)) return true;
  return false;
}

function command(c: u32): bool {
  if (!ready()) return false;
  out8(STATUS, c);
  return true;
}

/** The byte that answers a command; -1 when none comes. */
function answer(): i32 {
  for (let i = 0; i < 100_000; i++) if (in8(STATUS) & OUTPUT_FULL) return <i32>in8(DATA);
  return -1;
}

/** Finds the controller and listens; `take` gets every byte that is typed. False when there is no keyboard controller. */
export function keyboardInit(take: (byte: u8) => void): bool {
  if (in8(STATUS) == 0xff) return false;
  for (let i = 0; i < 64 && in8(STATUS) & OUTPUT_FULL; i++) in8(DATA);
  if (!command(Command.DisableSecond) || !command(Command.ReadConfiguration)) return false;
  const before = answer();
  if (before < 0) return false;
  const vector = interruptRegister(onInterrupt, 0);
  if (vector < 0) return false;
  receive = take.index;
  isaRoute(ISA_LINE, <u32>vector);
  const off = Configuration.SecondInterrupt | Configuration.FirstDisabled;
  if (!command(Command.WriteConfiguration) || !ready()) return false;
  out8(DATA, (before & ~off) | Configuration.FirstInterrupt | Configuration.Translate);
  return command(Command.EnableFirst);
}

function onInterrupt(argument: usize): void {
  for (let i = 0; i < 64 && in8(STATUS) & OUTPUT_FULL; i++) {
    const n = keyDecode(<u8>in8(DATA));
    for (let k: u32 = 0; k < n; k++) call_indirect<void>(receive, load<u8>(keySequence + k));
  }
}
