# The shell: loops, functions, pipelines, redirections, here-documents, traps, jobs, FIFOs. Standard output is busybox-sh.txt.
set -e

echo start
count=0
while [ $count -lt 3 ]; do
  count=$((count + 1))
  echo "loop $count"
done

square() {
  local n=$1
  echo "f($n)=$((n * n))"
}
square 12

# Pipelines, here-documents and redirections.
echo one two three | tr ' ' '\n' | sort | wc -l
cat <<END > /tmp/words
alpha
beta
END
while read word; do echo "read $word"; done < /tmp/words
echo gamma >> /tmp/words
wc -l < /tmp/words
ls /nonexistent 2>&1 || echo "status $?"

# Subshells and substitutions.
(cd /tmp; pwd; exit 3) || echo "sub $?"
text=$(echo substitution)
echo "[$text]"

# Jobs and signals.
sleep 0.2 &
wait $!
echo "waited $?"
trap 'echo got TERM' TERM
kill -TERM $$
trap - TERM
sh -c 'kill -9 $$' || echo "killed $?"

mkfifo /tmp/fifo
(echo through fifo > /tmp/fifo) &
cat /tmp/fifo
wait

case $(uname -s)-$(uname -m) in
  Linux-x86_64) echo platform ok ;;
  *) echo platform wrong ;;
esac

set -- a b c
shift
echo "$# $1"
test -e /tmp/words
rm /tmp/words
test ! -e /tmp/words && echo removed
yes | head -n 2
sh -c 'exit 7' || echo "exit $?"

# A descriptor of the script's own, and a program that is ended from outside.
exec 3> /tmp/third
echo to fd3 >&3
exec 3>&-
cat /tmp/third
timeout 0.2 sleep 5 || echo "timeout $?"
echo done
