/* seccomp-filter: programs of classic BPF that a process puts before its own system calls (seccomp(2), prctl PR_SET_SECCOMP). */
#include "check.h"
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define LOAD_AT(offset) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset)
#define RETURN(value) BPF_STMT(BPF_RET | BPF_K, value)
#define ERROR(number) (SECCOMP_RET_ERRNO | (number))
/** Skips `no` instructions unless the accumulator is `value`. */
#define UNLESS(value, no) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, no)

/** The C library's getppid tells of no errors. */
#define getppid() syscall(SYS_getppid)

static int seccomp(unsigned operation, unsigned flags, void *argument) { return syscall(SYS_seccomp, operation, flags, argument); }

static int install_length(const struct sock_filter *program, unsigned short length, unsigned flags) {
  struct sock_fprog fprog = {length, (struct sock_filter *)program};
  return seccomp(SECCOMP_SET_MODE_FILTER, flags, &fprog);
}

#define install(flags, ...) \
  ({ \
    struct sock_filter program_[] = {__VA_ARGS__}; \
    install_length(program_, sizeof program_ / sizeof *program_, flags); \
  })

/** Gives call `number` the verdict, and lets all others pass. */
static int refuse(unsigned number, unsigned verdict) {
  return install(0, LOAD(nr), UNLESS(number, 1), RETURN(verdict), RETURN(SECCOMP_RET_ALLOW));
}

static int no_new_privileges(void) { return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); }

/** The number behind `name` in /proc/self/status, -1 if there is none. */
static int status_line(const char *name) {
  char line[256];
  int value = -1;
  FILE *file = fopen("/proc/self/status", "r");
  size_t length = strlen(name);
  while (file && fgets(line, sizeof line, file))
    if (strncmp(line, name, length) == 0 && line[length] == ':') value = atoi(line + length + 1);
  if (file) fclose(file);
  return value;
}

static void bad_calls(void) {
  unsigned action = SECCOMP_RET_KILL_PROCESS;
  struct sock_filter pass[] = {RETURN(SECCOMP_RET_ALLOW)};
  struct sock_fprog fprog = {1, pass};
  fails("unknown operation", seccomp(99, 0, NULL), EINVAL);
  fails("strict mode with flags", seccomp(SECCOMP_SET_MODE_STRICT, 1, NULL), EINVAL);
  fails("strict mode with an argument", seccomp(SECCOMP_SET_MODE_STRICT, 0, &action), EINVAL);
  fails("unknown flag", seccomp(SECCOMP_SET_MODE_FILTER, 1 << 20, &fprog), EINVAL);
  fails("no program", seccomp(SECCOMP_SET_MODE_FILTER, 0, NULL), EFAULT);
  fails("a filter without privilege", seccomp(SECCOMP_SET_MODE_FILTER, 0, &fprog), EACCES);
  fails("the same by prctl", prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &fprog), EACCES);
  fails("prctl with another mode", prctl(PR_SET_SECCOMP, 3, 0), EINVAL);
  fails("prctl with mode 0", prctl(PR_SET_SECCOMP, 0, 0), EINVAL);
  equal("no mode", prctl(PR_GET_SECCOMP), 0);
  equal("an action that is there", seccomp(SECCOMP_GET_ACTION_AVAIL, 0, &action), 0);
  fails("asking with flags", seccomp(SECCOMP_GET_ACTION_AVAIL, 1, &action), EINVAL);
  fails("asking from nowhere", seccomp(SECCOMP_GET_ACTION_AVAIL, 0, NULL), EFAULT);
  const unsigned actions[] = {SECCOMP_RET_KILL_THREAD, SECCOMP_RET_TRAP, SECCOMP_RET_ERRNO, SECCOMP_RET_TRACE, SECCOMP_RET_LOG, SECCOMP_RET_ALLOW};
  for (unsigned i = 0; i < sizeof actions / sizeof *actions; i++)
    equal("another action", seccomp(SECCOMP_GET_ACTION_AVAIL, 0, (void *)&actions[i]), 0);
  action = 0x12340000;
  fails("an action that is not", seccomp(SECCOMP_GET_ACTION_AVAIL, 0, &action), EOPNOTSUPP);
  action = SECCOMP_RET_ERRNO | 1;
  fails("an action with data", seccomp(SECCOMP_GET_ACTION_AVAIL, 0, &action), EOPNOTSUPP);
  struct seccomp_notif_sizes sizes;
  equal("sizes", seccomp(SECCOMP_GET_NOTIF_SIZES, 0, &sizes), 0);
  check("of three structures", sizes.seccomp_notif == 80 && sizes.seccomp_notif_resp == 24 && sizes.seccomp_data == 64);
  fails("sizes with flags", seccomp(SECCOMP_GET_NOTIF_SIZES, 1, &sizes), EINVAL);
  fails("sizes to nowhere", seccomp(SECCOMP_GET_NOTIF_SIZES, 0, NULL), EFAULT);
}

