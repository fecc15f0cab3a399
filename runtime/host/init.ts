// Process 1 of the host's world: /bin/init from the boot archive, with the console as its three standard streams, and what the kernel's command line says
// of it as its arguments.

import { option, optionLength, optionValue } from "../../kernel/boot/options";
import { hostContainer } from "../../kernel/container/container";
import { putLiteral } from "../../kernel/lib/bytes";
import { logEnd, logNumber, log, logStart, logText } from "../../kernel/log/log";
import { Arguments, argumentsAppend, argumentsFree, argumentsNew } from "../../kernel/program/arguments";
import { Result } from "../../kernel/result";
import { Errno } from "../../kernel/errno";
import { processFind } from "../../kernel/task/pids";
import { consoleStart, hostTerminal } from "../../kernel/tty/console";
import { openTerminal } from "../../kernel/tty/files";
import { FdTable, fdSet, fdTableNew, fdTableRelease } from "../../kernel/vfs/fdtable";
import { fileNew, fileRelease, fileRetain } from "../../kernel/vfs/file";
import { OpenFlag } from "../../kernel/vfs/flags";
import { FileKind } from "../../kernel/vfs/inode";
import { anonymousInode } from "../../kernel/vfs/nameless";
import { hostRoot } from "../create";
import { startProgram, takeForeground } from "./program";

const name = memory.data(16, 8);
const word = memory.data(16, 8);

/** A descriptor table with the console as 0, 1 and 2; null when memory is short. */
function consoleFiles(): FdTable | null {
  const tty = hostTerminal();
  const files = fdTableNew();
  const file = tty ? fileNew(FileKind.Tty, OpenFlag.ReadWrite, anonymousInode(), null, null) : null;
  if (!files || !file || openTerminal(file, tty!) < 0) {
    if (files) fdTableRelease(files);
    if (file) fileRelease(file);
    return null;
  }
  fdSet(files, 0, file, false);
  fdSet(files, 1, fileRetain(file), false);
  fdSet(files, 2, fileRetain(file), false);
  return files;
}

/** Appends the option `wanted` of the kernel's command line as it stands there, if it does: 0 or -errno. */
function passOn(a: Arguments, wanted: string): Result {
  if (!option(wanted)) return 0;
  let r = argumentsAppend(a, word, putLiteral(word, wanted));
  if (r < 0) return r;
  // NAME=VALUE takes the place of the NUL behind the name.
  a.bytes--;
  r = argumentsAppend(a, word, putLiteral(word, "="));
  if (r < 0) return r;
  a.bytes--;
  r = argumentsAppend(a, optionValue, optionLength);
  if (r == 0) a.argumentCount++;
  return r;
}

/** Starts init with `a`, empty so far, as its arguments: its pid or -errno. */
function start(a: Arguments): Result {
  const length = putLiteral(name, "/bin/init");
  let r = argumentsAppend(a, name, length);
  if (r < 0) return r;
  a.argumentCount = 1;
  r = passOn(a, "services");
  if (r == 0) r = passOn(a, "control");
  if (r < 0) return r;
  const paths = hostRoot();
  const files = paths ? consoleFiles() : null;
  if (!paths || !files) return -Errno.ENOMEM;
  paths.umask = 0;
  r = startProgram(null, paths, files, name, length, a);
  if (r < 0) return r;
  const process = processFind(hostContainer, <u32>r)!;
  hostContainer.init = process;
  takeForeground(process);
  return r;
}

/** Puts the host's world on the console; when it has no init, that is said and the machine idles. */
export function startInit(): void {
  const a = consoleStart(changetype<usize>(hostContainer)) ? argumentsNew() : null;
  if (!a) {
    log("host", "out of memory");
    return;
  }
  const r = start(a);
  argumentsFree(a);
  if (r >= 0) return;
  if (r == -Errno.ENOENT) {
    log("host", "no /bin/init in the boot archive");
    return;
  }
  logStart("host");
  logText("/bin/init cannot be run: error ");
  logNumber(<u64>-r);
  logEnd();
}
