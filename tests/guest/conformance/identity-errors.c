/* The errors that the manual names for user and group ids, capabilities, resource limits, scheduling and I/O priorities: one line for each. */
#include "check.h"
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdint.h>
#include <sys/fsuid.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#define NOBODY 4000000
#define BAD ((void *)8)
#define DEADLINE 6

static void become(int uid) {
  setresgid(uid, uid, uid);
  setresuid(uid, uid, uid);
}

static pid_t sleeper(void) {
  pid_t child = fork();
  if (child == 0) {
    for (;;) pause();
  }
  return child;
}

static void end(pid_t child) {
  kill(child, SIGKILL);
  reap(child);
}

static void users(void) {
  uid_t a, b, c;
  fails("setuid EINVAL: -1", syscall(SYS_setuid, -1), EINVAL);
  fails("setgid EINVAL: -1", syscall(SYS_setgid, -1), EINVAL);
  fails("getresuid EFAULT: the real id", syscall(SYS_getresuid, BAD, &b, &c), EFAULT);
  fails("getresuid EFAULT: the effective id", syscall(SYS_getresuid, &a, BAD, &c), EFAULT);
  fails("getresuid EFAULT: the saved id", syscall(SYS_getresuid, &a, &b, BAD), EFAULT);
  fails("getresgid EFAULT: the real id", syscall(SYS_getresgid, BAD, &b, &c), EFAULT);
  fails("getresgid EFAULT: the effective id", syscall(SYS_getresgid, &a, BAD, &c), EFAULT);
  fails("getresgid EFAULT: the saved id", syscall(SYS_getresgid, &a, &b, BAD), EFAULT);
  equal("without privilege", in_child({
          equal("setgroups success", setgroups(2, (gid_t[]){5, 9}), 0);
          equal("setgid success", setgid(1000), 0);
          equal("setuid success", setuid(1000), 0);
          fails("setuid EPERM", setuid(0), EPERM);
          fails("setgid EPERM", setgid(0), EPERM);
          fails("setreuid EPERM: the real id", setreuid(1, -1), EPERM);
          fails("setreuid EPERM: the effective id", setreuid(-1, 1), EPERM);
          fails("setregid EPERM: the real id", setregid(1, -1), EPERM);
          fails("setregid EPERM: the effective id", setregid(-1, 1), EPERM);
          fails("setresuid EPERM: the real id", setresuid(1, -1, -1), EPERM);
          fails("setresuid EPERM: the effective id", setresuid(-1, 1, -1), EPERM);
          fails("setresuid EPERM: the saved id", setresuid(-1, -1, 1), EPERM);
          fails("setresgid EPERM: the real id", setresgid(1, -1, -1), EPERM);
          fails("setresgid EPERM: the effective id", setresgid(-1, 1, -1), EPERM);
          fails("setresgid EPERM: the saved id", setresgid(-1, -1, 1), EPERM);
          equal("setfsuid success: unchanged without privilege", (setfsuid(1), setfsuid(-1)), 1000);
          equal("setfsgid success: unchanged without privilege", (setfsgid(1), setfsgid(-1)), 1000);
          fails("setgroups EPERM", setgroups(0, NULL), EPERM);
          gid_t list[3];
          equal("getgroups success", getgroups(3, list) == 2 && list[0] == 5 && list[1] == 9, 1);
          fails("getgroups EINVAL: too small", getgroups(1, list), EINVAL);
          fails("getgroups EINVAL: negative", syscall(SYS_getgroups, -1, list), EINVAL);
          fails("getgroups EFAULT", syscall(SYS_getgroups, 2, BAD), EFAULT);
        }), 0);
  fails("setgroups EINVAL: more than 65536", syscall(SYS_setgroups, 65537, &a), EINVAL);
  fails("setgroups EFAULT", syscall(SYS_setgroups, 2, BAD), EFAULT);
  equal("any id is valid", in_child({
          equal("setresgid success", setresgid(7, 8, 9), 0);
          equal("setregid success", setregid(8, 9), 0);
          equal("setreuid success", setreuid(0, 0), 0);
          equal("setresuid success", setresuid(4000000, 5, 6), 0);
        }), 0);
}

