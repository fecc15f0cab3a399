/*
 * socket-errors: every errno of socket, socketpair, bind, listen, accept, accept4, getsockname, getpeername and shutdown, by the families' pages
 * (unix(7), ip(7), ipv6(7), tcp(7), udp(7), raw(7), netlink(7)).
 */
#include "check.h"
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#ifndef IP_LOCAL_PORT_RANGE
#define IP_LOCAL_PORT_RANGE 51
#endif
#define BAD ((void *)8)
#define ANY(address) ((struct sockaddr *)&(address)), sizeof(address)

static struct sockaddr_un named(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  memcpy(address.sun_path, path, strlen(path));
  return address;
}

static struct sockaddr_in at(unsigned host, int port) {
  return (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(host)};
}

static struct sockaddr_in6 at6(struct in6_addr host, int port, unsigned scope) {
  return (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = host, .sin6_scope_id = scope};
}

static int bind_path(const char *path) {
  int s = socket(AF_UNIX, SOCK_STREAM, 0);
  struct sockaddr_un address = named(path);
  int result = bind(s, ANY(address));
  int error = errno;
  close(s);
  errno = error;
  return result;
}

static void become(int uid) {
  if (setgid(uid) < 0 || setuid(uid) < 0) print_line("FAIL cannot become user %d", uid);
}

static void only_descriptors(int count) {
  struct rlimit limit = {count, count};
  setrlimit(RLIMIT_NOFILE, &limit);
}

/** Lets the socket have one port of its own choice only. */
static void one_port(int s, int port) {
  unsigned range = (unsigned)port | (unsigned)port << 16;
  equal("one port to choose", setsockopt(s, IPPROTO_IP, IP_LOCAL_PORT_RANGE, &range, sizeof range), 0);
}

static void sockets(void) {
  int ends[2];
  fails("socket EAFNOSUPPORT: a family nobody has", socket(AF_X25, SOCK_STREAM, 0), EAFNOSUPPORT);
  fails("socket EAFNOSUPPORT: a family out of range", socket(46, SOCK_STREAM, 0), EAFNOSUPPORT);
  fails("socket EAFNOSUPPORT: AF_UNSPEC", socket(AF_UNSPEC, SOCK_STREAM, 0), EAFNOSUPPORT);
  fails("socket EINVAL: flags", socket(AF_INET, SOCK_STREAM | 1 << 20, 0), EINVAL);
  fails("socket EINVAL: type out of range", socket(AF_INET, 11, 0), EINVAL);
  fails("socket EINVAL: protocol out of range", socket(AF_INET, SOCK_RAW, 263), EINVAL);
  fails("socket EPROTONOSUPPORT: UDP by a stream", socket(AF_INET, SOCK_STREAM, IPPROTO_UDP), EPROTONOSUPPORT);
  fails("socket EPROTONOSUPPORT: TCP by datagrams", socket(AF_INET6, SOCK_DGRAM, IPPROTO_TCP), EPROTONOSUPPORT);
  fails("socket EPROTONOSUPPORT: raw without a protocol", socket(AF_INET, SOCK_RAW, 0), EPROTONOSUPPORT);
  fails("socket EPROTONOSUPPORT: AF_UNIX", socket(AF_UNIX, SOCK_STREAM, 2), EPROTONOSUPPORT);
  fails("socket EPROTONOSUPPORT: netlink", socket(AF_NETLINK, SOCK_RAW, 21), EPROTONOSUPPORT);
  fails("socket EPROTONOSUPPORT: netlink out of range", socket(AF_NETLINK, SOCK_RAW, 32), EPROTONOSUPPORT);
  fails("socket ESOCKTNOSUPPORT: AF_INET", socket(AF_INET, SOCK_RDM, 0), ESOCKTNOSUPPORT);
  fails("socket ESOCKTNOSUPPORT: AF_INET has no such packets", socket(AF_INET6, SOCK_SEQPACKET, 0), ESOCKTNOSUPPORT);
  fails("socket ESOCKTNOSUPPORT: AF_UNIX", socket(AF_UNIX, SOCK_RDM, 0), ESOCKTNOSUPPORT);
  fails("socket ESOCKTNOSUPPORT: netlink", socket(AF_NETLINK, SOCK_STREAM, 0), ESOCKTNOSUPPORT);
  fails("socketpair EAFNOSUPPORT", socketpair(AF_X25, SOCK_STREAM, 0, ends), EAFNOSUPPORT);
  fails("socketpair EFAULT", socketpair(AF_UNIX, SOCK_STREAM, 0, BAD), EFAULT);
  fails("socketpair EINVAL: flags", socketpair(AF_UNIX, SOCK_STREAM | 1 << 20, 0, ends), EINVAL);
  fails("socketpair EOPNOTSUPP: TCP", socketpair(AF_INET, SOCK_STREAM, 0, ends), EOPNOTSUPP);
  fails("socketpair EOPNOTSUPP: UDP", socketpair(AF_INET6, SOCK_DGRAM, 0, ends), EOPNOTSUPP);
  fails("socketpair EOPNOTSUPP: netlink", socketpair(AF_NETLINK, SOCK_RAW, 0, ends), EOPNOTSUPP);
  fails("socketpair EPROTONOSUPPORT", socketpair(AF_UNIX, SOCK_STREAM, 2, ends), EPROTONOSUPPORT);
  fails("socketpair ESOCKTNOSUPPORT", socketpair(AF_UNIX, SOCK_RDM, 0, ends), ESOCKTNOSUPPORT);
  equal("with few descriptors", in_child({
          int spare = dup(0);
          only_descriptors(spare + 1);
          fails("socket EMFILE", socket(AF_UNIX, SOCK_STREAM, 0), EMFILE);
          fails("socketpair EMFILE: none", socketpair(AF_UNIX, SOCK_STREAM, 0, ends), EMFILE);
          close(spare);
          fails("socketpair EMFILE: one", socketpair(AF_UNIX, SOCK_STREAM, 0, ends), EMFILE);
          equal("the one is free still", socket(AF_UNIX, SOCK_STREAM, 0), spare);
        }),
        0);
  equal("as nobody", in_child({
          become(1000);
          fails("socket EPERM: raw", socket(AF_INET, SOCK_RAW, IPPROTO_ICMP), EPERM);
          fails("socket EPERM: raw IPv6", socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6), EPERM);
        }),
        0);
}

