/* epoll: level- and edge-triggered, one-shot and exclusive items, nesting, what closing does; and eventfd. */
#include "check.h"
#include <limits.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

static struct epoll_event events[16];

static int control(int epoll, int operation, int file, uint32_t wanted) {
  struct epoll_event event = {.events = wanted, .data.u64 = 0x100000000ull | (unsigned)file};
  return epoll_ctl(epoll, operation, file, &event);
}

/** Events that are ready now. */
static int ready(int epoll) { return epoll_wait(epoll, events, 16, 0); }

static void arguments(void) {
  fails("epoll_create of no size", epoll_create(0), EINVAL);
  fails("epoll_create1 bad flags", epoll_create1(1), EINVAL);
  int epoll = epoll_create1(EPOLL_CLOEXEC), ends[2];
  check("epoll_create1", epoll >= 0);
  equal("close-on-exec", fcntl(epoll, F_GETFD), FD_CLOEXEC);
  pipe(ends);
  fails("ctl on a bad epoll", control(99, EPOLL_CTL_ADD, ends[0], EPOLLIN), EBADF);
  fails("ctl of a bad file", control(epoll, EPOLL_CTL_ADD, 99, EPOLLIN), EBADF);
  fails("ctl on what is no epoll", control(ends[0], EPOLL_CTL_ADD, ends[1], EPOLLIN), EINVAL);
  fails("ctl of itself", control(epoll, EPOLL_CTL_ADD, epoll, EPOLLIN), EINVAL);
  fails("ctl bad operation", control(epoll, 9, ends[0], EPOLLIN), EINVAL);
  fails("ctl bad pointer", epoll_ctl(epoll, EPOLL_CTL_ADD, ends[0], (void *)8), EFAULT);
  int regular = open("regular", O_CREAT | O_RDWR, 0644);
  fails("a regular file", control(epoll, EPOLL_CTL_ADD, regular, EPOLLIN), EPERM);
  fails("modify what is not there", control(epoll, EPOLL_CTL_MOD, ends[0], EPOLLIN), ENOENT);
  fails("delete what is not there", control(epoll, EPOLL_CTL_DEL, ends[0], 0), ENOENT);
  equal("add", control(epoll, EPOLL_CTL_ADD, ends[0], EPOLLIN), 0);
  fails("add again", control(epoll, EPOLL_CTL_ADD, ends[0], EPOLLIN), EEXIST);
  equal("delete", epoll_ctl(epoll, EPOLL_CTL_DEL, ends[0], NULL), 0);
  fails("wait for no events", epoll_wait(epoll, events, 0, 0), EINVAL);
  fails("wait bad pointer", ({ control(epoll, EPOLL_CTL_ADD, ends[1], EPOLLOUT); epoll_wait(epoll, (void *)8, 1, 0); }), EFAULT);
  equal("the event is still there", ready(epoll), 1);
  fails("wait on what is no epoll", epoll_wait(ends[0], events, 1, 0), EINVAL);
  fails("read", read(epoll, events, 8), EINVAL);
  close(epoll);
  close(regular);
  close(ends[0]);
  close(ends[1]);
}

static void triggers(void) {
  int epoll = epoll_create1(0), ends[2];
  char bytes[8];
  pipe(ends);
  control(epoll, EPOLL_CTL_ADD, ends[0], EPOLLIN);
  equal("nothing ready", ready(epoll), 0);
  write(ends[1], "ab", 2);
  equal("ready", ready(epoll), 1);
  equal("its events", events[0].events, EPOLLIN);
  check("its data", events[0].data.u64 == (0x100000000ull | (unsigned)ends[0]));
  equal("level-triggered: still ready", ready(epoll), 1);
  read(ends[0], bytes, 2);
  equal("no longer ready", ready(epoll), 0);

  control(epoll, EPOLL_CTL_MOD, ends[0], EPOLLIN | EPOLLET);
  write(ends[1], "a", 1);
  equal("edge-triggered: ready", ready(epoll), 1);
  equal("once", ready(epoll), 0);
  write(ends[1], "b", 1);
  equal("and at the next write", ready(epoll), 1);
  control(epoll, EPOLL_CTL_MOD, ends[0], EPOLLIN | EPOLLET);
  equal("modifying looks again", ready(epoll), 1);

  control(epoll, EPOLL_CTL_MOD, ends[0], EPOLLIN | EPOLLONESHOT);
  equal("one-shot: ready", ready(epoll), 1);
  write(ends[1], "c", 1);
  equal("then silent", ready(epoll), 0);
  control(epoll, EPOLL_CTL_MOD, ends[0], EPOLLIN | EPOLLONESHOT);
  equal("until it is armed again", ready(epoll), 1);

  control(epoll, EPOLL_CTL_MOD, ends[0], EPOLLIN);
  close(ends[1]);
  equal("hang-up comes unasked", (ready(epoll), events[0].events), EPOLLIN | EPOLLHUP);
  int copy = dup(ends[0]);
  close(ends[0]);
  equal("a duplicate keeps the item", ready(epoll), 1);
  close(copy);
  equal("the last close removes it", ready(epoll), 0);
  close(epoll);
}

