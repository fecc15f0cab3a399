/* The errors that the manual names for signals, clocks, sleeping and timers: one line for each. How calls are restarted is signal-restart.c's. */
#include "check.h"
#include <pthread.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/times.h>
#include <sys/timex.h>

#define NOBODY 4000000
#define BAD ((void *)8)

static void become(int uid) {
  setresgid(uid, uid, uid);
  setresuid(uid, uid, uid);
}

static pid_t sleeper(void) {
  pid_t child = fork();
  if (child == 0) {
    for (;;) pause();
  }
  return child;
}

static void end(pid_t child) {
  kill(child, SIGKILL);
  reap(child);
}

static pid_t victim;
static int ticks;
/** The third signal ends the victim, if there is one. */
static void tick(int number) {
  (void)number;
  if (++ticks == 3 && victim) kill(victim, SIGKILL);
}

/** The expression's value, while SIGALRM with a handler with these flags comes again and again. */
#define ticking(flags, expression) \
  ({ \
    handle(SIGALRM, tick, flags); \
    ticks = 0; \
    setitimer(ITIMER_REAL, &(struct itimerval){{0, 20000}, {0, 20000}}, NULL); \
    long value_ = (expression); \
    int ticked_ = errno; \
    setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL); \
    errno = ticked_; \
    value_; \
  })

