// Rows of the table whose arguments do not all fit registers: apart, so that its switch needs no stack frame.

import { Result } from "../kernel/result";
import { Thread } from "../kernel/task/thread";
import { sysCopyFileRange } from "./sys/copy";
import { sysEpollPwait, sysEpollPwait2 } from "./sys/epoll";
import { sysFutex, sysFutexWait } from "./sys/futex";
import { sysMmap } from "./sys/memory";
import { sysMbind, sysMovePages } from "./sys/numa";
import { sysProcessVmReadv, sysProcessVmWritev } from "./sys/processmemory";
import { sysGetxattrat, sysSetxattrat } from "./sys/xattr";
import { sysSplice } from "./sys/splice";
import { sysPselect6 } from "./sys/select";
import { sysRecvfrom, sysSendto } from "./sys/socketmessage";

export function rowMmap(t: Thread): Result {
  return sysMmap(t, t.rdi, t.rsi, <u32>t.rdx, <u32>t.r10, <i32>t.r8, t.r9);
}

export function rowFutex(t: Thread): Result {
  return sysFutex(t, t.rdi, <u32>t.rsi, <u32>t.rdx, t.r10, t.r8, <u32>t.r9);
}

export function rowSendto(t: Thread): Result {
  return sysSendto(t, <i32>t.rdi, t.rsi, t.rdx, <u32>t.r10, t.r8, <i32>t.r9);
}

export function rowRecvfrom(t: Thread): Result {
  return sysRecvfrom(t, <i32>t.rdi, t.rsi, t.rdx, <u32>t.r10, t.r8, t.r9);
}

export function rowPselect6(t: Thread): Result {
  return sysPselect6(t, <i32>t.rdi, t.rsi, t.rdx, t.r10, t.r8, t.r9);
}

export function rowEpollPwait(t: Thread): Result {
  return sysEpollPwait(t, <i32>t.rdi, t.rsi, <i32>t.rdx, <i32>t.r10, t.r8, t.r9);
}

export function rowCopyFileRange(t: Thread): Result {
  return sysCopyFileRange(t, <i32>t.rdi, t.rsi, <i32>t.rdx, t.r10, t.r8, <u32>t.r9);
}

export function rowEpollPwait2(t: Thread): Result {
  return sysEpollPwait2(t, <i32>t.rdi, t.rsi, <i32>t.rdx, t.r10, t.r8, t.r9);
}

export function rowMbind(t: Thread): Result {
  return sysMbind(t, t.rdi, t.rsi, <u32>t.rdx, t.r10, t.r8, <u32>t.r9);
}

export function rowMovePages(t: Thread): Result {
  return sysMovePages(t, <i32>t.rdi, t.rsi, t.rdx, t.r10, t.r8, <u32>t.r9);
}

export function rowProcessVmReadv(t: Thread): Result {
  return sysProcessVmReadv(t, <i32>t.rdi, t.rsi, t.rdx, t.r10, t.r8, t.r9);
}

export function rowProcessVmWritev(t: Thread): Result {
  return sysProcessVmWritev(t, <i32>t.rdi, t.rsi, t.rdx, t.r10, t.r8, t.r9);
}

export function rowFutexWait(t: Thread): Result {
  return sysFutexWait(t, t.rdi, t.rsi, t.rdx, <u32>t.r10, t.r8, <i32>t.r9);
}

export function rowSetxattrat(t: Thread): Result {
  return sysSetxattrat(t, <i32>t.rdi, t.rsi, <u32>t.rdx, t.r10, t.r8, t.r9);
}

export function rowGetxattrat(t: Thread): Result {
  return sysGetxattrat(t, <i32>t.rdi, t.rsi, <u32>t.rdx, t.r10, t.r8, t.r9);
}

export function rowSplice(t: Thread): Result {
  return sysSplice(t, <i32>t.rdi, t.rsi, <i32>t.rdx, t.r10, t.r8, <u32>t.r9);
}
