/* Calls by path and descriptor that came late: setxattrat and its family, name_to_handle_at, RENAME_WHITEOUT, futex_wake, futex_wait, futex_requeue. */
#include "check.h"
#include <linux/futex.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

/* Newer than this machine's headers: setxattrat, getxattrat, listxattrat, removexattrat. */
#define CALL_setxattrat 463
#define CALL_getxattrat 464
#define CALL_listxattrat 465
#define CALL_removexattrat 466

struct arguments {
  unsigned long value;
  unsigned size, flags;
  char more[8];
};
static struct arguments given;
static long set_at(int dir, const char *path, unsigned at, const char *name, const char *value, unsigned flags) {
  given = (struct arguments){(unsigned long)value, strlen(value), flags, ""};
  return syscall(CALL_setxattrat, dir, path, at, name, &given, 16);
}
static char got[64];
static long get_at(int dir, const char *path, unsigned at, const char *name) {
  memset(got, 0, sizeof got);
  given = (struct arguments){(unsigned long)got, sizeof got, 0, ""};
  return syscall(CALL_getxattrat, dir, path, at, name, &given, 16);
}

static void attributes(void) {
  mkdir("d", 0755);
  make_file("d/f", "x");
  symlink("f", "d/l");
  int dir = open("d", O_RDONLY | O_DIRECTORY), file = open("d/f", O_RDONLY), path = open("d/f", O_PATH);
  equal("set", set_at(dir, "f", 0, "user.a", "one", 0), 0);
  equal("get", get_at(dir, "f", 0, "user.a"), 3);
  same_text("its value", got, "one");
  equal("through a link", get_at(dir, "l", 0, "user.a"), 3);
  fails("of a link", get_at(dir, "l", AT_SYMLINK_NOFOLLOW, "user.a"), ENODATA);
  equal("by descriptor", get_at(file, "", AT_EMPTY_PATH, "user.a"), 3);
  equal("without a path", get_at(file, NULL, AT_EMPTY_PATH, "user.a"), 3);
  fails("by a descriptor of a path", get_at(path, "", AT_EMPTY_PATH, "user.a"), EBADF);
  fails("an empty path", get_at(file, "", 0, "user.a"), ENOENT);
  fails("create again", set_at(dir, "f", 0, "user.a", "two", XATTR_CREATE), EEXIST);
  fails("flags", set_at(dir, "f", 0, "user.a", "two", 64), EINVAL);
  fails("flags of the path", set_at(dir, "f", 64, "user.a", "two", 0), EINVAL);
  fails("descriptor", set_at(99, "f", 0, "user.a", "two", 0), EBADF);
  equal("set by descriptor", set_at(file, "", AT_EMPTY_PATH, "user.b", "two", 0), 0);
  given = (struct arguments){0};
  fails("small structure", syscall(CALL_getxattrat, dir, "f", 0, "user.a", &given, 8), EINVAL);
  equal("large structure", syscall(CALL_getxattrat, dir, "f", 0, "user.a", &given, sizeof given), 3);
  given.more[2] = 1;
  fails("with something in it", syscall(CALL_getxattrat, dir, "f", 0, "user.a", &given, sizeof given), E2BIG);
  fails("huge structure", syscall(CALL_getxattrat, dir, "f", 0, "user.a", &given, 8192), E2BIG);
  given = (struct arguments){.flags = 1};
  fails("get: flags", syscall(CALL_getxattrat, dir, "f", 0, "user.a", &given, 16), EINVAL);
  equal("list", syscall(CALL_listxattrat, dir, "f", 0, got, sizeof got), 14);
  equal("list: how much", syscall(CALL_listxattrat, file, "", AT_EMPTY_PATH, NULL, 0), 14);
  fails("list: small", syscall(CALL_listxattrat, dir, "f", 0, got, 5), ERANGE);
  equal("remove", syscall(CALL_removexattrat, dir, "f", 0, "user.a"), 0);
  fails("remove again", syscall(CALL_removexattrat, dir, "f", 0, "user.a"), ENODATA);
  equal("remove by descriptor", syscall(CALL_removexattrat, file, "", AT_EMPTY_PATH, "user.b"), 0);
  equal("list: nothing", syscall(CALL_listxattrat, dir, "f", 0, got, sizeof got), 0);
}

static void handles(void) {
  char space[sizeof(struct file_handle) + 128], other[sizeof space];
  struct file_handle *handle = (void *)space, *again = (void *)other;
  memset(space, 0, sizeof space), memset(other, 0, sizeof other);
  int mount = -1, same = -2;
  handle->handle_bytes = 0;
  fails("handle: how large", name_to_handle_at(AT_FDCWD, "d/f", handle, &mount, 0), EOVERFLOW);
  check("says so", handle->handle_bytes > 0 && handle->handle_bytes <= 128 && mount >= 0);
  unsigned bytes = handle->handle_bytes;
  equal("handle", name_to_handle_at(AT_FDCWD, "d/f", handle, &mount, 0), 0);
  again->handle_bytes = 128;
  equal("through a link", name_to_handle_at(AT_FDCWD, "d/l", again, &same, AT_SYMLINK_FOLLOW), 0);
  check("is the same", again->handle_bytes == bytes && mount == same && handle->handle_type == again->handle_type &&
                           memcmp(handle->f_handle, again->f_handle, bytes) == 0);
  again->handle_bytes = 128;
  equal("of the link", name_to_handle_at(AT_FDCWD, "d/l", again, &same, 0), 0);
  check("is another", memcmp(handle->f_handle, again->f_handle, bytes) != 0);
  again->handle_bytes = 128;
  int file = open("d/f", O_RDONLY);
  equal("by descriptor", name_to_handle_at(file, "", again, &same, AT_EMPTY_PATH), 0);
  check("the same", memcmp(handle->f_handle, again->f_handle, bytes) == 0);
  again->handle_bytes = 129;
  fails("too large", name_to_handle_at(file, "", again, &same, AT_EMPTY_PATH), EINVAL);
  fails("flags", name_to_handle_at(file, "", again, &same, 0x10000), EINVAL);
  fails("no such file", name_to_handle_at(AT_FDCWD, "none", again, &same, 0), ENOENT);
  fails("opening is for the privileged", open_by_handle_at(AT_FDCWD, handle, O_RDONLY), EPERM);
}

