/* rseq: registration and its errors, sequences that preemption and signals abort, and what a broken area brings. membarrier, whose commands
 * work on it among others. */
#include "check.h"
#include <linux/membarrier.h>
#include <linux/rseq.h>
#include <sched.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <sys/time.h>

#define SIGNATURE 0x53053053

static struct rseq area __attribute__((aligned(32)));
static struct rseq_cs described __attribute__((aligned(32)));

static long rseq(void *address, unsigned bytes, int flags, unsigned signature) { return syscall(SYS_rseq, address, bytes, flags, signature); }

/** The C library has registered an area of its own: takes it back. */
static void leave_library_area(void) {
  void *its = (char *)__builtin_thread_pointer() + __rseq_offset;
  struct rseq *library = its;
  equal("the library's area has a CPU", library->cpu_id, sched_getcpu());
  fails("only one area per thread", rseq(&area, 32, 0, SIGNATURE), EINVAL);
  fails("the same again", rseq(its, 32, 0, SIGNATURE), EBUSY);
  fails("with another signature", rseq(its, 32, 0, 1), EPERM);
  fails("unregister: another area", rseq(&area, 32, RSEQ_FLAG_UNREGISTER, SIGNATURE), EINVAL);
  fails("unregister: another size", rseq(its, 64, RSEQ_FLAG_UNREGISTER, SIGNATURE), EINVAL);
  fails("unregister: another signature", rseq(its, 32, RSEQ_FLAG_UNREGISTER, 1), EPERM);
  fails("unregister: unknown flag", rseq(its, 32, 3, SIGNATURE), EINVAL);
  equal("unregister", rseq(its, 32, RSEQ_FLAG_UNREGISTER, SIGNATURE), 0);
  equal("the area tells", (int)library->cpu_id, RSEQ_CPU_ID_UNINITIALIZED);
  fails("unregister: not registered", rseq(its, 32, RSEQ_FLAG_UNREGISTER, SIGNATURE), EINVAL);
}

static void registration(void) {
  fails("too small", rseq(&area, 16, 0, SIGNATURE), EINVAL);
  fails("not aligned", rseq((char *)&area + 8, 32, 0, SIGNATURE), EINVAL);
  fails("unknown flag", rseq(&area, 32, 4, SIGNATURE), EINVAL);
  fails("the kernel's half", rseq((void *)0xffff800000000000, 32, 0, SIGNATURE), EFAULT);
  fails("not mapped", rseq((void *)0x100000, 32, 0, SIGNATURE), EFAULT);
  area.cpu_id = RSEQ_CPU_ID_UNINITIALIZED;
  area.rseq_cs = 4096;
  equal("register", rseq(&area, 32, 0, SIGNATURE), 0);
  equal("no sequence at first", area.rseq_cs, 0);
  equal("the CPU", area.cpu_id, sched_getcpu());
  equal("its first field", area.cpu_id_start, sched_getcpu());
  equal("a child has it", in_child(equal("registered", rseq(&area, 32, 0, SIGNATURE), -1); _exit(errno == EBUSY ? 7 : 8)), EXITED(7));
}

/** Spins in a sequence until `stop` is set or the sequence is aborted; 1 if it was aborted. */
static int spin(volatile int *stop) {
  int aborted;
  __asm__ volatile("lea 1f(%%rip), %%rax\n\t"
                   "mov %%rax, %[start]\n\t"
                   "lea 2f(%%rip), %%rcx\n\t"
                   "sub %%rax, %%rcx\n\t"
                   "mov %%rcx, %[length]\n\t"
                   "lea 3f(%%rip), %%rax\n\t"
                   "mov %%rax, %[abort]\n\t"
                   "lea %[described], %%rax\n\t"
                   "mov %%rax, %[pointer]\n"
                   "1:\n\t"
                   "cmpl $0, (%[stop])\n\t"
                   "je 1b\n"
                   "2:\n\t"
                   "xor %[aborted], %[aborted]\n\t"
                   "jmp 4f\n\t"
                   ".byte 0x0f, 0xb9, 0x3d\n\t" /* UD1 with the signature as operand */
                   ".long 0x53053053\n"
                   "3:\n\t"
                   "mov $1, %[aborted]\n"
                   "4:"
                   : [aborted] "=&r"(aborted), [start] "=m"(described.start_ip), [length] "=m"(described.post_commit_offset),
                     [abort] "=m"(described.abort_ip), [pointer] "=m"(area.rseq_cs)
                   : [stop] "r"(stop), [described] "m"(described)
                   : "rax", "rcx", "cc", "memory");
  return aborted;
}

static volatile int stop, signals;

static void on_alarm(int number) {
  (void)number;
  signals++;
}

static void on_alarm_stop(int number) {
  (void)number;
  signals++;
  stop = 1;
}

