/* socket-seqpacket: AF_UNIX sequenced packets: connections that keep borders. */
#include "check.h"
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

static char buffer[1 << 17];

int main(void) {
  int ends[2], n;
  enter_scratch();
  signal(SIGPIPE, SIG_IGN);
  int alone = socket(AF_UNIX, SOCK_SEQPACKET, 0);
  fails("receive unconnected", recv(alone, buffer, 1, 0), ENOTCONN);
  fails("send unconnected", send(alone, buffer, 1, 0), ENOTCONN);
  socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends);
  equal("send", send(ends[0], "first", 5, MSG_EOR), 5);
  equal("send more", send(ends[0], "second", 6, 0), 6);
  equal("send nothing", send(ends[0], "", 0, 0), 0);
  equal("FIONREAD", ioctl(ends[1], FIONREAD, &n), 0);
  equal("is all there is", n, 11);
  struct msghdr message = {.msg_iov = &(struct iovec){buffer, 100}, .msg_iovlen = 1};
  equal("recvmsg", recvmsg(ends[1], &message, 0), 5);
  equal("no flags", message.msg_flags, 0);
  message.msg_iov->iov_len = 2;
  equal("a buffer too small", recvmsg(ends[1], &message, 0), 2);
  equal("MSG_TRUNC", message.msg_flags, MSG_TRUNC);
  equal("an empty packet", recv(ends[1], buffer, 100, 0), 0);
  fails("nothing left", recv(ends[1], buffer, 100, MSG_DONTWAIT), EAGAIN);
  struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "nobody"};
  equal("an address is of no interest", sendto(ends[0], "x", 1, 0, (struct sockaddr *)&address, sizeof address), 1);
  equal("it goes to the peer", recv(ends[1], buffer, 100, 0), 1);
  fails("too large", send(ends[0], buffer, 400000, 0), EMSGSIZE);
  equal("large", send(ends[0], buffer, sizeof buffer, 0), sizeof buffer);
  equal("and whole", recv(ends[1], buffer, sizeof buffer, 0), sizeof buffer);
  equal("SHUT_WR", shutdown(ends[0], SHUT_WR), 0);
  fails("no sending", send(ends[0], "x", 1, 0), EPIPE);
  equal("the end", recv(ends[1], buffer, 10, 0), 0);
  equal("without waiting, too", recv(ends[1], buffer, 10, MSG_DONTWAIT), 0);
  equal("the other way is open", send(ends[1], "x", 1, 0), 1);
  close(ends[1]);
  equal("data first", recv(ends[0], buffer, 10, 0), 1);
  equal("then the end", recv(ends[0], buffer, 10, 0), 0);
  fails("sending to a closed one", send(ends[0], "x", 1, 0), EPIPE);
  equal("raises no SIGPIPE", in_child(signal(SIGPIPE, SIG_DFL); fails("write", write(ends[0], "x", 1), EPIPE)), EXITED(0));
  close(ends[0]);
  socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends);
  send(ends[0], "unread", 6, 0);
  close(ends[1]);
  fails("closed with unread packets", recv(ends[0], buffer, 10, 0), ECONNRESET);
  equal("told once", recv(ends[0], buffer, 10, 0), 0);
  close(ends[0]);

  int server = socket(AF_UNIX, SOCK_SEQPACKET, 0);
  strcpy(address.sun_path, "server");
  bind(server, (struct sockaddr *)&address, sizeof address);
  fails("nobody listens", connect(alone, (struct sockaddr *)&address, sizeof address), ECONNREFUSED);
  equal("listen", listen(server, 1), 0);
  equal("connect", connect(alone, (struct sockaddr *)&address, sizeof address), 0);
  fails("connect again", connect(alone, (struct sockaddr *)&address, sizeof address), EISCONN);
  int stream = socket(AF_UNIX, SOCK_STREAM, 0);
  fails("a stream cannot connect", connect(stream, (struct sockaddr *)&address, sizeof address), EPROTOTYPE);
  equal("one more waits", ({ int s = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0); connect(s, (struct sockaddr *)&address, sizeof address); }), 0);
  fails("the queue is full", ({ int s = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0); connect(s, (struct sockaddr *)&address, sizeof address); }), EAGAIN);
  fails("receive on a listener", recv(server, buffer, 1, 0), ENOTCONN);
  int accepted = accept(server, NULL, NULL);
  equal("send both ways", send(alone, "ping", 4, 0) + send(accepted, "pong!", 5, 0), 9);
  equal("receive", recv(alone, buffer, 100, 0), 5);
  equal("and there", recv(accepted, buffer, 100, 0), 4);
  pid_t child = fork();
  if (child == 0) {
    close(accepted);
    for (int i = 0; i < 500; i++)
      if (send(alone, buffer, 1000 + i, 0) != 1000 + i) _exit(1);
    _exit(0);
  }
  close(alone);
  int wrong = 0;
  for (int i = 0; i < 500; i++) wrong += recv(accepted, buffer, sizeof buffer, 0) != 1000 + i;
  equal("500 packets in order", wrong, 0);
  equal("and the end after them", recv(accepted, buffer, sizeof buffer, 0), 0);
  equal("sender is done", reap(child), 0);
  return finish();
}
