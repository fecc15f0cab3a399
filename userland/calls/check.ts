// Counting checks and telling of those that fail.

import { complain } from "../lib/output";

export const BAD_ADDRESS: u64 = 0x7000_0000_0000;

export let checks = 0;
export let failures = 0;

export function same(got: i64, wanted: i64, what: string): void {
  checks++;
  if (got == wanted) return;
  failures++;
  complain(`FAILED ${what}: ${got}, not ${wanted}`);
}

export function holds(condition: bool, what: string): void {
  same(condition ? 1 : 0, 1, what);
}
