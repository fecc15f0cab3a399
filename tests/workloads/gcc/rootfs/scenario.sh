# Builds a program with a library through make, twice: dynamic and static; and looks at what came out.
set -e
cd /src
make -s -j2
./prog
gcc -static -O0 -o static main.c sum.c -pthread
./static
ar t libsum.a
nm prog | grep -c ' T sum'
objdump -d sum.o | grep -c ret
gcc -O2 -S -o - sum.c | grep -c '^sum:'
echo 'int main(void) { return undeclared; }' > bad.c
gcc -c bad.c 2>&1 | head -n 2 || true
printf '#include <stdio.h>\nint main(void) { printf("%%d\\n", 6 * 7); }\n' | gcc -pipe -O2 -o piped -x c - && ./piped
echo done
