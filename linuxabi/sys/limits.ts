// Resource limits: getrlimit(2), setrlimit(2), prlimit(2).

import { Errno } from "../../kernel/errno";
import { copyIn, copyOut } from "../../kernel/mm/user";
import { Result } from "../../kernel/result";
import { Capability, capable } from "../../kernel/task/credentials";
import { cpuLimitWatch } from "../../kernel/task/itimer";
import { hardLimit, LimitKind, LIMIT_KINDS, softLimit } from "../../kernel/task/limits";
import { processFind } from "../../kernel/task/pids";
import { Process } from "../../kernel/task/process";
import { Thread } from "../../kernel/task/thread";
import { DESCRIPTORS_MAX } from "../../kernel/vfs/fdtable";

const given = memory.data(16, 8);
const old = memory.data(16, 8);

export function sysGetrlimit(t: Thread, kind: u32, limit: u64): Result {
  return kind >= LIMIT_KINDS ? -Errno.EINVAL : limitOut(t.process, kind, limit);
}

function limitOut(p: Process, kind: u32, limit: u64): Result {
  store<u64>(old, softLimit(p, kind));
  store<u64>(old, hardLimit(p, kind), 8);
  return copyOut(limit, old, 16);
}

export function sysSetrlimit(t: Thread, kind: u32, limit: u64): Result {
  const r = copyIn(given, limit, 16);
  return r < 0 ? r : setGiven(t, t.process, kind);
}

/** Checks the limit in `given` and sets it for `p`. */
function setGiven(t: Thread, p: Process, kind: u32): Result {
  const r = checkGiven(t, p, kind);
  if (r < 0) return r;
  const at = p.limits + ((<usize>kind) << 4);
  const soft = load<u64>(at);
  const hard = load<u64>(at, 8);
  store<u64>(at, load<u64>(given));
  store<u64>(at, load<u64>(given, 8), 8);
  if (kind != LimitKind.Cpu || cpuLimitWatch(p)) return 0;
  store<u64>(at, soft);
  store<u64>(at, hard, 8);
  return -Errno.ENOMEM;
}

function checkGiven(t: Thread, p: Process, kind: u32): Result {
  if (kind >= LIMIT_KINDS) return -Errno.EINVAL;
  const hard = load<u64>(given, 8);
  if (load<u64>(given) > hard) return -Errno.EINVAL;
  // sysctl fs.nr_open bounds even who may raise limits.
  if (kind == LimitKind.OpenFiles && hard > <u64>DESCRIPTORS_MAX) return -Errno.EPERM;
  return hard > hardLimit(p, kind) && !capable(t.credentials, Capability.SysResource) ? -Errno.EPERM : 0;
}

export function sysPrlimit64(t: Thread, pid: i32, kind: u32, limit: u64, oldLimit: u64): Result {
  if (limit != 0) {
    const r = copyIn(given, limit, 16);
    if (r < 0) return r;
  }
  const p = pid == 0 ? t.process : processFind(t.process.container, <u32>pid);
  if (!p) return -Errno.ESRCH;
  if (p != t.process && !mayLimit(t, p)) return -Errno.EPERM;
  if (kind >= LIMIT_KINDS) return -Errno.EINVAL;
  if (limit != 0) {
    const r = checkGiven(t, p, kind);
    if (r < 0) return r;
  }
  if (oldLimit != 0) {
    const r = limitOut(p, kind, oldLimit);
    if (r < 0) return r;
  }
  return limit != 0 ? setGiven(t, p, kind) : 0;
}

/** Only who has all ids of the target in common with it, or CAP_SYS_RESOURCE, may look at and set its limits. */
function mayLimit(t: Thread, p: Process): bool {
  const c = t.credentials;
  const d = p.leader.credentials;
  if (c.uid == d.uid && c.uid == d.euid && c.uid == d.suid && c.gid == d.gid && c.gid == d.egid && c.gid == d.sgid) return true;
  return capable(c, Capability.SysResource);
}
