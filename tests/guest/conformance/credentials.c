/* credentials: user and group ids, their transitions, set-user-id programs and capabilities over exec. */
#include "check.h"
#include <grp.h>
#include <linux/capability.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>

/** The effective capabilities, as a mask. */
static unsigned long capabilities(int permitted) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2];
  if (syscall(SYS_capget, &header, data) < 0) return -1;
  return permitted ? data[0].permitted | (unsigned long)data[1].permitted << 32 : data[0].effective | (unsigned long)data[1].effective << 32;
}

static int set_capabilities(unsigned long effective, unsigned long permitted, unsigned long inheritable) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2] = {{effective, permitted, inheritable}, {effective >> 32, permitted >> 32, inheritable >> 32}};
  return syscall(SYS_capset, &header, data);
}

static int users_are(uid_t real, uid_t effective, uid_t saved) {
  uid_t now[3];
  getresuid(&now[0], &now[1], &now[2]);
  return now[0] == real && now[1] == effective && now[2] == saved;
}

static int groups_are(gid_t real, gid_t effective, gid_t saved) {
  gid_t now[3];
  getresgid(&now[0], &now[1], &now[2]);
  return now[0] == real && now[1] == effective && now[2] == saved;
}

static const unsigned long docker = 0xa80425fb;

static void as_root(void) {
  check("root at first", users_are(0, 0, 0) && groups_are(0, 0, 0));
  equal("no supplementary groups", getgroups(0, NULL), 0);
  equal("the container's capabilities", capabilities(0), docker);
  equal("all of them permitted", capabilities(1), docker);
  equal("setuid drops all three", in_child({
          equal("setuid", setuid(1000), 0);
          check("real, effective, saved", users_are(1000, 1000, 1000));
          equal("no capabilities are left", capabilities(0) | capabilities(1), 0);
          fails("no way back", setuid(0), EPERM);
          fails("nor sideways", seteuid(1001), EPERM);
          equal("to oneself", setuid(1000), 0);
          fails("setgid", setgid(5), EPERM);
          fails("setgroups", setgroups(0, NULL), EPERM);
        }), 0);
  equal("seteuid keeps the way back", in_child({
          equal("seteuid", seteuid(1000), 0);
          check("only the effective one", users_are(0, 1000, 0));
          equal("effective capabilities go", capabilities(0), 0);
          equal("permitted ones stay", capabilities(1), docker);
          equal("back", seteuid(0), 0);
          equal("effective again", capabilities(0), docker);
        }), 0);
  equal("setresuid", in_child({
          equal("three different", setresuid(1, 2, 3), 0);
          check("set", users_are(1, 2, 3));
          equal("permute", setresuid(2, 3, 1), 0);
          check("permuted", users_are(2, 3, 1));
          equal("-1 keeps", setresuid(-1, 1, -1), 0);
          check("kept", users_are(2, 1, 1));
          fails("a stranger", setresuid(9, -1, -1), EPERM);
          equal("setreuid", setreuid(1, 2), 0);
          check("setreuid sets the saved one too", users_are(1, 2, 2));
        }), 0);
  equal("setresgid", in_child({
          equal("three groups", setresgid(1, 2, 3), 0);
          check("set", groups_are(1, 2, 3));
          equal("setregid", setregid(4, 5), 0);
          check("saved follows", groups_are(4, 5, 5));
          equal("setgid as root sets all", setgid(6), 0);
          check("all", groups_are(6, 6, 6));
        }), 0);
  equal("groups", in_child({
          gid_t list[4];
          equal("setgroups", setgroups(3, (gid_t[]){30, 10, 20}), 0);
          equal("count", getgroups(0, NULL), 3);
          equal("list", getgroups(4, list), 3);
          equal("their sum", list[0] + list[1] + list[2], 60);
          fails("too small a list", getgroups(2, list), EINVAL);
          fails("a negative size", getgroups(-1, list), EINVAL);
          fails("too many", setgroups(65537, list), EINVAL);
        }), 0);
  equal("setfsuid answers the old one", in_child({
          equal("first", setfsuid(1000), 0);
          equal("then", setfsuid(-1), 1000);
          make_file("/tmp/of-fsuid", "");
          struct stat status;
          stat("/tmp/of-fsuid", &status);
          equal("files belong to it", status.st_uid, 1000);
        }), 0);
}

