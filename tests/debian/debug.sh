# SPDX-License-Identifier: MIT
# timeout: 300
# gdb and strace on a program: break points, watch points, threads, a core file; calls, signals, injected errors.
cd /root || exit 1
cat >prog.c <<'EOF'
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <fcntl.h>
#include <unistd.h>

int watched;

static int fib(int n)
{
	return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

static void *second(void *arg)
{
	watched = fib(10);
	return arg;
}

int main(int argc, char **argv)
{
	pthread_t t;
	int fd = open("/nowhere", O_RDONLY);

	pthread_create(&t, NULL, second, NULL);
	pthread_join(t, NULL);
	printf("%d %d\n", watched, fd);
	fflush(stdout);
	if (argc > 1)
		abort();
	return 0;
}
EOF
gcc -g -O0 -pthread -o prog prog.c || exit 1
export DEBUGINFOD_URLS=
gdb -q -batch -ex 'set confirm off' -ex 'break fib if n == 3' -ex run -ex 'bt 3' -ex 'info locals' -ex 'delete' \
	-ex 'watch watched' -ex continue -ex 'delete' -ex 'print watched' -ex continue ./prog 2>&1 |
	sed 's/0x[0-9a-f]*/ADDR/g; s/LWP [0-9]*/LWP/g; s/process [0-9]*/process/g' | grep -v 'libthread_db\|^\[New\|^\[Thread'
ulimit -c unlimited
echo /root/core >/proc/sys/kernel/core_pattern
./prog abort
echo "status $?"
gdb -q -batch -ex bt ./prog core 2>&1 | grep -o 'in main.*\|SIGABRT.*' | sed 's/0x[0-9a-f]*/ADDR/'
strace -f -e trace=openat,write,exit_group,execve -e signal=none -o trace ./prog >/dev/null
grep 'nowhere\|write(1\|exit_group' trace | sed 's/^[0-9]* *//'
strace -c -o counts ls / >/dev/null && awk '$NF == "total" { print $NF }' counts
strace -P /etc/fstab -e inject=openat:error=EACCES -o /dev/null cat /etc/fstab 2>&1 | tail -1
