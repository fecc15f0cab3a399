// Control messages of datagrams at IPPROTO_IP and IPPROTO_IPV6 (ip(7), ipv6(7)), and the times and drop counts that come at SOL_SOCKET (socket(7)). What is
// read and written stands in kernel/net/inet/control.ts.

import { Errno } from "../../kernel/errno";
import { copyIn } from "../../kernel/mm/user";
import { Exchange } from "../../kernel/net/exchange";
import { address4, InetAddress, isMapped4, setAddress, setAddress4 } from "../../kernel/net/inet/address";
import { Control, control, controlDestination, controlOffender, controlSource } from "../../kernel/net/inet/control";
import { inetSpaceOf } from "../../kernel/net/inet/datagram";
import { asInet, formatSocketAddress } from "../../kernel/net/inet/inet";
import { interfaceByIndex } from "../../kernel/net/inet/interface";
import { InetOption } from "../../kernel/net/inet/options";
import { Family, Socket, SocketOption } from "../../kernel/net/socket";
import { Result } from "../../kernel/result";
import { EXTENDED_ERROR_BYTES, InetLevel, Ip6Option, IpOption, PACKET_INFO6_BYTES, PACKET_INFO_BYTES, StampType } from "../types/inet";
import { SOL_SOCKET } from "../types/socket";
import { putControl } from "./controlout";

const data = memory.data(64, 8);

/** Reads one message for a datagram that is to be sent: 0; -EINVAL, -ENODEV for an interface that is not there, -EFAULT or BLOCKED. */
export function inetControlIn(e: Exchange, s: Socket, level: u32, type: u32, ua: u64, bytes: u32): Result {
  if (bytes < 4) return -Errno.EINVAL;
  const r = copyIn(data, ua, min<u32>(bytes, 64));
  if (r < 0) return r;
  if (level == InetLevel.Ip) return ipIn(e, s, type, bytes);
  return level == InetLevel.Ip6 && s.family == Family.Inet6 ? ip6In(e, s, type, bytes) : <Result>0;
}

function ipIn(e: Exchange, s: Socket, type: u32, bytes: u32): Result {
  switch (type) {
    case IpOption.PacketInfo:
      if (bytes != PACKET_INFO_BYTES) return -Errno.EINVAL;
      setAddress4(controlSource(), load<u32>(data, 4));
      e.inet |= Control.Source;
      return interfaceIn(e, s, load<u32>(data));
    case IpOption.Hops:
      if (bytes != 4 || load<i32>(data) < 1 || load<i32>(data) > 255) return -Errno.EINVAL;
      control.hops = load<u32>(data);
      e.inet |= Control.Hops;
      return 0;
    case IpOption.Service:
      if (load<i32>(data) < 0 || load<i32>(data) > 255) return -Errno.EINVAL;
      control.service = load<u32>(data);
      e.inet |= Control.Service;
      return 0;
    default:
      return -Errno.EINVAL;
  }
}

function ip6In(e: Exchange, s: Socket, type: u32, bytes: u32): Result {
  switch (type) {
    case Ip6Option.PacketInfo:
      if (bytes < PACKET_INFO6_BYTES) return -Errno.EINVAL;
      setAddress(controlSource(), changetype<InetAddress>(data));
      e.inet |= Control.Source;
      return interfaceIn(e, s, load<u32>(data, 16));
    case Ip6Option.HopLimit:
      if (bytes != 4 || load<i32>(data) < -1 || load<i32>(data) > 255) return -Errno.EINVAL;
      control.hops = max(load<i32>(data), 0);
      e.inet |= Control.Hops;
      return 0;
    case Ip6Option.Service:
      if (bytes != 4 || load<i32>(data) < -1 || load<i32>(data) > 255) return -Errno.EINVAL;
      control.service = max(load<i32>(data), 0);
      e.inet |= Control.Service;
      return 0;
    default:
      return -Errno.EINVAL;
  }
}

function interfaceIn(e: Exchange, s: Socket, index: u32): Result {
  if (index == 0) return 0;
  if (!interfaceByIndex(inetSpaceOf(s), index)) return -Errno.ENODEV;
  control.interface = index;
  e.inet |= Control.Interface;
  return 0;
}

