/* socket-stream: AF_UNIX streams: pairs, reading and writing, half and full close, errors, blocking, signals, listen, connect, accept. */
#include "check.h"
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>

/** In the heap: all programs are one executable, whose memory mlockall(2) locks within RLIMIT_MEMLOCK. */
static char (*room)[1 << 20];
#define buffer (*room)
static volatile sig_atomic_t signals_seen;
static void count_signal(int number) { (void)number; signals_seen++; }

static void pair(int ends[2], int flags) {
  if (socketpair(AF_UNIX, SOCK_STREAM | flags, 0, ends) < 0) print_line("FAIL socketpair (errno %s)", error_name(errno));
}

static void close_both(int ends[2]) {
  close(ends[0]);
  close(ends[1]);
}

static struct sockaddr_un named(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strcpy(address.sun_path, path);
  return address;
}

static int listener_at(const char *path, int backlog) {
  int s = socket(AF_UNIX, SOCK_STREAM, 0);
  struct sockaddr_un address = named(path);
  if (bind(s, (struct sockaddr *)&address, sizeof address) < 0 || listen(s, backlog) < 0)
    print_line("FAIL cannot listen at %s (errno %s)", path, error_name(errno));
  return s;
}

static int connect_to(int s, const char *path) {
  struct sockaddr_un address = named(path);
  return connect(s, (struct sockaddr *)&address, sizeof address);
}

static void making(void) {
  int ends[2];
  fails("bad flags", socket(AF_UNIX, SOCK_STREAM | 1 << 20, 0), EINVAL);
  fails("family out of range", socket(46, SOCK_STREAM, 0), EAFNOSUPPORT);
  fails("negative family", socket(-1, SOCK_STREAM, 0), EAFNOSUPPORT);
  fails("family nobody has", socket(AF_X25, SOCK_STREAM, 0), EAFNOSUPPORT);
  fails("type out of range", socket(AF_UNIX, 11, 0), EINVAL);
  fails("type the family lacks", socket(AF_UNIX, SOCK_RDM, 0), ESOCKTNOSUPPORT);
  fails("protocol", socket(AF_UNIX, SOCK_STREAM, 2), EPROTONOSUPPORT);
  fails("pair at a bad address", socketpair(AF_UNIX, SOCK_STREAM, 0, (int *)8), EFAULT);
  fails("pair of an unknown family", socketpair(46, SOCK_STREAM, 0, ends), EAFNOSUPPORT);
  fails("pair with bad flags", socketpair(AF_UNIX, SOCK_STREAM | 1 << 20, 0, ends), EINVAL);
  equal("pair", socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, AF_UNIX, ends), 0);
  equal("close-on-exec", fcntl(ends[0], F_GETFD), FD_CLOEXEC);
  equal("flags", fcntl(ends[1], F_GETFL), O_RDWR | O_NONBLOCK);
  struct stat status;
  equal("fstat", fstat(ends[0], &status), 0);
  check("a socket with mode 0777", status.st_mode == (S_IFSOCK | 0777) && status.st_size == 0 && status.st_nlink == 1);
  fails("lseek", lseek(ends[0], 0, SEEK_SET), ESPIPE);
  fails("pread", pread(ends[0], buffer, 1, 0), ESPIPE);
  fails("fsync", fsync(ends[0]), EINVAL);
  fails("ftruncate", ftruncate(ends[0], 0), EINVAL);
  fails("a terminal's ioctl", ioctl(ends[0], 0x5401, buffer), ENOTTY);
  char link[64], text[64] = "";
  snprintf(link, sizeof link, "/proc/self/fd/%d", ends[0]);
  readlink(link, text, sizeof text - 1);
  check("its link", strncmp(text, "socket:[", 8) == 0);
  fails("opening it by the link", open(link, O_RDWR), ENXIO);
  close_both(ends);
  fails("not a socket", send(0, buffer, 1, 0), ENOTSOCK);
  fails("not a descriptor", send(999, buffer, 1, 0), EBADF);
}

