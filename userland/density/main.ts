// For `npm run bench`: how much memory an idle container takes. Booted in place of init; starts containers of the bundle /mnt/sleeper, whose
// program waits for a signal, and prints by how much free memory became less, per container. The twin for Linux is tests/guest/bench/linux/containers.c.

import { containerCreate, containerStart } from "../lib/containers";
import { check } from "../lib/measure";
import { complain } from "../lib/output";
import { power, PowerAction, sleep, systemInformation } from "../lib/process";

const NAME: string = "density";
const COUNT: i32 = 1000;
/** What the first ones need once is not counted. */
const WARM_UP: i32 = 3;
/** Time for the programs to come to their rest, and for the kernel to take back what sleepers do not need (kernel/mm/trim.ts). */
const PAUSE_NS: u64 = 5_000_000_000;

function begin(id: string): bool {
  return check(containerCreate(id, "/mnt/sleeper", false), NAME, "create") && check(containerStart(id, false), NAME, "start");
}

/** Free bytes of the machine; what the heap of the kernel holds is not free. */
function freeBytes(): u64 {
  sleep(PAUSE_NS);
  return systemInformation().memoryFreeBytes;
}

function measure(): void {
  for (let i = 0; i < WARM_UP; i++) if (!begin(`warm-${i}`)) return;
  const before = freeBytes();
  for (let i = 0; i < COUNT; i++) if (!begin(`idle-${i}`)) return;
  const tenths = (((before - freeBytes()) * 10) / COUNT) >> 10;
  complain(`container_idle_kib ${tenths / 10}.${tenths % 10}`);
}

export function main(): i32 {
  measure();
  power(PowerAction.Off);
  return 0;
}
