// Processes by descriptor: pidfd_open(2), pidfd_send_signal(2), pidfd_getfd(2).

import { Errno } from "../../kernel/errno";
import { mayInspect } from "../../kernel/fs/procsubject";
import { Result } from "../../kernel/result";
import { pidFileNew, pidFileProcess } from "../../kernel/task/pidfd";
import { pidFind } from "../../kernel/task/pids";
import { Process, ProcessState } from "../../kernel/task/process";
import { Thread } from "../../kernel/task/thread";
import { FdTable, fdGet } from "../../kernel/vfs/fdtable";
import { fileRetain } from "../../kernel/vfs/file";
import { OpenFlag } from "../../kernel/vfs/flags";
import { FileKind } from "../../kernel/vfs/inode";
import { installFile, isNone, openFile } from "./descriptor";
import { sendToProcess } from "./kill";

/** PIDFD_NONBLOCK is O_NONBLOCK. */
const PIDFD_NONBLOCK: u32 = OpenFlag.NonBlock;

/** The process that descriptor `fd` stands for, or null when it stands for none. */
export function processOfDescriptor(t: Thread, fd: i32): Process | null {
  const file = openFile(t, fd);
  return isNone(file) || file.kind != FileKind.PidFd ? null : pidFileProcess(file);
}

export function sysPidfdOpen(t: Thread, pid: i32, flags: u32): Result {
  if ((flags & ~PIDFD_NONBLOCK) != 0 || pid <= 0) return -Errno.EINVAL;
  const entry = pidFind(t.process.container, <u32>pid);
  if (!entry) return -Errno.ESRCH;
  const process = entry.process;
  if (!process) return entry.thread ? -Errno.EINVAL : -Errno.ESRCH;
  return installFile(t, pidFileNew(process, flags), OpenFlag.CloseOnExec);
}

export function sysPidfdSendSignal(t: Thread, fd: i32, signal: u32, info: u64, flags: u32): Result {
  if (flags != 0) return -Errno.EINVAL;
  const process = processOfDescriptor(t, fd);
  return process ? sendToProcess(t, process, signal, info) : -Errno.EBADF;
}

export function sysPidfdGetfd(t: Thread, fd: i32, wanted: i32, flags: u32): Result {
  if (flags != 0) return -Errno.EINVAL;
  const process = processOfDescriptor(t, fd);
  if (!process) return -Errno.EBADF;
  if (process.state != ProcessState.Running) return -Errno.ESRCH;
  if (!mayInspect(process)) return -Errno.EPERM;
  const file = fdGet(changetype<FdTable>(process.files), <u32>wanted);
  return isNone(file) ? -Errno.EBADF : installFile(t, fileRetain(file), OpenFlag.CloseOnExec);
}
