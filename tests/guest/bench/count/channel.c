/* channel.c: pipes, pairs of sockets, and a partner process at the far end. */
#include "channel.h"
#include "figure.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t partner = -1;

/** Closes a descriptor that is of no use any more, keeping errno; -1. */
static int discard(int descriptor) {
  int error = errno;
  if (descriptor >= 0) close(descriptor);
  return fails_with(error);
}

int open_pipes(struct channel *channel) {
  int there[2], back[2];
  if (pipe(there) < 0) return -1;
  if (pipe(back) < 0) {
    discard(there[0]);
    return discard(there[1]);
  }
  *channel = (struct channel){.our_in = back[0], .our_out = there[1], .their_in = there[0], .their_out = back[1]};
  return 0;
}

static void set_sockets(struct channel *channel, int ours, int theirs) {
  *channel = (struct channel){.our_in = ours, .our_out = ours, .their_in = theirs, .their_out = theirs};
}

int open_unix_pair(struct channel *channel) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0) return -1;
  set_sockets(channel, ends[0], ends[1]);
  return 0;
}

/** A socket at a free port of the loopback address, which `address` receives. */
static int bind_to_loopback(int type, struct sockaddr_in *address) {
  socklen_t size = sizeof *address;
  *address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int made = socket(AF_INET, type, 0);
  if (made < 0 || bind(made, (void *)address, size) < 0 || getsockname(made, (void *)address, &size) < 0) return discard(made);
  return made;
}

int listen_on_loopback(struct sockaddr_in *address) {
  int listener = bind_to_loopback(SOCK_STREAM, address);
  return listener < 0 || listen(listener, 8) < 0 ? discard(listener) : listener;
}

int open_tcp_pair(struct channel *channel) {
  struct sockaddr_in address;
  int at_once = 1, listener = listen_on_loopback(&address);
  if (listener < 0) return -1;
  int ours = socket(AF_INET, SOCK_STREAM, 0), theirs = -1;
  if (ours >= 0 && connect(ours, (void *)&address, sizeof address) == 0) theirs = accept(listener, NULL, NULL);
  discard(listener);
  if (theirs < 0) return discard(ours);
  setsockopt(ours, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
  setsockopt(theirs, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
  set_sockets(channel, ours, theirs);
  return 0;
}

int open_udp_pair(struct channel *channel) {
  struct sockaddr_in ours_at, theirs_at;
  int ours = bind_to_loopback(SOCK_DGRAM, &ours_at), theirs = ours < 0 ? -1 : bind_to_loopback(SOCK_DGRAM, &theirs_at);
  if (theirs < 0) return discard(ours);
  if (connect(ours, (void *)&theirs_at, sizeof theirs_at) < 0 || connect(theirs, (void *)&ours_at, sizeof ours_at) < 0) {
    discard(theirs);
    return discard(ours);
  }
  set_sockets(channel, ours, theirs);
  return 0;
}

static void close_end(int in, int out) {
  close(in);
  if (out != in) close(out);
}

int start_partner(int (*open_channel)(struct channel *), void (*body)(int in, int out)) {
  struct channel channel;
  if (open_channel(&channel) < 0) return -1;
  first = channel.our_in;
  second = channel.our_out;
  partner = fork();
  if (partner == 0) {
    close_end(channel.our_in, channel.our_out);
    body(channel.their_in, channel.their_out);
    _exit(0);
  }
  close_end(channel.their_in, channel.their_out);
  return partner;
}

void stop_partner(void) {
  close_both();
  if (partner > 0) {
    kill(partner, SIGKILL);
    waitpid(partner, NULL, 0);
  }
  partner = -1;
}
