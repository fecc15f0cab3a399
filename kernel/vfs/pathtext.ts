// The path of a place as text, composed backwards from the end of a buffer: for getcwd(2), /proc/PID/fd links and mountinfo. As Linux has
// it, a place outside of the root starts with "(unreachable)", and a removed name ends in " (deleted)".

import { Errno } from "../errno";
import { putLiteral } from "../lib/bytes";
import { Result } from "../result";
import { Entry, EntryFlag, Mount } from "./inode";

/** Set by composePath: where the text begins in the buffer. */
export let pathTextAt: usize = 0;
/** Set by composePath: the place is not below the root. */
export let pathUnreachable = false;

/**
 * Writes the path of (mount, entry), as seen from the root (rootMount, rootEntry), to the end of `buffer`, without a NUL. Returns its
 * length, with its start in pathTextAt; -ENAMETOOLONG when `capacity` does not hold it. With `rootEntry` null the path goes up to the
 * mount's own root, whatever it stands on.
 */
export function composePath(
  buffer: usize,
  capacity: u32,
  rootMount: Mount | null,
  rootEntry: Entry | null,
  mount: Mount,
  entry: Entry,
): Result {
  const end = buffer + capacity;
  let at = end;
  pathUnreachable = false;
  if ((entry.flags & EntryFlag.Unlinked) != 0) {
    if (capacity < 10) return -Errno.ENAMETOOLONG;
    at -= 10;
    putLiteral(at, " (deleted)");
  }
  const nameEnd = at;
  let m = mount;
  let e = entry;
  for (;;) {
    if (rootEntry && m == rootMount && e == rootEntry) break;
    if (e == m.root) {
      if (!rootEntry) break;
      const parent = m.parent;
      if (!parent) {
        pathUnreachable = m != rootMount || rootEntry != e;
        break;
      }
      e = m.point!;
      m = parent;
      continue;
    }
    const parent = e.parent;
    if (!parent) {
      pathUnreachable = true; // moved out of the bind mount it is seen in
      break;
    }
    const length = <u32>e.nameLength;
    if (at - buffer < length + 1) return -Errno.ENAMETOOLONG;
    at -= length;
    memory.copy(at, e.name, length);
    store<u8>(--at, 0x2f);
    e = parent;
  }
  if (at == nameEnd) {
    if (at == buffer) return -Errno.ENAMETOOLONG;
    store<u8>(--at, 0x2f);
  }
  if (pathUnreachable) {
    if (at - buffer < 13) return -Errno.ENAMETOOLONG;
    at -= 13;
    putLiteral(at, "(unreachable)");
  }
  pathTextAt = at;
  return end - at;
}
