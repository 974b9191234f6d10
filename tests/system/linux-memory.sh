# SPDX-License-Identifier: MIT
# What is written by a window is read from memory, and the other way round: whole pages, single sectors, odd places, many at once.
ok() {
	if [ "$2" = 0 ]; then echo "ok $1"; else echo "not ok $1"; fi
}

# all DEVICE: the sum of all of it
all() {
	dd if=$1 bs=${2:-64k} ${3:+iflag=$3} 2>/dev/null | md5sum
}

dmesg -n 1
dd if=/dev/urandom of=/tmp/data bs=64k count=64 2>/dev/null
sum=$(md5sum </tmp/data)
dd if=/tmp/data of=/dev/vda bs=64k conv=fsync 2>/dev/null
[ "$(all /dev/vdb)" = "$sum" ]
ok "written by the window, read to memory" $?
for size in 512 3584 4k 1M; do
	echo 3 >/proc/sys/vm/drop_caches
	[ "$(all /dev/vdb $size direct)" = "$sum" ]
	ok "direct, $size" $?
done
dd if=/dev/urandom of=/tmp/other bs=64k count=64 2>/dev/null
sum=$(md5sum </tmp/other)
for k in 0 1 2 3; do
	dd if=/tmp/other of=/dev/vdb bs=512 skip=$((k * 2048)) seek=$((k * 2048)) count=2048 conv=fsync 2>/dev/null &
done
wait
echo 3 >/proc/sys/vm/drop_caches
[ "$(all /dev/vda)" = "$sum" ] && [ "$(all /dev/vdb)" = "$sum" ]
ok "written from memory, read by the window" $?
# What a page of a process has, by direct I/O into the middle of it.
dd if=/dev/vdb bs=64k iflag=direct,fullblock skip=3 count=50 2>/dev/null | md5sum >/tmp/a
dd if=/tmp/other bs=64k skip=3 count=50 2>/dev/null | md5sum | cmp -s - /tmp/a
ok "into a process" $?
ls -d /sys/class/net/eth0 2>/dev/null && echo "not ok a network that takes no memory"
