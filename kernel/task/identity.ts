// Changing who a thread is: the rules of setuid(2) and its relatives (credentials(7)), and what a change of user does to capabilities
// (capabilities(7), "Effect of user ID changes on capabilities"). Each function makes new credentials; the old ones may be shared.

import { Errno } from "../errno";
import { Result } from "../result";
import { CAPABILITIES_ALL, Capability, capable, Credentials, credentialsCopy, credentialsNew, credentialsRelease } from "./credentials";
import { LimitKind, softLimit, UNLIMITED } from "./limits";
import { threadsOf } from "./pids";
import { Thread, ThreadMark } from "./thread";

/** "Leave it as it is", as an argument of the calls that set several ids. */
export const KEEP: u32 = 0xffff_ffff;

/** Bits of Credentials.securebits; each has a lock one above it. */
export const enum SecureBit {
  NoRoot = 1,
  NoSetuidFixup = 4,
  KeepCapabilities = 16,
  KeepCapabilitiesLocked = 32,
  NoAmbientRaise = 64,
}
/** All bits and all locks. */
export const SECURE_BITS: u32 = 0x55;
export const SECURE_LOCKS: u32 = 0xaa;

/** The capabilities that go with the file-system user id: CHOWN to FSETID, LINUX_IMMUTABLE, MKNOD, MAC_OVERRIDE. */
const FILE_CAPABILITIES: u64 =
  0x1f | ((<u64>1) << Capability.LinuxImmutable) | ((<u64>1) << Capability.Mknod) | ((<u64>1) << Capability.MacOverride);

/** Gives `t` the credentials `c`, whose reference it takes. Who becomes another user can no longer be traced or dumped by the old one. */
export function credentialsCommit(t: Thread, c: Credentials): void {
  const old = t.credentials;
  const other = old.euid != c.euid || old.egid != c.egid || old.fsuid != c.fsuid || old.fsgid != c.fsgid;
  if (other || (c.permitted & ~old.permitted) != 0) {
    t.process.dumpable = false;
    t.parentDeathSignal = 0;
  }
  t.credentials = c;
  credentialsRelease(old);
}

/** A change of real, effective or saved user id from `old`: capabilities follow root. */
function fixCapabilities(c: Credentials, old: Credentials): void {
  if ((c.securebits & SecureBit.NoSetuidFixup) != 0) return;
  const wasRoot = old.uid == 0 || old.euid == 0 || old.suid == 0;
  const isRoot = c.uid == 0 || c.euid == 0 || c.suid == 0;
  if (wasRoot && !isRoot) {
    if ((c.securebits & SecureBit.KeepCapabilities) == 0) {
      c.permitted = 0;
      c.effective = 0;
    }
    c.ambient = 0;
  }
  if (old.euid == 0 && c.euid != 0) c.effective = 0;
  if (old.euid != 0 && c.euid == 0) c.effective = c.permitted;
}

/** True when user `uid` has more threads in the container than `t` may have (RLIMIT_NPROC). */
export function exceedsProcesses(t: Thread, uid: u32): bool {
  const limit = softLimit(t.process, LimitKind.Processes);
  return limit != UNLIMITED && threadsOf(t.process.container, uid) > limit;
}

/** Becoming a user who has too many processes succeeds; the next execve(2) may fail. */
function noteProcesses(t: Thread, uid: u32): void {
  if (uid != 0 && exceedsProcesses(t, uid)) t.marks |= <u8>ThreadMark.ManyProcesses;
  else t.marks &= ~(<u8>ThreadMark.ManyProcesses);
}

function commitUser(t: Thread, c: Credentials): Result {
  if (c.uid != t.credentials.uid) noteProcesses(t, c.uid);
  c.fsuid = c.euid;
  fixCapabilities(c, t.credentials);
  credentialsCommit(t, c);
  return 0;
}

function commitGroup(t: Thread, c: Credentials): Result {
  c.fsgid = c.egid;
  credentialsCommit(t, c);
  return 0;
}

