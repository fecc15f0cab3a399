/* attributes: modes, owners, times and the fields of stat. */
#include "check.h"
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <utime.h>

static struct stat status;

static void modes(void) {
  umask(027);
  close(open("masked", O_CREAT | O_WRONLY, 0777));
  equal("open obeys the umask", ({ stat("masked", &status); status.st_mode & 07777; }), 0750);
  mkfifo("masked-fifo", 0666);
  equal("mkfifo obeys the umask", ({ stat("masked-fifo", &status); status.st_mode & 07777; }), 0640);
  symlink("x", "masked-link");
  equal("symlink does not", ({ lstat("masked-link", &status); status.st_mode & 07777; }), 0777);
  equal("umask returns the old one", umask(022), 027);
  equal("umask keeps nine bits", (umask(07777), umask(022)), 0777);
  close(open("existing", O_CREAT | O_WRONLY, 0600));
  close(open("existing", O_CREAT | O_WRONLY, 0777));
  equal("O_CREAT leaves an existing mode", ({ stat("existing", &status); status.st_mode & 07777; }), 0600);
  int file = open("read-only-new", O_CREAT | O_RDWR, 0);
  equal("a file of mode 0 is writable through its creator", write(file, "x", 1), 1);
  close(file);
  equal("chmod", chmod("existing", 07755), 0);
  equal("chmod sets all twelve bits", ({ stat("existing", &status); status.st_mode & 07777; }), 07755);
  fails("chmod missing", chmod("missing", 0644), ENOENT);
  fails("chmod read-only", chmod("/readonly", 0700), EROFS);
  file = open("existing", O_RDONLY);
  equal("fchmod", fchmod(file, 0100644), 0);
  equal("fchmod ignores the type", ({ fstat(file, &status); (long)status.st_mode; }), S_IFREG | 0644);
  fails("fchmod bad descriptor", fchmod(99, 0644), EBADF);
  close(file);
  file = open("existing", O_PATH);
  fails("fchmod through O_PATH", fchmod(file, 0644), EBADF);
  close(file);
}

static void owners(void) {
  make_file("owned", "");
  equal("chown", chown("owned", 1000, 2000), 0);
  check("owner and group", stat("owned", &status) == 0 && status.st_uid == 1000 && status.st_gid == 2000);
  equal("chown -1 keeps", chown("owned", -1, 3000), 0);
  check("group alone", stat("owned", &status) == 0 && status.st_uid == 1000 && status.st_gid == 3000);
  chmod("owned", 06755);
  chown("owned", 1, 1);
  equal("chown clears set-id bits", ({ stat("owned", &status); status.st_mode & 07777; }), 0755);
  chmod("owned", 02745);
  chown("owned", 2, 2);
  equal("but not mandatory locking's", ({ stat("owned", &status); status.st_mode & 07777; }), 02745);
  symlink("owned", "owned-link");
  equal("lchown", lchown("owned-link", 7, 8), 0);
  check("lchown changes the link", lstat("owned-link", &status) == 0 && status.st_uid == 7);
  check("not the file", stat("owned-link", &status) == 0 && status.st_uid == 2);
  int file = open("owned", O_RDONLY);
  equal("fchown", fchown(file, 5, 6), 0);
  close(file);
  mkdir("group-sticks", 0755);
  chown("group-sticks", 0, 777);
  chmod("group-sticks", 02755);
  make_file("group-sticks/file", "");
  equal("a set-group-id directory hands on its group", ({ stat("group-sticks/file", &status); (long)status.st_gid; }), 777);
  mkdir("group-sticks/sub", 0755);
  equal("and the bit to directories", ({ stat("group-sticks/sub", &status); status.st_mode & 07777; }), 02755);
  make_file("owned-write", "");
  chown("owned-write", 1000, 1000);
  chmod("owned-write", 06777);
  equal("a write by another clears set-id bits", in_child({
          setresuid(1000, 1000, 1000);
          int fd = open("owned-write", O_WRONLY);
          write(fd, "x", 1);
        }), 0);
  equal("mode after the write", ({ stat("owned-write", &status); status.st_mode & 07777; }), 0777);
}

static int same_time(struct timespec a, long seconds, long nanoseconds) { return a.tv_sec == seconds && a.tv_nsec == nanoseconds; }

static int is_later(struct timespec a, struct timespec b) { return a.tv_sec > b.tv_sec || (a.tv_sec == b.tv_sec && a.tv_nsec > b.tv_nsec); }

