// Control messages of sendmsg(2) and recvmsg(2): struct cmsghdr arrays in user memory (cmsg(3)), of which SOL_SOCKET has SCM_RIGHTS and SCM_CREDENTIALS
// (unix(7)). What is read goes into the exchange, and what is written comes from there.

import { Errno } from "../../kernel/errno";
import { copyIn, copyOut } from "../../kernel/mm/user";
import { Exchange, MessageFlag } from "../../kernel/net/exchange";
import { Rights, rightsAdd, rightsFile, rightsFree, rightsNew, RIGHTS_MAX } from "../../kernel/net/rights";
import { Family, Socket } from "../../kernel/net/socket";
import { Result } from "../../kernel/result";
import { capable, Capability } from "../../kernel/task/credentials";
import { processFind } from "../../kernel/task/pids";
import { Thread } from "../../kernel/task/thread";
import { fdLowest, fdSet } from "../../kernel/vfs/fdtable";
import { fileRetain } from "../../kernel/vfs/file";
import { CONTROL_HEADER_BYTES, ControlType, CREDENTIALS_BYTES, SOL_SOCKET } from "../types/socket";
import { aligned, beginControl, controlHeaderOut, outAt, outLeft, putControl } from "./controlout";
import { inetControlIn, inetControlOut } from "./inetcontrol";
import { anyFile, descriptorLimit, descriptors, isNone } from "./descriptor";

/** net.core.optmem_max: control data of one message. */
const CONTROL_MAX: u64 = 131072;

const header = memory.data(16, 8);
const data = memory.data(16, 8);
/** Descriptor numbers, RIGHTS_MAX of them. */
const numbers = memory.data(1012, 8);

/**
 * Reads the control messages at `ua` into the exchange: 0; -EINVAL for malformed or unknown ones, -EBADF, -EPERM or -ESRCH for credentials that the
 * caller may not claim, -ENOBUFS, -ENOMEM, -EFAULT or BLOCKED. After an error the exchange has no rights.
 */
export function controlIn(t: Thread, e: Exchange, s: Socket, ua: u64, length: u64): Result {
  if (length > CONTROL_MAX) return -Errno.ENOBUFS;
  let r: Result = 0;
  let at: u64 = 0;
  while (at + CONTROL_HEADER_BYTES <= length) {
    r = copyIn(header, ua + at, CONTROL_HEADER_BYTES);
    if (r < 0) break;
    const bytes = load<u64>(header);
    if (bytes < CONTROL_HEADER_BYTES || bytes > length - at) r = -Errno.EINVAL;
    else if (load<u32>(header, 8) == SOL_SOCKET)
      r = oneIn(t, e, s, load<u32>(header, 12), ua + at + CONTROL_HEADER_BYTES, <u32>bytes - CONTROL_HEADER_BYTES);
    else if (s.family == Family.Inet || s.family == Family.Inet6)
      r = inetControlIn(
        e,
        s,
        load<u32>(header, 8),
        load<u32>(header, 12),
        ua + at + CONTROL_HEADER_BYTES,
        <u32>bytes - CONTROL_HEADER_BYTES,
      );
    if (r < 0) break;
    at += aligned(bytes);
  }
  if (r < 0) controlDrop(e);
  return r;
}

/** Lets go of descriptors that the exchange still has. */
export function controlDrop(e: Exchange): void {
  const rights = e.rights;
  if (!rights) return;
  e.rights = null;
  rightsFree(rights);
}

function oneIn(t: Thread, e: Exchange, s: Socket, type: u32, ua: u64, bytes: u32): Result {
  if (type == ControlType.Rights) return s.family == Family.Unix ? rightsIn(t, e, ua, bytes >> 2) : -Errno.EINVAL;
  if (type != ControlType.Credentials || bytes != CREDENTIALS_BYTES) return -Errno.EINVAL;
  const r = copyIn(data, ua, CREDENTIALS_BYTES);
  return r < 0 ? r : credentialsIn(t, e, load<u32>(data), load<u32>(data, 4), load<u32>(data, 8));
}

