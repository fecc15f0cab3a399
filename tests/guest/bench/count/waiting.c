/* waiting.c: waiting for one of many things: epoll, poll, eventfd, and the wake-up that nobody waits for. */
#include "figure.h"
#include <linux/futex.h>
#include <poll.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MANY 1000
#define FEW 100 /* poll passes them all, each time */

static int counters[MANY], counters_open;

static int run_wake_none(long operations) {
  static int word;
  for (long i = 0; i < operations; i++)
    if (syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0) != 0) return -1;
  return 0;
}

/** Allows more descriptors than the usual 1,024. */
static int raise_limit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return -1;
  if (limit.rlim_cur >= 4096 || limit.rlim_cur == limit.rlim_max) return 0;
  limit.rlim_cur = limit.rlim_max < 4096 ? limit.rlim_max : 4096;
  return setrlimit(RLIMIT_NOFILE, &limit);
}

/** An epoll instance in `first` that watches a thousand eventfds, all of them idle. */
static int open_counters(void) {
  if (raise_limit() < 0 || (first = epoll_create1(0)) < 0) return -1;
  for (counters_open = 0; counters_open < MANY; counters_open++) {
    int counter = eventfd(0, EFD_NONBLOCK);
    if (counter < 0) return -1;
    counters[counters_open] = counter;
    struct epoll_event event = {.events = EPOLLIN, .data.fd = counter};
    if (epoll_ctl(first, EPOLL_CTL_ADD, counter, &event) < 0) return -1;
  }
  return 0;
}

static void close_counters(void) {
  while (counters_open > 0) close(counters[--counters_open]);
  close_both();
}

static int run_epoll_idle(long operations) {
  struct epoll_event events[16];
  for (long i = 0; i < operations; i++)
    if (epoll_wait(first, events, 16, 0) != 0) return -1;
  return 0;
}

/** Makes one of the thousand ready, finds out which and reads it. */
static int run_epoll_one(long operations) {
  struct epoll_event events[16];
  for (long i = 0; i < operations; i++) {
    uint64_t value = 1;
    if (write(counters[MANY / 2], &value, sizeof value) != sizeof value) return -1;
    if (epoll_wait(first, events, 16, -1) != 1) return -1;
    if (read(events[0].data.fd, &value, sizeof value) != sizeof value) return -1;
  }
  return 0;
}

static int run_epoll_add_remove(long operations) {
  for (long i = 0; i < operations; i++) {
    struct epoll_event event = {.events = EPOLLIN, .data.fd = counters[0]};
    if (epoll_ctl(first, EPOLL_CTL_DEL, counters[0], NULL) < 0) return -1;
    if (epoll_ctl(first, EPOLL_CTL_ADD, counters[0], &event) < 0) return -1;
  }
  return 0;
}

static int run_poll(long operations) {
  struct pollfd watched[FEW];
  for (int i = 0; i < FEW; i++) watched[i] = (struct pollfd){.fd = counters[i], .events = POLLIN};
  for (long i = 0; i < operations; i++)
    if (poll(watched, FEW, 0) != 0) return -1;
  return 0;
}

static int open_counter(void) { return first = eventfd(0, 0); }

static int run_eventfd(long operations) {
  uint64_t value = 1;
  for (long i = 0; i < operations; i++)
    if (write(first, &value, sizeof value) != sizeof value || read(first, &value, sizeof value) != sizeof value) return -1;
  return 0;
}

const struct figure waiting_figures[] = {
    {"futex_wake_none", 30000, 0, NULL, run_wake_none, NULL},
    {"epoll_wait_1000idle", 20000, 0, open_counters, run_epoll_idle, close_counters},
    {"epoll_one_of_1000", 10000, 0, open_counters, run_epoll_one, close_counters},
    {"epoll_add_remove", 5000, 0, open_counters, run_epoll_add_remove, close_counters},
    {"poll_100idle", 1000, 0, open_counters, run_poll, close_counters},
    {"eventfd_write_read", 15000, 0, open_counter, run_eventfd, close_both},
    {0},
};
