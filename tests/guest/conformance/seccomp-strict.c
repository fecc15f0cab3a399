/* seccomp-strict: SECCOMP_SET_MODE_STRICT leaves read, write, exit and rt_sigreturn (seccomp(2)). */
#include "check.h"
#include <linux/seccomp.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

static int strict(void) { return syscall(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 0, NULL); }

static void leave(int status) {
  for (;;) syscall(SYS_exit, status);
}

static volatile int handled;

static void on_signal(int number) {
  (void)number;
  handled++;
}

static void *strict_thread(void *unused) {
  (void)unused;
  strict();
  syscall(SYS_getpid);
  return NULL;
}

int main(void) {
  enter_scratch();
  int ends[2];
  if (pipe(ends) < 0) return 98;

  equal("read, write and exit", in_child({
          char byte = 'x';
          int good = strict() == 0;
          good = good && write(ends[1], &byte, 1) == 1 && read(ends[0], &byte, 1) == 1;
          leave(good ? 7 : 8);
        }), EXITED(7));
  equal("by prctl", in_child(leave(prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) == 0 ? 7 : 8)), EXITED(7));
  equal("errors stay errors", in_child({
          strict();
          errno = 0;
          leave(write(99, "", 1) == -1 && errno == EBADF ? 7 : 8);
        }), EXITED(7));
  equal("any other call kills", in_child(strict(); syscall(SYS_getpid); leave(7)), KILLED(SIGKILL));
  equal("exit_group too", in_child(strict(); _exit(7)), KILLED(SIGKILL));
  equal("asking for the mode too", in_child(strict(); prctl(PR_GET_SECCOMP); leave(7)), KILLED(SIGKILL));
  equal("a call that does not exist too", in_child(strict(); syscall(500); leave(7)), KILLED(SIGKILL));
  equal("a large number too", in_child(strict(); syscall(0x10000); leave(7)), KILLED(SIGKILL));
  equal("a handler may return", in_child({
          handle(SIGALRM, on_signal, 0);
          ualarm(20000, 0);
          strict();
          while (!handled) {
          }
          leave(7);
        }), EXITED(7));
  equal("a thread alone", in_child({
          pthread_t thread;
          pthread_create(&thread, NULL, strict_thread, NULL);
          pthread_join(thread, NULL);
          equal("the others are free", prctl(PR_GET_SECCOMP), 0);
        }), 0);
  return finish();
}
