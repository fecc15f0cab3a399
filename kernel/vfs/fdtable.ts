// Descriptor tables: which open file each small number of a process means. A table is shared by the threads of a process and by clone(2)
// with CLONE_FILES, and counted. `open` has a bit per number in use and `full` a bit per full word of it, so that the lowest free number is
// found by looking at a word or two, however many are in use. See open(2), dup(2), close_range(2).

import { Errno } from "../errno";
import { kernelAlloc, kernelFree } from "../mm/heap";
import { Result } from "../result";
import { fileLeave, fileRelease } from "./file";
import { File } from "./inode";

/** Most descriptors a table can have, whatever the limit says (Linux's fs.nr_open). */
export const DESCRIPTORS_MAX: u32 = 1 << 20;
/** Numbers a new table has room for, without a second allocation. */
const FIRST_CAPACITY: u32 = 32;

@unmanaged
export class FdTable {
  refs: u32;
  /** Numbers there is room for; a multiple of 32. */
  capacity: u32;
  /** `capacity` pointers to File, 0 where the number is free. */
  files: usize;
  /** Bitmaps of `capacity` bits. */
  open: usize;
  closeOnExec: usize;
  /** A bit per word of `open`: it has no free number. */
  full: usize;
  /** Descriptors in use. */
  count: u32;
  padding: u32;
}
const TABLE_BYTES: u32 = 32;
if (offsetof<FdTable>() != TABLE_BYTES) ERROR("FdTable is 32 bytes");

/** Bytes of the four arrays of a table with room for `capacity` numbers. */
@inline
function arrayBytes(capacity: u32): u32 {
  return capacity * 4 + (capacity >> 3) * 2 + fullBytes(capacity);
}

@inline
function fullBytes(capacity: u32): u32 {
  return ((capacity + 1023) >> 10) << 2;
}

function placeArrays(table: FdTable, base: usize, capacity: u32): void {
  table.capacity = capacity;
  table.files = base;
  table.open = base + (capacity << 2);
  table.closeOnExec = table.open + (capacity >> 3);
  table.full = table.closeOnExec + (capacity >> 3);
}

@inline
function inlineArrays(table: FdTable): usize {
  return changetype<usize>(table) + TABLE_BYTES;
}

/** An empty table with one reference; null when memory is short. */
export function fdTableNew(): FdTable | null {
  const p = kernelAlloc(TABLE_BYTES + arrayBytes(FIRST_CAPACITY));
  if (p == 0) return null;
  const table = changetype<FdTable>(p);
  table.refs = 1;
  placeArrays(table, inlineArrays(table), FIRST_CAPACITY);
  return table;
}

export function fdTableRetain(table: FdTable): FdTable {
  table.refs++;
  return table;
}

/** Drops a reference; the last one closes every descriptor. */
export function fdTableRelease(table: FdTable): void {
  if (table.refs == 1) closeRange(table, 0, table.capacity - 1);
  if (--table.refs != 0) return;
  if (table.files != inlineArrays(table)) kernelFree(table.files);
  kernelFree(changetype<usize>(table));
}

/** Makes room for the number `fd`. Returns 0 or -ENOMEM. */
function grow(table: FdTable, fd: u32): Result {
  let capacity = table.capacity;
  while (capacity <= fd) capacity <<= 1;
  const base = kernelAlloc(arrayBytes(capacity));
  if (base == 0) return -Errno.ENOMEM;
  const oldFiles = table.files;
  const oldOpen = table.open;
  const oldCloseOnExec = table.closeOnExec;
  const oldFull = table.full;
  const old = table.capacity;
  placeArrays(table, base, capacity);
  memory.copy(table.files, oldFiles, old << 2);
  memory.copy(table.open, oldOpen, old >> 3);
  memory.copy(table.closeOnExec, oldCloseOnExec, old >> 3);
  memory.copy(table.full, oldFull, fullBytes(old));
  if (oldFiles != inlineArrays(table)) kernelFree(oldFiles);
  return 0;
}

