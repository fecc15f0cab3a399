// The controlling terminal of a process, as /proc/PID/stat shows it.

import { Process } from "../task/process";
import { Tty } from "../tty/tty";

/** tty_nr: the terminal's device number, 0 for none. */
export function terminalNumber(p: Process): u32 {
  return p.terminal != 0 ? changetype<Tty>(p.terminal).device : 0;
}

/** tpgid: the terminal's foreground process group, -1 without a terminal. */
export function terminalForeground(p: Process): i64 {
  return p.terminal != 0 ? <i64>changetype<Tty>(p.terminal).foreground : -1;
}
