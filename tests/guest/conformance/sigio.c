/* Signals for files: F_SETOWN, F_SETSIG, O_ASYNC and FIOASYNC on pipes, sockets, terminals; prctl's later operations. */
#include "check.h"
#include <elf.h>
#include <poll.h>
#include <pty.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

static volatile int count;
static siginfo_t seen;
static void on_signal(int number, siginfo_t *info, void *context) {
  (void)number, (void)context;
  seen = *info;
  count++;
}
static int heard(int times) {
  int all = eventually(count >= times);
  return all ? count : -count;
}

static void pipes(void) {
  int ends[2];
  char c;
  pipe(ends);
  handle_info(SIGIO, on_signal, 0);
  handle_info(SIGRTMIN, on_signal, 0);
  equal("no owner", fcntl(ends[0], F_GETOWN), 0);
  equal("O_ASYNC", fcntl(ends[0], F_SETFL, O_ASYNC | O_NONBLOCK), 0);
  equal("is set", fcntl(ends[0], F_GETFL) & (O_ASYNC | O_NONBLOCK), O_ASYNC | O_NONBLOCK);
  write(ends[1], "x", 1);
  equal("nobody hears", count, 0);
  read(ends[0], &c, 1);
  equal("owner", fcntl(ends[0], F_SETOWN, getpid()), 0);
  write(ends[1], "x", 1);
  equal("SIGIO", heard(1), 1);
  check("from the kernel", seen.si_signo == SIGIO && seen.si_code == SI_KERNEL);
  read(ends[0], &c, 1);
  equal("F_SETSIG", fcntl(ends[0], F_SETSIG, SIGRTMIN), 0);
  count = 0;
  write(ends[1], "x", 1);
  equal("that signal", heard(1), 1);
  check("says what", seen.si_signo == SIGRTMIN && seen.si_code == POLL_IN && seen.si_fd == ends[0] && seen.si_band == (POLLIN | POLLRDNORM));
  read(ends[0], &c, 1);
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  count = 0;
  write(ends[1], "x", 1);
  read(ends[0], &c, 1);
  equal("off", count, 0);
  int on = 1, off = 0;
  equal("FIOASYNC", ioctl(ends[0], FIOASYNC, &on), 0);
  check("sets O_ASYNC", fcntl(ends[0], F_GETFL) & O_ASYNC);
  equal("of a child", in_child(equal("writes", write(ends[1], "x", 1), 1)), EXITED(0));
  equal("heard", heard(1), 1);
  read(ends[0], &c, 1);
  equal("off again", ioctl(ends[0], FIOASYNC, &off), 0);
  count = 0;
  struct f_owner_ex me = {F_OWNER_TID, syscall(SYS_gettid)}, got;
  equal("a thread", fcntl(ends[0], F_SETOWN_EX, &me), 0);
  fcntl(ends[0], F_GETOWN_EX, &got);
  check("is the owner", got.type == F_OWNER_TID && got.pid == me.pid);
  ioctl(ends[0], FIOASYNC, &on);
  write(ends[1], "x", 1);
  equal("it hears", heard(1), 1);
  read(ends[0], &c, 1);
  equal("a group", fcntl(ends[0], F_SETOWN, -getpgrp()), 0);
  equal("is the owner", fcntl(ends[0], F_GETOWN) == -getpgrp(), 1);
  count = 0;
  close(ends[1]);
  equal("the end of writers", heard(1), 1);
  close(ends[0]);
  int file = open("file", O_RDWR | O_CREAT, 0600);
  equal("a file: O_ASYNC", fcntl(file, F_SETFL, O_ASYNC), 0);
  equal("is ignored", fcntl(file, F_GETFL) & O_ASYNC, 0);
  fails("FIOASYNC", ioctl(file, FIOASYNC, &on), ENOTTY);
  fails("FIOASYNC: pointer", ioctl(file, FIOASYNC, 8), EFAULT);
  fails("F_SETSIG", fcntl(file, F_SETSIG, 65), EINVAL);
  fails("F_SETOWN: nobody", fcntl(file, F_SETOWN, 99999), ESRCH);
}