static void bytes(void) {
  int ends[2], n;
  pair(ends, 0);
  equal("write", write(ends[0], "hello", 5), 5);
  equal("write more", write(ends[0], " world", 6), 6);
  equal("FIONREAD", ioctl(ends[1], FIONREAD, &n), 0);
  equal("bytes there", n, 11);
  equal("TIOCOUTQ", ioctl(ends[0], TIOCOUTQ, &n), 0);
  check("something is unread", n > 0);
  equal("reading joins writes", read(ends[1], buffer, 100), 11);
  check("the bytes", memcmp(buffer, "hello world", 11) == 0);
  ioctl(ends[0], TIOCOUTQ, &n);
  equal("all is read", n, 0);
  equal("the other way", write(ends[1], "back", 4), 4);
  equal("in small pieces", read(ends[0], buffer, 3), 3);
  equal("the rest", read(ends[0], buffer, 3), 1);
  fails("nothing there", recv(ends[0], buffer, 1, MSG_DONTWAIT), EAGAIN);
  equal("reading nothing", read(ends[0], buffer, 0), 0);
  fails("receiving nothing waits", recv(ends[0], buffer, 0, MSG_DONTWAIT), EAGAIN);
  equal("writing nothing", write(ends[0], buffer, 0), 0);
  struct iovec out[3] = {{"ab", 2}, {"", 0}, {"cdef", 4}}, in[2] = {{buffer, 1}, {buffer + 100, 10}};
  equal("writev", writev(ends[0], out, 3), 6);
  equal("readv", readv(ends[1], in, 2), 6);
  check("readv's bytes", buffer[0] == 'a' && memcmp(buffer + 100, "bcdef", 5) == 0);
  for (int i = 0; i < 100000; i++) buffer[i] = i * 7 + (i >> 8);
  equal("a large write", write(ends[0], buffer, 100000), 100000);
  memset(buffer + 200000, 0, 100000);
  equal("a large read", recv(ends[1], buffer + 200000, 100000, MSG_WAITALL), 100000);
  check("nothing is lost", memcmp(buffer, buffer + 200000, 100000) == 0);
  fails("write from a bad address", write(ends[0], (void *)8, 10), EFAULT);
  write(ends[0], "keep", 4);
  fails("read to a bad address", read(ends[1], (void *)8, 10), EFAULT);
  equal("and nothing is lost", read(ends[1], buffer, 10), 4);
  close_both(ends);
}

static void peeking(void) {
  int ends[2];
  pair(ends, SOCK_NONBLOCK);
  write(ends[0], "first", 5);
  write(ends[0], "second", 6);
  equal("a look", recv(ends[1], buffer, 3, MSG_PEEK), 3);
  equal("another", recv(ends[1], buffer, 100, MSG_PEEK), 11);
  check("joins writes", memcmp(buffer, "firstsecond", 11) == 0);
  equal("a look does not wait for all", recv(ends[1], buffer, 100, MSG_PEEK | MSG_WAITALL), 11);
  int offset = 2;
  equal("SO_PEEK_OFF", setsockopt(ends[1], SOL_SOCKET, SO_PEEK_OFF, &offset, sizeof offset), 0);
  equal("a look from there", recv(ends[1], buffer, 4, MSG_PEEK), 4);
  check("across writes", memcmp(buffer, "rsts", 4) == 0);
  equal("going on", recv(ends[1], buffer, 4, MSG_PEEK), 4);
  check("where it stood", memcmp(buffer, "econ", 4) == 0);
  equal("reading", recv(ends[1], buffer, 3, 0), 3);
  socklen_t length = sizeof offset;
  getsockopt(ends[1], SOL_SOCKET, SO_PEEK_OFF, &offset, &length);
  equal("moves it back", offset, 7);
  equal("the last look", recv(ends[1], buffer, 10, MSG_PEEK), 1);
  fails("and beyond", recv(ends[1], buffer, 10, MSG_PEEK), EAGAIN);
  close_both(ends);
}

