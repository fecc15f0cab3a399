/* System V semaphores: operations on several at once, waiting, timeouts, taking back at the end of a process, semctl. */
#include "check.h"
#include <sys/ipc.h>
#include <sys/sem.h>

union semun {
  int val;
  struct semid_ds *buf;
  unsigned short *array;
  struct seminfo *info;
};

#define WITH(...) ((union semun){__VA_ARGS__})

static int operate(int id, int number, int change, int flags) {
  struct sembuf operation = {number, change, flags};
  return semop(id, &operation, 1);
}

static int value_of(int id, int number) { return semctl(id, number, GETVAL); }

static void making(void) {
  fails("get: no key, not to be made", semget(0x55, 1, 0), ENOENT);
  fails("get: none", semget(IPC_PRIVATE, 0, IPC_CREAT | 0600), EINVAL);
  fails("get: negative", semget(IPC_PRIVATE, -1, 0600), EINVAL);
  fails("get: too many", semget(IPC_PRIVATE, 32001, 0600), EINVAL);
  int id = semget(0x55, 3, IPC_CREAT | 0640);
  check("get", id >= 0);
  equal("get again", semget(0x55, 0, 0), id);
  fails("get more", semget(0x55, 4, 0), EINVAL);
  fails("get exclusively", semget(0x55, 3, IPC_CREAT | IPC_EXCL), EEXIST);
  struct semid_ds status;
  equal("stat", semctl(id, 0, IPC_STAT, WITH(.buf = &status)), 0);
  check("count and mode", status.sem_nsems == 3 && status.sem_perm.mode == 0640 && status.sem_otime == 0 && status.sem_ctime > 0);
  unsigned short values[3] = {1, 2, 3};
  equal("set all", semctl(id, 0, SETALL, WITH(.array = values)), 0);
  values[0] = values[1] = values[2] = 9;
  equal("get all", semctl(id, 0, GETALL, WITH(.array = values)), 0);
  check("all", values[0] == 1 && values[1] == 2 && values[2] == 3);
  values[1] = 32768;
  fails("set all: too high", semctl(id, 0, SETALL, WITH(.array = values)), ERANGE);
  equal("unchanged", value_of(id, 1), 2);
  fails("set: too high", semctl(id, 0, SETVAL, WITH(.val = 32768)), ERANGE);
  fails("set: negative", semctl(id, 0, SETVAL, WITH(.val = -1)), ERANGE);
  fails("set: no such semaphore", semctl(id, 3, SETVAL, WITH(.val = 1)), EINVAL);
  equal("set", semctl(id, 0, SETVAL, WITH(.val = 32767)), 0);
  fails("get: no such semaphore", semctl(id, -1, GETVAL), EINVAL);
  equal("who set it", semctl(id, 0, GETPID) == getpid(), 1);
  fails("stat: bad pointer", semctl(id, 0, IPC_STAT, WITH(.buf = (void *)8)), EFAULT);
  fails("get all: bad pointer", semctl(id, 0, GETALL, WITH(.array = (void *)8)), EFAULT);
  fails("set all: bad pointer", semctl(id, 0, SETALL, WITH(.array = (void *)8)), EFAULT);
  fails("bad command", semctl(id, 0, 99), EINVAL);
  equal("remove", semctl(id, 0, IPC_RMID), 0);
  fails("remove again", semctl(id, 0, IPC_RMID), EINVAL);
}

static void operating(void) {
  int id = semget(IPC_PRIVATE, 4, 0600);
  struct sembuf several[3] = {{0, 5, 0}, {1, 2, 0}, {2, 0, 0}}, many[501];
  equal("several", semop(id, several, 3), 0);
  check("changed", value_of(id, 0) == 5 && value_of(id, 1) == 2 && value_of(id, 2) == 0);
  struct sembuf fails_late[3] = {{0, -5, 0}, {1, -1, 0}, {2, -1, IPC_NOWAIT}};
  fails("one cannot", semop(id, fails_late, 3), EAGAIN);
  check("so none did", value_of(id, 0) == 5 && value_of(id, 1) == 2);
  struct sembuf in_order[3] = {{3, 1, 0}, {3, -1, 0}, {3, 0, IPC_NOWAIT}};
  equal("in order", semop(id, in_order, 3), 0);
  fails("not zero", operate(id, 0, 0, IPC_NOWAIT), EAGAIN);
  fails("too high", operate(id, 0, 32767, 0), ERANGE);
  fails("no such semaphore", operate(id, 4, 1, 0), EFBIG);
  fails("none", semop(id, several, 0), EINVAL);
  fails("too many", semop(id, many, 501), E2BIG);
  fails("bad pointer", semop(id, (void *)8, 1), EFAULT);
  fails("bad id", operate(-1, 0, 1, 0), EINVAL);
  struct timespec wait = {0, 20000000};
  struct sembuf down = {2, -1, 0};
  fails("time is up", semtimedop(id, &down, 1, &wait), EAGAIN);
  wait.tv_nsec = 1000000000;
  fails("no time", semtimedop(id, &down, 1, &wait), EINVAL);
  wait.tv_nsec = 0;
  equal("no need to wait", semtimedop(id, several, 1, &wait), 0);
  struct semid_ds status;
  semctl(id, 0, IPC_STAT, WITH(.buf = &status));
  check("time of the last operation", status.sem_otime > 0);
  semctl(id, 0, IPC_RMID);
}

