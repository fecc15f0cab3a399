/*
 * socket-urgent: MSG_OOB of AF_UNIX streams, as Linux has it: the urgent byte and its mark, with and without SO_OOBINLINE, MSG_PEEK, SIOCATMARK, FIONREAD,
 * poll, SIGURG, and what is left when an end is closed. See send(2), recv(2), socket(7), sockatmark(3).
 */
#include "check.h"
#include <linux/sockios.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

static int ends[2];
static char room[64];
static volatile sig_atomic_t urgent;
static void count_urgent(int number) { (void)number; urgent++; }

static void pair(void) {
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0) print_line("FAIL socketpair (errno %s)", error_name(errno));
}

static void unpair(void) {
  close(ends[0]);
  close(ends[1]);
}

/** What recv gets, as text. */
static const char *got(size_t size, int flags) {
  static char text[80];
  memset(room, 0, sizeof room);
  long n = recv(ends[1], room, size, flags | MSG_DONTWAIT);
  if (n < 0) return error_name(errno);
  snprintf(text, sizeof text, "%.*s", (int)n, room);
  return text;
}

static int mark(void) {
  int at = -1;
  return ioctl(ends[1], SIOCATMARK, &at) < 0 ? -1 : at;
}

static int readable(void) {
  int bytes = -1;
  return ioctl(ends[1], FIONREAD, &bytes) < 0 ? -1 : bytes;
}

static int events(void) {
  struct pollfd p = {ends[1], POLLIN | POLLPRI, 0};
  poll(&p, 1, 0);
  return p.revents;
}

static void apart(void) {
  pair();
  equal("nothing", mark(), 0);
  same_text("recv EINVAL: no urgent byte", got(1, MSG_OOB), "EINVAL");
  fails("send EOPNOTSUPP: an urgent nothing", send(ends[0], "", 0, MSG_OOB), EOPNOTSUPP);
  equal("send", send(ends[0], "hello!", 6, MSG_OOB), 6);
  equal("readable", readable(), 6);
  equal("poll", events(), POLLIN | POLLPRI);
  equal("not at the mark", mark(), 0);
  same_text("peek", got(64, MSG_PEEK), "hello");
  same_text("peek at the urgent byte", got(64, MSG_OOB | MSG_PEEK), "!");
  same_text("some", got(2, 0), "he");
  same_text("up to the mark", got(64, 0), "llo");
  equal("at the mark", mark(), 1);
  same_text("the urgent byte", got(64, MSG_OOB), "!");
  equal("at the mark still", mark(), 1);
  equal("nothing to read", readable(), 0);
  equal("poll at the mark", events(), POLLIN);
  same_text("once only", got(64, MSG_OOB), "EINVAL");
  same_text("recv EAGAIN: behind the mark", got(64, 0), "EAGAIN");
  equal("mark is gone", mark(), 0);
  equal("poll behind the mark", events(), 0);
  unpair();
}

static void skipped(void) {
  pair();
  send(ends[0], "ab!", 3, MSG_OOB);
  send(ends[0], "cd", 2, 0);
  same_text("before", got(64, 0), "ab");
  same_text("it is skipped", got(64, 0), "cd");
  same_text("and lost", got(64, MSG_OOB), "EINVAL");
  send(ends[0], "x", 1, MSG_OOB);
  send(ends[0], "yz", 2, 0);
  same_text("peek over it", got(64, MSG_PEEK), "yz");
  equal("at the mark", mark(), 1);
  same_text("it is there", got(64, MSG_OOB), "x");
  same_text("peek over the mark", got(64, MSG_PEEK), "yz");
  same_text("over the mark", got(64, 0), "yz");
  unpair();
}

