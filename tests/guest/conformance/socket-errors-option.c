/*
 * socket-errors-option: every errno of setsockopt and getsockopt by level, after socket(7), unix(7), ip(7), ipv6(7), tcp(7), udp(7), raw(7) and
 * netlink(7), and of the ioctl requests of sockets.
 */
#include "check.h"
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>

#ifndef IP_LOCAL_PORT_RANGE
#define IP_LOCAL_PORT_RANGE 51
#endif
#define BAD ((void *)8)

static int stream4, stream6, datagram4, datagram6, raw4, raw6, local, netlink;

static int set(int s, int level, int name, int value) { return setsockopt(s, level, name, &value, sizeof value); }

static int get(int s, int level, int name) {
  int value = -1;
  socklen_t length = sizeof value;
  return getsockopt(s, level, name, &value, &length) < 0 ? -1 : value;
}

static void become(int uid) {
  if (setgid(uid) < 0 || setuid(uid) < 0) print_line("FAIL cannot become user %d", uid);
}

static void common(void) {
  int value = 0;
  socklen_t length = 4, negative = -1;
  fails("setsockopt EBADF", set(-1, SOL_SOCKET, SO_REUSEADDR, 1), EBADF);
  fails("getsockopt EBADF", get(-1, SOL_SOCKET, SO_REUSEADDR), EBADF);
  fails("setsockopt ENOTSOCK", set(0, SOL_SOCKET, SO_REUSEADDR, 1), ENOTSOCK);
  fails("getsockopt ENOTSOCK", get(0, SOL_SOCKET, SO_REUSEADDR), ENOTSOCK);
  fails("setsockopt EFAULT", setsockopt(stream4, SOL_SOCKET, SO_REUSEADDR, BAD, 4), EFAULT);
  fails("setsockopt EFAULT: TCP", setsockopt(stream4, IPPROTO_TCP, TCP_NODELAY, BAD, 4), EFAULT);
  fails("setsockopt EFAULT: IP", setsockopt(stream4, IPPROTO_IP, IP_TTL, BAD, 4), EFAULT);
  fails("setsockopt EFAULT: IPv6", setsockopt(stream6, IPPROTO_IPV6, IPV6_V6ONLY, BAD, 4), EFAULT);
  fails("getsockopt EFAULT", getsockopt(stream4, SOL_SOCKET, SO_REUSEADDR, BAD, &length), EFAULT);
  fails("getsockopt EFAULT: length", getsockopt(stream4, SOL_SOCKET, SO_REUSEADDR, &value, BAD), EFAULT);
  fails("getsockopt EFAULT: TCP", getsockopt(stream4, IPPROTO_TCP, TCP_NODELAY, BAD, &length), EFAULT);
  fails("getsockopt EFAULT: IP", getsockopt(stream4, IPPROTO_IP, IP_TTL, BAD, &length), EFAULT);
  fails("setsockopt EINVAL: short", setsockopt(stream4, SOL_SOCKET, SO_REUSEADDR, &value, 3), EINVAL);
  fails("setsockopt EINVAL: negative length", setsockopt(stream4, SOL_SOCKET, SO_REUSEADDR, &value, -1), EINVAL);
  fails("getsockopt EINVAL: negative length", getsockopt(stream4, SOL_SOCKET, SO_REUSEADDR, &value, &negative), EINVAL);
  fails("setsockopt EINVAL: TCP, short", setsockopt(stream4, IPPROTO_TCP, TCP_NODELAY, &value, 3), EINVAL);
  fails("getsockopt EINVAL: TCP, negative length", getsockopt(stream4, IPPROTO_TCP, TCP_NODELAY, &value, &negative), EINVAL);
  fails("getsockopt EINVAL: IP, negative length", getsockopt(stream4, IPPROTO_IP, IP_TTL, &value, &negative), EINVAL);
  fails("setsockopt ENOPROTOOPT", set(stream4, SOL_SOCKET, 999, 1), ENOPROTOOPT);
  fails("getsockopt ENOPROTOOPT", get(stream4, SOL_SOCKET, 999), ENOPROTOOPT);
  fails("setsockopt ENOPROTOOPT: what can only be asked for", set(stream4, SOL_SOCKET, SO_TYPE, 1), ENOPROTOOPT);
  fails("setsockopt ENOPROTOOPT: SO_ERROR", set(stream4, SOL_SOCKET, SO_ERROR, 1), ENOPROTOOPT);
  fails("setsockopt ENOPROTOOPT: SO_ACCEPTCONN", set(stream4, SOL_SOCKET, SO_ACCEPTCONN, 1), ENOPROTOOPT);
  fails("setsockopt ENOPROTOOPT: SO_PROTOCOL", set(stream4, SOL_SOCKET, SO_PROTOCOL, 1), ENOPROTOOPT);
  fails("setsockopt ENOPROTOOPT: SO_DOMAIN", set(stream4, SOL_SOCKET, SO_DOMAIN, 1), ENOPROTOOPT);
  fails("setsockopt ENOPROTOOPT: SO_SNDLOWAT", set(stream4, SOL_SOCKET, SO_SNDLOWAT, 1), ENOPROTOOPT);
}