static void capabilities(void) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2], changed[2];
  equal("capget success", syscall(SYS_capget, &header, data), 0);
  equal("capset success", syscall(SYS_capset, &header, data), 0);
  fails("capget EFAULT: the header", syscall(SYS_capget, BAD, data), EFAULT);
  fails("capget EFAULT: the data", syscall(SYS_capget, &header, BAD), EFAULT);
  fails("capset EFAULT: the header", syscall(SYS_capset, BAD, data), EFAULT);
  fails("capset EFAULT: the data", syscall(SYS_capset, &header, BAD), EFAULT);
  header.pid = -1;
  fails("capget EINVAL: a negative id", syscall(SYS_capget, &header, data), EINVAL);
  equal("capget success: without data nobody looks at the id", syscall(SYS_capget, &header, NULL), 0);
  header.pid = NOBODY;
  fails("capget ESRCH: nobody", syscall(SYS_capget, &header, data), ESRCH);
  header.pid = getppid() ? getppid() : NOBODY;
  fails("capset EPERM: another thread", syscall(SYS_capset, &header, data), EPERM);
  header = (struct __user_cap_header_struct){1, 0};
  fails("capget EINVAL: the version", syscall(SYS_capget, &header, data), EINVAL);
  equal("the preferred version is written back", header.version, _LINUX_CAPABILITY_VERSION_3);
  header.version = 1;
  equal("capget success: asking for the version", syscall(SYS_capget, &header, NULL), 0);
  header.version = 1;
  fails("capset EINVAL: the version", syscall(SYS_capset, &header, data), EINVAL);
  header.version = _LINUX_CAPABILITY_VERSION_3;
  memcpy(changed, data, sizeof data);
  changed[0].permitted |= 1u << CAP_SYS_ADMIN;
  fails("capset EPERM: one more permitted", syscall(SYS_capset, &header, changed), EPERM);
  memcpy(changed, data, sizeof data);
  changed[0].permitted &= ~(1u << CAP_CHOWN);
  fails("capset EPERM: effective without permitted", syscall(SYS_capset, &header, changed), EPERM);
  memcpy(changed, data, sizeof data);
  changed[0].inheritable |= 1u << CAP_SYS_ADMIN;
  fails("capset EPERM: inheritable beyond the bounding set", syscall(SYS_capset, &header, changed), EPERM);
  equal("a thread with less", in_child({
          memset(changed, 0, sizeof changed);
          syscall(SYS_capset, &header, changed);
          changed[0].inheritable = 1u << CAP_CHOWN;
          fails("capset EPERM: inheritable without permitted and CAP_SETPCAP", syscall(SYS_capset, &header, changed), EPERM);
        }), 0);
}

static void limits(void) {
  struct rlimit limit;
  fails("getrlimit EINVAL: the resource", syscall(SYS_getrlimit, 99, &limit), EINVAL);
  fails("getrlimit EFAULT", syscall(SYS_getrlimit, RLIMIT_CPU, BAD), EFAULT);
  equal("getrlimit success", syscall(SYS_getrlimit, RLIMIT_NOFILE, &limit), 0);
  equal("setrlimit success", syscall(SYS_setrlimit, RLIMIT_NOFILE, &limit), 0);
  fails("setrlimit EINVAL: the resource", syscall(SYS_setrlimit, 99, &limit), EINVAL);
  fails("setrlimit EINVAL: soft above hard", syscall(SYS_setrlimit, RLIMIT_CPU, &(struct rlimit){10, 5}), EINVAL);
  fails("setrlimit EFAULT", syscall(SYS_setrlimit, RLIMIT_CPU, BAD), EFAULT);
  fails("setrlimit EPERM: a higher hard limit", syscall(SYS_setrlimit, RLIMIT_NOFILE, &(struct rlimit){1024, limit.rlim_max + 1}), EPERM);
  fails("setrlimit EPERM: more than fs.nr_open", syscall(SYS_setrlimit, RLIMIT_NOFILE, &(struct rlimit){1, 1ul << 40}), EPERM);
  equal("prlimit64 success", prlimit(0, RLIMIT_CORE, NULL, &limit), 0);
  fails("prlimit64 EINVAL: the resource", prlimit(0, 99, NULL, &limit), EINVAL);
  fails("prlimit64 EINVAL: soft above hard", prlimit(0, RLIMIT_CPU, &(struct rlimit){10, 5}, NULL), EINVAL);
  fails("prlimit64 EFAULT: the new limit", syscall(SYS_prlimit64, 0, RLIMIT_CPU, BAD, NULL), EFAULT);
  fails("prlimit64 EFAULT: the old limit", syscall(SYS_prlimit64, 0, RLIMIT_CPU, NULL, BAD), EFAULT);
  fails("prlimit64 ESRCH: nobody", prlimit(NOBODY, RLIMIT_CPU, NULL, &limit), ESRCH);
  fails("prlimit64 EPERM: a higher hard limit", prlimit(0, RLIMIT_CORE, &(struct rlimit){0, 1}, NULL), EPERM);
  pid_t child = sleeper();
  equal("as a user", in_child({
          become(1000);
          fails("prlimit64 EPERM: a stranger's process", prlimit(child, RLIMIT_CPU, NULL, &limit), EPERM);
        }), 0);
  end(child);
}

