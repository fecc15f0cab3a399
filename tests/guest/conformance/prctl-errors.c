/* The errors that the manual names for prctl, arch_prctl, seccomp, personality, restartable sequences, barriers and what tells about the system. */
#include "check.h"
#include <asm/prctl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/membarrier.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

#define NOBODY 4000000
#define BAD 8ul
#define DISPATCH 59 /* PR_SET_SYSCALL_USER_DISPATCH */

static int control(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d) {
  return syscall(SYS_prctl, option, a, b, c, d);
}

static void without_capabilities(void) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct none[2] = {{0, 0, 0}, {0, 0, 0}};
  syscall(SYS_capset, &header, none);
}

static void attributes(void) {
  static char byte;
  fails("prctl EINVAL: no such option", control(123456, 0, 0, 0, 0), EINVAL);
  fails("prctl EINVAL: PR_SET_PDEATHSIG", control(PR_SET_PDEATHSIG, 65, 0, 0, 0), EINVAL);
  fails("prctl EINVAL: PR_SET_DUMPABLE", control(PR_SET_DUMPABLE, 2, 0, 0, 0), EINVAL);
  fails("prctl EINVAL: PR_SET_TIMING", control(PR_SET_TIMING, 1, 0, 0, 0), EINVAL);
  fails("prctl EINVAL: PR_SET_NO_NEW_PRIVS to 0", control(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0), EINVAL);
  fails("prctl EINVAL: PR_SET_NO_NEW_PRIVS with more", control(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 1), EINVAL);
  fails("prctl EINVAL: PR_GET_NO_NEW_PRIVS with more", control(PR_GET_NO_NEW_PRIVS, 0, 1, 0, 0), EINVAL);
  fails("prctl EINVAL: PR_SET_THP_DISABLE with more", control(PR_SET_THP_DISABLE, 0, 0, 0, 1), EINVAL);
  fails("prctl EINVAL: PR_GET_THP_DISABLE with more", control(PR_GET_THP_DISABLE, 1, 0, 0, 0), EINVAL);
  fails("prctl EINVAL: PR_MCE_KILL with more", control(PR_MCE_KILL, PR_MCE_KILL_CLEAR, 0, 1, 0), EINVAL);
  fails("prctl EINVAL: PR_MCE_KILL", control(PR_MCE_KILL, 7, 0, 0, 0), EINVAL);
  fails("prctl EINVAL: PR_MCE_KILL_GET with more", control(PR_MCE_KILL_GET, 1, 0, 0, 0), EINVAL);
  fails("prctl EINVAL: PR_SET_MM with more", control(PR_SET_MM, PR_SET_MM_BRK, 0, 0, 1), EINVAL);
  fails("prctl EINVAL: PR_GET_SPECULATION_CTRL with more", control(PR_GET_SPECULATION_CTRL, 0, 1, 0, 0), EINVAL);
  fails("prctl EINVAL: PR_SET_SPECULATION_CTRL with more", control(PR_SET_SPECULATION_CTRL, 0, 0, 1, 0), EINVAL);
  fails("prctl EINVAL: PR_SET_KEEPCAPS", control(PR_SET_KEEPCAPS, 2, 0, 0, 0), EINVAL);
  fails("prctl EINVAL: PR_CAPBSET_READ", control(PR_CAPBSET_READ, 64, 0, 0, 0), EINVAL);
  fails("prctl EINVAL: PR_CAPBSET_DROP", control(PR_CAPBSET_DROP, 64, 0, 0, 0), EINVAL);
  fails("prctl EINVAL: PR_CAP_AMBIENT", control(PR_CAP_AMBIENT, 9, 0, 0, 0), EINVAL);
  fails("prctl EINVAL: PR_CAP_AMBIENT_CLEAR_ALL with more", control(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 1, 0, 0), EINVAL);
  fails("prctl EINVAL: PR_CAP_AMBIENT_RAISE with more", control(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 0, 1, 0), EINVAL);
  fails("prctl EINVAL: PR_CAP_AMBIENT_IS_SET of no capability", control(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, 64, 0, 0), EINVAL);
  fails("prctl EINVAL: PR_SET_TSC", control(PR_SET_TSC, 3, 0, 0, 0), EINVAL);
  fails("prctl EINVAL: PR_SET_SECCOMP", control(PR_SET_SECCOMP, 9, 0, 0, 0), EINVAL);
  fails("prctl EINVAL: PR_SET_MDWE", control(65 /* PR_SET_MDWE */, 8, 0, 0, 0), EINVAL);
  fails("prctl EINVAL: PR_SET_SYSCALL_USER_DISPATCH", control(DISPATCH, 9, 0, 0, 0), EINVAL);
  fails("prctl EINVAL: PR_SYS_DISPATCH_OFF with more", control(DISPATCH, 0, 0, 0, (unsigned long)&byte), EINVAL);
  fails("prctl EINVAL: PR_SYS_DISPATCH_ON with a range that wraps", control(DISPATCH, 1, 4096, -4096ul, (unsigned long)&byte), EINVAL);
  fails("prctl EFAULT: PR_SYS_DISPATCH_ON", control(DISPATCH, 1, 0, 0, 0xffff800000000000), EFAULT);
  fails("prctl EFAULT: PR_SET_NAME", control(PR_SET_NAME, BAD, 0, 0, 0), EFAULT);
  fails("prctl EFAULT: PR_GET_NAME", control(PR_GET_NAME, BAD, 0, 0, 0), EFAULT);
  fails("prctl EFAULT: PR_GET_PDEATHSIG", control(PR_GET_PDEATHSIG, BAD, 0, 0, 0), EFAULT);
  fails("prctl EFAULT: PR_GET_CHILD_SUBREAPER", control(PR_GET_CHILD_SUBREAPER, BAD, 0, 0, 0), EFAULT);
  fails("prctl EFAULT: PR_GET_TSC", control(PR_GET_TSC, BAD, 0, 0, 0), EFAULT);
  fails("prctl EPERM: PR_SET_MM", control(PR_SET_MM, PR_SET_MM_BRK, 0, 0, 0), EPERM);
  fails("prctl EPERM: PR_CAP_AMBIENT_RAISE", control(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN, 0, 0), EPERM);
  fails("prctl ENODEV: PR_SET_SPECULATION_CTRL", control(PR_SET_SPECULATION_CTRL, 99, 0, 0, 0), ENODEV);
  fails("prctl ENODEV: PR_GET_SPECULATION_CTRL", control(PR_GET_SPECULATION_CTRL, 99, 0, 0, 0), ENODEV);
  equal("a child that locks and drops", in_child({
          control(PR_SET_SECUREBITS, 1 << 5, 0, 0, 0);
          fails("prctl EPERM: PR_SET_KEEPCAPS is locked", control(PR_SET_KEEPCAPS, 1, 0, 0, 0), EPERM);
          fails("prctl EPERM: PR_SET_SECUREBITS unlocks", control(PR_SET_SECUREBITS, 0, 0, 0, 0), EPERM);
          without_capabilities();
          fails("prctl EPERM: PR_SET_SECUREBITS", control(PR_SET_SECUREBITS, 1 << 5, 0, 0, 0), EPERM);
          fails("prctl EPERM: PR_CAPBSET_DROP", control(PR_CAPBSET_DROP, CAP_CHOWN, 0, 0, 0), EPERM);
        }), 0);
  equal("prctl success", control(PR_SET_NAME, (unsigned long)"name", 0, 0, 0), 0);
}

