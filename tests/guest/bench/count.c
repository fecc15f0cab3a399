/*
 * count [--hz TICKS_PER_SECOND] [NAME...]: what one operation costs, in nanoseconds; under QEMU's
 * -icount shift=0, where one instruction takes one nanosecond, that is its number of instructions.
 * Prints `NAME VALUE` lines; rows named `file_...` say bytes per 1,000 ns instead (MB/s).
 *
 * Iteration counts are fixed, so that counted runs repeat exactly. Each figure is the median of
 * three batches after a warm-up. Time is the time-stamp counter, whose rate is given or is measured
 * against the monotonic clock.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BATCHES 3
#define PAGES 1024
#define FILE_SIZE (8 << 20)
#define DEEP_FILE "/tmp/count/deep/file" /* depth 3 below /tmp */
#define LARGE_FILE "/tmp/count/large"

/** One figure: prepare, run `operations` times, clean up. -1 is a failure that errno explains. */
struct figure {
  const char *name;
  long operations;
  long bytes; /* per operation, for bytes per 1,000 ns; 0 for ns per operation */
  int (*prepare)(void);
  int (*run)(long operations);
  void (*finish)(void);
};

static int first = -1, second = -1;
static pid_t child;
static char *memory;

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

/** Ticks per second, measured over a fifth of a second. */
static double measure_rate(void) {
  long start = clock_ns(), end;
  unsigned long start_ticks = ticks(), end_ticks;
  do {
    end = clock_ns();
    end_ticks = ticks();
  } while (end - start < 200000000);
  return (end_ticks - start_ticks) * 1e9 / (end - start);
}

static void close_both(void) {
  if (first >= 0) close(first);
  if (second >= 0) close(second);
  first = second = -1;
}

static int run_getppid(long operations) {
  for (long i = 0; i < operations; i++) syscall(SYS_getppid);
  return 0;
}

static int run_unknown(long operations) {
  for (long i = 0; i < operations; i++) syscall(9999);
  return 0;
}

static int run_clock(long operations) {
  struct timespec now;
  for (long i = 0; i < operations; i++) syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
  return 0;
}

static int run_clock_library(long operations) {
  struct timespec now;
  for (long i = 0; i < operations; i++) clock_gettime(CLOCK_MONOTONIC, &now);
  return 0;
}

static int run_yield(long operations) {
  for (long i = 0; i < operations; i++) syscall(SYS_sched_yield);
  return 0;
}

static int open_zero(void) { return first = open("/dev/zero", O_RDONLY); }
static int open_null(void) { return first = open("/dev/null", O_WRONLY); }

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

static int make_deep_file(void) {
  mkdir("/tmp/count", 0755);
  mkdir("/tmp/count/deep", 0755);
  int file = open(DEEP_FILE, O_CREAT | O_RDWR, 0644);
  return file < 0 ? -1 : close(file);
}

static void remove_deep_file(void) {
  unlink(DEEP_FILE);
  rmdir("/tmp/count/deep");
  rmdir("/tmp/count");
}

static int run_open_close(long operations) {
  for (long i = 0; i < operations; i++) {
    int file = open(DEEP_FILE, O_RDONLY);
    if (file < 0) return -1;
    close(file);
  }
  return 0;
}

static int run_stat(long operations) {
  struct stat status;
  for (long i = 0; i < operations; i++)
    if (stat(DEEP_FILE, &status) < 0) return -1;
  return 0;
}

static int run_fstat(long operations) {
  struct stat status;
  for (long i = 0; i < operations; i++)
    if (fstat(first, &status) < 0) return -1;
  return 0;
}

static int run_create_unlink(long operations) {
  for (long i = 0; i < operations; i++) {
    int file = open(DEEP_FILE "2", O_CREAT | O_EXCL | O_RDWR, 0644);
    if (file < 0) return -1;
    close(file);
    unlink(DEEP_FILE "2");
  }
  return 0;
}

/** The path of one of the hundred files. */
static int name_in_folder(int number, char *path) { return sprintf(path, "/tmp/count/name-%d", number); }

