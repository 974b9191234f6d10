# SPDX-License-Identifier: MIT
# Files are written until the disk's server does not come back; what waits then gets an error.
ok() {
	if [ "$2" = 0 ]; then echo "ok $1"; else echo "not ok $1"; fi
}

dmesg -n 1
/usr/sbin/mke2fs -q -t ext4 -F /dev/vda && mkdir -p /mnt && mount -t ext4 /dev/vda /mnt
ok "mount" $?
# Several writers, so that many requests are out.
for n in 1 2 3; do
	while dd if=/dev/zero of=/mnt/file.$n bs=64k count=32 conv=fsync 2>/dev/null; do :; done &
done
{ sleep 1; l4ctl kill disk; sleep 1; l4ctl kill disk; } &
while dd if=/dev/vda of=/dev/null bs=64k count=64 iflag=direct 2>/dev/null; do :; done
ok "writing ends with an error" 0
wait
ok "no request waits" 0
dd if=/dev/vda of=/dev/null bs=4k count=1 skip=11000 2>/dev/null
[ $? != 0 ]
ok "later reads fail" $?
umount /mnt
ok "umount" $?
