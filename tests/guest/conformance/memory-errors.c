/*
 * memory-errors.c - each error of the calls on mappings: mmap(2), munmap(2), mprotect(2), brk(2), mremap(2), msync(2), mincore(2), madvise(2),
 * remap_file_pages(2), mseal(2), memfd_create(2), getrandom(2), pkeys(7).
 *
 * A line names the call and the error first. What locked memory adds is in mlock.c.
 */
#include "check.h"

#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#define PAGE 4096UL
#define KERNEL_HALF ((char *)0xffff800000000000)
#define SYS_MSEAL 462
#ifndef MADV_DONTNEED_LOCKED
#define MADV_DONTNEED_LOCKED 24
#endif
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif

static char *map(size_t pages, int protection, int flags) {
  char *p = mmap(NULL, pages * PAGE, protection, flags | MAP_ANONYMOUS, -1, 0);
  return p == MAP_FAILED ? NULL : p;
}

/** mmap's result as the calls that return 0 have it. */
static int mapped(void *address, size_t bytes, int protection, int flags, int file, off_t offset) {
  return mmap(address, bytes, protection, flags, file, offset) == MAP_FAILED ? -1 : 0;
}

static int remapped(void *old, size_t old_bytes, size_t bytes, int flags, void *target) {
  return mremap(old, old_bytes, bytes, flags, target) == MAP_FAILED ? -1 : 0;
}

/** A mapping of `pages` whose page `hole` is not mapped. */
static char *with_hole(size_t pages, size_t hole) {
  char *p = map(pages, PROT_READ | PROT_WRITE, MAP_PRIVATE);
  munmap(p + hole * PAGE, PAGE);
  return p;
}

static void limit(int resource, long value) {
  struct rlimit l;
  getrlimit(resource, &l);
  l.rlim_cur = value;
  setrlimit(resource, &l);
}

static void mmap_of_files(void) {
  make_file("f", "something");
  int both = open("f", O_RDWR), reading = open("f", O_RDONLY), writing = open("f", O_WRONLY), appending = open("f", O_RDWR | O_APPEND);
  int ends[2], directory = open(".", O_RDONLY), path = open("f", O_PATH), sealed = memfd_create("s", MFD_ALLOW_SEALING);
  pipe(ends);
  equal("mmap", mapped(NULL, PAGE, PROT_READ, MAP_PRIVATE, both, 0), 0);
  fails("mmap EBADF: no descriptor", mapped(NULL, PAGE, PROT_READ, MAP_PRIVATE, 99, 0), EBADF);
  fails("mmap EBADF: an O_PATH descriptor", mapped(NULL, PAGE, PROT_READ, MAP_PRIVATE, path, 0), EBADF);
  fails("mmap EACCES: not open for reading", mapped(NULL, PAGE, PROT_READ, MAP_PRIVATE, writing, 0), EACCES);
  fails("mmap EACCES: shared, not open for writing", mapped(NULL, PAGE, PROT_WRITE, MAP_SHARED, reading, 0), EACCES);
  equal("mmap: shared and appending goes", mapped(NULL, PAGE, PROT_WRITE, MAP_SHARED, appending, 0), 0);
  fails("mmap ENODEV: a pipe", mapped(NULL, PAGE, PROT_READ, MAP_PRIVATE, ends[0], 0), ENODEV);
  fails("mmap ENODEV: a directory", mapped(NULL, PAGE, PROT_READ, MAP_PRIVATE, directory, 0), ENODEV);
  fails("mmap EINVAL: no length", mapped(NULL, 0, PROT_READ, MAP_PRIVATE, both, 0), EINVAL);
  fails("mmap EINVAL: neither shared nor private", mapped(NULL, PAGE, PROT_READ, 0, both, 0), EINVAL);
  fails("mmap EINVAL: offset", mapped(NULL, PAGE, PROT_READ, MAP_PRIVATE, both, 1), EINVAL);
  fails("mmap EINVAL: a kind that is not there", mapped(NULL, PAGE, PROT_READ, 8, both, 0), EINVAL);
  fails("mmap EOPNOTSUPP: MAP_SHARED_VALIDATE with MAP_SYNC", mapped(NULL, PAGE, PROT_READ, MAP_SHARED_VALIDATE | MAP_SYNC, both, 0), EOPNOTSUPP);
  fails("mmap EOVERFLOW: offset", mapped(NULL, 2 * PAGE, PROT_READ, MAP_PRIVATE, both, -PAGE), EOVERFLOW);
  ftruncate(sealed, PAGE);
  fcntl(sealed, F_ADD_SEALS, F_SEAL_WRITE);
  fails("mmap EPERM: a seal", mapped(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, sealed, 0), EPERM);
  int data = open("/dev/shm/data", O_CREAT | O_RDWR, 0700);
  ftruncate(data, PAGE);
  fails("mmap EPERM: execution on a mount without", mapped(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, data, 0), EPERM);
  char *p = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, data, 0);
  fails("mprotect EACCES: execution on a mount without", mprotect(p, PAGE, PROT_READ | PROT_EXEC), EACCES);
  equal("mprotect: writing goes", mprotect(p, PAGE, PROT_READ | PROT_WRITE), 0);
  unlink("/dev/shm/data");
}

