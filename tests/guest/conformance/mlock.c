/*
 * mlock.c - locked memory: mlock(2), mlock2(2), munlock(2), mlockall(2), munlockall(2), MAP_LOCKED, RLIMIT_MEMLOCK.
 *
 * What is locked shows in /proc/self/status (VmLck) and /proc/self/smaps (VmFlags, Locked); how mappings split and join
 * shows in the count of lines of /proc/self/maps. Each part runs in a child, so that nothing of one is left for the next.
 */
#include "check.h"

#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/syscall.h>

#define PAGE 4096

static char *map(size_t pages, int protection, int flags) {
  char *p = mmap(NULL, pages * PAGE, protection, flags | (flags & (MAP_SHARED | MAP_PRIVATE) ? 0 : MAP_PRIVATE) | MAP_ANONYMOUS, -1, 0);
  return p == MAP_FAILED ? NULL : p;
}

/** A mapping of `pages` that can be read and written and has no neighbour that it could be joined with. */
static char *apart(size_t pages) {
  char *p = map(pages + 2, PROT_NONE, 0);
  mprotect(p + PAGE, pages * PAGE, PROT_READ | PROT_WRITE);
  return p + PAGE;
}

/** VmLck of /proc/self/status in pages. */
static long locked_pages(void) {
  FILE *file = fopen("/proc/self/status", "r");
  char line[256];
  long kilobytes = -1;
  while (file && fgets(line, sizeof line, file)) sscanf(line, "VmLck: %ld", &kilobytes);
  if (file) fclose(file);
  return kilobytes < 0 ? -1 : kilobytes / 4;
}

/** How many mappings /proc/self/maps has in [start, start + pages). */
static int mappings(char *start, size_t pages) {
  FILE *file = fopen("/proc/self/maps", "r");
  char line[512];
  int count = 0;
  while (file && fgets(line, sizeof line, file)) {
    unsigned long from = 0, to = 0;
    if (sscanf(line, "%lx-%lx", &from, &to) == 2 && to > (unsigned long)start && from < (unsigned long)start + pages * PAGE) count++;
  }
  if (file) fclose(file);
  return count;
}

/** Of the mapping that begins at `start`: whether its VmFlags have `flag`, or with flag NULL its Locked: in pages. */
static long in_smaps(char *start, const char *flag) {
  FILE *file = fopen("/proc/self/smaps", "r");
  char line[512];
  int here = 0;
  long answer = -1;
  while (file && fgets(line, sizeof line, file)) {
    unsigned long from, to;
    long kilobytes;
    if (sscanf(line, "%lx-%lx ", &from, &to) == 2) here = from == (unsigned long)start;
    if (!here) continue;
    if (!flag && sscanf(line, "Locked: %ld", &kilobytes) == 1) answer = kilobytes / 4;
    if (flag && strncmp(line, "VmFlags:", 8) == 0) answer = strstr(line + 8, flag) != NULL;
  }
  if (file) fclose(file);
  return answer;
}

static int resident(char *start, size_t pages) {
  unsigned char present[64];
  int count = 0;
  if (mincore(start, pages * PAGE, present) < 0) return -1;
  for (size_t i = 0; i < pages; i++) count += present[i] & 1;
  return count;
}

static void limit(long pages) {
  struct rlimit l;
  getrlimit(RLIMIT_MEMLOCK, &l);
  l.rlim_cur = pages * PAGE;
  setrlimit(RLIMIT_MEMLOCK, &l);
}