static void sockets(void) {
  struct timeval bad = {0, 1000000}, negative = {0, -1};
  fails("setsockopt EDOM: SO_RCVTIMEO", setsockopt(stream4, SOL_SOCKET, SO_RCVTIMEO, &bad, sizeof bad), EDOM);
  fails("setsockopt EDOM: SO_SNDTIMEO", setsockopt(stream4, SOL_SOCKET, SO_SNDTIMEO, &negative, sizeof negative), EDOM);
  fails("setsockopt EINVAL: SO_RCVTIMEO, short", setsockopt(stream4, SOL_SOCKET, SO_RCVTIMEO, &bad, 8), EINVAL);
  fails("setsockopt EINVAL: SO_LINGER, short", set(stream4, SOL_SOCKET, SO_LINGER, 1), EINVAL);
  fails("setsockopt EACCES: SO_DEBUG", set(stream4, SOL_SOCKET, SO_DEBUG, 1), EACCES);
  fails("setsockopt EPERM: SO_SNDBUFFORCE", set(stream4, SOL_SOCKET, SO_SNDBUFFORCE, 100000), EPERM);
  fails("setsockopt EPERM: SO_RCVBUFFORCE", set(stream4, SOL_SOCKET, SO_RCVBUFFORCE, 100000), EPERM);
  fails("setsockopt ENODEV: SO_BINDTODEVICE", setsockopt(stream4, SOL_SOCKET, SO_BINDTODEVICE, "nothing", 8), ENODEV);
  equal("setsockopt: SO_BINDTOIFINDEX, of an interface to come", set(stream4, SOL_SOCKET, SO_BINDTOIFINDEX, 999), 0);
  equal("setsockopt: SO_BINDTOIFINDEX, of none", set(stream4, SOL_SOCKET, SO_BINDTOIFINDEX, 0), 0);
  fails("setsockopt EINVAL: SO_BINDTOIFINDEX", set(stream4, SOL_SOCKET, SO_BINDTOIFINDEX, -1), EINVAL);
  equal("setsockopt: SO_BINDTOIFINDEX", set(datagram4, SOL_SOCKET, SO_BINDTOIFINDEX, 1), 0);
  equal("getsockopt: SO_BINDTOIFINDEX", get(datagram4, SOL_SOCKET, SO_BINDTOIFINDEX), 1);
  char name[16];
  socklen_t length = 15;
  fails("getsockopt EINVAL: SO_BINDTODEVICE, short", getsockopt(datagram4, SOL_SOCKET, SO_BINDTODEVICE, name, &length), EINVAL);
  length = 16;
  equal("getsockopt: SO_BINDTODEVICE", getsockopt(datagram4, SOL_SOCKET, SO_BINDTODEVICE, name, &length), 0);
  same_text("it is", name, "lo");
  equal("setsockopt: SO_BINDTODEVICE, none", setsockopt(datagram4, SOL_SOCKET, SO_BINDTODEVICE, "", 0), 0);
  fails("setsockopt EOPNOTSUPP: SO_PEEK_OFF of netlink", set(netlink, SOL_SOCKET, SO_PEEK_OFF, 1), EOPNOTSUPP);
  fails("setsockopt ENOENT: SO_DETACH_FILTER", set(datagram4, SOL_SOCKET, SO_DETACH_FILTER, 0), ENOENT);
  char groups[16];
  length = sizeof groups;
  fails("getsockopt ENODATA: SO_PEERGROUPS", getsockopt(local, SOL_SOCKET, SO_PEERGROUPS, groups, &length), ENODATA);
  int ends[2], tiny = 0;
  socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
  fails("getsockopt ENOTCONN: SO_PEERNAME", getsockopt(stream4, SOL_SOCKET, SO_PEERNAME, groups, &length), ENOTCONN);
  length = 1;
  equal("getsockopt: room for a byte", getsockopt(ends[0], SOL_SOCKET, SO_TYPE, &tiny, &length), 0);
  check("is a byte", length == 1 && tiny == SOCK_STREAM);
  close(ends[0]);
  close(ends[1]);
  equal("as nobody", in_child({
          become(1000);
          fails("setsockopt EPERM: SO_PRIORITY", set(stream4, SOL_SOCKET, SO_PRIORITY, 7), EPERM);
          fails("setsockopt EPERM: SO_MARK", set(stream4, SOL_SOCKET, SO_MARK, 7), EPERM);
          int s = socket(AF_INET, SOCK_DGRAM, 0);
          equal("setsockopt: SO_BINDTOIFINDEX, of a fresh socket", set(s, SOL_SOCKET, SO_BINDTOIFINDEX, 1), 0);
          fails("setsockopt EPERM: SO_BINDTOIFINDEX, once more", set(s, SOL_SOCKET, SO_BINDTOIFINDEX, 0), EPERM);
          fails("setsockopt EPERM: IP_TRANSPARENT", set(s, IPPROTO_IP, IP_TRANSPARENT, 1), EPERM);
        }),
        0);
}