static void capability_calls(void) {
  struct __user_cap_header_struct header = {0x12345678, 0};
  fails("bad version", syscall(SYS_capget, &header, (void *)8), EINVAL);
  equal("the kernel's version is told", header.version, _LINUX_CAPABILITY_VERSION_3);
  header = (struct __user_cap_header_struct){_LINUX_CAPABILITY_VERSION_3, 999999};
  struct __user_cap_data_struct data[2];
  fails("capget of a missing process", syscall(SYS_capget, &header, data), ESRCH);
  equal("the bounding set has CAP_CHOWN", prctl(PR_CAPBSET_READ, CAP_CHOWN), 1);
  equal("but not CAP_SYS_ADMIN", prctl(PR_CAPBSET_READ, CAP_SYS_ADMIN), 0);
  fails("there is no capability 63", prctl(PR_CAPBSET_READ, 63), EINVAL);
  equal("dropping", in_child({
          equal("effective only", set_capabilities(0, docker, 0), 0);
          fails("chown without it", chown(".", 5, 5), EPERM);
          equal("raise it again", set_capabilities(docker, docker, 0), 0);
          equal("chown with it", chown(".", 0, 0), 0);
          fails("one it does not have", set_capabilities(docker, docker | 1UL << CAP_SYS_ADMIN, 0), EPERM);
          equal("drop one for good", set_capabilities(docker & ~1UL, docker & ~1UL, 0), 0);
          fails("it does not come back", set_capabilities(docker, docker, 0), EPERM);
          equal("PR_CAPBSET_DROP", prctl(PR_CAPBSET_DROP, CAP_KILL), 0);
          equal("dropped", prctl(PR_CAPBSET_READ, CAP_KILL), 0);
        }), 0);
  equal("the way over exec", in_child({
          prctl(PR_CAPBSET_DROP, CAP_MKNOD);
          execl("/bin/credentials", "credentials", "without-mknod", NULL);
        }), 0);
  equal("PR_SET_KEEPCAPS", in_child({
          prctl(PR_SET_KEEPCAPS, 1);
          setresuid(1000, 1000, 1000);
          equal("permitted stay", capabilities(1), docker);
          equal("effective go", capabilities(0), 0);
          set_capabilities(docker, docker, 0);
          execl("/bin/credentials", "credentials", "none", NULL);
        }), 0);
  equal("ambient capabilities", in_child({
          fails("not inheritable yet", prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN, 0, 0), EPERM);
          prctl(PR_SET_KEEPCAPS, 1);
          setresuid(1000, 1000, 1000);
          set_capabilities(docker, docker, 1UL << CAP_CHOWN);
          equal("raise", prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN, 0, 0), 0);
          equal("is raised", prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_CHOWN, 0, 0), 1);
          execl("/bin/credentials", "credentials", "ambient-chown", NULL);
        }), 0);
  equal("what is not in Docker's set", in_child({
          fails("mount", mount("none", "/tmp", "tmpfs", 0, NULL), EPERM);
          fails("umount", umount("/tmp"), EPERM);
          fails("sethostname", sethostname("x", 1), EPERM);
          fails("settimeofday", settimeofday(&(struct timeval){1, 1}, NULL), EPERM);
          fails("reboot", syscall(SYS_reboot, 0xfee1dead, 0x28121969, 0x01234567, NULL), EPERM);
          fails("a negative nice value", (errno = 0, setpriority(PRIO_PROCESS, 0, -5)), EACCES);
          fails("a higher hard limit", setrlimit(RLIMIT_NOFILE, &(struct rlimit){1024, 1 << 19}), EPERM);
          fails("swapon", syscall(SYS_swapon, "/dev/null", 0), EPERM);
        }), 0);
}

static void set_id_programs(void) {
  mkdir("/set-id", 0755);
  in_child(execl("/bin/sh", "sh", "-c", "cat /bin/guest > /set-id/credentials", NULL));
  chown("/set-id/credentials", 2000, 3000);
  chmod("/set-id/credentials", 06755);
  equal("a set-user-id program", in_child({
          setresgid(1000, 1000, 1000);
          setresuid(1000, 1000, 1000);
          execl("/set-id/credentials", "credentials", "set-id", NULL);
        }), 0);
  equal("with no_new_privs", in_child({
          setresgid(1000, 1000, 1000);
          setresuid(1000, 1000, 1000);
          prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
          execl("/set-id/credentials", "credentials", "not-set-id", NULL);
        }), 0);
  chown("/set-id/credentials", 0, 0);
  chmod("/set-id/credentials", 04755);
  equal("set-user-id root", in_child({
          setresuid(1000, 1000, 1000);
          execl("/set-id/credentials", "credentials", "set-root", NULL);
        }), 0);
}

/** Runs as the executed program: `credentials WHAT`. */
static int look(const char *what) {
  if (!strcmp(what, "without-mknod")) equal("the bounding set limits root", capabilities(1), docker & ~(1UL << CAP_MKNOD));
  if (!strcmp(what, "none")) equal("an ordinary user has none after exec", capabilities(1) | capabilities(0), 0);
  if (!strcmp(what, "ambient-chown")) equal("ambient ones stay", capabilities(0), 1UL << CAP_CHOWN);
  if (!strcmp(what, "set-id")) check("effective and saved", users_are(1000, 2000, 2000) && groups_are(1000, 3000, 3000));
  if (!strcmp(what, "not-set-id")) check("nothing changed", users_are(1000, 1000, 1000) && groups_are(1000, 1000, 1000));
  if (!strcmp(what, "set-root")) {
    check("effective root", users_are(1000, 0, 0));
    equal("with root's capabilities", capabilities(0), docker);
    equal("setuid as root", setuid(1000), 0);
    check("drops the saved one", users_are(1000, 1000, 1000));
  }
  return finish();
}

int main(int count, char **arguments) {
  if (count == 2) return look(arguments[1]);
  enter_scratch();
  as_root();
  capability_calls();
  set_id_programs();
  return finish();
}
