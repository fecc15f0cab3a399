/*
 * sysv-errors.c - each error of System V IPC: shmget(2), shmat(2), shmdt(2), shmctl(2), semget(2), semop(2), semtimedop(2), semctl(2), msgget(2),
 * msgsnd(2), msgrcv(2), msgctl(2), and that a signal ends the calls that sleep whatever SA_RESTART says (signal(7)).
 *
 * A line names the call and the error first.
 */
#include "check.h"

#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/syscall.h>

#define PAGE 4096UL
#define BAD ((void *)8)

static struct {
  long type;
  char text[9000];
} message;

/** The low-level call: the C library's semctl looks at its fourth argument only for commands that it knows. */
static long control_semaphores(int id, int number, int command, void *argument) { return syscall(SYS_semctl, id, number, command, argument); }

static int attached(int id, const void *at, int flags) { return shmat(id, at, flags) == (void *)-1 ? -1 : 0; }

static int operate(int id, int number, int change, int flags) {
  struct sembuf o = {number, change, flags};
  return semop(id, &o, 1);
}

static int send_text(int id, long type, size_t bytes, int flags) {
  message.type = type;
  return msgsnd(id, &message, bytes, flags);
}

static void ignore(int number) { (void)number; }

/** Signals the parent, which sleeps in a call with SA_RESTART, until it has come out. */
static pid_t interrupter(void) {
  handle(SIGUSR1, ignore, SA_RESTART);
  pid_t child = fork();
  if (child == 0)
    for (;;) {
      sleep_milliseconds(20);
      if (kill(getppid(), SIGUSR1) < 0) _exit(0);
    }
  return child;
}

/** The call's result; it must be interrupted. */
#define INTERRUPTED(call) \
  ({ \
    pid_t child_ = interrupter(); \
    errno = 0; \
    long result_ = (call); \
    int error_ = errno; \
    kill(child_, SIGKILL); \
    reap(child_); \
    errno = error_; \
    result_; \
  })

/** The call's result; a child carries out the statement while it sleeps. */
#define MEANWHILE(statement, call) \
  ({ \
    pid_t child_ = fork(); \
    if (child_ == 0) { \
      sleep_milliseconds(60); \
      statement; \
      _exit(0); \
    } \
    errno = 0; \
    long result_ = (call); \
    int error_ = errno; \
    reap(child_); \
    errno = error_; \
    result_; \
  })

/** Ids of objects made until there can be no more. */
static int made[33000];

