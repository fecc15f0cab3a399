/* rw-errors: the errors of calls that move bytes, and what a signal does to those that wait. */
#include "badpath.h"
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>

static char text[65536];
static int file, reader, writer, folder, empty[2], full[2], closed_pipe[2], event;
static struct iovec vector[1] = {{text, 4}}, bad_vector[1] = {{BAD, 4}};
static struct iovec negative_vector[1] = {{text, (size_t)-1}};

static void prepare(void) {
  make_bad_paths();
  file = bad_path_file;
  reader = open("file", O_RDONLY), writer = open("file", O_WRONLY), folder = open(".", O_RDONLY | O_DIRECTORY);
  pipe2(empty, 0), pipe2(full, O_NONBLOCK), pipe(closed_pipe);
  while (write(full[1], text, 4096) > 0) {
  }
  close(closed_pipe[0]);
  event = eventfd(0, EFD_NONBLOCK);
  signal(SIGPIPE, SIG_IGN);
}

static void reading(void) {
  fails("read EAGAIN", read(event, text, 8), EAGAIN);
  fails("read EBADF", read(CLOSED, text, 4), EBADF);
  fails("read EBADF: write only", read(writer, text, 4), EBADF);
  fails("read EFAULT", read(file, BAD, 4), EFAULT);
  fails("read EINVAL: an event counter takes 8 bytes", read(event, text, 4), EINVAL);
  fails("read EISDIR", read(folder, text, 4), EISDIR);
  fails("pread64 EBADF", pread(CLOSED, text, 4, 0), EBADF);
  fails("pread64 EFAULT", pread(file, BAD, 4, 0), EFAULT);
  fails("pread64 EINVAL: a position below zero", pread(file, text, 4, -1), EINVAL);
  fails("pread64 EISDIR", pread(folder, text, 4, 0), EISDIR);
  fails("pread64 ESPIPE", pread(empty[0], text, 4, 0), ESPIPE);
  fails("readv EAGAIN", readv(event, (struct iovec[]){{text, 8}}, 1), EAGAIN);
  fails("readv EBADF", readv(CLOSED, vector, 1), EBADF);
  fails("readv EFAULT: the vector", readv(file, BAD, 1), EFAULT);
  fails("readv EFAULT: the buffer", (lseek(file, 0, SEEK_SET), readv(file, bad_vector, 1)), EFAULT);
  fails("readv EINVAL: too many", readv(file, vector, 1025), EINVAL);
  fails("readv EINVAL: a length below zero", readv(file, negative_vector, 1), EINVAL);
  fails("readv EISDIR", readv(folder, vector, 1), EISDIR);
  fails("preadv EBADF", preadv(CLOSED, vector, 1, 0), EBADF);
  fails("preadv EFAULT", preadv(file, bad_vector, 1, 0), EFAULT);
  fails("preadv EINVAL: a position below zero", preadv(file, vector, 1, -1), EINVAL);
  fails("preadv EINVAL: too many", preadv(file, vector, 1025, 0), EINVAL);
  fails("preadv EISDIR", preadv(folder, vector, 1, 0), EISDIR);
  fails("preadv ESPIPE", preadv(empty[0], vector, 1, 0), ESPIPE);
  fails("preadv2 EAGAIN", preadv2(empty[0], vector, 1, -1, RWF_NOWAIT), EAGAIN);
  fails("preadv2 EBADF", preadv2(CLOSED, vector, 1, 0, 0), EBADF);
  fails("preadv2 EFAULT", preadv2(file, bad_vector, 1, 0, 0), EFAULT);
  fails("preadv2 EINVAL: a position below -1", preadv2(file, vector, 1, -2, 0), EINVAL);
  fails("preadv2 EISDIR", preadv2(folder, vector, 1, 0, 0), EISDIR);
  fails("preadv2 EOPNOTSUPP", preadv2(file, vector, 1, 0, 1 << 30), EOPNOTSUPP);
  fails("preadv2 ESPIPE", preadv2(empty[0], vector, 1, 0, 0), ESPIPE);
}