static void marks(void) {
  char *p = apart(8);
  equal("nothing is locked", locked_pages(), 0);
  equal("mlock of part", mlock(p + 2 * PAGE + 5, 2 * PAGE), 0);
  equal("counts whole pages", locked_pages(), 3);
  equal("makes them present", resident(p, 8), 3);
  equal("is a mapping of its own", mappings(p, 8), 3);
  equal("smaps: lo", in_smaps(p + 2 * PAGE, " lo "), 1);
  equal("smaps: Locked", in_smaps(p + 2 * PAGE, NULL), 3);
  equal("smaps: not below", in_smaps(p, " lo "), 0);
  equal("smaps: nothing locked below", in_smaps(p, NULL), 0);
  equal("mlock again over more", mlock(p, 8 * PAGE), 0);
  equal("joins", mappings(p, 8), 1);
  equal("counts once", locked_pages(), 8);
  equal("munlock in the middle", munlock(p + 4 * PAGE, PAGE), 0);
  equal("splits", mappings(p, 8), 3);
  equal("counts less", locked_pages(), 7);
  equal("munmap of a locked page", munmap(p, PAGE), 0);
  equal("counts less still", locked_pages(), 6);
  equal("mprotect keeps the lock", mprotect(p + PAGE, PAGE, PROT_READ), 0);
  equal("it is one mapping more", mappings(p + PAGE, 7), 4);
  equal("and as much", locked_pages(), 6);
  equal("munlock of all", munlock(p + PAGE, 7 * PAGE), 0);
  equal("nothing is locked again", locked_pages(), 0);
  equal("mlock of no bytes", mlock(p, 0), 0);
  equal("mlock of all there can be", mlock(p + PAGE, -1UL), 0);
}

static void on_fault(void) {
  char *p = apart(8);
  equal("MLOCK_ONFAULT", mlock2(p, 8 * PAGE, MLOCK_ONFAULT), 0);
  equal("counts", locked_pages(), 8);
  equal("makes nothing present", resident(p, 8), 0);
  equal("smaps: lf", in_smaps(p, " lf "), 1);
  p[3 * PAGE] = 1;
  equal("smaps: what was touched", in_smaps(p, NULL), 1);
  equal("mlock2 without it", mlock2(p, 4 * PAGE, 0), 0);
  equal("makes present", resident(p, 8), 4);
  equal("differs from the rest", mappings(p, 8), 2);
  equal("smaps: no lf", in_smaps(p, " lf "), 0);
  equal("counts once", locked_pages(), 8);
}

static void all(void) {
  char *p = apart(4);
  equal("mlockall: of the future", mlockall(MCL_FUTURE), 0);
  equal("the present stays", in_smaps(p, " lo "), 0);
  char *q = map(4, PROT_READ | PROT_WRITE, 0);
  check("a new mapping is locked", in_smaps(q, " lo ") == 1 && locked_pages() == 4);
  equal("and present", resident(q, 4), 4);
  char *top = sbrk(0);
  sbrk(3 * PAGE);
  check("the heap grows locked", locked_pages() == 7 && resident((char *)(((unsigned long)top + PAGE - 1) & -PAGE), 2) == 2);
  q = mremap(q, 4 * PAGE, 6 * PAGE, MREMAP_MAYMOVE);
  check("mremap: locked pages more", q != MAP_FAILED && locked_pages() == 9 && resident(q, 6) == 6);
  equal("mlockall: of the future, when touched", mlockall(MCL_FUTURE | MCL_ONFAULT), 0);
  char *r = map(4, PROT_READ | PROT_WRITE, 0);
  check("is locked, and not present", locked_pages() == 13 && resident(r, 4) == 0);
  equal("a child has no locks", in_child(equal("none", locked_pages(), 0); equal("nor later", map(1, PROT_READ, 0) ? locked_pages() : -1, 0)), EXITED(0));
  equal("mlockall: of the present", mlockall(MCL_CURRENT), 0);
  equal("what was there is locked", in_smaps(p, " lo "), 1);
  equal("and present", resident(p, 4), 4);
  check("it counts", locked_pages() > 17);
  r = map(4, PROT_READ | PROT_WRITE, 0);
  equal("what comes is not", in_smaps(r, " lo "), 0);
  equal("munlockall", munlockall(), 0);
  equal("nothing is locked", locked_pages(), 0);
}

