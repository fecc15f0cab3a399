/* path-at: the calls that take a directory descriptor, and their flags. */
#include "check.h"
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

static char text[256];

int main(void) {
  enter_scratch();
  struct stat status;
  mkdir("base", 0755);
  int base = open("base", O_RDONLY | O_DIRECTORY);
  make_file("file", "content");
  int file = open("file", O_RDWR);

  equal("mkdirat", mkdirat(base, "sub", 0700), 0);
  check("made there", stat("base/sub", &status) == 0 && status.st_mode == (S_IFDIR | 0700));
  fails("mkdirat relative to a file", mkdirat(file, "x", 0755), ENOTDIR);
  fails("mkdirat bad descriptor", mkdirat(99, "x", 0755), EBADF);
  equal("an absolute path ignores the descriptor", mkdirat(99, "/tmp/path-at/absolute", 0755), 0);
  equal("AT_FDCWD", mkdirat(AT_FDCWD, "here", 0755), 0);

  int made = openat(base, "f", O_CREAT | O_RDWR, 0644);
  check("openat", made >= 0 && access("base/f", F_OK) == 0);
  close(made);
  fails("openat relative to a file", openat(file, "x", O_RDONLY), ENOTDIR);
  fails("openat bad descriptor", openat(99, "x", O_RDONLY), EBADF);
  fails("openat missing", openat(base, "missing", O_RDONLY), ENOENT);
  made = openat(base, "../file", O_RDONLY);
  check("openat through ..", made >= 0);
  close(made);

  equal("fstatat", fstatat(base, "f", &status, 0), 0);
  equal("fstatat of an empty path needs a flag", ({ errno = 0; fstatat(base, "", &status, 0) == -1 && errno == ENOENT; }), 1);
  equal("AT_EMPTY_PATH", fstatat(base, "", &status, AT_EMPTY_PATH), 0);
  check("is the descriptor itself", S_ISDIR(status.st_mode));
  fails("fstatat bad flags", fstatat(base, "f", &status, 0x80), EINVAL);
  symlinkat("f", base, "link");
  equal("fstatat follows", ({ fstatat(base, "link", &status, 0); S_ISREG(status.st_mode); }), 1);
  equal("AT_SYMLINK_NOFOLLOW", ({ fstatat(base, "link", &status, AT_SYMLINK_NOFOLLOW); S_ISLNK(status.st_mode); }), 1);
  equal("readlinkat", readlinkat(base, "link", text, sizeof text), 1);
  fails("readlinkat of a file", readlinkat(base, "f", text, sizeof text), EINVAL);
  fails("readlinkat with an empty path", readlinkat(file, "", text, sizeof text), ENOENT);
  int link_handle = openat(base, "link", O_PATH | O_NOFOLLOW);
  equal("readlinkat of a link's handle", readlinkat(link_handle, "", text, sizeof text), 1);
  close(link_handle);

  equal("linkat", linkat(base, "f", AT_FDCWD, "f-again", 0), 0);
  equal("linkat of a symbolic link", linkat(base, "link", base, "link2", 0), 0);
  equal("makes a symbolic link", ({ fstatat(base, "link2", &status, AT_SYMLINK_NOFOLLOW); S_ISLNK(status.st_mode); }), 1);
  equal("linkat AT_SYMLINK_FOLLOW", linkat(base, "link", base, "link3", AT_SYMLINK_FOLLOW), 0);
  equal("links its target", ({ fstatat(base, "link3", &status, AT_SYMLINK_NOFOLLOW); S_ISREG(status.st_mode); }), 1);
  equal("three names now", status.st_nlink, 3);
  fails("linkat bad flags", linkat(base, "f", base, "z", AT_REMOVEDIR), EINVAL);

  equal("renameat", renameat(base, "link3", AT_FDCWD, "renamed"), 0);
  fails("renameat bad descriptor", renameat(99, "a", base, "b"), EBADF);
  fails("unlinkat a directory", unlinkat(base, "sub", 0), EISDIR);
  equal("AT_REMOVEDIR", unlinkat(base, "sub", AT_REMOVEDIR), 0);
  fails("AT_REMOVEDIR on a file", unlinkat(base, "f", AT_REMOVEDIR), ENOTDIR);
  equal("unlinkat", unlinkat(base, "link2", 0), 0);
  fails("unlinkat missing", unlinkat(base, "link2", 0), ENOENT);
  fails("unlinkat bad flags", unlinkat(base, "f", 0x10000), EINVAL);

  equal("faccessat", faccessat(base, "f", R_OK | W_OK, 0), 0);
  fails("faccessat not executable", syscall(SYS_faccessat, base, "f", X_OK), EACCES);
  fails("faccessat missing", syscall(SYS_faccessat, base, "missing", F_OK), ENOENT);
  fails("faccessat bad mode", syscall(SYS_faccessat, base, "f", 8), EINVAL);
  equal("faccessat2 AT_EACCESS", syscall(SYS_faccessat2, base, "f", R_OK, AT_EACCESS), 0);
  fails("faccessat2 bad flags", syscall(SYS_faccessat2, base, "f", R_OK, 0x4000), EINVAL);
  fails("access for writing, read-only", access("/readonly", W_OK), EROFS);

  equal("fchmodat", fchmodat(base, "f", 0600, 0), 0);
  equal("mode set", ({ stat("base/f", &status); status.st_mode & 07777; }), 0600);
  equal("fchownat", fchownat(base, "f", 12, 34, 0), 0);
  check("owner set", stat("base/f", &status) == 0 && status.st_uid == 12 && status.st_gid == 34);
  equal("fchownat of a link", fchownat(base, "link", 56, 78, AT_SYMLINK_NOFOLLOW), 0);
  check("the link's owner", fstatat(base, "link", &status, AT_SYMLINK_NOFOLLOW) == 0 && status.st_uid == 56);
  check("not the target's", stat("base/f", &status) == 0 && status.st_uid == 12);
  equal("fchownat AT_EMPTY_PATH", fchownat(file, "", 1, 2, AT_EMPTY_PATH), 0);
  check("changed the open file", fstat(file, &status) == 0 && status.st_uid == 1 && status.st_gid == 2);

  equal("mknodat a FIFO", mknodat(base, "fifo", S_IFIFO | 0644, 0), 0);
  equal("mknodat a file", mknodat(base, "plain", S_IFREG | 0644, 0), 0);
  fails("mknodat a directory", mknodat(base, "dir", S_IFDIR | 0755, 0), EPERM);
  fails("mknodat existing", mknodat(base, "plain", S_IFREG | 0644, 0), EEXIST);
  equal("mknodat a device", mknodat(base, "null", S_IFCHR | 0666, makedev(1, 3)), 0);
  check("device number", fstatat(base, "null", &status, 0) == 0 && S_ISCHR(status.st_mode) && status.st_rdev == makedev(1, 3));

  struct statx extended;
  memset(&extended, 0, sizeof extended);
  equal("statx", statx(base, "f", 0, STATX_BASIC_STATS, &extended), 0);
  check("statx fields", (extended.stx_mask & STATX_BASIC_STATS) == STATX_BASIC_STATS && extended.stx_mode == (S_IFREG | 0600) &&
                            extended.stx_uid == 12 && extended.stx_nlink == 3 && extended.stx_size == 0);
  fails("statx bad flags", statx(base, "f", 0x40000000, STATX_BASIC_STATS, &extended), EINVAL);
  fails("statx bad mask", statx(base, "f", 0, 0x80000000, &extended), EINVAL);

  struct statfs system;
  equal("statfs of a tmpfs", statfs("/tmp", &system), 0);
  check("TMPFS_MAGIC", system.f_type == 0x01021994 && system.f_namelen == 255 && system.f_bsize == 4096);
  equal("statfs of /proc", ({ statfs("/proc", &system); (long)system.f_type; }), 0x9fa0);
  equal("statfs of /dev/pts", ({ statfs("/dev/pts", &system); (long)system.f_type; }), 0x1cd1);
  equal("fstatfs", fstatfs(base, &system), 0);
  fails("statfs missing", statfs("missing", &system), ENOENT);
  fails("fstatfs bad descriptor", fstatfs(99, &system), EBADF);

  /* RESOLVE_BENEATH and friends. */
  struct { unsigned long flags, mode, resolve; } how = {O_RDONLY, 0, 8};
  made = syscall(SYS_openat2, base, "f", &how, sizeof how);
  check("openat2 RESOLVE_BENEATH", made >= 0);
  close(made);
  fails("openat2 does not leave", syscall(SYS_openat2, base, "../file", &how, sizeof how), EXDEV);
  how.resolve = 4;
  fails("openat2 RESOLVE_NO_SYMLINKS", syscall(SYS_openat2, base, "link", &how, sizeof how), ELOOP);
  fails("openat2 short structure", syscall(SYS_openat2, base, "f", &how, 8), EINVAL);
  return finish();
}
