// AF_NETLINK sockets (netlink(7)) of the ROUTE protocol: programs ask for interfaces, addresses and routes. A request is answered at once, into the receive
// queue of the socket that sent it; nothing is changed through them, and there are no events, as nothing changes by itself.

import { Errno } from "../../errno";
import { kernelAlloc, kernelFree } from "../../mm/heap";
import { Result } from "../../result";
import { capable, Capability } from "../../task/credentials";
import { current } from "../../task/thread";
import { pollOn, PollEvent } from "../../vfs/poll";
import { exchange, MessageFlag, moveBytes } from "../exchange";
import { Family, pollQueue, Socket, socketFree, socketInit, socketUnlist, takeError, wakeEverybody, wakeReaders } from "../socket";
import { NetSpace } from "../space";
import { netlinkRequest } from "./route";

/** The protocol that there is (NETLINK_ROUTE). */
export const NETLINK_ROUTE: u32 = 0;
/** Groups that there are. */
export const NETLINK_GROUPS: u32 = 64;
/** struct sockaddr_nl: u16 family, u16 pad, u32 port, u32 groups. */
const ADDRESS_BYTES: u32 = 12;
/** Longest request. */
const REQUEST_MAX: u32 = 32768;

/** One datagram for the socket; its bytes follow. Without requests there is only the notice of mq_notify(2): kernel/ipc/mqueue.ts. */
@unmanaged
export class Answer {
  next: Answer | null;
  length: u32;
}
export const ANSWER_BYTES: u32 = 8;

@unmanaged
export class NetlinkSocket extends Socket {
  /** Its address; 0 before it is bound. */
  port: u32;
  /** A bit for each group that it hears, group 1 first. */
  groups: u64;
  first: Answer | null;
  last: Answer | null;
  queued: u32;
  /** NETLINK_* options that are on, a bit each. */
  switches: u32;
}

@inline
export function asNetlink(s: Socket): NetlinkSocket {
  return changetype<NetlinkSocket>(s);
}

/** A new socket with one reference; 0 when memory is short. */
export function netlinkNew(net: NetSpace, type: u32, protocol: u32): usize {
  const p = kernelAlloc(offsetof<NetlinkSocket>());
  if (p != 0) socketInit(changetype<Socket>(p), net, Family.Netlink, type, protocol);
  return p;
}

/** Whether another netlink socket of the space has the address. */
function isTaken(s: NetlinkSocket, port: u32): bool {
  let other = s.space.first;
  while (other && !(other.family == Family.Netlink && asNetlink(other).port == port && other != s)) other = other.spaceNext;
  return other != null;
}

/** Gives the socket the process's number for an address, or a negative one if another has that. */
function autobind(s: NetlinkSocket): void {
  let port = current.process.pid;
  for (let next: u32 = 0xffff_f000; isTaken(s, port); next--) port = next;
  s.port = port;
}

/** bind(2): 0; -EINVAL when it is malformed or the socket has another address, -EADDRINUSE. */
export function netlinkBind(s: NetlinkSocket, address: usize, length: u32): Result {
  if (length < ADDRESS_BYTES || load<u16>(address) != <u16>Family.Netlink) return -Errno.EINVAL;
  const port = load<u32>(address, 4);
  if (s.port != 0 && port != s.port) return -Errno.EINVAL;
  if (s.port == 0 && port != 0 && isTaken(s, port)) return -Errno.EADDRINUSE;
  if (s.port == 0 && port == 0) autobind(s);
  else if (s.port == 0) s.port = port;
  // An address has room for the first groups only.
  s.groups = (s.groups & 0xffff_ffff_0000_0000) | load<u32>(address, 8);
  return 0;
}

/** connect(2): only the kernel (port 0) answers: 0, -EINVAL, -EPERM for groups. */
export function netlinkConnect(s: NetlinkSocket, address: usize, length: u32): Result {
  if (length < 2) return -Errno.EINVAL;
  if (load<u16>(address) == <u16>Family.Unspecified) return 0;
  if (length < ADDRESS_BYTES || load<u16>(address) != <u16>Family.Netlink) return -Errno.EINVAL;
  if (load<u32>(address, 4) != 0 || load<u32>(address, 8) != 0) return -Errno.EPERM;
  if (s.port == 0) autobind(s);
  return 0;
}

/** Writes the socket's own address, or the kernel's, to `p`: its length. */
export function netlinkAddress(s: NetlinkSocket, ofPeer: bool, p: usize): Result {
  store<u32>(p, <u32>Family.Netlink);
  store<u32>(p, ofPeer ? 0 : s.port, 4);
  store<u32>(p, ofPeer ? 0 : <u32>s.groups, 8);
  return ADDRESS_BYTES;
}

