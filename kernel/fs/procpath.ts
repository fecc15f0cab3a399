// Paths in the text of procfs files, as the reader sees them from its root.

import { scratchPage, SCRATCH_BYTES } from "../lib/scratch";
import { putByte, putBytes, Text } from "../lib/text";
import { current } from "../task/thread";
import { entryIsUnder } from "../vfs/entry";
import { Entry, EntryFlag, FsContext, Inode, Mount } from "../vfs/inode";
import { composePath, pathTextAt, pathUnreachable } from "../vfs/pathtext";
import { containerOf } from "./procsubject";

/**
 * Appends the path of a place as `context` sees it; false, with nothing appended, when it lies outside of its root, unless with `anyway` it is
 * to be shown all the same, marked as unreachable.
 */
export function putPath(text: Text, context: FsContext, mount: Mount, entry: Entry, anyway: bool): bool {
  const n = composePath(scratchPage, SCRATCH_BYTES, context.rootMount, context.rootEntry, mount, entry);
  if (n < 0 || (pathUnreachable && !anyway)) return false;
  putBytes(text, pathTextAt, <u32>n);
  return true;
}

/** Appends the path of an entry of which only the file system is known: through the first mount of the container that shows it. */
export function putEntryPath(text: Text, inspector: Inode, entry: Entry): void {
  const context = changetype<FsContext>(current.process.paths);
  const inode = entry.inode;
  let mount = containerOf(inspector).vfs.rootMount;
  if ((entry.flags & EntryFlag.Apart) != 0 && mount) {
    putPath(text, context, mount, entry, true);
    return;
  }
  while (mount && inode) {
    if (mount.fs == inode.fs && entryIsUnder(entry, mount.root)) {
      if (putPath(text, context, mount, entry, true)) return;
    }
    mount = mount.next;
  }
  putByte(text, 0x2f);
  putBytes(text, entry.name, entry.nameLength);
}
