/* attributes-errors: the errors of calls that read and change what is known of a file, and of the working directory. */
#include "badpath.h"
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <utime.h>

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452 /* Linux 6.6 */
#endif

static char text[4096];
static struct stat status;
static struct statx extended;

static void permissions(void) {
  path_fails("access", "EACCES EFAULT ELOOP ENAMETOOLONG ENOENT ENOTDIR", access(path, F_OK));
  path_fails("faccessat", "EACCES EBADF EFAULT ELOOP ENAMETOOLONG ENOENT ENOTDIR", syscall(SYS_faccessat, directory, path, F_OK));
  path_fails("faccessat2", "EACCES EBADF EFAULT ELOOP ENAMETOOLONG ENOENT ENOTDIR", syscall(SYS_faccessat2, directory, path, F_OK, 0));
  path_fails("chmod", "EACCES EFAULT ELOOP ENAMETOOLONG ENOENT ENOTDIR", chmod(path, 0644));
  path_fails("fchmodat", "EACCES EBADF EFAULT ELOOP ENAMETOOLONG ENOENT ENOTDIR", syscall(SYS_fchmodat, directory, path, 0644));
  path_fails("fchmodat2", "EACCES EBADF EFAULT ELOOP ENAMETOOLONG ENOENT ENOTDIR", syscall(SYS_fchmodat2, directory, path, 0644, 0));
  path_fails("chown", "EACCES EFAULT ELOOP ENAMETOOLONG ENOENT ENOTDIR", chown(path, 0, 0));
  path_fails("lchown", "EACCES EFAULT ELOOP ENAMETOOLONG ENOENT ENOTDIR", lchown(path, 0, 0));
  path_fails("fchownat", "EACCES EBADF EFAULT ELOOP ENAMETOOLONG ENOENT ENOTDIR", fchownat(directory, path, 0, 0, 0));
  fails("access EACCES: to write", by_user(access("file", W_OK)), EACCES);
  fails("access EACCES: to execute, as root", access("file", X_OK), EACCES);
  fails("access EINVAL", access("file", 8), EINVAL);
  fails("access EROFS", access("/readonly", W_OK), EROFS);
  fails("faccessat EINVAL", syscall(SYS_faccessat, AT_FDCWD, "file", 8), EINVAL);
  fails("faccessat EROFS", syscall(SYS_faccessat, AT_FDCWD, "/readonly", W_OK), EROFS);
  fails("faccessat2 EINVAL: mode", syscall(SYS_faccessat2, AT_FDCWD, "file", 8, 0), EINVAL);
  fails("faccessat2 EINVAL: flags", syscall(SYS_faccessat2, AT_FDCWD, "file", F_OK, AT_REMOVEDIR << 1), EINVAL);
  fails("faccessat2 EROFS", syscall(SYS_faccessat2, AT_FDCWD, "/readonly", W_OK, AT_EACCESS), EROFS);
  fails("chmod EPERM", by_user(chmod("file", 0666)), EPERM);
  fails("chmod EROFS", chmod("/readonly", 0755), EROFS);
  fails("fchmod EBADF", fchmod(CLOSED, 0644), EBADF);
  fails("fchmod EPERM", by_user(fchmod(bad_path_file, 0666)), EPERM);
  int folder = open("/readonly", O_RDONLY | O_DIRECTORY);
  fails("fchmod EROFS", fchmod(folder, 0755), EROFS);
  fails("fchmodat EPERM", by_user(syscall(SYS_fchmodat, AT_FDCWD, "file", 0666)), EPERM);
  fails("fchmodat EROFS", syscall(SYS_fchmodat, AT_FDCWD, "/readonly", 0755), EROFS);
  fails("fchmodat2 EINVAL", syscall(SYS_fchmodat2, AT_FDCWD, "file", 0644, AT_REMOVEDIR), EINVAL);
  fails("fchmodat2 EOPNOTSUPP: a link", syscall(SYS_fchmodat2, AT_FDCWD, "loop", 0644, AT_SYMLINK_NOFOLLOW), EOPNOTSUPP);
  fails("fchmodat2 EPERM", by_user(syscall(SYS_fchmodat2, AT_FDCWD, "file", 0666, 0)), EPERM);
  fails("fchmodat2 EROFS", syscall(SYS_fchmodat2, AT_FDCWD, "/readonly", 0755, 0), EROFS);
  fails("chown EPERM", by_user(chown("file", USER, USER)), EPERM);
  fails("chown EROFS", chown("/readonly", 0, 0), EROFS);
  fails("lchown EPERM", by_user(lchown("loop", USER, USER)), EPERM);
  fails("lchown EROFS", lchown("/readonly", 0, 0), EROFS);
  fails("fchown EBADF", fchown(CLOSED, 0, 0), EBADF);
  fails("fchown EPERM", by_user(fchown(bad_path_file, USER, USER)), EPERM);
  fails("fchown EROFS", fchown(folder, 0, 0), EROFS);
  fails("fchownat EINVAL", fchownat(AT_FDCWD, "file", 0, 0, AT_REMOVEDIR), EINVAL);
  fails("fchownat EPERM", by_user(fchownat(AT_FDCWD, "file", USER, USER, 0)), EPERM);
  fails("fchownat EROFS", fchownat(AT_FDCWD, "/readonly", 0, 0, 0), EROFS);
  close(folder);
}