/** Programs that the check refuses. */
static void bad_programs(void) {
  no_new_privileges();
  fails("no instructions", install_length((struct sock_filter[]){RETURN(0)}, 0, 0), EINVAL);
  static struct sock_filter many[4098];
  for (int i = 0; i < 4098; i++) many[i] = (struct sock_filter)RETURN(SECCOMP_RET_ALLOW);
  fails("too many instructions", install_length(many, 4097, 0), EINVAL);
  equal("as many as may be", in_child(equal("install", install_length(many, 4096, 0), 0)), 0);
  fails("instructions at nowhere", install_length((void *)-4096ul, 1, 0), EFAULT);
  fails("no end", install(0, LOAD(nr)), EINVAL);
  fails("a jump at the end", install(0, BPF_STMT(BPF_JMP | BPF_JA, 0)), EINVAL);
  fails("a jump past the end", install(0, BPF_STMT(BPF_JMP | BPF_JA, 1), RETURN(0)), EINVAL);
  fails("a far jump past the end", install(0, BPF_STMT(BPF_JMP | BPF_JA, -1), RETURN(0)), EINVAL);
  fails("a condition past the end", install(0, BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0), RETURN(0)), EINVAL);
  fails("the other way past the end", install(0, BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1), RETURN(0)), EINVAL);
  fails("an unknown instruction", install(0, BPF_STMT(0xffff, 0), RETURN(0)), EINVAL);
  fails("a load of a byte", install(0, BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0), RETURN(0)), EINVAL);
  fails("an indexed load", install(0, BPF_STMT(BPF_LD | BPF_W | BPF_IND, 0), RETURN(0)), EINVAL);
  fails("a load that is not aligned", install(0, LOAD_AT(2), RETURN(0)), EINVAL);
  fails("a load past the data", install(0, LOAD_AT(64), RETURN(0)), EINVAL);
  equal("the last word", in_child(equal("install", install(0, LOAD_AT(60), RETURN(SECCOMP_RET_ALLOW)), 0)), 0);
  fails("division by 0", install(0, BPF_STMT(BPF_ALU | BPF_DIV | BPF_K, 0), RETURN(0)), EINVAL);
  fails("a remainder", install(0, BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, 3), RETURN(0)), EINVAL);
  fails("a shift by 32", install(0, BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 32), RETURN(0)), EINVAL);
  fails("a store beyond memory", install(0, BPF_STMT(BPF_ST, 16), RETURN(0)), EINVAL);
  fails("a load beyond memory", install(0, BPF_STMT(BPF_LD | BPF_MEM, 16), RETURN(0)), EINVAL);
  fails("a word that nobody wrote", install(0, BPF_STMT(BPF_LD | BPF_MEM, 3), RETURN(0)), EINVAL);
  fails("a word that one way does not write",
        install(0, LOAD(nr), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 1), BPF_STMT(BPF_ST, 3), BPF_STMT(BPF_LD | BPF_MEM, 3), RETURN(0)), EINVAL);
  fails("the index register as result", install(0, BPF_STMT(BPF_RET | BPF_X, 0)), EINVAL);
  equal("still no filter", prctl(PR_GET_SECCOMP), 0);
}

