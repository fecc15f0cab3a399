/* Priority-inheriting futexes: locking, handing on, times, deadlock, owners that end, requeueing; the C library's mutexes over them. */
#include "check.h"
#include <linux/futex.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>

static unsigned *word, *other;
static long futex(unsigned *at, int operation, unsigned value, void *timeout, unsigned *second, unsigned value3) {
  return syscall(SYS_futex, at, operation, value, timeout, second, value3);
}
static long lock(unsigned *at) { return futex(at, FUTEX_LOCK_PI, 0, NULL, NULL, 0); }
static long unlock(unsigned *at) { return futex(at, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0); }
static unsigned own(void) { return syscall(SYS_gettid); }

static struct timespec in_milliseconds(clockid_t clock, long milliseconds) {
  struct timespec t;
  clock_gettime(clock, &t);
  t.tv_nsec += milliseconds * 1000000;
  t.tv_sec += t.tv_nsec / 1000000000;
  t.tv_nsec %= 1000000000;
  return t;
}

static void plain(void) {
  struct timespec past = {0, 0}, bad = {0, 1000000000};
  equal("lock", lock(word), 0);
  equal("the word", *word, own());
  fails("again", lock(word), EDEADLK);
  fails("try again", futex(word, FUTEX_TRYLOCK_PI, 0, NULL, NULL, 0), EDEADLK);
  equal("unlock", unlock(word), 0);
  equal("the word", *word, 0);
  fails("unlock again", unlock(word), EPERM);
  equal("try", futex(word, FUTEX_TRYLOCK_PI, 0, NULL, NULL, 0), 0);
  unlock(word);
  equal("LOCK_PI2", futex(word, FUTEX_LOCK_PI2, 0, &past, NULL, 0), 0);
  unlock(word);
  *word = 4000000;
  fails("of a thread that is not there", lock(word), ESRCH);
  *word = 0;
  fails("not aligned", lock((unsigned *)((char *)word + 1)), EINVAL);
  fails("not mapped", lock((unsigned *)4096), EFAULT);
  fails("a bad time", futex(word, FUTEX_LOCK_PI, 0, &bad, NULL, 0), EINVAL);
  fails("no choice of clocks", futex(word, FUTEX_LOCK_PI | FUTEX_CLOCK_REALTIME, 0, NULL, NULL, 0), ENOSYS);
  *word = FUTEX_OWNER_DIED;
  equal("whose owner has died", lock(word), 0);
  equal("is marked", *word, FUTEX_OWNER_DIED | own());
  *word = 0;
}

static int started[2], finished[2];
static void *holder(void *way) {
  lock(word);
  char c = 'x';
  write(started[1], &c, 1);
  read(finished[0], &c, 1);
  if (!way) unlock(word);
  return NULL;
}
static pthread_t hold(void *way) {
  pthread_t thread;
  char c;
  pthread_create(&thread, NULL, holder, way);
  read(started[0], &c, 1);
  return thread;
}
static volatile int order, places[3];
static void *taker(void *at) {
  long r = lock(word);
  places[(long)at] = ++order;
  unlock(word);
  return (void *)r;
}

static void contended(void) {
  pthread_t thread = hold(NULL), takers[3];
  struct timespec past = {1, 0}, soon = in_milliseconds(CLOCK_REALTIME, 30), later = in_milliseconds(CLOCK_MONOTONIC, 30);
  fails("try", futex(word, FUTEX_TRYLOCK_PI, 0, NULL, NULL, 0), EAGAIN);
  check("marks that somebody waits", *word & FUTEX_WAITERS);
  fails("a time that has passed", futex(word, FUTEX_LOCK_PI, 0, &past, NULL, 0), ETIMEDOUT);
  fails("a time that comes", futex(word, FUTEX_LOCK_PI, 0, &soon, NULL, 0), ETIMEDOUT);
  fails("of the other clock", futex(word, FUTEX_LOCK_PI2, 0, &later, NULL, 0), ETIMEDOUT);
  fails("not ours to unlock", unlock(word), EPERM);
  for (long i = 0; i < 3; i++) {
    pthread_create(&takers[i], NULL, taker, (void *)i);
    sleep_milliseconds(50);
  }
  fails("no plain wake-up for who waits for the lock", futex(word, FUTEX_WAKE, 1, NULL, NULL, 0), EINVAL);
  fails("nor to be moved", futex(word, FUTEX_REQUEUE, 0, (void *)1, other, 0), EINVAL);
  write(finished[1], "x", 1);
  pthread_join(thread, NULL);
  for (int i = 0; i < 3; i++) {
    void *result;
    pthread_join(takers[i], &result);
    equal("a waiter gets it", (long)result, 0);
  }
  check("in turn", places[0] == 1 && places[1] == 2 && places[2] == 3);
  equal("free at last", *word, 0);
}

static void *dead_end(void *argument) {
  (void)argument;
  lock(other);
  char c = 'x';
  write(started[1], &c, 1);
  long r = lock(word);
  unlock(word);
  unlock(other);
  return (void *)r;
}

static void deadlock(void) {
  pthread_t thread;
  char c;
  void *result;
  lock(word);
  pthread_create(&thread, NULL, dead_end, NULL);
  read(started[0], &c, 1);
  check("it waits for us", eventually(*word & FUTEX_WAITERS));
  sleep_milliseconds(30);
  fails("we not for it", lock(other), EDEADLK);
  unlock(word);
  pthread_join(thread, &result);
  equal("it goes on", (long)result, 0);
}

