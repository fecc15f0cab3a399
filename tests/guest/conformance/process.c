/* process: fork, vfork, exit codes, orphans and zombies. */
#include "check.h"
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

static int global = 1;

static void forking(void) {
  pid_t self = getpid();
  int local = 2;
  int *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  equal("the child's view", in_child({
          check("getppid is the parent", getppid() == self);
          check("a pid of its own", getpid() != self);
          check("gettid is getpid", gettid() == getpid());
          global = 10, local = 20, shared[0] = 30, shared[1] = getpid();
        }), 0);
  check("memory is copied", global == 1 && local == 2);
  check("shared memory is not", shared[0] == 30);
  fails("the child is gone", kill(shared[1], 0), ESRCH);

  make_file("offset", "abcdef");
  int file = open("offset", O_RDONLY);
  char byte;
  in_child(read(file, &byte, 1));
  read(file, &byte, 1);
  equal("the offset is shared with the child", byte, 'b');
  in_child(close(file));
  equal("closing in the child does not close here", read(file, &byte, 1), 1);
  close(file);

  sigset_t block, now;
  sigemptyset(&block);
  sigaddset(&block, SIGUSR1);
  sigprocmask(SIG_BLOCK, &block, NULL);
  raise(SIGUSR1);
  equal("signals over fork", in_child({
          sigprocmask(SIG_BLOCK, NULL, &now);
          check("the mask is inherited", sigismember(&now, SIGUSR1));
          sigpending(&now);
          check("pending signals are not", !sigismember(&now, SIGUSR1));
        }), 0);
  sigpending(&now);
  check("they stay with the parent", sigismember(&now, SIGUSR1));
  signal(SIGUSR1, SIG_IGN);
  sigprocmask(SIG_UNBLOCK, &block, NULL);

  chdir("/tmp");
  equal("directory and umask over fork", in_child({
          char path[64];
          check("the working directory", getcwd(path, sizeof path) && !strcmp(path, "/tmp"));
          equal("the umask", umask(077), 022);
          chdir("/");
        }), 0);
  char path[64];
  check("the child's chdir is its own", getcwd(path, sizeof path) && !strcmp(path, "/tmp"));
  equal("its umask too", umask(022), 022);
  chdir("/tmp/process");
}

static void vforking(void) {
  static volatile int changed;
  pid_t child = vfork();
  if (child == 0) {
    sleep_milliseconds(30);
    changed = 1;
    _exit(4);
  }
  equal("vfork shares memory and waits for exit", changed, 1);
  equal("vfork's child", reap(child), EXITED(4));
  child = vfork();
  if (child == 0) {
    execl("/bin/tiny", "tiny", NULL);
    _exit(127);
  }
  equal("vfork and exec", reap(child), 0);
  child = vfork();
  if (child == 0) {
    int error = execl("/missing", "x", NULL) < 0 ? errno : 0;
    changed = error;
    _exit(1);
  }
  equal("a failed exec in a vfork child", changed, ENOENT);
  reap(child);
}

static void exiting(void) {
  equal("exit 0", in_child(_exit(0)), 0);
  equal("exit 255", in_child(_exit(255)), EXITED(255));
  equal("only eight bits count", in_child(_exit(0x1234)), EXITED(0x34));
  equal("exit -1", in_child(_exit(-1)), EXITED(255));
  equal("the exit call of a single thread", in_child(syscall(SYS_exit, 6)), EXITED(6));
  equal("killed by SIGKILL", in_child(kill(getpid(), SIGKILL)), KILLED(SIGKILL));
  equal("killed by SIGTERM", in_child(raise(SIGTERM)), KILLED(SIGTERM));
  equal("killed by a real-time signal", in_child(raise(SIGRTMIN + 3)), KILLED(SIGRTMIN + 3));
  static const int ignored[] = {SIGCHLD, SIGURG, SIGWINCH, SIGCONT};
  for (int i = 0; i < 4; i++) {
    char name[64];
    snprintf(name, sizeof name, "%s does nothing by default", sigabbrev_np(ignored[i]));
    equal(name, in_child(raise(ignored[i]); _exit(3)), EXITED(3));
  }
  static const int fatal[] = {SIGHUP, SIGINT, SIGALRM, SIGUSR1, SIGUSR2, SIGVTALRM, SIGPROF, SIGIO, SIGPWR, SIGSTKFLT};
  signal(SIGUSR1, SIG_DFL);
  for (int i = 0; i < 10; i++) {
    char name[64];
    snprintf(name, sizeof name, "%s ends the process", sigabbrev_np(fatal[i]));
    equal(name, in_child(raise(fatal[i]); _exit(3)), KILLED(fatal[i]));
  }
  static const int dumping[] = {SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGSYS, SIGXCPU, SIGXFSZ};
  for (int i = 0; i < 10; i++) {
    char name[64];
    snprintf(name, sizeof name, "%s without a core", sigabbrev_np(dumping[i]));
    equal(name, in_child(prctl(PR_SET_DUMPABLE, 0); raise(dumping[i]); _exit(3)), KILLED(dumping[i]));
  }
}

