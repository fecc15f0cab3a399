// seccomp(2) and PR_SET_SECCOMP: the filters that programs put on themselves. How they judge is linuxabi/seccomp/, as are the descriptors by
// which another process does (seccomp_unotify(2)).

import { Errno } from "../../kernel/errno";
import { copyIn, copyOut } from "../../kernel/mm/user";
import { Result } from "../../kernel/result";
import { Capability, capable } from "../../kernel/task/credentials";
import {
  Filter,
  FILTER_NUMBERS,
  filterBody,
  FilterKind,
  filterNew,
  filterRelease,
  filterRetain,
  filterTable,
  Pass,
} from "../../kernel/task/filter";
import { EntryWork, Thread } from "../../kernel/task/thread";
import { fdLowest, fdSet } from "../../kernel/vfs/fdtable";
import { fileRelease } from "../../kernel/vfs/file";
import { bpfCheck, bpfCost } from "../seccomp/bpf";
import { listenerNew } from "../seccomp/listener";
import {
  BPF_CHAIN_MAX,
  BPF_INSTRUCTION_BYTES,
  BPF_MAXINSNS,
  BPF_OVERHEAD,
  NOTIF_BYTES,
  NOTIF_RESP_BYTES,
  SECCOMP_DATA_BYTES,
  SECCOMP_RET_ALLOW,
  SECCOMP_RET_ERRNO,
  SECCOMP_RET_KILL_PROCESS,
  SECCOMP_RET_KILL_THREAD,
  SECCOMP_RET_LOG,
  SECCOMP_RET_TRACE,
  SECCOMP_RET_TRAP,
  SECCOMP_RET_USER_NOTIF,
  SeccompFlag,
  SeccompMode,
  SeccompOperation,
} from "../types/seccomp";
import { descriptorLimit, descriptors } from "./descriptor";

const FLAGS: u32 =
  SeccompFlag.TSYNC |
  SeccompFlag.LOG |
  SeccompFlag.SPEC_ALLOW |
  SeccompFlag.NEW_LISTENER |
  SeccompFlag.TSYNC_ESRCH |
  SeccompFlag.WAIT_KILLABLE_RECV;
const space = memory.data(16, 8);
/** The filter of strict mode, made when the first thread wants it; it is never freed. */
let strict: Filter | null = null;

/** PR_GET_SECCOMP, and "Seccomp" of /proc/PID/status. */
export function seccompMode(t: Thread): u32 {
  const f = t.filter;
  // Who has ended has let go of its filters.
  if (!f) return (t.entry & EntryWork.Seccomp) != 0 ? SeccompMode.SECCOMP_MODE_FILTER : SeccompMode.SECCOMP_MODE_DISABLED;
  return f.kind == FilterKind.Strict ? SeccompMode.SECCOMP_MODE_STRICT : SeccompMode.SECCOMP_MODE_FILTER;
}

/** seccomp(2). */
export function sysSeccomp(t: Thread, operation: u32, flags: u32, argument: u64): Result {
  switch (operation) {
    case SeccompOperation.SECCOMP_SET_MODE_STRICT:
      return flags != 0 || argument != 0 ? -Errno.EINVAL : setStrict(t);
    case SeccompOperation.SECCOMP_SET_MODE_FILTER:
      return setFilter(t, flags, argument);
    case SeccompOperation.SECCOMP_GET_ACTION_AVAIL:
      return flags != 0 ? -Errno.EINVAL : actionAvailable(argument);
    case SeccompOperation.SECCOMP_GET_NOTIF_SIZES:
      if (flags != 0) return -Errno.EINVAL;
      store<u16>(space, NOTIF_BYTES);
      store<u16>(space, NOTIF_RESP_BYTES, 2);
      store<u16>(space, <u16>SECCOMP_DATA_BYTES, 4);
      return copyOut(argument, space, 6);
  }
  return -Errno.EINVAL;
}

/** PR_SET_SECCOMP. */
export function prctlSetSeccomp(t: Thread, mode: u64, argument: u64): Result {
  if (mode == SeccompMode.SECCOMP_MODE_STRICT) return setStrict(t);
  return mode == SeccompMode.SECCOMP_MODE_FILTER ? setFilter(t, 0, argument) : -Errno.EINVAL;
}

function actionAvailable(argument: u64): Result {
  const r = copyIn(space, argument, 4);
  if (r < 0) return r;
  switch (load<u32>(space)) {
    case SECCOMP_RET_KILL_PROCESS:
    case SECCOMP_RET_KILL_THREAD:
    case SECCOMP_RET_TRAP:
    case SECCOMP_RET_ERRNO:
    case SECCOMP_RET_USER_NOTIF:
    case SECCOMP_RET_TRACE:
    case SECCOMP_RET_LOG:
    case SECCOMP_RET_ALLOW:
      return 0;
  }
  return -Errno.EOPNOTSUPP;
}

/** read, write, exit and rt_sigreturn are all that is left. */
function setStrict(t: Thread): Result {
  if (seccompMode(t) == SeccompMode.SECCOMP_MODE_FILTER) return -Errno.EINVAL;
  if (!strict) {
    const made = filterNew(FilterKind.Strict, null, 0);
    if (!made) return -Errno.ENOMEM;
    made.depth = 0;
    const table = filterTable(made);
    memory.fill(table, <u8>Pass.Look, FILTER_NUMBERS);
    store<u8>(table, Pass.Always);
    store<u8>(table, Pass.Always, 1);
    store<u8>(table, Pass.Always, 15);
    store<u8>(table, Pass.Always, 60);
    strict = made;
  }
  install(t, strict!);
  return 0;
}

