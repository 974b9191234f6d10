# SPDX-License-Identifier: MIT
# Two Linux instances (role is in the command line): one takes data that both know and says how long the frames were in which it came, the other
# sends it and says how long that took. Under --icount a nanosecond is an instruction, of both and of the server.
. /skerry/transfers

statistic() { cat /sys/class/net/eth0/statistics/$1; }

dmesg -n 1
echo 0 >/proc/sys/net/ipv6/conf/eth0/accept_dad
seq 200000 >/tmp/data
sum=$(md5sum </tmp/data)
if [ "$role" = one ]; then
	ip addr add 10.1.0.1/24 dev eth0 && ip addr add fd00::1/64 dev eth0 && ip link set eth0 up
	grep -q '^11.....11..11..1' /sys/bus/virtio/devices/virtio0/features
	ok "features" $?
	for net in IPv4 IPv6; do
		bytes=$(statistic rx_bytes)
		frames=$(statistic rx_packets)
		[ "$(nc -l -p 7 | md5sum)" = "$sum" ]
		ok "$net data" $?
		bytes=$(($(statistic rx_bytes) - bytes))
		[ $((bytes / ($(statistic rx_packets) - frames))) -gt 4000 ]
		ok "$net frames longer than 4000 bytes on average" $?
	done
	nc -l -p 8 >/dev/null
	exit
fi
ip addr add 10.1.0.2/24 dev eth0 && ip addr add fd00::2/64 dev eth0 && ip link set eth0 up
for i in 1 2 3 4 5 6 7 8; do cat /tmp/data; done >/tmp/more

# send FILE TO PORT, when somebody listens there
send() {
	sleep 1
	begin=$(cut -d' ' -f1 /proc/uptime)
	until nc $2 $3 <$1 2>/dev/null; do
		sleep 1
		begin=$(cut -d' ' -f1 /proc/uptime)
	done
}

send /tmp/data 10.1.0.1 7
send /tmp/data fd00::1 7
send /tmp/more 10.1.0.1 8
end=$(cut -d' ' -f1 /proc/uptime)
echo "$(stat -c %s /tmp/more) bytes from $begin to $end, $(awk '$1 == "Tcp:" { v = $13 } END { print v }' /proc/net/snmp) segments sent again"
