// ICMP (RFC 792, RFC 1122 3.2.2) and, on loopback, ICMPv6 (RFC 4443): echo is answered, errors are sent for packets that could not be delivered, and errors
// that come in are told to the protocol and socket whose packet they are about. Errors are never about errors, broadcasts, or any but the
// first fragment, and over a wire there are at most a thousand a second (net.ipv4.icmp_msgs_per_sec).

import { Errno } from "../../errno";
import { nowNs } from "../../time/clock";
import { checksumOf, checksumPacket } from "../checksum";
import {
  Checksum,
  Packet,
  packetDestination,
  PacketFlag,
  packetFree,
  packetLinear,
  packetNew,
  packetPut,
  packetRead,
  packetSource,
} from "../packet";
import { tcpIcmpError } from "../tcp/input";
import { InetAddress, isAnyAddress, isMapped4, isMulticast4, setAddress, setAddress4 } from "./address";
import { Counter } from "./counters";
import { Flow, flowAim, FLOW_BYTES } from "./flow";
import { checksumIsRight, inetOutput, IP4_HEADER_BYTES, IP6_HEADER_BYTES, Protocol } from "./output";
import { pathMtuLearn } from "./pathmtu";
import { pingInput, rawIcmpError } from "./raw";
import { count, InetSpace } from "./space";
import { udpIcmpError } from "./udp";

/** Types of ICMP. */
export const enum IcmpType {
  EchoReply = 0,
  Unreachable = 3,
  Quench = 4,
  Redirect = 5,
  Echo = 8,
  TimeExceeded = 11,
  ParameterProblem = 12,
}

/** Types of ICMPv6. */
export const enum Icmp6Type {
  Unreachable = 1,
  PacketTooBig = 2,
  TimeExceeded = 3,
  ParameterProblem = 4,
  Echo = 128,
  EchoReply = 129,
}

/** Codes of IcmpType.Unreachable. */
export const enum IcmpCode {
  NetUnreachable = 0,
  HostUnreachable = 1,
  ProtocolUnreachable = 2,
  PortUnreachable = 3,
  TooLong = 4,
}
const V6_PORT_UNREACHABLE: u8 = 4;

export const ICMP_HEADER_BYTES: u32 = 8;
/** Of the packet in question an error has so much, as on Linux (RFC 1812, 4.3.2.3 allows up to 576 bytes in all). */
const QUOTE4_MAX: u32 = 548;
const QUOTE6_MAX: u32 = 1232;

/** What an ICMP error says about a packet that this machine has sent. */
@unmanaged
export class IcmpNews {
  /** The packet's source (ours) and destination, as InetAddress: newsLocal, newsRemote. */
  localHigh: u64;
  localLow: u64;
  remoteHigh: u64;
  remoteLow: u64;
  /** Who complains: newsOffender. */
  offenderHigh: u64;
  offenderLow: u64;
  /** Ports of the packet, in network order; for TCP its sequence number, in the machine's order. */
  localPort: u16;
  remotePort: u16;
  sequence: u32;
  /** An Errno; whether a socket that only asked for hard errors is told. */
  errno: u32;
  isHard: bool;
  type: u8;
  code: u8;
  protocol: u8;
  /** EMSGSIZE: the longest packet that would have passed. */
  mtu: u32;
  /** The quoted packet's transport header in linear memory, and how many bytes of it there are: at least 8. */
  quoted: usize;
  quotedBytes: u32;
  pad: u32;
}
export const news: IcmpNews = changetype<IcmpNews>(memory.data(80, 8));
if (offsetof<IcmpNews>() != 80) ERROR("IcmpNews is 80 bytes");

@inline
export function newsLocal(): InetAddress {
  return changetype<InetAddress>(changetype<usize>(news));
}
@inline
export function newsRemote(): InetAddress {
  return changetype<InetAddress>(changetype<usize>(news) + 16);
}
@inline
export function newsOffender(): InetAddress {
  return changetype<InetAddress>(changetype<usize>(news) + 32);
}

