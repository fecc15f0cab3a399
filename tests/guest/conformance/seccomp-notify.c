/*
 * seccomp-notify: a process decides about the calls of others (seccomp_unotify(2)). The filter stands on this process too, but names a call
 * that it does not make itself; the children, which inherit it, do.
 */
#include "check.h"
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>

#define KILLABLE (1 << 5) /* SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV */
#define SET_FLAGS SECCOMP_IOW(4, uint64_t)
#define WATCHED SYS_getpgid
#define BAD ((void *)8)

static struct sock_filter program[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, WATCHED, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};

static int install(unsigned flags) {
  struct sock_fprog fprog = {sizeof program / sizeof *program, program};
  return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &fprog);
}

static int listener;
static struct seccomp_notif notice;
static struct seccomp_notif_resp response;

static int receive(void) {
  memset(&notice, 0, sizeof notice);
  return ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &notice);
}

static int respond(uint64_t id, int error, int64_t value, unsigned flags) {
  response = (struct seccomp_notif_resp){id, value, error, flags};
  return ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
}

static int is_valid(uint64_t id) { return ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id); }

/** What the listener is ready for; waits up to 20 seconds for these events, for none it looks once. */
static int ready(int events) {
  struct pollfd poller = {.fd = listener, .events = POLLIN | POLLOUT};
  if (!events) poll(&poller, 1, 0);
  else if (eventually((poll(&poller, 1, 0), poller.revents == events))) return events;
  return poller.revents;
}

static volatile int *handled; /* signals that children have handled */
static void on_signal(int number) {
  (void)number;
  ++*handled;
}

/** A child that makes the watched call once and exits with its result, or with 100 + errno; `flags` are its SIGUSR1 handler's. */
static pid_t caller(int flags) {
  pid_t child = fork();
  if (child == 0) {
    handle(SIGUSR1, on_signal, flags);
    long r = syscall(WATCHED, 0, 0x1111111122222222, 3, 4, 5, 6);
    _exit(r < 0 ? 100 + errno : (int)r);
  }
  return child;
}

static void refusals(void) {
  uint32_t action = SECCOMP_RET_USER_NOTIF;
  equal("the action is there", syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action), 0);
  fails("seccomp EINVAL: a listener and the id of a thread", install(SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_TSYNC), EINVAL);
  fails("seccomp EINVAL: killable without a listener", install(KILLABLE), EINVAL);
  equal("without a listener", in_child({
          equal("a filter", install(0), 0);
          fails("ENOSYS", syscall(WATCHED, 0), ENOSYS);
        }), 0);
  equal("without descriptors", in_child({
          setrlimit(RLIMIT_NOFILE, &(struct rlimit){3, 3});
          fails("seccomp EMFILE", install(SECCOMP_FILTER_FLAG_NEW_LISTENER), EMFILE);
          check("nothing was installed", syscall(WATCHED, 0) > 0);
        }), 0);
}

