/* socket-udp: UDP over loopback: binding, names, connecting, borders, long datagrams, options, control messages, errors of ICMP, IPv6 and both at once. */
#include "check.h"
#include <arpa/inet.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

static char buffer[1 << 17];

static struct sockaddr_in at(const char *address, int port) {
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
  inet_pton(AF_INET, address, &a.sin_addr);
  return a;
}

static struct sockaddr_in6 at6(const char *address, int port) {
  struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
  inet_pton(AF_INET6, address, &a.sin6_addr);
  return a;
}

#define A(address) ((struct sockaddr *)&(address)), sizeof(address)

static int udp(void) { return socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0); }
static int udp6(void) { return socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 0); }

static int bind_to(int s, const char *address, int port) {
  struct sockaddr_in a = at(address, port);
  return bind(s, A(a));
}

static int bind_to6(int s, const char *address, int port) {
  struct sockaddr_in6 a = at6(address, port);
  return bind(s, A(a));
}

static int connect_to(int s, const char *address, int port) {
  struct sockaddr_in a = at(address, port);
  return connect(s, A(a));
}

static ssize_t send_to(int s, const char *address, int port, const char *text) {
  struct sockaddr_in a = at(address, port);
  return sendto(s, text, strlen(text), 0, A(a));
}

static int port_of(int s) {
  struct sockaddr_in6 a;
  socklen_t length = sizeof a;
  getsockname(s, (struct sockaddr *)&a, &length);
  return ntohs(a.sin6_port);
}

/* "ADDRESS:PORT" of a socket's own end, its peer's, or any address; the port only if it is below 32768. */
static const char *shown(const struct sockaddr *a) {
  static char text[80];
  char address[64];
  int port;
  if (a->sa_family == AF_INET) {
    inet_ntop(AF_INET, &((struct sockaddr_in *)a)->sin_addr, address, sizeof address);
    port = ntohs(((struct sockaddr_in *)a)->sin_port);
  } else {
    inet_ntop(AF_INET6, &((struct sockaddr_in6 *)a)->sin6_addr, address, sizeof address);
    port = ntohs(((struct sockaddr_in6 *)a)->sin6_port);
  }
  snprintf(text, sizeof text, "%s:%s", address, port == 0 ? "0" : port < 32768 ? "bound" : "some");
  return text;
}

static const char *name_of(int s, int peer) {
  struct sockaddr_storage a;
  socklen_t length = sizeof a;
  if ((peer ? getpeername : getsockname)(s, (struct sockaddr *)&a, &length) < 0) return error_name(errno);
  return shown((struct sockaddr *)&a);
}

static int option(int s, int level, int name) {
  int v = -1;
  socklen_t length = sizeof v;
  return getsockopt(s, level, name, &v, &length) < 0 ? -errno : v;
}

static int set(int s, int level, int name, int v) { return setsockopt(s, level, name, &v, sizeof v); }

static void making(void) {
  fails("a protocol that does not fit", socket(AF_INET, SOCK_DGRAM, IPPROTO_TCP), EPROTONOSUPPORT);
  fails("a type that is none", socket(AF_INET, SOCK_SEQPACKET, 0), ESOCKTNOSUPPORT);
  fails("a raw socket of no protocol", socket(AF_INET, SOCK_RAW, 0), EPROTONOSUPPORT);
  fails("a protocol that is none", socket(AF_INET, SOCK_DGRAM, -1), EINVAL);
  fails("a pair", socketpair(AF_INET, SOCK_DGRAM, 0, (int[2]){0, 0}), EOPNOTSUPP);
  int s = udp();
  equal("SO_TYPE", option(s, SOL_SOCKET, SO_TYPE), SOCK_DGRAM);
  equal("SO_DOMAIN", option(s, SOL_SOCKET, SO_DOMAIN), AF_INET);
  equal("SO_PROTOCOL", option(s, SOL_SOCKET, SO_PROTOCOL), IPPROTO_UDP);
  fails("listen", listen(s, 1), EOPNOTSUPP);
  fails("accept", accept(s, NULL, NULL), EOPNOTSUPP);
  check_text("an unbound name", name_of(s, 0), "0.0.0.0:0");
  check_text("no peer", name_of(s, 1), "ENOTCONN");
  fails("send to nobody", send(s, "x", 1, 0), EDESTADDRREQ);
  fails("nothing to receive", recv(s, buffer, 1, 0), EAGAIN);
  close(s);
}

