// Process calls: running programs, ending, waiting for children, groups and sessions.

import { Errno } from "../../kernel/errno";
import { putLiteral } from "../../kernel/lib/bytes";
import { copyInString } from "../../kernel/mm/user";
import { argumentsCopyIn, argumentsFree, argumentsNew } from "../../kernel/program/arguments";
import { execute } from "../../kernel/program/exec";
import { GONE, Result } from "../../kernel/result";
import { exitGroup, exitThread } from "../../kernel/task/lifecycle";
import { groupJoin, groupLeave, pidFind, processFind, sessionJoin, sessionLeave } from "../../kernel/task/pids";
import { LimitKind, softLimit } from "../../kernel/task/limits";
import { Process } from "../../kernel/task/process";
import { exceedsProcesses } from "../../kernel/task/identity";
import { Thread, ThreadMark } from "../../kernel/task/thread";
import { Path } from "../../kernel/vfs/inode";
import { WalkFlag } from "../../kernel/vfs/walk";
import { fdCloseOnExec } from "../../kernel/vfs/fdtable";
import { anyFile, descriptors, isNone } from "./descriptor";

const AT_FDCWD: i32 = -100;
const AT_SYMLINK_NOFOLLOW: u32 = 0x100;
const AT_EMPTY_PATH: u32 = 0x1000;

const path = memory.data(4096, 16);
const base = changetype<Path>(memory.data(8, 8));

/** `/dev/fd/N`, or `/dev/fd/N/NAME`: how execveat(2) shows the program its name. */
const DESCRIPTOR_PREFIX = "/dev/fd/";
const shown = memory.data(4096 + 32, 16);
let shownLength: u32 = 0;
/** The descriptor is closed by then. */
let vanishes: bool = false;

/** Shows the name in `path`, of `length` bytes, as below descriptor `fd`. */
function showBelow(fd: u32, length: u32): void {
  let n = putLiteral(shown, DESCRIPTOR_PREFIX);
  let unit: u32 = 1;
  while (fd / unit >= 10) unit *= 10;
  for (; unit != 0; unit /= 10) store<u8>(shown + n++, <u8>(0x30 + ((fd / unit) % 10)));
  if (length != 0) store<u8>(shown + n++, 0x2f);
  memory.copy(shown + n, path, length);
  shownLength = n + length;
  store<u8>(shown + shownLength, 0);
}

/** Fills the arguments and runs the program: never returns 0 to the program that called. */
function run(t: Thread, from: Path | null, length: u32, flags: u32, argv: u64, envp: u64): Result {
  if ((t.marks & ThreadMark.ManyProcesses) != 0) {
    if (exceedsProcesses(t, t.credentials.uid)) return -Errno.EAGAIN;
    t.marks &= ~(<u8>ThreadMark.ManyProcesses);
  }
  const a = argumentsNew();
  if (!a) return -Errno.ENOMEM;
  const nameLength = from ? shownLength : length;
  let r = argumentsCopyIn(a, argv, envp, nameLength + 1, softLimit(t.process, LimitKind.Stack));
  if (r >= 0) r = execute(t, from, path, length, flags, a, from ? shown : 0, shownLength, from ? vanishes : false);
  argumentsFree(a);
  return r;
}

/** execve(2). */
export function sysExecve(t: Thread, name: u64, argv: u64, envp: u64): Result {
  const length = copyInString(path, name, 4096);
  if (length < 0) return length;
  return run(t, null, <u32>length, WalkFlag.Follow, argv, envp);
}

/** execveat(2). */
export function sysExecveat(t: Thread, directory: i32, name: u64, argv: u64, envp: u64, flags: u32): Result {
  if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) return -Errno.EINVAL;
  const length = copyInString(path, name, 4096);
  if (length < 0) return length;
  let walkFlags: u32 = flags & AT_SYMLINK_NOFOLLOW ? 0 : WalkFlag.Follow;
  if (flags & AT_EMPTY_PATH) walkFlags |= WalkFlag.Empty;
  if (directory == AT_FDCWD || load<u8>(path) == 0x2f) return run(t, null, <u32>length, walkFlags, argv, envp);
  const file = anyFile(t, directory);
  if (isNone(file)) return -Errno.EBADF;
  const entry = file.entry;
  const mount = file.mount;
  if (!entry || !mount) return length == 0 ? -Errno.EACCES : -Errno.ENOTDIR;
  base.entry = entry;
  base.mount = mount;
  showBelow(directory, <u32>length);
  vanishes = fdCloseOnExec(descriptors(t), directory);
  return run(t, base, <u32>length, walkFlags, argv, envp);
}

/** exit(2) of one thread. Does not return to it. */
export function sysExit(t: Thread, status: u32): Result {
  exitThread((status & 0xff) << 8);
  return GONE;
}

/** exit_group(2). */
export function sysExitGroup(t: Thread, status: u32): Result {
  exitGroup(t.process, (status & 0xff) << 8);
  return 0;
}

export function sysGetpid(t: Thread): Result {
  return t.process.pid;
}

export function sysGettid(t: Thread): Result {
  return t.tid;
}

/** getppid(2): 0 for a process whose parent is outside the container. */
export function sysGetppid(t: Thread): Result {
  const parent = t.process.parent;
  return parent ? parent.pid : 0;
}

/** The process named by a pid argument where 0 means the caller; null when there is none. */
function processOrSelf(t: Thread, pid: i32): Process | null {
  if (pid == 0) return t.process;
  return pid < 0 ? null : processFind(t.process.container, pid);
}

/** setpgid(2): -EINVAL, -ESRCH, -EACCES (the child has called execve), -EPERM. */
export function sysSetpgid(t: Thread, pid: i32, group: i32): Result {
  if (group < 0 || (group == 0 && pid < 0)) return -Errno.EINVAL;
  const self = t.process;
  const p = processOrSelf(t, pid);
  if (!p) return -Errno.ESRCH;
  if (p != self) {
    if (p.parent != self) return -Errno.ESRCH;
    if (p.session != self.session) return -Errno.EPERM;
    if (p.executed) return -Errno.EACCES;
  }
  if (p.session == p.pidEntry) return -Errno.EPERM;
  const number = group == 0 ? p.pid : <u32>group;
  const e = pidFind(self.container, number);
  if (number != p.pid) {
    const member = e ? e.group : null;
    if (!member || member.session != self.session) return -Errno.EPERM;
  }
  if (p.group == e) return 0;
  e!.refs++; // stays while the old group may go
  groupLeave(p);
  groupJoin(p, e!);
  e!.refs--;
  return 0;
}

export function sysGetpgid(t: Thread, pid: i32): Result {
  const p = processOrSelf(t, pid);
  return p ? <Result>p.group.number : -Errno.ESRCH;
}

export function sysGetsid(t: Thread, pid: i32): Result {
  const p = processOrSelf(t, pid);
  return p ? <Result>p.session.number : -Errno.ESRCH;
}

/** setsid(2): -EPERM for a group leader. */
export function sysSetsid(t: Thread): Result {
  const p = t.process;
  if (p.pidEntry.group) return -Errno.EPERM;
  groupLeave(p);
  sessionLeave(p);
  sessionJoin(p, p.pidEntry);
  groupJoin(p, p.pidEntry);
  p.terminal = 0;
  return p.pid;
}
