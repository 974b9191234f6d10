# SPDX-License-Identifier: MIT
# Two Linux instances (role is in the command line): one gives back what it gets by TCP, the other compares, for as long as the
# killer of the network server works on a fast machine.
. /skerry/transfers

dmesg -n 1
if [ "$role" = one ]; then
	ip addr add 10.0.2.21/24 dev eth0 && ip link set eth0 up
	nc -ll -p 7 -e cat
	exit
fi
ip addr add 10.0.2.22/24 dev eth0 && ip link set eth0 up
n=0
until ping -c 1 -W 1 10.0.2.21 >/dev/null || [ $n = 30 ]; do
	n=$((n + 1))
done
transfers "the other Linux" 10.0.2.21 200000 4 26
ping -c 5 -W 5 10.0.2.23 >/dev/null
ok "ping to the native station" $?
nc 10.0.2.100 7 </tmp/numbers | cmp - /tmp/numbers
ok "a transfer to the host and back" $?
