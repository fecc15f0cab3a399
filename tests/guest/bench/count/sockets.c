/* sockets.c: making connections, and what only sockets can do. One process is at both ends. */
#include "channel.h"
#include "figure.h"
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define UNIX_ADDRESS SCRATCH ".s"

static struct sockaddr_in tcp_address;
static const struct sockaddr_un unix_address = {.sun_family = AF_UNIX, .sun_path = UNIX_ADDRESS};

static int listen_tcp(void) { return first = listen_on_loopback(&tcp_address); }

/** Connects, accepts and closes; the client's close is abrupt, so that no finished connection lingers. */
static int run_tcp_connect(long operations) {
  struct linger abrupt = {.l_onoff = 1, .l_linger = 0};
  for (long i = 0; i < operations; i++) {
    int client = socket(AF_INET, SOCK_STREAM, 0);
    if (client < 0 || connect(client, (void *)&tcp_address, sizeof tcp_address) < 0) return -1;
    int server = accept(first, NULL, NULL);
    if (server < 0) return -1;
    setsockopt(client, SOL_SOCKET, SO_LINGER, &abrupt, sizeof abrupt);
    close(client);
    close(server);
  }
  return 0;
}

static int listen_unix(void) {
  first = socket(AF_UNIX, SOCK_STREAM, 0);
  if (first < 0 || bind(first, (const void *)&unix_address, sizeof unix_address) < 0) return -1;
  return listen(first, 8);
}

static void stop_unix(void) {
  close_both();
  unlink(UNIX_ADDRESS);
}

static int run_unix_connect(long operations) {
  for (long i = 0; i < operations; i++) {
    int client = socket(AF_UNIX, SOCK_STREAM, 0);
    if (client < 0 || connect(client, (const void *)&unix_address, sizeof unix_address) < 0) return -1;
    int server = accept(first, NULL, NULL);
    if (server < 0) return -1;
    close(client);
    close(server);
  }
  return 0;
}

static int open_pair(void) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0) return -1;
  first = ends[0];
  second = ends[1];
  return 0;
}

/** Sends a descriptor with one byte, receives it and closes it (unix(7), SCM_RIGHTS). */
static int run_pass_descriptor(long operations) {
  char byte = 0;
  union {
    char room[CMSG_SPACE(sizeof(int))];
    struct cmsghdr header;
  } control;
  struct iovec part = {.iov_base = &byte, .iov_len = 1};
  for (long i = 0; i < operations; i++) {
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    control.header = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int))};
    memcpy(CMSG_DATA(&control.header), &first, sizeof(int));
    if (sendmsg(first, &message, 0) != 1 || recvmsg(second, &message, 0) != 1) return -1;
    if (!CMSG_FIRSTHDR(&message)) return fails_with(0);
    int received;
    memcpy(&received, CMSG_DATA(&control.header), sizeof(int));
    close(received);
  }
  return 0;
}

const struct figure socket_figures[] = {
    {"tcp_connect_close", 500, 0, listen_tcp, run_tcp_connect, close_both},
    {"unix_connect_close", 1000, 0, listen_unix, run_unix_connect, stop_unix},
    {"unix_pass_descriptor", 3000, 0, open_pair, run_pass_descriptor, close_both},
    {0},
};
