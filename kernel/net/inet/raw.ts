// Raw sockets (raw(7)), which get copies of all packets of their protocol, and ping sockets (icmp(7)), which send echo requests and get the answers to their
// own; the identifier of an echo is a ping socket's port. Both stand in one row per space.

import { Errno } from "../../errno";
import { randomU64 } from "../../random";
import { Result } from "../../result";
import { checksum, checksumOf, checksumPacket } from "../checksum";
import { exchange, MessageFlag } from "../exchange";
import { inetBegin, inetEnd } from "../loopback";
import {
  Checksum,
  Packet,
  packetAppend,
  packetDestination,
  packetFree,
  packetLinear,
  packetNew,
  packetPull,
  packetSource,
  PACKET_MAX,
} from "../packet";
import { Family, SocketType } from "../socket";
import { address4, addressEquals, InetAddress, isAnyAddress, isMapped4, setAddress4 } from "./address";
import { Counter } from "./counters";
import { chargeSender, datagramEnqueue, datagramError, DatagramSocket, inetSpaceOf } from "./datagram";
import { Flow, FlowKind, flowSource } from "./flow";
import { Icmp6Type, IcmpType, ICMP_HEADER_BYTES, news, newsLocal, newsRemote } from "./icmp";
import { endpointOf, localAddress, remoteAddress } from "./inet";
import { Interface } from "./interface";
import { InetOption } from "./options";
import { inetOutput, IP4_HEADER_BYTES, output4, Protocol } from "./output";
import { aim, mayDatagramSend } from "./send";
import { count, InetSpace } from "./space";
import { datagramCopy } from "./udp";

@inline
function firstRaw(space: InetSpace): DatagramSocket | null {
  return changetype<DatagramSocket | null>(space.raw);
}

/** Puts a new raw or ping socket into the space's row. */
export function rawEnlist(s: DatagramSocket): void {
  const space = inetSpaceOf(s);
  s.rawNext = firstRaw(space);
  space.raw = changetype<usize>(s);
}

export function rawUnlist(s: DatagramSocket): void {
  const space = inetSpaceOf(s);
  let before: DatagramSocket | null = null;
  let at = firstRaw(space);
  while (at && at != s) {
    before = at;
    at = at.rawNext;
  }
  if (!at) return;
  if (before) before.rawNext = s.rawNext;
  else space.raw = changetype<usize>(s.rawNext);
  s.rawNext = null;
}

// Coming in --------------------------------------------------------------------------------------------------------------------------------

/** Whether what comes from `from` to `to` by the interface is for a socket with these ends. */
function fits(s: DatagramSocket, from: InetAddress, to: InetAddress, index: u32): bool {
  const e = endpointOf(s);
  const local = localAddress(e);
  const remote = remoteAddress(e);
  if (isMapped4(to) != (s.family == Family.Inet)) return false;
  if (s.device != 0 && index != 0 && s.device != index) return false;
  return (isAnyAddress(local) || addressEquals(local, to)) && (isAnyAddress(remote) || addressEquals(remote, from));
}

/** ICMP_FILTER and ICMP6_FILTER: whether the socket does not want the type of the ICMP message at `icmp`. */
function filters(s: DatagramSocket, icmp: usize): bool {
  const type = load<u8>(icmp);
  if (s.family == Family.Inet) return type < 32 && ((s.icmpFilter >> type) & 1) != 0;
  return s.icmp6Filter != 0 && ((load<u32>(s.icmp6Filter + ((type >> 5) << 2)) >> (type & 31)) & 1) != 0;
}

/** Gives raw sockets for the packet's protocol a copy of it, of IPv4 with the network header: whether there were any. */
export function rawInput(space: InetSpace, p: Packet): bool {
  let heard = false;
  const is4 = isMapped4(packetDestination(p));
  const headerBytes: u32 = is4 ? ((<u32>load<u8>(p.network)) & 0xf) << 2 : 40;
  const index = changetype<Interface>(p.interface).index;
  const isIcmp = (p.protocol == <u8>Protocol.Icmp || p.protocol == <u8>Protocol.Icmp6) && packetLinear(p, headerBytes + 1);
  let at = firstRaw(space);
  while (at) {
    const s = at;
    at = s.rawNext;
    if (s.type != <u32>SocketType.Raw || s.protocol != <u32>p.protocol || !fits(s, packetSource(p), packetDestination(p), index)) continue;
    heard = true;
    if (isIcmp && filters(s, p.data + headerBytes)) continue;
    const copy = datagramCopy(p, 0);
    if (!copy) continue;
    if (!is4) packetPull(copy, headerBytes);
    datagramEnqueue(s, copy);
  }
  return heard;
}

