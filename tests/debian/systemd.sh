# SPDX-License-Identifier: MIT
# timeout: 300
# What systemd asks of a kernel: sandboxes, limits of control groups, timers, sockets, the journal, sessions.
run() {
	systemd-run --quiet --wait --pipe --collect "$@"
}

result() {
	systemd-run --wait --collect "$@" 2>&1 | sed -n 's/Finished with //p'
}

run -p DynamicUser=yes -p PrivateNetwork=yes -p ProtectSystem=strict sh -c 'test $(id -u) -ge 61184 && echo user; ls /sys/class/net; touch /etc/no 2>&1'
run -p PrivateTmp=yes -p PrivateDevices=yes sh -c 'ls -A /tmp; ls /dev/vda 2>&1'
run -p SystemCallFilter='~mkdir mkdirat' -p SystemCallErrorNumber=EPERM sh -c 'mkdir /tmp/no 2>&1'
result -p MemoryMax=40M -p MemorySwapMax=0 python3 -c 'x = bytearray(100 << 20)'
run -p TasksMax=5 sh -c 'for i in 1 2 3 4 5 6 7 8; do sleep 1 & done; wait' 2>&1 | grep -c -i 'cannot fork'
result -p RuntimeMaxSec=2 sleep 100
run -p CPUQuota=20% sh -c 'cut -d" " -f1 /sys/fs/cgroup$(cut -d: -f3 /proc/self/cgroup)/cpu.max'
systemd-run --quiet --unit=restarting -p Restart=on-failure -p RestartSec=100ms -p StartLimitBurst=3 sh -c 'echo once more; exit 3'
for i in $(seq 100); do
	[ "$(systemctl show -p Result --value restarting)" = start-limit-hit ] && break
	sleep 0.2
done
journalctl -q -o cat _SYSTEMD_UNIT=restarting.service | sort | uniq -c
systemctl reset-failed restarting
systemd-run --quiet --on-active=1s --timer-property=AccuracySec=100ms touch /run/by-a-timer 2>/dev/null
for i in $(seq 100); do
	[ -e /run/by-a-timer ] && echo "timer" && break
	sleep 0.2
done
cd /run/systemd/system || exit 1
printf '[Socket]\nListenStream=/run/echo\nAccept=yes\n' >echo.socket
printf '[Service]\nExecStart=cat\nStandardInput=socket\n' >echo@.service
systemctl daemon-reload && systemctl start echo.socket && timeout 60 python3 -c '
import socket
s = socket.socket(socket.AF_UNIX)
s.connect("/run/echo")
s.sendall(b"through a socket unit\n")
s.shutdown(socket.SHUT_WR)
print(s.makefile().read(), end="")'
logger -t suite 'into the journal' && journalctl --sync && journalctl -q -o cat -t suite
loginctl --no-legend list-sessions | wc -l
busctl call org.freedesktop.DBus /org/freedesktop/DBus org.freedesktop.DBus GetNameOwner s org.freedesktop.systemd1 | grep -c ':1'
udevadm info --query=property --property=DEVNAME,ID_FS_TYPE,ID_FS_LABEL /dev/vda
timedatectl show -p CanNTP
