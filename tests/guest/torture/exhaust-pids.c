/*
 * exhaust-pids [LIMIT]: forks until fork fails, three times, and checks that all comes back.
 * With an argument RLIMIT_NPROC makes it fail; without one the container's limit or memory does.
 */
#include "check.h"
#include <sys/resource.h>

static int fork_all(void) {
  int children = 0;
  for (;;) {
    pid_t child = fork();
    if (child < 0) break;
    if (child == 0)
      for (;;) pause();
    children++;
  }
  int error = errno;
  check("fork fails as it should", error == EAGAIN || error == ENOMEM);
  signal(SIGTERM, SIG_IGN);
  kill(0, SIGTERM); /* the children took their disposition before: it kills them */
  int reaped = 0;
  while (waitpid(-1, NULL, 0) > 0) reaped++;
  equal("every child was reaped", reaped - children, 0);
  return children;
}

int main(int count, char **arguments) {
  equal("the forking process", in_child({
          setpgid(0, 0);
          if (count > 1) {
            rlim_t limit = strtoul(arguments[1], NULL, 10);
            setrlimit(RLIMIT_NPROC, &(struct rlimit){limit, limit});
            setresuid(54322, 54322, 54322);
          }
          int first = 0;
          for (int round = 0; round < 3; round++) {
            signal(SIGTERM, SIG_DFL);
            int children = fork_all();
            if (round == 0) first = children;
            check("as many as the first time", children >= first - first / 10 && children > 3);
          }
        }), 0);
  equal("others may still fork", in_child(_exit(3)), EXITED(3));
  return finish();
}
