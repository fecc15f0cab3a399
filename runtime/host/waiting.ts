// Host calls that run further processes of a container and wait for the end of its processes (docs/host-syscalls.md, "Containers").

import { Container, ContainerState, stopQueue } from "../../kernel/container/container";
import { containerFind } from "../../kernel/container/lifecycle";
import { Errno } from "../../kernel/errno";
import { kernelAlloc, kernelFree } from "../../kernel/mm/heap";
import { copyIn } from "../../kernel/mm/user";
import { Result } from "../../kernel/result";
import { operationOpens } from "../../kernel/task/operation";
import { park, Thread } from "../../kernel/task/thread";
import { WaitQueue } from "../../kernel/task/wait";
import { consoleDrop } from "../../kernel/tty/console";
import { Tty } from "../../kernel/tty/tty";
import { specOf } from "../create";
import { exec } from "../exec";
import { fail } from "../failure";
import { Streams } from "../launch";
import { SpecProcess, specProcessFree, SpecString, StringList } from "../spec/model";
import { specParseProcess } from "../spec/parse";
import { find } from "../verbs";
import { failure, idText, messageBegin, messageEnd, takeId } from "./arguments";
import { Execution, executionFind, executionFree, executionNew, executionQueue } from "./execution";
import { lendConsole, lendForCall } from "./loan";
import { closeStreams, openStreams, terminalFor } from "./streams";

const EXEC_TERMINAL: u64 = 1;
const EXEC_JSON: u64 = 2;
const WAIT_NO_WAIT: u64 = 1;
const WAIT_TERMINAL: u64 = 2;
const REQUEST_BYTES_MAX: u64 = 256 << 10;

const streams = changetype<Streams>(memory.data(12, 8));
/** A process object made from an argument vector: the container's own with other arguments. */
const derived = changetype<SpecProcess>(memory.data(offsetof<SpecProcess>() + 8, 8));

/** Decodes `n` strings, ended by NUL each, at `p`, into a StringList: its address; 0 when memory is short. Free it with kernelFree. */
function makeList(p: usize, n: u32): usize {
  let count: u32 = 0;
  for (let i: u32 = 0; i < n; i++) if (load<u8>(p + i) == 0) count++;
  const headBytes = (4 + count * 4 + 7) & ~7;
  const list = kernelAlloc(headBytes + n + count * 8);
  if (list == 0) return 0;
  changetype<StringList>(list).count = count;
  let to = list + headBytes;
  let from: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    let length: u32 = 0;
    while (load<u8>(p + from + length) != 0) length++;
    store<usize>(list + 4 + (i << 2), to);
    changetype<SpecString>(to).length = length;
    memory.copy(to + 4, p + from, length + 1);
    to += (4 + length + 1 + 3) & ~3;
    from += length + 1;
  }
  return list;
}

/** Runs `p` in the container, on a terminal of its own or with /dev/null: its pid, or -errno with the failure told. */
function run(t: Thread, c: Container, p: SpecProcess, terminal: bool): Result {
  const tty = terminal ? terminalFor(c, p) : null;
  let e: Execution | null = null;
  if (tty || !terminal) e = executionNew(c, tty);
  if (!e) {
    if (tty) consoleDrop(tty);
    fail(failure, Errno.ENOMEM, "out of memory");
    return -Errno.ENOMEM;
  }
  let r = openStreams(streams, c, tty);
  if (r < 0) fail(failure, <i32>-r, "/dev/null: cannot be opened");
  else {
    const process = exec(c, p, streams, changetype<usize>(e), failure);
    closeStreams(streams);
    r = process ? <Result>process.pid : <Result>-failure.errno;
  }
  if (r < 0) executionFree(e);
  else {
    e.pid = <u32>r;
    if (tty) lendConsole(t, tty);
  }
  return r;
}

/** Runs what the request at `p` describes. */
function runRequest(t: Thread, c: Container, p: usize, n: u32, flags: u64): Result {
  const terminal = (flags & EXEC_TERMINAL) != 0;
  if ((flags & EXEC_JSON) != 0) {
    const process = specParseProcess(p, n, failure);
    if (!process) return -failure.errno;
    process.terminal = terminal;
    const r = run(t, c, process, terminal);
    specProcessFree(process);
    return r;
  }
  if (n == 0 || load<u8>(p + n - 1) != 0) {
    fail(failure, Errno.EINVAL, "request: at least one string, each ended by NUL");
    return -Errno.EINVAL;
  }
  const list = makeList(p, n);
  if (list == 0) {
    fail(failure, Errno.ENOMEM, "out of memory");
    return -Errno.ENOMEM;
  }
  memory.copy(changetype<usize>(derived), changetype<usize>(specOf(c).process), offsetof<SpecProcess>());
  derived.args = changetype<StringList>(list);
  derived.terminal = terminal;
  const r = run(t, c, derived, terminal);
  kernelFree(list);
  return r;
}

export function hostContainerExec(t: Thread, id: u64, idLength: u64, request: u64, bytes: u64, flags: u64, message: u64): Result {
  if ((flags & ~(EXEC_TERMINAL | EXEC_JSON)) != 0) return -Errno.EINVAL;
  if (bytes > REQUEST_BYTES_MAX) return -Errno.E2BIG;
  const n = takeId(id, idLength);
  if (n < 0) return n;
  let r = messageBegin(message);
  if (r < 0) return r;
  const c = find(idText, <u32>n, failure);
  if (!c) return messageEnd(message, -Errno.ENOENT);
  const buffer = kernelAlloc(<u32>max<u64>(bytes, 1));
  if (buffer == 0) return -Errno.ENOMEM;
  r = copyIn(buffer, request, <u32>bytes);
  if (r >= 0) r = messageEnd(message, runRequest(t, c, buffer, <u32>bytes, flags));
  kernelFree(buffer);
  return r;
}

/** Parks until `queue` wakes; with `tty`, that terminal is in front until the call ends, however it ends. */
function waitOnQueue(t: Thread, c: Container, queue: WaitQueue, tty: Tty | null, flags: u64): Result {
  if ((flags & WAIT_NO_WAIT) != 0) return -Errno.EAGAIN;
  operationOpens();
  if ((flags & WAIT_TERMINAL) != 0 && tty) lendForCall(t, tty);
  t.opData = c.identity;
  return park(queue);
}

/** pid 0: the container's init. */
export function hostContainerWait(t: Thread, id: u64, idLength: u64, pid: u64, flags: u64): Result {
  if ((flags & ~(WAIT_NO_WAIT | WAIT_TERMINAL)) != 0) return -Errno.EINVAL;
  const n = takeId(id, idLength);
  if (n < 0) return n;
  const c = containerFind(idText, <u32>n);
  // Another container may have got the id of the one this call waits for.
  if (!c || (t.opData != 0 && t.opData != c.identity)) return -Errno.ENOENT;
  if (pid == 0) {
    if (c.state == ContainerState.Stopped) return c.exitStatus;
    if (c.state != ContainerState.Running && c.state != ContainerState.Paused) return -Errno.EBUSY;
    return waitOnQueue(t, c, stopQueue(c), changetype<Tty | null>(c.console), flags);
  }
  const e = executionFind(c, pid);
  if (!e) return -Errno.ECHILD;
  if (!e.ended) return waitOnQueue(t, c, executionQueue(e), e.tty, flags);
  const status = e.status;
  executionFree(e);
  return status;
}
