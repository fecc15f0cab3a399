// setsockopt and getsockopt at the levels of the Internet protocols: ip(7), ipv6(7), udp(7), raw(7), icmp(7), and SO_BINDTODEVICE. IPPROTO_TCP is
// in tcpoption.ts.

import { Errno } from "../../kernel/errno";
import { kernelAlloc } from "../../kernel/mm/heap";
import { copyIn, copyOut } from "../../kernel/mm/user";
import { isMulticast4 } from "../../kernel/net/inet/address";
import { asDatagram, DatagramSocket, groupJoin, groupLeave, inetSpaceOf, isUdp } from "../../kernel/net/inet/datagram";
import { Flow, flowAim, flowRoute, FLOW_BYTES } from "../../kernel/net/inet/flow";
import { asInet, endpointOf, InetSocket, localAddress, remoteAddress } from "../../kernel/net/inet/inet";
import {
  interfaceByAddress,
  interfaceByIndex,
  interfaceByName,
  interfaceName,
  INTERFACE_NAME_BYTES,
} from "../../kernel/net/inet/interface";
import { DISCOVER6_SHIFT, DISCOVER_SHIFT, InetOption } from "../../kernel/net/inet/options";
import { Protocol } from "../../kernel/net/inet/output";
import { udpPush } from "../../kernel/net/inet/send";
import { asNetlink } from "../../kernel/net/netlink/netlink";
import { asTcp } from "../../kernel/net/tcp/socket";
import { Family, Socket, SocketType } from "../../kernel/net/socket";
import { Result } from "../../kernel/result";
import { capable, Capability } from "../../kernel/task/credentials";
import { Thread } from "../../kernel/task/thread";
import {
  GROUP_REQUEST_BYTES,
  GROUP_REQUEST_INDEX_BYTES,
  ICMP6_FILTER_BYTES,
  ICMP_FILTER,
  InetLevel,
  Ip6Option,
  IpOption,
  UdpOption,
} from "../types/inet";
import { getNetlinkOption, setNetlinkOption } from "./netlinkoption";
import { getTcpOption, setTcpOption } from "./tcpoption";

const value = memory.data(32, 8);
const flow = changetype<Flow>(memory.data(FLOW_BYTES, 8));

@inline
function isInet(s: Socket): bool {
  return s.family == Family.Inet || s.family == Family.Inet6;
}

/** setsockopt(2) at another level than SOL_SOCKET. */
export function setProtocolOption(t: Thread, s: Socket, level: u32, name: u32, ua: u64, length: u32): Result {
  if (s.family == Family.Netlink) return setNetlinkOption(asNetlink(s), level, name, ua, length);
  if (!isInet(s)) return -Errno.EOPNOTSUPP;
  const bytes = min<u32>(length, 32);
  const r = copyIn(value, ua, bytes);
  if (r < 0) return r;
  switch (level) {
    case InetLevel.Ip:
      return s.family == Family.Inet6 && s.type == <u32>SocketType.Raw ? -Errno.ENOPROTOOPT : setIp(t, asInet(s), name, bytes);
    case InetLevel.Ip6:
      return s.family == Family.Inet6 ? setIp6(t, asInet(s), name, bytes) : -Errno.ENOPROTOOPT;
    case InetLevel.Udp:
      return isUdp(s) && name == UdpOption.Cork ? setCork(asDatagram(s), bytes) : -Errno.ENOPROTOOPT;
    case InetLevel.Tcp:
      return s.type == <u32>SocketType.Stream ? setTcpOption(asTcp(s), name, value, bytes) : -Errno.ENOPROTOOPT;
    case InetLevel.Raw:
    case InetLevel.Icmp6:
      return setFilter(s, level, name, bytes);
    default:
      return -Errno.ENOPROTOOPT;
  }
}

