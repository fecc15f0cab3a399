/*
 * count [OPTION...] [NAME...]: what one operation costs, in nanoseconds; under QEMU's -icount shift=0,
 * where one instruction takes one nanosecond, that is its number of instructions. Prints `NAME VALUE`
 * lines (figures that move bytes say bytes per 1,000 ns instead), `NAME LACKING ERRNO` for what the
 * system does not have, and `NAME FAIL ERRNO`, with status 1, for what went wrong. README.md of this
 * folder lists the figures and the options.
 *
 * Iteration counts are fixed, so that counted runs repeat exactly.
 */
#include "figure.h"
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNTED_BATCHES 3
#define WALL_BATCHES 40
#define WALL_SCALE 0.1 /* short batches: some of many run undisturbed */

/* The C library makes many calls a little dearer from a process's first thread on (they can be cancelled then). So that
 * a figure does not depend on which others are taken, each list says whether it is taken in a process that had a thread. */
static const struct {
  const struct figure *figures;
  int threaded;
} lists[] = {
    {system_figures, 0}, {descriptor_figures, 0}, {path_figures, 0},   {transfer_figures, 0}, {memory_figures, 0}, {process_figures, 0},
    {thread_figures, 1}, {message_figures, 1},    {socket_figures, 1}, {waiting_figures, 1},  {signal_figures, 1},
};

#define FOR_EACH_FIGURE(figure) \
  for (size_t list = 0; list < sizeof lists / sizeof *lists; list++) \
    for (const struct figure *figure = lists[list].figures; figure->name; figure++)

static const struct option options[] = {
    {"hz", required_argument, NULL, 'h'},   {"scale", required_argument, NULL, 's'},  {"operations", required_argument, NULL, 'o'},
    {"repeat", required_argument, NULL, 'r'}, {"wall", no_argument, NULL, 'w'}, {"mark", no_argument, NULL, 'm'},
    {"list", no_argument, NULL, 'l'},       {NULL, 0, NULL, 0},
};

static int usage(const char *complaint, const char *what) {
  if (complaint) fprintf(stderr, "count: %s %s\n", complaint, what);
  fprintf(stderr, "usage: count [--hz TICKS_PER_SECOND] [--wall] [--scale FACTOR | --operations N] [--repeat BATCHES] [NAME|PREFIX*...]\n"
                  "       count --mark [--scale FACTOR | --operations N] NAME...\n"
                  "       count --list\n");
  return 2;
}

/** True if `pattern` is the name, or a beginning of it followed by a star. */
static int matches(const char *pattern, const char *name) {
  size_t length = strlen(pattern);
  if (length > 0 && pattern[length - 1] == '*') return strncmp(pattern, name, length - 1) == 0;
  return strcmp(pattern, name) == 0;
}

static int is_chosen(const char *name, char **patterns) {
  for (char **pattern = patterns; *pattern; pattern++)
    if (matches(*pattern, name)) return 1;
  return *patterns == NULL;
}

/** The first pattern that chooses nothing, or NULL. */
static const char *find_idle(char **patterns) {
  for (; *patterns; patterns++) {
    int found = 0;
    FOR_EACH_FIGURE(figure) found |= matches(*patterns, figure->name);
    if (!found) return *patterns;
  }
  return NULL;
}

/** Reads a positive number up to `largest`, a whole one if told so; -1 if `text` is something else. */
static double positive(const char *text, double largest, int whole) {
  char *rest;
  double value = strtod(text, &rest);
  if (rest == text || *rest != 0 || !(value > 0) || value > largest) return -1;
  return whole && value != (long)value ? -1 : value;
}

static int list_names(void) {
  FOR_EACH_FIGURE(figure) puts(figure->name);
  return 0;
}

static int take_figures(char **patterns, const struct measurement *how, int marks) {
  int failures = 0;
  FOR_EACH_FIGURE(figure) {
    if (!is_chosen(figure->name, patterns)) continue;
    if (lists[list].threaded) have_a_thread_once();
    failures += (marks ? run_between_marks(figure, how) : measure(figure, how)) < 0;
  }
  return failures ? 1 : 0;
}

int main(int count, char **arguments) {
  struct measurement how = {0, 0, 0, 0, 0};
  int marks = 0;
  for (int option; (option = getopt_long(count, arguments, "", options, NULL)) != -1;) {
    double value = optarg ? positive(optarg, option == 'r' ? 1e6 : 1e12, option == 'r' || option == 'o') : 0;
    if (value < 0) return usage("not a number that will do:", optarg);
    if (option == 'h') how.ticks_per_ns = value / 1e9;
    else if (option == 's') how.scale = value;
    else if (option == 'o') how.operations = (long)value;
    else if (option == 'r') how.batches = (int)value;
    else if (option == 'w') how.takes_best = 1;
    else if (option == 'm') marks = 1;
    else if (option == 'l') return list_names();
    else return usage(NULL, NULL);
  }
  char **patterns = arguments + optind;
  const char *idle = find_idle(patterns);
  if (idle) return usage("no figure is called", idle);
  if (how.operations && how.scale > 0) return usage("--operations and --scale", "contradict each other");
  if (marks && (how.batches || how.takes_best)) return usage("--mark measures nothing:", "no --wall or --repeat");

  if (how.scale <= 0) how.scale = how.takes_best ? WALL_SCALE : 1;
  if (how.batches < 1) how.batches = how.takes_best ? WALL_BATCHES : COUNTED_BATCHES;
  if (how.ticks_per_ns <= 0 && !marks) how.ticks_per_ns = measure_ticks_per_ns();
  setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
  signal(SIGPIPE, SIG_IGN);
  return take_figures(patterns, &how, marks);
}
