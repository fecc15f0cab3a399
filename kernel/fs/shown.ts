// Entries and inodes that a file system over a lower tree has made to show lower ones (union.ts) are a cache as long as nothing about them has been
// changed and nobody holds them: when memory is short they go, and come back when they are looked up again.

import { Container } from "../container/container";
import { directoryFirst, directoryRemove } from "../vfs/directory";
import { entryRelease } from "../vfs/entry";
import { Entry, EntryFlag, FileSystem, FileSystemKind, Inode, isDirectory, isRegular, Mount } from "../vfs/inode";
import { pathCacheForget } from "../vfs/pathcache";
import { reclaimedEnough, reclaimerAdd } from "../mm/reclaim";
import { pagesOf } from "./pages";

/** Does the inode still say what its lower one says? */
function isUnchanged(inode: Inode, lower: Inode): bool {
  return (
    inode.mode == lower.mode &&
    inode.uid == lower.uid &&
    inode.gid == lower.gid &&
    inode.links == lower.links &&
    inode.size == lower.size &&
    inode.mtimeNs == lower.mtimeNs &&
    inode.ctimeNs == lower.ctimeNs &&
    inode.atimeNs == lower.atimeNs &&
    (inode.attributes | lower.attributes) == 0
  );
}

/** Can the entry be had again just as it is? */
function isCopy(e: Entry): bool {
  if ((e.flags & EntryFlag.Lower) == 0 || (e.flags & (EntryFlag.Pinned | EntryFlag.Unlinked | EntryFlag.MountPoint)) != 0) return false;
  const inode = e.inode;
  if (e.refs != 1 || !inode || inode.refs != 1) return false;
  const lower = inode.lower;
  if (!lower || !isUnchanged(inode, lower)) return false;
  if ((inode.mappings | inode.locks | inode.watches | inode.waitFirst) != 0 || inode.writers != 0) return false;
  // An empty directory's table goes with it; other content is the file's own. A file of several names is known by them (linked.ts).
  if (isDirectory(inode)) return directoryFirst(inode) == null;
  return inode.content == 0 && inode.links == 1 && (!isRegular(inode) || inode.lowerPages == pagesOf(lower.size));
}

/** The first entry of a directory, or null. */
function firstIn(e: Entry): Entry | null {
  const inode = e.inode;
  return inode && isDirectory(inode) && inode.content != 0 ? directoryFirst(inode) : null;
}

/** Frees copies in the tree under `root`, deepest first, until that is enough. */
export function shownTrim(root: Entry): void {
  // Whiteouts have no parent: the directory goes along.
  let directory = root;
  let e = firstIn(root);
  let below = true;
  while (e && !reclaimedEnough()) {
    const first = below ? firstIn(e) : null;
    if (first) {
      directory = e;
      e = first;
      continue;
    }
    const next = e.orderNext;
    if (isCopy(e)) {
      directoryRemove(directory.inode!, e);
      entryRelease(e);
    }
    below = next != null;
    if (next) {
      e = next;
      continue;
    }
    if (directory == root) return;
    e = directory;
    directory = e.parent!;
  }
}

function trimContainer(c: Container | null): void {
  if (!c || changetype<usize>(c.vfs) == 0) return;
  // Remembered paths hold no references.
  pathCacheForget();
  let mount: Mount | null = c.vfs.rootMount;
  while (mount) {
    const fs: FileSystem = mount.fs;
    const root = fs.root;
    if (fs.kind == FileSystemKind.Memory && fs.lower != null && root) shownTrim(root);
    mount = mount.next;
  }
}

/** To be called once at start-up. */
export function shownInit(): void {
  reclaimerAdd(trimContainer);
}
