/* The errors that the manual names for clone, fork, unshare, execve, waiting, process groups, sessions and pidfd: one line for each. */
#include "check.h"
#include <elf.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/xattr.h>

#define PIDFD 3 /* P_PIDFD */
#define NOBODY 4000000
#define BAD ((void *)8)

static int clone_flags(unsigned long flags, void *word) { return syscall(SYS_clone, flags, 0, word, word, 0); }

static struct clone_args arguments;
/** clone3 with these flags and what `arguments` has; a child that comes to be ends at once. */
static int clone_wide(uint64_t flags) {
  arguments.flags = flags;
  int child = syscall(SYS_clone3, &arguments, sizeof arguments);
  if (child == 0) _exit(0);
  if (child > 0) reap(child);
  return child;
}
#define fresh(...) (arguments = (struct clone_args){__VA_ARGS__})

static void become(int uid) {
  setresgid(uid, uid, uid);
  setresuid(uid, uid, uid);
}

/** A child that pauses until a signal ends it; with `uid` it is that user's. */
static pid_t sleeper(int uid) {
  int ready[2];
  char byte;
  pipe(ready);
  pid_t child = fork();
  if (child == 0) {
    if (uid) become(uid);
    write(ready[1], "", 1);
    for (;;) pause();
  }
  read(ready[0], &byte, 1);
  close(ready[0]);
  close(ready[1]);
  return child;
}

static void end(pid_t child) {
  kill(child, SIGKILL);
  reap(child);
}

static void cloning(void) {
  int word;
  fails("clone EINVAL: CLONE_SIGHAND without CLONE_VM", clone_flags(CLONE_SIGHAND | SIGCHLD, NULL), EINVAL);
  fails("clone EINVAL: CLONE_THREAD without CLONE_SIGHAND", clone_flags(CLONE_THREAD | CLONE_VM, NULL), EINVAL);
  fails("clone EINVAL: CLONE_FS and CLONE_NEWNS", clone_flags(CLONE_FS | CLONE_NEWNS | SIGCHLD, NULL), EINVAL);
  fails("clone EINVAL: CLONE_FS and CLONE_NEWUSER", clone_flags(CLONE_FS | CLONE_NEWUSER | SIGCHLD, NULL), EINVAL);
  fails("clone EINVAL: CLONE_PIDFD and CLONE_DETACHED", clone_flags(CLONE_PIDFD | CLONE_DETACHED | SIGCHLD, &word), EINVAL);
  fails("clone EINVAL: CLONE_PIDFD and CLONE_PARENT_SETTID", clone_flags(CLONE_PIDFD | CLONE_PARENT_SETTID | SIGCHLD, &word), EINVAL);
  fails("clone EPERM: CLONE_NEWCGROUP", clone_flags(CLONE_NEWCGROUP | SIGCHLD, NULL), EPERM);
  fails("clone EPERM: CLONE_NEWIPC", clone_flags(CLONE_NEWIPC | SIGCHLD, NULL), EPERM);
  fails("clone EPERM: CLONE_NEWNET", clone_flags(CLONE_NEWNET | SIGCHLD, NULL), EPERM);
  fails("clone EPERM: CLONE_NEWNS", clone_flags(CLONE_NEWNS | SIGCHLD, NULL), EPERM);
  fails("clone EPERM: CLONE_NEWPID", clone_flags(CLONE_NEWPID | SIGCHLD, NULL), EPERM);
  fails("clone EPERM: CLONE_NEWUTS", clone_flags(CLONE_NEWUTS | SIGCHLD, NULL), EPERM);
  fails("clone EPERM: CLONE_NEWUSER in a chroot", clone_flags(CLONE_NEWUSER | SIGCHLD, NULL), EPERM);
  fails("clone EPERM: CLONE_NEWIPC and CLONE_SYSVSEM", clone_flags(CLONE_NEWIPC | CLONE_SYSVSEM | SIGCHLD, NULL), EPERM);
  fails("clone EINVAL: CLONE_NEWPID and CLONE_THREAD", clone_flags(CLONE_NEWPID | CLONE_THREAD | CLONE_SIGHAND | CLONE_VM, NULL), EINVAL);
  fails("clone EPERM: CLONE_NEWPID and CLONE_PARENT", clone_flags(CLONE_NEWPID | CLONE_PARENT | SIGCHLD, NULL), EPERM);
  fails("clone EFAULT: the pidfd's address", clone_flags(CLONE_PIDFD | SIGCHLD, BAD), EFAULT);
  int child = clone_flags(SIGCHLD, NULL);
  if (child == 0) _exit(3);
  equal("clone success", reap(child), EXITED(3));
}

