#!/bin/sh
# SPDX-License-Identifier: MIT
# What Linux does while the periodic task's delays are measured.
echo idle; sleep 1
echo load
i=0
while [ $i -lt "$(cat /bench/rounds)" ]; do
	/bench/bench quick fork_ vfork shell_spawn tcp_ pipe_ unix_ context_switch thread_ mmap mprotect anonymous copy_on >/dev/null
	find / -xdev >/dev/null 2>&1
	dd if=/dev/zero of=/tmp/zeros bs=64k count=256 2>/dev/null
	echo 3 >/proc/sys/vm/drop_caches
	sort /bin/busybox >/dev/null 2>&1
	rm /tmp/zeros
	i=$((i + 1))
done
echo done
poweroff -f
