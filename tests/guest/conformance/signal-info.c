/* signal-info: what siginfo says, sigqueue, the queues of real-time signals, taking signals synchronously. */
#include "check.h"
#include <sys/syscall.h>
#include <sys/time.h>

static volatile sig_atomic_t count;
static siginfo_t infos[40];

static void keep(int number, siginfo_t *info, void *context) {
  (void)number, (void)context;
  if (count < 40) infos[count] = *info;
  count++;
}

static void block(int first, int last) {
  sigset_t set;
  sigemptyset(&set);
  for (int i = first; i <= last; i++) sigaddset(&set, i);
  sigprocmask(SIG_BLOCK, &set, NULL);
}

static void unblock_all(void) {
  sigset_t set;
  sigemptyset(&set);
  sigprocmask(SIG_SETMASK, &set, NULL);
}

static void origins(void) {
  handle_info(SIGUSR1, keep, 0);
  count = 0;
  kill(getpid(), SIGUSR1);
  check("kill: SI_USER", infos[0].si_signo == SIGUSR1 && infos[0].si_code == SI_USER && infos[0].si_pid == getpid() && infos[0].si_uid == 0 && infos[0].si_errno == 0);
  syscall(SYS_tgkill, getpid(), gettid(), SIGUSR1);
  check("tgkill: SI_TKILL", infos[1].si_code == SI_TKILL && infos[1].si_pid == getpid());
  syscall(SYS_tkill, gettid(), SIGUSR1);
  check("tkill: SI_TKILL", infos[2].si_code == SI_TKILL);
  sigqueue(getpid(), SIGUSR1, (union sigval){.sival_ptr = (void *)0x123456789abcdef0});
  check("sigqueue: SI_QUEUE and its value", infos[3].si_code == SI_QUEUE && infos[3].si_ptr == (void *)0x123456789abcdef0 && infos[3].si_pid == getpid());
  pid_t self = getpid();
  pid_t child = fork();
  if (child == 0) {
    setresuid(1234, 0, 0);
    kill(self, SIGUSR1);
    _exit(0);
  }
  check("another process's signal", eventually(count == 5) && infos[4].si_pid == child && infos[4].si_uid == 1234);
  reap(child);

  handle_info(SIGCHLD, keep, 0);
  count = 0;
  child = fork();
  if (child == 0) _exit(77);
  check("SIGCHLD", eventually(count == 1));
  check("CLD_EXITED and the status", infos[0].si_code == CLD_EXITED && infos[0].si_status == 77 && infos[0].si_pid == child);
  reap(child);
  count = 0;
  child = fork();
  if (child == 0)
    for (;;) pause();
  kill(child, SIGSTOP);
  check("CLD_STOPPED", eventually(count == 1) && infos[0].si_code == CLD_STOPPED && infos[0].si_status == SIGSTOP);
  kill(child, SIGCONT);
  check("CLD_CONTINUED", eventually(count == 2) && infos[1].si_code == CLD_CONTINUED && infos[1].si_status == SIGCONT);
  kill(child, SIGKILL);
  check("CLD_KILLED", eventually(count == 3) && infos[2].si_code == CLD_KILLED && infos[2].si_status == SIGKILL && infos[2].si_pid == child);
  reap(child);
  signal(SIGCHLD, SIG_DFL);

  handle_info(SIGALRM, keep, 0);
  count = 0;
  setitimer(ITIMER_REAL, &(struct itimerval){.it_value = {0, 10000}}, NULL);
  check("an interval timer: SI_KERNEL", eventually(count == 1) && infos[0].si_code == SI_KERNEL);
  handle_info(SIGPIPE, keep, 0);
  int ends[2];
  pipe(ends);
  close(ends[0]);
  count = 0;
  write(ends[1], "x", 1);
  check("SIGPIPE: SI_USER from oneself", count == 1 && infos[0].si_code == SI_USER && infos[0].si_pid == getpid());
  close(ends[1]);
}

