/* capabilities: what execve makes of users, capabilities and secure bits, for programs with and without set-id bits and capabilities of
 * their own, with no_new_privs and on a mount without set-id (capabilities(7), execve(2)). The program executes itself and tells its state. */
#include "check.h"
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sched.h>
#include <sys/auxv.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/xattr.h>

#define ATTRIBUTE "security.capability"
#define BIT(capability) (1ul << (capability))

static const unsigned long docker = 0xa80425fb;

static int set_capabilities(unsigned long effective, unsigned long permitted, unsigned long inheritable) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2] = {{effective, permitted, inheritable}, {effective >> 32, permitted >> 32, inheritable >> 32}};
  return syscall(SYS_capset, &header, data);
}

/** Prints all that an exec may change. */
static void tell(const char *name) {
  uid_t u[3];
  gid_t g[3];
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct d[2];
  getresuid(&u[0], &u[1], &u[2]);
  getresgid(&g[0], &g[1], &g[2]);
  syscall(SYS_capget, &header, d);
  unsigned long ambient = 0;
  for (int i = 0; i < 41; i++)
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, i, 0, 0) == 1) ambient |= BIT(i);
  int death = 0;
  prctl(PR_GET_PDEATHSIG, &death);
  struct rlimit stack;
  getrlimit(RLIMIT_STACK, &stack);
  print_line("%s: users %d %d %d groups %d %d %d inheritable %x permitted %x effective %x ambient %lx bits %x secure %lu dumpable %d death %d stack %lu "
             "personality %x",
             name, u[0], u[1], u[2], g[0], g[1], g[2], d[0].inheritable, d[0].permitted, d[0].effective, ambient, prctl(PR_GET_SECUREBITS),
             getauxval(AT_SECURE), prctl(PR_GET_DUMPABLE), death, stack.rlim_cur >> 20, personality(0xffffffff));
}

/** Gives `path` capabilities, of revision 2; none when all is zero. */
static void file_capabilities(const char *path, unsigned long permitted, unsigned long inheritable, int effective) {
  removexattr(path, ATTRIBUTE);
  if (!permitted && !inheritable && !effective) return;
  unsigned words[5] = {VFS_CAP_REVISION_2 | (effective ? VFS_CAP_FLAGS_EFFECTIVE : 0), permitted, inheritable, permitted >> 32, inheritable >> 32};
  if (setxattr(path, ATTRIBUTE, words, sizeof words, 0) < 0) print_line("FAIL setting capabilities (errno %s)", error_name(errno));
}

static void run(const char *path, const char *name) {
  char *arguments[] = {(char *)"capabilities", (char *)name, NULL};
  execve(path, arguments, NULL);
  print_line("%s: %s", name, error_name(errno));
  _exit(0);
}

/** Who executes. */
enum user { ROOT, PLAIN, INHERITABLE, AMBIENT, NOT_EFFECTIVE_ROOT, EFFECTIVE_ROOT, KEPT, USERS };
static const char *const user_names[] = {"root", "plain", "inheritable", "ambient", "not effective root", "effective root", "kept"};

static void become(enum user user) {
  prctl(PR_SET_PDEATHSIG, SIGURG);
  switch (user) {
    case ROOT: break;
    case PLAIN: setresgid(1000, 1000, 1000), setresuid(1000, 1000, 1000); break;
    case INHERITABLE:
      set_capabilities(docker, docker, BIT(CAP_CHOWN) | BIT(CAP_KILL));
      setresgid(1000, 1000, 1000), setresuid(1000, 1000, 1000);
      break;
    case AMBIENT:
      prctl(PR_SET_KEEPCAPS, 1);
      setresgid(1000, 1000, 1000), setresuid(1000, 1000, 1000);
      set_capabilities(BIT(CAP_CHOWN), BIT(CAP_CHOWN) | BIT(CAP_FOWNER), BIT(CAP_CHOWN) | BIT(CAP_FOWNER));
      prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN, 0, 0);
      prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_FOWNER, 0, 0);
      break;
    case NOT_EFFECTIVE_ROOT: setresuid(0, 1000, 0); break;
    case EFFECTIVE_ROOT: setresuid(1000, 0, 0); break;
    case KEPT:
      prctl(PR_SET_KEEPCAPS, 1);
      setresgid(1000, 1000, 1000), setresuid(1000, 1000, 1000);
      set_capabilities(docker, docker, 0);
      break;
    default: break;
  }
  prctl(PR_SET_PDEATHSIG, SIGURG);
}

