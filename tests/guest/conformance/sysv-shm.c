/* System V shared memory: making, attaching, detaching, removing, permissions, what shmctl tells. */
#include "check.h"
#include <limits.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>

#define PAGE 4096L

static struct shmid_ds status_of(int id) {
  struct shmid_ds status = {0};
  shmctl(id, IPC_STAT, &status);
  return status;
}

static void making(void) {
  fails("get: no key, not to be made", shmget(0x1234, PAGE, 0), ENOENT);
  fails("get: no bytes", shmget(IPC_PRIVATE, 0, IPC_CREAT | 0600), EINVAL);
  int id = shmget(0x1234, 3 * PAGE + 1, IPC_CREAT | 0640);
  check("get", id >= 0);
  equal("get again", shmget(0x1234, 0, 0), id);
  equal("get fewer bytes", shmget(0x1234, PAGE, IPC_CREAT), id);
  fails("get more bytes", shmget(0x1234, 4 * PAGE, 0), EINVAL);
  fails("get exclusively", shmget(0x1234, PAGE, IPC_CREAT | IPC_EXCL), EEXIST);
  struct shmid_ds status = status_of(id);
  equal("key", status.shm_perm.__key, 0x1234);
  equal("mode", status.shm_perm.mode, 0640);
  equal("size", status.shm_segsz, 3 * PAGE + 1);
  equal("attached", status.shm_nattch, 0);
  check("creator", status.shm_cpid == getpid() && status.shm_lpid == 0);
  check("times", status.shm_ctime > 0 && status.shm_atime == 0 && status.shm_dtime == 0);
  int other = shmget(IPC_PRIVATE, PAGE, 0600), third = shmget(IPC_PRIVATE, PAGE, 0600);
  check("private ones differ", other >= 0 && third >= 0 && other != third && other != id);
  equal("remove", shmctl(other, IPC_RMID, NULL), 0);
  fails("remove again", shmctl(other, IPC_RMID, NULL), EINVAL);
  fails("attach a removed one", (long)shmat(other, NULL, 0), EINVAL);
  int next = shmget(IPC_PRIVATE, PAGE, 0600);
  check("an id is not used again at once", next != other);
  shmctl(next, IPC_RMID, NULL);
  shmctl(third, IPC_RMID, NULL);
  fails("stat: bad pointer", shmctl(id, IPC_STAT, (void *)8), EFAULT);
  fails("bad command", shmctl(id, 99, &status), EINVAL);
  fails("negative id", shmctl(-1, IPC_STAT, &status), EINVAL);
  equal("remove", shmctl(id, IPC_RMID, NULL), 0);
}

