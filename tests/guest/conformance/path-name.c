/* path-name: names of every length and of odd bytes, paths at the end of mapped memory, and that every change of the tree counts at once. */
#include "check.h"
#include <sys/mman.h>

/** A name of that many bytes, which ends in `last`. */
static const char *name_of(int length, char last) {
  static char name[512];
  memset(name, 'n', length);
  name[length - 1] = last;
  name[length] = 0;
  return name;
}

static void lengths(void) {
  int wrong = 0;
  for (int length = 2; length <= 255; length++) make_file(name_of(length, 'a'), "x");
  for (int length = 2; length <= 255; length++) {
    wrong += access(name_of(length, 'a'), F_OK) != 0;
    wrong += access(name_of(length, 'b'), F_OK) != -1 || errno != ENOENT;
    char path[600];
    sprintf(path, "././//%s", name_of(length, 'a'));
    wrong += access(path, F_OK) != 0;
    strcat(path, "/");
    wrong += access(path, F_OK) != -1 || errno != ENOTDIR;
    strcat(path, "more");
    wrong += access(path, F_OK) != -1 || errno != ENOTDIR;
  }
  equal("names of every length are told from others", wrong, 0);
  fails("a name too long", access(name_of(256, 'a'), F_OK), ENAMETOOLONG);
  fails("a name too long in the middle", access(strcat((char *)name_of(256, 'a'), "/x"), F_OK), ENAMETOOLONG);
  for (int length = 2; length <= 255; length++) wrong += rename(name_of(length, 'a'), "renamed") < 0 || rename("renamed", name_of(length, 'c')) < 0;
  for (int length = 2; length <= 255; length++) wrong += access(name_of(length, 'a'), F_OK) == 0 || unlink(name_of(length, 'c')) < 0;
  equal("are renamed and removed", wrong, 0);
}

/** Names whose bytes are near a slash or have the top bit. */
static void bytes(void) {
  static const char *names[] = {"\x01", "\xaf", "\x2e\x2e\x2e", ".\x30", "0", "0.", ".\xaf\x01", "\x80\x80\x80\x80\x80\x80\x80", "\xff\xfe\x30\x2e\xae\xb0\xaf\x01\x2e"};
  int wrong = 0, count = sizeof names / sizeof *names;
  for (int i = 0; i < count; i++) wrong += mkdir(names[i], 0755) < 0;
  for (int i = 0; i < count; i++)
    for (int j = 0; j < count; j++) {
      char path[64];
      sprintf(path, "%s/../%s/%s", names[i], names[j], i == j ? "." : "..");
      struct stat found, expected;
      wrong += stat(path, &found) < 0 || stat(i == j ? names[j] : ".", &expected) < 0 || found.st_ino != expected.st_ino;
    }
  for (int i = 0; i < count; i++) wrong += rmdir(names[i]) < 0;
  equal("odd bytes", wrong, 0);
}

/** Paths that end with, or go beyond, the last mapped byte. */
static void memory_end(void) {
  char *page = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  mprotect(page + 2 * 4096, 4096, PROT_NONE);
  char *end = page + 2 * 4096;
  make_file("file-with-a-name", "x");
  int wrong = 0;
  for (int slashes = 0; slashes < 40; slashes++) {
    char path[100] = "file-with-a-name";
    memset(path, '/', 2 + slashes);
    memcpy(path, ".", 1);
    strcpy(path + 2 + slashes, "file-with-a-name");
    int length = strlen(path) + 1;
    memcpy(end - length, path, length);
    wrong += access(end - length, F_OK) != 0;
    memcpy(end - length + 1, path, length - 1);
    wrong += access(end - length + 1, F_OK) != -1 || errno != EFAULT;
    memcpy(page + 4096 - slashes, path, length);
    wrong += access(page + 4096 - slashes, F_OK) != 0;
  }
  equal("paths at the end of memory", wrong, 0);
  memset(page, '/', 2 * 4096);
  fails("4,096 bytes without a NUL", access(end - 4096, F_OK), ENAMETOOLONG);
  fails("4,095 bytes without a NUL", access(end - 4095, F_OK), EFAULT);
  page[4095] = 0;
  equal("4,095 bytes and a NUL", access(page, F_OK), 0);
  munmap(page, 3 * 4096);
  unlink("file-with-a-name");
}