static void policies(void) {
  struct sched_param none = {0}, five = {5};
  fails("sched_setscheduler EINVAL: a negative id", sched_setscheduler(-1, SCHED_OTHER, &none), EINVAL);
  fails("sched_setscheduler EINVAL: no parameter", sched_setscheduler(0, SCHED_OTHER, NULL), EINVAL);
  fails("sched_setscheduler EINVAL: no such policy", sched_setscheduler(0, 99, &none), EINVAL);
  fails("sched_setscheduler EINVAL: a negative policy", sched_setscheduler(0, -5, &none), EINVAL);
  fails("sched_setscheduler EINVAL: SCHED_FIFO without priority", sched_setscheduler(0, SCHED_FIFO, &none), EINVAL);
  fails("sched_setscheduler EINVAL: SCHED_OTHER with priority", sched_setscheduler(0, SCHED_OTHER, &five), EINVAL);
  fails("sched_setscheduler EINVAL: SCHED_DEADLINE", sched_setscheduler(0, DEADLINE, &none), EINVAL);
  fails("sched_setscheduler EPERM: SCHED_RR", sched_setscheduler(0, SCHED_RR, &five), EPERM);
  fails("sched_setscheduler ESRCH: nobody", sched_setscheduler(NOBODY, SCHED_OTHER, &none), ESRCH);
  fails("sched_setscheduler EFAULT", syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, BAD), EFAULT);
  equal("sched_setscheduler success", sched_setscheduler(0, SCHED_OTHER, &none), 0);
  fails("sched_setparam EINVAL: no parameter", sched_setparam(0, NULL), EINVAL);
  fails("sched_setparam EINVAL: a negative id", sched_setparam(-1, &none), EINVAL);
  fails("sched_setparam EINVAL: not for this policy", sched_setparam(0, &five), EINVAL);
  fails("sched_setparam ESRCH: nobody", sched_setparam(NOBODY, &none), ESRCH);
  fails("sched_setparam EFAULT", syscall(SYS_sched_setparam, 0, BAD), EFAULT);
  equal("sched_setparam success", sched_setparam(0, &none), 0);
  fails("sched_getparam EINVAL: no parameter", sched_getparam(0, NULL), EINVAL);
  fails("sched_getparam EINVAL: a negative id", sched_getparam(-1, &none), EINVAL);
  fails("sched_getparam ESRCH: nobody", sched_getparam(NOBODY, &none), ESRCH);
  fails("sched_getparam EFAULT", syscall(SYS_sched_getparam, 0, BAD), EFAULT);
  equal("sched_getparam success", sched_getparam(0, &none), 0);
  fails("sched_getscheduler EINVAL: a negative id", sched_getscheduler(-1), EINVAL);
  fails("sched_getscheduler ESRCH: nobody", sched_getscheduler(NOBODY), ESRCH);
  equal("sched_getscheduler success", sched_getscheduler(0), SCHED_OTHER);
  fails("sched_get_priority_max EINVAL", sched_get_priority_max(99), EINVAL);
  fails("sched_get_priority_min EINVAL", sched_get_priority_min(99), EINVAL);
  equal("sched_get_priority_max success", sched_get_priority_max(SCHED_FIFO), 99);
  equal("sched_get_priority_min success", sched_get_priority_min(SCHED_FIFO), 1);
  struct timespec slice;
  fails("sched_rr_get_interval EINVAL: a negative id", sched_rr_get_interval(-1, &slice), EINVAL);
  fails("sched_rr_get_interval ESRCH: nobody", sched_rr_get_interval(NOBODY, &slice), ESRCH);
  fails("sched_rr_get_interval EFAULT", syscall(SYS_sched_rr_get_interval, 0, BAD), EFAULT);
  equal("sched_rr_get_interval success", sched_rr_get_interval(0, &slice), 0);
  equal("sched_yield success", sched_yield(), 0);
  pid_t child = sleeper();
  equal("as a user", in_child({
          become(1000);
          fails("sched_setparam EPERM: a stranger's process", sched_setparam(child, &none), EPERM);
          fails("sched_setscheduler EPERM: a stranger's process", sched_setscheduler(child, SCHED_BATCH, &none), EPERM);
        }), 0);
  end(child);
}

