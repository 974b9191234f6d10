# SPDX-License-Identifier: MIT
# The PCI manager's program is exchanged while files are written and read back.
ok() {
	if [ "$2" = 0 ]; then echo "ok $1"; else echo "not ok $1"; fi
}

# Status of an upgrade: 0 done, 1 refused, 2 rolled back.
upgrade() {
	l4ctl upgrade pci "$1" 2>/tmp/why
	status=$?
	[ $status = "$2" ] || cat /tmp/why
	[ $status = "$2" ]
}

load() {
	while [ ! -e /tmp/stop ]; do
		cp /tmp/numbers /mnt/numbers && sync || touch /tmp/error
		echo 3 >/proc/sys/vm/drop_caches
		md5sum </mnt/numbers | cmp -s - /tmp/sum || touch /tmp/error
	done
}

dmesg -n 1
/usr/sbin/mke2fs -q -t ext4 -F /dev/vda && mkdir -p /mnt && mount -t ext4 /dev/vda /mnt
ok "mount" $?
seq 60000 >/tmp/numbers
md5sum </tmp/numbers >/tmp/sum
load &
bad=0
for n in 1 2 3; do
	upgrade /new.elf 0 || bad=1
	sleep 0.3
done
ok "upgraded 3 times" $bad
upgrade /ends.elf 2
ok "ends: rolled back" $?
upgrade /silent.elf 2
ok "silent: rolled back" $?
upgrade /new.elf 0 && l4ctl list | grep -q "^pci .* runs .* upgraded"
ok "listed" $?
touch /tmp/stop
wait
[ ! -e /tmp/error ]
ok "no error in Linux" $?
umount /mnt
/usr/sbin/e2fsck -fn /dev/vda >/tmp/fsck 2>&1
ok "e2fsck" $?
