// Host calls that list containers and processes, piece by piece behind a cursor (docs/host-syscalls.md, "Containers").

import { Container, ContainerState, firstContainer, hostContainer } from "../../kernel/container/container";
import { containerFind } from "../../kernel/container/lifecycle";
import { Errno } from "../../kernel/errno";
import { spaceRead, stateLetter } from "../../kernel/fs/procsubject";
import { cstringLength } from "../../kernel/lib/bytes";
import { PAGE_SHIFT } from "../../kernel/mm/frame";
import { copyOut } from "../../kernel/mm/user";
import { Result } from "../../kernel/result";
import { PidEntry, Process } from "../../kernel/task/process";
import { processCpuNs } from "../../kernel/task/stop";
import { Thread } from "../../kernel/task/thread";
import { wallOffset } from "../../kernel/time/clock";
import { cursor, idText, putCursor, takeCursor, takeId } from "./arguments";

/** Room for the longest record: a head, an id and a path, or a head and an argument vector. */
const record = memory.data(8192, 16);
const CONTAINER_HEAD_BYTES: u32 = 48;
const PROCESS_HEAD_BYTES: u32 = 48;
const TEXT_MAX: u32 = 4000;

/** Fills `record` from the container; its size. */
function makeContainerRecord(c: Container): u32 {
  const bundleLength = cstringLength(c.bundle);
  const bytes = (CONTAINER_HEAD_BYTES + c.idLength + bundleLength + 7) & ~7;
  const init = c.init;
  const isRunning = c.state == ContainerState.Running || c.state == ContainerState.Paused;
  memory.fill(record, 0, bytes);
  store<u32>(record, bytes);
  store<u32>(record, c.state, 4);
  store<u32>(record, init && isRunning ? init.pid : 0, 8);
  store<u32>(record, c.processCount, 12);
  store<u64>(record, c.account.bytes, 16);
  store<u64>(record, c.createdNs + wallOffset(), 24);
  store<u64>(record, c.cpuNs, 32);
  store<u32>(record, c.idLength, 40);
  store<u32>(record, bundleLength, 44);
  memory.copy(record + CONTAINER_HEAD_BYTES, c.id, c.idLength);
  memory.copy(record + CONTAINER_HEAD_BYTES + c.idLength, c.bundle, bundleLength);
  return bytes;
}

/** Ends a piece of a list: moves the cursor at `ua` to `at`, unless not even one record (`done` is 0) did fit. */
function endPiece(ua: u64, at: u64, done: u64, full: bool): Result {
  if (done == 0) return full ? -Errno.ERANGE : 0;
  const r = putCursor(ua, at);
  return r < 0 ? r : <Result>done;
}

/** The first container created after `after`; null when there is none. The host's world is none. */
function nextContainer(after: u64): Container | null {
  let c = firstContainer;
  while (c && (c.isHost || c.createdNs <= after)) c = c.next;
  return c;
}

/** The cursor is the time at which the container listed last was created: the list is in that order. */
export function hostContainerList(t: Thread, cursorAddress: u64, buffer: u64, capacity: u64): Result {
  let r = takeCursor(cursorAddress);
  if (r < 0) return r;
  let at = cursor;
  let done: u64 = 0;
  let full = false;
  let c = nextContainer(at);
  while (c) {
    const bytes = makeContainerRecord(c);
    full = done + bytes > capacity;
    if (full) break;
    r = copyOut(buffer + done, record, bytes);
    if (r < 0) return r;
    done += bytes;
    at = c.createdNs;
    c = nextContainer(at);
  }
  return endPiece(cursorAddress, at, done, full);
}

/** The process of the lowest pid above `after`; null when there is none. */
function nextProcess(c: Container, after: u64): Process | null {
  let found: Process | null = null;
  for (let i: u32 = 0; i < c.pidBuckets; i++) {
    let e = changetype<PidEntry | null>(<usize>load<u32>(c.pidTable + (i << 2)));
    while (e) {
      const p = e.process;
      if (p && p.pid > after && (!found || p.pid < found.pid)) found = p;
      e = e.hashNext;
    }
  }
  return found;
}

/** Puts the argument vector, joined by blanks, or [name] at `to`: its length. */
function putArguments(p: Process, to: usize): u32 {
  const space = p.space;
  let n: u32 = 0;
  if (space) n = spaceRead(space, space.argumentsStart, to, <u32>min<u64>(space.argumentsEnd - space.argumentsStart, TEXT_MAX));
  while (n != 0 && load<u8>(to + n - 1) == 0) n--;
  for (let i: u32 = 0; i < n; i++) if (load<u8>(to + i) == 0) store<u8>(to + i, 0x20);
  if (n != 0) return n;
  const name = changetype<usize>(p.leader) + offsetof<Thread>("name0");
  n = cstringLength(name);
  store<u8>(to, 0x5b);
  memory.copy(to + 1, name, n);
  store<u8>(to + n + 1, 0x5d);
  return n + 2;
}

/** Fills `record` from the process; its size. */
function makeProcessRecord(p: Process): u32 {
  const parent = p.parent;
  const space = p.space;
  const n = putArguments(p, record + PROCESS_HEAD_BYTES);
  const bytes = (PROCESS_HEAD_BYTES + n + 7) & ~7;
  memory.fill(record + PROCESS_HEAD_BYTES + n, 0, bytes - PROCESS_HEAD_BYTES - n);
  store<u32>(record, bytes);
  store<u32>(record, p.pid, 4);
  store<u32>(record, parent ? parent.pid : 0, 8);
  store<u32>(record, p.leader.credentials.uid, 12);
  store<u64>(record, processCpuNs(p), 16);
  store<u64>(record, space ? (<u64>space.pages) << PAGE_SHIFT : 0, 24);
  store<u64>(record, p.startNs, 32);
  store<u32>(record, stateLetter(p.leader), 40);
  store<u32>(record, n, 44);
  return bytes;
}

/** The cursor is the pid listed last. An id of length 0 means the host's processes. */
export function hostContainerProcesses(t: Thread, id: u64, idLength: u64, cursorAddress: u64, buffer: u64, capacity: u64): Result {
  let r: Result = idLength == 0 ? 0 : takeId(id, idLength);
  if (r < 0) return r;
  const c = idLength == 0 ? hostContainer : containerFind(idText, <u32>r);
  if (!c) return -Errno.ENOENT;
  r = takeCursor(cursorAddress);
  if (r < 0) return r;
  let at = cursor;
  let done: u64 = 0;
  let full = false;
  let p = nextProcess(c, at);
  while (p) {
    const bytes = makeProcessRecord(p);
    full = done + bytes > capacity;
    if (full) break;
    r = copyOut(buffer + done, record, bytes);
    if (r < 0) return r;
    done += bytes;
    at = p.pid;
    p = nextProcess(c, at);
  }
  return endPiece(cursorAddress, at, done, full);
}
