/* Other processes: process_vm_readv and process_vm_writev, kcmp, process_madvise, process_mrelease, priorities of I/O, sched_setattr, unshare. */
#include "check.h"
#include <linux/kcmp.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#define PAGE 4096

static char *shared;

static void memory(void) {
  char *remote = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  char *only = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  memset(remote, 'r', 2 * PAGE);
  int ready[2], go[2];
  pipe(ready), pipe(go);
  pid_t child = fork();
  if (child == 0) {
    close(go[1]);
    memset(remote, 'c', PAGE);
    munmap(remote + 3 * PAGE, PAGE);
    write(ready[1], "x", 1);
    char c;
    read(go[0], &c, 1);
    _exit(remote[10] == 'W' && remote[PAGE + 5] == 'W' && remote[2 * PAGE] == 'W' ? 0 : 1);
  }
  char c, got[3 * PAGE] = "";
  read(ready[0], &c, 1);
  struct iovec local = {got, 10}, to = {remote, 10};
  equal("read", process_vm_readv(child, &local, 1, &to, 1, 0), 10);
  check("its memory", got[0] == 'c' && got[9] == 'c');
  struct iovec many[2] = {{got, 5}, {got + 100, 2 * PAGE}}, pieces[3] = {{remote + PAGE - 3, 6}, {remote, 0}, {remote + PAGE, 4}};
  equal("read pieces", process_vm_readv(child, many, 2, pieces, 3, 0), 10);
  check("as one row", memcmp(got, "cccrr", 5) == 0 && memcmp(got + 100, "rrrrr", 5) == 0);
  equal("read what was never touched", process_vm_readv(child, &local, 1, &(struct iovec){remote + 2 * PAGE, 10}, 1, 0), 10);
  equal("zeros", got[0], 0);
  fails("read: not mapped there", process_vm_readv(child, &local, 1, &(struct iovec){remote + 3 * PAGE, 10}, 1, 0), EFAULT);
  equal("read up to there", process_vm_readv(child, &(struct iovec){got, PAGE}, 1, &(struct iovec){remote + 3 * PAGE - 7, PAGE}, 1, 0), 7);
  fails("read: bad local pointer", process_vm_readv(child, &(struct iovec){(void *)8, 10}, 1, &to, 1, 0), EFAULT);
  fails("read: bad list", process_vm_readv(child, &local, 1, (void *)8, 1, 0), EFAULT);
  fails("read: flags", process_vm_readv(child, &local, 1, &to, 1, 1), EINVAL);
  fails("read: too many pieces", process_vm_readv(child, &local, 1, &to, 1025, 0), EINVAL);
  fails("read: nobody", process_vm_readv(99999, &local, 1, &to, 1, 0), ESRCH);
  equal("read: nothing", process_vm_readv(child, &local, 0, &to, 1, 0), 0);
  equal("read: nothing from there", process_vm_readv(child, &local, 1, &to, 0, 0), 0);
  memset(got, 'W', sizeof got);
  equal("write", process_vm_writev(child, &(struct iovec){got, 2 * PAGE}, 1, &(struct iovec){remote + 10, 2 * PAGE}, 1, 0), 2 * PAGE);
  check("private pages stay ours", remote[10] == 'r' && remote[PAGE + 5] == 'r');
  fails("write: read-only", process_vm_writev(child, &local, 1, &(struct iovec){only, 10}, 1, 0), EFAULT);
  int other = in_child({
    setgid(1000), setuid(1000);
    fails("read as another user", process_vm_readv(child, &local, 1, &to, 1, 0), EPERM);
    fails("compare as another user", syscall(SYS_kcmp, child, child, KCMP_VM, 0, 0), EPERM);
  });
  equal("checked by a child", other, EXITED(0));
  write(go[1], "x", 1);
  equal("the process has what was written", reap(child), EXITED(0));
}

static long compare(pid_t pid, int type, unsigned long a, unsigned long b) { return syscall(SYS_kcmp, getpid(), pid, type, a, b); }

