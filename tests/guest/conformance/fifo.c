/* fifo: named pipes: who waits for whom at open, end of file, non-blocking rules. */
#include "check.h"
#include <poll.h>

static char buffer[256];

int main(void) {
  enter_scratch();
  equal("mkfifo", mkfifo("f", 0644), 0);
  fails("mkfifo existing", mkfifo("f", 0644), EEXIST);
  fails("a writer without readers, non-blocking", open("f", O_WRONLY | O_NONBLOCK), ENXIO);
  int reader = open("f", O_RDONLY | O_NONBLOCK);
  check("a reader without writers, non-blocking", reader >= 0);
  equal("reads end of file", read(reader, buffer, 1), 0);
  struct pollfd polled = {reader, POLLIN, 0};
  equal("poll before any writer says nothing", poll(&polled, 1, 0), 0);
  int writer = open("f", O_WRONLY | O_NONBLOCK);
  check("now a writer opens", writer >= 0);
  fails("a reader with a writer", read(reader, buffer, 1), EAGAIN);
  equal("write", write(writer, "hello", 5), 5);
  equal("poll for input", (poll(&polled, 1, 0), polled.revents), POLLIN);
  equal("read", read(reader, buffer, 100), 5);
  close(writer);
  equal("POLLHUP once a writer was there", (poll(&polled, 1, 0), polled.revents), POLLHUP);
  equal("end of file", read(reader, buffer, 1), 0);
  writer = open("f", O_WRONLY);
  equal("a second writer", write(writer, "again", 5), 5);
  equal("is read", read(reader, buffer, 100), 5);
  close(reader);
  signal(SIGPIPE, SIG_IGN);
  fails("no readers left", write(writer, "x", 1), EPIPE);
  close(writer);

  /* Blocking opens meet. */
  pid_t child = fork();
  if (child == 0) {
    int end = open("f", O_WRONLY);
    _exit(write(end, "from the child", 14) == 14 ? 0 : 1);
  }
  reader = open("f", O_RDONLY);
  equal("a blocking open meets the writer", read(reader, buffer, 100), 14);
  equal("the writer went", reap(child), 0);
  equal("then the end", read(reader, buffer, 100), 0);
  close(reader);
  child = fork();
  if (child == 0) {
    int end = open("f", O_RDONLY);
    ssize_t got = read(end, buffer, 100);
    _exit(got);
  }
  writer = open("f", O_WRONLY);
  write(writer, "seven b", 7);
  equal("the other way round", reap(child), EXITED(7));
  close(writer);

  int both = open("f", O_RDWR);
  check("O_RDWR never waits", both >= 0);
  equal("data stays while it is open", write(both, "kept", 4), 4);
  reader = open("f", O_RDONLY | O_NONBLOCK);
  unlink("f");
  equal("a FIFO works without its name", read(reader, buffer, 100), 4);
  close(both);
  equal("and ends", read(reader, buffer, 100), 0);
  struct stat status;
  fstat(reader, &status);
  check("its type", S_ISFIFO(status.st_mode) && status.st_nlink == 0);
  close(reader);
  return finish();
}
