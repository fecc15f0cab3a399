/*
 * loader: what the kernel tells a new program (getauxval(3)), and where it puts things: at random addresses, unless the personality forbids it
 * (personality(2), ADDR_NO_RANDOMIZE).
 */
#include "check.h"
#include <cpuid.h>
#include <elf.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/personality.h>

/** Where this program's stack, heap, mappings and vDSO are, in a pipe to the parent. */
struct places {
  unsigned long stack, heap, mapping, vdso;
};

static int report(int to) {
  struct places now = {(unsigned long)getauxval(AT_EXECFN), (unsigned long)sbrk(0), 0, getauxval(AT_SYSINFO_EHDR)};
  now.mapping = (unsigned long)mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return write(to, &now, sizeof now) == sizeof now ? 0 : 1;
}

static struct places places_of_a_new_program(unsigned long with) {
  struct places seen = {0};
  int ends[2];
  pipe(ends);
  char number[16];
  snprintf(number, sizeof number, "%d", ends[1]);
  int status = in_child({
    personality(with);
    execl("/proc/self/exe", "loader", number, NULL);
  });
  if (status == 0) read(ends[0], &seen, sizeof seen);
  close(ends[0]);
  close(ends[1]);
  return seen;
}

static void vector(void) {
  /* Linux's order; what newer versions than 6.1 add is left out. */
  static const unsigned long wanted[] = {
      AT_SYSINFO_EHDR, AT_MINSIGSTKSZ, AT_HWCAP, AT_PAGESZ, AT_CLKTCK, AT_PHDR, AT_PHENT, AT_PHNUM, AT_BASE, AT_FLAGS, AT_ENTRY,
      AT_UID, AT_EUID, AT_GID, AT_EGID, AT_SECURE, AT_RANDOM, AT_HWCAP2, AT_EXECFN, AT_PLATFORM, AT_NULL};
  unsigned long words[128], capabilities = 0; /* glibc's getauxval tells something else by AT_HWCAP */
  int file = open("/proc/self/auxv", O_RDONLY), in_order = 0, count = read(file, words, sizeof words) / 16;
  close(file);
  for (int i = 0; i < count; i++) {
    if (words[2 * i] == AT_HWCAP) capabilities = words[2 * i + 1];
    if (words[2 * i] >= 27 && words[2 * i] <= 30) continue;
    if (in_order < (int)(sizeof wanted / sizeof *wanted) && words[2 * i] == wanted[in_order]) in_order++;
    else print_line("entry %lu", words[2 * i]);
  }
  equal("the entries of the auxiliary vector", in_order, sizeof wanted / sizeof *wanted);
  unsigned a, b, c, d;
  __cpuid(1, a, b, c, d);
  check("AT_HWCAP has what every such processor has", (capabilities & d & (bit_SSE2 | bit_FXSAVE | 1)) == (bit_SSE2 | bit_FXSAVE | 1));
  __cpuid_count(7, 0, a, b, c, d);
  check("AT_HWCAP2 tells of WRFSBASE", (getauxval(AT_HWCAP2) >> 1 & 1) == (b & 1));
  check("AT_MINSIGSTKSZ holds a frame", getauxval(AT_MINSIGSTKSZ) >= 1000 && getauxval(AT_MINSIGSTKSZ) < 65536);
  equal("AT_BASE without an interpreter", getauxval(AT_BASE), 0);
  equal("AT_FLAGS", getauxval(AT_FLAGS), 0);
}

int main(int count, char **arguments) {
  if (count > 1) return report(atoi(arguments[1]));
  vector();
  struct places one = places_of_a_new_program(0), other, moved = {0};
  check("it is told", one.stack && one.heap && one.mapping && one.vdso);
  for (int i = 0; i < 8; i++) { /* chance may repeat itself */
    other = places_of_a_new_program(0);
    moved.stack |= other.stack ^ one.stack;
    moved.heap |= other.heap ^ one.heap;
    moved.mapping |= other.mapping ^ one.mapping;
    moved.vdso |= other.vdso ^ one.vdso;
  }
  check("the stack is somewhere else each time", moved.stack);
  check("so are mappings", moved.mapping);
  check("the heap", moved.heap);
  check("and the vDSO", moved.vdso);
  one = places_of_a_new_program(ADDR_NO_RANDOMIZE);
  other = places_of_a_new_program(ADDR_NO_RANDOMIZE);
  check("ADDR_NO_RANDOMIZE: all are where they were", memcmp(&one, &other, sizeof one) == 0);
  equal("the stack ends where the user's half does", one.stack >> 12, 0x7fffffffe);
  check("the mappings are below", one.mapping < one.stack && one.mapping >> 32 == 0x7fff);
  return finish();
}