static void writing(void) {
  fails("write EAGAIN", write(full[1], text, 4096), EAGAIN);
  fails("write EBADF", write(CLOSED, text, 4), EBADF);
  fails("write EBADF: read only", write(reader, text, 4), EBADF);
  fails("write EDESTADDRREQ", write(socket(AF_INET, SOCK_DGRAM, 0), text, 4), EDESTADDRREQ);
  fails("write EFAULT", write(file, BAD, 4), EFAULT);
  fails("write EINVAL: an event counter takes 8 bytes", write(event, text, 4), EINVAL);
  fails("write EPIPE", write(closed_pipe[1], text, 4), EPIPE);
  fails("write ENOSPC", write(open("/dev/full", O_WRONLY), text, 4), ENOSPC);
  fails("pwrite64 EBADF", pwrite(CLOSED, text, 4, 0), EBADF);
  fails("pwrite64 EFAULT", pwrite(file, BAD, 4, 0), EFAULT);
  fails("pwrite64 EINVAL: a position below zero", pwrite(file, text, 4, -1), EINVAL);
  fails("pwrite64 ESPIPE", pwrite(empty[1], text, 4, 0), ESPIPE);
  fails("writev EAGAIN", writev(full[1], (struct iovec[]){{text, 4096}}, 1), EAGAIN);
  fails("writev EBADF", writev(CLOSED, vector, 1), EBADF);
  fails("writev EFAULT", writev(file, bad_vector, 1), EFAULT);
  fails("writev EINVAL: too many", writev(file, vector, 1025), EINVAL);
  fails("writev EPIPE", writev(closed_pipe[1], vector, 1), EPIPE);
  fails("pwritev EBADF", pwritev(CLOSED, vector, 1, 0), EBADF);
  fails("pwritev EFAULT", pwritev(file, bad_vector, 1, 0), EFAULT);
  fails("pwritev EINVAL: a position below zero", pwritev(file, vector, 1, -1), EINVAL);
  fails("pwritev ESPIPE", pwritev(empty[1], vector, 1, 0), ESPIPE);
  fails("pwritev2 EAGAIN", pwritev2(full[1], (struct iovec[]){{text, 4096}}, 1, -1, RWF_NOWAIT), EAGAIN);
  fails("pwritev2 EBADF", pwritev2(CLOSED, vector, 1, 0, 0), EBADF);
  fails("pwritev2 EFAULT", pwritev2(file, bad_vector, 1, 0, 0), EFAULT);
  fails("pwritev2 EINVAL: a position below -1", pwritev2(file, vector, 1, -2, 0), EINVAL);
  fails("pwritev2 EOPNOTSUPP", pwritev2(file, vector, 1, 0, 1 << 30), EOPNOTSUPP);
  fails("pwritev2 ESPIPE", pwritev2(empty[1], vector, 1, 0, 0), ESPIPE);
  int memory = memfd_create("sealed", MFD_ALLOW_SEALING);
  fcntl(memory, F_ADD_SEALS, F_SEAL_WRITE);
  fails("write EPERM: sealed", write(memory, text, 4), EPERM);
  fails("pwrite64 EPERM: sealed", pwrite(memory, text, 4, 0), EPERM);
  fails("writev EPERM: sealed", writev(memory, vector, 1), EPERM);
  fails("fallocate EPERM: sealed", fallocate(memory, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 10), EPERM);
  fails("lseek EBADF", lseek(CLOSED, 0, SEEK_SET), EBADF);
  fails("lseek EINVAL: whence", lseek(file, 0, 77), EINVAL);
  fails("lseek EINVAL: below zero", lseek(file, -1, SEEK_SET), EINVAL);
  fails("lseek ENXIO: no data behind the end", lseek(file, 1000, SEEK_DATA), ENXIO);
  fails("lseek ENXIO: no hole behind the end", lseek(file, 1000, SEEK_HOLE), ENXIO);
  fails("lseek EINVAL: no such position", (lseek(file, 10, SEEK_SET), lseek(file, INT64_MAX, SEEK_CUR)), EINVAL);
  fails("lseek ESPIPE", lseek(empty[0], 0, SEEK_CUR), ESPIPE);
}

