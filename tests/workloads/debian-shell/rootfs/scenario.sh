# Bash and the programs that shell scripts are made of.
set -euo pipefail
shopt -s globstar nullglob
mkdir -p /work && cd /work

# The shell: arrays, globs, matching, process substitution, coprocesses.
declare -A map=([first]=1 [second]=2)
for key in first second; do echo "$key=${map[$key]}"; done
list=({1..5})
echo "${list[@]:1:3} of ${#list[@]}"
mkdir -p tree/{x,y}/z
touch tree/{x,y}/z/file{1,2,3}
echo tree/**/file2
[[ abc123 =~ ^([a-z]+)([0-9]+)$ ]] && echo "${BASH_REMATCH[2]}"
diff <(seq 1 3) <(seq 1 4) || echo "diff says $?"
coproc ECHO { while read -r line; do echo "back: $line"; done; }
echo there >&"${ECHO[1]}"
read -r answer <&"${ECHO[0]}"
echo "$answer"
exec {ECHO[1]}>&-
wait

# Pipelines; sort runs threads, and joins them.
printf '%s\n' pear apple fig | sort | tee fruit | head -n 1
sort -R fruit | sort | cmp - fruit && echo shuffled and sorted
sha256sum fruit
seq 100000 | sort -rn --parallel=2 -S 1M | md5sum
seq 1 5 | paste -sd+ | xargs -I{} bash -c 'echo $(({}))'

# Archives and compressors.
tar cf - tree | gzip -9 | gzip -dc | tar tf - | LC_ALL=C sort | tail -n 2
tar cJf tree.txz tree
tar xJf tree.txz -C /tmp
diff -r tree /tmp/tree && echo same tree
zstd -q -T2 -c fruit | zstd -dc | cmp - fruit && echo zstd
bzip2 -c fruit | bzip2 -dc | cmp - fruit && echo bzip2
find /tmp/tree -type f -name 'file[12]' -printf '%P\n' | sort | head -n 2
find tree -type f -name 'file[12]' -exec ls {} + | wc -l

# Text.
grep -rc . fruit
grep -E 'p{2}' fruit
sed -i 's/fig/date/' fruit
cat fruit
gawk 'BEGIN { "echo piped" | getline line; print line; print toupper("loud"); printf "%.3f\n", atan2(0, -1) }'

# Files: copies, links, modes, sizes.
cp --reflink=auto --sparse=always fruit copy
ln -sr copy tree/link
readlink -f tree/link
mv -n copy moved
stat -c '%A %s' moved
truncate -s 1M big
du --apparent-size -k big | cut -f1
install -m 750 moved installed
stat -c %a installed
shred -u installed
test ! -e installed
mktemp -d /tmp/t.XXXX | wc -c
df --output=target / | tail -n 1
split -n 3 fruit part.
cat part.* | cmp - fruit && ls part.* | wc -l
file -b /bin/ls | cut -d, -f1

# Processes, signals, limits.
timeout 0.2 sleep 9 || echo "timeout says $?"
trap 'echo usr1' USR1
kill -USR1 $BASHPID
(ulimit -n 64; ulimit -n)
umask 027
touch masked
stat -c %a masked
nice -n 5 nice
id -un
date -u -d '2024-02-29 +1 year' +%F
env -i A=b env
stdbuf -oL echo buffered
tail -f fruit > /dev/null & follower=$!
sleep 0.2
kill $follower
wait $follower || echo "tail ends with $?"
printf 'all: a b\n\t@cat a b\na:\n\t@echo A > a\nb:\n\t@echo B > b\n' > Makefile
make -j2 -s
sync
echo done
