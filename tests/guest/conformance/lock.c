/* lock: record locks of processes, locks of open files, and flock. */
#include "check.h"
#include <sys/file.h>

static int file;

static int set_lock(int descriptor, int command, short type, off_t start, off_t length) {
  struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
  return fcntl(descriptor, command, &lock);
}

/** What F_GETLK finds in the way of a write lock, as text: `none`, or its type and range. */
static const char *obstacle(off_t start, off_t length) {
  static char text[64];
  struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
  if (fcntl(file, F_GETLK, &lock) < 0) return error_name(errno);
  if (lock.l_type == F_UNLCK) return "none";
  snprintf(text, sizeof text, "%s %ld+%ld", lock.l_type == F_RDLCK ? "read" : "write", (long)lock.l_start, (long)lock.l_len);
  return text;
}

/** Asks from another process, for which this one's locks are in the way. */
#define other_sees(name, start, length, expected) equal(name, in_child(same_text(name, obstacle(start, length), expected)), 0)

static void records(void) {
  equal("a write lock", set_lock(file, F_SETLK, F_WRLCK, 10, 20), 0);
  same_text("one's own lock is not in the way", obstacle(0, 0), "none");
  other_sees("but in another's", 0, 0, "write 10+20");
  other_sees("not elsewhere", 30, 10, "none");
  equal("another process", in_child({
          fails("cannot take it", set_lock(file, F_SETLK, F_WRLCK, 29, 1), EAGAIN);
          fails("not even to read", set_lock(file, F_SETLK, F_RDLCK, 0, 11), EAGAIN);
          equal("what is free it can", set_lock(file, F_SETLK, F_WRLCK, 100, 10), 0);
        }), 0);
  equal("unlocking the middle", set_lock(file, F_SETLK, F_UNLCK, 15, 5), 0);
  other_sees("leaves the start", 10, 5, "write 10+5");
  other_sees("and the end", 20, 10, "write 20+10");
  other_sees("and a gap", 15, 5, "none");
  equal("a part becomes a read lock", set_lock(file, F_SETLK, F_RDLCK, 20, 5), 0);
  other_sees("of its own", 20, 5, "read 20+5");
  other_sees("beside the write lock", 25, 1, "write 25+5");
  equal("read locks are shared", in_child(equal("a second one", set_lock(file, F_SETLK, F_RDLCK, 20, 5), 0)), 0);
  equal("joining all", set_lock(file, F_SETLK, F_WRLCK, 10, 20), 0);
  other_sees("makes one", 0, 0, "write 10+20");
  equal("to the end of the file", set_lock(file, F_SETLK, F_WRLCK, 50, 0), 0);
  other_sees("however large", 1L << 40, 1, "write 50+0");
  equal("all unlocked", set_lock(file, F_SETLK, F_UNLCK, 0, 0), 0);
  other_sees("nothing is left", 0, 0, "none");
  fails("a bad type", set_lock(file, F_SETLK, 77, 0, 0), EINVAL);
  fails("before the start", set_lock(file, F_SETLK, F_WRLCK, -5, 2), EINVAL);
  equal("a negative length means before", set_lock(file, F_SETLK, F_WRLCK, 10, -5), 0);
  other_sees("so from 5 to 9", 0, 0, "write 5+5");
  set_lock(file, F_SETLK, F_UNLCK, 0, 0);
  struct flock relative = {.l_type = F_WRLCK, .l_whence = SEEK_END, .l_start = -10, .l_len = 5};
  equal("relative to the end", fcntl(file, F_SETLK, &relative), 0);
  other_sees("of 100 bytes", 0, 0, "write 90+5");
  int reader = open("locked", O_RDONLY), writer = open("locked", O_WRONLY);
  fails("a write lock needs a writable descriptor", set_lock(reader, F_SETLK, F_WRLCK, 0, 1), EBADF);
  fails("a read lock a readable one", set_lock(writer, F_SETLK, F_RDLCK, 0, 1), EBADF);
  close(writer);
  other_sees("closing any descriptor of the file drops the locks", 0, 0, "none");
  close(reader);
  fails("a bad descriptor", set_lock(99, F_SETLK, F_WRLCK, 0, 1), EBADF);
  fails("a bad pointer", fcntl(file, F_SETLK, (void *)8), EFAULT);
}

