/* socket-tcp: TCP over loopback: making, naming and connecting, bytes, ends of connections, both families, waiting, polling. */
#include "check.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>

/** In the heap: all programs are one executable, whose memory mlockall(2) locks within RLIMIT_MEMLOCK. */
static char (*room)[1 << 20];
#define buffer (*room)

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

static int tcp(void) { return socket(AF_INET, SOCK_STREAM, 0); }

static int bind_to(int s, const char *address, int port) {
  struct sockaddr_in a = at(address, port);
  return bind(s, A(a));
}

static int connect_to(int s, const char *address, int port) {
  struct sockaddr_in a = at(address, port);
  return connect(s, A(a));
}

static int set_on(int s, int level, int name) {
  int on = 1;
  return setsockopt(s, level, name, &on, sizeof on);
}

static int listener_at(const char *address, int port, int backlog) {
  int s = tcp();
  set_on(s, SOL_SOCKET, SO_REUSEADDR);
  if (bind_to(s, address, port) < 0 || listen(s, backlog) < 0) return -1;
  return s;
}

static int port_of(int s) {
  struct sockaddr_in6 a;
  socklen_t length = sizeof a;
  getsockname(s, (struct sockaddr *)&a, &length);
  return ntohs(a.sin6_port);
}

static void pair(int ends[2]) {
  int server = listener_at("127.0.0.1", 0, 1);
  ends[0] = tcp();
  connect_to(ends[0], "127.0.0.1", port_of(server));
  ends[1] = accept(server, NULL, NULL);
  close(server);
}

static void close_both(int ends[2]) {
  close(ends[0]);
  close(ends[1]);
}

static int error_of(int s) {
  int error = -1;
  socklen_t length = sizeof error;
  getsockopt(s, SOL_SOCKET, SO_ERROR, &error, &length);
  return error;
}

static int events_of(int s, int wanted) {
  struct pollfd polled = {s, wanted, 0};
  poll(&polled, 1, 0);
  return polled.revents;
}
#define ALL (POLLIN | POLLOUT | POLLPRI | POLLRDHUP)

static volatile int signals_seen;
static void count_signal(int number) {
  (void)number;
  signals_seen++;
}

static void unread_signal(int number) {
  struct sigaction action = {.sa_handler = count_signal};
  sigaction(number, &action, NULL);
}

static void making(void) {
  fails("a datagram protocol", socket(AF_INET, SOCK_STREAM, IPPROTO_UDP), EPROTONOSUPPORT);
  int s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
  check("socket", s >= 0);
  equal("its events", events_of(s, ALL), POLLOUT | POLLHUP);
  fails("receiving", recv(s, buffer, 1, 0), ENOTCONN);
  fails("sending", send(s, buffer, 1, MSG_NOSIGNAL), EPIPE);
  fails("shutdown", shutdown(s, SHUT_RD), ENOTCONN);
  struct sockaddr_in a;
  socklen_t length = sizeof a;
  fails("getpeername", getpeername(s, (struct sockaddr *)&a, &length), ENOTCONN);
  equal("getsockname", getsockname(s, (struct sockaddr *)&a, &length), 0);
  check("is nothing", length == sizeof a && a.sin_family == AF_INET && a.sin_port == 0 && a.sin_addr.s_addr == 0);
  fails("accept", accept(s, NULL, NULL), EINVAL);
  int n = 0;
  equal("FIONREAD", ioctl(s, FIONREAD, &n), 0);
  equal("is 0", n, 0);
  fails("connect to nowhere", connect_to(s, "127.0.0.1", 1), EINPROGRESS);
  close(s);
  fails("a pair", socketpair(AF_INET, SOCK_STREAM, 0, (int[2]){0}), EOPNOTSUPP);
}

