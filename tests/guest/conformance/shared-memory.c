/* Files of shared memory: what names them in /proc, and what can be done through those names. memfd_create(2), mmap(2), proc(5). */
#include "check.h"
#include <sys/mman.h>

static char *page;

/** Whether some line of /proc/self/maps begins with the address of `mapping` and ends in `name`. */
static int mapped_as(void *mapping, const char *name) {
  char line[512], start[32];
  snprintf(start, sizeof start, "%08lx-", (unsigned long)mapping);
  FILE *maps = fopen("/proc/self/maps", "r");
  int found = 0;
  while (maps && fgets(line, sizeof line, maps)) {
    line[strcspn(line, "\n")] = 0;
    size_t length = strlen(line), tail = strlen(name);
    if (strncmp(line, start, strlen(start)) == 0 && length > tail)
      found = line[length - tail - 1] == ' ' && strcmp(line + length - tail, name) == 0;
  }
  if (maps) fclose(maps);
  return found;
}

/** Where the link of a descriptor leads. */
static const char *link_of(int fd) {
  static char text[300];
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(path, text, sizeof text - 1);
  text[length > 0 ? length : 0] = 0;
  return text;
}

int main(int count, char **arguments) {
  if (count == 2 && strcmp(arguments[1], "again") == 0) return 7;
  int fd = memfd_create("some name/with slash", MFD_CLOEXEC);
  check_true("memfd_create", fd >= 0, errno);
  check_text("link of a memfd", link_of(fd), "/memfd:some name/with slash (deleted)");
  check_equal("it grows", ftruncate(fd, 8192), 0, errno);
  page = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  check_true("mapped", page != MAP_FAILED, errno);
  check_true("its mapping's name", mapped_as(page, "/memfd:some name/with slash (deleted)"), 0);
  strcpy(page, "through the mapping");

  char path[64], buffer[32] = "";
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  int second = open(path, O_RDONLY);
  check_true("opened again by its link", second >= 0, errno);
  check_equal("reads", read(second, buffer, 20), 20, errno);
  check_text("what was mapped", buffer, "through the mapping");
  check_text("link of the second", link_of(second), "/memfd:some name/with slash (deleted)");
  fails("the second does not write", write(second, "x", 1), EBADF);
  struct stat status;
  check_equal("stat by its link", stat(path, &status), 0, errno);
  check_true("a regular file without links", S_ISREG(status.st_mode) && status.st_nlink == 0 && status.st_size == 8192, 0);
  check_equal("mode of a memfd", status.st_mode & 07777, 0777, 0);
  fails("no directory for openat", openat(fd, "x", O_RDONLY), ENOTDIR);
  fails("fchdir", fchdir(fd), ENOTDIR);
  check_equal("fchmod", fchmod(fd, 0600), 0, errno);

  int empty = memfd_create("", 0);
  check_text("link of one without a name", link_of(empty), "/memfd: (deleted)");
  char longest[251];
  memset(longest, 'n', 250);
  longest[250] = 0;
  fails("a name of 250 bytes", memfd_create(longest, 0), EINVAL);
  longest[249] = 0;
  int longer = memfd_create(longest, 0);
  check_true("a name of 249 bytes", longer >= 0, errno);
  check_equal("length of its link", strlen(link_of(longer)), 249 + 7 + 10, 0);

  char *shared = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  check_true("shared anonymous memory", shared != MAP_FAILED && mapped_as(shared, "/dev/zero (deleted)"), errno);
  check_equal("half of it goes", munmap(shared, 4096), 0, errno);
  check_true("the rest keeps its name", mapped_as(shared + 4096, "/dev/zero (deleted)"), 0);

  /* A program that is nowhere but in memory. */
  int program = memfd_create("program", MFD_CLOEXEC);
  int self = open("/proc/self/exe", O_RDONLY);
  static char copy[65536];
  ssize_t n;
  while ((n = read(self, copy, sizeof copy)) > 0) (void)!write(program, copy, n);
  pid_t child = fork();
  if (child == 0) {
    char *const again[] = {arguments[0], "again", 0}, *const none[] = {0};
    fexecve(program, again, none);
    _exit(99);
  }
  int how;
  waitpid(child, &how, 0);
  check_true("fexecve of a memfd", WIFEXITED(how) && WEXITSTATUS(how) == 7, 0);
  return finish();
}
