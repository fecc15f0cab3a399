// The arguments and environment of a program that is about to start, as one block of NUL-terminated strings, in pieces of memory: first the arguments, then the
// environment. execve(2) fills it from user memory, the runtime from config.json. It becomes the top of the new stack as it is.

import { Errno } from "../errno";
import { kernelAlloc, kernelFree } from "../mm/heap";
import { copyIn, copyInString } from "../mm/user";
import { Result } from "../result";

/** MAX_ARG_STRLEN of execve(2): one string with its NUL. */
const STRING_MAX: u32 = 131072;
/** ARG_MAX: what strings and pointers together may always take. */
const TOTAL_MIN: u64 = 131072;
/** What they may take at most: three quarters of the usual stack. */
const TOTAL_MAX: u64 = 6 << 20;
/** The strings lie in pieces of this size, but for a first one that grows to it: what fits into one is in one. */
const PIECE: u32 = 1 << 20;
const FURTHER_PIECES: u32 = 6;
/** Strings of a program that the kernel starts itself. */
const OWN_MAX: u32 = 2 << 20;

@unmanaged
export class Arguments {
  /** The first piece. */
  data: usize;
  /** Table of the further ones, or 0. */
  further: usize;
  bytes: u32;
  /** Of all pieces. */
  capacity: u32;
  argumentCount: u32;
  environmentCount: u32;
  /** Most bytes of strings. */
  limit: u32;
}

/** An empty block; null when memory is short. */
export function argumentsNew(): Arguments | null {
  const p = kernelAlloc(offsetof<Arguments>());
  if (p == 0) return null;
  const a = changetype<Arguments>(p);
  a.capacity = 2032; // the heap's largest class
  a.limit = OWN_MAX;
  a.data = kernelAlloc(a.capacity);
  if (a.data != 0) return a;
  kernelFree(p);
  return null;
}

export function argumentsFree(a: Arguments): void {
  for (let i: u32 = 0; a.further != 0 && i < FURTHER_PIECES; i++) kernelFree(load<u32>(a.further + (i << 2)));
  kernelFree(a.further);
  kernelFree(a.data);
  kernelFree(changetype<usize>(a));
}

/** Where the byte at `offset` of the block lies. */
export function argumentsPlace(a: Arguments, offset: u32): usize {
  return offset < PIECE ? a.data + offset : <usize>load<u32>(a.further + ((offset / PIECE - 1) << 2)) + (offset % PIECE);
}

/** Bytes from `offset` on that lie together. */
export function argumentsRun(offset: u32): u32 {
  return PIECE - (offset % PIECE);
}

/** The offset behind the string that begins at `offset`. */
export function argumentsNext(a: Arguments, offset: u32): u32 {
  if (a.further == 0) {
    const start = a.data + offset;
    let p = start;
    while (load<u8>(p) != 0) p++;
    return offset + <u32>(p - start) + 1;
  }
  while (load<u8>(argumentsPlace(a, offset)) != 0) offset++;
  return offset + 1;
}

/** Makes room for `more` bytes: 0 or -ENOMEM. */
function reserve(a: Arguments, more: u32): Result {
  const bytes = a.bytes + more;
  if (bytes <= a.capacity) return 0;
  if (a.capacity < PIECE) {
    const capacity = min<u32>(max<u32>(bytes, a.capacity * 2), PIECE);
    const data = kernelAlloc(capacity);
    if (data == 0) return -Errno.ENOMEM;
    memory.copy(data, a.data, a.bytes);
    kernelFree(a.data);
    a.data = data;
    a.capacity = capacity;
  }
  while (a.capacity < bytes) {
    const r = addPiece(a);
    if (r < 0) return r;
  }
  return 0;
}

function addPiece(a: Arguments): Result {
  assert(a.capacity / PIECE <= FURTHER_PIECES, "the limit of strings is below that of pieces");
  if (a.further == 0) {
    a.further = kernelAlloc(FURTHER_PIECES * 4);
    if (a.further == 0) return -Errno.ENOMEM;
    memory.fill(a.further, 0, FURTHER_PIECES * 4);
  }
  const piece = kernelAlloc(PIECE);
  if (piece == 0) return -Errno.ENOMEM;
  store<u32>(a.further + ((a.capacity / PIECE - 1) << 2), <u32>piece);
  a.capacity += PIECE;
  return 0;
}

/** Appends a string of `n` bytes: 0, -E2BIG or -ENOMEM. The caller counts it as an argument or a variable. */
export function argumentsAppend(a: Arguments, p: usize, n: u32): Result {
  if (n >= STRING_MAX || a.bytes + n + 1 > a.limit) return -Errno.E2BIG;
  const r = reserve(a, n + 1);
  if (r < 0) return r;
  while (n != 0) {
    const bytes = min(n, argumentsRun(a.bytes));
    memory.copy(argumentsPlace(a, a.bytes), p, bytes);
    a.bytes += bytes;
    p += bytes;
    n -= bytes;
  }
  store<u8>(argumentsPlace(a, a.bytes++), 0);
  return 0;
}