static void mmap_of_memory(void) {
  char *p = map(4, PROT_READ | PROT_WRITE, MAP_PRIVATE);
  int anonymous = MAP_PRIVATE | MAP_ANONYMOUS;
  fails("mmap EINVAL: MAP_FIXED not aligned", mapped(p + 1, PAGE, PROT_READ, anonymous | MAP_FIXED, -1, 0), EINVAL);
  fails("mmap EEXIST", mapped(p, PAGE, PROT_READ, anonymous | MAP_FIXED_NOREPLACE, -1, 0), EEXIST);
  fails("mmap ENOMEM: more than there are addresses", mapped(NULL, 1UL << 47, PROT_READ, anonymous, -1, 0), ENOMEM);
  fails("mmap ENOMEM: a length that wraps around", mapped(NULL, -1UL, PROT_READ, anonymous, -1, 0), ENOMEM);
  fails("mmap ENOMEM: an address of the kernel", mapped(KERNEL_HALF, PAGE, PROT_READ, anonymous | MAP_FIXED, -1, 0), ENOMEM);
  fails("mmap EPERM: page 0", mapped(NULL, PAGE, PROT_READ, anonymous | MAP_FIXED, -1, 0), EPERM);
  fails("mmap EINVAL: huge pages of a size that is not there", mapped(NULL, PAGE, PROT_READ, anonymous | MAP_HUGETLB | 22 << 26, -1, 0), EINVAL);
  fails("mmap ENOMEM: huge pages", mapped(NULL, PAGE, PROT_READ, anonymous | MAP_HUGETLB, -1, 0), ENOMEM);
}

/** Every other page of a large mapping becomes one of its own, until there are too many. */
static void too_many_mappings(void) {
  char *p = map(140000, PROT_NONE, MAP_PRIVATE | MAP_NORESERVE);
  long i = 0;
  while (i < 140000 && mprotect(p + i * PAGE, PAGE, PROT_READ) == 0) i += 2;
  check("there can be tens of thousands", i > 50000 && i < 140000);
  char *inside = p + (i + 3) * PAGE;
  fails("mprotect ENOMEM: too many mappings", mprotect(inside, PAGE, PROT_READ), ENOMEM);
  fails("munmap ENOMEM: too many mappings", munmap(inside, PAGE), ENOMEM);
  fails("mlock ENOMEM: too many mappings", mlock(inside, PAGE), ENOMEM);
  fails("mlock2 ENOMEM: too many mappings", mlock2(inside, PAGE, MLOCK_ONFAULT), ENOMEM);
  fails("madvise EAGAIN: too many mappings", madvise(inside, PAGE, MADV_DONTFORK), EAGAIN);
  fails("mseal ENOMEM: too many mappings", syscall(SYS_MSEAL, inside, PAGE, 0), ENOMEM);
  int file = memfd_create("f", 0), result = 0, error = 0;
  for (int j = 0; j < 8 && result == 0; j++) {
    result = mapped(NULL, PAGE, PROT_READ, MAP_SHARED, file, 2 * j * PAGE);
    error = errno;
  }
  fails("mmap ENOMEM: too many mappings", (errno = error, result), ENOMEM);
  munmap(p, 140000 * PAGE);
}

