/* socket-dgram: AF_UNIX datagrams: borders, truncation, addresses, connecting and who may send, full queues, errors. */
#include "check.h"
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

static char buffer[1 << 19];

static struct sockaddr_un named(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strcpy(address.sun_path, path);
  return address;
}

static int bound(const char *path) {
  int s = socket(AF_UNIX, SOCK_DGRAM, 0);
  struct sockaddr_un address = named(path);
  if (bind(s, (struct sockaddr *)&address, sizeof address) < 0) print_line("FAIL cannot bind %s", path);
  return s;
}

static ssize_t send_to(int s, const char *path, const char *text, int flags) {
  struct sockaddr_un address = named(path);
  return sendto(s, text, strlen(text), flags, (struct sockaddr *)&address, sizeof address);
}

static int connect_to(int s, const char *path) {
  struct sockaddr_un address = named(path);
  return connect(s, (struct sockaddr *)&address, sizeof address);
}

static int disconnect(int s) {
  struct sockaddr nobody = {.sa_family = AF_UNSPEC};
  return connect(s, &nobody, sizeof nobody);
}

static void borders(void) {
  int ends[2], n;
  socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, ends);
  equal("send", send(ends[0], "first", 5, 0), 5);
  equal("write", write(ends[0], "second!", 7), 7);
  equal("send nothing", send(ends[0], "", 0, 0), 0);
  struct iovec out[2] = {{"ga", 2}, {"ther", 4}}, in[2] = {{buffer, 3}, {buffer + 10, 10}};
  equal("writev is one datagram", writev(ends[0], out, 2), 6);
  equal("FIONREAD", ioctl(ends[1], FIONREAD, &n), 0);
  equal("is the first one's", n, 5);
  equal("a look", recv(ends[1], buffer, 100, MSG_PEEK), 5);
  equal("recv", recv(ends[1], buffer, 100, 0), 5);
  struct msghdr message = {.msg_iov = &(struct iovec){buffer, 4}, .msg_iovlen = 1};
  equal("too long for the buffer", recvmsg(ends[1], &message, 0), 4);
  equal("MSG_TRUNC", message.msg_flags, MSG_TRUNC);
  equal("an empty datagram", recv(ends[1], buffer, 100, 0), 0);
  equal("readv", readv(ends[1], in, 2), 6);
  check("its bytes", memcmp(buffer, "gat", 3) == 0 && memcmp(buffer + 10, "her", 3) == 0);
  fails("nothing left", recv(ends[1], buffer, 100, 0), EAGAIN);
  send(ends[0], "0123456789", 10, 0);
  equal("MSG_TRUNC asks for the length", recv(ends[1], buffer, 3, MSG_TRUNC), 10);
  memset(buffer, 'x', 60000);
  equal("a large one", send(ends[0], buffer, 60000, 0), 60000);
  equal("MSG_WAITALL changes nothing", recv(ends[1], buffer + 100000, 100000, MSG_WAITALL), 60000);
  check("whole", memcmp(buffer, buffer + 100000, 60000) == 0);
  fails("too large", send(ends[0], buffer, 400000, 0), EMSGSIZE);
  fails("from a bad address", send(ends[0], (void *)8, 10, 0), EFAULT);
  send(ends[0], "gone", 4, 0);
  fails("to a bad address", recv(ends[1], (void *)8, 10, 0), EFAULT);
  fails("takes the datagram away", recv(ends[1], buffer, 10, 0), EAGAIN);
  fails("listen", listen(ends[0], 1), EOPNOTSUPP);
  fails("accept", accept(ends[0], NULL, NULL), EOPNOTSUPP);
  int offset = 0;
  send(ends[0], "abc", 3, 0);
  send(ends[0], "defg", 4, 0);
  setsockopt(ends[1], SOL_SOCKET, SO_PEEK_OFF, &offset, sizeof offset);
  equal("SO_PEEK_OFF", recv(ends[1], buffer, 2, MSG_PEEK), 2);
  equal("goes on in the datagram", recv(ends[1], buffer, 10, MSG_PEEK), 1);
  equal("and in the next", recv(ends[1], buffer, 10, MSG_PEEK), 4);
  close(ends[0]);
  close(ends[1]);
}

