/* memory-map: mmap and munmap: placement, splitting, files, errors, the heap and the stack. */
#include "check.h"
#include <alloca.h>
#include <setjmp.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#define PAGE 4096
static sigjmp_buf back;
static void catch(int number) { siglongjmp(back, number); }

/** The signal that reading (or writing) one byte causes, 0 if none. */
static int read_signal(volatile char *address) {
  int number = sigsetjmp(back, 1);
  if (number == 0) (void)*address;
  return number;
}
static int write_signal(volatile char *address) {
  int number = sigsetjmp(back, 1);
  if (number == 0) *address = 1;
  return number;
}

static char *map(size_t pages, int protection, int flags) { return mmap(NULL, pages * PAGE, protection, flags | MAP_ANONYMOUS, -1, 0); }

static void anonymous(void) {
  char *area = map(8, PROT_READ | PROT_WRITE, MAP_PRIVATE);
  check("mmap", area != MAP_FAILED && ((long)area & 4095) == 0);
  int zero = 1;
  for (int i = 0; i < 8 * PAGE; i++) zero &= area[i] == 0;
  check("memory is zero", zero);
  memset(area, 'm', 8 * PAGE);
  equal("munmap a hole", munmap(area + 2 * PAGE, 2 * PAGE), 0);
  equal("the hole is gone", read_signal(area + 2 * PAGE), SIGSEGV);
  equal("before it is not", read_signal(area + 2 * PAGE - 1), 0);
  equal("after it is not", read_signal(area + 4 * PAGE), 0);
  equal("munmap over the hole", munmap(area, 8 * PAGE), 0);
  equal("munmap nothing", munmap(area, 8 * PAGE), 0);
  fails("munmap unaligned", munmap(area + 1, PAGE), EINVAL);
  fails("munmap no length", munmap(area, 0), EINVAL);
  fails("munmap kernel addresses", munmap((void *)0xffff800000000000, PAGE), EINVAL);
  fails("mmap no length", (long)mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), EINVAL);
  fails("mmap without a kind", (long)mmap(NULL, PAGE, PROT_READ, MAP_ANONYMOUS, -1, 0), EINVAL);
  fails("mmap too much", (long)mmap(NULL, 1UL << 47, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), ENOMEM);
  fails("mmap absurdly much", (long)mmap(NULL, -1UL, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), ENOMEM);
  fails("MAP_FIXED unaligned", (long)mmap((void *)0x10001, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0), EINVAL);
  fails("MAP_FIXED in the kernel's half", (long)mmap((void *)0xffff800000000000, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0), ENOMEM);
  check("a length is rounded up", ({
          char *part = mmap(NULL, 100, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
          int fine = write_signal(part + PAGE - 1) == 0;
          munmap(part, 100);
          fine && read_signal(part) == SIGSEGV;
        }));
}

static void placing(void) {
  char *area = map(8, PROT_READ | PROT_WRITE, MAP_PRIVATE);
  memset(area, 'a', 8 * PAGE);
  char *middle = mmap(area + 3 * PAGE, 2 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  check("MAP_FIXED replaces", middle == area + 3 * PAGE && middle[0] == 0 && middle[-1] == 'a' && middle[2 * PAGE] == 'a');
  equal("with its own protection", write_signal(middle), SIGSEGV);
  equal("and not its neighbours'", write_signal(middle - 1), 0);
  fails("MAP_FIXED_NOREPLACE", (long)mmap(area, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0), EEXIST);
  munmap(area, 8 * PAGE);
  check("MAP_FIXED_NOREPLACE where nothing is", mmap(area, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == area);
  munmap(area, PAGE);
  check("a hint is taken", mmap(area, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == area);
  char *other = mmap(area, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  check("unless it is in use", other != area && other != MAP_FAILED);
  munmap(area, PAGE);
  munmap(other, PAGE);
  check("MAP_32BIT", ({ char *low = map(1, PROT_READ, MAP_PRIVATE | MAP_32BIT); int fine = (unsigned long)low < 1UL << 31; munmap(low, PAGE); fine; }));
  char *reserve = mmap(NULL, 8UL << 30, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  check("8 GiB reserved", reserve != MAP_FAILED);
  equal("a page of it in use", mprotect(reserve + (5UL << 30), PAGE, PROT_READ | PROT_WRITE), 0);
  equal("works", write_signal(reserve + (5UL << 30)), 0);
  munmap(reserve, 8UL << 30);
  fails("a fixed page 0 needs a capability", (long)mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0), EPERM);
}

static void files(void) {
  char content[3 * PAGE];
  for (int i = 0; i < 3 * PAGE; i++) content[i] = 'A' + i / PAGE;
  int file = open("mapped", O_CREAT | O_RDWR, 0644);
  write(file, content, 2 * PAGE + 100);
  char *private_map = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
  char *shared_map = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  check("both show the file", private_map[PAGE] == 'B' && shared_map[PAGE] == 'B');
  check("the rest of the last page is zero", private_map[2 * PAGE + 99] == 'C' && private_map[2 * PAGE + 100] == 0);
  private_map[0] = 'p';
  char byte;
  pread(file, &byte, 1, 0);
  check("a private write stays private", byte == 'A' && shared_map[0] == 'A');
  shared_map[1] = 's';
  pread(file, &byte, 1, 1);
  equal("a shared write reaches the file", byte, 's');
  pwrite(file, "w", 1, PAGE);
  equal("a write shows in the shared mapping", shared_map[PAGE], 'w');
  equal("and in a private page not yet written", private_map[PAGE], 'w');
  equal("msync", msync(shared_map, 3 * PAGE, MS_SYNC), 0);
  fails("msync bad flags", msync(shared_map, PAGE, MS_SYNC | MS_ASYNC), EINVAL);
  fails("msync unaligned", msync(shared_map + 1, PAGE, MS_SYNC), EINVAL);
  equal("an offset", ({ char *part = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, file, PAGE); char first = part[0]; munmap(part, PAGE); first; }), 'w');
  fails("an unaligned offset", (long)mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, file, 100), EINVAL);
  fails("bad descriptor", (long)mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, 99, 0), EBADF);
  ftruncate(file, PAGE);
  equal("a page cut off", read_signal(shared_map + PAGE), SIGBUS);
  ftruncate(file, 2 * PAGE);
  equal("grown again", read_signal(shared_map + PAGE), 0);
  equal("is zero", shared_map[PAGE], 0);
  close(file);
  equal("a mapping outlives its descriptor", shared_map[1], 's');
  unlink("mapped");
  equal("and its name", shared_map[1], 's');
  munmap(private_map, 3 * PAGE);
  munmap(shared_map, 3 * PAGE);

  make_file("readable", "r");
  file = open("readable", O_RDONLY);
  fails("shared and writable needs a writable descriptor", (long)mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0), EACCES);
  char *fine = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
  check("private and writable does not", fine != MAP_FAILED && (fine[0] = 'x') == 'x');
  char *shared = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, file, 0);
  fails("nor can it become writable", mprotect(shared, PAGE, PROT_READ | PROT_WRITE), EACCES);
  close(file);
  file = open("readable", O_WRONLY);
  fails("mapping needs a readable descriptor", (long)mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, file, 0), EACCES);
  close(file);
  file = open(".", O_RDONLY);
  fails("a directory cannot be mapped", (long)mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, file, 0), ENODEV);
  close(file);
  file = open("/dev/zero", O_RDWR);
  char *zeros = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
  check("/dev/zero can", zeros != MAP_FAILED && zeros[7] == 0 && (zeros[7] = 1));
  close(file);
}

