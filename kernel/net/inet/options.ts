// Options of ip(7) and ipv6(7) that are bits: InetSocket.optionBits.

import { Family } from "../socket";
import { InetSocket } from "./inet";

export const enum InetOption {
  /** IP_PKTINFO, IP_RECVTTL, IP_RECVTOS, IP_RECVERR, IP_RECVORIGDSTADDR. */
  PacketInfo = 1,
  Hops = 2,
  Service = 4,
  Errors = 8,
  OriginalDestination = 0x10,
  /** IPV6_RECVPKTINFO, IPV6_RECVHOPLIMIT, IPV6_RECVTCLASS, IPV6_RECVERR, IPV6_RECVORIGDSTADDR. */
  PacketInfo6 = 0x20,
  Hops6 = 0x40,
  Service6 = 0x80,
  Errors6 = 0x100,
  OriginalDestination6 = 0x200,
  /** What has something told with each datagram. */
  Told = 0x2f7,
  /** IP_FREEBIND, IP_TRANSPARENT, IP_HDRINCL. */
  FreeBind = 0x400,
  Transparent = 0x800,
  HeaderIncluded = 0x1000,
  /** IP_MULTICAST_LOOP and IP_MULTICAST_ALL are off; IPV6_MULTICAST_LOOP. */
  NoLoop = 0x2000,
  NoMulticastAll = 0x4000,
  NoLoop6 = 0x8000,
  /** IP_MTU_DISCOVER, shifted. */
  DiscoverMask = 0x7_0000,
  /** IPV6_DONTFRAG. */
  DontFragment6 = 0x8_0000,
  /** IPV6_MTU_DISCOVER, shifted. */
  Discover6Mask = 0x70_0000,
}
export const DISCOVER_SHIFT: u32 = 16;
export const DISCOVER6_SHIFT: u32 = 20;

/** The socket wants to hear of all errors (IP_RECVERR, IPV6_RECVERR). */
@inline
export function wantsErrors(s: InetSocket): bool {
  return (s.optionBits & (s.family == Family.Inet ? InetOption.Errors : InetOption.Errors | InetOption.Errors6)) != 0;
}