static void endings(void) {
  pthread_t thread = hold((void *)1), waiting;
  pthread_create(&waiting, NULL, taker, (void *)0);
  check("somebody waits", eventually(*word & FUTEX_WAITERS));
  sleep_milliseconds(50);
  write(finished[1], "x", 1);
  void *result;
  pthread_join(thread, NULL);
  pthread_join(waiting, &result);
  equal("the owner ended: the next has it", (long)result, 0);
  *word = 0;
  pid_t child = fork();
  if (child == 0) {
    lock(word);
    write(started[1], "x", 1);
    pause();
  }
  char c;
  read(started[0], &c, 1);
  pid_t next = fork();
  if (next == 0) {
    long r = lock(word);
    _exit(r == 0 && *word == (FUTEX_OWNER_DIED | FUTEX_WAITERS | own()) ? 5 : 1);
  }
  check("another process waits", eventually(*word & FUTEX_WAITERS));
  sleep_milliseconds(50);
  kill(child, SIGKILL);
  reap(child);
  equal("it has the lock, and the mark", reap(next), EXITED(5));
  *word = 0;
}

static unsigned condition;
static void *waiter(void *argument) {
  (void)argument;
  long r = futex(&condition, FUTEX_WAIT_REQUEUE_PI, 0, NULL, word, 0);
  int had = (*word & FUTEX_TID_MASK) == own();
  if (r == 0) unlock(word);
  return (void *)(r == 0 && had ? 0l : 1l);
}

static void requeueing(void) {
  struct timespec past = {0, 0};
  fails("WAIT_REQUEUE_PI: another value", futex(&condition, FUTEX_WAIT_REQUEUE_PI, 1, NULL, word, 0), EAGAIN);
  fails("WAIT_REQUEUE_PI: to itself", futex(&condition, FUTEX_WAIT_REQUEUE_PI, 0, NULL, &condition, 0), EINVAL);
  fails("WAIT_REQUEUE_PI: a time that has passed", futex(&condition, FUTEX_WAIT_REQUEUE_PI, 0, &past, word, 0), ETIMEDOUT);
  fails("CMP_REQUEUE_PI: two to wake", futex(&condition, FUTEX_CMP_REQUEUE_PI, 2, (void *)1, word, 0), EINVAL);
  fails("CMP_REQUEUE_PI: to itself", futex(&condition, FUTEX_CMP_REQUEUE_PI, 1, (void *)1, &condition, 0), EINVAL);
  fails("CMP_REQUEUE_PI: another value", futex(&condition, FUTEX_CMP_REQUEUE_PI, 1, (void *)1, word, 1), EAGAIN);
  equal("CMP_REQUEUE_PI: nobody", futex(&condition, FUTEX_CMP_REQUEUE_PI, 1, (void *)1, word, 0), 0);
  pthread_t threads[3];
  void *result;
  for (int i = 0; i < 3; i++) pthread_create(&threads[i], NULL, waiter, NULL);
  sleep_milliseconds(100);
  fails("CMP_REQUEUE_PI: another lock", futex(&condition, FUTEX_CMP_REQUEUE_PI, 1, (void *)9, other, 0), EINVAL);
  fails("no plain wake-up", futex(&condition, FUTEX_WAKE, 1, NULL, NULL, 0), EINVAL);
  int moved = 0;
  check("CMP_REQUEUE_PI: the lock is free", eventually((moved += futex(&condition, FUTEX_CMP_REQUEUE_PI, 1, (void *)9, word, 0)) == 3));
  for (int i = 0; i < 3; i++) {
    pthread_join(threads[i], &result);
    equal("a waiter has the lock", (long)result, 0);
  }
  equal("free at last", *word, 0);
  lock(word);
  for (int i = 0; i < 2; i++) pthread_create(&threads[i], NULL, waiter, NULL);
  moved = 0;
  check("CMP_REQUEUE_PI: the lock is ours", eventually((moved += futex(&condition, FUTEX_CMP_REQUEUE_PI, 1, (void *)9, word, 0)) == 2));
  unlock(word);
  for (int i = 0; i < 2; i++) {
    pthread_join(threads[i], &result);
    equal("a waiter gets the lock", (long)result, 0);
  }
}

static pthread_mutex_t mutex;
static int shared_count;
static void *counter(void *argument) {
  (void)argument;
  for (int i = 0; i < 2000; i++) {
    pthread_mutex_lock(&mutex);
    shared_count++;
    pthread_mutex_unlock(&mutex);
  }
  return NULL;
}
static void *leaver(void *argument) {
  (void)argument;
  pthread_mutex_lock(&mutex);
  return NULL;
}

static void library(void) {
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
  equal("a mutex", pthread_mutex_init(&mutex, &attributes), 0);
  pthread_t threads[8];
  for (int i = 0; i < 8; i++) pthread_create(&threads[i], NULL, counter, NULL);
  for (int i = 0; i < 8; i++) pthread_join(threads[i], NULL);
  equal("excludes", shared_count, 16000);
  pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  pthread_mutex_init(&mutex, &attributes);
  pthread_create(&threads[0], NULL, leaver, NULL);
  pthread_join(threads[0], NULL);
  equal("a robust one whose owner has ended", pthread_mutex_lock(&mutex), EOWNERDEAD);
  pthread_mutex_consistent(&mutex);
  pthread_mutex_unlock(&mutex);
  equal("is good again", pthread_mutex_lock(&mutex), 0);
  pthread_mutex_unlock(&mutex);
}

int main(void) {
  word = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  other = word + 16;
  pipe(started), pipe(finished);
  plain();
  contended();
  deadlock();
  endings();
  requeueing();
  library();
  return finish();
}
