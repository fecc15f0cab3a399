// Host calls that make, remove and change what names stand for: makeDirectory to getDirectory and setAttribute (docs/host-syscalls.md, "Files").

import { Errno } from "../../kernel/errno";
import { memfsLinkText } from "../../kernel/fs/union";
import { bytesEqualLiteral, bytesStartWith } from "../../kernel/lib/bytes";
import { kernelAlloc, kernelFree } from "../../kernel/mm/heap";
import { copyIn, copyOut } from "../../kernel/mm/user";
import { fileCapabilitiesSound } from "../../kernel/program/privileges";
import { Result } from "../../kernel/result";
import { Thread } from "../../kernel/task/thread";
import { changeMode, changeOwner, changeTimes } from "../../kernel/vfs/attributes";
import {
  EntryFlag,
  FileSystemKind,
  Inode,
  isDirectory,
  isRegular,
  isSymlink,
  Path,
  S_IFBLK,
  S_IFCHR,
  S_IFIFO,
  S_IFMT,
  S_IFREG,
} from "../../kernel/vfs/inode";
import { fsContextSetCwd } from "../../kernel/vfs/mount";
import { makeDirectory, makeLink, makeNode, makeSymlink, removeDirectory, removeFile, rename } from "../../kernel/vfs/names";
import { syntheticReadLink } from "../../kernel/vfs/operations";
import { composePath, pathTextAt } from "../../kernel/vfs/pathtext";
import { mayChange } from "../../kernel/vfs/permission";
import { PATH_MAX, pathRelease, walk, WalkFlag } from "../../kernel/vfs/walk";
import { attributeSet, XATTR_NAME_MAX, XATTR_SIZE_MAX } from "../../kernel/vfs/xattr";
import { contextOf, pathText, secondText, takePath } from "./arguments";

const place = changetype<Path>(memory.data(8, 8));

/** Takes a path and finds what it means (bits of WalkFlag): 0 with `place` filled, or -errno. */
function find(t: Thread, path: u64, length: u64, flags: u32): Result {
  const n = takePath(pathText, path, length);
  return n < 0 ? n : walk(place, contextOf(t), t.credentials, null, pathText, <u32>n, flags);
}

/** As find, for what is to be changed: -EROFS and -EBUSY too. */
function findToChange(t: Thread, path: u64, length: u64, flags: u32): Result {
  let r = find(t, path, length, flags);
  if (r < 0) return r;
  r = mayChange(place.mount, place.entry);
  if (r < 0) pathRelease(place);
  return r;
}

export function hostMakeDirectory(t: Thread, path: u64, length: u64, mode: u64): Result {
  const n = takePath(pathText, path, length);
  return n < 0 ? n : makeDirectory(contextOf(t), t.credentials, null, pathText, <u32>n, <u32>mode);
}

/** unlink(2), or rmdir(2) when it is a directory. */
export function hostRemove(t: Thread, path: u64, length: u64): Result {
  const n = takePath(pathText, path, length);
  if (n < 0) return n;
  const r = removeFile(contextOf(t), t.credentials, null, pathText, <u32>n);
  return r == -Errno.EISDIR ? removeDirectory(contextOf(t), t.credentials, null, pathText, <u32>n) : r;
}

export function hostRename(t: Thread, from: u64, fromLength: u64, to: u64, toLength: u64): Result {
  const n = takePath(pathText, from, fromLength);
  if (n < 0) return n;
  const m = takePath(secondText, to, toLength);
  if (m < 0) return m;
  return rename(contextOf(t), t.credentials, null, pathText, <u32>n, null, secondText, <u32>m, 0);
}

export function hostMakeSymlink(t: Thread, target: u64, targetLength: u64, path: u64, length: u64): Result {
  const m = takePath(secondText, target, targetLength);
  if (m < 0) return m;
  const n = takePath(pathText, path, length);
  if (n < 0) return n;
  return makeSymlink(contextOf(t), t.credentials, secondText, <u32>m, null, pathText, <u32>n);
}

export function hostReadSymlink(t: Thread, path: u64, length: u64, buffer: u64, capacity: u64): Result {
  let r = find(t, path, length, 0);
  if (r < 0) return r;
  const inode = place.entry.inode!;
  let at = secondText;
  if (!isSymlink(inode)) r = -Errno.EINVAL;
  else if (inode.fs.kind == FileSystemKind.Memory) {
    at = memfsLinkText(inode);
    r = inode.size;
  } else r = syntheticReadLink(inode, contextOf(t), secondText, PATH_MAX);
  if (r >= 0) {
    const copied: Result = <u64>r > capacity ? -Errno.ERANGE : copyOut(buffer, at, <u32>r);
    if (copied < 0) r = copied;
  }
  pathRelease(place);
  return r;
}

