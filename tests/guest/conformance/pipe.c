/* pipe: pipes, their atomicity and ends, poll and select on them. */
#include "check.h"
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/syscall.h>

static char buffer[1 << 18];
static volatile sig_atomic_t signals_seen;
static void count_signal(int number) { (void)number; signals_seen++; }

static void ends(void) {
  int ends[2];
  equal("pipe", pipe(ends), 0);
  struct stat status;
  fstat(ends[0], &status);
  check("a pipe is a FIFO", S_ISFIFO(status.st_mode) && (status.st_mode & 07777) == 0600);
  fails("write to the read end", write(ends[0], "x", 1), EBADF);
  fails("read from the write end", read(ends[1], buffer, 1), EBADF);
  fails("lseek", lseek(ends[0], 0, SEEK_SET), ESPIPE);
  fails("pread", pread(ends[0], buffer, 1, 0), ESPIPE);
  fails("ftruncate", ftruncate(ends[1], 0), EINVAL);
  fails("fsync", fsync(ends[0]), EINVAL);
  equal("access mode of the read end", fcntl(ends[0], F_GETFL) & O_ACCMODE, O_RDONLY);
  equal("access mode of the write end", fcntl(ends[1], F_GETFL) & O_ACCMODE, O_WRONLY);
  write(ends[1], "hello", 5);
  int available = 0;
  equal("FIONREAD", ioctl(ends[0], FIONREAD, &available), 0);
  equal("bytes available", available, 5);
  equal("read takes what is there", read(ends[0], buffer, 100), 5);
  write(ends[1], "rest", 4);
  close(ends[1]);
  equal("the rest after the writer closed", read(ends[0], buffer, 100), 4);
  equal("then end of file", read(ends[0], buffer, 100), 0);
  close(ends[0]);
  fails("pipe to a bad pointer", syscall(SYS_pipe, (void *)8), EFAULT);
  fails("pipe2 bad flags", pipe2(ends, O_APPEND), EINVAL);
  equal("pipe2", pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
  equal("pipe2 close-on-exec", fcntl(ends[1], F_GETFD), FD_CLOEXEC);
  check("pipe2 non-blocking", fcntl(ends[0], F_GETFL) & O_NONBLOCK);
  fails("read of an empty pipe", read(ends[0], buffer, 1), EAGAIN);
  close(ends[0]);
  handle(SIGPIPE, count_signal, 0);
  fails("write without readers", write(ends[1], "x", 1), EPIPE);
  equal("SIGPIPE came", signals_seen, 1);
  signal(SIGPIPE, SIG_IGN);
  fails("and when ignored", write(ends[1], "x", 1), EPIPE);
  signal(SIGPIPE, SIG_DFL);
  equal("SIGPIPE kills by default", in_child(write(ends[1], "x", 1)), KILLED(SIGPIPE));
  close(ends[1]);
}

static void capacity(void) {
  int ends[2];
  pipe2(ends, O_NONBLOCK);
  equal("F_GETPIPE_SZ", fcntl(ends[0], F_GETPIPE_SZ), 65536);
  equal("a pipe takes 64 KiB", write(ends[1], buffer, sizeof buffer), 65536);
  fails("then it is full", write(ends[1], buffer, 1), EAGAIN);
  equal("read a page", read(ends[0], buffer, 4096), 4096);
  equal("a page fits again", write(ends[1], buffer, 8192), 4096);
  read(ends[0], buffer, 4096);
  read(ends[0], buffer, 4096);
  equal("an atomic write fits", write(ends[1], buffer, 4096), 4096);
  close(ends[0]);
  close(ends[1]);
}

static void blocking(void) {
  int ends[2];
  pipe(ends);
  pid_t writer = fork();
  if (writer == 0) {
    close(ends[0]);
    memset(buffer, 'w', sizeof buffer);
    ssize_t written = write(ends[1], buffer, sizeof buffer);
    _exit(written == sizeof buffer ? 0 : 1);
  }
  close(ends[1]);
  long total = 0;
  for (ssize_t got; (got = read(ends[0], buffer, 10000)) > 0;) {
    for (ssize_t i = 0; i < got; i++) total += buffer[i] == 'w';
  }
  equal("all bytes of a large write arrive", total, sizeof buffer);
  equal("a blocking write writes all", reap(writer), 0);
  close(ends[0]);

  /* Writes of at most PIPE_BUF bytes by several processes never mix. */
  pipe(ends);
  for (int i = 0; i < 4; i++) {
    if (fork() == 0) {
      char record[1000];
      memset(record, 'a' + i, sizeof record);
      for (int round = 0; round < 50; round++)
        if (write(ends[1], record, sizeof record) != sizeof record) _exit(1);
      _exit(0);
    }
  }
  close(ends[1]);
  int torn = 0, records = 0;
  for (;;) {
    size_t have = 0;
    ssize_t got;
    while (have < 1000 && (got = read(ends[0], buffer + have, 1000 - have)) > 0) have += got;
    if (have == 0) break;
    for (size_t i = 1; i < have; i++)
      if (buffer[i] != buffer[0]) torn = 1;
    records++;
  }
  equal("200 records arrived", records, 200);
  equal("none was torn", torn, 0);
  while (wait(NULL) > 0) {
  }
  close(ends[0]);
}

static void polling(void) {
  int ends[2];
  pipe(ends);
  struct pollfd polled[3] = {{ends[0], POLLIN, 0}, {ends[1], POLLOUT, 0}, {-1, POLLIN, 77}};
  equal("poll: only the write end is ready", poll(polled, 3, 0), 1);
  equal("read end revents", polled[0].revents, 0);
  equal("write end revents", polled[1].revents, POLLOUT);
  equal("a negative descriptor is skipped", polled[2].revents, 0);
  equal("poll timeout", poll(polled, 1, 20), 0);
  write(ends[1], "x", 1);
  equal("poll after a write", poll(polled, 1, -1), 1);
  equal("POLLIN", polled[0].revents, POLLIN);
  read(ends[0], buffer, 1);
  pid_t child = fork();
  if (child == 0) {
    sleep_milliseconds(30);
    write(ends[1], "y", 1);
    _exit(0);
  }
  equal("poll waits for the writer", poll(polled, 1, 20000), 1);
  reap(child);
  read(ends[0], buffer, 1);
  close(ends[1]);
  equal("poll after the writer closed", poll(polled, 1, -1), 1);
  equal("POLLHUP", polled[0].revents, POLLHUP);
  polled[0].fd = 99;
  equal("poll a closed descriptor", poll(polled, 1, -1), 1);
  equal("POLLNVAL", polled[0].revents, POLLNVAL);
  close(ends[0]);
  pipe(ends);
  close(ends[0]);
  polled[1].fd = ends[1];
  poll(polled + 1, 1, -1);
  equal("POLLERR without readers", polled[1].revents, POLLOUT | POLLERR);
  close(ends[1]);
  fails("poll bad pointer", syscall(SYS_poll, (void *)8, 1, 0), EFAULT);
  equal("poll of nothing times out", poll(NULL, 0, 10), 0);
  struct timespec bad = {0, 1000000000};
  fails("ppoll bad time", ppoll(NULL, 0, &bad, NULL), EINVAL);
  equal("a regular file is always ready", ({
          make_file("ready", "");
          struct pollfd p = {open("ready", O_RDWR), POLLIN | POLLOUT, 0};
          poll(&p, 1, -1);
          p.revents;
        }), POLLIN | POLLOUT);
}

static void selecting(void) {
  int ends[2];
  pipe(ends);
  fd_set readers, writers;
  FD_ZERO(&readers);
  FD_ZERO(&writers);
  FD_SET(ends[0], &readers);
  FD_SET(ends[1], &writers);
  struct timeval zero = {0, 0};
  equal("select", select(ends[1] + 1, &readers, &writers, NULL, &zero), 1);
  check("select sets", !FD_ISSET(ends[0], &readers) && FD_ISSET(ends[1], &writers));
  write(ends[1], "x", 1);
  FD_ZERO(&readers);
  FD_SET(ends[0], &readers);
  equal("select readable", select(ends[0] + 1, &readers, NULL, NULL, NULL), 1);
  struct timeval timeout = {0, 10000};
  read(ends[0], buffer, 1);
  equal("select timeout", select(ends[0] + 1, &readers, NULL, NULL, &timeout), 0);
  check("select clears the set", !FD_ISSET(ends[0], &readers));
  check("Linux writes the time left", timeout.tv_sec == 0 && timeout.tv_usec == 0);
  fails("select negative count", select(-1, NULL, NULL, NULL, &zero), EINVAL);
  FD_ZERO(&readers);
  FD_SET(40, &readers);
  fails("select a closed descriptor", select(41, &readers, NULL, NULL, &zero), EBADF);
  close(ends[0]);
  close(ends[1]);
}

int main(void) {
  enter_scratch();
  ends();
  capacity();
  blocking();
  polling();
  selecting();
  return finish();
}
