/* hole: holes punched by fallocate and MADV_REMOVE give memory back: st_blocks, SEEK_DATA, SEEK_HOLE, mappings, and the room of the file system. */
#include "check.h"
#include <linux/falloc.h>
#include <sys/mman.h>
#include <sys/statvfs.h>

#define PAGE 4096
#define PAGES 64

static char text[PAGES * PAGE];

static long blocks(int file) {
  struct stat status;
  fstat(file, &status);
  return status.st_blocks;
}

static unsigned long room(int file) {
  struct statvfs system;
  fstatvfs(file, &system);
  return system.f_bfree;
}

static int punch(int file, off_t from, off_t bytes) { return fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, from, bytes); }

static void fill(int file) {
  memset(text, 'x', sizeof text);
  pwrite(file, text, sizeof text, 0);
}

static void of_a_file(const char *what, int file) {
  print_line("# %s", what);
  struct stat status;
  fill(file);
  equal("blocks before", blocks(file), PAGES * 8);
  equal("punch whole pages", punch(file, 8 * PAGE, 16 * PAGE), 0);
  equal("blocks follow", blocks(file), (PAGES - 16) * 8);
  equal("the size stays", ({ fstat(file, &status); status.st_size; }), sizeof text);
  equal("SEEK_HOLE", lseek(file, 0, SEEK_HOLE), 8 * PAGE);
  equal("SEEK_DATA", lseek(file, 8 * PAGE, SEEK_DATA), 24 * PAGE);
  equal("SEEK_HOLE behind", lseek(file, 24 * PAGE, SEEK_HOLE), sizeof text);
  check("zeros in it", pread(file, text, PAGE, 9 * PAGE) == PAGE && text[0] == 0 && text[PAGE - 1] == 0);
  check("not around it", pread(file, text, 1, 8 * PAGE - 1) == 1 && text[0] == 'x' && pread(file, text, 1, 24 * PAGE) == 1 && text[0] == 'x');
  equal("punch parts of two pages", punch(file, 30 * PAGE + 100, PAGE), 0);
  equal("takes no page away", blocks(file), (PAGES - 16) * 8);
  check("zeros from there", pread(file, text, 2 * PAGE, 30 * PAGE) == 2 * PAGE && text[99] == 'x' && text[100] == 0 && text[PAGE + 99] == 0 && text[PAGE + 100] == 'x');
  equal("punch two parts and a page between", punch(file, 40 * PAGE + 100, 2 * PAGE), 0);
  equal("takes the page between", blocks(file), (PAGES - 17) * 8);
  equal("punch within a page", punch(file, 50 * PAGE + 10, 10), 0);
  check("only that", pread(file, text, 30, 50 * PAGE) == 30 && text[9] == 'x' && text[10] == 0 && text[19] == 0 && text[20] == 'x');
  equal("write into a hole", pwrite(file, "y", 1, 10 * PAGE), 1);
  equal("takes a page", blocks(file), (PAGES - 16) * 8);
  check("of zeros", pread(file, text, 2, 10 * PAGE) == 2 && text[0] == 'y' && text[1] == 0);
  equal("punch to behind the end", punch(file, 60 * PAGE, 100 * PAGE), 0);
  equal("blocks at the end", blocks(file), (PAGES - 20) * 8);
  equal("the size stays again", ({ fstat(file, &status); status.st_size; }), sizeof text);
  equal("punch all", punch(file, 0, sizeof text), 0);
  equal("no blocks", blocks(file), 0);
  fails("no data: ENXIO", lseek(file, 0, SEEK_DATA), ENXIO);
  ftruncate(file, 0);
}

static void seen_by_mappings(int file) {
  fill(file);
  char *shared = mmap(NULL, sizeof text, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  char *private = mmap(NULL, sizeof text, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
  shared[5 * PAGE] = 's', private[5 * PAGE] = 'p';
  check("a private page that was only read", private[6 * PAGE] == 'x');
  equal("punch what is mapped", punch(file, 4 * PAGE, 4 * PAGE), 0);
  equal("gives the memory back", blocks(file), (PAGES - 4) * 8);
  check("the shared mapping shows zeros", shared[5 * PAGE] == 0 && shared[6 * PAGE] == 0);
  check("so does the private one", private[6 * PAGE] == 0);
  equal("but for its own copy", private[5 * PAGE], 'p');
  shared[6 * PAGE] = 'n';
  check("a new page is the file's", pread(file, text, 1, 6 * PAGE) == 1 && text[0] == 'n' && private[6 * PAGE] == 'n');
  ftruncate(file, 0);
  ftruncate(file, sizeof text);
  fill(file);
  equal("MADV_REMOVE", madvise(shared + 10 * PAGE, 10 * PAGE, MADV_REMOVE), 0);
  equal("MADV_REMOVE gives memory back", blocks(file), (PAGES - 10) * 8);
  equal("SEEK_HOLE finds it", lseek(file, 0, SEEK_HOLE), 10 * PAGE);
  equal("SEEK_DATA behind it", lseek(file, 10 * PAGE, SEEK_DATA), 20 * PAGE);
  check("zeros", shared[10 * PAGE] == 0 && shared[20 * PAGE - 1] == 0 && shared[20 * PAGE] == 'x');
  munmap(shared, sizeof text), munmap(private, sizeof text);
}

/** A pipe that was given pages of a file keeps them as they were. */
static void held_by_a_pipe(int file) {
  int pair[2];
  pipe(pair);
  fill(file);
  off64_t start = 0;
  equal("splice a page", splice(file, &start, pair[1], NULL, PAGE, 0), PAGE);
  equal("punch it", punch(file, 0, PAGE), 0);
  check("the pipe has it still", read(pair[0], text, PAGE) == PAGE && text[0] == 'x' && text[PAGE - 1] == 'x');
}

int main(void) {
  enter_scratch();
  int file = open("file", O_RDWR | O_CREAT, 0600), memory = memfd_create("memory", 0);
  of_a_file("a file", file);
  of_a_file("a memfd", memory);
  seen_by_mappings(file);
  seen_by_mappings(memory);
  fill(file);
  unsigned long before = room(file);
  punch(file, 0, sizeof text);
  equal("the file system has room again", room(file) - before, PAGES);
  held_by_a_pipe(file);
  return finish();
}
