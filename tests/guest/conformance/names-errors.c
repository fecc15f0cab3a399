/* names-errors: the errors of calls that make, move and remove names. */
#include "badpath.h"
#include <linux/fs.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

static int raw_rename2(int a, const char *from, int b, const char *to, unsigned flags) { return syscall(SYS_renameat2, a, from, b, to, flags); }

/** The names of a folder whose owner alone may remove them, and a folder that users may not write. */
static void prepare(void) {
  make_bad_paths();
  mkdir("folder", 0755);
  mkdir("empty", 0755);
  make_file("folder/file", "x");
  mkdir("sticky", 0777);
  chmod("sticky", 01777);
  make_file("sticky/root", "x");
  mkdir("sticky/folder", 0755);
}

static void making(void) {
  path_fails("mkdir", "EACCES EFAULT ELOOP ENAMETOOLONG ENOENT ENOTDIR", syscall(SYS_mkdir, path, 0755));
  path_fails("mkdirat", "EACCES EBADF EFAULT ELOOP ENAMETOOLONG ENOENT ENOTDIR", mkdirat(directory, path, 0755));
  path_fails("mknod", "EACCES EFAULT ELOOP ENAMETOOLONG ENOENT ENOTDIR", syscall(SYS_mknod, path, S_IFIFO | 0644, 0));
  path_fails("mknodat", "EACCES EBADF EFAULT ELOOP ENAMETOOLONG ENOENT ENOTDIR", syscall(SYS_mknodat, directory, path, S_IFREG | 0644, 0));
  path_fails("symlink", "EACCES EFAULT ELOOP ENAMETOOLONG ENOENT ENOTDIR", symlink("target", path));
  path_fails("symlinkat", "EACCES EBADF EFAULT ELOOP ENAMETOOLONG ENOENT ENOTDIR", symlinkat("target", directory, path));
  fails("mkdir EACCES: in a folder of another", by_user(mkdir("folder/new", 0755)), EACCES);
  fails("mkdir EEXIST", mkdir("file", 0755), EEXIST);
  fails("mkdir EEXIST: the root", mkdir("/", 0755), EEXIST);
  fails("mkdir EEXIST: a link that leads nowhere", (symlink("nowhere", "dangling"), mkdir("dangling", 0755)), EEXIST);
  fails("mkdir EROFS", mkdir("/readonly/new", 0755), EROFS);
  fails("mkdir EPERM: where there are only terminals", mkdir("/dev/pts/new", 0755), EPERM);
  fails("mkdirat EPERM: where there are only terminals", mkdirat(AT_FDCWD, "/dev/pts/new", 0755), EPERM);
  fails("symlink EPERM: where there are only terminals", symlink("target", "/dev/pts/new"), EPERM);
  fails("symlinkat EPERM: where there are only terminals", symlinkat("target", AT_FDCWD, "/dev/pts/new"), EPERM);
  fails("mkdirat EEXIST", mkdirat(AT_FDCWD, "folder/.", 0755), EEXIST);
  fails("mkdirat EROFS", mkdirat(AT_FDCWD, "/readonly/new", 0755), EROFS);
  fails("mknod EEXIST", mknod("file", S_IFREG | 0644, 0), EEXIST);
  fails("mknod EINVAL: a link", mknod("new", S_IFLNK | 0644, 0), EINVAL);
  fails("mknod EPERM: a folder", mknod("new", S_IFDIR | 0755, 0), EPERM);
  fails("mknod EPERM: a device, as a user", by_user(mknod("sticky/new", S_IFCHR | 0644, makedev(1, 3))), EPERM);
  fails("mknod EROFS", mknod("/readonly/new", S_IFIFO | 0644, 0), EROFS);
  fails("mknod ENOENT: a slash at the end", mknod("new/", S_IFREG | 0644, 0), ENOENT);
  fails("mknodat EEXIST", mknodat(AT_FDCWD, "file", S_IFREG | 0644, 0), EEXIST);
  fails("mknodat EINVAL: no such kind", mknodat(AT_FDCWD, "new", 0170000 | 0644, 0), EINVAL);
  fails("mknodat EPERM: a folder", mknodat(AT_FDCWD, "new", S_IFDIR | 0755, 0), EPERM);
  fails("mknodat EROFS", mknodat(AT_FDCWD, "/readonly/new", S_IFIFO | 0644, 0), EROFS);
  fails("symlink EEXIST", symlink("target", "file"), EEXIST);
  fails("symlink EFAULT: the target", symlink(BAD, "new"), EFAULT);
  fails("symlink ENAMETOOLONG: the target", symlink(long_path, "new"), ENAMETOOLONG);
  fails("symlink ENOENT: an empty target", symlink("", "new"), ENOENT);
  fails("symlink EROFS", symlink("target", "/readonly/new"), EROFS);
  fails("symlinkat EEXIST", symlinkat("target", AT_FDCWD, "file"), EEXIST);
  fails("symlinkat EFAULT: the target", symlinkat(BAD, AT_FDCWD, "new"), EFAULT);
  fails("symlinkat ENOENT: an empty target", symlinkat("", AT_FDCWD, "new"), ENOENT);
  fails("symlinkat EROFS", symlinkat("target", AT_FDCWD, "/readonly/new"), EROFS);
  mkdir("removed", 0755);
  int gone = open("removed", O_RDONLY | O_DIRECTORY);
  rmdir("removed");
  fails("mkdirat ENOENT: in a folder that is gone", mkdirat(gone, "new", 0755), ENOENT);
  fails("mknodat ENOENT: in a folder that is gone", mknodat(gone, "new", S_IFIFO | 0755, 0), ENOENT);
  fails("symlinkat ENOENT: in a folder that is gone", symlinkat("x", gone, "new"), ENOENT);
  fails("linkat ENOENT: in a folder that is gone", linkat(AT_FDCWD, "file", gone, "new", 0), ENOENT);
  close(gone);
}