struct file {
  const char *name;
  unsigned long permitted, inheritable;
  int effective;
};
static const struct file files[] = {
    {"no capabilities", 0, 0, 0},
    {"chown", BIT(CAP_CHOWN), 0, 0},
    {"chown, effective", BIT(CAP_CHOWN), 0, 1},
    {"inheritable kill and chown", 0, BIT(CAP_KILL) | BIT(CAP_CHOWN), 1},
    {"one that is out of bounds", BIT(CAP_SYS_ADMIN) | BIT(CAP_CHOWN), 0, 0},
    {"one that is out of bounds, effective", BIT(CAP_SYS_ADMIN) | BIT(CAP_CHOWN), 0, 1},
    {"one of the upper half", BIT(CAP_MAC_ADMIN) | BIT(CAP_FOWNER), 0, 0},
    {"effective alone", 0, 0, 1},
};
enum { FILES = sizeof files / sizeof *files };

static const struct {
  const char *name;
  mode_t mode;
  uid_t owner;
} modes[] = {{"", 0755, 0}, {", set-user-ID root", 04755, 0}, {", set-user-ID", 04755, 2000}, {", set-group-ID", 02755, 0}, {", locking", 02745, 0}};

static const struct {
  const char *name;
  unsigned long bits;
} secures[] = {{"", 0}, {", no root", SECBIT_NOROOT}, {", no root and no fixup", SECBIT_NOROOT | SECBIT_NO_SETUID_FIXUP}};

/** Every user, capabilities, mode, secure bits and no_new_privs. */
static void matrix(const char *path, const char *where, int mode_count, int secure_count) {
  for (int m = 0; m < mode_count; m++) {
    for (int f = 0; f < FILES; f++) {
      chown(path, modes[m].owner, 3000);
      chmod(path, modes[m].mode);
      file_capabilities(path, files[f].permitted, files[f].inheritable, files[f].effective);
      for (int u = 0; u < USERS; u++)
        for (int s = 0; s < secure_count; s++)
          for (int n = 0; n < 2; n++) {
            // Linux 6.16 changed what no_new_privs does to who is two users already.
            if (n && (u == NOT_EFFECTIVE_ROOT || u == EFFECTIVE_ROOT)) continue;
            char name[200];
            snprintf(name, sizeof name, "%s%s, %s%s%s%s", where, user_names[u], files[f].name, modes[m].name, secures[s].name, n ? ", no new" : "");
            in_child({
              if (secures[s].bits) prctl(PR_SET_SECUREBITS, secures[s].bits);
              become(u);
              if (n) prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
              run(path, name);
            });
          }
    }
  }
}

static const unsigned sound[6] = {VFS_CAP_REVISION_2, 1, 0, 0, 0, 0};

static void attribute(const char *path) {
  unsigned words[6] = {VFS_CAP_REVISION_3, 1, 0, 0, 0, 0};
  fails("an attribute that is too short", setxattr(path, ATTRIBUTE, sound, 16, 0), EINVAL);
  fails("an attribute that is too long", setxattr(path, ATTRIBUTE, sound, 24, 0), EINVAL);
  fails("revision 3 without a user", setxattr(path, ATTRIBUTE, words, 20, 0), EINVAL);
  words[0] = VFS_CAP_REVISION_1;
  fails("revision 1", setxattr(path, ATTRIBUTE, words, 12, 0), EINVAL);
  words[0] = 0x04000000;
  fails("an unknown revision", setxattr(path, ATTRIBUTE, words, 20, 0), EINVAL);
  words[0] = VFS_CAP_REVISION_2 | 2;
  fails("an unknown flag", setxattr(path, ATTRIBUTE, words, 20, 0), EINVAL);
  equal("a sound one", setxattr(path, ATTRIBUTE, sound, 20, 0), 0);
  equal("is read", getxattr(path, ATTRIBUTE, words, sizeof words), 20);
  equal("byte for byte", memcmp(words, sound, 20), 0);
  fails("another security attribute takes more", setxattr(path, "security.other", "x", 1, 0), EPERM);
  equal("without CAP_SETFCAP", in_child({
          set_capabilities(docker & ~BIT(CAP_SETFCAP), docker, 0);
          fails("setting", setxattr(path, ATTRIBUTE, sound, 20, 0), EPERM);
          fails("removing", removexattr(path, ATTRIBUTE), EPERM);
          equal("reading", getxattr(path, ATTRIBUTE, words, sizeof words), 20);
        }), 0);
  make_file("/set-id/written", "x");
  equal("set", setxattr("/set-id/written", ATTRIBUTE, sound, 20, 0), 0);
  int file = open("/set-id/written", O_WRONLY);
  equal("write", write(file, "y", 1), 1);
  fails("writing takes it off", getxattr("/set-id/written", ATTRIBUTE, NULL, 0), ENODATA);
  equal("set again", setxattr("/set-id/written", ATTRIBUTE, sound, 20, 0), 0);
  equal("truncate", ftruncate(file, 0), 0);
  fails("so does truncating", getxattr("/set-id/written", ATTRIBUTE, NULL, 0), ENODATA);
  equal("and again", setxattr("/set-id/written", ATTRIBUTE, sound, 20, 0), 0);
  equal("chown", chown("/set-id/written", 5, 5), 0);
  fails("so does another owner", getxattr("/set-id/written", ATTRIBUTE, NULL, 0), ENODATA);
  close(file);
  unlink("/set-id/written");
}

