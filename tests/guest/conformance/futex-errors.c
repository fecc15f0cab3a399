/*
 * futex-errors.c - errors, interruption and restart of futex(2), futex_waitv(2), futex_wait(2), futex_wake(2), futex_requeue(2), set_robust_list(2) and
 * get_robust_list(2), as far as futex.c and futex-pi.c do not show them by name. What sleeps here sleeps in this process; a child wakes it.
 */
#include "check.h"

#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#define PAGE 4096UL
#define UNMAPPED ((void *)PAGE)
#define SYS_FUTEX_WAITV 449
#define SYS_FUTEX_WAKE 454
#define SYS_FUTEX_WAIT 455
#define SYS_FUTEX_REQUEUE 456
/* FUTEX2_SIZE_U32 */
#define U32 2

struct waiter {
  unsigned long value, address;
  unsigned flags, reserved;
};

static unsigned *word;
static volatile sig_atomic_t signals;
static void count_signal(int number) { (void)number, signals++; }

/** The low-level calls by their names. */
static long futex(void *address, int operation, unsigned value, const void *timeout, void *second, unsigned value3) {
  return syscall(SYS_futex, address, operation, value, timeout, second, value3);
}
static long futex_waitv(void *waiters, unsigned count, unsigned flags, void *timeout, int clock) {
  return syscall(SYS_FUTEX_WAITV, waiters, count, flags, timeout, clock);
}
static long futex_wait(void *address, unsigned long value, unsigned long mask, unsigned flags, void *timeout, int clock) {
  return syscall(SYS_FUTEX_WAIT, address, value, mask, flags, timeout, clock);
}
static long futex_wake(void *address, unsigned long mask, int most, unsigned flags) { return syscall(SYS_FUTEX_WAKE, address, mask, most, flags); }
static long futex_requeue(void *waiters, unsigned flags, int wake, int move) { return syscall(SYS_FUTEX_REQUEUE, waiters, flags, wake, move); }
static long set_robust_list(void *head, size_t bytes) { return syscall(SYS_set_robust_list, head, bytes); }
static long get_robust_list(int pid, void *head, void *bytes) { return syscall(SYS_get_robust_list, pid, head, bytes); }

/** An absolute time of the monotonic clock. */
static struct timespec after(int seconds) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  t.tv_sec += seconds;
  return t;
}

/** The call's result; a child sends signals while it sleeps, and wakes it when the handler has run. */
#define SIGNALLED(flags, call) \
  ({ \
    handle(SIGUSR1, count_signal, flags); \
    signals = 0; \
    word[1] = 0; \
    pid_t child_ = fork(); \
    if (child_ == 0) { \
      sleep_milliseconds(60); \
      kill(getppid(), SIGUSR1); \
      sleep_milliseconds(60); \
      while (!word[1]) futex(word, FUTEX_WAKE, 10, NULL, NULL, 0), sleep_milliseconds(5); \
      _exit(0); \
    } \
    errno = 0; \
    long result_ = (call); \
    int error_ = errno; \
    word[1] = 1; \
    reap(child_); \
    errno = error_; \
    result_; \
  })

static void one_word(void) {
  struct timespec ever = {1000, 0};
  fails("futex EFAULT", futex(UNMAPPED, FUTEX_WAIT, 0, NULL, NULL, 0), EFAULT);
  fails("futex EINTR: without SA_RESTART", SIGNALLED(0, futex(word, FUTEX_WAIT, 0, NULL, NULL, 0)), EINTR);
  equal("futex: restart with SA_RESTART", SIGNALLED(SA_RESTART, futex(word, FUTEX_WAIT, 0, NULL, NULL, 0)), 0);
  equal("the handler has run", signals, 1);
  fails("futex EINTR: with a time even so", SIGNALLED(SA_RESTART, futex(word, FUTEX_WAIT, 0, &ever, NULL, 0)), EINTR);
  word[2] = 0x3ffffff0; /* no such thread */
  fails("futex ESRCH: the owner is not there", futex(word + 2, FUTEX_LOCK_PI, 0, NULL, NULL, 0), ESRCH);
  word[2] = 0;
}