static void linking(void) {
  path_fails("link", "EACCES EFAULT ELOOP ENAMETOOLONG ENOENT ENOTDIR", link(path, "new"));
  path_fails("link, the new name:", "EFAULT ELOOP ENAMETOOLONG ENOENT ENOTDIR", link("file", path));
  path_fails("linkat", "EACCES EBADF EFAULT ELOOP ENAMETOOLONG ENOENT ENOTDIR", linkat(directory, path, AT_FDCWD, "new", 0));
  path_fails("linkat, the new name:", "EBADF EFAULT ELOOP ENAMETOOLONG ENOENT ENOTDIR", linkat(AT_FDCWD, "file", directory, path, 0));
  fails("link EEXIST", link("file", "folder/file"), EEXIST);
  fails("link EPERM: a folder", link("folder", "new"), EPERM);
  fails("link EXDEV", link("file", "/dev/shm/new"), EXDEV);
  fails("link EROFS", link("/readonly", "/readonly/new"), EROFS);
  fails("link ENOENT: a slash at the end", link("file", "new/"), ENOENT);
  fails("linkat EEXIST", linkat(AT_FDCWD, "file", AT_FDCWD, "dangling", 0), EEXIST);
  fails("linkat EINVAL", linkat(AT_FDCWD, "file", AT_FDCWD, "new", AT_REMOVEDIR), EINVAL);
  fails("linkat EPERM: a folder", linkat(AT_FDCWD, "folder", AT_FDCWD, "new", 0), EPERM);
  fails("linkat EXDEV", linkat(AT_FDCWD, "file", AT_FDCWD, "/dev/shm/new", 0), EXDEV);
  fails("linkat EROFS", linkat(AT_FDCWD, "/readonly", AT_FDCWD, "/readonly/new", 0), EROFS);
  int nameless = open(".", O_TMPFILE | O_EXCL | O_RDWR, 0600);
  char name[64];
  snprintf(name, sizeof name, "/proc/self/fd/%d", nameless);
  fails("linkat ENOENT: a file that may get no name", linkat(AT_FDCWD, name, AT_FDCWD, "new", AT_SYMLINK_FOLLOW), ENOENT);
  fails("linkat ENOENT: AT_EMPTY_PATH without the capability", linkat(bad_path_file, "", AT_FDCWD, "new", 0), ENOENT);
  close(nameless);
}

