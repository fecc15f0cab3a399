// kill: a signal to the container's init, or to all its processes (OCI runtime.md, "Kill").

import { Container, ContainerState } from "../kernel/container/container";
import { Errno } from "../kernel/errno";
import { Result } from "../kernel/result";
import { containerStopped } from "../kernel/task/lifecycle";
import { PidEntry } from "../kernel/task/process";
import { kernelInfo, sendSignalToProcess } from "../kernel/task/signal";
import { Failure, fail } from "./failure";
import { refuse } from "./verbs";

const SIGKILL: u32 = 9;
const SIGTERM: u32 = 15;

/** Sends `signal` (1..64): 0, -EINVAL, -EBUSY. A container that was not started yet is stopped by SIGKILL and SIGTERM. */
export function kill(c: Container, signal: u32, all: bool, failure: Failure): Result {
  if (signal == 0 || signal > 64) {
    fail(failure, Errno.EINVAL, "signal: a number from 1 to 64");
    return -Errno.EINVAL;
  }
  if (c.state == ContainerState.Created) {
    if (signal == SIGKILL || signal == SIGTERM) {
      c.exitStatus = signal;
      containerStopped(c);
    }
    return 0;
  }
  if (c.state != ContainerState.Running && c.state != ContainerState.Paused) return refuse(c, "kill", failure);
  const init = c.init;
  if (!all) {
    if (init) sendSignalToProcess(init, kernelInfo(signal));
    return 0;
  }
  for (let i: u32 = 0; i < c.pidBuckets; i++) {
    let e = changetype<PidEntry | null>(<usize>load<u32>(c.pidTable + (i << 2)));
    while (e) {
      const next = e.hashNext;
      const p = e.process;
      if (p) sendSignalToProcess(p, kernelInfo(signal));
      e = next;
    }
  }
  return 0;
}