static void binding(void) {
  int s = udp(), t = udp();
  struct sockaddr_in a = at("127.0.0.1", 5000);
  fails("too short", bind(s, (struct sockaddr *)&a, 15), EINVAL);
  a.sin_family = AF_INET6;
  fails("another family", bind(s, A(a)), EAFNOSUPPORT);
  fails("an address that is not ours", bind_to(s, "10.1.2.3", 5000), EADDRNOTAVAIL);
  equal("bind", bind_to(s, "127.0.0.1", 5000), 0);
  check_text("the name", name_of(s, 0), "127.0.0.1:bound");
  fails("bind again", bind_to(s, "127.0.0.1", 5001), EINVAL);
  fails("in use", bind_to(t, "127.0.0.1", 5000), EADDRINUSE);
  fails("in use for all addresses", bind_to(t, "0.0.0.0", 5000), EADDRINUSE);
  equal("another address", bind_to(t, "127.9.9.9", 5000), 0);
  close(t);
  t = udp();
  a = at("0.0.0.0", 5002);
  a.sin_family = AF_UNSPEC;
  equal("AF_UNSPEC with any address", bind(t, A(a)), 0);
  check_text("is any address", name_of(t, 0), "0.0.0.0:bound");
  close(t);
  t = udp();
  equal("any port", bind_to(t, "127.0.0.1", 0), 0);
  check("is an ephemeral one", port_of(t) >= 32768 && port_of(t) <= 60999);
  close(t);
  t = udp();
  set(s, SOL_SOCKET, SO_REUSEADDR, 1);
  fails("SO_REUSEADDR of one only", bind_to(t, "127.0.0.1", 5000), EADDRINUSE);
  set(t, SOL_SOCKET, SO_REUSEADDR, 1);
  equal("SO_REUSEADDR of both", bind_to(t, "127.0.0.1", 5000), 0);
  close(t);
  close(s);
  s = udp();
  equal("a privileged port, as root", bind_to(s, "0.0.0.0", 7), 0);
  close(s);
  int status = in_child({
    if (setuid(1000) < 0) _exit(1);
    int u = udp();
    fails("a privileged port, as somebody", bind_to(u, "0.0.0.0", 7), EACCES);
    equal("a port that is not", bind_to(u, "0.0.0.0", 1024), 0);
  });
  equal("the child", status, 0);
}

static void reuse_port(void) {
  int a = udp(), b = udp(), c = udp(), from = udp(), got[2] = {0, 0};
  set(a, SOL_SOCKET, SO_REUSEPORT, 1);
  set(b, SOL_SOCKET, SO_REUSEPORT, 1);
  equal("SO_REUSEPORT", bind_to(a, "127.0.0.1", 5010), 0);
  equal("of two", bind_to(b, "127.0.0.1", 5010), 0);
  fails("and one without", bind_to(c, "127.0.0.1", 5010), EADDRINUSE);
  for (int i = 0; i < 64; i++) {
    int s = udp();
    send_to(s, "127.0.0.1", 5010, "x");
    close(s);
  }
  while (recv(a, buffer, 1, 0) == 1) got[0]++;
  while (recv(b, buffer, 1, 0) == 1) got[1]++;
  equal("each datagram comes once", got[0] + got[1], 64);
  check("both get some", got[0] > 0 && got[1] > 0);
  close(a), close(b), close(c), close(from);
}

