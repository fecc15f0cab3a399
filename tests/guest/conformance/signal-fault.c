/* signal-fault: the signals that the processor causes: their codes, addresses and machine contexts. */
#include "check.h"
#include <setjmp.h>
#include <sys/mman.h>
#include <sys/ucontext.h>

static sigjmp_buf back;
static siginfo_t seen;
static long trap_number, error_code, fault_address, instruction;

static void catch(int number, siginfo_t *info, void *context) {
  greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
  seen = *info;
  trap_number = registers[REG_TRAPNO];
  error_code = registers[REG_ERR];
  fault_address = registers[REG_CR2];
  instruction = registers[REG_RIP];
  siglongjmp(back, number);
}

/** Runs the statements; the number of the signal they cause, 0 if none. */
#define signal_of(...) \
  ({ \
    int number_ = sigsetjmp(back, 1); \
    if (number_ == 0) { \
      __VA_ARGS__; \
    } \
    number_; \
  })

static int saw(int code, const void *address) { return seen.si_code == code && seen.si_addr == address && seen.si_errno == 0; }

static void memory(void) {
  volatile char *unmapped = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  munmap((void *)unmapped, 4096);
  equal("read of nothing", signal_of(unmapped[5]), SIGSEGV);
  check("SEGV_MAPERR with the address", saw(SEGV_MAPERR, (void *)(unmapped + 5)));
  check("trap 14, user read", trap_number == 14 && error_code == 4 && fault_address == (long)(unmapped + 5));
  equal("write of nothing", signal_of(unmapped[6] = 1), SIGSEGV);
  check("user write", saw(SEGV_MAPERR, (void *)(unmapped + 6)) && error_code == 6);
  equal("null pointer", signal_of(*(volatile int *)8), SIGSEGV);
  check("its address", saw(SEGV_MAPERR, (void *)8));
  equal("a kernel address", signal_of(*(volatile int *)0xffffffff81000000), SIGSEGV);
  check("tells nothing", saw(SEGV_MAPERR, (void *)0xffffffff81000000) && error_code == 5);
  equal("a non-canonical address", signal_of(*(volatile int *)0x1234567890abcdef), SIGSEGV);
  check("is a general protection fault", saw(SI_KERNEL, NULL) && trap_number == 13 && error_code == 0);

  char *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  equal("write to read-only memory", signal_of(*(volatile char *)(page + 9) = 1), SIGSEGV);
  check("SEGV_ACCERR", saw(SEGV_ACCERR, page + 9));
  check("a read first, then the write", ((volatile char *)page)[0] == 0 && signal_of(*(volatile char *)page = 1) == SIGSEGV && error_code == 7);
  equal("execution of data", signal_of(((void (*)(void))page)()), SIGSEGV);
  check("SEGV_ACCERR at the instruction", saw(SEGV_ACCERR, page) && instruction == (long)page && (error_code & 0x10));
  mprotect(page, 4096, PROT_NONE);
  equal("PROT_NONE", signal_of(*(volatile char *)page), SIGSEGV);
  check("SEGV_ACCERR too", saw(SEGV_ACCERR, page));
  munmap(page, 4096);
  equal("execution of nothing", signal_of(((void (*)(void))8)()), SIGSEGV);
  check("at its address", saw(SEGV_MAPERR, (void *)8) && instruction == 8);

  make_file("mapped", "short");
  int file = open("mapped", O_RDWR);
  char *map = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  equal("a file's last page", signal_of(map[100] = 1), 0);
  equal("beyond the end of a file", signal_of(*(volatile char *)(map + 5000)), SIGBUS);
  check("BUS_ADRERR", saw(BUS_ADRERR, map + 5000));
  munmap(map, 8192);
  close(file);
}

