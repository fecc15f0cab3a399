// From descriptor numbers to open files, for all handlers.

import { Errno } from "../../kernel/errno";
import { Result } from "../../kernel/result";
import { LimitKind, softLimit } from "../../kernel/task/limits";
import { Thread } from "../../kernel/task/thread";
import { FdTable, fdGet, fdInstall } from "../../kernel/vfs/fdtable";
import { fileRelease, heldFile } from "../../kernel/vfs/file";
import { OpenFlag } from "../../kernel/vfs/flags";
import { File, FileKind } from "../../kernel/vfs/inode";

/** The descriptor table of a running program. */
@inline
export function descriptors(t: Thread): FdTable {
  return changetype<FdTable>(t.process.files);
}

/** What `fd` means, O_PATH files included, or a null pointer. */
@inline
export function anyFile(t: Thread, fd: i32): File {
  return fdGet(descriptors(t), <u32>fd);
}

/**
 * The file a call works on: the one it has waited for since an earlier run, else what `fd` means; a null pointer when it is not open or
 * opened with O_PATH (-EBADF).
 */
@inline
export function openFile(t: Thread, fd: i32): File {
  const held = heldFile(t);
  if (changetype<usize>(held) != 0) return held;
  const file = anyFile(t, fd);
  return changetype<usize>(file) != 0 && file.kind == FileKind.PathOnly ? changetype<File>(0) : file;
}

/** openFile with all `access` bits (FileAccess), else a null pointer. */
@inline
export function fileWith(t: Thread, fd: i32, access: u32): File {
  let file = heldFile(t);
  if (changetype<usize>(file) == 0) file = anyFile(t, fd);
  return changetype<usize>(file) != 0 && (file.access & access) == access ? file : changetype<File>(0);
}

/** RLIMIT_NOFILE of the calling process. */
@inline
export function descriptorLimit(t: Thread): u64 {
  return softLimit(t.process, LimitKind.OpenFiles);
}

@inline
export function isNone(file: File): bool {
  return changetype<usize>(file) == 0;
}

/** Gives a new file a descriptor, which O_CLOEXEC in `flags` marks: the number, or -ENOMEM (also for a null file), -EMFILE. */
export function installFile(t: Thread, file: File | null, flags: u32): Result {
  if (!file) return -Errno.ENOMEM;
  const fd = fdInstall(descriptors(t), file, 0, descriptorLimit(t), (flags & OpenFlag.CloseOnExec) != 0);
  if (fd < 0) fileRelease(file);
  return fd;
}
