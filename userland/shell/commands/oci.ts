// `oci`, also as `oci-runtime`: the container verbs. What is not allowed in a state, or wrong in a bundle, the kernel says in words.

import {
  containerCreate,
  containerDelete,
  containerExec,
  containerExecJson,
  containerKill,
  containerList,
  containerStart,
  containerState,
  containerWait,
  stateError,
} from "../../lib/containers";
import { Errno } from "../../../kernel/errno";
import { getDirectory, readFile, Stat, stat } from "../../lib/files";
import { dateTime, humanBytes } from "../../lib/number";
import { absolutePath } from "../../lib/path";
import { sleep, WaitFlag } from "../../lib/process";
import { Session, STATUS_INTERRUPTED } from "../session";
import { signalNumber } from "../signals";
import { Table } from "../../lib/table";
import { failVerb, tellStatus, waitOnTerminal } from "../waiting";
import { ps } from "./machine";
import { bundleOfImage, isImage, removeBundle, runImage, USAGE_RUN_IMAGE } from "./image";

const USAGE_CREATE = "create [--no-terminal] ID BUNDLE";
const USAGE_START = "start [-d] ID";
const USAGE_STATE = "state ID";
const USAGE_KILL = "kill [-a] ID [SIGNAL]";
const USAGE_DELETE = "delete [-f] ID...";
const USAGE_EXEC = "exec [-d] ID COMMAND [ARGUMENT...] | exec [-d] -p PROCESS.json ID";
const USAGE_RUN = "run [--rm] [-d] ID BUNDLE | " + USAGE_RUN_IMAGE;
const USAGE_LIST = "list [-q]";
const USAGE_PS = "ps ID";
const USAGE_WAIT = "wait ID";
const SIGTERM: u32 = 15;
const PROCESS_JSON_BYTES: u32 = 1 << 18;

/** The verbs, for completion. */
export const OCI_VERBS: string[] = ["create", "start", "state", "kill", "delete", "exec", "run", "list", "ps", "wait"];

/** A verb's words taken apart: flags first, then operands. */
class Request {
  flags: string[] = [];
  operands: string[] = [];
  isValid: bool = true;

  constructor(
    public session: Session,
    public verb: string,
    public usage: string,
    words: string[],
    allowed: string[],
  ) {
    let i = 2;
    for (; i < words.length && words[i].length > 1 && words[i].startsWith("-"); i++) {
      if (words[i] == "--") {
        i++;
        break;
      }
      if (!allowed.includes(words[i])) this.isValid = false;
      this.flags.push(words[i]);
    }
    this.operands = words.slice(i);
  }

  has(flag: string): bool {
    return this.flags.includes(flag);
  }

  /** True when flags are known and there are from `least` to `most` operands. */
  fits(least: i32, most: i32): bool {
    return this.isValid && this.operands.length >= least && this.operands.length <= most;
  }

  fail(id: string, error: i64): i32 {
    return failVerb(this.session, this.verb, id, error);
  }

  refuse(): i32 {
    return this.session.usage("oci " + this.usage);
  }
}

export function oci(session: Session, words: string[]): i32 {
  const verb = words.length > 1 ? words[1] : "";
  switch (OCI_VERBS.indexOf(verb)) {
    case 0:
      return create(new Request(session, verb, USAGE_CREATE, words, ["--no-terminal"]));
    case 1:
      return start(new Request(session, verb, USAGE_START, words, ["-d", "--detach"]));
    case 2:
      return state(new Request(session, verb, USAGE_STATE, words, []));
    case 3:
      return kill(new Request(session, verb, USAGE_KILL, words, ["-a", "--all"]));
    case 4:
      return deleteContainers(new Request(session, verb, USAGE_DELETE, words, ["-f", "--force"]));
    case 5:
      return exec(new Request(session, verb, USAGE_EXEC, words, ["-d", "--detach", "-p", "--process"]));
    case 6:
      return runWords(session, verb, words);
    case 7:
      return list(new Request(session, verb, USAGE_LIST, words, ["-q"]));
    case 8:
      return words.length == 3 ? ps(session, ["ps", words[2]]) : session.usage("oci " + USAGE_PS);
    case 9:
      return wait(new Request(session, verb, USAGE_WAIT, words, []));
    default: {
      session.usage("oci VERB ...; the verbs are:");
      const usages: string[] = [
        USAGE_CREATE,
        USAGE_START,
        USAGE_STATE,
        USAGE_KILL,
        USAGE_DELETE,
        USAGE_EXEC,
        USAGE_RUN,
        USAGE_LIST,
        USAGE_PS,
        USAGE_WAIT,
      ];
      for (let i = 0; i < usages.length; i++) session.errors.line("  " + usages[i]);
      return 2;
    }
  }
}

function create(request: Request): i32 {
  if (!request.fits(2, 2)) return request.refuse();
  const id = request.operands[0];
  const error = containerCreate(id, absolutePath(request.operands[1], getDirectory()), !request.has("--no-terminal"));
  if (error < 0) return request.fail(id, error);
  request.session.output.line(`container ${id} created`);
  return 0;
}