static void comparing(void) {
  int go[2], file = open("file", O_RDWR | O_CREAT, 0600), again = open("file", O_RDWR), copy = dup(file);
  pipe(go);
  pid_t child = fork(), self = getpid();
  if (child == 0) {
    char c;
    close(go[1]);
    read(go[0], &c, 1);
    _exit(0);
  }
  equal("same file", compare(self, KCMP_FILE, file, copy), 0);
  check("another file", compare(self, KCMP_FILE, file, again) > 0);
  check("the other way round", compare(self, KCMP_FILE, file, again) + compare(self, KCMP_FILE, again, file) == 3);
  equal("file of a child", compare(child, KCMP_FILE, file, file), 0);
  fails("no such descriptor", compare(child, KCMP_FILE, file, 99), EBADF);
  equal("own memory", compare(self, KCMP_VM, 0, 0), 0);
  check("memory of a child", compare(child, KCMP_VM, 0, 0) > 0);
  check("its files", compare(child, KCMP_FILES, 0, 0) > 0);
  check("its paths", compare(child, KCMP_FS, 0, 0) > 0);
  check("its signal handlers", compare(child, KCMP_SIGHAND, 0, 0) > 0);
  equal("its I/O context: none", compare(child, KCMP_IO, 0, 0), 0);
  equal("its semaphores: none", compare(child, KCMP_SYSVSEM, 0, 0), 0);
  fails("unknown type", compare(child, 99, 0, 0), EINVAL);
  fails("nobody", compare(99999, KCMP_VM, 0, 0), ESRCH);
  int epoll = epoll_create1(0), ends[2];
  pipe(ends);
  struct epoll_event event = {.events = EPOLLIN};
  epoll_ctl(epoll, EPOLL_CTL_ADD, ends[0], &event);
  struct kcmp_epoll_slot slot = {epoll, ends[0], 0}, wrong = {epoll, 99, 0}, none = {file, ends[0], 0};
  equal("what an epoll watches", compare(self, KCMP_EPOLL_TFD, ends[0], (unsigned long)&slot), 0);
  check("is not the other end", compare(self, KCMP_EPOLL_TFD, ends[1], (unsigned long)&slot) > 0);
  fails("not watched", compare(self, KCMP_EPOLL_TFD, ends[0], (unsigned long)&wrong), ENOENT);
  fails("no epoll", compare(self, KCMP_EPOLL_TFD, ends[0], (unsigned long)&none), EINVAL);
  int pidfd = syscall(SYS_pidfd_open, child, 0), own = syscall(SYS_pidfd_open, self, 0);
  struct iovec piece = {shared, PAGE};
  equal("process_madvise", syscall(SYS_process_madvise, own, &piece, 1, MADV_COLD, 0), PAGE);
  fails("process_madvise: another's, unprivileged", syscall(SYS_process_madvise, pidfd, &piece, 1, MADV_COLD, 0), EPERM);
  fails("process_madvise: advice for oneself", syscall(SYS_process_madvise, pidfd, &piece, 1, MADV_DONTNEED, 0), EINVAL);
  fails("process_madvise: flags", syscall(SYS_process_madvise, own, &piece, 1, MADV_COLD, 1), EINVAL);
  fails("process_madvise: descriptor", syscall(SYS_process_madvise, file, &piece, 1, MADV_COLD, 0), EBADF);
  fails("process_mrelease: alive", syscall(SYS_process_mrelease, pidfd, 0), EINVAL);
  fails("process_mrelease: flags", syscall(SYS_process_mrelease, pidfd, 1), EINVAL);
  fails("process_mrelease: descriptor", syscall(SYS_process_mrelease, file, 0), EBADF);
  close(go[1]);
  reap(child);
  fails("process_mrelease: gone", syscall(SYS_process_mrelease, pidfd, 0), ESRCH);
}

static long io_set(int which, int who, int priority) { return syscall(SYS_ioprio_set, which, who, priority); }
static long io_get(int which, int who) { return syscall(SYS_ioprio_get, which, who); }

static void io_priority(void) {
  setpgid(0, 0);
  equal("none", io_get(1, 0), 0);
  equal("of the group: by nice value", io_get(2, 0), 2 << 13 | 4);
  equal("best effort", io_set(1, 0, 2 << 13 | 6), 0);
  equal("is kept", io_get(1, 0), 2 << 13 | 6);
  equal("a child", in_child(equal("has it", io_get(1, 0), 2 << 13 | 6)), EXITED(0));
  equal("idle", io_set(1, 0, 3 << 13), 0);
  equal("of the group", io_get(2, 0), 3 << 13);
  fails("real time, unprivileged", io_set(1, 0, 1 << 13), EPERM);
  fails("none with a level", io_set(1, 0, 3), EINVAL);
  equal("none again", io_set(1, 0, 0), 0);
  fails("unknown class", io_set(1, 0, 5 << 13), EINVAL);
  fails("unknown kind", io_set(9, 0, 2 << 13), EINVAL);
  fails("nobody", io_set(1, 99999, 2 << 13), ESRCH);
  fails("get: nobody", io_get(1, 99999), ESRCH);
  fails("get: unknown kind", io_get(9, 0), EINVAL);
  equal("of the user", io_set(3, 0, 2 << 13 | 1), 0);
  equal("best of the user", io_get(3, 0), 2 << 13 | 1);
}

struct attributes {
  unsigned size, policy;
  unsigned long flags;
  int nice;
  unsigned priority;
  unsigned long runtime, deadline, period;
  unsigned utilisation[2];
  char more[16];
};

