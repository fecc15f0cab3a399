/* control-errors: the errors of fcntl, flock, ioctl, name_to_handle_at, cachestat, mount and umount2. */
#include "badpath.h"
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#define CALL_cachestat 451

static char text[4096];

static void controlling(void) {
  int pair[2], file = bad_path_file, path_only = open("file", O_PATH), reader = open("file", O_RDONLY), writer = open("file", O_WRONLY);
  struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1};
  pipe(pair);
  fails("fcntl EBADF", fcntl(CLOSED, F_GETFD), EBADF);
  fails("fcntl EBADF: a path only", fcntl(path_only, F_SETFL, 0), EBADF);
  fails("fcntl EBADF: a lock to write of what is read", fcntl(reader, F_SETLK, &lock), EBADF);
  fails("fcntl EBADF: the size of no pipe", fcntl(file, F_GETPIPE_SZ), EBADF);
  fails("fcntl EBUSY: a pipe with more in it", (fcntl(pair[1], F_SETPIPE_SZ, 8192), write(pair[1], text, 4096), write(pair[1], text, 100), fcntl(pair[1], F_SETPIPE_SZ, 4096)), EBUSY);
  fails("fcntl EFAULT: a lock", fcntl(file, F_SETLK, BAD), EFAULT);
  fails("fcntl EFAULT: an owner", fcntl(file, F_SETOWN_EX, BAD), EFAULT);
  fails("fcntl EINVAL: the command", fcntl(file, 7777), EINVAL);
  fails("fcntl EINVAL: F_DUPFD beyond the limit", fcntl(file, F_DUPFD, 1 << 20), EINVAL);
  fails("fcntl EINVAL: a signal", fcntl(file, F_SETSIG, 65), EINVAL);
  fails("fcntl EINVAL: a kind of lock", (lock.l_type = 77, fcntl(file, F_SETLK, &lock)), EINVAL);
  fails("fcntl EINVAL: a lock below zero", (lock.l_type = F_WRLCK, lock.l_start = -5, fcntl(file, F_SETLK, &lock)), EINVAL);
  fails("fcntl EOVERFLOW: a lock", (lock.l_whence = SEEK_END, lock.l_start = INT64_MAX, fcntl(file, F_SETLK, &lock)), EOVERFLOW);
  fails("fcntl EINVAL: an OFD lock with a process", (lock = (struct flock){.l_type = F_WRLCK, .l_pid = 1}, fcntl(file, F_OFD_SETLK, &lock)), EINVAL);
  fails("fcntl ENOTDIR: F_NOTIFY", fcntl(file, F_NOTIFY, DN_CREATE), ENOTDIR);
  fails("fcntl EPERM: O_NOATIME of another's file", by_user(fcntl(reader, F_SETFL, O_NOATIME)), EPERM);
  fails("fcntl EPERM: a larger pipe than users may have", by_user(fcntl(pair[1], F_SETPIPE_SZ, 1 << 24)), EPERM);
  fails("fcntl ESRCH", fcntl(file, F_SETOWN, 1 << 21), ESRCH);
  fails("fcntl EACCES: a lease of another's file", by_user(fcntl(reader, F_SETLEASE, F_RDLCK)), EACCES);
  struct flock whole = {.l_type = F_WRLCK};
  fcntl(file, F_SETLK, &whole);
  equal("a lock of another", in_child({
          fails("fcntl EAGAIN", fcntl(file, F_SETLK, &whole), EAGAIN);
          fails("fcntl EAGAIN: an OFD lock", fcntl(writer, F_OFD_SETLK, &whole), EAGAIN);
        }), 0);
  struct rlimit limit, few;
  getrlimit(RLIMIT_NOFILE, &limit);
  few = limit;
  few.rlim_cur = dup(0);
  close(few.rlim_cur);
  setrlimit(RLIMIT_NOFILE, &few);
  fails("fcntl EMFILE", fcntl(file, F_DUPFD, 0), EMFILE);
  setrlimit(RLIMIT_NOFILE, &limit);
  fails("flock EAGAIN", (flock(file, LOCK_EX), flock(reader, LOCK_SH | LOCK_NB)), EAGAIN);
  fails("flock EBADF", flock(CLOSED, LOCK_EX), EBADF);
  fails("flock EBADF: a path only", flock(path_only, LOCK_EX), EBADF);
  fails("flock EINVAL", flock(file, 77), EINVAL);
}

/** Two processes that each wait for what the other has. */
static void deadlock(void) {
  struct flock first = {.l_type = F_WRLCK, .l_start = 1000, .l_len = 1}, second = {.l_type = F_WRLCK, .l_start = 2000, .l_len = 1};
  struct flock none = {.l_type = F_UNLCK};
  int ready[2];
  pipe(ready);
  fcntl(bad_path_file, F_SETLK, &none);
  fcntl(bad_path_file, F_SETLK, &first);
  pid_t child = fork();
  if (child == 0) {
    fcntl(bad_path_file, F_SETLK, &second);
    write(ready[1], "x", 1);
    _exit(fcntl(bad_path_file, F_SETLKW, &first) == -1 && errno == EDEADLK ? 7 : 0);
  }
  read(ready[0], text, 1);
  int r = fcntl(bad_path_file, F_SETLKW, &second), error = errno;
  first.l_type = F_UNLCK;
  fcntl(bad_path_file, F_SETLK, &first);
  /* Whoever waits last finds the circle. */
  int status = reap(child);
  check("fcntl EDEADLK, for one of the two", (r == -1 && error == EDEADLK) != (status == EXITED(7)));
}

static void ignore(int signal_number) { (void)signal_number; }

