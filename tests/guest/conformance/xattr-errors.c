/* xattr-errors: the errors of the calls for extended attributes, all families. */
#include "badpath.h"
#include <sys/syscall.h>
#include <sys/xattr.h>

#define CALL_setxattrat 463
#define CALL_getxattrat 464
#define CALL_listxattrat 465
#define CALL_removexattrat 466

static char text[70000], name_too_long[300];
struct arguments {
  unsigned long long value;
  unsigned size, flags;
};

static long set_at(int at, const char *file, int flags, const char *name, unsigned size, unsigned how, unsigned bytes) {
  struct arguments arguments = {(unsigned long)text, size, how};
  return syscall(CALL_setxattrat, at, file, flags, name, &arguments, bytes);
}
static long get_at(int at, const char *file, int flags, const char *name, unsigned size, unsigned bytes) {
  struct arguments arguments = {(unsigned long)text, size, 0};
  return syscall(CALL_getxattrat, at, file, flags, name, &arguments, bytes);
}

static void setting(void) {
  path_fails("setxattr", "EACCES EFAULT ELOOP ENAMETOOLONG ENOENT ENOTDIR", setxattr(path, "user.a", "v", 1, 0));
  path_fails("lsetxattr", "EACCES EFAULT ELOOP ENAMETOOLONG ENOENT ENOTDIR", lsetxattr(path, "user.a", "v", 1, 0));
  fails("setxattr E2BIG", setxattr("file", "user.a", text, 65537, 0), E2BIG);
  fails("setxattr EEXIST", setxattr("file", "user.there", "v", 1, XATTR_CREATE), EEXIST);
  fails("setxattr EFAULT: the value", setxattr("file", "user.a", BAD, 1, 0), EFAULT);
  fails("setxattr EINVAL: flags", setxattr("file", "user.a", "v", 1, 8), EINVAL);
  fails("setxattr ENODATA", setxattr("file", "user.none", "v", 1, XATTR_REPLACE), ENODATA);
  fails("setxattr EOPNOTSUPP: the name space", setxattr("file", "strange.a", "v", 1, 0), EOPNOTSUPP);
  fails("setxattr EPERM: of a FIFO", setxattr("fifo", "user.a", "v", 1, 0), EPERM);
  fails("setxattr EPERM: trusted", setxattr("file", "trusted.a", "v", 1, 0), EPERM);
  fails("setxattr EACCES: of a file that one may not write", by_user(setxattr("file", "user.a", "v", 1, 0)), EACCES);
  fails("setxattr ERANGE: the name", setxattr("file", name_too_long, "v", 1, 0), ERANGE);
  fails("setxattr ERANGE: no name", setxattr("file", "", "v", 1, 0), ERANGE);
  fails("setxattr EROFS", setxattr("/readonly", "user.a", "v", 1, 0), EROFS);
  fails("lsetxattr E2BIG", lsetxattr("file", "user.a", text, 65537, 0), E2BIG);
  fails("lsetxattr EEXIST", lsetxattr("file", "user.there", "v", 1, XATTR_CREATE), EEXIST);
  fails("lsetxattr EINVAL", lsetxattr("file", "user.a", "v", 1, 8), EINVAL);
  fails("lsetxattr ENODATA", lsetxattr("file", "user.none", "v", 1, XATTR_REPLACE), ENODATA);
  fails("lsetxattr EOPNOTSUPP", lsetxattr("file", "strange.a", "v", 1, 0), EOPNOTSUPP);
  fails("lsetxattr EPERM: of a link", lsetxattr("loop", "user.a", "v", 1, 0), EPERM);
  fails("lsetxattr ERANGE", lsetxattr("file", name_too_long, "v", 1, 0), ERANGE);
  fails("lsetxattr EROFS", lsetxattr("/readonly", "user.a", "v", 1, 0), EROFS);
  fails("fsetxattr E2BIG", fsetxattr(bad_path_file, "user.a", text, 65537, 0), E2BIG);
  fails("fsetxattr EBADF", fsetxattr(CLOSED, "user.a", "v", 1, 0), EBADF);
  fails("fsetxattr EEXIST", fsetxattr(bad_path_file, "user.there", "v", 1, XATTR_CREATE), EEXIST);
  fails("fsetxattr EFAULT", fsetxattr(bad_path_file, BAD, "v", 1, 0), EFAULT);
  fails("fsetxattr EINVAL", fsetxattr(bad_path_file, "user.a", "v", 1, 8), EINVAL);
  fails("fsetxattr ENODATA", fsetxattr(bad_path_file, "user.none", "v", 1, XATTR_REPLACE), ENODATA);
  fails("fsetxattr EOPNOTSUPP", fsetxattr(bad_path_file, "strange.a", "v", 1, 0), EOPNOTSUPP);
  fails("fsetxattr EPERM", fsetxattr(bad_path_file, "trusted.a", "v", 1, 0), EPERM);
  fails("fsetxattr ERANGE", fsetxattr(bad_path_file, name_too_long, "v", 1, 0), ERANGE);
  path_fails("setxattrat", "EACCES EBADF EFAULT ELOOP ENAMETOOLONG ENOENT ENOTDIR", set_at(directory, path, 0, "user.a", 1, 0, 16));
  fails("setxattrat E2BIG", set_at(AT_FDCWD, "file", 0, "user.a", 65537, 0, 16), E2BIG);
  fails("setxattrat EEXIST", set_at(AT_FDCWD, "file", 0, "user.there", 1, XATTR_CREATE, 16), EEXIST);
  fails("setxattrat EINVAL: a short structure", set_at(AT_FDCWD, "file", 0, "user.a", 1, 0, 15), EINVAL);
  fails("setxattrat EINVAL: flags", set_at(AT_FDCWD, "file", AT_REMOVEDIR, "user.a", 1, 0, 16), EINVAL);
  fails("setxattrat ENODATA", set_at(AT_FDCWD, "file", 0, "user.none", 1, XATTR_REPLACE, 16), ENODATA);
  fails("setxattrat EOPNOTSUPP", set_at(AT_FDCWD, "file", 0, "strange.a", 1, 0, 16), EOPNOTSUPP);
  fails("setxattrat EPERM", set_at(AT_FDCWD, "file", 0, "trusted.a", 1, 0, 16), EPERM);
  fails("setxattrat ERANGE", set_at(AT_FDCWD, "file", 0, name_too_long, 1, 0, 16), ERANGE);
  fails("setxattrat EROFS", set_at(AT_FDCWD, "/readonly", 0, "user.a", 1, 0, 16), EROFS);
}

