/* Calls that are small, or variants of others: advice about files and memory, synchronisation, times of before, ids of file systems. */
#include "check.h"
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/fsuid.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <sys/uio.h>

static void ids(void) {
  equal("getegid", getegid(), 0);
  equal("in a child", in_child({
          setegid(7);
          equal("getegid after setegid", getegid(), 7);
          equal("setfsgid says what it was", setfsgid(9), 7);
          equal("and is now", setfsgid(-1), 9);
        }), 0);
  equal("set_tid_address answers the thread's id", syscall(SYS_set_tid_address, NULL), gettid());
}

static void signals(void) {
  sigset_t set, pending;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigprocmask(SIG_BLOCK, &set, NULL);
  raise(SIGUSR1);
  equal("sigpending", sigpending(&pending), 0);
  check("the blocked one", sigismember(&pending, SIGUSR1) && !sigismember(&pending, SIGUSR2));
  equal("a short set", syscall(SYS_rt_sigpending, &pending, 4), 0);
  fails("a long one", syscall(SYS_rt_sigpending, &pending, 16), EINVAL);
  fails("a bad one", syscall(SYS_rt_sigpending, 8, 8), EFAULT);
  siginfo_t info = {.si_code = SI_QUEUE, .si_value.sival_int = 5};
  equal("rt_tgsigqueueinfo", syscall(SYS_rt_tgsigqueueinfo, getpid(), gettid(), SIGUSR1, &info), 0);
  fails("of no thread", syscall(SYS_rt_tgsigqueueinfo, getpid(), 99999, SIGUSR1, &info), ESRCH);
  fails("of a bad id", syscall(SYS_rt_tgsigqueueinfo, -1, gettid(), SIGUSR1, &info), EINVAL);
  fails("a bad signal", syscall(SYS_rt_tgsigqueueinfo, getpid(), gettid(), 99, &info), EINVAL);
  fails("as if the kernel sent it", in_child({
          info.si_code = SI_KERNEL;
          if (syscall(SYS_rt_tgsigqueueinfo, getppid(), getppid(), SIGUSR1, &info) < 0) _exit(errno);
        }) == EXITED(EPERM) ? (errno = EPERM, -1) : 0, EPERM);
  signal(SIGUSR1, SIG_IGN);
  sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static void scheduling(void) {
  struct sched_param param = {0};
  struct timespec slice;
  equal("sched_setparam", sched_setparam(0, &param), 0);
  param.sched_priority = 5;
  fails("a priority for an ordinary thread", sched_setparam(0, &param), EINVAL);
  fails("of nobody", sched_setparam(99999, &param), ESRCH);
  fails("of a bad id", sched_setparam(-1, &param), EINVAL);
  fails("without any", sched_setparam(0, NULL), EINVAL);
  equal("sched_rr_get_interval", sched_rr_get_interval(0, &slice), 0);
  check("a time", slice.tv_sec == 0 && slice.tv_nsec >= 0);
  fails("its bad id", sched_rr_get_interval(-1, &slice), EINVAL);
  fails("its nobody", sched_rr_get_interval(99999, &slice), ESRCH);
  fails("its bad pointer", sched_rr_get_interval(0, (struct timespec *)8), EFAULT);
}

static void clocks(void) {
  struct timex times = {.modes = 0};
  check("adjtimex says the state of the clock", adjtimex(&times) >= 0);
  check("a tick of some ten milliseconds", times.tick >= 9000 && times.tick <= 11000);
  check("clock_adjtime too", clock_adjtime(CLOCK_REALTIME, &times) >= 0);
  fails("of another clock", clock_adjtime(CLOCK_MONOTONIC, &times), EOPNOTSUPP);
  fails("of none", clock_adjtime(99, &times), EINVAL);
  fails("a bad pointer", syscall(SYS_adjtimex, 8), EFAULT);
  times.modes = ADJ_FREQUENCY;
  fails("to change it", adjtimex(&times), EPERM);
  fails("by the other call", clock_adjtime(CLOCK_REALTIME, &times), EPERM);
}

static void names_and_mounts(void) {
  fails("setdomainname", setdomainname("x", 1), EPERM);
  fails("umount2", umount2("/proc", 0), EPERM);
}

static void files(void) {
  make_file("f", "0123456789");
  int file = open("f", O_RDWR), path = open("f", O_PATH), ends[2];
  pipe(ends);
  char room[8];
  struct iovec parts[2] = {{room, 3}, {room + 3, 2}};
  equal("readahead", readahead(file, 0, 10), 0);
  fails("readahead of a pipe", readahead(ends[0], 0, 10), EINVAL);
  fails("readahead of nothing", readahead(99, 0, 10), EBADF);
  equal("fadvise64", posix_fadvise(file, 0, 0, POSIX_FADV_SEQUENTIAL), 0);
  equal("unknown advice", posix_fadvise(file, 0, 0, 99), EINVAL);
  equal("advice for a pipe", posix_fadvise(ends[0], 0, 0, POSIX_FADV_NORMAL), ESPIPE);
  equal("advice for nothing", posix_fadvise(99, 0, 0, POSIX_FADV_NORMAL), EBADF);
  equal("sync_file_range", sync_file_range(file, 0, 0, SYNC_FILE_RANGE_WRITE), 0);
  fails("its flags", sync_file_range(file, 0, 0, 64), EINVAL);
  fails("its place", sync_file_range(file, -1, 0, 0), EINVAL);
  fails("of a pipe", sync_file_range(ends[0], 0, 0, 0), ESPIPE);
  equal("syncfs", syncfs(file), 0);
  fails("of nothing", syncfs(99), EBADF);
  fails("of a path", syncfs(path), EBADF);
  sync();
  check("sync cannot fail", 1);
  equal("preadv2", preadv2(file, parts, 2, 2, 0), 5);
  check("both parts", memcmp(room, "23456", 5) == 0);
  equal("preadv2 at the file's position", preadv2(file, parts, 2, -1, 0), 5);
  equal("which moves", lseek(file, 0, SEEK_CUR), 5);
  equal("with RWF_HIPRI", preadv2(file, parts, 1, 0, RWF_HIPRI), 3);
  fails("with RWF_NOWAIT, which files in memory do not have", preadv2(file, parts, 1, 0, RWF_NOWAIT), EOPNOTSUPP);
  fails("with an unknown flag", preadv2(file, parts, 1, 0, 1 << 30), EOPNOTSUPP);
  fails("of nothing", preadv2(99, parts, 1, 0, 0), EBADF);
  memcpy(room, "abcde", 5);
  equal("pwritev2", pwritev2(file, parts, 2, 1, RWF_SYNC), 5);
  equal("with RWF_APPEND", pwritev2(file, parts, 1, 0, RWF_APPEND), 3);
  equal("behind the end", lseek(file, 0, SEEK_END), 13);
  fails("with an unknown flag", pwritev2(file, parts, 1, 0, 1 << 30), EOPNOTSUPP);
  fcntl(file, F_SETFL, O_APPEND);
  equal("with RWF_NOAPPEND", pwritev2(file, parts, 1, 0, 0x20), 3);
  equal("not behind the end", lseek(file, 0, SEEK_END), 13);
  equal("which is for one call", pwritev2(file, parts, 1, 0, 0), 3);
  equal("behind the end again", lseek(file, 0, SEEK_END), 16);
  equal("reading with both", preadv2(file, parts, 1, 0, 0x20), 3);
  fails("pwritev2 EINVAL: RWF_APPEND and RWF_NOAPPEND", pwritev2(file, parts, 1, 0, 0x30), EINVAL);
  fails("pwritev2 EOPNOTSUPP: RWF_ATOMIC, which files in memory do not have", pwritev2(file, parts, 1, 0, 0x40), EOPNOTSUPP);
  fails("preadv2 EOPNOTSUPP: RWF_ATOMIC", preadv2(file, parts, 1, 0, 0x40), EOPNOTSUPP);
  fails("pwritev2 EOPNOTSUPP: RWF_DONTCACHE, nor that", pwritev2(file, parts, 1, 0, 0x80), EOPNOTSUPP);
  fails("preadv2 EOPNOTSUPP: RWF_DONTCACHE", preadv2(file, parts, 1, 0, 0x80), EOPNOTSUPP);
  fcntl(file, F_SETFL, 0);
  fails("of too many parts", pwritev2(file, parts, 1025, 0, 0), EINVAL);
  equal("fchmodat2", syscall(452, AT_FDCWD, "f", 0600, 0), 0);
  struct stat status;
  equal("newfstatat", syscall(SYS_newfstatat, AT_FDCWD, "f", &status, 0), 0);
  equal("the mode", status.st_mode & 07777, 0600);
  symlink("f", "l");
  fails("the mode of a link", syscall(452, AT_FDCWD, "l", 0600, AT_SYMLINK_NOFOLLOW), EOPNOTSUPP);
  fails("unknown flags", syscall(452, AT_FDCWD, "f", 0600, 1), EINVAL);
  struct timeval times[2] = {{100, 5}, {200, 6}};
  equal("futimesat", syscall(SYS_futimesat, AT_FDCWD, "f", times), 0);
  stat("f", &status);
  check("the times", status.st_atim.tv_sec == 100 && status.st_atim.tv_nsec == 5000 && status.st_mtim.tv_sec == 200);
  times[0].tv_usec = 1000000;
  fails("a microsecond too many", syscall(SYS_futimesat, AT_FDCWD, "f", times), EINVAL);
  fails("of nothing", syscall(SYS_futimesat, AT_FDCWD, "none", NULL), ENOENT);
}

static void descriptors(void) {
  int events = eventfd(3, EFD_CLOEXEC | EFD_NONBLOCK);
  check("eventfd2", events >= 0 && fcntl(events, F_GETFD) == FD_CLOEXEC && (fcntl(events, F_GETFL) & O_NONBLOCK));
  fails("its flags", syscall(SYS_eventfd2, 0, 4), EINVAL);
  int watcher = inotify_init();
  check("inotify_init", watcher >= 0 && fcntl(watcher, F_GETFD) == 0);
}

static void locked_memory(void) {
  char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  equal("mlock2", mlock2(page, 4096, 0), 0);
  equal("on fault", mlock2(page, 8192, MLOCK_ONFAULT), 0);
  fails("an unknown flag", mlock2(page, 4096, 2), EINVAL);
  munmap(page + 4096, 4096);
  fails("a hole", mlock2(page, 8192, 0), ENOMEM);
  equal("mlockall", mlockall(MCL_FUTURE), 0); /* the present may be more than RLIMIT_MEMLOCK */
  fails("no flag", mlockall(0), EINVAL);
  fails("only on fault", mlockall(MCL_ONFAULT), EINVAL);
  fails("an unknown flag", mlockall(8), EINVAL);
  equal("munlockall", munlockall(), 0);
}

int main(void) {
  enter_scratch();
  ids();
  signals();
  scheduling();
  clocks();
  names_and_mounts();
  files();
  descriptors();
  locked_memory();
  return finish();
}
