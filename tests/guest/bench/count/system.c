/* system.c: the processor itself, the way into the kernel and back, and the clocks. */
#include "figure.h"
#include <sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/** A thousand dependent multiplications and additions: four instructions each, whatever the system. */
static int run_user_loop(long operations) {
  unsigned long value = 1;
  for (long i = 0; i < operations; i++)
    for (int step = 0; step < 1000; step++) value = value * 6364136223846793005 + 1442695040888963407;
  sink = (long)value;
  return 0;
}

static int run_memcpy(long operations) {
  for (long i = 0; i < operations; i++) {
    memcpy(buffer + BUFFER_SIZE / 2, buffer, 1 << 20);
    sink = buffer[i & 4095];
  }
  return 0;
}

static int run_getppid(long operations) {
  for (long i = 0; i < operations; i++) syscall(SYS_getppid);
  return 0;
}

static int run_unknown(long operations) {
  for (long i = 0; i < operations; i++) syscall(9999);
  return 0;
}

static int run_clock_library(long operations) {
  struct timespec now;
  for (long i = 0; i < operations; i++) clock_gettime(CLOCK_MONOTONIC, &now);
  return 0;
}

static int run_clock(long operations) {
  struct timespec now;
  for (long i = 0; i < operations; i++) syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
  return 0;
}

static int run_yield(long operations) {
  for (long i = 0; i < operations; i++) sched_yield();
  return 0;
}

const struct figure system_figures[] = {
    {"user_loop1000", 3000, 0, NULL, run_user_loop, NULL},
    {"memcpy_1m", 60, 1 << 20, map_buffer, run_memcpy, unmap_buffer},
    {"getppid", 50000, 0, NULL, run_getppid, NULL},
    {"badsyscall", 50000, 0, NULL, run_unknown, NULL},
    {"clock_lib", 50000, 0, NULL, run_clock_library, NULL},
    {"clock_syscall", 50000, 0, NULL, run_clock, NULL},
    {"sched_yield", 20000, 0, NULL, run_yield, NULL},
    {0},
};
