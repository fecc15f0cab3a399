// Making, naming and connecting sockets: socket, socketpair, bind, listen, accept, accept4, connect, getsockname, getpeername, shutdown. See socket(2)
// and the page of each; what a family makes of them is kernel/net's.

import { Errno } from "../../kernel/errno";
import { copyOut } from "../../kernel/mm/user";
import { socketAddress, socketBind, socketListen, socketNew, socketPair, socketShutdown } from "../../kernel/net/family";
import { BACKLOG_MAX, Shutdown, socketOf } from "../../kernel/net/socket";
import { socketAccept, socketConnect } from "../../kernel/net/transfer";
import { Result } from "../../kernel/result";
import { Thread } from "../../kernel/task/thread";
import { fdInstall, fdLowest, fdSet, FdTable } from "../../kernel/vfs/fdtable";
import { fileRelease } from "../../kernel/vfs/file";
import { OpenFlag } from "../../kernel/vfs/flags";
import { File } from "../../kernel/vfs/inode";
import { SOCKET_TYPE_MASK } from "../types/socket";
import { descriptorLimit, descriptors, isNone, openFile } from "./descriptor";
import { addressBytes, addressIn, addressOut, notSocket, socketFor } from "./socketfile";

/** SOCK_CLOEXEC and SOCK_NONBLOCK. */
const FLAGS: u32 = OpenFlag.CloseOnExec | OpenFlag.NonBlock;

const pair = memory.data(8, 8);

export function sysSocket(t: Thread, family: u32, type: u32, protocol: u32): Result {
  const flags = type & ~SOCKET_TYPE_MASK;
  if ((flags & ~FLAGS) != 0) return -Errno.EINVAL;
  const r = socketNew(family, type & SOCKET_TYPE_MASK, protocol, flags);
  if (r < 0) return r;
  const file = changetype<File>(<usize>r);
  const fd = fdInstall(descriptors(t), file, 0, descriptorLimit(t), (flags & OpenFlag.CloseOnExec) != 0);
  if (fd < 0) fileRelease(file);
  return fd;
}

export function sysSocketpair(t: Thread, family: u32, type: u32, protocol: u32, ends: u64): Result {
  const flags = type & ~SOCKET_TYPE_MASK;
  if ((flags & ~FLAGS) != 0) return -Errno.EINVAL;
  const table = descriptors(t);
  const first = fdLowest(table, 0, descriptorLimit(t));
  if (first < 0) return first;
  const second = fdLowest(table, <u32>first + 1, descriptorLimit(t));
  if (second < 0) return second;
  store<u32>(pair, <u32>first);
  store<u32>(pair, <u32>second, 4);
  const r = copyOut(ends, pair, 8);
  return r < 0 ? r : makePair(table, <u32>first, <u32>second, family, type & SOCKET_TYPE_MASK, protocol, flags);
}

/** Makes the two sockets under the free numbers given: 0 or -errno. */
function makePair(table: FdTable, first: u32, second: u32, family: u32, type: u32, protocol: u32, flags: u32): Result {
  let r = socketNew(family, type, protocol, flags);
  if (r < 0) return r;
  const a = changetype<File>(<usize>r);
  r = socketNew(family, type, protocol, flags);
  const b = changetype<File>(<usize>max<Result>(r, 0));
  if (r >= 0) r = socketPair(socketOf(a), socketOf(b));
  if (r < 0) {
    fileRelease(a);
    if (!isNone(b)) fileRelease(b);
    return r;
  }
  const closeOnExec = (flags & OpenFlag.CloseOnExec) != 0;
  fdSet(table, first, a, closeOnExec);
  fdSet(table, second, b, closeOnExec);
  return 0;
}

export function sysBind(t: Thread, fd: i32, address: u64, length: i32): Result {
  const file = socketFor(t, fd);
  if (isNone(file)) return notSocket(t, fd);
  const r = addressIn(address, length);
  return r < 0 ? r : socketBind(socketOf(file), addressBytes, <u32>r);
}

export function sysListen(t: Thread, fd: i32, backlog: u32): Result {
  const file = socketFor(t, fd);
  return isNone(file) ? notSocket(t, fd) : socketListen(socketOf(file), min(backlog, BACKLOG_MAX));
}

export function sysConnect(t: Thread, fd: i32, address: u64, length: i32): Result {
  const file = socketFor(t, fd);
  if (isNone(file)) return notSocket(t, fd);
  const r = addressIn(address, length);
  return r < 0 ? r : socketConnect(file, addressBytes, <u32>r);
}

export function sysAccept4(t: Thread, fd: i32, address: u64, length: u64, flags: u32): Result {
  if ((flags & ~FLAGS) != 0) return isNone(openFile(t, fd)) ? -Errno.EBADF : -Errno.EINVAL;
  const file = socketFor(t, fd);
  if (isNone(file)) return notSocket(t, fd);
  const table = descriptors(t);
  const number = fdLowest(table, 0, descriptorLimit(t));
  if (number < 0) return number;
  let r = socketAccept(file, flags);
  if (r < 0) return r;
  const accepted = changetype<File>(<usize>r);
  if (address != 0) {
    r = socketAddress(socketOf(accepted), true, addressBytes);
    r = r < 0 ? -Errno.ECONNABORTED : addressOut(address, length, addressBytes, <u32>r);
    if (r < 0) {
      fileRelease(accepted);
      return r;
    }
  }
  fdSet(table, <u32>number, accepted, (flags & OpenFlag.CloseOnExec) != 0);
  return number;
}

function nameOut(t: Thread, fd: i32, ofPeer: bool, address: u64, length: u64): Result {
  const file = socketFor(t, fd);
  if (isNone(file)) return notSocket(t, fd);
  const r = socketAddress(socketOf(file), ofPeer, addressBytes);
  return r < 0 ? r : addressOut(address, length, addressBytes, <u32>r);
}

export function sysGetsockname(t: Thread, fd: i32, address: u64, length: u64): Result {
  return nameOut(t, fd, false, address, length);
}

export function sysGetpeername(t: Thread, fd: i32, address: u64, length: u64): Result {
  return nameOut(t, fd, true, address, length);
}

/** SHUT_RD, SHUT_WR and SHUT_RDWR are 0, 1 and 2. */
export function sysShutdown(t: Thread, fd: i32, how: u32): Result {
  const file = socketFor(t, fd);
  if (isNone(file)) return notSocket(t, fd);
  return how >= <u32>Shutdown.Both ? -Errno.EINVAL : socketShutdown(socketOf(file), how + 1);
}
