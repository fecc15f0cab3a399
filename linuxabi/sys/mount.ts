// mount and umount2, for programs with CAP_SYS_ADMIN in their container: tmpfs, bind mounts and changes of flags. There is no propagation
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
import { mountAdd, mountBind, mountRemove, mountSetFlags } from "../../kernel/vfs/mount";
import { pathRelease, pathSet, PATH_MAX, WalkFlag } from "../../kernel/vfs/walk";
import { AT_FDCWD } from "../types/at";
import { MountCall, UnmountFlag } from "../types/mount";
import { contextOf, resolve, resolved, secondText } from "./path";

const source = changetype<Path>(memory.data(8, 8));
const typeText = memory.data(64, 8);
const optionText = memory.data(4096, 8);

/** mount(2). Lacks: MS_SHARED, MS_MOVE. */
export function sysMount(t: Thread, from: u64, target: u64, type: u64, flags: u32, data: u64): Result {
  if (!capable(t.credentials, Capability.SysAdmin)) return -Errno.EPERM;
  if ((flags & MountCall.MagicMask) == <u32>MountCall.Magic) flags &= ~(<u32>MountCall.MagicMask);
  if ((flags & MountCall.Remount) != 0) return remount(t, target, flags);
  if ((flags & MountCall.Bind) != 0) return bind(t, from, target, flags);
  if ((flags & (MountCall.Private | MountCall.Slave | MountCall.Unbindable)) != 0) return checkMountPoint(t, target);
  if ((flags & (MountCall.Shared | MountCall.Move)) != 0)
    return unsupported(t, "flags", flags & (MountCall.Shared | MountCall.Move), -Errno.EINVAL);
  return mountNew(t, from, target, type, flags, data);
}

/** Finds a mount point, following links: 0 with `resolved` filled; -EINVAL when it is not the root of a mount. */
function findMount(t: Thread, target: u64, follow: bool): Result {
  const r = resolve(t, AT_FDCWD, target, follow ? WalkFlag.Follow : 0);
  if (r < 0 || resolved.entry == resolved.mount.root) return r;
  pathRelease(resolved);
  return -Errno.EINVAL;
}

/** Propagation is private everywhere: only the target is checked. */
function checkMountPoint(t: Thread, target: u64): Result {
  const r = findMount(t, target, true);
  if (r >= 0) pathRelease(resolved);
  return r;
}

function remount(t: Thread, target: u64, flags: u32): Result {
  const r = findMount(t, target, true);
  if (r < 0) return r;
  mountSetFlags(resolved.mount, flags);
  pathRelease(resolved);
  return 0;
}

function bind(t: Thread, from: u64, target: u64, flags: u32): Result {
  let r = resolve(t, AT_FDCWD, from, WalkFlag.Follow);
  if (r < 0) return r;
  pathSet(source, resolved.mount, resolved.entry);
  pathRelease(resolved);
  r = resolve(t, AT_FDCWD, target, WalkFlag.Follow);
  if (r >= 0) {
    // A new bind mount takes the flags of its source; others come by a remount.
    r = mountBind(contextOf(t).vfs, source, resolved, (flags & MountCall.Recursive) != 0, 0);
    pathRelease(resolved);
  }
  pathRelease(source);
  return r;
}

/** Mounts a new file system; only tmpfs can be made by a program. */
function mountNew(t: Thread, from: u64, target: u64, type: u64, flags: u32, data: u64): Result {
  if (type == 0) return -Errno.EINVAL;
  const typeLength = copyInString(typeText, type, 64);
  if (typeLength < 0) return typeLength == -Errno.ENAMETOOLONG ? -Errno.ENODEV : typeLength;
  if (!bytesEqualLiteral(typeText, <u32>typeLength, "tmpfs") && !bytesEqualLiteral(typeText, <u32>typeLength, "ramfs"))
    return -Errno.ENODEV;
  store<u8>(optionText, 0);
  const optionLength = data != 0 ? copyInString(optionText, data, PATH_MAX) : 0;
  if (optionLength < 0) return optionLength;
  let r = parseOptions(<u32>optionLength);
  if (r < 0) return r;
  r = resolve(t, AT_FDCWD, target, WalkFlag.Follow);
  if (r < 0) return r;
  const sourceLength = from != 0 ? copyInString(secondText, from, PATH_MAX) : 0;
  if (sourceLength >= 0) r = mountTmpfs(t, flags, secondText, <u32>sourceLength, <u32>typeLength);
  else r = sourceLength;
  pathRelease(resolved);
  return r;
}

function mountTmpfs(t: Thread, flags: u32, sourceAt: usize, sourceLength: u32, typeLength: u32): Result {
  const vfs = contextOf(t).vfs;
  const fs = memfsNew(vfs.rootMount!.fs.container, mode, uid, gid, sizePages, inodes);
  if (!fs) return -Errno.ENOMEM;
  const r = mountAdd(vfs, fs, fs.root!, resolved, flags, sourceAt, sourceLength, typeText, typeLength);
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
  if (!capable(t.credentials, Capability.SysAdmin)) return -Errno.EPERM;
  let r = findMount(t, target, (flags & UnmountFlag.NoFollow) == 0);
  if (r < 0) return r;
  r = mountRemove(contextOf(t).vfs, resolved, (flags & UnmountFlag.Detach) != 0);
  pathRelease(resolved);
  return r;
}