static void talking(void) {
  int a = udp(), b = udp(), n;
  struct sockaddr_storage from;
  socklen_t length = sizeof from;
  bind_to(a, "127.0.0.1", 5020);
  equal("sendto", send_to(b, "127.0.0.1", 5020, "hello"), 5);
  check_text("binds the sender", name_of(b, 0), "0.0.0.0:some");
  equal("FIONREAD", ioctl(a, FIONREAD, &n), 0);
  equal("is the datagram's length", n, 5);
  equal("a look", recv(a, buffer, 100, MSG_PEEK), 5);
  equal("recvfrom", recvfrom(a, buffer, 100, 0, (struct sockaddr *)&from, &length), 5);
  check("the bytes", memcmp(buffer, "hello", 5) == 0);
  equal("length of the address", length, sizeof(struct sockaddr_in));
  check_text("the sender", shown((struct sockaddr *)&from), "127.0.0.1:some");
  equal("an answer", sendto(a, "back", 4, 0, (struct sockaddr *)&from, length), 4);
  equal("arrives", recv(b, buffer, 100, 0), 4);
  equal("an empty datagram", send_to(b, "127.0.0.1", 5020, ""), 0);
  equal("is received", recv(a, buffer, 100, 0), 0);
  send_to(b, "127.0.0.1", 5020, "0123456789");
  equal("more than there is room", recv(a, buffer, 4, 0), 4);
  fails("the rest is gone", recv(a, buffer, 100, 0), EAGAIN);
  send_to(b, "127.0.0.1", 5020, "0123456789");
  equal("MSG_TRUNC", recv(a, buffer, 4, MSG_TRUNC), 10);
  equal("to 0.0.0.0 is to ourselves", send_to(b, "0.0.0.0", 5020, "zero"), 4);
  equal("and arrives", recv(a, buffer, 100, 0), 4);
  fails("port 0", send_to(b, "127.0.0.1", 0, "x"), EINVAL);
  struct sockaddr_in to = at("127.0.0.1", 5020);
  to.sin_family = AF_UNIX;
  fails("another family", sendto(b, "x", 1, 0, A(to)), EAFNOSUPPORT);
  to.sin_family = AF_UNSPEC;
  equal("AF_UNSPEC is taken for AF_INET", sendto(b, "x", 1, 0, A(to)), 1);
  recv(a, buffer, 1, 0);
  fails("a short address", sendto(b, "x", 1, 0, (struct sockaddr *)&to, 8), EINVAL);
  fails("no way to there", send_to(b, "10.1.2.3", 5020, "x"), ENETUNREACH);
  fails("MSG_OOB", sendto(b, "x", 1, MSG_OOB, NULL, 0), EOPNOTSUPP);
  fails("a bad pointer", sendto(b, (void *)8, 10, 0, (to.sin_family = AF_INET, (struct sockaddr *)&to), sizeof to), EFAULT);
  fails("sends nothing", recv(a, buffer, 100, 0), EAGAIN);
  close(a), close(b);
}

static void lengths(void) {
  int a = udp(), b = udp();
  bind_to(a, "127.0.0.1", 5030);
  connect_to(b, "127.0.0.1", 5030);
  for (int i = 0; i < 65507; i++) buffer[i] = i * 7 + (i >> 8);
  static const int sizes[] = {1, 100, 1472, 1473, 4096, 8191, 40000, 65507};
  static char back[1 << 17];
  for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    equal("send", send(b, buffer, sizes[i], 0), sizes[i]);
    memset(back, 0, sizeof back);
    equal("recv", recv(a, back, sizeof back, 0), sizes[i]);
    check("the bytes", memcmp(buffer, back, sizes[i]) == 0);
  }
  fails("longer than there are", send(b, buffer, 65508, 0), EMSGSIZE);
  fails("much longer", send(b, buffer, 100000, 0), EMSGSIZE);
  struct iovec out[3] = {{buffer, 10000}, {buffer + 10000, 1}, {buffer + 10001, 20000}}, in[2] = {{back, 15000}, {back + 15000, 40000}};
  equal("writev", writev(b, out, 3), 30001);
  memset(back, 0, sizeof back);
  equal("readv", readv(a, in, 2), 30001);
  check("its bytes", memcmp(buffer, back, 30001) == 0);
  send(b, buffer, 20000, 0);
  struct msghdr message = {.msg_iov = in, .msg_iovlen = 1};
  equal("recvmsg", recvmsg(a, &message, 0), 15000);
  equal("MSG_TRUNC", message.msg_flags, MSG_TRUNC);
  struct mmsghdr many[3];
  struct iovec parts[3] = {{buffer, 3}, {buffer, 5}, {buffer, 7}};
  memset(many, 0, sizeof many);
  for (int i = 0; i < 3; i++) many[i].msg_hdr.msg_iov = &parts[i], many[i].msg_hdr.msg_iovlen = 1;
  equal("sendmmsg", sendmmsg(b, many, 3, 0), 3);
  for (int i = 0; i < 3; i++) parts[i] = (struct iovec){back + i * 100, 100};
  equal("recvmmsg", recvmmsg(a, many, 3, 0, NULL), 3);
  check("their lengths", many[0].msg_len == 3 && many[1].msg_len == 5 && many[2].msg_len == 7);
  close(a), close(b);
}