static void architecture(void) {
  fails("arch_prctl EINVAL: no such code", syscall(SYS_arch_prctl, 0x9999, 0), EINVAL);
  fails("arch_prctl EFAULT: ARCH_GET_FS", syscall(SYS_arch_prctl, ARCH_GET_FS, BAD), EFAULT);
  fails("arch_prctl EFAULT: ARCH_GET_GS", syscall(SYS_arch_prctl, ARCH_GET_GS, BAD), EFAULT);
  fails("arch_prctl EPERM: ARCH_SET_FS", syscall(SYS_arch_prctl, ARCH_SET_FS, 0xffff800000000000), EPERM);
  fails("arch_prctl EPERM: ARCH_SET_GS", syscall(SYS_arch_prctl, ARCH_SET_GS, 0xffff800000000000), EPERM);
  uint64_t base;
  equal("arch_prctl success", syscall(SYS_arch_prctl, ARCH_GET_FS, &base), 0);
}

#define SECCOMP(operation, flags, argument) syscall(SYS_seccomp, operation, flags, argument)

/** Installs the filter of `count` instructions. */
static int install(struct sock_filter *instructions, int count, unsigned flags) {
  struct sock_fprog program = {count, instructions};
  return SECCOMP(SECCOMP_SET_MODE_FILTER, flags, &program);
}

