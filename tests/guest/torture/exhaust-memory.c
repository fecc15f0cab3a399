/*
 * exhaust-memory [MEGABYTES]: uses up all memory, in every way a program can, and checks that the
 * kernel says so (an error or an out-of-memory kill) and that all of it comes back.
 *
 * With an argument each child limits itself to that much, so that a machine with much memory can
 * run it; without one it goes on until the container's or the machine's memory ends.
 */
#include "check.h"
#include <dirent.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#define CHUNK (1 << 20)
static size_t limit_bytes;

static int has_reached(size_t used) { return limit_bytes && used >= limit_bytes; }

static void touch_pages(void) {
  for (size_t used = 0; !has_reached(used); used += CHUNK) {
    char *chunk = mmap(NULL, CHUNK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (chunk == MAP_FAILED) return;
    for (size_t i = 0; i < CHUNK; i += 4096) chunk[i] = 1;
  }
}

/** One page in every two megabytes, so that page tables cost as much as pages. */
static void touch_sparsely(void) {
  for (size_t used = 0; !has_reached(used); used += 8192 * 512) {
    char *area = mmap(NULL, 1UL << 30, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (area == MAP_FAILED) return;
    for (size_t i = 0; i < 1UL << 30; i += 2 << 20) area[i] = 1;
  }
}

static void fill_files(void) {
  static char block[65536];
  for (size_t used = 0, number = 0; !has_reached(used); number++) {
    char name[32];
    snprintf(name, sizeof name, "file-%zu", number);
    int file = open(name, O_CREAT | O_WRONLY, 0644);
    if (file < 0) return;
    for (int i = 0; i < 64; i++, used += sizeof block)
      if (write(file, block, sizeof block) < (ssize_t)sizeof block) return;
    close(file);
  }
}

static void fill_pipes(void) {
  static char block[65536];
  setrlimit(RLIMIT_NOFILE, &(struct rlimit){4096, 4096});
  int ends[2];
  for (size_t used = 0; !has_reached(used) && pipe2(ends, O_NONBLOCK) == 0; used += sizeof block)
    if (write(ends[1], block, sizeof block) < 0) return;
}

static void make_names(void) {
  char name[250];
  memset(name, 'n', sizeof name);
  for (size_t number = 0; !has_reached(number * 1024); number++) {
    snprintf(name + 200, 50, "-%zu", number);
    if (mkdir(name, 0755) < 0) return;
  }
}

static void map_pieces(void) {
  for (size_t number = 0; !has_reached(number * 4096); number++) {
    int protection = number & 1 ? PROT_READ : PROT_READ | PROT_WRITE;
    if (mmap(NULL, 4096, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED) return;
  }
}

/** Removes what the child left in the scratch folder. Files are memory, and there may be none left for another program. */
static void clean(void) {
  static char names[32768];
  int folder = open(".", O_RDONLY | O_DIRECTORY);
  for (long n; (n = syscall(SYS_getdents64, folder, names, sizeof names)) > 0; lseek(folder, 0, SEEK_SET)) {
    int removed = 0;
    for (long at = 0; at < n;) {
      struct dirent64 *entry = (struct dirent64 *)(names + at);
      if (entry->d_name[0] != '.') removed += unlinkat(AT_FDCWD, entry->d_name, entry->d_type == DT_DIR ? AT_REMOVEDIR : 0) == 0;
      at += entry->d_reclen;
    }
    if (removed == 0) break;
  }
  close(folder);
}

static void exhaust(const char *name, void (*work)(void)) {
  int status = in_child(work());
  check(name, status == 0 || status == KILLED(SIGKILL));
  clean();
  char *some = mmap(NULL, CHUNK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  check("memory is there again", some != MAP_FAILED);
  if (some != MAP_FAILED) memset(some, 1, CHUNK), munmap(some, CHUNK);
  equal("and a child runs", in_child(_exit(5)), EXITED(5));
}

int main(int count, char **arguments) {
  if (count > 1) limit_bytes = strtoul(arguments[1], NULL, 10) << 20;
  enter_scratch();
  for (int round = 0; round < 2; round++) {
    exhaust("anonymous pages", touch_pages);
    exhaust("page tables", touch_sparsely);
    exhaust("files", fill_files);
    exhaust("pipes", fill_pipes);
    exhaust("names", make_names);
    exhaust("mappings", map_pieces);
  }
  return finish();
}
