// Process 1 of the host world: keeps a shell on the console and reaps every process that lost its parent.

import { errorText } from "../lib/errors";
import { complain } from "../lib/output";
import { monotonicTime, sleep, spawn, wait } from "../lib/process";

const SHELL: string = "/bin/sh";
const SECOND_NS: u64 = 1_000_000_000;

export function main(): i32 {
  while (true) {
    const started = monotonicTime();
    const shell = spawn(SHELL, [SHELL], 0, 1, 2, true);
    if (shell < 0) complain(`init: ${SHELL}: ${errorText(shell)}`);
    else reapUntil(<u32>shell);
    // A shell that cannot live must not keep the machine busy.
    if (monotonicTime() - started < SECOND_NS) sleep(SECOND_NS);
  }
}

/** Waits for children, adopted ones included, until `pid` has ended. */
function reapUntil(pid: u32): void {
  for (;;) {
    const ended = wait(0);
    if (ended < 0) return;
    if (<u32>(ended >> 32) != pid) continue;
    if ((ended & 0x7f) != 0) complain(`init: the shell was ended by signal ${ended & 0x7f}; starting another`);
    return;
  }
}