/** True when `id` is to stay or is one of the other three. */
@inline
function among(id: u32, a: u32, b: u32, c: u32): bool {
  return id == KEEP || id == a || id == b || id == c;
}

/** setuid(2): 0, -EINVAL, -EPERM or -ENOMEM. */
export function setUser(t: Thread, uid: u32): Result {
  const old = t.credentials;
  if (uid == KEEP) return -Errno.EINVAL;
  const privileged = capable(old, Capability.Setuid);
  if (!privileged && uid != old.uid && uid != old.suid) return -Errno.EPERM;
  const c = credentialsCopy(old);
  if (!c) return -Errno.ENOMEM;
  if (privileged) {
    c.uid = uid;
    c.suid = uid;
  }
  c.euid = uid;
  return commitUser(t, c);
}

/** setgid(2): 0, -EINVAL, -EPERM or -ENOMEM. */
export function setGroup(t: Thread, gid: u32): Result {
  const old = t.credentials;
  if (gid == KEEP) return -Errno.EINVAL;
  const privileged = capable(old, Capability.Setgid);
  if (!privileged && gid != old.gid && gid != old.sgid) return -Errno.EPERM;
  const c = credentialsCopy(old);
  if (!c) return -Errno.ENOMEM;
  if (privileged) {
    c.gid = gid;
    c.sgid = gid;
  }
  c.egid = gid;
  return commitGroup(t, c);
}

/** setreuid(2): 0, -EPERM or -ENOMEM. */
export function setUsers(t: Thread, real: u32, effective: u32): Result {
  const old = t.credentials;
  if (!capable(old, Capability.Setuid)) {
    if (!among(real, old.uid, old.euid, old.euid) || !among(effective, old.uid, old.euid, old.suid)) return -Errno.EPERM;
  }
  const c = credentialsCopy(old);
  if (!c) return -Errno.ENOMEM;
  if (real != KEEP) c.uid = real;
  if (effective != KEEP) c.euid = effective;
  if (real != KEEP || (effective != KEEP && effective != old.uid)) c.suid = c.euid;
  return commitUser(t, c);
}

/** setregid(2): 0, -EPERM or -ENOMEM. */
export function setGroups(t: Thread, real: u32, effective: u32): Result {
  const old = t.credentials;
  if (!capable(old, Capability.Setgid)) {
    if (!among(real, old.gid, old.egid, old.egid) || !among(effective, old.gid, old.egid, old.sgid)) return -Errno.EPERM;
  }
  const c = credentialsCopy(old);
  if (!c) return -Errno.ENOMEM;
  if (real != KEEP) c.gid = real;
  if (effective != KEEP) c.egid = effective;
  if (real != KEEP || (effective != KEEP && effective != old.gid)) c.sgid = c.egid;
  return commitGroup(t, c);
}

/** setresuid(2): 0, -EPERM or -ENOMEM. */
export function setAllUsers(t: Thread, real: u32, effective: u32, saved: u32): Result {
  const old = t.credentials;
  if (!capable(old, Capability.Setuid)) {
    const allowed =
      among(real, old.uid, old.euid, old.suid) &&
      among(effective, old.uid, old.euid, old.suid) &&
      among(saved, old.uid, old.euid, old.suid);
    if (!allowed) return -Errno.EPERM;
  }
  const c = credentialsCopy(old);
  if (!c) return -Errno.ENOMEM;
  if (real != KEEP) c.uid = real;
  if (effective != KEEP) c.euid = effective;
  if (saved != KEEP) c.suid = saved;
  return commitUser(t, c);
}

