// Which system calls a container asked for and did not get: a count per number, for `cyrius run --missing`.

import { kernelAlloc, kernelFree } from "../mm/heap";
import { Container } from "./container";

/** Numbers are counted up to here; larger ones are counted together in the last place. */
export const MISSING_NUMBERS: u32 = 512;

/** Counts one request for `number`. Counts are lost, not the call, when memory is short. */
export function missingCount(c: Container, number: u32): void {
  if (c.missing == 0) c.missing = kernelAlloc(MISSING_NUMBERS * 4);
  if (c.missing == 0) return;
  const slot = c.missing + (min<u32>(number, MISSING_NUMBERS - 1) << 2);
  store<u32>(slot, load<u32>(slot) + 1);
}

/** Times `number` was asked for. */
export function missingOf(c: Container, number: u32): u32 {
  return c.missing == 0 ? 0 : load<u32>(c.missing + (number << 2));
}

export function missingFree(c: Container): void {
  kernelFree(c.missing);
  c.missing = 0;
}
