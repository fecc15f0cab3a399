# Makes the user and its folders, and runs the scenario as that user.
set -e
echo 'postgres:x:70:70:postgres:/var/lib/postgresql:/bin/sh' >> /etc/passwd
echo 'postgres:x:70:' >> /etc/group
mkdir -p -m 700 /var/lib/postgresql
chown 70:70 /var/lib/postgresql
mkdir -m 777 /sock
cd /var/lib/postgresql
exec /usr/bin/setpriv --reuid=70 --regid=70 --clear-groups --no-new-privs sh /scenario.sh
