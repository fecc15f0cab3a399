/* pipe-stress: a ring of processes that pass a growing checksum on, and streams cut in random pieces. */
#include "check.h"

#define RING 20
#define ROUNDS 200
#define STREAM (1 << 20)

/** What process `hop` of the ring does to the word. */
static unsigned long mix(unsigned long word, int hop) { return (word ^ hop) * 6364136223846793005 + 1442695040888963407; }

/** Passes a word around; each process changes it, and this one, the last of the ring, knows the result. */
static void ring(void) {
  int pipes[RING][2], wrong = 0;
  for (int i = 0; i < RING; i++) pipe(pipes[i]);
  for (int i = 0; i < RING - 1; i++) {
    if (fork()) continue;
    for (int j = 0; j < RING; j++) {
      if (j != i) close(pipes[j][0]);
      if (j != i + 1) close(pipes[j][1]);
    }
    unsigned long word;
    while (read(pipes[i][0], &word, sizeof word) == sizeof word) {
      word = mix(word, i);
      write(pipes[i + 1][1], &word, sizeof word);
    }
    _exit(0);
  }
  for (int i = 0; i < RING - 1; i++) close(pipes[i][0]), close(pipes[i + 1][1]);
  for (unsigned long round = 0; round < ROUNDS; round++) {
    unsigned long word = round, expected = round;
    for (int i = 0; i < RING - 1; i++) expected = mix(expected, i);
    write(pipes[0][1], &word, sizeof word);
    if (read(pipes[RING - 1][0], &word, sizeof word) != sizeof word || word != expected) wrong++;
  }
  equal("rounds with a wrong word", wrong, 0);
  close(pipes[0][1]); /* the end of file goes around too */
  int ended = 0, status;
  while (wait(&status) > 0) ended += status == 0;
  equal("processes of the ring ended", ended, RING - 1);
  close(pipes[RING - 1][0]);
}

static unsigned next(unsigned *state) { return (*state = *state * 1103515245 + 12345) >> 8; }

/** Streams a pseudo-random sequence through a pipe in pieces of random size and checks each byte. */
static int stream(unsigned seed) {
  int ends[2];
  pipe(ends);
  static unsigned char data[70000];
  pid_t writer = fork();
  if (writer == 0) {
    unsigned sizes = seed, bytes = 1;
    for (int left = STREAM; left > 0;) {
      int piece = 1 + next(&sizes) % 65536;
      if (piece > left) piece = left;
      for (int i = 0; i < piece; i++) data[i] = next(&bytes);
      if (write(ends[1], data, piece) != piece) _exit(1);
      left -= piece;
    }
    _exit(0);
  }
  close(ends[1]);
  unsigned sizes = seed * 7, bytes = 1;
  int wrong = 0, total = 0;
  for (ssize_t got; (got = read(ends[0], data, 1 + next(&sizes) % 65536)) > 0; total += got)
    for (ssize_t i = 0; i < got; i++) wrong += data[i] != (unsigned char)next(&bytes);
  close(ends[0]);
  return wrong + (total != STREAM) + (reap(writer) != 0);
}

int main(void) {
  ring();
  pid_t children[6];
  for (int i = 0; i < 6; i++) {
    children[i] = fork();
    if (children[i] == 0) _exit(stream(i * 77 + 5) ? 1 : 0);
  }
  int bad = 0;
  for (int i = 0; i < 6; i++) bad += reap(children[i]) != 0;
  equal("streams with wrong bytes", bad, 0);

  /* Many readers of one pipe: every byte reaches exactly one. */
  int ends[2], counts[2];
  pipe(ends);
  pipe(counts);
  for (int i = 0; i < 8; i++) {
    if (fork()) continue;
    close(ends[1]);
    char block[100];
    int count = 0;
    for (ssize_t got; (got = read(ends[0], block, sizeof block)) > 0;) count += got;
    write(counts[1], &count, sizeof count);
    _exit(0);
  }
  char block[1000] = {0};
  for (int i = 0; i < 500; i++) write(ends[1], block, sizeof block);
  close(ends[1]);
  int sum = 0;
  for (int i = 0; i < 8; i++) {
    int count;
    read(counts[0], &count, sizeof count);
    sum += count;
  }
  equal("bytes read by eight readers", sum, 500000);
  while (wait(NULL) > 0) {
  }
  return finish();
}