static void getting(void) {
  path_fails("getxattr", "EACCES EFAULT ELOOP ENAMETOOLONG ENOENT ENOTDIR", getxattr(path, "user.there", text, 100));
  path_fails("lgetxattr", "EACCES EFAULT ELOOP ENAMETOOLONG ENOENT ENOTDIR", lgetxattr(path, "user.there", text, 100));
  fails("getxattr EFAULT: the value", getxattr("file", "user.there", BAD, 100), EFAULT);
  fails("getxattr ENODATA", getxattr("file", "user.none", text, 100), ENODATA);
  fails("getxattr EOPNOTSUPP", getxattr("file", "strange.a", text, 100), EOPNOTSUPP);
  fails("getxattr ERANGE: the value", getxattr("file", "user.there", text, 2), ERANGE);
  fails("getxattr ERANGE: the name", getxattr("file", name_too_long, text, 100), ERANGE);
  fails("lgetxattr ENODATA", lgetxattr("file", "user.none", text, 100), ENODATA);
  fails("lgetxattr EOPNOTSUPP", lgetxattr("file", "strange.a", text, 100), EOPNOTSUPP);
  fails("lgetxattr ERANGE", lgetxattr("file", "user.there", text, 2), ERANGE);
  fails("fgetxattr EBADF", fgetxattr(CLOSED, "user.there", text, 100), EBADF);
  fails("fgetxattr EFAULT", fgetxattr(bad_path_file, "user.there", BAD, 100), EFAULT);
  fails("fgetxattr ENODATA", fgetxattr(bad_path_file, "user.none", text, 100), ENODATA);
  fails("fgetxattr EOPNOTSUPP", fgetxattr(bad_path_file, "strange.a", text, 100), EOPNOTSUPP);
  fails("fgetxattr ERANGE", fgetxattr(bad_path_file, "user.there", text, 2), ERANGE);
  path_fails("getxattrat", "EACCES EBADF EFAULT ELOOP ENAMETOOLONG ENOENT ENOTDIR", get_at(directory, path, 0, "user.there", 100, 16));
  fails("getxattrat EINVAL", get_at(AT_FDCWD, "file", AT_REMOVEDIR, "user.there", 100, 16), EINVAL);
  fails("getxattrat EINVAL: a short structure", get_at(AT_FDCWD, "file", 0, "user.there", 100, 12), EINVAL);
  fails("getxattrat ENODATA", get_at(AT_FDCWD, "file", 0, "user.none", 100, 16), ENODATA);
  fails("getxattrat EOPNOTSUPP", get_at(AT_FDCWD, "file", 0, "strange.a", 100, 16), EOPNOTSUPP);
  fails("getxattrat ERANGE", get_at(AT_FDCWD, "file", 0, "user.there", 2, 16), ERANGE);
}

