/*
 * measure.c: runs a figure in batches and prints what one operation costs, or runs it once between
 * two marks for a profiler. Time is the time-stamp counter.
 */
#include "figure.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static unsigned long ticks(void) {
  unsigned low, high;
  asm volatile("lfence\n rdtsc" : "=a"(low), "=d"(high) : : "memory");
  return (unsigned long)high << 32 | low;
}

static long clock_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000000L + now.tv_nsec;
}

/** The rate of the time-stamp counter, measured over a fifth of a second of the monotonic clock. */
double measure_ticks_per_ns(void) {
  long start = clock_ns(), end;
  unsigned long start_ticks = ticks(), end_ticks;
  do {
    end = clock_ns();
    end_ticks = ticks();
  } while (end - start < 200000000);
  return (end_ticks - start_ticks) / (double)(end - start);
}

static long operations_of(const struct figure *figure, const struct measurement *how) {
  long operations = how->operations ? how->operations : (long)(figure->operations * how->scale);
  return operations < 1 ? 1 : operations;
}

/** Prepares and warms up with a fifth of a batch. */
static int begin(const struct figure *figure, long operations) {
  errno = 0;
  if (figure->prepare && figure->prepare() < 0) return -1;
  return figure->run(operations / 5 + 1);
}

static void end(const struct figure *figure) {
  if (figure->finish) figure->finish();
}

/** Says why a figure could not be taken. 0 when the system just lacks what it measures, otherwise -1. */
static int explain(const struct figure *figure, int error) {
  int lacks = error == ENOSYS || error == EAFNOSUPPORT;
  printf("%s %s %s\n", figure->name, lacks ? "LACKING" : "FAIL", error ? strerrorname_np(error) : "unexpected");
  return lacks ? 0 : -1;
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/** The median of the values, or the best: of rates the largest, of times the smallest. */
static double choose(double *values, const struct figure *figure, const struct measurement *how) {
  qsort(values, how->batches, sizeof *values, compare);
  if (!how->takes_best) return values[how->batches / 2];
  return values[figure->bytes ? how->batches - 1 : 0];
}

/** Measures a figure and prints its line; -1 if it failed. */
int measure(const struct figure *figure, const struct measurement *how) {
  long operations = operations_of(figure, how);
  double *values = calloc(how->batches, sizeof *values);
  int failed = !values || begin(figure, operations) < 0;
  for (int batch = 0; batch < how->batches && !failed; batch++) {
    unsigned long start = ticks();
    failed = figure->run(operations) < 0;
    double elapsed_ns = (ticks() - start) / how->ticks_per_ns;
    values[batch] = figure->bytes ? figure->bytes * 1000.0 * operations / elapsed_ns : elapsed_ns / operations;
  }
  int error = errno;
  end(figure);
  int result = 0;
  if (failed) {
    result = explain(figure, error);
  } else {
    double value = choose(values, figure, how);
    printf("%s %.*f\n", figure->name, value < 1000 ? 1 : 0, value);
  }
  free(values);
  return result;
}

/** Prints a mark and waits for a byte (or the end) of standard input, while the profiler does its part. */
static void mark(const char *what, const struct figure *figure) {
  char byte;
  printf("MARK %s %s\n", what, figure->name);
  while (read(STDIN_FILENO, &byte, 1) < 0 && errno == EINTR) continue;
}

/** Runs one batch of a figure, with a mark before and after it; -1 if it failed. */
int run_between_marks(const struct figure *figure, const struct measurement *how) {
  long operations = operations_of(figure, how);
  int failed = begin(figure, operations) < 0;
  int error = errno;
  if (!failed) {
    mark("ready", figure);
    errno = 0;
    failed = figure->run(operations) < 0;
    error = errno;
    if (!failed) mark("done", figure);
  }
  end(figure);
  return failed ? explain(figure, error) : 0;
}