/** Writes what the socket wants to be told with what it has received. */
export function inetControlOut(e: Exchange, s: Socket): void {
  if ((e.inet & Control.Error) != 0) errorOut(e, s);
  if ((e.inet & Control.Received) == 0) return;
  stampOut(e, s);
  const wanted = asInet(s).optionBits;
  if ((wanted & InetOption.Told) == 0) return;
  if (isMapped4(controlDestination())) ipOut(e, s, wanted);
  if (s.family == Family.Inet6) ip6Out(e, s, wanted);
}

function stampOut(e: Exchange, s: Socket): void {
  const ns = control.stampNs;
  if ((s.options & (SocketOption.Timestamp | SocketOption.TimestampNs)) != 0) {
    const nanoseconds = (s.options & SocketOption.TimestampNs) != 0;
    store<u64>(data, ns / 1_000_000_000);
    store<u64>(data, nanoseconds ? ns % 1_000_000_000 : (ns % 1_000_000_000) / 1000, 8);
    putControl(e, SOL_SOCKET, nanoseconds ? StampType.TimestampNs : StampType.Timestamp, data, 16);
  }
  if ((s.options & SocketOption.ReceiveOverflow) == 0 || control.drops == 0) return;
  store<u32>(data, control.drops);
  putControl(e, SOL_SOCKET, StampType.ReceiveOverflow, data, 4);
}

function ipOut(e: Exchange, s: Socket, wanted: u32): void {
  const to = address4(controlDestination());
  if ((wanted & InetOption.PacketInfo) != 0) {
    store<u32>(data, control.interface);
    store<u32>(data, to, 4);
    store<u32>(data, to, 8);
    putControl(e, InetLevel.Ip, IpOption.PacketInfo, data, PACKET_INFO_BYTES);
  }
  if ((wanted & InetOption.Hops) != 0) {
    store<u32>(data, control.hops);
    putControl(e, InetLevel.Ip, IpOption.Hops, data, 4);
  }
  if ((wanted & InetOption.Service) != 0) {
    store<u8>(data, <u8>control.service);
    putControl(e, InetLevel.Ip, IpOption.Service, data, 1);
  }
  if ((wanted & InetOption.OriginalDestination) == 0) return;
  store<u16>(data, <u16>Family.Inet);
  store<u16>(data, <u16>control.port, 2);
  store<u32>(data, to, 4);
  store<u64>(data, 0, 8);
  putControl(e, InetLevel.Ip, IpOption.OriginalDestination, data, 16);
}

function ip6Out(e: Exchange, s: Socket, wanted: u32): void {
  if ((wanted & InetOption.PacketInfo6) != 0) {
    setAddress(changetype<InetAddress>(data), controlDestination());
    store<u32>(data, control.interface, 16);
    putControl(e, InetLevel.Ip6, Ip6Option.PacketInfo, data, PACKET_INFO6_BYTES);
  }
  // The rest is of IPv6 packets only.
  if (isMapped4(controlDestination())) return;
  if ((wanted & InetOption.Hops6) != 0) {
    store<u32>(data, control.hops);
    putControl(e, InetLevel.Ip6, Ip6Option.HopLimit, data, 4);
  }
  if ((wanted & InetOption.Service6) != 0) {
    store<u32>(data, control.service);
    putControl(e, InetLevel.Ip6, Ip6Option.Service, data, 4);
  }
  if ((wanted & InetOption.OriginalDestination6) == 0) return;
  const bytes = formatSocketAddress(s, controlDestination(), bswap<u16>(<u16>control.port), data);
  putControl(e, InetLevel.Ip6, Ip6Option.OriginalDestination, data, bytes);
}

/** struct sock_extended_err, and behind it the address of whoever complained. */
function errorOut(e: Exchange, s: Socket): void {
  store<u32>(data, control.errno);
  store<u8>(data, <u8>control.origin, 4);
  store<u8>(data, <u8>control.type, 5);
  store<u8>(data, <u8>control.code, 6);
  store<u8>(data, 0, 7);
  store<u32>(data, control.info, 8);
  store<u32>(data, 0, 12);
  const bytes = EXTENDED_ERROR_BYTES + formatSocketAddress(s, controlOffender(), 0, data + EXTENDED_ERROR_BYTES);
  const is6 = s.family == Family.Inet6;
  putControl(e, is6 ? InetLevel.Ip6 : InetLevel.Ip, is6 ? Ip6Option.ReceiveErrors : IpOption.ReceiveErrors, data, bytes);
}
