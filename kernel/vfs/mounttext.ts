// The mounts of a container as text, as a process sees them from its root: /proc/PID/mounts and mountinfo (proc(5)). A mount that cannot be
// reached from the root is left out, as in Linux.

import { cstringLength } from "../lib/bytes";
import { put, putByte, putOctal, putUnsigned, Text } from "../lib/text";
import { PAGE_SIZE } from "../mm/frame";
import { deviceMajor, deviceMinor, FileSystem, FileSystemKind, FsContext, Mount, MountFlag } from "./inode";
import { composeInner, composePath, pathTextAt, pathUnreachable } from "./pathtext";

const path = memory.data(4096, 8);

/** Appends text with space, tab, newline and backslash as octal escapes. */
function putEscaped(t: Text, p: usize, length: u32): void {
  for (let i: u32 = 0; i < length; i++) {
    const c = load<u8>(p + i);
    if (c == 0x20 || c == 0x09 || c == 0x0a || c == 0x5c) {
      putByte(t, 0x5c);
      putOctal(t, c, 3);
    } else putByte(t, c);
  }
}

function putCstringEscaped(t: Text, p: usize): void {
  putEscaped(t, p, cstringLength(p));
}

/** Appends "rw,nosuid,..." of a mount. */
function putMountFlags(t: Text, flags: u32): void {
  put(t, (flags & MountFlag.ReadOnly) != 0 ? "ro" : "rw");
  if ((flags & MountFlag.NoSuid) != 0) put(t, ",nosuid");
  if ((flags & MountFlag.NoDev) != 0) put(t, ",nodev");
  if ((flags & MountFlag.NoExec) != 0) put(t, ",noexec");
  if ((flags & MountFlag.NoAtime) != 0) put(t, ",noatime");
  else put(t, ",relatime");
  if ((flags & MountFlag.NoDirAtime) != 0) put(t, ",nodiratime");
}

/** Appends the limits of a memory file system, as tmpfs(5) writes them. */
function putFileSystemOptions(t: Text, fs: FileSystem): void {
  if (fs.kind != FileSystemKind.Memory) return;
  if (fs.pageLimit != 0) {
    put(t, ",size=");
    putUnsigned(t, <u64>fs.pageLimit * (PAGE_SIZE / 1024));
    put(t, "k");
  }
  if (fs.inodeLimit != 0) {
    put(t, ",nr_inodes=");
    putUnsigned(t, fs.inodeLimit);
  }
}

/** Composes the path of a mount's root as seen from the context's root: its length, or -1 when it cannot be reached. */
function mountPath(context: FsContext, mount: Mount): i64 {
  const n = composePath(path, 4096, context.rootMount, context.rootEntry, mount, mount.root);
  return n < 0 || pathUnreachable ? -1 : n;
}

/** Appends /proc/PID/mounts: source, mount point, type, options, 0, 0 on each line. */
export function putMounts(t: Text, context: FsContext): void {
  let mount = context.vfs.rootMount;
  while (mount) {
    const n = mountPath(context, mount);
    if (n >= 0) {
      putCstringEscaped(t, mount.source);
      put(t, " ");
      putEscaped(t, pathTextAt, <u32>n);
      put(t, " ");
      putCstringEscaped(t, mount.typeName);
      put(t, " ");
      putMountFlags(t, mount.flags | mount.fs.flags);
      putFileSystemOptions(t, mount.fs);
      put(t, " 0 0\n");
    }
    mount = mount.next;
  }
}

/** Appends /proc/PID/mountinfo. */
export function putMountInfo(t: Text, context: FsContext): void {
  let mount = context.vfs.rootMount;
  while (mount) {
    putMountInfoLine(t, context, mount);
    mount = mount.next;
  }
}

/** id, parent's id, device, root within the file system, mount point, mount options, "-", type, source, file system's options. */
function putMountInfoLine(t: Text, context: FsContext, mount: Mount): void {
  const n = mountPath(context, mount);
  if (n < 0) return;
  const pointAt = pathTextAt;
  putUnsigned(t, mount.id);
  put(t, " ");
  // The root mount is shown as a child of something outside, as in a mount namespace of its own.
  putUnsigned(t, mount.parent ? mount.parent!.id : 0);
  put(t, " ");
  putUnsigned(t, deviceMajor(mount.fs.device));
  put(t, ":");
  putUnsigned(t, deviceMinor(mount.fs.device));
  put(t, " ");
  const inner = composeInner(innerPath, 4096, mount.root);
  if (inner > 0) putEscaped(t, pathTextAt, <u32>inner);
  put(t, " ");
  putEscaped(t, pointAt, <u32>n);
  put(t, " ");
  putMountFlags(t, mount.flags);
  put(t, " - ");
  putCstringEscaped(t, mount.typeName);
  put(t, " ");
  putCstringEscaped(t, mount.source);
  put(t, (mount.fs.flags & MountFlag.ReadOnly) != 0 ? " ro" : " rw");
  putFileSystemOptions(t, mount.fs);
  put(t, "\n");
}
const innerPath = memory.data(4096, 8);
