// Commands that change the tree: mkdir rm cp mv.

import { Errno } from "../../../kernel/errno";
import { getDirectory, listDirectory, makeDirectory, remove, rename, Stat, stat } from "../../lib/files";
import { parseOctalNumber } from "../../lib/number";
import { absolutePath, baseName, joinPath } from "../../lib/path";
import { makeDirectories } from "../../lib/tree";
import { copyTree } from "../copy";
import { Options, Session, STATUS_INTERRUPTED } from "../session";

export function mkdir(session: Session, words: string[]): i32 {
  let mode: i64 = 0o755;
  const at = words.indexOf("-m");
  if (at > 0) {
    mode = at + 1 < words.length ? parseOctalNumber(words[at + 1]) : -1;
    words = words.slice(0, at).concat(words.slice(at + 2));
  }
  const options = new Options(words, "p");
  if (options.unknown != "" || options.operands.length == 0 || mode < 0 || mode > 0o7777) return session.usage();
  let status = 0;
  for (let i = 0; i < options.operands.length; i++) {
    const path = options.operands[i];
    const error = options.has("p") ? makeDirectories(path, <u32>mode) : makeDirectory(path, <u32>mode);
    if (error < 0) status = session.fail("mkdir", path, error);
  }
  return status;
}

export function rm(session: Session, words: string[]): i32 {
  const options = new Options(words, "rRf");
  if (options.unknown != "" || options.operands.length == 0) return session.usage();
  let status = 0;
  for (let i = 0; i < options.operands.length && status != STATUS_INTERRUPTED; i++) {
    const path = options.operands[i];
    const info = new Stat();
    const error = stat(path, info, false);
    const name = baseName(path);
    if (error < 0) {
      if (error != -Errno.ENOENT || !options.has("f")) status = session.fail("rm", path, error);
    } else if (name == "." || name == ".." || name == "/") status = session.failText("rm", path, "will not be removed");
    else if (info.isDirectory && !options.has("r") && !options.has("R")) status = session.failText("rm", path, "is a directory (use -r)");
    else status = max(status, removeTree(session, path, info.isDirectory));
  }
  return status;
}

/** Removes `path` and all below it; never follows a symlink. */
function removeTree(session: Session, path: string, isDirectory: bool): i32 {
  if (session.interrupted()) return STATUS_INTERRUPTED;
  let status = 0;
  if (isDirectory) {
    const names: string[] = [];
    const error = listDirectory(path, names);
    if (error < 0) return session.fail("rm", path, error);
    const info = new Stat();
    for (let i = 0; i < names.length && status != STATUS_INTERRUPTED; i++) {
      const below = joinPath(path, names[i]);
      const isDirectoryToo = stat(below, info, false) == 0 && info.isDirectory;
      status = max(status, removeTree(session, below, isDirectoryToo));
    }
    if (status != 0) return status;
  }
  const error = remove(path);
  return error < 0 ? session.fail("rm", path, error) : 0;
}

/** Where `from` goes: into `to` when that is a directory, else `to` itself. */
function destination(from: string, to: string): string {
  const info = new Stat();
  return stat(to, info) == 0 && info.isDirectory ? joinPath(to, baseName(from)) : to;
}

/** Complains and gives a status unless `to` can take all of `count` files; 0 when it can. */
function checkDestination(session: Session, command: string, to: string, count: i32): i32 {
  if (count == 1) return 0;
  const info = new Stat();
  return stat(to, info) == 0 && info.isDirectory ? 0 : session.failText(command, to, "is not a directory");
}

/** True when `to` is `from` or lies below it. */
function isWithin(to: string, from: string): bool {
  const directory = getDirectory();
  const outer = absolutePath(from, directory);
  const inner = absolutePath(to, directory);
  return inner == outer || inner.startsWith(outer == "/" ? "/" : outer + "/");
}

export function cp(session: Session, words: string[]): i32 {
  const options = new Options(words, "arR");
  const count = options.operands.length - 1;
  if (options.unknown != "" || count < 1) return session.usage();
  const to = options.operands[count];
  let status = checkDestination(session, "cp", to, count);
  if (status != 0) return status;
  const isRecursive = options.letters.length > 0;
  for (let i = 0; i < count && status != STATUS_INTERRUPTED; i++) {
    const from = options.operands[i];
    const target = destination(from, to);
    if (isWithin(target, from)) status = session.failText("cp", from, "cannot be copied into itself");
    else status = max(status, copyTree(session, "cp", from, target, isRecursive, options.has("a")));
  }
  return status;
}

export function mv(session: Session, words: string[]): i32 {
  const options = new Options(words, "");
  const count = options.operands.length - 1;
  if (options.unknown != "" || count < 1) return session.usage();
  const to = options.operands[count];
  let status = checkDestination(session, "mv", to, count);
  if (status != 0) return status;
  for (let i = 0; i < count && status != STATUS_INTERRUPTED; i++) {
    const from = options.operands[i];
    const target = destination(from, to);
    const error = rename(from, target);
    if (error == -Errno.EXDEV) {
      // Another file system: copy everything, then remove the original.
      let moved = copyTree(session, "mv", from, target, true, true);
      const info = new Stat();
      if (moved == 0 && stat(from, info, false) == 0) moved = removeTree(session, from, info.isDirectory);
      status = max(status, moved);
    } else if (error < 0) status = session.fail("mv", from, error);
  }
  return status;
}
