// The Internet socket: what AF_INET and AF_INET6 sockets of all types have in common. Addresses are 16 bytes in network order for both families
// (address.ts), ports are in host order. An end of a connection is an Endpoint, by which the tables of ports.ts find it; it is embedded in
// the socket, so that what is left of a TCP connection when its socket has gone (TIME-WAIT) can stand in the same tables.

import { Errno } from "../../errno";
import { Result } from "../../result";
import { Family, Socket } from "../socket";
import { InetAddress, isMapped4 } from "./address";
import { Flow, FLOW_BYTES } from "./flow";
import { PortEntry } from "./ports";
import { InetSpace } from "./space";

/** What an Endpoint is embedded in. */
export const enum EndpointKind {
  Socket = 0,
  /** A TimeWait (kernel/net/tcp/timewait.ts). */
  Waiting = 1,
}

@unmanaged
export class Endpoint {
  localHigh: u64;
  localLow: u64;
  remoteHigh: u64;
  remoteLow: u64;
  /** Chain of the connection table; prev is null for the first. */
  connectionNext: Endpoint | null;
  connectionPrev: Endpoint | null;
  /** Those of the same local port. */
  portNext: Endpoint | null;
  portPrev: Endpoint | null;
  portEntry: PortEntry | null;
  localPort: u16;
  remotePort: u16;
  /** An EndpointKind. */
  kind: u8;
  connected: bool;
  listening: bool;
  /** An AF_INET6 socket that takes no IPv4 (IPV6_V6ONLY). */
  onlyV6: bool;
  /** Hash of a connection's addresses and ports. */
  hash: u32;
}
export const ENDPOINT_BYTES: u32 = 64;
if (offsetof<Endpoint>() != ENDPOINT_BYTES) ERROR("Endpoint is 64 bytes");

/** Bits of InetSocket.bound: what bind(2) has fixed, and not connect(2). */
export const enum Bound {
  Address = 1,
  Port = 2,
}

@unmanaged
export class InetSocket extends Socket {
  // An Endpoint, field by field.
  localHigh: u64;
  localLow: u64;
  remoteHigh: u64;
  remoteLow: u64;
  connectionNext: Endpoint | null;
  connectionPrev: Endpoint | null;
  portNext: Endpoint | null;
  portPrev: Endpoint | null;
  portEntry: PortEntry | null;
  localPort: u16;
  remotePort: u16;
  kind: u8;
  connected: bool;
  listening: bool;
  onlyV6: bool;
  hash: u32;

  inet: InetSpace;
  /** Effective user, for /proc/net and SO_REUSEPORT. */
  uid: u32;
  /** Bits of Bound. */
  bound: u8;
  /** IP_TOS and IP_TTL (0: the default); IPV6_UNICAST_HOPS. */
  service: u8;
  hops: u8;
  /** IP_BIND_ADDRESS_NO_PORT. */
  lateBind: bool;
  /** SO_BINDTODEVICE: index of an interface, 0 for any. */
  device: u32;
  /** IP_LOCAL_PORT_RANGE: the first port, and the last shifted by 16; 0 for the system's. */
  portRange: u32;
  /** IPPROTO_IP and IPPROTO_IPV6 options of other files: bits, and a value each. */
  optionBits: u32;
  // A Flow to the peer.
  flowSourceHigh: u64;
  flowSourceLow: u64;
  flowDestinationHigh: u64;
  flowDestinationLow: u64;
  flow4: u64;
  flow5: u64;
  flow6: u64;
  flow7: u64;
}
const FIRST = offsetof<InetSocket>("localHigh");
if (offsetof<InetSocket>("hash") - FIRST != offsetof<Endpoint>("hash")) ERROR("an InetSocket contains an Endpoint");
if (offsetof<InetSocket>("remoteHigh") - FIRST != offsetof<Endpoint>("remoteHigh")) ERROR("an InetSocket contains an Endpoint");
if (offsetof<InetSocket>("kind") - FIRST != offsetof<Endpoint>("kind")) ERROR("an InetSocket contains an Endpoint");
if (offsetof<InetSocket>("flow7") + 8 - offsetof<InetSocket>("flowSourceHigh") != FLOW_BYTES) ERROR("an InetSocket contains a Flow");

