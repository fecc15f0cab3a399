// Path resolution: path_resolution(7), component by component over entries, without allocating. The kernel never runs two walks at once
// (a walk does not wait), so what a walk needs beside its place lies in static memory: the rests of paths that symbolic links
// interrupted, and the text of synthetic links. A result is a Path with references; pathRelease gives them up.

import { Errno } from "../errno";
import { bytesEqual } from "../lib/bytes";
import { memfsLinkText, memfsLookup } from "../fs/union";
import { Result } from "../result";
import { Credentials } from "../task/credentials";
import { directoryFind } from "./directory";
import { entryIsUnder, entryRelease, entryRetain } from "./entry";
import { Entry, EntryFlag, FileSystemKind, FsContext, Inode, InodeFlag, isDirectory, isSymlink, Mount, Path } from "./inode";
import { mountAt, mountRelease, mountRetain } from "./mount";
import { syntheticFollowLink, syntheticLookup, syntheticReadLink } from "./operations";
import { maySearch } from "./permission";

export const NAME_MAX: u32 = 255;
/** Longest path with its NUL. */
export const PATH_MAX: u32 = 4096;
/** Most symbolic links in one walk. */
const LINKS_MAX: u32 = 40;

export const enum WalkFlag {
  /** Follow a symbolic link at the end. */
  Follow = 1,
  /** What is found must be a directory (-ENOTDIR). A trailing slash says so too. */
  Directory = 2,
  /** Stop at the directory of the last component, which `lastName` then describes. */
  Parent = 4,
  /** For open with O_CREAT: when only the last component is missing, return 1 with its directory and `lastName`. */
  Create = 8,
  /** An empty path means the base itself (AT_EMPTY_PATH). */
  Empty = 16,
  /** Any symbolic link is -ELOOP. */
  NoLinks = 32,
  /** Any magic link is -ELOOP. */
  NoMagicLinks = 64,
  /** Going to another mount is -EXDEV. */
  OneMount = 128,
  /** Leaving the base is -EXDEV: by "..", an absolute path or link, or a magic link. */
  Beneath = 256,
  /** The base is the root of this walk. */
  InRoot = 512,
}

export const enum LastKind {
  Normal = 0,
  Dot = 1,
  DotDot = 2,
  /** The path is nothing but slashes. */
  Root = 3,
}

/** The last component of a path, after a walk with Parent or Create. It points into the path's text. */
@unmanaged
export class LastName {
  name: usize;
  length: u32;
  hash: u32;
  /** LastKind. */
  kind: u32;
  /** Slashes follow. */
  slash: bool;
}
export const lastName: LastName = changetype<LastName>(memory.data(24, 8));

/** Ends of the texts that links interrupted, with where they go on: pairs (at, end). */
const rests = memory.data(LINKS_MAX * 8, 8);
/** Texts of synthetic links met in this walk. */
const linkTexts = memory.data(PATH_MAX * 2, 8);
let linkTextBytes: u32 = 0;

/** Gives up the references of a walk's result. */
export function pathRelease(place: Path): void {
  entryRelease(place.entry);
  mountRelease(place.mount);
}

/** Fills `place` and takes references. */
export function pathSet(place: Path, mount: Mount, entry: Entry): void {
  place.mount = mountRetain(mount);
  place.entry = entryRetain(entry);
}

/** The place goes on to another one; references to the new one are the place's already. */
@inline
function move(place: Path, mount: Mount, entry: Entry): void {
  entryRelease(place.entry);
  place.entry = entry;
  if (place.mount != mount) {
    mountRelease(place.mount);
    place.mount = mount;
  } else mountRelease(mount);
}

/**
 * Resolves the `length` bytes at `name` from `base` (null: the current directory) for `c`. Returns 0 with `place` filled, 1 as
 * WalkFlag.Create says, or -errno with nothing held: -ENOENT, -ENOTDIR, -EACCES, -ELOOP, -ENAMETOOLONG, -ENOMEM, or what a synthetic
 * file system says.
 */
