// bind(2) for all Internet sockets, after ip(7) and ipv6(7), and which addresses are ours to bind.

import { Errno } from "../../errno";
import { Result } from "../../result";
import { capable, Capability } from "../../task/credentials";
import { current } from "../../task/thread";
import { Family } from "../socket";
import {
  address4,
  BROADCAST4,
  InetAddress,
  isAnyAddress,
  isLinkLocalAddress,
  isLoopback4,
  isLoopbackAddress,
  isMapped4,
  isMulticast4,
  isMulticastAddress,
  setAddress,
  setAddress4,
} from "./address";
import {
  Bound,
  endpointOf,
  InetSocket,
  localAddress,
  parsedAddress,
  parsedPort,
  parsedScope,
  parseSocketAddress,
  remoteAddress,
  SOCKADDR_IN_BYTES,
} from "./inet";
import { interfaceByAddress, interfaceByIndex } from "./interface";
import { InetOption } from "./options";
import { portBind, PortTable } from "./ports";
import { InetSpace } from "./space";

/** Gives a new socket its family's "any" as both addresses. */
export function inetAnyAddresses(s: InetSocket): void {
  const e = endpointOf(s);
  if (s.family != Family.Inet) return;
  setAddress4(localAddress(e), 0);
  setAddress4(remoteAddress(e), 0);
}

/** Whether an IPv4 address is one of the space's own, or stands for several. */
export function isBindable4(space: InetSpace, v4: u32): bool {
  if (v4 == 0 || v4 == BROADCAST4 || isLoopback4(v4) || isMulticast4(v4) || interfaceByAddress(space, v4) != null) return true;
  let i = space.interfaces;
  while (i && i.broadcast != v4) i = i.next;
  return i != null;
}

/** Whether `a` is one of the space's own addresses, "any" or multicast. */
export function isBindable(space: InetSpace, a: InetAddress): bool {
  if (isMapped4(a)) return isBindable4(space, address4(a));
  return isAnyAddress(a) || isLoopbackAddress(a) || isMulticastAddress(a);
}

/** Reads the address into parsedAddress and parsedPort, as bind(2) takes it: 0, -EINVAL, -EAFNOSUPPORT. */
function parse(s: InetSocket, address: usize, length: u32): Result {
  // Programs have long bound AF_UNSPEC with 0.0.0.0.
  if (s.family == Family.Inet && length >= SOCKADDR_IN_BYTES && load<u16>(address) == Family.Unspecified && load<u32>(address, 4) == 0)
    store<u16>(address, <u16>Family.Inet);
  return parseSocketAddress(s, address, length);
}

/** A link-local IPv6 address has been read: it needs an interface (ipv6(7)). Its index, 0 for other addresses; -EINVAL without one. */
export function parsedLink(s: InetSocket): Result {
  if (s.family != Family.Inet6 || !isLinkLocalAddress(parsedAddress)) return 0;
  if (parsedScope == 0 && s.device == 0) return -Errno.EINVAL;
  if (parsedScope != 0 && s.device != 0 && s.device != parsedScope) return -Errno.EINVAL;
  return parsedScope != 0 ? parsedScope : s.device;
}

/** Whether the address may be bound: 0, -EADDRNOTAVAIL, -EINVAL, or -ENODEV for an interface that is not there. */
export function mayBind(space: InetSpace, s: InetSocket, stream: bool): Result {
  const a = parsedAddress;
  if (s.family == Family.Inet6) {
    if (isMapped4(a) ? s.onlyV6 : stream && isMulticastAddress(a)) return -Errno.EINVAL;
    const link = parsedLink(s);
    if (link < 0) return link;
    if (link != 0 && !interfaceByIndex(space, <u32>link)) return -Errno.ENODEV;
  }
  if ((s.optionBits & (InetOption.FreeBind | InetOption.Transparent)) != 0) return 0;
  return isBindable(space, a) ? 0 : -Errno.EADDRNOTAVAIL;
}

/**
 * Binds `s` to the address: 0; -EINVAL when it is too short or the socket has a port already, -EAFNOSUPPORT, -EADDRNOTAVAIL for somebody else's address,
 * -EACCES for a port below 1024 without CAP_NET_BIND_SERVICE, -EADDRINUSE, -ENOMEM.
 */
export function inetBind(space: InetSpace, s: InetSocket, address: usize, length: u32, table: PortTable, stream: bool): Result {
  let r = parse(s, address, length);
  if (r < 0) return r;
  // IPv6 looks at the address last, as on Linux.
  const late = s.family == Family.Inet6;
  if (!late) r = mayBind(space, s, stream);
  if (r < 0) return r;
  if (parsedPort != 0 && parsedPort < space.portPrivileged && !capable(current.credentials, Capability.NetBindService))
    return -Errno.EACCES;
  if (s.localPort != 0) return -Errno.EINVAL;
  if (late) r = mayBind(space, s, stream);
  return r < 0 ? r : bindParsed(s, table, stream);
}

/** Gives `s` the address that has been read, and the port. */
function bindParsed(s: InetSocket, table: PortTable, stream: bool): Result {
  const e = endpointOf(s);
  const local = localAddress(e);
  const high = local.high;
  const low = local.low;
  setAddress(local, parsedAddress);
  if (parsedPort == 0 && s.lateBind) {
    s.bound |= <u8>Bound.Address;
    return 0;
  }
  const r = portBind(table, s, parsedPort, stream);
  if (r < 0) {
    local.high = high;
    local.low = low;
    return r;
  }
  if (!isAnyAddress(local)) s.bound |= <u8>Bound.Address;
  if (parsedPort != 0) s.bound |= <u8>Bound.Port;
  return 0;
}
