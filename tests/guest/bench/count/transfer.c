/* transfer.c: moving the bytes of a file that is in memory. */
#include "figure.h"
#include <unistd.h>

/** Reads the file in blocks, from its beginning and again from there. */
static int read_blocks(long operations, long size) {
  for (long i = 0, offset = 0; i < operations; i++, offset += size) {
    if (offset + size > BUFFER_SIZE || i == 0) offset = lseek(first, 0, SEEK_SET);
    if (read(first, buffer, size) != size) return -1;
  }
  return 0;
}

/** Writes over the file in the same way. */
static int write_blocks(long operations, long size) {
  for (long i = 0, offset = 0; i < operations; i++, offset += size) {
    if (offset + size > BUFFER_SIZE || i == 0) offset = lseek(first, 0, SEEK_SET);
    if (write(first, buffer, size) != size) return -1;
  }
  return 0;
}

static int run_read_4k(long operations) { return read_blocks(operations, 4096); }
static int run_read_64k(long operations) { return read_blocks(operations, 65536); }
static int run_read_1m(long operations) { return read_blocks(operations, 1 << 20); }
static int run_write_4k(long operations) { return write_blocks(operations, 4096); }
static int run_write_64k(long operations) { return write_blocks(operations, 65536); }
static int run_write_1m(long operations) { return write_blocks(operations, 1 << 20); }

/** Writes a megabyte of new pages to an empty file. */
static int run_write_new(long operations) {
  for (long i = 0; i < operations; i++) {
    if (ftruncate(first, 0) < 0) return -1;
    if (write_blocks(16, 65536) < 0) return -1;
  }
  return 0;
}

const struct figure transfer_figures[] = {
    {"file_read_4k", 8192, 4096, make_large_file, run_read_4k, remove_large_file},
    {"file_read_64k", 768, 65536, make_large_file, run_read_64k, remove_large_file},
    {"file_read_1m", 48, 1 << 20, make_large_file, run_read_1m, remove_large_file},
    {"file_write_4k", 8192, 4096, make_large_file, run_write_4k, remove_large_file},
    {"file_write_64k", 768, 65536, make_large_file, run_write_64k, remove_large_file},
    {"file_write_1m", 48, 1 << 20, make_large_file, run_write_1m, remove_large_file},
    {"file_write_new_1m", 16, 1 << 20, make_large_file, run_write_new, remove_large_file},
    {0},
};
