/* Memory policies on one node, moving pages, protection keys of a CPU without them, sealed mappings, remap_file_pages, MADV_REMOVE, cachestat. */
#include "check.h"
#include <linux/mempolicy.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#define SYS_MSEAL 462
#define SYS_CACHESTAT 451
#define PAGE 4096

static long set_policy(int mode, unsigned long *nodes, unsigned long count) { return syscall(SYS_set_mempolicy, mode, nodes, count); }
static long bind_to(void *start, unsigned long length, int mode, unsigned long *nodes, unsigned long count, unsigned flags) {
  return syscall(SYS_mbind, start, length, mode, nodes, count, flags);
}
static int policy_mode;
static unsigned long policy_nodes[16];
static long get_policy(unsigned long count, void *address, unsigned long flags) {
  policy_mode = -1;
  memset(policy_nodes, 0xff, sizeof policy_nodes);
  return syscall(SYS_get_mempolicy, &policy_mode, count ? policy_nodes : NULL, count, address, flags);
}
static char *map(unsigned pages) {
  return mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void policies(void) {
  unsigned long none = 0, first = 1, second = 2, both = 3;
  equal("get: default", get_policy(1024, NULL, 0), 0);
  check("which names nothing", policy_mode == MPOL_DEFAULT && policy_nodes[0] == 0 && policy_nodes[15] == 0);
  equal("get: what is allowed", get_policy(1024, NULL, MPOL_F_MEMS_ALLOWED), 0);
  check("is node 0", policy_nodes[0] == 1 && policy_nodes[1] == 0);
  fails("get: unknown flags", get_policy(0, NULL, 64), EINVAL);
  fails("get: an address without its flag", get_policy(0, &first, 0), EINVAL);
  fails("get: node of a policy that has none", get_policy(0, NULL, MPOL_F_NODE), EINVAL);
  fails("get: nothing mapped", get_policy(0, (void *)PAGE, MPOL_F_ADDR), EFAULT);
  fails("get: both", get_policy(0, NULL, MPOL_F_MEMS_ALLOWED | MPOL_F_ADDR), EINVAL);
  fails("set: unknown", set_policy(99, NULL, 0), EINVAL);
  fails("set: default with nodes", set_policy(MPOL_DEFAULT, &first, 64), EINVAL);
  fails("set: bind to nothing", set_policy(MPOL_BIND, &none, 64), EINVAL);
  fails("set: a node that is not there", set_policy(MPOL_BIND, &second, 64), EINVAL);
  fails("set: bad pointer", set_policy(MPOL_BIND, (void *)8, 64), EFAULT);
  fails("set: static and relative", set_policy(MPOL_BIND | MPOL_F_STATIC_NODES | MPOL_F_RELATIVE_NODES, &first, 64), EINVAL);
  equal("set: bind", set_policy(MPOL_BIND, &both, 64), 0);
  equal("get", get_policy(1024, NULL, 0), 0);
  check("bound to node 0", policy_mode == MPOL_BIND && policy_nodes[0] == 1);
  equal("a child", in_child(check("has the policy, too", get_policy(0, NULL, 0) == 0 && policy_mode == MPOL_BIND)), EXITED(0));
  equal("set: interleave", set_policy(MPOL_INTERLEAVE | MPOL_F_STATIC_NODES, &first, 64), 0);
  equal("get: next node", get_policy(0, NULL, MPOL_F_NODE), 0);
  equal("is 0", policy_mode, 0);
  equal("get", get_policy(0, NULL, 0), 0);
  equal("with its flag", policy_mode, MPOL_INTERLEAVE | MPOL_F_STATIC_NODES);
  equal("set: preferred, none", set_policy(MPOL_PREFERRED, NULL, 0), 0);
  equal("get", get_policy(1024, NULL, 0), 0);
  check("is local", policy_mode == MPOL_LOCAL && policy_nodes[0] == 0);
  fails("set: local with nodes", set_policy(MPOL_LOCAL, &first, 64), EINVAL);
  equal("set: default", set_policy(MPOL_DEFAULT, NULL, 0), 0);
}

static void ranges(void) {
  unsigned long first = 1;
  char *p = map(4);
  p[0] = 1;
  equal("mbind", bind_to(p + PAGE, 2 * PAGE, MPOL_BIND, &first, 64, MPOL_MF_STRICT | MPOL_MF_MOVE), 0);
  equal("before", get_policy(0, p, MPOL_F_ADDR), 0);
  equal("default", policy_mode, MPOL_DEFAULT);
  equal("within", get_policy(1024, p + 2 * PAGE, MPOL_F_ADDR), 0);
  check("bound", policy_mode == MPOL_BIND && policy_nodes[0] == 1);
  equal("node of a page", get_policy(0, p, MPOL_F_ADDR | MPOL_F_NODE), 0);
  equal("is 0", policy_mode, 0);
  fails("mbind: not aligned", bind_to(p + 1, PAGE, MPOL_BIND, &first, 64, 0), EINVAL);
  fails("mbind: flags", bind_to(p, PAGE, MPOL_BIND, &first, 64, 64), EINVAL);
  fails("mbind: move all", bind_to(p, PAGE, MPOL_BIND, &first, 64, MPOL_MF_MOVE_ALL), EPERM);
  equal("mbind: nothing", bind_to(p, 0, MPOL_BIND, &first, 64, 0), 0);
  munmap(p + 3 * PAGE, PAGE);
  fails("mbind: a hole", bind_to(p, 4 * PAGE, MPOL_BIND, &first, 64, 0), EFAULT);
  equal("home node", syscall(SYS_set_mempolicy_home_node, p + PAGE, PAGE, 0, 0), 0);
  fails("home node: no policy", syscall(SYS_set_mempolicy_home_node, p, PAGE, 0, 0), ENOENT);
  fails("home node: not there", syscall(SYS_set_mempolicy_home_node, p + PAGE, PAGE, 9, 0), EINVAL);
  fails("home node: flags", syscall(SYS_set_mempolicy_home_node, p + PAGE, PAGE, 0, 1), EINVAL);
  void *pages[3] = {p, p + PAGE, (void *)PAGE};
  int nodes[3] = {0, 0, 0}, bad[1] = {5}, status[3] = {9, 9, 9};
  equal("move_pages: where they are", syscall(SYS_move_pages, 0, 3, pages, NULL, status, 0), 0);
  check("there, not touched, not mapped", status[0] == 0 && status[1] == -ENOENT && status[2] == -EFAULT);
  equal("move_pages: to where they are", syscall(SYS_move_pages, 0, 1, pages, nodes, status, MPOL_MF_MOVE), 0);
  equal("is where it was", status[0], 0);
  fails("move_pages: no such node", syscall(SYS_move_pages, 0, 1, pages, bad, status, MPOL_MF_MOVE), ENODEV);
  fails("move_pages: flags", syscall(SYS_move_pages, 0, 1, pages, nodes, status, 64), EINVAL);
  fails("move_pages: all", syscall(SYS_move_pages, 0, 1, pages, nodes, status, MPOL_MF_MOVE_ALL), EPERM);
  fails("move_pages: nobody", syscall(SYS_move_pages, 99999, 1, pages, nodes, status, 0), ESRCH);
  equal("migrate_pages", syscall(SYS_migrate_pages, 0, 64, &first, &first), 0);
  fails("migrate_pages: nobody", syscall(SYS_migrate_pages, 99999, 64, &first, &first), ESRCH);
}

static void keys(void) {
  char *p = map(1);
  fails("pkey_alloc", syscall(SYS_pkey_alloc, 0, 0), EINVAL);
  fails("pkey_alloc: flags", syscall(SYS_pkey_alloc, 1, 0), EINVAL);
  fails("pkey_alloc: rights", syscall(SYS_pkey_alloc, 0, 4), EINVAL);
  fails("pkey_free", syscall(SYS_pkey_free, 1), EINVAL);
  fails("pkey_mprotect", syscall(SYS_pkey_mprotect, p, PAGE, PROT_READ, 1), EINVAL);
  equal("pkey_mprotect without a key", syscall(SYS_pkey_mprotect, p, PAGE, PROT_READ, -1), 0);
}

static void sealing(void) {
  char *p = map(4);
  p[PAGE] = 7;
  fails("mseal: flags", syscall(SYS_MSEAL, p, PAGE, 1), EINVAL);
  fails("mseal: not aligned", syscall(SYS_MSEAL, p + 1, PAGE, 0), EINVAL);
  fails("mseal: not mapped", syscall(SYS_MSEAL, (void *)PAGE, PAGE, 0), ENOMEM);
  mprotect(p + PAGE, PAGE, PROT_READ);
  equal("mseal: nothing", syscall(SYS_MSEAL, p, 0, 0), 0);
  equal("mseal", syscall(SYS_MSEAL, p + PAGE, PAGE, 0), 0);
  equal("again", syscall(SYS_MSEAL, p + PAGE, PAGE, 0), 0);
  fails("munmap", munmap(p, 4 * PAGE), EPERM);
  fails("mprotect", mprotect(p + PAGE, PAGE, PROT_READ | PROT_WRITE), EPERM);
  check("mmap over it", mmap(p + PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED && errno == EPERM);
  check("mremap", mremap(p + PAGE, PAGE, 2 * PAGE, MREMAP_MAYMOVE) == MAP_FAILED && errno == EPERM);
  fails("discard", madvise(p + PAGE, PAGE, MADV_DONTNEED), EPERM);
  equal("other advice", madvise(p + PAGE, PAGE, MADV_WILLNEED), 0);
  equal("its neighbours", mprotect(p + 2 * PAGE, PAGE, PROT_READ), 0);
  equal("what was there", p[PAGE], 7);
  equal("a child", in_child(fails("has it sealed", munmap(p + PAGE, PAGE), EPERM)), EXITED(0));
}

static void files(void) {
  int file = open("pages", O_RDWR | O_CREAT, 0600);
  char page[PAGE];
  for (int i = 0; i < 4; i++) memset(page, 'a' + i, PAGE), write(file, page, PAGE);
  char *p = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  equal("remap_file_pages", syscall(SYS_remap_file_pages, p, PAGE, 0, 2, 0), 0);
  check("shows another page", p[0] == 'c' && p[PAGE] == 'b');
  fails("remap_file_pages: access", syscall(SYS_remap_file_pages, p, PAGE, PROT_READ, 2, 0), EINVAL);
  fails("remap_file_pages: private memory", syscall(SYS_remap_file_pages, map(1), PAGE, 0, 0, 0), EINVAL);
  struct {
    unsigned long offset, length;
  } range = {0, 0};
  struct {
    unsigned long cache, dirty, writeback, evicted, recently;
  } status = {9, 9, 9, 9, 9};
  equal("cachestat", syscall(SYS_CACHESTAT, file, &range, &status, 0), 0);
  equal("all pages", status.cache, 4);
  range.offset = 1, range.length = PAGE;
  equal("cachestat: part", syscall(SYS_CACHESTAT, file, &range, &status, 0), 0);
  equal("two pages", status.cache, 2);
  fails("cachestat: flags", syscall(SYS_CACHESTAT, file, &range, &status, 1), EINVAL);
  fails("cachestat: descriptor", syscall(SYS_CACHESTAT, 99, &range, &status, 0), EBADF);
  fails("cachestat: pointer", syscall(SYS_CACHESTAT, file, 8, &status, 0), EFAULT);
  equal("MADV_REMOVE", madvise(p + PAGE, PAGE, MADV_REMOVE), 0);
  check("makes zeros", p[PAGE] == 0 && pread(file, page, 1, PAGE) == 1 && page[0] == 0);
  check("of that page only", p[3 * PAGE] == 'd' && p[0] == 'c');
  fails("MADV_REMOVE: private memory", madvise(map(1), PAGE, MADV_REMOVE), EINVAL);
  char *private = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
  fails("MADV_REMOVE: a private mapping", madvise(private, PAGE, MADV_REMOVE), EACCES);
  fails("fallocate: collapse", fallocate(file, 8, 0, PAGE), EOPNOTSUPP);
  fails("fallocate: insert", fallocate(file, 32, 0, PAGE), EOPNOTSUPP);
  fails("fallocate: unshare", fallocate(file, 64, 0, PAGE), EOPNOTSUPP);
}

/** Advice that sets a flag does so for the range it names. */
static void partly(void) {
  char *p = map(3);
  memset(p, 5, 3 * PAGE);
  equal("MADV_WIPEONFORK", madvise(p + PAGE, PAGE, MADV_WIPEONFORK), 0);
  equal("the child", in_child(check("has the neighbours", p[0] == 5 && p[2 * PAGE] == 5); equal("but not that", p[PAGE], 0)), EXITED(0));
}

int main(void) {
  enter_scratch();
  policies();
  ranges();
  keys();
  sealing();
  files();
  partly();
  return finish();
}