static void connecting(void) {
  int a = udp(), b = udp(), c = udp();
  bind_to(a, "127.0.0.1", 5040);
  bind_to(c, "127.0.0.1", 5041);
  equal("connect", connect_to(b, "127.0.0.1", 5040), 0);
  check_text("the peer", name_of(b, 1), "127.0.0.1:bound");
  check_text("our end", name_of(b, 0), "127.0.0.1:some");
  equal("send", send(b, "one", 3, 0), 3);
  equal("arrives", recv(a, buffer, 10, 0), 3);
  int port = port_of(b);
  send_to(c, "127.0.0.1", port, "stranger");
  fails("strangers are not heard", recv(b, buffer, 100, 0), EAGAIN);
  send_to(a, "127.0.0.1", port, "peer");
  equal("the peer is", recv(b, buffer, 100, 0), 4);
  equal("sendto goes elsewhere all the same", send_to(b, "127.0.0.1", 5041, "aside"), 5);
  recv(c, buffer, 100, 0);
  equal("connect again", connect_to(b, "127.0.0.1", 5041), 0);
  send(b, "two", 3, 0);
  while (recv(c, buffer, 100, 0) > 0);
  struct sockaddr nobody = {.sa_family = AF_UNSPEC};
  equal("disconnect", connect(b, &nobody, sizeof nobody), 0);
  check_text("no peer", name_of(b, 1), "ENOTCONN");
  check_text("no name either", name_of(b, 0), "0.0.0.0:0");
  fails("send", send(b, "x", 1, 0), EDESTADDRREQ);
  fails("connect with too little", connect(b, &nobody, 1), EINVAL);
  close(b);
  b = udp();
  equal("a bound one", bind_to(b, "127.0.0.1", 5042), 0);
  connect_to(b, "127.0.0.1", 5040);
  connect(b, &nobody, sizeof nobody);
  check_text("keeps its name", name_of(b, 0), "127.0.0.1:bound");
  close(a), close(b), close(c);
}