static void heap(void) {
  char *start = sbrk(0);
  equal("brk grows", brk(start + 10 * PAGE), 0);
  check("to there", sbrk(0) == start + 10 * PAGE);
  equal("and is writable", write_signal(start + 10 * PAGE - 1), 0);
  memset(start, 'h', 10 * PAGE);
  equal("brk shrinks", brk(start), 0);
  equal("the page is gone", read_signal(start + 5 * PAGE), SIGSEGV);
  brk(start + 10 * PAGE);
  equal("and comes back as zeros", start[5 * PAGE], 0);
  brk(start);
  long now = syscall(SYS_brk, 0);
  equal("the raw call answers the old value on failure", syscall(SYS_brk, 16) == now && syscall(SYS_brk, -1L) == now, 1);
  equal("limited by RLIMIT_DATA", in_child({
          setrlimit(RLIMIT_DATA, &(struct rlimit){1 << 20, 1 << 20});
          fails("brk", brk((char *)sbrk(0) + (64 << 20)), ENOMEM);
        }), 0);
  equal("limited by RLIMIT_AS", in_child({
          setrlimit(RLIMIT_AS, &(struct rlimit){64 << 20, 64 << 20});
          fails("mmap", (long)map(32 << 10, PROT_READ, MAP_PRIVATE), ENOMEM);
          check("a small one", map(16, PROT_READ, MAP_PRIVATE) != MAP_FAILED);
        }), 0);
}

/** Touches this much stack, a page at a time, downwards. */
static __attribute__((noinline)) void use_stack(size_t bytes) {
  volatile char *room = alloca(bytes);
  for (size_t i = bytes; i >= PAGE; i -= PAGE) room[i - 1] = 1;
}

static void stack(void) {
  use_stack(4 << 20);
  check("the stack grows by 4 MiB", 1);
  equal("but not beyond its limit", in_child({
          setrlimit(RLIMIT_STACK, &(struct rlimit){1 << 20, 1 << 20});
          use_stack(6 << 20);
        }) & 0x7f, SIGSEGV);
  equal("overflow is seen on an alternate stack", in_child({
          static char other[65536];
          sigaltstack(&(stack_t){.ss_sp = other, .ss_size = sizeof other}, NULL);
          handle(SIGSEGV, catch, SA_ONSTACK);
          setrlimit(RLIMIT_STACK, &(struct rlimit){1 << 20, 1 << 20});
          int number = sigsetjmp(back, 1);
          if (number == 0) use_stack(6 << 20);
          _exit(number);
        }), EXITED(SIGSEGV));
}

int main(void) {
  enter_scratch();
  handle(SIGSEGV, catch, 0);
  handle(SIGBUS, catch, 0);
  anonymous();
  placing();
  files();
  heap();
  signal(SIGSEGV, SIG_DFL);
  stack();
  return finish();
}
