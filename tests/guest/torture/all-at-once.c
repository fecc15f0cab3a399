/*
 * all-at-once [SECONDS [capable threads]]: the other torture programs side by side, each again and again for that long. None may fail or hang, and in the end
 * nobody is left and the memory of the container is what it was before. The words are for fuzz, which see.
 */
#include "check.h"
#include <sys/sysinfo.h>
#include <time.h>

static char *programs[][6] = {
    {"futex-storm", "1000", "10"}, {"fork-exec-storm", "200"}, {"signal-storm"}, {"pipe-stress"}, {"cow-stress"}, {"fuzz", "SEED", "20000"}, {"deep-dirs"},
};
#define PROGRAMS (int)(sizeof programs / sizeof *programs)

/** Seconds without any end of a program after which something hangs. */
#define PATIENCE 900

/** Opened before fuzz could remove the device. */
static int null;

static long seconds_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec;
}

static long memory_bytes(void) {
  int file = open("/sys/fs/cgroup/memory.current", O_RDONLY);
  char text[32] = "";
  if (file < 0 || read(file, text, sizeof text - 1) <= 0) return -1;
  close(file);
  return atol(text);
}

static pid_t execute(const char *path, char **arguments) {
  pid_t child = fork();
  if (child == 0) {
    execv(path, arguments);
    _exit(126);
  }
  return child;
}

static pid_t start(int which, int round) {
  pid_t child = fork();
  if (child != 0) return child;
  char seed[16], path[32], *arguments[6];
  snprintf(seed, sizeof seed, "%d", round + 1);
  snprintf(path, sizeof path, "/bin/%s", programs[which][0]);
  for (int i = 0; i < 6; i++) arguments[i] = programs[which][i] && strcmp(programs[which][i], "SEED") == 0 ? seed : programs[which][i];
  dup2(null, STDOUT_FILENO);
  char command[64]; /* what an earlier round has left */
  snprintf(command, sizeof command, "rm -rf /tmp/%s", programs[which][0]);
  if (reap(execute("/bin/sh", (char *[]){"sh", "-c", command, NULL})) != 0) _exit(125);
  execv(path, arguments);
  _exit(126);
}

/** Runs all programs until `end`; how many ended badly. Every program runs at least once. */
static int run(long end) {
  pid_t running[PROGRAMS];
  int rounds[PROGRAMS] = {0}, left = PROGRAMS, bad = 0;
  for (int i = 0; i < PROGRAMS; i++) running[i] = start(i, 0);
  long last = seconds_now();
  while (left > 0) {
    int status;
    pid_t ended = waitpid(-1, &status, WNOHANG);
    if (ended <= 0) {
      sleep_milliseconds(20);
      if (seconds_now() - last <= PATIENCE) continue;
      for (int i = 0; i < PROGRAMS; i++)
        if (running[i] > 0) print_line("FAIL %s hangs in round %d", programs[i][0], rounds[i]);
      return 1;
    }
    last = seconds_now();
    for (int i = 0; i < PROGRAMS; i++) {
      if (running[i] != ended) continue;
      if (status != 0) print_line("FAIL %s ended with status %x in round %d", programs[i][0], status, rounds[i]);
      bad += status != 0;
      rounds[i]++;
      running[i] = seconds_now() < end ? start(i, rounds[i]) : 0;
      left -= running[i] == 0;
    }
  }
  return bad;
}

int main(int count, char **arguments) {
  long seconds = count > 1 ? atol(arguments[1]) : 0;
  null = open("/dev/null", O_WRONLY);
  for (int i = 0; i < PROGRAMS && count > 2; i++)
    if (strcmp(programs[i][0], "fuzz") == 0) programs[i][3] = arguments[2], programs[i][4] = count > 3 ? arguments[3] : NULL;
  equal("the first round ends well", run(0), 0);
  long before = memory_bytes();
  equal("none ends badly", run(seconds_now() + seconds), 0);
  check("nobody is left", waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
  long after = memory_bytes();
  if (before >= 0 && after > before + (4 << 20)) print_line("FAIL %ld bytes of memory became %ld", before, after);
  else print_line("ok memory is what it was");
  return finish();
}