static int call_run(void *name) {
  setresgid(1000, 1000, 1000);
  setresuid(1000, 1000, 1000);
  run("/set-id/program", name);
  return 0;
}

static void others(const char *path) {
  chown(path, 0, 0);
  chmod(path, 04755);
  removexattr(path, ATTRIBUTE);
  // Directories that are shared with another process could be changed under a privileged program.
  static char stack[65536] __attribute__((aligned(16)));
  pid_t child = clone(call_run, stack + sizeof stack, CLONE_FS | SIGCHLD, (void *)"shared directories, set-user-ID root");
  reap(child);
  child = clone(call_run, stack + sizeof stack, SIGCHLD, (void *)"directories of one's own, set-user-ID root");
  reap(child);
  in_child({
    setrlimit(RLIMIT_STACK, &(struct rlimit){64 << 20, RLIM_INFINITY});
    personality(ADDR_NO_RANDOMIZE);
    become(PLAIN);
    run(path, "a large stack and a personality, set-user-ID root");
  });
  chmod(path, 0755);
  in_child({
    setrlimit(RLIMIT_STACK, &(struct rlimit){64 << 20, RLIM_INFINITY});
    personality(ADDR_NO_RANDOMIZE);
    become(PLAIN);
    run(path, "a large stack and a personality");
  });
  chmod(path, 0711);
  in_child({
    become(PLAIN);
    run(path, "a program that cannot be read");
  });
  chmod(path, 0755);
  equal("locked bits", in_child({
          equal("lock", prctl(PR_SET_SECUREBITS, SECBIT_KEEP_CAPS_LOCKED | SECBIT_NOROOT | SECBIT_NOROOT_LOCKED), 0);
          fails("unlock", prctl(PR_SET_SECUREBITS, SECBIT_NOROOT), EPERM);
          fails("change", prctl(PR_SET_SECUREBITS, SECBIT_KEEP_CAPS_LOCKED | SECBIT_NOROOT_LOCKED), EPERM);
          fails("keeping is locked", prctl(PR_SET_KEEPCAPS, 1), EPERM);
          run(path, "locked bits");
        }), 0);
  equal("no ambient", in_child({
          set_capabilities(docker, docker, docker);
          prctl(PR_SET_SECUREBITS, SECBIT_NO_CAP_AMBIENT_RAISE);
          fails("raise", prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN, 0, 0), EPERM);
        }), 0);
  equal("ambient follows the others", in_child({
          set_capabilities(docker, docker, BIT(CAP_CHOWN) | BIT(CAP_KILL));
          equal("raise", prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN, 0, 0), 0);
          equal("raise another", prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_KILL, 0, 0), 0);
          set_capabilities(docker, docker, BIT(CAP_CHOWN));
          equal("not inheritable, not ambient", prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_KILL, 0, 0), 0);
          set_capabilities(0, docker & ~BIT(CAP_CHOWN), BIT(CAP_CHOWN));
          equal("not permitted, not ambient", prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_CHOWN, 0, 0), 0);
        }), 0);
}

int main(int count, char **arguments) {
  if (count == 2) {
    tell(arguments[1]);
    return 0;
  }
  enter_scratch();
  mkdir("/set-id", 0755);
  in_child(execl("/bin/sh", "sh", "-c", "cat /bin/guest > /set-id/program; cat /bin/guest > /tmp/capabilities/program", NULL));
  chmod("/set-id/program", 0755);
  attribute("/set-id/program");
  matrix("/set-id/program", "", 5, 3);
  // /tmp is mounted nosuid.
  matrix("/tmp/capabilities/program", "nosuid: ", 2, 1);
  others("/set-id/program");
  unlink("/set-id/program");
  return finish();
}
