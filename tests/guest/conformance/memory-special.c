/*
 * memory-special: huge pages where none are reserved, flags that MAP_SHARED_VALIDATE knows, what personality(2) does to mappings, how a stack keeps its
 * distance, where a static PIE stands, and how much execve(2) takes.
 */
#include "check.h"
#include <linux/capability.h>
#include <setjmp.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#define PAGE 4096L
#ifndef MAP_SYNC
#define MAP_SYNC 0x80000
#endif
#define UNKNOWN 0x2000000
static sigjmp_buf back;
static void catch(int number) { siglongjmp(back, number); }

/** The signal that writing one byte causes, 0 if none. */
static int write_signal(volatile char *address) {
  int number = sigsetjmp(back, 1);
  if (number == 0) *address = 1;
  return number;
}

static long map(void *at, long bytes, int protection, int flags, int file) { return (long)mmap(at, bytes, protection, flags, file, 0); }

/** Access of the mapping that holds `address`, as /proc/self/maps tells it; "none" without one. */
static const char *access_of(const void *address) {
  static char access[8];
  FILE *maps = fopen("/proc/self/maps", "r");
  char line[512];
  strcpy(access, "none");
  while (fgets(line, sizeof line, maps)) {
    unsigned long start, end;
    char found[8];
    sscanf(line, "%lx-%lx %7s", &start, &end, found);
    if ((unsigned long)address >= start && (unsigned long)address < end) strcpy(access, found);
  }
  fclose(maps);
  return access;
}

static int is_capable(int capability) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct sets[2];
  syscall(SYS_capget, &header, sets);
  return sets[0].effective >> capability & 1;
}

static void huge_pages(void) {
  int file = memfd_create("plain", 0);
  ftruncate(file, 4 << 20);
  fails("MAP_HUGETLB", map(NULL, 2 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1), ENOMEM);
  fails("MAP_HUGETLB shared", map(NULL, 2 << 20, PROT_READ, MAP_SHARED | MAP_ANONYMOUS | MAP_HUGETLB, -1), ENOMEM);
  fails("MAP_HUGETLB of 2 MiB", map(NULL, 2 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | 21 << 26, -1), ENOMEM);
  fails("MAP_HUGETLB of no such size", map(NULL, 4 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | 22 << 26, -1), EINVAL);
  fails("MAP_HUGETLB of a file", map(NULL, 2 << 20, PROT_READ, MAP_PRIVATE | MAP_HUGETLB, file), EINVAL);
  fails("MAP_SYNC", map(NULL, PAGE, PROT_READ, MAP_SHARED_VALIDATE | MAP_SYNC, file), EOPNOTSUPP);
  check("MAP_SYNC without validation", map(NULL, PAGE, PROT_READ, MAP_SHARED | MAP_SYNC, file) != -1);
  fails("an unknown flag", map(NULL, PAGE, PROT_READ, MAP_SHARED_VALIDATE | UNKNOWN, file), EOPNOTSUPP);
  check("an unknown flag without validation", map(NULL, PAGE, PROT_READ, MAP_SHARED | UNKNOWN, file) != -1);
  fails("MAP_FIXED_NOREPLACE validated", map((void *)0x10000000, PAGE, PROT_READ, MAP_SHARED_VALIDATE | MAP_FIXED_NOREPLACE, file), EOPNOTSUPP);
  check("flags of old", map(NULL, PAGE, PROT_READ, MAP_SHARED_VALIDATE | MAP_NORESERVE | MAP_POPULATE | MAP_STACK, file) != -1);
  close(file);
}

/** A line of the mapping at `start` in /proc/self/smaps that begins with `name`, without what is behind `name`'s blanks; "none" without one. */
static const char *smaps_of(long start, const char *name) {
  static char value[128];
  FILE *smaps = fopen("/proc/self/smaps", "r");
  char line[512];
  int here = 0;
  strcpy(value, "none");
  while (fgets(line, sizeof line, smaps)) {
    unsigned long from, to;
    if (sscanf(line, "%lx-%lx ", &from, &to) == 2) here = from == (unsigned long)start;
    if (here && strncmp(line, name, strlen(name)) == 0) sscanf(line + strlen(name), " %127[^\n]", value);
  }
  fclose(smaps);
  return value;
}

