/* Seals of files in memory: adding them, and what they keep from happening; hints of lifetime; inotify's overflow. */
#include "check.h"
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/uio.h>

#define PAGE 4096
#ifndef MFD_EXEC
#define MFD_NOEXEC_SEAL 8
#define MFD_EXEC 16
#endif
#ifndef F_SEAL_EXEC
#define F_SEAL_EXEC 32
#endif

static int made(unsigned flags) {
  int fd = memfd_create("sealed", flags);
  ftruncate(fd, PAGE);
  pwrite(fd, "content", 7, 0);
  return fd;
}
static int seal(int fd, int seals) { return fcntl(fd, F_ADD_SEALS, seals); }

static void adding(void) {
  int plain = made(0), fd = made(MFD_ALLOW_SEALING);
  equal("without leave", fcntl(plain, F_GET_SEALS), F_SEAL_SEAL);
  fails("cannot be sealed", seal(plain, F_SEAL_GROW), EPERM);
  equal("none", fcntl(fd, F_GET_SEALS), 0);
  equal("one", seal(fd, F_SEAL_GROW), 0);
  equal("is there", fcntl(fd, F_GET_SEALS), F_SEAL_GROW);
  equal("another", seal(fd, F_SEAL_SHRINK), 0);
  equal("both are", fcntl(fd, F_GET_SEALS), F_SEAL_GROW | F_SEAL_SHRINK);
  fails("unknown", seal(fd, 0x100), EINVAL);
  char path[64];
  sprintf(path, "/proc/self/fd/%d", fd);
  int reading = open(path, O_RDONLY);
  fails("without writing", seal(reading, F_SEAL_WRITE), EPERM);
  equal("but they are read", fcntl(reading, F_GET_SEALS), F_SEAL_GROW | F_SEAL_SHRINK);
  equal("no more", seal(fd, F_SEAL_SEAL), 0);
  fails("none", seal(fd, F_SEAL_WRITE), EPERM);
  int ends[2];
  pipe(ends);
  fails("of a pipe", fcntl(ends[0], F_GET_SEALS), EINVAL);
  fails("to a pipe", seal(ends[1], F_SEAL_WRITE), EINVAL);
  fails("flags", memfd_create("x", 0x100), EINVAL);
}

static void sizes(void) {
  int fd = made(MFD_ALLOW_SEALING);
  seal(fd, F_SEAL_SHRINK);
  fails("shorter", ftruncate(fd, 10), EPERM);
  equal("the same", ftruncate(fd, PAGE), 0);
  equal("longer", ftruncate(fd, 2 * PAGE), 0);
  seal(fd, F_SEAL_GROW);
  fails("longer now", ftruncate(fd, 3 * PAGE), EPERM);
  fails("by writing", pwrite(fd, "x", 1, 2 * PAGE), EPERM);
  fails("by fallocate", fallocate(fd, 0, 0, 3 * PAGE), EPERM);
  fails("though the size is kept", fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 3 * PAGE), EPERM);
  equal("within", pwrite(fd, "x", 1, 2 * PAGE - 1), 1);
  static char much[2 * PAGE];
  equal("up to a whole page", pwrite(fd, much, 2 * PAGE, PAGE), PAGE);
  equal("up to the end, where a page ends", pwrite(fd, much, 20, 2 * PAGE - 10), 10);
  int odd = memfd_create("odd", MFD_ALLOW_SEALING);
  ftruncate(odd, PAGE + 100);
  seal(odd, F_SEAL_GROW);
  fails("but not within one", pwrite(odd, much, 20, PAGE + 90), EPERM);
  equal("a hole", fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, PAGE), 0);
}

