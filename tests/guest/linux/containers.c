/*
 * containers life ROUNDS HZ TINY FIRST: what the verbs of crun cost, from the moment before it is executed until it is reaped. TINY is a
 *   bundle whose program exits at once; that of FIRST prints "TSC" and the time-stamp counter at its first instruction. Prints
 *   `NAME MEDIAN BEST` lines in nanoseconds; the counter runs at HZ, or at a rate that is measured when HZ is 0.
 * containers idle COUNT IDLE: how much less memory is available, per container, with COUNT of the bundle IDLE running.
 *
 * The twin of userland/lifecycle and userland/density.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CRUN "/bin/crun"
#define WARM_UP 3
#define MOST_ROUNDS 1000

enum { RUN, FIRST, CREATE, START, DELETE, LIFE, FIGURES };
static const char *const names[FIGURES] = {
    "container_run", "container_first_instruction", "container_create", "container_start", "container_delete", "container_life",
};
static double values[FIGURES][MOST_ROUNDS];
static double ns_per_tick;
/** The standard output of containers: a pipe whose ends crun does not inherit otherwise. */
static int output[2], null_file;

static unsigned long ticks(void) {
  unsigned low, high;
  asm volatile("lfence\n rdtsc" : "=a"(low), "=d"(high) : : "memory");
  return (unsigned long)high << 32 | low;
}

static double measure_rate(void) {
  struct timespec start, now;
  clock_gettime(CLOCK_MONOTONIC, &start);
  unsigned long first = ticks();
  double elapsed;
  do {
    clock_gettime(CLOCK_MONOTONIC, &now);
    elapsed = (now.tv_sec - start.tv_sec) * 1e9 + (now.tv_nsec - start.tv_nsec);
  } while (elapsed < 2e8);
  return (ticks() - first) / elapsed * 1e9;
}

static void fail(const char *what) {
  fprintf(stderr, "containers: %s failed\n", what);
  exit(1);
}

/** Runs crun with these words and waits for it; its time in ticks. What it and its container print goes to `to`. */
static unsigned long crun(int to, const char *verb, const char *a, const char *b, const char *c, const char *d) {
  const char *words[] = {CRUN, verb, a, b, c, d, NULL};
  int status;
  unsigned long start = ticks();
  pid_t process = vfork();
  if (process == 0) {
    dup2(to, 1);
    execve(CRUN, (char **)words, environ);
    _exit(127);
  }
  if (process < 0 || waitpid(process, &status, 0) < 0 || status) fail(verb);
  return ticks() - start;
}

/** The line that the program of FIRST printed: its time-stamp counter. */
static unsigned long read_first(void) {
  char line[64];
  size_t length = 0;
  while (length < sizeof line - 1 && !memchr(line, '\n', length)) {
    ssize_t count = read(output[0], line + length, sizeof line - 1 - length);
    if (count <= 0) fail("reading from the container");
    length += count;
  }
  line[length] = 0;
  if (strncmp(line, "TSC ", 4)) fail("the container's program");
  return strtoul(line + 4, NULL, 16);
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void measure_life(int rounds, const char *tiny, const char *first) {
  for (int round = -WARM_UP; round < rounds; round++) {
    double sample[FIGURES];
    char id[32];
    snprintf(id, sizeof id, "c%d", round + WARM_UP);
    sample[RUN] = crun(null_file, "run", "--bundle", tiny, id, NULL);
    unsigned long start = ticks();
    crun(output[1], "run", "--bundle", first, id, NULL);
    sample[FIRST] = read_first() - start;

    start = ticks();
    sample[CREATE] = crun(output[1], "create", "--bundle", first, id, NULL);
    sample[START] = crun(null_file, "start", id, NULL, NULL, NULL);
    read_first();
    sample[DELETE] = crun(null_file, "delete", "--force", id, NULL, NULL);
    sample[LIFE] = ticks() - start;
    for (int i = 0; i < FIGURES && round >= 0; i++) values[i][round] = sample[i] * ns_per_tick;
  }
  for (int i = 0; i < FIGURES; i++) {
    qsort(values[i], rounds, sizeof(double), compare);
    printf("%s %.0f %.0f\n", names[i], values[i][rounds / 2], values[i][0]);
  }
}

/** MemAvailable of /proc/meminfo in KiB, with the caches dropped that are not in use. */
static long available_kib(void) {
  static char text[8192];
  int file = open("/proc/sys/vm/drop_caches", O_WRONLY);
  sync();
  if (file < 0 || write(file, "3", 1) != 1) fail("drop_caches");
  close(file);
  usleep(300000); /* what is freed after a grace period */
  file = open("/proc/meminfo", O_RDONLY);
  ssize_t length = read(file, text, sizeof text - 1);
  close(file);
  text[length > 0 ? length : 0] = 0;
  char *line = strstr(text, "MemAvailable:");
  if (!line) fail("/proc/meminfo");
  return strtol(line + 13, NULL, 10);
}

static void measure_idle(int count, const char *bundle) {
  long before = 0;
  for (int i = -3; i < count; i++) { /* what the first ones need once is not counted */
    char id[32];
    if (i == 0) before = available_kib();
    snprintf(id, sizeof id, "idle%d", i + 3);
    crun(null_file, "run", "--detach", "--bundle", bundle, id);
  }
  printf("container_idle_kib %.1f\n", (before - available_kib()) / (double)count);
}

int main(int count, char **arguments) {
  null_file = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null_file < 0 || pipe2(output, O_CLOEXEC) < 0) fail("pipe");
  int number = count > 2 ? atoi(arguments[2]) : 0;
  if (count == 6 && !strcmp(arguments[1], "life") && number > 0 && number <= MOST_ROUNDS) {
    double rate = strtod(arguments[3], NULL);
    ns_per_tick = 1e9 / (rate > 0 ? rate : measure_rate());
    measure_life(number, arguments[4], arguments[5]);
  } else if (count == 4 && !strcmp(arguments[1], "idle") && number > 0) {
    measure_idle(number, arguments[3]);
  } else {
    fail("understanding the arguments");
  }
  return 0;
}