static void instructions(void) {
  volatile int zero = 0, one = 1;
  equal("division by zero", signal_of(one = one / zero), SIGFPE);
  check("FPE_INTDIV", saw(FPE_INTDIV, (void *)instruction) && trap_number == 0);
  volatile int smallest = (int)0x80000000, minus = -1;
  equal("division overflow", signal_of(one = smallest / minus), SIGFPE);
  check("FPE_INTDIV too", seen.si_code == FPE_INTDIV);
  equal("an undefined instruction", signal_of(asm volatile("ud2")), SIGILL);
  check("ILL_ILLOPN", saw(ILL_ILLOPN, (void *)instruction) && trap_number == 6);
  equal("a breakpoint", signal_of(asm volatile("int3")), SIGTRAP);
  check("SI_KERNEL", saw(SI_KERNEL, NULL) && trap_number == 3);
  equal("a privileged instruction", signal_of(asm volatile("hlt")), SIGSEGV);
  check("SI_KERNEL, trap 13", saw(SI_KERNEL, NULL) && trap_number == 13);
  equal("cli", signal_of(asm volatile("cli")), SIGSEGV);
  equal("port input", signal_of(asm volatile("inb $0x80, %%al" : : : "rax")), SIGSEGV);
  equal("wrmsr", signal_of(asm volatile("wrmsr" : : "a"(0), "c"(0), "d"(0))), SIGSEGV);
  equal("loading cr3", signal_of(asm volatile("mov %%rax, %%cr3" : : "a"(0))), SIGSEGV);
  equal("an unknown interrupt", signal_of(asm volatile("int $0x7f")), SIGSEGV);
  equal("the trap flag", signal_of(asm volatile("pushfq\n orl $0x100, (%%rsp)\n popfq\n nop\n nop" : : : "memory", "cc")), SIGTRAP);
  check("TRAP_TRACE", seen.si_code == TRAP_TRACE && trap_number == 1);

  /* The x87 unit: QEMU's emulator raises no exceptions for the vector one. */
  equal("a floating-point exception", signal_of(asm volatile("fldcw %0\n fld1\n fldz\n fdivrp\n fwait" : : "m"((unsigned short){0x37b}))), SIGFPE);
  check("FPE_FLTDIV, trap 16", seen.si_code == FPE_FLTDIV && trap_number == 16);
  asm volatile("fninit");
}

static void skip_instruction(int number, siginfo_t *info, void *context) {
  (void)number, (void)info;
  greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
  registers[REG_RIP] += 2;
  registers[REG_RAX] = 4242;
  registers[REG_EFL] |= 1; /* carry */
}

static char *mapping_page;
static void repair_mapping(int number, siginfo_t *info, void *context) {
  (void)number, (void)context;
  if (info->si_addr == mapping_page) mprotect(mapping_page, 4096, PROT_READ | PROT_WRITE);
}

static void repairing(void) {
  handle_info(SIGILL, skip_instruction, 0);
  long result = 1, carry = 0;
  asm volatile("clc\n ud2\n setc %b1" : "+a"(result), "+r"(carry));
  check("a handler may change registers", result == 4242 && carry == 1);
  mapping_page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  handle_info(SIGSEGV, repair_mapping, 0);
  *(volatile char *)mapping_page = 7;
  equal("a repaired fault is tried again", *(volatile char *)mapping_page, 7);
  munmap(mapping_page, 4096);
}

static void forced(void) {
  equal("a blocked fault kills", in_child({
          sigset_t set;
          sigfillset(&set);
          sigprocmask(SIG_BLOCK, &set, NULL);
          handle_info(SIGSEGV, catch, 0);
          *(volatile int *)8 = 1;
        }) & 0x7f, SIGSEGV);
  equal("an ignored fault kills", in_child({
          signal(SIGSEGV, SIG_IGN);
          *(volatile int *)8 = 1;
        }) & 0x7f, SIGSEGV);
  equal("an ignored breakpoint kills", in_child({
          signal(SIGTRAP, SIG_IGN);
          asm volatile("int3");
        }) & 0x7f, SIGTRAP);
  equal("abort", in_child(abort()) & 0x7f, SIGABRT);
}

int main(void) {
  enter_scratch();
  static const int caught[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};
  for (int i = 0; i < 5; i++) handle_info(caught[i], catch, 0);
  memory();
  instructions();
  repairing();
  for (int i = 0; i < 5; i++) signal(caught[i], SIG_DFL);
  forced();
  return finish();
}
