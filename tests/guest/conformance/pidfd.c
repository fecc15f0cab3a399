/* pidfd: descriptors of processes - opening, signalling, polling, waiting, taking descriptors; clone with CLONE_PIDFD. */
#include "check.h"
#include <linux/sched.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/syscall.h>

#define PIDFD 3 /* P_PIDFD */

static int pidfd_open(pid_t pid, unsigned flags) { return syscall(SYS_pidfd_open, pid, flags); }
static int send_signal(int pidfd, int number, siginfo_t *info, unsigned flags) {
  return syscall(SYS_pidfd_send_signal, pidfd, number, info, flags);
}
static int get_descriptor(int pidfd, int wanted, unsigned flags) { return syscall(SYS_pidfd_getfd, pidfd, wanted, flags); }

/** A child that pauses until a signal ends it. */
static pid_t sleeper(void) {
  pid_t child = fork();
  if (child == 0) {
    for (;;) pause();
  }
  return child;
}

static int is_ended(int pidfd, int timeout_ms) {
  struct pollfd poller = {.fd = pidfd, .events = POLLIN};
  return poll(&poller, 1, timeout_ms) == 1 && (poller.revents & POLLIN);
}

static volatile pid_t thread_id;
static int release_thread[2];
static void *thread(void *argument) {
  char byte;
  thread_id = syscall(SYS_gettid);
  write(release_thread[1], "", 1);
  read(*(int *)argument, &byte, 1);
  return NULL;
}

