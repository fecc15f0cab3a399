/* open-errors: the errors of open, openat, openat2 and creat, and of calls that make and end descriptors. */
#include "badpath.h"
#include <linux/openat2.h>
#include <sys/sysmacros.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

static int raw_open(const char *name, int flags, mode_t mode) { return syscall(SYS_open, name, flags, mode); }

static int openat2_of(int at, const char *name, unsigned long long flags, unsigned long long mode, unsigned long long resolve, size_t size) {
  struct {
    struct open_how how;
    char more[32];
  } how = {.how = {.flags = flags, .mode = mode, .resolve = resolve}};
  if (size > sizeof how.how) how.more[size - sizeof how.how - 1] = 1;
  return syscall(SYS_openat2, at, name, &how, size);
}

static void paths(void) {
  path_fails("open", "EACCES EFAULT ELOOP ENAMETOOLONG ENOENT ENOTDIR", raw_open(path, O_RDONLY, 0));
  path_fails("creat", "EACCES EFAULT ELOOP ENAMETOOLONG ENOENT ENOTDIR", syscall(SYS_creat, path, 0644));
  path_fails("openat", "EACCES EBADF EFAULT ELOOP ENAMETOOLONG ENOENT ENOTDIR", openat(directory, path, O_RDONLY));
  path_fails("openat2", "EACCES EBADF EFAULT ELOOP ENAMETOOLONG ENOENT ENOTDIR", openat2_of(directory, path, O_RDONLY, 0, 0, 24));
  mkdir("private", 0755);
  fails("open EACCES: a new file where one may not write", by_user(raw_open("private/x", O_CREAT | O_RDWR, 0644)), EACCES);
  fails("open EACCES: to write a file of another", by_user(raw_open("file", O_RDWR, 0)), EACCES);
  fails("openat EACCES: to write a file of another", by_user(openat(AT_FDCWD, "file", O_WRONLY)), EACCES);
}

