// membarrier(2): barriers between the threads of a process, or of all that registered. With one CPU, every thread that does not run has entered the
// kernel since it last touched memory, so there is nothing left to do but the bookkeeping: who registered may use the expedited forms.

import { Errno } from "../../kernel/errno";
import { Result } from "../../kernel/result";
import { Thread } from "../../kernel/task/thread";

/** enum membarrier_cmd of include/uapi/linux/membarrier.h. */
const enum Command {
  MEMBARRIER_CMD_QUERY = 0,
  MEMBARRIER_CMD_GLOBAL = 1,
  MEMBARRIER_CMD_GLOBAL_EXPEDITED = 2,
  MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED = 4,
  MEMBARRIER_CMD_PRIVATE_EXPEDITED = 8,
  MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED = 16,
  MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE = 32,
  MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE = 64,
  MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ = 128,
  MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ = 256,
  MEMBARRIER_CMD_GET_REGISTRATIONS = 512,
}
const COMMANDS: u32 = 0x3ff;
/** The CPU argument says which one to restart sequences on. */
const MEMBARRIER_CMD_FLAG_CPU: u32 = 1;

export function sysMembarrier(t: Thread, command: i32, flags: u32): Result {
  const mayName = command == Command.MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ;
  if (flags != 0 && !(mayName && flags == MEMBARRIER_CMD_FLAG_CPU)) return -Errno.EINVAL;
  const space = t.process.space!;
  switch (command) {
    case Command.MEMBARRIER_CMD_QUERY:
      return COMMANDS;
    case Command.MEMBARRIER_CMD_GLOBAL:
    case Command.MEMBARRIER_CMD_GLOBAL_EXPEDITED:
      return 0;
    case Command.MEMBARRIER_CMD_PRIVATE_EXPEDITED:
    case Command.MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE:
    case Command.MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ:
      // The registration has the next bit.
      return (space.barriers & (command << 1)) != 0 ? 0 : -Errno.EPERM;
    case Command.MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED:
    case Command.MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED:
    case Command.MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE:
    case Command.MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ:
      space.barriers |= command;
      return 0;
    case Command.MEMBARRIER_CMD_GET_REGISTRATIONS:
      return registrations(space.barriers);
    default:
      return -Errno.EINVAL;
  }
}

/** What Linux answers: a registration for one of the special private forms shows the plain one, too, though that may not be used by it. */
function registrations(barriers: u32): Result {
  const special = Command.MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE | Command.MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ;
  return (barriers & special) != 0 ? barriers | Command.MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED : barriers;
}