/** getsockopt(2) at another level than SOL_SOCKET, into `room` bytes. */
export function getProtocolOption(s: Socket, level: u32, name: u32, ua: u64, lengthUa: u64, room: u32): Result {
  if (s.family == Family.Netlink) return getNetlinkOption(asNetlink(s), level, name, ua, lengthUa, room);
  if (!isInet(s)) return -Errno.EOPNOTSUPP;
  // IPv4 does not know the levels of others; IPv6 knows no such option of them.
  const isOther = s.family == Family.Inet && level != InetLevel.Ip && level != InetLevel.Raw && (level != InetLevel.Udp || !isUdp(s));
  let r: Result = isOther ? -Errno.EOPNOTSUPP : -Errno.ENOPROTOOPT;
  if (level == InetLevel.Tcp && s.type == <u32>SocketType.Stream) return getTcpOption(asTcp(s), name, ua, lengthUa, room);
  if (level == InetLevel.Ip) r = getIp(asInet(s), name);
  else if (level == InetLevel.Ip6 && s.family == Family.Inet6) r = getIp6(asInet(s), name);
  else if (level == InetLevel.Udp && isUdp(s) && name == UdpOption.Cork) r = number(asDatagram(s).cork ? 1 : 0);
  else if (level == InetLevel.Raw || level == InetLevel.Icmp6) r = getFilter(s, level, name);
  if (r < 0) return r;
  let bytes = min(room, <u32>r);
  // Small numbers fit into a byte at IPPROTO_IP, as on Linux.
  if (level == InetLevel.Ip && r == 4 && room > 0 && room < 4 && load<u32>(value) <= 255) bytes = 1;
  r = copyOut(ua, value, bytes);
  if (r < 0) return r;
  store<u32>(value, bytes);
  return copyOut(lengthUa, value, 4);
}

@inline
function number(v: u32): Result {
  store<u32>(value, v);
  return 4;
}

function setBit(s: InetSocket, bit: u32, on: bool): Result {
  if (on) s.optionBits |= bit;
  else s.optionBits &= ~bit;
  return 0;
}

@inline
function has(s: InetSocket, bit: u32): Result {
  return number((s.optionBits & bit) != 0 ? 1 : 0);
}

// IPPROTO_IP -------------------------------------------------------------------------------------------------------------------------------

/** The bit that an option at IPPROTO_IP switches, or 0. */
function bitOf(name: u32): u32 {
  switch (name) {
    case IpOption.PacketInfo:
      return InetOption.PacketInfo;
    case IpOption.ReceiveHops:
      return InetOption.Hops;
    case IpOption.ReceiveService:
      return InetOption.Service;
    case IpOption.ReceiveErrors:
      return InetOption.Errors;
    case IpOption.OriginalDestination:
      return InetOption.OriginalDestination;
    case IpOption.FreeBind:
      return InetOption.FreeBind;
    case IpOption.Transparent:
      return InetOption.Transparent;
    case IpOption.HeaderIncluded:
      return InetOption.HeaderIncluded;
    default:
      return 0;
  }
}

function setIp(t: Thread, s: InetSocket, name: u32, bytes: u32): Result {
  if (name == IpOption.Join || name == IpOption.Leave) return setGroup(s, name == IpOption.Join, bytes);
  if (name == IpOption.MulticastInterface) return setMulticastInterface(s, bytes);
  if (bytes == 0) return -Errno.EINVAL;
  const v: i32 = bytes >= 4 ? load<i32>(value) : load<u8>(value);
  switch (name) {
    case IpOption.Service:
      // A stream's congestion bits are TCP's.
      s.service = <u8>(s.type == <u32>SocketType.Stream ? (v & ~3) | (s.service & 3) : v);
      return 0;
    case IpOption.Hops:
      if (v != -1 && (v < 1 || v > 255)) return -Errno.EINVAL;
      s.hops = v == -1 ? 0 : <u8>v;
      return 0;
    case IpOption.Discover:
      if (v < 0 || v > 5) return -Errno.EINVAL;
      s.optionBits = (s.optionBits & ~InetOption.DiscoverMask) | (v << DISCOVER_SHIFT);
      return 0;
    case IpOption.LateBind:
      s.lateBind = v != 0;
      return 0;
    case IpOption.LocalPortRange:
      return setPortRange(s, bytes);
    case IpOption.MulticastHops:
      if (s.type == <u32>SocketType.Stream || v < -1 || v > 255) return -Errno.EINVAL;
      asDatagram(s).multicastHops = v == -1 ? 1 : <u8>v;
      return 0;
    case IpOption.MulticastLoop:
      return setBit(s, InetOption.NoLoop, v == 0);
    case IpOption.MulticastAll:
      return v > 1 || v < 0 ? -Errno.EINVAL : setBit(s, InetOption.NoMulticastAll, v == 0);
    case IpOption.Transparent:
      if (v != 0 && !capable(t.credentials, Capability.NetRaw) && !capable(t.credentials, Capability.NetAdmin)) return -Errno.EPERM;
      break;
    case IpOption.HeaderIncluded:
      if (s.type != <u32>SocketType.Raw) return -Errno.ENOPROTOOPT;
  }
  const bit = bitOf(name);
  return bit == 0 ? -Errno.ENOPROTOOPT : setBit(s, bit, v != 0);
}

