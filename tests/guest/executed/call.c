/* call NUMBER[:ARGUMENT...]...: makes system calls by number, and prints what each answers: the name of an error, or "ok". */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int count, char **words) {
  setvbuf(stdout, NULL, _IONBF, 0);
  for (int i = 1; i < count; i++) {
    long values[7] = {0};
    char *at = words[i];
    for (int n = 0; n < 7 && *at; n++) {
      values[n] = (long)strtoul(at, &at, 0);
      if (*at == ':') at++;
    }
    errno = 0;
    syscall(values[0], values[1], values[2], values[3], values[4], values[5], values[6]);
    const char *name = errno ? strerrorname_np(errno) : "ok";
    printf("%s %s\n", words[i], name ? name : "?");
  }
  return 0;
}