/** Huge pages without a reservation: mapped, but not to be had. */
static void huge_pages_unreserved(void) {
  int huge = MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_NORESERVE, writable = PROT_READ | PROT_WRITE;
  long unit = 2 << 20, p = map(NULL, 4 * unit, writable, huge, -1);
  unsigned char present[1024];
  check("mapped", p != -1);
  equal("at a whole huge page", p & (unit - 1), 0);
  equal("writing", write_signal((char *)p), SIGBUS);
  fails("read into it", read(open("/dev/zero", O_RDONLY), (void *)p, 1), EFAULT);
  same_text("size of its pages", smaps_of(p, "KernelPageSize:"), "2048 kB");
  check("flags", strstr(smaps_of(p, "VmFlags:"), " ht"));
  check("mincore", mincore((void *)p, unit, present) == 0 && !(present[0] & 1));
  equal("in a child too", in_child(equal("writing", write_signal((char *)p), SIGBUS)), EXITED(0));
  fails("munmap of part of a page", munmap((void *)p, PAGE), EINVAL);
  fails("munmap from within a page", munmap((void *)(p + PAGE), unit - PAGE), EINVAL);
  fails("mprotect of part of a page", mprotect((void *)p, PAGE, PROT_READ), EINVAL);
  equal("mprotect of a page", mprotect((void *)p, unit, PROT_READ), 0);
  fails("mmap over part of a page", map((void *)p, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1), EINVAL);
  fails("mmap of huge pages, not aligned", map((void *)(p + PAGE), unit, PROT_READ, huge | MAP_FIXED, -1), EINVAL);
  equal("mmap of huge pages over it", map((void *)p, unit, PROT_READ, huge | MAP_FIXED, -1), p);
  fails("mmap of huge pages, not replacing", map((void *)p, unit, PROT_READ, huge | MAP_FIXED_NOREPLACE, -1), EEXIST);
  fails("it does not grow", (long)mremap((void *)p, unit, 2 * unit, MREMAP_MAYMOVE), EINVAL);
  equal("it shrinks", (long)mremap((void *)(p + 2 * unit), 2 * unit, unit, 0), p + 2 * unit);
  equal("a length is rounded up", (long)mremap((void *)p, PAGE, 2 * PAGE, 0), p);
  fails("mlock", mlock((void *)p, PAGE), ENOMEM);
  equal("is not marked", strstr(smaps_of(p, "VmFlags:"), " lo") != NULL, 0);
  equal("MADV_DONTNEED", madvise((void *)p, unit, MADV_DONTNEED), 0);
  fails("MADV_DONTNEED within a page", madvise((void *)(p + PAGE), PAGE, MADV_DONTNEED), EINVAL);
  fails("MADV_FREE", madvise((void *)p, unit, MADV_FREE), EINVAL);
  fails("MADV_COLD", madvise((void *)p, unit, 20), EINVAL);
  fails("MADV_POPULATE_READ", madvise((void *)p, unit, 22), EFAULT);
  fails("MADV_REMOVE", madvise((void *)p, unit, MADV_REMOVE), EACCES);
  equal("munmap", munmap((void *)p, 3 * unit), 0);
  check("shared", map(NULL, unit, PROT_READ, (huge & ~MAP_PRIVATE) | MAP_SHARED, -1) != -1);
  long giant = map(NULL, 1 << 30, writable, huge | 30 << 26, -1);
  check("of 1 GiB", giant != -1 && (giant & ((1 << 30) - 1)) == 0);
  same_text("size of its pages", smaps_of(giant, "KernelPageSize:"), "1048576 kB");
  equal("a hint is rounded up", map((void *)(giant + (64UL << 30) + PAGE), unit, writable, huge, -1), giant + (64L << 30) + unit);
}

