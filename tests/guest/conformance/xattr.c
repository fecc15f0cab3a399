/* Extended attributes of files, links, directories and descriptors: the twelve calls of xattr(7). */
#include "check.h"
#include <sys/xattr.h>

static char got[256];

/** The names in a list, sorted by nobody: only whether `name` is among them. */
static int has(const char *list, ssize_t bytes, const char *name) {
  for (ssize_t at = 0; at < bytes; at += strlen(list + at) + 1)
    if (strcmp(list + at, name) == 0) return 1;
  return 0;
}

static void of_a_file(void) {
  make_file("f", "x");
  equal("set", setxattr("f", "user.one", "1", 1, 0), 0);
  fails("create what is there", setxattr("f", "user.one", "2", 1, XATTR_CREATE), EEXIST);
  fails("replace what is not", setxattr("f", "user.two", "2", 1, XATTR_REPLACE), ENODATA);
  equal("create", setxattr("f", "user.two", "22", 2, XATTR_CREATE), 0);
  equal("replace", setxattr("f", "user.two", "222", 3, XATTR_REPLACE), 0);
  fails("both flags", setxattr("f", "user.two", "2", 1, XATTR_CREATE | XATTR_REPLACE), EEXIST);
  fails("another flag", setxattr("f", "user.two", "2", 1, 4), EINVAL);
  equal("an empty value", setxattr("f", "user.empty", NULL, 0, 0), 0);
  equal("its length", getxattr("f", "user.empty", got, sizeof got), 0);
  equal("a length", getxattr("f", "user.two", NULL, 0), 3);
  equal("a value", getxattr("f", "user.two", got, sizeof got), 3);
  check("that is right", memcmp(got, "222", 3) == 0);
  fails("too little room", getxattr("f", "user.two", got, 2), ERANGE);
  fails("no such attribute", getxattr("f", "user.none", got, sizeof got), ENODATA);
  fails("no such file", getxattr("none", "user.one", got, sizeof got), ENOENT);
  fails("no such name space", setxattr("f", "strange.one", "1", 1, 0), EOPNOTSUPP);
  fails("no name space", setxattr("f", "one", "1", 1, 0), EOPNOTSUPP);
  fails("only a name space", setxattr("f", "user.", "1", 1, 0), EINVAL);
  fails("no name", setxattr("f", "", "1", 1, 0), ERANGE);
  char name[300] = "user.";
  memset(name + 5, 'n', 251);
  fails("a name of 256 bytes", setxattr("f", name, "1", 1, 0), ERANGE);
  name[255] = 0;
  equal("a name of 255 bytes", setxattr("f", name, "1", 1, 0), 0);
  equal("goes", removexattr("f", name), 0);
  fails("a value of 64 KiB and one", setxattr("f", "user.long", got, 65537, 0), E2BIG);
  fails("a bad name", setxattr("f", (char *)8, "1", 1, 0), EFAULT);
  fails("a bad value", setxattr("f", "user.one", (char *)8, 1, 0), EFAULT);
  ssize_t bytes = listxattr("f", got, sizeof got);
  equal("the list", bytes, 9 + 9 + 11);
  check("has all names", has(got, bytes, "user.one") && has(got, bytes, "user.two") && has(got, bytes, "user.empty"));
  equal("its length alone", listxattr("f", NULL, 0), bytes);
  fails("a list without room", listxattr("f", got, 5), ERANGE);
  equal("remove", removexattr("f", "user.one"), 0);
  fails("remove again", removexattr("f", "user.one"), ENODATA);
}

static void of_links(void) {
  symlink("f", "l");
  equal("through a link", setxattr("l", "user.by-link", "1", 1, 0), 0);
  equal("is the file's", getxattr("f", "user.by-link", got, sizeof got), 1);
  fails("a link has no user's attributes", lsetxattr("l", "user.one", "1", 1, 0), EPERM);
  fails("nor can one be read", lgetxattr("l", "user.by-link", got, sizeof got), ENODATA);
  fails("or removed", lremovexattr("l", "user.by-link"), EPERM);
  equal("lset of a file", lsetxattr("f", "user.l", "12", 2, 0), 0);
  equal("lget", lgetxattr("f", "user.l", got, sizeof got), 2);
  ssize_t bytes = llistxattr("f", got, sizeof got);
  check("llist", has(got, bytes, "user.l"));
  equal("lremove", lremovexattr("f", "user.l"), 0);
  equal("llist of a link", llistxattr("l", got, sizeof got), 0);
}

static void of_descriptors(void) {
  int file = open("f", O_RDONLY), path = open("f", O_PATH);
  equal("fset", fsetxattr(file, "user.f", "123", 3, 0), 0);
  equal("fget", fgetxattr(file, "user.f", got, sizeof got), 3);
  ssize_t bytes = flistxattr(file, got, sizeof got);
  check("flist", has(got, bytes, "user.f"));
  equal("fremove", fremovexattr(file, "user.f"), 0);
  fails("fremove again", fremovexattr(file, "user.f"), ENODATA);
  fails("fset of a path", fsetxattr(path, "user.f", "1", 1, 0), EBADF);
  fails("fget of a path", fgetxattr(path, "user.f", got, sizeof got), EBADF);
  fails("fget of nothing", fgetxattr(99, "user.f", got, sizeof got), EBADF);
  fails("flist of nothing", flistxattr(99, got, sizeof got), EBADF);
  fails("fremove of nothing", fremovexattr(99, "user.f"), EBADF);
}

static void of_others(void) {
  mkdir("d", 0755);
  equal("of a directory", setxattr("d", "user.one", "1", 1, 0), 0);
  mkfifo("p", 0644);
  fails("of a fifo", setxattr("p", "user.one", "1", 1, 0), EPERM);
  chmod("f", 0444);
  chmod("d", 01777);
  equal("without the right to write", in_child({
          setuid(54321);
          fails("set", setxattr("f", "user.one", "1", 1, 0), EACCES);
          fails("a sticky directory of another's", setxattr("d", "user.two", "1", 1, 0), EPERM);
          fails("a trusted attribute", setxattr("f", "trusted.one", "1", 1, 0), EPERM);
          fails("is not even seen", getxattr("f", "trusted.one", got, sizeof got), ENODATA);
        }), 0);
  chmod("f", 0);
  equal("without the right to read", in_child({
          setuid(54321);
          fails("get", getxattr("f", "user.by-link", got, sizeof got), EACCES);
        }), 0);
}

int main(void) {
  enter_scratch();
  of_a_file();
  of_links();
  of_descriptors();
  of_others();
  return finish();
}
