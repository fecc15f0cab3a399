#include <pthread.h>
#include <stdio.h>

long sum(int n);

static _Thread_local long mine;
static long results[4];

static void *work(void *argument)
{
  mine = (long)argument;
  results[mine] = sum(1000 * (mine + 1));
  return 0;
}

int main(void)
{
  pthread_t threads[4];
  for (long i = 0; i < 4; i++)
    pthread_create(&threads[i], 0, work, (void *)i);
  for (int i = 0; i < 4; i++)
    pthread_join(threads[i], 0);
  printf("%ld %ld %ld %ld\n", results[0], results[1], results[2], results[3]);
  return 0;
}
