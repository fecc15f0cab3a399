/* socket-tcp-options: options at IPPROTO_TCP and SOL_SOCKET of streams, urgent data, keep-alive, lingering. */
#include "check.h"
#include <arpa/inet.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>

static char buffer[1 << 16];

static int tcp(void) { return socket(AF_INET, SOCK_STREAM, 0); }

static int set_to(int s, int level, int name, int value) { return setsockopt(s, level, name, &value, sizeof value); }

static int value_of(int s, int level, int name) {
  int value = -1;
  socklen_t length = sizeof value;
  return getsockopt(s, level, name, &value, &length) < 0 ? -1000 - errno : value;
}

static int listener(struct sockaddr_in *a) {
  int s = tcp();
  socklen_t length = sizeof *a;
  *a = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  bind(s, (struct sockaddr *)a, sizeof *a);
  listen(s, 8);
  getsockname(s, (struct sockaddr *)a, &length);
  return s;
}

static void pair(int ends[2]) {
  struct sockaddr_in a;
  int server = listener(&a);
  ends[0] = tcp();
  connect(ends[0], (struct sockaddr *)&a, sizeof a);
  ends[1] = accept(server, NULL, NULL);
  close(server);
}

static void close_both(int ends[2]) {
  close(ends[0]);
  close(ends[1]);
}

static int events_of(int s) {
  struct pollfd polled = {s, POLLIN | POLLOUT | POLLPRI | POLLRDHUP, 0};
  poll(&polled, 1, 0);
  return polled.revents;
}

static volatile int signals_seen;
static void count_signal(int number) {
  (void)number;
  signals_seen++;
}

/* Each option: a value that is taken, what it then is, and one that is not. */
static void numbers(void) {
  static const struct {
    const char *name;
    int option, first, value, then, bad;
  } options[] = {
      {"TCP_NODELAY", TCP_NODELAY, 0, 5, 1, 0},
      {"TCP_CORK", TCP_CORK, 0, 7, 1, 0},
      {"TCP_MAXSEG", TCP_MAXSEG, 536, 1000, 1000, 87},
      {"TCP_KEEPIDLE", TCP_KEEPIDLE, 7200, 100, 100, 0},
      {"TCP_KEEPIDLE's end", TCP_KEEPIDLE, 7200, 32767, 32767, 32768},
      {"TCP_KEEPINTVL", TCP_KEEPINTVL, 75, 20, 20, 0},
      {"TCP_KEEPCNT", TCP_KEEPCNT, 9, 127, 127, 128},
      {"TCP_SYNCNT", TCP_SYNCNT, 6, 2, 2, 128},
      {"TCP_LINGER2", TCP_LINGER2, 60, 30, 30, 0},
      {"TCP_LINGER2's end", TCP_LINGER2, 60, 1000, 120, 0},
      {"TCP_LINGER2 below 0", TCP_LINGER2, 60, -7, -1, 0},
      {"TCP_DEFER_ACCEPT", TCP_DEFER_ACCEPT, 0, 1, 1, 0},
      {"TCP_DEFER_ACCEPT is rounded", TCP_DEFER_ACCEPT, 0, 2, 3, 0},
      {"TCP_DEFER_ACCEPT of ten seconds", TCP_DEFER_ACCEPT, 0, 10, 15, 0},
      {"TCP_WINDOW_CLAMP", TCP_WINDOW_CLAMP, 0, 20000, 20000, 0},
      {"TCP_WINDOW_CLAMP's least", TCP_WINDOW_CLAMP, 0, 1, 1152, 0},
      {"TCP_QUICKACK", TCP_QUICKACK, 1, 0, 0, 0},
      {"TCP_USER_TIMEOUT", TCP_USER_TIMEOUT, 0, 5000, 5000, -1},
      {"TCP_NOTSENT_LOWAT", TCP_NOTSENT_LOWAT, 0, 10000, 10000, 0},
      {"TCP_FASTOPEN", TCP_FASTOPEN, 0, 5, 5, -1},
  };
  for (unsigned i = 0; i < sizeof options / sizeof *options; i++) {
    char name[100];
    int s = tcp(), option = options[i].option;
    snprintf(name, sizeof name, "%s at first", options[i].name);
    equal(name, value_of(s, IPPROTO_TCP, option), options[i].first);
    snprintf(name, sizeof name, "%s is set", options[i].name);
    equal(name, set_to(s, IPPROTO_TCP, option, options[i].value), 0);
    snprintf(name, sizeof name, "%s then", options[i].name);
    equal(name, value_of(s, IPPROTO_TCP, option), options[i].then);
    if (options[i].bad != 0 || option == TCP_KEEPIDLE || option == TCP_KEEPINTVL) {
      snprintf(name, sizeof name, "%s refuses", options[i].name);
      fails(name, set_to(s, IPPROTO_TCP, option, options[i].bad), EINVAL);
    }
    close(s);
  }
}