static void sending(void) {
  siginfo_t info = {.si_code = SI_QUEUE}, kernels = {.si_code = SI_KERNEL};
  pid_t child = sleeper();
  fails("kill EINVAL", kill(child, 65), EINVAL);
  fails("kill ESRCH: nobody", kill(NOBODY, 0), ESRCH);
  fails("kill ESRCH: no group", kill(-NOBODY, 0), ESRCH);
  fails("kill ESRCH: INT_MIN", kill(INT32_MIN, 0), ESRCH);
  fails("tkill EINVAL: the thread", syscall(SYS_tkill, 0, 0), EINVAL);
  fails("tkill EINVAL: the signal", syscall(SYS_tkill, child, 65), EINVAL);
  fails("tkill ESRCH: nobody", syscall(SYS_tkill, NOBODY, 0), ESRCH);
  fails("tgkill EINVAL: the process", syscall(SYS_tgkill, 0, child, 0), EINVAL);
  fails("tgkill EINVAL: the thread", syscall(SYS_tgkill, child, -1, 0), EINVAL);
  fails("tgkill EINVAL: the signal", syscall(SYS_tgkill, child, child, 65), EINVAL);
  fails("tgkill ESRCH: another process", syscall(SYS_tgkill, getpid(), child, 0), ESRCH);
  fails("rt_sigqueueinfo EINVAL: the signal", syscall(SYS_rt_sigqueueinfo, child, 65, &info), EINVAL);
  fails("rt_sigqueueinfo ESRCH: nobody", syscall(SYS_rt_sigqueueinfo, NOBODY, SIGUSR1, &info), ESRCH);
  fails("rt_sigqueueinfo EPERM: as if the kernel sent it", syscall(SYS_rt_sigqueueinfo, child, SIGUSR1, &kernels), EPERM);
  fails("rt_sigqueueinfo EFAULT", syscall(SYS_rt_sigqueueinfo, child, SIGUSR1, BAD), EFAULT);
  fails("rt_tgsigqueueinfo EINVAL: the process", syscall(SYS_rt_tgsigqueueinfo, -1, child, SIGUSR1, &info), EINVAL);
  fails("rt_tgsigqueueinfo EINVAL: the thread", syscall(SYS_rt_tgsigqueueinfo, child, 0, SIGUSR1, &info), EINVAL);
  fails("rt_tgsigqueueinfo EINVAL: the signal", syscall(SYS_rt_tgsigqueueinfo, child, child, 65, &info), EINVAL);
  fails("rt_tgsigqueueinfo ESRCH: another process", syscall(SYS_rt_tgsigqueueinfo, getpid(), child, SIGUSR1, &info), ESRCH);
  fails("rt_tgsigqueueinfo EPERM: as if the kernel sent it", syscall(SYS_rt_tgsigqueueinfo, child, child, SIGUSR1, &kernels), EPERM);
  fails("rt_tgsigqueueinfo EFAULT", syscall(SYS_rt_tgsigqueueinfo, child, child, SIGUSR1, BAD), EFAULT);
  equal("as a user", in_child({
          become(1000);
          fails("kill EPERM", kill(child, 0), EPERM);
          fails("tkill EPERM", syscall(SYS_tkill, child, 0), EPERM);
          fails("tgkill EPERM", syscall(SYS_tgkill, child, child, 0), EPERM);
          fails("rt_sigqueueinfo EPERM: a stranger's process", syscall(SYS_rt_sigqueueinfo, child, SIGUSR1, &info), EPERM);
          fails("rt_tgsigqueueinfo EPERM: a stranger's process", syscall(SYS_rt_tgsigqueueinfo, child, child, SIGUSR1, &info), EPERM);
        }), 0);
  equal("with a queue of two", in_child({
          sigset_t set;
          sigfillset(&set);
          sigprocmask(SIG_SETMASK, &set, NULL);
          become(4712);
          setrlimit(RLIMIT_SIGPENDING, &(struct rlimit){2, 2});
          equal("rt_sigqueueinfo success", syscall(SYS_rt_sigqueueinfo, getpid(), SIGRTMIN, &info), 0);
          equal("rt_tgsigqueueinfo success", syscall(SYS_rt_tgsigqueueinfo, getpid(), gettid(), SIGRTMIN, &info), 0);
          fails("rt_sigqueueinfo EAGAIN: RLIMIT_SIGPENDING", syscall(SYS_rt_sigqueueinfo, getpid(), SIGRTMIN, &info), EAGAIN);
          fails("rt_tgsigqueueinfo EAGAIN: RLIMIT_SIGPENDING", syscall(SYS_rt_tgsigqueueinfo, getpid(), gettid(), SIGRTMIN, &info), EAGAIN);
          fails("tkill EAGAIN: RLIMIT_SIGPENDING", syscall(SYS_tkill, gettid(), SIGRTMIN), EAGAIN);
          fails("tgkill EAGAIN: RLIMIT_SIGPENDING", syscall(SYS_tgkill, getpid(), gettid(), SIGRTMIN), EAGAIN);
          equal("kill success: it needs no place", kill(getpid(), SIGRTMIN), 0);
        }), 0);
  equal("kill success", kill(child, 0), 0);
  equal("tkill success", syscall(SYS_tkill, child, 0), 0);
  equal("tgkill success", syscall(SYS_tgkill, child, child, 0), 0);
  end(child);
  fails("kill ESRCH: reaped", kill(child, 0), ESRCH);
}

