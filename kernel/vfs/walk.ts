// Path resolution: path_resolution(7), component by component over entries, without allocating. The kernel never runs two walks at once
// (a walk does not wait), so what a walk needs beside its place lies in static memory: the rests of paths that symbolic links
// interrupted, and the text of synthetic links. For the same reason nothing is freed under its feet: a walk takes no references on its
// way, but for entries that exist only because it asked for them (synthetic file systems). A result is a Path with references;
// pathRelease gives them up. Names in memory are found by words of eight bytes (directoryFindWord); all else is a `step`.

import { Errno } from "../errno";
import { bytesEqual, bytesWord, hashStep } from "../lib/bytes";
import { memfsLinkText, memfsLookup } from "../fs/union";
import { Result } from "../result";
import { Credentials } from "../task/credentials";
import { directoryFindWord } from "./directory";
import { entryIsUnder, entryRelease, entryRetain } from "./entry";
import {
  Entry,
  EntryFlag,
  FileSystemKind,
  FsContext,
  Inode,
  InodeFlag,
  isDirectory,
  isSymlink,
  Mount,
  Path,
  S_IFDIR,
  S_IFMT,
} from "./inode";
import { mountAt, mountRelease, mountRetain } from "./mount";
import { syntheticFollowLink, syntheticLookup, syntheticReadLink } from "./operations";
import { pathCacheFind, pathCacheKeep, pathCacheTakes } from "./pathcache";
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
    move(place, topMount, topEntry);
  } else if (base) move(place, base.mount, base.entry);
  else move(place, context.cwdMount, context.cwdEntry);
  if ((flags & WalkFlag.OneMount) != 0 && place.mount != (base ? base.mount : context.cwdMount)) return -Errno.EXDEV;
  if ((flags & ~(<u32>(WalkFlag.Follow | WalkFlag.Directory))) != 0 || !pathCacheTakes(length)) {
    return finish(place, run(place, context, c, name, name + length, flags));
  }
  const follow = flags & WalkFlag.Follow;
  if (pathCacheFind(place, context, name, length, follow)) {
    if ((flags & WalkFlag.Directory) != 0 && !isDirectory(inodeOf(place.entry))) return -Errno.ENOTDIR;
    place.mount.refs++;
    place.entry.refs++;
    return 0;
  }
  const start = load<u64>(changetype<usize>(place));
  forAll = true;
  const r = run(place, context, c, name, name + length, flags);
  if (r == 0 && forAll) pathCacheKeep(start, place, context, name, length, follow);
  return finish(place, r);
}

/** Takes the references of a result, and gives up what the walk has held. */
function finish(place: Path, r: Result): Result {
  if (r >= 0) {
    place.mount.refs++;
    place.entry.refs++;
  }
  if (changetype<usize>(held) != 0) hold(changetype<Entry>(0));
  return r;
}

/** In every byte of a word: a slash; the lowest bit; the highest bit. */
const SLASHES: u64 = 0x2f2f_2f2f_2f2f_2f2f;
const LOW_BITS: u64 = 0x0101_0101_0101_0101;
const HIGH_BITS: u64 = 0x8080_8080_8080_8080;

/** A directory that everybody may search: these bits of the mode, and what they are. */
const SEARCH_BITS: u32 = S_IFMT | 0o111;
const SEARCHABLE: u32 = S_IFDIR | 0o111;

