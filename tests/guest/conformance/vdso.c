/*
 * vdso: the shared object that the kernel maps into every process (vdso(7)), found by its ELF header as a C library finds it, and what its functions
 * say beside the system calls of the same name.
 */
#include "check.h"
#include <elf.h>
#include <link.h>
#include <pthread.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>

static const char *image;
static const Elf64_Sym *symbols;
static const char *strings;
static const unsigned *hash, *gnu_hash;
static const unsigned short *versions;
static const Elf64_Verdef *definitions;

static int (*gettime)(clockid_t, struct timespec *);
static int (*getres)(clockid_t, struct timespec *);
static int (*timeofday)(struct timeval *, struct timezone *);
static time_t (*seconds)(time_t *);
static int (*cpu)(unsigned *, unsigned *, void *);

static void read_headers(void) {
  const Elf64_Ehdr *header = (const void *)image;
  check("an ELF file", memcmp(header->e_ident, ELFMAG, SELFMAG) == 0 && header->e_ident[EI_CLASS] == ELFCLASS64);
  check("a shared object for x86-64", header->e_type == ET_DYN && header->e_machine == EM_X86_64);
  const Elf64_Phdr *segments = (const void *)(image + header->e_phoff);
  const Elf64_Dyn *dynamic = NULL;
  int loads = 0;
  unsigned long bias = 0;
  for (int i = 0; i < header->e_phnum; i++) {
    if (segments[i].p_type == PT_DYNAMIC) dynamic = (const void *)(image + segments[i].p_offset);
    if (segments[i].p_type != PT_LOAD) continue;
    loads++;
    bias = (unsigned long)image + segments[i].p_offset - segments[i].p_vaddr;
    equal("its segment is code", segments[i].p_flags, PF_R | PF_X);
  }
  equal("one loadable segment", loads, 1);
  check("a dynamic section", dynamic != NULL);
  const char *name = NULL;
  for (; dynamic->d_tag != DT_NULL; dynamic++) {
    const void *at = (const void *)(bias + dynamic->d_un.d_ptr);
    if (dynamic->d_tag == DT_SYMTAB) symbols = at;
    if (dynamic->d_tag == DT_STRTAB) strings = at;
    if (dynamic->d_tag == DT_HASH) hash = at;
    if (dynamic->d_tag == DT_GNU_HASH) gnu_hash = at;
    if (dynamic->d_tag == DT_VERSYM) versions = at;
    if (dynamic->d_tag == DT_VERDEF) definitions = at;
  }
  for (dynamic = (const void *)(image + segments[1].p_offset); dynamic->d_tag != DT_NULL; dynamic++)
    if (dynamic->d_tag == DT_SONAME) name = strings + dynamic->d_un.d_val;
  check("symbols, strings and versions", symbols && strings && versions && definitions);
  check("a hash table", hash || gnu_hash);
  check("its name", name && strcmp(name, "linux-vdso.so.1") == 0);
}

static unsigned elf_hash(const char *name) {
  unsigned h = 0;
  for (; *name; name++) {
    h = (h << 4) + *(const unsigned char *)name;
    h ^= (h & 0xf0000000) >> 24;
    h &= 0x0fffffff;
  }
  return h;
}

/** True when symbol `i` is of version LINUX_2.6. */
static int has_version(unsigned i) {
  const Elf64_Verdef *d = definitions;
  for (;;) {
    if (!(d->vd_flags & VER_FLG_BASE) && (d->vd_ndx & 0x7fff) == (versions[i] & 0x7fff)) break;
    if (d->vd_next == 0) return 0;
    d = (const void *)((const char *)d + d->vd_next);
  }
  const Elf64_Verdaux *a = (const void *)((const char *)d + d->vd_aux);
  return d->vd_hash == elf_hash("LINUX_2.6") && strcmp(strings + a->vda_name, "LINUX_2.6") == 0;
}

