// Host calls on open files and directories: open to readDirectory (docs/host-syscalls.md, "Files").

import { Errno } from "../../kernel/errno";
import { FILE_SIZE_MAX } from "../../kernel/fs/pages";
import { memfsNext } from "../../kernel/fs/union";
import { copyOut, userRange } from "../../kernel/mm/user";
import { Result } from "../../kernel/result";
import { LimitKind, softLimit } from "../../kernel/task/limits";
import { Thread } from "../../kernel/task/thread";
import { changeSize } from "../../kernel/vfs/attributes";
import { fdClose, fdLowest, fdSet } from "../../kernel/vfs/fdtable";
import { FileAccess, OpenFlag } from "../../kernel/vfs/flags";
import { File, FileKind, FileSystemKind, Inode, Path } from "../../kernel/vfs/inode";
import { openAt } from "../../kernel/vfs/open";
import { DirectoryItem, DIRECTORY_ITEM_BYTES, syntheticNext, syntheticRefresh } from "../../kernel/vfs/operations";
import { fileRead, fileWrite, TRANSFER_MAX } from "../../kernel/vfs/transfer";
import { pathRelease, walk, WalkFlag } from "../../kernel/vfs/walk";
import { contextOf, fileOf, fileWith, isNone, pathText, takePath } from "./arguments";

const OPEN_FLAGS: u64 =
  OpenFlag.AccessMask | OpenFlag.Create | OpenFlag.Exclusive | OpenFlag.Truncate | OpenFlag.Append | OpenFlag.Directory | OpenFlag.NoFollow;
const STAT_NO_FOLLOW: u64 = 1;
const STAT_BYTES: u32 = 72;

const stat = memory.data(72, 8);
const place = changetype<Path>(memory.data(8, 8));

export function hostOpen(t: Thread, path: u64, length: u64, flags: u64, mode: u64): Result {
  if ((flags & ~OPEN_FLAGS) != 0) return -Errno.EINVAL;
  const n = takePath(pathText, path, length);
  if (n < 0) return n;
  const table = t.process.files!;
  const fd = fdLowest(table, 0, softLimit(t.process, LimitKind.OpenFiles));
  if (fd < 0) return fd;
  const r = openAt(contextOf(t), t.credentials, null, pathText, <u32>n, <u32>flags, <u32>mode);
  if (r < 0) return r;
  fdSet(table, <u32>fd, changetype<File>(<usize>r), false);
  return fd;
}

export function hostClose(t: Thread, fd: u64): Result {
  return fdClose(t.process.files!, <u32>fd);
}

export function hostRead(t: Thread, fd: u64, buffer: u64, count: u64): Result {
  const file = fileWith(t, fd, FileAccess.Read);
  if (isNone(file)) return -Errno.EBADF;
  if (!userRange(buffer, count)) return -Errno.EFAULT;
  return fileRead(file, buffer, <u32>min<u64>(count, TRANSFER_MAX));
}

export function hostWrite(t: Thread, fd: u64, buffer: u64, count: u64): Result {
  const file = fileWith(t, fd, FileAccess.Write);
  if (isNone(file)) return -Errno.EBADF;
  if (!userRange(buffer, count)) return -Errno.EFAULT;
  return fileWrite(file, buffer, <u32>min<u64>(count, TRANSFER_MAX));
}

/** whence: 0 from the start, 1 from the position, 2 from the end. */
export function hostSeek(t: Thread, fd: u64, offset: i64, whence: u64): Result {
  const file = fileOf(t, fd);
  if (isNone(file)) return -Errno.EBADF;
  const isFile = file.kind == FileKind.Regular;
  if (!isFile && file.kind != FileKind.Directory && file.kind != FileKind.Synthetic) return -Errno.ESPIPE;
  if (whence > 2 || (whence == 2 && !isFile)) return -Errno.EINVAL;
  const at = whence == 0 ? offset : offset + <i64>(whence == 1 ? file.position : file.inode.size);
  if (at < 0 || <u64>at > FILE_SIZE_MAX) return -Errno.EINVAL;
  file.position = at;
  return at;
}

