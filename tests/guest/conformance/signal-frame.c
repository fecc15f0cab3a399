/*
 * signal-frame: what a handler finds on its stack (arch/x86/include/uapi/asm/sigcontext.h and ucontext.h), and what rt_sigreturn(2) makes of
 * a frame that the handler has changed.
 */
#include "check.h"
#include <cpuid.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/ucontext.h>
#include <ucontext.h>

#define MAGIC1 0x46505853u
#define MAGIC2 0x46505845u

/** The software's 48 bytes of the area: struct _fpx_sw_bytes. */
struct software {
  unsigned magic1, extended_size;
  unsigned long features;
  unsigned size, padding[7];
};

static volatile int ran;
static void (*change)(ucontext_t *);
static unsigned char ymm[32] __attribute__((aligned(32)));
static int has_avx;

static struct software *software(ucontext_t *context) { return (struct software *)((char *)context->uc_mcontext.fpregs + 464); }
static unsigned long *header(ucontext_t *context) { return (unsigned long *)((char *)context->uc_mcontext.fpregs + 512); }

static void handler(int number, siginfo_t *info, void *context) {
  (void)number, (void)info;
  ran++;
  if (change) change(context);
}

/** Raises SIGUSR1 with a known xmm and ymm register, in which `change` may see the frame, and reads it back. */
static void round_trip(void (*what)(ucontext_t *)) {
  change = what;
  memset(ymm, 0x5a, sizeof ymm);
  long pid = getpid(), result;
  if (has_avx)
    asm volatile("vmovdqa (%1), %%ymm9\n syscall\n vmovdqa %%ymm9, (%1)"
                 : "=a"(result) : "r"(ymm), "a"(SYS_kill), "D"(pid), "S"(SIGUSR1) : "rcx", "r11", "memory", "xmm9");
  else
    asm volatile("movdqa (%1), %%xmm9\n syscall\n movdqa %%xmm9, (%1)"
                 : "=a"(result) : "r"(ymm), "a"(SYS_kill), "D"(pid), "S"(SIGUSR1) : "rcx", "r11", "memory", "xmm9");
  (void)result;
  change = NULL;
}

static int lower_is(unsigned char value) { return ymm[0] == value && ymm[15] == value; }
/** True too where there are no upper halves. */
static int upper_is(unsigned char value) { return !has_avx || (ymm[16] == value && ymm[31] == value); }

static void look(ucontext_t *context) {
  struct software *s = software(context);
  greg_t *registers = context->uc_mcontext.gregs;
  equal("uc_flags", context->uc_flags, 7);
  check("uc_link", context->uc_link == NULL);
  equal("the state is at a multiple of 64", (long)context->uc_mcontext.fpregs & 63, 0);
  check("and above the frame", (char *)context->uc_mcontext.fpregs > (char *)context);
  check("the frame is at 8 below a multiple of 16", ((long)context & 15) == 0);
  equal("cs, gs, fs and ss", registers[REG_CSGSFS], 0x002b000000000033);
  equal("the interrupted call's result", registers[REG_RAX], 0);
  check("MAGIC1", s->magic1 == MAGIC1);
  check("MAGIC2 behind the state", *(unsigned *)((char *)context->uc_mcontext.fpregs + s->size) == MAGIC2);
  equal("the extended size has it too", s->extended_size - s->size, 4);
  check("x87 and SSE state are there", (s->features & 3) == 3 && (*header(context) & 3) == 3);
  check("AVX state is, if the processor has it", !has_avx || (s->features & 4));
  check("the header's components are among the features", (*header(context) & ~s->features) == 0);
  int zero = 1;
  for (int i = 1; i < 8; i++) zero &= header(context)[i] == 0;
  for (int i = 0; i < 7; i++) zero &= s->padding[i] == 0;
  check("the rest of the header and of the software's part is zero", zero);
  check("the register in it", ((unsigned char *)context->uc_mcontext.fpregs)[160 + 9 * 16] == 0x5a);
}

