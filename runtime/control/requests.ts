// The requests of the control protocol: each decodes its fields, calls the verb and answers. WAIT, RUN and EXEC are answered when their
// process has ended, by processEnded below.

import { channelFind } from "../../kernel/channel";
import { Container, ContainerState, hostContainer } from "../../kernel/container/container";
import { containerFind } from "../../kernel/container/lifecycle";
import { Errno } from "../../kernel/errno";
import { textFree, textNew } from "../../kernel/lib/text";
import { powerOff, reboot } from "../../kernel/power";
import { Result } from "../../kernel/result";
import { processFind } from "../../kernel/task/pids";
import { Process } from "../../kernel/task/process";
import { kernelInfo, sendSignalToProcess } from "../../kernel/task/signal";
import { FsContext } from "../../kernel/vfs/inode";
import { create, specOf } from "../create";
import { remove } from "../delete";
import { exec } from "../exec";
import { fail, failureClear } from "../failure";
import { kill } from "../kill";
import { Streams } from "../launch";
import { start } from "../start";
import { putState } from "../state";
import { SpecProcess, specProcessFree } from "../spec/model";
import { specParseProcess } from "../spec/parse";
import { find } from "../verbs";
import { listingsPump, listingStart } from "./listing";
import { exited, failure, ok, okWith, refused, refusedForMemory, reportMissing } from "./reply";
import {
  firstSession,
  pumpAll,
  Session,
  sessionClose,
  sessionCredit,
  sessionFind,
  sessionFree,
  sessionInput,
  sessionNew,
  sessionPipes,
  sessionResize,
  sessionTerminal,
  setSessionDrained,
  streamsRelease,
} from "./session";
import { statsNew } from "./stats";
import { answerWaiting, waitFor } from "./waiting";
import {
  frameBegin,
  frameBytes,
  frameEnd,
  frameLiteral,
  frameU32,
  Message,
  payloadBegin,
  payloadComplete,
  payloadRest,
  payloadString,
  payloadU32,
  stringLength,
  wireIsDrained,
  wireOpen,
} from "./wire";
import { workSchedule } from "../../kernel/task/work";

const VERSION: u32 = 1;
const FLAG_FORCE: u32 = 1;
const FLAG_MISSING: u32 = 1;
const EVERY_PROCESS: u32 = 0xffff_ffff;
const SIGKILL: u32 = 9;

const streams = changetype<Streams>(memory.data(12, 8));
const item = memory.data(8, 8);
let host: FsContext = changetype<FsContext>(0);
let greeted = false;
/** Power off (0) or reboot (1) once everything has gone out; -1 for neither. */
let ending: i32 = -1;

/** Gives the session streams as the process wants them: a terminal or three pipes. */
function openStreams(s: Session, c: Container, p: SpecProcess): bool {
  return p.terminal ? sessionTerminal(s, c, streams, p.consoleHeight, p.consoleWidth) : sessionPipes(s, streams);
}

/** A new session on `channel`; null with the failure told when the channel is in use or memory is short. */
function openSession(channel: u32): Session | null {
  failureClear(failure);
  if (channel == 0 || sessionFind(channel)) {
    fail(failure, Errno.EINVAL, "channel: 0 or in use");
    return null;
  }
  const s = sessionNew(channel);
  if (!s) fail(failure, Errno.ENOMEM, "out of memory");
  return s;
}

function runContainer(s: Session, c: Container): Result {
  const p = specOf(c).process;
  if (!openStreams(s, c, p)) {
    fail(failure, Errno.ENOMEM, "out of memory");
    return -Errno.ENOMEM;
  }
  c.console = changetype<usize>(s.tty);
  const r = start(c, streams, failure);
  streamsRelease(s, streams);
  return r;
}

function onRun(channel: u32): bool {
  const request = payloadU32();
  const id = payloadString();
  const idLength = stringLength;
  const bundle = payloadString();
  const bundleLength = stringLength;
  const flags = payloadU32();
  if (!payloadComplete()) return false;
  const s = openSession(channel);
  if (!s) {
    refused(request, false);
    return true;
  }
  s.request = request;
  s.removes = true;
  s.reportsMissing = (flags & FLAG_MISSING) != 0;
  if (create(id, idLength, host, bundle, bundleLength, failure) < 0) {
    sessionFree(s);
    refused(request, false);
    return true;
  }
  const c = containerFind(id, idLength)!;
  s.container = c;
  if (runContainer(s, c) >= 0) return true;
  sessionFree(s);
  refused(request, true);
  c.console = 0;
  removeQuietly(c);
  return true;
}

function removeQuietly(c: Container): void {
  const errno = failure.errno;
  const length = failure.length;
  remove(c, failure);
  failure.errno = errno;
  failure.length = length;
}

