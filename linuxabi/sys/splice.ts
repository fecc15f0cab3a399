// splice(2), tee(2) and vmsplice(2): moving bytes into and out of pipes without a detour over the program. Here they go page by page through the
// kernel's scratch page; no page is shared between two pipes, since a later write may go on in the last one.

import { Errno } from "../../kernel/errno";
import { copyIn, copyOut } from "../../kernel/mm/user";
import { Result } from "../../kernel/result";
import { raise, Signal } from "../../kernel/task/signal";
import { Thread } from "../../kernel/task/thread";
import { canTake, copyToFile } from "../../kernel/vfs/copy";
import { FileAccess, OpenFlag } from "../../kernel/vfs/flags";
import { File, FileKind } from "../../kernel/vfs/inode";
import { Notify, notifyFile } from "../../kernel/vfs/inotify";
import { pipeEmpty, pipeFull, pipeOf } from "../../kernel/vfs/pipe";
import { canGive, fileToPipe, pipeCopy, pipeToFile } from "../../kernel/vfs/splice";
import { isSeekable, waitToRead, waitToWrite } from "../../kernel/vfs/transfer";
import { vectorRead, vectorWrite } from "../../kernel/vfs/vector";
import { SpliceFlag } from "../types/fcntl";
import { anyFile, fileWith, isNone } from "./descriptor";
import { vectorDone, vectorIn, vectorPieces, vectorTotal } from "./vector";

const word = memory.data(8, 8);
/** Bytes moved before other threads get a chance: the call then comes out short, which its specification allows. */
const STEP_MAX: u64 = 1 << 20;

@inline
function isPipe(file: File): bool {
  return file.kind == FileKind.Pipe;
}

/** True when a call on the two files must not wait. */
function mustNotWait(a: File, b: File, flags: u32): bool {
  if ((flags & SpliceFlag.SPLICE_F_NONBLOCK) != 0) return true;
  return (isPipe(a) && (a.flags & OpenFlag.NonBlock) != 0) || (isPipe(b) && (b.flags & OpenFlag.NonBlock) != 0);
}

/** Waits for the pipe, or gives the error of a call that must not. */
function waitFor(file: File, writing: bool, never: bool): Result {
  if (never) return -Errno.EAGAIN;
  return writing ? waitToWrite(file, 1) : waitToRead(file);
}

/** The end of a call that wrote to a pipe or socket without readers. */
function ended(t: Thread, r: Result): Result {
  if (r == -Errno.EPIPE) raise(t, Signal.PIPE);
  return r;
}

export function sysSplice(t: Thread, input: i32, inputOffset: u64, output: i32, outputOffset: u64, count: u64, flags: u32): Result {
  if (count == 0) return 0;
  if ((flags & ~(<u32>SpliceFlag.All)) != 0) return -Errno.EINVAL;
  const from = anyFile(t, input);
  const to = anyFile(t, output);
  if (isNone(from) || isNone(to)) return -Errno.EBADF;
  if ((from.access & FileAccess.Read) == 0 || (to.access & FileAccess.Write) == 0) return -Errno.EBADF;
  if ((isPipe(from) && inputOffset != 0) || (isPipe(to) && outputOffset != 0)) return -Errno.ESPIPE;
  const wanted = <u32>min<u64>(count, STEP_MAX);
  if (isPipe(from) && isPipe(to)) return pipeToPipe(t, from, to, wanted, flags, true);
  if (isPipe(from)) return withOffset(t, from, to, outputOffset, wanted, flags);
  return isPipe(to) ? withOffset(t, from, to, inputOffset, wanted, flags) : -Errno.EINVAL;
}

/** splice with one pipe; the other file's position is its own, or at `ua` in user memory. */
function withOffset(t: Thread, from: File, to: File, ua: u64, wanted: u32, flags: u32): Result {
  const file = isPipe(from) ? to : from;
  if (isPipe(from) ? !canTake(to) : !canGive(from)) return -Errno.EINVAL;
  if (isPipe(from) && (to.flags & OpenFlag.Append) != 0) return -Errno.EINVAL;
  if (ua != 0 && !isSeekable(file)) return -Errno.EINVAL;
  const before = file.position;
  if (ua != 0) {
    const r = copyIn(word, ua, 8);
    if (r < 0) return r;
    if (load<i64>(word) < 0) return -Errno.EINVAL;
    file.position = load<u64>(word);
  }
  const r = isPipe(from) ? drain(t, from, to, wanted, flags) : fill(t, from, to, wanted, flags);
  const after = file.position;
  if (ua == 0) return r;
  file.position = before;
  if (r <= 0) return r;
  store<u64>(word, after);
  const written = copyOut(ua, word, 8);
  return written < 0 ? written : r;
}

