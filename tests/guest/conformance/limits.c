/* limits: getrlimit, setrlimit and prlimit64, and the limits in force; priorities and usage. */
#include "check.h"
#include <sys/resource.h>
#include <sys/syscall.h>

static int limit_is(int resource, rlim_t soft, rlim_t hard) {
  struct rlimit limit;
  getrlimit(resource, &limit);
  return limit.rlim_cur == soft && limit.rlim_max == hard;
}

int main(void) {
  enter_scratch();
  struct rlimit limit;
  check("RLIMIT_NOFILE as configured", limit_is(RLIMIT_NOFILE, 1024, 4096));
  check("RLIMIT_CORE as configured", limit_is(RLIMIT_CORE, 0, 0));
  check("RLIMIT_STACK by default", limit_is(RLIMIT_STACK, 8 << 20, RLIM_INFINITY));
  check("RLIMIT_AS by default", limit_is(RLIMIT_AS, RLIM_INFINITY, RLIM_INFINITY));
  check("RLIMIT_DATA by default", limit_is(RLIMIT_DATA, RLIM_INFINITY, RLIM_INFINITY));
  check("RLIMIT_FSIZE by default", limit_is(RLIMIT_FSIZE, RLIM_INFINITY, RLIM_INFINITY));
  check("RLIMIT_CPU by default", limit_is(RLIMIT_CPU, RLIM_INFINITY, RLIM_INFINITY));
  fails("no resource 99", getrlimit(99, &limit), EINVAL);
  fails("bad pointer", syscall(SYS_getrlimit, RLIMIT_CPU, (void *)8), EFAULT);
  fails("soft above hard", setrlimit(RLIMIT_CPU, &(struct rlimit){10, 5}), EINVAL);
  fails("prlimit of a missing process", prlimit(999999, RLIMIT_CPU, NULL, &limit), ESRCH);
  equal("lower and inherit", in_child({
          equal("setrlimit", setrlimit(RLIMIT_NOFILE, &(struct rlimit){10, 20}), 0);
          equal("in its child", in_child(check("the same", limit_is(RLIMIT_NOFILE, 10, 20))), 0);
          int last = -1;
          for (int fd; (fd = open("/dev/null", O_RDONLY)) >= 0;) last = fd;
          equal("the last descriptor", last, 9);
          fails("open", open("/dev/null", O_RDONLY), EMFILE);
          fails("dup", dup(0), EMFILE);
          fails("pipe", pipe((int[2]){0}), EMFILE);
          fails("F_DUPFD", fcntl(0, F_DUPFD, 10), EINVAL);
          fails("dup2 beyond", dup2(0, 10), EBADF);
          equal("raise the soft limit", setrlimit(RLIMIT_NOFILE, &(struct rlimit){20, 20}), 0);
          equal("one more", open("/dev/null", O_RDONLY), 10);
          fails("raise the hard limit", setrlimit(RLIMIT_NOFILE, &(struct rlimit){20, 30}), EPERM);
        }), 0);
  equal("prlimit of a child", ({
          int ends[2];
          char byte;
          pipe(ends);
          pid_t child = fork();
          if (child == 0) {
            close(ends[1]);
            read(ends[0], &byte, 1);
            _exit(limit_is(RLIMIT_FSIZE, 100, 200) ? 0 : 1);
          }
          equal("set it", prlimit(child, RLIMIT_FSIZE, &(struct rlimit){100, 200}, &limit), 0);
          check("the old one", limit.rlim_cur == RLIM_INFINITY);
          close(ends[1]);
          reap(child);
        }), 0);
  equal("as an ordinary user", in_child({
          setresuid(54321, 54321, 54321);
          equal("lower RLIMIT_NPROC", setrlimit(RLIMIT_NPROC, &(struct rlimit){3, 3}), 0);
          int children = 0;
          while (children < 10) {
            pid_t child = fork();
            if (child < 0) break;
            if (child == 0)
              for (;;) pause();
            children++;
          }
          int error = errno;
          equal("EAGAIN", error, EAGAIN);
          equal("after this many children", children, 2);
          signal(SIGTERM, SIG_IGN);
          kill(-1, SIGKILL); /* every process of this user but the caller itself */
        }), 0);
  equal("RLIMIT_CPU", in_child({
          setrlimit(RLIMIT_CPU, &(struct rlimit){1, 2});
          for (volatile long i = 0;; i++) {
          }
        }) & 0x7f, SIGXCPU);

  equal("getpriority", getpriority(PRIO_PROCESS, 0), 0);
  fails("getpriority bad kind", getpriority(99, 0), EINVAL);
  fails("getpriority missing", getpriority(PRIO_PROCESS, 999999), ESRCH);
  equal("being nice", in_child({
          equal("nice", nice(5), 5);
          equal("getpriority after it", getpriority(PRIO_PROCESS, 0), 5);
          equal("at most 19", nice(100), 19);
          fails("not back", setpriority(PRIO_PROCESS, 0, 3), EACCES);
        }), 0);
  struct rusage usage;
  equal("getrusage", getrusage(RUSAGE_SELF, &usage), 0);
  check("some memory was used", usage.ru_maxrss > 0);
  equal("getrusage of children", getrusage(RUSAGE_CHILDREN, &usage), 0);
  check("the busy child's time is in it", usage.ru_utime.tv_sec * 1000 + usage.ru_utime.tv_usec / 1000 >= 300);
  fails("getrusage bad kind", getrusage(55, &usage), EINVAL);
  return finish();
}
