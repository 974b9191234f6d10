# SPDX-License-Identifier: MIT
# The magic keys: each does what it does natively. (A crash: runner/panic and system/ends.)
key() {
	dmesg -c >/dev/null
	usleep 100000
	echo $1 >/proc/sysrq-trigger
	echo "key $1: $(dmesg | sed -n 's/^sysrq: //p' | head -n 1)"
}

# The keys print to the console whatever its level is.
echo N >/sys/module/printk/parameters/time
sleep 1000 &
sleeper=$!
key h
key t
dmesg | grep -c 'task:sleep '
dmesg | grep -c 'task:kthreadd '
key m
dmesg | grep -c 'Mem-Info'
key w
key 4
key s
key p
key l
# The shell says how its child ended whenever it happens to notice.
{ kill $sleeper; wait $sleeper; } 2>/dev/null
echo "status $?"
echo Y >/sys/module/printk/parameters/time
echo 1 >/proc/sys/kernel/printk
