/* signal-basic: handlers and their flags, masks, alternate stacks, waiting for a signal. */
#include "check.h"
#include <setjmp.h>
#include <sys/syscall.h>
#include <sys/ucontext.h>

static volatile sig_atomic_t count, depth, deepest, order[8], last;

static void record(int number) {
  order[count++ & 7] = number;
  last = number;
}

static void nest(int number) {
  depth++;
  if (depth > deepest) deepest = depth;
  if (++count < 3) raise(number);
  depth--;
}

static int is_blocked(int number) {
  sigset_t set;
  sigprocmask(SIG_BLOCK, NULL, &set);
  return sigismember(&set, number);
}

static int is_pending(int number) {
  sigset_t set;
  sigpending(&set);
  return sigismember(&set, number);
}

static void set_mask(int how, int number) {
  sigset_t set;
  sigemptyset(&set);
  if (number) sigaddset(&set, number);
  sigprocmask(how, &set, NULL);
}

static void handlers(void) {
  struct sigaction old;
  handle(SIGUSR1, record, SA_RESTART | SA_NODEFER);
  sigaction(SIGUSR1, NULL, &old);
  check("sigaction reads back", old.sa_handler == record && (old.sa_flags & (SA_RESTART | SA_NODEFER | SA_SIGINFO)) == (SA_RESTART | SA_NODEFER));
  count = 0;
  raise(SIGUSR1);
  equal("the handler ran before raise returned", count, 1);
  fails("SIGKILL has no handler", sigaction(SIGKILL, &(struct sigaction){.sa_handler = record}, NULL), EINVAL);
  fails("nor SIGSTOP", sigaction(SIGSTOP, &(struct sigaction){.sa_handler = record}, NULL), EINVAL);
  equal("but both can be asked for", sigaction(SIGKILL, NULL, &old), 0);
  fails("no signal 65", sigaction(65, NULL, &old), EINVAL);
  fails("no signal 0", syscall(SYS_rt_sigaction, 0, NULL, &old, 8), EINVAL);
  fails("wrong set size", syscall(SYS_rt_sigaction, SIGUSR1, NULL, NULL, 16), EINVAL);
  fails("bad action pointer", syscall(SYS_rt_sigaction, SIGUSR1, (void *)8, NULL, 8), EFAULT);

  handle(SIGUSR1, record, SA_RESETHAND);
  raise(SIGUSR1);
  sigaction(SIGUSR1, NULL, &old);
  check("SA_RESETHAND resets", old.sa_handler == SIG_DFL);
  count = depth = deepest = 0;
  handle(SIGUSR1, nest, 0);
  raise(SIGUSR1);
  check("a handler's own signal waits", count == 3 && deepest == 1);
  count = depth = deepest = 0;
  handle(SIGUSR1, nest, SA_NODEFER);
  raise(SIGUSR1);
  check("SA_NODEFER nests", count == 3 && deepest == 3);

  set_mask(SIG_BLOCK, SIGUSR1);
  handle(SIGUSR1, record, 0);
  raise(SIGUSR1);
  check("pending", is_pending(SIGUSR1));
  signal(SIGUSR1, SIG_IGN);
  check("ignoring discards what is pending", !is_pending(SIGUSR1));
  raise(SIGUSR1);
  check("but a blocked signal is kept, ignored or not", is_pending(SIGUSR1));
  set_mask(SIG_UNBLOCK, SIGUSR1);
  set_mask(SIG_BLOCK, SIGCONT);
  signal(SIGTSTP, SIG_DFL);
  set_mask(SIG_BLOCK, SIGTSTP);
  raise(SIGTSTP);
  check("a stop signal is pending", is_pending(SIGTSTP));
  raise(SIGCONT);
  check("SIGCONT discards it", !is_pending(SIGTSTP));
  set_mask(SIG_SETMASK, 0);
}

static volatile sig_atomic_t blocked_self, blocked_other, blocked_third;
static void look_at_mask(int number) {
  blocked_self = is_blocked(number);
  blocked_other = is_blocked(SIGHUP);
  blocked_third = is_blocked(SIGUSR2);
}

static void change_mask(int number, siginfo_t *info, void *context) {
  (void)number, (void)info;
  sigaddset(&((ucontext_t *)context)->uc_sigmask, SIGHUP);
}

static void masks(void) {
  fails("bad how", sigprocmask(99, &(sigset_t){0}, NULL), EINVAL);
  equal("a null set ignores how", sigprocmask(99, NULL, NULL), 0);
  fails("wrong set size", syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, NULL, 4), EINVAL);
  sigset_t all;
  sigfillset(&all);
  unsigned long raw = ~0UL, got = 0;
  syscall(SYS_rt_sigprocmask, SIG_SETMASK, &raw, NULL, 8);
  syscall(SYS_rt_sigprocmask, SIG_SETMASK, NULL, &got, 8);
  check("SIGKILL and SIGSTOP cannot be blocked", got == ~(1UL << (SIGKILL - 1) | 1UL << (SIGSTOP - 1)));
  set_mask(SIG_SETMASK, 0);

  struct sigaction action = {.sa_handler = look_at_mask};
  sigaddset(&action.sa_mask, SIGHUP);
  sigaction(SIGUSR1, &action, NULL);
  raise(SIGUSR1);
  check("in the handler: itself and sa_mask", blocked_self && blocked_other && !blocked_third);
  check("after it: neither", !is_blocked(SIGUSR1) && !is_blocked(SIGHUP));
  handle_info(SIGUSR1, change_mask, 0);
  raise(SIGUSR1);
  check("uc_sigmask is the mask after the handler", is_blocked(SIGHUP));
  set_mask(SIG_SETMASK, 0);

  /* Several pending signals are delivered at once, the lowest number first; its handler runs last. */
  handle(SIGUSR1, record, 0);
  handle(SIGUSR2, record, 0);
  handle(SIGHUP, record, 0);
  sigset_t three;
  sigemptyset(&three);
  sigaddset(&three, SIGUSR1);
  sigaddset(&three, SIGUSR2);
  sigaddset(&three, SIGHUP);
  sigprocmask(SIG_BLOCK, &three, NULL);
  raise(SIGUSR2);
  raise(SIGHUP);
  raise(SIGUSR1);
  raise(SIGUSR1);
  count = 0;
  sigprocmask(SIG_UNBLOCK, &three, NULL);
  equal("each ran once", count, 3);
  check("in this order", order[0] == SIGUSR2 && order[1] == SIGUSR1 && order[2] == SIGHUP);
}