/** Calls that would make the file larger than RLIMIT_FSIZE, SIGXFSZ ignored. */
static void limited(void) {
  signal(SIGXFSZ, SIG_IGN);
  struct rlimit small = {100, RLIM_INFINITY};
  setrlimit(RLIMIT_FSIZE, &small);
  fails("write EFBIG", (lseek(writer, 100, SEEK_SET), write(writer, text, 4)), EFBIG);
  fails("pwrite64 EFBIG", pwrite(writer, text, 4, 100), EFBIG);
  fails("writev EFBIG", writev(writer, vector, 1), EFBIG);
  fails("pwritev EFBIG", pwritev(writer, vector, 1, 200), EFBIG);
  fails("pwritev2 EFBIG", pwritev2(writer, vector, 1, 200, 0), EFBIG);
  fails("truncate EFBIG", truncate("file", 101), EFBIG);
  fails("ftruncate EFBIG", ftruncate(file, 101), EFBIG);
  fails("fallocate EFBIG", fallocate(file, 0, 0, 101), EFBIG);
  fails("copy_file_range EFBIG", copy_file_range(reader, &(off64_t){0}, writer, &(off64_t){100}, 4, 0), EFBIG);
  fails("sendfile EFBIG", (lseek(writer, 100, SEEK_SET), sendfile(writer, reader, &(off_t){0}, 4)), EFBIG);
  fails("splice EFBIG", (write(empty[1], text, 4), splice(empty[0], NULL, writer, &(off64_t){100}, 4, 0)), EFBIG);
  read(empty[0], text, 4);
}

static void copying(void) {
  off64_t negative = -1, zero = 0;
  fails("sendfile EAGAIN", sendfile(full[1], reader, &(off_t){0}, 4096), EAGAIN);
  fails("sendfile EBADF: the input", sendfile(empty[1], CLOSED, NULL, 4), EBADF);
  fails("sendfile EBADF: the output", sendfile(CLOSED, reader, NULL, 4), EBADF);
  fails("sendfile EBADF: the wrong way", sendfile(reader, writer, NULL, 4), EBADF);
  fails("sendfile EFAULT", syscall(SYS_sendfile, writer, reader, BAD, 4), EFAULT);
  fails("sendfile EINVAL: a position below zero", syscall(SYS_sendfile, writer, reader, &negative, 4), EINVAL);
  int appending = open("file", O_WRONLY | O_APPEND);
  fails("sendfile EINVAL: O_APPEND", sendfile(appending, reader, NULL, 4), EINVAL);
  fails("sendfile EINVAL: from a folder", sendfile(empty[1], folder, NULL, 4), EINVAL);
  fails("sendfile EPIPE", sendfile(closed_pipe[1], reader, &(off_t){0}, 4), EPIPE);
  fails("sendfile ESPIPE", sendfile(writer, empty[0], &(off_t){0}, 4), ESPIPE);
  fails("copy_file_range EBADF", copy_file_range(CLOSED, NULL, writer, NULL, 4, 0), EBADF);
  fails("copy_file_range EBADF: the wrong way", copy_file_range(writer, NULL, reader, NULL, 4, 0), EBADF);
  fails("copy_file_range EBADF: O_APPEND", copy_file_range(reader, NULL, appending, NULL, 4, 0), EBADF);
  fails("copy_file_range EFAULT", syscall(SYS_copy_file_range, reader, BAD, writer, NULL, 4, 0), EFAULT);
  fails("copy_file_range EINVAL: flags", copy_file_range(reader, NULL, writer, NULL, 4, 1), EINVAL);
  fails("copy_file_range EINVAL: a pipe", copy_file_range(empty[0], NULL, writer, NULL, 4, 0), EINVAL);
  fails("copy_file_range EINVAL: onto itself", copy_file_range(reader, &zero, writer, &(off64_t){2}, 4, 0), EINVAL);
  fails("copy_file_range EISDIR", copy_file_range(folder, NULL, writer, NULL, 4, 0), EISDIR);
  int elsewhere = open("/dev/shm/rw-errors", O_CREAT | O_RDWR, 0600);
  fails("copy_file_range EXDEV", copy_file_range(reader, &zero, elsewhere, NULL, 4, 0), EXDEV);
  fails("copy_file_range EXDEV: out of /proc", copy_file_range(open("/proc/self/status", O_RDONLY), NULL, writer, NULL, 4, 0), EXDEV);
  unlink("/dev/shm/rw-errors");
  fails("copy_file_range EOVERFLOW", copy_file_range(reader, &(off64_t){10}, writer, &(off64_t){0}, -4l, 0), EOVERFLOW);
  equal("copy_file_range beyond the end of the input", copy_file_range(reader, &(off64_t){INT64_MAX - 1}, writer, &(off64_t){0}, 4, 0), 0);
  fails("copy_file_range EFBIG: no file can be so large", copy_file_range(reader, &zero, writer, &(off64_t){INT64_MAX}, 4, 0), EFBIG);
  fails("fallocate EBADF", fallocate(CLOSED, 0, 0, 4), EBADF);
  fails("fallocate EBADF: read only", fallocate(reader, 0, 0, 4), EBADF);
  fails("fallocate EFBIG: no file can be so large", fallocate(file, 0, INT64_MAX - 1, 4), EFBIG);
  fails("fallocate EINVAL: no bytes", fallocate(file, 0, 0, 0), EINVAL);
  fails("fallocate EINVAL: below zero", fallocate(file, 0, -1, 4), EINVAL);
  fails("fallocate ENODEV", fallocate(open("/dev/null", O_WRONLY), 0, 0, 4), ENODEV);
  fails("fallocate EOPNOTSUPP: a mode without another", fallocate(file, FALLOC_FL_PUNCH_HOLE, 0, 4), EOPNOTSUPP);
  fails("fallocate EOPNOTSUPP: not in memory", fallocate(file, FALLOC_FL_COLLAPSE_RANGE, 0, 4096), EOPNOTSUPP);
  fails("fallocate ESPIPE", fallocate(empty[1], 0, 0, 4), ESPIPE);
}