/** Sends the exchange as requests to the kernel: its bytes or -errno. */
export function netlinkSend(s: NetlinkSocket): Result {
  const e = exchange;
  const bytes = e.left;
  if ((e.flags & MessageFlag.OutOfBand) != 0) return -Errno.EOPNOTSUPP;
  if (e.addressLength != 0) {
    if (e.addressLength < ADDRESS_BYTES || load<u16>(e.address) != <u16>Family.Netlink) return -Errno.EINVAL;
    // Programs may send to each other with CAP_NET_ADMIN; here none has the address.
    const toProgram = (load<u32>(e.address, 4) | load<u32>(e.address, 8)) != 0;
    if (toProgram && !capable(current.credentials, Capability.NetAdmin)) return -Errno.EPERM;
    if (load<u32>(e.address, 4) != 0) return -Errno.ECONNREFUSED;
  }
  if (s.error != 0) return takeError(s);
  if (bytes > REQUEST_MAX) return -Errno.EMSGSIZE;
  if (s.port == 0) autobind(s);
  const request = kernelAlloc(max<u32>(bytes, 16));
  if (request == 0) return -Errno.ENOBUFS;
  let r = moveBytes(e, false, request, bytes);
  if (r >= 0) r = netlinkRequest(s, request, bytes);
  kernelFree(request);
  return r < 0 ? r : bytes;
}

/** Appends a datagram of `bytes` at `p` to the socket's queue: 0, or -ENOBUFS, which the socket is told as well, as on Linux. */
export function netlinkAnswer(s: NetlinkSocket, p: usize, bytes: u32): Result {
  const room = s.queued + bytes <= s.receiveLimit;
  const at: usize = room ? kernelAlloc(ANSWER_BYTES + bytes) : 0;
  if (at == 0) {
    s.error = Errno.ENOBUFS;
    return -Errno.ENOBUFS;
  }
  const a = changetype<Answer>(at);
  a.length = bytes;
  memory.copy(at + ANSWER_BYTES, p, bytes);
  enqueue(s, a);
  return 0;
}

function enqueue(s: NetlinkSocket, a: Answer): void {
  const last = s.last;
  if (last) last.next = a;
  else s.first = a;
  s.last = a;
  s.queued += a.length;
  wakeReaders(s);
}

/** Holds the socket for a datagram that is to come: netlinkDeliver. */
export function netlinkRetain(s: NetlinkSocket): NetlinkSocket {
  s.refs++;
  return s;
}

/** Delivers a datagram that was made when the socket was held, and lets go of the socket. Whoever has closed it meanwhile gets nothing. */
export function netlinkDeliver(s: NetlinkSocket, a: Answer): void {
  if (s.dead) kernelFree(changetype<usize>(a));
  else enqueue(s, a);
  if (--s.refs == 0) socketFree(s);
}

/** Receives one datagram into the exchange: its bytes, as many as fit (all, whether they fit or not, with MSG_TRUNC); -EAGAIN or -errno. */
export function netlinkReceive(s: NetlinkSocket): Result {
  const e = exchange;
  if ((e.flags & MessageFlag.OutOfBand) != 0) return -Errno.EOPNOTSUPP;
  if (s.error != 0) return takeError(s);
  const a = s.first;
  if (!a) return -Errno.EAGAIN;
  const bytes = min(a.length, e.left);
  const r = moveBytes(e, true, changetype<usize>(a) + ANSWER_BYTES, bytes);
  if (r < 0) return r;
  const whole = a.length;
  if (bytes < whole) e.result |= MessageFlag.Truncated;
  e.addressLength = <u32>netlinkAddress(s, true, e.address);
  if ((e.flags & MessageFlag.Peek) == 0) {
    const next = a.next;
    s.first = next;
    if (!next) s.last = null;
    s.queued -= whole;
    kernelFree(changetype<usize>(a));
  }
  return (e.flags & MessageFlag.Truncated) != 0 ? whole : bytes;
}

/** Event bits that hold now; registers `poller` unless it is 0. */
export function netlinkPoll(s: NetlinkSocket, poller: usize): u32 {
  if (poller != 0) pollOn(poller, pollQueue(s));
  let events: u32 = PollEvent.Out | PollEvent.WriteNormal | PollEvent.WriteBand;
  if (s.error != 0) events |= PollEvent.Error;
  if (s.first) events |= PollEvent.In | PollEvent.ReadNormal;
  return events;
}

/** Bytes of the next datagram (FIONREAD). */
export function netlinkReadable(s: NetlinkSocket): u32 {
  const first = s.first;
  return first ? first.length : 0;
}

/** The socket's file has been closed for good. */
export function netlinkClose(s: NetlinkSocket): void {
  s.dead = true;
  let a = s.first;
  while (a) {
    const next = a.next;
    kernelFree(changetype<usize>(a));
    a = next;
  }
  s.first = null;
  socketUnlist(s);
  wakeEverybody(s);
  if (--s.refs == 0) socketFree(s);
}
