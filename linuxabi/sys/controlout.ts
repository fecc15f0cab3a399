// Writing control messages of recvmsg(2) to user memory, one behind the other (cmsg(3)).

import { copyOut } from "../../kernel/mm/user";
import { Exchange, MessageFlag } from "../../kernel/net/exchange";
import { Result } from "../../kernel/result";
import { CONTROL_HEADER_BYTES } from "../types/socket";

const header = memory.data(16, 8);

/** Where the next message goes, and how much room is left. */
export let outAt: u64 = 0;
export let outLeft: u64 = 0;

@inline
export function aligned(bytes: u64): u64 {
  return (bytes + 7) & ~7;
}

/** Begins a row of messages in the `length` bytes at `ua` (0: nowhere). */
export function beginControl(ua: u64, length: u64): void {
  outAt = ua;
  outLeft = ua == 0 ? 0 : length;
}

/** Writes a header for `bytes` of data, which stand there already, and moves on past them: 0, -EFAULT or BLOCKED. */
export function controlHeaderOut(level: u32, type: u32, bytes: u32): Result {
  store<u64>(header, min<u64>(CONTROL_HEADER_BYTES + bytes, outLeft));
  store<u32>(header, level, 8);
  store<u32>(header, type, 12);
  const r = copyOut(outAt, header, CONTROL_HEADER_BYTES);
  if (r < 0) return r;
  const taken = min<u64>(aligned(CONTROL_HEADER_BYTES + bytes), outLeft);
  outAt += taken;
  outLeft -= taken;
  return 0;
}

/** Writes one message with `bytes` of data at `p`, as much of it as there is room for. */
export function putControl(e: Exchange, level: u32, type: u32, p: usize, bytes: u32): void {
  if (outLeft < CONTROL_HEADER_BYTES + bytes) e.result |= MessageFlag.ControlTruncated;
  if (outLeft < CONTROL_HEADER_BYTES) return;
  const fits = <u32>min<u64>(bytes, outLeft - CONTROL_HEADER_BYTES);
  if (copyOut(outAt + CONTROL_HEADER_BYTES, p, fits) < 0) return;
  controlHeaderOut(level, type, bytes);
}