static void removing(void) {
  path_fails("unlink", "EACCES EFAULT ELOOP ENAMETOOLONG ENOENT ENOTDIR", unlink(path));
  path_fails("unlinkat", "EACCES EBADF EFAULT ELOOP ENAMETOOLONG ENOENT ENOTDIR", unlinkat(directory, path, 0));
  path_fails("rmdir", "EACCES EFAULT ELOOP ENAMETOOLONG ENOENT ENOTDIR", rmdir(path));
  fails("unlink EACCES: in a folder of another", by_user(unlink("folder/file")), EACCES);
  fails("unlink EISDIR", unlink("folder"), EISDIR);
  fails("unlink EPERM: another's file in a sticky folder", by_user(unlink("sticky/root")), EPERM);
  fails("unlink EROFS", unlink("/readonly/file"), EROFS);
  fails("unlinkat EROFS", unlinkat(AT_FDCWD, "/readonly/file", 0), EROFS);
  fails("rmdir EROFS", rmdir("/readonly/folder"), EROFS);
  fails("unlink ENOTDIR: a slash behind a file", unlink("file/"), ENOTDIR);
  fails("unlinkat EINVAL", unlinkat(AT_FDCWD, "file", AT_SYMLINK_FOLLOW), EINVAL);
  fails("unlinkat EISDIR", unlinkat(AT_FDCWD, "folder", 0), EISDIR);
  fails("unlinkat ENOTDIR: AT_REMOVEDIR", unlinkat(AT_FDCWD, "file", AT_REMOVEDIR), ENOTDIR);
  fails("unlinkat EPERM: another's file in a sticky folder", by_user(unlinkat(AT_FDCWD, "sticky/root", 0)), EPERM);
  fails("unlinkat ENOTEMPTY", unlinkat(AT_FDCWD, "folder", AT_REMOVEDIR), ENOTEMPTY);
  fails("unlinkat EBUSY: a mount point", unlinkat(AT_FDCWD, "/dev/pts", AT_REMOVEDIR), EBUSY);
  fails("rmdir EBUSY: a mount point", rmdir("/dev/shm"), EBUSY);
  fails("rmdir EBUSY: the root", rmdir("/"), EBUSY);
  fails("rmdir EINVAL: a dot", rmdir("folder/."), EINVAL);
  fails("rmdir ENOTDIR: a file", rmdir("file"), ENOTDIR);
  fails("rmdir ENOTEMPTY", rmdir("folder"), ENOTEMPTY);
  fails("rmdir ENOTEMPTY: two dots", rmdir("folder/.."), ENOTEMPTY);
  fails("rmdir EPERM: another's folder in a sticky folder", by_user(rmdir("sticky/folder")), EPERM);
}

