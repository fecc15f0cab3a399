// The way in: an IP packet from an interface is checked, put together if it was split, and given to its protocol. RFC 791, RFC 1122, RFC 8200. What is
// malformed is counted and dropped.

import { checksum } from "../checksum";
import { Checksum, Packet, packetDestination, PacketFlag, packetFree, packetLinear, packetPull, packetSource, packetTrim } from "../packet";
import { tcpInput } from "../tcp/input";
import { BROADCAST4, InetAddress, isLoopback4, isLoopbackAddress, isMulticast4, netmask4, setAddress, setAddress4 } from "./address";
import { Counter } from "./counters";
import { fragmentIn } from "./fragment";
import { icmpInput, icmpUnreachable, IcmpCode } from "./icmp";
import { natInput } from "../nat";
import { Interface, interfaceByAddress } from "./interface";
import { checksumIsRight, IP4_HEADER_BYTES, IP6_HEADER_BYTES, Protocol } from "./output";
import { rawInput } from "./raw";
import { count, InetSpace } from "./space";
import { udpInput } from "./udp";
import { forward4 } from "./forward";

/** A packet that begins with its IP header has come in by its interface. Consumes it. */
export function inetInput(p: Packet): void {
  const by = changetype<Interface>(p.interface);
  count(by.space, Counter.IpReceives);
  if (packetLinear(p, IP4_HEADER_BYTES)) {
    const version = load<u8>(p.data) >> 4;
    if (version == 4) return input4(by.space, by, p);
    if (version == 6) return input6(by.space, by, p);
  }
  dropMalformed(by.space, p);
}

/** Counts and frees a packet with a bad header. */
function dropMalformed(space: InetSpace, p: Packet): void {
  count(space, Counter.IpHeaderErrors);
  packetFree(p);
}

function input4(space: InetSpace, by: Interface, p: Packet): void {
  const headerBytes = ((<u32>load<u8>(p.data)) & 0xf) << 2;
  if (headerBytes < IP4_HEADER_BYTES || !packetLinear(p, headerBytes)) return dropMalformed(space, p);
  const ip = p.data;
  const bytes = <u32>bswap<u16>(load<u16>(ip, 2));
  if (bytes < headerBytes || bytes > p.length) return dropMalformed(space, p);
  const looped = (p.flags & (<u16>PacketFlag.Looped)) != 0;
  if (!looped && checksum(ip, headerBytes) != 0) return dropMalformed(space, p);
  packetTrim(p, bytes);
  const from = load<u32>(ip, 12);
  const to = load<u32>(ip, 16);
  p.network = ip;
  p.protocol = load<u8>(ip, 9);
  p.hops = load<u8>(ip, 8);
  p.service = load<u8>(ip, 1);
  setAddress4(packetSource(p), from);
  setAddress4(packetDestination(p), to);
  // A source is a single machine's address, and neither end is on loopback if the packet came by a wire (RFC 1122, 3.2.1.3).
  if (isMulticast4(from) || from == BROADCAST4 || (!looped && (isLoopback4(from) || isLoopback4(to)))) {
    count(space, Counter.IpAddressErrors);
    packetFree(p);
    return;
  }
  if (looped || !space.forwards) return route4(space, by, p, headerBytes, false);
  // A router translates whole packets only.
  const whole = isPart(ip) ? fragmentIn(space, p, headerBytes) : p;
  if (!whole) return;
  const translated = natInput(space, whole);
  route4(space, by, whole, ((<u32>load<u8>(whole.data)) & 0xf) << 2, translated);
}

/** More fragments, or not the first one. */
@inline
function isPart(ip: usize): bool {
  return (load<u16>(ip, 6) & ~0x40) != 0;
}

/** A packet with a checked header, whose ends translation may have changed: for us, or to be passed on. */
function route4(space: InetSpace, by: Interface, p: Packet, headerBytes: u32, translated: bool): void {
  const looped = (p.flags & (<u16>PacketFlag.Looped)) != 0;
  if (!looped && !isOurs(space, by, p, load<u32>(p.network, 16))) return forward4(space, by, p, translated);
  if (!isPart(p.network)) return deliver4(space, p, headerBytes);
  const full = fragmentIn(space, p, headerBytes);
  if (full) deliver4(space, full, ((<u32>load<u8>(full.data)) & 0xf) << 2);
}