static void bind_unix(void) {
  mkdir("closed", 0700);
  mkdir("readable", 0755);
  make_file("file", "");
  symlink("loop", "loop");
  struct sockaddr_un address = named("socket");
  int s = socket(AF_UNIX, SOCK_STREAM, 0);
  fails("bind EINVAL: too short", bind(s, (struct sockaddr *)&address, 1), EINVAL);
  fails("bind EINVAL: negative length", bind(s, (struct sockaddr *)&address, -1), EINVAL);
  fails("bind EINVAL: too long", bind(s, (struct sockaddr *)&address, sizeof address + 1), EINVAL);
  fails("bind EFAULT", bind(s, BAD, sizeof address), EFAULT);
  address.sun_family = AF_INET;
  fails("bind EINVAL: not AF_UNIX", bind(s, ANY(address)), EINVAL);
  address.sun_family = AF_UNIX;
  equal("bind", bind(s, ANY(address)), 0);
  fails("bind EADDRINUSE: to its own name once more", bind(s, ANY(address)), EADDRINUSE);
  address = named("another");
  fails("bind EINVAL: bound already", bind(s, ANY(address)), EINVAL);
  fails("nothing is left of that", access("another", F_OK), ENOENT);
  fails("bind EADDRINUSE: AF_UNIX", bind_path("socket"), EADDRINUSE);
  fails("bind EADDRINUSE: a file", bind_path("file"), EADDRINUSE);
  fails("bind ENOENT", bind_path("missing/socket"), ENOENT);
  fails("bind ENOTDIR", bind_path("file/socket"), ENOTDIR);
  fails("bind ELOOP", bind_path("loop/socket"), ELOOP);
  fails("bind EADDRINUSE: a link that leads nowhere", bind_path("loop"), EADDRINUSE);
  fails("bind EROFS", bind_path("/readonly/socket"), EROFS);
  char longest[109];
  memset(longest, 'x', 108);
  longest[108] = 0;
  equal("bind: a name of 108 bytes", bind_path(longest), 0);
  equal("as nobody", in_child({
          become(1000);
          fails("bind EACCES: no way through", bind_path("closed/socket"), EACCES);
          fails("bind EACCES: no writing there", bind_path("readable/socket"), EACCES);
        }),
        0);
  close(s);
}

