// `linux-box run PATH`: runs one static Linux program. There is no Linux in the host world, so it gets a container of its own for as
// long as it runs: a root file system with nothing but the program.

import { containerCreate, containerDelete, containerStart } from "../../lib/containers";
import { remove } from "../../lib/files";
import { jsonTexts } from "../../lib/json/write";
import { monotonicTime } from "../../lib/process";
import { makeDirectories, writeFile } from "../../lib/tree";
import { copyTree } from "../copy";
import { Session } from "../session";
import { failVerb, waitOnTerminal } from "../waiting";

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
  error = writeFile(bundle + "/config.json", configuration(words.slice(2)));
  if (error < 0) return session.fail("linux-box", bundle, error);

  error = containerCreate(id, bundle, true);
  if (error < 0) return failVerb(session, "create", id, error);
  const pid = containerStart(id, true);
  const ended = pid < 0 ? failVerb(session, "start", words[2], pid) : waitOnTerminal(session, "start", id, 0);
  containerDelete(id, true);
  return ended;
}

/** config.json for the program, which is /program in there and gets the words after its path as arguments. */
function configuration(programArguments: string[]): string {
  const list = jsonTexts(["/program"].concat(programArguments.slice(1)));
  return `{"ociVersion":"1.0.2","root":{"path":"rootfs"},"process":{"terminal":true,"cwd":"/","user":{"uid":0,"gid":0},"args":${list}}}`;
}
