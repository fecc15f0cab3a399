/* messages.c: bytes to another process and back, one at a time and in bulk, through pipes and sockets. */
#include "channel.h"
#include "figure.h"
#include <stddef.h>
#include <unistd.h>

#define BLOCK 65536

/** Sends back each byte it gets. */
static void echo(int in, int out) {
  char byte;
  while (read(in, &byte, 1) == 1)
    if (write(out, &byte, 1) != 1) break;
}

static int start_pipe_echo(void) { return start_partner(open_pipes, echo); }
static int start_unix_echo(void) { return start_partner(open_unix_pair, echo); }
static int start_tcp_echo(void) { return start_partner(open_tcp_pair, echo); }
static int start_udp_echo(void) { return start_partner(open_udp_pair, echo); }

static int run_ping_pong(long operations) {
  char byte = 0;
  for (long i = 0; i < operations; i++)
    if (write(second, &byte, 1) != 1 || read(first, &byte, 1) != 1) return -1;
  return 0;
}

/** Takes batches: a length of 8 bytes, then that many bytes in whatever pieces they come, then it sends one byte. */
static void drain(int in, int out) {
  static char block[BLOCK];
  for (long left; read(in, &left, sizeof left) == sizeof left;) {
    while (left > 0) {
      long taken = read(in, block, sizeof block);
      if (taken <= 0) return;
      left -= taken;
    }
    if (write(out, block, 1) != 1) return;
  }
}

static int start_drain(int (*open_channel)(struct channel *)) { return map_buffer() < 0 ? -1 : start_partner(open_channel, drain); }
static int start_pipe_drain(void) { return start_drain(open_pipes); }
static int start_unix_drain(void) { return start_drain(open_unix_pair); }
static int start_tcp_drain(void) { return start_drain(open_tcp_pair); }

static void stop_drain(void) {
  stop_partner();
  unmap_buffer();
}

static int run_bulk(long operations) {
  long length = operations * BLOCK;
  char byte;
  if (write(second, &length, sizeof length) != sizeof length) return -1;
  for (long i = 0; i < operations; i++) {
    for (long done = 0, sent; done < BLOCK; done += sent) {
      sent = write(second, buffer + done, BLOCK - done);
      if (sent <= 0) return -1;
    }
  }
  return read(first, &byte, 1) == 1 ? 0 : -1;
}

const struct figure message_figures[] = {
    {"pipe_pingpong", 3000, 0, start_pipe_echo, run_ping_pong, stop_partner},
    {"unix_pingpong", 3000, 0, start_unix_echo, run_ping_pong, stop_partner},
    {"tcp_pingpong", 1500, 0, start_tcp_echo, run_ping_pong, stop_partner},
    {"udp_pingpong", 1500, 0, start_udp_echo, run_ping_pong, stop_partner},
    {"pipe_bulk_64k", 512, BLOCK, start_pipe_drain, run_bulk, stop_drain},
    {"unix_bulk_64k", 512, BLOCK, start_unix_drain, run_bulk, stop_drain},
    {"tcp_bulk_64k", 512, BLOCK, start_tcp_drain, run_bulk, stop_drain},
    {0},
};
