/* channel.h - ways for two processes to send each other bytes, and a partner at the far end. */
#ifndef CHANNEL_H
#define CHANNEL_H

#include <sys/types.h>

/** A channel has two ends, each with a descriptor to read from and one to write to, which may be the same. */
struct channel {
  int our_in, our_out, their_in, their_out;
};

int open_pipes(struct channel *channel);
int open_unix_pair(struct channel *channel);
int open_tcp_pair(struct channel *channel);
int open_udp_pair(struct channel *channel);

/** A TCP socket that listens on the loopback address, at a port that `address` receives. */
struct sockaddr_in;
int listen_on_loopback(struct sockaddr_in *address);

/** Forks a partner that runs `body` with the far end and then exits; the near end is `first` (in) and `second` (out). */
int start_partner(int (*open_channel)(struct channel *), void (*body)(int in, int out));
void stop_partner(void);

#endif
