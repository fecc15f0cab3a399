/* path: creating, linking, renaming and removing names, and each errno the manual gives. */
#include "check.h"
#include <limits.h>
#include <sys/syscall.h>

static char text[8192];

static void directories(void) {
  equal("mkdir", mkdir("d", 0777), 0);
  struct stat status;
  stat("d", &status);
  equal("mkdir obeys the umask", status.st_mode, S_IFDIR | 0755);
  equal("a new directory has two links", status.st_nlink, 2);
  mkdir("d/e", 0700);
  stat("d", &status);
  equal("a subdirectory adds one", status.st_nlink, 3);
  fails("mkdir existing", mkdir("d", 0777), EEXIST);
  fails("mkdir below nothing", mkdir("missing/x", 0777), ENOENT);
  fails("mkdir empty path", mkdir("", 0777), ENOENT);
  fails("mkdir of .", mkdir(".", 0777), EEXIST);
  fails("mkdir of /", mkdir("/", 0777), EEXIST);
  equal("mkdir with a trailing slash", mkdir("slash/", 0777), 0);
  make_file("f", "x");
  fails("mkdir below a file", mkdir("f/x", 0777), ENOTDIR);
  fails("mkdir over a file", mkdir("f", 0777), EEXIST);
  fails("mkdir bad pointer", syscall(SYS_mkdir, (void *)1, 0777), EFAULT);
  fails("mkdir read-only", mkdir("/readonly/x", 0777), EROFS);
  fails("rmdir non-empty", rmdir("d"), ENOTEMPTY);
  fails("rmdir of .", rmdir("."), EINVAL);
  fails("rmdir ending in ..", rmdir("d/e/.."), ENOTEMPTY);
  fails("rmdir a file", rmdir("f"), ENOTDIR);
  fails("rmdir missing", rmdir("missing"), ENOENT);
  fails("rmdir the root", rmdir("/"), EBUSY);
  equal("rmdir", rmdir("d/e"), 0);
  equal("rmdir with a slash", rmdir("slash/"), 0);
  stat("d", &status);
  equal("the link is gone", status.st_nlink, 2);
  int directory = open("d", O_RDONLY);
  equal("rmdir an open directory", rmdir("d"), 0);
  fstat(directory, &status);
  equal("it has no links", status.st_nlink, 0);
  fails("create in a removed directory", openat(directory, "x", O_CREAT | O_WRONLY, 0644), ENOENT);
  close(directory);
}

static void opening(void) {
  fails("open missing", open("missing", O_RDONLY), ENOENT);
  fails("open empty path", open("", O_RDONLY), ENOENT);
  fails("open with a trailing slash", open("f/", O_RDONLY), ENOTDIR);
  fails("create with a trailing slash", open("new/", O_CREAT | O_WRONLY, 0644), EISDIR);
  fails("open a directory for writing", open(".", O_WRONLY), EISDIR);
  fails("O_DIRECTORY on a file", open("f", O_RDONLY | O_DIRECTORY), ENOTDIR);
  fails("O_EXCL existing", open("f", O_CREAT | O_EXCL | O_WRONLY, 0644), EEXIST);
  fails("O_CREAT on a directory", open(".", O_CREAT | O_RDONLY, 0644), EISDIR);
  fails("create read-only", open("/readonly/x", O_CREAT | O_WRONLY, 0644), EROFS);
  symlink("f", "to-f");
  fails("O_NOFOLLOW on a link", open("to-f", O_RDONLY | O_NOFOLLOW), ELOOP);
  fails("O_EXCL does not follow", open("to-f", O_CREAT | O_EXCL | O_WRONLY, 0644), EEXIST);
  symlink("made", "to-made");
  int file = open("to-made", O_CREAT | O_WRONLY, 0644);
  check("O_CREAT follows a dangling link", file >= 0 && access("made", F_OK) == 0);
  close(file);
  int handle = open("f", O_PATH);
  check("O_PATH", handle >= 0);
  fails("O_PATH cannot read", read(handle, text, 1), EBADF);
  struct stat status;
  equal("O_PATH can be looked at", fstat(handle, &status), 0);
  close(handle);
  handle = open("to-f", O_PATH | O_NOFOLLOW);
  fstat(handle, &status);
  check("O_PATH|O_NOFOLLOW gets the link itself", S_ISLNK(status.st_mode));
  close(handle);
  handle = open(".", O_TMPFILE | O_RDWR, 0600);
  check("O_TMPFILE", handle >= 0 && fstat(handle, &status) == 0 && status.st_nlink == 0);
  close(handle);
  equal("creat", ({ int fd = creat("created", 0600); close(fd); fd >= 0; }), 1);
}