export function walk(place: Path, context: FsContext, c: Credentials, base: Path | null, name: usize, length: u32, flags: u32): Result {
  if (length >= PATH_MAX) return -Errno.ENAMETOOLONG;
  if (length == 0 && (flags & WalkFlag.Empty) == 0) return -Errno.ENOENT;
  topMount = context.rootMount;
  topEntry = context.rootEntry;
  if ((flags & (WalkFlag.Beneath | WalkFlag.InRoot)) != 0) {
    topMount = base ? base.mount : context.cwdMount;
    topEntry = base ? base.entry : context.cwdEntry;
  }
  if (length != 0 && load<u8>(name) == 0x2f) {
    if ((flags & WalkFlag.Beneath) != 0) return -Errno.EXDEV;
    pathSet(place, topMount, topEntry);
  } else if (base) pathSet(place, base.mount, base.entry);
  else pathSet(place, context.cwdMount, context.cwdEntry);
  if ((flags & WalkFlag.OneMount) != 0 && place.mount != (base ? base.mount : context.cwdMount)) {
    pathRelease(place);
    return -Errno.EXDEV;
  }
  const r = run(place, context, c, name, name + length, flags);
  if (r < 0) pathRelease(place);
  return r;
}

function run(place: Path, context: FsContext, c: Credentials, at: usize, end: usize, flags: u32): Result {
  depth = 0;
  links = 0;
  linkTextBytes = 0;
  lastName.kind = LastKind.Root;
  let here = place.entry;
  at = skipSlashes(at, end);
  while (at < end) {
    const start = at;
    let hash: u32 = 0x811c9dc5;
    do {
      const byte = load<u8>(at);
      if (byte == 0x2f) break;
      hash = (hash ^ byte) * 0x01000193;
    } while (++at < end);
    const length = <u32>(at - start);
    const slash = at < end;
    if (slash) at = skipSlashes(at + 1, end);
    const last = at == end && depth == 0;

    const directory = here.inode!;
    if (!isDirectory(directory)) return -Errno.ENOTDIR;
    const allowed = maySearch(directory, c);
    if (allowed < 0) return allowed;

    const kind = load<u8>(start) == 0x2e ? dotsKind(start, length) : LastKind.Normal;
    if (last) {
      if ((flags & (WalkFlag.Parent | WalkFlag.Create)) != 0) {
        noteLast(start, length, hash, kind, slash);
        if ((flags & WalkFlag.Parent) != 0) return 0;
        if (slash) return -Errno.EISDIR;
      }
      if (slash) flags |= WalkFlag.Directory | WalkFlag.Follow;
    }
    if (kind == LastKind.Normal) {
      const found = childOf(here, directory, start, length, hash);
      if (found < 0) return found;
      if (found == 0) return last && (flags & WalkFlag.Create) != 0 ? 1 : -Errno.ENOENT;
      const child = changetype<Entry>(<usize>found);
      if (isSymlink(child.inode!) && (!last || (flags & WalkFlag.Follow) != 0)) {
        const r = follow(place, context, child, at, end, flags);
        if (r < 0) return r;
        at = goOnAt;
        end = goOnEnd;
        here = place.entry;
      } else if (child.mounts == 0) {
        here.refs--; // its child holds it, so this is not the last reference
        here = child;
        place.entry = child;
      } else {
        const r = enter(place, context, child, flags);
        if (r < 0) return r;
        here = place.entry;
      }
    } else if (kind == LastKind.DotDot) {
      const r = up(place, context, flags);
      if (r < 0) return r;
      here = place.entry;
    }
    if (at < end) continue;
    if (depth == 0) break;
    depth--;
    at = <usize>load<u32>(rests + (depth << 3));
    end = <usize>load<u32>(rests + (depth << 3), 4);
  }
  return (flags & WalkFlag.Directory) != 0 && !isDirectory(here.inode!) ? -Errno.ENOTDIR : 0;
}

