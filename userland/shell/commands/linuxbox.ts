// `linux-box run PATH`: runs one static Linux program. There is no Linux in the host world, so it gets a container of its own for as
// long as it runs: a root file system with nothing but the program.

import { containerCreate, containerDelete, containerStart } from "../../lib/containers";
import { close, O_CREAT, O_TRUNC, O_WRONLY, open, remove, writeAll } from "../../lib/files";
import { toBytes } from "../../lib/bytes";
import { monotonicTime } from "../../lib/process";
import { copyTree } from "../copy";
import { Session } from "../session";
import { failVerb, waitOnTerminal } from "./oci";
import { makeDirectories } from "./tree";

export function linuxBox(session: Session, words: string[]): i32 {
  if (words.length < 3 || words[1] != "run") return session.usage();
  const id = `linux-box-${monotonicTime()}`;
  const bundle = "/run/" + id;
  const status = runInBundle(session, id, bundle, words);
  remove(bundle + "/rootfs/program");
  remove(bundle + "/rootfs");
  remove(bundle + "/config.json");
  remove(bundle);
  return status;
}

function runInBundle(session: Session, id: string, bundle: string, words: string[]): i32 {
  let error = makeDirectories(bundle + "/rootfs", 0o755);
  if (error < 0) return session.fail("linux-box", bundle, error);
  const status = copyTree(session, "linux-box", words[2], bundle + "/rootfs/program", false, false);
  if (status != 0) return status;
  error = writeText(bundle + "/config.json", configuration(words.slice(2)));
  if (error < 0) return session.fail("linux-box", bundle, error);

  error = containerCreate(id, bundle, true);
  if (error < 0) return failVerb(session, "create", id, error);
  const pid = containerStart(id, true);
  const ended = pid < 0 ? failVerb(session, "start", words[2], pid) : waitOnTerminal(session, "start", id, 0);
  containerDelete(id, true);
  return ended;
}

function writeText(path: string, text: string): i64 {
  const fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o644);
  if (fd < 0) return fd;
  const bytes = toBytes(text);
  const error = writeAll(<i32>fd, changetype<usize>(bytes), bytes.length);
  close(<i32>fd);
  return error;
}

/** config.json for the program, which is /program in there and gets the words after its path as arguments. */
function configuration(programArguments: string[]): string {
  let list = '"/program"';
  for (let i = 1; i < programArguments.length; i++) list += "," + jsonString(programArguments[i]);
  return `{"ociVersion":"1.0.2","root":{"path":"rootfs"},"process":{"terminal":true,"cwd":"/","user":{"uid":0,"gid":0},"args":[${list}]}}`;
}

/** `text` as a JSON string; its bytes above 0x7f pass as they are. */
function jsonString(text: string): string {
  let quoted = '"';
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c < 0x20) quoted += "\\u00" + (c < 0x10 ? "0" : "1") + (c & 15).toString(16);
    else quoted += (c == 0x22 || c == 0x5c ? "\\" : "") + text.charAt(i);
  }
  return quoted + '"';
}