const flow = changetype<Flow>(memory.data(FLOW_BYTES, 8));

/** A message that has come in, from its ICMP header on. Consumes it. */
export function icmpInput(space: InetSpace, p: Packet): void {
  count(space, Counter.IcmpIn);
  if (!packetLinear(p, ICMP_HEADER_BYTES)) {
    count(space, Counter.IcmpInErrors);
    packetFree(p);
    return;
  }
  if (!icmpChecksumIsRight(p)) {
    count(space, Counter.IcmpInErrors);
    count(space, Counter.IcmpChecksumErrors);
    packetFree(p);
    return;
  }
  if (p.protocol == <u8>Protocol.Icmp6) input6(space, p);
  else input4(space, p);
}

/** ICMP has no pseudo header, ICMPv6 has. */
function icmpChecksumIsRight(p: Packet): bool {
  if (p.checksum == <u8>Checksum.Verified) return true;
  return p.protocol == <u8>Protocol.Icmp6 ? checksumIsRight(p) : checksumOf(checksumPacket(0, p, p.transport)) == 0;
}

function input4(space: InetSpace, p: Packet): void {
  switch (<u32>load<u8>(p.data)) {
    case IcmpType.Echo:
      return echo(space, p, <u8>IcmpType.EchoReply);
    case IcmpType.EchoReply:
      return pingInput(space, p);
    case IcmpType.Unreachable:
    case IcmpType.TimeExceeded:
    case IcmpType.ParameterProblem:
      tell4(space, p);
  }
  packetFree(p);
}

function input6(space: InetSpace, p: Packet): void {
  switch (<u32>load<u8>(p.data)) {
    case Icmp6Type.Echo:
      return echo(space, p, <u8>Icmp6Type.EchoReply);
    case Icmp6Type.EchoReply:
      return pingInput(space, p);
    case Icmp6Type.Unreachable:
      tell6(space, p);
  }
  packetFree(p);
}

/** Sends an echo back to where it came from; not one to a broadcast address (net.ipv4.icmp_echo_ignore_broadcasts). */
function echo(space: InetSpace, p: Packet, reply: u8): void {
  if ((p.flags & (<u16>PacketFlag.Broadcast)) != 0) {
    packetFree(p);
    return;
  }
  store<u8>(p.data, reply);
  flow.hops = 0;
  flow.service = p.service;
  flow.bound = 0;
  flow.discover = 0;
  p.flags = 0;
  flowAim(flow, packetDestination(p), packetSource(p));
  send(space, p);
}

/** Sends the message in `p`, from its ICMP header on, along `flow`. */
function send(space: InetSpace, p: Packet): void {
  count(space, Counter.IcmpOut);
  p.transport = p.data;
  if (isMapped4(packetOf())) {
    store<u16>(p.data, 0, 2);
    store<u16>(p.data, checksumOf(checksumPacket(0, p, p.data)), 2);
    p.checksum = <u8>Checksum.Done;
    inetOutput(space, p, flow, Protocol.Icmp);
    return;
  }
  p.checksum = <u8>Checksum.ToCompute;
  p.checksumAt = 2;
  inetOutput(space, p, flow, Protocol.Icmp6);
}

@inline
function packetOf(): InetAddress {
  return changetype<InetAddress>(changetype<usize>(flow) + offsetof<Flow>("destinationHigh"));
}

// Errors that we send ----------------------------------------------------------------------------------------------------------------------

/** Errors over wires: what is left of this second's thousand. */
const RATE: u32 = 1000;
const SECOND_NS: u64 = 1_000_000_000;
let second: u64 = 0;
let tokens: u32 = RATE;

function mayComplain(p: Packet): bool {
  if ((p.flags & (<u16>PacketFlag.Looped)) != 0) return true;
  const now = nowNs() / SECOND_NS;
  if (now != second) {
    second = now;
    tokens = RATE;
  }
  if (tokens == 0) return false;
  tokens--;
  return true;
}

