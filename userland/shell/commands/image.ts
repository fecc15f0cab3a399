// `image`, which is a program of its own, and `oci run IMAGE`: a bundle made of the image, and a container of that, until it ends.

import { containerCreate, containerDelete, containerList, containerStart } from "../../lib/containers";
import { close, O_WRONLY, open, readFile } from "../../lib/files";
import { spawn, wait } from "../../lib/process";
import { removeAll } from "../../lib/tree";
import { runProgram } from "../program";
import { Session } from "../session";
import { failVerb, waitOnTerminal } from "../waiting";

const PROGRAM: string = "/bin/image";
/** Where bundles of images are. */
const BUNDLES: string = "/run/oci/";
export const USAGE_RUN_IMAGE: string = "run [-d] [-t] [-p HOST:GUEST[/udp]]... [-e NAME=VALUE]... [--name ID] IMAGE [ARG...]";

export function image(session: Session, words: string[]): i32 {
  return runProgram(session, PROGRAM, [PROGRAM].concat(words.slice(1)));
}

/** True when there is an image of that name. */
export function isImage(name: string): bool {
  const nothing = open("/dev/null", O_WRONLY);
  if (nothing < 0) return false;
  const pid = spawn(PROGRAM, [PROGRAM, "inspect", name], 0, <i32>nothing, <i32>nothing, false);
  close(<i32>nothing);
  const ended = pid < 0 ? pid : wait(<u32>pid);
  return ended >= 0 && <i32>ended == 0;
}

/** The words of `oci run IMAGE`, taken apart. */
class RunRequest {
  isDetached: bool = false;
  id: string = "";
  ports: string[] = [];
  /** Options of `image prepare`. */
  options: string[] = [];
  /** The image and its arguments. */
  operands: string[] = [];
  isValid: bool = true;

  constructor(words: string[]) {
    let i = 0;
    for (; i < words.length && words[i].length > 1 && words[i].startsWith("-"); i++) {
      const word = words[i];
      if (word == "-d" || word == "--detach") this.isDetached = true;
      else if (word == "-t") this.options.push("-t");
      else if (i + 1 < words.length && (word == "-p" || word == "-e" || word == "--name")) {
        const value = words[++i];
        if (word == "-p") this.ports.push(value.includes("/") ? value : value + "/tcp");
        else if (word == "--name") this.id = value;
        else this.options.push("--env=" + value);
      } else this.isValid = false;
    }
    this.operands = words.slice(i);
    this.isValid = this.isValid && this.operands.length > 0;
  }
}

/** An ID for a container of the image that nobody has yet: its last name and a number. */
function freeId(name: string): string {
  const containers = containerList();
  const taken = new Set<string>();
  for (let i = 0; i < containers.length; i++) taken.add(containers[i].id);
  const base = name.substring(name.lastIndexOf("/") + 1).split(":")[0];
  let number = 1;
  while (taken.has(`${base}-${number}`)) number++;
  return `${base}-${number}`;
}

/** Runs `oci run` with the words behind it. */
export function runImage(session: Session, words: string[]): i32 {
  const request = new RunRequest(words);
  if (!request.isValid) return session.usage("oci " + USAGE_RUN_IMAGE);
  const name = request.operands[0];
  const id = request.id == "" ? freeId(name) : request.id;
  const bundle = BUNDLES + id;
  if (readFile(bundle + "/config.json", 1 << 20) !== null) return session.failText("oci run", id, "there is a container of this name");
  const prepare: string[] = [PROGRAM, "prepare", "--hostname", id];
  for (let i = 0; i < request.options.length; i++) {
    const isVariable = request.options[i].startsWith("--env=");
    prepare.push(isVariable ? "--env" : request.options[i]);
    if (isVariable) prepare.push(request.options[i].substring(6));
  }
  if (request.ports.length > 0) {
    prepare.push("--annotation");
    prepare.push("cyrius.publish=" + request.ports.join(","));
  }
  const status = runProgram(session, PROGRAM, prepare.concat([name, bundle]).concat(request.operands.slice(1)));
  if (status != 0) {
    removeAll(bundle);
    return status;
  }
  return runPrepared(session, id, bundle, request.isDetached);
}

function runPrepared(session: Session, id: string, bundle: string, isDetached: bool): i32 {
  const error = containerCreate(id, bundle, !isDetached);
  if (error < 0) {
    removeAll(bundle);
    return failVerb(session, "run", id, error);
  }
  session.output.flush();
  const pid = containerStart(id, !isDetached);
  const status = pid < 0 ? failVerb(session, "run", id, pid) : isDetached ? 0 : waitOnTerminal(session, "run", id, 0);
  if (pid >= 0 && isDetached) {
    session.output.line(id);
    return 0;
  }
  const notDeleted = containerDelete(id, true);
  removeAll(bundle);
  return notDeleted < 0 ? failVerb(session, "delete", id, notDeleted) : status;
}

/** The bundle that `oci run IMAGE` has made for container `id`; "" when it has made none. */
export function bundleOfImage(id: string): string {
  const containers = containerList();
  for (let i = 0; i < containers.length; i++)
    if (containers[i].id == id && containers[i].bundle.startsWith(BUNDLES)) return containers[i].bundle;
  return "";
}

/** Removes the bundle of a container that has been deleted. */
export function removeBundle(bundle: string): void {
  if (bundle != "") removeAll(bundle);
}
