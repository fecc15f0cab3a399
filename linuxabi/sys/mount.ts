// mount and umount2, for programs with CAP_SYS_ADMIN in their container: tmpfs, bind mounts, moves and changes of flags. There is no propagation
// between containers' trees, so a call that sets it private is already fulfilled. See mount(2), umount(2).

import { Errno } from "../../kernel/errno";
import { unsupported } from "../../kernel/container/missing";
import { memfsNew } from "../../kernel/fs/memfs";
import { bytesEqualLiteral, bytesStartWith, bytesIndexOf, parseDecimal, parseOctal } from "../../kernel/lib/bytes";
import { framesUsable, PAGE_SHIFT, PAGE_SIZE } from "../../kernel/mm/frame";
import { copyInString } from "../../kernel/mm/user";
import { Result } from "../../kernel/result";
import { capable, Capability } from "../../kernel/task/credentials";
import { Thread } from "../../kernel/task/thread";
import { fileSystemRelease } from "../../kernel/vfs/entry";
import { Path } from "../../kernel/vfs/inode";
import { mountAdd, mountBind, mountMove, mountRemove, mountSetFlags } from "../../kernel/vfs/mount";
import { pathRelease, pathSet, PATH_MAX, WalkFlag } from "../../kernel/vfs/walk";
import { AT_FDCWD } from "../types/at";
import { MountCall, UnmountFlag } from "../types/mount";
import { contextOf, resolve, resolved } from "./path";

/** Where a call of mount(2) mounts. */
const place = changetype<Path>(memory.data(8, 8));
const typeText = memory.data(4096, 8);
const sourceText = memory.data(4096, 8);
const optionText = memory.data(4096, 8);
let typeLength: Result = 0;
let sourceLength: Result = 0;
let optionLength: Result = 0;

/** mount(2). Lacks: MS_SHARED. */
export function sysMount(t: Thread, from: u64, target: u64, type: u64, flags: u32, data: u64): Result {
  let r = takeNames(from, type, data);
  if (r >= 0) r = resolve(t, AT_FDCWD, target, WalkFlag.Follow);
  if (r < 0) return r;
  pathSet(place, resolved.mount, resolved.entry);
  pathRelease(resolved);
  r = capable(t.credentials, Capability.SysAdmin) ? mountAtPlace(t, from, type, flags) : -Errno.EPERM;
  pathRelease(place);
  return r;
}

/** Copies the three texts of a call, as Linux does before it looks at anything else: 0, -EFAULT, -EINVAL or BLOCKED. */
function takeNames(from: u64, type: u64, data: u64): Result {
  typeLength = type != 0 ? copyInString(typeText, type, PATH_MAX) : 0;
  if (typeLength < 0) return typeLength == -Errno.ENAMETOOLONG ? -Errno.EINVAL : typeLength;
  sourceLength = from != 0 ? copyInString(sourceText, from, PATH_MAX) : 0;
  if (sourceLength < 0) return sourceLength == -Errno.ENAMETOOLONG ? -Errno.EINVAL : sourceLength;
  optionLength = data != 0 ? copyInString(optionText, data, PATH_MAX) : 0;
  if (optionLength < 0) return optionLength == -Errno.ENAMETOOLONG ? -Errno.EINVAL : optionLength;
  return 0;
}

/** What the flags ask for, at `place`. */
function mountAtPlace(t: Thread, from: u64, type: u64, flags: u32): Result {
  if ((flags & MountCall.MagicMask) == <u32>MountCall.Magic) flags &= ~(<u32>MountCall.MagicMask);
  if ((flags & MountCall.Remount) != 0) {
    if (!isMountPoint(place)) return -Errno.EINVAL;
    mountSetFlags(place.mount, flags);
    return 0;
  }
  if ((flags & MountCall.Bind) != 0) return withSource(t, from, flags);
  // Propagation is private everywhere: there is nothing to change.
  if ((flags & (MountCall.Private | MountCall.Slave | MountCall.Unbindable)) != 0) return isMountPoint(place) ? 0 : -Errno.EINVAL;
  if ((flags & MountCall.Shared) != 0) return unsupported(t, "flags", flags & MountCall.Shared, -Errno.EINVAL);
  if ((flags & MountCall.Move) != 0) return withSource(t, from, flags);
  return mountNew(t, type, flags);
}

@inline
function isMountPoint(at: Path): bool {
  return at.entry == at.mount.root;
}

