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
 * length, with its start in pathTextAt; -ENAMETOOLONG when `capacity` does not hold it.
 */
export function composePath(buffer: usize, capacity: u32, rootMount: Mount, rootEntry: Entry, mount: Mount, entry: Entry): Result {
  const end = buffer + capacity;
  let at = end;
  pathUnreachable = false;
  if ((entry.flags & EntryFlag.Unlinked) != 0) {
    if (capacity < 10) return -Errno.ENAMETOOLONG;
    at -= 10;
    putLiteral(at, " (deleted)");
  }
  if ((entry.flags & EntryFlag.Apart) != 0) {
    at = putName(buffer, at, entry);
    pathTextAt = at;
    return at == 0 ? <Result>-Errno.ENAMETOOLONG : <Result>(end - at);
  }
  const nameEnd = at;
  let m = mount;
  let e = entry;
  while (m != rootMount || e != rootEntry) {
    if (e == m.root) {
      const parent = m.parent;
      if (!parent) {
        pathUnreachable = true;
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
    at = putName(buffer, at, e);
    if (at == 0) return -Errno.ENAMETOOLONG;
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

/** As composePath, the path of an entry within its file system, whatever is mounted where. */
export function composeInner(buffer: usize, capacity: u32, entry: Entry): Result {
  const end = buffer + capacity;
  let at = end;
  let e = entry;
  while (e.parent) {
    at = putName(buffer, at, e);
    if (at == 0) return -Errno.ENAMETOOLONG;
    e = e.parent!;
  }
  if (at == end) store<u8>(--at, 0x2f);
  pathTextAt = at;
  return end - at;
}

/** Puts "/name" before `at`: where it begins, or 0 when it does not fit the buffer. */
function putName(buffer: usize, at: usize, e: Entry): usize {
  const length = <u32>e.nameLength;
  if (at - buffer < length + 1) return 0;
  at -= length;
  memory.copy(at, e.name, length);
  store<u8>(--at, 0x2f);
  return at;
}
