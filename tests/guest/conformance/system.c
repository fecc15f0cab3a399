/* system: uname, sysinfo, getrandom, prctl, arch_prctl, scheduling calls and unknown calls. */
#include "check.h"
#include <asm/prctl.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

static void names(void) {
  struct utsname name;
  equal("uname", uname(&name), 0);
  same_text("system", name.sysname, "Linux");
  same_text("node", name.nodename, "guest");
  same_text("machine", name.machine, "x86_64");
  check("release is a number from 4 up", atoi(name.release) >= 4 && strchr(name.release, '.') != NULL);
  check("version is there", name.version[0] != 0);
  fails("a bad pointer", syscall(SYS_uname, (void *)8), EFAULT);
  char host[65];
  equal("gethostname", gethostname(host, sizeof host), 0);
  same_text("the host name", host, "guest");
}

static void information(void) {
  struct sysinfo info;
  equal("sysinfo", sysinfo(&info), 0);
  unsigned long total = info.totalram * info.mem_unit;
  check("memory", total > 1 << 20 && info.freeram <= info.totalram);
  check("processes", info.procs > 0);
  check("up time", info.uptime >= 0);
  fails("a bad pointer", syscall(SYS_sysinfo, (void *)8), EFAULT);
  equal("page size", sysconf(_SC_PAGESIZE), 4096);
  equal("getpagesize by the library", getpagesize(), 4096);
  check("at least one processor", sysconf(_SC_NPROCESSORS_ONLN) >= 1);
}

static void randomness(void) {
  unsigned char first[256], second[256] = {0};
  equal("getrandom", getrandom(first, 256, 0), 256);
  equal("again", getrandom(second, 256, GRND_NONBLOCK), 256);
  check("is different", memcmp(first, second, 256) != 0);
  equal("GRND_RANDOM", getrandom(first, 16, GRND_RANDOM), 16);
  equal("nothing", getrandom(first, 0, 0), 0);
  fails("bad flags", getrandom(first, 1, 0x100), EINVAL);
  fails("a bad pointer", syscall(SYS_getrandom, (void *)8, 16, 0), EFAULT);
  int ones = 0;
  for (int i = 0; i < 256; i++) ones += __builtin_popcount(second[i]);
  check("about half the bits are ones", ones > 850 && ones < 1200);
}

