# SPDX-License-Identifier: MIT
# The disk server's program is exchanged while files are written and read back.
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

dmesg -n 1
/usr/sbin/mke2fs -q -t ext4 -F /dev/vda && mkdir -p /mnt && mount -t ext4 /dev/vda /mnt
ok "mount" $?
seq 60000 >/tmp/numbers
md5sum </tmp/numbers >/tmp/sum
load &
head -c 1000 /new.elf >/tmp/short.elf
: >/tmp/empty
upgrade disk /tmp/numbers 1 && upgrade disk /tmp/short.elf 1 && upgrade disk /tmp/empty 1 && upgrade linux /new.elf 1 &&
	upgrade nobody /new.elf 1 && ! l4ctl start disk 2>/dev/null
ok "refused" $?
bad=0
for n in 1 2 3 4 5 6; do
	upgrade disk /new.elf 0 || bad=1
	sleep 0.3
done
ok "upgraded 6 times" $bad
upgrade disk /ends.elf 2
ok "ends: rolled back" $?
upgrade disk /silent.elf 2
ok "silent: rolled back" $?
upgrade disk /silent.elf 2 &
waits=$!
until l4ctl list | grep -q "on trial"; do :; done
upgrade disk /new.elf 1 && l4ctl kill disk && wait $waits
ok "killed on trial: rolled back" $?
upgrade disk /new.elf 0 && l4ctl list | grep -q "^disk .* runs .* upgraded"
ok "listed" $?
upgrade console /console.elf 0
ok "console upgraded" $?
touch /tmp/stop
wait
[ ! -e /tmp/error ]
ok "no error in Linux" $?
umount /mnt
/usr/sbin/e2fsck -fn /dev/vda >/tmp/fsck 2>&1
ok "e2fsck" $?
mount -t ext4 /dev/vda /mnt
bad=0
for f in /mnt/numbers.*; do
	md5sum <$f | cmp -s - /tmp/sum || bad=1
done
ok "contents" $bad
