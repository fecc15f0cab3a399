/* socket-options: getsockopt and setsockopt at SOL_SOCKET on AF_UNIX sockets, and ioctl. */
#include "check.h"
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

static int s;

static int get(int name) {
  int value = -99;
  socklen_t length = sizeof value;
  if (getsockopt(s, SOL_SOCKET, name, &value, &length) < 0) return -1;
  return length == sizeof value ? value : -98;
}

static int set(int name, int value) { return setsockopt(s, SOL_SOCKET, name, &value, sizeof value); }

int main(void) {
  enter_scratch();
  s = socket(AF_UNIX, SOCK_DGRAM, 0);
  equal("SO_TYPE", get(SO_TYPE), SOCK_DGRAM);
  equal("SO_DOMAIN", get(SO_DOMAIN), AF_UNIX);
  equal("SO_PROTOCOL", get(SO_PROTOCOL), 0);
  equal("SO_ERROR", get(SO_ERROR), 0);
  equal("SO_ACCEPTCONN", get(SO_ACCEPTCONN), 0);
  equal("SO_SNDLOWAT", get(SO_SNDLOWAT), 1);
  equal("SO_RCVLOWAT", get(SO_RCVLOWAT), 1);
  equal("SO_PEEK_OFF", get(SO_PEEK_OFF), -1);
  static const struct { int name; const char *text; } flags[] = {
      {SO_REUSEADDR, "SO_REUSEADDR"}, {SO_KEEPALIVE, "SO_KEEPALIVE"}, {SO_BROADCAST, "SO_BROADCAST"}, {SO_DONTROUTE, "SO_DONTROUTE"},
      {SO_OOBINLINE, "SO_OOBINLINE"}, {SO_PASSCRED, "SO_PASSCRED"},   {SO_TIMESTAMP, "SO_TIMESTAMP"}, {SO_NO_CHECK, "SO_NO_CHECK"}};
  for (unsigned i = 0; i < sizeof flags / sizeof *flags; i++) {
    int before = get(flags[i].name), r = set(flags[i].name, 5), on = get(flags[i].name);
    set(flags[i].name, 0);
    check(flags[i].text, before == 0 && r == 0 && on == 1 && get(flags[i].name) == 0);
  }
  static const int fixed[] = {SO_TYPE, SO_DOMAIN, SO_PROTOCOL, SO_ERROR, SO_ACCEPTCONN, SO_SNDLOWAT, 999};
  int refused = 0;
  for (unsigned i = 0; i < sizeof fixed / sizeof *fixed; i++) refused += set(fixed[i], 1) == -1 && errno == ENOPROTOOPT;
  equal("what cannot be set", refused, sizeof fixed / sizeof *fixed);
  fails("an unknown one", get(999), ENOPROTOOPT);
  set(SO_SNDBUF, 10000);
  equal("SO_SNDBUF is doubled", get(SO_SNDBUF), 20000);
  set(SO_SNDBUF, 0);
  equal("and has a least value", get(SO_SNDBUF), 4608);
  set(SO_RCVBUF, 10000);
  equal("SO_RCVBUF is doubled", get(SO_RCVBUF), 20000);
  set(SO_RCVBUF, 0);
  equal("and has a least value, too", get(SO_RCVBUF), 2304);
  set(SO_RCVLOWAT, 0);
  equal("SO_RCVLOWAT is one at least", get(SO_RCVLOWAT), 1);
  equal("SO_PRIORITY", set(SO_PRIORITY, 6) + get(SO_PRIORITY), 6);
  struct linger linger = {1, 9}, lingers = {0};
  socklen_t length = sizeof lingers;
  setsockopt(s, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
  getsockopt(s, SOL_SOCKET, SO_LINGER, &lingers, &length);
  check("SO_LINGER", lingers.l_onoff == 1 && lingers.l_linger == 9 && length == sizeof lingers);
  fails("SO_LINGER too short", setsockopt(s, SOL_SOCKET, SO_LINGER, &linger, 4), EINVAL);
  struct timeval time = {3, 500000}, got = {9, 9};
  length = sizeof got;
  getsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &got, &length);
  check("SO_RCVTIMEO is off", got.tv_sec == 0 && got.tv_usec == 0);
  equal("SO_RCVTIMEO", setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time), 0);
  getsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &got, &length);
  check("is kept", got.tv_sec == 3 && got.tv_usec == 500000 && length == sizeof got);
  time.tv_usec = 1000000;
  fails("microseconds out of range", setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time), EDOM);
  fails("a time too short", setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &time, 8), EINVAL);
  fails("too short", setsockopt(s, SOL_SOCKET, SO_BROADCAST, &time, 3), EINVAL);
  fails("negative", setsockopt(s, SOL_SOCKET, SO_BROADCAST, &time, -1), EINVAL);
  fails("a bad address", setsockopt(s, SOL_SOCKET, SO_BROADCAST, (void *)8, 4), EFAULT);
  fails("another level", setsockopt(s, 6, 1, &time, 4), EOPNOTSUPP);
  fails("reading another level", getsockopt(s, 6, 1, &time, &length), EOPNOTSUPP);
  fails("a bad length", getsockopt(s, SOL_SOCKET, SO_TYPE, &time, (void *)8), EFAULT);
  length = -1;
  fails("a negative length", getsockopt(s, SOL_SOCKET, SO_TYPE, &time, &length), EINVAL);
  length = 1;
  unsigned char byte = 0;
  equal("one byte", getsockopt(s, SOL_SOCKET, SO_TYPE, &byte, &length), 0);
  check("of the value", byte == SOCK_DGRAM && length == 1);
  fails("not a socket", setsockopt(0, SOL_SOCKET, SO_BROADCAST, &time, 4), ENOTSOCK);
  fails("not open", getsockopt(999, SOL_SOCKET, SO_TYPE, &time, &length), EBADF);
  equal("without privilege", in_child({
          setresgid(1234, 1234, 1234);
          setresuid(1234, 1234, 1234);
          fails("SO_DEBUG", set(SO_DEBUG, 1), EACCES);
          fails("SO_PRIORITY", set(SO_PRIORITY, 7), EPERM);
          fails("SO_MARK", set(SO_MARK, 1), EPERM);
          fails("SO_SNDBUFFORCE", set(SO_SNDBUFFORCE, 1), EPERM);
        }),
        EXITED(0));
  int one = 1, pid = getpid(), owner = 0;
  equal("FIONBIO", ioctl(s, FIONBIO, &one), 0);
  check("is O_NONBLOCK", fcntl(s, F_GETFL) & O_NONBLOCK);
  equal("FIOSETOWN", ioctl(s, 0x8901, &pid), 0);
  equal("FIOGETOWN", ioctl(s, 0x8903, &owner), 0);
  equal("the owner", owner, pid);
  equal("F_GETOWN", fcntl(s, F_GETOWN), pid);
  struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "stream"};
  s = socket(AF_UNIX, SOCK_STREAM, 0);
  bind(s, (struct sockaddr *)&address, sizeof address);
  listen(s, 1);
  equal("SO_ACCEPTCONN of a listener", get(SO_ACCEPTCONN), 1);
  equal("SO_TYPE of a stream", get(SO_TYPE), SOCK_STREAM);
  return finish();
}
