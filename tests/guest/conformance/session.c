/* session: process groups and sessions, who may move whom, and orphaned groups. */
#include "check.h"

static volatile sig_atomic_t hangups, continues;
static void on_hangup(int number) { (void)number; hangups++; }
static void on_continue(int number) { (void)number; continues++; }

static pid_t spawn_pause(void) {
  pid_t child = fork();
  if (child == 0)
    for (;;) pause();
  return child;
}

static void orphaned_group(void) {
  int ends[2];
  pipe(ends);
  /*
   * The middle process ends while its child, in a group of its own, is stopped: the group becomes
   * orphaned, since process 1, the new parent, is of another session.
   */
  equal("the middle process", in_child({
          setsid();
          pid_t child = fork();
          if (child == 0) {
            handle(SIGHUP, on_hangup, 0);
            handle(SIGCONT, on_continue, 0);
            setpgid(0, 0);
            raise(SIGSTOP);
            char seen[2] = {eventually(hangups == 1), eventually(continues == 1)};
            write(ends[1], seen, 2);
            raise(SIGTSTP);
            write(ends[1], "t", 1);
            _exit(0);
          }
          int status;
          waitpid(child, &status, WUNTRACED);
        }), 0);
  close(ends[1]);
  char seen[3] = {0};
  size_t have = 0;
  for (ssize_t got; have < 3 && (got = read(ends[0], seen + have, 3 - have)) > 0; have += got) {
  }
  check("a stopped orphaned group gets SIGHUP", seen[0] == 1);
  check("and SIGCONT", seen[1] == 1);
  check("and cannot be stopped by SIGTSTP", seen[2] == 't');
  close(ends[0]);
}

int main(void) {
  pid_t self = getpid();
  check("getpgid(0) is getpgrp", getpgid(0) == getpgrp());
  check("getpgid of oneself", getpgid(self) == getpgrp());
  check("getsid(0) is getsid of oneself", getsid(0) == getsid(self));
  fails("getpgid missing", getpgid(999999), ESRCH);
  fails("getsid missing", getsid(999999), ESRCH);
  fails("setpgid negative", setpgid(0, -1), EINVAL);
  fails("setpgid negative pid", setpgid(-5, 0), EINVAL);
  fails("setpgid of a stranger", setpgid(1, 0), ESRCH);
  fails("setpgid missing", setpgid(999999, 0), ESRCH);
  fails("setpgid to a missing group", setpgid(0, 999999), EPERM);

  equal("a new session", in_child({
          pid_t me = getpid();
          check("setsid", setsid() == me);
          check("leader of the session and its group", getsid(0) == me && getpgrp() == me);
          fails("setsid again", setsid(), EPERM);
          fails("a leader cannot leave its group", setpgid(0, 0), EPERM);
          pid_t child = spawn_pause();
          check("a child is in both", getsid(child) == me && getpgid(child) == me);
          equal("move the child", setpgid(child, child), 0);
          check("it moved", getpgid(child) == child);
          pid_t second = spawn_pause();
          equal("the second joins the first", setpgid(second, child), 0);
          check("it joined", getpgid(second) == child);
          equal("and comes back", setpgid(second, me), 0);
          equal("kill the group of the first", kill(-child, SIGTERM), 0);
          equal("the first died", reap(child), KILLED(SIGTERM));
          equal("the second lives", kill(second, 0), 0);
          kill(second, SIGKILL);
          reap(second);
          fails("the empty group is gone", kill(-child, 0), ESRCH);
        }), 0);
  equal("a group leader", in_child({
          setpgid(0, 0);
          fails("cannot make a session", setsid(), EPERM);
          equal("setpgid to its own group", setpgid(0, 0), 0);
        }), 0);
  equal("a child in another session", in_child({
          int ends[2];
          pipe(ends);
          pid_t child = fork();
          if (child == 0) {
            setsid();
            write(ends[1], "s", 1);
            for (;;) pause();
          }
          char ready;
          read(ends[0], &ready, 1);
          fails("cannot be moved", setpgid(child, child), EPERM);
          fails("nor joined", setpgid(0, child), EPERM);
          kill(child, SIGKILL);
          reap(child);
        }), 0);
  equal("a child that has executed", in_child({
          int ends[2];
          pipe(ends);
          pid_t child = fork();
          if (child == 0) {
            dup2(ends[1], 1);
            execl("/bin/sh", "sh", "-c", "echo; read never", NULL);
            _exit(127);
          }
          char ready;
          read(ends[0], &ready, 1);
          fails("cannot be moved any more", setpgid(child, child), EACCES);
          kill(child, SIGKILL);
          reap(child);
        }), 0);
  orphaned_group();
  return finish();
}