static void limits(void) {
  limit(4);
  char *p = apart(8);
  fails("mlock ENOMEM: beyond the limit", mlock(p, 5 * PAGE), ENOMEM);
  fails("mlock2 ENOMEM: beyond the limit", mlock2(p, 5 * PAGE, MLOCK_ONFAULT), ENOMEM);
  equal("nothing is locked", locked_pages(), 0);
  equal("up to the limit", mlock(p, 4 * PAGE), 0);
  equal("what is locked counts once", mlock(p + PAGE, 3 * PAGE), 0);
  fails("mlock ENOMEM: one more", mlock(p + 2 * PAGE, 3 * PAGE), ENOMEM);
  check("mmap EAGAIN: MAP_LOCKED", !map(1, PROT_READ, MAP_LOCKED) && errno == EAGAIN);
  check("mremap EAGAIN", mremap(p, 4 * PAGE, 5 * PAGE, MREMAP_MAYMOVE) == MAP_FAILED && errno == EAGAIN);
  equal("munlock", munlock(p, 2 * PAGE), 0);
  char *q = map(1, PROT_READ | PROT_WRITE, MAP_LOCKED);
  check("MAP_LOCKED", q && locked_pages() == 3 && resident(q, 1) == 1);
  fails("mlockall ENOMEM: more than the limit", mlockall(MCL_CURRENT), ENOMEM);
  equal("mlockall: of the future", mlockall(MCL_FUTURE), 0);
  check("mmap EAGAIN: of the future", !map(2, PROT_READ, 0) && errno == EAGAIN);
  char *top = sbrk(0);
  fails("brk ENOMEM: of the future", brk(top + 4 * PAGE), ENOMEM);
  int segment = shmget(IPC_PRIVATE, 2 * PAGE, 0600);
  check("shmat EAGAIN: of the future", shmat(segment, NULL, 0) == (void *)-1 && errno == EAGAIN);
  munlockall();
  void *at = shmat(segment, NULL, 0);
  check("shmat", at != (void *)-1);
  int large = shmget(IPC_PRIVATE, 3 * PAGE, 0600);
  equal("SHM_LOCK", shmctl(segment, SHM_LOCK, NULL), 0);
  fails("shmctl ENOMEM: SHM_LOCK beyond the limit", shmctl(large, SHM_LOCK, NULL), ENOMEM);
  equal("SHM_UNLOCK", shmctl(segment, SHM_UNLOCK, NULL), 0);
  equal("SHM_LOCK, once there is room", shmctl(large, SHM_LOCK, NULL), 0);
  shmctl(large, IPC_RMID, NULL);
  equal("SHM_LOCK, when the other is gone", shmctl(segment, SHM_LOCK, NULL), 0);
  shmctl(segment, IPC_RMID, NULL);
}

static void no_limit_at_all(void) {
  char *p = apart(2);
  limit(0);
  fails("mlock EPERM: a limit of nothing", mlock(p, PAGE), EPERM);
  fails("mlock2 EPERM: a limit of nothing", mlock2(p, PAGE, MLOCK_ONFAULT), EPERM);
  fails("mlockall EPERM: a limit of nothing", mlockall(MCL_CURRENT), EPERM);
  check("mmap EPERM: MAP_LOCKED", !map(1, PROT_READ, MAP_LOCKED) && errno == EPERM);
  int segment = shmget(IPC_PRIVATE, PAGE, 0600);
  fails("shmctl EPERM: SHM_LOCK", shmctl(segment, SHM_LOCK, NULL), EPERM);
  shmctl(segment, IPC_RMID, NULL);
  equal("munlock", munlock(p, PAGE), 0);
  equal("munlockall", munlockall(), 0);
}

