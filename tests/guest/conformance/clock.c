/* clock: reading clocks, sleeping, interval timers and alarms. Waits have lower bounds only, or very wide upper ones. */
#include "check.h"
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/times.h>

#define MILLISECOND 1000000LL

static volatile sig_atomic_t alarms;
static void count_alarm(int number) { (void)number; alarms++; }

static long long now(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void reading(void) {
  static const clockid_t clocks[] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_MONOTONIC_RAW, CLOCK_REALTIME_COARSE, CLOCK_MONOTONIC_COARSE, CLOCK_BOOTTIME,
                                     CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID, CLOCK_TAI};
  for (int i = 0; i < 9; i++) {
    char name[64];
    struct timespec time = {-1, -1}, resolution = {-1, -1};
    snprintf(name, sizeof name, "clock %d", clocks[i]);
    equal(name, clock_gettime(clocks[i], &time), 0);
    check("in range", time.tv_sec >= 0 && time.tv_nsec >= 0 && time.tv_nsec < 1000000000);
    equal("the raw call", syscall(SYS_clock_gettime, clocks[i], &time), 0);
    equal("resolution", clock_getres(clocks[i], &resolution), 0);
    check("of less than a second", resolution.tv_sec == 0 && resolution.tv_nsec > 0);
  }
  fails("no clock 99", clock_gettime(99, &(struct timespec){0}), EINVAL);
  fails("a bad pointer", syscall(SYS_clock_gettime, CLOCK_MONOTONIC, (void *)8), EFAULT);
  int backwards = 0;
  long long last = now(CLOCK_MONOTONIC);
  for (int i = 0; i < 20000; i++) {
    long long next = now(CLOCK_MONOTONIC);
    if (next < last) backwards++;
    last = next;
  }
  equal("the monotonic clock never goes back", backwards, 0);
  struct timespec real;
  struct timeval day;
  clock_gettime(CLOCK_REALTIME, &real);
  gettimeofday(&day, NULL);
  time_t seconds = time(NULL);
  check("the wall clocks agree", day.tv_sec - real.tv_sec <= 1 && seconds - real.tv_sec <= 1 && seconds >= real.tv_sec - 1);
  check("it is after 2024", seconds > 1704067200);
  long long library = now(CLOCK_MONOTONIC);
  struct timespec raw;
  syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &raw);
  long long system = raw.tv_sec * 1000000000LL + raw.tv_nsec;
  check("library and system call agree", system >= library && system - library < 5000 * MILLISECOND);
  struct timezone zone = {1, 1};
  check("the time zone is zero", gettimeofday(&day, &zone) == 0 && zone.tz_minuteswest == 0);
  fails("setting the clock needs a capability", clock_settime(CLOCK_REALTIME, &(struct timespec){1, 0}), EPERM);
  fails("nobody sets the monotonic clock", clock_settime(CLOCK_MONOTONIC, &(struct timespec){1, 0}), EINVAL);
  struct tms before, after;
  clock_t start = times(&before);
  long long cpu = now(CLOCK_PROCESS_CPUTIME_ID);
  while (now(CLOCK_PROCESS_CPUTIME_ID) - cpu < 60 * MILLISECOND) {
  }
  check("times", times(&after) >= start && after.tms_utime + after.tms_stime >= before.tms_utime + before.tms_stime);
  cpu = now(CLOCK_PROCESS_CPUTIME_ID);
  sleep_milliseconds(100);
  check("sleeping takes no processor time", now(CLOCK_PROCESS_CPUTIME_ID) - cpu < 80 * MILLISECOND);
}

static void sleeping(void) {
  long long start = now(CLOCK_MONOTONIC);
  equal("nanosleep", nanosleep(&(struct timespec){0, 20 * MILLISECOND}, NULL), 0);
  long long slept = now(CLOCK_MONOTONIC) - start;
  check("not too short", slept >= 20 * MILLISECOND);
  check("nor absurdly long", slept < 10000 * MILLISECOND);
  equal("no time at all", nanosleep(&(struct timespec){0, 0}, NULL), 0);
  fails("bad nanoseconds", nanosleep(&(struct timespec){0, 1000000000}, NULL), EINVAL);
  fails("negative seconds", nanosleep(&(struct timespec){-1, 0}, NULL), EINVAL);
  fails("a bad pointer", syscall(SYS_nanosleep, (void *)8, NULL), EFAULT);
  struct timespec when;
  clock_gettime(CLOCK_MONOTONIC, &when);
  start = when.tv_sec * 1000000000LL + when.tv_nsec;
  when.tv_nsec += 30 * MILLISECOND;
  if (when.tv_nsec >= 1000000000) when.tv_nsec -= 1000000000, when.tv_sec++;
  equal("clock_nanosleep until a time", clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &when, NULL), 0);
  check("until then", now(CLOCK_MONOTONIC) - start >= 30 * MILLISECOND);
  equal("a time gone by", clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &(struct timespec){1, 0}, NULL), 0);
  start = now(CLOCK_REALTIME);
  equal("by the wall clock", clock_nanosleep(CLOCK_REALTIME, 0, &(struct timespec){0, 10 * MILLISECOND}, NULL), 0);
  check("long enough", now(CLOCK_REALTIME) - start >= 10 * MILLISECOND);
  equal("a bad clock", clock_nanosleep(99, 0, &(struct timespec){0, 1}, NULL), EINVAL);
  equal("the thread's own clock", clock_nanosleep(CLOCK_THREAD_CPUTIME_ID, 0, &(struct timespec){0, 1}, NULL), EINVAL);
  equal("bad nanoseconds again", clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){0, -1}, NULL), EINVAL);
}