static void sequences(void) {
  stop = 1;
  // A busy machine preempts us now and then, which aborts the sequence or clears the pointer after it.
  int undisturbed = 0;
  for (int i = 0; i < 10000 && !undisturbed; i++) undisturbed = spin(&stop) == 0 && area.rseq_cs == (unsigned long)&described;
  check("a sequence that nothing disturbs ends, and the pointer stays", undisturbed);
  signals = 0, stop = 0;
  handle(SIGALRM, on_alarm, 0);
  struct itimerval soon = {{0, 0}, {0, 20000}};
  setitimer(ITIMER_REAL, &soon, NULL);
  equal("a signal or preemption aborts it", spin(&stop), 1);
  equal("the pointer is cleared", area.rseq_cs, 0);
  check("the handler runs", eventually(signals == 1));

  /* Outside of the sequence nothing is aborted, but the pointer goes. */
  stop = 1, spin(&stop);
  signals = 0;
  setitimer(ITIMER_REAL, &soon, NULL);
  while (!signals) {
  }
  equal("the pointer is cleared outside, too", area.rseq_cs, 0);

  /* Two processes that compute must share one CPU: preemption alone. */
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(0, &one);
  equal("on one CPU", sched_setaffinity(0, sizeof one, &one), 0);
  volatile int *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  pid_t child = fork();
  if (child == 0)
    for (;;) shared[0]++;
  int aborted = 0;
  stop = 0;
  for (int i = 0; i < 100 && !aborted; i++) aborted = spin(&stop);
  equal("preemption aborts", aborted, 1);
  kill(child, SIGKILL);
  reap(child);
}

static void segmentation_fault(int number) {
  (void)number;
  _exit(11);
}

static void break_description(unsigned long start, unsigned long length, unsigned long abort, unsigned version, unsigned flags) {
  handle(SIGSEGV, segmentation_fault, 0);
  handle(SIGALRM, on_alarm_stop, 0);
  stop = 0;
  described = (struct rseq_cs){version, flags, start, length, abort};
  ((volatile struct rseq *)&area)->rseq_cs = (unsigned long)&described;
  raise(SIGALRM);
  _exit(12);
}

static void broken(void) {
  /* Each in a child, which has the registration. */
  unsigned long text = (unsigned long)&registration;
  equal("abort handler without the signature", in_child(break_description(text, 8, text + 64, 0, 0)), EXITED(11));
  equal("abort handler inside the sequence", in_child(break_description(text, 8, text + 4, 0, 0)), EXITED(11));
  equal("an unknown version", in_child(break_description(text, 8, text + 64, 1, 0)), EXITED(11));
  equal("addresses of the kernel", in_child(break_description(-4096ul, 8, text, 0, 0)), EXITED(11));
  equal("a description that is not mapped", in_child({
          handle(SIGSEGV, segmentation_fault, 0);
          ((volatile struct rseq *)&area)->rseq_cs = 4096;
          handle(SIGALRM, on_alarm_stop, 0);
          raise(SIGALRM);
          _exit(12);
        }),
        EXITED(11));
}

static long barrier(int command, unsigned flags, int cpu) { return syscall(SYS_membarrier, command, flags, cpu); }

static void barriers(void) {
  check("membarrier: the commands", (barrier(MEMBARRIER_CMD_QUERY, 0, 0) & 0x1ff) == 0x1ff);
  fails("query: flags", barrier(MEMBARRIER_CMD_QUERY, 1, 0), EINVAL);
  fails("unknown command", barrier(1 << 20, 0, 0), EINVAL);
  fails("two commands", barrier(3, 0, 0), EINVAL);
  equal("global", barrier(MEMBARRIER_CMD_GLOBAL, 0, 0), 0);
  fails("global: flags", barrier(MEMBARRIER_CMD_GLOBAL, 1, 0), EINVAL);
  equal("global expedited", barrier(MEMBARRIER_CMD_GLOBAL_EXPEDITED, 0, 0), 0);
  fails("private: not registered", barrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0), EPERM);
  fails("cores: not registered", barrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0), EPERM);
  fails("sequences: not registered", barrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, 0, 0), EPERM);
  equal("register for cores", barrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0), 0);
  equal("cores", barrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0), 0);
  fails("that is not the plain one", barrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0), EPERM);
  equal("what is registered", barrier(512, 0, 0), 0x50);
  equal("register plainly", barrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0), 0);
  equal("private", barrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0), 0);
  equal("register for sequences", barrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ, 0, 0), 0);
  equal("sequences", barrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, 0, 0), 0);
  equal("of one CPU", barrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, MEMBARRIER_CMD_FLAG_CPU, 0), 0);
  fails("unknown flag", barrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, 2, 0), EINVAL);
  equal("register globally", barrier(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 0, 0), 0);
  equal("all are registered", barrier(512, 0, 0), 0x154);
  equal("in a child, too", in_child(_exit(barrier(512, 0, 0) == 0x154 ? 5 : 6)), EXITED(5));
}

int main(void) {
  leave_library_area();
  registration();
  sequences();
  broken();
  barriers();
  return finish();
}
