/*
 * remote-errors.c - errors of the calls about memory policies and about the memory of other processes: mbind(2), set_mempolicy(2), get_mempolicy(2),
 * set_mempolicy_home_node(2), migrate_pages(2), move_pages(2), process_vm_readv(2), process_vm_writev(2), process_madvise(2), process_mrelease(2),
 * kcmp(2), as far as memory-policy.c and process-memory.c do not show them by name.
 */
#include "check.h"

#include <linux/kcmp.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#define PAGE 4096UL
#define BAD ((void *)8)
enum { MPOL_DEFAULT, MPOL_PREFERRED, MPOL_BIND, MPOL_INTERLEAVE };

/** The low-level calls by their names. */
static long mbind(void *p, size_t bytes, int mode, void *nodes, unsigned long count, unsigned flags) {
  return syscall(SYS_mbind, p, bytes, mode, nodes, count, flags);
}
static long set_mempolicy(int mode, void *nodes, unsigned long count) { return syscall(SYS_set_mempolicy, mode, nodes, count); }
static long get_mempolicy(void *mode, void *nodes, unsigned long count, void *address, unsigned flags) {
  return syscall(SYS_get_mempolicy, mode, nodes, count, address, flags);
}
static long set_mempolicy_home_node(void *p, size_t bytes, unsigned long node, unsigned long flags) {
  return syscall(SYS_set_mempolicy_home_node, p, bytes, node, flags);
}
static long migrate_pages(int pid, unsigned long count, void *from, void *to) { return syscall(SYS_migrate_pages, pid, count, from, to); }
static long move_pages(int pid, unsigned long count, void *pages, void *nodes, void *status, int flags) {
  return syscall(SYS_move_pages, pid, count, pages, nodes, status, flags);
}
static long kcmp(int one, int other, int type, unsigned long first, unsigned long second) {
  return syscall(SYS_kcmp, one, other, type, first, second);
}

static void policies(char *p) {
  unsigned long first = 1, second = 2, none = 0, much[1024] = {0};
  int mode;
  equal("mbind", mbind(p, PAGE, MPOL_BIND, &first, 64, 0), 0);
  fails("mbind EFAULT: the nodes", mbind(p, PAGE, MPOL_BIND, BAD, 64, 0), EFAULT);
  fails("mbind EFAULT: nothing mapped", mbind((void *)(16 * PAGE), PAGE, MPOL_BIND, &first, 64, 0), EFAULT);
  fails("mbind EINVAL: mode", mbind(p, PAGE, 99, &first, 64, 0), EINVAL);
  fails("mbind EINVAL: not aligned", mbind(p + 1, PAGE, MPOL_BIND, &first, 64, 0), EINVAL);
  fails("mbind EINVAL: no nodes", mbind(p, PAGE, MPOL_BIND, &none, 64, 0), EINVAL);
  fails("mbind EINVAL: a length that wraps around", mbind(p, -PAGE, MPOL_BIND, &first, 64, 0), EINVAL);
  fails("mbind EINVAL: more nodes than fit a page", mbind(p, PAGE, MPOL_BIND, much, 8 * PAGE + 2, 0), EINVAL);
  fails("mbind EPERM: MPOL_MF_MOVE_ALL", mbind(p, PAGE, MPOL_BIND, &first, 64, 4), EPERM);
  equal("set_mempolicy", set_mempolicy(MPOL_DEFAULT, NULL, 0), 0);
  fails("set_mempolicy EFAULT", set_mempolicy(MPOL_BIND, BAD, 64), EFAULT);
  fails("set_mempolicy EINVAL: mode", set_mempolicy(99, NULL, 0), EINVAL);
  fails("set_mempolicy EINVAL: a node that is not there", set_mempolicy(MPOL_BIND, &second, 64), EINVAL);
  equal("get_mempolicy", get_mempolicy(&mode, NULL, 0, NULL, 0), 0);
  fails("get_mempolicy EFAULT: the mode", get_mempolicy(BAD, NULL, 0, NULL, 0), EFAULT);
  fails("get_mempolicy EFAULT: the nodes", get_mempolicy(NULL, BAD, 1024, NULL, 0), EFAULT);
  fails("get_mempolicy EFAULT: nothing mapped", get_mempolicy(&mode, NULL, 0, (void *)(16 * PAGE), 2), EFAULT);
  fails("get_mempolicy EINVAL: flags", get_mempolicy(&mode, NULL, 0, NULL, 64), EINVAL);
  fails("get_mempolicy EINVAL: an address without its flag", get_mempolicy(&mode, NULL, 0, p, 0), EINVAL);
  equal("set_mempolicy_home_node", set_mempolicy_home_node(p, PAGE, 0, 0), 0);
  fails("set_mempolicy_home_node EINVAL: flags", set_mempolicy_home_node(p, PAGE, 0, 1), EINVAL);
  fails("set_mempolicy_home_node EINVAL: not aligned", set_mempolicy_home_node(p + 1, PAGE, 0, 0), EINVAL);
  fails("set_mempolicy_home_node ENOENT: no policy", set_mempolicy_home_node(p + PAGE, PAGE, 0, 0), ENOENT);
  mbind(p + PAGE, PAGE, MPOL_INTERLEAVE, &first, 64, 0);
  fails("set_mempolicy_home_node EOPNOTSUPP: another policy", set_mempolicy_home_node(p + PAGE, PAGE, 0, 0), EOPNOTSUPP);
  equal("migrate_pages", migrate_pages(0, 64, &first, &first), 0);
  fails("migrate_pages EFAULT: from", migrate_pages(0, 64, BAD, &first), EFAULT);
  fails("migrate_pages EFAULT: to", migrate_pages(0, 64, &first, BAD), EFAULT);
  fails("migrate_pages EINVAL: to nowhere", migrate_pages(0, 64, &first, &none), EINVAL);
  fails("migrate_pages EINVAL: more nodes than fit a page", migrate_pages(0, 8 * PAGE + 2, much, much), EINVAL);
  fails("migrate_pages EPERM: a node that is not allowed", migrate_pages(0, 64, &first, &second), EPERM);
  fails("migrate_pages ESRCH", migrate_pages(99999, 64, &first, &first), ESRCH);
  void *pages[1] = {p};
  int nodes[1] = {0}, status[1], far[1] = {5};
  p[0] = 1;
  equal("move_pages", move_pages(0, 1, pages, nodes, status, 2), 0);
  fails("move_pages EFAULT: the pages", move_pages(0, 1, BAD, nodes, status, 2), EFAULT);
  fails("move_pages EFAULT: the nodes", move_pages(0, 1, pages, BAD, status, 2), EFAULT);
  fails("move_pages EINVAL: flags", move_pages(0, 1, pages, nodes, status, 64), EINVAL);
  fails("move_pages ENODEV", move_pages(0, 1, pages, far, status, 2), ENODEV);
  fails("move_pages EPERM: MPOL_MF_MOVE_ALL", move_pages(0, 1, pages, nodes, status, 4), EPERM);
  fails("move_pages ESRCH", move_pages(99999, 1, pages, nodes, status, 2), ESRCH);
}