/** Finds a function by whichever of the two hash tables there is. */
static const void *find_in(const char *name, int use_gnu) {
  if (use_gnu) {
    unsigned h = 5381;
    for (const char *c = name; *c; c++) h = h * 33 + *(const unsigned char *)c;
    const unsigned *buckets = gnu_hash + 4 + gnu_hash[2] * 2, *chain = buckets + gnu_hash[0];
    for (unsigned i = buckets[h % gnu_hash[0]]; i; i++) {
      unsigned entry = chain[i - gnu_hash[1]];
      if ((entry | 1) == (h | 1) && strcmp(strings + symbols[i].st_name, name) == 0 && has_version(i)) return image + symbols[i].st_value;
      if (entry & 1) break;
    }
    return NULL;
  }
  const unsigned *buckets = hash + 2, *chain = buckets + hash[0];
  for (unsigned i = buckets[elf_hash(name) % hash[0]]; i; i = chain[i])
    if (strcmp(strings + symbols[i].st_name, name) == 0 && has_version(i)) return image + symbols[i].st_value;
  return NULL;
}

static const void *find(const char *name) {
  const void *one = hash ? find_in(name, 0) : NULL, *other = gnu_hash ? find_in(name, 1) : NULL;
  check(name, (one || other) && (!one || !other || one == other));
  return one ? one : other;
}

static long long ns(const struct timespec *t) { return t->tv_sec * 1000000000ll + t->tv_nsec; }

/** Reads `clock` by turns here and by the call: true if it never went back. */
static int in_step(clockid_t clock) {
  long long last = 0;
  for (int i = 0; i < 5000; i++) {
    struct timespec now;
    if (i & 1 ? gettime(clock, &now) : syscall(SYS_clock_gettime, clock, &now)) return 0;
    if (ns(&now) < last || now.tv_nsec < 0 || now.tv_nsec > 999999999) return 0;
    last = ns(&now);
  }
  return 1;
}

static int days_in_step(void) {
  long long last = 0;
  for (int i = 0; i < 3000; i++) {
    struct timeval now;
    if (i & 1 ? timeofday(&now, NULL) : syscall(SYS_gettimeofday, &now, NULL)) return 0;
    if (now.tv_sec * 1000000ll + now.tv_usec < last || now.tv_usec > 999999) return 0;
    last = now.tv_sec * 1000000ll + now.tv_usec;
  }
  return 1;
}

static void clocks(void) {
  static const struct { clockid_t id; const char *name; } all[] = {
    {CLOCK_REALTIME, "CLOCK_REALTIME"}, {CLOCK_MONOTONIC, "CLOCK_MONOTONIC"}, {CLOCK_MONOTONIC_RAW, "CLOCK_MONOTONIC_RAW"},
    {CLOCK_REALTIME_COARSE, "CLOCK_REALTIME_COARSE"}, {CLOCK_MONOTONIC_COARSE, "CLOCK_MONOTONIC_COARSE"},
    {CLOCK_BOOTTIME, "CLOCK_BOOTTIME"}, {CLOCK_TAI, "CLOCK_TAI"},
    {CLOCK_PROCESS_CPUTIME_ID, "CLOCK_PROCESS_CPUTIME_ID"}, {CLOCK_THREAD_CPUTIME_ID, "CLOCK_THREAD_CPUTIME_ID"},
  };
  for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
    struct timespec here, there;
    check(all[i].name, in_step(all[i].id));
    equal("its resolution", getres(all[i].id, &here) == 0 && syscall(SYS_clock_getres, all[i].id, &there) == 0 && ns(&here) == ns(&there), 1);
    equal("which nobody need take", getres(all[i].id, NULL), 0);
  }
  struct timespec t;
  equal("no such clock", gettime(99, &t), -EINVAL);
  equal("nor that", gettime(-1, &t), -EINVAL);
  equal("nor has it a resolution", getres(99, &t), -EINVAL);
  equal("the CPU clock of another process", gettime((~(clockid_t)getpid() << 3) | 2, &t), 0);
}

