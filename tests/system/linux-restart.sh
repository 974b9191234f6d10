# SPDX-License-Identifier: MIT
# Runs at each start of a Linux that dies again and again: what was acknowledged before must be there. How far that was is on a disk of its own.
ok() {
	if [ "$2" = 0 ]; then echo "ok $1"; else echo "not ok $1"; fi
}

# Acknowledged: everything up to this number is on the disk.
note() {
	printf '%-512s' "$1" | dd of=/dev/vdb bs=512 conv=fsync 2>/dev/null
}

check() {
	n=1
	while [ $n -le $acked ]; do
		cmp -s /tmp/numbers /mnt/numbers.$n && [ "$(sed -n ${n}p /mnt/log)" = "line $n" ] || return 1
		n=$((n + 1))
	done
}

# Writes that nobody waits for, while it dies.
noise() {
	while :; do dd if=/dev/zero of=/mnt/noise bs=64k count=16 2>/dev/null; sync; done &
	dd if=/dev/zero of=/mnt/noise.2 bs=4k count=100 2>/dev/null
}

dmesg -n 1
seq 20000 >/tmp/numbers
acked=$(head -c 512 /dev/vdb | tr -d '\0 ')
mkdir -p /mnt
if [ -z "$acked" ]; then
	/usr/sbin/mke2fs -q -t ext4 -F /dev/vda && note 0
	acked=0
fi
mount -t ext4 /dev/vda /mnt && umount /mnt
ok "journal replay with $acked" $?
/usr/sbin/e2fsck -fn /dev/vda >/tmp/fsck 2>&1
ok "e2fsck" $?
mount -t ext4 /dev/vda /mnt
check
ok "all that was acknowledged" $?
# A line behind the last that counts may be there.
head -n $acked /mnt/log >/tmp/log 2>/dev/null
cp /tmp/log /mnt/log
while [ $acked -lt 30 ]; do
	n=$((acked + 1))
	cp /tmp/numbers /mnt/numbers.$n && echo "line $n" >>/mnt/log && sync && note $n && acked=$n
	case $acked in
	10)
		noise
		echo c >/proc/sysrq-trigger
		;;
	20)
		noise
		l4ctl kill linux
		;;
	esac
done
ok "to the end" 0
umount /mnt