export function hostMakeLink(t: Thread, from: u64, fromLength: u64, to: u64, toLength: u64): Result {
  const m = takePath(secondText, to, toLength);
  if (m < 0) return m;
  let r = find(t, from, fromLength, 0);
  if (r < 0) return r;
  r = makeLink(contextOf(t), t.credentials, place, null, secondText, <u32>m);
  pathRelease(place);
  return r;
}

export function hostSetMode(t: Thread, path: u64, length: u64, mode: u64): Result {
  let r = findToChange(t, path, length, WalkFlag.Follow);
  if (r < 0) return r;
  r = changeMode(place.entry.inode!, t.credentials, <u32>mode);
  pathRelease(place);
  return r;
}

export function hostSetOwner(t: Thread, path: u64, length: u64, uid: u64, gid: u64): Result {
  let r = findToChange(t, path, length, 0);
  if (r < 0) return r;
  r = changeOwner(place.entry.inode!, t.credentials, <u32>uid, <u32>gid);
  pathRelease(place);
  return r;
}

export function hostMakeNode(t: Thread, path: u64, length: u64, mode: u64, device: u64): Result {
  const type = (<u32>mode) & S_IFMT;
  if (type != S_IFIFO && type != S_IFCHR && type != S_IFBLK && type != S_IFREG) return -Errno.EINVAL;
  const n = takePath(pathText, path, length);
  return n < 0 ? n : makeNode(contextOf(t), t.credentials, null, pathText, <u32>n, <u32>mode, <u32>device);
}

export function hostSetTimes(t: Thread, path: u64, length: u64, accessNs: u64, modifyNs: u64): Result {
  let r = findToChange(t, path, length, 0);
  if (r < 0) return r;
  r = changeTimes(place.entry.inode!, t.credentials, accessNs, modifyNs);
  pathRelease(place);
  return r;
}

/** lsetxattr(2) of the names that the kernel keeps: "security.", "trusted." and, of files and directories, "user.". */
export function hostSetAttribute(t: Thread, path: u64, length: u64, name: u64, nameLength: u64, value: u64, valueLength: u64): Result {
  if (nameLength == 0 || nameLength > XATTR_NAME_MAX) return -Errno.ERANGE;
  if (valueLength > XATTR_SIZE_MAX) return -Errno.E2BIG;
  let r = copyIn(secondText, name, <u32>nameLength);
  if (r < 0) return r;
  const bytes = <u32>valueLength;
  const copy = kernelAlloc(max<u32>(bytes, 1));
  if (copy == 0) return -Errno.ENOMEM;
  r = copyIn(copy, value, bytes);
  if (r >= 0) r = findToChange(t, path, length, 0);
  if (r >= 0) {
    r = setAttribute(place.entry.inode!, <u32>nameLength, copy, bytes);
    pathRelease(place);
  }
  kernelFree(copy);
  return r;
}

/** The attribute named in secondText: 0 or -errno. */
function setAttribute(inode: Inode, nameLength: u32, value: usize, bytes: u32): Result {
  if (inode.fs.kind != FileSystemKind.Memory) return -Errno.EOPNOTSUPP;
  if (bytesStartWith(secondText, nameLength, "user.")) {
    if (!isRegular(inode) && !isDirectory(inode)) return -Errno.EPERM;
  } else if (!bytesStartWith(secondText, nameLength, "security.") && !bytesStartWith(secondText, nameLength, "trusted.")) {
    return -Errno.EOPNOTSUPP;
  }
  const isCapabilities = bytesEqualLiteral(secondText, nameLength, "security.capability");
  if (isCapabilities && !fileCapabilitiesSound(value, bytes)) return -Errno.EINVAL;
  return attributeSet(inode, secondText, nameLength, value, bytes, 0);
}

export function hostSetDirectory(t: Thread, path: u64, length: u64): Result {
  const r = find(t, path, length, WalkFlag.Follow | WalkFlag.Directory);
  if (r < 0) return r;
  fsContextSetCwd(contextOf(t), place);
  pathRelease(place);
  return 0;
}

export function hostGetDirectory(t: Thread, buffer: u64, capacity: u64): Result {
  const context = contextOf(t);
  if ((context.cwdEntry.flags & EntryFlag.Unlinked) != 0) return -Errno.ENOENT;
  const n = composePath(pathText, PATH_MAX, context.rootMount, context.rootEntry, context.cwdMount, context.cwdEntry);
  if (n < 0) return n;
  if (<u64>n > capacity) return -Errno.ERANGE;
  const r = copyOut(buffer, pathTextAt, <u32>n);
  return r < 0 ? r : n;
}