static void many(void) {
  int epoll = epoll_create1(0), ends[20][2];
  for (int i = 0; i < 20; i++) {
    pipe(ends[i]);
    control(epoll, EPOLL_CTL_ADD, ends[i][0], EPOLLIN);
    write(ends[i][1], "x", 1);
  }
  int seen[20] = {0};
  for (int round = 0; round < 2; round++) {
    int count = epoll_wait(epoll, events, 10, 0);
    equal("ten at a time", count, 10);
    for (int i = 0; i < count; i++)
      for (int j = 0; j < 20; j++) seen[j] += ends[j][0] == (int)events[i].data.u64;
  }
  int once = 0;
  for (int i = 0; i < 20; i++) once += seen[i] == 1;
  equal("in turn, nobody starves", once, 20);
  for (int i = 0; i < 20; i++) close(ends[i][0]), close(ends[i][1]);
  equal("all closed", ready(epoll), 0);
  close(epoll);
}

static void nesting(void) {
  int inner = epoll_create1(0), outer = epoll_create1(0), ends[2];
  pipe(ends);
  control(inner, EPOLL_CTL_ADD, ends[0], EPOLLIN);
  equal("an epoll in an epoll", control(outer, EPOLL_CTL_ADD, inner, EPOLLIN), 0);
  fails("and back", control(inner, EPOLL_CTL_ADD, outer, EPOLLIN), ELOOP);
  fails("never exclusively", ({ int third = epoll_create1(0); int result = control(third, EPOLL_CTL_ADD, inner, EPOLLIN | EPOLLEXCLUSIVE); int error = errno; close(third); errno = error; result; }), EINVAL);
  equal("quiet", ready(outer), 0);
  write(ends[1], "x", 1);
  equal("the outer hears of it", ready(outer), 1);
  check("whose", (int)events[0].data.u64 == inner);
  equal("the inner, too", ready(inner), 1);
  int chain[8] = {inner};
  int depth = 1, error = 0;
  for (; depth < 8; depth++) {
    chain[depth] = epoll_create1(0);
    if (control(chain[depth], EPOLL_CTL_ADD, chain[depth - 1], EPOLLIN) < 0) {
      error = errno;
      break;
    }
  }
  equal("not without end", error, ELOOP);
  equal("how deep", depth, 5);
  for (int i = 1; i <= depth && i < 8; i++) close(chain[i]);
  close(outer);
  close(inner);
  close(ends[0]);
  close(ends[1]);
}

static void exclusive(void) {
  int epoll = epoll_create1(0), ends[2];
  pipe(ends);
  equal("exclusive", control(epoll, EPOLL_CTL_ADD, ends[0], EPOLLIN | EPOLLEXCLUSIVE), 0);
  fails("cannot be modified", control(epoll, EPOLL_CTL_MOD, ends[0], EPOLLIN), EINVAL);
  fails("nor made so later", control(epoll, EPOLL_CTL_MOD, ends[0], EPOLLIN | EPOLLEXCLUSIVE), EINVAL);
  fails("nor one-shot", control(epoll, EPOLL_CTL_ADD, ends[1], EPOLLOUT | EPOLLEXCLUSIVE | EPOLLONESHOT), EINVAL);
  write(ends[1], "x", 1);
  equal("it reports", ready(epoll), 1);
  close(epoll);
  close(ends[0]);
  close(ends[1]);
}

