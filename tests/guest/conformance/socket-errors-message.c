/*
 * socket-errors-message: every errno of sendto, sendmsg, sendmmsg, recvfrom, recvmsg and recvmmsg by family, and how they end or go on when a
 * signal comes (signal(7)).
 */
#include "check.h"
#include <linux/netlink.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>

#ifndef IP_LOCAL_PORT_RANGE
#define IP_LOCAL_PORT_RANGE 51
#endif
#define BAD ((void *)8)
#define ANY(address) ((struct sockaddr *)&(address)), sizeof(address)

static char bytes[1 << 18];

static struct sockaddr_un named(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  memcpy(address.sun_path, path, strlen(path));
  return address;
}

static struct sockaddr_in at(unsigned host, int port) {
  return (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(host)};
}

static void become(int uid) {
  if (setgid(uid) < 0 || setuid(uid) < 0) print_line("FAIL cannot become user %d", uid);
}

/** sendmsg of `length` bytes to `to`, with control data. */
static long send_message(int s, void *to, socklen_t to_length, size_t length, void *control, size_t control_length, int flags) {
  struct iovec piece = {bytes, length};
  struct msghdr message = {.msg_name = to, .msg_namelen = to_length, .msg_iov = &piece, .msg_iovlen = 1};
  message.msg_control = control;
  message.msg_controllen = control_length;
  return sendmsg(s, &message, flags);
}

static long receive_message(int s, size_t length, int flags) {
  struct iovec piece = {bytes, length};
  struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
  return recvmsg(s, &message, flags);
}

static long send_many(int s, size_t length, int flags) {
  struct iovec piece = {bytes, length};
  struct mmsghdr messages[2] = {{.msg_hdr = {.msg_iov = &piece, .msg_iovlen = 1}}, {.msg_hdr = {.msg_iov = &piece, .msg_iovlen = 1}}};
  return sendmmsg(s, messages, 2, flags);
}

static long receive_many(int s, size_t length, int flags, struct timespec *timeout) {
  struct iovec piece = {bytes, length};
  struct mmsghdr messages[2] = {{.msg_hdr = {.msg_iov = &piece, .msg_iovlen = 1}}, {.msg_hdr = {.msg_iov = &piece, .msg_iovlen = 1}}};
  return recvmmsg(s, messages, 2, flags, timeout);
}

static void pair(int ends[2], int type) {
  if (socketpair(AF_UNIX, type, 0, ends) < 0) print_line("FAIL socketpair (errno %s)", error_name(errno));
}

static void close_both(int ends[2]) {
  close(ends[0]);
  close(ends[1]);
}

