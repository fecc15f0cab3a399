/*
 * socket-errors-connect: every errno of connect by family, and how accept and connect end or go on when a signal comes (signal(7)): accept is
 * restarted unless SO_RCVTIMEO is set, connect unless SO_SNDTIMEO is.
 */
#include "check.h"
#include <linux/netlink.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
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

static void become(int uid) {
  if (setgid(uid) < 0 || setuid(uid) < 0) print_line("FAIL cannot become user %d", uid);
}

static int connect_path(int type, const char *path) {
  int s = socket(AF_UNIX, type, 0);
  struct sockaddr_un address = named(path);
  int result = connect(s, ANY(address));
  int error = errno;
  close(s);
  errno = error;
  return result;
}

static int listener(int backlog, int port) {
  int s = socket(AF_INET, SOCK_STREAM, 0), one = 1;
  struct sockaddr_in address = at(INADDR_LOOPBACK, port);
  setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(s, ANY(address)) < 0 || listen(s, backlog) < 0) print_line("FAIL cannot listen (errno %s)", error_name(errno));
  return s;
}

static void unix_family(void) {
  mkdir("closed", 0700);
  make_file("file", "");
  chmod("file", 0666);
  symlink("loop", "loop");
  struct sockaddr_un address = named("listener");
  int s = socket(AF_UNIX, SOCK_STREAM, 0);
  bind(s, ANY(address));
  fails("connect ECONNREFUSED: nobody listens yet", connect_path(SOCK_STREAM, "listener"), ECONNREFUSED);
  listen(s, 0);
  fails("connect ENOENT", connect_path(SOCK_STREAM, "missing"), ENOENT);
  fails("connect ENOTDIR", connect_path(SOCK_STREAM, "file/x"), ENOTDIR);
  fails("connect ELOOP", connect_path(SOCK_STREAM, "loop"), ELOOP);
  fails("connect ECONNREFUSED: no socket", connect_path(SOCK_STREAM, "file"), ECONNREFUSED);
  fails("connect EPROTOTYPE", connect_path(SOCK_DGRAM, "listener"), EPROTOTYPE);
  fails("connect EPROTOTYPE: packets to a stream", connect_path(SOCK_SEQPACKET, "listener"), EPROTOTYPE);
  int c = socket(AF_UNIX, SOCK_STREAM, 0);
  fails("connect EINVAL: too short", connect(c, (struct sockaddr *)&address, 2), EINVAL);
  fails("connect EINVAL: too long", connect(c, (struct sockaddr *)&address, sizeof address + 1), EINVAL);
  address.sun_family = AF_INET;
  fails("connect EINVAL: not AF_UNIX", connect(c, ANY(address)), EINVAL);
  address.sun_family = AF_UNIX;
  fails("connect EFAULT", connect(c, BAD, sizeof address), EFAULT);
  fails("connect EBADF", connect(-1, ANY(address)), EBADF);
  fails("connect ENOTSOCK", connect(0, ANY(address)), ENOTSOCK);
  equal("connect", connect(c, ANY(address)), 0);
  int full = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
  fails("connect EAGAIN: the queue is full", connect(full, ANY(address)), EAGAIN);
  close(accept(s, NULL, NULL));
  fails("connect EISCONN: AF_UNIX", connect(c, ANY(address)), EISCONN);
  fails("connect EINVAL: a listener", connect(s, ANY(address)), EINVAL);
  equal("as nobody", in_child({
          become(1000);
          fails("connect EACCES: no way through", connect_path(SOCK_STREAM, "closed/x"), EACCES);
          fails("connect EACCES: no writing", connect_path(SOCK_STREAM, "listener"), EACCES);
        }),
        0);
  int a = socket(AF_UNIX, SOCK_DGRAM, 0), b = socket(AF_UNIX, SOCK_DGRAM, 0), pair[2];
  struct sockaddr_un first = named("first"), second = named("second");
  bind(a, ANY(first));
  bind(b, ANY(second));
  equal("connect: datagrams", connect(a, ANY(second)), 0);
  socketpair(AF_UNIX, SOCK_DGRAM, 0, pair);
  fails("connect EPERM: it hears somebody else only", connect(b, ANY(first)) < 0 ? -1 : connect(pair[0], ANY(first)), EPERM);
  close(a);
  fails("connect ECONNREFUSED: closed", connect(b, ANY(first)), ECONNREFUSED);
  close(b);
  close(c);
  close(s);
  close(full);
}

