/* wait: wait4 and waitid with every option, what they report, and the ways not to be told. */
#include "check.h"
#include <sys/resource.h>
#include <sys/syscall.h>

static volatile sig_atomic_t children_seen;
static void count_child(int number) { (void)number; children_seen++; }

static pid_t spawn_exit(int code) {
  pid_t child = fork();
  if (child == 0) _exit(code);
  return child;
}

static pid_t spawn_pause(void) {
  pid_t child = fork();
  if (child == 0)
    for (;;) pause();
  return child;
}

static void basics(void) {
  int status;
  fails("no children", wait(&status), ECHILD);
  fails("waitpid of a stranger", waitpid(1, &status, 0), ECHILD);
  fails("waitpid of oneself", waitpid(getpid(), &status, 0), ECHILD);
  fails("bad options", waitpid(-1, &status, 0x1000), EINVAL);
  pid_t child = spawn_exit(3);
  check("waitpid of a child", waitpid(child, &status, 0) == child && status == EXITED(3));
  fails("only once", waitpid(child, &status, 0), ECHILD);
  child = spawn_pause();
  equal("WNOHANG with nothing to say", waitpid(child, &status, WNOHANG), 0);
  kill(child, SIGTERM);
  check("killed", wait(&status) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM && !WCOREDUMP(status));
  child = spawn_exit(1);
  check("a null status pointer", wait(NULL) == child);
  child = spawn_exit(1);
  fails("a bad status pointer", syscall(SYS_wait4, child, (void *)8, 0, NULL), EFAULT);
  fails("took the child all the same", waitpid(child, NULL, WNOHANG), ECHILD);
  pid_t first = spawn_exit(11), second = spawn_exit(12);
  check("pick the second", waitpid(second, &status, 0) == second && status == EXITED(12));
  check("then the first", waitpid(-1, &status, 0) == first && status == EXITED(11));
  struct rusage usage;
  memset(&usage, 0xff, sizeof usage);
  child = spawn_exit(0);
  check("wait4 with usage", wait4(child, &status, 0, &usage) == child && usage.ru_utime.tv_sec >= 0 && usage.ru_utime.tv_usec < 1000000);
}

static void groups(void) {
  int status;
  pid_t leader = fork();
  if (leader == 0) {
    setpgid(0, 0);
    for (;;) pause();
  }
  setpgid(leader, leader);
  pid_t other = spawn_exit(5);
  check("0 means the own group", waitpid(0, &status, 0) == other && status == EXITED(5));
  fails("nobody else in it", waitpid(0, &status, 0), ECHILD);
  kill(leader, SIGKILL);
  check("a group by number", waitpid(-leader, &status, 0) == leader);
  fails("a group without children", waitpid(-getpid() - 100000, &status, WNOHANG), ECHILD);
}