/** What all families have in common. */
static void common(void) {
  int ends[2];
  pair(ends, SOCK_STREAM);
  fails("sendto EBADF", sendto(-1, "x", 1, 0, NULL, 0), EBADF);
  fails("sendmsg EBADF", send_message(-1, NULL, 0, 1, NULL, 0, 0), EBADF);
  fails("sendmmsg EBADF", send_many(-1, 1, 0), EBADF);
  fails("recvfrom EBADF", recvfrom(-1, bytes, 1, 0, NULL, NULL), EBADF);
  fails("recvmsg EBADF", receive_message(-1, 1, 0), EBADF);
  fails("recvmmsg EBADF", receive_many(-1, 1, 0, NULL), EBADF);
  fails("sendto ENOTSOCK", sendto(0, "x", 1, 0, NULL, 0), ENOTSOCK);
  fails("sendmsg ENOTSOCK", send_message(0, NULL, 0, 1, NULL, 0, 0), ENOTSOCK);
  fails("sendmmsg ENOTSOCK", send_many(0, 1, 0), ENOTSOCK);
  fails("recvfrom ENOTSOCK", recvfrom(0, bytes, 1, 0, NULL, NULL), ENOTSOCK);
  fails("recvmsg ENOTSOCK", receive_message(0, 1, 0), ENOTSOCK);
  fails("recvmmsg ENOTSOCK", receive_many(0, 1, 0, NULL), ENOTSOCK);
  fails("sendto EFAULT", sendto(ends[0], BAD, 1, 0, NULL, 0), EFAULT);
  fails("sendto EFAULT: address", sendto(ends[0], bytes, 1, 0, BAD, 16), EFAULT);
  fails("sendto EINVAL: length of the address", sendto(ends[0], bytes, 1, 0, ANY(bytes)), EINVAL);
  fails("sendmsg EFAULT", sendmsg(ends[0], BAD, 0), EFAULT);
  struct msghdr message = {.msg_iov = BAD, .msg_iovlen = 1};
  fails("sendmsg EFAULT: pieces", sendmsg(ends[0], &message, 0), EFAULT);
  fails("recvmsg EFAULT: pieces", recvmsg(ends[0], &message, 0), EFAULT);
  fails("recvmsg EFAULT", recvmsg(ends[0], BAD, 0), EFAULT);
  fails("sendmmsg EFAULT", sendmmsg(ends[0], BAD, 1, 0), EFAULT);
  fails("recvmmsg EFAULT", recvmmsg(ends[0], BAD, 1, 0, NULL), EFAULT);
  fails("recvmmsg EFAULT: timeout", receive_many(ends[0], 1, MSG_DONTWAIT, BAD), EFAULT);
  struct iovec piece = {bytes, 1};
  message = (struct msghdr){.msg_iov = &piece, .msg_iovlen = 1025};
  fails("sendmsg EMSGSIZE: too many pieces", sendmsg(ends[0], &message, 0), EMSGSIZE);
  fails("recvmsg EMSGSIZE: too many pieces", recvmsg(ends[0], &message, 0), EMSGSIZE);
  struct mmsghdr many = {.msg_hdr = message};
  fails("sendmmsg EMSGSIZE: too many pieces", sendmmsg(ends[0], &many, 1, 0), EMSGSIZE);
  fails("recvmmsg EMSGSIZE: too many pieces", recvmmsg(ends[0], &many, 1, 0, NULL), EMSGSIZE);
  message = (struct msghdr){.msg_iov = &piece, .msg_iovlen = 1, .msg_name = bytes, .msg_namelen = -1};
  fails("sendmsg EINVAL: negative length", sendmsg(ends[0], &message, 0), EINVAL);
  fails("recvmsg EINVAL: negative length", recvmsg(ends[0], &message, MSG_DONTWAIT), EINVAL);
  struct iovec negative = {bytes, (size_t)-1};
  message = (struct msghdr){.msg_iov = &negative, .msg_iovlen = 1};
  fails("sendmsg EINVAL: negative piece", sendmsg(ends[0], &message, 0), EINVAL);
  fails("recvmsg EINVAL: negative piece", recvmsg(ends[0], &message, 0), EINVAL);
  many.msg_hdr = message;
  fails("sendmmsg EINVAL: negative piece", sendmmsg(ends[0], &many, 1, 0), EINVAL);
  struct timespec bad = {0, 1000000000};
  fails("recvmmsg EINVAL: timeout", receive_many(ends[0], 1, MSG_DONTWAIT, &bad), EINVAL);
  bad = (struct timespec){-1, 0};
  fails("recvmmsg EINVAL: negative timeout", receive_many(ends[0], 1, MSG_DONTWAIT, &bad), EINVAL);
  message = (struct msghdr){.msg_iov = &piece, .msg_iovlen = 1, .msg_control = bytes, .msg_controllen = 1ul << 32};
  fails("sendmsg ENOBUFS: control data", sendmsg(ends[0], &message, 0), ENOBUFS);
  many.msg_hdr = message;
  fails("sendmmsg ENOBUFS: control data", sendmmsg(ends[0], &many, 1, 0), ENOBUFS);
  fails("recvfrom EAGAIN", recvfrom(ends[0], bytes, 1, MSG_DONTWAIT, NULL, NULL), EAGAIN);
  fails("recvmsg EAGAIN", receive_message(ends[0], 1, MSG_DONTWAIT), EAGAIN);
  fails("recvmmsg EAGAIN", receive_many(ends[0], 1, MSG_DONTWAIT, NULL), EAGAIN);
  socklen_t length = -1;
  struct sockaddr_un from;
  equal("something is there", send(ends[1], "abc", 3, 0), 3);
  fails("recvfrom EFAULT", recvfrom(ends[0], BAD, 1, 0, NULL, NULL), EFAULT);
  fails("recvmsg EFAULT: bytes", ({ struct iovec nowhere = {BAD, 1}; struct msghdr m = {.msg_iov = &nowhere, .msg_iovlen = 1}; recvmsg(ends[0], &m, 0); }), EFAULT);
  fails("recvfrom EINVAL: negative length of the address", recvfrom(ends[0], bytes, 1, 0, (struct sockaddr *)&from, &length), EINVAL);
  fails("recvfrom EFAULT: length of the address", recvfrom(ends[0], bytes, 1, 0, (struct sockaddr *)&from, BAD), EFAULT);
  equal("those took a byte each", recv(ends[0], bytes, 9, 0), 1);
  close_both(ends);
}