export function hostResize(t: Thread, fd: u64, bytes: u64): Result {
  const file = fileOf(t, fd);
  if (isNone(file)) return -Errno.EBADF;
  if (file.kind != FileKind.Regular || (file.access & FileAccess.Write) == 0) return -Errno.EINVAL;
  return changeSize(file.inode, t.credentials, bytes);
}

/** Copies the 72 bytes of stat out. */
function putStat(inode: Inode, ua: u64): Result {
  if (inode.fs.kind != FileSystemKind.Memory) syntheticRefresh(inode);
  store<u64>(stat, inode.fs.device);
  store<u64>(stat, inode.number, 8);
  store<u32>(stat, inode.mode, 16);
  store<u32>(stat, inode.links, 20);
  store<u32>(stat, inode.uid, 24);
  store<u32>(stat, inode.gid, 28);
  store<u64>(stat, inode.device, 32);
  store<u64>(stat, inode.size, 40);
  store<u64>(stat, inode.atimeNs, 48);
  store<u64>(stat, inode.mtimeNs, 56);
  store<u64>(stat, inode.ctimeNs, 64);
  return copyOut(ua, stat, STAT_BYTES);
}

export function hostStat(t: Thread, path: u64, length: u64, flags: u64, buffer: u64): Result {
  if ((flags & ~STAT_NO_FOLLOW) != 0) return -Errno.EINVAL;
  let r = takePath(pathText, path, length);
  if (r < 0) return r;
  r = walk(place, contextOf(t), t.credentials, null, pathText, <u32>r, flags == 0 ? WalkFlag.Follow : 0);
  if (r < 0) return r;
  r = putStat(place.entry.inode!, buffer);
  pathRelease(place);
  return r;
}

export function hostStatDescriptor(t: Thread, fd: u64, buffer: u64): Result {
  const file = fileOf(t, fd);
  return isNone(file) ? -Errno.EBADF : putStat(file.inode, buffer);
}

const item = changetype<DirectoryItem>(memory.data(DIRECTORY_ITEM_BYTES, 8));
/** {u64 inode; u16 recordBytes; u8 type; u8 nameLength; name} */
const record = memory.data(272, 8);
const RECORD_HEAD_BYTES: u32 = 12;
/** Positions 0 and 1 are those of "." and "..", which are left out. */
const FIRST_POSITION: u64 = 2;

/** Fills `record` from `item`; returns its size. */
function makeRecord(): u32 {
  const bytes = (RECORD_HEAD_BYTES + item.nameLength + 7) & ~7;
  memory.fill(record, 0, bytes);
  store<u64>(record, item.number);
  store<u16>(record, <u16>bytes, 8);
  store<u8>(record, <u8>(item.type >> 12), 10); // DT_* are the type bits of st_mode
  store<u8>(record, <u8>item.nameLength, 11);
  memory.copy(record + RECORD_HEAD_BYTES, item.name, item.nameLength);
  return bytes;
}

export function hostReadDirectory(t: Thread, fd: u64, buffer: u64, capacity: u64): Result {
  const file = fileWith(t, fd, FileAccess.Read);
  if (isNone(file)) return -Errno.EBADF;
  if (file.kind != FileKind.Directory) return -Errno.ENOTDIR;
  const directory = file.entry!;
  const inMemory = file.inode.fs.kind == FileSystemKind.Memory;
  let position = max<u64>(file.position, FIRST_POSITION);
  let done: u64 = 0;
  for (;;) {
    const r = inMemory ? memfsNext(directory, position, item) : syntheticNext(directory, position, item);
    if (r < 0 && done == 0) return r;
    if (r <= 0) break;
    const bytes = makeRecord();
    if (done + bytes > capacity) {
      if (done == 0) return -Errno.EINVAL;
      break;
    }
    const copied = copyOut(buffer + done, record, bytes);
    if (copied < 0) return copied;
    done += bytes;
    position = item.next;
  }
  file.position = position;
  return done;
}
