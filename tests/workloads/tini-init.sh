# Below tini as process 1: orphans are reaped, and SIGTERM arrives here. Ends with status 5 when it does.
trap 'echo got TERM; exit 5' TERM
sh -c '(sleep 0.1; exit 1) & (sleep 0.15; exit 2) & exit 0'
sleep 0.5
echo "zombies $(cat /proc/[0-9]*/stat 2> /dev/null | awk '$3 == "Z"' | wc -l)"
echo ready
while :; do sleep 0.1; done
