/* memory-change: mprotect, mremap, madvise and friends, copy on write and shared memory between processes. */
#include "check.h"
#include <setjmp.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#define PAGE 4096
static sigjmp_buf back;
static void catch(int number) { siglongjmp(back, number); }

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

static void protection(void) {
  char *area = map(6, PROT_READ | PROT_WRITE, MAP_PRIVATE);
  memset(area, 'x', 6 * PAGE);
  equal("mprotect in the middle", mprotect(area + 2 * PAGE, 2 * PAGE, PROT_READ), 0);
  equal("before", write_signal(area + PAGE), 0);
  equal("inside", write_signal(area + 2 * PAGE), SIGSEGV);
  equal("inside, reading", read_signal(area + 3 * PAGE), 0);
  equal("after", write_signal(area + 4 * PAGE), 0);
  equal("writable again", (mprotect(area, 6 * PAGE, PROT_READ | PROT_WRITE), write_signal(area + 2 * PAGE)), 0);
  equal("the content stayed", area[2 * PAGE + 1], 'x');
  equal("PROT_NONE", (mprotect(area, PAGE, PROT_NONE), read_signal(area)), SIGSEGV);
  mprotect(area, PAGE, PROT_READ | PROT_WRITE);
  munmap(area + 3 * PAGE, PAGE);
  fails("over a hole", mprotect(area, 6 * PAGE, PROT_READ), ENOMEM);
  equal("changes what is before the hole", write_signal(area + PAGE), SIGSEGV);
  fails("unaligned", mprotect(area + 1, PAGE, PROT_READ), EINVAL);
  fails("bad protection", mprotect(area, PAGE, 0x100), EINVAL);
  equal("no length", mprotect(area, 0, PROT_READ), 0);
  fails("nothing mapped", mprotect(area + 3 * PAGE, PAGE, PROT_READ), ENOMEM);
  munmap(area, 6 * PAGE);

  static const unsigned char code[] = {0xb8, 42, 0, 0, 0, 0xc3}; /* mov $42, %eax; ret */
  char *program = map(1, PROT_READ | PROT_WRITE, MAP_PRIVATE);
  memcpy(program, code, sizeof code);
  mprotect(program, PAGE, PROT_READ | PROT_EXEC);
  equal("code made executable runs", ((int (*)(void))program)(), 42);
  equal("and cannot be written", write_signal(program), SIGSEGV);
  mprotect(program, PAGE, PROT_READ | PROT_WRITE);
  program[1] = 43;
  mprotect(program, PAGE, PROT_READ | PROT_EXEC);
  equal("changed code runs", ((int (*)(void))program)(), 43);
  munmap(program, PAGE);
}