static void timers(void) {
  struct itimerval timer, old;
  handle(SIGALRM, count_alarm, SA_RESTART);
  equal("no timer at first", getitimer(ITIMER_REAL, &timer), 0);
  check("all zero", timer.it_value.tv_sec == 0 && timer.it_value.tv_usec == 0 && timer.it_interval.tv_sec == 0);
  timer = (struct itimerval){{0, 10000}, {0, 10000}};
  equal("setitimer", setitimer(ITIMER_REAL, &timer, NULL), 0);
  check("fires again and again", eventually(alarms >= 5));
  getitimer(ITIMER_REAL, &timer);
  check("the interval", timer.it_interval.tv_usec == 10000);
  timer = (struct itimerval){0};
  equal("stop it", setitimer(ITIMER_REAL, &timer, &old), 0);
  check("the old setting", old.it_interval.tv_usec == 10000);
  int before = alarms;
  sleep_milliseconds(40);
  equal("it stopped", alarms, before);
  fails("bad kind", setitimer(9, &timer, NULL), EINVAL);
  timer.it_value.tv_usec = 1000000;
  fails("bad microseconds", setitimer(ITIMER_REAL, &timer, NULL), EINVAL);
  equal("alarm", alarm(100), 0);
  unsigned left = alarm(200);
  check("alarm answers what was left", left >= 99 && left <= 100);
  getitimer(ITIMER_REAL, &timer);
  check("and shares the timer", timer.it_value.tv_sec >= 198 && timer.it_value.tv_sec <= 200);
  equal("a child has no timer", in_child(equal("alarm in the child", alarm(0), 0)), 0);
  left = alarm(0);
  check("the parent's goes on", left >= 198 && left <= 200);
  alarms = 0;
  alarm(1);
  fails("pause until the alarm", pause(), EINTR);
  equal("one alarm", alarms, 1);
  equal("exec keeps the alarm", in_child({
          alarm(1);
          execl("/bin/sh", "sh", "-c", "while :; do :; done", NULL);
        }), KILLED(SIGALRM));
  alarms = 0;
  handle(SIGVTALRM, count_alarm, SA_RESTART);
  timer = (struct itimerval){{0, 0}, {0, 20000}};
  setitimer(ITIMER_VIRTUAL, &timer, NULL);
  for (volatile long i = 0; alarms == 0; i++) {
  }
  equal("the virtual timer", alarms, 1);
  handle(SIGPROF, count_alarm, SA_RESTART);
  setitimer(ITIMER_PROF, &timer, NULL);
  for (volatile long i = 0; alarms == 1; i++) {
  }
  equal("the profiling timer", alarms, 2);
}

static void posix_timers(void) {
  timer_t timer;
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1, .sigev_value.sival_int = 5};
  alarms = 0;
  handle(SIGUSR1, count_alarm, SA_RESTART);
  equal("timer_create", timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
  struct itimerspec setting = {{0, 0}, {0, 10 * MILLISECOND}}, got;
  equal("timer_settime", timer_settime(timer, 0, &setting, NULL), 0);
  check("it fires", eventually(alarms == 1));
  equal("timer_gettime", timer_gettime(timer, &got), 0);
  check("it is over", got.it_value.tv_sec == 0 && got.it_value.tv_nsec == 0);
  equal("timer_getoverrun", timer_getoverrun(timer), 0);
  equal("timer_delete", timer_delete(timer), 0);
  equal("exec deletes it", in_child({
          timer_create(CLOCK_MONOTONIC, &event, &timer);
          setting.it_value.tv_nsec = 100 * MILLISECOND;
          timer_settime(timer, 0, &setting, NULL);
          execl("/bin/sh", "sh", "-c", "sleep 1; exit 3", NULL);
        }), EXITED(3));
  fails("a bad clock", timer_create(99, &event, &timer), EINVAL);
}

int main(void) {
  reading();
  sleeping();
  timers();
  posix_timers();
  return finish();
}
