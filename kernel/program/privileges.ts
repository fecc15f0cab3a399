// How execve changes credentials: set-user-ID and set-group-ID bits, capabilities of files, and the transformation of capabilities
// (capabilities(7), "Transformation of capabilities during execve()", "Capabilities and execution of programs by root", "File capabilities";
// execve(2), credentials(7), include/uapi/linux/capability.h for the attribute's layout).

import { Errno } from "../errno";
import { putLiteral } from "../lib/bytes";
import { Result } from "../result";
import { CAPABILITIES_ALL, Capability, capable, Credentials, credentialsCopy, credentialsRelease, inGroup } from "../task/credentials";
import { SecureBit } from "../task/identity";
import { Thread } from "../task/thread";
import { Inode, Mount, MountFlag, S_ISGID, S_ISUID } from "../vfs/inode";
import { attributeGet, attributeValue } from "../vfs/xattr";

const S_IXGRP: u32 = 0o010;
/** personality(2): READ_IMPLIES_EXEC, ADDR_COMPAT_LAYOUT, MMAP_PAGE_ZERO and ADDR_NO_RANDOMIZE end where privileges begin. */
const PERSONALITY_UNSAFE: u32 = 0x0740000;

/** struct vfs_cap_data: magic_etc, then pairs of permitted and inheritable words; revision 3 has a root user id behind. */
const REVISION: u32 = 0xff00_0000;
const REVISION_1: u32 = 0x0100_0000;
const REVISION_2: u32 = 0x0200_0000;
const REVISION_3: u32 = 0x0300_0000;
const EFFECTIVE_FLAG: u32 = 1;
const NAME: string = "security.capability";
const NAME_BYTES: u32 = 19;
const name = memory.data(24, 8);

/** What the file's attribute says, valid when `fileHas`. */
let filePermitted: u64 = 0;
let fileInheritable: u64 = 0;
let fileEffective = false;
let fileHas = false;

/** What else the program that credentialsForExec was asked about last changes: AT_SECURE, and flags to take from the personality. */
export let execIsSecure = false;
export let execPersonalityMask: u32 = 0;

/** True when the `bytes` bytes at `value` may be set as security.capability: revision 2, or 3, each of its length. */
export function fileCapabilitiesSound(value: usize, bytes: u32): bool {
  if (bytes != 20 && bytes != 24) return false;
  const magic = load<u32>(value);
  return (magic & ~EFFECTIVE_FLAG) == (bytes == 20 ? REVISION_2 : REVISION_3);
}

/** Reads the capabilities of the file: 0, or -EINVAL when the attribute is malformed. */
function readFile(inode: Inode): Result {
  fileHas = false;
  fileEffective = false;
  filePermitted = 0;
  fileInheritable = 0;
  if (inode.attributes == 0) return 0;
  const bytes = attributeGet(inode, name, putLiteral(name, NAME));
  if (bytes < 0) return 0;
  if (bytes < 4) return -Errno.EINVAL;
  const value = attributeValue(inode, name, NAME_BYTES);
  const magic = load<u32>(value);
  const revision = magic & REVISION;
  const sound = revision == REVISION_1 ? bytes == 12 : revision == REVISION_2 ? bytes == 20 : revision == REVISION_3 && bytes == 24;
  if (!sound) return -Errno.EINVAL;
  // Those of another user namespace's root are not ours.
  if (revision == REVISION_3 && load<u32>(value, 20) != 0) return 0;
  fileHas = true;
  fileEffective = (magic & EFFECTIVE_FLAG) != 0;
  filePermitted = load<u32>(value, 4);
  fileInheritable = load<u32>(value, 8);
  if (revision != REVISION_1) {
    filePermitted |= (<u64>load<u32>(value, 12)) << 32;
    fileInheritable |= (<u64>load<u32>(value, 16)) << 32;
  }
  filePermitted &= CAPABILITIES_ALL;
  fileInheritable &= CAPABILITIES_ALL;
  return 0;
}

/** Set-user-ID and set-group-ID. Without group execute permission the latter means mandatory locking, not a privilege. */
function applySetIds(c: Credentials, inode: Inode): void {
  const mode = inode.mode;
  if ((mode & S_ISUID) != 0) {
    c.euid = inode.uid;
    execPersonalityMask = PERSONALITY_UNSAFE;
  }
  if ((mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP)) {
    c.egid = inode.gid;
    execPersonalityMask = PERSONALITY_UNSAFE;
  }
}

/**
 * What file and root give: c.permitted, without the ambient set yet; and whether all of it becomes effective. -EPERM when a file that relies on its
 * capabilities (its effective bit is set) cannot have all of them.
 */
function grant(c: Credentials, old: Credentials): Result {
  c.permitted = (c.bounding & filePermitted) | (c.inheritable & fileInheritable);
  if (fileEffective && (filePermitted & ~c.permitted) != 0) return -Errno.EPERM;
  if ((c.securebits & SecureBit.NoRoot) != 0) return 0;
  // A program with capabilities of its own gets no more for being set-user-ID root.
  if (fileHas && c.uid != 0 && c.euid == 0) return 0;
  if (c.uid == 0 || c.euid == 0) c.permitted = old.bounding | old.inheritable;
  if (c.euid == 0) fileEffective = true;
  return 0;
}

function transform(t: Thread, c: Credentials, mount: Mount, inode: Inode): Result {
  const old = t.credentials;
  const mayGain = (mount.flags & MountFlag.NoSuid) == 0;
  if (mayGain && !t.noNewPrivileges) applySetIds(c, inode);
  let r: Result = 0;
  if (mayGain) r = readFile(inode);
  else {
    fileHas = false;
    fileEffective = false;
    filePermitted = 0;
    fileInheritable = 0;
  }
  if (r == 0) r = grant(c, old);
  if (r < 0) return r;
  const gained = (c.permitted & ~old.permitted) != 0;
  if (gained) execPersonalityMask = PERSONALITY_UNSAFE;
  const changed = c.euid != old.euid || !inGroup(old, c.egid);
  // Who shares its directories with another process could be led astray by it.
  const unsafe = t.noNewPrivileges || t.process.paths!.refs > 1;
  if ((changed || gained) && unsafe) {
    if (t.noNewPrivileges || !capable(old, Capability.Setuid)) {
      c.euid = c.uid;
      c.egid = c.gid;
    }
    c.permitted &= old.permitted;
  }
  c.suid = c.euid;
  c.fsuid = c.euid;
  c.sgid = c.egid;
  c.fsgid = c.egid;
  if (fileHas || changed) c.ambient = 0;
  c.permitted |= c.ambient;
  c.effective = fileEffective ? c.permitted : c.ambient;
  c.securebits &= ~(<u32>SecureBit.KeepCapabilities);
  const apart = c.euid != old.uid || c.egid != old.gid;
  execIsSecure = changed || apart || (c.uid != 0 && (fileEffective || (c.permitted & ~c.ambient) != 0));
  return 0;
}

/**
 * The credentials that `t` has once it runs `inode` of `mount`: a pointer with one reference, -ENOMEM, -EPERM (see `grant`) or -EINVAL (a malformed
 * attribute). execIsSecure and execPersonalityMask tell the rest.
 */
export function credentialsForExec(t: Thread, mount: Mount, inode: Inode): Result {
  execIsSecure = false;
  execPersonalityMask = 0;
  const c = credentialsCopy(t.credentials);
  if (!c) return -Errno.ENOMEM;
  const r = transform(t, c, mount, inode);
  if (r == 0) return changetype<usize>(c);
  credentialsRelease(c);
  return r;
}