static int make_hundred(void) {
  char path[64];
  mkdir("/tmp/count", 0755);
  for (int i = 0; i < 100; i++) {
    name_in_folder(i, path);
    int file = open(path, O_CREAT | O_WRONLY, 0644);
    if (file < 0) return -1;
    close(file);
  }
  return 0;
}

static void remove_hundred(void) {
  char path[64];
  for (int i = 0; i < 100; i++) name_in_folder(i, path), unlink(path);
  rmdir("/tmp/count");
}

static int run_list(long operations) {
  for (long i = 0; i < operations; i++) {
    int names = 0;
    DIR *folder = opendir("/tmp/count");
    if (!folder) return -1;
    while (readdir(folder)) names++;
    closedir(folder);
    if (names != 102) return -1;
  }
  return 0;
}

static int map_memory(void) {
  memory = mmap(NULL, FILE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return -1;
  memset(memory, 1, FILE_SIZE);
  return 0;
}

static void unmap_memory(void) { munmap(memory, FILE_SIZE); }

static int make_large_file(void) {
  if (map_memory() < 0) return -1;
  mkdir("/tmp/count", 0755);
  first = open(LARGE_FILE, O_CREAT | O_TRUNC | O_RDWR, 0644);
  return first >= 0 && write(first, memory, FILE_SIZE) == FILE_SIZE ? 0 : -1;
}

static void remove_large_file(void) {
  close_both();
  unlink(LARGE_FILE);
  rmdir("/tmp/count");
  unmap_memory();
}

static int read_blocks(long operations, long size) {
  for (long i = 0, offset = 0; i < operations; i++, offset += size) {
    if (offset + size > FILE_SIZE || i == 0) offset = lseek(first, 0, SEEK_SET);
    if (read(first, memory, size) != size) return -1;
  }
  return 0;
}

static int write_blocks(long operations, long size) {
  for (long i = 0, offset = 0; i < operations; i++, offset += size) {
    if (offset + size > FILE_SIZE || i == 0) offset = lseek(first, 0, SEEK_SET);
    if (write(first, memory, size) != size) return -1;
  }
  return 0;
}

static int run_read_4k(long operations) { return read_blocks(operations, 4096); }
static int run_read_64k(long operations) { return read_blocks(operations, 65536); }
static int run_read_1m(long operations) { return read_blocks(operations, 1 << 20); }
static int run_write_4k(long operations) { return write_blocks(operations, 4096); }
static int run_write_64k(long operations) { return write_blocks(operations, 65536); }
static int run_write_1m(long operations) { return write_blocks(operations, 1 << 20); }

/** Writes a megabyte of new pages to an empty file. */
static int run_write_new(long operations) {
  for (long i = 0; i < operations; i++) {
    if (ftruncate(first, 0) < 0) return -1;
    if (write_blocks(16, 65536) < 0) return -1;
  }
  return 0;
}

/** One operation is one page touched for the first time; mapping and unmapping 1,024 of them is part of it. */
static int run_fault(long operations) {
  for (long done = 0; done < operations; done += PAGES) {
    char *area = mmap(NULL, PAGES * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (area == MAP_FAILED) return -1;
    madvise(area, PAGES * 4096, MADV_NOHUGEPAGE);
    for (long i = 0; i < PAGES; i++) area[i * 4096] = 1;
    munmap(area, PAGES * 4096);
  }
  return 0;
}

/** The same, reading the pages of a file in the cache. */
static int run_file_fault(long operations) {
  for (long done = 0; done < operations; done += PAGES) {
    volatile char *area = mmap(NULL, PAGES * 4096, PROT_READ, MAP_PRIVATE, first, 0);
    if (area == MAP_FAILED) return -1;
    for (long i = 0; i < PAGES; i++) (void)area[i * 4096];
    munmap((void *)area, PAGES * 4096);
  }
  return 0;
}

static int run_map_touch_unmap(long operations) {
  for (long i = 0; i < operations; i++) {
    char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) return -1;
    *page = 1;
    munmap(page, 4096);
  }
  return 0;
}

static int run_mprotect(long operations) {
  for (long i = 0; i < operations; i++)
    if (mprotect(memory, 4096, i & 1 ? PROT_READ | PROT_WRITE : PROT_READ) < 0) return -1;
  return mprotect(memory, 4096, PROT_READ | PROT_WRITE);
}

static int run_fork(long operations) {
  for (long i = 0; i < operations; i++) {
    pid_t process = fork();
    if (process == 0) _exit(0);
    if (process < 0 || waitpid(process, NULL, 0) < 0) return -1;
  }
  return 0;
}

/** Runs /bin/tiny, a program of three instructions, through fork or vfork (which no function may wrap). */
#define RUN_PROGRAM(fork_function) \
  for (long i = 0; i < operations; i++) { \
    int status; \
    pid_t process = fork_function(); \
    if (process == 0) { \
      execve("/bin/tiny", (char *[]){"tiny", NULL}, (char *[]){NULL}); \
      _exit(127); \
    } \
    if (process < 0 || waitpid(process, &status, 0) < 0 || status != 0) return -1; \
  } \
  return 0

static int run_fork_exec(long operations) { RUN_PROGRAM(fork); }
static int run_vfork_exec(long operations) { RUN_PROGRAM(vfork); }

static int run_spawn(long operations) {
  for (long i = 0; i < operations; i++) {
    int status;
    pid_t process;
    if (posix_spawn(&process, "/bin/tiny", NULL, NULL, (char *[]){"tiny", NULL}, (char *[]){NULL})) return -1;
    if (waitpid(process, &status, 0) < 0 || status != 0) return -1;
  }
  return 0;
}

/** A child that sends back each byte it gets. */
static int start_echo(void) {
  int there[2], back[2];
  if (pipe(there) < 0 || pipe(back) < 0) return -1;
  child = fork();
  if (child < 0) return -1;
  if (child == 0) {
    char byte;
    close(there[1]);
    close(back[0]);
    while (read(there[0], &byte, 1) == 1)
      if (write(back[1], &byte, 1) != 1) break;
    _exit(0);
  }
  close(there[0]);
  close(back[1]);
  first = there[1];
  second = back[0];
  return 0;
}

static void stop_echo(void) {
  close_both();
  waitpid(child, NULL, 0);
}

static int run_ping_pong(long operations) {
  char byte = 0;
  for (long i = 0; i < operations; i++)
    if (write(first, &byte, 1) != 1 || read(second, &byte, 1) != 1) return -1;
  return 0;
}

static volatile long signals_seen;
static void count_signal(int number) { signals_seen += number; }
static int install_handler(void) { return sigaction(SIGUSR1, &(struct sigaction){.sa_handler = count_signal}, NULL); }

static int run_signal(long operations) {
  pid_t self = getpid();
  for (long i = 0; i < operations; i++) kill(self, SIGUSR1);
  return 0;
}

static int run_mask(long operations) {
  sigset_t set, old;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR2);
  for (long i = 0; i < operations; i++) sigprocmask(i & 1 ? SIG_UNBLOCK : SIG_BLOCK, &set, &old);
  return 0;
}