static void long_and_looping(void) {
  memset(text, 'n', NAME_MAX);
  text[NAME_MAX] = 0;
  equal("the longest name", mkdir(text, 0755), 0);
  rmdir(text);
  text[NAME_MAX] = 'n';
  text[NAME_MAX + 1] = 0;
  fails("a name too long", mkdir(text, 0755), ENAMETOOLONG);
  for (int i = 0; i < PATH_MAX / 2; i++) memcpy(text + 2 * i, "./", 2);
  text[PATH_MAX] = 0;
  fails("a path too long", open(text, O_RDONLY), ENAMETOOLONG);
  text[PATH_MAX - 1] = 0;
  equal("the longest path", ({ int fd = open(text, O_RDONLY); close(fd); fd >= 0; }), 1);
  symlink("loop-b", "loop-a");
  symlink("loop-a", "loop-b");
  struct stat status;
  fails("a loop of links", stat("loop-a", &status), ELOOP);
  equal("lstat of it", lstat("loop-a", &status), 0);
  char from[32], to[32];
  make_file("chain-0", "");
  for (int i = 1; i <= 41; i++) {
    snprintf(from, sizeof from, "chain-%d", i - 1);
    snprintf(to, sizeof to, "chain-%d", i);
    symlink(from, to);
  }
  equal("40 links in a row", stat("chain-40", &status), 0);
  fails("41 links in a row", stat("chain-41", &status), ELOOP);
}

static void links(void) {
  struct stat status;
  equal("link", link("f", "f2"), 0);
  stat("f", &status);
  equal("link count", status.st_nlink, 2);
  fails("link existing", link("f", "f2"), EEXIST);
  fails("link missing", link("missing", "x"), ENOENT);
  fails("link a directory", link(".", "x"), EPERM);
  fails("link across mounts", link("f", "/dev/shm/x"), EXDEV);
  equal("link does not follow", link("to-f", "to-f2"), 0);
  lstat("to-f2", &status);
  check("it is a link too", S_ISLNK(status.st_mode) && status.st_nlink == 2);
  equal("symlink", symlink("anything at all", "s"), 0);
  fails("symlink existing", symlink("x", "s"), EEXIST);
  fails("symlink empty target", symlink("", "s2"), ENOENT);
  fails("symlink read-only", symlink("x", "/readonly/s"), EROFS);
  memset(text, 'x', PATH_MAX);
  text[PATH_MAX] = 0;
  fails("symlink target too long", symlink(text, "s3"), ENAMETOOLONG);
  memset(text, '#', sizeof text);
  equal("readlink", readlink("s", text, 100), 15);
  check("readlink adds no zero", text[15] == '#' && memcmp(text, "anything at all", 15) == 0);
  equal("readlink truncates", readlink("s", text, 4), 4);
  fails("readlink of a file", readlink("f", text, 10), EINVAL);
  fails("readlink missing", readlink("missing", text, 10), ENOENT);
  fails("readlink no space", syscall(SYS_readlink, "s", text, 0), EINVAL);
  fails("readlink bad buffer", syscall(SYS_readlink, "s", (void *)8, 10), EFAULT);
  lstat("s", &status);
  check("a link's size and mode", status.st_size == 15 && status.st_mode == (S_IFLNK | 0777));
  equal("unlink a link", unlink("s"), 0);
  equal("unlink a hard link", unlink("f2"), 0);
  stat("f", &status);
  equal("one link left", status.st_nlink, 1);
  fails("unlink missing", unlink("missing"), ENOENT);
  fails("unlink a directory", unlink("."), EISDIR);
  fails("unlink below a file", unlink("f/x"), ENOTDIR);
  fails("unlink with a slash", unlink("f/"), ENOTDIR);
  fails("unlink empty path", unlink(""), ENOENT);
}

