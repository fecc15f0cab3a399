// Who may do what with a file: the file permission checks of path_resolution(7) with the capabilities that override them
// (capabilities(7)), and whether a place can be changed at all. Each returns 0 or -errno.

import { Errno } from "../errno";
import { putLiteral } from "../lib/bytes";
import { Result } from "../result";
import { capable, Capability, Credentials, inGroup } from "../task/credentials";
import { Entry, Inode, InodeFlag, isDirectory, isSymlink, Mount, MountFlag, S_ISGID, S_ISUID, S_ISVTX } from "./inode";
import { attributeRemove } from "./xattr";

/** What is wanted of a file; values of access(2). */
export const enum Want {
  Execute = 1,
  Write = 2,
  Read = 4,
}

/** The owner's, group's or others' permission bits that count for `c`. */
function classBits(inode: Inode, c: Credentials): u32 {
  const mode = inode.mode;
  if (inode.uid == c.fsuid) return (mode >> 6) & 7;
  // The group matters only where it may do other things than the others.
  if (((mode >> 3) & 7) != (mode & 7) && inGroup(c, inode.gid)) return (mode >> 3) & 7;
  return mode & 7;
}

/** True when `c` may do all of `want` (bits of Want) with the file: 0, or -EACCES. */
export function permission(inode: Inode, c: Credentials, want: u32): Result {
  if ((~classBits(inode, c) & want) == 0) return 0;
  if (isDirectory(inode)) {
    if ((want & Want.Write) == 0 && capable(c, Capability.DacReadSearch)) return 0;
    return capable(c, Capability.DacOverride) ? 0 : -Errno.EACCES;
  }
  if (want == <u32>Want.Read && capable(c, Capability.DacReadSearch)) return 0;
  // Even the mightiest cannot run what nobody may run.
  if ((want & Want.Execute) == 0 || (inode.mode & 0o111) != 0) return capable(c, Capability.DacOverride) ? 0 : -Errno.EACCES;
  return -Errno.EACCES;
}

/** Search permission on a directory, the step of every path walk: 0 or -EACCES. */
@inline
export function maySearch(directory: Inode, c: Credentials): Result {
  if ((directory.mode & 0o111) == 0o111) return 0;
  return permission(directory, c, Want.Execute);
}

/** True when `c` owns the file or acts as if. */
export function ownerOrCapable(inode: Inode, c: Credentials): bool {
  return inode.uid == c.fsuid || capable(c, Capability.Fowner);
}

/** Whether anything of that mount may change: 0, or -EROFS on a read-only mount or file system. */
export function mayChangeMount(mount: Mount): Result {
  return ((mount.flags | mount.fs.flags) & MountFlag.ReadOnly) != 0 ? -Errno.EROFS : 0;
}

/** Whether anything at that place may change: 0; -EROFS on a read-only mount or file system; -EBUSY in a lower tree that is in use. */
export function mayChange(mount: Mount, e: Entry): Result {
  const r = mayChangeMount(mount);
  if (r < 0) return r;
  return mount.fs.uppers != 0 && entryBusy(e) ? -Errno.EBUSY : 0;
}

/** True when the entry lies in a lower tree that some file system stands on (kernel/fs/DESIGN.md). */
export function entryBusy(e: Entry): bool {
  let at: Entry | null = e;
  while (at) {
    if (at.inode && (at.inode!.flags & InodeFlag.LowerRoot) != 0) return true;
    at = at.parent;
  }
  return false;
}

/** Whether a name may be added to the directory: 0; -ENOENT when it has been removed itself; -EACCES. */
export function mayCreate(directory: Inode, c: Credentials): Result {
  if (directory.links == 0) return -Errno.ENOENT;
  return permission(directory, c, Want.Write | Want.Execute);
}

/**
 * Whether the entry may be taken out of its directory: 0; -EACCES; -EPERM in a sticky directory; -ENOTDIR, -EISDIR when it is not, or is, a
 * directory against `wantDirectory`.
 */
export function mayDelete(directory: Inode, victim: Inode, c: Credentials, wantDirectory: bool): Result {
  const r = permission(directory, c, Want.Write | Want.Execute);
  if (r < 0) return r;
  if ((directory.mode & S_ISVTX) != 0 && victim.uid != c.fsuid && directory.uid != c.fsuid && !capable(c, Capability.Fowner)) {
    return -Errno.EPERM;
  }
  if (wantDirectory) return isDirectory(victim) ? 0 : -Errno.ENOTDIR;
  return isDirectory(victim) ? -Errno.EISDIR : 0;
}

/**
 * The mode of a new file: set-group-ID goes from the directory to new directories, and off a new group-executable file whose group the
 * creator does not belong to (inode(7)).
 */
export function newFileMode(directory: Inode, c: Credentials, mode: u32): u32 {
  if ((directory.mode & S_ISGID) == 0) return mode;
  if ((mode & 0xf000) == 0x4000) return mode | S_ISGID;
  const both: u32 = S_ISGID | 0o010;
  if ((mode & both) == both && !inGroup(c, directory.gid) && !capable(c, Capability.Fsetid)) return mode & ~S_ISGID;
  return mode;
}

/** The group of a new file. */
@inline
export function newFileGroup(directory: Inode, c: Credentials): u32 {
  return (directory.mode & S_ISGID) != 0 ? directory.gid : c.fsgid;
}

const capabilityName = memory.data(24, 8);

/** Takes the capabilities off a file that changes (capabilities(7), "File capabilities"), whoever changes it. */
@inline
export function dropFileCapabilities(inode: Inode): void {
  if (inode.attributes != 0) attributeRemove(inode, capabilityName, putLiteral(capabilityName, "security.capability"));
}

/** Writing to a file or changing its size takes set-user-ID and set-group-ID off it, unless the writer has CAP_FSETID. */
@inline
export function dropPrivilegeBits(inode: Inode, c: Credentials): void {
  if ((inode.mode & (S_ISUID | S_ISGID)) != 0 && !capable(c, Capability.Fsetid)) clearPrivilegeBits(inode);
  dropFileCapabilities(inode);
}

/** Takes set-user-ID off, and set-group-ID from a file that its group may execute (otherwise the bit has another meaning). */
export function clearPrivilegeBits(inode: Inode): void {
  if (isDirectory(inode) || isSymlink(inode)) return;
  inode.mode &= ~S_ISUID;
  if ((inode.mode & 0o010) != 0) inode.mode &= ~S_ISGID;
}
