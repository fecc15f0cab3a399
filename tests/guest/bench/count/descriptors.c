/* descriptors.c: calls on a descriptor that is open. */
#include "figure.h"
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static int open_zero(void) { return first = open("/dev/zero", O_RDONLY); }

static int run_read_byte(long operations) {
  char byte;
  for (long i = 0; i < operations; i++)
    if (read(first, &byte, 1) != 1) return -1;
  return 0;
}

static int run_write_byte(long operations) {
  char byte = 0;
  for (long i = 0; i < operations; i++)
    if (write(first, &byte, 1) != 1) return -1;
  return 0;
}

/** Of standard input, whatever that is: give both systems the same. */
static int run_fstat(long operations) {
  struct stat status;
  for (long i = 0; i < operations; i++)
    if (fstat(STDIN_FILENO, &status) < 0) return -1;
  return 0;
}

static int run_dup_close(long operations) {
  for (long i = 0; i < operations; i++) {
    int copy = dup(first);
    if (copy < 0) return -1;
    close(copy);
  }
  return 0;
}

static int run_lseek(long operations) {
  for (long i = 0; i < operations; i++)
    if (lseek(first, i & 4095, SEEK_SET) != (i & 4095)) return -1;
  return 0;
}

static int run_flock(long operations) {
  for (long i = 0; i < operations; i++)
    if (flock(first, LOCK_EX) < 0 || flock(first, LOCK_UN) < 0) return -1;
  return 0;
}

const struct figure descriptor_figures[] = {
    {"read_zero_1", 30000, 0, open_zero, run_read_byte, close_both},
    {"write_null_1", 30000, 0, open_null, run_write_byte, close_both},
    {"fstat", 30000, 0, NULL, run_fstat, NULL},
    {"dup_close", 20000, 0, open_null, run_dup_close, close_both},
    {"lseek", 30000, 0, make_large_file, run_lseek, remove_large_file},
    {"flock_unlock", 10000, 0, make_large_file, run_flock, remove_large_file},
    {0},
};