static void rest(void) {
  check("gettimeofday", days_in_step());
  struct timezone zone = {5, 5};
  equal("the time zone alone", timeofday(NULL, &zone), 0);
  check("is UTC", zone.tz_minuteswest == 0 && zone.tz_dsttime == 0);
  equal("neither", timeofday(NULL, NULL), 0);
  time_t stored = 0, before = syscall(SYS_time, NULL), now = seconds(&stored), after = syscall(SYS_time, NULL);
  check("time", before <= now && now <= after + 1 && stored == now);
  check("time without a place", seconds(NULL) >= now);
  unsigned here = 9999, node = 9999, there = 9999, other = 9999;
  equal("getcpu", cpu(&here, &node, NULL), 0);
  syscall(SYS_getcpu, &there, &other, NULL);
  check("a processor and a node", here < 4096 && node == other);
  equal("getcpu without places", cpu(NULL, NULL, NULL), 0);
}

static void *in_thread(void *argument) {
  (void)argument;
  return (void *)(long)in_step(CLOCK_MONOTONIC);
}

/** The line of /proc/self/maps that ends with `name`, its addresses to `from` and `to`. */
static int mapping(const char *name, unsigned long *from, unsigned long *to, char *access) {
  char line[512];
  FILE *maps = fopen("/proc/self/maps", "r");
  int found = 0;
  while (!found && fgets(line, sizeof line, maps)) {
    line[strcspn(line, "\n")] = 0;
    size_t length = strlen(line), end = strlen(name);
    if (length > end && strcmp(line + length - end, name) == 0) found = sscanf(line, "%lx-%lx %4s", from, to, access) == 3;
  }
  fclose(maps);
  return found;
}

static void mappings(void) {
  unsigned long from = 0, to = 0, data = 0, data_end = 0;
  char access[8] = "", data_access[8] = "";
  check("[vdso] is in maps", mapping("[vdso]", &from, &to, access));
  check("where the auxiliary vector says", from == (unsigned long)image);
  same_text("it can be run", access, "r-xp");
  check("[vvar] too", mapping("[vvar]", &data, &data_end, data_access));
  same_text("which can be read", data_access, "r--p");
  check("some pages before it", data_end <= from && from - data <= 16 * 4096);
  fails("nobody writes the clock", mprotect((void *)data, data_end - data, PROT_READ | PROT_WRITE), EACCES);
  equal("the code is the process's own to change", mprotect((void *)from, to - from, PROT_READ | PROT_WRITE | PROT_EXEC), 0);
  equal("in its copy", in_child({
          *(volatile char *)(from + 5) = 0;
          _exit(((volatile char *)from)[5] == 0 ? 3 : 4);
        }), EXITED(3));
  check("which is nobody else's", ((volatile char *)from)[5] == ELFDATA2LSB);
  struct timespec t;
  equal("madvise may drop the pages", madvise((void *)from, to - from, MADV_DONTNEED), 0);
  equal("they come again", gettime(CLOCK_MONOTONIC, &t), 0);
  equal("it may be unmapped", in_child({
          _exit(munmap((void *)data, to - data) == 0 && !mapping("[vdso]", &from, &to, access) ? 5 : 6);
        }), EXITED(5));
}

int main(int count, char **arguments) {
  image = (const char *)getauxval(AT_SYSINFO_EHDR);
  check("AT_SYSINFO_EHDR", image != NULL && ((unsigned long)image & 4095) == 0);
  if (!image) return finish();
  read_headers();
  gettime = find("__vdso_clock_gettime");
  getres = find("__vdso_clock_getres");
  timeofday = find("__vdso_gettimeofday");
  seconds = find("__vdso_time");
  cpu = find("__vdso_getcpu");
  check("and nothing else", find_in("__vdso_nothing", gnu_hash != NULL) == NULL);
  if (count > 1) {
    check(arguments[1], in_step(CLOCK_MONOTONIC));
    return finish();
  }
  clocks();
  rest();
  equal("a child has it", in_child(_exit(in_step(CLOCK_REALTIME) ? 7 : 8)), EXITED(7));
  equal("a new program has it", in_child(execl("/proc/self/exe", "vdso", "in a new program", NULL)), EXITED(0));
  pthread_t thread;
  void *result = NULL;
  pthread_create(&thread, NULL, in_thread, NULL);
  pthread_join(thread, &result);
  check("a thread has it", result != NULL);
  mappings();
  return finish();
}