static const struct figure figures[] = {
    {"getppid", 50000, 0, NULL, run_getppid, NULL},
    {"badsyscall", 50000, 0, NULL, run_unknown, NULL},
    {"clock_lib", 50000, 0, NULL, run_clock_library, NULL},
    {"clock_syscall", 50000, 0, NULL, run_clock, NULL},
    {"sched_yield", 20000, 0, NULL, run_yield, NULL},
    {"read_zero_1", 30000, 0, open_zero, run_read_byte, close_both},
    {"write_null_1", 30000, 0, open_null, run_write_byte, close_both},
    {"fstat", 30000, 0, open_null, run_fstat, close_both},
    {"open_close", 10000, 0, make_deep_file, run_open_close, remove_deep_file},
    {"stat_depth3", 15000, 0, make_deep_file, run_stat, remove_deep_file},
    {"create_unlink", 3000, 0, make_deep_file, run_create_unlink, remove_deep_file},
    {"readdir_100", 300, 0, make_hundred, run_list, remove_hundred},
    {"file_read_4k", 8192, 4096, make_large_file, run_read_4k, remove_large_file},
    {"file_read_64k", 768, 65536, make_large_file, run_read_64k, remove_large_file},
    {"file_read_1m", 48, 1 << 20, make_large_file, run_read_1m, remove_large_file},
    {"file_write_4k", 8192, 4096, make_large_file, run_write_4k, remove_large_file},
    {"file_write_64k", 768, 65536, make_large_file, run_write_64k, remove_large_file},
    {"file_write_1m", 48, 1 << 20, make_large_file, run_write_1m, remove_large_file},
    {"file_write_new_1m", 16, 1 << 20, make_large_file, run_write_new, remove_large_file},
    {"fault_4k_page", 8192, 0, NULL, run_fault, NULL},
    {"fault_filemap_page", 8192, 0, make_large_file, run_file_fault, remove_large_file},
    {"mmap_touch_munmap_1", 5000, 0, NULL, run_map_touch_unmap, NULL},
    {"mprotect_1", 10000, 0, map_memory, run_mprotect, unmap_memory},
    {"fork_exit_wait", 150, 0, NULL, run_fork, NULL},
    {"fork_exec_wait", 100, 0, NULL, run_fork_exec, NULL},
    {"vfork_exec_wait", 100, 0, NULL, run_vfork_exec, NULL},
    {"posix_spawn_wait", 100, 0, NULL, run_spawn, NULL},
    {"pipe_pingpong", 3000, 0, start_echo, run_ping_pong, stop_echo},
    {"signal_self_handler", 10000, 0, install_handler, run_signal, NULL},
    {"sigprocmask", 30000, 0, NULL, run_mask, NULL},
};

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/** Measures one figure and prints its line; 0 if it could be measured. */
static int measure(const struct figure *figure, double ticks_per_ns) {
  double values[BATCHES];
  int failed = figure->prepare && figure->prepare() < 0;
  if (!failed) failed = figure->run(figure->operations / 5 + 1) < 0;
  for (int batch = 0; batch < BATCHES && !failed; batch++) {
    unsigned long start = ticks();
    failed = figure->run(figure->operations) < 0;
    double elapsed_ns = (ticks() - start) / ticks_per_ns;
    values[batch] = figure->bytes ? figure->bytes * 1000.0 * figure->operations / elapsed_ns : elapsed_ns / figure->operations;
  }
  int error = errno;
  if (figure->finish) figure->finish();
  if (failed) {
    printf("%s FAIL %s\n", figure->name, strerrorname_np(error));
    return -1;
  }
  qsort(values, BATCHES, sizeof *values, compare);
  printf("%s %.*f\n", figure->name, values[BATCHES / 2] < 1000 ? 1 : 0, values[BATCHES / 2]);
  fflush(stdout);
  return 0;
}