static void ip(void) {
  fails("setsockopt EINVAL: IP_TTL", set(stream4, IPPROTO_IP, IP_TTL, 256), EINVAL);
  fails("setsockopt EINVAL: IP_TTL, zero", set(stream4, IPPROTO_IP, IP_TTL, 0), EINVAL);
  fails("setsockopt EINVAL: IP_MTU_DISCOVER", set(stream4, IPPROTO_IP, IP_MTU_DISCOVER, 6), EINVAL);
  fails("setsockopt EINVAL: IP_MULTICAST_TTL of a stream", set(stream4, IPPROTO_IP, IP_MULTICAST_TTL, 1), EINVAL);
  fails("setsockopt EINVAL: IP_MULTICAST_TTL", set(datagram4, IPPROTO_IP, IP_MULTICAST_TTL, 256), EINVAL);
  fails("setsockopt ENOPROTOOPT: IP_HDRINCL", set(stream4, IPPROTO_IP, IP_HDRINCL, 1), ENOPROTOOPT);
  fails("setsockopt ENOPROTOOPT: IP", set(stream4, IPPROTO_IP, 999, 1), ENOPROTOOPT);
  fails("getsockopt ENOPROTOOPT: IP", get(stream4, IPPROTO_IP, 999), ENOPROTOOPT);
  fails("getsockopt ENOTCONN: IP_MTU", get(stream4, IPPROTO_IP, IP_MTU), ENOTCONN);
  fails("setsockopt EPERM: IP_TRANSPARENT off and on", ({ set(stream4, IPPROTO_IP, IP_TRANSPARENT, 0); in_child({ become(1000); exit(set(stream4, IPPROTO_IP, IP_TRANSPARENT, 1) < 0 ? errno : 0); }) == EXITED(EPERM) ? (errno = EPERM, -1) : 0; }), EPERM);
  struct ip_mreqn group = {.imr_multiaddr.s_addr = htonl(0x0a000001)};
  fails("setsockopt EINVAL: IP_ADD_MEMBERSHIP, no group", setsockopt(datagram4, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof group), EINVAL);
  group.imr_multiaddr.s_addr = htonl(0xe0010101);
  group.imr_ifindex = 999;
  fails("setsockopt ENODEV: IP_ADD_MEMBERSHIP", setsockopt(datagram4, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof group), ENODEV);
  group.imr_ifindex = 1;
  equal("setsockopt: IP_ADD_MEMBERSHIP", setsockopt(datagram4, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof group), 0);
  fails("setsockopt EADDRINUSE: IP_ADD_MEMBERSHIP", setsockopt(datagram4, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof group), EADDRINUSE);
  equal("setsockopt: IP_DROP_MEMBERSHIP", setsockopt(datagram4, IPPROTO_IP, IP_DROP_MEMBERSHIP, &group, sizeof group), 0);
  fails("setsockopt EADDRNOTAVAIL: IP_DROP_MEMBERSHIP", setsockopt(datagram4, IPPROTO_IP, IP_DROP_MEMBERSHIP, &group, sizeof group), EADDRNOTAVAIL);
  fails("setsockopt EINVAL: IP_ADD_MEMBERSHIP, short", setsockopt(datagram4, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, 4), EINVAL);
  unsigned range = 40001 | 40000u << 16;
  fails("setsockopt EINVAL: IP_LOCAL_PORT_RANGE backwards", setsockopt(stream4, IPPROTO_IP, IP_LOCAL_PORT_RANGE, &range, 4), EINVAL);
  fails("setsockopt EINVAL: IP_LOCAL_PORT_RANGE, short", setsockopt(stream4, IPPROTO_IP, IP_LOCAL_PORT_RANGE, &range, 2), EINVAL);
  range = 40000 | 40001u << 16;
  equal("setsockopt: IP_LOCAL_PORT_RANGE", setsockopt(stream4, IPPROTO_IP, IP_LOCAL_PORT_RANGE, &range, 4), 0);
  equal("getsockopt: IP_LOCAL_PORT_RANGE", get(stream4, IPPROTO_IP, IP_LOCAL_PORT_RANGE), (int)(40000 | 40001u << 16));
  equal("setsockopt: IP_LOCAL_PORT_RANGE off", set(stream4, IPPROTO_IP, IP_LOCAL_PORT_RANGE, 0), 0);
}

