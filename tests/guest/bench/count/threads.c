/* threads.c: threads, and turns between two threads or two processes on one processor. */
#include "figure.h"
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static pthread_t thread;
static int thread_runs;
static pid_t child = -1;
static cpu_set_t allowed; /* the processors this process had before it was bound to one; empty when it has not been bound */

static void *do_nothing(void *argument) { return argument; }

static int run_create_join(long operations) {
  for (long i = 0; i < operations; i++) {
    pthread_t made;
    int error = pthread_create(&made, NULL, do_nothing, NULL);
    if (error) return fails_with(error);
    pthread_join(made, NULL);
  }
  return 0;
}

void have_a_thread_once(void) {
  static int had;
  if (!had) run_create_join(1);
  had = 1;
}

static int start_thread(void *(*body)(void *)) {
  int error = pthread_create(&thread, NULL, body, NULL);
  thread_runs = error == 0;
  return error ? fails_with(error) : 0;
}

static void join_thread(void) {
  if (thread_runs) pthread_join(thread, NULL);
  thread_runs = 0;
}

/* Ping-pong by a futex: a word says whose turn it is, and who gives the turn away wakes the other. */
enum turn { PING, PONG, STOP };
static _Atomic unsigned turn;

static void pass_turn(enum turn next) {
  turn = next;
  syscall(SYS_futex, &turn, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void await_end_of(enum turn current) {
  while (turn == current) syscall(SYS_futex, &turn, FUTEX_WAIT_PRIVATE, current, NULL, NULL, 0);
}

static void *answer_turns(void *argument) {
  for (;;) {
    await_end_of(PING);
    if (turn == STOP) return argument;
    pass_turn(PING);
  }
}

static int start_turns(void) {
  turn = PING;
  return start_thread(answer_turns);
}

static int run_turns(long operations) {
  for (long i = 0; i < operations; i++) {
    pass_turn(PONG);
    await_end_of(PONG);
  }
  return 0;
}

static void stop_turns(void) {
  pass_turn(STOP);
  join_thread();
}

/* Turns by sched_yield: the other does nothing but yield, on the same processor. */
static _Atomic int stops;

static int bind_to_one_processor(void) {
  cpu_set_t one, all;
  if (sched_getaffinity(0, sizeof all, &all) < 0) return -1;
  int chosen = 0;
  while (!CPU_ISSET(chosen, &all)) chosen++;
  CPU_ZERO(&one);
  CPU_SET(chosen, &one);
  if (sched_setaffinity(0, sizeof one, &one) < 0) return -1;
  allowed = all;
  return 0;
}

static void unbind(void) {
  if (CPU_COUNT(&allowed) > 0) sched_setaffinity(0, sizeof allowed, &allowed);
  CPU_ZERO(&allowed);
}

static void *yield_until_stopped(void *argument) {
  while (!stops) sched_yield();
  return argument;
}

static int start_yielding_thread(void) {
  stops = 0;
  return bind_to_one_processor() < 0 ? -1 : start_thread(yield_until_stopped);
}

static void stop_yielding_thread(void) {
  stops = 1;
  join_thread();
  unbind();
}

static int start_yielding_process(void) {
  if (bind_to_one_processor() < 0) return -1;
  child = fork();
  if (child != 0) return child;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (;;) sched_yield();
}

static void stop_yielding_process(void) {
  if (child > 0) {
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
  }
  child = -1;
  unbind();
}

static int run_yield(long operations) {
  for (long i = 0; i < operations; i++) sched_yield();
  return 0;
}

const struct figure thread_figures[] = {
    {"pthread_create_join", 500, 0, NULL, run_create_join, NULL},
    {"futex_pingpong", 5000, 0, start_turns, run_turns, stop_turns},
    {"thread_switch_yield", 5000, 0, start_yielding_thread, run_yield, stop_yielding_thread},
    {"context_switch_yield", 5000, 0, start_yielding_process, run_yield, stop_yielding_process},
    {0},
};
