/* signal-storm: processes that bombard one another with signals while they compute, wait, fork and read. */
#include "check.h"
#include <sys/time.h>

#define PEERS 6

/* Handlers interrupt one another, so they count atomically. */
static int queued, plain, sum_of_values;
static void add(int *counter, int value) { __atomic_fetch_add(counter, value, __ATOMIC_SEQ_CST); }
static int value_of(int *counter) { return __atomic_load_n(counter, __ATOMIC_SEQ_CST); }

static void on_queued(int number, siginfo_t *info, void *context) {
  (void)number, (void)context;
  add(&queued, 1);
  add(&sum_of_values, info->si_int);
}
static void on_plain(int number) {
  (void)number;
  add(&plain, 1);
}
static void on_child(int number) {
  (void)number;
  int error = errno;
  while (waitpid(-1, NULL, WNOHANG) > 0) {
  }
  errno = error;
}

/** Sends `count` real-time signals that must all arrive, with ordinary ones that may merge. */
static void bombard(pid_t target, int count) {
  for (int i = 1; i <= count; i++) {
    while (sigqueue(target, SIGRTMIN + i % 4, (union sigval){.sival_int = i}) < 0 && errno == EAGAIN) sleep_milliseconds(1);
    kill(target, SIGUSR1);
    if (i % 16 == 0) kill(target, SIGCONT);
  }
}

static void all_must_arrive(void) {
  for (int i = 0; i < 4; i++) handle_info(SIGRTMIN + i, on_queued, i & 1 ? SA_RESTART | SA_NODEFER : SA_RESTART);
  handle(SIGUSR1, on_plain, SA_RESTART);
  pid_t self = getpid(), children[PEERS];
  for (int i = 0; i < PEERS; i++) {
    children[i] = fork();
    if (children[i] == 0) {
      bombard(self, 300);
      _exit(0);
    }
  }
  volatile double work = 0;
  while (value_of(&queued) < PEERS * 300) work += 0.5;
  for (int i = 0; i < PEERS; i++) equal("a peer ended", reap(children[i]), 0);
  equal("every queued signal arrived", value_of(&queued), PEERS * 300);
  equal("with its value", value_of(&sum_of_values), PEERS * 300 * 301 / 2);
  check("ordinary ones too", value_of(&plain) > 0 && value_of(&plain) <= PEERS * 300);
}

/** Children start and end while a timer and SIGCHLD interrupt everything. */
static void forks_under_fire(void) {
  handle(SIGALRM, on_plain, SA_RESTART);
  setitimer(ITIMER_REAL, &(struct itimerval){{0, 1000}, {0, 1000}}, NULL);
  int wrong = 0;
  for (int i = 0; i < 200; i++) {
    int status = in_child({
      setitimer(ITIMER_REAL, &(struct itimerval){{0, 500}, {0, 500}}, NULL);
      handle(SIGUSR1, on_plain, SA_RESTART);
      for (int j = 0; j < 20; j++) raise(SIGUSR1);
      _exit(i & 127);
    });
    wrong += status != EXITED(i & 127);
  }
  equal("wrong exit codes", wrong, 0);
  handle(SIGCHLD, on_child, SA_RESTART);
  for (int i = 0; i < 200; i++) {
    pid_t child = fork();
    if (child == 0) _exit(0);
    if (child > 0 && i % 3 == 0) kill(child, SIGKILL);
  }
  check("all children are reaped by the handler", eventually(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD));
  setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL);
  signal(SIGCHLD, SIG_DFL);
}

/** Processes are stopped, continued and killed at random; none may be lost. */
static void stop_and_go(void) {
  pid_t children[PEERS];
  for (int i = 0; i < PEERS; i++) {
    children[i] = fork();
    if (children[i] == 0)
      for (volatile long j = 0;; j++)
        if (j % 100000 == 0) sleep_milliseconds(1);
  }
  for (int round = 0; round < 100; round++) {
    kill(children[round % PEERS], SIGSTOP);
    kill(children[(round * 7 + 3) % PEERS], SIGCONT);
  }
  for (int i = 0; i < PEERS; i++) kill(children[i], i & 1 ? SIGKILL : SIGTERM), kill(children[i], SIGCONT);
  for (int i = 0; i < PEERS; i++) equal("killed", reap(children[i]), i & 1 ? KILLED(SIGKILL) : KILLED(SIGTERM));
}

int main(void) {
  all_must_arrive();
  forks_under_fire();
  stop_and_go();
  return finish();
}
