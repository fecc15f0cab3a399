// The orderly end: containers are asked to end, then made to, before the machine goes off.

import { containerKill, containerList } from "./containers";
import { monotonicTime, power, PowerAction, sleep } from "./process";

const SIGTERM: u32 = 15;
const SIGKILL: u32 = 9;
const CREATED: u32 = 1;
const RUNNING: u32 = 2;
const SECOND_NS: u64 = 1_000_000_000;
/** What containers have to end by themselves, as `docker stop` gives them. */
const PATIENCE_NS: u64 = 10 * SECOND_NS;
const LOOK_NS: u64 = SECOND_NS / 20;

/** Sends `signal` to all containers that have not ended; how many those are. */
function signalAll(signal: u32): i32 {
  const list = containerList();
  let alive = 0;
  for (let i = 0; i < list.length; i++) {
    if (list[i].state != CREATED && list[i].state != RUNNING) continue;
    alive++;
    if (signal != 0) containerKill(list[i].id, signal, signal == SIGKILL);
  }
  return alive;
}

/** Waits until no container runs any more; false when `patienceNs` have passed. */
function waitForAll(patienceNs: u64): bool {
  const end = monotonicTime() + patienceNs;
  while (signalAll(0) != 0) {
    if (monotonicTime() >= end) return false;
    sleep(LOOK_NS);
  }
  return true;
}

/** Ends all containers, then the machine. Returns only if that is not allowed: -errno. */
export function shutDown(action: PowerAction): i64 {
  if (signalAll(SIGTERM) != 0 && !waitForAll(PATIENCE_NS)) {
    signalAll(SIGKILL);
    waitForAll(PATIENCE_NS);
  }
  return power(action);
}
