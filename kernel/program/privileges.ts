// How execve changes credentials: set-user-ID and set-group-ID bits, and the transformation of capabilities (capabilities(7),
// "Transformation of capabilities during execve()"). Files have no capabilities of their own here; root's programs count as having all.

import { CAPABILITIES_ALL, Credentials, credentialsCopy } from "../task/credentials";
import { Thread } from "../task/thread";
import { Inode, Mount, MountFlag, S_ISGID, S_ISUID } from "../vfs/inode";

const SECBIT_NOROOT: u32 = 1;
const SECBIT_KEEP_CAPS: u32 = 1 << 4;

/** The credentials that `t` has once it runs `inode` of `mount`; one reference, or null when memory is short. */
export function credentialsForExec(t: Thread, mount: Mount, inode: Inode): Credentials | null {
  const c = credentialsCopy(t.credentials);
  if (!c) return null;
  const honoured = !t.noNewPrivileges && !(mount.flags & MountFlag.NoSuid);
  let changed = false;
  if (honoured && inode.mode & S_ISUID) {
    changed = c.euid != inode.uid;
    c.euid = inode.uid;
  }
  // Without group execute permission the bit means mandatory locking, not set-group-ID.
  if (honoured && (inode.mode & (S_ISGID | 8)) == (S_ISGID | 8)) {
    changed = changed || c.egid != inode.gid;
    c.egid = inode.gid;
  }
  c.suid = c.euid;
  c.fsuid = c.euid;
  c.sgid = c.egid;
  c.fsgid = c.egid;
  if (changed) c.ambient = 0;
  const rootMatters = !(c.securebits & SECBIT_NOROOT);
  const asRoot = rootMatters && (c.uid == 0 || c.euid == 0);
  c.permitted = asRoot ? (c.inheritable & CAPABILITIES_ALL) | c.bounding | c.ambient : c.ambient;
  c.effective = rootMatters && c.euid == 0 ? c.permitted : c.ambient;
  c.securebits &= ~SECBIT_KEEP_CAPS;
  return c;
}
