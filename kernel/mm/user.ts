// User memory, from the kernel's side. The shim copies with fault recovery and says how far it came; here the fault is resolved (demand
// zero, copy on write, file page) and a finish... function goes on with the copy, apart from the straight way that most take. A bad pointer is
// -EFAULT; BLOCKED means that the page needs I/O and the thread is parked: return it. Every function works in the address space of the
// current thread.

import {
  closeUser,
  compareExchangeUser,
  copyFromUser,
  copyPhysicalToUser,
  copyStringFromUser,
  copyToUser,
  copyUserToPhysical,
  faultAddress,
  loadUser,
  openUser,
  storeUser,
  storeUser32,
} from "../../shim/isa";
import { Errno } from "../errno";
import { Result } from "../result";
import { resolveUserFault } from "./fault";
import { PAGE_SIZE } from "./frame";

/** First address past the user's half. */
export const USER_END: u64 = 0x0000_7fff_ffff_f000;

/** A piece of memory in the vectors of readv(2) and friends: u64 address and u64 length. */
export const PIECE_BYTES: u32 = 16;

/** True when [ua, ua + bytes) lies in the user's half. */
@inline
export function userRange(ua: u64, bytes: u64): bool {
  return ua <= USER_END && bytes <= USER_END - ua;
}

/** Copies from the user: 0, -EFAULT or BLOCKED. */
export function copyIn(destination: usize, ua: u64, bytes: u32): Result {
  if (!userRange(ua, bytes)) return -Errno.EFAULT;
  const left = copyFromUser(destination, ua, bytes);
  return left == 0 ? 0 : finishCopyIn(destination, ua, bytes, left);
}

function finishCopyIn(destination: usize, ua: u64, bytes: u32, left: u32): Result {
  while (left != 0) {
    const r = resolveUserFault(faultAddress(), false);
    if (r < 0) return r;
    const done = bytes - left;
    left = copyFromUser(destination + done, ua + done, left);
  }
  return 0;
}

/** Copies to the user: 0, -EFAULT or BLOCKED. Bytes before a bad page may have been written. */
export function copyOut(ua: u64, source: usize, bytes: u32): Result {
  if (!userRange(ua, bytes)) return -Errno.EFAULT;
  const left = copyToUser(ua, source, bytes);
  return left == 0 ? 0 : finishCopyOut(ua, source, bytes, left);
}

function finishCopyOut(ua: u64, source: usize, bytes: u32, left: u32): Result {
  while (left != 0) {
    const r = resolveUserFault(faultAddress(), true);
    if (r < 0) return r;
    const done = bytes - left;
    left = copyToUser(ua + done, source + done, left);
  }
  return 0;
}

/**
 * Begins a row of putWord or getWord in a range that userRange has accepted, which endWords ends. Nothing else may come between: user memory is open
 * to every store.
 */
@inline
export function beginWords(): void {
  openUser();
}

@inline
export function putWord(ua: u64, value: u64): void {
  storeUser(ua, value);
}

@inline
export function putHalfWord(ua: u64, value: u32): void {
  storeUser32(ua, value);
}

/** A user's word; anything when the row then fails. */
@inline
export function getWord(ua: u64): u64 {
  return loadUser(ua);
}

/** Ends a row: 0; 1 when a page had to be made ready and the whole row is to be done again; -EFAULT or BLOCKED. */
@inline
export function endWords(written: bool): Result {
  return closeUser() == 0 ? 0 : finishWords(written);
}

/** The word that copyInWord has read. */
export let copiedWord: u64 = 0;

/** Copies one word from the user to copiedWord: 0, -EFAULT or BLOCKED. */
@inline
export function copyInWord(ua: u64): Result {
  if (!userRange(ua, 8)) return -Errno.EFAULT;
  beginWords();
  copiedWord = getWord(ua);
  return closeUser() == 0 ? 0 : finishCopyInWord(ua);
}