static void ipv6(void) {
  fails("setsockopt EINVAL: IPV6_V6ONLY, short", setsockopt(stream6, IPPROTO_IPV6, IPV6_V6ONLY, "\1", 1), EINVAL);
  fails("setsockopt EINVAL: IPV6_UNICAST_HOPS", set(stream6, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 256), EINVAL);
  fails("setsockopt EINVAL: IPV6_TCLASS", set(stream6, IPPROTO_IPV6, IPV6_TCLASS, 256), EINVAL);
  fails("setsockopt EINVAL: IPV6_MTU_DISCOVER", set(stream6, IPPROTO_IPV6, IPV6_MTU_DISCOVER, 6), EINVAL);
  fails("setsockopt ENOPROTOOPT: IPV6_MULTICAST_HOPS of a stream", set(stream6, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, 1), ENOPROTOOPT);
  fails("setsockopt ENOPROTOOPT: IPv6", set(stream6, IPPROTO_IPV6, 999, 1), ENOPROTOOPT);
  fails("getsockopt ENOPROTOOPT: IPv6", get(stream6, IPPROTO_IPV6, 999), ENOPROTOOPT);
  fails("setsockopt ENOPROTOOPT: IPv6 of IPv4", set(stream4, IPPROTO_IPV6, IPV6_V6ONLY, 1), ENOPROTOOPT);
  fails("getsockopt EOPNOTSUPP: IPv6 of IPv4", get(datagram4, IPPROTO_IPV6, IPV6_V6ONLY), EOPNOTSUPP);
  fails("getsockopt ENOTCONN: IPV6_MTU", get(stream6, IPPROTO_IPV6, IPV6_MTU), ENOTCONN);
  fails("setsockopt EINVAL: IPV6_CHECKSUM, odd", set(raw6, IPPROTO_IPV6, IPV6_CHECKSUM, 3), EINVAL);
  struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
  int s = socket(AF_INET6, SOCK_STREAM, 0);
  bind(s, (struct sockaddr *)&any, sizeof any);
  fails("setsockopt EINVAL: IPV6_V6ONLY, bound", set(s, IPPROTO_IPV6, IPV6_V6ONLY, 1), EINVAL);
  close(s);
}

