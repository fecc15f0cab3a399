/* tcp-many: 10,000 connections open at once, in several processes, each used; then 100,000 opened and closed, after which memory is back where it was. */
#include "check.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/utsname.h>

/* What the usual limit of 1,024 descriptors has room for, and processes. */
#define CONNECTIONS 500
#define PROCESSES 20
#define ROUNDS 100000

static int clients[CONNECTIONS], servers[CONNECTIONS];

static long available_kib(void) {
  char line[100];
  long kib = -1;
  FILE *file = fopen("/proc/meminfo", "r");
  while (file && fgets(line, sizeof line, file))
    if (sscanf(line, "MemAvailable: %ld", &kib) == 1) break;
  if (file) fclose(file);
  return kib;
}

static int listener(struct sockaddr_in *a) {
  int s = socket(AF_INET, SOCK_STREAM, 0);
  socklen_t length = sizeof *a;
  *a = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  bind(s, (struct sockaddr *)a, sizeof *a);
  listen(s, 1000);
  getsockname(s, (struct sockaddr *)a, &length);
  return s;
}

/** Makes connections and uses each; then writes a byte to `done` and keeps them until `go` ends. The exit status. */
static int some(int done, int go) {
  struct sockaddr_in a;
  int server = listener(&a), made = 0, good = 0, heard = 0, set = epoll_create1(0);
  for (; made < CONNECTIONS; made++) {
    clients[made] = socket(AF_INET, SOCK_STREAM, 0);
    if (clients[made] < 0 || connect(clients[made], (struct sockaddr *)&a, sizeof a) < 0) break;
    servers[made] = accept(server, NULL, NULL);
    if (servers[made] < 0) break;
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = made};
    epoll_ctl(set, EPOLL_CTL_ADD, servers[made], &event);
    good += write(clients[made], &made, sizeof made) == sizeof made;
  }
  static struct epoll_event events[CONNECTIONS];
  while (heard < made) {
    int n = epoll_wait(set, events, CONNECTIONS, 20000);
    if (n <= 0) break;
    for (int j = 0; j < n; j++) {
      int value = -1;
      heard++;
      good += read(servers[events[j].data.u32], &value, sizeof value) == sizeof value && value == (int)events[j].data.u32;
    }
  }
  char byte;
  if (write(done, "", 1) != 1 || read(go, &byte, 1) != 0) return 2;
  return made == CONNECTIONS && good == 2 * CONNECTIONS ? 0 : 1;
}

static void all_at_once(void) {
  int done[2], go[2], good = 0, ready = 0;
  pid_t children[PROCESSES];
  char byte;
  if (pipe(done) < 0 || pipe(go) < 0) return;
  for (int i = 0; i < PROCESSES; i++) {
    children[i] = fork();
    if (children[i] == 0) {
      close(go[1]);
      close(done[0]);
      _exit(some(done[1], go[0]));
    }
  }
  close(done[1]);
  while (ready < PROCESSES && read(done[0], &byte, 1) == 1) ready++;
  equal("all have theirs at once", ready, PROCESSES);
  close(go[1]);
  for (int i = 0; i < PROCESSES; i++) good += reap(children[i]) == 0;
  equal("and each connection carried its bytes", good, PROCESSES);
  close(done[0]);
  close(go[0]);
}

static int rounds(int count, int abrupt) {
  struct sockaddr_in a;
  struct linger at_once = {1, 0};
  int server = listener(&a), good = 0;
  for (int i = 0; i < count; i++) {
    char byte = i;
    int client = socket(AF_INET, SOCK_STREAM, 0);
    if (client < 0 || connect(client, (struct sockaddr *)&a, sizeof a) < 0) break;
    int accepted = accept(server, NULL, NULL);
    if (accepted < 0) break;
    good += write(client, &byte, 1) == 1 && read(accepted, &byte, 1) == 1 && byte == (char)i;
    if (abrupt) setsockopt(client, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(client);
    close(accepted);
  }
  close(server);
  return good;
}

int main(void) {
  struct utsname name;
  uname(&name);
  /* Elsewhere others take memory meanwhile. */
  int is_alone = strstr(name.release, "cyrius") != NULL;
  all_at_once();
  all_at_once();
  equal("some that wait for their end", rounds(5000, 0), 5000);
  rounds(1000, 1);
  long before = available_kib();
  equal("connections opened and closed", rounds(ROUNDS, 1), ROUNDS);
  check("leave no memory behind", !is_alone || (before > 0 && before - available_kib() < 2048));
  return finish();
}
