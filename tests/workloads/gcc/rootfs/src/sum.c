long sum(int n)
{
  long total = 0;
  for (int i = 1; i <= n; i++)
    total += i;
  return total;
}
