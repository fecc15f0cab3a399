// Whole directories and whole files.

import { Errno } from "../../kernel/errno";
import { toBytes } from "./bytes";
import { close, listDirectory, makeDirectory, O_CREAT, O_TRUNC, O_WRONLY, open, remove, Stat, stat, writeAll } from "./files";
import { joinPath, parentPath } from "./path";

/** Makes `path` and the directories above it that are missing; 0 or -errno. */
export function makeDirectories(path: string, mode: u32): i64 {
  const info = new Stat();
  if (stat(path, info) == 0) return info.isDirectory ? 0 : -Errno.EEXIST;
  const parent = parentPath(path);
  if (parent != path) {
    const error = makeDirectories(parent, 0o755);
    if (error < 0) return error;
  }
  const error = makeDirectory(path, mode);
  return error == -Errno.EEXIST ? 0 : error;
}

/** Removes a file or a directory with all that is in it, without a word; 0 or the first -errno. */
export function removeAll(path: string): i64 {
  const error = remove(path);
  if (error != -Errno.ENOTEMPTY) return error;
  const names: string[] = [];
  listDirectory(path, names);
  for (let i = 0; i < names.length; i++) {
    const within = removeAll(joinPath(path, names[i]));
    if (within < 0) return within;
  }
  return remove(path);
}

/** Writes byte string `text` to descriptor `fd`; 0 or -errno. */
export function writeText(fd: i32, text: string): i64 {
  const bytes = toBytes(text);
  return writeAll(fd, changetype<usize>(bytes), bytes.length);
}

/** Makes `text` the content of the file `path`; 0 or -errno. */
export function writeFile(path: string, text: string): i64 {
  const fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o644);
  if (fd < 0) return fd;
  const error = writeText(<i32>fd, text);
  const closed = close(<i32>fd);
  return error < 0 ? error : closed;
}