static void others(char *p, int child, int pidfd) {
  char byte = 0;
  struct iovec local = {&byte, 1}, remote = {p, 1}, negative = {p, -1}, nowhere = {(void *)(16 * PAGE), 1};
  equal("process_vm_readv", process_vm_readv(child, &local, 1, &remote, 1, 0), 1);
  fails("process_vm_readv EINVAL: a negative length", process_vm_readv(child, &local, 1, &negative, 1, 0), EINVAL);
  equal("process_vm_writev", process_vm_writev(child, &local, 1, &remote, 1, 0), 1);
  fails("process_vm_writev EFAULT: there", process_vm_writev(child, &local, 1, &nowhere, 1, 0), EFAULT);
  fails("process_vm_writev EFAULT: here", process_vm_writev(child, &nowhere, 1, &remote, 1, 0), EFAULT);
  fails("process_vm_writev EINVAL: flags", process_vm_writev(child, &local, 1, &remote, 1, 1), EINVAL);
  fails("process_vm_writev EINVAL: too many pieces", process_vm_writev(child, &local, 1025, &remote, 1, 0), EINVAL);
  fails("process_vm_writev ESRCH", process_vm_writev(99999, &local, 1, &remote, 1, 0), ESRCH);
  fails("process_madvise EFAULT: the pieces", process_madvise(pidfd, (struct iovec *)8, 1, MADV_COLD, 0), EFAULT);
  fails("process_madvise EINVAL: too many pieces", process_madvise(pidfd, &remote, 1025, MADV_COLD, 0), EINVAL);
  fails("process_madvise EBADF", process_madvise(99, &remote, 1, MADV_COLD, 0), EBADF);
  fails("process_madvise EPERM", process_madvise(pidfd, &remote, 1, MADV_COLD, 0), EPERM);
  int file = open("/", O_RDONLY), watcher = epoll_create1(0);
  struct kcmp_epoll_slot slot = {watcher, file, 0};
  equal("kcmp", kcmp(child, child, KCMP_VM, 0, 0), 0);
  fails("kcmp EBADF: the first", kcmp(getpid(), getpid(), KCMP_FILE, 99, file), EBADF);
  fails("kcmp EBADF: the second", kcmp(getpid(), getpid(), KCMP_FILE, file, 99), EBADF);
  fails("kcmp EFAULT: the slot", kcmp(getpid(), getpid(), KCMP_EPOLL_TFD, file, 8), EFAULT);
  fails("kcmp EINVAL: type", kcmp(child, child, 99, 0, 0), EINVAL);
  fails("kcmp ENOENT: not watched", kcmp(getpid(), getpid(), KCMP_EPOLL_TFD, file, (unsigned long)&slot), ENOENT);
  fails("kcmp ESRCH", kcmp(99999, child, KCMP_VM, 0, 0), ESRCH);
  equal("another user", in_child({
          setgid(1000), setuid(1000);
          fails("process_vm_writev EPERM", process_vm_writev(child, &local, 1, &remote, 1, 0), EPERM);
          fails("kcmp EPERM", kcmp(child, child, KCMP_VM, 0, 0), EPERM);
          fails("move_pages EPERM: another's", move_pages(child, 0, NULL, NULL, NULL, 0), EPERM);
          fails("migrate_pages EPERM: another's", migrate_pages(child, 0, NULL, NULL), EPERM);
        }), EXITED(0));
}

int main(void) {
  char *p = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  policies(p);
  pid_t child = fork();
  if (child == 0)
    for (;;) pause();
  int pidfd = syscall(SYS_pidfd_open, child, 0);
  others(p, child, pidfd);
  kill(child, SIGKILL);
  reap(child);
  struct iovec piece = {p, PAGE};
  fails("process_madvise ESRCH", process_madvise(pidfd, &piece, 1, MADV_COLD, 0), ESRCH);
  fails("process_mrelease ESRCH", syscall(SYS_process_mrelease, pidfd, 0), ESRCH);
  return finish();
}
