// The ioctl function of terminal files: finds the terminal behind the file and waits where a request has to.

import { Errno } from "../../kernel/errno";
import { Result } from "../../kernel/result";
import { generationOf, ptyOf, ttyOf } from "../../kernel/tty/files";
import { ttyWriteQueue } from "../../kernel/tty/tty";
import { fileWait, setFileIoctl } from "../../kernel/vfs/file";
import { FileAccess } from "../../kernel/vfs/flags";
import { File, FileKind } from "../../kernel/vfs/inode";
import { ttyIoctl } from "./ttyioctl";

function isReadable(file: File): bool {
  return (file.access & FileAccess.Read) != 0;
}

function ttyFileIoctl(file: File, request: u32, argument: u64): Result {
  const tty = ttyOf(file);
  const r = ttyIoctl(tty, false, generationOf(file), isReadable(file), request, argument);
  return r == -Errno.EAGAIN ? fileWait(file, ttyWriteQueue(tty)) : r;
}

function masterFileIoctl(file: File, request: u32, argument: u64): Result {
  return ttyIoctl(ptyOf(file).slave, true, 0, isReadable(file), request, argument);
}

/** To be called once at start-up. */
export function ttyIoctlInit(): void {
  setFileIoctl(FileKind.Tty, ttyFileIoctl);
  setFileIoctl(FileKind.PtyMaster, masterFileIoctl);
}
