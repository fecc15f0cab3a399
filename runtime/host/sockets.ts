// Host calls on sockets: socket to socketName (docs/host-syscalls.md, "Network"). They are the host's own interfaces and ports, or AF_UNIX; what a
// family makes of them is kernel/net's. A host process has no signal handlers, so a broken connection is EPIPE without a SIGPIPE.

import { Errno } from "../../kernel/errno";
import { copyIn, copyOut, userRange } from "../../kernel/mm/user";
import { ADDRESS_MAX, Exchange, exchange, exchangeOne, exchangeStart, MessageFlag } from "../../kernel/net/exchange";
import { socketAddress, socketBind, socketListen, socketNew, socketShutdown } from "../../kernel/net/family";
import { rightsFree } from "../../kernel/net/rights";
import { BACKLOG_MAX, Shutdown, socketOf, SocketOption } from "../../kernel/net/socket";
import { socketAccept, socketConnect, socketReceive, socketSend } from "../../kernel/net/transfer";
import { Result } from "../../kernel/result";
import { LimitKind, softLimit } from "../../kernel/task/limits";
import { Thread } from "../../kernel/task/thread";
import { fdInstall, fdLowest, fdSet } from "../../kernel/vfs/fdtable";
import { fileRelease } from "../../kernel/vfs/file";
import { OpenFlag } from "../../kernel/vfs/flags";
import { File, FileKind } from "../../kernel/vfs/inode";
import { TRANSFER_MAX } from "../../kernel/vfs/transfer";
import { fileOf, isNone } from "./arguments";

/** Flags of messages that a host program may use. */
const MESSAGE_FLAGS: u64 = MessageFlag.Peek | MessageFlag.DontWait | MessageFlag.WaitAll;

const address = memory.data(128, 8);

/** The socket that `fd` means, or a null pointer: then notSocket says why. */
function socketFileOf(t: Thread, fd: u64): File {
  const file = fileOf(t, fd);
  return !isNone(file) && file.kind == FileKind.Socket ? file : changetype<File>(0);
}

function notSocket(t: Thread, fd: u64): Result {
  return isNone(fileOf(t, fd)) ? -Errno.EBADF : -Errno.ENOTSOCK;
}

/** Copies an address in: its length, -EINVAL or -EFAULT. */
function addressIn(ua: u64, length: u64): Result {
  if (length > ADDRESS_MAX) return -Errno.EINVAL;
  const r = copyIn(address, ua, <u32>length);
  return r < 0 ? r : <Result>length;
}

/** Copies an address of `length` bytes at `p` out, as much of it as fits, and zeroes behind it. */
function addressOut(ua: u64, capacity: u64, p: usize, length: u32): Result {
  if (capacity > ADDRESS_MAX) return -Errno.EINVAL;
  if (p != address) memory.copy(address, p, length);
  memory.fill(address + length, 0, ADDRESS_MAX - length);
  return copyOut(ua, address, <u32>capacity);
}

/** The address may be used again at once: what is left of connections of a server that has ended is in nobody's way. */
export function hostSocket(t: Thread, family: u64, type: u64, protocol: u64): Result {
  const flags = (<u32>type) & OpenFlag.NonBlock;
  const kind = (<u32>type) & ~(<u32>OpenFlag.NonBlock);
  const r = socketNew(<u32>family, kind, <u32>protocol, flags);
  if (r < 0) return r;
  const file = changetype<File>(<usize>r);
  socketOf(file).options |= SocketOption.ReuseAddress;
  const fd = fdInstall(t.process.files!, file, 0, softLimit(t.process, LimitKind.OpenFiles), false);
  if (fd < 0) fileRelease(file);
  return fd;
}

export function hostBind(t: Thread, fd: u64, ua: u64, length: u64): Result {
  const file = socketFileOf(t, fd);
  if (isNone(file)) return notSocket(t, fd);
  const r = addressIn(ua, length);
  return r < 0 ? r : socketBind(socketOf(file), address, <u32>r);
}