static void others(void) {
  int pair[2], master, slave;
  char space[10];
  socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
  fcntl(pair[0], F_SETOWN, getpid());
  fcntl(pair[0], F_SETSIG, SIGRTMIN);
  fcntl(pair[0], F_SETFL, O_ASYNC | O_NONBLOCK);
  count = 0;
  write(pair[1], "x", 1);
  check("a socket", heard(1) >= 1 && seen.si_fd == pair[0] && seen.si_code == POLL_IN);
  read(pair[0], space, 10);
  count = 0;
  close(pair[1]);
  check("its end", heard(1) >= 1);
  close(pair[0]);
  openpty(&master, &slave, NULL, NULL, NULL);
  fcntl(master, F_SETFL, O_ASYNC | O_NONBLOCK);
  count = 0;
  write(slave, "x", 1);
  check("a terminal signals who asked", heard(1) >= 1 && seen.si_signo == SIGIO);
  read(master, space, 10);
  fcntl(master, F_SETFL, O_NONBLOCK);
  fcntl(slave, F_SETOWN, getpid());
  fcntl(slave, F_SETFL, O_ASYNC | O_NONBLOCK);
  count = 0;
  write(master, "line\n", 5);
  check("a line", heard(1) >= 1);
  close(master), close(slave);
  int ends[2];
  pipe(ends);
  fcntl(ends[0], F_SETOWN, getpid());
  fcntl(ends[0], F_SETFL, O_ASYNC);
  count = 0;
  int status = in_child({
    setgid(1000), setuid(1000);
    write(ends[1], "x", 1);
  });
  equal("whoever writes", status, EXITED(0));
  equal("the owner hears", heard(1), 1);
}

static void directories(void) {
  mkdir("watched", 0700);
  int directory = open("watched", O_RDONLY), file = open("file", O_RDONLY);
  fcntl(directory, F_SETSIG, SIGRTMIN);
  equal("F_NOTIFY", fcntl(directory, F_NOTIFY, DN_CREATE | DN_DELETE), 0);
  count = 0;
  mkdir("watched/a", 0700);
  equal("a name is made", heard(1), 1);
  check("says what", seen.si_code == POLL_MSG && seen.si_fd == directory && seen.si_band == (POLLIN | POLLRDNORM | POLLMSG));
  mkdir("watched/b", 0700);
  equal("once only", count, 1);
  equal("as often as it happens", fcntl(directory, F_NOTIFY, DN_CREATE | DN_ATTRIB | DN_MULTISHOT), 0);
  mkdir("watched/c", 0700), mkdir("watched/d", 0700);
  equal("each time", heard(3), 3);
  chmod("watched/d", 0711);
  equal("attributes", heard(4), 4);
  rmdir("watched/d");
  equal("nothing else", count, 4);
  equal("no more", fcntl(directory, F_NOTIFY, 0), 0);
  mkdir("watched/e", 0700);
  equal("is heard", count, 4);
  fails("of a file", fcntl(file, F_NOTIFY, DN_CREATE), ENOTDIR);
  fcntl(directory, F_NOTIFY, DN_CREATE | DN_MULTISHOT);
  close(directory);
  mkdir("watched/f", 0700);
  equal("nor after it is closed", count, 4);
  equal("no lease", fcntl(file, F_GETLEASE), F_UNLCK);
  fails("an unknown lease", fcntl(file, F_SETLEASE, 9), EINVAL);
  fails("none to give back", fcntl(file, F_SETLEASE, F_UNLCK), EAGAIN);
}

#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65
#define PR_GET_MDWE 66
#endif
#ifndef PR_GET_AUXV
#define PR_GET_AUXV 0x41555856
#endif
#ifndef PR_SET_MEMORY_MERGE
#define PR_SET_MEMORY_MERGE 67
#define PR_GET_MEMORY_MERGE 68
#endif