static void splicing(void) {
  off64_t negative = -1;
  fails("splice EAGAIN", splice(reader, &(off64_t){0}, full[1], NULL, 4, SPLICE_F_NONBLOCK), EAGAIN);
  fails("splice EBADF", splice(CLOSED, NULL, empty[1], NULL, 4, 0), EBADF);
  fails("splice EBADF: the wrong way", splice(writer, NULL, empty[1], NULL, 4, 0), EBADF);
  fails("splice EFAULT", syscall(SYS_splice, reader, BAD, empty[1], NULL, 4, 0), EFAULT);
  fails("splice EINVAL: no pipe", splice(reader, NULL, writer, NULL, 4, 0), EINVAL);
  fails("splice EINVAL: flags", splice(reader, NULL, empty[1], NULL, 4, 64), EINVAL);
  fails("splice EINVAL: the same pipe", splice(empty[0], NULL, empty[1], NULL, 4, 0), EINVAL);
  fails("splice EINVAL: a position below zero", splice(reader, &negative, empty[1], NULL, 4, 0), EINVAL);
  int appending = open("file", O_WRONLY | O_APPEND);
  fails("splice EINVAL: O_APPEND", (write(empty[1], text, 4), splice(empty[0], NULL, appending, NULL, 4, 0)), EINVAL);
  read(empty[0], text, 4);
  fails("splice EPIPE", splice(reader, &(off64_t){0}, closed_pipe[1], NULL, 4, 0), EPIPE);
  fails("splice ESPIPE", splice(empty[0], &(off64_t){0}, writer, NULL, 4, 0), ESPIPE);
  int other[2];
  pipe(other);
  fails("tee EAGAIN", tee(empty[0], other[1], 4, SPLICE_F_NONBLOCK), EAGAIN);
  fails("tee EBADF", tee(CLOSED, other[1], 4, 0), EBADF);
  fails("tee EINVAL: no pipe", tee(reader, other[1], 4, 0), EINVAL);
  fails("tee EINVAL: the same pipe", tee(empty[0], empty[1], 4, 0), EINVAL);
  fails("tee EINVAL: flags", tee(empty[0], other[1], 4, 64), EINVAL);
  fails("tee EPIPE", (write(empty[1], text, 4), tee(empty[0], closed_pipe[1], 4, 0)), EPIPE);
  read(empty[0], text, 4);
  fails("vmsplice EAGAIN", vmsplice(full[1], vector, 1, SPLICE_F_NONBLOCK), EAGAIN);
  fails("vmsplice EBADF", vmsplice(CLOSED, vector, 1, 0), EBADF);
  fails("vmsplice EBADF: no pipe", vmsplice(writer, vector, 1, 0), EBADF);
  fails("vmsplice EFAULT", vmsplice(empty[1], BAD, 1, 0), EFAULT);
  fails("vmsplice EFAULT: the bytes", vmsplice(empty[1], bad_vector, 1, 0), EFAULT);
  fails("vmsplice EINVAL: too many", vmsplice(empty[1], vector, 1025, 0), EINVAL);
  fails("vmsplice EINVAL: flags", vmsplice(empty[1], vector, 1, 64), EINVAL);
  fails("vmsplice EPIPE", vmsplice(closed_pipe[1], vector, 1, 0), EPIPE);
}

