// For `npm run bench`: what a container's life costs. Booted in place of init; /mnt/first says when its first instruction ran, /mnt/tiny exits
// at once. Prints how many ticks of the time-stamp counter the first container of all took from boot, then `NAME MEDIAN BEST` in nanoseconds
// for each verb. On a counted machine a tick and a nanosecond are an instruction. The twin for Linux is tests/guest/bench/linux/containers.c.

import { containerCreate, containerDelete, containerStart, containerWait } from "../lib/containers";
import { check, firstTimeStamp, timeStamp } from "../lib/measure";
import { complain } from "../lib/output";
import { monotonicTime, power, PowerAction } from "../lib/process";

const NAME: string = "lifecycle";
const ROUNDS: i32 = 40;
/** The first rounds fill caches and are not counted. */
const WARM_UP: i32 = 5;
const ID: string = "bench";

const create = new Array<u64>();
const start = new Array<u64>();
const remove = new Array<u64>();
const life = new Array<u64>();
const first = new Array<u64>();

function waitAndDelete(): bool {
  return check(containerWait(ID, 0, 0), NAME, "wait") && check(containerDelete(ID, false), NAME, "delete");
}

/** Creates and starts a container of /mnt/first and waits for its end: the ticks until its first instruction; 0 for a failure. */
function runFirst(): u64 {
  const began = timeStamp();
  if (!check(containerCreate(ID, "/mnt/first", false), NAME, "create") || !check(containerStart(ID, false), NAME, "start")) return 0;
  return waitAndDelete() ? firstTimeStamp() - began : 0;
}

/** One life of a container of /mnt/tiny, verb by verb. */
function runTiny(isCounted: bool): bool {
  const began = timeStamp();
  if (!check(containerCreate(ID, "/mnt/tiny", false), NAME, "create")) return false;
  const created = timeStamp();
  if (!check(containerStart(ID, false), NAME, "start")) return false;
  const started = timeStamp();
  if (!check(containerWait(ID, 0, 0), NAME, "wait")) return false;
  const ended = timeStamp();
  if (!check(containerDelete(ID, false), NAME, "delete")) return false;
  const deleted = timeStamp();
  if (isCounted) {
    create.push(created - began);
    start.push(started - created);
    remove.push(deleted - ended);
    life.push(deleted - began);
  }
  return true;
}

/** Nanoseconds of a tick, in units of 2^-20. */
let scale: u64 = 0;

function nanoseconds(ticks: u64): u64 {
  return (ticks * scale + (1 << 19)) >> 20;
}

function print(name: string, ticks: Array<u64>): void {
  ticks.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  complain(`${name} ${nanoseconds(ticks[ticks.length / 2])} ${nanoseconds(ticks[0])}`);
}

function measure(): void {
  if (runFirst() == 0) return;
  complain(`boot_to_first_instruction ${firstTimeStamp()}`);
  const beganNs = monotonicTime();
  const began = timeStamp();
  for (let i = 0; i < ROUNDS; i++) {
    const ticks = runFirst();
    if (ticks == 0 || !runTiny(i >= WARM_UP)) return;
    if (i >= WARM_UP) first.push(ticks);
  }
  scale = ((monotonicTime() - beganNs) << 20) / (timeStamp() - began);
  print("container_run", life); // `crun run` is one command; here it takes the three verbs too
  print("container_create", create);
  print("container_start", start);
  print("container_delete", remove);
  print("container_life", life);
  print("container_first_instruction", first);
}

export function main(): i32 {
  measure();
  power(PowerAction.Off);
  return 0;
}
