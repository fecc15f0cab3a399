// The kernel command line: words of the form name or name=value, separated by blanks.

import { commandLine, commandLineLength } from "./commandline";
import { bytesEqualLiteral, parseDecimal } from "../lib/bytes";
import { setLogQuiet } from "../log/log";
import { setDebugExit } from "../log/panic";
import { setConsoleSize } from "../tty/console";

/** Value of the option found last: pointer and length. */
export let optionValue: usize = 0;
export let optionLength: u32 = 0;

/** Finds option `name`; its value is empty when it has none. The last one counts. */
export function option(name: string): bool {
  let found = false;
  let at = commandLine;
  const end = commandLine + commandLineLength;
  while (at < end) {
    while (at < end && load<u8>(at) == 0x20) at++;
    const start = at;
    while (at < end && load<u8>(at) != 0x20 && load<u8>(at) != 0x3d) at++;
    const nameEnd = at;
    while (at < end && load<u8>(at) != 0x20) at++;
    if (!bytesEqualLiteral(start, <u32>(nameEnd - start), name)) continue;
    found = true;
    optionValue = nameEnd < at ? nameEnd + 1 : at;
    optionLength = <u32>(at - optionValue);
  }
  return found;
}

/**
 * Options the kernel itself obeys: debug-exit=PORT (decimal) names QEMU's isa-debug-exit device; quiet keeps the log off the console;
 * rows=N and columns=N are the size of the terminal behind the console.
 */
export function parseCommandLine(): void {
  setLogQuiet(option("quiet"));
  setConsoleSize(sizeOption("rows"), sizeOption("columns"));
  if (!option("debug-exit")) return;
  const port = parseDecimal(optionValue, optionLength);
  setDebugExit(port > 0 ? <u32>port : 0xf4);
}

/** The value of an option that is a number of characters; 0 when it is missing or none. */
function sizeOption(name: string): u16 {
  const value = option(name) ? parseDecimal(optionValue, optionLength) : 0;
  return value > 0 && value <= 0xffff ? <u16>value : 0;
}