/** Whether the packet is for this machine; marks broadcasts and multicasts. */
function isOurs(space: InetSpace, by: Interface, p: Packet, to: u32): bool {
  if (to == by.address && to != 0) return true;
  if (isMulticast4(to) || to == BROADCAST4 || (by.prefix < 31 && to == by.broadcast && to != 0)) {
    p.flags |= <u16>PacketFlag.Broadcast;
    return true;
  }
  if (by.address != 0 && by.prefix < 31 && to == (by.address & netmask4(by.prefix))) {
    p.flags |= <u16>PacketFlag.Broadcast;
    return true;
  }
  return interfaceByAddress(space, to) != null;
}

/** A whole packet for this machine, with its header of `headerBytes`. */
function deliver4(space: InetSpace, p: Packet, headerBytes: u32): void {
  const heard = space.raw != 0 && rawInput(space, p);
  packetPull(p, headerBytes);
  p.transport = p.data;
  switch (<u32>p.protocol) {
    case Protocol.Tcp:
      return transport(space, p, 20);
    case Protocol.Udp:
      return transport(space, p, 8);
    case Protocol.Icmp:
      count(space, Counter.IpDelivers);
      return icmpInput(space, p);
    default:
      if (!heard) {
        count(space, Counter.IpUnknownProtocols);
        icmpUnreachable(space, p, IcmpCode.ProtocolUnreachable, 0);
      }
      packetFree(p);
  }
}

/** Hands TCP and UDP what has at least their header, and a right checksum. */
function transport(space: InetSpace, p: Packet, headerBytes: u32): void {
  const isTcp = p.protocol == <u8>Protocol.Tcp;
  if (!packetLinear(p, headerBytes)) {
    count(space, isTcp ? Counter.TcpInErrors : Counter.UdpInErrors);
    packetFree(p);
    return;
  }
  count(space, Counter.IpDelivers);
  if (!isTcp) return udpInput(space, p);
  if (p.checksum == <u8>Checksum.Verified || checksumIsRight(p)) return tcpInput(space, p);
  count(space, Counter.TcpInErrors);
  count(space, Counter.TcpChecksumErrors);
  packetFree(p);
}

/** IPv6 comes by loopback only, from ourselves or from raw sockets, and has no extension headers there. */
function input6(space: InetSpace, by: Interface, p: Packet): void {
  const looped = (p.flags & (<u16>PacketFlag.Looped)) != 0;
  if (!looped || !packetLinear(p, IP6_HEADER_BYTES)) return dropMalformed(space, p);
  const ip = p.data;
  const bytes = <u32>bswap<u16>(load<u16>(ip, 4)) + IP6_HEADER_BYTES;
  if (bytes > p.length) return dropMalformed(space, p);
  packetTrim(p, bytes);
  p.network = ip;
  p.protocol = load<u8>(ip, 6);
  p.hops = load<u8>(ip, 7);
  p.service = <u8>(bswap<u32>(load<u32>(ip)) >> 20);
  setAddress(packetSource(p), changetype<InetAddress>(ip + 8));
  setAddress(packetDestination(p), changetype<InetAddress>(ip + 24));
  if (!isLoopbackAddress(packetDestination(p))) return dropMalformed(space, p);
  const heard = space.raw != 0 && rawInput(space, p);
  packetPull(p, IP6_HEADER_BYTES);
  p.transport = p.data;
  if (p.protocol == <u8>Protocol.Tcp) return transport(space, p, 20);
  if (p.protocol == <u8>Protocol.Udp) return transport(space, p, 8);
  if (p.protocol == <u8>Protocol.Icmp6) return icmpInput(space, p);
  if (!heard) count(space, Counter.IpUnknownProtocols);
  packetFree(p);
}
