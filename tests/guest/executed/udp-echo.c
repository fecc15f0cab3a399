/* udp-echo PORT: sends every datagram back to where it came from; `ready` on standard output once it listens. */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

int main(int count, char **arguments) {
  static char data[65536];
  struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons(count > 1 ? atoi(arguments[1]) : 7)}, from;
  int s = socket(AF_INET, SOCK_DGRAM, 0);
  if (bind(s, (struct sockaddr *)&own, sizeof own) < 0) return 1;
  puts("ready");
  fflush(stdout);
  for (;;) {
    socklen_t length = sizeof from;
    ssize_t n = recvfrom(s, data, sizeof data, 0, (struct sockaddr *)&from, &length);
    if (n < 0 || sendto(s, data, n, 0, (struct sockaddr *)&from, length) != n) return 2;
  }
}
