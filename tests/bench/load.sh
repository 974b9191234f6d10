#!/bin/sh
# SPDX-License-Identifier: MIT
# What Linux does while the delays of a periodic task are measured: a native task beside Skerry's Linux, which prints
# its figures all the time, or cyclictest in this Linux, where it was added.
start() {
	echo "$1"
	[ ! -x /usr/bin/cyclictest ] || { cyclictest -q -N -m -p 90 -i 1000 & }
}

stop() {
	[ ! -x /usr/bin/cyclictest ] || { kill -INT $!; wait $!; }
}

# A native kernel takes its time to choose its clock; before that, timers are coarse.
sleep 3
start idle; sleep 1; stop
start load
i=0
while [ $i -lt "$(cat /bench/rounds)" ]; do
	/bench/bench quick fork_ vfork shell_spawn tcp_ pipe_ unix_ context_switch thread_ mmap mprotect anonymous copy_on >/dev/null
	find / -xdev >/dev/null 2>&1
	dd if=/dev/zero of=/tmp/zeros bs=64k count=256 2>/dev/null
	echo 3 >/proc/sys/vm/drop_caches
	sort /bin/busybox >/dev/null 2>&1
	[ ! -x /usr/bin/hackbench ] || hackbench -g 2 -l 50 >/dev/null
	rm /tmp/zeros
	i=$((i + 1))
done
stop
echo done
poweroff -f
