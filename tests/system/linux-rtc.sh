# SPDX-License-Identifier: MIT
# /dev/rtc0 in Linux: time, setting it, an alarm; and in a Linux that may only read it.
ok() {
	if [ "$2" = 0 ]; then echo "ok $1"; else echo "not ok $1"; fi
}

alarm=/sys/class/rtc/rtc0/wakealarm
interrupts() {
	awk '/rtc-l4/ { print $2 }' /proc/interrupts
}

read -r line </proc/cmdline
case "$line" in
*role=reads*)
	hwclock -u >/dev/null
	ok "other reads" $?
	date -u -s '2031-02-03 04:05:06' >/dev/null
	hwclock -u -w 2>/dev/null
	[ $? != 0 ]
	ok "other does not set" $?
	;;
*)
	date -u -s '2028-02-28 23:59:57' >/dev/null
	hwclock -u -w
	ok "set" $?
	[ "$(hwclock -u | cut -c1-10)" = "Mon Feb 28" ]
	ok "read" $?
	before=$(interrupts)
	echo +4 >$alarm
	ok "alarm set" $?
	[ -n "$(cat $alarm)" ]
	ok "alarm read" $?
	n=0
	while [ "$(interrupts)" = "$before" ] && [ $n -lt 100 ]; do
		n=$((n + 1))
		sleep 0.1
	done
	[ $n -lt 100 ] && [ -z "$(cat $alarm)" ]
	ok "alarm" $?
	[ "$(hwclock -u | cut -c1-10)" = "Tue Feb 29" ]
	ok "leap day" $?
	sleep 3
	;;
esac
poweroff -f
