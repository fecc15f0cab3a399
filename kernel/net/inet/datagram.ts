// Datagram sockets of the Internet families: UDP, raw and ping sockets. The object, its receive queue, which is packets as they came in, and receiving. See
// udp(7), raw(7), ip(7), ipv6(7), icmp(7). What arrives counts against SO_RCVBUF, and what does not fit is dropped; errors that ICMP told
// are for connected sockets, or go to a queue of their own (IP_RECVERR).

import { Errno } from "../../errno";
import { kernelAlloc, kernelFree } from "../../mm/heap";
import { Result } from "../../result";
import { wakeAll } from "../../task/wait";
import { wallNs } from "../../time/clock";
import { pollOn, PollEvent } from "../../vfs/poll";
import { Exchange, exchange, MessageFlag } from "../exchange";
import {
  Packet,
  packetCost,
  packetDestination,
  packetFree,
  packetMove,
  packetNew,
  packetPut,
  packetsFree,
  packetSource,
  setPacketDisown,
} from "../packet";
import {
  pollQueue,
  Shutdown,
  Socket,
  socketFree,
  SocketOption,
  socketRetain,
  SocketType,
  takeError,
  wakeEverybody,
  wakeReaders,
  writeQueue,
} from "../socket";
import { setAddress } from "./address";
import { Control, control, controlDestination, controlOffender, controlSource } from "./control";
import { Flow } from "./flow";
import { news, newsOffender, newsRemote } from "./icmp";
import { formatSocketAddress, InetSocket } from "./inet";
import { Interface } from "./interface";
import { InetOption, wantsErrors } from "./options";
import { Protocol } from "./output";
import { InetSpace } from "./space";

/** A multicast group that a socket has joined. */
@unmanaged
export class Group {
  next: Group | null;
  address: u32;
  interface: u32;
}

@unmanaged
export class DatagramSocket extends InetSocket {
  // A Flow: where connected sockets send.
  way0: u64;
  way1: u64;
  way2: u64;
  way3: u64;
  way4: u64;
  way5: u64;
  way6: u64;
  way7: u64;
  /** What has arrived, and what it costs. */
  first: Packet | null;
  last: Packet | null;
  queued: u32;
  /** Datagrams that found the queue full. */
  drops: u32;
  /** The error queue. */
  firstError: Packet | null;
  lastError: Packet | null;
  /** What MSG_MORE and UDP_CORK hold back. */
  corked: Packet | null;
  /** Raw and ping sockets of the space. */
  rawNext: DatagramSocket | null;
  groups: Group | null;
  /** IP_MULTICAST_IF (index, address), IP_MULTICAST_TTL. */
  multicastInterface: u32;
  multicastSource: u32;
  multicastHops: u8;
  /** UDP_CORK. */
  cork: bool;
  /** Connected once, so that errors of ICMP are told. */
  isConnected: bool;
  pad3: u8;
  /** ICMP_FILTER: a bit per type that is not wanted. */
  icmpFilter: u32;
  /** ICMP6_FILTER, 32 bytes; 0: all pass. */
  icmp6Filter: usize;
  /** When what was received last had come in (SIOCGSTAMP): 0 if nobody asked then, NEVER_STAMPED before the first. */
  lastStampNs: u64;
  /** IPV6_CHECKSUM: where raw sockets want the checksum, -1 for nowhere. */
  checksumAt: i32;
}

/** Nothing has been received. */
export const NEVER_STAMPED: u64 = u64.MAX_VALUE;

@inline
export function asDatagram(s: Socket): DatagramSocket {
  return changetype<DatagramSocket>(s);
}

@inline
export function flowOf(s: DatagramSocket): Flow {
  return changetype<Flow>(changetype<usize>(s) + offsetof<DatagramSocket>("way0"));
}

/** The Internet side of the socket's space. */
@inline
export function inetSpaceOf(s: Socket): InetSpace {
  return changetype<InetSpace>(s.space.inet);
}