/** An answer to an echo has come in, from its ICMP header on: for the ping socket of its identifier. Consumes it. */
export function pingInput(space: InetSpace, p: Packet): void {
  const identifier = bswap<u16>(load<u16>(p.data, 4));
  const index = changetype<Interface>(p.interface).index;
  const s = pingFind(space, identifier, packetSource(p), packetDestination(p), index);
  if (s) datagramEnqueue(s, p);
  else packetFree(p);
}

function pingFind(space: InetSpace, identifier: u16, from: InetAddress, to: InetAddress, index: u32): DatagramSocket | null {
  let s = firstRaw(space);
  while (s && !(s.type == <u32>SocketType.Datagram && s.localPort == identifier && fits(s, from, to, index))) s = s.rawNext;
  return s;
}

/** An ICMP error about a packet of ours: icmp.ts has it in `news`. */
export function rawIcmpError(space: InetSpace): void {
  const isEcho = news.protocol == <u8>Protocol.Icmp || news.protocol == <u8>Protocol.Icmp6;
  let at = firstRaw(space);
  while (at) {
    const s = at;
    at = s.rawNext;
    if (s.protocol != <u32>news.protocol || !fits(s, newsRemote(), newsLocal(), 0)) continue;
    // Of a ping socket's own packets only.
    if (s.type == <u32>SocketType.Datagram && !(isEcho && load<u16>(news.quoted, 4) == bswap<u16>(s.localPort))) continue;
    datagramError(s, news.quoted, news.quotedBytes);
  }
}

// Identifiers ------------------------------------------------------------------------------------------------------------------------------

/** Gives a ping socket an identifier, `wanted` or (0) any: 0, -EADDRINUSE. A raw socket needs none. */
export function pingBind(s: DatagramSocket, wanted: u16): Result {
  if (s.type != <u32>SocketType.Datagram) return 0;
  const start = <u32>randomU64();
  for (let i: u32 = 0; i < 65535; i++) {
    const identifier = wanted != 0 ? wanted : <u16>((start + i) % 65535) + 1;
    if (isUnused(s, identifier)) {
      s.localPort = identifier;
      return 0;
    }
    if (wanted != 0) break;
  }
  return -Errno.EADDRINUSE;
}

function isUnused(s: DatagramSocket, identifier: u16): bool {
  let at = firstRaw(inetSpaceOf(s));
  while (at && !(at != s && at.localPort == identifier && at.family == s.family && at.type == <u32>SocketType.Datagram)) at = at.rawNext;
  return at == null;
}

export function pingLeave(s: DatagramSocket): void {
  s.localPort = 0;
}

// Going out --------------------------------------------------------------------------------------------------------------------------------

/** Sends the exchange as the message of a ping socket, which must be an echo request: its bytes or -errno. */
export function pingSend(s: DatagramSocket): Result {
  const e = exchange;
  const bytes = e.left;
  if (bytes > PACKET_MAX) return -Errno.EMSGSIZE;
  if (bytes < ICMP_HEADER_BYTES) return -Errno.EINVAL;
  if ((e.flags & MessageFlag.OutOfBand) != 0) return -Errno.EOPNOTSUPP;
  let r = aim(s, e, false);
  if (r < 0) return r;
  const f = changetype<Flow>(<usize>r);
  r = mayDatagramSend(s);
  if (r >= 0 && s.localPort == 0) r = pingBind(s, 0);
  if (r >= 0) r = fill(bytes);
  if (r < 0) return r;
  const p = changetype<Packet>(<usize>r);
  const is4 = s.family == Family.Inet;
  if (
    !packetLinear(p, ICMP_HEADER_BYTES) ||
    load<u8>(p.data) != (is4 ? <u8>IcmpType.Echo : <u8>Icmp6Type.Echo) ||
    load<u8>(p.data, 1) != 0
  ) {
    packetFree(p);
    return -Errno.EINVAL;
  }
  store<u16>(p.data, bswap<u16>(s.localPort), 4);
  store<u16>(p.data, 0, 2);
  if (is4) store<u16>(p.data, checksumOf(checksumPacket(0, p, p.data)), 2);
  p.checksum = <u8>(is4 ? Checksum.Done : Checksum.ToCompute);
  p.checksumAt = 2;
  count(inetSpaceOf(s), Counter.IcmpOut);
  r = transmit(s, p, f, is4 ? Protocol.Icmp : Protocol.Icmp6);
  return r < 0 ? r : bytes;
}

