# SPDX-License-Identifier: MIT
# More processes than the microkernel's memory allows, a fork bomb, more memory than there is; each time Linux works again.
works() {
	if [ "$(seq 3000 | sort -rn | tail -n 1)" = 1 ] && [ "$(echo text | sed s/e/a/)" = taxt ]; then
		echo "ok $1"
	else
		echo "not ok $1"
	fi
}

# All for itself, like init: the killer of processes shall find others.
echo -1000 >/proc/self/oom_score_adj
works "at the start"
pids=
for i in $(seq 300); do
	(echo 0 >/proc/self/oom_score_adj; exec sleep 1000) &
	pids="$pids $!"
done 2>/dev/null
sleep 2
# There may be no memory for another process now, only for what the shell does itself.
kill $pids 2>/dev/null
wait
works "after them"
cat >/tmp/bomb <<'B'
echo 500 >/proc/self/oom_score_adj
sh /tmp/bomb & sh /tmp/bomb & wait
B
mkdir /sys/fs/cgroup/bomb
echo 400 >/sys/fs/cgroup/bomb/pids.max 2>/dev/null
(echo 0 >/sys/fs/cgroup/bomb/cgroup.procs; exec sh /tmp/bomb) >/dev/null 2>&1 &
for i in $(seq 1 40); do
	usleep 200000
done
echo 1 >/sys/fs/cgroup/bomb/cgroup.kill
wait
works "after a fork bomb"
(echo 1000 >/proc/self/oom_score_adj; tail /dev/zero) >/dev/null 2>&1
works "after taking all memory"
