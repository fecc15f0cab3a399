// Host calls on processes, memory and time: exit to poll (docs/host-syscalls.md, "Processes, memory, time").

import { hostContainer } from "../../kernel/container/container";
import { Errno } from "../../kernel/errno";
import { kernelAlloc, kernelFree } from "../../kernel/mm/heap";
import { mapRegion } from "../../kernel/mm/map";
import { VmaFlag } from "../../kernel/mm/vma";
import { copyIn } from "../../kernel/mm/user";
import { Arguments, argumentsAppend, argumentsFree, argumentsNew } from "../../kernel/program/arguments";
import { Result } from "../../kernel/result";
import { exitGroup, reap } from "../../kernel/task/lifecycle";
import { processFind } from "../../kernel/task/pids";
import { childQueue, Process, ProcessState } from "../../kernel/task/process";
import { kernelInfo, sendSignalToProcess } from "../../kernel/task/signal";
import { isSignal } from "../../kernel/task/signalset";
import { deadlineAfter, park, Thread } from "../../kernel/task/thread";
import { FdTable, fdGet, fdSet, fdTableNew, fdTableRelease } from "../../kernel/vfs/fdtable";
import { fileRetain } from "../../kernel/vfs/file";
import { fsContextCopy } from "../../kernel/vfs/mount";
import { contextOf, pathText, takePath } from "./arguments";
import { dataEnd, DATA_LIMIT, startProgram, takeForeground } from "./program";

const ARGUMENT_BYTES_MAX: u64 = 128 << 10;
const STREAMS: u32 = 3;
const FLAG_FOREGROUND: u64 = 1;
const FLAG_NO_WAIT: u64 = 1;
const PAGE_BYTES: u64 = 4096;

const numbers = memory.data(12, 8);

export function hostExit(t: Thread, status: u64): Result {
  exitGroup(t.process, (<u32>(status & 0xff)) << 8);
  return 0;
}

/** The argument strings of a spawn, each ended by NUL: 0, -E2BIG, -EINVAL, -EFAULT or -ENOMEM. */
function takeArguments(a: Arguments, ua: u64, bytes: u64): Result {
  if (bytes > ARGUMENT_BYTES_MAX) return -Errno.E2BIG;
  const n = <u32>bytes;
  const buffer = kernelAlloc(max<u32>(n, 1));
  if (buffer == 0) return -Errno.ENOMEM;
  let r = copyIn(buffer, ua, n);
  if (r >= 0 && n != 0 && load<u8>(buffer + n - 1) != 0) r = -Errno.EINVAL;
  for (let from: u32 = 0, to: u32 = 0; r >= 0 && to < n; to++) {
    if (load<u8>(buffer + to) != 0) continue;
    r = argumentsAppend(a, buffer + from, to - from);
    a.argumentCount++;
    from = to + 1;
  }
  if (r >= 0 && n == 0) {
    r = argumentsAppend(a, buffer, 0); // a program has at least one argument
    a.argumentCount = 1;
  }
  kernelFree(buffer);
  return r;
}

/** The descriptors of a new process from three numbers at `ua`, 0 for the caller's first three: a table's address, or -errno. */
function takeDescriptors(t: Thread, ua: u64): Result {
  for (let i: u32 = 0; i < STREAMS; i++) store<u32>(numbers + (i << 2), i);
  if (ua != 0) {
    const r = copyIn(numbers, ua, STREAMS * 4);
    if (r < 0) return r;
  }
  const own = t.process.files!;
  const files = fdTableNew();
  if (!files) return -Errno.ENOMEM;
  for (let i: u32 = 0; i < STREAMS; i++) {
    const file = fdGet(own, load<u32>(numbers + (i << 2)));
    if (changetype<usize>(file) != 0) fdSet(files, i, fileRetain(file), false);
    else if (ua != 0) {
      fdTableRelease(files);
      return -Errno.EBADF;
    }
  }
  return changetype<usize>(files);
}

export function hostSpawn(t: Thread, path: u64, length: u64, strings: u64, bytes: u64, descriptors: u64, flags: u64): Result {
  if ((flags & ~FLAG_FOREGROUND) != 0) return -Errno.EINVAL;
  const n = takePath(pathText, path, length);
  if (n < 0) return n;
  const a = argumentsNew();
  if (!a) return -Errno.ENOMEM;
  let r = takeArguments(a, strings, bytes);
  if (r >= 0) r = takeDescriptors(t, descriptors);
  if (r >= 0) {
    const files = changetype<FdTable>(<usize>r);
    const paths = fsContextCopy(contextOf(t));
    if (paths) r = startProgram(t.process, paths, files, pathText, <u32>n, a);
    else {
      fdTableRelease(files);
      r = -Errno.ENOMEM;
    }
  }
  argumentsFree(a);
  if (r >= 0 && (flags & FLAG_FOREGROUND) != 0) takeForeground(processFind(hostContainer, <u32>r)!);
  return r;
}

/** pid 0: any child. */
export function hostWait(t: Thread, pid: u64, flags: u64): Result {
  if ((flags & ~FLAG_NO_WAIT) != 0) return -Errno.EINVAL;
  let any = false;
  let child: Process | null = t.process.children;
  while (child) {
    if (pid == 0 || child.pid == pid) {
      any = true;
      if (child.state == ProcessState.Zombie) {
        const r = ((<Result>child.pid) << 32) | child.exitStatus;
        reap(child);
        return r;
      }
    }
    child = child.siblingNext;
  }
  if (!any) return -Errno.ECHILD;
  return flags != 0 ? -Errno.EAGAIN : park(childQueue(t.process));
}

export function hostKill(t: Thread, pid: u64, signal: u64): Result {
  if (signal > 64 || !isSignal(<u32>signal)) return -Errno.EINVAL;
  const p = pid <= u32.MAX_VALUE ? processFind(hostContainer, <u32>pid) : null;
  if (!p) return -Errno.ESRCH;
  if (p == hostContainer.init) return -Errno.EPERM;
  return sendSignalToProcess(p, kernelInfo(<u32>signal));
}

export function hostGetPid(t: Thread): Result {
  return t.process.pid;
}

export function hostGrow(t: Thread, bytes: u64): Result {
  if (bytes % PAGE_BYTES != 0) return -Errno.EINVAL;
  const space = t.process.space!;
  const end = dataEnd(space);
  if (bytes == 0) return end;
  if (bytes > DATA_LIMIT - end) return -Errno.ENOMEM;
  const r = mapRegion(space, end, bytes, VmaFlag.Read | VmaFlag.Write, null, 0, null);
  return r < 0 ? r : <Result>end;
}

export function hostSleep(t: Thread, ns: u64): Result {
  const r = park(null, deadlineAfter(t, ns));
  return r == -Errno.ETIMEDOUT ? 0 : r;
}
