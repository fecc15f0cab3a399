// The mounts of a container as its processes see them: /proc/PID/{mounts,mountinfo,mountstats}. Formats: proc(5). Only what lies below the
// process's root is listed.

import { Errno } from "../errno";
import { put, putByte, putCstring, Text } from "../lib/text";
import { Result } from "../result";
import { FsContext, Inode } from "../vfs/inode";
import { putMountInfo, putMounts } from "../vfs/mounttext";
import { putPath } from "./procpath";
import { subjectProcess } from "./procsubject";

/** The process's view of the tree, or null when it is ending. */
function contextOf(inode: Inode): FsContext | null {
  const p = subjectProcess(inode);
  return p ? p.paths : null;
}

export function showMounts(text: Text, inode: Inode): Result {
  const context = contextOf(inode);
  if (!context) return -Errno.EINVAL;
  putMounts(text, context);
  return 0;
}

export function showMountInfo(text: Text, inode: Inode): Result {
  const context = contextOf(inode);
  if (!context) return -Errno.EINVAL;
  putMountInfo(text, context);
  return 0;
}

export function showMountStats(text: Text, inode: Inode): Result {
  const context = contextOf(inode);
  if (!context) return -Errno.EINVAL;
  let mount = context.vfs.rootMount;
  while (mount) {
    const from = text.length;
    put(text, "device ");
    putCstring(text, mount.source);
    put(text, " mounted on ");
    if (putPath(text, context, mount, mount.root, false)) {
      put(text, " with fstype ");
      putCstring(text, mount.typeName);
      putByte(text, 0x0a);
    } else text.length = from;
    mount = mount.next;
  }
  return 0;
}
