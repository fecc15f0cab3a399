// Seals of files in memory that memfd_create(2) has made (fcntl(2), "File Sealing"): what can no longer be done to the file, whoever has it. They are
// bits of Inode.flags, so that a write asks nothing else. A file that was not made for sealing counts as sealed against further seals.

import { Errno } from "../errno";
import { PAGE_SIZE } from "../mm/frame";
import { Vma, VmaFlag } from "../mm/vma";
import { Result } from "../result";
import { FileAccess } from "./flags";
import { File, FileKind, Inode, InodeFlag, SEAL_SHIFT } from "./inode";

/** The values of fcntl(2). */
export const enum Seal {
  Seal = 1,
  Shrink = 2,
  Grow = 4,
  Write = 8,
  FutureWrite = 16,
  Execute = 32,
}
const SEALS: u32 = 63;
const NO_WRITE: u32 = Seal.Write | Seal.FutureWrite;

/** Bits of Inode.flags that a write has to look at. */
export const SEALS_OF_WRITES: u32 = (Seal.Grow | Seal.Write | Seal.FutureWrite) << SEAL_SHIFT;

/** The seals of a regular file. */
export function sealsOf(inode: Inode): u32 {
  const set = (inode.flags >> SEAL_SHIFT) & SEALS;
  return (inode.flags & InodeFlag.Sealable) != 0 ? set : set | Seal.Seal;
}

@inline
export function hasSeal(inode: Inode, seal: Seal): bool {
  return ((inode.flags >> SEAL_SHIFT) & seal) != 0;
}

/** True when the file must not be written, by whatever way. */
@inline
export function isWriteSealed(inode: Inode): bool {
  return ((inode.flags >> SEAL_SHIFT) & NO_WRITE) != 0;
}

/** Marks a new file: it may be sealed, and has these seals already. */
export function sealsInit(inode: Inode, seals: u32): void {
  inode.flags |= InodeFlag.Sealable | (seals << SEAL_SHIFT);
}

/** F_ADD_SEALS: 0; -EPERM when it is not open for writing or sealed against that; -EINVAL; -EBUSY while it is mapped for writing. */
export function sealsAdd(file: File, seals: u32): Result {
  if ((file.access & FileAccess.Write) == 0) return -Errno.EPERM;
  if ((seals & ~SEALS) != 0 || file.kind != FileKind.Regular) return -Errno.EINVAL;
  const inode = file.inode;
  if ((sealsOf(inode) & Seal.Seal) != 0) return -Errno.EPERM;
  if ((seals & Seal.Write) != 0 && !hasSeal(inode, Seal.Write) && isMappedForWriting(inode)) return -Errno.EBUSY;
  // A program that cannot lose its execution must not change either.
  if ((seals & Seal.Execute) != 0 && (inode.mode & 0o111) != 0) seals |= Seal.Shrink | Seal.Grow | Seal.Write | Seal.FutureWrite;
  inode.flags |= seals << SEAL_SHIFT;
  return 0;
}

/** True when there is a shared mapping that is writable or could be made so. */
function isMappedForWriting(inode: Inode): bool {
  let vma = changetype<Vma | null>(inode.mappings);
  while (vma && ((vma.flags & VmaFlag.Shared) == 0 || (vma.flags & VmaFlag.ReadOnlyFile) != 0)) vma = vma.inodeNext;
  return vma != null;
}

/** How many of `count` bytes may be written at `position` of a file with one of SEALS_OF_WRITES: -EPERM for none. */
export function sealedAllowance(inode: Inode, position: u64, count: u32): Result {
  if (isWriteSealed(inode)) return -Errno.EPERM;
  const size = inode.size;
  if (position + count <= size) return count;
  // Linux writes page by page, and refuses the first that would go beyond the end.
  const whole = size & ~(<u64>PAGE_SIZE - 1);
  return whole > position ? <Result>(whole - position) : -Errno.EPERM;
}

/** May the file be made `size` bytes long? 0 or -EPERM. */
export function mayResize(inode: Inode, size: u64): Result {
  if (size < inode.size && hasSeal(inode, Seal.Shrink)) return -Errno.EPERM;
  return size > inode.size && hasSeal(inode, Seal.Grow) ? -Errno.EPERM : 0;
}