@inline
function skipSlashes(at: usize, end: usize): usize {
  while (at < end && load<u8>(at) == 0x2f) at++;
  return at;
}

/** Kind of a component that begins with a dot. */
function dotsKind(name: usize, length: u32): LastKind {
  if (length == 1) return LastKind.Dot;
  return length == 2 && load<u8>(name + 1) == 0x2e ? LastKind.DotDot : LastKind.Normal;
}

function noteLast(name: usize, length: u32, hash: u32, kind: LastKind, slash: bool): void {
  lastName.name = name;
  lastName.length = length;
  lastName.hash = hash;
  lastName.kind = kind;
  lastName.slash = slash;
}

/** lookupChild, with the straight way first: a name that is in memory. */
@inline
function childOf(here: Entry, directory: Inode, name: usize, length: u32, hash: u32): Result {
  if (directory.fs.kind == FileSystemKind.Memory) {
    const e = directoryFind(directory, name, length, hash);
    if (e && (e.flags & EntryFlag.Whiteout) == 0) {
      e.refs++;
      return changetype<usize>(e);
    }
  }
  return lookupChild(here, name, length, hash);
}

/** The root of this walk: absolute paths and links start there, and ".." stays there. No references. */
let topMount: Mount = changetype<Mount>(0);
let topEntry: Entry = changetype<Entry>(0);
/** How many rests there are, and how many links this walk has followed. */
let depth: u32 = 0;
let links: u32 = 0;
/** Where the walk goes on after a link. */
let goOnAt: usize = 0;
let goOnEnd: usize = 0;

/**
 * Follows the symbolic link `link`, whose reference it takes over; the rest of the path is [at, end). The place becomes where the link's
 * text starts, or where a magic link leads. 0 with goOnAt and goOnEnd, or -errno.
 */
function follow(place: Path, context: FsContext, link: Entry, at: usize, end: usize, flags: u32): Result {
  const inode = link.inode!;
  goOnAt = at;
  goOnEnd = end;
  if ((flags & WalkFlag.NoLinks) != 0 || ++links > LINKS_MAX) {
    entryRelease(link);
    return -Errno.ELOOP;
  }
  if ((inode.flags & InodeFlag.MagicLink) != 0) return jump(place, context, link, flags);
  const r = linkText(inode, context);
  entryRelease(link); // its directory, or linkTexts, has the text
  if (r < 0) return r;
  if (at < end) {
    store<u32>(rests + (depth << 3), <u32>at);
    store<u32>(rests + (depth << 3), <u32>end, 4);
    depth++;
  }
  if (load<u8>(textAt) == 0x2f) {
    if ((flags & WalkFlag.Beneath) != 0) return -Errno.EXDEV;
    if ((flags & WalkFlag.OneMount) != 0 && place.mount != topMount) return -Errno.EXDEV;
    move(place, mountRetain(topMount), entryRetain(topEntry));
  }
  goOnEnd = textAt + <u32>r;
  goOnAt = skipSlashes(textAt, goOnEnd);
  return 0;
}

/**
 * The entry of that name in a directory, with a reference; mounts are not crossed. Returns 0 when there is none; -ENAMETOOLONG; -ENOMEM or
 * what a synthetic file system says.
 */
export function lookupChild(directory: Entry, name: usize, length: u32, hash: u32): Result {
  if (length > NAME_MAX) return -Errno.ENAMETOOLONG;
  const fs = directory.inode!.fs;
  if (fs.kind != FileSystemKind.Memory) {
    const pinned = fs.pinned ? findPinned(fs.pinned, directory, name, length, hash) : null;
    if (pinned) return changetype<usize>(entryRetain(pinned));
    return syntheticLookup(directory, name, length, hash);
  }
  const r = memfsLookup(directory, name, length, hash);
  if (r > 0) changetype<Entry>(<usize>r).refs++;
  return r;
}