static void munmap_and_mprotect(void) {
  char *p = map(4, PROT_READ | PROT_WRITE, MAP_PRIVATE);
  equal("munmap", munmap(p + 3 * PAGE, PAGE), 0);
  fails("munmap EINVAL: not aligned", munmap(p + 1, PAGE), EINVAL);
  fails("munmap EINVAL: no length", munmap(p, 0), EINVAL);
  fails("munmap EINVAL: addresses of the kernel", munmap(KERNEL_HALF, PAGE), EINVAL);
  fails("munmap EINVAL: a length that wraps around", munmap(p, -PAGE), EINVAL);
  equal("mprotect", mprotect(p, PAGE, PROT_READ), 0);
  equal("mprotect of nothing", mprotect(p, 0, PROT_READ), 0);
  fails("mprotect EINVAL: not aligned", mprotect(p + 1, PAGE, PROT_READ), EINVAL);
  fails("mprotect EINVAL: unknown access", mprotect(p, PAGE, 0x100), EINVAL);
  fails("mprotect EINVAL: PROT_GROWSDOWN and PROT_GROWSUP", mprotect(p, PAGE, PROT_READ | PROT_GROWSDOWN | PROT_GROWSUP), EINVAL);
  fails("mprotect EINVAL: PROT_GROWSDOWN of no stack", mprotect(p, PAGE, PROT_READ | PROT_GROWSDOWN), EINVAL);
  fails("mprotect EINVAL: PROT_GROWSUP", mprotect(p, PAGE, PROT_READ | PROT_GROWSUP), EINVAL);
  fails("mprotect ENOMEM: not mapped", mprotect((void *)(16 * PAGE), PAGE, PROT_READ), ENOMEM);
  fails("mprotect ENOMEM: a length that wraps around", mprotect(p, -PAGE, PROT_READ), ENOMEM);
  fails("mprotect ENOMEM: addresses of the kernel", mprotect(KERNEL_HALF, PAGE, PROT_READ), ENOMEM);
  make_file("r", "something");
  int reading = open("r", O_RDONLY);
  mmap(p + 2 * PAGE, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, reading, 0);
  fails("mprotect EACCES: shared, not open for writing", mprotect(p, 3 * PAGE, PROT_READ | PROT_WRITE), EACCES);
  p[0] = 1; /* what lies before it has changed */
  char *q = with_hole(4, 2);
  fails("mprotect ENOMEM: a hole", mprotect(q, 4 * PAGE, PROT_READ), ENOMEM);
  equal("what lies before it has changed", syscall(SYS_read, open("/dev/zero", O_RDONLY), q, 1) == -1 && errno == EFAULT, 1);
}