/** setresgid(2): 0, -EPERM or -ENOMEM. */
export function setAllGroups(t: Thread, real: u32, effective: u32, saved: u32): Result {
  const old = t.credentials;
  if (!capable(old, Capability.Setgid)) {
    const allowed =
      among(real, old.gid, old.egid, old.sgid) &&
      among(effective, old.gid, old.egid, old.sgid) &&
      among(saved, old.gid, old.egid, old.sgid);
    if (!allowed) return -Errno.EPERM;
  }
  const c = credentialsCopy(old);
  if (!c) return -Errno.ENOMEM;
  if (real != KEEP) c.gid = real;
  if (effective != KEEP) c.egid = effective;
  if (saved != KEEP) c.sgid = saved;
  return commitGroup(t, c);
}

/** setfsuid(2): the old one, whether it changed or not. */
export function setFileUser(t: Thread, uid: u32): Result {
  const old = t.credentials;
  const before = old.fsuid;
  const allowed = uid == before || uid == old.uid || uid == old.euid || uid == old.suid || capable(old, Capability.Setuid);
  if (uid == KEEP || uid == before || !allowed) return before;
  const c = credentialsCopy(old);
  if (!c) return before;
  c.fsuid = uid;
  if ((c.securebits & SecureBit.NoSetuidFixup) == 0) {
    if (before == 0) c.effective &= ~FILE_CAPABILITIES;
    else if (uid == 0) c.effective |= c.permitted & FILE_CAPABILITIES;
  }
  credentialsCommit(t, c);
  return before;
}

/** setfsgid(2): the old one, whether it changed or not. */
export function setFileGroup(t: Thread, gid: u32): Result {
  const old = t.credentials;
  const before = old.fsgid;
  const allowed = gid == before || gid == old.gid || gid == old.egid || gid == old.sgid || capable(old, Capability.Setgid);
  if (gid == KEEP || gid == before || !allowed) return before;
  const c = credentialsCopy(old);
  if (!c) return before;
  c.fsgid = gid;
  credentialsCommit(t, c);
  return before;
}

/** Credentials like those of `t` with room for `count` other supplementary groups, to be filled at `groups`; null when memory is short. */
export function credentialsWithGroups(t: Thread, count: u32): Credentials | null {
  const c = credentialsNew(count);
  if (!c) return null;
  const groups = c.groups;
  memory.copy(changetype<usize>(c), changetype<usize>(t.credentials), offsetof<Credentials>());
  c.refs = 1;
  c.groupCount = count;
  c.groups = groups;
  return c;
}

/** Sorts the groups of new credentials: inGroup searches by halving. Shell sort, for there may be 65,536. */
export function sortGroups(c: Credentials): void {
  const n = c.groupCount;
  const p = c.groups;
  for (let gap = n >> 1; gap != 0; gap >>= 1) {
    for (let i = gap; i < n; i++) {
      const g = load<u32>(p + (i << 2));
      let j = i;
      for (; j >= gap && load<u32>(p + ((j - gap) << 2)) > g; j -= gap) store<u32>(p + (j << 2), load<u32>(p + ((j - gap) << 2)));
      store<u32>(p + (j << 2), g);
    }
  }
}

/** capset(2): 0, -EPERM when something would be gained, -ENOMEM. */
export function setCapabilities(t: Thread, effective: u64, permitted: u64, inheritable: u64): Result {
  const old = t.credentials;
  effective &= CAPABILITIES_ALL;
  permitted &= CAPABILITIES_ALL;
  inheritable &= CAPABILITIES_ALL;
  if (!capable(old, Capability.Setpcap) && (inheritable & ~(old.inheritable | old.permitted)) != 0) return -Errno.EPERM;
  if ((inheritable & ~(old.inheritable | old.bounding)) != 0) return -Errno.EPERM;
  if ((permitted & ~old.permitted) != 0 || (effective & ~permitted) != 0) return -Errno.EPERM;
  const c = credentialsCopy(old);
  if (!c) return -Errno.ENOMEM;
  c.effective = effective;
  c.permitted = permitted;
  c.inheritable = inheritable;
  c.ambient &= permitted & inheritable;
  credentialsCommit(t, c);
  return 0;
}