static void actions_and_masks(void) {
  struct { void *handler; unsigned long flags; void *restorer; unsigned long mask; } action = {0};
  uint64_t set = 0;
  stack_t stack;
  static char area[65536];
  fails("rt_sigaction EINVAL: the signal", syscall(SYS_rt_sigaction, 65, NULL, &action, 8), EINVAL);
  fails("rt_sigaction EINVAL: SIGKILL", syscall(SYS_rt_sigaction, SIGKILL, &action, NULL, 8), EINVAL);
  fails("rt_sigaction EINVAL: SIGSTOP", syscall(SYS_rt_sigaction, SIGSTOP, &action, NULL, 8), EINVAL);
  fails("rt_sigaction EINVAL: the size", syscall(SYS_rt_sigaction, SIGUSR1, &action, NULL, 4), EINVAL);
  fails("rt_sigaction EFAULT: the action", syscall(SYS_rt_sigaction, SIGUSR1, BAD, NULL, 8), EFAULT);
  fails("rt_sigaction EFAULT: the old action", syscall(SYS_rt_sigaction, SIGUSR1, NULL, BAD, 8), EFAULT);
  equal("rt_sigaction success", syscall(SYS_rt_sigaction, SIGUSR1, &action, &action, 8), 0);
  fails("rt_sigprocmask EINVAL: how", syscall(SYS_rt_sigprocmask, 9, &set, NULL, 8), EINVAL);
  fails("rt_sigprocmask EINVAL: the size", syscall(SYS_rt_sigprocmask, SIG_BLOCK, &set, NULL, 16), EINVAL);
  fails("rt_sigprocmask EFAULT: the set", syscall(SYS_rt_sigprocmask, SIG_BLOCK, BAD, NULL, 8), EFAULT);
  fails("rt_sigprocmask EFAULT: the old set", syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, BAD, 8), EFAULT);
  equal("rt_sigprocmask success", syscall(SYS_rt_sigprocmask, SIG_BLOCK, &set, &set, 8), 0);
  fails("rt_sigpending EINVAL: the size", syscall(SYS_rt_sigpending, &set, 16), EINVAL);
  fails("rt_sigpending EFAULT", syscall(SYS_rt_sigpending, BAD, 8), EFAULT);
  equal("rt_sigpending success", syscall(SYS_rt_sigpending, &set, 8), 0);
  fails("sigaltstack EFAULT: the new one", syscall(SYS_sigaltstack, BAD, NULL), EFAULT);
  fails("sigaltstack EFAULT: the old one", syscall(SYS_sigaltstack, NULL, BAD), EFAULT);
  stack = (stack_t){area, 4, sizeof area};
  fails("sigaltstack EINVAL: a flag", sigaltstack(&stack, NULL), EINVAL);
  stack = (stack_t){area, 0, 1024};
  fails("sigaltstack ENOMEM: too small", sigaltstack(&stack, NULL), ENOMEM);
  stack = (stack_t){area, 0, sizeof area};
  equal("sigaltstack success", sigaltstack(&stack, NULL), 0);
}

static void change_own_stack(int number) {
  (void)number;
  stack_t stack = {.ss_flags = SS_DISABLE};
  fails("sigaltstack EPERM: the stack in use", sigaltstack(&stack, NULL), EPERM);
}

