/* POSIX message queues: making, attributes, order, waiting, times, notices, poll, limits, the file system. */
#include "check.h"
#include <dirent.h>
#include <mqueue.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/syscall.h>

static char got[8192];
static unsigned priority;

static long receive(mqd_t queue) {
  memset(got, 0, 100);
  priority = 99;
  return mq_receive(queue, got, sizeof got, &priority);
}
static struct timespec in_milliseconds(long milliseconds) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  t.tv_nsec += milliseconds * 1000000;
  t.tv_sec += t.tv_nsec / 1000000000;
  t.tv_nsec %= 1000000000;
  return t;
}
static mqd_t make(const char *name, long messages, long bytes) {
  struct mq_attr attributes = {.mq_maxmsg = messages, .mq_msgsize = bytes};
  return mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &attributes);
}

static void making(void) {
  struct mq_attr a = {0};
  fails("open: none", mq_open("/none", O_RDWR), ENOENT);
  mqd_t q = mq_open("/a", O_RDWR | O_CREAT, 0644, NULL);
  check("open", q >= 0);
  equal("closed on exec", fcntl(q, F_GETFD), FD_CLOEXEC);
  equal("getattr", mq_getattr(q, &a), 0);
  check("defaults", a.mq_flags == 0 && a.mq_maxmsg == 10 && a.mq_msgsize == 8192 && a.mq_curmsgs == 0);
  fails("exclusively", mq_open("/a", O_RDWR | O_CREAT | O_EXCL, 0600, NULL), EEXIST);
  mqd_t again = mq_open("/a", O_RDONLY | O_NONBLOCK);
  mq_getattr(again, &a);
  equal("flags of an open file", a.mq_flags, O_NONBLOCK);
  struct mq_attr wanted = {.mq_flags = 0}, old = {0};
  equal("setattr", mq_setattr(again, &wanted, &old), 0);
  equal("tells the old", old.mq_flags, O_NONBLOCK);
  equal("blocks now", fcntl(again, F_GETFL) & O_NONBLOCK, 0);
  wanted.mq_flags = O_APPEND;
  fails("setattr: other flags", mq_setattr(again, &wanted, NULL), EINVAL);
  fails("getattr: descriptor", mq_getattr(99, &a), EBADF);
  fails("getattr: another file", mq_getattr(0, &a), EBADF);
  fails("getattr: pointer", syscall(SYS_mq_getsetattr, q, NULL, 8), EFAULT);
  fails("send: read-only", mq_send(again, "x", 1, 0), EBADF);
  mqd_t writer = mq_open("/a", O_WRONLY);
  fails("receive: write-only", receive(writer), EBADF);
  fails("open: access mode", syscall(SYS_mq_open, "a", 3, 0, NULL), EINVAL);
  fails("open: slash", syscall(SYS_mq_open, "a/b", O_RDWR | O_CREAT, 0600, NULL), EACCES);
  fails("open: dots", syscall(SYS_mq_open, "..", O_RDWR | O_CREAT, 0600, NULL), EACCES);
  fails("open: empty", syscall(SYS_mq_open, "", O_RDWR | O_CREAT, 0600, NULL), ENOENT);
  fails("open: attributes", syscall(SYS_mq_open, "b", O_RDWR | O_CREAT, 0600, 8), EFAULT);
  char longest[300] = "/";
  memset(longest + 1, 'n', 256);
  fails("open: long name", mq_open(longest, O_RDWR | O_CREAT, 0600, NULL), ENAMETOOLONG);
  fails("open: too many messages", make("/b", 11, 8192), EINVAL);
  fails("open: too long messages", make("/b", 10, 8193), EINVAL);
  fails("open: no messages", make("/b", 0, 10), EINVAL);
  fails("open: negative", make("/b", 10, -1), EINVAL);
  equal("unlink", mq_unlink("/a"), 0);
  fails("unlink again", mq_unlink("/a"), ENOENT);
  equal("goes on without a name", mq_send(q, "still", 5, 0), 0);
  close(again), close(writer), close(q);
}