static void addresses(void) {
  struct sockaddr_un from;
  socklen_t length = sizeof from;
  int a = bound("a"), b = bound("b"), nameless = socket(AF_UNIX, SOCK_DGRAM, 0);
  fails("send without an address", send(a, "x", 1, 0), ENOTCONN);
  equal("sendto", send_to(a, "b", "hello", 0), 5);
  equal("recvfrom", recvfrom(b, buffer, 100, 0, (struct sockaddr *)&from, &length), 5);
  same_text("the sender", from.sun_path, "a");
  equal("its length", length, sizeof(sa_family_t) + 2);
  send_to(nameless, "b", "x", 0);
  length = sizeof from;
  equal("from one without a name", recvfrom(b, buffer, 100, 0, (struct sockaddr *)&from, &length), 1);
  equal("has none", length, 0);
  send_to(a, "b", "x", 0);
  length = 3;
  memset(&from, 'z', sizeof from);
  equal("little room for the address", recvfrom(b, buffer, 100, 0, (struct sockaddr *)&from, &length), 1);
  check("is cut", length == 4 && from.sun_path[0] == 'a' && from.sun_path[1] == 'z');
  send_to(a, "b", "x", 0);
  length = -1;
  fails("negative room", recvfrom(b, buffer, 100, 0, (struct sockaddr *)&from, &length), EINVAL);
  fails("nobody there", send_to(a, "nobody", "x", 0), ENOENT);
  fails("nobody bound", ({ close(bound("left")); send_to(a, "left", "x", 0); }), ECONNREFUSED);
  make_file("file", "");
  fails("no socket", send_to(a, "file", "x", 0), ECONNREFUSED);
  int stream = socket(AF_UNIX, SOCK_STREAM, 0);
  struct sockaddr_un address = named("stream");
  bind(stream, (struct sockaddr *)&address, sizeof address);
  fails("another type", send_to(a, "stream", "x", 0), EPROTOTYPE);
  address.sun_family = AF_INET;
  fails("another family", sendto(a, "x", 1, 0, (struct sockaddr *)&address, sizeof address), EINVAL);
  fails("an address too short", sendto(a, "x", 1, 0, (struct sockaddr *)&address, 2), EINVAL);
  fails("an address too long", sendto(a, "x", 1, 0, (struct sockaddr *)&address, 111), EINVAL);
  fails("an address far too long", sendto(a, "x", 1, 0, (struct sockaddr *)&address, 129), EINVAL);
  fails("a bad address", sendto(a, "x", 1, 0, (struct sockaddr *)8, 10), EFAULT);
  equal("to itself", send_to(a, "a", "self", 0), 4);
  equal("comes", recv(a, buffer, 100, 0), 4);
  equal("chmod", chmod("b", 0555), 0);
  equal("without permission", in_child({
          setresgid(1234, 1234, 1234);
          setresuid(1234, 1234, 1234);
          fails("sendto", send_to(a, "b", "x", 0), EACCES);
          fails("connect", connect_to(a, "b"), EACCES);
        }),
        EXITED(0));
  close(a);
  close(b);
  close(nameless);
  close(stream);
}