/** What the accumulator holds after the instructions, as far as an error number can tell; -1 on failure. */
#define computes(...) \
  ({ \
    int result_; \
    int pair_[2]; \
    if (pipe(pair_) < 0) _exit(98); \
    pid_t child_ = fork(); \
    if (child_ == 0) { \
      struct sock_filter program_[] = {LOAD(nr), \
                                       BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 1, 0), \
                                       RETURN(SECCOMP_RET_ALLOW), \
                                       __VA_ARGS__, \
                                       BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xfff), \
                                       BPF_STMT(BPF_ALU | BPF_OR | BPF_K, SECCOMP_RET_ERRNO), \
                                       BPF_STMT(BPF_RET | BPF_A, 0)}; \
      result_ = install_length(program_, sizeof program_ / sizeof *program_, 0) < 0 ? -1 : 0; \
      errno = 0; \
      if (result_ == 0) result_ = syscall(SYS_getppid, 1, 2, 3) < 0 ? errno : 0; \
      write(pair_[1], &result_, sizeof result_); \
      _exit(0); \
    } \
    close(pair_[1]); \
    if (read(pair_[0], &result_, sizeof result_) != sizeof result_) result_ = -2; \
    close(pair_[0]); \
    reap(child_); \
    result_; \
  })

#define SET(k) BPF_STMT(BPF_LD | BPF_IMM, k)
#define INDEX(k) BPF_STMT(BPF_LDX | BPF_IMM, k)
#define DO(operation, k) BPF_STMT(BPF_ALU | (operation) | BPF_K, k)
#define DO_X(operation) BPF_STMT(BPF_ALU | (operation) | BPF_X, 0)
#define IF(operation, k, yes, no) BPF_JUMP(BPF_JMP | (operation) | BPF_K, k, yes, no)
#define IF_X(operation, yes, no) BPF_JUMP(BPF_JMP | (operation) | BPF_X, 0, yes, no)
/** 1 if the jump was taken, 2 if not. */
#define TAKEN SET(2), BPF_STMT(BPF_JMP | BPF_JA, 1), SET(1)