static void times(void) {
  make_file("timed", "x");
  struct timespec both[2] = {{1000, 123456789}, {2000, 987654321}};
  equal("utimensat", utimensat(AT_FDCWD, "timed", both, 0), 0);
  stat("timed", &status);
  check("access time", same_time(status.st_atim, 1000, 123456789));
  check("modification time", same_time(status.st_mtim, 2000, 987654321));
  struct timespec omit[2] = {{0, UTIME_OMIT}, {5, 0}};
  utimensat(AT_FDCWD, "timed", omit, 0);
  stat("timed", &status);
  check("UTIME_OMIT", same_time(status.st_atim, 1000, 123456789) && same_time(status.st_mtim, 5, 0));
  struct timespec now[2] = {{0, UTIME_NOW}, {0, UTIME_OMIT}};
  struct timespec clock;
  clock_gettime(CLOCK_REALTIME_COARSE, &clock);
  utimensat(AT_FDCWD, "timed", now, 0);
  stat("timed", &status);
  check("UTIME_NOW", status.st_atim.tv_sec >= clock.tv_sec && status.st_mtim.tv_sec == 5);
  struct timespec bad[2] = {{0, 1000000000}, {0, 0}};
  fails("utimensat bad nanoseconds", utimensat(AT_FDCWD, "timed", bad, 0), EINVAL);
  fails("utimensat missing", utimensat(AT_FDCWD, "missing", both, 0), ENOENT);
  fails("utimensat bad flags", utimensat(AT_FDCWD, "timed", both, 0x8000), EINVAL);
  fails("utimensat read-only", utimensat(AT_FDCWD, "/readonly", both, 0), EROFS);
  int file = open("timed", O_RDWR);
  equal("futimens", futimens(file, both), 0);
  equal("of the right file", ({ stat("timed", &status); (long)status.st_mtim.tv_sec; }), 2000);
  symlink("timed", "timed-link");
  struct timespec link_times[2] = {{77, 0}, {88, 0}};
  equal("AT_SYMLINK_NOFOLLOW", utimensat(AT_FDCWD, "timed-link", link_times, AT_SYMLINK_NOFOLLOW), 0);
  check("the link's time", lstat("timed-link", &status) == 0 && status.st_mtim.tv_sec == 88);
  struct timeval old[2] = {{11, 22}, {33, 44}};
  equal("utimes", utimes("timed", old), 0);
  check("microseconds", stat("timed", &status) == 0 && same_time(status.st_mtim, 33, 44000));
  struct utimbuf older = {55, 66};
  equal("utime", utime("timed", &older), 0);
  check("seconds", stat("timed", &status) == 0 && same_time(status.st_atim, 55, 0) && same_time(status.st_mtim, 66, 0));

  struct stat before;
  fstat(file, &before);
  sleep_milliseconds(30);
  write(file, "y", 1);
  fstat(file, &status);
  check("write sets the modification and change times", is_later(status.st_mtim, before.st_mtim) && is_later(status.st_ctim, before.st_ctim));
  before = status;
  sleep_milliseconds(30);
  fchmod(file, 0600);
  fstat(file, &status);
  check("chmod sets the change time only", is_later(status.st_ctim, before.st_ctim) && !is_later(status.st_mtim, before.st_mtim));
  before = status;
  sleep_milliseconds(30);
  link("timed", "timed2");
  fstat(file, &status);
  check("link sets the change time", is_later(status.st_ctim, before.st_ctim));
  close(file);
  mkdir("watched", 0755);
  stat("watched", &before);
  sleep_milliseconds(30);
  make_file("watched/x", "");
  stat("watched", &status);
  check("creating sets the directory's time", is_later(status.st_mtim, before.st_mtim));
  before = status;
  sleep_milliseconds(30);
  unlink("watched/x");
  stat("watched", &status);
  check("removing too", is_later(status.st_mtim, before.st_mtim));
}

static void fields(void) {
  make_file("fields", "");
  truncate("fields", 10000);
  stat("fields", &status);
  check("a sparse file has no blocks", status.st_size == 10000 && status.st_blocks == 0 && status.st_blksize == 4096);
  int file = open("fields", O_WRONLY);
  pwrite(file, "x", 1, 5000);
  fstat(file, &status);
  equal("one page is eight blocks", status.st_blocks, 8);
  close(file);
  struct stat other;
  make_file("other", "");
  stat("other", &other);
  check("two files, one device", status.st_ino != other.st_ino && status.st_dev == other.st_dev);
  stat("/dev/shm", &other);
  check("another mount, another device", status.st_dev != other.st_dev);
  stat("/dev/null", &status);
  check("/dev/null", S_ISCHR(status.st_mode) && status.st_rdev == makedev(1, 3) && (status.st_mode & 0777) == 0666);
  fails("stat bad buffer", syscall(SYS_stat, "fields", (void *)8), EFAULT);
  fails("stat bad path", syscall(SYS_stat, (void *)-4096, &status), EFAULT);
  fails("stat empty path", stat("", &status), ENOENT);
  fails("fstat bad descriptor", fstat(99, &status), EBADF);
}

int main(void) {
  enter_scratch();
  modes();
  owners();
  times();
  fields();
  return finish();
}
