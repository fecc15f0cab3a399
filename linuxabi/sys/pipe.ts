// pipe and pipe2. See pipe(2).

import { Errno } from "../../kernel/errno";
import { copyOut } from "../../kernel/mm/user";
import { Result } from "../../kernel/result";
import { Thread } from "../../kernel/task/thread";
import { fdInstall, fdTake } from "../../kernel/vfs/fdtable";
import { fileRelease } from "../../kernel/vfs/file";
import { OpenFlag } from "../../kernel/vfs/flags";
import { pairedWriter, pipePair } from "../../kernel/vfs/pipefile";
import { descriptorLimit, descriptors } from "./descriptor";

const pair = memory.data(8, 8);

export function sysPipe(t: Thread, ends: u64): Result {
  return sysPipe2(t, ends, 0);
}

export function sysPipe2(t: Thread, ends: u64, flags: u32): Result {
  if ((flags & ~(OpenFlag.CloseOnExec | OpenFlag.NonBlock | OpenFlag.Direct)) != 0) return -Errno.EINVAL;
  const reader = pipePair(flags, t.credentials);
  if (!reader) return -Errno.ENOMEM;
  const writer = pairedWriter;
  const table = descriptors(t);
  const closeOnExec = (flags & OpenFlag.CloseOnExec) != 0;
  const readEnd = fdInstall(table, reader, 0, descriptorLimit(t), closeOnExec);
  let r = readEnd;
  if (r >= 0) r = fdInstall(table, writer, 0, descriptorLimit(t), closeOnExec);
  if (r >= 0) {
    const writeEnd = <u32>r;
    store<u32>(pair, <u32>readEnd);
    store<u32>(pair, writeEnd, 4);
    r = copyOut(ends, pair, 8);
    if (r >= 0) return 0;
    fdTake(table, writeEnd);
  }
  if (readEnd >= 0) fdTake(table, <u32>readEnd);
  fileRelease(reader);
  fileRelease(writer);
  return r;
}
