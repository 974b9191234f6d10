# SPDX-License-Identifier: MIT
# TCP to a program of the host's that sends everything back, for as long as the killer of the network server works on a fast machine.
ok() {
	if [ "$2" = 0 ]; then echo "ok $1"; else echo "not ok $1"; fi
}

dmesg -n 1
ip addr add 10.0.2.22/24 dev eth0 && ip link set eth0 up
seq 100000 >/tmp/numbers
errors=0
n=0
while [ $n -lt 3 ] || [ $(cut -d. -f1 /proc/uptime) -lt 20 ]; do
	n=$((n + 1))
	nc 10.0.2.100 7 </tmp/numbers | cmp - /tmp/numbers || errors=1
done
ok "$n transfers to the host and back" $errors
[ "$(awk '$1 == "Tcp:" { v = $9 } END { print v }' /proc/net/snmp)" = 0 ]
ok "no connection was reset" $?
