// The terminal that the runtime gives to a container's process, as an open file.

import { Container } from "../kernel/container/container";
import { Errno } from "../kernel/errno";
import { putLiteral } from "../kernel/lib/bytes";
import { Result } from "../kernel/result";
import { openTerminal } from "../kernel/tty/files";
import { Tty } from "../kernel/tty/tty";
import { fileNew, fileRelease } from "../kernel/vfs/file";
import { OpenFlag } from "../kernel/vfs/flags";
import { File, FileKind, Path } from "../kernel/vfs/inode";
import { fsContextNew, fsContextRelease } from "../kernel/vfs/mount";
import { anonymousInode } from "../kernel/vfs/nameless";
import { pathRelease, walk, WalkFlag } from "../kernel/vfs/walk";
import { builder } from "./tree";

const name = memory.data(16, 8);
const place = changetype<Path>(memory.data(8, 8));

/** Opens `tty` for a process of `c`, as /dev/console where the container has that, so that ttyname(3) finds it: the File, -ENOMEM or -EIO. */
export function terminalFile(c: Container, tty: Tty): Result {
  const context = fsContextNew(c.vfs);
  if (!context) return -Errno.ENOMEM;
  let file: File | null = null;
  if (walk(place, context, builder, null, name, putLiteral(name, "/dev/console"), WalkFlag.Follow) == 0) {
    file = fileNew(FileKind.Tty, OpenFlag.ReadWrite, place.entry.inode!, place.mount, place.entry);
    pathRelease(place);
  } else file = fileNew(FileKind.Tty, OpenFlag.ReadWrite, anonymousInode(), null, null);
  fsContextRelease(context);
  if (!file) return -Errno.ENOMEM;
  const r = openTerminal(file, tty);
  if (r >= 0) return changetype<usize>(file);
  fileRelease(file);
  return r;
}