static void kinds(void) {
  fails("open EEXIST", raw_open("file", O_CREAT | O_EXCL, 0644), EEXIST);
  fails("openat EEXIST: a link that leads nowhere", (symlink("nowhere", "dangling"), openat(AT_FDCWD, "dangling", O_CREAT | O_EXCL, 0644)), EEXIST);
  fails("openat2 EEXIST", openat2_of(AT_FDCWD, "file", O_CREAT | O_EXCL, 0644, 0, 24), EEXIST);
  fails("open EISDIR", raw_open(".", O_WRONLY, 0), EISDIR);
  fails("open EISDIR: O_CREAT of a directory", raw_open("private", O_CREAT | O_RDONLY, 0644), EISDIR);
  fails("openat EISDIR", openat(AT_FDCWD, "private", O_RDWR), EISDIR);
  fails("openat2 EISDIR", openat2_of(AT_FDCWD, "private", O_RDWR, 0, 0, 24), EISDIR);
  fails("creat EISDIR", creat("private", 0644), EISDIR);
  fails("open ELOOP: O_NOFOLLOW", raw_open("dangling", O_RDONLY | O_NOFOLLOW, 0), ELOOP);
  fails("open ENOTDIR: O_DIRECTORY", raw_open("file", O_RDONLY | O_DIRECTORY, 0), ENOTDIR);
  fails("openat ENOTDIR: O_DIRECTORY and O_NOFOLLOW of a link", openat(AT_FDCWD, "dangling", O_DIRECTORY | O_NOFOLLOW), ENOTDIR);
  fails("open ENOENT: O_CREAT with a slash behind a link that leads nowhere", raw_open("dangling/x", O_CREAT | O_RDWR, 0644), ENOENT);
  fails("open EISDIR: O_CREAT with a slash at the end", raw_open("newfile/", O_CREAT | O_RDWR, 0644), EISDIR);
  fails("open EINVAL: O_TMPFILE to read", raw_open(".", O_TMPFILE | O_RDONLY, 0600), EINVAL);
  fails("open EINVAL: O_DIRECTORY and O_CREAT", raw_open("new", O_DIRECTORY | O_CREAT, 0600), EINVAL);
  fails("openat EINVAL: O_TMPFILE to read", openat(AT_FDCWD, ".", O_TMPFILE | O_RDONLY, 0600), EINVAL);
  fails("open ENOTDIR: O_TMPFILE in a file", raw_open("file", O_TMPFILE | O_RDWR, 0600), ENOTDIR);
  fails("open EOPNOTSUPP: O_TMPFILE in /proc", raw_open("/proc", O_TMPFILE | O_RDWR, 0600), EOPNOTSUPP);
  fails("openat EOPNOTSUPP: O_TMPFILE in /proc", openat(AT_FDCWD, "/proc", O_TMPFILE | O_RDWR, 0600), EOPNOTSUPP);
  mkfifo("fifo", 0644);
  fails("open ENXIO: a FIFO without a reader", raw_open("fifo", O_WRONLY | O_NONBLOCK, 0), ENXIO);
  fails("openat ENXIO: a FIFO without a reader", openat(AT_FDCWD, "fifo", O_WRONLY | O_NONBLOCK), ENXIO);
  fails("creat ENXIO: a FIFO without a reader", syscall(SYS_open, "fifo", O_CREAT | O_WRONLY | O_TRUNC | O_NONBLOCK, 0), ENXIO);
  struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "socket"};
  int listener = socket(AF_UNIX, SOCK_STREAM, 0);
  bind(listener, (struct sockaddr *)&name, sizeof name);
  fails("open ENXIO: a socket", raw_open("socket", O_RDWR, 0), ENXIO);
  close(listener);
  equal("open in a session without a terminal", in_child({ setsid(); fails("open ENXIO: no terminal", raw_open("/dev/tty", O_RDWR, 0), ENXIO); }), 0);
  fails("open EPERM: O_NOATIME of another's file", by_user(raw_open("file", O_RDONLY | O_NOATIME, 0)), EPERM);
  fails("openat EPERM: O_NOATIME of another's file", by_user(openat(AT_FDCWD, "file", O_RDONLY | O_NOATIME)), EPERM);
  fails("open EROFS", raw_open("/readonly/new", O_CREAT | O_WRONLY, 0644), EROFS);
  fails("openat EROFS", openat(AT_FDCWD, "/readonly/new", O_CREAT | O_WRONLY, 0644), EROFS);
  fails("openat2 EROFS", openat2_of(AT_FDCWD, "/readonly/new", O_CREAT | O_WRONLY, 0644, 0, 24), EROFS);
  fails("creat EROFS", creat("/readonly/new", 0644), EROFS);
  fails("open ETXTBSY", raw_open("/proc/self/exe", O_WRONLY, 0), ETXTBSY);
  fails("openat ETXTBSY", openat(AT_FDCWD, "/proc/self/exe", O_RDWR), ETXTBSY);
  fails("creat ETXTBSY", creat("/proc/self/exe", 0755), ETXTBSY);
  mknod("device", S_IFCHR | 0666, makedev(1, 3));
  fails("open EACCES: a device where devices are off", raw_open("device", O_RDWR, 0), EACCES);
}

