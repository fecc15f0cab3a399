/* Threads of one process: what they share, signals to one and to all, ends of threads and of the process, exec, and many at once. */
#include "check.h"
#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#define MANY 200

static __thread int mine;
static volatile int ready, release, handled_by[3], counter;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t barrier;

static void *keep_own(void *argument) {
  mine = (int)(long)argument;
  pthread_barrier_wait(&barrier);
  return (void *)(long)(mine == (int)(long)argument && gettid() != getpid());
}

static void storage(void) {
  pthread_t threads[4];
  long good = 0;
  mine = 99;
  pthread_barrier_init(&barrier, NULL, 4);
  for (long i = 0; i < 4; i++) pthread_create(&threads[i], NULL, keep_own, (void *)(i + 1));
  for (int i = 0; i < 4; i++) {
    void *result;
    pthread_join(threads[i], &result);
    good += (long)result;
  }
  equal("each thread has its own storage", good, 4);
  equal("and the first its own", mine, 99);
}

static void *add_many(void *argument) {
  (void)argument;
  for (int i = 0; i < 2000; i++) {
    pthread_mutex_lock(&mutex);
    counter++;
    pthread_mutex_unlock(&mutex);
  }
  return NULL;
}

static void *wait_release(void *argument) {
  (void)argument;
  pthread_mutex_lock(&mutex);
  ready++;
  pthread_cond_broadcast(&condition);
  while (!release) pthread_cond_wait(&condition, &mutex);
  ready--;
  pthread_mutex_unlock(&mutex);
  return (void *)7;
}

static void many(void) {
  static pthread_t threads[MANY];
  counter = 0;
  for (int i = 0; i < 8; i++) pthread_create(&threads[i], NULL, add_many, NULL);
  for (int i = 0; i < 8; i++) pthread_join(threads[i], NULL);
  equal("a mutex", counter, 16000);
  ready = release = 0;
  int started = 0;
  while (started < MANY && pthread_create(&threads[started], NULL, wait_release, NULL) == 0) started++;
  equal("many threads", started, MANY);
  pthread_mutex_lock(&mutex);
  while (ready < MANY) pthread_cond_wait(&condition, &mutex);
  release = 1;
  pthread_cond_broadcast(&condition);
  pthread_mutex_unlock(&mutex);
  long sum = 0;
  for (int i = 0; i < started; i++) {
    void *result;
    pthread_join(threads[i], &result);
    sum += (long)result;
  }
  equal("all come back from a condition", sum, 7 * MANY);
  equal("and have left", ready, 0);
}

static volatile int tids[3];

static void note_thread(int number) {
  (void)number;
  for (int i = 0; i < 3; i++)
    if (tids[i] == gettid()) handled_by[i]++;
}

static void *take_signals(void *argument) {
  int i = (int)(long)argument;
  tids[i] = gettid();
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR2);
  pthread_sigmask(i == 2 ? SIG_UNBLOCK : SIG_BLOCK, &set, NULL);
  __atomic_fetch_add(&ready, 1, __ATOMIC_SEQ_CST);
  while (!release) sleep_milliseconds(1);
  return NULL;
}

static void signals(void) {
  pthread_t threads[3];
  ready = release = 0;
  handle(SIGUSR1, note_thread, 0);
  handle(SIGUSR2, note_thread, 0);
  sigset_t set, pending;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR2);
  pthread_sigmask(SIG_BLOCK, &set, NULL);
  for (long i = 0; i < 3; i++) pthread_create(&threads[i], NULL, take_signals, (void *)i);
  while (ready < 3) sleep_milliseconds(1);
  equal("tgkill", syscall(SYS_tgkill, getpid(), tids[1], SIGUSR1), 0);
  check("reaches that thread", eventually(handled_by[1] == 1));
  equal("tkill", syscall(SYS_tkill, tids[0], SIGUSR1), 0);
  check("too", eventually(handled_by[0] == 1));
  equal("a signal to the process", kill(getpid(), SIGUSR2), 0);
  check("goes to a thread that does not block it", eventually(handled_by[2] == 1));
  equal("a blocked one for a thread", pthread_kill(threads[0], SIGUSR2), 0);
  sleep_milliseconds(5);
  equal("waits", handled_by[0], 1);
  sigpending(&pending);
  equal("and is not pending here", sigismember(&pending, SIGUSR2), 0);
  fails("tgkill: not of this process", syscall(SYS_tgkill, 1 << 21, tids[0], 0), ESRCH);
  fails("tgkill: no thread", syscall(SYS_tgkill, getpid(), 1 << 21, 0), ESRCH);
  fails("tgkill: zero", syscall(SYS_tgkill, getpid(), 0, 0), EINVAL);
  fails("tgkill: no signal", syscall(SYS_tgkill, getpid(), tids[0], 65), EINVAL);
  equal("signal 0", syscall(SYS_tgkill, getpid(), tids[0], 0), 0);
  release = 1;
  for (int i = 0; i < 3; i++) pthread_join(threads[i], NULL);
  fails("a thread that has ended", syscall(SYS_tgkill, getpid(), tids[0], 0), ESRCH);
  equal("its signal died with it", handled_by[0] + handled_by[1] + handled_by[2], 3);
  pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

static void *loop(void *argument) {
  (void)argument;
  for (volatile unsigned i = 0;; i++) {
  }
  return NULL;
}

static void *sleep_long(void *argument) {
  (void)argument;
  for (;;) pause();
  return NULL;
}

static void *read_long(void *argument) {
  char byte;
  read(*(int *)argument, &byte, 1);
  return NULL;
}

