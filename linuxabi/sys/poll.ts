// poll and ppoll. See poll(2).

import { Errno } from "../../kernel/errno";
import { kernelAlloc, kernelFree } from "../../kernel/mm/heap";
import { copyIn, copyOut } from "../../kernel/mm/user";
import { BLOCKED, Result } from "../../kernel/result";
import { interruptedUntilDeadline, NEVER, park, Thread } from "../../kernel/task/thread";
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
import { descriptorLimit, isNone, openFile } from "./descriptor";
import { endTemporaryMask, temporaryMask } from "./mask";
import { deadlineNs, timeoutFrom, timeoutIn, timeoutOut, TimeUnit } from "./timeout";

/** struct pollfd: descriptor i32, events i16, revents i16. */
const ITEM_BYTES: u32 = 8;
const FAST_ITEMS: u64 = 32;
const fast = memory.data(256, 8);

export function sysPoll(t: Thread, items: u64, count: u64, timeoutMs: i32): Result {
  timeoutFrom(t, timeoutMs < 0 ? NEVER : <u64>timeoutMs * 1_000_000);
  const r = poll(t, items, count);
  return r == -Errno.ERESTARTNOHAND ? interruptedUntilDeadline(t) : r;
}

export function sysPpoll(t: Thread, items: u64, count: u64, timeout: u64, mask: u64, maskBytes: u64): Result {
  let r = timeoutIn(t, timeout, TimeUnit.Timespec);
  if (r < 0) return r;
  r = temporaryMask(t, mask, maskBytes);
  if (r < 0) return r;
  r = poll(t, items, count);
  if (r == BLOCKED) return r;
  endTemporaryMask(t, r);
  return timeoutOut(timeout, TimeUnit.Timespec, r);
}

/** Polls until `deadlineNs`: the number of items with events, 0 when time is up, or an error; -ERESTARTNOHAND for a signal. */
function poll(t: Thread, items: u64, count: u64): Result {
  if (count > descriptorLimit(t)) return -Errno.EINVAL;
  const bytes = <u32>count * ITEM_BYTES;
  const buffer = count <= FAST_ITEMS ? fast : kernelAlloc(bytes);
  if (buffer == 0) return -Errno.ENOMEM;
  let r = copyIn(buffer, items, bytes);
  if (r >= 0) {
    r = scan(t, buffer, bytes);
    if (r == 0 && deadlineNs != 0) r = waitForEvents(t, buffer, bytes);
    if (r >= 0) {
      const written = copyOut(items, buffer, bytes);
      if (written < 0) r = written;
    }
  }
  if (buffer != fast) kernelFree(buffer);
  return r;
}

/** Fills in revents; returns how many items have any. On a later run of the call it asks the files that the first one found. */
function scan(t: Thread, buffer: usize, bytes: u32): Result {
  const set = heldPollSet(t);
  let place: u32 = 0;
  let ready: Result = 0;
  for (let p = buffer; p < buffer + bytes; p += ITEM_BYTES) {
    const fd = load<i32>(p);
    let events: u32 = 0;
    if (fd >= 0) {
      const file: File = set ? pollSetFile(set, place++) : openFile(t, fd);
      if (isNone(file)) events = PollEvent.Invalid;
      else events = filePoll(file, 0) & (load<u16>(p, 4) | PollEvent.Error | PollEvent.HangUp);
    }
    store<u16>(p, <u16>events, 6);
    if (events != 0) ready++;
  }
  return ready;
}

/** Nothing is ready: registers for all items, unless an earlier run has, and parks. */
function waitForEvents(t: Thread, buffer: usize, bytes: u32): Result {
  if (!heldPollSet(t)) {
    const set = pollSetNew(changetype<usize>(t), WaiterKind.Thread, bytes / ITEM_BYTES);
    if (!set) return -Errno.ENOMEM;
    register(t, set, buffer, bytes);
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

function register(t: Thread, set: PollSet, buffer: usize, bytes: u32): void {
  for (let p = buffer; p < buffer + bytes; p += ITEM_BYTES) {
    const fd = load<i32>(p);
    if (fd >= 0) pollSetAdd(set, openFile(t, fd));
  }
}
