/*
 * socket-restart: sendto, sendmsg, sendmmsg, recvfrom, recvmsg and recvmmsg, and signals that come while they wait (signal(7)): EINTR, or a restart with
 * SA_RESTART; with SO_RCVTIMEO or SO_SNDTIMEO always EINTR; and what is sent or received already is told.
 */
#include "check.h"
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>

static char bytes[1 << 16];
static volatile sig_atomic_t alarms;
static void count_alarm(int number) { (void)number; alarms++; }

static long by_sendto(int s) { return sendto(s, bytes, 1000, 0, NULL, 0); }
static long by_recvfrom(int s) { return recvfrom(s, bytes, 1000, 0, NULL, NULL); }

static long by_sendmsg(int s) {
  struct iovec piece = {bytes, 1000};
  struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
  return sendmsg(s, &message, 0);
}

static long by_recvmsg(int s) {
  struct iovec piece = {bytes, 1000};
  struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
  return recvmsg(s, &message, 0);
}

static long by_sendmmsg(int s) {
  struct iovec piece = {bytes, 1000};
  struct mmsghdr message = {.msg_hdr = {.msg_iov = &piece, .msg_iovlen = 1}};
  long sent = sendmmsg(s, &message, 1, 0);
  return sent > 0 ? message.msg_len : sent;
}

static long by_recvmmsg(int s) {
  struct iovec piece = {bytes, 1000};
  struct mmsghdr message = {.msg_hdr = {.msg_iov = &piece, .msg_iovlen = 1}};
  long received = recvmmsg(s, &message, 1, 0, NULL);
  return received > 0 ? message.msg_len : received;
}

static void alarms_on(int flags) {
  struct itimerval often = {.it_value.tv_usec = 20000, .it_interval.tv_usec = 20000};
  handle(SIGALRM, count_alarm, flags);
  alarms = 0;
  setitimer(ITIMER_REAL, &often, NULL);
}

static void alarms_off(void) {
  struct itimerval none = {0};
  setitimer(ITIMER_REAL, &none, NULL);
}

static void udp_pair(int ends[2]) {
  struct sockaddr_in address[2] = {};
  for (int i = 0; i < 2; i++) {
    ends[i] = socket(AF_INET, SOCK_DGRAM, 0);
    address[i] = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address[i];
    bind(ends[i], (struct sockaddr *)&address[i], length);
    getsockname(ends[i], (struct sockaddr *)&address[i], &length);
  }
  for (int i = 0; i < 2; i++) connect(ends[i], (struct sockaddr *)&address[!i], sizeof address[0]);
}

static void tcp_pair(int ends[2]) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  int s = socket(AF_INET, SOCK_STREAM, 0);
  bind(s, (struct sockaddr *)&address, length);
  listen(s, 1);
  getsockname(s, (struct sockaddr *)&address, &length);
  ends[0] = socket(AF_INET, SOCK_STREAM, 0);
  connect(ends[0], (struct sockaddr *)&address, length);
  ends[1] = accept(s, NULL, NULL);
  close(s);
}

static void make(int ends[2], const char *kind) {
  if (kind[0] == 't') tcp_pair(ends);
  else if (kind[0] == 'u') udp_pair(ends);
  else socketpair(AF_UNIX, kind[0] == 's' ? SOCK_STREAM : kind[0] == 'd' ? SOCK_DGRAM : SOCK_SEQPACKET, 0, ends);
}

static char title[128];
static const char *named(const char *call, const char *what, const char *kind) {
  snprintf(title, sizeof title, "%s %s: %s", call, what, kind);
  return title;
}

static void receives(const char *call, long (*receive)(int), const char *kind) {
  int ends[2];
  make(ends, kind);
  alarms_on(0);
  fails(named(call, "EINTR", kind), receive(ends[0]), EINTR);
  alarms_on(SA_RESTART);
  pid_t child = fork();
  if (child == 0) {
    sleep_milliseconds(100);
    _exit(send(ends[1], "four", 4, 0) != 4);
  }
  equal(named(call, "restart", kind), receive(ends[0]), 4);
  check("there were signals", alarms > 0);
  struct timeval minute = {60, 0}, moment = {0, 1000};
  setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &minute, sizeof minute);
  fails(named(call, "EINTR, SO_RCVTIMEO", kind), receive(ends[0]), EINTR);
  alarms_off();
  setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &moment, sizeof moment);
  fails(named(call, "EAGAIN, SO_RCVTIMEO", kind), receive(ends[0]), EAGAIN);
  equal("sent", reap(child), 0);
  close(ends[0]);
  close(ends[1]);
}