static void beneath(void) {
  fails("openat2 E2BIG", openat2_of(AT_FDCWD, "file", O_RDONLY, 0, 0, 32), E2BIG);
  fails("openat2 E2BIG: more than a page", syscall(SYS_openat2, AT_FDCWD, "file", "", 4097), E2BIG);
  fails("openat2 EINVAL: a short structure", openat2_of(AT_FDCWD, "file", O_RDONLY, 0, 0, 23), EINVAL);
  fails("openat2 EINVAL: a mode without a file to make", openat2_of(AT_FDCWD, "file", O_RDONLY, 0600, 0, 24), EINVAL);
  fails("openat2 EINVAL: an unknown flag", openat2_of(AT_FDCWD, "file", 1ull << 40, 0, 0, 24), EINVAL);
  fails("openat2 EINVAL: an unknown bit of resolve", openat2_of(AT_FDCWD, "file", O_RDONLY, 0, 1 << 20, 24), EINVAL);
  fails("openat2 EINVAL: both roots", openat2_of(AT_FDCWD, "file", O_RDONLY, 0, RESOLVE_BENEATH | RESOLVE_IN_ROOT, 24), EINVAL);
  fails("openat2 EFAULT: the structure", syscall(SYS_openat2, AT_FDCWD, "file", BAD, 24), EFAULT);
  fails("openat2 EXDEV: up", openat2_of(AT_FDCWD, "../file", O_RDONLY, 0, RESOLVE_BENEATH, 24), EXDEV);
  fails("openat2 EXDEV: another mount", openat2_of(AT_FDCWD, "/proc/self", O_RDONLY, 0, RESOLVE_NO_XDEV, 24), EXDEV);
  fails("openat2 ELOOP: no links", openat2_of(AT_FDCWD, "dangling", O_RDONLY, 0, RESOLVE_NO_SYMLINKS, 24), ELOOP);
  fails("openat2 ELOOP: no magic links", openat2_of(AT_FDCWD, "/proc/self/exe", O_RDONLY, 0, RESOLVE_NO_MAGICLINKS, 24), ELOOP);
  fails("openat2 EAGAIN: not in the cache", openat2_of(AT_FDCWD, "new-name", O_CREAT | O_RDWR, 0600, RESOLVE_CACHED, 24), EAGAIN);
}

static void end_alarm(int signal_number) { (void)signal_number; }

static void interrupted(void) {
  struct itimerspec soon = {.it_value = {.tv_nsec = 20000000}, .it_interval = {.tv_nsec = 20000000}};
  timer_t timer;
  timer_create(CLOCK_MONOTONIC, NULL, &timer);
  handle(SIGALRM, end_alarm, 0);
  timer_settime(timer, 0, &soon, NULL);
  fails("open EINTR: a FIFO", raw_open("fifo", O_RDONLY, 0), EINTR);
  fails("openat EINTR: a FIFO", openat(AT_FDCWD, "fifo", O_WRONLY), EINTR);
  fails("openat2 EINTR: a FIFO", openat2_of(AT_FDCWD, "fifo", O_RDONLY, 0, 0, 24), EINTR);
  fails("creat EINTR: a FIFO", creat("fifo", 0600), EINTR);
  handle(SIGALRM, end_alarm, SA_RESTART);
  pid_t child = fork();
  if (child == 0) {
    sleep_milliseconds(100);
    close(open("fifo", O_WRONLY));
    _exit(0);
  }
  int fd = raw_open("fifo", O_RDONLY, 0);
  check("open restart: SA_RESTART while a FIFO waits for its writer", fd >= 0);
  close(fd);
  timer_delete(timer);
  reap(child);
}