static void unix_streams(void) {
  int ends[2], s = socket(AF_UNIX, SOCK_STREAM, 0), big = 4608;
  struct sockaddr_un nobody = named("nobody");
  signal(SIGPIPE, SIG_IGN);
  pair(ends, SOCK_STREAM);
  fails("sendto ENOTCONN", sendto(s, "x", 1, 0, NULL, 0), ENOTCONN);
  fails("sendmsg ENOTCONN", send_message(s, NULL, 0, 1, NULL, 0, 0), ENOTCONN);
  fails("sendmmsg ENOTCONN", send_many(s, 1, 0), ENOTCONN);
  fails("recvfrom EINVAL: AF_UNIX not connected", recvfrom(s, bytes, 1, 0, NULL, NULL), EINVAL);
  fails("recvmsg EINVAL: AF_UNIX not connected", receive_message(s, 1, 0), EINVAL);
  fails("recvmmsg EINVAL: AF_UNIX not connected", receive_many(s, 1, 0, NULL), EINVAL);
  fails("sendto EISCONN", sendto(ends[0], "x", 1, 0, ANY(nobody)), EISCONN);
  fails("sendmsg EISCONN", send_message(ends[0], &nobody, sizeof nobody, 1, NULL, 0, 0), EISCONN);
  fails("sendto EOPNOTSUPP: a stream without a connection", sendto(s, "x", 1, 0, ANY(nobody)), EOPNOTSUPP);
  fails("sendmsg EOPNOTSUPP: a stream without a connection", send_message(s, &nobody, sizeof nobody, 1, NULL, 0, 0), EOPNOTSUPP);
  fails("recvfrom EINVAL: no urgent byte", recvfrom(ends[0], bytes, 1, MSG_OOB, NULL, NULL), EINVAL);
  setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &big, sizeof big);
  while (send(ends[0], bytes, 4096, MSG_DONTWAIT) > 0) {
  }
  fails("sendto EAGAIN", sendto(ends[0], "x", 1, MSG_DONTWAIT, NULL, 0), EAGAIN);
  fails("sendmsg EAGAIN", send_message(ends[0], NULL, 0, 1, NULL, 0, MSG_DONTWAIT), EAGAIN);
  fails("sendmmsg EAGAIN", send_many(ends[0], 1, MSG_DONTWAIT), EAGAIN);
  send(ends[1], "x", 1, 0);
  close(ends[1]);
  fails("sendto EPIPE", sendto(ends[0], "x", 1, 0, NULL, 0), EPIPE);
  fails("sendmsg EPIPE", send_message(ends[0], NULL, 0, 1, NULL, 0, 0), EPIPE);
  fails("sendmmsg EPIPE", send_many(ends[0], 1, 0), EPIPE);
  equal("what was sent is there", recv(ends[0], bytes, 9, 0), 1);
  fails("recvfrom ECONNRESET: AF_UNIX closed with something unread", recvfrom(ends[0], bytes, 1, 0, NULL, NULL), ECONNRESET);
  equal("then the end", recv(ends[0], bytes, 9, 0), 0);
  close(ends[0]);
  close(s);
}