/** Appends the string at user address `ua`: 0, -E2BIG, -EFAULT or -ENOMEM. */
function appendUser(a: Arguments, ua: u64): Result {
  let done: u32 = 0;
  while (done < STRING_MAX && a.bytes <= a.limit) {
    // Part by part, so that a short string does not need room for the longest.
    const part = min(min<u32>(done == 0 ? 256 : 4096, STRING_MAX - done), argumentsRun(a.bytes));
    let r = reserve(a, part);
    if (r < 0) return r;
    r = copyInString(argumentsPlace(a, a.bytes), ua + done, part);
    if (r >= 0) {
      a.bytes += <u32>r + 1;
      return a.bytes > a.limit ? -Errno.E2BIG : 0;
    }
    if (r != -Errno.ENAMETOOLONG) return r;
    a.bytes += part;
    done += part;
  }
  return -Errno.E2BIG;
}

const pointer = memory.data(8, 8);

/** Length of the NULL-terminated array of strings at `ua` (0: none): -EFAULT, or -E2BIG when the pointers alone are too many. */
function countArray(ua: u64): Result {
  if (ua == 0) return 0;
  for (let count: u64 = 0; count <= TOTAL_MAX / 8; count++) {
    const r = copyIn(pointer, ua + (count << 3), 8);
    if (r < 0) return r;
    if (load<u64>(pointer) == 0) return count;
  }
  return -Errno.E2BIG;
}

/** Appends the `count` strings of an array: 0 or an error. */
function appendArray(a: Arguments, ua: u64, count: u32): Result {
  for (let i: u32 = 0; i < count; i++) {
    let r = copyIn(pointer, ua + ((<u64>i) << 3), 8);
    if (r < 0) return r;
    // Another thread may have shortened it since it was counted.
    if (load<u64>(pointer) == 0) return -Errno.EFAULT;
    r = appendUser(a, load<u64>(pointer));
    if (r < 0) return r;
  }
  return 0;
}

/**
 * Fills an empty block from the arrays execve was given, for a program whose name has `nameBytes` with its NUL and whose stack may grow to
 * `stackLimit`: strings, name and pointers together may take a quarter of that (execve(2), "Limits on size of arguments and environment").
 * 0, -E2BIG, -EFAULT or -ENOMEM.
 */
export function argumentsCopyIn(a: Arguments, argv: u64, envp: u64, nameBytes: u32, stackLimit: u64): Result {
  const argumentCount = countArray(argv);
  if (argumentCount < 0) return argumentCount;
  const environmentCount = countArray(envp);
  if (environmentCount < 0) return environmentCount;
  const total = max(min(stackLimit / 4, TOTAL_MAX), TOTAL_MIN);
  const others = ((<u64>max<Result>(argumentCount, 1) + <u64>environmentCount) << 3) + nameBytes;
  if (others >= total) return -Errno.E2BIG;
  a.limit = <u32>(total - others);
  let r = appendArray(a, argv, <u32>argumentCount);
  if (r < 0) return r;
  a.argumentCount = <u32>argumentCount;
  if (argumentCount == 0) {
    // Linux gives a program without arguments an empty one.
    r = argumentsAppend(a, pointer, 0);
    if (r < 0) return r;
    a.argumentCount = 1;
  }
  r = appendArray(a, envp, <u32>environmentCount);
  a.environmentCount = <u32>environmentCount;
  return r;
}

/** Moves `count` bytes of the block from offset `from` to offset `to`; the two may overlap. */
function moveBytes(a: Arguments, to: u32, from: u32, count: u32): void {
  if (to <= from) {
    while (count != 0) {
      const n = min(count, min(argumentsRun(to), argumentsRun(from)));
      memory.copy(argumentsPlace(a, to), argumentsPlace(a, from), n);
      to += n;
      from += n;
      count -= n;
    }
    return;
  }
  // Upwards: the last bytes first.
  while (count != 0) {
    const n = min(count, min((to + count - 1) % PIECE, (from + count - 1) % PIECE) + 1);
    count -= n;
    memory.copy(argumentsPlace(a, to + count), argumentsPlace(a, from + count), n);
  }
}

/** Puts strings in front in place of the first argument: for `#!` (interpreter, its optional argument, script). `first` holds them. */
export function argumentsReplaceFirst(a: Arguments, first: usize, firstBytes: u32, count: u32): Result {
  const old = argumentsNext(a, 0);
  const r = reserve(a, firstBytes);
  if (r < 0) return r;
  moveBytes(a, firstBytes, old, a.bytes - old);
  memory.copy(a.data, first, firstBytes);
  a.bytes = a.bytes - old + firstBytes;
  a.argumentCount = a.argumentCount - 1 + count;
  return 0;
}