static void orphans_and_zombies(void) {
  int ends[2], adopted = 0;
  pipe(ends);
  in_child({
    pid_t parent = getpid();
    if (fork() == 0) {
      adopted = eventually(getppid() != parent) && getppid() == 1;
      write(ends[1], &adopted, sizeof adopted);
      _exit(0);
    }
  });
  read(ends[0], &adopted, sizeof adopted);
  equal("an orphan goes to process 1", adopted, 1);

  pid_t zombie = fork();
  if (zombie == 0) _exit(9);
  siginfo_t info;
  waitid(P_PID, zombie, &info, WEXITED | WNOWAIT);
  equal("a zombie can be signalled", kill(zombie, SIGKILL), 0);
  check("it still has a process group", getpgid(zombie) == getpgrp());
  equal("and its exit status", reap(zombie), EXITED(9));
  fails("after which it is gone", kill(zombie, 0), ESRCH);

  in_child({
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    pid_t self = getpid();
    pid_t middle = fork();
    if (middle == 0) {
      if (fork() == 0) {
        adopted = eventually(getppid() == self);
        _exit(adopted ? 21 : 22);
      }
      _exit(0);
    }
    reap(middle);
    int status;
    wait(&status);
    equal("a subreaper adopts", status, EXITED(21));
  });
  equal("parent death signal", in_child({
          int report[2];
          pipe(report);
          pid_t middle = fork();
          if (middle == 0) {
            pid_t grandchild = fork();
            if (grandchild == 0) {
              prctl(PR_SET_PDEATHSIG, SIGKILL);
              write(report[1], "r", 1);
              for (;;) pause();
            }
            char ready;
            read(report[0], &ready, 1);
            _exit(0);
          }
          reap(middle);
          close(report[1]);
          char end;
          equal("the grandchild died with its parent", read(report[0], &end, 1), 0);
        }), 0);
}

static void killing(void) {
  fails("kill a missing process", kill(999999, SIGTERM), ESRCH);
  fails("kill a bad signal", kill(getpid(), 65), EINVAL);
  fails("kill a negative signal", kill(getpid(), -1), EINVAL);
  equal("signal 0 to oneself", kill(getpid(), 0), 0);
  fails("a missing group", kill(-999999, SIGTERM), ESRCH);
  equal("rights", in_child({
          pid_t victim = fork();
          if (victim == 0)
            for (;;) pause();
          if (fork() == 0) {
            setresuid(1000, 1000, 1000);
            fails("a user cannot kill root's process", kill(victim, SIGTERM), EPERM);
            fails("not even signal 0", kill(victim, 0), EPERM);
            fails("nor process 1", kill(1, SIGTERM), EPERM);
            _exit(check_failures ? 1 : 0);
          }
          int status;
          wait(&status);
          equal("no failures there", status, 0);
          kill(victim, SIGKILL);
          equal("root can", reap(victim), KILLED(SIGKILL));
        }), 0);
  equal("kill a group", in_child({
          setpgid(0, 0);
          pid_t first = fork();
          if (first == 0)
            for (;;) pause();
          pid_t second = fork();
          if (second == 0)
            for (;;) pause();
          signal(SIGTERM, SIG_IGN);
          kill(0, SIGTERM);
          /* A child may be signalled before it waits; either way it dies of it. */
          equal("the first died", reap(first), KILLED(SIGTERM));
          equal("the second died", reap(second), KILLED(SIGTERM));
        }), 0);
  fails("tgkill bad thread", syscall(SYS_tgkill, getpid(), 999999, 0), ESRCH);
  fails("tgkill zero", syscall(SYS_tgkill, 0, 1, 0), EINVAL);
  equal("tgkill oneself", syscall(SYS_tgkill, getpid(), gettid(), 0), 0);
}

int main(void) {
  enter_scratch();
  forking();
  vforking();
  exiting();
  orphans_and_zombies();
  killing();
  return finish();
}