/** Several messages of descriptors add up. */
function rightsIn(t: Thread, e: Exchange, ua: u64, count: u32): Result {
  if (count == 0) return 0;
  let rights = e.rights;
  const before = rights ? rights.count : 0;
  if (count > RIGHTS_MAX - before) return -Errno.EINVAL;
  const r = copyIn(numbers, ua, count << 2);
  if (r < 0) return r;
  if (!rights) {
    // Room for all there may be when a second message comes is rarely wanted: it makes a copy.
    rights = rightsNew(count);
  } else {
    const more = rightsNew(before + count);
    if (more) for (let i: u32 = 0; i < before; i++) rightsAdd(more, rightsFile(rights, i));
    controlDrop(e);
    rights = more;
  }
  if (!rights) return -Errno.ENOMEM;
  e.rights = rights;
  for (let i: u32 = 0; i < count; i++) {
    const file = anyFile(t, load<i32>(numbers + (i << 2)));
    if (isNone(file)) return -Errno.EBADF;
    rightsAdd(rights, file);
  }
  return 0;
}

/** A process may claim its own ids; those of others need the capability that would let it take them. */
function credentialsIn(t: Thread, e: Exchange, pid: u32, uid: u32, gid: u32): Result {
  const c = t.credentials;
  const mayUser = uid == c.uid || uid == c.euid || uid == c.suid || capable(c, Capability.Setuid);
  const mayGroup = gid == c.gid || gid == c.egid || gid == c.sgid || capable(c, Capability.Setgid);
  if (pid != t.process.pid && !capable(c, Capability.SysAdmin)) return -Errno.EPERM;
  if (!mayUser || !mayGroup) return -Errno.EPERM;
  if (pid != t.process.pid && !processFind(t.process.container, pid)) return -Errno.ESRCH;
  if (uid == u32.MAX_VALUE || gid == u32.MAX_VALUE) return -Errno.EINVAL;
  e.credentials = true;
  e.pid = pid;
  e.uid = uid;
  e.gid = gid;
  return 0;
}

/** Writes what the exchange has received to the `length` bytes at `ua` (0: nowhere); returns the bytes that took. What does not fit is dropped. */
export function controlOut(t: Thread, s: Socket, e: Exchange, ua: u64, length: u64): u64 {
  beginControl(ua, length);
  const room = outLeft;
  if (e.credentials) credentialsOut(e);
  if (e.inet != 0) inetControlOut(e, s);
  const rights = e.rights;
  if (rights) {
    rightsOut(t, e, rights);
    controlDrop(e);
  }
  return room - outLeft;
}

function credentialsOut(e: Exchange): void {
  store<u32>(data, e.pid);
  store<u32>(data, e.uid, 4);
  store<u32>(data, e.gid, 8);
  putControl(e, SOL_SOCKET, ControlType.Credentials, data, CREDENTIALS_BYTES);
}

/** Gives the receiver as many of the descriptors as it has room for. */
function rightsOut(t: Thread, e: Exchange, rights: Rights): void {
  const room = outLeft > CONTROL_HEADER_BYTES ? <u32>min<u64>(RIGHTS_MAX, (outLeft - CONTROL_HEADER_BYTES) >> 2) : 0;
  const wanted = min(room, rights.count);
  const table = descriptors(t);
  let given: u32 = 0;
  while (given < wanted) {
    const fd = fdLowest(table, 0, descriptorLimit(t));
    if (fd < 0) break;
    store<u32>(data, <u32>fd);
    if (copyOut(outAt + CONTROL_HEADER_BYTES + (given << 2), data, 4) < 0) break;
    fdSet(table, <u32>fd, fileRetain(rightsFile(rights, given)), (e.flags & MessageFlag.CloseOnExec) != 0);
    given++;
  }
  if (given != 0) controlHeaderOut(SOL_SOCKET, ControlType.Rights, given << 2);
  if (given < rights.count) e.result |= MessageFlag.ControlTruncated;
}
