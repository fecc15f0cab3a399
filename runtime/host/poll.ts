// The host call poll: which of some descriptors are ready, within a time (docs/host-syscalls.md, "Processes, memory, time"; poll(2)).

import { Errno } from "../../kernel/errno";
import { copyIn, copyOut } from "../../kernel/mm/user";
import { Result } from "../../kernel/result";
import { deadlineAfter, NEVER, park, Thread } from "../../kernel/task/thread";
import { WaiterKind } from "../../kernel/task/wait";
import { fdGet } from "../../kernel/vfs/fdtable";
import { File } from "../../kernel/vfs/inode";
import { filePoll, heldPollSet, holdPollSet, PollEvent, pollSetAdd, pollSetFile, pollSetFree, pollSetNew } from "../../kernel/vfs/poll";

/** struct pollfd: descriptor i32, events i16, revents i16. */
const ENTRY_BYTES: u32 = 8;
const ENTRIES_MAX: u64 = 64;
const FOR_EVER: u64 = 0x8000_0000_0000_0000;

const buffer = memory.data(512, 8);

/** Fills in what is ready; how many entries are. A later run of the call asks the files that the first one found. */
function scan(t: Thread, count: u32): u32 {
  const set = heldPollSet(t);
  let place: u32 = 0;
  let ready: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const p = buffer + i * ENTRY_BYTES;
    const fd = load<i32>(p);
    let events: u32 = 0;
    if (fd >= 0) {
      const file: File = set ? pollSetFile(set, place++) : fdGet(t.process.files!, fd);
      if (changetype<usize>(file) == 0) events = PollEvent.Invalid;
      else events = filePoll(file, 0) & (load<u16>(p, 4) | PollEvent.Error | PollEvent.HangUp);
    }
    store<u16>(p, <u16>events, 6);
    if (events != 0) ready++;
  }
  return ready;
}

/** Registers the call with all files: false when memory is short. Every entry is a file or negative, else scan has found it ready. */
function register(t: Thread, count: u32): bool {
  const set = pollSetNew(changetype<usize>(t), WaiterKind.Thread, count);
  if (!set) return false;
  for (let i: u32 = 0; i < count; i++) {
    const fd = load<i32>(buffer + i * ENTRY_BYTES);
    if (fd >= 0) pollSetAdd(set, fdGet(t.process.files!, fd));
  }
  if (!set.failed) {
    holdPollSet(t, set);
    return true;
  }
  pollSetFree(set);
  return false;
}

export function hostPoll(t: Thread, entries: u64, count: u64, timeoutNs: u64): Result {
  if (count > ENTRIES_MAX) return -Errno.EINVAL;
  const n = <u32>count;
  let r = copyIn(buffer, entries, n * ENTRY_BYTES);
  if (r < 0) return r;
  const ready = scan(t, n);
  if (ready == 0 && timeoutNs != 0) {
    if (!heldPollSet(t) && !register(t, n)) return -Errno.ENOMEM;
    r = park(null, (timeoutNs & FOR_EVER) != 0 ? NEVER : deadlineAfter(t, timeoutNs));
    if (r != -Errno.ETIMEDOUT) return r;
  }
  r = copyOut(entries, buffer, n * ENTRY_BYTES);
  return r < 0 ? r : <Result>ready;
}
