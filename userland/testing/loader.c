/* loader PROGRAM [ARGUMENT...]: runs a host program on Linux, as it is. Its segments are mapped where they belong, and Linux's system-call
 * user dispatch (Documentation/admin-guide/syscall-user-dispatch.rst) turns each SYSCALL of its code into a SIGSYS, which host_call answers. */
#define _GNU_SOURCE
#include <elf.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/ucontext.h>
#include <unistd.h>

#define PAGE 4095ull
/* Below is the program with its memory, above all that is Linux's. */
#define PROGRAM_END 0x300000000ull
#define LINUX_BYTES 0x7ffc00000000ull
#define STACK_BYTES (256 << 10)

extern uint64_t data_end;
int64_t host_call(uint64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f);

static _Noreturn void fail(const char* what) {
  perror(what);
  exit(125);
}

/* Every register but the result, rcx and r11 stays as it was: the handler's return restores them. */
static void on_system_call(int signal, siginfo_t* info, void* context) {
  greg_t* r = ((ucontext_t*)context)->uc_mcontext.gregs;
  r[REG_RAX] = host_call(r[REG_RAX], r[REG_RDI], r[REG_RSI], r[REG_RDX], r[REG_R10], r[REG_R8], r[REG_R9]);
  r[REG_RCX] = r[REG_R11] = 0x5a5a5a5a5a5a5a5a;
}

static void map_segment(int fd, const Elf64_Phdr* p) {
  uint64_t start = p->p_vaddr & ~PAGE, end = (p->p_vaddr + p->p_memsz + PAGE) & ~PAGE;
  int protection = (p->p_flags & PF_R ? PROT_READ : 0) | (p->p_flags & PF_W ? PROT_WRITE : 0) | (p->p_flags & PF_X ? PROT_EXEC : 0);
  void* at = mmap((void*)start, end - start, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  if (at == MAP_FAILED) fail("segment");
  if (pread(fd, (void*)p->p_vaddr, p->p_filesz, p->p_offset) != (ssize_t)p->p_filesz) fail("segment");
  mprotect(at, end - start, protection);
  if (start >= 0x100000000ull) data_end = end;
}

int main(int count, char** vector) {
  Elf64_Ehdr header;
  Elf64_Phdr segments[16];
  int fd = count > 1 ? open(vector[1], O_RDONLY | O_CLOEXEC) : -1;
  if (fd < 0 || read(fd, &header, sizeof header) != sizeof header || header.e_phnum > 16) fail("program");
  if (header.e_type != ET_EXEC || pread(fd, segments, header.e_phnum * sizeof *segments, header.e_phoff) < 0) fail("program");
  for (int i = 0; i < header.e_phnum; i++)
    if (segments[i].p_type == PT_LOAD) map_segment(fd, &segments[i]);
  close(fd);

  /* The stack as the kernel makes it: argc, argv, null, an empty environment, an empty auxiliary vector. */
  uint8_t* stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (stack == MAP_FAILED) fail("stack");
  uint64_t* top = (uint64_t*)((uint64_t)(stack + STACK_BYTES - (count + 4) * 8) & ~15ull);
  top[0] = count - 1;
  memcpy(&top[1], &vector[1], count * 8);

  umask(0);
  /* The handler runs on a stack of its own: a program's need not have room for libc. */
  stack_t alternate = {.ss_sp = malloc(1 << 18), .ss_size = 1 << 18};
  sigaltstack(&alternate, NULL);
  struct sigaction action = {.sa_sigaction = on_system_call, .sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK};
  sigaction(SIGSYS, &action, NULL);
  static char selector = 1; /* SYSCALL_DISPATCH_FILTER_BLOCK */
  if (prctl(59 /* PR_SET_SYSCALL_USER_DISPATCH */, 1, PROGRAM_END, LINUX_BYTES, &selector) < 0) fail("system-call user dispatch");
  __asm__ volatile("mov %0, %%rsp\n xor %%ebp, %%ebp\n xor %%edx, %%edx\n jmp *%1" : : "r"(top), "r"(header.e_entry));
  __builtin_unreachable();
}