static void connected(void) {
  struct sockaddr_un address;
  socklen_t length = sizeof address;
  int a = bound("c1"), b = bound("c2"), c = bound("c3");
  equal("connect", connect_to(a, "c2"), 0);
  equal("getpeername", getpeername(a, (struct sockaddr *)&address, &length), 0);
  same_text("is the peer", address.sun_path, "c2");
  equal("send", send(a, "x", 1, 0), 1);
  equal("recv", recv(b, buffer, 10, 0), 1);
  equal("sendto another all the same", send_to(a, "c3", "y", 0), 1);
  equal("which gets it", recv(c, buffer, 10, 0), 1);
  fails("the peer is not connected back", send(b, "x", 1, 0), ENOTCONN);
  equal("but may answer", send_to(b, "c1", "z", 0), 1);
  equal("that comes", recv(a, buffer, 10, 0), 1);
  fails("others may not send", send_to(c, "c1", "no", 0), EPERM);
  fails("nor connect", connect_to(c, "c1"), EPERM);
  equal("connect elsewhere", connect_to(a, "c3"), 0);
  equal("disconnect", disconnect(a), 0);
  fails("then it has no peer", send(a, "x", 1, 0), ENOTCONN);
  length = sizeof address;
  fails("nor a name of one", getpeername(a, (struct sockaddr *)&address, &length), ENOTCONN);
  equal("and others may send again", send_to(c, "c1", "yes", 0), 3);
  recv(a, buffer, 10, 0);
  connect_to(a, "c2");
  close(b);
  fails("the peer has closed", send(a, "x", 1, 0), ECONNREFUSED);
  fails("and is forgotten", send(a, "x", 1, 0), ENOTCONN);

  /* What came from a peer is lost when one turns to another, and a peer that was connected too hears so. */
  int ends[2];
  socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, ends);
  send(ends[0], "lost", 4, 0);
  equal("disconnect one of a pair", disconnect(ends[1]), 0);
  fails("what it had is gone", recv(ends[1], buffer, 10, 0), EAGAIN);
  fails("the other is told", recv(ends[0], buffer, 10, 0), ECONNRESET);
  close(ends[0]);
  close(ends[1]);

  socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, ends);
  equal("SHUT_RD", shutdown(ends[1], SHUT_RD), 0);
  fails("sending to it", send(ends[0], "x", 1, 0), EPIPE);
  equal("it sends", send(ends[1], "x", 1, 0), 1);
  fails("it does not wait to receive", recv(ends[1], buffer, 1, 0), EAGAIN);
  fcntl(ends[1], F_SETFL, 0);
  equal("one that would wait is at the end", recv(ends[1], buffer, 1, 0), 0);
  equal("SHUT_WR", shutdown(ends[0], SHUT_WR), 0);
  fails("sends no more", send(ends[0], "x", 1, 0), EPIPE);
  equal("without SIGPIPE", in_child(signal(SIGPIPE, SIG_DFL); fails("write", write(ends[0], "x", 1), EPIPE)), EXITED(0));
  close(ends[0]);
  close(ends[1]);
  close(a);
  close(c);
}