static void waiting_for_signals(void) {
  sigset_t set;
  struct timespec moment = {0, 1000000}, bad = {0, 1000000000}, minute = {60, 0};
  siginfo_t info;
  handle(SIGUSR1, change_own_stack, SA_ONSTACK);
  raise(SIGUSR1);
  sigemptyset(&set);
  sigaddset(&set, SIGUSR2);
  fails("rt_sigsuspend EFAULT", syscall(SYS_rt_sigsuspend, BAD, 8), EFAULT);
  fails("rt_sigsuspend EINVAL: the size", syscall(SYS_rt_sigsuspend, &set, 4), EINVAL);
  fails("rt_sigsuspend EINTR", ticking(SA_RESTART, sigsuspend(&set)), EINTR);
  fails("pause EINTR", ticking(SA_RESTART, pause()), EINTR);
  sigprocmask(SIG_BLOCK, &set, NULL);
  fails("rt_sigtimedwait EAGAIN", sigtimedwait(&set, &info, &moment), EAGAIN);
  fails("rt_sigtimedwait EINTR", ticking(SA_RESTART, sigtimedwait(&set, &info, &minute)), EINTR);
  fails("rt_sigtimedwait EINVAL: the time", sigtimedwait(&set, &info, &bad), EINVAL);
  fails("rt_sigtimedwait EINVAL: the size", syscall(SYS_rt_sigtimedwait, &set, &info, &moment, 4), EINVAL);
  fails("rt_sigtimedwait EFAULT: the set", syscall(SYS_rt_sigtimedwait, BAD, &info, &moment, 8), EFAULT);
  fails("rt_sigtimedwait EFAULT: the time", syscall(SYS_rt_sigtimedwait, &set, &info, BAD, 8), EFAULT);
  raise(SIGUSR2);
  fails("rt_sigtimedwait EFAULT: the information", syscall(SYS_rt_sigtimedwait, &set, BAD, &moment, 8), EFAULT);
  raise(SIGUSR2);
  equal("rt_sigtimedwait success", sigtimedwait(&set, &info, &moment), SIGUSR2);
  int file = signalfd(-1, &set, 0);
  check("signalfd success", file >= 0);
  fails("signalfd4 EBADF", syscall(SYS_signalfd4, 99, &set, 8, 0), EBADF);
  fails("signalfd EBADF", syscall(SYS_signalfd, 99, &set, 8), EBADF);
  fails("signalfd4 EINVAL: no signalfd", syscall(SYS_signalfd4, 1, &set, 8, 0), EINVAL);
  fails("signalfd EINVAL: no signalfd", syscall(SYS_signalfd, 1, &set, 8), EINVAL);
  fails("signalfd4 EINVAL: flags", syscall(SYS_signalfd4, -1, &set, 8, 1), EINVAL);
  fails("signalfd4 EINVAL: the size", syscall(SYS_signalfd4, -1, &set, 4, 0), EINVAL);
  fails("signalfd4 EFAULT", syscall(SYS_signalfd4, -1, BAD, 8, 0), EFAULT);
  fails("signalfd EFAULT", syscall(SYS_signalfd, -1, BAD, 8), EFAULT);
  equal("signalfd4 success: another set", syscall(SYS_signalfd4, file, &set, 8, 0), file);
  equal("without descriptors", in_child({
          setrlimit(RLIMIT_NOFILE, &(struct rlimit){file + 1, file + 1});
          fails("signalfd4 EMFILE", syscall(SYS_signalfd4, -1, &set, 8, 0), EMFILE);
          fails("signalfd EMFILE", syscall(SYS_signalfd, -1, &set, 8), EMFILE);
          fails("timerfd_create EMFILE", timerfd_create(CLOCK_MONOTONIC, 0), EMFILE);
        }), 0);
  close(file);
  sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static void waiting_for_children(void) {
  siginfo_t info;
  pid_t child = sleeper();
  fails("wait4 EINTR", ticking(0, wait4(child, NULL, 0, NULL)), EINTR);
  fails("waitid EINTR", ticking(0, waitid(P_PID, child, &info, WEXITED)), EINTR);
  victim = child;
  equal("wait4 restart: until the child has ended", ticking(SA_RESTART, wait4(child, NULL, 0, NULL)) == child, 1);
  victim = child = sleeper();
  equal("waitid restart: until the child has ended", ticking(SA_RESTART, waitid(P_PID, child, &info, WEXITED)), 0);
  victim = 0;
}

static void clocks(void) {
  struct timespec time = {1, 0}, bad = {0, 1000000000}, negative = {-1, 0};
  struct timeval microseconds = {1, 0};
  struct timex state = {.modes = ADJ_FREQUENCY};
  struct tms used;
  equal("clock_gettime success", syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &time), 0);
  fails("clock_gettime EINVAL: no clock", syscall(SYS_clock_gettime, 99, &time), EINVAL);
  fails("clock_gettime EINVAL: the clock of a descriptor that is none", syscall(SYS_clock_gettime, (int)(~99u << 3 | 3), &time), EINVAL);
  fails("clock_gettime EINVAL: the CPU time of nobody", syscall(SYS_clock_gettime, (int)(~(unsigned)NOBODY << 3 | 2), &time), EINVAL);
  fails("clock_gettime EFAULT", syscall(SYS_clock_gettime, CLOCK_MONOTONIC, BAD), EFAULT);
  equal("clock_getres success", syscall(SYS_clock_getres, CLOCK_MONOTONIC, &time), 0);
  fails("clock_getres EINVAL: no clock", syscall(SYS_clock_getres, 99, &time), EINVAL);
  fails("clock_getres EFAULT", syscall(SYS_clock_getres, CLOCK_MONOTONIC, BAD), EFAULT);
  time = (struct timespec){1, 0};
  fails("clock_settime EPERM", syscall(SYS_clock_settime, CLOCK_REALTIME, &time), EPERM);
  fails("clock_settime EINVAL: cannot be set", syscall(SYS_clock_settime, CLOCK_MONOTONIC, &time), EINVAL);
  fails("clock_settime EINVAL: no clock", syscall(SYS_clock_settime, 99, &time), EINVAL);
  fails("clock_settime EINVAL: nanoseconds", syscall(SYS_clock_settime, CLOCK_REALTIME, &bad), EINVAL);
  fails("clock_settime EINVAL: negative", syscall(SYS_clock_settime, CLOCK_REALTIME, &negative), EINVAL);
  fails("clock_settime EFAULT", syscall(SYS_clock_settime, CLOCK_REALTIME, BAD), EFAULT);
  equal("gettimeofday success", syscall(SYS_gettimeofday, &microseconds, NULL), 0);
  fails("gettimeofday EFAULT: the time", syscall(SYS_gettimeofday, BAD, NULL), EFAULT);
  fails("gettimeofday EFAULT: the zone", syscall(SYS_gettimeofday, NULL, BAD), EFAULT);
  fails("settimeofday EPERM", syscall(SYS_settimeofday, &microseconds, NULL), EPERM);
  microseconds.tv_usec = 1000000;
  fails("settimeofday EINVAL: microseconds", syscall(SYS_settimeofday, &microseconds, NULL), EINVAL);
  microseconds = (struct timeval){-1, 0};
  fails("settimeofday EINVAL: negative", syscall(SYS_settimeofday, &microseconds, NULL), EINVAL);
  fails("settimeofday EFAULT: the time", syscall(SYS_settimeofday, BAD, NULL), EFAULT);
  fails("settimeofday EFAULT: the zone", syscall(SYS_settimeofday, NULL, BAD), EFAULT);
  fails("time EFAULT", syscall(SYS_time, BAD), EFAULT);
  check("time success", syscall(SYS_time, NULL) > 0);
  fails("times EFAULT", syscall(SYS_times, BAD), EFAULT);
  check("times success", syscall(SYS_times, &used) > 0);
  fails("adjtimex EPERM", adjtimex(&state), EPERM);
  fails("adjtimex EFAULT", syscall(SYS_adjtimex, BAD), EFAULT);
  fails("clock_adjtime EPERM", clock_adjtime(CLOCK_REALTIME, &state), EPERM);
  fails("clock_adjtime EFAULT", syscall(SYS_clock_adjtime, CLOCK_REALTIME, BAD), EFAULT);
  fails("clock_adjtime EINVAL: no clock", clock_adjtime(99, &state), EINVAL);
  fails("clock_adjtime EOPNOTSUPP", clock_adjtime(CLOCK_MONOTONIC, &state), EOPNOTSUPP);
  state = (struct timex){.modes = ADJ_TICK, .tick = 1};
  fails("adjtimex EPERM: before it is looked at", adjtimex(&state), EPERM);
  state.modes = 0;
  check("adjtimex success", adjtimex(&state) >= 0);
  state.modes = 0;
  check("clock_adjtime success", clock_adjtime(CLOCK_REALTIME, &state) >= 0);
}