static void odds(void) {
  int s = tcp(), v = 1;
  socklen_t length = sizeof v;
  fails("an option there is not", set_to(s, IPPROTO_TCP, 900, 1), ENOPROTOOPT);
  fails("nor to read", getsockopt(s, IPPROTO_TCP, 900, &v, &length), ENOPROTOOPT);
  fails("a short value", setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &v, 2), EINVAL);
  fails("a value at a bad address", setsockopt(s, IPPROTO_TCP, TCP_NODELAY, (void *)8, 4), EFAULT);
  length = 2;
  char small[4] = {9, 9, 9, 9};
  equal("a short room", getsockopt(s, IPPROTO_TCP, TCP_KEEPIDLE, small, &length), 0);
  check("gets what fits", length == 2 && small[2] == 9);
  char name[20] = "";
  length = sizeof name;
  equal("TCP_CONGESTION", setsockopt(s, IPPROTO_TCP, TCP_CONGESTION, "reno", 4), 0);
  equal("its name", getsockopt(s, IPPROTO_TCP, TCP_CONGESTION, name, &length), 0);
  same_text("is reno", name, "reno");
  equal("in so many bytes", length, 16);
  fails("another algorithm", setsockopt(s, IPPROTO_TCP, TCP_CONGESTION, "carrier-pigeon", 14), ENOENT);
  fails("without a name", setsockopt(s, IPPROTO_TCP, TCP_CONGESTION, "", 0), EINVAL);
  fails("UDP's level", set_to(s, IPPROTO_UDP, 1, 1), ENOPROTOOPT);
  equal("SO_TYPE", value_of(s, SOL_SOCKET, SO_TYPE), SOCK_STREAM);
  equal("SO_PROTOCOL", value_of(s, SOL_SOCKET, SO_PROTOCOL), IPPROTO_TCP);
  equal("SO_DOMAIN", value_of(s, SOL_SOCKET, SO_DOMAIN), AF_INET);
  equal("SO_ACCEPTCONN", value_of(s, SOL_SOCKET, SO_ACCEPTCONN), 0);
  listen(s, 1);
  equal("of a listener", value_of(s, SOL_SOCKET, SO_ACCEPTCONN), 1);
  equal("SO_SNDBUF", set_to(s, SOL_SOCKET, SO_SNDBUF, 20000), 0);
  equal("is doubled", value_of(s, SOL_SOCKET, SO_SNDBUF), 40000);
  close(s);
}

static struct tcp_info info_of(int s) {
  struct tcp_info info;
  memset(&info, 0, sizeof info);
  socklen_t length = sizeof info;
  getsockopt(s, IPPROTO_TCP, TCP_INFO, &info, &length);
  return info;
}