static void several(void) {
  pair();
  send(ends[0], "a", 1, MSG_OOB);
  send(ends[0], "b", 1, MSG_OOB);
  equal("readable", readable(), 2);
  same_text("the second counts", got(64, MSG_OOB), "b");
  same_text("the first is ordinary", got(64, 0), "a");
  send(ends[0], "c", 1, MSG_OOB);
  equal("after a mark", mark(), 1);
  same_text("peek stops", got(64, MSG_PEEK), "EAGAIN");
  same_text("c", got(64, MSG_OOB), "c");
  equal("two marks", mark(), 1);
  send(ends[0], "def", 3, 0);
  same_text("over both", got(64, 0), "def");
  send(ends[0], "gh", 2, MSG_OOB);
  send(ends[0], "ij", 2, MSG_OOB);
  same_text("one row", got(64, 0), "ghi");
  same_text("then the urgent one", got(64, MSG_OOB), "j");
  send(ends[0], "kl", 2, 0);
  same_text("recv: MSG_WAITALL stops nowhere here", got(2, MSG_WAITALL), "kl");
  unpair();
}

static void stops(void) {
  pair();
  send(ends[0], "abc", 3, MSG_OOB);
  send(ends[0], "def", 3, 0);
  same_text("the urgent byte first", got(64, MSG_OOB), "c");
  same_text("a read stops at the place of one that was read", got(64, 0), "ab");
  equal("it is there", mark(), 1);
  same_text("and goes on", got(64, 0), "def");
  unpair();
}

static void inline_data(void) {
  int one = 1;
  pair();
  setsockopt(ends[1], SOL_SOCKET, SO_OOBINLINE, &one, sizeof one);
  send(ends[0], "ab!", 3, MSG_OOB);
  send(ends[0], "cd", 2, 0);
  same_text("recv EINVAL: inline", got(64, MSG_OOB), "EINVAL");
  equal("poll", events(), POLLIN | POLLPRI);
  same_text("before", got(64, 0), "ab");
  equal("at the mark", mark(), 1);
  same_text("peek", got(64, MSG_PEEK), "!cd");
  same_text("with it", got(64, 0), "!cd");
  equal("passed", mark(), 0);
  equal("poll", events(), 0);
  unpair();
}

static void told(void) {
  pair();
  handle(SIGURG, count_urgent, SA_RESTART);
  send(ends[0], "a", 1, MSG_OOB);
  equal("no owner, no signal", urgent, 0);
  fcntl(ends[1], F_SETOWN, getpid());
  send(ends[0], "b", 1, MSG_OOB);
  equal("SIGURG", urgent, 1);
  send(ends[0], "c", 1, 0);
  equal("not for others", urgent, 1);
  int set = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLPRI};
  epoll_ctl(set, EPOLL_CTL_ADD, ends[1], &event);
  equal("epoll", epoll_wait(set, &event, 1, 0), 1);
  equal("EPOLLPRI", event.events, EPOLLPRI);
  recv(ends[1], room, 1, MSG_OOB);
  equal("no more", epoll_wait(set, &event, 1, 0), 0);
  close(set);
  struct iovec piece = {room, 1};
  struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
  send(ends[0], "d", 1, MSG_OOB);
  equal("recvmsg", recvmsg(ends[1], &message, MSG_OOB), 1);
  equal("flags", message.msg_flags, MSG_OOB);
  unpair();
}

static void closes(void) {
  pair();
  send(ends[0], "ab", 2, MSG_OOB);
  recv(ends[1], room, 1, 0);
  recv(ends[1], room, 1, MSG_OOB);
  close(ends[1]);
  equal("all was read", recv(ends[0], room, 1, 0), 0);
  close(ends[0]);
  pair();
  send(ends[0], "a", 1, MSG_OOB);
  close(ends[1]);
  fails("recv ECONNRESET: the urgent byte was not", recv(ends[0], room, 1, 0), ECONNRESET);
  close(ends[0]);
  pair();
  send(ends[0], "ab", 2, MSG_OOB);
  close(ends[0]);
  same_text("after the end", got(64, 0), "a");
  same_text("and the urgent byte", got(64, MSG_OOB), "b");
  same_text("the end", got(64, 0), "");
  close(ends[1]);
  pair();
  shutdown(ends[1], SHUT_RD);
  signal(SIGPIPE, SIG_IGN);
  fails("send EPIPE: urgent", send(ends[0], "a", 1, MSG_OOB), EPIPE);
  unpair();
}

int main(void) {
  apart();
  skipped();
  several();
  stops();
  inline_data();
  told();
  closes();
  return finish();
}
