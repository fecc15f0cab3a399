/* futex: every operation without priority inheritance, its errors, private and shared words, timeouts, interruption, robust lists, and
 * waiting for several words. */
#include "check.h"
#include <linux/futex.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>

static unsigned word, other, third;

static long futex(unsigned *address, int operation, unsigned value, const void *timeout, unsigned *second, unsigned value3) {
  return syscall(SYS_futex, address, operation, value, timeout, second, value3);
}

static long wake(unsigned *address, int count) { return futex(address, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0); }

/** A thread that makes one call. */
struct call {
  pthread_t thread;
  unsigned *address;
  int operation;
  unsigned value, bits;
  struct timespec *timeout;
  volatile long result;
  volatile int error;
  volatile int tid;
  volatile int done;
};

static void *make_call(void *argument) {
  struct call *call = argument;
  call->tid = gettid();
  call->result = futex(call->address, call->operation, call->value, call->timeout, NULL, call->bits);
  call->error = errno;
  call->done = 1;
  return NULL;
}

/** The state letter of a thread of this process. */
static char thread_state(int tid) {
  char path[64], text[256] = "";
  snprintf(path, sizeof path, "/proc/self/task/%d/stat", tid);
  int file = open(path, O_RDONLY);
  if (file < 0) return '-';
  if (read(file, text, sizeof text - 1) < 0) text[0] = 0;
  close(file);
  char *end = strrchr(text, ')');
  return end ? end[2] : '-';
}

/** Starts the call, and returns when its thread sleeps in it or has come back. */
static void start(struct call *call) {
  call->done = call->tid = 0;
  pthread_create(&call->thread, NULL, make_call, call);
  while (!call->done && (!call->tid || thread_state(call->tid) != 'S')) sleep_milliseconds(1);
}

static long finish_call(struct call *call) {
  pthread_join(call->thread, NULL);
  return call->result;
}

static void errors(void) {
  struct timespec zero = {0, 0}, bad = {0, 1000000000}, negative = {-1, 0};
  unsigned *unmapped = (unsigned *)0x1000;
  fails("WAIT: another value", futex(&word, FUTEX_WAIT, 1, NULL, NULL, 0), EAGAIN);
  fails("WAIT: not aligned", futex((unsigned *)((char *)&word + 1), FUTEX_WAIT, 0, NULL, NULL, 0), EINVAL);
  fails("WAIT: not mapped", futex(unmapped, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0), EFAULT);
  fails("WAIT: not mapped, shared", futex(unmapped, FUTEX_WAIT, 0, NULL, NULL, 0), EFAULT);
  fails("WAIT: the kernel's half", futex((unsigned *)0xffff800000000000, FUTEX_WAIT, 0, NULL, NULL, 0), EFAULT);
  fails("WAIT: nanoseconds", futex(&word, FUTEX_WAIT, 0, &bad, NULL, 0), EINVAL);
  fails("WAIT: negative time", futex(&word, FUTEX_WAIT, 0, &negative, NULL, 0), EINVAL);
  fails("WAIT: timeout not mapped", futex(&word, FUTEX_WAIT, 0, (void *)8, NULL, 0), EFAULT);
  fails("WAIT: no time", futex(&word, FUTEX_WAIT, 0, &zero, NULL, 0), ETIMEDOUT);
  fails("WAIT: the value counts before the time", futex(&word, FUTEX_WAIT, 1, &zero, NULL, 0), EAGAIN);
  fails("WAIT has no real-time clock", futex(&word, FUTEX_WAIT | FUTEX_CLOCK_REALTIME, 0, &zero, NULL, 0), ENOSYS);
  fails("WAKE neither", futex(&word, FUTEX_WAKE | FUTEX_CLOCK_REALTIME, 1, NULL, NULL, 0), ENOSYS);
  fails("WAIT_BITSET: no bits", futex(&word, FUTEX_WAIT_BITSET, 0, NULL, NULL, 0), EINVAL);
  fails("WAKE_BITSET: no bits", futex(&word, FUTEX_WAKE_BITSET, 1, NULL, NULL, 0), EINVAL);
  fails("WAKE: not aligned", futex((unsigned *)((char *)&word + 2), FUTEX_WAKE, 1, NULL, NULL, 0), EINVAL);
  fails("WAKE: shared, not mapped", futex(unmapped, FUTEX_WAKE, 1, NULL, NULL, 0), EFAULT);
  equal("WAKE: private, not mapped", futex(unmapped, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0), 0);
  equal("WAKE: nobody", futex(&word, FUTEX_WAKE, 1, NULL, NULL, 0), 0);
  fails("REQUEUE: negative", futex(&word, FUTEX_REQUEUE, -1, NULL, &other, 0), EINVAL);
  fails("CMP_REQUEUE: negative", futex(&word, FUTEX_CMP_REQUEUE, 1, (void *)-1L, &other, 0), EINVAL);
  fails("CMP_REQUEUE: another value", futex(&word, FUTEX_CMP_REQUEUE, 1, (void *)1, &other, 1), EAGAIN);
  fails("WAKE_OP: unknown operation", futex(&word, FUTEX_WAKE_OP, 1, (void *)1, &other, 7u << 28), ENOSYS);
  fails("the operation that is gone", futex(&word, 2, 0, NULL, NULL, 0), ENOSYS);
  fails("an unknown operation", futex(&word, 99, 0, NULL, NULL, 0), ENOSYS);
}