/** Gives `t` the filter `f` (a reference of its own). */
function install(t: Thread, f: Filter): void {
  const old = t.filter;
  t.filter = filterRetain(f);
  t.entry |= EntryWork.Seccomp;
  filterRelease(old);
}

function setFilter(t: Thread, flags: u32, argument: u64): Result {
  const all = (flags & SeccompFlag.TSYNC) != 0;
  const listens = (flags & SeccompFlag.NEW_LISTENER) != 0;
  // A descriptor and the id of a thread that cannot follow would look alike.
  if ((flags & ~FLAGS) != 0 || (all && listens && (flags & SeccompFlag.TSYNC_ESRCH) == 0)) return -Errno.EINVAL;
  if ((flags & SeccompFlag.WAIT_KILLABLE_RECV) != 0 && !listens) return -Errno.EINVAL;
  const made = readProgram(t, argument);
  if (made < 0) return made;
  const f = changetype<Filter>(<usize>made);
  f.logs = (flags & SeccompFlag.LOG) != 0;
  f.waitsKillable = (flags & SeccompFlag.WAIT_KILLABLE_RECV) != 0;
  const r = listens ? attachListener(t, f, all) : attach(t, f, all);
  // A thread keeps its own reference, and the filter one of what it stands on.
  filterRelease(f);
  return r > 0 && !listens && (flags & SeccompFlag.TSYNC_ESRCH) != 0 ? -Errno.ESRCH : r;
}

/** As attach, for a filter with a listener: its descriptor, or an error. */
function attachListener(t: Thread, f: Filter, all: bool): Result {
  const table = descriptors(t);
  const fd = fdLowest(table, 0, descriptorLimit(t));
  if (fd < 0) return fd;
  const file = listenerNew(f);
  if (!file) return -Errno.ENOMEM;
  const r = attach(t, f, all);
  if (r == 0) {
    fdSet(table, <u32>fd, file, true);
    return fd;
  }
  fileRelease(file);
  return r > 0 ? -Errno.ESRCH : r;
}

/** The program of the struct sock_fprog at `argument`, checked, as a Filter on nothing: its address, or an error in Linux's order. */
function readProgram(t: Thread, argument: u64): Result {
  let r = copyIn(space, argument, 16);
  if (r < 0) return r;
  const count = <u32>load<u16>(space);
  const instructions = load<u64>(space, 8);
  if (count == 0 || count > BPF_MAXINSNS) return -Errno.EINVAL;
  if (!t.noNewPrivileges && !capable(t.credentials, Capability.SysAdmin)) return -Errno.EACCES;
  if (instructions == 0) return -Errno.EINVAL;
  const f = filterNew(FilterKind.Program, null, count * BPF_INSTRUCTION_BYTES);
  if (!f) return -Errno.ENOMEM;
  f.instructions = count;
  r = copyIn(filterBody(f), instructions, count * BPF_INSTRUCTION_BYTES);
  if (r >= 0) r = bpfCheck(filterBody(f), count);
  if (r < 0) {
    filterRelease(f);
    return r;
  }
  return <Result>changetype<usize>(f);
}

/** Puts `f` on top of the thread's filters, with `all` on every thread's: 0, an error, or the id of a thread whose filters are not ours. */
function attach(t: Thread, f: Filter, all: bool): Result {
  const below = t.filter;
  if (below && below.kind == FilterKind.Strict) return -Errno.EINVAL;
  if (f.listener != 0 && hasListener(below)) return -Errno.EBUSY;
  const chain: u32 = below ? below.chainInstructions : 0;
  const cost = bpfCost(filterBody(f), f.instructions);
  if (chain + cost > BPF_CHAIN_MAX) return -Errno.ENOMEM;
  if (all) {
    const stranger = threadThatCannotFollow(t);
    if (stranger != 0) return stranger;
  }
  f.previous = filterRetain(below);
  f.depth = below ? below.depth + 1 : 1;
  f.chainInstructions = chain + cost + BPF_OVERHEAD;
  const table = filterTable(f);
  for (let i: u32 = 0; i < FILTER_NUMBERS; i++) {
    const known = below ? load<u8>(filterTable(below) + i) : <u8>Pass.Always;
    store<u8>(table + i, known == Pass.Look ? <u8>Pass.Look : <u8>Pass.Unknown);
  }
  install(t, f);
  if (all) synchronize(t, f);
  return 0;
}

/** True when one of the filters from `top` on has a listener. */
function hasListener(top: Filter | null): bool {
  while (top && top.listener == 0) top = top.previous;
  return top != null;
}

/** True when `f` is among the filters from `top` on, as no filter is. */
function isAmong(f: Filter | null, top: Filter | null): bool {
  if (!f) return true;
  while (top && top != f) top = top.previous;
  return top != null;
}

/** The id of the first thread of the process that has filters which `t` lacks, or 0. */
function threadThatCannotFollow(t: Thread): u32 {
  let other = t.process.threads;
  while (other) {
    if (other != t && !isAmong(other.filter, t.filter)) return other.tid;
    other = other.next;
  }
  return 0;
}

function synchronize(t: Thread, f: Filter): void {
  let other = t.process.threads;
  while (other) {
    if (other != t) {
      install(other, f);
      if (t.noNewPrivileges) other.noNewPrivileges = true;
    }
    other = other.next;
  }
}
