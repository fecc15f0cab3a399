/* processes.c: a process from its beginning to its end. */
#include "figure.h"
#include <spawn.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROGRAM "/bin/ordinary" /* exits at once; its layout is the usual one */

static int check_program(void) { return access(PROGRAM, X_OK); }

/** Waits for a child that must end with status 0. */
static int await(pid_t child) {
  int status;
  if (waitpid(child, &status, 0) < 0) return -1;
  return status == 0 ? 0 : fails_with(0);
}

static int run_fork(long operations) {
  for (long i = 0; i < operations; i++) {
    pid_t child = fork();
    if (child == 0) _exit(0);
    if (child < 0 || await(child) < 0) return -1;
  }
  return 0;
}

static char *const program_arguments[] = {PROGRAM, NULL};

/** Runs the program through fork or vfork, which no function may wrap. */
#define RUN_PROGRAM(fork_function) \
  for (long i = 0; i < operations; i++) { \
    pid_t child = fork_function(); \
    if (child == 0) { \
      execve(PROGRAM, program_arguments, environ); \
      _exit(127); \
    } \
    if (child < 0 || await(child) < 0) return -1; \
  } \
  return 0

static int run_fork_exec(long operations) { RUN_PROGRAM(fork); }
static int run_vfork_exec(long operations) { RUN_PROGRAM(vfork); }

static int run_spawn(long operations) {
  for (long i = 0; i < operations; i++) {
    pid_t child;
    int error = posix_spawn(&child, PROGRAM, NULL, NULL, program_arguments, environ);
    if (error) return fails_with(error);
    if (await(child) < 0) return -1;
  }
  return 0;
}

const struct figure process_figures[] = {
    {"fork_exit_wait", 150, 0, NULL, run_fork, NULL},
    {"fork_exec_wait", 100, 0, check_program, run_fork_exec, NULL},
    {"vfork_exec_wait", 100, 0, check_program, run_vfork_exec, NULL},
    {"posix_spawn_wait", 100, 0, check_program, run_spawn, NULL},
    {0},
};
