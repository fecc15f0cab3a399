/* file-io: read, write, lseek, the positional and vector forms, truncation, descriptors. */
#include "check.h"
#include <limits.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/uio.h>

static char buffer[16384];

static void reading_and_writing(void) {
  int file = open("data", O_CREAT | O_EXCL | O_RDWR, 0640);
  check("the lowest free descriptor is taken", file == 3);
  equal("write returns the length", write(file, "0123456789", 10), 10);
  equal("the offset moved", lseek(file, 0, SEEK_CUR), 10);
  equal("read at end of file", read(file, buffer, 5), 0);
  equal("lseek set", lseek(file, 3, SEEK_SET), 3);
  equal("read", read(file, buffer, 4), 4);
  check("read content", memcmp(buffer, "3456", 4) == 0);
  equal("a short read at the end", read(file, buffer, 100), 3);
  equal("lseek end", lseek(file, -2, SEEK_END), 8);
  fails("lseek before the start", lseek(file, -1, SEEK_SET), EINVAL);
  fails("lseek bad whence", lseek(file, 0, 99), EINVAL);
  equal("lseek past the end", lseek(file, 20, SEEK_SET), 20);
  equal("read past the end", read(file, buffer, 1), 0);
  equal("write leaves a hole", write(file, "x", 1), 1);
  equal("pread the hole", pread(file, buffer, 21, 0), 21);
  check("the hole reads as zeros", buffer[10] == 0 && buffer[19] == 0 && buffer[20] == 'x');
  fails("pread negative offset", pread(file, buffer, 1, -1), EINVAL);
  fails("pwrite negative offset", pwrite(file, buffer, 1, -1), EINVAL);
  equal("pwrite", pwrite(file, "AB", 2, 1), 2);
  equal("pwrite leaves the offset", lseek(file, 0, SEEK_CUR), 21);
  equal("zero-length read", read(file, NULL, 0), 0);
  equal("zero-length write", write(file, NULL, 0), 0);
  fails("read to a bad pointer", read(file, (lseek(file, 0, SEEK_SET), (void *)8), 4), EFAULT);
  equal("the offset stays after EFAULT", lseek(file, 0, SEEK_CUR), 0);
  fails("write from a kernel address", write(file, (void *)0xffff800000001000, 4), EFAULT);
  fails("read bad descriptor", read(99, buffer, 1), EBADF);
  fails("write bad descriptor", write(-1, buffer, 1), EBADF);
  close(file);
  fails("close twice", close(file), EBADF);
  file = open("data", O_RDONLY);
  fails("write to a read-only descriptor", write(file, "x", 1), EBADF);
  fails("ftruncate a read-only descriptor", ftruncate(file, 0), EINVAL);
  close(file);
  file = open("data", O_WRONLY);
  fails("read from a write-only descriptor", read(file, buffer, 1), EBADF);
  close(file);
  file = open(".", O_RDONLY | O_DIRECTORY);
  fails("read a directory", read(file, buffer, 1), EISDIR);
  fails("write a directory", write(file, buffer, 1), EBADF);
  close(file);
}

static void page_crossing_pointers(void) {
  char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  munmap(pages + 4096, 4096);
  int file = open("crossing", O_CREAT | O_RDWR, 0644);
  memset(pages, 'p', 4096);
  equal("a write from a half-mapped buffer is short or fails whole",
        ({ ssize_t n = write(file, pages + 4000, 200); n == 96 || (n < 0 && errno == EFAULT); }), 1);
  ftruncate(file, 0);
  pwrite(file, pages, 4096, 0);
  equal("a read to a half-mapped buffer stops at the hole",
        ({ ssize_t n = pread(file, pages + 4000, 200, 0); n == 96 || (n < 0 && errno == EFAULT); }), 1);
  munmap(pages, 4096);
  close(file);
}