static void stopping(void) {
  int status;
  pid_t child = spawn_pause();
  kill(child, SIGSTOP);
  check("WUNTRACED", waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
  equal("told once", waitpid(child, &status, WUNTRACED | WNOHANG), 0);
  kill(child, SIGCONT);
  check("WCONTINUED", waitpid(child, &status, WCONTINUED) == child && WIFCONTINUED(status));
  equal("that once too", waitpid(child, &status, WCONTINUED | WNOHANG), 0);
  setpgid(child, child); /* a group that is not orphaned, else SIGTSTP is ignored */
  kill(child, SIGTSTP);
  check("another stop signal", waitpid(child, &status, WUNTRACED) == child && WSTOPSIG(status) == SIGTSTP);
  kill(child, SIGKILL);
  check("killed while stopped", waitpid(child, &status, 0) == child && WTERMSIG(status) == SIGKILL);
  child = spawn_pause();
  kill(child, SIGSTOP);
  waitpid(child, &status, WUNTRACED);
  kill(child, SIGTERM);
  equal("SIGTERM waits while stopped", waitpid(child, &status, WNOHANG), 0);
  kill(child, SIGCONT);
  check("and acts once continued", waitpid(child, &status, 0) == child && WTERMSIG(status) == SIGTERM);
}

static void with_waitid(void) {
  siginfo_t info;
  fails("no options", waitid(P_ALL, 0, &info, 0), EINVAL);
  fails("bad options", waitid(P_ALL, 0, &info, WEXITED | 0x100), EINVAL);
  fails("bad kind", waitid(77, 0, &info, WEXITED), EINVAL);
  fails("no children", waitid(P_ALL, 0, &info, WEXITED), ECHILD);
  pid_t child = spawn_exit(42);
  memset(&info, 0xff, sizeof info);
  equal("WNOWAIT", waitid(P_PID, child, &info, WEXITED | WNOWAIT), 0);
  check("CLD_EXITED", info.si_signo == SIGCHLD && info.si_code == CLD_EXITED && info.si_status == 42 && info.si_pid == child && info.si_uid == 0 && info.si_errno == 0);
  equal("still there", waitid(P_ALL, 0, &info, WEXITED), 0);
  fails("now gone", waitid(P_PID, child, &info, WEXITED), ECHILD);
  child = spawn_pause();
  memset(&info, 0xff, sizeof info);
  equal("WNOHANG", waitid(P_PID, child, &info, WEXITED | WNOHANG), 0);
  check("clears pid and signal", info.si_pid == 0 && info.si_signo == 0);
  kill(child, SIGSTOP);
  waitid(P_PID, child, &info, WSTOPPED);
  check("CLD_STOPPED", info.si_code == CLD_STOPPED && info.si_status == SIGSTOP);
  kill(child, SIGCONT);
  waitid(P_PID, child, &info, WCONTINUED);
  check("CLD_CONTINUED", info.si_code == CLD_CONTINUED && info.si_status == SIGCONT);
  kill(child, SIGUSR1);
  waitid(P_PGID, getpgrp(), &info, WEXITED);
  check("CLD_KILLED", info.si_code == CLD_KILLED && info.si_status == SIGUSR1 && info.si_pid == child);
  child = spawn_exit(1);
  equal("a null info", waitid(P_PID, child, NULL, WEXITED), 0);
  child = spawn_pause();
  kill(child, SIGSTOP);
  fails("waitid interrupted", ({
          handle(SIGALRM, count_child, 0);
          ualarm(20000, 20000);
          int result = waitid(P_PID, child, &info, WEXITED);
          int error = errno;
          ualarm(0, 0);
          errno = error;
          result;
        }), EINTR);
  kill(child, SIGKILL);
  waitid(P_PID, child, &info, WEXITED);
}

static void child_signal(void) {
  handle(SIGCHLD, count_child, SA_RESTART);
  children_seen = 0;
  pid_t child = spawn_pause();
  kill(child, SIGSTOP);
  check("SIGCHLD for a stop", eventually(children_seen == 1));
  kill(child, SIGCONT);
  check("SIGCHLD for a continue", eventually(children_seen == 2));
  kill(child, SIGKILL);
  check("SIGCHLD for the end", eventually(children_seen == 3));
  reap(child);
  handle(SIGCHLD, count_child, SA_RESTART | SA_NOCLDSTOP);
  children_seen = 0;
  child = spawn_pause();
  int status;
  kill(child, SIGSTOP);
  waitpid(child, &status, WUNTRACED);
  kill(child, SIGCONT);
  waitpid(child, &status, WCONTINUED);
  equal("SA_NOCLDSTOP", children_seen, 0);
  kill(child, SIGKILL);
  reap(child);
  check("but the end is told", eventually(children_seen == 1));

  signal(SIGCHLD, SIG_IGN);
  child = spawn_exit(0);
  fails("ignored children leave no zombie", waitpid(child, NULL, 0), ECHILD);
  fails("and wait outlasts them all", (spawn_exit(1), spawn_exit(2), wait(NULL)), ECHILD);
  handle(SIGCHLD, count_child, SA_NOCLDWAIT | SA_RESTART);
  children_seen = 0;
  child = spawn_exit(0);
  fails("SA_NOCLDWAIT", waitpid(child, NULL, 0), ECHILD);
  equal("with the signal", eventually(children_seen == 1), 1);
  signal(SIGCHLD, SIG_DFL);
}

static void raw_clone_children(void) {
  pid_t child = syscall(SYS_clone, 0, NULL, NULL, NULL, NULL);
  if (child == 0) _exit(6);
  int status;
  sleep_milliseconds(20);
  fails("a child without an exit signal is not waited for", waitpid(child, &status, WNOHANG), ECHILD);
  check("except with __WALL", waitpid(child, &status, __WALL) == child && status == EXITED(6));
  child = syscall(SYS_clone, 0, NULL, NULL, NULL, NULL);
  if (child == 0) _exit(7);
  check("or __WCLONE", waitpid(child, &status, __WCLONE) == child && status == EXITED(7));
}

int main(void) {
  basics();
  groups();
  stopping();
  with_waitid();
  child_signal();
  raw_clone_children();
  return finish();
}
