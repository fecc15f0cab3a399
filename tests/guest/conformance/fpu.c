/*
 * fpu: the vector and floating-point registers over switches, system calls, signals, fork and exec.
 *
 * On a processor without AVX the upper halves are not there and count as preserved, so that the
 * output is the same on every machine.
 */
#include "check.h"
#include <cpuid.h>
#include <sys/syscall.h>
#include <sys/ucontext.h>

static int has_avx;
static unsigned char pattern[16][32] __attribute__((aligned(32))), read_back[16][32] __attribute__((aligned(32)));

static void make_pattern(unsigned seed) {
  for (int r = 0; r < 16; r++)
    for (int i = 0; i < 32; i++) pattern[r][i] = seed = seed * 1103515245 + 12345, pattern[r][i] ^= seed >> 16;
}

#define LOAD(instruction, register_name) \
  #instruction " 0(%0), %%" #register_name "0\n" #instruction " 32(%0), %%" #register_name "1\n" #instruction " 64(%0), %%" #register_name "2\n" \
  #instruction " 96(%0), %%" #register_name "3\n" #instruction " 128(%0), %%" #register_name "4\n" #instruction " 160(%0), %%" #register_name "5\n" \
  #instruction " 192(%0), %%" #register_name "6\n" #instruction " 224(%0), %%" #register_name "7\n" #instruction " 256(%0), %%" #register_name "8\n" \
  #instruction " 288(%0), %%" #register_name "9\n" #instruction " 320(%0), %%" #register_name "10\n" #instruction " 352(%0), %%" #register_name "11\n" \
  #instruction " 384(%0), %%" #register_name "12\n" #instruction " 416(%0), %%" #register_name "13\n" #instruction " 448(%0), %%" #register_name "14\n" \
  #instruction " 480(%0), %%" #register_name "15\n"
#define STORE(instruction, register_name) \
  #instruction " %%" #register_name "0, 0(%1)\n" #instruction " %%" #register_name "1, 32(%1)\n" #instruction " %%" #register_name "2, 64(%1)\n" \
  #instruction " %%" #register_name "3, 96(%1)\n" #instruction " %%" #register_name "4, 128(%1)\n" #instruction " %%" #register_name "5, 160(%1)\n" \
  #instruction " %%" #register_name "6, 192(%1)\n" #instruction " %%" #register_name "7, 224(%1)\n" #instruction " %%" #register_name "8, 256(%1)\n" \
  #instruction " %%" #register_name "9, 288(%1)\n" #instruction " %%" #register_name "10, 320(%1)\n" #instruction " %%" #register_name "11, 352(%1)\n" \
  #instruction " %%" #register_name "12, 384(%1)\n" #instruction " %%" #register_name "13, 416(%1)\n" #instruction " %%" #register_name "14, 448(%1)\n" \
  #instruction " %%" #register_name "15, 480(%1)\n"
#define CLOBBERED "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15"

/**
 * Fills all vector registers, makes one system call (with these arguments), or with number -1 spins
 * `first` times, and reads the registers back. True if nothing changed.
 */
static int survives(long number, long first, long second) {
  memset(read_back, 0, sizeof read_back);
#define AROUND(load, store, name) \
  asm volatile(LOAD(load, name) "cmp $-1, %%rax\n je 1f\n syscall\n jmp 2f\n 1: dec %%rdi\n jnz 1b\n 2:\n" STORE(store, name) \
               : \
               : "r"(pattern), "r"(read_back), "a"(number), "D"(first), "S"(second), "d"(0L) \
               : "rcx", "r11", "memory", "cc", CLOBBERED)
  if (has_avx) AROUND(vmovdqa, vmovdqa, ymm);
  else AROUND(movdqa, movdqa, xmm);
  for (int r = 0; r < 16; r++)
    if (memcmp(pattern[r], read_back[r], has_avx ? 32 : 16)) return 0;
  return 1;
}

static void ruin_registers(void) {
  static unsigned char junk[16][32] __attribute__((aligned(32)));
  memset(junk, 0xee, sizeof junk);
  if (has_avx) asm volatile(LOAD(vmovdqa, ymm) : : "r"(junk), "r"(0L) : "memory", CLOBBERED);
  else asm volatile(LOAD(movdqa, xmm) : : "r"(junk), "r"(0L) : "memory", CLOBBERED);
}

