# SPDX-License-Identifier: MIT
# Exchanging programs while files are written and read back: upgrade.sh and pci-upgrade.sh.
ok() {
	if [ "$2" = 0 ]; then echo "ok $1"; else echo "not ok $1"; fi
}

# Status of an upgrade: 0 done, 1 refused, 2 rolled back.
upgrade() {
	l4ctl upgrade "$1" "$2" 2>/tmp/why
	status=$?
	[ $status = "$3" ] || cat /tmp/why
	[ $status = "$3" ]
}

load() {
	n=0
	while [ ! -e /tmp/stop ]; do
		n=$((n + 1))
		cp /tmp/numbers /mnt/numbers.$((n % 8)) && sync || touch /tmp/error
		echo 3 >/proc/sys/vm/drop_caches
		md5sum </mnt/numbers.$((n % 8)) | cmp -s - /tmp/sum || touch /tmp/error
	done
	echo "$n files"
}

# A file system on the disk, and load on it.
load_start() {
	dmesg -n 1
	/usr/sbin/mke2fs -q -t ext4 -F /dev/vda && mkdir -p /mnt && mount -t ext4 /dev/vda /mnt
	ok "mount" $?
	seq 60000 >/tmp/numbers
	md5sum </tmp/numbers >/tmp/sum
	load &
}

# From then on the file system is not mounted.
load_end() {
	touch /tmp/stop
	wait
	[ ! -e /tmp/error ]
	ok "no error in Linux" $?
	umount /mnt
	/usr/sbin/e2fsck -fn /dev/vda >/tmp/fsck 2>&1
	ok "e2fsck" $?
}
