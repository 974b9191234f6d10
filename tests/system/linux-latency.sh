# SPDX-License-Identifier: MIT
# The native cyclictest's histogram, read while this Linux works; all that is read is whole. The task may end meanwhile.
ok() {
	if [ "$2" = 0 ]; then echo "ok $1"; else echo "not ok $1"; fi
}

# The value of this moment in /tmp/now, without leading zeros, which awk takes for octal numbers.
look() {
	dd if=/dev/l4/latency bs=32k count=1 2>/dev/null | tr -d '\0' | sed 's/^0*\([0-9]\)/\1/; s/ 0*\([0-9]\)/ \1/g' >/tmp/now
}

periods() {
	awk '$2 == "Total:" { print $3 }' /tmp/now
}

# Summary and histogram hold the same periods, but for those that came while they were written.
whole() {
	awk '$2 == "Total:" { total = $3 } $3 == "Overflows:" { sum += $4 } /^[0-9]/ { sum += $2 }
		/^T: 0 .* Avg: .* Max: / { lines++ }
		END { exit !(lines == 1 && total > 0 && sum >= total && sum < total + 5) }' /tmp/now
}

dmesg -n 1
look
first=$(periods)
[ "$first" -gt 0 ]
ok "live, $first periods" $?
good=0
for i in 1 2 3; do
	find / -xdev >/dev/null 2>&1
	sleep 1
	look
	whole || good=1
done
ok "whole" $good
last=$(periods)
[ "$last" -gt "$first" ]
ok "it goes on" $?
echo nonsense 2>/dev/null >/dev/l4/latency
[ $? != 0 ]
ok "nobody writes it" $?
l4ctl kill rt
look
until [ "$(periods)" -lt "$last" ]; do look; done
whole
ok "begun anew" $?
poweroff -f