/** True for messages about errors: nobody complains about those. */
function isError(p: Packet, transport: usize): bool {
  if (transport + 1 > p.data + p.linear) return true;
  const type = load<u8>(transport);
  if (p.protocol == <u8>Protocol.Icmp6) return type < 128;
  return type != IcmpType.Echo && type != IcmpType.EchoReply;
}

/** Tells the sender of `p` (network header and addresses in place) that its packet got nowhere. `p` stays with the caller. */
export function icmpUnreachable(space: InetSpace, p: Packet, code: IcmpCode, mtu: u32): void {
  if (isMapped4(packetDestination(p))) complain(space, p, <u8>IcmpType.Unreachable, <u8>code, mtu);
  else if (code == IcmpCode.PortUnreachable) complain(space, p, <u8>Icmp6Type.Unreachable, V6_PORT_UNREACHABLE, 0);
}

/** The packet has gone through too many routers (code 0), or its other fragments did not come (1). `p` stays with the caller. */
export function icmpTimeExceeded(space: InetSpace, p: Packet, code: u8): void {
  complain(space, p, <u8>IcmpType.TimeExceeded, code, 0);
}

function complain(space: InetSpace, p: Packet, type: u8, code: u8, mtu: u32): void {
  const is4 = isMapped4(packetDestination(p));
  if ((p.flags & (<u16>PacketFlag.Broadcast)) != 0 || isAnyAddress(packetSource(p))) return;
  if (is4 && ((load<u16>(p.network, 6) & 0xff1f) != 0 || isMulticast4(load<u32>(p.network, 16)))) return;
  const headerBytes: u32 = is4 ? ((<u32>load<u8>(p.network)) & 0xf) << 2 : IP6_HEADER_BYTES;
  const isIcmp = p.protocol == <u8>Protocol.Icmp || p.protocol == <u8>Protocol.Icmp6;
  if ((isIcmp && isError(p, p.network + headerBytes)) || !mayComplain(p)) return;
  // The quote begins with the network header, which may have been pulled off already: it is still there.
  const before = <u32>(p.data - p.network);
  const quote = min<u32>(before + p.length, is4 ? QUOTE4_MAX : QUOTE6_MAX);
  const message = packetNew(ICMP_HEADER_BYTES + quote);
  if (!message) return;
  const at = packetPut(message, ICMP_HEADER_BYTES + quote);
  store<u8>(at, type);
  store<u8>(at, code, 1);
  store<u16>(at, 0, 2);
  store<u32>(at, bswap<u32>(mtu), 4);
  memory.copy(at + ICMP_HEADER_BYTES, p.network, min(before, quote));
  if (quote > before) packetRead(p, 0, at + ICMP_HEADER_BYTES + before, quote - before);
  flow.hops = 0;
  flow.service = 0;
  flow.bound = 0;
  flow.discover = 0;
  // From the address it was sent to if that is ours; a router says who it is.
  const to = packetDestination(p);
  const any = !is4 || (p.flags & (<u16>PacketFlag.Forwarded)) == 0;
  setAddress(newsOffender(), to);
  if (!any) setAddress4(newsOffender(), 0);
  flowAim(flow, newsOffender(), packetSource(p));
  send(space, message);
}

// Errors that come in ----------------------------------------------------------------------------------------------------------------------