@inline
export function asInet(s: Socket): InetSocket {
  return changetype<InetSocket>(s);
}

/** Where its packets go. */
@inline
export function flowOf(s: InetSocket): Flow {
  return changetype<Flow>(changetype<usize>(s) + offsetof<InetSocket>("flowSourceHigh"));
}

@inline
export function endpointOf(s: InetSocket): Endpoint {
  return changetype<Endpoint>(changetype<usize>(s) + offsetof<InetSocket>("localHigh"));
}

/** The socket that an Endpoint of kind Socket is embedded in. */
@inline
export function socketOfEndpoint(e: Endpoint): InetSocket {
  return changetype<InetSocket>(changetype<usize>(e) - offsetof<InetSocket>("localHigh"));
}

@inline
export function localAddress(e: Endpoint): InetAddress {
  return changetype<InetAddress>(changetype<usize>(e) + offsetof<Endpoint>("localHigh"));
}

@inline
export function remoteAddress(e: Endpoint): InetAddress {
  return changetype<InetAddress>(changetype<usize>(e) + offsetof<Endpoint>("remoteHigh"));
}

/** struct sockaddr_in: family, port, address, 8 bytes of nothing. struct sockaddr_in6: family, port, flow, address, scope. */
export const SOCKADDR_IN_BYTES: u32 = 16;
export const SOCKADDR_IN6_BYTES: u32 = 28;
/** Without the scope it is accepted too (RFC 2133). */
const SOCKADDR_IN6_LEAST: u32 = 24;

/** What parseSocketAddress has read. */
export const parsedAddress = changetype<InetAddress>(memory.data(16, 8));
export let parsedPort: u16 = 0;
export let parsedScope: u32 = 0;
/** The family field. */
export let parsedFamily: u16 = 0;

/**
 * Reads a socket address of the socket's family into parsedAddress and parsedPort: 0, -EINVAL when it is too short, -EAFNOSUPPORT for another family;
 * an IPv6 socket takes struct sockaddr_in6 only.
 */
export function parseSocketAddress(s: Socket, p: usize, length: u32): Result {
  if (length < 2) return -Errno.EINVAL;
  parsedFamily = load<u16>(p);
  parsedScope = 0;
  if (s.family == Family.Inet) {
    if (length < SOCKADDR_IN_BYTES) return -Errno.EINVAL;
    if (parsedFamily != Family.Inet) return -Errno.EAFNOSUPPORT;
    parsedPort = bswap<u16>(load<u16>(p, 2));
    parsedAddress.high = 0;
    parsedAddress.low = 0xffff_0000 | ((<u64>load<u32>(p, 4)) << 32);
    return 0;
  }
  if (length < SOCKADDR_IN6_LEAST) return -Errno.EINVAL;
  if (parsedFamily != Family.Inet6) return -Errno.EAFNOSUPPORT;
  parsedPort = bswap<u16>(load<u16>(p, 2));
  parsedAddress.high = load<u64>(p, 8);
  parsedAddress.low = load<u64>(p, 16);
  if (length >= SOCKADDR_IN6_BYTES) parsedScope = load<u32>(p, 24);
  return 0;
}

/** Writes an address and a port as the socket's family has them to `p` (28 bytes): the length. */
export function formatSocketAddress(s: Socket, a: InetAddress, port: u16, p: usize): u32 {
  store<u16>(p, <u16>s.family);
  store<u16>(p, bswap<u16>(port), 2);
  if (s.family == Family.Inet) {
    store<u32>(p, isMapped4(a) ? <u32>(a.low >> 32) : 0, 4);
    store<u64>(p, 0, 8);
    return SOCKADDR_IN_BYTES;
  }
  store<u32>(p, 0, 4);
  store<u64>(p, a.high, 8);
  store<u64>(p, a.low, 16);
  store<u32>(p, 0, 24);
  return SOCKADDR_IN6_BYTES;
}