function getIp(s: InetSocket, name: u32): Result {
  switch (name) {
    case IpOption.Service:
      return number(s.service);
    case IpOption.Hops:
      return number(s.hops != 0 ? s.hops : inetSpaceOf(s).hops);
    case IpOption.Discover:
      return number((s.optionBits & InetOption.DiscoverMask) >> DISCOVER_SHIFT);
    case IpOption.Mtu:
      return mtuOf(s);
    case IpOption.LateBind:
      return number(s.lateBind ? 1 : 0);
    case IpOption.LocalPortRange:
      return number(s.portRange);
    case IpOption.MulticastHops:
      return number(s.type == <u32>SocketType.Stream ? 1 : asDatagram(s).multicastHops);
    case IpOption.MulticastLoop:
      return number((s.optionBits & InetOption.NoLoop) != 0 ? 0 : 1);
    case IpOption.MulticastAll:
      return number((s.optionBits & InetOption.NoMulticastAll) != 0 ? 0 : 1);
    case IpOption.MulticastInterface:
      return number(s.type == <u32>SocketType.Stream ? 0 : asDatagram(s).multicastSource);
    case IpOption.Protocol:
      return number(s.protocol);
    case IpOption.HeaderIncluded:
      if (s.type != <u32>SocketType.Raw) return -Errno.ENOPROTOOPT;
  }
  const bit = bitOf(name);
  return bit == 0 ? -Errno.ENOPROTOOPT : has(s, bit);
}

/** IP_LOCAL_PORT_RANGE: the first port, and the last shifted by 16; 0 for either: the system's. */
function setPortRange(s: InetSocket, bytes: u32): Result {
  if (bytes != 4) return -Errno.EINVAL;
  const range = load<u32>(value);
  const last = range >> 16;
  if (last != 0 && (range & 0xffff) > last) return -Errno.EINVAL;
  s.portRange = range;
  return 0;
}

/** IP_MTU and IPV6_MTU: of the way to the peer. */
function mtuOf(s: InetSocket): Result {
  const e = endpointOf(s);
  if (s.remotePort == 0) return -Errno.ENOTCONN;
  flow.bound = s.device;
  flowAim(flow, localAddress(e), remoteAddress(e));
  const r = flowRoute(inetSpaceOf(s), flow);
  return r < 0 ? -Errno.ENOTCONN : number(flow.mtu);
}

/** The interface that struct ip_mreqn or in_addr means: its index, 0 for any; -ENODEV. */
function multicastInterface(s: InetSocket, address: u32, index: u32): Result {
  const space = inetSpaceOf(s);
  if (index != 0) return interfaceByIndex(space, index) ? <Result>index : -Errno.ENODEV;
  if (address == 0) return 0;
  const i = interfaceByAddress(space, address);
  return i ? <Result>i.index : -Errno.ENODEV;
}

/** IP_ADD_MEMBERSHIP and IP_DROP_MEMBERSHIP: struct ip_mreq or ip_mreqn. */
function setGroup(s: InetSocket, join: bool, bytes: u32): Result {
  if (s.type == <u32>SocketType.Stream) return -Errno.EPROTO;
  if (bytes < GROUP_REQUEST_BYTES) return -Errno.EINVAL;
  const group = load<u32>(value);
  if (!isMulticast4(group)) return -Errno.EINVAL;
  const index = multicastInterface(s, load<u32>(value, 4), bytes >= GROUP_REQUEST_INDEX_BYTES ? load<u32>(value, 8) : 0);
  if (index < 0) return index;
  const d = asDatagram(s);
  return join ? groupJoin(d, group, <u32>index) : groupLeave(d, group, <u32>index);
}

/** IP_MULTICAST_IF: struct in_addr, ip_mreq or ip_mreqn. */
function setMulticastInterface(s: InetSocket, bytes: u32): Result {
  if (s.type == <u32>SocketType.Stream || bytes < 4) return -Errno.EINVAL;
  const address = bytes >= GROUP_REQUEST_BYTES ? load<u32>(value, 4) : load<u32>(value);
  const index = multicastInterface(s, address, bytes >= GROUP_REQUEST_INDEX_BYTES ? load<u32>(value, 8) : 0);
  if (index < 0) return index == -Errno.ENODEV ? -Errno.EADDRNOTAVAIL : index;
  asDatagram(s).multicastInterface = <u32>index;
  asDatagram(s).multicastSource = address;
  return 0;
}

// IPPROTO_IPV6 -----------------------------------------------------------------------------------------------------------------------------