static void refused(void) {
  char *p = apart(8);
  fails("mlock2 EINVAL: flags", mlock2(p, PAGE, 2), EINVAL);
  fails("mlock EINVAL: wraps around", mlock((void *)-PAGE, 2 * PAGE), EINVAL);
  fails("mlock2 EINVAL: wraps around", mlock2((void *)-PAGE, 2 * PAGE, 0), EINVAL);
  fails("munlock EINVAL: wraps around", munlock((void *)-PAGE, 2 * PAGE), EINVAL);
  fails("mlockall EINVAL: no flag", mlockall(0), EINVAL);
  fails("mlockall EINVAL: MCL_ONFAULT alone", mlockall(MCL_ONFAULT), EINVAL);
  fails("mlockall EINVAL: an unknown flag", mlockall(8), EINVAL);
  munmap(p + 4 * PAGE, PAGE);
  fails("mlock ENOMEM: a hole", mlock(p + 2 * PAGE, 4 * PAGE), ENOMEM);
  equal("what lies before it is locked", locked_pages(), 2);
  fails("mlock2 ENOMEM: nothing there", mlock2(p + 4 * PAGE, PAGE, 0), ENOMEM);
  fails("munlock ENOMEM: a hole", munlock(p + 3 * PAGE, 3 * PAGE), ENOMEM);
  equal("what lies before it is unlocked", locked_pages(), 1);
  char *none = map(1, PROT_NONE, 0);
  fails("mlock ENOMEM: no access", mlock(none, PAGE), ENOMEM);
  equal("but it is locked", in_smaps(none, " lo "), 1);
  munlockall();
  fails("mlock ENOMEM: beyond the end of a file", ({
          int file = memfd_create("short", 0);
          char *q = mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, file, 0);
          mlock(q, PAGE);
        }), ENOMEM);
}

static void advice(void) {
  char *p = apart(4);
  p[0] = 'x';
  mlock(p, 4 * PAGE);
  fails("madvise EINVAL: MADV_DONTNEED of locked pages", madvise(p, PAGE, MADV_DONTNEED), EINVAL);
  fails("madvise EINVAL: MADV_FREE of locked pages", madvise(p, PAGE, MADV_FREE), EINVAL);
  fails("madvise EINVAL: MADV_COLD of locked pages", madvise(p, PAGE, MADV_COLD), EINVAL);
  fails("madvise EINVAL: MADV_PAGEOUT of locked pages", madvise(p, PAGE, MADV_PAGEOUT), EINVAL);
  fails("msync EBUSY: MS_INVALIDATE of locked pages", msync(p, PAGE, MS_INVALIDATE), EBUSY);
  equal("MADV_DONTNEED_LOCKED", madvise(p, PAGE, MADV_DONTNEED_LOCKED), 0);
  equal("the page is gone", resident(p, 4), 3);
  equal("the lock is not", locked_pages(), 4);
  char *q = mremap(p, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP);
  check("MREMAP_DONTUNMAP leaves an unlocked mapping", q != MAP_FAILED && in_smaps(q, " lo ") == 1 && in_smaps(p, " lo ") == 0);
  char *shared = map(2, PROT_READ | PROT_WRITE, MAP_SHARED);
  mlock(shared, 2 * PAGE);
  fails("madvise EINVAL: MADV_REMOVE of locked pages", madvise(shared, PAGE, MADV_REMOVE), EINVAL);
  equal("a shared mapping is present", resident(shared, 2), 2);
}

int main(int count, char **arguments) {
  if (count > 1) {
    equal("a program that is executed has no locks", locked_pages(), 0);
    return finish();
  }
  marks();
  equal("on fault", in_child(on_fault()), EXITED(0));
  equal("all", in_child(all()), EXITED(0));
  equal("limits", in_child(limits()), EXITED(0));
  equal("no limit at all", in_child(no_limit_at_all()), EXITED(0));
  equal("refused", in_child(refused()), EXITED(0));
  equal("advice", in_child(advice()), EXITED(0));
  equal("exec", in_child(mlockall(MCL_CURRENT | MCL_FUTURE); execl("/proc/self/exe", arguments[0], "again", NULL)), EXITED(0));
  return finish();
}
