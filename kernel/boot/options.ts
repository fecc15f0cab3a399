// The kernel command line: words of the form name or name=value, separated by blanks.

import { commandLine, commandLineLength } from "./memorymap";
import { bytesEqualLiteral, parseDecimal } from "../lib/bytes";
import { setDebugExit } from "../log/panic";

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

/** Options the kernel itself obeys: debug-exit=PORT (decimal) names QEMU's isa-debug-exit device. */
export function parseCommandLine(): void {
  if (!option("debug-exit")) return;
  const port = parseDecimal(optionValue, optionLength);
  setDebugExit(port > 0 ? <u32>port : 0xf4);
}
