// What the verbs share: finding the container and saying why a verb does not fit its state.

import { Container, ContainerState } from "../kernel/container/container";
import { containerFind } from "../kernel/container/lifecycle";
import { Errno } from "../kernel/errno";
import { Failure, failBegin, failPut, failPutBytes, failureClear } from "./failure";

/** Name of a state as the OCI specification has it. */
export function stateName(state: u32): string {
  switch (state) {
    case ContainerState.Creating:
      return "creating";
    case ContainerState.Created:
      return "created";
    case ContainerState.Running:
      return "running";
    case ContainerState.Paused:
      return "paused";
  }
  return "stopped";
}

/** The container of that id; null with the failure told (ENOENT). */
export function find(id: usize, length: u32, failure: Failure): Container | null {
  failureClear(failure);
  const c = containerFind(id, length);
  if (c) return c;
  failBegin(failure, Errno.ENOENT);
  failPut(failure, 'no container "');
  failPutBytes(failure, id, min<u32>(length, 64));
  failPut(failure, '"');
  return null;
}

/** Tells that `verb` cannot be done in the state the container is in; returns -EBUSY. */
export function refuse(c: Container, verb: string, failure: Failure): i64 {
  failBegin(failure, Errno.EBUSY);
  failPut(failure, "cannot ");
  failPut(failure, verb);
  failPut(failure, ' container "');
  failPutBytes(failure, c.id, c.idLength);
  failPut(failure, '": it is ');
  failPut(failure, stateName(c.state));
  return -Errno.EBUSY;
}