static void ignore(int signal_number) { (void)signal_number; }

/** A signal every 20 ms while the call waits: EINTR without SA_RESTART; with it the call goes on until a child feeds the pipe. */
static void interrupted(void) {
  struct itimerspec often = {.it_value = {.tv_nsec = 20000000}, .it_interval = {.tv_nsec = 20000000}};
  timer_t timer;
  timer_create(CLOCK_MONOTONIC, NULL, &timer);
  int block[2], other[2];
  pipe(block), pipe(other);
  fcntl(full[1], F_SETFL, 0);
  handle(SIGALRM, ignore, 0);
  timer_settime(timer, 0, &often, NULL);
  fails("read EINTR", read(block[0], text, 1), EINTR);
  fails("readv EINTR", readv(block[0], vector, 1), EINTR);
  fails("preadv2 EINTR", preadv2(block[0], vector, 1, -1, 0), EINTR);
  fails("write EINTR", write(full[1], text, 4096), EINTR);
  fails("writev EINTR", writev(full[1], (struct iovec[]){{text, 4096}}, 1), EINTR);
  fails("pwritev2 EINTR", pwritev2(full[1], (struct iovec[]){{text, 4096}}, 1, -1, 0), EINTR);
  fails("sendfile EINTR", sendfile(full[1], reader, &(off_t){0}, 4), EINTR);
  fails("splice EINTR: out of an empty pipe", splice(block[0], NULL, writer, NULL, 4, 0), EINTR);
  fails("tee EINTR", tee(block[0], other[1], 4, 0), EINTR);
  fails("vmsplice EINTR", vmsplice(full[1], vector, 1, 0), EINTR);
  handle(SIGALRM, ignore, SA_RESTART);
  pid_t child = fork();
  if (child == 0) {
    for (int i = 0; i < 3; i++) sleep_milliseconds(100), write(block[1], "1234", 4);
    for (int i = 0; i < 3; i++) sleep_milliseconds(100), read(full[0], text, 8192);
    _exit(0);
  }
  equal("read restart", read(block[0], text, 4), 4);
  equal("readv restart", readv(block[0], vector, 1), 4);
  equal("splice restart", splice(block[0], NULL, other[1], NULL, 4, 0), 4);
  equal("write restart", write(full[1], text, 4096), 4096);
  equal("writev restart", writev(full[1], (struct iovec[]){{text, 4096}}, 1), 4096);
  equal("vmsplice restart", vmsplice(full[1], vector, 1, 0), 4);
  timer_delete(timer);
  reap(child);
}

int main(void) {
  enter_scratch();
  prepare();
  reading();
  writing();
  copying();
  splicing();
  interrupted();
  limited();
  return finish();
}