/** A UDP socket, and no raw or ping socket. */
@inline
export function isUdp(s: Socket): bool {
  return s.protocol == Protocol.Udp && s.type == <u32>SocketType.Datagram;
}

/** Drops a reference. */
export function datagramRelease(s: DatagramSocket): void {
  if (--s.refs == 0) socketFree(s);
}

// What is on its way out -------------------------------------------------------------------------------------------------------------------

/** Room enough to be told so: half of SO_SNDBUF is free. */
@inline
function hasRoom(s: DatagramSocket): bool {
  return s.sendCharge < s.sendLimit >> 1;
}

/** The packet counts for `s` until it has left the machine. */
export function chargeSender(s: DatagramSocket, p: Packet): void {
  socketRetain(s);
  p.owner = changetype<usize>(s);
  p.charge = packetCost(p);
  s.sendCharge += p.charge;
}

function disown(p: Packet): void {
  const s = changetype<DatagramSocket>(p.owner);
  const had = hasRoom(s);
  s.sendCharge -= p.charge;
  if (!had && hasRoom(s)) {
    wakeAll(writeQueue(s));
    wakeAll(pollQueue(s));
  }
  datagramRelease(s);
}

/** To be called once at start-up. */
export function datagramsInit(): void {
  setPacketDisown(disown);
}

/** SIOCGSTAMP: when what was received last came in, in nanoseconds of the wall clock; -ENOENT before the first. From now on stamps are taken. */
export function datagramStamp(s: DatagramSocket): Result {
  s.options |= SocketOption.LastStamp;
  if (s.lastStampNs == NEVER_STAMPED) return -Errno.ENOENT;
  if (s.lastStampNs == 0) s.lastStampNs = wallNs();
  return s.lastStampNs;
}

// What comes in ----------------------------------------------------------------------------------------------------------------------------

/** Appends a packet, whose data is what the receiver gets, to the queue: false, and it is freed, when that is full. */
export function datagramEnqueue(s: DatagramSocket, p: Packet): bool {
  const cost = packetCost(p);
  if (s.queued + cost > s.receiveLimit && s.first != null) {
    s.drops++;
    packetFree(p);
    return false;
  }
  if ((s.options & (SocketOption.Timestamp | SocketOption.TimestampNs | SocketOption.LastStamp)) != 0) p.stampNs = wallNs();
  p.charge = cost;
  // What the receiver is told with SO_RXQ_OVFL: the drops before this one.
  p.mark = s.drops;
  // The interface may be gone by the time somebody asks which it was.
  p.sequence = p.interface != 0 ? changetype<Interface>(p.interface).index : 0;
  p.next = null;
  const last = s.last;
  if (last) last.next = p;
  else s.first = p;
  s.last = p;
  s.queued += cost;
  wakeReaders(s);
  return true;
}

/** Takes the first packet off the queue. */
function takeFirst(s: DatagramSocket, p: Packet): void {
  const next = p.next;
  s.first = next;
  if (!next) s.last = null;
  s.queued -= p.charge;
}

/** Port that the packet came from, if its protocol has ports. */
@inline
function sourcePort(s: DatagramSocket, p: Packet): u16 {
  return isUdp(s) ? bswap<u16>(load<u16>(p.transport)) : 0;
}

/**
 * Receives one datagram into the exchange: its bytes, as many as fit (all, whether they fit or not, with MSG_TRUNC); 0 at the end; -EAGAIN or -errno.
 */