static void change_lower(ucontext_t *context) { memset((char *)context->uc_mcontext.fpregs + 160 + 9 * 16, 0x11, 16); }
static void clear_magic1(ucontext_t *context) { software(context)->magic1 = 0; }
static void clear_magic2(ucontext_t *context) { *(unsigned *)((char *)context->uc_mcontext.fpregs + software(context)->size) = 0; }
static void wrong_size(ucontext_t *context) { software(context)->size = 1 << 20; }
static void fewer_features(ucontext_t *context) { software(context)->features = 3; }
static void fewer_components(ucontext_t *context) { *header(context) = 3; }
static void no_sse(ucontext_t *context) { *header(context) &= ~2ul; }
static void no_state(ucontext_t *context) { context->uc_mcontext.fpregs = NULL; }
static void bad_control(ucontext_t *context) { context->uc_mcontext.fpregs->mxcsr = 0xffff0000; }
static void unknown_component(ucontext_t *context) { *header(context) |= 1ul << 62; }
static void odd_place(ucontext_t *context) { context->uc_mcontext.fpregs = (void *)((char *)context->uc_mcontext.fpregs + 1); }
static void bad_place(ucontext_t *context) { context->uc_mcontext.fpregs = (void *)8; }
static void kernel_place(ucontext_t *context) { context->uc_mcontext.fpregs = (void *)0xffffffff80000000; }
static void bad_rip(ucontext_t *context) { context->uc_mcontext.gregs[REG_RIP] = 1l << 62; }
static void block_usr2(ucontext_t *context) { sigaddset(&context->uc_sigmask, SIGUSR2); }
static void block_kill(ucontext_t *context) { memset(&context->uc_sigmask, 0xff, 8); }
static void restore_none(ucontext_t *context) { sigemptyset(&context->uc_sigmask); }
static void change_rbx(ucontext_t *context) { context->uc_mcontext.gregs[REG_RBX] = 77; }
static void change_flags(ucontext_t *context) { context->uc_mcontext.gregs[REG_EFL] = -1l & ~0x100; }
static void change_stack(ucontext_t *context) {
  static char other[65536];
  context->uc_stack = (stack_t){.ss_sp = other, .ss_size = sizeof other};
}
static void raise_more(ucontext_t *context) {
  (void)context;
  change = NULL;
  raise(SIGUSR1);
  raise(SIGUSR2);
}

static volatile int order[4], count;
static void second(int number) { order[count++ & 3] = number; }

static void registers(void) {
  long rbx = 5, flags = 0;
  change = change_rbx;
  asm volatile("mov $5, %%rbx\n syscall\n mov %%rbx, %0" : "=r"(rbx) : "a"(SYS_kill), "D"((long)getpid()), "S"((long)SIGUSR1) : "rcx", "r11", "rbx", "memory");
  equal("a handler changes rbx", rbx, 77);
  change = change_flags;
  asm volatile("syscall\n pushfq\n pop %0\n cld\n pushfq\n andq $~0x40100, (%%rsp)\n popfq"
               : "=r"(flags) : "a"(SYS_kill), "D"((long)getpid()), "S"((long)SIGUSR1) : "rcx", "r11", "memory", "cc");
  equal("of the flags only those that are the program's", flags, 0x40ed7);
}

static void masks(void) {
  sigset_t now;
  round_trip(block_usr2);
  sigprocmask(SIG_SETMASK, NULL, &now);
  check("the frame's mask counts", sigismember(&now, SIGUSR2) == 1 && sigismember(&now, SIGUSR1) == 0);
  round_trip(block_kill);
  sigprocmask(SIG_SETMASK, NULL, &now);
  check("but for SIGKILL and SIGSTOP", sigismember(&now, SIGKILL) == 0 && sigismember(&now, SIGSTOP) == 0 && sigismember(&now, SIGTERM) == 1);
  raise(SIGUSR1);
  sigpending(&now);
  check("a blocked signal waits", sigismember(&now, SIGUSR1) == 1);
  sigemptyset(&now);
  change = restore_none;
  ran = 0;
  sigprocmask(SIG_SETMASK, &now, NULL);
  equal("and comes when it is let through", ran, 1);
  sigaction(SIGUSR2, &(struct sigaction){.sa_handler = second}, NULL);
  struct sigaction both = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
  sigaddset(&both.sa_mask, SIGUSR2);
  sigaction(SIGUSR1, &both, NULL);
  ran = count = 0;
  round_trip(raise_more);
  check("what a handler raised while it was blocked comes when it returns", ran == 2 && count == 1);
  check("the registers are right then", lower_is(0x5a) && upper_is(0x5a));
}