function findPinned(first: Entry | null, directory: Entry, name: usize, length: u32, hash: u32): Entry | null {
  let e = first;
  while (e) {
    if (e.parent == directory && e.hash == hash && <u32>e.nameLength == length && bytesEqual(e.name, name, length)) return e;
    e = e.hashNext;
  }
  return null;
}

/** Goes on to `child` of the place's mount, or to the root of what is mounted on it, topmost: 0, or -EXDEV under OneMount. */
function enter(place: Path, context: FsContext, child: Entry, flags: u32): Result {
  let mount = place.mount;
  let entry = child;
  for (let m: Mount | null = mountAt(context.vfs, mount, entry); m; m = mountAt(context.vfs, mount, entry)) {
    mount = m;
    entry = m.root;
  }
  if ((flags & WalkFlag.OneMount) != 0 && mount != place.mount) {
    entryRelease(child);
    return -Errno.EXDEV;
  }
  entryRetain(entry);
  entryRelease(child);
  move(place, mountRetain(mount), entry);
  return 0;
}

/**
 * "..": stays at the root, leaves a mount at its root. 0; -ENOENT where a directory was moved out of the bind mount it is seen in; -EXDEV
 * when `flags` forbid to leave the base or the mount.
 */
function up(place: Path, context: FsContext, flags: u32): Result {
  let mount = place.mount;
  let entry = place.entry;
  for (;;) {
    if (mount == topMount && entry == topEntry) {
      if ((flags & WalkFlag.Beneath) != 0) return -Errno.EXDEV;
      break;
    }
    if (entry != mount.root) {
      if (mount.root.parent && !entryIsUnder(entry, mount.root)) return -Errno.ENOENT;
      entry = entry.parent!;
      break;
    }
    if (!mount.parent) break;
    if ((flags & WalkFlag.OneMount) != 0) return -Errno.EXDEV;
    entry = mount.point!;
    mount = mount.parent!;
  }
  mountRetain(mount);
  entryRetain(entry);
  move(place, mount, entry);
  return entry.mounts != 0 ? enter(place, context, entryRetain(entry), flags) : 0;
}

let textAt: usize = 0;

/** Text of a symbolic link: its length, its address in `textAt`; -ENOENT when it is empty, -ENAMETOOLONG, or what its file system says. */
function linkText(link: Inode, context: FsContext): Result {
  if (link.fs.kind == FileSystemKind.Memory) {
    textAt = memfsLinkText(link);
    return link.size != 0 ? <Result>link.size : -Errno.ENOENT;
  }
  textAt = linkTexts + linkTextBytes;
  const r = syntheticReadLink(link, context, textAt, PATH_MAX * 2 - linkTextBytes);
  if (r < 0) return r;
  if (r == 0) return -Errno.ENOENT;
  linkTextBytes += <u32>r;
  return linkTextBytes == PATH_MAX * 2 ? -Errno.ENAMETOOLONG : r;
}

const target = changetype<Path>(memory.data(8, 8));

/** Follows a magic link: the place becomes what the link means, whatever its path. Takes over the reference to `link`. */
function jump(place: Path, context: FsContext, link: Entry, flags: u32): Result {
  let r: Result = 0;
  if ((flags & WalkFlag.NoMagicLinks) != 0) r = -Errno.ELOOP;
  else if ((flags & (WalkFlag.Beneath | WalkFlag.InRoot)) != 0) r = -Errno.EXDEV;
  else r = syntheticFollowLink(link.inode!, context, target);
  entryRelease(link);
  if (r < 0) return r;
  if ((flags & WalkFlag.OneMount) != 0 && target.mount != place.mount) {
    pathRelease(target);
    return -Errno.EXDEV;
  }
  move(place, target.mount, target.entry);
  return 0;
}