static void closing(void) {
  int ends[2];
  handle(SIGPIPE, count_signal, 0);
  pair(ends, 0);
  write(ends[0], "rest", 4);
  close(ends[0]);
  equal("the rest after a close", read(ends[1], buffer, 100), 4);
  equal("then the end", read(ends[1], buffer, 100), 0);
  equal("again", recv(ends[1], buffer, 100, MSG_DONTWAIT), 0);
  fails("writing", write(ends[1], "x", 1), EPIPE);
  equal("SIGPIPE", signals_seen, 1);
  fails("MSG_NOSIGNAL", send(ends[1], "x", 1, MSG_NOSIGNAL), EPIPE);
  equal("no SIGPIPE", signals_seen, 1);
  fails("writev", writev(ends[1], &(struct iovec){"x", 1}, 1), EPIPE);
  equal("SIGPIPE again", signals_seen, 2);
  close(ends[1]);

  pair(ends, 0);
  write(ends[0], "unread", 6);
  write(ends[1], "mine", 4);
  close(ends[1]);
  equal("data first", read(ends[0], buffer, 100), 4);
  fails("closed with unread data", read(ends[0], buffer, 100), ECONNRESET);
  equal("told once", read(ends[0], buffer, 100), 0);
  close(ends[0]);

  pair(ends, 0);
  write(ends[0], "unread", 6);
  close(ends[1]);
  fails("EPIPE comes first", send(ends[0], "x", 1, MSG_NOSIGNAL), EPIPE);
  int error = -1;
  socklen_t length = sizeof error;
  equal("SO_ERROR", getsockopt(ends[0], SOL_SOCKET, SO_ERROR, &error, &length), 0);
  equal("is ECONNRESET", error, ECONNRESET);
  getsockopt(ends[0], SOL_SOCKET, SO_ERROR, &error, &length);
  equal("once", error, 0);
  close(ends[0]);

  pair(ends, 0);
  fails("shutdown how", shutdown(ends[0], 3), EINVAL);
  fails("shutdown how below", shutdown(ends[0], -1), EINVAL);
  write(ends[0], "last", 4);
  equal("SHUT_WR", shutdown(ends[0], SHUT_WR), 0);
  fails("no writing", send(ends[0], "x", 1, MSG_NOSIGNAL), EPIPE);
  equal("the other reads the rest", read(ends[1], buffer, 100), 4);
  equal("and the end", read(ends[1], buffer, 100), 0);
  equal("but writes", write(ends[1], "answer", 6), 6);
  equal("which is read", read(ends[0], buffer, 100), 6);
  equal("SHUT_RD", shutdown(ends[0], SHUT_RD), 0);
  fails("the other cannot write any more", send(ends[1], "x", 1, MSG_NOSIGNAL), EPIPE);
  equal("end", read(ends[0], buffer, 1), 0);
  close_both(ends);
  signal(SIGPIPE, SIG_DFL);
  pair(ends, 0);
  close(ends[1]);
  equal("SIGPIPE kills", in_child(write(ends[0], "x", 1)), KILLED(SIGPIPE));
  close(ends[0]);
}

static void blocking(void) {
  int ends[2];
  pair(ends, 0);
  pid_t writer = fork();
  if (writer == 0) {
    close(ends[0]);
    memset(buffer, 'w', sizeof buffer);
    _exit(write(ends[1], buffer, sizeof buffer) == sizeof buffer ? 0 : 1);
  }
  close(ends[1]);
  long total = 0;
  for (ssize_t got; (got = read(ends[0], buffer, 10000)) > 0;)
    for (ssize_t i = 0; i < got; i++) total += buffer[i] == 'w';
  equal("all of a large write", total, sizeof buffer);
  equal("written whole", reap(writer), 0);
  close(ends[0]);

  pair(ends, SOCK_NONBLOCK);
  long sent = 0;
  for (ssize_t n; (n = write(ends[0], buffer, 1000)) > 0;) sent += n;
  int full = errno == EAGAIN;
  check("a full socket", full && sent >= 20000 && sent <= 400000);
  struct pollfd polled = {ends[0], POLLOUT, 0};
  equal("is not writable", poll(&polled, 1, 0), 0);
  for (ssize_t n; (n = read(ends[1], buffer, 50000)) > 0;) sent -= n;
  equal("gives back all", sent, 0);
  equal("and is writable", poll(&polled, 1, 0), 1);
  close_both(ends);

  /* The reader of MSG_WAITALL waits for all; a closed connection ends it. */
  pair(ends, 0);
  writer = fork();
  if (writer == 0) {
    close(ends[0]);
    for (int i = 0; i < 3; i++) {
      write(ends[1], "0123456789", 10);
      sleep_milliseconds(5);
    }
    write(ends[1], "abc", 3);
    _exit(0);
  }
  close(ends[1]);
  equal("MSG_WAITALL", recv(ends[0], buffer, 30, MSG_WAITALL), 30);
  check("in order", memcmp(buffer, "012345678901234567890123456789", 30) == 0);
  equal("less at the end", recv(ends[0], buffer, 30, MSG_WAITALL), 3);
  reap(writer);
  close(ends[0]);
}

