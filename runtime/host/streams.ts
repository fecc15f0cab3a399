// The standard streams of container processes that the host's world starts: a terminal on the console, or /dev/null.

import { Container } from "../../kernel/container/container";
import { Errno } from "../../kernel/errno";
import { putLiteral } from "../../kernel/lib/bytes";
import { Result } from "../../kernel/result";
import { consoleTerminal } from "../../kernel/tty/console";
import { ttySetWindow } from "../../kernel/tty/control";
import { Tty } from "../../kernel/tty/tty";
import { fileRelease, fileRetain } from "../../kernel/vfs/file";
import { OpenFlag } from "../../kernel/vfs/flags";
import { File } from "../../kernel/vfs/inode";
import { fsContextNew, fsContextRelease } from "../../kernel/vfs/mount";
import { openAt } from "../../kernel/vfs/open";
import { Streams } from "../launch";
import { SpecProcess } from "../spec/model";
import { terminalFile } from "../terminal";
import { builder } from "../tree";

const name = memory.data(16, 8);

/** A terminal on the console for `p`, a process of `c`; null when memory is short. Let go of it with consoleDrop. */
export function terminalFor(c: Container, p: SpecProcess): Tty | null {
  const tty = consoleTerminal(changetype<usize>(c));
  if (tty && p.consoleHeight != 0 && p.consoleWidth != 0) ttySetWindow(tty, p.consoleHeight, p.consoleWidth, 0, 0);
  return tty;
}

/** The container's /dev/null: its address, or -errno. */
function nullFile(c: Container): Result {
  const context = fsContextNew(c.vfs);
  if (!context) return -Errno.ENOMEM;
  const r = openAt(context, builder, null, name, putLiteral(name, "/dev/null"), OpenFlag.ReadWrite, 0);
  fsContextRelease(context);
  return r;
}

/** Fills `streams` with one file for all three: 0 or -errno. */
export function openStreams(streams: Streams, c: Container, tty: Tty | null): Result {
  const r = tty ? terminalFile(c, tty) : nullFile(c);
  if (r < 0) return r;
  const file = changetype<File>(<usize>r);
  streams.input = file;
  streams.output = fileRetain(file);
  streams.error = fileRetain(file);
  return 0;
}

/** The process has its own references now. */
export function closeStreams(streams: Streams): void {
  fileRelease(streams.input);
  fileRelease(streams.output);
  fileRelease(streams.error);
}
