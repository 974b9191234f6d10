# SPDX-License-Identifier: MIT
# add: /usr/bin/strace
# timeout: 240
# strace follows a shell and its children; strace itself is linked dynamically.
# Addresses, process numbers and what depends on timing are taken out.
plain() {
	sed -E -e '/^(---|\+\+\+) (SIGCHLD|superseded)/d' -e '/rt_sigreturn|wait4|restart_syscall|clock_nanosleep/d' -e 's/ *\/\* .* \*\///' \
		-e 's/0x[0-9a-f]+/P/g' -e 's/(clone|vfork|fork|kill|getpid|getppid|gettid|tgkill|set_tid_address)\(.*/\1/' \
		-e 's/getrandom\(.*/getrandom/' -e 's/s?i_[pu]id=[0-9]+/ID/g' "$1"
}

echo "one process:"
strace -o /tmp/one true
plain /tmp/one
echo "a signal and a status:"
strace -o /tmp/two sh -c 'kill -USR1 $$; exit 9'
echo "status $?"
tail -n 3 /tmp/two | plain -
strace -o /tmp/three sh -c 'exit 9'
echo "status $?"
tail -n 1 /tmp/three
echo "a family:"
strace -ff -o /tmp/family -e trace=process,pipe,dup2,read,write sh -c 'echo word | sed s/w/s/; (exit 3); env A=b true'
for file in $(ls /tmp/family.* | sort -t. -k2n); do
	echo "-- process"
	plain $file
done
echo "a call that is made to fail:"
strace -o /tmp/fail -e inject=openat,open:error=ENOSPC:when=1 cat /etc/passwd 2>&1
echo "status $?"
echo "counts:"
strace -f -c -o /tmp/counts sh -c 'for i in 1 2 3 4 5 6 7 8; do true | true; done'
awk '$NF == "execve" || $NF == "pipe2" || $NF == "pipe" || $NF == "dup2" { print $4, $NF }' /tmp/counts | sort
echo "from outside:"
sleep 100 &
strace -o /tmp/attached -p $! 2>/dev/null &
while [ ! -s /tmp/attached ]; do usleep 10000; done
kill %1
wait
plain /tmp/attached
