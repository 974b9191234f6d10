# SPDX-License-Identifier: MIT
# What each Linux of tests/system/ends.conf does.
read -r line </proc/cmdline
case "$line" in
*role=panics*) echo c >/proc/sysrq-trigger ;;
*role=reboots*) reboot -f ;;
*role=ends*) poweroff -f ;;
*role=steady*)
	for i in $(seq 25); do
		sleep 1
		echo "second $i, $(seq 2000 | sort -n | tail -n 1) numbers sorted"
	done
	;;
esac
