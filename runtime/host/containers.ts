// Host calls on containers: the verbs of the OCI runtime specification (docs/host-syscalls.md, "Containers").

import { Container, ContainerState, stopQueue } from "../../kernel/container/container";
import { containerFind } from "../../kernel/container/lifecycle";
import { Errno } from "../../kernel/errno";
import { Text, textFree, textNew } from "../../kernel/lib/text";
import { copyOut } from "../../kernel/mm/user";
import { Result } from "../../kernel/result";
import { park, Thread } from "../../kernel/task/thread";
import { consoleDrop } from "../../kernel/tty/console";
import { Tty } from "../../kernel/tty/tty";
import { create, specOf } from "../create";
import { remove } from "../delete";
import { fail } from "../failure";
import { kill } from "../kill";
import { Streams } from "../launch";
import { start } from "../start";
import { putState } from "../state";
import { find } from "../verbs";
import { contextOf, failure, idText, messageBegin, messageEnd, pathText, takeId, takePath } from "./arguments";
import { executionsForget } from "./execution";
import { lendConsole } from "./loan";
import { closeStreams, openStreams, terminalFor } from "./streams";

const FLAG_TERMINAL: u64 = 1;
const FLAG_FOREGROUND: u64 = 1;
const FLAG_ALL: u64 = 1;
const FLAG_FORCE: u64 = 1;
const SIGKILL: u32 = 9;

const streams = changetype<Streams>(memory.data(12, 8));

/** Takes the id and readies the message of a verb: the id's length, or -errno. */
function begin(id: u64, idLength: u64, message: u64): Result {
  const n = takeId(id, idLength);
  if (n < 0) {
    const r = n == -Errno.EFAULT ? n : messageBegin(message);
    if (r < 0) return r;
    fail(failure, Errno.EINVAL, "id: 1 to 255 letters, digits and _ . + -, beginning with a letter or digit");
    return messageEnd(message, n);
  }
  const r = messageBegin(message);
  return r < 0 ? r : n;
}

function outOfMemory(): Result {
  fail(failure, Errno.ENOMEM, "out of memory");
  return -Errno.ENOMEM;
}

export function hostContainerCreate(t: Thread, id: u64, idLength: u64, bundle: u64, bundleLength: u64, flags: u64, message: u64): Result {
  if ((flags & ~FLAG_TERMINAL) != 0) return -Errno.EINVAL;
  const n = begin(id, idLength, message);
  if (n < 0) return n;
  const m = takePath(pathText, bundle, bundleLength);
  if (m < 0) return m;
  let r: Result = 0;
  if (load<u8>(pathText) != 0x2f) {
    fail(failure, Errno.EINVAL, "bundle: an absolute path");
    r = -Errno.EINVAL;
  } else r = create(idText, <u32>n, contextOf(t), pathText, <u32>m, failure);
  if (r >= 0 && (flags & FLAG_TERMINAL) != 0) r = giveTerminal(containerFind(idText, <u32>n)!);
  return messageEnd(message, r);
}

/** Gives a new container its terminal on the console; without memory for that there is no container. */
function giveTerminal(c: Container): Result {
  const tty = terminalFor(c, specOf(c).process);
  if (tty) {
    c.console = changetype<usize>(tty);
    return 0;
  }
  c.state = ContainerState.Stopped;
  remove(c, failure);
  return outOfMemory();
}

export function hostContainerStart(t: Thread, id: u64, idLength: u64, flags: u64, message: u64): Result {
  if ((flags & ~FLAG_FOREGROUND) != 0) return -Errno.EINVAL;
  const n = begin(id, idLength, message);
  if (n < 0) return n;
  const c = find(idText, <u32>n, failure);
  const tty = c ? changetype<Tty | null>(c.console) : null;
  let r: Result = -Errno.ENOENT;
  if (c) {
    r = openStreams(streams, c, tty);
    if (r < 0) fail(failure, <i32>-r, "/dev/null: cannot be opened");
    else {
      r = start(c, streams, failure);
      closeStreams(streams);
    }
  }
  if (r >= 0 && flags != 0 && tty) lendConsole(t, tty);
  return messageEnd(message, r);
}

export function hostContainerState(t: Thread, id: u64, idLength: u64, buffer: u64, capacity: u64, message: u64): Result {
  const n = begin(id, idLength, message);
  if (n < 0) return n;
  const c = find(idText, <u32>n, failure);
  return messageEnd(message, c ? stateOut(c, buffer, capacity) : -Errno.ENOENT);
}

function stateOut(c: Container, buffer: u64, capacity: u64): Result {
  const text: Text | null = textNew(512);
  if (!text) return outOfMemory();
  putState(text, c);
  let r: Result = text.length;
  if (text.failed) r = outOfMemory();
  else if (text.length > capacity) {
    fail(failure, Errno.ERANGE, "state: longer than the buffer");
    r = -Errno.ERANGE;
  } else {
    const copied = copyOut(buffer, text.data, text.length);
    if (copied < 0) r = copied;
  }
  textFree(text);
  return r;
}

export function hostContainerKill(t: Thread, id: u64, idLength: u64, signal: u64, flags: u64, message: u64): Result {
  if ((flags & ~FLAG_ALL) != 0) return -Errno.EINVAL;
  const n = begin(id, idLength, message);
  if (n < 0) return n;
  const c = find(idText, <u32>n, failure);
  return messageEnd(message, c ? kill(c, <u32>min<u64>(signal, 65), flags != 0, failure) : -Errno.ENOENT);
}

export function hostContainerDelete(t: Thread, id: u64, idLength: u64, flags: u64, message: u64): Result {
  if ((flags & ~FLAG_FORCE) != 0) return -Errno.EINVAL;
  const n = begin(id, idLength, message);
  if (n < 0) return n;
  const c = find(idText, <u32>n, failure);
  if (!c) return messageEnd(message, -Errno.ENOENT);
  if (flags != 0 && c.state != ContainerState.Stopped) {
    kill(c, SIGKILL, true, failure);
    if (c.state != ContainerState.Stopped) return park(stopQueue(c));
  }
  if (c.state == ContainerState.Stopped) {
    executionsForget(c);
    const tty = changetype<Tty | null>(c.console);
    c.console = 0;
    if (tty) consoleDrop(tty);
  }
  return messageEnd(message, remove(c, failure));
}