static void sizes(void) {
  path_fails("truncate", "EACCES EFAULT ELOOP ENAMETOOLONG ENOENT ENOTDIR", truncate(path, 1));
  int reader = open("file", O_RDONLY), pair[2];
  pipe(pair);
  fails("truncate EACCES: not to be written", by_user(truncate("file", 1)), EACCES);
  fails("truncate EINVAL: a size below zero", truncate("file", -1), EINVAL);
  fails("truncate EINVAL: a FIFO", (mkfifo("fifo", 0644), truncate("fifo", 1)), EINVAL);
  fails("truncate EISDIR", truncate("locked", 1), EISDIR);
  fails("truncate ETXTBSY", truncate("/proc/self/exe", 0), ETXTBSY);
  fails("ftruncate EBADF", ftruncate(CLOSED, 1), EBADF);
  fails("ftruncate EINVAL: read only", ftruncate(reader, 1), EINVAL);
  fails("ftruncate EINVAL: a size below zero", ftruncate(bad_path_file, -1), EINVAL);
  fails("ftruncate EINVAL: a pipe", ftruncate(pair[1], 1), EINVAL);
  int memory = memfd_create("sealed", MFD_ALLOW_SEALING);
  fcntl(memory, F_ADD_SEALS, F_SEAL_GROW);
  char name[64];
  snprintf(name, sizeof name, "/proc/self/fd/%d", memory);
  fails("truncate EPERM: sealed", truncate(name, 10), EPERM);
  fails("ftruncate EPERM: sealed", ftruncate(memory, 10), EPERM);
}