static void stacks(void) {
  stack_t now;
  round_trip(change_stack);
  sigaltstack(NULL, &now);
  check("the frame's stack counts", now.ss_size == 65536 && now.ss_flags == 0);
  struct sigaction on = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  sigaction(SIGUSR1, &on, NULL);
  /* Frames at every place relative to the pages' borders, on pages that nobody has touched. */
  int good = 0;
  for (int i = 0; i < 64; i++) {
    char *fresh = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    sigaltstack(&(stack_t){.ss_sp = fresh, .ss_size = 65536 - 64 * i}, NULL);
    ran = 0;
    round_trip(NULL);
    good += ran == 1 && lower_is(0x5a) && upper_is(0x5a);
    munmap(fresh, 65536);
  }
  equal("frames on fresh pages", good, 64);
  char *closed = mmap(NULL, 65536, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  sigaltstack(&(stack_t){.ss_sp = closed, .ss_size = 65536}, NULL);
  equal("no frame on a read-only stack", in_child(round_trip(NULL)), KILLED(SIGSEGV));
  sigaltstack(&(stack_t){.ss_flags = SS_DISABLE}, NULL);
}

static void from_bad_return(int number, siginfo_t *info, void *context) {
  (void)number;
  greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
  check("SIGSEGV comes from the kernel", info->si_code == SI_KERNEL);
  equal("and shows the registers of the call", registers[REG_RBX], 0x1234);
  _exit(check_failures);
}

/** rt_sigreturn without a frame. */
static void bad_return(void) {
  static char stack[65536];
  sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof stack}, NULL);
  sigaction(SIGSEGV, &(struct sigaction){.sa_sigaction = from_bad_return, .sa_flags = SA_SIGINFO | SA_ONSTACK}, NULL);
  asm volatile("mov $0x1234, %%rbx\n mov $4096, %%rsp\n syscall" : : "a"(SYS_rt_sigreturn) : "rbx", "memory");
}

int main(void) {
  unsigned a, b, c, d;
  __cpuid(1, a, b, c, d);
  has_avx = (c & bit_AVX) && (c & bit_OSXSAVE);
  sigaction(SIGUSR1, &(struct sigaction){.sa_sigaction = handler, .sa_flags = SA_SIGINFO}, NULL);
  round_trip(look);
  equal("the handler ran", ran, 1);
  check("all is as before", lower_is(0x5a) && upper_is(0x5a));
  round_trip(change_lower);
  check("a change of SSE state", lower_is(0x11) && upper_is(0x5a));
  round_trip(clear_magic1);
  check("without MAGIC1 only x87 and SSE state come back", lower_is(0x5a) && upper_is(0));
  round_trip(clear_magic2);
  check("the same without MAGIC2", lower_is(0x5a) && upper_is(0));
  round_trip(wrong_size);
  check("the same with a size too large", lower_is(0x5a) && upper_is(0));
  round_trip(fewer_features);
  check("the same when it is all that the features say", lower_is(0x5a) && upper_is(0));
  round_trip(fewer_components);
  check("or the header", lower_is(0x5a) && upper_is(0));
  round_trip(no_sse);
  check("state that the header lacks is initial", lower_is(0) && upper_is(0x5a));
  round_trip(no_state);
  check("no state: all is initial", lower_is(0) && upper_is(0));
  equal("reserved bits of MXCSR", in_child(round_trip(bad_control)), KILLED(SIGSEGV));
  equal("an unknown component", in_child(round_trip(unknown_component)), KILLED(SIGSEGV));
  equal("state at an odd address", in_child(round_trip(odd_place)), KILLED(SIGSEGV));
  equal("state that cannot be read", in_child(round_trip(bad_place)), KILLED(SIGSEGV));
  equal("state in the kernel", in_child(round_trip(kernel_place)), KILLED(SIGSEGV));
  equal("an impossible rip", in_child(round_trip(bad_rip)), KILLED(SIGSEGV));
  equal("rt_sigreturn without a frame", in_child(bad_return()), EXITED(0));
  registers();
  masks();
  stacks();
  return finish();
}
