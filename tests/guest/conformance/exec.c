/* exec: what a new program gets, what it does not keep, scripts, and every way to fail. */
#include "check.h"
#include <elf.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

static char *const plain_environment[] = {"ONE=1", "TWO=two words", "EMPTY=", NULL};

/** Forks and executes; the wait status, or EXITED(200 + errno) when execve failed. */
static int run(const char *path, char *const arguments[], char *const environment[]) {
  return in_child({
    execve(path, arguments, environment);
    _exit(200 + errno % 50);
  });
}

#define FAILED(error) EXITED(200 + (error) % 50)

static void arguments(void) {
  equal("arguments and environment", run("/bin/show-arguments", (char *[]){"name", "one", "", "three words", NULL}, plain_environment), EXITED(4));
  equal("no environment", run("/bin/show-arguments", (char *[]){"alone", NULL}, (char *[]){NULL}), EXITED(1));
  equal("a null argument array makes one empty argument", run("/bin/show-arguments", NULL, NULL), EXITED(1));
  char *many[202];
  for (int i = 0; i < 201; i++) many[i] = i ? "x" : "many";
  many[201] = NULL;
  equal("200 arguments", in_child({
          close(1);
          open("/dev/null", O_WRONLY);
          execve("/bin/show-arguments", many, plain_environment);
        }), EXITED(201));
  equal("a static PIE", run("/bin/relocated-pie", (char *[]){"pie", NULL}, plain_environment), EXITED(5));
  equal("a bare program", run("/bin/tiny", (char *[]){"tiny", NULL}, plain_environment), 0);
  int program = open("/bin/show-arguments", O_RDONLY | O_CLOEXEC);
  equal("execveat of a descriptor", in_child({
          syscall(SYS_execveat, program, "", (char *[]){"by-descriptor", NULL}, plain_environment, AT_EMPTY_PATH);
          _exit(99);
        }), EXITED(1));
  close(program);
  int bin = open("/bin", O_RDONLY | O_DIRECTORY);
  equal("execveat below a directory", in_child({
          syscall(SYS_execveat, bin, "tiny", (char *[]){"tiny", NULL}, plain_environment, 0);
          _exit(99);
        }), 0);
  close(bin);
}

static void write_program(const char *path, const void *content, size_t size, mode_t mode) {
  int file = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0755);
  write(file, content, size);
  close(file);
  chmod(path, mode);
}

static void scripts(void) {
  char *const call[] = {"as-called", "argument", NULL};
  make_file("script", "#!/bin/show-arguments\n");
  chmod("script", 0755);
  equal("a script", run("./script", call, plain_environment), EXITED(3));
  int descriptor = open("script", O_RDONLY), here = open(".", O_RDONLY);
  dup2(descriptor, 20);
  dup2(here, 21);
  close(descriptor);
  close(here);
  equal("a script by its descriptor", in_child({
          syscall(SYS_execveat, 20, "", call, plain_environment, AT_EMPTY_PATH);
          _exit(99);
        }), EXITED(3));
  equal("a script below a descriptor", in_child({
          syscall(SYS_execveat, 21, "script", call, plain_environment, 0);
          _exit(99);
        }), EXITED(3));
  close(20);
  close(21);
  make_file("spaced", "#!  /bin/show-arguments   one   two  \nrest\n");
  chmod("spaced", 0755);
  equal("all after the interpreter is one argument", run("./spaced", call, plain_environment), EXITED(4));
  make_file("unterminated", "#!/bin/show-arguments");
  chmod("unterminated", 0755);
  equal("a line without an end", run("./unterminated", call, plain_environment), EXITED(3));
  make_file("shell-script", "#!/bin/sh\necho from a script: $1\nexit 12\n");
  chmod("shell-script", 0755);
  equal("a shell script", run("./shell-script", call, (char *[]){"PATH=/bin", NULL}), EXITED(12));
  make_file("nested", "#!./script nested-argument\n");
  chmod("nested", 0755);
  equal("an interpreter that is a script", run("./nested", call, plain_environment), EXITED(5));
  make_file("no-interpreter", "#!/missing/interpreter\n");
  chmod("no-interpreter", 0755);
  equal("a missing interpreter", run("./no-interpreter", call, plain_environment), FAILED(ENOENT));
  make_file("blank-interpreter", "#!   \n");
  chmod("blank-interpreter", 0755);
  equal("no interpreter named", run("./blank-interpreter", call, plain_environment), FAILED(ENOEXEC));
  make_file("self", "#!./self\n");
  chmod("self", 0755);
  equal("a script that runs itself", run("./self", call, plain_environment), FAILED(ELOOP));
}