static void queues(void) {
  int a = socket(AF_UNIX, SOCK_DGRAM, 0), b = bound("full"), sent = 0;
  connect_to(a, "full");
  while (send(a, "x", 1, MSG_DONTWAIT) == 1 && sent < 5000) sent++;
  check("a queue takes a number of datagrams", sent >= 10 && sent < 5000);
  fails("then it is full", send_to(a, "full", "x", MSG_DONTWAIT), EAGAIN);
  struct pollfd polled = {a, POLLOUT, 0};
  equal("a connected sender is not writable", poll(&polled, 1, 0), 0);
  pid_t child = fork();
  if (child == 0) _exit(send(a, "late", 4, 0) == 4 ? 0 : 1);
  pid_t poller = fork();
  if (poller == 0) _exit(poll(&polled, 1, -1) == 1 && polled.revents == POLLOUT ? 0 : 1);
  sleep_milliseconds(20);
  for (int i = 0; i < sent; i++) recv(b, buffer, 10, 0);
  equal("a sender that waited", recv(b, buffer, 10, 0), 4);
  equal("is done", reap(child), 0);
  equal("a poller is told", reap(poller), 0);
  while (send(a, "x", 1, MSG_DONTWAIT) == 1) {
  }
  child = fork();
  if (child == 0) {
    close(b);
    _exit(send(a, "late", 4, 0) == -1 && errno == ECONNREFUSED ? 0 : 1);
  }
  sleep_milliseconds(20);
  close(b);
  equal("a receiver that goes frees who waits", reap(child), 0);
  close(a);

  int ends[2];
  socketpair(AF_UNIX, SOCK_DGRAM, 0, ends);
  sent = 0;
  while (send(ends[0], "x", 1, MSG_DONTWAIT) == 1 && sent < 100000) sent++;
  check("a pair takes more", sent > 20 && sent < 100000);
  struct timeval timeout = {0, 20000};
  setsockopt(ends[0], SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
  fails("SO_SNDTIMEO", send(ends[0], "x", 1, 0), EAGAIN);
  for (int i = 0; i < sent; i++) recv(ends[1], buffer, 10, 0);
  setsockopt(ends[1], SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  fails("SO_RCVTIMEO", recv(ends[1], buffer, 10, 0), EAGAIN);
  close(ends[0]);
  close(ends[1]);
}

static void many(void) {
  int ends[2];
  socketpair(AF_UNIX, SOCK_DGRAM, 0, ends);
  struct iovec parts[4] = {{"one", 3}, {"three", 5}, {"", 0}, {"seven!!", 7}};
  struct mmsghdr out[4] = {0}, in[6] = {0};
  for (int i = 0; i < 4; i++) out[i].msg_hdr.msg_iov = &parts[i], out[i].msg_hdr.msg_iovlen = 1;
  equal("sendmmsg", sendmmsg(ends[0], out, 4, 0), 4);
  check("lengths", out[0].msg_len == 3 && out[1].msg_len == 5 && out[2].msg_len == 0 && out[3].msg_len == 7);
  struct iovec rooms[6];
  for (int i = 0; i < 6; i++) {
    rooms[i] = (struct iovec){buffer + i * 100, 5};
    in[i].msg_hdr.msg_iov = &rooms[i], in[i].msg_hdr.msg_iovlen = 1;
  }
  equal("recvmmsg as many as wanted", recvmmsg(ends[1], in, 2, 0, NULL), 2);
  check("what came", in[0].msg_len == 3 && in[1].msg_len == 5 && memcmp(buffer + 100, "three", 5) == 0);
  equal("MSG_WAITFORONE takes what is there", recvmmsg(ends[1], in, 6, MSG_WAITFORONE, NULL), 2);
  check("and says what was cut", in[0].msg_len == 0 && in[1].msg_len == 5 && in[1].msg_hdr.msg_flags == MSG_TRUNC);
  fails("nothing there", recvmmsg(ends[1], in, 6, MSG_DONTWAIT, NULL), EAGAIN);
  struct timespec timeout = {0, 1};
  send(ends[0], "x", 1, 0);
  equal("the timeout ends it after a message", recvmmsg(ends[1], in, 6, 0, &timeout), 1);
  check("and nothing is left of it", timeout.tv_sec == 0 && timeout.tv_nsec == 0);
  timeout = (struct timespec){0, 1000000000};
  fails("a bad timeout", recvmmsg(ends[1], in, 6, 0, &timeout), EINVAL);
  equal("none wanted", recvmmsg(ends[1], in, 0, 0, NULL), 0);
  out[1].msg_hdr.msg_iov = (void *)8;
  equal("sendmmsg stops at an error", sendmmsg(ends[0], out, 4, 0), 1);
  fails("which the next call has", sendmmsg(ends[0], out + 1, 3, 0), EFAULT);
  recv(ends[1], buffer, 10, 0);
  pid_t child = fork();
  if (child == 0) {
    for (int i = 0; i < 3; i++) {
      sleep_milliseconds(5);
      send(ends[0], "0123456789", i + 1, 0);
    }
    _exit(0);
  }
  equal("recvmmsg waits for all", recvmmsg(ends[1], in, 3, 0, NULL), 3);
  check("in order", in[0].msg_len == 1 && in[1].msg_len == 2 && in[2].msg_len == 3);
  reap(child);
  close(ends[0]);
  close(ends[1]);
}

int main(void) {
  enter_scratch();
  borders();
  addresses();
  connected();
  queues();
  many();
  return finish();
}