static void order(void) {
  mqd_t q = make("/order", 4, 16);
  equal("send", mq_send(q, "one", 3, 1), 0);
  mq_send(q, "zero", 4, 0), mq_send(q, "five", 4, 5), mq_send(q, "one again", 9, 1);
  struct mq_attr a;
  mq_getattr(q, &a);
  equal("four", a.mq_curmsgs, 4);
  struct mq_attr nonblocking = {.mq_flags = O_NONBLOCK};
  mq_setattr(q, &nonblocking, NULL);
  fails("full", mq_send(q, "more", 4, 0), EAGAIN);
  fails("send: too long", mq_send(q, got, 17, 0), EMSGSIZE);
  fails("send: priority", mq_send(q, "x", 1, 32768), EINVAL);
  fails("receive: small buffer", mq_receive(q, got, 15, NULL), EMSGSIZE);
  equal("most urgent", receive(q), 4);
  check("five", strcmp(got, "five") == 0 && priority == 5);
  equal("then", receive(q), 3);
  check("the first of its priority", strcmp(got, "one") == 0 && priority == 1);
  equal("then", receive(q), 9);
  check("the second", strcmp(got, "one again") == 0 && priority == 1);
  equal("without asking for the priority", mq_receive(q, got, sizeof got, NULL), 4);
  fails("empty", receive(q), EAGAIN);
  equal("an empty message", mq_send(q, "", 0, 32767), 0);
  equal("comes", receive(q), 0);
  equal("with its priority", priority, 32767);
  fails("send: pointer", mq_send(q, (void *)8, 4, 0), EFAULT);
  mq_send(q, "lost", 4, 0);
  fails("receive: pointer", mq_receive(q, (void *)8, 100, NULL), EFAULT);
  fails("lost it", receive(q), EAGAIN);
  mq_unlink("/order"), close(q);
}

static void on_signal(int number) { (void)number; }

static void waiting(void) {
  mqd_t q = make("/wait", 1, 16);
  struct timespec past = {1, 0}, bad = {1, 1000000000}, soon = in_milliseconds(30);
  fails("receive: a time that has passed", mq_timedreceive(q, got, 16, NULL, &past), ETIMEDOUT);
  fails("receive: a bad time", mq_timedreceive(q, got, 16, NULL, &bad), EINVAL);
  fails("receive: a time that comes", mq_timedreceive(q, got, 16, NULL, &soon), ETIMEDOUT);
  pid_t receiver = fork();
  if (receiver == 0) _exit(receive(q) == 5 && strcmp(got, "hello") == 0 ? 5 : 1);
  sleep_milliseconds(20);
  mq_send(q, "hello", 5, 0);
  equal("a waiting receiver", reap(receiver), EXITED(5));
  mq_send(q, "full", 4, 0);
  fails("send: a time that has passed", mq_timedsend(q, "x", 1, 0, &past), ETIMEDOUT);
  pid_t sender = fork();
  if (sender == 0) _exit(mq_send(q, "later", 5, 0) == 0 ? 6 : 1);
  sleep_milliseconds(20);
  equal("make room", receive(q), 4);
  equal("a waiting sender", reap(sender), EXITED(6));
  equal("what it sent", receive(q), 5);
  pid_t interrupted = fork();
  if (interrupted == 0) {
    handle(SIGALRM, on_signal, 0);
    ualarm(20000, 0);
    _exit(receive(q) == -1 && errno == EINTR ? 7 : 1);
  }
  equal("a signal ends the wait", reap(interrupted), EXITED(7));
  struct pollfd p = {.fd = q, .events = POLLIN | POLLOUT};
  equal("poll: empty", poll(&p, 1, 0), 1);
  equal("to write", p.revents, POLLOUT);
  mq_send(q, "x", 1, 0);
  equal("poll: full", poll(&p, 1, 0), 1);
  equal("to read", p.revents, POLLIN);
  receive(q);
  pid_t poller = fork();
  if (poller == 0) {
    struct pollfd input = {.fd = q, .events = POLLIN};
    _exit(poll(&input, 1, 10000) == 1 && input.revents == POLLIN ? 8 : 1);
  }
  sleep_milliseconds(20);
  mq_send(q, "x", 1, 0);
  equal("poll waits", reap(poller), EXITED(8));
  mq_unlink("/wait"), close(q);
}

static siginfo_t seen;
static volatile int notices;
static void on_notice(int number, siginfo_t *info, void *context) {
  (void)number, (void)context;
  seen = *info;
  notices++;
}

