/* clone: each sharing flag, thread groups, and the words that clone writes. */
#include "check.h"
#include <linux/futex.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>

static char stacks[4][65536] __attribute__((aligned(16)));
static volatile int value;
static volatile int release;
static int child_word, parent_word, clear_word = 1;

static char *stack_top(int which) { return stacks[which] + sizeof stacks[which]; }

static int set_value(void *argument) {
  value = (int)(long)argument;
  return 7;
}

static int change_files(void *argument) {
  (void)argument;
  return open("/dev/null", O_RDONLY);
}

static int change_directory(void *argument) {
  (void)argument;
  umask(077);
  return chdir("/");
}

static int change_handler(void *argument) {
  (void)argument;
  signal(SIGUSR2, SIG_IGN);
  return 0;
}

static int check_child_word(void *argument) {
  (void)argument;
  return child_word == gettid() ? 1 : 0;
}

static int wait_for_release(void *argument) {
  (void)argument;
  while (!release) syscall(SYS_futex, &release, FUTEX_WAIT, 0, NULL, NULL, 0);
  return 0;
}

static int thread_facts[4];

static int thread_body(void *argument) {
  (void)argument;
  thread_facts[0] = getpid();
  thread_facts[1] = syscall(SYS_gettid);
  thread_facts[2] = getppid();
  syscall(SYS_exit, 0);
  return 0;
}

static int leave_group(void *argument) {
  (void)argument;
  syscall(SYS_exit_group, 23);
  return 0;
}

static void wait_cleared(int *word) {
  for (;;) {
    int seen = __atomic_load_n(word, __ATOMIC_SEQ_CST);
    if (seen == 0) return;
    syscall(SYS_futex, word, FUTEX_WAIT, seen, NULL, NULL, 0);
  }
}

static void sharing(void) {
  value = 0;
  equal("without CLONE_VM", reap(clone(set_value, stack_top(0), SIGCHLD, (void *)1)), EXITED(7));
  equal("memory is copied", value, 0);
  equal("with CLONE_VM", reap(clone(set_value, stack_top(0), SIGCHLD | CLONE_VM, (void *)2)), EXITED(7));
  equal("memory is shared", value, 2);
  equal("CLONE_FILES", reap(clone(change_files, stack_top(0), SIGCHLD | CLONE_FILES | CLONE_VM, NULL)), EXITED(3));
  equal("the child's descriptor is here", close(3), 0);
  equal("without CLONE_FILES", reap(clone(change_files, stack_top(0), SIGCHLD, NULL)), EXITED(3));
  fails("it is not", close(3), EBADF);
  equal("CLONE_FS", reap(clone(change_directory, stack_top(0), SIGCHLD | CLONE_FS, NULL)), 0);
  char path[64];
  check("the directory changed", getcwd(path, sizeof path) && !strcmp(path, "/"));
  equal("the umask changed", umask(022), 077);
  equal("CLONE_SIGHAND", reap(clone(change_handler, stack_top(0), SIGCHLD | CLONE_SIGHAND | CLONE_VM, NULL)), 0);
  struct sigaction action;
  sigaction(SIGUSR2, NULL, &action);
  check("the handler changed", action.sa_handler == SIG_IGN);
  fails("CLONE_SIGHAND needs CLONE_VM", syscall(SYS_clone, SIGCHLD | CLONE_SIGHAND, stack_top(0), NULL, NULL, NULL), EINVAL);
  fails("CLONE_THREAD needs CLONE_SIGHAND", syscall(SYS_clone, CLONE_THREAD | CLONE_VM, stack_top(0), NULL, NULL, NULL), EINVAL);
}

static void words(void) {
  pid_t child = clone(check_child_word, stack_top(0), SIGCHLD | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID, NULL, &parent_word, NULL, &child_word);
  check("CLONE_PARENT_SETTID", parent_word == child);
  equal("CLONE_CHILD_SETTID is set before the child runs", reap(child), EXITED(1));
  equal("only in the child's memory", child_word, 0);
  release = 0;
  child = clone(wait_for_release, stack_top(0), SIGCHLD | CLONE_VM | CLONE_CHILD_CLEARTID, NULL, NULL, NULL, &clear_word);
  equal("CLONE_CHILD_CLEARTID waits for the end", clear_word, 1);
  release = 1;
  syscall(SYS_futex, &release, FUTEX_WAKE, 1, NULL, NULL, 0);
  wait_cleared(&clear_word);
  equal("then clears and wakes", clear_word, 0);
  reap(child);
}

static void threads(void) {
  int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_CHILD_CLEARTID | CLONE_PARENT_SETTID;
  clear_word = 1;
  pid_t thread = clone(thread_body, stack_top(1), flags, NULL, &parent_word, NULL, &clear_word);
  wait_cleared(&clear_word);
  check("a thread has its process's pid", thread_facts[0] == getpid());
  check("and a thread id of its own", thread_facts[1] == thread && thread != getpid());
  check("and the same parent", thread_facts[2] == getppid());
  fails("it cannot be waited for", waitpid(thread, NULL, __WALL), ECHILD);
  equal("exit_group of a thread ends the process", in_child({
          clone(leave_group, stack_top(2), CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD, NULL);
          for (;;) pause();
        }), EXITED(23));
  equal("the last thread's end is the process's", in_child({
          release = 0;
          clone(wait_for_release, stack_top(2), CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD, NULL);
          release = 1;
          syscall(SYS_futex, &release, FUTEX_WAKE, 1, NULL, NULL, 0);
          syscall(SYS_exit, 9);
        }) & 0xff, 0);
  equal("a fatal signal kills all threads", in_child({
          release = 0;
          pid_t other = clone(wait_for_release, stack_top(2), CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD, NULL);
          syscall(SYS_tgkill, getpid(), other, SIGTERM);
          for (;;) pause();
        }), KILLED(SIGTERM));
  equal("execve ends the other threads", in_child({
          release = 0;
          clone(wait_for_release, stack_top(2), CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD, NULL);
          execl("/bin/tiny", "tiny", NULL);
        }), 0);
}

static void with_clone3(void) {
  struct clone_args arguments = {.exit_signal = SIGCHLD};
  pid_t child = syscall(SYS_clone3, &arguments, sizeof arguments);
  if (child == 0) _exit(5);
  equal("clone3", reap(child), EXITED(5));
  fails("clone3 short structure", syscall(SYS_clone3, &arguments, 8), EINVAL);
  arguments.exit_signal = 100;
  fails("clone3 bad signal", syscall(SYS_clone3, &arguments, sizeof arguments), EINVAL);
  arguments.exit_signal = SIGCHLD;
  arguments.stack = (unsigned long)stacks[0];
  fails("clone3 stack without size", syscall(SYS_clone3, &arguments, sizeof arguments), EINVAL);
  struct { struct clone_args arguments; unsigned long more; } larger = {{.exit_signal = SIGCHLD}, 1};
  fails("clone3 unknown fields", syscall(SYS_clone3, &larger, sizeof larger), E2BIG);
}

int main(void) {
  enter_scratch();
  sharing();
  words();
  threads();
  with_clone3();
  return finish();
}