static void binding(void) {
  int a = tcp(), b = tcp();
  fails("a short address", bind(a, (struct sockaddr *)buffer, 8), EINVAL);
  struct sockaddr_in6 six = at6("::1", 0);
  fails("another family", bind(a, A(six)), EAFNOSUPPORT);
  fails("somebody else's address", bind_to(a, "192.0.2.1", 0), EADDRNOTAVAIL);
  equal("any port", bind_to(a, "127.0.0.1", 0), 0);
  int port = port_of(a);
  check("an ephemeral one", port >= 1024);
  fails("again", bind_to(a, "127.0.0.1", 0), EINVAL);
  fails("the same by another", bind_to(b, "127.0.0.1", port), EADDRINUSE);
  fails("by any address", bind_to(b, "0.0.0.0", port), EADDRINUSE);
  equal("of another address", bind_to(b, "127.0.0.2", port), 0);
  close(b);
  b = tcp();
  set_on(a, SOL_SOCKET, SO_REUSEADDR);
  set_on(b, SOL_SOCKET, SO_REUSEADDR);
  equal("both with SO_REUSEADDR", bind_to(b, "127.0.0.1", port), 0);
  equal("one listens", listen(a, 1), 0);
  fails("the other cannot", listen(b, 1), EADDRINUSE);
  close(b);
  b = tcp();
  set_on(b, SOL_SOCKET, SO_REUSEADDR);
  fails("nobody beside a listener", bind_to(b, "127.0.0.1", port), EADDRINUSE);
  close(a);
  equal("when it has gone", bind_to(b, "127.0.0.1", port), 0);
  close(b);
  a = tcp();
  b = tcp();
  set_on(a, SOL_SOCKET, SO_REUSEPORT);
  set_on(b, SOL_SOCKET, SO_REUSEPORT);
  bind_to(a, "127.0.0.1", 0);
  equal("SO_REUSEPORT", bind_to(b, "127.0.0.1", port_of(a)), 0);
  equal("both listen", listen(a, 1) | listen(b, 1), 0);
  close(a);
  close(b);
  a = tcp();
  equal("listening without a port", listen(a, 1), 0);
  check("gives one", port_of(a) >= 1024);
  equal("listening again", listen(a, 5), 0);
  fails("a listener cannot connect", connect_to(a, "127.0.0.1", 1), EISCONN);
  fails("nor be bound", bind_to(a, "127.0.0.1", 0), EINVAL);
  fails("nor receive", recv(a, buffer, 1, 0), ENOTCONN);
  fails("nor send", send(a, buffer, 1, MSG_NOSIGNAL), EPIPE);
  int n;
  fails("nor count bytes", ioctl(a, FIONREAD, &n), EINVAL);
  equal("its events", events_of(a, ALL), 0);
  close(a);
}

