// What assert, throw and failed bounds checks become in a host program: a line on standard error and status 134.

import { addressOf, call, Call } from "./call";
import { toBytes } from "./bytes";

/** Called by compiled code (asc --use abort=...). */
export function abort(message: string | null, file: string | null, line: u32, column: u32): void {
  const text = toBytes(`aborted: ${message ? message : "unknown"} at ${file ? file : "?"}:${line}:${column}\n`);
  call(Call.Write, 2, addressOf(text), text.length, 0, 0, 0);
  call(Call.Exit, 134, 0, 0, 0, 0, 0);
}
