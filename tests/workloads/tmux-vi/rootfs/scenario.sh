# A user at a terminal: types, stops and resumes a job, edits a file, pages, resizes the window.
tmux_() { tmux -f /dev/null -L s "$@"; }
keys() { tmux_ send-keys -t m "$@"; }
# Waits until the pattern stands on the screen.
wait_for() {
  for i in $(seq 300); do
    tmux_ capture-pane -p -t m | grep -q -e "$1" && return 0
    sleep 0.1
  done
  echo "never seen: $1"
  tmux_ capture-pane -p -t m
  return 1
}

tmux_ new-session -d -s m -x 80 -y 24 "bash --norc --noprofile"
keys 'stty size; tty' Enter
wait_for '^24 80' && wait_for '^/dev/pts/' && echo terminal

# The line discipline and job control.
keys 'cat' Enter
keys 'echoed' Enter
wait_for '^echoed' && keys C-c
keys 'echo "cat $?"' Enter
wait_for '^cat 130' && echo interrupted
keys 'sleep 100' Enter
keys 'x' C-h
sleep 0.3
keys C-z
wait_for 'Stopped' && echo stopped
keys 'bg; jobs' Enter
wait_for 'Running' && echo background
keys 'kill %1; wait %1; echo "job $?"' Enter
wait_for '^job 143' && echo terminated
keys 'ps -o stat=,tty=,comm= | cat; echo shown' Enter
wait_for 'pts/.* bash' && wait_for '^shown' && echo listed

# An editor and a pager.
keys 'vim.tiny -u NONE /tmp/v' Enter
wait_for '"/tmp/v"' && keys ihello Space vim Enter second Escape ':wq' Enter
keys 'echo "vim $?"' Enter
wait_for '^vim 0' && cat /tmp/v
keys 'clear; seq 100 | less' Enter
wait_for '^1$' && keys G
wait_for '^100$' && echo paged
keys q

# A window of another size.
keys 'clear; trap "echo winch" WINCH; echo $COLUMNS' Enter
wait_for '^80$' && tmux_ resize-window -t m -x 100 -y 30
keys 'clear; stty size' Enter
wait_for '^30 100' && echo resized
keys 'exit' Enter
for i in $(seq 100); do tmux_ has-session -t m 2> /dev/null || break; sleep 0.1; done
tmux_ ls 2>&1 | grep -c 'm:'
echo done