static void arithmetic(void) {
  no_new_privileges();
  equal("immediate", computes(SET(42)), 42);
  equal("add", computes(SET(40), DO(BPF_ADD, 2)), 42);
  equal("add index", computes(INDEX(5), SET(40), DO_X(BPF_ADD)), 45);
  equal("add wraps", computes(SET(0xffffffff), DO(BPF_ADD, 8)), 7);
  equal("subtract", computes(SET(40), DO(BPF_SUB, 2)), 38);
  equal("subtract index", computes(INDEX(39), SET(40), DO_X(BPF_SUB)), 1);
  equal("subtract below 0", computes(SET(1), DO(BPF_SUB, 2), DO(BPF_RSH, 24)), 255);
  equal("multiply", computes(SET(40), DO(BPF_MUL, 3)), 120);
  equal("multiply index", computes(INDEX(7), SET(40), DO_X(BPF_MUL)), 280);
  equal("multiply wraps", computes(SET(0x10001), DO(BPF_MUL, 0x10000), DO(BPF_RSH, 16)), 1);
  equal("divide", computes(SET(41), DO(BPF_DIV, 4)), 10);
  equal("divide without sign", computes(SET(0xfffffff0), DO(BPF_DIV, 0x1000000)), 255);
  equal("divide index", computes(INDEX(9), SET(100), DO_X(BPF_DIV)), 11);
  equal("and", computes(SET(0x6c), DO(BPF_AND, 0x3a)), 0x28);
  equal("and index", computes(INDEX(0xf0), SET(0x6c), DO_X(BPF_AND)), 0x60);
  equal("or", computes(SET(0x6c), DO(BPF_OR, 0x3)), 0x6f);
  equal("or index", computes(INDEX(0x3), SET(0x6c), DO_X(BPF_OR)), 0x6f);
  equal("exclusive or", computes(SET(0x6c), DO(BPF_XOR, 0xff)), 0x93);
  equal("exclusive or index", computes(INDEX(0xff), SET(0x6c), DO_X(BPF_XOR)), 0x93);
  equal("shift left", computes(SET(3), DO(BPF_LSH, 4)), 48);
  equal("shift left by index", computes(INDEX(5), SET(3), DO_X(BPF_LSH)), 96);
  equal("shift right", computes(SET(0x80000000), DO(BPF_RSH, 24)), 128);
  equal("shift right by index", computes(INDEX(28), SET(0x80000000), DO_X(BPF_RSH)), 8);
  equal("negate", computes(SET(1), BPF_STMT(BPF_ALU | BPF_NEG, 0)), 0xfff);
  equal("index from accumulator", computes(SET(9), BPF_STMT(BPF_MISC | BPF_TAX, 0), SET(1), DO_X(BPF_ADD)), 10);
  equal("accumulator from index", computes(INDEX(77), SET(0), BPF_STMT(BPF_MISC | BPF_TXA, 0)), 77);
  equal("memory", computes(SET(9), BPF_STMT(BPF_ST, 15), SET(1), BPF_STMT(BPF_LD | BPF_MEM, 15)), 9);
  equal("memory of the index", computes(INDEX(8), BPF_STMT(BPF_STX, 0), INDEX(1), BPF_STMT(BPF_LDX | BPF_MEM, 0), BPF_STMT(BPF_MISC | BPF_TXA, 0)), 8);
  equal("length", computes(BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0)), 64);
  equal("length to the index", computes(BPF_STMT(BPF_LDX | BPF_W | BPF_LEN, 0), BPF_STMT(BPF_MISC | BPF_TXA, 0)), 64);
  equal("equal", computes(SET(5), IF(BPF_JEQ, 5, 2, 0), TAKEN), 1);
  equal("not equal", computes(SET(5), IF(BPF_JEQ, 6, 2, 0), TAKEN), 2);
  equal("equal to the index", computes(INDEX(5), SET(5), IF_X(BPF_JEQ, 2, 0), TAKEN), 1);
  equal("greater", computes(SET(0xffffffff), IF(BPF_JGT, 5, 2, 0), TAKEN), 1);
  equal("not greater", computes(SET(5), IF(BPF_JGT, 5, 2, 0), TAKEN), 2);
  equal("greater than the index", computes(INDEX(4), SET(5), IF_X(BPF_JGT, 2, 0), TAKEN), 1);
  equal("greater or equal", computes(SET(5), IF(BPF_JGE, 5, 2, 0), TAKEN), 1);
  equal("less", computes(SET(4), IF(BPF_JGE, 5, 2, 0), TAKEN), 2);
  equal("less than the index", computes(INDEX(5), SET(4), IF_X(BPF_JGE, 2, 0), TAKEN), 2);
  equal("a bit in common", computes(SET(6), IF(BPF_JSET, 12, 2, 0), TAKEN), 1);
  equal("no bit in common", computes(SET(3), IF(BPF_JSET, 12, 2, 0), TAKEN), 2);
  equal("no bit in common with the index", computes(INDEX(12), SET(3), IF_X(BPF_JSET, 2, 0), TAKEN), 2);
  equal("the number", computes(LOAD(nr)), SYS_getppid);
  equal("the architecture", computes(LOAD(arch), IF(BPF_JEQ, AUDIT_ARCH_X86_64, 2, 0), TAKEN), 1);
  equal("an argument", computes(LOAD(args[2])), 3);
  equal("its upper half", computes(LOAD_AT(offsetof(struct seccomp_data, args[2]) + 4)), 0);
  equal("division by an index of 0 kills", in_child(install(0, LOAD(nr), UNLESS(SYS_getppid, 2), INDEX(0), DO_X(BPF_DIV), RETURN(SECCOMP_RET_ALLOW)), getppid()),
        KILLED(SIGSYS));
}