static struct sock_filter allow[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
static struct sock_filter unaligned[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 2), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
static struct sock_filter beyond[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 64), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};

/** Installs a filter of `count` instructions, more than 5, of which Linux translates some to more than one. */
static int install_mixed(int count) {
  static const struct sock_filter mixed[] = {
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 1, 0, 1), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x80000001, 0, 1),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 1, 1, 1),  BPF_STMT(BPF_ALU | BPF_DIV | BPF_X, 0),
      BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),         BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
  };
  static struct sock_filter program[1000];
  program[0] = (struct sock_filter)BPF_STMT(BPF_LDX | BPF_W | BPF_IMM, 1);
  for (int i = 1; i < count - 1; i++) program[i] = mixed[i < count - 4 ? (i - 1) % 6 : 5];
  program[count - 1] = allow[0];
  return install(program, count, 0);
}

static void filters(void) {
  uint32_t action = 0x12340000;
  static struct sock_filter many[4097];
  for (int i = 0; i < 4097; i++) many[i] = allow[0];
  fails("seccomp EINVAL: no such operation", SECCOMP(99, 0, NULL), EINVAL);
  fails("seccomp EINVAL: flags", install(allow, 1, 1 << 20), EINVAL);
  fails("seccomp EINVAL: strict mode with flags", SECCOMP(SECCOMP_SET_MODE_STRICT, 1, NULL), EINVAL);
  fails("seccomp EINVAL: strict mode with an argument", SECCOMP(SECCOMP_SET_MODE_STRICT, 0, &action), EINVAL);
  fails("seccomp EINVAL: no instructions", install(allow, 0, 0), EINVAL);
  fails("seccomp EINVAL: too many instructions", install(many, 4097, 0), EINVAL);
  fails("seccomp EACCES", install(allow, 1, 0), EACCES);
  fails("prctl EACCES: PR_SET_SECCOMP", control(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, (unsigned long)&(struct sock_fprog){1, allow}, 0, 0), EACCES);
  fails("prctl EFAULT: PR_SET_SECCOMP", control(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, BAD, 0, 0), EFAULT);
  fails("seccomp EFAULT: the program", SECCOMP(SECCOMP_SET_MODE_FILTER, 0, BAD), EFAULT);
  fails("seccomp EFAULT: the action", SECCOMP(SECCOMP_GET_ACTION_AVAIL, 0, BAD), EFAULT);
  fails("seccomp EFAULT: the sizes", SECCOMP(SECCOMP_GET_NOTIF_SIZES, 0, BAD), EFAULT);
  fails("seccomp EOPNOTSUPP: the action", SECCOMP(SECCOMP_GET_ACTION_AVAIL, 0, &action), EOPNOTSUPP);
  equal("with filters", in_child({
          control(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
          fails("seccomp EINVAL: BPF_ABS that is not aligned", install(unaligned, 2, 0), EINVAL);
          fails("seccomp EINVAL: BPF_ABS beyond the data", install(beyond, 2, 0), EINVAL);
          fails("seccomp EFAULT: the instructions", install((void *)BAD, 1, 0), EFAULT);
          equal("seccomp success", install(allow, 1, 0), 0);
          fails("seccomp EINVAL: strict mode after a filter", SECCOMP(SECCOMP_SET_MODE_STRICT, 0, NULL), EINVAL);
          int installed = 0;
          while (installed < 3 && install(many, 4096, 0) == 0) installed++;
          equal("three filters fit: RET counts twice, as Linux translates it", installed, 3);
          fails("seccomp ENOMEM: 32768 instructions in all", install(many, 4096, 0), ENOMEM);
        }), 0);
  equal("with filters of many kinds of instructions", in_child({
          control(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
          int installed = 0;
          int last = 999;
          while (install_mixed(1000) == 0) installed++;
          while (last > 5 && install_mixed(last) < 0) last--;
          equal("so many of 1000", installed, 15);
          equal("and one of", last, 101);
        }), 0);
}

static void the_system(void) {
  struct utsname name;
  struct sysinfo info;
  struct rusage usage;
  unsigned processor, node;
  static char buffer[64];
  equal("uname success", uname(&name), 0);
  fails("uname EFAULT", syscall(SYS_uname, BAD), EFAULT);
  equal("sysinfo success", sysinfo(&info), 0);
  fails("sysinfo EFAULT", syscall(SYS_sysinfo, BAD), EFAULT);
  equal("getrusage success", getrusage(RUSAGE_SELF, &usage), 0);
  fails("getrusage EINVAL", getrusage(55, &usage), EINVAL);
  fails("getrusage EFAULT", syscall(SYS_getrusage, RUSAGE_SELF, BAD), EFAULT);
  equal("getcpu success", syscall(SYS_getcpu, &processor, &node, NULL), 0);
  fails("getcpu EFAULT: the processor", syscall(SYS_getcpu, BAD, &node, NULL), EFAULT);
  fails("getcpu EFAULT: the node", syscall(SYS_getcpu, &processor, BAD, NULL), EFAULT);
  equal("getrandom success", syscall(SYS_getrandom, buffer, 16, 0), 16);
  fails("getrandom EINVAL", syscall(SYS_getrandom, buffer, 16, 0x100), EINVAL);
  fails("getrandom EFAULT", syscall(SYS_getrandom, BAD, 16, 0), EFAULT);
  fails("sethostname EPERM", sethostname("x", 1), EPERM);
  fails("sethostname EPERM: before anything else", syscall(SYS_sethostname, BAD, -1), EPERM);
  fails("setdomainname EPERM", setdomainname("x", 1), EPERM);
  equal("personality success", personality(0xffffffff), 0);
  equal("set_tid_address success", syscall(SYS_set_tid_address, NULL), gettid());
  fails("restart_syscall EINTR: nothing was interrupted", syscall(SYS_restart_syscall), EINTR);
}

static void sequences_and_barriers(void) {
  static char area[64] __attribute__((aligned(32)));
  fails("rseq EINVAL: a second area", syscall(SYS_rseq, area, 32, 0, 0x53053053), EINVAL);
  fails("rseq EINVAL: flags", syscall(SYS_rseq, area, 32, 8, 0x53053053), EINVAL);
  fails("rseq EINVAL: unregister another area", syscall(SYS_rseq, area, 32, 1, 0x53053053), EINVAL);
  fails("membarrier EINVAL: the command", syscall(SYS_membarrier, 1 << 20, 0, 0), EINVAL);
  fails("membarrier EINVAL: flags", syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 1, 0), EINVAL);
  fails("membarrier EPERM: not registered", syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0), EPERM);
  check("membarrier success", syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0) > 0);
}

int main(void) {
  attributes();
  architecture();
  filters();
  the_system();
  sequences_and_barriers();
  return finish();
}
