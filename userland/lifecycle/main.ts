// For `npm run bench`: what a container's life costs. Booted in place of init on a counted machine, where a nanosecond is an instruction; runs
// containers of the bundle /mnt/tiny one after another and prints the median of each verb.

import { containerCreate, containerDelete, containerStart, containerWait, lastMessage } from "../lib/containers";
import { complain } from "../lib/output";
import { monotonicTime, power, PowerAction } from "../lib/process";

const ROUNDS: i32 = 40;
/** The first rounds fill caches and are not counted. */
const WARM_UP: i32 = 5;
const BUNDLE: string = "/mnt/tiny";
const ID: string = "bench";

function median(values: Array<u64>): u64 {
  values.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return values[values.length / 2];
}

function check(result: i64, verb: string): bool {
  if (result >= 0) return true;
  complain(`lifecycle: ${verb}: ${lastMessage()}`);
  return false;
}

export function main(): i32 {
  const create = new Array<u64>();
  const run = new Array<u64>();
  const remove = new Array<u64>();
  const total = new Array<u64>();
  for (let i = 0; i < ROUNDS; i++) {
    const started = monotonicTime();
    if (!check(containerCreate(ID, BUNDLE, false), "create")) break;
    const created = monotonicTime();
    if (!check(containerStart(ID, false), "start") || !check(containerWait(ID, 0, 0), "wait")) break;
    const ended = monotonicTime();
    if (!check(containerDelete(ID, false), "delete")) break;
    const deleted = monotonicTime();
    if (i < WARM_UP) continue;
    create.push(created - started);
    run.push(ended - created);
    remove.push(deleted - ended);
    total.push(deleted - started);
  }
  if (total.length > 0) {
    complain(`container_create ${median(create)}`);
    complain(`container_start_exit ${median(run)}`);
    complain(`container_delete ${median(remove)}`);
    complain(`container_life ${median(total)}`);
  }
  power(PowerAction.Off);
  return 0;
}