/** A packet with the exchange's bytes, or -errno. */
function fill(bytes: u32): Result {
  const p = packetNew(bytes);
  if (!p) return -Errno.ENOBUFS;
  const r = packetAppend(p, exchange, bytes);
  if (r >= 0) return changetype<usize>(p);
  packetFree(p);
  return r;
}

function transmit(s: DatagramSocket, p: Packet, f: Flow, protocol: u32): Result {
  inetBegin();
  if (f.kind != <u8>FlowKind.Local) chargeSender(s, p);
  const r = inetOutput(inetSpaceOf(s), p, f, protocol);
  inetEnd();
  return r;
}

/** Sends the exchange as a packet of a raw socket, with IP_HDRINCL with its IPv4 header: its bytes or -errno. */
export function rawSend(s: DatagramSocket): Result {
  const e = exchange;
  const bytes = e.left;
  if (bytes > PACKET_MAX) return -Errno.EMSGSIZE;
  if ((e.flags & MessageFlag.OutOfBand) != 0) return -Errno.EOPNOTSUPP;
  let r = aim(s, e, false);
  if (r < 0) return r;
  const f = changetype<Flow>(<usize>r);
  r = mayDatagramSend(s);
  if (r >= 0) r = fill(bytes);
  if (r < 0) return r;
  const p = changetype<Packet>(<usize>r);
  if (s.family == Family.Inet && (s.optionBits & InetOption.HeaderIncluded) != 0) r = sendIncluded(s, p, f);
  else {
    p.checksum = <u8>Checksum.Done;
    if (s.checksumAt >= 0) r = wantChecksum(s, p);
    if (r >= 0) r = transmit(s, p, f, s.protocol);
  }
  return r < 0 ? r : bytes;
}

/** IPV6_CHECKSUM: the kernel fills it in. */
function wantChecksum(s: DatagramSocket, p: Packet): Result {
  const at = <u32>s.checksumAt;
  if (at > 254 || !packetLinear(p, at + 2)) {
    packetFree(p);
    return -Errno.EINVAL;
  }
  store<u16>(p.data + at, 0);
  p.checksum = <u8>Checksum.ToCompute;
  p.checksumAt = <u8>at;
  return 0;
}

/** The sender wrote the header; lengths and checksum are the kernel's, the identification and source too if they are 0 (raw(7)). */
function sendIncluded(s: DatagramSocket, p: Packet, f: Flow): Result {
  const space = inetSpaceOf(s);
  const headerBytes = packetLinear(p, IP4_HEADER_BYTES) ? ((<u32>load<u8>(p.data)) & 0xf) << 2 : 0;
  if (headerBytes < IP4_HEADER_BYTES || !packetLinear(p, headerBytes)) {
    packetFree(p);
    return -Errno.EINVAL;
  }
  if (f.kind != <u8>FlowKind.Local && p.length > f.mtu) {
    packetFree(p);
    return -Errno.EMSGSIZE;
  }
  const ip = p.data;
  p.network = ip;
  p.transport = ip + headerBytes;
  p.protocol = load<u8>(ip, 9);
  p.checksum = <u8>Checksum.Done;
  if (load<u32>(ip, 12) == 0) store<u32>(ip, address4(flowSource(f)), 12);
  if (load<u16>(ip, 4) == 0) {
    const identification = space.identification++;
    store<u16>(ip, bswap<u16>(<u16>identification), 4);
  }
  store<u16>(ip, bswap<u16>(<u16>p.length), 2);
  store<u16>(ip, 0, 10);
  store<u16>(ip, checksum(ip, headerBytes), 10);
  setAddress4(packetSource(p), load<u32>(ip, 12));
  setAddress4(packetDestination(p), load<u32>(ip, 16));
  inetBegin();
  if (f.kind != <u8>FlowKind.Local) chargeSender(s, p);
  const r = output4(space, p, f);
  inetEnd();
  return r;
}