static void information(void) {
  struct sockaddr_in a;
  int s = tcp(), ends[2];
  equal("a new socket's state", info_of(s).tcpi_state, TCP_CLOSE);
  close(s);
  s = listener(&a);
  equal("a listener's", info_of(s).tcpi_state, TCP_LISTEN);
  equal("its backlog", info_of(s).tcpi_sacked, 8);
  int client = tcp();
  connect(client, (struct sockaddr *)&a, sizeof a);
  check("and who waits", eventually(info_of(s).tcpi_unacked == 1));
  close(client);
  close(s);
  pair(ends);
  struct tcp_info info = info_of(ends[0]);
  equal("established", info.tcpi_state, TCP_ESTABLISHED);
  equal("its options", info.tcpi_options & (TCPI_OPT_TIMESTAMPS | TCPI_OPT_SACK | TCPI_OPT_WSCALE), TCPI_OPT_TIMESTAMPS | TCPI_OPT_SACK | TCPI_OPT_WSCALE);
  equal("segments of the loopback", info.tcpi_snd_mss > 1000, 1);
  equal("nothing retransmitted", info.tcpi_total_retrans, 0);
  write(ends[0], "hello", 5);
  check("bytes acknowledged", eventually(info_of(ends[0]).tcpi_unacked == 0));
  close(ends[1]);
  check("CLOSE_WAIT", eventually(info_of(ends[0]).tcpi_state == TCP_CLOSE_WAIT || info_of(ends[0]).tcpi_state == TCP_CLOSE));
  close(ends[0]);
  pair(ends);
  shutdown(ends[0], SHUT_WR);
  check("FIN_WAIT2", eventually(info_of(ends[0]).tcpi_state == TCP_FIN_WAIT2));
  equal("CLOSE_WAIT at the other end", info_of(ends[1]).tcpi_state, TCP_CLOSE_WAIT);
  shutdown(ends[1], SHUT_WR);
  check("then both are closed", eventually(info_of(ends[1]).tcpi_state == TCP_CLOSE));
  close_both(ends);
  struct sockaddr_in b;
  s = listener(&b);
  set_to(s, IPPROTO_TCP, TCP_NODELAY, 1);
  set_to(s, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_to(s, IPPROTO_TCP, TCP_KEEPIDLE, 33);
  client = tcp();
  connect(client, (struct sockaddr *)&b, sizeof b);
  int accepted = accept(s, NULL, NULL);
  equal("an accepted socket has its listener's TCP_NODELAY", value_of(accepted, IPPROTO_TCP, TCP_NODELAY), 1);
  equal("SO_KEEPALIVE", value_of(accepted, SOL_SOCKET, SO_KEEPALIVE), 1);
  equal("and TCP_KEEPIDLE", value_of(accepted, IPPROTO_TCP, TCP_KEEPIDLE), 33);
  close(client);
  close(accepted);
  close(s);
}

static void deferring(void) {
  struct sockaddr_in a;
  int s = listener(&a), client = tcp();
  set_to(s, IPPROTO_TCP, TCP_DEFER_ACCEPT, 30);
  fcntl(s, F_SETFL, O_NONBLOCK);
  equal("connect with TCP_DEFER_ACCEPT", connect(client, (struct sockaddr *)&a, sizeof a), 0);
  sleep_milliseconds(20);
  fails("nobody to accept", accept(s, NULL, NULL), EAGAIN);
  write(client, "data", 4);
  int accepted = -1;
  check("until data comes", eventually((accepted = accept(s, NULL, NULL)) >= 0));
  equal("which is there", recv(accepted, buffer, 10, MSG_DONTWAIT), 4);
  close(accepted);
  close(client);
  close(s);
}

static void urgent(void) {
  int ends[2], n;
  struct sigaction action = {.sa_handler = count_signal};
  sigaction(SIGURG, &action, NULL);
  pair(ends);
  fcntl(ends[1], F_SETOWN, getpid());
  fails("no urgent data", recv(ends[1], buffer, 1, MSG_OOB), EINVAL);
  write(ends[0], "abc", 3);
  equal("MSG_OOB", send(ends[0], "XY", 2, MSG_OOB), 2);
  write(ends[0], "def", 3);
  check("SIGURG", eventually(signals_seen == 1));
  check("POLLPRI", eventually(events_of(ends[1]) == (POLLIN | POLLOUT | POLLPRI)));
  check("all there", eventually(ioctl(ends[1], FIONREAD, &n) == 0 && n == 4));
  ioctl(ends[1], SIOCATMARK, &n);
  equal("not at the mark", n, 0);
  equal("a look at it", recv(ends[1], buffer, 10, MSG_OOB | MSG_PEEK), 1);
  equal("it", recv(ends[1], buffer, 10, MSG_OOB), 1);
  equal("is the last byte", buffer[0], 'Y');
  fails("is there once", recv(ends[1], buffer, 10, MSG_OOB), EINVAL);
  equal("no POLLPRI any more", events_of(ends[1]), POLLIN | POLLOUT);
  equal("reading stops at the mark", recv(ends[1], buffer, 100, 0), 4);
  check("before it", memcmp(buffer, "abcX", 4) == 0);
  ioctl(ends[1], SIOCATMARK, &n);
  equal("at the mark", n, 1);
  equal("and goes on behind it", recv(ends[1], buffer, 100, 0), 3);
  check("without it", memcmp(buffer, "def", 3) == 0);
  ioctl(ends[1], SIOCATMARK, &n);
  equal("behind the mark", n, 0);
  set_to(ends[1], SOL_SOCKET, SO_OOBINLINE, 1);
  send(ends[0], "PQ", 2, MSG_OOB);
  write(ends[0], "RS", 2);
  check("in line", eventually(ioctl(ends[1], FIONREAD, &n) == 0 && n == 4));
  fails("MSG_OOB has nothing then", recv(ends[1], buffer, 10, MSG_OOB), EINVAL);
  equal("reading stops", recv(ends[1], buffer, 100, 0), 1);
  ioctl(ends[1], SIOCATMARK, &n);
  equal("at the mark again", n, 1);
  equal("which comes with the rest", recv(ends[1], buffer, 100, 0), 3);
  check("in order", memcmp(buffer, "QRS", 3) == 0);
  close_both(ends);
}

static void queues(void) {
  int ends[2], n;
  pair(ends);
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  long sent = 0;
  for (ssize_t done; (done = write(ends[0], buffer, sizeof buffer)) > 0;) sent += done;
  int full = errno == EAGAIN && sent > 4000;
  check("a full socket", full);
  check("SIOCOUTQ", ioctl(ends[0], SIOCOUTQ, &n) == 0 && n > 0 && n <= sent);
  check("SIOCOUTQNSD", ioctl(ends[0], SIOCOUTQNSD, &n) == 0 && n >= 0 && n <= sent);
  long got = 0;
  while (got < sent) {
    ssize_t done = read(ends[1], buffer, sizeof buffer);
    if (done <= 0) break;
    got += done;
  }
  equal("everything arrives", got, sent);
  check("and is acknowledged", eventually(ioctl(ends[0], SIOCOUTQ, &n) == 0 && n == 0));
  fails("a terminal's ioctl", ioctl(ends[0], 0x5401, buffer), ENOTTY);
  close_both(ends);
}

static void lingering(void) {
  int ends[2];
  pair(ends);
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  long sent = 0;
  for (ssize_t done; (done = write(ends[0], buffer, sizeof buffer)) > 0;) sent += done;
  fcntl(ends[0], F_SETFL, 0);
  struct linger patient = {1, 30};
  setsockopt(ends[0], SOL_SOCKET, SO_LINGER, &patient, sizeof patient);
  int ready[2];
  if (pipe(ready) < 0) return;
  pid_t reader = fork();
  if (reader == 0) {
    close(ends[0]);
    write(ready[1], "", 1);
    sleep_milliseconds(100);
    long got = 0;
    for (ssize_t n; (n = read(ends[1], buffer, sizeof buffer)) > 0;) got += n;
    _exit(got == sent ? 0 : 1);
  }
  close(ends[1]);
  read(ready[0], buffer, 1);
  struct timeval before, after;
  gettimeofday(&before, NULL);
  equal("a close that lingers", close(ends[0]), 0);
  gettimeofday(&after, NULL);
  check("waits until all is taken", (after.tv_sec - before.tv_sec) * 1000 + (after.tv_usec - before.tv_usec) / 1000 >= 50);
  equal("and all arrives", reap(reader), 0);
  pair(ends);
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  while (write(ends[0], buffer, sizeof buffer) > 0) {
  }
  fcntl(ends[0], F_SETFL, 0);
  patient.l_linger = 1;
  setsockopt(ends[0], SOL_SOCKET, SO_LINGER, &patient, sizeof patient);
  gettimeofday(&before, NULL);
  equal("when nobody takes it", close(ends[0]), 0);
  gettimeofday(&after, NULL);
  check("it waits for its time", (after.tv_sec - before.tv_sec) * 1000 + (after.tv_usec - before.tv_usec) / 1000 >= 900);
  close(ends[1]);
}

/* The lines of /proc/net/tcp whose local or remote port is this one: how many, and the states of them added up. */
static int lines(const char *path, int port, int *states) {
  char line[400];
  int n = 0, width = 0;
  FILE *file = fopen(path, "r");
  *states = 0;
  if (!file) return -1;
  fgets(line, sizeof line, file);
  if (strncmp(line, "  sl  local_address ", 20) != 0) n = 1000;
  width = strlen(line);
  while (fgets(line, sizeof line, file)) {
    unsigned local, remote, state;
    char *first = strchr(strchr(line, ':') + 1, ':'), *second = first ? strchr(first + 1, ':') : NULL;
    if (!second || sscanf(first + 1, "%x", &local) != 1 || sscanf(second + 1, "%x %x", &remote, &state) != 2) n = 2000;
    else if ((int)local == port || (int)remote == port) {
      n++;
      *states += state;
      if (strcmp(path, "/proc/net/tcp") == 0 && (int)strlen(line) != width) n += 100;
    }
  }
  fclose(file);
  return n;
}

static void listing(void) {
  struct sockaddr_in a;
  int states, server = listener(&a), port = ntohs(a.sin_port), client = tcp();
  equal("a listener's line", lines("/proc/net/tcp", port, &states), 1);
  equal("says so", states, TCP_LISTEN);
  connect(client, (struct sockaddr *)&a, sizeof a);
  int accepted = accept(server, NULL, NULL);
  equal("two ends more", lines("/proc/net/tcp", port, &states), 3);
  equal("are established", states, TCP_LISTEN + 2 * TCP_ESTABLISHED);
  close(client);
  check("one is closed", eventually(lines("/proc/net/tcp", port, &states) == 3 && states == TCP_LISTEN + TCP_FIN_WAIT2 + TCP_CLOSE_WAIT));
  close(accepted);
  check("and waits", eventually(lines("/proc/net/tcp", port, &states) == 2 && states == TCP_LISTEN + TCP_TIME_WAIT));
  close(server);
  server = socket(AF_INET6, SOCK_STREAM, 0);
  struct sockaddr_in6 six = {.sin6_family = AF_INET6};
  socklen_t length = sizeof six;
  bind(server, (struct sockaddr *)&six, sizeof six);
  listen(server, 1);
  getsockname(server, (struct sockaddr *)&six, &length);
  equal("IPv6 has its own list", lines("/proc/net/tcp6", ntohs(six.sin6_port), &states), 1);
  equal("and only that", lines("/proc/net/tcp", ntohs(six.sin6_port), &states), 0);
  close(server);
}

int main(void) {
  numbers();
  odds();
  information();
  deferring();
  urgent();
  queues();
  lingering();
  listing();
  return finish();
}