static void writing(void) {
  int fd = made(MFD_ALLOW_SEALING);
  char *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  fails("while it is mapped", seal(fd, F_SEAL_WRITE), EBUSY);
  equal("not to be mapped any more", seal(fd, F_SEAL_FUTURE_WRITE), 0);
  p[1] = 'O';
  char got[8] = "";
  pread(fd, got, 7, 0);
  same_text("the mapping works", got, "cOntent");
  fails("writing not", pwrite(fd, "x", 1, 0), EPERM);
  check("nor mapping", mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED && errno == EPERM);
  char *q = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
  check("mapping to read", q != MAP_FAILED && q[1] == 'O');
  fails("and no more", mprotect(q, PAGE, PROT_READ | PROT_WRITE), EACCES);
  char *own = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
  check("a private mapping", own != MAP_FAILED && (own[0] = 'x') == 'x');
  munmap(q, PAGE);
  munmap(p, PAGE);
  equal("not to be written", seal(fd, F_SEAL_WRITE), 0);
  fails("write", write(fd, "x", 1), EPERM);
  struct iovec piece = {"x", 1};
  fails("pwritev", pwritev(fd, &piece, 1, 0), EPERM);
  fails("a hole", fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, PAGE), EPERM);
  int from = made(0);
  loff_t at = 0;
  fails("copy_file_range", copy_file_range(from, &at, fd, &at, 4, 0), EPERM);
  equal("its size may change", ftruncate(fd, 2 * PAGE), 0);
  equal("nothing is read", pread(fd, got, 7, 0), 7);
}

static void execution(void) {
  struct stat status;
  int fd = made(MFD_NOEXEC_SEAL), other = made(MFD_EXEC | MFD_ALLOW_SEALING);
  fstat(fd, &status);
  equal("no program", status.st_mode & 0777, 0666);
  equal("sealed so", fcntl(fd, F_GET_SEALS), F_SEAL_EXEC);
  fails("chmod", fchmod(fd, 0777), EPERM);
  equal("chmod of the others", fchmod(fd, 0600), 0);
  equal("it may be sealed more", seal(fd, F_SEAL_GROW), 0);
  fails("both", memfd_create("x", MFD_NOEXEC_SEAL | MFD_EXEC), EINVAL);
  equal("a program sealed", seal(other, F_SEAL_EXEC), 0);
  equal("cannot change", fcntl(other, F_GET_SEALS), F_SEAL_EXEC | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_FUTURE_WRITE);
}

static void hints(void) {
  int fd = open("file", O_RDWR | O_CREAT, 0600);
  unsigned long hint = 9;
  equal("hint", fcntl(fd, F_GET_RW_HINT, &hint), 0);
  equal("none", hint, 0);
  hint = RWH_WRITE_LIFE_SHORT;
  equal("set", fcntl(fd, F_SET_RW_HINT, &hint), 0);
  hint = 9;
  fcntl(fd, F_GET_RW_HINT, &hint);
  equal("is kept", hint, RWH_WRITE_LIFE_SHORT);
  hint = 6;
  fails("unknown", fcntl(fd, F_SET_RW_HINT, &hint), EINVAL);
  fails("pointer", fcntl(fd, F_SET_RW_HINT, 8), EFAULT);
  fails("of the open file: gone", fcntl(fd, F_GET_FILE_RW_HINT, &hint), EINVAL);
  equal("same file", fcntl(fd, 1027, fd), 1);
  fails("F_CANCELLK", fcntl(fd, 1029, 0), EINVAL);
}

static void overflow(void) {
  int notify = inotify_init1(IN_NONBLOCK), file = open("file", O_RDWR), other = open("other", O_RDWR | O_CREAT, 0600);
  inotify_add_watch(notify, "file", IN_MODIFY);
  inotify_add_watch(notify, "other", IN_MODIFY);
  for (int i = 0; i < 9000; i++) pwrite(file, "x", 1, 0), pwrite(other, "x", 1, 0);
  int events = 0, overflows = 0, last = 0;
  char space[4096];
  for (int n; (n = read(notify, space, sizeof space)) > 0;)
    for (int at = 0; at < n; at += sizeof(struct inotify_event)) {
      struct inotify_event *e = (void *)(space + at);
      events++;
      last = e->mask == IN_Q_OVERFLOW && e->wd == -1;
      overflows += last;
    }
  equal("as many as fit, and one that says so", events, 16385);
  check("the last", overflows == 1 && last);
  pwrite(file, "x", 1, 0);
  equal("then it goes on", read(notify, space, sizeof space), sizeof(struct inotify_event));
}

int main(void) {
  enter_scratch();
  adding();
  sizes();
  writing();
  execution();
  hints();
  overflow();
  return finish();
}