static void bind_inet(void) {
  struct sockaddr_in address = at(INADDR_LOOPBACK, 0), foreign = at(0x0a010101, 0), other = address;
  socklen_t length = sizeof address;
  int s = socket(AF_INET, SOCK_STREAM, 0), u = socket(AF_INET, SOCK_STREAM, 0), d = socket(AF_INET, SOCK_DGRAM, 0);
  fails("bind EINVAL: short AF_INET", bind(s, (struct sockaddr *)&address, sizeof address - 1), EINVAL);
  fails("bind EADDRNOTAVAIL: AF_INET", bind(s, ANY(foreign)), EADDRNOTAVAIL);
  fails("bind EADDRNOTAVAIL: UDP", bind(d, ANY(foreign)), EADDRNOTAVAIL);
  other.sin_family = AF_INET6;
  fails("bind EAFNOSUPPORT", bind(s, ANY(other)), EAFNOSUPPORT);
  fails("bind EFAULT: AF_INET", bind(s, BAD, sizeof address), EFAULT);
  one_port(s, 40001);
  one_port(u, 40001);
  equal("bind: the one port", bind(s, ANY(address)), 0);
  getsockname(s, (struct sockaddr *)&address, &length);
  equal("it is", ntohs(address.sin_port), 40001);
  fails("bind EINVAL: AF_INET bound already", bind(s, ANY(address)), EINVAL);
  fails("bind EADDRINUSE: AF_INET", bind(u, ANY(address)), EADDRINUSE);
  other = at(INADDR_LOOPBACK, 0);
  fails("bind EADDRINUSE: all ports of its own choice are taken", bind(u, ANY(other)), EADDRINUSE);
  fails("listen EADDRINUSE: all ports of its own choice are taken",
        ({ other = at(INADDR_ANY, 0); int v = socket(AF_INET, SOCK_STREAM, 0); one_port(v, 40001); int r = listen(v, 1), e = errno; close(v); errno = e; r; }),
        EADDRINUSE);
  equal("as nobody", in_child({
          become(1000);
          struct sockaddr_in low = at(INADDR_LOOPBACK, 80);
          fails("bind EACCES: a privileged port", bind(socket(AF_INET, SOCK_STREAM, 0), ANY(low)), EACCES);
          fails("bind EACCES: a privileged port of UDP", bind(socket(AF_INET, SOCK_DGRAM, 0), ANY(low)), EACCES);
        }),
        0);
  close(s);
  close(u);
  close(d);
}

static void bind_others(void) {
  struct in6_addr link = {{{0xfe, 0x80, [15] = 1}}}, far = {{{0x20, 0x01, 0x0d, 0xb8, [15] = 1}}};
  struct sockaddr_in6 address = at6(link, 0, 0);
  int s = socket(AF_INET6, SOCK_STREAM, 0);
  fails("bind EINVAL: a link-local address of no interface", bind(s, ANY(address)), EINVAL);
  address = at6(link, 0, 999);
  fails("bind ENODEV: no such interface", bind(s, ANY(address)), ENODEV);
  address = at6(link, 0, 1);
  fails("bind EADDRNOTAVAIL: link-local", bind(s, ANY(address)), EADDRNOTAVAIL);
  address = at6(far, 0, 0);
  fails("bind EADDRNOTAVAIL: AF_INET6", bind(s, ANY(address)), EADDRNOTAVAIL);
  fails("bind EINVAL: short AF_INET6", bind(s, (struct sockaddr *)&address, 23), EINVAL);
  address.sin6_family = AF_INET;
  fails("bind EAFNOSUPPORT: AF_INET6", bind(s, ANY(address)), EAFNOSUPPORT);
  int d = socket(AF_INET6, SOCK_DGRAM, 0), raw = socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6);
  address = at6(link, 0, 999);
  fails("bind ENODEV: UDP", bind(d, ANY(address)), ENODEV);
  fails("bind ENODEV: raw", bind(raw, ANY(address)), ENODEV);
  close(raw);
  raw = socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6);
  address = at6(link, 0, 0);
  fails("bind EINVAL: raw, link-local of no interface", bind(raw, ANY(address)), EINVAL);
  int netlink = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE), other = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
  struct sockaddr_nl name = {.nl_family = AF_NETLINK, .nl_pid = 77777};
  fails("bind EINVAL: short netlink", bind(netlink, (struct sockaddr *)&name, 11), EINVAL);
  equal("bind: netlink", bind(netlink, ANY(name)), 0);
  fails("bind EADDRINUSE: netlink", bind(other, ANY(name)), EADDRINUSE);
  name.nl_pid = 77778;
  fails("bind EINVAL: netlink bound already", bind(netlink, ANY(name)), EINVAL);
  name.nl_family = AF_INET;
  fails("bind EINVAL: not netlink", bind(other, ANY(name)), EINVAL);
  fails("bind EBADF", bind(-1, ANY(name)), EBADF);
  fails("bind ENOTSOCK", bind(0, ANY(name)), ENOTSOCK);
  close(s);
  close(d);
  close(raw);
  close(netlink);
  close(other);
}

