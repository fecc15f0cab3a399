// Linux signal names and numbers, for `oci kill` and for saying what ended a process.

// prettier-ignore
const NAMES: string[] = [
  "", "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM",
  "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
];
const LAST_SIGNAL: i32 = 64;

/** The number of signal `text`: "9", "KILL" or "SIGKILL", in any case; -1 when there is none. */
export function signalNumber(text: string): i32 {
  let name = text.toUpperCase();
  if (name.startsWith("SIG")) name = name.substring(3);
  const index = name.length > 0 ? NAMES.indexOf(name) : -1;
  if (index > 0) return index;
  const number = name.length > 0 && name.length < 3 ? I32.parseInt(name) : -1;
  return number >= 1 && number <= LAST_SIGNAL && number.toString() == name ? number : -1;
}

/** "9 (SIGKILL)", or the bare number of a real-time signal. */
export function signalText(number: i32): string {
  return number > 0 && number < NAMES.length ? `${number} (SIG${NAMES[number]})` : number.toString();
}
