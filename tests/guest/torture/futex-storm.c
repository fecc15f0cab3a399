/*
 * futex-storm [THREADS [ROUNDS]]: very many threads that wait for, wake and requeue one another on a few futexes, while signals come; none may
 * sleep on and no turn may be lost.
 */
#include "check.h"
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <sys/time.h>

#define LOCKS 8
#define STACK_BYTES (16 * 1024 + PTHREAD_STACK_MIN)

static int threads = 1000, rounds = 20;

static long futex(unsigned *word, int operation, unsigned value, unsigned long timeout, unsigned *second, unsigned third) {
  return syscall(SYS_futex, word, operation, value, timeout, second, third);
}

/** A lock as in futex(2): 0 free, 1 taken, 2 taken and somebody may wait. */
static struct {
  unsigned word;
  unsigned long count;
} locks[LOCKS];

static void lock(unsigned *word) {
  unsigned seen = 0;
  if (__atomic_compare_exchange_n(word, &seen, 1, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) return;
  while (__atomic_exchange_n(word, 2, __ATOMIC_ACQUIRE) != 0) futex(word, FUTEX_WAIT_PRIVATE, 2, 0, NULL, 0);
}

static void unlock(unsigned *word) {
  if (__atomic_exchange_n(word, 0, __ATOMIC_RELEASE) == 2) futex(word, FUTEX_WAKE_PRIVATE, 1, 0, NULL, 0);
}

/** A barrier whose last comer wakes one waiter and requeues the others to a second futex, which are woken bit by bit. */
static unsigned arrived, generation, second;

static void meet(int self) {
  unsigned now = __atomic_load_n(&generation, __ATOMIC_ACQUIRE);
  if (__atomic_add_fetch(&arrived, 1, __ATOMIC_ACQ_REL) == (unsigned)threads) {
    __atomic_store_n(&arrived, 0, __ATOMIC_RELEASE);
    __atomic_add_fetch(&generation, 1, __ATOMIC_RELEASE);
    futex(&generation, FUTEX_CMP_REQUEUE_PRIVATE, 1, INT_MAX, &second, now + 1);
    /* Whoever was requeued waits with its own bits: wake them by halves. */
    futex(&second, FUTEX_WAKE_BITSET_PRIVATE, INT_MAX, 0, NULL, 0x55555555);
    futex(&second, FUTEX_WAKE_BITSET_PRIVATE, INT_MAX, 0, NULL, 0xaaaaaaaa);
    return;
  }
  while (__atomic_load_n(&generation, __ATOMIC_ACQUIRE) == now) futex(&generation, FUTEX_WAIT_BITSET_PRIVATE, now, 0, NULL, 1u << self % 32);
}

static unsigned long timeouts;

static void *work(void *argument) {
  int self = (int)(long)argument;
  unsigned never = 0;
  for (int round = 0; round < rounds; round++) {
    for (int i = 0; i < 4; i++) {
      int which = (self * 7 + round * 3 + i) % LOCKS;
      lock(&locks[which].word);
      unsigned long count = locks[which].count;
      if (i == 0) sched_yield();
      locks[which].count = count + 1;
      unlock(&locks[which].word);
    }
    if ((self + round) % 16 == 0) {
      struct timespec brief = {0, 100000};
      if (futex(&never, FUTEX_WAIT_PRIVATE, 0, (unsigned long)&brief, NULL, 0) < 0 && errno == ETIMEDOUT) __atomic_add_fetch(&timeouts, 1, __ATOMIC_RELAXED);
      else __atomic_add_fetch(&timeouts, 1, __ATOMIC_RELAXED); /* a signal came first */
    }
    meet(self);
  }
  return NULL;
}

static void on_alarm(int number) { (void)number; }

int main(int count, char **arguments) {
  if (count > 1) threads = atoi(arguments[1]);
  if (count > 2) rounds = atoi(arguments[2]);
  handle(SIGALRM, on_alarm, 0);
  setitimer(ITIMER_REAL, &(struct itimerval){{0, 2000}, {0, 2000}}, NULL);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, STACK_BYTES);
  pthread_t *all = calloc(threads, sizeof *all);
  int started = 0;
  for (; started < threads; started++)
    if (pthread_create(&all[started], &attributes, work, (void *)(long)started) != 0) break;
  if (started < threads) {
    print_line("FAIL thread %d could not be made", started);
    return 1;
  }
  for (int i = 0; i < threads; i++) pthread_join(all[i], NULL);
  setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL);
  unsigned long total = 0;
  for (int i = 0; i < LOCKS; i++) total += locks[i].count;
  equal("turns with the locks", total, 4L * threads * rounds);
  equal("meetings", generation, rounds);
  check("waits that end by themselves", timeouts > 0);
  free(all);
  return finish();
}