static void listening(void) {
  int one = 1, a = socket(AF_INET, SOCK_STREAM, 0), b = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in address = at(INADDR_LOOPBACK, 40002);
  setsockopt(a, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  setsockopt(b, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  equal("two at one port", bind(a, ANY(address)) | bind(b, ANY(address)), 0);
  equal("one listens", listen(a, 1), 0);
  fails("listen EADDRINUSE", listen(b, 1), EADDRINUSE);
  fails("listen EBADF", listen(-1, 1), EBADF);
  fails("listen ENOTSOCK", listen(0, 1), ENOTSOCK);
  int u = socket(AF_UNIX, SOCK_DGRAM, 0), unnamed = socket(AF_UNIX, SOCK_STREAM, 0);
  fails("listen EOPNOTSUPP: AF_UNIX datagrams", listen(u, 1), EOPNOTSUPP);
  fails("listen EINVAL: AF_UNIX without a name", listen(unnamed, 1), EINVAL);
  int d = socket(AF_INET, SOCK_DGRAM, 0), netlink = socket(AF_NETLINK, SOCK_RAW, 0);
  fails("listen EOPNOTSUPP: UDP", listen(d, 1), EOPNOTSUPP);
  fails("listen EOPNOTSUPP: netlink", listen(netlink, 1), EOPNOTSUPP);
  int c = socket(AF_INET, SOCK_STREAM, 0);
  equal("connected", connect(c, ANY(address)), 0);
  fails("listen EINVAL: connected", listen(c, 1), EINVAL);
  close(a);
  close(b);
  close(c);
  close(d);
  close(u);
  close(unnamed);
  close(netlink);
}

static void accepting(void) {
  struct sockaddr_un address = named("listener"), from;
  socklen_t length = sizeof from, negative = -1;
  int s = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
  bind(s, ANY(address));
  fails("accept EINVAL: does not listen", accept(s, NULL, NULL), EINVAL);
  listen(s, 10);
  fails("accept EAGAIN", accept(s, NULL, NULL), EAGAIN);
  fails("accept4 EAGAIN", accept4(s, NULL, NULL, 0), EAGAIN);
  fails("accept4 EINVAL: flags", accept4(s, NULL, NULL, 1), EINVAL);
  fails("accept4 EBADF: before flags", accept4(-1, NULL, NULL, 1), EBADF);
  fails("accept EBADF", accept(-1, NULL, NULL), EBADF);
  fails("accept4 EBADF", accept4(-1, NULL, NULL, 0), EBADF);
  fails("accept ENOTSOCK", accept(0, NULL, NULL), ENOTSOCK);
  fails("accept4 ENOTSOCK", accept4(0, NULL, NULL, 0), ENOTSOCK);
  fails("accept4 EINVAL: flags, before ENOTSOCK", accept4(0, NULL, NULL, 1), EINVAL);
  int clients[4];
  for (int i = 0; i < 4; i++) {
    clients[i] = socket(AF_UNIX, SOCK_STREAM, 0);
    connect(clients[i], ANY(address));
  }
  fails("accept EFAULT", accept(s, BAD, &length), EFAULT);
  fails("accept4 EFAULT: length", accept4(s, (struct sockaddr *)&from, BAD, 0), EFAULT);
  fails("accept EINVAL: negative length", accept(s, (struct sockaddr *)&from, &negative), EINVAL);
  equal("those connections are gone, one is left", in_child({
          int accepted = accept(s, NULL, NULL);
          check("accepted", accepted >= 0);
          only_descriptors(accepted);
          fails("accept EMFILE", accept(s, NULL, NULL), EMFILE);
          fails("accept4 EMFILE", accept4(s, NULL, NULL, 0), EMFILE);
          close(accepted);
        }),
        0);
  int d = socket(AF_UNIX, SOCK_DGRAM, 0), u = socket(AF_INET, SOCK_DGRAM, 0), n = socket(AF_NETLINK, SOCK_RAW, 0);
  fails("accept EOPNOTSUPP: AF_UNIX datagrams", accept(d, NULL, NULL), EOPNOTSUPP);
  fails("accept EOPNOTSUPP: UDP", accept(u, NULL, NULL), EOPNOTSUPP);
  fails("accept4 EOPNOTSUPP: netlink", accept4(n, NULL, NULL, 0), EOPNOTSUPP);
  int t = socket(AF_INET, SOCK_STREAM, 0);
  fails("accept EINVAL: TCP does not listen", accept(t, NULL, NULL), EINVAL);
  fails("accept4 EINVAL: TCP does not listen", accept4(t, NULL, NULL, 0), EINVAL);
  for (int i = 0; i < 4; i++) close(clients[i]);
  close(s);
  close(d);
  close(u);
  close(n);
  close(t);
}

static void names(void) {
  struct sockaddr_un from;
  socklen_t length = sizeof from, negative = -1;
  struct sockaddr *to = (struct sockaddr *)&from;
  int ends[2], t = socket(AF_INET, SOCK_STREAM, 0), d = socket(AF_INET6, SOCK_DGRAM, 0), u = socket(AF_UNIX, SOCK_DGRAM, 0);
  socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
  fails("getsockname EBADF", getsockname(-1, to, &length), EBADF);
  fails("getsockname ENOTSOCK", getsockname(0, to, &length), ENOTSOCK);
  fails("getsockname EFAULT: length", getsockname(ends[0], to, BAD), EFAULT);
  fails("getsockname EFAULT: address", getsockname(ends[0], BAD, &length), EFAULT);
  fails("getsockname EINVAL", getsockname(ends[0], to, &negative), EINVAL);
  fails("getpeername EBADF", getpeername(-1, to, &length), EBADF);
  fails("getpeername ENOTSOCK", getpeername(0, to, &length), ENOTSOCK);
  fails("getpeername EFAULT: length", getpeername(ends[0], to, BAD), EFAULT);
  fails("getpeername EFAULT: address", getpeername(ends[0], BAD, &length), EFAULT);
  fails("getpeername EINVAL", getpeername(ends[0], to, &negative), EINVAL);
  fails("getpeername ENOTCONN: TCP", getpeername(t, to, &length), ENOTCONN);
  fails("getpeername ENOTCONN: UDP", getpeername(d, to, &length), ENOTCONN);
  fails("getpeername ENOTCONN: AF_UNIX", getpeername(u, to, &length), ENOTCONN);
  fails("shutdown EBADF", shutdown(-1, SHUT_RDWR), EBADF);
  fails("shutdown ENOTSOCK", shutdown(0, SHUT_RDWR), ENOTSOCK);
  fails("shutdown EINVAL: how", shutdown(ends[0], 3), EINVAL);
  fails("shutdown EINVAL: negative", shutdown(ends[0], -1), EINVAL);
  fails("shutdown EINVAL: how, before ENOTCONN", shutdown(t, 3), EINVAL);
  fails("shutdown ENOTCONN: TCP", shutdown(t, SHUT_WR), ENOTCONN);
  fails("shutdown ENOTCONN: UDP", shutdown(d, SHUT_WR), ENOTCONN);
  int n = socket(AF_NETLINK, SOCK_RAW, 0);
  fails("shutdown EOPNOTSUPP: netlink", shutdown(n, SHUT_WR), EOPNOTSUPP);
  equal("shutdown: AF_UNIX does not mind", shutdown(u, SHUT_WR), 0);
  close(ends[0]);
  close(ends[1]);
  close(t);
  close(d);
  close(u);
  close(n);
}

int main(void) {
  enter_scratch();
  sockets();
  bind_unix();
  bind_inet();
  bind_others();
  listening();
  accepting();
  names();
  return finish();
}