static void telling(void) {
  path_fails("stat", "EACCES EFAULT ELOOP ENAMETOOLONG ENOENT ENOTDIR", syscall(SYS_stat, path, &status));
  path_fails("lstat", "EACCES EFAULT ELOOP ENAMETOOLONG ENOENT ENOTDIR", syscall(SYS_lstat, path, &status));
  path_fails("newfstatat", "EACCES EBADF EFAULT ELOOP ENAMETOOLONG ENOENT ENOTDIR", syscall(SYS_newfstatat, directory, path, &status, 0));
  path_fails("statx", "EACCES EBADF EFAULT ELOOP ENAMETOOLONG ENOENT ENOTDIR", syscall(SYS_statx, directory, path, 0, STATX_ALL, &extended));
  path_fails("statfs", "EACCES EFAULT ELOOP ENAMETOOLONG ENOENT ENOTDIR", syscall(SYS_statfs, path, text));
  path_fails("readlink", "EACCES EFAULT ELOOP ENAMETOOLONG ENOENT ENOTDIR", readlink(path, text, sizeof text));
  path_fails("readlinkat", "EACCES EBADF EFAULT ELOOP ENAMETOOLONG ENOENT ENOTDIR", readlinkat(directory, path, text, sizeof text));
  fails("stat EFAULT: the result", syscall(SYS_stat, "file", BAD), EFAULT);
  fails("lstat EFAULT: the result", syscall(SYS_lstat, "file", BAD), EFAULT);
  fails("fstat EBADF", syscall(SYS_fstat, CLOSED, &status), EBADF);
  fails("fstat EFAULT", syscall(SYS_fstat, bad_path_file, BAD), EFAULT);
  fails("newfstatat EFAULT: the result", syscall(SYS_newfstatat, AT_FDCWD, "file", BAD, 0), EFAULT);
  fails("newfstatat EINVAL", syscall(SYS_newfstatat, AT_FDCWD, "file", &status, AT_REMOVEDIR), EINVAL);
  fails("statx EFAULT: the result", syscall(SYS_statx, AT_FDCWD, "file", 0, STATX_ALL, BAD), EFAULT);
  fails("statx EINVAL: flags", syscall(SYS_statx, AT_FDCWD, "file", AT_REMOVEDIR, STATX_ALL, &extended), EINVAL);
  fails("statx EINVAL: both ways of synchronizing", syscall(SYS_statx, AT_FDCWD, "file", AT_STATX_SYNC_TYPE, STATX_ALL, &extended), EINVAL);
  fails("statx EINVAL: the reserved bit", syscall(SYS_statx, AT_FDCWD, "file", 0, 0x80000000u, &extended), EINVAL);
  fails("statfs EFAULT: the result", syscall(SYS_statfs, "file", BAD), EFAULT);
  fails("fstatfs EBADF", syscall(SYS_fstatfs, CLOSED, text), EBADF);
  fails("fstatfs EFAULT", syscall(SYS_fstatfs, bad_path_file, BAD), EFAULT);
  fails("readlink EFAULT: the buffer", readlink("loop", BAD, 4), EFAULT);
  fails("readlink EINVAL: no link", readlink("file", text, sizeof text), EINVAL);
  fails("readlink EINVAL: no room", syscall(SYS_readlink, "loop", text, 0), EINVAL);
  fails("readlinkat EFAULT: the buffer", readlinkat(AT_FDCWD, "loop", BAD, 4), EFAULT);
  fails("readlinkat EINVAL: no link", readlinkat(AT_FDCWD, "file", text, sizeof text), EINVAL);
}

static void times(void) {
  struct timespec strange[2] = {{0, 1000000000}, {0, 0}}, fine[2] = {{0, 0}, {0, 0}};
  struct timeval strange_too[2] = {{0, 1000000}, {0, 0}};
  path_fails("utime", "EACCES EFAULT ELOOP ENAMETOOLONG ENOENT ENOTDIR", syscall(SYS_utime, path, NULL));
  path_fails("utimes", "EACCES EFAULT ELOOP ENAMETOOLONG ENOENT ENOTDIR", syscall(SYS_utimes, path, NULL));
  path_fails("futimesat", "EACCES EBADF EFAULT ELOOP ENAMETOOLONG ENOENT ENOTDIR", syscall(SYS_futimesat, directory, path, NULL));
  path_fails("utimensat", "EACCES EBADF EFAULT ELOOP ENAMETOOLONG ENOENT ENOTDIR", syscall(SYS_utimensat, directory, path, NULL, 0));
  fails("utime EACCES: now, of what one may not write", by_user(syscall(SYS_utime, "file", NULL)), EACCES);
  fails("utime EFAULT: the times", syscall(SYS_utime, "file", BAD), EFAULT);
  fails("utime EPERM", by_user(syscall(SYS_utime, "file", &(struct utimbuf){1, 2})), EPERM);
  fails("utime EROFS", syscall(SYS_utime, "/readonly", NULL), EROFS);
  fails("utimes EACCES: now, of what one may not write", by_user(syscall(SYS_utimes, "file", NULL)), EACCES);
  fails("utimes EFAULT: the times", syscall(SYS_utimes, "file", BAD), EFAULT);
  fails("utimes EINVAL", syscall(SYS_utimes, "file", strange_too), EINVAL);
  fails("utimes EPERM", by_user(syscall(SYS_utimes, "file", fine)), EPERM);
  fails("utimes EROFS", syscall(SYS_utimes, "/readonly", NULL), EROFS);
  fails("futimesat EFAULT: the times", syscall(SYS_futimesat, AT_FDCWD, "file", BAD), EFAULT);
  fails("futimesat EINVAL", syscall(SYS_futimesat, AT_FDCWD, "file", strange_too), EINVAL);
  fails("futimesat EPERM", by_user(syscall(SYS_futimesat, AT_FDCWD, "file", fine)), EPERM);
  fails("futimesat EROFS", syscall(SYS_futimesat, AT_FDCWD, "/readonly", NULL), EROFS);
  fails("utimensat EACCES: now, of what one may not write", by_user(utimensat(AT_FDCWD, "file", NULL, 0)), EACCES);
  fails("utimensat EFAULT: the times", syscall(SYS_utimensat, AT_FDCWD, "file", BAD, 0), EFAULT);
  fails("utimensat EINVAL: nanoseconds", utimensat(AT_FDCWD, "file", strange, 0), EINVAL);
  fails("utimensat EINVAL: flags", utimensat(AT_FDCWD, "file", fine, AT_REMOVEDIR), EINVAL);
  fails("utimensat EINVAL: flags of a descriptor alone", syscall(SYS_utimensat, bad_path_file, NULL, fine, AT_SYMLINK_NOFOLLOW), EINVAL);
  fails("utimensat EPERM", by_user(utimensat(AT_FDCWD, "file", fine, 0)), EPERM);
  fails("utimensat EROFS", utimensat(AT_FDCWD, "/readonly", fine, 0), EROFS);
}