static void one_call(void) {
  char link[64] = "", path[64];
  listener = install(SECCOMP_FILTER_FLAG_NEW_LISTENER);
  check("seccomp success: a listener", listener > 2);
  fails("seccomp EBUSY: only one", install(SECCOMP_FILTER_FLAG_NEW_LISTENER), EBUSY);
  equal("close-on-exec", fcntl(listener, F_GETFD), FD_CLOEXEC);
  equal("for reading and writing", fcntl(listener, F_GETFL) & O_ACCMODE, O_RDWR);
  snprintf(path, sizeof path, "/proc/self/fd/%d", listener);
  readlink(path, link, sizeof link - 1);
  same_text("its name", link, "anon_inode:seccomp notify");
  fails("ioctl EINVAL: of another kind", ioctl(listener, TCGETS, &notice), EINVAL);
  fails("read EINVAL", read(listener, path, 8), EINVAL);
  fails("write EINVAL", write(listener, path, 8), EINVAL);
  equal("nothing to receive", ready(0), 0);
  pid_t child = caller(0);
  equal("something to receive", ready(POLLIN), POLLIN);
  memset(&notice, 1, sizeof notice);
  fails("ioctl EINVAL: RECV into what is not zero", ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &notice), EINVAL);
  fails("ioctl EFAULT: RECV", ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, BAD), EFAULT);
  equal("it is still there", ready(0), POLLIN);
  equal("RECV", receive(), 0);
  equal("the caller", notice.pid, child);
  equal("the call", notice.data.nr, WATCHED);
  equal("the architecture", notice.data.arch, AUDIT_ARCH_X86_64);
  check("the instruction", notice.data.instruction_pointer != 0);
  check("the arguments", notice.data.args[0] == 0 && notice.data.args[1] == 0x1111111122222222 && notice.data.args[5] == 6);
  equal("no flags", notice.flags, 0);
  equal("to be answered", ready(0), POLLOUT);
  equal("ID_VALID", is_valid(notice.id), 0);
  fails("ioctl ENOENT: ID_VALID of another", is_valid(notice.id + 1), ENOENT);
  fails("ioctl EFAULT: ID_VALID", ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, BAD), EFAULT);
  uint64_t id = notice.id;
  equal("ID_VALID, with the first number it had", ioctl(listener, SECCOMP_IOR(2, uint64_t), &id), 0);
  fails("ioctl ENOENT: SEND to another", respond(notice.id + 1, 0, 7, 0), ENOENT);
  fails("ioctl EINVAL: SEND with an unknown flag", respond(notice.id, 0, 7, 2), EINVAL);
  fails("ioctl EINVAL: SEND of a value, though it continues", respond(notice.id, 0, 7, 1), EINVAL);
  fails("ioctl EINVAL: SEND of an error, though it continues", respond(notice.id, -EPERM, 0, 1), EINVAL);
  fails("ioctl EFAULT: SEND", ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, BAD), EFAULT);
  equal("SEND", respond(notice.id, 0, 42, 0), 0);
  equal("what the child gets", reap(child), EXITED(42));
  equal("nothing left", ready(0), 0);
  fails("ioctl ENOENT: it has gone", is_valid(notice.id), ENOENT);
  fails("ioctl EINVAL: SET_FLAGS", ioctl(listener, SET_FLAGS, 2), EINVAL);
  equal("SET_FLAGS", ioctl(listener, SET_FLAGS, 0), 0);
}

static void answers(void) {
  pid_t child = caller(0);
  receive();
  respond(notice.id, -EDOM, 42, 0);
  equal("an error goes before the value", reap(child), EXITED(100 + EDOM));
  child = fork();
  if (child == 0) _exit(syscall(WATCHED, 0) == getpgrp() ? 5 : 6);
  receive();
  equal("SEND: the call is carried out", respond(notice.id, 0, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE), 0);
  equal("and has its own result", reap(child), EXITED(5));
  pid_t first = caller(0);
  equal("one waits", ready(POLLIN), POLLIN);
  receive();
  uint64_t id = notice.id;
  pid_t second = caller(0);
  equal("one waits, one was received", ready(POLLIN | POLLOUT), POLLIN | POLLOUT);
  fails("ioctl EINPROGRESS: SEND before RECV", respond(id + 1, 0, 1, 0), EINPROGRESS);
  receive();
  equal("ids go up", notice.id, id + 1);
  equal("who they are of", notice.pid, second);
  respond(notice.id, 0, 2, 0);
  equal("answered out of turn", reap(second), EXITED(2));
  respond(id, 0, 1, 0);
  equal("the first", reap(first), EXITED(1));
}

/** A child whose descriptors are checked after its call: exits 0 if `descriptor` is open then, and the call gave `value`. */
static pid_t taker(int descriptor, int value, int limit) {
  pid_t child = fork();
  if (child == 0) {
    if (limit) setrlimit(RLIMIT_NOFILE, &(struct rlimit){limit, limit});
    int r = syscall(WATCHED, 0);
    if (r != value) _exit(1);
    _exit(fcntl(descriptor, F_GETFD) < 0 ? 2 : 0);
  }
  receive();
  return child;
}

static int add(unsigned flags, int source, int target, unsigned file_flags) {
  struct seccomp_notif_addfd request = {notice.id, flags, source, target, file_flags};
  return ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &request);
}

