// memfd_create(2): a file in memory that only its descriptors name.

import { Errno } from "../../kernel/errno";
import { sharedMemoryEntry, sharedMemoryFile, sharedMemoryMount } from "../../kernel/fs/shm";
import { putLiteral } from "../../kernel/lib/bytes";
import { copyInString } from "../../kernel/mm/user";
import { Result } from "../../kernel/result";
import { Thread } from "../../kernel/task/thread";
import { entryRelease, inodeRelease } from "../../kernel/vfs/entry";
import { fileNew } from "../../kernel/vfs/file";
import { FileAccess, OpenFlag } from "../../kernel/vfs/flags";
import { FileKind } from "../../kernel/vfs/inode";
import { Seal, sealsInit } from "../../kernel/vfs/seal";
import { installFile } from "./descriptor";

const MFD_CLOEXEC: u32 = 1;
const MFD_ALLOW_SEALING: u32 = 2;
const MFD_HUGETLB: u32 = 4;
const MFD_NOEXEC_SEAL: u32 = 8;
const MFD_EXEC: u32 = 16;
/** The name shows as "memfd:NAME", which must fit NAME_MAX. */
const NAME_MAX: u32 = 249;

const PREFIX_BYTES: u32 = 6;
const name = memory.data(256, 8);

/**
 * memfd_create(2): -EINVAL, -EFAULT, -EMFILE, -ENOMEM. There are no huge pages: MFD_HUGETLB is -ENOSYS, as
 * without CONFIG_HUGETLBFS.
 */
export function sysMemfdCreate(t: Thread, ua: u64, flags: u32): Result {
  if (flags & MFD_HUGETLB) return -Errno.ENOSYS;
  if (flags & ~(MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL | MFD_EXEC) || (flags & MFD_EXEC && flags & MFD_NOEXEC_SEAL))
    return -Errno.EINVAL;
  putLiteral(name, "memfd:");
  const length = copyInString(name + PREFIX_BYTES, ua, NAME_MAX + 1);
  if (length < 0) return length == -Errno.ENAMETOOLONG ? -Errno.EINVAL : length;
  const c = t.credentials;
  const inode = sharedMemoryFile(0, flags & MFD_NOEXEC_SEAL ? 0o666 : 0o777, c.fsuid, c.fsgid);
  if (!inode) return -Errno.ENOMEM;
  if (flags & MFD_NOEXEC_SEAL) sealsInit(inode, Seal.Execute);
  else if (flags & MFD_ALLOW_SEALING) sealsInit(inode, 0);
  const entry = sharedMemoryEntry(name, PREFIX_BYTES + <u32>length, inode);
  const file = entry ? fileNew(FileKind.Regular, OpenFlag.ReadWrite, inode, sharedMemoryMount(), entry) : null;
  if (entry) entryRelease(entry);
  inodeRelease(inode);
  if (!file) return -Errno.ENOMEM;
  file.access = FileAccess.Read | FileAccess.Write;
  return installFile(t, file, flags & MFD_CLOEXEC ? OpenFlag.CloseOnExec : 0);
}