static void reading_implies_executing(void) {
  personality(READ_IMPLIES_EXEC);
  void *readable = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  void *writable = mmap(NULL, PAGE, PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  check("mmap for reading", strcmp(access_of(readable), "r-xp") == 0);
  check("mmap for writing", strcmp(access_of(writable), "-w-p") == 0);
  mprotect(writable, PAGE, PROT_READ | PROT_WRITE);
  check("mprotect", strcmp(access_of(writable), "rwxp") == 0);
  char *end = sbrk(64 * PAGE);
  check("the heap", strcmp(access_of(end + 63 * PAGE), "rwxp") == 0);
  equal("it ends with the program", in_child(execl("/proc/self/exe", "memory-special", "personality", NULL)), EXITED(0));
  equal("other bits do not", in_child({
          personality(ADDR_NO_RANDOMIZE | SHORT_INODE);
          execl("/proc/self/exe", "memory-special", "personality", NULL);
        }), EXITED(1));
  personality(0);
}

static void page_zero(void) {
  int may = is_capable(CAP_SYS_RAWIO);
  long fixed = map(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1);
  int error = fixed == -1 ? errno : 0;
  check("mapping page 0 is for the privileged", error == (may ? 0 : EPERM));
  if (fixed == 0) munmap(NULL, PAGE);
  equal("MMAP_PAGE_ZERO", in_child({
          personality(MMAP_PAGE_ZERO);
          execl("/proc/self/exe", "memory-special", "zero", NULL);
        }), EXITED(may ? 1 : 0));
}

static void guard(void) {
  char *area = mmap(NULL, 1024 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  munmap(area, 1024 * PAGE);
  char *stack = area + 1000 * PAGE;
  check("a stack", map(stack, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_FIXED, -1) == (long)stack);
  equal("grows", write_signal(stack - PAGE), 0);
  equal("by many pages", write_signal(stack - 100 * PAGE), 0);
  check("something below", map(area + 600 * PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1) != -1);
  equal("up to 256 pages to it", write_signal(stack - (399 - 256) * PAGE), 0);
  equal("and no nearer", write_signal(stack - (399 - 255) * PAGE), SIGSEGV);
  mprotect(area + 600 * PAGE, PAGE, PROT_NONE);
  equal("but for what cannot be accessed", write_signal(stack - 399 * PAGE), 0);
  munmap(area, 1024 * PAGE);
}

/** execve of a program that ends with 0, with strings of `first` and `second` bytes, NULs included. */
static int run_with(size_t first, size_t second, rlim_t stack) {
  static char strings[2][140000];
  for (int i = 0; i < 2; i++) {
    memset(strings[i], 's', sizeof strings[i]);
    strings[i][(i ? second : first) - 1] = 0;
  }
  return in_child({
    setrlimit(RLIMIT_STACK, &(struct rlimit){stack, stack});
    char *none = NULL, *arguments[] = {"memory-special", "ends", strings[0], strings[1], NULL};
    execve("/proc/self/exe", arguments, &none);
    _exit(errno == E2BIG ? 77 : 99);
  });
}

static void much_to_say(void) {
  equal("the longest string", run_with(131072, 2, 8 << 20), EXITED(0));
  equal("one longer", run_with(131073, 2, 8 << 20), EXITED(77));
  /* A quarter of 1 MiB: two short strings, the name, four pointers. */
  size_t left = (1 << 18) - sizeof "memory-special" - sizeof "ends" - sizeof "/proc/self/exe" - 4 * sizeof(char *) - 131072;
  equal("a quarter of the stack", run_with(131072, left, 1 << 20), EXITED(0));
  equal("and a byte", run_with(131072, left + 1, 1 << 20), EXITED(77));
  equal("128 KiB in any case", run_with(100000, 30000, 256 << 10), EXITED(0));
  equal("no more of a small stack", run_with(100000, 32000, 256 << 10), EXITED(77));
}

int main(int count, char **arguments) {
  if (count > 1 && strcmp(arguments[1], "ends") == 0) return 0;
  if (count > 1 && strcmp(arguments[1], "personality") == 0) return personality(0xffffffff) != 0;
  if (count > 1 && strcmp(arguments[1], "zero") == 0) return strcmp(access_of(NULL), "r-xp") == 0;
  signal(SIGSEGV, catch);
  signal(SIGBUS, catch);
  huge_pages();
  huge_pages_unreserved();
  reading_implies_executing();
  page_zero();
  guard();
  much_to_say();
  equal("a static PIE stands among the mappings, its heap does not", in_child(execl("/bin/placed-pie", "placed-pie", NULL)), EXITED(0));
  return finish();
}