static void timeouts(void) {
  struct timespec now, later;
  clock_gettime(CLOCK_MONOTONIC, &now);
  fails("an absolute time that has passed", futex(&word, FUTEX_WAIT_BITSET, 0, &now, NULL, ~0u), ETIMEDOUT);
  clock_gettime(CLOCK_REALTIME, &now);
  fails("of the real-time clock", futex(&word, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 0, &now, NULL, ~0u), ETIMEDOUT);
  clock_gettime(CLOCK_MONOTONIC, &now);
  later = now;
  later.tv_nsec += 20000000;
  if (later.tv_nsec >= 1000000000) later.tv_nsec -= 1000000000, later.tv_sec++;
  fails("one that comes", futex(&word, FUTEX_WAIT_BITSET, 0, &later, NULL, ~0u), ETIMEDOUT);
  clock_gettime(CLOCK_MONOTONIC, &now);
  check("not before its time", now.tv_sec > later.tv_sec || (now.tv_sec == later.tv_sec && now.tv_nsec >= later.tv_nsec));
  struct timespec relative = {0, 20000000}, before = now;
  fails("a relative time", futex(&word, FUTEX_WAIT, 0, &relative, NULL, 0), ETIMEDOUT);
  clock_gettime(CLOCK_MONOTONIC, &now);
  check("which takes as long", (now.tv_sec - before.tv_sec) * 1000000000L + now.tv_nsec - before.tv_nsec >= 20000000);
}

static void waking(void) {
  struct call calls[3];
  for (int i = 0; i < 3; i++) calls[i] = (struct call){.address = &word, .operation = FUTEX_WAIT_PRIVATE}, start(&calls[i]);
  equal("WAKE: two of three", wake(&word, 2), 2);
  equal("the first to come", finish_call(&calls[0]), 0);
  equal("and the second", finish_call(&calls[1]), 0);
  check("the third waits on", !calls[2].done);
  equal("WAKE: more than there are", wake(&word, 100), 1);
  equal("it returns, too", finish_call(&calls[2]), 0);
  start(&calls[0]);
  equal("WAKE of none wakes one", wake(&word, 0), 1);
  finish_call(&calls[0]);

  calls[0] = (struct call){.address = &word, .operation = FUTEX_WAIT_BITSET_PRIVATE, .bits = 1};
  calls[1] = (struct call){.address = &word, .operation = FUTEX_WAIT_BITSET_PRIVATE, .bits = 6};
  start(&calls[0]), start(&calls[1]);
  equal("WAKE_BITSET: no common bit", futex(&word, FUTEX_WAKE_BITSET_PRIVATE, 9, NULL, NULL, 8), 0);
  equal("WAKE_BITSET: one has it", futex(&word, FUTEX_WAKE_BITSET_PRIVATE, 9, NULL, NULL, 12), 1);
  equal("that one", finish_call(&calls[1]), 0);
  equal("WAKE matches any", wake(&word, 1), 1);
  finish_call(&calls[0]);
}

static void requeueing(void) {
  struct call calls[4];
  for (int i = 0; i < 4; i++) calls[i] = (struct call){.address = &word, .operation = FUTEX_WAIT_PRIVATE}, start(&calls[i]);
  equal("CMP_REQUEUE: wakes and moves", futex(&word, FUTEX_CMP_REQUEUE_PRIVATE, 1, (void *)2, &other, 0), 3);
  finish_call(&calls[0]);
  equal("one is left", wake(&word, 9), 1);
  finish_call(&calls[3]);
  equal("REQUEUE moves on", futex(&other, FUTEX_REQUEUE_PRIVATE, 0, (void *)1, &third, 0), 1);
  equal("one is here", wake(&third, 9), 1);
  equal("the first that was moved", finish_call(&calls[1]), 0);
  equal("one is there", wake(&other, 9), 1);
  finish_call(&calls[2]);
}