/** The inode number of a path, -1 less errno. */
static long number(const char *path) {
  struct stat status;
  return stat(path, &status) < 0 ? -1 - errno : (long)status.st_ino;
}
#define FILE_PATH "/tmp/path-name/top/middle/file"
#define missing (-1L - ENOENT)

static void changes(void) {
  mkdir("top", 0755);
  mkdir("top/middle", 0755);
  mkdir("other", 0755);
  mkdir("other/middle", 0755);
  make_file(FILE_PATH, "a");
  make_file("other/middle/file", "b");
  long first = number(FILE_PATH), second = number("/tmp/path-name/other/middle/file");
  check("two files", first > 0 && second > 0 && first != second);
  equal("again", number(FILE_PATH), first);
  rename("top/middle/file", "top/middle/moved");
  equal("file renamed", number(FILE_PATH), missing);
  rename("top/middle/moved", "top/middle/file");
  equal("and back", number(FILE_PATH), first);
  rename("top", "aside");
  equal("directory renamed", number(FILE_PATH), missing);
  rename("other", "top");
  equal("another in its place", number(FILE_PATH), second);
  renameat2(AT_FDCWD, "aside", AT_FDCWD, "top", RENAME_EXCHANGE);
  equal("exchanged", number(FILE_PATH), first);
  rename("aside/middle/file", "top/middle/file");
  equal("replaced", number(FILE_PATH), second);
  unlink("top/middle/file");
  equal("removed", number(FILE_PATH), missing);
  make_file(FILE_PATH, "c");
  check("made again", number(FILE_PATH) > 0);
  first = number(FILE_PATH);
  symlink("top/middle", "link");
  equal("through a link", number("/tmp/path-name/link/file"), first);
  make_file("aside/middle/file", "d");
  second = number("/tmp/path-name/aside/middle/file");
  unlink("link");
  equal("the link is gone", number("/tmp/path-name/link/file"), missing);
  symlink("/tmp/path-name/aside/middle", "link");
  equal("a link to elsewhere", number("/tmp/path-name/link/file"), second);
  unlink("link");
  link("top/middle/file", "top/middle/second");
  equal("a second name", number("/tmp/path-name/top/middle/second"), first);
}

static void permissions(void) {
  long first = number(FILE_PATH);
  equal("a child with another identity", in_child({
          setgid(1000);
          setuid(1000);
          equal("may look", number(FILE_PATH), first);
        }), 0);
  chmod("top", 0700);
  equal("root still may", number(FILE_PATH), first);
  equal("a child of root too", in_child({ equal("may look again", number(FILE_PATH), first); }), 0);
  equal("another child with another identity", in_child({
          setgid(1000);
          setuid(1000);
          equal("may not look", number(FILE_PATH), -1L - EACCES);
        }), 0);
  chown("top", 1000, 1000);
  equal("the owner", in_child({
          setgid(1000);
          setuid(1000);
          equal("may look, being the owner", number(FILE_PATH), first);
          chmod("top", 0600);
          equal("until he forbids himself", number(FILE_PATH), -1L - EACCES);
        }), 0);
  chmod("top", 0755);
}

static void roots(void) {
  mkdir("top/tmp", 0755);
  mkdir("top/tmp/path-name", 0755);
  mkdir("top/tmp/path-name/top", 0755);
  mkdir("top/tmp/path-name/top/middle", 0755);
  make_file("top/tmp/path-name/top/middle/file", "inner");
  long outer = number(FILE_PATH), inner = number("/tmp/path-name/top" FILE_PATH);
  check("the same path below", inner > 0 && inner != outer);
  equal("chroot in a child", in_child({
          equal("outside", number(FILE_PATH), outer);
          equal("chroot", chroot("top"), 0);
          equal("another root, another file", number(FILE_PATH), inner);
        }), 0);
  equal("the parent's root stays", number(FILE_PATH), outer);
  chdir("top");
  equal("a relative path", number("middle/file"), outer);
  chdir("tmp/path-name/top");
  equal("the same from elsewhere", number("middle/file"), inner);
  rename("middle", "gone");
  equal("gone from here", number("middle/file"), missing);
  equal("and by its whole path", number("/tmp/path-name/top" FILE_PATH), missing);
  equal("not from there", number(FILE_PATH), outer);
}

int main(void) {
  enter_scratch();
  lengths();
  bytes();
  memory_end();
  changes();
  permissions();
  roots();
  return finish();
}
