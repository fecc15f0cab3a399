/* show-arguments: prints what execve handed over, then exits with the number of arguments. */
#include <stdio.h>
#include <unistd.h>

int main(int count, char **arguments, char **environment) {
  printf("%d arguments\n", count);
  for (int i = 0; i < count; i++) printf("[%s]\n", arguments[i]);
  for (int i = 0; environment[i]; i++) printf("{%s}\n", environment[i]);
  fflush(stdout);
  return count;
}