static void refused(void) {
  int s = udp();
  connect_to(s, "127.0.0.1", 5999);
  equal("to a closed port", send(s, "x", 1, 0), 1);
  struct pollfd p = {.fd = s, .events = POLLIN | POLLOUT};
  equal("poll", poll(&p, 1, 1000), 1);
  equal("POLLERR", p.revents, POLLERR | POLLOUT);
  fails("recv says so", recv(s, buffer, 10, 0), ECONNREFUSED);
  fails("once", recv(s, buffer, 10, 0), EAGAIN);
  send(s, "x", 1, 0);
  fails("or send", send(s, "x", 1, 0), ECONNREFUSED);
  send(s, "x", 1, 0);
  equal("or SO_ERROR", option(s, SOL_SOCKET, SO_ERROR), ECONNREFUSED);
  equal("once too", option(s, SOL_SOCKET, SO_ERROR), 0);
  close(s);
  s = udp();
  send_to(s, "127.0.0.1", 5999, "x");
  fails("an unconnected socket hears nothing", recv(s, buffer, 10, 0), EAGAIN);
  set(s, IPPROTO_IP, IP_RECVERR, 1);
  send_to(s, "127.0.0.1", 5999, "payload");
  fails("unless it asks", recv(s, buffer, 10, 0), ECONNREFUSED);
  struct sockaddr_in to;
  char control[256];
  struct msghdr message = {.msg_name = &to, .msg_namelen = sizeof to, .msg_iov = &(struct iovec){buffer, 100}, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  memset(buffer, 0, 100);
  equal("MSG_ERRQUEUE", recvmsg(s, &message, MSG_ERRQUEUE), 7);
  equal("its flags", message.msg_flags, MSG_ERRQUEUE);
  check("the data", memcmp(buffer, "payload", 7) == 0);
  check_text("where it went", shown((struct sockaddr *)&to), "127.0.0.1:bound");
  struct cmsghdr *c = CMSG_FIRSTHDR(&message);
  check("IP_RECVERR", c && c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR);
  struct sock_extended_err *e = (void *)CMSG_DATA(c);
  equal("ee_errno", e->ee_errno, ECONNREFUSED);
  equal("ee_origin", e->ee_origin, SO_EE_ORIGIN_ICMP);
  equal("ee_type", e->ee_type, ICMP_DEST_UNREACH);
  equal("ee_code", e->ee_code, ICMP_PORT_UNREACH);
  struct sockaddr_in *offender = (void *)SO_EE_OFFENDER(e);
  check_text("the offender", shown((struct sockaddr *)offender), "127.0.0.1:0");
  fails("one error", recvmsg(s, &message, MSG_ERRQUEUE), EAGAIN);
  close(s);
}

static void control_messages(void) {
  int a = udp(), b = udp();
  bind_to(a, "0.0.0.0", 5050);
  set(a, IPPROTO_IP, IP_PKTINFO, 1);
  set(a, IPPROTO_IP, IP_RECVTTL, 1);
  set(a, IPPROTO_IP, IP_RECVTOS, 1);
  set(a, IPPROTO_IP, IP_RECVORIGDSTADDR, 1);
  equal("IP_TOS", set(b, IPPROTO_IP, IP_TOS, 0x28), 0);
  equal("IP_TTL", set(b, IPPROTO_IP, IP_TTL, 9), 0);
  send_to(b, "127.3.2.1", 5050, "x");
  char control[512];
  struct sockaddr_in from;
  struct msghdr message = {.msg_name = &from, .msg_namelen = sizeof from, .msg_iov = &(struct iovec){buffer, 100}, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  equal("recvmsg", recvmsg(a, &message, 0), 1);
  int seen = 0;
  for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
    seen++;
    equal("level", c->cmsg_level, IPPROTO_IP);
    print_line("type %d length %d", c->cmsg_type, (int)c->cmsg_len);
    if (c->cmsg_type == IP_TTL) equal("IP_TTL", *(int *)CMSG_DATA(c), 9);
    if (c->cmsg_type == IP_TOS) equal("IP_TOS", *CMSG_DATA(c), 0x28);
    if (c->cmsg_type == IP_ORIGDSTADDR) check_text("IP_ORIGDSTADDR", shown((struct sockaddr *)CMSG_DATA(c)), "127.3.2.1:bound");
    if (c->cmsg_type != IP_PKTINFO) continue;
    struct in_pktinfo *info = (void *)CMSG_DATA(c);
    equal("the interface", info->ipi_ifindex, 1);
    check_text("the address", inet_ntoa(info->ipi_addr), "127.3.2.1");
    check_text("the local address", inet_ntoa(info->ipi_spec_dst), "127.3.2.1");
  }
  equal("messages", seen, 4);
  send_to(b, "127.0.0.1", 5050, "x");
  message.msg_controllen = 20;
  recvmsg(a, &message, 0);
  equal("too little room", message.msg_flags, MSG_CTRUNC);
  /* The answer comes from the address that was asked. */
  union {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(struct in_pktinfo))];
  } source = {.header = {.cmsg_len = CMSG_LEN(sizeof(struct in_pktinfo)), .cmsg_level = IPPROTO_IP, .cmsg_type = IP_PKTINFO}};
  struct in_pktinfo info = {0};
  inet_aton("127.3.2.1", &info.ipi_spec_dst);
  memcpy(CMSG_DATA(&source.header), &info, sizeof info);
  struct sockaddr_in to = at("127.0.0.1", port_of(b));
  struct msghdr answer = {.msg_name = &to, .msg_namelen = sizeof to, .msg_iov = &(struct iovec){"re", 2}, .msg_iovlen = 1, .msg_control = &source, .msg_controllen = sizeof source};
  equal("sendmsg with IP_PKTINFO", sendmsg(a, &answer, 0), 2);
  socklen_t length = sizeof from;
  equal("arrives", recvfrom(b, buffer, 10, 0, (struct sockaddr *)&from, &length), 2);
  check_text("from that address", shown((struct sockaddr *)&from), "127.3.2.1:bound");
  source.header.cmsg_type = 99;
  fails("an unknown control message", sendmsg(a, &answer, 0), EINVAL);
  close(a), close(b);
}

