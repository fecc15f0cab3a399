// UDP (RFC 768): what comes in, and who hears of errors. Broadcasts and multicasts go to every socket that they are for, everything else to the one that
// fits best (kernel/net/inet/ports.ts).

import { checksumIsRight } from "./output";
import { Checksum, Packet, packetDestination, PacketFlag, packetFree, packetPull, packetShare, packetSource, packetTrim } from "../packet";
import { dhcpInput, dhcpListens } from "../dhcp";
import { address4, isMapped4, isMulticast4, setAddress } from "./address";
import { Counter } from "./counters";
import { asDatagram, datagramEnqueue, datagramError, DatagramSocket, groupFind } from "./datagram";
import { IcmpCode, icmpUnreachable, news, newsLocal, newsRemote } from "./icmp";
import { endpointOf, InetSocket, socketOfEndpoint } from "./inet";
import { Interface } from "./interface";
import { InetOption } from "./options";
import { datagramFind, datagramFitness, PortEntry, portFind, PortTable } from "./ports";
import { count, InetSpace } from "./space";

export const UDP_HEADER_BYTES: u32 = 8;
/** Port 68, in network order as loaded. */
const DHCP_CLIENT: u16 = 0x4400;

/** A datagram has come in, with its header in one part. Consumes it. */
export function udpInput(space: InetSpace, p: Packet): void {
  const bytes = <u32>bswap<u16>(load<u16>(p.transport, 4));
  if (bytes < UDP_HEADER_BYTES || bytes > p.length) return drop(space, p);
  packetTrim(p, bytes);
  if (!isRight(p)) {
    count(space, Counter.UdpChecksumErrors);
    return drop(space, p);
  }
  if (load<u16>(p.transport, 2) == DHCP_CLIENT && dhcpListens(changetype<Interface>(p.interface))) {
    packetPull(p, UDP_HEADER_BYTES);
    return dhcpInput(p);
  }
  if (space.udp == 0) return nobody(space, p);
  const table = changetype<PortTable>(space.udp);
  if ((p.flags & (<u16>PacketFlag.Broadcast)) != 0 || isMulticastPacket(p)) return inputMany(space, table, p);
  const port = bswap<u16>(load<u16>(p.transport, 2));
  const fromPort = bswap<u16>(load<u16>(p.transport));
  const from = packetSource(p);
  const hash = (<u32>from.low) ^ (<u32>(from.low >> 32)) ^ ((<u32>fromPort) << 7);
  const s = datagramFind(table, packetDestination(p), port, from, fromPort, changetype<Interface>(p.interface).index, hash);
  if (!s) return nobody(space, p);
  packetPull(p, UDP_HEADER_BYTES);
  deliver(space, asDatagram(s), p);
}

function drop(space: InetSpace, p: Packet): void {
  count(space, Counter.UdpInErrors);
  packetFree(p);
}

/** No checksum is fine over IPv4, and an error over IPv6 (RFC 8200, 8.1). */
function isRight(p: Packet): bool {
  if (p.checksum == <u8>Checksum.Verified || p.checksum == <u8>Checksum.ToCompute) return true;
  if (load<u16>(p.transport, 6) == 0) return isMapped4(packetDestination(p));
  return checksumIsRight(p);
}

@inline
function isMulticastPacket(p: Packet): bool {
  const to = packetDestination(p);
  return isMapped4(to) && isMulticast4(address4(to));
}

function nobody(space: InetSpace, p: Packet): void {
  count(space, Counter.UdpNoPorts);
  icmpUnreachable(space, p, IcmpCode.PortUnreachable, 0);
  packetFree(p);
}

function deliver(space: InetSpace, s: DatagramSocket, p: Packet): void {
  if (datagramEnqueue(s, p)) {
    count(space, Counter.UdpIn);
    return;
  }
  count(space, Counter.UdpReceiveBufferErrors);
  count(space, Counter.UdpInErrors);
}

/** Every socket that a broadcast or multicast is for gets a copy. */
function inputMany(space: InetSpace, table: PortTable, p: Packet): void {
  const entry = portFind(table, bswap<u16>(load<u16>(p.transport, 2)));
  packetPull(p, UDP_HEADER_BYTES);
  let e = entry && (!isMulticastPacket(p) || anyJoined(entry, p)) ? entry.first : null;
  while (e) {
    const s = asDatagram(socketOfEndpoint(e));
    e = e.portNext;
    if (!isFor(s, p)) continue;
    const copy = datagramCopy(p, UDP_HEADER_BYTES);
    if (copy) deliver(space, s, copy);
    else count(space, Counter.UdpInErrors);
  }
  packetFree(p);
}

/** Whether one of the sockets of the port has joined the group that the packet is for: without that, nobody hears it. */
function anyJoined(entry: PortEntry, p: Packet): bool {
  let e = entry.first;
  while (e && !hasJoined(asDatagram(socketOfEndpoint(e)), p)) e = e.portNext;
  return e != null;
}

function hasJoined(s: DatagramSocket, p: Packet): bool {
  const to = address4(packetDestination(p));
  return groupFind(s, to, 0) != null || groupFind(s, to, changetype<Interface>(p.interface).index) != null;
}

/** Whether a broadcast or multicast is for the socket. */
function isFor(s: DatagramSocket, p: Packet): bool {
  const by = changetype<Interface>(p.interface);
  const fromPort = bswap<u16>(load<u16>(p.transport));
  const to = packetDestination(p);
  if (datagramFitness(endpointOf(s), to, packetSource(p), fromPort, by.index) == 0) return false;
  if (!isMulticast4(address4(to))) return true;
  return hasJoined(s, p) || (s.optionBits & InetOption.NoMulticastAll) == 0;
}

/** A copy of a packet's data with all that a receiver is told, `headerBytes` of transport header among it. Null when memory is short. */
export function datagramCopy(p: Packet, headerBytes: u32): Packet | null {
  const copy = packetShare(p, 0, p.length);
  if (!copy) return null;
  // The header goes where it would be if it had been pulled off.
  copy.transport = copy.data - headerBytes;
  memory.copy(copy.transport, p.transport, headerBytes);
  copy.interface = p.interface;
  copy.protocol = p.protocol;
  copy.hops = p.hops;
  copy.service = p.service;
  copy.flags = p.flags;
  setAddress(packetSource(copy), packetSource(p));
  setAddress(packetDestination(copy), packetDestination(p));
  return copy;
}

/** An ICMP error about a datagram of ours: icmp.ts has it in `news`. */
export function udpIcmpError(space: InetSpace): void {
  if (space.udp == 0) return;
  const s = senderOf(changetype<PortTable>(space.udp));
  if (!s) return;
  const known = news.quotedBytes;
  const bytes = known > UDP_HEADER_BYTES ? known - UDP_HEADER_BYTES : 0;
  datagramError(asDatagram(s), news.quoted + UDP_HEADER_BYTES, bytes);
}

/** The socket that has sent what the error is about. */
function senderOf(table: PortTable): InetSocket | null {
  return datagramFind(table, newsLocal(), bswap<u16>(news.localPort), newsRemote(), bswap<u16>(news.remotePort), 0, 0);
}