export function datagramReceive(s: DatagramSocket): Result {
  const e = exchange;
  if ((e.flags & MessageFlag.OutOfBand) != 0 && !isUdp(s)) return -Errno.EOPNOTSUPP;
  if ((e.flags & MessageFlag.ErrorQueue) != 0) return receiveError(s);
  if (s.error != 0) return takeError(s);
  const peek = (e.flags & MessageFlag.Peek) != 0;
  let skip = peek ? <u32>max<i32>(0, s.peekOffset) : 0;
  let p = s.first;
  while (p && skip != 0 && skip >= p.length) {
    skip -= p.length;
    p = p.next;
  }
  if (!p) {
    if ((s.shutdown & Shutdown.Receive) == 0) return -Errno.EAGAIN;
    return (e.flags & MessageFlag.DontWait) == 0 ? 0 : -Errno.EAGAIN;
  }
  const there = p.length - skip;
  const bytes = min(there, e.left);
  const r = packetMove(p, e, skip, bytes);
  // A page that has to be waited for: all of it again.
  if (r < 0 && (peek || r != -Errno.EFAULT)) return r;
  if (bytes < there) e.result |= MessageFlag.Truncated;
  if (r >= 0) accompany(s, e, p);
  if (!peek) {
    takeFirst(s, p);
    packetFree(p);
    if (s.peekOffset > 0) s.peekOffset = max<i32>(0, s.peekOffset - <i32>there);
  } else if (s.peekOffset >= 0) s.peekOffset += bytes;
  if (r < 0) return r;
  return (e.flags & MessageFlag.Truncated) != 0 ? there : bytes;
}

/** Whom the datagram is from, and what the socket asked to be told with it. */
function accompany(s: DatagramSocket, e: Exchange, p: Packet): void {
  e.addressLength = formatSocketAddress(s, packetSource(p), sourcePort(s, p), e.address);
  s.lastStampNs = p.stampNs;
  const wanted =
    (s.optionBits & InetOption.Told) | (s.options & (SocketOption.Timestamp | SocketOption.TimestampNs | SocketOption.ReceiveOverflow));
  if (wanted != 0) tell(s, e, p);
}

function tell(s: DatagramSocket, e: Exchange, p: Packet): void {
  e.inet |= Control.Received;
  setAddress(controlSource(), packetSource(p));
  setAddress(controlDestination(), packetDestination(p));
  control.interface = p.sequence;
  control.hops = p.hops;
  control.service = p.service;
  control.port = isUdp(s) ? load<u16>(p.transport, 2) : 0;
  control.stampNs = p.stampNs;
  control.drops = p.mark;
}

// Errors -----------------------------------------------------------------------------------------------------------------------------------

/** Where an error in the queue comes from (linux/errqueue.h). */
const ORIGIN_ICMP: u32 = 2;
const ORIGIN_ICMP6: u32 = 3;

/**
 * ICMP has told an error about a packet that `s` sent (`news`); of that packet, `bytes` of data at `data` are known. A socket hears of hard errors if it is
 * connected, and of all if it asked for them.
 */
export function datagramError(s: DatagramSocket, data: usize, bytes: u32): void {
  const wants = wantsErrors(s);
  if (wants) queueError(s, data, bytes);
  else if (!s.isConnected || !(news.isHard || (news.errno == Errno.EMSGSIZE && (s.optionBits & InetOption.DiscoverMask) != 0))) return;
  s.error = news.errno;
  wakeEverybody(s);
}

/** Notes the error with the data it is about; without memory, s.error alone tells of it. */
function queueError(s: DatagramSocket, data: usize, bytes: u32): void {
  const p = packetNew(bytes);
  if (!p) return;
  if (s.queued + packetCost(p) > s.receiveLimit) {
    packetFree(p);
    return;
  }
  memory.copy(packetPut(p, bytes), data, bytes);
  setAddress(packetDestination(p), newsRemote());
  setAddress(packetSource(p), newsOffender());
  p.sequence = news.errno;
  p.sequenceEnd = news.mtu;
  p.hops = news.type;
  p.service = news.code;
  p.mark = news.remotePort;
  p.charge = packetCost(p);
  s.queued += p.charge;
  const last = s.lastError;
  if (last) last.next = p;
  else s.firstError = p;
  s.lastError = p;
}