static void unix_rights(void) {
  int ends[2];
  pair(ends, SOCK_DGRAM);
  struct {
    struct cmsghdr header;
    int data[254];
  } control = {.header = {.cmsg_len = CMSG_LEN(4), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
  control.data[0] = 999;
  fails("sendmsg EBADF: a descriptor to send", send_message(ends[0], NULL, 0, 1, &control, CMSG_SPACE(4), 0), EBADF);
  control.data[0] = 0;
  control.header.cmsg_len = 15;
  fails("sendmsg EINVAL: a control message too short", send_message(ends[0], NULL, 0, 1, &control, CMSG_SPACE(4), 0), EINVAL);
  control.header.cmsg_len = CMSG_LEN(4 * 254);
  memset(control.data, 0, sizeof control.data);
  fails("sendmsg EINVAL: too many descriptors", send_message(ends[0], NULL, 0, 1, &control, CMSG_SPACE(4 * 254), 0), EINVAL);
  control.header.cmsg_len = CMSG_LEN(4);
  control.header.cmsg_type = 77;
  fails("sendmsg EINVAL: an unknown control message", send_message(ends[0], NULL, 0, 1, &control, CMSG_SPACE(4), 0), EINVAL);
  control.header.cmsg_type = SCM_CREDENTIALS;
  control.header.cmsg_len = CMSG_LEN(12);
  control.data[0] = getpid();
  control.data[1] = 0;
  control.data[2] = 0;
  equal("sendmsg: own credentials", send_message(ends[0], NULL, 0, 1, &control, CMSG_SPACE(12), 0), 1);
  control.data[0] = 1;
  fails("sendmsg EPERM: somebody else's number", send_message(ends[0], NULL, 0, 1, &control, CMSG_SPACE(12), 0), EPERM);
  equal("as nobody", in_child({
          become(1000);
          control.data[0] = getpid();
          fails("sendmsg EPERM: credentials", send_message(ends[0], NULL, 0, 1, &control, CMSG_SPACE(12), 0), EPERM);
          control.data[1] = control.data[2] = 1000;
          struct rlimit few = {20, 20};
          setrlimit(RLIMIT_NOFILE, &few);
          control.header.cmsg_type = SCM_RIGHTS;
          control.header.cmsg_len = CMSG_LEN(4 * 10);
          memset(control.data, 0, sizeof control.data);
          int queue[2];
          pair(queue, SOCK_STREAM);
          int sent = 0;
          while (sent < 10 && send_message(queue[0], NULL, 0, 1, &control, CMSG_SPACE(40), MSG_DONTWAIT) == 1) sent++;
          fails("sendmsg ETOOMANYREFS", send_message(queue[0], NULL, 0, 1, &control, CMSG_SPACE(40), MSG_DONTWAIT), ETOOMANYREFS);
          equal("after those", sent, 3);
        }),
        0);
  close_both(ends);
}

static void unix_datagrams(void) {
  mkdir("closed", 0700);
  make_file("file", "");
  chmod("file", 0666);
  symlink("loop", "loop");
  int ends[2], s = socket(AF_UNIX, SOCK_DGRAM, 0), d = socket(AF_UNIX, SOCK_DGRAM, 0), stream = socket(AF_UNIX, SOCK_STREAM, 0);
  struct sockaddr_un address = named("target"), there = named("stream"), file = named("file"), missing = named("missing"), loop = named("loop/x");
  struct sockaddr_un inside = named("closed/x"), behind = named("file/x");
  bind(s, ANY(address));
  bind(stream, ANY(there));
  fails("sendto ENOTCONN: AF_UNIX datagrams", sendto(d, "x", 1, 0, NULL, 0), ENOTCONN);
  fails("sendto ENOENT", sendto(d, "x", 1, 0, ANY(missing)), ENOENT);
  fails("sendmsg ENOENT", send_message(d, &missing, sizeof missing, 1, NULL, 0, 0), ENOENT);
  fails("sendto ENOTDIR", sendto(d, "x", 1, 0, ANY(behind)), ENOTDIR);
  fails("sendto ELOOP", sendto(d, "x", 1, 0, ANY(loop)), ELOOP);
  fails("sendto ECONNREFUSED: no socket", sendto(d, "x", 1, 0, ANY(file)), ECONNREFUSED);
  fails("sendmsg ECONNREFUSED: no socket", send_message(d, &file, sizeof file, 1, NULL, 0, 0), ECONNREFUSED);
  fails("sendto EPROTOTYPE", sendto(d, "x", 1, 0, ANY(there)), EPROTOTYPE);
  fails("sendto EMSGSIZE", sendto(d, bytes, sizeof bytes, 0, ANY(address)), EMSGSIZE);
  fails("sendmsg EMSGSIZE: a datagram", send_message(d, &address, sizeof address, sizeof bytes, NULL, 0, 0), EMSGSIZE);
  fails("sendto EOPNOTSUPP: MSG_OOB", sendto(d, "x", 1, MSG_OOB, ANY(address)), EOPNOTSUPP);
  fails("recvfrom EOPNOTSUPP: MSG_OOB", recvfrom(s, bytes, 1, MSG_OOB | MSG_DONTWAIT, NULL, NULL), EOPNOTSUPP);
  fails("recvmsg EOPNOTSUPP: MSG_OOB", receive_message(s, 1, MSG_OOB | MSG_DONTWAIT), EOPNOTSUPP);
  pair(ends, SOCK_DGRAM);
  equal("it hears one only", connect(s, ANY(address)), 0);
  fails("sendto EPERM", sendto(d, "x", 1, 0, ANY(address)), EPERM);
  fails("sendmsg EPERM", send_message(d, &address, sizeof address, 1, NULL, 0, 0), EPERM);
  equal("as nobody", in_child({
          become(1000);
          fails("sendto EACCES: no way through", sendto(d, "x", 1, 0, ANY(inside)), EACCES);
          fails("sendto EACCES: no writing", sendto(d, "x", 1, 0, ANY(address)), EACCES);
          fails("sendmsg EACCES", send_message(d, &address, sizeof address, 1, NULL, 0, 0), EACCES);
        }),
        0);
  close(ends[1]);
  fails("sendto ECONNREFUSED: the other end is closed", sendto(ends[0], "x", 1, 0, NULL, 0), ECONNREFUSED);
  fails("sendto ENOTCONN: and so it has none", sendto(ends[0], "x", 1, 0, NULL, 0), ENOTCONN);
  close(ends[0]);
  pair(ends, SOCK_SEQPACKET);
  int lone = socket(AF_UNIX, SOCK_SEQPACKET, 0);
  fails("recvfrom ENOTCONN: packets", recvfrom(lone, bytes, 1, 0, NULL, NULL), ENOTCONN);
  fails("recvmsg ENOTCONN: packets", receive_message(lone, 1, 0), ENOTCONN);
  fails("recvmmsg ENOTCONN: packets", receive_many(lone, 1, 0, NULL), ENOTCONN);
  fails("sendmmsg EMSGSIZE: a packet", send_many(ends[0], sizeof bytes, 0), EMSGSIZE);
  send(ends[0], "x", 1, 0);
  close(ends[1]);
  fails("sendto ECONNRESET: packets", sendto(ends[0], "x", 1, 0, NULL, 0), ECONNRESET);
  fails("sendto EPIPE: packets", sendto(ends[0], "x", 1, 0, NULL, 0), EPIPE);
  close(ends[0]);
  close(lone);
  close(s);
  close(d);
  close(stream);
}

static int listener(int port) {
  int s = socket(AF_INET, SOCK_STREAM, 0), one = 1;
  struct sockaddr_in address = at(INADDR_LOOPBACK, port);
  setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(s, ANY(address)) < 0 || listen(s, 5) < 0) print_line("FAIL cannot listen (errno %s)", error_name(errno));
  return s;
}

static void tcp_pair(int ends[2], int port) {
  struct sockaddr_in address = at(INADDR_LOOPBACK, port);
  int s = listener(port);
  ends[0] = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(ends[0], ANY(address)) < 0) print_line("FAIL cannot connect (errno %s)", error_name(errno));
  ends[1] = accept(s, NULL, NULL);
  close(s);
}

