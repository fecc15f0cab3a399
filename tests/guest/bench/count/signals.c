/* signals.c: signals to the process itself, from itself and from the processor. */
#include "figure.h"
#include <signal.h>
#include <stddef.h>
#include <ucontext.h>
#include <unistd.h>

static void count_signal(int number) { sink += number; }

static int install_handler(void) { return sigaction(SIGUSR1, &(struct sigaction){.sa_handler = count_signal}, NULL); }
static void remove_handler(void) { signal(SIGUSR1, SIG_DFL); }

static int run_signal(long operations) {
  pid_t self = getpid();
  for (long i = 0; i < operations; i++) kill(self, SIGUSR1);
  return 0;
}

#define STORE_LENGTH 2 /* bytes of the instruction `mov %al, (%rax)` */

static void skip_store(int number, siginfo_t *info, void *context) {
  (void)number, (void)info;
  ((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] += STORE_LENGTH;
}

static int install_fault_handler(void) {
  return sigaction(SIGSEGV, &(struct sigaction){.sa_sigaction = skip_store, .sa_flags = SA_SIGINFO}, NULL);
}

static void remove_fault_handler(void) { signal(SIGSEGV, SIG_DFL); }

/** A store to page 0 and a handler that goes on behind it: how the runtimes of managed languages check for null. */
static int run_fault(long operations) {
  for (long i = 0; i < operations; i++) asm volatile("mov %%al, (%%rax)" : : "a"(0L) : "memory");
  return 0;
}

static int run_mask(long operations) {
  sigset_t set, old;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR2);
  for (long i = 0; i < operations; i++) sigprocmask(i & 1 ? SIG_UNBLOCK : SIG_BLOCK, &set, &old);
  return sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static int run_action(long operations) {
  struct sigaction ignored = {.sa_handler = SIG_IGN}, usual = {.sa_handler = SIG_DFL};
  for (long i = 0; i < operations; i++)
    if (sigaction(SIGUSR2, i & 1 ? &usual : &ignored, NULL) < 0) return -1;
  return sigaction(SIGUSR2, &usual, NULL);
}

const struct figure signal_figures[] = {
    {"signal_self_handler", 10000, 0, install_handler, run_signal, remove_handler},
    {"signal_fault_handler", 5000, 0, install_fault_handler, run_fault, remove_fault_handler},
    {"sigprocmask", 30000, 0, NULL, run_mask, NULL},
    {"sigaction", 30000, 0, NULL, run_action, NULL},
    {0},
};