static void sleeping(void) {
  struct timespec bad = {0, 1000000000}, negative = {-1, 0}, minute = {60, 0}, moment = {0, 1000}, left;
  equal("nanosleep success", syscall(SYS_nanosleep, &moment, NULL), 0);
  fails("nanosleep EINVAL: nanoseconds", syscall(SYS_nanosleep, &bad, NULL), EINVAL);
  fails("nanosleep EINVAL: negative", syscall(SYS_nanosleep, &negative, NULL), EINVAL);
  fails("nanosleep EFAULT: the time", syscall(SYS_nanosleep, BAD, NULL), EFAULT);
  fails("nanosleep EFAULT: what is left", ticking(0, syscall(SYS_nanosleep, &minute, BAD)), EFAULT);
  fails("nanosleep EINTR", ticking(SA_RESTART, syscall(SYS_nanosleep, &minute, &left)), EINTR);
  equal("clock_nanosleep success", syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &moment, NULL), 0);
  fails("clock_nanosleep EINVAL: nanoseconds", syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &bad, NULL), EINVAL);
  fails("clock_nanosleep EINVAL: no clock", syscall(SYS_clock_nanosleep, 99, 0, &moment, NULL), EINVAL);
  fails("clock_nanosleep EOPNOTSUPP: the thread's CPU time", syscall(SYS_clock_nanosleep, CLOCK_THREAD_CPUTIME_ID, 0, &moment, NULL), EOPNOTSUPP);
  fails("clock_nanosleep EOPNOTSUPP: a coarse clock", syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC_COARSE, 0, &moment, NULL), EOPNOTSUPP);
  fails("clock_nanosleep EFAULT: the time", syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, BAD, NULL), EFAULT);
  fails("clock_nanosleep EFAULT: what is left", ticking(0, syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &minute, BAD)), EFAULT);
  fails("clock_nanosleep EINTR", ticking(SA_RESTART, syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &minute, &left)), EINTR);
  struct timespec when;
  clock_gettime(CLOCK_REALTIME, &when);
  when.tv_sec += 60;
  fails("clock_nanosleep EINTR: until a time", ticking(SA_RESTART, syscall(SYS_clock_nanosleep, CLOCK_REALTIME, TIMER_ABSTIME, &when, NULL)), EINTR);
}