static struct attributes {
  uint32_t size, sched_policy;
  uint64_t sched_flags;
  int32_t sched_nice;
  uint32_t sched_priority;
  uint64_t sched_runtime, sched_deadline, sched_period;
  uint32_t sched_util_min, sched_util_max;
} attributes;
static int set_attributes(pid_t pid) { return syscall(SYS_sched_setattr, pid, &attributes, 0); }
#define wanted(...) (attributes = (struct attributes){.size = sizeof attributes, __VA_ARGS__})
#define MILLISECOND 1000000ull

static void attribute_calls(void) {
  wanted(.sched_policy = SCHED_OTHER);
  equal("sched_setattr success", set_attributes(0), 0);
  equal("sched_getattr success", syscall(SYS_sched_getattr, 0, &attributes, sizeof attributes, 0), 0);
  fails("sched_getattr EINVAL: no structure", syscall(SYS_sched_getattr, 0, NULL, 48, 0), EINVAL);
  fails("sched_getattr EINVAL: a negative id", syscall(SYS_sched_getattr, -1, &attributes, 48, 0), EINVAL);
  fails("sched_getattr EINVAL: flags", syscall(SYS_sched_getattr, 0, &attributes, 48, 1), EINVAL);
  fails("sched_getattr EINVAL: too small", syscall(SYS_sched_getattr, 0, &attributes, 47, 0), EINVAL);
  fails("sched_getattr EINVAL: larger than a page", syscall(SYS_sched_getattr, 0, &attributes, 4097, 0), EINVAL);
  fails("sched_getattr ESRCH: nobody", syscall(SYS_sched_getattr, NOBODY, &attributes, 48, 0), ESRCH);
  fails("sched_getattr EFAULT", syscall(SYS_sched_getattr, 0, BAD, 48, 0), EFAULT);
  fails("sched_setattr EINVAL: no structure", syscall(SYS_sched_setattr, 0, NULL, 0), EINVAL);
  fails("sched_setattr EINVAL: a negative id", set_attributes(-1), EINVAL);
  fails("sched_setattr EINVAL: flags", syscall(SYS_sched_setattr, 0, &attributes, 1), EINVAL);
  fails("sched_setattr EFAULT", syscall(SYS_sched_setattr, 0, BAD, 0), EFAULT);
  wanted(.sched_policy = SCHED_OTHER);
  fails("sched_setattr ESRCH: nobody", set_attributes(NOBODY), ESRCH);
  wanted(.sched_policy = 99);
  fails("sched_setattr EINVAL: no such policy", set_attributes(0), EINVAL);
  wanted(.sched_flags = 1 << 30);
  fails("sched_setattr EINVAL: an unknown flag", set_attributes(0), EINVAL);
  wanted(.sched_policy = SCHED_FIFO);
  fails("sched_setattr EINVAL: SCHED_FIFO without priority", set_attributes(0), EINVAL);
  wanted(.sched_policy = SCHED_RR, .sched_priority = 100);
  fails("sched_setattr EINVAL: priority 100", set_attributes(0), EINVAL);
  wanted(.sched_policy = SCHED_OTHER, .sched_priority = 1);
  fails("sched_setattr EINVAL: SCHED_OTHER with priority", set_attributes(0), EINVAL);
  wanted(.sched_policy = SCHED_FIFO, .sched_priority = 1);
  fails("sched_setattr EPERM: SCHED_FIFO", set_attributes(0), EPERM);
  wanted(.sched_nice = -1);
  fails("sched_setattr EPERM: a better nice value", set_attributes(0), EPERM);
  attributes = (struct attributes){.size = 40};
  fails("sched_setattr E2BIG: too small", set_attributes(0), E2BIG);
  equal("the size is written back, which may be newer here and there", attributes.size >= 48, 1);
  static char large[4096];
  memset(large, 1, sizeof large);
  *(uint32_t *)large = sizeof large;
  fails("sched_setattr E2BIG: more than is known", syscall(SYS_sched_setattr, 0, large, 0), E2BIG);
}