static void vectors(void) {
  int file = open("vector", O_CREAT | O_RDWR, 0644);
  struct iovec out[3] = {{"abc", 3}, {"", 0}, {"defg", 4}};
  equal("writev", writev(file, out, 3), 7);
  char first[2], second[10];
  struct iovec in[2] = {{first, 2}, {second, 10}};
  equal("preadv", preadv(file, in, 2, 1), 6);
  check("preadv scatters", memcmp(first, "bc", 2) == 0 && memcmp(second, "defg", 4) == 0);
  lseek(file, 0, SEEK_SET);
  equal("readv", readv(file, in, 2), 7);
  equal("readv of no vectors", readv(file, in, 0), 0);
  fails("readv negative count", readv(file, in, -1), EINVAL);
  fails("readv too many vectors", syscall(SYS_readv, file, in, IOV_MAX + 1), EINVAL);
  fails("readv bad array", syscall(SYS_readv, file, (void *)16, 1), EFAULT);
  struct iovec negative[1] = {{buffer, (size_t)-1}};
  fails("readv negative length", readv(file, negative, 1), EINVAL);
  equal("pwritev", pwritev(file, out, 3, 100), 7);
  equal("pwritev extends", lseek(file, 0, SEEK_END), 107);
  close(file);
}

static void appending_and_truncating(void) {
  make_file("log", "one");
  int file = open("log", O_WRONLY | O_APPEND);
  equal("append ignores lseek", (lseek(file, 0, SEEK_SET), write(file, "two", 3)), 3);
  equal("append position", lseek(file, 0, SEEK_CUR), 6);
  equal("pwrite appends under O_APPEND", pwrite(file, "!", 1, 0), 1);
  struct stat status;
  fstat(file, &status);
  equal("size after appends", status.st_size, 7);
  close(file);
  equal("truncate down", truncate("log", 2), 0);
  stat("log", &status);
  equal("size after truncate", status.st_size, 2);
  equal("truncate up", truncate("log", 5000), 0);
  file = open("log", O_RDWR);
  equal("the grown part is zero", ({ pread(file, buffer, 5000, 0); buffer[1] == 'n' && buffer[2] == 0 && buffer[4999] == 0; }), 1);
  fails("truncate negative", truncate("log", -1), EINVAL);
  fails("ftruncate negative", ftruncate(file, -1), EINVAL);
  fails("truncate a directory", truncate(".", 0), EISDIR);
  fails("truncate nothing", truncate("missing", 0), ENOENT);
  equal("ftruncate shrinks", ftruncate(file, 1), 0);
  equal("ftruncate grows again", ftruncate(file, 4096), 0);
  equal("nothing stale comes back", ({ pread(file, buffer, 4096, 0); buffer[0] == 'o' && buffer[1] == 0 && buffer[4000] == 0; }), 1);
  close(file);
  file = open("log", O_RDONLY | O_TRUNC);
  check("O_TRUNC with O_RDONLY truncates", fstat(file, &status) == 0 && status.st_size == 0);
  close(file);
}

static void file_size_limit(void) {
  signal(SIGXFSZ, SIG_IGN);
  equal("a write beyond RLIMIT_FSIZE", in_child({
          setrlimit(RLIMIT_FSIZE, &(struct rlimit){10, 10});
          int file = open("limited", O_CREAT | O_WRONLY, 0644);
          equal("limited write is short", write(file, "0123456789abc", 13), 10);
          fails("write at the limit", write(file, "x", 1), EFBIG);
          fails("ftruncate beyond the limit", ftruncate(file, 11), EFBIG);
        }), 0);
  signal(SIGXFSZ, SIG_DFL);
  equal("SIGXFSZ kills", in_child({
          setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
          setrlimit(RLIMIT_FSIZE, &(struct rlimit){0, 0});
          int file = open("limited2", O_CREAT | O_WRONLY, 0644);
          write(file, "x", 1);
        }) & 0x7f, SIGXFSZ);
}

