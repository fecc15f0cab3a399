// Who gets SIGIO for a file: F_SETOWN, F_GETOWN and their _EX forms. See fcntl(2) "Managing signals".

import { Errno } from "../../kernel/errno";
import { copyIn, copyOut } from "../../kernel/mm/user";
import { Result } from "../../kernel/result";
import { pidFind } from "../../kernel/task/pids";
import { Thread } from "../../kernel/task/thread";
import { fileSetOwner } from "../../kernel/vfs/asyncfile";
import { File } from "../../kernel/vfs/inode";
import { OwnerType } from "../types/fcntl";

/** struct f_owner_ex. */
const buffer = memory.data(8, 8);

/** F_SETOWN: a pid, or the negative of a process group; 0 for nobody. */
export function setOwner(t: Thread, file: File, who: i32): Result {
  if (who == i32.MIN_VALUE) return -Errno.EINVAL;
  return setOwnerAs(t, file, who < 0 ? OwnerType.Group : OwnerType.Process, abs<i32>(who));
}

/** F_GETOWN: as F_SETOWN takes it. */
export function getOwner(file: File): Result {
  return file.ownerType == OwnerType.Group ? -file.owner : file.owner;
}

export function setOwnerEx(t: Thread, file: File, ua: u64): Result {
  const r = copyIn(buffer, ua, 8);
  if (r < 0) return r;
  const type = load<i32>(buffer);
  if (type < OwnerType.Thread || type > OwnerType.Group) return -Errno.EINVAL;
  return setOwnerAs(t, file, type, load<i32>(buffer, 4));
}

export function getOwnerEx(file: File, ua: u64): Result {
  store<i32>(buffer, file.ownerType);
  store<i32>(buffer, file.owner, 4);
  return copyOut(ua, buffer, 8);
}

function setOwnerAs(t: Thread, file: File, type: i32, number: i32): Result {
  const entry = number != 0 ? pidFind(t.process.container, <u32>number) : null;
  if (number != 0 && !entry) return -Errno.ESRCH;
  return fileSetOwner(file, type, entry) ? 0 : -Errno.ENOMEM;
}
