/* signal-wait: waiting for signals with sigtimedwait and signalfd, POSIX timers, sleeps that go on, and threads that lock and join. */
#include "check.h"
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

static volatile sig_atomic_t seen;
static void on_signal(int number) { (void)number; seen++; }

static void block(int number) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, number);
  sigprocmask(SIG_BLOCK, &set, NULL);
}

static sigset_t set_of(int number) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, number);
  return set;
}

static void timed_wait(void) {
  sigset_t child = set_of(SIGCHLD), user = set_of(SIGRTMIN);
  siginfo_t info;
  struct timespec short_time = {0, 1000000}, none = {0, 0};
  block(SIGCHLD);
  fails("nothing there", sigtimedwait(&child, &info, &none), EAGAIN);
  fails("nothing comes", sigtimedwait(&child, &info, &short_time), EAGAIN);
  fails("bad time", sigtimedwait(&child, &info, &(struct timespec){0, 1000000000}), EINVAL);
  pid_t pid = fork();
  if (pid == 0) _exit(7);
  equal("SIGCHLD is waited for though it is ignored by default", sigwaitinfo(&child, &info), SIGCHLD);
  check("and tells of the child", info.si_pid == pid && info.si_code == CLD_EXITED && info.si_status == 7);
  waitpid(pid, NULL, 0);
  block(SIGRTMIN);
  for (int i = 1; i <= 3; i++) sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = i});
  for (int i = 1; i <= 3; i++) equal("queued in order", sigwaitinfo(&user, &info) == SIGRTMIN ? info.si_value.sival_int : -1, i);
  handle(SIGUSR1, on_signal, SA_RESTART);
  pid = fork();
  if (pid == 0) {
    sleep_milliseconds(20);
    kill(getppid(), SIGUSR1);
    _exit(0);
  }
  fails("a handler ends the wait", sigtimedwait(&user, &info, &(struct timespec){20, 0}), EINTR);
  equal("after it ran", seen, 1);
  waitpid(pid, NULL, 0);
  sigwaitinfo(&child, &info);
}

static void descriptor(void) {
  sigset_t set = set_of(SIGUSR2);
  struct signalfd_siginfo record;
  block(SIGUSR2);
  int fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  check("signalfd", fd >= 0);
  struct pollfd item = {fd, POLLIN, 0};
  fails("nothing to read", read(fd, &record, sizeof record), EAGAIN);
  fails("too small", read(fd, &record, 100), EINVAL);
  equal("nothing to poll", poll(&item, 1, 0), 0);
  kill(getpid(), SIGUSR2);
  check("readable", poll(&item, 1, 0) == 1 && item.revents == POLLIN);
  equal("read", read(fd, &record, sizeof record), sizeof record);
  check("who sent it", record.ssi_signo == SIGUSR2 && record.ssi_pid == (unsigned)getpid() && record.ssi_uid == getuid() && record.ssi_code == SI_USER);
  fails("taken", read(fd, &record, sizeof record), EAGAIN);
  pid_t parent = getpid(), pid = fork();
  if (pid == 0) {
    sleep_milliseconds(20);
    kill(parent, SIGUSR2);
    _exit(0);
  }
  check("poll waits for it", poll(&item, 1, 20000) == 1);
  equal("there", read(fd, &record, sizeof record), sizeof record);
  waitpid(pid, NULL, 0);
  set = set_of(SIGWINCH);
  equal("another set", signalfd(fd, &set, 0), fd);
  fails("not a signalfd", signalfd(0, &set, 0), EINVAL);
  fails("bad flags", signalfd(-1, &set, 1), EINVAL);
  close(fd);
}

