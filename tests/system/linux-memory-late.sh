# SPDX-License-Identifier: MIT
# The first Linux ends itself while a device has a request of its; the second finds its memory and its disk.
dmesg -n 1
if l4ctl list | grep -q '^linux .* 1 '; then
	dd if=/dev/vda of=/dev/null bs=64k count=16 iflag=direct 2>/dev/null && echo "ok read again" || echo "not ok read again"
	exit
fi
for n in 1 2 3 4; do
	dd if=/dev/zero of=/dev/vda bs=64k count=8 seek=$n oflag=direct 2>/dev/null &
done
sleep 1
l4ctl kill linux