/** Binds or moves what the path `from` shows. */
function withSource(t: Thread, from: u64, flags: u32): Result {
  if (sourceLength == 0) return -Errno.EINVAL;
  let r = resolve(t, AT_FDCWD, from, WalkFlag.Follow);
  if (r < 0) return r;
  const vfs = contextOf(t).vfs;
  // A new bind mount takes the flags of its source; others come by a remount.
  if ((flags & MountCall.Bind) != 0) r = mountBind(vfs, resolved, place, (flags & MountCall.Recursive) != 0, 0);
  else r = mountMove(vfs, resolved, place);
  pathRelease(resolved);
  return r;
}

/** Mounts a new file system; only tmpfs can be made by a program. */
function mountNew(t: Thread, type: u64, flags: u32): Result {
  if (type == 0) return -Errno.EINVAL;
  if (!bytesEqualLiteral(typeText, <u32>typeLength, "tmpfs") && !bytesEqualLiteral(typeText, <u32>typeLength, "ramfs"))
    return -Errno.ENODEV;
  let r = parseOptions(<u32>optionLength);
  if (r < 0) return r;
  const vfs = contextOf(t).vfs;
  const fs = memfsNew(vfs.rootMount!.fs.container, mode, uid, gid, sizePages, inodes);
  if (!fs) return -Errno.ENOMEM;
  r = mountAdd(vfs, fs, fs.root!, place, flags, sourceText, <u32>sourceLength, typeText, <u32>typeLength);
  fileSystemRelease(fs);
  return r < 0 ? r : 0;
}

let mode: u32 = 0;
let uid: u32 = 0;
let gid: u32 = 0;
let sizePages: u32 = 0;
let inodes: u32 = 0;

/** Reads "size=64m,mode=755,..." of tmpfs(5) in optionText: 0 or -EINVAL. */
function parseOptions(length: u32): Result {
  mode = 0o1777;
  uid = 0;
  gid = 0;
  sizePages = framesUsable() >> 1; // as Linux: half of the memory
  inodes = sizePages;
  let at: u32 = 0;
  while (at < length) {
    const comma = bytesIndexOf(optionText + at, length - at, 0x2c);
    const n = comma < 0 ? length - at : <u32>comma;
    if (n != 0 && !parseOption(optionText + at, n)) return -Errno.EINVAL;
    at += n + 1;
  }
  return 0;
}

function parseOption(p: usize, n: u32): bool {
  let v: i64 = 0;
  if (bytesStartWith(p, n, "size=")) {
    v = parseSize(p + 5, n - 5);
    if (v > 0) sizePages = <u32>min<i64>((v + PAGE_SIZE - 1) >> PAGE_SHIFT, u32.MAX_VALUE);
  } else if (bytesStartWith(p, n, "nr_blocks=")) {
    v = parseSize(p + 10, n - 10);
    if (v > 0) sizePages = <u32>min<i64>(v, u32.MAX_VALUE);
  } else if (bytesStartWith(p, n, "nr_inodes=")) {
    v = parseSize(p + 10, n - 10);
    if (v > 0) inodes = <u32>min<i64>(v, u32.MAX_VALUE);
  } else if (bytesStartWith(p, n, "mode=")) {
    v = parseOctal(p + 5, n - 5);
    mode = (<u32>v) & 0o7777;
  } else if (bytesStartWith(p, n, "uid=")) {
    v = parseDecimal(p + 4, n - 4);
    uid = <u32>v;
  } else if (bytesStartWith(p, n, "gid=")) {
    v = parseDecimal(p + 4, n - 4);
    gid = <u32>v;
  } else return false;
  return v >= 0;
}

/** A number that may end in k, m or g; -1 when it is malformed. */
function parseSize(p: usize, n: u32): i64 {
  if (n == 0) return -1;
  const suffix = load<u8>(p + n - 1) | 0x20;
  const shift: i64 = suffix == 0x6b ? 10 : suffix == 0x6d ? 20 : suffix == 0x67 ? 30 : 0;
  const v = parseDecimal(p, shift != 0 ? n - 1 : n);
  return v < 0 || v > i64.MAX_VALUE >> shift ? -1 : v << shift;
}

export function sysUmount2(t: Thread, target: u64, flags: u32): Result {
  if ((flags & ~(<u32>(UnmountFlag.Force | UnmountFlag.Detach | UnmountFlag.Expire | UnmountFlag.NoFollow))) != 0) return -Errno.EINVAL;
  let r = resolve(t, AT_FDCWD, target, (flags & UnmountFlag.NoFollow) == 0 ? WalkFlag.Follow : 0);
  if (r < 0) return r;
  r = capable(t.credentials, Capability.SysAdmin)
    ? mountRemove(contextOf(t).vfs, resolved, (flags & UnmountFlag.Detach) != 0)
    : -Errno.EPERM;
  pathRelease(resolved);
  return r;
}
