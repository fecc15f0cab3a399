/* resources.c: the buffer, the descriptors and the files that figures of several subjects use. */
#include "figure.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define LARGE_FILE "/tmp/cntlrg"

int first = -1, second = -1;
char *buffer;
volatile long sink;

int fails_with(int error) {
  errno = error;
  return -1;
}

int map_buffer(void) {
  char *mapped = mmap(NULL, BUFFER_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) return -1;
  buffer = memset(mapped, 1, BUFFER_SIZE);
  return 0;
}

void unmap_buffer(void) {
  if (buffer) munmap(buffer, BUFFER_SIZE);
  buffer = NULL;
}

void close_both(void) {
  if (first >= 0) close(first);
  if (second >= 0 && second != first) close(second);
  first = second = -1;
}

int open_null(void) { return first = open("/dev/null", O_WRONLY); }

int make_file(const char *path) {
  int file = open(path, O_CREAT | O_RDWR, 0644);
  return file < 0 ? -1 : close(file);
}

int make_large_file(void) {
  if (map_buffer() < 0) return -1;
  first = open(LARGE_FILE, O_CREAT | O_TRUNC | O_RDWR, 0644);
  return first >= 0 && write(first, buffer, BUFFER_SIZE) == BUFFER_SIZE ? 0 : -1;
}

void remove_large_file(void) {
  close_both();
  unlink(LARGE_FILE);
  unmap_buffer();
}
