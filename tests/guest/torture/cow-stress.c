/* cow-stress: a tree of processes that write at random into memory copied on write; each checks its own view. */
#include "check.h"
#include <sys/mman.h>

#define PAGES 256
#define DEPTH 5
#define WIDTH 2

static unsigned *area;
static unsigned model[PAGES];
static unsigned long state;
static unsigned below(unsigned bound) {
  state = state * 6364136223846793005 + 1442695040888963407;
  return (state >> 33) % bound;
}

static void write_some(int count) {
  for (int i = 0; i < count; i++) {
    unsigned page = below(PAGES), value = below(1 << 30);
    area[page * 1024 + page % 1024] = model[page] = value;
  }
}

static int is_intact(void) {
  for (unsigned page = 0; page < PAGES; page++)
    if (area[page * 1024 + page % 1024] != model[page]) return 0;
  return 1;
}

/** Writes, has children do the same, writes meanwhile, and checks; the number of processes that saw a wrong value. */
static int work(int depth, unsigned long seed) {
  state = seed;
  int bad = 0;
  pid_t children[WIDTH];
  for (int i = 0; i < WIDTH; i++) {
    write_some(100);
    children[i] = depth ? fork() : -1;
    if (children[i] == 0) _exit(work(depth - 1, seed * 31 + i) > 0);
    write_some(50);
    bad += !is_intact();
  }
  for (int i = 0; i < WIDTH; i++)
    if (children[i] > 0) bad += reap(children[i]) != 0;
  munmap(area + 1024 * 10, 4096 * 20);
  mmap(area + 1024 * 10, 4096 * 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  memset(model + 10, 0, 20 * sizeof *model);
  write_some(100);
  return bad + !is_intact();
}

int main(void) {
  area = mmap(NULL, PAGES * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (int round = 0; round < 2; round++) equal("wrong views", work(DEPTH, 12345 + round), 0);
  return finish();
}