static void moving(void) {
  path_fails("rename", "EACCES EFAULT ELOOP ENAMETOOLONG ENOENT ENOTDIR", rename(path, "new"));
  path_fails("rename, the new name:", "EFAULT ELOOP ENAMETOOLONG ENOENT ENOTDIR", rename("file", path));
  path_fails("renameat", "EACCES EBADF EFAULT ELOOP ENAMETOOLONG ENOENT ENOTDIR", syscall(SYS_renameat, directory, path, AT_FDCWD, "new"));
  path_fails("renameat, the new name:", "EBADF EFAULT ELOOP ENAMETOOLONG ENOENT ENOTDIR", renameat(AT_FDCWD, "file", directory, path));
  path_fails("renameat2", "EACCES EBADF EFAULT ELOOP ENAMETOOLONG ENOENT ENOTDIR", raw_rename2(directory, path, AT_FDCWD, "new", 0));
  path_fails("renameat2, the new name:", "EBADF EFAULT ELOOP ENAMETOOLONG ENOENT ENOTDIR", raw_rename2(AT_FDCWD, "file", directory, path, 0));
  fails("rename EACCES: in a folder of another", by_user(rename("folder/file", "folder/new")), EACCES);
  fails("rename EBUSY: a mount point", rename("/dev/shm", "/dev/moved"), EBUSY);
  fails("rename EBUSY: onto a mount point", (mkdir("/dev/folder", 0755), rename("/dev/folder", "/dev/shm")), EBUSY);
  rmdir("/dev/folder");
  fails("rename EBUSY: a dot", rename("folder/.", "new"), EBUSY);
  fails("rename EBUSY: two dots", rename("file", "folder/.."), EBUSY);
  fails("rename EINVAL: into itself", rename("folder", "folder/inside"), EINVAL);
  fails("rename EISDIR: a file onto a folder", rename("file", "empty"), EISDIR);
  fails("rename ENOTDIR: a folder onto a file", rename("folder", "file"), ENOTDIR);
  fails("rename ENOTDIR: a slash behind a file", rename("file", "new/"), ENOTDIR);
  fails("rename ENOTEMPTY", rename("empty", "folder"), ENOTEMPTY);
  fails("rename ENOTEMPTY: onto what it is in", rename("folder/file", "folder"), ENOTEMPTY);
  fails("rename EPERM: another's file in a sticky folder", by_user(rename("sticky/root", "sticky/new")), EPERM);
  fails("rename EXDEV", rename("file", "/dev/shm/new"), EXDEV);
  fails("rename EROFS", rename("/readonly/a", "/readonly/b"), EROFS);
  fails("renameat EBUSY: a mount point", renameat(AT_FDCWD, "/dev/shm", AT_FDCWD, "/dev/moved"), EBUSY);
  fails("renameat EINVAL: into itself", renameat(AT_FDCWD, "folder", AT_FDCWD, "folder/inside"), EINVAL);
  fails("renameat EISDIR", renameat(AT_FDCWD, "file", AT_FDCWD, "empty"), EISDIR);
  fails("renameat ENOTEMPTY", renameat(AT_FDCWD, "empty", AT_FDCWD, "folder"), ENOTEMPTY);
  fails("renameat EPERM: another's file in a sticky folder", by_user(renameat(AT_FDCWD, "sticky/root", AT_FDCWD, "new")), EPERM);
  fails("renameat EXDEV", renameat(AT_FDCWD, "file", AT_FDCWD, "/dev/shm/new"), EXDEV);
  fails("renameat EROFS", renameat(AT_FDCWD, "/readonly/a", AT_FDCWD, "/readonly/b"), EROFS);
  fails("renameat2 EEXIST", raw_rename2(AT_FDCWD, "file", AT_FDCWD, "empty", RENAME_NOREPLACE), EEXIST);
  fails("renameat2 EINVAL: unknown flags", raw_rename2(AT_FDCWD, "file", AT_FDCWD, "new", 8), EINVAL);
  fails("renameat2 EINVAL: exchange without replacing", raw_rename2(AT_FDCWD, "file", AT_FDCWD, "empty", RENAME_NOREPLACE | RENAME_EXCHANGE), EINVAL);
  fails("renameat2 EINVAL: a folder with what is in it", raw_rename2(AT_FDCWD, "folder", AT_FDCWD, "folder/file", RENAME_EXCHANGE), EINVAL);
  fails("renameat2 ENOENT: exchange with nothing", raw_rename2(AT_FDCWD, "file", AT_FDCWD, "new", RENAME_EXCHANGE), ENOENT);
  fails("renameat2 EPERM: another's file in a sticky folder", by_user(raw_rename2(AT_FDCWD, "sticky/root", AT_FDCWD, "sticky/b", 0)), EPERM);
  fails("renameat2 EISDIR", raw_rename2(AT_FDCWD, "file", AT_FDCWD, "empty", 0), EISDIR);
  fails("renameat2 ENOTEMPTY", raw_rename2(AT_FDCWD, "empty", AT_FDCWD, "folder", 0), ENOTEMPTY);
  fails("renameat2 EBUSY: a mount point", raw_rename2(AT_FDCWD, "/dev/shm", AT_FDCWD, "/dev/moved", 0), EBUSY);
  fails("renameat2 EXDEV", raw_rename2(AT_FDCWD, "file", AT_FDCWD, "/dev/shm/new", 0), EXDEV);
  fails("renameat2 EROFS", raw_rename2(AT_FDCWD, "/readonly/a", AT_FDCWD, "/readonly/b", 0), EROFS);
}

int main(void) {
  enter_scratch();
  prepare();
  making();
  linking();
  removing();
  moving();
  return finish();
}