/** WAKE_OP on `other`, which holds `before`: its result, and what it leaves. */
static long wake_op(int operation, int argument, int comparison, int operand, unsigned before) {
  other = before;
  return futex(&word, FUTEX_WAKE_OP_PRIVATE, 1, (void *)1, &other, FUTEX_OP(operation, argument, comparison, operand));
}

static void operations(void) {
  equal("WAKE_OP: set", wake_op(FUTEX_OP_SET, 7, FUTEX_OP_CMP_EQ, 0, 3), 0);
  equal("the word", other, 7);
  wake_op(FUTEX_OP_ADD, -2, FUTEX_OP_CMP_EQ, 0, 3);
  equal("add", other, 1);
  wake_op(FUTEX_OP_OR, 8, FUTEX_OP_CMP_EQ, 0, 3);
  equal("or", other, 11);
  wake_op(FUTEX_OP_ANDN, 1, FUTEX_OP_CMP_EQ, 0, 3);
  equal("and not", other, 2);
  wake_op(FUTEX_OP_XOR, 1, FUTEX_OP_CMP_EQ, 0, 3);
  equal("xor", other, 2);
  wake_op(FUTEX_OP_OR | FUTEX_OP_OPARG_SHIFT, 4, FUTEX_OP_CMP_EQ, 0, 3);
  equal("a bit by its number", other, 19);

  static const struct {
    const char *name;
    int comparison, operand;
    unsigned before;
    int wakes;
  } cases[] = {
    {"equal", FUTEX_OP_CMP_EQ, 5, 5, 1},          {"not equal", FUTEX_OP_CMP_NE, 5, 5, 0},
    {"less, signed", FUTEX_OP_CMP_LT, 0, -1, 1},  {"less or equal", FUTEX_OP_CMP_LE, 5, 5, 1},
    {"greater", FUTEX_OP_CMP_GT, -3, 5, 1},       {"greater or equal", FUTEX_OP_CMP_GE, 6, 5, 0},
  };
  for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct call first = {.address = &word, .operation = FUTEX_WAIT_PRIVATE};
    struct call second = {.address = &other, .operation = FUTEX_WAIT_PRIVATE, .value = cases[i].before};
    other = cases[i].before;
    start(&first), start(&second);
    equal(cases[i].name, wake_op(FUTEX_OP_SET, 1, cases[i].comparison, cases[i].operand, cases[i].before), 1 + cases[i].wakes);
    equal("the rest", wake(&other, 9), 1 - cases[i].wakes);
    finish_call(&first), finish_call(&second);
  }
}

static void naming(void) {
  struct call call = {.address = &word, .operation = FUTEX_WAIT_PRIVATE};
  start(&call);
  equal("a private waiter does not hear of a shared wake", futex(&word, FUTEX_WAKE, 1, NULL, NULL, 0), 0);
  equal("but of a private one", wake(&word, 1), 1);
  finish_call(&call);
  call.operation = FUTEX_WAIT;
  start(&call);
  equal("nor the other way round", wake(&word, 1), 0);
  equal("a shared one", futex(&word, FUTEX_WAKE, 1, NULL, NULL, 0), 1);
  finish_call(&call);
}

/** A child waits on `mine`; the parent wakes it by its own name for the word. */
static void between(const char *name, unsigned *mine, unsigned *theirs) {
  theirs[1] = 0;
  pid_t child = fork();
  if (child == 0) {
    mine[1] = 1;
    long r = futex(mine, FUTEX_WAIT, 0, NULL, NULL, 0);
    _exit(r == 0 ? 3 : 4);
  }
  while (!__atomic_load_n(&theirs[1], __ATOMIC_SEQ_CST)) sleep_milliseconds(1);
  long woken = 0;
  for (int i = 0; i < 10000 && !(woken = futex(theirs, FUTEX_WAKE, 1, NULL, NULL, 0)); i++) sleep_milliseconds(1);
  equal(name, woken, 1);
  equal("the child returns", reap(child), EXITED(3));
}