static void process_control(void) {
  char name[17] = {0};
  equal("PR_SET_NAME", prctl(PR_SET_NAME, "a-rather-long-name"), 0);
  equal("PR_GET_NAME", prctl(PR_GET_NAME, name), 0);
  same_text("cut to 15", name, "a-rather-long-n");
  equal("PR_GET_DUMPABLE", prctl(PR_GET_DUMPABLE), 1);
  equal("PR_SET_DUMPABLE", prctl(PR_SET_DUMPABLE, 0), 0);
  equal("set", prctl(PR_GET_DUMPABLE), 0);
  fails("bad value", prctl(PR_SET_DUMPABLE, 2), EINVAL);
  prctl(PR_SET_DUMPABLE, 1);
  int signal_number = -1;
  prctl(PR_GET_PDEATHSIG, &signal_number);
  equal("PR_GET_PDEATHSIG", signal_number, 0);
  prctl(PR_SET_PDEATHSIG, SIGUSR1);
  prctl(PR_GET_PDEATHSIG, &signal_number);
  equal("PR_SET_PDEATHSIG", signal_number, SIGUSR1);
  fails("a bad signal", prctl(PR_SET_PDEATHSIG, 100), EINVAL);
  prctl(PR_SET_PDEATHSIG, 0);
  equal("PR_GET_KEEPCAPS", prctl(PR_GET_KEEPCAPS), 0);
  equal("PR_GET_NO_NEW_PRIVS", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 0);
  equal("in a child", in_child({
          equal("PR_SET_NO_NEW_PRIVS", prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
          equal("set for good", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
          fails("cannot be unset", prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0), EINVAL);
          equal("inherited", in_child(equal("by a child", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1)), 0);
        }), 0);
  equal("PR_GET_CHILD_SUBREAPER", ({ int is = -1; prctl(PR_GET_CHILD_SUBREAPER, &is); is; }), 0);
  equal("PR_GET_SECCOMP", prctl(PR_GET_SECCOMP), 0);
  equal("PR_GET_SECUREBITS", prctl(PR_GET_SECUREBITS), 0);
  fails("unknown", prctl(123456, 0, 0, 0, 0), EINVAL);
}

static void segment_bases(void) {
  unsigned long base = 0, word = 0x1122334455667788;
  equal("ARCH_GET_FS", syscall(SYS_arch_prctl, ARCH_GET_FS, &base), 0);
  unsigned long self;
  asm("mov %%fs:0, %0" : "=r"(self));
  check("points to itself", base == self);
  equal("ARCH_SET_GS", syscall(SYS_arch_prctl, ARCH_SET_GS, &word), 0);
  unsigned long read_back;
  asm volatile("mov %%gs:0, %0" : "=r"(read_back));
  check("works", read_back == word);
  base = 0;
  syscall(SYS_arch_prctl, ARCH_GET_GS, &base);
  check("ARCH_GET_GS", base == (unsigned long)&word);
  sched_yield();
  in_child(_exit(0));
  asm volatile("mov %%gs:0, %0" : "=r"(read_back));
  check("stays over a switch", read_back == word);
  equal("a child inherits it", in_child({
          asm volatile("mov %%gs:0, %0" : "=r"(read_back));
          check("the same", read_back == word);
        }), 0);
  fails("a kernel address", syscall(SYS_arch_prctl, ARCH_SET_GS, 0xffff800000000000), EPERM);
  fails("a non-canonical one", syscall(SYS_arch_prctl, ARCH_SET_FS, 0x8000000000000000), EPERM);
  fails("unknown", syscall(SYS_arch_prctl, 0x9999, 0), EINVAL);
}

static void scheduling(void) {
  equal("sched_yield", sched_yield(), 0);
  cpu_set_t set;
  check("sched_getaffinity", sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) >= 1);
  fails("too small", syscall(SYS_sched_getaffinity, 0, 3, &set), EINVAL);
  fails("missing process", sched_getaffinity(999999, sizeof set, &set), ESRCH);
  cpu_set_t none;
  CPU_ZERO(&none);
  fails("no processor", sched_setaffinity(0, sizeof none, &none), EINVAL);
  equal("the same ones", sched_setaffinity(0, sizeof set, &set), 0);
  equal("sched_getscheduler", sched_getscheduler(0), SCHED_OTHER);
  struct sched_param parameter = {1};
  equal("sched_getparam", sched_getparam(0, &parameter), 0);
  equal("priority", parameter.sched_priority, 0);
  equal("sched_get_priority_max", sched_get_priority_max(SCHED_FIFO), 99);
  equal("sched_get_priority_min", sched_get_priority_min(SCHED_OTHER), 0);
  unsigned cpu = 999;
  check("getcpu", getcpu(&cpu, NULL) == 0 && cpu < 999);
}

static void unknown_calls(void) {
  fails("call 9999", syscall(9999), ENOSYS);
  fails("call -1", syscall(-1), ENOSYS);
  fails("call 0x40000000", syscall(0x40000000), ENOSYS);
  fails("a call long gone", syscall(SYS_create_module, 0), ENOSYS);
  equal("getpid with garbage in the other registers", syscall(SYS_getpid, -1, -1, -1, -1, -1, -1) == getpid(), 1);
  long kept[4] = {1, 2, 3, 4};
  register long rbx asm("rbx") = 11, r12 asm("r12") = 12, r13 asm("r13") = 13, r8 asm("r8") = 14, r9 asm("r9") = 15, r10 asm("r10") = 16;
  long number = SYS_getppid;
  asm volatile("syscall" : "+a"(number), "+r"(rbx), "+r"(r12), "+r"(r13), "+r"(r8), "+r"(r9), "+r"(r10) : : "rcx", "r11", "memory");
  check("a system call keeps the registers", rbx == 11 && r12 == 12 && r13 == 13 && r8 == 14 && r9 == 15 && r10 == 16 && kept[3] == 4);
  unsigned long flags;
  asm volatile("std\n mov $39, %%eax\n syscall\n pushfq\n pop %0\n cld" : "=r"(flags) : : "rax", "rcx", "r11", "memory", "cc");
  check("and the direction flag", flags & 0x400);
}

int main(void) {
  names();
  information();
  randomness();
  process_control();
  segment_bases();
  scheduling();
  unknown_calls();
  return finish();
}
