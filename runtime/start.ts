// start: runs process.args as the container's init (OCI runtime.md, "Start").

import { Container, ContainerState } from "../kernel/container/container";
import { Errno } from "../kernel/errno";
import { containerStopped, threadStart } from "../kernel/task/lifecycle";
import { Result } from "../kernel/result";
import { specOf } from "./create";
import { Failure } from "./failure";
import { launch, Streams } from "./launch";
import { refuse } from "./verbs";

/**
 * Starts a created container with the given streams: pid of its init (always 1), or -errno with the failure told. When the program cannot
 * be run the container is stopped, with exit status 127 (no such program) or 126.
 */
export function start(c: Container, streams: Streams, failure: Failure): Result {
  if (c.state != ContainerState.Created) return refuse(c, "start", failure);
  const spec = specOf(c);
  const process = launch(c, spec.process, spec.process, streams, failure);
  if (!process) {
    c.exitStatus = (failure.errno == Errno.ENOENT ? 127 : 126) << 8;
    containerStopped(c);
    return -failure.errno;
  }
  c.init = process;
  c.state = ContainerState.Running;
  threadStart(process.leader);
  return process.pid;
}