/** From a pipe to another file. */
function drain(t: Thread, from: File, to: File, wanted: u32, flags: u32): Result {
  const pipe = pipeOf(from);
  if (pipeEmpty(pipe)) return pipe.writers == 0 ? 0 : waitFor(from, false, mustNotWait(from, to, flags));
  let r = pipeToFile(pipe, to, wanted);
  if (r == -Errno.EAGAIN && (to.flags & OpenFlag.NonBlock) == 0) r = waitToWrite(to, wanted);
  if (r > 0) notifyFile(to, Notify.Modify);
  return ended(t, r);
}

/** From another file to a pipe. */
function fill(t: Thread, from: File, to: File, wanted: u32, flags: u32): Result {
  const pipe = pipeOf(to);
  if (pipe.readers == 0) return ended(t, -Errno.EPIPE);
  if (pipeFull(pipe)) return waitFor(to, true, mustNotWait(from, to, flags));
  if (from.kind == FileKind.Regular) {
    const r = copyToFile(from.inode, from.position, to, wanted);
    if (r > 0) {
      from.position += r;
      notifyFile(from, Notify.Access);
    }
    return r;
  }
  const r = fileToPipe(from, to, wanted);
  return r == -Errno.EAGAIN && (from.flags & OpenFlag.NonBlock) == 0 ? waitToRead(from) : r;
}

/** From pipe to pipe; `takes`: and out of the first. */
function pipeToPipe(t: Thread, from: File, to: File, wanted: u32, flags: u32, takes: bool): Result {
  const source = pipeOf(from);
  const target = pipeOf(to);
  if (source == target) return -Errno.EINVAL;
  const never = mustNotWait(from, to, flags);
  if (pipeEmpty(source)) return source.writers == 0 ? 0 : waitFor(from, false, never);
  if (target.readers == 0) return ended(t, -Errno.EPIPE);
  if (pipeFull(target)) return waitFor(to, true, never);
  return pipeCopy(source, target, wanted, takes);
}

/** tee(2): as splice between two pipes, but the bytes stay in the first. */
export function sysTee(t: Thread, input: i32, output: i32, count: u64, flags: u32): Result {
  if ((flags & ~(<u32>SpliceFlag.All)) != 0) return -Errno.EINVAL;
  if (count == 0) return 0;
  const from = anyFile(t, input);
  const to = anyFile(t, output);
  if (isNone(from) || isNone(to)) return -Errno.EBADF;
  if ((from.access & FileAccess.Read) == 0 || (to.access & FileAccess.Write) == 0) return -Errno.EBADF;
  if (!isPipe(from) || !isPipe(to)) return -Errno.EINVAL;
  return pipeToPipe(t, from, to, <u32>min<u64>(count, STEP_MAX), flags, false);
}

/** vmsplice(2): into a pipe what lies in user memory (a copy: a program may change the memory at once), or out of one. */
export function sysVmsplice(t: Thread, fd: i32, vector: u64, count: u64, flags: u32): Result {
  if ((flags & ~(<u32>SpliceFlag.All)) != 0) return -Errno.EINVAL;
  const file = fileWith(t, fd, 0);
  if (isNone(file) || file.access == 0) return -Errno.EBADF;
  let r = vectorIn(vector, count);
  if (r >= 0 && vectorTotal() == 0) r = 0;
  else if (r >= 0 && !isPipe(file)) r = -Errno.EBADF;
  else if (r >= 0 && (file.access & FileAccess.Write) != 0) r = vmspliceIn(t, file, <u32>count, flags);
  else if (r >= 0) {
    const before = file.flags;
    if ((flags & SpliceFlag.SPLICE_F_NONBLOCK) != 0) file.flags |= OpenFlag.NonBlock;
    r = vectorRead(file, vectorPieces(), <u32>count);
    file.flags = before;
  }
  vectorDone();
  return r;
}

/** Waits for room once, and then takes what there is room for. */
function vmspliceIn(t: Thread, file: File, count: u32, flags: u32): Result {
  const pipe = pipeOf(file);
  if (pipe.readers == 0) return ended(t, -Errno.EPIPE);
  if (pipeFull(pipe)) return waitFor(file, true, mustNotWait(file, file, flags));
  const before = file.flags;
  file.flags |= OpenFlag.NonBlock;
  const r = vectorWrite(file, vectorPieces(), count, vectorTotal());
  file.flags = before;
  return r;
}