static void tcp(void) {
  fails("setsockopt ENOPROTOOPT: TCP", set(stream4, IPPROTO_TCP, 999, 1), ENOPROTOOPT);
  fails("getsockopt ENOPROTOOPT: TCP", get(stream4, IPPROTO_TCP, 999), ENOPROTOOPT);
  fails("setsockopt EINVAL: TCP_MAXSEG", set(stream4, IPPROTO_TCP, TCP_MAXSEG, 10), EINVAL);
  fails("setsockopt EINVAL: TCP_KEEPIDLE", set(stream4, IPPROTO_TCP, TCP_KEEPIDLE, 0), EINVAL);
  fails("setsockopt EINVAL: TCP_KEEPINTVL", set(stream4, IPPROTO_TCP, TCP_KEEPINTVL, 32768), EINVAL);
  fails("setsockopt EINVAL: TCP_KEEPCNT", set(stream4, IPPROTO_TCP, TCP_KEEPCNT, 128), EINVAL);
  fails("setsockopt EINVAL: TCP_SYNCNT", set(stream4, IPPROTO_TCP, TCP_SYNCNT, 128), EINVAL);
  fails("setsockopt EINVAL: TCP_USER_TIMEOUT", set(stream4, IPPROTO_TCP, TCP_USER_TIMEOUT, -1), EINVAL);
  fails("setsockopt ENOENT: TCP_CONGESTION", setsockopt(stream4, IPPROTO_TCP, TCP_CONGESTION, "nothing", 7), ENOENT);
  fails("setsockopt EINVAL: TCP_CONGESTION, empty", setsockopt(stream4, IPPROTO_TCP, TCP_CONGESTION, "", 0), EINVAL);
  fails("setsockopt EPERM: TCP_REPAIR", set(stream4, IPPROTO_TCP, TCP_REPAIR, 1), EPERM);
}