static void processes(void) {
  unsigned *anonymous = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  between("shared anonymous memory", anonymous + 1024, anonymous + 1024);
  make_file("futex", "");
  int file = open("futex", O_RDWR);
  ftruncate(file, 12288);
  unsigned *a = mmap(NULL, 12288, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  unsigned *b = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 8192);
  between("a file, mapped at two places", b + 4, a + 2052);
  fails("a private name is another", futex(b + 4, FUTEX_WAIT, 1, NULL, NULL, 0), EAGAIN);
  munmap(a, 12288), munmap(b, 4096), munmap(anonymous, 8192);
  close(file);
}

static volatile int signals;
static void count_signal(int number) { (void)number, signals++; }

/** Interrupts the call with a signal; its result. */
static long interrupt(struct call *call, int flags) {
  handle(SIGUSR1, count_signal, flags);
  int before = signals;
  start(call);
  pthread_kill(call->thread, SIGUSR1);
  while (signals == before) sleep_milliseconds(1);
  if (!call->done)
    for (int i = 0; i < 20 && !call->done; i++) sleep_milliseconds(1);
  if (!call->done) wake(call->address, 1);
  return finish_call(call);
}

static void interruption(void) {
  struct timespec far = {1000, 0}, absolute;
  clock_gettime(CLOCK_MONOTONIC, &absolute);
  absolute.tv_sec += 1000;
  struct call call = {.address = &word, .operation = FUTEX_WAIT_PRIVATE};
  equal("a signal interrupts", interrupt(&call, 0), -1);
  equal("with EINTR", call.error, EINTR);
  equal("SA_RESTART: it waits on", interrupt(&call, SA_RESTART), 0);
  call.timeout = &far;
  equal("with a timeout not", interrupt(&call, SA_RESTART), -1);
  equal("EINTR", call.error, EINTR);
  call.operation = FUTEX_WAIT_BITSET_PRIVATE, call.bits = 1, call.timeout = &absolute;
  equal("nor with an absolute one", interrupt(&call, SA_RESTART), -1);
  equal("EINTR", call.error, EINTR);
  call.timeout = NULL;
  equal("WAIT_BITSET without", interrupt(&call, SA_RESTART), 0);
}

/** A lock as the robust list knows it: the word lies `offset` behind the entry. */
struct robust_lock {
  struct robust_list list;
  unsigned word;
};
static struct robust_list_head head;
static struct robust_lock locks[3];

static void take(struct robust_lock *lock, unsigned bits) {
  lock->word = gettid() | bits;
  lock->list.next = head.list.next == NULL ? &head.list : head.list.next;
  head.list.next = &lock->list;
}

static void *die_with_locks(void *argument) {
  (void)argument;
  head = (struct robust_list_head){{&head.list}, offsetof(struct robust_lock, word), NULL};
  take(&locks[0], 0);
  take(&locks[1], FUTEX_WAITERS);
  locks[2].word = gettid() | FUTEX_WAITERS;
  head.list_op_pending = &locks[2].list;
  syscall(SYS_set_robust_list, &head, sizeof head);
  return NULL;
}

static void robust(void) {
  fails("set_robust_list: another size", syscall(SYS_set_robust_list, &head, 8), EINVAL);
  void *found = NULL;
  size_t bytes = 0;
  equal("get_robust_list", syscall(SYS_get_robust_list, 0, &found, &bytes), 0);
  equal("its size", bytes, sizeof head);
  fails("of nobody", syscall(SYS_get_robust_list, 0x7ffffff, &found, &bytes), ESRCH);
  pthread_t thread;
  pthread_create(&thread, NULL, die_with_locks, NULL);
  pthread_join(thread, NULL);
  check("a lock nobody waits for", eventually(locks[0].word == FUTEX_OWNER_DIED));
  check("one with waiters", eventually(locks[1].word == (FUTEX_OWNER_DIED | FUTEX_WAITERS)));
  check("one that was being taken", eventually(locks[2].word == (FUTEX_OWNER_DIED | FUTEX_WAITERS)));

  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
  pthread_mutex_t *mutex = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  pthread_mutex_init(mutex, &attributes);
  equal("a process dies with a mutex", in_child(pthread_mutex_lock(mutex); kill(getpid(), SIGKILL)), KILLED(SIGKILL));
  equal("the next owner is told", pthread_mutex_lock(mutex), EOWNERDEAD);
  equal("makes it consistent", pthread_mutex_consistent(mutex), 0);
  equal("and it is a mutex again", pthread_mutex_unlock(mutex), 0);
}

struct wait_entry {
  unsigned long value, address;
  unsigned flags, reserved;
};