static void queueing(void) {
  for (int i = SIGRTMIN; i <= SIGRTMIN + 3; i++) handle_info(i, keep, 0);
  block(SIGRTMIN, SIGRTMIN + 3);
  block(SIGUSR1, SIGUSR1);
  count = 0;
  for (int i = 0; i < 3; i++) {
    sigqueue(getpid(), SIGRTMIN + 2, (union sigval){.sival_int = 20 + i});
    sigqueue(getpid(), SIGRTMIN + 1, (union sigval){.sival_int = 10 + i});
    sigqueue(getpid(), SIGUSR1, (union sigval){.sival_int = i});
  }
  /* Take them one at a time, so that the order is that of the queue and not of nested handlers. */
  sigset_t set;
  sigfillset(&set);
  siginfo_t info;
  char text[128] = "";
  while (count < 7) {
    struct timespec zero = {0, 0};
    int number = sigtimedwait(&set, &info, &zero);
    if (number < 0) break;
    char one[24];
    snprintf(one, sizeof one, "%s%d ", number == SIGUSR1 ? "usr1:" : "", info.si_int);
    strcat(text, one);
    count++;
  }
  same_text("lowest first, each in order, an ordinary one once", text, "usr1:0 10 11 12 20 21 22 ");
  count = 0;
  for (int i = 0; i < 30; i++) sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = i});
  unblock_all();
  equal("thirty queued, thirty delivered", count, 30);
  int sum = 0;
  for (int i = 0; i < 30; i++) sum += infos[i].si_int == i;
  equal("in order", sum, 30);
}

static void taking(void) {
  sigset_t set;
  siginfo_t info;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR2);
  sigprocmask(SIG_BLOCK, &set, NULL);
  struct timespec short_time = {0, 10000000}, zero = {0, 0}, bad = {0, 1000000000};
  fails("sigtimedwait: nothing there", sigtimedwait(&set, &info, &zero), EAGAIN);
  fails("sigtimedwait: time is over", sigtimedwait(&set, &info, &short_time), EAGAIN);
  fails("sigtimedwait: bad time", sigtimedwait(&set, &info, &bad), EINVAL);
  fails("sigtimedwait: bad set", syscall(SYS_rt_sigtimedwait, (void *)8, &info, &zero, 8), EFAULT);
  fails("sigtimedwait: bad size", syscall(SYS_rt_sigtimedwait, &set, &info, &zero, 4), EINVAL);
  kill(getpid(), SIGUSR2);
  equal("sigtimedwait takes a pending one", sigtimedwait(&set, &info, &zero), SIGUSR2);
  check("with its information", info.si_code == SI_USER && info.si_pid == getpid());
  pid_t self = getpid();
  pid_t child = fork();
  if (child == 0) {
    sleep_milliseconds(20);
    sigqueue(self, SIGUSR2, (union sigval){.sival_int = 99});
    _exit(0);
  }
  equal("sigwaitinfo waits", sigwaitinfo(&set, &info), SIGUSR2);
  check("for this", info.si_code == SI_QUEUE && info.si_int == 99 && info.si_pid == child);
  reap(child);
  handle_info(SIGALRM, keep, SA_RESTART);
  setitimer(ITIMER_REAL, &(struct itimerval){{0, 20000}, {0, 20000}}, NULL);
  fails("another signal interrupts", sigwaitinfo(&set, &info), EINTR);
  setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL);
  kill(getpid(), SIGUSR2);
  int number = 0;
  equal("sigwait", sigwait(&set, &number), 0);
  equal("its number", number, SIGUSR2);
  unblock_all();
}

static void queue_rights(void) {
  siginfo_t info;
  memset(&info, 0, sizeof info);
  info.si_code = SI_USER;
  fails("no forging of SI_USER to others", syscall(SYS_rt_sigqueueinfo, 1, SIGUSR1, &info), EPERM);
  info.si_code = 5;
  fails("nor of kernel codes", syscall(SYS_rt_sigqueueinfo, 1, SIGUSR1, &info), EPERM);
  fails("sigqueue to a missing process", sigqueue(999999, SIGUSR1, (union sigval){0}), ESRCH);
  fails("sigqueue of a bad signal", sigqueue(getpid(), 100, (union sigval){0}), EINVAL);
  equal("sigqueue of signal 0", sigqueue(getpid(), 0, (union sigval){0}), 0);
  equal("as a user", in_child({
          setresuid(1000, 1000, 1000);
          fails("to root's process", sigqueue(1, SIGUSR1, (union sigval){0}), EPERM);
        }), 0);
  equal("the queue has a limit", in_child({
          setresuid(54321, 54321, 54321);
          syscall(SYS_prlimit64, 0, 11 /* RLIMIT_SIGPENDING */, &(unsigned long[2]){5, 5}, NULL);
          block(SIGRTMIN, SIGRTMIN);
          int sent = 0;
          while (sent < 20 && sigqueue(getpid(), SIGRTMIN, (union sigval){0}) == 0) sent++;
          int error = errno;
          check("then EAGAIN", error == EAGAIN);
          equal("after this many", sent, 5);
        }), 0);
}

int main(void) {
  origins();
  queueing();
  taking();
  queue_rights();
  return finish();
}