static void connecting(void) {
  int server = listener_at("127.0.0.1", 0, 4), port = port_of(server);
  int client = tcp();
  struct sockaddr_in a = at("127.0.0.1", port);
  fails("a short address", connect(client, (struct sockaddr *)&a, 8), EINVAL);
  a.sin_family = AF_INET6;
  fails("another family", connect(client, A(a)), EAFNOSUPPORT);
  fails("broadcast", connect_to(client, "255.255.255.255", port), ENETUNREACH);
  equal("connect", connect_to(client, "127.0.0.1", port), 0);
  fails("again", connect_to(client, "127.0.0.1", port), EISCONN);
  fails("a connected one cannot listen", listen(client, 1), EINVAL);
  equal("the listener's events", events_of(server, ALL), POLLIN);
  equal("the client's", events_of(client, ALL), POLLOUT);
  socklen_t length = sizeof a;
  fails("accept4 with bad flags", accept4(server, NULL, NULL, 1), EINVAL);
  int accepted = accept4(server, (struct sockaddr *)&a, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
  check("accept4", accepted >= 0);
  check("the client's address", length == sizeof a && a.sin_family == AF_INET && a.sin_addr.s_addr == htonl(INADDR_LOOPBACK));
  equal("and port", ntohs(a.sin_port), port_of(client));
  equal("flags", fcntl(accepted, F_GETFL), O_RDWR | O_NONBLOCK);
  equal("close-on-exec", fcntl(accepted, F_GETFD), FD_CLOEXEC);
  equal("its port", port_of(accepted), port);
  getpeername(client, (struct sockaddr *)&a, &length);
  equal("the client's peer", ntohs(a.sin_port), port);
  close(client);
  close(accepted);

  client = tcp();
  fails("nobody listens", connect_to(client, "127.0.0.1", 1), ECONNREFUSED);
  equal("told once", error_of(client), 0);
  equal("and another try", connect_to(client, "127.0.0.1", port), 0);
  close(client);
  close(accept(server, NULL, NULL));

  client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  fails("without waiting", connect_to(client, "127.0.0.1", port), EINPROGRESS);
  check("it becomes writable", eventually(events_of(client, ALL) == POLLOUT));
  equal("no error", error_of(client), 0);
  equal("connect says so once", connect_to(client, "127.0.0.1", port), 0);
  fails("and then", connect_to(client, "127.0.0.1", port), EISCONN);
  close(client);
  close(accept(server, NULL, NULL));

  client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  fails("refused without waiting", connect_to(client, "127.0.0.1", 1), EINPROGRESS);
  check("events of it", eventually(events_of(client, ALL) == (POLLIN | POLLOUT | POLLERR | POLLHUP | POLLRDHUP)));
  fails("connect tells the error", connect_to(client, "127.0.0.1", 1), ECONNREFUSED);
  close(client);
  client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  connect_to(client, "127.0.0.1", 1);
  eventually(events_of(client, ALL) & POLLERR);
  equal("SO_ERROR tells it", error_of(client), ECONNREFUSED);
  fails("then connect cannot", connect_to(client, "127.0.0.1", 1), ECONNABORTED);
  close(client);

  /* To itself. */
  client = tcp();
  bind_to(client, "127.0.0.1", 0);
  equal("to itself", connect_to(client, "127.0.0.1", port_of(client)), 0);
  equal("sending", write(client, "echo", 4), 4);
  equal("receiving", read(client, buffer, 100), 4);
  close(client);

  /* A local address and port of choice. */
  client = tcp();
  bind_to(client, "127.0.0.3", 0);
  equal("from an address of choice", connect_to(client, "127.0.0.1", port), 0);
  length = sizeof a;
  accepted = accept(server, (struct sockaddr *)&a, &length);
  check("which the server sees", a.sin_addr.s_addr == htonl(0x7f000003));
  /* AF_UNSPEC ends it. */
  a.sin_family = AF_UNSPEC;
  equal("connect to AF_UNSPEC", connect(client, A(a)), 0);
  check("resets it", eventually(events_of(accepted, ALL) & POLLERR));
  fails("as the other sees", read(accepted, buffer, 1), ECONNRESET);
  equal("and it can connect again", connect_to(client, "127.0.0.1", port), 0);
  close(client);
  close(accepted);
  close(accept(server, NULL, NULL));
  close(server);
}

static void bytes(void) {
  int ends[2], n;
  pair(ends);
  equal("write", write(ends[0], "hello", 5), 5);
  equal("write more", write(ends[0], " world", 6), 6);
  check("all arrives", eventually(ioctl(ends[1], FIONREAD, &n) == 0 && n == 11));
  equal("events", events_of(ends[1], ALL), POLLIN | POLLOUT);
  equal("MSG_PEEK", recv(ends[1], buffer, 7, MSG_PEEK), 7);
  equal("MSG_TRUNC throws away", recv(ends[1], NULL, 6, MSG_TRUNC), 6);
  equal("read the rest", read(ends[1], buffer, 100), 5);
  check("the bytes", memcmp(buffer, "world", 5) == 0);
  fails("MSG_DONTWAIT", recv(ends[1], buffer, 1, MSG_DONTWAIT), EAGAIN);
  equal("reading nothing", read(ends[1], buffer, 0), 0);
  equal("writing nothing", write(ends[1], buffer, 0), 0);
  check("acknowledged in the end", eventually(ioctl(ends[0], TIOCOUTQ, &n) == 0 && n == 0));
  struct iovec out[3] = {{"ab", 2}, {"", 0}, {"cdef", 4}}, in[2] = {{buffer, 1}, {buffer + 100, 10}};
  equal("writev", writev(ends[0], out, 3), 6);
  equal("readv", readv(ends[1], in, 2), 6);
  check("its bytes", buffer[0] == 'a' && memcmp(buffer + 100, "bcdef", 5) == 0);
  struct sockaddr_in a = at("127.0.0.1", 9);
  equal("an address is ignored", sendto(ends[0], "to", 2, 0, A(a)), 2);
  struct msghdr message = {.msg_name = &a, .msg_namelen = sizeof a, .msg_iov = in, .msg_iovlen = 2, .msg_control = buffer + 500, .msg_controllen = 100};
  equal("recvmsg", recvmsg(ends[1], &message, 0), 2);
  check("tells no address", message.msg_namelen == 0 && message.msg_controllen == 0 && message.msg_flags == 0);
  for (int i = 0; i < 400000; i++) buffer[i] = i * 7 + (i >> 8);
  pid_t writer = fork();
  if (writer == 0) _exit(write(ends[0], buffer, 400000) == 400000 ? 0 : 1);
  equal("MSG_WAITALL", recv(ends[1], buffer + 500000, 400000, MSG_WAITALL), 400000);
  check("nothing is lost", memcmp(buffer, buffer + 500000, 400000) == 0);
  equal("written whole", reap(writer), 0);
  fails("write from a bad address", write(ends[0], (void *)8, 10), EFAULT);
  write(ends[0], "keep", 4);
  eventually(events_of(ends[1], POLLIN));
  fails("read to a bad address", read(ends[1], (void *)8, 10), EFAULT);
  equal("nothing is lost by it", read(ends[1], buffer, 10), 4);
  /* MSG_PEEK with MSG_WAITALL waits for all. */
  writer = fork();
  if (writer == 0) {
    for (int i = 0; i < 4; i++) {
      write(ends[0], "0123456789", 10);
      sleep_milliseconds(5);
    }
    _exit(0);
  }
  equal("MSG_PEEK and MSG_WAITALL", recv(ends[1], buffer, 40, MSG_PEEK | MSG_WAITALL), 40);
  check("look at all", memcmp(buffer + 20, "01234567890123456789", 20) == 0);
  equal("and leave it", recv(ends[1], buffer, 100, 0), 40);
  reap(writer);
  /* SO_RCVLOWAT. */
  int low = 5;
  setsockopt(ends[1], SOL_SOCKET, SO_RCVLOWAT, &low, sizeof low);
  write(ends[0], "abc", 3);
  eventually(ioctl(ends[1], FIONREAD, &n) == 0 && n == 3);
  equal("below SO_RCVLOWAT", events_of(ends[1], POLLIN), 0);
  write(ends[0], "de", 2);
  check("and at it", eventually(events_of(ends[1], POLLIN) == POLLIN));
  equal("read", read(ends[1], buffer, 100), 5);
  close_both(ends);
}

static void corking(void) {
  int ends[2], on = 1, off = 0, n;
  pair(ends);
  setsockopt(ends[0], IPPROTO_TCP, TCP_CORK, &on, sizeof on);
  write(ends[0], "held", 4);
  write(ends[0], " back", 5);
  ioctl(ends[1], FIONREAD, &n);
  equal("TCP_CORK holds back", n, 0);
  setsockopt(ends[0], IPPROTO_TCP, TCP_CORK, &off, sizeof off);
  check("until it is taken off", eventually(ioctl(ends[1], FIONREAD, &n) == 0 && n == 9));
  send(ends[0], "more", 4, MSG_MORE);
  ioctl(ends[1], FIONREAD, &n);
  equal("MSG_MORE holds back", n, 9);
  send(ends[0], " to come", 8, 0);
  check("until more has come", eventually(ioctl(ends[1], FIONREAD, &n) == 0 && n == 21));
  send(ends[0], "late", 4, MSG_MORE);
  check("but not forever", eventually(ioctl(ends[1], FIONREAD, &n) == 0 && n == 25));
  send(ends[0], "last", 4, MSG_MORE);
  shutdown(ends[0], SHUT_WR);
  equal("nor at the end", recv(ends[1], buffer, 29, MSG_WAITALL), 29);
  close_both(ends);
}

static void closing(void) {
  int ends[2];
  unread_signal(SIGPIPE);
  pair(ends);
  write(ends[0], "rest", 4);
  close(ends[0]);
  check("events of a close", eventually(events_of(ends[1], ALL) == (POLLIN | POLLOUT | POLLRDHUP)));
  equal("the rest", read(ends[1], buffer, 100), 4);
  equal("then the end", read(ends[1], buffer, 100), 0);
  equal("again", recv(ends[1], buffer, 100, MSG_DONTWAIT), 0);
  equal("writing goes once", write(ends[1], "x", 1), 1);
  check("and is reset", eventually(events_of(ends[1], ALL) & POLLERR));
  equal("events then", events_of(ends[1], ALL), POLLIN | POLLOUT | POLLERR | POLLHUP | POLLRDHUP);
  equal("reading still ends", read(ends[1], buffer, 1), 0);
  fails("writing", write(ends[1], "x", 1), EPIPE);
  equal("SIGPIPE", signals_seen, 1);
  fails("writing again", write(ends[1], "x", 1), EPIPE);
  equal("SIGPIPE then", signals_seen, 2);
  fails("MSG_NOSIGNAL", send(ends[1], "x", 1, MSG_NOSIGNAL), EPIPE);
  equal("no SIGPIPE", signals_seen, 2);
  close(ends[1]);

  pair(ends);
  write(ends[0], "unread", 6);
  eventually(events_of(ends[1], POLLIN));
  close(ends[1]);
  check("closed with unread data", eventually(events_of(ends[0], ALL) & POLLERR));
  fails("resets", read(ends[0], buffer, 100), ECONNRESET);
  equal("told once", read(ends[0], buffer, 100), 0);
  struct sockaddr_in a;
  socklen_t length = sizeof a;
  fails("no peer any more", getpeername(ends[0], (struct sockaddr *)&a, &length), ENOTCONN);
  close(ends[0]);

  pair(ends);
  write(ends[1], "first", 5);
  eventually(events_of(ends[0], POLLIN));
  struct linger abrupt = {1, 0};
  setsockopt(ends[1], SOL_SOCKET, SO_LINGER, &abrupt, sizeof abrupt);
  close(ends[1]);
  eventually(events_of(ends[0], ALL) & POLLERR);
  equal("an abrupt close leaves what came", read(ends[0], buffer, 100), 5);
  fails("then resets", read(ends[0], buffer, 100), ECONNRESET);
  close(ends[0]);

  pair(ends);
  struct linger patient = {1, 20};
  setsockopt(ends[1], SOL_SOCKET, SO_LINGER, &patient, sizeof patient);
  write(ends[1], "all", 3);
  equal("a close that lingers", close(ends[1]), 0);
  equal("loses nothing", recv(ends[0], buffer, 100, MSG_WAITALL), 3);
  close(ends[0]);

  pair(ends);
  fails("shutdown how", shutdown(ends[0], 3), EINVAL);
  write(ends[0], "last", 4);
  equal("SHUT_WR", shutdown(ends[0], SHUT_WR), 0);
  fails("no writing", send(ends[0], "x", 1, MSG_NOSIGNAL), EPIPE);
  equal("events of it", events_of(ends[0], ALL), POLLOUT);
  check("the other is told", eventually(events_of(ends[1], ALL) == (POLLIN | POLLOUT | POLLRDHUP)));
  equal("reads the rest", read(ends[1], buffer, 100), 4);
  equal("and the end", read(ends[1], buffer, 100), 0);
  equal("but writes", write(ends[1], "answer", 6), 6);
  check("which comes", eventually(events_of(ends[0], POLLIN)));
  equal("and is read", read(ends[0], buffer, 100), 6);
  equal("again SHUT_WR", shutdown(ends[0], SHUT_WR), 0);
  equal("both ends", shutdown(ends[1], SHUT_WR), 0);
  check("hang up", eventually(events_of(ends[0], ALL) == (POLLIN | POLLOUT | POLLHUP | POLLRDHUP)));
  check("and so the other", eventually(events_of(ends[1], ALL) == (POLLIN | POLLOUT | POLLHUP | POLLRDHUP)));
  fails("shutdown of what has ended", shutdown(ends[1], SHUT_RDWR), ENOTCONN);
  close_both(ends);

  pair(ends);
  equal("SHUT_RD", shutdown(ends[0], SHUT_RD), 0);
  equal("is the end for the reader", read(ends[0], buffer, 1), 0);
  equal("events", events_of(ends[0], ALL), POLLIN | POLLOUT | POLLRDHUP);
  equal("the other may still write", write(ends[1], "x", 1), 1);
  check("which can be read", eventually(recv(ends[0], buffer, 1, MSG_DONTWAIT) == 1));
  close_both(ends);

  int server = listener_at("127.0.0.1", 0, 2);
  int client = tcp();
  connect_to(client, "127.0.0.1", port_of(server));
  close(server);
  check("closing the listener resets who waits", eventually(events_of(client, ALL) & POLLERR));
  fails("as it sees", read(client, buffer, 1), ECONNRESET);
  close(client);

  server = listener_at("127.0.0.1", 0, 2);
  client = tcp();
  connect_to(client, "127.0.0.1", port_of(server));
  write(client, "early", 5);
  close(client);
  client = accept(server, NULL, NULL);
  equal("accepted after a close", read(client, buffer, 100), 5);
  equal("with its end", read(client, buffer, 100), 0);
  close(client);
  client = tcp();
  connect_to(client, "127.0.0.1", port_of(server));
  setsockopt(client, SOL_SOCKET, SO_LINGER, &abrupt, sizeof abrupt);
  close(client);
  length = sizeof a;
  a.sin_port = 0;
  client = accept(server, (struct sockaddr *)&a, &length);
  check("accepted after a reset, with its address", client >= 0 && a.sin_port != 0);
  fails("which is told", read(client, buffer, 1), ECONNRESET);
  fails("and has no peer then", getpeername(client, (struct sockaddr *)&a, &length), ENOTCONN);
  close(client);
  equal("shutting a listener down", shutdown(server, SHUT_RD), 0);
  fails("ends it", accept(server, NULL, NULL), EINVAL);
  close(server);
  signal(SIGPIPE, SIG_DFL);
}

static void families(void) {
  int server = socket(AF_INET6, SOCK_STREAM, 0);
  struct sockaddr_in6 six = at6("::", 0);
  socklen_t length = sizeof six;
  equal("bind to ::", bind(server, A(six)), 0);
  equal("listen", listen(server, 4), 0);
  int port = port_of(server), four = tcp();
  fails("IPv4's port is taken too", bind_to(four, "0.0.0.0", port), EADDRINUSE);
  equal("connect by IPv4", connect_to(four, "127.0.0.1", port), 0);
  int accepted = accept(server, (struct sockaddr *)&six, &length);
  char text[64];
  same_text("a mapped address", inet_ntop(AF_INET6, &six.sin6_addr, text, sizeof text), "::ffff:127.0.0.1");
  equal("of full length", length, sizeof six);
  write(four, "4", 1);
  equal("bytes", read(accepted, buffer, 10), 1);
  close(four);
  close(accepted);
  int client = socket(AF_INET6, SOCK_STREAM, 0);
  six = at6("::1", port);
  equal("connect by IPv6", connect(client, A(six)), 0);
  length = sizeof six;
  accepted = accept(server, (struct sockaddr *)&six, &length);
  same_text("its address", inet_ntop(AF_INET6, &six.sin6_addr, text, sizeof text), "::1");
  close(client);
  close(accepted);
  client = socket(AF_INET6, SOCK_STREAM, 0);
  six = at6("::ffff:127.0.0.1", port);
  equal("connect to a mapped address", connect(client, A(six)), 0);
  length = sizeof six;
  getsockname(client, (struct sockaddr *)&six, &length);
  same_text("from one", inet_ntop(AF_INET6, &six.sin6_addr, text, sizeof text), "::ffff:127.0.0.1");
  close(client);
  close(accept(server, NULL, NULL));
  close(server);
  server = socket(AF_INET6, SOCK_STREAM, 0);
  equal("IPV6_V6ONLY", set_on(server, IPPROTO_IPV6, IPV6_V6ONLY), 0);
  six = at6("::", 0);
  bind(server, A(six));
  listen(server, 1);
  port = port_of(server);
  four = tcp();
  fails("does not hear IPv4", connect_to(four, "127.0.0.1", port), ECONNREFUSED);
  close(four);
  four = tcp();
  equal("which may have the port", bind_to(four, "0.0.0.0", port), 0);
  close(four);
  close(server);
  client = socket(AF_INET6, SOCK_STREAM, 0);
  struct sockaddr_in a = at("127.0.0.1", 1);
  fails("an IPv4 address at an IPv6 socket", connect(client, A(a)), EINVAL);
  six = at6("::1", 1);
  fails("nobody listens", connect(client, A(six)), ECONNREFUSED);
  close(client);
}

static void waiting(void) {
  int ends[2];
  pair(ends);
  unread_signal(SIGALRM);
  signals_seen = 0;
  struct itimerval soon = {{0, 20000}, {0, 20000}}, never = {0};
  setitimer(ITIMER_REAL, &soon, NULL);
  fails("recv is interrupted", recv(ends[0], buffer, 1, 0), EINTR);
  setitimer(ITIMER_REAL, &never, NULL);
  check("by the signal", signals_seen > 0);
  struct timeval timeout = {0, 20000};
  setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  fails("SO_RCVTIMEO", recv(ends[0], buffer, 1, 0), EAGAIN);
  setsockopt(ends[0], SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
  ssize_t n;
  while ((n = write(ends[0], buffer, sizeof buffer)) == sizeof buffer) {
  }
  check("SO_SNDTIMEO", n > 0 || errno == EAGAIN);
  equal("a full socket is not writable", events_of(ends[0], POLLOUT), 0);
  long total = 0;
  int server = listener_at("127.0.0.1", 0, 1);
  setsockopt(server, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  fails("accept with SO_RCVTIMEO", accept(server, NULL, NULL), EAGAIN);
  close(server);
  while ((n = recv(ends[1], buffer, sizeof buffer, MSG_DONTWAIT)) > 0 || eventually(events_of(ends[1], POLLIN) || events_of(ends[0], POLLOUT)))
    if (n > 0) total += n;
    else if (events_of(ends[0], POLLOUT)) break;
  check("read, it is again", total > 0 && events_of(ends[0], POLLOUT) == POLLOUT);
  close_both(ends);

  /* Several accept at once: each connection wakes one. */
  server = listener_at("127.0.0.1", 0, 10);
  pid_t acceptors[4];
  for (int i = 0; i < 4; i++) {
    acceptors[i] = fork();
    if (acceptors[i] == 0) _exit(accept(server, NULL, NULL) >= 0 ? 0 : 1);
  }
  sleep_milliseconds(20);
  for (int i = 0; i < 4; i++) connect_to(tcp(), "127.0.0.1", port_of(server));
  int good = 0;
  for (int i = 0; i < 4; i++) good += reap(acceptors[i]) == 0;
  equal("all four accept", good, 4);
  close(server);
}

static void edges(void) {
  int ends[2], set = epoll_create1(0);
  pair(ends);
  struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET}, got[4];
  epoll_ctl(set, EPOLL_CTL_ADD, ends[1], &event);
  equal("the first event", epoll_wait(set, got, 4, 1000), 1);
  equal("is writable", got[0].events, EPOLLOUT);
  equal("told once", epoll_wait(set, got, 4, 0), 0);
  write(ends[0], "a", 1);
  equal("data", epoll_wait(set, got, 4, 1000), 1);
  equal("is an edge", got[0].events, EPOLLIN | EPOLLOUT);
  equal("told once too", epoll_wait(set, got, 4, 0), 0);
  write(ends[0], "b", 1);
  equal("more data", epoll_wait(set, got, 4, 1000), 1);
  equal("is one again", got[0].events, EPOLLIN | EPOLLOUT);
  read(ends[1], buffer, 100);
  equal("reading is none", epoll_wait(set, got, 4, 0), 0);
  shutdown(ends[0], SHUT_WR);
  equal("the end", epoll_wait(set, got, 4, 1000), 1);
  equal("is one", got[0].events, EPOLLIN | EPOLLOUT | EPOLLRDHUP);
  close_both(ends);
  close(set);
}

int main(void) {
  room = calloc(1, sizeof *room);
  making();
  binding();
  connecting();
  bytes();
  corking();
  closing();
  families();
  waiting();
  edges();
  return finish();
}