static void others(void) {
  fails("setsockopt ENOPROTOOPT: UDP", set(datagram4, IPPROTO_UDP, 999, 1), ENOPROTOOPT);
  fails("getsockopt ENOPROTOOPT: UDP", get(datagram4, IPPROTO_UDP, 999), ENOPROTOOPT);
  fails("setsockopt EINVAL: UDP, short", setsockopt(datagram4, IPPROTO_UDP, UDP_CORK, "", 1), EINVAL);
  fails("setsockopt ENOPROTOOPT: TCP of UDP", set(datagram4, IPPROTO_TCP, TCP_NODELAY, 1), ENOPROTOOPT);
  fails("getsockopt EOPNOTSUPP: TCP of UDP", get(datagram4, IPPROTO_TCP, TCP_NODELAY), EOPNOTSUPP);
  fails("setsockopt ENOPROTOOPT: UDP of TCP", set(stream4, IPPROTO_UDP, UDP_CORK, 1), ENOPROTOOPT);
  fails("setsockopt ENOPROTOOPT: a level nobody has", set(stream4, 200, 1, 1), ENOPROTOOPT);
  fails("getsockopt EOPNOTSUPP: ICMP_FILTER of others", get(raw4, SOL_RAW, 1), EOPNOTSUPP);
  fails("setsockopt EOPNOTSUPP: ICMP_FILTER of others", set(raw4, SOL_RAW, 1, 1), EOPNOTSUPP);
  fails("setsockopt ENOPROTOOPT: raw", set(raw4, SOL_RAW, 999, 1), ENOPROTOOPT);
  fails("setsockopt EOPNOTSUPP: AF_UNIX has no level", set(local, IPPROTO_TCP, TCP_NODELAY, 1), EOPNOTSUPP);
  fails("getsockopt EOPNOTSUPP: AF_UNIX has no level", get(local, IPPROTO_IP, IP_TTL), EOPNOTSUPP);
  fails("setsockopt ENOPROTOOPT: netlink", set(netlink, SOL_NETLINK, 999, 1), ENOPROTOOPT);
  fails("getsockopt ENOPROTOOPT: netlink", get(netlink, SOL_NETLINK, 999), ENOPROTOOPT);
  fails("setsockopt EINVAL: NETLINK_ADD_MEMBERSHIP", set(netlink, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, 0), EINVAL);
  fails("setsockopt ENOPROTOOPT: netlink has one level", set(netlink, 200, 1, 1), ENOPROTOOPT);
}

static void requests(void) {
  int value;
  struct timeval when;
  fails("ioctl ENOENT: SIOCGSTAMP before a packet", ioctl(datagram4, SIOCGSTAMP_OLD, &when), ENOENT);
  fails("ioctl ENOENT: SIOCGSTAMPNS", ioctl(datagram6, SIOCGSTAMPNS_OLD, &when), ENOENT);
  struct sockaddr_in self = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof self;
  int own = socket(AF_INET, SOCK_DGRAM, 0);
  bind(own, (struct sockaddr *)&self, length);
  getsockname(own, (struct sockaddr *)&self, &length);
  connect(own, (struct sockaddr *)&self, length);
  send(own, "x", 1, 0);
  recv(own, &value, 1, 0);
  equal("ioctl: SIOCGSTAMP after one", ioctl(own, SIOCGSTAMP_OLD, &when), 0);
  check("is about now", labs(when.tv_sec - time(NULL)) < 100);
  fails("ioctl EFAULT: SIOCGSTAMP", ioctl(own, SIOCGSTAMP_OLD, BAD), EFAULT);
  fails("ioctl ENOTTY: SIOCGSTAMP of AF_UNIX", ioctl(local, SIOCGSTAMP_OLD, &when), ENOTTY);
  close(own);
  fails("ioctl EINVAL: SIOCOUTQ of a listener", ({ int s = socket(AF_INET, SOCK_STREAM, 0); listen(s, 1); int r = ioctl(s, SIOCOUTQ, &value), e = errno; close(s); errno = e; r; }), EINVAL);
  fails("ioctl EFAULT: SIOCINQ", ioctl(datagram4, SIOCINQ, BAD), EFAULT);
  fails("ioctl ENOTTY: an unknown request", ioctl(stream4, 0x8fff, &value), ENOTTY);
  fails("ioctl ESRCH: FIOSETOWN", ({ value = 0x7ffffff; ioctl(stream4, FIOSETOWN, &value); }), ESRCH);
}

int main(void) {
  stream4 = socket(AF_INET, SOCK_STREAM, 0);
  stream6 = socket(AF_INET6, SOCK_STREAM, 0);
  datagram4 = socket(AF_INET, SOCK_DGRAM, 0);
  datagram6 = socket(AF_INET6, SOCK_DGRAM, 0);
  raw4 = socket(AF_INET, SOCK_RAW, 253);
  raw6 = socket(AF_INET6, SOCK_RAW, 253);
  local = socket(AF_UNIX, SOCK_STREAM, 0);
  netlink = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
  common();
  sockets();
  ip();
  ipv6();
  tcp();
  others();
  requests();
  return finish();
}