static void tcp(void) {
  int ends[2], s = socket(AF_INET, SOCK_STREAM, 0), l = listener(40021), soon = 300;
  fails("recvfrom ENOTCONN", recvfrom(s, bytes, 1, 0, NULL, NULL), ENOTCONN);
  fails("recvmsg ENOTCONN", receive_message(s, 1, 0), ENOTCONN);
  fails("recvmmsg ENOTCONN", receive_many(s, 1, 0, NULL), ENOTCONN);
  fails("recvfrom ENOTCONN: a listener", recvfrom(l, bytes, 1, 0, NULL, NULL), ENOTCONN);
  fails("sendto EPIPE: TCP not connected", sendto(s, "x", 1, 0, NULL, 0), EPIPE);
  fails("sendto EPIPE: a listener", sendto(l, "x", 1, 0, NULL, 0), EPIPE);
  tcp_pair(ends, 40022);
  fails("recvfrom EINVAL: no urgent byte of TCP", recvfrom(ends[0], bytes, 1, MSG_OOB, NULL, NULL), EINVAL);
  fails("recvfrom EAGAIN: TCP's error queue", recvfrom(ends[0], bytes, 1, MSG_ERRQUEUE, NULL, NULL), EAGAIN);
  shutdown(ends[0], SHUT_WR);
  fails("sendto EPIPE: TCP shut down", sendto(ends[0], "x", 1, 0, NULL, 0), EPIPE);
  struct linger at_once = {1, 0};
  setsockopt(ends[1], SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close(ends[1]);
  fails("recvfrom ECONNRESET", recvfrom(ends[0], bytes, 1, 0, NULL, NULL), ECONNRESET);
  close(ends[0]);
  tcp_pair(ends, 40022);
  setsockopt(ends[1], SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close(ends[1]);
  fails("recvmsg ECONNRESET", receive_message(ends[0], 1, 0), ECONNRESET);
  close(ends[0]);
  tcp_pair(ends, 40022);
  setsockopt(ends[1], SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close(ends[1]);
  fails("recvmmsg ECONNRESET", receive_many(ends[0], 1, 0, NULL), ECONNRESET);
  close(ends[0]);
  tcp_pair(ends, 40022);
  setsockopt(ends[1], SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close(ends[1]);
  fails("sendmsg ECONNRESET", send_message(ends[0], NULL, 0, 1, NULL, 0, 0), ECONNRESET);
  fails("sendmsg EPIPE: after that", send_message(ends[0], NULL, 0, 1, NULL, 0, 0), EPIPE);
  close(ends[0]);
  // A reader who never reads: its window stays closed, and the sender gives up.
  tcp_pair(ends, 40022);
  setsockopt(ends[0], IPPROTO_TCP, TCP_USER_TIMEOUT, &soon, sizeof soon);
  while (send(ends[0], bytes, sizeof bytes, MSG_DONTWAIT) > 0) {
  }
  struct pollfd wait = {ends[0], 0, 0};
  equal("TCP_USER_TIMEOUT", poll(&wait, 1, 60000), 1);
  fails("sendto ETIMEDOUT", sendto(ends[0], "x", 1, 0, NULL, 0), ETIMEDOUT);
  close_both(ends);
  close(s);
  close(l);
}

/** An ICMP error about the datagram that the socket at `port` sent to port 9, as a router would send it. */
static void complain(int port, int type, int code, unsigned info) {
  struct {
    struct icmphdr icmp;
    struct iphdr ip;
    struct udphdr udp;
  } packet = {.icmp = {.type = type, .code = code, .un.gateway = htonl(info)},
              .ip = {.version = 4, .ihl = 5, .tot_len = htons(29), .ttl = 64, .protocol = IPPROTO_UDP, .saddr = htonl(INADDR_LOOPBACK), .daddr = htonl(0x7f000002)},
              .udp = {.source = htons(port), .dest = htons(9), .len = htons(9)}};
  unsigned sum = 0;
  for (unsigned i = 0; i < sizeof packet / 2; i++) sum += ((unsigned short *)&packet)[i];
  sum = (sum & 0xffff) + (sum >> 16);
  packet.icmp.checksum = ~(sum + (sum >> 16));
  int raw = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
  struct sockaddr_in to = at(INADDR_LOOPBACK, 0);
  if (sendto(raw, &packet, sizeof packet, 0, ANY(to)) != sizeof packet) print_line("FAIL cannot complain (errno %s)", error_name(errno));
  close(raw);
}

static void udp(void) {
  int d = socket(AF_INET, SOCK_DGRAM, 0), c = socket(AF_INET, SOCK_DGRAM, 0), d6 = socket(AF_INET6, SOCK_DGRAM, 0);
  struct sockaddr_in far = at(0x0a010101, 9), all = at(0x7fffffff, 9), here = at(INADDR_LOOPBACK, 0), nobody = at(0x7f000002, 9), none = at(INADDR_LOOPBACK, 0);
  fails("sendto EDESTADDRREQ", sendto(d, "x", 1, 0, NULL, 0), EDESTADDRREQ);
  fails("sendmsg EDESTADDRREQ", send_message(d, NULL, 0, 1, NULL, 0, 0), EDESTADDRREQ);
  fails("sendmmsg EDESTADDRREQ", send_many(d, 1, 0), EDESTADDRREQ);
  fails("sendto ENETUNREACH", sendto(d, "x", 1, 0, ANY(far)), ENETUNREACH);
  fails("sendmsg ENETUNREACH", send_message(d, &far, sizeof far, 1, NULL, 0, 0), ENETUNREACH);
  fails("sendto EACCES: broadcast", sendto(d, "x", 1, 0, ANY(all)), EACCES);
  fails("sendto EINVAL: port 0", sendto(d, "x", 1, 0, ANY(none)), EINVAL);
  fails("sendto EINVAL: short", sendto(d, "x", 1, 0, (struct sockaddr *)&here, 15), EINVAL);
  fails("sendto EMSGSIZE: UDP", sendto(d, bytes, 65508, 0, ANY(nobody)), EMSGSIZE);
  fails("sendto EMSGSIZE: more than a packet", sendto(d, bytes, 65536, 0, ANY(nobody)), EMSGSIZE);
  fails("sendto EOPNOTSUPP: UDP, MSG_OOB", sendto(d, "x", 1, MSG_OOB, ANY(nobody)), EOPNOTSUPP);
  fails("sendmsg EOPNOTSUPP: UDP, MSG_OOB", send_message(d, &nobody, sizeof nobody, 1, NULL, 0, MSG_OOB), EOPNOTSUPP);
  fails("sendto EAFNOSUPPORT", ({ struct sockaddr_in6 other = {.sin6_family = AF_INET6}; sendto(d, "x", 1, 0, ANY(other)); }), EAFNOSUPPORT);
  fails("sendto EDESTADDRREQ: IPv6", sendto(d6, "x", 1, 0, NULL, 0), EDESTADDRREQ);
  fails("sendto EINVAL: IPv6, short", sendto(d6, "x", 1, 0, (struct sockaddr *)&(struct sockaddr_in6){.sin6_family = AF_INET6}, 20), EINVAL);
  fails("recvfrom EAGAIN: UDP", recvfrom(d, bytes, 1, MSG_DONTWAIT, NULL, NULL), EAGAIN);
  fails("recvfrom EAGAIN: an empty error queue", recvfrom(d, bytes, 1, MSG_ERRQUEUE, NULL, NULL), EAGAIN);
  fails("recvmsg EAGAIN: an empty error queue", receive_message(d, 1, MSG_ERRQUEUE), EAGAIN);
  bind(c, ANY(here));
  socklen_t length = sizeof here;
  getsockname(c, (struct sockaddr *)&here, &length);
  equal("connected to nobody", connect(c, ANY(nobody)), 0);
  equal("send", send(c, "x", 1, 0), 1);
  fails("recvfrom ECONNREFUSED", recvfrom(c, bytes, 1, 0, NULL, NULL), ECONNREFUSED);
  send(c, "x", 1, 0);
  fails("sendto ECONNREFUSED: of what was sent before", sendto(c, "x", 1, 0, NULL, 0), ECONNREFUSED);
  send(c, "x", 1, 0);
  fails("recvmsg ECONNREFUSED", receive_message(c, 1, 0), ECONNREFUSED);
  send(c, "x", 1, 0);
  fails("recvmmsg ECONNREFUSED", receive_many(c, 1, 0, NULL), ECONNREFUSED);
  send(c, "x", 1, 0);
  fails("sendmmsg ECONNREFUSED", send_many(c, 1, 0), ECONNREFUSED);
  int port = ntohs(here.sin_port);
  complain(port, ICMP_PARAMETERPROB, 0, 0);
  fails("recvfrom EPROTO: a parameter problem", recvfrom(c, bytes, 1, MSG_DONTWAIT, NULL, NULL), EPROTO);
  complain(port, ICMP_DEST_UNREACH, ICMP_PROT_UNREACH, 0);
  fails("recvfrom ENOPROTOOPT: no such protocol there", recvfrom(c, bytes, 1, MSG_DONTWAIT, NULL, NULL), ENOPROTOOPT);
  complain(port, ICMP_DEST_UNREACH, ICMP_HOST_UNREACH, 0);
  fails("recvfrom EAGAIN: soft errors are not told", recvfrom(c, bytes, 1, MSG_DONTWAIT, NULL, NULL), EAGAIN);
  int one = 1;
  setsockopt(c, IPPROTO_IP, IP_RECVERR, &one, sizeof one);
  complain(port, ICMP_DEST_UNREACH, ICMP_HOST_UNREACH, 0);
  fails("recvfrom EHOSTUNREACH", recvfrom(c, bytes, 1, MSG_DONTWAIT, NULL, NULL), EHOSTUNREACH);
  equal("and it is in the error queue, of a packet without data", receive_message(c, 9, MSG_ERRQUEUE), 0);
  complain(port, ICMP_DEST_UNREACH, ICMP_NET_UNREACH, 0);
  fails("sendto ENETUNREACH: a router says so", sendto(c, "x", 1, 0, NULL, 0), ENETUNREACH);
  complain(port, ICMP_DEST_UNREACH, ICMP_NET_ANO, 0);
  fails("recvfrom ENETUNREACH: forbidden", recvfrom(c, bytes, 1, MSG_DONTWAIT, NULL, NULL), ENETUNREACH);
  complain(port, ICMP_DEST_UNREACH, ICMP_PKT_FILTERED, 0);
  fails("recvfrom EHOSTUNREACH: filtered", recvfrom(c, bytes, 1, MSG_DONTWAIT, NULL, NULL), EHOSTUNREACH);
  complain(port, ICMP_TIME_EXCEEDED, 0, 0);
  fails("recvfrom EHOSTUNREACH: too many hops", recvfrom(c, bytes, 1, MSG_DONTWAIT, NULL, NULL), EHOSTUNREACH);
  int e = socket(AF_INET, SOCK_DGRAM, 0), f = socket(AF_INET, SOCK_DGRAM, 0);
  unsigned range = 40023 | 40023u << 16;
  setsockopt(e, IPPROTO_IP, IP_LOCAL_PORT_RANGE, &range, sizeof range);
  setsockopt(f, IPPROTO_IP, IP_LOCAL_PORT_RANGE, &range, sizeof range);
  equal("the one port", sendto(e, "x", 1, 0, ANY(nobody)), 1);
  fails("sendto EAGAIN: no port is left", sendto(f, "x", 1, 0, ANY(nobody)), EAGAIN);
  int raw = socket(AF_INET, SOCK_RAW, 253);
  fails("sendto EDESTADDRREQ: raw", sendto(raw, "x", 1, 0, NULL, 0), EDESTADDRREQ);
  fails("sendto EMSGSIZE: raw", sendto(raw, bytes, 65536, 0, ANY(here)), EMSGSIZE);
  fails("sendto EOPNOTSUPP: raw, MSG_OOB", sendto(raw, "x", 1, MSG_OOB, ANY(here)), EOPNOTSUPP);
  fails("recvfrom EOPNOTSUPP: raw, MSG_OOB", recvfrom(raw, bytes, 1, MSG_OOB | MSG_DONTWAIT, NULL, NULL), EOPNOTSUPP);
  fails("sendto EACCES: raw broadcast", sendto(raw, "x", 1, 0, ANY(all)), EACCES);
  fails("sendto EINVAL: raw, short", sendto(raw, "x", 1, 0, (struct sockaddr *)&here, 15), EINVAL);
  close(d);
  close(c);
  close(d6);
  close(e);
  close(f);
  close(raw);
}

static void netlink(void) {
  int s = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
  struct sockaddr_nl nobody = {.nl_family = AF_NETLINK, .nl_pid = 99999}, other = {.nl_family = AF_INET};
  fails("sendto EINVAL: not netlink", sendto(s, bytes, 16, 0, ANY(other)), EINVAL);
  fails("sendto EINVAL: netlink, short", sendto(s, bytes, 16, 0, (struct sockaddr *)&nobody, 11), EINVAL);
  fails("sendto EPERM: another program's address", sendto(s, bytes, 16, 0, ANY(nobody)), EPERM);
  fails("sendto EOPNOTSUPP: netlink, MSG_OOB", sendto(s, bytes, 16, MSG_OOB, NULL, 0), EOPNOTSUPP);
  fails("recvfrom EOPNOTSUPP: netlink, MSG_OOB", recvfrom(s, bytes, 16, MSG_OOB, NULL, NULL), EOPNOTSUPP);
  fails("sendto EMSGSIZE: netlink", sendto(s, bytes, sizeof bytes, 0, NULL, 0), EMSGSIZE);
  fails("recvfrom EAGAIN: netlink", recvfrom(s, bytes, 16, MSG_DONTWAIT, NULL, NULL), EAGAIN);
  equal("as nobody", in_child({
          become(1000);
          struct sockaddr_nl group = {.nl_family = AF_NETLINK, .nl_groups = 1};
          fails("sendto EPERM: a group of netlink", sendto(socket(AF_NETLINK, SOCK_RAW, 0), bytes, 16, 0, ANY(group)), EPERM);
        }),
        0);
  close(s);
}

int main(void) {
  enter_scratch();
  common();
  unix_streams();
  unix_rights();
  unix_datagrams();
  tcp();
  udp();
  netlink();
  return finish();
}