static void renaming(void) {
  make_file("a", "A");
  make_file("b", "B");
  equal("rename", rename("a", "c"), 0);
  fails("the old name is gone", access("a", F_OK), ENOENT);
  equal("rename over a file", rename("c", "b"), 0);
  equal("content moved", ({ int fd = open("b", O_RDONLY); read(fd, text, 1); close(fd); text[0]; }), 'A');
  fails("rename missing", rename("missing", "x"), ENOENT);
  mkdir("dir1", 0755);
  mkdir("dir2", 0755);
  fails("rename a file over a directory", rename("b", "dir1"), EISDIR);
  fails("rename a directory over a file", rename("dir1", "b"), ENOTDIR);
  equal("rename a directory over an empty one", rename("dir1", "dir2"), 0);
  mkdir("dir1", 0755);
  make_file("dir1/x", "");
  fails("rename over a non-empty directory", rename("dir2", "dir1"), ENOTEMPTY);
  fails("rename into itself", rename("dir1", "dir1/sub"), EINVAL);
  fails("rename of .", rename(".", "x"), EBUSY);
  fails("rename onto ..", rename("dir1", ".."), EBUSY);
  fails("rename across mounts", rename("b", "/dev/shm/b"), EXDEV);
  fails("rename to an empty path", rename("b", ""), ENOENT);
  fails("rename a file to a name with a slash", rename("b", "bb/"), ENOTDIR);
  link("b", "b2");
  equal("rename onto the same file", rename("b", "b2"), 0);
  equal("does nothing", access("b", F_OK), 0);
  equal("rename a directory away", rename("dir1", "dir2/moved"), 0);
  struct stat up, target;
  stat("dir2/moved/..", &up);
  stat("dir2", &target);
  check(".. follows", up.st_ino == target.st_ino);
  equal("parent's link count", target.st_nlink, 3);
  fails("RENAME_NOREPLACE", syscall(SYS_renameat2, AT_FDCWD, "b", AT_FDCWD, "b2", RENAME_NOREPLACE), EEXIST);
  make_file("ex1", "1");
  make_file("ex2", "22");
  equal("RENAME_EXCHANGE", syscall(SYS_renameat2, AT_FDCWD, "ex1", AT_FDCWD, "ex2", RENAME_EXCHANGE), 0);
  stat("ex1", &target);
  equal("exchanged", target.st_size, 2);
  fails("renameat2 bad flags", syscall(SYS_renameat2, AT_FDCWD, "b", AT_FDCWD, "b2", 0x100), EINVAL);
  fails("RENAME_EXCHANGE missing", syscall(SYS_renameat2, AT_FDCWD, "ex1", AT_FDCWD, "nope", RENAME_EXCHANGE), ENOENT);
}

static void working_directory(void) {
  mkdir("w", 0755);
  equal("chdir", chdir("w"), 0);
  check("getcwd", getcwd(text, sizeof text) && strcmp(text, "/tmp/path/w") == 0);
  equal("the raw call counts the zero", syscall(SYS_getcwd, text, sizeof text), 12);
  fails("getcwd too small", syscall(SYS_getcwd, text, 11), ERANGE);
  fails("chdir missing", chdir("missing"), ENOENT);
  fails("chdir to a file", chdir("../f"), ENOTDIR);
  rmdir("../w");
  fails("getcwd of a removed directory", getcwd(text, sizeof text) ? 0 : -1, ENOENT);
  fails("open in a removed directory", open("x", O_CREAT | O_WRONLY, 0644), ENOENT);
  equal("chdir out of it", chdir("/tmp/path"), 0);
  int directory = open("dir2", O_RDONLY);
  equal("fchdir", fchdir(directory), 0);
  check("fchdir went there", getcwd(text, sizeof text) && strcmp(text, "/tmp/path/dir2") == 0);
  close(directory);
  equal(".. of the root is the root", chdir("/../../tmp/path/./../path//"), 0);
  check("path is normal", getcwd(text, sizeof text) && strcmp(text, "/tmp/path") == 0);
  int file = open("f", O_RDONLY);
  fails("fchdir to a file", fchdir(file), ENOTDIR);
  close(file);
  fails("fchdir bad descriptor", fchdir(99), EBADF);
  equal("chroot in a child", in_child({
          mkdir("jail", 0755);
          make_file("jail/inside", "");
          equal("chroot", chroot("jail"), 0);
          chdir("/");
          equal("the new root", access("/inside", F_OK), 0);
          fails("nothing above it", access("/../f", F_OK), ENOENT);
        }), 0);
}

int main(void) {
  enter_scratch();
  directories();
  opening();
  long_and_looping();
  links();
  renaming();
  working_directory();
  return finish();
}
