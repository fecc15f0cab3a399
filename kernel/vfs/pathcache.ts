// Paths that were walked before: from a start, by a text, to a place, found in one step. Only walks are remembered that any user may make
// (every directory on the way may be searched by everybody) through file systems in memory, so who asks does not matter; start and root are
// part of the key, so one container never meets another's paths. What is remembered holds no references: whatever could make a walk end
// elsewhere, or free what is remembered, calls pathCacheForget, after which everything is forgotten. To do so seldom, names of files count
// only when a remembered path ends there (EntryFlag.Known). The idea: Tsai et al., "How to Get More Value From Your File System Directory
// Cache" (SOSP 2015).

import { hashStep } from "../lib/bytes";
import { Entry, EntryFlag, FileSystemKind, FsContext, Path } from "./inode";

/** Lengths of the paths that are remembered: shorter ones are quickly walked, and read by words of eight bytes. */
const LENGTH_MIN: u32 = 8;
const LENGTH_MAX: u32 = 56;

@unmanaged
class Slot {
  /** Empty or forgotten unless it is the current one. */
  generation: u64;
  /** Mount and entry of the start, of the context's root, and of the place found: two pointers each, as a Path has them. */
  start: u64;
  root: u64;
  found: u64;
  /** Length of the text, and the flags that matter. */
  kind: u32;
  padding: u32;
  // LENGTH_MAX bytes of text follow.
}
const TEXT: u32 = 40;
if (offsetof<Slot>() != TEXT) ERROR("the text of a slot begins at 40");
const SLOT_BYTES: u32 = TEXT + LENGTH_MAX;
/** A power of two. */
const SLOTS: u32 = 128;
const SLOT_SHIFT: u32 = 64 - 7;
const slots = memory.data(12288, 64);
if (SLOTS * SLOT_BYTES != 12288) ERROR("the slots take 12,288 bytes");

let generation: u64 = 1;

/** Something changed that a walk may have met: a name that others know is gone, a mount came or went, a directory's permissions changed. */
@inline
export function pathCacheForget(): void {
  generation++;
}

/** Where the last pathCacheFind looked: for pathCacheKeep. */
let slot: Slot = changetype<Slot>(0);

@inline
function pair(p: usize): u64 {
  return load<u64>(p);
}

@inline
function rootOf(context: FsContext): u64 {
  return load<u64>(changetype<usize>(context), offsetof<FsContext>("rootMount"));
}

/** True for the length of a path that pathCacheFind may be asked for. */
@inline
export function pathCacheTakes(length: u32): bool {
  return length - LENGTH_MIN <= LENGTH_MAX - LENGTH_MIN;
}

/** Looks for the path from `place`, and if it is known makes `place` what it leads to, without references. `flags` are those that matter. */
@inline
export function pathCacheFind(place: Path, context: FsContext, name: usize, length: u32, flags: u32): bool {
  const last = length - 8;
  let hash = <u64>changetype<usize>(place.entry);
  for (let i: u32 = 0; i < last; i += 8) hash = hashStep(hash, load<u64>(name + i));
  hash = hashStep(hash, load<u64>(name + last));
  const s = changetype<Slot>(slots + <usize>(hash >> SLOT_SHIFT) * SLOT_BYTES);
  slot = s;
  if (s.generation != generation || s.kind != (length | (flags << 8))) return false;
  if (s.start != pair(changetype<usize>(place)) || s.root != rootOf(context)) return false;
  const text = changetype<usize>(s) + TEXT;
  if (load<u64>(text + last) != load<u64>(name + last)) return false;
  for (let i: u32 = 0; i < last; i += 8) if (load<u64>(text + i) != load<u64>(name + i)) return false;
  store<u64>(changetype<usize>(place), s.found);
  return true;
}

/**
 * Remembers that the path, which pathCacheFind did not find, leads from `start` (a pair of pointers) to `place`, unless one of the two is not
 * in memory.
 */
export function pathCacheKeep(start: u64, place: Path, context: FsContext, name: usize, length: u32, flags: u32): void {
  const s = slot;
  const from = changetype<Entry>(<usize>(start >> 32));
  if (from.inode!.fs.kind != FileSystemKind.Memory || place.entry.inode!.fs.kind != FileSystemKind.Memory) return;
  s.generation = generation;
  s.start = start;
  s.root = rootOf(context);
  s.found = pair(changetype<usize>(place));
  s.kind = length | (flags << 8);
  memory.copy(changetype<usize>(s) + TEXT, name, length);
  place.entry.flags |= <u16>EntryFlag.Known;
}