static void datagrams(void) {
  struct sockaddr_in address = at(0x0a010101, 9), all = at(INADDR_BROADCAST, 9), near = at(0x7fffffff, 9);
  int d = socket(AF_INET, SOCK_DGRAM, 0);
  fails("connect ENETUNREACH: UDP", connect(d, ANY(address)), ENETUNREACH);
  fails("connect ENETUNREACH: broadcast without a network", connect(d, ANY(all)), ENETUNREACH);
  fails("connect EACCES: broadcast", connect(d, ANY(near)), EACCES);
  address.sin_family = AF_INET6;
  fails("connect EAFNOSUPPORT: UDP", connect(d, ANY(address)), EAFNOSUPPORT);
  fails("connect EINVAL: short", connect(d, (struct sockaddr *)&address, 15), EINVAL);
  fails("connect EINVAL: shorter", connect(d, (struct sockaddr *)&address, 1), EINVAL);
  int d6 = socket(AF_INET6, SOCK_DGRAM, 0), only6 = 1;
  struct sockaddr_in6 far = {.sin6_family = AF_INET6, .sin6_port = htons(9), .sin6_addr = {{{0x20, 0x01, 0x0d, 0xb8, [15] = 1}}}};
  fails("connect ENETUNREACH: IPv6", connect(d6, ANY(far)), ENETUNREACH);
  fails("that has bound it all the same", setsockopt(d6, IPPROTO_IPV6, IPV6_V6ONLY, &only6, sizeof only6), EINVAL);
  close(d6);
  d6 = socket(AF_INET6, SOCK_DGRAM, 0);
  setsockopt(d6, IPPROTO_IPV6, IPV6_V6ONLY, &only6, sizeof only6);
  struct sockaddr_in6 mapped = {.sin6_family = AF_INET6, .sin6_port = htons(9), .sin6_addr = {{{[10] = 0xff, 0xff, 127, 0, 0, 1}}}};
  fails("connect ENETUNREACH: IPv4 at an IPv6 socket", connect(d6, ANY(mapped)), ENETUNREACH);
  struct in6_addr link = {{{0xfe, 0x80, [15] = 1}}};
  struct sockaddr_in6 local = {.sin6_family = AF_INET6, .sin6_port = htons(9), .sin6_addr = link};
  fails("connect EINVAL: link-local of no interface", connect(d6, ANY(local)), EINVAL);
  int n = socket(AF_NETLINK, SOCK_RAW, 0);
  struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
  fails("connect EINVAL: short netlink", connect(n, (struct sockaddr *)&kernel, 11), EINVAL);
  equal("connect: netlink", connect(n, ANY(kernel)), 0);
  equal("as nobody", in_child({
          become(1000);
          struct sockaddr_nl group = {.nl_family = AF_NETLINK, .nl_groups = 1};
          fails("connect EPERM: netlink", connect(socket(AF_NETLINK, SOCK_RAW, 0), ANY(group)), EPERM);
        }),
        0);
  close(d);
  close(d6);
  close(n);
}