static void descriptors(void) {
  int pair[2], file = bad_path_file;
  fails("close EBADF", close(CLOSED), EBADF);
  fails("close EBADF: -1", close(-1), EBADF);
  fails("close_range EINVAL: the wrong way round", close_range(50, 40, 0), EINVAL);
  fails("close_range EINVAL: unknown flags", close_range(90, 90, 1), EINVAL);
  fails("dup EBADF", dup(CLOSED), EBADF);
  fails("dup2 EBADF", dup2(CLOSED, 50), EBADF);
  fails("dup2 EBADF: beyond the limit", dup2(file, 1 << 20), EBADF);
  fails("dup2 EBADF: the same, closed", dup2(CLOSED, CLOSED), EBADF);
  fails("dup3 EBADF", dup3(CLOSED, 50, 0), EBADF);
  fails("dup3 EBADF: beyond the limit", dup3(file, 1 << 20, 0), EBADF);
  fails("dup3 EINVAL: unknown flags", dup3(file, 50, 1), EINVAL);
  fails("dup3 EINVAL: the same", dup3(file, file, 0), EINVAL);
  fails("pipe EFAULT", syscall(SYS_pipe, BAD), EFAULT);
  fails("pipe2 EFAULT", syscall(SYS_pipe2, BAD, 0), EFAULT);
  fails("pipe2 EINVAL", syscall(SYS_pipe2, pair, 0x100), EINVAL);
  struct rlimit limit, few;
  getrlimit(RLIMIT_NOFILE, &limit);
  few = limit;
  few.rlim_cur = dup(0);
  close(few.rlim_cur);
  setrlimit(RLIMIT_NOFILE, &few);
  fails("open EMFILE", raw_open("file", O_RDONLY, 0), EMFILE);
  fails("openat EMFILE", openat(AT_FDCWD, "file", O_RDONLY), EMFILE);
  fails("openat2 EMFILE", openat2_of(AT_FDCWD, "file", O_RDONLY, 0, 0, 24), EMFILE);
  fails("creat EMFILE", creat("file", 0644), EMFILE);
  fails("dup EMFILE", dup(0), EMFILE);
  fails("pipe EMFILE", syscall(SYS_pipe, pair), EMFILE);
  fails("pipe2 EMFILE", syscall(SYS_pipe2, pair, 0), EMFILE);
  setrlimit(RLIMIT_NOFILE, &limit);
  fails("dup2 EBADF: the first beyond the limit", dup2(0, limit.rlim_cur), EBADF);
}

static void synced(void) {
  int pair[2], file = bad_path_file;
  pipe(pair);
  fails("fsync EBADF", fsync(CLOSED), EBADF);
  fails("fsync EINVAL: a pipe", fsync(pair[0]), EINVAL);
  fails("fdatasync EBADF", fdatasync(CLOSED), EBADF);
  fails("fdatasync EINVAL: a pipe", fdatasync(pair[0]), EINVAL);
  fails("syncfs EBADF", syncfs(CLOSED), EBADF);
  fails("sync_file_range EBADF", sync_file_range(CLOSED, 0, 1, 0), EBADF);
  fails("sync_file_range EINVAL: flags", sync_file_range(file, 0, 1, 8), EINVAL);
  fails("sync_file_range EINVAL: offset", sync_file_range(file, -1, 1, 0), EINVAL);
  fails("sync_file_range EINVAL: length", sync_file_range(file, 0, -1, 0), EINVAL);
  fails("sync_file_range ESPIPE", sync_file_range(pair[0], 0, 1, 0), ESPIPE);
  fails("readahead EBADF", readahead(CLOSED, 0, 1), EBADF);
  int writer = open("file", O_WRONLY);
  fails("readahead EBADF: write only", readahead(writer, 0, 1), EBADF);
  fails("readahead EINVAL: a pipe", readahead(pair[0], 0, 1), EINVAL);
  fails("fadvise64 EBADF", syscall(SYS_fadvise64, CLOSED, 0, 1, 0), EBADF);
  fails("fadvise64 EINVAL: advice", syscall(SYS_fadvise64, file, 0, 1, 77), EINVAL);
  fails("fadvise64 EINVAL: length", syscall(SYS_fadvise64, file, 0, -1L, 0), EINVAL);
  fails("fadvise64 ESPIPE", syscall(SYS_fadvise64, pair[0], 0, 1, 0), ESPIPE);
}

static void sealed(void) {
  int memory = memfd_create("sealed", MFD_ALLOW_SEALING);
  char name[64];
  snprintf(name, sizeof name, "/proc/self/fd/%d", memory);
  ftruncate(memory, 10);
  fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW);
  fails("open EPERM: O_TRUNC of a sealed file", raw_open(name, O_RDWR | O_TRUNC, 0), EPERM);
  fails("creat EPERM: a sealed file", creat(name, 0600), EPERM);
}

int main(void) {
  enter_scratch();
  make_bad_paths();
  paths();
  kinds();
  beneath();
  interrupted();
  descriptors();
  synced();
  sealed();
  return finish();
}