static void options(void) {
  int s = udp(), v = 0;
  equal("IP_TTL", option(s, IPPROTO_IP, IP_TTL), 64);
  equal("IP_TOS", option(s, IPPROTO_IP, IP_TOS), 0);
  equal("IP_MTU_DISCOVER", option(s, IPPROTO_IP, IP_MTU_DISCOVER), IP_PMTUDISC_WANT);
  equal("IP_MULTICAST_TTL", option(s, IPPROTO_IP, IP_MULTICAST_TTL), 1);
  equal("IP_MULTICAST_LOOP", option(s, IPPROTO_IP, IP_MULTICAST_LOOP), 1);
  equal("IP_RECVERR", option(s, IPPROTO_IP, IP_RECVERR), 0);
  equal("UDP_CORK", option(s, IPPROTO_UDP, UDP_CORK), 0);
  fails("IP_TTL of 0", set(s, IPPROTO_IP, IP_TTL, 0), EINVAL);
  fails("IP_TTL of 256", set(s, IPPROTO_IP, IP_TTL, 256), EINVAL);
  equal("IP_TTL of -1", set(s, IPPROTO_IP, IP_TTL, -1), 0);
  equal("as a byte", setsockopt(s, IPPROTO_IP, IP_TTL, "\x07", 1), 0);
  equal("is that", option(s, IPPROTO_IP, IP_TTL), 7);
  socklen_t length = 1;
  equal("into a byte", getsockopt(s, IPPROTO_IP, IP_TTL, &v, &length), 0);
  check("fits", length == 1 && v == 7);
  fails("nothing", setsockopt(s, IPPROTO_IP, IP_TTL, NULL, 0), EINVAL);
  fails("an option that is none", set(s, IPPROTO_IP, 199, 1), ENOPROTOOPT);
  fails("a level that is none", set(s, 199, 1, 1), ENOPROTOOPT);
  equal("IP_MTU without a peer", option(s, IPPROTO_IP, IP_MTU), -ENOTCONN);
  connect_to(s, "127.0.0.1", 5999);
  equal("IP_MTU", option(s, IPPROTO_IP, IP_MTU), 65535);
  fails("SO_BINDTODEVICE of none", setsockopt(s, SOL_SOCKET, SO_BINDTODEVICE, "none0", 6), ENODEV);
  equal("SO_BINDTODEVICE", setsockopt(s, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3), 0);
  char name[16];
  length = sizeof name;
  equal("is told", getsockopt(s, SOL_SOCKET, SO_BINDTODEVICE, name, &length), 0);
  check("as lo", length == 3 && strcmp(name, "lo") == 0);
  close(s);
  s = socket(AF_UNIX, SOCK_DGRAM, 0);
  fails("AF_UNIX has none", set(s, IPPROTO_IP, IP_TTL, 1), EOPNOTSUPP);
  close(s);
}

static void corking(void) {
  int a = udp(), b = udp();
  bind_to(a, "127.0.0.1", 5060);
  connect_to(b, "127.0.0.1", 5060);
  equal("MSG_MORE", send(b, "one ", 4, MSG_MORE), 4);
  fails("waits", recv(a, buffer, 100, 0), EAGAIN);
  equal("and goes", send(b, "two", 3, 0), 3);
  equal("in one", recv(a, buffer, 100, 0), 7);
  check("in order", memcmp(buffer, "one two", 7) == 0);
  set(b, IPPROTO_UDP, UDP_CORK, 1);
  send(b, "three ", 6, 0);
  send(b, "four", 4, 0);
  fails("UDP_CORK waits", recv(a, buffer, 100, 0), EAGAIN);
  set(b, IPPROTO_UDP, UDP_CORK, 0);
  equal("until it is off", recv(a, buffer, 100, 0), 10);
  close(a), close(b);
}