static void moving(void) {
  char *area = map(4, PROT_READ | PROT_WRITE, MAP_PRIVATE);
  memset(area, 'm', 4 * PAGE);
  check("mremap shrinks in place", mremap(area, 4 * PAGE, 2 * PAGE, 0) == area);
  equal("the rest is gone", read_signal(area + 2 * PAGE), SIGSEGV);
  char *larger = mremap(area, 2 * PAGE, 64 * PAGE, MREMAP_MAYMOVE);
  check("mremap grows", larger != MAP_FAILED && larger[2 * PAGE - 1] == 'm' && larger[2 * PAGE] == 0 && write_signal(larger + 63 * PAGE) == 0);
  char *target = map(64, PROT_NONE, MAP_PRIVATE);
  check("MREMAP_FIXED", mremap(larger, 64 * PAGE, 64 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, target) == target);
  check("the content moved", target[0] == 'm' && target[63 * PAGE] == 1);
  if (larger != target) equal("the old place is free", read_signal(larger), SIGSEGV);
  char *wall = mmap(target + 64 * PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  check("a neighbour", wall == target + 64 * PAGE);
  fails("no room to grow in place", (long)mremap(target, 64 * PAGE, 65 * PAGE, 0), ENOMEM);
  fails("mremap unaligned", (long)mremap(target + 1, PAGE, 2 * PAGE, MREMAP_MAYMOVE), EINVAL);
  fails("mremap to nothing", (long)mremap(target, PAGE, 0, MREMAP_MAYMOVE), EINVAL);
  fails("mremap bad flags", (long)mremap(target, PAGE, PAGE, 64), EINVAL);
  munmap(target, 65 * PAGE);
  fails("mremap of nothing", (long)mremap(target, PAGE, 2 * PAGE, MREMAP_MAYMOVE), EFAULT);
}

static void advice(void) {
  char *area = map(4, PROT_READ | PROT_WRITE, MAP_PRIVATE);
  memset(area, 'd', 4 * PAGE);
  equal("MADV_DONTNEED", madvise(area + PAGE, PAGE, MADV_DONTNEED), 0);
  check("zeros its page only", area[PAGE] == 0 && area[0] == 'd' && area[2 * PAGE] == 'd');
  equal("MADV_NORMAL", madvise(area, PAGE, MADV_NORMAL), 0);
  equal("MADV_WILLNEED", madvise(area, PAGE, MADV_WILLNEED), 0);
  fails("unaligned", madvise(area + 1, PAGE, MADV_NORMAL), EINVAL);
  fails("unknown", madvise(area, PAGE, 9999), EINVAL);
  munmap(area + PAGE, PAGE);
  fails("over a hole", madvise(area, 4 * PAGE, MADV_DONTNEED), ENOMEM);
  equal("MADV_DONTFORK", madvise(area, PAGE, MADV_DONTFORK), 0);
  equal("the child", in_child({
          handle(SIGSEGV, catch, 0);
          equal("does not have that page", read_signal(area), SIGSEGV);
          equal("has the others", read_signal(area + 2 * PAGE), 0);
        }), 0);
  madvise(area + 2 * PAGE, PAGE, MADV_WIPEONFORK);
  area[2 * PAGE] = 'w';
  equal("MADV_WIPEONFORK", in_child(_exit(area[2 * PAGE])), 0);
  munmap(area, 4 * PAGE);
  make_file("advised", "file content");
  int file = open("advised", O_RDWR);
  char *map_of_file = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
  map_of_file[0] = 'X';
  madvise(map_of_file, PAGE, MADV_DONTNEED);
  equal("MADV_DONTNEED of a private file page shows the file again", map_of_file[0], 'f');
  munmap(map_of_file, PAGE);
  close(file);
  unsigned char resident[4];
  area = map(4, PROT_READ | PROT_WRITE, MAP_PRIVATE);
  area[PAGE] = 1;
  equal("mincore", mincore(area, 4 * PAGE, resident), 0);
  check("one page is there", !(resident[0] & 1) && (resident[1] & 1) && !(resident[2] & 1));
  equal("MAP_POPULATE", ({
          char *full = map(2, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_POPULATE);
          mincore(full, 2 * PAGE, resident);
          munmap(full, 2 * PAGE);
          (resident[0] & 1) + (resident[1] & 1);
        }), 2);
  equal("mlock", mlock(area, PAGE), 0);
  equal("munlock", munlock(area, PAGE), 0);
  munmap(area, 4 * PAGE);
  fails("mlock of nothing", mlock(area, PAGE), ENOMEM);
}

static void copy_on_write(void) {
  char *area = map(16, PROT_READ | PROT_WRITE, MAP_PRIVATE);
  memset(area, 'p', 16 * PAGE);
  int to_child[2], to_parent[2];
  char byte = 0;
  pipe(to_child);
  pipe(to_parent);
  pid_t child = fork();
  if (child == 0) {
    read(to_child[0], &byte, 1); /* the parent has written by now */
    int old = area[0] == 'p' && area[15 * PAGE] == 'p';
    memset(area, 'c', 16 * PAGE);
    write(to_parent[1], "c", 1);
    read(to_child[0], &byte, 1);
    _exit(old && area[0] == 'c' && area[8 * PAGE] == 'c' ? 0 : 1);
  }
  area[0] = 'P';
  write(to_child[1], "g", 1);
  read(to_parent[0], &byte, 1);
  check("the parent sees its own", area[0] == 'P' && area[1] == 'p' && area[8 * PAGE] == 'p');
  memset(area, 'Q', 16 * PAGE);
  write(to_child[1], "g", 1);
  equal("the child saw the old and then its own", reap(child), 0);
  read(to_parent[0], &byte, 0);
  /* The kernel writes into a shared page: it must be copied first. */
  child = fork();
  if (child == 0) {
    write(to_parent[1], "kernel", 6);
    read(to_parent[0], area, 6);
    _exit(memcmp(area, "kernel", 6) == 0 ? 0 : 1);
  }
  equal("a system call writes to the child's copy", reap(child), 0);
  equal("not to the parent's", area[0], 'Q');
  munmap(area, 16 * PAGE);
}

static void shared(void) {
  int *words = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  in_child(words[3] = 33);
  equal("anonymous shared memory", words[3], 33);
  int *again = mremap(words, 0, PAGE, MREMAP_MAYMOVE);
  check("mremap of length 0 duplicates a shared mapping", again != MAP_FAILED && again[3] == 33 && (words[3] = 34) && again[3] == 34);
  munmap(again, PAGE);
  munmap(words, PAGE);
  int file = open("shared", O_CREAT | O_RDWR, 0644);
  ftruncate(file, PAGE);
  in_child({
    int *own = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    own[0] = 77;
  });
  words = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, file, 0);
  equal("a file shared by two processes", words[0], 77);
  munmap(words, PAGE);
  close(file);
  file = memfd_create("memory", MFD_CLOEXEC);
  check("memfd_create", file >= 0 && ftruncate(file, PAGE) == 0);
  words = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  in_child(words[0] = 88);
  int value = 0;
  pread(file, &value, sizeof value, 0);
  equal("memory file", value, 88);
  munmap(words, PAGE);
  close(file);
  file = open("/dev/zero", O_RDWR);
  words = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  in_child(words[0] = 99);
  equal("/dev/zero shared", words[0], 99);
  munmap(words, PAGE);
}

int main(void) {
  enter_scratch();
  handle(SIGSEGV, catch, 0);
  handle(SIGBUS, catch, 0);
  protection();
  moving();
  advice();
  copy_on_write();
  shared();
  return finish();
}
