#!/bin/sh
# SPDX-License-Identifier: MIT
# Control groups, version 2: membership, limits of processes and memory, freezing, killing.
# The shell itself tells of killed jobs whenever it comes to it.
exec 2>/dev/null
root=/sys/fs/cgroup
[ -f $root/cgroup.controllers ] || mount -t cgroup2 none $root
cat $root/cgroup.controllers
for c in memory pids cpu; do echo +$c >$root/cgroup.subtree_control || echo "no $c"; done
group=$root/test
mkdir $group && echo "made"

echo 3 >$group/pids.max
sh -c "echo \$\$ >$group/cgroup.procs
	sleep 100 & sleep 100 &
	(sleep 0) 2>/dev/null || echo 'a fourth process is refused'
	kill \$(jobs -p) 2>/dev/null; wait" 2>/dev/null
cat $group/pids.max
echo max >$group/pids.max

sleep 1000 &
echo $! >$group/cgroup.procs
grep -c . $group/cgroup.procs
echo 1 >$group/cgroup.freeze
while ! grep -q 'frozen 1' $group/cgroup.events; do :; done
grep frozen $group/cgroup.events
echo 0 >$group/cgroup.freeze
echo 1 >$group/cgroup.kill
wait $!
echo "status of a killed process: $?"
while grep -q 'populated 1' $group/cgroup.events; do :; done
grep populated $group/cgroup.events

echo 8M >$group/memory.max
cat $group/memory.max
sh -c "echo \$\$ >$group/cgroup.procs; exec dd if=/dev/zero of=/dev/null bs=32M count=1" 2>/dev/null
echo "status of a process that wants more memory: $?"
grep -q 'oom_kill 1' $group/memory.events && echo "it was counted"
sh -c "echo \$\$ >$group/cgroup.procs; exec dd if=/dev/zero of=/dev/null bs=2M count=1" 2>/dev/null
echo "status of one that wants less: $?"
rmdir $group && echo "removed"