static void shutting(void) {
  int a = udp(), b = udp();
  bind_to(a, "127.0.0.1", 5070);
  connect_to(b, "127.0.0.1", 5070);
  fails("without a peer", shutdown(a, SHUT_RD), ENOTCONN);
  equal("SHUT_WR", shutdown(b, SHUT_WR), 0);
  fails("send", send(b, "x", 1, 0), EPIPE);
  equal("SHUT_RD", shutdown(b, SHUT_RD), 0);
  struct pollfd p = {.fd = b, .events = POLLIN | POLLRDHUP};
  equal("poll", poll(&p, 1, 0), 1);
  equal("all of it", p.revents, POLLIN | POLLHUP | POLLRDHUP);
  int flags = fcntl(b, F_GETFL);
  fcntl(b, F_SETFL, flags & ~O_NONBLOCK);
  equal("the end", recv(b, buffer, 10, 0), 0);
  close(a), close(b);
}

static void full(void) {
  int a = udp(), b = udp(), sent = 0, got = 0;
  bind_to(a, "127.0.0.1", 5080);
  set(a, SOL_SOCKET, SO_RCVBUF, 20000);
  connect_to(b, "127.0.0.1", 5080);
  for (int i = 0; i < 200; i++) sent += send(b, buffer, 1000, 0) == 1000;
  equal("a full receiver is no error", sent, 200);
  while (recv(a, buffer, 1000, 0) > 0) got++;
  check("but drops", got > 0 && got < 200);
  equal("and takes more when it has room", send(b, "x", 1, 0), 1);
  equal("again", recv(a, buffer, 10, 0), 1);
  close(a), close(b);
}

static void waiting(void) {
  int a = socket(AF_INET, SOCK_DGRAM, 0);
  bind_to(a, "127.0.0.1", 5090);
  int child = fork();
  if (child == 0) {
    usleep(20000);
    int s = udp();
    send_to(s, "127.0.0.1", 5090, "wake");
    _exit(0);
  }
  equal("recv waits", recv(a, buffer, 100, 0), 4);
  waitpid(child, NULL, 0);
  struct timeval soon = {.tv_usec = 20000};
  setsockopt(a, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof soon);
  fails("not longer than SO_RCVTIMEO", recv(a, buffer, 100, 0), EAGAIN);
  close(a);
}

static void multicast(void) {
  int a = udp(), b = udp();
  struct ip_mreqn group = {.imr_ifindex = 1};
  inet_aton("239.1.2.3", &group.imr_multiaddr);
  bind_to(a, "0.0.0.0", 5110);
  equal("join", setsockopt(a, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof group), 0);
  fails("join again", setsockopt(a, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof group), EADDRINUSE);
  equal("IP_MULTICAST_IF", setsockopt(b, IPPROTO_IP, IP_MULTICAST_IF, &group, sizeof group), 0);
  equal("leave", setsockopt(a, IPPROTO_IP, IP_DROP_MEMBERSHIP, &group, sizeof group), 0);
  fails("leave again", setsockopt(a, IPPROTO_IP, IP_DROP_MEMBERSHIP, &group, sizeof group), EADDRNOTAVAIL);
  inet_aton("10.0.0.1", &group.imr_multiaddr);
  fails("no group", setsockopt(a, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof group), EINVAL);
  close(a), close(b);
}

static void six(void) {
  int a = udp6(), b = udp6(), four = udp();
  struct sockaddr_in6 to = at6("::1", 5120), from;
  socklen_t length = sizeof from;
  check_text("an unbound name", name_of(a, 0), ":::0");
  equal("bind ::1", bind_to6(a, "::1", 5120), 0);
  equal("sendto ::1", sendto(b, "six", 3, 0, A(to)), 3);
  equal("recvfrom", recvfrom(a, buffer, 100, 0, (struct sockaddr *)&from, &length), 3);
  equal("length of the address", length, sizeof from);
  check_text("the sender", shown((struct sockaddr *)&from), "::1:some");
  for (int i = 0; i < 65487; i++) buffer[i] = i * 3;
  equal("a long one", sendto(b, buffer, 65487, 0, A(to)), 65487);
  equal("arrives", recv(a, buffer, sizeof buffer, 0), 65487);
  fails("no way to there", (to = at6("2001:db8::1", 1), sendto(b, "x", 1, 0, A(to))), ENETUNREACH);
  fails("bind has come too late", bind_to6(b, "2001:db8::1", 0), EINVAL);
  close(b);
  b = udp6();
  fails("not ours", bind_to6(b, "2001:db8::1", 0), EADDRNOTAVAIL);
  close(b);
  b = udp6();
  to = at6("::1", 5999);
  equal("connect", connect(b, A(to)), 0);
  check_text("our end", name_of(b, 0), "::1:some");
  send(b, "x", 1, 0);
  fails("refused", recv(b, buffer, 10, 0), ECONNREFUSED);
  close(a), close(b), close(four);
}