static void shared_memory(void) {
  struct shmid_ds status;
  int id = shmget(0x11, 2 * PAGE, IPC_CREAT | 0600);
  check("shmget", id >= 0);
  fails("shmget ENOENT", shmget(0x12, PAGE, 0600), ENOENT);
  fails("shmget EEXIST", shmget(0x11, PAGE, IPC_CREAT | IPC_EXCL | 0600), EEXIST);
  fails("shmget EINVAL: no bytes", shmget(IPC_PRIVATE, 0, 0600), EINVAL);
  fails("shmget EINVAL: more than SHMMAX", shmget(IPC_PRIVATE, -1UL, 0600), EINVAL);
  fails("shmget EINVAL: more than it has", shmget(0x11, 3 * PAGE, 0600), EINVAL);
  fails("shmget ENOMEM: SHM_HUGETLB", shmget(IPC_PRIVATE, 2 << 20, SHM_HUGETLB | 0600), ENOMEM);
  equal("shmat", attached(id, NULL, 0), 0);
  char *p = shmat(id, NULL, 0);
  fails("shmat EINVAL: no such segment", attached(99999, NULL, 0), EINVAL);
  fails("shmat EINVAL: a negative id", attached(-1, NULL, 0), EINVAL);
  fails("shmat EINVAL: not aligned", attached(id, p + 1, 0), EINVAL);
  fails("shmat EINVAL: over something", attached(id, p, 0), EINVAL);
  fails("shmat EINVAL: SHM_REMAP nowhere", attached(id, NULL, SHM_REMAP), EINVAL);
  equal("shmat, limited", in_child({
          struct rlimit l = {1 << 20, 1 << 20};
          setrlimit(RLIMIT_AS, &l);
          int large = shmget(IPC_PRIVATE, 64 << 20, 0600);
          fails("shmat ENOMEM: RLIMIT_AS", attached(large, NULL, 0), ENOMEM);
          shmctl(large, IPC_RMID, NULL);
        }), EXITED(0));
  fails("shmdt EINVAL: nothing there", shmdt((void *)PAGE), EINVAL);
  fails("shmdt EINVAL: not aligned", shmdt(p + 1), EINVAL);
  equal("shmdt", shmdt(p), 0);
  equal("shmctl", shmctl(id, IPC_STAT, &status), 0);
  fails("shmctl EINVAL: command", shmctl(id, 99, &status), EINVAL);
  fails("shmctl EINVAL: no such segment", shmctl(99999, IPC_STAT, &status), EINVAL);
  fails("shmctl EINVAL: no such place", shmctl(4000, SHM_STAT, &status), EINVAL);
  fails("shmctl EFAULT: IPC_STAT", shmctl(id, IPC_STAT, BAD), EFAULT);
  fails("shmctl EFAULT: IPC_SET", shmctl(id, IPC_SET, BAD), EFAULT);
  fails("shmctl EFAULT: IPC_INFO", shmctl(0, IPC_INFO, BAD), EFAULT);
  status.shm_perm.uid = -1;
  fails("shmctl EINVAL: IPC_SET to no user", shmctl(id, IPC_SET, &status), EINVAL);
  equal("another user", in_child({
          setgid(1000), setuid(1000);
          fails("shmget EPERM: SHM_HUGETLB", shmget(IPC_PRIVATE, 2 << 20, SHM_HUGETLB | 0600), EPERM);
          fails("shmget EACCES", shmget(0x11, PAGE, 0400), EACCES);
          fails("shmat EACCES", attached(id, NULL, SHM_RDONLY), EACCES);
          fails("shmctl EACCES: IPC_STAT", shmctl(id, IPC_STAT, &status), EACCES);
          fails("shmctl EPERM: IPC_RMID", shmctl(id, IPC_RMID, NULL), EPERM);
          fails("shmctl EPERM: IPC_SET", shmctl(id, IPC_SET, &status), EPERM);
          fails("shmctl EPERM: SHM_UNLOCK", shmctl(id, SHM_UNLOCK, NULL), EPERM);
        }), EXITED(0));
  equal("shmctl: IPC_RMID", shmctl(id, IPC_RMID, NULL), 0);
  fails("shmget ENOMEM: more than all addresses", shmget(IPC_PRIVATE, 1UL << 62, 0600), ENOMEM);
  int count = 0;
  while (count < 5000 && (made[count] = shmget(IPC_PRIVATE, PAGE, 0600)) >= 0) count++;
  fails("shmget ENOSPC: too many segments", shmget(IPC_PRIVATE, PAGE, 0600), ENOSPC);
  equal("there can be 4096, less one that is still attached", count, 4095);
  for (int i = 0; i < count; i++) shmctl(made[i], IPC_RMID, NULL);
  fails("the last is gone", shmctl(made[count - 1], IPC_STAT, &status), EINVAL);
}

