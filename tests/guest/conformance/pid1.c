/* pid1: what is special about the first process of a container. It must run as process 1. */
#include "check.h"
#include <sys/syscall.h>

static volatile sig_atomic_t signals_seen;
static void count_signal(int number) { (void)number; signals_seen++; }

int main(void) {
  equal("getpid", getpid(), 1);
  equal("getppid", getppid(), 0);
  equal("getpgrp", getpgrp(), 1);
  equal("getsid", getsid(0), 1);
  static const int deadly[] = {SIGTERM, SIGINT, SIGHUP, SIGKILL, SIGSTOP, SIGUSR1, SIGQUIT, SIGSEGV};
  for (int i = 0; i < 8; i++) {
    char name[64];
    snprintf(name, sizeof name, "SIG%s to oneself does nothing", sigabbrev_np(deadly[i]));
    equal(name, kill(1, deadly[i]), 0);
  }
  equal("from a child either", in_child({
          for (int i = 0; i < 8; i++) equal("kill process 1", kill(1, deadly[i]), 0);
        }), 0);
  handle(SIGTERM, count_signal, 0);
  equal("with a handler it is delivered", (kill(1, SIGTERM), signals_seen), 1);
  in_child(kill(1, SIGTERM));
  check("from a child too", eventually(signals_seen == 2));
  signal(SIGTERM, SIG_DFL);

  int ends[2];
  pipe(ends);
  pid_t child = fork();
  if (child == 0) {
    pid_t grandchild = fork();
    if (grandchild == 0) {
      close(ends[0]);
      write(ends[1], "x", eventually(getppid() == 1));
      _exit(17);
    }
    _exit(16);
  }
  equal("its child", reap(child), EXITED(16));
  int status = -1;
  check("the grandchild is adopted and reaped", wait(&status) > 0 && status == EXITED(17));
  char byte = 0;
  read(ends[0], &byte, 1);
  equal("it saw process 1 as its parent", byte, 'x');
  fails("no more children", wait(NULL), ECHILD);

  pid_t first = fork();
  if (first == 0)
    for (;;) pause();
  pid_t second = fork();
  if (second == 0) {
    setsid();
    for (;;) pause();
  }
  equal("kill(-1) spares process 1", kill(-1, SIGKILL), 0);
  equal("and takes the first", reap(first), KILLED(SIGKILL));
  equal("and the second", reap(second), KILLED(SIGKILL));
  fails("with nobody left", kill(-1, SIGKILL), ESRCH);

  equal("a new process has the next pid", ({
          pid_t one = fork();
          if (one == 0) _exit(0);
          pid_t two = fork();
          if (two == 0) _exit(0);
          reap(one);
          reap(two);
          two - one;
        }), 1);
  fails("setsid of the leader", setsid(), EPERM);

  /* The container ends with process 1, although this child lives on. */
  if (fork() == 0)
    for (;;) pause();
  return check_failures ? 1 : 33;
}
