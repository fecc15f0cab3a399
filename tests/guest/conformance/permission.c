/* permission: who may do what, by user, group, mode bits, sticky directories and capabilities. */
#include "check.h"
#include <grp.h>
#include <sys/syscall.h>

/** Becomes an ordinary user. */
static void become(uid_t user, gid_t group) {
  setgroups(0, NULL);
  setresgid(group, group, group);
  setresuid(user, user, user);
}

static int may_open(const char *path, int flags) {
  int file = open(path, flags);
  if (file < 0) return -1;
  close(file);
  return 0;
}

static void as_other(void) {
  become(1000, 1000);
  equal("owner reads", may_open("u-r", O_RDONLY), 0);
  fails("owner without w", may_open("u-r", O_WRONLY), EACCES);
  fails("the owner's bits count even if others may", may_open("o-rw", O_RDONLY), EACCES);
  equal("others read", may_open("root-644", O_RDONLY), 0);
  fails("others do not write", may_open("root-644", O_WRONLY), EACCES);
  fails("a private file", may_open("root-600", O_RDONLY), EACCES);
  fails("O_TRUNC needs w", may_open("root-644", O_RDONLY | O_TRUNC), EACCES);
  fails("truncate needs w", truncate("root-644", 0), EACCES);
  fails("execve without x", execl("root-644", "x", NULL), EACCES);
  fails("execve of a directory", execl("open-dir", "x", NULL), EACCES);
  fails("search a closed directory", may_open("closed-dir/file", O_RDONLY), EACCES);
  fails("stat in it", access("closed-dir/file", F_OK), EACCES);
  equal("search without read", may_open("search-dir/file", O_RDONLY), 0);
  fails("but no listing", may_open("search-dir", O_RDONLY), EACCES);
  fails("read without search", may_open("list-dir/file", O_RDONLY), EACCES);
  equal("listing it", may_open("list-dir", O_RDONLY), 0);
  fails("chdir without x", chdir("list-dir"), EACCES);
  fails("create in another's directory", mkdir("dir-755/new", 0755), EACCES);
  fails("unlink in it", unlink("dir-755/file"), EACCES);
  fails("rename in it", rename("dir-755/file", "dir-755/file2"), EACCES);
  equal("create in an open directory", mkdir("open-dir/new", 0755), 0);
  equal("unlink another's file there", unlink("open-dir/root-file"), 0);
  fails("sticky: unlink another's", unlink("sticky-dir/root-file"), EPERM);
  fails("sticky: rename another's", rename("sticky-dir/root-file", "sticky-dir/moved"), EPERM);
  equal("sticky: unlink one's own", unlink("sticky-dir/own-file"), 0);
  fails("chmod another's file", chmod("root-644", 0777), EPERM);
  equal("chmod one's own", chmod("u-r", 0600), 0);
  fails("give a file away", chown("u-r", 1001, -1), EPERM);
  fails("to a group one is not in", chown("u-r", -1, 3000), EPERM);
  equal("to one's own group", chown("u-r", -1, 1000), 0);
  equal("set-group-id of a foreign group is dropped", ({ chmod("foreign-group", 02755); struct stat s; stat("foreign-group", &s); s.st_mode & 07777; }), 0755);
  fails("set another's times", utimensat(AT_FDCWD, "root-666", (struct timespec[2]){{1, 0}, {1, 0}}, 0), EPERM);
  equal("touch a writable one", utimensat(AT_FDCWD, "root-666", NULL, 0), 0);
  fails("touch another's", utimensat(AT_FDCWD, "root-644", NULL, 0), EACCES);
  fails("mknod of a device", mknod("open-dir/dev", S_IFCHR | 0666, 259), EPERM);
  equal("mkfifo", mkfifo("open-dir/fifo", 0666), 0);
  fails("chroot", chroot("open-dir"), EPERM);
  fails("sethostname", sethostname("x", 1), EPERM);
  fails("access asks with the real user", access("root-600", R_OK), EACCES);
}

static void as_group_member(void) {
  setgroups(2, (gid_t[]){2000, 3000});
  setresgid(1001, 1001, 1001);
  setresuid(1001, 1001, 1001);
  equal("group reads", may_open("g-r", O_RDONLY), 0);
  fails("group without w", may_open("g-r", O_WRONLY), EACCES);
  equal("a supplementary group", may_open("g-rw-3000", O_RDWR), 0);
}

static void with_real_user(void) {
  setresuid(1000, 0, 0);
  fails("access uses the real user", access("root-600", R_OK), EACCES);
  equal("open the effective one", may_open("root-600", O_RDONLY), 0);
  equal("AT_EACCESS the effective one", syscall(SYS_faccessat2, AT_FDCWD, "root-600", R_OK, AT_EACCESS), 0);
}

static void make(const char *path, uid_t user, gid_t group, mode_t mode) {
  make_file(path, "x");
  chown(path, user, group);
  chmod(path, mode);
}

static void make_directory(const char *path, mode_t mode) {
  mkdir(path, 0755);
  char file[64];
  snprintf(file, sizeof file, "%s/file", path);
  make(file, 0, 0, 0644);
  chmod(path, mode);
}

int main(void) {
  enter_scratch();
  make("u-r", 1000, 2000, 0400);
  make("o-rw", 1000, 2000, 0006);
  make("root-644", 0, 0, 0644);
  make("root-600", 0, 0, 0600);
  make("root-666", 0, 0, 0666);
  make("g-r", 0, 2000, 0640);
  make("g-rw-3000", 0, 3000, 0660);
  make("foreign-group", 1000, 2000, 0644);
  make_directory("closed-dir", 0700);
  make_directory("search-dir", 0711);
  make_directory("list-dir", 0744);
  make_directory("dir-755", 0755);
  make_directory("open-dir", 0777);
  make("open-dir/root-file", 0, 0, 0600);
  make_directory("sticky-dir", 01777);
  make("sticky-dir/root-file", 0, 0, 0666);
  make("sticky-dir/own-file", 1000, 1000, 0644);

  equal("root reads all", may_open("o-rw", O_RDWR), 0);
  make("no-x", 0, 0, 0644);
  fails("but root executes nothing without an x", access("no-x", X_OK), EACCES);
  chmod("no-x", 0610);
  equal("any x will do", access("no-x", X_OK), 0);
  equal("as another user", in_child(as_other()), 0);
  equal("as a member of groups", in_child(as_group_member()), 0);
  equal("real and effective user", in_child(with_real_user()), 0);
  equal("an open file keeps its rights", in_child({
          int file = open("root-600", O_RDWR);
          become(1000, 1000);
          equal("write after dropping rights", write(file, "y", 1), 1);
          fails("a new open fails", may_open("root-600", O_RDONLY), EACCES);
        }), 0);
  return finish();
}
