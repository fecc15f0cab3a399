// The kernel command line as the boot loader gave it: words separated by blanks (kernel/boot/options.ts reads them).

const COMMAND_LINE_MAX: u32 = 2048;
export const commandLine = memory.data(2048, 16);
export let commandLineLength: u32 = 0;

/** Copies the text at `from`, ended by a NUL; what does not fit is cut off. */
export function setCommandLine(from: usize): void {
  commandLineLength = 0;
  while (commandLineLength < COMMAND_LINE_MAX - 1 && load<u8>(from + commandLineLength) != 0) {
    store<u8>(commandLine + commandLineLength, load<u8>(from + commandLineLength));
    commandLineLength++;
  }
}
