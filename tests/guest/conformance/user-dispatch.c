/*
 * prctl: system calls that the program carries out itself (PR_SET_SYSCALL_USER_DISPATCH), and threads that may not read the
 * time-stamp counter (PR_SET_TSC); arch_prctl: components of the processor's state.
 */
#include "check.h"
#include <asm/prctl.h>
#include <linux/audit.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>

#define DISPATCH 59 /* PR_SET_SYSCALL_USER_DISPATCH */
enum { OFF, EXCLUSIVE, INCLUSIVE };
enum { ALLOW, BLOCK };
#define MADE_UP 0xabcde /* no system's call */

static volatile uint8_t selector;
static volatile int signals, code, number, architecture, error_number;
static volatile uintptr_t call_address, instruction;

/** What an emulator does: carries the call out with calls of its own, and puts the result where the program looks for it. */
static void emulate(int signal_number, siginfo_t *info, void *context) {
  ucontext_t *state = context;
  (void)signal_number;
  selector = ALLOW;
  signals++;
  code = info->si_code;
  number = info->si_syscall;
  architecture = info->si_arch;
  error_number = info->si_errno;
  call_address = (uintptr_t)info->si_call_addr;
  instruction = state->uc_mcontext.gregs[REG_RIP];
  if (state->uc_mcontext.gregs[REG_RAX] == MADE_UP) state->uc_mcontext.gregs[REG_RAX] = state->uc_mcontext.gregs[REG_RDI] + 1;
  else state->uc_mcontext.gregs[REG_RAX] = -ENOSYS;
  selector = BLOCK;
}

static long call(long number, long argument) {
  long result;
  __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(argument) : "rcx", "r11", "memory");
  return result;
}

/** All code of the program may be emulated but the restorer of signals, which must make its call: it stands in a page of its own. */
static void *own_restorer;
static void install_handler(void) {
  static const unsigned char bytes[] = {0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05}; /* mov $15, %rax; syscall */
  own_restorer = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  memcpy(own_restorer, bytes, sizeof bytes);
  mprotect(own_restorer, 4096, PROT_READ | PROT_EXEC);
  struct { void *handler; unsigned long flags; void *restorer; unsigned long mask; } action = {
      (void *)emulate, SA_SIGINFO | SA_NODEFER | 0x04000000, own_restorer, 0};
  syscall(SYS_rt_sigaction, SIGSYS, &action, NULL, 8);
}

static int dispatch(int mode, uintptr_t start, uintptr_t bytes, volatile uint8_t *byte) {
  return syscall(SYS_prctl, DISPATCH, mode, start, bytes, byte);
}

static void emulating(void) {
  install_handler();
  selector = ALLOW;
  equal("on", dispatch(EXCLUSIVE, (uintptr_t)own_restorer, 4096, &selector), 0);
  equal("calls pass while the selector allows them", call(SYS_getppid, 0) == getppid(), 1);
  selector = BLOCK;
  long result = call(MADE_UP, 41);
  selector = ALLOW;
  equal("a call of our own", result, 42);
  equal("one signal", signals, 1);
  equal("SYS_USER_DISPATCH", code, 2);
  equal("the number", number, MADE_UP);
  equal("the architecture", (unsigned)architecture, AUDIT_ARCH_X86_64);
  equal("no error", error_number, 0);
  check("the address", call_address == instruction && call_address != 0);
  selector = BLOCK;
  result = call(SYS_getpid, 0);
  selector = ALLOW;
  equal("a call of Linux is refused", result, -ENOSYS);
  selector = BLOCK;
  for (int i = 0; i < 1000; i++) call(MADE_UP, i);
  selector = ALLOW;
  equal("a thousand more", signals, 1002);
  equal("off", dispatch(OFF, 0, 0, NULL), 0);
  selector = BLOCK;
  result = call(SYS_getppid, 0);
  selector = ALLOW;
  equal("the selector means nothing then", result == getppid(), 1);
  equal("the other way round: only the restorer's page is emulated", dispatch(INCLUSIVE, (uintptr_t)own_restorer, 4096, &selector), 0);
  selector = BLOCK;
  result = call(SYS_getppid, 0);
  selector = ALLOW;
  equal("so calls from here pass", result == getppid(), 1);
  dispatch(OFF, 0, 0, NULL);
}

static void refusals(void) {
  fails("prctl EINVAL: no such mode", dispatch(3, 0, 0, NULL), EINVAL);
  fails("prctl EINVAL: off with a start", dispatch(OFF, 1, 0, NULL), EINVAL);
  fails("prctl EINVAL: off with a length", dispatch(OFF, 0, 1, NULL), EINVAL);
  fails("prctl EINVAL: off with a selector", dispatch(OFF, 0, 0, &selector), EINVAL);
  fails("prctl EINVAL: a range without length", dispatch(EXCLUSIVE, 4096, 0, &selector), EINVAL);
  fails("prctl EINVAL: a range that wraps", dispatch(EXCLUSIVE, 4096, -1ul, &selector), EINVAL);
  fails("prctl EINVAL: inclusive of nothing", dispatch(INCLUSIVE, 0, 0, &selector), EINVAL);
  fails("prctl EFAULT: a selector of the kernel's", dispatch(EXCLUSIVE, 0, 0, (void *)0xffff800000000000), EFAULT);
}

