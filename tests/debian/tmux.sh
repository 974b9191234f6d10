# SPDX-License-Identifier: MIT
# timeout: 200
# A terminal within a terminal: two panes, keys, what is on the screen.
export LANG=C.UTF-8 TERM=vt100

# Waits until the pane shows the line.
shows() {
	for i in $(seq 100); do
		tmux capture-pane -p -t "$1" | grep -q "^$2\$" && return
		sleep 0.2
	done
	echo "no $2"
}

tmux -f /dev/null new-session -d -s one -x 80 -y 24 'PS1="> " sh'
tmux split-window -t one 'PS1="> " sh'
shows one.0 '>'
tmux send-keys -t one.0 'echo first $((6 * 7))' Enter
shows one.0 'first 42'
shows one.1 '>'
tmux send-keys -t one.1 'echo second; stty size; cat' Enter
shows one.1 '[0-9]* 80'
tmux send-keys -t one.1 'typed' Enter
shows one.1 typed
tmux send-keys -t one.1 C-d
shows one.1 '>'
tmux capture-pane -p -t one.0 | sed '/^$/d'
tmux capture-pane -p -t one.1 | sed '/^$/d' | uniq
tmux resize-window -t one -x 60 -y 20 && tmux display-message -p -t one '#{window_width} #{window_panes}'
tmux kill-server