static void attaching(void) {
  int id = shmget(IPC_PRIVATE, 2 * PAGE + 1, 0600);
  char *one = shmat(id, NULL, 0), *two = shmat(id, NULL, SHM_RDONLY);
  check("attach twice", one != (void *)-1 && two != (void *)-1 && one != two);
  equal("zeros", one[2 * PAGE], 0);
  strcpy(one + PAGE, "shared");
  same_text("one memory", two + PAGE, "shared");
  equal("attached", status_of(id).shm_nattch, 2);
  check("last", status_of(id).shm_lpid == getpid() && status_of(id).shm_atime > 0);
  equal("whole pages", one[3 * PAGE - 1], 0);
  fails("read-only stays so", mprotect(two, PAGE, PROT_READ | PROT_WRITE), EACCES);
  equal("writing to it", in_child({
    *two = 1;
  }), KILLED(SIGSEGV));
  int status = in_child({
    equal("a child inherits it", status_of(id).shm_nattch, 4);
    strcpy(one, "child");
    equal("detach", shmdt(two), 0);
    equal("attached", status_of(id).shm_nattch, 3);
  });
  equal("child", status, 0);
  same_text("what it wrote", two, "child");
  equal("its end detaches", status_of(id).shm_nattch, 2);
  check("detaching is noted", status_of(id).shm_dtime > 0);
  fails("detach elsewhere", shmdt(one + PAGE), EINVAL);
  fails("detach no page", shmdt(one + 1), EINVAL);
  fails("attach at no page", (long)shmat(id, one + 1, 0), EINVAL);
  fails("attach over something", (long)shmat(id, one, 0), EINVAL);
  fails("replace nothing", (long)shmat(id, NULL, SHM_REMAP), EINVAL);
  char *room = mmap(NULL, 16 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  check("replace", shmat(id, room + PAGE, SHM_REMAP) == room + PAGE);
  same_text("it is the segment", room + PAGE, "child");
  munmap(room + 2 * PAGE, PAGE);
  equal("a hole makes two", status_of(id).shm_nattch, 4);
  equal("detach both", shmdt(room + PAGE), 0);
  equal("attached", status_of(id).shm_nattch, 2);
  munmap(room, 16 * PAGE);
  check("rounded address", shmat(id, room + 123, SHM_RND) == room);
  equal("detach it", shmdt(room), 0);
  equal("detach", shmdt(two), 0);
  equal("remove while attached", shmctl(id, IPC_RMID, NULL), 0);
  same_text("still there", one, "child");
  equal("marked", status_of(id).shm_perm.mode & SHM_DEST, SHM_DEST);
  equal("its key is free", status_of(id).shm_perm.__key, 0);
  char *three = shmat(id, NULL, 0);
  check("attach a removed one by id", three != (void *)-1);
  shmdt(three);
  equal("detach the last", shmdt(one), 0);
  struct shmid_ds gone;
  fails("now it is gone", shmctl(id, IPC_STAT, &gone), EINVAL);
}

static void permissions(void) {
  int id = shmget(0x77, PAGE, IPC_CREAT | 0604);
  struct shmid_ds status;
  equal("child", in_child({
    setgid(100);
    setuid(1000);
    fails("get with rights it lacks", shmget(0x77, PAGE, 0600), EACCES);
    equal("get to read", shmget(0x77, PAGE, 0400), id);
    fails("attach to write", (long)shmat(id, NULL, 0), EACCES);
    check("attach to read", shmat(id, NULL, SHM_RDONLY) != (void *)-1);
    equal("stat", shmctl(id, IPC_STAT, &status), 0);
    fails("set", shmctl(id, IPC_SET, &status), EPERM);
    fails("remove", shmctl(id, IPC_RMID, NULL), EPERM);
    fails("lock", shmctl(id, SHM_LOCK, NULL), EPERM);
  }), 0);
  status = status_of(id);
  status.shm_perm.uid = 1000;
  status.shm_perm.mode = 0200;
  equal("set", shmctl(id, IPC_SET, &status), 0);
  equal("child that owns it", in_child({
    setgid(100);
    setuid(1000);
    fails("read", shmctl(id, IPC_STAT, &status), EACCES);
    status = (struct shmid_ds){.shm_perm = {.uid = 1000, .gid = 100, .mode = 0600}};
    equal("set", shmctl(id, IPC_SET, &status), 0);
    equal("stat", shmctl(id, IPC_STAT, &status), 0);
    equal("mode", status.shm_perm.mode, 0600);
    equal("creator stays", status.shm_perm.cuid, 0);
    equal("remove", shmctl(id, IPC_RMID, NULL), 0);
  }), 0);
}

static void information(void) {
  struct shminfo limits;
  struct shm_info used;
  struct shmid_ds status;
  int id = shmget(IPC_PRIVATE, 5 * PAGE, 0600);
  char *memory = shmat(id, NULL, 0);
  memory[0] = memory[PAGE] = 1;
  int highest = shmctl(0, IPC_INFO, (void *)&limits);
  check("limits", highest >= 0 && limits.shmmin == 1 && limits.shmmni == 4096 && limits.shmmax == ULONG_MAX - (1ul << 24));
  equal("usage", shmctl(0, SHM_INFO, (void *)&used), highest);
  check("what is used", used.used_ids == 1 && used.shm_tot == 5 && used.shm_rss == 2);
  equal("by place", shmctl(highest, SHM_STAT, &status), id);
  equal("size", status.shm_segsz, 5 * PAGE);
  fails("no such place", shmctl(4000, SHM_STAT, &status), EINVAL);
  equal("lock", shmctl(id, SHM_LOCK, NULL), 0);
  equal("locked", status_of(id).shm_perm.mode & SHM_LOCKED, SHM_LOCKED);
  equal("unlock", shmctl(id, SHM_UNLOCK, NULL), 0);
  char line[512] = "";
  int file = open("/proc/sysvipc/shm", O_RDONLY);
  check("a table in /proc", read(file, line, sizeof line - 1) > 200);
  close(file);
  line[strcspn(line, "\n")] = 0;
  same_text("its head", line,
            "       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid      atime      dtime      ctime"
            "                   rss                  swap");
  shmctl(id, IPC_RMID, NULL);
}

int main(void) {
  enter_scratch();
  making();
  attaching();
  permissions();
  information();
  return finish();
}
