/* deep-dirs: a tree of 2,000 levels with long names: walking, renaming and removing must not need recursion. */
#include "check.h"
#include <limits.h>

#define LEVELS 2000

int main(void) {
  static char name[128], path[PATH_MAX + 100];
  enter_scratch();
  memset(name, 'd', 120);
  int made = 0;
  for (int i = 0; i < LEVELS; i++) {
    if (mkdir(name, 0755) < 0 || chdir(name) < 0) break;
    made++;
  }
  equal("levels made", made, LEVELS);
  fails("getcwd", getcwd(path, sizeof path) ? 0 : -1, ERANGE);
  make_file("bottom", "deep");
  struct stat status;
  equal("a file at the bottom", stat("bottom", &status), 0);
  strcpy(path, "");
  for (int i = 0; i < 1000; i++) strcat(path, "../");
  equal("a thousand levels up at once", chdir(path), 0);
  equal("it is a directory", stat(name, &status) == 0 && S_ISDIR(status.st_mode), 1);
  equal("rename the lower half", rename(name, "lower"), 0);
  path[strlen(path) - 6] = 0; /* 998 up: two below the top */
  chdir(path);
  for (int i = 0; i < 5; i++) chdir("..");
  chdir("/tmp/deep-dirs");
  fails("a directory cannot move below itself", rename(name, "x") == 0 ? rename("x", "x/y") : 0, EINVAL);
  rename("x", name);

  /* Remove from the bottom up: down by name, up by `..`. */
  int depth = 0, half = 0;
  while (chdir(name) == 0 || (chdir("lower") == 0 && ++half)) depth++;
  equal("down again", depth, LEVELS);
  equal("through the renamed one", half, 1);
  equal("unlink the file", unlink("bottom"), 0);
  int removed = 0;
  while (removed < LEVELS && chdir("..") == 0 && (rmdir(name) == 0 || rmdir("lower") == 0)) removed++;
  equal("levels removed", removed, LEVELS);
  equal("at the top", getcwd(path, sizeof path) && strcmp(path, "/tmp/deep-dirs") == 0, 1);

  /* A wide directory below a removed one, and many hard links. */
  mkdir("wide", 0755);
  chdir("wide");
  make_file("one", "1");
  int links = 0;
  for (int i = 0; i < 3000; i++) {
    snprintf(path, 32, "link-%d", i);
    links += link("one", path) == 0;
  }
  equal("links made", links, 3000);
  stat("one", &status);
  equal("link count", status.st_nlink, 3001);
  for (int i = 0; i < 3000; i++) {
    snprintf(path, 32, "link-%d", i);
    links -= unlink(path) == 0;
  }
  equal("links removed", links, 0);
  return finish();
}
