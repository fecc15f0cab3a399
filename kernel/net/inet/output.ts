// The way out of the Internet protocols: routing, the IP header, checksums, splitting, and the interface. RFC 791, RFC 1122; for IPv6, which goes no
// further than loopback here, RFC 8200.

import { Errno } from "../../errno";
import { Result } from "../../result";
import { checksum, checksumAdd, checksumOf, checksumPacket } from "../checksum";
import { loopbackSend } from "../loopback";
import { Checksum, Packet, packetDestination, packetFree, packetPush, packetSource, PACKET_MAX } from "../packet";
import { address4, InetAddress, isMapped4, setAddress } from "./address";
import { Counter } from "./counters";
import { Discover, Flow, flowDestination, FlowKind, flowRoute, flowSource } from "./flow";
import { fragmentOut } from "./fragment";
import { Offload } from "./interface";
import { linkSend } from "../link";
import { count, InetSpace } from "./space";

/** Protocols that IP carries, with IANA's numbers. */
export const enum Protocol {
  Icmp = 1,
  Tcp = 6,
  Udp = 17,
  Icmp6 = 58,
  Raw = 255,
}

export const IP4_HEADER_BYTES: u32 = 20;
export const IP6_HEADER_BYTES: u32 = 40;
/** DF, in network order as loaded. */
export const DONT_FRAGMENT: u16 = 0x40;

/**
 * Sends `p`, which begins with its transport header, along the flow, whose addresses and settings it gets. The packet is consumed in any case. A
 * checksum that is Checksum.ToCompute is filled in if the packet leaves the machine. 0; -ENETUNREACH or another error of flowRoute; -EMSGSIZE for more
 * than IP can carry, or than the path can, if it may not be split; -ENOBUFS.
 */
export function inetOutput(space: InetSpace, p: Packet, f: Flow, protocol: Protocol): Result {
  const r = flowRoute(space, f);
  if (r < 0) {
    count(space, Counter.IpNoRoutes);
    packetFree(p);
    return r;
  }
  setAddress(packetSource(p), flowSource(f));
  setAddress(packetDestination(p), flowDestination(f));
  p.transport = p.data;
  p.protocol = <u8>protocol;
  count(space, Counter.IpRequests);
  if (!isMapped4(flowDestination(f))) return output6(space, p, f);
  if (p.length + IP4_HEADER_BYTES > PACKET_MAX) {
    packetFree(p);
    return -Errno.EMSGSIZE;
  }
  header4(space, p, f);
  return output4(space, p, f);
}

function header4(space: InetSpace, p: Packet, f: Flow): void {
  const ip = packetPush(p, IP4_HEADER_BYTES);
  const whole = f.discover >= <u8>Discover.Always || (f.discover == <u8>Discover.Want && p.length <= f.mtu);
  p.network = ip;
  store<u8>(ip, 0x45);
  store<u8>(ip, f.service, 1);
  store<u16>(ip, bswap<u16>(<u16>p.length), 2);
  const identification = space.identification++;
  store<u16>(ip, bswap<u16>(<u16>identification), 4);
  store<u16>(ip, whole ? DONT_FRAGMENT : 0, 6);
  store<u8>(ip, f.hops != 0 ? f.hops : f.kind == <u8>FlowKind.Multicast ? 1 : space.hops, 8);
  store<u8>(ip, p.protocol, 9);
  store<u16>(ip, 0, 10);
  store<u32>(ip, address4(packetSource(p)), 12);
  store<u32>(ip, address4(packetDestination(p)), 16);
  store<u16>(ip, checksum(ip, IP4_HEADER_BYTES), 10);
}

/** Sends a packet with its IPv4 header: 0, -EMSGSIZE or -ENOBUFS. For inetOutput, forwarding and raw sockets. */
export function output4(space: InetSpace, p: Packet, f: Flow): Result {
  if (f.kind == <u8>FlowKind.Local) {
    loopbackSend(space, p);
    return 0;
  }
  if (p.length <= f.mtu) return send4(p, f);
  if ((load<u16>(p.network, 6) & DONT_FRAGMENT) != 0) {
    count(space, Counter.IpFragmentFailures);
    packetFree(p);
    return -Errno.EMSGSIZE;
  }
  checksumFinish(p);
  return fragmentOut(space, p, f);
}

/** Sends a packet that fits to its interface. */
export function send4(p: Packet, f: Flow): Result {
  const by = f.interface;
  if (p.checksum == <u8>Checksum.ToCompute) {
    if ((by.offload & Offload.Checksum) != 0) checksumBegin(p);
    else checksumFinish(p);
  }
  return linkSend(by, p, f.nextHop, f.kind);
}

function output6(space: InetSpace, p: Packet, f: Flow): Result {
  if (p.length > PACKET_MAX) {
    packetFree(p);
    return -Errno.EMSGSIZE;
  }
  const bytes = p.length;
  const ip = packetPush(p, IP6_HEADER_BYTES);
  p.network = ip;
  store<u32>(ip, bswap<u32>(0x6000_0000 | ((<u32>f.service) << 20)));
  store<u16>(ip, bswap<u16>(<u16>bytes), 4);
  store<u8>(ip, p.protocol, 6);
  store<u8>(ip, f.hops != 0 ? f.hops : space.hops, 7);
  setAddress(changetype<InetAddress>(ip + 8), packetSource(p));
  setAddress(changetype<InetAddress>(ip + 24), packetDestination(p));
  loopbackSend(space, p);
  return 0;
}

/** The sum of the pseudo header (RFC 9293, 3.1; RFC 768; RFC 8200, 8.1) for `bytes` of transport header and data. */
export function pseudoSum(p: Packet, bytes: u32): u64 {
  const from = packetSource(p);
  const to = packetDestination(p);
  const ends = <u64>bswap<u16>(<u16>bytes) + ((<u64>p.protocol) << 8);
  if (isMapped4(to)) return ends + address4(from) + address4(to);
  return checksumAdd(checksumAdd(ends, changetype<usize>(from), 16), changetype<usize>(to), 16);
}

/** Bytes of the packet from its transport header on. */
@inline
export function transportBytes(p: Packet): u32 {
  return p.length - <u32>(p.transport - p.data);
}

/** Computes the checksum of a packet that is ToCompute. */
export function checksumFinish(p: Packet): void {
  if (p.checksum != <u8>Checksum.ToCompute) return;
  const sum = checksumOf(checksumPacket(pseudoSum(p, transportBytes(p)), p, p.transport));
  // A checksum of 0 would say that there is none (RFC 768).
  store<u16>(p.transport + p.checksumAt, sum == 0 && p.protocol == <u8>Protocol.Udp ? 0xffff : sum);
  p.checksum = <u8>Checksum.Done;
}

/** Puts the pseudo header's sum where the device will add the rest. */
function checksumBegin(p: Packet): void {
  store<u16>(p.transport + p.checksumAt, ~checksumOf(pseudoSum(p, transportBytes(p))));
}

/** True when the checksum of a packet that came in is right. */
export function checksumIsRight(p: Packet): bool {
  // One that is still to be computed has not been on a wire.
  if (p.checksum == <u8>Checksum.Verified || p.checksum == <u8>Checksum.ToCompute) return true;
  return checksumOf(checksumPacket(pseudoSum(p, transportBytes(p)), p, p.transport)) == 0;
}
