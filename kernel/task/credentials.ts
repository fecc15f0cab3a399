// Credentials: who a thread acts as. Immutable once shared: a change makes a copy, so that a check never sees half of one.
// See credentials(7), capabilities(7).

import { kernelAlloc, kernelFree } from "../mm/heap";

@unmanaged
export class Credentials {
  refs: u32;
  uid: u32;
  euid: u32;
  suid: u32;
  fsuid: u32;
  gid: u32;
  egid: u32;
  sgid: u32;
  fsgid: u32;
  securebits: u32;
  inheritable: u64;
  permitted: u64;
  effective: u64;
  bounding: u64;
  ambient: u64;
  /** u32 array of supplementary groups, kernelAlloc'ed with the credentials; sorted. */
  groupCount: u32;
  groups: usize;
}
const CREDENTIALS_BYTES: u32 = (offsetof<Credentials>() + 7) & ~7;

/** Capability numbers (include/uapi/linux/capability.h). */
export const enum Capability {
  Chown = 0,
  DacOverride = 1,
  DacReadSearch = 2,
  Fowner = 3,
  Fsetid = 4,
  Kill = 5,
  Setgid = 6,
  Setuid = 7,
  Setpcap = 8,
  LinuxImmutable = 9,
  NetBindService = 10,
  NetBroadcast = 11,
  NetAdmin = 12,
  NetRaw = 13,
  IpcLock = 14,
  IpcOwner = 15,
  SysModule = 16,
  SysRawio = 17,
  SysChroot = 18,
  SysPtrace = 19,
  SysPacct = 20,
  SysAdmin = 21,
  SysBoot = 22,
  SysNice = 23,
  SysResource = 24,
  SysTime = 25,
  SysTtyConfig = 26,
  Mknod = 27,
  Lease = 28,
  AuditWrite = 29,
  AuditControl = 30,
  Setfcap = 31,
  MacOverride = 32,
  MacAdmin = 33,
  Syslog = 34,
  WakeAlarm = 35,
  BlockSuspend = 36,
  AuditRead = 37,
  Perfmon = 38,
  Bpf = 39,
  CheckpointRestore = 40,
}
export const CAPABILITY_LAST: u32 = 40;
export const CAPABILITIES_ALL: u64 = ((<u64>1) << 41) - 1;

/** New credentials with room for `groupCount` groups, all zero (root without capabilities); null when memory is short. */
export function credentialsNew(groupCount: u32): Credentials | null {
  const p = kernelAlloc(CREDENTIALS_BYTES + groupCount * 4);
  if (p == 0) return null;
  const c = changetype<Credentials>(p);
  c.refs = 1;
  c.groupCount = groupCount;
  c.groups = p + CREDENTIALS_BYTES;
  return c;
}

/** A private copy to change, with the same groups; null when memory is short. */
export function credentialsCopy(from: Credentials): Credentials | null {
  const c = credentialsNew(from.groupCount);
  if (!c) return null;
  const groups = c.groups;
  memory.copy(changetype<usize>(c), changetype<usize>(from), CREDENTIALS_BYTES + from.groupCount * 4);
  c.groups = groups;
  c.refs = 1;
  return c;
}

export function credentialsRetain(c: Credentials): Credentials {
  c.refs++;
  return c;
}

export function credentialsRelease(c: Credentials): void {
  if (--c.refs == 0) kernelFree(changetype<usize>(c));
}

/** True when `c` has `capability` in effect. */
@inline
export function capable(c: Credentials, capability: Capability): bool {
  return ((c.effective >> (<u64>capability)) & 1) != 0;
}

/** True when `gid` is the file-system group or one of the supplementary groups. */
export function inGroup(c: Credentials, gid: u32): bool {
  if (c.fsgid == gid) return true;
  let low: u32 = 0;
  let high = c.groupCount;
  while (low < high) {
    const middle = (low + high) >> 1;
    const g = load<u32>(c.groups + (middle << 2));
    if (g == gid) return true;
    if (g < gid) low = middle + 1;
    else high = middle;
  }
  return false;
}