/** The walk itself: `place` is where it starts and becomes where it ends. */
function run(place: Path, context: FsContext, c: Credentials, at: usize, end: usize, flags: u32): Result {
  depth = 0;
  links = 0;
  linkTextBytes = 0;
  lastName.kind = LastKind.Root;
  let here = place.entry;
  at = skipSlashes(at, end);
  while (at < end) {
    const directory = inodeOf(here);
    if ((directory.mode & SEARCH_BITS) != SEARCHABLE) {
      const r = mayPass(directory, c);
      if (r < 0) return r;
    }
    const start = at;
    const left = <u32>(end - at);
    let word = left >= 8 ? load<u64>(at) : bytesWord(at, left);
    let length = left;
    let hash: u32;
    // Mycroft's test: the lowest bit that it leaves is the top one of the first slash.
    const others = word ^ SLASHES;
    const slashes = (others - LOW_BITS) & ~others & HIGH_BITS;
    if (slashes != 0) {
      length = (<u32>ctz(slashes)) >> 3;
      word &= ((slashes & (0 - slashes)) >> 7) - 1;
    }
    if (length < 8) hash = <u32>(hashStep(0, word) >> 32);
    else {
      hash = longName(at, end);
      length = longLength;
    }
    at += length;
    const slash = at < end;
    if (slash) at = skipSlashes(at + 1, end);

    let child = changetype<Entry>(0);
    if (directory.fs.kind == FileSystemKind.Memory) child = directoryFindWord(directory, word, start, length, hash);
    let last: u32 = 0;
    if (at >= end && depth == 0) {
      if ((flags & (WalkFlag.Parent | WalkFlag.Create)) != 0) {
        place.entry = here;
        note(start, length, hash, slash);
        if ((flags & WalkFlag.Parent) != 0) return 0;
        if (slash) return -Errno.EISDIR;
      }
      if (slash) flags |= WalkFlag.Directory | WalkFlag.Follow;
      last = LAST;
    }
    if (changetype<usize>(child) != 0 && (child.flags & EntryFlag.Special) == 0) here = child;
    else {
      place.entry = here;
      note(start, length, hash, slash);
      goOnAt = at;
      goOnEnd = end;
      const r = step(place, context, child, flags | last);
      if (r != 0) return r;
      here = place.entry;
      at = goOnAt;
      end = goOnEnd;
    }
    if (at < end) continue;
    if (depth == 0) break;
    depth--;
    at = <usize>load<u32>(rests + (depth << 3));
    end = <usize>load<u32>(rests + (depth << 3), 4);
  }
  place.entry = here;
  return (flags & WalkFlag.Directory) != 0 && !isDirectory(inodeOf(here)) ? -Errno.ENOTDIR : 0;
}

/** The entry's inode; only whiteouts have none, and a walk never stands on one. */
@inline
function inodeOf(e: Entry): Inode {
  return changetype<Inode>(changetype<usize>(e.inode));
}

@inline
function skipSlashes(at: usize, end: usize): usize {
  while (at < end && load<u8>(at) == 0x2f) at++;
  return at;
}

/** The way on from a directory that not everybody may search, or from what is none: 0, -ENOTDIR or -EACCES. */
function mayPass(directory: Inode, c: Credentials): Result {
  forAll = false;
  return isDirectory(directory) ? maySearch(directory, c) : -Errno.ENOTDIR;
}

let longLength: u32 = 0;

/** Hash of the name of eight bytes or more at `at`; its length in `longLength`. */
function longName(at: usize, end: usize): u32 {
  const start = at;
  let hash: u64 = 0;
  let length: u32 = 8;
  while (length == 8) {
    const left = <u32>(end - at);
    let word = left >= 8 ? load<u64>(at) : bytesWord(at, left);
    length = min<u32>(left, 8);
    const others = word ^ SLASHES;
    const slashes = (others - LOW_BITS) & ~others & HIGH_BITS;
    if (slashes != 0) {
      length = (<u32>ctz(slashes)) >> 3;
      word &= ((slashes & (0 - slashes)) >> 7) - 1;
    }
    if (length != 0) hash = hashStep(hash, word);
    at += length;
  }
  longLength = <u32>(at - start);
  return <u32>(hash >> 32);
}

/** Keeps what a component is in `lastName`. */
@inline
function note(name: usize, length: u32, hash: u32, slash: bool): void {
  lastName.name = name;
  lastName.length = length;
  lastName.hash = hash;
  lastName.kind = load<u8>(name) == 0x2e ? dotsKind(name, length) : LastKind.Normal;
  lastName.slash = slash;
}

/** Kind of a component that begins with a dot. */
function dotsKind(name: usize, length: u32): LastKind {
  if (length == 1) return LastKind.Dot;
  return length == 2 && load<u8>(name + 1) == 0x2e ? LastKind.DotDot : LastKind.Normal;
}

/** The root of this walk: absolute paths and links start there, and ".." stays there. */
let topMount: Mount = changetype<Mount>(0);
let topEntry: Entry = changetype<Entry>(0);
/** How many rests there are, and how many links this walk has followed. */
let depth: u32 = 0;
let links: u32 = 0;
/** Where the path goes on after a step. */
let goOnAt: usize = 0;
let goOnEnd: usize = 0;
/** The entry that only the walk holds, if any: it stands on it, below it, or is following it. */
let held: Entry = changetype<Entry>(0);

/** Anybody may make this walk, and all on its way is in memory. */
let forAll = false;

/** Takes a reference over in place of the one that was held. */
function hold(e: Entry): void {
  const before = held;
  held = e;
  forAll = false;
  if (changetype<usize>(before) != 0) entryRelease(before);
}

