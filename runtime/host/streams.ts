// The standard streams of container processes that the host's world starts: a terminal on the console, or /dev/null.

import { Container } from "../../kernel/container/container";
import { Errno } from "../../kernel/errno";
import { putLiteral } from "../../kernel/lib/bytes";
import { Result } from "../../kernel/result";
import { openTerminal } from "../../kernel/tty/files";
import { Tty } from "../../kernel/tty/tty";
import { fileNew, fileRelease, fileRetain } from "../../kernel/vfs/file";
import { OpenFlag } from "../../kernel/vfs/flags";
import { File, FileKind, Path } from "../../kernel/vfs/inode";
import { fsContextNew, fsContextRelease } from "../../kernel/vfs/mount";
import { anonymousInode } from "../../kernel/vfs/nameless";
import { openAt } from "../../kernel/vfs/open";
import { pathRelease, walk, WalkFlag } from "../../kernel/vfs/walk";
import { Streams } from "../launch";
import { builder } from "../tree";

const name = memory.data(16, 8);
const place = changetype<Path>(memory.data(8, 8));

/** The file of a terminal, named /dev/console where the container has that: its address, or -ENOMEM. */
function terminalFile(c: Container, tty: Tty): Result {
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