static void opening(void) {
  char byte;
  int self = pidfd_open(getpid(), 0), hold[2];
  check("open self", self >= 0);
  equal("close-on-exec", fcntl(self, F_GETFD), FD_CLOEXEC);
  equal("flags", fcntl(self, F_GETFL) & O_NONBLOCK, 0);
  fails("open: bad flags", pidfd_open(getpid(), 1), EINVAL);
  fails("open: pid 0", pidfd_open(0, 0), EINVAL);
  fails("open: negative pid", pidfd_open(-1, 0), EINVAL);
  fails("open: nobody", pidfd_open(4000000, 0), ESRCH);
  fails("read", read(self, &byte, 1), EINVAL);
  fails("write", write(self, &byte, 1), EINVAL);
  equal("not ended", is_ended(self, 0), 0);
  int nonblocking = pidfd_open(getpid(), O_NONBLOCK);
  equal("nonblocking", fcntl(nonblocking, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
  pipe(release_thread);
  pipe(hold);
  pthread_t other;
  pthread_create(&other, NULL, thread, &hold[0]);
  read(release_thread[0], &byte, 1);
  check("open: a thread that is no leader", pidfd_open(thread_id, 0) == -1 && (errno == EINVAL || errno == ENOENT));
  write(hold[1], "", 1);
  pthread_join(other, NULL);
  for (int i = 0; i < 2; i++) close(hold[i]), close(release_thread[i]);
  close(self);
  close(nonblocking);
}

static volatile sig_atomic_t got_value, got_code;
static void on_signal(int number, siginfo_t *info, void *context) {
  (void)number, (void)context;
  got_value = info->si_value.sival_int;
  got_code = info->si_code;
}

static void signalling(void) {
  int self = pidfd_open(getpid(), 0), null = open("/dev/null", O_RDWR);
  siginfo_t info = {.si_signo = SIGUSR1, .si_code = SI_QUEUE};
  info.si_value.sival_int = 77;
  handle_info(SIGUSR1, on_signal, 0);
  equal("signal 0", send_signal(self, 0, NULL, 0), 0);
  fails("bad flags", send_signal(self, 0, NULL, 0x100), EINVAL);
  fails("bad signal", send_signal(self, 65, NULL, 0), EINVAL);
  fails("no process", send_signal(null, 0, NULL, 0), EBADF);
  fails("bad descriptor", send_signal(99, 0, NULL, 0), EBADF);
  fails("bad pointer", send_signal(self, SIGUSR1, (void *)8, 0), EFAULT);
  fails("another signal in the information", send_signal(self, SIGUSR2, &info, 0), EINVAL);
  equal("like kill", send_signal(self, SIGUSR1, NULL, 0), 0);
  equal("its code", got_code, SI_USER);
  equal("with information", send_signal(self, SIGUSR1, &info, 0), 0);
  equal("its value", got_value, 77);
  equal("its code", got_code, SI_QUEUE);
  pid_t child = sleeper();
  int other = pidfd_open(child, 0);
  info.si_code = SI_USER;
  fails("pretending to be kill", send_signal(other, SIGUSR1, &info, 0), EPERM);
  equal("end the child", send_signal(other, SIGKILL, NULL, 0), 0);
  equal("ended", is_ended(other, 20000), 1);
  equal("a zombie can be signalled", send_signal(other, 0, NULL, 0), 0);
  equal("status", reap(child), KILLED(SIGKILL));
  fails("one that is reaped cannot", send_signal(other, 0, NULL, 0), ESRCH);
  equal("still ended", is_ended(other, 0), 1);
  close(self);
  close(null);
  close(other);
}

static void waiting(void) {
  siginfo_t info;
  pid_t child = sleeper();
  int blocking = pidfd_open(child, 0), nonblocking = pidfd_open(child, O_NONBLOCK), self = pidfd_open(getpid(), 0);
  fails("wait: bad descriptor", waitid(PIDFD, 99, &info, WEXITED), EBADF);
  fails("wait: no process", waitid(PIDFD, 1, &info, WEXITED), EBADF);
  fails("wait: no child", waitid(PIDFD, self, &info, WEXITED), ECHILD);
  fails("wait: would block", waitid(PIDFD, nonblocking, &info, WEXITED), EAGAIN);
  info.si_pid = 1;
  equal("wait: WNOHANG", waitid(PIDFD, nonblocking, &info, WEXITED | WNOHANG), 0);
  equal("nothing yet", info.si_pid, 0);
  kill(child, SIGTERM);
  equal("wait", waitid(PIDFD, blocking, &info, WEXITED), 0);
  check("its pid", info.si_pid == child);
  equal("its signal", info.si_status, SIGTERM);
  fails("wait again", waitid(PIDFD, blocking, &info, WEXITED), ECHILD);
  close(blocking);
  close(nonblocking);
  close(self);
}

static void descriptors(void) {
  int ends[2];
  char byte = 0;
  pipe(ends);
  pid_t child = sleeper();
  int other = pidfd_open(child, 0);
  fails("getfd: bad flags", get_descriptor(other, ends[0], 1), EINVAL);
  fails("getfd: no process", get_descriptor(1, ends[0], 0), EBADF);
  fails("getfd: bad descriptor there", get_descriptor(other, 999, 0), EBADF);
  int writer = ends[1];
  close(ends[1]);
  int taken = get_descriptor(other, writer, 0);
  check("getfd", taken >= 0);
  equal("close-on-exec", fcntl(taken, F_GETFD), FD_CLOEXEC);
  equal("it is the pipe", write(taken, "x", 1), 1);
  equal("read it here", read(ends[0], &byte, 1), 1);
  kill(child, SIGKILL);
  reap(child);
  fails("getfd: reaped", get_descriptor(other, 0, 0), ESRCH);
  close(taken);
  close(ends[0]);
  close(other);
}

static void cloning(void) {
  int pidfd = -1;
  pid_t child = syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, 0, &pidfd, 0, 0);
  if (child == 0) _exit(3);
  check("clone with CLONE_PIDFD", child > 0 && pidfd >= 0);
  equal("close-on-exec", fcntl(pidfd, F_GETFD), FD_CLOEXEC);
  equal("ended", is_ended(pidfd, 20000), 1);
  equal("status", reap(child), EXITED(3));
  close(pidfd);
  fails("one address for two", syscall(SYS_clone, CLONE_PIDFD | CLONE_PARENT_SETTID | SIGCHLD, 0, &pidfd, 0, 0), EINVAL);
  fails("bad address", syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, 0, 8, 0, 0), EFAULT);
  pid_t parent_tid = 0;
  struct clone_args wanted = {
      .flags = CLONE_PIDFD | CLONE_PARENT_SETTID,
      .pidfd = (uintptr_t)&pidfd,
      .parent_tid = (uintptr_t)&parent_tid,
      .exit_signal = SIGCHLD,
  };
  child = syscall(SYS_clone3, &wanted, sizeof wanted);
  if (child == 0) _exit(4);
  check("clone3", child > 0 && pidfd >= 0 && parent_tid == child);
  siginfo_t info;
  equal("wait for it", waitid(PIDFD, pidfd, &info, WEXITED), 0);
  equal("status", info.si_status, 4);
  close(pidfd);
  struct rlimit {
    unsigned long soft, hard;
  } old, none = {0, 4096};
  syscall(SYS_prlimit64, 0, 7, NULL, &old);
  none.hard = old.hard;
  syscall(SYS_prlimit64, 0, 7, &none, NULL);
  fails("no descriptor left", syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, 0, &pidfd, 0, 0), EMFILE);
  syscall(SYS_prlimit64, 0, 7, &old, NULL);
  fails("and no child", waitpid(-1, NULL, WNOHANG), ECHILD);
}

int main(void) {
  enter_scratch();
  opening();
  signalling();
  waiting();
  descriptors();
  cloning();
  return finish();
}