static void properties(void) {
  Elf64_auxv_t vector[64] = {0};
  int bytes = prctl(PR_GET_AUXV, vector, sizeof vector, 0, 0), entry = 0, pages = 0;
  for (unsigned i = 0; i < 64 && vector[i].a_type; i++) {
    entry += vector[i].a_type == AT_ENTRY && vector[i].a_un.a_val == getauxval(AT_ENTRY);
    pages += vector[i].a_type == AT_PAGESZ && vector[i].a_un.a_val == 4096;
  }
  check("PR_GET_AUXV", bytes > 100 && entry == 1 && pages == 1);
  equal("how much there is", prctl(PR_GET_AUXV, vector, 16, 0, 0), bytes);
  fails("pointer", prctl(PR_GET_AUXV, 8, sizeof vector, 0, 0), EFAULT);
  fails("rest", prctl(PR_GET_AUXV, vector, sizeof vector, 1, 0), EINVAL);
  equal("PR_TASK_PERF_EVENTS_DISABLE", prctl(PR_TASK_PERF_EVENTS_DISABLE), 0);
  equal("PR_TASK_PERF_EVENTS_ENABLE", prctl(PR_TASK_PERF_EVENTS_ENABLE), 0);
  equal("PR_MCE_KILL_GET", prctl(PR_MCE_KILL_GET, 0, 0, 0, 0), PR_MCE_KILL_DEFAULT);
  equal("PR_MCE_KILL", prctl(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_EARLY, 0, 0), 0);
  equal("early", prctl(PR_MCE_KILL_GET, 0, 0, 0, 0), PR_MCE_KILL_EARLY);
  equal("a child", in_child(equal("has it", prctl(PR_MCE_KILL_GET, 0, 0, 0, 0), PR_MCE_KILL_EARLY)), EXITED(0));
  equal("late", prctl(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_LATE, 0, 0), 0);
  equal("late", prctl(PR_MCE_KILL_GET, 0, 0, 0, 0), PR_MCE_KILL_LATE);
  equal("cleared", prctl(PR_MCE_KILL, PR_MCE_KILL_CLEAR, 0, 0, 0), 0);
  fails("unknown", prctl(PR_MCE_KILL, PR_MCE_KILL_SET, 9, 0, 0), EINVAL);
  fails("rest", prctl(PR_MCE_KILL_GET, 1, 0, 0, 0), EINVAL);
  fails("PR_SET_IO_FLUSHER", prctl(PR_SET_IO_FLUSHER, 1, 0, 0, 0), EPERM);
  fails("PR_GET_IO_FLUSHER", prctl(PR_GET_IO_FLUSHER, 0, 0, 0, 0), EPERM);
  fails("PR_SET_MM", prctl(PR_SET_MM, PR_SET_MM_BRK, 0, 0, 0), EPERM);
  equal("PR_GET_MEMORY_MERGE", prctl(PR_GET_MEMORY_MERGE, 0, 0, 0, 0), 0);
  equal("PR_SET_MEMORY_MERGE", prctl(PR_SET_MEMORY_MERGE, 1, 0, 0, 0), 0);
  equal("is set", prctl(PR_GET_MEMORY_MERGE, 0, 0, 0, 0), 1);
  fails("rest", prctl(PR_SET_MEMORY_MERGE, 1, 1, 0, 0), EINVAL);
  int status = in_child({
    char *code = mmap(NULL, 8192, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *data = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    equal("PR_GET_MDWE", prctl(PR_GET_MDWE, 0, 0, 0, 0), 0);
    fails("unknown", prctl(PR_SET_MDWE, 4, 0, 0, 0), EINVAL);
    fails("alone", prctl(PR_SET_MDWE, 2, 0, 0, 0), EINVAL);
    equal("PR_SET_MDWE", prctl(PR_SET_MDWE, 1, 0, 0, 0), 0);
    fails("not taken back", prctl(PR_SET_MDWE, 0, 0, 0, 0), EPERM);
    equal("again", prctl(PR_SET_MDWE, 1, 0, 0, 0), 0);
    check("no memory for both", mmap(NULL, 4096, PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED && errno == EACCES);
    fails("data is no program", mprotect(data, 4096, PROT_READ | PROT_EXEC), EACCES);
    fails("a program cannot be written", mprotect(code, 4096, PROT_WRITE | PROT_EXEC), EACCES);
    equal("it may become data", mprotect(code, 4096, PROT_READ | PROT_WRITE), 0);
    fails("but not come back", mprotect(code, 4096, PROT_READ | PROT_EXEC), EACCES);
    equal("programs stay", mprotect(code + 4096, 4096, PROT_READ | PROT_EXEC), 0);
    equal("a child", in_child(equal("has it", prctl(PR_GET_MDWE, 0, 0, 0, 0), 1)), EXITED(0));
  });
  equal("MDWE", status, EXITED(0));
}

int main(void) {
  enter_scratch();
  setpgid(0, 0);
  pipes();
  others();
  directories();
  properties();
  return finish();
}