static void semaphores(void) {
  struct semid_ds status;
  unsigned short values[4] = {0, 0, 0, 40000};
  int id = semget(0x21, 2, IPC_CREAT | 0600);
  check("semget", id >= 0);
  fails("semget ENOENT", semget(0x22, 1, 0600), ENOENT);
  fails("semget EEXIST", semget(0x21, 2, IPC_CREAT | IPC_EXCL | 0600), EEXIST);
  fails("semget EINVAL: negative", semget(IPC_PRIVATE, -1, 0600), EINVAL);
  fails("semget EINVAL: none", semget(IPC_PRIVATE, 0, 0600), EINVAL);
  fails("semget EINVAL: more than SEMMSL", semget(IPC_PRIVATE, 32001, 0600), EINVAL);
  fails("semget EINVAL: more than it has", semget(0x21, 3, 0600), EINVAL);
  struct sembuf one = {0, -1, 0}, many[501] = {{0}};
  struct timespec soon = {0, 20000000}, bad = {0, -1};
  equal("semop", operate(id, 0, 1, 0), 0);
  fails("semop EINVAL: no such set", operate(99999, 0, 1, 0), EINVAL);
  fails("semop EINVAL: a negative id", operate(-1, 0, 1, 0), EINVAL);
  fails("semop EINVAL: no operations", semop(id, many, 0), EINVAL);
  fails("semop E2BIG", semop(id, many, 501), E2BIG);
  fails("semop EFAULT", semop(id, BAD, 1), EFAULT);
  fails("semop EFBIG", operate(id, 2, 1, 0), EFBIG);
  fails("semop EAGAIN", operate(id, 1, -1, IPC_NOWAIT), EAGAIN);
  fails("semop ERANGE", operate(id, 0, 32767, 0), ERANGE);
  fails("semop EINTR: though SA_RESTART says to restart", INTERRUPTED(operate(id, 1, -1, 0)), EINTR);
  equal("semtimedop", semtimedop(id, &one, 1, &soon), 0);
  fails("semtimedop EAGAIN: the time is up", semtimedop(id, &one, 1, &soon), EAGAIN);
  fails("semtimedop EINVAL: the time", semtimedop(id, &one, 1, &bad), EINVAL);
  fails("semtimedop EFAULT: the time", syscall(SYS_semtimedop, id, &one, 1, BAD), EFAULT);
  fails("semtimedop EFAULT: the operations", semtimedop(id, BAD, 1, &soon), EFAULT);
  fails("semtimedop E2BIG", semtimedop(id, many, 501, &soon), E2BIG);
  fails("semtimedop EFBIG", ({
          struct sembuf o = {7, 1, 0};
          semtimedop(id, &o, 1, &soon);
        }), EFBIG);
  fails("semtimedop ERANGE", ({
          struct sembuf o[2] = {{0, 32767, 0}, {0, 1, 0}};
          semtimedop(id, o, 2, &soon);
        }), ERANGE);
  struct timespec ever = {1000, 0};
  fails("semtimedop EINTR: though SA_RESTART says to restart", INTERRUPTED(semtimedop(id, &one, 1, &ever)), EINTR);
  equal("semctl", control_semaphores(id, 0, GETVAL, NULL), 0);
  fails("semctl EINVAL: command", control_semaphores(id, 0, 99, NULL), EINVAL);
  fails("semctl EINVAL: no such set", control_semaphores(99999, 0, GETVAL, NULL), EINVAL);
  fails("semctl EINVAL: no such semaphore", control_semaphores(id, 2, GETVAL, NULL), EINVAL);
  fails("semctl EINVAL: no such place", control_semaphores(9000, 0, SEM_STAT, &status), EINVAL);
  fails("semctl EFAULT: IPC_STAT", control_semaphores(id, 0, IPC_STAT, BAD), EFAULT);
  fails("semctl EFAULT: IPC_SET", control_semaphores(id, 0, IPC_SET, BAD), EFAULT);
  fails("semctl EFAULT: GETALL", control_semaphores(id, 0, GETALL, BAD), EFAULT);
  fails("semctl EFAULT: SETALL", control_semaphores(id, 0, SETALL, BAD), EFAULT);
  fails("semctl ERANGE: SETVAL", control_semaphores(id, 0, SETVAL, (void *)32768), ERANGE);
  fails("semctl ERANGE: SETALL", control_semaphores(id, 0, SETALL, values + 2), ERANGE);
  equal("another user", in_child({
          setgid(1000), setuid(1000);
          fails("semget EACCES", semget(0x21, 1, 0400), EACCES);
          fails("semop EACCES", operate(id, 0, 1, 0), EACCES);
          fails("semtimedop EACCES", semtimedop(id, &one, 1, &soon), EACCES);
          fails("semctl EACCES: GETVAL", control_semaphores(id, 0, GETVAL, NULL), EACCES);
          fails("semctl EACCES: SETVAL", control_semaphores(id, 0, SETVAL, NULL), EACCES);
          fails("semctl EPERM: IPC_RMID", control_semaphores(id, 0, IPC_RMID, NULL), EPERM);
          status.sem_perm.uid = 1000;
          fails("semctl EPERM: IPC_SET", control_semaphores(id, 0, IPC_SET, &status), EPERM);
        }), EXITED(0));
  int count = 0;
  while (count < 33000 && (made[count] = semget(IPC_PRIVATE, 1, 0600)) >= 0) count++;
  fails("semget ENOSPC: too many sets", semget(IPC_PRIVATE, 1, 0600), ENOSPC);
  equal("there can be 32000", count, 31999);
  for (int i = 0; i < count; i++) control_semaphores(made[i], 0, IPC_RMID, NULL);
  fails("semop EIDRM", MEANWHILE(control_semaphores(id, 0, IPC_RMID, NULL), operate(id, 1, -1, 0)), EIDRM);
  id = semget(IPC_PRIVATE, 1, 0600);
  fails("semtimedop EIDRM", MEANWHILE(control_semaphores(id, 0, IPC_RMID, NULL), semtimedop(id, &one, 1, &ever)), EIDRM);
}