function onCreate(channel: u32): bool {
  const request = payloadU32();
  const id = payloadString();
  const idLength = stringLength;
  const bundle = payloadString();
  const bundleLength = stringLength;
  if (!payloadComplete()) return false;
  let s: Session | null = null;
  if (channel != 0) {
    s = openSession(channel);
    if (!s) {
      refused(request, false);
      return true;
    }
  }
  if (create(id, idLength, host, bundle, bundleLength, failure) < 0) {
    if (s) sessionFree(s);
    refused(request, false);
    return true;
  }
  if (s) s.container = containerFind(id, idLength);
  ok(request);
  return true;
}

/** The session a created container's init gets, or null. */
function sessionOf(c: Container): Session | null {
  let s = firstSession();
  while (s && (s.container != c || s.watched != 0)) s = s.next;
  return s;
}

function onStart(): bool {
  const request = payloadU32();
  const id = payloadString();
  const idLength = stringLength;
  if (!payloadComplete()) return false;
  const c = find(id, idLength, failure);
  if (!c) {
    refused(request, false);
    return true;
  }
  let s = sessionOf(c);
  if (!s) {
    // Nobody listens: a session without a channel, whose output is dropped.
    s = sessionNew(0);
    if (s) s.container = c;
  }
  if (c.state != ContainerState.Created || !s) {
    if (s && c.state != ContainerState.Created) start(c, streams, failure);
    else fail(failure, Errno.ENOMEM, "out of memory");
    refused(request, false);
    return true;
  }
  const r = runContainer(s, c);
  if (r < 0) refused(request, true);
  else ok(request);
  return true;
}

function onState(): bool {
  const request = payloadU32();
  const id = payloadString();
  const idLength = stringLength;
  if (!payloadComplete()) return false;
  const c = find(id, idLength, failure);
  const text = c ? textNew(512) : null;
  if (!c || !text) {
    if (c) fail(failure, Errno.ENOMEM, "out of memory");
    refused(request, false);
    return true;
  }
  putState(text, c);
  okWith(request, text);
  textFree(text);
  return true;
}

function onKill(): bool {
  const request = payloadU32();
  const id = payloadString();
  const idLength = stringLength;
  const signal = payloadU32();
  const pid = payloadU32();
  if (!payloadComplete()) return false;
  const c = find(id, idLength, failure);
  let r: Result = c ? 0 : -Errno.ENOENT;
  if (c && pid != 0 && pid != EVERY_PROCESS) {
    const p = processFind(c, pid);
    if (!p || signal == 0 || signal > 64) {
      fail(failure, p ? Errno.EINVAL : Errno.ESRCH, p ? "signal: a number from 1 to 64" : "pid: no such process");
      r = -failure.errno;
    } else sendSignalToProcess(p, kernelInfo(signal));
  } else if (c) r = kill(c, signal, pid == EVERY_PROCESS, failure);
  if (r < 0) refused(request, false);
  else ok(request);
  return true;
}

function onDelete(): bool {
  const request = payloadU32();
  const id = payloadString();
  const idLength = stringLength;
  const flags = payloadU32();
  if (!payloadComplete()) return false;
  const c = find(id, idLength, failure);
  if (!c) {
    refused(request, false);
    return true;
  }
  if (flags & FLAG_FORCE && c.state != ContainerState.Stopped && c.deleteRequest == 0) {
    kill(c, SIGKILL, true, failure);
    if (c.state != ContainerState.Stopped) {
      c.deleteRequest = request; // answered when the last process has gone
      return true;
    }
  }
  finishDelete(c, request);
  return true;
}

function finishDelete(c: Container, request: u32): void {
  const s = sessionOf(c);
  if (s && c.state == ContainerState.Stopped) {
    c.console = 0;
    if (s.request != 0) exited(s.channel, s.request, c.exitStatus); // RUN, whose container goes from under it
    sessionFree(s);
  }
  if (remove(c, failure) < 0) refused(request, false);
  else ok(request);
}

function onExec(channel: u32): bool {
  const request = payloadU32();
  const id = payloadString();
  const idLength = stringLength;
  const text = payloadString();
  const textLength = stringLength;
  if (!payloadComplete()) return false;
  const c = find(id, idLength, failure);
  const p = c ? specParseProcess(text, textLength, failure) : null;
  const s = p ? openSession(channel) : null;
  if (!c || !p || !s) {
    refused(request, false);
    if (p) specProcessFree(p);
    return true;
  }
  s.container = c;
  s.request = request;
  s.watched = changetype<usize>(s);
  let process: Process | null = null;
  if (openStreams(s, c, p)) {
    process = exec(c, p, streams, changetype<usize>(s), failure);
    streamsRelease(s, streams);
  } else fail(failure, Errno.ENOMEM, "out of memory");
  specProcessFree(p);
  if (!process) {
    sessionFree(s);
    refused(request, failure.errno != Errno.EBUSY);
    return true;
  }
  store<u32>(item, process.pid);
  frameBegin(Message.Item, 0);
  frameU32(request);
  frameBytes(item, 4);
  frameEnd();
  return true;
}

function onList(): bool {
  const request = payloadU32();
  if (!payloadComplete()) return false;
  if (!listingStart(request)) refusedForMemory(request);
  return true;
}