static void both(void) {
  int a = udp6(), four = udp(), six = udp6(), t = udp();
  struct sockaddr_storage from;
  socklen_t length = sizeof from;
  equal("bind ::", bind_to6(a, "::", 5130), 0);
  fails("has IPv4's port too", bind_to(t, "0.0.0.0", 5130), EADDRINUSE);
  send_to(four, "127.0.0.1", 5130, "v4");
  equal("from IPv4", recvfrom(a, buffer, 100, 0, (struct sockaddr *)&from, &length), 2);
  check_text("the sender is mapped", shown((struct sockaddr *)&from), "::ffff:127.0.0.1:some");
  equal("an answer", sendto(a, "answer", 6, 0, (struct sockaddr *)&from, length), 6);
  length = sizeof from;
  equal("arrives", recvfrom(four, buffer, 100, 0, (struct sockaddr *)&from, &length), 6);
  check_text("as IPv4", shown((struct sockaddr *)&from), "127.0.0.1:bound");
  struct sockaddr_in6 to = at6("::1", 5130);
  sendto(six, "v6", 2, 0, A(to));
  length = sizeof from;
  recvfrom(a, buffer, 100, 0, (struct sockaddr *)&from, &length);
  check_text("from IPv6", shown((struct sockaddr *)&from), "::1:some");
  struct sockaddr_in plain = at("127.0.0.1", 5130);
  equal("an IPv4 address at an IPv6 socket", sendto(six, "v4", 2, 0, A(plain)), 2);
  close(a);
  a = udp6();
  equal("IPV6_V6ONLY", set(a, IPPROTO_IPV6, IPV6_V6ONLY, 1), 0);
  equal("bind ::", bind_to6(a, "::", 5130), 0);
  fails("too late for IPV6_V6ONLY", set(a, IPPROTO_IPV6, IPV6_V6ONLY, 0), EINVAL);
  equal("leaves IPv4's port", bind_to(t, "0.0.0.0", 5130), 0);
  send_to(four, "127.0.0.1", 5130, "v4");
  equal("which gets it", recv(t, buffer, 10, 0), 2);
  to = at6("::ffff:127.0.0.1", 5130);
  fails("no mapped address", sendto(a, "x", 1, 0, A(to)), ENETUNREACH);
  close(a), close(t), close(four), close(six);
  a = udp6();
  equal("IPV6_UNICAST_HOPS", option(a, IPPROTO_IPV6, IPV6_UNICAST_HOPS), 64);
  equal("IPV6_RECVPKTINFO", set(a, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1), 0);
  equal("IPV6_RECVHOPLIMIT", set(a, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1), 0);
  bind_to6(a, "::", 5131);
  six = udp6();
  to = at6("::1", 5131);
  sendto(six, "x", 1, 0, A(to));
  char control[256];
  struct msghdr message = {.msg_iov = &(struct iovec){buffer, 100}, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  equal("recvmsg", recvmsg(a, &message, 0), 1);
  for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
    print_line("level %d type %d length %d", c->cmsg_level, c->cmsg_type, (int)c->cmsg_len);
    if (c->cmsg_type == IPV6_HOPLIMIT) equal("hops", *(int *)CMSG_DATA(c), 64);
    if (c->cmsg_type == IPV6_PKTINFO) check("the address", IN6_IS_ADDR_LOOPBACK(&((struct in6_pktinfo *)CMSG_DATA(c))->ipi6_addr));
  }
  close(a), close(six);
}

int main(void) {
  making();
  binding();
  reuse_port();
  talking();
  lengths();
  connecting();
  refused();
  control_messages();
  options();
  corking();
  shutting();
  full();
  waiting();
  multicast();
  six();
  both();
  return check_failures != 0;
}