export function hostListen(t: Thread, fd: u64, backlog: u64): Result {
  const file = socketFileOf(t, fd);
  return isNone(file) ? notSocket(t, fd) : socketListen(socketOf(file), <u32>min<u64>(backlog, BACKLOG_MAX));
}

/** flags: O_NONBLOCK for the new socket. */
export function hostAccept(t: Thread, fd: u64, flags: u64): Result {
  if ((flags & ~(<u64>OpenFlag.NonBlock)) != 0) return -Errno.EINVAL;
  const file = socketFileOf(t, fd);
  if (isNone(file)) return notSocket(t, fd);
  const table = t.process.files!;
  const number = fdLowest(table, 0, softLimit(t.process, LimitKind.OpenFiles));
  if (number < 0) return number;
  const r = socketAccept(file, <u32>flags);
  if (r < 0) return r;
  fdSet(table, <u32>number, changetype<File>(<usize>r), false);
  return number;
}

export function hostConnect(t: Thread, fd: u64, ua: u64, length: u64): Result {
  const file = socketFileOf(t, fd);
  if (isNone(file)) return notSocket(t, fd);
  const r = addressIn(ua, length);
  return r < 0 ? r : socketConnect(file, address, <u32>r);
}

/** The exchange of a call with the buffer; it goes on where an earlier run of the call has stopped. */
function begin(t: Thread, buffer: u64, count: u64, flags: u32): Exchange {
  const e = exchangeOne(buffer, <u32>min<u64>(count, TRANSFER_MAX), flags);
  return t.opDone == 0 ? e : exchangeStart(e.pieces, e.total, flags, <u32>t.opDone);
}

/** An address of length 0 is none. */
export function hostSend(t: Thread, fd: u64, buffer: u64, count: u64, flags: u64, ua: u64, length: u64): Result {
  if ((flags & ~MESSAGE_FLAGS) != 0) return -Errno.EINVAL;
  const file = socketFileOf(t, fd);
  if (isNone(file)) return notSocket(t, fd);
  if (!userRange(buffer, count)) return -Errno.EFAULT;
  const e = begin(t, buffer, count, (<u32>flags) | MessageFlag.NoSignal);
  if (length != 0) {
    const r = addressIn(ua, length);
    if (r < 0) return r;
    e.address = address;
    e.addressLength = <u32>r;
  }
  return socketSend(file);
}

/** With a capacity, the sender's address goes to `ua`. */
export function hostReceive(t: Thread, fd: u64, buffer: u64, count: u64, flags: u64, ua: u64, capacity: u64): Result {
  if ((flags & ~MESSAGE_FLAGS) != 0 || capacity > ADDRESS_MAX) return -Errno.EINVAL;
  const file = socketFileOf(t, fd);
  if (isNone(file)) return notSocket(t, fd);
  if (!userRange(buffer, count) || !userRange(ua, capacity)) return -Errno.EFAULT;
  const e = begin(t, buffer, count, <u32>flags);
  const r = socketReceive(file);
  const rights = exchange.rights;
  if (rights) {
    exchange.rights = null;
    rightsFree(rights);
  }
  if (r < 0 || capacity == 0) return r;
  const out = addressOut(ua, capacity, e.address, e.addressLength);
  return out < 0 ? out : r;
}

/** how: 0 receiving, 1 sending, 2 both. */
export function hostShutdown(t: Thread, fd: u64, how: u64): Result {
  const file = socketFileOf(t, fd);
  if (isNone(file)) return notSocket(t, fd);
  return how >= <u64>Shutdown.Both ? -Errno.EINVAL : socketShutdown(socketOf(file), <u32>how + 1);
}

/** which: 0 the socket's own address, 1 its peer's. */
export function hostSocketName(t: Thread, fd: u64, which: u64, ua: u64, capacity: u64): Result {
  if (which > 1) return -Errno.EINVAL;
  const file = socketFileOf(t, fd);
  if (isNone(file)) return notSocket(t, fd);
  const n = socketAddress(socketOf(file), which == 1, address);
  if (n < 0) return n;
  if (<u64>n > capacity) return -Errno.ERANGE;
  const r = addressOut(ua, <u64>n, address, <u32>n);
  return r < 0 ? r : n;
}