static void interruption(void) {
  int ends[2];
  pair(ends, 0);
  struct itimerval soon = {{0, 20000}, {0, 20000}}, never = {0};
  signals_seen = 0;
  handle(SIGALRM, count_signal, 0);
  setitimer(ITIMER_REAL, &soon, NULL);
  fails("recv is interrupted", recv(ends[0], buffer, 1, 0), EINTR);
  check("by the signal", signals_seen > 0);
  handle(SIGALRM, count_signal, SA_RESTART);
  pid_t writer = fork();
  if (writer == 0) {
    sleep_milliseconds(100);
    _exit(write(ends[1], "z", 1) == 1 ? 0 : 1);
  }
  equal("recv is restarted", recv(ends[0], buffer, 1, 0), 1);
  reap(writer);
  struct timeval timeout = {30, 0};
  equal("SO_RCVTIMEO", setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout), 0);
  fails("with a timeout it never is", recv(ends[0], buffer, 1, 0), EINTR);
  handle(SIGALRM, count_signal, 0);
  fails("a full write is interrupted", ({ ssize_t n; while ((n = write(ends[1], buffer, 4096)) == 4096) {} n; }), EINTR);
  setitimer(ITIMER_REAL, &never, NULL);
  timeout = (struct timeval){0, 20000};
  setsockopt(ends[1], SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
  ssize_t n;
  while ((n = write(ends[1], buffer, 4096)) == 4096) {
  }
  int timed_out = n < 4096 && (n > 0 || errno == EAGAIN);
  check("SO_SNDTIMEO", timed_out);
  while (recv(ends[0], buffer, sizeof buffer, MSG_DONTWAIT) > 0) {
  }
  setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  fails("SO_RCVTIMEO ends recv", recv(ends[0], buffer, 1, 0), EAGAIN);
  fails("and read", read(ends[0], buffer, 1), EAGAIN);
  write(ends[1], "part", 4);
  equal("and MSG_WAITALL with what came", recv(ends[0], buffer, 10, MSG_WAITALL), 4);
  close_both(ends);
}