/** What unreachable's codes mean (RFC 1122, 4.2.3.9; RFC 1812, 5.2.7.1). */
function errnoOf(type: u8, code: u8): u32 {
  if (type == <u8>IcmpType.ParameterProblem) return Errno.EPROTO;
  if (type == <u8>IcmpType.TimeExceeded) return Errno.EHOSTUNREACH;
  switch (<u32>code) {
    case 0:
    case 6:
    case 9:
    case 11:
      return Errno.ENETUNREACH;
    case IcmpCode.ProtocolUnreachable:
      return Errno.ENOPROTOOPT;
    case IcmpCode.PortUnreachable:
      return Errno.ECONNREFUSED;
    case IcmpCode.TooLong:
      return Errno.EMSGSIZE;
    case 5:
      return Errno.EOPNOTSUPP;
    case 7:
      return Errno.EHOSTDOWN;
    case 8:
      return Errno.ENONET;
    default:
      return Errno.EHOSTUNREACH;
  }
}

/** Whether the error will stay: others may go away by themselves. */
function isHard(type: u8, code: u8): bool {
  if (type != <u8>IcmpType.Unreachable) return type == <u8>IcmpType.ParameterProblem;
  return code == 2 || code == 3 || (code >= 6 && code <= 10) || code >= 13;
}

function tell4(space: InetSpace, p: Packet): void {
  const quote = p.data + ICMP_HEADER_BYTES;
  if (!packetLinear(p, ICMP_HEADER_BYTES + IP4_HEADER_BYTES + 8) || load<u8>(quote) >> 4 != 4) return malformed(space);
  const headerBytes = ((<u32>load<u8>(quote)) & 0xf) << 2;
  if (headerBytes < IP4_HEADER_BYTES || !packetLinear(p, ICMP_HEADER_BYTES + headerBytes + 8)) return malformed(space);
  const type = load<u8>(p.data);
  const code = load<u8>(p.data, 1);
  setAddress4(newsLocal(), load<u32>(quote, 12));
  setAddress4(newsRemote(), load<u32>(quote, 16));
  news.errno = errnoOf(type, code);
  news.isHard = isHard(type, code);
  news.protocol = load<u8>(quote, 9);
  news.mtu = 0;
  if (type == <u8>IcmpType.Unreachable && code == <u8>IcmpCode.TooLong) {
    news.mtu = bswap<u16>(load<u16>(p.data, 6));
    // A router of before RFC 1191 says nothing: the least that everybody takes.
    if (news.mtu == 0) news.mtu = 576;
    pathMtuLearn(space, load<u32>(quote, 16), news.mtu);
  }
  tell(space, p, quote + headerBytes);
}

function tell6(space: InetSpace, p: Packet): void {
  const quote = p.data + ICMP_HEADER_BYTES;
  if (!packetLinear(p, ICMP_HEADER_BYTES + IP6_HEADER_BYTES + 8)) return malformed(space);
  setAddress(newsLocal(), changetype<InetAddress>(quote + 8));
  setAddress(newsRemote(), changetype<InetAddress>(quote + 24));
  const isPort = load<u8>(p.data, 1) == V6_PORT_UNREACHABLE;
  news.errno = isPort ? Errno.ECONNREFUSED : Errno.EHOSTUNREACH;
  news.isHard = isPort;
  news.protocol = load<u8>(quote, 6);
  news.mtu = 0;
  tell(space, p, quote + IP6_HEADER_BYTES);
}

function malformed(space: InetSpace): void {
  count(space, Counter.IcmpInErrors);
}

/** Tells the protocol of the quoted packet, whose transport header is at `quoted`. */
function tell(space: InetSpace, p: Packet, quoted: usize): void {
  setAddress(newsOffender(), packetSource(p));
  news.type = load<u8>(p.data);
  news.code = load<u8>(p.data, 1);
  news.localPort = load<u16>(quoted);
  news.remotePort = load<u16>(quoted, 2);
  news.sequence = bswap<u32>(load<u32>(quoted, 4));
  news.quoted = quoted;
  news.quotedBytes = <u32>(p.data + p.linear - quoted);
  if (space.raw != 0) rawIcmpError(space);
  if (news.protocol == <u8>Protocol.Tcp) tcpIcmpError(space);
  else if (news.protocol == <u8>Protocol.Udp) udpIcmpError(space);
}