static void endings(void) {
  equal("a selector that says neither", in_child({
          dispatch(EXCLUSIVE, 0, 0, &selector);
          selector = 7;
          call(SYS_getpid, 0);
        }) & 0x7f, SIGSYS);
  equal("a selector that is not there", in_child({
          dispatch(EXCLUSIVE, 0, 0, (void *)8);
          call(SYS_getpid, 0);
        }) & 0x7f, SIGSEGV);
  equal("no selector: always", in_child({
          signal(SIGSYS, SIG_DFL);
          dispatch(EXCLUSIVE, 0, 0, NULL);
          call(SYS_getpid, 0);
        }) & 0x7f, SIGSYS);
  equal("a child starts without", in_child({
          dispatch(EXCLUSIVE, (uintptr_t)own_restorer, 4096, &selector);
          int status = in_child(selector = BLOCK);
          selector = ALLOW;
          equal("its status", status, 0);
        }), 0);
  equal("so does a new program", in_child({
          dispatch(EXCLUSIVE, 0, 0, &selector);
          execl("/bin/tiny", "tiny", NULL);
        }), 0);
}

static int time_stamp_state(void) {
  int state = 0;
  prctl(PR_GET_TSC, &state);
  return state;
}

static void read_time_stamp(void) { __asm__ volatile("rdtsc" : : : "eax", "edx"); }
static void read_both(void) { __asm__ volatile("rdtscp" : : : "eax", "ecx", "edx"); }

static volatile int faults, fault_code;
static void skip_instruction(int signal_number, siginfo_t *info, void *context) {
  ucontext_t *state = context;
  (void)signal_number;
  faults++;
  fault_code = info->si_code;
  state->uc_mcontext.gregs[REG_RIP] += 2;
}

/** Another thread reads the counter again and again, and so sees whether the mark of the first stays with it. */
static volatile int stop_reading;
static void *reader(void *argument) {
  while (!stop_reading) {
    read_time_stamp();
    sched_yield();
  }
  return argument;
}

static void time_stamps(void) {
  pthread_t thread;
  equal("readable at first", time_stamp_state(), PR_TSC_ENABLE);
  read_time_stamp();
  handle_info(SIGSEGV, skip_instruction, 0);
  pthread_create(&thread, NULL, reader, NULL);
  equal("PR_TSC_SIGSEGV", prctl(PR_SET_TSC, PR_TSC_SIGSEGV), 0);
  equal("it shows", time_stamp_state(), PR_TSC_SIGSEGV);
  int missed = 0;
  for (int i = 0; i < 200; i++) {
    int before = faults;
    read_time_stamp();
    missed += faults != before + 1;
    sched_yield();
  }
  equal("each reading is SIGSEGV, while another thread may read", missed, 0);
  equal("SI_KERNEL", fault_code, SI_KERNEL);
  equal("a child has it too", in_child(equal("in the child", time_stamp_state(), PR_TSC_SIGSEGV)), 0);
  equal("RDTSCP", in_child({
          signal(SIGSEGV, SIG_DFL);
          read_both();
        }) & 0x7f, SIGSEGV);
  equal("PR_TSC_ENABLE", prctl(PR_SET_TSC, PR_TSC_ENABLE), 0);
  int before = faults;
  read_time_stamp();
  equal("readable again", faults, before);
  stop_reading = 1;
  pthread_join(thread, NULL);
  fails("no other mode", prctl(PR_SET_TSC, 0), EINVAL);
}

static void components(void) {
  uint64_t supported = 0, permitted = 0;
  equal("ARCH_GET_XCOMP_SUPP", syscall(SYS_arch_prctl, 0x1021, &supported), 0);
  check("x87 and SSE at least", (supported & 3) == 3);
  equal("ARCH_GET_XCOMP_PERM", syscall(SYS_arch_prctl, 0x1022, &permitted), 0);
  check("both may be used", (permitted & 3) == 3 && (permitted & ~supported) == 0);
  fails("arch_prctl EFAULT: ARCH_GET_XCOMP_SUPP", syscall(SYS_arch_prctl, 0x1021, 8), EFAULT);
  fails("arch_prctl EFAULT: ARCH_GET_XCOMP_PERM", syscall(SYS_arch_prctl, 0x1022, 8), EFAULT);
  fails("arch_prctl EOPNOTSUPP: what need not be asked for", syscall(SYS_arch_prctl, 0x1023, 2), EOPNOTSUPP);
  fails("arch_prctl EINVAL: no component", syscall(SYS_arch_prctl, 0x1023, 64), EINVAL);
  equal("ARCH_GET_XCOMP_GUEST_PERM", syscall(SYS_arch_prctl, 0x1024, &permitted), 0);
  fails("arch_prctl EINVAL: nor for guests", syscall(SYS_arch_prctl, 0x1025, 64), EINVAL);
}

int main(void) {
  emulating();
  refusals();
  endings();
  time_stamps();
  components();
  return finish();
}