static void listing(void) {
  path_fails("listxattr", "EACCES EFAULT ELOOP ENAMETOOLONG ENOENT ENOTDIR", listxattr(path, text, 100));
  path_fails("llistxattr", "EACCES EFAULT ELOOP ENAMETOOLONG ENOENT ENOTDIR", llistxattr(path, text, 100));
  path_fails("listxattrat", "EACCES EBADF EFAULT ELOOP ENAMETOOLONG ENOENT ENOTDIR", syscall(CALL_listxattrat, directory, path, 0, text, 100L));
  fails("listxattr EFAULT: the list", listxattr("file", BAD, 100), EFAULT);
  fails("listxattr ERANGE", listxattr("file", text, 2), ERANGE);
  fails("llistxattr EFAULT: the list", llistxattr("file", BAD, 100), EFAULT);
  fails("llistxattr ERANGE", llistxattr("file", text, 2), ERANGE);
  fails("flistxattr EBADF", flistxattr(CLOSED, text, 100), EBADF);
  fails("flistxattr EFAULT", flistxattr(bad_path_file, BAD, 100), EFAULT);
  fails("flistxattr ERANGE", flistxattr(bad_path_file, text, 2), ERANGE);
  fails("listxattrat EINVAL", syscall(CALL_listxattrat, AT_FDCWD, "file", AT_REMOVEDIR, text, 100L), EINVAL);
  fails("listxattrat ERANGE", syscall(CALL_listxattrat, AT_FDCWD, "file", 0, text, 2L), ERANGE);
}

static void removing(void) {
  path_fails("removexattr", "EACCES EFAULT ELOOP ENAMETOOLONG ENOENT ENOTDIR", removexattr(path, "user.there"));
  path_fails("lremovexattr", "EACCES EFAULT ELOOP ENAMETOOLONG ENOENT ENOTDIR", lremovexattr(path, "user.there"));
  path_fails("removexattrat", "EACCES EBADF EFAULT ELOOP ENAMETOOLONG ENOENT ENOTDIR", syscall(CALL_removexattrat, directory, path, 0, "user.there"));
  fails("removexattr EACCES: of a file that one may not write", by_user(removexattr("file", "user.there")), EACCES);
  fails("removexattr EFAULT: the name", removexattr("file", BAD), EFAULT);
  fails("removexattr ENODATA", removexattr("file", "user.none"), ENODATA);
  fails("removexattr EOPNOTSUPP", removexattr("file", "strange.a"), EOPNOTSUPP);
  fails("removexattr EPERM", removexattr("file", "trusted.a"), EPERM);
  fails("removexattr ERANGE", removexattr("file", name_too_long), ERANGE);
  fails("removexattr EROFS", removexattr("/readonly", "user.a"), EROFS);
  fails("lremovexattr ENODATA", lremovexattr("file", "user.none"), ENODATA);
  fails("lremovexattr EOPNOTSUPP", lremovexattr("file", "strange.a"), EOPNOTSUPP);
  fails("lremovexattr EPERM", lremovexattr("file", "trusted.a"), EPERM);
  fails("lremovexattr EROFS", lremovexattr("/readonly", "user.a"), EROFS);
  fails("fremovexattr EBADF", fremovexattr(CLOSED, "user.there"), EBADF);
  fails("fremovexattr EFAULT", fremovexattr(bad_path_file, BAD), EFAULT);
  fails("fremovexattr ENODATA", fremovexattr(bad_path_file, "user.none"), ENODATA);
  fails("fremovexattr EOPNOTSUPP", fremovexattr(bad_path_file, "strange.a"), EOPNOTSUPP);
  fails("fremovexattr EPERM", fremovexattr(bad_path_file, "trusted.a"), EPERM);
  fails("removexattrat EINVAL", syscall(CALL_removexattrat, AT_FDCWD, "file", AT_REMOVEDIR, "user.there"), EINVAL);
  fails("removexattrat ENODATA", syscall(CALL_removexattrat, AT_FDCWD, "file", 0, "user.none"), ENODATA);
  fails("removexattrat EOPNOTSUPP", syscall(CALL_removexattrat, AT_FDCWD, "file", 0, "strange.a"), EOPNOTSUPP);
  fails("removexattrat EPERM", syscall(CALL_removexattrat, AT_FDCWD, "file", 0, "trusted.a"), EPERM);
  fails("removexattrat EROFS", syscall(CALL_removexattrat, AT_FDCWD, "/readonly", 0, "user.a"), EROFS);
}

int main(void) {
  enter_scratch();
  make_bad_paths();
  memcpy(name_too_long, "user.", 5);
  memset(name_too_long + 5, 'n', sizeof name_too_long - 6);
  mkfifo("fifo", 0666);
  setxattr("file", "user.there", "value", 5, 0);
  setting();
  getting();
  listing();
  removing();
  return finish();
}