static void cloning_wide(void) {
  int word, tids[2] = {1, 0};
  fresh(.exit_signal = SIGCHLD);
  check("clone3 success", clone_wide(0) > 0);
  fails("clone3 EINVAL: CLONE_SIGHAND and CLONE_CLEAR_SIGHAND", clone_wide(CLONE_SIGHAND | CLONE_VM | CLONE_CLEAR_SIGHAND), EINVAL);
  fails("clone3 EINVAL: CLONE_DETACHED", clone_wide(CLONE_DETACHED), EINVAL);
  fails("clone3 EINVAL: a signal in the flags", clone_wide(SIGCHLD), EINVAL);
  fails("clone3 EINVAL: an unknown flag", clone_wide(1ull << 40), EINVAL);
  fails("clone3 EPERM: CLONE_NEWPID", clone_wide(CLONE_NEWPID), EPERM);
  fresh(.exit_signal = 65);
  fails("clone3 EINVAL: no such signal", clone_wide(0), EINVAL);
  fresh(.exit_signal = SIGCHLD, .stack = 4096);
  fails("clone3 EINVAL: a stack without size", clone_wide(0), EINVAL);
  fresh(.exit_signal = SIGCHLD, .stack_size = 4096);
  fails("clone3 EINVAL: a size without stack", clone_wide(0), EINVAL);
  fresh(.exit_signal = SIGCHLD, .pidfd = (uint64_t)&word);
  fails("clone3 EINVAL: CLONE_THREAD with a signal", clone_wide(CLONE_PIDFD | CLONE_THREAD | CLONE_SIGHAND | CLONE_VM), EINVAL);
  fresh(.exit_signal = SIGCHLD, .set_tid = (uint64_t)tids, .set_tid_size = 33);
  fails("clone3 EINVAL: more set_tid than there can be levels", clone_wide(0), EINVAL);
  fresh(.exit_signal = SIGCHLD, .set_tid = (uint64_t)tids);
  fails("clone3 EINVAL: set_tid without a size", clone_wide(0), EINVAL);
  fresh(.exit_signal = SIGCHLD, .set_tid_size = 1);
  fails("clone3 EINVAL: a size without set_tid", clone_wide(0), EINVAL);
  fresh(.exit_signal = SIGCHLD, .set_tid = (uint64_t)tids, .set_tid_size = 1);
  tids[0] = 0;
  fails("clone3 EINVAL: thread id 0", clone_wide(0), EINVAL);
  tids[0] = -5;
  fails("clone3 EINVAL: a negative thread id", clone_wide(0), EINVAL);
  tids[0] = 30000;
  fails("clone3 EPERM: set_tid", clone_wide(0), EPERM);
  fresh(.exit_signal = SIGCHLD, .set_tid = 8, .set_tid_size = 1);
  fails("clone3 EFAULT: set_tid", clone_wide(0), EFAULT);
  fresh(.exit_signal = SIGCHLD, .cgroup = 99);
  fails("clone3 EBADF: CLONE_INTO_CGROUP", clone_wide(CLONE_INTO_CGROUP), EBADF);
  fails("clone3 EFAULT: the structure", syscall(SYS_clone3, BAD, sizeof arguments), EFAULT);
  fails("clone3 EINVAL: too short", syscall(SYS_clone3, &arguments, 63), EINVAL);
  fails("clone3 E2BIG: longer than a page", syscall(SYS_clone3, &arguments, 5000), E2BIG);
}