static void interval_timers(void) {
  struct itimerval interval = {{0, 0}, {0, 1000000}};
  fails("getitimer EINVAL: the kind", syscall(SYS_getitimer, 9, &interval), EINVAL);
  fails("getitimer EFAULT", syscall(SYS_getitimer, ITIMER_REAL, BAD), EFAULT);
  fails("setitimer EINVAL: microseconds", syscall(SYS_setitimer, ITIMER_REAL, &interval, NULL), EINVAL);
  interval = (struct itimerval){0};
  fails("setitimer EINVAL: the kind", syscall(SYS_setitimer, 9, &interval, NULL), EINVAL);
  fails("setitimer EFAULT: the new value", syscall(SYS_setitimer, ITIMER_REAL, BAD, NULL), EFAULT);
  fails("setitimer EFAULT: the old value", syscall(SYS_setitimer, ITIMER_REAL, &interval, BAD), EFAULT);
  equal("setitimer success", syscall(SYS_setitimer, ITIMER_REAL, &interval, NULL), 0);
  equal("getitimer success", syscall(SYS_getitimer, ITIMER_REAL, &interval), 0);
  equal("alarm success", alarm(0), 0);
}

static void posix_timers(void) {
  struct { int64_t value; int32_t signal, notify, thread, pad[11]; } event = {0, SIGUSR1, SIGEV_SIGNAL, 0, {0}};
  struct itimerspec value = {{0, 0}, {0, 1000000000}}, old;
  int timer, other;
  equal("timer_create success", syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer), 0);
  fails("timer_create EINVAL: no clock", syscall(SYS_timer_create, 99, &event, &other), EINVAL);
  fails("timer_create EOPNOTSUPP: a coarse clock", syscall(SYS_timer_create, CLOCK_MONOTONIC_COARSE, &event, &other), EOPNOTSUPP);
  fails("timer_create EFAULT: the event", syscall(SYS_timer_create, CLOCK_MONOTONIC, BAD, &other), EFAULT);
  fails("timer_create EFAULT: the timer", syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, BAD), EFAULT);
  event.signal = 65;
  fails("timer_create EINVAL: the signal", syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &other), EINVAL);
  event.signal = SIGUSR1;
  event.notify = 8;
  fails("timer_create EINVAL: the kind of notice", syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &other), EINVAL);
  event.notify = SIGEV_THREAD_ID;
  event.thread = getppid();
  fails("timer_create EINVAL: another's thread", syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &other), EINVAL);
  event.notify = SIGEV_SIGNAL;
  equal("as a user without a queue", in_child({
          become(4713);
          setrlimit(RLIMIT_SIGPENDING, &(struct rlimit){0, 0});
          fails("timer_create EAGAIN: RLIMIT_SIGPENDING", syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &other), EAGAIN);
        }), 0);
  fails("timer_settime EINVAL: nanoseconds", syscall(SYS_timer_settime, timer, 0, &value, NULL), EINVAL);
  value.it_value = (struct timespec){-1, 0};
  fails("timer_settime EINVAL: negative", syscall(SYS_timer_settime, timer, 0, &value, NULL), EINVAL);
  value.it_value = (struct timespec){0, 0};
  fails("timer_settime EINVAL: no timer", syscall(SYS_timer_settime, 99, 0, &value, NULL), EINVAL);
  fails("timer_settime EINVAL: no value", syscall(SYS_timer_settime, timer, 0, NULL, NULL), EINVAL);
  fails("timer_settime EFAULT: the new value", syscall(SYS_timer_settime, timer, 0, BAD, NULL), EFAULT);
  fails("timer_settime EFAULT: the old value", syscall(SYS_timer_settime, timer, 0, &value, BAD), EFAULT);
  equal("timer_settime success", syscall(SYS_timer_settime, timer, 0, &value, &old), 0);
  fails("timer_gettime EINVAL: no timer", syscall(SYS_timer_gettime, 99, &old), EINVAL);
  fails("timer_gettime EFAULT", syscall(SYS_timer_gettime, timer, BAD), EFAULT);
  equal("timer_gettime success", syscall(SYS_timer_gettime, timer, &old), 0);
  fails("timer_getoverrun EINVAL: no timer", syscall(SYS_timer_getoverrun, 99), EINVAL);
  equal("timer_getoverrun success", syscall(SYS_timer_getoverrun, timer), 0);
  fails("timer_delete EINVAL: no timer", syscall(SYS_timer_delete, 99), EINVAL);
  equal("timer_delete success", syscall(SYS_timer_delete, timer), 0);
}

