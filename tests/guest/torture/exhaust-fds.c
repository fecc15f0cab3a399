/* exhaust-fds: opens files, pipes and duplicates until EMFILE, in several processes at once. */
#include "check.h"
#include <sys/resource.h>

static void use_up(void) {
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  for (int pass = 0; pass < 2; pass++) {
    int opened = 0;
    while (open("/dev/null", O_RDONLY) >= 0) opened++;
    int error = errno;
    equal("files: EMFILE", error, EMFILE);
    check("nearly as many as the limit", opened > (int)limit.rlim_cur - 20);
    fails("pipe", pipe((int[2]){0}), EMFILE);
    fails("dup", dup(0), EMFILE);
    for (int fd = 3; fd < (int)limit.rlim_cur; fd++) close(fd);
    int ends[2], pipes = 0;
    while (pipe(ends) == 0) pipes++;
    error = errno;
    equal("pipes: EMFILE", error, EMFILE);
    check("half as many", pipes > (int)limit.rlim_cur / 2 - 20);
    for (int fd = 3; fd < (int)limit.rlim_cur; fd++) close(fd);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
  int first = open("/dev/null", O_RDONLY);
  equal("all are free again", first, 3);
}

int main(void) {
  equal("one process", in_child(use_up()), 0);
  pid_t children[4];
  for (int i = 0; i < 4; i++) {
    children[i] = fork();
    if (children[i] == 0) {
      close(1);
      open("/dev/null", O_WRONLY);
      check_failures = 0;
      use_up();
      _exit(check_failures ? 1 : 0);
    }
  }
  int bad = 0;
  for (int i = 0; i < 4; i++) bad += reap(children[i]) != 0;
  equal("four at once", bad, 0);
  return finish();
}