static void interrupted(void) {
  struct itimerspec often = {.it_value = {.tv_nsec = 20000000}, .it_interval = {.tv_nsec = 20000000}};
  struct flock whole = {.l_type = F_WRLCK};
  fcntl(bad_path_file, F_SETLK, &whole);
  int other = open("file", O_RDWR), ready[2];
  flock(bad_path_file, LOCK_EX);
  pipe(ready);
  equal("a child that waits for locks", in_child({
          timer_t timer;
          timer_create(CLOCK_MONOTONIC, NULL, &timer);
          handle(SIGALRM, ignore, 0);
          timer_settime(timer, 0, &often, NULL);
          fails("fcntl EINTR", fcntl(other, F_SETLKW, &whole), EINTR);
          fails("fcntl EINTR: an OFD lock", fcntl(other, F_OFD_SETLKW, &whole), EINTR);
          fails("flock EINTR", flock(other, LOCK_EX), EINTR);
        }), 0);
  pid_t child = fork();
  if (child == 0) {
    timer_t timer;
    timer_create(CLOCK_MONOTONIC, NULL, &timer);
    handle(SIGALRM, ignore, SA_RESTART);
    timer_settime(timer, 0, &often, NULL);
    write(ready[1], "x", 1);
    equal("fcntl restart: F_SETLKW with SA_RESTART", fcntl(other, F_SETLKW, &whole), 0);
    equal("flock restart: with SA_RESTART", flock(other, LOCK_EX), 0);
    _exit(0);
  }
  read(ready[0], text, 1);
  sleep_milliseconds(100);
  whole.l_type = F_UNLCK;
  fcntl(bad_path_file, F_SETLK, &whole);
  sleep_milliseconds(100);
  flock(bad_path_file, LOCK_UN);
  reap(child);
}

static void others(void) {
  int file = bad_path_file, zero = 0;
  fails("ioctl EBADF", ioctl(CLOSED, FIONREAD, &zero), EBADF);
  fails("ioctl EBADF: a path only", ioctl(open("file", O_PATH), FIONREAD, &zero), EBADF);
  fails("ioctl EFAULT", ioctl(file, FIONREAD, BAD), EFAULT);
  fails("ioctl ENOTTY", ioctl(file, TIOCGWINSZ, text), ENOTTY);
  fails("ioctl ENOTTY: unknown", ioctl(file, 0x12345678, text), ENOTTY);
  int mount_id;
  struct {
    struct file_handle handle;
    char bytes[128];
  } handle = {.handle.handle_bytes = 128};
  path_fails("name_to_handle_at", "EACCES EBADF EFAULT ELOOP ENAMETOOLONG ENOENT ENOTDIR", name_to_handle_at(directory, path, &handle.handle, &mount_id, 0));
  fails("name_to_handle_at EFAULT: the handle", syscall(SYS_name_to_handle_at, AT_FDCWD, "file", BAD, &mount_id, 0), EFAULT);
  fails("name_to_handle_at EINVAL: flags", name_to_handle_at(AT_FDCWD, "file", &handle.handle, &mount_id, AT_SYMLINK_NOFOLLOW), EINVAL);
  fails("name_to_handle_at EOPNOTSUPP", name_to_handle_at(AT_FDCWD, "/proc/self", &handle.handle, &mount_id, 0), EOPNOTSUPP);
  handle.handle.handle_bytes = 129;
  fails("name_to_handle_at EINVAL: the size", name_to_handle_at(AT_FDCWD, "file", &handle.handle, &mount_id, 0), EINVAL);
  handle.handle.handle_bytes = 0;
  fails("name_to_handle_at EOVERFLOW", name_to_handle_at(AT_FDCWD, "file", &handle.handle, &mount_id, 0), EOVERFLOW);
  struct {
    unsigned long long offset, length;
  } range = {0, 0};
  fails("cachestat EBADF", syscall(CALL_cachestat, CLOSED, &range, text, 0), EBADF);
  fails("cachestat EFAULT: the range", syscall(CALL_cachestat, file, BAD, text, 0), EFAULT);
  fails("cachestat EFAULT: the result", syscall(CALL_cachestat, file, &range, BAD, 0), EFAULT);
  fails("cachestat EINVAL", syscall(CALL_cachestat, file, &range, text, 1), EINVAL);
  path_fails("mount", "EFAULT ELOOP ENAMETOOLONG ENOENT ENOTDIR", syscall(SYS_mount, "none", path, "tmpfs", 0, NULL));
  fails("mount EFAULT: the type", syscall(SYS_mount, "none", "locked", BAD, 0, NULL), EFAULT);
  fails("mount EFAULT: the source", syscall(SYS_mount, BAD, "locked", "tmpfs", 0, NULL), EFAULT);
  fails("mount EINVAL: a type of more than a page", syscall(SYS_mount, "none", "locked", long_path, 0, NULL), EINVAL);
  path_fails("umount2", "EFAULT ELOOP ENAMETOOLONG ENOENT ENOTDIR", umount2(path, 0));
  fails("mount EACCES", by_user(syscall(SYS_mount, "none", "locked/file", "tmpfs", 0, NULL)), EACCES);
  fails("mount EPERM: a bind mount", mount("missing", "locked", NULL, MS_BIND, NULL), EPERM);
  fails("mount EPERM: an unknown type", mount("none", "locked", "strange", 0, NULL), EPERM);
  fails("mount EPERM", mount("none", "locked", "tmpfs", 0, NULL), EPERM);
  fails("umount2 EINVAL", umount2("locked", 0x1000), EINVAL);
  fails("umount2 EPERM", umount2("/dev/shm", 0), EPERM);
}

int main(void) {
  enter_scratch();
  make_bad_paths();
  controlling();
  deadlock();
  interrupted();
  others();
  return finish();
}
