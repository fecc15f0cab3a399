/* memory.c: mappings, and the faults of pages touched for the first time. */
#include "figure.h"
#include <stddef.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096
#define PAGES 1024 /* in one mapping */

/** How many of the pages that are left go into the next mapping. */
static long next_pages(long left) { return left < PAGES ? left : PAGES; }

/** One operation is one page touched; mapping and unmapping 1,024 of them is part of it. */
static int touch_pages(long operations, int may_be_huge) {
  for (long pages; operations > 0; operations -= pages) {
    pages = next_pages(operations);
    char *area = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (area == MAP_FAILED) return -1;
    if (!may_be_huge) madvise(area, pages * PAGE, MADV_NOHUGEPAGE);
    for (long i = 0; i < pages; i++) area[i * PAGE] = 1;
    munmap(area, pages * PAGE);
  }
  return 0;
}

static int run_fault(long operations) { return touch_pages(operations, 0); }
static int run_fault_default(long operations) { return touch_pages(operations, 1); }

/** The same, reading the pages of a file that is in memory. */
static int run_fault_file(long operations) {
  for (long pages; operations > 0; operations -= pages) {
    pages = next_pages(operations);
    volatile char *area = mmap(NULL, pages * PAGE, PROT_READ, MAP_PRIVATE, first, 0);
    if (area == MAP_FAILED) return -1;
    for (long i = 0; i < pages; i++) sink += area[i * PAGE];
    munmap((void *)area, pages * PAGE);
  }
  return 0;
}

/** A child writes to pages it shares with its parent; its fork, exit and wait, once in 1,024 pages, are part of it. */
static int run_fault_copy(long operations) {
  for (long pages; operations > 0; operations -= pages) {
    pages = next_pages(operations);
    pid_t child = fork();
    if (child == 0) {
      for (long i = 0; i < pages; i++) buffer[i * PAGE] = 2;
      _exit(0);
    }
    if (child < 0 || waitpid(child, NULL, 0) < 0) return -1;
  }
  return 0;
}

static int run_map_touch_unmap(long operations) {
  for (long i = 0; i < operations; i++) {
    char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) return -1;
    *page = 1;
    munmap(page, PAGE);
  }
  return 0;
}

static int run_mprotect(long operations) {
  for (long i = 0; i < operations; i++)
    if (mprotect(buffer, PAGE, i & 1 ? PROT_READ | PROT_WRITE : PROT_READ) < 0) return -1;
  return mprotect(buffer, PAGE, PROT_READ | PROT_WRITE);
}

/** What an allocator does to give a page back, and the fault when it is used again. */
static int run_madvise_touch(long operations) {
  for (long i = 0; i < operations; i++) {
    if (madvise(buffer, PAGE, MADV_DONTNEED) < 0) return -1;
    *(volatile char *)buffer = 1;
  }
  return 0;
}

static int run_brk(long operations) {
  for (long i = 0; i < operations; i++)
    if (sbrk(PAGE) == (void *)-1 || sbrk(-PAGE) == (void *)-1) return -1;
  return 0;
}

const struct figure memory_figures[] = {
    {"fault_4k_page", 8192, 0, NULL, run_fault, NULL},
    {"fault_default_page", 8192, 0, NULL, run_fault_default, NULL},
    {"fault_filemap_page", 8192, 0, make_large_file, run_fault_file, remove_large_file},
    {"fault_copy_page", 8192, 0, map_buffer, run_fault_copy, unmap_buffer},
    {"mmap_touch_munmap_1", 5000, 0, NULL, run_map_touch_unmap, NULL},
    {"mprotect_1", 10000, 0, map_buffer, run_mprotect, unmap_buffer},
    {"madvise_touch_1", 5000, 0, map_buffer, run_madvise_touch, unmap_buffer},
    {"brk_grow_shrink", 10000, 0, NULL, run_brk, NULL},
    {0},
};
