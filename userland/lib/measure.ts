// For the programs of `npm run bench` that are booted in place of init: containers whose program says when its first instruction ran.

import { lastMessage } from "./containers";
import { readFile } from "./files";
import { complain } from "./output";

/** The time-stamp counter. */
@external("host", "timeStamp")
export declare function timeStamp(): u64;

/** The file, bound into the container of the bundle /mnt/first, in which its program leaves `TSC` and the counter, as 16 hexadecimal digits. */
const FIRST_FILE: string = "/mnt/first/first";

/** True for a result >= 0; otherwise says which verb of which program failed. */
export function check(result: i64, program: string, verb: string): bool {
  if (result >= 0) return true;
  complain(`${program}: ${verb}: ${lastMessage()} (${result})`);
  return false;
}

/** The counter at the first instruction of the container that ran last; 0 when there is none. */
export function firstTimeStamp(): u64 {
  const line = readFile(FIRST_FILE, 64);
  return line === null || !line.startsWith("TSC ") ? 0 : U64.parseInt(line.substr(4, 16), 16);
}
