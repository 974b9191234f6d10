/* SPDX-License-Identifier: MIT */
/*
 * In a Linux with little of the microkernel's memory (quota.conf): a process that nearly uses it up, by pages far apart,
 * and then has the kernel map new memory of its own, for socket filters. No process can end Linux that way.
 */
#include <linux/filter.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define FILTERS 1500
#define APART (2UL << 20)

static void filters(int n)
{
	struct sock_filter all = BPF_STMT(BPF_RET | BPF_K, 0xffff);
	struct sock_fprog program = { 1, &all };
	int s;

	while (n-- > 0) {
		s = socket(AF_UNIX, SOCK_DGRAM, 0);
		if (s < 0 || setsockopt(s, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)))
			_exit(4);
	}
}

/* Whether a process may touch so many pages and have so many filters. */
static int child(long touches, int n)
{
	int status;
	pid_t pid = fork();
	char *at;

	if (!pid) {
		at = mmap(NULL, 1UL << 40, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (at == MAP_FAILED)
			_exit(3);
		while (touches-- > 0)
			at[touches * APART] = 1;
		filters(n);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) && !WEXITSTATUS(status);
}

int main(void)
{
	struct rlimit files = { 4096, 4096 };
	long low = 0, high = 4096, middle;

	setrlimit(RLIMIT_NOFILE, &files);
	while (high - low > 1) {
		middle = (low + high) / 2;
		if (child(middle, 0))
			low = middle;
		else
			high = middle;
	}
	printf("%s limit\n", low > 50 && low < 1000 ? "ok" : "not ok");
	for (middle = low - 4; middle <= low + 2; middle++)
		child(middle, FILTERS);
	printf("%s sparse\n", child(low / 2, FILTERS) ? "ok" : "not ok");
	return 0;
}