function start(request: Request): i32 {
  if (!request.fits(1, 1)) return request.refuse();
  const id = request.operands[0];
  request.session.output.flush();
  const isDetached = request.has("-d") || request.has("--detach");
  const pid = containerStart(id, !isDetached);
  if (pid < 0) return request.fail(id, pid);
  return isDetached ? 0 : waitOnTerminal(request.session, "start", id, 0);
}

function state(request: Request): i32 {
  if (!request.fits(1, 1)) return request.refuse();
  const json = containerState(request.operands[0]);
  if (json === null) return request.fail(request.operands[0], stateError);
  request.session.output.line(json);
  return 0;
}

function kill(request: Request): i32 {
  if (!request.fits(1, 2)) return request.refuse();
  const id = request.operands[0];
  const signal = request.operands.length == 2 ? signalNumber(request.operands[1]) : SIGTERM;
  if (signal < 0) return request.session.failText("oci kill", request.operands[1], "no such signal");
  const error = containerKill(id, signal, request.has("-a") || request.has("--all"));
  return error < 0 ? request.fail(id, error) : 0;
}

function deleteContainers(request: Request): i32 {
  if (!request.fits(1, i32.MAX_VALUE)) return request.refuse();
  let status = 0;
  for (let i = 0; i < request.operands.length; i++) {
    const bundle = bundleOfImage(request.operands[i]);
    const error = containerDelete(request.operands[i], request.has("-f") || request.has("--force"));
    if (error < 0) status = request.fail(request.operands[i], error);
    else removeBundle(bundle);
  }
  return status;
}

function exec(request: Request): i32 {
  const session = request.session;
  const isJson = request.has("-p") || request.has("--process");
  if (!request.fits(2, isJson ? 2 : i32.MAX_VALUE)) return request.refuse();
  const isDetached = request.has("-d") || request.has("--detach");
  const id = request.operands[isJson ? 1 : 0];
  let pid: i64;
  session.output.flush();
  if (isJson) {
    const json = readFile(request.operands[0], PROCESS_JSON_BYTES);
    if (json === null) return session.failText("oci exec", request.operands[0], "cannot be read as a text of at most 256 KiB");
    pid = containerExecJson(id, json, !isDetached);
  } else pid = containerExec(id, request.operands.slice(1), !isDetached);
  if (pid < 0) return request.fail(id, pid);
  return isDetached ? 0 : waitOnTerminal(session, "exec", id, <u32>pid);
}

/** A bundle is run under an ID; what is no bundle may be an image. */
function runWords(session: Session, verb: string, words: string[]): i32 {
  const request = new Request(session, verb, USAGE_RUN, words, ["--rm", "-d", "--detach"]);
  const isBundle = request.fits(2, 2) && isDirectory(request.operands[1]);
  if (isBundle || (request.fits(2, 2) && !isImage(request.operands[0]))) return run(request);
  return runImage(session, words.slice(2));
}

function isDirectory(path: string): bool {
  const info = new Stat();
  return stat(path, info) == 0 && info.isDirectory;
}

function run(request: Request): i32 {
  if (!request.fits(2, 2)) return request.refuse();
  const session = request.session;
  const isDetached = request.has("-d") || request.has("--detach");
  const removes = request.has("--rm");
  if (isDetached && removes) return session.failText("oci run", "", "--rm waits for the end, -d does not: take one of them");
  const id = request.operands[0];
  const error = containerCreate(id, absolutePath(request.operands[1], getDirectory()), !isDetached);
  if (error < 0) return request.fail(id, error);
  session.output.flush();
  const pid = containerStart(id, !isDetached);
  const status = pid < 0 ? request.fail(id, pid) : isDetached ? 0 : waitOnTerminal(session, "run", id, 0);
  // A container that could not start would only be in the way of the next try.
  if (pid >= 0 && !removes) return status;
  const notDeleted = containerDelete(id, true);
  return notDeleted < 0 ? failVerb(session, "delete", id, notDeleted) : status;
}

function list(request: Request): i32 {
  if (!request.fits(0, 0)) return request.refuse();
  const output = request.session.output;
  const containers = containerList();
  const table = new Table(["ID", "STATUS", "PID", "PROCESSES", "MEMORY", "CREATED", "BUNDLE"], [2, 3, 4]);
  for (let i = 0; i < containers.length; i++) {
    const c = containers[i];
    if (request.has("-q")) output.line(c.id);
    const pid = c.initPid == 0 ? "-" : c.initPid.toString();
    table.add([c.id, c.status, pid, c.processes.toString(), humanBytes(c.memoryBytes), dateTime(c.createdNs), c.bundle]);
  }
  if (!request.has("-q")) table.print(output);
  return 0;
}

/** Waits without giving the terminal away; Ctrl-C ends the waiting only. */
function wait(request: Request): i32 {
  if (!request.fits(1, 1)) return request.refuse();
  const id = request.operands[0];
  while (true) {
    const ended = containerWait(id, 0, WaitFlag.NoWait);
    if (ended >= 0) return tellStatus(request.session, id, <i32>ended);
    if (ended != -Errno.EAGAIN) return request.fail(id, ended);
    if (request.session.interrupted()) return STATUS_INTERRUPTED;
    sleep(50_000_000);
  }
  return 0;
}
