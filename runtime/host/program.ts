// Host programs: how a process of the host's world comes to be and what its end means for the console (docs/host-syscalls.md, "Processes").

import { hostContainer } from "../../kernel/container/container";
import { Errno } from "../../kernel/errno";
import { cstringLength } from "../../kernel/lib/bytes";
import { logBytes, logEnd, logHex, logNumber, logStart, logText } from "../../kernel/log/log";
import { AddressSpace } from "../../kernel/mm/space";
import { vmaBelow } from "../../kernel/mm/vmatree";
import { Arguments } from "../../kernel/program/arguments";
import { execute } from "../../kernel/program/exec";
import { Result } from "../../kernel/result";
import { actionsNew } from "../../kernel/task/action";
import { creationError, processDiscard, processLead, processNew, threadStart } from "../../kernel/task/lifecycle";
import { Process } from "../../kernel/task/process";
import { CORE_SIGNALS, signalBit } from "../../kernel/task/signalset";
import { EntryWork, Thread } from "../../kernel/task/thread";
import { hostTerminal } from "../../kernel/tty/console";
import { FdTable, fdTableRelease } from "../../kernel/vfs/fdtable";
import { FsContext } from "../../kernel/vfs/inode";
import { fsContextRelease } from "../../kernel/vfs/mount";
import { WalkFlag } from "../../kernel/vfs/walk";
import { defaultLimits } from "../launch";
import { builder } from "../tree";
import { lenderEnds } from "./loan";
import { rawModeEnds } from "./terminal";

/** Where a program's data segment lies (userland/start/runtime.h). */
const DATA_START: u64 = 0x1_0000_0000;
export const DATA_LIMIT: u64 = 0x2_0000_0000;

/** End of the data segment; 0 when there is none, which no host program is without. */
export function dataEnd(space: AddressSpace): u64 {
  const vma = vmaBelow(space, DATA_LIMIT);
  return vma && vma.start > DATA_START && vma.end <= DATA_LIMIT ? vma.end : 0;
}

/**
 * Starts the program `name` (looked up from `paths`) in a process of its own group and session; the process takes over `paths` and `files`,
 * also when this fails. Its pid; or -EAGAIN, -ENOMEM and what execve(2) returns; -ENOEXEC for programs that are not the host's.
 */
export function startProgram(parent: Process | null, paths: FsContext, files: FdTable, name: usize, length: u32, a: Arguments): Result {
  const process = processNew(hostContainer, parent, builder);
  if (!process) {
    fsContextRelease(paths);
    fdTableRelease(files);
    return creationError(hostContainer);
  }
  processLead(process);
  process.host = true;
  process.leader.entry |= EntryWork.HostTable;
  process.paths = paths;
  process.files = files;
  defaultLimits(process.limits);
  const actions = actionsNew();
  let r: Result = -Errno.ENOMEM;
  if (actions) {
    process.actions = actions;
    r = execute(process.leader, null, name, length, WalkFlag.Follow, a);
  }
  if (r >= 0 && dataEnd(process.space!) == 0) r = -Errno.ENOEXEC;
  if (r < 0) {
    processDiscard(process);
    return r;
  }
  threadStart(process.leader);
  return process.pid;
}

/** Gives the host's terminal to the process: keys that signal are for it. */
export function takeForeground(process: Process): void {
  const tty = hostTerminal();
  if (tty) tty.foreground = process.pid;
}

/** A host process ends: the terminal goes back to its parent, in canonical mode; a fault is worth a line in the log. */
export function hostProcessEnds(process: Process): void {
  const tty = hostTerminal();
  const parent = process.parent;
  if (tty && tty.foreground == process.pid) tty.foreground = parent ? parent.pid : 0;
  rawModeEnds(process.pid);
  lenderEnds(process.pid);
  const signal = process.exitStatus & 0x7f;
  if (signal != 0 && (CORE_SIGNALS & signalBit(signal)) != 0) tellFault(process.leader, signal);
  if (process == hostContainer.init) tellInit(process);
}

function tellFault(t: Thread, signal: u32): void {
  const name = changetype<usize>(t) + offsetof<Thread>("name0");
  logStart("host");
  logBytes(name, cstringLength(name));
  logText(" (");
  logNumber(t.tid);
  logText(") is ended by signal ");
  logNumber(signal);
  logText(", at ");
  logHex(t.rip);
  logText(", vector ");
  logNumber(t.faultVector);
  logText(", address ");
  logHex(t.faultAddress);
  logEnd();
}

function tellInit(process: Process): void {
  logStart("host");
  logText("/bin/init has ended with wait status ");
  logNumber(process.exitStatus);
  logText("; nobody is left to talk to");
  logEnd();
}
