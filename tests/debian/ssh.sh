# SPDX-License-Identifier: MIT
# timeout: 200
# sshd on this machine: a key, a command, a terminal, a copy, a tunnel.
cd /root || exit 1
ssh-keygen -q -t ed25519 -N '' -f key && cat key.pub >>.ssh/authorized_keys
printf 'Host *\nStrictHostKeyChecking no\nUserKnownHostsFile /dev/null\nLogLevel ERROR\nIdentityFile /root/key\n' >.ssh/config
# The tunnel comes first: as long as it is there, logind keeps root's services, whose start is most of a session's.
ssh -N -L 7000:localhost:6379 localhost &
tunnel=$!
for i in $(seq 300); do
	redis-cli -p 7000 ping 2>/dev/null && break
	sleep 0.2
done
ssh localhost 'echo $SHELL; exit 9'
echo "status $?"
ssh -tt localhost 'test -t 0 && echo terminal' </dev/null | tr -d '\r'
ssh -o PubkeyAuthentication=no -o BatchMode=yes localhost true
echo "without a key $?"
head -c 3000000 /usr/bin/python3.11 >big && scp -q big localhost:copy && cmp big copy && echo copied
loginctl --no-legend list-users | wc -l
kill $tunnel
iperf3 -s -1 -D && sleep 1 && iperf3 -c localhost -n 4M -J | python3 -c 'import json, sys; print(json.load(sys.stdin)["end"]["sum_sent"]["bytes"] >= 4 << 20)'
