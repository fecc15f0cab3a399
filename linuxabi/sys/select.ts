// select and pselect6: polling by three bitmaps. See select(2).

import { Errno } from "../../kernel/errno";
import { kernelAlloc, kernelFree } from "../../kernel/mm/heap";
import { copyIn, copyOut } from "../../kernel/mm/user";
import { BLOCKED, Result } from "../../kernel/result";
import { park, Thread } from "../../kernel/task/thread";
import { WaiterKind } from "../../kernel/task/wait";
import { File } from "../../kernel/vfs/inode";
import {
  filePoll,
  heldPollSet,
  holdPollSet,
  PollEvent,
  PollSet,
  pollSetAdd,
  pollSetFile,
  pollSetFree,
  pollSetNew,
} from "../../kernel/vfs/poll";
import { descriptors, isNone, openFile } from "./descriptor";
import { endTemporaryMask, temporaryMask } from "./mask";
import { deadlineNs, timeoutIn, timeoutOut, TimeUnit } from "./timeout";

/** What counts as readable, writable and exceptional. */
const READABLE: u32 = PollEvent.In | PollEvent.ReadNormal | PollEvent.ReadBand | PollEvent.HangUp | PollEvent.Error;
const WRITABLE: u32 = PollEvent.Out | PollEvent.WriteNormal | PollEvent.WriteBand | PollEvent.Error;
const EXCEPTIONAL: u32 = PollEvent.Priority;

/** Bytes of a bitmap that need no allocation: 1,024 descriptors. */
const FAST_BYTES: u32 = 128;
const fast = memory.data(6 * 128, 8);
/** The three bitmaps asked for, then the three results, `stride` bytes each. */
let sets: usize = 0;
let stride: u32 = 0;

export function sysSelect(t: Thread, count: i32, readers: u64, writers: u64, exceptions: u64, timeout: u64): Result {
  let r = timeoutIn(t, timeout, TimeUnit.Timeval);
  if (r < 0) return r;
  r = select(t, count, readers, writers, exceptions);
  return r == BLOCKED ? r : timeoutOut(timeout, TimeUnit.Timeval, r);
}

const maskArgument = memory.data(16, 8);

export function sysPselect6(t: Thread, count: i32, readers: u64, writers: u64, exceptions: u64, timeout: u64, mask: u64): Result {
  memory.fill(maskArgument, 0, 16);
  let r: Result = mask != 0 ? copyIn(maskArgument, mask, 16) : 0;
  if (r >= 0) r = timeoutIn(t, timeout, TimeUnit.Timespec);
  if (r >= 0) r = temporaryMask(t, load<u64>(maskArgument), load<u64>(maskArgument, 8));
  if (r < 0) return r;
  r = select(t, count, readers, writers, exceptions);
  if (r == BLOCKED) return r;
  endTemporaryMask(t, r);
  return timeoutOut(timeout, TimeUnit.Timespec, r);
}

/** Polls until `deadlineNs`: the number of bits set in the results, or an error; -ERESTARTNOHAND for a signal. */
function select(t: Thread, count: i32, readers: u64, writers: u64, exceptions: u64): Result {
  if (count < 0) return -Errno.EINVAL;
  stride = ((min<u32>(<u32>count, descriptors(t).capacity) + 63) >> 6) << 3;
  sets = stride <= FAST_BYTES ? fast : kernelAlloc(stride * 6);
  if (sets == 0) return -Errno.ENOMEM;
  memory.fill(sets, 0, stride * 6);
  let r = setIn(0, readers);
  if (r >= 0) r = setIn(1, writers);
  if (r >= 0) r = setIn(2, exceptions);
  if (r >= 0) {
    clearBeyond(<u32>count);
    r = scan(t, null);
  }
  if (r == 0 && deadlineNs != 0) r = waitForEvents(t);
  if (r >= 0) {
    let written = setOut(0, readers);
    if (written >= 0) written = setOut(1, writers);
    if (written >= 0) written = setOut(2, exceptions);
    if (written < 0) r = written;
  }
  if (sets != fast) kernelFree(sets);
  return r;
}

function setIn(which: u32, ua: u64): Result {
  return ua == 0 || stride == 0 ? 0 : copyIn(sets + which * stride, ua, stride);
}

function setOut(which: u32, ua: u64): Result {
  return ua == 0 || stride == 0 ? 0 : copyOut(ua, sets + (3 + which) * stride, stride);
}

/** Bits from `count` on do not count. */
function clearBeyond(count: u32): void {
  if (count >> 3 >= stride || (count & 63) == 0) return;
  const mask = ((<u64>1) << (count & 63)) - 1;
  for (let which: u32 = 0; which < 3; which++) {
    const word = sets + which * stride + ((count >> 6) << 3);
    store<u64>(word, load<u64>(word) & mask);
  }
}

@inline
function asked(which: u32, word: u32): u64 {
  return load<u64>(sets + which * stride + (word << 3));
}

@inline
function answer(which: u32, word: u32, bit: u64): void {
  const p = sets + (3 + which) * stride + (word << 3);
  store<u64>(p, load<u64>(p) | bit);
}

/**
 * Asks every file of the three sets, and with `fresh` registers it there: the number of bits set in the results, or -EBADF. On a later run
 * of the call it asks the files that the first one found.
 */
function scan(t: Thread, fresh: PollSet | null): Result {
  const held = heldPollSet(t);
  let place: u32 = 0;
  let ready: Result = 0;
  for (let word: u32 = 0; word < stride >> 3; word++) {
    const all = asked(0, word) | asked(1, word) | asked(2, word);
    for (let left = all; left != 0; left &= left - 1) {
      const number = <u32>ctz(left);
      const bit = (<u64>1) << number;
      const file: File = held ? pollSetFile(held, place++) : openFile(t, (word << 6) + number);
      if (isNone(file)) return -Errno.EBADF;
      const events = fresh ? pollSetAdd(fresh, file) : filePoll(file, 0);
      if ((asked(0, word) & bit) != 0 && (events & READABLE) != 0) {
        answer(0, word, bit);
        ready++;
      }
      if ((asked(1, word) & bit) != 0 && (events & WRITABLE) != 0) {
        answer(1, word, bit);
        ready++;
      }
      if ((asked(2, word) & bit) != 0 && (events & EXCEPTIONAL) != 0) {
        answer(2, word, bit);
        ready++;
      }
    }
  }
  return ready;
}

function countAsked(): u32 {
  let count: u32 = 0;
  for (let word: u32 = 0; word < stride >> 3; word++) {
    count += <u32>popcnt(asked(0, word) | asked(1, word) | asked(2, word));
  }
  return count;
}

/** Nothing is ready: registers for all files, unless an earlier run has, and parks. */
function waitForEvents(t: Thread): Result {
  if (!heldPollSet(t)) {
    const set = pollSetNew(changetype<usize>(t), WaiterKind.Thread, countAsked());
    if (!set) return -Errno.ENOMEM;
    scan(t, set);
    if (set.failed) {
      pollSetFree(set);
      return -Errno.ENOMEM;
    }
    holdPollSet(t, set);
  }
  const r = park(null, deadlineNs);
  if (r == -Errno.ETIMEDOUT) return 0;
  return r == -Errno.ERESTARTSYS ? -Errno.ERESTARTNOHAND : r;
}