function onWait(): bool {
  const request = payloadU32();
  const id = payloadString();
  const idLength = stringLength;
  if (!payloadComplete()) return false;
  const c = find(id, idLength, failure);
  if (!c) refused(request, false);
  else if (c.state == ContainerState.Stopped) exited(0, request, c.exitStatus);
  else if (!waitFor(c, request)) refusedForMemory(request);
  return true;
}

function onStats(): bool {
  const request = payloadU32();
  if (!payloadComplete()) return false;
  const text = statsNew();
  if (text) {
    okWith(request, text);
    textFree(text);
  } else refusedForMemory(request);
  return true;
}

function onShutdown(): bool {
  const request = payloadU32();
  const how = payloadU32();
  if (!payloadComplete() || how > 1) return false;
  ok(request);
  ending = <i32>how;
  if (wireIsDrained()) end();
  return true;
}

function end(): void {
  if (ending == 0) powerOff();
  else if (ending == 1) reboot();
}

function onHello(): bool {
  const version = payloadU32();
  payloadU32();
  payloadString();
  if (!payloadComplete() || version != VERSION) return false;
  greeted = true;
  return true;
}

/** Frames for a session; those for one that has just ended are dropped. */
function onSession(type: u32, s: Session | null): bool {
  if (type == Message.Stdin) {
    const p = payloadRest();
    return !s || sessionInput(s, p, stringLength);
  }
  const stream = payloadU32();
  if (type == Message.Close) {
    if (!payloadComplete() || stream > 2) return false;
    if (s) sessionClose(s, stream);
    return true;
  }
  const second = payloadU32();
  if (!payloadComplete()) return false;
  if (!s) return true;
  if (type == Message.Resize) {
    sessionResize(s, stream, second);
    return true;
  }
  return stream != 0 && stream <= 2 && sessionCredit(s, stream, second);
}

/** One whole frame from the host: false when it breaks the protocol. */
function onFrame(type: u32, channel: u32, p: usize, bytes: u32): bool {
  payloadBegin(p, bytes);
  if (!greeted) return type == Message.Hello && channel == 0 && onHello();
  if (type >= <u32>Message.Stdin && type <= <u32>Message.Resize && type != Message.Stdout && type != Message.Stderr) {
    return channel != 0 && onSession(type, sessionFind(channel));
  }
  if (type == Message.Run) return onRun(channel);
  if (type == Message.Create) return onCreate(channel);
  if (type == Message.Exec) return onExec(channel);
  if (channel != 0) return false;
  switch (type) {
    case Message.Start:
      return onStart();
    case Message.State:
      return onState();
    case Message.Kill:
      return onKill();
    case Message.Delete:
      return onDelete();
    case Message.List:
      return onList();
    case Message.Wait:
      return onWait();
    case Message.Shutdown:
      return onShutdown();
    case Message.Stats:
      return onStats();
  }
  return false;
}

function onRoom(): void {
  if (ending >= 0 && wireIsDrained()) end();
  listingsPump();
  pumpAll();
}

/** The process of a session has ended and all it wrote is on its way. */
function sessionDrained(s: Session): void {
  const c = s.container;
  if (s.request == 0) return;
  if (s.removes && c) {
    if (c.state != ContainerState.Stopped) return; // other processes are still going
    if (s.reportsMissing) reportMissing(s.channel, s.request, c);
  }
  exited(s.channel, s.request, s.status);
  const removes = s.removes;
  if (c && s.watched == 0) c.console = 0;
  sessionFree(s);
  if (removes && c) remove(c, failure);
}

/** A process without parent has ended: an init, or one that exec started. */
export function processEnded(p: Process): void {
  const c = p.container;
  if (c == hostContainer) return;
  let s = firstSession();
  while (s) {
    if ((p.watch != 0 && s.watched == p.watch) || (c.init == p && s.container == c && s.watched == 0)) {
      s.ended = true;
      s.status = p.exitStatus;
      workSchedule(s.work);
    }
    s = s.next;
  }
}

/** The container's last process has gone. */
export function containerEnded(c: Container): void {
  answerWaiting(c);
  let s = firstSession();
  while (s) {
    if (s.container == c) workSchedule(s.work);
    s = s.next;
  }
  const request = c.deleteRequest;
  c.deleteRequest = 0;
  if (request != 0) finishDelete(c, request);
}

/** Claims the control channel, if the machine has one, and greets: `tree` is what bundle paths are resolved in. */
export function controlStart(tree: FsContext): bool {
  const channel = channelFind("cyrius.control");
  if (!channel || changetype<usize>(host) != 0 || !wireOpen(channel, onFrame, onRoom)) return false;
  host = tree;
  setSessionDrained(sessionDrained);
  frameBegin(Message.Hello, 0);
  frameU32(VERSION);
  frameU32(0);
  frameLiteral("cyrius 0.1.0");
  frameEnd();
  return true;
}
