#!/bin/sh
# SPDX-License-Identifier: MIT
# What Linux does while latencies are measured, until all periods are: by Skerry's native cyclictest, which this Linux starts
# anew through /dev/l4ctl, or by cyclictest in this Linux, where it was added. /bench/load names the load, /bench/args has
# cyclictest's arguments.
native=/usr/bin/cyclictest

restarts() {
	l4ctl list | awk '$1 == "linux" { print $3 }'
}

start() {
	if [ -x $native ]; then
		$native $(cat /bench/args) >/tmp/histogram &
		measuring=$!
	else
		l4ctl kill rt 2>/dev/null
		l4ctl start rt
	fi
}

measures() {
	if [ -x $native ]; then
		kill -0 $measuring 2>/dev/null
	else
		l4ctl list | grep -q '^rt  *runs'
	fi
}

# The buckets that nothing fell into are left out.
show() {
	[ ! -x $native ] || awk '!/^[0-9]/ || $2 !~ /^0+$/' /tmp/histogram
}

round_idle() {
	sleep 1
}

round_mixed() {
	/bench/bench quick fork_ vfork shell_spawn tcp_ pipe_ unix_ context_switch thread_ mmap mprotect anonymous copy_on >/dev/null
	find / -xdev >/dev/null 2>&1
	dd if=/dev/zero of=/tmp/zeros bs=64k count=256 2>/dev/null
	echo 3 >/proc/sys/vm/drop_caches
	sort /bin/busybox >/dev/null 2>&1
	[ ! -x /usr/bin/hackbench ] || hackbench -g 2 -l 50 >/dev/null
	rm /tmp/zeros
}

round_fork() {
	/bench/load-program fork
}

round_memory() {
	/bench/load-program memory
}

round_exit() {
	/bench/load-program exit
}

round_revoke() {
	/bench/load-program revoke
}

round_disk() {
	dd if=/dev/zero of=/dev/vda bs=64k count=64 conv=fsync 2>/dev/null
	echo 3 >/proc/sys/vm/drop_caches
	cat /dev/vda >/dev/null
}

round_network() {
	[ -e /tmp/address ] || udhcpc -i eth0 -n -q >/tmp/address 2>&1
	dd if=/dev/zero bs=64k count=16 2>/dev/null | nc -w 5 10.0.2.100 7 >/dev/null
	/bench/bench quick tcp_ >/dev/null
}

round_module() {
	insmod /bench/probe.ko number=1 && insmod /bench/prober.ko && rmmod prober && rmmod probe || echo "not ok modules"
}

# A driver goes while its disk is written.
round_driver() {
	dd if=/dev/zero of=/dev/vda bs=64k count=16 conv=fsync 2>/dev/null &
	if [ -x $native ]; then
		echo virtio0 >/sys/bus/virtio/drivers/virtio_blk/unbind
		echo virtio0 >/sys/bus/virtio/drivers/virtio_blk/bind
	else
		l4ctl kill disk
	fi
	wait $! 2>/dev/null
}

# Comes back here as another Linux, which finds that it was started again.
round_panic() {
	/bench/load-program fork
	echo c >/proc/sysrq-trigger
}

load=$(cat /bench/load)
dmesg -n 1
if [ -x $native ] || [ "$(restarts)" = 0 ]; then
	# A native kernel takes its time to choose its clock; before that, timers are coarse.
	sleep 3
	echo begin
	start
fi
while measures; do
	"round_$load"
done
show
echo "end"
poweroff -f