static void verdicts(void) {
  no_new_privileges();
  equal("an error", in_child({
          equal("install", refuse(SYS_getppid, ERROR(ENOTNAM)), 0);
          fails("the call", getppid(), ENOTNAM);
          check("another call", getpid() > 0);
          equal("the mode", prctl(PR_GET_SECCOMP), 2);
        }), 0);
  equal("by prctl", in_child({
          struct sock_filter program[] = {LOAD(nr), UNLESS(SYS_getppid, 1), RETURN(ERROR(EXFULL)), RETURN(SECCOMP_RET_ALLOW)};
          struct sock_fprog fprog = {4, program};
          equal("install", prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &fprog), 0);
          fails("the call", getppid(), EXFULL);
        }), 0);
  equal("error 0", in_child(refuse(SYS_getppid, ERROR(0)); equal("the call", getppid(), 0)), 0);
  equal("errors end at 4095", in_child(refuse(SYS_getppid, ERROR(5000)); fails("the call", getppid(), 4095)), 0);
  equal("tracing without a tracer", in_child(refuse(SYS_getppid, SECCOMP_RET_TRACE | 7); fails("the call", getppid(), ENOSYS)), 0);
  equal("telling nobody", in_child(refuse(SYS_getppid, SECCOMP_RET_USER_NOTIF); fails("the call", getppid(), ENOSYS)), 0);
  equal("logging", in_child(refuse(SYS_getppid, SECCOMP_RET_LOG); check("the call", getppid() > 0)), 0);
  equal("killing the process", in_child(refuse(SYS_getppid, SECCOMP_RET_KILL_PROCESS); getppid()), KILLED(SIGSYS));
  equal("killing the only thread", in_child(refuse(SYS_getppid, SECCOMP_RET_KILL_THREAD); getppid()), KILLED(SIGSYS));
  equal("an unknown action", in_child(refuse(SYS_getppid, 0x12340000); getppid()), KILLED(SIGSYS));
  equal("nothing catches it", in_child(signal(SIGSYS, SIG_IGN); refuse(SYS_getppid, SECCOMP_RET_KILL_PROCESS); getppid()), KILLED(SIGSYS));
  equal("a call that does not exist", in_child(refuse(500, ERROR(EXDEV)); fails("the call", syscall(500), EXDEV); fails("another", syscall(501), ENOSYS)),
        0);
  equal("a large number", in_child(refuse(100000, ERROR(EXDEV)); fails("the call", syscall(100000), EXDEV)), 0);
  equal("the flags are taken", in_child({
          equal("log", install(SECCOMP_FILTER_FLAG_LOG, RETURN(SECCOMP_RET_ALLOW)), 0);
          equal("speculation", install(SECCOMP_FILTER_FLAG_SPEC_ALLOW, RETURN(SECCOMP_RET_ALLOW)), 0);
          equal("all threads, of which there is one", install(SECCOMP_FILTER_FLAG_TSYNC, RETURN(SECCOMP_RET_ALLOW)), 0);
          equal("three filters", status_line("Seccomp_filters"), 3);
        }), 0);
  equal("strict mode is out of reach", in_child({
          refuse(SYS_getppid, ERROR(1));
          fails("strict", prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT), EINVAL);
          fails("strict by the other call", seccomp(SECCOMP_SET_MODE_STRICT, 0, NULL), EINVAL);
        }), 0);
  equal("arguments of 64 bits", in_child({
          const unsigned low = offsetof(struct seccomp_data, args[1]);
          equal("install",
                install(0, LOAD(nr), UNLESS(SYS_getppid, 5), LOAD_AT(low), UNLESS(7, 3), LOAD_AT(low + 4), UNLESS(1, 1), RETURN(ERROR(EXDEV)),
                        RETURN(SECCOMP_RET_ALLOW)), 0);
          for (int round = 0; round < 3; round++) {
            check("the low half alone", syscall(SYS_getppid, 0, 7L) > 0);
            check("the high half alone", syscall(SYS_getppid, 0, 1L << 32) > 0);
            fails("both", syscall(SYS_getppid, 0, 1L << 32 | 7), EXDEV);
          }
        }), 0);
}