static void on_signal(int number) { (void)number; }

static void waiting(void) {
  int id = semget(IPC_PRIVATE, 2, 0600);
  pid_t taker = fork();
  if (taker == 0) _exit(operate(id, 0, -2, 0) == 0 ? 7 : 1);
  check("it waits to take", eventually(semctl(id, 0, GETNCNT) == 1));
  operate(id, 0, 1, 0);
  check("one is not enough", semctl(id, 0, GETNCNT) == 1 && value_of(id, 0) == 1);
  operate(id, 0, 1, 0);
  equal("it took", reap(taker), EXITED(7));
  equal("nobody waits", semctl(id, 0, GETNCNT), 0);
  equal("nothing is left", value_of(id, 0), 0);
  check("who took", semctl(id, 0, GETPID) == taker);
  operate(id, 1, 1, 0);
  pid_t watcher = fork();
  if (watcher == 0) _exit(operate(id, 1, 0, 0) == 0 ? 8 : 1);
  check("it waits for zero", eventually(semctl(id, 1, GETZCNT) == 1));
  semctl(id, 1, SETVAL, WITH(.val = 0));
  equal("it saw zero", reap(watcher), EXITED(8));
  pid_t interrupted = fork();
  if (interrupted == 0) {
    handle(SIGALRM, on_signal, SA_RESTART);
    alarm(1);
    _exit(operate(id, 0, -1, 0) == -1 && errno == EINTR ? 9 : 1);
  }
  equal("a signal ends the wait, SA_RESTART or not", reap(interrupted), EXITED(9));
  pid_t surprised = fork();
  if (surprised == 0) _exit(operate(id, 0, -1, 0) == -1 && errno == EIDRM ? 10 : 1);
  check("it waits", eventually(semctl(id, 0, GETNCNT) == 1));
  semctl(id, 0, IPC_RMID);
  equal("the set was removed", reap(surprised), EXITED(10));
}

static void undoing(void) {
  int id = semget(IPC_PRIVATE, 2, 0600);
  semctl(id, 0, SETVAL, WITH(.val = 5));
  equal("child", in_child({
    operate(id, 0, -3, SEM_UNDO);
    operate(id, 1, 4, SEM_UNDO);
    operate(id, 1, 1, 0);
    equal("its values", value_of(id, 0) * 10 + value_of(id, 1), 25);
  }), 0);
  equal("taken back", value_of(id, 0), 5);
  equal("what it did for good stays", value_of(id, 1), 1);
  equal("child", in_child({
    operate(id, 0, 4, SEM_UNDO);
    semctl(id, 0, SETVAL, WITH(.val = 2));
  }), 0);
  equal("setting forgets what to take back", value_of(id, 0), 2);
  pid_t holder = fork();
  if (holder == 0) {
    operate(id, 0, -2, SEM_UNDO);
    for (;;) pause();
  }
  check("held", eventually(value_of(id, 0) == 0));
  pid_t taker = fork();
  if (taker == 0) _exit(operate(id, 0, -2, 0) == 0 ? 3 : 1);
  check("wanted", eventually(semctl(id, 0, GETNCNT) == 1));
  kill(holder, SIGKILL);
  reap(holder);
  equal("a killed process gives back", reap(taker), EXITED(3));
  semctl(id, 0, IPC_RMID);
}

static void permissions(void) {
  int id = semget(0x56, 1, IPC_CREAT | 0604);
  struct seminfo limits;
  equal("child", in_child({
    setgid(100);
    setuid(1000);
    fails("get to change", semget(0x56, 1, 0200), EACCES);
    fails("change", operate(id, 0, 1, 0), EACCES);
    equal("look for zero", operate(id, 0, 0, 0), 0);
    equal("read", value_of(id, 0), 0);
    fails("set", semctl(id, 0, SETVAL, WITH(.val = 1)), EACCES);
    fails("remove", semctl(id, 0, IPC_RMID), EPERM);
  }), 0);
  int highest = semctl(0, 0, IPC_INFO, WITH(.info = &limits));
  check("limits", highest >= 0 && limits.semmni == 32000 && limits.semmsl == 32000 && limits.semopm == 500 && limits.semvmx == 32767);
  check("usage", semctl(0, 0, SEM_INFO, WITH(.info = &limits)) == highest && limits.semusz == 1 && limits.semaem == 1);
  struct semid_ds status;
  equal("by place", semctl(highest, 0, SEM_STAT, WITH(.buf = &status)), id);
  status.sem_perm.mode = 0600;
  equal("set", semctl(id, 0, IPC_SET, WITH(.buf = &status)), 0);
  semctl(id, 0, IPC_STAT, WITH(.buf = &status));
  equal("mode", status.sem_perm.mode, 0600);
  semctl(id, 0, IPC_RMID);
}

int main(void) {
  enter_scratch();
  making();
  operating();
  waiting();
  undoing();
  permissions();
  return finish();
}
