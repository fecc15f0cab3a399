/* socket-poll: poll, select and epoll on AF_UNIX sockets. */
#include "check.h"
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/un.h>

static char buffer[4096];

/** What poll says of a descriptor, asked for everything. */
static int state(int s) {
  struct pollfd polled = {s, POLLIN | POLLOUT | POLLPRI | POLLRDHUP, 0};
  poll(&polled, 1, 0);
  return polled.revents;
}

int main(void) {
  int ends[2];
  enter_scratch();
  equal("an unconnected stream", state(socket(AF_UNIX, SOCK_STREAM, 0)), POLLOUT | POLLHUP);
  equal("an unconnected packet socket", state(socket(AF_UNIX, SOCK_SEQPACKET, 0)), POLLOUT | POLLHUP);
  equal("an unconnected datagram socket", state(socket(AF_UNIX, SOCK_DGRAM, 0)), POLLOUT);
  for (int type = SOCK_STREAM; type <= SOCK_SEQPACKET; type += SOCK_SEQPACKET - SOCK_STREAM) {
    print_line("type %d", type);
    socketpair(AF_UNIX, type, 0, ends);
    equal("connected", state(ends[0]), POLLOUT);
    write(ends[0], "x", 1);
    equal("with data", state(ends[1]), POLLIN | POLLOUT);
    read(ends[1], buffer, 1);
    equal("without", state(ends[1]), POLLOUT);
    shutdown(ends[0], SHUT_WR);
    equal("the other has shut down", state(ends[1]), POLLIN | POLLOUT | POLLRDHUP);
    equal("and itself", state(ends[0]), POLLOUT);
    shutdown(ends[0], SHUT_RD);
    equal("both ways", state(ends[1]), POLLIN | POLLOUT | POLLRDHUP | POLLHUP);
    close(ends[0]), close(ends[1]);
    socketpair(AF_UNIX, type, 0, ends);
    close(ends[1]);
    equal("the other has closed", state(ends[0]), POLLIN | POLLOUT | POLLRDHUP | POLLHUP);
    close(ends[0]);
    socketpair(AF_UNIX, type, 0, ends);
    write(ends[0], "x", 1);
    close(ends[1]);
    equal("with unread data", state(ends[0]), POLLIN | POLLOUT | POLLRDHUP | POLLHUP | POLLERR);
    close(ends[0]);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    sprintf(address.sun_path, "s%d", type);
    int server = socket(AF_UNIX, type, 0), client = socket(AF_UNIX, type, 0);
    bind(server, (struct sockaddr *)&address, sizeof address);
    listen(server, 1);
    equal("a listener", state(server), 0);
    connect(client, (struct sockaddr *)&address, sizeof address);
    equal("with a connection", state(server), POLLIN);
    close(server), close(client);
  }
  socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
  fd_set set;
  FD_ZERO(&set);
  FD_SET(ends[1], &set);
  equal("select: nothing", select(ends[1] + 1, &set, NULL, NULL, &(struct timeval){0, 0}), 0);
  write(ends[0], "x", 1);
  FD_SET(ends[1], &set);
  equal("select: data", select(ends[1] + 1, &set, NULL, NULL, NULL), 1);
  read(ends[1], buffer, 1);
  int epoll = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN | EPOLLET | EPOLLRDHUP, .data.u32 = 7};
  equal("epoll_ctl", epoll_ctl(epoll, EPOLL_CTL_ADD, ends[1], &event), 0);
  equal("nothing", epoll_wait(epoll, &event, 1, 0), 0);
  write(ends[0], "x", 1);
  equal("an edge", epoll_wait(epoll, &event, 1, 0), 1);
  check("with its data", event.events == EPOLLIN && event.data.u32 == 7);
  equal("only once", epoll_wait(epoll, &event, 1, 0), 0);
  write(ends[0], "y", 1);
  equal("another", epoll_wait(epoll, &event, 1, 0), 1);
  pid_t child = fork();
  if (child == 0) {
    sleep_milliseconds(10);
    shutdown(ends[0], SHUT_WR);
    _exit(0);
  }
  equal("waiting for the other's end", epoll_wait(epoll, &event, 1, -1), 1);
  equal("is an edge too", event.events, EPOLLIN | EPOLLRDHUP);
  reap(child);
  close(ends[1]);
  equal("closing removes it", epoll_wait(epoll, &event, 1, 0), 0);
  return finish();
}