static void forking(void) {
  equal("a user whose processes are counted", in_child({
          setrlimit(RLIMIT_NPROC, &(struct rlimit){1, 1});
          become(4711);
          fails("fork EAGAIN: RLIMIT_NPROC", syscall(SYS_fork), EAGAIN);
          fails("vfork EAGAIN: RLIMIT_NPROC", syscall(SYS_vfork), EAGAIN);
          fails("clone EAGAIN: RLIMIT_NPROC", clone_flags(SIGCHLD, NULL), EAGAIN);
          fresh(.exit_signal = SIGCHLD);
          fails("clone3 EAGAIN: RLIMIT_NPROC", clone_wide(0), EAGAIN);
        }), 0);
  equal("one too many", in_child({
          setrlimit(RLIMIT_NPROC, &(struct rlimit){1, 1});
          int first = sleeper(4711), second = sleeper(4711);
          setresuid(4711, 4711, 4711);
          fails("execve EAGAIN: RLIMIT_NPROC after setuid", execve("/bin/tiny", (char *[]){"true", NULL}, NULL), EAGAIN);
          end(first);
          end(second);
        }), 0);
  int child = syscall(SYS_fork);
  if (child == 0) _exit(4);
  equal("fork success", reap(child), EXITED(4));
}

static void unsharing(void) {
  fails("unshare EINVAL: an unknown flag", unshare(1), EINVAL);
  fails("unshare EPERM: CLONE_NEWNS", unshare(CLONE_NEWNS), EPERM);
  fails("unshare EPERM: CLONE_NEWUSER in a chroot", unshare(CLONE_NEWUSER), EPERM);
  fails("unshare EPERM: CLONE_NEWPID", unshare(CLONE_NEWPID), EPERM);
  equal("unshare success", unshare(CLONE_FILES | CLONE_FS), 0);
}

/** Runs `name` from the scratch directory: only returns with an error. */
static int run(const char *name) { return execve(name, (char *[]){(char *)name, NULL}, (char *[]){NULL}); }

static void executing(void) {
  char *call[] = {"x", NULL}, *none[] = {NULL};
  static char name[5000], line[300];
  mkdir("closed", 0700);
  make_file("closed/program", "#!/bin/tiny\n");
  chmod("closed/program", 0755);
  make_file("plain", "no program");
  fails("execve EACCES: no permission to execute", run("./plain"), EACCES);
  equal("as a user", in_child({
          become(1000);
          fails("execve EACCES: no way through a directory", run("closed/program"), EACCES);
        }), 0);
  make_file("script", "#!./plain\n");
  chmod("script", 0755);
  fails("execve EACCES: the interpreter is no program", run("./script"), EACCES);
  fails("execve EACCES: a directory", run("closed"), EACCES);
  fails("execve EACCES: a file system without execution", run("/proc/self/status"), EACCES);
  chmod("plain", 0755);
  fails("execve ENOEXEC: of no known format", run("./plain"), ENOEXEC);
  make_file("none", "#!/missing\n");
  chmod("none", 0755);
  fails("execve ENOENT: the interpreter", run("./none"), ENOENT);
  fails("execve ENOENT: the program", run("./missing"), ENOENT);
  fails("execve ENOTDIR: below a file", run("plain/x"), ENOTDIR);
  symlink("loop", "loop");
  fails("execve ELOOP: a symbolic link", run("./loop"), ELOOP);
  for (int i = 0; i < 7; i++) {
    snprintf(name, sizeof name, "chain%d", i);
    snprintf(line, sizeof line, "#!./chain%d\n", i + 1);
    make_file(name, i == 6 ? "#!/bin/tiny\n" : line);
    chmod(name, 0755);
  }
  fails("execve ELOOP: scripts of scripts", run("./chain0"), ELOOP);
  memset(name, 'n', 256);
  name[256] = 0;
  fails("execve ENAMETOOLONG: a component", run(name), ENAMETOOLONG);
  memset(name, '/', 4999);
  fails("execve ENAMETOOLONG: a path", run(name), ENAMETOOLONG);
  fails("execve EFAULT: the path", syscall(SYS_execve, BAD, call, none), EFAULT);
  fails("execve EFAULT: the arguments", syscall(SYS_execve, "/bin/tiny", BAD, none), EFAULT);
  fails("execve EFAULT: the environment", syscall(SYS_execve, "/bin/tiny", call, BAD), EFAULT);
  char *argument = malloc(140000);
  memset(argument, 'a', 139999);
  argument[139999] = 0;
  fails("execve E2BIG: an argument", execve("/bin/tiny", (char *[]){"x", argument, NULL}, none), E2BIG);
  int writer = open("plain", O_WRONLY);
  fails("execve ETXTBSY: open for writing", run("./plain"), ETXTBSY);
  close(writer);
}