static void scheduling(void) {
  struct attributes a = {.size = 56, .policy = SCHED_BATCH, .nice = 5};
  equal("setattr", syscall(SYS_sched_setattr, 0, &a, 0), 0);
  memset(&a, 0xff, sizeof a);
  equal("getattr", syscall(SYS_sched_getattr, 0, &a, 56, 0), 0);
  check("what was set", a.size == 56 && a.policy == SCHED_BATCH && a.nice == 5 && a.priority == 0 && a.flags == 0);
  equal("getscheduler", sched_getscheduler(0), SCHED_BATCH);
  equal("getattr: first version", syscall(SYS_sched_getattr, 0, &a, 48, 0), 0);
  equal("its size", a.size, 48);
  a = (struct attributes){.size = 0, .policy = SCHED_OTHER, .nice = 7, .flags = 1};
  equal("setattr: size 0 is the first version", syscall(SYS_sched_setattr, 0, &a, 0), 0);
  equal("reset on fork", sched_getscheduler(0), SCHED_OTHER | SCHED_RESET_ON_FORK);
  equal("a child", in_child(equal("starts without", sched_getscheduler(0), SCHED_OTHER)), EXITED(0));
  a = (struct attributes){.size = 48, .policy = 9, .nice = 8, .flags = 8 | 1};
  equal("keep the policy", syscall(SYS_sched_setattr, 0, &a, 0), 0);
  equal("getscheduler", sched_getscheduler(0), SCHED_OTHER | SCHED_RESET_ON_FORK);
  a = (struct attributes){.size = 48, .policy = SCHED_OTHER, .nice = 9};
  fails("no longer, unprivileged", syscall(SYS_sched_setattr, 0, &a, 0), EPERM);
  fails("nor by the old call", sched_setscheduler(0, SCHED_OTHER, &(struct sched_param){0}), EPERM);
  a = (struct attributes){.size = 72, .policy = SCHED_OTHER, .nice = 9, .flags = 1};
  equal("a larger structure", syscall(SYS_sched_setattr, 0, &a, 0), 0);
  a.more[3] = 1;
  fails("with something in it", syscall(SYS_sched_setattr, 0, &a, 0), E2BIG);
  equal("tells the size", a.size, 56);
  a = (struct attributes){.size = 20};
  fails("too small", syscall(SYS_sched_setattr, 0, &a, 0), E2BIG);
  a = (struct attributes){.size = 48, .policy = SCHED_FIFO, .priority = 5};
  fails("real time, unprivileged", syscall(SYS_sched_setattr, 0, &a, 0), EPERM);
  a = (struct attributes){.size = 48, .policy = SCHED_FIFO};
  fails("real time without a priority", syscall(SYS_sched_setattr, 0, &a, 0), EINVAL);
  a = (struct attributes){.size = 48, .policy = 77};
  fails("unknown policy", syscall(SYS_sched_setattr, 0, &a, 0), EINVAL);
  a = (struct attributes){.size = 48, .policy = SCHED_OTHER, .nice = -5};
  fails("a better nice value, unprivileged", syscall(SYS_sched_setattr, 0, &a, 0), EPERM);
  a = (struct attributes){.size = 48, .policy = SCHED_OTHER, .flags = 1ul << 40};
  fails("unknown flags", syscall(SYS_sched_setattr, 0, &a, 0), EINVAL);
  fails("setattr: flags", syscall(SYS_sched_setattr, 0, &a, 1), EINVAL);
  fails("setattr: pointer", syscall(SYS_sched_setattr, 0, 8, 0), EFAULT);
  fails("setattr: none", syscall(SYS_sched_setattr, 0, 0, 0), EINVAL);
  a = (struct attributes){.size = 48, .policy = SCHED_OTHER, .nice = 10};
  fails("setattr: nobody", syscall(SYS_sched_setattr, 99999, &a, 0), ESRCH);
  fails("getattr: nobody", syscall(SYS_sched_getattr, 99999, &a, 56, 0), ESRCH);
  fails("getattr: small", syscall(SYS_sched_getattr, 0, &a, 40, 0), EINVAL);
  fails("getattr: flags", syscall(SYS_sched_getattr, 0, &a, 56, 1), EINVAL);
}

static int close_it(void *fd) { return close(*(int *)fd); }

static void apart(void) {
  fails("unshare: unknown", unshare(0x8), EINVAL);
  fails("unshare: a namespace", unshare(CLONE_NEWUTS), EPERM);
  equal("unshare: alone", unshare(CLONE_VM | CLONE_SIGHAND | CLONE_THREAD), 0);
  static char stack[65536];
  int fd = open("file", O_RDONLY), go[2];
  pipe(go);
  pid_t child = clone(close_it, stack + sizeof stack, CLONE_FILES | SIGCHLD, &fd);
  equal("a child that shares files", reap(child), EXITED(0));
  fails("closes ours", close(fd), EBADF);
  equal("unshare: files and paths", unshare(CLONE_FILES | CLONE_FS | CLONE_SYSVSEM), 0);
}

int main(void) {
  enter_scratch();
  shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  memory();
  comparing();
  io_priority();
  scheduling();
  apart();
  return finish();
}
