// Internet sockets as Linux programs see them: numbers and layouts of linux/in.h, linux/in6.h, linux/udp.h, linux/icmp.h and linux/errqueue.h.

/** Levels of setsockopt(2). */
export const enum InetLevel {
  Ip = 0,
  Tcp = 6,
  Udp = 17,
  Ip6 = 41,
  Icmp6 = 58,
  Raw = 255,
}

/** Options at IPPROTO_IP, and types of its control messages. */
export const enum IpOption {
  Service = 1,
  Hops = 2,
  HeaderIncluded = 3,
  ReceiveOptions = 6,
  PacketInfo = 8,
  Discover = 10,
  ReceiveErrors = 11,
  ReceiveHops = 12,
  ReceiveService = 13,
  Mtu = 14,
  FreeBind = 15,
  Transparent = 19,
  OriginalDestination = 20,
  LateBind = 24,
  MulticastInterface = 32,
  MulticastHops = 33,
  MulticastLoop = 34,
  Join = 35,
  Leave = 36,
  MulticastAll = 49,
  LocalPortRange = 51,
  Protocol = 52,
}

/** Options at IPPROTO_IPV6, and types of its control messages. */
export const enum Ip6Option {
  Checksum = 7,
  Hops = 16,
  MulticastInterface = 17,
  MulticastHops = 18,
  MulticastLoop = 19,
  Discover = 23,
  Mtu = 24,
  ReceiveErrors = 25,
  Only6 = 26,
  ReceivePacketInfo = 49,
  PacketInfo = 50,
  ReceiveHops = 51,
  HopLimit = 52,
  DontFragment = 62,
  ReceiveService = 66,
  Service = 67,
  AutoFlowLabel = 70,
  OriginalDestination = 74,
  Transparent = 75,
  FreeBind = 78,
}

/** Options at IPPROTO_UDP. */
export const enum UdpOption {
  Cork = 1,
}

/** ICMP_FILTER at SOL_RAW, ICMPV6_FILTER at IPPROTO_ICMPV6. */
export const ICMP_FILTER: u32 = 1;
/** struct icmp6_filter. */
export const ICMP6_FILTER_BYTES: u32 = 32;

/** struct in_pktinfo: index, local address, destination; struct in6_pktinfo: address, index. */
export const PACKET_INFO_BYTES: u32 = 12;
export const PACKET_INFO6_BYTES: u32 = 20;
/** struct ip_mreq: group, address; struct ip_mreqn: and index. */
export const GROUP_REQUEST_BYTES: u32 = 8;
export const GROUP_REQUEST_INDEX_BYTES: u32 = 12;
/** struct sock_extended_err: u32 errno, u8 origin, type, code, pad, u32 info, u32 data. */
export const EXTENDED_ERROR_BYTES: u32 = 16;

/** Control messages at SOL_SOCKET that datagrams come with. */
export const enum StampType {
  Timestamp = 29,
  TimestampNs = 35,
  ReceiveOverflow = 40,
}
