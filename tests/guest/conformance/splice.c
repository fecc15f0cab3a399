/* splice, tee and vmsplice: between pipes, files and sockets; positions, waiting, ends, errors. */
#include "check.h"
#include <sys/socket.h>
#include <sys/uio.h>

static char got[70000];
static int in[2], out[2];

static void fresh(void) {
  close(in[0]), close(in[1]), close(out[0]), close(out[1]);
  pipe(in), pipe(out);
}
static int fetch(int fd) {
  memset(got, 0, 100);
  return read(fd, got, sizeof got);
}

static void files(void) {
  make_file("source", "0123456789abcdef");
  int source = open("source", O_RDONLY), target = open("target", O_RDWR | O_CREAT, 0600);
  loff_t at = 4;
  equal("file to pipe", splice(source, NULL, in[1], NULL, 6, 0), 6);
  equal("moves the position", lseek(source, 0, SEEK_CUR), 6);
  equal("from a position", splice(source, &at, in[1], NULL, 4, 0), 4);
  check("which moves", at == 8 && lseek(source, 0, SEEK_CUR) == 6);
  equal("what is in the pipe", fetch(in[0]), 10);
  same_text("in order", got, "0123454567");
  equal("up to the end", splice(source, NULL, in[1], NULL, 100, 0), 10);
  equal("the end", splice(source, NULL, in[1], NULL, 100, 0), 0);
  equal("pipe to file", splice(in[0], NULL, target, NULL, 4, 0), 4);
  at = 10;
  equal("to a position", splice(in[0], NULL, target, &at, 100, 0), 6);
  check("which moves", at == 16 && lseek(target, 0, SEEK_CUR) == 4);
  equal("what was written", pread(target, got, 100, 0), 16);
  check("with a hole", memcmp(got, "6789\0\0\0\0\0\0abcdef", 16) == 0);
  fails("empty", splice(in[0], NULL, target, NULL, 10, SPLICE_F_NONBLOCK), EAGAIN);
  equal("nothing", splice(in[0], NULL, target, NULL, 0, 0), 0);
  write(in[1], "x", 1);
  fails("unknown flags", splice(in[0], NULL, target, NULL, 10, 64), EINVAL);
  fails("a position of a pipe", splice(in[0], &at, target, NULL, 10, 0), ESPIPE);
  fails("a position of a pipe", splice(source, NULL, in[1], &at, 10, 0), ESPIPE);
  fails("no pipe", splice(source, NULL, target, NULL, 10, 0), EINVAL);
  fails("from the writing end", splice(in[1], NULL, target, NULL, 10, 0), EBADF);
  fails("to the reading end", splice(source, NULL, in[0], NULL, 10, 0), EBADF);
  fails("no descriptor", splice(99, NULL, in[1], NULL, 10, 0), EBADF);
  fails("to a file that is read", splice(in[0], NULL, source, NULL, 10, 0), EBADF);
  fails("a bad position", splice(in[0], NULL, target, (loff_t *)8, 10, 0), EFAULT);
  at = -1;
  fails("a negative position", splice(in[0], NULL, target, &at, 10, 0), EINVAL);
  int appending = open("target", O_WRONLY | O_APPEND);
  fails("to an end that moves", splice(in[0], NULL, appending, NULL, 10, 0), EINVAL);
  equal("the pipe still has it", fetch(in[0]), 1);
  int large = open("large", O_RDWR | O_CREAT, 0600);
  ftruncate(large, 200000);
  equal("as much as fits", splice(large, NULL, in[1], NULL, 200000, 0), 65536);
  fails("full", splice(large, NULL, in[1], NULL, 1, SPLICE_F_NONBLOCK), EAGAIN);
  equal("all of it", splice(in[0], NULL, target, NULL, 200000, 0), 65536);
  int null = open("/dev/null", O_WRONLY);
  write(in[1], "gone", 4);
  equal("to /dev/null", splice(in[0], NULL, null, NULL, 100, 0), 4);
}