static void notifying(void) {
  mqd_t q = make("/notify", 4, 16), copy = dup(q);
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1, .sigev_value.sival_int = 42}, nothing = {.sigev_notify = SIGEV_NONE};
  handle_info(SIGUSR1, on_notice, 0);
  equal("register", mq_notify(q, &event), 0);
  fails("again", mq_notify(q, &event), EBUSY);
  equal("a child", in_child(fails("may not either", mq_notify(q, &event), EBUSY); equal("nor take it back", mq_notify(q, NULL), 0)), EXITED(0));
  mq_send(q, "x", 1, 0);
  equal("told", notices, 1);
  check("of what", seen.si_code == SI_MESGQ && seen.si_value.sival_int == 42 && seen.si_pid == getpid() && seen.si_uid == getuid());
  receive(q);
  mq_send(q, "x", 1, 0);
  equal("once only", notices, 1);
  equal("register while there is one", mq_notify(q, &event), 0);
  mq_send(q, "y", 1, 0);
  equal("the queue was not empty", notices, 1);
  receive(q), receive(q);
  equal("take it back", mq_notify(q, NULL), 0);
  mq_send(q, "x", 1, 0);
  equal("not told", notices, 1);
  receive(q);
  mq_notify(q, &event);
  pid_t receiver = fork();
  if (receiver == 0) _exit(receive(q) == 1 ? 0 : 1);
  sleep_milliseconds(50);
  mq_send(q, "x", 1, 0);
  equal("somebody waits for it", reap(receiver), EXITED(0));
  equal("not told", notices, 1);
  fails("still registered", mq_notify(q, &event), EBUSY);
  close(copy);
  equal("closing any descriptor ends it", mq_notify(q, &nothing), 0);
  char text[200] = "";
  int file = open("/dev/mqueue/notify", O_RDONLY);
  int length = read(file, text, sizeof text - 1);
  char expected[200];
  sprintf(expected, "QSIZE:%-10d NOTIFY:%-5d SIGNO:%-5d NOTIFY_PID:%-6d\n", 0, SIGEV_NONE, 0, getpid());
  check("length of the text", length == (int)strlen(expected));
  same_text("the text", strcmp(text, expected) == 0 ? "same" : text, "same");
  close(file);
  mq_notify(q, NULL);
  struct sigevent wrong = {.sigev_notify = 77}, high = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = 65};
  fails("unknown way", mq_notify(q, &wrong), EINVAL);
  fails("no such signal", mq_notify(q, &high), EINVAL);
  fails("pointer", syscall(SYS_mq_notify, q, 8), EFAULT);
  fails("descriptor", mq_notify(99, &event), EBADF);
  fails("another file", mq_notify(0, &event), EBADF);
  int plain = socket(AF_UNIX, SOCK_STREAM, 0);
  struct sigevent thread = {.sigev_notify = SIGEV_THREAD, .sigev_signo = plain, .sigev_value.sival_ptr = text};
  fails("thread: not that kind of socket", syscall(SYS_mq_notify, q, &thread), EINVAL);
  thread.sigev_signo = 99;
  fails("thread: descriptor", syscall(SYS_mq_notify, q, &thread), EBADF);
  thread.sigev_signo = 0;
  fails("thread: no socket", syscall(SYS_mq_notify, q, &thread), ENOTSOCK);
  thread.sigev_value.sival_ptr = (void *)8;
  fails("thread: cookie", syscall(SYS_mq_notify, q, &thread), EFAULT);
  mq_unlink("/notify"), close(q);
}

/** SIGEV_THREAD below the C library: a cookie, whose last byte says what has happened, comes from a netlink socket. */
static void notice_by_cookie(void) {
  mqd_t q = make("/cookie", 4, 16);
  unsigned char cookie[32], got[64];
  int netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK, 0);
  struct sigevent event = {.sigev_notify = SIGEV_THREAD, .sigev_signo = netlink, .sigev_value.sival_ptr = cookie};
  for (int i = 0; i < 32; i++) cookie[i] = i * 7;
  equal("by a cookie", syscall(SYS_mq_notify, q, &event), 0);
  fails("mq_notify EBUSY: by a cookie again", syscall(SYS_mq_notify, q, &event), EBUSY);
  fails("nothing has happened", recv(netlink, got, sizeof got, 0), EAGAIN);
  mq_send(q, "one", 3, 0);
  equal("a message came", recv(netlink, got, sizeof got, 0), 32);
  check("the cookie says so", memcmp(got, cookie, 31) == 0 && got[31] == 1);
  fails("once", recv(netlink, got, sizeof got, 0), EAGAIN);
  equal("registered anew", syscall(SYS_mq_notify, q, &event), 0);
  mq_send(q, "two", 3, 0);
  fails("not of a queue that was not empty", recv(netlink, got, sizeof got, 0), EAGAIN);
  equal("taken back", mq_notify(q, NULL), 0);
  check("the cookie says so", recv(netlink, got, sizeof got, 0) == 32 && memcmp(got, cookie, 31) == 0 && got[31] == 2);
  equal("registered again", syscall(SYS_mq_notify, q, &event), 0);
  close(q);
  check("closing takes it back", recv(netlink, got, sizeof got, 0) == 32 && got[31] == 2);
  q = mq_open("/cookie", O_RDWR | O_NONBLOCK);
  while (receive(q) >= 0) {
  }
  equal("registered a last time", syscall(SYS_mq_notify, q, &event), 0);
  close(netlink);
  equal("nobody hears it", mq_send(q, "three", 5, 0), 0);
  close(q), mq_unlink("/cookie");
}