static char alternate[65536];
static volatile sig_atomic_t on_alternate;
static volatile int stack_error;
static void look_at_stack(int number) {
  (void)number;
  char here;
  on_alternate = &here > alternate && &here < alternate + sizeof alternate;
  stack_t now;
  sigaltstack(NULL, &now);
  if (now.ss_flags == SS_ONSTACK) on_alternate |= 2;
  stack_error = sigaltstack(&(stack_t){.ss_flags = SS_DISABLE}, NULL) < 0 ? errno : 0;
}

static void alternate_stacks(void) {
  stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate}, old;
  fails("a stack too small", sigaltstack(&(stack_t){.ss_sp = alternate, .ss_size = 100}, NULL), ENOMEM);
  fails("bad flags", sigaltstack(&(stack_t){.ss_sp = alternate, .ss_size = sizeof alternate, .ss_flags = 64}, NULL), EINVAL);
  fails("a bad pointer", sigaltstack((void *)8, NULL), EFAULT);
  equal("sigaltstack", sigaltstack(&stack, &old), 0);
  equal("there was none", old.ss_flags, SS_DISABLE);
  handle(SIGUSR1, look_at_stack, 0);
  raise(SIGUSR1);
  equal("not used without SA_ONSTACK", on_alternate, 0);
  sigaltstack(&stack, NULL);
  handle(SIGUSR1, look_at_stack, SA_ONSTACK);
  raise(SIGUSR1);
  equal("used with SA_ONSTACK", on_alternate, 3);
  equal("it cannot change while in use", stack_error, EPERM);
  sigaltstack(NULL, &old);
  check("it stays set", old.ss_sp == alternate && old.ss_flags == 0);
  equal("inherited by fork", in_child({
          raise(SIGUSR1);
          equal("the child's handler runs there", on_alternate, 3);
        }), 0);
  sigaltstack(&(stack_t){.ss_flags = SS_DISABLE}, NULL);
  raise(SIGUSR1);
  equal("disabled again", on_alternate & 1, 0);
  equal("a handler with a ruined stack kills", in_child({
          handle(SIGUSR1, record, 0);
          register pid_t self asm("rdi") = getpid();
          register long number asm("rsi") = SIGUSR1;
          asm volatile("mov $8, %%rsp\n mov $62, %%eax\n syscall\n hlt" : : "r"(self), "r"(number) : "rax", "rcx", "r11", "memory");
        }) & 0x7f, SIGSEGV);
}

static void waiting(void) {
  sigset_t block, none;
  sigemptyset(&none);
  sigemptyset(&block);
  sigaddset(&block, SIGUSR1);
  sigprocmask(SIG_BLOCK, &block, NULL);
  handle(SIGUSR1, record, SA_RESTART);
  count = 0;
  raise(SIGUSR1);
  fails("sigsuspend lets it in", sigsuspend(&none), EINTR);
  equal("the handler ran", count, 1);
  check("the mask is back", is_blocked(SIGUSR1));
  pid_t self = getpid();
  pid_t child = fork();
  if (child == 0) {
    sleep_milliseconds(20);
    kill(self, SIGUSR1);
    _exit(0);
  }
  fails("sigsuspend waits", sigsuspend(&none), EINTR);
  reap(child);
  equal("for the child's signal", count, 2);
  fails("sigsuspend bad pointer", syscall(SYS_rt_sigsuspend, (void *)8, 8), EFAULT);
  sigprocmask(SIG_UNBLOCK, &block, NULL);
  handle(SIGALRM, record, SA_RESTART);
  ualarm(20000, 20000);
  fails("pause", pause(), EINTR);
  ualarm(0, 0);
  equal("pause by SIGALRM", last, SIGALRM);
}

static sigjmp_buf back;
static void jump(int number) { siglongjmp(back, number); }

static void jumping(void) {
  handle(SIGUSR1, jump, 0);
  volatile int turns = 0;
  int came = sigsetjmp(back, 1);
  if (came == 0 || turns < 3) {
    turns++;
    raise(SIGUSR1);
  }
  equal("siglongjmp out of a handler", came, SIGUSR1);
  equal("three times", turns, 3);
  check("the mask was restored", !is_blocked(SIGUSR1));
}

int main(void) {
  handlers();
  masks();
  alternate_stacks();
  waiting();
  jumping();
  return finish();
}
