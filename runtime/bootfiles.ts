// The files that the boot loader read beside the kernel: the boot archive is unpacked into the host's root, and whatever else stood on the
// boot medium (image archives, the configuration) appears as /boot/NAME. Their memory is not copied: the frames become the files' pages.

import { moduleBytes, moduleCount, moduleName, moduleNameLength, modulesLost, moduleStart } from "../kernel/boot/modules";
import { Errno } from "../kernel/errno";
import { cpioFault, cpioFaultOffset, cpioUnpack } from "../kernel/fs/cpio";
import { memfsAdd, memfsInode } from "../kernel/fs/memfs";
import { clearTail, fileAdoptPage } from "../kernel/fs/pages";
import { memfsLookup } from "../kernel/fs/union";
import { bytesHash, putLiteral } from "../kernel/lib/bytes";
import { logBytes, logEnd, logNumber, logStart, logText } from "../kernel/log/log";
import { PAGE_SHIFT, PAGE_SIZE } from "../kernel/mm/frame";
import { Result } from "../kernel/result";
import { inodeRelease } from "../kernel/vfs/entry";
import { Entry, Inode, isDirectory, S_IFDIR, S_IFREG } from "../kernel/vfs/inode";

const folderName = memory.data(8, 8);

/** Unpacks the boot archive into `root`, and makes files of the other modules. */
export function placeBootFiles(root: Entry): void {
  if (moduleCount() == 0) return;
  unpackArchive(root);
  if (modulesLost != 0) complain("boot: too many files: ", modulesLost, " left out");
  if (moduleCount() == 1) return;
  const folder = bootFolder(root);
  for (let i: u32 = 1; i < moduleCount(); i++) {
    const r: Result = folder < 0 ? folder : placeFile(changetype<Entry>(<usize>folder), i);
    if (r >= 0) continue;
    logStart("boot");
    logBytes(moduleName(i), moduleNameLength(i));
    logText(r == -Errno.EEXIST ? ": there are two of this name" : ": no room for it");
    logEnd();
  }
}

function complain(before: string, number: u64, behind: string): void {
  logStart("boot");
  logText(before);
  logNumber(number);
  logText(behind);
  logEnd();
}

function unpackArchive(root: Entry): void {
  if (moduleBytes(0) == 0) return;
  const r = cpioUnpack(<usize>moduleStart(0), <u32>moduleBytes(0), root);
  if (r >= 0) return;
  complain("the boot archive is damaged at byte ", cpioFaultOffset, "");
  complain("fault ", cpioFault, " (kernel/fs/cpio.ts)");
}

/** The directory /boot, made if need be: the entry, or -errno. */
function bootFolder(root: Entry): Result {
  const length = putLiteral(folderName, "boot");
  const hash = bytesHash(folderName, length);
  const found = memfsLookup(root, folderName, length, hash);
  if (found < 0) return found;
  if (found > 0) return isDirectory(changetype<Entry>(<usize>found).inode!) ? found : -Errno.ENOTDIR;
  const made = memfsInode(root.inode!.fs, S_IFDIR | 0o755, 0, 0);
  return made < 0 ? made : name(root, folderName, length, changetype<Inode>(<usize>made));
}

/** Gives a new inode its name: the entry, or -errno and the inode is gone. */
function name(directory: Entry, text: usize, length: u32, inode: Inode): Result {
  const hash = bytesHash(text, length);
  const there = memfsLookup(directory, text, length, hash);
  const r: Result = there > 0 ? -Errno.EEXIST : there < 0 ? there : memfsAdd(directory, text, length, hash, inode);
  inodeRelease(inode);
  return r;
}

/** Makes a file of module `i`, which begins at a page: 0 or more, or -errno. */
function placeFile(folder: Entry, i: u32): Result {
  const start = moduleStart(i);
  const bytes = moduleBytes(i);
  if (moduleNameLength(i) == 0 || (start & (PAGE_SIZE - 1)) != 0) return -Errno.EINVAL;
  const made = memfsInode(folder.inode!.fs, S_IFREG | 0o644, 0, 0);
  if (made < 0) return made;
  const inode = changetype<Inode>(<usize>made);
  const frame = <u32>(start >> PAGE_SHIFT);
  const pages = <u32>((bytes + PAGE_SIZE - 1) >> PAGE_SHIFT);
  for (let index: u32 = 0; index < pages; index++) {
    const r = fileAdoptPage(inode, index, frame + index);
    if (r >= 0) continue;
    inodeRelease(inode);
    return r;
  }
  const tail = (<u32>bytes) & (PAGE_SIZE - 1);
  if (tail != 0) clearTail(frame + pages - 1, tail);
  inode.size = bytes;
  return name(folder, moduleName(i), moduleNameLength(i), inode);
}
