/* relocated-pie: a static position-independent executable; its relocations and thread-local storage must work. */
#include <stdio.h>

static const char *const words[] = {"a", "static", "PIE", "runs"};
static __thread int counter = 41;

int main(void) {
  counter++;
  printf("%s %s %s %s %d\n", words[0], words[1], words[2], words[3], counter);
  return 5;
}