static void data_limits(void) {
  char *p = map(64, PROT_READ, MAP_PRIVATE);
  char *top = sbrk(0);
  limit(RLIMIT_DATA, 1 << 20);
  fails("mmap ENOMEM: RLIMIT_DATA", mapped(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), ENOMEM);
  equal("mmap: shared memory is no data", mapped(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0), 0);
  equal("mmap: nor is what cannot be written", mapped(NULL, 1 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 0);
  fails("brk ENOMEM: RLIMIT_DATA", brk(top + (1 << 20)), ENOMEM);
  limit(RLIMIT_DATA, 128 << 10);
  fails("mprotect ENOMEM: RLIMIT_DATA", mprotect(p, 64 * PAGE, PROT_READ | PROT_WRITE), ENOMEM);
  limit(RLIMIT_DATA, -1);
  equal("brk", brk(top + PAGE), 0);
  limit(RLIMIT_AS, 1 << 20);
  fails("mmap ENOMEM: RLIMIT_AS", mapped(NULL, 16 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), ENOMEM);
  fails("mremap ENOMEM: RLIMIT_AS", remapped(p, 64 * PAGE, 16 << 20, MREMAP_MAYMOVE, NULL), ENOMEM);
  fails("brk ENOMEM: RLIMIT_AS", brk(top + (16 << 20)), ENOMEM);
}

static void mremap_errors(void) {
  char *p = map(8, PROT_READ | PROT_WRITE, MAP_PRIVATE), *q = map(8, PROT_READ | PROT_WRITE, MAP_PRIVATE);
  int fixed = MREMAP_MAYMOVE | MREMAP_FIXED, keeping = MREMAP_MAYMOVE | MREMAP_DONTUNMAP;
  mprotect(p + 4 * PAGE, PAGE, PROT_NONE);
  equal("mremap", remapped(q, 8 * PAGE, 4 * PAGE, 0, NULL), 0);
  fails("mremap EINVAL: not aligned", remapped(p + 1, PAGE, 2 * PAGE, MREMAP_MAYMOVE, NULL), EINVAL);
  fails("mremap EINVAL: flags", remapped(p, PAGE, PAGE, 64, NULL), EINVAL);
  fails("mremap EINVAL: to no length", remapped(p, PAGE, 0, MREMAP_MAYMOVE, NULL), EINVAL);
  fails("mremap EINVAL: MREMAP_FIXED alone", remapped(p, PAGE, PAGE, MREMAP_FIXED, q), EINVAL);
  fails("mremap EINVAL: MREMAP_DONTUNMAP alone", remapped(p, PAGE, PAGE, MREMAP_DONTUNMAP, q), EINVAL);
  fails("mremap EINVAL: MREMAP_DONTUNMAP to another length", remapped(p, PAGE, 2 * PAGE, keeping, NULL), EINVAL);
  fails("mremap EINVAL: target not aligned", remapped(p, PAGE, PAGE, fixed, q + 1), EINVAL);
  fails("mremap EINVAL: target in the kernel", remapped(p, PAGE, PAGE, fixed, KERNEL_HALF), EINVAL);
  fails("mremap EINVAL: target overlaps", remapped(p, 2 * PAGE, 2 * PAGE, fixed, p + PAGE), EINVAL);
  fails("mremap EINVAL: a copy of private memory", remapped(p, 0, PAGE, MREMAP_MAYMOVE, NULL), EINVAL);
  fails("mremap EPERM: page 0", remapped(p, PAGE, PAGE, fixed, NULL), EPERM);
  fails("mremap EFAULT: nothing mapped", remapped((void *)(16 * PAGE), PAGE, 2 * PAGE, MREMAP_MAYMOVE, NULL), EFAULT);
  fails("mremap EFAULT: two mappings", remapped(p, 8 * PAGE, 16 * PAGE, MREMAP_MAYMOVE, NULL), EFAULT);
  fails("mremap ENOMEM: no room where it is", remapped(p, 4 * PAGE, 8 * PAGE, 0, NULL), ENOMEM);
  fails("mremap ENOMEM: more than there are addresses", remapped(p, PAGE, 1UL << 46, 0, NULL), ENOMEM);
  syscall(SYS_MSEAL, q, PAGE, 0);
  fails("mremap EPERM: sealed", remapped(q, PAGE, PAGE * 2, MREMAP_MAYMOVE, NULL), EPERM);
}

static void msync_and_mincore(void) {
  unsigned char present[8];
  char *p = with_hole(4, 2);
  equal("msync", msync(p, PAGE, MS_SYNC | MS_INVALIDATE), 0);
  equal("msync of nothing", msync(p + 2 * PAGE, 0, MS_SYNC), 0);
  fails("msync EINVAL: not aligned", msync(p + 1, PAGE, MS_SYNC), EINVAL);
  fails("msync EINVAL: flags", msync(p, PAGE, 64), EINVAL);
  fails("msync EINVAL: both ways", msync(p, PAGE, MS_SYNC | MS_ASYNC), EINVAL);
  fails("msync ENOMEM: a hole", msync(p, 4 * PAGE, MS_SYNC), ENOMEM);
  fails("msync ENOMEM: a length that wraps around", msync(p, -PAGE, MS_SYNC), ENOMEM);
  equal("mincore", mincore(p, 2 * PAGE, present), 0);
  fails("mincore EINVAL: not aligned", mincore(p + 1, PAGE, present), EINVAL);
  fails("mincore EFAULT", mincore(p, PAGE, (void *)8), EFAULT);
  fails("mincore ENOMEM: a hole", mincore(p, 4 * PAGE, present), ENOMEM);
  fails("mincore ENOMEM: addresses of the kernel", mincore(KERNEL_HALF, PAGE, present), ENOMEM);
  fails("mincore ENOMEM: a length that wraps around", mincore(p, -PAGE, present), ENOMEM);
}

static void madvise_errors(void) {
  char *p = with_hole(4, 2), *shared = map(2, PROT_READ | PROT_WRITE, MAP_SHARED), *none = map(1, PROT_NONE, MAP_PRIVATE);
  int file = memfd_create("short", 0);
  ftruncate(file, PAGE);
  char *beyond = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  char *private = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
  equal("madvise", madvise(p, 2 * PAGE, MADV_DONTNEED), 0);
  equal("madvise of nothing", madvise(p + 2 * PAGE, 0, MADV_DONTNEED), 0);
  fails("madvise EINVAL: not aligned", madvise(p + 1, PAGE, MADV_NORMAL), EINVAL);
  fails("madvise EINVAL: advice", madvise(p, PAGE, 9999), EINVAL);
  fails("madvise EINVAL: a length that wraps around", madvise(p, -PAGE, MADV_NORMAL), EINVAL);
  fails("madvise EINVAL: MADV_FREE of a file", madvise(private, PAGE, MADV_FREE), EINVAL);
  fails("madvise EINVAL: MADV_FREE of shared memory", madvise(shared, PAGE, MADV_FREE), EINVAL);
  fails("madvise EINVAL: MADV_WIPEONFORK of a file", madvise(private, PAGE, MADV_WIPEONFORK), EINVAL);
  fails("madvise EINVAL: MADV_WIPEONFORK of shared memory", madvise(shared, PAGE, MADV_WIPEONFORK), EINVAL);
  fails("madvise EINVAL: MADV_REMOVE of private memory", madvise(p, PAGE, MADV_REMOVE), EINVAL);
  fails("madvise EACCES: MADV_REMOVE of a private mapping", madvise(private, PAGE, MADV_REMOVE), EACCES);
  fails("madvise EINVAL: MADV_POPULATE_READ without access", madvise(none, PAGE, MADV_POPULATE_READ), EINVAL);
  fails("madvise EFAULT: MADV_POPULATE_READ beyond the end of a file", madvise(beyond, 2 * PAGE, MADV_POPULATE_READ), EFAULT);
  fails("madvise EFAULT: MADV_POPULATE_WRITE beyond the end of a file", madvise(beyond + PAGE, PAGE, MADV_POPULATE_WRITE), EFAULT);
  fails("madvise ENOMEM: MADV_POPULATE_READ of nothing", madvise(p + 2 * PAGE, PAGE, MADV_POPULATE_READ), ENOMEM);
  fails("madvise ENOMEM: a hole", madvise(p, 4 * PAGE, MADV_DONTNEED), ENOMEM);
  fails("madvise ENOMEM: addresses of the kernel", madvise(KERNEL_HALF, PAGE, MADV_DONTNEED), ENOMEM);
  syscall(SYS_MSEAL, none, PAGE, 0);
  fails("madvise EPERM: sealed", madvise(none, PAGE, MADV_DONTNEED), EPERM);
}

static void others(void) {
  char *p = map(4, PROT_READ | PROT_WRITE, MAP_SHARED), *private = map(1, PROT_READ, MAP_PRIVATE), name[300] = {0}, bytes[16];
  equal("remap_file_pages", syscall(SYS_remap_file_pages, p, PAGE, 0, 2, 0), 0);
  fails("remap_file_pages EINVAL: access", syscall(SYS_remap_file_pages, p, PAGE, PROT_READ, 2, 0), EINVAL);
  fails("remap_file_pages EINVAL: private memory", syscall(SYS_remap_file_pages, private, PAGE, 0, 0, 0), EINVAL);
  fails("remap_file_pages EINVAL: nothing there", syscall(SYS_remap_file_pages, 16 * PAGE, PAGE, 0, 0, 0), EINVAL);
  fails("remap_file_pages EINVAL: no length", syscall(SYS_remap_file_pages, p, 0, 0, 0, 0), EINVAL);
  fails("mseal EINVAL: flags", syscall(SYS_MSEAL, private, PAGE, 1), EINVAL);
  fails("mseal EINVAL: not aligned", syscall(SYS_MSEAL, private + 1, PAGE, 0), EINVAL);
  fails("mseal EINVAL: a length that wraps around", syscall(SYS_MSEAL, private, -PAGE, 0), EINVAL);
  fails("mseal ENOMEM: nothing there", syscall(SYS_MSEAL, 16 * PAGE, PAGE, 0), ENOMEM);
  equal("mseal", syscall(SYS_MSEAL, private, PAGE, 0), 0);
  fails("munmap EPERM: sealed", munmap(private, PAGE), EPERM);
  fails("mprotect EPERM: sealed", mprotect(private, PAGE, PROT_NONE), EPERM);
  fails("mmap EPERM: sealed", mapped(private, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0), EPERM);
  check("memfd_create", memfd_create("f", MFD_CLOEXEC) >= 0);
  fails("memfd_create EFAULT", syscall(SYS_memfd_create, 8, 0), EFAULT);
  fails("memfd_create EINVAL: flags", memfd_create("f", 0x100), EINVAL);
  memset(name, 'n', 250);
  fails("memfd_create EINVAL: a long name", memfd_create(name, 0), EINVAL);
  fails("memfd_create EINVAL: MFD_EXEC and MFD_NOEXEC_SEAL", memfd_create("f", 0x18), EINVAL);
  equal("memfd_create, limited", in_child({
          limit(RLIMIT_NOFILE, 3);
          fails("memfd_create EMFILE", memfd_create("f", 0), EMFILE);
        }), EXITED(0));
  equal("getrandom", getrandom(bytes, sizeof bytes, GRND_NONBLOCK), 16);
  fails("getrandom EFAULT", syscall(SYS_getrandom, 8, 16, 0), EFAULT);
  fails("getrandom EINVAL: flags", getrandom(bytes, 1, 64), EINVAL);
  fails("getrandom EINVAL: GRND_RANDOM and GRND_INSECURE", getrandom(bytes, 1, 6), EINVAL);
  fails("pkey_alloc EINVAL: flags", syscall(SYS_pkey_alloc, 1, 0), EINVAL);
  fails("pkey_alloc EINVAL: rights", syscall(SYS_pkey_alloc, 0, 4), EINVAL);
  fails("pkey_free EINVAL", syscall(SYS_pkey_free, 14), EINVAL);
  fails("pkey_mprotect EINVAL: a key that is not there", syscall(SYS_pkey_mprotect, p, PAGE, PROT_READ, 14), EINVAL);
  fails("pkey_mprotect EINVAL: not aligned", syscall(SYS_pkey_mprotect, p + 1, PAGE, PROT_READ, -1), EINVAL);
  fails("pkey_mprotect ENOMEM: nothing there", syscall(SYS_pkey_mprotect, 16 * PAGE, PAGE, PROT_READ, -1), ENOMEM);
  fails("pkey_mprotect EACCES: shared, not open for writing", ({
          char *q = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, open("f", O_RDONLY), 0);
          syscall(SYS_pkey_mprotect, q, PAGE, PROT_READ | PROT_WRITE, -1);
        }), EACCES);
  equal("pkey_mprotect", syscall(SYS_pkey_mprotect, p, PAGE, PROT_READ, -1), 0);
}

int main(void) {
  enter_scratch();
  mmap_of_files();
  mmap_of_memory();
  munmap_and_mprotect();
  equal("limits", in_child(data_limits()), EXITED(0));
  mremap_errors();
  msync_and_mincore();
  madvise_errors();
  others();
  equal("too many mappings", in_child(too_many_mappings()), EXITED(0));
  return finish();
}
