// Host calls on the machine: time, randomness, the log, memory and power (docs/host-syscalls.md, "Terminal and machine").

import { firstContainer } from "../../kernel/container/container";
import { containerCount } from "../../kernel/container/lifecycle";
import { Errno } from "../../kernel/errno";
import { scratchPage, SCRATCH_BYTES } from "../../kernel/lib/scratch";
import { logOldest, logRead } from "../../kernel/log/log";
import { framesFree, framesUsable, PAGE_SHIFT, PAGE_SIZE } from "../../kernel/mm/frame";
import { heapBytesHeld, heapBytesUsed } from "../../kernel/mm/heap";
import { copyOut } from "../../kernel/mm/user";
import { powerHalt, powerOff, reboot, waitForPowerButton } from "../../kernel/power";
import { getRandom } from "../../kernel/vfs/random";
import { Result } from "../../kernel/result";
import { Thread } from "../../kernel/task/thread";
import { nowNs, wallNs } from "../../kernel/time/clock";
import { cursor, putCursor, takeCursor } from "./arguments";

const LINE_FEED: u8 = 0x0a;
const INFORMATION_BYTES: u32 = 64;
const information = memory.data(64, 8);

const enum Power {
  Off = 0,
  Reboot = 1,
  Halt = 2,
}

/** Clock 0: since boot; 1: since 1970. */
export function hostTime(t: Thread, clock: u64): Result {
  return clock == 0 ? nowNs() : clock == 1 ? wallNs() : -Errno.EINVAL;
}

export function hostRandom(t: Thread, buffer: u64, capacity: u64): Result {
  return getRandom(buffer, capacity, 0);
}

/** The length of the whole lines among the `n` bytes at `p`. */
function wholeLines(p: usize, n: u32): u32 {
  while (n != 0 && load<u8>(p + n - 1) != LINE_FEED) n--;
  return n;
}

/** Where the first whole line begins at or after the oldest byte kept, of which the beginning may be lost. */
function firstLine(): u64 {
  const oldest = logOldest();
  if (oldest == 0) return 0;
  const n = logRead(oldest, scratchPage, SCRATCH_BYTES);
  let i: u32 = 0;
  while (i < n && load<u8>(scratchPage + i) != LINE_FEED) i++;
  return oldest + min<u32>(i + 1, n);
}

/** The cursor is a position in the log. */
export function hostLog(t: Thread, cursorAddress: u64, buffer: u64, capacity: u64): Result {
  let r = takeCursor(cursorAddress);
  if (r < 0) return r;
  const at = cursor < logOldest() ? firstLine() : cursor;
  const read = logRead(at, scratchPage, <u32>min<u64>(capacity, SCRATCH_BYTES));
  const n = wholeLines(scratchPage, read);
  if (n == 0) return read == 0 && capacity != 0 ? 0 : -Errno.ERANGE;
  r = copyOut(buffer, scratchPage, n);
  if (r >= 0) r = putCursor(cursorAddress, at + n);
  return r < 0 ? r : <Result>n;
}

export function hostSystemInformation(t: Thread, buffer: u64, capacity: u64): Result {
  let processes: u32 = 0;
  let busyNs: u64 = 0;
  let c = firstContainer;
  while (c) {
    processes += c.processCount;
    busyNs += c.cpuNs;
    c = c.next;
  }
  store<u64>(information, (<u64>framesUsable()) << PAGE_SHIFT);
  store<u64>(information, (<u64>framesFree()) << PAGE_SHIFT, 8);
  store<u64>(information, heapBytesHeld(), 16);
  store<u64>(information, heapBytesUsed(), 24);
  store<u64>(information, nowNs(), 32);
  store<u32>(information, 1, 40);
  store<u32>(information, containerCount() - 1, 44); // without the host's world
  store<u32>(information, processes, 48);
  store<u32>(information, PAGE_SIZE, 52);
  store<u64>(information, busyNs, 56);
  const n = <u32>min<u64>(capacity, INFORMATION_BYTES);
  const r = copyOut(buffer, information, n);
  return r < 0 ? r : <Result>n;
}

/** Does not return, except for an action that there is not. */
export function hostPower(t: Thread, action: u64): Result {
  switch (<u32>min<u64>(action, 3)) {
    case Power.Off:
      powerOff();
      break;
    case Power.Reboot:
      reboot();
      break;
    case Power.Halt:
      powerHalt();
      break;
  }
  return -Errno.EINVAL;
}

export function hostPowerButton(t: Thread): Result {
  return waitForPowerButton();
}