static void timer_files(void) {
  struct itimerspec value = {{0, 0}, {0, 0}}, bad = {{0, 0}, {0, 1000000000}};
  int file = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK);
  check("timerfd_create success", file >= 0);
  fails("timerfd_create EINVAL: the clock", timerfd_create(CLOCK_PROCESS_CPUTIME_ID, 0), EINVAL);
  fails("timerfd_create EINVAL: flags", timerfd_create(CLOCK_MONOTONIC, 1), EINVAL);
  fails("timerfd_create EPERM: CLOCK_REALTIME_ALARM", timerfd_create(CLOCK_REALTIME_ALARM, 0), EPERM);
  fails("timerfd_create EPERM: CLOCK_BOOTTIME_ALARM", timerfd_create(CLOCK_BOOTTIME_ALARM, 0), EPERM);
  fails("timerfd_settime EBADF", timerfd_settime(99, 0, &value, NULL), EBADF);
  fails("timerfd_settime EINVAL: no timer", timerfd_settime(1, 0, &value, NULL), EINVAL);
  fails("timerfd_settime EINVAL: flags", timerfd_settime(file, 8, &value, NULL), EINVAL);
  fails("timerfd_settime EINVAL: nanoseconds", timerfd_settime(file, 0, &bad, NULL), EINVAL);
  fails("timerfd_settime EFAULT: the new value", syscall(SYS_timerfd_settime, file, 0, BAD, NULL), EFAULT);
  fails("timerfd_settime EFAULT: the old value", syscall(SYS_timerfd_settime, file, 0, &value, BAD), EFAULT);
  equal("timerfd_settime success", timerfd_settime(file, 0, &value, NULL), 0);
  fails("timerfd_gettime EBADF", timerfd_gettime(99, &value), EBADF);
  fails("timerfd_gettime EINVAL: no timer", timerfd_gettime(1, &value), EINVAL);
  fails("timerfd_gettime EFAULT", syscall(SYS_timerfd_gettime, file, BAD), EFAULT);
  equal("timerfd_gettime success", timerfd_gettime(file, &value), 0);
  close(file);
}

int main(void) {
  sending();
  actions_and_masks();
  waiting_for_signals();
  waiting_for_children();
  clocks();
  sleeping();
  interval_timers();
  posix_timers();
  timer_files();
  return finish();
}