static void failures(void) {
  char *const call[] = {"x", NULL};
  fails("missing", execve("missing", call, plain_environment), ENOENT);
  fails("empty path", execve("", call, plain_environment), ENOENT);
  make_file("plain", "not a program");
  fails("not executable", execve("plain", call, plain_environment), EACCES);
  chmod("plain", 0755);
  fails("not a program", execve("plain", call, plain_environment), ENOEXEC);
  write_program("empty", "", 0, 0755);
  fails("an empty file", execve("empty", call, plain_environment), ENOEXEC);
  fails("a directory", execve("/bin", call, plain_environment), EACCES);
  fails("below a file", execve("plain/x", call, plain_environment), ENOTDIR);
  fails("a device", execve("/dev/null", call, plain_environment), EACCES);
  symlink("loop", "loop");
  fails("a loop", execve("loop", call, plain_environment), ELOOP);
  fails("bad path pointer", execve((void *)8, call, plain_environment), EFAULT);
  fails("bad argument pointer", execve("/bin/tiny", (char *[]){(char *)8, NULL}, plain_environment), EFAULT);
  fails("bad argument array", execve("/bin/tiny", (void *)8, plain_environment), EFAULT);
  fails("bad environment array", execve("/bin/tiny", call, (void *)8), EFAULT);
  static char long_argument[200000];
  memset(long_argument, 'a', sizeof long_argument - 1);
  fails("an argument over 128 KiB", execve("/bin/tiny", (char *[]){"x", long_argument, NULL}, plain_environment), E2BIG);
  static char *too_many[200];
  long_argument[100000] = 0;
  for (int i = 0; i < 199; i++) too_many[i] = long_argument;
  fails("too much in all", execve("/bin/tiny", too_many, plain_environment), E2BIG);
  equal("a quarter of the stack that may be, 6 MiB at most", in_child({
          setrlimit(RLIMIT_STACK, &(struct rlimit){64 << 20, RLIM_INFINITY});
          too_many[64] = NULL;
          fails("execve E2BIG: 6.4 MB", execve("/bin/tiny", too_many, plain_environment), E2BIG);
          too_many[44] = NULL;
          setrlimit(RLIMIT_STACK, &(struct rlimit){16 << 20, RLIM_INFINITY});
          fails("execve E2BIG: 4.4 MB of a stack of 16 MiB", execve("/bin/tiny", too_many, plain_environment), E2BIG);
        }), 0);
  equal("5.2 MB of arguments", in_child({
          setrlimit(RLIMIT_STACK, &(struct rlimit){64 << 20, RLIM_INFINITY});
          too_many[52] = NULL;
          execve("/bin/tiny", too_many, plain_environment);
          _exit(7);
        }), 0);
  int writer = open("/bin/tiny", O_WRONLY);
  check("open a program for writing", writer >= 0);
  fails("executing it", execve("/bin/tiny", call, plain_environment), ETXTBSY);
  close(writer);
  fails("writing to a running program", open("/proc/self/exe", O_WRONLY), ETXTBSY);

  Elf64_Ehdr header = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT}, .e_type = ET_EXEC, .e_machine = EM_AARCH64,
                       .e_version = EV_CURRENT, .e_ehsize = sizeof header, .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 1, .e_phoff = sizeof header};
  write_program("wrong-machine", &header, sizeof header, 0755);
  fails("another machine's program", execve("wrong-machine", call, plain_environment), ENOEXEC);
  header.e_machine = EM_X86_64;
  header.e_type = ET_REL;
  write_program("object", &header, sizeof header, 0755);
  fails("an object file", execve("object", call, plain_environment), ENOEXEC);
  header.e_type = ET_EXEC;
  write_program("truncated", &header, sizeof header, 0755);
  check("a truncated program", execve("truncated", call, plain_environment) == -1 && (errno == ENOEXEC || errno == EIO));
  write_program("short", &header, 20, 0755);
  fails("half a header", execve("short", call, plain_environment), ENOEXEC);
  struct { Elf64_Ehdr header; Elf64_Phdr segments[1]; char interpreter[32]; } dynamic = {header, {{.p_type = PT_INTERP}}, "/missing/ld.so"};
  dynamic.segments[0].p_offset = sizeof dynamic.header + sizeof dynamic.segments;
  dynamic.segments[0].p_filesz = 15;
  write_program("dynamic", &dynamic, sizeof dynamic, 0755);
  fails("a missing dynamic linker", execve("dynamic", call, plain_environment), ENOENT);
}

