// delete: removes a stopped container and all it holds (OCI runtime.md, "Delete").

import { Container, ContainerState } from "../kernel/container/container";
import { Result } from "../kernel/result";
import { discard } from "./create";
import { Failure } from "./failure";
import { refuse } from "./verbs";

/** Removes the container: 0, or -EBUSY when it is not stopped. */
export function remove(c: Container, failure: Failure): Result {
  if (c.state != ContainerState.Stopped) return refuse(c, "delete", failure);
  discard(c);
  return 0;
}
