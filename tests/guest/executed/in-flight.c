/*
 * in-flight COUNT [measure]: has COUNT sockets of its own in flight, which it can receive again. Then says "ready" and waits for a signal; or makes
 * a socket that nobody can receive, and prints how many nanoseconds it takes to close it and have it collected.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static void send_socket(int through, int socket) {
  char byte = 0, control[CMSG_SPACE(sizeof socket)];
  struct iovec vector = {&byte, 1};
  struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  struct cmsghdr *head = CMSG_FIRSTHDR(&message);
  head->cmsg_level = SOL_SOCKET;
  head->cmsg_type = SCM_RIGHTS;
  head->cmsg_len = CMSG_LEN(sizeof socket);
  memcpy(CMSG_DATA(head), &socket, sizeof socket);
  if (sendmsg(through, &message, 0) != 1) perror("sendmsg"), exit(1);
}

static long long now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

int main(int count, char **arguments) {
  int ends[2], kept[2];
  if (count < 2 || socketpair(AF_UNIX, SOCK_STREAM, 0, kept) < 0) return 1;
  for (int i = atoi(arguments[1]); i > 0; i -= 2) {
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0) return 1;
    send_socket(kept[0], ends[0]);
    send_socket(kept[0], ends[1]);
    close(ends[0]);
    close(ends[1]);
  }
  if (count == 2) {
    printf("ready\n");
    fflush(stdout);
    for (;;) pause();
  }
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0) return 1;
  send_socket(ends[0], ends[1]);
  long long start = now();
  close(ends[1]);
  printf("%lld\n", now() - start);
  close(kept[0]);
  return write(ends[0], "", 1) == 1;
}