/** A program with this interpreter. */
static void make_dynamic(const char *interpreter) {
  struct {
    Elf64_Ehdr header;
    Elf64_Phdr segments[2];
    char interpreter[64];
  } program = {.header = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT}, .e_type = ET_EXEC, .e_machine = EM_X86_64},
               .segments = {{.p_type = PT_INTERP}, {.p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_vaddr = 0x400000, .p_align = 4096}}};
  program.header.e_version = EV_CURRENT;
  program.header.e_phoff = program.header.e_ehsize = sizeof program.header;
  program.header.e_phentsize = sizeof program.segments[0];
  program.header.e_phnum = 2;
  program.segments[1].p_filesz = program.segments[1].p_memsz = sizeof program;
  program.segments[0].p_offset = sizeof program.header + sizeof program.segments;
  program.segments[0].p_filesz = strlen(interpreter) + 1;
  strcpy(program.interpreter, interpreter);
  unlink("dynamic");
  int file = open("dynamic", O_CREAT | O_WRONLY, 0755);
  write(file, &program, sizeof program);
  close(file);
}

static void interpreters(void) {
  static char text[200];
  memset(text, 'x', sizeof text - 1);
  make_file("text", text);
  make_dynamic("./text");
  fails("execve EACCES: the ELF interpreter", run("./dynamic"), EACCES);
  chmod("text", 0755);
  fails("execve ELIBBAD: the ELF interpreter is no program", run("./dynamic"), ELIBBAD);
  make_file("text", "x");
  fails("execve EIO: the ELF interpreter is too short", run("./dynamic"), EIO);
  make_dynamic("./closed");
  fails("execve EACCES: the ELF interpreter is a directory", run("./dynamic"), EACCES);
  make_dynamic("./missing");
  fails("execve ENOENT: the ELF interpreter", run("./dynamic"), ENOENT);
  make_dynamic("./loop");
  fails("execve ELOOP: the ELF interpreter", run("./dynamic"), ELOOP);
  make_dynamic("./text/x");
  fails("execve ENOTDIR: the ELF interpreter", run("./dynamic"), ENOTDIR);
  /* Revision 2 of the capabilities of a file (/tmp is mounted nosuid), in effect at once: CAP_SYS_ADMIN, which is not in the bounding set. */
  uint32_t capabilities[5] = {0x02000001, 1 << 21, 0, 0, 0};
  static char program[4096];
  int from = open("/bin/tiny", O_RDONLY), to = open("/strong", O_CREAT | O_WRONLY, 0755);
  write(to, program, read(from, program, sizeof program));
  close(from);
  close(to);
  equal("setting capabilities", setxattr("/strong", "security.capability", capabilities, sizeof capabilities, 0), 0);
  fails("execve EPERM: capabilities beyond the bounding set", run("/strong"), EPERM);
  unlink("/strong");
}

static void executing_at(void) {
  char *call[] = {"x", NULL}, *none[] = {NULL};
  int file = open("plain", O_RDONLY), script = open("script", O_RDONLY | O_CLOEXEC), here = open(".", O_RDONLY);
  make_file("script", "#!/bin/tiny\n");
  symlink("script", "link");
  fails("execveat EINVAL: an unknown flag", syscall(SYS_execveat, AT_FDCWD, "plain", call, none, 1), EINVAL);
  fails("execveat EBADF: no descriptor", syscall(SYS_execveat, 99, "plain", call, none, 0), EBADF);
  fails("execveat ENOTDIR: a file", syscall(SYS_execveat, file, "plain", call, none, 0), ENOTDIR);
  fails("execveat ELOOP: a link not to be followed", syscall(SYS_execveat, here, "link", call, none, AT_SYMLINK_NOFOLLOW), ELOOP);
  fails("execveat ENOENT: a script by a descriptor that closes", syscall(SYS_execveat, script, "", call, none, AT_EMPTY_PATH), ENOENT);
  fails("execveat ENOENT: an empty path", syscall(SYS_execveat, here, "", call, none, 0), ENOENT);
  fails("execveat EACCES: a directory", syscall(SYS_execveat, here, "", call, none, AT_EMPTY_PATH), EACCES);
  fails("execveat EFAULT: the path", syscall(SYS_execveat, here, BAD, call, none, 0), EFAULT);
  fails("execveat ENOEXEC: of no known format", syscall(SYS_execveat, here, "plain", call, none, 0), ENOEXEC);
  equal("execveat success", in_child({ syscall(SYS_execveat, here, "script", call, none, 0); _exit(9); }), 0);
  close(file);
  close(script);
  close(here);
}

