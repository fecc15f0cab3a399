/*
 * mqueue-errors.c - errors, interruption and restart of POSIX message queues: mq_open(2), mq_unlink(2), mq_timedsend(2), mq_timedreceive(2),
 * mq_getsetattr(2), as far as mqueue.c does not show them by name.
 */
#include "check.h"

#include <mqueue.h>
#include <sys/syscall.h>

static volatile sig_atomic_t signals;
static void count_signal(int number) { (void)number, signals++; }

static mqd_t make(const char *name, int flags) {
  struct mq_attr attributes = {.mq_maxmsg = 1, .mq_msgsize = 16};
  return mq_open(name, O_RDWR | O_CREAT | flags, 0600, &attributes);
}

/** The call's result; a child sends a signal while it sleeps, and carries out the statement when the handler has run. */
#define SIGNALLED(flags, statement, call) \
  ({ \
    handle(SIGUSR1, count_signal, flags); \
    signals = 0; \
    pid_t child_ = fork(); \
    if (child_ == 0) { \
      sleep_milliseconds(60); \
      kill(getppid(), SIGUSR1); \
      sleep_milliseconds(100); \
      statement; \
      _exit(0); \
    } \
    errno = 0; \
    long result_ = (call); \
    int error_ = errno; \
    reap(child_); \
    errno = error_; \
    result_; \
  })

static void opening(void) {
  char longest[300] = "/";
  memset(longest + 1, 'n', 256);
  fails("mq_unlink ENAMETOOLONG", mq_unlink(longest), ENAMETOOLONG);
  fails("mq_unlink EFAULT", syscall(SYS_mq_unlink, 8), EFAULT);
  fails("mq_unlink ENOENT", mq_unlink("/none"), ENOENT);
  fails("mq_open EFAULT: the name", syscall(SYS_mq_open, 8, O_RDWR, 0, NULL), EFAULT);
  mqd_t queues[300];
  int count = 0;
  char name[16];
  while (count < 300) {
    snprintf(name, sizeof name, "/%d", count);
    if ((queues[count] = make(name, 0)) < 0) break;
    count++;
  }
  fails("mq_open ENOSPC: too many queues", make("/one-more", 0), ENOSPC);
  for (int i = 0; i < count; i++) {
    snprintf(name, sizeof name, "/%d", i);
    close(queues[i]), mq_unlink(name);
  }
  equal("there can be 256", count, 256);
}

static void sending(void) {
  mqd_t q = make("/send", 0), now = mq_open("/send", O_RDWR | O_NONBLOCK), reading = mq_open("/send", O_RDONLY), writing = mq_open("/send", O_WRONLY);
  struct timespec past = {0, 0}, bad = {0, -1};
  char got[32];
  struct mq_attr attributes;
  fails("mq_timedreceive EAGAIN", mq_timedreceive(now, got, sizeof got, NULL, NULL), EAGAIN);
  fails("mq_timedreceive ETIMEDOUT", mq_timedreceive(q, got, sizeof got, NULL, &past), ETIMEDOUT);
  fails("mq_timedreceive EINVAL: the time", mq_timedreceive(q, got, sizeof got, NULL, &bad), EINVAL);
  fails("mq_timedreceive EFAULT: the time", mq_timedreceive(q, got, sizeof got, NULL, (void *)8), EFAULT);
  fails("mq_timedreceive EBADF: no descriptor", mq_timedreceive(99, got, sizeof got, NULL, NULL), EBADF);
  fails("mq_timedreceive EBADF: not open for reading", mq_timedreceive(writing, got, sizeof got, NULL, NULL), EBADF);
  fails("mq_timedreceive EMSGSIZE", mq_timedreceive(q, got, 15, NULL, NULL), EMSGSIZE);
  fails("mq_timedreceive EINTR: without SA_RESTART", SIGNALLED(0, , mq_timedreceive(q, got, sizeof got, NULL, NULL)), EINTR);
  equal("mq_timedreceive: restart", SIGNALLED(SA_RESTART, mq_send(q, "one", 3, 0), mq_timedreceive(q, got, sizeof got, NULL, NULL)), 3);
  equal("the handler has run", signals, 1);
  equal("mq_timedsend", mq_timedsend(q, "full", 4, 0, NULL), 0);
  fails("mq_timedsend EAGAIN", mq_timedsend(now, "x", 1, 0, NULL), EAGAIN);
  fails("mq_timedsend ETIMEDOUT", mq_timedsend(q, "x", 1, 0, &past), ETIMEDOUT);
  fails("mq_timedsend EINVAL: the time", mq_timedsend(q, "x", 1, 0, &bad), EINVAL);
  fails("mq_timedsend EINVAL: priority", mq_timedsend(q, "x", 1, 32768, NULL), EINVAL);
  fails("mq_timedsend EFAULT: the time", mq_timedsend(q, "x", 1, 0, (void *)8), EFAULT);
  fails("mq_timedsend EBADF: no descriptor", mq_timedsend(99, "x", 1, 0, NULL), EBADF);
  fails("mq_timedsend EBADF: not open for writing", mq_timedsend(reading, "x", 1, 0, NULL), EBADF);
  fails("mq_timedsend EMSGSIZE", mq_timedsend(q, got, 17, 0, NULL), EMSGSIZE);
  fails("mq_timedsend EINTR: without SA_RESTART", SIGNALLED(0, , mq_timedsend(q, "x", 1, 0, NULL)), EINTR);
  equal("mq_timedsend: restart", SIGNALLED(SA_RESTART, mq_receive(q, got, sizeof got, NULL), mq_timedsend(q, "two", 3, 0, NULL)), 0);
  equal("it is the one sent last", mq_receive(q, got, sizeof got, NULL), 3);
  equal("mq_getsetattr", syscall(SYS_mq_getsetattr, q, NULL, &attributes), 0);
  fails("mq_getsetattr EBADF", syscall(SYS_mq_getsetattr, 0, NULL, &attributes), EBADF);
  fails("mq_getsetattr EFAULT: to", syscall(SYS_mq_getsetattr, q, NULL, 8), EFAULT);
  fails("mq_getsetattr EFAULT: from", syscall(SYS_mq_getsetattr, q, 8, NULL), EFAULT);
  attributes.mq_flags = O_APPEND;
  fails("mq_getsetattr EINVAL: other flags", syscall(SYS_mq_getsetattr, q, &attributes, NULL), EINVAL);
  mq_unlink("/send");
}

int main(void) {
  opening();
  sending();
  return finish();
}
