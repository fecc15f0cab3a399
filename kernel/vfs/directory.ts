// The content of a directory of a memory file system: its entries in a hash table that grows, and in order of creation. The order is
// what getdents follows: each entry has a cookie that never changes and is never used twice, so that a reader who goes on from a
// cookie sees every name that stays, once, whatever comes and goes meanwhile (POSIX readdir).

import { Errno } from "../errno";
import { bytesEqual } from "../lib/bytes";
import { kernelAlloc, kernelFree } from "../mm/heap";
import { Result } from "../result";
import { Entry, EntryFlag, Inode } from "./inode";
import { pathCacheForget } from "./pathcache";

const FIRST_BUCKETS: u32 = 8;
const FIRST_SHIFT: u32 = 29;

@unmanaged
class Directory {
  buckets: usize;
  /** The number of buckets is a power of two; a hash shifted right by this is an index. */
  shift: u32;
  /** Entries, whiteouts among them. */
  count: u32;
  first: Entry | null;
  last: Entry | null;
  /** Where the last reader stopped: it saves the next one the way from the start. */
  cursor: Entry | null;
  nextCookie: u64;
}
const DIRECTORY_BYTES: u32 = 32;
if (offsetof<Directory>() != DIRECTORY_BYTES) ERROR("Directory is 32 bytes");

/** Cookies 0 and 1 stand for "." and "..". */
const FIRST_COOKIE: u64 = 2;

@inline
function table(inode: Inode): Directory {
  return changetype<Directory>(inode.content);
}

/** The bucket that a name of that hash is in. */
@inline
function bucket(d: Directory, hash: u32): usize {
  return d.buckets + ((<usize>(hash >> d.shift)) << 2);
}

/** The entry of that name, a whiteout too; null when there is none. Takes no reference. */
export function directoryFind(inode: Inode, name: usize, length: u32, hash: u32): Entry | null {
  if (inode.content == 0) return null;
  let e = changetype<Entry | null>(<usize>load<u32>(bucket(table(inode), hash)));
  while (e) {
    if (e.hash == hash && <u32>e.nameLength == length && bytesEqual(e.name, name, length)) return e;
    e = e.hashNext;
  }
  return null;
}

/**
 * directoryFind for the path walk, which has the first eight bytes of the name as a number, with zeros behind a shorter name: since no name has
 * a zero and those in memory have zeros behind (entryNew), that is all there is to compare of a short one. A null pointer when there is none.
 */
@inline
export function directoryFindWord(inode: Inode, word: u64, name: usize, length: u32, hash: u32): Entry {
  if (inode.content == 0) return changetype<Entry>(0);
  let e = <usize>load<u32>(bucket(table(inode), hash));
  while (e != 0) {
    const text = changetype<Entry>(e).name;
    if (load<u64>(text) == word) {
      if (length < 8) break;
      if (<u32>changetype<Entry>(e).nameLength == length && bytesEqual(text, name, length)) break;
    }
    e = load<u32>(e, offsetof<Entry>("hashNext"));
  }
  return changetype<Entry>(e);
}

/** Makes sure that the next directoryInsert works: 0 or -ENOMEM. */
export function directoryReserve(inode: Inode): Result {
  if (inode.content == 0) {
    const d = changetype<Directory>(kernelAlloc(DIRECTORY_BYTES));
    if (changetype<usize>(d) == 0) return -Errno.ENOMEM;
    d.buckets = kernelAlloc(FIRST_BUCKETS * 4);
    if (d.buckets == 0) {
      kernelFree(changetype<usize>(d));
      return -Errno.ENOMEM;
    }
    d.shift = FIRST_SHIFT;
    d.nextCookie = FIRST_COOKIE;
    inode.content = changetype<usize>(d);
    return 0;
  }
  const d = table(inode);
  if (d.count >> (32 - d.shift) != 0) grow(d);
  return 0;
}

/** Doubles the table. When memory is short it stays as it is: longer chains are no error. */
function grow(d: Directory): void {
  const shift = d.shift - 1;
  const buckets = kernelAlloc(4 << (32 - shift));
  if (buckets == 0) return;
  kernelFree(d.buckets);
  d.buckets = buckets;
  d.shift = shift;
  let e = d.first;
  while (e) {
    link(d, e);
    e = e.orderNext;
  }
}

@inline
function link(d: Directory, e: Entry): void {
  const slot = bucket(d, e.hash);
  e.hashNext = changetype<Entry | null>(<usize>load<u32>(slot));
  store<u32>(slot, <u32>changetype<usize>(e));
}

/** Puts in `e`, whose name must not be there, at the end of the order. directoryReserve must have succeeded before. */
export function directoryInsert(inode: Inode, e: Entry): void {
  const d = table(inode);
  link(d, e);
  e.cookie = d.nextCookie++;
  e.orderNext = null;
  e.orderPrev = d.last;
  if (d.last) d.last!.orderNext = e;
  else d.first = e;
  d.last = e;
  d.count++;
}

/** Takes `e` out; the reference that the directory held goes to the caller. */
export function directoryRemove(inode: Inode, e: Entry): void {
  const d = table(inode);
  unlink(d, e);
  if ((e.flags & EntryFlag.Known) != 0) pathCacheForget();
  if (d.cursor == e) d.cursor = e.orderNext;
  if (e.orderNext) e.orderNext!.orderPrev = e.orderPrev;
  else d.last = e.orderPrev;
  if (e.orderPrev) e.orderPrev!.orderNext = e.orderNext;
  else d.first = e.orderNext;
  e.orderNext = null;
  e.orderPrev = null;
  d.count--;
}

function unlink(d: Directory, e: Entry): void {
  let slot = bucket(d, e.hash);
  for (;;) {
    const other = changetype<Entry>(<usize>load<u32>(slot));
    if (other == e) break;
    slot = changetype<usize>(other) + offsetof<Entry>("hashNext");
  }
  store<u32>(slot, <u32>changetype<usize>(e.hashNext));
  e.hashNext = null;
}

/** First entry in order of creation whose cookie is >= `cookie`, a whiteout too; null at the end. */
@inline
export function directoryFrom(inode: Inode, cookie: u64): Entry | null {
  if (inode.content == 0) return null;
  const d = table(inode);
  let e = d.cursor;
  if (!e || (e.orderPrev && e.orderPrev!.cookie >= cookie)) e = d.first;
  while (e && e.cookie < cookie) e = e.orderNext;
  d.cursor = e;
  return e;
}

/** First entry in order of creation; null when the directory has none of its own. */
export function directoryFirst(inode: Inode): Entry | null {
  return inode.content == 0 ? null : table(inode).first;
}

/** Frees the table itself; it must have no entries. */
export function directoryFree(inode: Inode): void {
  if (inode.content == 0) return;
  assert(table(inode).count == 0, "a directory is freed empty");
  kernelFree(table(inode).buckets);
  kernelFree(inode.content);
  inode.content = 0;
}
