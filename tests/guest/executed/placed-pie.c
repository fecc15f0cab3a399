/* placed-pie: a static position-independent executable: where it stands. Status 0: among the mappings, with its heap away from there, as random bits allow. */
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

int main(void) {
  uintptr_t code = (uintptr_t)main, heap = (uintptr_t)sbrk(0);
  uintptr_t mapping = (uintptr_t)mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  int among = code > mapping - (64UL << 20) && code < mapping + (64UL << 20);
  int low = heap >= 0x555555554000 && heap < 0x565555554000;
  return (among ? 0 : 1) + (low ? 0 : 2);
}
