// exec: a further process in a running container.

import { Container, ContainerState } from "../kernel/container/container";
import { threadStart } from "../kernel/task/lifecycle";
import { Process } from "../kernel/task/process";
import { specOf } from "./create";
import { Failure } from "./failure";
import { launch, Streams } from "./launch";
import { SpecProcess } from "./spec/model";
import { refuse } from "./verbs";

/** Runs `p` in the container; `watch` tags the process for the end hook. Null with the failure told. */
export function exec(c: Container, p: SpecProcess, streams: Streams, watch: usize, failure: Failure): Process | null {
  if (c.state != ContainerState.Running) {
    refuse(c, "exec in", failure);
    return null;
  }
  const process = launch(c, p, specOf(c).process, streams, failure);
  if (!process) return null;
  process.watch = watch;
  threadStart(process.leader);
  return process;
}
