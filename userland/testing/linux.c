/* The host calls of docs/host-syscalls.md in terms of libc, to run host programs on Linux in tests (loader.c); containers.c plays the container
 * verbs. Nothing here is part of the system. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

/* Where the program's data ends, from its file at first. */
uint64_t data_end;

#define RESULT(call) ({ int64_t r_ = (call); r_ < 0 ? -(int64_t)errno : r_; })
#define POINTER(x) ((void*)(uintptr_t)(x))

/* Up to two path arguments at a time, NUL-terminated. */
static char* path_of(int slot, uint64_t address, uint64_t length) {
  static char paths[2][4097];
  size_t n = length < 4096 ? length : 4096;
  memcpy(paths[slot], POINTER(address), n);
  paths[slot][n] = 0;
  return paths[slot];
}

static int64_t grow(uint64_t bytes) {
  if (bytes % 4096 != 0) return -EINVAL;
  if (bytes == 0) return data_end;
  void* got = mmap(POINTER(data_end), bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  if (got == MAP_FAILED) return -errno;
  data_end += bytes;
  return data_end - bytes;
}

static uint64_t nanoseconds(struct timespec t) { return t.tv_sec * 1000000000ull + t.tv_nsec; }

static int64_t store_stat(int64_t result, const struct stat* s, uint64_t* to) {
  if (result < 0) return -errno;
  to[0] = s->st_dev;
  to[1] = s->st_ino;
  to[2] = s->st_mode | (uint64_t)s->st_nlink << 32;
  to[3] = s->st_uid | (uint64_t)s->st_gid << 32;
  to[4] = s->st_rdev;
  to[5] = s->st_size;
  to[6] = nanoseconds(s->st_atim);
  to[7] = nanoseconds(s->st_mtim);
  to[8] = nanoseconds(s->st_ctim);
  return 0;
}

static int64_t read_directory(int fd, char* buffer, uint64_t capacity) {
  struct record { uint64_t inode, offset; uint16_t bytes; uint8_t type; char name[]; };
  char raw[2048];
  for (;;) {
    long got = getdents64(fd, raw, sizeof raw < capacity ? sizeof raw : capacity);
    if (got <= 0) return RESULT(got);
    char* to = buffer;
    for (long at = 0; at < got; at += ((struct record*)(raw + at))->bytes) {
      struct record* from = (struct record*)(raw + at);
      size_t length = strlen(from->name);
      if (!strcmp(from->name, ".") || !strcmp(from->name, "..")) continue;
      uint16_t bytes = (12 + length + 7) & ~7;
      memset(to, 0, bytes);
      memcpy(to, &from->inode, 8);
      memcpy(to + 8, &bytes, 2);
      to[10] = from->type;
      to[11] = length;
      memcpy(to + 12, from->name, length);
      to += bytes;
    }
    if (to != buffer) return to - buffer;
  }
}

static int64_t spawn(const char* path, char* packed, uint64_t length, const int* descriptors) {
  char* vector[256] = {0};
  for (uint64_t i = 0, at = 0; at < length && i < 255; at += strlen(packed + at) + 1) vector[i++] = packed + at;
  if (access(path, X_OK) < 0) return -errno;
  pid_t pid = fork();
  if (pid != 0) return RESULT(pid);
  for (int i = 0; descriptors && i < 3; i++) dup2(descriptors[i], i);
  execv(path, vector);
  _exit(127);
}

/* With CYRIUS_TEST_TERMINAL, a pipe passes for a terminal that many columns wide. */
static int test_columns(void) { return getenv("CYRIUS_TEST_TERMINAL") ? atoi(getenv("CYRIUS_TEST_TERMINAL")) : 0; }

static int64_t terminal_mode(int fd, int mode) {
  if (test_columns()) return 0;
  struct termios now;
  if (tcgetattr(fd, &now) < 0) return -errno;
  int before = now.c_lflag & ICANON ? 0 : 1;
  if (mode == 2) return before;
  if (mode == 1) {
    now.c_lflag &= ~(ICANON | ECHO | ISIG | IEXTEN);
    now.c_iflag &= ~(ICRNL | INLCR | IXON | ISTRIP);
    now.c_cc[VMIN] = 1;
    now.c_cc[VTIME] = 0;
  } else {
    now.c_lflag |= ICANON | ECHO | ISIG | IEXTEN;
    now.c_iflag |= ICRNL;
  }
  return RESULT(tcsetattr(fd, TCSANOW, &now)) < 0 ? -errno : before;
}

static int64_t make_socket(int family, int type, int protocol) {
  int fd = socket(family, type | SOCK_CLOEXEC, protocol), on = 1;
  if (fd < 0) return -errno;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  return fd;
}

int64_t container_call(uint64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f);

int64_t host_call(uint64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f) {
  struct stat s;
  struct timespec t;
  struct winsize size;
  int64_t r;
  int status;
  switch (number) {
    case 10: exit(a);
    case 11: return spawn(path_of(0, a, b), POINTER(c), d, POINTER(e));
    case 12:
      r = waitpid(a ? (pid_t)a : -1, &status, b & 1 ? WNOHANG : 0);
      return r < 0 ? -errno : r == 0 ? -EAGAIN : r << 32 | status;
    case 13: return RESULT(kill(a, b));
    case 14: return getpid();
    case 15: return grow(a);
    case 16: t = (struct timespec){a / 1000000000, a % 1000000000}; return RESULT(nanosleep(&t, NULL));
    case 17: clock_gettime(a ? CLOCK_REALTIME : CLOCK_MONOTONIC, &t); return nanoseconds(t);
    case 18: return RESULT(getrandom(POINTER(a), b, 0));
    case 19: return RESULT(poll(POINTER(a), b, (int64_t)c < 0 ? -1 : (int)(c / 1000000)));
    case 20: return RESULT(open(path_of(0, a, b), c | O_CLOEXEC, d));
    case 21: return RESULT(close(a));
    case 22: return RESULT(read(a, POINTER(b), c));
    case 23: return RESULT(write(a, POINTER(b), c));
    case 24: return RESULT(lseek(a, b, c));
    case 25: return RESULT(ftruncate(a, b));
    case 26: return store_stat(fstatat(AT_FDCWD, path_of(0, a, b), &s, c & 1 ? AT_SYMLINK_NOFOLLOW : 0), &s, POINTER(d));
    case 27: return store_stat(fstat(a, &s), &s, POINTER(b));
    case 28: return read_directory(a, POINTER(b), c);
    case 29: return RESULT(mkdir(path_of(0, a, b), c));
    case 30:
      r = RESULT(unlink(path_of(0, a, b)));
      return r == -EISDIR ? RESULT(rmdir(path_of(0, a, b))) : r;
    case 31: return RESULT(rename(path_of(0, a, b), path_of(1, c, d)));
    case 32: return RESULT(symlink(path_of(0, a, b), path_of(1, c, d)));
    case 33: return RESULT(readlink(path_of(0, a, b), POINTER(c), d));
    case 34: return RESULT(link(path_of(0, a, b), path_of(1, c, d)));
    case 35: return RESULT(chmod(path_of(0, a, b), c));
    case 36: return RESULT(lchown(path_of(0, a, b), c, d));
    case 37: return RESULT(mknod(path_of(0, a, b), c, d));
    case 38: {
      struct timespec times[2] = {{c / 1000000000, c % 1000000000}, {d / 1000000000, d % 1000000000}};
      return RESULT(utimensat(AT_FDCWD, path_of(0, a, b), times, AT_SYMLINK_NOFOLLOW));
    }
    case 39: return RESULT(chdir(path_of(0, a, b)));
    case 40: return getcwd(POINTER(a), b) ? (int64_t)strlen(POINTER(a)) : -errno;
    case 41: return terminal_mode(a, b);
    case 42:
      if (test_columns()) return 24 << 16 | test_columns();
      return ioctl(a, TIOCGWINSZ, &size) < 0 ? -errno : (int64_t)size.ws_row << 16 | size.ws_col;
    case 43: {
      uint64_t* cursor = POINTER(a);
      if (*cursor != 0) return 0;
      *cursor = 1;
      static const char text[] = "[0.000001] test log\n";
      memcpy(POINTER(b), text, sizeof text - 1);
      return sizeof text - 1;
    }
    case 44: {
      uint64_t words[8] = {256 << 20, 200 << 20, 8 << 20, 3 << 20, 61500000000, 2 | 0ull << 32, 3 | 4096ull << 32, 3000000000};
      memcpy(POINTER(a), words, sizeof words);
      return sizeof words;
    }
    case 45: exit(a == 0 ? 70 : 71);
    case 46: return make_socket(a, b, c);
    case 47: return RESULT(bind(a, POINTER(b), c));
    case 48: return RESULT(listen(a, b));
    case 49: return RESULT(accept4(a, NULL, NULL, b));
    case 50: return RESULT(connect(a, POINTER(b), c));
    case 51: return RESULT(sendto(a, POINTER(b), c, d | MSG_NOSIGNAL, f ? POINTER(e) : NULL, f));
    case 52: {
      socklen_t length = f;
      return RESULT(recvfrom(a, POINTER(b), c, d, f ? POINTER(e) : NULL, f ? &length : NULL));
    }
    case 53: return RESULT(shutdown(a, b));
    case 54: {
      socklen_t length = d;
      r = RESULT(b ? getpeername(a, POINTER(c), &length) : getsockname(a, POINTER(c), &length));
      return r < 0 ? r : length > d ? -ERANGE : (int64_t)length;
    }
    default: return container_call(number, a, b, c, d, e, f);
  }
}
