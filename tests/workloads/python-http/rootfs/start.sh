# Makes a file of 5 MB, says what is in it, and becomes the server.
dd if=/dev/urandom of=/srv/big bs=1000000 count=5 2>/dev/null
echo "big $(sha256sum </srv/big)"
exec /usr/bin/python3 -u -m http.server --directory /srv 8000