static void processes(void) {
  set_lock(file, F_SETLK, F_WRLCK, 0, 10);
  equal("a child does not inherit locks", in_child(fails("it is locked out", set_lock(file, F_SETLK, F_WRLCK, 0, 10), EAGAIN)), 0);
  int ends[2];
  char byte;
  pipe(ends);
  pid_t child = fork();
  if (child == 0) {
    write(ends[1], "w", 1);
    _exit(set_lock(file, F_SETLKW, F_WRLCK, 5, 1) == 0 ? 3 : 4);
  }
  read(ends[0], &byte, 1);
  sleep_milliseconds(20);
  equal("a waiter waits", waitpid(child, NULL, WNOHANG), 0);
  set_lock(file, F_SETLK, F_UNLCK, 0, 10);
  equal("until the lock goes", reap(child), EXITED(3));
  child = fork();
  if (child == 0) {
    set_lock(file, F_SETLK, F_WRLCK, 0, 10);
    write(ends[1], "l", 1);
    for (;;) pause();
  }
  read(ends[0], &byte, 1);
  check("F_GETLK names the owner", ({
          struct flock lock = {.l_type = F_RDLCK};
          fcntl(file, F_GETLK, &lock) == 0 && lock.l_pid == child && lock.l_type == F_WRLCK;
        }));
  kill(child, SIGKILL);
  reap(child);
  equal("a dead process holds nothing", set_lock(file, F_SETLK, F_WRLCK, 0, 10), 0);
  /* Each holds what the other waits for. */
  child = fork();
  if (child == 0) {
    set_lock(file, F_SETLK, F_WRLCK, 20, 1);
    write(ends[1], "d", 1);
    _exit(set_lock(file, F_SETLKW, F_WRLCK, 0, 1) == 0 ? 5 : errno == EDEADLK ? 6 : 7);
  }
  read(ends[0], &byte, 1);
  int mine = set_lock(file, F_SETLKW, F_WRLCK, 20, 1) < 0 ? errno : 0;
  set_lock(file, F_SETLK, F_UNLCK, 0, 0);
  int status = reap(child);
  check("a deadlock is found by one of the two", (mine == EDEADLK && status == EXITED(5)) || (mine == 0 && status == EXITED(6)));
  close(ends[0]);
  close(ends[1]);
}

static void open_files(void) {
  int second = open("locked", O_RDWR), copy = dup(file);
  equal("a lock of an open file", set_lock(file, F_OFD_SETLK, F_WRLCK, 0, 10), 0);
  equal("its duplicate is the same", set_lock(copy, F_OFD_SETLK, F_WRLCK, 5, 10), 0);
  fails("another open of the file is not", set_lock(second, F_OFD_SETLK, F_WRLCK, 0, 1), EAGAIN);
  fails("record locks see it", set_lock(second, F_SETLK, F_WRLCK, 0, 1), EAGAIN);
  close(copy);
  fails("closing a duplicate keeps it", set_lock(second, F_OFD_SETLK, F_WRLCK, 0, 1), EAGAIN);
  equal("unlock", set_lock(file, F_OFD_SETLK, F_UNLCK, 0, 0), 0);
  equal("now it can", set_lock(second, F_OFD_SETLK, F_WRLCK, 0, 1), 0);
  close(second);
  equal("the last close drops it", set_lock(file, F_OFD_SETLK, F_WRLCK, 0, 1), 0);
  set_lock(file, F_OFD_SETLK, F_UNLCK, 0, 0);
}

static void whole_files(void) {
  int second = open("locked", O_RDWR), copy = dup(file);
  equal("flock, exclusive", flock(file, LOCK_EX), 0);
  equal("the duplicate has it too", flock(copy, LOCK_EX | LOCK_NB), 0);
  fails("another open does not", flock(second, LOCK_SH | LOCK_NB), EAGAIN);
  equal("down to shared", flock(file, LOCK_SH), 0);
  equal("now it is shared", flock(second, LOCK_SH | LOCK_NB), 0);
  fails("not up again", flock(file, LOCK_EX | LOCK_NB), EAGAIN);
  close(second);
  equal("unlock through the duplicate", flock(copy, LOCK_UN), 0);
  second = open("locked", O_RDONLY);
  equal("a read-only descriptor locks exclusively", flock(second, LOCK_EX | LOCK_NB), 0);
  equal("record locks are another matter", set_lock(file, F_SETLK, F_WRLCK, 0, 0), 0);
  equal("a child holds it with its parent", in_child(equal("the same lock", flock(second, LOCK_EX | LOCK_NB), 0)), 0);
  fails("and its end keeps it", flock(file, LOCK_EX | LOCK_NB), EAGAIN);
  fails("no operation", flock(file, 0), EINVAL);
  fails("a bad descriptor", flock(99, LOCK_SH), EBADF);
  close(second);
  close(copy);
}

int main(void) {
  enter_scratch();
  file = open("locked", O_CREAT | O_RDWR, 0644);
  ftruncate(file, 100);
  records();
  processes();
  open_files();
  whole_files();
  return finish();
}