/** recvmsg(2) with MSG_ERRQUEUE: the data that the error is about, to whom it went, and struct sock_extended_err. */
function receiveError(s: DatagramSocket): Result {
  const e = exchange;
  const p = s.firstError;
  // Nobody waits for errors.
  e.flags |= MessageFlag.DontWait;
  if (!p) return -Errno.EAGAIN;
  const bytes = min(p.length, e.left);
  const r = packetMove(p, e, 0, bytes);
  if (r < 0) return r;
  e.result |= MessageFlag.ErrorQueue | (bytes < p.length ? MessageFlag.Truncated : 0);
  e.addressLength = formatSocketAddress(s, packetDestination(p), bswap<u16>(<u16>p.mark), e.address);
  e.inet |= Control.Error;
  control.errno = p.sequence;
  control.info = p.sequenceEnd;
  control.type = p.hops;
  control.code = p.service;
  control.origin = packetDestination(p).high == 0 && <u32>packetDestination(p).low == 0xffff_0000 ? ORIGIN_ICMP : ORIGIN_ICMP6;
  setAddress(controlOffender(), packetSource(p));
  const next = p.next;
  s.firstError = next;
  if (!next) s.lastError = null;
  s.queued -= p.charge;
  packetFree(p);
  // The next error shows in SO_ERROR.
  s.error = next ? next.sequence : 0;
  return bytes;
}

// ------------------------------------------------------------------------------------------------------------------------------------------

/** Event bits that hold now; registers `poller` unless it is 0. */
export function datagramPoll(s: DatagramSocket, poller: usize): u32 {
  if (poller != 0) pollOn(poller, pollQueue(s));
  let events: u32 = 0;
  if (s.error != 0 || s.firstError) events |= PollEvent.Error;
  if (s.shutdown == Shutdown.Both) events |= PollEvent.HangUp;
  if ((s.shutdown & Shutdown.Receive) != 0) events |= PollEvent.ReadHangUp | PollEvent.In | PollEvent.ReadNormal;
  if (s.first) events |= PollEvent.In | PollEvent.ReadNormal;
  if (hasRoom(s)) events |= PollEvent.Out | PollEvent.WriteNormal | PollEvent.WriteBand;
  return events;
}

/** shutdown(2): 0; -ENOTCONN for an unconnected socket, whose readers are woken all the same, as on Linux. */
export function datagramShutdown(s: DatagramSocket, how: u32): Result {
  s.shutdown |= how;
  wakeEverybody(s);
  return s.isConnected ? 0 : -Errno.ENOTCONN;
}

/** Empties the queues; for a socket that is closed. */
export function datagramDrop(s: DatagramSocket): void {
  packetsFree(s.first);
  packetsFree(s.firstError);
  s.first = null;
  s.last = null;
  s.firstError = null;
  s.lastError = null;
  s.queued = 0;
  const corked = s.corked;
  if (corked) packetFree(corked);
  s.corked = null;
  for (let g: Group | null = s.groups; g; g = s.groups) {
    s.groups = g.next;
    kernelFree(changetype<usize>(g));
  }
  kernelFree(s.icmp6Filter);
  s.icmp6Filter = 0;
}

/** The socket's membership of a group by an interface (0: of one that names none), or null. */
export function groupFind(s: DatagramSocket, address: u32, index: u32): Group | null {
  let g = s.groups;
  while (g && (g.address != address || g.interface != index)) g = g.next;
  return g;
}

/** Joins a group on an interface (0: any): 0, -EADDRINUSE when it has, -ENOBUFS. */
export function groupJoin(s: DatagramSocket, address: u32, index: u32): Result {
  if (groupFind(s, address, index)) return -Errno.EADDRINUSE;
  const g = changetype<Group | null>(kernelAlloc(offsetof<Group>()));
  if (!g) return -Errno.ENOBUFS;
  g.address = address;
  g.interface = index;
  g.next = s.groups;
  s.groups = g;
  return 0;
}

/** Leaves a group: 0, -EADDRNOTAVAIL when it has not joined. */
export function groupLeave(s: DatagramSocket, address: u32, index: u32): Result {
  let before: Group | null = null;
  let g = s.groups;
  while (g && (g.address != address || (index != 0 && g.interface != index))) {
    before = g;
    g = g.next;
  }
  if (!g) return -Errno.EADDRNOTAVAIL;
  if (before) before.next = g.next;
  else s.groups = g.next;
  kernelFree(changetype<usize>(g));
  return 0;
}