static void timers(void) {
  timer_t timer;
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + 1, .sigev_value.sival_int = 42};
  sigset_t set = set_of(SIGRTMIN + 1);
  siginfo_t info;
  block(SIGRTMIN + 1);
  equal("timer_create", timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
  struct itimerspec setting = {{0, 0}, {0, 2000000}}, now;
  equal("timer_gettime before", timer_gettime(timer, &now), 0);
  check("not armed", now.it_value.tv_sec == 0 && now.it_value.tv_nsec == 0);
  equal("timer_settime", timer_settime(timer, 0, &setting, NULL), 0);
  equal("its signal", sigwaitinfo(&set, &info), SIGRTMIN + 1);
  check("what it says", info.si_code == SI_TIMER && info.si_value.sival_int == 42 && info.si_overrun == 0);
  setting = (struct itimerspec){{0, 1000000}, {0, 1000000}};
  timer_settime(timer, 0, &setting, NULL);
  sleep_milliseconds(30);
  equal("a periodic one", sigwaitinfo(&set, &info), SIGRTMIN + 1);
  check("counts what was missed", info.si_overrun >= 5 && timer_getoverrun(timer) == info.si_overrun);
  setting = (struct itimerspec){{0, 0}, {1, 0}};
  timer_settime(timer, TIMER_ABSTIME, &setting, NULL);
  equal("one in the past expires at once", sigwaitinfo(&set, &info), SIGRTMIN + 1);
  equal("timer_delete", timer_delete(timer), 0);
  fails("twice", syscall(SYS_timer_delete, 0), EINVAL);
  event.sigev_signo = 99;
  fails("no such signal", timer_create(CLOCK_MONOTONIC, &event, &timer), EINVAL);
  fails("no such clock", syscall(SYS_timer_create, 77, &event, &timer), EINVAL);
  handle(SIGPROF, on_signal, SA_RESTART);
  seen = 0;
  setitimer(ITIMER_PROF, &(struct itimerval){{0, 0}, {0, 20000}}, NULL);
  sleep_milliseconds(60);
  equal("a sleep uses no CPU time", seen, 0);
  for (volatile long i = 0; i < 2000000000 && !seen; i++) {
  }
  equal("ITIMER_PROF counts it", seen, 1);
}

static void sleeps(void) {
  pid_t pid = fork();
  if (pid == 0) {
    struct timespec start, end;
    clock_gettime(CLOCK_MONOTONIC, &start);
    int result = nanosleep(&(struct timespec){0, 200000000}, NULL);
    clock_gettime(CLOCK_MONOTONIC, &end);
    long milliseconds = (end.tv_sec - start.tv_sec) * 1000 + (end.tv_nsec - start.tv_nsec) / 1000000;
    _exit(result == 0 && milliseconds >= 200 && milliseconds < 5000 ? 0 : 1);
  }
  int status;
  for (int i = 0; i < 3; i++) {
    sleep_milliseconds(20);
    kill(pid, SIGSTOP);
    waitpid(pid, &status, WUNTRACED);
    kill(pid, SIGCONT);
  }
  waitpid(pid, &status, 0);
  equal("a sleep that was stopped goes on to its old end", status, 0);
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER, robust;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t barrier;
static long counter;

static void *count(void *argument) {
  for (int i = 0; i < 2000; i++) {
    pthread_mutex_lock(&lock);
    counter++;
    pthread_mutex_unlock(&lock);
    if (i % 100 == 0) sched_yield();
  }
  pthread_barrier_wait(&barrier);
  pthread_mutex_lock(&lock);
  counter++;
  pthread_cond_broadcast(&changed);
  pthread_mutex_unlock(&lock);
  return argument;
}

static void *die_with_lock(void *argument) {
  pthread_mutex_lock(&robust);
  return argument;
}

static void threads(void) {
  pthread_t thread[4];
  pthread_barrier_init(&barrier, NULL, 4);
  for (long i = 0; i < 4; i++) pthread_create(&thread[i], NULL, count, (void *)i);
  pthread_mutex_lock(&lock);
  while (counter < 4 * 2000 + 4) pthread_cond_wait(&changed, &lock);
  pthread_mutex_unlock(&lock);
  long sum = 0;
  for (int i = 0; i < 4; i++) {
    void *result;
    pthread_join(thread[i], &result);
    sum += (long)result;
  }
  check("four threads count, meet and are joined", counter == 8004 && sum == 6);
  struct timespec soon;
  clock_gettime(CLOCK_REALTIME, &soon);
  soon.tv_nsec += 5000000;
  if (soon.tv_nsec >= 1000000000) soon.tv_sec++, soon.tv_nsec -= 1000000000;
  pthread_mutex_lock(&lock);
  equal("a condition that does not come", pthread_cond_timedwait(&changed, &lock, &soon), ETIMEDOUT);
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  pthread_mutex_init(&robust, &attributes);
  pthread_create(&thread[0], NULL, die_with_lock, NULL);
  pthread_join(thread[0], NULL);
  equal("a lock whose owner died", pthread_mutex_lock(&robust), EOWNERDEAD);
}

int main(void) {
  enter_scratch();
  timed_wait();
  descriptor();
  timers();
  sleeps();
  threads();
  return finish();
}
