# SPDX-License-Identifier: MIT
# An ext4 file system on the disk that a server gives: made, written, read back, checked.
ok() {
	if [ "$2" = 0 ]; then echo "ok $1"; else echo "not ok $1"; fi
}

dmesg -n 1
ls -l /dev/vda >/dev/null 2>&1
ok "a disk" $?
/usr/sbin/mke2fs -q -t ext4 -F /dev/vda
ok "mke2fs" $?
mkdir -p /mnt
mount -t ext4 /dev/vda /mnt
ok "mount" $?
seq 200000 >/tmp/numbers
n=0
while [ $n -lt 12 ]; do
	cp /tmp/numbers /mnt/numbers.$n
	dd if=/tmp/numbers of=/mnt/sync.$n bs=32k conv=fsync 2>/dev/null
	n=$((n + 1))
done
sync
ok "write" $?
cat /tmp/numbers | md5sum >/tmp/sum
umount /mnt
/usr/sbin/e2fsck -fn /dev/vda >/tmp/fsck 2>&1
ok "e2fsck" $?
mount -t ext4 /dev/vda /mnt
bad=0
for f in /mnt/numbers.* /mnt/sync.*; do
	md5sum <$f | cmp -s - /tmp/sum || bad=1
done
ok "contents" $bad
umount /mnt
dd if=/dev/vda of=/dev/null bs=1M 2>/dev/null
ok "all of it" $?