static void stacks(void) {
  no_new_privileges();
  equal("the strictest wins", in_child({
          refuse(SYS_getppid, ERROR(EXDEV));
          refuse(SYS_getppid, SECCOMP_RET_LOG);
          fails("an error before a log", getppid(), EXDEV);
          refuse(SYS_getppid, SECCOMP_RET_TRACE);
          fails("an error before a trace", getppid(), EXDEV);
          refuse(SYS_getppid, ERROR(ENOTNAM));
          fails("of two errors the newer", getppid(), ENOTNAM);
          check("what no filter refuses", getpid() > 0);
          refuse(SYS_getppid, SECCOMP_RET_KILL_PROCESS);
          getppid();
        }), KILLED(SIGSYS));
  equal("a filter that comes after calls were seen", in_child({
          refuse(SYS_getuid, ERROR(EXDEV));
          check("passes", getppid() > 0);
          check("and again", getppid() > 0);
          refuse(SYS_getppid, ERROR(EXDEV));
          fails("does not any more", getppid(), EXDEV);
          fails("the first filter holds", syscall(SYS_getuid), EXDEV);
        }), 0);
  equal("filters may forbid filters", in_child({
          refuse(SYS_seccomp, ERROR(EACCES));
          fails("another", refuse(SYS_getppid, ERROR(EXDEV)), EACCES);
        }), 0);
  static struct sock_filter large[4096];
  for (int i = 0; i < 4096; i++) large[i] = (struct sock_filter)RETURN(SECCOMP_RET_ALLOW);
  equal("there is an end to filters", in_child({
          int count = 0;
          while (count < 100 && install_length(large, 4096, 0) == 0) count++;
          check("at some number", count >= 3 && count < 100);
          fails("then memory is short", install_length(large, 4096, 0), ENOMEM);
        }), 0);
}

static volatile int trapped, trap_errno, trap_call, trap_code, trap_signal;
static volatile unsigned trap_arch;
static volatile int trap_address_fits, trap_rax_fits;

static void on_trap(int number, siginfo_t *info, void *context) {
  ucontext_t *uc = context;
  trapped++;
  trap_signal = number;
  trap_code = info->si_code;
  trap_errno = info->si_errno;
  trap_call = info->si_syscall;
  trap_arch = info->si_arch;
  trap_address_fits = (greg_t)info->si_call_addr == uc->uc_mcontext.gregs[REG_RIP];
  trap_rax_fits = uc->uc_mcontext.gregs[REG_RAX] == info->si_syscall;
  uc->uc_mcontext.gregs[REG_RAX] = 4242;
}

static void traps(void) {
  no_new_privileges();
  equal("a handler", in_child({
          handle_info(SIGSYS, on_trap, 0);
          refuse(SYS_getppid, SECCOMP_RET_TRAP | 99);
          equal("makes the result", getppid(), 4242);
          equal("it ran once", trapped, 1);
          equal("the signal", trap_signal, SIGSYS);
          equal("si_code", trap_code, 1);
          equal("si_errno is the filter's data", trap_errno, 99);
          equal("si_syscall", trap_call, SYS_getppid);
          check("si_arch", trap_arch == AUDIT_ARCH_X86_64);
          check("si_call_addr is where the thread goes on", trap_address_fits);
          check("rax is that from before the call", trap_rax_fits);
          equal("and again", getppid(), 4242);
          equal("it ran twice", trapped, 2);
        }), 0);
  equal("no handler", in_child(refuse(SYS_getppid, SECCOMP_RET_TRAP); getppid()), KILLED(SIGSYS));
  equal("ignored", in_child(signal(SIGSYS, SIG_IGN); refuse(SYS_getppid, SECCOMP_RET_TRAP); getppid()), KILLED(SIGSYS));
  equal("blocked", in_child({
          sigset_t set;
          sigemptyset(&set);
          sigaddset(&set, SIGSYS);
          handle_info(SIGSYS, on_trap, 0);
          sigprocmask(SIG_BLOCK, &set, NULL);
          refuse(SYS_getppid, SECCOMP_RET_TRAP);
          getppid();
        }), KILLED(SIGSYS));
}

static volatile int stage;

static void *filtered(void *verdict) {
  refuse(SYS_getppid, (unsigned)(unsigned long)verdict);
  stage = 1;
  getppid();
  stage = 2;
  return NULL;
}

static void *wait_and_call(void *unused) {
  (void)unused;
  while (stage < 1) usleep(1000);
  long result = syscall(SYS_getppid);
  return (void *)(long)(result < 0 ? errno : 0);
}

static void *filters_alone(void *unused) {
  (void)unused;
  refuse(SYS_getuid, ERROR(EXDEV));
  stage = 1;
  while (stage < 2) usleep(1000);
  return NULL;
}