static void waiting(void) {
  int status;
  siginfo_t info;
  fails("wait4 ECHILD: no children", wait4(-1, &status, 0, NULL), ECHILD);
  fails("wait4 EINVAL: options", wait4(-1, &status, 0x1000, NULL), EINVAL);
  fails("wait4 ESRCH: INT_MIN", syscall(SYS_wait4, INT32_MIN, &status, 0, NULL), ESRCH);
  fails("waitid ECHILD: no children", waitid(P_ALL, 0, &info, WEXITED), ECHILD);
  fails("waitid ECHILD: SIGCHLD is ignored", ({
          signal(SIGCHLD, SIG_IGN);
          if (fork() == 0) _exit(0);
          int r = waitid(P_ALL, 0, &info, WEXITED);
          int error = errno;
          signal(SIGCHLD, SIG_DFL);
          errno = error;
          r;
        }), ECHILD);
  fails("waitid EINVAL: no option", waitid(P_ALL, 0, &info, 0), EINVAL);
  fails("waitid EINVAL: an unknown option", waitid(P_ALL, 0, &info, WEXITED | 0x100), EINVAL);
  fails("waitid EINVAL: an unknown kind", waitid(77, 0, &info, WEXITED), EINVAL);
  fails("waitid EINVAL: process 0", waitid(P_PID, 0, &info, WEXITED), EINVAL);
  fails("waitid EINVAL: a negative group", waitid(P_PGID, -1, &info, WEXITED), EINVAL);
  fails("waitid EINVAL: a negative descriptor", waitid(PIDFD, -1, &info, WEXITED), EINVAL);
  fails("waitid EBADF: no descriptor", waitid(PIDFD, 99, &info, WEXITED), EBADF);
  pid_t child = sleeper(0);
  int pidfd = syscall(SYS_pidfd_open, child, O_NONBLOCK);
  fails("waitid EAGAIN: a descriptor that does not block", waitid(PIDFD, pidfd, &info, WEXITED), EAGAIN);
  close(pidfd);
  kill(child, SIGKILL);
  fails("waitid EFAULT: the information", syscall(SYS_waitid, P_PID, child, BAD, WEXITED | WNOWAIT, NULL), EFAULT);
  fails("waitid EFAULT: the usage", syscall(SYS_waitid, P_PID, child, NULL, WEXITED | WNOWAIT, BAD), EFAULT);
  equal("waitid success", waitid(P_PID, child, &info, WEXITED | WNOWAIT), 0);
  fails("wait4 EFAULT: the usage", syscall(SYS_wait4, child, NULL, 0, BAD), EFAULT);
  child = sleeper(0);
  kill(child, SIGKILL);
  equal("wait4 success", wait4(child, &status, 0, NULL) == child && status == KILLED(SIGKILL), 1);
}

static void groups(void) {
  int ready[2];
  char byte;
  pipe(ready);
  fails("setpgid EINVAL: a negative group", setpgid(0, -1), EINVAL);
  fails("setpgid ESRCH: nobody", setpgid(NOBODY, 0), ESRCH);
  fails("setpgid ESRCH: the parent is no child", in_child({ if (setpgid(getppid(), 0) < 0) _exit(errno); }) == EXITED(ESRCH) ? (errno = ESRCH, -1) : 0, ESRCH);
  fails("setpgid EPERM: a group that is not there", setpgid(0, NOBODY), EPERM);
  fails("getpgid ESRCH: nobody", getpgid(NOBODY), ESRCH);
  fails("getsid ESRCH: nobody", getsid(NOBODY), ESRCH);
  pid_t leader = fork();
  if (leader == 0) {
    setsid();
    check("setpgid EPERM: a session leader", setpgid(0, 0) < 0 && errno == EPERM);
    check("setsid EPERM: a group leader", setsid() < 0 && errno == EPERM);
    write(ready[1], "", 1);
    for (;;) pause();
  }
  read(ready[0], &byte, 1);
  fails("setpgid EPERM: a child in another session", setpgid(leader, 0), EPERM);
  fails("setpgid EPERM: a group of another session", setpgid(0, leader), EPERM);
  equal("getsid success: another session", getsid(leader), leader);
  end(leader);
  close(ready[1]);
  close(ready[0]);
  pipe2(ready, O_CLOEXEC);
  pid_t child = fork();
  if (child == 0) {
    execl("/bin/busybox", "sleep", "60", NULL);
    _exit(9);
  }
  close(ready[1]);
  read(ready[0], &byte, 1); /* ends when the child has executed */
  fails("setpgid EACCES: the child has executed", setpgid(child, 0), EACCES);
  end(child);
  close(ready[0]);
  child = sleeper(0);
  equal("setpgid success", setpgid(child, 0), 0);
  equal("getpgid success", getpgid(child), child);
  end(child);
  equal("setsid success", in_child(check("a session of its own", setsid() == getpid())), 0);
}