static void descriptors(void) {
  int lowest = dup(0);
  close(lowest);
  struct {
    struct seccomp_notif_addfd known;
    uint64_t more;
  } larger = {{0}, 1};
  pid_t child = taker(lowest, 9, 0);
  fails("ioctl EBADF: ADDFD of no descriptor", add(0, 99, 0, 0), EBADF);
  fails("ioctl EINVAL: ADDFD with an unknown flag", add(4, 0, 0, 0), EINVAL);
  fails("ioctl EINVAL: ADDFD with another flag of the file", add(0, 0, 0, O_NONBLOCK), EINVAL);
  fails("ioctl EINVAL: ADDFD with a number that is not asked for", add(0, 0, 20, 0), EINVAL);
  fails("ioctl EFAULT: ADDFD", ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, BAD), EFAULT);
  fails("ioctl E2BIG: ADDFD with more than is known", ioctl(listener, SECCOMP_IOW(3, larger), &larger), E2BIG);
  fails("ioctl EINVAL: ADDFD with less", ioctl(listener, SECCOMP_IOW(3, uint64_t), &larger), EINVAL);
  notice.id++;
  fails("ioctl ENOENT: ADDFD to another", add(0, 0, 0, 0), ENOENT);
  notice.id--;
  equal("ADDFD", add(0, 0, 0, O_CLOEXEC), lowest);
  respond(notice.id, 0, 9, 0);
  equal("the child has it", reap(child), 0);
  child = taker(30, 9, 0);
  equal("ADDFD as a number", add(SECCOMP_ADDFD_FLAG_SETFD, 0, 30, 0), 30);
  equal("again, in the place of that", add(SECCOMP_ADDFD_FLAG_SETFD, 1, 30, 0), 30);
  respond(notice.id, 0, 9, 0);
  equal("it is open there", reap(child), 0);
  child = taker(lowest, lowest, 0);
  equal("ADDFD that answers", add(SECCOMP_ADDFD_FLAG_SEND, 0, 0, 0), lowest);
  equal("the number is the call's result", reap(child), 0);
  child = taker(0, 9, lowest);
  fails("ioctl EMFILE: ADDFD beyond the caller's limit", add(SECCOMP_ADDFD_FLAG_SEND, 0, 0, 0), EMFILE);
  fails("ioctl EBADF: ADDFD as a number beyond it", add(SECCOMP_ADDFD_FLAG_SETFD, 0, lowest, 0), EBADF);
  equal("which leaves it to be answered", respond(notice.id, 0, 9, 0), 0);
  equal("so it is", reap(child), 0);
}

static void interruptions(void) {
  pid_t child = caller(0);
  ready(POLLIN);
  kill(child, SIGUSR1);
  equal("a signal ends a call that waits", reap(child), EXITED(100 + EINTR));
  equal("it cannot be received any more", ready(0), 0);
  fails("ioctl ENOENT: RECV of a call that was interrupted", receive(), ENOENT);
  child = caller(0);
  receive();
  kill(child, SIGUSR1);
  equal("and one that was received", reap(child), EXITED(100 + EINTR));
  fails("ioctl ENOENT: SEND to a call that was interrupted", respond(notice.id, 0, 1, 0), ENOENT);
  child = caller(SA_RESTART);
  receive();
  uint64_t id = notice.id;
  kill(child, SIGUSR1);
  equal("SA_RESTART: it comes again", receive(), 0);
  check("as another", notice.id != id);
  fails("ioctl ENOENT: the first one has gone", is_valid(id), ENOENT);
  respond(notice.id, 0, 8, 0);
  equal("and is answered", reap(child), EXITED(8));
  child = caller(0);
  receive();
  kill(child, SIGKILL);
  equal("the caller is killed", reap(child), KILLED(SIGKILL));
  fails("ioctl ENOENT: its call has gone", is_valid(notice.id), ENOENT);
  handle(SIGALRM, on_signal, 0);
  setitimer(ITIMER_REAL, &(struct itimerval){{0, 20000}, {0, 20000}}, NULL);
  int r = receive();
  int error = errno;
  setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL);
  equal("ioctl EINTR: RECV", r < 0 ? error : 0, EINTR);
}

