/* fork-exec-storm [WORKERS]: several processes fork, vfork and execute as fast as they can; every exit code must be right. */
#include "check.h"

#define WORKERS_MOST 1000
#define ROUNDS 32

static pid_t start(const char *path, char *const arguments[], int with_vfork) {
  pid_t child = with_vfork ? vfork() : fork();
  if (child == 0) {
    execve(path, arguments, (char *[]){"PATH=/bin", NULL});
    _exit(126);
  }
  return child;
}

static int work(int worker) {
  int wrong = 0;
  for (int round = 0; round < ROUNDS; round++) {
    char command[64];
    int code = (worker * 31 + round) % 100;
    snprintf(command, sizeof command, "exit %d", code);
    wrong += reap(start("/bin/tiny", (char *[]){"tiny", NULL}, round & 1)) != 0;
    wrong += reap(start("/missing", (char *[]){"missing", NULL}, round & 1)) != EXITED(126);
    if (round % 4 == 0) wrong += reap(start("/bin/sh", (char *[]){"sh", "-c", command, NULL}, 0)) != EXITED(code);
    if (round % 8 == 0) {
      snprintf(command, sizeof command, "echo %d | cat | { read n; exit $n; }", code);
      wrong += reap(start("/bin/sh", (char *[]){"sh", "-c", command, NULL}, 0)) != EXITED(code);
    }
  }
  return wrong;
}

int main(int count, char **arguments) {
  int number = count > 1 ? atoi(arguments[1]) : 6;
  static pid_t workers[WORKERS_MOST];
  for (int i = 0; i < number; i++) {
    workers[i] = fork();
    if (workers[i] == 0) _exit(work(i) > 0);
  }
  int bad = 0;
  for (int i = 0; i < number; i++) bad += reap(workers[i]) != 0;
  equal("workers with a wrong exit code", bad, 0);

  pid_t chain = fork();
  if (chain == 0) { /* a chain of a hundred programs in one process */
    for (int i = 0; i < 50; i++)
      if (fork() == 0) execl("/bin/tiny", "tiny", NULL);
    int ended = 0;
    while (wait(NULL) > 0) ended++;
    _exit(ended);
  }
  equal("fifty at once", reap(chain), EXITED(50));
  return finish();
}