static void by_descriptor(void) {
  siginfo_t info = {.si_signo = SIGUSR1, .si_code = SI_USER};
  pid_t child = sleeper(0), user = sleeper(1000);
  int pidfd = syscall(SYS_pidfd_open, child, 0), users = syscall(SYS_pidfd_open, user, 0);
  check("pidfd_open success", pidfd >= 0 && users >= 0);
  fails("pidfd_open EINVAL: flags", syscall(SYS_pidfd_open, child, 1), EINVAL);
  fails("pidfd_open EINVAL: pid 0", syscall(SYS_pidfd_open, 0, 0), EINVAL);
  fails("pidfd_open ESRCH: nobody", syscall(SYS_pidfd_open, NOBODY, 0), ESRCH);
  fails("pidfd_send_signal EBADF: no process", syscall(SYS_pidfd_send_signal, 1, 0, NULL, 0), EBADF);
  fails("pidfd_send_signal EINVAL: a signal", syscall(SYS_pidfd_send_signal, pidfd, 65, NULL, 0), EINVAL);
  fails("pidfd_send_signal EINVAL: flags", syscall(SYS_pidfd_send_signal, pidfd, 0, NULL, 1 << 20), EINVAL);
  fails("pidfd_send_signal EINVAL: another signal in the information", syscall(SYS_pidfd_send_signal, pidfd, SIGUSR2, &info, 0), EINVAL);
  fails("pidfd_send_signal EFAULT: the information", syscall(SYS_pidfd_send_signal, pidfd, SIGUSR1, BAD, 0), EFAULT);
  fails("pidfd_send_signal EPERM: pretending to be kill", syscall(SYS_pidfd_send_signal, pidfd, SIGUSR1, &info, 0), EPERM);
  fails("pidfd_getfd EBADF: no process", syscall(SYS_pidfd_getfd, 1, 0, 0), EBADF);
  fails("pidfd_getfd EBADF: no descriptor there", syscall(SYS_pidfd_getfd, pidfd, 99, 0), EBADF);
  fails("pidfd_getfd EINVAL: flags", syscall(SYS_pidfd_getfd, pidfd, 0, 1), EINVAL);
  int got = syscall(SYS_pidfd_getfd, pidfd, 1, 0);
  check("pidfd_getfd success", got >= 0);
  close(got);
  equal("without descriptors", in_child({
          setrlimit(RLIMIT_NOFILE, &(struct rlimit){8, 8});
          while (dup(1) >= 0) {
          }
          fails("pidfd_open EMFILE", syscall(SYS_pidfd_open, child, 0), EMFILE);
          fails("pidfd_getfd EMFILE", syscall(SYS_pidfd_getfd, pidfd, 1, 0), EMFILE);
        }), 0);
  equal("as a user", in_child({
          become(1001);
          fails("pidfd_send_signal EPERM: a stranger's process", syscall(SYS_pidfd_send_signal, users, 0, NULL, 0), EPERM);
          fails("pidfd_getfd EPERM: a stranger's process", syscall(SYS_pidfd_getfd, users, 1, 0), EPERM);
        }), 0);
  end(child);
  end(user);
  fails("pidfd_send_signal ESRCH: reaped", syscall(SYS_pidfd_send_signal, pidfd, 0, NULL, 0), ESRCH);
  fails("pidfd_getfd ESRCH: reaped", syscall(SYS_pidfd_getfd, pidfd, 1, 0), ESRCH);
  close(pidfd);
  close(users);
}

int main(void) {
  enter_scratch();
  chmod(".", 0755);
  cloning();
  cloning_wide();
  forking();
  unsharing();
  executing();
  interpreters();
  executing_at();
  waiting();
  groups();
  by_descriptor();
  return finish();
}