/** A process of its own, whose filter has these flags; `work` is the supervisor's, which has the descriptor in `listener`. */
static void supervise(unsigned flags, int callers_signal_flags, void (*work)(pid_t)) {
  volatile int *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  pid_t child = fork();
  if (child == 0) {
    handle(SIGUSR1, on_signal, callers_signal_flags);
    shared[0] = install(flags);
    while (!shared[1]) sleep_milliseconds(1);
    close(shared[0]);
    long r = syscall(WATCHED, 0);
    _exit(r < 0 ? 100 + errno : (int)r);
  }
  int pidfd = syscall(SYS_pidfd_open, child, 0);
  eventually(shared[0] != 0);
  listener = syscall(SYS_pidfd_getfd, pidfd, shared[0], 0);
  shared[1] = 1;
  work(child);
  close(pidfd);
  munmap((void *)shared, 4096);
}

static void until_killed(pid_t child) {
  *handled = 0;
  ready(POLLIN);
  receive();
  kill(child, SIGUSR1);
  sleep_milliseconds(30);
  equal("killable: a signal does not end a call that was received", is_valid(notice.id), 0);
  equal("nor is it handled", *handled, 0);
  respond(notice.id, 0, 4, 0);
  equal("until the answer", reap(child), EXITED(4));
  equal("then it is", *handled, 1);
  equal("nobody is left to listen to", ready(POLLHUP), POLLHUP);
  fails("ioctl ENOENT: RECV from nobody", receive(), ENOENT);
  close(listener);
}

static void not_yet_received(pid_t child) {
  ready(POLLIN);
  kill(child, SIGUSR1);
  equal("killable: before it is received, a signal ends it", reap(child), EXITED(100 + EINTR));
  close(listener);
}

static void kill_received(pid_t child) {
  receive();
  kill(child, SIGKILL);
  equal("killable: so does SIGKILL", reap(child), KILLED(SIGKILL));
  close(listener);
}

static void leave(pid_t child) {
  ready(POLLIN);
  close(listener);
  equal("the listener goes: ENOSYS", reap(child), EXITED(100 + ENOSYS));
}

static void leave_received(pid_t child) {
  receive();
  close(listener);
  equal("also for a call that was received", reap(child), EXITED(100 + ENOSYS));
}

static void hang_up(pid_t child) {
  receive();
  respond(notice.id, 0, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
  equal("the last caller ends, though nobody waits for it", ready(POLLHUP), POLLHUP);
  reap(child);
  fails("ioctl ENOENT: RECV when nobody can call", receive(), ENOENT);
  close(listener);
}

static void *supervisor(void *argument) {
  for (int i = 0; i < 100; i++) {
    receive();
    respond(notice.id, 0, notice.data.args[0] + 1, 0);
  }
  return argument;
}

/** A thread answers the other's calls. */
static void by_a_thread(void) {
  equal("in one process", in_child({
          pthread_t thread;
          long sum = 0;
          listener = install(SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_TSYNC_ESRCH);
          check("a listener for all threads", listener >= 0);
          pthread_create(&thread, NULL, supervisor, NULL);
          for (int i = 0; i < 100; i++) sum += syscall(WATCHED, i);
          pthread_join(thread, NULL);
          equal("a hundred answers", sum, 5050);
          close(listener);
          fails("ENOSYS when it is closed", syscall(WATCHED, 0), ENOSYS);
          listener = install(SECCOMP_FILTER_FLAG_NEW_LISTENER);
          check("and another may listen", listener >= 0);
        }), 0);
}

int main(void) {
  handled = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  refusals();
  by_a_thread();
  supervise(SECCOMP_FILTER_FLAG_NEW_LISTENER | KILLABLE, 0, until_killed);
  supervise(SECCOMP_FILTER_FLAG_NEW_LISTENER | KILLABLE, 0, not_yet_received);
  supervise(SECCOMP_FILTER_FLAG_NEW_LISTENER | KILLABLE, 0, kill_received);
  supervise(SECCOMP_FILTER_FLAG_NEW_LISTENER, 0, leave);
  supervise(SECCOMP_FILTER_FLAG_NEW_LISTENER, 0, leave_received);
  supervise(SECCOMP_FILTER_FLAG_NEW_LISTENER, 0, hang_up);
  one_call();
  answers();
  descriptors();
  interruptions();
  return finish();
}
