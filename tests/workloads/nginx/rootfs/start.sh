# Makes a file of 5 MB, says what is in it, and becomes the server.
mkdir -p /var/lib/nginx /var/log/nginx
dd if=/dev/urandom of=/srv/big bs=1000000 count=5 2>/dev/null
echo "big $(sha256sum </srv/big)"
seq 10000 >/srv/numbers.txt
exec /usr/sbin/nginx