static void deadlines(void) {
  wanted(.sched_policy = DEADLINE);
  fails("sched_setattr EINVAL: no times", set_attributes(0), EINVAL);
  wanted(.sched_policy = DEADLINE, .sched_runtime = MILLISECOND, .sched_deadline = 0);
  fails("sched_setattr EINVAL: no deadline", set_attributes(0), EINVAL);
  wanted(.sched_policy = DEADLINE, .sched_runtime = 1023, .sched_deadline = MILLISECOND);
  fails("sched_setattr EINVAL: a runtime under 1024 ns", set_attributes(0), EINVAL);
  wanted(.sched_policy = DEADLINE, .sched_runtime = 2 * MILLISECOND, .sched_deadline = MILLISECOND);
  fails("sched_setattr EINVAL: more runtime than deadline", set_attributes(0), EINVAL);
  wanted(.sched_policy = DEADLINE, .sched_runtime = MILLISECOND, .sched_deadline = 3 * MILLISECOND, .sched_period = 2 * MILLISECOND);
  fails("sched_setattr EINVAL: more deadline than period", set_attributes(0), EINVAL);
  wanted(.sched_policy = DEADLINE, .sched_runtime = MILLISECOND, .sched_deadline = 1ull << 63, .sched_period = 1ull << 63);
  fails("sched_setattr EINVAL: the uppermost bit", set_attributes(0), EINVAL);
  wanted(.sched_policy = DEADLINE, .sched_runtime = 10000, .sched_deadline = 50000);
  fails("sched_setattr EINVAL: a period under 100 microseconds", set_attributes(0), EINVAL);
  wanted(.sched_policy = DEADLINE, .sched_runtime = MILLISECOND, .sched_deadline = 5000 * MILLISECOND);
  fails("sched_setattr EINVAL: a period over 4.2 seconds", set_attributes(0), EINVAL);
  wanted(.sched_policy = DEADLINE, .sched_runtime = MILLISECOND, .sched_deadline = 5 * MILLISECOND, .sched_priority = 1);
  fails("sched_setattr EINVAL: a deadline with priority", set_attributes(0), EINVAL);
  wanted(.sched_policy = DEADLINE, .sched_runtime = MILLISECOND, .sched_deadline = 5 * MILLISECOND);
  fails("sched_setattr EPERM: SCHED_DEADLINE", set_attributes(0), EPERM);
  wanted(.sched_policy = DEADLINE, .sched_flags = 6, .sched_runtime = MILLISECOND, .sched_deadline = 5 * MILLISECOND);
  fails("sched_setattr EPERM: with reclaiming and overrun signals", set_attributes(0), EPERM);
  wanted(.sched_policy = DEADLINE, .sched_runtime = MILLISECOND, .sched_deadline = 5 * MILLISECOND);
  fails("sched_setattr ESRCH: SCHED_DEADLINE for nobody", set_attributes(NOBODY), ESRCH);
}