/** Runs a figure once between two marks; at each it waits for a byte on standard input, so that a profiler can start and stop. */
static int run_marked(const struct figure *figure, long operations) {
  char byte;
  int failed = figure->prepare && figure->prepare() < 0;
  if (!failed) failed = figure->run(operations / 5 + 1) < 0;
  printf("MARK ready %s\n", figure->name);
  fflush(stdout);
  read(0, &byte, 1);
  if (!failed) failed = figure->run(operations) < 0;
  printf("MARK done %s\n", figure->name);
  fflush(stdout);
  read(0, &byte, 1);
  if (figure->finish) figure->finish();
  return failed ? -1 : 0;
}

static int is_chosen(const char *name, int count, char **names) {
  for (int i = 0; i < count; i++)
    if (strcmp(name, names[i]) == 0) return 1;
  return count == 0;
}

int main(int count, char **arguments) {
  double rate = 0;
  int at = 1, failures = 0, is_marked = 0;
  long operations = 100;
  if (count > 2 && strcmp(arguments[1], "--hz") == 0) rate = strtod(arguments[2], NULL), at = 3;
  if (count > at && strcmp(arguments[at], "--mark") == 0) is_marked = 1, at++;
  if (count > at + 1 && strcmp(arguments[at], "--operations") == 0) operations = atol(arguments[at + 1]), at += 2;
  if (rate <= 0) rate = measure_rate();
  for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
    if (is_chosen(figures[i].name, count - at, arguments + at))
      failures += (is_marked ? run_marked(&figures[i], operations) : measure(&figures[i], rate / 1e9)) < 0;
  return failures ? 1 : 0;
}
