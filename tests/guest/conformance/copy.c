/* copy: long copies between user memory and the kernel's: odd lengths and places, memory that ends in the middle, and the vector registers after them. */
#include "check.h"
#include <sys/mman.h>
#include <sys/uio.h>

#define FILE_BYTES 70000
static unsigned char original[FILE_BYTES], copy[FILE_BYTES + 64];

/** Puts patterns into the sixteen AVX registers, reads the whole file, and compares them: what the kernel borrows it gives back. */
__attribute__((target("avx"))) static int registers_stay(int file) {
  static unsigned char before[16][32], after[16][32];
  for (int i = 0; i < 16; i++)
    for (int j = 0; j < 32; j++) before[i][j] = i * 32 + j + 1;
  long result;
  __asm__ volatile(
      "vmovdqu 0(%[b]), %%ymm0\n vmovdqu 32(%[b]), %%ymm1\n vmovdqu 64(%[b]), %%ymm2\n vmovdqu 96(%[b]), %%ymm3\n"
      "vmovdqu 128(%[b]), %%ymm4\n vmovdqu 160(%[b]), %%ymm5\n vmovdqu 192(%[b]), %%ymm6\n vmovdqu 224(%[b]), %%ymm7\n"
      "vmovdqu 256(%[b]), %%ymm8\n vmovdqu 288(%[b]), %%ymm9\n vmovdqu 480(%[b]), %%ymm15\n"
      "xor %%r10d, %%r10d\n syscall\n"
      "vmovdqu %%ymm0, 0(%[a])\n vmovdqu %%ymm1, 32(%[a])\n vmovdqu %%ymm2, 64(%[a])\n vmovdqu %%ymm3, 96(%[a])\n"
      "vmovdqu %%ymm4, 128(%[a])\n vmovdqu %%ymm5, 160(%[a])\n vmovdqu %%ymm6, 192(%[a])\n vmovdqu %%ymm7, 224(%[a])\n"
      "vmovdqu %%ymm8, 256(%[a])\n vmovdqu %%ymm9, 288(%[a])\n vmovdqu %%ymm15, 480(%[a])\n vzeroupper\n"
      : "=a"(result)
      : "a"(17L), "D"((long)file), "S"(copy), "d"((long)FILE_BYTES), [b] "r"(before), [a] "r"(after), "m"(before)
      : "rcx", "r11", "r10", "memory", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm15");
  return result >= 0 && memcmp(before, after, 10 * 32) == 0 && memcmp(before[15], after[15], 32) == 0;
}

/** The same with the SSE halves alone, as most programs use them. */
static int halves_stay(int file) {
  static unsigned char before[8][16], after[8][16];
  for (int i = 0; i < 8; i++)
    for (int j = 0; j < 16; j++) before[i][j] = i * 16 + j + 3;
  long result;
  __asm__ volatile(
      "movups 0(%[b]), %%xmm0\n movups 16(%[b]), %%xmm1\n movups 32(%[b]), %%xmm2\n movups 112(%[b]), %%xmm7\n"
      "xor %%r10d, %%r10d\n syscall\n"
      "movups %%xmm0, 0(%[a])\n movups %%xmm1, 16(%[a])\n movups %%xmm2, 32(%[a])\n movups %%xmm7, 112(%[a])\n"
      : "=a"(result)
      : "a"(17L), "D"((long)file), "S"(copy), "d"((long)FILE_BYTES), [b] "r"(before), [a] "r"(after), "m"(before)
      : "rcx", "r11", "r10", "memory", "xmm0", "xmm1", "xmm2", "xmm7");
  return result >= 0 && memcmp(before, after, 48) == 0 && memcmp(before[7], after[7], 16) == 0;
}

static void places(int file) {
  int good = 1;
  static const int lengths[] = {2047, 2048, 2049, 2303, 2304, 2305, 4095, 4096, 4097, 10001, 65536, 69000};
  for (unsigned i = 0; i < sizeof lengths / sizeof *lengths; i++)
    for (int place = 0; place < 40; place += 13) {
      memset(copy, 0xee, sizeof copy);
      good &= pread(file, copy + place, lengths[i], i) == lengths[i];
      good &= memcmp(copy + place, original + i, lengths[i]) == 0 && copy[place + lengths[i]] == 0xee;
    }
  check("reads of all lengths to all places", good);
  int other = open("other", O_RDWR | O_CREAT | O_TRUNC, 0600);
  good = 1;
  for (unsigned i = 0; i < sizeof lengths / sizeof *lengths; i++) {
    good &= pwrite(other, original + i, lengths[i], i * 7) == lengths[i];
    memset(copy, 0, sizeof copy);
    good &= pread(other, copy, lengths[i], i * 7) == lengths[i] && memcmp(copy, original + i, lengths[i]) == 0;
  }
  check("writes", good);
  close(other);
}

static void ends(int file) {
  unsigned char *map = mmap(NULL, 8 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  mprotect(map + 5 * 4096, 4096, PROT_NONE);
  int good = 1, other = open("other", O_RDWR | O_CREAT | O_TRUNC, 0600);
  for (int room = 1; room < 5 * 4096; room += 411) {
    unsigned char *to = map + 5 * 4096 - room;
    good &= pread(file, to, 30000, 3) == room && memcmp(to, original + 3, room) == 0;
  }
  check("a read to memory that ends is as long as that", good);
  good = 1;
  for (int room = 1; room < 5 * 4096; room += 411) {
    unsigned char *from = map + 5 * 4096 - room;
    memcpy(from, original + 9, room);
    good &= pwrite(other, from, 30000, 0) == room && pread(other, copy, room, 0) == room && memcmp(copy, from, room) == 0;
  }
  check("so is a write", good);
  fails("nothing there", pread(file, map + 5 * 4096, 30000, 0), EFAULT);
  /* Fresh pages fault one after the other. */
  unsigned char *fresh = mmap(NULL, FILE_BYTES + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  equal("a read to fresh pages", pread(file, fresh + 100, FILE_BYTES, 0), FILE_BYTES);
  check("is whole", memcmp(fresh + 100, original, FILE_BYTES) == 0);
  close(other);
}

int main(void) {
  enter_scratch();
  for (int i = 0; i < FILE_BYTES; i++) original[i] = i * 13 + (i >> 7);
  int file = open("file", O_RDWR | O_CREAT, 0600);
  equal("a file", write(file, original, FILE_BYTES), FILE_BYTES);
  places(file);
  ends(file);
  check("vector registers stay", !__builtin_cpu_supports("avx") || registers_stay(file));
  check("their lower halves too", halves_stay(file));
  check("again", !__builtin_cpu_supports("avx") || registers_stay(file));
  return finish();
}
