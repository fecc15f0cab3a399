// Why a verb of the runtime failed: an Errno for the program that asked and one line of text for the human behind it, in a block of
// fixed size that the caller owns (static, or FAILURE_BYTES from kernelAlloc), so that saying "out of memory" takes no memory.
// The message is UTF-8 without a terminator; what comes from outside is made printable, and a message that is too long ends in "...".

import { Errno } from "../kernel/errno";
import { Result } from "../kernel/result";

/** Longest message, in bytes. */
export const FAILURE_MESSAGE_LIMIT: u32 = 256;

@unmanaged
export class Failure {
  /** A positive Errno, or 0 as long as nothing failed. */
  errno: i32;
  /** Bytes of the message, which follows this header. */
  length: u32;
}
const HEADER_BYTES: u32 = 8;
/** Bytes that a Failure takes, its message included. */
export const FAILURE_BYTES: u32 = HEADER_BYTES + FAILURE_MESSAGE_LIMIT;
if (offsetof<Failure>() != HEADER_BYTES) ERROR("the message follows 8 bytes of header");

/** Address of the message's first byte; `failure.length` says how many there are. */
@inline
export function failureMessage(failure: Failure): usize {
  return changetype<usize>(failure) + HEADER_BYTES;
}

/** Forgets an earlier failure. */
export function failureClear(failure: Failure): void {
  failure.errno = 0;
  failure.length = 0;
}

/** Starts the message of a failure with the positive `errno`; a previous one is dropped. The failPut functions add to it. */
export function failBegin(failure: Failure, errno: i32): void {
  failure.errno = errno;
  failure.length = 0;
}

/** Sets `errno` and the whole message. */
export function fail(failure: Failure, errno: i32, message: string): void {
  failBegin(failure, errno);
  failPut(failure, message);
}

/** Adds an ASCII literal to the message. */
export function failPut(failure: Failure, s: string): void {
  const q = changetype<usize>(s);
  for (let i = 0; i < s.length; i++) failPutByte(failure, load<u8>(q + (i << 1)));
}

/** Adds `n` bytes from outside: control characters become "?", so that a message cannot drive the terminal it is shown on. */
export function failPutBytes(failure: Failure, p: usize, n: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    const c = load<u8>(p + i);
    failPutByte(failure, c < 0x20 || c == 0x7f ? 0x3f : c);
  }
}

/** Adds `v` in decimal. */
export function failPutUnsigned(failure: Failure, v: u64): void {
  let scale: u64 = 1;
  while (v / scale >= 10) scale *= 10;
  for (; scale != 0; scale /= 10) failPutByte(failure, 0x30 + <u8>((v / scale) % 10));
}

/** Adds `v` in decimal, with its sign when it is below zero. */
export function failPutSigned(failure: Failure, v: i64): void {
  if (v < 0) failPutByte(failure, 0x2d);
  failPutUnsigned(failure, v < 0 ? 0 - <u64>v : <u64>v);
}

/** Adds one byte, or marks the message as cut when it is full. */
export function failPutByte(failure: Failure, c: u8): void {
  const message = failureMessage(failure);
  if (failure.length < FAILURE_MESSAGE_LIMIT) {
    store<u8>(message + failure.length, c);
    failure.length++;
    return;
  }
  // Cut before the three dots, and not inside a UTF-8 sequence.
  let cut = FAILURE_MESSAGE_LIMIT - 3;
  while ((load<u8>(message + cut) & 0xc0) == 0x80) cut--;
  for (; cut < FAILURE_MESSAGE_LIMIT; cut++) store<u8>(message + cut, 0x2e);
}

/** The part of a message that tells an error number in words. */
export function failReason(failure: Failure, error: Result): void {
  switch (<i32>-error) {
    case Errno.ENOENT:
      failPut(failure, "no such file or directory");
      break;
    case Errno.ENOTDIR:
      failPut(failure, "not a directory");
      break;
    case Errno.EACCES:
      failPut(failure, "permission denied");
      break;
    case Errno.ELOOP:
      failPut(failure, "too many symbolic links");
      break;
    case Errno.ENAMETOOLONG:
      failPut(failure, "name too long");
      break;
    case Errno.EROFS:
      failPut(failure, "read-only file system");
      break;
    case Errno.EEXIST:
      failPut(failure, "exists already");
      break;
    case Errno.EINVAL:
      failPut(failure, "invalid");
      break;
    case Errno.EISDIR:
      failPut(failure, "is a directory");
      break;
    case Errno.ENOSPC:
      failPut(failure, "no space left");
      break;
    case Errno.ENOMEM:
      failPut(failure, "out of memory");
      break;
    case Errno.ENODEV:
      failPut(failure, "no such file system type");
      break;
    case Errno.EBUSY:
      failPut(failure, "busy");
      break;
    case Errno.EOPNOTSUPP:
      failPut(failure, "not applied by this kernel");
      break;
    default:
      failPut(failure, "error ");
      failPutUnsigned(failure, <u64>-error);
  }
}
