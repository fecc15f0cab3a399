// Process 1 of the host world: keeps a shell on the console, unless the machine is controlled from elsewhere, runs the services and reaps every process
// that lost its parent. Its arguments are the words of the kernel's command line.

import { errorText } from "../lib/errors";
import { complain } from "../lib/output";
import { FOR_EVER, monotonicTime, PollSet, programArguments, sleep, spawn, wait } from "../lib/process";
import { Service, servicesOf } from "./services";

const SHELL: string = "/bin/sh";
const POWER_BUTTON: string = "/bin/powerbutton";
const SECOND_NS: u64 = 1_000_000_000;
/** A service that lives less long is not started again. */
const SERVICE_LIFE_NS: u64 = 10 * SECOND_NS;

let services: Service[] = [];

export function main(): i32 {
  const words = programArguments();
  services = servicesOf(words);
  for (let i = 0; i < services.length; i++) start(services[i]);
  const isControlled = hasOption(words, "control");
  if (!isControlled) spawn(POWER_BUTTON, [POWER_BUTTON], 0, 1, 2, false);
  while (true) {
    if (isControlled) {
      reapUntil(0);
      // Nobody is left to wait for.
      new PollSet().wait(FOR_EVER);
      continue;
    }
    const started = monotonicTime();
    const shell = spawn(SHELL, [SHELL], 0, 1, 2, true);
    if (shell < 0) complain(`init: ${SHELL}: ${errorText(shell)}`);
    else reapUntil(<u32>shell);
    // A shell that cannot live must not keep the machine busy.
    if (monotonicTime() - started < SECOND_NS) sleep(SECOND_NS);
  }
}

function hasOption(words: string[], name: string): bool {
  for (let i = 1; i < words.length; i++) if (words[i] == name || words[i].startsWith(name + "=")) return true;
  return false;
}

function start(service: Service): void {
  service.startedNs = monotonicTime();
  const pid = spawn(service.program, [service.program, service.port.toString()], 0, 1, 2, false);
  service.pid = pid < 0 ? 0 : <u32>pid;
  if (pid < 0) complain(`init: ${service.program}: ${errorText(pid)}`);
}

/** Waits for children, adopted ones included, until the shell `pid` has ended, or there are none. */
function reapUntil(pid: u32): void {
  for (;;) {
    const ended = wait(0);
    if (ended < 0) return;
    const who = <u32>(ended >> 32);
    if (who != pid) serviceEnded(who);
    else {
      if ((ended & 0x7f) != 0) complain(`init: the shell was ended by signal ${ended & 0x7f}; starting another`);
      return;
    }
  }
}

/** If the child was a service, it is started again. */
function serviceEnded(pid: u32): void {
  for (let i = 0; i < services.length; i++) {
    if (services[i].pid != pid) continue;
    const again = monotonicTime() - services[i].startedNs >= SERVICE_LIFE_NS;
    complain(`init: ${services[i].program} has ended${again ? "; starting it again" : ""}`);
    services[i].pid = 0;
    if (again) start(services[i]);
  }
}