static struct wait_entry vector[3];
static volatile long vector_result;
static volatile int vector_error, vector_tid, vector_done;

static long waitv(struct wait_entry *entries, unsigned count, unsigned flags, struct timespec *timeout, int clock) {
  return syscall(449, entries, count, flags, timeout, clock);
}

static void *wait_vector(void *argument) {
  (void)argument;
  vector_tid = gettid();
  vector_result = waitv(vector, 3, 0, NULL, 0);
  vector_error = errno;
  vector_done = 1;
  return NULL;
}

static pthread_t start_vector(void) {
  pthread_t thread;
  vector_done = vector_tid = 0;
  pthread_create(&thread, NULL, wait_vector, NULL);
  while (!vector_done && (!vector_tid || thread_state(vector_tid) != 'S')) sleep_milliseconds(1);
  return thread;
}

static void vectors(void) {
  unsigned *words[3] = {&word, &other, &third};
  other = third = 0;
  for (int i = 0; i < 3; i++) vector[i] = (struct wait_entry){0, (unsigned long)words[i], 2 | FUTEX_PRIVATE_FLAG, 0};
  struct timespec past = {0, 1}, bad = {0, -1};
  fails("waitv: flags", waitv(vector, 3, 1, NULL, 0), EINVAL);
  fails("none", waitv(vector, 0, 0, NULL, 0), EINVAL);
  fails("too many", waitv(vector, 129, 0, NULL, 0), EINVAL);
  fails("null", waitv(NULL, 1, 0, NULL, 0), EINVAL);
  fails("not mapped", waitv((void *)8, 1, 0, NULL, 0), EFAULT);
  fails("another clock", waitv(vector, 3, 0, &past, CLOCK_BOOTTIME), EINVAL);
  fails("a bad time", waitv(vector, 3, 0, &bad, CLOCK_MONOTONIC), EINVAL);
  fails("a time that has passed", waitv(vector, 3, 0, &past, CLOCK_MONOTONIC), ETIMEDOUT);
  fails("in real time", waitv(vector, 3, 0, &past, CLOCK_REALTIME), ETIMEDOUT);
  vector[1].value = 1;
  fails("another value", waitv(vector, 3, 0, NULL, 0), EAGAIN);
  vector[1].value = 1ul << 32;
  fails("a value that does not fit", waitv(vector, 3, 0, NULL, 0), EINVAL);
  vector[1].value = 0, vector[1].reserved = 1;
  fails("the reserved field", waitv(vector, 3, 0, NULL, 0), EINVAL);
  vector[1].reserved = 0, vector[1].address++;
  fails("not aligned", waitv(vector, 3, 0, NULL, 0), EINVAL);
  vector[1].address--, vector[1].flags = 0x40;
  fails("an unknown flag", waitv(vector, 3, 0, NULL, 0), EINVAL);
  vector[1].flags = 2 | FUTEX_PRIVATE_FLAG;
  for (int i = 0; i < 3; i++) {
    pthread_t thread = start_vector();
    equal("one of the words is woken", wake(words[i], 9), 1);
    pthread_join(thread, NULL);
    equal("its index", vector_result, i);
    equal("nobody is left", wake(words[(i + 1) % 3], 9), 0);
  }
  vector[2].address = vector[0].address;
  pthread_t thread = start_vector();
  equal("a word that is there twice counts twice", wake(&word, 9), 2);
  pthread_join(thread, NULL);
  check("either index", vector_result == 0 || vector_result == 2);
  vector[2].address = (unsigned long)&third;
  thread = start_vector();
  equal("it can be requeued", futex(&other, FUTEX_REQUEUE_PRIVATE, 0, (void *)1, (unsigned *)&vector_error, 0), 1);
  equal("nobody is where it was", wake(&other, 1), 0);
  equal("it is where it went", wake((unsigned *)&vector_error, 1), 1);
  pthread_join(thread, NULL);
  equal("the index stays", vector_result, 1);
  handle(SIGUSR1, count_signal, 0);
  thread = start_vector();
  pthread_kill(thread, SIGUSR1);
  pthread_join(thread, NULL);
  check("a signal interrupts", vector_result == -1 && vector_error == EINTR);
  equal("and the words are free", wake(&word, 9) + wake(&other, 9) + wake(&third, 9), 0);
}

int main(void) {
  enter_scratch();
  errors();
  timeouts();
  waking();
  requeueing();
  operations();
  naming();
  processes();
  interruption();
  robust();
  vectors();
  return finish();
}