/** Lowest number >= from that is not in use; it may be past the capacity. */
function lowestFree(table: FdTable, from: u32): u32 {
  if (from >= table.capacity) return from;
  let word = from >> 5;
  const rest = ~load<u32>(table.open + (word << 2)) & ((<u32>-1) << (from & 31));
  if (rest != 0) return (word << 5) + <u32>ctz(rest);
  word++;
  const words = table.capacity >> 5;
  while (word < words) {
    const notFull = ~load<u32>(table.full + ((word >> 5) << 2)) & ((<u32>-1) << (word & 31));
    if (notFull == 0) {
      word = (word | 31) + 1;
      continue;
    }
    word = (word & ~31) + <u32>ctz(notFull);
    if (word >= words) break;
    return (word << 5) + <u32>ctz(~load<u32>(table.open + (word << 2)));
  }
  return table.capacity;
}

/**
 * Lowest free number >= `from`, with room made for it, so that fdSet cannot fail. Returns the number; -EMFILE when it is not below
 * `limit` (RLIMIT_NOFILE); -ENOMEM.
 */
export function fdLowest(table: FdTable, from: u32, limit: u64): Result {
  const fd = lowestFree(table, from);
  if (fd >= limit || fd >= DESCRIPTORS_MAX) return -Errno.EMFILE;
  if (fd >= table.capacity) {
    const r = grow(table, fd);
    if (r < 0) return r;
  }
  return fd;
}

/** Makes the free number `fd`, which fdLowest gave, mean `file`; takes the caller's reference over. */
export function fdSet(table: FdTable, fd: u32, file: File, closeOnExec: bool): void {
  const slot = table.files + (fd << 2);
  assert(load<u32>(slot) == 0, "the descriptor is in use");
  store<u32>(slot, <u32>changetype<usize>(file));
  const word = (fd >> 5) << 2;
  const bit: u32 = 1 << (fd & 31);
  const open = load<u32>(table.open + word) | bit;
  store<u32>(table.open + word, open);
  if (~open == 0) setBit(table.full, fd >> 5);
  if (closeOnExec) store<u32>(table.closeOnExec + word, load<u32>(table.closeOnExec + word) | bit);
  table.count++;
}

/**
 * Gives `file` the lowest free number >= `from` and takes the caller's reference over. Returns the number; -EMFILE or -ENOMEM, and the
 * reference stays with the caller.
 */
export function fdInstall(table: FdTable, file: File, from: u32, limit: u64, closeOnExec: bool): Result {
  const fd = fdLowest(table, from, limit);
  if (fd >= 0) fdSet(table, <u32>fd, file, closeOnExec);
  return fd;
}

/** The file that `fd` means, or a null pointer. Not counted: the table holds it. */
@inline
export function fdGet(table: FdTable, fd: u32): File {
  return changetype<File>(fd < table.capacity ? <usize>load<u32>(table.files + (fd << 2)) : 0);
}

/** Takes `fd` out of the table and hands its reference to the caller; a null pointer when it is not open. */
export function fdTake(table: FdTable, fd: u32): File {
  const file = fdGet(table, fd);
  if (changetype<usize>(file) == 0) return file;
  store<u32>(table.files + (fd << 2), 0);
  const word = (fd >> 5) << 2;
  const mask = ~((<u32>1) << (fd & 31));
  store<u32>(table.open + word, load<u32>(table.open + word) & mask);
  store<u32>(table.closeOnExec + word, load<u32>(table.closeOnExec + word) & mask);
  clearBit(table.full, fd >> 5);
  table.count--;
  return file;
}

/** Closes `fd`. Returns 0, or -EBADF when it is not open. */
export function fdClose(table: FdTable, fd: u32): Result {
  const file = fdTake(table, fd);
  if (changetype<usize>(file) == 0) return -Errno.EBADF;
  fileLeave(file, changetype<usize>(table));
  fileRelease(file);
  return 0;
}

/**
 * dup2: makes `to` mean what `from` means, closing what it meant before. The two must differ. Returns `to`; -EBADF when `from` is not open
 * or `to` is not below `limit`; -ENOMEM.
 */
export function fdDuplicateTo(table: FdTable, from: u32, to: u32, limit: u64, closeOnExec: bool): Result {
  if (to >= limit || to >= DESCRIPTORS_MAX) return -Errno.EBADF;
  const file = fdGet(table, from);
  if (changetype<usize>(file) == 0) return -Errno.EBADF;
  file.refs++; // first, since closing `to` may drop another reference to the same file
  const r = fdReplace(table, to, file, limit, closeOnExec);
  if (r < 0) file.refs--;
  return r;
}

