/* timerfd: expirations counted and read, relative and absolute times, periods, polling, what fdinfo says. */
#include "check.h"
#include <poll.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>

#define MILLISECOND 1000000L

static struct itimerspec setting(long first_ns, long interval_ns) {
  return (struct itimerspec){
      .it_value = {first_ns / 1000000000, first_ns % 1000000000},
      .it_interval = {interval_ns / 1000000000, interval_ns % 1000000000},
  };
}

static int arm(int file, long first_ns, long interval_ns) {
  struct itimerspec value = setting(first_ns, interval_ns);
  return timerfd_settime(file, 0, &value, NULL);
}

/** What read(2) gives: the number of expirations, or -1. */
static long expirations(int file) {
  uint64_t count = 0;
  return read(file, &count, sizeof count) == sizeof count ? (long)count : -1;
}

static void arguments(void) {
  struct itimerspec value = setting(MILLISECOND, 0), old;
  fails("create: bad clock", timerfd_create(CLOCK_PROCESS_CPUTIME_ID, 0), EINVAL);
  fails("create: coarse clock", timerfd_create(CLOCK_MONOTONIC_COARSE, 0), EINVAL);
  fails("create: bad flags", timerfd_create(CLOCK_MONOTONIC, 1), EINVAL);
  int file = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  check("create", file >= 0);
  equal("close-on-exec", fcntl(file, F_GETFD), FD_CLOEXEC);
  equal("flags", fcntl(file, F_GETFL), O_RDWR | O_NONBLOCK);
  int wall = timerfd_create(CLOCK_REALTIME, 0), boot = timerfd_create(CLOCK_BOOTTIME, 0);
  check("create on the wall clock", wall >= 0);
  check("create on the boot clock", boot >= 0);
  fails("settime: bad descriptor", timerfd_settime(99, 0, &value, NULL), EBADF);
  fails("settime: no timer", timerfd_settime(1, 0, &value, NULL), EINVAL);
  fails("settime: bad flags", timerfd_settime(file, 4, &value, NULL), EINVAL);
  fails("settime: bad pointer", timerfd_settime(file, 0, (void *)8, NULL), EFAULT);
  fails("settime: bad old pointer", timerfd_settime(file, 0, &value, (void *)8), EFAULT);
  value.it_value.tv_nsec = 1000000000;
  fails("settime: too many nanoseconds", timerfd_settime(file, 0, &value, NULL), EINVAL);
  value.it_value = (struct timespec){-1, 0};
  fails("settime: negative seconds", timerfd_settime(file, 0, &value, NULL), EINVAL);
  fails("gettime: bad descriptor", timerfd_gettime(99, &old), EBADF);
  fails("gettime: no timer", timerfd_gettime(1, &old), EINVAL);
  fails("gettime: bad pointer", timerfd_gettime(file, (void *)8), EFAULT);
  close(file);
  close(wall);
  close(boot);
}

static void once(void) {
  struct itimerspec value, old;
  uint64_t count;
  int file = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
  fails("nothing to read", read(file, &count, 8), EAGAIN);
  fails("too short a buffer", read(file, &count, 7), EINVAL);
  fails("write", write(file, &count, 8), EINVAL);
  equal("gettime of one never set", timerfd_gettime(file, &value), 0);
  check("shows nothing", value.it_value.tv_sec == 0 && value.it_value.tv_nsec == 0);
  equal("arm", arm(file, 3600 * 1000 * MILLISECOND, 7 * MILLISECOND), 0);
  timerfd_gettime(file, &value);
  check("time left", value.it_value.tv_sec == 3599 || (value.it_value.tv_sec == 3600 && value.it_value.tv_nsec == 0));
  equal("interval", value.it_interval.tv_nsec, 7 * MILLISECOND);
  value = setting(5 * MILLISECOND, 0);
  equal("arm again", timerfd_settime(file, 0, &value, &old), 0);
  check("old setting", old.it_value.tv_sec >= 3500 && old.it_interval.tv_nsec == 7 * MILLISECOND);
  struct pollfd poller = {.fd = file, .events = POLLIN | POLLRDNORM | POLLOUT};
  equal("poll", poll(&poller, 1, 20000), 1);
  equal("poll's events", poller.revents, POLLIN);
  fails("read to a bad pointer", read(file, (void *)8, 8), EFAULT);
  fails("which takes the expirations", read(file, &count, 8), EAGAIN);
  arm(file, MILLISECOND, 0);
  poll(&poller, 1, 20000);
  equal("one expiration", expirations(file), 1);
  fails("no more", read(file, &count, 8), EAGAIN);
  timerfd_gettime(file, &value);
  check("disarmed", value.it_value.tv_sec == 0 && value.it_value.tv_nsec == 0);
  arm(file, MILLISECOND, 0);
  sleep_milliseconds(10);
  arm(file, 0, 0);
  fails("setting forgets", read(file, &count, 8), EAGAIN);
  close(file);
}

