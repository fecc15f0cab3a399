# File and text tools: links, owners, times, archives, compression, pipelines. Standard output is busybox-tools.txt.
set -e
mkdir -p /w/a/b
cd /w
for n in $(seq 1 50); do echo "line $n of file" > a/f$n; done

# Links and metadata.
ln a/f1 a/hard
ln -s ../f2 a/b/soft
readlink a/b/soft
cat a/b/soft
stat -c '%h %s %F' a/f1
stat -c '%F' a/b/soft
chmod 640 a/f3
stat -c '%a' a/f3
chown 65534:65534 a/f3
stat -c '%u %g' a/f3
touch -d '2020-01-02 03:04:05' a/f4
stat -c '%Y' a/f4

# Archives keep it all.
tar czf tree.tgz a
mkdir x
tar xzf tree.tgz -C x
diff -r a x/a && echo tree same
find x -type f | wc -l
find x -name 'f4*' | sort | head -3
find x -type l

# Devices as data, sizes.
dd if=/dev/zero of=z bs=4k count=256 2> /dev/null
md5sum z
dd if=/dev/urandom of=u bs=1k count=64 2> /dev/null
stat -c '%s' u
truncate -s 10 z
wc -c < z

# Copying, renaming and removing trees.
cp -a a y
mv y/f5 y/renamed
ls y | wc -l
rm -r y
test -d y || echo gone
du -s a > /dev/null
df / > /dev/null && echo df ok

# Text.
seq 1 1000 | awk '{ sum += $1 } END { print sum }'
seq 1 20 | sed -n '5,7p; s/^9$/nine/p'
seq 30 | sort -r | head -2
printf 'b\na\nb\n' | sort | uniq -c
find a -type f | sort | cpio -o -H newc 2> /dev/null | cpio -t 2> /dev/null | wc -l
echo text | gzip | gunzip
echo abc | base64
echo abc | sha256sum
printf 'x\ny\n' > p1
printf 'x\nz\n' > p2
diff -u p1 p2 > change || true
patch p1 change > /dev/null
cmp p1 p2 && echo patched
find a -name 'f1?' | sort | xargs -n 4 echo

# The world around.
mktemp /tmp/XXXXXX | wc -c
id -u
nproc > /dev/null
date -u -d @0 +%F
env | grep HOSTNAME
ls -l /proc/self/exe | sed 's/.*-> //'
sync
echo done