static void on_signal(int number) { (void)number; }

static void waiting(void) {
  int epoll = epoll_create1(0), ends[2];
  pipe(ends);
  control(epoll, EPOLL_CTL_ADD, ends[0], EPOLLIN);
  equal("the timeout", epoll_wait(epoll, events, 1, 20), 0);
  pid_t child = fork();
  if (child == 0) {
    struct timespec rest = {0, 20000000};
    nanosleep(&rest, NULL);
    write(ends[1], "x", 1);
    _exit(0);
  }
  equal("woken by a write", epoll_wait(epoll, events, 1, -1), 1);
  waitpid(child, NULL, 0);
  char byte;
  read(ends[0], &byte, 1);
  sigset_t none, blocked;
  sigemptyset(&none);
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGUSR1);
  handle(SIGUSR1, on_signal, SA_RESTART);
  sigprocmask(SIG_BLOCK, &blocked, NULL);
  raise(SIGUSR1);
  equal("a blocked signal does not end it", epoll_wait(epoll, events, 1, 10), 0);
  fails("epoll_pwait lets it in, and SA_RESTART does not help", epoll_pwait(epoll, events, 1, 1000, &none), EINTR);
  sigprocmask(SIG_UNBLOCK, &blocked, NULL);
  struct timespec soon = {0, 10000000}, bad = {0, 2000000000};
  equal("epoll_pwait2", epoll_pwait2(epoll, events, 1, &soon, NULL), 0);
  fails("with a bad time", epoll_pwait2(epoll, events, 1, &bad, NULL), EINVAL);
  close(epoll);
  close(ends[0]);
  close(ends[1]);
}

static void event_counters(void) {
  uint64_t value = 0;
  fails("eventfd bad flags", eventfd(0, 2), EINVAL);
  int counter = eventfd(3, EFD_NONBLOCK | EFD_CLOEXEC);
  equal("eventfd flags", fcntl(counter, F_GETFL), O_RDWR | O_NONBLOCK);
  equal("its first value", (read(counter, &value, 8), value), 3);
  fails("then empty", read(counter, &value, 8), EAGAIN);
  fails("too short to read", read(counter, &value, 7), EINVAL);
  value = 5;
  equal("write", write(counter, &value, 8), 8);
  equal("write again", write(counter, &value, 8), 8);
  equal("the sum", (read(counter, &value, 8), value), 10);
  fails("too short to write", write(counter, &value, 4), EINVAL);
  value = ULLONG_MAX;
  fails("not a number", write(counter, &value, 8), EINVAL);
  value = ULLONG_MAX - 1;
  equal("full", write(counter, &value, 8), 8);
  value = 1;
  fails("no more", write(counter, &value, 8), EAGAIN);
  int epoll = epoll_create1(0);
  control(epoll, EPOLL_CTL_ADD, counter, EPOLLIN | EPOLLOUT);
  equal("readable only", (ready(epoll), events[0].events), EPOLLIN);
  read(counter, &value, 8);
  equal("writable only", (ready(epoll), events[0].events), EPOLLOUT);
  value = 1;
  write(counter, &value, 8);
  equal("both", (ready(epoll), events[0].events), EPOLLIN | EPOLLOUT);
  equal("lseek", lseek(counter, 0, SEEK_SET), 0);
  fails("pread", pread(counter, &value, 8, 0), ESPIPE);
  close(epoll);
  close(counter);
  counter = eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK);
  equal("a semaphore gives one", (read(counter, &value, 8), value), 1);
  equal("at a time", (read(counter, &value, 8), value), 1);
  fails("while it has some", read(counter, &value, 8), EAGAIN);
  close(counter);
  counter = eventfd(0, 0);
  pid_t child = fork();
  if (child == 0) {
    struct timespec rest = {0, 20000000};
    nanosleep(&rest, NULL);
    value = 7;
    write(counter, &value, 8);
    _exit(0);
  }
  equal("a read waits", (read(counter, &value, 8), value), 7);
  waitpid(child, NULL, 0);
  close(counter);
}

int main(void) {
  enter_scratch();
  arguments();
  triggers();
  many();
  nesting();
  exclusive();
  waiting();
  event_counters();
  return finish();
}