/** Copies one word to the user: 0, -EFAULT or BLOCKED. */
@inline
export function copyOutWord(ua: u64, value: u64): Result {
  if (!userRange(ua, 8)) return -Errno.EFAULT;
  beginWords();
  putWord(ua, value);
  return closeUser() == 0 ? 0 : finishCopyOutWord(ua, value);
}

const wordSpace = memory.data(8, 8);

function finishCopyInWord(ua: u64): Result {
  const r = copyIn(wordSpace, ua, 8);
  copiedWord = load<u64>(wordSpace);
  return r;
}

function finishCopyOutWord(ua: u64, value: u64): Result {
  store<u64>(wordSpace, value);
  return copyOut(ua, wordSpace, 8);
}

function finishWords(written: bool): Result {
  const r = resolveUserFault(faultAddress(), written);
  return r < 0 ? r : 1;
}

/** Copies from the user into a physical page (a file's or a pipe's): bytes copied; when that is 0 the error, -EFAULT or BLOCKED. */
export function copyInPhysical(pa: u64, ua: u64, bytes: u32): Result {
  if (!userRange(ua, bytes)) return -Errno.EFAULT;
  const left = copyUserToPhysical(pa, ua, bytes);
  return left == 0 ? bytes : finishCopyInPhysical(pa, ua, bytes, left);
}

function finishCopyInPhysical(pa: u64, ua: u64, bytes: u32, left: u32): Result {
  while (left != 0) {
    const done = bytes - left;
    const r = resolveUserFault(faultAddress(), false);
    if (r < 0) return done != 0 ? <Result>done : r;
    left = copyUserToPhysical(pa + done, ua + done, left);
  }
  return bytes;
}

/** Copies from a physical page to the user: bytes copied; when that is 0 the error, -EFAULT or BLOCKED. */
export function copyOutPhysical(ua: u64, pa: u64, bytes: u32): Result {
  if (!userRange(ua, bytes)) return -Errno.EFAULT;
  const left = copyPhysicalToUser(ua, pa, bytes);
  return left == 0 ? bytes : finishCopyOutPhysical(ua, pa, bytes, left);
}

function finishCopyOutPhysical(ua: u64, pa: u64, bytes: u32, left: u32): Result {
  while (left != 0) {
    const done = bytes - left;
    const r = resolveUserFault(faultAddress(), true);
    if (r < 0) return done != 0 ? <Result>done : r;
    left = copyPhysicalToUser(ua + done, pa + done, left);
  }
  return bytes;
}

/**
 * Copies a NUL-terminated string from the user into `destination`, at most `capacity` bytes with the NUL; what lies behind it there may change
 * too. Returns its length without the NUL, -ENAMETOOLONG when no NUL comes in time, -EFAULT or BLOCKED.
 */
export function copyInString(destination: usize, ua: u64, capacity: u32): Result {
  let done: u32 = 0;
  while (done < capacity) {
    if (ua + done >= USER_END) return -Errno.EFAULT;
    // The page behind a string need not be mapped, so a piece ends with its page.
    const bytes = min<u32>(capacity - done, PAGE_SIZE - <u32>((ua + done) & (PAGE_SIZE - 1)));
    const length = copyStringFromUser(destination + done, ua + done, bytes);
    if (length >= 0) {
      done += <u32>length;
      if (<u32>length < bytes) return done;
    } else {
      done += <u32>~length;
      const r = resolveUserFault(faultAddress(), false);
      if (r < 0) return r;
    }
  }
  return -Errno.ENAMETOOLONG;
}

/** Compares and exchanges a user u32 (4-byte aligned) atomically: the old value, -EFAULT or BLOCKED. */
export function compareExchangeIn(ua: u64, expected: u32, value: u32): Result {
  if (!userRange(ua, 4)) return -Errno.EFAULT;
  let old = compareExchangeUser(ua, expected, value);
  while (old < 0) {
    const r = resolveUserFault(faultAddress(), true);
    if (r < 0) return r;
    old = compareExchangeUser(ua, expected, value);
  }
  return old;
}