static void threads(void) {
  no_new_privileges();
  pthread_t thread;
  void *result;
  equal("a thread's filter is its own", in_child({
          pthread_create(&thread, NULL, filtered, (void *)(unsigned long)ERROR(EXDEV));
          pthread_join(thread, NULL);
          equal("it went through", stage, 2);
          check("others are free", getppid() > 0);
        }), 0);
  equal("killing a thread", in_child({
          pthread_create(&thread, NULL, filtered, (void *)(unsigned long)SECCOMP_RET_KILL_THREAD);
          pthread_join(thread, NULL);
          equal("it ended in the call", stage, 1);
          check("others go on", getppid() > 0);
        }), 0);
  equal("killing the process from a thread", in_child({
          pthread_create(&thread, NULL, filtered, (void *)(unsigned long)SECCOMP_RET_KILL_PROCESS);
          pthread_join(thread, NULL);
          print_line("FAIL not reached");
        }), KILLED(SIGSYS));
  equal("a thread has its creator's filters", in_child({
          refuse(SYS_getppid, ERROR(ENOTNAM));
          stage = 1;
          pthread_create(&thread, NULL, wait_and_call, NULL);
          pthread_join(thread, &result);
          equal("its call", (long)result, ENOTNAM);
        }), 0);
  equal("all threads at once", in_child({
          pthread_create(&thread, NULL, wait_and_call, NULL);
          equal("install",
                install(SECCOMP_FILTER_FLAG_TSYNC, LOAD(nr), UNLESS(SYS_getppid, 1), RETURN(ERROR(EXDEV)), RETURN(SECCOMP_RET_ALLOW)), 0);
          stage = 1;
          pthread_join(thread, &result);
          equal("the other's call", (long)result, EXDEV);
        }), 0);
  equal("a thread with filters of its own", in_child({
          pthread_create(&thread, NULL, filters_alone, NULL);
          while (stage < 1) usleep(1000);
          check("is named", install(SECCOMP_FILTER_FLAG_TSYNC, RETURN(SECCOMP_RET_ALLOW)) > 0);
          fails("seccomp ESRCH: or not", install(SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_TSYNC_ESRCH, RETURN(SECCOMP_RET_ALLOW)), ESRCH);
          equal("nothing was installed", prctl(PR_GET_SECCOMP), 0);
          stage = 2;
          pthread_join(thread, NULL);
        }), 0);
}

static void descent(void) {
  equal("no filter", status_line("Seccomp"), 0);
  equal("none", status_line("Seccomp_filters"), 0);
  equal("new privileges", status_line("NoNewPrivs"), 0);
  no_new_privileges();
  equal("no new privileges", status_line("NoNewPrivs"), 1);
  equal("children and programs", in_child({
          refuse(SYS_getppid, ERROR(ENOTNAM));
          refuse(SYS_getpgrp, ERROR(EXDEV));
          equal("filters", status_line("Seccomp"), 2);
          equal("two", status_line("Seccomp_filters"), 2);
          equal("a child", in_child({
                  fails("has them too", getppid(), ENOTNAM);
                  equal("both", status_line("Seccomp_filters"), 2);
                }), 0);
          char *arguments[] = {(char *)"seccomp-filter", (char *)"again", NULL};
          equal("a new program", in_child(execve("/proc/self/exe", arguments, NULL)), 0);
        }), 0);
  equal("the parent is free", status_line("Seccomp"), 0);
}

/** What the program does that `descent` executes. */
static int again(void) {
  fails("a new program is filtered", getppid(), ENOTNAM);
  equal("by two filters", status_line("Seccomp_filters"), 2);
  equal("without new privileges", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
  return finish();
}

int main(int count, char **arguments) {
  if (count > 1 && strcmp(arguments[1], "again") == 0) return again();
  enter_scratch();
  bad_calls();
  equal("descent", in_child(descent()), 0);
  equal("bad programs", in_child(bad_programs()), 0);
  equal("arithmetic", in_child(arithmetic()), 0);
  equal("verdicts", in_child(verdicts()), 0);
  equal("stacks", in_child(stacks()), 0);
  equal("traps", in_child(traps()), 0);
  equal("threads", in_child(threads()), 0);
  return finish();
}