static unsigned get_control(void) {
  unsigned value;
  asm volatile("stmxcsr %0" : "=m"(value));
  return value & 0xffc0;
}
static void set_control(unsigned value) { asm volatile("ldmxcsr %0" : : "m"(value)); }
static unsigned short get_x87(void) {
  unsigned short value;
  asm volatile("fnstcw %0" : "=m"(value));
  return value;
}

static volatile sig_atomic_t handled;
static unsigned control_in_handler, x87_in_handler;
static void ruin(int number, siginfo_t *info, void *context) {
  (void)number, (void)info;
  control_in_handler = get_control();
  x87_in_handler = get_x87();
  const struct _libc_fpstate *state = ((ucontext_t *)context)->uc_mcontext.fpregs;
  handled = memcmp(state->_xmm[5].element, pattern[5], 16) == 0 ? 1 : 2;
  set_control(0x1f80);
  ruin_registers();
}

static void edit(int number, siginfo_t *info, void *context) {
  (void)number, (void)info;
  memset(((ucontext_t *)context)->uc_mcontext.fpregs->_xmm[7].element, 0x55, 16);
}

static void many_processes(void) {
  pid_t children[24];
  for (int i = 0; i < 24; i++) {
    children[i] = fork();
    if (children[i] == 0) {
      make_pattern(i * 7919 + 1);
      set_control(0x1f80 | (i & 3) << 13);
      unsigned control = get_control();
      int fine = 1;
      for (int round = 0; round < 30; round++) {
        fine &= survives(-1, 20000, 0);
        fine &= survives(SYS_sched_yield, 0, 0);
        fine &= get_control() == control;
      }
      _exit(fine ? 0 : 1);
    }
  }
  int bad = 0;
  for (int i = 0; i < 24; i++) bad += reap(children[i]) != 0;
  equal("24 processes keep their registers", bad, 0);
}

/** Runs as the executed program: what a new program finds in its registers. */
static int look(void) {
  equal("exec resets MXCSR", get_control(), 0x1f80);
  equal("and the x87 control word", get_x87(), 0x37f);
  return finish();
}

int main(int count, char **arguments) {
  (void)arguments;
  if (count == 2) return look();
  unsigned a, b, c, d;
  __cpuid(1, a, b, c, d);
  has_avx = (c & bit_AVX) && (c & bit_OSXSAVE);
  equal("MXCSR at the start", get_control(), 0x1f80);
  equal("x87 control word at the start", get_x87(), 0x37f);
  make_pattern(1);
  check("over getpid", survives(SYS_getpid, 0, 0));
  check("over a failing call", survives(9999, 0, 0));
  check("over a sleep", survives(SYS_nanosleep, (long)&(struct timespec){0, 5000000}, 0));
  check("over a long spin", survives(-1, 20000000, 0));
  many_processes();

  handle_info(SIGUSR1, ruin, 0);
  set_control(0x1f80 | 3 << 13);
  asm volatile("fldcw %0" : : "m"((unsigned short){0x027f}));
  check("over a signal handler that ruins them", survives(SYS_kill, getpid(), SIGUSR1));
  equal("the handler found them in its frame", handled, 1);
  equal("MXCSR in the handler is the default", control_in_handler, 0x1f80);
  equal("the x87 control word too", x87_in_handler, 0x37f);
  equal("MXCSR after it", get_control(), 0x1f80 | 3 << 13);
  equal("the x87 control word after it", get_x87(), 0x027f);
  equal("a child inherits MXCSR", in_child(_exit(get_control() == (0x1f80 | 3 << 13) ? 4 : 5)), EXITED(4));
  set_control(0x1f80);
  asm volatile("fninit");
  handle_info(SIGUSR2, edit, 0);
  survives(SYS_kill, getpid(), SIGUSR2);
  check("a handler may change a register", read_back[7][0] == 0x55 && read_back[7][15] == 0x55);
  check("and only that one", memcmp(read_back[6], pattern[6], 16) == 0);

  double sum = 0, x = 1;
  asm volatile("fld1\n fldpi" : : : "st", "st(1)");
  syscall(SYS_sched_yield);
  asm volatile("faddp\n fstpl %0" : "=m"(sum));
  check("the x87 stack over a switch", sum > 4.1415 && sum < 4.1416);
  for (int i = 1; i < 30; i++) x *= i;
  check("floating-point arithmetic", x > 8.84e30 && x < 8.85e30);
  equal("over exec", in_child({
          set_control(0x1f80 | 1 << 13);
          asm volatile("fldcw %0" : : "m"((unsigned short){0x027f}));
          execl("/bin/fpu", "fpu", "look", NULL);
        }), 0);
  return finish();
}
