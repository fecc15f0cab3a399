// User and group ids and capabilities: getuid(2) ... setresgid(2), setfsuid(2), getgroups(2), setgroups(2), capget(2), capset(2). The rules are in
// kernel/task/identity.ts.

import { Errno } from "../../kernel/errno";
import { copyIn, copyOut } from "../../kernel/mm/user";
import { Result } from "../../kernel/result";
import { Capability, capable, credentialsRelease } from "../../kernel/task/credentials";
import { credentialsCommit, credentialsWithGroups, setCapabilities, sortGroups } from "../../kernel/task/identity";
import { threadFind } from "../../kernel/task/pids";
import { Thread } from "../../kernel/task/thread";

/** NGROUPS_MAX. */
const GROUPS_MAX: u32 = 65536;

const space = memory.data(24, 8);

/** Writes three ids, each to its own address. */
function threeOut(a: u64, b: u64, c: u64, x: u32, y: u32, z: u32): Result {
  store<u32>(space, x);
  store<u32>(space, y, 4);
  store<u32>(space, z, 8);
  let r = copyOut(a, space, 4);
  if (r >= 0) r = copyOut(b, space + 4, 4);
  return r < 0 ? r : copyOut(c, space + 8, 4);
}

export function sysGetresuid(t: Thread, real: u64, effective: u64, saved: u64): Result {
  const c = t.credentials;
  return threeOut(real, effective, saved, c.uid, c.euid, c.suid);
}

export function sysGetresgid(t: Thread, real: u64, effective: u64, saved: u64): Result {
  const c = t.credentials;
  return threeOut(real, effective, saved, c.gid, c.egid, c.sgid);
}

export function sysGetgroups(t: Thread, size: i32, list: u64): Result {
  const c = t.credentials;
  if (size < 0) return -Errno.EINVAL;
  if (size == 0) return c.groupCount;
  if (c.groupCount > <u32>size) return -Errno.EINVAL;
  const r = copyOut(list, c.groups, c.groupCount * 4);
  return r < 0 ? r : <Result>c.groupCount;
}

export function sysSetgroups(t: Thread, size: u32, list: u64): Result {
  if (!capable(t.credentials, Capability.Setgid)) return -Errno.EPERM;
  if (size > GROUPS_MAX) return -Errno.EINVAL;
  const c = credentialsWithGroups(t, size);
  if (!c) return -Errno.ENOMEM;
  const r = copyIn(c.groups, list, size * 4);
  if (r < 0) {
    credentialsRelease(c);
    return r;
  }
  sortGroups(c);
  credentialsCommit(t, c);
  return 0;
}

/** _LINUX_CAPABILITY_VERSION_1 has one word for each set; 2 and 3 have two. */
const VERSION_1: u32 = 0x19980330;
const VERSION_2: u32 = 0x20071026;
const VERSION_3: u32 = 0x20080522;

/** Words for each set in the version the header asks for; -EINVAL, with the preferred version written back, for an unknown one. */
function headerIn(header: u64): Result {
  let r = copyIn(space, header, 8);
  if (r < 0) return r;
  const version = load<u32>(space);
  if (version == VERSION_1) return 1;
  if (version == VERSION_2 || version == VERSION_3) return 2;
  store<u32>(space, VERSION_3);
  r = copyOut(header, space, 4);
  return r < 0 ? r : -Errno.EINVAL;
}

export function sysCapget(t: Thread, header: u64, data: u64): Result {
  const words = headerIn(header);
  // The usual way to ask for the version.
  if (data == 0 && words == -Errno.EINVAL) return 0;
  if (words < 0 || data == 0) return words < 0 ? words : 0;
  const pid = load<i32>(space, 4);
  if (pid < 0) return -Errno.EINVAL;
  const target = pid == 0 ? t : threadFind(t.process.container, <u32>pid);
  if (!target) return -Errno.ESRCH;
  const c = target.credentials;
  for (let i: u32 = 0; i < 2; i++) {
    store<u32>(space + i * 12, <u32>(c.effective >> (i * 32)));
    store<u32>(space + i * 12, <u32>(c.permitted >> (i * 32)), 4);
    store<u32>(space + i * 12, <u32>(c.inheritable >> (i * 32)), 8);
  }
  return copyOut(data, space, <u32>words * 12);
}

export function sysCapset(t: Thread, header: u64, data: u64): Result {
  const words = headerIn(header);
  if (words < 0) return words;
  const pid = load<i32>(space, 4);
  if (pid != 0 && <u32>pid != t.tid) return -Errno.EPERM;
  memory.fill(space, 0, 24);
  const r = copyIn(space, data, <u32>words * 12);
  if (r < 0) return r;
  return setCapabilities(t, setAt(0), setAt(4), setAt(8));
}

/** The set whose low word is at `offset` of both halves. */
@inline
function setAt(offset: u32): u64 {
  return (<u64>load<u32>(space + offset)) | ((<u64>load<u32>(space + offset, 12)) << 32);
}
