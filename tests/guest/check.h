/*
 * check.h - what every guest test program shares.
 *
 * A program is a list of checks. Each prints one line on standard output, `ok NAME` or
 * `FAIL NAME (got ..., expected ..., errno ...)`, and nothing that differs from run to run: no
 * pids, addresses or times. The same binary runs on Linux and on Cyrius, and the two outputs
 * must be the same bytes. Output is unbuffered, so a child may check things too.
 */
#ifndef CHECK_H
#define CHECK_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int check_failures;

/** Prints one formatted line with a single write, so that lines of two processes never mix. */
__attribute__((format(printf, 1, 2), unused)) static void print_line(const char *format, ...) {
  char line[512];
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(line, sizeof line - 1, format, arguments);
  va_end(arguments);
  if (length > (int)sizeof line - 2) length = sizeof line - 2;
  line[length] = '\n';
  if (write(STDOUT_FILENO, line, length + 1) != length + 1) _exit(99);
}

/** The name of an errno value, `none` for 0. */
__attribute__((unused)) static const char *error_name(int error) {
  const char *name = error == 0 ? "none" : strerrorname_np(error);
  return name ? name : "unknown";
}

__attribute__((unused)) static void check_true(const char *name, int condition, int error) {
  if (condition) {
    print_line("ok %s", name);
    return;
  }
  check_failures++;
  print_line("FAIL %s (errno %s)", name, error_name(error));
}

__attribute__((unused)) static void check_equal(const char *name, long long got, long long expected, int error) {
  if (got == expected) {
    print_line("ok %s", name);
    return;
  }
  check_failures++;
  print_line("FAIL %s (got %lld, expected %lld, errno %s)", name, got, expected, error_name(error));
}

__attribute__((unused)) static void check_fails(const char *name, long long got, int expected, int error) {
  if (got == -1 && error == expected) {
    print_line("ok %s", name);
    return;
  }
  check_failures++;
  print_line("FAIL %s (got %lld, errno %s, expected %s)", name, got, error_name(error), error_name(expected));
}

__attribute__((unused)) static void check_text(const char *name, const char *got, const char *expected) {
  if (strcmp(got, expected) == 0) {
    print_line("ok %s", name);
    return;
  }
  check_failures++;
  print_line("FAIL %s (got \"%s\", expected \"%s\")", name, got, expected);
}

/** The condition holds. */
#define check(name, condition) \
  do { \
    errno = 0; \
    int condition_ = !!(condition); \
    check_true(name, condition_, errno); \
  } while (0)

/** The expression has this integer value. */
#define equal(name, expression, expected) \
  do { \
    errno = 0; \
    long long got_ = (long long)(expression); \
    int error_ = errno; \
    check_equal(name, got_, (long long)(expected), error_); \
  } while (0)

/** The call returns -1 and sets this errno. */
#define fails(name, expression, error_expected) \
  do { \
    errno = 0; \
    long long got_ = (long long)(expression); \
    int error_ = errno; \
    check_fails(name, got_, error_expected, error_); \
  } while (0)

/** The two strings are the same. */
#define same_text(name, got, expected) check_text(name, got, expected)

/** Waits for a child and returns its wait status, -1 on error. */
__attribute__((unused)) static int reap(pid_t child) {
  int status = -1;
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return -1;
  return status;
}

/** Runs the statements in a forked child, which exits 0 unless it fails a check; its wait status. */
#define in_child(...) \
  ({ \
    pid_t child_ = fork(); \
    if (child_ == 0) { \
      check_failures = 0; \
      __VA_ARGS__; \
      _exit(check_failures ? 1 : 0); \
    } \
    child_ < 0 ? -1 : reap(child_); \
  })

/** The wait status of a process that exited with `code`. */
#define EXITED(code) ((code) << 8)

/** The wait status of a process that a signal killed, without the core-dump bit. */
#define KILLED(signal_number) (signal_number)

__attribute__((unused)) static void sleep_milliseconds(long milliseconds) {
  struct timespec left = {milliseconds / 1000, milliseconds % 1000 * 1000000};
  while (nanosleep(&left, &left) < 0 && errno == EINTR) {
  }
}

/** Polls the condition for up to 20 seconds; its last value. */
#define eventually(condition) \
  ({ \
    int holds_ = 0; \
    for (int round_ = 0; round_ < 10000 && !(holds_ = !!(condition)); round_++) sleep_milliseconds(2); \
    holds_; \
  })

/** Installs a handler with these SA_ flags and an empty mask. */
__attribute__((unused)) static void handle(int signal_number, void (*handler)(int), int flags) {
  struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
  sigaction(signal_number, &action, NULL);
}

/** Installs a three-argument handler with SA_SIGINFO and these further flags. */
__attribute__((unused)) static void handle_info(int signal_number, void (*handler)(int, siginfo_t *, void *), int flags) {
  struct sigaction action = {.sa_sigaction = handler, .sa_flags = flags | SA_SIGINFO};
  sigaction(signal_number, &action, NULL);
}

/** Creates a file with this content and mode 0644. */
__attribute__((unused)) static void make_file(const char *path, const char *content) {
  int file = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0644);
  if (file < 0 || write(file, content, strlen(content)) != (ssize_t)strlen(content)) {
    print_line("FAIL cannot prepare %s (errno %s)", path, error_name(errno));
    _exit(99);
  }
  close(file);
}

/** Starts the program in an empty directory of its own below /tmp, umask 022. */
__attribute__((unused)) static void enter_scratch(void) {
  char directory[128];
  snprintf(directory, sizeof directory, "/tmp/%s", program_invocation_short_name);
  umask(022);
  if (mkdir(directory, 0755) < 0 || chdir(directory) < 0) {
    print_line("FAIL cannot enter a scratch directory (errno %s)", error_name(errno));
    _exit(99);
  }
}

/** The program's exit status: 1 if any check failed. */
__attribute__((unused)) static int finish(void) { return check_failures ? 1 : 0; }

#endif