static mqd_t threads_queue;
static volatile int threads_value;
static void notified(union sigval value) {
  char got[16];
  threads_value = mq_receive(threads_queue, got, sizeof got, NULL) == 3 ? value.sival_int : -1;
}

/** SIGEV_THREAD as the C library has it. */
static void notice_by_thread(void) {
  struct sigevent event = {.sigev_notify = SIGEV_THREAD, .sigev_notify_function = notified, .sigev_value.sival_int = 42};
  threads_queue = make("/thread", 4, 16);
  for (int round = 1; round <= 2; round++) {
    threads_value = 0;
    event.sigev_value.sival_int = 40 + round;
    equal("by a thread", mq_notify(threads_queue, &event), 0);
    mq_send(threads_queue, "abc", 3, 0);
    check("it runs", eventually(threads_value == 40 + round));
  }
  equal("by a thread, taken back", (mq_notify(threads_queue, &event), mq_notify(threads_queue, NULL)), 0);
  close(threads_queue), mq_unlink("/thread");
}

static void limits(void) {
  struct rlimit few = {20000, 20000};
  int status = in_child({
    setrlimit(RLIMIT_MSGQUEUE, &few);
    fails("RLIMIT_MSGQUEUE", mq_open("/much", O_RDWR | O_CREAT, 0600, NULL), EMFILE);
    check("less fits", make("/less", 10, 1000) >= 0);
    fails("but not twice", make("/more", 10, 1000), EMFILE);
    mq_unlink("/less");
  });
  equal("limits", status, EXITED(0));
  mqd_t q = mq_open("/mine", O_RDWR | O_CREAT, 0600, NULL);
  status = in_child({
    setgid(1000), setuid(1000);
    fails("another user", mq_open("/mine", O_RDONLY), EACCES);
    fails("may not unlink it", mq_unlink("/mine"), EACCES);
    check("may make his own", mq_open("/his", O_RDWR | O_CREAT, 0600, NULL) >= 0);
    equal("and unlink it", mq_unlink("/his"), 0);
  });
  equal("permissions", status, EXITED(0));
  close(q), mq_unlink("/mine");
}

static void file_system(void) {
  struct statfs fs;
  struct stat status;
  equal("statfs", statfs("/dev/mqueue", &fs), 0);
  equal("its type", fs.f_type, 0x19800202);
  stat("/dev/mqueue", &status);
  equal("its mode", status.st_mode, S_IFDIR | 01777);
  mqd_t q = make("/file", 2, 16);
  mq_send(q, "abc", 3, 0);
  equal("stat", stat("/dev/mqueue/file", &status), 0);
  check("a file", S_ISREG(status.st_mode) && (status.st_mode & 0777) == 0600 && status.st_size == 80);
  int file = open("/dev/mqueue/file", O_RDWR);
  equal("which is the queue", mq_receive(file, got, 16, NULL), 3);
  fails("write", write(file, "x", 1), EINVAL);
  close(file);
  DIR *directory = opendir("/dev/mqueue");
  int found = 0, others = 0;
  for (struct dirent *e; (e = readdir(directory));) {
    if (strcmp(e->d_name, "file") == 0) found++;
    else if (e->d_name[0] != '.') others++;
  }
  closedir(directory);
  check("listed", found == 1 && others == 0);
  file = open("/dev/mqueue/made", O_RDWR | O_CREAT, 0600);
  struct mq_attr a;
  equal("made by open(2)", mq_getattr(file, &a), 0);
  check("with defaults", a.mq_maxmsg == 10 && a.mq_msgsize == 8192);
  close(file);
  equal("unlink(2)", unlink("/dev/mqueue/made"), 0);
  fails("mkdir", mkdir("/dev/mqueue/d", 0700), EPERM);
  fails("symlink", symlink("x", "/dev/mqueue/l"), EPERM);
  fails("link", link("/dev/mqueue/file", "/dev/mqueue/l"), EPERM);
  fails("rename", rename("/dev/mqueue/file", "/dev/mqueue/other"), EPERM);
  mq_unlink("/file"), close(q);
  char text[32] = "";
  file = open("/proc/sys/fs/mqueue/msgsize_max", O_RDONLY);
  read(file, text, 31);
  same_text("/proc/sys", text, "8192\n");
}

int main(void) {
  making();
  order();
  waiting();
  notifying();
  notice_by_cookie();
  notice_by_thread();
  limits();
  file_system();
  return finish();
}