/**
 * Makes `to` mean `file`, closing what it meant before, and takes the caller's reference over. Returns `to`; -EBADF when that is not below
 * `limit`, or -ENOMEM, and the reference stays with the caller.
 */
export function fdReplace(table: FdTable, to: u32, file: File, limit: u64, closeOnExec: bool): Result {
  if (to >= limit || to >= DESCRIPTORS_MAX) return -Errno.EBADF;
  if (to >= table.capacity) {
    const r = grow(table, to);
    if (r < 0) return r;
  }
  fdClose(table, to);
  fdSet(table, to, file, closeOnExec);
  return to;
}

@inline
export function fdCloseOnExec(table: FdTable, fd: u32): bool {
  return ((load<u32>(table.closeOnExec + ((fd >> 5) << 2)) >> (fd & 31)) & 1) != 0;
}

/** Sets or clears FD_CLOEXEC of the open descriptor `fd`. */
export function fdSetCloseOnExec(table: FdTable, fd: u32, on: bool): void {
  if (on) setBit(table.closeOnExec, fd);
  else clearBit(table.closeOnExec, fd);
}

/** Closes the descriptors that execve must not pass on. The table must not be shared. */
export function fdCloseForExec(table: FdTable): void {
  const words = table.capacity >> 5;
  for (let word: u32 = 0; word < words; word++) {
    let bits = load<u32>(table.closeOnExec + (word << 2));
    while (bits != 0) {
      fdClose(table, (word << 5) + <u32>ctz(bits));
      bits &= bits - 1;
    }
  }
}

/** Closes every open descriptor in [first, last]. */
export function closeRange(table: FdTable, first: u32, last: u32): void {
  last = min(last, table.capacity - 1);
  for (let fd = fdNext(table, first); fd <= last; fd = fdNext(table, fd + 1)) fdClose(table, fd);
}

/** Marks every open descriptor in [first, last] close-on-exec. */
export function closeRangeOnExec(table: FdTable, first: u32, last: u32): void {
  last = min(last, table.capacity - 1);
  for (let fd = fdNext(table, first); fd <= last; fd = fdNext(table, fd + 1)) setBit(table.closeOnExec, fd);
}

/** Lowest open descriptor >= from, or u32.MAX_VALUE. */
export function fdNext(table: FdTable, from: u32): u32 {
  const words = table.capacity >> 5;
  let mask: u32 = (<u32>-1) << (from & 31);
  for (let word = from >> 5; word < words; word++) {
    const bits = load<u32>(table.open + (word << 2)) & mask;
    if (bits != 0) return (word << 5) + <u32>ctz(bits);
    mask = <u32>-1;
  }
  return u32.MAX_VALUE;
}

/** A copy for fork: the same files under the same numbers, one more reference to each; null when memory is short. */
export function fdTableCopy(from: FdTable): FdTable | null {
  const table = fdTableNew();
  if (!table) return null;
  const words = usedWords(from);
  if (words > 1 && grow(table, (words << 5) - 1) < 0) {
    fdTableRelease(table);
    return null;
  }
  memory.copy(table.open, from.open, words << 2);
  memory.copy(table.closeOnExec, from.closeOnExec, words << 2);
  memory.copy(table.full, from.full, ((words + 31) >> 5) << 2);
  table.count = from.count;
  for (let fd = fdNext(from, 0); fd != u32.MAX_VALUE; fd = fdNext(from, fd + 1)) {
    const file = fdGet(from, fd);
    file.refs++;
    store<u32>(table.files + (fd << 2), <u32>changetype<usize>(file));
  }
  return table;
}

/** Words of `open` up to the last one in use. */
function usedWords(table: FdTable): u32 {
  let words = table.capacity >> 5;
  while (words != 0 && load<u32>(table.open + ((words - 1) << 2)) == 0) words--;
  return words;
}

@inline
function setBit(bitmap: usize, n: u32): void {
  const word = bitmap + ((n >> 5) << 2);
  store<u32>(word, load<u32>(word) | (1 << (n & 31)));
}

@inline
function clearBit(bitmap: usize, n: u32): void {
  const word = bitmap + ((n >> 5) << 2);
  store<u32>(word, load<u32>(word) & ~((<u32>1) << (n & 31)));
}