function bitOf6(name: u32): u32 {
  switch (name) {
    case Ip6Option.ReceivePacketInfo:
      return InetOption.PacketInfo6;
    case Ip6Option.ReceiveHops:
      return InetOption.Hops6;
    case Ip6Option.ReceiveService:
      return InetOption.Service6;
    case Ip6Option.ReceiveErrors:
      return InetOption.Errors6;
    case Ip6Option.OriginalDestination:
      return InetOption.OriginalDestination6;
    case Ip6Option.FreeBind:
      return InetOption.FreeBind;
    case Ip6Option.Transparent:
      return InetOption.Transparent;
    case Ip6Option.DontFragment:
      return InetOption.DontFragment6;
    default:
      return 0;
  }
}

function setIp6(t: Thread, s: InetSocket, name: u32, bytes: u32): Result {
  if (bytes < 4) return bitOf6(name) != 0 || name == Ip6Option.Only6 ? -Errno.EINVAL : -Errno.ENOPROTOOPT;
  const v = load<i32>(value);
  switch (name) {
    case Ip6Option.Only6:
      // Once there is an address it is too late.
      if (s.localPort != 0) return -Errno.EINVAL;
      s.onlyV6 = v != 0;
      return 0;
    case Ip6Option.Hops:
      if (v < -1 || v > 255) return -Errno.EINVAL;
      s.hops = v == -1 ? 0 : <u8>v;
      return 0;
    case Ip6Option.Service:
      if (v < -1 || v > 255) return -Errno.EINVAL;
      s.service = v == -1 ? 0 : <u8>v;
      return 0;
    case Ip6Option.Discover:
      if (v < 0 || v > 5) return -Errno.EINVAL;
      s.optionBits = (s.optionBits & ~InetOption.Discover6Mask) | (v << DISCOVER6_SHIFT);
      return 0;
    case Ip6Option.MulticastHops:
      if (s.type == <u32>SocketType.Stream) return -Errno.ENOPROTOOPT;
      if (v < -1 || v > 255) return -Errno.EINVAL;
      asDatagram(s).multicastHops = v == -1 ? 1 : <u8>v;
      return 0;
    case Ip6Option.MulticastLoop:
      return v < 0 || v > 1 ? -Errno.EINVAL : setBit(s, InetOption.NoLoop6, v == 0);
    case Ip6Option.Checksum:
      return setChecksumPlace(s, v);
    case Ip6Option.Transparent:
      if (v != 0 && !capable(t.credentials, Capability.NetRaw) && !capable(t.credentials, Capability.NetAdmin)) return -Errno.EPERM;
  }
  const bit = bitOf6(name);
  return bit == 0 ? -Errno.ENOPROTOOPT : setBit(s, bit, v != 0);
}

/** IPV6_CHECKSUM of raw sockets; ICMPv6's place is fixed (RFC 3542, 3.1). */
function setChecksumPlace(s: InetSocket, v: i32): Result {
  if (s.type != <u32>SocketType.Raw) return -Errno.ENOPROTOOPT;
  if (s.protocol == Protocol.Icmp6) return v == 2 ? 0 : -Errno.EINVAL;
  if (v > 0 && (v & 1) != 0) return -Errno.EINVAL;
  asDatagram(s).checksumAt = max(v, -1);
  return 0;
}

function getIp6(s: InetSocket, name: u32): Result {
  switch (name) {
    case Ip6Option.Only6:
      return number(s.onlyV6 ? 1 : 0);
    case Ip6Option.Hops:
      return number(s.hops != 0 ? s.hops : inetSpaceOf(s).hops);
    case Ip6Option.Service:
      return number(s.service);
    case Ip6Option.Discover:
      return number((s.optionBits & InetOption.Discover6Mask) >> DISCOVER6_SHIFT);
    case Ip6Option.Mtu:
      return mtuOf(s);
    case Ip6Option.MulticastHops:
      return s.type == <u32>SocketType.Stream ? -Errno.ENOPROTOOPT : number(asDatagram(s).multicastHops);
    case Ip6Option.MulticastLoop:
      return number((s.optionBits & InetOption.NoLoop6) != 0 ? 0 : 1);
    case Ip6Option.Checksum:
      return s.type == <u32>SocketType.Raw ? number(<u32>asDatagram(s).checksumAt) : -Errno.ENOPROTOOPT;
  }
  const bit = bitOf6(name);
  return bit == 0 ? -Errno.ENOPROTOOPT : has(s, bit);
}

// IPPROTO_UDP, raw sockets -----------------------------------------------------------------------------------------------------------------

/** UDP_CORK: what is held back goes when it is switched off. */
function setCork(s: DatagramSocket, bytes: u32): Result {
  if (bytes < 4) return -Errno.EINVAL;
  s.cork = load<i32>(value) != 0;
  return s.cork ? 0 : udpPush(s);
}