/** A process whose threads compute, sleep and read. */
static void start_mixture(void) {
  static int ends[2];
  pthread_t thread;
  pipe(ends);
  for (int i = 0; i < 3; i++) {
    pthread_create(&thread, NULL, loop, NULL);
    pthread_create(&thread, NULL, sleep_long, NULL);
    pthread_create(&thread, NULL, read_long, &ends[0]);
  }
  sleep_milliseconds(5);
}

static void *exit_process(void *argument) {
  syscall(SYS_exit_group, (long)argument);
  return NULL;
}

static void *execute(void *argument) {
  char *words[] = {"sh", "-c", argument, NULL};
  execv("/bin/sh", words);
  return NULL;
}

static void *exit_later(void *argument) {
  sleep_milliseconds(20);
  exit((int)(long)argument);
}

static void ends(void) {
  pthread_t thread;
  equal("exit_group of the first thread", in_child(start_mixture(); _exit(21)), EXITED(21));
  equal("of another", in_child({
          start_mixture();
          pthread_create(&thread, NULL, exit_process, (void *)22);
          pause();
        }),
        EXITED(22));
  equal("a signal kills all", in_child(start_mixture(); kill(getpid(), SIGKILL); pause()), KILLED(SIGKILL));
  equal("one to a thread, too", in_child({
          pthread_create(&thread, NULL, sleep_long, NULL);
          start_mixture();
          pthread_kill(thread, SIGTERM);
          pause();
        }),
        KILLED(SIGTERM));
  equal("the first thread ends before the others", in_child({
          pthread_create(&thread, NULL, exit_later, (void *)23);
          pthread_exit(NULL);
        }),
        EXITED(23));
  equal("the last thread's end is the process's", in_child({
          pthread_create(&thread, NULL, wait_release, NULL);
          release = 1;
          pthread_exit(NULL);
        }),
        EXITED(0));
  equal("exec of the first thread ends the others", in_child(start_mixture(); execute("exit 24")), EXITED(24));
  equal("exec of another keeps the process's id", in_child({
          static char text[64];
          snprintf(text, sizeof text, "test $$ = %d && exit 25", getpid());
          start_mixture();
          pthread_create(&thread, NULL, execute, text);
          pause();
        }),
        EXITED(25));
}

static void *change_identity(void *argument) {
  (void)argument;
  return (void *)(long)(syscall(SYS_setresuid, -1, 1000, -1) == 0 ? syscall(SYS_geteuid) : -1);
}

static void *change_files(void *argument) {
  (void)argument;
  umask(070);
  mkdir("inside", 0700);
  return (void *)(long)(chdir("inside") == 0 ? open("/dev/null", O_RDONLY) : -1);
}

static void *raise_limit(void *argument) {
  (void)argument;
  struct rlimit limit = {50, 60};
  return (void *)(long)setrlimit(RLIMIT_NOFILE, &limit);
}

static void *spend_time(void *argument) {
  struct timespec used;
  do clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  while (used.tv_sec == 0 && used.tv_nsec < 10000000);
  getrusage(RUSAGE_THREAD, argument);
  return NULL;
}

static void *result_of(void *(*body)(void *), void *argument) {
  pthread_t thread;
  void *result = NULL;
  pthread_create(&thread, NULL, body, argument);
  pthread_join(thread, &result);
  return result;
}

static void sharing(void) {
  long file = (long)result_of(change_files, NULL);
  equal("descriptors are shared", close(file), 0);
  equal("the umask", umask(022), 070);
  char path[128];
  check("the directory", getcwd(path, sizeof path) && strstr(path, "/inside"));
  result_of(raise_limit, NULL);
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  equal("limits", limit.rlim_cur, 50);
  equal("but a thread's identity is its own", (long)result_of(change_identity, NULL), 1000);
  equal("and not the others'", geteuid(), 0);
  struct timespec before, after, own;
  struct rusage usage;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
  result_of(spend_time, &usage);
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
  check("a thread's time is its process's", (after.tv_sec - before.tv_sec) * 1000000000L + after.tv_nsec - before.tv_nsec >= 10000000);
  check("and its own", usage.ru_utime.tv_sec * 1000000 + usage.ru_utime.tv_usec + usage.ru_stime.tv_sec * 1000000 + usage.ru_stime.tv_usec >= 8000);
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &own);
  check("not another's", own.tv_sec * 1000000000L + own.tv_nsec <= after.tv_sec * 1000000000L + after.tv_nsec - 10000000);
}

/** Threads that hand a token round: nobody may be left out, and one who computes gets its turns as well. */
static volatile int token, rounds[3];
static volatile unsigned long computed;

static void *hand_round(void *argument) {
  int me = (int)(long)argument;
  pthread_mutex_lock(&mutex);
  while (rounds[me] < 500) {
    while (token != me) pthread_cond_wait(&condition, &mutex);
    token = (me + 1) % 3;
    rounds[me]++;
    pthread_cond_broadcast(&condition);
  }
  pthread_mutex_unlock(&mutex);
  return NULL;
}

static void *compute(void *argument) {
  (void)argument;
  while (!release) computed++;
  return NULL;
}

static void fairness(void) {
  pthread_t threads[4];
  release = 0;
  for (long i = 0; i < 3; i++) pthread_create(&threads[i], NULL, hand_round, (void *)i);
  pthread_create(&threads[3], NULL, compute, NULL);
  for (int i = 0; i < 3; i++) pthread_join(threads[i], NULL);
  release = 1;
  pthread_join(threads[3], NULL);
  equal("a token goes round", rounds[0] + rounds[1] + rounds[2], 1500);
  check("beside one who computes", computed > 0);
}

int main(void) {
  enter_scratch();
  storage();
  many();
  signals();
  ends();
  fairness();
  sharing();
  return finish();
}