static void duplicating(void) {
  make_file("dup", "abcdef");
  int file = open("dup", O_RDWR);
  int copy = dup(file);
  check("dup takes the lowest", copy == file + 1);
  read(file, buffer, 2);
  equal("a duplicate shares the offset", lseek(copy, 0, SEEK_CUR), 2);
  equal("dup2", dup2(file, 20), 20);
  equal("dup2 onto itself", dup2(file, file), file);
  fails("dup2 of a closed descriptor", dup2(99, 5), EBADF);
  fails("dup2 onto itself when closed", dup2(99, 99), EBADF);
  fails("dup2 out of range", dup2(file, 1 << 20), EBADF);
  fails("dup2 negative", dup2(file, -1), EBADF);
  fails("dup3 onto itself", dup3(file, file, 0), EINVAL);
  fails("dup3 bad flags", dup3(file, 21, O_APPEND), EINVAL);
  equal("dup3 close-on-exec", dup3(file, 21, O_CLOEXEC), 21);
  equal("F_GETFD of it", fcntl(21, F_GETFD), FD_CLOEXEC);
  equal("the flag belongs to the descriptor", fcntl(20, F_GETFD), 0);
  equal("F_DUPFD", fcntl(file, F_DUPFD, 30), 30);
  equal("F_DUPFD_CLOEXEC", fcntl(file, F_DUPFD_CLOEXEC, 30), 31);
  equal("F_DUPFD_CLOEXEC sets it", fcntl(31, F_GETFD), FD_CLOEXEC);
  fails("F_DUPFD out of range", fcntl(file, F_DUPFD, 1 << 20), EINVAL);
  fails("F_DUPFD negative", fcntl(file, F_DUPFD, -1), EINVAL);
  equal("F_SETFD", fcntl(20, F_SETFD, FD_CLOEXEC), 0);
  equal("F_GETFD after F_SETFD", fcntl(20, F_GETFD), FD_CLOEXEC);
  equal("F_GETFL access mode", fcntl(file, F_GETFL) & O_ACCMODE, O_RDWR);
  equal("F_SETFL", fcntl(file, F_SETFL, O_APPEND | O_NONBLOCK | O_RDONLY), 0);
  equal("F_GETFL is shared by duplicates", fcntl(copy, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK), O_RDWR | O_APPEND | O_NONBLOCK);
  fails("fcntl unknown command", fcntl(file, 9999, 0), EINVAL);
  fails("fcntl bad descriptor", fcntl(99, F_GETFD), EBADF);
  fails("ioctl TCGETS on a file", ({ struct { char t[64]; } t; syscall(SYS_ioctl, file, 0x5401, &t); }), ENOTTY);
  equal("close_range", syscall(SYS_close_range, 20, 40, 0), 0);
  fails("closed by close_range", fcntl(30, F_GETFD), EBADF);
  fails("close_range backwards", syscall(SYS_close_range, 40, 20, 0), EINVAL);
  close(copy);
  close(file);
}

static void unlinked_but_open(void) {
  int file = open("ghost", O_CREAT | O_RDWR, 0644);
  write(file, "boo", 3);
  unlink("ghost");
  struct stat status;
  fstat(file, &status);
  equal("no links are left", status.st_nlink, 0);
  equal("an unlinked file still reads", pread(file, buffer, 10, 0), 3);
  close(file);
}

static void sending(void) {
  make_file("source", "hello sendfile");
  int in = open("source", O_RDONLY), out = open("target", O_CREAT | O_RDWR, 0644);
  off_t offset = 6;
  equal("sendfile from an offset", sendfile(out, in, &offset, 100), 8);
  equal("sendfile moves the offset given", offset, 14);
  equal("and not the file's", lseek(in, 0, SEEK_CUR), 0);
  equal("sendfile from the file's offset", sendfile(out, in, NULL, 5), 5);
  equal("which moves", lseek(in, 0, SEEK_CUR), 5);
  equal("result", ({ pread(out, buffer, 13, 0); memcmp(buffer, "sendfilehello", 13); }), 0);
  fails("sendfile to a read-only descriptor", sendfile(in, in, NULL, 1), EBADF);
  equal("fsync", fsync(out), 0);
  equal("fdatasync", fdatasync(out), 0);
  fails("fsync bad descriptor", fsync(99), EBADF);
  close(in);
  close(out);
}

int main(void) {
  enter_scratch();
  reading_and_writing();
  page_crossing_pointers();
  vectors();
  appending_and_truncating();
  file_size_limit();
  duplicating();
  unlinked_but_open();
  sending();
  return finish();
}
