/* devices: the device nodes of a container. */
#include "check.h"
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>

static char buffer[8192];

static void node(const char *path, int major_number, int minor_number) {
  struct stat status = {0};
  stat(path, &status);
  char name[64];
  snprintf(name, sizeof name, "%s is device %d:%d", path, major_number, minor_number);
  check(name, S_ISCHR(status.st_mode) && status.st_rdev == makedev(major_number, minor_number) && (status.st_mode & 0777) == 0666);
}

static const char *target(const char *path) {
  static char name[256];
  ssize_t length = readlink(path, name, sizeof name - 1);
  name[length < 0 ? 0 : length] = 0;
  return name;
}

static int all_zero(size_t length) {
  for (size_t i = 0; i < length; i++)
    if (buffer[i]) return 0;
  return 1;
}

int main(void) {
  node("/dev/null", 1, 3);
  node("/dev/zero", 1, 5);
  node("/dev/full", 1, 7);
  node("/dev/random", 1, 8);
  node("/dev/urandom", 1, 9);
  node("/dev/tty", 5, 0);
  node("/dev/ptmx", 5, 2);
  same_text("/dev/fd", target("/dev/fd"), "/proc/self/fd");
  same_text("/dev/stdin", target("/dev/stdin"), "/proc/self/fd/0");
  same_text("/dev/stdout", target("/dev/stdout"), "/proc/self/fd/1");
  same_text("/dev/stderr", target("/dev/stderr"), "/proc/self/fd/2");

  int null = open("/dev/null", O_RDWR);
  equal("null: read", read(null, buffer, 100), 0);
  equal("null: write", write(null, buffer, 8192), 8192);
  equal("null: even from a bad pointer", write(null, (void *)8, 100), 100);
  equal("null: lseek", lseek(null, 1000, SEEK_SET) == 1000 || lseek(null, 0, SEEK_CUR) == 0, 1);
  struct pollfd polled = {null, POLLIN | POLLOUT, 0};
  poll(&polled, 1, -1);
  equal("null: poll", polled.revents, POLLIN | POLLOUT);
  fails("null: ioctl", ioctl(null, TIOCGWINSZ, buffer), ENOTTY);
  fails("null: mmap", (long)mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, null, 0), ENODEV);
  fails("null: ftruncate", ftruncate(null, 0), EINVAL);
  close(null);
  close(open("/dev/null", O_WRONLY | O_TRUNC | O_CREAT, 0644));
  check("null: O_TRUNC and O_CREAT do no harm", access("/dev/null", W_OK) == 0);

  int zero = open("/dev/zero", O_RDWR);
  memset(buffer, 1, sizeof buffer);
  equal("zero: read", read(zero, buffer, 8000), 8000);
  check("zero: zeros", all_zero(8000) && buffer[8000] == 1);
  equal("zero: write", write(zero, buffer, 100), 100);
  fails("zero: bad pointer", read(zero, (void *)8, 100), EFAULT);
  char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  munmap(pages + 4096, 4096);
  equal("zero: a read that ends in a hole", read(zero, pages + 4000, 200), 96);
  close(zero);

  int full = open("/dev/full", O_RDWR);
  fails("full: write", write(full, "x", 1), ENOSPC);
  memset(buffer, 1, 100);
  check("full: reads zeros", read(full, buffer, 100) == 100 && all_zero(100));
  close(full);

  int random = open("/dev/urandom", O_RDWR);
  char other[64];
  equal("urandom: read", read(random, buffer, 64), 64);
  equal("urandom: again", read(random, other, 64), 64);
  check("urandom: differs", memcmp(buffer, other, 64) != 0);
  equal("urandom: write", write(random, buffer, 64), 64);
  close(random);
  random = open("/dev/random", O_RDONLY);
  equal("random: read", read(random, buffer, 16), 16);
  close(random);

  fails("tty: without a terminal", open("/dev/tty", O_RDWR), ENXIO);
  int ends[2];
  pipe(ends);
  dup2(ends[1], 60);
  int again = open("/dev/fd/60", O_WRONLY);
  check("fd: opened again", again >= 0 && write(again, "again", 5) == 5 && read(ends[0], buffer, 100) == 5);
  int shared = open("/dev/shm/devices-test", O_CREAT | O_RDWR, 0600);
  check("shm: a file", shared >= 0 && write(shared, "x", 1) == 1);
  unlink("/dev/shm/devices-test");
  struct stat status;
  check("shm: its mode", stat("/dev/shm", &status) == 0 && (status.st_mode & 07777) == 01777);
  check("pts: a directory", stat("/dev/pts", &status) == 0 && S_ISDIR(status.st_mode));

  /* A node that mknod makes works where devices are allowed, and not where they are not. */
  equal("mknod", mknod("/made-null", S_IFCHR | 0666, makedev(1, 3)), 0);
  int made = open("/made-null", O_WRONLY);
  check("it works", made >= 0 && write(made, "abc", 3) == 3);
  close(made);
  unlink("/made-null");
  equal("mknod on a nodev mount", mknod("/tmp/devices-null", S_IFCHR | 0666, makedev(1, 3)), 0);
  fails("it does not open", open("/tmp/devices-null", O_WRONLY), EACCES);
  unlink("/tmp/devices-null");
  return finish();
}