static void connections(void) {
  struct sockaddr_un address;
  socklen_t length = sizeof address;
  int server = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0);
  fails("listen without a name", listen(server, 1), EINVAL);
  fails("accept without listen", accept(server, NULL, NULL), EINVAL);
  fails("receive unconnected", recv(client, buffer, 1, 0), EINVAL);
  fails("send unconnected", send(client, buffer, 1, 0), ENOTCONN);
  fails("send nothing unconnected", send(client, buffer, 0, 0), ENOTCONN);
  fails("getpeername unconnected", getpeername(client, (struct sockaddr *)&address, &length), ENOTCONN);
  equal("shutdown unconnected", shutdown(client, SHUT_RD), 0);
  close(client);
  close(server);
  server = listener_at("stream", 1);
  client = socket(AF_UNIX, SOCK_STREAM, 0);
  fails("accept4 with bad flags", accept4(server, NULL, NULL, 1), EINVAL);
  equal("connect", connect_to(client, "stream"), 0);
  fails("connect again", connect_to(client, "stream"), EISCONN);
  fails("a connected one cannot listen", listen(client, 1), EINVAL);
  equal("writing before accept", write(client, "early", 5), 5);
  fails("a listener cannot connect", connect_to(server, "stream"), EINVAL);
  fails("nor send", send(server, "x", 1, 0), ENOTCONN);
  fails("nor receive", recv(server, buffer, 1, 0), EINVAL);
  int n;
  fails("nor count bytes", ioctl(server, FIONREAD, &n), EINVAL);
  length = sizeof address;
  int accepted = accept4(server, (struct sockaddr *)&address, &length, SOCK_CLOEXEC | SOCK_NONBLOCK);
  check("accept4", accepted >= 0);
  equal("an unnamed peer", length, sizeof(sa_family_t));
  equal("close-on-exec", fcntl(accepted, F_GETFD), FD_CLOEXEC);
  check("non-blocking", fcntl(accepted, F_GETFL) & O_NONBLOCK);
  equal("what was written early", read(accepted, buffer, 100), 5);
  length = sizeof address;
  equal("getsockname of it", getsockname(accepted, (struct sockaddr *)&address, &length), 0);
  check("is the listener's", length == sizeof(sa_family_t) + 7 && strcmp(address.sun_path, "stream") == 0);
  length = sizeof address;
  equal("getpeername", getpeername(client, (struct sockaddr *)&address, &length), 0);
  same_text("is the listener's too", address.sun_path, "stream");
  fails("sendto a connected stream", sendto(client, "x", 1, 0, (struct sockaddr *)&address, length), EISCONN);
  close(accepted);
  close(client);

  /* The backlog: one more than was asked for waits. */
  int clients[3];
  for (int i = 0; i < 3; i++) clients[i] = socket(AF_UNIX, SOCK_STREAM | (i == 2 ? SOCK_NONBLOCK : 0), 0);
  equal("first in the queue", connect_to(clients[0], "stream"), 0);
  equal("second", connect_to(clients[1], "stream"), 0);
  fails("the queue is full", connect_to(clients[2], "stream"), EAGAIN);
  pid_t child = fork();
  if (child == 0) {
    int late = socket(AF_UNIX, SOCK_STREAM, 0);
    _exit(connect_to(late, "stream") == 0 && write(late, "late", 4) == 4 && read(late, buffer, 1) == 0 ? 0 : 1);
  }
  sleep_milliseconds(20);
  for (int i = 0; i < 3; i++) {
    accepted = accept(server, NULL, NULL);
    if (i == 2) equal("a connect that waited", read(accepted, buffer, 100), 4);
    close(accepted);
  }
  equal("is told of the close", reap(child), 0);
  close(clients[2]);
  clients[2] = socket(AF_UNIX, SOCK_STREAM, 0);
  equal("one more", connect_to(clients[2], "stream"), 0);
  close(server);
  fails("closing the listener resets who waits", read(clients[2], buffer, 1), ECONNRESET);
  fails("nobody listens any more", ({ int s = socket(AF_UNIX, SOCK_STREAM, 0); connect_to(s, "stream"); }), ECONNREFUSED);
  for (int i = 0; i < 3; i++) close(clients[i]);

  /* Several accept at once: each connection wakes one. */
  server = listener_at("several", 10);
  pid_t acceptors[4];
  for (int i = 0; i < 4; i++) {
    acceptors[i] = fork();
    if (acceptors[i] == 0) _exit(accept(server, NULL, NULL) >= 0 ? 0 : 1);
  }
  sleep_milliseconds(20);
  for (int i = 0; i < 4; i++) connect_to(socket(AF_UNIX, SOCK_STREAM, 0), "several");
  int good = 0;
  for (int i = 0; i < 4; i++) good += reap(acceptors[i]) == 0;
  equal("all four accept", good, 4);
  fcntl(server, F_SETFL, O_NONBLOCK);
  fails("nobody is left", accept(server, NULL, NULL), EAGAIN);
  shutdown(server, SHUT_RD);
  fails("nor when it has been shut down", accept(server, NULL, NULL), EAGAIN);
  fcntl(server, F_SETFL, 0);
  fails("then waiting makes no sense", accept(server, NULL, NULL), EINVAL);
  fails("refuses", ({ int s = socket(AF_UNIX, SOCK_STREAM, 0); connect_to(s, "several"); }), ECONNREFUSED);
  close(server);
}

int main(void) {
  room = calloc(1, sizeof *room);
  enter_scratch();
  making();
  bytes();
  peeking();
  closing();
  blocking();
  interruption();
  connections();
  return finish();
}
