# SPDX-License-Identifier: MIT
# For scripts that talk TCP to somebody who sends everything back.
ok() {
	if [ "$2" = 0 ]; then echo "ok $1"; else echo "not ok $1"; fi
}

# transfers TO ADDRESS NUMBERS LEAST SECONDS: so many lines there and back, at least LEAST times and until Linux has been up for SECONDS.
transfers() {
	seq $3 >/tmp/numbers
	errors=0
	n=0
	while [ $n -lt $4 ] || [ $(cut -d. -f1 /proc/uptime) -lt $5 ]; do
		n=$((n + 1))
		nc $2 7 </tmp/numbers | cmp - /tmp/numbers || errors=1
	done
	ok "$n transfers to $1 and back" $errors
	[ "$(awk '$1 == "Tcp:" { v = $9 } END { print v }' /proc/net/snmp)" = 0 ]
	ok "no connection was reset" $?
}