static void new_calls(void) {
  struct timespec until = after(1000), past = {0, 0}, bad = {0, -1};
  int monotonic = CLOCK_MONOTONIC;
  fails("futex_wait EAGAIN", futex_wait(word, 1, -1U, U32, NULL, monotonic), EAGAIN);
  fails("futex_wait EFAULT", futex_wait(UNMAPPED, 0, -1U, U32, NULL, monotonic), EFAULT);
  fails("futex_wait EFAULT: the time", futex_wait(word, 0, -1U, U32, (void *)8, monotonic), EFAULT);
  fails("futex_wait EINVAL: no size", futex_wait(word, 0, -1U, 0, NULL, monotonic), EINVAL);
  fails("futex_wait EINVAL: flags", futex_wait(word, 0, -1U, U32 | 0x100, NULL, monotonic), EINVAL);
  fails("futex_wait EINVAL: no mask", futex_wait(word, 0, 0, U32, NULL, monotonic), EINVAL);
  fails("futex_wait EINVAL: a long value", futex_wait(word, 1UL << 32, -1U, U32, NULL, monotonic), EINVAL);
  fails("futex_wait EINVAL: not aligned", futex_wait((char *)word + 1, 0, -1U, U32, NULL, monotonic), EINVAL);
  fails("futex_wait EINVAL: the clock", futex_wait(word, 0, -1U, U32, &until, CLOCK_BOOTTIME), EINVAL);
  fails("futex_wait EINVAL: the time", futex_wait(word, 0, -1U, U32, &bad, monotonic), EINVAL);
  fails("futex_wait ETIMEDOUT", futex_wait(word, 0, -1U, U32, &past, monotonic), ETIMEDOUT);
  fails("futex_wait EINTR: without SA_RESTART", SIGNALLED(0, futex_wait(word, 0, -1U, U32, &until, monotonic)), EINTR);
  equal("futex_wait: restart with SA_RESTART", SIGNALLED(SA_RESTART, futex_wait(word, 0, -1U, U32, &until, monotonic)), 0);
  equal("futex_wake", futex_wake(word, -1U, 1, U32), 0);
  fails("futex_wake EFAULT", futex_wake(UNMAPPED, -1U, 1, U32), EFAULT);
  fails("futex_wake EINVAL: no size", futex_wake(word, -1U, 1, 0), EINVAL);
  fails("futex_wake EINVAL: no mask", futex_wake(word, 0, 1, U32), EINVAL);
  fails("futex_wake EINVAL: not aligned", futex_wake((char *)word + 1, -1U, 1, U32), EINVAL);
  struct waiter two[2] = {{0, (unsigned long)word, U32, 0}, {0, (unsigned long)(word + 4), U32, 0}};
  equal("futex_requeue", futex_requeue(two, 0, 1, 1), 0);
  fails("futex_requeue EINVAL: flags", futex_requeue(two, 1, 1, 1), EINVAL);
  fails("futex_requeue EINVAL: no waiters", futex_requeue(NULL, 0, 1, 1), EINVAL);
  fails("futex_requeue EINVAL: negative", futex_requeue(two, 0, -1, 1), EINVAL);
  fails("futex_requeue EFAULT: the waiters", futex_requeue((void *)8, 0, 1, 1), EFAULT);
  two[0].value = 1;
  fails("futex_requeue EAGAIN", futex_requeue(two, 0, 1, 1), EAGAIN);
  two[0].address = PAGE;
  fails("futex_requeue EFAULT: a word", futex_requeue(two, 0, 1, 1), EFAULT);
}

static void several_words(void) {
  struct timespec until = after(1000), past = {0, 0}, bad = {0, -1};
  struct waiter two[2] = {{0, (unsigned long)word, U32, 0}, {0, (unsigned long)(word + 4), U32, 0}};
  int monotonic = CLOCK_MONOTONIC;
  fails("futex_waitv EINVAL: flags", futex_waitv(two, 2, 1, NULL, monotonic), EINVAL);
  fails("futex_waitv EINVAL: none", futex_waitv(two, 0, 0, NULL, monotonic), EINVAL);
  fails("futex_waitv EINVAL: too many", futex_waitv(two, 129, 0, NULL, monotonic), EINVAL);
  fails("futex_waitv EINVAL: the clock", futex_waitv(two, 2, 0, &until, CLOCK_BOOTTIME), EINVAL);
  fails("futex_waitv EINVAL: the time", futex_waitv(two, 2, 0, &bad, monotonic), EINVAL);
  fails("futex_waitv EFAULT", futex_waitv((void *)8, 2, 0, NULL, monotonic), EFAULT);
  fails("futex_waitv ETIMEDOUT", futex_waitv(two, 2, 0, &past, monotonic), ETIMEDOUT);
  fails("futex_waitv EINTR: without SA_RESTART", SIGNALLED(0, futex_waitv(two, 2, 0, &until, monotonic)), EINTR);
  equal("futex_waitv: restart with SA_RESTART", SIGNALLED(SA_RESTART, futex_waitv(two, 2, 0, &until, monotonic)), 0);
  two[1].value = 1;
  fails("futex_waitv EAGAIN", futex_waitv(two, 2, 0, NULL, monotonic), EAGAIN);
}

static void robust_lists(void) {
  void *head;
  size_t bytes;
  fails("set_robust_list EINVAL", set_robust_list(&head, 8), EINVAL);
  equal("get_robust_list", get_robust_list(0, &head, &bytes), 0);
  fails("get_robust_list EFAULT: the head", get_robust_list(0, (void *)8, &bytes), EFAULT);
  fails("get_robust_list EFAULT: the length", get_robust_list(0, &head, (void *)8), EFAULT);
  fails("get_robust_list ESRCH", get_robust_list(99999, &head, &bytes), ESRCH);
  int parent = getpid();
  equal("another user", in_child({
          setgid(1000), setuid(1000);
          fails("get_robust_list EPERM", get_robust_list(parent, &head, &bytes), EPERM);
        }), EXITED(0));
}

int main(void) {
  word = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  one_word();
  new_calls();
  several_words();
  robust_lists();
  return finish();
}