static void messages(void) {
  struct msqid_ds status;
  int id = msgget(0x31, IPC_CREAT | 0600);
  check("msgget", id >= 0);
  fails("msgget ENOENT", msgget(0x32, 0600), ENOENT);
  fails("msgget EEXIST", msgget(0x31, IPC_CREAT | IPC_EXCL | 0600), EEXIST);
  equal("msgsnd", send_text(id, 1, 10, 0), 0);
  fails("msgsnd EINVAL: no such queue", send_text(99999, 1, 10, 0), EINVAL);
  fails("msgsnd EINVAL: a type of 0", send_text(id, 0, 10, 0), EINVAL);
  fails("msgsnd EINVAL: more than MSGMAX", send_text(id, 1, 8193, 0), EINVAL);
  fails("msgsnd EINVAL: a negative length", send_text(id, 1, -1UL, 0), EINVAL);
  fails("msgsnd EFAULT", msgsnd(id, BAD, 10, 0), EFAULT);
  fails("msgrcv E2BIG", msgrcv(id, &message, 5, 0, 0), E2BIG);
  fails("msgrcv EINVAL: no such queue", msgrcv(99999, &message, 10, 0, 0), EINVAL);
  fails("msgrcv EINVAL: a negative length", msgrcv(id, &message, -1UL, 0, 0), EINVAL);
  fails("msgrcv EINVAL: MSG_COPY that would wait", msgrcv(id, &message, 10, 0, MSG_COPY), EINVAL);
  fails("msgrcv EINVAL: MSG_COPY and MSG_EXCEPT", msgrcv(id, &message, 10, 0, MSG_COPY | MSG_EXCEPT | IPC_NOWAIT), EINVAL);
  fails("msgrcv ENOMSG: no such type", msgrcv(id, &message, 10, 5, IPC_NOWAIT), ENOMSG);
  fails("msgrcv ENOMSG: MSG_COPY of a place behind the end", msgrcv(id, &message, 10, 5, MSG_COPY | IPC_NOWAIT), ENOMSG);
  fails("msgrcv EINTR: though SA_RESTART says to restart", INTERRUPTED(msgrcv(id, &message, 10, 5, 0)), EINTR);
  equal("msgrcv", msgrcv(id, &message, 10, 0, 0), 10);
  send_text(id, 1, 10, 0);
  fails("msgrcv EFAULT", msgrcv(id, BAD, 10, 0, 0), EFAULT);
  while (send_text(id, 1, 4096, IPC_NOWAIT) == 0) {
  }
  fails("msgsnd EAGAIN", send_text(id, 1, 4096, IPC_NOWAIT), EAGAIN);
  fails("msgsnd EINTR: though SA_RESTART says to restart", INTERRUPTED(send_text(id, 1, 4096, 0)), EINTR);
  equal("msgctl", msgctl(id, IPC_STAT, &status), 0);
  fails("msgctl EINVAL: command", msgctl(id, 99, &status), EINVAL);
  fails("msgctl EINVAL: no such queue", msgctl(99999, IPC_STAT, &status), EINVAL);
  fails("msgctl EINVAL: no such place", msgctl(9000, MSG_STAT, &status), EINVAL);
  fails("msgctl EFAULT: IPC_STAT", msgctl(id, IPC_STAT, BAD), EFAULT);
  fails("msgctl EFAULT: IPC_SET", msgctl(id, IPC_SET, BAD), EFAULT);
  status.msg_qbytes = 1 << 20;
  fails("msgctl EPERM: more bytes than MSGMNB", msgctl(id, IPC_SET, &status), EPERM);
  equal("another user", in_child({
          setgid(1000), setuid(1000);
          fails("msgget EACCES", msgget(0x31, 0400), EACCES);
          fails("msgsnd EACCES", send_text(id, 1, 1, 0), EACCES);
          fails("msgrcv EACCES", msgrcv(id, &message, 10, 0, IPC_NOWAIT), EACCES);
          fails("msgctl EACCES: IPC_STAT", msgctl(id, IPC_STAT, &status), EACCES);
          fails("msgctl EPERM: IPC_RMID", msgctl(id, IPC_RMID, NULL), EPERM);
        }), EXITED(0));
  int count = 0;
  while (count < 33000 && (made[count] = msgget(IPC_PRIVATE, 0600)) >= 0) count++;
  fails("msgget ENOSPC: too many queues", msgget(IPC_PRIVATE, 0600), ENOSPC);
  equal("there can be 32000", count, 31999);
  for (int i = 0; i < count; i++) msgctl(made[i], IPC_RMID, NULL);
  fails("msgsnd EIDRM", MEANWHILE(msgctl(id, IPC_RMID, NULL), send_text(id, 1, 4096, 0)), EIDRM);
  id = msgget(IPC_PRIVATE, 0600);
  fails("msgrcv EIDRM", MEANWHILE(msgctl(id, IPC_RMID, NULL), msgrcv(id, &message, 10, 0, 0)), EIDRM);
}

int main(void) {
  shared_memory();
  semaphores();
  messages();
  return finish();
}