static void streams(void) {
  struct sockaddr_in address = at(INADDR_LOOPBACK, 40011), far = at(0x0a010101, 9), none = at(INADDR_LOOPBACK, 40010);
  int s = listener(0, 40011), c = socket(AF_INET, SOCK_STREAM, 0), n = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  fails("connect ENETUNREACH", connect(c, ANY(far)), ENETUNREACH);
  fails("connect ECONNREFUSED: TCP", connect(c, ANY(none)), ECONNREFUSED);
  far.sin_family = AF_INET6;
  fails("connect EAFNOSUPPORT: TCP", connect(c, ANY(far)), EAFNOSUPPORT);
  fails("connect EINVAL: short TCP", connect(c, (struct sockaddr *)&address, 15), EINVAL);
  fails("connect EISCONN: a listener", connect(s, ANY(address)), EISCONN);
  fails("connect EINPROGRESS", connect(n, ANY(address)), EINPROGRESS);
  struct pollfd wait = {n, POLLOUT, 0};
  equal("it is done", poll(&wait, 1, 20000), 1);
  equal("connect tells", connect(n, ANY(address)), 0);
  fails("connect EISCONN: TCP", connect(n, ANY(address)), EISCONN);
  int same = socket(AF_INET, SOCK_STREAM, 0), one = 1;
  struct sockaddr_in own;
  socklen_t length = sizeof own;
  getsockname(n, (struct sockaddr *)&own, &length);
  setsockopt(n, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  setsockopt(same, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  equal("the same end", bind(same, ANY(own)), 0);
  fails("connect EADDRNOTAVAIL: that connection is there", connect(same, ANY(address)), EADDRNOTAVAIL);
  int a = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), b = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  unsigned range = 40012 | 40012u << 16;
  setsockopt(a, IPPROTO_IP, IP_LOCAL_PORT_RANGE, &range, sizeof range);
  setsockopt(b, IPPROTO_IP, IP_LOCAL_PORT_RANGE, &range, sizeof range);
  fails("connect EINPROGRESS: from the one port", connect(a, ANY(address)), EINPROGRESS);
  fails("connect EADDRNOTAVAIL: no port is left", connect(b, ANY(address)), EADDRNOTAVAIL);
  close(a);
  close(b);
  close(c);
  close(n);
  close(same);
  close(s);
}

static volatile sig_atomic_t alarms;
static void count_alarm(int number) { (void)number; alarms++; }

static void alarm_soon(void) {
  struct itimerval soon = {.it_value.tv_usec = 20000, .it_interval.tv_usec = 20000};
  setitimer(ITIMER_REAL, &soon, NULL);
}

static void no_alarm(void) {
  struct itimerval none = {0};
  setitimer(ITIMER_REAL, &none, NULL);
  alarms = 0;
}

static void set_timeout(int s, int name) {
  struct timeval long_time = {60, 0};
  setsockopt(s, SOL_SOCKET, name, &long_time, sizeof long_time);
}

/** Fills the queue of a listener with backlog 0 so that nobody gets in any more, and tries once more. */
static void full_tcp(void) {
  int s = listener(0, 40013);
  struct sockaddr_in address = at(INADDR_LOOPBACK, 40013);
  int c = socket(AF_INET, SOCK_STREAM, 0), late = socket(AF_INET, SOCK_STREAM, 0), slow = socket(AF_INET, SOCK_STREAM, 0);
  equal("the queue is full", connect(c, ANY(address)), 0);
  handle(SIGALRM, count_alarm, 0);
  alarm_soon();
  fails("connect EINTR: TCP", connect(late, ANY(address)), EINTR);
  no_alarm();
  fails("connect EALREADY", ({ fcntl(late, F_SETFL, O_NONBLOCK); connect(late, ANY(address)); }), EALREADY);
  handle(SIGALRM, count_alarm, SA_RESTART);
  set_timeout(slow, SO_SNDTIMEO);
  alarm_soon();
  fails("connect EINTR: SO_SNDTIMEO, SA_RESTART or not", connect(slow, ANY(address)), EINTR);
  no_alarm();
  struct timeval moment = {0, 50000};
  int hasty = socket(AF_INET, SOCK_STREAM, 0), tries = 1;
  setsockopt(hasty, SOL_SOCKET, SO_SNDTIMEO, &moment, sizeof moment);
  fails("connect EINPROGRESS: SO_SNDTIMEO is over", connect(hasty, ANY(address)), EINPROGRESS);
  int patient = socket(AF_INET, SOCK_STREAM, 0);
  setsockopt(patient, IPPROTO_TCP, TCP_SYNCNT, &tries, sizeof tries);
  fails("connect ETIMEDOUT", connect(patient, ANY(address)), ETIMEDOUT);
  close(late);
  close(slow);
  close(hasty);
  close(patient);
  pid_t child = fork();
  if (child == 0) {
    check_failures = 0;
    int goes_on = socket(AF_INET, SOCK_STREAM, 0);
    alarm_soon();
    equal("connect restart: TCP", connect(goes_on, ANY(address)), 0);
    check("connect: there were signals", alarms > 0);
    no_alarm();
    _exit(check_failures != 0);
  }
  sleep_milliseconds(100);
  for (int i = 0; i < 2; i++) close(accept(s, NULL, NULL));
  equal("it got in", reap(child), 0);
  close(c);
  close(s);
}

static void full_unix(void) {
  struct sockaddr_un address = named("full");
  int s = socket(AF_UNIX, SOCK_STREAM, 0), c = socket(AF_UNIX, SOCK_STREAM, 0), late = socket(AF_UNIX, SOCK_STREAM, 0);
  bind(s, ANY(address));
  listen(s, 0);
  connect(c, ANY(address));
  handle(SIGALRM, count_alarm, 0);
  alarm_soon();
  fails("connect EINTR: AF_UNIX", connect(late, ANY(address)), EINTR);
  no_alarm();
  handle(SIGALRM, count_alarm, SA_RESTART);
  set_timeout(late, SO_SNDTIMEO);
  alarm_soon();
  fails("connect EINTR: AF_UNIX, SO_SNDTIMEO", connect(late, ANY(address)), EINTR);
  no_alarm();
  pid_t child = fork();
  if (child == 0) {
    check_failures = 0;
    int goes_on = socket(AF_UNIX, SOCK_STREAM, 0);
    alarm_soon();
    equal("connect restart: AF_UNIX", connect(goes_on, ANY(address)), 0);
    no_alarm();
    _exit(check_failures != 0);
  }
  sleep_milliseconds(100);
  close(accept(s, NULL, NULL));
  equal("it got in", reap(child), 0);
  close(c);
  close(late);
  close(s);
}

/** A child connects after a while. */
static pid_t comes_later(const struct sockaddr *address, socklen_t length) {
  pid_t child = fork();
  if (child != 0) return child;
  sleep_milliseconds(100);
  int c = socket(address->sa_family, SOCK_STREAM, 0);
  int result = connect(c, address, length);
  sleep_milliseconds(50);
  _exit(result < 0);
}

static void accepts(int s, const struct sockaddr *address, socklen_t length) {
  handle(SIGALRM, count_alarm, 0);
  alarm_soon();
  fails("accept EINTR", accept(s, NULL, NULL), EINTR);
  fails("accept4 EINTR", accept4(s, NULL, NULL, SOCK_CLOEXEC), EINTR);
  no_alarm();
  handle(SIGALRM, count_alarm, SA_RESTART);
  pid_t child = comes_later(address, length);
  alarm_soon();
  int accepted = accept(s, NULL, NULL);
  check("accept restart", accepted >= 0 && alarms > 0);
  no_alarm();
  close(accepted);
  equal("that one came", reap(child), 0);
  child = comes_later(address, length);
  alarm_soon();
  accepted = accept4(s, NULL, NULL, 0);
  check("accept4 restart", accepted >= 0 && alarms > 0);
  no_alarm();
  close(accepted);
  equal("that one came too", reap(child), 0);
  set_timeout(s, SO_RCVTIMEO);
  alarm_soon();
  fails("accept EINTR: SO_RCVTIMEO, SA_RESTART or not", accept(s, NULL, NULL), EINTR);
  fails("accept4 EINTR: SO_RCVTIMEO, SA_RESTART or not", accept4(s, NULL, NULL, 0), EINTR);
  no_alarm();
  struct timeval moment = {0, 1000};
  setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &moment, sizeof moment);
  fails("accept EAGAIN: SO_RCVTIMEO is over", accept(s, NULL, NULL), EAGAIN);
  close(s);
}

int main(void) {
  enter_scratch();
  unix_family();
  datagrams();
  streams();
  full_tcp();
  full_unix();
  struct sockaddr_in address = at(INADDR_LOOPBACK, 40014);
  accepts(listener(1, 40014), ANY(address));
  struct sockaddr_un name = named("waits");
  int s = socket(AF_UNIX, SOCK_STREAM, 0);
  bind(s, ANY(name));
  listen(s, 1);
  accepts(s, ANY(name));
  return finish();
}