/** Takes everything, until it has got the byte that ends it. */
static void read_all(int s) {
  static char room[1 << 16];
  for (;;) {
    long n = recv(s, room, sizeof room, 0);
    if (n <= 0 || room[n - 1] == 'e') return;
  }
}

static void fill(int s) {
  while (send(s, bytes, 1000, MSG_DONTWAIT) > 0) {
  }
}

static void sends(const char *call, long (*send_some)(int), const char *kind) {
  int ends[2];
  make(ends, kind);
  fill(ends[0]);
  alarms_on(0);
  fails(named(call, "EINTR", kind), send_some(ends[0]), EINTR);
  struct timeval minute = {60, 0}, moment = {0, 1000}, never = {0, 0};
  alarms_on(SA_RESTART);
  setsockopt(ends[0], SOL_SOCKET, SO_SNDTIMEO, &minute, sizeof minute);
  fails(named(call, "EINTR, SO_SNDTIMEO", kind), send_some(ends[0]), EINTR);
  alarms_off();
  setsockopt(ends[0], SOL_SOCKET, SO_SNDTIMEO, &moment, sizeof moment);
  fails(named(call, "EAGAIN, SO_SNDTIMEO", kind), send_some(ends[0]), EAGAIN);
  alarms_on(SA_RESTART);
  setsockopt(ends[0], SOL_SOCKET, SO_SNDTIMEO, &never, sizeof never);
  pid_t child = fork();
  if (child == 0) {
    sleep_milliseconds(100);
    read_all(ends[1]);
    _exit(0);
  }
  equal(named(call, "restart", kind), send_some(ends[0]), 1000);
  check("there were signals", alarms > 0);
  alarms_off();
  equal("the end", send(ends[0], "e", 1, 0), 1);
  equal("all was read", reap(child), 0);
  close(ends[0]);
  close(ends[1]);
}

/** Some has been moved when the signal comes. */
static void partly(void) {
  int ends[2];
  make(ends, "stream");
  alarms_on(SA_RESTART);
  send(ends[1], "two", 2, 0);
  pid_t child = fork();
  if (child == 0) {
    alarms_off();
    sleep_milliseconds(100);
    _exit(send(ends[1], "more", 4, 0) != 4);
  }
  // Linux tells of those that were there, whether the call would be restarted or not.
  equal("recvfrom EINTR does not show: MSG_WAITALL", recv(ends[0], bytes, 6, MSG_WAITALL), 2);
  alarms_off();
  equal("the rest", recv(ends[0], bytes, 4, MSG_WAITALL), 4);
  equal("sent", reap(child), 0);
  struct iovec piece = {bytes, 10};
  struct mmsghdr messages[2] = {{.msg_hdr = {.msg_iov = &piece, .msg_iovlen = 1}}, {.msg_hdr = {.msg_iov = &piece, .msg_iovlen = 1}}};
  send(ends[1], "one", 3, 0);
  alarms_on(0);
  equal("recvmmsg EINTR does not show: one message", recvmmsg(ends[0], messages, 2, 0, NULL), 1);
  alarms_off();
  close(ends[0]);
  close(ends[1]);
}

int main(void) {
  static const char *kinds[] = {"stream", "datagram", "packets", "tcp", "udp"};
  for (int i = 0; i < 5; i++) {
    receives("recvfrom", by_recvfrom, kinds[i]);
    receives("recvmsg", by_recvmsg, kinds[i]);
    receives("recvmmsg", by_recvmmsg, kinds[i]);
  }
  // Not over TCP, whose buffers find room once in a while.
  for (int i = 0; i < 3; i++) {
    sends("sendto", by_sendto, kinds[i]);
    sends("sendmsg", by_sendmsg, kinds[i]);
    sends("sendmmsg", by_sendmmsg, kinds[i]);
  }
  partly();
  return finish();
}