static void pipes(void) {
  fresh();
  write(in[1], "hello", 5), write(in[1], "world", 5);
  equal("tee", tee(in[0], out[1], 100, 0), 10);
  equal("is there", fetch(out[0]), 10);
  same_text("all of it", got, "helloworld");
  equal("tee a part", tee(in[0], out[1], 3, 0), 3);
  equal("splice a part", splice(in[0], NULL, out[1], NULL, 7, 0), 7);
  equal("both", fetch(out[0]), 10);
  same_text("in order", got, "helhellowo");
  equal("the rest stays", fetch(in[0]), 3);
  same_text("the rest", got, "rld");
  fails("tee: empty", tee(in[0], out[1], 10, SPLICE_F_NONBLOCK), EAGAIN);
  fails("splice: empty", splice(in[0], NULL, out[1], NULL, 10, SPLICE_F_NONBLOCK), EAGAIN);
  fails("tee: the same pipe", tee(in[0], in[1], 10, 0), EINVAL);
  fails("splice: the same pipe", splice(in[0], NULL, in[1], NULL, 10, 0), EINVAL);
  fails("tee: flags", tee(in[0], out[1], 10, 64), EINVAL);
  equal("tee: nothing", tee(in[0], out[1], 0, 0), 0);
  pid_t writer = fork();
  if (writer == 0) {
    sleep_milliseconds(30);
    _exit(write(in[1], "late", 4) == 4 ? 0 : 1);
  }
  equal("splice waits", splice(in[0], NULL, out[1], NULL, 10, 0), 4);
  reap(writer);
  equal("for what comes", fetch(out[0]), 4);
  close(in[1]);
  equal("the end", splice(in[0], NULL, out[1], NULL, 10, 0), 0);
  equal("tee: the end", tee(in[0], out[1], 10, 0), 0);
  fresh();
  write(in[1], "x", 1);
  close(out[0]);
  signal(SIGPIPE, SIG_IGN);
  fails("nobody reads", splice(in[0], NULL, out[1], NULL, 10, 0), EPIPE);
  fails("tee: nobody reads", tee(in[0], out[1], 10, 0), EPIPE);
}

static void memory(void) {
  fresh();
  struct iovec pieces[2] = {{"abc", 3}, {"defgh", 5}}, into[2] = {{got, 2}, {got + 10, 20}};
  equal("vmsplice", vmsplice(in[1], pieces, 2, 0), 8);
  equal("out again", vmsplice(in[0], into, 2, 0), 8);
  check("in pieces", memcmp(got, "ab", 2) == 0 && memcmp(got + 10, "cdefgh", 6) == 0);
  fails("empty", vmsplice(in[0], into, 2, SPLICE_F_NONBLOCK), EAGAIN);
  struct iovec large = {got, sizeof got};
  equal("as much as fits", vmsplice(in[1], &large, 1, 0) > 0 && fcntl(in[1], F_GETPIPE_SZ) == 65536, 1);
  fails("no pipe", vmsplice(open("source", O_RDWR), pieces, 2, 0), EBADF);
  fails("no descriptor", vmsplice(99, pieces, 2, 0), EBADF);
  fails("flags", vmsplice(in[1], pieces, 2, 64), EINVAL);
  equal("nothing", vmsplice(in[1], pieces, 0, 0), 0);
}

static void sockets(void) {
  int pair[2];
  fresh();
  socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
  write(in[1], "to the socket", 13);
  equal("pipe to socket", splice(in[0], NULL, pair[0], NULL, 100, 0), 13);
  equal("socket to pipe", splice(pair[1], NULL, out[1], NULL, 100, 0), 13);
  equal("came through", fetch(out[0]), 13);
  same_text("the text", got, "to the socket");
  fcntl(pair[1], F_SETFL, O_NONBLOCK);
  fails("nothing there", splice(pair[1], NULL, out[1], NULL, 100, 0), EAGAIN);
  loff_t at = 0;
  fails("a socket has no position", splice(pair[1], &at, out[1], NULL, 100, 0), EINVAL);
  close(pair[0]);
  equal("the end", splice(pair[1], NULL, out[1], NULL, 100, 0), 0);
}

int main(void) {
  enter_scratch();
  pipe(in), pipe(out);
  files();
  pipes();
  memory();
  sockets();
  return finish();
}