/** ICMP_FILTER of raw ICMP sockets, ICMPV6_FILTER of raw ICMPv6 sockets. */
function isFilter(s: Socket, level: u32, name: u32): bool {
  if (s.type != <u32>SocketType.Raw || name != ICMP_FILTER) return false;
  return s.family == Family.Inet
    ? level == InetLevel.Raw && s.protocol == Protocol.Icmp
    : level == InetLevel.Icmp6 && s.protocol == Protocol.Icmp6;
}

/** Why there is no filter: raw sockets of other protocols know that there could be one. */
function noFilter(s: Socket, level: u32, name: u32): Result {
  if (s.type != <u32>SocketType.Raw) return -Errno.ENOPROTOOPT;
  const known = s.family == Family.Inet ? level == InetLevel.Raw && name == ICMP_FILTER : level == InetLevel.Icmp6;
  return known ? -Errno.EOPNOTSUPP : -Errno.ENOPROTOOPT;
}

function setFilter(s: Socket, level: u32, name: u32, bytes: u32): Result {
  if (!isFilter(s, level, name)) return noFilter(s, level, name);
  const d = asDatagram(s);
  if (s.family == Family.Inet) {
    if (bytes >= 4) d.icmpFilter = load<u32>(value);
    return 0;
  }
  if (d.icmp6Filter == 0) d.icmp6Filter = kernelAlloc(ICMP6_FILTER_BYTES);
  if (d.icmp6Filter == 0) return -Errno.ENOMEM;
  memory.copy(d.icmp6Filter, value, bytes);
  return 0;
}

function getFilter(s: Socket, level: u32, name: u32): Result {
  if (!isFilter(s, level, name)) return noFilter(s, level, name);
  const d = asDatagram(s);
  if (s.family == Family.Inet) return number(d.icmpFilter);
  memory.fill(value, 0, ICMP6_FILTER_BYTES);
  if (d.icmp6Filter != 0) memory.copy(value, d.icmp6Filter, ICMP6_FILTER_BYTES);
  return ICMP6_FILTER_BYTES;
}

// SO_BINDTODEVICE --------------------------------------------------------------------------------------------------------------------------

/** A socket that is bound to a device is moved to another with CAP_NET_RAW only (socket(7)). */
function setDevice(t: Thread, s: InetSocket, index: u32): Result {
  if (s.device != 0 && !capable(t.credentials, Capability.NetRaw)) return -Errno.EPERM;
  s.device = index;
  inetSpaceOf(s).generation++;
  return 0;
}

/** SO_BINDTOIFINDEX; the interface need not be there yet. */
export function setDeviceIndex(t: Thread, s: Socket, index: u32): Result {
  if (!isInet(s)) return -Errno.ENOPROTOOPT;
  if (<i32>index < 0) return -Errno.EINVAL;
  return setDevice(t, asInet(s), index);
}

export function getDeviceIndex(s: Socket): u32 {
  return isInet(s) ? asInet(s).device : 0;
}

/** SO_BINDTODEVICE: a name, empty for any. */
export function setDeviceName(t: Thread, s: Socket, ua: u64, length: u32): Result {
  if (!isInet(s)) return -Errno.ENOPROTOOPT;
  memory.fill(value, 0, INTERFACE_NAME_BYTES);
  const r = copyIn(value, ua, min(length, INTERFACE_NAME_BYTES - 1));
  if (r < 0) return r;
  if (load<u8>(value) == 0) return setDevice(t, asInet(s), 0);
  // What follows the NUL is no part of the name.
  let n: u32 = 0;
  while (n < INTERFACE_NAME_BYTES && load<u8>(value + n) != 0) n++;
  memory.fill(value + n, 0, INTERFACE_NAME_BYTES - n);
  const i = interfaceByName(inetSpaceOf(s), value);
  return i ? setDevice(t, asInet(s), i.index) : -Errno.ENODEV;
}

export function getDeviceName(s: Socket, ua: u64, lengthUa: u64, room: u32): Result {
  if (!isInet(s)) return -Errno.ENOPROTOOPT;
  const index = asInet(s).device;
  const i = index != 0 ? interfaceByIndex(inetSpaceOf(s), index) : null;
  let n: u32 = 0;
  if (i) {
    if (room < INTERFACE_NAME_BYTES) return -Errno.EINVAL;
    while (load<u8>(interfaceName(i) + n) != 0) n++;
    n++;
    const r = copyOut(ua, interfaceName(i), n);
    if (r < 0) return r;
  }
  store<u32>(value, n);
  return copyOut(lengthUa, value, 4);
}
