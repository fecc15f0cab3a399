#!/bin/sh
# linux-world.sh ROOTFS WORLD [OPTION...] COMMAND [ARG...]: run COMMAND as root on this machine's Linux, in a world like
# the one config.json of the guest bundle describes, so that a program must print the same there and on Cyrius: a
# writable copy of ROOTFS in memory (mounted on the folder WORLD, for COMMAND only), the same mounts and devices, pid 1,
# a network of its own whose loopback interface is up (as OCI runtimes leave it), a session of its own, Docker's
# default capabilities.
#   -e NAME=VALUE  another variable of the environment
#   -d FOLDER      the working directory
#   -n NAME        the host name
#   -s             with /sys
set -e
if [ "$1" != inside ]; then
  renice -n 0 -p $$ >/dev/null 2>&1 || true # whoever runs the tests may be nice itself
  exec unshare --pid --fork --kill-child --mount --uts --ipc --net sh "$0" inside "$@"
fi
shift
rootfs=$(realpath "$1")
mkdir -p "$2"
world=$(realpath "$2")
shift 2

environment=
folder=/
name=guest
sys=
quote() {
  printf "'%s' " "$(printf %s "$1" | sed "s/'/'\\\\''/g")"
}
while getopts e:d:n:s option; do
  case $option in
    e) environment="$environment$(quote "$OPTARG")" ;;
    d) folder=$OPTARG ;;
    n) name=$OPTARG ;;
    s) sys=yes ;;
    *) exit 125 ;;
  esac
done
shift $((OPTIND - 1))

umask 022
hostname "$name"
/bin/busybox ip link set lo up
mount -t tmpfs -o mode=755 root "$world"
cp -a "$rootfs/." "$world"
for directory in proc sys dev tmp readonly; do mkdir -p "$world/$directory"; done
mount -t proc -o nosuid,noexec,nodev proc "$world/proc"
[ -z "$sys" ] || mount -t sysfs -o ro,nosuid,noexec,nodev sysfs "$world/sys"
mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs "$world/tmp"
mount -t tmpfs -o ro,mode=755 tmpfs "$world/readonly"
mount -t tmpfs -o mode=755,nosuid tmpfs "$world/dev"
mkdir "$world/dev/pts" "$world/dev/shm" "$world/dev/mqueue"
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5,nosuid,noexec devpts "$world/dev/pts"
mount -t tmpfs -o mode=1777,nosuid,noexec,nodev shm "$world/dev/shm"
mount -t mqueue -o nosuid,noexec,nodev mqueue "$world/dev/mqueue"
device() {
  mknod -m 666 "$world/dev/$1" c "$2" "$3"
}
device null 1 3
device zero 1 5
device full 1 7
device random 1 8
device urandom 1 9
device tty 5 0
ln -s pts/ptmx "$world/dev/ptmx"
ln -s /proc/self/fd "$world/dev/fd"
ln -s /proc/self/fd/0 "$world/dev/stdin"
ln -s /proc/self/fd/1 "$world/dev/stdout"
ln -s /proc/self/fd/2 "$world/dev/stderr"

capabilities=-all
for name in audit_write chown dac_override fowner fsetid kill mknod net_bind_service net_raw setfcap setgid setpcap setuid sys_chroot; do
  capabilities=$capabilities,+$name
done
cd /
eval "set -- PATH=/bin HOME=/ $environment"' "$(command -v setsid)" "$(command -v prlimit)" \
  --nofile=1024:4096 --core=0:0 --stack=8388608:unlimited \
  "$(command -v setpriv)" --clear-groups --inh-caps=-all --bounding-set="$capabilities" \
  "$(command -v unshare)" --root="$world" --wd="$folder" "$@"'
exec env -i "$@"