static void do_nothing(int number) { (void)number; }

/** Runs as the program that is executed to look at what it kept: `exec look WHAT`. */
static int look(const char *what) {
  if (!strcmp(what, "descriptors")) {
    fails("a close-on-exec descriptor is closed", fcntl(50, F_GETFD), EBADF);
    equal("another stays", fcntl(51, F_GETFD), 0);
  } else if (!strcmp(what, "signals")) {
    struct sigaction action;
    sigaction(SIGUSR1, NULL, &action);
    check("a handler becomes the default", action.sa_handler == SIG_DFL);
    sigaction(SIGUSR2, NULL, &action);
    check("an ignored signal stays ignored", action.sa_handler == SIG_IGN);
    sigset_t set;
    sigprocmask(SIG_BLOCK, NULL, &set);
    check("the mask stays", sigismember(&set, SIGHUP) && !sigismember(&set, SIGINT));
    sigpending(&set);
    check("a pending signal stays", sigismember(&set, SIGHUP));
    stack_t stack;
    sigaltstack(NULL, &stack);
    equal("no alternate stack", stack.ss_flags, SS_DISABLE);
  } else if (!strcmp(what, "vector")) {
    check("AT_PAGESZ", getauxval(AT_PAGESZ) == 4096);
    check("AT_CLKTCK", getauxval(AT_CLKTCK) == 100);
    check("AT_UID and friends", getauxval(AT_UID) == 0 && getauxval(AT_EUID) == 0 && getauxval(AT_GID) == 0 && getauxval(AT_EGID) == 0);
    equal("AT_SECURE", getauxval(AT_SECURE), 0);
    check("AT_RANDOM", getauxval(AT_RANDOM) != 0);
    check("AT_PHDR", getauxval(AT_PHDR) != 0 && getauxval(AT_PHENT) == sizeof(Elf64_Phdr) && getauxval(AT_PHNUM) > 2);
    check("AT_ENTRY", getauxval(AT_ENTRY) != 0);
    same_text("AT_PLATFORM", (char *)getauxval(AT_PLATFORM), "x86_64");
    same_text("AT_EXECFN", (char *)getauxval(AT_EXECFN), "/bin/exec");
    char name[16];
    prctl(PR_GET_NAME, name);
    same_text("the process name", name, "exec");
    check("the stack is aligned", ((unsigned long)__builtin_frame_address(0) & 15) == 0);
  }
  return finish();
}

static void kept(void) {
  equal("descriptors", in_child({
          int file = open("/dev/null", O_RDONLY);
          dup3(file, 50, O_CLOEXEC);
          dup2(file, 51);
          execl("/bin/exec", "exec", "look", "descriptors", NULL);
        }), 0);
  equal("signals", in_child({
          static char stack[65536];
          handle(SIGUSR1, do_nothing, 0);
          signal(SIGUSR2, SIG_IGN);
          sigset_t set;
          sigemptyset(&set);
          sigaddset(&set, SIGHUP);
          sigprocmask(SIG_SETMASK, &set, NULL);
          raise(SIGHUP);
          sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof stack}, NULL);
          execl("/bin/exec", "exec", "look", "signals", NULL);
        }), 0);
  equal("auxiliary vector", in_child(execl("/bin/exec", "exec", "look", "vector", NULL)), 0);
  pid_t child = fork();
  if (child == 0) {
    execl("/bin/sh", "sh", "-c", "exit $(( $$ % 200 ))", NULL);
    _exit(255);
  }
  equal("the pid stays", reap(child), EXITED(child % 200));
}

int main(int count, char **arguments_given) {
  if (count == 3 && !strcmp(arguments_given[1], "look")) return look(arguments_given[2]);
  enter_scratch();
  arguments();
  scripts();
  failures();
  kept();
  return finish();
}