static void whiteout(void) {
  make_file("a", "a");
  make_file("b", "b");
  equal("rename", renameat2(AT_FDCWD, "a", AT_FDCWD, "c", RENAME_WHITEOUT), 0);
  struct stat status;
  equal("leaves something", lstat("a", &status), 0);
  check("a device of number 0", S_ISCHR(status.st_mode) && status.st_rdev == 0 && status.st_nlink == 1);
  fails("that cannot be opened", open("a", O_RDONLY), EACCES);
  equal("the file is there", access("c", R_OK), 0);
  equal("over another", renameat2(AT_FDCWD, "b", AT_FDCWD, "c", RENAME_WHITEOUT), 0);
  check("too", lstat("b", &status) == 0 && S_ISCHR(status.st_mode));
  fails("not over one", renameat2(AT_FDCWD, "c", AT_FDCWD, "b", RENAME_WHITEOUT | RENAME_NOREPLACE), EEXIST);
  fails("not to exchange", renameat2(AT_FDCWD, "c", AT_FDCWD, "b", RENAME_WHITEOUT | RENAME_EXCHANGE), EINVAL);
  equal("it can be removed", unlink("a"), 0);
  fails("unknown flag", renameat2(AT_FDCWD, "c", AT_FDCWD, "b", 64), EINVAL);
}

static unsigned word, other;
static volatile int woken;
static long futex_wake2(unsigned *at, unsigned long mask, int count, unsigned flags) { return syscall(454, at, mask, count, flags); }
static long futex_wait2(unsigned *at, unsigned long value, unsigned long mask, unsigned flags, struct timespec *until, int clock) {
  return syscall(455, at, value, mask, flags, until, clock);
}
static void *waiter(void *mask) {
  long r = futex_wait2(&word, 0, (unsigned long)mask, 2 | 128, NULL, 0);
  __atomic_add_fetch(&woken, 1, __ATOMIC_SEQ_CST);
  return (void *)r;
}

static void words(void) {
  struct timespec past = {0, 0}, bad = {0, 2000000000};
  fails("wait: another value", futex_wait2(&word, 1, ~0u, 2 | 128, NULL, 0), EAGAIN);
  fails("wait: a time that has passed", futex_wait2(&word, 0, ~0u, 2, &past, CLOCK_MONOTONIC), ETIMEDOUT);
  fails("wait: of the other clock", futex_wait2(&word, 0, ~0u, 2, &past, CLOCK_REALTIME), ETIMEDOUT);
  fails("wait: another clock", futex_wait2(&word, 0, ~0u, 2, &past, CLOCK_BOOTTIME), EINVAL);
  fails("wait: a bad time", futex_wait2(&word, 0, ~0u, 2, &bad, CLOCK_MONOTONIC), EINVAL);
  fails("wait: no bits", futex_wait2(&word, 0, 0, 2, NULL, 0), EINVAL);
  fails("wait: no size", futex_wait2(&word, 0, ~0u, 128, NULL, 0), EINVAL);
  fails("wait: a value of 64 bits", futex_wait2(&word, 1ul << 32, ~0u, 2, NULL, 0), EINVAL);
  fails("wake: no bits", futex_wake2(&word, 0, 1, 2), EINVAL);
  fails("wake: unknown flags", futex_wake2(&word, 1, 1, 2 | 64), EINVAL);
  equal("wake: nobody", futex_wake2(&word, ~0u, 1, 2), 0);
  pthread_t threads[3];
  for (long i = 0; i < 3; i++) pthread_create(&threads[i], NULL, waiter, (void *)(1l << i));
  check("wake one of them by its bit", eventually(futex_wake2(&word, 2, 1, 2 | 128) == 1));
  equal("wake: none at all", futex_wake2(&word, ~0u, 0, 2 | 128), 0);
  struct futex_waitv pair[2] = {{0, (unsigned long)&word, 2 | 128, 0}, {0, (unsigned long)&other, 2 | 128, 0}};
  int moved = 0;
  check("requeue the others", eventually((moved += syscall(456, pair, 0, 0, 5)) == 2));
  equal("they wait there", futex_wake2(&word, ~0u, 5, 2 | 128), 0);
  equal("wake them", futex_wake2(&other, ~0u, 5, 2 | 128), 2);
  void *result;
  for (int i = 0; i < 3; i++) {
    pthread_join(threads[i], &result);
    equal("a waiter returns", (long)result, 0);
  }
  pair[0].val = 1;
  fails("requeue: another value", syscall(456, pair, 0, 0, 5), EAGAIN);
  fails("requeue: flags", syscall(456, pair, 1, 0, 5), EINVAL);
  fails("requeue: nothing", syscall(456, NULL, 0, 0, 5), EINVAL);
  fails("requeue: negative", (pair[0].val = 0, syscall(456, pair, 0, -1, 5)), EINVAL);
}

int main(void) {
  enter_scratch();
  attributes();
  handles();
  whiteout();
  words();
  return finish();
}