static void affinity(void) {
  cpu_set_t cpus, none;
  CPU_ZERO(&none);
  int bytes = syscall(SYS_sched_getaffinity, 0, sizeof cpus, &cpus);
  check("sched_getaffinity success", bytes > 0);
  fails("sched_getaffinity EFAULT", syscall(SYS_sched_getaffinity, 0, sizeof cpus, BAD), EFAULT);
  fails("sched_getaffinity EINVAL: too small", syscall(SYS_sched_getaffinity, 0, 0, &cpus), EINVAL);
  fails("sched_getaffinity EINVAL: no multiple of a word", syscall(SYS_sched_getaffinity, 0, 4095, &cpus), EINVAL);
  fails("sched_getaffinity ESRCH: nobody", syscall(SYS_sched_getaffinity, NOBODY, sizeof cpus, &cpus), ESRCH);
  equal("sched_setaffinity success", syscall(SYS_sched_setaffinity, 0, bytes, &cpus), 0);
  fails("sched_setaffinity EFAULT", syscall(SYS_sched_setaffinity, 0, sizeof cpus, BAD), EFAULT);
  fails("sched_setaffinity EINVAL: no processor", syscall(SYS_sched_setaffinity, 0, sizeof none, &none), EINVAL);
  fails("sched_setaffinity ESRCH: nobody", syscall(SYS_sched_setaffinity, NOBODY, sizeof cpus, &cpus), ESRCH);
  pid_t child = sleeper();
  equal("as a user", in_child({
          become(1000);
          fails("sched_setaffinity EPERM: a stranger's process", syscall(SYS_sched_setaffinity, child, sizeof cpus, &cpus), EPERM);
        }), 0);
  end(child);
}

static void priorities(void) {
  fails("getpriority EINVAL: the kind", (errno = 0, getpriority(99, 0)), EINVAL);
  fails("getpriority ESRCH: nobody", (errno = 0, getpriority(PRIO_PROCESS, NOBODY)), ESRCH);
  equal("getpriority success", syscall(SYS_getpriority, PRIO_PROCESS, 0), 20);
  fails("setpriority EINVAL: the kind", setpriority(99, 0, 0), EINVAL);
  fails("setpriority ESRCH: nobody", setpriority(PRIO_PGRP, NOBODY, 0), ESRCH);
  fails("setpriority EACCES: a better value", setpriority(PRIO_PROCESS, 0, -1), EACCES);
  equal("setpriority success", setpriority(PRIO_PROCESS, 0, 0), 0);
  fails("ioprio_set EINVAL: the kind", syscall(SYS_ioprio_set, 9, 0, 0), EINVAL);
  fails("ioprio_set EINVAL: the class", syscall(SYS_ioprio_set, 1, 0, 5 << 13), EINVAL);
  fails("ioprio_set EINVAL: a level without a class", syscall(SYS_ioprio_set, 1, 0, 3), EINVAL);
  fails("ioprio_set ESRCH: nobody", syscall(SYS_ioprio_set, 1, NOBODY, 2 << 13), ESRCH);
  fails("ioprio_set EPERM: the real-time class", syscall(SYS_ioprio_set, 1, 0, 1 << 13), EPERM);
  equal("ioprio_set success", syscall(SYS_ioprio_set, 1, 0, 2 << 13 | 4), 0);
  fails("ioprio_get EINVAL: the kind", syscall(SYS_ioprio_get, 9, 0), EINVAL);
  fails("ioprio_get ESRCH: nobody", syscall(SYS_ioprio_get, 1, NOBODY), ESRCH);
  equal("ioprio_get success", syscall(SYS_ioprio_get, 1, 0), 2 << 13 | 4);
  pid_t child = sleeper();
  equal("as a user", in_child({
          become(1000);
          fails("setpriority EPERM: a stranger's process", setpriority(PRIO_PROCESS, child, 5), EPERM);
          fails("ioprio_set EPERM: a stranger's process", syscall(SYS_ioprio_set, 1, child, 2 << 13), EPERM);
        }), 0);
  end(child);
}

int main(void) {
  users();
  capabilities();
  limits();
  policies();
  attribute_calls();
  deadlines();
  affinity();
  priorities();
  return finish();
}