@inline
function move(place: Path, mount: Mount, entry: Entry): void {
  place.mount = mount;
  place.entry = entry;
}

/** In the flags of a step: the component is the path's last. */
const LAST: u32 = 0x8000_0000;

/**
 * Goes on over the component in `lastName`, whose own entry in memory is `child`, if it has one. 0 with the new place and goOnAt and goOnEnd, 1
 * as WalkFlag.Create says, or -errno.
 */
function step(place: Path, context: FsContext, child: Entry, flags: u32): Result {
  if (lastName.kind == LastKind.Dot) return 0;
  if (lastName.kind == LastKind.DotDot) return up(place, context, flags);
  if (changetype<usize>(child) == 0 || (child.flags & EntryFlag.Whiteout) != 0) {
    const found = findChild(place.entry, lastName.name, lastName.length, lastName.hash);
    if (found < 0) return found;
    if (found == 0) return (flags & LAST) != 0 && (flags & WalkFlag.Create) != 0 ? 1 : -Errno.ENOENT;
    child = changetype<Entry>(<usize>found);
    if (inodeOf(child).fs.kind != FileSystemKind.Memory) hold(child);
  }
  if (isSymlink(inodeOf(child)) && ((flags & LAST) == 0 || (flags & WalkFlag.Follow) != 0)) return follow(place, context, child, flags);
  if (child.mounts != 0) return enter(place, context, child, flags);
  place.entry = child;
  return 0;
}

/**
 * Follows the symbolic link `link` to where its text starts, or where a magic link leads. The rest of the path, from goOnAt, waits in `rests`
 * meanwhile. 0 or -errno.
 */
function follow(place: Path, context: FsContext, link: Entry, flags: u32): Result {
  if ((flags & WalkFlag.NoLinks) != 0 || ++links > LINKS_MAX) return -Errno.ELOOP;
  const inode = inodeOf(link);
  if ((inode.flags & InodeFlag.MagicLink) != 0) return jump(place, context, inode, flags);
  const r = linkText(inode, context);
  if (r < 0) return r;
  if (goOnAt < goOnEnd) {
    store<u32>(rests + (depth << 3), <u32>goOnAt);
    store<u32>(rests + (depth << 3), <u32>goOnEnd, 4);
    depth++;
  }
  if (load<u8>(textAt) == 0x2f) {
    if ((flags & WalkFlag.Beneath) != 0) return -Errno.EXDEV;
    if ((flags & WalkFlag.OneMount) != 0 && place.mount != topMount) return -Errno.EXDEV;
    move(place, topMount, topEntry);
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
  const r = findChild(directory, name, length, hash);
  if (r > 0 && directory.inode!.fs.kind == FileSystemKind.Memory) changetype<Entry>(<usize>r).refs++;
  return r;
}

/** lookupChild that takes no reference to an entry in memory, which its directory holds. */
function findChild(directory: Entry, name: usize, length: u32, hash: u32): Result {
  if (length > NAME_MAX) return -Errno.ENAMETOOLONG;
  const fs = directory.inode!.fs;
  if (fs.kind == FileSystemKind.Memory) return memfsLookup(directory, name, length, hash);
  const pinned = fs.pinned ? findPinned(fs.pinned, directory, name, length, hash) : null;
  if (pinned) return changetype<usize>(entryRetain(pinned));
  return syntheticLookup(directory, name, length, hash);
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
  if ((flags & WalkFlag.OneMount) != 0 && mount != place.mount) return -Errno.EXDEV;
  move(place, mount, entry);
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
  move(place, mount, entry);
  return entry.mounts != 0 ? enter(place, context, entry, flags) : 0;
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

/** Follows a magic link: the place becomes what the link means, whatever its path. */
function jump(place: Path, context: FsContext, link: Inode, flags: u32): Result {
  if ((flags & WalkFlag.NoMagicLinks) != 0) return -Errno.ELOOP;
  if ((flags & (WalkFlag.Beneath | WalkFlag.InRoot)) != 0) return -Errno.EXDEV;
  const r = syntheticFollowLink(link, context, target);
  if (r < 0) return r;
  mountRelease(target.mount); // the process that the link speaks of holds it
  hold(target.entry);
  if ((flags & WalkFlag.OneMount) != 0 && target.mount != place.mount) return -Errno.EXDEV;
  move(place, target.mount, target.entry);
  return 0;
}
