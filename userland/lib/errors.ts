// Error numbers in words, as people read them after "ls: /x: ".

import { Errno } from "../../kernel/errno";

/** What `error` (a negative result) means. */
export function errorText(error: i64): string {
  switch (<i32>-error) {
    case Errno.EPERM:
      return "operation not permitted";
    case Errno.ENOENT:
      return "no such file or directory";
    case Errno.ESRCH:
      return "no such process";
    case Errno.EIO:
      return "input/output error";
    case Errno.ENXIO:
      return "no such device or address";
    case Errno.E2BIG:
      return "argument list too long";
    case Errno.ENOEXEC:
      return "not a program this system can run";
    case Errno.EBADF:
      return "bad file descriptor";
    case Errno.ECHILD:
      return "no such process to wait for";
    case Errno.EAGAIN:
      return "resource temporarily unavailable";
    case Errno.ENOMEM:
      return "out of memory";
    case Errno.EACCES:
      return "permission denied";
    case Errno.EBUSY:
      return "in use";
    case Errno.EEXIST:
      return "file exists";
    case Errno.EXDEV:
      return "on another file system";
    case Errno.ENODEV:
      return "no such device";
    case Errno.ENOTDIR:
      return "not a directory";
    case Errno.EISDIR:
      return "is a directory";
    case Errno.EINVAL:
      return "invalid argument";
    case Errno.EMFILE:
    case Errno.ENFILE:
      return "too many open files";
    case Errno.ENOTTY:
      return "not a terminal";
    case Errno.ETXTBSY:
      return "file is a running program";
    case Errno.EFBIG:
      return "file too large";
    case Errno.ENOSPC:
      return "no space left";
    case Errno.ESPIPE:
      return "cannot seek";
    case Errno.EROFS:
      return "read-only file system";
    case Errno.EMLINK:
      return "too many links";
    case Errno.EPIPE:
      return "broken pipe";
    case Errno.ERANGE:
      return "result too large";
    case Errno.ENAMETOOLONG:
      return "name too long";
    case Errno.EBADMSG:
      return "the data are damaged";
    case Errno.ENOSYS:
      return "not supported by this kernel";
    case Errno.ENOTEMPTY:
      return "directory not empty";
    case Errno.ELOOP:
      return "too many levels of symbolic links";
    case Errno.EOPNOTSUPP:
      return "not supported";
    case Errno.EADDRINUSE:
      return "address in use";
    case Errno.EADDRNOTAVAIL:
      return "not an address of this machine";
    case Errno.ENETUNREACH:
      return "network unreachable";
    case Errno.EHOSTUNREACH:
      return "host unreachable";
    case Errno.ECONNREFUSED:
      return "connection refused";
    case Errno.ECONNRESET:
      return "connection reset";
    case Errno.ETIMEDOUT:
      return "no answer in time";
    case Errno.EMSGSIZE:
      return "message too long";
    default:
      return `error ${-error}`;
  }
}