static void places(void) {
  path_fails("chdir", "EACCES EFAULT ELOOP ENAMETOOLONG ENOENT ENOTDIR", chdir(path));
  path_fails("chroot", "EFAULT ELOOP ENAMETOOLONG ENOENT ENOTDIR", chroot(path));
  fails("chdir ENOTDIR: a file", chdir("file"), ENOTDIR);
  fails("chroot ENOTDIR: a file", chroot("file"), ENOTDIR);
  fails("chroot EPERM", by_user(chroot(".")), EPERM);
  fails("chroot EACCES", by_user(chroot("locked/file")), EACCES);
  int locked = open("locked", O_RDONLY | O_DIRECTORY);
  fails("fchdir EACCES", by_user(fchdir(locked)), EACCES);
  fails("fchdir EBADF", fchdir(CLOSED), EBADF);
  fails("fchdir ENOTDIR", fchdir(bad_path_file), ENOTDIR);
  fails("getcwd EFAULT", syscall(SYS_getcwd, BAD, 4096), EFAULT);
  fails("getcwd ERANGE", syscall(SYS_getcwd, text, 3), ERANGE);
  fails("getdents EBADF", syscall(SYS_getdents, CLOSED, text, sizeof text), EBADF);
  fails("getdents EFAULT", syscall(SYS_getdents, locked, BAD, 4096), EFAULT);
  fails("getdents EINVAL: no room", (lseek(locked, 0, SEEK_SET), syscall(SYS_getdents, locked, text, 8)), EINVAL);
  fails("getdents ENOTDIR", syscall(SYS_getdents, bad_path_file, text, sizeof text), ENOTDIR);
  fails("getdents64 EBADF", syscall(SYS_getdents64, CLOSED, text, sizeof text), EBADF);
  fails("getdents64 EFAULT", (lseek(locked, 0, SEEK_SET), syscall(SYS_getdents64, locked, BAD, 4096)), EFAULT);
  fails("getdents64 EINVAL: no room", (lseek(locked, 0, SEEK_SET), syscall(SYS_getdents64, locked, text, 8)), EINVAL);
  fails("getdents64 ENOTDIR", syscall(SYS_getdents64, bad_path_file, text, sizeof text), ENOTDIR);
  equal("in a folder that is gone", in_child({
          mkdir("gone", 0755);
          chdir("gone");
          rmdir("../gone");
          int here = open(".", O_RDONLY | O_DIRECTORY);
          fails("getcwd ENOENT", syscall(SYS_getcwd, text, sizeof text), ENOENT);
          fails("getdents ENOENT", syscall(SYS_getdents, here, text, sizeof text), ENOENT);
          fails("getdents64 ENOENT", syscall(SYS_getdents64, here, text, sizeof text), ENOENT);
        }), 0);
}

int main(void) {
  enter_scratch();
  make_bad_paths();
  permissions();
  sizes();
  telling();
  times();
  places();
  return finish();
}