static void periodic(void) {
  int file = timerfd_create(CLOCK_MONOTONIC, 0), more = 0;
  struct itimerspec value;
  arm(file, MILLISECOND, MILLISECOND);
  check("blocking read", expirations(file) >= 1);
  sleep_milliseconds(30);
  check("missed periods are counted", expirations(file) >= 29);
  for (int i = 0; i < 5; i++) more += expirations(file) >= 1;
  equal("it goes on", more, 5);
  timerfd_gettime(file, &value);
  check("next period", value.it_value.tv_sec == 0 && value.it_value.tv_nsec > 0 && value.it_value.tv_nsec <= MILLISECOND);
  arm(file, 1, 1);
  sleep_milliseconds(5);
  check("a nanosecond's period", expirations(file) >= 5000000);
  arm(file, 0, MILLISECOND);
  timerfd_gettime(file, &value);
  check("no first time: disarmed", value.it_value.tv_sec == 0 && value.it_value.tv_nsec == 0);
  close(file);
}

static void absolute(void) {
  struct itimerspec value;
  for (int wall = 0; wall < 2; wall++) {
    clockid_t clock = wall ? CLOCK_REALTIME : CLOCK_MONOTONIC;
    int file = timerfd_create(clock, 0);
    struct timespec now;
    clock_gettime(clock, &now);
    value = (struct itimerspec){.it_value = now};
    value.it_value.tv_sec += 3600;
    equal("absolute", timerfd_settime(file, TFD_TIMER_ABSTIME | (wall ? TFD_TIMER_CANCEL_ON_SET : 0), &value, NULL), 0);
    timerfd_gettime(file, &value);
    check("time left", value.it_value.tv_sec >= 3590 && value.it_value.tv_sec <= 3600);
    value.it_value = now;
    timerfd_settime(file, TFD_TIMER_ABSTIME, &value, NULL);
    equal("a time that has passed", expirations(file), 1);
    value.it_value = (struct timespec){now.tv_sec > 1 ? now.tv_sec - 1 : 0, 1};
    value.it_interval = (struct timespec){0, 100 * MILLISECOND};
    timerfd_settime(file, TFD_TIMER_ABSTIME, &value, NULL);
    check("periods that have passed", expirations(file) >= 1);
    close(file);
  }
}

static void on_alarm(int number) { (void)number; }

static void waiting(void) {
  int file = timerfd_create(CLOCK_MONOTONIC, 0), epoll = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN | EPOLLET};
  uint64_t count;
  epoll_ctl(epoll, EPOLL_CTL_ADD, file, &event);
  equal("epoll: nothing", epoll_wait(epoll, &event, 1, 0), 0);
  arm(file, MILLISECOND, 0);
  equal("epoll: an expiration", epoll_wait(epoll, &event, 1, 20000), 1);
  equal("epoll: edge-triggered", epoll_wait(epoll, &event, 1, 0), 0);
  arm(file, MILLISECOND, 0);
  equal("epoll: the next edge", epoll_wait(epoll, &event, 1, 20000), 1);
  expirations(file);
  handle(SIGALRM, on_alarm, 0);
  alarm(1);
  fails("a signal interrupts", read(file, &count, 8), EINTR);
  int copy = dup(file), status = in_child({
    arm(copy, MILLISECOND, 0);
    equal("a child's copy", expirations(copy), 1);
  });
  equal("child", status, 0);
  close(copy);
  close(file);
  equal("epoll forgets a closed timer", epoll_wait(epoll, &event, 1, 0), 0);
  close(epoll);
}

static void information(void) {
  char path[64], text[512];
  int file = timerfd_create(CLOCK_REALTIME, 0);
  struct itimerspec value = setting(0, 1500 * MILLISECOND);
  timerfd_settime(file, TFD_TIMER_ABSTIME, &value, NULL);
  snprintf(path, sizeof path, "/proc/self/fdinfo/%d", file);
  int info = open(path, O_RDONLY);
  ssize_t length = read(info, text, sizeof text - 1);
  text[length < 0 ? 0 : length] = 0;
  const char *from = strstr(text, "clockid:");
  same_text("fdinfo", from ? from : "", "clockid: 0\nticks: 0\nsettime flags: 01\nit_value: (0, 0)\nit_interval: (1, 500000000)\n");
  close(info);
  snprintf(path, sizeof path, "/proc/self/fd/%d", file);
  length = readlink(path, text, sizeof text);
  text[length < 0 ? 0 : length] = 0;
  same_text("link", text, "anon_inode:[timerfd]");
  close(file);
}

int main(void) {
  enter_scratch();
  arguments();
  once();
  periodic();
  absolute();
  waiting();
  information();
  return finish();
}
