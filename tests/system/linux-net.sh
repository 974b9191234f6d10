# SPDX-License-Identifier: MIT
# An address by DHCP, and TCP through the machine's network device to a program on the host that sends everything back.
ok() {
	if [ "$2" = 0 ]; then echo "ok $1"; else echo "not ok $1"; fi
}

dmesg -n 1
udhcpc -i eth0 -n -q 2>/dev/null
ok "an address" $?
ip addr show eth0 | grep -q "inet 10.0.2.15/24"
ok "the address" $?
ping -c 3 -W 5 10.0.2.2 >/dev/null
ok "ping" $?
seq 100000 >/tmp/numbers
nc 10.0.2.100 7 </tmp/numbers | cmp - /tmp/numbers
ok "echo" $?
