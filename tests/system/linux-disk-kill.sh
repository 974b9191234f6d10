# SPDX-License-Identifier: MIT
# Files and a synced log are written while the disk server is killed; all that was acknowledged must be there afterwards.
ok() {
	if [ "$2" = 0 ]; then echo "ok $1"; else echo "not ok $1"; fi
}

dmesg -n 1
/usr/sbin/mke2fs -q -t ext4 -F /dev/vda && mkdir -p /mnt && mount -t ext4 /dev/vda /mnt
ok "mount" $?
seq 60000 >/tmp/numbers
md5sum </tmp/numbers >/tmp/sum
errors=0
n=0
{
	k=0
	while [ $k -lt 15 ] && sleep 0.3 && l4ctl kill disk; do k=$((k + 1)); done
	[ $k = 15 ]
	ok "kill 15 times" $?
	touch /tmp/killed
} &
while [ $n -lt 40 ] || [ ! -e /tmp/killed ]; do
	n=$((n + 1))
	echo "line $n" >>/mnt/log && dd if=/dev/null of=/mnt/log conv=notrunc,fsync 2>/dev/null || errors=1
	echo "line $n" >>/tmp/log
	cp /tmp/numbers /mnt/numbers.$((n % 8)) && sync || errors=1
	echo 3 >/proc/sys/vm/drop_caches
	md5sum </mnt/numbers.$((n % 8)) | cmp -s - /tmp/sum || errors=1
done
ok "no error in Linux" $errors
umount /mnt
/usr/sbin/e2fsck -fn /dev/vda >/tmp/fsck 2>&1
ok "e2fsck" $?
mount -t ext4 /dev/vda /mnt
cmp /tmp/log /mnt/log
ok "log" $?
bad=0
for f in /mnt/numbers.*; do
	md5sum <$f | cmp -s - /tmp/sum || bad=1
done
ok "contents" $bad
