// How a container's process is waited for, and what people are told of it.

import { Errno } from "../../kernel/errno";
import { containerWait, lastMessage } from "../lib/containers";
import { errorText } from "../lib/errors";
import { WaitFlag } from "../lib/process";
import { Session } from "./session";
import { signalText } from "./signals";

/** Tells why the kernel refused a verb: in its own words, if it has some. */
export function failVerb(session: Session, verb: string, id: string, error: i64): i32 {
  const reason = lastMessage(); // names the container, if that matters
  if (reason != "") return session.failText(`oci ${verb}`, "", reason);
  return session.failText(`oci ${verb}`, id, error == -Errno.ENOENT ? "no such container" : errorText(error));
}

/** Waits on the terminal until process `pid` (0: the init) of `id` has ended; tells how unless it was status 0. */
export function waitOnTerminal(session: Session, verb: string, id: string, pid: u32): i32 {
  session.output.flush();
  const ended = containerWait(id, pid, WaitFlag.Terminal);
  return ended < 0 ? failVerb(session, verb, id, ended) : tellStatus(session, id, <i32>ended);
}

/** "[c1 exited with status 3]": the shell's status for wait status `ended`. */
export function tellStatus(session: Session, id: string, ended: i32): i32 {
  const signal = ended & 0x7f;
  const code = (ended >> 8) & 0xff;
  if (signal != 0) session.errors.line(`[${id} was killed by signal ${signalText(signal)}]`);
  else if (code != 0) session.errors.line(`[${id} exited with status ${code}]`);
  return signal != 0 ? 128 + signal : code;
}
